//! The exact check of what the filter lets through: bytes, letters' case, and what stands beside.

use std::ops::Range;

use super::coded;
use crate::forms::{Boundary, Code, Letters};

/// What a needle looks for; its bytes lie in a common store.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pattern {
    /// Where in the store.
    pub(super) start: u32,
    /// How many bytes.
    pub(super) len: u32,
    /// How many of them must be there.
    pub(super) anchor: u32,
    pub(super) letters: Letters,
    pub(super) boundary: Boundary,
    /// The code it stands in.
    pub(super) code: Option<Code>,
    /// Bytes of the text in that code; they lie behind the pattern's own in the store.
    pub(super) inside: u32,
}

impl Pattern {
    /// The needle's bytes.
    pub(super) fn bytes<'a>(&self, store: &'a [u8]) -> &'a [u8] {
        store.get(self.start as usize..).and_then(|rest| rest.get(..self.len as usize)).unwrap_or_default()
    }

    /// The text that the pattern encodes; empty where it stands in no code.
    pub(super) fn inside<'a>(&self, store: &'a [u8]) -> &'a [u8] {
        let start = self.start as usize + self.len as usize;
        store.get(start..).and_then(|rest| rest.get(..self.inside as usize)).unwrap_or_default()
    }

    /// The end of the needle that stands at `start` of the text, if it does.
    pub(super) fn end(&self, store: &[u8], text: &[u8], start: usize) -> Option<usize> {
        let bytes = self.bytes(store);
        let there = text.get(start..)?;
        let anchor = self.anchor as usize;
        if !self.same(there.get(..anchor)?, bytes.get(..anchor)?) {
            return None;
        }
        let more = there.iter().zip(bytes).skip(anchor);
        let end = start + anchor + more.take_while(|(have, want)| self.same(&[**have], &[**want])).count();
        match self.code {
            Some(code) => self.is_inside(code, store, text, start..end).then_some(end),
            None => bounded(self.boundary, text, start, end),
        }
    }

    /// Whether what stands in `range`, decoded with what stands beside it, is the pattern's text in its
    /// boundary: its first and last bits may lie in characters that it shares with other bytes.
    #[cold]
    fn is_inside(&self, code: Code, store: &[u8], text: &[u8], range: Range<usize>) -> bool {
        let wanted = self.inside(store);
        let Some((decoded, start)) = coded::around(code, text, range) else { return false };
        let end = start + wanted.len();
        decoded.get(start..end) == Some(wanted) && bounded(self.boundary, &decoded, start, end).is_some()
    }

    #[inline]
    fn same(&self, have: &[u8], want: &[u8]) -> bool {
        match self.letters {
            Letters::Exact => have == want,
            Letters::Folded | Letters::Told | Letters::ToldIfOther => have.eq_ignore_ascii_case(want),
        }
    }
}

/// The end of what stands there, where its boundary holds.
fn bounded(boundary: Boundary, text: &[u8], start: usize, end: usize) -> Option<usize> {
    let before = |back: usize| start.checked_sub(back).and_then(|at| text.get(at)).copied();
    let after = |forth: usize| text.get(end + forth).copied();
    let is = |byte: Option<u8>, class: fn(&u8) -> bool| byte.is_some_and(|byte| class(&byte));
    let ok = match boundary {
        Boundary::None => true,
        Boundary::Digits => !is(before(1), u8::is_ascii_digit) && !is(after(0), u8::is_ascii_digit),
        Boundary::DigitsWide => !beside_wide(text, start..end, u8::is_ascii_digit),
        Boundary::Hex => !is(before(1), u8::is_ascii_hexdigit) && !is(after(0), u8::is_ascii_hexdigit),
        Boundary::HexWide => !beside_wide(text, start..end, u8::is_ascii_hexdigit),
        Boundary::Imeisv => {
            let version = is(after(0), u8::is_ascii_digit) && is(after(1), u8::is_ascii_digit);
            let alone = !is(before(1), u8::is_ascii_digit) && !is(after(2), u8::is_ascii_digit);
            return (version && alone).then_some(end + 2);
        }
        Boundary::Package => {
            let left = is(before(1), in_name) || before(1) == Some(b'.') && is(before(2), in_name);
            let right = is(after(0), in_name) || after(0) == Some(b'.') && is(after(1), in_name);
            !left && !right
        }
        Boundary::Word => {
            let left = letter_at(text, start) && letter_before(text, start);
            let right = letter_before(text, end) && letter_at(text, end);
            !left && !right
        }
        Boundary::WordWide => !beside_wide(text, start..end, in_ascii_word),
    };
    ok.then_some(end)
}

