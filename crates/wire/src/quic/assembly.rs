//! Stretches of a stream in any order to the stream (RFC 9000 section 2.2), with the packets they came from.
//! Browsers split and shuffle even their hellos on purpose.

use std::{collections::BTreeMap, sync::Arc};

use evidence::Timestamp;

use crate::{Derivation, StreamBuffer};

/// One direction of a stream, or of the handshake at one level of encryption.
#[derive(Debug, Default)]
pub(super) struct Assembly {
    /// The bytes in order that nobody has taken yet.
    pub(super) ready: StreamBuffer,
    /// Where the first byte stands that did not come yet.
    next: u64,
    /// Bytes behind holes, by their place. They do not overlap.
    later: BTreeMap<u64, Piece>,
    /// How many bytes wait behind holes.
    held: usize,
    /// How many bytes the stream has, where that is known.
    size: Option<u64>,
}

/// A stretch of a stream, as a packet brings it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stretch<'a> {
    /// Where its first byte stands in the stream.
    pub(super) offset: u64,
    pub(super) data: &'a [u8],
    /// The packet, and where in it the bytes stand.
    pub(super) packet: &'a Arc<Derivation>,
    pub(super) start: u64,
    pub(super) time: Timestamp,
}

#[derive(Debug)]
struct Piece {
    bytes: Vec<u8>,
    packet: Arc<Derivation>,
    start: u64,
    time: Timestamp,
}

impl Assembly {
    /// Adds bytes. Returns how many of them had come before; of two that differ, the first one stays.
    pub(super) fn add(&mut self, stretch: Stretch<'_>) -> usize {
        let end = stretch.end();
        let mut at = stretch.offset.max(self.next).min(end);
        let mut fresh = 0;
        while at < end {
            let held = self.later.range(..=at).next_back().map(|(start, piece)| piece.end(*start));
            if let Some(known) = held.filter(|known| *known > at) {
                at = known;
                continue;
            }
            let until = self.later.range(at..).next().map_or(end, |(start, _)| end.min(*start));
            let part = stretch.part(at, until);
            fresh += part.data.len();
            self.put(part);
            at = until;
        }
        self.join();
        stretch.data.len().saturating_sub(fresh)
    }

    /// How many bytes wait behind holes.
    pub(super) fn held(&self) -> usize {
        self.held
    }

    /// The stream has so many bytes.
    pub(super) fn set_size(&mut self, size: u64) {
        self.size.get_or_insert(size);
    }

    /// Whether all bytes came.
    pub(super) fn is_whole(&self) -> bool {
        self.size.is_some_and(|size| self.next >= size)
    }

    /// Whether more waits behind holes than is kept.
    pub(super) fn is_full(&self) -> bool {
        self.held > HELD || self.later.len() > PIECES
    }

    /// How many bytes are missing before the next ones that came, or before the end. `None` where none are, or
    /// nobody knows.
    pub(super) fn hole(&self) -> Option<u64> {
        let behind = self.later.keys().next().copied().or(self.size)?;
        behind.checked_sub(self.next).filter(|len| *len > 0)
    }

    /// Gives up the missing bytes before the next ones. The ready ones must have been taken.
    pub(super) fn give_up(&mut self) {
        let len = self.hole().unwrap_or(0);
        self.ready.lose(len);
        self.next = self.next.saturating_add(len);
        self.join();
    }

    fn put(&mut self, stretch: Stretch<'_>) {
        if stretch.offset == self.next {
            self.append(stretch);
            return;
        }
        self.held = self.held.saturating_add(stretch.data.len());
        let piece = Piece {
            bytes: stretch.data.to_vec(),
            packet: Arc::clone(stretch.packet),
            start: stretch.start,
            time: stretch.time,
        };
        self.later.insert(stretch.offset, piece);
    }

    fn append(&mut self, stretch: Stretch<'_>) {
        self.next = stretch.end();
        self.ready.append_derived(stretch.data, Arc::clone(stretch.packet), stretch.start, stretch.time);
    }

