//! A network that exists only in memory: what hosts of a Wi-Fi and servers say to each other, as a tap at the
//! access point would have recorded it.
//!
//! Both ends of each connection are real: TCP/IP by smoltcp, TLS 1.2 and 1.3 by rustls with certificates of an
//! authority of the network's own. What is lost is sent again, and a key log opens what is encrypted. The clock
//! is virtual and jumps from event to event; all chance comes from the plan's seed, so one plan gives one
//! recording, byte for byte. Nothing here touches a file, a socket, a real clock or a thread.
//!
//! ```
//! use std::net::Ipv4Addr;
//! use virtnet::{Conversation, FileStyle, Host, Plan, Security, Server, TlsVersion, Turn};
//! # fn main() -> Result<(), virtnet::Mistake> {
//! let phone = Host::new("phone", [0x34, 0x4b, 0x50, 0, 0, 0x17], Ipv4Addr::new(192, 168, 1, 23));
//! let server = Server::new("example.com", Ipv4Addr::new(198, 51, 100, 7), 443);
//! let talk = Conversation {
//!     security: Security::Tls { version: TlsVersion::Tls13, alpn: vec!["http/1.1".to_owned()] },
//!     turns: vec![
//!         Turn::client("GET / HTTP/1.1\r\nHost: example.com\r\n\r\n"),
//!         Turn::server("HTTP/1.1 204 No Content\r\n\r\n").after(20),
//!     ],
//!     ..Conversation::new(evidence::Timestamp::new(1_700_000_000, 0), 0, server)
//! };
//! let plan = Plan { hosts: vec![phone], conversations: vec![talk], ..Plan::default() };
//! let recording = virtnet::play(&plan)?;
//! assert_eq!(recording.flows[0].delivered, 2);
//! let file: Vec<u8> = virtnet::pcapng(&recording, &FileStyle::default());
//! # assert_eq!(&file[..4], &[0x0a, 0x0d, 0x0d, 0x0a]);
//! # Ok(())
//! # }
//! ```

mod end;
mod file;
pub mod h2;
mod lan;
mod line;
mod plan;
mod player;
mod recording;
mod talk;
mod tls;
mod udp;
mod view;

pub use file::{Comment, FileStyle, FileWriter, pcapng};
pub use plan::{
    Conditions, Conversation, Datagram, Ending, Host, Lookup, Mistake, Nat, Plan, Reply, Router, Security,
    Server, Side, TlsVersion, Turn,
};
pub use recording::{Crossing, Direction, Event, Flow, Frame, Part, Recording};

/// Plays a plan and keeps all that comes of it.
pub fn play(plan: &Plan) -> Result<Recording, Mistake> {
    let mut recording = Recording::default();
    play_into(plan, &mut |event| recording.take(event))?;
    Ok(recording)
}

/// Plays a plan and hands over what comes of it in order of time. What is held in memory are the connections
/// that are open at one time.
pub fn play_into(plan: &Plan, out: &mut dyn FnMut(Event)) -> Result<(), Mistake> {
    player::Player::new(plan)?.play(out);
    Ok(())
}
