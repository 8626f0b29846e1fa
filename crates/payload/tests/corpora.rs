//! Real files as bodies: whatever is in them, the laws hold and noise stays noise.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test may panic"
)]

mod support;

use std::path::{Path, PathBuf};

use support::explore;

/// The corpora's folder, where there is one.
fn corpora() -> Option<PathBuf> {
    let named = std::env::var_os("PHONEHOME_CORPORA").map(PathBuf::from);
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let near = here.ancestors().map(|folder| folder.join("../shared/corpora"));
    let found = named.into_iter().chain(near).find(|folder| folder.is_dir());
    if found.is_none() {
        println!("SKIP: no corpora; set PHONEHOME_CORPORA to their folder");
        assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "CI needs the corpora");
    }
    found
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let mut paths: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

#[test]
fn real_files_obey_the_laws() {
    let Some(folder) = corpora() else { return };
    let mut paths = Vec::new();
    files(&folder, &mut paths);
    let step = (paths.len() / 150).max(1);
    for path in paths.iter().step_by(step) {
        let Ok(mut bytes) = std::fs::read(path) else { continue };
        bytes.truncate(300_000);
        let tree = explore(&bytes, "", "");
        // One buffer for every 40 bytes would be an explosion; JSON of nothing but escapes comes near it.
        assert!(
            tree.buffers.len() <= 20 + bytes.len() / 40,
            "{}: {} buffers",
            path.display(),
            tree.buffers.len()
        );
    }
}
