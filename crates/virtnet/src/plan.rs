//! What shall happen: hosts, what they say to whom and when, and what the way there is like.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use evidence::Timestamp;
use rustls::pki_types::ServerName;

use crate::Part;

/// All that happens in a network while it is recorded. The same plan gives the same recording, byte for byte.
///
/// Conversations and datagrams may stand in any order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// The phone and other devices of its Wi-Fi.
    pub hosts: Vec<Host>,
    /// What they reach the world through.
    pub router: Router,
    /// TCP connections.
    pub conversations: Vec<Conversation>,
    /// What is said without a connection.
    pub datagrams: Vec<Datagram>,
    /// The way between the hosts and the servers.
    pub conditions: Conditions,
    /// Where all chance comes from.
    pub seed: u64,
}

/// A device of the Wi-Fi.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// What it calls itself when it asks for an address (DHCP option 12); not sent where empty.
    pub name: String,
    /// Hardware address.
    pub mac: [u8; 6],
    /// The address it is given.
    pub v4: Ipv4Addr,
    /// Its IPv6 address, needed for servers that have one.
    pub v6: Option<Ipv6Addr>,
    /// What it says it is (DHCP option 60), such as `android-dhcp-12`; not sent where empty.
    pub vendor: String,
    /// When it asks for an address. Empty for a host that had one before the recording.
    pub joins: Vec<Timestamp>,
}

impl Host {
    /// A host that had its address before, of no vendor, with no IPv6.
    pub fn new(name: &str, mac: [u8; 6], v4: Ipv4Addr) -> Self {
        Self { name: name.to_owned(), mac, v4, v6: None, vendor: String::new(), joins: Vec::new() }
    }
}

/// The access point: gateway, DHCP server and DNS resolver of the hosts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Router {
    /// Hardware address on the side of the hosts.
    pub mac: [u8; 6],
    /// Address on the side of the hosts.
    pub v4: Ipv4Addr,
    /// Link-local address, for neighbours of IPv6.
    pub v6: Ipv6Addr,
    /// Whom the hosts ask for names; often the router itself.
    pub resolver: IpAddr,
}

impl Default for Router {
    /// 192.168.1.1, which answers for names as well.
    fn default() -> Self {
        let v4 = Ipv4Addr::new(192, 168, 1, 1);
        Self {
            mac: [2, 0, 0x5e, 0, 0, 1],
            v4,
            v6: Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0x5eff, 0xfe00, 1),
            resolver: v4.into(),
        }
    }
}

/// The way from a host to a server and back. Probabilities are between 0 and 1, for each packet and direction.
#[derive(Clone, Debug, PartialEq)]
pub struct Conditions {
    /// Shortest and longest time one way, in milliseconds.
    pub latency_ms: (u32, u32),
    /// A packet is lost: half of them before they pass the tap, half behind it.
    pub loss: f64,
    /// A packet is held up, so that later ones overtake it.
    pub reorder: f64,
    /// A packet passes the tap twice.
    pub duplicate: f64,
    /// The tap is on the far side of the router's address translation.
    pub nat: Option<Nat>,
    /// Longest IP packet, 576 to 9000 (values outside count as the nearest); at least 1280 with IPv6.
    pub mtu: u16,
}

impl Default for Conditions {
    /// A good line: 15 to 35 ms, nothing lost, 1,500 bytes, no translation.
    fn default() -> Self {
        Self { latency_ms: (15, 35), loss: 0.0, reorder: 0.0, duplicate: 0.0, nat: None, mtu: 1500 }
    }
}

/// A tap between the router and its provider: every host has the router's address there and a port of its
/// choosing. What stays in the Wi-Fi (DHCP, ARP, what goes to groups or to other hosts) is not seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nat {
    /// The router's outer address.
    pub v4: Ipv4Addr,
    /// The router's outer hardware address.
    pub mac: [u8; 6],
    /// The provider's hardware address.
    pub provider_mac: [u8; 6],
    /// Where the router sends questions for names that hosts asked it.
    pub resolver: IpAddr,
}

