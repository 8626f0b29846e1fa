//! IP fragments to datagrams (RFC 791 section 3.2, RFC 8200 section 4.5).
//!
//! Where fragments overlap, the byte that came first counts; what the other copy held is counted and told.
//! Fragments wait for their rest for a minute of the capture's time and while there is room.

use std::{collections::BTreeMap, net::IpAddr};

use evidence::{CaptureId, Segment, Timestamp};

use super::tally::{Reason, Tally};
use crate::link::Place;

/// Fragments that wait for their rest.
#[derive(Debug, Default)]
pub(super) struct Fragments {
    datagrams: BTreeMap<Key, Datagram>,
    /// The datagrams by the order in which their first fragments came.
    arrivals: BTreeMap<u64, Key>,
    next: u64,
    /// Memory taken, overhead included.
    room: usize,
}

/// A fragment's bytes.
pub(super) struct Arrival<'a> {
    pub(super) capture: CaptureId,
    pub(super) time: Timestamp,
    pub(super) place: Place,
    pub(super) bytes: &'a [u8],
    /// Bytes that its header promises beyond those.
    pub(super) missing: u32,
    /// Where the bytes lie; `out` counts from the first of them.
    pub(super) segments: Vec<Segment>,
}

/// A datagram put together.
#[derive(Debug)]
pub(super) struct Whole {
    pub(super) protocol: u8,
    pub(super) bytes: Vec<u8>,
    pub(super) segments: Vec<Segment>,
}

/// What a fragment came to.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// It was the last that was missing.
    pub(super) whole: Option<Whole>,
    /// What is odd about it.
    pub(super) odd: Option<&'static str>,
}

/// Two captures never share a datagram: they may be of two phones with the same private address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    capture: CaptureId,
    addresses: (IpAddr, IpAddr),
    id: u32,
    /// 0 for IPv6, where it is no part of the key.
    protocol: u8,
}

#[derive(Debug)]
struct Datagram {
    arrival: u64,
    first: Timestamp,
    protocol: u8,
    /// By offset; they do not overlap.
    pieces: BTreeMap<u32, Piece>,
    /// Bytes that the pieces cover.
    covered: u32,
    /// Length of the datagram, once its last fragment came.
    len: Option<u32>,
}

#[derive(Debug)]
struct Piece {
    bytes: Vec<u8>,
    segments: Vec<Segment>,
}

impl Fragments {
    /// Adds a fragment. Bytes that are not held on to are counted in `tally`.
    pub(super) fn add(&mut self, arrival: &Arrival<'_>, tally: &mut Tally) -> Outcome {
        self.expire(arrival.time, tally);
        let key = Key::of(arrival);
        let Some(end) = arrival.end() else {
            tally.add(Reason::FragmentOdd, arrival.bytes.len());
            return Outcome { whole: None, odd: Some(ODD) };
        };
        let datagram = self.datagrams.entry(key).or_insert_with(|| {
            self.arrivals.insert(self.next, key);
            self.next += 1;
            Datagram::new(self.next - 1, arrival)
        });
        if !datagram.agrees(end, arrival.place.more) {
            tally.add(Reason::FragmentOdd, arrival.bytes.len());
            return Outcome { whole: None, odd: Some(ENDS_DIFFER) };
        }
        if arrival.place.offset == 0 {
            datagram.protocol = arrival.place.protocol;
        }
        let added = datagram.add(arrival, tally);
        self.room += added.room;
        let odd = added.differs.then_some(OVERLAP);
        if datagram.len == Some(datagram.covered) {
            return Outcome { whole: self.remove(&key).map(Datagram::into_whole), odd };
        }
        while self.room > MAX_ROOM {
            self.give_up_oldest(Reason::FragmentLimit, tally);
        }
        Outcome { whole: None, odd }
    }

    /// Counts all that wait as fragments without their rest.
    pub(super) fn finish(&mut self, tally: &mut Tally) {
        while !self.arrivals.is_empty() {
            self.give_up_oldest(Reason::FragmentAlone, tally);
        }
    }

    fn expire(&mut self, now: Timestamp, tally: &mut Tally) {
        while let Some(key) = self.arrivals.first_key_value().map(|(_, key)| *key) {
            let first = self.datagrams.get(&key).map_or(now, |datagram| datagram.first);
            // A clock may be set back.
            if now.since(first).saturating_abs() <= TIMEOUT {
                break;
            }
            self.give_up_oldest(Reason::FragmentAlone, tally);
        }
    }

    fn give_up_oldest(&mut self, reason: Reason, tally: &mut Tally) {
        let Some((_, key)) = self.arrivals.pop_first() else {
            self.room = 0;
            return;
        };
        for piece in self.remove(&key).into_iter().flat_map(|datagram| datagram.pieces.into_values()) {
            tally.add(reason, piece.bytes.len());
        }
    }

    fn remove(&mut self, key: &Key) -> Option<Datagram> {
        let datagram = self.datagrams.remove(key)?;
        self.arrivals.remove(&datagram.arrival);
        let room = DATAGRAM_ROOM + datagram.pieces.values().map(Piece::room).sum::<usize>();
        self.room = self.room.saturating_sub(room);
        Some(datagram)
    }
}

