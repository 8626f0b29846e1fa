//! Page numbers to bytes, through the file and the frames of the WAL (sections 1 and 4).

use std::collections::BTreeMap;

use super::{Header, Part, TextEncoding};
use crate::Oddity;

/// The first bytes of a database (section 1.3.1).
pub(super) const MAGIC: &[u8] = b"SQLite format 3\0";

/// A frame of the WAL: one page as a transaction left it (section 4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The page.
    pub page: u32,
    /// Pages of the database after this frame's transaction, in the last frame of one; else 0.
    pub commit: u32,
    /// Offset of the frame's header in the WAL.
    pub offset: u64,
    /// What it counts for.
    pub state: FrameState,
    /// The salt: equal in the frames of one log.
    pub salt: [u8; 8],
}

/// What a frame counts for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameState {
    /// Part of the current state or of one before it.
    Committed,
    /// Left by an earlier WAL that this one has not yet overwritten, or damaged: its salt or its checksum
    /// does not fit.
    Stale,
    /// Its checksum fits, but no commit follows.
    Uncommitted,
}

/// The pages of a database, in all their versions.
#[derive(Debug)]
pub(super) struct Pages<'a> {
    file: &'a [u8],
    wal: &'a [u8],
    size: usize,
    frames: Vec<Frame>,
    /// For each frame the one that commits its transaction.
    ends: Vec<Option<u32>>,
    versions: BTreeMap<u32, Vec<Version>>,
    last: u32,
}

/// One version of a page and the transactions during which it held, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Version {
    pub(super) part: Part,
    pub(super) from: u32,
    pub(super) to: u32,
}

/// The bytes of one version.
#[derive(Clone, Copy, Debug)]
pub(super) struct Page<'a> {
    pub(super) number: u32,
    pub(super) bytes: &'a [u8],
    /// Where its first byte lies in its file.
    pub(super) offset: u64,
    pub(super) part: Part,
}

impl<'a> Pages<'a> {
    pub(super) fn open(file: &'a [u8], wal: &'a [u8], oddities: &mut Vec<Oddity>) -> Option<(Self, Header)> {
        let of_file = file.starts_with(MAGIC).then(|| page_size(file)).flatten();
        let log = WalHeader::read(wal);
        if log.is_none() && !wal.is_empty() {
            oddities.push(Oddity::new("file holds a WAL whose head is not one", "", 0));
        }
        let size = of_file.or(log.map(|log| log.page_size))?;
        let log = log.filter(|log| log.page_size == size || log_misfit(oddities));
        let frames = log.map(|log| frames(wal, log, oddities)).unwrap_or_default();
        let (versions, last) = versions(&frames);
        let size = usize::try_from(size).ok()?;
        let ends = ends(&frames);
        let mut pages = Self { file, wal, size, frames, ends, versions, last };
        pages.forget_copies();
        let header = pages.header(oddities)?;
        Some((pages, header))
    }

    pub(super) fn frames(&self) -> &[Frame] {
        &self.frames
    }

    /// A checkpoint may have copied frames to the file already. Such a page of the file says nothing of the time
    /// before the log.
    fn forget_copies(&mut self) {
        let mut copies = Vec::new();
        for (page, versions) in &self.versions {
            let Some(own) = self.bytes(*page, Part::File) else { continue };
            let live = versions.iter().filter(|it| it.part != Part::File && it.from > 0);
            if live.filter_map(|it| self.bytes(*page, it.part)).any(|it| it.bytes == own.bytes) {
                copies.push(*page);
            }
        }
        for page in copies {
            if let Some(versions) = self.versions.get_mut(&page) {
                versions.retain(|it| it.part != Part::File);
            }
        }
    }

    pub(super) fn state_of(&self, part: Part) -> Option<FrameState> {
        match part {
            Part::File => None,
            Part::Wal { frame } => Some(self.frame(frame)?.state),
        }
    }

    /// Bytes of both files.
    pub(super) fn total(&self) -> usize {
        self.file.len().saturating_add(self.wal.len())
    }

    /// Pages of both files.
    pub(super) fn count(&self) -> usize {
        (self.file.len() / self.size.max(1)).saturating_add(self.frames.len())
    }

    /// The transaction of the current state.
    pub(super) fn now(&self) -> u32 {
        self.last
    }

    /// The versions of `page` that held at some time of `from..=to`, oldest first. Their ends ascend as their
    /// beginnings do.
    pub(super) fn during(&self, page: u32, from: u32, to: u32) -> &[Version] {
        let known = self.versions.get(&page).map_or(ALONE, Vec::as_slice);
        let first = known.partition_point(|it| it.to < from);
        let last = known.partition_point(|it| it.from <= to);
        known.get(first..last).unwrap_or_default()
    }

