//! TLS, DTLS and QUIC without keys: what stands in the clear (RFC 8446, RFC 9001).

use std::io;

use testkit::{Conversation, Dice, Endpoint, Side};

use super::{Capture, Film, say, vector};

pub(super) const CAPTURES: &[Capture] = &[
    Capture::film(
        "tls/hello.pcap",
        "TLS 1.3: both hellos, the client's cut over two records and three segments; the rest encrypted",
        hello,
    ),
    Capture::film("tls/tunnelled.pcap", "CONNECT, and TLS in the tunnel", tunnelled),
    Capture::film("tls/starttls.pcap", "XMPP on port 5222 that turns to TLS", start_tls),
    Capture::film(
        "tls/refused.pcap",
        "a hello answered by an alert, a hello with an identifier for a name",
        refused,
    ),
    Capture::film(
        "quic/initial.pcap",
        "the client's Initial packet of RFC 9001 appendix A.2, then packets nobody can open",
        initial,
    ),
];

/// A client hello as apps send it (RFC 8446 section 4.1.2), with random-looking values that everybody ignores
/// (RFC 8701).
fn client_hello(name: &str) -> Vec<u8> {
    let host = extension(0, &vector(2, &[&[0][..], &vector(2, name.as_bytes())].concat()));
    let protocols = [vector(1, b"h2"), vector(1, b"http/1.1")].concat();
    let extensions = [
        extension(0x2a2a, b""),
        host,
        extension(10, &vector(2, &[0, 29, 0, 23])),
        extension(13, &vector(2, &[4, 3, 8, 4])),
        extension(16, &vector(2, &protocols)),
        extension(43, &vector(1, &[3, 4, 3, 3])),
        extension(51, &vector(2, &[&[0, 29][..], &vector(2, &Dice::new(3).bytes(32))].concat())),
    ];
    let body = [
        &b"\x03\x03"[..],
        &Dice::new(4).bytes(32),
        &vector(1, &Dice::new(5).bytes(32)),
        &vector(2, &[0x1a, 0x1a, 0x13, 1, 0x13, 2, 0xc0, 0x2f]),
        b"\x01\0",
        &vector(2, &extensions.concat()),
    ];
    handshake(1, &body.concat())
}

fn server_hello() -> Vec<u8> {
    let extensions = [
        extension(43, &[3, 4]),
        extension(51, &[&[0, 29][..], &vector(2, &Dice::new(6).bytes(32))].concat()),
    ];
    let body = [
        &b"\x03\x03"[..],
        &Dice::new(7).bytes(32),
        &vector(1, &Dice::new(5).bytes(32)),
        b"\x13\x01\0",
        &vector(2, &extensions.concat()),
    ];
    handshake(2, &body.concat())
}

fn extension(kind: u16, data: &[u8]) -> Vec<u8> {
    [&kind.to_be_bytes()[..], &vector(2, data)].concat()
}

fn handshake(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind][..], &vector(3, body)].concat()
}

fn record(content: u8, body: &[u8]) -> Vec<u8> {
    [&[content, 3, 3][..], &vector(2, body)].concat()
}

/// Encrypted records of both sides behind their hellos.
fn secrets(seed: u64, sizes: &[usize]) -> Vec<u8> {
    let mut dice = Dice::new(seed);
    sizes.iter().flat_map(|size| record(23, &dice.bytes(*size))).collect()
}

fn hello(net: &mut Film) -> io::Result<()> {
    let hello = client_hello("api.vendor.example");
    let (first, second) = hello.split_at(70);
    let cut = [record(22, first), record(22, second)].concat();
    let answer = [record(22, &server_hello()), record(20, &[1]), secrets(8, &[900, 60])].concat();
    let finished = [record(20, &[1]), secrets(9, &[53, 400])].concat();
    say(
        net,
        Conversation::new(Endpoint::phone(40_400), Endpoint::server(443)).with_segment_size(90),
        &[
            (Side::Client, &cut),
            (Side::Server, &answer),
            (Side::Client, &finished),
            (Side::Server, &secrets(10, &[300])),
        ],
    )
}

fn tunnelled(net: &mut Film) -> io::Result<()> {
    let server = [record(22, &server_hello()), secrets(11, &[500])].concat();
    say(
        net,
        Conversation::new(Endpoint::phone(40_401), Endpoint::server(3128)),
        &[
            (Side::Client, b"CONNECT hidden.example:443 HTTP/1.1\r\nHost: hidden.example:443\r\nUser-Agent: okhttp/3.10.0\r\n\r\n"),
            (Side::Server, b"HTTP/1.1 200 OK\r\n\r\n"),
            (Side::Client, &record(22, &client_hello("hidden.example"))),
            (Side::Server, &server),
            (Side::Client, &secrets(12, &[200])),
        ],
    )
}

fn start_tls(net: &mut Film) -> io::Result<()> {
    say(
        net,
        Conversation::new(Endpoint::phone(40_402), Endpoint::server(5222)),
        &[
            (Side::Client, b"<?xml version='1.0'?><stream:stream to='push.vendor.example' from='lena.muster@example.org' xmlns='jabber:client'>"),
            (Side::Server, b"<stream:stream id='1'><stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:features>"),
            (Side::Client, b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"),
            (Side::Server, b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"),
            (Side::Client, &record(22, &client_hello("push.vendor.example"))),
            (Side::Server, &[record(22, &server_hello()), secrets(13, &[300])].concat()),
        ],
    )
}

fn refused(net: &mut Film) -> io::Result<()> {
    let alert = record(21, &[2, 48]);
    for (port, name) in [(40_403, "pinned.vendor.example"), (40_404, "352099001761481.id.vendor.example")] {
        let conversation = Conversation::new(Endpoint::phone(port), Endpoint::server(443));
        say(net, conversation, &[(Side::Client, &record(22, &client_hello(name))), (Side::Server, &alert)])?;
    }
    Ok(())
}

fn initial(net: &mut Film) -> io::Result<()> {
    let (phone, server) = (Endpoint::phone(40_410), Endpoint::server(443));
    let digits: Vec<u8> = RFC9001_A2
        .bytes()
        .filter_map(|digit| char::from(digit).to_digit(16))
        .map(|digit| digit as u8)
        .collect();
    let packet: Vec<u8> =
        digits.chunks_exact(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect();
    net.udp(&phone, &server, &packet)?;
    let short = |seed, size| [&[0x45][..], &Dice::new(seed).bytes(size)].concat();
    net.udp(&server, &phone, &short(14, 1100))?;
    net.udp(&phone, &server, &short(15, 80))
}

const RFC9001_A2: &str = include_str!("rfc9001-a2.hex");
