//! DNS messages (RFC 1035), also multicast (RFC 6762) and LLMNR (RFC 4795), over UDP and TCP.
//!
//! The body of a message is its names and texts as text, a line each, so that they are searched as people
//! write them; each label points to its bytes in the message.

mod reader;

use std::collections::VecDeque;

use evidence::{Layer, Step};

use self::reader::Reading;
use crate::{
    Body, DnsHead, Ending, Head, Message, Recorded, Sender, StreamBuffer,
    protocol::{Context, DatagramProtocol, Output, Received, StreamProtocol, Upgrade, Verdict},
    session::raw::RawRun,
};

/// DNS over UDP.
#[derive(Debug)]
pub struct Datagrams {
    protocol: &'static str,
    pairs: Pairs,
}

/// DNS over TCP (RFC 1035 section 4.2.2): each message has its length before it.
#[derive(Debug)]
pub struct Stream {
    protocol: &'static str,
    pairs: Pairs,
    next: u32,
}

/// The name of a type of records (IANA's registry of DNS parameters): 28 → `AAAA`.
pub fn type_name(kind: u16) -> Option<&'static str> {
    TYPES.iter().find(|(number, _)| *number == kind).map(|(_, name)| *name)
}

/// Whether a datagram is a DNS message: on port 53 where its header is plausible, on other ports where all
/// of it is flawless and asks for one name.
pub fn recognise(bytes: &[u8], context: &Context) -> bool {
    if context.port(53) { plausible(bytes) } else { reader::flawless(bytes) }
}

/// Whether the header of a message is plausible: an opcode that exists, and the reserved bit not set.
pub fn plausible(bytes: &[u8]) -> bool {
    let flags = bytes.get(2..4);
    bytes.len() >= HEADER
        && flags.is_some_and(|flags| matches!(flags, [high, low] if high >> 3 & 15 <= 6 && low & 0x40 == 0))
}

/// Whether a stream begins with a message: on port 53, and on that of DNS over TLS (RFC 7858), where its
/// header is plausible; on other ports where all of it is flawless and asks for one name.
pub fn starts(bytes: &[u8], last: bool, context: &Context) -> Verdict {
    if !context.port(53) && !context.port(853) {
        return strict(bytes).settled(last);
    }
    match (bytes.first_chunk::<2>(), bytes.get(2..PREFIX + HEADER)) {
        (Some(prefix), _) if usize::from(u16::from_be_bytes(*prefix)) < HEADER => Verdict::No,
        (Some(_), Some(header)) if plausible(header) => Verdict::Yes,
        (Some(_), Some(_)) => Verdict::No,
        _ => Verdict::More.settled(last),
    }
}

/// Whether a stream begins with a flawless message behind its length.
fn strict(bytes: &[u8]) -> Verdict {
    let rule = |(at, byte): (usize, &u8)| match at {
        0 => usize::from(*byte) < STRICT >> 8,
        4 => byte & 0x78 == 0,
        5 => byte & 0x70 == 0,
        6 | 8 | 10 | 12 => *byte == 0,
        7 => *byte == 1,
        _ => true,
    };
    if !bytes.iter().take(PREFIX + HEADER).enumerate().all(rule) {
        return Verdict::No;
    }
    let Some(prefix) = bytes.first_chunk::<PREFIX>().filter(|_| bytes.len() >= PREFIX + HEADER) else {
        return Verdict::More;
    };
    match bytes.get(PREFIX..PREFIX + usize::from(u16::from_be_bytes(*prefix))) {
        None => Verdict::More,
        Some(message) if reader::flawless(message) => Verdict::Yes,
        Some(_) => Verdict::No,
    }
}

/// What a message says: its names and records. For messages that another protocol carries (RFC 8484). `None`
/// where it is none.
pub fn read(message: &[u8]) -> Option<DnsHead> {
    plausible(message).then(|| Reading::of(message, 0).head)
}

impl Datagrams {
    /// A room whose messages have that protocol's name: `DNS`, `mDNS` or `LLMNR`.
    pub fn new(protocol: &'static str) -> Self {
        Self { protocol, pairs: Pairs::of(protocol) }
    }
}

impl DatagramProtocol for Datagrams {
    fn datagram(&mut self, sender: Sender, datagram: Received, out: &mut Output) {
        let ending = datagram.ending();
        let reading = Reading::of(&datagram.recorded.bytes, 0);
        let exchange = match self.pairs.answered(&reading) {
            Some(exchange) => exchange,
            None => self.pairs.number(&reading, out.number()),
        };
        let kind = (self.protocol, Step::Datagram);
        give(out, kind, (sender, exchange, ending), datagram.recorded, reading);
    }
}

impl Stream {
    /// A room whose messages have that protocol's name.
    pub fn new(protocol: &'static str, context: &Context) -> Self {
        Self { protocol, pairs: Pairs::of(protocol), next: context.first_exchange }
    }

