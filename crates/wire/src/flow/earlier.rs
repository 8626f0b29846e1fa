//! What one capture recorded and another one recorded as well.
//!
//! The phone's own capture and the access point's, or a capture and an extract of it, hold the same packets. Each
//! connection and each datagram counts once: a connection is told by its initial sequence number (RFC 9293 section
//! 3.4.1), its time and what each side says first, a datagram by its bytes and time. The gaps of a connection stay open as
//! long as there is room, and another capture's packets fill them; where there was none, its connection is read by itself.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
};

use evidence::{CaptureId, Timestamp};

use super::{FlowInfo, connection::Remains, key::Key};
use crate::{PacketHead, Sender};

/// What the captures before recorded, as far as it is remembered.
#[derive(Debug, Default)]
pub(super) struct Earlier {
    connections: HashMap<(Key, u32), (FlowInfo, Over)>,
    /// How many were recorded of each, and by which capture.
    datagrams: HashMap<u64, (CaptureId, u32)>,
    hasher: RandomState,
}

/// A connection that is over.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Over {
    pub(super) remains: Remains,
    pub(super) openings: Openings,
    /// Whether it was recorded from its opening on, and nothing of it is missing.
    pub(super) whole: bool,
}

/// What each side said first.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Openings {
    originator: Option<Opening>,
    responder: Option<Opening>,
}

/// The first bytes that a side says: how many were looked at, and their hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Opening(usize, u64);

impl Openings {
    fn of(self, sender: Sender) -> Option<Opening> {
        if sender == Sender::Originator { self.originator } else { self.responder }
    }

    /// Whether a side said something else: of openings as long, since one capture may hold a packet joined with the next.
    pub(super) fn contradict(self, sender: Sender, other: Opening) -> bool {
        let is_else = |opening: Opening| other.0 > 0 && opening.0 == other.0 && opening.1 != other.1;
        self.of(sender).is_some_and(is_else)
    }
}

impl Over {
    /// Whether a packet of another capture is a copy of what this connection said. What a side says first has to be the
    /// same; what follows has to stand where this connection has said something.
    pub(super) fn is_copied(
        &self,
        sender: Sender,
        head: &PacketHead,
        bytes: &[u8],
        earlier: &Earlier,
    ) -> bool {
        let tcp = head.tcp.unwrap_or_default();
        if !self.whole || !self.remains.know(sender, tcp, bytes.len()) {
            return false;
        }
        let begins = tcp.sequence == self.remains.first(sender);
        let opening = self.openings.of(sender);
        bytes.is_empty() || !begins || opening.is_none_or(|opening| opening == earlier.opening(bytes))
    }
}

impl Earlier {
    /// The first bytes that a side says, of its first packet.
    pub(super) fn opening(&self, bytes: &[u8]) -> Opening {
        let bytes = bytes.get(..OPENING).unwrap_or(bytes);
        Opening(bytes.len(), self.hasher.hash_one(bytes))
    }

    /// Notes what a side says first.
    pub(super) fn hear(&self, openings: &mut Openings, sender: Sender, bytes: &[u8]) {
        let Openings { originator, responder } = openings;
        let opening = if sender == Sender::Originator { originator } else { responder };
        if !bytes.is_empty() {
            opening.get_or_insert_with(|| self.opening(bytes));
        }
    }

    /// A connection is over.
    pub(super) fn remember(&mut self, key: Key, flow: &FlowInfo, over: Over) {
        if over.whole && self.connections.len() < MOST {
            self.connections
                .entry((key, over.remains.first(Sender::Originator)))
                .or_insert((flow.clone(), over));
        }
    }

    /// The connection that another capture recorded at about the same time, told by a packet that opens it.
    pub(super) fn connection(&self, key: Key, head: &PacketHead) -> Option<(FlowInfo, Over)> {
        let tcp = head.tcp.filter(|tcp| tcp.flags.syn())?;
        // Who answers a SYN acknowledges it.
        let opening = if tcp.flags.ack() { tcp.acknowledgment } else { tcp.sequence.wrapping_add(1) };
        let (flow, over) = self.connections.get(&(key, opening))?;
        let near = is_near(head.time, flow.first);
        (near && flow.id.capture != head.capture).then(|| (flow.clone(), *over))
    }

    /// Whether another capture recorded a datagram of the same addresses and bytes at nearly the same time: some
    /// protocols repeat theirs word for word.
    pub(super) fn has_datagram(&mut self, head: &PacketHead, bytes: &[u8]) -> bool {
        let second = head.time.0.div_euclid(SECOND);
        let name = |second: i64| self.hasher.hash_one((head.source, head.destination, bytes, second));
        let names = [second, second.saturating_sub(1), second.saturating_add(1)].map(name);
        for name in names {
            if let Some((capture, count)) = self.datagrams.get_mut(&name)
                && *capture != head.capture
                && *count > 0
            {
                *count -= 1;
                return true;
            }
        }
        if self.datagrams.len() < MOST {
            let (capture, count) = self.datagrams.entry(names[0]).or_insert((head.capture, 0));
            *count += u32::from(*capture == head.capture);
        }
        false
    }
}

/// Whether two captures may have taken the same moment for these: their clocks differ.
pub(super) fn is_near(one: Timestamp, other: Timestamp) -> bool {
    one.since(other).abs() <= 300 * SECOND
}

/// Connections and datagrams remembered, each: some 20 and 10 MB.
const MOST: usize = 1 << 18;
/// Bytes of what a side says first that are looked at.
const OPENING: usize = 512;
/// In nanoseconds.
const SECOND: i64 = 1_000_000_000;
