//! TLS over a stream to messages: the handshake, a message for each flight, and, where there are secrets, what a
//! session makes of the application data. What stays encrypted is counted in the ledger and copied nowhere.
//!
//! A client hello begins an exchange; what else is in the clear on that connection belongs to it.

use evidence::{Fate, Layer};

use super::{
    drift::Drift,
    flight::{Flight, Placing},
    handshake::{self, HandshakeType},
    opening::Why,
    record::{ContentType, RecordHeader},
    sealed::Sealed,
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
    /// All behind the hellos is encrypted.
    sealed: bool,
    /// What is encrypted, and opened where there are keys.
    within: Sealed,
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
    /// It is protected, there are keys, and all of it is there.
    Sealed(RecordHeader),
}

impl Tls {
    /// A connection whose messages have that protocol's name.
    pub fn new(name: &'static str, context: &Context) -> Self {
        Self {
            name,
            originator: Side::default(),
            responder: Side::default(),
            sealed: false,
            within: Sealed::new(name, context),
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
                self.within.opening.hear_old(sender, message);
                self.side(sender).flight.add_old(len, message);
                self.give(sender, Ending::Whole, stream, out);
            }
            Next::Pass(header, fate, reason) => self.pass(sender, (header, fate, reason), stream, out),
            Next::Sealed(header) => {
                self.give(sender, Ending::Whole, stream, out);
                return self.open(sender, header, stream, out);
            }
        }
        true
    }

    /// Passes over a record.
    fn pass(
        &mut self,
        sender: Sender,
        (header, fate, reason): (RecordHeader, Fate, &'static str),
        stream: &mut StreamBuffer,
        out: &mut Output,
    ) {
        self.give(sender, Ending::Whole, stream, out);
        if header.content == ContentType::CHANGE_CIPHER_SPEC && fate == Fate::Decoded {
            self.within.opening.change(sender);
        }
        let side = self.side(sender);
        side.passing = Passing { left: header.total(), fate, reason };
        out.pass(fate, reason, 0, 1);
        side.pass(stream, out);
    }

    /// Opens a record. One that stays closed is taken for what it looks like.
    fn open(
        &mut self,
        sender: Sender,
        header: RecordHeader,
        stream: &mut StreamBuffer,
        out: &mut Output,
    ) -> bool {
        let Err(why) = self.within.open(sender, header, stream, out) else { return true };
        let content = stream.bytes().get(RecordHeader::LEN..header.total()).unwrap_or_default();
        match self.sort(sender, header, content) {
            Next::Pass(_, fate, reason) => {
                let reason = if reason == DATA { why.words() } else { reason };
                self.pass(sender, (header, fate, reason), stream, out);
                true
            }
            _ => self.add(sender, header, stream, out),
        }
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
        let protected = self.within.opening.protects(sender, header.content);
        let ready = if protected { self.within.opening.ready(sender) } else { Ok(()) };
        let next = if protected && ready.is_ok() {
            self.side(sender).encrypts = true;
            whole_or_more(bytes, header.total(), Next::Sealed(header))
        } else {
            self.sort(sender, header, bytes.get(RecordHeader::LEN..).unwrap_or_default())
        };
        if matches!(next, Next::More) {
            return next;
        }
        let side = self.side(sender);
        side.begun = true;
        match (next, ready) {
            (Next::Pass(header, Fate::Encrypted, reason), ready) => {
                if protected {
                    self.within.opening.skip(sender);
                }
                let why = if protected { ready.err() } else { self.within.opening.ready(sender).err() };
                let reason = why.filter(|_| reason == DATA).map_or(reason, Why::words);
                Next::Pass(header, Fate::Encrypted, reason)
            }
            (next, _) => next,
        }
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
        let fresh = side.flight.fresh().to_vec();
        self.sealed |= seals;
        if header.content == ContentType::CHANGE_CIPHER_SPEC {
            self.within.opening.change(sender);
        }
        for message in handshake::messages(&fresh) {
            let from = message.at.saturating_sub(handshake::HEADER);
            let raw = fresh.get(from..message.at.saturating_add(message.body.len())).unwrap_or_default();
            self.within.opening.hear(sender, &message, raw, false);
        }
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
        let exchange = match self.within.numbers.exchange {
            Some(exchange) if !flight.asks => exchange,
            _ => self.within.number(flight.asks, out),
        };
        self.within.numbers.exchange = Some(exchange);
        let ending = if flight.awaits() { Ending::Cut } else { ending };
        flight.give(Placing { protocol: self.name, sender, exchange, ending }, stream, out);
    }

    /// Bytes were met that are no record: they are given out as they stand until one begins.
    fn lose_track(&mut self, sender: Sender, stream: &mut StreamBuffer, out: &mut Output) {
        self.give(sender, Ending::Whole, stream, out);
        out.note_stream(Layer::Tls, "peer sent bytes that are no TLS record", String::new(), stream);
        let exchange = self.within.number(false, out);
        self.side(sender).drift = Some(Drift::in_clear(self.name, exchange));
    }

    /// Gives out what waits: no more comes behind it. Returns how many bytes a protected record lacks that waited
    /// for its end.
    fn flush(
        &mut self,
        sender: Sender,
        ending: Ending,
        stream: &mut StreamBuffer,
        out: &mut Output,
    ) -> Option<usize> {
        let side = self.side(sender);
        if let Some(drift) = &mut side.drift {
            drift.flush(ending, sender, stream, out);
            return None;
        }
        let waiting = side.flight.len();
        let rest = stream.bytes().get(waiting..).unwrap_or_default();
        if rest.is_empty() {
            self.give(sender, ending, stream, out);
            return None;
        }
        let header = RecordHeader::read(rest).filter(RecordHeader::plausible);
        if let Some(header) = header.filter(|header| self.waits_sealed(sender, *header)) {
            let lacking = header.total().saturating_sub(rest.len());
            self.give(sender, Ending::Whole, stream, out);
            self.within.cut(sender, header, stream, out);
            return Some(lacking);
        }
        let side = self.side(sender);
        match header {
            Some(header) => side.flight.add(header, rest.get(RecordHeader::LEN..).unwrap_or_default()),
            None => side.flight.add_rest(rest.len()),
        }
        self.give(sender, Ending::Cut, stream, out);
        None
    }

    /// Whether a record is protected and there are keys: then it waits for its end.
    fn waits_sealed(&mut self, sender: Sender, header: RecordHeader) -> bool {
        self.within.opening.protects(sender, header.content) && self.within.opening.ready(sender).is_ok()
    }
}

