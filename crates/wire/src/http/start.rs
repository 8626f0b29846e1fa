//! First bytes to "an HTTP/1 message starts here", and start lines to their parts (RFC 9112 sections 3, 4).
//!
//! Lenient where the bytes leave no doubt: any case of known methods, any token as method where the line
//! ends in a version, no version at all (HTTP/0.9), blank lines before, `ICY` in place of `HTTP/1.0`.

use std::ops::Range;

use memchr::{memchr, memmem, memrchr};

use crate::protocol::Verdict;

/// A start line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StartLine {
    Request { method: Range<usize>, target: Range<usize>, version: bool },
    Response { status: u16 },
}

impl StartLine {
    /// Reads `line`, a range of `bytes` without its end. Takes anything: what is no response is a request.
    pub(crate) fn read(bytes: &[u8], line: Range<usize>) -> Self {
        let text = bytes.get(line.clone()).unwrap_or_default();
        if is_response(text) {
            return Self::Response { status: status(text) };
        }
        let method = memchr(b' ', text).unwrap_or(text.len());
        let rest = text.get(method..).unwrap_or_default();
        let version = version_at(rest);
        let target = rest.get(..version.unwrap_or(rest.len())).unwrap_or_default();
        let lead = target.len() - target.trim_ascii_start().len();
        let first = line.start + method + lead;
        Self::Request {
            method: line.start..line.start + method,
            target: first..first + target.trim_ascii().len(),
            version: version.is_some(),
        }
    }
}

/// A start found in the middle of other bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Search {
    /// A message starts at `start`; the bytes that show it are at `mark`.
    Found { start: usize, mark: usize },
    /// None so far; the next search may begin at this byte.
    From(usize),
}

/// Whether a message starts with the first of `bytes`, blank lines passed over. `last`: no more will come.
pub(crate) fn verdict(bytes: &[u8], last: bool) -> Verdict {
    let blank = bytes.iter().take(BLANK_LIMIT).take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    let bytes = bytes.get(blank..).unwrap_or_default();
    if bytes.is_empty() {
        return Verdict::More.settled(last);
    }
    match response_verdict(bytes) {
        Verdict::No => request_verdict(bytes, last),
        answer => answer.settled(last),
    }
}

/// Looks for the next start in `bytes`, from the byte `from` on. Starts in the last [`MARK_LEN`] bytes are
/// found with the next call only, unless `last`.
pub(crate) fn find(bytes: &[u8], from: usize, last: bool) -> Search {
    let tail = bytes.get(from..).unwrap_or_default();
    for mark in memmem::find_iter(tail, b"HTTP/1.").map(|at| from + at) {
        let shown = bytes.get(mark..).unwrap_or_default();
        if shown.len() < MARK_LEN && !last {
            return Search::From(mark);
        }
        if let Some(start) = start_at(bytes, mark, shown) {
            return Search::Found { start, mark };
        }
    }
    Search::From(bytes.len().saturating_sub(MARK_LEN).max(from))
}

/// Status code of a response's start line; 0 where it has none.
fn status(line: &[u8]) -> u16 {
    let after = memchr(b' ', line).and_then(|at| line.get(at..)).unwrap_or_default().trim_ascii_start();
    let digits = after.iter().take_while(|byte| byte.is_ascii_digit()).take(3);
    digits.fold(0, |sum, byte| sum * 10 + u16::from(byte - b'0'))
}

fn is_response(line: &[u8]) -> bool {
    response_verdict(line) == Verdict::Yes
}

/// Whether a response starts with the first of `bytes`.
pub(crate) fn response_verdict(bytes: &[u8]) -> Verdict {
    match Verdict::magic(bytes, b"HTTP/") {
        Verdict::No => Verdict::magic(bytes, b"ICY "),
        Verdict::More => Verdict::More,
        Verdict::Yes => match bytes.get(5) {
            None => Verdict::More,
            Some(b'0' | b'1') => Verdict::Yes,
            Some(_) => Verdict::No,
        },
    }
}

