//! Payloads to Ethernet frames: headers with right lengths and checksums.
//!
//! All functions append to a buffer of the caller's, so that a gigabyte is made without an allocation a
//! packet. A payload that does not fit a packet's 16-bit length field is the caller's mistake; the field
//! then wraps, as a broken sender's would.

use std::net::{IpAddr, Ipv4Addr};

/// One side of a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Hardware address.
    pub mac: [u8; 6],
    /// IP address. Both sides of a conversation have the same version.
    pub address: IpAddr,
    /// Port.
    pub port: u16,
}

impl Endpoint {
    /// The phone of most tests: 192.168.1.23, MAC 34:4b:50:00:00:17.
    pub fn phone(port: u16) -> Self {
        Self::new([0x34, 0x4b, 0x50, 0, 0, 0x17], Ipv4Addr::new(192, 168, 1, 23), port)
    }

    /// The server of most tests: 198.51.100.7, behind a router 02:00:5e:00:00:01.
    pub fn server(port: u16) -> Self {
        Self::new([2, 0, 0x5e, 0, 0, 1], Ipv4Addr::new(198, 51, 100, 7), port)
    }

    /// Any other.
    pub fn new(mac: [u8; 6], address: impl Into<IpAddr>, port: u16) -> Self {
        Self { mac, address: address.into(), port }
    }

    /// The same machine with another port.
    pub fn with_port(self, port: u16) -> Self {
        Self { port, ..self }
    }
}

/// A TCP segment's header fields and payload.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TcpSegment<'a> {
    /// Sequence number.
    pub sequence: u32,
    /// Acknowledgment number.
    pub acknowledgment: u32,
    /// Control bits: [`FIN`] | [`SYN`] …
    pub flags: u8,
    /// Window.
    pub window: u16,
    /// Options, a multiple of 4 bytes, at most 40.
    pub options: &'a [u8],
    /// Payload.
    pub payload: &'a [u8],
}

/// FIN.
pub const FIN: u8 = 0x01;
/// SYN.
pub const SYN: u8 = 0x02;
/// RST.
pub const RST: u8 = 0x04;
/// PSH.
pub const PSH: u8 = 0x08;
/// ACK.
pub const ACK: u8 = 0x10;

/// An Ethernet frame with a TCP segment.
pub fn tcp(from: &Endpoint, to: &Endpoint, segment: &TcpSegment<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    put_tcp(&mut out, from, to, segment);
    out
}

/// An Ethernet frame with a UDP datagram.
pub fn udp(from: &Endpoint, to: &Endpoint, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    put_udp(&mut out, from, to, payload);
    out
}

/// Appends an Ethernet frame with a TCP segment.
pub fn put_tcp(out: &mut Vec<u8>, from: &Endpoint, to: &Endpoint, segment: &TcpSegment<'_>) {
    let length = 20 + segment.options.len() + segment.payload.len();
    put_headers(out, from, to, (PROTOCOL_TCP, length));
    let start = out.len();
    out.extend(from.port.to_be_bytes());
    out.extend(to.port.to_be_bytes());
    out.extend(segment.sequence.to_be_bytes());
    out.extend(segment.acknowledgment.to_be_bytes());
    out.push(((5 + segment.options.len() / 4) << 4) as u8);
    out.push(segment.flags);
    out.extend(segment.window.to_be_bytes());
    out.extend([0; 4]);
    out.extend_from_slice(segment.options);
    out.extend_from_slice(segment.payload);
    let sum = transport_checksum(from, to, PROTOCOL_TCP, out.get(start..).unwrap_or_default());
    put_at(out, start + 16, &sum.to_be_bytes());
}

/// Appends an Ethernet frame with a UDP datagram.
pub fn put_udp(out: &mut Vec<u8>, from: &Endpoint, to: &Endpoint, payload: &[u8]) {
    let length = 8 + payload.len();
    put_headers(out, from, to, (PROTOCOL_UDP, length));
    let start = out.len();
    out.extend(from.port.to_be_bytes());
    out.extend(to.port.to_be_bytes());
    out.extend((length as u16).to_be_bytes());
    out.extend([0; 2]);
    out.extend_from_slice(payload);
    let sum = transport_checksum(from, to, PROTOCOL_UDP, out.get(start..).unwrap_or_default());
    // Zero would say "no checksum" (RFC 768).
    let sum = if sum == 0 { 0xffff } else { sum };
    put_at(out, start + 6, &sum.to_be_bytes());
}

/// Cuts an Ethernet frame with an IPv4 packet into fragments of at most `size` bytes of IP payload each,
/// rounded down to a multiple of 8, at least 8. Anything else comes back whole.
pub fn fragments(frame: &[u8], size: usize) -> Vec<Vec<u8>> {
    let (Some(head), Some(payload)) = (frame.get(..34), frame.get(34..)) else {
        return vec![frame.to_vec()];
    };
    if head.get(12..15) != Some(&[0x08, 0x00, 0x45]) {
        return vec![frame.to_vec()];
    }
    let size = (size / 8).max(1) * 8;
    let count = payload.len().div_ceil(size);
    payload
        .chunks(size)
        .enumerate()
        .map(|(index, part)| fragment(head, part, index * size / 8, index + 1 < count))
        .collect()
}

fn fragment(head: &[u8], part: &[u8], place: usize, more: bool) -> Vec<u8> {
    let mut out = [head, part].concat();
    put_at(&mut out, 16, &((20 + part.len()) as u16).to_be_bytes());
    put_at(&mut out, 20, &(place as u16 | if more { 0x2000 } else { 0 }).to_be_bytes());
    put_at(&mut out, 24, &[0; 2]);
    let sum = !fold(sum_words(out.get(14..34).unwrap_or_default()));
    put_at(&mut out, 24, &sum.to_be_bytes());
    out
}

