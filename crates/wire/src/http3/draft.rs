//! A message of HTTP/3 being put together.

use evidence::Step;

use super::PROTOCOL;
use crate::{Body, Ending, Head, Message, Part, Recorded, fields::Written, quic::Channel};

/// Head, body so far, trailer fields.
#[derive(Debug)]
pub(super) struct Draft {
    head: Head,
    parts: Vec<Part>,
    recorded: Recorded,
    /// Where the body stands in `recorded`.
    body: std::ops::Range<usize>,
    /// Where that is in the message's body.
    position: u64,
    /// Bytes of the stream that it stands for.
    stands: u64,
}

impl Draft {
    /// A message that begins with a head, which was read from so many bytes.
    pub(super) fn new(written: Written, stands: u64) -> Self {
        let end = written.recorded.bytes.len();
        Self {
            head: Head::Http(written.head),
            parts: written.parts,
            recorded: written.recorded,
            body: end..end,
            position: 0,
            stands,
        }
    }

    /// A message whose head is not in the capture.
    pub(super) fn headless() -> Self {
        Self {
            head: Head::Raw,
            parts: Vec::new(),
            recorded: Recorded::default(),
            body: 0..0,
            position: 0,
            stands: 0,
        }
    }

    /// How many bytes are held.
    pub(super) fn len(&self) -> usize {
        self.recorded.bytes.len()
    }

    /// Adds to the body.
    pub(super) fn data(&mut self, data: Recorded) {
        self.stands = self.stands.saturating_add(data.bytes.len() as u64);
        self.recorded.append(data);
        self.body.end = self.recorded.bytes.len();
    }

    /// `len` bytes of the body were lost.
    pub(super) fn lose(&mut self, len: u64) {
        self.position = self.position.saturating_add(len);
    }

    /// Puts trailer fields behind the body.
    pub(super) fn trailers(&mut self, written: Written, stands: u64) {
        let at = self.recorded.bytes.len();
        self.stands = self.stands.saturating_add(stands);
        self.recorded.append(written.recorded);
        self.parts.extend(written.parts.into_iter().map(|mut part| {
            part.name = part.name.start.saturating_add(at)..part.name.end.saturating_add(at);
            part.value = part.value.start.saturating_add(at)..part.value.end.saturating_add(at);
            part
        }));
    }

    /// The message so far, which leaves what the rest of it begins with. `None` where nothing was sent yet.
    pub(super) fn give(&mut self, channel: Channel, exchange: u32, ending: Ending) -> Option<Message> {
        if self.stands == 0 {
            return None;
        }
        let position = self.position.saturating_add(self.body.len() as u64);
        let rest = Self { head: self.head.clone(), position, ..Self::headless() };
        let Self { head, parts, recorded, body, position, stands } = std::mem::replace(self, rest);
        Some(Message {
            protocol: PROTOCOL,
            sender: channel.sender,
            exchange,
            recorded,
            step: Step::Reassembly,
            parts,
            body: if body.is_empty() { Body::None } else { Body::Range(body) },
            head,
            ending,
            position,
            seal: None,
            stands_for: Some(stands),
        })
    }
}
