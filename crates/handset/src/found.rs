//! A fact and its place, and what is odd about the bytes.

use std::{borrow::Cow, ops::Range};

/// A fact read from a file, and the bytes that say so.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Found<T> {
    /// The fact.
    pub value: T,
    /// Where it was read: offsets from the first byte of the input.
    pub start: u64,
    /// The byte after the last one.
    pub end: u64,
}

impl<T> Found<T> {
    /// A fact read from `bytes` of the input.
    pub fn new(value: T, bytes: Range<u64>) -> Self {
        Self { value, start: bytes.start, end: bytes.end }
    }

    /// Where it was read.
    pub fn bytes(&self) -> Range<u64> {
        self.start..self.end
    }

    /// Another fact from the same bytes.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Found<U> {
        Found { value: f(self.value), start: self.start, end: self.end }
    }
}

/// Odd bytes in a file of the phone.
///
/// `what` starts with who is to blame (`file holds …`, `file lacks …`) and is a fixed sentence, so that equal
/// ones can be counted; what varies goes to `detail`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Oddity {
    /// The kind, one fixed sentence.
    pub what: Cow<'static, str>,
    /// The numbers: what was needed and what was there. Empty where the sentence says all.
    pub detail: String,
    /// Offset in the input.
    pub offset: u64,
}

impl Oddity {
    /// One of the kind `what` at `offset`.
    pub fn new(what: &'static str, detail: impl Into<String>, offset: u64) -> Self {
        Self { what: Cow::Borrowed(what), detail: detail.into(), offset }
    }
}
