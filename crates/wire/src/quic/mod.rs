//! QUIC (RFC 9000, RFC 9001, RFC 9369, and drafts from 22 on), as far as anyone on the way can read it: the
//! hellos in Initial packets. Google's own before it: the first hello.
//!
//! [`LongHeader`], [`PacketKeys`], [`frame`] and [`Assembly`] serve whoever reads packets with keys from a log.

mod assembly;
pub mod frame;
mod google;
mod header;
mod keys;
mod room;
mod version;

pub use assembly::Assembly;
pub use header::{LongHeader, PacketType};
pub use keys::{InitialKeys, Opened, PacketKeys};
pub use room::{Quic, recognise};
pub use version::Version;
