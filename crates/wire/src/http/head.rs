//! Heads: from the start line to the blank line (RFC 9112 sections 2 to 5), leniently.
//!
//! [`HeadReader`] looks at each byte once, however the bytes are spread over calls, and keeps ranges only.
//! [`Facts`] are what framing, pairing and routing need; they are taken from the ranges when the head ends.

use std::ops::Range;

use memchr::memchr;

use super::start::{StartLine, is_token};
use crate::{HttpHead, Part, Role, protocol::Upgrade};

/// Something odd in a message, at a byte of its `recorded`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Oddity {
    pub(crate) at: usize,
    pub(crate) what: &'static str,
    pub(crate) detail: String,
}

/// Reads a head that begins with the first byte given.
#[derive(Debug, Default)]
pub(crate) struct HeadReader {
    /// Bytes looked at.
    scanned: usize,
    /// Where the current line starts.
    line: usize,
    start: Option<StartLine>,
    pub(crate) parts: Vec<Part>,
    pub(crate) oddities: Oddities,
}

/// The first of each kind of oddity: a message with a thousand of a kind is one odd message.
#[derive(Debug, Default)]
pub(crate) struct Oddities(Vec<Oddity>);

/// What the fields say about framing, pairing and routing.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    pub(crate) head: HttpHead,
    /// The first valid `Content-Length`.
    pub(crate) length: Option<u64>,
    /// `chunked` is the last transfer coding.
    pub(crate) chunked: bool,
    /// There is a transfer coding, and `chunked` is not the last.
    pub(crate) other_coding: bool,
    /// The first protocol of `Upgrade`, without its version.
    pub(crate) upgrade: Option<String>,
    /// `Sec-WebSocket-Extensions` as sent, several fields joined by commas.
    pub(crate) extensions: String,
    /// `Expect: 100-continue`.
    pub(crate) expect: bool,
}

impl HeadReader {
    /// Goes on reading `bytes`, of which the earlier calls saw the beginning. Returns the length of the head
    /// with its blank line, once that is there.
    pub(crate) fn read(&mut self, bytes: &[u8]) -> Option<usize> {
        while let Some(found) = bytes.get(self.scanned..).and_then(|rest| memchr(b'\n', rest)) {
            let end = self.scanned + found;
            let line = self.line..self.without_cr(bytes, end);
            self.scanned = end + 1;
            self.line = end + 1;
            if self.take_line(bytes, line) {
                return Some(end + 1);
            }
        }
        self.scanned = bytes.len();
        None
    }

    /// Reads what stands after the last line end, where the head was cut off there.
    pub(crate) fn cut(&mut self, bytes: &[u8]) {
        let line = self.line..self.without_cr(bytes, bytes.len());
        if !line.is_empty() {
            self.take_line(bytes, line);
        }
    }

    /// The start line, once it is there.
    pub(crate) fn start(&self) -> Option<&StartLine> {
        self.start.as_ref()
    }

    /// Whether this is a whole HTTP/0.9 request: a line without version and nothing after it.
    pub(crate) fn is_simple(&self) -> bool {
        let versionless = matches!(self.start, Some(StartLine::Request { version: false, .. }));
        versionless && self.line == self.scanned && self.parts.iter().all(|part| part.role != Role::Header)
    }

    fn without_cr(&self, bytes: &[u8], end: usize) -> usize {
        match bytes.get(self.line..end) {
            Some([.., b'\r']) => end - 1,
            _ => end,
        }
    }

    /// Returns whether `line` ends the head.
    fn take_line(&mut self, bytes: &[u8], line: Range<usize>) -> bool {
        if bytes.get(line.end) == Some(&b'\n') {
            self.oddities.note(line.end, "peer sent a line end without carriage return", String::new);
        }
        match self.start {
            None if line.is_empty() => {}
            None => self.take_start(bytes, line),
            Some(_) if line.is_empty() => return true,
            Some(_) => take_field(bytes, line, &mut self.parts, &mut self.oddities),
        }
        false
    }

