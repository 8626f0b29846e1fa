//! Decoders that name fields in bytes: one file per format.
//!
//! A walker reads a stretch of a buffer and notes which parts of it are values, and what they are called. It
//! copies nothing. It gives up (`None`) as soon as the bytes cannot be its format, and its fields are then
//! taken back; where they were its format up to some point, it keeps them and says how far it came.

pub(crate) mod bplist;
pub(crate) mod cbor;
pub(crate) mod form;
pub(crate) mod grpc;
pub(crate) mod items;
pub(crate) mod json;
pub(crate) mod jwt;
pub(crate) mod lines;
pub(crate) mod msgpack;
pub(crate) mod multipart;
pub(crate) mod path;
pub(crate) mod protobuf;
pub(crate) mod tar;
pub(crate) mod url;
pub(crate) mod xml;
pub(crate) mod zip;

use std::ops::Range;

use crate::{BufferIndex, Field, FieldIndex, Limit, Name};

/// What a walker says of its input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Walked {
    /// How many bytes belong to its format.
    pub(crate) consumed: usize,
    /// Whether its format ended properly there.
    pub(crate) complete: bool,
}

/// Where walkers note fields. Offsets given to it count from the start of the walker's input.
#[derive(Debug)]
pub(crate) struct Fields<'t> {
    all: &'t mut Vec<Field>,
    first: usize,
    room: usize,
    place: Place,
    nesting: usize,
    limit: Option<Limit>,
    asked: Vec<(FieldIndex, &'static str)>,
}

/// What a walker reads: where it lies, and who reads it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) buffer: BufferIndex,
    /// Offset of the walker's input in the buffer.
    pub(crate) base: usize,
    /// The field whose value the input is.
    pub(crate) parent: Option<FieldIndex>,
    pub(crate) decoder: &'static str,
}

impl<'t> Fields<'t> {
    /// Room for at most `room` fields.
    pub(crate) fn new(all: &'t mut Vec<Field>, place: Place, room: usize, nesting: u16) -> Self {
        let first = all.len();
        Self { all, first, room, place, nesting: usize::from(nesting), limit: None, asked: Vec::new() }
    }

    /// Notes a field inside `parent`, or directly in the input; `None` where there is no room.
    #[inline]
    pub(crate) fn add(
        &mut self,
        parent: Option<FieldIndex>,
        name: Name,
        value: Range<usize>,
    ) -> Option<FieldIndex> {
        if self.all.len() - self.first >= self.room {
            self.limit = Some(Limit::Count);
            return None;
        }
        let base = self.place.base;
        let name = match name {
            Name::Range(range) => Name::Range(range.start + base..range.end + base),
            other => other,
        };
        let index = FieldIndex::try_from(self.all.len()).ok()?;
        self.all.push(Field {
            buffer: self.place.buffer,
            name,
            value: value.start + base..value.end + base,
            parent: parent.or(self.place.parent),
            decoder: self.place.decoder,
        });
        Some(index)
    }

    /// Says that a field's value is to be decoded by the decoder of that name: the format says so.
    pub(crate) fn ask(&mut self, field: Option<FieldIndex>, decoder: &'static str) {
        self.asked.extend(field.map(|field| (field, decoder)));
    }

    /// What was asked for.
    pub(crate) fn asked(&mut self) -> Vec<(FieldIndex, &'static str)> {
        std::mem::take(&mut self.asked)
    }

    /// Sets where the value of a field ends.
    pub(crate) fn close(&mut self, field: Option<FieldIndex>, end: usize) {
        let base = self.place.base;
        let slot =
            field.and_then(|field| usize::try_from(field).ok()).and_then(|field| self.all.get_mut(field));
        if let Some(field) = slot {
            field.value.end = end + base;
        }
    }

    /// Whether an element may be opened inside `depth` others; notes the limit where not.
    pub(crate) fn may_nest(&mut self, depth: usize) -> bool {
        let may = depth < self.nesting;
        if !may {
            self.limit = Some(Limit::Depth);
        }
        may
    }

    /// How many were noted.
    pub(crate) fn count(&self) -> usize {
        self.all.len() - self.first
    }

    /// Takes back all but the first `count`.
    pub(crate) fn truncate(&mut self, count: usize) {
        self.all.truncate(self.first + count);
    }

    /// Why the walker was stopped, where it was.
    pub(crate) fn limit(&self) -> Option<Limit> {
        self.limit
    }
}

/// Runs a walker alone.
#[cfg(test)]
pub(crate) fn walk_alone(
    walker: fn(&mut Fields<'_>, &[u8]) -> Option<Walked>,
    input: &[u8],
) -> Option<(Walked, Vec<(String, String)>)> {
    let mut all = Vec::new();
    let place = Place { buffer: 0, base: 0, parent: None, decoder: "test" };
    let mut fields = Fields::new(&mut all, place, 1 << 20, 256);
    let walked = walker(&mut fields, input)?;
    let count = all.len() as FieldIndex;
    let root = crate::Buffer { bytes: input.into(), origin: None, depth: 0, complete: true };
    let tree = crate::Tree { buffers: vec![root], fields: all, ..crate::Tree::default() };
    let parents: Vec<_> = tree.fields.iter().filter_map(|field| field.parent).collect();
    let leaves = (0..count).filter(|index| !parents.contains(index));
    let row = |index| (tree.path(index), String::from_utf8_lossy(tree.value_bytes(index)).into_owned());
    Some((walked, leaves.map(row).collect()))
}
