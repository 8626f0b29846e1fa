//! One CoAP message to its code, options and payload: over UDP (RFC 7252 section 3) and TCP (RFC 8323
//! section 3.2).

use std::ops::Range;

use crate::{
    NamedHead, Part, Role,
    packets::{Length, Odd},
};

/// What was read of a message.
#[derive(Clone, Debug, Default)]
pub(super) struct Reading {
    /// Class in the upper three bits, detail in the others.
    pub(super) code: u8,
    pub(super) token: Vec<u8>,
    pub(super) head: NamedHead,
    pub(super) parts: Vec<Part>,
    pub(super) payload: Range<usize>,
    /// The block of a request's body (RFC 7959 section 2.2), and of a response's.
    pub(super) blocks: [Option<Block>; 2],
    /// Where and how it breaks the rules.
    pub(super) odd: Option<(usize, &'static str)>,
    /// There is an option that who does not know it must refuse (RFC 7252 section 5.4.1), and we do not.
    critical: bool,
}

/// Which part of a body a payload is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Block {
    /// Where in the body it begins.
    pub(super) start: u64,
    /// More follow.
    pub(super) more: bool,
}

/// Whether a datagram is a CoAP message: strict, because datagrams of other protocols look much like one.
/// `own`: it is on CoAP's port, or an earlier one of its flow was.
pub(super) fn is_message(bytes: &[u8], own: bool) -> bool {
    let &[first, code, ..] = bytes else { return false };
    let kind = first >> 4 & 3;
    let fits = match code {
        0 => bytes.len() == HEADER && first & 15 == 0 && kind != 1,
        1..=7 => kind <= 1,
        _ => kind <= 2,
    };
    let known = fits && first >> 6 == 1 && first & 15 <= 8 && is_known(code);
    if !known || (code == 0 && !own) {
        return false;
    }
    let reading = Reading::of_datagram(bytes);
    let path = |part: &Part| {
        let segment = bytes.get(part.value.clone()).unwrap_or_default();
        part.role == Role::Target && !segment.is_empty() && segment.iter().all(u8::is_ascii_graphic)
    };
    let asks = matches!(code, 1..=7) && reading.parts.iter().any(path);
    reading.odd.is_none() && !reading.critical && (own || asks)
}

/// How long the message is that begins with the first of a stream's `bytes`.
pub(super) fn length(bytes: &[u8]) -> Length {
    let Some(&first) = bytes.first() else { return Length::More };
    if first & 15 > 8 {
        return Length::Odd(Odd {
            what: "peer sent a CoAP message with a token longer than eight bytes",
            needed: "a second digit of at most 8",
            found: first,
        });
    }
    let wide = usize::from((first >> 4).saturating_sub(12)).min(3);
    let wide = if wide == 3 { 4 } else { wide };
    let Some(more) = bytes.get(1..1 + wide) else { return Length::More };
    let more = more.iter().fold(0, |sum: u64, byte| sum << 8 | u64::from(*byte));
    let len = match first >> 4 {
        13 => more + 13,
        14 => more + 269,
        15 => more + 65_805,
        short => u64::from(short),
    };
    match bytes.get(1 + wide) {
        Some(code) if is_known(*code) || (SETTINGS..=0xe5).contains(code) => {
            Length::Of(2 + wide as u64 + u64::from(first & 15) + len)
        }
        Some(code) => Length::Odd(Odd { what: UNKNOWN, needed: "a code that is registered", found: *code }),
        None => Length::More,
    }
}

/// Whether a code is one of a request, a response or an empty message (RFC 7252 section 12.1, RFC 7959, 8132,
/// 8516, 8768).
fn is_known(code: u8) -> bool {
    matches!(
        (code >> 5, code & 31),
        (0, 0..=7) | (2, 1..=5 | 31) | (4, 0..=6 | 8 | 9 | 12 | 13 | 15 | 22 | 29) | (5, 0..=5 | 8)
    )
}

impl Reading {
    /// Reads a datagram.
    pub(super) fn of_datagram(bytes: &[u8]) -> Self {
        let token = usize::from(bytes.first().map_or(0, |first| first & 15));
        Self::of(bytes, 1, (HEADER, token))
    }

