//! JSON Web Tokens to their three parts (RFC 7519, RFC 7515 section 7.1).

use super::{Fields, Walked};
use crate::{
    Name,
    sniff::{DASH, DIGIT, HEX_LETTER, LOWER, UPPER, class},
};

/// `header.payload.signature`, each in URL-safe base64; the first two begin like JSON.
pub(crate) fn jwt(fields: &mut Fields<'_>, input: &[u8]) -> Option<Walked> {
    if !input.starts_with(b"eyJ") {
        return None;
    }
    let first = memchr::memchr(b'.', input)?;
    let second = first + 1 + memchr::memchr(b'.', input.get(first + 1..)?)?;
    let tail = input.get(second + 1..)?;
    let end = second + 1 + tail.iter().take_while(|&&byte| class(byte) & ALPHABET != 0).count();
    let clean = |range: std::ops::Range<usize>| {
        input.get(range).is_some_and(|part| part.iter().all(|&byte| class(byte) & ALPHABET != 0))
    };
    if end < input.len() || !clean(0..first) || !clean(first + 1..second) {
        return None;
    }
    for (name, range) in
        [("header", 0..first), ("payload", first + 1..second), ("signature", second + 1..end)]
    {
        if !range.is_empty() {
            let field = fields.add(None, Name::Owned(name.into()), range);
            fields.ask(field, "base64");
        }
    }
    Some(Walked { consumed: input.len(), complete: end > second + 1 })
}

const ALPHABET: u16 = DIGIT | HEX_LETTER | LOWER | UPPER | DASH;