    /// The version of `page` that held after transaction `at`, from 1 on.
    pub(super) fn at(&self, page: u32, at: u32) -> Option<Version> {
        self.during(page, at, at).last().copied()
    }

    /// The version of `page` that held when the stale frame `leaf` was committed: the last one of the same log
    /// up to then. None where the log's part that is left has none, and for the file itself.
    pub(super) fn with(&self, page: u32, leaf: Part) -> Option<Part> {
        let Part::Wal { frame } = leaf else { return None };
        let salt = self.frame(frame)?.salt;
        let commit = (*self.ends.get(usize::try_from(frame.checked_sub(1)?).ok()?)?)?;
        let versions = self.versions.get(&page)?;
        // Stale frames come first, in their order.
        let until = versions.partition_point(|it| match it.part {
            Part::Wal { frame } => it.to == 0 && frame <= commit,
            Part::File => false,
        });
        let last = versions.get(until.checked_sub(1)?)?.part;
        let Part::Wal { frame } = last else { return None };
        (self.frame(frame)?.salt == salt).then_some(last)
    }

    /// The bytes of a version; none where the file ends before.
    pub(super) fn bytes(&self, page: u32, part: Part) -> Option<Page<'a>> {
        let (from, start) = match part {
            Part::File => (self.file, usize::try_from(page.checked_sub(1)?).ok()?.checked_mul(self.size)?),
            Part::Wal { frame } => {
                (self.wal, usize::try_from(self.frame(frame)?.offset).ok()?.checked_add(FRAME_HEADER)?)
            }
        };
        let bytes = from.get(start..start.checked_add(self.size)?)?;
        Some(Page { number: page, bytes, offset: u64::try_from(start).ok()?, part })
    }

    fn frame(&self, number: u32) -> Option<&Frame> {
        self.frames.get(usize::try_from(number.checked_sub(1)?).ok()?)
    }

    /// The head as the current version of page 1 has it.
    fn header(&self, oddities: &mut Vec<Oddity>) -> Option<Header> {
        let version = self.at(1, self.last)?;
        let whole = self.bytes(1, version.part).map(|page| page.bytes);
        let head = whole.or(self.file.get(..100)).filter(|head| head.starts_with(MAGIC))?;
        if !self.file.len().is_multiple_of(self.size) {
            let detail = format!("{} bytes in pages of {}", self.file.len(), self.size);
            let end = u64::try_from(self.file.len()).unwrap_or(u64::MAX);
            oddities.push(Oddity::new("file lacks the end of its last page", detail, end));
        }
        let encoding = match be32(head, 56)? {
            2 => TextEncoding::Utf16Le,
            3 => TextEncoding::Utf16Be,
            _ => TextEncoding::Utf8,
        };
        Some(Header {
            page_size: u32::try_from(self.size).ok()?,
            reserved: *head.get(20)?,
            encoding,
            auto_vacuum: be32(head, 52)? != 0,
            free_pages: be32(head, 36)?,
            user_version: be32(head, 60)?,
        })
    }
}

pub(super) fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|it| u16::from_be_bytes(*it))
}

pub(super) fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|it| u32::from_be_bytes(*it))
}

/// The page size at offset 16, where 1 stands for 65,536.
fn page_size(file: &[u8]) -> Option<u32> {
    let size = match be16(file, 16)? {
        1 => 65_536,
        size => u32::from(size),
    };
    (size.is_power_of_two() && size >= 512).then_some(size)
}

fn log_misfit(oddities: &mut Vec<Oddity>) -> bool {
    oddities.push(Oddity::new("file holds a WAL of another page size, which is not read", "", 8));
    false
}

/// The first 32 bytes of a WAL.
#[derive(Clone, Copy)]
struct WalHeader {
    page_size: u32,
    salt: [u8; 8],
    sum: Checksum,
}

impl WalHeader {
    fn read(wal: &[u8]) -> Option<Self> {
        let big = match be32(wal, 0)? {
            0x377f_0682 => false,
            0x377f_0683 => true,
            _ => return None,
        };
        let page_size =
            be32(wal, 8).filter(|size| size.is_power_of_two() && (512..=65_536).contains(size))?;
        let salt = *wal.get(16..)?.first_chunk()?;
        let mut sum = Checksum { big, a: 0, b: 0 };
        sum.add(wal.get(..24)?);
        sum.is(wal, 24).then_some(Self { page_size, salt, sum })
    }
}

/// The running checksum over pairs of 32-bit words (section 4.2).
#[derive(Clone, Copy)]
struct Checksum {
    big: bool,
    a: u32,
    b: u32,
}

