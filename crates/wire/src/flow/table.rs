//! The table of open flows.
//!
//! Each is found by its addresses, moved to the end of its queue by every packet, and closed when its
//! connection is over, when it was silent for too long, or when too many are open.

use std::collections::HashMap;

use evidence::{Fate, FlowId, Ledger, Segment, Source, Timestamp, Transport};

use super::{
    Datagram, Ended, FlowInfo, FlowSink, FlowSummary, Limits, SinkFactory,
    connection::{Belongs, Connection, Remains},
    earlier::{Earlier, Openings, Over, is_near},
    key::{Key, sent_by_originator},
    queue::{Class, Queues},
    scope::{Blamed, Scope},
};
use crate::{Packet, PacketHead, Payload, Sender, StreamBuffer, TcpHead, quic::is_port};

/// The open flows of one worker: packets in, bytes in order out to the sinks of a factory.
#[derive(Debug)]
pub struct Flows<F: SinkFactory> {
    factory: F,
    limits: Limits,
    places: HashMap<Key, u32>,
    /// The flow of the packet before: most packets come in rows.
    recent: Option<(Key, u32)>,
    /// The places of flows that may go on from other addresses.
    movable: HashMap<FlowId, u32>,
    slots: Vec<Slot<F::Sink>>,
    vacant: Vec<u32>,
    queues: Queues,
    clock: Clock,
    held_of_all: usize,
    /// What other captures recorded; `None` where there is one.
    earlier: Option<Earlier>,
    ledger: Ledger,
}

#[derive(Debug)]
struct Slot<S> {
    key: Key,
    content: Content<S>,
    /// The latest time of its packets.
    last: Timestamp,
    /// The table's clock at its last packet.
    touched: Timestamp,
}

#[derive(Debug)]
enum Content<S> {
    /// Over; what is left is there to recognise late packets.
    Closed(FlowInfo, Over),
    /// The connection moved here from that flow, which hears it.
    Moved(FlowId),
    Open(Box<Flow<S>>),
    Vacant,
}

#[derive(Debug)]
struct Flow<S> {
    info: FlowInfo,
    sink: S,
    summary: FlowSummary,
    /// `None` for UDP.
    connection: Option<Box<Connection>>,
    openings: Openings,
}

/// A clock that no single wrong timestamp can push ahead.
#[derive(Clone, Copy, Debug, Default)]
struct Clock {
    now: Timestamp,
    previous: Timestamp,
    packets: u32,
}

impl<F: SinkFactory> Flows<F> {
    /// An empty table.
    pub fn new(factory: F, limits: Limits) -> Self {
        Self {
            factory,
            limits,
            places: HashMap::new(),
            recent: None,
            movable: HashMap::new(),
            slots: Vec::new(),
            vacant: Vec::new(),
            queues: Queues::default(),
            clock: Clock::default(),
            held_of_all: 0,
            earlier: None,
            ledger: Ledger::default(),
        }
    }

    /// The packets come from several captures, which may hold the same traffic: what two of them recorded counts once.
    pub fn of_several_captures(&mut self) {
        self.earlier.get_or_insert_default();
        self.limits.await_others = true;
    }

    /// Takes a packet; `frame` is the captured bytes of its frame.
    pub fn push(&mut self, packet: &Packet, frame: &[u8]) {
        if self.clock.tick(packet.head.time) {
            self.sweep();
        }
        let bytes = packet.payload.bytes(frame);
        let earlier = self.earlier.as_mut().filter(|_| packet.head.transport == Transport::Udp);
        if earlier.is_some_and(|earlier| earlier.has_datagram(&packet.head, bytes)) {
            return self.ledger.add(Fate::Duplicate, TWICE, bytes.len() as u64);
        }
        self.place(packet, bytes);
    }

    /// Closes all flows, in the order of their first frames. The table is empty then and can be used again.
    pub fn finish(&mut self) {
        let open = |slot: &Slot<F::Sink>| match &slot.content {
            Content::Open(flow) => Some(flow.info.id),
            Content::Closed(info, _) => Some(info.id),
            Content::Moved(home) => Some(*home),
            Content::Vacant => None,
        };
        let mut order: Vec<(FlowId, u32)> =
            (0..).zip(&self.slots).filter_map(|(at, slot)| Some((open(slot)?, at))).collect();
        order.sort_unstable();
        for (_, slot) in order {
            self.close(slot, Ended::Unseen);
        }
    }

    /// The payload bytes that belong to no summary: they repeat what connections had said that were closed
    /// already, or what another capture recorded.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// How many flows are open.
    pub fn open(&self) -> usize {
        self.slots.iter().filter(|slot| matches!(slot.content, Content::Open(_))).count()
    }

