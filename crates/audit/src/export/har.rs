//! Exchanges of HTTP/1 to HTTP/3 to HAR 1.2 (<http://www.softwareishard.com/blog/har-12-spec/>).
//!
//! One entry for each request, with its answer. Besides what the format asks for:
//!
//! - A body is text where it is UTF-8 without control characters; else base64, and `encoding` says so. Of a
//!   request it stands in `postData.text` (PCAPdroid's way) and, where it is base64, also in `_content` (that of
//!   HTTP Toolkit and PiRogue), so that readers of both take the bytes.
//! - `Content-Encoding` is undone, as the format wants it; the field stays in `headers`. Where it cannot be
//!   undone, the body is as sent and `_contentEncoding` beside it has the codings.
//! - `_bodyMissing` of a request or response: which bytes of its body are missing, and why. What there is is there.
//! - A request that the capture lacks has an empty method, one without an answer the status 0, and `_error`.
//! - `_informational`: status codes of interim answers. `_trailers`: fields behind the body.
//! - `_seal`: what was undone: protocol, version and cipher suite as on the wire. Without it the exchange was in
//!   the clear, and its address begins with `http`.
//! - `_webSocketMessages` of the entry that opened the WebSocket, as Chrome has them.
//! - `connection`: capture and first frame of the flow. `comment`: the frames.
//! - Fields that are no UTF-8 are read as ISO 8859-1. Pseudo-fields of HTTP/2 and HTTP/3 are left out.
//! - Cookies are in `headers` only.
//!
//! Entries stand in the order of their beginnings. To that end they wait, 64 MiB of them at most: in a larger
//! file an entry that took longer than so many others comes after them. Exchanges under way hold 256 MiB
//! together; beyond, bodies are cut with a reason.

use std::{collections::BTreeMap, io, net::IpAddr, sync::Arc};

use evidence::{CaptureId, FlowId, Timestamp};
use serde_json::{Map, Value, json};
use wire::{Head, HttpHead, Message, Seal, Sender, flow::FlowInfo};

use super::{
    Out,
    half::{Half, body},
};
use crate::conversation::written;

/// Writes a HAR file.
pub(super) struct Har<'o> {
    out: Out<'o>,
    /// What went wrong first.
    outcome: io::Result<()>,
    names: Vec<String>,
    waiting: BTreeMap<(Timestamp, u64), String>,
    waiting_bytes: usize,
    entries: u64,
    written: bool,
    /// Bytes of bodies under way.
    held: usize,
    /// Messages of other protocols.
    others: u64,
    /// Messages of WebSockets that there was no room for.
    left_out: u64,
}

/// What is remembered of a flow.
#[derive(Debug)]
pub(super) struct Memory {
    flow: FlowId,
    client: (IpAddr, u16),
    server: (IpAddr, u16),
    drafts: Vec<Draft>,
    /// The exchange that became a WebSocket.
    socket: Option<Draft>,
}

/// An entry in the making.
#[derive(Debug, Default)]
struct Draft {
    exchange: u32,
    seal: Option<Arc<Seal>>,
    request: Option<Half>,
    response: Option<Half>,
    informational: Vec<u16>,
    messages: Vec<Value>,
    /// Bytes that it holds.
    held: usize,
}

impl Memory {
    pub(super) fn of(flow: &FlowInfo) -> Self {
        let (client, server) = (flow.originator, flow.responder);
        Self { flow: flow.id, client, server, drafts: Vec::new(), socket: None }
    }
}

impl<'o> Har<'o> {
    /// Begins a file.
    pub(super) fn begin(out: Out<'o>, (name, version): (&str, &str), names: &[String]) -> Self {
        let creator = json!({"name": name, "version": version});
        let outcome =
            write!(out, "{{\"log\":{{\"version\":\"1.2\",\"creator\":{creator},\"pages\":[],\"entries\":[");
        Self {
            out,
            outcome,
            names: names.to_vec(),
            waiting: BTreeMap::new(),
            waiting_bytes: 0,
            entries: 0,
            written: false,
            held: 0,
            others: 0,
            left_out: 0,
        }
    }

    /// Takes in a message.
    pub(super) fn message(&mut self, memory: &mut Memory, message: &Message) {
        match &message.head {
            Head::Http(head) if message.protocol.starts_with("HTTP/") => {
                // What comes before the answer itself is only told of.
                if message.sender == Sender::Responder && matches!(head.status, 100 | 102..200) {
                    let draft = self.draft(memory, message);
                    return draft.informational.push(head.status);
                }
                self.http(memory, message);
            }
            Head::Raw if message.protocol == "WebSocket" && memory.socket.is_some() => {
                let room = HELD.saturating_sub(self.held);
                let socket = memory.socket.as_mut();
                let said = socket.map_or(0, |draft| draft.say(message, room));
                self.held += said;
                self.left_out += u64::from(said == 0);
            }
            _ => self.others += 1,
        }
    }

