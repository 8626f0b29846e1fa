//! Alphabets of somebody's own: base64 with its 64 characters in another order, digits written as letters.
//!
//! A substitution keeps what repeats. Where a value of the profile repeats, the text must repeat in the same
//! places, and where it differs, the text must differ: that is what tells, six bits for each repetition.

use std::{collections::BTreeSet, sync::LazyLock};

use super::{Search, Step};
use crate::{
    Ground, Opened,
    carrier::{STANDARD, Table, is_base64, table},
    plausible::Coded,
};

/// Ways back from digits that are written as letters or signs.
pub(super) fn digits() -> impl Iterator<Item = Vec<Step>> {
    let steps = DIGITS.iter().map(|letters| Step::Digits((*letters).to_owned()));
    steps.flat_map(|step| [vec![step.clone()], vec![Step::Reversed, step]])
}

/// Alphabets that programs are known to use.
pub(super) fn known(search: &mut Search<'_, '_>) -> Option<Opened> {
    static ALPHABETS: LazyLock<Vec<(String, Table)>> = LazyLock::new(|| {
        let alphabets = alphabets().into_iter();
        alphabets.map(|alphabet| (alphabet.clone(), table(alphabet.as_bytes()))).collect()
    });
    let text = search.bytes;
    for (alphabet, table) in ALPHABETS.iter() {
        // What is no base64 in the alphabet costs nothing to know.
        if text.len() < LEAST_TEXT || !is_base64(text, table) {
            continue;
        }
        let opened = search.attempt(vec![Step::Base64(alphabet.clone())], 0.0, true);
        if opened.is_some() {
            return opened;
        }
    }
    None
}

/// Other orders of the usual parts, each forwards and backwards, and the usual order begun elsewhere.
fn alphabets() -> Vec<String> {
    let (upper, lower, digits) = ("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz", "0123456789");
    let mut alphabets = Vec::new();
    for parts in [
        [upper, lower, digits],
        [lower, upper, digits],
        [digits, lower, upper],
        [digits, upper, lower],
        [upper, digits, lower],
        [lower, digits, upper],
    ] {
        let backwards = parts.map(|part| part.chars().rev().collect::<String>());
        for marks in ["+/", "-_"] {
            // The usual alphabets hide nothing.
            if !STANDARD.starts_with(parts.concat().as_bytes()) {
                alphabets.push(format!("{}{marks}", parts.concat()));
            }
            alphabets.push(format!("{}{marks}", backwards.concat()));
        }
    }
    alphabets.push(format!("./{upper}{lower}{digits}"));
    alphabets.push(format!("./{digits}{upper}{lower}"));
    alphabets.push(STANDARD.iter().rev().map(|&byte| char::from(byte)).collect());
    alphabets.extend((1..64).map(|turn| {
        let turned = STANDARD.iter().cycle().skip(turn).take(64);
        turned.map(|&byte| char::from(byte)).collect::<String>()
    }));
    alphabets
}

/// Alphabets that the profile's values give away.
pub(super) fn by_cribs(search: &mut Search<'_, '_>) -> Option<Opened> {
    if search.bytes.len() > MOST_TEXT && search.bytes.iter().all(u8::is_ascii_graphic) {
        search.budget.skip("those too long for other alphabets to be tried on");
        return None;
    }
    base64_by_cribs(search).or_else(|| digits_by_cribs(search))
}

fn base64_by_cribs(search: &mut Search<'_, '_>) -> Option<Opened> {
    let end = search.bytes.iter().rposition(|&byte| byte != b'=').map_or(0, |last| last + 1);
    let text = search.bytes.get(..end)?;
    if text.len() < LEAST_TEXT || !text.iter().all(u8::is_ascii_graphic) {
        return None;
    }
    let patterns = search.context.cribs.sextets();
    let (matching, ground) = best(search, text, patterns, 4, rate(text, 5.5))?;
    let alphabet: String = (0..64).map(|code| matching.symbol(code)).collect();
    let scramble = super::Scramble { steps: vec![Step::Base64(alphabet)] };
    search.accept(scramble, ground, matching.bits)
}

fn digits_by_cribs(search: &mut Search<'_, '_>) -> Option<Opened> {
    let text = search.bytes;
    if !text.iter().all(u8::is_ascii_graphic) {
        return None;
    }
    let patterns = search.context.cribs.digits();
    let (matching, ground) = best(search, text, patterns, 1, rate(text, 3.3))?;
    let letters: String = (0..10).map(|code| matching.symbol(code)).collect();
    let scramble = super::Scramble { steps: vec![Step::Digits(letters)] };
    search.accept(scramble, ground, matching.bits)
}

/// Bits that a repeated symbol tells: text of few symbols repeats itself by chance.
fn rate(text: &[u8], most: f64) -> f64 {
    let symbols = text.iter().collect::<BTreeSet<_>>().len().max(1);
    u32::try_from(symbols).map_or(most, |symbols| f64::from(symbols).log2().min(most))
}

