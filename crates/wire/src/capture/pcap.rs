//! pcap files: one header, then records (draft-ietf-opsawg-pcap; libpcap's `sf-pcap.c` for the older
//! variants: lengths in either order, Kuznetzov's longer records).

use evidence::Timestamp;

use super::{
    LinkType, MAX_FRAME,
    order::Order,
    piece::{Damage, FrameCut, Piece, Plausible},
};

/// A pcap file whose header was read.
#[derive(Clone, Debug)]
pub(super) struct PcapFile {
    pub(super) order: Order,
    pub(super) link: LinkType,
    pub(super) snapshot: u32,
    pub(super) version: (u16, u16),
    pub(super) variant: Variant,
    /// Seconds of the last record read, and of the last one whose header looked right.
    last: Option<(u32, u32)>,
}

/// What the magic number tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Variant {
    /// Fractions of a second are microseconds.
    Micros,
    /// They are nanoseconds.
    Nanos,
    /// Microseconds, and 8 more bytes in each record header (Kuznetzov's patches to libpcap).
    Modified,
}

/// A record header.
#[derive(Clone, Copy, Debug)]
struct Record {
    seconds: u32,
    fraction: u32,
    captured: u32,
    wire: u32,
}

impl PcapFile {
    /// Bytes of a file header.
    pub(super) const HEADER: usize = 24;

    /// What the magic number stands for; `None` where it is not pcap's.
    pub(super) fn magic(window: &[u8]) -> Option<(Order, Variant)> {
        [Order::Big, Order::Little].into_iter().find_map(|order| {
            let variant = match order.u32(window, 0)? {
                0xa1b2_c3d4 => Variant::Micros,
                0xa1b2_3c4d => Variant::Nanos,
                0xa1b2_cd34 => Variant::Modified,
                _ => return None,
            };
            Some((order, variant))
        })
    }

    /// Reads the file header; `None` where the window is shorter, or begins otherwise.
    pub(super) fn open(window: &[u8]) -> Option<Self> {
        let (order, variant) = Self::magic(window)?;
        let header = window.first_chunk::<{ Self::HEADER }>()?;
        // The upper half of the last field tells of checksums at the end of frames.
        let link = u16::try_from(order.u32(header, 20)? & 0xffff).ok()?;
        Some(Self {
            order,
            variant,
            link: LinkType(link),
            snapshot: order.u32(header, 16)?,
            version: (order.u16(header, 4)?, order.u16(header, 6)?),
            last: None,
        })
    }

    /// Cuts the record at the front of `window`.
    pub(super) fn cut(&mut self, window: &[u8], at_end: bool) -> Piece {
        let header = self.header();
        let Some(record) = self.record(window, 0) else {
            return match at_end {
                true => Piece::Damaged(Damage::CUT_HEADER),
                false => Piece::More(header),
            };
        };
        if let Some(other) = self.another(window) {
            *self = other;
            return Piece::Header;
        }
        let captured = usize::try_from(record.captured).unwrap_or(usize::MAX);
        if captured > self.limit() {
            return Piece::Damaged(Damage::new(TOO_LONG, record.captured));
        }
        let end = header + captured;
        let trusted = self.trusts(record);
        if window.len() < end {
            return self.cut_at_tail(window, record, (trusted, at_end));
        }
        match (self.follows(window, end, at_end), trusted) {
            (Plausible::Yes, _) => {}
            (Plausible::More(needed), _) => return Piece::More(needed),
            (Plausible::No, false) => {
                return Piece::Damaged(Damage::new(NOTHING_FOLLOWS, record.captured));
            }
            (Plausible::No, true) => return self.interrupted(window, (record, end), at_end),
        }
        self.note_time(record, trusted);
        Piece::Frame(self.frame(record, end, captured))
    }

    /// A record that looks right, and nothing like one behind it. Where bytes of the file were lost, the next
    /// record begins within what this one claims.
    fn interrupted(&mut self, window: &[u8], (record, end): (Record, usize), at_end: bool) -> Piece {
        self.note_time(record, true);
        let header = self.header();
        for at in header..end {
            match self.plausible(window, at, at_end) {
                Plausible::No => {}
                Plausible::Yes => {
                    return Piece::Interrupted(self.frame(record, at, at - header), end - at);
                }
                Plausible::More(needed) => return Piece::More(needed),
            }
        }
        Piece::Frame(self.frame(record, end, end - header))
    }

    /// Whether a record that nobody could doubt begins at `at`, with another or the end of the file behind
    /// it. Asked while looking for where a damaged file goes on.
    pub(super) fn plausible(&self, window: &[u8], at: usize, at_end: bool) -> Plausible {
        let header = self.header();
        let Some(record) = self.record(window, at) else {
            return if at_end { Plausible::No } else { Plausible::More(at + header) };
        };
        if !self.beyond_doubt(record) {
            return Plausible::No;
        }
        let next = at + header + usize::try_from(record.captured).unwrap_or(usize::MAX - at - header);
        if next == window.len() && at_end {
            return Plausible::Yes;
        }
        match self.record(window, next) {
            Some(next) if self.beyond_doubt(next) => Plausible::Yes,
            Some(_) => Plausible::No,
            None if at_end => Plausible::No,
            None => Plausible::More(next + header),
        }
    }