    /// A flow is over: so are its exchanges.
    pub(super) fn close(&mut self, mut memory: Memory) {
        for draft in std::mem::take(&mut memory.drafts).into_iter().chain(memory.socket.take()) {
            self.entry(&memory, draft);
        }
    }

    /// Ends the file.
    pub(super) fn finish(mut self) -> io::Result<()> {
        while !self.waiting.is_empty() {
            self.write_first();
        }
        self.outcome?;
        let lacks = [
            (self.others, "messages of other protocols (DNS, TLS handshakes …) are not in it"),
            (self.left_out, "messages of WebSockets are not in it: more than an export holds"),
        ];
        let lacks =
            lacks.iter().filter(|(count, _)| *count > 0).map(|(count, words)| format!("{count} {words}"));
        let comment = lacks.collect::<Vec<_>>().join("; ");
        writeln!(self.out, "\n],\"comment\":{}}}}}", Value::from(comment))?;
        self.out.flush()
    }

    fn http(&mut self, memory: &mut Memory, message: &Message) {
        let room = HELD.saturating_sub(self.held);
        let draft = self.draft(memory, message);
        let side = match message.sender {
            Sender::Originator => &mut draft.request,
            Sender::Responder => &mut draft.response,
        };
        let added = side.get_or_insert_with(|| Half::of(message)).add(message, room);
        draft.held += added;
        let (whole, upgraded) = (draft.is_whole(), draft.is_upgraded());
        let exchange = draft.exchange;
        self.held += added;
        if !whole {
            return;
        }
        let Some(place) = memory.drafts.iter().position(|draft| draft.exchange == exchange) else { return };
        let draft = memory.drafts.remove(place);
        if upgraded && memory.socket.is_none() {
            memory.socket = Some(draft);
        } else {
            self.entry(memory, draft);
        }
    }

    /// The draft that a message belongs to. A hostile flow may begin exchanges without end: of too many the oldest
    /// is written as it is.
    fn draft<'m>(&mut self, memory: &'m mut Memory, message: &Message) -> &'m mut Draft {
        let known = memory.drafts.iter().position(|draft| draft.exchange == message.exchange);
        let place = known.unwrap_or_else(|| {
            if memory.drafts.len() >= UNDER_WAY {
                let oldest = memory.drafts.remove(0);
                self.entry(memory, oldest);
            }
            let (exchange, seal) = (message.exchange, message.seal.clone());
            memory.drafts.push(Draft { exchange, seal, ..Draft::default() });
            memory.drafts.len() - 1
        });
        #[expect(clippy::indexing_slicing, reason = "it was found or pushed just now")]
        &mut memory.drafts[place]
    }

    /// An exchange is over: its entry waits for earlier ones.
    fn entry(&mut self, memory: &Memory, draft: Draft) {
        self.held = self.held.saturating_sub(draft.held);
        let first = draft.first();
        let entry = draft.write(memory, &self.names).to_string();
        self.waiting_bytes += entry.len();
        self.waiting.insert((first, self.entries), entry);
        self.entries += 1;
        while self.waiting_bytes > WAITING {
            self.write_first();
        }
    }

    fn write_first(&mut self) {
        let Some((_, entry)) = self.waiting.pop_first() else { return };
        self.waiting_bytes = self.waiting_bytes.saturating_sub(entry.len());
        if self.outcome.is_ok() {
            let comma = if std::mem::replace(&mut self.written, true) { "," } else { "" };
            self.outcome = write!(self.out, "{comma}\n{entry}");
        }
    }
}

impl Draft {
    /// Whether both sides are there and have ended. A side that was cut may go on.
    fn is_whole(&self) -> bool {
        let whole = |half: &Option<Half>| half.as_ref().is_some_and(|half| half.ended);
        let cut = self.response.as_ref().is_some_and(|half| half.missing.is_some());
        whole(&self.request) && whole(&self.response) && !cut
    }

    fn is_upgraded(&self) -> bool {
        self.response.as_ref().is_some_and(|half| half.head.status == 101)
    }

    fn halves(&self) -> impl Iterator<Item = &Half> {
        self.request.iter().chain(&self.response)
    }

    fn first(&self) -> Timestamp {
        self.halves().map(|half| half.first).min().unwrap_or_default()
    }

    /// Adds a message of a WebSocket; of too many none.
    fn say(&mut self, message: &Message, room: usize) -> usize {
        let bytes = body(message);
        let cost = bytes.len() * 2 + 128;
        if cost > room {
            return 0;
        }
        let kind = if message.sender == Sender::Responder { "receive" } else { "send" };
        let time = message.recorded.first.0 as f64 / 1e9;
        self.messages.push(match readable(bytes) {
            Some(text) => json!({"type": kind, "time": time, "opcode": 1, "data": text}),
            None => json!({"type": kind, "time": time, "opcode": 2, "data": base64(bytes)}),
        });
        self.held += cost;
        cost
    }

