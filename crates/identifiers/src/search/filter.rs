//! A filter that finds where a needle may stand, at some gigabytes a second, and which ones.
//!
//! Every needle of six bytes or more holds, wherever it stands, a gram of four bytes at a place divisible by
//! three. The grams that can be there are hashed into a bitmap small enough for the processor's cache; the
//! text is looked at in every third place. Where a bit is set, a table tells the needles with that gram.
//! Letters' case is folded away by setting bit 5 of each byte, which joins other bytes as well: what the
//! filter lets through is compared byte by byte afterwards.

/// Distance between the places looked at.
const STEP: usize = 3;
/// Bytes of a gram.
const GRAM: usize = 4;
/// Bytes that a needle must have.
pub(super) const SHORTEST: usize = STEP + GRAM - 1;

/// Where a needle may begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    /// The needle's number.
    pub(super) needle: u32,
    /// Its first byte.
    pub(super) start: usize,
}

/// The filter for a set of needles.
#[derive(Debug)]
pub(super) struct Filter {
    bits: Bits,
    /// For each bucket, its first entry; one more at the end.
    buckets: Vec<u32>,
    entries: Vec<Entry>,
    /// Bits of a hash that name a bucket.
    bucket_bits: u32,
}

/// One gram of one needle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    gram: u32,
    needle: u32,
    /// Where in the needle the gram begins.
    offset: u32,
}

/// The bitmap, in a size that suits the number of grams. The size is part of the type so that the loop over
/// the text has no bounds to check.
#[derive(Debug)]
enum Bits {
    /// 32 KiB: the first-level cache.
    Small(Box<Map<4096>>),
    /// 256 KiB: the second-level cache.
    Medium(Box<Map<32768>>),
    /// 2 MiB: for address books of thousands.
    Large(Box<Map<262_144>>),
}

#[derive(Debug)]
struct Map<const WORDS: usize>([u64; WORDS]);

impl Filter {
    /// A filter for needles, by their numbers from 0. Shorter ones than [`SHORTEST`] are never found.
    pub(super) fn new<'a>(needles: impl Iterator<Item = &'a [u8]>) -> Self {
        let mut grams = Grams::default();
        for (needle, bytes) in needles.enumerate() {
            grams.add(u32::try_from(needle).unwrap_or(u32::MAX), bytes);
        }
        Self::of(grams.entries)
    }

    fn of(mut entries: Vec<Entry>) -> Self {
        let bucket_bits = (usize::BITS - entries.len().leading_zeros()).clamp(8, 22);
        let bucket = |entry: &Entry| hash(entry.gram) >> (32 - bucket_bits);
        entries.sort_unstable_by_key(|entry| (bucket(entry), *entry));
        let mut buckets = vec![0; (1 << bucket_bits) + 1];
        for entry in &entries {
            if let Some(count) = buckets.get_mut(bucket(entry) as usize + 1) {
                *count += 1;
            }
        }
        let mut sum = 0;
        for count in &mut buckets {
            sum += *count;
            *count = sum;
        }
        Self { bits: Bits::of(&entries), buckets, entries, bucket_bits }
    }

    /// Calls `found` for each place where a needle may stand, in order of the places looked at. Linear in
    /// the text; a place costs as much as there are needles with the same gram.
    pub(super) fn search(&self, text: &[u8], mut found: impl FnMut(Candidate)) {
        let mut hit = |place: usize, gram: u32| self.candidates(place, gram, &mut found);
        match &self.bits {
            Bits::Small(map) => map.scan(text, &mut hit),
            Bits::Medium(map) => map.scan(text, &mut hit),
            Bits::Large(map) => map.scan(text, &mut hit),
        }
    }

    #[inline(never)]
    fn candidates(&self, place: usize, gram: u32, found: &mut impl FnMut(Candidate)) {
        let bucket = (hash(gram) >> (32 - self.bucket_bits)) as usize;
        let Some(&[first, last]) = self.buckets.get(bucket..bucket + 2) else { return };
        let entries = self.entries.get(first as usize..last as usize).unwrap_or_default();
        for entry in entries.iter().filter(|entry| entry.gram == gram) {
            if let Some(start) = place.checked_sub(entry.offset as usize) {
                found(Candidate { needle: entry.needle, start });
            }
        }
    }
}

impl Bits {
    fn of(entries: &[Entry]) -> Self {
        match entries.len() {
            0..4_000 => Self::Small(Map::of(entries)),
            4_000..100_000 => Self::Medium(Map::of(entries)),
            _ => Self::Large(Map::of(entries)),
        }
    }
}

impl<const WORDS: usize> Map<WORDS> {
    /// Bits of a hash that name a bit.
    const BITS: u32 = (WORDS * 64).ilog2();

    fn of(entries: &[Entry]) -> Box<Self> {
        let words = vec![0; WORDS].into_boxed_slice();
        let mut map = Box::<[u64; WORDS]>::try_from(words).map_or_else(|_| Box::new(Self([0; WORDS])), |words| Box::new(Self(*words)));
        for entry in entries {
            let bit = hash(entry.gram) >> (32 - Self::BITS);
            if let Some(word) = map.0.get_mut((bit / 64) as usize) {
                *word |= 1 << (bit % 64);
            }
        }
        map
    }

