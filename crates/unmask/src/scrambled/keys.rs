//! Keys of an exclusive or: sent along, in the value or beside it, or given away by the value itself.

use evidence::HexBytes;

use super::{Search, Step};
use crate::{
    Carrier, Cribs, Ground, Opened,
    plausible::{MOST_PERIOD, is_text, letter_weights, name_of, text_bits},
};

pub(super) fn xor(key: &[u8], source: &str) -> Step {
    Step::Xor { key: HexBytes(key.to_vec()), source: source.to_owned() }
}

/// Keys that stand at the head or the end of the value, as long as keys are.
pub(super) fn within(search: &mut Search<'_, '_>) -> Option<Opened> {
    let bytes = search.bytes;
    // The end of a value of which the head only is looked at is not known.
    let is_whole = bytes.len() == search.whole.len();
    for len in KEY_LENGTHS {
        let at = usize::from(len);
        let Some((head, rest)) = bytes.split_at_checked(at).filter(|(_, rest)| rest.len() >= super::SHORTEST)
        else {
            break;
        };
        let opened = within_key(search, head, (rest, Step::Behind(len)), "its head");
        if opened.is_some() {
            return opened;
        }
        if let Some((rest, end)) = bytes.split_at_checked(bytes.len() - at).filter(|_| is_whole) {
            let opened = within_key(search, end, (rest, Step::Before(len)), "its end");
            if opened.is_some() {
                return opened;
            }
        }
    }
    None
}

/// What is written as text before it is scrambled begins as text: anything else is let go after a glance.
fn within_key(search: &mut Search<'_, '_>, key: &[u8], rest: (&[u8], Step), name: &str) -> Option<Opened> {
    let (rest, step) = rest;
    let head = rest.iter().zip(key).take(GLANCE).map(|(byte, key)| byte ^ key);
    let is_text = head.clone().all(|byte| byte == b'\n' || (0x20..0x7f).contains(&byte));
    if !is_text || key.iter().all(|byte| Some(byte) == key.first()) {
        return None;
    }
    search.attempt(vec![step, xor(key, name)], 0.0, true)
}

/// Keys that stand beside the value: other fields, the app's strings, the phone's values.
pub(super) fn beside(search: &mut Search<'_, '_>) -> Option<Opened> {
    let context = search.context;
    for field in context.fields {
        for (carrier, key) in Carrier::readings(field.bytes) {
            let opened = either_way(search, &key, || named(carrier, format!("field \"{}\"", field.name)));
            if opened.is_some() {
                return opened;
            }
        }
    }
    for constant in context.constants {
        for (carrier, key) in Carrier::readings(constant.bytes) {
            let name = || named(carrier, format!("constant ({})", constant.origin));
            let opened = either_way(search, &key, name);
            if opened.is_some() {
                return opened;
            }
        }
    }
    context.cribs.keys().find_map(|(carrier, key, crib)| {
        either_way(search, key, || named(carrier, format!("device value ({})", crib.label)))
    })
}

fn named(carrier: Carrier, name: String) -> String {
    if carrier == Carrier::Raw { name } else { format!("{carrier}({name})") }
}

/// A hash is often written as text before it is scrambled, and the scramble as text again.
fn either_way(search: &mut Search<'_, '_>, key: &[u8], name: impl Fn() -> String) -> Option<Opened> {
    if key.len() > MOST_KEY {
        search.budget.skip("long keys that were not tried on them");
        return None;
    }
    if key.iter().all(|&byte| byte == 0) {
        return None;
    }
    search
        .xored(key, false, || vec![xor(key, &name())])
        .or_else(|| search.xored(key, true, || vec![xor(key, &name()), Step::Reversed]))
}

/// Repeating keys that a value of the profile, put at each place, gives away by repeating.
pub(super) fn by_cribs(search: &mut Search<'_, '_>) -> Option<Opened> {
    let bytes = search.bytes;
    let cribs = search.context.cribs;
    if !search
        .budget
        .pay("known words that were not looked for in them", bytes.len() * usize::from(MOST_PERIOD / 4))
    {
        return None;
    }
    let mut last = None;
    let places = cribs.under_periods(bytes);
    if places.len() >= Cribs::MOST_PLACES {
        search.budget.skip("known words that were not looked for in them");
    }
    for (entry, at, period) in places {
        let (Some((spelling, crib)), true) = (cribs.spelling(entry), last != Some((entry, at))) else {
            continue;
        };
        let Some(under) = bytes.get(at..at + spelling.len()) else { continue };
        let stream: Vec<u8> = under.iter().zip(spelling).map(|(a, b)| a ^ b).collect();
        if !repeats(&stream, period) {
            continue;
        }
        last = Some((entry, at));
        let key: Vec<u8> = (0..period)
            .filter_map(|index| stream.get((index + period - at % period) % period).copied())
            .collect();
        let confirmed = confirmed(spelling, period);
        let places = u32::try_from(bytes.len() * usize::from(MOST_PERIOD)).map_or(32.0, f64::from);
        let rivals = u32::try_from(cribs.rivals(spelling.len())).map_or(32.0, f64::from);
        let bits = confirmed * search.judge.rate() - places.log2() - rivals.log2();
        let ground = Ground::Crib { kind: crib.kind, label: crib.label.clone() };
        let scramble = super::Scramble { steps: vec![xor(&key, "found")] };
        let plain = scramble.apply(bytes)?;
        search.tries.count(&plain);
        let more = if is_text(&plain) && !is_text(bytes) { outside(&plain, at, spelling.len()) } else { 0.0 };
        let opened = search.accept(scramble, ground, bits + more);
        if opened.is_some() {
            return opened;
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
    for period in 2..=usize::from(MOST_PERIOD).min(bytes.len() / LEAST_TURNS) {
        if !search.budget.pay("repeating keys that were not searched for in them", bytes.len() * 16) {
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
    let mut weights = [0_i32; 256];
    for &byte in bytes.iter().skip(column).step_by(period) {
        let row = letter_weights(byte).iter();
        weights.iter_mut().zip(row).for_each(|(weight, more)| *weight += i32::from(*more));
    }
    (0..=255_u8).zip(weights).max_by_key(|(_, weight)| *weight).map_or(0, |(key, _)| key)
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
/// Bytes that each place of a key must have covered.
const LEAST_TURNS: usize = 6;
const MOST_STATISTICS: usize = 1024;
const MOST_REFINED: usize = 512;
/// Bytes that are looked at before a key is tried.
const GLANCE: usize = 16;
/// Lengths of keys that stand in the value they are for.
const KEY_LENGTHS: [u8; 7] = [4, 8, 10, 12, 16, 24, 32];
/// Longer keys beside a value are other messages.
const MOST_KEY: usize = 4096;
