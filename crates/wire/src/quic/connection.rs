//! One connection: its packets' frames to handshake and streams.

use std::sync::Arc;

use evidence::{Decryption, Fate, Fidelity, Layer, Step};

use super::{
    assembly::Stretch,
    crypto::{Crypto, Placing},
    frame::{self, Frame, TOKEN, Unreadable},
    keys::TAG,
    locks::{Known, Level, Locks, Packet, Shut, Unlocked},
    streams::{StreamId, Streams, other},
};
use crate::{
    Body, Derivation, Ending, Head, Message, Recorded, Seal, Sender,
    protocol::{Context, Output},
};

/// A connection whose client's first packet was seen.
#[derive(Debug)]
pub(super) struct Connection {
    /// The protocol's name, as messages have it.
    protocol: &'static str,
    /// Which side of the flow is the client.
    client: Sender,
    /// Destination connection id of the client's first packet.
    original: Vec<u8>,
    /// The version that it goes by.
    version: u32,
    /// The ids under which client and server are reached.
    ids: [Vec<Vec<u8>>; 2],
    /// What stateless resets of it would end with (RFC 9000 section 10.3).
    tokens: Vec<[u8; TOKEN]>,
    /// The numbers of its packets, by side and space.
    seen: [[Seen; 3]; 2],
    crypto: Crypto,
    locks: Locks,
    seal: Option<Arc<Seal>>,
    streams: Option<Streams>,
    /// The exchange of its handshake.
    exchange: u32,
}

/// Packet numbers that were seen: the largest, and which of those shortly before it.
#[derive(Debug, Default)]
struct Seen {
    largest: Option<u64>,
    /// Bit 0 is the largest.
    recent: u128,
}

/// A packet that is heard: where it lies in what was recorded.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    pub(super) recorded: &'a Recorded,
    /// Its first byte.
    pub(super) at: usize,
    pub(super) len: usize,
}

/// A packet's bytes made readable, and what became of them.
struct Reading<'a> {
    side: usize,
    level: Level,
    unlocked: &'a Unlocked,
    place: Place<'a>,
    /// Made when the first of its bytes is kept.
    derivation: Option<Arc<Derivation>>,
    /// Bytes that handshake, streams and datagrams account for.
    carried: usize,
    unread: usize,
}

impl Connection {
    /// A connection that the client's first packet begins.
    pub(super) fn new(
        protocol: &'static str,
        client: Sender,
        (version, original): (u32, &[u8]),
        exchange: u32,
    ) -> Self {
        Self {
            protocol,
            client,
            original: original.to_vec(),
            version,
            ids: [Vec::new(), vec![original.to_vec()]],
            tokens: Vec::new(),
            seen: Default::default(),
            crypto: Crypto::default(),
            locks: Locks::default(),
            seal: None,
            streams: None,
            exchange,
        }
    }

    /// The version that it goes by, as on the wire.
    pub(super) fn version(&self) -> u32 {
        self.version
    }

    /// The exchange of its handshake.
    pub(super) fn exchange(&self) -> u32 {
        self.exchange
    }

    /// Its handshake's exchange has that number.
    pub(super) fn number(&mut self, exchange: u32) {
        self.exchange = exchange;
    }

    /// Whether the server has answered. Until then a Retry may begin it anew.
    pub(super) fn is_answered(&self) -> bool {
        self.crypto.is_answered()
    }

    /// Whether the client's random is known, which leads to the secrets.
    pub(super) fn is_named(&self) -> bool {
        self.crypto.random.is_some()
    }

    /// Whether a packet of that sender with that destination belongs to it.
    pub(super) fn has(&self, sender: Sender, destination: &[u8]) -> bool {
        self.ids_of_other(sender).iter().any(|id| id == destination)
    }

    /// The length of the id that what stands behind the first byte of a short header begins with.
    pub(super) fn addressed(&self, sender: Sender, rest: &[u8]) -> Option<usize> {
        let ids = self.ids_of_other(sender).iter();
        ids.filter(|id| rest.starts_with(id)).map(Vec::len).max()
    }

    /// The length that ids of a sender's packets have, as far as one is known.
    pub(super) fn id_len(&self, sender: Sender) -> Option<usize> {
        self.ids_of_other(sender).last().map(Vec::len)
    }

    /// Whether a datagram ends as a stateless reset of it would.
    pub(super) fn is_reset_by(&self, datagram: &[u8]) -> bool {
        datagram.last_chunk::<TOKEN>().is_some_and(|token| self.tokens.contains(token))
    }

    /// A side is reached under that id too.
    pub(super) fn learn_id(&mut self, sender: Sender, id: &[u8], context: &Context) {
        let side = self.side(sender);
        if let Some(ids) =
            self.ids.get_mut(side).filter(|ids| ids.len() < IDS && !ids.iter().any(|one| one == id))
        {
            ids.push(id.to_vec());
            context.reached_by(id);
        }
    }

