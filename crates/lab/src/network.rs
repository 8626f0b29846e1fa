//! What was played, as a plan for the virtual network, and the recording that it gives.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr},
};

use evidence::Timestamp;
use virtnet::{
    Conditions, Conversation, Datagram, Ending, FileStyle, Host, Lookup, Nat, Part, Plan, Recording, Reply,
    Router, Security, TlsVersion, Turn,
};

use crate::{
    LabError, Network, Scenario, Secrets, Server,
    script::{Exchange, Played, Thrown, Way},
};

/// What was said over one of the phone's networks.
#[derive(Debug)]
pub(crate) struct Air {
    pub(crate) way: Way,
    pub(crate) plan: Plan,
    pub(crate) recording: Recording,
    /// The senders of the plan's conversations, and of its datagrams.
    senders: (Vec<usize>, Vec<usize>),
}

impl Air {
    /// Plays what went that way.
    pub(crate) fn new(scenario: &Scenario, played: &Played, way: Way) -> Result<Self, LabError> {
        let mut maker = Maker::new(scenario, way)?;
        let exchanges = played.exchanges.iter().filter(|exchange| exchange.way == way);
        let (callers, conversations) =
            exchanges.filter_map(|exchange| Some((exchange.sender, maker.conversation(exchange)?))).unzip();
        let thrown = played.datagrams.iter().filter(|thrown| thrown.way == way);
        let (throwers, datagrams) =
            thrown.filter_map(|thrown| Some((thrown.sender, maker.datagram(thrown)?))).unzip();
        let plan = Plan {
            router: router(maker.hosts.first().map_or(scenario.phone.address, |phone| phone.v4)),
            hosts: maker.hosts,
            conversations,
            datagrams,
            conditions: conditions(scenario, way),
            seed: scenario.seed,
        };
        let recording = virtnet::play(&plan).map_err(|mistake| LabError::Network(mistake.to_string()))?;
        Ok(Self { way, plan, recording, senders: (callers, throwers) })
    }

    /// The sender of a part of the plan, by its place in the scenario; none of the network's own talk.
    pub(crate) fn sender(&self, part: Part) -> Option<usize> {
        match part {
            Part::Conversation(index) => self.senders.0.get(index).copied(),
            Part::Datagram(index) => self.senders.1.get(index).copied(),
            Part::Network(_) => None,
        }
    }
}

/// The first address of a network, which is its resolver as well.
fn router(address: Ipv4Addr) -> Router {
    let first = Ipv4Addr::from(u32::from(address) & 0xffff_ff00 | 1);
    Router { v4: first, resolver: first.into(), ..Router::default() }
}

/// The recording as a file, and the key log beside it where there is one.
pub(crate) fn files(scenario: &Scenario, air: Air) -> (Vec<u8>, Option<Vec<u8>>) {
    let mut recording = air.recording;
    recording.key_log = told(scenario, &air.plan, &recording);
    let secrets = scenario.evidence.secrets;
    let style = FileStyle { secrets: secrets == Secrets::Embedded, ..FileStyle::default() };
    let file = virtnet::pcapng(&recording, &style);
    (file, (secrets == Secrets::Beside).then(|| recording.key_log.into_bytes()))
}

/// The lines of the key log without those of servers whose secrets nobody has.
fn told(scenario: &Scenario, plan: &Plan, recording: &Recording) -> String {
    if scenario.evidence.secrets == Secrets::None {
        return String::new();
    }
    let is_secret = |name: &str| scenario.servers.iter().any(|server| server.secret && server.host == name);
    let secret: Vec<&[u8]> = recording
        .frames
        .iter()
        .filter(|frame| {
            let Part::Conversation(index) = frame.part else { return false };
            plan.conversations.get(index).is_some_and(|talk| is_secret(&talk.server.name))
        })
        .filter_map(|frame| client_random(&frame.bytes))
        .collect();
    let is_told = |line: &&str| {
        let random = line.split(' ').nth(1).unwrap_or_default();
        !secret.iter().any(|bytes| crate::filters::hex(bytes) == random)
    };
    recording.key_log.lines().filter(is_told).map(|line| format!("{line}\n")).collect()
}

/// The random bytes of a ClientHello (RFC 8446 section 4.1.2) that a TCP segment over IPv4 begins with.
fn client_random(frame: &[u8]) -> Option<&[u8]> {
    let data_offset = usize::from(frame.get(46)? >> 4).checked_mul(4)?;
    let record = frame.get(data_offset.checked_add(34)?..)?;
    matches!(record, [22, 3, _, _, _, 1, ..]).then(|| record.get(11..43)).flatten()
}

fn conditions(scenario: &Scenario, way: Way) -> Conditions {
    let network = match way {
        Way::Mobile => Network { nat: false, ..scenario.network },
        Way::Wifi => scenario.network,
    };
    let once_in = |count: u32| if count == 0 { 0.0 } else { 1.0 / f64::from(count) };
    Conditions {
        latency_ms: (network.latency_ms / 2, network.latency_ms),
        loss: once_in(network.lose_once_in),
        reorder: once_in(network.reorder_once_in),
        duplicate: once_in(network.repeat_once_in),
        nat: network.nat.then(Nat::default),
        mtu: network.mtu,
    }
}

