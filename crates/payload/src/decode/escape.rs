//! Text with escapes to text: JSON strings (RFC 8259 section 7) and XML text (XML 1.0 section 4.1).
//!
//! What is no escape stays as it is.

use crate::{
    decode::hex::digit,
    output::{Done, Output},
    sniff::find_either,
};

/// The inside of a JSON string: `\n`, `\/`, `\u4f60` and pairs of those.
pub(crate) fn json_string(out: &mut Output, input: &[u8]) -> Option<Done> {
    decode(out, input, b'\\', json_escape)
}

/// XML text or an attribute's value: `&amp;`, `&#65;`, `&#x41;`.
pub(crate) fn xml_text(out: &mut Output, input: &[u8]) -> Option<Done> {
    decode(out, input, b'&', xml_entity)
}

/// What an escape stands for.
enum Escape {
    /// A byte, written in that many bytes.
    Byte(u8, usize),
    /// A character, written in that many bytes.
    Char(char, usize),
    /// The byte behind the mark.
    Next,
}

fn decode(
    out: &mut Output,
    input: &[u8],
    mark: u8,
    escape: impl Fn(&[u8]) -> Option<Escape>,
) -> Option<Done> {
    out.bytes.reserve(input.len().min(out.max));
    let (mut copied, mut at) = (0, 0);
    let mut changed = false;
    while let Some(found) = input.get(at..).and_then(|rest| find_either(mark, mark, rest)) {
        let here = at + found;
        let Some(escape) = escape(input.get(here..).unwrap_or_default()) else {
            at = here + 1;
            continue;
        };
        if out.room(here) < here - copied + 4 {
            return changed.then_some(Done { consumed: copied, complete: false });
        }
        changed = true;
        out.exact(input.get(copied..here)?, copied);
        match escape {
            Escape::Byte(byte, source) => {
                out.group(&[byte], here, source);
                (copied, at) = (here + source, here + source);
            }
            Escape::Char(character, source) => {
                out.group(character.encode_utf8(&mut [0; 4]).as_bytes(), here, source);
                (copied, at) = (here + source, here + source);
            }
            Escape::Next => (copied, at) = (here + 1, here + 2),
        }
    }
    out.exact(input.get(copied..)?, copied);
    changed.then_some(Done { consumed: input.len(), complete: true })
}

fn json_escape(rest: &[u8]) -> Option<Escape> {
    let control = |character| Some(Escape::Char(character, 2));
    match *rest.get(1)? {
        b'"' | b'\\' | b'/' => Some(Escape::Next),
        b'b' => control('\u{8}'),
        b'f' => control('\u{c}'),
        b'n' => control('\n'),
        b'r' => control('\r'),
        b't' => control('\t'),
        b'u' => unicode_escape(rest),
        _ => None,
    }
}

/// `\u4f60`, or two of them where they are a surrogate pair; half a pair becomes U+FFFD. `\udc80` to `\udcff` alone
/// are what Python writes for a byte that is no UTF-8 (PEP 383), and become that byte.
fn unicode_escape(rest: &[u8]) -> Option<Escape> {
    let first = unit(rest)?;
    if let Some(character) = char::from_u32(first) {
        return Some(Escape::Char(character, 6));
    }
    if let (0xdc80..=0xdcff, [.., byte]) = (first, first.to_be_bytes()) {
        return Some(Escape::Byte(byte, 6));
    }
    let second = rest.get(6..).filter(|rest| rest.starts_with(b"\\u")).and_then(unit);
    let pair = second.filter(|low| first < 0xdc00 && (0xdc00..0xe000).contains(low));
    match pair.and_then(|low| char::from_u32(0x1_0000 + ((first - 0xd800) << 10) + (low - 0xdc00))) {
        Some(character) => Some(Escape::Char(character, 12)),
        None => Some(Escape::Char(char::REPLACEMENT_CHARACTER, 6)),
    }
}

fn unit(rest: &[u8]) -> Option<u32> {
    number(rest.get(2..6)?, 16)
}

fn xml_entity(rest: &[u8]) -> Option<Escape> {
    let end = rest.iter().take(LONGEST_ENTITY).position(|&byte| byte == b';')?;
    let name = rest.get(1..end)?;
    let character = match name {
        b"amp" => '&',
        b"lt" => '<',
        b"gt" => '>',
        b"quot" => '"',
        b"apos" => '\'',
        [b'#', b'x' | b'X', digits @ ..] => char::from_u32(number(digits, 16)?)?,
        [b'#', digits @ ..] => char::from_u32(number(digits, 10)?)?,
        _ => return None,
    };
    Some(Escape::Char(character, end + 1))
}

fn number(digits: &[u8], base: u32) -> Option<u32> {
    let mut value = 0_u32;
    for &byte in digits {
        let digit = digit(byte).map(u32::from).filter(|&digit| digit < base)?;
        value = value.checked_mul(base)?.checked_add(digit)?;
    }
    (!digits.is_empty()).then_some(value)
}

/// `&#x10FFFF;`
const LONGEST_ENTITY: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;

    fn run(decoder: fn(&mut Output, &[u8]) -> Option<Done>, input: &str) -> Option<String> {
        let mut out = Output::new(1 << 20, 300);
        decoder(&mut out, input.as_bytes())?;
        for piece in &out.pieces {
            if piece.fidelity == evidence::Fidelity::Exact {
                let source = &input.as_bytes()[piece.start..piece.start + piece.source_len];
                assert_eq!(&out.bytes[piece.out..piece.out + piece.len], source);
            }
        }
        Some(String::from_utf8(out.bytes).unwrap())
    }

    #[test]
    fn json_escapes_are_undone() {
        let rows = [
            (r#"{\"a\":\"b\\\\c\"}"#, Some(r#"{"a":"b\\c"}"#)),
            (r"http:\/\/x\/\n\t", Some("http://x/\n\t")),
            (r"\u4f60\u597d \ud83d\udcf1 \ud83d!", Some("\u{4f60}\u{597d} \u{1f4f1} \u{fffd}!")),
            (r"\q \u12", None),
            ("plain", None),
        ];
        let mut bytes = Output::new(100, 300);
        json_string(&mut bytes, br"\u001f\udc8b\udc08").unwrap();
        assert_eq!(bytes.bytes, b"\x1f\x8b\xef\xbf\xbd");
        for (given, expected) in rows {
            assert_eq!(run(json_string, given).as_deref(), expected, "{given}");
        }
    }

    #[test]
    fn xml_entities_are_undone() {
        let rows = [("a &amp;&lt;b&#65;&#x4f60;&nosuch;&", Some("a &<bA\u{4f60}&nosuch;&")), ("R&D", None)];
        for (given, expected) in rows {
            assert_eq!(run(xml_text, given).as_deref(), expected, "{given}");
        }
    }
}
