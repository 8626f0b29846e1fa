//! Messages: what the protocol rooms make of streams and datagrams, and what `audit` reads.

use std::{ops::Range, sync::Arc};

use evidence::{Segment, Step};

use crate::Recorded;

/// Who sent it: the side that opened the flow, or the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sender {
    /// Opened the flow: sent the SYN or the first datagram.
    Originator,
    /// The other side.
    Responder,
}

/// One message of a protocol, or a stretch of a stream that nobody recognised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The protocol's name as ledger and glossary write it: `HTTP/1`, `HTTP/2`, `HTTP/3`, `DNS`, `mDNS`, `DHCP`,
    /// `TLS`, `QUIC`, `SSDP`, `NTP`, `STUN`, `RTP`, `WebSocket`, `MQTT`, `CoAP`, `XMPP`, `TCP` and `UDP` (unrecognised) …
    pub protocol: &'static str,
    /// Who sent it.
    pub sender: Sender,
    /// Its exchange within the flow, from 0: a response has its request's number.
    pub exchange: u32,
    /// The bytes as recorded, head and body, and where they came from.
    pub recorded: Recorded,
    /// How `recorded` came to be: [`Step::Reassembly`] or [`Step::Datagram`].
    pub step: Step,
    /// What stands where in `recorded`.
    pub parts: Vec<Part>,
    /// The body.
    pub body: Body,
    /// What the protocol itself says of the message.
    pub head: Head,
    /// Whether all of it was seen.
    pub ending: Ending,
    /// Where in the message's body this piece's body begins: 0 in a message's first (mostly only) piece.
    /// Pieces with a higher number belong to the message before them of the same sender and exchange; they
    /// repeat its `head` and have no `parts` but trailer fields. See [`Ending`].
    pub position: u64,
    /// What protected it on its way; `None` where anyone could read it.
    pub seal: Option<Arc<Seal>>,
    /// How many bytes of the flow it stands for, where these are not the bytes of `recorded`: where a head was
    /// written out that came compressed, say. The ledger counts those.
    pub stands_for: Option<u64>,
}

/// What protected a message on its way, and was undone with a secret that the examiner has.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seal {
    /// `TLS`, `DTLS` or `QUIC`.
    pub protocol: &'static str,
    /// Version as on the wire: 0x0303 is TLS 1.2, 0x0304 TLS 1.3; of QUIC its own.
    pub version: u32,
    /// Cipher suite as on the wire.
    pub suite: u16,
    /// What lies around it: TLS within TLS.
    pub outer: Option<Arc<Seal>>,
}

impl Body {
    /// How many bytes.
    pub fn len(&self) -> usize {
        match self {
            Self::Joined { bytes, .. } => bytes.len(),
            Self::None => 0,
            Self::Range(range) => range.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A named part of a message's head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// What it is.
    pub role: Role,
    /// Its name in `recorded`; empty where it has none.
    pub name: Range<usize>,
    /// Its value in `recorded`.
    pub value: Range<usize>,
}

/// What a part of a head is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// A header field or trailer field.
    Header,
    /// A host name (SNI).
    HostName,
    /// The method of a request.
    Method,
    /// An option of a binary protocol; its name is in [`Head`] ([`DhcpHead::options`], [`NamedHead::names`]) or
    /// empty.
    Option,
    /// A part of a request's query that stands apart from its target.
    Query,
    /// The target of a request, as sent: path and query, an absolute form, or one segment of a path.
    Target,
}

/// The body of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Body {
    /// Has none.
    #[default]
    None,
    /// As it stands in `recorded`.
    Range(Range<usize>),
    /// Framing was removed (chunk headers, DNS label lengths).
    Joined {
        /// The bytes.
        bytes: Vec<u8>,
        /// Where they stand in `recorded`: the source is buffer 0.
        segments: Vec<Segment>,
    },
}

/// Whether all of a message was seen.
///
/// A message over the size limit of a piece comes in several. After a `Continued` piece the next one follows
/// without a hole, so that who searches keeps the last bytes of the piece (as many as the longest needle,
/// less one) and puts them before the next one's. After a `Cut` piece with more to come bytes are lost: the
/// next piece's [`position`](Message::position) less the end of this one says how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// From its first to its last byte.
    Whole,
    /// Its end is missing: the capture or the connection ended, or bytes were lost.
    Cut,
    /// It goes on in the next message of the same sender and exchange: it was over the size limit of a piece.
    Continued,
}

