//! The captures of a case, found again and known by their digest.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    ops::{ControlFlow, Range},
    path::{Path, PathBuf},
};

use evidence::{Capture, CaptureId, FrameNo, Holds, Trail};
use wire::capture::{Event, Reader};

use super::{
    CaptureBytes, Place,
    carried::{self, Carried},
    in_entries, in_frames,
    recipe::Recipe,
};
use crate::{
    apps::disk,
    entries::each_entry,
    input::{Digested, Input, Opened, fill, open},
    kind::Kind,
    lines::LineStarts,
    messages,
    windows::each_event,
};

/// Captures on the disk.
#[derive(Debug, Default)]
pub struct CaptureFiles {
    files: BTreeMap<CaptureId, Found>,
}

#[derive(Debug)]
struct Found {
    path: PathBuf,
    /// Whether the case says that it is a file of the phone.
    of_phone: bool,
    bytes: Bytes,
}

/// How the bytes of a capture are come by.
#[derive(Debug)]
enum Bytes {
    /// Compressed: what was asked for beforehand, by its start; `None` where nothing was. A proof's pieces lie
    /// all over a capture, which is too large to be held, and too slow to be unpacked for each of them.
    Compressed(Option<BTreeMap<u64, Vec<u8>>>),
    /// As it lies on the disk; open once it was read from.
    Plain(Option<File>),
}

/// A capture that cannot be found again.
#[derive(Debug, thiserror::Error)]
pub enum CaptureMissing {
    /// There is a file of its name, but not with its contents.
    #[error(
        "{}: is not the capture that was audited: its SHA-256 is not {sha256}; say where that one lies with --captures",
        path.display()
    )]
    Changed {
        /// The file.
        path: PathBuf,
        /// The digest that the case gives.
        sha256: String,
    },
    /// There is no such file.
    #[error(
        "{name}: the capture is not there; say where the file with the SHA-256 {sha256} lies with --captures"
    )]
    Gone {
        /// Its name in the case.
        name: String,
        /// The digest that the case gives.
        sha256: String,
    },
}

impl CaptureFiles {
    /// Looks for a case's captures where they were, beside `case`, and in `places` (files or folders).
    pub fn find(captures: &[Capture], case: &Path, places: &[PathBuf]) -> Result<Self, CaptureMissing> {
        let mut found = Self::default();
        for capture in captures {
            let candidates = candidates(capture, case, places);
            match candidates.iter().find(|path| is_it(path, capture)) {
                Some(path) => found.add(capture, path.clone()),
                None => return Err(missing(capture, &candidates)),
            }
        }
        Ok(found)
    }

    /// The captures of a case that was made just now: where they were, not hashed again. What was read from
    /// standard input is gone.
    pub fn just_read(captures: &[Capture]) -> Self {
        let mut found = Self::default();
        let files = captures.iter().filter(|capture| capture.name != Input::Standard.name());
        files.for_each(|capture| found.add(capture, PathBuf::from(&capture.name)));
        found
    }

    fn add(&mut self, capture: &Capture, path: PathBuf) {
        let compressed =
            path.is_file() && open(&Input::File(path.clone())).is_ok_and(|file| file.compression.is_some());
        let bytes = if compressed { Bytes::Compressed(None) } else { Bytes::Plain(None) };
        let of_phone = capture.holds == Holds::Phone;
        self.files.insert(capture.id, Found { path, of_phone, bytes });
    }

    /// A capture, and what it is. A bill may be one only for whoever knows its form.
    fn open(&self, capture: CaptureId) -> io::Result<Opened> {
        let found = self.files.get(&capture).ok_or(io::ErrorKind::NotFound)?;
        let mut opened = open(&Input::File(found.path.clone()))?;
        let bill = Some(Kind::Messages(messages::Kind::Bill)).filter(|_| found.of_phone);
        opened.kind = opened.kind.or(bill);
        Ok(opened)
    }

    /// Where a capture lies.
    pub fn path(&self, capture: CaptureId) -> Option<&Path> {
        self.files.get(&capture).map(|found| found.path.as_path())
    }

