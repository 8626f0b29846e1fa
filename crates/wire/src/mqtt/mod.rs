//! MQTT 3.1, 3.1.1 and 5 to messages: who connects, what is subscribed to, what is published.
//!
//! Packets that only confirm are counted. A connection and its answer are one exchange; every other message
//! is one of its own.

mod packet;

use std::collections::VecDeque;

use evidence::{Fate, Layer, Step};

use self::packet::{Kind, Reading, length};
use crate::{
    Body, Ending, Head, Message, NamedHead, Recorded, Sender, StreamBuffer,
    packets::{Next, Packets, Pieces, found},
    protocol::{Context, Output, StreamProtocol, Upgrade, Verdict},
};

/// The MQTT room: both directions.
#[derive(Debug)]
pub struct Mqtt {
    protocol: &'static str,
    originator: Side,
    responder: Side,
    /// The protocol level that CONNECT named: 3, 4, or 5.
    level: u8,
    next: u32,
    /// The exchange of a CONNECT that waits for its answer.
    connecting: Option<u32>,
}

/// Whether a stream begins with CONNECT (MQTT 3.1.1 section 3.1), also that of MQTT 3.1.
pub fn starts(bytes: &[u8]) -> Verdict {
    let Some((0x10, rest)) = bytes.split_first().map(|(first, rest)| (*first, rest)) else {
        return if bytes.is_empty() { Verdict::More } else { Verdict::No };
    };
    let length = rest.iter().take(3).take_while(|byte| **byte & 0x80 != 0).count();
    let Some(name) = rest.get(length + 1..) else { return Verdict::More };
    match Verdict::magic(name, b"\x00\x04MQTT") {
        Verdict::No => Verdict::magic(name, b"\x00\x06MQIsdp"),
        answer => answer,
    }
}

/// One direction.
#[derive(Debug, Default)]
struct Side {
    packets: Packets,
    open: Option<Pieces>,
    /// Topics that numbers stand for (MQTT 5 section 3.3.2.3.4).
    aliases: VecDeque<(u16, String)>,
    /// Bytes were lost: the next packet may not begin where it seems to.
    doubtful: bool,
}

impl Mqtt {
    /// A room whose messages have that protocol's name.
    pub fn new(protocol: &'static str, context: &Context) -> Self {
        Self {
            protocol,
            originator: Side::default(),
            responder: Side::default(),
            level: 4,
            next: context.first_exchange,
            connecting: None,
        }
    }

    fn side(&mut self, sender: Sender) -> &mut Side {
        match sender {
            Sender::Originator => &mut self.originator,
            Sender::Responder => &mut self.responder,
        }
    }

    /// Deals with what came next. Returns whether more may be there.
    fn take(&mut self, next: Next, sender: Sender, stream: &StreamBuffer, out: &mut Output) -> bool {
        match next {
            Next::Wait => return false,
            Next::Odd(odd) => {
                odd.note(Layer::Mqtt, stream, out);
                out.upgrade = Some(Upgrade::default());
                return false;
            }
            Next::Packet(recorded, ending) => self.packet(sender, recorded, ending, out),
            Next::Rest(recorded, ending) => self.rest(sender, recorded, ending, out),
        }
        true
    }

    fn packet(&mut self, sender: Sender, recorded: Recorded, ending: Ending, out: &mut Output) {
        let mut reading = Reading::of(&recorded.bytes, self.level);
        if let Some((at, what)) = reading.odd.filter(|_| ending == Ending::Whole) {
            out.note(Layer::Mqtt, what, found(&recorded.bytes, at), &recorded, at as u64);
        }
        self.level = reading.level;
        if reading.says_nothing() && ending == Ending::Whole {
            let len = recorded.bytes.len() as u64;
            return out.pass(Fate::Decoded, "MQTT acknowledgements and pings", len, 1);
        }
        self.side(sender).resolve(&mut reading);
        let exchange = self.exchange(reading.kind);
        let body = reading.body.clone();
        if ending != Ending::Whole {
            let open = Pieces::of(reading.head.clone(), exchange, body.len() as u64);
            self.side(sender).open = Some(open);
        }
        out.messages.push(Message {
            protocol: self.protocol,
            sender,
            exchange,
            recorded,
            step: Step::Reassembly,
            parts: reading.parts,
            body: if body.is_empty() { Body::None } else { Body::Range(body) },
            head: Head::Named(Box::new(reading.head)),
            ending,
            position: 0,
            seal: None,
            stands_for: None,
        });
    }

