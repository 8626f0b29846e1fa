//! The steps back from a scrambled value, each of which anybody can do by hand.

use std::fmt;

use evidence::HexBytes;
use serde::{Deserialize, Serialize};

use crate::carrier::{base64, table};

/// A step back to the plaintext.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// The bits of each byte, last first.
    BitsReversed,
    /// The bytes before the last so many: a key follows.
    Before(u8),
    /// The bytes behind the first so many: a key stands in front.
    Behind(u8),
    /// Base64 in another alphabet: 64 characters, spaces for those that are not known.
    Base64(String),
    /// Characters of the alphabet stand for the digits 0 to 9; a space for one that is not known.
    Digits(String),
    /// Each digit less so much, modulo 10.
    DigitsLess(u8),
    /// Each letter so many back in the alphabet.
    LettersLess(u8),
    /// Each byte less so much, modulo 256.
    Less(u8),
    /// The two halves of each byte changed places.
    NibblesSwapped,
    /// The last byte first.
    Reversed,
    /// The bits of each byte turned to the left by so many.
    Turned(u8),
    /// Exclusive or with a key, again and again.
    Xor {
        /// The key.
        key: HexBytes,
        /// Where it comes from: `field "k"`; `found` where it was computed from the value.
        source: String,
    },
}

impl Step {
    /// The bytes after the step; `None` where it cannot be done with them.
    pub fn apply(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let each = |map: &dyn Fn(u8) -> u8| Some(bytes.iter().map(|&byte| map(byte)).collect());
        match self {
            Self::BitsReversed => each(&u8::reverse_bits),
            Self::Before(len) => Some(bytes.get(..bytes.len().checked_sub(usize::from(*len))?)?.to_vec()),
            Self::Behind(len) => Some(bytes.get(usize::from(*len)..)?.to_vec()),
            Self::Base64(alphabet) => decode(alphabet.as_bytes(), bytes),
            Self::Digits(letters) => digits(letters.as_bytes(), bytes),
            Self::DigitsLess(less) => each(&|byte| shift(byte, b'0', 10, *less)),
            Self::LettersLess(less) => each(&|byte| shift(shift(byte, b'a', 26, *less), b'A', 26, *less)),
            Self::Less(less) => each(&|byte| byte.wrapping_sub(*less)),
            Self::NibblesSwapped => each(&|byte| byte.rotate_left(4)),
            Self::Reversed => Some(bytes.iter().rev().copied().collect()),
            Self::Turned(bits) => each(&|byte| byte.rotate_left(u32::from(*bits & 7))),
            Self::Xor { key, .. } => (!key.0.is_empty())
                .then(|| bytes.iter().zip(key.0.iter().cycle()).map(|(a, b)| a ^ b).collect()),
        }
    }

    /// The step in Python, on `o`.
    pub(super) fn python(&self) -> String {
        let each = |map: &str| format!("o = bytes({map} for b in o)");
        match self {
            Self::BitsReversed => each("int(f\"{b:08b}\"[::-1], 2)"),
            Self::Before(len) => format!("o = o[:len(o) - {len}]"),
            Self::Behind(len) => format!("o = o[{len}:]"),
            Self::Base64(alphabet) => format!(
                "import base64\na = {}\ns = b\"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/\"\no = o.rstrip(b\"=\").translate(bytes(s[a.index(b)] if b in a else b for b in range(256)))\no = base64.b64decode(o + b\"=\" * (-len(o) % 4))",
                crate::recipe::bytes(alphabet.as_bytes())
            ),
            Self::Digits(letters) => format!(
                "a = {}\no = bytes(48 + a.index(b) if b in a else b for b in o)",
                crate::recipe::bytes(letters.as_bytes())
            ),
            Self::DigitsLess(less) => each(&format!("48 + (b - 48 - {less}) % 10 if 48 <= b < 58 else b")),
            Self::LettersLess(less) => each(&format!(
                "97 + (b - 97 - {less}) % 26 if 97 <= b < 123 else 65 + (b - 65 - {less}) % 26 if 65 <= b < 91 else b"
            )),
            Self::Less(less) => each(&format!("(b - {less}) % 256")),
            Self::NibblesSwapped => each("(b << 4 | b >> 4) & 255"),
            Self::Reversed => "o = o[::-1]".to_owned(),
            Self::Turned(bits) => each(&format!("(b << {bits} | b >> {}) & 255", 8 - (bits & 7))),
            Self::Xor { key, .. } => format!(
                "k = {}\no = bytes(b ^ k[i % len(k)] for i, b in enumerate(o))",
                crate::recipe::bytes(&key.0)
            ),
        }
    }
}

/// `xor key=field "k"`, `less 3`, `base64 alphabet=…`.
impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BitsReversed => f.write_str("bits reversed"),
            Self::Before(len) => write!(f, "before the last {len}"),
            Self::Behind(len) => write!(f, "behind the first {len}"),
            Self::Base64(alphabet) => write!(f, "base64 alphabet={alphabet:?}"),
            Self::Digits(letters) => write!(f, "digits written as {letters:?}"),
            Self::DigitsLess(less) => write!(f, "digits less {less}"),
            Self::LettersLess(less) => write!(f, "letters less {less}"),
            Self::Less(less) => write!(f, "less {less}"),
            Self::NibblesSwapped => f.write_str("nibbles swapped"),
            Self::Reversed => f.write_str("reversed"),
            Self::Turned(bits) => write!(f, "bits turned by {bits}"),
            Self::Xor { key, source } if source == "found" => write!(f, "xor key={key}"),
            Self::Xor { source, .. } => write!(f, "xor key={source}"),
        }
    }
}

fn shift(byte: u8, first: u8, count: u8, less: u8) -> u8 {
    match byte.checked_sub(first) {
        Some(index) if index < count => first + (index + count - less % count) % count,
        _ => byte,
    }
}

fn digits(letters: &[u8], bytes: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| letters.iter().position(|&letter| letter == byte && byte != b' ');
    let digit = |byte: u8| {
        digit(byte).and_then(|index| u8::try_from(index).ok()).map_or(byte, |index| b'0' + index % 10)
    };
    Some(bytes.iter().map(|&byte| digit(byte)).collect())
}

/// Base64 in an alphabet of which some characters may not be known: bytes that need those are question marks.
fn decode(alphabet: &[u8], text: &[u8]) -> Option<Vec<u8>> {
    let mut table = table(alphabet);
    if let Some(space) = table.get_mut(usize::from(b' ')) {
        *space = None;
    }
    if let Some(bytes) = base64(text, &table) {
        return Some(bytes);
    }
    let end = text.iter().rposition(|&byte| byte != b'=').map_or(0, |last| last + 1);
    let known = |byte: &u8| table.get(usize::from(*byte)).copied().flatten();
    let mut out = Vec::new();
    for group in text.get(..end)?.chunks(4) {
        let sixes: Vec<Option<u8>> = group.iter().map(known).collect();
        for pair in sixes.windows(2).zip([(2, 4), (4, 2), (6, 0)]) {
            let (&[first, second], (up, down)) = pair else { continue };
            let byte = first.zip(second).map(|(first, second)| (first << up) | (second >> down));
            out.push(byte.unwrap_or(b'?'));
        }
    }
    Some(out)
}
