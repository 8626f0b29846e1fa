//! Flows of TCP, UDP and DNS: what was sent goes through the rooms that packets go through.

use std::net::IpAddr;

use evidence::{Layer, Timestamp, Transport};

use super::{
    super::{
        document::{Kind, Value},
        recorded::{Flow, Outline},
        text::Writing,
    },
    sender, time,
};
use crate::{
    Body, DnsData, DnsHead, Ending, Head, KeyRing, Recorded, Sender, StreamBuffer,
    flow::{Datagram, FlowSink},
    session::Session,
};

/// Messages of a TCP or UDP flow: whether the client sent it, content, time.
pub(super) fn data(root: Value<'_>, keys: &KeyRing, flow: &mut Flow) {
    let ports = [flow.client.1, flow.server.1];
    let mut session = Session::over(flow.transport, ports, keys);
    let mut streams = [StreamBuffer::default(), StreamBuffer::default()];
    for message in root.get("messages").into_iter().flat_map(Value::items) {
        let items: Vec<_> = message.items().take(3).collect();
        let [from_client, content, ..] = items.as_slice() else {
            let at = message.range().start;
            flow.odd(Layer::Capture, "capture holds a message that is not understood", "", at);
            continue;
        };
        let when = items.get(2).copied().and_then(time).unwrap_or(flow.last);
        flow.last = flow.last.max(when);
        let recorded = flow.place.text(*content);
        feed(&mut session, &mut streams, sender(*from_client), (recorded, when), flow.transport);
    }
    let [originator, responder] = &mut streams;
    if flow.transport == Transport::Tcp {
        session.end(Sender::Originator, originator);
        session.end(Sender::Responder, responder);
    }
    take(&mut session, flow);
}

fn feed(
    session: &mut Session,
    streams: &mut [StreamBuffer; 2],
    sender: Sender,
    (recorded, when): (Recorded, Timestamp),
    transport: Transport,
) {
    if transport == Transport::Udp {
        let (bytes, segments) = (recorded.bytes.as_slice(), recorded.segments.as_slice());
        return session.datagram(sender, Datagram { bytes, segments, time: when, cut: 0 });
    }
    let [originator, responder] = streams;
    let stream = if sender == Sender::Originator { originator } else { responder };
    stream.append(&recorded.bytes, recorded.segments, when);
    session.data(sender, stream);
}

/// Takes over what the session made.
fn take(session: &mut Session, flow: &mut Flow) {
    let output = session.output();
    let first = output.messages.iter().map(|message| message.exchange + 1).max().unwrap_or(0);
    let offset = flow.exchange();
    for mut message in output.messages.drain(..) {
        message.exchange = message.exchange.saturating_add(offset);
        message.seal = message.seal.or_else(|| flow.seal.clone());
        flow.messages.push(message);
    }
    (0..first).for_each(|_| {
        flow.exchange();
    });
    flow.anomalies.append(&mut output.anomalies);
    flow.ledger.merge(&session.ledger());
}

/// A DNS flow, which holds what the messages said and not their bytes: its names and texts are written a line
/// each.
pub(super) fn dns(root: Value<'_>, flow: &mut Flow) {
    let number = flow.exchange();
    let sides = [("request", Sender::Originator), ("response", Sender::Responder)];
    for (name, sender) in sides {
        let Some(message) = root.get(name).filter(|value| value.kind() == Kind::Map) else { continue };
        let mut writing = Writing::default();
        let mut head = DnsHead { response: sender == Sender::Responder, ..DnsHead::default() };
        head.code = small(message.get("response_code"));
        for question in message.get("questions").into_iter().flat_map(Value::items) {
            let Some(name) = question.get("name") else { continue };
            line(&mut writing, flow, name);
            head.questions.push((name.text().unwrap_or_default(), small(question.get("type"))));
        }
        for record in ["answers", "authorities", "additionals"]
            .into_iter()
            .filter_map(|list| message.get(list))
            .flat_map(Value::items)
        {
            let Some(name) = record.get("name") else { continue };
            line(&mut writing, flow, name);
            let data = answer(record, &mut writing, flow);
            head.answers.push((name.text().unwrap_or_default(), data));
        }
        let when = message.get("timestamp").and_then(time).unwrap_or(flow.first);
        let body = Body::Range(0..writing.recorded.bytes.len());
        let (exchange, time, head) = (number, (when, when), Head::Dns(head));
        let (protocol, parts, ending) = ("DNS", Vec::new(), Ending::Whole);
        flow.say(writing, Outline { protocol, sender, exchange, time, head, body, parts, ending });
    }
}

fn line(writing: &mut Writing, flow: &Flow, value: Value<'_>) {
    writing.value(flow.place, value);
    writing.literal("\n");
}

/// What a record points to; a name or text is written down.
fn answer(record: Value<'_>, writing: &mut Writing, flow: &Flow) -> DnsData {
    let kind = small(record.get("type"));
    let Some(data) = record.get("data") else { return DnsData::Other(kind) };
    let bytes = data.raw();
    match kind {
        1 => <[u8; 4]>::try_from(bytes)
            .map_or(DnsData::Other(kind), |bytes| DnsData::Address(IpAddr::from(bytes))),
        28 => <[u8; 16]>::try_from(bytes)
            .map_or(DnsData::Other(kind), |bytes| DnsData::Address(IpAddr::from(bytes))),
        2 | 5 | 12 | 16 => {
            let start = writing.recorded.bytes.len();
            labels(data, writing, flow, if kind == 16 { "" } else { "." });
            let name = writing.recorded.bytes.get(start..).unwrap_or_default();
            let name = String::from_utf8_lossy(name).into_owned();
            writing.literal("\n");
            if kind == 5 { DnsData::Alias(name) } else { DnsData::Other(kind) }
        }
        _ => DnsData::Other(kind),
    }
}

/// Strings behind their lengths (RFC 1035 section 3.1), joined.
fn labels(data: Value<'_>, writing: &mut Writing, flow: &Flow, between: &str) {
    let (bytes, start) = (data.raw(), data.range().start);
    let mut at = 0;
    while let Some(&len) = bytes.get(at).filter(|len| **len > 0) {
        let Some(label) = bytes.get(at + 1..at + 1 + usize::from(len)) else { break };
        if at > 0 {
            writing.literal(between);
        }
        writing.stands_for += label.len() as u64;
        writing.append(flow.place.exact(label, start + at + 1));
        at += 1 + label.len();
    }
}

fn small(value: Option<Value<'_>>) -> u16 {
    value.and_then(Value::integer).and_then(|number| u16::try_from(number).ok()).unwrap_or(0)
}
