//! Keys of an exclusive or: sent along, or given away by the value itself.

use evidence::HexBytes;

use super::{Search, Step};
use crate::{
    Carrier, Ground, Opened,
    plausible::{is_text, letter_weight, name_of, text_bits},
};

pub(super) fn xor(key: &[u8], source: &str) -> Step {
    Step::Xor { key: HexBytes(key.to_vec()), source: source.to_owned() }
}

/// Keys that stand beside the value: other fields, the app's strings, the phone's values.
pub(super) fn beside(search: &mut Search<'_, '_>) -> Option<Opened> {
    let context = search.context;
    let fields = context.fields.iter().map(|field| (field.bytes, format!("field \"{}\"", field.name)));
    let constants = context.constants.iter();
    let constants = constants.map(|constant| (constant.bytes, format!("constant ({})", constant.origin)));
    let values = context.cribs.spellings();
    let values = values.map(|(spelling, crib)| (spelling, format!("device value ({})", crib.label)));
    for (bytes, name) in fields.chain(constants).chain(values) {
        for (carrier, key) in Carrier::readings(bytes) {
            let name = if carrier == Carrier::Raw { name.clone() } else { format!("{carrier}({name})") };
            if key.len() > MOST_KEY || key.iter().all(|&byte| byte == 0) || key.is_empty() {
                continue;
            }
            let opened = search.attempt(vec![xor(&key, &name)], 0.0, true);
            if opened.is_some() {
                return opened;
            }
            // A hash is often written as text before it is scrambled, and the scramble as text again.
            let opened = search.attempt(vec![xor(&key, &name), Step::Reversed], 0.0, false);
            if opened.is_some() {
                return opened;
            }
        }
    }
    None
}

/// Repeating keys that a value of the profile, put at each place, gives away by repeating.
pub(super) fn by_cribs(search: &mut Search<'_, '_>) -> Option<Opened> {
    let bytes = search.bytes;
    for (spelling, crib) in search.context.cribs.spellings() {
        if spelling.len() < LEAST_CRIB {
            continue;
        }
        for at in
            0..=bytes.len().checked_sub(spelling.len()).map_or(-1, |most| isize::try_from(most).unwrap_or(-1))
        {
            let at = usize::try_from(at).ok()?;
            let Some(under) = bytes.get(at..at + spelling.len()) else { break };
            if !search.budget.pay("scrambled: cribs left untried", spelling.len()) {
                return None;
            }
            let stream: Vec<u8> = under.iter().zip(spelling).map(|(a, b)| a ^ b).collect();
            let most = (spelling.len() - 4).min(MOST_PERIOD);
            let Some(period) = (2..=most).find(|&period| repeats(&stream, period)) else { continue };
            let key: Vec<u8> = (0..period)
                .filter_map(|index| stream.get((index + period - at % period) % period).copied())
                .collect();
            let confirmed = confirmed(spelling, period);
            let places = u32::try_from(bytes.len() * MOST_PERIOD).map_or(32.0, f64::from);
            let rivals = u32::try_from(search.context.cribs.rivals(spelling.len())).map_or(32.0, f64::from);
            let bits = confirmed * search.judge.rate() - places.log2() - rivals.log2();
            let ground = Ground::Crib { kind: crib.kind, label: crib.label.clone() };
            let scramble = super::Scramble { steps: vec![xor(&key, "found")] };
            let plain = scramble.apply(bytes)?;
            search.tries.count(&plain);
            let more =
                if is_text(&plain) && !is_text(bytes) { outside(&plain, at, spelling.len()) } else { 0.0 };
            let opened = search.accept(scramble, ground, bits + more);
            if opened.is_some() {
                return opened;
            }
        }
    }
    None
}

/// Bytes of a spelling that bear a key out, because it would have to be another one under other bytes. Where the
/// spelling repeats itself, a value that repeats itself fits it without being of it.
fn confirmed(spelling: &[u8], period: usize) -> f64 {
    let pairs = spelling.iter().zip(spelling.iter().skip(period));
    let differing = pairs.filter(|(first, second)| first != second).count();
    u32::try_from(differing).map_or(0.0, f64::from)
}

fn outside(plain: &[u8], at: usize, len: usize) -> f64 {
    let before = plain.get(..at).map_or(0.0, text_bits);
    let after = plain.get(at + len..).map_or(0.0, text_bits);
    (before + after).max(0.0)
}

fn repeats(stream: &[u8], period: usize) -> bool {
    stream.iter().zip(stream.iter().skip(period)).all(|(first, second)| first == second)
        // A key of one byte was tried before.
        && stream.get(..period).is_some_and(|key| key.iter().any(|byte| Some(byte) != key.first()))
}

