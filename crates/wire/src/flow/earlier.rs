//! What one capture recorded and another one recorded as well.
//!
//! The phone's own capture and the access point's, or a capture and an extract of it, hold the same packets. Each
//! connection and each datagram counts once: a connection is told by its initial sequence number (RFC 9293 section
//! 3.4.1), a datagram by its bytes and time.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
};

use evidence::{CaptureId, FlowId};

use super::{connection::Remains, key::Key};
use crate::PacketHead;

/// What the captures before recorded, as far as it is remembered.
#[derive(Debug, Default)]
pub(super) struct Earlier {
    connections: HashMap<(Key, u32), (FlowId, Remains)>,
    datagrams: HashMap<u64, CaptureId>,
    hasher: RandomState,
}

impl Earlier {
    /// A connection is over that was recorded from its opening on, and whole: another capture may fill a gap.
    pub(super) fn remember(&mut self, key: Key, flow: FlowId, remains: Remains) {
        if self.connections.len() < MOST {
            self.connections.entry((key, remains.opening())).or_insert((flow, remains));
        }
    }

    /// The connection that another capture recorded, and what is left of it, told by a packet that opens it.
    pub(super) fn connection(&self, key: Key, head: &PacketHead) -> Option<(FlowId, Remains)> {
        let tcp = head.tcp.filter(|tcp| tcp.flags.syn())?;
        // Who answers a SYN acknowledges it.
        let opening = if tcp.flags.ack() { tcp.acknowledgment } else { tcp.sequence.wrapping_add(1) };
        self.connections.get(&(key, opening)).copied().filter(|(flow, _)| flow.capture != head.capture)
    }

    /// Whether another capture recorded a datagram of the same addresses and bytes at nearly the same time: some
    /// protocols repeat theirs word for word.
    pub(super) fn has_datagram(&mut self, head: &PacketHead, bytes: &[u8]) -> bool {
        let second = head.time.0.div_euclid(SECOND);
        let name = |second: i64| self.hasher.hash_one((head.source, head.destination, bytes, second));
        let names = [second, second.saturating_sub(1), second.saturating_add(1)].map(name);
        let known = names.iter().filter_map(|name| self.datagrams.get(name));
        if known.into_iter().any(|capture| *capture != head.capture) {
            return true;
        }
        if self.datagrams.len() < MOST {
            self.datagrams.entry(names[0]).or_insert(head.capture);
        }
        false
    }
}

/// Connections and datagrams remembered, each: some 20 and 10 MB.
const MOST: usize = 1 << 18;
/// In nanoseconds.
const SECOND: i64 = 1_000_000_000;
