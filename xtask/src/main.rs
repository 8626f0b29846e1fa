//! Chores of the project: `cargo xtask <chore>`.

#![expect(clippy::print_stdout, reason = "a command-line tool tells on standard output")]

mod data;
mod layers;

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

const CHORES: &str = "\
  check-layers   hold the crates' dependencies and the pure crates' sources against the table";

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.first().map(String::as_str) {
        Some("check-layers") => layers::check(&root()?),
        Some("data") => data::run(arguments.get(1..).unwrap_or_default()),
        _ => bail!("usage: cargo xtask <chore>\n{CHORES}"),
    }
}

/// The workspace's folder.
fn root() -> anyhow::Result<PathBuf> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().map(Path::to_owned).context("xtask lies in no workspace")
}
