//! Weak protection undone: values that nobody could read are tried with what an investigator holds.
//!
//! When all is merged, the [diary](crate::diary) has the first values of every field. Each that is no plain text is
//! given to [`unmask`]: as a digest of a value of the profile (with salts from the same message), as a scramble, as
//! the output of a cipher whose key is within reach. What comes out is a sighting like any other, with a trail that
//! ends in one step more; what stays closed is named by what it looks like. All of it is counted, never timed: what
//! was not tried for want of budget is in the ledger.

mod context;
mod digests;
mod sightings;

use std::collections::BTreeMap;

use evidence::{
    Content, EndpointId, Evidence, Fate, Form, Hashed, IdentifierKind, Protection, Relation, Security, Seen,
    SightingGroup, SightingKey, Step,
};
use unmask::{Opened, triage};

use self::context::Known;
pub(crate) use self::digests::agrees;
use crate::{
    diary::{BookEntry, FieldNotes, Whom, is_closed},
    examine::Wanted,
    gather::{Shown, Times},
    merge::Merged,
};

/// How much may be tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effort {
    /// Digests of the profile's values, over the whole case.
    pub digests: u64,
    /// Bytes that scrambles and ciphers may work on, over the whole case.
    pub bytes: u64,
}

impl Effort {
    /// So much that an audit waits a few seconds at most: in millions of digests and of bytes.
    pub const USUAL: u64 = 50;

    /// An effort of so many millions.
    pub fn of(millions: u64) -> Self {
        let count = millions.saturating_mul(1_000_000);
        Self { digests: count, bytes: count.saturating_mul(4) }
    }
}

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Unmasked {
    /// How digests were made, by the value they are of and their form.
    pub(crate) digests: BTreeMap<(IdentifierKind, String, Form), Hashed>,
    /// Fields that were judged.
    pub(crate) fields: Fields,
}

/// Fields that were judged, by receiver and request, and by the field's path.
pub(crate) type Fields = BTreeMap<(Whom, String), Judged>;

/// A field that could not be read as it stands.
#[derive(Debug)]
pub(crate) struct Judged {
    /// The kind of protection, in words, and what it means.
    pub(crate) class: String,
    pub(crate) meaning: String,
    /// Whether it was opened.
    pub(crate) opened: bool,
}

/// Tries what stands in the book, and adds what comes out to the sightings.
pub(crate) fn unmask(merged: &mut Merged, wanted: &Wanted, effort: Effort) -> Unmasked {
    let mut unmasked = Unmasked::default();
    let mut known = Known::of(wanted, effort);
    let mut found = Vec::new();
    for (key, entry) in &merged.book.entries {
        for field in entry.series.fields.values().filter(|field| field.leaf) {
            let Some(first) = field.samples.values().next().filter(|first| is_closed(first)) else {
                continue;
            };
            let mut way = Way::Untried;
            for (at, proof) in &field.shown {
                let Some(value) = field.samples.get(at) else { continue };
                let place = sightings::Place { entry, field, proof, time: at.0 };
                way = try_one(&mut known, (&place, value), way, (&mut unmasked, &mut found));
            }
            let judged = judge(&known, entry, field, (first, &way));
            unmasked.fields.extend(judged.map(|judged| ((key.clone(), field.path.clone()), judged)));
        }
    }
    for (sighting, times) in one_of_each(found) {
        merged.totals.sightings += sighting.count;
        merged.sightings.push(sighting);
        merged.times.push(times);
    }
    for (endpoint, shown) in own_making(merged, &unmasked) {
        let Some(protections) = merged.protections.get_mut(endpoint.0 as usize) else { continue };
        let protection =
            Protection { security: Security::Clear, content: Content::Unreadable, label: String::new() };
        protections.entry(protection).or_default().merge(shown);
    }
    for (what, count) in known.untried() {
        let reason = format!("values not tried to be opened: {what}");
        merged.ledger.add_pieces(Fate::OverLimit, &reason, 0, count);
    }
    unmasked
}

/// Sightings with the same key are one group.
fn one_of_each(found: Vec<(SightingGroup, Times)>) -> impl Iterator<Item = (SightingGroup, Times)> {
    let mut groups: BTreeMap<SightingKey, (SightingGroup, Times)> = BTreeMap::new();
    for (group, times) in found {
        match groups.get_mut(&group.key) {
            Some((known, earlier)) => {
                known.merge(group);
                earlier.merge(times);
            }
            None => drop(groups.insert(group.key.clone(), (group, times))),
        }
    }
    groups.into_values()
}

