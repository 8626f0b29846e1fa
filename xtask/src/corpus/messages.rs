//! Message protocols: WebSocket (RFC 6455, RFC 7692), MQTT, CoAP (RFC 7252, 7959, 8323), XMPP (RFC 6120),
//! events and remote calls over HTTP, DNS over HTTPS (RFC 8484).

use std::{io, net::Ipv4Addr};

use flate2::{Compress, Compression, FlushCompress};
use testkit::{
    Conversation, Endpoint, Side,
    dns::{self, Data},
};

use super::{Capture, Film, IMEI, say, talk, vector, with_body};

pub(super) const CAPTURES: &[Capture] = &[
    Capture::film(
        "websocket/chat.pcap",
        "permessage-deflate with context takeover both ways, the phone's side masked; fragments, pings, a reason for closing; the profile beside it",
        chat,
    ),
    Capture::film(
        "mqtt/telemetry.pcap",
        "MQTT 3.1.1: identifiers as client id, in a topic, in JSON published; acknowledgements; the profile beside it",
        telemetry,
    ),
    Capture::film(
        "mqtt/properties.pcap",
        "MQTT 5: a user property, a topic that a number stands for, a will; the profile beside it",
        properties,
    ),
    Capture::film(
        "coap/registration.pcap",
        "after the Nokia 7 Plus of 2019: a registration in blocks, the IMEI across two; a query; notifications; the profile beside it",
        registration,
    ),
    Capture::film("coap/tcp.pcap", "CoAP over TCP: signals, a request and its answer", coap_stream),
    Capture::film(
        "xmpp/push.pcap",
        "a stream in the clear: a resource and a stanza that name the phone; the profile beside it",
        xmpp,
    ),
    Capture::film(
        "http/events.pcap",
        "server-sent events, chunked and up to the end of the connection; the profile beside it",
        events,
    ),
    Capture::film(
        "http/grpc.pcap",
        "two length-prefixed messages in a chunked body labelled application/grpc; the profile beside it",
        grpc,
    ),
    Capture::film(
        "dns/https.pcap",
        "DNS over HTTPS, in the clear: a POST and a GET; then talk with the address that only the answer names",
        over_https,
    ),
];

/// A frame (RFC 6455 section 5.2) of up to 65,535 bytes.
fn frame(first: u8, key: Option<[u8; 4]>, payload: &[u8]) -> Vec<u8> {
    let bit = if key.is_some() { 0x80 } else { 0 };
    let mut frame = vec![first];
    match u8::try_from(payload.len()).ok().filter(|len| *len < 126) {
        Some(len) => frame.push(bit | len),
        None => {
            frame.push(bit | 126);
            frame.extend(u16::try_from(payload.len()).unwrap_or(0).to_be_bytes());
        }
    }
    frame.extend(key.into_iter().flatten());
    let key = key.unwrap_or_default();
    frame.extend(payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
    frame
}

/// Compresses a message behind those before it (RFC 7692 section 7.2.1).
fn packed(compress: &mut Compress, text: &str) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() + 64);
    compress.compress_vec(text.as_bytes(), &mut bytes, FlushCompress::Sync).map_err(io::Error::other)?;
    bytes.truncate(bytes.len().saturating_sub(4));
    Ok(bytes)
}

