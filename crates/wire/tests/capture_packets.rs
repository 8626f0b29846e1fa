//! Frames of every link type, tunnel and fragmentation to packets: each row a frame by hand.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop where it is wrong")]

use std::net::IpAddr;

use evidence::{CaptureId, Fate, FrameNo, Segment, Source, Timestamp, Transport};
use proptest::prelude::*;
use testkit::{Endpoint, packet};
use wire::{
    Packet, Payload,
    capture::{Frame, LinkType},
    net::{Dissector, NetOutput},
};

const PAYLOAD: &[u8] = b"imei=490154203237518";
const FRAME_OFFSET: u64 = 40;

fn frame(link: u16, number: u64, data: &[u8]) -> Frame<'_> {
    Frame {
        capture: CaptureId(0),
        number: FrameNo(number),
        // Frames as if one after the other, so that offsets tell them apart.
        offset: FRAME_OFFSET + number * 100_000,
        time: Timestamp(number as i64),
        link: LinkType(link),
        wire_len: data.len() as u32,
        data,
    }
}

/// An Ethernet frame from the phone to a server with a UDP datagram, or its part from `from` on.
fn datagram(from: usize) -> Vec<u8> {
    packet::udp(&Endpoint::phone(5000), &Endpoint::server(9999), PAYLOAD)[from..].to_vec()
}

fn ip() -> Vec<u8> {
    datagram(14)
}

fn ip6() -> Vec<u8> {
    let phone = Endpoint::new([2; 6], "fd00::2".parse::<IpAddr>().unwrap(), 5000);
    let server = Endpoint::new([4; 6], "2001:db8::1".parse::<IpAddr>().unwrap(), 9999);
    packet::udp(&phone, &server, PAYLOAD)[14..].to_vec()
}

/// IPv4 around `payload`.
fn ip_around(protocol: u8, payload: &[u8]) -> Vec<u8> {
    let len = ((20 + payload.len()) as u16).to_be_bytes();
    let head = [0x45, 0, len[0], len[1], 0, 1, 0, 0, 64, protocol, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2];
    [head.as_slice(), payload].concat()
}

/// UDP within IPv4 around `payload`.
fn udp_around(port: u16, payload: &[u8]) -> Vec<u8> {
    let (port, len) = (port.to_be_bytes(), ((8 + payload.len()) as u16).to_be_bytes());
    let head = [0xc0, 0, port[0], port[1], len[0], len[1], 0, 0];
    ip_around(17, &[head.as_slice(), payload].concat())
}

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    let value = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(value).collect()
}

/// Dissects one frame; checks that its bytes are accounted for.
fn dissect(link: u16, data: &[u8]) -> (Option<Packet>, Dissector, NetOutput) {
    let (mut dissector, mut out) = (Dissector::new(), NetOutput::default());
    let packet = dissector.dissect(&frame(link, 0, data), &mut out);
    let payload: usize = packet.iter().chain(&out.more).map(|packet| packet.payload.len()).sum();
    assert_eq!(dissector.ledger().total(), (data.len() - payload) as u64);
    (packet, dissector, out)
}

