//! Who was talked to, by receiver.

use std::collections::{BTreeMap, BTreeSet};

use evidence::{Change, ComparedDestination, Contact, Destination};

use crate::{rows::change, side::Sided};

/// Every receiver that a case knows; those first that not all have, then by how many findings name them.
pub(crate) fn destinations(sides: &[Sided]) -> Vec<ComparedDestination> {
    let told: Vec<_> = sides.iter().map(findings).collect();
    let receivers: BTreeSet<&str> = sides.iter().flat_map(|side| side.receivers.keys().copied()).collect();
    let mut compared: Vec<_> = receivers
        .into_iter()
        .map(|receiver| {
            let contacts: Vec<_> = sides
                .iter()
                .zip(&told)
                .map(|(side, told)| contact(side, receiver, told.get(receiver).copied().unwrap_or(0)))
                .collect();
            ComparedDestination { receiver: receiver.to_owned(), change: became(&contacts), contacts }
        })
        .collect();
    compared.sort_by_key(|one| {
        let findings = one.contacts.iter().map(|contact| contact.findings).max().unwrap_or(0);
        (one.change, std::cmp::Reverse(findings))
    });
    compared
}

/// How many findings name each receiver.
fn findings<'a>(side: &Sided<'a>) -> BTreeMap<&'a str, u64> {
    let mut told = BTreeMap::new();
    for finding in &side.case.findings {
        let receivers: BTreeSet<_> = side.destinations_of(finding).map(Destination::receiver).collect();
        for receiver in receivers {
            *told.entry(receiver).or_default() += 1;
        }
    }
    told
}

fn contact(side: &Sided, receiver: &str, findings: u64) -> Contact {
    let reached = || side.receivers.get(receiver).into_iter().flatten();
    let sum = |of: fn(&Destination) -> u64| reached().fold(0u64, |sum, one| sum.saturating_add(of(one)));
    let set = |values: &mut dyn Iterator<Item = String>| {
        values.filter(|value| !value.is_empty()).collect::<BTreeSet<_>>().into_iter().take(LISTED).collect()
    };
    let located = reached().filter_map(|one| one.network.located.as_ref());
    let channels = reached().flat_map(|one| &one.channels).map(|(channel, _)| channel.protocol.clone());
    Contact {
        // A destination that only a name was asked of has no flows of its own.
        flows: sum(|one| one.flows).max(u64::from(reached().next().is_some())),
        bytes_out: sum(|one| one.bytes_out),
        bytes_in: sum(|one| one.bytes_in),
        countries: set(&mut located.map(|country| country.code.clone())),
        holders: set(&mut reached().map(|one| one.network.holder.clone())),
        channels: set(&mut channels.into_iter()),
        findings,
    }
}

/// Who has it, and whether those who have it see the same countries and protection.
fn became(contacts: &[Contact]) -> Change {
    let present: Vec<_> = contacts.iter().map(|contact| contact.flows > 0).collect();
    let mut facts = contacts.iter().filter(|contact| contact.flows > 0);
    let first = facts.next().map(|contact| (&contact.countries, &contact.channels));
    let differs = facts.any(|contact| Some((&contact.countries, &contact.channels)) != first);
    change(&present, differs)
}

/// How many countries, holders and protocols are told of each.
const LISTED: usize = 20;
