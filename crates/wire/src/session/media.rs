//! What calls and games send: STUN, and RTP with its control messages, told apart by RFC 7983.

use std::collections::VecDeque;

use super::NamedDatagrams;
use crate::{
    Sender,
    protocol::{DatagramProtocol, Output, Received},
};

/// STUN (RFC 8489 section 5), and in a flow that is `known` to be STUN what a relay carries (RFC 8656 section 12.4).
pub(super) fn stun(bytes: &[u8], known: bool) -> bool {
    let Some((&[a, b, c, d], rest)) = bytes.split_first_chunk::<4>() else { return false };
    let (len, there) = (usize::from(u16::from_be_bytes([c, d])), rest.len());
    let channel = known && (0x40..0x50).contains(&a) && there.checked_sub(len).is_some_and(|pad| pad < 4);
    let message = u16::from_be_bytes([a, b]) < 0x4000 && len % 4 == 0 && len.checked_add(16) == Some(there);
    channel || message && rest.starts_with(&COOKIE)
}

/// Whether a datagram has the form of RTP or RTCP (RFC 3550 sections 5.1 and 6.4). Noise may have it, too: the room
/// waits for others.
pub(super) fn may_be_rtp(bytes: &[u8]) -> bool {
    Mark::of(bytes).is_some()
}

/// What several datagrams of a source have in common.
#[derive(Clone, Copy, Debug)]
struct Mark {
    source: u32,
    /// Of RTP, that grows by one each time.
    sequence: Option<u16>,
}

impl Mark {
    fn of(bytes: &[u8]) -> Option<Self> {
        let (&[first, kind, a, b, c, d, e, f, g, h, i, j], rest) = bytes.split_first_chunk::<12>()?;
        if first >> 6 != 2 {
            return None;
        }
        let number = u16::from_be_bytes([a, b]);
        if (192..224).contains(&kind) {
            let len = usize::from(number).checked_mul(4)?;
            let fits = len >= 4 && len <= rest.len().checked_add(8)?;
            return fits.then_some(Self { source: u32::from_be_bytes([c, d, e, f]), sequence: None });
        }
        let listed = usize::from(first & 0x0f).checked_mul(4)?;
        let source = u32::from_be_bytes([g, h, i, j]);
        (rest.len() >= listed).then_some(Self { source, sequence: Some(number) })
    }

    /// Whether it goes on where `before` was.
    fn follows(self, before: Self) -> bool {
        let near = match (self.sequence, before.sequence) {
            (Some(now), Some(before)) => (1..=LOST).contains(&now.wrapping_sub(before)),
            (None, None) => true,
            _ => false,
        };
        near && self.source == before.source
    }
}

/// The room of RTP. Datagrams wait until several of one source came; those that stay alone are of no known protocol.
#[derive(Debug)]
pub(super) struct Rtp {
    /// Sources that are known, the latest.
    sources: VecDeque<u32>,
    waiting: VecDeque<(Sender, Received)>,
    known: NamedDatagrams,
    unknown: NamedDatagrams,
}

impl Rtp {
    pub(super) fn new(name: &'static str) -> Self {
        let (sources, waiting) = (VecDeque::new(), VecDeque::new());
        Self { sources, waiting, known: NamedDatagrams::new(name), unknown: NamedDatagrams::new("UDP") }
    }

    /// Whether the last of those that wait make up a run of one source.
    fn run(&self) -> Option<u32> {
        let mark = |(_, datagram): &(Sender, Received)| Mark::of(&datagram.recorded.bytes);
        let mut last = self.waiting.back().and_then(mark)?;
        let mut run = 1;
        for before in self.waiting.iter().rev().skip(1).filter_map(mark) {
            if last.follows(before) {
                (last, run) = (before, run + 1);
            }
        }
        (run >= RUN).then_some(last.source)
    }

    /// Gives out the first that waits.
    fn give(&mut self, out: &mut Output) {
        let Some((sender, datagram)) = self.waiting.pop_front() else { return };
        let source = Mark::of(&datagram.recorded.bytes).map(|mark| mark.source);
        match source.is_some_and(|source| self.sources.contains(&source)) {
            true => self.known.datagram(sender, datagram, out),
            false => self.unknown.datagram(sender, datagram, out),
        }
    }
}

impl DatagramProtocol for Rtp {
    fn datagram(&mut self, sender: Sender, datagram: Received, out: &mut Output) {
        let source = Mark::of(&datagram.recorded.bytes).map(|mark| mark.source);
        let at_once = source.is_some_and(|source| self.sources.contains(&source));
        if at_once && self.waiting.is_empty() {
            return self.known.datagram(sender, datagram, out);
        }
        self.waiting.push_back((sender, datagram));
        if let Some(source) = self.run().filter(|_| !at_once) {
            if self.sources.len() >= SOURCES {
                self.sources.pop_front();
            }
            self.sources.push_back(source);
            self.finish(out);
        }
        if self.waiting.len() > WAITING {
            self.give(out);
        }
    }

    fn finish(&mut self, out: &mut Output) {
        while !self.waiting.is_empty() {
            self.give(out);
        }
    }
}

/// RFC 8489 section 5.
const COOKIE: [u8; 4] = 0x2112_a442_u32.to_be_bytes();
/// How many datagrams of one source show that it is RTP.
const RUN: usize = 3;
/// Numbers that may be left out between two datagrams.
const LOST: u16 = 16;
/// Datagrams that wait for others.
const WAITING: usize = 8;
/// Sources remembered.
const SOURCES: usize = 16;
