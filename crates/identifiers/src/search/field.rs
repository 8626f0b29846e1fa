//! Short values, that mean something only as the value of a field: a radio cell, an operator's name, a
//! service number, a checksum; and numbers in whatever groups.
//!
//! Every field of every message passes here, so most must be let go after a glance: at the first byte and the
//! length of each token, then at a hash of fifteen bits.

use std::collections::HashMap;

use evidence::IdentifierKind;

use super::{
    Match, NeedleId, Needles,
    filter::{Entry, Table},
    names,
    verify::in_word,
};
use crate::forms::{Reach, Shape};

/// The needles of fields.
#[derive(Debug)]
pub(super) struct Fields {
    shorts: Vec<Short>,
    /// Places in `shorts` by the keys of first tokens.
    tokens: Table,
    /// For each first byte of a token, its case folded, the lengths there are: bit *n* for *n* bytes, the last
    /// for all longer ones.
    lengths: Box<[u64; 256]>,
    /// Which keys there are, by a hash of fifteen bits.
    keys: Box<[u64; 512]>,
    /// Numbers by their digits.
    digits: HashMap<Box<[u8]>, Vec<NeedleId>>,
    /// Short numbers by their bytes.
    numbers: HashMap<Box<[u8]>, Vec<(NeedleId, IdentifierKind)>>,
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

impl Fields {
    /// The needles of fields among these.
    pub(super) fn new<'a>(needles: impl Iterator<Item = (NeedleId, IdentifierKind, &'a Shape)>) -> Self {
        let mut fields = Self {
            shorts: Vec::new(),
            tokens: Table::of(Vec::new()),
            lengths: Box::new([0; 256]),
            keys: Box::new([0; 512]),
            digits: HashMap::new(),
            numbers: HashMap::new(),
        };
        let mut entries = Vec::new();
        for (id, kind, shape) in needles {
            match tokens(&shape.bytes).next() {
                _ if shape.reach == Reach::Digits => {
                    fields.digits.entry(shape.bytes.as_slice().into()).or_default().push(id);
                }
                _ if shape.reach == Reach::Number => {
                    fields.numbers.entry(shape.bytes.as_slice().into()).or_default().push((id, kind));
                }
                Some((before, token)) => {
                    fields.note_length(token);
                    entries.push(Entry {
                        gram: key(token),
                        needle: super::u32_of(fields.shorts.len()),
                        offset: 0,
                    });
                    fields.shorts.push(Short { id, kind, reach: shape.reach, before });
                }
                None => {}
            }
        }
        for entry in &entries {
            let (word, bit) = Self::bit(entry.gram);
            fields.keys.iter_mut().skip(word).take(1).for_each(|keys| *keys |= 1 << bit);
        }
        fields.tokens = Table::of(entries);
        fields
    }

    /// Appends what the value of a field of this name holds.
    pub(super) fn search(&self, needles: &Needles, name: &str, value: &[u8], found: &mut Vec<Match>) {
        self.grouped(value, found);
        self.binary(name, value, found);
        if self.shorts.is_empty() {
            return;
        }
        let mut rest = value;
        loop {
            let len = rest.iter().position(|byte| !IN_TOKEN.get(usize::from(*byte)).is_some_and(|it| *it));
            let len = len.unwrap_or(rest.len());
            if let Some(token @ [first, ..]) = rest.get(..len)
                && self.lengths_after(*first) >> len.min(LONGEST_LENGTH) & 1 == 1
            {
                self.token(needles, name, value, value.len() - rest.len(), token, found);
            }
            match rest.get(len + 1..) {
                Some(after) => rest = after,
                None => return,
            }
        }
    }

    fn token(
        &self,
        needles: &Needles,
        name: &str,
        value: &[u8],
        at: usize,
        token: &[u8],
        found: &mut Vec<Match>,
    ) {
        let key = key(token);
        let (word, bit) = Self::bit(key);
        if self.keys.get(word).is_none_or(|keys| keys >> bit & 1 == 0) {
            return;
        }
        let shorts = self.tokens.get(key).filter_map(|entry| self.shorts.get(entry.needle as usize));
        found.extend(shorts.filter_map(|short| short.at(needles, name, value, at)));
    }

    #[inline]
    fn lengths_after(&self, first: u8) -> u64 {
        self.lengths.get(usize::from(first | 0x20)).copied().unwrap_or_default()
    }

    fn note_length(&mut self, token: &[u8]) {
        let first = token.first().map_or(0, |first| usize::from(first | 0x20));
        if let Some(lengths) = self.lengths.get_mut(first) {
            *lengths |= 1 << token.len().min(LONGEST_LENGTH);
        }
    }

    #[inline]
    fn bit(key: u64) -> (usize, u32) {
        let hash = key.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 49;
        ((hash >> 6) as usize, (hash & 63) as u32)
    }

    /// A value that is an integer of MessagePack or CBOR, which stands with its type.
    fn binary(&self, name: &str, value: &[u8], found: &mut Vec<Match>) {
        let Some((kind, bytes)) = value.split_first() else { return };
        let is_integer = match bytes.len() {
            2 => matches!(kind, 0xcd | 0xd1 | 0x19),
            4 => matches!(kind, 0xce | 0xd2 | 0x1a),
            _ => false,
        };
        if !is_integer {
            return;
        }
        let of_number = self.numbers.get(bytes).into_iter().flatten();
        let fitting = of_number.filter(|(_, kind)| names::fits(*kind, name));
        found.extend(fitting.map(|(needle, _)| Match { start: 1, end: value.len(), needle: *needle }));
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
        let token = alone(value.get(end))
            && (self.before > 0 || alone(start.checked_sub(1).and_then(|at| value.get(at))));
        let whole = || value.get(..start)?.iter().chain(value.get(end..)?).all(is_padding).then_some(());
        let counts = token
            && match self.reach {
                Reach::Whole => whole().is_some(),
                Reach::Named => names::fits(self.kind, name) && not_a_fraction(value, start, end),
                Reach::Digits | Reach::Everywhere | Reach::Number | Reach::Token => true,
            };
        counts.then_some(Match { start, end, needle: self.id })
    }
}

