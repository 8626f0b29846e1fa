//! Who talked to whom, and what is known of the other side.

use serde::{Deserialize, Serialize};

use crate::{Channel, Direction, EndpointId, ExchangeId, Timestamp};

/// How the transport under a message was protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Security {
    /// Not at all: readable by anyone on the way.
    #[default]
    Clear,
    /// TLS or QUIC, read with a key: readable by the receiver.
    Encrypted,
}

/// The transport protocol of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transport {
    /// TCP (RFC 9293).
    Tcp,
    /// UDP (RFC 768).
    Udp,
}

/// A device on the capture's side: what opened flows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Device {
    /// Its address in the capture.
    pub address: String,
    /// Its link-layer address, where the capture has one.
    pub mac: Option<String>,
    /// Its own name and kind as told by DHCP, mDNS or user agents.
    pub names: Vec<String>,
    /// Whether it is the phone that the case is about; `None` where nothing tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_phone: Option<bool>,
}

impl Device {
    /// What it is best known by: the name it gave itself on the network, else what its programs call themselves,
    /// and of those one that tells of its system.
    pub fn name(&self) -> Option<&str> {
        let is_short = |name: &&String| !name.contains(['/', ' ']);
        let tells = |name: &&String| name.contains('(');
        let mut names = self.names.iter();
        let short = names.clone().find(is_short);
        short.or_else(|| names.clone().find(tells)).or_else(|| names.next()).map(String::as_str)
    }
}

/// A destination: what was talked to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Endpoint {
    /// Host name, from Host, SNI or the DNS answer that gave the address; empty where none is known.
    pub host: String,
    /// Address in its usual text form.
    pub address: String,
    /// Port, 0 where the protocol has none.
    pub port: u16,
    /// Transport protocol.
    pub transport: Transport,
}

/// What is known of an endpoint. Registrant, operator, hoster and country of the address are four facts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Destination {
    /// Its number.
    pub id: EndpointId,
    /// Name, address, port.
    pub endpoint: Endpoint,
    /// How the name was learnt: `http host`, `sni`, `coap host`, `xmpp stream`, `dns answer`; empty where there is none.
    pub named_by: String,
    /// Other names on the way from the name to the address, in order (CNAME chain, RFC 1034 section 3.6.2).
    pub cname_chain: Vec<String>,
    /// Registrable domain by the public-suffix list; empty where unknown.
    pub domain: String,
    /// Who runs the address.
    pub network: Network,
    /// Who runs the name.
    pub owner: Option<Owner>,
    /// Bytes of payload sent to it and received from it.
    pub bytes_out: u64,
    /// Bytes of payload received from it.
    pub bytes_in: u64,
    /// How much could be read of what was sent to it.
    #[serde(default, skip_serializing_if = "Reading::is_empty")]
    pub reading: Reading,
    /// How much could be read of what came from it.
    #[serde(default, skip_serializing_if = "Reading::is_empty")]
    pub reading_in: Reading,
    /// Flows to it.
    pub flows: u64,
    /// How flows to it were protected, with how many handshakes said so; none where none was seen.
    #[serde(default)]
    pub channels: Vec<(Channel, u64)>,
    /// When it was first talked to.
    pub first: Timestamp,
    /// When it was last talked to.
    pub last: Timestamp,
    /// Whether it was sent nothing but what a receiver of the radio beside the phone wrote down (GSMTAP): the phone did
    /// not talk to it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub of_recording: bool,
}

impl Destination {
    /// Who people take it for; see [`Endpoint::receiver`].
    pub fn receiver(&self) -> &str {
        self.endpoint.receiver(&self.domain)
    }
}

impl Endpoint {
    /// Who people take it for: its registrable `domain`; where no registry is known for its name, the name's
    /// last two labels (the rule `*` of the public-suffix list); else its address.
    pub fn receiver<'e>(&'e self, domain: &'e str) -> &'e str {
        let host = self.host.as_str();
        match (domain, host) {
            ("", "") => &self.address,
            ("", _) if host.parse::<std::net::IpAddr>().is_ok() => host,
            ("", _) => {
                let mut dots = host.rmatch_indices('.').map(|(at, _)| at + 1);
                dots.nth(1).and_then(|start| host.get(start..)).unwrap_or(host)
            }
            (domain, _) => domain,
        }
    }
}

