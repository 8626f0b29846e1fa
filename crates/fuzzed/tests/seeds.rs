//! Every target over its seeds, over real captures where they are, and over mutations of both: what a
//! fuzzer found once stays found, with the stock toolchain.
//!
//! `FUZZED_ONLY=http FUZZED_EFFORT=10 cargo test -p fuzzed` gives one target ten times as much.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may fail")]

mod mutation;

use std::{
    collections::BTreeSet,
    env, fs,
    panic::catch_unwind,
    path::{Path, PathBuf},
    thread,
};

use fuzzed::{TARGETS, Target};
use testkit::{Dice, corpora, files_below};

#[test]
fn no_seed_and_no_mutation_breaks_a_law() {
    let corpora = corpora();
    let corpora = corpora.as_deref();
    let broken: Vec<_> = thread::scope(|scope| {
        let run = |target| scope.spawn(move || broken(target, corpora));
        let runs: Vec<_> = TARGETS.iter().filter(|target| wanted(target)).map(run).collect();
        runs.into_iter().flat_map(|run| run.join().unwrap()).collect()
    });
    assert!(
        broken.is_empty(),
        "inputs that break a law, also in {}:\n{}",
        found().display(),
        broken.join("\n")
    );
}

/// The inputs of a target that break a law, written down where they can be looked at.
fn broken(target: &Target, corpora: Option<&Path>) -> Vec<String> {
    let own = own_seeds(target.name);
    let folders = target.corpora.iter().filter_map(|folder| Some(corpora?.join(folder)));
    let seeds: Vec<_> = own.into_iter().chain(folders.flat_map(|folder| files_below(&folder))).collect();
    let mut broken = Vec::new();
    let files: Vec<_> = seeds.iter().map(|path| fs::read(path).unwrap()).collect();
    for (path, bytes) in seeds.iter().zip(&files) {
        if !keeps_the_laws(target, bytes) {
            broken.push(format!("{}: {}", target.name, path.display()));
        }
    }
    let mut dice = Dice::new(1);
    let mut left = target.effort * effort();
    while left > 0 && broken.len() < MOST_BROKEN {
        let [seed, other] = [0, 0].map(|_| &files[usize::try_from(dice.below(files.len() as u64)).unwrap()]);
        let bytes = mutation::mutated(seed, other, &mut dice);
        left = left.saturating_sub(bytes.len() + OVERHEAD);
        if !keeps_the_laws(target, &bytes) {
            broken.push(format!("{}: {}", target.name, keep(target, &bytes).display()));
        }
    }
    broken
}

fn keeps_the_laws(target: &Target, bytes: &[u8]) -> bool {
    catch_unwind(|| (target.run)(bytes)).is_ok()
}

fn keep(target: &Target, bytes: &[u8]) -> PathBuf {
    let sum = bytes.iter().fold(0_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(*byte)));
    let path = found().join(format!("{}-{sum:016x}", target.name));
    fs::create_dir_all(found()).unwrap();
    fs::write(&path, bytes).unwrap();
    path
}

/// The list of targets is the one in the library; what cargo-fuzz needs besides follows it.
#[test]
fn every_target_has_its_binary_and_its_seeds() {
    let names: BTreeSet<_> = TARGETS.iter().map(|target| target.name.to_owned()).collect();
    assert_eq!(names.len(), TARGETS.len(), "two targets have one name");
    assert!(TARGETS.is_sorted_by_key(|target| target.name), "not in order");
    let manifest = fs::read_to_string(fuzz().join("Cargo.toml")).unwrap();
    for name in &names {
        let binary = fs::read_to_string(fuzz().join(format!("fuzz_targets/{name}.rs"))).unwrap_or_default();
        assert_eq!(binary, format!("{MAIN}{CALL}\"{name}\", bytes));\n"), "fuzz/fuzz_targets/{name}.rs");
        let entry = format!("[[bin]]\nname = \"{name}\"\npath = \"fuzz_targets/{name}.rs\"\n");
        assert!(manifest.contains(&entry), "fuzz/Cargo.toml lacks\n{entry}");
        assert!(!own_seeds(name).is_empty(), "fuzz/seeds/{name} holds no seed");
    }
    let stems = files_below(&fuzz().join("fuzz_targets"));
    let stems = stems.iter().map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned());
    assert_eq!(stems.collect::<BTreeSet<_>>(), names, "fuzz/fuzz_targets");
    let folders = fs::read_dir(fuzz().join("seeds")).unwrap();
    let folders = folders.map(|folder| folder.unwrap().file_name().into_string().unwrap());
    assert_eq!(folders.collect::<BTreeSet<_>>(), names, "fuzz/seeds");
}

fn own_seeds(target: &str) -> Vec<PathBuf> {
    files_below(&fuzz().join("seeds").join(target))
}

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz")
}

/// Where inputs that break a law are kept.
fn found() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("fuzzed")
}

fn wanted(target: &Target) -> bool {
    env::var("FUZZED_ONLY").map_or(true, |only| only == target.name)
}

fn effort() -> usize {
    env::var("FUZZED_EFFORT").ok().and_then(|effort| effort.parse().ok()).unwrap_or(1)
}

const MAIN: &str = "#![no_main]\n\n";
const CALL: &str = "libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzzed::run(";

/// What an input costs besides its bytes, in bytes.
const OVERHEAD: usize = 100;
/// Enough to see what they have in common.
const MOST_BROKEN: usize = 5;
