//! Secrets of key logs in little memory: about a hundred bytes each, all told, so that a log of a million lines
//! fits beside a capture.
//!
//! Entries lie in pages; an open hash table of their numbers finds those of a name. Names are client randoms
//! mostly.

use std::hash::{BuildHasher, RandomState};

use evidence::CaptureId;

use super::{Label, Secret, text_at};

/// What a secret is found by: a client random, or something shorter with zeros behind it.
pub(super) type Name = [u8; NAME];

/// What a secret is for: two secrets of one name and one slot contradict each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot {
    kind: u8,
    number: u8,
}

/// Where a secret's text stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) file: CaptureId,
    pub(super) line: u64,
    /// Offset in the file of the secret's first digit.
    pub(super) offset: u64,
}

/// What became of a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Added {
    Known,
    New,
    /// There are too many, of this name or of all.
    OverLimit,
}

#[derive(Debug, Default)]
pub(super) struct Table {
    pages: Vec<Vec<Entry>>,
    len: usize,
    /// Number of an entry, less one; 0 is free.
    slots: Vec<u32>,
    files: Vec<CaptureId>,
    /// Secrets that are longer than an entry has room for.
    long: Vec<Box<[u8]>>,
    hasher: RandomState,
}

/// 96 bytes.
#[derive(Clone, Debug)]
struct Entry {
    name: Name,
    /// Zeros behind it; of a long one its number.
    secret: [u8; SECRET],
    /// The offset's lower part.
    offset: u32,
    line: u32,
    offset_high: u16,
    /// Place in `files`.
    file: u16,
    slot: Slot,
    /// Length of the secret, or [`LONG`].
    len: u8,
}

impl Table {
    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Adds a secret.
    pub(super) fn add(&mut self, name: &Name, slot: Slot, secret: &[u8], place: Place) -> Added {
        self.make_room();
        let mut at = self.first(name);
        let mut same = 0;
        loop {
            let Some(number) = self.slots.get(at).copied() else { return Added::OverLimit };
            let Some(entry) = number.checked_sub(1).and_then(|number| self.entry(number)) else { break };
            if entry.name == *name {
                same += 1;
                if entry.slot == slot && self.secret(entry) == Some(secret) {
                    return Added::Known;
                }
            }
            at = self.after(at);
        }
        let number = u32::try_from(self.len.saturating_add(1)).ok().filter(|number| *number < u32::MAX);
        let (Some(number), Some(entry)) = (number, self.entry_for(name, slot, secret, place)) else {
            return Added::OverLimit;
        };
        if same >= NAMESAKES {
            return Added::OverLimit;
        }
        match self.pages.last_mut().filter(|page| page.len() < PAGE) {
            Some(page) => page.push(entry),
            None => {
                let mut page = Vec::with_capacity(PAGE);
                page.push(entry);
                self.pages.push(page);
            }
        }
        self.len += 1;
        if let Some(free) = self.slots.get_mut(at) {
            *free = number;
        }
        Added::New
    }

    /// The secrets of that name and slot, in the order in which they came.
    pub(super) fn find(&self, name: &Name, slot: Slot) -> Vec<Secret> {
        let (mut found, mut at) = (Vec::new(), self.first(name));
        while let Some(entry) =
            self.slots.get(at).and_then(|number| number.checked_sub(1)).and_then(|number| self.entry(number))
        {
            if entry.name == *name && entry.slot == slot {
                found.extend(self.told(entry));
            }
            at = self.after(at);
        }
        found
    }

    fn told(&self, entry: &Entry) -> Option<Secret> {
        let bytes = self.secret(entry)?.to_vec();
        let file = *self.files.get(usize::from(entry.file))?;
        let offset = u64::from(entry.offset_high) << 32 | u64::from(entry.offset);
        let key = text_at(file, entry.line.into(), offset, 2 * bytes.len() as u64);
        Some(Secret { bytes, key })
    }

