//! Values that only look identifying, in the same field at the same receiver: do they tell phones apart?

use std::collections::{BTreeMap, BTreeSet};

use evidence::{ComparedValue, Direction, Grade, IdentifierKind, Kinship, Likeness, SightingGroup};

use crate::side::Sided;

/// What values are gathered by.
type Key<'a> = (IdentifierKind, &'a str, &'a str);

/// Fields that at least two cases have such values in.
pub(crate) fn values(sides: &[Sided], kinship: Kinship) -> Vec<ComparedValue> {
    let mut fields: BTreeMap<Key, Vec<BTreeSet<&str>>> = BTreeMap::new();
    for (place, side) in sides.iter().enumerate() {
        let sent = |group: &&SightingGroup| {
            let key = &group.key;
            key.grade == Grade::Shaped
                && key.direction == Direction::Out
                && key.value != SightingGroup::FURTHER
        };
        for key in side.case.sightings.iter().filter(sent).map(|group| &group.key) {
            let receiver = side.receiver(key.endpoint);
            let found = fields
                .entry((key.kind, receiver, key.field.as_str()))
                .or_insert_with(|| vec![BTreeSet::new(); sides.len()]);
            if let Some(found) = found.get_mut(place) {
                found.insert(key.value.as_str());
            }
        }
    }
    let several = |found: &Vec<BTreeSet<&str>>| found.iter().filter(|values| !values.is_empty()).count() > 1;
    let compared = fields.into_iter().filter(|(_, found)| several(found));
    compared.map(|(key, found)| value(key, &found, kinship)).collect()
}

fn value((identifier, receiver, field): Key, found: &[BTreeSet<&str>], kinship: Kinship) -> ComparedValue {
    let likeness = likeness(found);
    ComparedValue {
        identifier,
        receiver: receiver.to_owned(),
        field: field.to_owned(),
        values: found
            .iter()
            .map(|values| values.iter().take(SHOWN).map(|value| (*value).to_owned()).collect())
            .collect(),
        distinct: found.iter().map(|values| values.len() as u64).collect(),
        likeness,
        meaning: meaning(likeness, kinship).to_owned(),
    }
}

/// How the cases' sets of values relate; empty ones do not count.
pub(crate) fn likeness<V: Ord>(found: &[BTreeSet<V>]) -> Likeness {
    let some: Vec<_> = found.iter().filter(|values| !values.is_empty()).collect();
    let all: BTreeSet<&V> = some.iter().flat_map(|values| values.iter()).collect();
    let sum = some.iter().map(|values| values.len()).sum::<usize>();
    match (some.iter().all(|values| values.len() == 1), all.len()) {
        (true, 0 | 1) => Likeness::Identical,
        (true, distinct) if distinct == some.len() => Likeness::EachItsOwn,
        (true, _) => Likeness::Groups,
        (false, distinct) if distinct == sum => Likeness::Varying,
        (false, _) => Likeness::Shared,
    }
}

/// What follows for the phones.
pub(crate) fn meaning(likeness: Likeness, kinship: Kinship) -> &'static str {
    match (likeness, kinship) {
        (Likeness::Identical, Kinship::DifferentPhones) => {
            "The same on different phones: it does not tell them apart, so it is no name of a device."
        }
        (Likeness::Identical, Kinship::SamePhone) => {
            "The same in all cases of this phone. Whether other phones have the same, these cases cannot tell."
        }
        (Likeness::Identical, _) => {
            "The same in all. If these are different phones it is no name of a device; if they are one, it can be."
        }
        (Likeness::EachItsOwn, Kinship::DifferentPhones) => {
            "One value for each phone and none alike: it tells them apart, so it can be a name of the device, the \
             installation or the person."
        }
        (Likeness::EachItsOwn, Kinship::SamePhone) => {
            "Another value in each case of this phone: it did not last from one to the other."
        }
        (Likeness::EachItsOwn, _) => {
            "One value in each case and none alike. If these are different phones it tells them apart; if they are \
             one, it did not last."
        }
        (Likeness::Groups, _) => "One value in each case, alike in some: it tells groups of them apart.",
        (Likeness::Shared, _) => "Several values in a case, some of them in others as well.",
        (Likeness::Varying, _) => {
            "Several values in a case, none of them in another: a name for less than a phone."
        }
    }
}

/// How many values of a case are shown.
const SHOWN: usize = 5;