    /// Reads a message of a stream.
    pub(super) fn of_stream(bytes: &[u8]) -> Self {
        let first = bytes.first().copied().unwrap_or_default();
        let wide = [0, 1, 2, 4].get(usize::from((first >> 4).saturating_sub(12))).copied().unwrap_or(0);
        Self::of(bytes, 1 + wide, (2 + wide, usize::from(first & 15)))
    }

    /// Whether it is a request.
    pub(super) fn asks(&self) -> bool {
        matches!(self.code, 1..=7)
    }

    /// Whether it is empty (RFC 7252 section 4.1) or a signal, and has nothing in it but numbers.
    pub(super) fn says_nothing(&self) -> bool {
        self.is_signal() && self.payload.is_empty() && self.parts.is_empty() && self.odd.is_none()
    }

    /// Whether its options are none of those that requests and responses have (RFC 8323 section 5.2).
    fn is_signal(&self) -> bool {
        self.code == 0 || self.code >> 5 == 7
    }

    /// The block of the body that the message itself has: of a request's own, or of a response's.
    pub(super) fn block(&self) -> Option<Block> {
        let [of_request, of_response] = self.blocks;
        if self.asks() { of_request } else { of_response }
    }

    fn of(bytes: &[u8], code: usize, (start, token): (usize, usize)) -> Self {
        let mut found = Self { code: bytes.get(code).copied().unwrap_or_default(), ..Self::default() };
        match METHODS.get(usize::from(found.code)) {
            Some(method) => (*method).clone_into(&mut found.head.method),
            None => found.head.status = u16::from(found.code >> 5) * 100 + u16::from(found.code & 31),
        }
        let at = (start + token).min(bytes.len());
        found.token = bytes.get(start..at).unwrap_or_default().to_vec();
        found.payload = bytes.len()..bytes.len();
        let mut reader = Reader { bytes, at, number: 0, query: String::new(), found };
        if let Err(what) = reader.options() {
            reader.found.odd = Some((reader.at.min(bytes.len().saturating_sub(1)), what));
        }
        if bytes.len() < start + token {
            reader.found.odd = Some((0, SHORT));
        }
        reader.finish()
    }
}

/// Reads the options of a message.
struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    number: u32,
    query: String,
    found: Reading,
}

type Read<T> = Result<T, &'static str>;

impl Reader<'_> {
    fn options(&mut self) -> Read<()> {
        while let Some(&first) = self.bytes.get(self.at) {
            if first == MARK {
                self.found.payload = self.at + 1..self.bytes.len();
                let empty = self.found.payload.is_empty();
                return if empty {
                    Err("peer sent a CoAP message that announces a payload and has none")
                } else {
                    Ok(())
                };
            }
            self.at += 1;
            let delta = self.nibble(first >> 4)?;
            let len = usize::try_from(self.nibble(first & 15)?).unwrap_or(usize::MAX);
            self.number = self.number.saturating_add(delta);
            let start = self.at;
            let end = start.checked_add(len).filter(|end| *end <= self.bytes.len()).ok_or(SHORT)?;
            self.at = end;
            self.option(start..end)?;
        }
        Ok(())
    }

    /// RFC 7252 section 3.1.
    fn nibble(&mut self, nibble: u8) -> Read<u32> {
        match nibble {
            13 => Ok(u32::from(self.byte()?) + 13),
            14 => Ok((u32::from(self.byte()?) << 8 | u32::from(self.byte()?)) + 269),
            15 => Err("peer sent a CoAP option with a reserved length"),
            short => Ok(u32::from(short)),
        }
    }

    fn byte(&mut self) -> Read<u8> {
        let byte = *self.bytes.get(self.at).ok_or(SHORT)?;
        self.at += 1;
        Ok(byte)
    }

    fn option(&mut self, value: Range<usize>) -> Read<()> {
        let bytes = self.bytes.get(value.clone()).unwrap_or_default();
        let number = || bytes.iter().fold(0, |sum: u32, byte| sum << 8 | u32::from(*byte));
        let text = || String::from_utf8_lossy(bytes.get(..bytes.len().min(WORDS)).unwrap_or_default());
        if self.found.is_signal() {
            let known = (self.found.code, self.number);
            let number = SIGNALS.iter().any(|(of, most)| *of == known && value.len() <= *most);
            return if number { Ok(()) } else { self.push(Role::Option, "option", value) };
        }
        let head = &mut self.found.head;
        match self.number {
            URI_HOST => head.host = text().into_owned(),
            URI_PATH if head.target.len() < WORDS => {
                head.target.push('/');
                head.target.push_str(&text());
            }
            URI_QUERY if self.query.len() < WORDS => {
                self.query.push(if self.query.is_empty() { '?' } else { '&' });
                self.query.push_str(&text());
            }
            PROXY_URI => head.target = text().into_owned(),
            CONTENT_FORMAT => media(number()).clone_into(&mut head.media),
            BLOCK1 | BLOCK2 if bytes.len() <= 3 => {
                let place = usize::from(self.number == BLOCK2);
                if let Some(block) = self.found.blocks.get_mut(place) {
                    *block = Some(Block::of(number()));
                }
            }
            _ => {}
        }
        let (role, name) = match OPTIONS.iter().find(|(number, _, _)| *number == self.number) {
            // What is longer than any number says something else.
            Some((_, None, name)) if value.len() > NUMBER => (Some(Role::Option), *name),
            Some((_, role, name)) => (*role, *name),
            None => {
                self.found.critical |= self.number & 1 != 0;
                (Some(Role::Option), "option")
            }
        };
        role.map_or(Ok(()), |role| self.push(role, name, value))
    }

    fn push(&mut self, role: Role, name: &'static str, value: Range<usize>) -> Read<()> {
        if value.is_empty() {
            return Ok(());
        }
        if self.found.parts.len() >= PARTS {
            return Err("peer sent a CoAP message with more options than are named one by one");
        }
        self.found.parts.push(Part { role, name: 0..0, value });
        self.found.head.names.push(name);
        Ok(())
    }

    fn finish(self) -> Reading {
        let Self { mut found, query, .. } = self;
        if found.asks() && found.head.target.is_empty() {
            found.head.target.push('/');
        }
        found.head.target.push_str(&query);
        found
    }
}

