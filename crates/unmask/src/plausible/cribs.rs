//! The profile's values and their digests, looked for in plaintexts that may be right.

use std::collections::BTreeMap;

use evidence::IdentifierKind;
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256};

use crate::{
    Carrier, Crib, Ground,
    carrier::{STANDARD, standard, to_base64, to_hex},
};

/// The profile's values, made ready once for all values that are opened.
#[derive(Clone, Debug, Default)]
pub struct Cribs {
    cribs: Vec<Crib>,
    entries: Vec<Entry>,
    /// Entries by their first four bytes.
    firsts: Vec<([u8; 4], usize)>,
    /// A bit for each hash of those, for passing over the rest.
    bits: Bits,
    /// How many entries there are of each length.
    lengths: BTreeMap<usize, usize>,
    differences: Differences,
    /// The spellings as keys, and whose they are.
    keys: Vec<(Carrier, Vec<u8>, usize)>,
    /// The spellings in base64.
    sextets: Vec<Coded>,
    /// Those that are numbers, as digits.
    digits: Vec<Coded>,
    /// Spellings that were left out.
    left_out: u64,
}

#[derive(Clone, Debug)]
struct Entry {
    bytes: Vec<u8>,
    crib: usize,
    /// `md5`, `sha1`, `sha256`; empty for the value itself.
    digest: &'static str,
}

/// A crib that stands in a plaintext.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Met {
    pub(crate) kind: IdentifierKind,
    pub(crate) label: String,
    pub(crate) at: usize,
    pub(crate) len: usize,
}

impl Met {
    /// Bits against chance, where so many bits of each byte are free; places and spellings counted. A value that
    /// mostly repeats a byte tells less.
    pub(crate) fn bits(&self, rate: f64, places: usize, spellings: usize) -> f64 {
        let size = |number: usize| u32::try_from(number).map_or(32.0, f64::from);
        size(self.len) * rate - size(places.max(1)).log2() - size(spellings.max(1)).log2()
    }

    /// At how many places of a plaintext it could stand: what is nothing else has one.
    pub(crate) fn places(&self, plain: usize) -> usize {
        plain.saturating_sub(self.len).saturating_add(1)
    }

    pub(crate) fn ground(self) -> Ground {
        Ground::Crib { kind: self.kind, label: self.label }
    }
}

impl Cribs {
    /// Makes values and their digests ready; at most [`Cribs::MOST`] spellings, the rest is left out.
    pub fn new(cribs: Vec<Crib>) -> Self {
        let mut ready = Self { cribs, ..Self::default() };
        let spellings: Vec<(usize, Vec<u8>)> = ready
            .cribs
            .iter()
            .enumerate()
            .flat_map(|(index, crib)| crib.spellings.iter().map(move |spelling| (index, spelling.clone())))
            .filter(|(_, spelling)| telling(spelling))
            .collect();
        ready.left_out = spellings.len().saturating_sub(Self::MOST) as u64;
        let spellings = spellings.into_iter().take(Self::MOST);
        for (crib, spelling) in spellings {
            for (digest, bytes) in digests(&spelling) {
                let hex = to_hex(&bytes);
                ready.add(Entry { bytes: hex.to_ascii_uppercase().into_bytes(), crib, digest });
                ready.add(Entry { bytes: hex.into_bytes(), crib, digest });
                ready.add(Entry { bytes, crib, digest });
            }
            ready.add(Entry { bytes: spelling, crib, digest: "" });
        }
        ready.prepare();
        ready
    }

    /// Spellings that were left out.
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    /// Makes ready what searches need of all values.
    fn prepare(&mut self) {
        let firsts =
            self.entries.iter().zip(0..).filter_map(|(entry, at)| Some((*entry.bytes.first_chunk()?, at)));
        self.firsts = firsts.collect();
        self.firsts.sort_unstable();
        self.bits = Bits::new(self.firsts.len());
        self.firsts.iter().for_each(|(head, _)| self.bits.set(0, *head));
        self.differences = Differences::of(&self.entries);
        for entry in self.entries.iter().filter(|entry| entry.digest.is_empty()) {
            let readings = Carrier::readings(&entry.bytes).into_iter();
            self.keys.extend(readings.map(|(carrier, bytes)| (carrier, bytes, entry.crib)));
            self.sextets.extend((0..3).filter_map(|before| Coded::sextets(entry, before)));
            self.digits.extend(Coded::digits(entry));
        }
    }

