//! MessagePack to fields (msgpack spec): maps and arrays with the place of their values.
//!
//! A string's or a byte string's value is its contents; any other value stands with its type byte.

use super::{
    Fields, Walked,
    items::{Head, Item, Shape, walk},
};

/// Maps and arrays, also in a row.
pub(crate) fn msgpack(fields: &mut Fields<'_>, input: &[u8]) -> Option<Walked> {
    walk(fields, input, head)
}

/// Reads the head of one value.
fn head(input: &[u8]) -> Option<Head> {
    let (&kind, rest) = input.split_first()?;
    let number = |size: usize| -> Option<usize> {
        let bytes = rest.get(..size)?;
        usize::try_from(bytes.iter().fold(0_u64, |sum, &byte| sum << 8 | u64::from(byte))).ok()
    };
    let text = |size| Some(Head { size: 1 + size, item: Item::Bytes(number(size)?) });
    let list = |size, shape| Some(Head { size: 1 + size, item: Item::List(shape, Some(number(size)?)) });
    let low = usize::from(kind & 15);
    let plain = |len: usize| Some(Head { size: 0, item: Item::Plain(1 + len) });
    match kind {
        0x00..=0x7f | 0xe0..=0xff | 0xc0 | 0xc2 | 0xc3 => plain(0),
        0x80..=0x8f => Some(Head { size: 1, item: Item::List(Shape::Map, Some(low)) }),
        0x90..=0x9f => Some(Head { size: 1, item: Item::List(Shape::Array, Some(low)) }),
        0xa0..=0xbf => Some(Head { size: 1, item: Item::Bytes(usize::from(kind & 31)) }),
        0xc1 => None,
        0xc4 | 0xd9 => text(1),
        0xc5 | 0xda => text(2),
        0xc6 | 0xdb => text(4),
        0xc7 => plain(2 + number(1)?),
        0xc8 => plain(3 + number(2)?),
        0xc9 => plain(number(4)?.checked_add(5)?),
        0xcc | 0xd0 => plain(1),
        0xcd | 0xd1 => plain(2),
        0xca | 0xce | 0xd2 => plain(4),
        0xcb | 0xcf | 0xd3 => plain(8),
        0xd4 => plain(2),
        0xd5 => plain(3),
        0xd6 => plain(5),
        0xd7 => plain(9),
        0xd8 => plain(17),
        0xdc => list(2, Shape::Array),
        0xdd => list(4, Shape::Array),
        0xde => list(2, Shape::Map),
        0xdf => list(4, Shape::Map),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::walk::walk_alone;

    /// {"imei": "0044", "n": [1, 0x1234], 7: true}
    const MAP: &[u8] = b"\x83\xa4imei\xa40044\xa1n\x92\x01\xcd\x12\x34\x07\xc3";

    #[test]
    fn values_are_named_by_their_keys() {
        let (walked, rows) = walk_alone(msgpack, MAP).unwrap();
        assert_eq!(walked, Walked { consumed: MAP.len(), complete: true });
        let rows: Vec<_> = rows.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(rows, [("imei", "0044"), ("n.[]", "\x01"), ("n.[]", "\u{fffd}\x124"), ("7", "\u{fffd}")]);
    }

    #[test]
    fn bombs_of_length_and_noise_are_refused() {
        assert_eq!(walk_alone(msgpack, b"\xdf\xff\xff\xff\xff"), None);
        assert_eq!(walk_alone(msgpack, b"\x81"), None);
        assert_eq!(walk_alone(msgpack, b"\x92\x01\x02"), None, "no text in it");
        assert_eq!(walk_alone(msgpack, b"\x81\xa1a"), None);
    }
}
