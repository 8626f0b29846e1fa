//! A case that lies where results go: it may be somebody's only one, so that nothing but a case of the same inputs,
//! or of more, takes its place.

use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
};

use audit::input::{Digested, Input, expand};
use evidence::{Capture, Holds};

use crate::{
    case,
    exit::{Exit, Failed},
};

/// Refuses to replace the case in `folder` where it was made from other inputs. Secrets do not count: more of them
/// only make the same case better.
pub(crate) fn spare(folder: &Path, inputs: &[PathBuf]) -> anyhow::Result<()> {
    let file = folder.join("case.json");
    // Where no input is there at all, that is the better thing to say, and nothing is written.
    let given = |input: &PathBuf| input.as_os_str() == "-" || input.exists();
    if !fs::metadata(&file).is_ok_and(|about| about.is_file()) || !inputs.iter().any(given) {
        return Ok(());
    }
    let refused = |why: &str| {
        let words = format!(
            "{}: {why}; choose another folder with --out, or replace it with --force",
            file.display()
        );
        Err(Failed::with(Exit::Output, words))
    };
    let Ok((_, case)) = case::load(folder) else {
        return refused("is there already, and nobody can say what it was made from");
    };
    let earlier: Vec<&Capture> = case.captures.iter().filter(|one| one.holds != Holds::Secrets).collect();
    let given = digests(inputs, &earlier);
    match earlier.iter().find(|one| !given.contains(&one.sha256)) {
        None => Ok(()),
        Some(one) => {
            let begin = one.sha256.get(..DIGITS).unwrap_or(&one.sha256);
            refused(&format!(
                "is the case of other inputs: of {}, SHA-256 {begin}…, which is not given now",
                one.name
            ))
        }
    }
}

/// The SHA-256 of those inputs that could be `earlier` ones by their length.
fn digests(inputs: &[PathBuf], earlier: &[&Capture]) -> HashSet<String> {
    let files = expand(inputs).0.into_iter().filter_map(|input| match input {
        Input::File(path) | Input::Keys(path) => Some(path),
        Input::Standard => None,
    });
    let could_be = |path: &PathBuf| {
        fs::metadata(path)
            .is_ok_and(|about| about.is_file() && earlier.iter().any(|one| one.file_bytes == about.len()))
    };
    files.filter(could_be).filter_map(|path| Some(Digested::of_file(&path).ok()?.finish())).collect()
}

/// How much of a digest people compare.
const DIGITS: usize = 12;
