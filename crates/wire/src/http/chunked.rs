//! Chunked bodies (RFC 9112 section 7.1): which ranges are data, where the body ends, and its trailer fields.
//!
//! Works on a *piece*: the bytes of a message that are waiting, of which `read` sees more and more. A chunk
//! may reach over several pieces.

use std::ops::Range;

use evidence::{BufferId, Segment, Source};
use memchr::memchr;

use super::head::{Oddities, take_field};
use crate::{Body, Part};

/// Reads the chunks of one body.
#[derive(Debug)]
pub(crate) struct Chunked {
    /// Bytes of the piece read so far.
    at: usize,
    state: State,
    /// Data in the piece, in order.
    data: Vec<Range<usize>>,
    /// Whether a piece ends with the first chunk that ends an event.
    events: bool,
    pub(crate) trailers: Vec<Part>,
}

/// What [`Chunked::read`] came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// The body ends before this byte.
    Done(usize),
    /// What stands here is no chunk.
    Lost(usize),
    /// All that was given belongs to the body, which goes on.
    More,
    /// So many chunks, or such ones, that the piece should be cut here.
    Full(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// In the digits of a size.
    Size { value: u64, digits: u8 },
    /// After the digits, up to the line end.
    Extension { value: u64 },
    /// In data, of which so many bytes are left.
    Data { left: u64 },
    /// The line end after data.
    DataEnd,
    /// In the trailer section, in the line that starts there, or (`split`) in the piece before.
    Trailer { line: usize, split: bool },
}

impl Chunked {
    /// A reader whose body starts at byte `at` of the piece.
    pub(crate) fn new(at: usize) -> Self {
        Self { at, state: START, data: Vec::new(), events: false, trailers: Vec::new() }
    }

    /// A reader of server-sent events: each is a piece, where chunks end as events do.
    pub(crate) fn of_events(self) -> Self {
        Self { events: true, ..self }
    }

    /// Goes on reading the piece, of which earlier calls saw the beginning.
    pub(crate) fn read(&mut self, piece: &[u8], oddities: &mut Oddities) -> Progress {
        while let Some(&byte) = piece.get(self.at) {
            match self.state {
                State::Size { value, digits } => {
                    let Some(state) = size(byte, value, digits) else { return Progress::Lost(self.at) };
                    self.state = state;
                    self.at += usize::from(!matches!(state, State::Extension { .. }));
                }
                State::Extension { value } => self.pass_line_end(piece, value),
                State::Data { left } => self.pass_data(piece, left),
                State::DataEnd => match byte {
                    b'\r' => self.at += 1,
                    b'\n' => {
                        self.at += 1;
                        self.state = START;
                    }
                    _ => {
                        let what = "peer sent a chunk without line end after its data";
                        oddities.note(self.at, what, String::new);
                        self.state = START;
                    }
                },
                State::Trailer { line, split } => {
                    if let Some(end) = self.pass_trailer(piece, line, split, oddities) {
                        return Progress::Done(end);
                    }
                }
            }
            let full = self.data.len() >= CHUNK_LIMIT || (self.events && self.ends_event(piece));
            if self.state == START && full {
                return Progress::Full(self.at);
            }
        }
        Progress::More
    }

    /// The body's bytes in the piece, of which `recorded` is the beginning, and begins the next piece there.
    pub(crate) fn cut(&mut self, recorded: &[u8]) -> Body {
        let len = self.data.iter().map(Range::len).sum();
        let mut bytes = Vec::with_capacity(len);
        let mut segments = Vec::with_capacity(self.data.len());
        for range in self.data.drain(..) {
            let data = recorded.get(range.clone()).unwrap_or_default();
            let source = Source::Buffer(BufferId(0));
            segments.push(Segment::exact(bytes.len() as u64, data.len() as u64, source, range.start as u64));
            bytes.extend_from_slice(data);
        }
        self.at = self.at.saturating_sub(recorded.len());
        if let State::Trailer { line, split } = &mut self.state {
            *split |= *line < recorded.len();
            *line = line.saturating_sub(recorded.len());
        }
        if bytes.is_empty() { Body::None } else { Body::Joined { bytes, segments } }
    }

    /// Passes over `lost` bytes that the capture lacks; `false` where they reach past the chunk's data, so
    /// that nobody knows where the next chunk starts.
    pub(crate) fn lose(&mut self, lost: u64) -> bool {
        match &mut self.state {
            State::Data { left } if lost < *left => *left -= lost,
            State::Data { left } if lost == *left => self.state = State::DataEnd,
            _ => return false,
        }
        true
    }

    /// Whether the last data are those of an event's end: a blank line.
    fn ends_event(&self, piece: &[u8]) -> bool {
        let last = self.data.last().and_then(|range| piece.get(range.clone())).unwrap_or_default();
        last.ends_with(b"\n\n") || last.ends_with(b"\n\r\n")
    }

