//! What a Wi-Fi says for itself: DHCP (RFC 2131), ARP (RFC 826) and the neighbours of IPv6 (RFC 4861).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use smoltcp::{
    phy::ChecksumCapabilities,
    wire::{
        ArpOperation, ArpPacket, ArpRepr, EthernetAddress, Icmpv6Packet, Icmpv6Repr, IpProtocol, Ipv6Packet,
        Ipv6Repr, NdiscNeighborFlags, NdiscRepr,
    },
};
use testkit::{Dice, Endpoint, packet::udp};

use crate::{Direction, Host, Router};

/// Frames with their times (microseconds) and directions.
pub(crate) type Frames = Vec<(i64, Direction, Vec<u8>)>;

/// IP packets that a host sent or was given: time (microseconds), direction, length.
pub(crate) type Crossings = Vec<(i64, Direction, usize)>;

/// A host asks for its address and is given it.
pub(crate) fn join(host: &Host, router: &Router, at: i64, dice: &mut Dice) -> Frames {
    let talk = Dhcp { host, router, transaction: dice.bytes(4) };
    let mut time = at;
    let mut frames = Vec::new();
    for kind in [DISCOVER, OFFER, REQUEST, ACK] {
        frames.push(talk.message(time, kind));
        time += 2000 + i64::try_from(dice.below(30_000)).unwrap_or(0);
    }
    frames
}

struct Dhcp<'a> {
    host: &'a Host,
    router: &'a Router,
    transaction: Vec<u8>,
}

impl Dhcp<'_> {
    fn message(&self, time: i64, kind: u8) -> (i64, Direction, Vec<u8>) {
        let host = |address| Endpoint::new(self.host.mac, address, 68);
        if matches!(kind, DISCOVER | REQUEST) {
            let to = Endpoint::new([0xff; 6], Ipv4Addr::BROADCAST, 67);
            let body = self.body(1, Ipv4Addr::UNSPECIFIED, &self.asks(kind));
            return (time, Direction::Out, udp(&host(Ipv4Addr::UNSPECIFIED), &to, &body));
        }
        let from = Endpoint::new(self.router.mac, self.router.v4, 67);
        let body = self.body(2, self.host.v4, &self.answers(kind));
        (time, Direction::In, udp(&from, &host(self.host.v4), &body))
    }

    /// The fixed part, and the options behind it.
    fn body(&self, operation: u8, given: Ipv4Addr, options: &[u8]) -> Vec<u8> {
        let mut body = vec![operation, 1, 6, 0];
        body.extend_from_slice(&self.transaction);
        // Seconds and flags, then the address the client has: none.
        body.extend([0; 8]);
        body.extend(given.octets());
        body.extend([0; 8]);
        body.extend(self.host.mac);
        body.resize(236, 0);
        body.extend([0x63, 0x82, 0x53, 0x63]);
        body.extend_from_slice(options);
        body.push(255);
        body.resize(body.len().max(300), 0);
        body
    }

    fn asks(&self, kind: u8) -> Vec<u8> {
        let mut options = option(53, &[kind]);
        options.extend(option(61, &[&[1], &self.host.mac[..]].concat()));
        if kind == REQUEST {
            options.extend(option(50, &self.host.v4.octets()));
            options.extend(option(54, &self.router.v4.octets()));
        }
        options.extend(option(57, &1500_u16.to_be_bytes()));
        for (code, text) in [(60, &self.host.vendor), (12, &self.host.name)] {
            if !text.is_empty() {
                options.extend(option(code, text.as_bytes()));
            }
        }
        options.extend(option(55, &[1, 3, 6, 15, 26, 28, 51, 58, 59, 43]));
        options
    }

    fn answers(&self, kind: u8) -> Vec<u8> {
        let resolver = match self.router.resolver {
            IpAddr::V4(resolver) => resolver,
            IpAddr::V6(_) => self.router.v4,
        };
        let mut options = option(53, &[kind]);
        options.extend(option(54, &self.router.v4.octets()));
        for (code, seconds) in [(51, 86_400_u32), (58, 43_200), (59, 75_600)] {
            options.extend(option(code, &seconds.to_be_bytes()));
        }
        options.extend(option(1, &[255, 255, 255, 0]));
        options.extend(option(3, &self.router.v4.octets()));
        options.extend(option(6, &resolver.octets()));
        options
    }
}

