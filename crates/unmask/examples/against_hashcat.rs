//! The same search with hashcat and with a sweep: `cargo run --release -p unmask --example against_hashcat [threads]`;
//! with `plan` behind the threads, a whole national plan by the sweep alone.
//!
//! Both look for a digest that none of a hundred million telephone numbers (`+49151` and eight digits) has, so both
//! try all of them. Seconds are the processor's, in user and system mode, of all threads and children; the clock's are
//! beside them. What hashcat takes to start is measured with a hundred numbers, and told apart.
#![allow(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a measurement is printed, and fails if it is wrong"
)]

use std::{
    process::{Command, Stdio},
    sync::atomic::{AtomicU64, AtomicUsize, Ordering},
    thread,
    time::Instant,
};

use evidence::IdentifierKind;
use unmask::hashed::{Algorithm, Attempt, Budget, Mix, Recipe, Space, Sweep};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let threads = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(2);
    if arguments.next().as_deref() == Some("plan") {
        return plan(threads);
    }
    println!(
        "threads {threads}; seconds of the processor (of the clock); millions a second of the processor"
    );
    for (algorithm, mode) in [(Algorithm::Md5, "0"), (Algorithm::Sha1, "100"), (Algorithm::Sha256, "1400")] {
        let digest = hex(&algorithm.digest(b"none of them"));
        let start = measured(|| hashcat(threads, mode, &digest, "?d?d"));
        let theirs = measured(|| hashcat(threads, mode, &digest, "?d?d?d?d?d?d?d?d"));
        let ours = measured(|| sweep(threads, algorithm, &digest, "+49 151 ########"));
        let net = theirs.0 - start.0;
        println!(
            "{:>7}: sweep {}, hashcat {} of which {} to start; {:.1} against {:.1} ({:.1} with the start): {:.2} times",
            algorithm.name(),
            told(ours),
            told(theirs),
            told(start),
            100.0 / ours.0,
            100.0 / net,
            100.0 / theirs.0,
            net / ours.0
        );
    }
}

/// A thousand million numbers, of a plan with nine digits left open.
fn plan(threads: usize) {
    for algorithm in [Algorithm::Md5, Algorithm::Sha1, Algorithm::Sha256] {
        let digest = hex(&algorithm.digest(b"none of them"));
        let took = measured(|| sweep(threads, algorithm, &digest, "+49 1## #######"));
        println!("{:>7}: a plan of 10^9 numbers on {threads} threads: {}", algorithm.name(), told(took));
    }
}

fn sweep(threads: usize, algorithm: Algorithm, digest: &str, plan: &str) {
    let space = Space::numbers(IdentifierKind::PhoneNumber, &[plan]).expect("a plan");
    let attempt = Attempt { layout: 0, recipe: Recipe::single(Mix::Plain, algorithm), salt: None };
    let sweep = Sweep::new(space, vec![attempt], &[digest.as_bytes()]);
    let ranges: Vec<_> = sweep.ranges(1_000_000).collect();
    let (next, tries) = (AtomicUsize::new(0), AtomicU64::new(0));
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(range) = ranges.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let swept = sweep.run(range.clone(), &mut Budget::new(u64::MAX));
                    assert!(swept.found.is_empty(), "none of them");
                    tries.fetch_add(swept.tries, Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!(tries.into_inner(), sweep.cost(), "all were tried");
}

fn hashcat(threads: usize, mode: &str, digest: &str, digits: &str) {
    let mask = format!("+49151{digits}");
    let mut command = Command::new("hashcat");
    let fixed = [
        "-a",
        "3",
        "-O",
        "-w",
        "3",
        "--quiet",
        "--potfile-disable",
        "--restore-disable",
        "--logfile-disable",
    ];
    command.args(fixed).args(["-m", mode, digest, &mask]).env("POCL_MAX_PTHREAD_COUNT", threads.to_string());
    let status = command.stdout(Stdio::null()).status().expect("hashcat is installed");
    assert_eq!(status.code(), Some(1), "hashcat tells that it tried all");
}

/// Seconds of the processor and of the clock.
fn measured(work: impl FnOnce()) -> (f64, f64) {
    let (clock, before) = (Instant::now(), processor());
    work();
    (processor() - before, clock.elapsed().as_secs_f64())
}

/// Seconds of the processor so far, children that ended included.
fn processor() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux tells");
    let fields = stat.rsplit_once(')').map(|(_, rest)| rest.split_whitespace().skip(11).take(4));
    fields.into_iter().flatten().filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

fn told((processor, clock): (f64, f64)) -> String {
    format!("{processor:.2} s ({clock:.1})")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
