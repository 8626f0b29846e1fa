//! The field-name lexicon: `data/field_names.toml` made into one hash table.
//!
//! A name is folded before it is looked up: lower case, without digits and separators, so that `SIM1-IMSI`,
//! `sim2_imsi` and `simImsi` are one. Where the folded name as a whole is unknown, its last component
//! (`a.b[imei]`), its last words (`kpOldImei`) and, for words that are unmistakable, its ending
//! (`SIMLTEIMSI`) are tried. Nothing is allocated for a look-up; a Bloom filter of 8 KB answers for most
//! unknown names.

use std::collections::BTreeMap;

use evidence::{Carrier, IdentifierKind};
use serde::Deserialize;

use super::checks::Check;

/// The names that give identifiers away, ready for look-up.
#[derive(Debug, Default)]
pub(super) struct Lexicon {
    rows: Vec<Row>,
    /// Row numbers of all names, those of one name side by side.
    lists: Vec<u16>,
    /// All folded names, one after the other.
    letters: Vec<u8>,
    entries: Vec<Entry>,
    /// Open addressing: 0 is free, else the entry's number plus one. A power of two long.
    slots: Vec<u16>,
    bloom: Vec<u64>,
    /// The last four letters of every name that is recognised as an ending, with the entry's number.
    endings: Vec<([u8; 4], u16)>,
    ending_bloom: Vec<u64>,
    /// One bit for each three letters that a telling name ends with.
    tails: Vec<u64>,
}

/// What a name suggests.
#[derive(Debug)]
pub(super) struct Row {
    /// What the field may hold.
    pub(super) kind: IdentifierKind,
    /// What its value must stand up to.
    pub(super) check: Check,
    /// Whether a hash of the value may stand in its place.
    pub(super) hashed: bool,
    reach: Reach,
    carriers: Vec<Carrier>,
    parents: Vec<Vec<u8>>,
}

/// Where in a field's name the row's name may stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Reach {
    /// It is the whole name, or the last component of a dotted or bracketed one.
    #[default]
    Whole,
    /// Or the last words.
    Words,
    /// Or the ending, wherever a word begins.
    Ending,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    start: u32,
    len: u8,
    list: u16,
    rows: u8,
}

