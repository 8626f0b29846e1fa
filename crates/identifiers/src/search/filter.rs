//! A filter that finds where a needle may stand, at some gigabytes a second, and which ones.
//!
//! A needle of eleven bytes or more holds, wherever it stands, a gram of six bytes at a place divisible by
//! six; a shorter one, a gram of four bytes at a place divisible by three. The grams that can be there are
//! hashed into two tables small enough for the processor's caches, and the text is looked at in these places
//! only. Where a table says yes, another tells the needles with that gram. Four bytes would do for the long
//! needles too, but four hex digits of one of thousands of digests stand in every seventh place of a text
//! in hex.
//!
//! Letters' case is folded away by setting bit 5 of each byte, which joins other bytes as well: what the
//! filter lets through is compared byte by byte afterwards.

use std::collections::HashMap;

/// Bytes of a gram of a long needle, and the distance between the places it is looked for.
const LONG: usize = 6;
/// Bytes of a gram of a short one.
const SHORT: usize = 4;
/// Distance between the places it is looked for.
const STEP: usize = LONG / 2;
/// Bytes that a needle must have.
pub(super) const SHORTEST: usize = STEP + SHORT - 1;

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
    sieve: Sieve,
    table: Table,
}

/// The two tables of a filter, in a size that suits the number of grams. The sizes are part of the type so
/// that the loop over the text has no bounds to check.
#[derive(Debug)]
enum Sieve {
    /// 256 KiB and 16 KiB, within any second-level cache: for a profile without an address book. Fewer than one
    /// place in fifty says yes by chance.
    Tiny(Box<Map<{ 1 << 15 }>>, Box<Flags<{ 1 << 14 }>>),
    /// 512 KiB and 256 KiB: as rare a yes, for an address book of hundreds.
    Small(Box<Map<{ 1 << 16 }>>, Box<Flags<{ 1 << 18 }>>),
    /// 2 MiB and 1 MiB: for address books of thousands.
    Large(Box<Map<{ 1 << 18 }>>, Box<Flags<{ 1 << 20 }>>),
}

/// A bit for each hash: small for its number of hashes.
#[derive(Debug)]
struct Map<const WORDS: usize>([u64; WORDS]);

/// A byte for each hash: quicker to read than a bit.
#[derive(Debug)]
struct Flags<const LEN: usize>([u8; LEN]);

/// Numbers by their keys.
#[derive(Debug)]
pub(super) struct Table {
    /// For each bucket, its first entry; one more at the end.
    buckets: Vec<u32>,
    entries: Vec<Entry>,
    /// Bits of a hash that name a bucket.
    bits: u32,
}

/// One gram of one needle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry {
    /// The key.
    pub(super) gram: u64,
    /// The needle's number.
    pub(super) needle: u32,
    /// Where in the needle the gram begins.
    pub(super) offset: u32,
}

impl Filter {
    /// A filter for needles, by their numbers from 0. Shorter ones than [`SHORTEST`] are never found.
    pub(super) fn new<'a>(needles: impl Iterator<Item = &'a [u8]>) -> Self {
        let (mut long, mut short) = (Grams::new(LONG), Grams::new(STEP));
        for (needle, bytes) in (0..).zip(needles) {
            match bytes.len() >= LONG + LONG - 1 {
                true => long.add(needle, bytes.array_windows().map(long_gram)),
                false => short.add(needle, bytes.array_windows().map(short_gram)),
            }
        }
        Self {
            sieve: Sieve::of(&long.entries, &short.entries),
            table: Table::of([long.entries, short.entries].concat()),
        }
    }

    /// Calls `found` for each place where a needle may stand, in order of the places looked at. Linear in
    /// the text; a place costs as much as there are needles with the same gram.
    pub(super) fn search(&self, text: &[u8], mut found: impl FnMut(Candidate)) {
        let mut hit = |place: usize, gram: u64| {
            for entry in self.table.get(gram) {
                if let Some(start) = place.checked_sub(entry.offset as usize) {
                    found(Candidate { needle: entry.needle, start });
                }
            }
        };
        match &self.sieve {
            Sieve::Tiny(long, short) => scan(long, short, text, &mut hit),
            Sieve::Small(long, short) => scan(long, short, text, &mut hit),
            Sieve::Large(long, short) => scan(long, short, text, &mut hit),
        }
    }
}

