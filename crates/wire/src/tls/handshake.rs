//! Handshake messages (RFC 8446 section 4): a type, a length of three bytes, a body. The same in TLS over
//! TCP, where records carry them, and in QUIC, where CRYPTO frames do.

use super::reader::Reader;

/// The type of a handshake message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HandshakeType(pub u8);

impl HandshakeType {
    /// Client hello.
    pub const CLIENT_HELLO: Self = Self(1);
    /// Server hello, or a request to try again.
    pub const SERVER_HELLO: Self = Self(2);
    /// Certificates of either side.
    pub const CERTIFICATE: Self = Self(11);
    /// A ticket to resume the session with.
    pub const NEW_SESSION_TICKET: Self = Self(4);
    /// The end of what a client of TLS 1.3 sends early.
    pub const END_OF_EARLY_DATA: Self = Self(5);
    /// What a server of TLS 1.3 answers besides its hello.
    pub const ENCRYPTED_EXTENSIONS: Self = Self(8);
    /// The end of a server's first flight up to TLS 1.2.
    pub const SERVER_HELLO_DONE: Self = Self(14);
    /// The client's part of the key exchange up to TLS 1.2.
    pub const CLIENT_KEY_EXCHANGE: Self = Self(16);
    /// The end of a side's handshake.
    pub const FINISHED: Self = Self(20);
    /// TLS 1.3: what follows has new keys.
    pub const KEY_UPDATE: Self = Self(24);

    /// Whether a type is in use in the clear: what else stands there is encrypted, or no handshake.
    pub fn known(self) -> bool {
        matches!(self.0, 0..=6 | 8 | 11..=16 | 20..=25 | 67 | 254)
    }
}

/// A handshake message.
#[derive(Clone, Copy, Debug)]
pub struct Handshake<'a> {
    /// Its type.
    pub kind: HandshakeType,
    /// Its body, as far as it is there.
    pub body: &'a [u8],
    /// Where the body begins in the bytes that were read.
    pub at: usize,
    /// Whether all of the body is there.
    pub whole: bool,
}

/// The messages that `bytes` hold, one behind the other. The last one may be cut.
pub fn messages(bytes: &[u8]) -> impl Iterator<Item = Handshake<'_>> {
    let mut reader = Reader::new(bytes);
    std::iter::from_fn(move || {
        let kind = HandshakeType(reader.u8()?);
        let len = reader.u24()?;
        let there = reader.rest().len();
        let body = reader.part(len.min(there))?;
        Some(Handshake { kind, body: body.rest(), at: body.at(), whole: len <= there })
    })
}

/// Type and length of the message that `bytes` begin with. `None` where there are fewer than four.
pub(crate) fn announced(bytes: &[u8]) -> Option<(HandshakeType, usize)> {
    let mut reader = Reader::new(bytes);
    Some((HandshakeType(reader.u8()?), reader.u24()?))
}

/// The longest handshake message that is waited for, in bytes. Certificate chains take some ten thousand.
pub const MESSAGE: usize = 256 * 1024;

/// The bytes before a message's body.
pub(crate) const HEADER: usize = 4;
