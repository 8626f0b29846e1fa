//! Weak protection undone: values that nobody could read are tried with what an investigator holds.
//!
//! When all is merged, the [diary](crate::diary) has the first values of every field. Each that is no plain text is
//! given to [`unmask`]: as a digest of a value of the profile (with salts from the same message), as a scramble, as
//! the output of a cipher whose key is within reach. What comes out is a sighting like any other, with a trail that
//! ends in one step more; what stays closed is named by what it looks like. All of it is counted, never timed: what
//! was not tried for want of budget is in the ledger.
//!
//! The same field of the same request to hosts of one domain is made by the same code: a [family](family), of which a
//! few values are tried for all. Families share the budget equally and are tried on all cores.

mod context;
mod digests;
mod family;
mod purse;
mod sightings;

use std::{
    collections::{BTreeMap, BTreeSet},
    num::NonZeroUsize,
};

use evidence::{
    Carrier, Content, EndpointId, Evidence, ExchangeId, Fate, Form, Grade, Hashed, IdentifierKind,
    Protection, Relation, Security, Seen, SightingGroup, SightingKey, Step,
};
use unmask::{How, Opened};

pub(crate) use self::digests::agrees;
use self::{context::Known, family::families, purse::Purse};
use crate::{
    apps::{Constants, Held, Readers, constants},
    cores::in_parallel,
    diary::Whom,
    examine::Wanted,
    gather::{Shown, Times},
    merge::Merged,
    packed::PackedEvidence,
};

/// How much may be tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effort {
    /// Digests of the profile's values, over the whole case.
    pub digests: u64,
    /// Bytes that ciphers may decrypt, over the whole case; scrambles, which are quicker, may work on eight times as many.
    pub bytes: u64,
}

impl Effort {
    /// So much that an audit waits a few seconds at most: in millions of digests and of bytes.
    pub const USUAL: u64 = 20;

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
    pub(crate) digests: BTreeMap<(IdentifierKind, String, Form), Vec<Hashed>>,
    /// Fields that were judged.
    pub(crate) fields: Fields,
    /// What the apps' code told of who reads identifiers, where it was read.
    pub(crate) readers: Readers,
}

impl Unmasked {
    /// Notes how a digest was made: of one value in one form, each message may have a salt of its own.
    fn note(&mut self, key: (IdentifierKind, String, Form), how: Hashed) {
        let hows = self.digests.entry(key).or_default();
        let same = |known: &Hashed| (&known.spelling, &known.salt) == (&how.spelling, &how.salt);
        if hows.len() < HOWS && !hows.iter().any(same) {
            hows.push(how);
        }
    }
}

/// Fields that were judged, by receiver and request, and by the field's [address](Address).
pub(crate) type Fields = BTreeMap<(Whom, Address), Judged>;

/// The part of the message that a field stands in, and its path there: parts of a path have none, and a body neither.
pub(crate) type Address = (Carrier, String);

/// A field that could not be read as it stands.
#[derive(Debug)]
pub(crate) struct Judged {
    /// The kind of protection, in words, and what it means.
    pub(crate) class: String,
    pub(crate) meaning: String,
    /// How it was opened.
    pub(crate) how: Option<How>,
}

impl Judged {
    /// Whether it was opened.
    pub(crate) fn is_opened(&self) -> bool {
        self.how.is_some()
    }
}

