//! HAR files (<http://www.softwareishard.com/blog/har-12-spec/>) of all who write them.
//!
//! The writers differ in what the standard leaves open, above all in the bodies of requests; what each does is
//! told from the entry itself and not from the writer's name, so that a file that passed through several hands
//! reads as well.
//!
//! | writer | body that is no text | a body that is missing |
//! |---|---|---|
//! | Chrome, Charles, Firefox | response: base64 with `encoding`; request: text in some charset | silent; Firefox: `comment` |
//! | mitmproxy | response: base64 with `encoding`; request: ISO 8859-1 or PEP 383 as text, no flag | silent |
//! | PCAPdroid | base64 with `encoding` both ways; before 1.8 broken (U+FFFD) | silent |
//! | HTTP Toolkit, pcapng-utils | request: `_content` with `encoding` | `_requestBodyStatus` says why |
//! | Reqable | base64 with `encoding`, text as well | silent |

mod body;
mod scan;

use std::{net::IpAddr, ops::Range, sync::Arc};

use evidence::{Layer, Timestamp};

use super::{
    RecordedFlow,
    document::{Kind, Value},
    http::{Url, Version, Written},
    json,
    recorded::{Flow, Outline, suite, tls_version},
    text::{Place, Writing},
    time::{epoch, iso8601, later},
};
use crate::{Body, CertificateFacts, Ending, Head, Recorded, Seal, Sender, TlsHead};

use body::Bodies;
pub(super) use scan::{Scanner, recognise};

/// Reads an exchange.
pub(super) fn read(place: Place, bytes: &[u8]) -> RecordedFlow {
    let document = json::read(bytes);
    let mut flow = Flow::new(place);
    if let Some(entry) = flow.root(&document) {
        Exchange::of(entry).tell(&mut flow);
    }
    flow.finish(bytes, NAME)
}

/// When an exchange began.
pub(super) fn begun(bytes: &[u8]) -> Option<Timestamp> {
    // A name between quotes and before a colon is one: inside of a string, the quotes would have backslashes.
    let after = memchr::memmem::find(bytes, STARTED)? + STARTED.len();
    let rest =
        bytes.get(after..)?.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start().strip_prefix(b"\"")?;
    let text = rest.get(..memchr::memchr(b'"', rest)?)?;
    iso8601(std::str::from_utf8(text).ok()?).map(|(time, _)| time)
}

/// Reads a TLS handshake that failed, as HTTP Toolkit notes it.
pub(super) fn read_tls_error(place: Place, bytes: &[u8]) -> RecordedFlow {
    let document = json::read(bytes);
    let mut flow = Flow::new(place);
    if let Some(error) = flow.root(&document) {
        let text = |name| error.get(name).and_then(Value::text).unwrap_or_default();
        flow.first = started(error, &mut flow);
        flow.last = flow.first;
        let port = error.get("clientPort").and_then(Value::integer).and_then(|port| u16::try_from(port).ok());
        flow.client = (address(&text("clientIPAddress")), port.unwrap_or(0));
        flow.server.1 = 443;
        let name = error.first_of(&["hostname", "host", "sni"]).filter(|name| name.kind() == Kind::Text);
        flow.server_name = name.and_then(Value::text).unwrap_or_default();
        let exchange = flow.exchange();
        flow.say_tls(("TLS", exchange), Sender::Originator, name.as_slice(), TlsHead::default());
        let cause = text("cause");
        let why = format!("{}: {cause}", flow.server_name);
        flow.failed(Layer::Tls, tls_failure(&cause), why, 0);
    }
    flow.finish(bytes, NAME)
}

/// What became of a handshake, and what the file lacks because of it.
fn tls_failure(cause: &str) -> (&'static str, &'static str) {
    match cause {
        "cert-rejected" => (REFUSED, "connections whose client refused the certificate"),
        "no-shared-cipher" => {
            ("peer shares no cipher suite with the proxy", "connections without a common cipher suite")
        }
        _ => ("peer ended the TLS handshake with the proxy", "connections whose TLS handshake failed"),
    }
}

