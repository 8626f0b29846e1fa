//! Alphabets of somebody's own: base64 with its 64 characters in another order, digits written as letters.
//!
//! A substitution keeps what repeats. Where a value of the profile repeats, the text must repeat in the same
//! places, and where it differs, the text must differ: that is what tells, six bits for each repetition.

use std::collections::{BTreeMap, BTreeSet};

use super::{Search, Step};
use crate::{
    Ground, Opened,
    carrier::{STANDARD, base64, table, to_base64},
};

/// Ways back from digits that are written as letters or signs.
pub(super) fn digits() -> impl Iterator<Item = Vec<Step>> {
    let steps = DIGITS.iter().map(|letters| Step::Digits((*letters).to_owned()));
    steps.flat_map(|step| [vec![step.clone()], vec![Step::Reversed, step]])
}

/// Alphabets that programs are known to use.
pub(super) fn known(search: &mut Search<'_, '_>) -> Option<Opened> {
    let text = search.bytes;
    for alphabet in alphabets() {
        // What is no base64 in the alphabet costs nothing to know.
        if text.len() < LEAST_TEXT || base64(text, &table(alphabet.as_bytes())).is_none() {
            continue;
        }
        let opened = search.attempt(vec![Step::Base64(alphabet)], 0.0, true);
        if opened.is_some() {
            return opened;
        }
    }
    None
}