    fn take_start(&mut self, bytes: &[u8], line: Range<usize>) {
        let at = line.start;
        // A line that the capture or the connection cut off may have lost its version with its end.
        let ended = matches!(bytes.get(line.end), Some(b'\r' | b'\n'));
        let start = StartLine::read(bytes, line);
        match &start {
            StartLine::Request { method, target, version } => {
                self.parts.reserve(16);
                self.parts.push(Part { role: Role::Method, name: 0..0, value: method.clone() });
                self.parts.push(Part { role: Role::Target, name: 0..0, value: target.clone() });
                if !version && ended {
                    self.oddities.note(at, "peer sent a request line without a version", String::new);
                }
            }
            StartLine::Response { status } if !(100..600).contains(status) => {
                self.oddities
                    .note(at, "peer sent a status line without a valid status code", || status.to_string());
            }
            StartLine::Response { .. } => self.parts.reserve(16),
        }
        self.start = Some(start);
    }
}

impl Oddities {
    /// Notes the first of a kind.
    pub(crate) fn note(&mut self, at: usize, what: &'static str, detail: impl FnOnce() -> String) {
        if !self.0.iter().any(|known| known.what == what) {
            self.0.push(Oddity { at, what, detail: detail() });
        }
    }

    /// All that were noted, which are then forgotten.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = Oddity> {
        self.0.drain(..)
    }
}

impl Facts {
    /// Gathers what the fields of a head say.
    pub(crate) fn read(bytes: &[u8], parts: &[Part], oddities: &mut Oddities) -> Self {
        let mut facts = Self::default();
        let mut codings = Vec::new();
        for part in parts {
            let value = bytes.get(part.value.clone()).unwrap_or_default();
            match part.role {
                Role::Method => facts.head.method = text(value),
                Role::Target => facts.head.target = text(value),
                Role::Header => {
                    let name = bytes.get(part.name.clone()).unwrap_or_default();
                    facts.take_field(name, value, part, &mut codings, oddities);
                }
                Role::HostName | Role::Option | Role::Query => {}
            }
        }
        facts.settle(&codings, oddities);
        facts
    }

    /// What follows, where it was agreed on: to be taken once.
    pub(crate) fn agreed(&mut self) -> Upgrade {
        Upgrade {
            protocol: self.upgrade.clone().unwrap_or_default(),
            extensions: std::mem::take(&mut self.extensions),
        }
    }

    fn take_field<'a>(
        &mut self,
        name: &[u8],
        value: &'a [u8],
        part: &Part,
        codings: &mut Vec<&'a [u8]>,
        oddities: &mut Oddities,
    ) {
        let Some(field) = Field::named(name) else { return };
        let at = part.value.start;
        match field {
            Field::ContentEncoding => join(&mut self.head.coding, value),
            Field::ContentLength => self.take_length(value, at, oddities),
            Field::ContentType => fill(&mut self.head.media, value),
            Field::Expect => self.expect |= value.eq_ignore_ascii_case(b"100-continue"),
            Field::Host if !self.head.host.is_empty() => {
                oddities.note(at, "peer sent more than one Host field", || text(value));
            }
            Field::Host => fill(&mut self.head.host, value),
            Field::TransferEncoding => {
                codings.extend(value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii));
            }
            Field::Upgrade => self.upgrade = self.upgrade.take().or_else(|| Some(protocol(value))),
            Field::Extensions => join(&mut self.extensions, value),
            Field::Agent => fill(&mut self.head.agent, value),
        }
    }

    /// RFC 9112 section 6.3: a list of equal lengths is one length; the first of different ones is believed.
    fn take_length(&mut self, value: &[u8], at: usize, oddities: &mut Oddities) {
        for item in value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii) {
            match (decimal(item), self.length) {
                (None, _) => oddities.note(at, "peer sent a Content-Length that is no number", || text(item)),
                (Some(length), None) => self.length = Some(length),
                (Some(length), Some(first)) if length != first => {
                    oddities.note(at, "peer sent Content-Length fields that differ", || {
                        format!("{first} and {length}")
                    });
                }
                (Some(_), Some(_)) => {}
            }
        }
    }

    fn settle(&mut self, codings: &[&[u8]], oddities: &mut Oddities) {
        let real = |coding: &&&[u8]| !coding.is_empty() && !coding.eq_ignore_ascii_case(b"identity");
        let last = codings.iter().rfind(real);
        self.chunked = last.is_some_and(|coding| coding.eq_ignore_ascii_case(b"chunked"));
        self.other_coding = last.is_some() && !self.chunked;
        for coding in codings.iter().filter(real).filter(|coding| !coding.eq_ignore_ascii_case(b"chunked")) {
            join(&mut self.head.coding, coding);
        }
        if let (true, Some(length)) = (last.is_some(), self.length) {
            let both = || format!("Content-Length {length} was not used");
            oddities.note(0, "peer sent both Transfer-Encoding and Content-Length", both);
        }
        if self.head.host.is_empty() {
            self.head.host = authority(&self.head).to_owned();
        }
    }
}

