//! One direction of a WebSocket: from frame to frame, and from message to message.

use std::sync::Arc;

use evidence::{Fate, Fidelity, Layer, Step};

use super::{
    MASK, PIECE,
    deflate::{Fed, History, Inflater},
    frame::{self, Header, Look, Opcode},
};
use crate::{
    Body, Derivation, Ending, Extract, Head, Message, Recorded, Sender, StreamBuffer, packets::found,
    protocol::Output, session::raw::RawRun,
};

/// One direction.
#[derive(Debug)]
pub(super) struct Side {
    protocol: &'static str,
    state: State,
    /// The text or binary message whose frames are coming.
    open: Option<Open>,
    packed: Packed,
}

/// What a direction works with in one call.
pub(super) struct Work<'a> {
    pub(super) sender: Sender,
    pub(super) stream: &'a mut StreamBuffer,
    /// The number of the next exchange.
    pub(super) next: &'a mut u32,
    pub(super) out: &'a mut Output,
}

#[derive(Debug)]
enum State {
    /// Nobody knows where the next frame begins.
    Lost(RawRun),
    /// In the payload of a frame.
    Payload(Frame),
    /// Between frames.
    Start,
}

/// A frame whose payload is being read.
#[derive(Debug)]
struct Frame {
    header: Header,
    /// Its head, as it was sent.
    head: Recorded,
    /// Bytes of payload that were taken, or lost.
    at: u64,
}

/// A message whose frames are coming.
#[derive(Debug)]
struct Open {
    exchange: u32,
    /// What waits to be given out; of an inflated message the bytes without their origin.
    recorded: Recorded,
    /// Bytes of the flow that `recorded` stands for.
    stands_for: u64,
    /// Bytes of the message before those of `recorded`.
    position: u64,
    packing: Packing,
    /// The first bytes of a compressed message, as long as nothing came of them.
    kept: Recorded,
}

/// Whether and how a message is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Packing {
    /// It is being inflated.
    Deflated,
    /// It is given out as it is.
    None,
    /// It was inflated as far as is allowed; what else comes of it is only counted.
    Over,
}

/// What compressed messages go on from.
#[derive(Debug)]
struct Packed {
    inflater: Inflater,
    history: History,
    /// Whether a message may repeat what earlier ones said.
    takes_over: bool,
    /// The next one cannot: what came before was lost, or not read to its end.
    fresh: bool,
    /// Bytes of compressed messages, and what came of them.
    given: u64,
    made: u64,
}

impl Side {
    /// A direction in which compressed messages may, or may not, repeat what earlier ones said.
    pub(super) fn new(protocol: &'static str, takes_over: bool) -> Self {
        let (inflater, history) = (Inflater::new(), History::default());
        let packed = Packed { inflater, history, takes_over, fresh: false, given: 0, made: 0 };
        Self { protocol, state: State::Start, open: None, packed }
    }

    /// Takes the frames that are there.
    pub(super) fn run(&mut self, work: &mut Work<'_>) {
        while !work.stream.is_empty() {
            let again = match &mut self.state {
                State::Lost(run) => {
                    run.cut_full((work.sender, &mut *work.stream), work.out);
                    false
                }
                State::Payload(frame) => {
                    let count = frame.next_piece();
                    let there = work.stream.len() >= count;
                    if there {
                        self.take(count, work);
                    }
                    there
                }
                State::Start => self.begin(work),
            };
            if !again {
                break;
            }
        }
    }

    /// Gives out what waits, and goes on after `lost` bytes that the capture lacks.
    pub(super) fn gap(&mut self, work: &mut Work<'_>, lost: u64) {
        self.take(work.stream.len(), work);
        let inside = matches!(&self.state, State::Payload(frame) if lost <= frame.left());
        if !inside && !matches!(self.state, State::Lost(_)) {
            self.lose_track(work);
        }
        let left = match &mut self.state {
            State::Lost(run) => {
                run.flush(Ending::Cut, (work.sender, &mut *work.stream), work.out);
                return run.lose(lost);
            }
            State::Payload(frame) => {
                frame.at += lost;
                frame.left()
            }
            State::Start => return,
        };
        self.give(Ending::Cut, work);
        if let Some(open) = &mut self.open {
            open.position = open.position.saturating_add(lost);
            if open.packing != Packing::None {
                (open.packing, self.packed.fresh) = (Packing::None, true);
            }
        }
        if left == 0 {
            self.end_frame(work);
        }
    }

