//! The messages of a CoAP flow to exchanges, by their tokens, and to whole bodies, by their blocks.

use std::collections::VecDeque;

use evidence::{BufferId, Segment, Source, Step};

use super::packet::{Block, Reading};
use crate::{Body, Ending, Head, Message, Part, Recorded, Sender};

/// One flow.
#[derive(Debug)]
pub(super) struct Talk {
    protocol: &'static str,
    step: Step,
    asked: VecDeque<Asked>,
    bodies: Vec<Open>,
}

/// A request whose answers are known by its token.
#[derive(Debug)]
struct Asked {
    sender: Sender,
    token: Vec<u8>,
    exchange: u32,
    target: String,
    answered: bool,
}

/// A body of which blocks came.
#[derive(Debug)]
struct Open {
    /// The target asked for: blocks of one body have it in common.
    target: String,
    message: Message,
    bytes: Vec<u8>,
    segments: Vec<Segment>,
}

impl Talk {
    pub(super) fn new(protocol: &'static str, step: Step) -> Self {
        Self { protocol, step, asked: VecDeque::new(), bodies: Vec::new() }
    }

    /// Takes a message, and gives what is to be given out: mostly that one.
    pub(super) fn message(
        &mut self,
        sender: Sender,
        (recorded, ending): (Recorded, Ending),
        mut reading: Reading,
        fresh: impl FnOnce() -> u32,
    ) -> Vec<Message> {
        let (exchange, target) = self.exchange(sender, &mut reading, fresh);
        let block = reading.block().filter(|_| ending == Ending::Whole);
        let payload = reading.payload.clone();
        let message = Message {
            protocol: self.protocol,
            sender,
            exchange,
            recorded,
            step: self.step.clone(),
            parts: reading.parts,
            body: if payload.is_empty() { Body::None } else { Body::Range(payload) },
            head: Head::Named(Box::new(reading.head)),
            ending,
            position: 0,
            seal: None,
            stands_for: None,
        };
        match block {
            Some(block) => self.block(message, block, target),
            None => vec![message],
        }
    }

    /// Gives what waits for blocks that do not come.
    pub(super) fn finish(&mut self) -> impl Iterator<Item = Message> {
        self.bodies.drain(..).map(|open| open.give(Ending::Cut))
    }

    /// The exchange of a message and the target it is about.
    fn exchange(
        &mut self,
        sender: Sender,
        reading: &mut Reading,
        fresh: impl FnOnce() -> u32,
    ) -> (u32, String) {
        if reading.asks() {
            let target = reading.head.target.clone();
            let known = self.goes_on(sender, reading);
            let exchange = known.unwrap_or_else(fresh);
            self.ask(Asked { sender, token: reading.token.clone(), exchange, target, answered: false });
            return (exchange, reading.head.target.clone());
        }
        let answers = |asked: &&mut Asked| asked.sender != sender && asked.token == reading.token;
        let Some(asked) = self.asked.iter_mut().rev().find(answers) else {
            return (fresh(), String::new());
        };
        // What is observed is told again and again (RFC 7641 section 3): each time an exchange of its own.
        if std::mem::replace(&mut asked.answered, true) && reading.block().is_none() {
            asked.exchange = fresh();
            reading.head.target.clone_from(&asked.target);
        }
        (asked.exchange, asked.target.clone())
    }

    /// The exchange that a request belongs to which asks again, or for the next block.
    fn goes_on(&self, sender: Sender, reading: &Reading) -> Option<u32> {
        let later = |block: &Option<Block>| block.is_some_and(|block| block.start > 0);
        let again = |asked: &&Asked| {
            let same = asked.token == reading.token && !asked.answered;
            asked.sender == sender
                && asked.target == reading.head.target
                && (same || reading.blocks.iter().any(later))
        };
        self.asked.iter().rev().find(again).map(|asked| asked.exchange)
    }

    fn ask(&mut self, asked: Asked) {
        self.asked.retain(|known| known.sender != asked.sender || known.token != asked.token);
        if self.asked.len() >= ASKED {
            self.asked.pop_front();
        }
        self.asked.push_back(asked);
    }

