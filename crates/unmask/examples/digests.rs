//! Digests a second: `cargo run --release -p unmask --example digests [threads]`.
//!
//! Seconds are the processor's, of all threads together, where Linux tells them: a busy machine counts less then.
//! Each row sweeps types of IMEIs for a digest of the last value of the last type, and fails if it is not found.
#![allow(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a measurement is printed, and fails if it is wrong"
)]

use std::{
    sync::{
        LazyLock,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use unmask::hashed::{Algorithm, Attempt, Budget, Mix, Recipe, Salt, Space, Sweep};

fn main() {
    let threads = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(1);
    println!("threads {threads}");
    for (algorithm, types) in
        [(Algorithm::Md5, 64), (Algorithm::Sha1, 32), (Algorithm::Sha256, 16), (Algorithm::Sha512, 1)]
    {
        let recipe = Recipe::single(Mix::Plain, algorithm);
        row(types, threads, Attempt { layout: 0, recipe, salt: None });
    }
    let salt = Salt::common().first().cloned();
    row(1, threads, Attempt { layout: 0, recipe: Recipe::single(Mix::SaltIsKey, Algorithm::Sha256), salt });
    whole_type(threads);
}

fn row(types: u32, threads: usize, attempt: Attempt) {
    let name = attempt.recipe.to_string();
    let sweep = sweep(types, attempt);
    let values = sweep.space().len();
    let took = run(&sweep, threads);
    println!("{name:>28} {values:>10} digests in {took:>8.2?}: {:>7.2} million a second", rate(values, took));
}

/// One type in the usual ways: three layouts, three functions.
fn whole_type(threads: usize) {
    let space = imeis(1);
    let last = space.spell(0, space.len() - 1).unwrap_or_default();
    let digest = hex(&Algorithm::Sha256.digest(&last));
    let sweep = Sweep::usual(space, &[], &[digest.as_bytes()]);
    let (cost, took) = (sweep.cost(), run(&sweep, threads));
    println!("a whole type against one SHA-256, {cost} digests: {took:.3?}");
}

fn sweep(types: u32, attempt: Attempt) -> Sweep {
    let space = imeis(types);
    let last = space.spell(attempt.layout, space.len() - 1).unwrap_or_default();
    let salt = attempt.salt.clone().map(|salt| salt.bytes).unwrap_or_default();
    let digest = hex(&attempt.recipe.apply(&last, &salt).unwrap_or_default());
    Sweep::new(space, vec![attempt], &[digest.as_bytes()])
}

fn imeis(types: u32) -> Space {
    let tacs: Vec<String> = (0..types).map(|number| (35_209_900 + number).to_string()).collect();
    let tacs: Vec<&str> = tacs.iter().map(String::as_str).collect();
    Space::imei(&tacs).expect("eight digits")
}

/// Runs a sweep's ranges on threads until all are done.
fn run(sweep: &Sweep, threads: usize) -> Duration {
    let ranges: Vec<_> = sweep.ranges(200_000).collect();
    let (next, found) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let started = clock();
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(range) = ranges.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let swept = sweep.run(range.clone(), &mut Budget::new(u64::MAX));
                    found.fetch_add(swept.found.len(), Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!(found.into_inner(), 1, "the planted value");
    clock().saturating_sub(started)
}

/// User time of the process, or time since some moment.
fn clock() -> Duration {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    let stat = std::fs::read_to_string("/proc/self/stat").ok();
    let ticks =
        stat.as_deref().and_then(|text| text.rsplit_once(')')?.1.split_whitespace().nth(11)?.parse().ok());
    ticks.map_or_else(|| START.elapsed(), |ticks: u64| Duration::from_millis(ticks * 10))
}

fn rate(digests: u64, took: Duration) -> f64 {
    digests as f64 / took.as_secs_f64() / 1e6
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
