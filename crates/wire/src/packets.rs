//! One direction of a protocol whose packets begin with their length: cuts packets out of a stream, long ones
//! in pieces, and finds its way over gaps that end within a packet.

use evidence::{Layer, Step};

use crate::{Body, Ending, Head, Message, NamedHead, Recorded, Sender, StreamBuffer, protocol::Output};

/// One direction.
#[derive(Debug, Default)]
pub(crate) struct Packets {
    /// Bytes of the packet being read that are still to come.
    left: u64,
}

/// What the first bytes of a packet say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Length {
    More,
    /// No packet begins so.
    Odd(Odd),
    /// All of its bytes, those that say so included.
    Of(u64),
}

/// A byte that none of a protocol's packets has at its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Odd {
    /// A fixed sentence, see [`evidence::Anomaly`].
    pub(crate) what: &'static str,
    pub(crate) needed: &'static str,
    pub(crate) found: u8,
}

/// What comes next in a direction.
#[derive(Debug)]
pub(crate) enum Next {
    /// No packet begins here.
    Odd(Odd),
    /// A packet, or its first piece.
    Packet(Recorded, Ending),
    /// A further piece of the packet before.
    Rest(Recorded, Ending),
    /// More must come.
    Wait,
}

impl Packets {
    /// Takes the next packet, or piece of one, where it is there.
    pub(crate) fn next(&mut self, stream: &mut StreamBuffer, length: impl Fn(&[u8]) -> Length) -> Next {
        if stream.is_empty() {
            return Next::Wait;
        }
        let first = self.left == 0;
        let left = match first.then(|| length(stream.bytes())) {
            None => self.left,
            Some(Length::Of(total)) => total.max(1),
            Some(Length::More) => return Next::Wait,
            Some(Length::Odd(odd)) => return Next::Odd(odd),
        };
        let count = usize::try_from(left).unwrap_or(PIECE).min(PIECE);
        if stream.len() < count {
            return Next::Wait;
        }
        self.left = left - count as u64;
        let ending = if self.left > 0 { Ending::Continued } else { Ending::Whole };
        let recorded = stream.take(count);
        if first { Next::Packet(recorded, ending) } else { Next::Rest(recorded, ending) }
    }

    /// Takes what waits: what follows was lost, or does not come.
    pub(crate) fn cut(&mut self, stream: &mut StreamBuffer, length: impl Fn(&[u8]) -> Length) -> Next {
        let there = stream.len() as u64;
        if there == 0 {
            return Next::Wait;
        }
        let first = self.left == 0;
        let total = match first.then(|| length(stream.bytes())) {
            Some(Length::Of(total)) => total,
            Some(Length::More | Length::Odd(_)) => 0,
            None => self.left,
        };
        self.left = total.saturating_sub(there);
        let recorded = stream.take(stream.len());
        if first { Next::Packet(recorded, Ending::Cut) } else { Next::Rest(recorded, Ending::Cut) }
    }

    /// Passes over `lost` bytes; `false` where they reach out of the packet being read, so that nobody knows
    /// where the next one begins.
    pub(crate) fn lose(&mut self, lost: u64) -> bool {
        let inside = lost <= self.left;
        self.left = self.left.saturating_sub(lost);
        inside
    }
}

impl Odd {
    /// Notes it at the first byte that waits.
    pub(crate) fn note(&self, layer: Layer, stream: &StreamBuffer, out: &mut Output) {
        let detail = format!("needed {}, found {:#04x}", self.needed, self.found);
        out.note_stream(layer, self.what, detail, stream);
    }
}

/// The packet of a direction that comes in pieces, and goes on.
#[derive(Clone, Debug)]
pub(crate) struct Pieces {
    head: NamedHead,
    exchange: u32,
    /// How much of its body came, or was lost.
    position: u64,
}

impl Pieces {
    /// What goes on from a packet's first piece, of which `body` bytes are body.
    pub(crate) fn of(head: NamedHead, exchange: u32, body: u64) -> Self {
        Self { head: NamedHead { names: Vec::new(), ..head }, exchange, position: body }
    }

    /// Bytes of its body were lost.
    pub(crate) fn lose(&mut self, len: u64) {
        self.position = self.position.saturating_add(len);
    }

    /// A further piece: all of it body.
    pub(crate) fn rest(
        &mut self,
        (protocol, sender): (&'static str, Sender),
        recorded: Recorded,
        ending: Ending,
    ) -> Message {
        let (len, position) = (recorded.bytes.len(), self.position);
        self.lose(len as u64);
        Message {
            protocol,
            sender,
            exchange: self.exchange,
            recorded,
            step: Step::Reassembly,
            parts: Vec::new(),
            body: Body::Range(0..len),
            head: Head::Named(Box::new(self.head.clone())),
            ending,
            position,
            seal: None,
            stands_for: None,
        }
    }
}

/// The place of an odd byte in a packet, and what stands there.
pub(crate) fn found(bytes: &[u8], at: usize) -> String {
    let len = bytes.len();
    match bytes.get(at) {
        Some(byte) => format!("found {byte:#04x} at byte {at} of {len}"),
        None => format!("found the end after {len} bytes"),
    }
}

/// Largest piece of a packet.
const PIECE: usize = 1 << 20;