/// The first eight bytes of a token, case folded, and its length: tokens with other keys are other tokens.
#[inline]
fn key(token: &[u8]) -> u64 {
    let mut bytes = [0; 8];
    bytes.iter_mut().zip(token).for_each(|(byte, there)| *byte = *there | 0x20);
    u64::from_le_bytes(bytes) ^ (token.len() as u64) << 56
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

/// [`in_word`] for each byte.
#[expect(clippy::indexing_slicing, reason = "computed when compiled")]
const IN_TOKEN: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = (byte as u8).is_ascii_alphanumeric() || byte >= 0x80;
        byte += 1;
    }
    table
};

fn in_number(byte: &u8) -> bool {
    byte.is_ascii_digit() || matches!(byte, b' ' | b'(' | b')' | b'+' | b'-' | b'.' | b'/')
}

fn is_padding(byte: &u8) -> bool {
    byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | 0)
}

/// Longer tokens are not told apart by length.
const LONGEST_LENGTH: usize = 63;
/// A number with a separator after every digit.
const LONGEST_NUMBER: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_one_pass_takes_the_same_tokens() {
        for byte in 0..=255_u8 {
            assert_eq!(IN_TOKEN[usize::from(byte)], in_word(&byte), "{byte}");
        }
        let found: Vec<_> = tokens("a-bc, Größe".as_bytes()).collect();
        assert_eq!(found, [(0, &b"a"[..]), (2, b"bc"), (6, "Größe".as_bytes())]);
        assert_ne!(key(b"12345678"), key(b"123456789"));
    }
}