/// An option, cut to 255 bytes.
fn option(code: u8, value: &[u8]) -> Vec<u8> {
    let value = value.get(..255).unwrap_or(value);
    let len = u8::try_from(value.len()).unwrap_or(255);
    [&[code, len], value].concat()
}

/// A host asks for a neighbour's hardware address and is told.
pub(crate) fn meet(host: &Host, (address, mac): (IpAddr, [u8; 6]), at: i64, dice: &mut Dice) -> Frames {
    let answered = at + 300 + i64::try_from(dice.below(2500)).unwrap_or(0);
    let (asks, tells) = match (address, host.v6) {
        (IpAddr::V4(address), _) => arp(host, (address, mac)),
        (IpAddr::V6(address), Some(own)) => neighbours((own, host.mac), (address, mac)),
        (IpAddr::V6(_), None) => return Vec::new(),
    };
    vec![(at, Direction::Out, asks), (answered, Direction::In, tells)]
}

fn arp(host: &Host, (address, mac): (Ipv4Addr, [u8; 6])) -> (Vec<u8>, Vec<u8>) {
    let own = (host.v4, EthernetAddress(host.mac));
    let other = (address, EthernetAddress(mac));
    let unknown = EthernetAddress([0; 6]);
    let asks = arp_frame(ArpOperation::Request, own, (other.0, unknown), [0xff; 6]);
    (asks, arp_frame(ArpOperation::Reply, other, own, host.mac))
}

fn arp_frame(
    operation: ArpOperation,
    source: (Ipv4Addr, EthernetAddress),
    target: (Ipv4Addr, EthernetAddress),
    to: [u8; 6],
) -> Vec<u8> {
    let message = ArpRepr::EthernetIpv4 {
        operation,
        source_hardware_addr: source.1,
        source_protocol_addr: source.0,
        target_hardware_addr: target.1,
        target_protocol_addr: target.0,
    };
    let mut body = vec![0; message.buffer_len()];
    message.emit(&mut ArpPacket::new_unchecked(&mut body));
    [&to, &source.1.0, &[0x08, 0x06][..], &body].concat()
}

fn neighbours(own: (Ipv6Addr, [u8; 6]), other: (Ipv6Addr, [u8; 6])) -> (Vec<u8>, Vec<u8>) {
    let link = |mac| Some(EthernetAddress(mac).into());
    let [.., x, y, z] = other.0.octets();
    let group = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 1, 0xff00 | u16::from(x), u16::from_be_bytes([y, z]));
    let asks = NdiscRepr::NeighborSolicit { target_addr: other.0, lladdr: link(own.1) };
    let flags = NdiscNeighborFlags::SOLICITED | NdiscNeighborFlags::OVERRIDE | NdiscNeighborFlags::ROUTER;
    let tells = NdiscRepr::NeighborAdvert { flags, target_addr: other.0, lladdr: link(other.1) };
    let group = (group, [0x33, 0x33, 0xff, x, y, z]);
    (neighbour_frame(own, group, asks), neighbour_frame(other, own, tells))
}

fn neighbour_frame(from: (Ipv6Addr, [u8; 6]), to: (Ipv6Addr, [u8; 6]), message: NdiscRepr<'_>) -> Vec<u8> {
    let message = Icmpv6Repr::Ndisc(message);
    let head = Ipv6Repr {
        src_addr: from.0,
        dst_addr: to.0,
        next_header: IpProtocol::Icmpv6,
        payload_len: message.buffer_len(),
        // Any other would mean that it came through a router.
        hop_limit: 255,
    };
    let mut packet = vec![0; head.buffer_len() + message.buffer_len()];
    head.emit(&mut Ipv6Packet::new_unchecked(&mut packet));
    let body = packet.get_mut(head.buffer_len()..).unwrap_or_default();
    let checked = ChecksumCapabilities::default();
    message.emit(&from.0, &to.0, &mut Icmpv6Packet::new_unchecked(body), &checked);
    [&to.1, &from.1, &[0x86, 0xdd][..], &packet].concat()
}

const DISCOVER: u8 = 1;
const OFFER: u8 = 2;
const REQUEST: u8 = 3;
const ACK: u8 = 5;
