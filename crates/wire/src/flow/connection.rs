//! A TCP connection: which packets belong to it, and when its addresses begin another one.
//!
//! Control bits are believed only as far as they fit: a SYN with another sequence number in the middle of
//! a live connection has to be confirmed by what follows, and so has data far outside the window. Such
//! packets wait, and go to the new connection when there is one.

use evidence::{Fate, Segment};

use super::{FlowSink, arrival::Arrival, direction::Direction, scope::Scope};
use crate::{Packet, Payload, Sender, TcpHead};

/// Both directions of a connection.
#[derive(Debug)]
pub(super) struct Connection {
    originator: Direction,
    responder: Direction,
    reset: bool,
    /// Packets that may belong to another connection of the same addresses.
    doubtful: Vec<(Sender, Packet)>,
}

/// Where a packet belongs.
#[derive(Debug)]
pub(super) enum Belongs {
    /// To another connection, which begins with these packets and then this one.
    Elsewhere(Vec<Packet>),
    /// To this one, which has taken it.
    Here,
}

impl Connection {
    pub(super) fn new() -> Self {
        Self {
            originator: Direction::new(Sender::Originator),
            responder: Direction::new(Sender::Responder),
            reset: false,
            doubtful: Vec::new(),
        }
    }

    /// Whether both sides have closed it and all they sent is delivered or given up.
    pub(super) fn is_over(&self) -> bool {
        self.originator.ended() && self.responder.ended()
    }

    /// Whether one side has reset it.
    pub(super) fn is_reset(&self) -> bool {
        self.reset
    }

    /// Whether bytes are missing before others, or before an end.
    pub(super) fn has_hole(&self) -> bool {
        self.originator.has_hole() || self.responder.has_hole()
    }

    /// Whether a SYN was seen.
    pub(super) fn opening_seen(&self) -> bool {
        self.originator.greeted() || self.responder.greeted()
    }

    /// What is needed to recognise its late packets.
    pub(super) fn remains(&self) -> Remains {
        let side = |side: &Direction| (side.origin().unwrap_or(0), side.next_sequence().unwrap_or(0));
        Remains { originator: side(&self.originator), responder: side(&self.responder) }
    }

    pub(super) fn push<S: FlowSink>(
        &mut self,
        (sender, tcp): (Sender, TcpHead),
        packet: &Packet,
        bytes: &[u8],
        scope: &mut Scope<'_, S>,
    ) -> Belongs {
        if tcp.flags.rst() {
            self.take_reset((sender, tcp), bytes, scope);
            return Belongs::Here;
        }
        if tcp.flags.syn() && !self.greets((sender, tcp)) {
            return self.doubt_greeting((sender, tcp), packet, bytes, scope);
        }
        if self.confirms_greeting((sender, tcp)) {
            return Belongs::Elsewhere(self.take_doubtful(scope));
        }
        let first = first_sequence(tcp);
        let carries = !bytes.is_empty() || packet.head.cut > 0;
        let side = self.side_mut(sender);
        if side.origin().is_none() && (carries || tcp.flags.fin()) {
            side.originate(first, false);
        }
        let arrival = side.place(first).map(|at| Arrival { packet, bytes, at });
        if let Some(arrival) = &arrival {
            if is_far_off(side, arrival) {
                return self.doubt_place((sender, tcp), arrival, scope);
            }
            if side.ended() && arrival.end() > side.next() && arrival.bytes.len() > 1 {
                scope.odd(DATA_AFTER_CLOSE, String::new);
                return Belongs::Elsewhere(self.take_doubtful(scope));
            }
        }
        // What this packet acknowledges came before what it says.
        self.take_acknowledgment((sender, tcp), scope);
        self.originator.wait(scope);
        self.responder.wait(scope);
        if let Some(arrival) = arrival {
            self.take_payload((sender, tcp), &arrival, scope);
        }
        Belongs::Here
    }

    /// Ends both streams, the originator's first.
    pub(super) fn close<S: FlowSink>(&mut self, scope: &mut Scope<'_, S>) {
        self.drop_doubtful(scope);
        self.originator.close(scope);
        self.responder.close(scope);
    }

    fn take_payload<S: FlowSink>(
        &mut self,
        (sender, tcp): (Sender, TcpHead),
        arrival: &Arrival<'_>,
        scope: &mut Scope<'_, S>,
    ) {
        let side = self.side_mut(sender);
        if side.ended() && arrival.end() > side.next() {
            // One byte where the FIN stands: a keep-alive.
            scope.summary.ledger.add(Fate::Duplicate, "TCP keep-alive", arrival.bytes.len() as u64);
        } else if !arrival.bytes.is_empty() || arrival.head().cut > 0 {
            side.take(arrival, scope);
        }
        if tcp.flags.fin() {
            side.finish_at(arrival.whole_end(), scope);
        }
    }

