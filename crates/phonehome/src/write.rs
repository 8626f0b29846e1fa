//! Results to files: each is replaced whole or not at all.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::Path,
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
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    let unfinished = Path::new(&name);
    new_file(unfinished)
        .and_then(|mut file| file.write_all(bytes))
        .and_then(|()| fs::rename(unfinished, path))
        .inspect_err(|_| drop(fs::remove_file(unfinished)))
        .map_err(|error| failed(path, &error))
}

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