    /// Says what will be read, so that each compressed capture is unpacked once for all of it. Of those, nothing
    /// else can be read afterwards.
    pub fn prepare(&mut self, places: impl Iterator<Item = (CaptureId, Range<u64>)>) -> io::Result<()> {
        let mut wanted: BTreeMap<CaptureId, Vec<Range<u64>>> = BTreeMap::new();
        for (capture, range) in places {
            if matches!(self.files.get(&capture), Some(Found { bytes: Bytes::Compressed(_), .. })) {
                wanted.entry(capture).or_default().push(range);
            }
        }
        for (capture, ranges) in wanted {
            if let Some(Found { path, bytes: Bytes::Compressed(pieces), .. }) = self.files.get_mut(&capture) {
                *pieces = Some(unpack(path, joined(ranges))?);
            }
        }
        Ok(())
    }

    /// Checks that the frames hold the file ranges a proof names; says which does not.
    pub fn check(&self, places: &[Place]) -> io::Result<Option<FrameNo>> {
        Ok(self.without(places.iter().cloned())?.first().map(|(_, frame)| *frame))
    }

    /// The frames and entries that do not hold what trails say lies in them. Lines of secrets are not looked at,
    /// neither of a file of their own nor inside a capture.
    pub fn unheld<'t>(
        &self,
        trails: impl Iterator<Item = &'t Trail> + Clone,
    ) -> io::Result<BTreeSet<(CaptureId, FrameNo)>> {
        let of_flows = |place: &Place| {
            matches!(
                self.open(place.0).map(|opened| opened.kind),
                Ok(Some(Kind::Apk | Kind::Flows(_) | Kind::Messages(_) | Kind::Phone(_)))
            )
        };
        let entries = trails.clone().flat_map(in_entries).filter(of_flows);
        self.without(trails.flat_map(in_frames).chain(entries))
    }

    /// Dissects again the frames whose payloads trails say they are made of. Files of secrets and
    /// of the phone's carry nothing.
    pub fn carried<'t>(&self, trails: impl Iterator<Item = &'t Trail>) -> io::Result<Carried> {
        let mut carried = Carried::default();
        for (capture, frames) in carried::wanted(trails) {
            let path = self.path(capture).ok_or(io::ErrorKind::NotFound)?;
            let mut opened = open(&Input::File(path.to_owned()))?;
            match opened.kind {
                Some(Kind::Flows(_)) => carried.pass(capture),
                Some(Kind::Capture) | None => carried.read(capture, frames, &mut *opened.bytes)?,
                Some(Kind::Apk | Kind::KeyLog | Kind::Messages(_) | Kind::Phone(_) | Kind::PrivateKey) => {}
            }
        }
        Ok(carried)
    }

    /// The frames and entries that do not hold the file ranges which are said to lie in them. Reads each capture
    /// once.
    fn without(&self, places: impl Iterator<Item = Place>) -> io::Result<BTreeSet<(CaptureId, FrameNo)>> {
        let mut wanted: BTreeMap<CaptureId, BTreeMap<FrameNo, Vec<Range<u64>>>> = BTreeMap::new();
        for (capture, frame, range) in places {
            wanted.entry(capture).or_default().entry(frame).or_default().push(range);
        }
        let mut without = BTreeSet::new();
        for (capture, mut frames) in wanted {
            let mut opened = self.open(capture)?;
            let mut strike = |number: FrameNo, offset: u64, len: usize| {
                if frames.get(&number).is_some_and(|ranges| holds(offset, len, ranges)) {
                    frames.remove(&number);
                }
                if frames.is_empty() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            };
            match opened.kind {
                Some(Kind::Flows(format)) => each_entry(capture, format, &mut *opened.bytes, |entry| {
                    strike(entry.number, entry.offset, entry.bytes.len())
                })?,
                Some(Kind::Apk) => each_member(&mut *opened.bytes, strike)?,
                Some(Kind::Messages(kind)) => each_place(kind, &opened.head, &mut *opened.bytes, strike)?,
                Some(Kind::Phone(_)) => each_line(&mut *opened.bytes, strike)?,
                _ => each_event(&mut Reader::new(capture), &mut *opened.bytes, |event| match event {
                    Event::Frame(frame) => strike(frame.number, frame.offset, frame.data.len()),
                    Event::Anomaly(_) | Event::Note(_) => ControlFlow::Continue(()),
                })?,
            }
            without.extend(frames.into_keys().map(|frame| (capture, frame)));
        }
        Ok(without)
    }
}