    fn message(&mut self, sender: Sender, recorded: Recorded, ending: Ending, out: &mut Output) {
        let reading = Reading::of(&recorded.bytes, PREFIX);
        let exchange = self.pairs.answered(&reading).unwrap_or_else(|| {
            let next = self.next;
            self.next = next.saturating_add(1);
            self.pairs.number(&reading, next)
        });
        give(out, (self.protocol, Step::Reassembly), (sender, exchange, ending), recorded, reading);
    }
}

impl StreamProtocol for Stream {
    fn push(&mut self, sender: Sender, stream: &mut StreamBuffer, out: &mut Output) {
        while let Some(prefix) = stream.bytes().first_chunk::<PREFIX>() {
            let len = PREFIX + usize::from(u16::from_be_bytes(*prefix));
            if stream.len() < len {
                break;
            }
            let recorded = stream.take(len);
            self.message(sender, recorded, Ending::Whole, out);
        }
    }

    /// Behind a gap nobody knows where a message begins.
    fn gap(&mut self, sender: Sender, _len: u64, stream: &mut StreamBuffer, out: &mut Output) {
        self.finish(sender, stream, out);
        out.upgrade = Some(Upgrade::default());
    }

    fn finish(&mut self, sender: Sender, stream: &mut StreamBuffer, out: &mut Output) {
        self.push(sender, stream, out);
        match stream.len() {
            0 => {}
            1..PREFIX => RawRun::new(self.protocol, self.next).flush(Ending::Cut, (sender, stream), out),
            rest => {
                let recorded = stream.take(rest);
                self.message(sender, recorded, Ending::Cut, out);
            }
        }
    }
}

/// Queries that wait for their answer.
#[derive(Debug)]
struct Pairs {
    waiting: VecDeque<(u16, u32)>,
    /// Whether the id 0 is that of no query: so in multicast DNS (RFC 6762 section 18.1).
    zero_is_none: bool,
}

impl Pairs {
    fn of(protocol: &str) -> Self {
        Self { waiting: VecDeque::new(), zero_is_none: protocol == "mDNS" }
    }

    fn told(&self, reading: &Reading) -> bool {
        reading.id != 0 || !self.zero_is_none
    }

    /// The exchange that a response answers.
    fn answered(&mut self, reading: &Reading) -> Option<u32> {
        let response = reading.head.response && self.told(reading);
        let place = self.waiting.iter().rposition(|(id, _)| response && *id == reading.id)?;
        self.waiting.remove(place).map(|(_, exchange)| exchange)
    }

    /// Notes a message that answers none.
    fn number(&mut self, reading: &Reading, exchange: u32) -> u32 {
        if !reading.head.response && self.told(reading) {
            if self.waiting.len() >= WAITING_LIMIT {
                self.waiting.pop_front();
            }
            self.waiting.push_back((reading.id, exchange));
        }
        exchange
    }
}

fn give(
    out: &mut Output,
    (protocol, step): (&'static str, Step),
    (sender, exchange, ending): (Sender, u32, Ending),
    recorded: Recorded,
    reading: Reading,
) {
    if ending == Ending::Whole {
        for oddity in reading.oddities {
            out.note(Layer::Dns, oddity.what, oddity.detail, &recorded, oddity.at as u64);
        }
    }
    let body = match reading.text.is_empty() {
        true => Body::None,
        false => Body::Joined { bytes: reading.text, segments: reading.segments },
    };
    let head = Head::Dns(reading.head);
    out.messages.push(Message {
        protocol,
        sender,
        exchange,
        recorded,
        step,
        parts: Vec::new(),
        body,
        head,
        ending,
        position: 0,
        seal: None,
        stands_for: None,
    });
}

/// Bytes of a header (RFC 1035 section 4.1.1).
const HEADER: usize = 12;

/// Bytes of the length before a message over TCP.
const PREFIX: usize = 2;

/// The longest message that is waited for on a port that is not DNS's.
const STRICT: usize = 4096;

/// Queries kept waiting in one flow.
const WAITING_LIMIT: usize = 64;

/// Types that are asked for.
const TYPES: [(u16, &str); 19] = [
    (1, "A"),
    (2, "NS"),
    (5, "CNAME"),
    (6, "SOA"),
    (12, "PTR"),
    (13, "HINFO"),
    (15, "MX"),
    (16, "TXT"),
    (28, "AAAA"),
    (33, "SRV"),
    (35, "NAPTR"),
    (43, "DS"),
    (46, "RRSIG"),
    (47, "NSEC"),
    (48, "DNSKEY"),
    (52, "TLSA"),
    (64, "SVCB"),
    (65, "HTTPS"),
    (255, "ANY"),
];
