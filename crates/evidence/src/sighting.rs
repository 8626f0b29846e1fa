//! An identifier seen in a span, and many such sightings gathered.

use serde::{Deserialize, Serialize};

use crate::{
    BufferId, EndpointId, ExchangeId, Form, FrameNo, Grade, IdentifierKind, Security, Span, Timestamp, Trail,
};

/// Which way a message went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From the one who opened the flow, as a rule the phone.
    Out,
    /// Back to it.
    In,
}

/// The part of a message that held the value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Carrier {
    /// The body of a message.
    Body,
    /// A cookie's value.
    Cookie,
    /// A header's value, or an option of a protocol without headers.
    Header,
    /// A host name: asked for in DNS, named in SNI or Host.
    HostName,
    /// The path of a request.
    Path,
    /// A parameter of the request's address.
    Query,
    /// A stream or datagram of a protocol nobody recognised.
    #[default]
    Raw,
}

/// What sightings are gathered by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SightingKey {
    /// What it is.
    pub kind: IdentifierKind,
    /// The value in its canonical writing (an IMEI's 15 digits, a MAC in lower case with colons), also
    /// where it was found hashed; of a shape, the value as found, made canonical. At most 256 characters.
    pub value: String,
    /// The profile's name for it (`sim1.imsi`, `contacts[3].number`); empty for shapes.
    pub label: String,
    /// Known, derived or shaped.
    pub grade: Grade,
    /// The form it was found in.
    pub form: Form,
    /// Names from the outermost field to the innermost, joined by `.`: `data_list.[].properties.uuid`.
    /// List positions are written `[]`. Empty where there is no field. Of a name that is asked for, the domain whose
    /// servers answer for it: `example.org`.
    pub field: String,
    /// The decoders between the message and the value, outermost first: `form`, `base64`, `gzip`, `json`.
    pub encodings: Vec<String>,
    /// The part of the message.
    pub carrier: Carrier,
    /// Which way it went.
    pub direction: Direction,
    /// How the transport was protected.
    pub security: Security,
    /// Where it went to, or came from.
    pub endpoint: EndpointId,
    /// Address of the device on the capture's side; its link-layer address where it had no other.
    pub device: String,
    /// The package that sent it, or the app's name where only that is known; empty where neither is.
    pub app: String,
}

/// One time that an identifier was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Occurrence {
    /// The exchange.
    pub exchange: ExchangeId,
    /// When the first byte of the message was captured.
    pub time: Timestamp,
    /// The frame that holds the first byte of the value (or of what it was decoded from).
    pub frame: FrameNo,
    /// The bytes, as found, as text where they are printable UTF-8, else in hex. At most 256 characters.
    pub found: String,
    /// Where in the trail.
    pub span: Span,
    /// The way there.
    pub trail: Trail,
}

/// All sightings with the same key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SightingGroup {
    /// What they have in common.
    pub key: SightingKey,
    /// How many.
    pub count: u64,
    /// The first time.
    pub first: Timestamp,
    /// The last time.
    pub last: Timestamp,
    /// The earliest few with their trails, by capture and frame.
    pub proofs: Vec<Occurrence>,
}

impl SightingGroup {
    /// How many proofs a group keeps; the rest are in the store.
    pub const PROOFS: usize = 3;
    /// How many different values that only look identifying are listed of a kind of which phones hold many, in
    /// one field to one receiver. All others are counted under [`Self::FURTHER`], without proofs: in a group for
    /// each of the receiver's endpoints, of which those beyond as many are counted with the first.
    pub const LISTED: usize = 100;
    /// How many of a receiver's endpoints are listed with each of these values; it is counted under
    /// [`Self::FURTHER`] for the others.
    pub const ENDPOINTS: usize = 4;
    /// The value of groups that count what is not listed.
    pub const FURTHER: &str = "further values";

    /// A group of one.
    pub fn of(key: SightingKey, occurrence: Occurrence) -> Self {
        Self { key, count: 1, first: occurrence.time, last: occurrence.time, proofs: vec![occurrence] }
    }

    /// Adds one occurrence. The result does not depend on the order.
    pub fn add(&mut self, occurrence: Occurrence) {
        self.count += 1;
        self.first = self.first.min(occurrence.time);
        self.last = self.last.max(occurrence.time);
        Self::keep(&mut self.proofs, [occurrence]);
    }

    /// Counts another group in this one, without its proofs.
    pub fn absorb(&mut self, other: &Self) {
        self.count += other.count;
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
    }

    /// Adds another group with the same key. The result does not depend on the order.
    pub fn merge(&mut self, other: Self) {
        self.count += other.count;
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        Self::keep(&mut self.proofs, other.proofs);
    }

    /// Whether `occurrence` is among the earliest that a list of `proofs` keeps.
    pub fn keeps(proofs: &[Occurrence], occurrence: &Occurrence) -> bool {
        proofs.len() < Self::PROOFS || proofs.last().is_some_and(|last| place(occurrence) < place(last))
    }

    /// Adds occurrences to a list of proofs and keeps the earliest few.
    pub fn keep(proofs: &mut Vec<Occurrence>, more: impl IntoIterator<Item = Occurrence>) {
        proofs.extend(more);
        proofs.sort_by_key(place);
        proofs.truncate(Self::PROOFS);
    }
}

/// What proofs are ordered by.
fn place(proof: &Occurrence) -> (ExchangeId, FrameNo, BufferId, u64) {
    (proof.exchange, proof.frame, proof.span.buffer, proof.span.start)
}