    /// Gives out what waits: no more will come.
    pub(super) fn finish(&mut self, work: &mut Work<'_>) {
        match &mut self.state {
            State::Lost(run) => run.flush(Ending::Whole, (work.sender, &mut *work.stream), work.out),
            State::Payload(_) => self.take(work.stream.len(), work),
            State::Start => {}
        }
        self.give(Ending::Cut, work);
        if !work.stream.is_empty() {
            let mut run = RawRun::new(self.protocol, number(work.next));
            run.flush(Ending::Cut, (work.sender, &mut *work.stream), work.out);
        }
    }

    /// Takes the head of a frame.
    fn begin(&mut self, work: &mut Work<'_>) -> bool {
        match frame::look(work.stream.bytes()) {
            Look::More => return false,
            Look::Odd(odd) => {
                odd.note(Layer::WebSocket, work.stream, work.out);
                self.lose_track(work);
            }
            Look::Header(header) => {
                let head = work.stream.take(header.size);
                work.out.pass(Fate::Headers, "WebSocket frame headers", header.size as u64, 1);
                if !header.opcode.is_control() {
                    self.begin_data(&header, &head, work);
                }
                self.state = State::Payload(Frame { header, head, at: 0 });
                if header.len == 0 {
                    self.end_frame(work);
                }
            }
        }
        true
    }

    /// A frame of a text or binary message begins.
    fn begin_data(&mut self, header: &Header, head: &Recorded, work: &mut Work<'_>) {
        let goes_on = header.opcode == Opcode::Continuation;
        if goes_on == self.open.is_none() {
            let (what, needed) = match goes_on {
                true => {
                    ("peer sent the rest of a WebSocket message that did not begin", "an opcode of 1 or 2")
                }
                false => {
                    ("peer sent a WebSocket message before the end of the one before it", "an opcode of 0")
                }
            };
            let detail = format!("needed {needed}, {}", found(&head.bytes, 0));
            work.out.note(Layer::WebSocket, what, detail, head, 0);
        }
        if !goes_on {
            self.give(Ending::Cut, work);
            self.open = None;
        }
        let packed = &mut self.packed;
        let open = self.open.get_or_insert_with(|| {
            let packing = if header.compressed && !goes_on { packed.begin() } else { Packing::None };
            Open {
                exchange: number(work.next),
                recorded: Recorded::default(),
                stands_for: 0,
                position: 0,
                packing,
                kept: Recorded::default(),
            }
        });
        if open.packing == Packing::Deflated {
            self.packed.history.add(head);
        }
    }

    /// Takes the next `count` bytes of a frame's payload.
    fn take(&mut self, count: usize, work: &mut Work<'_>) {
        let State::Payload(frame) = &mut self.state else { return };
        if count > 0 {
            let piece = work.stream.take(count);
            let plain = frame.unmasked(&piece);
            frame.at += count as u64;
            let done = frame.left() == 0;
            match frame.header.opcode {
                Opcode::Binary | Opcode::Continuation | Opcode::Text => self.data(piece, plain, work),
                opcode => {
                    let message = plain.unwrap_or(piece);
                    self.control(opcode, message, if done { Ending::Whole } else { Ending::Cut }, work);
                }
            }
            if done {
                self.end_frame(work);
            }
        }
    }

    /// A piece of a text or binary message came: as it was sent, and unmasked where it was masked.
    fn data(&mut self, sent: Recorded, plain: Option<Recorded>, work: &mut Work<'_>) {
        let Some(open) = &mut self.open else { return };
        match open.packing {
            Packing::Deflated => return self.inflate(sent, plain, work),
            Packing::Over => return work.out.pass(Fate::OverLimit, TOO_LARGE, sent.bytes.len() as u64, 0),
            Packing::None => {}
        }
        open.stands_for = open.stands_for.saturating_add(sent.bytes.len() as u64);
        open.recorded.append(plain.unwrap_or(sent));
        let full = open.recorded.bytes.len() >= PIECE;
        if full && matches!(&self.state, State::Payload(frame) if frame.left() > 0 || !frame.header.last) {
            self.give(Ending::Continued, work);
        }
    }

    fn inflate(&mut self, sent: Recorded, plain: Option<Recorded>, work: &mut Work<'_>) {
        let Some(open) = &mut self.open else { return };
        if open.recorded.bytes.is_empty() {
            open.recorded.first = sent.first;
        }
        open.recorded.last = open.recorded.last.max(sent.last);
        let len = sent.bytes.len() as u64;
        self.packed.history.add(&sent);
        self.packed.given = self.packed.given.saturating_add(len);
        let stands_for = open.stands_for.saturating_add(len);
        let most = self.packed.allowed(stands_for);
        let plain = plain.unwrap_or(sent);
        let fed = self.packed.inflater.feed(&plain.bytes, &mut open.recorded.bytes, most);
        if fed == Fed::Damaged {
            return self.give_up(plain, work);
        }
        open.stands_for = stands_for;
        if open.recorded.bytes.is_empty() && stands_for <= KEPT {
            open.kept.append(plain);
        }
        if let Fed::Full(left) = fed {
            self.stop(left as u64, work);
        }
    }