    #[inline(always)]
    #[expect(clippy::indexing_slicing, reason = "the shifted hash is below the array's length, as the compiler sees")]
    fn has(&self, gram: u32) -> bool {
        let bit = hash(gram) >> (32 - Self::BITS);
        self.0[(bit / 64) as usize] >> (bit % 64) & 1 == 1
    }

    /// The loop that everything rests on.
    #[inline(never)]
    fn scan(&self, text: &[u8], hit: &mut impl FnMut(usize, u32)) {
        let (steps, _) = text.as_chunks::<STEP>();
        let mut place = 0;
        for [[a, b, c], [d, _, _]] in steps.array_windows::<2>() {
            let gram = fold([*a, *b, *c, *d]);
            if self.has(gram) {
                hit(place, gram);
            }
            place += STEP;
        }
        // The last place has fewer than three bytes after its own step.
        if let Some(&gram) = text.get(place..).and_then(<[u8]>::first_chunk::<GRAM>) {
            let gram = fold(gram);
            if self.has(gram) {
                hit(place, gram);
            }
        }
    }
}

/// Chooses for each needle the grams that it is found by: those that are rare in text, and that few other
/// needles are found by.
#[derive(Default)]
struct Grams {
    entries: Vec<Entry>,
    used: std::collections::HashMap<u32, u32>,
}

impl Grams {
    fn add(&mut self, needle: u32, bytes: &[u8]) {
        let grams: Vec<u32> = bytes.array_windows::<GRAM>().map(|gram| fold(*gram)).collect();
        let windows = grams.windows(STEP).enumerate();
        let cost = |window: &[u32]| window.iter().map(|gram| self.cost(*gram)).sum::<u32>();
        let Some((offset, window)) = windows.min_by_key(|(_, window)| cost(window)) else { return };
        for (place, &gram) in window.iter().enumerate() {
            let offset = u32::try_from(offset + place).unwrap_or(u32::MAX);
            self.entries.push(Entry { gram, needle, offset });
            *self.used.entry(gram).or_default() += 1;
        }
    }

    fn cost(&self, gram: u32) -> u32 {
        let common: u32 = gram.to_le_bytes().into_iter().map(commonness).sum();
        common + 4 * self.used.get(&gram).copied().unwrap_or_default()
    }
}

/// How often a folded byte stands in the traffic of phones, roughly: text, JSON, addresses, zeros.
fn commonness(byte: u8) -> u32 {
    match byte {
        b' ' => 6,
        b'0' | b'1' | b'2' | b'"' | b',' | b'.' | b'/' | b':' | b'=' | b'&' => 4,
        b'3'..=b'9' | b'a' | b'c' | b'e' | b'i' | b'n' | b'o' | b'r' | b's' | b't' => 3,
        b'b'..=b'z' | b'-' => 2,
        0xFF => 4,
        _ => 1,
    }
}

#[inline(always)]
fn fold(gram: [u8; GRAM]) -> u32 {
    u32::from_le_bytes(gram) | 0x2020_2020
}

/// Multiplicative hashing: the upper bits are the good ones.
#[inline(always)]
fn hash(gram: u32) -> u32 {
    gram.wrapping_mul(0x9E37_79B1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(needles: &[&[u8]], text: &[u8]) -> Vec<(u32, usize)> {
        let mut all = Vec::new();
        Filter::new(needles.iter().copied()).search(text, |candidate| all.push((candidate.needle, candidate.start)));
        all
    }

    #[test]
    fn a_needle_is_a_candidate_once_wherever_it_stands() {
        let needles: &[&[u8]] = &[b"abcdef", b"0123456789"];
        for before in 0..20 {
            for after in 0..5 {
                for (number, needle) in needles.iter().enumerate() {
                    let text = [&vec![b'-'; before], *needle, &vec![b'+'; after]].concat();
                    assert_eq!(found(needles, &text), [(number as u32, before)], "{before} {after}");
                }
            }
        }
    }

    #[test]
    fn letters_case_is_no_matter() {
        assert_eq!(found(&[b"AbCdEf"], b"xxaBcDeF"), [(0, 2)]);
    }

    #[test]
    fn needles_with_a_common_beginning_are_told_apart_by_their_ends() {
        let needles: Vec<String> = (0..2_000).map(|number| format!("+49151{:08}", number * 7919)).collect();
        let filter = Filter::new(needles.iter().map(|needle| needle.as_bytes()));
        let mut counts = std::collections::HashMap::new();
        filter.entries.iter().for_each(|entry| *counts.entry(entry.gram).or_insert(0) += 1);
        assert!(counts.values().all(|&count| count < 64), "{:?}", counts.values().max());
    }

    #[test]
    fn nothing_is_found_in_nothing() {
        assert_eq!(found(&[], b"text enough"), []);
        assert_eq!(found(&[b"abcdef"], b""), []);
        assert_eq!(found(&[b"abc"], b"abcabcabc"), []);
    }
}
