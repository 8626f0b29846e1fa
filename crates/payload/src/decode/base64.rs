//! Base64 text to bytes (RFC 4648 sections 4 and 5): both alphabets, also mixed; padded or not; white space
//! skipped; cut anywhere.

use evidence::Fidelity;

use crate::{
    output::{Done, Output},
    sniff::look,
};

/// `SGk=` to `Hi`. Reads up to the first byte that belongs to neither alphabet and is no white space.
///
/// After padding a new group begins, so several encodings in a row are read as one. A last group of one
/// character holds no whole byte and is left.
pub(crate) fn base64(out: &mut Output, input: &[u8]) -> Option<Done> {
    let mut at = 0;
    loop {
        at = clean_groups(out, input, at);
        match group(input.get(at..).unwrap_or_default()) {
            Group::Bytes { bytes, len, source } => {
                if out.room(at) < len {
                    return finish(out, at, false);
                }
                let bytes = bytes.get(..len).unwrap_or_default();
                out.group(bytes, at, source);
                at += source;
            }
            Group::Skip(count) => at += count,
            Group::End { complete } => return finish(out, at, complete),
        }
    }
}

/// The first bytes that text encodes, and how many they are; white space skipped.
pub(crate) fn probe<const LEN: usize>(input: &[u8]) -> ([u8; LEN], usize) {
    let mut bytes = [0; LEN];
    let (mut len, mut value, mut bits) = (0, 0_u32, 0);
    let mut slots = bytes.iter_mut();
    for &byte in input {
        let sextet = look(&FOURTH, byte);
        if sextet >= 64 {
            if byte.is_ascii_whitespace() {
                continue;
            }
            break;
        }
        value = value << 6 | sextet;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            let Some(slot) = slots.next() else { break };
            let [.., low] = (value >> bits).to_be_bytes();
            *slot = low;
            len += 1;
        }
    }
    (bytes, len)
}

fn finish(out: &Output, consumed: usize, complete: bool) -> Option<Done> {
    (!out.bytes.is_empty()).then_some(Done { consumed, complete })
}

/// Decodes whole groups of four from `at` on, as long as nothing is in their way.
fn clean_groups(out: &mut Output, input: &[u8], at: usize) -> usize {
    let (mut rest, _) = input.get(at..).unwrap_or_default().as_chunks::<4>();
    rest = rest.get(..out.room(at) / 3).unwrap_or(rest);
    let (first, mut groups) = (out.bytes.len(), 0);
    let mut block = [[0_u8; 3]; 64];
    loop {
        let good = clean_block(&mut block, rest);
        out.bytes.extend_from_slice(block.get(..good).unwrap_or_default().as_flattened());
        groups += good;
        if good < block.len() {
            break;
        }
        rest = rest.get(good..).unwrap_or_default();
    }
    out.piece_at(first, groups * 3, (at, groups * 4), Fidelity::Grouped { out: 3, source: 4 });
    at + groups * 4
}

fn clean_block(block: &mut [[u8; 3]; 64], rest: &[[u8; 4]]) -> usize {
    for (good, (to, &[a, b, c, d])) in block.iter_mut().zip(rest).enumerate() {
        let value = look(&FIRST, a) | look(&SECOND, b) | look(&THIRD, c) | look(&FOURTH, d);
        if value >= NONE {
            return good;
        }
        let [_, x, y, z] = value.to_be_bytes();
        *to = [x, y, z];
    }
    block.len().min(rest.len())
}

enum Group {
    Bytes { bytes: [u8; 3], len: usize, source: usize },
    Skip(usize),
    End { complete: bool },
}

/// One group that [`clean_groups`] could not read: broken, padded or cut.
fn group(rest: &[u8]) -> Group {
    let mut value = 0_u32;
    let mut count = 0_usize;
    let mut source = 0;
    let mut stopped = false;
    for (at, &byte) in rest.iter().enumerate() {
        let sextet = look(&FOURTH, byte);
        if sextet < 64 {
            value = value << 6 | sextet;
            count += 1;
            source = at + 1;
            if count == 4 {
                break;
            }
        } else if byte == b'=' {
            // Padding ends a group, and belongs to it.
            let pads = rest.get(at..).unwrap_or_default().iter().take_while(|&&byte| byte == b'=').count();
            if count < 2 {
                return if count == 0 { Group::Skip(at + pads) } else { Group::End { complete: false } };
            }
            source = at + pads.min(4 - count);
            break;
        } else if !byte.is_ascii_whitespace() {
            stopped = true;
            break;
        }
    }
    let value = value << (6 * (4 - count.min(4)));
    let [_, x, y, z] = value.to_be_bytes();
    match count {
        0 | 1 => Group::End { complete: count == 0 && !stopped },
        _ => Group::Bytes { bytes: [x, y, z], len: count - 1, source },
    }
}

