//! Values of the profile in what never was a packet: lines of the phone's log, rows of message stores, texts of
//! short messages.
//!
//! They are found by the same needles as in the traffic, and kept apart from it: each way of being told has
//! findings of its own.

use std::ops::Range;

use evidence::{
    Buffer, BufferId, CaptureId, ExchangeId, FlowId, Form, FrameNo, Grade, Occurrence, Segment, Source, Span,
    Step, Timestamp, Trail,
};
use identifiers::Needles;

use crate::examine::readable;

/// What is searched for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Searched<'n>(pub(crate) &'n Needles);

/// A value of the profile that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Known {
    /// Its place among the profile's values.
    pub(crate) value: usize,
    pub(crate) grade: Grade,
    pub(crate) form: Form,
    /// Where in the text.
    pub(crate) range: Range<usize>,
}

impl Searched<'_> {
    /// The values in a text. Short ones are found behind their names, as in `CID:44D9A01,`.
    pub(crate) fn in_text(self, text: &[u8]) -> Vec<Known> {
        let mut matches = Vec::new();
        if !self.0.is_empty() {
            self.0.search(text, &mut matches);
            for (name, value) in named_values(text).take(NAMED) {
                self.0.search_value(name, text, value, &mut matches);
            }
        }
        let known = matches.into_iter().map(|found| {
            let needle = self.0.needle(found.needle);
            let form = self.0.form(&found, text);
            Known { value: needle.value, grade: needle.grade, form, range: found.start..found.end }
        });
        known.collect()
    }
}

/// The values behind a name and `:` or `=` in a text, up to what cannot stand in a short value.
fn named_values(text: &[u8]) -> impl Iterator<Item = (&str, Range<usize>)> {
    let marks = memchr::memchr2_iter(b':', b'=', text);
    marks.filter_map(|mark| {
        let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        let before = text.get(..mark)?;
        let name = before.iter().rev().take_while(|byte| is_word(byte)).count();
        let behind = text.get(mark + 1..)?;
        let quoted = behind.iter().take(2).take_while(|byte| matches!(byte, b' ' | b'"')).count();
        let len = behind.get(quoted..)?.iter().take(LONGEST).take_while(|byte| is_word(byte)).count();
        let name = std::str::from_utf8(before.get(mark.checked_sub(name)?..)?).ok()?;
        let start = mark + 1 + quoted;
        (!name.is_empty() && len >= SHORTEST).then_some((name, start..start + len))
    })
}

/// Bytes of a file of the phone, and where they stand.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stand<'b> {
    pub(crate) capture: CaptureId,
    /// The line of the first byte; where there are none, the page or frame that holds them all.
    pub(crate) number: FrameNo,
    /// Offset of the first byte in the file.
    pub(crate) start: u64,
    pub(crate) bytes: &'b [u8],
    /// Whether the file is text, in lines.
    pub(crate) in_lines: bool,
}

impl Stand<'_> {
    /// The first of these texts that stands there; else the beginning.
    pub(crate) fn shown(&self, texts: &[Option<&str>]) -> Range<usize> {
        let mut there = texts.iter().flatten().filter_map(|text| self.find(text.as_bytes()));
        there.next().unwrap_or(0..self.bytes.len().min(BEGINNING))
    }

    /// Where bytes stand.
    pub(crate) fn find(&self, bytes: &[u8]) -> Option<Range<usize>> {
        let start = memchr::memmem::find(self.bytes, bytes).filter(|_| !bytes.is_empty())?;
        Some(start..start + bytes.len())
    }

    /// The bytes `value` as evidence, with some of what stands around them.
    pub(crate) fn occurrence(&self, value: &Range<usize>, time: Timestamp) -> Occurrence {
        let value = self.cut(value);
        let around = self.around(&value);
        let number = self.number_of(value.start);
        let source = Source::Frame { capture: self.capture, frame: number };
        let len = around.len() as u64;
        let segments = vec![Segment::exact(0, len, source, self.start + around.start as u64)];
        let (start, end) = ((value.start - around.start) as u64, (value.end - around.start) as u64);
        Occurrence {
            exchange: ExchangeId { flow: FlowId { capture: self.capture, frame: number }, index: 0 },
            time,
            frame: number,
            found: readable(self.bytes.get(value).unwrap_or_default()),
            span: Span { buffer: BufferId(0), start, end },
            trail: Trail {
                buffers: vec![Buffer { step: Step::Entry, len, input: None, key: None, segments }],
            },
        }
    }

    /// What of a value is shown: no more than a proof shows, and of text no more than a line.
    fn cut(&self, value: &Range<usize>) -> Range<usize> {
        let end = value.end.min(value.start + LONGEST).min(self.bytes.len());
        let bytes = self.bytes.get(value.start..end).unwrap_or_default();
        match memchr::memchr(b'\n', bytes).filter(|_| self.in_lines) {
            Some(line) => value.start..value.start + line,
            None => value.start..value.start + bytes.len(),
        }
    }

    fn around(&self, value: &Range<usize>) -> Range<usize> {
        let (from, to) = (value.start.saturating_sub(AROUND), (value.end + AROUND).min(self.bytes.len()));
        if !self.in_lines {
            return from..to;
        }
        let before = self.bytes.get(from..value.start).unwrap_or_default();
        let behind = self.bytes.get(value.end..to).unwrap_or_default();
        let from = memchr::memrchr(b'\n', before).map_or(from, |end| from + end + 1);
        from..memchr::memchr(b'\n', behind).map_or(to, |end| value.end + end)
    }

    fn number_of(&self, at: usize) -> FrameNo {
        let before = self.bytes.get(..at).filter(|_| self.in_lines).unwrap_or_default();
        FrameNo(self.number.0 + memchr::memchr_iter(b'\n', before).count() as u64)
    }
}

/// Values behind names that are looked at in one text, and the shortest of them.
const NAMED: usize = 256;
const SHORTEST: usize = 5;
/// Bytes shown of what holds none of the texts that were looked for.
const BEGINNING: usize = 32;
/// The longest value shown.
const LONGEST: usize = 200;
/// Bytes shown before and after it.
const AROUND: usize = 96;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_shown_within_its_line() {
        let bytes = b"first\nTN:IMEI1,352099001761481,x\nlast";
        let stand = Stand { capture: CaptureId(2), number: FrameNo(7), start: 100, bytes, in_lines: true };
        let value = stand.find(b"352099001761481").unwrap();
        let told = stand.occurrence(&value, Timestamp(5));
        assert_eq!((told.frame.0, told.found.as_str()), (8, "352099001761481"));
        assert_eq!(told.trail.trace(told.span), [(CaptureId(2), FrameNo(8), 115..130)]);
        let whole = told.trail.buffers.first().map(|buffer| buffer.len);
        assert_eq!(whole, Some(26), "the line around it");
        let binary = Stand { in_lines: false, ..stand };
        let told = binary.occurrence(&(0..bytes.len()), Timestamp(5));
        assert_eq!((told.frame.0, told.trail.check()), (7, Ok(())));
        assert_eq!(binary.shown(&[None, Some(""), Some("last")]), 33..37);
        assert_eq!(binary.shown(&[Some("not there")]), 0..32);
    }
}
