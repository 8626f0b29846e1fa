//! QUIC datagrams to messages: each packet to its connection, which reads it as far as there are keys.
//!
//! Packets that come before what opens them wait for it, within bounds. What cannot be opened is counted, with
//! the reason why.

use std::collections::VecDeque;

use evidence::{Fate, Step};

use super::{
    connection::{Connection, Place},
    google,
    header::{LongHeader, PacketType},
    locks::{Level, Packet, Shut, Unlocked},
    version::Version,
};
use crate::{
    Body, Ending, Head, Message, Part, Recorded, Role, Sender, TlsHead,
    protocol::{Context, DatagramProtocol, Output, Received},
};

/// What a flow of QUIC says.
#[derive(Debug)]
pub struct Quic {
    name: &'static str,
    context: Context,
    /// The exchange of what belongs to no connection.
    exchange: Option<u32>,
    /// The latest last.
    connections: Vec<Connection>,
    /// Packets that wait for what opens them.
    waiting: VecDeque<Waiting>,
    /// How many datagrams more they wait.
    patience: u32,
    /// Something was learned that may open them.
    learned: bool,
    /// How often the client's first packet was looked for in vain.
    failures: u32,
    /// It is Google's old one.
    google: bool,
}

/// A packet that waits.
#[derive(Debug)]
struct Waiting {
    sender: Sender,
    recorded: Recorded,
    verdict: (Fate, &'static str),
}

/// A packet that stays shut: what is said of it, and whether it may open later.
struct Refused {
    verdict: (Fate, &'static str),
    later: bool,
}

impl Quic {
    /// A flow whose messages have that protocol's name.
    pub fn new(name: &'static str, context: &Context) -> Self {
        Self {
            name,
            context: context.clone(),
            exchange: None,
            connections: Vec::new(),
            waiting: VecDeque::new(),
            patience: PATIENCE,
            learned: false,
            failures: 0,
            google: false,
        }
    }

    /// Takes the packet that begins at `at`, and says where the next one does.
    fn packet(
        &mut self,
        sender: Sender,
        (recorded, at): (&Recorded, usize),
        cut: bool,
        out: &mut Output,
    ) -> usize {
        let rest = recorded.bytes.get(at..).unwrap_or_default();
        let all = recorded.bytes.len();
        if rest.first().is_some_and(|first| first & 0x80 == 0) {
            self.short(sender, (recorded, at), cut, out);
            return all;
        }
        let Some(header) = LongHeader::read(rest) else {
            let reason = if cut && !self.context.keys.is_empty() { CUT } else { DATA };
            out.pass(Fate::Encrypted, reason, rest.len() as u64, 1);
            return all;
        };
        let end = at.saturating_add(header.end);
        match Level::of(header.kind) {
            Some(level) => self.long(sender, (recorded, at), (&header, level), out),
            None if header.kind == PacketType::Unknown => {
                let reason = if self.context.keys.is_empty() { DATA } else { UNKNOWN };
                out.pass(Fate::Encrypted, reason, rest.len() as u64, 1);
            }
            None => {
                if let Some(connection) = self.connections.last_mut() {
                    connection.learn_id(sender, header.source, &self.context);
                }
                self.tell_raw(sender, recorded.slice(at, all), ending(cut), out);
            }
        }
        end
    }

