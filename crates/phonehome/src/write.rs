//! Results to files: each is replaced whole or not at all, and none is what the run reads.

use std::{
    ffi::OsStr,
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use audit::input::{Input, expand};

use crate::exit::{Exit, Failed};

/// Refuses results that would take the place of what is read: the files that `inputs` stand for, by whatever
/// name or link. Evidence must outlive every mistake on a command line.
pub(crate) fn spare<'p>(
    inputs: &[PathBuf],
    outputs: impl IntoIterator<Item = &'p Path>,
) -> anyhow::Result<()> {
    let there: Vec<_> = outputs.into_iter().filter_map(|path| Some((path, identity(path)?))).collect();
    if there.is_empty() {
        return Ok(());
    }
    for input in expand(inputs).0 {
        let Input::File(input) = input else { continue };
        let read = identity(&input);
        if let Some((output, _)) = there.iter().find(|(_, output)| Some(output) == read.as_ref()) {
            let (output, input) = (output.display(), input.display());
            let words = format!("{output}: is {input}, which is read; write the result somewhere else");
            return Err(Failed::with(Exit::Usage, words));
        }
    }
    Ok(())
}

/// Refuses two results in one file.
pub(crate) fn apart(outputs: &[&Path]) -> anyhow::Result<()> {
    for (number, one) in outputs.iter().enumerate() {
        let same = |other: &&&Path| whereabouts(other) == whereabouts(one);
        if let Some(other) = outputs.iter().skip(number + 1).find(same) {
            let words = format!("{}: would be written twice; give each result a file", other.display());
            return Err(Failed::with(Exit::Usage, words));
        }
    }
    Ok(())
}

/// The folder a file lies in, whatever it is called, and the file's name.
fn whereabouts(path: &Path) -> (PathBuf, Option<&OsStr>) {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    (fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned()), path.file_name())
}

/// What tells a regular file from every other; `None` where there is none.
#[cfg(unix)]
fn identity(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    let about = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
    Some((about.dev(), about.ino()))
}

/// What tells a regular file from every other; `None` where there is none.
#[cfg(not(unix))]
fn identity(path: &Path) -> Option<PathBuf> {
    fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
    fs::canonicalize(path).ok()
}

/// Makes a folder for results, and sees that it can be written to: before the work, not after it.
pub(crate) fn folder(folder: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(folder)
        .and_then(|()| beside(&folder.join(".phonehome")))
        .and_then(|(probe, _)| fs::remove_file(probe))
        .map_err(|error| failed(folder, &error))
}

/// A result that somebody else writes by its path, under another name until it is whole.
pub(crate) struct Draft {
    unfinished: PathBuf,
    path: PathBuf,
    kept: bool,
}

impl Draft {
    /// Begins a file that will be called `path`.
    pub(crate) fn of(path: &Path) -> anyhow::Result<Self> {
        let (unfinished, _) = beside(path).map_err(|error| failed(path, &error))?;
        Ok(Self { unfinished, path: path.to_owned(), kept: false })
    }

    /// What to write to.
    pub(crate) fn unfinished(&self) -> &Path {
        &self.unfinished
    }

    /// Puts it where it belongs.
    pub(crate) fn keep(mut self) -> anyhow::Result<()> {
        fs::rename(&self.unfinished, &self.path).map_err(|error| failed(&self.path, &error))?;
        self.kept = true;
        Ok(())
    }
}

impl Drop for Draft {
    /// What was not kept is thrown away.
    fn drop(&mut self) {
        if !self.kept {
            let _ = fs::remove_file(&self.unfinished);
        }
    }
}

/// Writes a file beside its final name, then puts it there. A link of that name is replaced, not followed:
/// a case's folder may come from anybody.
pub(crate) fn file(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    file_by(path, |out| out.write_all(bytes))
}

