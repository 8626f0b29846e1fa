//! Base64 and hex to the bytes around a needle: its own, and some on either side.
//!
//! A character of base64 holds six bits, so a text that does not begin or end with a group of three bytes
//! shares characters with its neighbours. Whether they hold the text's bits, and whether the text stands
//! alone, is seen when they are decoded.

use std::ops::Range;

use crate::forms::Code;

/// What stands in `range` of a text in such a code, decoded together with some bytes on either side, and
/// where the needle's text begins in it. `None` where characters are missing that hold bits of it.
pub(super) fn around(code: Code, text: &[u8], range: Range<usize>) -> Option<(Vec<u8>, usize)> {
    match code {
        Code::Base64(before) => base64(usize::from(before), text, range),
        Code::Hex => hex(text, range),
    }
}

fn base64(before: usize, text: &[u8], range: Range<usize>) -> Option<(Vec<u8>, usize)> {
    // Characters of the needle's first group that lie before it.
    let head = (before * 8).div_ceil(6);
    let first = range.start.checked_sub(head)?;
    // `/` and `-` before a group may as well be what parts it from a path or a name.
    let group = first.checked_sub(GROUP).filter(|&group| {
        text.get(group..first).is_some_and(|group| group.iter().all(u8::is_ascii_alphanumeric))
    });
    let own = text.get(group.unwrap_or(first)..range.end)?;
    let own = own.iter().map(|byte| sextet(*byte)).collect::<Option<Vec<u8>>>()?;
    let after = text.get(range.end..)?.iter().take(GROUP).map_while(|byte| sextet(*byte));
    let mut bits = Bits::default();
    let bytes = own.into_iter().chain(after).filter_map(|sextet| bits.push(sextet)).collect();
    Some((bytes, before + if group.is_some() { 3 } else { 0 }))
}

fn hex(text: &[u8], range: Range<usize>) -> Option<(Vec<u8>, usize)> {
    let (before, from) = text.split_at_checked(range.start)?;
    let digits = before.iter().rev().take(CONTEXT * 2).take_while(|byte| byte.is_ascii_hexdigit()).count();
    let pairs = digits / 2;
    let digits = before.get(before.len() - pairs * 2..)?.iter().chain(from);
    let digits = digits.take(pairs * 2 + range.len() + CONTEXT * 2);
    let mut digits =
        digits.map_while(|byte| char::from(*byte).to_digit(16)).filter_map(|it| u8::try_from(it).ok());
    let pair = || Some(digits.next()? << 4 | digits.next()?);
    Some((std::iter::from_fn(pair).collect(), pairs))
}

/// Gathers six bits at a time and gives them eight at a time.
#[derive(Default)]
struct Bits {
    held: u32,
    count: u32,
}

impl Bits {
    fn push(&mut self, sextet: u8) -> Option<u8> {
        self.held = self.held << 6 | u32::from(sextet);
        self.count += 6;
        self.count = self.count.checked_sub(8)?;
        Some((self.held >> self.count & 0xFF) as u8)
    }
}

/// The value of a character in either alphabet (RFC 4648 sections 4 and 5).
fn sextet(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}

/// Characters that three bytes become.
const GROUP: usize = 4;
/// Bytes on either side of which some boundary looks at one.
const CONTEXT: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_needle_is_decoded_with_its_neighbours() {
        // "xyz352099=" in base64 at each alignment, and in hex.
        type Row = (Code, &'static str, Range<usize>, &'static [u8], usize);
        let rows: [Row; 5] = [
            (Code::Base64(0), "eHl6MzUyMDk5PQ==", 4..12, b"xyz352099=", 3),
            (Code::Base64(0), "/l6/MzUyMDk5", 4..12, b"352099", 0),
            (Code::Base64(1), "eTM1MjA5OT0", 2..9, b"y352099=", 1),
            (Code::Base64(2), "eXozNTIwOTk9Ow", 3..10, b"yz352099=;", 2),
            (Code::Hex, "7a3335323039393d", 2..14, b"z352099=", 1),
        ];
        for (code, text, range, bytes, start) in rows {
            assert_eq!(around(code, text.as_bytes(), range), Some((bytes.to_vec(), start)), "{text}");
        }
    }

    #[test]
    fn without_its_first_characters_nothing_is_decided() {
        assert_eq!(around(Code::Base64(1), b"M1MjA5OT0", 0..7), None);
        assert_eq!(around(Code::Base64(1), b"\"=M1MjA5OT0", 2..9), None);
    }
}
