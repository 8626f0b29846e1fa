//! Whether what a decoder made is worth keeping, and which stretches of text may be encoded: the guard
//! against noise. Nearly any word is some base64 and any id is some hex.

use std::ops::Range;

use crate::{
    decode::{base64, hex, inflate},
    sniff::{self, BASE64, DASH, DIGIT, EQUALS, HEX, LOWER, PLUS_SLASH, SPACE, UPPER},
    walk::protobuf,
};

/// Whether decoded bytes mean something: a known format, text, or a message.
pub(crate) fn meaningful(bytes: &[u8]) -> bool {
    sniff::magic(bytes).is_some()
        || bytes.len() >= 4 && sniff::textual(bytes)
        || sniff::utf16(bytes).is_some()
        || bytes.len() >= 16 && inflate::zlib_header(bytes)
        || protobuf::surely(bytes)
}

/// Whether the output of a decoder that reads nearly anything is no accident.
pub(crate) fn no_accident(bytes: &[u8]) -> bool {
    bytes.len() >= 16 && (sniff::textual(bytes) || sniff::magic(bytes).is_some() || protobuf::surely(bytes))
}

/// Whether text that is base64 by its alphabet may be base64 in truth.
///
/// Decides by what its beginning decodes to. Long text with upper case, lower case and digits mixed as chance
/// would is taken for encoded ciphertext.
pub(crate) fn may_be_base64(text: &[u8]) -> bool {
    if text.len() < SHORTEST_BASE64 || text.len() < OPAQUE && !may_start_base64(text) {
        return false;
    }
    let plain = memchr::memchr(b' ', text).is_none() && !is_id(text);
    plain && (meaningful_base64(text) || is_opaque(text))
}

fn may_start_base64(text: &[u8]) -> bool {
    let (bytes, len) = base64::probe::<3>(text);
    len < 3 || may_start(bytes)
}

/// Whether the first three bytes may begin something: text, or a format or message by its first byte.
fn may_start(bytes: [u8; 3]) -> bool {
    let printable = |byte: u8| (0x20..0x7f).contains(&byte) || matches!(byte, 0 | b'\t' | b'\n' | b'\r');
    match bytes {
        [0xc2..=0xf4, 0x80..=0xbf, _] => true,
        [first, ..] if is_first(first) => true,
        _ => bytes.iter().all(|&byte| printable(byte) || byte >= 0xc2),
    }
}

/// Long text that only chance would write: base64 of something encrypted or packed.
pub(crate) fn is_opaque(text: &[u8]) -> bool {
    let head = text.get(..256).unwrap_or(text);
    let count = |class| {
        head.iter().filter(|&&byte| sniff::class(byte) & class != 0).count() * 100 / head.len().max(1)
    };
    let upper = head.iter().filter(|byte| byte.is_ascii_uppercase()).count() * 100 / head.len().max(1);
    let lower = head.iter().filter(|byte| byte.is_ascii_lowercase()).count() * 100 / head.len().max(1);
    text.len() >= OPAQUE
        && upper >= 20
        && lower >= 20
        && count(DIGIT) >= 5
        && count(DASH | PLUS_SLASH) <= 15
        && !is_id(text)
}

/// Hex digits and dashes: a hash or a UUID.
fn is_id(text: &[u8]) -> bool {
    let head = text.get(..64).unwrap_or(text);
    sniff::classes(head) & !(HEX | DASH | SPACE) == 0
}

fn meaningful_base64(text: &[u8]) -> bool {
    let (bytes, len) = base64::probe::<PROBE_BYTES>(text);
    let bytes = bytes.get(..len).unwrap_or_default();
    // Short text must be text all through: a few letters by chance are nothing.
    match len {
        0..=3 => false,
        4..=11 => bytes.iter().all(|byte| (0x20..0x7f).contains(byte)),
        _ => meaningful(bytes),
    }
}

/// Whether hex digits may spell something. Few must spell text all through.
pub(crate) fn may_be_hex(text: &[u8]) -> bool {
    let starts = |first: &u8| matches!(first, b'2'..=b'7' | b'c'..=b'f' | b'C'..=b'F');
    match text.len() {
        0..SHORTEST_HEX => false,
        SHORTEST_HEX..SHORT_HEX => text.first().is_some_and(starts) && spells_text(text),
        _ => text.len() >= OPAQUE_HEX || spells_something(text),
    }
}