    fn take_acknowledgment<S: FlowSink>(
        &mut self,
        (sender, tcp): (Sender, TcpHead),
        scope: &mut Scope<'_, S>,
    ) {
        if !tcp.flags.ack() {
            return;
        }
        let opened_here = self.side(sender).greeted() && self.side(sender).is_fresh();
        let peer = self.side_mut(other(sender));
        if peer.origin().is_none() && opened_here {
            // The peer's own SYN was not captured; this is what it must have said.
            peer.originate(tcp.acknowledgment, false);
        }
        let all_before = peer.acknowledge(tcp.acknowledgment);
        let told = scope.summary.side_mut(other(sender));
        told.acknowledged = told.acknowledged.max(all_before);
    }

    fn take_reset<S: FlowSink>(
        &mut self,
        (sender, tcp): (Sender, TcpHead),
        bytes: &[u8],
        scope: &mut Scope<'_, S>,
    ) {
        if !bytes.is_empty() {
            scope.summary.ledger.add(Fate::NotParsed, "TCP, text of a reset", bytes.len() as u64);
        }
        let (side, peer) = (self.side(sender), self.side(other(sender)));
        let near = side.place(tcp.sequence).is_none_or(|at| {
            at >= side.next().saturating_sub(RESET_WINDOW)
                && at <= side.horizon().saturating_add(RESET_WINDOW)
        });
        // A machine that knows nothing of the connection resets with sequence number 0.
        let answers = tcp.sequence == 0
            && tcp.flags.ack()
            && peer
                .place(tcp.acknowledgment)
                .is_some_and(|at| at.abs_diff(peer.next()) <= RESET_WINDOW as u64);
        if near || answers {
            self.reset = true;
        } else {
            scope.odd(FORGED_RESET, String::new);
        }
    }

    /// Whether a SYN fits this connection; notes it where it does.
    fn greets(&mut self, (sender, tcp): (Sender, TcpHead)) -> bool {
        let side = self.side_mut(sender);
        let first = first_sequence(tcp);
        let fits = match side.origin() {
            None => true,
            Some(origin) => origin == first || (side.is_fresh() && !side.greeted()),
        };
        if fits {
            side.originate(first, true);
        }
        fits
    }

    /// A SYN that does not fit: a new connection, a forgery, or a machine that lost its memory.
    fn doubt_greeting<S: FlowSink>(
        &mut self,
        (sender, tcp): (Sender, TcpHead),
        packet: &Packet,
        bytes: &[u8],
        scope: &mut Scope<'_, S>,
    ) -> Belongs {
        let over = self.reset || self.originator.ended() || self.responder.ended();
        let answered = tcp.flags.ack() && self.has_doubtful_greeting(other(sender), tcp.acknowledgment);
        let silent = !tcp.flags.ack() && self.originator.is_fresh() && self.responder.is_fresh();
        if over || answered || silent || !bytes.is_empty() {
            return Belongs::Elsewhere(self.take_doubtful(scope));
        }
        scope.odd(SECOND_GREETING, String::new);
        if !tcp.flags.ack() {
            self.drop_doubtful(scope);
            self.doubtful.push((sender, owned(packet, Vec::new(), Vec::new())));
        }
        Belongs::Here
    }

    /// Whether a packet goes on where a doubtful SYN began, and not where this connection is.
    fn confirms_greeting(&self, (sender, tcp): (Sender, TcpHead)) -> bool {
        !self.doubtful.is_empty()
            && self.has_doubtful_greeting(sender, tcp.sequence)
            && self.side(sender).next_sequence() != Some(tcp.sequence)
    }

    /// Whether a SYN of `sender` waits whose data would begin with this sequence number.
    fn has_doubtful_greeting(&self, sender: Sender, first: u32) -> bool {
        self.doubtful.first().is_some_and(|(doubted, packet)| {
            *doubted == sender
                && packet.head.tcp.is_some_and(|tcp| tcp.flags.syn() && first_sequence(tcp) == first)
        })
    }

    /// A segment far from where the stream is: kept until others bear it out.
    fn doubt_place<S: FlowSink>(
        &mut self,
        (sender, tcp): (Sender, TcpHead),
        arrival: &Arrival<'_>,
        scope: &mut Scope<'_, S>,
    ) -> Belongs {
        if arrival.bytes.is_empty() {
            return Belongs::Here;
        }
        let borne_out = self.doubtful.last().is_some_and(|(doubted, packet)| {
            let last = packet.head.tcp.unwrap_or_default();
            let ahead = tcp.sequence.wrapping_sub(last.sequence).cast_signed();
            *doubted == sender && !last.flags.syn() && ahead != 0 && ahead.unsigned_abs() <= COHERENT
        });
        if borne_out && self.doubtful.len() >= DOUBTFUL {
            return Belongs::Elsewhere(self.take_doubtful(scope));
        }
        if !borne_out {
            self.drop_doubtful(scope);
        }
        if *scope.held_of_all > scope.limits.held_bytes_of_all {
            note_far_off(arrival.bytes.len(), scope);
        } else {
            let segments = arrival.segments(arrival.at, arrival.end());
            let kept = owned(arrival.packet, arrival.bytes.to_vec(), segments);
            self.doubtful.push((sender, kept));
            *scope.held_of_all = scope.held_of_all.saturating_add(arrival.bytes.len());
        }
        Belongs::Here
    }

