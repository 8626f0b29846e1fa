//! Frames of WebSocket (RFC 6455 section 5.2), one head at a time.

use crate::packets::Odd;

/// The head of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// The last frame of its message.
    pub(super) last: bool,
    /// RSV1: the message is compressed (RFC 7692 section 6).
    pub(super) compressed: bool,
    pub(super) opcode: Opcode,
    /// Bytes of payload.
    pub(super) len: u64,
    /// What the payload is masked with.
    pub(super) key: Option<[u8; 4]>,
    /// Bytes of the head, key included.
    pub(super) size: usize,
}

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opcode {
    Binary,
    Close,
    Continuation,
    Ping,
    Pong,
    Text,
}

/// What the first bytes of a frame say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    Header(Header),
    More,
    /// No frame begins so.
    Odd(Odd),
}

impl Opcode {
    fn of(code: u8) -> Option<Self> {
        Some(match code {
            0 => Self::Continuation,
            1 => Self::Text,
            2 => Self::Binary,
            8 => Self::Close,
            9 => Self::Ping,
            10 => Self::Pong,
            _ => return None,
        })
    }

    pub(super) fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }
}

/// Reads the head of the frame that begins with the first of `bytes`.
pub(super) fn look(bytes: &[u8]) -> Look {
    let Some(&first) = bytes.first() else { return Look::More };
    let opcode = match Opcode::of(first & 15) {
        Some(opcode) if first & 0x30 == 0 => opcode,
        Some(_) => return odd(EXTENSION, "the bits 0x30 to be clear", first),
        None => return odd(UNKNOWN, "an opcode of 0 to 2 or 8 to 10", first),
    };
    let Some(&second) = bytes.get(1) else { return Look::More };
    let (last, compressed) = (first & 0x80 != 0, first & 0x40 != 0);
    let short = second & 0x7f;
    if opcode.is_control() && (short > 125 || !last || compressed) {
        let found = if short > 125 { second } else { first };
        return odd(CONTROL, "one whole frame of at most 125 bytes", found);
    }
    let wide = match short {
        126 => 2,
        127 => 8,
        _ => 0,
    };
    let size = 2 + wide + if second & 0x80 != 0 { 4 } else { 0 };
    let Some(head) = bytes.get(..size) else { return Look::More };
    let len = match head.get(2..2 + wide) {
        Some([]) | None => u64::from(short),
        Some(digits) => digits.iter().fold(0, |sum, digit| sum << 8 | u64::from(*digit)),
    };
    if len >> 63 != 0 {
        let found = bytes.get(2).copied().unwrap_or_default();
        return odd(LONG, "a length below 2 to the power of 63", found);
    }
    let key = head.get(2 + wide..).and_then(|key| key.first_chunk()).copied();
    Look::Header(Header { last, compressed, opcode, len, key, size })
}

fn odd(what: &'static str, needed: &'static str, found: u8) -> Look {
    Look::Odd(Odd { what, needed, found })
}

const CONTROL: &str = "peer sent a WebSocket control frame that is too long, cut up or compressed";
const EXTENSION: &str = "peer sent a WebSocket frame of an extension that is not known";
const LONG: &str = "peer sent a WebSocket frame longer than any can be";
const UNKNOWN: &str = "peer sent a WebSocket frame of an unknown kind";

/// Undoes the masking (RFC 6455 section 5.3) of bytes that begin `at` bytes into the payload. It is its own
/// opposite.
pub(super) fn unmask(bytes: &mut [u8], key: [u8; 4], at: u64) {
    let mut key = key;
    key.rotate_left(usize::try_from(at & 3).unwrap_or(0));
    for (byte, key) in bytes.iter_mut().zip(key.iter().cycle()) {
        *byte ^= key;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of RFC 6455 section 5.7.
    #[test]
    fn heads_of_the_standard_are_read() {
        let header = |last, opcode, len, key, size| {
            Look::Header(Header { last, compressed: false, opcode, len, key, size })
        };
        let key = [0x37, 0xfa, 0x21, 0x3d];
        let rows: [(&[u8], Look); 12] = [
            (b"\x81\x05Hello", header(true, Opcode::Text, 5, None, 2)),
            (b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", header(true, Opcode::Text, 5, Some(key), 6)),
            (b"\x01\x03Hel", header(false, Opcode::Text, 3, None, 2)),
            (b"\x80\x02lo", header(true, Opcode::Continuation, 2, None, 2)),
            (b"\x89\x05Hello", header(true, Opcode::Ping, 5, None, 2)),
            (b"\x82\x7e\x01\x00", header(true, Opcode::Binary, 256, None, 4)),
            (b"\x82\x7f\0\0\0\0\0\x01\0\0", header(true, Opcode::Binary, 65_536, None, 10)),
            (b"\x82\xfe\x01\x00\x37\xfa\x21", Look::More),
            (b"\x82", Look::More),
            (b"GET / ", odd(UNKNOWN, "an opcode of 0 to 2 or 8 to 10", b'G')),
            (b"\x91\x00", odd(EXTENSION, "the bits 0x30 to be clear", 0x91)),
            (b"\x82\x7f\xff\0\0\0\0\x01\0\0", odd(LONG, "a length below 2 to the power of 63", 0xff)),
        ];
        for (bytes, expected) in rows {
            assert_eq!(look(bytes), expected, "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn masks_go_on_where_a_piece_ends() {
        let key = [0x37, 0xfa, 0x21, 0x3d];
        for cut in 0..5 {
            let mut masked = *b"\x7f\x9f\x4d\x51\x58";
            let (first, second) = masked.split_at_mut(cut);
            unmask(first, key, 0);
            unmask(second, key, cut as u64);
            assert_eq!(&masked, b"Hello");
        }
    }
}
