//! Cases from files.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use evidence::{CASE_FORMAT, Case};

use crate::exit::{Exit, Failed};

/// Reads a case: the folder that `phonehome audit` wrote, or its case.json. Gives the folder as well.
pub(crate) fn load(path: &Path) -> anyhow::Result<(PathBuf, Case)> {
    let file = if path.is_dir() { path.join("case.json") } else { path.to_owned() };
    let fail = |words: String| Failed::with(Exit::Nothing, format!("{}: {words}", file.display()));
    let about = fs::metadata(&file).map_err(|error| {
        fail(format!("cannot be read: {error}; give the folder that `phonehome audit` wrote"))
    })?;
    if !about.is_file() || about.len() > LARGEST {
        return Err(fail("is no case; give the folder that `phonehome audit` wrote".to_owned()));
    }
    let text = fs::read(&file).map_err(|error| fail(format!("cannot be read: {error}")))?;
    let case: Case = serde_json::from_slice(&text)
        .map_err(|error| fail(format!("is no case, or a damaged one: {error}; audit the capture again")))?;
    if major(&case.format) != major(CASE_FORMAT) {
        let words =
            format!("is of another format ({}, not {CASE_FORMAT}); audit the capture again", case.format);
        return Err(fail(words));
    }
    Ok((file.parent().unwrap_or(Path::new("")).to_owned(), case))
}

fn major(format: &str) -> &str {
    format.split_once('.').map_or(format, |(major, _)| major)
}

/// A case with the name that it has beside others.
pub(crate) struct Called {
    pub(crate) name: String,
    pub(crate) file: PathBuf,
    pub(crate) case: Case,
}

/// Reads `[NAME=]CASE` each. What exists as it stands has no name; then the folder's is taken.
pub(crate) fn called(given: &[PathBuf]) -> anyhow::Result<Vec<Called>> {
    let mut taken = BTreeSet::new();
    given
        .iter()
        .map(|given| {
            let (name, path) = parted(given);
            let (folder, case) = load(&path)?;
            let mut unique = name.clone();
            for number in 2.. {
                if taken.insert(unique.clone()) {
                    break;
                }
                unique = format!("{name} ({number})");
            }
            let file = if path.is_dir() { folder.join("case.json") } else { path };
            Ok(Called { name: unique, file, case })
        })
        .collect()
}

fn parted(given: &Path) -> (String, PathBuf) {
    let named = given.to_str().filter(|_| !given.exists()).and_then(|text| text.split_once('='));
    if let Some((name, path)) = named.filter(|(name, _)| !name.is_empty()) {
        return (name.to_owned(), PathBuf::from(path));
    }
    let whole = fs::canonicalize(given).unwrap_or_else(|_| given.to_owned());
    let folder = if whole.is_dir() { Some(whole.as_path()) } else { whole.parent() };
    let name = folder.and_then(Path::file_name).unwrap_or(given.as_os_str()).to_string_lossy();
    (name.strip_suffix(".case").unwrap_or(&name).to_owned(), given.to_owned())
}

/// The largest case.json that is read.
const LARGEST: u64 = 1 << 30;