    /// Takes the doubtful packets away, to another connection's account.
    fn take_doubtful<S: FlowSink>(&mut self, scope: &mut Scope<'_, S>) -> Vec<Packet> {
        for (sender, packet) in &self.doubtful {
            *scope.held_of_all = scope.held_of_all.saturating_sub(packet.payload.len());
            scope.summary.side_mut(*sender).discount(packet.payload.len());
        }
        self.doubtful.drain(..).map(|(_, packet)| packet).collect()
    }

    fn drop_doubtful<S: FlowSink>(&mut self, scope: &mut Scope<'_, S>) {
        for (_, packet) in self.doubtful.drain(..) {
            *scope.held_of_all = scope.held_of_all.saturating_sub(packet.payload.len());
            if !packet.payload.is_empty() {
                note_far_off(packet.payload.len(), scope);
            }
        }
    }

    fn side(&self, sender: Sender) -> &Direction {
        match sender {
            Sender::Originator => &self.originator,
            Sender::Responder => &self.responder,
        }
    }

    fn side_mut(&mut self, sender: Sender) -> &mut Direction {
        match sender {
            Sender::Originator => &mut self.originator,
            Sender::Responder => &mut self.responder,
        }
    }
}

/// What is left of a connection that is over: for each side the sequence numbers of its first byte and of
/// the one after its last.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Remains {
    originator: (u32, u32),
    responder: (u32, u32),
}

impl Remains {
    /// The sequence number of a side's first byte.
    pub(super) fn first(&self, sender: Sender) -> u32 {
        match sender {
            Sender::Originator => self.originator.0,
            Sender::Responder => self.responder.0,
        }
    }

    /// Whether a packet repeats what the connection has said, or says nothing.
    pub(super) fn know(&self, sender: Sender, tcp: TcpHead, len: usize) -> bool {
        let (first, next) = match sender {
            Sender::Originator => self.originator,
            Sender::Responder => self.responder,
        };
        if tcp.flags.syn() {
            return first_sequence(tcp) == first;
        }
        // One byte may be a keep-alive's.
        let end = tcp.sequence.wrapping_add(len as u32);
        len <= 1 || next.wrapping_sub(end).cast_signed() >= 0
    }
}

/// The sequence number of the first byte of payload: a SYN takes one itself.
fn first_sequence(tcp: TcpHead) -> u32 {
    tcp.sequence.wrapping_add(u32::from(tcp.flags.syn()))
}

/// Whether a segment lies where no window of this stream can be.
fn is_far_off(side: &Direction, arrival: &Arrival<'_>) -> bool {
    let behind = if side.greeted() {
        // The byte before the first one is a keep-alive's.
        arrival.at < -1 && arrival.whole_end() <= 0
    } else {
        arrival.whole_end() < -BEHIND
    };
    behind || arrival.at > side.horizon().saturating_add(AHEAD)
}

fn note_far_off<S: FlowSink>(len: usize, scope: &mut Scope<'_, S>) {
    scope.summary.ledger.add(Fate::NotParsed, "TCP, sequence number far off", len as u64);
    scope.odd(FAR_OFF, || format!("{len} bytes"));
}

fn other(sender: Sender) -> Sender {
    match sender {
        Sender::Originator => Sender::Responder,
        Sender::Responder => Sender::Originator,
    }
}

/// The packet with its payload as a copy.
fn owned(packet: &Packet, bytes: Vec<u8>, segments: Vec<Segment>) -> Packet {
    Packet { head: packet.head.clone(), payload: Payload::Assembled { bytes, segments } }
}

/// How far beyond anything known a segment may lie: more than a phone's connection has on its way, so that
/// what lies farther is another connection or a forgery.
const AHEAD: i64 = 64 << 20;
/// How far before the first byte seen a segment may lie where the capture begins in the middle.
const BEHIND: i64 = 1 << 20;
/// How far from the expected sequence number a reset is believed.
const RESET_WINDOW: i64 = 1 << 20;
/// How near to one another segments lie that bear each other out.
const COHERENT: u32 = 1 << 20;
/// How many segments far off are kept; the next one that agrees begins another connection.
const DOUBTFUL: usize = 2;

const DATA_AFTER_CLOSE: &str = "peer sent data after it had finished";
const FAR_OFF: &str = "peer sent data with a sequence number far off";
const FORGED_RESET: &str = "peer sent a reset with a sequence number far off";
const SECOND_GREETING: &str = "peer sent a SYN with another sequence number in the middle of a connection";