    /// The spellings and what they read as, to be tried as keys.
    pub(crate) fn keys(&self) -> impl Iterator<Item = (Carrier, &[u8], &Crib)> {
        let keys = self.keys.iter();
        keys.filter_map(|(carrier, bytes, crib)| Some((*carrier, bytes.as_slice(), self.cribs.get(*crib)?)))
    }

    /// The spellings in base64, at the three alignments.
    pub(crate) fn sextets(&self) -> &[Coded] {
        &self.sextets
    }

    /// The spellings that are numbers.
    pub(crate) fn digits(&self) -> &[Coded] {
        &self.digits
    }

    /// One of the values.
    pub(crate) fn ground(&self, crib: usize) -> Option<Ground> {
        self.cribs.get(crib).map(|crib| Ground::Crib { kind: crib.kind, label: crib.label.clone() })
    }

    /// The bytes that a text may be xored with, or that may have been added to each of its bytes, for a spelling or
    /// a digest to stand in it; a few more may be among them.
    pub(crate) fn one_byte_keys(&self, text: &[u8], added: bool) -> [bool; 256] {
        let mut keys = [false; 256];
        for (entry, at) in self.differences.places(text, if added { ADDED } else { 1 }) {
            let (Some(entry), Some(&byte)) = (self.entries.get(entry), text.get(at)) else { continue };
            let first = entry.bytes.first().copied().unwrap_or_default();
            let key = if added { byte.wrapping_sub(first) } else { byte ^ first };
            if let Some(slot) = keys.get_mut(usize::from(key)) {
                *slot = true;
            }
        }
        keys
    }

    /// Spellings that may stand in a text under a key of a period, each with its place: by spelling, place and period.
    /// Of a text that is made of nothing else there are at most [`Cribs::MOST_PLACES`], those of short periods.
    pub(crate) fn under_periods(&self, text: &[u8]) -> Vec<(usize, usize, usize)> {
        let mut found = Vec::new();
        for period in 2..=MOST_PERIOD {
            let left = Self::MOST_PLACES.saturating_sub(found.len());
            let places = self.differences.places(text, period).take(left);
            found.extend(places.map(|(entry, at)| (entry, at, usize::from(period))));
        }
        found.sort_unstable();
        found
    }

    /// A spelling by the number that [`Cribs::under_periods`] gives it.
    pub(crate) fn spelling(&self, entry: usize) -> Option<(&[u8], &Crib)> {
        let entry = self.entries.get(entry)?;
        Some((&entry.bytes, self.cribs.get(entry.crib)?))
    }

    /// Spellings that are made ready.
    pub const MOST: usize = 4096;
    /// Places of spellings that are found in one text.
    pub(crate) const MOST_PLACES: usize = 1 << 14;

    /// The values.
    pub fn values(&self) -> &[Crib] {
        &self.cribs
    }

    /// Spellings and digests that are looked for.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// How many spellings a text of a length is compared with, and as many again for the other lengths: over all
    /// entries the shares `1 / rivals` add up to 1.
    pub(crate) fn rivals(&self, len: usize) -> usize {
        self.lengths.len().saturating_mul(self.lengths.get(&len).copied().unwrap_or(0))
    }

    /// The spellings themselves, without the digests.
    pub(crate) fn spellings(&self) -> impl Iterator<Item = (&[u8], &Crib)> {
        let own = self.entries.iter().filter(|entry| entry.digest.is_empty());
        own.filter_map(|entry| Some((entry.bytes.as_slice(), self.cribs.get(entry.crib)?)))
    }