#[test]
fn the_datagram_is_found_behind_every_kind_of_headers() {
    let ethernet = datagram(0);
    let behind = |head: &str, rest: &[u8]| [hex(head), rest.to_vec()].concat();
    let macs = "04 00 00 00 00 01  02 00 00 00 00 02";
    let tagged = |tags: &str| behind(&format!("{macs} {tags}"), &ip());
    // Frame control, duration, receiver, sender, third address, sequence.
    let wifi = |control: &str, more: &str| {
        format!("{control} 0000 040000000001 020000000002 040000000003 0010 {more}")
    };
    let snap = "aaaa03 000000 0800";
    let gtp_len = format!("{:04x}", ip().len());
    let rows: Vec<(&str, u16, Vec<u8>)> = vec![
        ("Ethernet", 1, ethernet.clone()),
        ("Ethernet with trailer", 1, [ethernet.clone(), vec![0; 7]].concat()),
        ("VLAN", 1, tagged("8100 0064 0800")),
        ("QinQ", 1, tagged("88a8 0001 8100 0002 0800")),
        ("VN-Tag", 1, tagged("8926 00000033 0800")),
        ("MPLS", 1, tagged("8847 00064040 00065140")),
        ("MPLS pseudowire", 1, behind(&format!("{macs} 8847 00065140 00000000"), &ethernet)),
        ("802.3 SNAP", 1, tagged(&format!("{:04x} {snap}", ip().len() + 8))),
        ("PPPoE", 1, tagged(&format!("8864 11 00 0001 {:04x} 0021", ip().len() + 2))),
        ("IPv6", 1, behind(&format!("{macs} 86dd"), &ip6())),
        ("loopback, little-endian", 0, behind("02000000", &ip())),
        ("loopback, big-endian", 0, behind("00000002", &ip())),
        ("loopback, Darwin's IPv6", 0, behind("1e000000", &ip6())),
        ("OpenBSD loopback", 108, behind("00000002", &ip())),
        ("PPP", 9, behind("ff030021", &ip())),
        ("PPP, bare and compressed", 9, behind("21", &ip())),
        ("PPP, IPv6", 9, behind("0057", &ip6())),
        ("Cisco HDLC in PPP", 50, behind("0f000800", &ip())),
        ("Cisco HDLC", 104, behind("0f000800", &ip())),
        ("PPPoE alone", 51, behind(&format!("11 00 0001 {:04x} 0021", ip().len() + 2), &ip())),
        ("raw", 101, ip()),
        ("raw, IPv6", 101, ip6()),
        ("raw 12", 12, ip()),
        ("raw 14", 14, ip()),
        ("raw 228", 228, ip()),
        ("raw 229", 229, ip6()),
        ("cooked", 113, behind("0004 0001 0006 0200000000020000 0800", &ip())),
        ("cooked 2", 276, behind("0800 0000 00000003 0001 04 06 0200000000020000", &ip())),
        (
            "NFLOG",
            239,
            behind(
                "02 00 0000  0500 0a00 78000000",
                &behind(&format!("{:02x}00 0900", ip().len() + 4), &ip()),
            ),
        ),
        ("PKTAP", 258, [hex("14000000 01000000 01000000 0000000000000000"), ethernet.clone()].concat()),
        ("PPI", 192, behind("00 00 0800 65000000", &ip())),
        ("802.11 to the access point", 105, behind(&wifi("0801", snap), &ip())),
        ("802.11 QoS", 105, behind(&wifi("8801", &format!("0000 {snap}")), &ip())),
        ("802.11 four addresses", 105, behind(&wifi("0803", &format!("020000000002 {snap}")), &ip())),
        ("802.11 decrypted", 105, behind(&wifi("0841", snap), &ip())),
        ("radiotap", 127, behind(&format!("0000 0800 00000000 {}", wifi("0801", snap)), &ip())),
        (
            "radiotap with clock, flags (checksum, padding)",
            127,
            [
                behind(
                    &format!(
                        "0000 1400 03000000 0000000000000000 30 000000 {}",
                        wifi("8801", &format!("0000 0000 {snap}"))
                    ),
                    &ip(),
                ),
                vec![9; 4],
            ]
            .concat(),
        ),
        ("IP in IP", 101, ip_around(4, &ip())),
        ("IPv6 in IPv4", 101, ip_around(41, &ip6())),
        ("GRE", 101, ip_around(47, &behind("0000 0800", &ip()))),
        ("GRE with key and sequence", 101, ip_around(47, &behind("3000 0800 00000001 00000002", &ip()))),
        ("GRE, Ethernet", 101, ip_around(47, &behind("0000 6558", &ethernet))),
        ("PPTP", 101, ip_around(47, &behind("3081 880b 0040 0001 00000001 00000002 ff03 0021", &ip()))),
        ("ERSPAN", 101, ip_around(47, &behind("1000 88be 00000001 1001000000000000", &ethernet))),
        ("EtherIP", 101, ip_around(97, &behind("3000", &ethernet))),
        ("AH", 101, ip_around(51, &behind("04 04 0000 00000001 00000001 000102030405060708090a0b", &ip()))),
        ("GTP-U", 101, udp_around(2152, &behind(&format!("30 ff {gtp_len} 00000001"), &ip()))),
        (
            "GTP-U with extension",
            101,
            udp_around(2152, &behind(&format!("34 ff {gtp_len} 00000001 0000 00 85 01 0000 00"), &ip())),
        ),
        ("VXLAN", 101, udp_around(4789, &behind("08000000 00000100", &ethernet))),
        ("Geneve", 101, udp_around(6081, &behind("01 00 6558 00000100 00000000", &ethernet))),
        ("Teredo", 101, udp_around(3544, &behind("0000 0000 00000000", &ip6()))),
        ("CAPWAP, 802.3", 101, udp_around(5247, &behind("00 100200 00000000", &ethernet))),
        (
            "CAPWAP, 802.11",
            101,
            udp_around(5247, &behind(&format!("00 104300 00000000 {}", wifi("0801", snap)), &ip())),
        ),
        (
            "CAPWAP, radio's words, 802.11 with its first bytes swapped",
            101,
            udp_around(
                5247,
                &behind(&format!("00 204320 00000000 04 ed4d 00 00000000 {}", wifi("0108", snap)), &ip()),
            ),
        ),
        (
            "VXLAN in GRE",
            101,
            ip_around(47, &behind("0000 0800", &udp_around(4789, &behind("08000000 00000100", &ethernet)))),
        ),
    ];
    for (name, link, data) in rows {
        let (packet, _, out) = dissect(link, &data);
        let packet = packet.unwrap_or_else(|| panic!("{name}: no packet, {:?}", out.anomalies));
        assert_eq!(packet.payload.bytes(&data), PAYLOAD, "{name}");
        assert_eq!((packet.head.source.1, packet.head.destination.1), (5000, 9999), "{name}");
        assert_eq!((packet.head.cut, packet.head.transport), (0, Transport::Udp), "{name}");
        let Payload::InFrame { offset, range } = &packet.payload else { panic!("{name}: assembled") };
        assert_eq!(*offset, FRAME_OFFSET + range.start as u64, "{name}");
        assert!(out.anomalies.is_empty(), "{name}: {:?}", out.anomalies);
    }
}