/// Other orders of the usual parts, and the usual order begun elsewhere.
fn alphabets() -> Vec<String> {
    let (upper, lower, digits) = ("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz", "0123456789");
    let mut alphabets = Vec::new();
    for parts in [
        [lower, upper, digits],
        [digits, lower, upper],
        [digits, upper, lower],
        [upper, digits, lower],
        [lower, digits, upper],
    ] {
        for marks in ["+/", "-_"] {
            alphabets.push(format!("{}{marks}", parts.concat()));
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
    base64_by_cribs(search).or_else(|| digits_by_cribs(search))
}

fn base64_by_cribs(search: &mut Search<'_, '_>) -> Option<Opened> {
    let end = search.bytes.iter().rposition(|&byte| byte != b'=').map_or(0, |last| last + 1);
    let text = search.bytes.get(..end)?;
    if text.len() < LEAST_TEXT || text.len() > MOST_TEXT || !text.iter().all(u8::is_ascii_graphic) {
        return None;
    }
    let patterns = patterns(search);
    let (matching, ground) = best(search, text, &patterns, 4, rate(text, 5.5))?;
    let alphabet: String = (0..64).map(|code| matching.symbol(code)).collect();
    let scramble = super::Scramble { steps: vec![Step::Base64(alphabet)] };
    search.accept(scramble, ground, matching.bits)
}

fn digits_by_cribs(search: &mut Search<'_, '_>) -> Option<Opened> {
    let text = search.bytes;
    if text.len() > MOST_TEXT || !text.iter().all(u8::is_ascii_graphic) {
        return None;
    }
    let digits = |spelling: &[u8]| spelling.iter().all(u8::is_ascii_digit) && spelling.len() >= 10;
    let spellings = search.context.cribs.spellings().filter(|(spelling, _)| digits(spelling));
    let patterns: Vec<Pattern> = spellings
        .map(|(spelling, crib)| Pattern {
            codes: spelling.iter().map(|digit| digit - b'0').collect(),
            first: 0,
            ground: Ground::Crib { kind: crib.kind, label: crib.label.clone() },
        })
        .collect();
    let (matching, ground) = best(search, text, &patterns, 1, rate(text, 3.3))?;
    let letters: String = (0..10).map(|code| matching.symbol(code)).collect();
    let scramble = super::Scramble { steps: vec![Step::Digits(letters)] };
    search.accept(scramble, ground, matching.bits)
}

/// Bits that a repeated symbol tells: text of few symbols repeats itself by chance.
fn rate(text: &[u8], most: f64) -> f64 {
    let symbols = text.iter().collect::<BTreeSet<_>>().len().max(1);
    u32::try_from(symbols).map_or(most, |symbols| f64::from(symbols).log2().min(most))
}

/// A value as the codes that stand for it.
struct Pattern {
    codes: Vec<u8>,
    /// Where in a group the first code stands.
    first: usize,
    ground: Ground,
}

/// The sextets of each value that no neighbour shares, at the three alignments.
fn patterns(search: &Search<'_, '_>) -> Vec<Pattern> {
    let standard = table(STANDARD);
    let spellings = search.context.cribs.spellings().filter(|(spelling, _)| spelling.len() >= 12);
    let aligned = spellings.flat_map(|(spelling, crib)| (0..3).map(move |before| (spelling, crib, before)));
    let patterns = aligned.filter_map(|(spelling, crib, before)| {
        let text = to_base64(&[&vec![0; before], spelling].concat(), STANDARD);
        let first = (before * 8).div_ceil(6);
        let end = (before + spelling.len()) * 8 / 6;
        let codes =
            text.get(first..end)?.iter().filter_map(|&byte| *standard.get(usize::from(byte))?).collect();
        Some(Pattern { codes, first, ground: Ground::Crib { kind: crib.kind, label: crib.label.clone() } })
    });
    patterns.collect()
}

/// Which symbol stands for which code, as far as it is known.
#[derive(Clone, Default)]
struct Matching {
    symbols: BTreeMap<u8, u8>,
    codes: BTreeMap<u8, u8>,
    /// Places of the text that were compared. Spellings of one value share most of their digits: nothing is told
    /// twice.
    compared: BTreeSet<usize>,
    bits: f64,
}

impl Matching {
    /// Takes in a stretch of text from a place on for a pattern; `None` where they contradict each other.
    fn with(&self, codes: &[u8], start: usize, text: &[u8], rate: f64) -> Option<Self> {
        if !self.agrees(codes, text) {
            return None;
        }
        let mut matching = self.clone();
        for (place, (&code, &symbol)) in (start..).zip(codes.iter().zip(text)) {
            match (matching.symbols.get(&code), matching.codes.get(&symbol)) {
                (None, None) => {
                    matching.symbols.insert(code, symbol);
                    matching.codes.insert(symbol, code);
                }
                (Some(&known), Some(_)) if known == symbol => {
                    let new = !matching.compared.contains(&place);
                    matching.bits += if new { rate } else { 0.0 };
                }
                _ => return None,
            }
            matching.compared.insert(place);
        }
        Some(matching)
    }

    /// Whether a stretch of text contradicts what is known already: most do, and cost nothing.
    fn agrees(&self, codes: &[u8], text: &[u8]) -> bool {
        codes.iter().zip(text).all(|(code, symbol)| match (self.symbols.get(code), self.codes.get(symbol)) {
            (None, None) => true,
            (Some(known), Some(_)) => known == symbol,
            _ => false,
        })
    }

    fn symbol(&self, code: u8) -> char {
        self.symbols.get(&code).map_or(' ', |&symbol| char::from(symbol))
    }
}

/// The best place for each value, one after the other; bits of all that were placed, the places counted.
fn best(
    search: &mut Search<'_, '_>,
    text: &[u8],
    patterns: &[Pattern],
    group: usize,
    rate: f64,
) -> Option<(Matching, Ground)> {
    let places =
        u32::try_from(text.len().saturating_mul(patterns.len()).max(2)).map_or(32.0, f64::from).log2();
    let mut best = (Matching::default(), None);
    loop {
        let mut next: Option<(Matching, &Pattern)> = None;
        for pattern in patterns {
            if !search.budget.pay("scrambled: alphabets left untried", text.len() / group + 1) {
                return None;
            }
            for start in (pattern.first..text.len()).step_by(group) {
                let Some(under) = text.get(start..start + pattern.codes.len()) else { break };
                let Some(mut matching) = best.0.with(&pattern.codes, start, under, rate) else { continue };
                matching.bits -= places;
                // Where a value has been placed already, it tells nothing new.
                let grows = matching.symbols.len() > best.0.symbols.len();
                if grows && matching.bits > next.as_ref().map_or(best.0.bits, |(next, _)| next.bits) {
                    next = Some((matching, pattern));
                }
            }
        }
        match next {
            Some((matching, pattern)) => best = (matching, best.1.or_else(|| Some(pattern.ground.clone()))),
            None => break,
        }
    }
    best.1.map(|ground| (best.0, ground))
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
