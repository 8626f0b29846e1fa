//! WebSocket (RFC 6455) to messages, over whatever carries it: an HTTP/1 connection after its upgrade, or a
//! stream of HTTP/2 (RFC 8441).
//!
//! Texts and binary messages are put together from their frames, unmasked and inflated (RFC 7692). Where a
//! frame was masked, a message's bytes are those of a step `websocket-mask`, which is given the key and the
//! masked bytes; where the message was compressed, see `deflate.rs`. Heads of frames are counted, as are
//! control frames that say nothing; the reasons of closing and the contents of pings are messages.

mod deflate;
mod frame;
mod side;

use self::side::{Side, Work};
use crate::{
    Sender, StreamBuffer,
    protocol::{Context, Output, StreamProtocol, Verdict},
};

pub(crate) use deflate::{CONTINUED, DEFLATE, inflated};

/// The WebSocket room: both directions.
#[derive(Debug)]
pub struct WebSocket {
    originator: Side,
    responder: Side,
    /// The number of the next exchange: each message is one.
    next: u32,
}

/// Whether a stream goes on with WebSocket: the sides agreed to, and a first frame can begin so.
pub fn starts(bytes: &[u8], context: &Context) -> Verdict {
    if context.agreed.protocol != "websocket" {
        return Verdict::No;
    }
    match bytes.first() {
        None => Verdict::More,
        // A message's first frame is no continuation.
        Some(first) if first & 15 == 0 => Verdict::No,
        Some(_) => match frame::look(bytes) {
            frame::Look::Odd(_) => Verdict::No,
            frame::Look::More => Verdict::More,
            frame::Look::Header(_) => Verdict::Yes,
        },
    }
}

impl WebSocket {
    /// A room whose messages have that protocol's name.
    pub fn new(protocol: &'static str, context: &Context) -> Self {
        let side = |role| Side::new(protocol, takes_over(&context.agreed.extensions, role));
        Self {
            originator: side("client_no_context_takeover"),
            responder: side("server_no_context_takeover"),
            next: context.first_exchange,
        }
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
        (side, Work { sender, stream, next: &mut self.next, out })
    }
}

impl StreamProtocol for WebSocket {
    fn push(&mut self, sender: Sender, stream: &mut StreamBuffer, out: &mut Output) {
        let (side, mut work) = self.work(sender, stream, out);
        side.run(&mut work);
    }

    fn gap(&mut self, sender: Sender, len: u64, stream: &mut StreamBuffer, out: &mut Output) {
        let (side, mut work) = self.work(sender, stream, out);
        side.run(&mut work);
        side.gap(&mut work, len);
    }

    fn finish(&mut self, sender: Sender, stream: &mut StreamBuffer, out: &mut Output) {
        let (side, mut work) = self.work(sender, stream, out);
        side.run(&mut work);
        side.finish(&mut work);
    }
}

/// Whether a side's compressed messages may go on from each other, as far as the extensions that were agreed
/// on tell (RFC 7692 section 7.1.1). Who is the client is the originator.
fn takes_over(extensions: &str, without: &str) -> bool {
    !extensions.split([';', ',']).any(|parameter| parameter.trim().eq_ignore_ascii_case(without))
}

/// The payload of a masked frame, or a piece of it: `input` is the key and then the masked bytes.
pub(crate) fn unmasked(input: &[u8], most: usize) -> Option<Vec<u8>> {
    let (key, masked) = input.split_first_chunk()?;
    let mut bytes = masked.get(..masked.len().min(most))?.to_vec();
    frame::unmask(&mut bytes, *key, 0);
    Some(bytes)
}

/// Name of the step that undoes the masking.
pub(crate) const MASK: &str = "websocket-mask";

/// Largest piece of a message, in bytes; a multiple of the mask's length.
const PIECE: usize = 1 << 20;
