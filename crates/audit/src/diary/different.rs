//! How often each of a field's different values came.

use evidence::FieldSeries;

/// Values by a hash of four bytes, with how often each came, in the order of the hashes. There are many fields, so this
/// is kept small: of more than [`MOST`] values those of the smallest hashes, which are the same ones whoever heard what
/// first, and were counted from their first time on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Different(Vec<(u32, u32)>);

impl Different {
    /// How many there are, as far as they are told apart: up to [`MOST`].
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// How often the value of that hash came; 0 where it is not one of those that are counted.
    pub(crate) fn times(&self, hash: u64) -> u64 {
        let place = self.place(short(hash)).ok();
        place.and_then(|place| self.0.get(place)).map_or(0, |(_, times)| u64::from(*times))
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
        let full = self.0.len() >= MOST;
        if full && self.0.last().is_some_and(|(last, _)| *last < hash) {
            return;
        }
        match self.place(hash) {
            Ok(place) => {
                let known = self.0.get_mut(place).into_iter();
                known.for_each(|(_, times)| *times = times.saturating_add(more));
            }
            Err(place) => {
                if full {
                    self.0.pop();
                }
                self.0.insert(place, (hash, more));
            }
        }
    }

    fn place(&self, hash: u32) -> Result<usize, usize> {
        self.0.binary_search_by_key(&hash, |(known, _)| *known)
    }
}

/// Half of a hash: among [`MOST`] values, two have the same one in one of half a million fields.
fn short(hash: u64) -> u32 {
    (hash >> 32) as u32
}

/// Different values that are told apart.
const MOST: usize = FieldSeries::DISTINCT as usize;

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
        assert_eq!(one.times(hash_of(b"never")), 0);
    }

    #[test]
    fn it_does_not_matter_who_heard_what() {
        let value = |n: u32| hash_of(&(n * n % 1_009).to_be_bytes());
        let (mut all, mut odd, mut even) = (Different::default(), Different::default(), Different::default());
        for n in 0..3_000 {
            all.count(value(n));
            if n % 2 == 0 { even.count(value(n)) } else { odd.count(value(n)) }
        }
        let mut backwards = odd.clone();
        backwards.merge(&even);
        even.merge(&odd);
        assert_eq!((&even.0, &backwards.0), (&all.0, &all.0));
        let times = |n: u32| (0..3_000).filter(|other| value(*other) == value(n)).count() as u64;
        let counted: Vec<_> = (0..3_000).filter(|n| all.times(value(*n)) > 0).collect();
        assert!(counted.len() > MOST && counted.iter().all(|n| all.times(value(*n)) == times(*n)));
    }
}
