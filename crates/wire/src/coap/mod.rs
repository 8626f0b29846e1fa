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
    Body, Ending, Head, Message, NamedHead, Recorded, Sender, StreamBuffer,
    packets::{Length, Next, Packets},
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
    packets: [Packets; 2],
    /// The message of each side that comes in pieces: its head, exchange, and how much of its body came.
    open: [Option<(Box<NamedHead>, u32, u64)>; 2],
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
            packets: Default::default(),
            open: [None, None],
        }
    }

    /// Deals with what came next. Returns whether more may be there.
    fn take(&mut self, next: Next, sender: Sender, stream: &StreamBuffer, out: &mut Output) -> bool {
        match next {
            Next::Wait => return false,
            Next::Odd(what) => {
                out.note_stream(Layer::Coap, what, stream);
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
            out.note(Layer::Coap, what, String::new(), &recorded, at as u64);
        }
        let signal = (reading.code == 0 || reading.code >> 5 == 7) && reading.payload.is_empty();
        if signal && ending == Ending::Whole {
            return out.pass(Fate::Decoded, CONFIRMING, recorded.bytes.len() as u64, 1);
        }
        let next = &mut self.next;
        let fresh = || {
            *next = next.saturating_add(1);
            *next - 1
        };
        let (head, payload) = (reading.head.clone(), reading.payload.len() as u64);
        let given = self.talk.message(sender, (recorded, ending), reading, fresh);
        if ending != Ending::Whole
            && let (Some(open), Some(message)) = (self.open.get_mut(side(sender)), given.last())
        {
            *open = Some((Box::new(head), message.exchange, payload));
        }
        out.messages.extend(given);
    }

    /// A further piece of a message: all of it payload.
    fn rest(&mut self, sender: Sender, recorded: Recorded, ending: Ending, out: &mut Output) {
        let len = recorded.bytes.len();
        let open = self.open.get_mut(side(sender));
        let known = open.as_ref().and_then(|open| open.as_ref());
        let (head, exchange, position) = known.cloned().unwrap_or((Box::default(), self.next, 0));
        if let Some(open) = open {
            let position = position.saturating_add(len as u64);
            *open = (ending != Ending::Whole).then(|| (head.clone(), exchange, position));
        }
        out.messages.push(Message {
            protocol: self.protocol,
            sender,
            exchange,
            recorded,
            step: Step::Reassembly,
            parts: Vec::new(),
            body: Body::Range(0..len),
            head: Head::Named(Box::new(NamedHead { names: Vec::new(), ..*head })),
            ending,
            position,
            seal: None,
            stands_for: None,
        });
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
            let next =
                self.packets.get_mut(side(sender)).map_or(Next::Wait, |packets| packets.next(stream, length));
            if !self.take(next, sender, stream, out) {
                return;
            }
        }
    }

    fn gap(&mut self, sender: Sender, len: u64, stream: &mut StreamBuffer, out: &mut Output) {
        self.finish(sender, stream, out);
        let inside = self.packets.get_mut(side(sender)).is_some_and(|packets| packets.lose(len));
        if let Some(Some((_, _, position))) = self.open.get_mut(side(sender)) {
            *position = position.saturating_add(len);
        }
        if !inside && out.upgrade.is_none() {
            self.give_up(out);
        }
    }

    fn finish(&mut self, sender: Sender, stream: &mut StreamBuffer, out: &mut Output) {
        self.push(sender, stream, out);
        if out.upgrade.is_none() {
            let next =
                self.packets.get_mut(side(sender)).map_or(Next::Wait, |packets| packets.cut(stream, length));
            self.take(next, sender, stream, out);
            out.messages.extend(self.talk.finish());
        }
    }
}

fn side(sender: Sender) -> usize {
    usize::from(sender == Sender::Responder)
}

/// RFC 7252 section 12.6.
const PORT: u16 = 5683;
/// RFC 7252 section 12.7.
const SECURE_PORT: u16 = 5684;
/// The longest first signal that is waited for.
const FIRST: usize = 256;
const CONFIRMING: &str = "CoAP acknowledgements and signals";
