//! XML of a stream to where its stanzas end, by counting tags: each byte is looked at once, and nothing is kept
//! but a depth.

use std::ops::Range;

use memchr::{memchr, memmem};

use crate::{Part, Role};

/// Looks for the end of what begins with the first waiting byte.
#[derive(Debug, Default)]
pub(super) struct Scanner {
    /// Bytes looked at.
    at: usize,
    /// Tags that are open.
    depth: u32,
    state: State,
}

#[derive(Clone, Copy, Debug, Default)]
enum State {
    /// In a comment, CDATA or a declaration, up to these bytes.
    Skip(&'static [u8]),
    /// In a tag that begins at `start`, perhaps in a quoted value.
    Tag { start: usize, quote: Option<u8> },
    /// Between tags.
    #[default]
    Text,
}

/// What waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// So many blanks.
    Blank(usize),
    /// The end of the stream, of so many bytes.
    End(usize),
    /// A stanza, or the head of a stream.
    Message(usize),
    More,
    /// Something else than markup.
    Other,
}

/// The first tag of a stanza.
#[derive(Debug, Default)]
pub(super) struct Tag {
    pub(super) name: Range<usize>,
    pub(super) attributes: Vec<Part>,
}

impl Scanner {
    /// Goes on looking at the bytes that wait, of which earlier calls saw the beginning.
    pub(super) fn next(&mut self, bytes: &[u8]) -> Found {
        if self.at == 0 {
            match bytes.iter().position(|byte| !byte.is_ascii_whitespace()) {
                None => return Found::Blank(bytes.len()),
                Some(0) if bytes.first() == Some(&b'<') => {}
                Some(0) => return Found::Other,
                Some(blanks) => return Found::Blank(blanks),
            }
        }
        loop {
            let step = match self.state {
                State::Text => self.text(bytes),
                State::Skip(end) => self.skip(bytes, end),
                State::Tag { start, quote } => self.tag(bytes, start, quote),
            };
            match step {
                Some(Found::More) => {}
                Some(found) => {
                    *self = Self::default();
                    return found;
                }
                None => return Found::More,
            }
        }
    }

    /// Looks for the next tag. `None` where more bytes must come.
    fn text(&mut self, bytes: &[u8]) -> Option<Found> {
        let rest = bytes.get(self.at..)?;
        let Some(found) = memchr(b'<', rest) else {
            self.at = bytes.len();
            return None;
        };
        let start = self.at + found;
        self.at = start;
        let markup = bytes.get(start..)?;
        let long = markup.get(..SECTION.len()).unwrap_or(markup);
        self.state = match markup.get(1)? {
            b'?' => State::Skip(b"?>"),
            b'!' if markup.starts_with(b"<!--") => State::Skip(b"-->"),
            b'!' if markup.starts_with(SECTION) => State::Skip(b"]]>"),
            b'!' if b"<!--".starts_with(long) || SECTION.starts_with(long) => return None,
            _ => State::Tag { start, quote: None },
        };
        self.at = start + 2;
        Some(Found::More)
    }

    fn skip(&mut self, bytes: &[u8], end: &'static [u8]) -> Option<Found> {
        match memmem::find(bytes.get(self.at..)?, end) {
            Some(found) => {
                self.at += found + end.len();
                self.state = State::Text;
                Some(Found::More)
            }
            None => {
                self.at = bytes.len().saturating_sub(end.len() - 1).max(self.at);
                None
            }
        }
    }

    fn tag(&mut self, bytes: &[u8], start: usize, mut quote: Option<u8>) -> Option<Found> {
        // The byte behind the bracket may already end the tag.
        let from = if self.at == start + 2 && quote.is_none() { start + 1 } else { self.at };
        for (at, byte) in bytes.iter().enumerate().skip(from) {
            match (quote, byte) {
                (None, b'\'' | b'"') => quote = Some(*byte),
                (None, b'>') => return Some(self.end_of_tag(bytes, start, at)),
                (Some(open), byte) if open == *byte => quote = None,
                _ => {}
            }
        }
        self.at = bytes.len();
        self.state = State::Tag { start, quote };
        None
    }

    /// The tag from `start` to `end` is whole.
    fn end_of_tag(&mut self, bytes: &[u8], start: usize, end: usize) -> Found {
        let tag = bytes.get(start + 1..end).unwrap_or_default();
        (self.at, self.state) = (end + 1, State::Text);
        let closes = tag.first() == Some(&b'/');
        if closes && self.depth == 0 {
            // With anything in it or before it, what ends the stream also says something.
            let bare =
                start == 0 && tag.get(1..).map(<[u8]>::trim_ascii_end) == Some(super::STREAM.as_bytes());
            return if bare { Found::End(end + 1) } else { Found::Message(end + 1) };
        }
        let named = |byte: &u8| !byte.is_ascii_whitespace() && *byte != b'/';
        let name = tag.iter().position(|byte| !named(byte)).unwrap_or(tag.len());
        if self.depth == 0 && tag.get(..name) == Some(super::STREAM.as_bytes()) {
            return Found::Message(end + 1);
        }
        match tag.last() {
            _ if closes => self.depth -= 1,
            Some(b'/') => {}
            _ => self.depth = self.depth.saturating_add(1),
        }
        if self.depth == 0 { Found::Message(end + 1) } else { Found::More }
    }
}