    /// What makes and takes back the sinks.
    pub fn factory(&mut self) -> &mut F {
        &mut self.factory
    }

    /// Gives the factory back. Flows still open are dropped: [`finish`](Self::finish) first.
    pub fn into_factory(self) -> F {
        self.factory
    }

    fn place(&mut self, packet: &Packet, bytes: &[u8]) {
        let key = Key::new(&packet.head);
        let place = self.find(key).filter(|slot| !self.close_if_idle(*slot, packet.head.time));
        let place = match place {
            Some(place) => self.home_of(place),
            None => self.begin(key, &packet.head, bytes),
        };
        // Where the flow is over that it came from, the addresses are those of another one.
        let place = place.unwrap_or_else(|| self.begin_own(key, &packet.head, bytes));
        match self.hand(place, packet, bytes) {
            Belongs::Here => self.settle(place, packet.head.time),
            Belongs::Elsewhere(first) => {
                self.close(place, Ended::Reused);
                // A new flow takes its first packet, so this does not go on for ever.
                for packet in &first {
                    self.place(packet, packet.payload.bytes(&[]));
                }
                self.place(packet, bytes);
            }
        }
    }

    fn find(&mut self, key: Key) -> Option<u32> {
        if let Some((recent, slot)) = self.recent
            && recent == key
        {
            return Some(slot);
        }
        let slot = *self.places.get(&key)?;
        self.recent = Some((key, slot));
        Some(slot)
    }

    /// Begins a flow, and gives the place of the one that hears it: another one's, where a connection moved.
    fn begin(&mut self, key: Key, head: &PacketHead, first: &[u8]) -> Option<u32> {
        let info = describe(head);
        let home = self.factory.home(&info, first).filter(|_| may_move(&info))?;
        self.make_room(self.movable.get(&home).copied());
        let place = *self.movable.get(&home)?;
        let slot = Slot { key, content: Content::Moved(home), last: head.time, touched: self.clock.now };
        let moved = self.fill(slot);
        self.places.insert(key, moved);
        self.queues.touch(moved, Class::Datagrams);
        Some(place)
    }

    /// The place of the flow that hears what comes to a place; `None` where a connection had moved there and is
    /// over, so that the place is free.
    fn home_of(&mut self, place: u32) -> Option<u32> {
        let slot = self.slots.get_mut(place as usize)?;
        let Content::Moved(home) = slot.content else { return Some(place) };
        slot.touched = self.clock.now;
        let home = self.movable.get(&home).copied();
        match home {
            Some(_) => self.queues.touch(place, Class::Datagrams),
            None => self.close(place, Ended::Unseen),
        }
        home
    }

    fn begin_own(&mut self, key: Key, head: &PacketHead, bytes: &[u8]) -> u32 {
        self.make_room(None);
        let info = describe(head);
        let movable = may_move(&info).then_some(info.id);
        let content = match self.copied((key, &info), head, bytes) {
            Some((flow, over)) => Content::Closed(flow, over),
            None => self.listen(info, head),
        };
        let slot = Slot { key, content, last: head.time, touched: self.clock.now };
        let place = self.fill(slot);
        self.places.insert(key, place);
        if let Some(id) = movable {
            self.movable.insert(id, place);
        }
        self.recent = Some((key, place));
        place
    }

    /// The connection of another capture that this packet, with which a flow begins, is a copy of.
    fn copied(
        &self,
        (key, info): (Key, &FlowInfo),
        head: &PacketHead,
        bytes: &[u8],
    ) -> Option<(FlowInfo, Over)> {
        let earlier = self.earlier.as_ref()?;
        let (flow, over) = earlier.connection(key, head)?;
        let is_copied = over.is_copied(info.sender(head), head, bytes, earlier);
        is_copied.then_some((flow, over))
    }

    fn listen(&mut self, info: FlowInfo, head: &PacketHead) -> Content<F::Sink> {
        let sink = self.factory.open(&info);
        let summary = FlowSummary { first: head.time, last: head.time, ..FlowSummary::default() };
        let connection = head.tcp.map(|_| Box::new(Connection::new()));
        Content::Open(Box::new(Flow { info, sink, summary, connection, openings: Openings::default() }))
    }

    fn fill(&mut self, slot: Slot<F::Sink>) -> u32 {
        let vacant = self.vacant.pop();
        match vacant.and_then(|place| Some((place, self.slots.get_mut(place as usize)?))) {
            Some((place, old)) => {
                *old = slot;
                place
            }
            None => {
                self.slots.push(slot);
                u32::try_from(self.slots.len() - 1).unwrap_or(u32::MAX)
            }
        }
    }

