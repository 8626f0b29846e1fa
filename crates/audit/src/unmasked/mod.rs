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

use evidence::{Fate, Form, Hashed, IdentifierKind, Step};
use unmask::{Opened, triage};

use self::context::Known;
pub(crate) use self::digests::agrees;
use crate::{
    diary::{BookEntry, FieldNotes, Whom},
    examine::Wanted,
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
        for field in entry.series.fields.values().filter(|field| is_closed(field)) {
            let Some((_, proof)) = &field.proof else { continue };
            let Some(value) = field.samples.values().next() else { continue };
            let fields = known.fields_beside(entry, field);
            let place = sightings::Place { entry, field, proof };
            if let Some(digest) = digests::prove(&mut known, &place, value, &fields) {
                unmasked.digests.insert(digest.key(), digest.how.clone());
                found.push(digest.sighting(&place));
                continue;
            }
            let opened = known.open(value, &fields, proof.time);
            for opened in &opened {
                found.extend(sightings::of(wanted, &place, opened));
            }
            let judged = judge(&known, entry, field, (value, &opened));
            unmasked.fields.extend(judged.map(|judged| ((key.clone(), field.path.clone()), judged)));
        }
    }
    for (sighting, times) in found {
        merged.totals.sightings += sighting.count;
        merged.sightings.push(sighting);
        merged.times.push(times);
    }
    for (what, count) in known.untried() {
        let reason = format!("values not tried to be opened: {what}");
        merged.ledger.add_pieces(Fate::OverLimit, &reason, 0, count);
    }
    unmasked
}

/// Whether a field's values may hide something: long enough, and no plain words.
fn is_closed(field: &FieldNotes) -> bool {
    let Some(value) = field.samples.values().next() else { return false };
    field.leaf && value.len() >= SHORTEST && !is_prose(value)
}

/// Whether a value is words, an address or a list for people.
fn is_prose(value: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(value) else { return false };
    let blanks = text.chars().filter(|c| c.is_whitespace()).count();
    text.contains("://") || blanks * 12 >= text.chars().count() || text.starts_with(['{', '[', '<'])
}

/// Names what stayed closed, and what was opened.
fn judge(
    known: &Known<'_>,
    entry: &BookEntry,
    field: &FieldNotes,
    (value, opened): (&[u8], &[Opened]),
) -> Option<Judged> {
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

fn capital(words: &str) -> String {
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

/// The shortest value that is tried, in bytes.
const SHORTEST: usize = 8;