/// The fields that framing, pairing and routing need.
#[derive(Clone, Copy)]
enum Field {
    Agent,
    ContentEncoding,
    ContentLength,
    ContentType,
    Expect,
    Extensions,
    Host,
    TransferEncoding,
    Upgrade,
}

impl Field {
    fn named(name: &[u8]) -> Option<Self> {
        let (field, expected): (_, &[u8]) = match name.len() {
            4 => (Self::Host, b"host"),
            6 if name.eq_ignore_ascii_case(b"expect") => (Self::Expect, b"expect"),
            6 => (Self::Agent, b"server"),
            7 => (Self::Upgrade, b"upgrade"),
            10 => (Self::Agent, b"user-agent"),
            12 => (Self::ContentType, b"content-type"),
            14 => (Self::ContentLength, b"content-length"),
            16 => (Self::ContentEncoding, b"content-encoding"),
            17 => (Self::TransferEncoding, b"transfer-encoding"),
            24 => (Self::Extensions, b"sec-websocket-extensions"),
            _ => return None,
        };
        name.eq_ignore_ascii_case(expected).then_some(field)
    }
}

/// Takes one field line (RFC 9112 section 5) of a head or a trailer section.
pub(crate) fn take_field(bytes: &[u8], line: Range<usize>, parts: &mut Vec<Part>, oddities: &mut Oddities) {
    let text = bytes.get(line.clone()).unwrap_or_default();
    if matches!(text.first(), Some(b' ' | b'\t')) {
        oddities.note(line.start, "peer sent a folded header field", String::new);
        return unfold(text, &line, parts);
    }
    if parts.len() >= FIELD_LIMIT {
        return oddities.note(
            line.start,
            "peer sent more header fields than are named one by one",
            String::new,
        );
    }
    let Some(colon) = memchr(b':', text) else {
        oddities.note(line.start, "peer sent a header line without a colon", String::new);
        return parts.push(Part { role: Role::Header, name: line.start..line.start, value: line });
    };
    let (name, value) = text.split_at_checked(colon).unwrap_or_default();
    if name.is_empty() || !name.iter().copied().all(is_token) {
        oddities.note(line.start, "peer sent a header name with bytes that do not belong there", String::new);
    }
    let value = value.get(1..).unwrap_or_default();
    let start = line.end - value.trim_ascii_start().len();
    parts.push(Part {
        role: Role::Header,
        name: line.start..line.start + name.trim_ascii_end().len(),
        value: start..start + value.trim_ascii().len(),
    });
}

/// A folded line goes on with the value of the field before it (RFC 9112 section 5.2); line end and blanks
/// between stay in the range.
fn unfold(text: &[u8], line: &Range<usize>, parts: &mut [Part]) {
    let end = line.start + text.trim_ascii_end().len();
    if let Some(part) = parts.last_mut().filter(|part| part.role == Role::Header && end > line.start) {
        part.value.end = part.value.end.max(end);
    }
}

