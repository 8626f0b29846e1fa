//! The differential search: fields that no search knows, constant within a case.
//!
//! A value that is one and the same throughout a phone's case, and another one in another phone's, is a name of the
//! phone in whatever encoding, hash or cipher it is written. What else divides the cases in the same way says what
//! it may be made from: with the SIM changed and nothing else, what moves is made from the SIM.

use std::collections::{BTreeMap, BTreeSet};

use evidence::{
    ComparedField, Direction, FieldSeries, FieldValue, Grade, IdentifierKind, Kinship, Likeness,
    SightingGroup, prose,
};

use crate::{
    side::Sided,
    values::{likeness, meaning},
};

/// Receiver, request, field and direction.
type Key<'a> = (&'a str, &'a str, &'a str, Direction);
/// Which cases are alike: the same number.
type Division = Vec<Option<u32>>;
/// The series of each case, where it has one and it is constant; a second one ends that.
type Row<'a> = Vec<Option<Constant<'a>>>;

#[derive(Clone, Copy)]
enum Constant<'a> {
    Is(&'a FieldValue, u64),
    IsNot,
}

/// What divides the cases, the values most worth a look first; and how many are not listed.
pub(crate) fn fields(sides: &[Sided], kinship: Kinship) -> (Vec<ComparedField>, u64) {
    let sources = sources(sides);
    let known = known(sides);
    let rows = rows(sides).into_iter().filter(|(_, row)| {
        row.iter().flatten().count() > 1 && row.iter().flatten().all(|one| matches!(one, Constant::Is(..)))
    });
    let mut fields: Vec<_> = rows
        .map(|(key, row)| {
            let known = known.get(&(key.0, key.2)).cloned().unwrap_or_default();
            field(key, &row, kinship, &sources, known)
        })
        .collect();
    fields.sort_by_key(|field| (rank(field), std::cmp::Reverse(shortest(field))));
    let dropped = fields.len().saturating_sub(LISTED) as u64;
    fields.truncate(LISTED);
    (fields, dropped)
}

fn rows<'a>(sides: &[Sided<'a>]) -> BTreeMap<Key<'a>, Row<'a>> {
    let mut rows: BTreeMap<Key, Row> = BTreeMap::new();
    for (place, side) in sides.iter().enumerate() {
        for series in side.case.fields.iter().filter(|series| !is_address(series)) {
            let key = (
                side.receiver(series.endpoint),
                series.request.as_str(),
                series.field.as_str(),
                series.direction,
            );
            let row = rows.entry(key).or_insert_with(|| vec![None; sides.len()]);
            if let Some(own) = row.get_mut(place) {
                *own = Some(with(*own, series));
            }
        }
    }
    rows
}

/// Whether it is a part of the request's own address: where that is the same, so is its part.
fn is_address(series: &FieldSeries) -> bool {
    let part = |value: &FieldValue| series.request.split(['/', ' ']).any(|part| part == value.text);
    series.constant().is_some_and(part)
}

/// The same field at another endpoint of the receiver, or under another protection, must hold the same value.
fn with<'a>(own: Option<Constant<'a>>, series: &'a FieldSeries) -> Constant<'a> {
    match (own, series.constant()) {
        (None, Some(value)) => Constant::Is(value, series.messages),
        (Some(Constant::Is(before, messages)), Some(value)) if before.sha256 == value.sha256 => {
            Constant::Is(before, messages.saturating_add(series.messages))
        }
        _ => Constant::IsNot,
    }
}

fn field(
    (receiver, request, name, direction): Key,
    row: &Row,
    kinship: Kinship,
    sources: &[(String, Division)],
    known_as: Vec<IdentifierKind>,
) -> ComparedField {
    let digest = |one: &Option<Constant>| match one {
        Some(Constant::Is(value, _)) => BTreeSet::from([value.sha256.clone()]),
        _ => BTreeSet::new(),
    };
    let sets: Vec<BTreeSet<String>> = row.iter().map(digest).collect();
    let likeness = likeness(&sets);
    let groups = division(&sets);
    let divided = likeness != Likeness::Identical;
    let alike = |source: &&(String, Division)| divided && same(&source.1, &groups);
    let moves_with: Vec<String> = sources.iter().filter(alike).map(|(name, _)| name.clone()).collect();
    ComparedField {
        receiver: receiver.to_owned(),
        request: request.to_owned(),
        field: name.to_owned(),
        direction,
        values: row
            .iter()
            .map(|one| match one {
                Some(Constant::Is(value, _)) => Some(value.text.chars().take(CHARACTERS).collect()),
                _ => None,
            })
            .collect(),
        messages: row
            .iter()
            .map(|one| if let Some(Constant::Is(_, count)) = one { *count } else { 0 })
            .collect(),
        meaning: words_of(likeness, kinship, &moves_with),
        groups,
        likeness,
        moves_with,
        known_as,
    }
}

