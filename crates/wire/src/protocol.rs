//! The contract between `session` and the protocol rooms.

use std::sync::Arc;

use evidence::{Anomaly, CaptureId, Fate, Layer, Ledger};

use crate::{Ending, KeyRing, Message, Recorded, Seal, Sender, StreamBuffer, quic::Path};

/// A protocol over a stream. One value serves both directions of one connection.
///
/// The split law: however the bytes are spread over calls, the messages are the same.
pub trait StreamProtocol: Send {
    /// Takes from `stream`, which holds the waiting bytes of `sender`, as many whole messages as are there.
    /// Bytes that it leaves come again, with more behind them.
    fn push(&mut self, sender: Sender, stream: &mut StreamBuffer, out: &mut Output);

    /// `len` bytes of `sender` were lost; what was waiting comes first in `stream` and must be taken.
    fn gap(&mut self, sender: Sender, len: u64, stream: &mut StreamBuffer, out: &mut Output);

    /// No more bytes come from `sender`: what waits in `stream` must be taken.
    fn finish(&mut self, sender: Sender, stream: &mut StreamBuffer, out: &mut Output);
}

/// A protocol over datagrams. One value serves both directions of one flow.
pub trait DatagramProtocol: Send {
    /// Makes one message or more of a datagram that the protocol's recogniser accepted. All its bytes must
    /// end up in messages, or be [passed](Output::pass) over: at once, or at the [end](Self::finish).
    fn datagram(&mut self, sender: Sender, datagram: Received, out: &mut Output);

    /// No more datagrams come: what waits for others must be given out. May be called again.
    fn finish(&mut self, out: &mut Output) {
        let _ = out;
    }
}

/// A datagram for a room.
#[derive(Clone, Debug)]
pub struct Received {
    /// Its bytes.
    pub recorded: Recorded,
    /// Whether the capture lacks its end: what is missing is not the peer's fault.
    pub cut: bool,
}

impl Received {
    /// The ending of a message that is the whole datagram.
    pub fn ending(&self) -> Ending {
        if self.cut { Ending::Cut } else { Ending::Whole }
    }
}

/// What a recogniser makes of the first bytes of a stream.
///
/// A recogniser never takes back `Yes` or `No` when more bytes come, and asks for `More` only within a
/// bound of its own: so the answer does not depend on how the bytes were spread over packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Not this protocol.
    No,
    /// Cannot be told yet.
    More,
    /// This protocol.
    Yes,
}

impl Verdict {
    /// `Yes` or `No` where no more bytes will come: what could still be it is not.
    pub fn settled(self, last: bool) -> Self {
        if last && self == Self::More { Self::No } else { self }
    }

    /// Whether `bytes` begin with `magic`.
    pub fn magic(bytes: &[u8], magic: &[u8]) -> Self {
        let common = bytes.len().min(magic.len());
        match bytes.get(..common) == magic.get(..common) {
            false => Self::No,
            true if common < magic.len() => Self::More,
            true => Self::Yes,
        }
    }
}

/// What a room is told of the flow it works in.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// Ports of originator and responder.
    pub ports: [u16; 2],
    /// The number of the room's first exchange: those before were used by earlier rooms of the flow.
    pub first_exchange: u32,
    /// The secrets at hand.
    pub keys: KeyRing,
    /// What lies around the flow, where it was taken out of another one: TLS within TLS.
    pub seal: Option<Arc<Seal>>,
    /// Where rooms write down under which ids their connections are reached; `None`: nobody asks.
    pub path: Option<Path>,
    /// What an earlier room of the flow (or the stream around it) agreed to go on with.
    pub agreed: Upgrade,
}

impl Context {
    /// A connection of the flow is reached under that id, from whatever address.
    pub(crate) fn reached_by(&self, id: &[u8]) {
        if let Some(path) = &self.path {
            path.learn(id);
        }
    }

    /// Whether either side has that port.
    pub fn port(&self, port: u16) -> bool {
        self.ports.contains(&port)
    }
}