/// Why a lexicon could not be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum LexiconError {
    /// No TOML, or a row lacks something or has something unknown.
    #[error(transparent)]
    Syntax(#[from] toml::de::Error),
    /// A name that folds to nothing or to more than fits.
    #[error("name {0:?} has no letters, or more than {MAX_NAME}")]
    Name(String),
    /// More rows, names or rows of one name than the table can count.
    #[error("too many rows or names")]
    Size,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    row: Vec<WrittenRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenRow {
    kind: IdentifierKind,
    check: Check,
    names: Vec<String>,
    #[serde(default)]
    reach: Reach,
    #[serde(default)]
    hashed: bool,
    #[serde(default)]
    carriers: Vec<Carrier>,
    #[serde(default)]
    parents: Vec<String>,
    #[expect(dead_code, reason = "for the reader of the file; its presence is what is checked")]
    reasoning: String,
}

impl Lexicon {
    /// The lexicon that ships with the program.
    pub(super) fn built_in() -> Self {
        // The text is part of the program, and a test below holds it readable.
        Self::parse(include_str!("../../../../data/field_names.toml")).unwrap_or_default()
    }

    /// Reads a lexicon in the format that `data/field_names.toml` describes at its head.
    pub(super) fn parse(text: &str) -> Result<Self, LexiconError> {
        let file: File = toml::from_str(text)?;
        let mut names = BTreeMap::<Vec<u8>, Vec<u16>>::new();
        let mut rows = Vec::with_capacity(file.row.len());
        for written in file.row {
            let index = u16::try_from(rows.len()).map_err(|_| LexiconError::Size)?;
            for name in spellings(&written)? {
                let list = names.entry(name).or_default();
                if !list.contains(&index) {
                    list.push(index);
                }
            }
            rows.push(Row::read(written));
        }
        Self { rows, ..Self::default() }.index(names)
    }

    /// The rows that the name suggests, in the order of the file; none for most names.
    ///
    /// Where the name has no letters (positions in lists, protobuf), the parent's name stands for it.
    pub(super) fn rows<'a>(
        &'a self,
        name: &[u8],
        parent: &'a str,
        carrier: Carrier,
    ) -> impl Iterator<Item = &'a Row> + use<'a> {
        self.row_numbers(name, parent, carrier).filter_map(|number| self.row(number))
    }

    /// A row by its number.
    pub(super) fn row(&self, number: u16) -> Option<&Row> {
        self.rows.get(usize::from(number))
    }

    /// The numbers of [`Self::rows`].
    pub(super) fn row_numbers<'a>(
        &'a self,
        name: &[u8],
        parent: &'a str,
        carrier: Carrier,
    ) -> impl Iterator<Item = u16> + use<'a> {
        let folded = Folded::new(name);
        let nameless = folded.letters().is_empty() && !parent.is_empty();
        let hit =
            if nameless { self.look_up(&Folded::new(parent.as_bytes())) } else { self.look_up(&folded) };
        let (list, reach) = hit.unwrap_or((&[], Reach::Whole));
        let within = (!list.is_empty() && !parent.is_empty()).then(|| Folded::new(parent.as_bytes()));
        list.iter().copied().filter(move |number| {
            self.row(*number).is_some_and(|row| row.reach >= reach && row.fits(within.as_ref(), carrier))
        })
    }

    /// The rows of a name in free text: only such as are telling anywhere, and need no parent.
    pub(super) fn telling_rows<'a>(
        &'a self,
        name: &[u8],
        carrier: Carrier,
    ) -> impl Iterator<Item = &'a Row> + use<'a> {
        self.rows(name, "", carrier).filter(|row| row.reach >= Reach::Words)
    }

    /// Whether a telling name ends with the last letters of `name`. Quick, and sometimes wrongly yes.
    pub(super) fn may_end(&self, name: &[u8]) -> bool {
        let letters = name.iter().rev().filter(|byte| byte.is_ascii_alphabetic());
        tail(letters.copied())
            .is_some_and(|tail| self.tails.get(tail / 64).is_some_and(|word| word >> (tail % 64) & 1 == 1))
    }

    /// The rows of a folded name, and how much of the name had to be left away.
    fn look_up(&self, name: &Folded) -> Option<(&[u16], Reach)> {
        let letters = name.letters();
        if letters.is_empty() {
            return None;
        }
        if name.whole
            && let Some(entry) = self.entry(letters)
        {
            return Some((self.list(entry), Reach::Whole));
        }
        if let Some(entry) = name.last_component().and_then(|component| self.entry(component)) {
            return Some((self.list(entry), Reach::Whole));
        }
        for words in name.last_words() {
            if let Some(entry) = self.entry(words)
                && self.reaches(entry, Reach::Words)
            {
                return Some((self.list(entry), Reach::Words));
            }
        }
        self.ending(letters).map(|entry| (self.list(entry), Reach::Ending))
    }

    fn entry(&self, letters: &[u8]) -> Option<Entry> {
        let hash = hash(letters);
        if !bloom_has(&self.bloom, hash) {
            return None;
        }
        let mut slot = slot_of(hash, self.slots.len());
        loop {
            // The table is never full, so a free slot ends the search.
            let number = *self.slots.get(slot)?;
            let entry = *self.entries.get(usize::from(number.checked_sub(1)?))?;
            if self.letters_of(entry) == letters {
                return Some(entry);
            }
            slot = (slot + 1) & (self.slots.len() - 1);
        }
    }

    fn ending(&self, letters: &[u8]) -> Option<Entry> {
        let last = *letters.last_chunk::<4>()?;
        let (word, bit) = ending_bit(last);
        if self.ending_bloom.get(word)? >> bit & 1 == 0 {
            return None;
        }
        let same = self.endings.iter().filter(|(end, _)| *end == last);
        same.filter_map(|(_, number)| self.entries.get(usize::from(*number)).copied())
            .filter(|entry| letters.ends_with(self.letters_of(*entry)))
            .max_by_key(|entry| entry.len)
    }

    fn letters_of(&self, entry: Entry) -> &[u8] {
        let start = entry.start as usize;
        self.letters.get(start..start + usize::from(entry.len)).unwrap_or_default()
    }

    fn list(&self, entry: Entry) -> &[u16] {
        let start = usize::from(entry.list);
        self.lists.get(start..start + usize::from(entry.rows)).unwrap_or_default()
    }

    fn reaches(&self, entry: Entry, reach: Reach) -> bool {
        let mut rows = self.list(entry).iter().filter_map(|row| self.rows.get(usize::from(*row)));
        rows.any(|row| row.reach >= reach)
    }

    fn index(mut self, names: BTreeMap<Vec<u8>, Vec<u16>>) -> Result<Self, LexiconError> {
        self.slots = vec![0; (names.len() * 4).next_power_of_two()];
        self.bloom = vec![0; BLOOM_WORDS];
        self.tails = vec![0; TAIL_WORDS];
        self.ending_bloom = vec![0; ENDING_WORDS];
        for (name, list) in names {
            let number = u16::try_from(self.entries.len()).map_err(|_| LexiconError::Size)?;
            self.entries.push(Entry {
                start: u32::try_from(self.letters.len()).map_err(|_| LexiconError::Size)?,
                len: u8::try_from(name.len()).map_err(|_| LexiconError::Size)?,
                list: u16::try_from(self.lists.len()).map_err(|_| LexiconError::Size)?,
                rows: u8::try_from(list.len()).map_err(|_| LexiconError::Size)?,
            });
            self.file(&name, number);
            if self.is_telling(&list) {
                self.note_tail(&name);
            }
            if let Some(last) = name.last_chunk::<4>()
                && list
                    .iter()
                    .any(|row| self.rows.get(usize::from(*row)).is_some_and(|row| row.reach == Reach::Ending))
            {
                self.endings.push((*last, number));
                let (word, bit) = ending_bit(*last);
                if let Some(word) = self.ending_bloom.get_mut(word) {
                    *word |= 1 << bit;
                }
            }
            self.letters.extend(name);
            self.lists.extend(list);
        }
        Ok(self)
    }

    fn is_telling(&self, list: &[u16]) -> bool {
        let mut rows = list.iter().filter_map(|row| self.rows.get(usize::from(*row)));
        rows.any(|row| row.reach >= Reach::Words)
    }

    fn note_tail(&mut self, name: &[u8]) {
        if let Some(tail) = tail(name.iter().rev().copied())
            && let Some(word) = self.tails.get_mut(tail / 64)
        {
            *word |= 1 << (tail % 64);
        }
    }

    fn file(&mut self, name: &[u8], number: u16) {
        let hash = hash(name);
        bloom_add(&mut self.bloom, hash);
        let mut slot = slot_of(hash, self.slots.len());
        while let Some(taken) = self.slots.get_mut(slot) {
            if *taken == 0 {
                *taken = number + 1;
                return;
            }
            slot = (slot + 1) & (self.slots.len() - 1);
        }
    }
}

