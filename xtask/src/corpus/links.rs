//! One request behind other link layers, and in tunnels.

use std::io;

use testkit::{Frame, PcapStyle};

use super::{Capture, film, pcap, register};

pub(super) const LINKS: &[Capture] = &[
    Capture::file("link/raw.pcap", "raw IP", || linked(101, |_| Vec::new())),
    Capture::file("link/raw-bsd.pcap", "raw IP as OpenBSD numbers it", || linked(12, |_| Vec::new())),
    Capture::file("link/null.pcap", "BSD loopback, little-endian", || linked(0, |_| vec![2, 0, 0, 0])),
    Capture::file("link/loop.pcap", "OpenBSD loopback, big-endian", || linked(108, |_| vec![0, 0, 0, 2])),
    Capture::file("link/cooked.pcap", "Linux cooked capture, version 1", || linked(113, cooked)),
    Capture::file("link/cooked2.pcap", "Linux cooked capture, version 2", || linked(276, cooked2)),
    Capture::file("link/ppp.pcap", "PPP with address and control bytes", || {
        linked(9, |_| vec![0xff, 3, 0, 0x21])
    }),
    Capture::file("link/ppp-short.pcap", "PPP with its protocol number in one byte", || {
        linked(9, |_| vec![0x21])
    }),
    Capture::file("link/pppoe.pcap", "PPPoE in Ethernet", || tagged(pppoe)),
    Capture::file(
        "link/wifi.pcap",
        "802.11 data frames, to and from the access point, with and without QoS",
        || linked(105, wifi),
    ),
    Capture::file(
        "link/radiotap.pcap",
        "802.11 behind radiotap, with a checksum at the end; a beacon and a protected frame among them",
        radiotap,
    ),
    Capture::file("link/vlan.pcap", "a VLAN tag", || tagged(|_| [&[0x81, 0, 0, 42][..], IP].concat())),
    Capture::file("link/qinq.pcap", "two VLAN tags (QinQ)", || {
        tagged(|_| [&[0x88, 0xa8, 0, 7, 0x81, 0, 0, 42][..], IP].concat())
    }),
    Capture::file("link/mpls.pcap", "two MPLS labels", || {
        tagged(|_| vec![0x88, 0x47, 0, 1, 0, 64, 0, 2, 1, 64])
    }),
    Capture::file("link/bluetooth.pcap", "a link type without IP: counted, not read", || {
        linked(201, |_| vec![0; 8])
    }),
];

pub(super) const TUNNELS: &[Capture] = &[
    Capture::file("tunnel/gre.pcap", "GRE with key and sequence number", || tunnelled(47, gre, 0)),
    Capture::file("tunnel/ip-in-ip.pcap", "IPv4 in IPv4", || tunnelled(4, |_| Vec::new(), 0)),
    Capture::file(
        "tunnel/gtp-u.pcap",
        "GTP-U with a sequence number, as between base station and core",
        || tunnelled(17, gtp, 0),
    ),
    Capture::file("tunnel/vxlan.pcap", "VXLAN: the whole Ethernet frame in UDP", || tunnelled(17, vxlan, 14)),
    Capture::file("tunnel/geneve.pcap", "Geneve with an option", || tunnelled(17, geneve, 0)),
];

/// The request with another header in the place of Ethernet's: `head` is given the IP packet.
fn linked(link: u16, head: fn(&[u8]) -> Vec<u8>) -> io::Result<Vec<u8>> {
    let frames = relinked(|_, packet| [&head(packet)[..], packet].concat())?;
    pcap(PcapStyle { link, ..PcapStyle::default() }, &frames)
}

/// The request with something between the Ethernet addresses and the IP packet.
fn tagged(tag: fn(&[u8]) -> Vec<u8>) -> io::Result<Vec<u8>> {
    let frames = relinked(|addresses, packet| [addresses, &tag(packet), packet].concat())?;
    pcap(PcapStyle::default(), &frames)
}

/// The request in packets between two routers: `head` is given what is carried, the IP packet and so many
/// bytes of Ethernet before it.
fn tunnelled(protocol: u8, head: fn(usize) -> Vec<u8>, ethernet: usize) -> io::Result<Vec<u8>> {
    let mut frames = film(|net| register(net, 40_500))?;
    for frame in &mut frames {
        let carried = frame.bytes.get(14 - ethernet..).unwrap_or_default();
        let payload = [&head(carried.len())[..], carried].concat();
        frame.bytes = [&ROUTERS[..], IP, &outer(protocol, payload.len()), &payload].concat();
    }
    pcap(PcapStyle::default(), &frames)
}

fn relinked(change: impl Fn(&[u8], &[u8]) -> Vec<u8>) -> io::Result<Vec<Frame>> {
    let mut frames = film(|net| register(net, 40_500))?;
    for frame in &mut frames {
        let (Some(addresses), Some(packet)) = (frame.bytes.get(..12), frame.bytes.get(14..)) else {
            continue;
        };
        frame.bytes = change(addresses, packet);
    }
    Ok(frames)
}

/// An IPv4 header between 203.0.113.1 and 203.0.113.2. Its checksum is left out: nobody here looks at it.
fn outer(protocol: u8, length: usize) -> Vec<u8> {
    let total = u16::try_from(20 + length).unwrap_or(0).to_be_bytes();
    let mut header = vec![0x45, 0, total[0], total[1], 0, 1, 0, 0, 64, protocol, 0, 0];
    header.extend([203, 0, 113, 1, 203, 0, 113, 2]);
    header
}

