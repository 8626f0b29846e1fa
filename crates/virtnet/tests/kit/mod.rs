//! Plans for the tests, and a look at frames with another parser.

#![allow(dead_code, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, reason = "only tests call these functions")]

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, SocketAddr},
};

use etherparse::{NetSlice, SlicedPacket, TransportSlice};
use evidence::Timestamp;
pub(crate) use virtnet::Side;
use virtnet::{Conversation, Frame, Host, Plan, Recording, Security, Server, TlsVersion, Turn};

/// So many seconds after the tests' plans begin.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::new(1_700_000_000 + seconds, 123_456_789)
}

/// Two phones, and conversations a second apart.
pub(crate) fn plan(talks: impl IntoIterator<Item = Conversation>) -> Plan {
    let phone =
        |name: &str, last| Host::new(name, [0x34, 0x4b, 0x50, 0, 0, last], Ipv4Addr::new(192, 168, 1, last));
    let mut plan = Plan { hosts: vec![phone("phone", 23), phone("other", 24)], seed: 1, ..Plan::default() };
    plan.conversations = talks.into_iter().collect();
    for (index, talk) in plan.conversations.iter_mut().enumerate() {
        if talk.at == Timestamp(0) {
            talk.at = at(index as i64);
        }
    }
    plan
}

pub(crate) fn conversation(security: Security, turns: Vec<Turn>) -> Conversation {
    let port = if security == Security::Clear { 80 } else { 443 };
    let server = Server::new("api.example.com", Ipv4Addr::new(198, 51, 100, 7), port);
    Conversation { security, turns, ..Conversation::new(Timestamp(0), 0, server) }
}

pub(crate) fn tls(version: TlsVersion) -> Security {
    Security::Tls { version, alpn: vec!["http/1.1".to_owned()] }
}

/// So many requests, each answered with so many bytes.
pub(crate) fn http(count: usize, len: usize) -> Vec<Turn> {
    let ask = |index| {
        format!("POST /v1/{index} HTTP/1.1\r\nHost: api.example.com\r\nContent-Length: 4\r\n\r\nabcd")
    };
    let body: String = (0..len).map(|index| char::from(b'a' + (index % 23) as u8)).collect();
    let tell = format!("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {len}\r\n\r\n{body}");
    (0..count)
        .flat_map(|index| [Turn::client(ask(index)).after(50), Turn::server(tell.clone()).after(7)])
        .collect()
}

/// A TCP segment or UDP datagram.
#[derive(Debug)]
pub(crate) struct Packet {
    pub(crate) from: SocketAddr,
    pub(crate) to: SocketAddr,
    pub(crate) tcp: bool,
    pub(crate) sequence: u32,
    pub(crate) syn: bool,
    pub(crate) ack: bool,
    pub(crate) fin: bool,
    pub(crate) rst: bool,
    pub(crate) payload: Vec<u8>,
}

pub(crate) fn packets(recording: &Recording) -> impl Iterator<Item = Packet> {
    recording.frames.iter().filter_map(packet)
}

pub(crate) fn packet(frame: &Frame) -> Option<Packet> {
    let sliced = SlicedPacket::from_ethernet(&frame.bytes).unwrap();
    let (source, destination): (IpAddr, IpAddr) = match sliced.net? {
        NetSlice::Ipv4(ip) => (ip.header().source_addr().into(), ip.header().destination_addr().into()),
        NetSlice::Ipv6(ip) => (ip.header().source_addr().into(), ip.header().destination_addr().into()),
        NetSlice::Arp(_) => return None,
    };
    let ends = |from, to| (SocketAddr::new(source, from), SocketAddr::new(destination, to));
    Some(match sliced.transport? {
        TransportSlice::Tcp(tcp) => {
            let (from, to) = ends(tcp.source_port(), tcp.destination_port());
            let (syn, ack, fin, rst) = (tcp.syn(), tcp.ack(), tcp.fin(), tcp.rst());
            let (sequence, payload) = (tcp.sequence_number(), tcp.payload().to_vec());
            Packet { from, to, tcp: true, sequence, syn, ack, fin, rst, payload }
        }
        TransportSlice::Udp(udp) => {
            let (from, to) = ends(udp.source_port(), udp.destination_port());
            let payload = udp.payload().to_vec();
            Packet {
                from,
                to,
                tcp: false,
                sequence: 0,
                syn: false,
                ack: false,
                fin: false,
                rst: false,
                payload,
            }
        }
        _ => return None,
    })
}

/// What one side of the connection with a server said, as the tap saw it.
pub(crate) fn spoken(recording: &Recording, server: SocketAddr, side: Side) -> Vec<u8> {
    let mine = |packet: &Packet| packet.tcp && (packet.from == server) == (side == Side::Server);
    let segments: Vec<Packet> = packets(recording).filter(mine).collect();
    let start = segments.iter().find(|packet| packet.syn).unwrap().sequence.wrapping_add(1);
    let parts: BTreeMap<u32, &[u8]> = segments
        .iter()
        .filter(|packet| !packet.syn)
        .map(|packet| (packet.sequence.wrapping_sub(start), packet.payload.as_slice()))
        .fold(BTreeMap::new(), |mut parts, (place, payload)| {
            let longest = parts.entry(place).or_insert(payload);
            if longest.len() < payload.len() {
                *longest = payload;
            }
            parts
        });
    let mut stream = Vec::new();
    for (place, payload) in parts {
        let Some(known) = stream.len().checked_sub(place as usize) else { break };
        stream.extend_from_slice(payload.get(known..).unwrap_or_default());
    }
    stream
}

/// All checksums of a frame, recomputed.
pub(crate) fn check_sums(frame: &Frame) {
    let sliced = SlicedPacket::from_ethernet(&frame.bytes).unwrap();
    let (tcp, udp) = match &sliced.transport {
        Some(TransportSlice::Tcp(tcp)) => (Some((tcp.to_header(), tcp.payload())), None),
        Some(TransportSlice::Udp(udp)) => (None, Some((udp.to_header(), udp.payload()))),
        _ => (None, None),
    };
    let expected = match &sliced.net {
        Some(NetSlice::Ipv4(ip)) => {
            let ip = ip.header().to_header();
            assert_eq!(ip.header_checksum, ip.calc_header_checksum());
            let tcp = tcp.as_ref().map(|(tcp, payload)| tcp.calc_checksum_ipv4(&ip, payload));
            tcp.or(udp.as_ref().map(|(udp, payload)| udp.calc_checksum_ipv4(&ip, payload)))
        }
        Some(NetSlice::Ipv6(ip)) => {
            let ip = ip.header().to_header();
            let tcp = tcp.as_ref().map(|(tcp, payload)| tcp.calc_checksum_ipv6(&ip, payload));
            tcp.or(udp.as_ref().map(|(udp, payload)| udp.calc_checksum_ipv6(&ip, payload)))
        }
        _ => return,
    };
    let seen = tcp.map(|(tcp, _)| tcp.checksum).or(udp.map(|(udp, _)| udp.checksum));
    assert_eq!(seen, expected.map(Result::unwrap));
}