/// Host and port of an absolute target, or of CONNECT's.
fn authority(head: &HttpHead) -> &str {
    if head.method.eq_ignore_ascii_case("CONNECT") {
        return &head.target;
    }
    let Some((_, rest)) = head.target.split_once("://").filter(|(scheme, _)| scheme.len() <= 5) else {
        return "";
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let authority = rest.get(..end).unwrap_or_default();
    authority.rsplit_once('@').map_or(authority, |(_, host)| host)
}

/// The first protocol of an `Upgrade` field (RFC 9110 section 7.8), without its version, in lower case.
fn protocol(value: &[u8]) -> String {
    let first = value.split(|byte| matches!(byte, b',' | b'/')).next().unwrap_or_default();
    text(first.trim_ascii()).to_ascii_lowercase()
}

fn decimal(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0u64, |sum, byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        sum.checked_mul(10)?.checked_add(digit)
    })
}

fn join(list: &mut String, value: &[u8]) {
    if !list.is_empty() {
        list.push_str(", ");
    }
    list.push_str(&String::from_utf8_lossy(value));
}

/// Fills a text that is still empty: the first of several fields counts.
fn fill(text: &mut String, value: &[u8]) {
    if text.is_empty() {
        *text = self::text(value);
    }
}

fn text(value: &[u8]) -> String {
    String::from_utf8_lossy(value).into_owned()
}

/// Fields of one message that become parts. The others are in its `recorded` and searched there.
const FIELD_LIMIT: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> (Option<usize>, HeadReader, Facts) {
        let mut reader = HeadReader::default();
        let end = reader.read(bytes);
        let facts = Facts::read(bytes, &reader.parts, &mut reader.oddities);
        (end, reader, facts)
    }

    fn values<'a>(bytes: &'a [u8], reader: &HeadReader) -> Vec<(&'a str, &'a str)> {
        let slice = |range: &Range<usize>| std::str::from_utf8(&bytes[range.clone()]).unwrap();
        reader.parts.iter().map(|part| (slice(&part.name), slice(&part.value))).collect()
    }

    #[test]
    fn fields_are_named_however_they_are_written() {
        let bytes =
            b"\r\nGET http://u@h:8/p?q HTTP/1.1\nA:1\r\nB :  two\t \r\n  more\r\nno colon\r\n:x\r\n\r\nrest";
        let (end, reader, facts) = read(bytes);
        assert_eq!(end, Some(bytes.len() - 4));
        let expected = [
            ("", "GET"),
            ("", "http://u@h:8/p?q"),
            ("A", "1"),
            ("B", "two\t \r\n  more"),
            ("", "no colon"),
            ("", "x"),
        ];
        assert_eq!(values(bytes, &reader), expected);
        assert_eq!(facts.head.host, "h:8");
    }

    #[test]
    fn framing_fields_are_weighed() {
        let rows: [(&str, Option<u64>, bool, bool, usize); 8] = [
            ("Content-Length: 5", Some(5), false, false, 0),
            ("Content-Length: 5, 5", Some(5), false, false, 0),
            ("Content-Length: 5\r\nContent-Length: 6", Some(5), false, false, 1),
            ("Content-Length: 99999999999999999999999", None, false, false, 1),
            ("Content-Length: +5", None, false, false, 1),
            ("Transfer-Encoding: gzip, Chunked", None, true, false, 0),
            ("Transfer-Encoding: chunked\r\nContent-Length: 5", Some(5), true, false, 1),
            ("Transfer-Encoding: chunked, xchunked", None, false, true, 0),
        ];
        for (fields, length, chunked, other, odd) in rows {
            let (_, mut reader, facts) = read(format!("POST / HTTP/1.1\r\n{fields}\r\n\r\n").as_bytes());
            assert_eq!(
                (facts.length, facts.chunked, facts.other_coding),
                (length, chunked, other),
                "{fields}"
            );
            assert_eq!(reader.oddities.drain().count(), odd, "{fields}");
        }
    }

    #[test]
    fn each_byte_is_looked_at_once() {
        let bytes = b"HTTP/1.1 200 OK\r\nA: b\r\n\r\n";
        let mut reader = HeadReader::default();
        for len in 1..bytes.len() {
            assert_eq!(reader.read(&bytes[..len]), None);
            assert_eq!(reader.scanned, len);
        }
        assert_eq!(reader.read(bytes), Some(bytes.len()));
        assert_eq!(values(bytes, &reader), [("A", "b")]);
    }
}
