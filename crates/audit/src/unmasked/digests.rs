//! Digests of the profile's values: salted, keyed, nested and cut ones, which no search for fixed bytes finds.

use std::{collections::BTreeMap, num::NonZeroUsize};

use evidence::{Form, Grade, Hashed, IdentifierKind, SightingGroup};
use unmask::hashed::{self, Candidate, Ended, Match, Origin, Salt, Wanted};

use super::{context::Known, family::Family, sightings::Place};
use crate::{cores::in_parallel, gather::Times};

/// A field whose value is a digest.
pub(super) struct Digest {
    kind: IdentifierKind,
    value: String,
    label: String,
    form: Form,
    pub(super) how: Hashed,
}

/// The digests among the values of a family, by the number of the member and of the value. One of two values of the phone
/// together is of both.
pub(super) type Digests = BTreeMap<(usize, usize), Vec<Digest>>;

/// A value that may be a digest, and the numbers of its family, its member and itself.
struct Suspect<'a> {
    place: (usize, usize, usize),
    value: &'a [u8],
    salts: Vec<Salt>,
}

/// The digests among the values of families, and for how many values the budget did not last.
///
/// All are tried with the salts that everybody uses, the first few of each family with what stands beside them as well.
/// Where that shows how the family's digests are made, the others are tried with what stands beside them.
pub(super) fn prove(
    known: &Known<'_>,
    families: &[Family<'_>],
    (digests, workers): (u64, NonZeroUsize),
) -> (Vec<Digests>, u64) {
    let mut found: Vec<Digests> = families.iter().map(|_| Digests::new()).collect();
    let mut cut = 0;
    let all = suspects(known, families, |_, before| before < PROBES);
    cut += prove_suspects(known, &all, (digests - digests / 4, workers), &mut found);
    let told: Vec<bool> = found
        .iter()
        .map(|digests| digests.values().flatten().any(|digest| digest.how.salt.is_some()))
        .collect();
    let mut rest =
        suspects(known, families, |family, before| told.get(family) == Some(&true) && before >= PROBES);
    rest.retain(|suspect| !suspect.salts.is_empty());
    cut += prove_suspects(known, &rest, (digests / 4, workers), &mut found);
    (found, cut)
}

/// The values that are as long as digests. `is_salted` says of a family, and of how many of its values came before,
/// whether the salts of its message are tried.
fn suspects<'a>(
    known: &Known<'_>,
    families: &'a [Family<'a>],
    is_salted: impl Fn(usize, usize) -> bool,
) -> Vec<Suspect<'a>> {
    let mut suspects = Vec::new();
    for (number, family) in families.iter().enumerate() {
        let mut before = 0;
        for (member, of) in family.members.iter().enumerate() {
            for (at, (place, value)) in of.values.iter().enumerate() {
                if !SIZES.contains(&value.len()) || hashed::is_plain(value) {
                    continue;
                }
                let salts = is_salted(number, before).then(|| {
                    let (beside, _) = known.fields_beside(of.entry, of.field, place.proof.exchange);
                    known.salts(&beside, of.entry, place.time)
                });
                before += 1;
                suspects.push(Suspect {
                    place: (number, member, at),
                    value,
                    salts: salts.unwrap_or_default(),
                });
            }
        }
    }
    suspects
}

