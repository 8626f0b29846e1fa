//! QUIC datagrams to messages: the hellos in the Initial packets of both sides (RFC 9001 section 5.2). All
//! else is encrypted with keys that only the peers have, and counted.
//!
//! A message is the stretch of a datagram that brought new handshake bytes. What they say stands in its head
//! as soon as enough of them came; the decrypted bytes themselves are in no message yet.

use evidence::{Fate, Step};

use super::{
    assembly::Assembly,
    frame, google,
    header::{LongHeader, PacketType},
    keys::{InitialKeys, Opened},
    version::Version,
};
use crate::{
    Body, Ending, Head, Message, Part, Recorded, Role, Sender, TlsHead,
    protocol::{DatagramProtocol, Output, Received},
    tls::{Carrier, HandshakeType, Notes, Said, handshake},
};

/// What a flow of QUIC says.
#[derive(Debug)]
pub struct Quic {
    name: &'static str,
    exchange: Option<u32>,
    connection: Option<Connection>,
    /// How often keys were derived in vain, or for another version.
    failures: u32,
    /// It is Google's old one.
    google: bool,
}

/// A connection whose Initial packets can be read.
#[derive(Debug)]
struct Connection {
    /// The destination of the client's first packet.
    destination: Vec<u8>,
    version: u32,
    keys: InitialKeys,
    client: Sender,
    asked: Half,
    answered: Half,
}

/// What came from one side.
#[derive(Debug, Default)]
struct Half {
    handshake: Assembly,
    largest: Option<u64>,
}

/// What became of a datagram's packets.
#[derive(Debug, Default)]
struct Sorted {
    /// Up to where the datagram brought handshake bytes.
    said: usize,
    /// What is said of the bytes behind.
    rest: Option<(Fate, &'static str)>,
    /// It is to be searched as it stands.
    clear: bool,
}

impl Quic {
    /// A flow whose messages have that protocol's name.
    pub fn new(name: &'static str) -> Self {
        Self { name, exchange: None, connection: None, failures: 0, google: false }
    }

    /// Goes through the packets of a datagram.
    fn sort(&mut self, sender: Sender, datagram: &[u8]) -> Sorted {
        let mut sorted = Sorted::default();
        let mut at = 0;
        while let Some(rest) = datagram.get(at..).filter(|rest| !rest.is_empty()) {
            let Some(header) = LongHeader::read(rest) else { break };
            let packet = rest.get(..header.end).unwrap_or_default();
            at = at.saturating_add(header.end);
            let fate = match header.kind {
                PacketType::Initial => match self.open(sender, &header, packet) {
                    Some(opened) if self.hear(sender, &opened) => {
                        sorted.said = at;
                        continue;
                    }
                    Some(_) => (Fate::Decoded, NOTHING_NEW),
                    None => (Fate::Encrypted, NO_KEY),
                },
                PacketType::Negotiation | PacketType::Retry => {
                    sorted.clear = true;
                    return sorted;
                }
                PacketType::Handshake | PacketType::Unknown | PacketType::ZeroRtt => (Fate::Encrypted, DATA),
            };
            sorted.rest.get_or_insert(fate);
        }
        // Short headers behind long ones, and what is cut.
        if at < datagram.len() || sorted.rest.is_none() {
            sorted.rest.get_or_insert((Fate::Encrypted, DATA));
        }
        sorted
    }

    /// Opens an Initial packet, with the keys at hand or those that follow from it.
    fn open(&mut self, sender: Sender, header: &LongHeader<'_>, packet: &[u8]) -> Option<Opened> {
        let version = Version::of(header.version)?;
        if let Some(connection) = &mut self.connection {
            if connection.version != header.version && self.failures < FAILURES {
                self.failures += 1;
                connection.follow(header.version, version);
            }
            if let Some(opened) = connection.open(sender, header, packet) {
                return Some(opened);
            }
        }
        if self.failures >= FAILURES {
            return None;
        }
        let keys = InitialKeys::derive(version, header.destination)?;
        let Some(opened) = keys.client.open(packet, header.number_at, None) else {
            self.failures += 1;
            return None;
        };
        // After a Retry the client begins afresh under another id; once it was answered it is another connection.
        if self.connection.as_ref().is_some_and(|old| !old.answered.handshake.bytes().is_empty()) {
            self.exchange = None;
        }
        self.connection = Some(Connection {
            destination: header.destination.to_vec(),
            version: header.version,
            keys,
            client: sender,
            asked: Half::default(),
            answered: Half::default(),
        });
        Some(opened)
    }

