//! CBOR to fields (RFC 8949): maps and arrays with the place of their values.
//!
//! A string's or a byte string's value is its contents; any other value stands with its initial byte.

use super::{
    Fields, Walked,
    items::{Head, Item, Shape, walk},
};

/// Maps and arrays, also in a row, also of indefinite length.
pub(crate) fn cbor(fields: &mut Fields<'_>, input: &[u8]) -> Option<Walked> {
    walk(fields, input, head)
}

/// Reads the head of one data item (RFC 8949 section 3).
fn head(input: &[u8]) -> Option<Head> {
    let (&initial, rest) = input.split_first()?;
    let (size, argument) = match initial & 31 {
        low @ 0..=23 => (0, Some(u64::from(low))),
        low @ 24..=27 => {
            let size = 1_usize << (low - 24);
            let bytes = rest.get(..size)?;
            (size, Some(bytes.iter().fold(0_u64, |sum, &byte| sum << 8 | u64::from(byte))))
        }
        31 => (0, None),
        _ => return None,
    };
    let length = match argument {
        Some(argument) => Some(usize::try_from(argument).ok()?),
        None => None,
    };
    let item = match (initial >> 5, length) {
        (0 | 1, Some(_)) => {
            return Some(Head { size: 0, item: Item::Plain(1 + size) });
        }
        (2 | 3, Some(length)) => Item::Bytes(length),
        // Pieces of a string follow, up to a break: a list of strings for our purpose.
        (2 | 3, None) => Item::List(Shape::Array, None),
        (4, length) => Item::List(Shape::Array, length),
        (5, length) => Item::List(Shape::Map, length),
        (6, Some(_)) => Item::Skip,
        (7, None) => Item::Break,
        (7, Some(_)) => {
            return Some(Head { size: 0, item: Item::Plain(1 + size) });
        }
        _ => return None,
    };
    Some(Head { size: 1 + size, item })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::walk::walk_alone;

    #[test]
    fn values_are_named_by_their_keys() {
        // Tagged {"imei": "0044", "list": [_ 1, h'0102'], 7: -1}
        let input = b"\xd9\xd9\xf7\xa3\x64imei\x640044\x64list\x9f\x01\x42\x01\x02\xff\x07\x20";
        let (walked, rows) = walk_alone(cbor, input).unwrap();
        assert_eq!(walked, Walked { consumed: input.len(), complete: true });
        let rows: Vec<_> = rows.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(rows, [("imei", "0044"), ("list.[]", "\x01"), ("list.[]", "\x01\x02"), ("7", " ")]);
    }

    #[test]
    fn bombs_and_stray_breaks_are_refused() {
        assert_eq!(walk_alone(cbor, b"\xbb\xff\xff\xff\xff\xff\xff\xff\xff"), None);
        assert_eq!(walk_alone(cbor, b"\xff"), None);
        assert_eq!(walk_alone(cbor, &[0x9f; 100_000]), None);
    }
}
