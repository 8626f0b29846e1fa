//! Packets to flows: every connection gets a sink, which hears its bytes in order.
//!
//! [`Flows`] sorts [`Packet`](crate::Packet)s by their five addresses, decides who opened each flow, puts
//! TCP payloads in order (RFC 9293) and hands UDP payloads through. Whatever does not reach a sink is in
//! the [`FlowSummary`]'s ledger, so that the payload bytes pushed are the bytes delivered plus those.
//!
//! What a flow becomes depends on its own packets only, as long as no limit over all flows is reached:
//! however the flows are dealt out to several tables, each gives the same events.

mod arrival;
mod connection;
mod direction;
mod earlier;
mod key;
mod queue;
mod scope;
mod summary;
mod table;

use std::net::IpAddr;

use evidence::{FlowId, Segment, Timestamp, Transport};

use crate::{Recorded, Sender, StreamBuffer};

pub use key::serving;
pub use summary::{Ended, FlowSummary, SideSummary};
pub use table::Flows;

/// What listens to one flow.
///
/// It hears, for each sender, any number of `data` and `gap` (TCP) or `datagram`s (UDP) and then one `end`.
pub trait FlowSink {
    /// Bytes of `sender` were added at the end of `stream`. What is not taken comes again with more.
    fn data(&mut self, sender: Sender, stream: &mut StreamBuffer);

    /// `len` bytes of `sender` (1 or more) are missing behind those that wait in `stream`. What is left
    /// there afterwards is thrown away.
    fn gap(&mut self, sender: Sender, len: u64, stream: &mut StreamBuffer);

    /// No more bytes come from `sender`. Both senders end, also where the capture ended before them; the
    /// originator first, where neither ended by itself.
    fn end(&mut self, sender: Sender, stream: &mut StreamBuffer);

    /// A datagram, which may be empty.
    fn datagram(&mut self, sender: Sender, datagram: Datagram<'_>);
}

/// Makes a sink for each flow and takes it back.
pub trait SinkFactory {
    /// What listens to one flow.
    type Sink: FlowSink;

    /// A flow begins.
    fn open(&mut self, flow: &FlowInfo) -> Self::Sink;

    /// The flow that one of unknown addresses goes on with, told by its first datagram: a QUIC connection that
    /// moved. Where that one is open it hears all that follows. Asked only for UDP with a
    /// [port of QUIC's](crate::quic::is_port).
    fn home(&mut self, flow: &FlowInfo, first: &[u8]) -> Option<FlowId> {
        let _ = (flow, first);
        None
    }

    /// It is over: nothing more will be said to `sink`.
    fn close(&mut self, flow: &FlowInfo, sink: Self::Sink, summary: FlowSummary);
}

/// Which flow it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowInfo {
    /// Its first frame.
    pub id: FlowId,
    /// Address and port of the side that opened it: sent the SYN or the first datagram. Where the capture
    /// begins in the middle, the side whose port is no service's, else the first that sent.
    pub originator: (IpAddr, u16),
    /// Address and port of the other side.
    pub responder: (IpAddr, u16),
    /// TCP or UDP.
    pub transport: Transport,
    /// The originator's link-layer address, as far as one of its packets has told it: a flow may open
    /// without and close with it.
    pub mac: Option<[u8; 6]>,
    /// When its first frame was captured.
    pub first: Timestamp,
}

/// The payload of a UDP packet.
#[derive(Clone, Copy, Debug)]
pub struct Datagram<'a> {
    /// The payload, as far as it was captured.
    pub bytes: &'a [u8],
    /// Where it came from; sorted by `out`, which counts from the first byte.
    pub segments: &'a [Segment],
    /// When it was captured; of fragments, the last one.
    pub time: Timestamp,
    /// How many bytes its end lacks (snapshot length).
    pub cut: u32,
}

impl Datagram<'_> {
    /// A copy that a message can own.
    pub fn to_recorded(&self) -> Recorded {
        Recorded {
            bytes: self.bytes.to_vec(),
            segments: self.segments.to_vec(),
            derived: Vec::new(),
            first: self.time,
            last: self.time,
        }
    }
}

/// How much a table of flows keeps, and for how long. Times are nanoseconds of the capture's clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Flows open at once. Beyond, the one silent for the longest time is closed. 20,000.
    pub flows: usize,
    /// Bytes of one direction that wait for earlier ones. Beyond, those count as lost. 2 MiB.
    pub held_bytes: usize,
    /// Pieces of one direction that wait for earlier bytes; likewise. 4,096.
    pub held_pieces: usize,
    /// Bytes of all flows that wait for earlier ones; beyond, the flow that adds more gives up its gaps.
    /// 32 MiB.
    pub held_bytes_of_all: usize,
    /// Where the peer has acknowledged bytes that were not seen: so many packets of the connection may
    /// pass before they count as lost. Captures of several interfaces swap packets. 16.
    pub acknowledged_patience: u16,
    /// A UDP flow silent for longer than this is over. 5 minutes (RFC 4787 section 4.3).
    pub udp_idle: i64,
    /// A TCP connection silent for longer than this is over: push services sleep for hours. 12 hours.
    pub tcp_idle: i64,
    /// A connection that both sides closed, or one reset, keeps its addresses for so long, so that late
    /// packets do not look like a new one. 1 minute.
    pub linger: i64,
    /// Whether another capture may bring what one lacks: gaps stay open as long as half of `held_bytes_of_all` is free
    /// and nobody needs the connection's place. [`Flows::of_several_captures`] asks for it.
    pub await_others: bool,
}

impl Default for Limits {
    fn default() -> Self {
        const MINUTE: i64 = 60_000_000_000;
        Self {
            flows: 20_000,
            held_bytes: 2 << 20,
            held_pieces: 4096,
            held_bytes_of_all: 32 << 20,
            acknowledged_patience: 16,
            udp_idle: 5 * MINUTE,
            tcp_idle: 12 * 60 * MINUTE,
            linger: MINUTE,
            await_others: false,
        }
    }
}