    fn hand(&mut self, place: u32, packet: &Packet, bytes: &[u8]) -> Belongs {
        let Some(slot) = self.slots.get_mut(place as usize) else { return Belongs::Here };
        match &mut slot.content {
            Content::Open(flow) => {
                if self.earlier.as_ref().is_some_and(|earlier| flow.is_foreign(&packet.head, bytes, earlier))
                {
                    return Belongs::Elsewhere(Vec::new());
                }
                let belongs = flow.push(packet, bytes, (&self.limits, &mut self.held_of_all));
                if let (Belongs::Here, Some(earlier)) = (&belongs, &self.earlier)
                    && flow.begins_with(&packet.head)
                {
                    let sender = flow.info.sender(&packet.head);
                    earlier.hear(&mut flow.openings, sender, bytes);
                }
                belongs
            }
            Content::Closed(info, over) => {
                let (head, tcp) = (&packet.head, packet.head.tcp.unwrap_or_default());
                let sender = info.sender(head);
                let known = match &self.earlier {
                    Some(earlier) if info.id.capture != head.capture => {
                        let near = !tcp.flags.syn() || is_near(head.time, info.first);
                        near && over.is_copied(sender, head, bytes, earlier)
                    }
                    _ => over.remains.know(sender, tcp, bytes.len()),
                };
                if !known {
                    return Belongs::Elsewhere(Vec::new());
                }
                if !bytes.is_empty() {
                    let late = info.id.capture == head.capture;
                    let reason = if late { "TCP, after its connection was closed" } else { TWICE };
                    self.ledger.add(Fate::Duplicate, reason, bytes.len() as u64);
                }
                Belongs::Here
            }
            Content::Moved(_) | Content::Vacant => Belongs::Here,
        }
    }

    /// After a packet: the slot's place in the queues, and the connection's end where it is over.
    fn settle(&mut self, place: u32, time: Timestamp) {
        let Some(slot) = self.slots.get_mut(place as usize) else { return };
        slot.last = slot.last.max(time);
        slot.touched = self.clock.now;
        if slot.is_over() {
            self.close_connection(place);
        }
        if let Some(class) = self.class(place) {
            self.queues.touch(place, class);
        }
    }

    /// The connection is over: its sink is done, its addresses are kept for late packets.
    fn close_connection(&mut self, place: u32) {
        let Some(slot) = self.slots.get_mut(place as usize) else { return };
        let Content::Open(flow) = std::mem::replace(&mut slot.content, Content::Vacant) else { return };
        let (key, info) = (slot.key, flow.info.clone());
        let over = self.end(key, *flow, Ended::Closed);
        if let Some(slot) = self.slots.get_mut(place as usize) {
            slot.content = Content::Closed(info, over);
        }
    }

    fn close_if_idle(&mut self, place: u32, time: Timestamp) -> bool {
        let Some(slot) = self.slots.get(place as usize) else { return false };
        let idle = time.since(slot.last) > self.limits.idle(slot.class(&self.limits));
        if idle {
            self.close(place, Ended::Unseen);
        }
        idle
    }

    fn close(&mut self, place: u32, ended: Ended) {
        let Some(slot) = self.slots.get_mut(place as usize) else { return };
        let content = std::mem::replace(&mut slot.content, Content::Vacant);
        if let Content::Vacant = content {
            return;
        }
        let key = slot.key;
        self.places.remove(&key);
        self.recent = None;
        self.queues.remove(place);
        self.vacant.push(place);
        if let Content::Open(flow) = content {
            self.movable.remove(&flow.info.id);
            self.end(key, *flow, ended);
        }
    }

    /// Nothing more comes of a flow: what is left of it.
    fn end(&mut self, key: Key, flow: Flow<F::Sink>, ended: Ended) -> Over {
        let info = flow.connection.as_ref().and(self.earlier.as_ref()).map(|_| flow.info.clone());
        let (remains, openings) = (flow.remains(), flow.openings);
        let whole = flow.close(ended, &mut self.factory, (&self.limits, &mut self.held_of_all));
        let over = Over { remains, openings, whole };
        if let (Some(earlier), Some(info)) = (&mut self.earlier, info) {
            earlier.remember(key, &info, over);
        }
        over
    }

