//! How what left was protected, to findings: labels that lie, content that only the channel protects, ciphers of
//! somebody's own making, weak channels.

use std::collections::{BTreeMap, BTreeSet};

use evidence::{
    Channel, Content, Destination, EndpointId, Finding, FindingKind, Protection, ProtectionFault, Security,
    Seen, Severity,
};

use super::{Receiver, VERSION, id, receiver, words};
use crate::{
    gather::{Shown, Ways},
    merge::Merged,
    packed::PackedEvidence,
};

/// One fault towards one receiver.
struct Fault<'m> {
    protection: Protection,
    /// The first channel of several, where the channel is at fault.
    channel: Option<&'m Channel>,
    seen: Seen,
    endpoints: BTreeSet<EndpointId>,
    /// The earliest proofs, and where that went.
    shown: (&'m Shown, EndpointId),
}

/// What makes it one fault: what is wrong, towards whom, and which label, content or channel.
type Key<'m> = (ProtectionFault, Receiver<'m>, String);

/// All findings about protection. `told` are the receivers of identifiers.
pub(super) fn findings(merged: &Merged, told: &BTreeSet<Receiver<'_>>) -> Vec<Finding> {
    let mut faults = BTreeMap::new();
    for (destination, protections) in merged.destinations.iter().zip(&merged.protections) {
        let receiver = receiver(destination);
        if receiver != Receiver::LocalNetwork {
            of_contents(&mut faults, destination, protections, told.contains(&receiver));
        }
    }
    for (destination, channels) in merged.destinations.iter().zip(&merged.channels) {
        of_channels(&mut faults, destination, channels);
    }
    let opened = opened(merged);
    faults.iter().map(|(key, fault)| finding(merged, key, fault, &opened)).collect()
}

/// Where hidden content went that was opened.
fn opened(merged: &Merged) -> BTreeSet<EndpointId> {
    let opened = merged.unmasked.fields.iter().filter(|(_, judged)| judged.is_opened());
    let entries = opened.filter_map(|((whom, _), _)| merged.book.entries.get(whom));
    entries.flat_map(|entry| entry.endpoints.iter().copied()).collect()
}

fn of_contents<'m>(
    faults: &mut BTreeMap<Key<'m>, Fault<'m>>,
    destination: &'m Destination,
    protections: &'m Ways<Protection>,
    told: bool,
) {
    for (protection, shown) in protections.iter() {
        for fault in faults_of(protection, told) {
            let detail =
                if fault == ProtectionFault::LabelLies { protection.label.clone() } else { String::new() };
            add(faults, (fault, receiver(destination), detail), destination, (protection, None), shown);
        }
    }
}

fn of_channels<'m>(
    faults: &mut BTreeMap<Key<'m>, Fault<'m>>,
    destination: &'m Destination,
    channels: &'m Ways<Channel>,
) {
    let protection =
        Protection { security: Security::Encrypted, content: Content::Readable, label: String::new() };
    for (channel, shown) in channels.iter().filter(|(channel, _)| !channel.weakness.is_empty()) {
        let key = (ProtectionFault::WeakChannel, receiver(destination), channel.weakness.clone());
        add(faults, key, destination, (&protection, Some(channel)), shown);
    }
}

/// What is wrong with messages that are protected in one way.
fn faults_of(protection: &Protection, told: bool) -> impl Iterator<Item = ProtectionFault> {
    let unreadable = protection.content == Content::Unreadable;
    let clear = protection.security == Security::Clear;
    let faults = [
        (ProtectionFault::LabelLies, !protection.label.is_empty() && !unreadable),
        (ProtectionFault::OwnMaking, clear && unreadable),
        (ProtectionFault::OnlyTheChannel, !clear && !unreadable && told),
    ];
    faults.into_iter().filter(|(_, is)| *is).map(|(fault, _)| fault)
}

fn add<'m>(
    faults: &mut BTreeMap<Key<'m>, Fault<'m>>,
    key: Key<'m>,
    destination: &Destination,
    (protection, channel): (&Protection, Option<&'m Channel>),
    shown: &'m Shown,
) {
    let fault = faults.entry(key).or_insert_with(|| Fault {
        protection: protection.clone(),
        channel,
        seen: Seen::default(),
        endpoints: BTreeSet::new(),
        shown: (shown, destination.id),
    });
    if fault.seen.messages > 0 && shown.seen.first < fault.seen.first {
        (fault.protection, fault.shown) = (protection.clone(), (shown, destination.id));
    }
    fault.seen.merge(&shown.seen);
    fault.endpoints.insert(destination.id);
}

fn finding(
    merged: &Merged,
    (fault, receiver, detail): &Key<'_>,
    found: &Fault<'_>,
    opened: &BTreeSet<EndpointId>,
) -> Finding {
    let opened = !found.endpoints.is_disjoint(opened);
    let protection = &found.protection;
    let (shown, shown_at) = found.shown;
    let mut evidence: Vec<_> = shown.proofs.iter().map(PackedEvidence::evidence).collect();
    let mut endpoints = std::iter::once(&shown_at).chain(&found.endpoints);
    evidence.extend(endpoints.find_map(|endpoint| super::naming_of(merged, *endpoint, shown.device)));
    Finding {
        id: id(&format!("protection\n{}\n{detail}\n{receiver:?}", fault.id())),
        kind: FindingKind::Protection { fault: *fault, protection: protection.clone() },
        detector: "protection".to_owned(),
        version: VERSION,
        severity: severity(*fault, protection),
        title: words::fault_title(*fault, *receiver, protection, found.channel),
        words: words::fault_paragraph(*fault, protection, (&found.seen, opened), found.channel),
        endpoints: found.endpoints.iter().copied().collect(),
        count: found.seen.messages,
        first: found.seen.first,
        last: found.seen.last,
        evidence,
        sightings: Vec::new(),
    }
}

fn severity(fault: ProtectionFault, protection: &Protection) -> Severity {
    match fault {
        ProtectionFault::LabelLies | ProtectionFault::OwnMaking if protection.security == Security::Clear => {
            Severity::Medium
        }
        ProtectionFault::LabelLies | ProtectionFault::OwnMaking | ProtectionFault::WeakChannel => {
            Severity::Low
        }
        ProtectionFault::OnlyTheChannel => Severity::Info,
    }
}