#[test]
fn the_senders_address_is_that_of_the_link_the_packet_came_over() {
    let phone = Some([2, 0, 0, 0, 0, 2]);
    let wifi = |control: &str| {
        [hex(&format!("{control}0000 020000000002 020000000002 020000000002 0010 aaaa03 000000 0800")), ip()]
            .concat()
    };
    for (link, data, expected) in [
        (1, datagram(0), Some(Endpoint::phone(0).mac)),
        (101, ip(), None),
        (113, [hex("0004 0001 0006 0200000000020000 0800"), ip()].concat(), phone),
        (113, [hex("0004 0304 0000 0000000000000000 0800"), ip()].concat(), None),
        (276, [hex("0800 0000 00000003 0001 04 06 0200000000020000"), ip()].concat(), phone),
        (105, wifi("0801"), phone),
        (105, wifi("0802"), phone),
        // Around the tunnel is another sender than within.
        (1, [hex("040000000001 020000000009 0800"), ip_around(4, &ip())].concat(), None),
        (
            1,
            [hex("040000000001 020000000009 0800"), ip_around(97, &[hex("3000"), datagram(0)].concat())]
                .concat(),
            Some(Endpoint::phone(0).mac),
        ),
    ] {
        assert_eq!(dissect(link, &data).0.unwrap().head.mac, expected, "link {link}");
    }
}

