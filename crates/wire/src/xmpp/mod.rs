//! XMPP (RFC 6120) to messages: each head of a stream and each stanza is one.
//!
//! A stanza is known by its tags alone. What follows STARTTLS begins where a tag should, with the first byte of
//! a TLS record: there the connection is recognised afresh. Blanks between stanzas and the ends of streams are
//! counted. A request (`iq`, RFC 6120 section 8.2.3) and its answer are one exchange.

mod scan;

use std::collections::VecDeque;

use evidence::{Fate, Layer, Step};

use self::scan::{Found, Scanner};
use crate::{
    Body, Ending, Head, Message, NamedHead, Recorded, Sender, StreamBuffer,
    protocol::{Context, Output, StreamProtocol, Upgrade, Verdict},
};

/// The XMPP room: both directions.
#[derive(Debug)]
pub struct Xmpp {
    protocol: &'static str,
    originator: Scanner,
    responder: Scanner,
    next: u32,
    /// Requests that wait for their answer: who asked, under which id, in which exchange.
    asked: VecDeque<(Sender, Vec<u8>, u32)>,
}

/// Whether a stream begins with the head of an XMPP stream (RFC 6120 section 4.2).
pub fn starts(bytes: &[u8]) -> Verdict {
    let mut rest = bytes;
    if Verdict::magic(bytes, b"<?xml") == Verdict::Yes {
        let prolog = bytes.get(..bytes.len().min(PROLOG)).unwrap_or_default();
        match memchr::memmem::find(prolog, b"?>") {
            Some(end) => rest = bytes.get(end + 2..).unwrap_or_default().trim_ascii_start(),
            None if bytes.len() < PROLOG => return Verdict::More,
            None => return Verdict::No,
        }
    } else if Verdict::magic(bytes, b"<?xml") == Verdict::More {
        return Verdict::More;
    }
    match (Verdict::magic(rest, OPENING), rest.get(OPENING.len())) {
        (Verdict::Yes, None) => Verdict::More,
        (Verdict::Yes, Some(b'>' | b'/')) => Verdict::Yes,
        (Verdict::Yes, Some(byte)) if byte.is_ascii_whitespace() => Verdict::Yes,
        (Verdict::Yes, Some(_)) => Verdict::No,
        (answer, _) => answer,
    }
}

impl Xmpp {
    /// A room whose messages have that protocol's name.
    pub fn new(protocol: &'static str, context: &Context) -> Self {
        Self {
            protocol,
            originator: Scanner::default(),
            responder: Scanner::default(),
            next: context.first_exchange,
            asked: VecDeque::new(),
        }
    }

    fn scanner(&mut self, sender: Sender) -> &mut Scanner {
        match sender {
            Sender::Originator => &mut self.originator,
            Sender::Responder => &mut self.responder,
        }
    }

    fn message(&mut self, sender: Sender, recorded: Recorded, ending: Ending, out: &mut Output) {
        let tag = scan::first_tag(&recorded.bytes);
        let text = |range: &std::ops::Range<usize>| {
            let bytes = recorded.bytes.get(range.clone()).unwrap_or_default();
            String::from_utf8_lossy(bytes.get(..bytes.len().min(WORDS)).unwrap_or_default()).into_owned()
        };
        let host = tag.attribute(&recorded.bytes, b"to").map(|part| text(&part.value)).unwrap_or_default();
        let head = NamedHead {
            method: text(&tag.name),
            host,
            media: "application/xml".to_owned(),
            ..NamedHead::default()
        };
        let exchange = self.exchange(sender, &recorded.bytes, &tag);
        // The attributes of a stanza are told by its body; the head of a stream has no end there.
        let parts = if head.method == STREAM { tag.attributes } else { Vec::new() };
        let len = recorded.bytes.len();
        out.messages.push(Message {
            protocol: self.protocol,
            sender,
            exchange,
            recorded,
            step: Step::Reassembly,
            body: if parts.is_empty() { Body::Range(0..len) } else { Body::None },
            parts,
            head: Head::Named(Box::new(head)),
            ending,
            position: 0,
            seal: None,
            stands_for: None,
        });
    }

