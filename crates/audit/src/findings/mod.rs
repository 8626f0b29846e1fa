//! Gathered sightings to findings: one for each value and receiver, or for many values of a kind together; and
//! how what left was [protected](protection); what short messages and the log tell ([messages]); which apps
//! [came in](arrivals).
//!
//! One value in several encodings is one leak with several proofs, so a finding gathers every form and
//! field. What only came in (a server's answer) is a sighting, not a finding: it did not leave the phone.

mod arrivals;
mod devices;
mod fleeting;
mod habits;
mod message_words;
mod messages;
mod occasion;
mod protection;
mod sender;
mod words;

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    net::IpAddr,
};

use evidence::{
    Carrier, Destination, Direction, EndpointId, Evidence, Finding, FindingId, FindingKind, Form, Grade,
    Hashed, IdentifierKind, Phone, Relation, Security, Severity, SightingGroup,
};
use identifiers::Profile;
use sha2::{Digest, Sha256};

use crate::{behaviours, input::hex, merge::Merged, messages::Settled, phone::LoggedValue};

/// All findings, worst first, and how many questions of cause were not asked.
pub(crate) fn findings(
    merged: &Merged,
    (phone, known, logged, settled): (&Phone, Option<&crate::phone::Phone>, &[&LoggedValue], &Settled),
    profile: &Profile,
) -> (Vec<Finding>, u64) {
    let (behaviours, untried) = behaviours::findings(merged, phone, logged, settled);
    let leaks = leaks(merged);
    let told: BTreeSet<_> = leaks.iter().map(|leak| leak.receiver).collect();
    let (fleeting, leaks) = fleeting::split(merged, leaks);
    let (bulk, single) = split_bulk(leaks);
    let mut findings: Vec<_> = bulk
        .into_iter()
        .map(|leaks| bulk_finding(merged, profile, &leaks))
        .chain(fleeting.iter().map(|(place, leaks)| fleeting_finding(merged, place.field, leaks)))
        .chain(single.iter().map(|leak| identifier_finding(merged, leak)))
        .chain(protection::findings(merged, &told))
        .chain(messages::findings(settled, logged, profile))
        .chain(arrivals::findings(merged, known))
        .chain(behaviours)
        .collect();
    // What never went over the network has no flow of anybody's.
    for finding in findings.iter_mut().filter(|finding| !finding.endpoints.is_empty()) {
        sender::add(finding, phone);
        habits::add(finding, phone);
        if !matches!(finding.kind, FindingKind::Behaviour(_)) {
            occasion::add(finding, phone);
        }
    }
    shorten_ids(&mut findings);
    findings.sort_by(|a, b| {
        let rank = |finding: &Finding| std::cmp::Reverse(finding.severity);
        rank(a).cmp(&rank(b)).then(a.first.cmp(&b.first)).then(a.id.cmp(&b.id))
    });
    (findings, untried)
}

/// One value that went to one receiver.
pub(crate) struct Leak<'m> {
    pub(crate) kind: IdentifierKind,
    pub(crate) value: &'m str,
    pub(crate) label: &'m str,
    pub(crate) receiver: Receiver<'m>,
    /// Whether a device sent it that is known not to be the phone.
    pub(crate) foreign: bool,
    /// Places in `Merged::sightings`, best proof first.
    pub(crate) groups: Vec<(u32, &'m SightingGroup)>,
}

/// Who got it: a registrable domain, else an address; on the local network, everyone there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Receiver<'m> {
    Domain(&'m str),
    Address(&'m str),
    LocalNetwork,
}

impl Leak<'_> {
    pub(crate) fn grade(&self) -> Grade {
        self.groups.iter().map(|(_, group)| group.key.grade).max().unwrap_or(Grade::Shaped)
    }

    pub(crate) fn count(&self) -> u64 {
        self.groups.iter().map(|(_, group)| group.count).sum()
    }

    pub(crate) fn in_clear(&self) -> bool {
        self.groups.iter().any(|(_, group)| group.key.security == Security::Clear)
    }

    fn severity(&self) -> Severity {
        let mut severity = self.kind.severity();
        // A shape may be somebody's test value; what follows from it is said with less force.
        if self.grade() == Grade::Shaped && severity > Severity::Medium {
            severity = lower(severity);
        }
        // Servers' files have names, too.
        if self.grade() == Grade::Shaped && self.kind == IdentifierKind::FileName {
            severity = lower(severity);
        }
        if !self.in_clear() {
            severity = lower(severity);
        }
        if self.receiver == Receiver::LocalNetwork {
            severity = severity.min(Severity::Low);
        }
        // A value of the profile matters whoever sends it.
        if self.foreign && self.grade() == Grade::Shaped {
            severity = severity.min(Severity::Low);
        }
        severity
    }
}

