//! GSMTAP in a capture: radio frames that somebody's receiver wrote down, to the messages in them.
//!
//! They are no traffic of the phone over the network the capture was taken on. A datagram that is a whole message
//! is taken out before the flows; what else the radio carried goes on to them, and is searched as any datagram.

use std::{
    collections::{BTreeMap, VecDeque},
    net::IpAddr,
};

use evidence::{
    Buffer, BufferId, CaptureId, Destination, ExchangeId, Fidelity, FlowId, FrameNo, Occurrence, Segment,
    Source, Span, Step, Timestamp, Trail, Transport,
};
use handset::messages::{
    gsm::{self, Coding, GSMTAP_PORT, GsmTap, Heard, Radio, SEPTETS, SEPTETS_BEHIND_HEADER},
    ledger::RadioMessage,
};
use wire::Packet;

use super::rows::{InMessage, Sought};
use crate::examine::readable;

/// Listens to the radio of one capture.
#[derive(Debug, Default)]
pub(crate) struct RadioRoom {
    radio: Radio,
    next: u64,
    /// The last payloads: a message may be spread over some of them.
    recent: VecDeque<(u64, Payload)>,
    kept: Vec<Kept>,
    /// Messages that there was no room for.
    dropped: u64,
}

/// Where datagrams go that carry the radio's frames from its receiver to whoever records them, by address: whether all
/// of them do.
#[derive(Debug, Default)]
pub(crate) struct Carriers(BTreeMap<IpAddr, bool>);

impl Carriers {
    /// Sees a packet; `frame` is its frame's bytes.
    pub(crate) fn see(&mut self, packet: &Packet, frame: &[u8]) {
        let head = &packet.head;
        if head.transport != Transport::Udp {
            return;
        }
        for (address, _) in [head.source, head.destination].into_iter().filter(|side| side.1 == GSMTAP_PORT) {
            let address = address.to_canonical();
            if self.0.len() < MOST_CARRIERS || self.0.contains_key(&address) {
                let is_radio = GsmTap::read(packet.payload.bytes(frame)).is_some();
                *self.0.entry(address).or_insert(true) &= is_radio;
            }
        }
    }

    /// Whether a destination was sent the radio's frames, and nothing else. Whoever records is
    /// near: what goes elsewhere left.
    pub(crate) fn is_one(&self, Destination { endpoint, network, .. }: &Destination) -> bool {
        let is_port = endpoint.transport == Transport::Udp && endpoint.port == GSMTAP_PORT;
        let address = || endpoint.address.parse::<IpAddr>().ok();
        let is_near = NEAR.contains(&network.scope.as_str());
        is_port && is_near && address().and_then(|address| self.0.get(&address.to_canonical())) == Some(&true)
    }
}

/// A payload that was captured.
#[derive(Clone, Debug)]
struct Payload {
    bytes: Vec<u8>,
    segments: Vec<Segment>,
}

/// A message, and the payloads it came in.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub(super) message: RadioMessage,
    capture: CaptureId,
    frame: FrameNo,
    payloads: BTreeMap<u64, Payload>,
}

impl RadioRoom {
    /// Whether a packet may be of the radio.
    pub(crate) fn is_for(packet: &Packet) -> bool {
        let head = &packet.head;
        let to_it = head.source.1 == GSMTAP_PORT || head.destination.1 == GSMTAP_PORT;
        head.transport == Transport::Udp && to_it && head.cut == 0 && packet.payload.len() <= LONGEST
    }

    /// Hears a packet; `frame` is its frame's bytes. Says whether it is a whole message by itself.
    pub(crate) fn hear(&mut self, packet: &Packet, frame: &[u8]) -> bool {
        let bytes = packet.payload.bytes(frame).to_vec();
        let mut segments = Vec::new();
        packet.payload.segments(&packet.head, &(0..bytes.len() as u64), |segment| segments.push(segment));
        let index = self.next;
        self.next += 1;
        let heard = self.radio.push(index, &bytes);
        self.recent.push_back((index, Payload { bytes, segments }));
        if self.recent.len() > RECENT {
            self.recent.pop_front();
        }
        heard.is_some_and(|heard| self.keep(packet, heard))
    }