/// Tries what stands in the book, also with what the code of `apps` has, and adds what comes out to the sightings.
pub(crate) fn unmask(
    merged: &mut Merged,
    wanted: &Wanted,
    apps: &Held<'_>,
    (effort, workers): (Effort, NonZeroUsize),
) -> Unmasked {
    let families = families(&merged.book);
    // Reading all of an app's code takes long: not where there is nothing to open.
    let asked = (!families.is_empty()).then(|| constants(apps, workers));
    let Constants { kept, more, readers } = asked.unwrap_or_default();
    let known = Known::of(wanted, (kept, more));
    let share = Purse::share(effort, families.len());
    let (digests, cut) = digests::prove(&known, &families, (effort.digests, workers));
    let families: Vec<_> = families.into_iter().zip(digests).collect();
    let tried =
        in_parallel(&families, workers, |(family, digests)| family.tried(&known, digests, share.clone()));
    let mut unmasked = Unmasked { readers, ..Unmasked::default() };
    let (mut found, mut purse) = (Vec::new(), Purse::empty());
    for tried in tried {
        for (key, how) in tried.digests {
            unmasked.note(key, how);
        }
        unmasked.fields.extend(tried.fields);
        found.extend(tried.found);
        purse.add(&tried.purse);
    }
    let own = own_making(merged, &unmasked);
    for (sighting, times) in unseen(merged, found) {
        merged.totals.sightings += sighting.count;
        merged.sightings.push(sighting);
        merged.times.push(times);
    }
    for (endpoint, shown) in own {
        let Some(protections) = merged.protections.get_mut(endpoint.0 as usize) else { continue };
        let protection =
            Protection { security: Security::Clear, content: Content::Unreadable, label: String::new() };
        protections.add(protection, shown);
    }
    let cut = (cut > 0).then(|| ("those for which not every digest was tried".to_owned(), cut));
    for (what, count) in purse.untried().chain(cut).chain(known.untried()) {
        let reason = format!("hidden values: {what}");
        merged.ledger.add_pieces(Fate::OverLimit, &reason, 0, count);
    }
    unmasked
}

/// Bytes of a message in which the search has seen a digest of a value.
type Place<'m> = (IdentifierKind, &'m str, EndpointId, ExchangeId, &'m str);

/// Where a digest stands in its messages, by its first proofs.
fn places(group: &SightingGroup) -> impl Iterator<Item = Place<'_>> {
    let key = &group.key;
    let digests = group.proofs.iter().filter(|_| key.grade == Grade::Derived);
    digests.map(|proof| (key.kind, key.value.as_str(), key.endpoint, proof.exchange, proof.found.as_str()))
}

/// A message in which a plain digest of a value stands, and its function.
type Plain<'m> = (IdentifierKind, &'m str, EndpointId, ExchangeId, &'m str);

/// The plain digests that the search has seen, by their functions: `sha1/base64`, `digits[..14]/md5[..8]/hex`.
fn plain_digests(group: &SightingGroup) -> impl Iterator<Item = Plain<'_>> {
    let key = &group.key;
    let steps = key.form.0.split('/').map(|step| step.split('[').next().unwrap_or(step));
    let steps: Vec<&str> = steps.filter(|_| key.grade == Grade::Derived).collect();
    group.proofs.iter().flat_map(move |proof| {
        let of = |step| (key.kind, key.value.as_str(), key.endpoint, proof.exchange, step);
        steps.clone().into_iter().map(of)
    })
}

/// The same of a digest that was proved, where no salt went into it: `sha1(value)/base64`.
fn unsalted(group: &SightingGroup) -> impl Iterator<Item = Plain<'_>> {
    let key = &group.key;
    let name = key.form.0.split('/').find_map(|step| Some(step.split_once("(value)")?.0));
    let name = name.filter(|name| !name.contains('('));
    group
        .proofs
        .iter()
        .filter_map(move |proof| Some((key.kind, key.value.as_str(), key.endpoint, proof.exchange, name?)))
}

/// A field of a message in which the search has read a value, also one written backwards.
type Field<'m> = (IdentifierKind, &'m str, EndpointId, ExchangeId, Carrier, &'m str);

