//! HTTP/3 connections to messages (RFC 9114), both directions.
//!
//! Each request and each response is a message; a request stream is an exchange. A message's `recorded` is its
//! head written out as text (see [`Written`](crate::fields::Written)), then its body, then its trailer fields. It
//! stands for the field sections and the data they came from. Frame headers, what steers the connection and the
//! streams of header compression are in no message. What frames and streams of unknown types carry, and what
//! stands behind lost bytes where nobody knows where a frame begins, is given out as raw messages.
//!
//! A field section that needs insertions which have not come yet waits in its stream, and all behind it.

mod draft;
mod reader;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

use evidence::Fate;

use self::reader::Reader;
use crate::{
    Seal, StreamBuffer,
    fields::qpack,
    protocol::{Context, Output},
    quic::{Channel, StreamId},
};

/// One connection.
#[derive(Debug)]
pub struct Http3 {
    seal: Option<Arc<Seal>>,
    readers: BTreeMap<(StreamId, usize), Reader>,
    shared: Shared,
    /// Channels that may go on.
    woken: VecDeque<(StreamId, usize)>,
}

/// What the channels of a connection share.
#[derive(Debug)]
struct Shared {
    /// Of the field sections that client and server send.
    decoders: [qpack::Decoder; 2],
    /// Whether the settings of client and server are known: they say how the other side counts insertions.
    settled: [bool; 2],
    /// Channels that wait for insertions.
    waiting: BTreeSet<(StreamId, usize)>,
    /// No more insertions come.
    no_more: bool,
    /// The exchanges of request streams.
    streams: BTreeMap<StreamId, u32>,
    /// The exchanges of pushes, by their id.
    pushes: BTreeMap<u64, u32>,
    /// The exchange of what belongs to no request.
    connection: Option<u32>,
    /// Bytes held in messages.
    held: usize,
}

impl Http3 {
    /// The room of a connection.
    pub(crate) fn new(context: &Context) -> Self {
        Self {
            seal: context.seal.clone(),
            readers: BTreeMap::new(),
            shared: Shared {
                decoders: Default::default(),
                settled: [false; 2],
                waiting: BTreeSet::new(),
                no_more: false,
                streams: BTreeMap::new(),
                pushes: BTreeMap::new(),
                connection: None,
                held: 0,
            },
            woken: VecDeque::new(),
        }
    }

    /// Takes what `channel` says. Returns whether it waits for what comes on another stream: it is to be asked
    /// again when it is [woken](Self::woken).
    pub(crate) fn push(&mut self, channel: Channel, stream: &mut StreamBuffer, out: &mut Output) -> bool {
        self.with(channel, out, |reader, shared, out| reader.push(channel, stream, shared, out));
        self.shared.waiting.contains(&channel.place())
    }

    /// `len` bytes of a channel were lost.
    pub(crate) fn gap(&mut self, channel: Channel, len: u64, stream: &mut StreamBuffer, out: &mut Output) {
        self.with(channel, out, |reader, shared, out| reader.gap(channel, len, stream, shared, out));
        if !channel.id.both_ways() {
            // Insertions may have been lost, which nobody shall wait for.
            self.woken.extend(std::mem::take(&mut self.shared.waiting));
        }
    }

    /// No more comes on a channel; `whole`: the peer has said all that it wanted to say.
    pub(crate) fn finish(
        &mut self,
        channel: Channel,
        whole: bool,
        stream: &mut StreamBuffer,
        out: &mut Output,
    ) {
        self.with(channel, out, |reader, shared, out| reader.finish(channel, whole, stream, shared, out));
        self.readers.remove(&channel.place());
        self.shared.waiting.remove(&channel.place());
    }

    /// A channel that waited and can go on.
    pub(crate) fn woken(&mut self) -> Option<(StreamId, usize)> {
        self.woken.pop_front()
    }

    /// No more insertions come: who waits for some goes on without.
    pub(crate) fn give_up_waiting(&mut self) {
        self.shared.no_more = true;
        self.woken.extend(std::mem::take(&mut self.shared.waiting));
    }

    /// Lets the channel's reader work, puts the seal on what it gives out, and wakes who waited.
    fn with(
        &mut self,
        channel: Channel,
        out: &mut Output,
        does: impl FnOnce(&mut Reader, &mut Shared, &mut Output),
    ) {
        let before = out.messages.len();
        let known = [0, 1].map(|side| self.shared.known(side));
        let reader = self.readers.entry(channel.place()).or_insert_with(|| Reader::new(channel));
        does(reader, &mut self.shared, out);
        for message in out.messages.iter_mut().skip(before) {
            message.seal.clone_from(&self.seal);
        }
        for (side, known) in (0..).zip(known) {
            if self.shared.known(side) != known {
                let waiting = self.shared.waiting.extract_if(.., |(_, waits)| *waits == side);
                self.woken.extend(waiting);
            }
        }
    }
}

impl Shared {
    fn decoder(&mut self, side: usize) -> &mut qpack::Decoder {
        let [client, server] = &mut self.decoders;
        if side == 0 { client } else { server }
    }

    /// How many insertions of a side came, and whether it is known how it counts them.
    fn known(&self, side: usize) -> (u64, bool) {
        let inserted = self.decoders.get(side).map_or(0, qpack::Decoder::inserted);
        (inserted, self.settled.get(1 - side.min(1)).is_some_and(|settled| *settled))
    }

    /// A side's settings: the capacity that the other side's table may have.
    fn settle(&mut self, side: usize, capacity: Option<u64>) {
        if let Some(settled) = self.settled.get_mut(side) {
            *settled = true;
        }
        if let Some(capacity) = capacity {
            self.decoder(1 - side.min(1)).allow(capacity);
        }
    }

    /// The exchange of a stream.
    fn exchange(&mut self, channel: Channel, out: &mut Output) -> u32 {
        if self.streams.len() > KEPT {
            self.streams.pop_first();
        }
        if channel.id.both_ways() {
            *self.streams.entry(channel.id).or_insert_with(|| out.number())
        } else {
            *self.connection.get_or_insert_with(|| out.number())
        }
    }

    /// The exchange of a push.
    fn push(&mut self, id: u64, out: &mut Output) -> u32 {
        if self.pushes.len() > KEPT {
            self.pushes.pop_first();
        }
        *self.pushes.entry(id).or_insert_with(|| out.number())
    }
}

/// Passes over waiting bytes that steer the connection.
fn steer(len: usize, reason: &'static str, stream: &mut StreamBuffer, out: &mut Output) {
    let len = len.min(stream.len());
    stream.skip(len);
    if len > 0 {
        out.pass(Fate::Decoded, reason, len as u64, 0);
    }
}

const PROTOCOL: &str = "HTTP/3";

/// Exchanges that are remembered.
const KEPT: usize = 4096;
