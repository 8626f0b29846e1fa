//! Forms of plaintexts: text of a kind, wide text, compressed bytes that inflate, files, messages without schema.

use std::io::Read;

use flate2::read::{GzDecoder, ZlibDecoder};

use super::text::{is_text, text_bits};

/// The likeliest form, and its bits against noise.
pub(super) fn best(plain: &[u8]) -> (f64, Option<&'static str>) {
    let text = if is_text(plain) { text_bits(plain) } else { 0.0 };
    let readings = [
        (text, name_of(plain)),
        (wide_bits(plain), "utf-16 text"),
        (inflates(plain).map_or(0.0, |_| INFLATED_BITS), inflates_name(plain)),
        (magic(plain).map_or(0.0, |(bits, _)| bits), magic(plain).map_or("", |(_, name)| name)),
        (protobuf_bits(plain, false), "protobuf"),
    ];
    let best = readings.into_iter().fold((0.0, ""), |best, next| if next.0 > best.0 { next } else { best });
    (best.0, (best.0 > 0.0).then_some(best.1))
}

/// Whether something begins like a compressed stream or a file.
pub(crate) fn starts(head: &[u8]) -> bool {
    head.starts_with(b"\x1f\x8b\x08") || zlib_header(head) || magic(head).is_some() || wide_bits(head) > 8.0
}

/// What kind of text it is.
pub(crate) fn name_of(text: &[u8]) -> &'static str {
    if json(text) {
        "json"
    } else if form(text) {
        "form"
    } else if text.starts_with(b"<") && text.trim_ascii_end().ends_with(b">") {
        "xml"
    } else if text.starts_with(b"http://") || text.starts_with(b"https://") {
        "url"
    } else if text.len() >= 32 && text.iter().all(u8::is_ascii_hexdigit) {
        "hex text"
    } else {
        "text"
    }
}

/// Whether text is an object or a list of JSON (RFC 8259) with a string in it.
fn json(text: &[u8]) -> bool {
    balanced(text) && serde_json::from_slice::<serde::de::IgnoredAny>(text).is_ok()
}

/// Whether brackets and quotes are in balance, with a string among them: cheap, and false for most texts.
fn balanced(text: &[u8]) -> bool {
    let text = text.trim_ascii();
    let mut open = Vec::new();
    let (mut quoted, mut escaped, mut strings, mut closed) = (false, false, 0_usize, false);
    for &byte in text {
        if closed {
            return false;
        }
        match (quoted, byte) {
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (true, b'"') => quoted = false,
            (true, _) => {}
            (false, b'"') => {
                quoted = true;
                strings += 1;
            }
            (false, b'{' | b'[') if open.len() < DEEPEST => open.push(byte),
            (false, b'}') if open.pop() == Some(b'{') => closed = open.is_empty(),
            (false, b']') if open.pop() == Some(b'[') => closed = open.is_empty(),
            (false, b'0'..=b'9' | b'a'..=b'z' | b'E' | b':' | b',' | b'.' | b'-' | b'+')
                if !open.is_empty() => {}
            (false, b' ' | b'\t' | b'\n' | b'\r') => {}
            _ => return false,
        }
    }
    closed && strings > 0
}

/// Whether text is at least two pairs of names and values.
fn form(text: &[u8]) -> bool {
    let mut pairs = 0;
    for pair in text.split(|&byte| byte == b'&') {
        let Some(sign) = pair.iter().position(|&byte| byte == b'=') else { return false };
        let name = pair.get(..sign).unwrap_or_default();
        let plain =
            |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'[' | b']');
        if name.is_empty() || !name.iter().all(plain) {
            return false;
        }
        pairs += 1;
    }
    pairs >= 2
}

/// The length that a whole gzip or zlib stream inflates to, its checksum compared; at most a mebibyte.
pub(crate) fn inflates(bytes: &[u8]) -> Option<usize> {
    let length = |reader: &mut dyn Read| {
        let mut out = [0; 4096];
        let mut total = 0_usize;
        loop {
            match reader.read(&mut out) {
                Ok(0) => return Some(total).filter(|&total| total > 0),
                Ok(count) if total < MOST_INFLATED => total += count,
                _ => return None,
            }
        }
    };
    if bytes.starts_with(b"\x1f\x8b\x08") && bytes.get(3).is_some_and(|flags| flags & 0xe0 == 0) {
        length(&mut GzDecoder::new(bytes))
    } else if zlib_header(bytes) {
        length(&mut ZlibDecoder::new(bytes))
    } else {
        None
    }
}

fn inflates_name(bytes: &[u8]) -> &'static str {
    if bytes.starts_with(b"\x1f\x8b") { "gzip" } else { "zlib" }
}