    /// A block of a body: gives the body where it was the last.
    fn block(&mut self, mut message: Message, block: Block, target: String) -> Vec<Message> {
        let known = |open: &Open| open.message.sender == message.sender && open.target == target;
        let place = self.bodies.iter().position(known);
        let open = place.map(|place| self.bodies.swap_remove(place));
        let (mut given, open) = match open {
            Some(open) if open.end() == block.start && open.repeats(&message) => (Vec::new(), Some(open)),
            // Sent again: the body still waits for the block behind.
            Some(open) if block.start < open.end() && block.start > 0 => {
                self.bodies.push(open);
                message.position = block.start;
                message.ending = Ending::Cut;
                return vec![message];
            }
            Some(open) => (vec![open.give(Ending::Cut)], None),
            None => (Vec::new(), None),
        };
        let mut open = match open {
            Some(open) => open.joined(message),
            None if block.start == 0 && block.more => Open::new(target, message),
            None => {
                message.position = block.start;
                given.push(message);
                return given;
            }
        };
        if !block.more {
            given.push(open.give(Ending::Whole));
            return given;
        }
        if open.bytes.len() >= PIECE {
            given.push(open.piece());
        }
        if self.bodies.len() >= BODIES {
            given.push(self.bodies.remove(0).give(Ending::Cut));
        }
        self.bodies.push(open);
        given
    }
}

impl Open {
    fn new(target: String, message: Message) -> Self {
        let mut open = Self { target, message, bytes: Vec::new(), segments: Vec::new() };
        if let Body::Range(range) = std::mem::take(&mut open.message.body) {
            open.add(range.start, range.len(), 0);
        }
        open
    }

    /// Whether a block says nothing in its options that the first one did not say: only its payload is joined.
    fn repeats(&self, block: &Message) -> bool {
        let said = |message: &Message, part: &Part| {
            message.recorded.bytes.get(part.value.clone()).map(|value| (part.role, value.to_vec()))
        };
        let first: Vec<_> = self.message.parts.iter().map(|part| said(&self.message, part)).collect();
        block.parts.iter().all(|part| first.contains(&said(block, part)))
    }

    /// Where in the body the next block begins.
    fn end(&self) -> u64 {
        self.message.position.saturating_add(self.bytes.len() as u64)
    }

    fn joined(mut self, message: Message) -> Self {
        let before = self.message.recorded.bytes.len();
        let range = match message.body {
            Body::Range(range) => range,
            Body::Joined { .. } | Body::None => 0..0,
        };
        self.message.recorded.append(message.recorded);
        self.add(range.start, range.len(), before);
        self
    }

    /// Notes that the body goes on with bytes of what was recorded, behind `before` of its bytes.
    fn add(&mut self, start: usize, len: usize, before: usize) {
        let start = before.saturating_add(start);
        let bytes = self.message.recorded.bytes.get(start..start.saturating_add(len)).unwrap_or_default();
        let len = bytes.len();
        let source = Source::Buffer(BufferId(0));
        self.segments.push(Segment::exact(self.bytes.len() as u64, len as u64, source, start as u64));
        self.bytes.extend_from_slice(bytes);
    }

    fn give(mut self, ending: Ending) -> Message {
        self.message.ending = ending;
        self.message.body = match self.bytes.is_empty() {
            true => Body::None,
            false => Body::Joined { bytes: self.bytes, segments: self.segments },
        };
        self.message
    }

    /// Gives out what there is of a long body, and goes on behind it.
    fn piece(&mut self) -> Message {
        let rest = Message {
            recorded: Recorded::default(),
            parts: Vec::new(),
            position: self.end(),
            ..self.message.clone()
        };
        let bytes = std::mem::take(&mut self.bytes);
        let segments = std::mem::take(&mut self.segments);
        let message = std::mem::replace(&mut self.message, rest);
        Message { body: Body::Joined { bytes, segments }, ending: Ending::Continued, ..message }
    }
}

/// Requests whose tokens are remembered.
const ASKED: usize = 64;
/// Bodies that wait for blocks at one time.
const BODIES: usize = 8;
/// Largest piece of a body.
const PIECE: usize = 1 << 20;
