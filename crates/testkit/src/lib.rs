//! Captures of our own making: what tests, the sample and the benchmarks are fed with.
//!
//! From the bottom: [`packet`] puts headers with right lengths and checksums around a payload, [`dns`]
//! writes DNS messages, [`Conversation`] plays a TCP connection onto a [`Net`] with a virtual clock, and
//! [`capture`] writes the frames as pcap or pcapng. [`h2`] writes what HTTP/2 says. [`Trouble`] loses, repeats and reorders on the way.
//!
//! ```
//! use testkit::{Conversation, Endpoint, Net, PcapStyle, PcapWriter, Side};
//! # fn main() -> std::io::Result<()> {
//! let mut net = Net::new(PcapWriter::new(Vec::new(), PcapStyle::default())?);
//! let mut talk = Conversation::new(Endpoint::phone(40_000), Endpoint::server(80));
//! talk.open(&mut net)?;
//! talk.send(&mut net, Side::Client, b"GET / HTTP/1.1\r\nHost: example.com\r\n\r\n")?;
//! talk.send(&mut net, Side::Server, b"HTTP/1.1 204 No Content\r\n\r\n")?;
//! talk.close(&mut net)?;
//! let file: Vec<u8> = net.into_wire().into_inner();
//! # assert_eq!(&file[..4], &[0xd4, 0xc3, 0xb2, 0xa1]);
//! # Ok(())
//! # }
//! ```

pub mod apk;
pub mod capture;
mod conversation;
pub mod corpora;
pub mod dns;
pub mod h2;
mod net;
pub mod packet;
mod trouble;

pub use capture::{PcapStyle, PcapWriter, PcapngWriter};
pub use conversation::{Conversation, Side};
pub use corpora::{corpora, files_below};
pub use net::{Frame, Net, Wire};
pub use packet::{Endpoint, TcpSegment};
pub use trouble::{Dice, Trouble};
