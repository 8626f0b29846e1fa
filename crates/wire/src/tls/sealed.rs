//! Protected records of a connection, opened where the secrets are at hand: handshake messages are read as those
//! in the clear are, application data goes to the session within.

use std::sync::Arc;

use evidence::{Fate, Fidelity, Layer, Step, Timestamp};

use super::{
    flight::{Notes, Placing},
    hand::{self, Hand},
    handshake::HandshakeType,
    hello::Carrier,
    inner::Inner,
    opening::{Opening, Unsealed, Why},
    record::{ContentType, RecordHeader},
};
use crate::{
    Derivation, Ending, Recorded, Seal, Sender, StreamBuffer, TlsHead,
    protocol::{Context, Output},
};

/// The numbers of a connection's exchanges.
#[derive(Debug)]
pub(super) struct Numbers {
    /// The exchange that is under way.
    pub(super) exchange: Option<u32>,
    /// The next one.
    pub(super) next: u32,
}

impl Numbers {
    pub(super) fn number(&mut self) -> u32 {
        let number = self.next;
        self.next = number.saturating_add(1);
        number
    }
}

/// What is protected.
#[derive(Debug)]
pub(super) struct Sealed {
    name: &'static str,
    context: Context,
    pub(super) opening: Opening,
    pub(super) numbers: Numbers,
    inner: Option<Inner>,
    seal: Option<Arc<Seal>>,
    originator: Side,
    responder: Side,
    /// Room for what a record gives.
    made: Vec<u8>,
}

/// One direction.
#[derive(Debug, Default)]
struct Side {
    hand: Hand,
    /// Where in the stream the last record ended that was opened.
    good: Option<u64>,
    /// Bytes of content behind that which came out of a record that was cut.
    given: u64,
}

impl Sealed {
    pub(super) fn new(name: &'static str, context: &Context) -> Self {
        Self {
            name,
            context: context.clone(),
            opening: Opening::new(context.keys.clone(), Carrier::Stream),
            numbers: Numbers { exchange: None, next: context.first_exchange },
            inner: None,
            seal: None,
            originator: Side::default(),
            responder: Side::default(),
            made: Vec::new(),
        }
    }

    /// Opens the record that `stream` begins with, all of which is there, and takes it. Where it cannot be
    /// opened it stays.
    pub(super) fn open(
        &mut self,
        sender: Sender,
        header: RecordHeader,
        stream: &mut StreamBuffer,
        out: &mut Output,
    ) -> Result<(), Why> {
        let content = stream.bytes().get(RecordHeader::LEN..header.total()).unwrap_or_default();
        let mut made = std::mem::take(&mut self.made);
        let unsealed = self.opening.open(sender, header.into(), content, &mut made);
        let why = match unsealed {
            Ok(unsealed) => {
                self.take(sender, (unsealed, header.total()), &made, stream, out);
                Ok(())
            }
            Err(why) => {
                if why == Why::Damaged {
                    out.note_stream(Layer::Tls, DAMAGED, String::new(), stream);
                }
                Err(why)
            }
        };
        self.made = made;
        why
    }

    /// Takes what `stream` holds of the record that it begins with: no more of it comes. What was cut of
    /// application data is read as well, though nobody vouches for it.
    pub(super) fn cut(
        &mut self,
        sender: Sender,
        header: RecordHeader,
        stream: &mut StreamBuffer,
        out: &mut Output,
    ) {
        let there = stream.len();
        let content = stream.bytes().get(RecordHeader::LEN..).unwrap_or_default();
        let mut made = std::mem::take(&mut self.made);
        let cut = self.opening.open_cut(sender, header.into(), content, &mut made);
        match cut.filter(|cut| cut.opened.content == ContentType::APPLICATION_DATA) {
            None => {
                stream.skip(there);
                out.pass(Fate::Encrypted, Why::BytesLost.words(), there as u64, 1);
            }
            Some(cut) => {
                out.note_stream(Layer::Tls, CUT, String::new(), stream);
                let good = self.side(sender).good;
                self.take(sender, (cut, there), &made, stream, out);
                let side = self.side(sender);
                side.good = good;
                side.given = made.len() as u64;
            }
        }
        self.made = made;
        self.opening.skip(sender);
    }

    /// Bytes of `sender` were lost. How many of the session within is known when the next record opens.
    pub(super) fn gap(&mut self, sender: Sender, out: &mut Output) {
        self.give(sender, Ending::Cut, out);
    }