fn udp(port: u16, head: &[u8], carried: usize) -> Vec<u8> {
    let length = u16::try_from(8 + head.len() + carried).unwrap_or(0);
    let ports = [50_000_u16.to_be_bytes(), port.to_be_bytes(), length.to_be_bytes(), [0, 0]];
    [&ports.concat()[..], head].concat()
}

/// RFC 2890.
fn gre(_: usize) -> Vec<u8> {
    vec![0x30, 0, 8, 0, 0, 0, 0, 7, 0, 0, 0, 1]
}

/// 3GPP TS 29.281 section 5.
fn gtp(carried: usize) -> Vec<u8> {
    let length = u16::try_from(carried + 4).unwrap_or(0).to_be_bytes();
    udp(2152, &[0x32, 0xff, length[0], length[1], 0, 0, 0, 9, 0, 1, 0, 0], carried)
}

/// RFC 7348.
fn vxlan(carried: usize) -> Vec<u8> {
    udp(4789, &[8, 0, 0, 0, 0, 0, 42, 0], carried)
}

/// RFC 8926.
fn geneve(carried: usize) -> Vec<u8> {
    udp(6081, &[1, 0, 8, 0, 0, 0, 42, 0, 1, 2, 0x80, 0], carried)
}

/// Whether the phone, 192.168.1.23, sent it.
fn from_phone(packet: &[u8]) -> bool {
    packet.get(12..16) == Some(&[192, 168, 1, 23])
}

fn sender(packet: &[u8]) -> &'static [u8; 6] {
    if from_phone(packet) { PHONE } else { ROUTER }
}

/// Packet type, ARPHRD, address length, address, protocol.
fn cooked(packet: &[u8]) -> Vec<u8> {
    let outgoing = if from_phone(packet) { 4 } else { 0 };
    [&[0, outgoing, 0, 1, 0, 6][..], sender(packet), &[0, 0], IP].concat()
}

/// Protocol, reserved, interface, ARPHRD, packet type, address length, address.
fn cooked2(packet: &[u8]) -> Vec<u8> {
    let outgoing = if from_phone(packet) { 4 } else { 0 };
    [IP, &[0, 0, 0, 0, 0, 3, 0, 1, outgoing, 6], sender(packet), &[0, 0]].concat()
}

/// RFC 2516: session 17; the length counts the two bytes of PPP.
fn pppoe(packet: &[u8]) -> Vec<u8> {
    let length = u16::try_from(packet.len() + 2).unwrap_or(0).to_be_bytes();
    vec![0x88, 0x64, 0x11, 0, 0, 17, length[0], length[1], 0, 0x21]
}

/// An 802.11 header and LLC: the phone's frames go to the access point with QoS, the others come from it.
fn wifi(packet: &[u8]) -> Vec<u8> {
    match from_phone(packet) {
        true => [&[0x88, 1, 0, 0][..], ACCESS_POINT, PHONE, ROUTER, &[0x10, 0, 0, 0], SNAP, IP].concat(),
        false => [&[0x08, 2, 0, 0][..], PHONE, ACCESS_POINT, ROUTER, &[0x10, 0], SNAP, IP].concat(),
    }
}

fn radiotap() -> io::Result<Vec<u8>> {
    // Version, padding, length, fields present: flags; flags: a checksum at the end.
    let head = [0, 0, 9, 0, 2, 0, 0, 0, 0x10];
    let mut frames =
        relinked(|_, packet| [&head[..], &wifi(packet), packet, &[0xde, 0xad, 0xbe, 0xef]].concat())?;
    let time = frames.first().map_or(0, |frame| frame.time);
    let beacon = [
        &head[..],
        &[0x80, 0, 0, 0],
        &[0xff; 6],
        ACCESS_POINT,
        ACCESS_POINT,
        &[0, 0],
        &[0; 12],
        &[0, 4],
        b"home",
        &[0; 4],
    ]
    .concat();
    let protected =
        [&head[..], &[0x08, 0x41, 0, 0], ACCESS_POINT, PHONE, ROUTER, &[0x20, 0], &[0x5a; 40], &[0; 4]]
            .concat();
    frames.extend([beacon, protected].map(|bytes| Frame { time: time + 60_000_000_000, bytes }));
    pcap(PcapStyle { link: 127, ..PcapStyle::default() }, &frames)
}

const PHONE: &[u8; 6] = &[0x34, 0x4b, 0x50, 0, 0, 0x17];
const ROUTER: &[u8; 6] = &[2, 0, 0x5e, 0, 0, 1];
const ACCESS_POINT: &[u8; 6] = &[0x9c, 0xc7, 0xa6, 0x5d, 0x21, 0x40];
const ROUTERS: [u8; 12] = [2, 0, 0, 0, 0, 0xa2, 2, 0, 0, 0, 0, 0xa1];
/// EtherType IPv4.
const IP: &[u8] = &[8, 0];
/// LLC and SNAP, up to the EtherType.
const SNAP: &[u8] = &[0xaa, 0xaa, 3, 0, 0, 0];