    /// The message inflates to more than is allowed; `left` of its bytes were not read.
    fn stop(&mut self, left: u64, work: &mut Work<'_>) {
        let Some(open) = &mut self.open else { return };
        // Where all were read, some of what they stand for was not made.
        let left = left.max(1).min(open.stands_for);
        open.stands_for -= left;
        (open.packing, self.packed.fresh) = (Packing::Over, true);
        work.out.pass(Fate::OverLimit, TOO_LARGE, left, 1);
    }

    /// A piece of a message cannot be inflated to its end: what came before stands for itself, the piece and
    /// all behind it are given out as they are.
    fn give_up(&mut self, piece: Recorded, work: &mut Work<'_>) {
        let made = self.open.as_ref().map_or(0, |open| open.recorded.bytes.len());
        let what = "peer sent a compressed WebSocket message that cannot be inflated";
        let detail = format!("needed blocks as of RFC 1951, found others behind {made} inflated bytes");
        work.out.note(Layer::WebSocket, what, detail, &piece, 0);
        self.give(Ending::Cut, work);
        let Some(open) = &mut self.open else { return };
        (open.packing, self.packed.fresh) = (Packing::None, true);
        open.stands_for = piece.bytes.len() as u64;
        open.recorded = piece;
    }

    /// The payload of a control frame came. A code for closing without words is no message.
    fn control(&mut self, opcode: Opcode, recorded: Recorded, ending: Ending, work: &mut Work<'_>) {
        let code = if opcode == Opcode::Close { 2 } else { 0 };
        let len = recorded.bytes.len();
        if len <= code {
            return work.out.pass(Fate::Decoded, "WebSocket codes for closing", len as u64, 1);
        }
        let exchange = number(work.next);
        work.out.messages.push(self.message(work.sender, exchange, recorded, (code, 0), ending));
    }

    /// The frame being read is over.
    fn end_frame(&mut self, work: &mut Work<'_>) {
        let State::Payload(frame) = std::mem::replace(&mut self.state, State::Start) else { return };
        if frame.header.opcode.is_control() || !frame.header.last {
            return;
        }
        let packing = self.open.as_ref().map(|open| open.packing);
        if packing == Some(Packing::Deflated) {
            self.end_message(work);
        }
        let over = self.open.as_ref().is_some_and(|open| open.packing == Packing::Over);
        self.give(if over { Ending::Cut } else { Ending::Whole }, work);
        self.open = None;
    }

    /// The last frame of a compressed message is over.
    fn end_message(&mut self, work: &mut Work<'_>) {
        let Some(open) = &mut self.open else { return };
        let most = self.packed.allowed(open.stands_for);
        match self.packed.inflater.end_message(&mut open.recorded.bytes, most) {
            Fed::More => {}
            // It ends within a block. What was made of it is all there is.
            Fed::Damaged => self.packed.fresh = true,
            Fed::Full(_) => self.stop(0, work),
        }
        let Some(open) = &mut self.open else { return };
        // Of so many bytes something should have come: they may be the beginning of a block without an end.
        if open.recorded.bytes.is_empty() && open.stands_for > EMPTY {
            self.packed.fresh = true;
            if open.kept.bytes.len() as u64 == open.stands_for {
                (open.packing, open.recorded) = (Packing::None, std::mem::take(&mut open.kept));
            } else {
                work.out.pass(Fate::NotParsed, UNREADABLE, std::mem::take(&mut open.stands_for), 1);
            }
        }
    }

    /// Gives out what there is of the message whose frames are coming.
    fn give(&mut self, ending: Ending, work: &mut Work<'_>) {
        let Some(open) = &mut self.open else { return };
        let stands_for = std::mem::take(&mut open.stands_for);
        let mut recorded = std::mem::take(&mut open.recorded);
        let len = recorded.bytes.len() as u64;
        if open.packing != Packing::None {
            self.packed.made = self.packed.made.saturating_add(len);
            recorded = self.packed.history.origin(recorded);
        }
        let (exchange, position) = (open.exchange, open.position);
        open.position = position.saturating_add(len);
        if len == 0 {
            if stands_for > 0 {
                let (fate, reason) = match ending {
                    Ending::Cut => (Fate::NotParsed, UNREADABLE),
                    Ending::Continued | Ending::Whole => (Fate::Decoded, "WebSocket messages that are empty"),
                };
                work.out.pass(fate, reason, stands_for, 1);
            }
            return;
        }
        let mut message = self.message(work.sender, exchange, recorded, (0, position), ending);
        message.stands_for = (stands_for != len).then_some(stands_for);
        work.out.messages.push(message);
    }