/// Repeating keys under which all is JSON or a form: the likeliest byte for each place of the key, and then for
/// each place again with its neighbours known. A key of which one byte might as well be another is none.
pub(super) fn by_statistics(search: &mut Search<'_, '_>) -> Option<Opened> {
    if !search.judge.may_hide_text() {
        return None;
    }
    let bytes = search.bytes.get(..MOST_STATISTICS).unwrap_or(search.bytes);
    for period in 2..=MOST_PERIOD.min(bytes.len() / LEAST_TURNS) {
        if !search.budget.pay("scrambled: keys by statistics", bytes.len() * 16) {
            return None;
        }
        let key: Vec<u8> = (0..period).map(|column| likeliest(bytes, column, period)).collect();
        // All keys of the length count as tried.
        let cost = 8.0 * u32::try_from(period).map_or(32.0, f64::from) + 5.0;
        if text_bits(&with(bytes, &key)) < cost {
            continue;
        }
        let key = refined(bytes, key);
        if !is_settled(search.bytes, &key) {
            continue;
        }
        let opened = search.attempt(vec![xor(&shortest(&key), "found")], -cost, false);
        if opened.is_some() {
            return opened;
        }
    }
    None
}

fn with(bytes: &[u8], key: &[u8]) -> Vec<u8> {
    bytes.iter().zip(key.iter().cycle()).map(|(a, b)| a ^ b).collect()
}

fn likeliest(bytes: &[u8], column: usize, period: usize) -> u8 {
    let mut counts = [0_u32; 256];
    for &byte in bytes.iter().skip(column).step_by(period) {
        if let Some(count) = counts.get_mut(usize::from(byte)) {
            *count += 1;
        }
    }
    let seen: Vec<(u8, f64)> = (0..=255)
        .zip(counts)
        .filter(|(_, count)| *count > 0)
        .map(|(byte, count)| (byte, f64::from(count)))
        .collect();
    let weight = |key: u8| seen.iter().map(|(byte, count)| letter_weight(byte ^ key) * count).sum::<f64>();
    let best = (0..=255_u8).map(|key| (weight(key), key)).max_by(|a, b| a.0.total_cmp(&b.0));
    best.map_or(0, |(_, key)| key)
}

fn refined(bytes: &[u8], mut key: Vec<u8>) -> Vec<u8> {
    let head = bytes.get(..MOST_REFINED).unwrap_or(bytes);
    for _ in 0..2 {
        for column in 0..key.len() {
            let score = |byte: u8| {
                let mut tried = key.clone();
                if let Some(slot) = tried.get_mut(column) {
                    *slot = byte;
                }
                let plain = with(head, &tried);
                text_bits(&plain) + if matches!(name_of(&plain), "json" | "form") { 20.0 } else { 0.0 }
            };
            let best = (0..=255_u8).map(|byte| (score(byte), byte)).max_by(|a, b| a.0.total_cmp(&b.0));
            if let (Some((_, best)), Some(slot)) = (best, key.get_mut(column)) {
                *slot = best;
            }
        }
    }
    key
}

/// Whether the text under a key is of a form, and is none or much worse text under each key that differs from it
/// in one byte.
fn is_settled(bytes: &[u8], key: &[u8]) -> bool {
    let whole = |plain: &[u8]| is_text(plain) && matches!(name_of(plain), "json" | "form");
    let plain = with(bytes, key);
    if !whole(&plain) {
        return false;
    }
    let bits = text_bits(&plain);
    let others = (0..key.len()).flat_map(|column| (1..=255_u8).map(move |change| (column, change)));
    !others.into_iter().any(|(column, change)| {
        let mut other = plain.clone();
        other.iter_mut().skip(column).step_by(key.len()).for_each(|byte| *byte ^= change);
        text_bits(&other) > bits - LEAST_LOSS && whole(&other)
    })
}

/// A key that repeats itself, once.
fn shortest(key: &[u8]) -> Vec<u8> {
    let periods = (1..=key.len()).filter(|period| key.len().is_multiple_of(*period));
    let mut whole = periods.filter(|&period| key.iter().zip(key.iter().skip(period)).all(|(a, b)| a == b));
    key.get(..whole.next().unwrap_or(key.len())).unwrap_or(key).to_vec()
}

/// Bits by which text under another key must be worse.
const LEAST_LOSS: f64 = 6.0;
/// Periods of a key that are found.
const MOST_PERIOD: usize = 32;
/// Bytes that each place of a key must have covered.
const LEAST_TURNS: usize = 6;
const MOST_STATISTICS: usize = 1024;
const MOST_REFINED: usize = 512;
const LEAST_CRIB: usize = 8;
/// Longer keys beside a value are other messages.
const MOST_KEY: usize = 4096;