impl Row {
    fn read(written: WrittenRow) -> Self {
        let parents = written.parents.iter().map(|parent| Folded::new(parent.as_bytes()).letters().to_vec());
        Self {
            kind: written.kind,
            check: written.check,
            hashed: written.hashed,
            reach: written.reach,
            carriers: written.carriers,
            parents: parents.collect(),
        }
    }

    /// Whether it also asks for what the field lies in.
    pub(super) fn needs_parent(&self) -> bool {
        !self.parents.is_empty()
    }

    fn fits(&self, parent: Option<&Folded>, carrier: Carrier) -> bool {
        (self.carriers.is_empty() || self.carriers.contains(&carrier))
            && (self.parents.is_empty() || parent.is_some_and(|parent| self.within(parent)))
    }

    /// Whether the parent's name has one of the row's words: a short one as a word of its own (`ap` is none
    /// in `app`), a longer one anywhere.
    fn within(&self, parent: &Folded) -> bool {
        self.parents.iter().any(|wanted| {
            if wanted.len() >= 5 {
                return memchr::memmem::find(parent.letters(), wanted).is_some();
            }
            parent.words().any(|word| word == wanted || word.strip_suffix(b"s") == Some(wanted))
        })
    }
}

/// A name in lower case without digits and separators, with the places where its words began.
struct Folded {
    bytes: [u8; MAX_NAME],
    len: usize,
    /// Bit *n*: a word begins at letter *n*.
    words: u64,
    /// Bit *n*: a component of a path begins at letter *n*.
    components: u64,
    /// Whether the name fitted.
    whole: bool,
}