/// The parts of an entry.
struct Exchange<'d> {
    entry: Value<'d>,
    request: Option<Value<'d>>,
    response: Option<Value<'d>>,
    first: Timestamp,
    /// When the request was sent, and when the response began.
    sent: Timestamp,
    answered: Timestamp,
    last: Timestamp,
    /// The exchange's number in its flow.
    number: u32,
}

impl<'d> Exchange<'d> {
    fn of(entry: Value<'d>) -> Self {
        let map = |name| entry.get(name).filter(|value| value.kind() == Kind::Map);
        let zero = Timestamp(0);
        let (request, response) = (map("request"), map("response"));
        Self { entry, request, response, first: zero, sent: zero, answered: zero, last: zero, number: 0 }
    }

    fn tell(mut self, flow: &mut Flow) {
        let content = |of: Option<Value<'d>>, name: &str| of.and_then(|value| value.get(name));
        let maps = [
            Some(self.entry),
            self.request,
            self.response,
            content(self.request, "postData"),
            content(self.response, "content"),
        ];
        flow.check_names(&maps);
        self.times(flow);
        let server = self.entry.get("serverIPAddress").and_then(Value::text).unwrap_or_default();
        flow.server.0 = address(&server);
        let client = self.entry.first_of(&["_clientIPAddress", "clientIPAddress"]).and_then(Value::text);
        flow.client.0 = address(&client.unwrap_or_default());
        self.number = flow.exchange();
        self.say_request(flow);
        self.say_response(flow);
        self.say_web_socket(flow);
    }

    fn times(&mut self, flow: &mut Flow) {
        self.first = started(self.entry, flow);
        let timings = self.entry.get("timings");
        let span = |names: &[&str]| {
            let of = |name: &&str| timings?.get(name)?.float().filter(|span| *span > 0.0);
            names.iter().filter_map(of).sum::<f64>()
        };
        let total = self.entry.get("time").and_then(Value::float).unwrap_or(0.0).max(0.0);
        self.sent = later(self.first, span(&["blocked", "dns", "connect", "send"]));
        self.answered = later(self.sent, span(&["wait"]));
        self.last = later(self.first, total).max(later(self.answered, span(&["receive"])));
        (flow.first, flow.last) = (self.first, self.last);
    }

    fn say_request(&self, flow: &mut Flow) {
        let Some(request) = self.request else {
            return flow.odd(Layer::Http, "capture lacks the request of an exchange", "", 0);
        };
        let mut writing = Writing::default();
        let mut text = |name: &str| match request.get(name).filter(|value| value.kind() == Kind::Text) {
            Some(value) => {
                writing.stands_for += value.range().len() as u64;
                flow.place.text(value)
            }
            None => Recorded::default(),
        };
        let (method, url) = (text("method"), text("url"));
        let version = version(request);
        let Some(parts) = Url::of(&url.bytes) else {
            let at = request.range().start;
            flow.odd(Layer::Http, "capture holds a request without an address", lossy(&url.bytes), at);
            let written = Written::request(writing, version, method, url);
            return self.close_request(request, written, &Recorded::default(), flow);
        };
        let slice = |range: &Range<usize>| url.slice(range.start, range.end);
        self.route(&url.bytes, &parts, version, flow);
        let mut target = slice(&parts.target);
        if !target.bytes.starts_with(b"/") {
            let mut path = Recorded { bytes: b"/".to_vec(), ..Recorded::default() };
            path.append(target);
            target = path;
        }
        if method.bytes.eq_ignore_ascii_case(b"CONNECT") {
            target = slice(&parts.authority);
        }
        let written = Written::request(writing, version, method, target);
        self.close_request(request, written, &slice(&parts.authority), flow);
    }