    /// A packet with a long header.
    fn long(
        &mut self,
        sender: Sender,
        (recorded, at): (&Recorded, usize),
        (header, level): (&LongHeader<'_>, Level),
        out: &mut Output,
    ) {
        let end = at.saturating_add(header.end);
        let bytes = recorded.bytes.get(at..end).unwrap_or_default();
        let packet = Packet { level, version: header.version, bytes, number_at: header.number_at };
        let known = self.connections.iter().rposition(|one| one.has(sender, header.destination));
        let opened = match known.or(self.connections.len().checked_sub(1)) {
            Some(place) => self.open(place, sender, packet),
            None => Err(Shut::NoHello),
        };
        let opened = match opened {
            Err(shut) if level == Level::Initial => {
                self.begin(sender, packet, header.destination, out).ok_or(shut)
            }
            opened => opened,
        };
        match opened {
            Ok((place, unlocked)) => {
                if let Some(connection) = self.connections.get_mut(place) {
                    connection.learn_id(sender, header.source, &self.context);
                }
                let len = bytes.len();
                self.hear(place, (sender, level), &unlocked, Place { recorded, at, len }, out);
            }
            Err(shut) => {
                let refused = self.refuse(shut, level);
                self.keep(sender, (recorded, at, end), refused, out);
            }
        }
    }

    /// A packet with a short header: the rest of its datagram.
    fn short(&mut self, sender: Sender, (recorded, at): (&Recorded, usize), cut: bool, out: &mut Output) {
        let all = recorded.bytes.len();
        let bytes = recorded.bytes.get(at..).unwrap_or_default();
        let fixed = bytes.first().is_some_and(|first| first & 0x40 != 0);
        let behind = bytes.get(1..).unwrap_or_default();
        let addressed = |one: &Connection| one.addressed(sender, behind);
        // Of several that are meant equally well, the latest.
        let named = self.connections.iter().enumerate();
        let named =
            named.filter_map(|(place, one)| Some((place, addressed(one)?))).max_by_key(|(_, len)| *len);
        let latest = || {
            let place = self.connections.len().checked_sub(1)?;
            Some((place, self.connections.get(place)?.id_len(sender)?))
        };
        let opened = match named.or_else(latest) {
            Some((place, len)) => {
                let version = self.connections.get(place).map_or(0, Connection::version);
                let number_at = len.saturating_add(1);
                self.open(place, sender, Packet { level: Level::Data, version, bytes, number_at })
            }
            None => Err(Shut::NoHello),
        };
        match opened {
            Ok((place, unlocked)) => {
                let len = bytes.len();
                self.hear(place, (sender, Level::Data), &unlocked, Place { recorded, at, len }, out);
            }
            Err(_) if self.connections.iter().any(|one| one.is_reset_by(bytes)) => {
                out.pass(Fate::Decoded, RESET, bytes.len() as u64, 1);
            }
            // Where packets are padded to the size of a datagram, nothing follows.
            Err(_) if at > 0 && bytes.iter().all(|byte| *byte == 0) => {
                out.pass(Fate::Decoded, PADDING, bytes.len() as u64, 1);
            }
            Err(_) if !fixed && at == 0 => self.tell_raw(sender, recorded.clone(), ending(cut), out),
            Err(shut) => {
                let mut refused = self.refuse(shut, Level::Data);
                if cut && !self.context.keys.is_empty() {
                    refused = Refused { verdict: (Fate::Encrypted, CUT), later: false };
                }
                self.keep(sender, (recorded, at, all), refused, out);
            }
        }
    }

    fn open(&mut self, place: usize, sender: Sender, packet: Packet<'_>) -> Result<(usize, Unlocked), Shut> {
        let connection = self.connections.get_mut(place).ok_or(Shut::NoHello)?;
        connection.open(sender, packet, &self.context).map(|unlocked| (place, unlocked))
    }

    /// Begins a connection where a packet is the client's first: its keys follow from its destination.
    fn begin(
        &mut self,
        sender: Sender,
        packet: Packet<'_>,
        destination: &[u8],
        out: &mut Output,
    ) -> Option<(usize, Unlocked)> {
        if self.failures >= FAILURES || Version::of(packet.version).is_none() {
            return None;
        }
        // After a Retry the client begins afresh under another id; once it was answered it is another connection.
        let retried = self.connections.last().filter(|one| !one.is_answered()).map(Connection::exchange);
        let exchange = retried.unwrap_or_default();
        let mut connection = Connection::new(self.name, sender, (packet.version, destination), exchange);
        let Ok(unlocked) = connection.open(sender, packet, &self.context) else {
            self.failures += 1;
            return None;
        };
        if retried.is_none() {
            connection.number(out.number());
        }
        if self.connections.len() >= CONNECTIONS {
            self.connections.remove(0).finish(out);
        }
        self.connections.push(connection);
        self.learned = true;
        Some((self.connections.len() - 1, unlocked))
    }

    fn hear(
        &mut self,
        place: usize,
        from: (Sender, Level),
        unlocked: &Unlocked,
        packet: Place<'_>,
        out: &mut Output,
    ) {
        let Some(connection) = self.connections.get_mut(place) else { return };
        let known = (connection.is_named(), connection.is_answered());
        connection.hear(from, unlocked, packet, (&self.context, out));
        self.learned |= (connection.is_named(), connection.is_answered()) != known;
    }

    /// Why a packet stays shut.
    fn refuse(&self, shut: Shut, level: Level) -> Refused {
        let reason = match shut {
            _ if level == Level::Initial => INITIAL,
            _ if self.context.keys.is_empty() => DATA,
            Shut::Changed => CHANGED,
            Shut::Misfit => MISFIT,
            Shut::NoHello => NO_HELLO,
            Shut::NoSecret => NO_SECRET,
            Shut::Unknown => UNKNOWN,
        };
        // Until the server has answered, neither its ids nor the suite are known.
        let answered = self.connections.last().is_some_and(Connection::is_answered);
        let later = reason != DATA && (shut == Shut::NoHello || !answered);
        Refused { verdict: (Fate::Encrypted, reason), later }
    }

    /// Lets a packet wait that may open later, and counts any other.
    fn keep(
        &mut self,
        sender: Sender,
        (recorded, from, to): (&Recorded, usize, usize),
        refused: Refused,
        out: &mut Output,
    ) {
        let Refused { verdict, later } = refused;
        if !later || self.patience == 0 || self.waiting.len() >= WAITING {
            return out.pass(verdict.0, verdict.1, to.saturating_sub(from) as u64, 1);
        }
        self.waiting.push_back(Waiting { sender, recorded: recorded.slice(from, to), verdict });
    }

    /// Tries the packets that wait again, as long as something new is learned from them.
    fn catch_up(&mut self, out: &mut Output) {
        while std::mem::take(&mut self.learned) {
            for Waiting { sender, recorded, .. } in std::mem::take(&mut self.waiting) {
                self.packet(sender, (&recorded, 0), false, out);
            }
        }
        if self.waiting.is_empty() {
            return;
        }
        self.patience = self.patience.saturating_sub(1);
        if self.patience == 0 {
            self.stop_waiting(out);
        }
    }

    fn stop_waiting(&mut self, out: &mut Output) {
        for Waiting { recorded, verdict: (fate, reason), .. } in self.waiting.drain(..) {
            out.pass(fate, reason, recorded.bytes.len() as u64, 1);
        }
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

    /// Gives out bytes that are searched as they stand.
    fn tell_raw(&mut self, sender: Sender, recorded: Recorded, ending: Ending, out: &mut Output) {
        self.tell(sender, recorded, (Head::Raw, ending), out);
    }

    /// Gives out a message that was sent in the clear.
    fn tell(&mut self, sender: Sender, recorded: Recorded, (head, ending): (Head, Ending), out: &mut Output) {
        let known = self.connections.last().map(Connection::exchange).or(self.exchange);
        let exchange = known.unwrap_or_else(|| out.number());
        self.exchange = Some(exchange);
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
        let in_middle = self.connections.is_empty() && google::short_header(&datagram.recorded.bytes);
        self.google |= is_google(&datagram.recorded.bytes) || in_middle;
        if self.google {
            return self.google(sender, datagram, out);
        }
        let Received { recorded, cut } = datagram;
        let mut at = 0;
        while at < recorded.bytes.len() {
            at = self.packet(sender, (&recorded, at), cut, out);
        }
        self.catch_up(out);
    }

    fn finish(&mut self, out: &mut Output) {
        self.stop_waiting(out);
        for mut connection in self.connections.drain(..) {
            connection.finish(out);
        }
    }
}

/// QUIC: a long header of a known version or of version negotiation (RFC 9000 section 17.2), or one of
/// Google's; any header of short form where the flow is `known` to be QUIC, or on its ports bytes like noise behind it:
/// a capture may begin in the middle of a connection.
pub fn recognise(bytes: &[u8], known: bool, context: &Context) -> bool {
    let Some((&first, rest)) = bytes.split_first() else { return false };
    if first & 0x80 == 0 {
        return known || google::public_header(bytes) || is_middle(bytes, context);
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

/// Whether a datagram may be of a connection whose beginning was not captured: the header is of short form (RFC 9000
/// section 17.3, or Google's), the port is one that QUIC uses, and what follows is no text.
fn is_middle(bytes: &[u8], context: &Context) -> bool {
    let short = bytes.first().is_some_and(|first| first & 0xc0 == 0x40) || google::short_header(bytes);
    let high = bytes.iter().filter(|byte| **byte >= 0x80).count();
    // Of noise every second byte is over 0x7f, of text few or none.
    let noise = high.saturating_mul(4) >= bytes.len();
    short && noise && bytes.len() >= SHORTEST && (context.port(443) || context.port(80))
}

fn is_google(bytes: &[u8]) -> bool {
    let long = |version: &[u8; 4]| version.starts_with(b"Q0");
    match bytes.first() {
        Some(first) if first & 0x80 != 0 => bytes.get(1..).and_then(<[u8]>::first_chunk).is_some_and(long),
        _ => google::public_header(bytes),
    }
}

fn ending(cut: bool) -> Ending {
    if cut { Ending::Cut } else { Ending::Whole }
}

/// How often the client's first packet is looked for in vain on one flow: each costs a derivation.
const FAILURES: u32 = 32;

/// Connections of one flow that are followed at once.
const CONNECTIONS: usize = 8;

/// Packets of a flow that wait for what opens them.
const WAITING: usize = 32;

/// For how many datagrams they do.
const PATIENCE: u32 = 64;

/// Shorter packets are not sent, so that a reset looks like one (RFC 9000 section 10.3).
const SHORTEST: usize = 21;

const CHANGED: &str = "QUIC packets that do not open with their key";
const CUT: &str = "QUIC packets that were not captured whole";
const DATA: &str = "QUIC, no key";
const GOOGLE: &str = "QUIC of Google's own, no key";
const INITIAL: &str = "QUIC Initial packets, no key";
const MISFIT: &str = "QUIC, the secret in the key logs does not fit";
const NO_HELLO: &str = "QUIC, its client's hello was not seen";
const NO_SECRET: &str = "QUIC, no secret in the key logs";
const PADDING: &str = "QUIC padding behind packets";
const RESET: &str = "QUIC stateless resets";
const UNKNOWN: &str = "QUIC of a version or cipher suite that is not known";

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
            let found = recognise(bytes, known, &Context::default());
            assert_eq!(found, expected, "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn the_middle_of_a_connection_is_noise_on_a_port_of_its_own() {
        let noise: Vec<u8> = (0..40_u8).map(|n| n.wrapping_mul(167).wrapping_add(13)).collect();
        let text = b"{\"imei\": \"490154203237518\", \"a\": 1}";
        let rows: [(u8, &[u8], u16, bool); 7] = [
            (0x43, &noise, 443, true),
            (0x0c, &noise, 443, true),
            (0x0c, &noise, 80, true),
            (0x43, &noise, 5222, false),
            (0x16, &noise, 443, false),
            (0x43, &noise[..12], 443, false),
            (b'{', text, 443, false),
        ];
        for (first, rest, port, expected) in rows {
            let context = Context { ports: [40_000, port], ..Context::default() };
            let bytes = [&[first], rest].concat();
            assert_eq!(recognise(&bytes, false, &context), expected, "{first:x} on {port}");
        }
    }
}
