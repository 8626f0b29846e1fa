//! Tagged netstrings (`LENGTH:VALUE` and a byte that says of which kind), as mitmproxy writes its flows, to a
//! [`Document`]: <https://tnetstrings.info/>, with `;` for text since mitmproxy 0.18.

use std::ops::Range;

use memchr::memchr;

use super::document::{Builder, DEEPEST, Document, Kind, TOO_DEEP, TOO_MANY};

/// The length that a netstring begins with, and where its value begins.
///
/// `Ok(None)`: more bytes are needed. `Err`: no netstring begins here.
pub(super) fn prefix(bytes: &[u8]) -> Result<Option<(usize, usize)>, ()> {
    let head = bytes.get(..LONGEST_PREFIX).unwrap_or(bytes);
    let digits = head.iter().take_while(|byte| byte.is_ascii_digit()).count();
    match head.get(digits) {
        Some(b':') if digits > 0 => {
            let number = head.get(..digits).unwrap_or_default().iter();
            let len = number
                .fold(0_usize, |sum, digit| sum.saturating_mul(10).saturating_add(usize::from(digit - b'0')));
            Ok(Some((len, digits + 1)))
        }
        None if bytes.len() < LONGEST_PREFIX => Ok(None),
        _ => Err(()),
    }
}

/// Reads one netstring with all that lies in it. What ends early is read as far as it goes.
pub(super) fn read(bytes: &[u8]) -> Document<'_> {
    let mut reader = Reader { bytes, at: 0, builder: Builder::default(), open: Vec::new() };
    let broken = reader.run().err().map(|what| (what, reader.at.min(bytes.len())));
    while let Some(level) = reader.open.pop() {
        reader.builder.close(level.place, reader.at);
    }
    Document { bytes, nodes: reader.builder.nodes, broken }
}

/// A map or list that is not read to its end.
struct Level {
    place: usize,
    map: bool,
    /// The byte behind its last value: its tag.
    end: usize,
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    builder: Builder,
    open: Vec<Level>,
}

type Step<T> = Result<T, &'static str>;

impl Reader<'_> {
    fn run(&mut self) -> Step<()> {
        self.root()?;
        while let Some(level) = self.open.last() {
            let (place, map, end) = (level.place, level.map, level.end);
            if self.at >= end {
                self.at = end.saturating_add(1);
                self.open.pop();
                self.builder.close(place, end);
            } else {
                let name = if map { self.text(end)? } else { 0..0 };
                self.value(name, end)?;
            }
        }
        if self.at < self.bytes.len() { Err(BEHIND) } else { Ok(()) }
    }

    /// The outermost value. Of a flow whose length is wrong, all that is there is taken for what it holds.
    fn root(&mut self) -> Step<()> {
        let len = self.bytes.len();
        let (tag, range) = self.span(len)?;
        let ends = range.end.saturating_add(1) >= len;
        if (ends && tag == b'}') || !begins_a_flow(self.bytes) {
            return self.value(0..0, len);
        }
        let end = if self.bytes.last() == Some(&b'}') { len - 1 } else { len };
        let place = self.builder.add(Kind::Map, 0..0, range.start..end).ok_or(TOO_MANY)?;
        self.at = range.start;
        self.open.push(Level { place, map: true, end });
        Ok(())
    }

    /// The kind and place of the value at hand, which must end before `limit`.
    fn span(&self, limit: usize) -> Step<(u8, Range<usize>)> {
        let rest = self.bytes.get(self.at..limit).ok_or(CUT)?;
        let (len, begins) = prefix(rest).map_err(|()| ODD)?.ok_or(CUT)?;
        let start = self.at + begins;
        let end = start.checked_add(len).ok_or(ODD)?;
        // An entry that was cut off ends where the file does; its parts must not reach out of it.
        if end >= limit && limit != self.bytes.len() {
            return Err(ODD);
        }
        let end = end.min(self.bytes.len());
        Ok((self.bytes.get(end).copied().unwrap_or(self.tag_of_cut(start)), start..end))
    }

    /// What a value is that lacks its tag: a map, where names follow one another; else text.
    fn tag_of_cut(&self, start: usize) -> u8 {
        let rest = self.bytes.get(start..).unwrap_or_default();
        match prefix(rest) {
            Ok(Some((len, begins))) => match rest.get(begins.saturating_add(len)) {
                Some(b',' | b';') if self.open.len() < 2 => b'}',
                _ => b',',
            },
            _ => b',',
        }
    }

    /// A name.
    fn text(&mut self, limit: usize) -> Step<Range<usize>> {
        let (tag, range) = self.span(limit)?;
        if !matches!(tag, b',' | b';') {
            return Err(ODD);
        }
        self.at = range.end + 1;
        Ok(range)
    }

    fn value(&mut self, name: Range<usize>, limit: usize) -> Step<()> {
        let (tag, range) = self.span(limit)?;
        let kind = match tag {
            b',' | b';' => Kind::Text,
            b'#' | b'^' => Kind::Number,
            b'!' => Kind::Boolean,
            b'~' => Kind::Null,
            b']' => Kind::List,
            b'}' => Kind::Map,
            _ => return Err(ODD),
        };
        let nested = matches!(kind, Kind::List | Kind::Map);
        if nested && self.open.len() >= DEEPEST {
            return Err(TOO_DEEP);
        }
        let place = self.builder.add(kind, name, range.clone()).ok_or(TOO_MANY)?;
        if nested {
            self.at = range.start;
            self.open.push(Level { place, map: kind == Kind::Map, end: range.end });
            return Ok(());
        }
        self.at = range.end + 1;
        if range.end >= self.bytes.len() { Err(CUT) } else { Ok(()) }
    }
}

