//! TLS over a stream to messages: the handshake as far as it is in the clear, a message for each flight.
//! What is encrypted is counted in the ledger and copied nowhere.
//!
//! A client hello begins an exchange; what else is in the clear on that connection belongs to it.

use evidence::{Fate, Layer};

use super::{
    drift::Drift,
    flight::{Flight, Placing},
    handshake::{self, HandshakeType},
    record::{ContentType, RecordHeader},
};
use crate::{
    Ending, Sender, StreamBuffer,
    protocol::{Context, Output, StreamProtocol, Verdict},
};

/// A TLS connection.
#[derive(Debug)]
pub struct Tls {
    name: &'static str,
    originator: Side,
    responder: Side,
    /// The exchange that is under way.
    exchange: Option<u32>,
    /// The next exchange's number.
    next: u32,
    /// All behind the hellos is encrypted.
    sealed: bool,
}

/// One direction.
#[derive(Debug, Default)]
struct Side {
    flight: Flight,
    passing: Passing,
    /// What is left of a handshake message that is too long.
    oversize: usize,
    /// It changed to ciphers, or sent what only ciphers send.
    encrypts: bool,
    /// Records were met.
    begun: bool,
    /// Where the next record begins is not known.
    drift: Option<Drift>,
}

/// A record that is passed over.
#[derive(Clone, Copy, Debug)]
struct Passing {
    /// How many of its bytes did not come yet.
    left: usize,
    fate: Fate,
    reason: &'static str,
}

impl Default for Passing {
    fn default() -> Self {
        Self { left: 0, fate: Fate::Encrypted, reason: DATA }
    }
}

/// What becomes of the record that comes next.
#[derive(Clone, Copy, Debug)]
enum Next {
    /// It is part of a flight.
    Clear(RecordHeader),
    /// Cannot be told yet.
    More,
    /// It is no record.
    None,
    /// A hello of so many bytes that is compatible with SSL 2.
    Old(usize),
    /// It is passed over.
    Pass(RecordHeader, Fate, &'static str),
}

impl Tls {
    /// A connection whose messages have that protocol's name.
    pub fn new(name: &'static str, context: &Context) -> Self {
        Self {
            name,
            originator: Side::default(),
            responder: Side::default(),
            exchange: None,
            next: context.first_exchange,
            sealed: false,
        }
    }

    fn side(&mut self, sender: Sender) -> &mut Side {
        match sender {
            Sender::Originator => &mut self.originator,
            Sender::Responder => &mut self.responder,
        }
    }

    /// Takes what can be taken. Returns whether to go on.
    fn step(&mut self, sender: Sender, stream: &mut StreamBuffer, out: &mut Output) -> bool {
        let side = self.side(sender);
        side.pass(stream, out);
        if let Some(drift) = &mut side.drift {
            let found = drift.run(sender, stream, out);
            if found {
                side.drift = None;
            }
            return found;
        }
        let bytes = stream.bytes().get(side.flight.len()..).unwrap_or_default();
        if bytes.is_empty() {
            return false;
        }
        match self.next(sender, bytes) {
            Next::Clear(header) => return self.add(sender, header, stream, out),
            Next::More => return false,
            Next::None => self.lose_track(sender, stream, out),
            Next::Old(len) => {
                let message = bytes.get(2..len).unwrap_or_default();
                self.side(sender).flight.add_old(len, message);
                self.give(sender, Ending::Whole, stream, out);
            }
            Next::Pass(header, fate, reason) => {
                self.give(sender, Ending::Whole, stream, out);
                let side = self.side(sender);
                side.passing = Passing { left: header.total(), fate, reason };
                out.pass(fate, reason, 0, 1);
                side.pass(stream, out);
            }
        }
        true
    }

    /// Looks at the record that `bytes` begin with.
    fn next(&mut self, sender: Sender, bytes: &[u8]) -> Next {
        let side = match sender {
            Sender::Originator => &self.originator,
            Sender::Responder => &self.responder,
        };
        let begun = side.begun;
        let Some(header) = RecordHeader::read(bytes) else { return Next::More };
        if !header.plausible() {
            return match old_hello(bytes) {
                Verdict::More if !begun => Next::More,
                Verdict::Yes if !begun => {
                    old_len(bytes).map_or(Next::None, |len| whole_or_more(bytes, len, Next::Old(len)))
                }
                _ => Next::None,
            };
        }
        let next = self.sort(sender, header, bytes.get(RecordHeader::LEN..).unwrap_or_default());
        if !matches!(next, Next::More) {
            self.side(sender).begun = true;
        }
        next
    }

