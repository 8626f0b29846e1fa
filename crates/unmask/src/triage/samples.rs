//! The values that one field had over time: what repeats, what grows, what stays.

use std::collections::BTreeMap;

use evidence::Timestamp;

/// Values of one field, of which a bounded number is kept.
#[derive(Clone, Debug, Default)]
pub struct Samples {
    kept: Vec<(Timestamp, Vec<u8>)>,
    /// Times each value came, and where it stands among those kept.
    values: BTreeMap<Vec<u8>, u64>,
    lengths: BTreeMap<usize, u64>,
    count: u64,
    /// What a number beside the value was, in the order of coming.
    beside: Vec<i64>,
}

impl Samples {
    /// Values that are kept.
    pub const MOST: usize = 256;

    /// Adds a value, with the number that stood in a field beside it, if one did.
    pub fn add(&mut self, time: Timestamp, value: &[u8], beside: Option<i64>) {
        self.count = self.count.saturating_add(1);
        let length = self.lengths.len();
        if length < Self::MOST || self.lengths.contains_key(&value.len()) {
            *self.lengths.entry(value.len()).or_default() += 1;
        }
        let kept = value.get(..LONGEST).unwrap_or(value).to_vec();
        if let Some(times) = self.values.get_mut(&kept) {
            *times = times.saturating_add(1);
        } else if self.values.len() < Self::MOST {
            self.values.insert(kept.clone(), 1);
            self.kept.push((time, kept));
        }
        if self.beside.len() < Self::MOST {
            self.beside.extend(beside);
        }
    }

    /// How many there were, those that were not kept included.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The first value.
    pub fn first(&self) -> Option<&[u8]> {
        self.kept.first().map(|(_, value)| value.as_slice())
    }

    /// The times a value came that came before: equal plaintexts give equal ciphertexts.
    pub fn repeated(&self) -> u64 {
        self.values.values().map(|times| times - 1).sum()
    }

    /// Whether several different values came, and all of one length.
    pub fn one_length(&self) -> bool {
        self.values.len() >= 3 && self.lengths.len() == 1
    }

    /// Whether lengths differ by single bytes: the ciphertext is as long as its plaintext.
    pub fn lengths_follow_content(&self) -> bool {
        let mut lengths = self.lengths.keys().zip(self.lengths.keys().skip(1));
        self.lengths.len() >= 3 && lengths.any(|(short, long)| !(long - short).is_multiple_of(4))
    }

    /// How many bytes all different values begin with; 0 where fewer than three came.
    pub fn common_prefix(&self) -> usize {
        let mut values = self.values.keys();
        let (Some(first), true) = (values.next(), self.values.len() >= 3) else { return 0 };
        values.fold(first.len(), |common, value| {
            first.iter().zip(value).take(common).take_while(|(first, other)| first == other).count()
        })
    }

    /// Whether the number beside it grew each time by little, as counters do.
    pub fn counter_beside(&self) -> bool {
        let mut steps = self.beside.iter().zip(self.beside.iter().skip(1));
        self.beside.len() >= 2
            && steps.all(|(before, after)| (1..=16).contains(&after.saturating_sub(*before)))
    }
}

/// What of a value is kept.
const LONGEST: usize = 4096;
