//! Handshake messages that came encrypted, put together again and given out as a message of TLS each flight.

use std::sync::Arc;

use evidence::{Fate, Step};

use super::{
    flight::{Notes, Placing, Said},
    handshake::{self, Handshake, HandshakeType},
    hello::Carrier,
};
use crate::{Body, Head, Message, Part, Recorded, Role, Seal, StreamBuffer, TlsHead, protocol::Output};

/// One direction's messages so far.
#[derive(Debug, Default)]
pub(super) struct Hand {
    pub(super) stream: StreamBuffer,
    /// How many of the waiting bytes are whole messages that were looked at.
    whole: usize,
    /// What is left of a message that is too long.
    oversize: usize,
}

impl Hand {
    /// Looks at the messages that have become whole: each with its header. Those that are too long are passed
    /// over.
    pub(super) fn next(&mut self, out: &mut Output) -> Option<(HandshakeType, Vec<u8>)> {
        let over = self.oversize.min(self.stream.len());
        if over > 0 {
            self.stream.skip(over);
            self.oversize -= over;
            out.pass(Fate::OverLimit, OVERSIZE, over as u64, 0);
        }
        let waiting = self.stream.bytes().get(self.whole..)?;
        let (kind, len) = handshake::announced(waiting)?;
        if len > handshake::MESSAGE {
            // The flight before it is given out first.
            return None;
        }
        let len = len.saturating_add(handshake::HEADER);
        let raw = waiting.get(..len)?.to_vec();
        self.whole = self.whole.saturating_add(len);
        Some((kind, raw))
    }

    /// Whether a message has begun and not ended.
    pub(super) fn awaits(&self) -> bool {
        self.stream.len() > self.whole
    }

    /// Whether the message that has begun is too long to be waited for.
    pub(super) fn begins_oversize(&self) -> bool {
        let waiting = self.stream.bytes().get(self.whole..).unwrap_or_default();
        handshake::announced(waiting).is_some_and(|(_, len)| len > handshake::MESSAGE)
    }

    /// Passes over the message that waits alone.
    pub(super) fn pass_over(&mut self, out: &mut Output) {
        let Some((_, len)) = handshake::announced(self.stream.bytes()) else { return };
        self.oversize = len.saturating_add(handshake::HEADER);
        out.pass(Fate::OverLimit, OVERSIZE, 0, 1);
    }

    /// Gives out what waits: all, or the whole messages.
    pub(super) fn give(
        &mut self,
        all: bool,
        (placing, newer): (Placing, bool),
        seal: &Arc<Seal>,
        out: &mut Output,
    ) {
        let len = if all { self.stream.len() } else { self.whole };
        self.whole = 0;
        if len == 0 {
            return;
        }
        let recorded = self.stream.take(len);
        let mut said = Said { newer, ..Said::default() };
        let mut notes = Notes { recorded: &recorded, out };
        for message in handshake::messages(&recorded.bytes) {
            said.add(&message, Carrier::Stream, &mut notes);
        }
        let name = said.name.map(|value| Part { role: Role::HostName, name: 0..0, value });
        out.messages.push(message(placing, recorded, (said.head, name), seal));
    }
}

/// A message of the connection itself that came encrypted.
pub(super) fn message(
    placing: Placing,
    recorded: Recorded,
    (head, part): (TlsHead, Option<Part>),
    seal: &Arc<Seal>,
) -> Message {
    Message {
        protocol: placing.protocol,
        sender: placing.sender,
        exchange: placing.exchange,
        recorded,
        step: Step::Reassembly,
        parts: part.into_iter().collect(),
        body: Body::None,
        head: Head::Tls(Box::new(head)),
        ending: placing.ending,
        position: 0,
        seal: Some(Arc::clone(seal)),
        stands_for: None,
    }
}

/// A message from its bytes with their header.
pub(super) fn whole(kind: HandshakeType, raw: &[u8]) -> Handshake<'_> {
    Handshake {
        kind,
        body: raw.get(handshake::HEADER..).unwrap_or_default(),
        at: handshake::HEADER,
        whole: true,
    }
}

const OVERSIZE: &str = "TLS handshake messages over 256 KiB";
