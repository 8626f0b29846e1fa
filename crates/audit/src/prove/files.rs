//! The captures of a case, found again and known by their digest.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    ops::{ControlFlow, Range},
    path::{Path, PathBuf},
};

use evidence::{Capture, CaptureId, FrameNo};
use wire::capture::{Event, Reader};

use super::CaptureBytes;
use crate::{
    input::{Digested, Input, open},
    windows::each_event,
};

/// Captures on the disk.
#[derive(Debug, Default)]
pub struct CaptureFiles {
    files: BTreeMap<CaptureId, PathBuf>,
    /// Compressed captures, once they were read: a proof's pieces lie all over them.
    unpacked: BTreeMap<CaptureId, Vec<u8>>,
    compressed: std::collections::BTreeSet<CaptureId>,
}

/// A capture that cannot be found again.
#[derive(Debug, thiserror::Error)]
#[error("{name}: not found with the SHA-256 {sha256} that the case gives; say where it lies with --captures")]
pub struct CaptureMissing {
    name: String,
    sha256: String,
}

impl CaptureFiles {
    /// Looks for a case's captures where they were, beside `case`, and in `places` (files or folders).
    pub fn find(captures: &[Capture], case: &Path, places: &[PathBuf]) -> Result<Self, CaptureMissing> {
        let mut found = Self::default();
        for capture in captures {
            let path = candidates(capture, case, places).into_iter().find(|path| is_it(path, capture));
            let path = path.ok_or_else(|| CaptureMissing {
                name: capture.name.clone(),
                sha256: capture.sha256.clone(),
            })?;
            found.add(capture, path);
        }
        Ok(found)
    }

    /// The captures of a case that was made just now: where they were, not hashed again.
    pub fn just_read(captures: &[Capture]) -> Self {
        let mut found = Self::default();
        captures.iter().for_each(|capture| found.add(capture, PathBuf::from(&capture.name)));
        found
    }

    fn add(&mut self, capture: &Capture, path: PathBuf) {
        self.files.insert(capture.id, path);
        if capture.bytes != capture.file_bytes {
            self.compressed.insert(capture.id);
        }
    }

    /// Where a capture lies.
    pub fn path(&self, capture: CaptureId) -> Option<&Path> {
        self.files.get(&capture).map(PathBuf::as_path)
    }

    /// Checks that the frames hold the file ranges a proof names; says which does not.
    pub fn check(&self, places: &[(CaptureId, FrameNo, Range<u64>)]) -> io::Result<Option<FrameNo>> {
        let captures: std::collections::BTreeSet<_> = places.iter().map(|(capture, _, _)| *capture).collect();
        for capture in captures {
            let path = self.path(capture).ok_or(io::ErrorKind::NotFound)?;
            let mut open_places: BTreeMap<FrameNo, Vec<&Range<u64>>> = BTreeMap::new();
            for (_, frame, range) in places.iter().filter(|(of, _, _)| *of == capture) {
                open_places.entry(*frame).or_default().push(range);
            }
            let mut reader = Reader::new(capture);
            let mut bytes = open(&Input::File(path.to_owned()))?.bytes;
            each_event(&mut reader, &mut *bytes, |event| {
                if let Event::Frame(frame) = event {
                    let held = frame.offset..frame.offset.saturating_add(frame.data.len() as u64);
                    let holds = |range: &&&Range<u64>| held.start <= range.start && range.end <= held.end;
                    let all = open_places.get(&frame.number).map(|ranges| ranges.iter().all(|range| holds(&range)));
                    if all == Some(true) {
                        open_places.remove(&frame.number);
                    }
                }
                if open_places.is_empty() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            })?;
            if let Some((frame, _)) = open_places.first_key_value() {
                return Ok(Some(*frame));
            }
        }
        Ok(None)
    }
}

impl CaptureBytes for CaptureFiles {
    fn read(&mut self, capture: CaptureId, range: &Range<u64>) -> io::Result<Vec<u8>> {
        let path = self.files.get(&capture).ok_or(io::ErrorKind::NotFound)?;
        let len = range.end.saturating_sub(range.start);
        let mut bytes = Vec::new();
        if self.compressed.contains(&capture) {
            if !self.unpacked.contains_key(&capture) {
                let mut whole = Vec::new();
                open(&Input::File(path.clone()))?.bytes.take(UNPACKED).read_to_end(&mut whole)?;
                self.unpacked.insert(capture, whole);
            }
            return self.unpacked.read(capture, range);
        }
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(range.start))?;
        file.take(len).read_to_end(&mut bytes)?;
        if bytes.len() as u64 == len { Ok(bytes) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }
}

fn candidates(capture: &Capture, case: &Path, places: &[PathBuf]) -> Vec<PathBuf> {
    let name = Path::new(&capture.name);
    let file = name.file_name().unwrap_or_default();
    let mut candidates = vec![name.to_owned(), case.join(file)];
    if let Some(beside) = case.parent() {
        candidates.push(beside.join(file));
    }
    for place in places {
        if place.is_dir() {
            candidates.push(place.join(file));
            let entries = std::fs::read_dir(place).into_iter().flatten().flatten();
            candidates.extend(entries.map(|entry| entry.path()));
        } else {
            candidates.push(place.clone());
        }
    }
    candidates
}

/// Whether a file is the capture: by its length first, which is cheap, then by its digest.
fn is_it(path: &Path, capture: &Capture) -> bool {
    let same_length = path.metadata().is_ok_and(|about| about.is_file() && about.len() == capture.file_bytes);
    same_length && digest(path).is_ok_and(|digest| digest == capture.sha256)
}

fn digest(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut digested = Digested::default();
    let mut buffer = vec![0; 1 << 18];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(digested.finish()),
            count => digested.update(buffer.get(..count).unwrap_or_default()),
        }
    }
}

/// How much of a compressed capture is held in memory for proofs.
const UNPACKED: u64 = 1 << 30;