impl Default for Nat {
    /// 203.0.113.45, resolver 203.0.113.1.
    fn default() -> Self {
        Self {
            v4: Ipv4Addr::new(203, 0, 113, 45),
            mac: [2, 0, 0x5e, 0, 1, 1],
            provider_mac: [2, 0, 0x5e, 0, 1, 2],
            resolver: IpAddr::V4(Ipv4Addr::new(203, 0, 113, 1)),
        }
    }
}

/// A machine somewhere else, as one conversation finds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Host name: what DNS is asked for and what TLS names. An address in text form is not looked up.
    pub name: String,
    /// Where it is.
    pub address: IpAddr,
    /// TCP port.
    pub port: u16,
    /// The names that DNS gives on the way, in order: the host name is another name of the first.
    pub cname: Vec<String>,
}

impl Server {
    /// A server without other names.
    pub fn new(name: &str, address: impl Into<IpAddr>, port: u16) -> Self {
        Self { name: name.to_owned(), address: address.into(), port, cname: Vec::new() }
    }
}

/// What a conversation is wrapped in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Security {
    /// Nothing: the turns are the TCP streams.
    Clear,
    /// TLS, with a certificate of the network's own authority for the server's name.
    Tls {
        /// The only version both sides speak.
        version: TlsVersion,
        /// Protocols that the client offers, best first; the server takes the first. Empty for no such extension.
        alpn: Vec<String>,
    },
}

/// A version of TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsVersion {
    /// TLS 1.2 (RFC 5246) with ephemeral keys.
    Tls12,
    /// TLS 1.3 (RFC 8446).
    Tls13,
}

/// Who says something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The host.
    Client,
    /// The server.
    Server,
}

/// One side says something. It waits until it has heard all that was to be heard before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// How long it waits after that, in milliseconds; at most a year.
    pub wait_ms: u64,
    /// Who says it.
    pub from: Side,
    /// What is said, before encryption. May be empty: a pause.
    pub bytes: Vec<u8>,
}

impl Turn {
    /// The host says something at once.
    pub fn client(bytes: impl Into<Vec<u8>>) -> Self {
        Self { wait_ms: 0, from: Side::Client, bytes: bytes.into() }
    }

    /// The server says something at once.
    pub fn server(bytes: impl Into<Vec<u8>>) -> Self {
        Self { wait_ms: 0, from: Side::Server, bytes: bytes.into() }
    }

    /// The same after a pause.
    pub fn after(self, wait_ms: u64) -> Self {
        Self { wait_ms, ..self }
    }
}

/// How a conversation ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ending {
    /// The client closes after the last turn, the server after it.
    #[default]
    Close,
    /// The server closes first.
    CloseByServer,
    /// The client does not trust the server's certificate and says so in an alert, as an app that pins its
    /// certificates does; nothing is said. In the clear like [`Reset`](Self::Reset).
    Distrust,
    /// Nobody closes: the connection is open when the recording ends.
    KeepOpen,
    /// Nobody answers the client's SYN, which it repeats for half a minute.
    NeverConnects,
    /// The server answers the SYN with a reset.
    Refused,
    /// The client resets the connection after the last turn.
    Reset,
    /// The server resets the connection after the last turn.
    ResetByServer,
}

/// How a host finds the server's address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lookup {
    /// It asks the network's resolver.
    #[default]
    Ask,
    /// It asks another resolver, over UDP.
    AskAt(IpAddr),
    /// It knows it already.
    Cached,
    /// It asks and is told that there is no such name: no connection is made.
    NoSuchName,
}

/// A TCP connection and what is said over it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversation {
    /// When the host begins, with looking the name up.
    pub at: Timestamp,
    /// The host, by its place in [`Plan::hosts`].
    pub host: usize,
    /// Whom it calls.
    pub server: Server,
    /// What it is wrapped in.
    pub security: Security,
    /// What is said, in turn.
    pub turns: Vec<Turn>,
    /// How it ends.
    pub ending: Ending,
    /// How the address is found.
    pub lookup: Lookup,
}

