//! TLS up to 1.3 (RFC 5246, RFC 8446), as far as it is in the clear: hellos with the server's name,
//! fingerprints, certificates, alerts. The same of DTLS.
//!
//! [`Tls`] cuts a stream into records and flights. What it is made of serves whoever else reads a handshake:
//! [`RecordHeader`], [`handshake::messages`], [`ClientHello`], [`ServerHello`], [`certificate`]. QUIC reads its
//! hellos with them, and so will decryption.

pub mod certificate;
mod drift;
pub mod dtls;
mod flight;
pub mod handshake;
mod hello;
mod ja4;
pub(crate) mod reader;
mod record;
mod room;

pub use dtls::Dtls;
pub(crate) use flight::{Notes, Said};
pub use handshake::{Handshake, HandshakeType};
pub(crate) use hello::text;
pub use hello::{Carrier, ClientHello, Extension, ServerHello, is_grease};
pub use ja4::ja4;
pub use record::{ContentType, RecordHeader};
pub use room::{Tls, old_hello};