    fn write(self, memory: &Memory, names: &[String]) -> Value {
        let first = self.first();
        let last = self.halves().map(|half| half.last).max().unwrap_or(first);
        let mut entry = json!({
            "startedDateTime": first.to_string(),
            "time": milliseconds(first, last),
            "request": request(self.request.as_ref(), self.response.as_ref(), self.seal.is_some(), memory),
            "response": response(self.response.as_ref()),
            "cache": {},
            "timings": timings(self.request.as_ref(), self.response.as_ref()),
            "serverIPAddress": written(memory.server.0),
            "_serverPort": memory.server.1,
            "_clientIPAddress": written(memory.client.0),
            "connection": format!("{}:{}", memory.flow.capture.0, memory.flow.frame.0),
            "comment": frames(&self, names),
        });
        let Some(map) = entry.as_object_mut() else { return entry };
        if let Some(seal) = &self.seal {
            map.insert("_seal".to_owned(), sealed(seal));
        }
        if !self.informational.is_empty() {
            map.insert("_informational".to_owned(), self.informational.into());
        }
        if !self.messages.is_empty() {
            map.insert("_resourceType".to_owned(), "websocket".into());
            map.insert("_webSocketMessages".to_owned(), self.messages.into());
        }
        entry
    }
}

fn sealed(seal: &Seal) -> Value {
    let mut told = json!({
        "protocol": seal.protocol,
        "version": format!("{:#06x}", seal.version),
        "suite": format!("{:#06x}", seal.suite),
    });
    if let (Some(outer), Some(map)) = (&seal.outer, told.as_object_mut()) {
        // How deep sessions lie in one another is bounded.
        map.insert("outer".to_owned(), sealed(outer));
    }
    told
}

fn request(half: Option<&Half>, response: Option<&Half>, sealed: bool, memory: &Memory) -> Value {
    let none = Half { version: response.map_or("HTTP/1.1", |half| half.version), ..Half::default() };
    let missing = half.is_none();
    let half = half.unwrap_or(&none);
    let url = url(half, sealed, memory);
    let mut request = message(half, missing);
    request.insert("method".to_owned(), half.head.method.clone().into());
    request.insert("queryString".to_owned(), query(&url));
    request.insert("url".to_owned(), url.into());
    if missing {
        request.insert("_error".to_owned(), "the capture lacks the request".into());
    }
    if half.body.is_empty() {
        return request.into();
    }
    let mut content = content(half);
    let media = content.get("mimeType").cloned().unwrap_or_default();
    if content.contains_key("encoding") {
        request.insert("_content".to_owned(), content.clone().into());
    }
    content.remove("size");
    content.insert("mimeType".to_owned(), media);
    content.insert("params".to_owned(), json!([]));
    request.insert("postData".to_owned(), content.into());
    request.into()
}

fn response(half: Option<&Half>) -> Value {
    let none = Half { version: "", ..Half::default() };
    let missing = half.is_none();
    let half = half.unwrap_or(&none);
    let location = half.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("location"));
    let mut response = message(half, missing);
    response.insert("status".to_owned(), half.head.status.into());
    response.insert("statusText".to_owned(), half.reason.clone().into());
    response.insert(
        "redirectURL".to_owned(),
        location.map(|(_, value)| value.clone()).unwrap_or_default().into(),
    );
    response.insert("content".to_owned(), content(half).into());
    if missing {
        response.insert("_error".to_owned(), "the capture lacks the answer".into());
    }
    response.into()
}

/// What requests and responses have in common.
fn message(half: &Half, missing: bool) -> Map<String, Value> {
    let fields = |fields: &[(String, String)]| {
        let fields = fields.iter().map(|(name, value)| json!({"name": name, "value": value}));
        Value::from(fields.collect::<Vec<_>>())
    };
    let mut map = Map::new();
    map.insert("httpVersion".to_owned(), half.version.into());
    map.insert("cookies".to_owned(), json!([]));
    map.insert("headers".to_owned(), fields(&half.headers));
    let (head, body) = if missing { (-1, -1) } else { (count(half.head_len), count(half.body.len())) };
    map.insert("headersSize".to_owned(), head.into());
    map.insert("bodySize".to_owned(), body.into());
    if !half.trailers.is_empty() {
        map.insert("_trailers".to_owned(), fields(&half.trailers));
    }
    if let Some(why) = &half.missing {
        map.insert("_bodyMissing".to_owned(), why.clone().into());
    }
    map
}

