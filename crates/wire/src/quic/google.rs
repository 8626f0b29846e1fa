//! Google's QUIC before it used TLS (versions Q009 to Q046): its first hello, CHLO, is in the clear. It is a
//! table of tags, four bytes each, and the ends of their values.

use std::ops::Range;

use memchr::memmem;

use crate::tls::reader::Reader;

/// The tags of a hello and where their values stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ClientHello {
    /// Each tag, with zeros or blanks at its end where it is shorter, and its value's range in the datagram.
    pub(super) tags: Vec<([u8; 4], Range<usize>)>,
}

impl ClientHello {
    /// Finds the hello in a datagram: behind a header, a hash and the head of a frame of varying lengths.
    pub(super) fn find(datagram: &[u8]) -> Option<Self> {
        let start = memmem::find(datagram.get(..datagram.len().min(HEADERS))?, b"CHLO")?;
        let mut reader = Reader::new(datagram);
        reader.take(start.checked_add(4)?)?;
        let count = u16::from_le_bytes(*reader.array()?);
        reader.take(2)?;
        let mut table = reader.part(usize::from(count).checked_mul(8)?)?;
        let (base, mut tags, mut from) = (reader.at(), Vec::new(), 0);
        while let (Some(tag), Some(end)) = (table.array::<4>(), table.array::<4>()) {
            let end = usize::try_from(u32::from_le_bytes(*end)).ok()?;
            let range = base.checked_add(from)?..base.checked_add(end)?;
            if datagram.get(range.clone()).is_none() {
                break;
            }
            tags.push((*tag, range));
            from = end;
        }
        Some(Self { tags })
    }

    /// Where the value of a tag stands.
    pub(super) fn value(&self, tag: &[u8; 4]) -> Option<Range<usize>> {
        self.tags.iter().find(|(found, _)| found == tag).map(|(_, range)| range.clone())
    }
}

/// Whether a datagram begins with the header of such a version: flags that announce a connection id and a
/// version, the id, the version.
pub(super) fn public_header(datagram: &[u8]) -> bool {
    let named = |version: &[u8; 4]| matches!(version, [b'Q', b'0', tens, units] if tens.is_ascii_digit() && units.is_ascii_digit());
    let flags = datagram.first().is_some_and(|flags| flags & 0xc9 == 0x09);
    flags && datagram.get(9..).and_then(<[u8]>::first_chunk).is_some_and(named)
}

/// Whether a datagram begins like one that such a version sends after its first: flags that announce a connection id of
/// eight bytes, and neither a version nor a reset.
pub(super) fn short_header(datagram: &[u8]) -> bool {
    datagram.first().is_some_and(|flags| flags & 0xcb == 0x08)
}

/// Bytes before the hello, and its tag.
const HEADERS: usize = 64;
