//! A packet: what `net` hands to `flow`.

use std::{net::IpAddr, ops::Range};

use evidence::{CaptureId, FrameNo, Segment, Source, Timestamp, Transport};

/// The headers of a packet that matter to flows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PacketHead {
    /// The capture.
    pub capture: CaptureId,
    /// The frame; of a packet put together from fragments, the one that completed it.
    pub frame: FrameNo,
    /// When it was captured.
    pub time: Timestamp,
    /// Source address and port. Of tunnelled packets, the inner ones.
    pub source: (IpAddr, u16),
    /// Destination address and port.
    pub destination: (IpAddr, u16),
    /// Link-layer source address, where the link has one and no router's replaced it knowingly.
    pub mac: Option<[u8; 6]>,
    /// TCP or UDP.
    pub transport: Transport,
    /// The TCP header's fields; `None` for UDP.
    pub tcp: Option<TcpHead>,
    /// Bytes of payload that the headers promise and the frame lacks (snapshot length).
    pub cut: u32,
}

/// Fields of a TCP header (RFC 9293 section 3.1) that reassembly needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TcpHead {
    /// Sequence number of the first payload byte (of the SYN where it is set).
    pub sequence: u32,
    /// Acknowledgment number; meaningful where ACK is set.
    pub acknowledgment: u32,
    /// Control bits.
    pub flags: TcpFlags,
}

/// TCP control bits, as on the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TcpFlags(pub u8);

impl TcpFlags {
    /// No more data from the sender.
    pub fn fin(self) -> bool {
        self.0 & 0x01 != 0
    }
    /// Synchronise sequence numbers.
    pub fn syn(self) -> bool {
        self.0 & 0x02 != 0
    }
    /// Reset.
    pub fn rst(self) -> bool {
        self.0 & 0x04 != 0
    }
    /// The acknowledgment field is meaningful.
    pub fn ack(self) -> bool {
        self.0 & 0x10 != 0
    }
}

/// A packet: its head and where its payload lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// The headers.
    pub head: PacketHead,
    /// The payload of its TCP or UDP header.
    pub payload: Payload,
}

/// Where a packet's payload lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payload {
    /// In the frame's captured bytes.
    InFrame {
        /// Offset in the capture file of the first payload byte.
        offset: u64,
        /// The range in the frame's captured bytes.
        range: Range<usize>,
    },
    /// Put together from IP fragments.
    Assembled {
        /// The bytes.
        bytes: Vec<u8>,
        /// Which frames they came from, sorted by `out`, which counts from the first byte.
        segments: Vec<Segment>,
    },
}

impl Payload {
    /// The bytes: `frame` is the captured bytes of the packet's frame.
    pub fn bytes<'a>(&'a self, frame: &'a [u8]) -> &'a [u8] {
        match self {
            Self::InFrame { range, .. } => frame.get(range.clone()).unwrap_or_default(),
            Self::Assembled { bytes, .. } => bytes,
        }
    }

    /// How many bytes.
    pub fn len(&self) -> usize {
        match self {
            Self::InFrame { range, .. } => range.len(),
            Self::Assembled { bytes, .. } => bytes.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Calls `each` with the segments of the payload's bytes `range`, their `out` counted from `range.start`.
    pub fn segments(&self, head: &PacketHead, range: &Range<u64>, mut each: impl FnMut(Segment)) {
        match self {
            Self::InFrame { offset, .. } => {
                let source = Source::Frame { capture: head.capture, frame: head.frame };
                each(Segment::exact(
                    0,
                    range.end.saturating_sub(range.start),
                    source,
                    offset.saturating_add(range.start),
                ));
            }
            Self::Assembled { segments, .. } => {
                for segment in segments {
                    let start = range.start.max(segment.out);
                    let end = range.end.min(segment.out_end());
                    if start < end {
                        let from = segment.start.saturating_add(start - segment.out);
                        each(Segment::exact(start - range.start, end - start, segment.source, from));
                    }
                }
            }
        }
    }
}
