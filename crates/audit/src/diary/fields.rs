//! The fields of requests: how often each came, with how many different values, and the first of them.

use std::{
    collections::BTreeMap,
    hash::{BuildHasher, Hash, Hasher},
};

use evidence::{ExchangeId, Occurrence, Timestamp};
use foldhash::{HashSet, fast::FixedState};
use payload::{FieldIndex, FieldKind, Name, Tree};

/// A field of one message.
#[derive(Debug)]
pub(crate) struct Looked<'t> {
    pub(crate) index: FieldIndex,
    /// Of its path.
    pub(crate) hash: u64,
    pub(crate) bytes: &'t [u8],
    /// Whether no other field lies in it.
    pub(crate) leaf: bool,
    tree: &'t Tree<'t>,
}

/// What is noted of one field of a series.
#[derive(Clone, Debug)]
pub(crate) struct FieldNotes {
    /// Its names from the outermost inwards, joined by `.`.
    pub(crate) path: String,
    /// The decoders around it.
    pub(crate) encodings: Vec<String>,
    pub(crate) leaf: bool,
    /// How many messages had it.
    pub(crate) messages: u64,
    last: Option<ExchangeId>,
    /// Shortest and longest value, in bytes.
    pub(crate) length: (u64, u64),
    /// Hashes of the different values, as many as are told apart.
    pub(crate) different: HashSet<u64>,
    /// The earliest different values.
    pub(crate) samples: BTreeMap<(Timestamp, ExchangeId), Box<[u8]>>,
    /// Where it came first.
    pub(crate) proof: Option<((Timestamp, ExchangeId), Occurrence)>,
}

/// The fields of a request whose values tell something: of body and query, cookies and an app's own headers.
pub(crate) fn look<'t>(tree: &'t Tree<'t>, kinds: &[FieldKind]) -> Vec<Looked<'t>> {
    let count = tree.fields.len().min(LOOKED);
    let mut hashes: Vec<Option<u64>> = Vec::with_capacity(count);
    let mut leaves = vec![true; count];
    for (index, field) in (0..).zip(tree.fields.iter().take(count)) {
        let parent = field
            .parent
            .and_then(|parent| usize::try_from(parent).ok())
            .filter(|parent| *parent < hashes.len());
        if let Some(leaf) = parent.and_then(|parent| leaves.get_mut(parent)) {
            *leaf = false;
        }
        let around = match parent {
            Some(parent) => hashes.get(parent).copied().flatten(),
            None => kinds.get(hashes.len()).and_then(|kind| root(tree, index, *kind)),
        };
        hashes.push(around.map(|around| named(tree, index, &field.name, around)));
    }
    let told =
        (0..).zip(hashes).zip(leaves).zip(tree.fields.iter()).filter_map(|(((index, hash), leaf), field)| {
            let root = field.parent.is_none()
                && !matches!(
                    kinds.get(index as usize),
                    Some(FieldKind::Body | FieldKind::Cookie | FieldKind::Header | FieldKind::Raw)
                );
            let bytes = tree.value_bytes(index);
            let short = !bytes.is_empty() && bytes.len() <= LONGEST;
            (short && !root).then_some(Looked { index, hash: hash?, bytes, leaf, tree })
        });
    told.collect()
}

/// The hash that a root's fields begin with, where they are looked at.
fn root(tree: &Tree<'_>, index: FieldIndex, kind: FieldKind) -> Option<u64> {
    match kind {
        FieldKind::Header => {
            let name = tree.name(index).to_ascii_lowercase();
            let usual = USUAL.binary_search(&name.as_str()).is_ok();
            (!usual).then_some(3)
        }
        FieldKind::Cookie => Some(2),
        FieldKind::Body | FieldKind::Raw => Some(1),
        FieldKind::Path | FieldKind::Query => Some(4),
        _ => None,
    }
}

fn named(tree: &Tree<'_>, index: FieldIndex, name: &Name, around: u64) -> u64 {
    let mut hasher = FixedState::default().build_hasher();
    around.hash(&mut hasher);
    match name {
        Name::None => return around,
        Name::Index(_) => "[]".hash(&mut hasher),
        Name::Owned(_) | Name::Range(_) => tree.name(index).hash(&mut hasher),
    }
    hasher.finish()
}

/// Hashes of the long values in a message that came in.
pub(crate) fn long_values<'t>(tree: &'t Tree<'t>) -> impl Iterator<Item = u64> {
    let fields = (0..).zip(tree.fields.iter().take(LOOKED));
    fields
        .filter(|(_, field)| (LONG..=LONGEST).contains(&field.value.len()))
        .map(|(index, _)| hash_of(tree.value_bytes(index)))
}

