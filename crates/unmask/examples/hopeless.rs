//! What values that no key opens cost: `cargo run --release -p unmask --example hopeless [bytes of work each]`.
//!
//! A thousand values as an audit meets them (noise of 16 to 400 bytes, bare, in hex and in base64), with a profile of
//! twenty values and six fields beside. Seconds are the processor's, where Linux tells them.
#![allow(clippy::print_stdout, clippy::indexing_slicing, reason = "a measurement is printed")]

use std::time::{Duration, Instant};

use evidence::{IdentifierKind, Timestamp};
use unmask::{Budget, Context, Crib, Cribs, Field, ciphers, scrambled};

fn main() {
    let each = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(4_000_000);
    let cribs = phone();
    let mut draw = Noise(1);
    let (mut spent, mut left, mut worst, mut opened) = (0_u64, 200_000_000_u64, Duration::ZERO, 0);
    let started = clock();
    for round in 0..1000_usize {
        let bytes = draw.bytes(16 + round * 131 % 385);
        let value = match round % 3 {
            0 => bytes,
            1 => hex(&bytes).into_bytes(),
            _ => base64(&bytes),
        };
        let beside: Vec<String> = (0..6).map(|number| hex(&draw.bytes(4 + 2 * number))).collect();
        let fields: Vec<_> = beside.iter().map(|text| Field { name: "x", bytes: text.as_bytes() }).collect();
        let time = Some(Timestamp::new(1_700_000_000, 0));
        let context = Context { fields: &fields, time, window: 3, ..Context::new(&cribs) };
        let one = Instant::now();
        let mut budget = Budget::new(left.min(each));
        opened += scrambled::open(&value, &context, &mut budget).len();
        opened += ciphers::open(&value, &context, &mut budget).len();
        worst = worst.max(one.elapsed());
        spent += budget.spent();
        left -= budget.spent();
    }
    let took = clock().saturating_sub(started);
    assert_eq!(opened, 0, "nothing can be opened");
    println!(
        "{each} bytes each: {spent} bytes spent in {:.2} s, {:.1} million a second; a value {:.2} ms at most, by the clock",
        took.as_secs_f64(),
        spent as f64 / took.as_secs_f64() / 1e6,
        worst.as_secs_f64() * 1e3
    );
}

fn phone() -> Cribs {
    let crib = |number: u64| {
        let digits = format!("{}", 352_099_001_761_481 + number * 7_919);
        let spellings = [digits.clone(), digits[..14].to_owned(), format!("+{}", &digits[2..13])];
        let spellings = spellings.into_iter().chain((1..5).map(|cut| digits[cut..].to_owned()));
        Crib {
            kind: IdentifierKind::Imei,
            label: format!("value {number}"),
            spellings: spellings.map(String::into_bytes).collect(),
        }
    };
    Cribs::new((0..20).map(crib).collect())
}

/// User time of the process, or time since some moment.
fn clock() -> Duration {
    static START: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
    let stat = std::fs::read_to_string("/proc/self/stat").ok();
    let ticks =
        stat.as_deref().and_then(|text| text.rsplit_once(')')?.1.split_whitespace().nth(11)?.parse().ok());
    ticks.map_or_else(|| START.elapsed(), |ticks: u64| Duration::from_millis(ticks * 10))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn base64(bytes: &[u8]) -> Vec<u8> {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let group = |group: &[u8]| {
        let held = group.iter().fold(0_usize, |held, &byte| held << 8 | usize::from(byte));
        let held = held << (8 * (3 - group.len()));
        (0..=group.len()).map(|at| alphabet[held >> (18 - 6 * at) & 63]).collect::<Vec<_>>()
    };
    bytes.chunks(3).flat_map(group).collect()
}

/// Bytes that look like chance and are the same in each run.
struct Noise(u64);

impl Noise {
    fn bytes(&mut self, len: usize) -> Vec<u8> {
        let step = |_| {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            self.0.to_be_bytes()[0]
        };
        (0..len).map(step).collect()
    }
}
