//! Pairs of names and values on one line: forms and queries (`a=1&b=2`, WHATWG URL section 5), and cookies and
//! header parameters (`a=1; b="2"`, RFC 6265 section 4, RFC 9110 section 5.6.6).
//!
//! Values are given as they stand, still percent-encoded. A name that is written in more escapes than names
//! need is a value without a name as well: careless clients send JSON in its place.

use std::ops::Range;

use super::{Fields, Walked};
use crate::{
    Name,
    decode::{self, hex::digit},
    output::Output,
    sniff::{AMPERSAND, CONTROL, EQUALS, HIGH, PERCENT, PLUS_SLASH, SPACE, class, classes},
};

/// `name=value&name=value`.
pub(crate) fn form(fields: &mut Fields<'_>, input: &[u8]) -> Option<Walked> {
    memchr::memchr(b'=', input)?;
    pairs(fields, input, 0..input.trim_ascii_end().len(), b'&');
    Some(Walked { consumed: input.len(), complete: fields.limit().is_none() })
}

/// `name=value; name="value"`, separated by `;` or, where there is none, by `,`.
pub(crate) fn cookie(fields: &mut Fields<'_>, input: &[u8]) -> Option<Walked> {
    memchr::memchr(b'=', input)?;
    let separator = if input.contains(&b';') { b';' } else { b',' };
    pairs(fields, input, 0..input.len(), separator);
    Some(Walked { consumed: input.len(), complete: fields.limit().is_none() })
}

/// Whether unlabelled text is a form: names that forms have, no white space, and a pair.
pub(crate) fn looks_like_form(input: &[u8]) -> bool {
    let text = input.trim_ascii_end();
    let head = text.get(..PROBE).unwrap_or(text);
    let Some(equals) = memchr::memchr(b'=', head) else {
        return false;
    };
    let name = head.get(..equals).unwrap_or_default();
    let named = (1..=LONGEST_NAME).contains(&name.len())
        && name
            .iter()
            .all(|&byte| class(byte) & (SPACE | CONTROL | HIGH) == 0 && !b"<>{}\"\\,;".contains(&byte));
    let padding = text.get(equals..).unwrap_or_default().iter().all(|&byte| byte == b'=');
    named && !padding && classes(head) & (SPACE | CONTROL | HIGH) == 0
}

pub(crate) fn pairs(fields: &mut Fields<'_>, input: &[u8], range: Range<usize>, separator: u8) {
    let mut at = range.start;
    while at < range.end {
        let rest = input.get(at..range.end).unwrap_or_default();
        let len = memchr::memchr(separator, rest).unwrap_or(rest.len());
        if len > 0 && !pair(fields, input, at..at + len, separator) {
            return;
        }
        at += len + 1;
    }
}

/// Notes one pair; whether there is room for more.
fn pair(fields: &mut Fields<'_>, input: &[u8], range: Range<usize>, separator: u8) -> bool {
    let text = input.get(range.clone()).unwrap_or_default();
    let (name, value) = match memchr::memchr(b'=', text) {
        Some(equals) => (range.start..range.start + equals, range.start + equals + 1..range.end),
        None => (range.start..range.start, range),
    };
    let (name, value) = match separator {
        b'&' => (name, value),
        _ => (last_word(input, name), unquoted(input, value)),
    };
    if holds_more(input.get(name.clone()).unwrap_or_default())
        && fields.add(None, Name::None, name.clone()).is_none()
    {
        return false;
    }
    if value.is_empty() {
        return true;
    }
    fields.add(None, field_name(input, name), value).is_some()
}

/// Whether an escaped name spells what names do not have: quotes, braces, colons.
fn holds_more(name: &[u8]) -> bool {
    let more = |mark: usize| match name.get(mark + 1..mark + 3) {
        Some(&[high, low]) => match (digit(high), digit(low)) {
            (Some(high), Some(low)) => b"\"&/:<=?{".contains(&(high << 4 | low)),
            _ => false,
        },
        _ => false,
    };
    name.len() >= SHORTEST_VALUE && memchr::memchr_iter(b'%', name).any(more)
}

fn field_name(input: &[u8], range: Range<usize>) -> Name {
    let bytes = input.get(range.clone()).unwrap_or_default();
    if bytes.is_empty() {
        return Name::None;
    }
    if classes(bytes) & (PERCENT | PLUS_SLASH) == 0 {
        return Name::Range(range);
    }
    let mut out = Output::new(bytes.len().saturating_add(1), 300);
    match decode::percent::form_value(&mut out, bytes) {
        Some(_) => Name::Owned(String::from_utf8_lossy(&out.bytes).into()),
        None => Name::Range(range),
    }
}

/// The last word of a range: `username` of `Digest username`.
fn last_word(input: &[u8], range: Range<usize>) -> Range<usize> {
    let bytes = input.get(range.clone()).unwrap_or_default().trim_ascii_end();
    let end = range.start + bytes.len();
    let start =
        bytes.iter().rposition(u8::is_ascii_whitespace).map_or(range.start, |blank| range.start + blank + 1);
    start..end
}

/// A range without the white space and quotes around it.
fn unquoted(input: &[u8], range: Range<usize>) -> Range<usize> {
    let bytes = input.get(range.clone()).unwrap_or_default();
    let start = range.start + bytes.len() - bytes.trim_ascii_start().len();
    let inner = bytes.trim_ascii();
    match inner {
        [b'"', .., b'"'] => start + 1..start + inner.len() - 1,
        _ => start..start + inner.len(),
    }
}

/// Whether text holds what makes a form or a query: checked before a walk.
pub(crate) fn may_hold_pairs(found: u16) -> bool {
    found & EQUALS != 0 && found & (AMPERSAND | crate::sniff::QUESTION) != 0
}

const PROBE: usize = 4096;
const LONGEST_NAME: usize = 128;
/// Shorter names are not looked at as values.
const SHORTEST_VALUE: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::walk::walk_alone;

    type Walker = fn(&mut Fields<'_>, &[u8]) -> Option<Walked>;

    #[test]
    fn pairs_have_names_and_values() {
        type Row<'r> = (Walker, &'r str, &'r [(&'r str, &'r str)]);
        let rows: [Row<'_>; 6] = [
            (form, "a=1&b%5Bc%5D=x%20y&&d=\r\n", &[("a", "1"), ("b[c]", "x%20y")]),
            (form, "crc=-12&flag", &[("crc", "-12"), ("", "flag")]),
            (form, "%7B%22id%22%3A1%7D=&b=2", &[("", "%7B%22id%22%3A1%7D"), ("b", "2")]),
            (cookie, "a=1; b=\"2\";c = 3", &[("a", "1"), ("b", "2"), ("c", "3")]),
            (cookie, "Digest username=\"u\", realm=\"r\"", &[("username", "u"), ("realm", "r")]),
            (cookie, "v=H4sI==; x", &[("v", "H4sI=="), ("", "x")]),
        ];
        for (walker, input, expected) in rows {
            let (_, found) = walk_alone(walker, input.as_bytes()).unwrap();
            let found: Vec<_> = found.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            assert_eq!(found, expected, "{input}");
        }
    }

    #[test]
    fn forms_are_known_by_their_look() {
        let rows = [
            ("data_list=H4sIAAAA", true),
            ("a=1&b=2\r\n", true),
            ("x=", false),
            ("SGVsbG8gd29ybGQ==", false),
            ("two words = here", false),
            ("{\"a\":\"b=c\"}", false),
            ("<a href=x>", false),
        ];
        for (input, expected) in rows {
            assert_eq!(looks_like_form(input.as_bytes()), expected, "{input}");
        }
    }
}