impl StreamProtocol for Tls {
    fn push(&mut self, sender: Sender, stream: &mut StreamBuffer, out: &mut Output) {
        while self.step(sender, stream, out) {}
    }

    fn gap(&mut self, sender: Sender, len: u64, stream: &mut StreamBuffer, out: &mut Output) {
        let lacking = self.flush(sender, Ending::Cut, stream, out);
        self.within.gap(sender, out);
        let sealed = self.sealed;
        let side = self.side(sender);
        if let Some(lacking) = lacking {
            side.passing = Passing { left: lacking, fate: Fate::Encrypted, reason: Why::BytesLost.words() };
        }
        match usize::try_from(len) {
            // A hole in a record that is passed over anyhow.
            Ok(len) if len <= side.passing.left => return side.passing.left -= len,
            _ => side.passing.left = 0,
        }
        side.oversize = 0;
        self.within.opening.lose(sender, len);
        let side = self.side(sender);
        let encrypted = side.encrypts || sealed;
        let drift = match (encrypted, side.drift.take()) {
            (true, _) => Drift::encrypted(),
            (false, Some(drift)) => drift.behind(len),
            (false, None) => Drift::in_clear(self.name, self.within.number(false, out)),
        };
        self.side(sender).drift = Some(drift);
    }

    fn finish(&mut self, sender: Sender, stream: &mut StreamBuffer, out: &mut Output) {
        self.flush(sender, Ending::Whole, stream, out);
        self.within.finish(sender, stream, out);
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
