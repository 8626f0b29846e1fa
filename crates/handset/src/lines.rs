//! Lines of a text that comes in pieces, each with its place.
//!
//! What the phone's tools print is read line by line: a line is the smallest thing that proves something, and a
//! damaged one costs only itself. A line longer than [`MAX_LINE`] is cut, so that a file without line ends does
//! not fill the memory; what was cut off still counts in the line's range.

use std::borrow::Cow;

use crate::Oddity;

/// How much of a line is kept. The log daemon's records have at most 4 KiB; the longest lines known are lists
/// of packages and settings.
pub(crate) const MAX_LINE: usize = 64 * 1024;

/// A line and its place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line<'a> {
    bytes: &'a [u8],
    /// Offset of its first byte.
    pub(crate) start: u64,
    /// Offset of the byte after its last one, the line end not counted.
    pub(crate) end: u64,
}

impl<'a> Line<'a> {
    /// The line that begins at `start`, without its line end.
    fn new(bytes: &'a [u8], start: u64) -> Self {
        let bytes = without_returns(bytes);
        Self { bytes, start, end: start.saturating_add(bytes.len() as u64) }
    }

    /// Its text; bytes that are no UTF-8 stand as U+FFFD.
    pub(crate) fn text(&self) -> Cow<'a, str> {
        String::from_utf8_lossy(self.bytes)
    }

    /// Its bytes, cut at [`MAX_LINE`].
    pub(crate) fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// A fact that this line says.
    pub(crate) fn found<T>(&self, value: T) -> crate::Found<T> {
        crate::Found::new(value, self.start..self.end)
    }
}

/// Cuts pieces into lines.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lines {
    /// The beginning of a line that has not ended yet.
    held: Vec<u8>,
    /// How much of that line was not kept.
    lost: u64,
    /// Offset of the next byte.
    offset: u64,
    /// Lines that were cut.
    cut: Broken,
}

impl Lines {
    /// Takes the next bytes, and gives out the lines that end in them.
    pub(crate) fn push(&mut self, mut bytes: &[u8], each: &mut dyn FnMut(&Line<'_>)) {
        while let Some(at) = memchr::memchr(b'\n', bytes) {
            let (line, rest) = bytes.split_at(at);
            self.line(line, each);
            self.offset = self.offset.saturating_add(1);
            bytes = rest.get(1..).unwrap_or_default();
        }
        self.hold(bytes);
    }

    /// Gives out the last line, where no line end stands behind it.
    pub(crate) fn finish(&mut self, each: &mut dyn FnMut(&Line<'_>)) {
        if !self.held.is_empty() {
            self.line(&[], each);
        }
    }

    /// Says that there were lines of which only the beginning was kept.
    pub(crate) fn oddity(&mut self) -> Option<Oddity> {
        self.cut.oddity("file holds lines longer than are read")
    }

    /// The rest of a line: all of it, or what comes behind what is held.
    fn line(&mut self, rest: &[u8], each: &mut dyn FnMut(&Line<'_>)) {
        if self.held.is_empty() && rest.len() <= MAX_LINE {
            each(&Line::new(rest, self.offset));
            self.offset = self.offset.saturating_add(rest.len() as u64);
            return;
        }
        self.hold(rest);
        let kept = self.held.len() as u64;
        let start = self.offset.saturating_sub(kept.saturating_add(self.lost));
        let mut line = Line::new(&self.held, start);
        if self.lost > 0 {
            line.end = self.offset;
            self.cut.count(&line, "cut");
        }
        each(&line);
        self.held.clear();
        self.lost = 0;
    }

    fn hold(&mut self, bytes: &[u8]) {
        let room = MAX_LINE.saturating_sub(self.held.len());
        let (kept, lost) = bytes.split_at(bytes.len().min(room));
        self.held.extend_from_slice(kept);
        self.lost = self.lost.saturating_add(lost.len() as u64);
        self.offset = self.offset.saturating_add(bytes.len() as u64);
    }
}

/// Lines that could not be read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Broken {
    lines: u64,
    first: u64,
}

impl Broken {
    /// Counts a line, unless it is blank.
    pub(crate) fn count(&mut self, line: &Line<'_>, text: &str) {
        if text.trim().is_empty() {
            return;
        }
        if self.lines == 0 {
            self.first = line.start;
        }
        self.lines = self.lines.saturating_add(1);
    }

    /// Says that there were some.
    pub(crate) fn oddity(&mut self, what: &'static str) -> Option<Oddity> {
        let lines = std::mem::take(&mut self.lines);
        (lines > 0).then(|| Oddity::new(what, format!("{lines} lines"), self.first))
    }
}

/// A terminal's line ends: `\r\n`, and `\r\r\n` of older `adb shell`s.
fn without_returns(mut bytes: &[u8]) -> &[u8] {
    while let [rest @ .., b'\r'] = bytes {
        bytes = rest;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::{Lines, MAX_LINE};

    fn cut(text: &[u8], step: usize) -> (Vec<(String, u64, u64)>, bool) {
        let mut lines = Lines::default();
        let mut seen = Vec::new();
        let mut each = |line: &super::Line<'_>| {
            seen.push((line.text().into_owned(), line.start, line.end));
        };
        for piece in text.chunks(step) {
            lines.push(piece, &mut each);
        }
        lines.finish(&mut each);
        (seen, lines.oddity().is_some())
    }

    #[test]
    fn lines_know_their_place_whatever_the_pieces() {
        let text = b"one\r\n\r\r\ntw\xffo\nlast";
        let expected = [("one", 0, 3), ("", 5, 5), ("tw\u{fffd}o", 8, 12), ("last", 13, 17)]
            .map(|(text, start, end)| (text.to_owned(), start, end));
        for step in 1..=text.len() {
            assert_eq!(cut(text, step), (expected.to_vec(), false), "{step}");
        }
    }

    #[test]
    fn an_endless_line_is_cut() {
        let text = [vec![b'x'; MAX_LINE + 5], b"\nnext".to_vec()].concat();
        for step in [7, text.len()] {
            let (lines, is_cut) = cut(&text, step);
            assert!(is_cut);
            assert_eq!(lines[0].0.len(), MAX_LINE);
            assert_eq!((lines[0].1, lines[0].2), (0, MAX_LINE as u64 + 5));
            assert_eq!((lines[1].0.as_str(), lines[1].1), ("next", MAX_LINE as u64 + 6));
        }
    }
}
