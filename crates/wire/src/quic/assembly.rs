//! CRYPTO frames in any order to the handshake's bytes (RFC 9000 section 19.6). Browsers split and shuffle
//! them on purpose.

use std::collections::BTreeMap;

/// One direction's handshake bytes.
#[derive(Debug, Default)]
pub struct Assembly {
    /// The bytes from the first on, without a hole.
    front: Vec<u8>,
    /// Bytes behind holes, by their place.
    later: BTreeMap<u64, Vec<u8>>,
    /// How many bytes wait behind holes.
    waiting: usize,
}

impl Assembly {
    /// The most bytes that are put together, and the most that wait behind holes.
    pub const MOST: usize = 64 * 1024;

    /// The most stretches that wait behind holes.
    pub const STRETCHES: usize = 256;

    /// The bytes from the first on, without a hole.
    pub fn bytes(&self) -> &[u8] {
        &self.front
    }

    /// Adds bytes. Returns whether any of them are new, and are kept. Of two that differ, the one that was put
    /// together first stays.
    pub fn add(&mut self, offset: u64, data: &[u8]) -> bool {
        let Ok(start) = usize::try_from(offset) else { return false };
        let end = start.saturating_add(data.len());
        if end > Self::MOST || end <= self.front.len() {
            return false;
        }
        if start > self.front.len() {
            return self.keep(offset, data);
        }
        self.join(start, data);
        while let Some(entry) = self.later.first_entry() {
            let Some(start) = usize::try_from(*entry.key()).ok().filter(|start| *start <= self.front.len())
            else {
                break;
            };
            let data = entry.remove();
            self.waiting = self.waiting.saturating_sub(data.len());
            self.join(start, &data);
        }
        true
    }

    fn join(&mut self, start: usize, data: &[u8]) {
        let known = self.front.len().saturating_sub(start);
        self.front.extend_from_slice(data.get(known..).unwrap_or_default());
    }

    fn keep(&mut self, offset: u64, data: &[u8]) -> bool {
        let known = self.later.get(&offset).map_or(0, Vec::len);
        let waiting = self.waiting.saturating_sub(known).saturating_add(data.len());
        if known >= data.len() || waiting > Self::MOST || self.later.len() >= Self::STRETCHES {
            return false;
        }
        self.waiting = waiting;
        self.later.insert(offset, data.to_vec());
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_in_any_order_give_the_whole() {
        let whole: Vec<u8> = (0..100).collect();
        for step in [1, 3, 7, 100] {
            for turn in 0..7 {
                let mut places: Vec<usize> = (0..100).step_by(step).collect();
                let len = places.len();
                places.rotate_left(turn % len);
                places.reverse();
                let mut assembly = Assembly::default();
                for place in places {
                    // Each piece overlaps the next one.
                    let piece = &whole[place..(place + step + 2).min(100)];
                    assembly.add(place as u64, piece);
                }
                assert_eq!(assembly.bytes(), whole, "{step} {turn}");
                assert!(assembly.later.is_empty() && assembly.waiting == 0);
                assert!(!assembly.add(20, &whole[20..40]));
            }
        }
    }

    #[test]
    fn what_waits_is_bounded() {
        let mut assembly = Assembly::default();
        assert!(!assembly.add(u64::MAX, b"x") && !assembly.add(Assembly::MOST as u64, b"x"));
        let kept = (1..2000u64).filter(|place| assembly.add(place * 3, b"xy")).count();
        assert_eq!(kept, Assembly::STRETCHES);
    }
}
