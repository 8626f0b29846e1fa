//! DTLS datagrams (RFC 6347, RFC 9147) to messages: handshake records in the clear, with what their hellos
//! say. Fragments of a handshake message are not put together: of a hello the first one tells most.

use evidence::{Fate, Step};

use super::{
    flight::{Notes, Said},
    handshake::{Handshake, HandshakeType},
    hello::Carrier,
    reader::Reader,
    record::ContentType,
};
use crate::{
    Body, Head, Message, Part, Role, Sender,
    protocol::{DatagramProtocol, Output, Received},
};

/// What a flow of DTLS says.
#[derive(Debug)]
pub struct Dtls {
    name: &'static str,
    exchange: Option<u32>,
}

/// A record.
#[derive(Clone, Copy, Debug)]
struct Record<'a> {
    content: ContentType,
    /// How often the ciphers changed; 0 is in the clear.
    epoch: u16,
    body: Reader<'a>,
}

impl Dtls {
    /// A flow whose messages have that protocol's name.
    pub fn new(name: &'static str) -> Self {
        Self { name, exchange: None }
    }
}

impl DatagramProtocol for Dtls {
    fn datagram(&mut self, sender: Sender, datagram: Received, out: &mut Output) {
        let ending = datagram.ending();
        let mut recorded = datagram.recorded;
        let clear =
            |record: &Record<'_>| record.epoch == 0 && record.content != ContentType::APPLICATION_DATA;
        let ends = records(&recorded.bytes).filter(clear).map(|record| record.end());
        let said = ends.max().unwrap_or(0);
        let rest = recorded.bytes.len().saturating_sub(said);
        if rest > 0 {
            out.pass(Fate::Encrypted, DATA, rest as u64, 1);
        }
        if said == 0 {
            return;
        }
        recorded.truncate(said);
        let mut heard = Said::default();
        let mut notes = Notes { recorded: &recorded, out };
        for record in
            records(&recorded.bytes).filter(clear).filter(|one| one.content == ContentType::HANDSHAKE)
        {
            for message in messages(record.body) {
                heard.add(&message, Carrier::Datagrams, &mut notes);
            }
        }
        let exchange = *self.exchange.get_or_insert_with(|| out.number());
        let name = heard.name.map(|value| Part { role: Role::HostName, name: 0..0, value });
        out.messages.push(Message {
            protocol: self.name,
            sender,
            exchange,
            recorded,
            step: Step::Datagram,
            parts: name.into_iter().collect(),
            body: Body::None,
            head: Head::Tls(Box::new(heard.head)),
            ending,
            position: 0,
            seal: None,
            stands_for: None,
        });
    }
}

impl Record<'_> {
    /// Where it ends in its datagram.
    fn end(&self) -> usize {
        self.body.at().saturating_add(self.body.rest().len())
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
        reader.u16().filter(|version| matches!(version, 0xfeff | 0xfefd))?;
        let epoch = reader.u16()?;
        reader.take(SEQUENCE)?;
        let body = reader.vec16()?;
        Some(Record { content: ContentType(content), epoch, body })
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

/// Bytes of a record's sequence number, the epoch not counted.
const SEQUENCE: usize = 6;

const DATA: &str = "DTLS, no key";