    fn pass_data(&mut self, piece: &[u8], left: u64) {
        let there = piece.len().saturating_sub(self.at);
        let len = usize::try_from(left).unwrap_or(usize::MAX).min(there);
        match self.data.last_mut().filter(|last| last.end == self.at) {
            Some(last) => last.end += len,
            None => self.data.push(self.at..self.at + len),
        }
        self.at += len;
        let left = left.saturating_sub(len as u64);
        self.state = if left == 0 { State::DataEnd } else { State::Data { left } };
    }

    fn pass_line_end(&mut self, piece: &[u8], value: u64) {
        let rest = piece.get(self.at..).unwrap_or_default();
        let Some(end) = memchr(b'\n', rest) else {
            self.at += rest.len();
            return;
        };
        self.at += end + 1;
        self.state = match value {
            0 => State::Trailer { line: self.at, split: false },
            left => State::Data { left },
        };
    }

    /// Passes over what is there of a trailer line; the end of the body, where it was the blank one.
    fn pass_trailer(
        &mut self,
        piece: &[u8],
        line: usize,
        split: bool,
        oddities: &mut Oddities,
    ) -> Option<usize> {
        let Some(found) = piece.get(self.at..).and_then(|rest| memchr(b'\n', rest)) else {
            self.at = piece.len();
            return None;
        };
        let end = self.at + found;
        self.at = end + 1;
        let bare = match piece.get(line..end) {
            Some([.., b'\r']) => end - 1,
            _ => end,
        };
        if bare <= line && !split {
            return Some(end + 1);
        }
        if !split {
            take_field(piece, line..bare, &mut self.trailers, oddities);
        }
        self.state = State::Trailer { line: end + 1, split: false };
        None
    }
}

/// The state after a byte of a size line, blanks before and after the digits allowed.
fn size(byte: u8, value: u64, digits: u8) -> Option<State> {
    match char::from(byte).to_digit(16) {
        Some(digit) if digits < 16 => {
            Some(State::Size { value: value << 4 | u64::from(digit), digits: digits + 1 })
        }
        Some(_) => None,
        None if digits > 0 && matches!(byte, b';' | b'\r' | b'\n' | b' ' | b'\t') => {
            Some(State::Extension { value })
        }
        None if digits == 0 && matches!(byte, b' ' | b'\t') => Some(START),
        None => None,
    }
}

const START: State = State::Size { value: 0, digits: 0 };

/// Most stretches of data in one piece, so that bodies cut into single bytes do not take up a multiple of
/// their size.
const CHUNK_LIMIT: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(piece: &[u8]) -> (Progress, Vec<u8>, usize, usize) {
        let mut oddities = Oddities::default();
        let mut reader = Chunked::new(0);
        let progress = reader.read(piece, &mut oddities);
        let trailers = reader.trailers.len();
        let bytes = match reader.cut(piece) {
            Body::Joined { bytes, .. } => bytes,
            Body::None | Body::Range(_) => Vec::new(),
        };
        (progress, bytes, trailers, oddities.drain().count())
    }

    #[test]
    fn chunks_are_joined() {
        type Row = (&'static [u8], Progress, &'static [u8], usize, usize);
        let rows: [Row; 7] = [
            (b"5\r\nhello\r\n0\r\n\r\nGET", Progress::Done(15), b"hello", 0, 0),
            (b"5;a=\"b\"\r\nhello\r\n01\n!\n0\n\n", Progress::Done(24), b"hello!", 0, 0),
            (b"1\r\na\r\n0\r\nX: 1\r\nY: 2\r\n\r\n", Progress::Done(23), b"a", 2, 0),
            (b"5\r\nhel", Progress::More, b"hel", 0, 0),
            (b"3\r\nabc3\r\ndef\r\n0\r\n\r\n", Progress::Done(19), b"abcdef", 0, 1),
            (b"zz\r\n", Progress::Lost(0), b"", 0, 0),
            (b"ffffffffffffffff0\r\n", Progress::Lost(16), b"", 0, 0),
        ];
        for (piece, progress, body, trailers, odd) in rows {
            assert_eq!(whole(piece), (progress, body.to_vec(), trailers, odd), "{}", piece.escape_ascii());
        }
    }

    #[test]
    fn a_gap_inside_a_chunk_leaves_the_place_known() {
        let mut oddities = Oddities::default();
        let mut reader = Chunked::new(0);
        assert_eq!(reader.read(b"a\r\n01", &mut oddities), Progress::More);
        reader.cut(b"a\r\n01");
        assert!(reader.lose(5));
        assert_eq!(reader.read(b"789\r\n0\r\n\r\n", &mut oddities), Progress::Done(10));
        assert_eq!(
            reader.cut(b"789\r\n0\r\n\r\n"),
            Body::Joined {
                bytes: b"789".to_vec(),
                segments: vec![Segment::exact(0, 3, Source::Buffer(BufferId(0)), 0)],
            }
        );
        assert!(!reader.lose(1));
    }
}
