//! Protocol Buffers without a schema to fields (protobuf.dev, "Encoding"), one level at a time, named by field
//! number.
//!
//! Nearly any short run of bytes is some message, so how plausible it is gets scored. What a
//! length-delimited field holds, text or another message, is looked at as its own stretch of bytes.

use super::{Fields, Walked};
use crate::{Name, sniff::textual};

/// A message as bytes of unknown origin may be: plausible enough to be no accident.
pub(crate) fn protobuf(fields: &mut Fields<'_>, input: &[u8]) -> Option<Walked> {
    message(fields, input, ENOUGH)
}

/// A message where a label, or the message around it, says so.
pub(crate) fn protobuf_expected(fields: &mut Fields<'_>, input: &[u8]) -> Option<Walked> {
    message(fields, input, 0)
}

/// Messages behind their length, as `writeDelimitedTo` writes them.
pub(crate) fn delimited(fields: &mut Fields<'_>, input: &[u8]) -> Option<Walked> {
    let mut at = 0;
    for index in 0.. {
        let Some(rest) = input.get(at..).filter(|rest| !rest.is_empty()) else {
            break;
        };
        let (len, size) = varint(rest)?;
        let start = at + size;
        let end = start.checked_add(usize::try_from(len).ok()?)?;
        let scored = score(input.get(start..end)?, false)?;
        if scored.points < ENOUGH && index == 0 {
            return None;
        }
        fields.add(None, Name::Index(index), start..end)?;
        at = end;
    }
    (fields.count() > 0).then_some(Walked { consumed: at, complete: true })
}

/// Whether bytes are surely a message.
pub(crate) fn surely(input: &[u8]) -> bool {
    score(input, false).is_some_and(|score| score.points >= ENOUGH + 2)
}

fn message(fields: &mut Fields<'_>, input: &[u8], least: i32) -> Option<Walked> {
    let score = score(input, true)?;
    let strong = score.points >= if score.whole { least } else { least.max(ENOUGH) * 2 };
    if !strong {
        return None;
    }
    let mut at = 0;
    while let Some(entry) = entry(input, at) {
        let end = entry.value.end.min(input.len());
        fields.add(None, Name::Owned(entry.number.to_string().into()), entry.value.start..end)?;
        at = entry.value.end;
    }
    Some(Walked { consumed: at.min(input.len()), complete: score.whole })
}

struct Score {
    points: i32,
    /// Whether the last field ended with the input.
    whole: bool,
}

/// How plausible it is that bytes are a message; `None` where they are none.
fn score(input: &[u8], may_be_cut: bool) -> Option<Score> {
    let (mut at, mut points, mut last, mut count) = (0, 0, 0, 0_i32);
    let mut whole = true;
    while at < input.len() {
        let entry = entry(input, at)?;
        whole = entry.value.end <= input.len();
        if !whole && !may_be_cut {
            return None;
        }
        count += 1;
        points += match entry.number {
            0..=63 => 0,
            64..=1023 => -1,
            _ => -4,
        };
        points -= i32::from(entry.number < last);
        last = entry.number;
        if entry.delimited {
            points += contents(input.get(entry.value.start..entry.value.end.min(input.len()))?);
        }
        at = entry.value.end;
        if points < -20 {
            return None;
        }
    }
    // Many small numbered fields in a row are no accident either.
    (count > 0).then_some(Score { points: points + count.min(24) / 6, whole })
}

/// Points for what a length-delimited field holds.
fn contents(value: &[u8]) -> i32 {
    match value.len() {
        0 => 0,
        1..=2 => i32::from(textual(value)),
        _ if textual(value) => 2 + i32::from(value.len() >= 8),
        _ => {
            // Looking one level down is enough; the rest is looked at when its turn comes.
            let mut at = 0;
            while let Some(entry) = entry(value, at).filter(|entry| entry.number < 1024) {
                at = entry.value.end;
            }
            2 * i32::from(at == value.len())
        }
    }
}

struct Entry {
    number: u64,
    delimited: bool,
    /// May end behind the input, where the input is cut.
    value: std::ops::Range<usize>,
}

fn entry(input: &[u8], at: usize) -> Option<Entry> {
    let (tag, size) = varint(input.get(at..)?)?;
    let number = tag >> 3;
    if number == 0 || number > LARGEST_NUMBER {
        return None;
    }
    let start = at + size;
    let (start, len) = match tag & 7 {
        0 => (start, varint(input.get(start..)?)?.1),
        1 => (start, 8),
        2 => {
            let (len, size) = varint(input.get(start..)?)?;
            (start + size, usize::try_from(len).ok().filter(|&len| len < LONGEST)?)
        }
        5 => (start, 4),
        _ => return None,
    };
    let end = start.checked_add(len)?;
    Some(Entry { number, delimited: tag & 7 == 2, value: start..end })
}

/// A number of up to ten bytes, seven bits each, least first; not written longer than needed.
fn varint(input: &[u8]) -> Option<(u64, usize)> {
    let mut value = 0_u64;
    for (index, &byte) in input.iter().take(10).enumerate() {
        value |= u64::from(byte & 0x7f).checked_shl(u32::try_from(index).ok()? * 7)?;
        if byte & 0x80 == 0 {
            return (index == 0 || byte != 0).then_some((value, index + 1));
        }
    }
    None
}

const LARGEST_NUMBER: u64 = (1 << 29) - 1;
const LONGEST: usize = 64 << 20;
/// Two texts, or a text and fields around it.
const ENOUGH: i32 = 4;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::walk::walk_alone;

    /// 1: "004401512345678", 2: 300, 3: { 1: "abc" }, 15: four bytes, 16: eight bytes.
    const MESSAGE: &[u8] =
        b"\x0a\x0f004401512345678\x10\xac\x02\x1a\x05\x0a\x03abc\x7d\0\0\x80\x3f\x81\x01\0\0\0\0\0\0\0\0";

    #[test]
    fn fields_are_named_by_number() {
        let (walked, rows) = walk_alone(protobuf, MESSAGE).unwrap();
        assert_eq!(walked, Walked { consumed: MESSAGE.len(), complete: true });
        let numbers: Vec<_> = rows.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(numbers, ["1", "2", "3", "15", "16"]);
        assert_eq!(rows[0].1, "004401512345678");
    }

    #[test]
    fn a_cut_message_gives_its_prefix_only_where_expected_enough() {
        let long = [MESSAGE, MESSAGE, MESSAGE].concat();
        let (walked, rows) = walk_alone(protobuf, &long[..long.len() - 3]).unwrap();
        assert!(!walked.complete && rows.len() == 15);
        assert_eq!(walk_alone(protobuf, b"\x0a\x03ab"), None);
    }

    #[test]
    fn streams_of_messages_are_cut_apart() {
        let mut stream = Vec::new();
        for _ in 0..3 {
            stream.push(MESSAGE.len() as u8);
            stream.extend(MESSAGE);
        }
        let (walked, rows) = walk_alone(delimited, &stream).unwrap();
        assert!(walked.complete && rows.len() == 3);
    }

    #[test]
    fn noise_is_no_message() {
        let mut state = 1_u32;
        let mut accepted = 0;
        for round in 0..4000_usize {
            let noise: Vec<u8> = (0..8 + round % 60)
                .map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (state >> 24) as u8
                })
                .collect();
            accepted += usize::from(walk_alone(protobuf, &noise).is_some());
        }
        assert!(accepted <= 4, "{accepted} of 4000");
        assert_eq!(walk_alone(protobuf, b""), None);
    }
}
