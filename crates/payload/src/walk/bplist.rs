//! Binary property lists to fields (Apple's CFBinaryPList.c): dictionaries and arrays, by the offset table at
//! the end.
//!
//! An object that several others refer to is named only once, by the first. Without its end the table is
//! missing, so a cut list is not read.

use std::ops::Range;

use super::{Fields, Walked};
use crate::Name;

/// `bplist00`, objects, offsets, trailer.
pub(crate) fn bplist(fields: &mut Fields<'_>, input: &[u8]) -> Option<Walked> {
    let table = Table::of(input)?;
    let mut seen = vec![false; table.count];
    let mut open = vec![(table.top, None, Name::None)];
    while let Some((object, parent, name)) = open.pop() {
        let Some(seen) = seen.get_mut(object).filter(|seen| !**seen) else {
            continue;
        };
        *seen = true;
        let Some(read) = table.object(object) else {
            continue;
        };
        match read {
            Object::Leaf(range, wide) => {
                let field = fields.add(parent, name, range)?;
                if wide {
                    fields.ask(Some(field), "utf-16be");
                }
            }
            Object::List { references, count, map } => {
                let at = references.start;
                let field = if parent.is_none() && name == Name::None {
                    None
                } else {
                    Some(fields.add(parent, name, at..at)?)
                };
                for index in (0..count).rev() {
                    let value = table.reference(&references, if map { count + index } else { index });
                    let name = if map {
                        table.key(&references, index)
                    } else {
                        Name::Index(u32::try_from(index).ok()?)
                    };
                    open.extend(value.map(|value| (value, field, name)));
                }
            }
        }
    }
    (fields.count() > 0).then_some(Walked { consumed: input.len(), complete: true })
}

/// Where the objects are.
struct Table<'i> {
    input: &'i [u8],
    offset_size: usize,
    reference_size: usize,
    count: usize,
    top: usize,
    start: usize,
}

enum Object {
    /// A value; whether it is UTF-16 text.
    Leaf(Range<usize>, bool),
    /// References to `count` values; before them, of a map, as many to keys.
    List { references: Range<usize>, count: usize, map: bool },
}

impl<'i> Table<'i> {
    fn of(input: &'i [u8]) -> Option<Self> {
        let (body, trailer) = input.split_last_chunk::<32>()?;
        let long = |at: usize| usize::try_from(big_endian(trailer.get(at..at + 8)?)).ok();
        let table = Self {
            input: body,
            offset_size: usize::from(*trailer.get(6)?),
            reference_size: usize::from(*trailer.get(7)?),
            count: long(8)?,
            top: long(16)?,
            start: long(24)?,
        };
        let sizes = (1..=8).contains(&table.offset_size) && (1..=8).contains(&table.reference_size);
        let end = table.count.checked_mul(table.offset_size)?.checked_add(table.start)?;
        (sizes && end <= body.len() && table.top < table.count).then_some(table)
    }

    fn object(&self, object: usize) -> Option<Object> {
        let at = self.start.checked_add(object.checked_mul(self.offset_size)?)?;
        let offset =
            usize::try_from(big_endian(self.input.get(at..at.checked_add(self.offset_size)?)?)).ok()?;
        let marker = *self.input.get(offset)?;
        let leaf = |len: usize| {
            let end = offset.checked_add(1)?.checked_add(len)?;
            (end <= self.input.len()).then_some(Object::Leaf(offset + 1..end, false))
        };
        match marker >> 4 {
            1 | 2 if marker & 15 <= 4 => leaf(1 << (marker & 15)),
            3 => leaf(8),
            8 => leaf(usize::from(marker & 15) + 1),
            kind @ (4 | 5 | 6 | 0xa | 0xc | 0xd) => self.sized(kind, offset, marker),
            _ => None,
        }
    }

    /// Objects whose length stands in the marker or, from 15 on, behind it.
    fn sized(&self, kind: u8, offset: usize, marker: u8) -> Option<Object> {
        let (start, count) = match marker & 15 {
            15 => {
                let size = 1_usize << (self.input.get(offset + 1)? & 3);
                let count =
                    usize::try_from(big_endian(self.input.get(offset + 2..offset + 2 + size)?)).ok()?;
                (offset + 2 + size, count)
            }
            small => (offset + 1, usize::from(small)),
        };
        let unit = match kind {
            4 | 5 => 1,
            6 => 2,
            0xd => self.reference_size * 2,
            _ => self.reference_size,
        };
        let end = start.checked_add(count.checked_mul(unit)?).filter(|&end| end <= self.input.len())?;
        Some(match kind {
            4..=6 => Object::Leaf(start..end, kind == 6),
            _ => Object::List { references: start..end, count, map: kind == 0xd },
        })
    }

    fn reference(&self, references: &Range<usize>, index: usize) -> Option<usize> {
        let start = references.start.checked_add(index.checked_mul(self.reference_size)?)?;
        usize::try_from(big_endian(self.input.get(start..start.checked_add(self.reference_size)?)?)).ok()
    }

    fn key(&self, references: &Range<usize>, index: usize) -> Name {
        let key = self.reference(references, index).and_then(|key| self.object(key));
        match key {
            Some(Object::Leaf(range, false)) => Name::Range(range),
            _ => Name::None,
        }
    }
}

fn big_endian(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |sum, &byte| sum << 8 | u64::from(byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::walk::walk_alone;

    /// {"imei": "0044", "list": [1, "A\u{4f60}" in UTF-16]}
    fn list() -> Vec<u8> {
        let objects: [&[u8]; 7] = [
            b"\xd2\x01\x02\x03\x04", // keys 1, 2; values 3, 4
            b"\x54imei",
            b"\x54list",
            b"\x540044",
            b"\xa2\x05\x06",
            b"\x10\x01",
            b"\x62\0A\x4f\x60",
        ];
        let mut bytes = b"bplist00".to_vec();
        let mut offsets = Vec::new();
        for object in objects {
            offsets.push(bytes.len() as u8);
            bytes.extend(object);
        }
        let table = bytes.len() as u64;
        bytes.extend(offsets);
        bytes.extend(b"\0\0\0\0\0\0\x01\x01");
        for number in [7, 0, table] {
            bytes.extend(number.to_be_bytes());
        }
        bytes
    }

    #[test]
    fn values_are_named_by_their_keys() {
        let (_, rows) = walk_alone(bplist, &list()).unwrap();
        let rows: Vec<_> = rows.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(rows, [("imei", "0044"), ("list.[]", "\x01"), ("list.[]", "\0AO`")]);
    }

    #[test]
    fn a_list_that_holds_itself_ends() {
        let mut bytes = list();
        let at = bytes.windows(3).position(|window| window == b"\xa2\x05\x06").unwrap();
        bytes[at + 1] = 0;
        assert!(walk_alone(bplist, &bytes).is_some());
        for cut in 0..bytes.len() {
            walk_alone(bplist, &bytes[..cut]);
        }
    }
}