/// RFC 1950 section 2.2: deflate, the usual windows, the check bits.
fn zlib_header(bytes: &[u8]) -> bool {
    match bytes {
        [first, second, ..] => {
            *first == 0x78
                && second & 0x20 == 0
                && (u16::from(*first) << 8 | u16::from(*second)).is_multiple_of(31)
        }
        _ => false,
    }
}

/// Bits and name of a file's first bytes, the number of formats counted.
fn magic(bytes: &[u8]) -> Option<(f64, &'static str)> {
    MAGICS.iter().find(|(start, _)| bytes.starts_with(start)).map(|(start, name)| {
        let length = u32::try_from(start.len()).unwrap_or(0);
        (8.0 * f64::from(length) - 3.0, *name)
    })
}

/// Bits of UTF-16 text of the Latin letters, either order.
fn wide_bits(bytes: &[u8]) -> f64 {
    let wide = |at: usize| {
        let zeros = bytes.iter().skip(at).step_by(2).all(|&byte| byte == 0);
        if !zeros {
            return None;
        }
        let letters: Vec<u8> = bytes.iter().skip(1 - at).step_by(2).copied().collect();
        is_text(&letters).then(|| text_bits(&letters) + 8.0 * half(bytes.len()) - 1.0)
    };
    if bytes.len() < 8 || !bytes.len().is_multiple_of(2) {
        return 0.0;
    }
    wide(1).or_else(|| wide(0)).unwrap_or(0.0)
}

fn half(length: usize) -> f64 {
    u32::try_from(length / 2).map_or(0.0, f64::from)
}

/// Bits of a message of Protocol Buffers as a writer makes it: small field numbers, texts behind their lengths.
/// Zero where it is none; a head may be cut.
pub(crate) fn protobuf_bits(bytes: &[u8], cut: bool) -> f64 {
    let (mut at, mut bits) = (0_usize, 0.0);
    while at < bytes.len() {
        let Some((gain, next)) = entry(bytes, at) else { return 0.0 };
        bits += gain;
        if next > bytes.len() {
            return if cut { bits } else { 0.0 };
        }
        at = next;
    }
    bits
}

/// Bits of one field and where it ends, which may be behind the bytes.
fn entry(bytes: &[u8], at: usize) -> Option<(f64, usize)> {
    let tag = *bytes.get(at)?;
    if tag & 0x80 != 0 || tag >> 3 == 0 {
        return None;
    }
    // 15 numbers of the four kinds that are in use, of 256 values.
    let tag_bits = 2.0;
    let start = at.checked_add(1)?;
    match tag & 7 {
        0 => {
            let size = bytes.get(start..)?.iter().take(10).position(|byte| byte & 0x80 == 0)?;
            Some((tag_bits, start + size + 1))
        }
        1 => Some((tag_bits, start + 8)),
        5 => Some((tag_bits, start + 4)),
        2 => {
            let length = *bytes.get(start)?;
            if length & 0x80 != 0 {
                return None;
            }
            let end = start + 1 + usize::from(length);
            let content = bytes.get(start + 1..end.min(bytes.len()))?;
            let text = if is_text(content) { text_bits(content).max(0.0) } else { 0.0 };
            // One bit for the length, one against it for the choice between text and anything.
            Some((tag_bits + text, end))
        }
        _ => None,
    }
}

const MAGICS: &[(&[u8], &str)] = &[
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"%PDF-1.", "pdf"),
    (b"SQLite format 3\0", "sqlite"),
    (b"PK\x03\x04\x14\0", "zip"),
    (b"\xff\xd8\xff\xe0\0\x10JFIF\0", "jpeg"),
    (b"bplist00", "bplist"),
    (b"<?xml ", "xml"),
];
/// The magic and the checksum, and the stream between them sound.
const INFLATED_BITS: f64 = 48.0;
const MOST_INFLATED: usize = 1 << 20;
const DEEPEST: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_have_names() {
        let rows: [(&[u8], &str); 9] = [
            (b"{\"a\":1}", "json"),
            (b"[{\"a\":[1,2.5e+3,null]}, \"x\\\"y\"]\n", "json"),
            (b"{\"a\":1", "text"),
            (b"{\"a\":1}}", "text"),
            (b"{}", "text"),
            (b"a=1&b=2", "form"),
            (b"a=1", "text"),
            (b"<a>b</a>", "xml"),
            (b"d41d8cd98f00b204e9800998ecf8427e", "hex text"),
        ];
        for (text, name) in rows {
            assert_eq!(name_of(text), name, "{}", String::from_utf8_lossy(text));
        }
    }

    #[test]
    fn messages_without_schema_count_by_their_texts() {
        let message = b"\x0a\x0f004401512345678\x10\xac\x02\x1a\x05hello";
        assert!(protobuf_bits(message, false) > 50.0);
        assert_eq!(protobuf_bits(&message[..19], false), 0.0);
        assert!(protobuf_bits(&message[..12], true) > 20.0);
    }
}
