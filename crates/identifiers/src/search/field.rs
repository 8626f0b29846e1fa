//! Short values, that mean something only as the value of a field: a radio cell, an operator's name, a
//! service number, a checksum; and numbers in whatever groups.
//!
//! Every field of every message passes here, so most must be let go after a glance: a bitmap of the first
//! two bytes of each token.

use std::collections::HashMap;

use evidence::IdentifierKind;

use super::{Match, NeedleId, Needles, names, verify::in_word};
use crate::forms::{Reach, Shape};

/// The needles of fields.
#[derive(Debug, Default)]
pub(super) struct Fields {
    /// By their first token, in lower case.
    tokens: HashMap<Box<[u8]>, Vec<Short>>,
    /// Which pairs of bytes begin a token of a needle.
    starts: Starts,
    /// Numbers by their digits.
    digits: HashMap<Box<[u8]>, Vec<NeedleId>>,
}

/// A short needle.
#[derive(Clone, Copy, Debug)]
struct Short {
    id: NeedleId,
    kind: IdentifierKind,
    reach: Reach,
    /// Bytes before its first token: the minus of a negative number.
    before: usize,
}

/// A bit for each pair of first bytes.
#[derive(Debug)]
struct Starts(Box<[u64; 1024]>);

impl Fields {
    /// Adds a needle.
    pub(super) fn add(&mut self, id: NeedleId, kind: IdentifierKind, shape: &Shape) {
        if shape.reach == Reach::Digits {
            return self.digits.entry(shape.bytes.as_slice().into()).or_default().push(id);
        }
        let Some((before, token)) = tokens(&shape.bytes).next() else { return };
        let short = Short { id, kind, reach: shape.reach, before };
        self.starts.set(token);
        self.tokens.entry(token.to_ascii_lowercase().into()).or_default().push(short);
    }

    /// Appends what the value of a field of this name holds.
    pub(super) fn search(&self, needles: &Needles, name: &str, value: &[u8], found: &mut Vec<Match>) {
        self.grouped(value, found);
        if self.tokens.is_empty() {
            return;
        }
        let mut lower = [0; LONGEST_TOKEN];
        for (at, token) in tokens(value).filter(|(_, token)| self.starts.has(token)) {
            let Some(lower) = lower.get_mut(..token.len()) else { continue };
            lower.copy_from_slice(token);
            lower.make_ascii_lowercase();
            for short in self.tokens.get(&*lower).into_iter().flatten() {
                found.extend(short.at(needles, name, value, at));
            }
        }
    }

    /// A value that is one number in groups: digits and separators, nothing else.
    fn grouped(&self, value: &[u8], found: &mut Vec<Match>) {
        if value.len() > LONGEST_NUMBER || self.digits.is_empty() || !value.first().is_some_and(in_number) {
            return;
        }
        if !value.iter().all(in_number) || value.iter().all(u8::is_ascii_digit) {
            return;
        }
        let mut digits = [0; LONGEST_NUMBER];
        let mut len = 0;
        for (place, digit) in digits.iter_mut().zip(value.iter().filter(|byte| byte.is_ascii_digit())) {
            *place = *digit;
            len += 1;
        }
        for &needle in digits.get(..len).and_then(|digits| self.digits.get(digits)).into_iter().flatten() {
            found.push(Match { start: 0, end: value.len(), needle });
        }
    }
}

impl Short {
    /// The match where the needle's first token stands at `at`, if all of it does and it counts here.
    fn at(&self, needles: &Needles, name: &str, value: &[u8], at: usize) -> Option<Match> {
        let start = at.checked_sub(self.before)?;
        let pattern = needles.pattern(self.id)?;
        let end = pattern.end(&needles.store, value, start)?;
        let alone = |byte: Option<&u8>| !byte.is_some_and(in_word);
        let token = alone(value.get(end)) && (self.before > 0 || alone(start.checked_sub(1).and_then(|at| value.get(at))));
        let whole = || value.get(..start)?.iter().chain(value.get(end..)?).all(is_padding).then_some(());
        let counts = token
            && match self.reach {
                Reach::Whole => whole().is_some(),
                Reach::Named => names::fits(self.kind, name) && not_a_fraction(value, start, end),
                Reach::Digits | Reach::Everywhere | Reach::Token => true,
            };
        counts.then_some(Match { start, end, needle: self.id })
    }
}

impl Starts {
    fn set(&mut self, token: &[u8]) {
        let bit = Self::bit(token);
        if let Some(word) = self.0.get_mut(bit / 64) {
            *word |= 1 << (bit % 64);
        }
    }

    #[inline]
    fn has(&self, token: &[u8]) -> bool {
        let bit = Self::bit(token);
        self.0.get(bit / 64).is_some_and(|word| word >> (bit % 64) & 1 == 1)
    }

    #[inline]
    fn bit(token: &[u8]) -> usize {
        let byte = |place: usize| usize::from(token.get(place).copied().unwrap_or_default() | 0x20);
        byte(0) << 8 | byte(1)
    }
}

impl Default for Starts {
    fn default() -> Self {
        Self(Box::new([0; 1024]))
    }
}

/// Runs of letters and digits with their places.
fn tokens(text: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = text.get(at..)?;
        let start = at + rest.iter().position(in_word)?;
        let rest = text.get(start..)?;
        let len = rest.iter().position(|byte| !in_word(byte)).unwrap_or(rest.len());
        at = start + len;
        Some((start, rest.get(..len)?))
    })
}

/// A number's part before or after a decimal point is no number of its own.
fn not_a_fraction(value: &[u8], start: usize, end: usize) -> bool {
    let digit = |at: Option<usize>| at.and_then(|at| value.get(at)).is_some_and(u8::is_ascii_digit);
    let point = |at: Option<usize>| at.and_then(|at| value.get(at)) == Some(&b'.');
    let before = point(start.checked_sub(1)) && digit(start.checked_sub(2));
    let after = point(Some(end)) && digit(end.checked_add(1));
    !before && !after
}

fn in_number(byte: &u8) -> bool {
    byte.is_ascii_digit() || matches!(byte, b' ' | b'(' | b')' | b'+' | b'-' | b'.' | b'/')
}

fn is_padding(byte: &u8) -> bool {
    byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | 0)
}

/// No needle's token is longer.
const LONGEST_TOKEN: usize = 64;
/// A number with a separator after every digit.
const LONGEST_NUMBER: usize = 40;
