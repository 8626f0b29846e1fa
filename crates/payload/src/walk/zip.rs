//! Zip archives to members (APPNOTE.TXT section 4.3.7), by the local headers, so that cut archives are read
//! as well.

use super::{Fields, Walked};
use crate::Name;

/// Each member's name, and its data as it stands: stored or deflated.
pub(crate) fn zip(fields: &mut Fields<'_>, input: &[u8]) -> Option<Walked> {
    let mut at = 0;
    while let Some(member) = member(input, at) {
        let field =
            fields.add(None, Name::Range(at + HEADER..at + HEADER + member.name), member.data.clone())?;
        if member.method == DEFLATED {
            fields.ask(Some(field), "deflate");
        }
        at = member.data.end;
        let descriptor = input.get(at..)?;
        if let Some(signature) = memchr::memmem::find(descriptor.get(..24).unwrap_or(descriptor), b"PK") {
            at += signature;
        }
        if input.get(at..).is_some_and(|rest| rest.starts_with(b"PK\x07\x08")) {
            let rest = input.get(at + 4..)?;
            at +=
                4 + memchr::memmem::find(rest.get(..24).unwrap_or(rest), b"PK").unwrap_or(12.min(rest.len()));
        }
    }
    let complete = input
        .get(at..)
        .is_some_and(|rest| rest.starts_with(b"PK\x01\x02") || rest.starts_with(b"PK\x05\x06"));
    (fields.count() > 0).then_some(Walked { consumed: input.len(), complete })
}

/// Whether an archive is an Android package or a Java library: large, and no message.
pub(crate) fn is_package(input: &[u8]) -> bool {
    let head = input.get(..PROBE).unwrap_or(input);
    [&b"AndroidManifest.xml"[..], b"META-INF/", b"classes.dex"]
        .iter()
        .any(|name| memchr::memmem::find(head, name).is_some_and(|at| at >= HEADER))
}

struct Member {
    name: usize,
    data: std::ops::Range<usize>,
    method: u16,
}

fn member(input: &[u8], at: usize) -> Option<Member> {
    let header = input.get(at..)?.first_chunk::<HEADER>()?;
    let word = |offset: usize| Some(u16::from_le_bytes(*header.get(offset..)?.first_chunk()?));
    let long = |offset: usize| Some(u32::from_le_bytes(*header.get(offset..)?.first_chunk()?));
    if !header.starts_with(b"PK\x03\x04") {
        return None;
    }
    let (flags, method, packed) = (word(6)?, word(8)?, long(18)?);
    let (name, extra) = (usize::from(word(26)?), usize::from(word(28)?));
    let start = at + HEADER + name + extra;
    let rest = input.get(start..)?;
    let unknown = packed == u32::MAX || packed == 0 && flags & SIZE_FOLLOWS != 0;
    let len = if unknown { next_signature(rest) } else { usize::try_from(packed).ok()? };
    Some(Member { name, data: start..start + len.min(rest.len()), method })
}

/// Where data of unknown length may end: before the next header or descriptor.
fn next_signature(rest: &[u8]) -> usize {
    let mut found = memchr::memmem::find_iter(rest, b"PK");
    let signature =
        |&at: &usize| matches!(rest.get(at + 2..at + 4), Some(b"\x03\x04" | b"\x01\x02" | b"\x07\x08"));
    found.find(signature).unwrap_or(rest.len())
}

const HEADER: usize = 30;
const DEFLATED: u16 = 8;
/// Flag: sizes stand behind the data.
const SIZE_FOLLOWS: u16 = 8;
const PROBE: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::walk::walk_alone;

    /// A stored member: signature, version, flags, method, time, checksum, sizes, name.
    fn stored(name: &str, data: &str) -> Vec<u8> {
        let mut bytes = b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0\xde\xad\xbe\xef".to_vec();
        bytes.extend((data.len() as u32).to_le_bytes());
        bytes.extend((data.len() as u32).to_le_bytes());
        bytes.extend((name.len() as u16).to_le_bytes());
        bytes.extend(b"\0\0");
        bytes.extend(name.bytes().chain(data.bytes()));
        bytes
    }

    #[test]
    fn members_are_read_from_local_headers() {
        let archive = [stored("sms.json", "{\"a\":1}"), stored("calls.txt", "none")].concat();
        let (walked, rows) = walk_alone(zip, &archive).unwrap();
        assert!(!walked.complete, "no central directory");
        assert_eq!(rows, [("sms.json".into(), "{\"a\":1}".into()), ("calls.txt".into(), "none".into())]);
        for cut in 39..archive.len() {
            assert!(walk_alone(zip, &archive[..cut]).is_some(), "{cut}");
        }
    }
}