impl Checksum {
    fn add(&mut self, bytes: &[u8]) {
        let (words, _) = bytes.as_chunks::<4>();
        let word = |it: [u8; 4]| if self.big { u32::from_be_bytes(it) } else { u32::from_le_bytes(it) };
        let (mut a, mut b) = (self.a, self.b);
        for [first, second] in words.as_chunks::<2>().0 {
            a = a.wrapping_add(word(*first)).wrapping_add(b);
            b = b.wrapping_add(word(*second)).wrapping_add(a);
        }
        (self.a, self.b) = (a, b);
    }

    fn is(&self, bytes: &[u8], at: usize) -> bool {
        be32(bytes, at) == Some(self.a) && be32(bytes, at.saturating_add(4)) == Some(self.b)
    }
}

/// All whole frames. From the first one that does not fit the chain of checksums on, they are stale.
fn frames(wal: &[u8], log: WalHeader, oddities: &mut Vec<Oddity>) -> Vec<Frame> {
    let Ok(size) = usize::try_from(log.page_size) else { return Vec::new() };
    let step = size.saturating_add(FRAME_HEADER);
    let body = wal.get(WAL_HEADER..).unwrap_or_default();
    let (mut sum, mut whole, mut all) = (log.sum, true, Vec::new());
    let mut offset = WAL_HEADER;
    for frame in body.chunks_exact(step) {
        let (Some(page), Some(commit)) = (be32(frame, 0), be32(frame, 4)) else { break };
        sum.add(frame.get(..8).unwrap_or_default());
        sum.add(frame.get(FRAME_HEADER..).unwrap_or_default());
        whole &= frame.get(8..16) == Some(&log.salt) && sum.is(frame, 16);
        let state = if whole { FrameState::Uncommitted } else { FrameState::Stale };
        let salt = frame.get(8..).and_then(|it| it.first_chunk().copied()).unwrap_or_default();
        all.push(Frame { page, commit, offset: u64::try_from(offset).unwrap_or(u64::MAX), state, salt });
        offset = offset.saturating_add(step);
    }
    let rest = body.len() % step;
    if rest != 0 {
        let at = u64::try_from(offset).unwrap_or(u64::MAX);
        oddities.push(Oddity::new("file lacks the end of the WAL's last frame", format!("{rest} bytes"), at));
    }
    commit(&mut all);
    all
}

/// Frames up to the last commit are committed.
fn commit(frames: &mut [Frame]) {
    let last = frames.iter().rposition(|it| it.state == FrameState::Uncommitted && it.commit != 0);
    let covered = last.map_or(0, |last| last.saturating_add(1));
    for frame in frames.iter_mut().take(covered) {
        frame.state = FrameState::Committed;
    }
}

/// For each frame the number of the next one of the same log that commits.
fn ends(frames: &[Frame]) -> Vec<Option<u32>> {
    let mut ends = vec![None; frames.len()];
    let mut next: Option<(u32, [u8; 8])> = None;
    for (at, (frame, end)) in frames.iter().zip(&mut ends).enumerate().rev() {
        if frame.commit != 0 {
            next = u32::try_from(at.saturating_add(1)).ok().map(|number| (number, frame.salt));
        }
        *end = next.filter(|it| it.1 == frame.salt).map(|it| it.0);
    }
    ends
}

/// The versions of each page that has a frame, and the number of the last committed transaction.
fn versions(frames: &[Frame]) -> (BTreeMap<u32, Vec<Version>>, u32) {
    let mut versions: BTreeMap<u32, Vec<Version>> = BTreeMap::new();
    let (mut at, mut last) = (2u32, 1);
    for (frame, number) in frames.iter().zip(1u32..).filter(|(frame, _)| frame.state != FrameState::Stale) {
        let of_page = versions.entry(frame.page).or_insert_with(|| ALONE.to_vec());
        if let Some(before) = of_page.last_mut() {
            before.to = before.from.max(at.saturating_sub(1));
        }
        of_page.push(Version { part: Part::Wal { frame: number }, from: at, to: u32::MAX });
        if frame.commit != 0 {
            last = at;
            at = at.saturating_add(1);
        }
    }
    let mut stale: BTreeMap<u32, Vec<Version>> = BTreeMap::new();
    for (frame, number) in frames.iter().zip(1u32..).filter(|(frame, _)| frame.state == FrameState::Stale) {
        let version = Version { part: Part::Wal { frame: number }, from: 0, to: 0 };
        stale.entry(frame.page).or_default().push(version);
    }
    for (page, mut older) in stale {
        let newer = versions.entry(page).or_insert_with(|| ALONE.to_vec());
        older.append(newer);
        *newer = older;
    }
    (versions, last)
}

/// All versions of a page that no frame has.
const ALONE: &[Version] = &[Version { part: Part::File, from: 0, to: u32::MAX }];

/// Bytes before the first frame.
const WAL_HEADER: usize = 32;

/// Bytes before a frame's page.
const FRAME_HEADER: usize = 24;