fn spells_text(digits: &[u8]) -> bool {
    let (bytes, len) = hex::probe::<{ SHORT_HEX / 2 }>(digits);
    let text = bytes.get(..len).and_then(|bytes| std::str::from_utf8(bytes).ok());
    let odd = |c: char| c.is_control() && !c.is_ascii_whitespace();
    len >= SHORTEST_HEX / 2 && text.is_some_and(|text| !text.contains(odd))
}

fn spells_something(digits: &[u8]) -> bool {
    let (start, len) = hex::probe::<3>(digits);
    if len < 3 || start == [0; 3] || !may_start(start) {
        return false;
    }
    let (bytes, len) = hex::probe::<PROBE_BYTES>(digits);
    len >= SHORTEST_HEX / 2 && meaningful(bytes.get(..len).unwrap_or_default())
}

/// Whether a few bytes that an id may have spelt by chance begin with a name, and are text all through.
pub(crate) fn is_named(bytes: &[u8]) -> bool {
    let name = memchr::memchr2(b'=', b':', bytes).and_then(|end| bytes.get(..end)).unwrap_or_default();
    let letters = name.iter().filter(|byte| byte.is_ascii_alphabetic()).count();
    let word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'[' | b']');
    letters >= 2 && name.iter().all(word) && bytes.iter().all(|&byte| is_printable(byte))
}

/// The runs of base64 characters in text that are long enough to look at, in order.
///
/// Only one byte in [`SHORTEST_RUN`] is looked at until one may lie in such a run.
pub(crate) struct Runs<'t> {
    text: &'t [u8],
    at: usize,
}

impl<'t> Runs<'t> {
    pub(crate) fn new(text: &'t [u8]) -> Self {
        Self { text, at: 0 }
    }

    fn run_from(&self, start: usize) -> usize {
        let rest = self.text.get(start..).unwrap_or_default();
        start + rest.iter().take_while(|&&byte| in_run(byte)).count()
    }

    /// Goes on over line breaks, as long as the lines are as long as those of encoded files.
    fn over_lines(&self, start: usize, end: usize) -> usize {
        let (mut line, mut end) = (start, end);
        while end - line >= SHORTEST_LINE {
            let skip = match self.text.get(end..) {
                Some([b'\r', b'\n', next, ..]) if in_run(*next) => 2,
                Some([b'\n', next, ..]) if in_run(*next) => 1,
                _ => break,
            };
            line = end + skip;
            end = self.run_from(line);
        }
        end
    }
}

impl Iterator for Runs<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        loop {
            let probe = self.at + SHORTEST_RUN - 1;
            let window = self.text.get(self.at..=probe)?;
            match window.iter().rposition(|&byte| !in_run(byte)) {
                Some(break_at) => self.at += break_at + 1,
                None => {
                    let start = self.at;
                    let end = self.over_lines(start, self.run_from(probe));
                    self.at = end;
                    return Some(start..end);
                }
            }
        }
    }
}

/// The part of a run that is base64 of something, if any: at any of the four alignments, and behind what
/// happens to stand before it.
pub(crate) fn encoded_part(text: &[u8], run: Range<usize>) -> Option<Range<usize>> {
    let run_text = text.get(run.clone())?;
    let head = run_text.get(..PROBE).unwrap_or(run_text);
    let cased = head.iter().any(u8::is_ascii_uppercase) && head.iter().any(u8::is_ascii_lowercase);
    if !cased
        || is_id(run_text)
        || run_text.len() < 40 && sniff::classes(head) & (DIGIT | EQUALS | PLUS_SLASH) == 0
    {
        return None;
    }
    for shift in 0..4 {
        let start = run.start + shift;
        let (bytes, len) = base64::probe::<PROBE_BYTES>(text.get(start..run.end)?);
        if let Some(skip) = meaning_starts(bytes.get(..len)?) {
            return Some(start + skip / 3 * 4..run.end);
        }
    }
    is_opaque(run_text).then_some(run)
}

/// Where bytes begin to mean something, at a multiple of three: at once where they are of a known format, or
/// behind the last byte that no text has.
fn meaning_starts(bytes: &[u8]) -> Option<usize> {
    if sniff::magic(bytes).is_some()
        || sniff::utf16(bytes).is_some()
        || bytes.len() >= 16 && inflate::zlib_header(bytes)
        || protobuf::surely(bytes)
    {
        return Some(0);
    }
    let odd = bytes.iter().rposition(|&byte| !is_printable(byte));
    let start = odd.map_or(0, |odd| (odd + 1).next_multiple_of(3));
    let tail = bytes.get(start..)?;
    if tail.len() >= 12 && tail.len() * 2 >= bytes.len() {
        return Some(start);
    }
    (bytes.len() >= 16 && sniff::textual(bytes)).then_some(0)
}

