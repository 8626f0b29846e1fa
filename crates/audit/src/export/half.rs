//! One side of an exchange in the making: the pieces of a request or a response put together.

use evidence::{CaptureId, FrameNo, Timestamp};
use payload::replay_up_to;
use wire::{Body, Ending, Head, HttpHead, Message, Part, Role};

use crate::examine::body_start;

/// A request or a response.
#[derive(Debug, Default)]
pub(super) struct Half {
    pub(super) head: HttpHead,
    /// `HTTP/1.0`, `HTTP/1.1`, `HTTP/2`, `HTTP/3`.
    pub(super) version: &'static str,
    /// The words behind a status code.
    pub(super) reason: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) trailers: Vec<(String, String)>,
    /// Bytes of the head as recorded.
    pub(super) head_len: usize,
    pub(super) body: Vec<u8>,
    /// What of the body is missing, and why.
    pub(super) missing: Option<String>,
    /// No more of it comes.
    pub(super) ended: bool,
    pub(super) first: Timestamp,
    pub(super) last: Timestamp,
    /// The capture, first and last frame.
    pub(super) frames: Option<(CaptureId, FrameNo, FrameNo)>,
    /// Where in the body the next piece should begin.
    pub(super) next: u64,
}

impl Half {
    /// A side that begins with `message`.
    pub(super) fn of(message: &Message) -> Self {
        let Head::Http(head) = &message.head else { return Self::default() };
        let start = first_line(message);
        Self {
            head: head.clone(),
            version: version(message.protocol, start),
            reason: reason(message.protocol, start),
            head_len: body_start(message),
            first: message.recorded.first,
            ..Self::default()
        }
    }

    /// Adds a piece; of its body `room` bytes at most. Gives how many those were.
    pub(super) fn add(&mut self, message: &Message, room: usize) -> usize {
        let bytes = body(message);
        let start = if bytes.is_empty() { usize::MAX } else { body_start(message) };
        for part in message.parts.iter().filter(|part| part.role == Role::Header) {
            let Some(field) = field(message, part) else { continue };
            let trails = message.position > 0 || part.name.start >= start;
            if trails { self.trailers.push(field) } else { self.headers.push(field) }
        }
        if let Some(lost) = message.position.checked_sub(self.next).filter(|lost| *lost > 0) {
            self.lacks(format!("the capture lacks {lost} bytes at {}", self.next));
        }
        let kept = bytes.get(..room.min(MOST.saturating_sub(self.body.len()))).unwrap_or(bytes);
        self.body.extend_from_slice(kept);
        if kept.len() < bytes.len() {
            self.lacks(format!("what follows byte {} is more than is exported", self.body.len()));
        }
        self.next = message.position.saturating_add(bytes.len() as u64);
        self.ended = message.ending != Ending::Continued;
        if message.ending == Ending::Cut {
            self.lacks(format!("the capture lacks what follows byte {}", self.next));
        }
        self.last = self.last.max(message.recorded.last);
        self.seen(message);
        kept.len()
    }

    fn seen(&mut self, message: &Message) {
        let Some((capture, frame, _)) = message.recorded.place(0) else { return };
        let end = message.recorded.place((message.recorded.bytes.len() as u64).saturating_sub(1));
        let last = end.map_or(frame, |(_, last, _)| last);
        let (capture, first, before) = self.frames.unwrap_or((capture, frame, last));
        self.frames = Some((capture, first, before.max(last)));
    }

    /// The first thing that is missing explains the others.
    fn lacks(&mut self, why: String) {
        self.missing.get_or_insert(why);
    }

    /// The body without its codings; `None` where there are none, or they cannot be undone.
    pub(super) fn decoded(&self) -> Option<Vec<u8>> {
        let mut decoded: Option<Vec<u8>> = None;
        for coding in self.head.coding.rsplit(',').map(str::trim).filter(|coding| !coding.is_empty()) {
            let names = decoders(&coding.to_ascii_lowercase())?;
            let input = decoded.as_deref().unwrap_or(&self.body);
            if names.is_empty() || input.is_empty() {
                continue;
            }
            let output = names.iter().find_map(|name| replay_up_to(name, input, MOST))?;
            // It may be more than that.
            if output.len() >= MOST {
                return None;
            }
            decoded = Some(output);
        }
        decoded
    }
}

/// The decoders of a coding as HTTP names it; `None` where it is not known.
fn decoders(coding: &str) -> Option<&'static [&'static str]> {
    Some(match coding {
        "identity" => &[],
        "gzip" | "x-gzip" => &["gzip"],
        // Some servers leave the wrapping out that the standard wants.
        "deflate" => &["zlib", "deflate"],
        "br" => &["br"],
        "zstd" => &["zstd"],
        _ => return None,
    })
}

/// The body of a message, its framing removed.
pub(super) fn body(message: &Message) -> &[u8] {
    match &message.body {
        Body::None => &[],
        Body::Range(range) => message.recorded.bytes.get(range.clone()).unwrap_or_default(),
        Body::Joined { bytes, .. } => bytes,
    }
}

/// A header field; `None` of HTTP/2's pseudo-fields, which say what the first line says.
fn field(message: &Message, part: &Part) -> Option<(String, String)> {
    let name = message.recorded.bytes.get(part.name.clone())?;
    let value = message.recorded.bytes.get(part.value.clone())?;
    (!name.is_empty() && !name.starts_with(b":")).then(|| (text(name), text(value)))
}

fn first_line(message: &Message) -> &[u8] {
    let line = message.recorded.bytes.split(|byte| *byte == b'\n').next();
    line.unwrap_or_default().trim_ascii_end()
}

fn version(protocol: &str, line: &[u8]) -> &'static str {
    match protocol {
        "HTTP/2" => "HTTP/2",
        "HTTP/3" => "HTTP/3",
        _ if line.starts_with(b"HTTP/1.0") || line.ends_with(b"HTTP/1.0") => "HTTP/1.0",
        _ => "HTTP/1.1",
    }
}

fn reason(protocol: &str, line: &[u8]) -> String {
    let words = line.splitn(3, |byte| *byte == b' ').nth(2).filter(|_| line.starts_with(b"HTTP/"));
    if protocol == "HTTP/1" { text(words.unwrap_or_default()) } else { String::new() }
}

/// Text of a head: UTF-8, else each byte as the character of its number (ISO 8859-1).
fn text(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().copied().map(char::from).collect(),
    }
}

/// The longest body that is exported.
const MOST: usize = 64 << 20;