/// Hosts by name, and until when each knows which name.
struct Maker<'a> {
    scenario: &'a Scenario,
    hosts: Vec<Host>,
    known: BTreeMap<(usize, String), i64>,
}

impl<'a> Maker<'a> {
    /// The phone is the first host.
    fn new(scenario: &'a Scenario, way: Way) -> Result<Self, LabError> {
        let phone = &scenario.phone;
        if way == Way::Mobile {
            let own = Host::new("", mac(&phone.wifi_mac)?, MOBILE);
            return Ok(Self { scenario, hosts: vec![own], known: BTreeMap::new() });
        }
        let mut own = Host::new(&phone.hostname, mac(&phone.wifi_mac)?, phone.address);
        own.vendor = format!("android-dhcp-{}", phone.android.split('.').next().unwrap_or_default());
        own.joins = vec![Timestamp(crate::scenario::nanos(scenario.start))];
        let mut hosts = vec![own];
        for other in &scenario.hosts {
            hosts.push(Host::new(&other.name, mac(&other.mac)?, other.address));
        }
        Ok(Self { scenario, hosts, known: BTreeMap::new() })
    }

    fn host(&self, sender: usize) -> usize {
        let name = self.scenario.senders.get(sender).map_or("", |sender| &sender.host);
        let others = &self.scenario.hosts;
        others.iter().position(|host| host.name == name).map_or(0, |index| index.saturating_add(1))
    }

    fn conversation(&mut self, exchange: &Exchange) -> Option<Conversation> {
        let server = self.scenario.server(&exchange.server)?;
        let host = self.host(exchange.sender);
        let lookup = self.lookup(host, server, exchange.at);
        let address = server.address.unwrap_or(Ipv4Addr::UNSPECIFIED);
        let name = if server.host.is_empty() { address.to_string() } else { server.host.clone() };
        let target = virtnet::Server {
            name,
            address: IpAddr::V4(address),
            port: server.port,
            cname: server.cname.clone(),
        };
        let said = exchange.turns.iter().enumerate().map(|(index, bytes)| {
            if index % 2 == 0 {
                Turn::client(bytes.clone())
            } else {
                Turn::server(bytes.clone()).after(THINKS)
            }
        });
        let keep = u64::try_from(exchange.keep.0.as_millis()).unwrap_or(u64::MAX);
        let pause = (keep > 0).then(|| Turn::client(Vec::new()).after(keep));
        let ending = if exchange.turns.len() == 1 { Ending::CloseByServer } else { Ending::Close };
        Some(Conversation {
            security: security(server),
            turns: said.chain(pause).collect(),
            ending,
            lookup,
            ..Conversation::new(Timestamp(exchange.at), host, target)
        })
    }

    /// Names are asked for anew after a while.
    fn lookup(&mut self, host: usize, server: &Server, at: i64) -> Lookup {
        if server.address.is_none() {
            return Lookup::NoSuchName;
        }
        let until = self.known.entry((host, server.host.clone())).or_insert(i64::MIN);
        if at < *until {
            return Lookup::Cached;
        }
        *until = at.saturating_add(KNOWN_FOR);
        Lookup::Ask
    }

    fn datagram(&self, thrown: &Thrown) -> Option<Datagram> {
        let server = self.scenario.server(&thrown.server)?;
        let to = (server.address?, server.port).into();
        let mut datagram =
            Datagram::new(Timestamp(thrown.at), self.host(thrown.sender), to, thrown.body.clone());
        datagram.from_port = thrown.from_port;
        datagram.reply = (!thrown.reply.is_empty()).then(|| Reply {
            delay_ms: THINKS,
            bytes: thrown.reply.clone(),
            from: None,
        });
        Some(datagram)
    }
}

fn security(server: &Server) -> Security {
    let version = match server.tls.as_str() {
        "" => return Security::Clear,
        "1.2" => TlsVersion::Tls12,
        _ => TlsVersion::Tls13,
    };
    let alpn = if server.alpn.is_empty() { Vec::new() } else { vec![server.alpn.clone()] };
    Security::Tls { version, alpn }
}

/// `d0:37:45:ab:01:9f`
fn mac(text: &str) -> Result<[u8; 6], LabError> {
    let bytes: Option<Vec<u8>> = text.split(':').map(|pair| u8::from_str_radix(pair, 16).ok()).collect();
    let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
    bytes.ok_or_else(|| LabError::Scenario(format!("{text:?} is no hardware address")))
}

/// The phone's address in the mobile network.
const MOBILE: Ipv4Addr = Ipv4Addr::new(10, 85, 12, 7);

/// How long a server thinks, in milliseconds.
const THINKS: u64 = 25;

/// How long a host remembers a name, in nanoseconds.
const KNOWN_FOR: i64 = 300_000_000_000;
