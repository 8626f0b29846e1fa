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
    /// Whether some decoder recognised this buffer's bytes (so that the ledger counts them as decoded).
    pub understood: bool,
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