fn lower(severity: Severity) -> Severity {
    match severity {
        Severity::Critical => Severity::High,
        Severity::High => Severity::Medium,
        Severity::Medium => Severity::Low,
        Severity::Low | Severity::Info => Severity::Info,
    }
}

fn leaks(merged: &Merged) -> Vec<Leak<'_>> {
    let others = merged.devices.iter().filter(|device| device.is_phone == Some(false));
    let others: HashSet<&str> = others.map(|device| device.address.as_str()).collect();
    let mut leaks: BTreeMap<_, Leak<'_>> = BTreeMap::new();
    for (index, group) in (0..).zip(&merged.sightings) {
        let key = &group.key;
        let Some(destination) = merged.destinations.get(key.endpoint.0 as usize) else { continue };
        if key.direction != Direction::Out {
            continue;
        }
        let receiver = asked_of(group).map_or_else(|| receiver(destination), Receiver::Domain);
        let foreign = others.contains(key.device.as_str());
        let leak = leaks.entry((key.kind, key.value.as_str(), receiver, foreign)).or_insert_with(|| Leak {
            kind: key.kind,
            value: &key.value,
            label: &key.label,
            receiver,
            foreign,
            groups: Vec::new(),
        });
        leak.groups.push((index, group));
    }
    leaks.into_values().map(best_first).collect()
}

/// The domain whose servers answer for a name that a value stood in: a resolver, wherever it is, passes the question on to
/// them.
fn asked_of(group: &SightingGroup) -> Option<&str> {
    use IdentifierKind::{Hostname, Url};
    let key = &group.key;
    let telling = key.grade == Grade::Derived || key.grade == Grade::Known && key.kind.persistent();
    if key.carrier != Carrier::HostName || !telling || matches!(key.kind, Hostname | Url) {
        return None;
    }
    // Other fields that hold host names are called by words, which are no domains.
    let domain = facts::domain::registrable(&key.field).filter(|domain| *domain == key.field)?;
    let found = group.proofs.first()?.found.to_ascii_lowercase();
    (!domain.contains(&found)).then_some(domain)
}

/// The domain that resolvers pass a leak on to, where nothing of it goes there itself.
fn passed_to<'m>(merged: &Merged, leak: &Leak<'m>) -> Option<&'m str> {
    let Receiver::Domain(domain) = leak.receiver else { return None };
    let mut reached =
        leak.groups.iter().filter_map(|(_, group)| merged.destinations.get(group.key.endpoint.0 as usize));
    (!reached.any(|destination| receiver(destination) == leak.receiver)).then_some(domain)
}

fn best_first(mut leak: Leak<'_>) -> Leak<'_> {
    leak.groups.sort_by_key(|(index, group)| (std::cmp::Reverse(group.key.grade), group.first, *index));
    leak
}

pub(crate) fn receiver(destination: &Destination) -> Receiver<'_> {
    if LOCAL.contains(&destination.network.scope.as_str()) {
        Receiver::LocalNetwork
    } else if destination.domain.is_empty() && destination.endpoint.host.is_empty() {
        Receiver::Address(&destination.endpoint.address)
    } else {
        Receiver::Domain(destination.receiver())
    }
}

/// Takes together what went to one receiver as many values of one kind, from the phone or from other devices.
fn split_bulk(leaks: Vec<Leak<'_>>) -> (Vec<Vec<Leak<'_>>>, Vec<Leak<'_>>) {
    let mut by_kind: BTreeMap<_, Vec<Leak<'_>>> = BTreeMap::new();
    let mut single = Vec::new();
    for leak in leaks {
        if leak.kind.is_plural() {
            by_kind.entry((leak.kind, leak.receiver, leak.foreign)).or_default().push(leak);
        } else {
            single.push(leak);
        }
    }
    let (bulk, few): (Vec<_>, Vec<_>) = by_kind.into_values().partition(|leaks| leaks.len() >= BULK);
    single.extend(few.into_iter().flatten());
    (bulk, single)
}