/// How much could be read of what went one way, in bytes of messages as they were recorded; coverage, for one receiver.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// Heads, and bodies that a decoder recognised; handshakes of TLS and QUIC are left out.
    pub understood: u64,
    /// Pictures, sound, video and fonts: searched as they stand, and nothing in them waits for a decoder.
    #[serde(default)]
    pub media: u64,
    /// Searched as it stands: no decoder read it, or it was not read to its end.
    pub searched: u64,
    /// Encrypted, without a key.
    pub closed: u64,
}

impl Reading {
    /// All of it.
    pub fn total(&self) -> u64 {
        self.opened().saturating_add(self.closed)
    }

    /// What was in messages that could be searched.
    pub fn opened(&self) -> u64 {
        self.understood.saturating_add(self.media).saturating_add(self.searched)
    }

    /// What waits for a reader: all but media.
    pub fn to_read(&self) -> u64 {
        self.understood.saturating_add(self.searched).saturating_add(self.closed)
    }

    /// Whether nothing went that way.
    pub fn is_empty(&self) -> bool {
        self.total() == 0
    }

    /// Adds what went at another time.
    pub fn add(&mut self, other: &Self) {
        self.understood = self.understood.saturating_add(other.understood);
        self.media = self.media.saturating_add(other.media);
        self.searched = self.searched.saturating_add(other.searched);
        self.closed = self.closed.saturating_add(other.closed);
    }
}

/// The address's side: who announces it and where it is thought to be. Empty strings: unknown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Network {
    /// `public`, or why an address has no country: `private`, `multicast`, `loopback`, `documentation` …
    pub scope: String,
    /// Autonomous system number.
    pub asn: Option<u32>,
    /// Its holder's name.
    pub holder: String,
    /// Where the address is thought to be (an estimate; anycast addresses are everywhere).
    pub located: Option<Country>,
    /// Where the address block is registered.
    pub registered: Option<Country>,
    /// Why the location says where the network's edge is, not where data are kept: `anycast`, `cdn`,
    /// `cloud`. Empty for other networks.
    #[serde(default)]
    pub edge: String,
}

/// A country and who says so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Country {
    /// ISO 3166-1 alpha-2.
    pub code: String,
    /// The data set's name, as in `Case::data`.
    pub source: String,
}

/// Who runs a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// The operator of the service.
    pub operator: String,
    /// The group it belongs to.
    pub group: String,
    /// Country of the group's seat, ISO 3166-1 alpha-2; empty where unknown.
    pub country: String,
    /// What the service is for: `advertising`, `analytics`, `push`, `vendor` …; empty where unknown.
    pub purpose: String,
    /// Why we think so, and the source.
    pub reasoning: String,
}

impl Owner {
    /// `China Telecom, which belongs to China Telecom Corporation`: to stand behind "run by".
    pub fn run_by(&self) -> String {
        match self.group.as_str() {
            "" => self.operator.clone(),
            group if group == self.operator => self.operator.clone(),
            // `Google (Alphabet)`: the group's name says it all.
            group if group.strip_prefix(&self.operator).is_some_and(|more| more.starts_with(" (")) => {
                group.to_owned()
            }
            group => format!("{}, which belongs to {group}", self.operator),
        }
    }
}

/// One request with its response, as the store keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchange {
    /// Its number.
    pub id: ExchangeId,
    /// Protocol, as ledger and glossary name it: `HTTP/1`, `DNS`, `TLS` …
    pub protocol: String,
    /// Address of the device on the capture's side.
    pub device: String,
    /// Where to, as the flow itself tells; names that other flows gave the address are in `Destination`.
    pub endpoint: Endpoint,
    /// How the transport was protected.
    pub security: Security,
    /// When the first byte was captured.
    pub first: Timestamp,
    /// When the last byte was captured.
    pub last: Timestamp,
    /// First frame of the request (or of the response where the request is missing).
    pub frame: crate::FrameNo,
    /// Method, DNS record type or message type.
    pub method: String,
    /// Host name as the message says.
    pub host: String,
    /// Path with query, name asked for, or what describes the message best. At most 2,048 characters.
    pub target: String,
    /// Status code, or 0.
    pub status: u16,
    /// Media type of the request's and the response's body, as labelled.
    pub media: [String; 2],
    /// The user agent, where the protocol has one.
    pub agent: String,
    /// Bytes of the request and of the response as received, heads included.
    pub bytes: [u64; 2],
    /// Which of the two messages were seen whole.
    pub complete: [bool; 2],
    /// Who sent the first message.
    pub direction: Direction,
}