/// Whether a text holds the beginning of a netstring that is a map with names known of flows.
pub(super) fn begins_a_flow(bytes: &[u8]) -> bool {
    let Ok(Some((_, begins))) = prefix(bytes) else { return false };
    let rest = bytes.get(begins..).unwrap_or_default();
    let Ok(Some((len, begins))) = prefix(rest) else { return false };
    let name = begins.checked_add(len).and_then(|end| Some((rest.get(begins..end)?, rest.get(end)?)));
    name.is_some_and(|(name, tag)| matches!(tag, b',' | b';') && FLOW_NAMES.contains(&name))
}

/// Whether bytes are those of a flow, to its end: there are such maps inside of flows as well, but they have
/// other names. `None` where they end before it does.
fn is_flow(bytes: &[u8]) -> Option<bool> {
    let Ok(Some((len, begins))) = prefix(bytes) else { return Some(false) };
    let end = begins.saturating_add(len);
    let inside = bytes.get(begins..end)?;
    if *bytes.get(end)? != b'}' {
        return Some(false);
    }
    let mut at = 0;
    let mut next = || {
        let (len, begins) = prefix(inside.get(at..)?).ok()??;
        let start = at.checked_add(begins)?;
        at = start.checked_add(len)?.checked_add(1)?;
        inside.get(start..at - 1)
    };
    let names = std::iter::from_fn(|| {
        let name = next()?;
        next().map(|_| name)
    });
    let mut names = names.take(MOST_NAMES);
    Some(names.any(|name| matches!(name, b"version" | b"client_conn")))
}

/// The next place from `from` on at which a flow begins; `Err` with what is certain to come before one. Unless
/// they are the `last`, bytes with which one may begin that is not whole are left for later.
pub(super) fn next_flow(bytes: &[u8], from: usize, last: bool) -> Result<usize, usize> {
    let mut at = from;
    while let Some(colon) = bytes.get(at..).and_then(|rest| memchr(b':', rest)).map(|found| at + found) {
        let before = bytes.get(at..colon).unwrap_or_default();
        let most = LONGEST_PREFIX - 1;
        let digits = before.iter().rev().take(most).take_while(|byte| byte.is_ascii_digit()).count();
        let start = colon - digits;
        let rest = bytes.get(start..).unwrap_or_default();
        if digits > 0 && rest.len() < LONGEST_BEGINNING && !last {
            return Err(start);
        }
        if digits > 0 && begins_a_flow(rest) {
            match is_flow(rest) {
                Some(true) => return Ok(start),
                None if last => return Ok(start),
                None => return Err(start),
                Some(false) => {}
            }
        }
        at = colon + 1;
    }
    if last {
        return Err(bytes.len());
    }
    let tail = bytes.get(at..).unwrap_or_default().iter().rev();
    let kept = tail.take(LONGEST_PREFIX).take_while(|byte| byte.is_ascii_digit()).count();
    Err((bytes.len() - kept).max(from.min(bytes.len())))
}

/// The longest length with its colon: mitmproxy refuses more digits.
const LONGEST_PREFIX: usize = 13;
/// Names that are looked at of what may be a flow.
const MOST_NAMES: usize = 64;
/// The most bytes that show whether a flow begins.
const LONGEST_BEGINNING: usize = 48;

/// Names at the outermost level of a flow, in any version of the format.
const FLOW_NAMES: &[&[u8]] = &[
    b"backup",
    b"client_conn",
    b"comment",
    b"error",
    b"id",
    b"intercepted",
    b"is_replay",
    b"marked",
    b"messages",
    b"metadata",
    b"mode",
    b"request",
    b"response",
    b"server_conn",
    b"server_extensions",
    b"timestamp_created",
    b"type",
    b"version",
    b"websocket",
];

const BEHIND: &str = "capture holds an entry with bytes behind its end";
const CUT: &str = "capture lacks the end of an entry";
const ODD: &str = "capture holds an entry with bytes that are no netstring";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn netstrings_nest() {
        let bytes = b"30:1:a,14:1:1#4:true!0:~]1:b;2:xy,}";
        let bytes = format!("{}:{}", bytes.len() - 4, &String::from_utf8_lossy(&bytes[3..]));
        let document = read(bytes.as_bytes());
        assert_eq!(document.broken, None, "{bytes}");
        let root = document.root().unwrap();
        let list: Vec<_> = root.get("a").unwrap().items().map(|item| item.kind()).collect();
        assert_eq!(list, [Kind::Number, Kind::Boolean, Kind::Null]);
        assert_eq!(root.get("b").unwrap().raw(), b"xy");
    }

    #[test]
    fn what_reaches_out_of_its_parent_is_odd() {
        for bytes in [&b"8:1:a,9:x,}"[..], b"5:1:a,}", b"4:9:a,}", b"3:abc?", b"99999999999999:"] {
            assert!(read(bytes).broken.is_some(), "{}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn a_flow_is_found_again_behind_damage() {
        let bytes = b"12:junk:}44:2:id,3:abc,7:version,2:21#}";
        assert_eq!(next_flow(bytes, 1, true), Ok(9));
        assert_eq!(next_flow(bytes, 12, true), Err(bytes.len()));
    }
}