fn identifier_finding(merged: &Merged, leak: &Leak<'_>) -> Finding {
    let mut forms: Vec<Form> = leak.groups.iter().map(|(_, group)| group.key.form.clone()).collect();
    forms.sort();
    forms.dedup();
    let hashed = hashed(merged, leak, &forms);
    let undone: String = hashed.iter().map(words::hashed).collect();
    let kind = FindingKind::IdentifierSent {
        identifier: leak.kind,
        value: leak.value.to_owned(),
        grade: leak.grade(),
        hashed,
        forms,
        passed_to: passed_to(merged, leak).unwrap_or_default().to_owned(),
    };
    let leaks = std::slice::from_ref(leak);
    Finding {
        kind,
        detector: "identifier-sent".to_owned(),
        title: words::title(leak),
        words: words::paragraph(merged, leak) + &undone,
        severity: leak.severity(),
        ..common(merged, leaks, &format!("{}\n{}", leak.kind.id(), leak.value))
    }
}

/// How the digests among the forms were made.
fn hashed(merged: &Merged, leak: &Leak<'_>, forms: &[Form]) -> Vec<Hashed> {
    let made = forms
        .iter()
        .filter_map(|form| merged.unmasked.digests.get(&(leak.kind, leak.value.to_owned(), form.clone())));
    made.flatten().cloned().collect()
}