#[test]
fn what_is_not_read_is_in_the_ledger_by_its_name() {
    let wifi =
        |control: &str| hex(&format!("{control} 0000 040000000001 020000000002 040000000003 0010 11223344"));
    let ethernet = |rest: &str| hex(&format!("040000000001 020000000002 {rest}"));
    for (link, data, fate, reason) in [
        (1, ethernet("0806 0001"), Fate::Headers, "ARP"),
        (1, ethernet("1234 00"), Fate::NotParsed, "EtherType 0x1234"),
        (1, ethernet("0003 424203"), Fate::NotParsed, "LLC without IP"),
        (1, ethernet("88e5 00"), Fate::Encrypted, "MACsec"),
        (1, ethernet("08"), Fate::NotParsed, "link header damaged or cut"),
        (101, ip_around(1, b"ping"), Fate::NotParsed, "ICMP"),
        (101, ip_around(50, b"sealed"), Fate::Encrypted, "ESP (IPsec)"),
        (101, ip_around(253, b"?"), Fate::NotParsed, "IP protocol 253"),
        (101, vec![0x15; 40], Fate::NotParsed, "IP header damaged or cut"),
        (101, ip_around(6, &[0; 19]), Fate::NotParsed, "TCP or UDP header damaged or cut"),
        (105, wifi("8000"), Fate::NotParsed, "802.11 management"),
        (105, wifi("d400"), Fate::NotParsed, "802.11 control"),
        (105, wifi("4801"), Fate::NotParsed, "802.11 data frames without data"),
        (105, wifi("0841"), Fate::Encrypted, "802.11 protected data"),
        (105, wifi("0805"), Fate::NotParsed, "802.11 fragments"),
        (9, hex("c021 01"), Fate::NotParsed, "PPP control protocol 0xc021"),
        (187, vec![1, 2, 3], Fate::NotParsed, "frames of link type 187 (Bluetooth HCI)"),
        (4711, vec![1, 2, 3], Fate::NotParsed, "frames of link type 4711 (link type 4711)"),
    ] {
        let (packet, dissector, _) = dissect(link, &data);
        assert_eq!(packet, None);
        let rows = dissector.ledger().rows();
        assert!(rows.iter().any(|row| row.fate == fate && row.reason == reason), "{reason}: {rows:?}");
    }
}

#[test]
fn tunnels_in_tunnels_come_to_an_end() {
    let mut data = ip();
    for depth in 1..40 {
        data = ip_around(4, &data);
        assert_eq!(dissect(101, &data).0.is_some(), depth < 8);
    }
    let rows = dissect(101, &data).1.ledger().rows();
    assert!(rows.iter().any(|row| row.fate == Fate::OverLimit), "{rows:?}");
}

#[test]
fn a_port_alone_makes_no_tunnel() {
    for port in [2152, 4789, 6081, 3544] {
        for payload in [
            b"".as_slice(),
            PAYLOAD,
            &[0x30; 60],
            &hex("30ff 0000 00000000 45"),
            &hex("0800 0000 0000 0000 00"),
        ] {
            let data = udp_around(port, payload);
            assert_eq!(dissect(101, &data).0.unwrap().payload.bytes(&data), payload, "port {port}");
        }
        // The header of a tunnel, and nothing in it that could be one's contents.
        let data = udp_around(
            4789,
            &[hex("08000000 00000100 040000000001 020000000002 0800"), vec![7; 50]].concat(),
        );
        assert_eq!(dissect(101, &data).0.unwrap().payload.len(), 72);
    }
}

#[test]
fn frames_packed_into_one_are_all_handed_out() {
    let one = [
        hex("040000000001 020000000002"),
        (ip().len() as u16 + 8).to_be_bytes().to_vec(),
        hex("aaaa03 000000 0800"),
        ip(),
    ]
    .concat();
    let mut data = hex("8801 0000 040000000001 020000000002 040000000003 0010 8000");
    for _ in 0..3 {
        data.extend(&one);
        data.resize(data.len() + (4 - one.len() % 4) % 4, 0);
    }
    let (packet, _, out) = dissect(105, &data);
    let packets: Vec<_> = packet.iter().chain(&out.more).collect();
    assert_eq!(packets.len(), 3);
    assert!(packets.iter().all(|packet| packet.payload.bytes(&data) == PAYLOAD));
}

#[test]
fn tcp_headers_are_read_with_their_options() {
    let header = hex("1388 0050 00000007 00000009 8018 ffff 0000 0000  0101080a0000000100000002");
    let data = ip_around(6, &[header, PAYLOAD.to_vec()].concat());
    let packet = dissect(101, &data).0.unwrap();
    let tcp = packet.head.tcp.unwrap();
    assert_eq!((tcp.sequence, tcp.acknowledgment), (7, 9));
    assert!(tcp.flags.ack() && !tcp.flags.syn());
    assert_eq!(packet.payload.bytes(&data), PAYLOAD);
}