/// Where a field of clear messages hid what was read by force, or will be by somebody: encryption of somebody's own.
fn own_making(merged: &Merged, unmasked: &Unmasked) -> Vec<(EndpointId, Shown)> {
    let weak =
        unmasked.fields.iter().filter(|(_, judged)| judged.opened || judged.class.starts_with("weakly"));
    let shown = weak.filter_map(|((whom, path), _)| {
        let entry = merged.book.entries.get(whom).filter(|entry| entry.series.clear)?;
        let field = entry.series.fields.values().find(|field| field.leaf && field.path == *path)?;
        let words = format!("the field {path}, as it was sent");
        let occurrence = field.proof.as_ref().map(|(_, proof)| proof.clone())?;
        let proofs = vec![Evidence { relation: Relation::Value, words, occurrence }];
        let (first, last) = (entry.series.first?, entry.series.last);
        let bytes = field.length.1.saturating_mul(field.messages);
        let seen = Seen { messages: field.messages, bytes, first, last };
        Some((*entry.endpoints.first()?, Shown { seen, proofs }))
    });
    shown.collect()
}

/// What became of the values of a field so far.
enum Way {
    Untried,
    /// Nothing was found; others of the field are tried no more than once.
    Closed(u8),
    /// They are digests.
    Digests,
    /// They were opened; the first one shows how.
    Opened(Box<Opened>),
}

/// Tries one value of a field.
fn try_one(
    known: &mut Known<'_>,
    (place, value): (&sightings::Place<'_>, &[u8]),
    way: Way,
    (unmasked, found): (&mut Unmasked, &mut Vec<(SightingGroup, Times)>),
) -> Way {
    let fields = known.fields_beside(place.entry, place.field, place.proof.exchange);
    if matches!(way, Way::Untried | Way::Digests)
        && let Some(digest) = digests::prove(known, place, value, &fields)
    {
        unmasked.digests.insert(digest.key(), digest.how.clone());
        found.push(digest.sighting(place));
        return Way::Digests;
    }
    match way {
        Way::Digests => return way,
        Way::Closed(tried) if tried >= TRIED => return way,
        _ => {}
    }
    let opened = known.open(value, &fields, place.time);
    for opened in &opened {
        found.extend(sightings::of(known.wanted, place, opened));
    }
    match (opened.into_iter().next(), way) {
        (_, way @ Way::Opened(_)) => way,
        (Some(opened), _) => Way::Opened(Box::new(opened)),
        (None, Way::Closed(tried)) => Way::Closed(tried.saturating_add(1)),
        (None, _) => Way::Closed(1),
    }
}

/// Names what stayed closed, and what was opened.
fn judge(
    known: &Known<'_>,
    entry: &BookEntry,
    field: &FieldNotes,
    (value, way): (&[u8], &Way),
) -> Option<Judged> {
    let opened = match way {
        Way::Digests => return None,
        Way::Opened(opened) => std::slice::from_ref(&**opened),
        Way::Closed(_) | Way::Untried => &[],
    };
    let mut samples = triage::Samples::default();
    let counter = entry.series.counter(field);
    for ((time, exchange, _), value) in &field.samples {
        let beside = counter.and_then(|counter| counter.number_in(*exchange));
        samples.add(*time, value, beside);
    }
    let triage = known.triage(value, opened, &samples);
    let closed = !matches!(triage.class, triage::Class::Encoded | triage::Class::NotProtected);
    closed.then(|| Judged {
        class: class_name(triage.class).to_owned(),
        meaning: format!("{}: {}", capital(triage.class.words()), triage.reasons.join("; ")),
        opened: !opened.is_empty(),
    })
}

fn class_name(class: triage::Class) -> &'static str {
    match class {
        triage::Class::Encoded => "encoded",
        triage::Class::NotProtected => "not protected",
        triage::Class::Scrambled => "scrambled",
        triage::Class::Strong => "strong",
        triage::Class::Undecidable => "undecidable",
        triage::Class::WeakBroken => "weakly encrypted, broken",
        triage::Class::WeakNotBroken => "weakly encrypted, not broken",
    }
}

/// Words that begin a sentence.
pub(crate) fn capital(words: &str) -> String {
    let mut chars = words.chars();
    chars.next().map_or(String::new(), |first| first.to_uppercase().chain(chars).collect())
}

/// A way, as a step of a trail.
fn step(opened: &Opened) -> Step {
    // Plain data with text keys: writing it cannot fail.
    Step::Unmask(serde_json::to_string(&opened.how).unwrap_or_default())
}

/// What a step of that kind makes of its input.
pub(crate) fn replay(how: &str, input: &[u8]) -> Option<Vec<u8>> {
    unmask::apply(&serde_json::from_str(how).ok()?, input)
}

/// The shell commands that do the same, and the way in words.
pub(crate) fn recipe(how: &str) -> Option<(String, String)> {
    let how: unmask::How = serde_json::from_str(how).ok()?;
    Some((how.recipe(), how.to_string()))
}

/// Values of a field that are tried before it is called closed: the key of the first may be out of reach by accident.
const TRIED: u8 = 2;
