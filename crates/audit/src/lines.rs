//! Where the lines of a text begin, in UTF-8 and in UTF-16: what a line's number rests on, in an audit and in its proof.
//!
//! A file is UTF-16 where its first two bytes are the mark of one of its orders (RFC 2781, section 3.2), as the readers
//! of `handset` take it. Then the byte of a line end is one only in a unit of its own: U+0A41 and U+010A hold it as well.

use memchr::memchr_iter;

/// How a text is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Writing {
    /// UTF-8, or anything else whose line ends are single bytes.
    #[default]
    Narrow,
    /// UTF-16, big-endian.
    WideBe,
    /// UTF-16, little-endian.
    WideLe,
}

impl Writing {
    /// How a file that begins so is written.
    fn of(mark: [u8; 2]) -> Self {
        match mark {
            [0xfe, 0xff] => Self::WideBe,
            [0xff, 0xfe] => Self::WideLe,
            _ => Self::Narrow,
        }
    }

    /// Bytes of a line end.
    pub(crate) fn unit(self) -> u64 {
        if self == Self::Narrow { 1 } else { 2 }
    }

    /// The decoder of `payload` that makes UTF-8 of it, where it needs one.
    pub(crate) fn decoder(self) -> Option<&'static str> {
        match self {
            Self::Narrow => None,
            Self::WideBe => Some("utf-16be"),
            Self::WideLe => Some("utf-16le"),
        }
    }
}

/// Finds where lines begin in a file that comes in pieces.
#[derive(Clone, Debug, Default)]
pub(crate) struct LineStarts {
    writing: Writing,
    /// Offset of the next byte.
    at: u64,
    /// The byte before it.
    last: u8,
    /// Whether that may be the first half of a line end.
    half: bool,
}

impl LineStarts {
    /// How the file is written, once its first two bytes are known.
    pub(crate) fn writing(&self) -> Writing {
        self.writing
    }

    /// Takes the next bytes, and calls `each` with the offset of every line that begins behind a line end in them.
    pub(crate) fn push(&mut self, bytes: &[u8], mut each: impl FnMut(u64)) {
        let Some(last) = bytes.last() else { return };
        self.tell(bytes);
        if std::mem::take(&mut self.half) && bytes.first() == Some(&0) {
            each(self.at + 1);
        }
        for place in memchr_iter(b'\n', bytes) {
            let offset = self.at + place as u64;
            match (self.writing, offset % 2) {
                (Writing::Narrow, _) => each(offset + 1),
                (Writing::WideBe, 1) => {
                    let before = place.checked_sub(1).map_or(Some(&self.last), |place| bytes.get(place));
                    if before == Some(&0) {
                        each(offset + 1);
                    }
                }
                (Writing::WideLe, 0) => match bytes.get(place + 1) {
                    Some(0) => each(offset + 2),
                    Some(_) => {}
                    None => self.half = true,
                },
                (Writing::WideBe | Writing::WideLe, _) => {}
            }
        }
        (self.at, self.last) = (self.at + bytes.len() as u64, *last);
    }

    /// Looks at the mark. A line end that stands in its place is none of UTF-16.
    fn tell(&mut self, bytes: &[u8]) {
        let mark = match (self.at, bytes) {
            (0, [first, second, ..]) => [*first, *second],
            (1, [second, ..]) => [self.last, *second],
            _ => return,
        };
        self.writing = Writing::of(mark);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn starts(bytes: &[u8], step: usize) -> (Vec<u64>, Writing) {
        let (mut lines, mut starts) = (LineStarts::default(), Vec::new());
        bytes.chunks(step).for_each(|piece| lines.push(piece, |start| starts.push(start)));
        (starts, lines.writing())
    }

    #[test]
    fn lines_begin_behind_line_ends_whatever_the_pieces() {
        let text = "\u{feff}a\r\n\u{a41}\u{10a}\u{a0a}\n\nb";
        let le: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let be: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let rows: [(&[u8], &[u64], Writing); 5] = [
            (b"\na\n\nb", &[1, 3, 4], Writing::Narrow),
            (b"a\0\n\0b", &[3], Writing::Narrow),
            (b"\xff\xfe", &[], Writing::WideLe),
            (&le, &[8, 16, 18], Writing::WideLe),
            (&be, &[8, 16, 18], Writing::WideBe),
        ];
        for (bytes, expected, writing) in rows {
            for step in 1..=bytes.len() {
                assert_eq!(starts(bytes, step), (expected.to_vec(), writing), "{bytes:?} by {step}");
            }
        }
    }
}
