//! Frame headers (RFC 9113 sections 4.1 and 6), and whether bytes can be one.

use crate::protocol::Verdict;

/// The header of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Bytes behind the header.
    pub len: usize,
    /// What it is.
    pub kind: Kind,
    /// Its flags, whose meaning depends on the kind.
    pub flags: u8,
    /// The stream; 0 is the connection.
    pub stream: u32,
    /// The bit before the stream's number, which means nothing.
    pub reserved: bool,
}

/// A type of frames, as on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind(pub u8);

#[expect(missing_docs, reason = "the names are the standard's")]
impl Kind {
    pub const DATA: Self = Self(0);
    pub const HEADERS: Self = Self(1);
    pub const PRIORITY: Self = Self(2);
    pub const RST_STREAM: Self = Self(3);
    pub const SETTINGS: Self = Self(4);
    pub const PUSH_PROMISE: Self = Self(5);
    pub const PING: Self = Self(6);
    pub const GOAWAY: Self = Self(7);
    pub const WINDOW_UPDATE: Self = Self(8);
    pub const CONTINUATION: Self = Self(9);
}

#[expect(missing_docs, reason = "the names are the standard's")]
impl Frame {
    pub const END_STREAM: u8 = 0x1;
    pub const ACK: u8 = 0x1;
    pub const END_HEADERS: u8 = 0x4;
    pub const PADDED: u8 = 0x8;
    pub const PRIORITY: u8 = 0x20;
}

impl Frame {
    /// Length of a frame's header.
    pub const HEADER: usize = 9;

    /// The header that `bytes` begin with; `None` where there are fewer than nine.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let [a, b, c, kind, flags, stream @ ..] = bytes.first_chunk::<{ Self::HEADER }>()?;
        let stream = u32::from_be_bytes(*stream);
        Some(Self {
            len: usize::from(*a) << 16 | usize::from(*b) << 8 | usize::from(*c),
            kind: Kind(*kind),
            flags: *flags,
            stream: stream & 0x7fff_ffff,
            reserved: stream > 0x7fff_ffff,
        })
    }

    /// Whether a flag is set.
    pub fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// Header and payload.
    pub fn total(&self) -> usize {
        Self::HEADER + self.len
    }

    /// Whether length and stream are what the standard asks of the kind.
    pub fn obeys(&self) -> bool {
        let padded = usize::from(self.has(Self::PADDED));
        let (on_stream, len) = match self.kind {
            Kind::DATA => (Some(true), self.len >= padded),
            Kind::HEADERS => (Some(true), self.len >= padded + if self.has(Self::PRIORITY) { 5 } else { 0 }),
            Kind::PRIORITY => (Some(true), self.len == 5),
            Kind::RST_STREAM => (Some(true), self.len == 4),
            Kind::SETTINGS if self.has(Self::ACK) => (Some(false), self.len == 0),
            Kind::SETTINGS => (Some(false), self.len.is_multiple_of(6)),
            Kind::PUSH_PROMISE => (Some(true), self.len >= 4 + padded),
            Kind::PING => (Some(false), self.len == 8),
            Kind::GOAWAY => (Some(false), self.len >= 8),
            Kind::WINDOW_UPDATE => (None, self.len == 4),
            Kind::CONTINUATION => (Some(true), true),
            Kind(_) => (None, true),
        };
        len && on_stream.is_none_or(|on_stream| on_stream == (self.stream != 0))
    }

    /// Whether it looks like a frame where nobody knows whether one begins: a kind of the standard's, no flags
    /// but its own, nothing out of the ordinary.
    pub fn plausible(&self) -> bool {
        let flags = match self.kind {
            Kind::DATA => Self::END_STREAM | Self::PADDED,
            Kind::HEADERS => Self::END_STREAM | Self::END_HEADERS | Self::PADDED | Self::PRIORITY,
            Kind::SETTINGS | Kind::PING => Self::ACK,
            Kind::PUSH_PROMISE => Self::END_HEADERS | Self::PADDED,
            Kind::CONTINUATION => Self::END_HEADERS,
            _ => 0,
        };
        let empty = match self.kind {
            Kind::DATA => self.has(Self::END_STREAM),
            Kind::SETTINGS => true,
            _ => self.len > 0,
        };
        self.kind.0 <= Kind::CONTINUATION.0
            && self.obeys()
            && self.flags & !flags == 0
            && (self.len > 0 || empty)
            && !self.reserved
            && self.len <= PLAUSIBLE_LEN
            && self.stream <= PLAUSIBLE_STREAM
    }

    /// Whether its length and kind alone, without what lies behind it, are a mark.
    fn is_strict(&self) -> bool {
        !matches!(self.kind, Kind::DATA | Kind::HEADERS | Kind::CONTINUATION | Kind::PUSH_PROMISE)
            && self.len > 0
    }
}

