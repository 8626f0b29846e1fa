//! What stands over the border of two pieces of one message.
//!
//! Long streams and bodies come in pieces. The end of a piece is kept until the next one comes, and the two
//! edges together are searched once more; only what lies on both sides of the border counts.

use evidence::{Segment, Step};
use wire::{Body, Ending, Head, Message, Recorded};

/// The end of a piece that another follows.
#[derive(Debug)]
pub(crate) struct Tail {
    exchange: u32,
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
            recorded: cut(&message.recorded, len.saturating_sub(EDGE), len),
        })
    }

    /// The edges of two pieces as a message of their own, and where in it the border lies.
    pub(crate) fn joined(self, message: &Message) -> Option<(Message, usize)> {
        if message.exchange != self.exchange || message.position != self.next {
            return None;
        }
        let border = self.recorded.bytes.len();
        let mut recorded = self.recorded;
        let edge = cut(&message.recorded, 0, message.recorded.bytes.len().min(EDGE));
        recorded.bytes.extend_from_slice(&edge.bytes);
        recorded.last = edge.last;
        let shifted = edge.segments.into_iter();
        recorded
            .segments
            .extend(shifted.map(|segment| Segment { out: segment.out + border as u64, ..segment }));
        let joined = Message {
            protocol: message.protocol,
            sender: message.sender,
            exchange: message.exchange,
            body: Body::Range(0..recorded.bytes.len()),
            recorded,
            step: Step::Reassembly,
            parts: Vec::new(),
            head: Head::Raw,
            ending: Ending::Cut,
            position: self.next.saturating_sub(border as u64),
        };
        Some((joined, border))
    }
}

/// Bytes `from..to` of what was recorded.
fn cut(recorded: &Recorded, from: usize, to: usize) -> Recorded {
    let (first, last) = (from as u64, to as u64);
    let inside = |segment: &&Segment| segment.out < last && segment.out_end() > first;
    let segments = recorded.segments.iter().filter(inside).map(|segment| {
        let start = segment.out.max(first);
        let end = segment.out_end().min(last);
        Segment::exact(start - first, end - start, segment.source, segment.start + (start - segment.out))
    });
    Recorded {
        bytes: recorded.bytes.get(from..to).unwrap_or_default().to_vec(),
        segments: segments.collect(),
        first: recorded.first,
        last: recorded.last,
    }
}

/// Bytes kept on each side: longer than any needle that is likely (a SHA-512 in hex has 128).
const EDGE: usize = 512;