    /// Takes the handshake bytes out of a packet. Returns whether there were new ones.
    fn hear(&mut self, sender: Sender, opened: &Opened) -> bool {
        let Some(connection) = &mut self.connection else { return false };
        let half = connection.half(sender);
        half.largest = half.largest.max(Some(opened.number));
        let mut new = false;
        for piece in frame::crypto(&opened.frames) {
            new |= half.handshake.add(piece.offset, piece.data);
        }
        new
    }

    /// What the handshake bytes of a side say so far.
    fn head(&mut self, sender: Sender, notes: &mut Notes<'_>) -> TlsHead {
        let mut said = Said::default();
        let half = self.connection.as_mut().map(|connection| connection.half(sender));
        for message in handshake::messages(half.map_or(&[], |half| half.handshake.bytes())) {
            if matches!(message.kind, HandshakeType::CLIENT_HELLO | HandshakeType::SERVER_HELLO) {
                said.add(&message, Carrier::Quic, notes);
            }
        }
        said.head
    }

    /// Google's old versions: a hello in the clear, then nothing that is.
    fn google(&mut self, sender: Sender, datagram: Received, out: &mut Output) {
        let Some(hello) = google::ClientHello::find(&datagram.recorded.bytes) else {
            return out.pass(Fate::Encrypted, GOOGLE, datagram.recorded.bytes.len() as u64, 1);
        };
        let value = |tag| hello.value(tag).filter(|range| !range.is_empty());
        let name = value(b"SNI\0");
        let text = name.clone().and_then(|range| datagram.recorded.bytes.get(range));
        let head =
            TlsHead { server_name: text.map(crate::tls::text).unwrap_or_default(), ..TlsHead::default() };
        let parts = [(Role::HostName, name), (Role::Option, value(b"UAID"))];
        let parts =
            parts.into_iter().filter_map(|(role, value)| Some(Part { role, name: 0..0, value: value? }));
        let ending = datagram.ending();
        let parts = parts.collect();
        self.tell(sender, datagram.recorded, (Head::Tls(Box::new(head)), ending), out);
        if let Some(message) = out.messages.last_mut() {
            message.parts = parts;
        }
    }

    /// Gives out a message.
    fn tell(&mut self, sender: Sender, recorded: Recorded, (head, ending): (Head, Ending), out: &mut Output) {
        let exchange = *self.exchange.get_or_insert_with(|| out.number());
        let body = if head == Head::Raw { Body::Range(0..recorded.bytes.len()) } else { Body::None };
        out.messages.push(Message {
            protocol: self.name,
            sender,
            exchange,
            recorded,
            step: Step::Datagram,
            parts: Vec::new(),
            body,
            head,
            ending,
            position: 0,
            seal: None,
            stands_for: None,
        });
    }
}

impl DatagramProtocol for Quic {
    fn datagram(&mut self, sender: Sender, datagram: Received, out: &mut Output) {
        let bytes = &datagram.recorded.bytes;
        let ending = datagram.ending();
        self.google |= is_google(bytes);
        if self.google {
            return self.google(sender, datagram, out);
        }
        let Some(&first) = bytes.first() else { return };
        if first & 0xc0 == 0x40 {
            return out.pass(Fate::Encrypted, DATA, bytes.len() as u64, 1);
        }
        if first & 0x80 == 0 {
            return self.tell(sender, datagram.recorded, (Head::Raw, ending), out);
        }
        let sorted = self.sort(sender, bytes);
        if sorted.clear {
            return self.tell(sender, datagram.recorded, (Head::Raw, ending), out);
        }
        let mut recorded = datagram.recorded;
        let rest = recorded.bytes.len().saturating_sub(sorted.said);
        if let Some((fate, reason)) = sorted.rest.filter(|_| rest > 0) {
            out.pass(fate, reason, rest as u64, 1);
        }
        if sorted.said > 0 {
            recorded.truncate(sorted.said);
            let head = self.head(sender, &mut Notes { recorded: &recorded, out });
            self.tell(sender, recorded, (Head::Tls(Box::new(head)), Ending::Whole), out);
        }
    }
}

impl Connection {
    fn half(&mut self, sender: Sender) -> &mut Half {
        if sender == self.client { &mut self.asked } else { &mut self.answered }
    }

