//! What stands over the border of two pieces of one message.
//!
//! Long streams and bodies come in pieces. The end of a piece is kept until the next one comes, and the two
//! edges together are searched once more; only what lies on both sides of the border counts.

use wire::{Body, Ending, Head, Message, Recorded};

/// The end of a piece that another follows.
#[derive(Debug)]
pub(crate) struct Tail {
    /// The exchange of the piece.
    pub(crate) exchange: u32,
    /// The next piece's position, if nothing is lost between.
    next: u64,
    recorded: Recorded,
}

impl Tail {
    /// The end of `message`, where it goes on.
    pub(crate) fn of(message: &Message) -> Option<Self> {
        if message.ending != Ending::Continued {
            return None;
        }
        let len = message.recorded.bytes.len();
        Some(Self {
            exchange: message.exchange,
            next: message.position.saturating_add(message.body.len() as u64),
            recorded: message.recorded.slice(len.saturating_sub(EDGE), len),
        })
    }

    /// The edges of two pieces as a message of their own, and where in it the border lies.
    pub(crate) fn joined(self, message: &Message) -> Option<(Message, usize)> {
        if message.exchange != self.exchange || message.position != self.next {
            return None;
        }
        let border = self.recorded.bytes.len();
        let mut recorded = self.recorded;
        recorded.append(message.recorded.slice(0, message.recorded.bytes.len().min(EDGE)));
        let joined = Message {
            protocol: message.protocol,
            sender: message.sender,
            exchange: message.exchange,
            body: Body::Range(0..recorded.bytes.len()),
            recorded,
            step: message.step.clone(),
            parts: Vec::new(),
            head: Head::Raw,
            ending: Ending::Cut,
            position: self.next.saturating_sub(border as u64),
            seal: message.seal.clone(),
            stands_for: None,
        };
        Some((joined, border))
    }
}

/// Bytes kept on each side: longer than any needle that is likely (a SHA-512 in hex has 128).
const EDGE: usize = 512;
