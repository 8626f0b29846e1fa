//! The profile's values and their digests, looked for in plaintexts that may be right.

use std::collections::BTreeMap;

use evidence::IdentifierKind;
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256};

use crate::{Crib, Ground, carrier::to_hex};

/// The profile's values, made ready once for all values that are opened.
#[derive(Clone, Debug, Default)]
pub struct Cribs {
    cribs: Vec<Crib>,
    entries: Vec<Entry>,
    /// Entries by their first two bytes.
    firsts: BTreeMap<[u8; 2], Vec<usize>>,
    /// Which first bytes there are, for passing over the rest.
    bitmap: Vec<u64>,
    /// How many entries there are of each length.
    lengths: BTreeMap<usize, usize>,
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

    pub(crate) fn ground(self) -> Ground {
        Ground::Crib { kind: self.kind, label: self.label }
    }
}

impl Cribs {
    /// Makes values and their digests ready; at most [`Cribs::MOST`] spellings, the rest is left out.
    pub fn new(cribs: Vec<Crib>) -> Self {
        let mut ready = Self { cribs, bitmap: vec![0; 1 << 10], ..Self::default() };
        let spellings: Vec<(usize, Vec<u8>)> = ready
            .cribs
            .iter()
            .enumerate()
            .flat_map(|(index, crib)| crib.spellings.iter().map(move |spelling| (index, spelling.clone())))
            .filter(|(_, spelling)| telling(spelling))
            .take(Self::MOST)
            .collect();
        for (crib, spelling) in spellings {
            for (digest, bytes) in digests(&spelling) {
                let hex = to_hex(&bytes);
                ready.add(Entry { bytes: hex.to_ascii_uppercase().into_bytes(), crib, digest });
                ready.add(Entry { bytes: hex.into_bytes(), crib, digest });
                ready.add(Entry { bytes, crib, digest });
            }
            ready.add(Entry { bytes: spelling, crib, digest: "" });
        }
        ready
    }

    /// Spellings that are made ready.
    pub const MOST: usize = 4096;

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
        for (at, pair) in text.windows(2).enumerate() {
            let &[first, second] = pair else { continue };
            if !self.begins(first, second) {
                continue;
            }
            let rest = text.get(at..).unwrap_or_default();
            for &index in self.firsts.get(&[first, second]).into_iter().flatten() {
                let Some(entry) = self.entries.get(index) else { continue };
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

    fn begins(&self, first: u8, second: u8) -> bool {
        let word = usize::from(first) << 2 | usize::from(second >> 6);
        self.bitmap.get(word).is_some_and(|word| word >> (second & 63) & 1 == 1)
    }

    fn add(&mut self, entry: Entry) {
        let &[first, second, ..] = entry.bytes.as_slice() else { return };
        let word = usize::from(first) << 2 | usize::from(second >> 6);
        if let Some(word) = self.bitmap.get_mut(word) {
            *word |= 1 << (second & 63);
        }
        self.firsts.entry([first, second]).or_default().push(self.entries.len());
        *self.lengths.entry(entry.bytes.len()).or_default() += 1;
        self.entries.push(entry);
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
