//! The text that carries bytes: hex and base64, also with an alphabet of somebody's own (RFC 4648).

use std::{fmt, sync::LazyLock};

use serde::{Deserialize, Serialize};

/// How the bytes that were worked on are written in the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Carrier {
    /// Base64 or base64url, padded or not.
    Base64,
    /// Hexadecimal, either case.
    Hex,
    /// The bytes themselves.
    Raw,
}

impl Carrier {
    /// The bytes that a value carries, where it is of this kind.
    pub fn decode(self, value: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Raw => Some(value.to_vec()),
            Self::Hex => hex(value),
            Self::Base64 => base64(value, standard()),
        }
    }

    /// What a value may carry, the strictest reading first; what reads as hex is not read as base64.
    pub fn readings(value: &[u8]) -> Vec<(Self, Vec<u8>)> {
        let mut readings = Vec::new();
        for carrier in [Self::Hex, Self::Base64] {
            if readings.is_empty()
                && let Some(bytes) = carrier.decode(value).filter(|bytes| bytes.len() >= SHORTEST)
            {
                readings.push((carrier, bytes));
            }
        }
        readings.push((Self::Raw, value.to_vec()));
        readings
    }
}

/// `raw`, `hex`, `base64`.
impl fmt::Display for Carrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Base64 => "base64",
            Self::Hex => "hex",
            Self::Raw => "raw",
        })
    }
}

/// Six bits of each character; base64url's two are read too where the alphabet leaves them free.
pub(crate) type Table = [Option<u8>; 256];

/// The table of an alphabet: up to 64 characters, of which the first says 0.
pub(crate) fn table(alphabet: &[u8]) -> Table {
    let mut table = [None; 256];
    for (bits, &character) in (0..64).zip(alphabet) {
        if let Some(slot) = table.get_mut(usize::from(character)) {
            *slot = Some(bits);
        }
    }
    if alphabet == STANDARD {
        for (character, bits) in [(b'-', 62), (b'_', 63)] {
            if let Some(slot) = table.get_mut(usize::from(character)) {
                *slot = Some(bits);
            }
        }
    }
    table
}

/// The usual table.
pub(crate) fn standard() -> &'static Table {
    static TABLE: LazyLock<Table> = LazyLock::new(|| table(STANDARD));
    &TABLE
}

/// Whether text is base64, as [`base64`] reads it.
pub(crate) fn is_base64(text: &[u8], table: &Table) -> bool {
    let (mut last, mut count) = (0, 0_usize);
    let end = text.iter().rposition(|&byte| byte != b'=').map_or(0, |last| last + 1);
    for &character in text.get(..end).unwrap_or_default() {
        if !matches!(character, b'\r' | b'\n') {
            let Some(Some(six)) = table.get(usize::from(character)) else { return false };
            (last, count) = (*six, count + 1);
        }
    }
    match count % 4 {
        0 => true,
        2 => last & 15 == 0,
        3 => last & 3 == 0,
        _ => false,
    }
}

/// Bytes of base64 text; `None` where a character is not in the table or bits are left over.
pub(crate) fn base64(text: &[u8], table: &Table) -> Option<Vec<u8>> {
    let (mut held, mut bits) = (0_u32, 0);
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 2);
    let end = text.iter().rposition(|&byte| byte != b'=').map_or(0, |last| last + 1);
    for &character in text.get(..end)?.iter().filter(|byte| !matches!(byte, b'\r' | b'\n')) {
        let six = table.get(usize::from(character)).copied().flatten()?;
        held = held << 6 | u32::from(six);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push(low_byte(held >> bits));
            held &= (1 << bits) - 1;
        }
    }
    // Six bits over are no byte's rest; encoders leave the others zero.
    (bits < 6 && held == 0).then_some(bytes)
}

fn low_byte(number: u32) -> u8 {
    let [low, ..] = number.to_le_bytes();
    low
}

/// Base64 text without padding, in an alphabet of 64 characters.
pub(crate) fn to_base64(bytes: &[u8], alphabet: &[u8; 64]) -> Vec<u8> {
    let mut text = Vec::with_capacity(bytes.len() / 3 * 4 + 4);
    for group in bytes.chunks(3) {
        let [a, b, c] = [0, 1, 2].map(|index| u32::from(group.get(index).copied().unwrap_or(0)));
        let held = a << 16 | b << 8 | c;
        for index in 0..=group.len() {
            let six = usize::from(low_byte(held >> (18 - 6 * index)) & 63);
            text.extend(alphabet.get(six));
        }
    }
    text
}

/// Bytes of hexadecimal text of an even length.
pub(crate) fn hex(text: &[u8]) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) {
        return None;
    }
    text.chunks(2).map(|pair| Some(nibble(pair.first()?)? << 4 | nibble(pair.get(1)?)?)).collect()
}

fn nibble(digit: &u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

/// Lower-case hexadecimal text.
pub(crate) fn to_hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from(if digit < 10 { b'0' + digit } else { b'a' + digit - 10 })).collect()
}

/// RFC 4648 section 4.
pub(crate) const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/// Shorter values are not taken for carriers.
const SHORTEST: usize = 5;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_carries_bytes() {
        type Row<'r> = (Carrier, &'r [u8], Option<&'r [u8]>);
        let rows: [Row<'_>; 7] = [
            (Carrier::Hex, b"00fFa0", Some(b"\x00\xff\xa0")),
            (Carrier::Hex, b"00f", None),
            (Carrier::Base64, b"SGVsbG8=", Some(b"Hello")),
            (Carrier::Base64, b"SGVsbG8", Some(b"Hello")),
            (Carrier::Base64, b"-_-_", Some(b"\xfb\xff\xbf")),
            (Carrier::Base64, b"SGVsb", None),
            (Carrier::Base64, b"a b", None),
        ];
        for (carrier, text, bytes) in rows {
            assert_eq!(carrier.decode(text).as_deref(), bytes, "{carrier} {text:?}");
            assert_eq!(is_base64(text, standard()), base64(text, standard()).is_some(), "{text:?}");
        }
        for text in [&b"a"[..], b"ab", b"abc", b"\xff\0\xfe\x01"] {
            assert_eq!(base64(&to_base64(text, STANDARD), &table(STANDARD)).as_deref(), Some(text));
        }
    }
}
