//! Stretches of a stream that nobody takes apart: given out as they stand, in pieces.

use evidence::Step;

use crate::{
    Body, Ending, Head, Message, Sender, StreamBuffer,
    protocol::{Context, DatagramProtocol, Output, Received, StreamProtocol},
};

/// One direction's run of raw bytes: pieces of at most [`RawRun::PIECE`] bytes, all of one exchange, whose
/// [`Message::position`]s say where in the run they stand.
#[derive(Clone, Debug)]
pub(crate) struct RawRun {
    protocol: &'static str,
    exchange: u32,
    position: u64,
}

impl RawRun {
    /// Most bytes of a piece: enough for decoders to see what it is, little to keep waiting.
    pub(crate) const PIECE: usize = 64 * 1024;

    /// A run that begins with the next byte.
    pub(crate) fn new(protocol: &'static str, exchange: u32) -> Self {
        Self { protocol, exchange, position: 0 }
    }

    /// A run of the same protocol in another exchange, that begins with the next byte.
    pub(crate) fn next(&self, exchange: u32) -> Self {
        Self::new(self.protocol, exchange)
    }

    /// Gives out the first `len` waiting bytes as one piece.
    pub(crate) fn cut(
        &mut self,
        len: usize,
        ending: Ending,
        (sender, stream): (Sender, &mut StreamBuffer),
        out: &mut Output,
    ) {
        if len == 0 || stream.is_empty() {
            return;
        }
        let recorded = stream.take(len);
        let len = recorded.bytes.len();
        let position = self.position;
        self.lose(len as u64);
        out.messages.push(Message {
            protocol: self.protocol,
            sender,
            exchange: self.exchange,
            recorded,
            step: Step::Reassembly,
            parts: Vec::new(),
            body: Body::Range(0..len),
            head: Head::Raw,
            ending,
            position,
            seal: None,
            stands_for: None,
        });
    }

    /// Gives out pieces as long as more than one waits.
    pub(crate) fn cut_full(&mut self, (sender, stream): (Sender, &mut StreamBuffer), out: &mut Output) {
        while stream.len() > Self::PIECE {
            self.cut(Self::PIECE, Ending::Continued, (sender, &mut *stream), out);
        }
    }

    /// Gives out all that waits; the last piece has that `ending`.
    pub(crate) fn flush(
        &mut self,
        ending: Ending,
        (sender, stream): (Sender, &mut StreamBuffer),
        out: &mut Output,
    ) {
        self.cut_full((sender, &mut *stream), out);
        self.cut(stream.len(), ending, (sender, stream), out);
    }

    /// The run goes on `len` bytes further on.
    pub(crate) fn lose(&mut self, len: u64) {
        self.position = self.position.saturating_add(len);
    }
}

/// A protocol that is known by name only: both directions are one raw run each.
#[derive(Debug)]
pub struct Named {
    originator: RawRun,
    responder: RawRun,
}

impl Named {
    /// A room whose messages have that protocol's name.
    pub fn new(protocol: &'static str, context: &Context) -> Self {
        let run = RawRun::new(protocol, context.first_exchange);
        Self { originator: run.clone(), responder: run }
    }

    fn run(&mut self, sender: Sender) -> &mut RawRun {
        match sender {
            Sender::Originator => &mut self.originator,
            Sender::Responder => &mut self.responder,
        }
    }
}

impl StreamProtocol for Named {
    fn push(&mut self, sender: Sender, stream: &mut StreamBuffer, out: &mut Output) {
        self.run(sender).cut_full((sender, stream), out);
    }

    fn gap(&mut self, sender: Sender, len: u64, stream: &mut StreamBuffer, out: &mut Output) {
        let run = self.run(sender);
        run.flush(Ending::Cut, (sender, stream), out);
        run.lose(len);
    }

    fn finish(&mut self, sender: Sender, stream: &mut StreamBuffer, out: &mut Output) {
        self.run(sender).flush(Ending::Whole, (sender, stream), out);
    }
}

/// A datagram protocol that is known by name only: each datagram is a raw message, all in one exchange.
#[derive(Debug)]
pub struct NamedDatagrams {
    protocol: &'static str,
    exchange: Option<u32>,
}

impl NamedDatagrams {
    /// A room whose messages have that protocol's name.
    pub fn new(protocol: &'static str) -> Self {
        Self { protocol, exchange: None }
    }
}

impl DatagramProtocol for NamedDatagrams {
    fn datagram(&mut self, sender: Sender, datagram: Received, out: &mut Output) {
        let body = Body::Range(0..datagram.recorded.bytes.len());
        let exchange = *self.exchange.get_or_insert_with(|| out.number());
        out.messages.push(Message {
            protocol: self.protocol,
            sender,
            exchange,
            ending: datagram.ending(),
            recorded: datagram.recorded,
            step: Step::Datagram,
            parts: Vec::new(),
            body,
            head: Head::Raw,
            position: 0,
            seal: None,
            stands_for: None,
        });
    }
}
