//! What an exploration found: buffers, and the named fields in them.

use std::{borrow::Cow, ops::Range};

use evidence::Fidelity;

/// A buffer's place in [`Tree::buffers`].
pub type BufferIndex = u32;
/// A field's place in [`Tree::fields`].
pub type FieldIndex = u32;

/// All readings of one message.
#[derive(Debug, Default)]
pub struct Tree<'a> {
    /// Buffers, sources first. The roots, as given to the explorer, come first.
    pub buffers: Vec<Buffer<'a>>,
    /// Fields, outer ones before those in them.
    pub fields: Vec<Field>,
    /// Which limits stopped the exploration, with the bytes that were not explored.
    pub limits: Vec<(Limit, u64)>,
    /// Who recognised what: bodies, raw streams and every buffer a decoder made, sorted by field.
    pub readings: Vec<Reading>,
    /// Stretches of `fields` in which a field comes after those it lies in, by the field that all lie in.
    pub(crate) runs: Vec<Run>,
}

/// One decoder's answer to one body, raw stream or decoded buffer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The buffer.
    pub buffer: BufferIndex,
    /// The bytes that were looked at.
    pub range: Range<usize>,
    /// The field whose value, decoded or not, these bytes are.
    pub field: Option<FieldIndex>,
    /// The decoder.
    pub decoder: &'static str,
    /// What it made of them.
    pub outcome: Outcome,
}

/// What a decoder made of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// They begin as its format does, which nothing here reads further: images, sound, databases, programs.
    Named,
    /// It read them.
    Read,
    /// It could not read them. Noted only of decoders that the message's own label named: the label does not fit.
    Refuted,
}

/// Fields `first..end` of `buffer`, all inside `parent`, made by one decoder in one go.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) buffer: BufferIndex,
    pub(crate) parent: Option<FieldIndex>,
    pub(crate) first: FieldIndex,
    pub(crate) end: FieldIndex,
    /// Whether each field stands behind the one it lies in, and siblings stand in the order of their bytes.
    pub(crate) nested: bool,
}

