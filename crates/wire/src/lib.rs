//! Captures to messages, sans-io: bytes, gaps and time come in as arguments, messages go out.
//!
//! The path of a byte: `capture` cuts a capture file into frames; `link` and `net` take off the
//! headers and hand over [`Packet`]s; `flow` puts each direction of a connection in order; `session`
//! recognises the protocol and lets its room (`http`, `dns`, `tls` …) cut the stream into [`Message`]s.
//! Every message knows, through its segments, the frame and file offset of each of its bytes.
//!
//! A room never guesses contents: what a body means is the business of `payload`.

mod app;
pub mod capture;
pub mod coap;
mod derivation;
pub mod dhcp;
pub mod dns;
pub mod entries;
pub mod fields;
pub mod flow;
pub mod h2;
pub mod http;
pub mod http3;
pub mod keys;
mod link;
mod message;
pub mod mqtt;
pub mod net;
pub mod ntp;
mod packet;
mod packets;
pub mod protocol;
pub mod quic;
mod replay;
pub mod session;
pub mod ssdp;
mod stream;
pub mod tls;
pub mod websocket;
pub mod xmpp;

pub use app::App;
pub use derivation::{Derivation, Extract};
pub use keys::KeyRing;
pub use message::{
    Body, CertificateFacts, DhcpHead, DnsData, DnsHead, Ending, Head, HttpHead, Message, NamedHead, Part,
    Role, Seal, Sender, TlsHead,
};
pub use packet::{Packet, PacketHead, Payload, TcpFlags, TcpHead};
pub use replay::{goes_on, replay};
pub use session::Session;
pub use stream::{Recorded, StreamBuffer};