fn request_verdict(bytes: &[u8], last: bool) -> Verdict {
    let method = bytes.iter().take(METHOD_LIMIT + 1).take_while(|byte| is_token(**byte)).count();
    if method == 0 || method > METHOD_LIMIT {
        return Verdict::No;
    }
    let (name, rest) = bytes.split_at_checked(method).unwrap_or_default();
    match rest.first() {
        None => Verdict::More.settled(last),
        Some(b' ') => {
            known_verdict(name, rest.trim_ascii_start(), last).unwrap_or_else(|| line_verdict(bytes, last))
        }
        Some(_) => Verdict::No,
    }
}

/// The answer where a known method and the first bytes of the target give it.
fn known_verdict(method: &[u8], target: &[u8], last: bool) -> Option<Verdict> {
    if !is_known(method) {
        return None;
    }
    match target.first() {
        None if last => Some(Verdict::Yes),
        None => Some(Verdict::More),
        Some(b'/' | b'*') => Some(Verdict::Yes),
        Some(b'h' | b'H') => absolute_verdict(target, last),
        Some(first)
            if method.eq_ignore_ascii_case(b"CONNECT")
                && (first.is_ascii_alphanumeric() || *first == b'[') =>
        {
            Some(Verdict::Yes)
        }
        Some(_) => None,
    }
}

fn absolute_verdict(target: &[u8], last: bool) -> Option<Verdict> {
    let head = target.get(..target.len().min(4)).unwrap_or_default().to_ascii_lowercase();
    match Verdict::magic(&head, b"http") {
        Verdict::No => None,
        Verdict::More if last => Some(Verdict::Yes),
        answer => Some(answer),
    }
}

/// The answer that only the whole line gives: it ends in a version.
fn line_verdict(bytes: &[u8], last: bool) -> Verdict {
    let window = bytes.get(..bytes.len().min(LINE_LIMIT)).unwrap_or_default();
    match memchr(b'\n', window) {
        Some(end) => match version_at(window.get(..end).unwrap_or_default().trim_ascii_end()) {
            Some(_) => Verdict::Yes,
            None => Verdict::No,
        },
        None if window.len() == LINE_LIMIT => Verdict::No,
        None => Verdict::More.settled(last),
    }
}

/// Where in a request line ` HTTP/x` begins that ends it.
fn version_at(line: &[u8]) -> Option<usize> {
    let line = line.trim_ascii_end();
    let space = memrchr(b' ', line)?;
    let version = line.get(space + 1..)?;
    let prefix = version.get(..5)?;
    (prefix.eq_ignore_ascii_case(b"HTTP/") && matches!(version.get(5)?, b'0' | b'1')).then_some(space)
}

/// The start of the message that `HTTP/1.` at `mark` belongs to.
fn start_at(bytes: &[u8], mark: usize, shown: &[u8]) -> Option<usize> {
    let digit = |at: usize| shown.get(at).is_some_and(u8::is_ascii_digit);
    if digit(7) && shown.get(8) == Some(&b' ') && digit(9) && digit(10) && digit(11) {
        return Some(mark);
    }
    let ends = matches!(shown.get(8..), Some([b'\n', ..] | [b'\r', b'\n', ..]));
    let before = bytes.get(mark.saturating_sub(LINE_LIMIT)..mark)?;
    if !digit(7) || !ends || before.last() != Some(&b' ') {
        return None;
    }
    let line = memrchr(b'\n', before).map_or(0, |at| at + 1);
    let found = request_in(before.get(line..)?)?;
    Some(mark - before.len() + line + found)
}

/// Where in a line that ends before its version the request begins: bytes of another message's body may
/// stand before it.
fn request_in(line: &[u8]) -> Option<usize> {
    let mut end = line.len();
    while let Some(space) = memrchr(b' ', line.get(..end)?) {
        let token =
            line.get(..space)?.iter().rev().take(METHOD_LIMIT).take_while(|byte| is_token(**byte)).count();
        let target = line.get(space + 1..)?;
        let plausible = matches!(target.first(), Some(b'/' | b'*' | b'h' | b'H'));
        let name = line.get(space - token..space)?;
        if let Some(known) = known_suffix(name).filter(|_| plausible) {
            return Some(space - known);
        }
        end = space;
    }
    None
}