    /// Opens a packet.
    pub(super) fn open(
        &mut self,
        sender: Sender,
        packet: Packet<'_>,
        context: &Context,
    ) -> Result<Unlocked, Shut> {
        let side = self.side(sender);
        let largest = self.seen(side, packet.level).and_then(|seen| seen.largest);
        let known = Known {
            original: &self.original,
            random: self.crypto.random.as_deref(),
            suite: self.crypto.suite,
        };
        let unlocked = self.locks.open(packet, (side, largest), known, &context.keys)?;
        if packet.level != Level::Early {
            self.version = packet.version;
        }
        if packet.level != Level::Initial && self.seal.is_none() {
            self.seal = Some(Arc::new(Seal {
                protocol: self.protocol,
                version: packet.version,
                suite: unlocked.suite.number,
                outer: context.seal.clone(),
            }));
        }
        Ok(unlocked)
    }

    /// Reads a packet that was opened, and accounts for each of its bytes.
    pub(super) fn hear(
        &mut self,
        (sender, level): (Sender, Level),
        unlocked: &Unlocked,
        place: Place<'_>,
        (context, out): (&Context, &mut Output),
    ) {
        let side = self.side(sender);
        let number = unlocked.opened.number;
        if !self.seen(side, level).is_some_and(|seen| seen.add(number)) {
            return out.pass(Fate::Duplicate, TWICE, place.len as u64, 1);
        }
        let mut reading = Reading { side, level, unlocked, place, derivation: None, carried: 0, unread: 0 };
        for frame in frame::frames(&unlocked.opened.frames) {
            match frame {
                Ok(placed) => self.frame(&placed.frame, placed.data.start, &mut reading, (context, out)),
                Err(unreadable) => reading.note_unreadable(unreadable, out),
            }
        }
        let placing = self.placing(side, level.space());
        self.crypto.tell((side, level.space()), &placing, out);
        reading.account(out);
    }

    /// Nothing more comes.
    pub(super) fn finish(&mut self, out: &mut Output) {
        let mut crypto = std::mem::take(&mut self.crypto);
        crypto.finish(|side, space| self.placing(side, space), out);
        self.crypto = crypto;
        if let Some(streams) = &mut self.streams {
            streams.finish(out);
        }
    }

    fn frame(
        &mut self,
        frame: &Frame<'_>,
        start: usize,
        reading: &mut Reading<'_>,
        (context, out): (&Context, &mut Output),
    ) {
        let side = reading.side;
        match *frame {
            Frame::Control => {}
            Frame::Close { code, reason, by_transport } => {
                if by_transport && code != 0 {
                    let detail = format!("{code:#x} {}", crate::tls::text(reason));
                    reading.note("peer closed a QUIC connection with an error", detail, out);
                }
            }
            Frame::Crypto { offset, data } => {
                let voice = (side, reading.level);
                let again = self.crypto.add(voice, reading.stretch((offset, data), start));
                if again > 0 {
                    out.pass(Fate::Duplicate, AGAIN, again as u64, 1);
                }
            }
            // Initial packets, which anyone can forge, have none of these.
            Frame::Datagram(_) | Frame::ResetStream { .. } | Frame::Stream { .. } if !reading.has_data() => {}
            Frame::Datagram(data) => self.datagram(data, start, reading, out),
            Frame::NewConnectionId { id, token } => {
                self.learn_id(self.sender(side), id, context);
                if let Ok(token) = token.try_into()
                    && self.tokens.len() < IDS
                {
                    self.tokens.push(token);
                }
            }
            Frame::ResetStream { stream, size } => {
                if let Some(streams) = self.streams(context) {
                    streams.reset((StreamId(stream), side), size, out);
                }
            }
            Frame::Stream { stream, offset, last, data } => {
                if let Some(streams) = self.streams(context) {
                    let stretch = reading.stretch((offset, data), start);
                    streams.add((StreamId(stream), side), stretch, last, out);
                }
            }
        }
    }

    /// A datagram of the application.
    fn datagram(&self, data: &[u8], start: usize, reading: &mut Reading<'_>, out: &mut Output) {
        if data.is_empty() {
            return;
        }
        let Stretch { packet, time, .. } = reading.stretch((0, data), start);
        let mut recorded = Recorded { first: time, last: time, ..Recorded::default() };
        recorded.append_derived(data, packet, start as u64);
        let placing = self.placing(reading.side, reading.level.space());
        out.messages.push(Message {
            protocol: placing.protocol,
            sender: placing.sender,
            exchange: placing.exchange,
            body: Body::Range(0..recorded.bytes.len()),
            recorded,
            step: Step::Datagram,
            parts: Vec::new(),
            head: Head::Raw,
            ending: Ending::Whole,
            position: 0,
            seal: placing.seal,
            stands_for: None,
        });
    }

    /// The streams, which begin where they did not yet.
    fn streams(&mut self, context: &Context) -> Option<&mut Streams> {
        if self.streams.is_none() {
            let seal = Arc::clone(self.seal.as_ref()?);
            self.streams = Some(Streams::new(self.crypto.protocol(), self.client, context, seal));
        }
        self.streams.as_mut()
    }