impl Key {
    fn of(arrival: &Arrival<'_>) -> Self {
        let Place { addresses, id, protocol, .. } = arrival.place;
        let protocol = if addresses.0.is_ipv4() { protocol } else { 0 };
        Self { capture: arrival.capture, addresses, id, protocol }
    }
}

impl Arrival<'_> {
    /// Where it ends in its datagram; `None` where no fragment can lie.
    fn end(&self) -> Option<u32> {
        let len = u32::try_from(self.bytes.len()).ok()?.checked_add(self.missing)?;
        let end = self.place.offset.checked_add(len)?;
        let even = !self.place.more || len.is_multiple_of(8);
        (even && len > 0 && end <= MAX_DATAGRAM).then_some(end)
    }
}

/// What adding a fragment did.
#[derive(Default)]
struct Added {
    room: usize,
    differs: bool,
}

impl Datagram {
    fn new(arrival: u64, first: &Arrival<'_>) -> Self {
        let protocol = first.place.protocol;
        Self { arrival, first: first.time, protocol, pieces: BTreeMap::new(), covered: 0, len: None }
    }

    /// Whether a fragment that ends at `end` fits the others. Notes the datagram's length.
    fn agrees(&mut self, end: u32, more: bool) -> bool {
        match (self.len, more) {
            (Some(len), true) => end <= len,
            (Some(len), false) => end == len,
            (None, true) => true,
            (None, false) => {
                let reached = self.pieces.last_key_value().map_or(0, |(at, piece)| at + piece.len());
                if reached <= end {
                    self.len = Some(end);
                }
                reached <= end
            }
        }
    }

    /// Keeps those bytes that no earlier fragment has.
    fn add(&mut self, arrival: &Arrival<'_>, tally: &mut Tally) -> Added {
        let mut added =
            Added { room: if self.pieces.is_empty() { DATAGRAM_ROOM } else { 0 }, differs: false };
        let start = arrival.place.offset;
        let end = start + len_of(arrival.bytes);
        let mut at = start;
        let mut free = Vec::new();
        let before = self.pieces.range(..start).next_back().map(|(at, _)| *at).unwrap_or(start);
        for (&there, piece) in self.pieces.range(before..end) {
            let (first, last) = (there.max(start), (there + piece.len()).min(end));
            if first >= last {
                continue;
            }
            free.push((at, first));
            let new = slice(arrival.bytes, first - start, last - start);
            if new == slice(&piece.bytes, first - there, last - there) {
                tally.add(Reason::FragmentCopy, new.len());
            } else {
                added.differs = true;
                tally.add(Reason::FragmentOther, new.len());
            }
            at = last;
        }
        free.push((at, end));
        for (from, to) in free.into_iter().filter(|(from, to)| from < to) {
            let piece = Piece::new(arrival, from - start, to - start);
            added.room += piece.room();
            self.covered += to - from;
            self.pieces.insert(from, piece);
        }
        added
    }

    fn into_whole(self) -> Whole {
        let mut whole = Whole { protocol: self.protocol, bytes: Vec::new(), segments: Vec::new() };
        whole.bytes.reserve(usize::try_from(self.covered).unwrap_or(0));
        for piece in self.pieces.into_values() {
            let out = whole.bytes.len() as u64;
            whole.segments.extend(
                piece
                    .segments
                    .into_iter()
                    .map(|segment| Segment { out: segment.out.saturating_add(out), ..segment }),
            );
            whole.bytes.extend_from_slice(&piece.bytes);
        }
        whole
    }
}

impl Piece {
    fn new(arrival: &Arrival<'_>, from: u32, to: u32) -> Self {
        let segments = super::sub_segments(&arrival.segments, &(u64::from(from)..u64::from(to)));
        Self { bytes: slice(arrival.bytes, from, to).to_vec(), segments }
    }

    fn len(&self) -> u32 {
        len_of(&self.bytes)
    }

    fn room(&self) -> usize {
        self.bytes.len() + self.segments.len() * size_of::<Segment>() + PIECE_ROOM
    }
}

/// Datagrams are far shorter than 4 GiB, [`Arrival::end`] sees to it.
fn len_of(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}

fn slice(bytes: &[u8], from: u32, to: u32) -> &[u8] {
    bytes.get(from as usize..to as usize).unwrap_or_default()
}

/// A minute, as RFC 8200 has it; RFC 791 leaves it to the receiver.
const TIMEOUT: i64 = 60_000_000_000;
/// The longest datagram that the length fields of IP can say.
const MAX_DATAGRAM: u32 = 65_535;
/// Memory for waiting fragments.
const MAX_ROOM: usize = 16 * 1024 * 1024;
/// Memory that a datagram and a piece take besides their bytes, roughly.
const DATAGRAM_ROOM: usize = 256;
const PIECE_ROOM: usize = 96;

const ODD: &str = "peer sent an IP fragment that fits no datagram";
const ENDS_DIFFER: &str = "peer sent IP fragments that disagree on where their datagram ends";
const OVERLAP: &str = "peer sent overlapping IP fragments with different bytes";