    fn keep(&mut self, packet: &Packet, heard: Heard) -> bool {
        let whole = heard.from.len() == 1;
        if self.kept.len() >= MOST {
            self.dropped += 1;
            return whole;
        }
        let needed = |index: &u64| heard.from.iter().any(|piece| piece.value == *index);
        let payloads = self.recent.iter().filter(|(index, _)| needed(index)).cloned().collect();
        let (capture, frame) = (packet.head.capture, packet.head.frame);
        let message = RadioMessage { time: packet.head.time, heard };
        self.kept.push(Kept { message, capture, frame, payloads });
        whole
    }

    /// Whether anything of the radio was there.
    pub(crate) fn heard_any(&self) -> bool {
        self.next > 0
    }

    /// Messages that there was no room for.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped
    }

    pub(super) fn finish(self) -> Vec<Kept> {
        self.kept
    }
}

impl Kept {
    fn time(&self) -> Timestamp {
        self.message.time
    }

    /// The payloads it came in.
    pub(super) fn payloads(&self) -> impl Iterator<Item = u64> {
        self.message.heard.from.iter().map(|piece| piece.value)
    }

    /// Its place in a text of several.
    pub(super) fn part(&self) -> u8 {
        self.message.heard.carried.tpdu.part.map_or(0, |part| part.number)
    }
}

/// A text that the radio carried, and the way to it.
pub(super) struct Text {
    trail: Trail,
    buffer: BufferId,
    /// Where in the buffer it begins.
    start: u64,
    bytes: Vec<u8>,
    capture: CaptureId,
    frame: FrameNo,
    time: Timestamp,
}

impl Text {
    /// The text of a message, or of the parts of one, in their order.
    pub(super) fn of(parts: &[&Kept]) -> Option<Self> {
        let first = parts.first()?;
        let mut trail = Trail::default();
        let mut pieces: Vec<Piece> = Vec::new();
        for part in parts.iter().take(MOST_PARTS) {
            pieces.extend(piece(part, &mut trail));
        }
        let Piece { buffer, start, bytes } = joined(pieces, &mut trail)?;
        let (capture, frame, time) = (first.capture, first.frame, first.time());
        Some(Self { trail, buffer, start, bytes, capture, frame, time })
    }

    /// All of it, as evidence.
    pub(super) fn shown(&self) -> Occurrence {
        self.occurrence(0, self.bytes.len().min(SHOWN))
    }

    /// The values in it.
    pub(super) fn known(&self, sought: Sought<'_>) -> Vec<InMessage> {
        sought.in_text(&self.bytes, |range| (self.occurrence(range.start, range.end), true))
    }

    fn occurrence(&self, start: usize, end: usize) -> Occurrence {
        let (capture, frame) = (self.capture, self.frame);
        let at = |place: usize| self.start.saturating_add(place as u64);
        Occurrence {
            exchange: ExchangeId { flow: FlowId { capture, frame }, index: 0 },
            time: self.time,
            frame,
            found: readable(self.bytes.get(start..end).unwrap_or_default()),
            span: Span { buffer: self.buffer, start: at(start), end: at(end) },
            trail: self.trail.clone(),
        }
    }
}

/// Bytes of a buffer.
struct Piece {
    buffer: BufferId,
    start: u64,
    bytes: Vec<u8>,
}

