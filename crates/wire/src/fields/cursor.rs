//! Integers and string literals (RFC 7541 section 5, RFC 9204 section 4.1).

use std::ops::Range;

/// Reads from a stretch of bytes.
#[derive(Clone, Debug)]
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    pub(super) at: usize,
}

/// A string literal, where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Literal {
    /// Its bytes.
    pub(super) range: Range<usize>,
    /// Whether they are Huffman-coded.
    pub(super) coded: bool,
    /// How many of its bytes are not there.
    pub(super) missing: u64,
}

/// Why something could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// Its end is not there.
    Short,
    /// It is a number larger than any that makes sense.
    Large,
}

impl Literal {
    /// Its length as announced.
    pub(super) fn len(&self) -> u64 {
        self.missing.saturating_add(self.range.len() as u64)
    }
}

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// The byte that is read next.
    pub(super) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// An integer that begins in the lowest `prefix` bits of the next byte.
    pub(super) fn integer(&mut self, prefix: u8) -> Result<u64, Stop> {
        let mask = (1u64 << prefix) - 1;
        let first = u64::from(self.next()?) & mask;
        if first < mask {
            return Ok(first);
        }
        let mut sum = mask;
        for shift in (0..).step_by(7).take(LONGEST) {
            let byte = self.next()?;
            sum = sum.saturating_add(u64::from(byte & 0x7f) << shift);
            if byte & 0x80 == 0 {
                return Ok(sum);
            }
        }
        Err(Stop::Large)
    }

    /// A string whose length begins in the lowest `prefix` bits of the next byte; the bit above them says
    /// whether it is Huffman-coded. As much of it as is there.
    pub(super) fn literal(&mut self, prefix: u8) -> Result<Literal, Stop> {
        let coded = self.peek().ok_or(Stop::Short)? & 1 << prefix != 0;
        let len = self.integer(prefix)?;
        let there = self.bytes.len().saturating_sub(self.at);
        let taken = usize::try_from(len).unwrap_or(usize::MAX).min(there);
        let range = self.at..self.at + taken;
        self.at = range.end;
        Ok(Literal { range, coded, missing: len.saturating_sub(taken as u64) })
    }

    fn next(&mut self) -> Result<u8, Stop> {
        let byte = self.peek().ok_or(Stop::Short)?;
        self.at += 1;
        Ok(byte)
    }
}

/// Most bytes of an integer behind its first: enough for 62 bits, the most that QPACK asks for.
const LONGEST: usize = 9;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_read_as_in_the_standard() {
        type Row = (&'static [u8], u8, Result<u64, Stop>, usize);
        let rows: [Row; 6] = [
            (&[0b1110_1010], 5, Ok(10), 1),
            (&[0b0001_1111, 0b1001_1010, 0b0000_1010], 5, Ok(1337), 3),
            (&[42], 8, Ok(42), 1),
            (&[0xff, 0x80], 8, Err(Stop::Short), 2),
            (&[0xff; 20], 8, Err(Stop::Large), 10),
            (&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], 7, Ok((1 << 63) + 126), 10),
        ];
        for (bytes, prefix, expected, end) in rows {
            let mut cursor = Cursor::new(bytes);
            assert_eq!((cursor.integer(prefix), cursor.at), (expected, end), "{bytes:x?}");
        }
    }

    #[test]
    fn a_literal_is_taken_as_far_as_it_is_there() {
        let mut cursor = Cursor::new(b"\x83abcde");
        assert_eq!(cursor.literal(7), Ok(Literal { range: 1..4, coded: true, missing: 0 }));
        let mut cursor = Cursor::new(b"\x2fabcde");
        assert_eq!(cursor.literal(3), Ok(Literal { range: 2..6, coded: true, missing: 100 }));
    }
}
