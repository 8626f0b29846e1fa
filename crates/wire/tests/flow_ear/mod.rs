//! A sink that writes down what it hears, and packets to feed it with.
#![allow(dead_code, unreachable_pub, reason = "each test file uses a part of it")]

use std::net::{IpAddr, Ipv4Addr};

use evidence::{CaptureId, FrameNo, Segment, Source, Timestamp, Transport};
use wire::{
    Packet, PacketHead, Payload, Sender, StreamBuffer, TcpFlags, TcpHead,
    capture::{Event, Progress, Reader},
    flow::{Datagram, FlowInfo, FlowSink, FlowSummary, Flows, Limits, SinkFactory},
    net::{Dissector, NetOutput},
};

pub const FIN: u8 = 1;
pub const SYN: u8 = 2;
pub const RST: u8 = 4;
pub const ACK: u8 = 16;
pub const SECOND: i64 = 1_000_000_000;
/// A frame may claim to lack gigabytes.
const GAP: usize = 65_536;

/// What a sink heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    Data(Sender, Vec<u8>, Vec<Segment>),
    Gap(Sender, u64),
    End(Sender),
    Datagram(Vec<u8>, Vec<Segment>, u32),
}

/// Takes `bite` bytes at a time, and what is less stays until a gap or the end; 0 for all there is.
#[derive(Debug)]
pub struct Ear {
    pub bite: usize,
    pub heard: Vec<Heard>,
}

impl Ear {
    fn eat(&mut self, sender: Sender, stream: &mut StreamBuffer, least: usize) {
        while stream.len() >= least.max(1) {
            let recorded = stream.take(if self.bite == 0 { usize::MAX } else { self.bite });
            self.heard.push(Heard::Data(sender, recorded.bytes, recorded.segments));
        }
    }
}

impl FlowSink for Ear {
    fn data(&mut self, sender: Sender, stream: &mut StreamBuffer) {
        assert!(!stream.is_empty(), "told of data where there is none");
        self.eat(sender, stream, self.bite);
    }

    fn gap(&mut self, sender: Sender, len: u64, stream: &mut StreamBuffer) {
        assert!(len > 0);
        self.eat(sender, stream, 1);
        self.heard.push(Heard::Gap(sender, len));
    }

    fn end(&mut self, sender: Sender, stream: &mut StreamBuffer) {
        self.eat(sender, stream, 1);
        self.heard.push(Heard::End(sender));
    }

    fn datagram(&mut self, _: Sender, datagram: Datagram<'_>) {
        let heard = Heard::Datagram(datagram.bytes.to_vec(), datagram.segments.to_vec(), datagram.cut);
        self.heard.push(heard);
    }
}

/// A flow that is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    pub info: FlowInfo,
    pub heard: Vec<Heard>,
    pub summary: FlowSummary,
}

impl Closed {
    /// The bytes of one side, `None` for each missing one (of long gaps, for the first 65,536).
    pub fn stream(&self, of: Sender) -> Vec<Option<u8>> {
        let mut stream = Vec::new();
        for heard in &self.heard {
            match heard {
                Heard::Data(sender, bytes, _) if *sender == of => {
                    stream.extend(bytes.iter().copied().map(Some));
                }
                Heard::Gap(sender, len) if *sender == of => {
                    stream.resize(stream.len() + usize::try_from(*len).unwrap().min(GAP), None);
                }
                _ => {}
            }
        }
        stream
    }

    /// For each byte of one side the frame and the file offset it came from; `None` for each missing one.
    pub fn sources(&self, of: Sender) -> Vec<Option<(u64, u64)>> {
        let mut sources = Vec::new();
        for heard in &self.heard {
            match heard {
                Heard::Data(sender, bytes, segments) if *sender == of => {
                    let before = sources.len();
                    for segment in segments {
                        let Source::Frame { frame, .. } = segment.source else { panic!("no frame") };
                        assert_eq!(segment.out, (sources.len() - before) as u64, "segments have holes");
                        let offsets = segment.start..segment.start + segment.len;
                        sources.extend(offsets.map(|offset| Some((frame.0, offset))));
                    }
                    assert_eq!(sources.len() - before, bytes.len(), "segments are short");
                }
                Heard::Gap(sender, len) if *sender == of => {
                    sources.resize(sources.len() + usize::try_from(*len).unwrap().min(GAP), None);
                }
                _ => {}
            }
        }
        sources
    }

    /// The same as text, `·` for each missing byte.
    pub fn text(&self, of: Sender) -> String {
        self.stream(of).into_iter().map(|byte| byte.map_or('·', char::from)).collect()
    }

    /// The kinds of what was odd.
    pub fn odd(&self) -> Vec<(u64, String)> {
        let kind = |(count, examples): (u64, &[evidence::Anomaly])| (count, examples[0].what.to_string());
        self.summary.anomalies.iter().map(kind).collect()
    }

    /// The ledger's rows: reason and bytes.
    pub fn rows(&self) -> Vec<(String, u64)> {
        self.summary.ledger.rows().into_iter().map(|row| (row.reason, row.bytes)).collect()
    }
}

/// Gathers the flows.
#[derive(Debug)]
pub struct Ears {
    pub bite: usize,
    pub closed: Vec<Closed>,
}

impl SinkFactory for Ears {
    type Sink = Ear;

    fn open(&mut self, _: &FlowInfo) -> Ear {
        Ear { bite: self.bite, heard: Vec::new() }
    }

