//! HTTP messages of entries, written out as HTTP/1 writes them: start line, fields, blank line, body.

use std::ops::Range;

use evidence::{Layer, Timestamp};

use super::{
    recorded::{Flow, Outline},
    text::Writing,
};
use crate::{
    Body, Ending, Head, HttpHead, Part, Recorded, Role, Sender,
    http::{Facts, Oddities},
};

/// A message in the making.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) writing: Writing,
    parts: Vec<Part>,
    oddities: Oddities,
    version: Version,
    /// Status code of a response.
    status: u16,
    /// Whether bodies are as they were sent, and not decoded.
    pub(super) as_sent: bool,
    /// What the writer says the body is; of use where the message itself does not.
    pub(super) media: String,
}

/// A version of HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    One,
    OneZero,
    Two,
    Three,
}

impl Version {
    /// As programs write it: `HTTP/1.1`, `http/2.0`, `h2`, `h3-29`. What is unknown is HTTP/1.1.
    pub(super) fn named(name: &str) -> Self {
        let name = name.trim().to_ascii_lowercase();
        let number = name.trim_start_matches("http/").trim_start_matches('h');
        match (number.as_bytes().first(), number) {
            (Some(b'3'), _) => Self::Three,
            _ if name.contains("quic") => Self::Three,
            (Some(b'2'), _) => Self::Two,
            _ if name.starts_with("spdy") => Self::Two,
            (_, "1.0" | "0.9") => Self::OneZero,
            _ => Self::One,
        }
    }

    fn written(self) -> &'static str {
        match self {
            Self::One => "HTTP/1.1",
            Self::OneZero => "HTTP/1.0",
            Self::Two => "HTTP/2",
            Self::Three => "HTTP/3",
        }
    }

    fn protocol(self) -> &'static str {
        match self {
            Self::One | Self::OneZero => "HTTP/1",
            Self::Two => "HTTP/2",
            Self::Three => "HTTP/3",
        }
    }
}

/// What an entry says of a body.
#[derive(Debug)]
pub(super) enum Found {
    /// There was none.
    None,
    /// There was one, which was not kept: why, and how many bytes, as far as told.
    Missing(&'static str, u64),
    /// The bytes.
    Bytes(Recorded),
}

impl Written {
    /// Begins a request.
    pub(super) fn request(
        mut writing: Writing,
        version: Version,
        method: Recorded,
        target: Recorded,
    ) -> Self {
        let method = writing.append(method);
        writing.literal(" ");
        let target = writing.append(target);
        writing.literal(" ");
        writing.literal(version.written());
        writing.literal("\r\n");
        let part = |role, value| Part { role, name: 0..0, value };
        let parts = vec![part(Role::Method, method), part(Role::Target, target)];
        Self {
            writing,
            parts,
            oddities: Oddities::default(),
            version,
            status: 0,
            as_sent: false,
            media: String::new(),
        }
    }

    /// Begins a response.
    pub(super) fn response(
        mut writing: Writing,
        version: Version,
        status: Recorded,
        reason: Recorded,
    ) -> Self {
        let code = std::str::from_utf8(&status.bytes).ok().and_then(|code| code.trim().parse().ok());
        writing.literal(version.written());
        writing.literal(" ");
        writing.append(status);
        writing.literal(" ");
        writing.append(reason);
        writing.literal("\r\n");
        Self {
            writing,
            parts: Vec::new(),
            oddities: Oddities::default(),
            version,
            status: code.unwrap_or(0),
            as_sent: false,
            media: String::new(),
        }
    }

    /// Adds a field. A value of several lines is as many fields: so browsers write Set-Cookie.
    pub(super) fn field(&mut self, name: &Recorded, value: &Recorded) {
        let mut from = 0;
        for line in value.bytes.split(|byte| *byte == b'\n') {
            let to = from + line.len();
            let end = to - usize::from(line.ends_with(b"\r"));
            let name = self.writing.append(name.clone());
            self.writing.literal(": ");
            let value = self.writing.append(value.slice(from, end));
            self.writing.literal("\r\n");
            self.parts.push(Part { role: Role::Header, name, value });
            from = to + 1;
        }
    }

    /// Whether a field of that name, given in lower case, was added.
    pub(super) fn has(&self, name: &[u8]) -> bool {
        let bytes = &self.writing.recorded.bytes;
        let named = |part: &Part| bytes.get(part.name.clone()).unwrap_or_default().eq_ignore_ascii_case(name);
        self.parts.iter().any(|part| part.role == Role::Header && named(part))
    }

