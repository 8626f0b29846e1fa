//! Values that may be digests, and which of them a digest is: one look for all of them.

use std::collections::HashMap;

use super::{Cut, Target, encoding::LONGEST};

/// The readings of all values, to be found by the bytes of a digest.
pub(super) struct Index {
    /// The lengths that there are.
    lens: Vec<usize>,
    /// Where parts of a digest may begin, by its length.
    starts: Vec<Vec<usize>>,
    /// Which values may be these bytes.
    values: HashMap<Vec<u8>, Vec<usize>>,
    /// A bit for each hash of the first four bytes of a reading.
    heads: Vec<u64>,
    /// How many bits of a hash tell them apart.
    bits: u32,
}

impl Index {
    pub(super) fn new(readings: &[Vec<Target>]) -> Self {
        let all =
            || readings.iter().zip(0..).flat_map(|(all, value)| all.iter().map(move |one| (one, value)));
        let bits = (all().count().max(1).ilog2() + 7).clamp(16, 24);
        let heads = vec![0; 1 << (bits - 6)];
        let mut index = Self { lens: Vec::new(), starts: Vec::new(), values: HashMap::new(), heads, bits };
        for (target, value) in all() {
            let (word, bit) = index.place(&target.bytes);
            if let Some(word) = index.heads.get_mut(word) {
                *word |= bit;
            }
            index.lens.push(target.bytes.len());
            let values = index.values.entry(key(&target.bytes)).or_default();
            if values.last() != Some(&value) {
                values.push(value);
            }
        }
        index.lens.sort_unstable();
        index.lens.dedup();
        index.starts = (0..=LONGEST).map(|digest| starts(digest, &index.lens)).collect();
        index
    }

    /// Where parts of a digest of such a length may begin.
    pub(super) fn starts(&self, digest: usize) -> &[usize] {
        self.starts.get(digest).map_or(&[], Vec::as_slice)
    }

    /// Whether one of the values may be a part of a digest that begins so.
    pub(super) fn has(&self, part: &[u8]) -> bool {
        let (word, bit) = self.place(part);
        self.heads.get(word).is_some_and(|word| word & bit != 0)
    }

    fn place(&self, part: &[u8]) -> (usize, u64) {
        let head = part.first_chunk().map_or(0, |head| u32::from_le_bytes(*head));
        let hash = head.wrapping_mul(0x9E37_79B1) >> (32 - self.bits);
        (usize::try_from(hash >> 6).unwrap_or_default(), 1 << (hash & 63))
    }

    /// The values that may be a part of the digest, in order.
    pub(super) fn values(&self, digest: &[u8]) -> Vec<usize> {
        let cuts = self.lens.iter().flat_map(|len| Cut::all(digest.len(), *len));
        let parts = cuts.filter_map(|cut| digest.get(cut.start..cut.end)).filter(|part| self.has(part));
        let mut values: Vec<_> =
            parts.filter_map(|part| self.values.get(&key(part))).flatten().copied().collect();
        values.sort_unstable();
        values.dedup();
        values
    }
}

fn starts(digest: usize, lens: &[usize]) -> Vec<usize> {
    let mut starts: Vec<_> =
        lens.iter().flat_map(|len| Cut::all(digest, *len)).map(|cut| cut.start).collect();
    starts.sort_unstable();
    starts.dedup();
    starts
}

/// The bytes without those in which UUIDs hold their version and variant.
fn key(bytes: &[u8]) -> Vec<u8> {
    let mut key = bytes.to_vec();
    for place in [6, 8] {
        if let (16, Some(byte)) = (bytes.len(), key.get_mut(place)) {
            *byte = 0;
        }
    }
    key
}
