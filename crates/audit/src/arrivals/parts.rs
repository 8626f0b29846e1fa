//! A package that came in parts, put together: answers with ranges of one address (RFC 9110 section 14), over any
//! connections and in any order, and transfers that broke off.
//!
//! Parts belong together where the same device asked for the same address and the server gave the same validator
//! (section 13.3: `ETag`, else `Last-Modified`), whether it called it weak or not: where their bytes differ, that is
//! told. They are kept until all is merged, since several workers may have
//! some, and laid down in the order of time; where two overlap, the one that came first counts. What a server says of
//! the whole's length decides nothing but whether to wait for more: where a package ends, its own last record says.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    ops::Range,
};

use evidence::Security;

use super::{Arrival, LARGEST};

/// Which parts belong together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Origin {
    pub(super) device: IpAddr,
    pub(super) url: String,
    pub(super) validator: String,
}

/// Where in a file an answer's bytes stand, as its `Content-Range` says (RFC 9110 section 14.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) start: u64,
    /// How many bytes it says to bring; `None` where it does not say.
    pub(super) len: Option<u64>,
    /// How long it says the file is.
    pub(super) stated: Option<u64>,
}

impl Place {
    /// Of a `Content-Range` of bytes that is satisfied.
    pub(super) fn of(value: &[u8]) -> Option<Self> {
        let (unit, rest) = std::str::from_utf8(value).ok()?.trim().split_once(' ')?;
        let (range, stated) = rest.trim().split_once('/')?;
        let (first, last) = range.split_once('-')?;
        let (start, last): (u64, u64) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
        let len = last.checked_sub(start)?.checked_add(1)?;
        let place = Self { start, len: Some(len), stated: stated.trim().parse().ok() };
        unit.eq_ignore_ascii_case("bytes").then_some(place)
    }
}

/// One part.
#[derive(Debug)]
pub(super) struct Part {
    /// What it is a part of, as if it were all of it.
    pub(super) arrival: Arrival,
    pub(super) start: u64,
    pub(super) stated: Option<u64>,
    pub(super) bytes: Vec<u8>,
}

impl Part {
    fn end(&self) -> u64 {
        self.start.saturating_add(self.bytes.len() as u64)
    }
}

/// The parts of one worker.
#[derive(Debug, Default)]
pub(super) struct Parts {
    of: BTreeMap<Origin, Vec<Part>>,
    /// What does not begin like a package.
    refused: BTreeSet<Origin>,
    /// Bytes and number of parts.
    held: usize,
    count: usize,
    /// How many were left when room was last looked for: before it is looked for again, half as many more have to come.
    searched: usize,
}

impl Parts {
    /// Keeps a part. Where there is no room, packages that are whole leave to make some; gives the part back where that
    /// does not help.
    pub(super) fn keep(&mut self, origin: Origin, part: Part, whole: &mut Vec<Laid>) -> Option<Part> {
        if self.refused.contains(&origin) {
            return None;
        }
        if !self.fits(&part) && self.count > self.searched.saturating_add(self.searched / 2) {
            self.make_room(whole);
        }
        if !self.fits(&part) {
            return Some(part);
        }
        self.held += part.bytes.len();
        self.count += 1;
        self.of.entry(origin).or_default().push(part);
        None
    }

    /// What comes from there is no package: the beginning shows.
    pub(super) fn refuse(&mut self, origin: Origin) {
        for part in self.of.remove(&origin).unwrap_or_default() {
            self.held = self.held.saturating_sub(part.bytes.len());
            self.count = self.count.saturating_sub(1);
        }
        if self.refused.len() < PARTS {
            self.refused.insert(origin);
        }
    }

    fn fits(&self, part: &Part) -> bool {
        part.end() <= LARGEST as u64
            && self.count < PARTS
            && part.bytes.len() <= HELD.saturating_sub(self.held)
    }

    /// Adds what another worker has.
    pub(super) fn merge(&mut self, other: Self) {
        for (origin, parts) in other.of {
            self.of.entry(origin).or_default().extend(parts);
        }
        self.refused.extend(other.refused);
    }

    /// All that came, put together, one after another.
    pub(super) fn put_together(self) -> impl Iterator<Item = Laid> {
        let Self { of, refused, .. } = self;
        let wanted = of.into_iter().filter(move |(origin, _)| !refused.contains(origin));
        wanted.flat_map(|(_, parts)| Row::new(parts))
    }