    /// The peers may go over to another version, whose keys follow from the same id (RFC 9369 section 4.1).
    fn follow(&mut self, number: u32, version: &Version) {
        if let Some(keys) = InitialKeys::derive(version, &self.destination) {
            (self.version, self.keys) = (number, keys);
        }
    }

    fn open(&mut self, sender: Sender, header: &LongHeader<'_>, packet: &[u8]) -> Option<Opened> {
        let largest = self.half(sender).largest;
        let keys = if sender == self.client { &self.keys.client } else { &self.keys.server };
        keys.open(packet, header.number_at, largest)
    }
}

/// QUIC: a long header of a known version or of version negotiation (RFC 9000 section 17.2), or one of
/// Google's; any header of short form where the flow is `known` to be QUIC.
pub fn recognise(bytes: &[u8], known: bool) -> bool {
    let Some((&first, rest)) = bytes.split_first() else { return false };
    if first & 0x80 == 0 {
        return known || google::public_header(bytes);
    }
    let Some(&version) = rest.first_chunk::<4>() else { return false };
    let long = match version {
        [0, 0, 0, 0] => known,
        [0xff, 0, 0, _] => first & 0x40 != 0,
        [b'Q' | b'T', b'0', tens, units] => tens.is_ascii_digit() && units.is_ascii_digit(),
        number if Version::of(u32::from_be_bytes(number)).is_some() => first & 0x40 != 0 || known,
        [a, b, c, d] => [a, b, c, d].iter().all(|byte| byte & 0x0f == 0x0a),
    };
    let connection_id = rest.get(4).copied().unwrap_or(u8::MAX);
    long && (connection_id <= 20 || version.first() == Some(&b'Q'))
}

fn is_google(bytes: &[u8]) -> bool {
    let long = |version: &[u8; 4]| version.starts_with(b"Q0");
    match bytes.first() {
        Some(first) if first & 0x80 != 0 => bytes.get(1..).and_then(<[u8]>::first_chunk).is_some_and(long),
        _ => google::public_header(bytes),
    }
}

/// How often keys are derived in vain on one flow, or for another version: a client's first packet has them.
const FAILURES: u32 = 32;

const DATA: &str = "QUIC, no key";
const GOOGLE: &str = "QUIC of Google's own, no key";
const NOTHING_NEW: &str = "QUIC Initial packets without new handshake bytes";
const NO_KEY: &str = "QUIC Initial packets, no key";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_headers_count_in_known_flows_only() {
        let rows: [(&[u8], bool, bool); 8] = [
            (b"\xc3\x00\x00\x00\x01\x08", false, true),
            (b"\x43random", false, false),
            (b"\x43random", true, true),
            (b"\x0dQ043", false, false),
            (b"\x0d12345678Q043\x01", false, true),
            (b"\xc3Q046\x50", false, true),
            (b"\xc3\xfa\xce\xb0\x02\x08", false, true),
            (b"\xc3\x12\x34\x56\x78\x08", false, false),
        ];
        for (bytes, known, expected) in rows {
            assert_eq!(recognise(bytes, known), expected, "{}", bytes.escape_ascii());
        }
    }
}