/// The value of an alphabet's character, or [`NONE`].
const fn sextet(byte: u8) -> u32 {
    match byte {
        b'A'..=b'Z' => (byte - b'A') as u32,
        b'a'..=b'z' => (byte - b'a') as u32 + 26,
        b'0'..=b'9' => (byte - b'0') as u32 + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => NONE,
    }
}

const fn table(shift: u32) -> [u32; 256] {
    let mut table = [NONE; 256];
    let mut byte = 0_u8;
    loop {
        let value = sextet(byte);
        if value != NONE
            && let Some(slot) = table.split_at_mut(byte as usize).1.first_mut()
        {
            *slot = value << shift;
        }
        if byte == u8::MAX {
            return table;
        }
        byte += 1;
    }
}

/// Larger than any three bytes, also when combined with others.
const NONE: u32 = 0x8000_0000;
static FIRST: [u32; 256] = table(18);
static SECOND: [u32; 256] = table(12);
static THIRD: [u32; 256] = table(6);
static FOURTH: [u32; 256] = table(0);

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(input: &[u8]) -> Option<(Vec<u8>, usize, bool)> {
        let mut out = Output::new(1 << 20, 300);
        let done = base64(&mut out, input)?;
        Some((out.bytes, done.consumed, done.complete))
    }

    #[test]
    fn every_writing_of_base64_is_read() {
        let rows: [(&str, &[u8], &str, usize, bool); 11] = [
            ("padded", b"SGVsbG8=", "Hello", 8, true),
            ("two pads", b"SGVsbA==", "Hell", 8, true),
            ("unpadded", b"SGVsbG8", "Hello", 7, true),
            ("standard", b"Pz8/Pj4+", "???>>>", 8, true),
            ("URL-safe", b"Pz8_Pj4-", "???>>>", 8, true),
            ("mixed", b"Pz8_Pj4+", "???>>>", 8, true),
            ("lines", b"SGVs\r\nbG8h\n", "Hello!", 10, true),
            ("broken group", b"SGV\nsbG8h", "Hello!", 9, true),
            ("two in a row", b"SGk=SGk=", "HiHi", 8, true),
            ("cut", b"SGVsb", "Hel", 4, false),
            ("followed", b"SGVsbG8h\"}", "Hello!", 8, false),
        ];
        for (what, given, text, consumed, complete) in rows {
            let (bytes, read, whole) = decoded(given).unwrap();
            assert_eq!(String::from_utf8_lossy(&bytes), text, "{what}");
            assert!(read == consumed || given[consumed..read].is_ascii(), "{what}: read {read}");
            assert_eq!(whole, complete, "{what}");
            // The replay law: what was read gives the same again.
            assert_eq!(decoded(&given[..read]).unwrap().0, bytes, "{what}");
        }
        assert_eq!(decoded(b"====="), None);
        assert_eq!(decoded(b"!"), None);
    }

    #[test]
    fn a_byte_is_traced_over_a_line_break() {
        let mut out = Output::new(1 << 20, 300);
        base64(&mut out, b"SGVsbG8h\nSGV\nsbG8h").unwrap();
        assert_eq!(out.bytes, b"Hello!Hello!");
        let piece = |out: usize| move |piece: &&crate::Piece| piece.out <= out && out < piece.out + piece.len;
        let first = out.pieces.iter().find(piece(0)).unwrap();
        assert_eq!((first.start, first.source_len), (0, 8));
        // "Hel" of the second half stands in bytes 9 to 13, its line break included.
        let broken = out.pieces.iter().find(piece(6)).unwrap();
        assert!(broken.start <= 9 && broken.start + broken.source_len >= 14, "{broken:?}");
        let last = out.pieces.iter().find(piece(9)).unwrap();
        assert_eq!(last.start + last.source_len, 18);
    }
}
