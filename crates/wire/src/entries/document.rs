//! An entry's structure as a flat list: maps, lists and values with the places of their bytes.
//!
//! JSON and tagged netstrings are both read into this. Nothing here is nested by calls: an entry may be nested as
//! deeply as it likes.

use std::{borrow::Cow, ops::Range};

use super::json::unescaped;

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Boolean,
    List,
    Map,
    Null,
    Number,
    Text,
}

/// One value. Those inside it stand behind it.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) kind: Kind,
    /// Its name in the map around it.
    pub(super) name: Range<u32>,
    /// The bytes of a text without its quotes or length; of other values, all of them.
    pub(super) value: Range<u32>,
    /// A text in which escapes stand for other bytes.
    pub(super) escaped: bool,
    /// The place behind the last value inside it.
    pub(super) end: u32,
}

/// An entry's values, the outermost first.
#[derive(Debug)]
pub(super) struct Document<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) nodes: Vec<Node>,
    /// Why reading ended before the end, and at which byte.
    pub(super) broken: Option<(&'static str, usize)>,
}

/// One value of a document.
#[derive(Clone, Copy, Debug)]
pub(super) struct Value<'d> {
    document: &'d Document<'d>,
    place: usize,
}

impl Document<'_> {
    /// The outermost value.
    pub(super) fn root(&self) -> Option<Value<'_>> {
        self.nodes.first().map(|_| Value { document: self, place: 0 })
    }
}

impl<'d> Value<'d> {
    fn node(self) -> Option<&'d Node> {
        self.document.nodes.get(self.place)
    }

    /// What it is.
    pub(super) fn kind(self) -> Kind {
        self.node().map_or(Kind::Null, |node| node.kind)
    }

    /// Where its bytes stand in the entry.
    pub(super) fn range(self) -> Range<usize> {
        self.node().map_or(0..0, |node| wide(&node.value))
    }

    /// Its bytes as they stand in the entry.
    pub(super) fn raw(self) -> &'d [u8] {
        self.document.bytes.get(self.range()).unwrap_or_default()
    }

    /// Whether it is a text with escapes.
    pub(super) fn escaped(self) -> bool {
        self.node().is_some_and(|node| node.escaped)
    }

    /// The values inside it, in their order.
    pub(super) fn items(self) -> impl Iterator<Item = Value<'d>> {
        let end = self.node().map_or(self.place, |node| node.end as usize);
        let mut next = self.place + 1;
        std::iter::from_fn(move || {
            let item = Value { document: self.document, place: next };
            let node = item.node().filter(|_| next < end)?;
            next = (node.end as usize).max(next + 1);
            Some(item)
        })
    }

    /// Its name in the map around it.
    pub(super) fn name(self) -> Cow<'d, [u8]> {
        let name = self.node().map_or(0..0, |node| wide(&node.name));
        let name = self.document.bytes.get(name).unwrap_or_default();
        // Netstrings know no escapes; their names have no backslash either.
        if name.contains(&b'\\') { unescaped(name) } else { Cow::Borrowed(name) }
    }

    /// The member of that name, the last where there are several: so do the programs that write and read these
    /// files.
    pub(super) fn get(self, name: &str) -> Option<Value<'d>> {
        let named = |item: &Value<'_>| *item.name() == *name.as_bytes();
        if self.kind() == Kind::Map { self.items().filter(named).last() } else { None }
    }

    /// The member under the first of `names` that is there and not null.
    pub(super) fn first_of(self, names: &[&str]) -> Option<Value<'d>> {
        names.iter().find_map(|name| self.get(name).filter(|value| value.kind() != Kind::Null))
    }

    /// The first name that stands more than once in a map.
    pub(super) fn twice(self) -> Option<Value<'d>> {
        let mut seen = std::collections::HashSet::new();
        if self.kind() == Kind::Map { self.items().find(|item| !seen.insert(item.name())) } else { None }
    }

    /// A text, escapes undone; bytes that are no UTF-8 are replaced.
    pub(super) fn text(self) -> Option<String> {
        if self.kind() != Kind::Text {
            return None;
        }
        let bytes = if self.escaped() { unescaped(self.raw()) } else { Cow::Borrowed(self.raw()) };
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// A whole number, also one that is written as text.
    pub(super) fn integer(self) -> Option<i64> {
        let text = std::str::from_utf8(self.raw()).ok()?.trim();
        let whole = text.split_once('.').map_or(text, |(whole, _)| whole);
        whole.parse().ok().or_else(|| self.float().map(|number| number as i64))
    }

    /// A number.
    pub(super) fn float(self) -> Option<f64> {
        let number = std::str::from_utf8(self.raw()).ok()?.trim().parse::<f64>().ok()?;
        number.is_finite().then_some(number)
    }

    /// Whether it is the word true.
    pub(super) fn is_true(self) -> bool {
        self.kind() == Kind::Boolean && self.raw() == b"true"
    }
}

/// Adds nodes to a list, and closes them.
#[derive(Debug, Default)]
pub(super) struct Builder {
    pub(super) nodes: Vec<Node>,
}

impl Builder {
    /// Adds a value; `None` where there are too many.
    pub(super) fn add(&mut self, kind: Kind, name: Range<usize>, value: Range<usize>) -> Option<usize> {
        let place = self.nodes.len();
        if place >= MOST_NODES {
            return None;
        }
        let end = u32::try_from(place + 1).unwrap_or(u32::MAX);
        self.nodes.push(Node { kind, name: narrow(name), value: narrow(value), escaped: false, end });
        Some(place)
    }

    /// The value at `place` ends before the byte `end`, and holds all that was added since.
    pub(super) fn close(&mut self, place: usize, end: usize) {
        let last = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
        if let Some(node) = self.nodes.get_mut(place) {
            node.value.end = u32::try_from(end).unwrap_or(u32::MAX);
            node.end = last;
        }
    }
}

fn narrow(range: Range<usize>) -> Range<u32> {
    let narrow = |at| u32::try_from(at).unwrap_or(u32::MAX);
    narrow(range.start)..narrow(range.end)
}

fn wide(range: &Range<u32>) -> Range<usize> {
    range.start as usize..range.end as usize
}

/// Values of one entry that are read: more than the largest real ones have, and no more than 160 MB.
const MOST_NODES: usize = 4 << 20;
/// How deeply values may lie inside one another.
pub(super) const DEEPEST: usize = 256;
pub(super) const TOO_DEEP: &str = "capture holds an entry with more values inside one another than are read";
pub(super) const TOO_MANY: &str = "capture holds an entry with more values than are read";
