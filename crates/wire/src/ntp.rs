//! NTP (RFC 5905 section 7.3): the header of 48 bytes is a message's head; extension fields and a digest behind it are
//! its body. Times are numbers that say nothing of a person, so they are no fields; the bytes are searched all the same.

use evidence::Step;

use crate::{
    Body, Head, Message, NamedHead, Sender,
    protocol::{Context, DatagramProtocol, Output, Received},
};

/// The NTP room. An answer has in it the time of its request, which makes them one exchange.
#[derive(Debug, Default)]
pub struct Ntp {
    /// The exchange of the latest request, and the time that it was sent at by its own word.
    asked: Option<(u32, [u8; 8])>,
}

/// Whether it is NTP on its port: versions 1 to 4, and a mode that has the header (1 to 5: not control messages).
pub fn recognise(bytes: &[u8], context: &Context) -> bool {
    let Some(&first) = bytes.first() else { return false };
    let (version, mode) = (first >> 3 & 7, first & 7);
    context.port(PORT) && (1..=4).contains(&version) && (1..=5).contains(&mode) && bytes.len() >= HEADER
}

impl DatagramProtocol for Ntp {
    fn datagram(&mut self, sender: Sender, datagram: Received, out: &mut Output) {
        let bytes = &datagram.recorded.bytes;
        let mode = bytes.first().map_or(0, |first| first & 7);
        let exchange =
            match self.asked.filter(|(_, time)| mode == SERVER && time_at(bytes, ORIGIN) == Some(*time)) {
                Some((exchange, _)) => exchange,
                None => out.number(),
            };
        if mode == CLIENT {
            self.asked = time_at(bytes, TRANSMIT).map(|time| (exchange, time));
        }
        // What no clock says may be anything: then all of it is a body that nobody knows.
        let head = if is_plausible(bytes) { HEADER } else { 0 };
        let body = if bytes.len() > head { Body::Range(head..bytes.len()) } else { Body::None };
        out.messages.push(Message {
            protocol: "NTP",
            sender,
            exchange,
            ending: datagram.ending(),
            recorded: datagram.recorded,
            step: Step::Datagram,
            parts: Vec::new(),
            body,
            head: Head::Named(Box::new(NamedHead {
                method: mode_name(mode).to_owned(),
                ..NamedHead::default()
            })),
            position: 0,
            seal: None,
            stands_for: None,
        });
    }
}

/// Whether the fields in front of the times are as clocks have them: at most 16 steps from one that is right, and less
/// than 16 seconds away from it.
fn is_plausible(bytes: &[u8]) -> bool {
    let seconds = |at: usize| bytes.get(at..at + 2).is_some_and(|field| matches!(field, [0, ..16]));
    bytes.get(1).is_some_and(|stratum| *stratum <= 16) && seconds(4) && seconds(8)
}

fn time_at(bytes: &[u8], at: usize) -> Option<[u8; 8]> {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).copied()
}

/// The name of a mode (RFC 5905, figure 10).
fn mode_name(mode: u8) -> &'static str {
    match mode {
        1 => "symmetric active",
        2 => "symmetric passive",
        CLIENT => "client",
        SERVER => "server",
        5 => "broadcast",
        _ => "",
    }
}

const PORT: u16 = 123;
/// Bytes of the header.
const HEADER: usize = 48;
const CLIENT: u8 = 3;
const SERVER: u8 = 4;
/// Where the time stands at which the request left, by its sender's clock.
const ORIGIN: usize = 24;
/// Where the time stands at which the message left, by its sender's clock.
const TRANSMIT: usize = 40;