/// The loop that everything rests on. Calls `hit` with a place and the gram that stands there.
#[inline(never)]
fn scan<const WORDS: usize, const LEN: usize>(
    long: &Map<WORDS>,
    short: &Flags<LEN>,
    text: &[u8],
    hit: &mut impl FnMut(usize, u64),
) {
    let mut look = |place: usize, bytes: [u8; 8]| {
        let word = fold(u64::from_le_bytes(bytes));
        let (six, first, second) = (word & LONG_MASK, word as u32, (word >> (8 * STEP)) as u32);
        if long.has(six) || short.has(first) | short.has(second) != 0 {
            hits(long, short, place, word, hit);
        }
    };
    let (steps, _) = text.as_chunks::<LONG>();
    let mut place = 0;
    for [[a, b, c, d, e, f], [g, h, ..]] in steps.array_windows() {
        look(place, [*a, *b, *c, *d, *e, *f, *g, *h]);
        place += LONG;
    }
    // The last places have fewer than twelve bytes: zeros stand in for what is not there.
    while let Some(rest) = text.get(place..).filter(|rest| rest.len() >= SHORT) {
        let mut bytes = [0; 8];
        bytes.iter_mut().zip(rest).for_each(|(byte, there)| *byte = *there);
        look(place, bytes);
        place += LONG;
    }
}

/// Which of the grams at a place it was.
#[cold]
#[inline(never)]
fn hits<const WORDS: usize, const LEN: usize>(
    long: &Map<WORDS>,
    short: &Flags<LEN>,
    place: usize,
    word: u64,
    hit: &mut impl FnMut(usize, u64),
) {
    if long.has(word & LONG_MASK) {
        hit(place, word & LONG_MASK);
    }
    for (place, gram) in [(place, word as u32), (place + STEP, (word >> (8 * STEP)) as u32)] {
        if short.has(gram) != 0 {
            hit(place, u64::from(gram));
        }
    }
}

impl Table {
    /// A table of these entries.
    pub(super) fn of(mut entries: Vec<Entry>) -> Self {
        let bits = (usize::BITS - entries.len().leading_zeros()).clamp(8, 22);
        let bucket = |entry: &Entry| hash(entry.gram) >> (64 - bits);
        entries.sort_unstable_by_key(|entry| (bucket(entry), *entry));
        let mut buckets = vec![0; (1 << bits) + 1];
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
        Self { buckets, entries, bits }
    }

    /// The entries with such a key.
    pub(super) fn get(&self, gram: u64) -> impl Iterator<Item = &Entry> {
        let bucket = (hash(gram) >> (64 - self.bits)) as usize;
        let range = match self.buckets.get(bucket..bucket + 2) {
            Some(&[first, last]) => first as usize..last as usize,
            _ => 0..0,
        };
        let entries = self.entries.get(range).unwrap_or_default();
        entries.iter().filter(move |entry| entry.gram == gram)
    }
}

impl Sieve {
    fn of(long: &[Entry], short: &[Entry]) -> Self {
        match (long.len(), short.len()) {
            (..50_000, ..400) => Self::Tiny(Map::of(long), Flags::of(short)),
            (..150_000, ..6_000) => Self::Small(Map::of(long), Flags::of(short)),
            _ => Self::Large(Map::of(long), Flags::of(short)),
        }
    }
}

impl<const WORDS: usize> Map<WORDS> {
    /// Bits of a hash that name a bit.
    const BITS: u32 = (WORDS * 64).ilog2();

    fn of(entries: &[Entry]) -> Box<Self> {
        let mut map = Box::new(Self([0; WORDS]));
        for entry in entries {
            let bit = hash(entry.gram) >> (64 - Self::BITS);
            if let Some(word) = map.0.get_mut((bit / 64) as usize) {
                *word |= 1 << (bit % 64);
            }
        }
        map
    }

    #[inline(always)]
    #[expect(
        clippy::indexing_slicing,
        reason = "the shifted hash is below the array's length, as the compiler sees"
    )]
    fn has(&self, gram: u64) -> bool {
        let bit = hash(gram) >> (64 - Self::BITS);
        self.0[(bit / 64) as usize] >> (bit % 64) & 1 == 1
    }
}

impl<const LEN: usize> Flags<LEN> {
    /// Bits of a hash that name a byte.
    const BITS: u32 = LEN.ilog2();