#[test]
fn what_the_snapshot_length_cut_is_told() {
    let header = hex("1388 0050 00000007 00000009 8018 ffff 0000 0000  0101080a0000000100000002");
    let data = ip_around(6, &[header, PAYLOAD.to_vec()].concat());
    let (mut dissector, mut out) = (Dissector::new(), NetOutput::default());
    for kept in 0..data.len() {
        let mut cut = frame(101, kept as u64, &data[..kept]);
        cut.wire_len = data.len() as u32;
        let packet = dissector.dissect(&cut, &mut out);
        assert_eq!(packet.is_some(), kept >= 40, "{kept}");
        if let Some(packet) = packet {
            assert_eq!(packet.payload.len() + packet.head.cut as usize, PAYLOAD.len(), "{kept}");
        }
    }
    assert_eq!(out.anomalies, [], "the capture is to blame, not the peer");
    let missing = dissector.ledger().missing();
    assert_eq!(missing[0].pieces, data.len() as u64);
    assert_eq!(missing[0].bytes as usize, data.len() * (data.len() + 1) / 2);
}

#[test]
fn lengths_left_to_the_network_card_are_the_frames() {
    let tcp = [hex("1388 0050 00000007 00000009 5018 ffff 0000 0000"), vec![b'x'; 70_000]].concat();
    let mut four = ip_around(6, &tcp);
    four[2..4].fill(0);
    let six = |next: &str| [hex(&format!("60000000 0000 {next} 40")), vec![1; 32]].concat();
    let big = [six("06"), tcp.clone()].concat();
    let jumbo_len = format!("{:08x}", tcp.len() + 8);
    let jumbo = [six("00"), hex(&format!("06 00 c204 {jumbo_len}")), tcp, vec![0; 3]].concat();
    for (name, data) in [("IPv4", four), ("IPv6", big), ("jumbogram", jumbo)] {
        let (packet, _, out) = dissect(101, &data);
        assert_eq!(packet.unwrap().payload.len(), 70_000, "{name}");
        assert_eq!(out.anomalies, [], "{name}");
    }
}

#[test]
fn extension_headers_are_passed_over() {
    let udp = &ip6()[40..];
    let head = |next: &str, len: usize| [hex(&format!("60000000 {len:04x} {next} 40")), vec![1; 32]].concat();
    let extensions = hex(
        "2b 00 010400000000   3c 01 00000000000000000000000000 00   2c 00 010400000000   11 00 0000 00000007",
    );
    let data = [head("00", extensions.len() + udp.len()), extensions, udp.to_vec()].concat();
    assert_eq!(dissect(101, &data).0.unwrap().payload.bytes(&data), PAYLOAD);
}

/// Feeds frames one after the other; gives the packets, and the anomalies by their sentence.
fn feed(frames: &[Vec<u8>]) -> (Vec<Packet>, Vec<String>, Dissector) {
    let (mut dissector, mut out) = (Dissector::new(), NetOutput::default());
    let feed = |(number, data): (u64, &Vec<u8>)| dissector.dissect(&frame(1, number, data), &mut out);
    let packets: Vec<_> = (0..).zip(frames).filter_map(feed).collect();
    dissector.finish(&mut out);
    let payload: usize = packets.iter().map(|packet| packet.payload.len()).sum();
    let given: usize = frames.iter().map(Vec::len).sum();
    assert_eq!(dissector.ledger().total(), (given - payload) as u64);
    (packets, out.anomalies.into_iter().map(|anomaly| anomaly.what.into_owned()).collect(), dissector)
}

fn long_datagram() -> (Vec<u8>, Vec<u8>) {
    let payload: Vec<u8> = (0..3000u32).map(|at| (at * at % 251) as u8).collect();
    (packet::udp(&Endpoint::phone(5000), &Endpoint::server(9999), &payload), payload)
}

fn bytes_of(fate: Fate, reason: &str, dissector: &Dissector) -> u64 {
    let rows = dissector.ledger().rows();
    rows.iter().filter(|row| row.fate == fate && row.reason == reason).map(|row| row.bytes).sum()
}

