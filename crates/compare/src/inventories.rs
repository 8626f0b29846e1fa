//! The names of all fields of one kind of request, beside each other.

use std::collections::{BTreeMap, BTreeSet};

use evidence::{Behaviour, Direction, FindingKind, Inventory};

use crate::side::Sided;

/// The names that each case has, where it has the request.
type Names<'a> = Vec<Option<BTreeSet<&'a str>>>;

/// Requests that at least two cases have; those that differ first.
pub(crate) fn inventories(sides: &[Sided]) -> Vec<Inventory> {
    let mut requests: BTreeMap<(&str, &str), Names> = BTreeMap::new();
    for (place, side) in sides.iter().enumerate() {
        for (receiver, request, name) in names(side) {
            let told = requests.entry((receiver, request)).or_insert_with(|| vec![None; sides.len()]);
            if let Some(told) = told.get_mut(place) {
                told.get_or_insert_default().insert(name);
            }
        }
    }
    let several = |names: &Names| names.iter().flatten().count() > 1;
    let mut inventories: Vec<_> = requests
        .into_iter()
        .filter(|(_, names)| several(names))
        .map(|((receiver, request), names)| inventory(receiver, request, &names))
        .collect();
    inventories.sort_by_key(|inventory| std::cmp::Reverse(inventory.differing.len()));
    inventories
}

/// Receiver, request and field: as a finding tells them, and as the series of fields have them.
fn names<'a, 's: 'a>(side: &'s Sided<'a>) -> impl Iterator<Item = (&'a str, &'a str, &'a str)> {
    let told = side.case.findings.iter().flat_map(|finding| {
        let names = match &finding.kind {
            FindingKind::Behaviour(Behaviour::Parameters { request, names, .. }) => Some((request, names)),
            _ => None,
        };
        let receiver = side.destinations_of(finding).next().map_or("", |one| one.receiver());
        names.into_iter().flat_map(move |(request, names)| {
            names.iter().map(move |name| (receiver, request.as_str(), name.as_str()))
        })
    });
    let series = side.case.fields.iter().filter(|field| field.direction == Direction::Out);
    let series =
        series.map(|field| (side.receiver(field.endpoint), field.request.as_str(), field.field.as_str()));
    told.chain(series)
}

fn inventory(receiver: &str, request: &str, names: &Names) -> Inventory {
    let all: BTreeSet<&str> = names.iter().flatten().flatten().copied().collect();
    let everywhere = |name: &&&str| names.iter().flatten().all(|own| own.contains(**name));
    let has = |name: &str| -> Vec<bool> {
        names.iter().map(|own| own.as_ref().is_some_and(|own| own.contains(name))).collect()
    };
    let differing = all.iter().filter(|name| !everywhere(name));
    Inventory {
        receiver: receiver.to_owned(),
        request: request.to_owned(),
        counts: names.iter().map(|own| own.as_ref().map(|own| own.len() as u64)).collect(),
        common: all.iter().filter(everywhere).count() as u64,
        differing: differing.map(|name| ((*name).to_owned(), has(name))).collect(),
    }
}
