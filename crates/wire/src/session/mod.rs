//! One flow to messages: which protocol it speaks is told from its first bytes, and the protocol's room
//! does the rest.
//!
//! Either direction's first bytes tell the protocol for both. After CONNECT, Upgrade and STARTTLS, and after
//! a gap in bytes that nobody recognised, they are looked at afresh. Bytes of no known protocol are messages
//! too: protocol `TCP` or `UDP`, [`Head::Raw`](crate::Head::Raw), so that they are searched. Streams of those come in pieces
//! of 64 KiB; see [`Ending`] for how a search bridges their borders.
//!
//! Conservation: every byte given to a session is in exactly one message's `recorded`, or counted in the
//! session's ledger: bytes that are encrypted are in no message.

mod marks;
mod media;
pub(crate) mod raw;
mod table;

use std::sync::Arc;

use evidence::{Ledger, Transport};
use memchr::memchr;

use self::{
    raw::RawRun,
    table::{DATAGRAMS, STREAMS, StreamRow},
};
use crate::{
    Ending, KeyRing, Seal, Sender, StreamBuffer,
    flow::{Datagram, FlowInfo, FlowSink},
    protocol::{Context, DatagramProtocol, Output, Received, StreamProtocol, Verdict},
    quic::Paths,
};

pub use raw::{Named, NamedDatagrams};

/// What one flow says: a [`FlowSink`] whose [`output`](Self::output) is to be taken between calls.
pub struct Session {
    /// What its rooms are told.
    context: Context,
    originator: Side,
    responder: Side,
    room: Option<(&'static str, Box<dyn StreamProtocol>)>,
    /// Rooms of datagram protocols that were met, by their row of the table.
    rooms: Vec<(usize, Box<dyn DatagramProtocol>)>,
    unknown: NamedDatagrams,
    out: Output,
    /// How many of `out`'s messages were looked at.
    seen: usize,
}

/// One direction of a stream.
#[derive(Debug)]
struct Side {
    mode: Mode,
    run: RawRun,
    /// Bytes of the waiting ones that were looked at for the hello after STARTTLS.
    scanned: usize,
    /// The byte before the waiting ones.
    before: u8,
}

/// What becomes of a direction's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// Not known yet.
    Fresh,
    /// Nobody recognised them.
    Raw,
    /// The session's room takes them.
    Room,
}

impl Session {
    /// A session for that flow, with the secrets at hand.
    pub fn new(flow: &FlowInfo, keys: &KeyRing) -> Self {
        Self::over(flow.transport, [flow.originator.1, flow.responder.1], keys)
    }

    /// Writes down in `paths` under which ids its connections are reached: those of the flow `flow`.
    #[must_use]
    pub fn known_to(mut self, paths: &Paths, flow: &FlowInfo) -> Self {
        self.context.path = Some(paths.of(flow.id));
        self
    }

    /// A session for a flow of which only the transport and the ports (originator's, responder's) are known.
    pub fn over(transport: Transport, ports: [u16; 2], keys: &KeyRing) -> Self {
        let context = Context { ports, keys: keys.clone(), ..Context::default() };
        Self::within(transport, context)
    }

    /// A session for what a room took out of its own flow: `context` is that of the room, with the seal that
    /// was undone.
    pub fn within(transport: Transport, context: Context) -> Self {
        let name = match transport {
            Transport::Tcp => "TCP",
            Transport::Udp => "UDP",
        };
        Self {
            context: Context { first_exchange: 0, ..context },
            originator: Side::new(name),
            responder: Side::new(name),
            room: None,
            rooms: Vec::new(),
            unknown: NamedDatagrams::new(name),
            out: Output::default(),
            seen: 0,
        }
    }

    /// What was made of the bytes so far. Whoever looks at it takes the messages and anomalies out.
    pub fn output(&mut self) -> &mut Output {
        self.count_exchanges();
        self.seen = 0;
        &mut self.out
    }

    /// The bytes so far that are in no message, with what became of them: above all what is encrypted.
    pub fn ledger(&self) -> Ledger {
        self.out.passed()
    }

    /// The flow is over: what rooms of datagrams hold back is given out. Streams [end](FlowSink::end).
    pub fn finish(&mut self) {
        self.count_exchanges();
        for (_, room) in &mut self.rooms {
            room.finish(&mut self.out);
        }
    }