#[test]
fn fragments_become_their_datagram_in_any_order_with_the_frames_they_came_in() {
    let (whole, payload) = long_datagram();
    let mut frames = packet::fragments(&whole, 1000);
    for turn in 0..frames.len() {
        frames.rotate_left(turn);
        let (packets, odd, _) = feed(&frames);
        assert_eq!((packets.len(), odd.len()), (1, 0));
        let Payload::Assembled { bytes, segments } = &packets[0].payload else { panic!("not assembled") };
        assert_eq!(bytes, &payload);
        assert_eq!(packets[0].head.frame.0 as usize, frames.len() - 1);
        for Segment { out, len, source, start, .. } in segments {
            let Source::Frame { frame, .. } = source else { panic!("no frame") };
            let at = (start - FRAME_OFFSET - frame.0 * 100_000) as usize;
            let (out, len) = (*out as usize, *len as usize);
            assert_eq!(frames[frame.0 as usize][at..at + len], payload[out..out + len]);
        }
    }
}

#[test]
fn a_fragment_without_its_rest_is_told_as_such() {
    let frames = packet::fragments(&long_datagram().0, 1000);
    let (packets, _, dissector) = feed(&frames[..2]);
    assert_eq!(packets, []);
    let waiting = bytes_of(Fate::NotParsed, "IP fragments without their rest", &dissector);
    assert_eq!(waiting, 2000);
}

#[test]
fn fragments_that_come_again_count_as_duplicates_and_others_are_told() {
    let frames = packet::fragments(&long_datagram().0, 1000);
    let again =
        [frames[0].clone(), frames[0].clone(), frames[1].clone(), frames[2].clone(), frames[3].clone()];
    let (packets, odd, dissector) = feed(&again);
    assert_eq!((packets.len(), odd.len()), (1, 0));
    assert_eq!(bytes_of(Fate::Duplicate, "IP fragments sent again", &dissector), 1000);

    let mut forged = frames[1].clone();
    forged[34..].fill(0xee);
    let (packets, odd, dissector) =
        feed(&[frames[1].clone(), forged, frames[0].clone(), frames[2].clone(), frames[3].clone()]);
    assert_eq!(packets[0].payload.bytes(&[]), long_datagram().1);
    assert_eq!(odd, ["peer sent overlapping IP fragments with different bytes"]);
    assert_eq!(
        bytes_of(Fate::NotParsed, "IP fragments overlapping others with other bytes", &dissector),
        1000
    );
}

#[test]
fn fragments_of_different_minutes_never_meet() {
    let frames = packet::fragments(&long_datagram().0, 1504);
    let (mut dissector, mut out) = (Dissector::new(), NetOutput::default());
    let mut first = frame(1, 0, &frames[0]);
    let mut second = frame(1, 1, &frames[1]);
    first.time = Timestamp::new(100, 0);
    second.time = Timestamp::new(161, 0);
    assert_eq!(dissector.dissect(&first, &mut out), None);
    assert_eq!(dissector.dissect(&second, &mut out), None);
    assert_eq!(dissector.dissect(&first, &mut out), None, "clocks may be set back");
    second.time = Timestamp::new(159, 0);
    assert!(dissector.dissect(&second, &mut out).is_some());
}

#[test]
fn memory_for_fragments_is_bounded() {
    let frames = packet::fragments(&long_datagram().0, 1480);
    let (mut dissector, mut out) = (Dissector::new(), NetOutput::default());
    for id in 0..40_000u32 {
        let mut data = frames[0].clone();
        data[18..20].copy_from_slice(&(id as u16).to_be_bytes());
        data[26..30].copy_from_slice(&(id >> 8).to_be_bytes());
        assert_eq!(dissector.dissect(&frame(1, 0, &data), &mut out), None);
    }
    let given_up =
        bytes_of(Fate::OverLimit, "IP fragments: more waiting for their rest than are held", &dissector);
    assert!(given_up > 40_000 * 1480 - 17 * 1024 * 1024, "{given_up}");
}

