//! Hex text to bytes, either case, white space between digits skipped.

use crate::output::{Done, Output};

/// `4a6F` to `Jo`. Reads up to the first byte that is neither a digit nor white space.
pub(crate) fn hex(out: &mut Output, input: &[u8]) -> Option<Done> {
    let mut high: Option<(u8, usize)> = None;
    let mut consumed = 0;
    let mut stopped = false;
    for (at, &byte) in input.iter().enumerate() {
        match (digit(byte), high) {
            (Some(value), None) => high = Some((value, at)),
            (Some(value), Some((first, start))) => {
                if out.room(at) == 0 {
                    break;
                }
                out.group(&[first << 4 | value], start, at + 1 - start);
                high = None;
                consumed = at + 1;
            }
            (None, _) if byte.is_ascii_whitespace() => {}
            (None, _) => {
                stopped = true;
                break;
            }
        }
    }
    (consumed > 0).then_some(Done { consumed, complete: high.is_none() && !stopped && out.limit.is_none() })
}

/// The first bytes that digits spell, and how many they are.
pub(crate) fn probe<const LEN: usize>(input: &[u8]) -> ([u8; LEN], usize) {
    let mut bytes = [0; LEN];
    let mut len = 0;
    for (slot, [high, low]) in bytes.iter_mut().zip(input.as_chunks::<2>().0) {
        let (Some(high), Some(low)) = (digit(*high), digit(*low)) else {
            break;
        };
        *slot = high << 4 | low;
        len += 1;
    }
    (bytes, len)
}

/// The value of a hex digit.
pub(crate) fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use evidence::Fidelity;

    #[test]
    fn pairs_become_bytes_over_line_breaks() {
        let mut out = Output::new(100, 300);
        let done = hex(&mut out, b"48\n6 5f").unwrap();
        assert_eq!((out.bytes.as_slice(), done), (&b"He"[..], Done { consumed: 6, complete: false }));
        let sources: Vec<_> =
            out.pieces.iter().map(|piece| (piece.out, piece.start, piece.source_len)).collect();
        assert_eq!(sources, [(0, 0, 2), (1, 3, 3)]);
        assert_eq!(out.pieces[1].fidelity, Fidelity::Grouped { out: 1, source: 3 });
    }

    #[test]
    fn no_digits_are_no_hex() {
        assert_eq!(hex(&mut Output::new(100, 300), b"xyz"), None);
        assert_eq!(hex(&mut Output::new(100, 300), b"4"), None);
    }
}