/// A body with its size, type and text.
fn content(half: &Half) -> Map<String, Value> {
    let decoded = half.decoded();
    let bytes = decoded.as_deref().unwrap_or(&half.body);
    let mut map = Map::new();
    map.insert("size".to_owned(), bytes.len().into());
    map.insert("mimeType".to_owned(), half.head.media.clone().into());
    if decoded.is_some() {
        map.insert("compression".to_owned(), (count(bytes.len()) - count(half.body.len())).into());
    } else if !half.head.coding.is_empty() && !bytes.is_empty() {
        map.insert("_contentEncoding".to_owned(), half.head.coding.clone().into());
    }
    match readable(bytes) {
        _ if bytes.is_empty() => {}
        Some(text) => {
            map.insert("text".to_owned(), text.into());
        }
        None => {
            map.insert("text".to_owned(), base64(bytes).into());
            map.insert("encoding".to_owned(), "base64".into());
        }
    }
    map
}

/// The address that was asked for.
fn url(half: &Half, sealed: bool, memory: &Memory) -> String {
    let HttpHead { method, target, host, .. } = &half.head;
    if target.contains("://") && !target.starts_with('/') {
        return target.clone();
    }
    let scheme = if sealed { "https" } else { "http" };
    if method.eq_ignore_ascii_case("CONNECT") {
        return format!("{scheme}://{target}/");
    }
    let slash = if target.starts_with('/') { "" } else { "/" };
    if !host.is_empty() {
        return format!("{scheme}://{host}{slash}{target}");
    }
    match memory.server {
        (IpAddr::V6(address), port) => format!("{scheme}://[{address}]:{port}{slash}{target}"),
        (IpAddr::V4(address), port) => format!("{scheme}://{address}:{port}{slash}{target}"),
    }
}

fn query(url: &str) -> Value {
    let query = url.split_once('?').map(|(_, query)| query.split('#').next().unwrap_or_default());
    let pairs = query.into_iter().flat_map(|query| query.split('&')).filter(|pair| !pair.is_empty());
    let pairs = pairs.map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        json!({"name": name, "value": value})
    });
    pairs.collect::<Vec<_>>().into()
}

/// What is not known is -1, or 0 where the format knows no -1.
fn timings(request: Option<&Half>, response: Option<&Half>) -> Value {
    let span = |half: Option<&Half>| half.map_or(0.0, |half| milliseconds(half.first, half.last));
    let wait = request.zip(response).map_or(0.0, |(asked, told)| milliseconds(asked.last, told.first));
    json!({
        "blocked": -1, "dns": -1, "connect": -1, "ssl": -1,
        "send": span(request), "wait": wait.max(0.0), "receive": span(response),
    })
}

fn milliseconds(from: Timestamp, to: Timestamp) -> f64 {
    to.since(from) as f64 / 1e6
}

/// `capture.pcap: request in frames 4 to 7, response in frame 9`.
fn frames(draft: &Draft, names: &[String]) -> String {
    let told = |(what, half): (&str, &Option<Half>)| {
        let (capture, first, last) = half.as_ref()?.frames?;
        let frames = match first == last {
            true => format!("{what} in frame {}", first.0),
            false => format!("{what} in frames {} to {}", first.0, last.0),
        };
        Some((capture, frames))
    };
    let sides = [("request", &draft.request), ("response", &draft.response)];
    let told: Vec<(CaptureId, String)> = sides.into_iter().filter_map(told).collect();
    let capture = told.first().and_then(|(capture, _)| names.get(capture.0 as usize));
    let name = capture.map_or("", |name| name.rsplit(['/', '\\']).next().unwrap_or(name));
    let told: Vec<String> = told.into_iter().map(|(_, told)| told).collect();
    format!("{name}: {}", told.join(", "))
}

/// Bytes as text, where nothing of them is lost or changed on the way through other programs.
fn readable(bytes: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(bytes).ok()?;
    let odd = |one: char| {
        (one.is_control() && !matches!(one, '\t' | '\n' | '\r')) || one == '\u{fffd}' || one == '\u{feff}'
    };
    (!text.contains(odd)).then_some(text)
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let byte = |at: usize| u32::from(three.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..4u32 {
            let index = (bits >> (18 - 6 * digit)) & 63;
            let known = DIGITS.get(index as usize).filter(|_| digit as usize <= three.len());
            text.push(known.copied().map_or('=', char::from));
        }
    }
    text
}

fn count(len: usize) -> i64 {
    i64::try_from(len).unwrap_or(i64::MAX)
}

/// Bytes of entries that wait for earlier ones.
const WAITING: usize = 64 << 20;
/// Bytes of bodies that exchanges under way hold together.
const HELD: usize = 256 << 20;
/// Exchanges of one flow under way: HTTP/2 mostly has a hundred at most.
const UNDER_WAY: usize = 256;