    fn entry_for(&mut self, name: &Name, slot: Slot, secret: &[u8], place: Place) -> Option<Entry> {
        let known = self.files.iter().rposition(|file| *file == place.file);
        let file = known.unwrap_or_else(|| {
            self.files.push(place.file);
            self.files.len() - 1
        });
        let (mut kept, mut len) = ([0; SECRET], LONG);
        if let Some(room) = kept.get_mut(..secret.len()) {
            room.copy_from_slice(secret);
            len = u8::try_from(secret.len()).ok()?;
        } else {
            let number = u32::try_from(self.long.len()).ok()?;
            self.long.push(secret.into());
            if let Some(room) = kept.first_chunk_mut() {
                *room = number.to_be_bytes();
            }
        }
        Some(Entry {
            name: *name,
            secret: kept,
            offset: (place.offset & u64::from(u32::MAX)) as u32,
            offset_high: u16::try_from(place.offset >> 32).unwrap_or(u16::MAX),
            line: u32::try_from(place.line).unwrap_or(u32::MAX),
            file: u16::try_from(file).ok()?,
            slot,
            len,
        })
    }

    fn secret<'t>(&'t self, entry: &'t Entry) -> Option<&'t [u8]> {
        if entry.len != LONG {
            return entry.secret.get(..usize::from(entry.len));
        }
        let number = u32::from_be_bytes(*entry.secret.first_chunk()?);
        self.long.get(usize::try_from(number).ok()?).map(|long| &**long)
    }

    fn entry(&self, number: u32) -> Option<&Entry> {
        let number = usize::try_from(number).ok()?;
        self.pages.get(number / PAGE)?.get(number % PAGE)
    }

    /// Where a name is looked for first.
    fn first(&self, name: &Name) -> usize {
        let hash = self.hasher.hash_one(name);
        usize::try_from(hash % (self.slots.len().max(1) as u64)).unwrap_or_default()
    }

    fn after(&self, at: usize) -> usize {
        let next = at + 1;
        if next < self.slots.len() { next } else { 0 }
    }

    /// Keeps a quarter of the hash table free.
    fn make_room(&mut self) {
        if self.len < self.slots.len() / 4 * 3 {
            return;
        }
        let len = (self.slots.len() * 3 / 2).max(64);
        self.slots = vec![0; len];
        for number in 0..u32::try_from(self.len).unwrap_or(u32::MAX) {
            let Some(mut at) = self.entry(number).map(|entry| self.first(&entry.name)) else { return };
            while self.slots.get(at).is_some_and(|number| *number != 0) {
                at = self.after(at);
            }
            if let Some(free) = self.slots.get_mut(at) {
                *free = number.saturating_add(1);
            }
        }
    }
}

impl Slot {
    /// A premaster secret by the bytes it was encrypted to.
    pub(super) const ENCRYPTED: Self = Self { kind: 8, number: 0 };

    /// A master secret by a session id of that length.
    pub(super) fn session(len: usize) -> Self {
        Self { kind: 9, number: u8::try_from(len).unwrap_or(u8::MAX) }
    }
}

impl Label {
    pub(super) fn slot(self) -> Slot {
        let (kind, number) = match self {
            Self::ClientEarly => (1, 0),
            Self::ClientHandshake => (2, 0),
            Self::ClientTraffic(number) => (3, number),
            Self::Master => (4, 0),
            Self::Premaster => (5, 0),
            Self::ServerHandshake => (6, 0),
            Self::ServerTraffic(number) => (7, number),
        };
        Slot { kind, number }
    }
}

/// A short name with zeros behind it. `None` where it is too long.
pub(super) fn padded(short: &[u8]) -> Option<Name> {
    let mut name = [0; NAME];
    name.get_mut(..short.len())?.copy_from_slice(short);
    Some(name)
}

/// Bytes of an encrypted premaster secret that name it.
pub(super) const ENCRYPTED: usize = 8;

/// Bytes of a name.
pub(super) const NAME: usize = 32;

/// Bytes of a master secret, or of a traffic secret of the longest hash.
const SECRET: usize = 48;

/// Marks a secret that is longer.
const LONG: u8 = u8::MAX;

/// Entries of a page.
const PAGE: usize = 4096;

/// Most secrets of one name: a log that was made to be slow holds no more. Honest ones hold ten or so.
const NAMESAKES: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_takes_96_bytes() {
        assert_eq!(size_of::<Entry>(), 96);
    }
}