    /// No more comes from `sender`.
    pub(super) fn finish(&mut self, sender: Sender, stream: &StreamBuffer, out: &mut Output) {
        self.give(sender, Ending::Whole, out);
        let side = self.side(sender);
        let (good, given) = (side.good.take(), std::mem::take(&mut side.given));
        let Some(inner) = &mut self.inner else { return };
        let lost = good.map_or(0, |good| stream.offset().0.saturating_sub(good).saturating_sub(given));
        if lost > 0 {
            inner.gap(sender, lost, out);
        }
        inner.end(sender, out);
    }

    /// The next exchange's number. Where there is a session within, which numbers its own, a new handshake ends
    /// it; what is not one belongs to the exchange that is under way.
    pub(super) fn number(&mut self, asks: bool, out: &mut Output) -> u32 {
        match (&mut self.inner, self.numbers.exchange) {
            (Some(_), Some(exchange)) if !asks => return exchange,
            (Some(inner), _) => {
                inner.end(Sender::Originator, out);
                inner.end(Sender::Responder, out);
                self.numbers.next = self.numbers.next.max(inner.next());
                self.inner = None;
            }
            (None, _) => {}
        }
        self.numbers.number()
    }

    fn side(&mut self, sender: Sender) -> &mut Side {
        match sender {
            Sender::Originator => &mut self.originator,
            Sender::Responder => &mut self.responder,
        }
    }

    /// Takes a record of `total` bytes that was opened, and hands on what it gave.
    fn take(
        &mut self,
        sender: Sender,
        (unsealed, total): (Unsealed, usize),
        made: &[u8],
        stream: &mut StreamBuffer,
        out: &mut Output,
    ) {
        let (start, time) = (stream.offset().0, stream.time().unwrap_or_default());
        let content = unsealed.opened.content;
        let said = made.get(..unsealed.opened.len).unwrap_or_default();
        self.reseal(&unsealed);
        self.bridge(sender, &unsealed, start, out);
        let derivation = derivation(unsealed, stream);
        stream.skip(total);
        out.pass(Fate::Decoded, RECORDS, total.saturating_sub(said.len()) as u64, 1);
        let side = self.side(sender);
        side.good = Some(start.saturating_add(total as u64));
        side.given = 0;
        if content != ContentType::HANDSHAKE {
            self.give(sender, Ending::Whole, out);
        }
        self.hand_on(sender, content, (said, derivation), time, out);
    }

    fn hand_on(
        &mut self,
        sender: Sender,
        content: ContentType,
        (said, derivation): (&[u8], Arc<Derivation>),
        time: Timestamp,
        out: &mut Output,
    ) {
        match content {
            ContentType::APPLICATION_DATA => self.data(sender, (said, derivation), time, out),
            ContentType::HANDSHAKE => {
                self.side(sender).hand.stream.append_derived(said, derivation, 0, time);
                self.listen(sender, out);
            }
            ContentType::ALERT => {
                let mut recorded = Recorded { first: time, last: time, ..Recorded::default() };
                recorded.append_derived(said, &derivation, 0);
                self.alert(sender, recorded, out);
            }
            ContentType::CHANGE_CIPHER_SPEC => {
                self.opening.change(sender);
                out.pass(Fate::Decoded, CHANGE, said.len() as u64, 1);
            }
            _ => out.pass(Fate::NotParsed, OTHER, said.len() as u64, 1),
        }
    }

    fn data(
        &mut self,
        sender: Sender,
        (said, derivation): (&[u8], Arc<Derivation>),
        time: Timestamp,
        out: &mut Output,
    ) {
        if said.is_empty() {
            return;
        }
        if self.inner.is_none()
            && let Some(seal) = &self.seal
        {
            let first = self.numbers.next;
            self.inner = Inner::open(evidence::Transport::Tcp, &self.context, first, (**seal).clone());
        }
        match &mut self.inner {
            Some(inner) => inner.data(sender, (said, derivation), time, out),
            None => out.pass(Fate::OverLimit, DEEP, said.len() as u64, 1),
        }
    }

    /// Bytes were lost before a record that was opened: the session within hears how many.
    fn bridge(&mut self, sender: Sender, unsealed: &Unsealed, start: u64, out: &mut Output) {
        let side = self.side(sender);
        let hole = side.good.map_or(0, |good| start.saturating_sub(good));
        let around = unsealed.overhead.saturating_mul(unsealed.lost).saturating_add(side.given);
        if unsealed.lost == 0 || hole == 0 {
            return;
        }
        if let Some(inner) = &mut self.inner {
            inner.gap(sender, hole.saturating_sub(around), out);
        }
    }