/// What the protocol says of the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Head {
    /// DHCP (RFC 2131).
    Dhcp(DhcpHead),
    /// DNS (RFC 1035), also multicast.
    Dns(DnsHead),
    /// HTTP/1, HTTP/2, HTTP/3, SSDP.
    Http(HttpHead),
    /// MQTT, CoAP, XMPP.
    Named(Box<NamedHead>),
    /// QUIC or TLS handshake, as far as it is in the clear.
    Tls(Box<TlsHead>),
    /// Nothing but the bytes.
    Raw,
}

/// The first line and the fields of an HTTP message that routing and pairing need.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HttpHead {
    /// Method of a request; empty in a response.
    pub method: String,
    /// Target of a request, as sent.
    pub target: String,
    /// Status code of a response (0 in a request).
    pub status: u16,
    /// Host header, or the authority of an absolute target; with the port where one is given.
    pub host: String,
    /// `Content-Type` as sent.
    pub media: String,
    /// `Content-Encoding` as sent, codings in the order applied, joined by commas.
    pub coding: String,
    /// `User-Agent` or `Server`.
    pub agent: String,
}

/// What a protocol says of a message whose parts have names that do not stand in it: of MQTT, CoAP and XMPP.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NamedHead {
    /// What is asked for or told: `PUBLISH`, `POST`, `iq`. Empty in a response that only has a status.
    pub method: String,
    /// Whom it is for, as sent: a host, or an address with one.
    pub host: String,
    /// What it is about: a topic, a path with its query.
    pub target: String,
    /// Status of a response, 0 where there is none: 205 is CoAP's 2.05.
    pub status: u16,
    /// Media type of the body.
    pub media: String,
    /// The name of each part, in the order of the parts; empty where [`Part::name`] has it.
    pub names: Vec<&'static str>,
}

/// A DNS message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DnsHead {
    /// Whether it is a response.
    pub response: bool,
    /// Response code (RFC 1035 section 4.1.1).
    pub code: u16,
    /// The names asked for, with their record types (1 is A, 28 AAAA …).
    pub questions: Vec<(String, u16)>,
    /// Records: owner name, and what it points to.
    pub answers: Vec<(String, DnsData)>,
}

/// What a DNS record points to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DnsData {
    /// A or AAAA.
    Address(std::net::IpAddr),
    /// CNAME.
    Alias(String),
    /// Any other type, by its number.
    Other(u16),
}

/// A DHCP message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DhcpHead {
    /// Message type (option 53), 0 where there is none.
    pub kind: u8,
    /// The client's hardware address, lower-case hex with colons.
    pub client: String,
    /// Host name (option 12).
    pub host_name: String,
    /// Vendor class identifier (option 60).
    pub vendor_class: String,
    /// Address handed out or asked for.
    pub address: Option<std::net::IpAddr>,
    /// The code of each part with [`Role::Option`], in the order of the parts; `dhcp::option_name` names it.
    pub options: Vec<u16>,
}

/// What a TLS or QUIC handshake shows in the clear.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsHead {
    /// Server name asked for (RFC 6066 section 3).
    pub server_name: String,
    /// Protocols offered or chosen (RFC 7301), in order.
    pub alpn: Vec<String>,
    /// Version offered (highest) or chosen, as on the wire: 0x0304 is TLS 1.3.
    pub version: u16,
    /// Cipher suite chosen, as on the wire; 0 in a client hello.
    pub suite: u16,
    /// JA4 fingerprint of a client hello.
    pub ja4: String,
    /// Certificates seen: subject, issuer, not before, not after (RFC 3339), SHA-256 of the DER.
    pub certificates: Vec<CertificateFacts>,
    /// Encrypted Client Hello was offered (the server name is the outer one).
    pub ech: bool,
}

/// A certificate as seen in a handshake.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CertificateFacts {
    /// Subject's distinguished name.
    pub subject: String,
    /// Issuer's distinguished name.
    pub issuer: String,
    /// Subject alternative names of type DNS.
    pub names: Vec<String>,
    /// Validity: seconds since the epoch.
    pub validity: (i64, i64),
    /// SHA-256 of the DER, lower-case hex.
    pub sha256: String,
}
