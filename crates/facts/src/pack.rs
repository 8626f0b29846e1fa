//! Turns sorted tables into small files that ship inside the program, and back into tables that a binary
//! search walks.
//!
//! Both forms are zlib streams (RFC 1950). [`Ranges`] holds, after a count, the deltas of the ranges'
//! first keys and then their values, all as LEB128 integers (least significant seven bits first): equal
//! kinds of numbers side by side compress best. A range ends where the next one starts; value 0 says
//! that nothing is known of it. [`Lines`] is UTF-8 text, one entry a line, found by line number.

use std::io::{Read, Write};

use flate2::{Compression, read::ZlibDecoder, write::ZlibEncoder};

/// A packed file that does not hold what its format promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Damaged {
    /// The zlib stream is broken, ends early or holds more than [`MAX_UNPACKED`] bytes.
    #[error("the packed data is no whole zlib stream of at most {MAX_UNPACKED} bytes")]
    Stream,
    /// A number is cut off or larger than its column allows, or the keys do not rise.
    #[error("the packed table's numbers are cut off, too large or out of order")]
    Table,
    /// A packed text is not UTF-8.
    #[error("the packed text is not UTF-8")]
    Text,
}

/// Bytes that one packed file may unpack to.
pub const MAX_UNPACKED: usize = 64 << 20;

/// A map from ranges of keys to values, both integers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ranges<K, V> {
    starts: Vec<K>,
    values: Vec<V>,
}

impl<K, V> Default for Ranges<K, V> {
    fn default() -> Self {
        Self { starts: Vec::new(), values: Vec::new() }
    }
}

impl<K: Copy + Ord + TryFrom<u64>, V: Copy + PartialEq + From<u8> + TryFrom<u64>> Ranges<K, V> {
    /// Reads what [`pack_ranges`] wrote.
    pub fn unpack(packed: &[u8]) -> Result<Self, Damaged> {
        let bytes = inflate(packed)?;
        let mut rest = bytes.as_slice();
        let count = usize::try_from(number(&mut rest)?).map_err(|_| Damaged::Table)?;
        // A row takes at least two bytes, so that a wrong count cannot ask for much memory.
        if count > rest.len() {
            return Err(Damaged::Table);
        }
        Ok(Self { starts: keys(&mut rest, count)?, values: column(&mut rest, count)? })
    }

    /// The value of the range that `key` lies in; `None` where nothing is known.
    pub fn value(&self, key: K) -> Option<V> {
        let after = self.starts.partition_point(|start| *start <= key);
        let value = *self.values.get(after.checked_sub(1)?)?;
        (value != V::from(0)).then_some(value)
    }

    /// How many ranges it has, those without a value included.
    pub fn len(&self) -> usize {
        self.starts.len()
    }

    /// Whether it has no range at all.
    pub fn is_empty(&self) -> bool {
        self.starts.is_empty()
    }
}

/// Packs rows of first key and value; a row ends where the next one starts. The keys must rise; rows
/// that repeat the value before them are left out.
pub fn pack_ranges(rows: &[(u64, u64)]) -> Vec<u8> {
    let mut rows = rows.to_vec();
    rows.dedup_by_key(|(_, value)| *value);
    let mut bytes = Vec::new();
    put(&mut bytes, rows.len() as u64);
    let mut before = 0;
    for (start, _) in &rows {
        put(&mut bytes, start.wrapping_sub(before));
        before = *start;
    }
    for (_, value) in &rows {
        put(&mut bytes, *value);
    }
    deflate(&bytes)
}

/// Text whose lines are found by number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lines {
    text: String,
    /// Where each line ends, its newline not included.
    ends: Vec<u32>,
}

impl Lines {
    /// Reads what [`pack_lines`] wrote.
    pub fn unpack(packed: &[u8]) -> Result<Self, Damaged> {
        let text = String::from_utf8(inflate(packed)?).map_err(|_| Damaged::Text)?;
        let newlines = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let ends = newlines.filter_map(|(at, _)| u32::try_from(at).ok()).collect();
        Ok(Self { text, ends })
    }

    /// The line with that number, counted from 1 (so that 0 can say "none").
    pub fn line(&self, number: u32) -> Option<&str> {
        let index = usize::try_from(number).ok()?.checked_sub(1)?;
        let end = *self.ends.get(index)? as usize;
        let start = match index.checked_sub(1) {
            Some(before) => *self.ends.get(before)? as usize + 1,
            None => 0,
        };
        self.text.get(start..end)
    }

    /// All lines in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.text.lines()
    }
}

/// Packs lines of text. A line must not hold a newline.
pub fn pack_lines<'a>(lines: impl IntoIterator<Item = &'a str>) -> Vec<u8> {
    let mut text = String::new();
    for line in lines {
        text.push_str(line);
        text.push('\n');
    }
    deflate(text.as_bytes())
}

