//! Chores of the project: `cargo xtask <chore>`.

#![expect(clippy::print_stdout, reason = "a command-line tool tells on standard output")]

mod bench;
mod cases;
mod corpus;
mod data;
mod fuzz;
mod layers;
mod sample;
mod traffic;

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

const CHORES: &str = "\
  bench          measure the audit beside other tools and check its answer: docs/benchmarks.md
  cases          play the cases, audit them, and say what is found: docs/cases.md
  check-layers   hold the crates' dependencies and the pure crates' sources against the table
  fuzz           feed every parser what a fuzzer invents (nightly, cargo-fuzz)";

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.first().map(String::as_str) {
        Some("bench") => bench::run(&root()?, arguments.get(1..).unwrap_or_default()),
        Some("cases") => cases::run(&root()?, arguments.get(1..).unwrap_or_default()),
        Some("check-layers") => layers::check(&root()?),
        Some("corpus") => corpus::write(&root()?.join("corpus")),
        Some("data") => data::run(arguments.get(1..).unwrap_or_default()),
        Some("fuzz") => fuzz::run(&root()?, arguments.get(1..).unwrap_or_default()),
        Some("generate") => generate(arguments.get(1..).unwrap_or_default()),
        Some("sample") => Ok(sample::write(&root()?.join("samples/unlock.pcapng"))?),
        _ => bail!("usage: cargo xtask <chore>\n{CHORES}"),
    }
}

/// Writes the captures: the bulk one of so many megabytes (1,000), the others in proportion.
fn generate(arguments: &[String]) -> anyhow::Result<()> {
    let [folder, rest @ ..] = arguments else {
        bail!("where to? usage: cargo xtask generate DIR [MEGABYTES]")
    };
    let folder = Path::new(folder);
    let megabytes: u64 =
        rest.first().map_or(Ok(1000), |size| size.parse()).context("MEGABYTES is a number")?;
    std::fs::create_dir_all(folder)?;
    for kind in traffic::Kind::ALL {
        let path = folder.join(format!("{}.pcap", kind.name()));
        let made = traffic::capture(&path, kind, kind.size(megabytes * 1_000_000))?;
        println!("{}: {made:?}", path.display());
    }
    Ok(())
}

/// The workspace's folder.
fn root() -> anyhow::Result<PathBuf> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().map(Path::to_owned).context("xtask lies in no workspace")
}