    /// Ends the message with its body, and adds it to `flow`.
    pub(super) fn finish(
        mut self,
        (sender, exchange, time): (Sender, u32, (Timestamp, Timestamp)),
        found: Found,
        flow: &mut Flow,
    ) {
        self.writing.literal("\r\n");
        let mut head = Facts::read(&self.writing.recorded.bytes, &self.parts, &mut self.oddities).head;
        head.status = self.status;
        let (body, ending) = match found {
            Found::None => (0..0, Ending::Whole),
            Found::Missing(why, bytes) => {
                flow.lacks(why, bytes);
                (0..0, Ending::Cut)
            }
            Found::Bytes(bytes) => (self.writing.append(bytes), Ending::Whole),
        };
        for oddity in self.oddities.drain() {
            let place = self.writing.recorded.place(oddity.at as u64);
            let at = place.map_or(flow.place.offset, |(_, _, offset)| offset) - flow.place.offset;
            flow.odd(Layer::Http, oddity.what, oddity.detail, usize::try_from(at).unwrap_or(0));
        }
        let head = Head::Http(self.labelled(head, &body));
        let body = if body.is_empty() { Body::None } else { Body::Range(body) };
        let (protocol, parts) = (self.version.protocol(), self.parts);
        flow.say(self.writing, Outline { protocol, sender, exchange, time, head, body, parts, ending });
    }

    /// The head, without the codings that were undone already when the body was written down.
    fn labelled(&self, mut head: HttpHead, body: &Range<usize>) -> HttpHead {
        let body = self.writing.recorded.bytes.get(body.clone()).unwrap_or_default();
        if head.media.is_empty() && !body.is_empty() {
            head.media.clone_from(&self.media);
        }
        if !self.as_sent && !may_be_coded(&head, body) {
            head.coding.clear();
        }
        head
    }
}

/// Whether a body may still be coded as its label says. The standard wants it decoded, and most writers do that.
fn may_be_coded(head: &HttpHead, body: &[u8]) -> bool {
    let last = head.coding.rsplit(',').next().unwrap_or_default().trim().to_ascii_lowercase();
    match last.as_str() {
        "gzip" | "x-gzip" => body.starts_with(&[0x1f, 0x8b]),
        "zstd" => body.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]),
        // These have no mark. Text is decoded; of pictures and the like nobody can tell.
        _ => std::str::from_utf8(body).is_err() && !is_picture(&head.media),
    }
}

fn is_picture(media: &str) -> bool {
    let media = media.trim_start().to_ascii_lowercase();
    ["image/", "video/", "audio/", "font/"].iter().any(|class| media.starts_with(class))
}

/// An address of the web, as ranges of its text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Url {
    pub(super) scheme: Range<usize>,
    /// Host and port, without user and password.
    pub(super) authority: Range<usize>,
    pub(super) host: Range<usize>,
    pub(super) port: Option<u16>,
    /// Path and query.
    pub(super) target: Range<usize>,
}

impl Url {
    /// The parts of an absolute address (RFC 3986 section 3); `None` where it has no scheme and host.
    pub(super) fn of(text: &[u8]) -> Option<Self> {
        let colon = text.windows(3).take(SCHEME).position(|three| three == b"://")?;
        let start = colon + 3;
        let rest = text.get(start..)?;
        let len = rest.iter().position(|byte| b"/?#".contains(byte)).unwrap_or(rest.len());
        let authority = rest.get(..len)?;
        let user = authority.iter().rposition(|byte| *byte == b'@').map_or(0, |at| at + 1);
        let (from, to) = (start + user, start + len);
        let host_port = authority.get(user..)?;
        let port_at = host_port
            .iter()
            .rposition(|byte| *byte == b':')
            .filter(|at| !host_port.get(*at..).unwrap_or_default().contains(&b']'));
        let host = from..from + port_at.unwrap_or(host_port.len());
        let digits = port_at.and_then(|at| std::str::from_utf8(host_port.get(at + 1..)?).ok());
        let tail = text.get(to..)?;
        let end = to + tail.iter().position(|byte| *byte == b'#').unwrap_or(tail.len());
        Some(Self {
            scheme: 0..colon,
            authority: from..to,
            host,
            port: digits.and_then(|digits| digits.parse().ok()),
            target: to..end,
        })
    }
}

/// How many bytes a scheme may have.
const SCHEME: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_apart() {
        let rows = [
            ("https://a.example/p?q#f", Some(("https", "a.example", "a.example", None, "/p?q"))),
            ("http://u:p@a.example:8080", Some(("http", "a.example:8080", "a.example", Some(8080), ""))),
            ("wss://[2001:db8::1]:9?x", Some(("wss", "[2001:db8::1]:9", "[2001:db8::1]", Some(9), "?x"))),
            ("https://[2001:db8::1]/", Some(("https", "[2001:db8::1]", "[2001:db8::1]", None, "/"))),
            ("data:text/plain,x", None),
            ("", None),
        ];
        for (text, expected) in rows {
            let url = Url::of(text.as_bytes());
            let slices = url.map(|url| {
                let slice = |range: &Range<usize>| &text[range.clone()];
                (slice(&url.scheme), slice(&url.authority), slice(&url.host), url.port, slice(&url.target))
            });
            assert_eq!(slices, expected, "{text}");
        }
    }

    #[test]
    fn versions_have_many_names() {
        let rows = [
            ("HTTP/1.1", Version::One),
            ("http/1.0", Version::OneZero),
            ("HTTP/2", Version::Two),
            ("http/2.0", Version::Two),
            ("h2", Version::Two),
            ("h3", Version::Three),
            ("h3-29", Version::Three),
            ("http/2+quic/46", Version::Three),
            ("", Version::One),
            ("unknown", Version::One),
        ];
        for (name, expected) in rows {
            assert_eq!(Version::named(name), expected, "{name}");
        }
    }
}