/// Whether a character of a class stands beside UTF-16 text.
fn beside_wide(text: &[u8], range: Range<usize>, class: fn(&u8) -> bool) -> bool {
    let byte = |at: Option<usize>| at.and_then(|at| text.get(at)).copied();
    let (start, end) = (range.start, range.end);
    let before = (byte(start.checked_sub(2)), byte(start.checked_sub(1)));
    let after = (byte(Some(end)), byte(Some(end + 1)));
    // Little-endian text stands in big-endian one, too, one byte further on, and ends in half a character.
    let half =
        before.1 == Some(0) && byte(Some(start)) != Some(0) && after.0.is_some_and(|byte| class(&byte));
    wide(before.0, before.1, class) || wide(after.0, after.1, class) || half
}

/// Whether two bytes are a character of a class in UTF-16 of either byte order.
fn wide(first: Option<u8>, second: Option<u8>, class: fn(&u8) -> bool) -> bool {
    match (first, second) {
        (Some(letter), Some(0)) | (Some(0), Some(letter)) => class(&letter),
        _ => false,
    }
}

fn in_ascii_word(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric()
}

/// Whether a letter or digit of an alphabet ends before a place. Han, kana and the like have no words.
fn letter_before(text: &[u8], place: usize) -> bool {
    let byte = |back: usize| place.checked_sub(back).and_then(|at| text.get(at)).copied();
    match (byte(2), byte(1)) {
        (_, Some(last)) if last < 0x80 => last.is_ascii_alphanumeric(),
        (Some(first), Some(second)) => two_byte_letter(first, second),
        _ => false,
    }
}

/// Whether a letter or digit of an alphabet begins at a place.
fn letter_at(text: &[u8], place: usize) -> bool {
    match (text.get(place), text.get(place + 1)) {
        (Some(first), _) if *first < 0x80 => first.is_ascii_alphanumeric(),
        (Some(first), Some(second)) => two_byte_letter(*first, *second),
        _ => false,
    }
}

/// Latin, Greek and Cyrillic beyond ASCII are two bytes in UTF-8.
fn two_byte_letter(first: u8, second: u8) -> bool {
    let code = u32::from(first & 0x1F) << 6 | u32::from(second & 0x3F);
    (0xC3..=0xD4).contains(&first)
        && second & 0xC0 == 0x80
        && char::from_u32(code).is_some_and(char::is_alphabetic)
}

fn in_name(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || *byte == b'_'
}

/// Letters and digits, roughly: bytes above ASCII are parts of letters in UTF-8.
pub(super) fn in_word(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || *byte >= 0x80
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(boundary: Boundary, needle: &str, text: &str) -> Option<usize> {
        let len = needle.len() as u32;
        let pattern =
            Pattern { start: 0, len, anchor: len, letters: Letters::Folded, boundary, code: None, inside: 0 };
        pattern.end(needle.as_bytes(), text.as_bytes(), text.to_lowercase().find(&needle.to_lowercase())?)
    }

    #[test]
    fn a_longer_number_or_word_is_another() {
        let rows = [
            (Boundary::Digits, "12345678", "a12345678b", true),
            (Boundary::Digits, "12345678", "123456789", false),
            (Boundary::Digits, "12345678", "012345678", false),
            (Boundary::Hex, "d03745ab019f", "=d03745AB019f&", true),
            (Boundary::Hex, "d03745ab019f", "ad03745ab019f", false),
            (Boundary::Imeisv, "35209900176148", "3520990017614823", true),
            (Boundary::Imeisv, "35209900176148", "352099001761481", false),
            (Boundary::Imeisv, "35209900176148", "35209900176148234", false),
            (Boundary::Package, "org.example.app", "\"org.example.app\"", true),
            (Boundary::Package, "org.example.app", "Uses org.example.app.", true),
            (Boundary::Package, "org.example.app", "org.example.app.settings", false),
            (Boundary::Package, "org.example.app", "org.example.app_2", false),
            (Boundary::Word, "zeisig", "der Zeisig!", true),
            (Boundary::Word, "zeisig", "Zeisige", false),
            (Boundary::Word, "zeisig", "ßzeisig", false),
            (Boundary::Word, "zeisig", "名zeisig的", true),
        ];
        let wide = [
            (Boundary::WordWide, "z\0e\0", "z\0e\0", true),
            (Boundary::WordWide, "z\0e\0", "z\0e\0n\0", false),
            (Boundary::WordWide, "z\0e\0", "\0z\0e\0n ", false),
            (Boundary::WordWide, "z\0e\0", "a\0z\0e\0", false),
            (Boundary::HexWide, "f\0e\0", "x\0f\0e\0", true),
            (Boundary::HexWide, "f\0e\0", "f\0e\0a\0", false),
        ];
        for (boundary, needle, text, holds) in rows.into_iter().chain(wide) {
            assert_eq!(end(boundary, needle, text).is_some(), holds, "{needle} in {text}");
        }
        assert_eq!(end(Boundary::Imeisv, "35209900176148", "3520990017614823"), Some(16));
    }
}