    /// Where the request went, and under which seal.
    fn route(&self, url: &[u8], parts: &Url, version: Version, flow: &mut Flow) {
        let text = |range: &Range<usize>| lossy(url.get(range.clone()).unwrap_or_default());
        let secure = matches!(text(&parts.scheme).to_ascii_lowercase().as_str(), "https" | "wss");
        let told =
            self.entry.get("_serverPort").and_then(Value::integer).and_then(|port| u16::try_from(port).ok());
        flow.server.1 = parts.port.or(told).unwrap_or(if secure { 443 } else { 80 });
        flow.server_name = text(&parts.host);
        if version == Version::Three {
            flow.transport = evidence::Transport::Udp;
        }
        if secure {
            self.seal(version, flow);
        }
    }

    /// What protected the exchange: what Playwright and Firefox tell of it, else that it was protected.
    fn seal(&self, version: Version, flow: &mut Flow) {
        let details = self.entry.get("_securityDetails");
        let text = |name: &str| {
            details.and_then(|details| details.get(name)).and_then(Value::text).unwrap_or_default()
        };
        let protocol = if version == Version::Three { "QUIC" } else { "TLS" };
        let told = tls_version(&text("protocol"));
        let (version, suite) = (u32::from(told), suite(&text("cipher")));
        flow.seal = Some(Arc::new(Seal { protocol, version, suite, outer: None }));
        if details.is_none() {
            return;
        }
        let seconds = |name: &str| details.and_then(|details| details.get(name)?.integer()).unwrap_or(0);
        let certificate = CertificateFacts {
            subject: text("subjectName"),
            issuer: text("issuer"),
            validity: (seconds("validFrom"), seconds("validTo")),
            ..CertificateFacts::default()
        };
        let head = TlsHead { version: told, suite, certificates: vec![certificate], ..TlsHead::default() };
        let names = ["protocol", "cipher", "subjectName", "issuer"];
        let said: Vec<_> = names.iter().filter_map(|name| details?.get(name)).collect();
        let exchange = flow.exchange();
        flow.say_tls((protocol, exchange), Sender::Responder, &said, head);
    }

    fn close_request(&self, request: Value<'_>, mut written: Written, authority: &Recorded, flow: &mut Flow) {
        let skip = [":method", ":path", ":scheme"];
        self.fields(request, &mut written, &skip, flow);
        if !written.has(b"host") && !authority.bytes.is_empty() {
            written.field(&Recorded { bytes: b"Host".to_vec(), ..Recorded::default() }, authority);
        }
        let found = Bodies { flow: &mut *flow, writing: &mut written.writing }.of_request(request);
        written.media = media(request.get("postData"));
        written.finish((Sender::Originator, self.number, (self.first, self.sent)), found, flow);
    }

    fn say_response(&self, flow: &mut Flow) {
        let response = self.response.filter(|response| {
            let status = response.get("status").and_then(Value::integer).unwrap_or(0);
            status != 0 || response.get("headers").is_some_and(|fields| fields.items().next().is_some())
        });
        let error = self.response.and_then(|response| response.first_of(&["_error", "error"]));
        let error = error.and_then(Value::text).filter(|error| !error.is_empty());
        let Some(response) = response else {
            let why = error.unwrap_or_else(|| "no reason given".to_owned());
            return flow.failed(
                Layer::Http,
                (NO_ANSWER, "answers that never came, or were not kept"),
                why,
                0,
            );
        };
        let mut writing = Writing::default();
        let mut value = |name: &str| match response.get(name) {
            Some(value) if matches!(value.kind(), Kind::Text | Kind::Number) => {
                writing.stands_for += value.range().len() as u64;
                flow.place.text(value)
            }
            _ => Recorded::default(),
        };
        let (status, reason) = (value("status"), value("statusText"));
        let mut written = Written::response(writing, version(response), status, reason);
        self.fields(response, &mut written, &[":status"], flow);
        let found = Bodies { flow: &mut *flow, writing: &mut written.writing }.of_response(response);
        written.media = media(response.get("content"));
        written.finish((Sender::Responder, self.number, (self.answered, self.last)), found, flow);
        if let Some(error) = error {
            flow.failed(Layer::Http, (BROKEN, "ends of answers that broke off"), error, 0);
        }
    }

