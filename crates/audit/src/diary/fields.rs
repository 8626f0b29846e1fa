//! The fields of requests: how often each came, with how many different values, and the first of them.

use std::{
    collections::BTreeSet,
    hash::{BuildHasher, Hash, Hasher},
    ops::Range,
};

use evidence::{Carrier, ExchangeId, Occurrence, Timestamp};
use foldhash::fast::FixedState;
use payload::{BufferIndex, FieldIndex, FieldKind, Name, Tree};

use super::different::Different;
use crate::packed::Packed;

/// A field of one message.
#[derive(Debug)]
pub(crate) struct Looked<'t> {
    pub(crate) index: FieldIndex,
    /// Where its value stands: in its buffer, or in what undid the writing of addresses.
    pub(crate) buffer: BufferIndex,
    pub(crate) range: Range<usize>,
    /// Of its path.
    pub(crate) hash: u64,
    pub(crate) bytes: &'t [u8],
    /// Whether no other field lies in it.
    pub(crate) leaf: bool,
    carrier: Carrier,
    tree: &'t Tree<'t>,
}

/// What is noted of one field of a series.
#[derive(Clone, Debug)]
pub(crate) struct FieldNotes {
    /// Its names from the outermost inwards, joined by `.`.
    pub(crate) path: String,
    /// Of which part of the message.
    pub(crate) carrier: Carrier,
    pub(crate) leaf: bool,
    /// How many messages had it.
    pub(crate) messages: u64,
    /// The last one that had it.
    last: u64,
    /// Shortest and longest value, in bytes.
    pub(crate) length: (u64, u64),
    /// How often each different value came.
    pub(crate) different: Different,
    /// The earliest different values.
    pub(crate) samples: Early<Box<[u8]>>,
    /// Where those stand of which a reader makes nothing: the first few.
    pub(crate) shown: Early<Packed>,
    /// Where it came first.
    pub(crate) proof: Option<((Timestamp, ExchangeId), Packed)>,
}

/// When a value came, in which exchange, and in which of its fields: a list has several.
type SamplePlace = (Timestamp, ExchangeId, FieldIndex);

/// The earliest things of a field, in order. There are many fields with a few each, so it is a list.
#[derive(Clone, Debug)]
pub(crate) struct Early<T>(Vec<(SamplePlace, T)>);