fn keys<K: TryFrom<u64>>(rest: &mut &[u8], count: usize) -> Result<Vec<K>, Damaged> {
    let mut key = 0u64;
    let mut found = Vec::with_capacity(count);
    for row in 0..count {
        let delta = number(rest)?;
        if delta == 0 && row > 0 {
            return Err(Damaged::Table);
        }
        key = key.checked_add(delta).ok_or(Damaged::Table)?;
        found.push(K::try_from(key).map_err(|_| Damaged::Table)?);
    }
    Ok(found)
}

fn column<V: TryFrom<u64>>(rest: &mut &[u8], count: usize) -> Result<Vec<V>, Damaged> {
    (0..count).map(|_| V::try_from(number(rest)?).map_err(|_| Damaged::Table)).collect()
}

/// Takes one LEB128 integer of at most 64 bits.
fn number(rest: &mut &[u8]) -> Result<u64, Damaged> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let (byte, after) = rest.split_first().ok_or(Damaged::Table)?;
        *rest = after;
        let bits = u64::from(byte & 0x7f);
        if shift == 63 && bits > 1 {
            return Err(Damaged::Table);
        }
        value |= bits << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(Damaged::Table)
}

fn put(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

fn inflate(packed: &[u8]) -> Result<Vec<u8>, Damaged> {
    let mut bytes = Vec::new();
    let limit = MAX_UNPACKED as u64 + 1;
    ZlibDecoder::new(packed).take(limit).read_to_end(&mut bytes).map_err(|_| Damaged::Stream)?;
    if bytes.len() > MAX_UNPACKED {
        return Err(Damaged::Stream);
    }
    Ok(bytes)
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    // Writing to memory has no way to fail; an empty file would not unpack and so be noticed.
    let written = encoder.write_all(bytes).and_then(|()| encoder.finish());
    written.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_key_belongs_to_the_range_that_starts_before_it() {
        let packed = pack_ranges(&[(10, 7), (20, 0), (30, 9), (40, 9), (u64::from(u32::MAX), 0)]);
        let ranges = Ranges::<u32, u16>::unpack(&packed).unwrap();
        let rows = [
            (0, None),
            (9, None),
            (10, Some(7)),
            (19, Some(7)),
            (20, None),
            (30, Some(9)),
            (45, Some(9)),
            (u32::MAX, None),
        ];
        for (key, value) in rows {
            assert_eq!(ranges.value(key), value, "{key}");
        }
        assert_eq!(ranges.len(), 4, "equal neighbours are one range");
    }

    #[test]
    fn damage_is_told_not_guessed() {
        let packed = pack_ranges(&[(10, 7), (20, 300)]);
        assert_eq!(Ranges::<u32, u8>::unpack(&packed), Err(Damaged::Table), "300 is no byte");
        assert_eq!(Ranges::<u8, u16>::unpack(&pack_ranges(&[(256, 1)])), Err(Damaged::Table));
        assert_eq!(Ranges::<u32, u16>::unpack(b"no zlib"), Err(Damaged::Stream));
        let cut = packed.get(..packed.len() - 6).unwrap();
        assert!(Ranges::<u32, u16>::unpack(cut).is_err());
        assert_eq!(Ranges::<u32, u16>::unpack(&deflate(&[200, 1, 1])), Err(Damaged::Table));
        assert_eq!(Ranges::<u32, u16>::unpack(&deflate(&[2, 5, 0, 1, 2])), Err(Damaged::Table));
        assert_eq!(Lines::unpack(&deflate(&[0xff, b'\n'])), Err(Damaged::Text));
    }

    #[test]
    fn lines_are_found_by_number() {
        let lines = Lines::unpack(&pack_lines(["one", "", "drei"])).unwrap();
        let found: Vec<_> = (0..5).map(|number| lines.line(number)).collect();
        assert_eq!(found, [None, Some("one"), Some(""), Some("drei"), None]);
    }

    proptest! {
        #[test]
        fn what_is_packed_comes_back(rows in proptest::collection::btree_map(any::<u64>(), 0u64..5, 0..50)) {
            let rows: Vec<_> = rows.into_iter().collect();
            let ranges = Ranges::<u64, u32>::unpack(&pack_ranges(&rows)).unwrap();
            for (start, value) in rows {
                prop_assert_eq!(ranges.value(start).map_or(0, u64::from), value);
            }
        }

        #[test]
        fn any_bytes_give_a_table_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = Ranges::<u32, u16>::unpack(&deflate(&bytes));
            let _ = Lines::unpack(&bytes);
        }
    }
}
