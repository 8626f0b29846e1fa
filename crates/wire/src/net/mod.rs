//! Frames to packets: link, network and transport headers are taken off, fragments put together, tunnels
//! followed.
//!
//! A [`Dissector`] accounts for every byte of a frame: what is not the payload of a packet it hands out is in
//! its [`ledger`](Dissector::ledger), under the header or protocol that it belongs to. Checksums are not
//! verified: captures made on the sending machine have them wrong, and a packet that its receiver dropped
//! was sent all the same.

mod fragments;
mod ip;
mod tally;
mod transport;
mod tunnel;

use std::ops::Range;

use evidence::{Anomaly, Layer, Ledger, Segment, Source, Transport};

use fragments::{Arrival, Fragments, Whole};
use tally::{Reason, Tally};

use crate::{
    Packet, PacketHead, Payload,
    capture::Frame,
    link::{self, Fragment, Next, Stop, Transported, Walk},
};

/// Takes the headers off frames. One serves all captures of a case, each in the order of its frames.
#[derive(Debug)]
pub struct Dissector {
    tally: Tally,
    fragments: Fragments,
}

/// What a dissector gives out besides a frame's packet. The caller empties it.
#[derive(Debug, Default)]
pub struct NetOutput {
    /// What was odd.
    pub anomalies: Vec<Anomaly>,
    /// Further packets of the same frame, in order: 802.11 packs several into one (A-MSDU).
    pub more: Vec<Packet>,
}

/// The bytes a walk goes along.
#[derive(Clone, Copy)]
enum Origin<'a> {
    /// Those of the frame.
    Frame,
    /// A datagram put together from fragments, and where its bytes lie.
    Datagram(&'a [Segment]),
}

/// A stretch of bytes to walk along.
#[derive(Clone, Copy)]
struct Stretch<'a> {
    frame: &'a Frame<'a>,
    bytes: &'a [u8],
    origin: Origin<'a>,
    /// The first byte that is to be accounted for.
    start: usize,
    /// The byte after the last one.
    end: usize,
}

impl Default for Dissector {
    fn default() -> Self {
        Self::new()
    }
}

impl Dissector {
    /// A dissector that has seen nothing.
    pub fn new() -> Self {
        Self { tally: Tally::new(), fragments: Fragments::default() }
    }

    /// Takes the headers off a frame. `None` where it holds no TCP or UDP, or a fragment whose datagram
    /// lacks others; the packet of a datagram put together comes with the frame that completed it.
    ///
    /// A packet may have an empty payload.
    pub fn dissect(&mut self, frame: &Frame<'_>, out: &mut NetOutput) -> Option<Packet> {
        let len = frame.data.len();
        let lacking = frame.wire_len.saturating_sub(u32::try_from(len).unwrap_or(u32::MAX));
        if lacking > 0 {
            self.tally.truncated(lacking);
        }
        let mut walk = Walk::new(frame.data, 0..len, lacking);
        let stop = follow(&mut walk, Next::Link(frame.link));
        let stretch = Stretch { frame, bytes: frame.data, origin: Origin::Frame, start: 0, end: len };
        self.settle(stretch, &mut walk, stop, out)
    }

    /// No more frames come: fragments that wait are given up.
    pub fn finish(&mut self, _out: &mut NetOutput) {
        self.fragments.finish(&mut self.tally);
    }

    /// What became of the frames' bytes that are no payload of a packet handed out, and what the frames
    /// lack. Fragments that wait are in it only after [`finish`](Self::finish).
    pub fn ledger(&self) -> Ledger {
        self.tally.ledger()
    }

    /// Accounts for a stretch whose walk ended with `stop`.
    fn settle(
        &mut self,
        stretch: Stretch<'_>,
        walk: &mut Walk<'_>,
        stop: Stop,
        out: &mut NetOutput,
    ) -> Option<Packet> {
        for (layer, what) in walk.odd.drain(..) {
            out.anomalies.push(stretch.anomaly(layer, what));
        }
        // What a UDP port made look like a tunnel, and is none.
        let stop = match (stop, walk.outer.take()) {
            (Stop::Odd(..) | Stop::Short(_), Some(outer)) => Stop::Transported(outer),
            (stop, _) => stop,
        };
        let rest = stretch.end.saturating_sub(walk.at);
        match stop {
            Stop::Transported(found) => return Some(self.packet(stretch, found)),
            Stop::Fragment(fragment) => return self.fragment(stretch, walk, fragment, out),
            Stop::Aggregate => return self.aggregate(stretch, walk, out),
            Stop::Odd(layer, what) => {
                self.tally.broken(layer, rest);
                out.anomalies.push(stretch.anomaly(layer, what));
            }
            Stop::Short(layer) => {
                self.tally.broken(layer, rest);
                if walk.lacking == 0 {
                    out.anomalies.push(stretch.anomaly(layer, SHORT));
                }
            }
            Stop::Unread(unread) => self.tally.unread(unread, rest),
        }
        self.tally.add(Reason::Headers, walk.at.saturating_sub(stretch.start));
        None
    }

    fn packet(&mut self, stretch: Stretch<'_>, found: Transported) -> Packet {
        let Transported { source, destination, mac, tcp, range, cut } = found;
        self.around(stretch, &range);
        let head = PacketHead {
            capture: stretch.frame.capture,
            frame: stretch.frame.number,
            time: stretch.frame.time,
            source,
            destination,
            mac,
            transport: if tcp.is_some() { Transport::Tcp } else { Transport::Udp },
            tcp,
            cut,
        };
        Packet { head, payload: stretch.payload(range) }
    }

