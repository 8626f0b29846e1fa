//! Frames (RFC 9000 section 19, RFC 9221), and those of drafts in use that begin in the same way.

use std::ops::Range;

use super::header::number;
use crate::tls::reader::Reader;

/// What a frame says, as far as a listener needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame<'a> {
    /// The connection ends (section 19.19), with an error code, and a reason in words.
    Close {
        /// The code.
        code: u64,
        /// The reason.
        reason: &'a [u8],
        /// Whether it is a code of QUIC's; else it is the application's.
        by_transport: bool,
    },
    /// Any other frame that keeps the connection going: acknowledgments, limits, padding.
    Control,
    /// Handshake bytes (section 19.6).
    Crypto {
        /// Where the first byte stands in the handshake.
        offset: u64,
        /// The bytes.
        data: &'a [u8],
    },
    /// A datagram of the application (RFC 9221).
    Datagram(&'a [u8]),
    /// Another id under which the sender can be reached (section 19.15).
    NewConnectionId {
        /// The id.
        id: &'a [u8],
        /// What a stateless reset would end with.
        token: &'a [u8],
    },
    /// No more bytes of a stream come than these (section 19.4).
    ResetStream {
        /// The stream.
        stream: u64,
        /// Its size.
        size: u64,
    },
    /// Bytes of a stream (section 19.8).
    Stream {
        /// The stream.
        stream: u64,
        /// Where the first byte stands.
        offset: u64,
        /// Whether the stream ends with them.
        last: bool,
        /// The bytes.
        data: &'a [u8],
    },
}

/// A frame and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed<'a> {
    /// What it says.
    pub frame: Frame<'a>,
    /// Where its data stand in the packet's frames. Empty where it has none.
    pub data: Range<usize>,
}

/// A stretch that is no frame: it ends the reading of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// Where it begins in the packet's frames.
    pub at: usize,
    /// The type, where there is one that is not known; `None` where a known one is cut.
    pub kind: Option<u64>,
}

/// The frames of a packet. Nothing comes behind one that cannot be read.
pub fn frames(bytes: &[u8]) -> impl Iterator<Item = Result<Placed<'_>, Unreadable>> {
    let mut reader = Some(Reader::new(bytes));
    std::iter::from_fn(move || {
        let mut ahead = reader.filter(|reader| !reader.is_empty())?;
        let at = ahead.at();
        let Some(kind) = number(&mut ahead) else {
            reader = None;
            return Some(Err(Unreadable { at, kind: None }));
        };
        match read(kind, &mut ahead) {
            Some(Some(placed)) => {
                reader = Some(ahead);
                Some(Ok(placed))
            }
            unread => {
                reader = None;
                Some(Err(Unreadable { at, kind: unread.is_none().then_some(kind) }))
            }
        }
    })
}

/// Reads what stands behind a type. `None` where the type is not known, `Some(None)` where the frame is cut.
fn read<'a>(kind: u64, reader: &mut Reader<'a>) -> Option<Option<Placed<'a>>> {
    Some(match kind {
        PADDING => {
            let padding = reader.rest().iter().take_while(|byte| **byte == 0).count();
            reader.take(padding).map(|_| CONTROL)
        }
        PING | HANDSHAKE_DONE | IMMEDIATE_ACK => Some(CONTROL),
        ACK | ACK_ECN => acknowledgment(reader, kind == ACK_ECN),
        RESET_STREAM => reset(reader, 0),
        RESET_STREAM_AT => reset(reader, 1),
        STOP_SENDING | MAX_STREAM_DATA | STREAM_DATA_BLOCKED => numbers(reader, 2),
        MAX_DATA | MAX_STREAMS | MAX_STREAMS_UNI | DATA_BLOCKED | STREAMS_BLOCKED | STREAMS_BLOCKED_UNI
        | RETIRE_CONNECTION_ID => numbers(reader, 1),
        ACK_FREQUENCY => numbers(reader, 4),
        CRYPTO => crypto(reader),
        NEW_TOKEN => block(reader).map(|_| CONTROL),
        STREAM..=STREAM_LAST => stream(kind, reader),
        NEW_CONNECTION_ID => new_connection_id(reader),
        PATH_CHALLENGE | PATH_RESPONSE => reader.take(8).map(|_| CONTROL),
        CONNECTION_CLOSE => close(reader, true),
        CONNECTION_CLOSE_APP => close(reader, false),
        DATAGRAM => Some(datagram(reader.at(), reader.take(reader.rest().len()))),
        DATAGRAM_LEN => block(reader).map(|(at, data)| datagram(at, Some(data))),
        _ => return None,
    })
}