    /// A further piece of a packet: all of it body.
    fn rest(&mut self, sender: Sender, recorded: Recorded, ending: Ending, out: &mut Output) {
        let protocol = self.protocol;
        let next = self.next;
        let open = &mut self.side(sender).open;
        let pieces = open.get_or_insert_with(|| Pieces::of(NamedHead::default(), next, 0));
        out.messages.push(pieces.rest((protocol, sender), recorded, ending));
        if ending == Ending::Whole {
            *open = None;
        }
    }

    fn exchange(&mut self, kind: Kind) -> u32 {
        // A client may publish before its connection is confirmed (MQTT 5 section 3.1.4).
        let connecting = if kind == Kind::ConnectAck { self.connecting.take() } else { None };
        if let Some(exchange) = connecting {
            return exchange;
        }
        let exchange = self.next;
        self.next = exchange.saturating_add(1);
        if kind == Kind::Connect {
            self.connecting = Some(exchange);
        }
        exchange
    }
}

impl StreamProtocol for Mqtt {
    fn push(&mut self, sender: Sender, stream: &mut StreamBuffer, out: &mut Output) {
        loop {
            if std::mem::take(&mut self.side(sender).doubtful) {
                match packet::plausible(stream.bytes(), self.level) {
                    Verdict::Yes => {}
                    Verdict::More => {
                        self.side(sender).doubtful = true;
                        return;
                    }
                    Verdict::No => {
                        out.upgrade = Some(Upgrade::default());
                        return;
                    }
                }
            }
            let next = self.side(sender).packets.next(stream, length);
            if !self.take(next, sender, stream, out) {
                return;
            }
        }
    }

    fn gap(&mut self, sender: Sender, len: u64, stream: &mut StreamBuffer, out: &mut Output) {
        self.finish(sender, stream, out);
        let side = self.side(sender);
        side.doubtful = !side.packets.lose(len);
        if let Some(open) = &mut side.open {
            open.lose(len);
        }
    }

    fn finish(&mut self, sender: Sender, stream: &mut StreamBuffer, out: &mut Output) {
        self.push(sender, stream, out);
        if self.side(sender).doubtful && !stream.is_empty() {
            out.upgrade.get_or_insert_default();
        }
        if out.upgrade.is_none() {
            let next = self.side(sender).packets.cut(stream, length);
            self.take(next, sender, stream, out);
        }
    }
}

impl Side {
    /// Notes the number that a topic gets, or gives the topic that a number stands for.
    fn resolve(&mut self, reading: &mut Reading) {
        let Some(alias) = reading.alias else { return };
        let known = self.aliases.iter().position(|(number, _)| *number == alias);
        if !reading.head.target.is_empty() {
            known.and_then(|place| self.aliases.remove(place));
            if self.aliases.len() >= ALIASES {
                self.aliases.pop_front();
            }
            self.aliases.push_back((alias, reading.head.target.clone()));
        } else if let Some((_, topic)) = known.and_then(|place| self.aliases.get(place)) {
            reading.head.target.clone_from(topic);
        }
    }
}

/// Topics with numbers that are remembered of one direction.
const ALIASES: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connects_are_told_from_likes() {
        let rows: [(&[u8], Verdict); 6] = [
            (b"\x10\x20\x00\x04MQTT", Verdict::Yes),
            (b"\x10\x80\x02\x00\x06MQI", Verdict::More),
            (b"\x10\x20\x00\x04http", Verdict::No),
            (b"\x20", Verdict::No),
            (b"\x10", Verdict::More),
            (b"", Verdict::More),
        ];
        for (bytes, expected) in rows {
            assert_eq!(starts(bytes), expected, "{}", bytes.escape_ascii());
        }
    }
}
