//! DTLS datagrams (RFC 4347, RFC 6347, RFC 9147) to messages: handshake records with what their hellos say, and,
//! where there are secrets, what a session makes of the application data. Of what is told of a hello in
//! fragments, the first one tells most.

use std::sync::Arc;

use evidence::{Fate, Fidelity, Layer, Step};

use super::{
    flight::{Notes, Said},
    fragments::Fragments,
    handshake::{Handshake, HandshakeType},
    hello::Carrier,
    inner::Inner,
    opening::{Opening, Unsealed, Why},
    protection::Named,
    reader::Reader,
    record::ContentType,
    sealed::DAMAGED,
};
use crate::{
    Body, Derivation, Ending, Extract, Head, Message, Part, Recorded, Role, Seal, Sender,
    protocol::{Context, DatagramProtocol, Output, Received},
};

/// What a flow of DTLS says.
#[derive(Debug)]
pub struct Dtls {
    name: &'static str,
    context: Context,
    exchange: Option<u32>,
    opening: Opening,
    originator: Fragments,
    responder: Fragments,
    seal: Option<Arc<Seal>>,
    inner: Option<Inner>,
    /// Room for what a record gives.
    made: Vec<u8>,
}

/// A record.
#[derive(Clone, Copy, Debug)]
struct Record<'a> {
    content: ContentType,
    version: u16,
    /// How often the ciphers changed; 0 is in the clear.
    epoch: u16,
    /// Epoch and number.
    number: u64,
    body: Reader<'a>,
}

impl Dtls {
    /// A flow whose messages have that protocol's name.
    pub fn new(name: &'static str, context: &Context) -> Self {
        let (originator, responder) = Default::default();
        Self {
            name,
            context: context.clone(),
            exchange: None,
            opening: Opening::new(context.keys.clone(), Carrier::Datagrams),
            originator,
            responder,
            seal: None,
            inner: None,
            made: Vec::new(),
        }
    }

    /// Gives out the records in the clear. What they say is heard.
    fn say(&mut self, sender: Sender, recorded: Recorded, ending: Ending, out: &mut Output) {
        let mut heard = Said::default();
        let mut notes = Notes { recorded: &recorded, out };
        for record in records(&recorded.bytes).filter(Record::is_clear) {
            match record.content {
                ContentType::HANDSHAKE => {
                    self.listen(sender, record.body, false);
                    for message in messages(record.body) {
                        heard.add(&message, Carrier::Datagrams, &mut notes);
                    }
                }
                ContentType::CHANGE_CIPHER_SPEC => self.opening.change(sender),
                _ => {}
            }
        }
        let name = heard.name.map(|value| Part { role: Role::HostName, name: 0..0, value });
        let message = self.message(sender, (recorded, ending), (Head::Tls(Box::new(heard.head)), name), out);
        out.messages.push(message);
    }

    /// Puts handshake messages together for the keys that follow from them.
    fn listen(&mut self, sender: Sender, fragments: Reader<'_>, sealed: bool) {
        let side = match sender {
            Sender::Originator => &mut self.originator,
            Sender::Responder => &mut self.responder,
        };
        side.add(fragments.rest());
        while let Some((kind, raw)) = side.next() {
            let body = raw.get(Fragments::HEADER..).unwrap_or_default();
            let message = Handshake { kind, body, at: Fragments::HEADER, whole: true };
            self.opening.hear(sender, &message, &raw, sealed);
        }
    }

    /// Opens the records of a datagram from `from` on.
    fn unseal(&mut self, sender: Sender, recorded: &Recorded, from: usize, out: &mut Output) {
        let mut end = from;
        for record in records(&recorded.bytes).filter(|record| record.start() >= from) {
            end = record.end();
            let mut made = std::mem::take(&mut self.made);
            let content = record.body.rest();
            let named = Named {
                content: record.content,
                version: record.version,
                len: u16::try_from(content.len()).unwrap_or(u16::MAX),
            };
            let place = (record.epoch, record.number);
            match self.opening.open_numbered(sender, place, named, content, &mut made) {
                Err(why) => {
                    if why == Why::Damaged {
                        let at = record.start() as u64;
                        out.note(Layer::Tls, DAMAGED, String::new(), recorded, at);
                    }
                    out.pass(Fate::Encrypted, words(why), record.len() as u64, 1);
                }
                Ok(unsealed) => self.take(sender, &record, (unsealed, &made), recorded, out),
            }
            self.made = made;
        }
        let rest = recorded.bytes.len().saturating_sub(end);
        if rest > 0 {
            out.pass(Fate::Encrypted, words(Why::NoKey), rest as u64, 1);
        }
    }

