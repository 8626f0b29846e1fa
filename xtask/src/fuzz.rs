//! `cargo xtask fuzz`: every fuzz target for a while, from our seeds and the real captures, and what broke.
//!
//! Needs cargo-fuzz and a nightly toolchain. What a fuzzer learned stays in `fuzz/corpus/` (not committed);
//! an input that broke a law lies in `fuzz/artifacts/`. Made small with `cargo +nightly fuzz tmin`, it becomes
//! a seed: a file in `fuzz/seeds/<target>/`, from where the tests of `fuzzed` run it for ever.

use std::{fs, path::Path, process::Command};

use anyhow::{Context, bail};
use fuzzed::{TARGETS, Target};

/// `[--seconds N] [TARGET…]`: these targets, else all, for so many seconds each (60).
pub(crate) fn run(root: &Path, arguments: &[String]) -> anyhow::Result<()> {
    let (seconds, names) = match arguments {
        [flag, seconds, names @ ..] if flag == "--seconds" => {
            (seconds.parse().context("N is a number of seconds")?, names)
        }
        names => (60, names),
    };
    let targets = chosen(names)?;
    let mut broken = Vec::new();
    for target in targets {
        println!("== {} for {seconds} s", target.name);
        if !fuzz(&root.join("fuzz"), target, seconds)? {
            broken.push(target.name);
        }
    }
    if broken.is_empty() {
        return Ok(());
    }
    bail!("targets that broke a law: {}; the inputs are in fuzz/artifacts", broken.join(", "))
}

fn chosen(names: &[String]) -> anyhow::Result<Vec<&'static Target>> {
    let known = |name: &String| {
        let target = TARGETS.iter().find(|target| target.name == name);
        target.with_context(|| format!("there is no target {name}; fuzz/fuzz_targets has them"))
    };
    if names.is_empty() { Ok(TARGETS.iter().collect()) } else { names.iter().map(known).collect() }
}

/// Whether the target kept its laws.
fn fuzz(folder: &Path, target: &Target, seconds: u32) -> anyhow::Result<bool> {
    let corpus = folder.join("corpus").join(target.name);
    fs::create_dir_all(&corpus).with_context(|| format!("making {}", corpus.display()))?;
    let corpora = testkit::corpora();
    let real = target.corpora.iter().filter_map(|seeds| Some(corpora.as_ref()?.join(seeds)));
    let status = Command::new("cargo")
        .args(["+nightly", "fuzz", "run", target.name])
        .arg(corpus)
        .arg(folder.join("seeds").join(target.name))
        .args(real)
        .args(["--", "-timeout=20", "-rss_limit_mb=2048", "-max_len=65536"])
        .arg(format!("-max_total_time={seconds}"))
        .current_dir(folder)
        // Set by the cargo that runs us, for its own toolchain.
        .env_remove("RUSTUP_TOOLCHAIN")
        .env_remove("CARGO")
        .status()
        .context("running cargo fuzz: is it installed? cargo install cargo-fuzz --locked")?;
    Ok(status.success())
}
