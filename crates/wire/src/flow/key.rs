//! Which flow a packet belongs to, and which of its two sides opened it.

use std::net::IpAddr;

use evidence::Transport;

use crate::PacketHead;

/// What the packets of a flow have in common, in either direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    low: (u128, u16),
    high: (u128, u16),
    /// 4 or 6 for the version of IP, and 16 more for TCP.
    kind: u8,
    /// Tells senders apart that have no address yet (RFC 2131 section 4.1): those of DHCP all send from 0.0.0.0.
    mac: Option<[u8; 6]>,
}

impl Key {
    pub(super) fn new(head: &PacketHead) -> Self {
        let (source, destination) = (number(head.source), number(head.destination));
        let version = if head.source.0.is_ipv4() { 4 } else { 6 };
        let transport = if head.transport == Transport::Tcp { 16 } else { 0 };
        let mac = head.mac.filter(|_| head.source.0.is_unspecified());
        Self { low: source.min(destination), high: source.max(destination), kind: version | transport, mac }
    }
}

/// Whether the sender of a flow's first packet is the side that opened it.
///
/// A SYN decides. Without one, the side with a service's port is taken to be the responder; where both or
/// none have one, the first that sent is the originator.
pub(super) fn sent_by_originator(head: &PacketHead) -> bool {
    if let Some(tcp) = head.tcp
        && tcp.flags.syn()
    {
        return !tcp.flags.ack();
    }
    if to_many(head.destination.0) {
        return true;
    }
    service_likeness(head.source.1) <= service_likeness(head.destination.1)
}

/// The side of a packet that serves, as far as the ports tell it: the same for both directions.
pub fn serving(head: &PacketHead) -> Option<(IpAddr, u16)> {
    let [source, destination] = [head.source, head.destination].map(|side| service_likeness(side.1));
    match source.cmp(&destination) {
        std::cmp::Ordering::Less => Some(head.destination),
        std::cmp::Ordering::Equal => None,
        std::cmp::Ordering::Greater => Some(head.source),
    }
}

/// Whether the address means several machines: what is sent there cannot be an answer to one.
fn to_many(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_multicast() || address.is_broadcast(),
        IpAddr::V6(address) => address.is_multicast(),
    }
}

fn service_likeness(port: u16) -> u8 {
    match port {
        // DHCP's client has a port below 1024 as well.
        68 | 546 => 2,
        0..=67 | 69..=545 | 547..=1023 => 3,
        port if SERVICES.contains(&port) => 3,
        // Linux and Android hand out ports from 32768 on, other systems from 49152 on.
        1024..=32767 => 1,
        _ => 0,
    }
}

fn number((address, port): (IpAddr, u16)) -> (u128, u16) {
    match address {
        IpAddr::V4(address) => (u128::from(address.to_bits()), port),
        IpAddr::V6(address) => (address.to_bits(), port),
    }
}

/// Ports from 1024 on that phones find services at: SOCKS and HTTP proxies, MQTT, SSDP, RTMP, STUN, push
/// services (XMPP, APNs, FCM), mDNS, LLMNR, CoAP, alternative HTTP and HTTPS.
const SERVICES: [u16; 25] = [
    1080, 1883, 1900, 1935, 3128, 3478, 3479, 5222, 5223, 5228, 5229, 5230, 5349, 5353, 5355, 5683, 5684,
    7000, 8000, 8080, 8081, 8443, 8883, 8888, 9000,
];

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use evidence::{CaptureId, FrameNo, Timestamp};

    use super::*;
    use crate::{TcpFlags, TcpHead};

    fn head(source: u16, destination: u16, flags: Option<u8>) -> PacketHead {
        PacketHead {
            capture: CaptureId(0),
            frame: FrameNo(1),
            time: Timestamp(0),
            source: (Ipv4Addr::new(10, 0, 0, 1).into(), source),
            destination: (Ipv4Addr::new(10, 0, 0, 2).into(), destination),
            mac: None,
            transport: if flags.is_some() { Transport::Tcp } else { Transport::Udp },
            tcp: flags.map(|flags| TcpHead { flags: TcpFlags(flags), ..TcpHead::default() }),
            cut: 0,
        }
    }

    #[test]
    fn the_originator_is_told_by_syn_then_port_then_order() {
        let rows = [
            // source, destination, TCP flags, whether the source opened the flow
            (80, 40_000, Some(0x02), true),
            (40_000, 80, Some(0x12), false),
            (443, 40_000, Some(0x10), false),
            (5228, 40_000, Some(0x18), false),
            (40_000, 40_001, Some(0x10), true),
            (40_000, 12_000, Some(0x10), true),
            (12_000, 40_000, Some(0x10), false),
            (53, 40_000, None, false),
            (68, 67, None, true),
            (67, 68, None, false),
            (123, 123, None, true),
            (5353, 5353, None, true),
        ];
        for (source, destination, flags, expected) in rows {
            let head = head(source, destination, flags);
            assert_eq!(sent_by_originator(&head), expected, "{source} to {destination} {flags:?}");
        }
    }

    #[test]
    fn what_is_sent_to_many_opens_a_flow() {
        let mut head = head(67, 40_000, None);
        head.destination.0 = Ipv4Addr::BROADCAST.into();
        assert!(sent_by_originator(&head));
    }

    #[test]
    fn both_directions_have_one_key_and_transports_do_not_mix() {
        let there = head(1, 2, None);
        let mut back = there.clone();
        std::mem::swap(&mut back.source, &mut back.destination);
        assert_eq!(Key::new(&there), Key::new(&back));
        assert_ne!(Key::new(&there), Key::new(&head(1, 2, Some(0))));
    }

    #[test]
    fn senders_without_an_address_are_told_apart() {
        let from = |address: [u8; 4], mac: u8| PacketHead {
            source: (Ipv4Addr::from(address).into(), 68),
            destination: (Ipv4Addr::BROADCAST.into(), 67),
            mac: Some([2, 0, 0, 0, 0, mac]),
            ..head(68, 67, None)
        };
        assert_ne!(Key::new(&from([0; 4], 1)), Key::new(&from([0; 4], 2)));
        assert_eq!(Key::new(&from([0; 4], 1)), Key::new(&from([0; 4], 1)));
        // Who has an address keeps its flow where a frame comes by another way.
        assert_eq!(Key::new(&from([10, 0, 0, 1], 1)), Key::new(&from([10, 0, 0, 1], 2)));
    }
}