#[test]
fn fragments_that_fit_no_datagram_are_told() {
    let frames = packet::fragments(&long_datagram().0, 1000);
    let mut far = frames[1].clone();
    far[20..22].copy_from_slice(&0x3fffu16.to_be_bytes());
    let mut uneven = frames[1].clone();
    uneven[17] -= 1;
    let mut early_end = frames[1].clone();
    early_end[20..22].copy_from_slice(&1u16.to_be_bytes());
    let (packets, odd, _) = feed(&[far, uneven, frames[2].clone(), early_end]);
    assert_eq!(packets, []);
    assert_eq!(
        odd,
        [
            "peer sent an IP fragment that fits no datagram",
            "peer sent an IP fragment that fits no datagram",
            "peer sent IP fragments that disagree on where their datagram ends"
        ]
    );
}

#[test]
fn ipv6_fragments_and_tunnelled_ones_are_put_together() {
    let udp = &ip6()[40..];
    let piece = |offset: u16, more: u16, part: &[u8]| {
        let head = format!("60000000 {:04x} 2c 40", part.len() + 8);
        [hex(&head), vec![1; 32], hex(&format!("11 00 {:04x} 00000007", offset | more)), part.to_vec()]
            .concat()
    };
    let pieces = [piece(0, 1, &udp[..16]), piece(16, 0, &udp[16..])];
    let (mut dissector, mut out) = (Dissector::new(), NetOutput::default());
    // Within IPv4 fragments, in turn.
    for (number, wrapped) in (0..).zip([ip_around(41, &pieces[1]), ip_around(41, &pieces[0])]) {
        let around = [hex("040000000001 020000000002 0800"), wrapped].concat();
        let parts = packet::fragments(&around, 24);
        assert!(parts.len() > 1);
        for (part, data) in parts.iter().enumerate() {
            let mut data = data.clone();
            data[19] = number;
            let packet = dissector.dissect(&frame(1, u64::from(number) * 10 + part as u64, &data), &mut out);
            let last = number == 1 && part + 1 == parts.len();
            assert_eq!(packet.is_some(), last);
            if let Some(packet) = packet {
                assert_eq!(packet.payload.bytes(&[]), PAYLOAD);
                assert_eq!(packet.head.source.0, IpAddr::from([1u8; 16]));
            }
        }
    }
    assert_eq!(out.anomalies, []);
}

proptest! {
    /// However a datagram is cut, doubled and shuffled, consistent fragments give it back.
    #[test]
    fn any_fragmentation_is_undone(
        cuts in prop::collection::vec((0u16..40, 1u16..10), 0..20),
        order in any::<prop::sample::Index>(),
    ) {
        let body: Vec<u8> = [hex("1388 270f 0147 0000"), (0..319u32).map(|at| (at * 31 % 256) as u8).collect()].concat();
        let piece = |from: usize, to: usize| {
            let mut data = ip_around(17, &body[from..to]);
            let place = (from / 8) as u16 | if to < body.len() { 0x2000 } else { 0 };
            data[6..8].copy_from_slice(&place.to_be_bytes());
            data
        };
        let mut frames: Vec<_> = cuts
            .iter()
            .map(|(from, len)| (usize::from(*from) * 8, (usize::from(*from + *len) * 8).min(body.len())))
            .map(|(from, to)| piece(from, to))
            .collect();
        let turn = order.index(frames.len() + 1);
        // The rest, in pieces of 80, so that the datagram is whole at the end.
        frames.extend((0..body.len()).step_by(80).map(|from| piece(from, (from + 80).min(body.len()))));
        let len = frames.len();
        frames.rotate_left(turn % len);
        let (mut dissector, mut out) = (Dissector::new(), NetOutput::default());
        let mut found = Vec::new();
        for (number, data) in (0..).zip(&frames) {
            found.extend(dissector.dissect(&frame(101, number, data), &mut out));
        }
        dissector.finish(&mut out);
        prop_assert!(!found.is_empty());
        for packet in &found {
            prop_assert_eq!(packet.payload.bytes(&[]), &body[8..]);
        }
        prop_assert!(out.anomalies.is_empty());
        let given: usize = frames.iter().map(Vec::len).sum();
        let payload: usize = found.iter().map(|packet| packet.payload.len()).sum();
        prop_assert_eq!(dissector.ledger().total(), (given - payload) as u64);
    }
}