    fn message(
        &self,
        sender: Sender,
        exchange: u32,
        recorded: Recorded,
        (start, position): (usize, u64),
        ending: Ending,
    ) -> Message {
        Message {
            protocol: self.protocol,
            sender,
            exchange,
            body: Body::Range(start..recorded.bytes.len()),
            recorded,
            step: Step::Reassembly,
            parts: Vec::new(),
            head: Head::Raw,
            ending,
            position,
            seal: None,
            stands_for: None,
        }
    }

    /// From here on the direction is given out as it stands.
    fn lose_track(&mut self, work: &mut Work<'_>) {
        self.give(Ending::Cut, work);
        self.open = None;
        let mut run = RawRun::new(self.protocol, number(work.next));
        run.cut_full((work.sender, &mut *work.stream), work.out);
        self.state = State::Lost(run);
    }
}

impl Frame {
    /// Bytes of payload still to come.
    fn left(&self) -> u64 {
        self.header.len.saturating_sub(self.at)
    }

    /// Bytes of payload to be taken at once.
    fn next_piece(&self) -> usize {
        usize::try_from(self.left()).unwrap_or(PIECE).min(PIECE)
    }

    /// The next piece of its payload without its mask, where it has one.
    fn unmasked(&self, piece: &Recorded) -> Option<Recorded> {
        let key = self.header.key?;
        let mut bytes = piece.bytes.clone();
        frame::unmask(&mut bytes, key, self.at);
        let size = self.head.bytes.len();
        let start = size.saturating_sub(key.len());
        // The key as it applies to the piece: from the byte that meets its first.
        let turn = start + usize::try_from(self.at & 3).unwrap_or(0);
        let mut input = Extract::default();
        input.append(&self.head.slice(turn, size));
        input.append(&self.head.slice(start, turn));
        input.append(piece);
        let derivation = Derivation {
            step: Step::Decode(MASK.to_owned()),
            len: bytes.len() as u64,
            fidelity: Fidelity::Grouped { out: 1, source: 1 },
            before: (0, key.len() as u64),
            input,
            key: None,
        };
        let mut plain = Recorded { first: piece.first, last: piece.last, ..Recorded::default() };
        plain.append_derived(&bytes, &Arc::new(derivation), 0);
        Some(plain)
    }
}

impl Packed {
    /// A compressed message begins.
    fn begin(&mut self) -> Packing {
        if std::mem::take(&mut self.fresh) || !self.takes_over {
            (self.inflater, self.history) = (Inflater::new(), History::default());
        }
        self.history.begin();
        Packing::Deflated
    }

    /// How many bytes the message being read may come to, of which so many bytes were sent: its own bounds,
    /// and what is left of those of its direction.
    fn allowed(&self, given: u64) -> usize {
        let own = given.saturating_mul(RATIO).clamp(FREE, MOST);
        let all = self.given.saturating_mul(RATIO_OF_ALL).max(FREE_OF_ALL);
        usize::try_from(own.min(all.saturating_sub(self.made))).unwrap_or(usize::MAX)
    }
}

/// The next free number.
fn number(next: &mut u32) -> u32 {
    let number = *next;
    *next = number.saturating_add(1);
    number
}

/// The most that one message may inflate to.
const MOST: u64 = 8 << 20;
/// Inflated bytes for one byte of a message, tested once they are more than [`FREE`]: as `payload` has it for
/// decoders.
const RATIO: u64 = 300;
const FREE: u64 = 1 << 20;
/// Inflated bytes for one byte of all messages of a direction, tested once they are more than [`FREE_OF_ALL`].
/// Messages that only repeat each other reach some 50.
const RATIO_OF_ALL: u64 = 100;
const FREE_OF_ALL: u64 = 16 << 20;

/// The most bytes of a compressed message of which nothing need come: an empty block, or the last one.
const EMPTY: u64 = 8;
/// Bytes of a compressed message that are kept until something comes of them.
const KEPT: u64 = 4096;

const UNREADABLE: &str = "WebSocket compressed messages, cut or damaged at their beginning";
const TOO_LARGE: &str = "WebSocket messages: more inflated bytes than are followed";
