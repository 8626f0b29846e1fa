//! What many messages show together: from the [diary](crate::diary) and the phone's marks to findings.
//!
//! - [`regular`]: the rhythm of what is asked in one way.
//! - [`outcomes`]: what became of each request.
//! - [`series`]: triggers, acceptance and retries of what is asked in one way; its fields as an inventory.
//! - [`names`]: identifiers that last, and those that several owners share.
//! - [`stages`]: what is sent in a state of the phone in which one would not expect it.
//! - [`actions`]: what somebody did on the phone, and who is told of it within a minute.
//! - [`answers`]: lists of words and switches that come in.
//! - [`opaque`]: fields that nobody can read.
//! - [`texts`]: the rhythm of short messages.
//! - [`places`]: countries of one owner, names that lead nowhere, resolvers that the network did not hand out.
//!
//! [`rhythm`] and [`trigger`] are the statistics behind it: pure functions of times.

mod actions;
mod answers;
mod names;
mod opaque;
mod outcomes;
mod places;
mod regular;
mod rhythm;
mod series;
mod stages;
mod texts;
mod trigger;
mod when;

use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use evidence::{
    Behaviour, CaptureId, Device, Direction, EndpointId, Evidence, ExchangeId, Finding, FindingId,
    FindingKind, Grade, Ground, IdentifierKind, Mark, Occurrence, Phone, Relation, Severity, SightingGroup,
    Timestamp,
};

use foldhash::HashSet;

use crate::{
    conversation::written,
    diary::{BookEntry, Whom},
    findings::{id, naming_of},
    merge::Merged,
    messages::Settled,
    phone::LoggedValue,
    unmasked::Fields,
};

/// All that behaviours are judged from.
pub(crate) struct Scene<'a> {
    pub(crate) merged: &'a Merged,
    pub(crate) phone: &'a Phone,
    /// What happened on the phone, each event once.
    events: &'a [Mark],
    /// The events that may have caused something, by their kinds. A note says nothing by its kind, and a message that
    /// was sent is itself caused.
    causes: BTreeMap<&'a str, Vec<Timestamp>>,
    /// Values of the profile in the phone's log.
    pub(crate) logged: &'a [&'a LoggedValue],
    /// Short messages.
    pub(crate) messages: &'a Settled,
    /// From the first to the last message.
    pub(crate) span: (Timestamp, Timestamp),
    /// The last request known of each capture: until then it was recorded.
    ends: BTreeMap<CaptureId, Timestamp>,
    /// What left, by where it went.
    left: BTreeMap<EndpointId, Vec<(u32, &'a SightingGroup)>>,
    /// Questions of cause that may still be asked.
    trials: Cell<u32>,
    /// Those that were not.
    untried: Cell<u64>,
}

impl<'a> Scene<'a> {
    /// Who is behind the receiver of a line: the group of its owner, where it is known.
    fn group_behind(&self, line: &Line<'_>) -> Option<&'a str> {
        let merged = self.merged;
        let number = usize::try_from(line.entry.endpoints.first()?.0).ok()?;
        let owner = merged.destinations.get(number)?.owner.as_ref()?;
        Some(owner.group.as_str()).filter(|group| !group.is_empty())
    }

    /// The packages that are known to have sent something to an endpoint; the rows are in its order.
    fn senders(&self, endpoint: EndpointId) -> impl Iterator<Item = &'a str> {
        let rows = &self.phone.attributions;
        let first = rows.partition_point(|row| row.endpoint < endpoint);
        let rows = rows.iter().skip(first).take_while(move |row| row.endpoint == endpoint);
        let known = rows.filter(|row| row.ground > Ground::Code && row.flows > 0);
        known.flat_map(|row| row.packages.iter().map(String::as_str))
    }

    /// The device of an address.
    fn device(&self, address: Option<IpAddr>) -> Option<&'a Device> {
        self.device_called(&written(address?))
    }

    fn device_called(&self, address: &str) -> Option<&'a Device> {
        let merged = self.merged;
        merged.devices.get(*merged.device_places.get(address)?)
    }

    /// Whether an address is that of another device: what it sends has nothing to do with what happens on the phone.
    fn is_foreign(&self, address: Option<IpAddr>) -> bool {
        self.device(address).is_some_and(|device| device.is_phone == Some(false))
    }

    /// Whether another device than the phone sent what a group holds.
    fn is_of_another(&self, group: &SightingGroup) -> bool {
        self.device_called(&group.key.device).is_some_and(|device| device.is_phone == Some(false))
    }

    /// Whether marks are followed by sending, as long as questions may be asked.
    fn cause(
        &self,
        marks: &[Timestamp],
        sent: &[Timestamp],
        span: (Timestamp, Timestamp),
    ) -> Option<trigger::Trigger> {
        let Some(left) = self.trials.get().checked_sub(1) else {
            self.untried.set(self.untried.get().saturating_add(1));
            return None;
        };
        self.trials.set(left);
        trigger::trigger(marks, sent, span)
    }
}