impl CaptureBytes for CaptureFiles {
    fn read(&mut self, capture: CaptureId, range: &Range<u64>) -> io::Result<Vec<u8>> {
        let found = self.files.get_mut(&capture).ok_or(io::ErrorKind::NotFound)?;
        let read = match &mut found.bytes {
            Bytes::Compressed(Some(pieces)) => cut(pieces, range).unwrap_or_default(),
            Bytes::Compressed(None) => {
                unpack(&found.path, vec![range.clone()])?.into_values().next().unwrap_or_default()
            }
            Bytes::Plain(file) => {
                let file = match file {
                    Some(file) => file,
                    None => file.insert(File::open(&found.path)?),
                };
                read_at(file, range)?
            }
        };
        let whole = read.len() as u64 == range.end.saturating_sub(range.start);
        if whole { Ok(read) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }
}

/// The bytes `range` of a file; fewer where it ends before.
fn read_at(file: &mut File, range: &Range<u64>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(range.start))?;
    file.take(range.end.saturating_sub(range.start)).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The ranges of a compressed file, which are sorted and do not overlap, in one go. What comes behind the
/// limit is left out.
fn unpack(path: &Path, ranges: Vec<Range<u64>>) -> io::Result<BTreeMap<u64, Vec<u8>>> {
    let mut bytes = open(&Input::File(path.to_owned()))?.bytes;
    let mut pieces = BTreeMap::new();
    let (mut at, mut room) = (0, KEPT);
    for range in ranges {
        let (skip, len) = (range.start.saturating_sub(at), range.end.saturating_sub(range.start));
        if len > room {
            break;
        }
        let skipped = io::copy(&mut (&mut bytes).take(skip), &mut io::sink())?;
        let mut piece = Vec::new();
        (&mut bytes).take(len).read_to_end(&mut piece)?;
        if skipped < skip || (piece.len() as u64) < len {
            break;
        }
        (at, room) = (range.end, room - len);
        pieces.insert(range.start, piece);
    }
    Ok(pieces)
}

/// The bytes `range`, where one of the pieces holds them all.
fn cut(pieces: &BTreeMap<u64, Vec<u8>>, range: &Range<u64>) -> Option<Vec<u8>> {
    let (start, piece) = pieces.range(..=range.start).next_back()?;
    let from = usize::try_from(range.start - start).ok()?;
    let to = usize::try_from(range.end.checked_sub(*start)?).ok()?;
    piece.get(from..to).map(<[u8]>::to_vec)
}

/// The same bytes as sorted ranges that do not meet.
fn joined(mut ranges: Vec<Range<u64>>) -> Vec<Range<u64>> {
    ranges.sort_by_key(|range| (range.start, range.end));
    let mut joined: Vec<Range<u64>> = Vec::new();
    for range in ranges.into_iter().filter(|range| range.start < range.end) {
        match joined.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => joined.push(range),
        }
    }
    joined
}

/// Calls `each` with the number, place and length of every member of an app's package, as it lies packed there,
/// until it says stop. They are counted from 1, in the order of the directory.
fn each_member(
    bytes: &mut dyn Read,
    mut each: impl FnMut(FrameNo, u64, usize) -> ControlFlow<()>,
) -> io::Result<()> {
    let mut file = Vec::new();
    bytes.take(disk::LARGEST).read_to_end(&mut file)?;
    let archive = handset::apk::zip::Archive::read(&file);
    for (number, member) in (1..).map(FrameNo).zip(archive.members()) {
        // Nothing is unpacked: the place is all that is asked for.
        let Some(content) = archive.content(member, 0) else { continue };
        if each(number, content.packed.start, length(content.packed.start, content.packed.end)).is_break() {
            break;
        }
    }
    Ok(())
}