impl Tree<'_> {
    /// A field.
    pub fn field(&self, field: FieldIndex) -> Option<&Field> {
        self.fields.get(usize::try_from(field).ok()?)
    }

    /// A buffer.
    pub fn buffer(&self, buffer: BufferIndex) -> Option<&Buffer<'_>> {
        self.buffers.get(usize::try_from(buffer).ok()?)
    }

    /// The bytes of a field's value, as they stand in its buffer; empty where there is no such field.
    pub fn value_bytes(&self, field: FieldIndex) -> &[u8] {
        let slice = || {
            let field = self.field(field)?;
            self.buffer(field.buffer)?.bytes.get(field.value.clone())
        };
        slice().unwrap_or_default()
    }

    /// A field's own name as text: `[]` for a place in a list, empty where it has none.
    pub fn name(&self, field: FieldIndex) -> Cow<'_, str> {
        let Some(found) = self.field(field) else {
            return Cow::Borrowed("");
        };
        match &found.name {
            Name::Index(_) => Cow::Borrowed("[]"),
            Name::None => Cow::Borrowed(""),
            Name::Owned(name) => Cow::Borrowed(name),
            Name::Range(range) => {
                let bytes = self.buffer(found.buffer).and_then(|buffer| buffer.bytes.get(range.clone()));
                let bytes = bytes.unwrap_or_default();
                // Names are ASCII as a rule, which is checked eight bytes at a time here.
                std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
            }
        }
    }

    /// The names from the outermost field to this one, joined by `.`: `data_list.[].properties.uuid`.
    ///
    /// Fields without a name are left out, as are all but the innermost 64.
    pub fn path(&self, field: FieldIndex) -> String {
        let mut names: Vec<_> = self
            .ancestry(field)
            .map(|index| self.name(index))
            .filter(|name| !name.is_empty())
            .take(64)
            .collect();
        names.reverse();
        names.join(".")
    }

    /// The field and those it lies in, innermost first, through all buffers.
    pub fn ancestry(&self, field: FieldIndex) -> impl Iterator<Item = FieldIndex> {
        // Parents come first, so this ends.
        std::iter::successors(Some(field), |&index| {
            self.field(index)?.parent.filter(|&parent| parent < index)
        })
    }

    /// Whether two fields are the same part of two members of one list: they have names and decoders in common
    /// up to a field that both lie in, and so their paths and encodings.
    pub fn alike(&self, one: FieldIndex, other: FieldIndex) -> bool {
        let mut pairs = self.ancestry(one).zip(self.ancestry(other));
        let different =
            |(one, other): &(FieldIndex, FieldIndex)| one == other || !self.same_name(*one, *other);
        pairs.find(different).is_some_and(|(one, other)| one == other)
    }

    fn same_name(&self, one: FieldIndex, other: FieldIndex) -> bool {
        let (Some(a), Some(b)) = (self.field(one), self.field(other)) else { return false };
        let same = match (&a.name, &b.name) {
            (Name::Index(_), Name::Index(_)) => true,
            (Name::Range(a_name), Name::Range(b_name)) => {
                let bytes = self.buffer(a.buffer).map(|buffer| &*buffer.bytes).unwrap_or_default();
                bytes.get(a_name.clone()) == bytes.get(b_name.clone())
            }
            (a, b) => a == b,
        };
        same && a.buffer == b.buffer && a.decoder == b.decoder
    }

    /// The smallest field that holds all of `range` of a buffer; where none of that buffer does, the field
    /// whose value the buffer was made from.
    pub fn innermost(&self, buffer: BufferIndex, range: Range<usize>) -> Option<FieldIndex> {
        let mut best = self.buffer(buffer)?.origin.as_ref().and_then(|origin| origin.field);
        loop {
            let found = self
                .runs_in(buffer, best)
                .iter()
                .filter_map(|run| self.innermost_of_run(run, &range))
                .min_by_key(|&index| self.field(index).map_or(usize::MAX, |field| field.value.len()));
            match found {
                Some(index) => best = Some(index),
                None => return best,
            }
        }
    }

    /// The decoders between the message and the bytes of a buffer, outermost first, those that only named
    /// fields on the way included: `form`, `base64`, `gzip`.
    pub fn encodings(&self, buffer: BufferIndex) -> Vec<&'static str> {
        let mut names = Vec::new();
        self.encodings_inwards(buffer, None, &mut names);
        names.reverse();
        names.dedup();
        names
    }

    /// As [`Tree::encodings`], down to a field of a buffer: `form`, `base64`, `gzip`, `json`.
    pub fn encodings_of(&self, field: FieldIndex) -> Vec<&'static str> {
        let Some(found) = self.field(field) else {
            return Vec::new();
        };
        let mut names = Vec::new();
        self.encodings_inwards(found.buffer, Some(field), &mut names);
        names.reverse();
        names.dedup();
        names
    }

    /// As [`Tree::encodings`], down to the smallest field that holds all of `range` of a buffer.
    pub fn encodings_at(&self, buffer: BufferIndex, range: Range<usize>) -> Vec<&'static str> {
        let inside = |field: &FieldIndex| self.field(*field).is_some_and(|field| field.buffer == buffer);
        match self.innermost(buffer, range).filter(inside) {
            Some(field) => self.encodings_of(field),
            None => self.encodings(buffer),
        }
    }

    /// The decoders that recognised a root field's value as it stands in the root.
    pub fn recognised_by(&self, field: FieldIndex) -> impl Iterator<Item = &'static str> {
        let recognised = self.readings_of(field).filter(|reading| reading.outcome != Outcome::Refuted);
        recognised.map(|reading| reading.decoder)
    }

    /// The decoders that the message's label named for a root field, and that could not read it.
    pub fn refuted(&self, field: FieldIndex) -> impl Iterator<Item = &'static str> {
        let all = self.readings.iter().filter(move |reading| reading.field == Some(field));
        all.filter(|reading| reading.outcome == Outcome::Refuted).map(|reading| reading.decoder)
    }

    fn readings_of(&self, field: FieldIndex) -> impl Iterator<Item = &Reading> {
        let buffer = self.field(field).map(|field| field.buffer);
        let all = self.readings.iter();
        all.filter(move |reading| reading.field == Some(field) && Some(reading.buffer) == buffer)
    }

    fn runs_in(&self, buffer: BufferIndex, parent: Option<FieldIndex>) -> &[Run] {
        let first = self.runs.partition_point(|run| (run.buffer, run.parent) < (buffer, parent));
        let rest = self.runs.get(first..).unwrap_or_default();
        let count = rest.partition_point(|run| (run.buffer, run.parent) == (buffer, parent));
        rest.get(..count).unwrap_or_default()
    }

    fn innermost_of_run(&self, run: &Run, range: &Range<usize>) -> Option<FieldIndex> {
        let (first, end) = (usize::try_from(run.first).ok()?, usize::try_from(run.end).ok()?);
        let fields = self.fields.get(first..end)?;
        let holds = |field: &Field| field.value.start <= range.start && range.end <= field.value.end;
        if !run.nested {
            let all = (run.first..).zip(fields).filter(|(_, field)| holds(field));
            return all.min_by_key(|(_, field)| field.value.len()).map(|(index, _)| index);
        }
        let after = fields.partition_point(|field| field.value.start <= range.start);
        let last = run.first.checked_add(u32::try_from(after.checked_sub(1)?).ok()?)?;
        // What holds the range and is not the last to start before it is around that one.
        self.ancestry(last)
            .take_while(|&index| index >= run.first)
            .find(|&index| self.field(index).is_some_and(holds))
    }

    /// Innermost first.
    fn encodings_inwards(
        &self,
        buffer: BufferIndex,
        field: Option<FieldIndex>,
        names: &mut Vec<&'static str>,
    ) {
        let (mut buffer, mut field) = (buffer, field);
        loop {
            for index in field.into_iter().flat_map(|field| self.ancestry(field)) {
                let Some(found) = self.field(index).filter(|found| found.buffer == buffer) else {
                    break;
                };
                names.extend((!found.decoder.is_empty()).then_some(found.decoder));
            }
            let Some(origin) = self.buffer(buffer).and_then(|found| found.origin.as_ref()) else {
                return;
            };
            names.push(origin.decoder);
            if origin.source >= buffer {
                return;
            }
            (buffer, field) = (origin.source, origin.field);
        }
    }
}