impl Folded {
    fn new(name: &[u8]) -> Self {
        let tail = name.get(name.len().saturating_sub(MAX_NAME)..).unwrap_or(name);
        let mut folded =
            Self { bytes: [0; MAX_NAME], len: 0, words: 0, components: 0, whole: tail.len() == name.len() };
        // Without branches: names change class too irregularly to be foretold.
        let (mut new_word, mut new_component, mut after_lower) = (1, 0, 0);
        for &byte in tail {
            let class = FOLD.get(usize::from(byte)).copied().unwrap_or(SEPARATOR);
            let letter = u64::from(class > COMPONENT);
            let upper = u64::from(byte.is_ascii_uppercase());
            let place = folded.len & (MAX_NAME - 1);
            folded.words |= (letter & (new_word | upper & after_lower)) << place;
            folded.components |= (letter & new_component) << place;
            if let Some(to) = folded.bytes.get_mut(place) {
                *to = class;
            }
            folded.len += letter as usize;
            new_word = letter ^ 1;
            new_component = (new_component & (letter ^ 1)) | u64::from(class == COMPONENT);
            after_lower = letter & (upper ^ 1);
        }
        folded
    }

    fn letters(&self) -> &[u8] {
        self.bytes.get(..self.len.min(MAX_NAME)).unwrap_or_default()
    }

    fn from(&self, start: u32) -> &[u8] {
        self.letters().get(start as usize..).unwrap_or_default()
    }

    /// The letters of the last component, where there is more than one.
    fn last_component(&self) -> Option<&[u8]> {
        let start = self.components.checked_ilog2()?;
        (start > 0).then(|| self.from(start))
    }

    /// The last words of the name, at most three, the longer stretch first; not the whole name.
    fn last_words(&self) -> impl Iterator<Item = &[u8]> {
        let mut starts = [0; 3];
        let mut bits = self.words & !1;
        for start in starts.iter_mut().rev() {
            let Some(last) = bits.checked_ilog2() else { break };
            *start = last;
            bits &= !(1 << last);
        }
        starts.into_iter().filter(|start| *start > 0).map(|start| self.from(start))
    }

    /// The words one by one.
    fn words(&self) -> impl Iterator<Item = &[u8]> {
        let mut bits = self.words;
        std::iter::from_fn(move || {
            let start = (bits != 0).then(|| bits.trailing_zeros())?;
            bits &= bits - 1;
            let end = if bits == 0 { self.len } else { bits.trailing_zeros() as usize };
            self.letters().get(start as usize..end)
        })
    }
}

