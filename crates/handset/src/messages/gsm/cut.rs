//! Bytes that are taken from the front, with their place.

use std::ops::Range;

/// The rest of an input.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cut<'a> {
    bytes: &'a [u8],
    at: u64,
}

impl<'a> Cut<'a> {
    /// All of `bytes`, whose first one stands at `at`.
    pub(super) fn new(bytes: &'a [u8], at: u64) -> Self {
        Self { bytes, at }
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        self.take(1)?.bytes.first().copied()
    }

    /// The next `length` bytes; none, and nothing taken, where there are fewer.
    pub(super) fn take(&mut self, length: usize) -> Option<Cut<'a>> {
        let (front, rest) = self.bytes.split_at_checked(length)?;
        let taken = Cut { bytes: front, at: self.at };
        self.at = taken.end();
        self.bytes = rest;
        Some(taken)
    }

    /// The next `length` bytes, or as many as there are.
    pub(super) fn take_up_to(&mut self, length: usize) -> Cut<'a> {
        let there = self.bytes.len().min(length);
        self.take(there).unwrap_or(Cut { bytes: &[], at: self.at })
    }

    /// What a byte of length announces.
    pub(super) fn counted(&mut self) -> Option<Cut<'a>> {
        let length = self.byte()?;
        self.take(length.into())
    }

    pub(super) fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    pub(super) fn at(&self) -> u64 {
        self.at
    }

    pub(super) fn end(&self) -> u64 {
        self.at.saturating_add(u64::try_from(self.bytes.len()).unwrap_or(u64::MAX))
    }

    pub(super) fn range(&self) -> Range<u64> {
        self.at..self.end()
    }
}