/// The findings on behaviours, and how many questions of cause were not asked.
pub(crate) fn findings(
    merged: &Merged,
    phone: &Phone,
    logged: &[&LoggedValue],
    messages: &Settled,
) -> (Vec<Finding>, u64) {
    let first = merged.destinations.iter().map(|destination| destination.first).min();
    let last = merged.destinations.iter().map(|destination| destination.last).max();
    let mut left: BTreeMap<EndpointId, Vec<(u32, &SightingGroup)>> = BTreeMap::new();
    for (index, group) in (0..).zip(&merged.sightings) {
        if group.key.direction == Direction::Out {
            left.entry(group.key.endpoint).or_default().push((index, group));
        }
    }
    let events = phone.events();
    let mut causes: BTreeMap<&str, Vec<Timestamp>> = BTreeMap::new();
    for mark in events.iter().filter(|mark| !matches!(mark.kind.as_str(), "note" | "sms-sent")) {
        causes.entry(&mark.kind).or_default().push(mark.time);
    }
    let mut ends = BTreeMap::new();
    for (time, exchange) in merged.book.entries.values().flat_map(|entry| entry.series.moments.keys()) {
        let end = ends.entry(exchange.flow.capture).or_insert(*time);
        *end = (*end).max(*time);
    }
    let scene = Scene {
        left,
        ends,
        trials: Cell::new(TRIALS),
        untried: Cell::new(0),
        merged,
        phone,
        events: &events,
        causes,
        logged,
        messages,
        span: (first.unwrap_or_default(), last.unwrap_or_default()),
    };
    let mut findings = Vec::new();
    let entries = merged.book.entries.iter();
    let lines: Vec<Line<'_>> = entries.map(|(key, entry)| Line::of(&scene, key, entry)).collect();
    for line in &lines {
        series::judge(&scene, line, &mut findings);
        answers::judge(&scene, line, &mut findings);
        opaque::judge(&scene, line, &mut findings);
    }
    regular::judge(&scene, &lines, &mut findings);
    names::judge(&scene, &mut findings);
    stages::judge(&scene, &mut findings);
    actions::judge(&scene, &mut findings);
    places::judge(&scene, &mut findings);
    texts::judge(&scene, &mut findings);
    (findings, scene.untried.get())
}

/// What an app asks of a receiver in one way, and the identifiers it carried.
pub(crate) struct Line<'a> {
    pub(crate) key: &'a Whom,
    /// The receiver's host, else its address.
    pub(crate) receiver: &'a str,
    pub(crate) request: &'a str,
    pub(crate) entry: &'a BookEntry,
    /// Fields that could not be read as they stand.
    pub(crate) judged: &'a Fields,
    /// Hashes of long values that came in from anywhere.
    pub(crate) heard: &'a HashSet<u64>,
    /// Sightings in its fields.
    pub(crate) carried: Vec<(u32, &'a SightingGroup)>,
}

impl<'a> Line<'a> {
    fn of(scene: &Scene<'a>, key: &'a Whom, entry: &'a BookEntry) -> Self {
        let paths: BTreeSet<&str> = entry.series.fields.values().map(|field| field.path.as_str()).collect();
        let carried = entry.endpoints.iter().filter_map(|endpoint| scene.left.get(endpoint)).flatten();
        let carried = carried.filter(|(_, group)| paths.contains(group.key.field.as_str())).copied();
        // The same field of another request to the same host may hold something else.
        let asked: BTreeSet<ExchangeId> =
            entry.series.moments.keys().map(|(_, exchange)| *exchange).collect();
        let carried = carried.filter(|(index, _)| {
            let times = usize::try_from(*index).ok().and_then(|index| scene.merged.times.get(index));
            times.is_none_or(|times| times.may_be_of(&asked))
        });
        Self {
            key,
            receiver: &key.0,
            request: &key.1,
            entry,
            judged: &scene.merged.unmasked.fields,
            heard: &scene.merged.book.heard,
            carried: carried.collect(),
        }
    }

    /// The worst of what it carried.
    fn severity(&self) -> Option<Severity> {
        self.carried.iter().map(|(_, group)| weight(group)).max()
    }

    /// Whether what it carried tells of somebody.
    fn tells(&self) -> bool {
        self.severity() >= Some(Severity::Medium)
    }

    /// The kinds of what it carried that tell of somebody.
    fn kinds(&self) -> Vec<IdentifierKind> {
        let telling = self.carried.iter().filter(|(_, group)| weight(group) >= Severity::Medium);
        let kinds: BTreeSet<_> = telling.map(|(_, group)| group.key.kind).collect();
        kinds.into_iter().collect()
    }

