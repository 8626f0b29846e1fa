//! What remains to be said of a flow when it is over.

use evidence::{AnomalyTally, Ledger, Timestamp};

use crate::Sender;

/// What became of a flow, beside what its sink heard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FlowSummary {
    /// What the originator sent.
    pub originator: SideSummary,
    /// What the responder sent.
    pub responder: SideSummary,
    /// When its first frame was captured.
    pub first: Timestamp,
    /// When its last frame was captured.
    pub last: Timestamp,
    /// Whether the opening was seen: a SYN. Always so for UDP.
    pub opening_seen: bool,
    /// How it ended.
    pub ended: Ended,
    /// The payload bytes that did not reach the sink, and what the capture lacks.
    pub ledger: Ledger,
    /// What was odd.
    pub anomalies: AnomalyTally,
}

impl FlowSummary {
    /// What `sender` sent.
    pub fn side(&self, sender: Sender) -> &SideSummary {
        match sender {
            Sender::Originator => &self.originator,
            Sender::Responder => &self.responder,
        }
    }

    pub(super) fn side_mut(&mut self, sender: Sender) -> &mut SideSummary {
        match sender {
            Sender::Originator => &mut self.originator,
            Sender::Responder => &mut self.responder,
        }
    }
}

/// What one side of a flow sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SideSummary {
    /// Packets.
    pub packets: u64,
    /// Bytes of payload in those packets, as far as captured.
    pub payload: u64,
    /// Of those, the bytes that reached the sink.
    pub delivered: u64,
    /// Bytes of the stream or of datagrams that the capture lacks.
    pub missing: u64,
    /// Bytes of the stream, from its first one, that the peer acknowledged (RFC 9293 section 3.4); 0 for UDP.
    pub acknowledged: u64,
}

impl SideSummary {
    /// Whether the peer acknowledged every byte of the stream. An application's answer says more; this is known of
    /// connections whose receiver never says a word.
    pub fn all_acknowledged(&self) -> bool {
        self.acknowledged > 0 && self.acknowledged >= self.delivered.saturating_add(self.missing)
    }

    /// A packet was captured.
    pub(super) fn count(&mut self, payload: usize) {
        self.packets = self.packets.saturating_add(1);
        self.payload = self.payload.saturating_add(payload as u64);
    }

    /// A packet turned out to belong to another flow.
    pub(super) fn discount(&mut self, payload: usize) {
        self.packets = self.packets.saturating_sub(1);
        self.payload = self.payload.saturating_sub(payload as u64);
    }
}

/// How a flow ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ended {
    /// Both sides closed it.
    Closed,
    /// Closed by us: too many flows were open.
    Evicted,
    /// One side reset it.
    Reset,
    /// Its addresses were used for another connection.
    Reused,
    /// Its end was not seen: it fell silent for longer than the limit, or until the capture ended.
    #[default]
    Unseen,
}
