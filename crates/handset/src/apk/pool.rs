//! `ResStringPool` of AOSP's androidfw (`ResourceTypes.h`): the strings of binary XML and of resources.

use std::borrow::Cow;

use crate::le;

/// A string pool over its chunk; strings are decoded when asked for.
#[derive(Clone, Debug, Default)]
pub(super) struct Pool<'a> {
    chunk: &'a [u8],
    /// Where the chunk begins in its file.
    at: usize,
    count: usize,
    strings: usize,
    utf8: bool,
    header: usize,
}

impl<'a> Pool<'a> {
    /// Over a chunk that begins at its header.
    pub(super) fn read(chunk: &'a [u8], at: usize) -> Self {
        Self {
            chunk,
            at,
            header: le::short(chunk, 2).unwrap_or(28),
            count: le::size(chunk, 8).unwrap_or(0).min(chunk.len() / 4),
            utf8: le::u32(chunk, 16).unwrap_or(0) & 0x100 != 0,
            strings: le::size(chunk, 20).unwrap_or(chunk.len()),
        }
    }

    /// The string of that index.
    pub(super) fn text(&self, index: u32) -> Option<Cow<'a, str>> {
        let at = self.place(index)?;
        if self.utf8 { self.utf8_at(at) } else { self.utf16_at(at) }
    }

    /// Where its entry begins in the chunk: its length, then the text.
    fn place(&self, index: u32) -> Option<usize> {
        let index = usize::try_from(index).ok().filter(|index| *index < self.count)?;
        let offset = le::size(self.chunk, self.header.checked_add(index.checked_mul(4)?)?)?;
        self.strings.checked_add(offset)
    }

    /// All strings with the places of their entries in the file, until twice the pool's size is read: many entries can point at one long string.
    pub(super) fn texts(&self) -> impl Iterator<Item = (Cow<'a, str>, usize)> + '_ {
        let mut left = self.chunk.len().saturating_mul(2);
        let all = (0..u32::try_from(self.count).unwrap_or(u32::MAX))
            .filter_map(|index| Some((self.text(index)?, self.at.saturating_add(self.place(index)?))));
        all.take_while(move |(text, _)| {
            left = left.saturating_sub(text.len());
            left > 0
        })
    }

    /// Length in characters, then in bytes, each one byte or two.
    fn utf8_at(&self, at: usize) -> Option<Cow<'a, str>> {
        let (_, at) = self.small_len(at)?;
        let (len, at) = self.small_len(at)?;
        Some(String::from_utf8_lossy(le::slice(self.chunk, at, len)?))
    }

    fn small_len(&self, at: usize) -> Option<(usize, usize)> {
        let high = usize::from(le::u8(self.chunk, at)?);
        if high & 0x80 == 0 {
            return Some((high, at.checked_add(1)?));
        }
        let low = usize::from(le::u8(self.chunk, at.checked_add(1)?)?);
        Some(((high & 0x7f) << 8 | low, at.checked_add(2)?))
    }

    fn utf16_at(&self, at: usize) -> Option<Cow<'a, str>> {
        let first = le::short(self.chunk, at)?;
        let (units, at) = if first & 0x8000 == 0 {
            (first, at.checked_add(2)?)
        } else {
            let low = le::short(self.chunk, at.checked_add(2)?)?;
            ((first & 0x7fff) << 16 | low, at.checked_add(4)?)
        };
        let bytes = le::slice(self.chunk, at, units.checked_mul(2)?)?;
        let units: Vec<u16> = bytes.chunks_exact(2).filter_map(|pair| le::u16(pair, 0)).collect();
        Some(Cow::Owned(String::from_utf16_lossy(&units)))
    }
}
