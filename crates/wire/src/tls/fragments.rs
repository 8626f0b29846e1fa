//! Handshake messages of DTLS put together from their fragments (RFC 6347 section 4.2), in order, each once.

use std::collections::BTreeMap;

use super::{handshake::HandshakeType, reader::Reader};

/// One direction's messages.
#[derive(Debug, Default)]
pub(super) struct Fragments {
    /// The number of the message that comes next.
    next: u16,
    waiting: BTreeMap<u16, Partial>,
}

/// A message of which parts are there.
#[derive(Debug)]
struct Partial {
    kind: HandshakeType,
    /// From the first one on; parts behind a hole wait to be sent again.
    bytes: Vec<u8>,
    /// How many there will be.
    len: usize,
}

impl Fragments {
    /// Bytes of a message's header.
    pub(super) const HEADER: usize = 12;

    /// Adds the fragments that a record holds.
    pub(super) fn add(&mut self, record: &[u8]) {
        let mut reader = Reader::new(record);
        while self.fragment(&mut reader).is_some() {}
    }

    /// The next message that is whole, with a header as if it had never been in parts.
    pub(super) fn next(&mut self) -> Option<(HandshakeType, Vec<u8>)> {
        let partial = self.waiting.get(&self.next).filter(|one| one.bytes.len() == one.len)?;
        let [_, a, b, c] = u32::try_from(partial.bytes.len()).ok()?.to_be_bytes();
        let [d, e] = self.next.to_be_bytes();
        let header = [partial.kind.0, a, b, c, d, e, 0, 0, 0, a, b, c];
        let message = (partial.kind, [&header, &partial.bytes[..]].concat());
        self.waiting.remove(&self.next);
        self.next = self.next.wrapping_add(1);
        Some(message)
    }

    fn fragment(&mut self, reader: &mut Reader<'_>) -> Option<()> {
        let kind = HandshakeType(reader.u8()?);
        let (len, number) = (reader.u24()?, reader.u16()?);
        let from = reader.u24()?;
        let part = reader.vec24()?.rest();
        let begins = kind == HandshakeType::CLIENT_HELLO && number == 0;
        if begins || (self.next == 0 && self.waiting.is_empty()) {
            // A new handshake; or one of which the beginning is not in the capture.
            self.waiting.clear();
            self.next = number;
        }
        let ahead = number.wrapping_sub(self.next);
        if len > MESSAGE || ahead >= AHEAD {
            return Some(());
        }
        let new = || Partial { kind, bytes: Vec::new(), len };
        let partial = self.waiting.entry(number).or_insert_with(new);
        let fits = partial.len == len && from.saturating_add(part.len()) <= len;
        let known = partial.bytes.len().checked_sub(from).filter(|_| fits);
        if let Some(part) = known.and_then(|known| part.get(known..)) {
            partial.bytes.extend_from_slice(part);
        }
        Some(())
    }
}

/// The longest message that is put together, in bytes.
const MESSAGE: usize = 64 * 1024;

/// How many messages are put together at once.
const AHEAD: u16 = 16;
