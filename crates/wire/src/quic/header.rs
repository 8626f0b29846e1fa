//! Long headers (RFC 9000 section 17.2, RFC 9369 section 3.2), as far as they are not protected.

use super::version::Version;
use crate::tls::reader::Reader;

/// What a long header begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PacketType {
    /// Handshake: encrypted with keys that only the peers have.
    Handshake,
    /// Initial: its keys follow from what it says.
    Initial,
    /// Version negotiation (section 17.2.1).
    Negotiation,
    /// Retry (section 17.2.5).
    Retry,
    /// Of a version that is not known.
    Unknown,
    /// 0-RTT data.
    ZeroRtt,
}

/// A long header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LongHeader<'a> {
    /// What it begins.
    pub kind: PacketType,
    /// The version, as on the wire.
    pub version: u32,
    /// Destination connection id.
    pub destination: &'a [u8],
    /// Source connection id.
    pub source: &'a [u8],
    /// Where the packet number begins, in bytes from the packet's first. 0 where there is none.
    pub number_at: usize,
    /// The packet's end, in bytes from its first: in a datagram another packet may follow.
    pub end: usize,
}

impl<'a> LongHeader<'a> {
    /// Reads the header that `packet` begins with. `None` where it is none, or its lengths do not fit.
    pub fn read(packet: &'a [u8]) -> Option<Self> {
        let mut reader = Reader::new(packet);
        let first = reader.u8().filter(|first| first & 0x80 != 0)?;
        let version = reader.u32()?;
        let destination = reader.vec8()?.rest();
        let source = reader.vec8()?.rest();
        let kind = kind(first, version);
        let mut header = Self { kind, version, destination, source, number_at: 0, end: packet.len() };
        if matches!(kind, PacketType::Negotiation | PacketType::Retry | PacketType::Unknown) {
            return Some(header);
        }
        if kind == PacketType::Initial {
            let token = number(&mut reader)?;
            reader.take(usize::try_from(token).ok()?)?;
        }
        let len = usize::try_from(number(&mut reader)?).ok()?;
        header.number_at = reader.at();
        reader.take(len)?;
        header.end = reader.at();
        Some(header)
    }
}

fn kind(first: u8, version: u32) -> PacketType {
    if version == 0 {
        return PacketType::Negotiation;
    }
    let Some(known) = Version::of(version) else { return PacketType::Unknown };
    match (first >> 4 & 3).wrapping_sub(known.types_from) & 3 {
        0 => PacketType::Initial,
        1 => PacketType::ZeroRtt,
        2 => PacketType::Handshake,
        _ => PacketType::Retry,
    }
}

/// A number of variable length (RFC 9000 section 16).
pub(crate) fn number(reader: &mut Reader<'_>) -> Option<u64> {
    let first = *reader.rest().first()?;
    let bytes = reader.take(1 << (first >> 6))?;
    let value = bytes.iter().fold(0, |value: u64, byte| value << 8 | u64::from(*byte));
    Some(value & (u64::MAX >> 2 >> (64 - 8 * bytes.len())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_every_length_are_read() {
        // RFC 9000 appendix A.1.
        let rows: [(&[u8], Option<u64>); 6] = [
            (b"\xc2\x19\x7c\x5e\xff\x14\xe8\x8c", Some(151_288_809_941_952_652)),
            (b"\x9d\x7f\x3e\x7d", Some(494_878_333)),
            (b"\x7b\xbd", Some(15_293)),
            (b"\x25", Some(37)),
            (b"\x40\x25", Some(37)),
            (b"\x80\x25", None),
        ];
        for (bytes, expected) in rows {
            assert_eq!(number(&mut Reader::new(bytes)), expected, "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn types_are_told_by_version() {
        let rows: [(&[u8], PacketType); 6] = [
            (b"\xc0\0\0\0\x01\0\0\0\x01\0", PacketType::Initial),
            (b"\xd0\x6b\x33\x43\xcf\0\0\0\x01\0", PacketType::Initial),
            (b"\xe0\0\0\0\x01\0\0\x01\0", PacketType::Handshake),
            (b"\xf0\0\0\0\x01\0\0", PacketType::Retry),
            (b"\x80\0\0\0\0\0\0", PacketType::Negotiation),
            (b"\xc0\x0a\x0a\x0a\x0a\0\0", PacketType::Unknown),
        ];
        for (bytes, expected) in rows {
            assert_eq!(
                LongHeader::read(bytes).map(|header| header.kind),
                Some(expected),
                "{}",
                bytes.escape_ascii()
            );
        }
        assert_eq!(LongHeader::read(b"\xc0\0\0\0\x01\0\0\0\x02\0"), None);
    }
}