impl Block {
    /// RFC 7959 section 2.2; the size 7 is that of RFC 8323 section 6, counted in 1,024 bytes.
    fn of(value: u32) -> Self {
        let size = 1u64 << ((value & 7).min(6) + 4);
        Self { start: u64::from(value >> 4) * size, more: value & 8 != 0 }
    }
}

/// The media type of a content format (RFC 7252 section 12.3 and IANA's registry).
fn media(format: u32) -> &'static str {
    match format {
        0 => "text/plain",
        40 => "application/link-format",
        41 => "application/xml",
        42 => "application/octet-stream",
        50 => "application/json",
        60 => "application/cbor",
        110 => "application/senml+json",
        112 => "application/senml+cbor",
        11_543 => "application/vnd.oma.lwm2m+json",
        11_544 => "application/vnd.oma.lwm2m+cbor",
        _ => "",
    }
}

/// The options that are known (RFC 7252 section 5.10, RFC 7641, 7959, 7967, 8613, 8768, 9175): what they are
/// as a part of the message, where they are text or bytes.
const OPTIONS: &[(u32, Option<Role>, &str)] = &[
    (1, Some(Role::Option), "if-match"),
    (URI_HOST, Some(Role::HostName), "uri-host"),
    (4, Some(Role::Option), "etag"),
    (5, None, "if-none-match"),
    (6, None, "observe"),
    (7, None, "uri-port"),
    (8, Some(Role::Option), "location-path"),
    (9, Some(Role::Option), "oscore"),
    (URI_PATH, Some(Role::Target), "uri-path"),
    (CONTENT_FORMAT, None, "content-format"),
    (14, None, "max-age"),
    (URI_QUERY, Some(Role::Query), "uri-query"),
    (16, None, "hop-limit"),
    (17, None, "accept"),
    (20, Some(Role::Query), "location-query"),
    (BLOCK2, None, "block2"),
    (BLOCK1, None, "block1"),
    (28, None, "size2"),
    (PROXY_URI, Some(Role::Target), "proxy-uri"),
    (39, None, "proxy-scheme"),
    (60, None, "size1"),
    (252, Some(Role::Option), "echo"),
    (258, None, "no-response"),
    (292, Some(Role::Option), "request-tag"),
];

/// Options of signals that are numbers, by the signal's code, and the most bytes that each has (RFC 8323
/// sections 5.3 to 5.6).
const SIGNALS: [((u8, u32), usize); 4] =
    [((SETTINGS, 2), 4), ((SETTINGS, 4), 0), ((0xe4, 4), 3), ((0xe5, 2), 2)];

