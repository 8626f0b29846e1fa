//! QUIC (RFC 9000, RFC 9001, RFC 9369, and drafts from 22 on): the hellos in Initial packets, which anyone on
//! the way can read, and all else with secrets of a key log. Google's own before it: the first hello.
//!
//! - [`Quic`] is the room: datagrams to packets, each to its connection.
//! - `connection`: frames to handshake and streams; `locks`: which keys open what; `crypto`: the handshake;
//!   `streams`: what the streams carry.
//! - [`Paths`]: which connection goes on where one comes from another address.
//! - [`LongHeader`], [`PacketKeys`], [`frame`]: what a packet is made of.

mod assembly;
mod connection;
mod crypto;
pub mod frame;
mod google;
mod header;
mod keys;
mod locks;
mod paths;
mod room;
mod streams;
mod version;

pub(crate) use header::number;
pub use header::{LongHeader, PacketType};
pub(crate) use keys::replayed;
pub use keys::{InitialKeys, Opened, PacketKeys, Suite};
pub use paths::{Path, Paths, is_port};
pub use room::{Quic, recognise};
pub(crate) use streams::{Channel, StreamId};
pub use version::Version;