    fn close(&mut self, flow: &FlowInfo, sink: Ear, summary: FlowSummary) {
        check_order(&sink.heard, flow.transport);
        self.closed.push(Closed { info: flow.clone(), heard: sink.heard, summary });
    }
}

/// After a side's end nothing more comes of it; both sides end once.
fn check_order(heard: &[Heard], transport: Transport) {
    let mut ended = Vec::new();
    for one in heard {
        match one {
            Heard::Data(sender, ..) | Heard::Gap(sender, _) => assert!(!ended.contains(sender), "{heard:?}"),
            Heard::End(sender) => {
                assert!(!ended.contains(sender), "{heard:?}");
                ended.push(*sender);
            }
            Heard::Datagram(..) => assert!(transport == Transport::Udp && ended.is_empty()),
        }
    }
    assert_eq!(ended.len(), 2);
}

/// Pushes frames and keeps account of what it pushed.
pub struct Table {
    pub flows: Flows<Ears>,
    pub pushed: u64,
    frames: u64,
    pub time: i64,
}

impl Table {
    pub fn new(limits: Limits) -> Self {
        Self::with_bite(limits, 0)
    }

    pub fn with_bite(limits: Limits, bite: usize) -> Self {
        let flows = Flows::new(Ears { bite, closed: Vec::new() }, limits);
        Self { flows, pushed: 0, frames: 0, time: 1_500_000_000 * SECOND }
    }

    /// Pushes a packet with this payload; its frame is the payload, and lies at offset frame number × 2^20.
    pub fn push(&mut self, mut head: PacketHead, payload: &[u8]) -> u64 {
        self.frames += 1;
        self.time += SECOND / 1000;
        head.frame = FrameNo(self.frames);
        head.time = Timestamp(self.time);
        let offset = self.frames << 20;
        let packet = Packet { head, payload: Payload::InFrame { offset, range: 0..payload.len() } };
        self.flows.push(&packet, payload);
        self.pushed += payload.len() as u64;
        self.frames
    }

    /// Closes everything and checks the conservation of bytes.
    pub fn finish(mut self) -> Vec<Closed> {
        self.flows.finish();
        let after = self.flows.ledger().total();
        let closed = self.flows.into_factory().closed;
        let accounted: u64 = closed.iter().map(account).sum();
        assert_eq!(accounted + after, self.pushed, "bytes are lost or invented");
        closed
    }
}

/// The payload bytes of a flow, each side's account checked against what the sink heard.
pub fn account(flow: &Closed) -> u64 {
    let mut heard = [0; 2];
    for one in &flow.heard {
        match one {
            Heard::Data(sender, bytes, _) => heard[usize::from(*sender == Sender::Responder)] += bytes.len(),
            Heard::Datagram(bytes, ..) => heard[0] += bytes.len(),
            Heard::Gap(..) | Heard::End(_) => {}
        }
    }
    let summary = &flow.summary;
    let delivered = summary.originator.delivered + summary.responder.delivered;
    assert_eq!((heard[0] + heard[1]) as u64, delivered);
    let payload = summary.originator.payload + summary.responder.payload;
    assert_eq!(payload, delivered + summary.ledger.total(), "{:?}", summary);
    let missing = summary.originator.missing + summary.responder.missing;
    assert_eq!(missing, summary.ledger.missing().iter().map(|row| row.bytes).sum::<u64>());
    payload
}

pub fn phone(port: u16) -> (IpAddr, u16) {
    (Ipv4Addr::new(10, 0, 0, 23).into(), port)
}

pub fn server(port: u16) -> (IpAddr, u16) {
    (Ipv4Addr::new(198, 51, 100, 7).into(), port)
}

/// A head without frame and time.
pub fn head(source: (IpAddr, u16), destination: (IpAddr, u16), tcp: Option<TcpHead>) -> PacketHead {
    PacketHead {
        capture: CaptureId(0),
        frame: FrameNo(0),
        time: Timestamp(0),
        source,
        destination,
        mac: None,
        transport: if tcp.is_some() { Transport::Tcp } else { Transport::Udp },
        tcp,
        cut: 0,
    }
}

/// From the phone to the server: sequence number, acknowledgment number, flags.
pub fn up(sequence: u32, acknowledgment: u32, flags: u8) -> PacketHead {
    let tcp = TcpHead { sequence, acknowledgment, flags: TcpFlags(flags) };
    head(phone(40_000), server(80), Some(tcp))
}

/// From the server to the phone.
pub fn down(sequence: u32, acknowledgment: u32, flags: u8) -> PacketHead {
    let tcp = TcpHead { sequence, acknowledgment, flags: TcpFlags(flags) };
    head(server(80), phone(40_000), Some(tcp))
}

/// Hands the packets of a capture file out, with their frames' bytes.
pub fn packets(file: &[u8], mut each: impl FnMut(&Packet, &[u8])) {
    let (mut reader, mut dissector) = (Reader::new(CaptureId(0)), Dissector::new());
    let mut rest = file;
    loop {
        let consumed = match reader.read(rest, true) {
            Progress::Event { consumed, event: Event::Frame(frame) } => {
                let mut out = NetOutput::default();
                let packet = dissector.dissect(&frame, &mut out);
                for packet in packet.iter().chain(&out.more) {
                    each(packet, frame.data);
                }
                consumed
            }
            Progress::Event { consumed, .. } | Progress::Skipped { consumed } => consumed,
            Progress::More { .. } | Progress::End => return,
        };
        rest = &rest[consumed..];
    }
}