    /// How many seals lie around it.
    pub fn depth(&self) -> usize {
        let outer = |seal: &Arc<Seal>| seal.outer.clone();
        std::iter::successors(self.context.seal.clone(), outer).count()
    }

    fn side(&mut self, sender: Sender) -> &mut Side {
        match sender {
            Sender::Originator => &mut self.originator,
            Sender::Responder => &mut self.responder,
        }
    }

    /// Does what can be done with the waiting bytes. `last`: no more will come before those are to be given out.
    fn run(&mut self, sender: Sender, stream: &mut StreamBuffer, last: bool) {
        while !stream.is_empty() {
            let again = match self.side(sender).mode {
                Mode::Fresh => self.recognise(sender, stream.bytes(), last),
                Mode::Raw => self.pass_raw(sender, stream),
                Mode::Room => {
                    if let Some((_, room)) = &mut self.room {
                        room.push(sender, stream, &mut self.out);
                    }
                    self.replace_room()
                }
            };
            if !again {
                return;
            }
        }
    }

    /// Whether the room asked to be replaced, and was.
    fn replace_room(&mut self) -> bool {
        let asked = self.out.upgrade.take();
        let replaced = asked.is_some();
        if let Some(upgrade) = asked {
            self.room = None;
            self.context.agreed = upgrade;
            self.count_exchanges();
            let exchange = self.context.first_exchange;
            for side in [&mut self.originator, &mut self.responder] {
                side.begin(Mode::Fresh);
                side.run = side.run.next(exchange);
            }
        }
        replaced
    }

    /// Looks at the first bytes of a direction. Returns whether it is known now what becomes of them.
    fn recognise(&mut self, sender: Sender, bytes: &[u8], last: bool) -> bool {
        self.count_exchanges();
        for row in STREAMS {
            match (row.recognise)(bytes, last, &self.context) {
                Verdict::No => {}
                Verdict::More => return false,
                Verdict::Yes => {
                    self.enter(sender, row);
                    return true;
                }
            }
        }
        self.side(sender).begin(Mode::Raw);
        true
    }

    /// A direction was recognised. The other one speaks the same, unless it is known not to.
    fn enter(&mut self, sender: Sender, row: &StreamRow) {
        let context = &self.context;
        let name = self.room.get_or_insert_with(|| (row.name, (row.open)(row.name, context))).0;
        if name != row.name {
            return self.side(sender).begin(Mode::Raw);
        }
        self.side(sender).begin(Mode::Room);
        let other = self.side(other(sender));
        if other.mode == Mode::Fresh || row.joins_late {
            other.begin(Mode::Room);
        }
    }

    /// Gives out bytes that nobody recognised. Returns whether STARTTLS ended them.
    fn pass_raw(&mut self, sender: Sender, stream: &mut StreamBuffer) -> bool {
        let side = match sender {
            Sender::Originator => &mut self.originator,
            Sender::Responder => &mut self.responder,
        };
        let hello = side.find_hello(stream.bytes());
        let mut known = hello.unwrap_or(side.scanned);
        while known > RawRun::PIECE {
            side.before = stream.bytes().get(RawRun::PIECE - 1).copied().unwrap_or_default();
            side.run.cut(RawRun::PIECE, Ending::Continued, (sender, &mut *stream), &mut self.out);
            known -= RawRun::PIECE;
        }
        side.scanned = known;
        if hello.is_some() {
            side.run.cut(known, Ending::Whole, (sender, stream), &mut self.out);
            side.begin(Mode::Fresh);
        }
        hello.is_some()
    }

    /// Gives out what waits as bytes that nobody recognised.
    fn flush(&mut self, ending: Ending, sender: Sender, stream: &mut StreamBuffer) {
        let side = match sender {
            Sender::Originator => &mut self.originator,
            Sender::Responder => &mut self.responder,
        };
        side.run.flush(ending, (sender, stream), &mut self.out);
    }

    /// Lets a datagram's room have it.
    pub(crate) fn receive(&mut self, sender: Sender, datagram: Received) {
        let mut out = std::mem::take(&mut self.out);
        self.room_for(&datagram.recorded.bytes).datagram(sender, datagram, &mut out);
        self.out = out;
    }

