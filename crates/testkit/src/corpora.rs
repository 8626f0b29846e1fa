//! Where the real captures lie that are not part of the repository.

use std::{
    env,
    path::{Path, PathBuf},
};

/// The folder of real captures: `PHONEHOME_CORPORA`, else `shared/corpora` beside the workspace.
///
/// Where it is missing, says so with a line that begins with `SKIP` and gives `None`.
///
/// # Panics
/// Where it is missing although the environment variable `CI` is `true`: there, a test that silently
/// did nothing would be worse than one that fails.
#[expect(clippy::print_stderr, reason = "a test must not be skipped in silence")]
pub fn corpora() -> Option<PathBuf> {
    let found = named().or_else(beside);
    if found.is_none() {
        assert!(
            env::var("CI").as_deref() != Ok("true"),
            "no real captures: set PHONEHOME_CORPORA to their folder"
        );
        eprintln!("SKIP no real captures: set PHONEHOME_CORPORA to their folder");
    }
    found
}

/// All files below `folder`, sorted by path; none where it cannot be read.
pub fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                Ok(kind) if kind.is_file() => files.push(entry.path()),
                _ => {}
            }
        }
    }
    files.sort();
    files
}

fn named() -> Option<PathBuf> {
    let folder = PathBuf::from(env::var_os("PHONEHOME_CORPORA")?);
    folder.is_dir().then_some(folder)
}

fn beside() -> Option<PathBuf> {
    let start = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from).or_else(|| env::current_dir().ok())?;
    start.ancestors().map(|folder| folder.join("../shared/corpora")).find(|folder| folder.is_dir())
}
