//! Which protocol a flow speaks, and what becomes of bytes that are of none.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may stop where it is wrong"
)]

mod session_stage;

use session_stage::{Act, Originator, Responder, body, down, line, play, play_all, up};

const ANY: [u16; 2] = [40000, 5222];

fn protocols(ports: [u16; 2], script: &[Act]) -> Vec<&'static str> {
    play_all(ports, script).messages.iter().map(|message| message.protocol).collect()
}

#[test]
fn streams_are_recognised_by_their_first_bytes_and_not_by_their_ports() {
    let rows: [(&[u8], &str); 9] = [
        (b"GET / HTTP/1.1\r\n\r\n", "HTTP/1"),
        (b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00", "TLS"),
        (b"\x15\x03\x03\x00\x02\x01\x00", "TLS"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\x01\x42\0\0\0\0\0x", "HTTP/2"),
        (b"SSH-2.0-dropbear\r\n", "SSH"),
        (b"\x10\x20\x00\x04MQTT\x04\x02", "MQTT"),
        (b"<stream:stream to='push.example'>", "XMPP"),
        (b"\x00\x00\x00\x10hello", "TCP"),
        (b"G", "TCP"),
    ];
    for (bytes, protocol) in rows {
        for port in [80, 443, 5222] {
            assert_eq!(protocols([40000, port], &[up(bytes)]), [protocol], "{}", bytes.escape_ascii());
            assert_eq!(protocols([40000, port], &[down(bytes)]), [protocol], "{}", bytes.escape_ascii());
        }
    }
}

#[test]
fn either_side_tells_the_protocol_for_both() {
    let script =
        [up("\x01binary"), down("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"), up("more")];
    let told = play_all(ANY, &script);
    assert_eq!(told.lines(), ["<0 HTTP/1 400 \"\"", ">0 HTTP/1 raw \"\\x01binarymore\""]);
}

#[test]
fn tls_begins_where_starttls_ends_the_clear_part() {
    let hello = b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00";
    let answer = b"\x16\x03\x01\x00\x05\x02\x00\x00\x01\x00";
    let told = play_all(
        [40000, 25],
        &[
            down("220 mail ESMTP\r\n"),
            up("EHLO phone-490154203237518\r\n"),
            down("250 STARTTLS\r\n"),
            up("STARTTLS\r\n"),
            down("220 go ahead\r\n"),
            up(hello),
            down(answer),
        ],
    );
    assert_eq!(
        told.lines(),
        [
            ">0 TCP raw \"EHLO phone-490154203237518\\r\\nSTARTTLS\\r\\n\"",
            ">1 TLS tls \"\"",
            "<0 TCP raw \"220 mail ESMTP\\r\\n250 STARTTLS\\r\\n220 go ahead\\r\\n\"",
            "<1 TLS tls \"\"",
        ]
    );
}

#[test]
fn a_gap_in_unknown_bytes_is_a_place_to_look_again() {
    let told = play_all(
        ANY,
        &[
            up("\x01\x02\x03"),
            Act::Gap(Originator, 10),
            up("\x04\x05"),
            Act::Gap(Originator, 1),
            up("POST /a HTTP/1.1\r\nContent-Length: 1\r\n\r\nx"),
            Act::Gap(Responder, 5),
        ],
    );
    assert_eq!(
        told.lines(),
        [">0 TCP raw \"\\x01\\x02\\x03\"~", ">0 TCP raw \"\\x04\\x05\"~@13", ">1 HTTP/1 POST /a \"x\"",]
    );
}

/// A needle on the border of two pieces is found by who keeps the last bytes of a continued piece.
#[test]
fn pieces_of_unknown_streams_can_be_bridged() {
    let mut stream = vec![b'.'; 200_000];
    stream[65_530..65_545].copy_from_slice(b"490154203237518");
    let told = play(ANY, &[up(&stream)]);
    let again: Vec<_> = play_sevens(&stream);
    assert_eq!(told.messages.iter().map(line).collect::<Vec<_>>(), again);
    assert_eq!(
        told.lines(),
        [
            ">0 TCP raw (65536 bytes)+",
            ">0 TCP raw (65536 bytes)+@65536",
            ">0 TCP raw (65536 bytes)+@131072",
            ">0 TCP raw (3392 bytes)@196608",
        ]
    );
    let mut bridged = body(&told.messages[0]);
    bridged.extend(body(&told.messages[1]));
    assert!(bridged.windows(15).any(|window| window == b"490154203237518"));
}

fn play_sevens(stream: &[u8]) -> Vec<String> {
    let cut = |bytes: &[u8]| bytes.chunks(7).map(<[u8]>::len).collect();
    session_stage::play_cut(ANY, &[up(stream)], cut).lines()
}

#[test]
fn datagrams_are_recognised_one_by_one() {
    let rows: [(&[u8], [u16; 2], &str); 10] = [
        (b"M-SEARCH * HTTP/1.1\r\nHost: 239.255.255.250:1900\r\n\r\n", [50000, 1900], "SSDP"),
        (b"HTTP/1.1 200 OK\r\nST: upnp:rootdevice\r\n\r\n", [1900, 50000], "SSDP"),
        (b"\xf0\x00\x00\x00\x01\x00\x00token", [50000, 443], "QUIC"),
        (b"\x15\xfe\xfd\x00\x00\x00\x00\x00\x00\x00\x01\x00\x02\x02\x28", [50000, 5222], "DTLS"),
        (b"\x23\x02\x06\xec\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", [123, 123], "NTP"),
        (b"\x12\x34\x01\x00\x00\x01\0\0\0\0\0\0\x01a\x01b\0\0\x01\0\x01", [50000, 53], "DNS"),
        (b"\x12\x34\x01\x00\x00\x01\0\0\0\0\0\0\x01a\x01b\0\0\x01\0\x01", [50000, 5454], "DNS"),
        (b"\x12\x34\x01\x10\x00\x01\0\0\0\0\0\0\x20CKAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\0\0\x21\0\x01", [137, 137], "NBNS"),
        (b"\x00\x00\x00\x00\x00\x01\0\0\0\0\0\0\x01a\x05local\0\0\x0c\0\x01", [5353, 5353], "mDNS"),
        (b"imei=490154203237518", [50000, 9999], "UDP"),
    ];
    for (bytes, ports, protocol) in rows {
        assert_eq!(datagram_protocols(ports, &[bytes]), [protocol], "{}", bytes.escape_ascii());
    }
    assert_eq!(
        datagram_protocols(
            [50000, 443],
            &[b"\x43x", b"\xf0\x00\x00\x00\x01\x00\x00token", b"\x03x", b"\x43x"]
        ),
        ["UDP", "QUIC", "QUIC"]
    );
}

fn datagram_protocols(ports: [u16; 2], datagrams: &[&[u8]]) -> Vec<&'static str> {
    let script: Vec<_> = datagrams.iter().map(|bytes| Act::Datagram(Originator, bytes.to_vec())).collect();
    play(ports, &script).messages.iter().map(|message| message.protocol).collect()
}

/// RFC 7983: what calls send stands in one flow, and is told apart by the first byte.
#[test]
fn calls_are_told_from_noise() {
    let ports = [50000, 19302];
    let binding = b"\x00\x01\x00\x00\x21\x12\xa4\x42transaction-";
    let channel = b"\x40\x00\x00\x05hello\0\0\0";
    let alert = b"\x15\xfe\xfd\x00\x00\x00\x00\x00\x00\x00\x01\x00\x02\x02\x28";
    let rtp = |number: u16, source: u32| {
        let mut packet = vec![0x80, 111];
        packet.extend(number.to_be_bytes());
        packet.extend((u32::from(number) * 960).to_be_bytes());
        packet.extend(source.to_be_bytes());
        packet.extend([0xa5; 40]);
        packet
    };
    let told = |datagrams: &[Vec<u8>]| {
        let datagrams: Vec<&[u8]> = datagrams.iter().map(Vec::as_slice).collect();
        datagram_protocols(ports, &datagrams)
    };
    assert_eq!(
        told(&[channel.to_vec(), binding.to_vec(), channel.to_vec(), alert.to_vec()]),
        ["UDP", "STUN", "STUN", "DTLS"]
    );
    // The numbers wrap, and one is lost.
    let run: Vec<_> = [65534, 65535, 0, 2, 3].map(|number| rtp(number, 7)).into();
    assert_eq!(told(&run), ["RTP"; 5]);
    // Two are too few; other sources, other numbers, and what has no cookie are nothing.
    assert_eq!(told(&[rtp(1, 7), rtp(2, 7)]), ["UDP"; 2]);
    let noise: Vec<_> = (0..20).map(|at| rtp(at, u32::from(at) * 77_777)).collect();
    assert_eq!(told(&noise), ["UDP"; 20]);
    let noise: Vec<_> = (0..20_u16).map(|at| rtp(at.wrapping_mul(7919), 7)).collect();
    assert_eq!(told(&noise), ["UDP"; 20]);
    assert_eq!(told(&[b"\x00\x01\x00\x00\x21\x12\xa4\x43transaction-".to_vec()]), ["UDP"]);
}
