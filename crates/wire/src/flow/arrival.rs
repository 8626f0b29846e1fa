//! A TCP segment's payload, placed in its stream.

use evidence::{Segment, Source, Timestamp};

use crate::{Packet, PacketHead, Payload, StreamBuffer};

/// The payload of a packet and the place of its first byte, which may lie before the stream's begin.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrival<'a> {
    pub(super) packet: &'a Packet,
    pub(super) bytes: &'a [u8],
    pub(super) at: i64,
}

impl<'a> Arrival<'a> {
    pub(super) fn head(&self) -> &'a PacketHead {
        &self.packet.head
    }

    /// The place after the last byte captured.
    pub(super) fn end(&self) -> i64 {
        self.at.saturating_add_unsigned(self.bytes.len() as u64)
    }

    /// The place after the last byte sent.
    pub(super) fn whole_end(&self) -> i64 {
        self.end().saturating_add(i64::from(self.head().cut))
    }

    /// The payload's part from stream offset `from` to `to`.
    pub(super) fn part(&self, from: i64, to: i64) -> &'a [u8] {
        let (from, to) = (self.index(from), self.index(to));
        self.bytes.get(from..to).unwrap_or_default()
    }

    /// Adds that part to a stream, copying it once.
    pub(super) fn append_to(&self, stream: &mut StreamBuffer, from: i64, to: i64) {
        let bytes = self.part(from, to);
        match &self.packet.payload {
            Payload::InFrame { offset, .. } => {
                let segment = self.in_frame(*offset, self.index(from), bytes.len());
                stream.append(bytes, [segment], self.head().time);
            }
            Payload::Assembled { .. } => stream.append(bytes, self.segments(from, to), self.head().time),
        }
    }

    /// Where that part came from; `out` counts from its first byte.
    pub(super) fn segments(&self, from: i64, to: i64) -> Vec<Segment> {
        let range = self.index(from) as u64..self.index(to) as u64;
        let mut segments = Vec::new();
        self.packet.payload.segments(self.head(), &range, |segment| segments.push(segment));
        segments
    }

    fn in_frame(&self, offset: u64, from: usize, len: usize) -> Segment {
        let source = Source::Frame { capture: self.head().capture, frame: self.head().frame };
        Segment::exact(0, len as u64, source, offset.saturating_add(from as u64))
    }

    fn index(&self, at: i64) -> usize {
        usize::try_from(at.saturating_sub(self.at)).unwrap_or(0).min(self.bytes.len())
    }
}

/// A copy of a part of a segment that waits for earlier bytes.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) bytes: Vec<u8>,
    pub(super) segments: Vec<Segment>,
    pub(super) time: Timestamp,
    /// Bytes behind it that its frame lacks.
    pub(super) cut: u32,
}

impl Held {
    /// What it takes of the limits: its bytes and what keeping them costs.
    pub(super) fn cost(&self) -> usize {
        self.bytes.len().saturating_add(HELD_OVERHEAD)
    }
}

/// Roughly what a held piece takes beside its bytes.
const HELD_OVERHEAD: usize = 256;