    /// Closes what has been silent for so long that a packet of the past would not wake it up. What another capture may
    /// fill stays: that one may begin when this one does.
    fn sweep(&mut self) {
        for class in Class::TIMED {
            let silence = self.limits.idle(class).saturating_add(SLACK);
            while let Some(place) = self.queues.front(class) {
                let touched = self.slots.get(place as usize).map_or(Timestamp(0), |slot| slot.touched);
                if self.clock.now.since(touched) <= silence {
                    break;
                }
                self.close(place, Ended::Unseen);
            }
        }
    }

    /// Closes a flow where too many are open, other than the one at `needed`.
    fn make_room(&mut self, needed: Option<u32>) {
        if self.places.len() >= self.limits.flows.max(1) {
            if let Some(needed) = needed {
                self.class(needed).into_iter().for_each(|class| self.queues.touch(needed, class));
            }
            self.evict();
        }
    }

    fn class(&self, place: u32) -> Option<Class> {
        Some(self.slots.get(place as usize)?.class(&self.limits))
    }

    /// Makes room: what is over first, then what waits for another capture, then what was silent for the longest time.
    fn evict(&mut self) {
        let touched = |place: &u32| self.slots.get(*place as usize).map(|slot| slot.touched);
        let live = [Class::Connected, Class::Datagrams];
        let spare = [Class::Lingering, Class::Waiting].into_iter().find_map(|class| self.queues.front(class));
        let oldest = live.into_iter().filter_map(|class| self.queues.front(class)).min_by_key(touched);
        if let Some(place) = spare.or(oldest) {
            self.close(place, Ended::Evicted);
        }
    }
}

impl<S> Slot<S> {
    fn class(&self, limits: &Limits) -> Class {
        match &self.content {
            Content::Closed(..) | Content::Vacant => Class::Lingering,
            Content::Moved(_) => Class::Datagrams,
            Content::Open(flow) => match &flow.connection {
                None if flow.is_answered_query() => Class::Lingering,
                None => Class::Datagrams,
                Some(connection) if limits.await_others && connection.has_hole() => Class::Waiting,
                Some(connection) if connection.is_reset() => Class::Lingering,
                Some(_) => Class::Connected,
            },
        }
    }

    fn is_over(&self) -> bool {
        match &self.content {
            Content::Open(flow) => flow.connection.as_ref().is_some_and(|connection| connection.is_over()),
            Content::Closed(..) | Content::Moved(_) | Content::Vacant => false,
        }
    }
}

impl<S> Flow<S> {
    /// What is left of its connection.
    fn remains(&self) -> Remains {
        self.connection.as_ref().map(|connection| connection.remains()).unwrap_or_default()
    }

    /// Whether a packet of another capture is none of this connection, though its addresses are the same: it opens one at
    /// another time, or one that begins with other words.
    fn is_foreign(&self, head: &PacketHead, bytes: &[u8], earlier: &Earlier) -> bool {
        let greets = head.tcp.is_some_and(|tcp| tcp.flags.syn());
        let contradicts = || self.openings.contradict(self.info.sender(head), earlier.opening(bytes));
        head.capture != self.info.id.capture
            && (greets && !is_near(head.time, self.info.first) || self.begins_with(head) && contradicts())
    }

    /// Whether a packet holds what its side says first, and all that its headers promise.
    fn begins_with(&self, head: &PacketHead) -> bool {
        let first = |tcp: TcpHead| self.remains().first(self.info.sender(head)) == tcp.sequence;
        head.cut == 0 && head.tcp.is_some_and(first)
    }

    /// Whether a name server has answered: resolvers take another port for each question (RFC 5452 section
    /// 9.2), so thousands of such flows would wait for nothing.
    fn is_answered_query(&self) -> bool {
        self.info.responder.1 == DNS
            && self.summary.originator.payload > 0
            && self.summary.responder.payload > 0
    }
}

impl<S: FlowSink> Flow<S> {
    fn push(
        &mut self,
        packet: &Packet,
        bytes: &[u8],
        (limits, held_of_all): (&Limits, &mut usize),
    ) -> Belongs {
        let sender = self.info.sender(&packet.head);
        let Self { sink, summary, connection, .. } = self;
        let belongs = match (connection, packet.head.tcp) {
            (Some(connection), Some(tcp)) => {
                let blamed = Blamed::packet(packet);
                let mut scope = Scope { sink, summary, limits, held_of_all, blamed };
                connection.push((sender, tcp), packet, bytes, &mut scope)
            }
            _ => {
                hand_datagram(sender, packet, bytes, (sink, summary));
                Belongs::Here
            }
        };
        if matches!(belongs, Belongs::Here) {
            self.count(sender, &packet.head, bytes.len());
        }
        belongs
    }