    fn exchange(&mut self, sender: Sender, bytes: &[u8], tag: &scan::Tag) -> u32 {
        let value = |name: &[u8]| {
            let part = tag.attribute(bytes, name)?;
            bytes.get(part.value.clone()).filter(|value| value.len() <= ID)
        };
        let request = bytes.get(tag.name.clone()) == Some(b"iq");
        let id = value(b"id").filter(|_| request);
        let answers = matches!(value(b"type"), Some(b"result" | b"error"));
        if let (Some(id), true) = (id, answers) {
            let known = self.asked.iter().position(|(asker, known, _)| *asker != sender && known == id);
            if let Some((_, _, exchange)) = known.and_then(|place| self.asked.remove(place)) {
                return exchange;
            }
        }
        let exchange = self.next;
        self.next = exchange.saturating_add(1);
        if let (Some(id), false) = (id, answers) {
            if self.asked.len() >= ASKED {
                self.asked.pop_front();
            }
            self.asked.push_back((sender, id.to_vec(), exchange));
        }
        exchange
    }
}

impl StreamProtocol for Xmpp {
    fn push(&mut self, sender: Sender, stream: &mut StreamBuffer, out: &mut Output) {
        while !stream.is_empty() {
            let bytes = stream.bytes();
            let window = bytes.get(..bytes.len().min(LONGEST)).unwrap_or_default();
            match self.scanner(sender).next(window) {
                found @ (Found::Blank(len) | Found::End(len)) => {
                    stream.skip(len);
                    // A blank keeps the connection alive (RFC 6120 section 4.6.1): each is one.
                    let pieces = if found == Found::End(len) { 1 } else { len as u64 };
                    out.pass(Fate::Decoded, "XMPP blanks and ends of streams", len as u64, pieces);
                }
                Found::Message(len) => {
                    let recorded = stream.take(len);
                    self.message(sender, recorded, Ending::Whole, out);
                }
                Found::More if window.len() == LONGEST => {
                    let odd = "peer sent an XMPP stanza larger than the limit";
                    out.note_stream(
                        Layer::Xmpp,
                        odd,
                        format!("needed its end within {LONGEST} bytes"),
                        stream,
                    );
                    return out.upgrade = Some(Upgrade::default());
                }
                Found::More => return,
                Found::Other => {
                    // A TLS record is what follows STARTTLS.
                    let first = bytes.first().copied().unwrap_or_default();
                    if first != 0x16 {
                        let odd = "peer sent bytes that are no XMPP stanza";
                        out.note_stream(Layer::Xmpp, odd, format!("needed 0x3c, found {first:#04x}"), stream);
                    }
                    return out.upgrade = Some(Upgrade::default());
                }
            }
        }
    }

    /// Behind a gap nobody knows how deep in a stanza the stream is.
    fn gap(&mut self, sender: Sender, _len: u64, stream: &mut StreamBuffer, out: &mut Output) {
        self.finish(sender, stream, out);
        out.upgrade.get_or_insert_default();
    }

    fn finish(&mut self, sender: Sender, stream: &mut StreamBuffer, out: &mut Output) {
        self.push(sender, stream, out);
        if out.upgrade.is_none() && !stream.is_empty() {
            let recorded = stream.take(stream.len());
            *self.scanner(sender) = Scanner::default();
            self.message(sender, recorded, Ending::Cut, out);
        }
    }
}

/// The name of a stream's root.
const STREAM: &str = "stream:stream";
const OPENING: &[u8] = b"<stream:stream";
/// The longest XML declaration that is waited for.
const PROLOG: usize = 256;
/// The longest stanza.
const LONGEST: usize = 1 << 20;
/// Requests kept waiting.
const ASKED: usize = 64;
/// The longest id kept.
const ID: usize = 256;
/// The longest name kept in a head.
const WORDS: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_told_from_other_markup() {
        let rows: [(&[u8], Verdict); 9] = [
            (b"<stream:stream to='push.example'>", Verdict::Yes),
            (b"<?xml version='1.0'?>\n<stream:stream\nto='a'", Verdict::Yes),
            (b"<?xml version='1.0'?><stream:str", Verdict::More),
            (b"<?xml version='1.0'", Verdict::More),
            (b"<?xml version='1.0'?><html>", Verdict::No),
            (b"<stream:streams>", Verdict::No),
            (b"<", Verdict::More),
            (b"<stream:stream", Verdict::More),
            (b"GET", Verdict::No),
        ];
        for (bytes, expected) in rows {
            assert_eq!(starts(bytes), expected, "{}", bytes.escape_ascii());
        }
    }
}
