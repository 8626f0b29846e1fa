//! Results to files: each is replaced whole or not at all.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use crate::exit::{Exit, Failed};

/// Makes a folder for results, and sees that it can be written to: before the work, not after it.
pub(crate) fn folder(folder: &Path) -> anyhow::Result<()> {
    let probe = folder.join(".phonehome");
    fs::create_dir_all(folder)
        .and_then(|()| new_file(&probe))
        .and_then(|_| fs::remove_file(&probe))
        .map_err(|error| failed(folder, &error))
}

/// Writes a file beside its final name, then puts it there. A link of that name is replaced, not followed:
/// a case's folder may come from anybody.
pub(crate) fn file(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    file_by(path, |out| out.write_all(bytes))
}

/// As [`file`], for what is written piece by piece.
pub(crate) fn file_by(
    path: &Path,
    content: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> anyhow::Result<()> {
    let unfinished = unfinished(path);
    new_file(&unfinished)
        .and_then(|file| {
            let mut out = BufWriter::with_capacity(BUFFER, file);
            content(&mut out).and_then(|()| out.flush())
        })
        .and_then(|()| fs::rename(&unfinished, path))
        .inspect_err(|_| drop(fs::remove_file(&unfinished)))
        .map_err(|error| failed(path, &error))
}

fn unfinished(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    name.into()
}

/// A result that is too long to be held whole: a file, or standard output.
pub(crate) struct Output {
    out: Box<dyn Write + Send>,
    /// The file beside its final name, and that name.
    path: Option<(PathBuf, PathBuf)>,
}

impl Output {
    /// Begins a file, or, where it is called `-`, standard output.
    pub(crate) fn create(path: &Path) -> anyhow::Result<Self> {
        if path == Path::new("-") {
            return Ok(Self { out: Box::new(BufWriter::new(io::stdout())), path: None });
        }
        let unfinished = unfinished(path);
        let file = new_file(&unfinished).map_err(|error| unwritten(path, &error))?;
        Ok(Self { out: Box::new(BufWriter::new(file)), path: Some((unfinished, path.to_owned())) })
    }

    /// All is written: puts the file where it belongs.
    pub(crate) fn finish(mut self) -> anyhow::Result<()> {
        let flushed = self.out.flush();
        let Some((unfinished, path)) = self.path.take() else {
            return crate::print::printed(flushed);
        };
        flushed
            .and_then(|()| fs::rename(&unfinished, &path))
            .inspect_err(|_| drop(fs::remove_file(&unfinished)))
            .map_err(|error| unwritten(&path, &error))
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl Drop for Output {
    /// What was not finished is thrown away.
    fn drop(&mut self) {
        if let Some((unfinished, _)) = &self.path {
            let _ = fs::remove_file(unfinished);
        }
    }
}

fn unwritten(path: &Path, error: &io::Error) -> anyhow::Error {
    Failed::with(Exit::Output, format!("{}: cannot be written: {error}", path.display()))
}

/// Bytes that are written at a time.
const BUFFER: usize = 64 << 10;

/// A file that was not there before; what is left from an earlier run gives way.
fn new_file(path: &Path) -> io::Result<File> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => File::create_new(path),
    }
}

fn failed(path: &Path, error: &io::Error) -> anyhow::Error {
    let words = format!("{}: cannot be written: {error}; choose another folder with --out", path.display());
    Failed::with(Exit::Output, words)
}
