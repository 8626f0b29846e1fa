//! Streams (RFC 9000 section 2) to what they carry: HTTP/3, DNS (RFC 9250), or whatever is recognised in the
//! bytes of each.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use evidence::{Fate, Transport};

use super::assembly::{Assembly, Stretch};
use crate::{
    Seal, Sender, Session, StreamBuffer,
    flow::FlowSink,
    http3::Http3,
    protocol::{Context, Output, Received},
};

/// The number of a stream: its last two bits say who began it and whether both sides speak on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct StreamId(pub(crate) u64);

/// One direction of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Channel {
    /// The stream.
    pub(crate) id: StreamId,
    /// Who speaks: 0 is the client, 1 the server.
    pub(crate) side: usize,
    /// The same, as the flow has it.
    pub(crate) sender: Sender,
}

impl Channel {
    /// Stream and side.
    pub(crate) fn place(self) -> (StreamId, usize) {
        (self.id, self.side)
    }
}

/// The streams of a connection.
#[derive(Debug)]
pub(super) struct Streams {
    open: BTreeMap<StreamId, Stream>,
    over: [Over; 4],
    /// Bytes of all streams that wait behind holes.
    held: usize,
    /// What a session within a stream is told.
    context: Context,
    /// Which side of the flow is the client.
    client: Sender,
    /// `None` where each stream stands for itself.
    http3: Option<Box<Http3>>,
    /// All that a side says on a stream is one message, as DNS was carried once: up to
    /// draft-ietf-dprive-dnsoquic-02 it had no length before it.
    undivided: bool,
}

/// A stream that is not over.
#[derive(Debug, Default)]
struct Stream {
    halves: [Half; 2],
    /// What listens, where each stream stands for itself.
    session: Option<Box<Session>>,
    /// The numbers of the session's exchanges in the flow.
    exchanges: Vec<u32>,
}

/// What one side says on a stream.
#[derive(Debug, Default)]
struct Half {
    assembly: Assembly,
    /// Its end was heard.
    over: bool,
}

/// The streams of one kind that are over, so that what is sent again of them is known. They end in no order,
/// but mostly in rows.
#[derive(Debug, Default)]
struct Over {
    /// All before this one are.
    before: u64,
    /// Some behind it are.
    behind: BTreeSet<u64>,
}

impl StreamId {
    /// Whether both sides speak on it.
    pub(crate) fn both_ways(self) -> bool {
        self.0 & 2 == 0
    }

    /// Whether a side may speak on it.
    fn is_of(self, side: usize) -> bool {
        self.both_ways() || self.beginner() == side
    }

    /// The side that began it.
    pub(crate) fn beginner(self) -> usize {
        usize::from(self.0 & 1 == 1)
    }
}

impl Streams {
    /// The streams of a connection with that protocol (RFC 7301). `context` is that of its flow.
    pub(super) fn new(protocol: Option<&str>, client: Sender, context: &Context, seal: Arc<Seal>) -> Self {
        let mut context = Context { first_exchange: 0, seal: Some(seal), ..context.clone() };
        // Its port is 853; on port 53 streams are recognised as what they are here.
        if protocol.is_some_and(|protocol| protocol.starts_with("doq")) {
            context.ports = [0, 53];
        }
        let http3 = protocol.is_some_and(|protocol| protocol == "h3" || protocol.starts_with("h3-"));
        let http3 = http3.then(|| Box::new(Http3::new(&context)));
        let undivided = matches!(protocol, Some("doq-i00" | "doq-i01" | "doq-i02"));
        Self { open: BTreeMap::new(), over: Default::default(), held: 0, context, client, http3, undivided }
    }

    /// Adds bytes that a side said on a stream; `last`: it ends with them.
    pub(super) fn add(
        &mut self,
        (id, side): (StreamId, usize),
        stretch: Stretch<'_>,
        last: bool,
        out: &mut Output,
    ) {
        let len = stretch.data.len() as u64;
        if !id.is_of(side) {
            return pass(FOREIGN, len, out);
        }
        let Some(half) = self.half(id, side, out) else {
            let known = self.is_over(id) || self.open.contains_key(&id);
            return pass(if known { REPEATED } else { MANY }, len, out);
        };
        let (size, held) = (stretch.offset.saturating_add(len), half.assembly.held());
        let again = half.assembly.add(stretch);
        if last {
            half.assembly.set_size(size);
        }
        let (full, now) = (half.assembly.is_full(), half.assembly.held());
        self.held = self.held.saturating_add(now).saturating_sub(held);
        pass(REPEATED, again as u64, out);
        self.run(id, side, out);
        if full || self.held > HELD {
            self.skip_hole(id, side, out);
            self.run(id, side, out);
        }
    }