    /// Reads the handshake messages that have become whole.
    fn listen(&mut self, sender: Sender, out: &mut Output) {
        loop {
            while let Some((kind, raw)) = self.side(sender).hand.next(out) {
                self.opening.hear(sender, &hand::whole(kind, &raw), &raw, true);
                if kind == HandshakeType::KEY_UPDATE || kind == HandshakeType::FINISHED {
                    break;
                }
            }
            if !self.side(sender).hand.begins_oversize() {
                break;
            }
            self.give_whole(sender, Ending::Whole, out);
            self.side(sender).hand.pass_over(out);
        }
        if !self.opening.shakes_hands(sender) && !self.side(sender).hand.awaits() {
            self.give_whole(sender, Ending::Whole, out);
        }
    }

    /// Gives out the handshake messages that wait. One that has begun is cut.
    fn give(&mut self, sender: Sender, ending: Ending, out: &mut Output) {
        let ending = if self.side(sender).hand.awaits() { Ending::Cut } else { ending };
        self.give_some(sender, true, ending, out);
    }

    fn give_whole(&mut self, sender: Sender, ending: Ending, out: &mut Output) {
        self.give_some(sender, false, ending, out);
    }

    fn give_some(&mut self, sender: Sender, all: bool, ending: Ending, out: &mut Output) {
        let placing = self.placing(sender, ending);
        let Some(seal) = self.seal.clone() else { return };
        let newer = seal.version == u32::from(super::protection::TLS13);
        self.side(sender).hand.give(all, (placing, newer), &seal, out);
    }

    fn alert(&mut self, sender: Sender, recorded: Recorded, out: &mut Output) {
        let Some(seal) = self.seal.clone() else { return };
        if let [level, description] = recorded.bytes[..] {
            Notes { recorded: &recorded, out }.alert([level, description]);
        }
        let placing = self.placing(sender, Ending::Whole);
        out.messages.push(hand::message(placing, recorded, (TlsHead::default(), None), &seal));
    }

    fn placing(&mut self, sender: Sender, ending: Ending) -> Placing {
        let exchange = match self.numbers.exchange {
            Some(exchange) => exchange,
            None => *self.numbers.exchange.insert(self.numbers.next),
        };
        self.numbers.next = self.numbers.next.max(exchange.saturating_add(1));
        Placing { protocol: self.name, sender, exchange, ending }
    }

    /// Notes what protects the records.
    fn reseal(&mut self, unsealed: &Unsealed) {
        let (version, suite) = (unsealed.agreed.version, unsealed.agreed.suite.number);
        let same = |seal: &Arc<Seal>| seal.version == u32::from(version) && seal.suite == suite;
        if self.seal.as_ref().is_some_and(same) {
            return;
        }
        let outer = self.context.seal.clone();
        self.seal = Some(Arc::new(Seal { protocol: self.name, version: version.into(), suite, outer }));
        if let Some(inner) = &mut self.inner {
            inner.reseal(version, suite);
        }
    }
}

/// What the record that `stream` begins with was made into.
fn derivation(unsealed: Unsealed, stream: &StreamBuffer) -> Arc<Derivation> {
    let opened = unsealed.opened;
    let place = |at: usize| at.saturating_add(RecordHeader::LEN);
    let len = opened.len as u64;
    Arc::new(match opened.how {
        Some(how) => Derivation {
            step: Step::Decrypt(Box::new(how)),
            len,
            fidelity: unsealed.fidelity,
            before: (0, 0),
            input: stream.extract(place(opened.input.start), place(opened.input.end)),
            key: unsealed.key,
        },
        None => Derivation {
            step: Step::Body,
            len,
            fidelity: Fidelity::Exact,
            before: (0, 0),
            input: stream.extract(place(0), place(opened.len)),
            key: None,
        },
    })
}

impl Why {
    /// The ledger's reason.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::BytesLost => "TLS application data, bytes lost",
            Self::NoHello => "TLS application data, begun before the capture (no hello)",
            Self::NoKey => "TLS application data, no key",
            Self::NoSecret => "TLS application data, no secret in the key logs",
            Self::Damaged | Self::NotFitting => "TLS application data, the secret does not fit",
            Self::Unsupported => "TLS application data, unsupported cipher suite",
        }
    }
}

const CHANGE: &str = "TLS changes of ciphers";
const CUT: &str = "capture lacks the end of a TLS record: what is there is not authenticated";
pub(super) const DAMAGED: &str = "peer sent a TLS record that does not authenticate";
const DEEP: &str = "TLS within more TLS than is followed";
const OTHER: &str = "TLS records of other content";
const RECORDS: &str = "TLS record headers and tags";
