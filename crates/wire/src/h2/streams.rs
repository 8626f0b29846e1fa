//! The streams of a connection: messages being put together, each side's own.

use std::collections::BTreeMap;

use evidence::{Fate, Layer, Step};

use super::PROTOCOL;
use crate::{
    Body, Ending, Head, Message, Part, Recorded, Sender,
    fields::Written,
    protocol::{Context, Output},
};

/// All streams that may still say something.
#[derive(Debug)]
pub(super) struct Streams {
    streams: BTreeMap<u32, Stream>,
    next: u32,
    /// The exchange before the room's first one: that of the request which asked for HTTP/2.
    asked: Option<u32>,
    /// The exchange of what concerns the connection.
    connection: Option<u32>,
    /// Bytes held in messages.
    held: usize,
    /// Largest piece of a message.
    piece: usize,
}

/// One stream.
#[derive(Debug)]
struct Stream {
    exchange: u32,
    originator: Half,
    responder: Half,
}

/// What one side says on a stream.
#[derive(Debug, Default)]
struct Half {
    open: Option<Box<Open>>,
    /// It has said its last.
    closed: bool,
}

/// A message being put together.
#[derive(Debug)]
struct Open {
    head: Head,
    parts: Vec<Part>,
    recorded: Recorded,
    /// Where the body stands in `recorded`.
    body: std::ops::Range<usize>,
    /// Where that is in the message's body.
    position: u64,
    /// Bytes of the flow.
    stands: u64,
}

/// A field section on a stream.
pub(super) struct Lines {
    pub(super) stream: u32,
    pub(super) written: Written,
    /// The bytes it was read from.
    pub(super) stands: u64,
    /// Nothing follows.
    pub(super) last: bool,
}

impl Streams {
    pub(super) fn new(context: &Context, piece: usize) -> Self {
        let first = context.first_exchange;
        Self {
            streams: BTreeMap::new(),
            next: first,
            asked: first.checked_sub(1),
            connection: None,
            held: 0,
            piece,
        }
    }

    /// The exchange of what belongs to no stream.
    pub(super) fn connection(&mut self) -> u32 {
        *self.connection.get_or_insert_with(|| number(&mut self.next))
    }

    /// A field section: a head, or trailer fields.
    pub(super) fn lines(&mut self, sender: Sender, lines: Lines, out: &mut Output) {
        self.make_room(out);
        let (id, last) = (lines.stream, lines.last);
        let interim = (100..200).contains(&lines.written.head.status) && !last;
        let half = self.half(sender, id, out);
        let trailers = half.open.is_some() && !lines.written.is_head();
        if half.open.is_some() && !trailers {
            out.note(
                Layer::Http,
                "peer sent a second head on a stream",
                format!("stream {id}"),
                &lines.written.recorded,
                0,
            );
            self.give(sender, id, Ending::Cut, out);
        }
        let half = self.half(sender, id, out);
        half.closed = false;
        let before = half.open.as_ref().map_or(0, |open| open.recorded.bytes.len());
        match &mut half.open {
            Some(open) => open.trailers(lines.written, lines.stands),
            none => *none = Some(Box::new(Open::new(lines.written, lines.stands))),
        }
        let after = half.open.as_ref().map_or(0, |open| open.recorded.bytes.len());
        self.held += after - before;
        if interim {
            self.give(sender, id, Ending::Whole, out);
        } else if last {
            self.end(sender, id, out);
        }
    }

    /// The head of a request that the sender promises to answer itself.
    pub(super) fn promise(&mut self, sender: Sender, lines: Lines, out: &mut Output) {
        let id = lines.stream;
        self.lines(sender, Lines { last: false, ..lines }, out);
        self.give(sender, id, Ending::Whole, out);
    }

    /// Room for data of a stream: how many bytes may be added now.
    pub(super) fn room(&mut self, sender: Sender, id: u32, out: &mut Output) -> usize {
        let piece = self.piece;
        let half = self.half(sender, id, out);
        let len = half.open.as_ref().map_or(0, |open| open.recorded.bytes.len());
        if len < piece {
            return piece - len;
        }
        self.give(sender, id, Ending::Continued, out);
        piece
    }

    /// Data of a stream.
    pub(super) fn data(&mut self, sender: Sender, id: u32, data: Recorded, out: &mut Output) {
        let len = data.bytes.len();
        let half = self.half(sender, id, out);
        // What comes although the side has said its last is held as well.
        half.closed = false;
        let open = half.open.get_or_insert_with(|| Box::new(Open::headless()));
        open.stands = open.stands.saturating_add(len as u64);
        open.recorded.append(data);
        open.body.end = open.recorded.bytes.len();
        self.held += len;
    }

    /// `len` bytes of data were lost.
    pub(super) fn lose(&mut self, sender: Sender, id: u32, len: u64, out: &mut Output) {
        self.give(sender, id, Ending::Cut, out);
        let half = self.half(sender, id, out);
        let open = half.open.get_or_insert_with(|| Box::new(Open::headless()));
        open.position = open.position.saturating_add(len);
    }

    /// A side has said its last on a stream.
    pub(super) fn end(&mut self, sender: Sender, id: u32, out: &mut Output) {
        self.give(sender, id, Ending::Whole, out);
        self.half(sender, id, out).open = None;
        self.close(sender, id, out);
    }

    /// A side wants no more of a stream. What the other one has sent already may still come.
    pub(super) fn reset(&mut self, sender: Sender, id: u32, out: &mut Output) {
        if self.streams.contains_key(&id) {
            self.give(sender, id, Ending::Cut, out);
            self.give(other(sender), id, Ending::Cut, out);
            self.close(sender, id, out);
        }
    }

