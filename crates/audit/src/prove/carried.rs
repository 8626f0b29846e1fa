//! Whether recorded bytes came to the receiver as a proof says: in one datagram, or in order in one direction of
//! one connection. The frames are dissected again, headers and fragments and all; bytes that were picked out of
//! unrelated packets are found out.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    ops::{ControlFlow, Range},
};

use evidence::{Buffer, CaptureId, FrameNo, Segment, Source, Step, Trail, Transport};
use wire::{
    Packet,
    capture::{Event, Reader},
    net::{Dissector, NetOutput},
};

use super::{Place, source_range};

/// The payloads of the frames that proofs name.
#[derive(Debug, Default)]
pub struct Carried {
    pieces: BTreeMap<(CaptureId, FrameNo), Vec<Piece>>,
    packets: u64,
    /// Files of flows: what lies in them was not carried by frames, and their entries are looked at elsewhere.
    flows: BTreeSet<CaptureId>,
}

/// What of a packet's payload lies in one stretch of a file.
#[derive(Clone, Debug)]
struct Piece {
    range: Range<u64>,
    /// Where in the payload it begins.
    at: u64,
    packet: Whole,
}

/// The packet that a piece belongs to.
#[derive(Clone, Copy, Debug)]
struct Whole {
    number: u64,
    transport: Transport,
    source: (IpAddr, u16),
    destination: (IpAddr, u16),
    /// Bytes of payload.
    len: u64,
    /// Of TCP, the sequence number of the first of them.
    sequence: u32,
}

/// Why bytes cannot have come as a proof says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotCarried {
    /// They are of no datagram, or of no connection.
    #[error("frame {0} does not carry these bytes in a {1}")]
    Elsewhere(FrameNo, &'static str),
    /// They are of several datagrams, and not one behind the other; or of a stream, and not in its order.
    #[error("the bytes of frame {0} do not follow those before them")]
    Order(FrameNo),
    /// They are of several flows or directions.
    #[error("frame {0} belongs to another connection or direction than those before it")]
    OtherFlow(FrameNo),
}

/// What is looked for in a capture: the frames of steps that say how bytes came.
pub(super) fn wanted<'t>(trails: impl Iterator<Item = &'t Trail>) -> BTreeMap<CaptureId, BTreeSet<FrameNo>> {
    let mut wanted: BTreeMap<CaptureId, BTreeSet<FrameNo>> = BTreeMap::new();
    let buffers = trails.flat_map(|trail| &trail.buffers).filter(|buffer| kind(&buffer.step).is_some());
    for (capture, frame, _) in buffers.flat_map(super::places) {
        wanted.entry(capture).or_default().insert(frame);
    }
    wanted
}

