//! Multipart bodies to fields (RFC 2046 section 5.1, RFC 7578): each part's headers, and its body under the
//! part's name.
//!
//! The boundary is taken from the first line, so neither a label nor a right one is needed.

use std::ops::Range;

use super::{Fields, Walked};
use crate::{Name, sniff::text_start};

/// Parts between lines of `--boundary`.
pub(crate) fn multipart(fields: &mut Fields<'_>, input: &[u8]) -> Option<Walked> {
    let start = text_start(input);
    let line = input.get(start..)?.split(|&byte| byte == b'\n').next()?;
    let boundary = line.trim_ascii_end();
    let plausible = boundary.starts_with(b"--") && (3..=LONGEST_BOUNDARY).contains(&boundary.len());
    if !plausible || line.len() == input.len() - start {
        return None;
    }
    let finder = memchr::memmem::Finder::new(boundary);
    let mut at = start + line.len() + 1;
    let mut complete = false;
    let mut parts = 0;
    while let Some(head) = head_end(input, at) {
        let end = next_boundary(input, head, &finder);
        part(fields, input, (at..head, head..end.map_or(input.len(), |(end, _)| end)))?;
        parts += 1;
        let Some((_, behind)) = end else { break };
        let rest = input.get(behind..)?;
        complete = rest.starts_with(b"--");
        if complete {
            break;
        }
        at = behind + memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
    }
    (parts > 0).then_some(Walked { consumed: input.len(), complete })
}

/// Where the headers that begin at `at` end: behind the empty line.
fn head_end(input: &[u8], at: usize) -> Option<usize> {
    let mut line = at;
    loop {
        let rest = input.get(line..)?;
        let len = memchr::memchr(b'\n', rest)?;
        if line - at > LONGEST_HEAD {
            return None;
        }
        line += len + 1;
        let text = rest.get(..len)?.trim_ascii_end();
        if text.is_empty() {
            return Some(line);
        }
        if !text.contains(&b':') && !rest.starts_with(b" ") && !rest.starts_with(b"\t") {
            return None;
        }
    }
}

/// Where the body that begins at `from` ends, and where the boundary behind it does.
fn next_boundary(input: &[u8], from: usize, finder: &memchr::memmem::Finder<'_>) -> Option<(usize, usize)> {
    let mut at = from;
    loop {
        let found = at + finder.find(input.get(at..)?)?;
        let behind = found + finder.needle().len();
        let body = input.get(from..found)?;
        if let Some(rest) = body.strip_suffix(b"\n") {
            let rest = rest.strip_suffix(b"\r").unwrap_or(rest);
            return Some((from + rest.len(), behind));
        }
        if body.is_empty() {
            return Some((from, behind));
        }
        at = behind;
    }
}

fn part(fields: &mut Fields<'_>, input: &[u8], (head, body): (Range<usize>, Range<usize>)) -> Option<()> {
    let mut name = Name::None;
    let mut at = head.start;
    for line in input.get(head)?.split(|&byte| byte == b'\n') {
        let text = line.trim_ascii_end();
        if let Some(colon) = memchr::memchr(b':', text) {
            let lead = text.get(colon + 1..)?;
            let start = at + colon + 1 + (lead.len() - lead.trim_ascii_start().len());
            fields.add(None, Name::Range(at..at + colon), start..at + text.len())?;
            if text.get(..colon)?.eq_ignore_ascii_case(b"content-disposition") {
                name = part_name(text).map_or(name, |range| Name::Range(at + range.start..at + range.end));
            }
        }
        at += line.len() + 1;
    }
    fields.add(None, name, body).map(|_| ())
}

/// The value of the parameter `name` of a `Content-Disposition`.
fn part_name(line: &[u8]) -> Option<Range<usize>> {
    let mut positions = memchr::memmem::find_iter(line, b"name=");
    let start = positions.find(|&at| at > 0 && matches!(line.get(at - 1), Some(b' ' | b';')))? + 5;
    let rest = line.get(start..)?;
    match rest.strip_prefix(b"\"") {
        Some(quoted) => Some(start + 1..start + 1 + memchr::memchr(b'"', quoted)?),
        None => Some(start..start + memchr::memchr2(b';', b' ', rest).unwrap_or(rest.len())),
    }
}

/// RFC 2046 allows 70 characters; the two dashes come before them.
const LONGEST_BOUNDARY: usize = 74;
const LONGEST_HEAD: usize = 8192;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::walk::walk_alone;

    const BODY: &str = "--b0\r\nContent-Disposition: form-data; name=\"imei\"\r\n\r\n0044\r\n--b0\r\n\
        Content-Disposition: form-data; filename=\"log.gz\"; name=file\r\nContent-Type: application/gzip\r\n\r\n\
        \x1f\x7f\n--b not\r\n--b0--\r\n";

    #[test]
    fn parts_are_named_by_their_disposition() {
        let (walked, rows) = walk_alone(multipart, BODY.as_bytes()).unwrap();
        assert_eq!(walked, Walked { consumed: BODY.len(), complete: true });
        let values: Vec<_> = rows.iter().filter(|(name, _)| !name.starts_with("Content")).collect();
        assert_eq!(values, [&("imei".into(), "0044".into()), &("file".into(), "\x1f\x7f\n--b not".into())]);
    }

    #[test]
    fn a_cut_body_keeps_its_last_part() {
        for cut in 60..BODY.len() - 4 {
            let (walked, rows) = walk_alone(multipart, &BODY.as_bytes()[..cut]).unwrap();
            assert!(!walked.complete && rows.iter().any(|(name, _)| name == "imei"), "{cut}");
        }
        assert_eq!(walk_alone(multipart, b"-- signature\nBob"), None);
        assert_eq!(walk_alone(multipart, b"--x"), None);
    }
}
