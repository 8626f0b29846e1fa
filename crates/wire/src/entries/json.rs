//! JSON text (RFC 8259) to a [`Document`], and the escapes of its strings.
//!
//! What is whole is kept where the text ends early or goes wrong.

use std::{borrow::Cow, ops::Range};

use memchr::{memchr, memchr2};

use super::document::{Builder, DEEPEST, Document, Kind, TOO_DEEP, TOO_MANY};

/// Reads one JSON value.
pub(super) fn read(bytes: &[u8]) -> Document<'_> {
    let mut reader = Reader { bytes, at: 0, builder: Builder::default(), open: Vec::new() };
    let broken = reader.run().err().map(|what| (what, reader.at));
    while let Some((place, _)) = reader.open.pop() {
        reader.builder.close(place, reader.at);
    }
    Document { bytes, nodes: reader.builder.nodes, broken }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    builder: Builder,
    /// Maps and lists that are not closed yet, and whether each is a map.
    open: Vec<(usize, bool)>,
}

type Step<T> = Result<T, &'static str>;

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn skip_blank(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    fn run(&mut self) -> Step<()> {
        self.skip_blank();
        self.value(0..0)?;
        while let Some(&(place, map)) = self.open.last() {
            self.skip_blank();
            match self.peek().ok_or(CUT)? {
                b'}' if map => self.close(place),
                b']' if !map => self.close(place),
                b',' => self.at += 1,
                _ => {
                    let name = if map { self.name()? } else { 0..0 };
                    self.value(name)?;
                }
            }
        }
        self.skip_blank();
        if self.at < self.bytes.len() { Err(BEHIND) } else { Ok(()) }
    }

    fn close(&mut self, place: usize) {
        self.at += 1;
        self.open.pop();
        self.builder.close(place, self.at);
    }

    fn name(&mut self) -> Step<Range<usize>> {
        if self.peek() != Some(b'"') {
            return Err(ODD);
        }
        let (name, _) = self.string()?;
        self.skip_blank();
        if self.peek().ok_or(CUT)? != b':' {
            return Err(ODD);
        }
        self.at += 1;
        self.skip_blank();
        Ok(name)
    }

    fn value(&mut self, name: Range<usize>) -> Step<()> {
        let start = self.at;
        match self.peek().ok_or(CUT)? {
            b'"' => {
                // Of a text that was cut off, what there is is kept.
                let len = self.bytes.len();
                let (value, cut) =
                    self.string().map_or_else(|cut| (start + 1..len, Some(cut)), |(value, _)| (value, None));
                self.at = self.at.max(value.end);
                let text = self.bytes.get(value.clone()).unwrap_or_default();
                let escaped = memchr(b'\\', text).is_some();
                let place = self.add(Kind::Text, name, value)?;
                if let Some(node) = self.builder.nodes.get_mut(place) {
                    node.escaped = escaped;
                }
                cut.map_or(Ok(()), Err)
            }
            open @ (b'{' | b'[') => {
                if self.open.len() >= DEEPEST {
                    return Err(TOO_DEEP);
                }
                let map = open == b'{';
                let place = self.add(if map { Kind::Map } else { Kind::List }, name, start..start)?;
                self.at += 1;
                self.open.push((place, map));
                Ok(())
            }
            _ => self.word(name),
        }
    }

    fn word(&mut self, name: Range<usize>) -> Step<()> {
        let start = self.at;
        let rest = self.bytes.get(start..).unwrap_or_default();
        let len =
            rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(byte)).count();
        let kind = match rest.get(..len).unwrap_or_default() {
            b"true" | b"false" => Kind::Boolean,
            b"null" => Kind::Null,
            [b'0'..=b'9' | b'-', ..] => Kind::Number,
            // JavaScript's, which some writers let through.
            b"NaN" | b"Infinity" | b"undefined" => Kind::Null,
            _ if len > 0 && len == rest.len() => return Err(CUT),
            _ => return Err(ODD),
        };
        self.at += len;
        self.add(kind, name, start..start + len).map(|_| ())
    }

    fn add(&mut self, kind: Kind, name: Range<usize>, value: Range<usize>) -> Step<usize> {
        self.builder.add(kind, name, value).ok_or(TOO_MANY)
    }

    /// The range between the quote at hand and its partner, and whether there is an escape in it.
    fn string(&mut self) -> Step<(Range<usize>, bool)> {
        let start = self.at + 1;
        let (mut at, mut escaped) = (start, false);
        while let Some(found) = self.bytes.get(at..).and_then(|rest| memchr2(b'"', b'\\', rest)) {
            at += found;
            if self.bytes.get(at) == Some(&b'"') {
                self.at = at + 1;
                return Ok((start..at, escaped));
            }
            escaped = true;
            at += 2;
        }
        Err(CUT)
    }
}

/// The inside of a JSON string with its escapes undone, as `payload`'s decoder `json-string` does it: what is no
/// escape stays. Half a surrogate pair is a character that was lost (U+FFFD), but where Python wrote a byte that
/// was no UTF-8 (PEP 383): then it is that byte.
pub(super) fn unescaped(text: &[u8]) -> Cow<'_, [u8]> {
    if memchr(b'\\', text).is_none() {
        return Cow::Borrowed(text);
    }
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(found) = text.get(at..).and_then(|rest| memchr(b'\\', rest)) {
        out.extend_from_slice(text.get(at..at + found).unwrap_or_default());
        at += found;
        at += escape(text.get(at..).unwrap_or_default(), &mut out);
    }
    out.extend_from_slice(text.get(at..).unwrap_or_default());
    Cow::Owned(out)
}