impl<T> Default for Early<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Early<T> {
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (SamplePlace, &T)> {
        self.0.iter().map(|(place, thing)| (*place, thing))
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &T> {
        self.0.iter().map(|(_, thing)| thing)
    }

    pub(crate) fn get(&self, place: SamplePlace) -> Option<&T> {
        let index = self.0.binary_search_by_key(&place, |(known, _)| *known).ok()?;
        self.0.get(index).map(|(_, thing)| thing)
    }

    /// Whether there are fewer than `most`, or a later one would have to go.
    fn has_room(&self, place: SamplePlace, most: usize) -> bool {
        self.0.len() < most || self.0.last().is_some_and(|(last, _)| *last >= place)
    }

    /// Puts a thing in its place, and keeps the earliest `most`; what is there goes.
    fn insert(&mut self, place: SamplePlace, thing: T, most: usize) {
        match self.0.binary_search_by_key(&place, |(known, _)| *known) {
            Ok(index) => {
                if let Some(known) = self.0.get_mut(index) {
                    known.1 = thing;
                }
            }
            Err(index) if index < most => {
                self.0.truncate(most.saturating_sub(1));
                if self.0.len() == self.0.capacity() {
                    // Of most fields there is one, of many as many as are kept: no room is left over.
                    self.0.reserve_exact(self.0.len().clamp(1, 8));
                }
                self.0.insert(index, (place, thing));
            }
            Err(_) => {}
        }
    }
}

/// The fields of a request whose values tell something: of body and query, cookies and an app's own headers.
pub(crate) fn look<'t>(tree: &'t Tree<'t>, kinds: &[FieldKind]) -> Vec<Looked<'t>> {
    let count = tree.fields.len().min(LOOKED);
    let mut known: Vec<Option<(u64, Carrier)>> = Vec::with_capacity(count);
    let mut leaves = vec![true; count];
    let mut wrappers = BTreeSet::new();
    for (index, field) in (0..).zip(tree.fields.iter().take(count)) {
        let parent = field.parent.and_then(|parent| usize::try_from(parent).ok());
        let around = match parent {
            Some(parent) => known.get(parent).copied().flatten(),
            None => kinds.get(known.len()).and_then(|kind| root(tree, index, *kind)),
        };
        if let Some(leaf) = parent.and_then(|parent| leaves.get_mut(parent)) {
            *leaf = false;
        }
        // What has the same name as what is around it is its value: the text of an element.
        let element = field.parent.filter(|_| field.name == Name::None);
        let same = |element: &FieldIndex| tree.field(*element).is_some_and(|it| it.buffer == field.buffer);
        wrappers.extend(element.filter(same));
        let around =
            around.filter(|_| !matches!(field.name, Name::Index(member) if member as usize >= MEMBERS));
        known.push(around.map(|(around, carrier)| (named(tree, index, &field.name, around), carrier)));
    }
    let undone = unescaped(tree);
    let found = (0..).zip(known).zip(leaves).filter_map(|((index, known), leaf)| {
        let (hash, carrier) = known.filter(|_| is_value(tree, index, kinds) && !wrappers.contains(&index))?;
        let field = tree.field(index)?;
        let plain = leaf.then(|| innermost(&undone, index)).flatten();
        let (buffer, range) = match plain {
            Some(buffer) => (buffer, 0..tree.buffer(buffer)?.bytes.len()),
            None => (field.buffer, field.value.clone()),
        };
        let bytes = tree.buffer(buffer)?.bytes.get(range.clone())?;
        let short = !bytes.is_empty() && bytes.len() <= LONGEST;
        short.then_some(Looked { index, buffer, range, hash, bytes, leaf, carrier, tree })
    });
    found.collect()
}

/// The buffers in which the writing of addresses and forms, or a compression, is undone, by the field they were made of, in
/// order.
fn unescaped(tree: &Tree<'_>) -> Vec<(FieldIndex, BufferIndex)> {
    let made = (0..).zip(&tree.buffers).filter_map(|(index, buffer)| {
        let undoes = |decoder| ESCAPES.contains(&decoder) || payload::is_compression(decoder);
        let origin = buffer.origin.as_ref().filter(|origin| undoes(origin.decoder))?;
        Some((origin.field?, index))
    });
    let mut made: Vec<_> = made.collect();
    made.sort_unstable();
    made
}

/// The last buffer made of a field: sources come before what is made of them.
fn innermost(undone: &[(FieldIndex, BufferIndex)], field: FieldIndex) -> Option<BufferIndex> {
    let upto = undone.get(..undone.partition_point(|(of, _)| *of <= field))?;
    upto.last().filter(|(of, _)| *of == field).map(|(_, buffer)| *buffer)
}

/// Whether a field is a value by itself: all of a path or query is none, its parts are.
fn is_value(tree: &Tree<'_>, index: FieldIndex, kinds: &[FieldKind]) -> bool {
    let is_root = tree.field(index).is_some_and(|field| field.parent.is_none());
    let kind = kinds.get(index as usize).filter(|_| is_root);
    !matches!(kind, Some(FieldKind::Path | FieldKind::Query))
}

/// What a root's fields begin with, where they are looked at.
fn root(tree: &Tree<'_>, index: FieldIndex, kind: FieldKind) -> Option<(u64, Carrier)> {
    let carrier = match kind {
        FieldKind::Header => {
            let name = tree.name(index).to_ascii_lowercase();
            USUAL.binary_search(&name.as_str()).is_err().then_some(Carrier::Header)?
        }
        FieldKind::Cookie => Carrier::Cookie,
        FieldKind::Body => Carrier::Body,
        FieldKind::Raw => Carrier::Raw,
        FieldKind::Path | FieldKind::Query => Carrier::Query,
        FieldKind::HostName | FieldKind::Option => return None,
    };
    Some((carrier as u64, carrier))
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

/// A proof that can be run again: a value that an index into a table stands for has none.
fn whole(proof: Occurrence) -> Option<Packed> {
    proof.trail.is_whole(proof.span).then(|| Packed::new(proof))
}

fn number(value: &[u8]) -> Option<i64> {
    std::str::from_utf8(value).ok()?.parse().ok()
}

/// Whether a value may hide something: long enough, and no words, address or list for people.
pub(crate) fn is_closed(value: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(value) else { return value.len() >= CLOSED };
    let blanks = text.chars().filter(|c| c.is_whitespace()).count();
    let prose =
        text.contains("://") || blanks * 12 >= text.chars().count() || text.starts_with(['{', '[', '<']);
    value.len() >= CLOSED && !prose
}

/// A value's hash, the same in every run.
pub(crate) fn hash_of(bytes: &[u8]) -> u64 {
    FixedState::default().hash_one(bytes)
}

impl FieldNotes {
    pub(super) fn new(field: &Looked<'_>) -> Self {
        Self {
            path: field.tree.path(field.index).chars().take(PATH).collect(),
            carrier: field.carrier,
            leaf: field.leaf,
            messages: 0,
            last: 0,
            length: (u64::MAX, 0),
            different: Different::default(),
            samples: Early::default(),
            shown: Early::default(),
            proof: None,
        }
    }

    /// Where it stands in a request.
    pub(crate) fn address(&self) -> (Carrier, String) {
        (self.carrier, self.path.clone())
    }

    /// Notes the field in a message: the worker's own number of it, from 1, and its place.
    pub(super) fn note(
        &mut self,
        field: &Looked<'_>,
        (message, place): (u64, (Timestamp, ExchangeId)),
        proof: impl Fn() -> Occurrence,
    ) {
        let len = field.bytes.len() as u64;
        self.messages += u64::from(self.last != message);
        self.last = message;
        self.leaf |= field.leaf;
        self.length = (self.length.0.min(len), self.length.1.max(len));
        if self.proof.as_ref().is_none_or(|(known, _)| place < *known) {
            self.proof = whole(proof()).map(|proof| (place, proof)).or(self.proof.take());
        }
        self.different.count(hash_of(field.bytes));
        let place = (place.0, place.1, field.index);
        if self.keep(place, field.bytes) && self.leaf && is_closed(field.bytes) {
            self.show(place, proof);
        }
    }

    /// Keeps where a value stands, if it is one of the first few.
    fn show(&mut self, place: SamplePlace, proof: impl FnOnce() -> Occurrence) {
        if self.shown.has_room(place, SHOWN)
            && let Some(proof) = whole(proof())
        {
            self.shown.insert(place, proof, SHOWN);
            self.tidy();
        }
    }

    /// Only values that are kept are shown.
    fn tidy(&mut self) {
        let samples = &self.samples;
        self.shown.0.retain(|(place, _)| samples.get(*place).is_some());
        self.shown.0.truncate(SHOWN);
    }

    /// Keeps a value where it is among the earliest different ones, with its earliest place.
    fn keep(&mut self, place: SamplePlace, value: &[u8]) -> bool {
        if !self.samples.has_room(place, SAMPLES) {
            return false;
        }
        let known = self.samples.0.iter().position(|(_, known)| **known == *value);
        match known.and_then(|index| Some((index, self.samples.0.get(index)?.0))) {
            Some((_, known)) if known <= place => return false,
            Some((index, _)) => drop(self.samples.0.remove(index)),
            None => {}
        }
        self.samples.insert(place, value.into(), SAMPLES);
        true
    }

    /// Whether its values are numbers that grow with the time, by little.
    pub(crate) fn counts(&self) -> bool {
        let values: Option<Vec<i64>> = self.samples.values().map(|value| number(value)).collect();
        let values = values.unwrap_or_default();
        let grows = |pair: &[i64]| matches!(pair, [a, b] if b > a && b.saturating_sub(*a) < STEP);
        values.len() >= 2 && values.windows(2).all(grows)
    }

    /// The number that it was in an exchange.
    pub(crate) fn number_in(&self, exchange: ExchangeId) -> Option<i64> {
        number(self.in_exchange(exchange)?)
    }

    /// Its value in an exchange, if that is one of the samples.
    pub(crate) fn in_exchange(&self, exchange: ExchangeId) -> Option<&[u8]> {
        let mut samples = self.samples.iter();
        samples.find(|((_, known, _), _)| *known == exchange).map(|(_, value)| &**value)
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
        self.different.merge(&other.different);
        for (place, value) in other.samples.0 {
            self.keep(place, &value);
        }
        for (place, proof) in other.shown.0 {
            self.shown.insert(place, proof, 2 * SHOWN);
        }
        self.tidy();
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
/// Decoders that undo the writing of addresses and forms: as of compressions, nothing can be told of what is in them.
const ESCAPES: [&str; 2] = ["form-value", "percent"];
/// Fields of one message that are looked at.
const LOOKED: usize = 512;
/// Members of one list that are looked at: those behind them are made by the same code, and a batch has hundreds.
const MEMBERS: usize = 32;
/// The longest value that is looked at, in bytes.
const LONGEST: usize = 1_024;
/// From how many bytes on a value that came in is remembered.
const LONG: usize = 32;
/// The shortest value that may hide something, in bytes.
const CLOSED: usize = 8;
/// Values whose place is kept.
const SHOWN: usize = 8;
/// Values that are kept.
const SAMPLES: usize = 24;
/// How far a counter goes at most from one message to the next.
const STEP: i64 = 1_000;
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