/// The first tag of a stanza, what was declared before it aside.
pub(super) fn first_tag(bytes: &[u8]) -> Tag {
    let mut at = 0;
    while bytes.get(at..).is_some_and(|rest| rest.starts_with(b"<?")) {
        let rest = bytes.get(at..).unwrap_or_default();
        let end = memmem::find(rest, b"?>").map_or(rest.len(), |end| end + 2);
        let blanks = rest.get(end..).unwrap_or_default().iter().take_while(|byte| byte.is_ascii_whitespace());
        at += end + blanks.count();
    }
    let mut tag = Tag::default();
    let start = at + 1;
    let mut at =
        start + length(bytes, start, |byte| !byte.is_ascii_whitespace() && !matches!(byte, b'>' | b'/'));
    tag.name = start.min(bytes.len())..at.min(bytes.len());
    while tag.attributes.len() < ATTRIBUTES {
        at += length(bytes, at, |byte| byte.is_ascii_whitespace());
        let name = at..at + length(bytes, at, |byte| is_name(*byte));
        let equals = name.end + length(bytes, name.end, |byte| byte.is_ascii_whitespace());
        let Some(b'=') = bytes.get(equals) else { break };
        let open = equals + 1 + length(bytes, equals + 1, |byte| byte.is_ascii_whitespace());
        let Some(quote @ (b'\'' | b'"')) = bytes.get(open) else { break };
        let value = open + 1..open + 1 + length(bytes, open + 1, |byte| byte != quote);
        at = value.end + 1;
        tag.attributes.push(Part { role: Role::Header, name, value });
    }
    tag
}

impl Tag {
    /// The attribute of that name.
    pub(super) fn attribute(&self, bytes: &[u8], name: &[u8]) -> Option<&Part> {
        self.attributes.iter().find(|part| bytes.get(part.name.clone()) == Some(name))
    }
}

/// How many bytes from `at` on are such.
fn length(bytes: &[u8], at: usize, is: impl Fn(&u8) -> bool) -> usize {
    bytes.get(at..).unwrap_or_default().iter().take_while(|byte| is(byte)).count()
}

fn is_name(byte: u8) -> bool {
    !byte.is_ascii_whitespace() && !matches!(byte, b'=' | b'>' | b'/' | b'\'' | b'"')
}

const SECTION: &[u8] = b"<![CDATA[";
/// Attributes named one by one.
const ATTRIBUTES: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &[u8], step: usize) -> Vec<Found> {
        let (mut scanner, mut all, mut start, mut end) = (Scanner::default(), Vec::new(), 0, 0);
        while start < text.len() {
            match scanner.next(&text[start..end]) {
                Found::More if end == text.len() => {
                    all.push(Found::More);
                    break;
                }
                Found::More => end = text.len().min(end + step),
                Found::Blank(0) => end = text.len().min(end + step),
                found @ (Found::Blank(len) | Found::End(len) | Found::Message(len)) => {
                    start += len;
                    all.push(found);
                }
                Found::Other => {
                    all.push(Found::Other);
                    break;
                }
            }
        }
        all
    }

    #[test]
    fn stanzas_end_where_their_tags_do() {
        use Found::{Blank, End, Message, More, Other};
        let rows: [(&[u8], &[Found]); 13] = [
            (b"<?xml version='1.0'?><stream:stream to='a>b'>", &[Message(45)]),
            (b"<a/><b>x</b>", &[Message(4), Message(8)]),
            (b"<iq id=\"</iq>\"><q><r/></q></iq>\n", &[Message(31), Blank(1)]),
            (b"<m><!-- </m> --><![CDATA[</m>]]></m>", &[Message(36)]),
            (b"</stream:stream>", &[End(16)]),
            (b"</stream:stream \n>", &[End(18)]),
            (b"</stream:stream a='1'>", &[Message(22)]),
            (b"<!--x--></stream:stream>", &[Message(24)]),
            (b"<m><m></m>", &[More]),
            (b"\x16\x03\x01", &[Other]),
            (b"<a></a>\x16", &[Message(7), Other]),
            (b"<!DOCTYPE a><b/>", &[More]),
            (b"<>", &[More]),
        ];
        for (text, expected) in rows {
            for step in [1, 2, 100] {
                assert_eq!(found(text, step), expected, "{} by {step}", text.escape_ascii());
            }
        }
    }

    #[test]
    fn attributes_of_the_first_tag() {
        let text = b"<?xml version='1.0'?>\n<iq to='a.example' type = \"get\" id='7'/>";
        let tag = first_tag(text);
        assert_eq!(&text[tag.name.clone()], b"iq");
        let value = |name: &[u8]| tag.attribute(text, name).map(|part| &text[part.value.clone()]);
        assert_eq!(value(b"to"), Some(&b"a.example"[..]));
        assert_eq!((value(b"type"), value(b"id")), (Some(&b"get"[..]), Some(&b"7"[..])));
        for broken in [&b"<"[..], b"<a b", b"<a b=", b"<a b='c", b"", b"<?", b"x"] {
            first_tag(broken);
        }
    }
}
