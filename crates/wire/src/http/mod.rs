//! HTTP/1 connections to messages (RFC 9112), both directions, whatever the peers make of the standard.
//!
//! Where a message should start and none does, or after a gap, the bytes are given out as raw stretches of
//! the same protocol until the next start is found. Bodies are kept as recorded; of chunked ones
//! [`Body::Joined`](crate::Body::Joined) has the data without their framing.

mod chunked;
mod head;
mod pairs;
mod side;
mod start;

use self::{
    pairs::Pairs,
    side::{Side, Turn, Work},
};
use crate::{
    Sender, StreamBuffer,
    protocol::{Context, Output, StreamProtocol, Verdict},
};

pub(crate) use self::{
    head::{Facts, HeadReader, Oddities},
    start::StartLine,
};

/// The HTTP/1 room: one connection.
#[derive(Debug)]
pub struct Http {
    pairs: Pairs,
    originator: Side,
    responder: Side,
    piece: usize,
}

/// Whether an HTTP/1 message starts with the first of `bytes`. `last`: no more will come.
pub fn recognise(bytes: &[u8], last: bool) -> Verdict {
    start::verdict(bytes, last)
}

impl Http {
    /// A room for a connection, or for what comes after CONNECT.
    pub fn new(context: &Context) -> Self {
        Self::with_piece(context, PIECE)
    }

    /// A room that cuts messages into pieces of at most `piece` bytes.
    pub fn with_piece(context: &Context, piece: usize) -> Self {
        let side = || Side::new(context.first_exchange);
        let pairs = Pairs::new(context.first_exchange);
        Self { pairs, originator: side(), responder: side(), piece: piece.max(1) }
    }

    fn run(&mut self, last: bool, sender: Sender, stream: &mut StreamBuffer, out: &mut Output) {
        let (side, mut work) = self.work(sender, stream, out);
        work.last = last;
        while !work.stream.is_empty() && work.out.upgrade.is_none() && side.step(&mut work) == Turn::Again {}
    }

    fn work<'a>(
        &'a mut self,
        sender: Sender,
        stream: &'a mut StreamBuffer,
        out: &'a mut Output,
    ) -> (&'a mut Side, Work<'a>) {
        let side = match sender {
            Sender::Originator => &mut self.originator,
            Sender::Responder => &mut self.responder,
        };
        (side, Work { sender, stream, pairs: &mut self.pairs, out, piece: self.piece, last: false })
    }
}

impl StreamProtocol for Http {
    fn push(&mut self, sender: Sender, stream: &mut StreamBuffer, out: &mut Output) {
        self.run(false, sender, stream, out);
    }

    fn gap(&mut self, sender: Sender, len: u64, stream: &mut StreamBuffer, out: &mut Output) {
        self.run(false, sender, stream, out);
        let (side, mut work) = self.work(sender, stream, out);
        side.gap(&mut work, len);
    }

    fn finish(&mut self, sender: Sender, stream: &mut StreamBuffer, out: &mut Output) {
        self.run(true, sender, stream, out);
        let (side, mut work) = self.work(sender, stream, out);
        if work.out.upgrade.is_none() {
            side.finish(&mut work);
        }
    }
}

const PROTOCOL: &str = "HTTP/1";

/// Largest piece of a message, in bytes, head included.
pub const PIECE: usize = 8 * 1024 * 1024;