/// The folded names of a row: as written, with the prefixes that are often run together with a name, and
/// with the marks of a hash.
fn spellings(row: &WrittenRow) -> Result<Vec<Vec<u8>>, LexiconError> {
    let mut all = Vec::new();
    for name in &row.names {
        let folded = Folded::new(name.as_bytes());
        if folded.letters().is_empty() || !folded.whole || folded.len + 8 > MAX_NAME {
            return Err(LexiconError::Name(name.clone()));
        }
        let letters = folded.letters();
        all.push(letters.to_vec());
        if row.reach == Reach::Words {
            all.extend(PREFIXES.iter().map(|prefix| [prefix.as_bytes(), letters].concat()));
        }
        if row.hashed {
            all.extend(HASH_MARKS.iter().map(|mark| [letters, mark.as_bytes()].concat()));
        }
    }
    Ok(all)
}

/// Multiplies eight letters at a time into 64 bits and folds the high half down.
fn hash(letters: &[u8]) -> u64 {
    let (chunks, rest) = letters.as_chunks::<8>();
    let mut state = letters.len() as u64;
    for chunk in chunks {
        state = mix(state ^ u64::from_le_bytes(*chunk));
    }
    let mut last = [0; 8];
    for (to, from) in last.iter_mut().zip(rest) {
        *to = *from;
    }
    mix(state ^ u64::from_le_bytes(last))
}

fn mix(value: u64) -> u64 {
    let product = value.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    product ^ (product >> 32)
}

fn slot_of(hash: u64, slots: usize) -> usize {
    (hash as usize) & (slots.max(1) - 1)
}

fn bloom_has(bloom: &[u64], hash: u64) -> bool {
    bloom.get((hash >> 38) as usize & (BLOOM_WORDS - 1)).is_some_and(|word| word >> (hash >> 58) & 1 == 1)
}

fn bloom_add(bloom: &mut [u64], hash: u64) {
    if let Some(word) = bloom.get_mut((hash >> 38) as usize & (BLOOM_WORDS - 1)) {
        *word |= 1 << (hash >> 58);
    }
}

/// The last three letters as a number below 32,768, given from the last one on; `None` of fewer than two.
fn tail(mut letters: impl Iterator<Item = u8>) -> Option<usize> {
    let five = |letter: u8| usize::from(letter & 0x1F);
    let (last, second) = (five(letters.next()?), five(letters.next()?));
    Some(last | second << 5 | letters.next().map_or(0, five) << 10)
}

/// The place of four letters among 8,192 bits: the word, and the bit in it.
fn ending_bit(letters: [u8; 4]) -> (usize, u32) {
    let hash = u32::from_le_bytes(letters).wrapping_mul(0x9E37_79B9);
    ((hash >> 25) as usize, hash >> 19 & 63)
}

/// Letters of a folded name that are looked at; of longer names, the last ones.
const MAX_NAME: usize = 64;
const BLOOM_WORDS: usize = 1024;
const TAIL_WORDS: usize = 512;
const ENDING_WORDS: usize = 128;
/// Prefixes often written without a separator.
const PREFIXES: [&str; 6] = ["client", "dev", "device", "mobile", "phone", "user"];
/// What stands behind a name whose value is hashed; digits are folded away (`md5`, `sha1`, `sha256`).
const HASH_MARKS: [&str; 4] = ["hash", "hashed", "md", "sha"];