fn bulk_finding(merged: &Merged, profile: &Profile, leaks: &[Leak<'_>]) -> Finding {
    let identifier = leaks.first().map_or(IdentifierKind::Canary, |leak| leak.kind);
    let planted = profile.values().iter().filter(|value| value.kind == identifier).count() as u64;
    let known = leaks.iter().filter(|leak| leak.grade() > Grade::Shaped).count() as u64;
    let seen = if planted > 0 { known.max(1) } else { leaks.len() as u64 };
    let severity = leaks.iter().map(Leak::severity).max().unwrap_or(Severity::Medium);
    let severity = if leaks.len() >= LIST { raise(severity) } else { severity };
    Finding {
        kind: FindingKind::BulkData { identifier, seen, planted },
        detector: "bulk-data".to_owned(),
        title: words::bulk_title(leaks, seen, planted),
        words: words::bulk_paragraph(merged, leaks, seen, planted),
        severity,
        ..common(merged, leaks, identifier.id())
    }
}

/// One finding for a field whose value is new each time.
fn fleeting_finding(merged: &Merged, field: &str, leaks: &[Leak<'_>]) -> Finding {
    let identifier = leaks.first().map_or(IdentifierKind::DeviceId, |leak| leak.kind);
    let seen = leaks.len() as u64;
    // One device's field is another finding than that of the next.
    let sender = leaks.first().and_then(|leak| leak.groups.first()).map(|(_, group)| &group.key);
    let sender = sender.map(|key| (key.carrier, &key.device, &key.app));
    Finding {
        kind: FindingKind::BulkData { identifier, seen, planted: 0 },
        detector: "new-each-time".to_owned(),
        title: words::fleeting_title(leaks, field),
        words: words::fleeting_paragraph(merged, leaks, field),
        severity: Severity::Info,
        ..common(merged, leaks, &format!("{}\nnew each time {sender:?}\n{field}", identifier.id()))
    }
}

fn raise(severity: Severity) -> Severity {
    match severity {
        Severity::Info => Severity::Low,
        Severity::Low => Severity::Medium,
        Severity::Medium => Severity::High,
        Severity::High | Severity::Critical => severity,
    }
}

/// What findings of both kinds have alike. `subject` is what, besides the receiver, makes it this finding.
fn common(merged: &Merged, leaks: &[Leak<'_>], subject: &str) -> Finding {
    let groups = || leaks.iter().flat_map(|leak| leak.groups.iter());
    let mut endpoints: Vec<_> = groups().map(|(_, group)| group.key.endpoint).collect();
    endpoints.sort();
    endpoints.dedup();
    let receiver = leaks.first().map(|leak| leak.receiver);
    let whose = if leaks.iter().any(|leak| leak.foreign) { "of another device\n" } else { "" };
    Finding {
        id: id(&format!("{whose}{subject}\n{receiver:?}")),
        kind: FindingKind::BulkData { identifier: IdentifierKind::Canary, seen: 0, planted: 0 },
        detector: String::new(),
        version: VERSION,
        severity: Severity::Info,
        title: String::new(),
        words: String::new(),
        count: message_count(merged, leaks).unwrap_or_else(|| leaks.iter().map(Leak::count).sum()),
        first: groups().map(|(_, group)| group.first).min().unwrap_or_default(),
        last: groups().map(|(_, group)| group.last).max().unwrap_or_default(),
        evidence: evidence(merged, leaks),
        sightings: groups().map(|(index, _)| *index).collect(),
        endpoints,
    }
}

/// In how many messages it was; `None` where there were too many to be told apart.
pub(crate) fn message_count(merged: &Merged, leaks: &[Leak<'_>]) -> Option<u64> {
    let groups = || leaks.iter().flat_map(|leak| &leak.groups);
    let messages = |index: &u32| merged.times.get(*index as usize)?.messages();
    // Most findings have groups of which some messages are not remembered: that is asked before any are joined.
    let all: u64 = groups().map(|(index, _)| Some(messages(index)?.len() as u64)).sum::<Option<u64>>()?;
    if groups().nth(1).is_none() {
        return Some(all);
    }
    let mut exchanges: Vec<_> = groups().filter_map(|(index, _)| messages(index)).flatten().collect();
    exchanges.sort_unstable();
    exchanges.dedup();
    Some(exchanges.len() as u64)
}

/// A finding's whole name. Two findings never have the same subject: its last line is the receiver.
pub(crate) fn id(subject: &str) -> FindingId {
    FindingId(format!("F-{}", hex(&Sha256::digest(subject.as_bytes()))))
}

/// Cuts the names to what people can copy, and no shorter than tells each from all others: among a hundred
/// thousand findings two with the same 32 bits are likely, and whoever makes a capture can aim for them.
fn shorten_ids(findings: &mut [Finding]) {
    findings.sort_unstable_by(|a, b| a.id.cmp(&b.id));
    let shared: Vec<usize> = findings
        .windows(2)
        .map(|pair| if let [a, b] = pair { shared(&a.id.0, &b.id.0) } else { 0 })
        .collect();
    let before = std::iter::once(&0).chain(&shared);
    let after = shared.iter().chain(std::iter::once(&0));
    for (finding, (before, after)) in findings.iter_mut().zip(before.zip(after)) {
        finding.id.0.truncate(ID.max(before.max(after) + 1));
    }
}

/// How many bytes two names begin with alike.
fn shared(one: &str, other: &str) -> usize {
    one.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count()
}

/// The first proof of each group, then what names the destination.
fn evidence(merged: &Merged, leaks: &[Leak<'_>]) -> Vec<Evidence> {
    let mut evidence: Vec<Evidence> = Vec::new();
    // The best of every leak before the second of any: a list of contacts shows several contacts.
    let deepest = leaks.iter().map(|leak| leak.groups.len()).max().unwrap_or(0);
    let groups = (0..deepest).flat_map(|rank| leaks.iter().filter_map(move |leak| leak.groups.get(rank)));
    for (_, group) in groups.take(PROOFS) {
        if let Some(occurrence) = group.proofs.first() {
            let words = words::place(&group.key);
            evidence.push(Evidence { relation: Relation::Value, words, occurrence: occurrence.clone() });
        }
    }
    let first = leaks.first().and_then(|leak| leak.groups.first());
    evidence.extend(first.and_then(|(_, group)| {
        let device: Option<IpAddr> = group.key.device.parse().ok();
        naming_of(merged, group.key.endpoint, device)
    }));
    evidence
}

/// What names a destination: where devices of these addresses name it, else where any does first.
pub(crate) fn naming_of(
    merged: &Merged,
    endpoint: EndpointId,
    devices: impl IntoIterator<Item = IpAddr>,
) -> Option<Evidence> {
    let number = endpoint.0 as usize;
    let destination = merged.destinations.get(number)?;
    let occurrence = merged.named_at.get(number)?.of(devices)?.occurrence();
    Some(Evidence { relation: Relation::Destination, words: words::naming(destination), occurrence })
}

/// Scopes of addresses (see `facts::Scope`) that do not lead out of the network the phone is in.
const LOCAL: [&str; 6] = ["broadcast", "link-local", "loopback", "multicast", "private", "unspecified"];
/// The length of a finding's name, `F-` and 32 bits in hex, where no other begins like it.
const ID: usize = 10;
/// From how many values of a kind on they are told together.
const BULK: usize = 3;
/// From how many on it is a list of everything there is, and not some of it.
const LIST: usize = 20;
/// Proofs kept in a finding; the others are in `Case::sightings` and the store.
const PROOFS: usize = 8;
/// Raised when the detectors' answers change.
const VERSION: u32 = 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_as_short_as_they_can_be_told_apart() {
        let named =
            |id: &str| Finding { id: FindingId(id.to_owned()), ..common(&Merged::default(), &[], "") };
        let mut findings = ["F-0a1b2c3d99", "F-77777777a1b", "F-0a1b2c3e99", "F-77777777a2c"].map(named);
        shorten_ids(&mut findings);
        let ids: Vec<_> = findings.iter().map(|finding| finding.id.0.as_str()).collect();
        assert_eq!(ids, ["F-0a1b2c3d", "F-0a1b2c3e", "F-77777777a1", "F-77777777a2"]);
    }
}