/// As [`file()`], for what is written piece by piece.
pub(crate) fn file_by(
    path: &Path,
    content: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> anyhow::Result<()> {
    replaceable(path)?;
    let (unfinished, file) = beside(path).map_err(|error| failed(path, &error))?;
    let mut out = BufWriter::with_capacity(BUFFER, file);
    content(&mut out)
        .and_then(|()| out.flush())
        .and_then(|()| fs::rename(&unfinished, path))
        .inspect_err(|_| drop(fs::remove_file(&unfinished)))
        .map_err(|error| failed(path, &error))
}

/// Refuses a name that a device, a pipe or the like has in a case's folder: none of them belongs there.
pub(crate) fn replaceable(path: &Path) -> anyhow::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(about) if !about.is_file() && !about.is_symlink() && !about.is_dir() => {
            let words = format!("{}: is there already and is no file", path.display());
            Err(Failed::with(Exit::Output, words + "; choose another folder with --out"))
        }
        _ => Ok(()),
    }
}

/// A new file beside `path`, under a name that nothing had: what lies there may be somebody's evidence.
pub(crate) fn beside(path: &Path) -> io::Result<(PathBuf, File)> {
    let mut taken = io::Error::from(io::ErrorKind::AlreadyExists);
    for number in 0..UNFINISHED {
        let mut name = path.as_os_str().to_owned();
        name.push(if number == 0 { ".part".to_owned() } else { format!(".part{number}") });
        match File::create_new(&name) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => taken = error,
            made => return made.map(|file| (name.into(), file)),
        }
    }
    Err(taken)
}

/// A result that is too long to be held whole.
pub(crate) struct Output {
    out: Box<dyn Write + Send>,
    end: End,
}

/// Where a result goes.
enum End {
    /// Standard output.
    Standard,
    /// What was there before and is no regular file: a device, a pipe.
    Through(PathBuf),
    /// A file: the unfinished one beside its final name, and that name.
    File(PathBuf, PathBuf),
}

impl Output {
    /// Begins a file, or, where it is called `-`, standard output. What is there and is no regular file is
    /// written to as it is: putting a file in the place of `/dev/null` would harm the whole machine.
    pub(crate) fn create(path: &Path) -> anyhow::Result<Self> {
        if is_standard(path) {
            return Ok(Self { out: Box::new(BufWriter::new(io::stdout())), end: End::Standard });
        }
        let opened = if is_through(path) {
            let opened = OpenOptions::new().append(true).open(path);
            opened.map(|file| (file, End::Through(path.to_owned())))
        } else {
            beside(path).map(|(unfinished, file)| (file, End::File(unfinished, path.to_owned())))
        };
        let (file, end) = opened.map_err(|error| unwritten(path, &error))?;
        Ok(Self { out: Box::new(BufWriter::new(file)), end })
    }

    /// All is written: puts the file where it belongs.
    pub(crate) fn finish(mut self) -> anyhow::Result<()> {
        let flushed = self.out.flush();
        match std::mem::replace(&mut self.end, End::Standard) {
            End::Standard => crate::print::printed(flushed),
            End::Through(path) => flushed.map_err(|error| unwritten(&path, &error)),
            End::File(unfinished, path) => flushed
                .and_then(|()| fs::rename(&unfinished, &path))
                .inspect_err(|_| drop(fs::remove_file(&unfinished)))
                .map_err(|error| unwritten(&path, &error)),
        }
    }
}

/// Whether a path is a name of standard output.
pub(crate) fn is_standard(path: &Path) -> bool {
    STANDARD.iter().any(|name| path == Path::new(name))
}

/// Whether a result is written to what is there. Descriptors of the process look like links to files.
fn is_through(path: &Path) -> bool {
    let of_system = ["/dev", "/proc"].iter().any(|folder| path.starts_with(folder));
    fs::metadata(path).is_ok_and(|about| !about.is_file() || of_system)
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
        if let End::File(unfinished, _) = &self.end {
            let _ = fs::remove_file(unfinished);
        }
    }
}

fn unwritten(path: &Path, error: &io::Error) -> anyhow::Error {
    Failed::with(Exit::Output, format!("{}: cannot be written: {error}", path.display()))
}

/// Bytes that are written at a time.
const BUFFER: usize = 64 << 10;

fn failed(path: &Path, error: &io::Error) -> anyhow::Error {
    let words = format!("{}: cannot be written: {error}; choose another folder with --out", path.display());
    Failed::with(Exit::Output, words)
}

/// Names of standard output.
const STANDARD: [&str; 4] = ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"];
/// How many unfinished files may lie beside a result, left by runs that were killed.
const UNFINISHED: u32 = 100;