const SEPARATOR: u8 = 0;
const COMPONENT: u8 = 1;
/// What becomes of each byte of a name: a lower-case letter, or one of the two classes above.
#[expect(clippy::indexing_slicing, reason = "worked out while compiling")]
const FOLD: [u8; 256] = {
    let mut table = [SEPARATOR; 256];
    let mut byte = 0;
    while byte < 26 {
        table[b'a' as usize + byte] = b'a' + byte as u8;
        table[b'A' as usize + byte] = b'a' + byte as u8;
        byte += 1;
    }
    table[b'.' as usize] = COMPONENT;
    table[b'[' as usize] = COMPONENT;
    table[b'/' as usize] = COMPONENT;
    table[b':' as usize] = COMPONENT;
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = r#"
        [[row]]
        kind = "imei"
        check = "imei"
        names = ["imei"]
        reach = "ending"
        reasoning = "t"
        [[row]]
        kind = "wifi_mac"
        check = "mac"
        names = ["mac", "mac_address"]
        reach = "words"
        hashed = true
        reasoning = "t"
        [[row]]
        kind = "bssid"
        check = "bssid"
        names = ["address"]
        parents = ["ap", "router"]
        reasoning = "t"
        [[row]]
        kind = "search_word"
        check = "text"
        names = ["q"]
        carriers = ["body"]
        reasoning = "t"
    "#;

    fn kinds(lexicon: &Lexicon, path: &str, carrier: Carrier) -> Vec<IdentifierKind> {
        let (parent, name) = path.rsplit_once('>').unwrap_or(("", path));
        lexicon.rows(name.as_bytes(), parent, carrier).map(|row| row.kind).collect()
    }

    #[test]
    fn the_lexicon_that_ships_is_readable() {
        let lexicon = Lexicon::parse(include_str!("../../../../data/field_names.toml")).unwrap();
        assert!(lexicon.rows.len() > 50 && lexicon.entries.len() > 1000);
        for entry in &lexicon.entries {
            assert_eq!(lexicon.entry(lexicon.letters_of(*entry)).map(|found| found.start), Some(entry.start));
        }
    }

    #[test]
    fn names_are_found_in_any_writing_and_only_as_far_as_they_reach() {
        let lexicon = Lexicon::parse(SMALL).unwrap();
        let rows = [
            ("imei", "imei"),
            ("IMEI_1", "imei"),
            ("x-Imei2", "imei"),
            ("SIMLTEIMEI", "imei"),
            ("a.b[imei]", "imei"),
            ("mac", "wifi_mac"),
            ("oldMacAddress", "wifi_mac"),
            ("deviceMac", "wifi_mac"),
            ("devicemac", "wifi_mac"),
            ("mac_md5", "wifi_mac"),
            ("$mac", "wifi_mac"),
            ("imac", ""),
            ("macro", ""),
            ("mac_count", ""),
            ("imeis", ""),
            ("ap>address", "bssid"),
            ("routers>address", "bssid"),
            ("app>address", ""),
            ("address", ""),
            ("imei>0", "imei"),
            ("imei>", "imei"),
            ("", ""),
            ("7", ""),
            ("q", "search_word"),
            ("faq", ""),
        ];
        for (path, kind) in rows {
            let found: Vec<_> =
                kinds(&lexicon, path, Carrier::Body).into_iter().map(IdentifierKind::id).collect();
            assert_eq!(found.join(""), kind, "{path}");
        }
        assert_eq!(kinds(&lexicon, "q", Carrier::Query), []);
    }

    #[test]
    fn of_an_endless_name_the_end_counts() {
        let lexicon = Lexicon::parse(SMALL).unwrap();
        let long = format!("{}.mac", "outer".repeat(1000));
        assert_eq!(kinds(&lexicon, &long, Carrier::Body), [IdentifierKind::WifiMac]);
        assert_eq!(kinds(&lexicon, &"mac".repeat(1000), Carrier::Body), []);
    }

    #[test]
    fn a_row_that_says_something_unknown_is_refused() {
        let rows = [
            SMALL.replace("kind = \"imei\"", "kind = \"shoe_size\""),
            SMALL.replace("check = \"imei\"", "check = \"magic\""),
            SMALL.replace("reasoning = \"t\"", ""),
            SMALL.replace("[\"q\"]", "[\"7\"]"),
        ];
        for text in rows {
            assert!(Lexicon::parse(&text).is_err(), "{text}");
        }
    }
}