fn words_of(likeness: Likeness, kinship: Kinship, moves: &[String]) -> String {
    let mut text = meaning(likeness, kinship).to_owned();
    match moves {
        [] => {}
        [one] => text.push_str(&format!(" It moves with the {one} and with nothing else that is known.")),
        many => text.push_str(&format!(
            " It moves with the {}; these cases cannot tell which of them it is made from.",
            prose::list(many)
        )),
    }
    text
}

/// What is known to divide the cases: the values of the profiles that were seen, the facts of the builds.
fn sources(sides: &[Sided]) -> Vec<(String, Division)> {
    let mut told: BTreeMap<String, Vec<BTreeSet<String>>> = BTreeMap::new();
    for (place, side) in sides.iter().enumerate() {
        let mut add = |name: String, value: &str| {
            let values = told.entry(name).or_insert_with(|| vec![BTreeSet::new(); sides.len()]);
            if let Some(own) = values.get_mut(place) {
                own.insert(value.to_owned());
            }
        };
        let own = |group: &&SightingGroup| group.key.grade > Grade::Shaped && !group.key.kind.is_plural();
        for key in side.case.sightings.iter().filter(own).map(|group| &group.key) {
            add(key.kind.words().to_owned(), &key.value);
        }
        for (what, value) in &side.side.build {
            add(format!("build's {what}"), value);
        }
    }
    let divisions = told.into_iter().map(|(name, sets)| (name, division(&sets)));
    // What is alike everywhere, or was seen in one case only, explains nothing.
    let divides = |division: &Division| division.iter().flatten().collect::<BTreeSet<_>>().len() > 1;
    divisions.filter(|(_, division)| divides(division)).collect()
}

/// Numbers the different sets from 0, in the order of the cases; none where a case has none.
fn division(sets: &[BTreeSet<String>]) -> Division {
    let mut numbers: BTreeMap<&BTreeSet<String>, u32> = BTreeMap::new();
    let mut number = |set| {
        let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
        *numbers.entry(set).or_insert(next)
    };
    sets.iter().map(|set| (!set.is_empty()).then(|| number(set))).collect()
}

/// Whether two divisions part those cases alike that both know: at least as many as the second one knows.
fn same(source: &Division, groups: &Division) -> bool {
    let pairs: BTreeSet<_> = source.iter().zip(groups).filter(|(_, group)| group.is_some()).collect();
    let sources: BTreeSet<_> = pairs.iter().map(|(source, _)| *source).collect();
    let groups: BTreeSet<_> = pairs.iter().map(|(_, group)| *group).collect();
    !sources.contains(&None) && pairs.len() == sources.len() && pairs.len() == groups.len()
}

/// What a search found in the field of a receiver.
fn known<'a>(sides: &[Sided<'a>]) -> BTreeMap<(&'a str, &'a str), Vec<IdentifierKind>> {
    let mut known: BTreeMap<(&str, &str), Vec<IdentifierKind>> = BTreeMap::new();
    for side in sides {
        for key in side.case.sightings.iter().map(|group| &group.key).filter(|key| !key.field.is_empty()) {
            let kinds = known.entry((side.receiver(key.endpoint), key.field.as_str())).or_default();
            if !kinds.contains(&key.kind) {
                kinds.push(key.kind);
            }
        }
    }
    known
}

/// What tells cases apart and nobody has recognised comes first; what is alike comes last.
fn rank(field: &ComparedField) -> (bool, bool, Likeness) {
    (field.likeness == Likeness::Identical, !field.known_as.is_empty(), field.likeness)
}

fn shortest(field: &ComparedField) -> usize {
    field.values.iter().flatten().map(String::len).min().unwrap_or(0)
}

/// How many fields are listed.
const LISTED: usize = 500;
/// How much of a value is shown.
const CHARACTERS: usize = 256;