/// Largest, delay, number of ranges, first range; gap and length of each further range; three counts.
fn acknowledgment<'a>(reader: &mut Reader<'a>, counts: bool) -> Option<Placed<'a>> {
    numbers(reader, 2)?;
    let ranges = number(reader)?;
    numbers(reader, ranges.saturating_mul(2).saturating_add(1).saturating_add(if counts { 3 } else { 0 }))
}

fn reset<'a>(reader: &mut Reader<'a>, more: u64) -> Option<Placed<'a>> {
    let stream = number(reader)?;
    number(reader)?;
    let size = number(reader)?;
    numbers(reader, more)?;
    Some(Placed { frame: Frame::ResetStream { stream, size }, data: 0..0 })
}

fn crypto<'a>(reader: &mut Reader<'a>) -> Option<Placed<'a>> {
    let offset = number(reader)?;
    let (at, data) = block(reader)?;
    Some(Placed { frame: Frame::Crypto { offset, data }, data: at..at.saturating_add(data.len()) })
}

fn stream<'a>(kind: u64, reader: &mut Reader<'a>) -> Option<Placed<'a>> {
    let stream = number(reader)?;
    let offset = if kind & 4 != 0 { number(reader)? } else { 0 };
    let (at, data) = match kind & 2 {
        0 => (reader.at(), reader.take(reader.rest().len())?),
        _ => block(reader)?,
    };
    let frame = Frame::Stream { stream, offset, last: kind & 1 != 0, data };
    Some(Placed { frame, data: at..at.saturating_add(data.len()) })
}

fn new_connection_id<'a>(reader: &mut Reader<'a>) -> Option<Placed<'a>> {
    numbers(reader, 2)?;
    let id = reader.vec8()?.rest();
    let token = reader.take(TOKEN)?;
    Some(Placed { frame: Frame::NewConnectionId { id, token }, data: 0..0 })
}

fn close<'a>(reader: &mut Reader<'a>, by_transport: bool) -> Option<Placed<'a>> {
    let code = number(reader)?;
    if by_transport {
        number(reader)?;
    }
    let (_, reason) = block(reader)?;
    Some(Placed { frame: Frame::Close { code, reason, by_transport }, data: 0..0 })
}

fn datagram(at: usize, data: Option<&[u8]>) -> Placed<'_> {
    let data = data.unwrap_or_default();
    Placed { frame: Frame::Datagram(data), data: at..at.saturating_add(data.len()) }
}

/// Bytes with their length before them, and where they stand.
fn block<'a>(reader: &mut Reader<'a>) -> Option<(usize, &'a [u8])> {
    let len = usize::try_from(number(reader)?).ok()?;
    let at = reader.at();
    Some((at, reader.take(len)?))
}

/// A frame of so many numbers.
fn numbers<'a>(reader: &mut Reader<'a>, count: u64) -> Option<Placed<'a>> {
    // Each takes a byte at least, so this ends with the packet.
    for _ in 0..count {
        number(reader)?;
    }
    Some(CONTROL)
}

const CONTROL: Placed<'static> = Placed { frame: Frame::Control, data: 0..0 };

/// Bytes of a stateless reset's token.
pub(super) const TOKEN: usize = 16;