/// Whether a frame begins with the first of `bytes`: its header is plausible, and so is the one behind it.
pub(super) fn begins(bytes: &[u8], last: bool) -> Verdict {
    let Some(frame) = Frame::read(bytes) else { return partly(bytes).settled(last) };
    if !frame.plausible() {
        return Verdict::No;
    }
    match bytes.get(frame.total()..) {
        Some([]) if last => {
            if frame.is_strict() {
                Verdict::Yes
            } else {
                Verdict::No
            }
        }
        Some(next) => match Frame::read(next) {
            Some(next) => {
                if next.plausible() {
                    Verdict::Yes
                } else {
                    Verdict::No
                }
            }
            None => partly(next).settled(last),
        },
        None => Verdict::More.settled(last),
    }
}

/// Whether settings begin with the first of `bytes`: what a server sends first.
pub(super) fn settings(bytes: &[u8], last: bool) -> Verdict {
    let rule = |at: usize, byte: u8| match at {
        0 | 4..=9 => byte == 0,
        1 => byte <= 1,
        2 => true,
        3 => byte == Kind::SETTINGS.0,
        _ => (1..=0x10).contains(&byte),
    };
    let head = bytes.iter().take(11).enumerate();
    match Frame::read(bytes) {
        _ if !head.clone().all(|(at, byte)| rule(at, *byte)) => Verdict::No,
        Some(frame) if frame.len == 0 || !frame.len.is_multiple_of(6) => Verdict::No,
        _ if head.len() < 11 => Verdict::More.settled(last),
        _ => Verdict::Yes,
    }
}

/// Whether fewer than nine bytes can begin a frame.
fn partly(bytes: &[u8]) -> Verdict {
    let rule = |at: usize, byte: u8| match at {
        0 => byte == 0,
        1 => usize::from(byte) << 8 <= PLAUSIBLE_LEN,
        3 => byte <= Kind::CONTINUATION.0,
        5 => byte == 0,
        _ => true,
    };
    if bytes.iter().enumerate().all(|(at, byte)| rule(at, *byte)) { Verdict::More } else { Verdict::No }
}

/// Longest frame looked for: the largest that a peer need not allow first (RFC 9113 section 4.2).
pub(super) const PLAUSIBLE_LEN: usize = 16 * 1024;

/// Highest stream looked for.
const PLAUSIBLE_STREAM: u32 = 0x00ff_ffff;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_told_from_their_likes() {
        let rows: [(&[u8], Verdict); 9] = [
            (b"\0\0\x04\x08\0\0\0\0\0\0\0\x40\0\0\0\0\x04\x01\0\0\0\0", Verdict::Yes),
            (b"\0\0\x04\x08\0\0\0\0\0\0\0\x40\0\0\0\0\x04", Verdict::More),
            (b"\0\0\x04\x08\0\0\0\0\0\0\0\x40\0\0\x01\x00\x00\x01\0\0\0\0", Verdict::No),
            (b"\0\0\x05\x08\0\0\0\0\0", Verdict::No),
            (b"\0\0\x03\0", Verdict::More),
            (b"\0\0\x03\x10", Verdict::No),
            (b"GET / HTTP", Verdict::No),
            // Messages of a protocol that begin with their length.
            (b"\0\0\0\x04\0\0\0\0\0\0\0\x04\0\0\0\0\0\0\0\x04\0\0\0\0", Verdict::No),
            (&[0; 64], Verdict::No),
        ];
        for (bytes, expected) in rows {
            assert_eq!(begins(bytes, false), expected, "{}", bytes.escape_ascii());
        }
        assert_eq!(begins(b"\0\0\x04\x08\0\0\0\0\0\0\0\x40\0", true), Verdict::Yes);
        assert_eq!(begins(b"\0\0\x04\x01\x05\0\0\0\x01\x82\x86\x84\x41", true), Verdict::No);
        assert_eq!(settings(b"\0\0\x06\x04\0\0\0\0\0\0\x03", false), Verdict::Yes);
        assert_eq!(settings(b"\0\0\x06\x04\0\0\0", false), Verdict::More);
        assert_eq!(settings(b"\0\0\x05\x04\0\0\0\0\0\0\x03", false), Verdict::No);
    }
}