    /// The longest that stands in the text.
    pub(crate) fn find(&self, text: &[u8]) -> Option<Met> {
        if self.entries.is_empty() {
            return None;
        }
        let mut best: Option<(usize, &Entry)> = None;
        for at in 0..text.len() {
            let rest = text.get(at..).unwrap_or_default();
            let Some(&head) = rest.first_chunk() else { break };
            if !self.bits.has(0, head) {
                continue;
            }
            let start = self.firsts.partition_point(|(first, _)| *first < head);
            let rows = self.firsts.get(start..).unwrap_or_default().iter();
            for (_, index) in rows.take_while(|(first, _)| *first == head) {
                let Some(entry) = self.entries.get(*index) else { continue };
                let longer = best.is_none_or(|(_, best)| entry.bytes.len() > best.bytes.len());
                if longer && rest.starts_with(&entry.bytes) {
                    best = Some((at, entry));
                }
            }
        }
        let (at, entry) = best?;
        let crib = self.cribs.get(entry.crib)?;
        let label = match entry.digest {
            "" => crib.label.clone(),
            digest => format!("{digest}({})", crib.label),
        };
        Some(Met { kind: crib.kind, label, at, len: entry.bytes.len() })
    }

    fn add(&mut self, entry: Entry) {
        *self.lengths.entry(entry.bytes.len()).or_default() += 1;
        self.entries.push(entry);
    }
}

/// A set of four bytes and a number, of which nothing is forgotten and a few that were never put in are found.
#[derive(Clone, Debug, Default)]
struct Bits(Vec<u64>);

impl Bits {
    /// Room for so many.
    fn new(count: usize) -> Self {
        Self(vec![0; count.next_power_of_two().clamp(1 << 8, 1 << 14)])
    }

    fn set(&mut self, number: u8, head: [u8; 4]) {
        let (word, bit) = self.place(number, head);
        self.0.get_mut(word).into_iter().for_each(|word| *word |= bit);
    }

    fn has(&self, number: u8, head: [u8; 4]) -> bool {
        let (word, bit) = self.place(number, head);
        self.0.get(word).is_some_and(|word| word & bit != 0)
    }

    fn place(&self, number: u8, head: [u8; 4]) -> (usize, u64) {
        let key = u64::from(u32::from_le_bytes(head)) << 8 | u64::from(number);
        let hash = key.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40;
        let word = usize::try_from(hash >> 6).unwrap_or_default() & self.0.len().saturating_sub(1);
        (word, 1 << (hash & 63))
    }
}

/// How texts change from byte to byte, or from a byte to one some places on: that stays under a key of that period.
#[derive(Clone, Debug, Default)]
struct Differences {
    /// Period, the first four differences, entry.
    rows: Vec<(u8, [u8; 4], usize)>,
    /// The periods and differences.
    bits: Bits,
}

impl Differences {
    fn of(entries: &[Entry]) -> Self {
        let mut rows = Vec::new();
        for (entry, place) in entries.iter().zip(0..) {
            let long = entry.digest.is_empty() && entry.bytes.len() >= LEAST_CRIB;
            let most = u8::try_from(entry.bytes.len().saturating_sub(4)).unwrap_or(MOST_PERIOD);
            let most = if long { most.min(MOST_PERIOD) } else { 1 };
            let periods =
                (0..=most).filter_map(|period| Some((period, differences(&entry.bytes, 0, period)?)));
            rows.extend(periods.map(|(period, head)| (period, head, place)));
        }
        rows.sort_unstable();
        let mut bits = Bits::new(rows.len() / 4);
        rows.iter().for_each(|(period, head, _)| bits.set(*period, *head));
        Self { rows, bits }
    }

    /// Entries whose differences of a period stand in a text, with their places.
    fn places<'a>(&'a self, text: &'a [u8], period: u8) -> impl Iterator<Item = (usize, usize)> + 'a {
        let heads = (0..text.len()).map_while(move |at| Some((at, differences(text, at, period)?)));
        let likely = heads.filter(move |(_, head)| self.bits.has(period, *head));
        likely.flat_map(move |(at, head)| {
            let start = self.rows.partition_point(|row| (row.0, row.1) < (period, head));
            let rows = self.rows.get(start..).unwrap_or_default().iter();
            rows.take_while(move |row| (row.0, row.1) == (period, head)).map(move |row| (row.2, at))
        })
    }
}

