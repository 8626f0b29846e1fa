//! Digests of the profile's values: salted, keyed, nested and cut ones, which no search for fixed bytes finds.

use evidence::{Form, Grade, Hashed, IdentifierKind, SightingGroup};
use unmask::hashed::{self, Ended, Match};

use super::{
    context::{Beside, Known},
    purse::Purse,
    sightings::Place,
};
use crate::gather::Times;

/// A field whose value is a digest.
pub(super) struct Digest {
    kind: IdentifierKind,
    value: String,
    label: String,
    form: Form,
    pub(super) how: Hashed,
}

/// Whether a value is a digest of something known.
pub(super) fn prove(
    known: &Known<'_>,
    purse: &mut Purse,
    (place, value): (&Place<'_>, &[u8]),
    fields: &[Beside<'_>],
) -> Option<Digest> {
    if known.candidates.is_empty() || !SIZES.contains(&value.len()) {
        return None;
    }
    let salts = known.salts(fields, place.entry, place.time);
    let mut budget = hashed::Budget::new(ONE.min(purse.digests.left()));
    let before = budget.left();
    let proof = hashed::prove(value, &known.candidates, &salts, &mut budget);
    purse.digests.take(before - budget.left());
    purse.cut += u64::from(proof.ended == Ended::OutOfBudget);
    let found = proof.matches.into_iter().next()?;
    let value = known.wanted.profile.values().get(*known.values.get(found.candidate)?)?;
    Some(Digest {
        kind: value.kind,
        value: value.canonical.clone(),
        label: value.label.clone(),
        form: found.form(),
        how: hashed_by(&found),
    })
}

fn hashed_by(found: &Match) -> Hashed {
    let salt = found.salt.as_ref();
    Hashed {
        form: found.form(),
        spelling: String::from_utf8_lossy(&found.spelling.bytes).into_owned(),
        salt: salt.map(|salt| evidence::HexBytes(salt.bytes.clone())),
        salt_from: salt.map(|salt| salt.words()).unwrap_or_default(),
        tries: found.tries,
        chance: format!("{:.1e}", found.chance),
    }
}

impl Digest {
    pub(super) fn key(&self) -> (IdentifierKind, String, Form) {
        (self.kind, self.value.clone(), self.form.clone())
    }

    /// The field's proof, as a sighting of the value.
    pub(super) fn sighting(&self, place: &Place<'_>) -> (SightingGroup, Times) {
        let named = (self.kind, self.value.clone(), self.label.clone());
        let key = place.sighting_key(named, (Grade::Derived, self.form.clone()), Vec::new());
        place.group(key, place.proof.clone())
    }
}

/// Whether a digest is of the value that a finding says, made as it says: for whoever runs the proof again.
pub(crate) fn agrees(kind: IdentifierKind, how: &Hashed, digest: &[u8]) -> Option<Match> {
    let spelling = hashed::Spelling { name: String::new(), bytes: how.spelling.clone().into_bytes() };
    let salt = how.salt.as_ref().map(|salt| hashed::Salt {
        bytes: salt.0.clone(),
        origin: hashed::Origin::MessageField(String::new()),
    });
    let candidates = [hashed::Candidate { kind, spellings: vec![spelling] }];
    let salts: Vec<_> = salt.into_iter().collect();
    let proof = hashed::prove(digest, &candidates, &salts, &mut hashed::Budget::new(ONE));
    proof.matches.into_iter().chain(proof.doubtful).next()
}

/// Lengths of digests as text and as bytes: 8 to 64 bytes in hex, in base64, and as they are; UUIDs.
const SIZES: [usize; 24] =
    [8, 10, 11, 12, 16, 20, 22, 24, 27, 28, 32, 36, 38, 40, 43, 44, 48, 56, 64, 66, 86, 88, 96, 128];
/// Digests that may be made for one value.
const ONE: u64 = 500_000;
