//! The apps at hand, each read once. An audit asks their code twice: for `constants` before all is told, and
//! for signs (`code`) after. What was read for the first question is kept for the second, as long as there is
//! room.

use std::{
    io,
    path::{Path, PathBuf},
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

use evidence::CaptureId;
use handset::apk::Apk;

use super::disk::LARGEST;

/// The apps' files, and the bytes of those that are kept.
#[derive(Debug)]
pub(crate) struct Files(Vec<(CaptureId, PathBuf, OnceLock<Vec<u8>>)>);

/// The apps over their files.
#[derive(Debug)]
pub(crate) struct Held<'f> {
    files: &'f Files,
    read: Vec<OnceLock<Apk<'f>>>,
    /// How many bytes more may be kept.
    room: AtomicU64,
}

impl Files {
    pub(crate) fn of(apps: &[(CaptureId, PathBuf)]) -> Self {
        Self(apps.iter().map(|(capture, path)| (*capture, path.clone(), OnceLock::new())).collect())
    }
}

impl<'f> Held<'f> {
    pub(crate) fn over(files: &'f Files) -> Self {
        Self::within(files, ROOM)
    }

    fn within(files: &'f Files, room: u64) -> Self {
        Self { files, read: files.0.iter().map(|_| OnceLock::new()).collect(), room: AtomicU64::new(room) }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.files.0.is_empty()
    }

    /// Every app by its place.
    pub(crate) fn all(&self) -> impl Iterator<Item = (usize, CaptureId, &Path)> {
        (0..).zip(&self.files.0).map(|(place, (capture, path, _))| (place, *capture, path.as_path()))
    }

    /// Asks an app that will be asked again.
    pub(super) fn first<R>(&self, place: usize, ask: impl FnOnce(&Apk<'_>) -> R) -> io::Result<R> {
        self.ask(place, ask, |len| self.reserve(len))
    }

    /// Asks an app for the last time.
    pub(super) fn last<R>(&self, place: usize, ask: impl FnOnce(&Apk<'_>) -> R) -> io::Result<R> {
        self.ask(place, ask, |_| false)
    }

    fn ask<R>(
        &self,
        place: usize,
        ask: impl FnOnce(&Apk<'_>) -> R,
        keep: impl FnOnce(usize) -> bool,
    ) -> io::Result<R> {
        let file = self.files.0.get(place).zip(self.read.get(place));
        let ((_, path, kept), apk) = file.ok_or(io::ErrorKind::NotFound)?;
        if let Some(apk) = apk.get() {
            return Ok(ask(apk));
        }
        let bytes = read(path)?;
        if keep(bytes.len()) {
            return Ok(ask(apk.get_or_init(|| Apk::read(kept.get_or_init(|| bytes)))));
        }
        Ok(ask(&Apk::read(&bytes)))
    }

    /// Whether there is room for an app of a file of that length.
    fn reserve(&self, len: usize) -> bool {
        let needed = (len as u64).saturating_mul(TIMES);
        let less = |room: u64| room.checked_sub(needed);
        self.room.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok()
    }
}

/// An app's file, unless it is too large to be read at once.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    if std::fs::metadata(path)?.len() > LARGEST {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    std::fs::read(path)
}

/// Bytes that are kept of all apps together, reckoned as so many times their files: code is packed there, and who uses
/// what in it takes as much again.
const ROOM: u64 = 1 << 30;
const TIMES: u64 = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_app_is_read_once_where_there_is_room() {
        let folder = tempfile::tempdir().unwrap();
        let [small, large] = ["small", "large"].map(|name| folder.path().join(name));
        fs_write(&small, 10);
        fs_write(&large, 1000);
        let files = Files::of(&[(CaptureId(0), small.clone()), (CaptureId(1), large.clone())]);
        let held = Held::within(&files, 100);
        let len = |apk: &Apk<'_>| apk.archive().bytes().len();
        assert_eq!([0, 1].map(|place| held.first(place, len).ok()), [Some(10), Some(1000)]);
        // What is gone from the disk was kept, or is read again.
        std::fs::remove_file(small).unwrap();
        fs_write(&large, 1001);
        assert_eq!([0, 1, 2].map(|place| held.last(place, len).ok()), [Some(10), Some(1001), None]);
    }

    fn fs_write(path: &Path, len: usize) {
        std::fs::write(path, vec![0; len]).unwrap();
    }
}
