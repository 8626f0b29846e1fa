//! Lines of a text that comes in pieces, each with its place.
//!
//! What the phone's tools print is read line by line: a line is the smallest thing that proves something, and a
//! damaged one costs only itself. A line longer than [`MAX_LINE`] is cut, so that a file without line ends does
//! not fill the memory; what was cut off still counts in the line's range.
//!
//! The bytes are UTF-8, or UTF-16 in either order where the file begins with its mark, as PowerShell writes what
//! it redirects. Places are always those of the file's own bytes.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE};

use crate::Oddity;

/// How many letters of a line are kept: bytes, or units of UTF-16. The log daemon's records have at most 4 KiB;
/// the longest lines known are lists of packages and settings.
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
    /// The line that begins at `start`, without its line end; `bytes` are its text, and each stands for `unit`
    /// bytes of the file where it ends.
    fn new(bytes: &'a [u8], (start, end): (u64, u64), unit: u64) -> Self {
        let text = without_returns(bytes);
        let returns = bytes.len().saturating_sub(text.len()) as u64;
        Self { bytes: text, start, end: end.saturating_sub(returns.saturating_mul(unit)) }
    }

    /// Its text; bytes that are no text stand as U+FFFD.
    pub(crate) fn text(&self) -> Cow<'a, str> {
        String::from_utf8_lossy(self.bytes)
    }

    /// Its text's bytes, cut at [`MAX_LINE`].
    pub(crate) fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// A fact that this line says.
    pub(crate) fn found<T>(&self, value: T) -> crate::Found<T> {
        crate::Found::new(value, self.start..self.end)
    }
}

/// The mark that tells how a text is written, and how it is: `None` for UTF-8.
pub(crate) fn mark(bytes: &[u8]) -> (usize, Option<&'static Encoding>) {
    match Encoding::for_bom(bytes) {
        Some((encoding, length)) if encoding == UTF_16LE || encoding == UTF_16BE => (length, Some(encoding)),
        Some((_, length)) => (length, None),
        None => (0, None),
    }
}