    /// Goes on with what waited for the bytes before it.
    fn join(&mut self) {
        while let Some(entry) = self.later.first_entry().filter(|entry| *entry.key() <= self.next) {
            let (offset, piece) = entry.remove_entry();
            self.held = self.held.saturating_sub(piece.bytes.len());
            self.append(Stretch {
                offset,
                data: &piece.bytes,
                packet: &piece.packet,
                start: piece.start,
                time: piece.time,
            });
        }
    }
}

impl Stretch<'_> {
    fn end(&self) -> u64 {
        self.offset.saturating_add(self.data.len() as u64)
    }

    /// The bytes `from..to` of the stream, which lie in it.
    fn part(self, from: u64, to: u64) -> Self {
        let skipped = from.saturating_sub(self.offset);
        let first = usize::try_from(skipped).unwrap_or(usize::MAX);
        let last = usize::try_from(to.saturating_sub(self.offset)).unwrap_or(usize::MAX);
        let data = self.data.get(first..last).unwrap_or_default();
        Self { offset: from, data, start: self.start.saturating_add(skipped), ..self }
    }
}

impl Piece {
    fn end(&self, start: u64) -> u64 {
        start.saturating_add(self.bytes.len() as u64)
    }
}

/// The most bytes that wait behind holes.
const HELD: usize = 2 << 20;

/// The most stretches that wait behind holes.
const PIECES: usize = 4096;

#[cfg(test)]
mod tests {
    use evidence::{Fidelity, Step};

    use super::*;
    use crate::Extract;

    fn packet() -> Arc<Derivation> {
        let step = Step::Decode(String::new());
        Arc::new(Derivation {
            step,
            len: 100,
            fidelity: Fidelity::Exact,
            before: (0, 0),
            input: Extract::default(),
            key: None,
        })
    }

    /// Adds a stretch that stands in its packet where it stands in the stream.
    fn add(assembly: &mut Assembly, offset: u64, data: &[u8]) -> usize {
        assembly.add(Stretch { offset, data, packet: &packet(), start: offset, time: Timestamp(0) })
    }

    #[test]
    fn pieces_in_any_order_give_the_whole() {
        let whole: Vec<u8> = (0..100).collect();
        for step in [1, 3, 7, 100] {
            for turn in 0..7 {
                let mut places: Vec<usize> = (0..100).step_by(step).collect();
                let len = places.len();
                places.rotate_left(turn % len);
                places.reverse();
                let (mut assembly, mut given, mut again) = (Assembly::default(), 0, 0);
                for place in places {
                    // Each piece overlaps the next one.
                    let piece = &whole[place..(place + step + 2).min(100)];
                    given += piece.len();
                    again += add(&mut assembly, place as u64, piece);
                }
                assert_eq!(assembly.ready.bytes(), whole, "{step} {turn}");
                assert_eq!(given - again, 100);
                assert!(assembly.later.is_empty() && assembly.held == 0);
                assert_eq!(add(&mut assembly, 20, &whole[20..40]), 20);
                let recorded = assembly.ready.take(100);
                assert!(recorded.segments.iter().all(|segment| segment.start == segment.out));
            }
        }
    }

    #[test]
    fn holes_are_known_and_given_up() {
        let mut assembly = Assembly::default();
        assert_eq!(
            add(&mut assembly, 5, b"fg") + add(&mut assembly, 3, b"d") + add(&mut assembly, 2, b"cd"),
            1
        );
        assert_eq!(assembly.hole(), Some(2));
        assembly.give_up();
        assert_eq!((assembly.ready.bytes(), assembly.hole()), (&b"cd"[..], Some(1)));
        assembly.ready.take(2);
        assembly.set_size(9);
        assembly.give_up();
        assert_eq!((assembly.ready.bytes(), assembly.is_whole()), (&b"fg"[..], false));
        assembly.ready.take(2);
        assembly.give_up();
        assert!(assembly.is_whole() && assembly.hole().is_none());
    }

    #[test]
    fn what_waits_is_bounded() {
        let mut assembly = Assembly::default();
        assert_eq!(add(&mut assembly, u64::MAX, b"xy"), 2, "behind all that a stream can hold");
        (1..5000).for_each(|place| {
            add(&mut assembly, place * 3, b"xy");
        });
        assert!(assembly.is_full());
    }
}