/// One message: its payloads, what of them is the message, its text.
fn piece(kept: &Kept, trail: &mut Trail) -> Option<Piece> {
    let mut buffers = BTreeMap::new();
    for (index, payload) in &kept.payloads {
        let len = payload.bytes.len() as u64;
        let segments = payload.segments.clone();
        let buffer = Buffer { step: Step::Datagram, len, input: None, key: None, segments };
        buffers.insert(*index, trail.push(buffer));
    }
    let (mut segments, mut bytes) = (Vec::new(), Vec::new());
    for place in &kept.message.heard.from {
        let payload = kept.payloads.get(&place.value)?;
        let part = payload.bytes.get(usize::try_from(place.start).ok()?..usize::try_from(place.end).ok()?)?;
        let source = Source::Buffer(*buffers.get(&place.value)?);
        segments.push(Segment::exact(bytes.len() as u64, part.len() as u64, source, place.start));
        bytes.extend_from_slice(part);
    }
    let len = bytes.len() as u64;
    let message = trail.push(Buffer { step: Step::Body, len, input: None, key: None, segments });
    decoded(kept, (message, &bytes), trail).or_else(|| {
        let data = &kept.message.heard.carried.tpdu.data;
        // A report on a delivery has no text: then all of it is shown.
        let (start, shown) = if data.value.is_empty() { (0, &bytes) } else { (data.start, &data.value) };
        Some(Piece { buffer: message, start, bytes: shown.clone() })
    })
}

/// The text of a message, where a decoder gives it again from the message's bytes.
fn decoded(kept: &Kept, (message, bytes): (BufferId, &[u8]), trail: &mut Trail) -> Option<Piece> {
    let tpdu = &kept.message.heard.carried.tpdu;
    let text = tpdu.text.as_ref()?;
    let (name, input) = match tpdu.coding() {
        Coding::Septets if tpdu.user.value => (SEPTETS_BEHIND_HEADER, tpdu.user.bytes()),
        Coding::Septets => (SEPTETS, tpdu.user.bytes()),
        Coding::Ucs2 => (UCS2, text.bytes()),
        Coding::Bytes | Coding::Compressed => return None,
    };
    let given = bytes.get(usize::try_from(input.start).ok()?..usize::try_from(input.end).ok()?)?;
    let len = text.value.len();
    let again = match name {
        UCS2 => payload::replay_up_to(name, given, len),
        _ => gsm::replay(name, given, len),
    };
    let bytes = again.filter(|again| again == text.value.as_bytes())?;
    let (source, len) = (Source::Buffer(message), len as u64);
    let (start, source_len) = (input.start, input.end.saturating_sub(input.start));
    let segment = Segment { out: 0, len, source, start, source_len, fidelity: Fidelity::Within };
    let input = Some(Span { buffer: message, start: input.start, end: input.end });
    let step = Step::Decode(name.to_owned());
    let buffer = trail.push(Buffer { step, len, input, key: None, segments: vec![segment] });
    Some(Piece { buffer, start: 0, bytes })
}

/// Pieces one behind the other.
fn joined(mut pieces: Vec<Piece>, trail: &mut Trail) -> Option<Piece> {
    if pieces.len() <= 1 {
        return pieces.pop();
    }
    let (mut segments, mut bytes) = (Vec::new(), Vec::new());
    for piece in &pieces {
        let (out, len) = (bytes.len() as u64, piece.bytes.len() as u64);
        segments.push(Segment::exact(out, len, Source::Buffer(piece.buffer), piece.start));
        bytes.extend_from_slice(&piece.bytes);
    }
    let len = bytes.len() as u64;
    let buffer = trail.push(Buffer { step: Step::Body, len, input: None, key: None, segments });
    Some(Piece { buffer, start: 0, bytes })
}

/// The decoder of `payload` for UCS-2, which in practice is UTF-16.
const UCS2: &str = "utf-16be";
/// The longest payload that is looked at: radio frames and APDUs are far shorter.
const LONGEST: usize = 4096;
/// Payloads that a message may reach back over. A message has at most a dozen frames of its channel; other
/// channels' lie between them.
const RECENT: usize = 4096;
/// Scopes of addresses on the same machine or in the same network.
const NEAR: [&str; 4] = ["link-local", "loopback", "multicast", "private"];
/// Addresses that radio frames are sent to.
const MOST_CARRIERS: usize = 1 << 10;
/// Messages that are kept of a capture.
const MOST: usize = 1 << 16;
/// Parts of one text that are put together.
const MOST_PARTS: usize = 64;
/// Bytes of a text that are shown.
const SHOWN: usize = 200;