/// Calls `each` with the number, place and length of every line of a file, until it says stop.
fn each_line(
    bytes: &mut dyn Read,
    mut each: impl FnMut(FrameNo, u64, usize) -> ControlFlow<()>,
) -> io::Result<()> {
    let mut window = vec![0; LINES];
    let (mut lines, mut starts) = (LineStarts::default(), Vec::new());
    let (mut number, mut start, mut at) = (1, 0u64, 0u64);
    loop {
        let (count, read) = fill(bytes, &mut window);
        lines.push(window.get(..count).unwrap_or_default(), |start| starts.push(start));
        for next in starts.drain(..) {
            let end = next.saturating_sub(lines.writing().unit());
            if each(FrameNo(number), start, length(start, end)).is_break() {
                return Ok(());
            }
            (number, start) = (number + 1, next);
        }
        at += count as u64;
        if count < LINES {
            let _ = each(FrameNo(number), start, length(start, at));
            return read;
        }
    }
}

/// Calls `each` with the number, place and length of every page of a database, frame of its log, or line of a
/// text; a backup is one place.
fn each_place(
    kind: messages::Kind,
    head: &[u8],
    bytes: &mut dyn Read,
    mut each: impl FnMut(FrameNo, u64, usize) -> ControlFlow<()>,
) -> io::Result<()> {
    let number =
        |at: usize| head.get(at..at + 4).and_then(|four| four.try_into().ok()).map(u32::from_be_bytes);
    let (first, size) = match kind {
        messages::Kind::Bill | messages::Kind::Xml => return each_line(bytes, each),
        messages::Kind::Backup => {
            let _ = each(FrameNo(1), 0, usize::MAX);
            return Ok(());
        }
        // SQLite's file format, sections 1.3.2 and 4.1: one stands for 65,536.
        messages::Kind::Database => match number(16).map(|both| both >> 16) {
            Some(1) => (0, 1 << 16),
            size => (0, size.unwrap_or(0)),
        },
        messages::Kind::Log => (LOG_HEAD, number(8).unwrap_or(0).saturating_add(FRAME_HEAD)),
    };
    let size = u64::from(size.max(512));
    let len = io::copy(bytes, &mut io::sink())?;
    let mut start = first;
    for number in 1.. {
        if start >= len || each(FrameNo(number), start, length(0, size)).is_break() {
            break;
        }
        start = start.saturating_add(size);
    }
    Ok(())
}

/// The header of a write-ahead log.
const LOG_HEAD: u64 = 32;
/// The header of each of its frames.
const FRAME_HEAD: u32 = 24;

fn length(start: u64, end: u64) -> usize {
    usize::try_from(end.saturating_sub(start)).unwrap_or(usize::MAX)
}

fn holds(offset: u64, len: usize, ranges: &[Range<u64>]) -> bool {
    let end = offset.saturating_add(len as u64);
    ranges.iter().all(|range| offset <= range.start && range.end <= end)
}

/// Where a capture may lie: where it was, beside or in the case's folder, and where the caller says.
fn candidates(capture: &Capture, case: &Path, places: &[PathBuf]) -> Vec<PathBuf> {
    let name = Path::new(&capture.name);
    let file = name.file_name().unwrap_or_default();
    let mut candidates = vec![name.to_owned(), case.join(file)];
    candidates.extend(case.parent().map(|beside| beside.join(file)));
    // A name may be relative to where the audit ran, some folders above the case.
    candidates.extend(case.ancestors().take(Recipe::ABOVE).map(|folder| folder.join(name)));
    for place in places {
        if place.is_dir() {
            candidates.push(place.join(file));
            let entries = std::fs::read_dir(place).into_iter().flatten().flatten();
            let mut entries: Vec<_> = entries.map(|entry| entry.path()).collect();
            entries.sort();
            candidates.extend(entries);
        } else {
            candidates.push(place.clone());
        }
    }
    candidates
}