    fn count(&mut self, sender: Sender, head: &PacketHead, payload: usize) {
        self.summary.side_mut(sender).count(payload);
        self.summary.first = self.summary.first.min(head.time);
        self.summary.last = self.summary.last.max(head.time);
        if self.info.mac.is_none() && sender == Sender::Originator {
            self.info.mac = head.mac;
        }
    }

    /// Says whether it was seen from its opening on, and nothing of it is missing.
    fn close<F>(self, ended: Ended, factory: &mut F, (limits, held_of_all): (&Limits, &mut usize)) -> bool
    where
        F: SinkFactory<Sink = S>,
    {
        let Self { info, mut sink, mut summary, connection, .. } = self;
        summary.ended = ended;
        summary.opening_seen = true;
        if let Some(mut connection) = connection {
            summary.opening_seen = connection.opening_seen();
            if connection.is_reset() {
                summary.ended = Ended::Reset;
            }
            let blamed = Blamed(info.id.capture, None, None);
            let (sink, summary) = (&mut sink, &mut summary);
            connection.close(&mut Scope { sink, summary, limits, held_of_all, blamed });
        } else {
            for sender in [Sender::Originator, Sender::Responder] {
                sink.end(sender, &mut StreamBuffer::default());
            }
        }
        let whole = summary.opening_seen && summary.originator.missing == 0 && summary.responder.missing == 0;
        factory.close(&info, sink, summary);
        whole
    }
}

impl FlowInfo {
    /// Which side sent a packet of this flow.
    pub fn sender(&self, head: &PacketHead) -> Sender {
        // Of a connection that moved, the side that stayed tells.
        let by_originator = head.source == self.originator || head.destination == self.responder;
        if by_originator { Sender::Originator } else { Sender::Responder }
    }
}

impl Limits {
    fn idle(&self, class: Class) -> i64 {
        match class {
            Class::Connected | Class::Waiting => self.tcp_idle,
            Class::Datagrams => self.udp_idle,
            Class::Lingering => self.linger,
        }
    }
}

impl Clock {
    /// Goes on to the lesser of this packet's time and the one's before, and says whether it is time to
    /// sweep.
    fn tick(&mut self, time: Timestamp) -> bool {
        if self.packets == 0 {
            self.previous = time;
            self.now = time;
        }
        self.now = self.now.max(self.previous.min(time));
        self.previous = time;
        self.packets = self.packets.wrapping_add(1).max(1);
        self.packets.is_multiple_of(SWEEP_EVERY)
    }
}

/// Whether its connection may go on from another address.
fn may_move(info: &FlowInfo) -> bool {
    info.transport == Transport::Udp && (is_port(info.responder.1) || is_port(info.originator.1))
}

fn describe(head: &PacketHead) -> FlowInfo {
    let by_originator = sent_by_originator(head);
    let (originator, responder) =
        if by_originator { (head.source, head.destination) } else { (head.destination, head.source) };
    FlowInfo {
        id: FlowId { capture: head.capture, frame: head.frame },
        originator,
        responder,
        transport: head.transport,
        mac: head.mac.filter(|_| by_originator),
        first: head.time,
    }
}

fn hand_datagram<S: FlowSink>(
    sender: Sender,
    packet: &Packet,
    bytes: &[u8],
    (sink, summary): (&mut S, &mut FlowSummary),
) {
    let head = &packet.head;
    let source = Source::Frame { capture: head.capture, frame: head.frame };
    let one;
    let segments: &[Segment] = match &packet.payload {
        Payload::InFrame { offset, .. } => {
            one = [Segment::exact(0, bytes.len() as u64, source, *offset)];
            &one
        }
        Payload::Assembled { segments, .. } => segments,
    };
    let side = summary.side_mut(sender);
    side.delivered = side.delivered.saturating_add(bytes.len() as u64);
    if head.cut > 0 {
        side.missing = side.missing.saturating_add(u64::from(head.cut));
        let reason = if head.transport == Transport::Tcp { "TCP" } else { "UDP" };
        summary.ledger.lacks(evidence::Missing::Truncated, reason, u64::from(head.cut));
    }
    sink.datagram(sender, Datagram { bytes, segments, time: head.time, cut: head.cut });
}

/// Why what another capture recorded is left out.
const TWICE: &str = "recorded by another capture as well";
/// The queues are looked at once in so many packets.
const SWEEP_EVERY: u32 = 64;
/// The port of name servers.
const DNS: u16 = 53;
/// How much longer than its limit a silent flow is kept, in nanoseconds: packets of several captures may
/// come a little out of order, and what becomes of a flow must not depend on other flows.
const SLACK: i64 = 60_000_000_000;