impl Carried {
    /// Dissects a capture until all that is wanted of it was seen.
    pub(super) fn read(
        &mut self,
        capture: CaptureId,
        mut wanted: BTreeSet<FrameNo>,
        bytes: &mut dyn std::io::Read,
    ) -> std::io::Result<()> {
        let (mut dissector, mut out) = (Dissector::new(), NetOutput::default());
        crate::windows::each_event(&mut Reader::new(capture), bytes, |event| {
            let Event::Frame(frame) = event else { return ControlFlow::Continue(()) };
            let packet = dissector.dissect(&frame, &mut out);
            out.anomalies.clear();
            let packets: Vec<Packet> = packet.into_iter().chain(out.more.drain(..)).collect();
            packets.iter().for_each(|packet| self.note(packet, &mut wanted));
            if wanted.is_empty() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
    }

    /// Notes that a file holds flows and no packets.
    pub(super) fn pass(&mut self, capture: CaptureId) {
        self.flows.insert(capture);
    }

    fn note(&mut self, packet: &Packet, wanted: &mut BTreeSet<FrameNo>) {
        let head = &packet.head;
        let tcp = head.tcp.unwrap_or_default();
        self.packets += 1;
        let whole = Whole {
            number: self.packets,
            transport: head.transport,
            source: head.source,
            destination: head.destination,
            len: packet.payload.len() as u64,
            sequence: tcp.sequence.wrapping_add(u32::from(tcp.flags.syn())),
        };
        packet.payload.segments(head, &(0..whole.len), |segment| {
            let Source::Frame { capture, frame } = segment.source else { return };
            let known = self.pieces.contains_key(&(capture, frame));
            if wanted.remove(&frame) || known {
                let piece = Piece { range: source_range(&segment), at: segment.out, packet: whole };
                self.pieces.entry((capture, frame)).or_default().push(piece);
            }
        });
    }

    /// Checks each step of a trail that says how recorded bytes came.
    pub fn check(&self, trail: &Trail) -> Result<(), NotCarried> {
        trail.buffers.iter().try_for_each(|buffer| match kind(&buffer.step) {
            Some(transport) => self.buffer(buffer, transport),
            None => Ok(()),
        })
    }

    fn buffer(&self, buffer: &Buffer, transport: Transport) -> Result<(), NotCarried> {
        let mut before: Option<(&Segment, &Piece)> = None;
        for segment in &buffer.segments {
            let Source::Frame { capture, frame } = segment.source else { continue };
            if self.flows.contains(&capture) {
                continue;
            }
            let place = (capture, frame, source_range(segment));
            let name = if transport == Transport::Udp { "datagram" } else { "TCP connection" };
            let piece = self.piece(&place).filter(|piece| piece.packet.transport == transport);
            let piece = piece.ok_or(NotCarried::Elsewhere(frame, name))?;
            if let Some(before) = before {
                let flow = |piece: &Piece| (piece.packet.source, piece.packet.destination);
                if flow(before.1) != flow(piece) {
                    return Err(NotCarried::OtherFlow(frame));
                }
                let follows = match transport {
                    Transport::Udp => follows_in_datagrams(before, (segment, piece)),
                    _ => follows_in_stream(before, (segment, piece)),
                };
                if !follows {
                    return Err(NotCarried::Order(frame));
                }
            }
            before = Some((segment, piece));
        }
        Ok(())
    }

    fn piece(&self, (capture, frame, range): &Place) -> Option<&Piece> {
        let pieces = self.pieces.get(&(*capture, *frame))?;
        pieces.iter().find(|piece| piece.range.start <= range.start && range.end <= piece.range.end)
    }
}

/// Where a buffer would begin, were all of the packet in it: negative where the buffer begins later.
fn base((segment, piece): (&Segment, &Piece)) -> i128 {
    i128::from(segment.out) - i128::from(place(segment, piece))
}

/// Where in the packet's payload a segment begins.
fn place(segment: &Segment, piece: &Piece) -> u64 {
    piece.at.saturating_add(segment.start.saturating_sub(piece.range.start))
}

/// In one datagram, bytes are as far apart as in the buffer. Datagrams that are one message together (CoAP's
/// blocks) lie in it whole, one behind the other.
fn follows_in_datagrams(before: (&Segment, &Piece), now: (&Segment, &Piece)) -> bool {
    if before.1.packet.number == now.1.packet.number {
        return base(before) == base(now);
    }
    base(now) >= base(before).saturating_add(i128::from(before.1.packet.len))
}

/// In a stream, what comes later in the buffer comes later in the stream. Between the two may lie headers, and
/// frames of other streams of HTTP/2. Sequence numbers begin anew after 2^32 (RFC 9293 section 3.4).
fn follows_in_stream(before: (&Segment, &Piece), now: (&Segment, &Piece)) -> bool {
    let at = |(segment, piece): (&Segment, &Piece)| {
        let offset = place(segment, piece) & u64::from(u32::MAX);
        piece.packet.sequence.wrapping_add(u32::try_from(offset).unwrap_or(0))
    };
    let len = u32::try_from(before.0.len & u64::from(u32::MAX)).unwrap_or(0);
    at(now).wrapping_sub(at(before).wrapping_add(len)) < 1 << 31
}

/// By what the bytes of a step came; `None` for other steps.
fn kind(step: &Step) -> Option<Transport> {
    match step {
        Step::Datagram => Some(Transport::Udp),
        Step::Reassembly => Some(Transport::Tcp),
        _ => None,
    }
}