/// Where a value stands in its messages, by its first proofs and the names of its field up to a dot.
fn fields_around(group: &SightingGroup) -> impl Iterator<Item = Field<'_>> {
    let key = &group.key;
    let names = key.field.match_indices('.').filter_map(|(dot, _)| key.field.get(..dot));
    let names: Vec<&str> = names.chain([&*key.field, ""]).collect();
    group.proofs.iter().flat_map(move |proof| {
        let field = |name| (key.kind, key.value.as_str(), key.endpoint, proof.exchange, key.carrier, name);
        names.clone().into_iter().map(field)
    })
}

/// Without what the search has seen in the same bytes, or read in the same field: one sighting is not told as two.
fn unseen(merged: &Merged, found: Vec<(SightingGroup, Times)>) -> Vec<(SightingGroup, Times)> {
    let seen: BTreeSet<Place<'_>> = merged.sightings.iter().flat_map(places).collect();
    let known = merged.sightings.iter().filter(|group| group.key.grade == Grade::Known);
    let read: BTreeSet<Field<'_>> = known
        .flat_map(|group| {
            let key = &group.key;
            let field = |proof: &evidence::Occurrence| {
                (key.kind, key.value.as_str(), key.endpoint, proof.exchange, key.carrier, key.field.as_str())
            };
            group.proofs.iter().map(field)
        })
        .collect();
    let plain: BTreeSet<Plain<'_>> = merged.sightings.iter().flat_map(plain_digests).collect();
    let is_seen = |group: &SightingGroup| match group.key.grade {
        Grade::Derived => {
            let mut unsalted = unsalted(group).peekable();
            places(group).all(|place| seen.contains(&place))
                || unsalted.peek().is_some() && unsalted.all(|digest| plain.contains(&digest))
        }
        Grade::Known => fields_around(group).any(|field| read.contains(&field)),
        Grade::Shaped => false,
    };
    one_of_each(found).filter(|(group, _)| !is_seen(group)).collect()
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

/// Where a field of clear messages hid what was read by force, or will be by somebody: encryption of somebody's own. What
/// the search has read as it stands is none.
fn own_making(merged: &Merged, unmasked: &Unmasked) -> Vec<(EndpointId, Shown)> {
    let known = merged.sightings.iter().filter(|group| group.key.grade == Grade::Known);
    let known = known.map(|group| (&group.key, group.count));
    let mut read = BTreeMap::new();
    for (key, count) in known {
        let most = read.entry((key.endpoint, key.carrier, key.field.as_str())).or_insert(0_u64);
        *most = count.max(*most);
    }
    let weak =
        unmasked.fields.iter().filter(|(_, judged)| judged.is_opened() || judged.class.starts_with("weakly"));
    let shown = weak.filter_map(|((whom, address), _)| {
        let entry = merged.book.entries.get(whom).filter(|entry| entry.series.clear)?;
        let field = entry.series.fields.values().find(|field| field.leaf && field.address() == *address)?;
        let seen = |endpoint: &EndpointId| read.get(&(*endpoint, address.0, &*address.1)).copied();
        // What is plain in some messages may be hidden in the others.
        if entry.endpoints.iter().filter_map(seen).sum::<u64>() >= field.messages {
            return None;
        }
        let name = if address.1.is_empty() { "body" } else { &*address.1 };
        let words = format!("the field {name}, as it was sent");
        let occurrence = field.proof.as_ref().map(|(_, proof)| proof.occurrence())?;
        let proofs = vec![PackedEvidence::new(Evidence { relation: Relation::Value, words, occurrence })];
        let (first, last) = (entry.series.first?, entry.series.last);
        let bytes = field.length.1.saturating_mul(field.messages);
        let seen = Seen { messages: field.messages, bytes, first, last };
        let device = entry.devices.first().and_then(|device| device.parse().ok());
        Some((*entry.endpoints.first()?, Shown { seen, proofs, device }))
    });
    shown.collect()
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
    let how: How = serde_json::from_str(how).ok()?;
    Some((how.recipe(), how.to_string()))
}

/// Salts told of one value in one form.
const HOWS: usize = 64;