    /// No more bytes come from a side on a stream than so many.
    pub(super) fn reset(&mut self, (id, side): (StreamId, usize), size: u64, out: &mut Output) {
        if id.is_of(side)
            && let Some(half) = self.half(id, side, out)
        {
            half.assembly.set_size(size);
            self.run(id, side, out);
        }
    }

    /// Gives out all that waits.
    pub(super) fn finish(&mut self, out: &mut Output) {
        let mut ids: Vec<StreamId> = self.open.keys().copied().collect();
        // What fields refer to comes on streams of one direction.
        ids.sort_by_key(|id| (id.both_ways(), *id));
        for id in ids {
            if let Some(http3) = self.http3.as_mut().filter(|_| id.both_ways()) {
                http3.give_up_waiting();
            }
            self.close(id, out);
        }
    }

    fn is_over(&self, id: StreamId) -> bool {
        self.over.get(id.kind()).is_some_and(|over| over.has(id.0 >> 2))
    }

    /// What a side says on a stream, which begins where it is new. `None` where it is over, or there are too
    /// many.
    fn half(&mut self, id: StreamId, side: usize, out: &mut Output) -> Option<&mut Half> {
        if !self.open.contains_key(&id) {
            if self.is_over(id) {
                return None;
            }
            if self.open.len() >= STREAMS {
                let oldest = *self.open.keys().find(|id| self.http3.is_none() || id.both_ways())?;
                self.close(oldest, out);
            }
            let session = self.http3.is_none().then(|| Box::new(self.session()));
            self.open.insert(id, Stream { session, ..Stream::default() });
        }
        self.open.get_mut(&id)?.halves.get_mut(side).filter(|half| !half.over)
    }

    /// What listens to a stream that stands for itself.
    fn session(&self) -> Session {
        let transport = if self.undivided { Transport::Udp } else { Transport::Tcp };
        Session::within(transport, self.context.clone())
    }

    /// Lets who listens have what is ready, on this stream and on those that waited for it.
    fn run(&mut self, id: StreamId, side: usize, out: &mut Output) {
        let mut next = Some((id, side));
        while let Some((id, side)) = next {
            self.deliver(id, side, out);
            next = self.http3.as_mut().and_then(|http3| http3.woken());
        }
    }

    fn deliver(&mut self, id: StreamId, side: usize, out: &mut Output) {
        let channel = self.channel(id, side);
        let Some(stream) = self.open.get_mut(&id) else { return };
        let Some(half) = stream.halves.get_mut(side).filter(|half| !half.over) else { return };
        let ready = &mut half.assembly.ready;
        let waits = match (&mut stream.session, &mut self.http3) {
            (Some(session), _) => {
                if self.undivided && ready.len() > UNDIVIDED {
                    undivided(session, channel, true, ready);
                } else if !self.undivided && !ready.is_empty() {
                    session.data(channel.sender, ready);
                }
                false
            }
            (None, Some(http3)) => http3.push(channel, ready, out),
            (None, None) => false,
        };
        if half.assembly.is_whole() && !waits {
            let left = end(stream, channel, (self.undivided, self.http3.as_deref_mut()), out);
            self.held = self.held.saturating_sub(left);
        }
        self.settle(id, out);
    }

    /// Takes out what the stream's session told, and the stream where it is over.
    fn settle(&mut self, id: StreamId, out: &mut Output) {
        let Some(stream) = self.open.get_mut(&id) else { return };
        let is_over = stream.is_over(id);
        if let Some(session) = stream.session.as_mut().filter(|_| is_over) {
            session.finish();
        }
        stream.tell(self.context.seal.as_ref(), out);
        if is_over {
            self.open.remove(&id);
            if let Some(over) = self.over.get_mut(id.kind()) {
                over.add(id.0 >> 2);
            }
        }
    }

    /// Goes on behind the bytes that are missing.
    fn skip_hole(&mut self, id: StreamId, side: usize, out: &mut Output) {
        let channel = self.channel(id, side);
        let Some(stream) = self.open.get_mut(&id) else { return };
        let Some(half) = stream.halves.get_mut(side).filter(|half| !half.over) else { return };
        let Some(len) = half.assembly.hole() else { return };
        let held = half.assembly.held();
        match (&mut stream.session, &mut self.http3) {
            (Some(session), _) if self.undivided => {
                undivided(session, channel, true, &mut half.assembly.ready);
            }
            (Some(session), _) => session.gap(channel.sender, len, &mut half.assembly.ready),
            (None, Some(http3)) => http3.gap(channel, len, &mut half.assembly.ready, out),
            (None, None) => {}
        }
        half.assembly.give_up();
        self.held = self.held.saturating_add(half.assembly.held()).saturating_sub(held);
    }

