//! Length-prefixed messages to fields: gRPC frames (gRPC over HTTP/2, "Length-Prefixed-Message"), and messages
//! behind their length in four bytes.

use super::{Fields, Walked};
use crate::Name;

/// Frames of a flag (0 plain, 1 compressed, 0x80 trailers), a length in four bytes, big-endian, and a message.
pub(crate) fn grpc(fields: &mut Fields<'_>, input: &[u8]) -> Option<Walked> {
    frames(fields, input, 1, u32::from_be_bytes)
}

/// Messages behind a length in four bytes, either byte order, filling the input exactly.
pub(crate) fn prefixed(fields: &mut Fields<'_>, input: &[u8]) -> Option<Walked> {
    let walked = frames(fields, input, 0, u32::from_be_bytes).filter(|walked| walked.complete);
    walked.or_else(|| {
        fields.truncate(0);
        frames(fields, input, 0, u32::from_le_bytes).filter(|walked| walked.complete)
    })
}

fn frames(fields: &mut Fields<'_>, input: &[u8], flags: usize, length: fn([u8; 4]) -> u32) -> Option<Walked> {
    let mut at = 0;
    for index in 0.. {
        let rest = input.get(at..).unwrap_or_default();
        if rest.is_empty() {
            break;
        }
        let flagged = flags == 0 || matches!(rest.first(), Some(0 | 1 | 0x80 | 0x81));
        let header = rest.get(flags..).and_then(|rest| rest.first_chunk::<4>());
        let Some(len) = header.filter(|_| flagged).and_then(|bytes| usize::try_from(length(*bytes)).ok())
        else {
            return cut(fields, at);
        };
        let start = at + flags + 4;
        let Some(end) = start.checked_add(len).filter(|&end| end <= input.len()) else {
            // A cut message is worth naming only behind whole ones or where its length makes sense.
            if flagged && flags > 0 && len < LONGEST && start < input.len() {
                fields.add(None, Name::Index(index), start..input.len())?;
            }
            return cut(fields, input.len());
        };
        if len > 0 {
            fields.add(None, Name::Index(index), start..end)?;
        }
        at = end;
    }
    (fields.count() > 0).then_some(Walked { consumed: at, complete: true })
}

fn cut(fields: &Fields<'_>, consumed: usize) -> Option<Walked> {
    (fields.count() > 0).then_some(Walked { consumed, complete: false })
}

/// The longest message that a cut frame may announce.
const LONGEST: usize = 16 << 20;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::walk::walk_alone;

    #[test]
    fn frames_are_cut_out() {
        let (walked, rows) = walk_alone(grpc, b"\0\0\0\0\x03abc\x01\0\0\0\x02xy").unwrap();
        assert!(walked.complete);
        assert_eq!(rows, [("[]".into(), "abc".into()), ("[]".into(), "xy".into())]);
        let (walked, rows) = walk_alone(grpc, b"\0\0\0\0\x03abc\0\0\0\0\x09xy").unwrap();
        assert!(!walked.complete && rows.len() == 2);
        assert_eq!(walk_alone(grpc, b"\x02\0\0\0\x03abc"), None);
    }

    #[test]
    fn lengths_must_fill_the_input() {
        assert_eq!(walk_alone(prefixed, b"\0\0\0\x03abc\0\0\0\x01x").unwrap().1.len(), 2);
        assert_eq!(walk_alone(prefixed, b"\x03\0\0\0abc").unwrap().1.len(), 1);
        assert_eq!(walk_alone(prefixed, b"\0\0\0\x03abcd"), None);
    }
}