    /// The window ends within the record's data.
    fn cut_at_tail(&self, window: &[u8], record: Record, (trusted, at_end): (bool, bool)) -> Piece {
        let header = self.header();
        let captured = usize::try_from(record.captured).unwrap_or(usize::MAX);
        if !at_end {
            return Piece::More(header.saturating_add(captured));
        }
        let goes_on = || (1..window.len()).any(|at| self.plausible(window, at, true) == Plausible::Yes);
        if window.len() == header || !trusted && goes_on() {
            return Piece::Damaged(Damage::new(PAST_THE_END, record.captured));
        }
        let here = window.len() - header;
        Piece::CutFrame(self.frame(record, window.len(), here), captured - here)
    }

    fn frame(&self, record: Record, consumed: usize, len: usize) -> FrameCut {
        let nanos = match self.variant {
            Variant::Nanos => u64::from(record.fraction),
            Variant::Micros | Variant::Modified => u64::from(record.fraction) * 1000,
        };
        let nanos = i64::from(record.seconds).saturating_mul(1_000_000_000).saturating_add_unsigned(nanos);
        FrameCut {
            consumed,
            start: self.header(),
            len,
            time: Some(Timestamp(nanos)),
            link: self.link,
            wire_len: record.wire,
        }
    }

    /// Bytes of a record header.
    fn header(&self) -> usize {
        match self.variant {
            Variant::Modified => 24,
            Variant::Micros | Variant::Nanos => 16,
        }
    }

    fn record(&self, window: &[u8], at: usize) -> Option<Record> {
        // The longer header is asked for whole, its additional fields are not used.
        let header = window.get(at..at.checked_add(self.header())?)?.first_chunk::<16>()?;
        let word = |at| self.order.u32(header, at);
        let (captured, wire) = (word(8)?, word(12)?);
        let (captured, wire) =
            if self.lengths_swapped(captured, wire) { (wire, captured) } else { (captured, wire) };
        Some(Record { seconds: word(0)?, fraction: word(4)?, captured, wire })
    }

    /// Before version 2.3 the two lengths stood the other way round; in 2.3 writers differed; DG/UX's
    /// 543.0 never changed.
    fn lengths_swapped(&self, captured: u32, wire: u32) -> bool {
        match self.version {
            (2, 3) => captured > wire,
            (2, minor) => minor < 3,
            (543, 0) => true,
            _ => false,
        }
    }

    /// No frame is longer: what Wireshark accepts, or the file's own limit where that is more.
    fn limit(&self) -> usize {
        usize::try_from(self.snapshot).unwrap_or(MAX_FRAME).clamp(262_144, MAX_FRAME)
    }

    /// Whether a record header looks as writers write it. One that does not may still be right.
    fn trusts(&self, record: Record) -> bool {
        record.captured <= record.wire
            && (self.snapshot == 0 || record.captured <= self.snapshot.max(65_535))
            && self.plausible_time(record)
    }

    fn plausible_time(&self, record: Record) -> bool {
        let limit = if self.variant == Variant::Nanos { 1_000_000_000 } else { 1_000_000 };
        let near = |seconds: u32| seconds.abs_diff(record.seconds) < ONE_YEAR;
        record.fraction < limit && self.last.is_none_or(|(last, right)| near(last) || near(right))
    }

    fn note_time(&mut self, record: Record, trusted: bool) {
        let right = match self.last {
            Some((_, right)) if !trusted => right,
            _ => record.seconds,
        };
        self.last = Some((record.seconds, right));
    }

    /// The header of another file, of the same kind, where a record should be: somebody put files together
    /// with `cat`. As a record it would be of no bytes and of the year 2055.
    fn another(&self, window: &[u8]) -> Option<Self> {
        let other = Self::open(window)?;
        let same = (other.order, other.variant, other.version) == (self.order, self.variant, self.version);
        same.then_some(Self { last: self.last, ..other })
    }

    fn beyond_doubt(&self, record: Record) -> bool {
        let limit = u32::try_from(MAX_FRAME).unwrap_or(u32::MAX);
        (1..=262_144).contains(&record.captured) && record.wire <= limit && self.trusts(record)
    }

    /// Whether something that can be a record header stands at `at`, where a record ends.
    fn follows(&self, window: &[u8], at: usize, at_end: bool) -> Plausible {
        match self.record(window, at) {
            Some(next) if usize::try_from(next.captured).is_ok_and(|len| len <= self.limit()) => {
                Plausible::Yes
            }
            Some(_) => Plausible::No,
            None if at_end => Plausible::Yes,
            None => Plausible::More(at + self.header()),
        }
    }
}

const ONE_YEAR: u32 = 366 * 86_400;

const TOO_LONG: &str = "capture holds a record longer than any frame";
const NOTHING_FOLLOWS: &str = "capture holds a doubtful record with no record behind it";
const PAST_THE_END: &str = "capture holds a record that reaches past the end of the file";