    /// Tells what becomes of a record of which `content` is there so far.
    fn sort(&mut self, sender: Sender, header: RecordHeader, content: &[u8]) -> Next {
        let sealed = self.sealed;
        let early = !self.originator.encrypts;
        let side = self.side(sender);
        let encrypted = |reason| Next::Pass(header, Fate::Encrypted, reason);
        match header.content {
            ContentType::APPLICATION_DATA => {
                // The server's part of a TLS 1.3 handshake comes before the client encrypts anything.
                let handshake = sealed && sender == Sender::Responder && early;
                side.encrypts = true;
                encrypted(if handshake { SEALED } else { DATA })
            }
            ContentType::CHANGE_CIPHER_SPEC if header.len != 1 => encrypted(HANDSHAKE),
            ContentType::CHANGE_CIPHER_SPEC => {
                // TLS 1.3 sends it for show.
                side.encrypts |= !sealed;
                if side.flight.is_empty() {
                    Next::Pass(header, Fate::Decoded, CHANGE)
                } else {
                    Next::Clear(header)
                }
            }
            ContentType::ALERT if header.len != 2 => encrypted(ALERT),
            ContentType::HANDSHAKE => side.sort_handshake(header, content),
            _ if side.encrypts && header.content == ContentType::HEARTBEAT => encrypted(DATA),
            _ => Next::Clear(header),
        }
    }

    /// Adds a record to the flight as soon as all of it is there.
    fn add(
        &mut self,
        sender: Sender,
        header: RecordHeader,
        stream: &mut StreamBuffer,
        out: &mut Output,
    ) -> bool {
        let side = self.side(sender);
        let from = side.flight.len().saturating_add(RecordHeader::LEN);
        let Some(content) = stream.bytes().get(from..from.saturating_add(header.len.into())) else {
            return false;
        };
        side.flight.add(header, content);
        let (over, seals) = (side.flight.over, side.flight.seals);
        self.sealed |= seals;
        if over {
            self.give(sender, Ending::Whole, stream, out);
        }
        true
    }

    /// Gives out the flight, if there is one.
    fn give(&mut self, sender: Sender, ending: Ending, stream: &mut StreamBuffer, out: &mut Output) {
        let flight = std::mem::take(&mut self.side(sender).flight);
        if flight.is_empty() {
            return;
        }
        let exchange = match self.exchange {
            Some(exchange) if !flight.asks => exchange,
            _ => self.number(),
        };
        self.exchange = Some(exchange);
        let ending = if flight.awaits() { Ending::Cut } else { ending };
        flight.give(Placing { protocol: self.name, sender, exchange, ending }, stream, out);
    }

    fn number(&mut self) -> u32 {
        let number = self.next;
        self.next = number.saturating_add(1);
        number
    }

    /// Bytes were met that are no record: they are given out as they stand until one begins.
    fn lose_track(&mut self, sender: Sender, stream: &mut StreamBuffer, out: &mut Output) {
        self.give(sender, Ending::Whole, stream, out);
        out.note_stream(Layer::Tls, "peer sent bytes that are no TLS record", stream);
        let exchange = self.number();
        self.side(sender).drift = Some(Drift::in_clear(self.name, exchange));
    }

    /// Gives out what waits: no more comes behind it.
    fn flush(&mut self, sender: Sender, ending: Ending, stream: &mut StreamBuffer, out: &mut Output) {
        let side = self.side(sender);
        if let Some(drift) = &mut side.drift {
            return drift.flush(ending, sender, stream, out);
        }
        let rest = stream.bytes().get(side.flight.len()..).unwrap_or_default();
        if rest.is_empty() {
            return self.give(sender, ending, stream, out);
        }
        match RecordHeader::read(rest).filter(RecordHeader::plausible) {
            Some(header) => side.flight.add(header, rest.get(RecordHeader::LEN..).unwrap_or_default()),
            None => side.flight.add_rest(rest.len()),
        }
        self.give(sender, Ending::Cut, stream, out);
    }
}

impl StreamProtocol for Tls {
    fn push(&mut self, sender: Sender, stream: &mut StreamBuffer, out: &mut Output) {
        while self.step(sender, stream, out) {}
    }

