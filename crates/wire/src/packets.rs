//! One direction of a protocol whose packets begin with their length: cuts packets out of a stream, long ones
//! in pieces, and finds its way over gaps that end within a packet.

use crate::{Ending, Recorded, StreamBuffer};

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
    Odd(&'static str),
    /// All of its bytes, those that say so included.
    Of(u64),
}

/// What comes next in a direction.
#[derive(Debug)]
pub(crate) enum Next {
    /// No packet begins here.
    Odd(&'static str),
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
            Some(Length::Odd(what)) => return Next::Odd(what),
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

/// Largest piece of a packet.
const PIECE: usize = 1 << 20;