    fn placing(&self, side: usize, space: usize) -> Placing {
        let seal = if space == Level::Initial.space() { None } else { self.seal.clone() };
        Placing { protocol: self.protocol, sender: self.sender(side), exchange: self.exchange, seal }
    }

    fn seen(&mut self, side: usize, level: Level) -> Option<&mut Seen> {
        self.seen.get_mut(side)?.get_mut(level.space())
    }

    /// 0 where the client sends, else 1.
    fn side(&self, sender: Sender) -> usize {
        usize::from(sender != self.client)
    }

    fn sender(&self, side: usize) -> Sender {
        if side == 0 { self.client } else { other(self.client) }
    }

    /// The ids that a sender's packets may be sent to.
    fn ids_of_other(&self, sender: Sender) -> &[Vec<u8>] {
        self.ids.get(1 - self.side(sender)).map(Vec::as_slice).unwrap_or_default()
    }
}

impl Seen {
    /// Notes a number. Returns whether it is new, as far as is known.
    fn add(&mut self, number: u64) -> bool {
        let Some(largest) = self.largest else {
            *self = Self { largest: Some(number), recent: 1 };
            return true;
        };
        if let Some(ahead) = number.checked_sub(largest).filter(|ahead| *ahead > 0) {
            let shift = u32::try_from(ahead).unwrap_or(u32::MAX);
            self.recent = self.recent.checked_shl(shift).unwrap_or(0) | 1;
            self.largest = Some(number);
            return true;
        }
        let Some(bit) = u32::try_from(largest - number).ok().and_then(|behind| 1u128.checked_shl(behind))
        else {
            return true;
        };
        let new = self.recent & bit == 0;
        self.recent |= bit;
        new
    }
}

impl Reading<'_> {
    /// Bytes of a frame, which stand at `start` in the packet's frames.
    fn stretch<'s>(&'s mut self, (offset, data): (u64, &'s [u8]), start: usize) -> Stretch<'s> {
        self.carried = self.carried.saturating_add(data.len());
        let (unlocked, place) = (self.unlocked, self.place);
        let packet = self.derivation.get_or_insert_with(|| Arc::new(derivation(unlocked, place)));
        Stretch { offset, data, packet, start: start as u64, time: place.recorded.last }
    }

    /// Whether data of the application may stand in it.
    fn has_data(&self) -> bool {
        matches!(self.level, Level::Data | Level::Early)
    }

    fn note_unreadable(&mut self, unreadable: Unreadable, out: &mut Output) {
        self.unread = self.unlocked.opened.frames.len().saturating_sub(unreadable.at);
        let (what, detail) = match unreadable.kind {
            Some(kind) => ("peer sent a QUIC frame of a type that is not known", format!("{kind:#x}")),
            None => ("peer sent a QUIC frame that ends before its end", format!("{} bytes", self.unread)),
        };
        self.note(what, detail, out);
    }

    fn note(&self, what: &'static str, detail: String, out: &mut Output) {
        out.note(Layer::Quic, what, detail, self.place.recorded, self.place.at as u64);
    }

    fn account(self, out: &mut Output) {
        let frames = self.unlocked.opened.frames.len();
        out.pass(Fate::Decoded, HEADERS, self.place.len.saturating_sub(frames) as u64, 1);
        let control = frames.saturating_sub(self.carried).saturating_sub(self.unread);
        if control > 0 {
            out.pass(Fate::Decoded, CONTROL, control as u64, 1);
        }
        if self.unread > 0 {
            out.pass(Fate::NotParsed, UNREAD, self.unread as u64, 1);
        }
    }
}

/// How a packet's frames were made.
fn derivation(unlocked: &Unlocked, place: Place<'_>) -> Derivation {
    let Unlocked { opened, suite, schedule, key } = unlocked;
    let from = place.at.saturating_add(opened.header.len());
    let to = from.saturating_add(opened.frames.len()).saturating_add(TAG);
    Derivation {
        step: Step::Decrypt(Box::new(Decryption {
            cipher: suite.cipher,
            schedule: schedule.clone(),
            nonce: opened.nonce.into(),
            aad: opened.header.as_slice().into(),
            skip: 0,
            cut: false,
        })),
        len: opened.frames.len() as u64,
        fidelity: Fidelity::Grouped { out: 1, source: 1 },
        before: (0, 0),
        input: place.recorded.extract(from, to, Step::Datagram),
        key: key.clone(),
    }
}

/// Ids that are remembered for each side.
const IDS: usize = 64;

const AGAIN: &str = "QUIC handshake bytes that came again";
const CONTROL: &str = "QUIC control frames";
const HEADERS: &str = "QUIC packet headers and tags";
const TWICE: &str = "QUIC packets that came twice";
const UNREAD: &str = "QUIC frames that cannot be read";