/// Which symbol stands for which code, as far as it is known.
#[derive(Clone, Copy)]
struct Matching {
    /// Symbols by code; 0, which no text has, for those not known.
    symbols: [u8; 64],
    /// Codes by symbol, one more than they are; 0 for those not known.
    codes: [u8; 256],
    known: usize,
    /// Places of the text that were compared. Spellings of one value share most of their digits: nothing is told
    /// twice.
    compared: [u64; MOST_TEXT / 64],
    bits: f64,
}

impl Default for Matching {
    fn default() -> Self {
        Self { symbols: [0; 64], codes: [0; 256], known: 0, compared: [0; MOST_TEXT / 64], bits: 0.0 }
    }
}

impl Matching {
    /// Takes in a stretch of text from a place on for a pattern; `None` where they contradict each other.
    fn with(&self, pattern: &Coded, start: usize, text: &[u8], rate: f64) -> Option<Self> {
        // Most stretches do, and it costs nothing to know.
        let repeat = |(one, other): (usize, usize)| text.get(one) == text.get(other);
        if !pattern.repeat.is_none_or(repeat) || !self.agrees(&pattern.codes, text) {
            return None;
        }
        let mut matching = *self;
        for (place, (&code, &symbol)) in (start..).zip(pattern.codes.iter().zip(text)) {
            let new = matching.compare(place)?;
            let (known, of) = matching.pair(code, symbol)?;
            if (*known, *of) == (0, 0) {
                (*known, *of) = (symbol, code + 1);
                matching.known += 1;
            } else if (*known, *of) == (symbol, code + 1) {
                matching.bits += if new { rate } else { 0.0 };
            } else {
                return None;
            }
        }
        Some(matching)
    }

    fn pair(&mut self, code: u8, symbol: u8) -> Option<(&mut u8, &mut u8)> {
        Some((self.symbols.get_mut(usize::from(code))?, self.codes.get_mut(usize::from(symbol))?))
    }

    /// Marks a place; whether it is new.
    fn compare(&mut self, place: usize) -> Option<bool> {
        let word = self.compared.get_mut(place / 64)?;
        let new = *word >> (place % 64) & 1 == 0;
        *word |= 1 << (place % 64);
        Some(new)
    }

    /// Whether a stretch of text contradicts what is known already.
    fn agrees(&self, codes: &[u8], text: &[u8]) -> bool {
        self.known == 0
            || codes.iter().zip(text).all(|(code, symbol)| {
                let known = self.symbols.get(usize::from(*code)).copied().unwrap_or(0);
                let of = self.codes.get(usize::from(*symbol)).copied().unwrap_or(0);
                (known, of) == (0, 0) || (known, of) == (*symbol, *code + 1)
            })
    }

    fn symbol(&self, code: u8) -> char {
        let symbol = self.symbols.get(usize::from(code)).copied().unwrap_or(0);
        if symbol == 0 { ' ' } else { char::from(symbol) }
    }
}

/// The best place for each value, one after the other; bits of all that were placed, the places counted.
fn best(
    search: &mut Search<'_, '_>,
    text: &[u8],
    patterns: &[Coded],
    group: usize,
    rate: f64,
) -> Option<(Matching, Ground)> {
    let places =
        u32::try_from(text.len().saturating_mul(patterns.len()).max(2)).map_or(32.0, f64::from).log2();
    let (mut best, mut crib) = (Matching::default(), None);
    loop {
        let mut next: Option<(Matching, usize)> = None;
        for pattern in patterns {
            if !search.budget.pay("other alphabets that were not tried on them", text.len() / group + 1) {
                return None;
            }
            // Nothing tells yet but what repeats.
            if best.known == 0 && pattern.repeat.is_none() {
                continue;
            }
            for start in (pattern.first..text.len()).step_by(group) {
                let Some(under) = text.get(start..start + pattern.codes.len()) else { break };
                let Some(mut matching) = best.with(pattern, start, under, rate) else { continue };
                matching.bits -= places;
                // Where a value has been placed already, it tells nothing new.
                let grows = matching.known > best.known;
                if grows && matching.bits > next.as_ref().map_or(best.bits, |(next, _)| next.bits) {
                    next = Some((matching, pattern.crib));
                }
            }
        }
        match next {
            Some((matching, of)) => (best, crib) = (matching, crib.or(Some(of))),
            None => break,
        }
    }
    Some((best, search.context.cribs.ground(crib?)?))
}

/// Ways in which digits are known to be written.
const DIGITS: &[&str] = &[
    "abcdefghij",
    "ABCDEFGHIJ",
    "bcdefghijk",
    "klmnopqrst",
    "qwertyuiop",
    "QWERTYUIOP",
    "poiuytrewq",
    "zyxwvutsrq",
    "ZYXWVUTSRQ",
    "jihgfedcba",
    "9876543210",
    ")!@#$%^&*(",
];
/// Shorter texts tell too little about an alphabet.
const LEAST_TEXT: usize = 16;
const MOST_TEXT: usize = 2048;
