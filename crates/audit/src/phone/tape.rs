//! The last stretch of a file that passes by: what a fact was read from, as text and by its line.

use std::ops::Range;

use evidence::{CaptureId, FrameNo, Quote};
use memchr::memchr_iter;

use crate::examine::readable;

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
    /// Where in `bytes` lines end.
    ends: Vec<usize>,
}

impl Tape {
    pub(crate) fn of(capture: CaptureId) -> Self {
        Self { capture, room: KEPT, bytes: Vec::new(), base: 0, lines: 0, ends: Vec::new() }
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
        let before = self.place(at).map_or(0, |at| self.ends.partition_point(|end| *end < at));
        FrameNo(self.lines + before as u64 + 1)
    }

    /// Adds the next bytes, and forgets what lies too far back.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        let over = (self.bytes.len() + bytes.len()).saturating_sub(self.room);
        if over > 0 && self.bytes.len() > self.room / 2 {
            let forgotten = self.bytes.len() - self.room / 2;
            let ended = self.ends.partition_point(|end| *end < forgotten);
            self.lines += ended as u64;
            self.ends.drain(..ended);
            self.ends.iter_mut().for_each(|end| *end -= forgotten);
            self.bytes.drain(..forgotten);
            self.base += forgotten as u64;
        }
        let at = self.bytes.len();
        self.ends.extend(memchr_iter(b'\n', bytes).map(|end| at + end));
        self.bytes.extend_from_slice(bytes);
    }

    /// The bytes of a range of the file, with their line. What was forgotten has no text.
    pub(crate) fn quote(&self, range: Range<u64>) -> Quote {
        let (from, to) = (self.place(range.start), self.place(range.end.min(range.start + LONGEST)));
        let bytes = from.zip(to).and_then(|(from, to)| self.bytes.get(from..to)).unwrap_or_default();
        Quote {
            capture: self.capture,
            line: self.number(range.start),
            start: range.start,
            end: range.start + bytes.len() as u64,
            text: readable(bytes),
        }
    }

    /// The line that holds the byte `at`, without its end.
    pub(crate) fn line(&self, at: u64) -> Quote {
        let from = self.place(at).unwrap_or(0);
        let next = self.ends.partition_point(|end| *end < from);
        let start = next.checked_sub(1).and_then(|last| self.ends.get(last)).map_or(0, |end| end + 1);
        let end = self.ends.get(next).copied().unwrap_or(self.bytes.len());
        let line = self.bytes.get(start..end).unwrap_or_default();
        let indent = line.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let len = line.trim_ascii().len();
        let start = self.base + (start + indent) as u64;
        self.quote(start..start + len as u64)
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