    /// Writes the fields; HTTP/2's pseudo-fields that the start line says already are left out.
    fn fields(&self, message: Value<'_>, written: &mut Written, skip: &[&str], flow: &Flow) {
        let lists = ["headers", "_trailers"].into_iter().filter_map(|name| message.get(name));
        for field in lists.flat_map(Value::items) {
            let (Some(name), value) = (field.get("name"), field.get("value")) else { continue };
            let label = name.text().unwrap_or_default();
            if skip.contains(&label.as_str()) {
                continue;
            }
            written.writing.stands_for += name.range().len() as u64;
            let mut name = flow.place.text(name);
            if label == ":authority" {
                name = Recorded { bytes: b"Host".to_vec(), ..Recorded::default() };
            }
            let value = value.map(|value| {
                written.writing.stands_for += value.range().len() as u64;
                flow.place.text(value)
            });
            written.field(&name, &value.unwrap_or_default());
        }
    }

    /// The messages of a WebSocket, each an exchange of its own.
    fn say_web_socket(&self, flow: &mut Flow) {
        let messages = self.entry.get("_webSocketMessages").into_iter().flat_map(Value::items);
        for message in messages {
            let received = message.get("type").and_then(Value::text).is_some_and(|kind| kind == "receive");
            let sender = if received { Sender::Responder } else { Sender::Originator };
            let time = message.get("time").and_then(|time| epoch(std::str::from_utf8(time.raw()).ok()?));
            let time = time.unwrap_or(self.last);
            let mut writing = Writing::default();
            let found = Bodies { flow: &mut *flow, writing: &mut writing }.of_web_socket(message);
            let len = writing.append(found).len();
            let (exchange, time) = (flow.exchange(), (time, time));
            let (body, head, parts) = (Body::Range(0..len), Head::Raw, Vec::new());
            let ending = Ending::Whole;
            flow.say(
                writing,
                Outline { protocol: "WebSocket", sender, exchange, time, head, body, parts, ending },
            );
        }
    }
}

/// When an entry began. One without a time, or without a zone, is noted.
fn started(entry: Value<'_>, flow: &mut Flow) -> Timestamp {
    let text = start_of(entry).and_then(Value::text).unwrap_or_default();
    match iso8601(&text) {
        Some((time, true)) => time,
        Some((time, false)) => {
            flow.odd(Layer::Capture, "capture holds a time without a zone; it was taken for UTC", text, 0);
            time
        }
        None => {
            flow.odd(Layer::Capture, "capture lacks the time of an entry", text, 0);
            Timestamp(0)
        }
    }
}

/// Where an entry says when it began. Of some files that were mangled, the request says so.
fn start_of(entry: Value<'_>) -> Option<Value<'_>> {
    let value = entry.first_of(&["startedDateTime", "timestamp"]);
    value.or_else(|| entry.get("request")?.get("startedDateTime"))
}

/// The media type that the writer gives a body, where it is one.
fn media(body: Option<Value<'_>>) -> String {
    let media = body.and_then(|body| body.get("mimeType")).and_then(Value::text).unwrap_or_default();
    if media.contains("x-unknown") { String::new() } else { media }
}

fn version(message: Value<'_>) -> Version {
    Version::named(&message.get("httpVersion").and_then(Value::text).unwrap_or_default())
}

/// An address as text, an IPv6 one perhaps in brackets or with a zone.
pub(super) fn address(text: &str) -> IpAddr {
    let inner = text.trim().trim_start_matches('[');
    let end = inner.find([']', '%']).unwrap_or(inner.len());
    let parsed = inner.get(..end).and_then(|inner| inner.parse::<IpAddr>().ok());
    parsed.map_or(super::NOT_RECORDED, |address| address.to_canonical())
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

const NAME: &str = "HAR";
const STARTED: &[u8] = b"\"startedDateTime\"";
pub(super) const REFUSED: &str = "peer refused the certificate of the proxy: what it sent cannot be read";
const NO_ANSWER: &str = "capture lacks the answer to a request";
const BROKEN: &str = "capture holds an answer that broke off";