/// Undoes the escape that `rest` begins with, and says how long it is.
fn escape(rest: &[u8], out: &mut Vec<u8>) -> usize {
    let plain = match rest.get(1) {
        Some(&byte @ (b'"' | b'\\' | b'/')) => byte,
        Some(b'b') => 8,
        Some(b'f') => 12,
        Some(b'n') => b'\n',
        Some(b'r') => b'\r',
        Some(b't') => b'\t',
        Some(b'u') => return unicode(rest, out),
        _ => {
            out.push(b'\\');
            return 1;
        }
    };
    out.push(plain);
    2
}

fn unicode(rest: &[u8], out: &mut Vec<u8>) -> usize {
    let Some(first) = unit(rest) else {
        out.push(b'\\');
        return 1;
    };
    if let 0xdc80..=0xdcff = first {
        out.push(first.to_le_bytes()[0]);
        return 6;
    }
    let second = rest.get(6..).filter(|rest| rest.starts_with(b"\\u")).and_then(unit);
    let pair = second.filter(|low| (0xd800..0xdc00).contains(&first) && (0xdc00..0xe000).contains(low));
    let paired = pair.and_then(|low| char::from_u32(0x1_0000 + ((first - 0xd800) << 10) + (low - 0xdc00)));
    let character = paired.or_else(|| char::from_u32(first)).unwrap_or(char::REPLACEMENT_CHARACTER);
    out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    if paired.is_some() { 12 } else { 6 }
}

/// The number of `\u1234`.
fn unit(rest: &[u8]) -> Option<u32> {
    let digits = rest.get(2..6)?;
    digits.iter().try_fold(0, |sum, digit| Some(sum << 4 | char::from(*digit).to_digit(16)?))
}

/// The first place from `from` on at which the inside of a JSON string can be cut in two without cutting an
/// escape, or a pair of them: between two bytes that belong to none.
pub(super) fn cut_after(text: &[u8], from: usize) -> usize {
    let mut at = 0;
    while let Some(found) = text.get(at..).and_then(|rest| memchr(b'\\', rest)) {
        let escape_at = at + found;
        // There are plain bytes from `at` to the escape: at least two of them, one on each side of the cut.
        let cut = from.max(at + 1);
        if cut < escape_at {
            return cut;
        }
        at = escape_at + escape(text.get(escape_at..).unwrap_or_default(), &mut Vec::new());
    }
    from.max(at + 1).min(text.len())
}

const BEHIND: &str = "capture holds an entry with bytes behind its end";
const CUT: &str = "capture lacks the end of an entry";
const ODD: &str = "capture holds an entry with bytes that are no JSON";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_undone_bytes_of_python_included() {
        let rows: [(&str, &[u8]); 6] = [
            (r#"{\"a\":\"b\\\\c\"}"#, br#"{"a":"b\\c"}"#),
            (r"http:\/\/x\/\n\t\b\f\r", b"http://x/\n\t\x08\x0c\r"),
            (r"\u4f60 \ud83d\udcf1 \ud83d!\ud83d\u0041", "\u{4f60} \u{1f4f1} \u{fffd}!\u{fffd}A".as_bytes()),
            (r"\u001f\udc8b\udc08", b"\x1f\x8b\xef\xbf\xbd"),
            (r"\q \u12 \", br"\q \u12 \"),
            ("plain", b"plain"),
        ];
        for (given, expected) in rows {
            assert_eq!(unescaped(given.as_bytes()).as_ref(), expected, "{given}");
        }
    }

    #[test]
    fn every_prefix_gives_what_it_holds() {
        let whole = br#" {"a":{"b":[1,-2.5e3,"x\"y"],"c":null},"d":true}"#;
        for cut in 0..whole.len() {
            let document = read(&whole[..cut]);
            assert_eq!(document.broken.map(|(what, _)| what), Some(CUT), "{cut}");
        }
        let document = read(whole);
        assert_eq!(document.broken, None);
        let root = document.root().unwrap();
        let list: Vec<_> = root.get("a").unwrap().get("b").unwrap().items().collect();
        assert_eq!(list[1].float(), Some(-2500.0));
        assert_eq!(list[2].text().unwrap(), "x\"y");
        assert!(root.get("d").unwrap().is_true());
        let cut = read(&whole[..30]);
        let text = cut.root().unwrap().get("a").unwrap().get("b").unwrap().items().last().unwrap();
        assert_eq!(text.raw(), br#"x\"y"#);
    }

    #[test]
    fn a_cut_never_lies_in_an_escape() {
        let text = br"ab\ud83d\udcf1cd\\\nef";
        for from in 0..text.len() {
            let cut = cut_after(text, from);
            let halves = [unescaped(&text[..cut]), unescaped(&text[cut..])].concat();
            assert_eq!(halves, unescaped(text).as_ref(), "{from}");
            assert!(cut >= from && cut > 0);
        }
    }

    #[test]
    fn depth_is_bounded_without_calls() {
        let deep = vec![b'['; 200_000];
        assert_eq!(read(&deep).broken.map(|(what, _)| what), Some(TOO_DEEP));
    }
}