    fn make_room(&mut self, whole: &mut Vec<Laid>) {
        for parts in self.of.values_mut() {
            for laid in Row::new(std::mem::take(parts)) {
                if laid.is_whole() {
                    whole.push(laid);
                } else {
                    *parts = laid.parts;
                }
            }
        }
        self.of.retain(|_, parts| !parts.is_empty());
        self.held = self.of.values().flatten().map(|part| part.bytes.len()).sum();
        self.count = self.of.values().map(Vec::len).sum();
        self.searched = self.count;
    }
}

/// Parts of one origin in the order of time, as one package after another. Only the last one may not be whole.
#[derive(Debug)]
struct Row {
    parts: std::vec::IntoIter<Part>,
    /// Bytes of those that are left.
    left: u64,
}

impl Row {
    fn new(mut parts: Vec<Part>) -> Self {
        parts.sort_by_key(|part| (part.arrival.time, part.arrival.exchange, part.start));
        let left = parts.iter().map(|part| part.bytes.len() as u64).sum();
        Self { parts: parts.into_iter(), left }
    }
}

impl Iterator for Row {
    type Item = Laid;

    /// Lays parts down until they are a whole package.
    fn next(&mut self) -> Option<Laid> {
        // A part that stands far out costs no more than a few times its own length.
        let most = self.left.saturating_mul(4);
        let mut laid = Laid::default();
        for part in self.parts.by_ref() {
            self.left = self.left.saturating_sub(part.bytes.len() as u64);
            laid.stated = laid.stated.max(part.stated);
            if part.end() <= most {
                laid.lay(&part);
            }
            laid.parts.push(part);
            if laid.is_whole() {
                break;
            }
        }
        (!laid.parts.is_empty()).then_some(laid)
    }
}

/// Parts, laid down where they belong.
#[derive(Debug, Default)]
pub(super) struct Laid {
    /// In the order of time.
    parts: Vec<Part>,
    /// From its first byte on; zero where nothing came.
    bytes: Vec<u8>,
    /// Where something came: by the first byte of each stretch, the one after its last. No two touch.
    filled: BTreeMap<u64, u64>,
    /// Where two parts overlap they are not the same.
    differ: bool,
    /// The greatest length that a server says it has.
    stated: Option<u64>,
}

impl Laid {
    /// One part by itself.
    pub(super) fn of(part: Part) -> Self {
        Row::new(vec![part]).next().unwrap_or_default()
    }

    fn lay(&mut self, part: &Part) {
        let (start, end) = (part.start, part.end());
        if self.bytes.len() < narrow(end) {
            self.bytes.resize(narrow(end), 0);
        }
        let place = |from: u64, to: u64| narrow(from)..narrow(to);
        let known: Vec<Range<u64>> = self
            .filled
            .range(..=end)
            .rev()
            .map(|(from, to)| *from..*to)
            .take_while(|known| known.end >= start)
            .collect();
        let (mut at, mut first, mut last) = (start, start, end);
        for known in known.into_iter().rev() {
            let same = known.start.max(start)..known.end.min(end);
            self.copy(part, at..same.start);
            if same.start < same.end {
                let ours = self.bytes.get(place(same.start, same.end));
                let theirs = part.bytes.get(place(same.start - start, same.end - start));
                self.differ |= ours != theirs;
            }
            at = at.max(same.end);
            (first, last) = (first.min(known.start), last.max(known.end));
            self.filled.remove(&known.start);
        }
        self.copy(part, at..end);
        if first < last {
            self.filled.insert(first, last);
        }
    }

    /// Copies what nothing filled.
    fn copy(&mut self, part: &Part, range: Range<u64>) {
        let from =
            narrow(range.start.saturating_sub(part.start))..narrow(range.end.saturating_sub(part.start));
        let to = self.bytes.get_mut(narrow(range.start)..narrow(range.end));
        if let (Some(to), Some(from)) = (to, part.bytes.get(from)) {
            to.copy_from_slice(from);
        }
    }

    /// Whether nothing is missing, by what is there and by what servers say.
    fn is_whole(&self) -> bool {
        let len = self.bytes.len() as u64;
        let more = self.stated.is_some_and(|stated| stated > len);
        !more && self.filled.iter().eq([(&0, &len)]) && ends(&self.bytes)
    }

    /// Where nothing came, up to the last byte that did.
    fn holes(&self) -> Vec<Range<u64>> {
        let starts = self.filled.keys().copied();
        let ends = std::iter::once(0).chain(self.filled.values().copied());
        ends.zip(starts).filter(|(end, start)| end < start).map(|(end, start)| end..start).collect()
    }

