//! What values that nothing opens cost: `cargo run --release -p unmask --example hopeless`.
//!
//! Kinds of values as an audit meets them, beside twenty fields, with a profile of sixty values. Milliseconds are the
//! processor's for a value, where Linux tells them. An audit's usual limits hold for each value.
#![allow(clippy::print_stdout, clippy::indexing_slicing, reason = "a measurement is printed")]

mod kit;

use std::time::{Duration, Instant};

use evidence::Timestamp;
use unmask::{
    Budget, Context, Crib, Cribs, Field, ciphers,
    hashed::{self, Candidate, Origin, Salt, Spelling, Wanted},
    scrambled,
    triage::{Samples, triage},
};

use kit::{Noise, base64, beside, hex, phone};

fn main() {
    let cribs = phone();
    let mut draw = Noise(1);
    println!(
        "{:>24} {:>10} {:>10} {:>10} {:>10} {:>12}",
        "ms a value", "prove", "scrambled", "ciphers", "triage", "bytes"
    );
    for (kind, make) in KINDS {
        let values: Vec<Vec<u8>> = (0..EACH).map(|_| make(&mut draw)).collect();
        let fields: Vec<Vec<(String, Vec<u8>)>> = (0..EACH).map(|_| beside(&mut draw)).collect();
        row(kind, &cribs, &values, &fields);
    }
    batch(&cribs, &mut draw);
}

const EACH: usize = 40;
/// As an audit has them for one value.
const DIGESTS: u64 = 500_000;
const BYTES: u64 = 1_500_000;

type Make = fn(&mut Noise) -> Vec<u8>;

const KINDS: [(&str, Make); 5] = [
    ("base64 of 40 bytes", |draw| base64(&draw.bytes(40))),
    ("32 digits of hex", |draw| hex(&draw.bytes(16)).into_bytes()),
    ("64 digits of hex", |draw| hex(&draw.bytes(32)).into_bytes()),
    ("200 bytes", |draw| draw.bytes(200)),
    ("a session's token", |draw| {
        [b"s%3A".to_vec(), base64(&draw.bytes(24)), b".".to_vec(), base64(&draw.bytes(33))].concat()
    }),
];

fn row(kind: &str, cribs: &Cribs, values: &[Vec<u8>], beside: &[Vec<(String, Vec<u8>)>]) {
    let candidates = candidates(cribs);
    let salts: Vec<Vec<Salt>> = beside.iter().map(|fields| salts(fields)).collect();
    let prove = timed(|at| {
        let proof = hashed::prove(&values[at], &candidates, &salts[at], &mut hashed::Budget::new(DIGESTS));
        assert!(proof.matches.is_empty(), "nothing is known");
    });
    let (mut spent, mut budgets) = (0, vec![Budget::new(BYTES); EACH]);
    let scrambled = timed(|at| {
        with(cribs, &beside[at], |context| {
            assert!(
                scrambled::open(&values[at], context, &mut budgets[at]).is_empty(),
                "nothing can be opened"
            );
        });
    });
    let ciphers = timed(|at| {
        with(cribs, &beside[at], |context| {
            assert!(
                ciphers::open(&values[at], context, &mut budgets[at]).is_empty(),
                "nothing can be opened"
            );
        });
    });
    let named = timed(|at| _ = triage(&values[at], &[], &Samples::default(), &Context::new(cribs)));
    budgets.iter().for_each(|budget| spent += budget.spent());
    println!(
        "{kind:>24} {prove:>10.3} {scrambled:>10.3} {ciphers:>10.3} {named:>10.3} {:>12}",
        spent / EACH as u64
    );
}

/// Two thousand values of a case, of which ten each stood in one message, with all the common salts.
fn batch(cribs: &Cribs, draw: &mut Noise) {
    let candidates = candidates(cribs);
    let salts: Vec<Vec<Salt>> = (0..200).map(|_| salts(&beside(draw))).collect();
    let values: Vec<String> = (0..2000).map(|at| hex(&draw.bytes([16, 20, 32][at % 3]))).collect();
    let mut wanted = Vec::new();
    for (value, at) in values.iter().zip(0_usize..) {
        wanted.push(Wanted { value: value.as_bytes(), salts: &salts[at / 10] });
    }
    for digests in [5_000_000, 50_000_000] {
        let started = clock();
        let mut budget = hashed::Budget::new(digests);
        let proofs = hashed::prove_all(&wanted, &candidates, Salt::common(), &mut budget);
        let took = clock().saturating_sub(started).as_secs_f64();
        assert!(proofs.iter().all(|proof| proof.matches.is_empty()), "nothing is known");
        let spent = digests - budget.left();
        println!(
            "{} values together: {spent} digests in {took:.2} s, {:.1} million a second",
            wanted.len(),
            spent as f64 / took / 1e6
        );
    }
}

fn timed(mut one: impl FnMut(usize)) -> f64 {
    let started = clock();
    (0..EACH).for_each(&mut one);
    clock().saturating_sub(started).as_secs_f64() * 1e3 / EACH as f64
}

fn with(cribs: &Cribs, beside: &[(String, Vec<u8>)], then: impl FnOnce(&Context<'_>)) {
    let fields: Vec<_> = beside.iter().map(|(name, bytes)| Field { name, bytes }).collect();
    let time = Some(Timestamp::new(1_700_000_000, 0));
    then(&Context { fields: &fields, time, window: 3, ..Context::new(cribs) });
}

fn salts(fields: &[(String, Vec<u8>)]) -> Vec<Salt> {
    let salt = |(name, bytes): &(String, Vec<u8>)| Salt {
        bytes: bytes.clone(),
        origin: Origin::MessageField(name.clone()),
    };
    fields.iter().map(salt).chain(Salt::times(1_700_000_000)).chain(Salt::common().iter().cloned()).collect()
}

fn candidates(cribs: &Cribs) -> Vec<Candidate> {
    let candidate = |crib: &Crib| {
        let spellings =
            crib.spellings.iter().map(|bytes| Spelling { name: "x".to_owned(), bytes: bytes.clone() });
        Candidate { kind: crib.kind, spellings: spellings.collect() }
    };
    cribs.values().iter().map(candidate).collect()
}

/// User time of the process, or time since some moment.
fn clock() -> Duration {
    static START: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
    let stat = std::fs::read_to_string("/proc/self/stat").ok();
    let ticks =
        stat.as_deref().and_then(|text| text.rsplit_once(')')?.1.split_whitespace().nth(11)?.parse().ok());
    ticks.map_or_else(|| START.elapsed(), |ticks: u64| Duration::from_millis(ticks * 10))
}