/// Cuts pieces into lines.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lines {
    /// The first bytes, until they tell how the text is written.
    head: Vec<u8>,
    /// Whether they have told.
    is_told: bool,
    /// UTF-16, in one of its orders; `None` for UTF-8.
    wide: Option<&'static Encoding>,
    /// The first byte of a unit of UTF-16 whose second one has not come.
    half: Option<u8>,
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
    pub(crate) fn push(&mut self, bytes: &[u8], each: &mut dyn FnMut(&Line<'_>)) {
        if self.is_told {
            return self.take(bytes, each);
        }
        let missing = MARK.saturating_sub(self.head.len());
        let (head, rest) = bytes.split_at(bytes.len().min(missing));
        self.head.extend_from_slice(head);
        if self.head.len() == MARK {
            self.tell(each);
            self.take(rest, each);
        }
    }

    /// Gives out the last line, where no line end stands behind it.
    pub(crate) fn finish(&mut self, each: &mut dyn FnMut(&Line<'_>)) {
        if !self.is_told {
            self.tell(each);
        }
        if let Some(half) = self.half.take() {
            self.hold(&[half]);
        }
        if !self.held.is_empty() {
            self.line(&[], each);
        }
    }

    /// Says that there were lines of which only the beginning was kept.
    pub(crate) fn oddity(&mut self) -> Option<Oddity> {
        self.cut.oddity("file holds lines longer than are read")
    }

    /// The first bytes are there: passes over the mark.
    fn tell(&mut self, each: &mut dyn FnMut(&Line<'_>)) {
        let head = std::mem::take(&mut self.head);
        let (length, wide) = mark(&head);
        self.wide = wide;
        self.is_told = true;
        self.offset = length as u64;
        self.take(head.get(length..).unwrap_or_default(), each);
    }

    fn take(&mut self, bytes: &[u8], each: &mut dyn FnMut(&Line<'_>)) {
        match self.wide {
            Some(encoding) => self.take_wide(bytes, encoding, each),
            None => self.take_narrow(bytes, each),
        }
    }

    fn take_narrow(&mut self, mut bytes: &[u8], each: &mut dyn FnMut(&Line<'_>)) {
        while let Some(at) = memchr::memchr(b'\n', bytes) {
            let (line, rest) = bytes.split_at(at);
            self.line(line, each);
            self.offset = self.offset.saturating_add(1);
            bytes = rest.get(1..).unwrap_or_default();
        }
        self.hold(bytes);
    }

    /// The same of units of UTF-16: a piece can end within one.
    fn take_wide(&mut self, mut bytes: &[u8], encoding: &'static Encoding, each: &mut dyn FnMut(&Line<'_>)) {
        if let (Some(first), Some((second, rest))) = (self.half, bytes.split_first()) {
            self.half = None;
            self.take_units(&[first, *second], encoding, each);
            bytes = rest;
        }
        let (units, half) = bytes.split_at(bytes.len() & !1);
        self.take_units(units, encoding, each);
        self.half = half.first().copied().or(self.half);
    }

    fn take_units(&mut self, mut units: &[u8], encoding: &'static Encoding, each: &mut dyn FnMut(&Line<'_>)) {
        let end: [u8; 2] = if encoding == UTF_16LE { [b'\n', 0] } else { [0, b'\n'] };
        while let Some(at) = units.chunks_exact(2).position(|unit| unit == end) {
            let (line, rest) = units.split_at(at.saturating_mul(2));
            self.line(line, each);
            self.offset = self.offset.saturating_add(2);
            units = rest.get(2..).unwrap_or_default();
        }
        self.hold(units);
    }

    /// The rest of a line: all of it, or what comes behind what is held.
    fn line(&mut self, rest: &[u8], each: &mut dyn FnMut(&Line<'_>)) {
        if self.held.is_empty() && rest.len() <= self.room() {
            let start = self.offset;
            self.offset = start.saturating_add(rest.len() as u64);
            return give(rest, (start, self.offset), self.wide, each);
        }
        self.hold(rest);
        let kept = self.held.len() as u64;
        let start = self.offset.saturating_sub(kept.saturating_add(self.lost));
        let mut cut = false;
        give(&self.held, (start, self.offset), self.wide, &mut |line| {
            // Of a line that was cut, its line end went with the rest.
            let line = Line { end: if self.lost > 0 { self.offset } else { line.end }, ..*line };
            cut = self.lost > 0;
            each(&line);
        });
        if cut {
            self.cut.count_at(start);
        }
        self.held.clear();
        self.lost = 0;
    }

    /// Bytes that are kept of a line.
    fn room(&self) -> usize {
        if self.wide.is_some() { MAX_LINE.saturating_mul(2) } else { MAX_LINE }
    }

    fn hold(&mut self, bytes: &[u8]) {
        let room = self.room().saturating_sub(self.held.len());
        let (kept, lost) = bytes.split_at(bytes.len().min(room));
        self.held.extend_from_slice(kept);
        self.lost = self.lost.saturating_add(lost.len() as u64);
        self.offset = self.offset.saturating_add(bytes.len() as u64);
    }
}

/// Gives out the line of `bytes`, as UTF-8.
fn give(bytes: &[u8], place: (u64, u64), wide: Option<&'static Encoding>, each: &mut dyn FnMut(&Line<'_>)) {
    match wide {
        Some(encoding) => {
            let (text, _) = encoding.decode_without_bom_handling(bytes);
            each(&Line::new(text.as_bytes(), place, 2));
        }
        None => each(&Line::new(bytes, place, 1)),
    }
}

/// The longest mark of an encoding: that of UTF-8.
const MARK: usize = 3;

/// Lines that could not be read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Broken {
    lines: u64,
    first: u64,
}

impl Broken {
    /// Counts a line, unless it is blank.
    pub(crate) fn count(&mut self, line: &Line<'_>, text: &str) {
        if !text.trim().is_empty() {
            self.count_at(line.start);
        }
    }

    /// Counts the line that begins there.
    fn count_at(&mut self, start: u64) {
        if self.lines == 0 {
            self.first = start;
        }
        self.lines = self.lines.saturating_add(1);
    }

    /// Says that there were some.
    pub(crate) fn oddity(&mut self, what: &'static str) -> Option<Oddity> {
        let lines = std::mem::take(&mut self.lines);
        let detail = if lines == 1 { "1 line".to_owned() } else { format!("{lines} lines") };
        (lines > 0).then(|| Oddity::new(what, detail, self.first))
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

    /// Text in UTF-16, with its mark.
    fn wide(text: &str, bytes_of: fn(u16) -> [u8; 2]) -> Vec<u8> {
        format!("\u{feff}{text}").encode_utf16().flat_map(bytes_of).collect()
    }

    #[test]
    fn wide_lines_have_the_places_of_their_own_bytes() {
        // U+0A0A and U+010A hold the byte of a line end and are none.
        let text = "one\r\n\u{a0a}\u{10a}\n\n\u{1f600}x\r\r\nlast";
        let expected = [
            ("one", 2, 8),
            ("\u{a0a}\u{10a}", 12, 16),
            ("", 18, 18),
            ("\u{1f600}x", 20, 26),
            ("last", 32, 40),
        ];
        let expected = expected.map(|(text, start, end)| (text.to_owned(), start, end));
        for bytes in [wide(text, u16::to_le_bytes), wide(text, u16::to_be_bytes)] {
            for step in 1..=bytes.len() {
                assert_eq!(cut(&bytes, step), (expected.to_vec(), false), "{step}");
            }
            let (cut_in_a_unit, _) = cut(&bytes[..bytes.len() - 1], 5);
            assert_eq!(cut_in_a_unit[4], ("las\u{fffd}".to_owned(), 32, 39));
        }
    }

    #[test]
    fn an_endless_wide_line_is_cut() {
        let bytes = wide(&format!("{}\nnext", "x".repeat(MAX_LINE + 5)), u16::to_le_bytes);
        for step in [7, bytes.len()] {
            let (lines, is_cut) = cut(&bytes, step);
            assert!(is_cut);
            assert_eq!(lines[0].0.len(), MAX_LINE);
            assert_eq!((lines[0].1, lines[0].2), (2, 2 + 2 * (MAX_LINE as u64 + 5)));
            assert_eq!(lines[1].0, "next");
        }
    }

    #[test]
    fn a_mark_is_no_part_of_the_first_line() {
        assert_eq!(cut(b"\xef\xbb\xbfa\nb", 1).0, [("a".to_owned(), 3, 4), ("b".to_owned(), 5, 6)]);
        assert_eq!(cut(b"\xff\xfe", 1).0, []);
        assert_eq!(cut(b"\xef", 1).0, [("\u{fffd}".to_owned(), 0, 1)]);
    }
}