    /// What arrived, its bytes, and which of them came.
    pub(super) fn tell(mut self) -> Option<(Arrival, Vec<u8>, Vec<Range<usize>>)> {
        let (holes, endless) = (self.holes(), !ends(&self.bytes));
        let stated = self.stated;
        let security = match self.parts.iter().any(|part| part.arrival.security == Security::Clear) {
            true => Security::Clear,
            false => Security::Encrypted,
        };
        let endpoints: BTreeSet<_> = self.parts.iter().map(|part| part.arrival.endpoint.clone()).collect();
        let count = self.parts.len();
        let mut arrival = self.parts.first()?.arrival.clone();
        self.parts.sort_by_key(|part| part.start);
        let proofs = self.parts.drain(..).take(SHOWN).flat_map(|part| part.arrival.proofs);
        arrival.proofs = proofs.collect();
        arrival.further = endpoints.into_iter().filter(|other| *other != arrival.endpoint).collect();
        let filled = self.filled.iter().map(|(start, end)| narrow(*start)..narrow(*end)).collect();
        arrival = Arrival { parts: count, holes, endless, stated, differ: self.differ, security, ..arrival };
        Some((arrival, self.bytes, filled))
    }
}

/// Whether an archive ends where the bytes do: with the end of its directory (APPNOTE 6.3.10, section 4.3.16), which
/// says where the directory begins.
fn ends(bytes: &[u8]) -> bool {
    let tail = bytes.get(bytes.len().saturating_sub(COMMENT + END)..).unwrap_or_default();
    let number = |at: usize, len: usize| {
        let bytes = tail.get(at..at.checked_add(len)?)?;
        Some(bytes.iter().rev().fold(0_usize, |number, byte| number << 8 | usize::from(*byte)))
    };
    memchr::memmem::rfind_iter(tail, b"PK\x05\x06").any(|at| {
        let comment = number(at + 20, 2).is_some_and(|comment| at + END + comment == tail.len());
        let directory = number(at + 16, 4).and_then(|directory| bytes.get(directory..));
        comment && directory.is_some_and(|directory| directory.starts_with(b"PK\x01\x02"))
    })
}

/// What is larger is nothing that is held.
fn narrow(offset: u64) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}

/// Bytes of parts that one worker holds, and how many parts.
const HELD: usize = 256 << 20;
const PARTS: usize = 10_000;
/// Parts of one package whose beginnings are shown.
const SHOWN: usize = 8;
/// Bytes of the record that ends an archive, and of the longest comment behind it.
const END: usize = 22;
const COMMENT: usize = 0xffff;

#[cfg(test)]
mod tests {
    use evidence::{Endpoint, ExchangeId, Timestamp};

    use super::*;

    #[test]
    fn where_a_part_belongs_is_what_its_range_says() {
        let place = |start, len, stated| Some(Place { start, len: Some(len), stated });
        let rows = [
            ("bytes 0-499/1234", place(0, 500, Some(1234))),
            ("Bytes 500-500/*", place(500, 1, None)),
            ("bytes */1234", None),
            ("bytes 9-8/10", None),
            ("bytes 0-18446744073709551615/*", None),
            ("pages 0-1/2", None),
            ("bytes=0-1/2", None),
        ];
        for (value, expected) in rows {
            assert_eq!(Place::of(value.as_bytes()), expected, "{value}");
        }
    }

    fn part(time: i64, start: u64, bytes: &[u8]) -> Part {
        let endpoint = Endpoint {
            host: String::new(),
            address: String::new(),
            port: 80,
            transport: evidence::Transport::Tcp,
        };
        let arrival = Arrival::at(endpoint, ExchangeId::default(), (Timestamp(time), Security::Encrypted));
        Part { arrival, start, stated: None, bytes: bytes.to_vec() }
    }

    /// An archive of which nothing but the end matters here.
    fn archive(len: usize) -> Vec<u8> {
        let mut bytes: Vec<u8> = (0..len).map(|n| n as u8).collect();
        let directory = u32::try_from(len).unwrap();
        bytes.extend(b"PK\x01\x02");
        bytes.extend(b"PK\x05\x06\0\0\0\0\0\0\0\0\x04\0\0\0");
        bytes.extend(directory.to_le_bytes());
        bytes.extend([0, 0]);
        bytes
    }

    fn origin(tag: &str) -> Origin {
        let validator = tag.to_owned();
        Origin { device: IpAddr::from([192, 0, 2, 1]), url: "http://h/".to_owned(), validator }
    }

