//! Addresses to the pairs of names and values in their queries and fragments (RFC 3986 sections 3.4 and 3.5;
//! the fragment of an OAuth answer, RFC 6749 section 4.2.2, and the query in that of a page that routes by it).
//!
//! Values are given as they stand, still percent-encoded.

use std::ops::Range;

use super::{Fields, Walked, form};
use crate::sniff::{CONTROL, SPACE, class, classes};

/// What stands behind the `?` and the `#` of an address: `http://host/path?a=1&b=2#c=3`.
pub(crate) fn url(fields: &mut Fields<'_>, input: &[u8]) -> Option<Walked> {
    let end = memchr::memchr3(b' ', b'"', b'\n', input).unwrap_or(input.len());
    let text = input.get(..end)?;
    let hash = memchr::memchr(b'#', text);
    let query = memchr::memchr(b'?', text.get(..hash.unwrap_or(end))?);
    let mut found = false;
    if let Some(mark) = query {
        found |= pairs(fields, input, mark + 1..hash.unwrap_or(end));
    }
    if let Some(hash) = hash {
        let inner = memchr::memchr(b'?', text.get(hash + 1..)?);
        found |= pairs(fields, input, inner.map_or(hash + 1, |inner| hash + inner + 2)..end);
    }
    found.then_some(Walked { consumed: end, complete: fields.limit().is_none() })
}

/// Whether there is a pair in the range.
fn pairs(fields: &mut Fields<'_>, input: &[u8], range: Range<usize>) -> bool {
    let holds = input.get(range.clone()).is_some_and(|text| memchr::memchr(b'=', text).is_some());
    if holds {
        form::pairs(fields, input, range, b'&');
    }
    holds
}

/// The decoder for text that is an address with something behind a `?` or `#`: it has a scheme, or what stands
/// before the `?` is what paths are written in.
pub(crate) fn decoder(text: &[u8]) -> Option<&'static str> {
    let mark = memchr::memchr2(b'?', b'#', text)?;
    let before = text.get(..mark)?;
    if has_scheme(before) {
        return (classes(before) & (SPACE | CONTROL) == 0).then_some("url");
    }
    let path = |&byte: &u8| class(byte) & (SPACE | CONTROL) == 0 && !b"<>{}[]\"'\\,;=&".contains(&byte);
    (text.get(mark) == Some(&b'?') && before.iter().all(path)).then_some("query")
}

/// `https://` and the like, those of apps included (RFC 3986 section 3.1).
pub(crate) fn has_scheme(text: &[u8]) -> bool {
    let head = text.get(..LONGEST_SCHEME).unwrap_or(text);
    let Some(colon) = memchr::memchr(b':', head) else {
        return false;
    };
    let scheme = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-.".contains(byte);
    text.get(colon..).is_some_and(|rest| rest.starts_with(b"://"))
        && text.first().is_some_and(u8::is_ascii_alphabetic)
        && head.get(..colon).is_some_and(|name| name.iter().all(scheme))
}

const LONGEST_SCHEME: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::walk::walk_alone;

    #[test]
    fn queries_and_fragments_have_pairs() {
        type Row<'r> = (&'r str, usize, &'r [(&'r str, &'r str)]);
        let rows: [Row<'_>; 7] = [
            ("http://h/p?imei=0044&u=a=b#top", 30, &[("imei", "0044"), ("u", "a=b")]),
            ("app+x://h?a=1#access_token=2&b=3", 32, &[("a", "1"), ("access_token", "2"), ("b", "3")]),
            ("http://h/#/route?mac=d0%3A37", 28, &[("mac", "d0%3A37")]),
            ("http://h/?a=1 and text ?b=2", 13, &[("a", "1")]),
            ("http://h/p#top", 0, &[]),
            ("/p?a=1", 6, &[("a", "1")]),
            ("p?#", 0, &[]),
        ];
        for (input, consumed, expected) in rows {
            let (walked, found) = walk_alone(url, input.as_bytes()).unzip();
            let found = found.unwrap_or_default();
            let found: Vec<_> = found.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            assert_eq!(
                (walked.map_or(0, |walked| walked.consumed), &*found),
                (consumed, expected),
                "{input}"
            );
        }
    }

    #[test]
    fn addresses_are_known_by_what_stands_before_the_mark() {
        let rows = [
            ("http://h/p?a=1", Some("url")),
            ("intent://h/a=b#c=1", Some("url")),
            ("/p/q.php?a=1", Some("query")),
            ("?a=1", Some("query")),
            ("://h/?a=1", Some("query")),
            ("a=1&b=x?c=2", None),
            ("{\"u\":\"http://h/?a=b\"}", None),
            ("who is it? a=b", None),
            ("form-data; boundary=?x", None),
            ("http://h/p", None),
            ("color#a=1", None),
        ];
        for (text, expected) in rows {
            assert_eq!(decoder(text.as_bytes()), expected, "{text}");
        }
    }
}
