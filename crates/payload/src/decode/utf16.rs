//! UTF-16 text to UTF-8, either byte order. A byte order mark is skipped; half a pair becomes U+FFFD.

use crate::output::{Done, Output};

/// Little-endian.
pub(crate) fn utf16_le(out: &mut Output, input: &[u8]) -> Option<Done> {
    decode(out, input, u16::from_le_bytes)
}

/// Big-endian.
pub(crate) fn utf16_be(out: &mut Output, input: &[u8]) -> Option<Done> {
    decode(out, input, u16::from_be_bytes)
}

fn decode(out: &mut Output, input: &[u8], unit: impl Fn([u8; 2]) -> u16) -> Option<Done> {
    let (pairs, rest) = input.as_chunks::<2>();
    let units = pairs.iter().map(|pair| unit(*pair));
    let mut at = 0;
    for result in char::decode_utf16(units) {
        let (character, source) = match result {
            Ok(character) => (character, character.len_utf16() * 2),
            Err(_) => (char::REPLACEMENT_CHARACTER, 2),
        };
        if out.room(at) < 4 {
            return (at > 0).then_some(Done { consumed: at, complete: false });
        }
        if at > 0 || character != BYTE_ORDER_MARK {
            let mut bytes = [0; 4];
            out.group(character.encode_utf8(&mut bytes).as_bytes(), at, source);
        }
        at += source;
    }
    (!out.bytes.is_empty()).then_some(Done { consumed: at, complete: rest.is_empty() })
}

const BYTE_ORDER_MARK: char = '\u{feff}';

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_orders_and_halves_of_pairs_are_read() {
        let mut out = Output::new(100, 300);
        // Mark, "A", U+1F4F1 as a pair, half a pair, half a unit.
        let done = utf16_le(&mut out, b"\xff\xfeA\0\x3d\xd8\xf1\xdc\x3d\xd8!").unwrap();
        assert_eq!(String::from_utf8_lossy(&out.bytes), "A\u{1f4f1}\u{fffd}");
        assert_eq!(done, Done { consumed: 10, complete: false });
        out.clear();
        utf16_be(&mut out, b"\0H\0i\x4f\x60").unwrap();
        assert_eq!(String::from_utf8_lossy(&out.bytes), "Hi\u{4f60}");
        let sources: Vec<_> = out.pieces.iter().map(|piece| (piece.out, piece.len, piece.start)).collect();
        assert_eq!(sources, [(0, 2, 0), (2, 3, 4)]);
    }
}