    fn room_for(&mut self, bytes: &[u8]) -> &mut dyn DatagramProtocol {
        self.count_exchanges();
        let context = &self.context;
        let known =
            |rooms: &[(usize, Box<dyn DatagramProtocol>)], row| rooms.iter().position(|(of, _)| *of == row);
        let accepts = |(row, entry): &(usize, &table::DatagramRow)| {
            (entry.recognise)(bytes, known(&self.rooms, *row).is_some(), context)
        };
        let Some((row, entry)) = DATAGRAMS.iter().enumerate().find(accepts) else {
            return &mut self.unknown;
        };
        let place = known(&self.rooms, row).unwrap_or_else(|| {
            self.rooms.push((row, (entry.open)(entry.name, context)));
            self.rooms.len() - 1
        });
        match self.rooms.get_mut(place) {
            Some((_, room)) => &mut **room,
            None => &mut self.unknown,
        }
    }

    /// Notes the numbers that the messages have taken.
    fn count_exchanges(&mut self) {
        let new = self.out.messages.get(self.seen..).unwrap_or_default();
        let next = new.iter().map(|message| message.exchange.saturating_add(1)).max().unwrap_or(0);
        self.context.first_exchange = self.context.first_exchange.max(next);
        self.seen = self.out.messages.len();
    }
}

impl FlowSink for Session {
    fn data(&mut self, sender: Sender, stream: &mut StreamBuffer) {
        self.run(sender, stream, false);
    }

    fn gap(&mut self, sender: Sender, len: u64, stream: &mut StreamBuffer) {
        self.run(sender, stream, true);
        if self.side(sender).mode == Mode::Room {
            if let Some((_, room)) = &mut self.room {
                room.gap(sender, len, stream, &mut self.out);
            }
            self.replace_room();
            return self.flush(Ending::Cut, sender, stream);
        }
        self.flush(Ending::Cut, sender, stream);
        let joined = self.room.is_some();
        let side = self.side(sender);
        side.run.lose(len);
        // Behind a gap anything may begin; where the connection has a room, that one was not for this side.
        side.begin(if joined { Mode::Raw } else { Mode::Fresh });
    }

    fn end(&mut self, sender: Sender, stream: &mut StreamBuffer) {
        for (_, room) in &mut self.rooms {
            room.finish(&mut self.out);
        }
        for _ in 0..UPGRADES_AT_END {
            self.run(sender, stream, true);
            if self.side(sender).mode != Mode::Room {
                break;
            }
            if let Some((_, room)) = &mut self.room {
                room.finish(sender, stream, &mut self.out);
            }
            if !self.replace_room() {
                break;
            }
        }
        self.flush(Ending::Whole, sender, stream);
    }

    fn datagram(&mut self, sender: Sender, datagram: Datagram<'_>) {
        if datagram.bytes.is_empty() {
            return;
        }
        self.receive(sender, Received { recorded: datagram.to_recorded(), cut: datagram.cut > 0 });
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let room = self.room.as_ref().map(|(name, _)| name);
        f.debug_struct("Session")
            .field("ports", &self.context.ports)
            .field("room", &room)
            .finish_non_exhaustive()
    }
}

impl Side {
    fn new(protocol: &'static str) -> Self {
        Self { mode: Mode::Fresh, run: RawRun::new(protocol, 0), scanned: 0, before: b'\n' }
    }

    /// What becomes of the bytes from the first waiting one on.
    fn begin(&mut self, mode: Mode) {
        self.mode = mode;
        self.scanned = 0;
        self.before = b'.';
    }

    /// Where in the waiting bytes a hello stands at the start of a line or behind a tag, as after STARTTLS
    /// (RFC 3207, RFC 6120 section 5).
    fn find_hello(&mut self, bytes: &[u8]) -> Option<usize> {
        while let Some(found) = bytes.get(self.scanned..).and_then(|rest| memchr(HELLO, rest)) {
            let at = self.scanned + found;
            let before = at.checked_sub(1).map_or(Some(self.before), |before| bytes.get(before).copied());
            self.scanned = at;
            if matches!(before, Some(b'\n' | b'>')) {
                match marks::tls_hello(bytes.get(at..).unwrap_or_default()) {
                    Verdict::Yes => return Some(at),
                    Verdict::More => return None,
                    Verdict::No => {}
                }
            }
            self.scanned = at + 1;
        }
        self.scanned = bytes.len();
        None
    }
}

fn other(sender: Sender) -> Sender {
    match sender {
        Sender::Originator => Sender::Responder,
        Sender::Responder => Sender::Originator,
    }
}

/// First byte of a TLS handshake record.
const HELLO: u8 = 0x16;

/// How often a room may ask to be replaced while a direction's last bytes are given out.
const UPGRADES_AT_END: usize = 8;