/// What the sides of a connection agreed to go on with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Upgrade {
    /// The protocol in lower case, `websocket`; empty where the bytes that follow must tell.
    pub protocol: String,
    /// What was agreed on for it, as sent: `Sec-WebSocket-Extensions`.
    pub extensions: String,
}

/// What rooms and flows give out, in order.
#[derive(Debug, Default)]
pub struct Output {
    /// Messages.
    pub messages: Vec<Message>,
    /// What was odd.
    pub anomalies: Vec<Anomaly>,
    /// A protocol asks to be replaced: after CONNECT, Upgrade or STARTTLS, or where its framing was lost, the
    /// rest of the connection is recognised afresh. It leaves both streams at the place where that begins.
    pub upgrade: Option<Upgrade>,
    exchanges: u32,
    passed: Vec<Passed>,
}

/// A row of the bytes that are in no message: why, how many bytes, how many pieces.
#[derive(Clone, Copy, Debug)]
struct Passed {
    fate: Fate,
    reason: &'static str,
    bytes: u64,
    pieces: u64,
}

impl Output {
    /// The next free exchange number of a flow of datagrams, which any number of rooms may share.
    pub fn number(&mut self) -> u32 {
        let number = self.exchanges;
        self.exchanges = number.saturating_add(1);
        number
    }

    /// A session within the flow has used the exchange numbers below `next`.
    pub(crate) fn numbered(&mut self, next: u32) {
        self.exchanges = self.exchanges.max(next);
    }

    /// Counts bytes that go into no message. Pieces are counted apart, as a piece may come in several calls.
    /// Made to be called often: the reasons of a flow are few.
    pub fn pass(&mut self, fate: Fate, reason: &'static str, bytes: u64, pieces: u64) {
        match self.passed.iter_mut().find(|row| row.fate == fate && row.reason == reason) {
            Some(row) => {
                row.bytes = row.bytes.saturating_add(bytes);
                row.pieces = row.pieces.saturating_add(pieces);
            }
            None => self.passed.push(Passed { fate, reason, bytes, pieces }),
        }
    }

    /// Takes over what a session inside this flow has made: its exchanges are numbered from `first_exchange` on,
    /// and its messages came under `seal`, where they have none of their own.
    pub fn absorb(&mut self, inner: &mut Self, first_exchange: u32, seal: Option<&Arc<Seal>>) {
        for mut message in inner.messages.drain(..) {
            message.exchange = message.exchange.saturating_add(first_exchange);
            message.seal = message.seal.or_else(|| seal.cloned());
            self.messages.push(message);
        }
        self.anomalies.append(&mut inner.anomalies);
        for row in inner.passed.drain(..) {
            self.pass(row.fate, row.reason, row.bytes, row.pieces);
        }
    }

    /// All that was passed over so far.
    pub fn passed(&self) -> Ledger {
        let mut ledger = Ledger::default();
        for row in &self.passed {
            ledger.add_pieces(row.fate, row.reason, row.bytes, row.pieces);
        }
        ledger
    }

    /// Notes odd bytes at the first that waits in `stream`. `what` is a fixed sentence, see [`Anomaly`].
    pub fn note_stream(&mut self, layer: Layer, what: &'static str, detail: String, stream: &StreamBuffer) {
        let place = stream.place();
        self.anomalies.push(Anomaly {
            layer,
            what: what.into(),
            detail,
            capture: place.map_or(CaptureId::default(), |(capture, _, _)| capture),
            frame: place.map(|(_, frame, _)| frame),
            offset: place.map(|(_, _, offset)| offset),
        });
    }

    /// Notes odd bytes at `at` in `recorded`. `what` is a fixed sentence, see [`Anomaly`].
    pub fn note(&mut self, layer: Layer, what: &'static str, detail: String, recorded: &Recorded, at: u64) {
        let place = recorded.place(at);
        self.anomalies.push(Anomaly {
            layer,
            what: what.into(),
            detail,
            capture: place.map_or(CaptureId::default(), |(capture, _, _)| capture),
            frame: place.map(|(_, frame, _)| frame),
            offset: place.map(|(_, _, offset)| offset),
        });
    }
}
