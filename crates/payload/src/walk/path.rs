//! The path of an address to its segments (RFC 3986 section 3.3), and those to the parameters in them.
//!
//! `/api/imei/352099001761481/sync`: a segment that is a word names the one behind it, as addresses made by
//! routes are written. Segments are given as they stand, still percent-encoded. A scheme and a host before
//! the path are no segments.

use std::ops::Range;

use super::{Fields, Walked, url};
use crate::Name;

/// The segments that are long enough to hold something; `None` where there is none.
pub(crate) fn path(fields: &mut Fields<'_>, input: &[u8]) -> Option<Walked> {
    let mut at = start(input)?;
    let end = memchr::memchr2(b'?', b'#', input).unwrap_or(input.len());
    let mut name = Name::None;
    while at < end {
        let rest = input.get(at..end)?;
        let segment = at..at + memchr::memchr(b'/', rest).unwrap_or(rest.len());
        at = segment.end + 1;
        let named = std::mem::replace(&mut name, as_name(input, &segment));
        parts(fields, input, segment, named);
    }
    (fields.count() > 0).then_some(Walked { consumed: end, complete: fields.limit().is_none() })
}

/// Whether a segment is long enough to hold something encoded.
pub(crate) fn has_long_segment(input: &[u8]) -> bool {
    start(input).and_then(|start| input.get(start..)).is_some_and(|path| {
        path.len() >= LONG && path.split(|&byte| byte == b'/').any(|segment| segment.len() >= LONG)
    })
}

/// Where the path begins: behind the first `/` that is not the host's.
fn start(input: &[u8]) -> Option<usize> {
    let host = if url::has_scheme(input) { memchr::memmem::find(input, b"://")? + 3 } else { 0 };
    memchr::memchr(b'/', input.get(host..)?).map(|slash| host + slash + 1)
}

/// A segment's own value, and its parameters: `sync;v=1;id=2`.
fn parts(fields: &mut Fields<'_>, input: &[u8], segment: Range<usize>, name: Name) {
    let Some(text) = input.get(segment.clone()) else { return };
    let Some(first) = memchr::memchr(b';', text) else {
        return put(fields, name, segment);
    };
    put(fields, name, segment.start..segment.start + first);
    let mut at = segment.start + first + 1;
    for part in text.get(first + 1..).unwrap_or_default().split(|&byte| byte == b';') {
        let equals = memchr::memchr(b'=', part);
        let name = equals.map_or(Name::None, |equals| Name::Range(at..at + equals));
        put(fields, name, at + equals.map_or(0, |equals| equals + 1)..at + part.len());
        at += part.len() + 1;
    }
}

fn put(fields: &mut Fields<'_>, name: Name, value: Range<usize>) {
    if value.len() >= SHORTEST {
        fields.add(None, name, value);
    }
}

/// What a segment calls the next one, if it is a word.
fn as_name(input: &[u8], segment: &Range<usize>) -> Name {
    let word = |byte: &u8| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'-');
    let text = input.get(segment.clone()).unwrap_or_default();
    match (2..=LONGEST_NAME).contains(&text.len()) && text.iter().all(word) {
        true => Name::Range(segment.clone()),
        false => Name::None,
    }
}

/// Shorter segments hold nothing that could be told from chance.
const SHORTEST: usize = 3;
/// Shorter segments hold nothing encoded that tells enough.
const LONG: usize = 16;
/// Longer words are no names.
const LONGEST_NAME: usize = 24;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::walk::walk_alone;

    #[test]
    fn words_name_what_stands_behind_them() {
        type Row<'r> = (&'r str, &'r [(&'r str, &'r str)]);
        let rows: [Row<'_>; 7] = [
            (
                "/api/imei/352099001761481/sync",
                &[("", "api"), ("api", "imei"), ("imei", "352099001761481"), ("", "sync")],
            ),
            ("/v1/eyJhIjoxMX0/sync?mac=1", &[("", "eyJhIjoxMX0"), ("", "sync")]),
            ("http://h.example/mac/d0%3A37", &[("", "mac"), ("mac", "d0%3A37")]),
            ("/sync;jsessionid=7F3A;secure", &[("", "sync"), ("jsessionid", "7F3A"), ("", "secure")]),
            ("http://h.example", &[]),
            ("/a/b/", &[]),
            ("*", &[]),
        ];
        for (input, expected) in rows {
            let found = walk_alone(path, input.as_bytes()).map(|(_, found)| found).unwrap_or_default();
            let found: Vec<_> = found.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            assert_eq!(found, expected, "{input}");
        }
    }
}
