//! A field section written out as text: what a message's `recorded` begins with.

use super::{Section, Text};
use crate::{
    HttpHead, Part, Recorded, Role,
    http::{Facts, Oddities},
    protocol::Output,
};

/// A section as text.
///
/// Each line is name, colon, blank, value and a line end (`\r\n`), pseudo-header fields first as they were sent:
/// `:method: GET`. A blank line ends it. Names and values have the provenance of their [`Text`]; what lies
/// between was not sent and has none.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Written {
    /// The text. Its times are the section's.
    pub recorded: Recorded,
    /// Method, target and all fields but those two.
    pub parts: Vec<Part>,
    /// What routing and pairing need.
    pub head: HttpHead,
    /// `Content-Length`, where there is a valid one.
    pub length: Option<u64>,
    /// `:protocol` of an extended CONNECT (RFC 8441, RFC 9220); empty where there is none.
    pub protocol: String,
}

impl Written {
    /// Writes out what was read of `block`.
    pub fn new(section: &Section, block: &Recorded, out: &mut Output) -> Self {
        let mut written = Self::default();
        written.recorded.first = block.first;
        written.recorded.last = block.last;
        for field in &section.fields {
            written.line(&field.name, &field.value);
        }
        if !section.fields.is_empty() {
            written.recorded.bytes.extend_from_slice(b"\r\n");
        }
        written.weigh(out);
        written
    }

    /// Whether it is the head of a request, or of a response: trailer fields are neither.
    pub fn is_head(&self) -> bool {
        !self.head.method.is_empty() || self.head.status != 0
    }

    fn line(&mut self, name: &Text, value: &Text) {
        let role = match name.bytes() {
            b":method" => Role::Method,
            b":path" => Role::Target,
            _ => Role::Header,
        };
        let start = self.recorded.bytes.len();
        name.append_to(&mut self.recorded);
        let named = if role == Role::Header { start..self.recorded.bytes.len() } else { 0..0 };
        self.recorded.bytes.extend_from_slice(b": ");
        let start = self.recorded.bytes.len();
        value.append_to(&mut self.recorded);
        let value = start..self.recorded.bytes.len();
        self.recorded.bytes.extend_from_slice(b"\r\n");
        self.parts.push(Part { role, name: named, value });
    }

    fn weigh(&mut self, out: &mut Output) {
        let bytes = &self.recorded.bytes;
        let mut oddities = Oddities::default();
        let facts = Facts::read(bytes, &self.parts, &mut oddities);
        for oddity in oddities.drain() {
            out.note(evidence::Layer::Http, oddity.what, oddity.detail, &self.recorded, oddity.at as u64);
        }
        let pseudo = |wanted: &[u8]| {
            let named = |part: &&Part| bytes.get(part.name.clone()) == Some(wanted);
            let part = self.parts.iter().find(named)?;
            bytes.get(part.value.clone()).map(String::from_utf8_lossy)
        };
        let status = pseudo(b":status").and_then(|status| status.parse().ok()).unwrap_or(0);
        let authority = pseudo(b":authority").unwrap_or_default().into_owned();
        self.protocol = pseudo(b":protocol").unwrap_or_default().into_owned();
        self.length = facts.length;
        self.head = HttpHead { status, ..facts.head };
        if !authority.is_empty() {
            self.head.host = authority;
        }
    }
}