    /// Hands on what a record gave.
    fn take(
        &mut self,
        sender: Sender,
        record: &Record<'_>,
        (unsealed, made): (Unsealed, &[u8]),
        recorded: &Recorded,
        out: &mut Output,
    ) {
        let said = made.get(..unsealed.opened.len).unwrap_or_default();
        let content = unsealed.opened.content;
        out.pass(Fate::Decoded, RECORDS, record.len().saturating_sub(said.len()) as u64, 1);
        let seal = self.reseal(&unsealed);
        let derivation = derivation(unsealed, record, recorded);
        let mut plain = Recorded { first: recorded.first, last: recorded.last, ..Recorded::default() };
        plain.append_derived(said, &derivation, 0);
        match content {
            ContentType::APPLICATION_DATA => self.data(sender, plain, &seal, out),
            ContentType::HANDSHAKE => {
                self.listen(sender, Reader::new(said), true);
                let head = self.read(&plain, out);
                self.tell(sender, plain, head, out);
            }
            ContentType::ALERT => {
                if let [level, description] = *said {
                    Notes { recorded: &plain, out }.alert([level, description]);
                }
                self.tell(sender, plain, (Head::Tls(Box::default()), None), out);
            }
            ContentType::CHANGE_CIPHER_SPEC => {
                out.pass(Fate::Decoded, RECORDS, said.len() as u64, 0);
            }
            _ => out.pass(Fate::NotParsed, OTHER, said.len() as u64, 1),
        }
    }

    fn read(&self, plain: &Recorded, out: &mut Output) -> (Head, Option<Part>) {
        let mut heard = Said::default();
        let mut notes = Notes { recorded: plain, out };
        for message in messages(Reader::new(&plain.bytes)) {
            heard.add(&message, Carrier::Datagrams, &mut notes);
        }
        let name = heard.name.map(|value| Part { role: Role::HostName, name: 0..0, value });
        (Head::Tls(Box::new(heard.head)), name)
    }

    fn tell(&mut self, sender: Sender, plain: Recorded, head: (Head, Option<Part>), out: &mut Output) {
        if plain.bytes.is_empty() {
            return;
        }
        let mut message = self.message(sender, (plain, Ending::Whole), head, out);
        message.seal.clone_from(&self.seal);
        out.messages.push(message);
    }

    fn data(&mut self, sender: Sender, plain: Recorded, seal: &Arc<Seal>, out: &mut Output) {
        let len = plain.bytes.len() as u64;
        if len == 0 {
            return;
        }
        if self.inner.is_none() {
            self.exchange.get_or_insert_with(|| out.number());
            let first = out.number();
            self.inner = Inner::open(evidence::Transport::Udp, &self.context, first, (**seal).clone());
        }
        match &mut self.inner {
            Some(inner) => {
                inner.datagram(sender, Received { recorded: plain, cut: false }, out);
                out.numbered(inner.next());
            }
            None => out.pass(Fate::OverLimit, DEEP, len, 1),
        }
    }

    fn message(
        &mut self,
        sender: Sender,
        (recorded, ending): (Recorded, Ending),
        (head, part): (Head, Option<Part>),
        out: &mut Output,
    ) -> Message {
        Message {
            protocol: self.name,
            sender,
            exchange: *self.exchange.get_or_insert_with(|| out.number()),
            recorded,
            step: Step::Datagram,
            parts: part.into_iter().collect(),
            body: Body::None,
            head,
            ending,
            position: 0,
            seal: None,
            stands_for: None,
        }
    }

    /// What protects the records.
    fn reseal(&mut self, unsealed: &Unsealed) -> Arc<Seal> {
        let (version, suite) = (unsealed.agreed.version, unsealed.agreed.suite.number);
        let same = |seal: &&Arc<Seal>| seal.version == u32::from(version) && seal.suite == suite;
        if let Some(seal) = self.seal.as_ref().filter(same) {
            return Arc::clone(seal);
        }
        let outer = self.context.seal.clone();
        let seal = Arc::new(Seal { protocol: self.name, version: version.into(), suite, outer });
        if let Some(inner) = &mut self.inner {
            inner.reseal(version, suite);
        }
        Arc::clone(self.seal.insert(seal))
    }
}