    /// Ends a stream whether or not all of it came.
    fn close(&mut self, id: StreamId, out: &mut Output) {
        for side in 0..2 {
            loop {
                self.run(id, side, out);
                let half = self.open.get(&id).and_then(|stream| stream.halves.get(side));
                if half.is_none_or(|half| half.over || half.assembly.hole().is_none()) {
                    break;
                }
                self.skip_hole(id, side, out);
            }
            let channel = self.channel(id, side);
            if let Some(stream) = self.open.get_mut(&id) {
                let left = end(stream, channel, (self.undivided, self.http3.as_deref_mut()), out);
                self.held = self.held.saturating_sub(left);
            }
        }
        self.settle(id, out);
    }

    fn channel(&self, id: StreamId, side: usize) -> Channel {
        let sender = if side == 0 { self.client } else { other(self.client) };
        Channel { id, side, sender }
    }
}

/// Tells who listens that a side has ended. Returns how many bytes waited behind holes, though the stream ended
/// before them.
fn end(
    stream: &mut Stream,
    channel: Channel,
    (all_is_one, http3): (bool, Option<&mut Http3>),
    out: &mut Output,
) -> usize {
    let Some(half) = stream.halves.get_mut(channel.side).filter(|half| !half.over) else { return 0 };
    half.over = true;
    let (whole, ready) = (half.assembly.is_whole(), &mut half.assembly.ready);
    match (&mut stream.session, http3) {
        (Some(session), _) => {
            if all_is_one {
                undivided(session, channel, !whole, ready);
            }
            session.end(channel.sender, ready);
        }
        (None, Some(http3)) => http3.finish(channel, whole, ready, out),
        (None, None) => {}
    }
    let left = std::mem::take(&mut half.assembly).held();
    pass(BEHIND_THE_END, left as u64, out);
    left
}

/// Counts bytes, where there are some.
fn pass((fate, reason): (Fate, &'static str), bytes: u64, out: &mut Output) {
    if bytes > 0 {
        out.pass(fate, reason, bytes, 1);
    }
}

/// Gives a session what waits as one message.
fn undivided(session: &mut Session, channel: Channel, cut: bool, ready: &mut StreamBuffer) {
    if !ready.is_empty() {
        let recorded = ready.take(ready.len());
        session.receive(channel.sender, Received { recorded, cut });
    }
}

impl Stream {
    fn is_over(&self, id: StreamId) -> bool {
        let over = |side: usize| self.halves.get(side).is_some_and(|half| half.over);
        if id.both_ways() { over(0) && over(1) } else { over(id.beginner()) }
    }

    /// Takes out what the session told, with exchange numbers of the flow.
    fn tell(&mut self, seal: Option<&Arc<Seal>>, out: &mut Output) {
        let Some(session) = &mut self.session else { return };
        let inner = session.output();
        for message in &mut inner.messages {
            let place = usize::try_from(message.exchange).unwrap_or(usize::MAX).min(EXCHANGES);
            while self.exchanges.len() <= place {
                self.exchanges.push(out.number());
            }
            message.exchange = self.exchanges.get(place).copied().unwrap_or_default();
        }
        out.absorb(inner, 0, seal);
    }
}

impl Over {
    fn has(&self, number: u64) -> bool {
        number < self.before || self.behind.contains(&number)
    }

    fn add(&mut self, number: u64) {
        self.behind.insert(number);
        if self.behind.len() > BEHIND {
            self.before = self.behind.first().copied().unwrap_or(self.before);
        }
        while self.behind.remove(&self.before) {
            self.before = self.before.saturating_add(1);
        }
    }
}

impl StreamId {
    /// Its last two bits.
    fn kind(self) -> usize {
        usize::from((self.0 & 3) as u8)
    }
}

pub(super) fn other(sender: Sender) -> Sender {
    match sender {
        Sender::Originator => Sender::Responder,
        Sender::Responder => Sender::Originator,
    }
}

/// Streams of one connection that are followed at once. Beyond, the oldest is ended.
const STREAMS: usize = 1024;

/// Bytes of all streams of a connection that wait behind holes.
const HELD: usize = 8 << 20;

/// Streams that are over, behind one that is not.
const BEHIND: usize = 1024;

/// The longest message of DNS.
const UNDIVIDED: usize = 64 * 1024;

/// Exchanges of one stream that are told apart.
const EXCHANGES: usize = 1 << 16;

const BEHIND_THE_END: (Fate, &str) = (Fate::NotParsed, "QUIC stream bytes behind the end of their stream");
const FOREIGN: (Fate, &str) = (Fate::NotParsed, "QUIC stream bytes on a stream of the other side's own");
const REPEATED: (Fate, &str) = (Fate::Duplicate, "QUIC stream bytes that came again");
const MANY: (Fate, &str) = (Fate::OverLimit, "QUIC streams, more at once than are followed");
