//! Requests and responses to the turns of an HTTP/2 connection (RFC 9113), with HPACK's dynamic table (RFC 7541).
//!
//! Strings are not Huffman-coded. Both sides open their windows as far as they go at the start (2 GiB), so no more
//! than that may be said on one connection.

use std::collections::VecDeque;

use testkit::h2::{
    CONTINUATION, DATA, END, HEAD, HEADERS, PREFACE, SETTINGS, WINDOW_UPDATE, frame, indexed, insert,
    literal, plain,
};

use crate::Turn;

/// A request or response.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// How long its sender waits before it says it, in milliseconds.
    pub wait_ms: u64,
    /// Names, in small letters, and values; those that begin with a colon come first.
    pub fields: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Message {
    /// A request for `https`.
    pub fn request(method: &str, authority: &str, path: &str) -> Self {
        let fields = [(":method", method), (":authority", authority), (":scheme", "https"), (":path", path)];
        fields.into_iter().fold(Self::default(), |message, (name, value)| message.field(name, value))
    }

    /// A response.
    pub fn response(status: u16) -> Self {
        Self::default().field(":status", &status.to_string())
    }

    /// One more field.
    pub fn field(mut self, name: &str, value: &str) -> Self {
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With this body.
    pub fn body(self, body: impl Into<Vec<u8>>) -> Self {
        Self { body: body.into(), ..self }
    }

    /// After a pause.
    pub fn after(self, wait_ms: u64) -> Self {
        Self { wait_ms, ..self }
    }
}

/// A connection, exchange after exchange. Ask for `h2` in its TLS.
#[derive(Debug, Default)]
pub struct Http2 {
    client: Encoder,
    server: Encoder,
    turns: Vec<Turn>,
}

impl Http2 {
    /// A connection on which nothing was said.
    pub fn new() -> Self {
        Self::default()
    }

    /// A request and its response, on a stream of their own.
    pub fn exchange(mut self, request: &Message, response: &Message) -> Self {
        let count = u32::try_from(self.turns.len() / 2).unwrap_or(u32::MAX);
        let stream = count.saturating_mul(2).saturating_add(1);
        let (mut asks, mut tells) = match count {
            0 => ([PREFACE, &settings()].concat(), [settings(), acknowledgment()].concat()),
            1 => (acknowledgment(), Vec::new()),
            _ => (Vec::new(), Vec::new()),
        };
        asks.extend(self.client.message(stream, request));
        tells.extend(self.server.message(stream, response));
        self.turns.push(Turn::client(asks).after(request.wait_ms));
        self.turns.push(Turn::server(tells).after(response.wait_ms));
        self
    }

    /// What the two sides say.
    pub fn into_turns(self) -> Vec<Turn> {
        self.turns
    }
}

/// One side's settings: no push, and windows as wide as they go.
fn settings() -> Vec<u8> {
    let setting = |code: u16, value: u32| [&code.to_be_bytes()[..], &value.to_be_bytes()].concat();
    let settings = [setting(2, 0), setting(4, WINDOW)].concat();
    let room = WINDOW - FIRST_WINDOW;
    [frame(SETTINGS, 0, 0, &settings), frame(WINDOW_UPDATE, 0, 0, &room.to_be_bytes())].concat()
}

fn acknowledgment() -> Vec<u8> {
    frame(SETTINGS, END, 0, &[])
}

/// One side's frames. It keeps the fields that the other side remembers.
#[derive(Debug, Default)]
struct Encoder {
    /// Newest first, as they are counted.
    table: VecDeque<(String, String)>,
    size: usize,
}

impl Encoder {
    fn message(&mut self, stream: u32, message: &Message) -> Vec<u8> {
        let block: Vec<u8> =
            message.fields.iter().flat_map(|(name, value)| self.field(name, value)).collect();
        let last = if message.body.is_empty() { END } else { 0 };
        let mut frames = Vec::new();
        let mut parts = block.chunks(LONGEST).enumerate().peekable();
        while let Some((index, part)) = parts.next() {
            let done = if parts.peek().is_none() { HEAD } else { 0 };
            let (kind, flags) = if index == 0 { (HEADERS, done | last) } else { (CONTINUATION, done) };
            frames.extend(frame(kind, flags, stream, part));
        }
        let mut parts = message.body.chunks(LONGEST).peekable();
        while let Some(part) = parts.next() {
            let flags = if parts.peek().is_none() { END } else { 0 };
            frames.extend(frame(DATA, flags, stream, part));
        }
        frames
    }

    fn field(&mut self, name: &str, value: &str) -> Vec<u8> {
        let known = self.table.iter().position(|(known, its)| known == name && its == value);
        if let Some(place) = known {
            return indexed(FIRST_DYNAMIC + place);
        }
        let cost = name.len() + value.len() + 32;
        let (coded_name, coded_value) = (plain(name.as_bytes()), plain(value.as_bytes()));
        // What differs each time would only push out what does not.
        if cost > TABLE / 4 || matches!(name, ":path" | "content-length" | "date") {
            return literal(&coded_name, &coded_value);
        }
        self.table.push_front((name.to_owned(), value.to_owned()));
        self.size += cost;
        while self.size > TABLE
            && let Some((name, value)) = self.table.pop_back()
        {
            self.size -= name.len() + value.len() + 32;
        }
        insert(&coded_name, &coded_value)
    }
}

/// Bytes of a frame's payload that every receiver takes.
const LONGEST: usize = 16_384;
/// Bytes of the dynamic table, as long as nobody says otherwise.
const TABLE: usize = 4096;
/// The dynamic table comes after the static one.
const FIRST_DYNAMIC: usize = 62;
/// The widest.
const WINDOW: u32 = 0x7fff_ffff;
/// What a connection's window is before any update.
const FIRST_WINDOW: u32 = 65_535;
