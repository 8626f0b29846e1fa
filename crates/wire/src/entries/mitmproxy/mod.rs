//! mitmproxy's dumps of flows, of every version: 0.11 to today's format 21.
//!
//! The names of values changed over the years; each is looked for under all it ever had, so that a flow needs no
//! migration and a file that mixes versions reads as well. Flows of WebSockets were entries of their own up to
//! format 11, and are a part of their handshake's flow since.
//! <https://github.com/mitmproxy/mitmproxy/blob/main/mitmproxy/io/compat.py> tells of every change.

mod connection;
mod raw;
mod scan;

use evidence::{Layer, Timestamp, Transport};

use super::{
    RecordedFlow,
    document::{Kind, Value},
    http::{Found, Version, Written},
    netstring,
    recorded::{Flow, Outline},
    text::{Place, Writing},
    time::epoch,
};
use crate::{Body, Ending, Head, KeyRing, Recorded, Sender};

pub(super) use scan::{Scanner, recognise};

/// Reads a flow.
pub(super) fn read(place: Place, bytes: &[u8], keys: &KeyRing) -> RecordedFlow {
    let document = netstring::read(bytes);
    let mut flow = Flow::new(place);
    if let Some(root) = flow.root(&document) {
        tell(root, keys, &mut flow);
    }
    flow.finish(bytes, NAME)
}

/// When a flow began.
pub(super) fn begun(bytes: &[u8]) -> Option<Timestamp> {
    first_time(netstring::read(bytes).root()?)
}

fn tell(root: Value<'_>, keys: &KeyRing, flow: &mut Flow) {
    let map = |name| root.get(name).filter(|value| value.kind() == Kind::Map);
    flow.check_names(&[Some(root), map("request"), map("response")]);
    let kind = root.get("type").and_then(Value::text).unwrap_or_else(|| "http".to_owned());
    match kind.as_str() {
        "udp" | "dns" => flow.transport = Transport::Udp,
        "http" | "tcp" | "websocket" => {}
        other => {
            let at = root.range().start;
            flow.odd(Layer::Capture, "capture holds a flow of a kind that is not known", other, at);
        }
    }
    times(root, flow);
    connection::tell(root, flow);
    match kind.as_str() {
        "http" => tell_http(root, flow),
        "dns" => raw::dns(root, flow),
        "websocket" => web_socket(root, flow),
        // One of a kind to come may hold messages in the way all do.
        _ => raw::data(root, keys, flow),
    }
    if let Some(error) = root.first_of(&["error"]) {
        let why = error.get("msg").and_then(Value::text).unwrap_or_default();
        let at = error.range().start;
        flow.failed(Layer::Flow, ("capture holds a flow that failed", "flows that failed"), why, at);
    }
}

/// When the flow began and ended.
fn times(root: Value<'_>, flow: &mut Flow) {
    flow.first = first_time(root).unwrap_or_default();
    let of = |part: &str, name: &str| time(root.get(part)?.get(name)?);
    let ended = [of("response", "timestamp_end"), of("request", "timestamp_end"), of("error", "timestamp")];
    flow.last = ended.into_iter().flatten().max().unwrap_or(flow.first);
    if flow.first == Timestamp(0) {
        flow.odd(Layer::Capture, "capture lacks the time of an entry", "", 0);
    }
}

fn first_time(root: Value<'_>) -> Option<Timestamp> {
    let of = |part: &str, name: &str| time(root.get(part)?.get(name)?);
    let begun = [
        of("request", "timestamp_start"),
        of("request", "timestamp"),
        root.get("timestamp_created").and_then(time),
        of("client_conn", "timestamp_start"),
        of("response", "timestamp_start"),
        of("error", "timestamp"),
    ];
    begun.into_iter().flatten().next()
}

fn time(value: Value<'_>) -> Option<Timestamp> {
    let known = value.kind() == Kind::Number;
    known.then(|| epoch(std::str::from_utf8(value.raw()).ok()?)).flatten()
}

fn tell_http(root: Value<'_>, flow: &mut Flow) {
    let number = flow.exchange();
    let map = |name| root.get(name).filter(|value| value.kind() == Kind::Map);
    match map("request") {
        Some(request) => say_request(request, number, flow),
        None => flow.odd(Layer::Http, "capture lacks the request of an exchange", "", 0),
    }
    match map("response") {
        Some(response) => say_response(response, number, flow),
        None => flow.lacks("answers that never came, or were not kept", 0),
    }
    if let Some(socket) = map("websocket") {
        web_socket(socket, flow);
    }
}

