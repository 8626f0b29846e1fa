//! Frames of Initial packets (RFC 9000 section 12.4): few are allowed there, and only CRYPTO says something.

use super::header::number;
use crate::tls::reader::Reader;

/// Handshake bytes at their place in the handshake (section 19.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crypto<'a> {
    /// Where the first byte stands.
    pub offset: u64,
    /// The bytes.
    pub data: &'a [u8],
}

/// The CRYPTO frames of a packet, up to the first frame that does not belong into an Initial packet.
pub fn crypto(frames: &[u8]) -> impl Iterator<Item = Crypto<'_>> {
    let mut reader = Reader::new(frames);
    std::iter::from_fn(move || {
        loop {
            match reader.u8()? {
                PADDING | PING => {}
                CRYPTO => {
                    let offset = number(&mut reader)?;
                    let len = usize::try_from(number(&mut reader)?).ok()?;
                    return Some(Crypto { offset, data: reader.take(len)? });
                }
                kind @ (ACK | ACK_ECN) => acknowledgment(&mut reader, kind == ACK_ECN)?,
                _ => return None,
            }
        }
    })
}

/// Largest, delay, number of ranges, first range; gap and length of each further range; three counts.
fn acknowledgment(reader: &mut Reader<'_>, counts: bool) -> Option<()> {
    number(reader)?;
    number(reader)?;
    let ranges = number(reader)?;
    let more = ranges.saturating_mul(2).saturating_add(1).saturating_add(if counts { 3 } else { 0 });
    for _ in 0..more {
        number(reader)?;
    }
    Some(())
}

const PADDING: u8 = 0;
const PING: u8 = 1;
const ACK: u8 = 2;
const ACK_ECN: u8 = 3;
const CRYPTO: u8 = 6;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crypto_is_found_among_the_others() {
        let frames = b"\x00\x01\x02\x05\x00\x01\x00\x00\x00\x06\x05\x03abc\x00\x03\x01\x00\x00\x01\x01\x01\x01\x06\x00\x02xy\x1c\x06\x00\x01z";
        let found: Vec<_> = crypto(frames).map(|frame| (frame.offset, frame.data)).collect();
        assert_eq!(found, [(5, &b"abc"[..]), (0, b"xy")]);
        assert_eq!(crypto(b"\x06\x00\x40\xffab").count(), 0);
    }
}
