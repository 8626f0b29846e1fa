//! LZ4 blocks without a frame, as `LZ4_compress` gives them (lz4_Block_format.md).

use evidence::Fidelity;

use crate::output::{Done, Output};

/// One block: sequences of literals and matches, the last of literals only.
///
/// Has no magic and no length; reads as far as the sequences make sense.
pub(crate) fn lz4_block(out: &mut Output, input: &[u8]) -> Option<Done> {
    let mut at = 0;
    let complete = loop {
        match sequence(out, input, at) {
            Step::More(next) => at = next,
            Step::Last(end) => {
                at = end;
                break true;
            }
            Step::Broken => break false,
        }
    };
    (!out.bytes.is_empty()).then_some(Done { consumed: at, complete })
}

enum Step {
    More(usize),
    Last(usize),
    Broken,
}

/// A token, its literals, and the match behind them; nothing is written where it is broken.
fn sequence(out: &mut Output, input: &[u8], start: usize) -> Step {
    let Some(&token) = input.get(start) else {
        return Step::Broken;
    };
    let Some((literals, at)) = length(token >> 4, input, start + 1) else {
        return Step::Broken;
    };
    let Some(text) = at.checked_add(literals).and_then(|end| input.get(at..end)) else {
        return Step::Broken;
    };
    let at = at + literals;
    if out.room(at) < literals {
        return Step::Broken;
    }
    if at == input.len() {
        out.piece(literals, start, at - start, Fidelity::Within);
        out.bytes.extend_from_slice(text);
        return Step::Last(at);
    }
    let Some(&[low, high]) = input.get(at..).and_then(<[u8]>::first_chunk) else {
        return Step::Broken;
    };
    let offset = usize::from(u16::from_le_bytes([low, high]));
    let Some((matched, at)) = length(token & 15, input, at + 2) else {
        return Step::Broken;
    };
    let matched = matched + 4;
    if offset == 0 || offset > out.bytes.len() + literals || out.room(at) < literals + matched {
        return Step::Broken;
    }
    note(out, literals + matched, start, at);
    out.bytes.extend_from_slice(text);
    repeat(&mut out.bytes, offset, matched);
    Step::More(at)
}

/// A length: a nibble, and where it is 15, bytes to add up to the first below 255.
fn length(nibble: u8, input: &[u8], at: usize) -> Option<(usize, usize)> {
    let mut sum = usize::from(nibble);
    if nibble < 15 {
        return Some((sum, at));
    }
    for (index, &byte) in input.get(at..)?.iter().enumerate() {
        sum = sum.checked_add(usize::from(byte))?;
        if byte != 255 {
            return Some((sum, at + index + 1));
        }
    }
    None
}

/// Ties the next `len` bytes to `start..end`, together with those before while they are few.
fn note(out: &mut Output, len: usize, start: usize, end: usize) {
    match out.pieces.last_mut() {
        Some(last) if last.len < GRAIN => {
            last.len += len;
            last.source_len = end - last.start;
        }
        _ => out.piece(len, start, end - start, Fidelity::Within),
    }
}

/// Appends `len` bytes from `offset` before the end, which may overlap what is appended.
fn repeat(bytes: &mut Vec<u8>, offset: usize, len: usize) {
    let start = bytes.len() - offset;
    let mut left = len;
    while left > 0 {
        let count = left.min(bytes.len() - start);
        bytes.extend_from_within(start..start + count);
        left -= count;
    }
}

/// Output bytes of one piece, at least.
const GRAIN: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_reads_as_it_was_written() {
        let text =
            br#"{"imei":"004401512345678","imsi":"001010123456789","imei2":"004401512345678"}"#.repeat(40);
        let packed = lz4_flex::block::compress(&text);
        let mut out = Output::new(1 << 20, 300);
        let done = lz4_block(&mut out, &packed).unwrap();
        assert_eq!(done, Done { consumed: packed.len(), complete: true });
        assert_eq!(out.bytes, text);
    }

    #[test]
    fn a_bomb_stops_at_its_limit() {
        // A literal, then a match at distance 1 of 15 + 255 * 2000 bytes.
        let bomb = [&[0x1f, b'A', 1, 0][..], &[255; 2000], &[0, 0]].concat();
        let mut out = Output::new(1000, 300);
        assert_eq!(lz4_block(&mut out, &bomb), None);
    }
}
