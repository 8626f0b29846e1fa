//! Packets of a few flows in any order through the flow table: what is pushed is heard or in a ledger, each
//! byte stands where its segment says, every side ends once and says nothing after that, and a sink that
//! takes little at a time changes nothing.
//!
//! The input is a run of packets: flags, sequence number and acknowledgment (relative to what the side has
//! said), length, time, then the payload itself.

use std::net::{IpAddr, Ipv4Addr};

use evidence::{CaptureId, FrameNo, Segment, Timestamp, Transport};
use wire::{
    Packet, PacketHead, Payload, Sender, StreamBuffer, TcpFlags, TcpHead,
    flow::{Datagram, FlowInfo, FlowSink, FlowSummary, Flows, Limits, SinkFactory},
};

pub(crate) fn connection(input: &[u8]) {
    let narrow =
        Limits { flows: 2, held_bytes: 600, held_pieces: 4, held_bytes_of_all: 900, ..Limits::default() };
    for limits in [Limits::default(), narrow] {
        let whole = summaries(input, &limits, usize::MAX);
        assert_eq!(whole, summaries(input, &limits, 5), "the sink's appetite matters");
    }
}

fn summaries(input: &[u8], limits: &Limits, bite: usize) -> Vec<FlowSummary> {
    let mut flows = Flows::new(Ears { input, bite, closed: Vec::new() }, limits.clone());
    let (mut script, mut pushed) = (Script { input, ..Script::default() }, 0);
    while let Some(packet) = script.next() {
        pushed += packet.payload.len() as u64;
        flows.push(&packet, input);
    }
    flows.finish();
    let late = flows.ledger().total();
    let closed = flows.into_factory().closed;
    let given: u64 = closed.iter().map(|flow| flow.originator.payload + flow.responder.payload).sum();
    assert_eq!(given + late, pushed, "payload, flows");
    closed
}

/// Bytes to packets.
#[derive(Default)]
struct Script<'a> {
    input: &'a [u8],
    at: usize,
    frame: u64,
    time: i64,
    /// The sequence number that each side's next byte has, by flow and side.
    next: [[u32; 2]; 2],
}

impl Script<'_> {
    fn next(&mut self) -> Option<Packet> {
        let &[what, high, low, acknowledged, len, wait] =
            self.input.get(self.at..self.at + 6)?.first_chunk()?;
        let start = self.at + 6;
        let end = self.input.len().min(start + usize::from(len));
        self.at = end;
        self.frame += 1;
        self.time += 1_i64 << (wait & 63).min(50);
        let (side, flow) = (usize::from(what & 0x20 != 0), usize::from(what & 0x40 != 0));
        let udp = what & 0x80 != 0;
        let skip = i32::from(i16::from_be_bytes([high, low]));
        let sequence = self.next[flow][side].wrapping_add_signed(skip);
        let said = u32::from(what & 3 != 0).wrapping_add(u32::try_from(end - start).unwrap());
        self.next[flow][side] = self.next[flow][side].max(sequence.wrapping_add(said));
        let other = self.next[flow][1 - side].wrapping_add_signed(i32::from(acknowledged.cast_signed()));
        let flags = TcpFlags(what & 0x17);
        let tcp = TcpHead { sequence, acknowledgment: other, flags };
        let mut ends = [(address(1), 40_000 + u16::try_from(flow).unwrap()), (address(2), 80)];
        ends.rotate_left(side);
        let head = PacketHead {
            capture: CaptureId(0),
            frame: FrameNo(self.frame),
            time: Timestamp(self.time),
            source: ends[0],
            destination: ends[1],
            mac: None,
            transport: if udp { Transport::Udp } else { Transport::Tcp },
            tcp: (!udp).then_some(tcp),
            cut: u32::from(wait >> 6),
        };
        Some(Packet { head, payload: Payload::InFrame { offset: start as u64, range: start..end } })
    }
}

fn address(last: u8) -> IpAddr {
    Ipv4Addr::new(10, 0, 0, last).into()
}

/// Opens ears, and keeps the books when they close.
struct Ears<'a> {
    input: &'a [u8],
    bite: usize,
    closed: Vec<FlowSummary>,
}

/// Hears one flow and takes `bite` bytes at a time.
struct Ear<'a> {
    input: &'a [u8],
    bite: usize,
    heard: u64,
    ended: Vec<Sender>,
}

impl<'a> SinkFactory for Ears<'a> {
    type Sink = Ear<'a>;

    fn open(&mut self, _: &FlowInfo) -> Ear<'a> {
        Ear { input: self.input, bite: self.bite, heard: 0, ended: Vec::new() }
    }

    fn close(&mut self, _: &FlowInfo, ear: Ear<'a>, summary: FlowSummary) {
        let (one, other) = (&summary.originator, &summary.responder);
        assert_eq!(ear.heard, one.delivered + other.delivered, "said to be delivered, heard");
        assert_eq!(ear.heard + summary.ledger.total(), one.payload + other.payload, "given, heard or not");
        let missing: u64 = summary.ledger.missing().iter().map(|row| row.bytes).sum();
        assert_eq!(missing, one.missing + other.missing, "missing");
        assert_eq!(ear.ended.len(), 2, "each side ends once");
        self.closed.push(summary);
    }
}

impl Ear<'_> {
    fn eat(&mut self, sender: Sender, stream: &mut StreamBuffer, least: usize) {
        assert!(!self.ended.contains(&sender), "speaks after its end");
        while stream.len() >= least.max(1) {
            let recorded = stream.take(self.bite);
            self.check(&recorded.bytes, &recorded.segments);
        }
    }

    fn check(&mut self, bytes: &[u8], segments: &[Segment]) {
        let mut at = 0;
        for segment in segments {
            assert_eq!(segment.out, at, "segments have holes");
            at = segment.out_end();
            let (out, start) =
                (usize::try_from(segment.out).unwrap(), usize::try_from(segment.start).unwrap());
            let len = usize::try_from(segment.len).unwrap();
            assert_eq!(bytes[out..out + len], self.input[start..start + len], "bytes of another place");
        }
        assert_eq!(at, bytes.len() as u64, "segments are short");
        self.heard += at;
    }
}

impl FlowSink for Ear<'_> {
    fn data(&mut self, sender: Sender, stream: &mut StreamBuffer) {
        assert!(!stream.is_empty(), "told of data where there is none");
        self.eat(sender, stream, if self.bite == usize::MAX { 1 } else { self.bite });
    }

    fn gap(&mut self, sender: Sender, len: u64, stream: &mut StreamBuffer) {
        assert!(len > 0, "told of an empty gap");
        self.eat(sender, stream, 1);
    }

    fn end(&mut self, sender: Sender, stream: &mut StreamBuffer) {
        self.eat(sender, stream, 1);
        self.ended.push(sender);
    }

    fn datagram(&mut self, _: Sender, datagram: Datagram<'_>) {
        self.check(datagram.bytes, datagram.segments);
    }
}
