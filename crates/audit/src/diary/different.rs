//! How often each of a field's different values came.

use foldhash::HashMap;

/// Values by a hash of four bytes, with how often each came. There are many fields, so this is kept small.
#[derive(Clone, Debug, Default)]
pub(crate) struct Different(HashMap<u32, u32>);

impl Different {
    /// How many there are, as far as they are told apart: up to [`MOST`].
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// How often the value of that hash came; 0 where it was not told apart.
    pub(crate) fn times(&self, hash: u64) -> u64 {
        self.0.get(&short(hash)).copied().map_or(0, u64::from)
    }

    /// Counts a value.
    pub(super) fn count(&mut self, hash: u64) {
        self.add(short(hash), 1);
    }

    /// Adds what another one counted.
    pub(super) fn merge(&mut self, other: &Self) {
        for (hash, times) in &other.0 {
            self.add(*hash, *times);
        }
    }

    fn add(&mut self, hash: u32, more: u32) {
        let room = self.0.len() < MOST;
        match self.0.get_mut(&hash) {
            Some(times) => *times = times.saturating_add(more),
            None if room => drop(self.0.insert(hash, more)),
            None => {}
        }
    }
}

/// Half of a hash: among [`MOST`] values, two have the same one in one of ten thousand fields.
fn short(hash: u64) -> u32 {
    (hash >> 32) as u32
}

/// Different values that are told apart: as many as a table of 1,024 places takes.
const MOST: usize = 896;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diary::hash_of;

    #[test]
    fn values_are_counted_apart() {
        let (mut one, mut other) = (Different::default(), Different::default());
        for n in 0..3_000_u32 {
            one.count(hash_of(&(n % 7).to_be_bytes()));
            other.count(hash_of(&n.to_be_bytes()));
        }
        assert_eq!((one.len(), one.times(hash_of(&3_u32.to_be_bytes()))), (7, 429));
        assert_eq!(other.len(), MOST);
        one.merge(&other);
        assert_eq!((one.len(), one.times(hash_of(&3_u32.to_be_bytes()))), (MOST, 430));
        assert_eq!(one.times(hash_of(b"never")), 0);
    }
}