const PADDING: u64 = 0x00;
const PING: u64 = 0x01;
const ACK: u64 = 0x02;
const ACK_ECN: u64 = 0x03;
const RESET_STREAM: u64 = 0x04;
const STOP_SENDING: u64 = 0x05;
const CRYPTO: u64 = 0x06;
const NEW_TOKEN: u64 = 0x07;
const STREAM: u64 = 0x08;
const STREAM_LAST: u64 = 0x0f;
const MAX_DATA: u64 = 0x10;
const MAX_STREAM_DATA: u64 = 0x11;
const MAX_STREAMS: u64 = 0x12;
const MAX_STREAMS_UNI: u64 = 0x13;
const DATA_BLOCKED: u64 = 0x14;
const STREAM_DATA_BLOCKED: u64 = 0x15;
const STREAMS_BLOCKED: u64 = 0x16;
const STREAMS_BLOCKED_UNI: u64 = 0x17;
const NEW_CONNECTION_ID: u64 = 0x18;
const RETIRE_CONNECTION_ID: u64 = 0x19;
const PATH_CHALLENGE: u64 = 0x1a;
const PATH_RESPONSE: u64 = 0x1b;
const CONNECTION_CLOSE: u64 = 0x1c;
const CONNECTION_CLOSE_APP: u64 = 0x1d;
const HANDSHAKE_DONE: u64 = 0x1e;
/// Of draft-ietf-quic-ack-frequency, as [`ACK_FREQUENCY`].
const IMMEDIATE_ACK: u64 = 0x1f;
/// Of draft-ietf-quic-reliable-stream-reset.
const RESET_STREAM_AT: u64 = 0x24;
const DATAGRAM: u64 = 0x30;
const DATAGRAM_LEN: u64 = 0x31;
const ACK_FREQUENCY: u64 = 0xaf;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_told_apart() {
        let bytes = b"\x00\x00\x01\x02\x05\x00\x01\x00\x00\x00\x06\x05\x03abc\x0f\x04\x40\x07\x02xy\x31\x01d\
            \x1c\x0a\x06\x02no\x18\x01\x00\x02id0123456789abcdef\x04\x00\x00\x09\x08\x08rest";
        let found: Vec<_> = frames(bytes).map(|frame| frame.unwrap()).collect();
        let told: Vec<_> = found.iter().map(|placed| placed.frame.clone()).collect();
        assert_eq!(
            told,
            [
                Frame::Control,
                Frame::Control,
                Frame::Control,
                Frame::Crypto { offset: 5, data: b"abc" },
                Frame::Stream { stream: 4, offset: 7, last: true, data: b"xy" },
                Frame::Datagram(b"d"),
                Frame::Close { code: 10, reason: b"no", by_transport: true },
                Frame::NewConnectionId { id: b"id", token: b"0123456789abcdef" },
                Frame::ResetStream { stream: 0, size: 9 },
                Frame::Stream { stream: 8, offset: 0, last: false, data: b"rest" },
            ]
        );
        for placed in &found {
            if let Frame::Crypto { data, .. } | Frame::Stream { data, .. } | Frame::Datagram(data) =
                placed.frame
            {
                assert_eq!(&bytes[placed.data.clone()], data);
            }
        }
    }

    #[test]
    fn what_is_no_frame_ends_the_packet() {
        let rows: [(&[u8], Unreadable); 4] = [
            (b"\x01\x40\x99\x01", Unreadable { at: 1, kind: Some(0x99) }),
            (b"\x01\x06\x00\x40\xffab", Unreadable { at: 1, kind: None }),
            (b"\x40", Unreadable { at: 0, kind: None }),
            (b"\x02\x05\x00\xff\xff\xff\xff\xff\xff\xff\xff\x00", Unreadable { at: 0, kind: None }),
        ];
        for (bytes, expected) in rows {
            let found: Vec<_> = frames(bytes).filter_map(Result::err).collect();
            assert_eq!(found, [expected], "{}", bytes.escape_ascii());
            assert!(matches!(frames(bytes).last(), Some(Err(_))));
        }
    }
}