/// A UDP datagram and its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Datagram {
    /// When it is sent.
    pub at: Timestamp,
    /// The host, by its place in [`Plan::hosts`].
    pub host: usize,
    /// Whom it is for. Groups and the broadcast address are reached in the Wi-Fi, other hosts as well.
    pub to: SocketAddr,
    /// What it holds, at most 65,507 bytes; longer ones are cut. What is too long for a packet goes in fragments
    /// over IPv4, and all the same in one over IPv6.
    pub bytes: Vec<u8>,
    /// Port of the host; 0 for one of its choosing.
    pub from_port: u16,
    /// What comes back from there, if anything.
    pub reply: Option<Reply>,
}

/// What answers a datagram.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// How long the other side takes, beside the time on the way; at most a year.
    pub delay_ms: u64,
    /// Who answers where it is not the one who was asked, as in groups. The router where this is `None` and the
    /// datagram went to a group.
    pub from: Option<SocketAddr>,
    /// What it says.
    pub bytes: Vec<u8>,
}

impl Conversation {
    /// A conversation in the clear in which nothing is said: asked for by name, connected, closed.
    pub fn new(at: Timestamp, host: usize, server: Server) -> Self {
        Self {
            at,
            host,
            server,
            security: Security::Clear,
            turns: Vec::new(),
            ending: Ending::default(),
            lookup: Lookup::default(),
        }
    }

    /// A name that cannot be asked for.
    fn unnameable(&self) -> Option<&str> {
        let name = self.server.name.as_str();
        let tls = matches!(self.security, Security::Tls { .. });
        if tls && ServerName::try_from(name).is_err() {
            return Some(name);
        }
        let asked = [name].into_iter().chain(self.server.cname.iter().map(String::as_str));
        let mut asked = asked.filter(|_| self.lookup != Lookup::Cached);
        // RFC 1035 section 2.3.4; 253 characters of text are 255 bytes of a message.
        asked.find(|name| name.len() > 253 || name.split('.').any(|label| label.len() > 63))
    }
}

/// A time of a plan in microseconds. Nothing waits longer than a year.
pub(crate) fn pause(ms: u64) -> i64 {
    const YEAR: u64 = 366 * 86_400_000;
    i64::try_from(ms.min(YEAR)).unwrap_or(0) * 1000
}

impl Datagram {
    /// A datagram from a port of the host's choosing that nobody answers.
    pub fn new(at: Timestamp, host: usize, to: SocketAddr, bytes: impl Into<Vec<u8>>) -> Self {
        Self { at, host, to, bytes: bytes.into(), from_port: 0, reply: None }
    }
}

/// Why a plan cannot be played.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Mistake {
    /// A host is named by a place in the list that does not exist.
    #[error("{part:?} is of host {host}, but the plan has {count}")]
    NoSuchHost {
        /// What names it.
        part: Part,
        /// The place.
        host: usize,
        /// How many hosts there are.
        count: usize,
    },
    /// A host without an IPv6 address shall reach one.
    #[error("{part:?} goes to {to}, but its host has no such address")]
    NoAddress {
        /// What goes there.
        part: Part,
        /// Where.
        to: IpAddr,
    },
    /// DNS or TLS cannot ask for a server of this name.
    #[error("conversation {index}: no name of a server: {name:?}")]
    Name {
        /// The conversation's place.
        index: usize,
        /// The name.
        name: String,
    },
    /// The authority could not make its certificates.
    #[error("no certificates: {0}")]
    Certificate(String),
}

impl Plan {
    /// Whether the plan can be played; [`play`](crate::play) asks this first.
    pub fn check(&self) -> Result<(), Mistake> {
        for (index, talk) in self.conversations.iter().enumerate() {
            self.check_host(Part::Conversation(index), talk.host, talk.server.address)?;
            if let Some(name) = talk.unnameable() {
                return Err(Mistake::Name { index, name: name.to_owned() });
            }
        }
        for (index, datagram) in self.datagrams.iter().enumerate() {
            self.check_host(Part::Datagram(index), datagram.host, datagram.to.ip())?;
        }
        Ok(())
    }

    fn check_host(&self, part: Part, host: usize, to: IpAddr) -> Result<(), Mistake> {
        let count = self.hosts.len();
        let found = self.hosts.get(host).ok_or(Mistake::NoSuchHost { part, host, count })?;
        if to.is_ipv6() && found.v6.is_none() {
            return Err(Mistake::NoAddress { part, to });
        }
        Ok(())
    }
}
