//! The last stretch of a file that passes by: what a fact was read from, as text and by its line.

use std::ops::Range;

use evidence::{CaptureId, FrameNo, Quote};

use crate::{
    examine::readable,
    lines::{LineStarts, Writing},
};

/// The end of a file as far as it was read.
#[derive(Debug)]
pub(crate) struct Tape {
    capture: CaptureId,
    /// Bytes that are kept at most.
    room: usize,
    bytes: Vec<u8>,
    /// Offset in the file of the first byte kept.
    base: u64,
    /// Lines before it.
    lines: u64,
    lines_of: LineStarts,
    /// Where in `bytes` lines begin, but for the first one.
    starts: Vec<usize>,
}

impl Tape {
    pub(crate) fn of(capture: CaptureId) -> Self {
        Self {
            capture,
            room: KEPT,
            bytes: Vec::new(),
            base: 0,
            lines: 0,
            lines_of: LineStarts::default(),
            starts: Vec::new(),
        }
    }

    /// A tape that forgets nothing: whoever fills it looks to its length.
    pub(crate) fn whole(capture: CaptureId) -> Self {
        Self { room: usize::MAX, ..Self::of(capture) }
    }

    /// The file.
    pub(crate) fn capture(&self) -> CaptureId {
        self.capture
    }

    /// All that is kept.
    pub(crate) fn all(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes of a range of the file; none where they were forgotten.
    pub(crate) fn bytes(&self, range: &Range<u64>) -> Option<&[u8]> {
        self.bytes.get(self.place(range.start)?..self.place(range.end)?)
    }

    /// The line that the byte `at` stands in.
    pub(crate) fn number(&self, at: u64) -> FrameNo {
        let before = self.place(at).map_or(0, |at| self.starts.partition_point(|start| *start <= at));
        FrameNo(self.lines + before as u64 + 1)
    }

    /// Adds the next bytes, and forgets what lies too far back.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        let over = (self.bytes.len() + bytes.len()).saturating_sub(self.room);
        if over > 0 && self.bytes.len() > self.room / 2 {
            // A unit of UTF-16 is not torn.
            let forgotten = (self.bytes.len() - self.room / 2) & !1;
            let begun = self.starts.partition_point(|start| *start <= forgotten);
            self.lines += begun as u64;
            self.starts.drain(..begun);
            self.starts.iter_mut().for_each(|start| *start -= forgotten);
            self.bytes.drain(..forgotten);
            self.base += forgotten as u64;
        }
        let (starts, base) = (&mut self.starts, self.base);
        self.lines_of.push(bytes, |start| starts.extend(usize::try_from(start - base)));
        self.bytes.extend_from_slice(bytes);
    }

    /// The bytes of a range of the file, with their line. What was forgotten has no text.
    pub(crate) fn quote(&self, range: Range<u64>) -> Quote {
        let (from, to) = (self.place(range.start), self.place(range.end.min(range.start + LONGEST)));
        let bytes = from.zip(to).and_then(|(from, to)| self.bytes.get(from..to)).unwrap_or_default();
        let (text, decoder) = self.text(bytes);
        Quote {
            capture: self.capture,
            line: self.number(range.start),
            start: range.start,
            end: range.start + bytes.len() as u64,
            text,
            decoder: decoder.to_owned(),
        }
    }

    /// Bytes as text, and what makes it of them where they are UTF-16.
    fn text(&self, bytes: &[u8]) -> (String, &'static str) {
        let decoded = self.decoder().and_then(|decoder| {
            let text = payload::replay_up_to(decoder, bytes, bytes.len().saturating_mul(2))?;
            let shown = readable(&text);
            // What is no text is shown as it lies there.
            (shown.as_bytes() == text).then_some((shown, decoder))
        });
        decoded.unwrap_or_else(|| (readable(bytes), ""))
    }