    fn gap(&mut self, sender: Sender, len: u64, stream: &mut StreamBuffer, out: &mut Output) {
        self.flush(sender, Ending::Cut, stream, out);
        let sealed = self.sealed;
        let side = self.side(sender);
        match usize::try_from(len) {
            // A hole in a record that is passed over anyhow.
            Ok(len) if len <= side.passing.left => return side.passing.left -= len,
            _ => side.passing.left = 0,
        }
        side.oversize = 0;
        let encrypted = side.encrypts || sealed;
        let drift = match (encrypted, side.drift.take()) {
            (true, _) => Drift::encrypted(),
            (false, Some(drift)) => drift.behind(len),
            (false, None) => Drift::in_clear(self.name, self.number()),
        };
        self.side(sender).drift = Some(drift);
    }

    fn finish(&mut self, sender: Sender, stream: &mut StreamBuffer, out: &mut Output) {
        self.flush(sender, Ending::Whole, stream, out);
    }
}

impl Side {
    /// Passes over what is there of the record that is passed over.
    fn pass(&mut self, stream: &mut StreamBuffer, out: &mut Output) {
        let count = self.passing.left.min(stream.len());
        if count > 0 {
            stream.skip(count);
            self.passing.left -= count;
            out.pass(self.passing.fate, self.passing.reason, count as u64, 0);
        }
    }

    fn sort_handshake(&mut self, header: RecordHeader, content: &[u8]) -> Next {
        let len = usize::from(header.len);
        let over = Next::Pass(header, Fate::OverLimit, OVERSIZE);
        if self.oversize > 0 {
            self.oversize = self.oversize.saturating_sub(len);
            return over;
        }
        if self.flight.awaits() || (!self.encrypts && len < handshake::HEADER) {
            return Next::Clear(header);
        }
        let Some((kind, announced)) = handshake::announced(content) else {
            let more = content.len() < len;
            return if more { Next::More } else { Next::Pass(header, Fate::Encrypted, HANDSHAKE) };
        };
        let whole = announced.saturating_add(handshake::HEADER);
        if !kind.known() || (self.encrypts && !(is_hello(kind) && whole == len)) {
            return Next::Pass(header, Fate::Encrypted, HANDSHAKE);
        }
        if announced > handshake::MESSAGE {
            self.oversize = whole.saturating_sub(len);
            return over;
        }
        Next::Clear(header)
    }
}

/// Whether a stream begins with a hello that is compatible with SSL 2 (RFC 5246 appendix E.2): its lengths
/// must add up.
pub fn old_hello(bytes: &[u8]) -> Verdict {
    let rule = |at: usize, byte: u8| match at {
        0 => byte & 0x80 != 0,
        2 => byte == 1,
        3 => matches!(byte, 0 | 3),
        4 => byte <= 3,
        5 | 7 | 9 => byte <= 1,
        _ => true,
    };
    if !bytes.iter().take(OLD_HEAD).enumerate().all(|(at, byte)| rule(at, *byte)) {
        return Verdict::No;
    }
    if bytes.len() < OLD_HEAD {
        return Verdict::More;
    }
    if old_len(bytes).is_some() { Verdict::Yes } else { Verdict::No }
}

/// How many bytes such a hello takes.
fn old_len(bytes: &[u8]) -> Option<usize> {
    let [a, b, _, _, _, c, d, e, f, g, h] = *bytes.first_chunk::<OLD_HEAD>()?;
    let number = |high: u8, low: u8| usize::from(u16::from_be_bytes([high, low]));
    let (suites, session, challenge) = (number(c, d), number(e, f), number(g, h));
    let len = number(a & 0x7f, b) + 2;
    let fits = suites % 3 == 0 && suites > 0 && (16..=32).contains(&challenge);
    (fits && len == OLD_HEAD + suites + session + challenge).then_some(len)
}

fn whole_or_more(bytes: &[u8], len: usize, next: Next) -> Next {
    if bytes.len() < len { Next::More } else { next }
}

fn is_hello(kind: HandshakeType) -> bool {
    matches!(kind, HandshakeType::CLIENT_HELLO | HandshakeType::SERVER_HELLO)
}

/// The bytes that show it.
const OLD_HEAD: usize = 11;

const ALERT: &str = "TLS alerts, encrypted";
const CHANGE: &str = "TLS changes of ciphers";
const DATA: &str = "TLS application data, no key";
const HANDSHAKE: &str = "TLS handshake, encrypted";
const OVERSIZE: &str = "TLS handshake messages over 256 KiB";
const SEALED: &str = "TLS 1.3 handshake, encrypted";