const METHODS: [&str; 8] = ["", "GET", "POST", "PUT", "DELETE", "FETCH", "PATCH", "iPATCH"];

const URI_HOST: u32 = 3;
const URI_PATH: u32 = 11;
const CONTENT_FORMAT: u32 = 12;
const URI_QUERY: u32 = 15;
const BLOCK2: u32 = 23;
const BLOCK1: u32 = 27;
const PROXY_URI: u32 = 35;

/// Code 7.01, the first of the signals (RFC 8323 section 5.3).
pub(super) const SETTINGS: u8 = 0xe1;
/// Bytes before the token of a datagram.
pub(super) const HEADER: usize = 4;
/// Before the payload.
const MARK: u8 = 0xff;
/// The longest number in an option (RFC 7252 section 3.2), but for numbers of blocks, which are shorter.
const NUMBER: usize = 4;
/// Options named one by one.
const PARTS: usize = 1024;
/// The longest target kept in a head.
const WORDS: usize = 2048;
const UNKNOWN: &str = "peer sent a CoAP message with an unknown code";
const SHORT: &str = "peer sent a CoAP message that ends within an option";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_read() {
        let rows: [(&[u8], &str); 5] = [
            (
                b"\x42\x01\x12\x34ab\x3aexample.io\x83reg\x02v1\x46imei=1\x02b2",
                "GET example.io /reg/v1?imei=1&b2 uri-host uri-path uri-path uri-query uri-query",
            ),
            (b"\x60\x45\x12\x34\xc1\x32\xff{}", "205  application/json \"{}\""),
            (b"\x40\x02\0\x01\xb1r\xd1\x03\x0e\xff0123", "POST  /r uri-path \"0123\" (0, true)"),
            (b"\x60\0\x12\x34", " "),
            (b"\x40\x01\0\x01\xb5ab", "GET  / odd"),
        ];
        for (bytes, expected) in rows {
            let reading = Reading::of_datagram(bytes);
            let head = &reading.head;
            let mut line = format!(
                "{}{} {}",
                head.method,
                if head.status > 0 { head.status.to_string() } else { String::new() },
                head.host
            );
            for word in [&*head.target, &head.media].into_iter().chain(head.names.iter().copied()) {
                if !word.is_empty() {
                    line += &format!(" {word}");
                }
            }
            if !reading.payload.is_empty() {
                line += &format!(" \"{}\"", bytes[reading.payload.clone()].escape_ascii());
            }
            if let Some(block) = reading.block() {
                line += &format!(" ({}, {})", block.start, block.more);
            }
            if reading.odd.is_some() {
                line += " odd";
            }
            assert_eq!(line, expected);
        }
    }

    #[test]
    fn likes_are_told_apart() {
        let rows: [(&[u8], bool, bool); 9] = [
            // Request with a path.
            (b"\x40\x01\x12\x34\xb3reg", true, true),
            // Request for the root: only on the port.
            (b"\x40\x01\x12\x34", true, false),
            // Response.
            (b"\x60\x45\x12\x34\xffx", true, false),
            // Empty acknowledgement.
            (b"\x60\x00\x12\x34", true, false),
            // Request as an acknowledgement; empty with more; unknown code; version 2; RTP.
            (b"\x60\x01\x12\x34\xb3reg", false, false),
            (b"\x60\x00\x12\x34x", false, false),
            (b"\x40\x08\x12\x34\xb3reg", false, false),
            (b"\x80\x01\x12\x34\xb3reg", false, false),
            (b"\x40\x01\x12\x34\xb3re", false, false),
        ];
        for (bytes, own, other) in rows {
            assert_eq!(
                (is_message(bytes, true), is_message(bytes, false)),
                (own, other),
                "{}",
                bytes.escape_ascii()
            );
        }
    }

    #[test]
    fn lengths_of_streams() {
        let rows: [(&[u8], Length); 5] = [
            (b"\x00\xe1", Length::Of(2)),
            (b"\x32\x01ab", Length::Of(7)),
            (b"\xd0\x02\x01", Length::Of(18)),
            (b"\xf0\0\0\0", Length::More),
            (
                b"\x00\xff",
                Length::Odd(Odd { what: UNKNOWN, needed: "a code that is registered", found: 0xff }),
            ),
        ];
        for (bytes, expected) in rows {
            assert_eq!(length(bytes), expected, "{}", bytes.escape_ascii());
        }
    }
}