/// Adds those that are digests to `found`, and says for how many the budget did not last.
fn prove_suspects(
    known: &Known<'_>,
    suspects: &[Suspect<'_>],
    (digests, workers): (u64, NonZeroUsize),
    found: &mut [Digests],
) -> u64 {
    if suspects.is_empty() || known.candidates.is_empty() {
        return 0;
    }
    // As many as there always are, so that it does not matter how many workers there are.
    let lots: Vec<&[Suspect<'_>]> = suspects.chunks(suspects.len().div_ceil(LOTS)).collect();
    let share = digests / u64::try_from(lots.len()).unwrap_or(1);
    let proved = in_parallel(&lots, workers, |lot| {
        let wanted: Vec<_> =
            lot.iter().map(|suspect| Wanted { value: suspect.value, salts: &suspect.salts }).collect();
        hashed::prove_all(&wanted, &known.candidates, &known.common, &mut hashed::Budget::new(share))
    });
    let mut cut = 0;
    for (suspect, proof) in suspects.iter().zip(proved.into_iter().flatten()) {
        cut += u64::from(proof.ended == Ended::OutOfBudget);
        let Some(first) = proof.matches.first() else { continue };
        let other = other_of(known, suspect.value, first);
        let of_it: Vec<Digest> = [Some(first), other.as_ref()]
            .into_iter()
            .flatten()
            .filter_map(|one| digest(known, one))
            .collect();
        let (family, member, at) = suspect.place;
        if let Some(digests) = found.get_mut(family).filter(|_| !of_it.is_empty()) {
            digests.insert((member, at), of_it);
        }
    }
    cut
}

/// Where the salt is another value of the phone, the same digest as one of that value.
fn other_of(known: &Known<'_>, value: &[u8], found: &Match) -> Option<Match> {
    let salt = found.salt.as_ref().filter(|salt| matches!(salt.origin, Origin::DeviceValue(_)))?;
    let first =
        |candidate: &Candidate| candidate.spellings.first().is_some_and(|first| first.bytes == salt.bytes);
    let place = known.candidates.iter().position(first)?;
    let label = known.wanted.profile.values().get(*known.values.get(found.candidate)?)?.label.clone();
    let own = Salt { bytes: found.spelling.bytes.clone(), origin: Origin::DeviceValue(label) };
    let candidate = known.candidates.get(place)?.clone();
    let proof = hashed::prove(value, &[candidate], &[own], &mut hashed::Budget::new(ONE));
    let other = proof.matches.into_iter().next()?;
    Some(Match { candidate: place, ..other })
}

fn digest(known: &Known<'_>, found: &Match) -> Option<Digest> {
    let value = known.wanted.profile.values().get(*known.values.get(found.candidate)?)?;
    Some(Digest {
        kind: value.kind,
        value: value.canonical.clone(),
        label: value.label.clone(),
        form: found.form(),
        how: hashed_by(found),
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
        place.group(key, place.proof.occurrence())
    }
}

/// Whether a digest is of the value that a finding says, made as it says: for whoever runs the proof again.
pub(crate) fn agrees(kind: IdentifierKind, how: &Hashed, digest: &[u8]) -> Option<Match> {
    let spelling = hashed::Spelling { name: String::new(), bytes: how.spelling.clone().into_bytes() };
    let beside = || Origin::MessageField(String::new());
    let two = how.form.0.contains("salt2");
    let origin = if two { Origin::Two(Box::new((beside(), beside()))) } else { beside() };
    let salt = how.salt.as_ref().map(|salt| Salt { bytes: salt.0.clone(), origin });
    let candidates = [hashed::Candidate { kind, spellings: vec![spelling] }];
    let salts: Vec<_> = salt.into_iter().collect();
    let proof = hashed::prove(digest, &candidates, &salts, &mut hashed::Budget::new(ONE));
    proof.matches.into_iter().chain(proof.doubtful).next()
}

/// Lengths of digests as text and as bytes: 8 to 64 bytes in hex, in base64, and as they are; UUIDs.
const SIZES: [usize; 24] =
    [8, 10, 11, 12, 16, 20, 22, 24, 27, 28, 32, 36, 38, 40, 43, 44, 48, 56, 64, 66, 86, 88, 96, 128];
/// Values of a family that are tried with what stands beside them, before it is known whether that helps.
const PROBES: usize = 2;
/// Parts that the values are tried in.
const LOTS: usize = 8;
/// Digests that may be made for one value of which it is known how it was made.
const ONE: u64 = 500_000;
