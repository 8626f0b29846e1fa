//! CoAP to messages, over UDP (RFC 7252) and TCP (RFC 8323).
//!
//! A request and what answers it, by its token, are one exchange. Bodies that come in blocks (RFC 7959) are put
//! together: the message has the datagrams of all blocks, and is given out with the last. Empty messages, which
//! only confirm, and signals are counted.

mod packet;
mod talk;

use evidence::{Fate, Layer, Step};

use self::{
    packet::{Reading, SETTINGS, length},
    talk::Talk,
};
use crate::{
    Ending, NamedHead, Recorded, Sender, StreamBuffer,
    packets::{Length, Next, Packets, Pieces, found},
    protocol::{Context, DatagramProtocol, Output, Received, StreamProtocol, Upgrade, Verdict},
};

/// CoAP over UDP.
#[derive(Debug)]
pub struct Datagrams {
    talk: Talk,
}

/// CoAP over TCP.
#[derive(Debug)]
pub struct Stream {
    talk: Talk,
    protocol: &'static str,
    next: u32,
    originator: Side,
    responder: Side,
}

/// One direction over TCP.
#[derive(Debug, Default)]
struct Side {
    packets: Packets,
    open: Option<Pieces>,
}

/// Whether a datagram is a CoAP message. `known`: an earlier one of its flow was.
pub fn recognise(bytes: &[u8], known: bool, context: &Context) -> bool {
    packet::is_message(bytes, known || context.port(PORT) || context.port(SECURE_PORT))
}

/// Whether a stream begins with the signal that every one must begin with (RFC 8323 section 5.3). It has
/// hardly a mark of its own, so it counts on CoAP's ports only.
pub fn starts(bytes: &[u8], context: &Context) -> Verdict {
    if !(context.port(PORT) || context.port(SECURE_PORT)) {
        return Verdict::No;
    }
    match length(bytes) {
        Length::More => Verdict::More,
        Length::Odd(_) => Verdict::No,
        Length::Of(total) => match usize::try_from(total).ok().filter(|total| *total <= FIRST) {
            None => Verdict::No,
            Some(total) => match bytes.get(..total) {
                None => Verdict::More,
                Some(first) => {
                    let reading = Reading::of_stream(first);
                    if reading.code == SETTINGS && reading.odd.is_none() { Verdict::Yes } else { Verdict::No }
                }
            },
        },
    }
}

impl Datagrams {
    /// A room whose messages have that protocol's name.
    pub fn new(protocol: &'static str) -> Self {
        Self { talk: Talk::new(protocol, Step::Datagram) }
    }
}

impl DatagramProtocol for Datagrams {
    fn datagram(&mut self, sender: Sender, datagram: Received, out: &mut Output) {
        let ending = datagram.ending();
        let recorded = datagram.recorded;
        let reading = Reading::of_datagram(&recorded.bytes);
        if reading.code == 0 {
            return out.pass(Fate::Decoded, CONFIRMING, recorded.bytes.len() as u64, 1);
        }
        let given = self.talk.message(sender, (recorded, ending), reading, || out.number());
        out.messages.extend(given);
    }

    fn finish(&mut self, out: &mut Output) {
        out.messages.extend(self.talk.finish());
    }
}

impl Stream {
    /// A room whose messages have that protocol's name.
    pub fn new(protocol: &'static str, context: &Context) -> Self {
        Self {
            talk: Talk::new(protocol, Step::Reassembly),
            protocol,
            next: context.first_exchange,
            originator: Side::default(),
            responder: Side::default(),
        }
    }

    /// Deals with what came next. Returns whether more may be there.
    fn take(&mut self, next: Next, sender: Sender, stream: &StreamBuffer, out: &mut Output) -> bool {
        match next {
            Next::Wait => return false,
            Next::Odd(odd) => {
                odd.note(Layer::Coap, stream, out);
                self.give_up(out);
                return false;
            }
            Next::Packet(recorded, ending) => self.packet(sender, recorded, ending, out),
            Next::Rest(recorded, ending) => self.rest(sender, recorded, ending, out),
        }
        true
    }

    fn packet(&mut self, sender: Sender, recorded: Recorded, ending: Ending, out: &mut Output) {
        let reading = Reading::of_stream(&recorded.bytes);
        if let Some((at, what)) = reading.odd.filter(|_| ending == Ending::Whole) {
            out.note(Layer::Coap, what, found(&recorded.bytes, at), &recorded, at as u64);
        }
        if reading.says_nothing() && ending == Ending::Whole {
            return out.pass(Fate::Decoded, CONFIRMING, recorded.bytes.len() as u64, 1);
        }
        let next = &mut self.next;
        let fresh = || std::mem::replace(next, next.saturating_add(1));
        let (head, payload) = (reading.head.clone(), reading.payload.len() as u64);
        let given = self.talk.message(sender, (recorded, ending), reading, fresh);
        if let Some(message) = given.last().filter(|_| ending != Ending::Whole) {
            self.side(sender).open = Some(Pieces::of(head, message.exchange, payload));
        }
        out.messages.extend(given);
    }

    /// A further piece of a message: all of it payload.
    fn rest(&mut self, sender: Sender, recorded: Recorded, ending: Ending, out: &mut Output) {
        let (protocol, next) = (self.protocol, self.next);
        let open = &mut self.side(sender).open;
        let pieces = open.get_or_insert_with(|| Pieces::of(NamedHead::default(), next, 0));
        out.messages.push(pieces.rest((protocol, sender), recorded, ending));
        if ending == Ending::Whole {
            *open = None;
        }
    }

    fn side(&mut self, sender: Sender) -> &mut Side {
        match sender {
            Sender::Originator => &mut self.originator,
            Sender::Responder => &mut self.responder,
        }
    }

    /// Nobody knows where the next message begins.
    fn give_up(&mut self, out: &mut Output) {
        out.messages.extend(self.talk.finish());
        out.upgrade = Some(Upgrade::default());
    }
}

impl StreamProtocol for Stream {
    fn push(&mut self, sender: Sender, stream: &mut StreamBuffer, out: &mut Output) {
        loop {
            let next = self.side(sender).packets.next(stream, length);
            if !self.take(next, sender, stream, out) {
                return;
            }
        }
    }

    fn gap(&mut self, sender: Sender, len: u64, stream: &mut StreamBuffer, out: &mut Output) {
        self.finish(sender, stream, out);
        let side = self.side(sender);
        let inside = side.packets.lose(len);
        if let Some(open) = &mut side.open {
            open.lose(len);
        }
        if !inside && out.upgrade.is_none() {
            self.give_up(out);
        }
    }

    fn finish(&mut self, sender: Sender, stream: &mut StreamBuffer, out: &mut Output) {
        self.push(sender, stream, out);
        if out.upgrade.is_none() {
            let next = self.side(sender).packets.cut(stream, length);
            self.take(next, sender, stream, out);
            out.messages.extend(self.talk.finish());
        }
    }
}

/// RFC 7252 section 12.6.
const PORT: u16 = 5683;
/// RFC 7252 section 12.7.
const SECURE_PORT: u16 = 5684;
/// The longest first signal that is waited for.
const FIRST: usize = 256;
const CONFIRMING: &str = "CoAP acknowledgements and signals";