/// How four bytes from a place on differ from those a period on.
fn differences(text: &[u8], at: usize, period: u8) -> Option<[u8; 4]> {
    let first = text.get(at..)?.first_chunk::<4>()?;
    let further = at.checked_add(usize::from(period.max(1)))?;
    let second = text.get(further..)?.first_chunk::<4>()?;
    let mut differences = [0; 4];
    for (difference, (first, second)) in differences.iter_mut().zip(first.iter().zip(second)) {
        *difference = if period == ADDED { second.wrapping_sub(*first) } else { first ^ second };
    }
    Some(differences)
}

/// A value as the codes that stand for it where its characters are others.
#[derive(Clone, Debug)]
pub(crate) struct Coded {
    pub(crate) codes: Vec<u8>,
    /// Where in a group the first code stands.
    pub(crate) first: usize,
    pub(crate) crib: usize,
    /// The first two places with the same code.
    pub(crate) repeat: Option<(usize, usize)>,
}

impl Coded {
    fn new(codes: Vec<u8>, first: usize, crib: usize) -> Self {
        let before = |place: usize| codes.iter().take(place).position(|code| codes.get(place) == Some(code));
        let repeat = (1..codes.len()).find_map(|place| Some((before(place)?, place)));
        Self { codes, first, crib, repeat }
    }

    /// The sextets of a spelling that no neighbour shares, behind so many bytes.
    fn sextets(entry: &Entry, before: usize) -> Option<Self> {
        if entry.bytes.len() < 12 {
            return None;
        }
        let text = to_base64(&[&vec![0; before], entry.bytes.as_slice()].concat(), STANDARD);
        let first = (before * 8).div_ceil(6);
        let end = (before + entry.bytes.len()) * 8 / 6;
        let codes = text.get(first..end)?.iter().filter_map(|&byte| *standard().get(usize::from(byte))?);
        Some(Self::new(codes.collect(), first, entry.crib))
    }

    fn digits(entry: &Entry) -> Option<Self> {
        let number = entry.bytes.len() >= 10 && entry.bytes.iter().all(u8::is_ascii_digit);
        number.then(|| Self::new(entry.bytes.iter().map(|digit| digit - b'0').collect(), 0, entry.crib))
    }
}

/// Whether a spelling is long enough, and no mere repetition.
fn telling(spelling: &[u8]) -> bool {
    let changes = spelling.windows(2).filter(|pair| pair.first() != pair.last()).count();
    spelling.len() >= SHORTEST && changes + 1 >= SHORTEST - 2
}

fn digests(spelling: &[u8]) -> [(&'static str, Vec<u8>); 3] {
    [
        ("md5", Md5::digest(spelling).to_vec()),
        ("sha1", Sha1::digest(spelling).to_vec()),
        ("sha256", Sha256::digest(spelling).to_vec()),
    ]
}

/// Shorter spellings stand everywhere by chance.
const SHORTEST: usize = 6;
/// The shortest spelling that gives a repeating key away.
const LEAST_CRIB: usize = 8;
/// Periods of a key that are found.
pub(crate) const MOST_PERIOD: u8 = 32;
/// The period that stands for differences of a sum.
const ADDED: u8 = 0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_digests_are_met() {
        let spellings = vec![b"004401512345678".to_vec(), b"0044".to_vec()];
        let cribs = Cribs::new(vec![Crib { kind: IdentifierKind::Imei, label: "imei 1".into(), spellings }]);
        let met = cribs.find(b"x=004401512345678;").unwrap();
        assert_eq!((met.at, met.len, met.label.as_str()), (2, 15, "imei 1"));
        let digest = to_hex(&Md5::digest(b"004401512345678"));
        assert_eq!(cribs.find(digest.as_bytes()).unwrap().label, "md5(imei 1)");
        assert_eq!(cribs.find(b"0044"), None);
        assert_eq!(Cribs::default().find(b"anything"), None);
    }
}