impl DatagramProtocol for Dtls {
    fn datagram(&mut self, sender: Sender, datagram: Received, out: &mut Output) {
        let ending = datagram.ending();
        let recorded = datagram.recorded;
        let said = records(&recorded.bytes).filter(Record::is_clear).map(|record| record.end()).max();
        let said = said.unwrap_or(0);
        if said > 0 {
            let mut clear = recorded.clone();
            clear.truncate(said);
            self.say(sender, clear, ending, out);
        }
        if said < recorded.bytes.len() {
            self.unseal(sender, &recorded, said, out);
        }
    }

    fn finish(&mut self, out: &mut Output) {
        if let Some(inner) = &mut self.inner {
            inner.finish(out);
        }
    }
}

/// What a record was made into.
fn derivation(unsealed: Unsealed, record: &Record<'_>, recorded: &Recorded) -> Arc<Derivation> {
    let (opened, at) = (unsealed.opened, record.body.at());
    let input = |from: usize, to: usize| {
        Extract::of(recorded.slice(at.saturating_add(from), at.saturating_add(to)), Step::Datagram)
    };
    let len = opened.len as u64;
    Arc::new(match opened.how {
        Some(how) => Derivation {
            step: Step::Decrypt(Box::new(how)),
            len,
            fidelity: unsealed.fidelity,
            before: (0, 0),
            input: input(opened.input.start, opened.input.end),
            key: unsealed.key,
        },
        None => Derivation {
            step: Step::Body,
            len,
            fidelity: Fidelity::Exact,
            before: (0, 0),
            input: input(0, opened.len),
            key: None,
        },
    })
}

/// The ledger's reason.
fn words(why: Why) -> &'static str {
    match why {
        Why::BytesLost => "DTLS, bytes lost",
        Why::NoHello => "DTLS, begun before the capture (no hello)",
        Why::NoKey => "DTLS, no key",
        Why::NoSecret => "DTLS, no secret in the key logs",
        Why::Damaged | Why::NotFitting => "DTLS, the secret does not fit",
        Why::Unsupported => "DTLS, unsupported cipher suite",
    }
}

impl Record<'_> {
    /// Whether anyone can read it.
    fn is_clear(&self) -> bool {
        self.epoch == 0 && self.content != ContentType::APPLICATION_DATA
    }

    /// Where it begins in its datagram.
    fn start(&self) -> usize {
        self.body.at().saturating_sub(HEADER)
    }

    /// Where it ends in its datagram.
    fn end(&self) -> usize {
        self.body.at().saturating_add(self.body.rest().len())
    }

    /// Its bytes, header included.
    fn len(&self) -> usize {
        self.end().saturating_sub(self.start())
    }
}

/// Whether a datagram begins with a record in a known version's form. In a flow that is `known` to be DTLS,
/// also the short form of version 1.3.
pub fn recognise(datagram: &[u8], known: bool) -> bool {
    let short = known && datagram.first().is_some_and(|first| first & 0xe0 == 0x20);
    short || records(datagram).next().is_some()
}

/// The records of a datagram, up to the first bytes that are none.
fn records(datagram: &[u8]) -> impl Iterator<Item = Record<'_>> {
    let mut reader = Reader::new(datagram);
    std::iter::from_fn(move || {
        let content = reader.u8().filter(|content| (20..=26).contains(content))?;
        let version = reader.u16().filter(|version| matches!(version, 0xfeff | 0xfefd))?;
        let number = u64::from_be_bytes(*reader.array()?);
        let body = reader.vec16()?;
        let epoch = u16::try_from(number >> 48).ok()?;
        Some(Record { content: ContentType(content), version, epoch, number, body })
    })
}

/// The messages of a record that begin in it (RFC 6347 section 4.2.2).
fn messages(mut record: Reader<'_>) -> impl Iterator<Item = Handshake<'_>> {
    std::iter::from_fn(move || {
        let kind = HandshakeType(record.u8()?);
        let len = record.u24()?;
        record.u16()?;
        let from = record.u24()?;
        let body = record.vec24()?;
        let whole = from == 0 && body.rest().len() == len;
        let hello = matches!(kind, HandshakeType::CLIENT_HELLO | HandshakeType::SERVER_HELLO) && from == 0;
        // A piece of another message, or a later one, would be misread.
        let kind = if whole || hello { kind } else { OPAQUE };
        Some(Handshake { kind, body: body.rest(), at: body.at(), whole })
    })
}

/// A type that says nothing.
const OPAQUE: HandshakeType = HandshakeType(u8::MAX);

/// Bytes of a record's header.
const HEADER: usize = 13;

const DEEP: &str = "DTLS within more TLS than is followed";
const OTHER: &str = "DTLS records of other content";
const RECORDS: &str = "DTLS record headers and tags";