    #[test]
    fn a_part_far_out_costs_nothing() {
        let far = u64::try_from(LARGEST).unwrap() - 4;
        let mut row = Row::new(vec![part(1, 0, b"PK\x03\x04"), part(2, far, b"last")]);
        let laid = row.next().unwrap();
        assert_eq!((laid.bytes.len(), laid.parts.len(), row.count()), (4, 2, 0));
        let mut parts = Parts::default();
        assert!(parts.keep(origin("a"), part(3, far + 1, b"last"), &mut Vec::new()).is_some());
    }

    #[test]
    fn whole_packages_make_room() {
        let whole = archive(100);
        let mut parts = Parts { held: HELD - 150, ..Parts::default() };
        let mut told = Vec::new();
        for (time, range) in [(1, 0..60), (2, 60..whole.len())] {
            let part = part(time, range.start as u64, &whole[range]);
            assert!(parts.keep(origin("a"), part, &mut told).is_none());
        }
        assert!(parts.keep(origin("b"), part(3, 0, &[1; 60]), &mut told).is_none());
        let [laid] = told.as_slice() else { panic!("{told:?}") };
        assert_eq!(laid.bytes, whole);
        assert_eq!((parts.count, parts.held), (1, 60));
    }

    #[test]
    fn packages_of_one_address_come_one_after_another() {
        let whole = archive(10);
        let parts = (0..10_000).map(|time| {
            let (first, last) = whole.split_at(20);
            if time % 2 == 0 { part(time, 0, first) } else { part(time, 20, last) }
        });
        let mut of_one = Parts::default();
        of_one.of.insert(origin("a"), parts.chain([part(10_000, 0, b"PK")]).collect());
        let laid: Vec<Laid> = of_one.put_together().collect();
        assert_eq!(laid.len(), 5001);
        assert!(laid[..5000].iter().all(|laid| laid.bytes == whole && laid.parts.len() == 2));
        assert!(!laid[5000].is_whole());
    }

    #[test]
    fn room_is_not_looked_for_again_before_many_more_came() {
        let mut parts = Parts { held: HELD - 150, searched: 4, count: 5, ..Parts::default() };
        let whole = archive(10);
        parts.keep(origin("a"), part(1, 0, &whole), &mut Vec::new());
        let mut told = Vec::new();
        assert!(parts.keep(origin("b"), part(2, 0, &[1; 150]), &mut told).is_some() && told.is_empty());
        parts.keep(origin("c"), part(3, 0, &[1]), &mut told);
        assert!(parts.keep(origin("b"), part(4, 0, &[1; 150]), &mut told).is_none());
        assert_eq!(told.len(), 1);
    }

    #[test]
    fn what_does_not_begin_like_a_package_is_let_go_and_not_kept_again() {
        let mut parts = Parts::default();
        parts.keep(origin("a"), part(1, 50, b"x"), &mut Vec::new());
        parts.refuse(origin("a"));
        parts.keep(origin("a"), part(2, 60, b"x"), &mut Vec::new());
        assert_eq!((parts.count, parts.held, parts.put_together().count()), (0, 0, 0));
    }

    #[test]
    fn any_parts_in_any_order_are_laid_where_they_belong() {
        let whole = archive(100);
        let cuts = [0, 30, 60, 99, whole.len()];
        let starts = cuts.iter().flat_map(|from| cuts.iter().map(move |to| *from..*to));
        let ranges: Vec<Range<usize>> = starts.filter(|range| !range.is_empty()).collect();
        let mut wholes = 0;
        for choice in 0..ranges.len().pow(4) {
            let chosen = (0..4).map(|n| ranges[choice / ranges.len().pow(n) % ranges.len()].clone());
            let chosen: Vec<Range<usize>> = chosen.collect();
            let parts = (0..).zip(&chosen);
            let parts = parts.map(|(time, range)| part(time, range.start as u64, &whole[range.clone()]));
            let mut row = Row::new(parts.collect());
            let (laid, later) = (row.next().unwrap(), row.parts);
            let taken = &chosen[..laid.parts.len()];
            let came = |at: &usize| taken.iter().any(|range| range.contains(at));
            let filled = |at: u64| laid.filled.iter().any(|(from, to)| (*from..*to).contains(&at));
            assert!((0..whole.len()).all(|at| came(&at) == filled(at as u64)), "{chosen:?}");
            let right = |(at, byte): (usize, &u8)| *byte == if came(&at) { whole[at] } else { 0 };
            assert!(laid.bytes.iter().enumerate().all(right) && !laid.differ, "{chosen:?}");
            let all = (0..whole.len()).all(|at| came(&at));
            assert_eq!((laid.is_whole(), all || later.as_slice().is_empty()), (all, true), "{chosen:?}");
            wholes += usize::from(all);
        }
        assert!(wholes > 100);
    }
}
