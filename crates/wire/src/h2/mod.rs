//! HTTP/2 connections to messages (RFC 9113), both directions: with prior knowledge, after an upgrade, inside
//! TLS, and from the middle.
//!
//! Each request and each response is a message; a stream is an exchange. A message's `recorded` is its head
//! written out as text (see [`Written`](crate::fields::Written)), then its body, then its trailer fields. It
//! stands for the header blocks and the data they came from. Frame headers, padding and the frames that steer
//! the connection are in no message; what frames of unknown types carry, and what peers say with a farewell, is
//! given out as raw messages, for anything may stand there.
//!
//! After lost bytes, and where the framing breaks, a direction looks for a frame whose header and whose
//! successor's header are plausible; what lies before is given out as raw stretches.

pub mod frame;
mod side;
mod streams;

use self::{side::Side, streams::Streams};
use crate::{
    Sender, StreamBuffer,
    protocol::{Context, Output, StreamProtocol, Verdict},
};

pub use self::frame::{Frame, Kind};

/// The HTTP/2 room: one connection.
#[derive(Debug)]
pub struct Http2 {
    streams: Streams,
    originator: Side,
    responder: Side,
}

/// Whether HTTP/2 begins with the first of `bytes`: the client's preface, the server's settings, or in the
/// middle of a connection two frames. `last`: no more will come.
pub fn recognise(bytes: &[u8], last: bool) -> Verdict {
    let answers = [
        Verdict::magic(bytes, MAGIC).settled(last),
        frame::settings(bytes, last),
        frame::begins(bytes, last),
    ];
    if answers.contains(&Verdict::Yes) {
        return Verdict::Yes;
    }
    if answers.contains(&Verdict::More) { Verdict::More } else { Verdict::No }
}

impl Http2 {
    /// A room for a connection.
    pub fn new(context: &Context) -> Self {
        Self::with_piece(context, crate::http::PIECE)
    }

    /// A room that cuts messages into pieces of at most `piece` bytes, trailer fields aside.
    pub fn with_piece(context: &Context, piece: usize) -> Self {
        Self {
            streams: Streams::new(context, piece.max(1)),
            originator: Side::new(Sender::Originator),
            responder: Side::new(Sender::Responder),
        }
    }

    fn with(&mut self, sender: Sender, stream: &mut StreamBuffer, out: &mut Output, does: Does) {
        let (side, reader) = match sender {
            Sender::Originator => (&mut self.originator, &mut self.responder),
            Sender::Responder => (&mut self.responder, &mut self.originator),
        };
        let mut work = side::Work { stream, streams: &mut self.streams, out, last: does != Does::Push };
        while side.step(&mut work) {}
        match does {
            Does::Push => {}
            Does::Gap(len) => side.gap(len, &mut work),
            Does::Finish => side.finish(&mut work),
        }
        // Who says how large a frame may be says it to the other side.
        reader.allow(side.wants());
    }
}

/// What a call is about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Does {
    Push,
    Gap(u64),
    Finish,
}

impl StreamProtocol for Http2 {
    fn push(&mut self, sender: Sender, stream: &mut StreamBuffer, out: &mut Output) {
        self.with(sender, stream, out, Does::Push);
    }

    fn gap(&mut self, sender: Sender, len: u64, stream: &mut StreamBuffer, out: &mut Output) {
        self.with(sender, stream, out, Does::Gap(len));
    }

    fn finish(&mut self, sender: Sender, stream: &mut StreamBuffer, out: &mut Output) {
        self.with(sender, stream, out, Does::Finish);
    }
}

const PROTOCOL: &str = "HTTP/2";

/// What a client sends first (RFC 9113 section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// As much of it as tells.
const MAGIC: &[u8] = b"PRI * HTTP/2.0";