fn put_headers(out: &mut Vec<u8>, from: &Endpoint, to: &Endpoint, (protocol, length): (u8, usize)) {
    out.extend(to.mac);
    out.extend(from.mac);
    match (from.address, to.address) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            out.extend(0x0800_u16.to_be_bytes());
            let start = out.len();
            out.extend([0x45, 0]);
            out.extend(((20 + length) as u16).to_be_bytes());
            // Identification 1, so that fragments belong together; may be fragmented.
            out.extend([0, 1, 0, 0, 64, protocol, 0, 0]);
            out.extend(source.octets());
            out.extend(destination.octets());
            let sum = !fold(sum_words(out.get(start..).unwrap_or_default()));
            put_at(out, start + 10, &sum.to_be_bytes());
        }
        (source, destination) => {
            out.extend(0x86dd_u16.to_be_bytes());
            out.extend([0x60, 0, 0, 0]);
            out.extend((length as u16).to_be_bytes());
            out.extend([protocol, 64]);
            out.extend(v6(source));
            out.extend(v6(destination));
        }
    }
}

fn v6(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
        IpAddr::V6(address) => address.octets(),
    }
}

/// The checksum over pseudo header and segment (RFC 9293 section 3.1, RFC 8200 section 8.1).
fn transport_checksum(from: &Endpoint, to: &Endpoint, protocol: u8, segment: &[u8]) -> u16 {
    let addresses = match (from.address, to.address) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            sum_words(&source.octets()) + sum_words(&destination.octets())
        }
        (source, destination) => sum_words(&v6(source)) + sum_words(&v6(destination)),
    };
    !fold(addresses + u64::from(protocol) + segment.len() as u64 + sum_words(segment))
}

/// The sum of big-endian 16-bit words; 32 bits at a time, which the final folding makes the same.
fn sum_words(bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<4>();
    let sum: u64 = words.iter().map(|word| u64::from(u32::from_be_bytes(*word))).sum();
    let mut last = [0; 4];
    last.iter_mut().zip(rest).for_each(|(place, byte)| *place = *byte);
    sum + u64::from(u32::from_be_bytes(last))
}

fn fold(mut sum: u64) -> u16 {
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum as u16
}

fn put_at(out: &mut [u8], start: usize, bytes: &[u8]) {
    if let Some(place) = out.get_mut(start..start + bytes.len()) {
        place.copy_from_slice(bytes);
    }
}

const PROTOCOL_TCP: u8 = 6;
const PROTOCOL_UDP: u8 = 17;

#[cfg(test)]
mod tests {
    use std::net::Ipv6Addr;

    use etherparse::{SlicedPacket, TransportSlice};

    use super::*;

    fn endpoints() -> [(Endpoint, Endpoint); 2] {
        let six = |last| IpAddr::from(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, last));
        let mac = [2; 6];
        [
            (Endpoint::phone(40_000), Endpoint::server(443)),
            (Endpoint::new(mac, six(1), 5), Endpoint::new(mac, six(2), 6)),
        ]
    }

    #[test]
    fn another_parser_reads_the_segment_and_finds_its_checksums_right() {
        for (from, to) in endpoints() {
            for payload in [&b""[..], b"a", b"abc", b"abcd", b"hello, world"] {
                let frame = tcp(
                    &from,
                    &to,
                    &TcpSegment {
                        sequence: 7,
                        acknowledgment: 9,
                        flags: ACK | PSH,
                        payload,
                        ..TcpSegment::default()
                    },
                );
                let sliced = SlicedPacket::from_ethernet(&frame).unwrap();
                let Some(TransportSlice::Tcp(segment)) = sliced.transport else { panic!("no TCP") };
                assert_eq!((segment.sequence_number(), segment.payload()), (7, payload));
                let header = segment.to_header();
                let expected = match (from.address, to.address) {
                    (IpAddr::V4(a), IpAddr::V4(b)) => {
                        header.calc_checksum_ipv4_raw(a.octets(), b.octets(), payload)
                    }
                    (a, b) => header.calc_checksum_ipv6_raw(v6(a), v6(b), payload),
                };
                assert_eq!(Ok(segment.checksum()), expected);
            }
        }
    }

    #[test]
    fn another_parser_finds_the_ip_and_udp_checksums_right() {
        let (from, to) = endpoints()[0];
        let frame = udp(&from, &to, b"hello");
        let sliced = SlicedPacket::from_ethernet(&frame).unwrap();
        let Some(etherparse::NetSlice::Ipv4(ip)) = sliced.net else { panic!("no IPv4") };
        let header = ip.header().to_header();
        assert_eq!(header.header_checksum, header.calc_header_checksum());
        let Some(TransportSlice::Udp(datagram)) = sliced.transport else { panic!("no UDP") };
        let expected = datagram.to_header().calc_checksum_ipv4(&header, b"hello");
        assert_eq!(Ok(datagram.checksum()), expected);
    }

    #[test]
    fn fragments_hold_the_payload_once() {
        let (from, to) = endpoints()[0];
        let frame = udp(&from, &to, &[7; 100]);
        let parts = fragments(&frame, 48);
        let joined: Vec<u8> = parts.iter().flat_map(|part| part[34..].to_vec()).collect();
        assert_eq!(joined, &frame[34..]);
        let places: Vec<&[u8]> = parts.iter().map(|part| &part[20..22]).collect();
        assert_eq!(places, [[0x20, 0], [0x20, 6], [0, 12]]);
    }
}