    fn fragment(
        &mut self,
        stretch: Stretch<'_>,
        walk: &Walk<'_>,
        fragment: Fragment,
        out: &mut NetOutput,
    ) -> Option<Packet> {
        let Fragment { place, range, missing } = fragment;
        self.around(stretch, &range);
        let arrival = Arrival {
            capture: stretch.frame.capture,
            time: stretch.frame.time,
            place,
            bytes: stretch.bytes.get(range.clone()).unwrap_or_default(),
            missing,
            segments: stretch.segments(&range),
        };
        let outcome = self.fragments.add(&arrival, &mut self.tally);
        out.anomalies.extend(outcome.odd.map(|what| stretch.anomaly(Layer::Ip, what)));
        let Whole { protocol, bytes, segments } = outcome.whole?;
        let mut walk = walk.in_datagram(&bytes);
        let stop = follow(&mut walk, Next::Protocol(protocol));
        let origin = Origin::Datagram(&segments);
        let stretch = Stretch { bytes: &bytes, origin, start: 0, end: bytes.len(), ..stretch };
        // Each level of this recursion has an IP header more, and those are limited.
        self.settle(stretch, &mut walk, stop, out)
    }

    /// 802.11 frames packed into one. The first packet is the frame's, the others go to `out`.
    fn aggregate(&mut self, stretch: Stretch<'_>, outer: &Walk<'_>, out: &mut NetOutput) -> Option<Packet> {
        self.tally.add(Reason::Headers, outer.at.saturating_sub(stretch.start));
        self.tally.add(Reason::Padding, stretch.end.saturating_sub(outer.end));
        let mut first = None;
        let mut next = Some(outer.at);
        while let Some(start) = next {
            let mut walk = Walk::new(stretch.bytes, start..outer.end, outer.lacking);
            let (stop, after) = match link::subframe(&mut walk) {
                Ok(after) => (follow(&mut walk, Next::Llc), after),
                Err(stop) => (stop, None),
            };
            next = after;
            let end = after.unwrap_or(outer.end);
            let packet = self.settle(Stretch { start, end, ..stretch }, &mut walk, stop, out);
            match (&first, packet) {
                (None, packet) => first = packet,
                (Some(_), packet) => out.more.extend(packet),
            }
        }
        first
    }

    /// Counts what of a stretch lies before and behind `range`.
    fn around(&mut self, stretch: Stretch<'_>, range: &Range<usize>) {
        self.tally.add(Reason::Headers, range.start.saturating_sub(stretch.start));
        self.tally.add(Reason::Padding, stretch.end.saturating_sub(range.end));
    }
}

impl Stretch<'_> {
    fn payload(&self, range: Range<usize>) -> Payload {
        match self.origin {
            Origin::Frame => {
                Payload::InFrame { offset: self.frame.offset.saturating_add(range.start as u64), range }
            }
            Origin::Datagram(_) => Payload::Assembled {
                segments: self.segments(&range),
                bytes: self.bytes.get(range).unwrap_or_default().to_vec(),
            },
        }
    }

    /// Where the bytes `range` lie in the capture.
    fn segments(&self, range: &Range<usize>) -> Vec<Segment> {
        let (start, end) = (range.start as u64, range.end as u64);
        match self.origin {
            Origin::Frame => {
                let Frame { capture, number, offset, .. } = *self.frame;
                let source = Source::Frame { capture, frame: number };
                vec![Segment::exact(0, end.saturating_sub(start), source, offset.saturating_add(start))]
            }
            Origin::Datagram(segments) => sub_segments(segments, &(start..end)),
        }
    }

    fn anomaly(&self, layer: Layer, what: &'static str) -> Anomaly {
        Anomaly {
            layer,
            what: what.into(),
            detail: String::new(),
            capture: self.frame.capture,
            frame: Some(self.frame.number),
            offset: Some(self.frame.offset),
        }
    }
}

/// Walks along headers until one ends the walk.
fn follow(walk: &mut Walk<'_>, mut next: Next) -> Stop {
    for _ in 0..MAX_HEADERS {
        let step = match next {
            Next::Ip => ip::ip(walk),
            Next::Protocol(number) => ip::protocol(walk, number),
            Next::Gre => tunnel::gre(walk),
            link => link::step(walk, link),
        };
        match step {
            Ok(then) => next = then,
            Err(stop) => return stop,
        }
    }
    Stop::Unread(link::Unread::TooDeep)
}

/// The parts of `segments` that are about the bytes `range`, `out` counted from its first.
fn sub_segments(segments: &[Segment], range: &Range<u64>) -> Vec<Segment> {
    let first = segments.partition_point(|segment| segment.out_end() <= range.start);
    let within = segments.iter().skip(first).take_while(|segment| segment.out < range.end);
    within
        .map(|segment| {
            let (start, end) = (segment.out.max(range.start), segment.out_end().min(range.end));
            let from = segment.start.saturating_add(start - segment.out);
            Segment::exact(start - range.start, end.saturating_sub(start), segment.source, from)
        })
        .collect()
}

/// Headers of one frame: more are not followed.
const MAX_HEADERS: usize = 64;

const SHORT: &str = "peer sent a packet that ends within a header";