/// Bytes, and how they were made.
#[derive(Debug)]
pub struct Buffer<'a> {
    /// The bytes.
    pub bytes: Cow<'a, [u8]>,
    /// What made it; `None` for a root.
    pub origin: Option<Origin>,
    /// How many decoders lie between it and its root.
    pub depth: u8,
    /// Whether the decoder came to the end of its input without complaint.
    pub complete: bool,
}

/// How a buffer was made from another.
#[derive(Debug)]
pub struct Origin {
    /// The decoder's registered name.
    pub decoder: &'static str,
    /// The buffer it was made from.
    pub source: BufferIndex,
    /// The range of the source that was decoded.
    pub range: Range<usize>,
    /// The field whose value that range is, where it is one.
    pub field: Option<FieldIndex>,
    /// How output and input belong together, sorted by `out`.
    pub pieces: Vec<Piece>,
}

/// These bytes of a buffer came from those of its source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// First byte in the buffer.
    pub out: usize,
    /// How many.
    pub len: usize,
    /// First byte in the *source buffer* (not in the decoded range).
    pub start: usize,
    /// How many.
    pub source_len: usize,
    /// How exactly.
    pub fidelity: Fidelity,
}

/// A named slice of a buffer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The buffer.
    pub buffer: BufferIndex,
    /// What it is called.
    pub name: Name,
    /// Where its value stands.
    pub value: Range<usize>,
    /// The field it lies in: of the same buffer, or the one its buffer was decoded from.
    pub parent: Option<FieldIndex>,
    /// The decoder that named it: `json`, `form`, `protobuf` …; empty for what the caller gave.
    pub decoder: &'static str,
}

/// A field's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Name {
    /// A place in a list, from 0. Written `[]` in paths.
    Index(u32),
    /// Has none.
    None,
    /// As it stands in the field's buffer.
    Range(Range<usize>),
    /// Made by the decoder: a protobuf field number, an unescaped key.
    Owned(Box<str>),
}

/// Why an exploration stopped short.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Limit {
    /// More decoders inside one another than allowed.
    Depth,
    /// More output bytes than allowed: a bomb.
    Bytes,
    /// More fields or buffers than allowed.
    Count,
    /// One decoder's output was larger than allowed for its input.
    Ratio,
}
