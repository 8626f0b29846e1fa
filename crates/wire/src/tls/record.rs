//! The record layer's headers (RFC 8446 section 5.1, RFC 5246 section 6.2.1).

use super::reader::Reader;

/// What a record carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContentType(pub u8);

impl ContentType {
    /// Change of cipher specifications.
    pub const CHANGE_CIPHER_SPEC: Self = Self(20);
    /// An alert.
    pub const ALERT: Self = Self(21);
    /// Handshake messages, or a piece of one.
    pub const HANDSHAKE: Self = Self(22);
    /// Application data; in TLS 1.3 anything encrypted.
    pub const APPLICATION_DATA: Self = Self(23);
    /// A heartbeat (RFC 6520).
    pub const HEARTBEAT: Self = Self(24);
}

/// The header of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordHeader {
    /// What it carries.
    pub content: ContentType,
    /// The version field, as on the wire. It says little: TLS 1.3 always writes 1.2.
    pub version: u16,
    /// How many bytes follow the header.
    pub len: u16,
}

impl RecordHeader {
    /// How many bytes it takes.
    pub const LEN: usize = 5;

    /// The most that may follow it: 2^14 bytes and 2,048 for what compression and encryption add.
    pub const MOST: u16 = 0x4800;

    /// Reads the header that `bytes` begin with. `None` where there are fewer than five.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes.get(..Self::LEN)?);
        Some(Self { content: ContentType(reader.u8()?), version: reader.u16()?, len: reader.u16()? })
    }

    /// Whether it can be the header of a record.
    pub fn plausible(&self) -> bool {
        (20..=24).contains(&self.content.0)
            && (0x0300..=0x0304).contains(&self.version)
            && self.len <= Self::MOST
    }

    /// Whether it can be one in the midst of bytes of which that is not known: those that are never or
    /// seldom sent do not count.
    pub fn likely(&self) -> bool {
        self.plausible() && self.content.0 <= 23 && self.version > 0x0300 && self.len > 0
    }

    /// Header and content, in bytes.
    pub fn total(&self) -> usize {
        Self::LEN + usize::from(self.len)
    }
}
