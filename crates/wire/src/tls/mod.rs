//! TLS up to 1.3 (RFC 5246, RFC 8446): hellos with the server's name, fingerprints, certificates, alerts; and
//! what is encrypted, where a [`KeyRing`](crate::KeyRing) has the secrets. The same of DTLS.
//!
//! [`Tls`] cuts a stream into records and flights. Of protected records, `sealed` keeps the books, `opening`
//! knows which keys are in use, `protection` opens one record, and what was in it goes to a session of its own.
//! What a handshake is read with serves others as well: [`RecordHeader`], [`handshake::messages`],
//! [`ClientHello`], [`ServerHello`], [`certificate`]. QUIC reads its hellos with them.

pub mod certificate;
mod conversation;
mod drift;
pub mod dtls;
mod flight;
mod fragments;
mod hand;
pub mod handshake;
mod hello;
mod inner;
mod ja4;
mod opening;
mod protection;
pub(crate) mod reader;
mod record;
mod room;
mod sealed;
pub mod suite;

pub use dtls::Dtls;
pub(crate) use flight::{Notes, Said};
pub use handshake::{Handshake, HandshakeType};
pub use hello::{Carrier, ClientHello, Extension, ServerHello, is_grease};
pub(crate) use hello::{chosen, text};
pub use ja4::ja4;
pub use record::{ContentType, RecordHeader};
pub use room::{Tls, old_hello};
