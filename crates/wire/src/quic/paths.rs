//! The connection ids of open connections: one that goes on from another address is known by them (RFC 9000
//! section 9).
//!
//! A table of flows knows nothing of QUIC, and a session nothing of other flows. What both have is this: rooms
//! write down under which ids their connections are reached, and who begins a flow asks whether its first
//! datagram is meant for one of them. Only flows with a [port of QUIC's](is_port) are asked for.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use evidence::FlowId;

/// Ids and the flows of their connections. A clone is the same set.
#[derive(Clone, Debug, Default)]
pub struct Paths(Arc<Mutex<Known>>);

/// The ids that one flow writes down.
#[derive(Clone, Debug)]
pub struct Path {
    paths: Paths,
    flow: FlowId,
}

#[derive(Debug, Default)]
struct Known {
    flows: HashMap<Box<[u8]>, FlowId>,
    ids: HashMap<FlowId, Vec<Box<[u8]>>>,
}

impl Paths {
    /// The flow of the connection that a datagram is meant for: it has a short header and one of the ids.
    pub fn home(&self, datagram: &[u8]) -> Option<FlowId> {
        let (first, rest) = datagram.split_first()?;
        if first & 0xc0 != 0x40 || rest.len() < SMALLEST {
            return None;
        }
        let known = self.known();
        LENGTHS.rev().find_map(|len| known.flows.get(rest.get(..len)?)).copied()
    }

    /// A flow is over.
    pub fn forget(&self, flow: FlowId) {
        let mut known = self.known();
        for id in known.ids.remove(&flow).unwrap_or_default() {
            if known.flows.get(&id) == Some(&flow) {
                known.flows.remove(&id);
            }
        }
    }

    /// That flow's part of it.
    pub fn of(&self, flow: FlowId) -> Path {
        Path { paths: self.clone(), flow }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Path {
    /// A connection of the flow is reached under that id.
    pub(crate) fn learn(&self, id: &[u8]) {
        let mut known = self.paths.known();
        if LENGTHS.contains(&id.len()) && known.flows.len() < MOST {
            known.flows.insert(id.into(), self.flow);
            known.ids.entry(self.flow).or_default().push(id.into());
        }
    }
}

/// Whether servers are reached over QUIC at that port: HTTP's, and those of DNS over QUIC (RFC 9250).
pub fn is_port(port: u16) -> bool {
    matches!(port, 80 | 443 | 784 | 853 | 4433 | 8443 | 8853)
}

/// Lengths of ids that tell connections apart; shorter ones are met by chance.
const LENGTHS: std::ops::RangeInclusive<usize> = 4..=20;
/// The least behind the first byte of a packet with a short header (RFC 9001 section 5.4.2).
const SMALLEST: usize = 20;
/// Ids that are remembered.
const MOST: usize = 1 << 16;

#[cfg(test)]
mod tests {
    use evidence::{CaptureId, FrameNo};

    use super::*;

    #[test]
    fn connections_are_known_by_their_longest_id_until_their_flow_is_over() {
        let paths = Paths::default();
        let flow = |frame| FlowId { capture: CaptureId(0), frame: FrameNo(frame) };
        paths.of(flow(1)).learn(b"abcd");
        paths.of(flow(2)).learn(b"abcdefgh");
        paths.of(flow(3)).learn(b"abc");
        let datagram = |id: &[u8]| [b"\x41", id, &[0; 24]].concat();
        assert_eq!(paths.home(&datagram(b"abcdefgh")), Some(flow(2)));
        assert_eq!(paths.home(&datagram(b"abcdxxxx")), Some(flow(1)));
        assert_eq!(paths.home(&datagram(b"abcxxxxx")), None);
        assert_eq!(paths.home(b"\x41abcdefgh"), None, "too short for a packet");
        assert_eq!(paths.home(&[b"\xc1", &datagram(b"abcdefgh")[1..]].concat()), None, "a long header");
        paths.forget(flow(2));
        assert_eq!(paths.home(&datagram(b"abcdefgh")), Some(flow(1)));
    }
}