    /// The decoder that makes UTF-8 of the file, where it is UTF-16.
    pub(crate) fn decoder(&self) -> Option<&'static str> {
        self.lines_of.writing().decoder()
    }

    /// The line that holds the byte `at`, without its end.
    pub(crate) fn line(&self, at: u64) -> Quote {
        let Range { start, end } = self.line_at(self.place(at).unwrap_or(0));
        let line = self.bytes.get(start..end).unwrap_or_default();
        let blanks = self.blanks(line);
        let behind = if blanks < line.len() { self.blanks_behind(line) } else { 0 };
        let start = self.base + (start + blanks) as u64;
        self.quote(start..start + (line.len() - blanks - behind) as u64)
    }

    /// The lines that a range of the file meets, each with its number, as far as they are in it and without their ends.
    pub(crate) fn lines(&self, range: Range<u64>) -> impl Iterator<Item = (FrameNo, Range<u64>)> {
        let (from, to) = (self.place(range.start), self.place(range.end));
        let mut next = from.zip(to).filter(|(from, to)| from < to);
        std::iter::from_fn(move || {
            let (at, to) = next?;
            let line = self.line_at(at);
            let behind = self.starts.get(self.starts.partition_point(|start| *start <= at));
            next = behind.filter(|start| **start < to).map(|start| (*start, to));
            let end = line.end - behind.map_or(0, |_| self.unit());
            let start = self.base + at as u64;
            Some((self.number(start), start..self.base + end.clamp(at, to) as u64))
        })
    }

    /// Where in `bytes` the line of the byte `at` stands, its end included.
    fn line_at(&self, at: usize) -> Range<usize> {
        let next = self.starts.partition_point(|start| *start <= at);
        let start = next.checked_sub(1).and_then(|last| self.starts.get(last)).copied();
        // The mark of a file's beginning is no part of its first line.
        let first = if self.base == 0 && self.decoder().is_some() { 2 } else { 0 };
        let end = self.starts.get(next).copied().unwrap_or(self.bytes.len());
        start.unwrap_or(first).min(end)..end
    }

    /// How many bytes of white space a line begins with.
    fn blanks(&self, line: &[u8]) -> usize {
        let unit = self.unit();
        line.chunks(unit).take_while(|it| self.is_blank(it)).map(<[u8]>::len).sum()
    }

    /// How many bytes of it a line ends with, its line end included.
    fn blanks_behind(&self, line: &[u8]) -> usize {
        let (whole, rest) = line.split_at(line.len() - line.len() % self.unit());
        let blanks = whole.rchunks(self.unit()).take_while(|it| rest.is_empty() && self.is_blank(it));
        blanks.map(<[u8]>::len).sum()
    }

    fn unit(&self) -> usize {
        if self.lines_of.writing() == Writing::Narrow { 1 } else { 2 }
    }

    fn is_blank(&self, unit: &[u8]) -> bool {
        match (self.lines_of.writing(), unit) {
            (Writing::Narrow, [byte]) | (Writing::WideBe, [0, byte]) | (Writing::WideLe, [byte, 0]) => {
                byte.is_ascii_whitespace()
            }
            _ => false,
        }
    }

    fn place(&self, at: u64) -> Option<usize> {
        usize::try_from(at.checked_sub(self.base)?).ok().filter(|at| *at <= self.bytes.len())
    }
}

/// Bytes that are kept: a file that is read as a whole is no longer, and neither is a section on one package.
const KEPT: usize = 36 << 20;
/// The longest quote: what a proof shows of a value.
const LONGEST: u64 = 200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_found_by_any_of_their_bytes() {
        let mut tape = Tape::of(CaptureId(3));
        for part in ["first\n  sec", "ond  \r\nthird"] {
            tape.push(part.as_bytes());
        }
        let told = |at| {
            let quote = tape.line(at);
            (quote.line.0, quote.start, quote.end, quote.text)
        };
        assert_eq!(told(0), (1, 0, 5, "first".to_owned()));
        assert_eq!(told(6), (2, 8, 14, "second".to_owned()));
        assert_eq!(told(13), (2, 8, 14, "second".to_owned()));
        assert_eq!(told(19), (3, 18, 23, "third".to_owned()));
        assert_eq!(tape.quote(8..11).text, "sec");
    }

    #[test]
    fn lines_of_utf_16_are_those_of_its_units() {
        // U+0A41 and U+010A hold the byte of a line end.
        let text = "\u{feff}first\r\n  s\u{a41}\u{10a} \r\nthird \n";
        let le: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let be: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        for (decoder, bytes) in [("utf-16le", le), ("utf-16be", be)] {
            for step in [1, 7, bytes.len()] {
                let mut tape = Tape::of(CaptureId(3));
                bytes.chunks(step).for_each(|part| tape.push(part));
                let told = |at| {
                    let quote = tape.line(at);
                    assert_eq!(quote.decoder, decoder);
                    (quote.line.0, quote.start, quote.end, quote.text)
                };
                assert_eq!(told(0), (1, 2, 12, "first".to_owned()));
                assert_eq!(told(15), (1, 2, 12, "first".to_owned()));
                assert_eq!(told(16), (2, 20, 26, "s\u{a41}\u{10a}".to_owned()));
                assert_eq!(told(33), (3, 32, 42, "third".to_owned()));
                let lines: Vec<_> = tape.lines(20..40).map(|(line, range)| (line.0, range)).collect();
                assert_eq!(lines, [(2, 20..30), (3, 32..40)]);
            }
        }
    }

    #[test]
    fn what_is_forgotten_still_counts() {
        let mut tape = Tape::of(CaptureId(0));
        let line = [&b"x".repeat(999)[..], b"\n"].concat();
        let lines = KEPT / line.len() + 500;
        (0..lines).for_each(|_| tape.push(&line));
        tape.push(b"the last");
        let quote = tape.line((lines * line.len()) as u64);
        assert_eq!((quote.line.0, quote.text.as_str()), (lines as u64 + 1, "the last"));
        assert!(tape.bytes.len() <= KEPT + line.len());
        assert_eq!(tape.quote(0..5).text, "");
    }
}