/// Whether known formats, messages or wide text begin with the byte.
fn is_first(byte: u8) -> bool {
    matches!(byte, 0x00 | 0x04 | 0x08 | 0x0a | 0x10 | 0x12 | 0x18 | 0x1a | 0x1f | 0x22 | 0x28 | 0x50)
        || matches!(byte, 0x62 | 0x68 | 0x78 | 0x89 | 0xfe | 0xff)
}

/// Printable ASCII, tabs and line ends.
fn is_printable(byte: u8) -> bool {
    (0x20..0x7f).contains(&byte) || matches!(byte, b'\t' | b'\n' | b'\r')
}

fn in_run(byte: u8) -> bool {
    sniff::class(byte) & (BASE64 & !SPACE) != 0
}

const _: () = assert!(BASE64 & (LOWER | UPPER) == LOWER | UPPER);
/// Characters that are decoded to see whether more is worth it.
const PROBE: usize = 96;
const PROBE_BYTES: usize = PROBE / 4 * 3;
/// Shorter text is not taken for ciphertext by its looks.
const OPAQUE: usize = 64;
/// Letters that may encode something.
pub(crate) const SHORTEST_BASE64: usize = 8;
/// Digits that may spell something, and those that spell no more than 11 bytes.
pub(crate) const SHORTEST_HEX: usize = 12;
const SHORT_HEX: usize = 24;
/// So many digits are no hash, key or signature that somebody shows: they encode something, whatever that is.
const OPAQUE_HEX: usize = 1024;
/// Shorter runs of base64 in other text are not looked at.
const SHORTEST_RUN: usize = 24;
/// PEM breaks at 64 characters, MIME at 76.
const SHORTEST_LINE: usize = 60;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_ids_are_no_base64() {
        let rows = [
            ("SGVsbG8gd29ybGQ=", true),
            ("MDA0NDAxNTEy", true),
            ("application", false),
            ("username", false),
            ("com/android/vending", false),
            ("550e8400-e29b-41d4-a716-446655440000", false),
            ("d41d8cd98f00b204e9800998ecf8427e", false),
            ("getInstallReferrerServiceConnection", false),
            ("SOME_LONG_CONSTANT_NAME", false),
            ("004401512345678", false),
        ];
        for (text, expected) in rows {
            assert_eq!(may_be_base64(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn ids_are_no_hex_text() {
        let rows = [
            ("68656c6c6f2c", true),
            ("e4bda0e5a5bd", true),
            ("68656C6C6F2C20776F726C64", true),
            ("b3fd7dddda53fc9c", false),
            ("633fdff49a291ecd", false),
            ("6868680a6868", true),
            ("686868016868", false),
            ("1700392502877", false),
            ("68656c6c", false),
            ("d41d8cd98f00b204e9800998ecf8427e", false),
            ("7b22696d6569223a22303034343031227d", true),
        ];
        for (text, expected) in rows {
            assert_eq!(may_be_hex(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn runs_are_found_whole() {
        let text = format!("short words, then {}; and {}.", "A".repeat(24), "b".repeat(31));
        let runs: Vec<_> = Runs::new(text.as_bytes()).collect();
        assert_eq!(runs, [18..42, 48..79]);
        let lines = format!("{}\n{}\nend", "A".repeat(64), "B".repeat(20));
        assert_eq!(Runs::new(lines.as_bytes()).next(), Some(0..85), "lines are joined");
    }

    #[test]
    fn encoded_text_is_found_behind_a_prefix() {
        // base64 of {"imei":"004401512345678"}
        let encoded = "eyJpbWVpIjoiMDA0NDAxNTEyMzQ1Njc4In0=";
        for prefix in ["", "x", "xy", "/v1/", "xyzab"] {
            let text = format!("{prefix}{encoded}");
            let found = encoded_part(text.as_bytes(), 0..text.len()).unwrap();
            assert!(
                found.start >= prefix.len().saturating_sub(3) && found.start <= prefix.len() + 3,
                "{prefix}: {found:?}"
            );
            assert_eq!((found.start + 40 - prefix.len()) % 4, 0, "{prefix}: {found:?}");
        }
    }
}