    /// Gives out all messages of a side: no more will come, or nobody knows what was lost of them.
    pub(super) fn cut(&mut self, sender: Sender, out: &mut Output) {
        let ids: Vec<u32> = self.streams.keys().copied().collect();
        for id in ids {
            self.give(sender, id, Ending::Cut, out);
        }
    }

    /// Gives out the oldest messages where too much is held.
    pub(super) fn make_room(&mut self, out: &mut Output) {
        while self.held > HELD {
            let holds = |stream: &Stream| stream.originator.holds() || stream.responder.holds();
            let Some(id) = self.streams.iter().find(|(_, stream)| holds(stream)).map(|(id, _)| *id) else {
                break;
            };
            self.give_up(id, out);
        }
    }

    /// Gives out what is held of a stream, because of a limit.
    fn give_up(&mut self, id: u32, out: &mut Output) {
        let given = [Sender::Originator, Sender::Responder]
            .map(|sender| self.give(sender, id, Ending::Cut, out))
            .contains(&true);
        if given {
            out.pass(Fate::OverLimit, "HTTP/2 messages cut short: more at once than are followed", 0, 1);
        }
    }

    /// A side of a stream, which begins where it is not known.
    fn half(&mut self, sender: Sender, id: u32, out: &mut Output) -> &mut Half {
        if !self.streams.contains_key(&id) {
            while self.streams.len() >= STREAMS {
                let Some(oldest) = self.streams.keys().next().copied() else { break };
                self.give_up(oldest, out);
                self.streams.remove(&oldest);
            }
        }
        let (next, asked) = (&mut self.next, self.asked);
        let stream = self.streams.entry(id).or_insert_with(|| Stream {
            // The answer to the request that asked for HTTP/2 comes on stream 1 (RFC 7540 section 3.2).
            exchange: match asked.filter(|_| id == 1 && sender == Sender::Responder) {
                Some(asked) => asked,
                None => number(next),
            },
            originator: Half::default(),
            responder: Half::default(),
        });
        stream.half(sender)
    }

    fn close(&mut self, sender: Sender, id: u32, out: &mut Output) {
        self.half(sender, id, out).closed = true;
        if self.streams.get(&id).is_some_and(|stream| stream.originator.closed && stream.responder.closed) {
            self.streams.remove(&id);
        }
    }

    /// Gives out what is held of a side's message. Returns whether there was something.
    fn give(&mut self, sender: Sender, id: u32, ending: Ending, out: &mut Output) -> bool {
        let Some(stream) = self.streams.get_mut(&id) else { return false };
        let exchange = stream.exchange;
        let half = stream.half(sender);
        let Some(open) = half.open.take_if(|open| open.stands > 0) else { return false };
        self.held = self.held.saturating_sub(open.recorded.bytes.len());
        let (message, rest) = open.give(sender, exchange, ending);
        if ending != Ending::Whole {
            half.open = Some(Box::new(rest));
        }
        out.messages.push(message);
        true
    }
}

impl Stream {
    fn half(&mut self, sender: Sender) -> &mut Half {
        match sender {
            Sender::Originator => &mut self.originator,
            Sender::Responder => &mut self.responder,
        }
    }
}

impl Half {
    fn holds(&self) -> bool {
        self.open.as_ref().is_some_and(|open| open.stands > 0)
    }
}

impl Open {
    fn new(written: Written, stands: u64) -> Self {
        let end = written.recorded.bytes.len();
        Self {
            head: Head::Http(written.head),
            parts: written.parts,
            recorded: written.recorded,
            body: end..end,
            position: 0,
            stands,
        }
    }

    /// A message whose head is not in the capture.
    fn headless() -> Self {
        let head = Head::Raw;
        Self { head, parts: Vec::new(), recorded: Recorded::default(), body: 0..0, position: 0, stands: 0 }
    }

    /// Puts trailer fields behind the body.
    fn trailers(&mut self, written: Written, stands: u64) {
        let at = self.recorded.bytes.len();
        self.stands = self.stands.saturating_add(stands);
        self.recorded.append(written.recorded);
        self.parts.extend(written.parts.into_iter().map(|mut part| {
            part.name = part.name.start + at..part.name.end + at;
            part.value = part.value.start + at..part.value.end + at;
            part
        }));
    }

    /// The message so far, and what becomes of the rest.
    fn give(self, sender: Sender, exchange: u32, ending: Ending) -> (Message, Self) {
        let len = self.body.len() as u64;
        let rest =
            Self { head: self.head.clone(), position: self.position.saturating_add(len), ..Self::headless() };
        let body = if self.body.is_empty() { Body::None } else { Body::Range(self.body) };
        let message = Message {
            protocol: PROTOCOL,
            sender,
            exchange,
            recorded: self.recorded,
            step: Step::Reassembly,
            parts: self.parts,
            body,
            head: self.head,
            ending,
            position: self.position,
            seal: None,
            stands_for: Some(self.stands),
        };
        (message, rest)
    }
}

fn number(next: &mut u32) -> u32 {
    let number = *next;
    *next = number.saturating_add(1);
    number
}

fn other(sender: Sender) -> Sender {
    match sender {
        Sender::Originator => Sender::Responder,
        Sender::Responder => Sender::Originator,
    }
}

/// Most streams followed at once; peers mostly allow a hundred.
const STREAMS: usize = 1024;

/// Most bytes of messages held at once.
const HELD: usize = 32 * 1024 * 1024;