fn missing(capture: &Capture, candidates: &[PathBuf]) -> CaptureMissing {
    let sha256 = capture.sha256.clone();
    let file = Path::new(&capture.name).file_name();
    match candidates.iter().find(|path| path.is_file() && path.file_name() == file) {
        Some(path) => CaptureMissing::Changed { path: path.clone(), sha256 },
        None => CaptureMissing::Gone { name: capture.name.clone(), sha256 },
    }
}

/// Whether a file is the capture: by its length first, which is cheap, then by its digest.
fn is_it(path: &Path, capture: &Capture) -> bool {
    let same_length = path.metadata().is_ok_and(|about| about.is_file() && about.len() == capture.file_bytes);
    same_length && Digested::of_file(path).is_ok_and(|digested| digested.finish() == capture.sha256)
}

/// How many bytes of one compressed capture are held for proofs.
const KEPT: u64 = 1 << 28;

/// How much of a file of lines is read at a time.
const LINES: usize = 1 << 18;

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn capture(name: &Path, bytes: &[u8]) -> Capture {
        let mut digested = Digested::default();
        digested.update(bytes);
        Capture {
            id: CaptureId(0),
            name: name.display().to_string(),
            format: "pcap".into(),
            holds: evidence::Holds::Packets,
            sha256: digested.finish(),
            file_bytes: bytes.len() as u64,
            bytes: bytes.len() as u64,
            frames: 0,
            first: None,
            last: None,
            notes: Vec::new(),
            damage: None,
        }
    }

    #[test]
    fn a_capture_is_known_by_its_digest_and_not_by_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let was = folder.path().join("was/x.pcap");
        let told = capture(&was, b"the capture");
        let find =
            |places: &[PathBuf]| CaptureFiles::find(std::slice::from_ref(&told), folder.path(), places);
        assert!(matches!(find(&[]), Err(CaptureMissing::Gone { .. })));
        std::fs::write(folder.path().join("x.pcap"), "not capture").unwrap();
        assert!(matches!(find(&[]), Err(CaptureMissing::Changed { .. })), "as long, but another one");
        let elsewhere = folder.path().join("elsewhere");
        std::fs::create_dir(&elsewhere).unwrap();
        std::fs::write(elsewhere.join("renamed"), "the capture").unwrap();
        let found = find(std::slice::from_ref(&elsewhere)).unwrap();
        assert_eq!(found.path(CaptureId(0)), Some(elsewhere.join("renamed").as_path()));
    }

    #[test]
    fn a_compressed_capture_reads_like_a_plain_one() {
        let folder = tempfile::tempdir().unwrap();
        let bytes: Vec<u8> = (0..200_000_u32).flat_map(u32::to_le_bytes).collect();
        let (plain, packed) = (folder.path().join("plain"), folder.path().join("packed"));
        std::fs::write(&plain, &bytes).unwrap();
        let mut gzip =
            flate2::write::GzEncoder::new(File::create(&packed).unwrap(), flate2::Compression::fast());
        gzip.write_all(&bytes).unwrap();
        gzip.finish().unwrap();
        let mut files = CaptureFiles::just_read(&[
            capture(&plain, &[]),
            Capture { id: CaptureId(1), ..capture(&packed, &[]) },
        ]);
        let ranges = [700_000..700_010, 3..5, 4..90, 799_999..800_000];
        for prepared in [false, true] {
            if prepared {
                files.prepare(ranges.iter().map(|range| (CaptureId(1), range.clone()))).unwrap();
            }
            for range in &ranges {
                let expected = &bytes[range.start as usize..range.end as usize];
                assert_eq!(files.read(CaptureId(0), range).unwrap(), expected, "{range:?}");
                assert_eq!(files.read(CaptureId(1), range).unwrap(), expected, "{range:?}");
            }
            for id in [0, 1] {
                assert!(files.read(CaptureId(id), &(799_999..800_001)).is_err(), "behind the end");
            }
        }
        assert!(files.read(CaptureId(1), &(500..501)).is_err(), "not asked for");
    }

    #[test]
    fn what_came_from_standard_input_is_gone() {
        let mut files = CaptureFiles::just_read(&[capture(Path::new("standard input"), b"")]);
        assert!(files.read(CaptureId(0), &(0..1)).is_err());
    }
}