    /// `IMEI, SIM card number`: for words.
    fn carried_words(&self) -> String {
        let kinds = self.kinds();
        let words: Vec<&str> = kinds.iter().take(4).map(|kind| kind.words()).collect();
        match (words.is_empty(), kinds.len() > words.len()) {
            (true, _) => String::new(),
            (false, false) => format!(" It carries: {}.", words.join(", ")),
            (false, true) => {
                format!(" It carries: {} and {} more.", words.join(", "), kinds.len() - words.len())
            }
        }
    }

    /// What makes a finding this one: kind of behaviour, request and receiver.
    fn subject(&self, behaviour: &str) -> String {
        format!("{behaviour}\n{}\n{}", self.request, self.receiver)
    }

    /// The first few requests as proofs, and what names the receiver.
    fn proofs(&self, scene: &Scene<'_>, words: &str) -> Vec<Evidence> {
        let values = self.entry.series.proofs.iter().map(|proof| value(words, &proof.occurrence()));
        values.chain(self.naming(scene)).collect()
    }

    /// Proofs of the requests of these times, of those that there are some, and what names the receiver; else of any.
    fn proofs_at(&self, scene: &Scene<'_>, times: &BTreeSet<Timestamp>, words: &str) -> Vec<Evidence> {
        let series = &self.entry.series;
        let kept = series.proofs.iter().chain(series.spread.values());
        let mut of_them: Vec<_> = kept.filter(|proof| times.contains(&proof.time)).collect();
        of_them.sort_by_key(|proof| (proof.time, proof.exchange, proof.frame));
        of_them.dedup_by_key(|proof| (proof.exchange, proof.frame));
        if of_them.is_empty() {
            return self.proofs(scene, "one of the requests");
        }
        of_them.into_iter().map(|proof| value(words, &proof.occurrence())).chain(self.naming(scene)).collect()
    }

    fn naming(&self, scene: &Scene<'_>) -> Option<Evidence> {
        let devices = self.entry.devices.iter().filter_map(|device| device.parse().ok());
        naming_of(scene.merged, *self.entry.endpoints.first()?, devices)
    }

    fn endpoints(&self) -> Vec<EndpointId> {
        self.entry.endpoints.iter().copied().collect()
    }
}

/// How much a sighting matters: what only looks like an identifier weighs less.
fn weight(group: &SightingGroup) -> Severity {
    match (group.key.grade, group.key.kind.severity()) {
        (Grade::Shaped, severity) if severity > Severity::Low => Severity::Low,
        (_, severity) => severity,
    }
}

/// A piece of evidence for what is said.
fn value(words: &str, occurrence: &Occurrence) -> Evidence {
    Evidence { relation: Relation::Value, words: words.to_owned(), occurrence: occurrence.clone() }
}

/// A mark, as what happened before.
fn occasion(words: String, mark: &Mark) -> Option<Evidence> {
    let quoted = mark.quote.end > mark.quote.start;
    quoted.then(|| Evidence {
        relation: Relation::Occasion,
        words,
        occurrence: crate::phone::occurrence_of(&mark.quote),
    })
}

/// A length of time in seconds: `15 min`.
pub(crate) fn span_words(seconds: i64) -> String {
    rhythm::span(seconds)
}

/// What findings of one behaviour say.
struct Told {
    subject: String,
    behaviour: Behaviour,
    severity: Severity,
    title: String,
    words: String,
    endpoints: Vec<EndpointId>,
    count: u64,
    when: (Timestamp, Timestamp),
    evidence: Vec<Evidence>,
    sightings: Vec<u32>,
}

impl Told {
    fn finding(self) -> Finding {
        let detector = format!("behaviour-{}", self.behaviour.id().replace('_', "-"));
        let FindingId(id) = id(&self.subject);
        Finding {
            id: FindingId(id),
            kind: FindingKind::Behaviour(self.behaviour),
            detector,
            version: VERSION,
            severity: self.severity,
            title: self.title,
            words: self.words,
            endpoints: self.endpoints,
            count: self.count,
            first: self.when.0,
            last: self.when.1,
            evidence: self.evidence,
            sightings: self.sightings,
        }
    }
}

/// `a.example and b.example`, `a.example, b.example and 7 hosts more`.
fn receivers_words(receivers: &[&str]) -> String {
    match receivers {
        [] | [_] | [_, _] => receivers.join(" and "),
        [first, second, third] => format!("{first}, {second} and {third}"),
        [first, second, more @ ..] => format!("{first}, {second} and {} hosts more", more.len()),
    }
}

/// `once`, `3 times`.
fn times(count: u64) -> String {
    if count == 1 { "once".to_owned() } else { format!("{count} times") }
}

/// A mark's kind in words: `boot completed`.
fn mark_words(kind: &str) -> String {
    kind.replace('-', " ")
}

/// Questions of cause that are asked of one case: each costs some milliseconds, and an honest case has some dozens.
const TRIALS: u32 = 3_000;
/// Raised when the detectors' answers change.
const VERSION: u32 = 1;