/// A value's hash, the same in every run.
pub(crate) fn hash_of(bytes: &[u8]) -> u64 {
    FixedState::default().hash_one(bytes)
}

impl FieldNotes {
    pub(super) fn new(field: &Looked<'_>) -> Self {
        let encodings = field.tree.encodings_of(field.index).into_iter().filter(|name| !name.is_empty());
        Self {
            path: field.tree.path(field.index).chars().take(PATH).collect(),
            encodings: encodings.map(str::to_owned).collect(),
            leaf: field.leaf,
            messages: 0,
            last: None,
            length: (u64::MAX, 0),
            different: HashSet::default(),
            samples: BTreeMap::new(),
            proof: None,
        }
    }

    pub(super) fn note(
        &mut self,
        field: &Looked<'_>,
        place: (Timestamp, ExchangeId),
        proof: impl FnOnce() -> Occurrence,
    ) {
        let len = field.bytes.len() as u64;
        self.messages += u64::from(self.last != Some(place.1));
        self.last = Some(place.1);
        self.leaf |= field.leaf;
        self.length = (self.length.0.min(len), self.length.1.max(len));
        if self.proof.as_ref().is_none_or(|(known, _)| place < *known) {
            self.proof = Some((place, proof()));
        }
        let new = self.different.len() < DIFFERENT && self.different.insert(hash_of(field.bytes));
        let early = self.samples.last_key_value().is_none_or(|(last, _)| place < *last);
        if new && (self.samples.len() < SAMPLES || early) {
            self.samples.entry(place).or_insert_with(|| field.bytes.into());
            self.cut();
        }
    }

    /// The only value it ever had.
    pub(crate) fn only(&self) -> Option<&[u8]> {
        let single = self.different.len() == 1;
        self.samples.values().next().filter(|_| single).map(|value| &**value)
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.messages += other.messages;
        self.leaf |= other.leaf;
        self.length = (self.length.0.min(other.length.0), self.length.1.max(other.length.1));
        let early =
            other.proof.filter(|(place, _)| self.proof.as_ref().is_none_or(|(known, _)| place < known));
        self.proof = early.or(self.proof.take());
        self.different.extend(other.different);
        for (place, value) in other.samples {
            // A value that both heard stands once, with its earliest time.
            let known = self.samples.iter().find(|(_, known)| **known == value).map(|(known, _)| *known);
            match known {
                Some(known) if known <= place => continue,
                Some(known) => drop(self.samples.remove(&known)),
                None => {}
            }
            self.samples.entry(place).or_insert(value);
        }
        self.cut();
    }

    fn cut(&mut self) {
        while self.samples.len() > SAMPLES {
            self.samples.pop_last();
        }
    }
}

/// Headers that everybody sends, in the order of their letters: RFC 9110, browsers' hints and tracing.
const USUAL: [&str; 51] = [
    ":authority",
    ":method",
    ":path",
    ":scheme",
    "accept",
    "accept-charset",
    "accept-encoding",
    "accept-language",
    "access-control-request-headers",
    "access-control-request-method",
    "alt-used",
    "authorization",
    "cache-control",
    "connection",
    "content-encoding",
    "content-language",
    "content-length",
    "content-type",
    "cookie",
    "date",
    "dnt",
    "expect",
    "forwarded",
    "host",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "keep-alive",
    "origin",
    "pragma",
    "priority",
    "proxy-connection",
    "purpose",
    "range",
    "referer",
    "sec-ch-ua",
    "sec-ch-ua-mobile",
    "sec-ch-ua-platform",
    "sec-fetch-dest",
    "sec-fetch-mode",
    "sec-fetch-site",
    "sec-fetch-user",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "upgrade-insecure-requests",
    "user-agent",
    "via",
];
/// Fields of one message that are looked at.
const LOOKED: usize = 512;
/// The longest value that is looked at, in bytes.
const LONGEST: usize = 1_024;
/// Different values that are told apart.
const DIFFERENT: usize = 1_024;
/// From how many bytes on a value that came in is remembered.
const LONG: usize = 32;
/// Values that are kept.
const SAMPLES: usize = 24;
/// The longest path of a field, in characters.
const PATH: usize = 200;

#[cfg(test)]
mod tests {
    use super::USUAL;

    #[test]
    fn usual_headers_are_in_order() {
        assert!(USUAL.is_sorted());
    }
}