    fn of(entries: &[Entry]) -> Box<Self> {
        let mut flags = Box::new(Self([0; LEN]));
        for entry in entries {
            if let Some(flag) = flags.0.get_mut(Self::place(entry.gram as u32)) {
                *flag = 1;
            }
        }
        flags
    }

    #[inline(always)]
    fn place(gram: u32) -> usize {
        (gram.wrapping_mul(0x9E37_79B1) >> (32 - Self::BITS)) as usize
    }

    #[inline(always)]
    #[expect(
        clippy::indexing_slicing,
        reason = "the shifted hash is below the array's length, as the compiler sees"
    )]
    fn has(&self, gram: u32) -> u8 {
        self.0[Self::place(gram)]
    }
}

/// Chooses for each needle the grams that it is found by: those that are rare in text, and that few other
/// needles are found by.
struct Grams {
    /// How many in a row, so that one of them is looked at.
    step: usize,
    entries: Vec<Entry>,
    used: HashMap<u64, u32>,
}

impl Grams {
    fn new(step: usize) -> Self {
        Self { step, entries: Vec::new(), used: HashMap::new() }
    }

    fn add(&mut self, needle: u32, grams: impl Iterator<Item = u64>) {
        let grams: Vec<u64> = grams.collect();
        let costs: Vec<u32> = grams.iter().map(|gram| self.cost(*gram)).collect();
        let windows = (0..).zip(costs.windows(self.step).zip(grams.windows(self.step)));
        let Some((first, (_, window))) = windows.min_by_key(|(_, (costs, _))| costs.iter().sum::<u32>())
        else {
            return;
        };
        for (offset, &gram) in (first..).zip(window) {
            self.entries.push(Entry { gram, needle, offset });
            *self.used.entry(gram).or_default() += 1;
        }
    }

    fn cost(&self, gram: u64) -> u32 {
        let common: u32 = gram.to_le_bytes().into_iter().map(commonness).sum();
        common + 4 * self.used.get(&gram).copied().unwrap_or_default()
    }
}

/// How often a folded byte stands in the traffic of phones, roughly: text, JSON, addresses, zeros.
fn commonness(byte: u8) -> u32 {
    match byte {
        0 => 0,
        b' ' => 6,
        b'0' | b'1' | b'2' | b'"' | b',' | b'.' | b'/' | b':' | b'=' | b'&' => 4,
        b'3'..=b'9' | b'a' | b'c' | b'e' | b'i' | b'n' | b'o' | b'r' | b's' | b't' => 3,
        b'b'..=b'z' | b'-' => 2,
        0xFF => 4,
        _ => 1,
    }
}

fn long_gram(bytes: &[u8; LONG]) -> u64 {
    let [a, b, c, d, e, f] = *bytes;
    fold(u64::from_le_bytes([a, b, c, d, e, f, 0, 0])) & LONG_MASK
}

fn short_gram(bytes: &[u8; SHORT]) -> u64 {
    fold(u64::from(u32::from_le_bytes(*bytes))) & SHORT_MASK
}

/// Sets bit 5 of each byte that is there.
#[inline(always)]
fn fold(gram: u64) -> u64 {
    gram | 0x2020_2020_2020_2020
}

/// Multiplicative hashing: the upper bits are the good ones.
#[inline(always)]
fn hash(gram: u64) -> u64 {
    gram.wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

const LONG_MASK: u64 = 0x0000_FFFF_FFFF_FFFF;
const SHORT_MASK: u64 = 0x0000_0000_FFFF_FFFF;

#[cfg(test)]
mod tests {
    use super::*;

    fn found(needles: &[&[u8]], text: &[u8]) -> Vec<(u32, usize)> {
        let mut all = Vec::new();
        Filter::new(needles.iter().copied())
            .search(text, |candidate| all.push((candidate.needle, candidate.start)));
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
        let mut counts = HashMap::new();
        filter.table.entries.iter().for_each(|entry| *counts.entry(entry.gram).or_insert(0) += 1);
        assert!(counts.values().all(|&count| count < 64), "{:?}", counts.values().max());
    }

    #[test]
    fn nothing_is_found_in_nothing() {
        assert_eq!(found(&[], b"text enough"), []);
        assert_eq!(found(&[b"abcdef"], b""), []);
        assert_eq!(found(&[b"abc"], b"abcabcabc"), []);
    }
}