fn chat(net: &mut Film) -> io::Result<()> {
    let compress = || Compress::new(Compression::best(), false);
    let (mut phone, mut server) = (compress(), compress());
    let key = |seed: u8| Some([seed, seed ^ 0x5a, seed.wrapping_mul(3), 0xd1]);
    let first = packed(&mut phone, &format!("{{\"op\":\"hello\",\"imei\":\"{IMEI}\",\"seq\":1}}"))?;
    let second = packed(&mut phone, &format!("{{\"op\":\"state\",\"imei\":\"{IMEI}\",\"seq\":2}}"))?;
    let (start, end) = second.split_at(4);
    let answer = packed(&mut server, &format!("{{\"op\":\"welcome\",\"for\":\"{IMEI}\"}}"))?;
    let again = packed(&mut server, &format!("{{\"op\":\"welcome\",\"for\":\"{IMEI}\",\"again\":true}}"))?;
    talk(
        net,
        40_400,
        &[
            (Side::Client, b"GET /push HTTP/1.1\r\nHost: ws.vendor.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"),
            (Side::Server, b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Extensions: permessage-deflate\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"),
            (Side::Client, &frame(0xc1, key(1), &first)),
            (Side::Server, &frame(0xc1, None, &answer)),
            (Side::Client, &frame(0x41, key(2), start)),
            (Side::Client, &frame(0x89, key(3), b"mac=d0:37:45:ab:01:9f")),
            (Side::Client, &frame(0x80, key(4), end)),
            (Side::Server, &frame(0x8a, None, b"mac=d0:37:45:ab:01:9f")),
            (Side::Client, &frame(0x81, key(5), b"imsi=262019483715260, not compressed")),
            (Side::Server, &frame(0xc1, None, &again)),
            (Side::Client, &frame(0x88, key(6), b"\x03\xe8going to sleep")),
            (Side::Server, &frame(0x88, None, b"\x03\xe8")),
        ],
    )
}

/// A packet (MQTT 5 section 2.1) of up to 16,383 bytes behind its head.
fn packet(first: u8, parts: &[&[u8]]) -> Vec<u8> {
    let rest = parts.concat();
    let len = rest.len();
    let mut packet = vec![first];
    let low = u8::try_from(len & 0x7f).unwrap_or(0);
    match u8::try_from(len >> 7).unwrap_or(0) {
        0 => packet.push(low),
        high => packet.extend([low | 0x80, high]),
    }
    packet.extend(rest);
    packet
}

fn text(text: &str) -> Vec<u8> {
    vector(2, text.as_bytes())
}

fn telemetry(net: &mut Film) -> io::Result<()> {
    let connect = packet(
        0x10,
        &[b"\0\x04MQTT\x04\xc2\0\x3c", &text(IMEI), &text("device"), &text("d0:37:45:ab:01:9f")],
    );
    let topic = text(&format!("v1/phones/{IMEI}/state"));
    let state = packet(0x32, &[&topic, b"\0\x07", br#"{"iccid":"8949020073518264917","battery":81}"#]);
    let subscribe = packet(0x82, &[b"\0\x01", &text(&format!("v1/phones/{IMEI}/cmd")), b"\x01"]);
    let command = packet(0x30, &[&text(&format!("v1/phones/{IMEI}/cmd")), b"report"]);
    say(
        net,
        Conversation::new(Endpoint::phone(40_410), Endpoint::server(1883)),
        &[
            (Side::Client, &connect),
            (Side::Server, b"\x20\x02\0\0"),
            (Side::Client, &subscribe),
            (Side::Server, b"\x90\x03\0\x01\x01"),
            (Side::Client, &state),
            (Side::Server, b"\x40\x02\0\x07"),
            (Side::Server, &command),
            (Side::Client, b"\xc0\0"),
            (Side::Server, b"\xd0\0"),
            (Side::Client, b"\xe0\0"),
        ],
    )
}

fn properties(net: &mut Film) -> io::Result<()> {
    let user = [&b"\x26"[..], &text("imsi"), &text("262019483715260")].concat();
    let connect = packet(
        0x10,
        &[
            b"\0\x04MQTT\x05\x06\0\x3c",
            &vector(1, &user),
            &text("client-7"),
            &vector(1, b""),
            &text("gone"),
            &text(&format!("{{\"imei\":\"{IMEI}\"}}")),
        ],
    );
    let first = packet(0x30, &[&text("log/phone"), &vector(1, b"\x23\0\x01"), b"started"]);
    let media = [&b"\x23\0\x01\x03"[..], &text("application/json")].concat();
    let second = packet(0x30, &[&text(""), &vector(1, &media), br#"{"mac":"d0:37:45:ab:01:9f"}"#]);
    let accepted = packet(0x20, &[b"\0\0", &vector(1, b"\x13\0\x1e")]);
    say(
        net,
        Conversation::new(Endpoint::phone(40_411), Endpoint::server(1883)),
        &[
            (Side::Client, &connect),
            (Side::Server, &accepted),
            (Side::Client, &first),
            (Side::Client, &second),
        ],
    )
}

/// A message (RFC 7252 section 3) with options of up to 12 bytes or, with one more, 268.
fn coap(head: [u8; 4], token: &[u8], options: &[(u8, &[u8])], payload: &[u8]) -> Vec<u8> {
    let mut message = head.to_vec();
    if let Some(first) = message.first_mut() {
        *first |= u8::try_from(token.len()).unwrap_or(0);
    }
    message.extend(token);
    let mut before = 0;
    for (number, value) in options {
        let nibble = |value: u8| if value < 13 { (value, None) } else { (13, Some(value - 13)) };
        let (delta, more_delta) = nibble(number - before);
        let (len, more_len) = nibble(u8::try_from(value.len()).unwrap_or(0));
        message.push(delta << 4 | len);
        message.extend(more_delta.into_iter().chain(more_len));
        message.extend(*value);
        before = *number;
    }
    if !payload.is_empty() {
        message.push(0xff);
        message.extend(payload);
    }
    message
}

fn registration(net: &mut Film) -> io::Result<()> {
    let (phone, server) = (Endpoint::phone(40_420), Endpoint::server(5683));
    let body = format!(
        "{{\"model\":\"TA-1046\",\"software\":\"00WW_2_22C\",\"IMEI\":\"{IMEI}\",\"ICCID\":\"8949020073518264917\"}}"
    );
    let blocks: Vec<_> = body.as_bytes().chunks(64).collect();
    for (number, block) in (0u8..).zip(&blocks) {
        let last = usize::from(number) + 1 == blocks.len();
        let place = number << 4 | if last { 2 } else { 10 };
        let options: [(u8, &[u8]); 4] =
            [(3, b"zz.carrier.example"), (11, b"register"), (12, b"\x32"), (27, &[place])];
        net.udp(&phone, &server, &coap([0x40, 2, 0x10, number], &[0xa0, number], &options, block))?;
        let code = if last { 0x44 } else { 0x5f };
        net.udp(&server, &phone, &coap([0x60, code, 0x10, number], &[0xa0, number], &[(27, &[place])], b""))?;
    }
    let query: [(u8, &[u8]); 4] = [(6, b""), (11, b"config"), (11, b"v2"), (15, b"mac=d0:37:45:ab:01:9f")];
    net.udp(&phone, &server, &coap([0x40, 1, 0x20, 1], &[0xb1], &query, b""))?;
    for (kind, id) in [(0x60, 1), (0x50, 2)] {
        let options: [(u8, &[u8]); 2] = [(6, &[id]), (12, b"\x32")];
        net.udp(&server, &phone, &coap([kind, 0x45, 0x20, id], &[0xb1], &options, br#"{"interval":60}"#))?;
    }
    net.udp(&server, &phone, &[0x60, 0, 0x20, 9])
}

fn coap_stream(net: &mut Film) -> io::Result<()> {
    let payload = format!("imei={IMEI}");
    let mut post = vec![0xd1, 0x02, 2, 0x71, 0xb3];
    post.extend(b"reg\xff");
    post.extend(payload.bytes());
    if let Some(len) = post.get_mut(1) {
        *len = u8::try_from(4 + 1 + payload.len() - 13).unwrap_or(0);
    }
    say(
        net,
        Conversation::new(Endpoint::phone(40_421), Endpoint::server(5683)),
        &[
            (Side::Client, b"\x30\xe1\x22\x04\x80"),
            (Side::Server, b"\x00\xe1"),
            (Side::Client, &post),
            (Side::Server, b"\x01\x44\x71"),
        ],
    )
}

fn xmpp(net: &mut Film) -> io::Result<()> {
    let bind = format!(
        "<iq type='set' id='b1'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>phone-{IMEI}</resource></bind></iq>"
    );
    let bound = format!(
        "<iq type='result' id='b1'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>u7@push.vendor.example/phone-{IMEI}</jid></bind></iq>"
    );
    say(
        net,
        Conversation::new(Endpoint::phone(40_430), Endpoint::server(5222)),
        &[
            (Side::Client, b"<?xml version='1.0'?><stream:stream to='push.vendor.example' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>"),
            (Side::Server, b"<?xml version='1.0'?><stream:stream from='push.vendor.example' id='42' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0'><stream:features><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></stream:features>"),
            (Side::Client, bind.as_bytes()),
            (Side::Server, bound.as_bytes()),
            (Side::Client, b" "),
            (Side::Client, b"<message to='sync@push.vendor.example' id='m1'><body>{&quot;mac&quot;:&quot;d0:37:45:ab:01:9f&quot;}</body><operator mcc='262' mnc='01' imsi='262019483715260'/></message>"),
            (Side::Client, b"</stream:stream>"),
        ],
    )
}

fn events(net: &mut Film) -> io::Result<()> {
    let ask = b"GET /events HTTP/1.1\r\nHost: live.vendor.example\r\nAccept: text/event-stream\r\n\r\n";
    let chunk = |text: &str| format!("{:x}\r\n{text}\r\n", text.len()).into_bytes();
    let first = format!("event: state\ndata: {{\"imei\":\"{IMEI}\"}}\n\n");
    talk(
        net,
        40_440,
        &[
            (Side::Client, ask),
            (
                Side::Server,
                b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n",
            ),
            (Side::Server, &chunk(&first)),
            (Side::Server, &chunk("data: nothing\n\ndata: new\n\n")),
            (Side::Server, b"0\r\n\r\n"),
        ],
    )?;
    talk(
        net,
        40_441,
        &[
            (Side::Client, ask),
            (
                Side::Server,
                b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n",
            ),
            (Side::Server, first.as_bytes()),
            (Side::Server, b": still here\n\n"),
            (Side::Server, b"data: cut"),
        ],
    )
}

fn grpc(net: &mut Film) -> io::Result<()> {
    let field = |number: u8, value: &[u8]| [&[number << 3 | 2][..], &vector(1, value)].concat();
    let first = [field(1, IMEI.as_bytes()), field(2, b"TA-1046")].concat();
    let second = [field(1, b"262019483715260"), field(2, b"started")].concat();
    let body = [framed(&first), framed(&second)].concat();
    let (one, other) = body.split_at(12);
    let mut request = b"POST /vendor.Telemetry/Report HTTP/1.1\r\nHost: grpc.vendor.example\r\nContent-Type: application/grpc+proto\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for part in [one, other] {
        request.extend(format!("{:x}\r\n", part.len()).bytes());
        request.extend(part);
        request.extend(b"\r\n");
    }
    request.extend(b"0\r\n\r\n");
    talk(
        net,
        40_450,
        &[
            (Side::Client, &request),
            (
                Side::Server,
                &with_body("HTTP/1.1 200 OK\r\nContent-Type: application/grpc+proto", b"\0\0\0\0\0"),
            ),
        ],
    )
}

/// A message behind a flag and its length.
fn framed(message: &[u8]) -> Vec<u8> {
    let len = u32::try_from(message.len()).unwrap_or(0).to_be_bytes();
    [&[0][..], &len, message].concat()
}

fn over_https(net: &mut Film) -> io::Result<()> {
    let (name, address) = ("hidden.vendor.example", Ipv4Addr::new(198, 51, 100, 7));
    let answer = dns::response(0, (name, dns::A), &[(name, Data::A(address))]);
    let post = "POST /dns-query HTTP/1.1\r\nHost: doh.example\r\nContent-Type: application/dns-message\r\nAccept: application/dns-message";
    let told = "HTTP/1.1 200 OK\r\nContent-Type: application/dns-message";
    talk(
        net,
        40_460,
        &[
            (Side::Client, &with_body(post, &dns::query(0, name, dns::A))),
            (Side::Server, &with_body(told, &answer)),
            (Side::Client, b"GET /dns-query?dns=AAABAAABAAAAAAAAA3d3dwdleGFtcGxlA2NvbQAAAQAB HTTP/1.1\r\nHost: doh.example\r\nAccept: application/dns-message\r\n\r\n"),
            (Side::Server, &with_body(told, &dns::response(0, ("www.example.com", dns::A), &[("www.example.com", Data::A(Ipv4Addr::new(198, 51, 100, 99)))]))),
        ],
    )?;
    let server = Endpoint::new([2, 0, 0, 0, 0, 0x77], address, 7000);
    say(
        net,
        Conversation::new(Endpoint::phone(40_461), server),
        &[(Side::Client, b"\x01HELLO\x02"), (Side::Server, b"\x01OK\x02")],
    )
}