fn say_request(request: Value<'_>, number: u32, flow: &mut Flow) {
    let mut writing = Writing::default();
    let text = |name: &str| request.get(name).filter(|value| value.kind() == Kind::Text);
    let place = flow.place;
    let mut take = |value: Option<Value<'_>>| {
        writing.stands_for += value.map_or(0, |value| value.range().len() as u64);
        value.map(|value| place.text(value)).unwrap_or_default()
    };
    let method = take(text("method"));
    let authority = text("authority").filter(|value| !value.raw().is_empty());
    let connect = method.bytes.eq_ignore_ascii_case(b"CONNECT");
    let target = match text("path").filter(|path| !path.raw().is_empty()) {
        Some(path) => take(Some(path)),
        // CONNECT has none.
        None => authority.or(text("host")).map(|value| place.text(value)).unwrap_or_default(),
    };
    let host = take(text("host"));
    let named = authority.map(|value| take(Some(value)));
    let mut written = Written::request(writing, version(request), method, target);
    fields(request, &mut written, flow);
    if !written.has(b"host") && !connect {
        written.field(&Recorded { bytes: b"Host".to_vec(), ..Recorded::default() }, &named.unwrap_or(host));
    }
    let found = body(request, &mut written, flow);
    written.finish((Sender::Originator, number, span(request, flow.first)), found, flow);
}

fn say_response(response: Value<'_>, number: u32, flow: &mut Flow) {
    let mut writing = Writing::default();
    let place = flow.place;
    let mut take = |names: &[&str]| match response.first_of(names) {
        Some(value) => {
            writing.stands_for += value.range().len() as u64;
            place.text(value)
        }
        None => Recorded::default(),
    };
    let (status, reason) = (take(&["status_code", "code"]), take(&["reason", "msg"]));
    let mut written = Written::response(writing, version(response), status, reason);
    fields(response, &mut written, flow);
    let found = body(response, &mut written, flow);
    written.finish((Sender::Responder, number, span(response, flow.last)), found, flow);
}

/// `HTTP/1.1`, or up to 0.13 two numbers.
fn version(message: Value<'_>) -> Version {
    if let Some(name) = message.get("http_version").and_then(Value::text) {
        return Version::named(&name);
    }
    let numbers: Option<Vec<_>> =
        message.get("httpversion").map(|numbers| numbers.items().filter_map(Value::integer).collect());
    match numbers.as_deref() {
        Some([2, ..]) => Version::Two,
        Some([1, 0]) => Version::OneZero,
        _ => Version::One,
    }
}

fn fields(message: Value<'_>, written: &mut Written, flow: &Flow) {
    let lists = ["headers", "trailers"].into_iter().filter_map(|name| message.get(name));
    for field in lists.flat_map(Value::items) {
        let mut pair = field.items().filter(|item| item.kind() == Kind::Text);
        let (Some(name), value) = (pair.next(), pair.next()) else { continue };
        written.writing.stands_for +=
            name.range().len() as u64 + value.map_or(0, |value| value.range().len() as u64);
        let value = value.map(|value| flow.place.text(value)).unwrap_or_default();
        written.field(&flow.place.text(name), &value);
    }
}

/// The body as it was sent. Null where the proxy handed it through without keeping it.
fn body(message: Value<'_>, written: &mut Written, flow: &Flow) -> Found {
    written.as_sent = true;
    let Some(content) = message.get("content").or_else(|| message.get("body")) else { return Found::None };
    match content.kind() {
        Kind::Text if !content.raw().is_empty() => {
            written.writing.stands_for += content.range().len() as u64;
            Found::Bytes(flow.place.text(content))
        }
        Kind::Text => Found::None,
        _ => Found::Missing("bodies that were handed through and not kept", 0),
    }
}

/// When a message began and ended.
fn span(message: Value<'_>, otherwise: Timestamp) -> (Timestamp, Timestamp) {
    let of = |name: &str| message.get(name).and_then(time);
    let first = of("timestamp_start").unwrap_or(otherwise);
    (first, of("timestamp_end").unwrap_or(first).max(first))
}

/// Messages of a WebSocket: opcode, whether the client sent it, content, time; then flags that came later.
fn web_socket(holder: Value<'_>, flow: &mut Flow) {
    for message in holder.get("messages").into_iter().flat_map(Value::items) {
        let items: Vec<_> = message.items().take(4).collect();
        let [_, from_client, content, ..] = items.as_slice() else {
            let at = message.range().start;
            flow.odd(Layer::Capture, "capture holds a WebSocket message that is not understood", "", at);
            continue;
        };
        let when = items.get(3).copied().and_then(time).unwrap_or(flow.last);
        say_data(*content, sender(*from_client), "WebSocket", when, flow);
    }
}

fn sender(from_client: Value<'_>) -> Sender {
    if from_client.is_true() { Sender::Originator } else { Sender::Responder }
}

/// A message that is nothing but bytes, in an exchange of its own.
fn say_data(content: Value<'_>, sender: Sender, protocol: &'static str, when: Timestamp, flow: &mut Flow) {
    let mut writing = Writing::default();
    let body = Body::Range(writing.value(flow.place, content));
    let exchange = flow.exchange();
    let (head, parts, ending, time) = (Head::Raw, Vec::new(), Ending::Whole, (when, when));
    flow.say(writing, Outline { protocol, sender, exchange, time, head, body, parts, ending });
}

const NAME: &str = "mitmproxy flows";
