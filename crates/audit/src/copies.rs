//! The router's own side of a flow: a capture taken on a router may hold each message twice, once of the device and
//! once translated (RFC 3022), from the router's public address.
//!
//! What a device of the inside said to the outside, or heard from there, is remembered for a short while. A message of
//! a flow between the router's address and the same outside endpoint with the same bytes is a copy of it, and is left
//! out. The copy of an answer passes the outside first, so that what may be a copy waits until it is known.

use std::{
    cell::RefCell,
    collections::{HashMap, VecDeque},
    hash::BuildHasher,
    net::IpAddr,
    rc::Rc,
};

use evidence::{Timestamp, Transport};
use facts::Scope;
use foldhash::fast::FixedState;
use wire::{Message, Sender, flow::FlowInfo};

/// What the devices inside say to each endpoint outside, as far as one worker hears it.
#[derive(Debug, Default)]
pub(crate) struct Inside {
    said: HashMap<Outside, Rc<RefCell<Said>>>,
}

/// An endpoint outside.
type Outside = (IpAddr, u16, Transport);

/// What was said between the devices inside and one endpoint outside, the latest.
#[derive(Debug, Default)]
pub(crate) struct Said {
    /// How many flows of devices inside are open.
    open: usize,
    messages: VecDeque<(Timestamp, u64)>,
}

/// What a flow has to do with copies.
#[derive(Debug)]
pub(crate) enum Part {
    /// Nothing.
    Apart,
    /// It is a device's own.
    Own(Rc<RefCell<Said>>),
    /// It may be the router's own side of a device's.
    Router(Waiting),
}

/// What the router's own side of a flow may still turn out to be.
#[derive(Debug)]
pub(crate) struct Waiting {
    said: Rc<RefCell<Said>>,
    messages: VecDeque<Message>,
    bytes: usize,
    /// Bytes of messages that were copies.
    pub(crate) copied: u64,
    /// Some message was none.
    pub(crate) differs: bool,
}

impl Inside {
    /// A flow begins.
    pub(crate) fn open(&mut self, flow: &FlowInfo) -> Part {
        let outside = (flow.responder.0, flow.responder.1, flow.transport);
        if Scope::of(outside.0) != Scope::Public {
            return Part::Apart;
        }
        match Scope::of(flow.originator.0) {
            Scope::Private if self.said.len() < MOST_OUTSIDE || self.said.contains_key(&outside) => {
                let said = Rc::clone(self.said.entry(outside).or_default());
                said.borrow_mut().open += 1;
                Part::Own(said)
            }
            Scope::Public | Scope::Shared => match self.said.get(&outside) {
                Some(said) => Part::Router(Waiting {
                    said: Rc::clone(said),
                    messages: VecDeque::new(),
                    bytes: 0,
                    copied: 0,
                    differs: false,
                }),
                None => Part::Apart,
            },
            _ => Part::Apart,
        }
    }

    /// A flow is over.
    pub(crate) fn close(&mut self, flow: &FlowInfo, part: &Part) {
        let Part::Own(said) = part else { return };
        let mut told = said.borrow_mut();
        told.open = told.open.saturating_sub(1);
        if told.open == 0 {
            self.said.remove(&(flow.responder.0, flow.responder.1, flow.transport));
        }
    }
}

impl Said {
    /// A device inside said or heard a message.
    pub(crate) fn add(&mut self, message: &Message) {
        if self.messages.len() >= MOST_SAID {
            self.messages.pop_front();
        }
        self.messages.push_back((message.recorded.last, hash_of(message)));
    }

    /// Whether the message is a copy of one. Each has one copy.
    fn take(&mut self, message: &Message) -> bool {
        let hash = hash_of(message);
        let near = |time: Timestamp| time.0.abs_diff(message.recorded.last.0) <= SOON;
        let found = self.messages.iter().position(|(time, known)| *known == hash && near(*time));
        found.is_some_and(|place| self.messages.remove(place).is_some())
    }
}

impl Waiting {
    /// Takes in a message, and gives out those that are no copies.
    pub(crate) fn hear(&mut self, message: Message) -> Vec<Message> {
        self.bytes = self.bytes.saturating_add(message.recorded.bytes.len());
        let now = message.recorded.last;
        self.messages.push_back(message);
        self.settle();
        let mut out = Vec::new();
        while let Some(first) = self.messages.front()
            && (self.bytes > MOST_BYTES
                || self.messages.len() > MOST_WAITING
                || first.recorded.last.0.abs_diff(now.0) > SOON
                || self.said.borrow().open == 0)
        {
            out.extend(self.messages.pop_front().inspect(|one| self.bytes -= one.recorded.bytes.len()));
        }
        self.differs |= !out.is_empty();
        out
    }

    /// The flow is over: what is no copy.
    pub(crate) fn finish(&mut self) -> VecDeque<Message> {
        self.settle();
        self.differs |= !self.messages.is_empty();
        std::mem::take(&mut self.messages)
    }

    /// Whether the whole flow was a copy.
    pub(crate) fn is_copy(&self) -> bool {
        self.copied > 0 && !self.differs
    }

    /// Leaves out the copies among those that wait.
    fn settle(&mut self) {
        let mut said = self.said.borrow_mut();
        self.messages.retain(|message| {
            let copy = said.take(message);
            if copy {
                let len = message.recorded.bytes.len();
                self.bytes = self.bytes.saturating_sub(len);
                self.copied = self.copied.saturating_add(len as u64);
            }
            !copy
        });
    }
}

/// Which way a message went, and what it says.
fn hash_of(message: &Message) -> u64 {
    let from = message.sender == Sender::Originator;
    HASHER.hash_one((from, message.protocol, message.position, message.recorded.bytes.as_slice()))
}

const HASHER: FixedState = FixedState::with_seed(0);

/// Why bytes of a copy were left out.
pub(crate) const REASON: &str = "the router’s own side of flows, which stand here of the devices inside";
/// Nanoseconds between a message and its copy.
const SOON: u64 = 1_000_000_000;
/// Endpoints outside of which it is remembered what was said.
const MOST_OUTSIDE: usize = 4096;
/// Messages remembered of one endpoint outside.
const MOST_SAID: usize = 256;
/// Messages of one flow that wait, and their bytes.
const MOST_WAITING: usize = 64;
const MOST_BYTES: usize = 1 << 20;