/// How long the known method is that `name` ends in; upper case only, as body bytes may stand before it.
fn known_suffix(name: &[u8]) -> Option<usize> {
    METHODS.iter().filter(|method| name.ends_with(method.as_bytes())).map(|method| method.len()).max()
}

fn is_known(method: &[u8]) -> bool {
    METHODS.iter().any(|known| method.eq_ignore_ascii_case(known.as_bytes()))
}

/// RFC 9110 section 5.6.2.
pub(crate) fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// Registered methods, and those of SSDP and UPnP.
const METHODS: [&str; 28] = [
    "BIND",
    "CHECKOUT",
    "CONNECT",
    "COPY",
    "DELETE",
    "GET",
    "HEAD",
    "LINK",
    "LOCK",
    "M-SEARCH",
    "MERGE",
    "MKCOL",
    "MOVE",
    "NOTIFY",
    "OPTIONS",
    "PATCH",
    "POST",
    "PROPFIND",
    "PROPPATCH",
    "PURGE",
    "PUT",
    "REPORT",
    "SEARCH",
    "SUBSCRIBE",
    "TRACE",
    "UNLINK",
    "UNLOCK",
    "UNSUBSCRIBE",
];

/// Longest method looked for.
const METHOD_LIMIT: usize = 32;

/// Most blank-line bytes passed over before a start line.
const BLANK_LIMIT: usize = 64;

/// Longest start line with an unknown method, or found in the middle of other bytes.
pub(crate) const LINE_LIMIT: usize = 8 * 1024;

/// Bytes from `HTTP/1.` on that tell whether a message starts there: `HTTP/1.1 200`.
pub(crate) const MARK_LEN: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_bytes_tell_http_from_its_likes() {
        let rows: [(&[u8], Verdict); 19] = [
            (b"GET /", Verdict::Yes),
            (b"GE", Verdict::More),
            (b"get /index", Verdict::Yes),
            (b"\r\nPOST http://a/", Verdict::Yes),
            (b"CONNECT a:443", Verdict::Yes),
            (b"OPTIONS * ", Verdict::Yes),
            (b"OPTIONS rtsp://a RTSP/1.0\r\n", Verdict::No),
            (b"SUBSCRIBE sip:a SIP/2.0\r\n", Verdict::No),
            (b"BREW /pot HTTP/1.1\r\n", Verdict::Yes),
            (b"BREW /pot", Verdict::More),
            (b"EHLO phone\r\n", Verdict::No),
            (b"HTTP/1.1 200", Verdict::Yes),
            (b"HTTP/", Verdict::More),
            (b"HTTP/2", Verdict::No),
            (b"PRI * HTTP/2.0\r\n", Verdict::No),
            (b"ICY 200 OK", Verdict::Yes),
            (b"SSH-2.0-x\r\n", Verdict::No),
            (b"\x16\x03\x01", Verdict::No),
            (b"", Verdict::More),
        ];
        for (bytes, expected) in rows {
            assert_eq!(verdict(bytes, false), expected, "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn a_start_is_found_behind_the_tail_of_a_body() {
        let rows: [(&[u8], Option<usize>); 6] = [
            (b"{\"a\":1}HTTP/1.1 200 OK\r\n", Some(7)),
            (b"tail=1GET /x HTTP/1.1\r\n", Some(6)),
            (b"tail\r\nGET /x HTTP/1.0\r\n", Some(6)),
            (b"uses HTTP/1.1 for", None),
            (b"xx POST /a b HTTP/1.1\r\n", Some(3)),
            (b"nothing", None),
        ];
        for (bytes, expected) in rows {
            let found = match find(bytes, 0, true) {
                Search::Found { start, .. } => Some(start),
                Search::From(_) => None,
            };
            assert_eq!(found, expected, "{}", bytes.escape_ascii());
        }
    }
}
