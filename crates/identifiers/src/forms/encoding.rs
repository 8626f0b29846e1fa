//! Encodings of a text that the decoders of a message may not have undone: found where they stand.

use super::{Boundary, Code, Letters};

/// An encoded text.
pub(super) struct Encoding {
    pub(super) step: &'static str,
    pub(super) bytes: Vec<u8>,
    pub(super) letters: Letters,
    pub(super) boundary: Boundary,
    /// What the bytes must be undone with, together with what stands beside them, to see the text and its
    /// boundary; `None` where that can be seen as they stand.
    pub(super) code: Option<Code>,
}

/// The encodings of a text that keeps such a boundary.
pub(super) fn of(text: &[u8], boundary: Boundary) -> Vec<Encoding> {
    let wide = match boundary {
        Boundary::Digits | Boundary::Imeisv => Boundary::DigitsWide,
        Boundary::Hex => Boundary::HexWide,
        Boundary::Package | Boundary::Word => Boundary::WordWide,
        _ => Boundary::None,
    };
    let mut all = vec![
        Encoding {
            step: "utf16le",
            bytes: utf16(text, u16::to_le_bytes),
            letters: Letters::Folded,
            boundary: wide,
            code: None,
        },
        Encoding {
            step: "utf16be",
            bytes: utf16(text, u16::to_be_bytes),
            letters: Letters::Folded,
            boundary: wide,
            code: None,
        },
        Encoding {
            step: "hex",
            bytes: hex(text).into_bytes(),
            letters: Letters::Folded,
            boundary,
            code: Some(Code::Hex),
        },
        Encoding { step: "reversed", bytes: reversed(text), letters: Letters::Folded, boundary, code: None },
    ];
    for (at, (standard, url)) in
        (0..).zip([("base64", "base64url"), ("base64+1", "base64url+1"), ("base64+2", "base64url+2")])
    {
        for (step, alphabet) in [(standard, STANDARD), (url, URL)] {
            let bytes = base64_at(text, usize::from(at), alphabet);
            all.push(Encoding {
                step,
                bytes,
                letters: Letters::Exact,
                boundary,
                code: Some(Code::Base64(at)),
            });
        }
    }
    all
}

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(u32::from(digit), 16)).collect()
}

/// Base64 (RFC 4648) without padding, in the standard alphabet and the one for addresses.
pub(super) fn base64(bytes: &[u8]) -> [Vec<u8>; 2] {
    [encode(bytes, STANDARD), encode(bytes, URL)]
}

/// The characters that `text` alone decides when `at` unknown bytes stand before it in its group of three.
/// Up to two more are decided in part: they tell `…8` from `…9`, and the search looks at them (`Code`).
fn base64_at(text: &[u8], at: usize, alphabet: &[u8; 64]) -> Vec<u8> {
    let mut bytes = vec![0; at];
    bytes.extend_from_slice(text);
    let decided = bytes.len() * 8 / 6;
    let mut encoded = encode(&bytes, alphabet);
    encoded.truncate(decided);
    encoded.drain(..(at * 8).div_ceil(6));
    encoded
}

fn encode(bytes: &[u8], alphabet: &[u8; 64]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() * 4 / 3 + 2);
    for group in bytes.chunks(3) {
        let byte = |place: usize| u32::from(group.get(place).copied().unwrap_or_default());
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        let letters = [18, 12, 6, 0].map(|shift| bits >> shift & 63);
        let letters = letters.into_iter().take(group.len() + 1);
        out.extend(letters.filter_map(|letter| alphabet.get(letter as usize)));
    }
    out
}

/// UTF-16 where the text is UTF-8, else each byte as one unit.
fn utf16(text: &[u8], order: fn(u16) -> [u8; 2]) -> Vec<u8> {
    match std::str::from_utf8(text) {
        Ok(text) => text.encode_utf16().flat_map(order).collect(),
        Err(_) => text.iter().flat_map(|&byte| order(u16::from(byte))).collect(),
    }
}

fn reversed(text: &[u8]) -> Vec<u8> {
    match std::str::from_utf8(text) {
        Ok(text) => text.chars().rev().collect::<String>().into_bytes(),
        Err(_) => text.iter().rev().copied().collect(),
    }
}

const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_follows_rfc_4648_section_10() {
        for (text, encoded) in
            [("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(base64(text.as_bytes()), [encoded.as_bytes(), encoded.as_bytes()]);
        }
        assert_eq!(base64(&[0xFB, 0xFF]), [b"+/8".to_vec(), b"-_8".to_vec()]);
    }

    #[test]
    fn each_alignment_is_part_of_the_whole_encoding() {
        let text = b"352099001761481";
        for at in 0..3 {
            for after in 0..3 {
                let mut whole = b"xyz"[..at].to_vec();
                whole.extend_from_slice(text);
                whole.extend_from_slice(&b"&a="[..after]);
                let [whole, _] = base64(&whole);
                let part = base64_at(text, at, STANDARD);
                assert!(part.len() >= text.len() * 4 / 3 - 2, "{at}");
                assert!(whole.windows(part.len()).any(|window| window == part), "{at} {after}");
            }
        }
    }
}
