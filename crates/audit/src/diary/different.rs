//! How often each of a field's different values came.

/// Values by a hash of four bytes, in order, with how often each came. There are many fields, so a table that grows by
/// doubling would cost most of what an audit needs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Different(Vec<(u32, u32)>);

impl Different {
    /// How many there are, as far as they are told apart: up to [`MOST`].
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// How often the value of that hash came; 0 where it was not told apart.
    pub(crate) fn times(&self, hash: u64) -> u64 {
        let found = self.place(short(hash)).ok().and_then(|place| self.0.get(place));
        found.map_or(0, |(_, times)| u64::from(*times))
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
        match self.place(hash) {
            Ok(place) => {
                if let Some((_, times)) = self.0.get_mut(place) {
                    *times = times.saturating_add(more);
                }
            }
            Err(place) if self.0.len() < MOST => {
                if self.0.len() == self.0.capacity() {
                    self.0.reserve_exact((self.0.len() / 2).max(1));
                }
                self.0.insert(place, (hash, more));
            }
            Err(_) => {}
        }
    }

    fn place(&self, hash: u32) -> Result<usize, usize> {
        self.0.binary_search_by_key(&hash, |(known, _)| *known)
    }
}

/// Half of a hash: among [`MOST`] values, two have the same one in one of eight thousand fields.
fn short(hash: u64) -> u32 {
    (hash >> 32) as u32
}

/// Different values that are told apart.
const MOST: usize = 1_024;

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
