//! A case, its references looked up, and what it was able to show.

use std::collections::{BTreeMap, BTreeSet};

use evidence::{Case, Destination, EndpointId, Fate, Finding, Holds, Ledger, Security, Side, Timestamp};

use crate::Named;

/// A case with what is asked of it again and again.
pub(crate) struct Sided<'a> {
    pub(crate) case: &'a Case,
    pub(crate) side: Side,
    by_id: BTreeMap<EndpointId, &'a Destination>,
    /// The endpoints of each receiver.
    pub(crate) receivers: BTreeMap<&'a str, Vec<&'a Destination>>,
    /// Receivers of which something encrypted was read, so that more could have been.
    read: BTreeSet<&'a str>,
    /// The marks' times and kinds, the earliest first.
    marks: Vec<(Timestamp, &'a str)>,
}

impl<'a> Sided<'a> {
    pub(crate) fn of(named: &Named<'a>) -> Self {
        let case = named.case;
        let by_id: BTreeMap<_, _> = case.destinations.iter().map(|one| (one.id, one)).collect();
        let mut receivers: BTreeMap<&str, Vec<&Destination>> = BTreeMap::new();
        for destination in case.destinations.iter().filter(|one| !one.of_recording) {
            receivers.entry(destination.receiver()).or_default().push(destination);
        }
        let sightings = case.sightings.iter().map(|group| (group.key.security, group.key.endpoint));
        let fields = case.fields.iter().map(|field| (field.security, field.endpoint));
        let opened = sightings.chain(fields).filter(|(security, _)| *security == Security::Encrypted);
        let read = opened.filter_map(|(_, id)| by_id.get(&id).map(|one| one.receiver())).collect();
        let mut marks: Vec<_> = case.phone.marks.iter().map(|mark| (mark.time, mark.kind.as_str())).collect();
        marks.sort_unstable();
        Self { case, side: side(named), by_id, receivers, read, marks }
    }

    /// Who people take an endpoint for; empty where the case does not have it.
    pub(crate) fn receiver(&self, endpoint: EndpointId) -> &'a str {
        self.by_id.get(&endpoint).map_or("", |one| one.receiver())
    }

    /// The endpoints of a finding that the case has.
    pub(crate) fn destinations_of<'s>(
        &'s self,
        finding: &'s Finding,
    ) -> impl Iterator<Item = &'a Destination> + use<'a, 's> {
        finding.endpoints.iter().filter_map(|id| self.by_id.get(id).copied())
    }

    /// Whether it was talked to.
    pub(crate) fn contacted(&self, receiver: &str) -> bool {
        self.receivers.contains_key(receiver)
    }

    /// Whether it was talked to under an encryption, and nothing of that was read.
    pub(crate) fn sealed(&self, receiver: &str) -> bool {
        let sealed = |one: &&Destination| one.channels.iter().any(|(channel, _)| channel.protocol != "none");
        let reached = self.receivers.get(receiver);
        reached.is_some_and(|all| all.iter().any(sealed)) && !self.read.contains(receiver)
    }

    /// The kinds of marks from `before` seconds before a moment to the moment.
    pub(crate) fn marks_before(&self, moment: Timestamp, before: i64) -> impl Iterator<Item = &'a str> {
        let from = Timestamp(moment.0.saturating_sub(before.saturating_mul(1_000_000_000)));
        let start = self.marks.partition_point(|(time, _)| *time < from);
        let end = self.marks.partition_point(|(time, _)| *time <= moment);
        self.marks.get(start..end).unwrap_or_default().iter().map(|(_, kind)| *kind)
    }

    /// How many marks of a kind it has.
    pub(crate) fn marks_of(&self, kind: &str) -> u64 {
        self.side.marks.iter().find(|(name, _)| name == kind).map_or(0, |(_, count)| *count)
    }

    /// Whether any file of the phone was examined.
    pub(crate) fn has_phone_files(&self) -> bool {
        self.case.captures.iter().any(|capture| capture.holds == Holds::Phone)
    }
}

/// Sums of a case's coverage.
fn side(named: &Named) -> Side {
    let case = named.case;
    let traffic = || case.captures.iter().filter(|capture| capture.holds.is_traffic());
    let periods: Vec<_> = traffic().filter_map(|capture| capture.first.zip(capture.last)).collect();
    let ledger = &case.coverage;
    Side {
        name: named.name.to_owned(),
        program: case.program.clone(),
        inputs: traffic().map(|capture| (capture.name.clone(), capture.sha256.clone())).collect(),
        profile: case.profile.clone(),
        profile_kinds: case.profile_kinds.iter().map(|(kind, _)| *kind).collect(),
        build: case.phone.build.clone(),
        // The log and a list of events may tell of the same.
        marks: case.phone.events_by_kind().into_iter().collect(),
        first: periods.iter().map(|(first, _)| *first).min(),
        last: periods.iter().map(|(_, last)| *last).max(),
        recorded_s: recorded(periods),
        content: content(ledger),
        decoded: ledger.bytes(Fate::Decoded),
        media: ledger.bytes(Fate::Media),
        not_understood: ledger.bytes(Fate::NotUnderstood),
        encrypted: ledger.bytes(Fate::Encrypted),
        home_made: ledger.bytes(Fate::HomeMadeEncryption),
        over_limit: ledger.bytes(Fate::OverLimit),
        not_parsed: ledger.bytes(Fate::NotParsed),
        missing: ledger.missing().iter().fold(0, |sum: u64, row| sum.saturating_add(row.bytes)),
        problems: case.problems.len() as u64,
        findings: case.findings.len() as u64,
    }
}

fn content(ledger: &Ledger) -> u64 {
    let besides = [Fate::Framing, Fate::Headers, Fate::Duplicate];
    besides.iter().fold(ledger.total(), |rest, fate| rest.saturating_sub(ledger.bytes(*fate)))
}

/// Seconds that the periods cover together.
fn recorded(mut periods: Vec<(Timestamp, Timestamp)>) -> u64 {
    periods.sort_unstable();
    let (mut nanos, mut until) = (0u64, Timestamp(i64::MIN));
    for (first, last) in periods {
        let begin = first.max(until);
        nanos = nanos.saturating_add(u64::try_from(last.since(begin)).unwrap_or(0));
        until = until.max(last);
    }
    nanos / 1_000_000_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn captures_of_the_same_time_count_once() {
        let at = |seconds| Timestamp::new(seconds, 0);
        let rows = [
            (vec![], 0),
            (vec![(at(0), at(10)), (at(5), at(20))], 20),
            (vec![(at(30), at(40)), (at(0), at(10)), (at(2), at(3))], 20),
            (vec![(at(9), at(1))], 0),
            (vec![(Timestamp(i64::MIN), Timestamp(i64::MAX))], 9_223_372_036),
        ];
        for (periods, expected) in rows {
            assert_eq!(recorded(periods.clone()), expected, "{periods:?}");
        }
    }
}
