//! What goes wrong on the way: loss, reordering, wrapping numbers, captures that begin late (RFC 9293).

use std::io;

use testkit::{
    Conversation, Endpoint, Side, Trouble,
    packet::{self, ACK, PSH, SYN},
};

use super::{Capture, Film, IMEI, NO_CONTENT, REGISTER, register, say, with_body};

pub(super) const CAPTURES: &[Capture] = &[
    Capture::film(
        "tcp/trouble.pcap",
        "segments reordered, repeated and late, sequence numbers that wrap within the body",
        trouble,
    ),
    Capture::film(
        "tcp/overlap.pcap",
        "retransmissions that overlap, one with other bytes: the first copy counts",
        overlap,
    ),
    Capture::film("tcp/gap.pcap", "a segment of a body that the capture lacks, then another request", gap),
    Capture::film("tcp/mid-stream.pcap", "a capture that begins in the middle of an answer", mid_stream),
    Capture::film("tcp/one-way.pcap", "only what the phone sent was recorded", one_way),
    Capture::film("tcp/reset.pcap", "a connection reset in the middle of a body", reset),
    Capture::film(
        "tcp/port-reuse.pcap",
        "two connections, one after the other, with the same addresses and ports",
        port_reuse,
    ),
    Capture::film(
        "tcp/fast-open.pcap",
        "a request in the SYN (RFC 7413), a keep-alive probe, both sides closing at once",
        fast_open,
    ),
    Capture::film(
        "ip/fragments.pcap",
        "a datagram in three IPv4 fragments out of order, one of them twice; the IMEI lies across two",
        fragments,
    ),
    Capture::film("ip/fragments6.pcap", "the same in IPv6, behind a hop-by-hop header", fragments6),
    Capture::film("ip/lost-fragment.pcap", "a datagram of which a fragment is missing", lost_fragment),
];

fn phone(port: u16) -> Conversation {
    Conversation::new(Endpoint::phone(port), Endpoint::server(80))
}

/// A request of several segments with the IMEI near its end.
fn long_request() -> Vec<u8> {
    let body = format!("{{\"note\":\"{}\",\"imei\":\"{IMEI}\",\"end\":true}}", "0123456789 ".repeat(60));
    with_body("POST /v1/log HTTP/1.1\r\nHost: log.example\r\nContent-Type: application/json", body.as_bytes())
}

fn trouble(net: &mut Film) -> io::Result<()> {
    let mut troubled = Trouble::new(Vec::new(), 2);
    troubled.repeat_once_in = 4;
    troubled.delay_once_in = 3;
    troubled.most_late = 3;
    let mut inner = testkit::Net::new(troubled);
    inner.set_time(net.now());
    let mut conversation = phone(40_100).with_segment_size(64).with_sequences(u32::MAX - 300, u32::MAX - 10);
    conversation.open(&mut inner)?;
    conversation.send(&mut inner, Side::Client, &long_request())?;
    conversation.send(&mut inner, Side::Server, NO_CONTENT)?;
    conversation.close(&mut inner)?;
    for frame in inner.into_wire().into_wire()? {
        net.raw(&frame.bytes)?;
    }
    Ok(())
}

fn overlap(net: &mut Film) -> io::Result<()> {
    let mut conversation = phone(40_101);
    conversation.open(net)?;
    let start = conversation.next_sequence(Side::Client);
    let (first, second) = REGISTER.split_at(40);
    conversation.segment(net, Side::Client, ACK, first)?;
    // The first bytes again, with another IMEI in them.
    let forged = String::from_utf8_lossy(first).replace("3520990", "9999999");
    conversation.segment_at(net, Side::Client, (start, ACK), forged.as_bytes())?;
    let overlapping = REGISTER.get(30..).unwrap_or_default();
    conversation.segment_at(net, Side::Client, (start.wrapping_add(30), ACK | PSH), overlapping)?;
    conversation.miss(Side::Client, u32::try_from(second.len()).unwrap_or(0));
    conversation.send(net, Side::Server, NO_CONTENT)?;
    conversation.close(net)
}

fn gap(net: &mut Film) -> io::Result<()> {
    let mut conversation = phone(40_102);
    conversation.open(net)?;
    let request = long_request();
    let (before, rest) = request.split_at(300);
    let (lost, after) = rest.split_at(200);
    conversation.send(net, Side::Client, before)?;
    conversation.miss(Side::Client, u32::try_from(lost.len()).unwrap_or(0));
    conversation.send(net, Side::Client, after)?;
    conversation.send(net, Side::Server, NO_CONTENT)?;
    conversation.send(net, Side::Client, REGISTER)?;
    conversation.send(net, Side::Server, NO_CONTENT)?;
    conversation.close(net)
}

fn mid_stream(net: &mut Film) -> io::Result<()> {
    let mut conversation = phone(40_103);
    conversation.send(net, Side::Server, b"rest of an answer that began before the capture</html>")?;
    conversation.send(net, Side::Client, REGISTER)?;
    conversation.send(net, Side::Server, NO_CONTENT)?;
    conversation.close(net)
}

fn one_way(net: &mut Film) -> io::Result<()> {
    let mut conversation = phone(40_104);
    conversation.segment(net, Side::Client, SYN, &[])?;
    conversation.segment(net, Side::Client, ACK | PSH, REGISTER)?;
    conversation.segment(net, Side::Client, ACK | PSH, REGISTER)?;
    conversation.finish(net, Side::Client)
}

fn reset(net: &mut Film) -> io::Result<()> {
    let mut conversation = phone(40_105);
    conversation.open(net)?;
    conversation.send(net, Side::Client, long_request().get(..760).unwrap_or_default())?;
    conversation.reset(net, Side::Server)
}

fn port_reuse(net: &mut Film) -> io::Result<()> {
    register(net, 40_106)?;
    net.wait(90_000_000_000);
    let again = phone(40_106).with_sequences(77, 99);
    let request = b"GET /second HTTP/1.1\r\nHost: api.vendor.example\r\n\r\n";
    say(net, again, &[(Side::Client, request), (Side::Server, NO_CONTENT)])
}

fn fast_open(net: &mut Film) -> io::Result<()> {
    let mut conversation = phone(40_107);
    conversation.segment(net, Side::Client, SYN, REGISTER)?;
    conversation.segment(net, Side::Server, SYN | ACK, &[])?;
    conversation.acknowledge(net, Side::Client)?;
    conversation.send(net, Side::Server, NO_CONTENT)?;
    let probe = conversation.next_sequence(Side::Client).wrapping_sub(1);
    conversation.segment_at(net, Side::Client, (probe, ACK), &[0])?;
    conversation.acknowledge(net, Side::Server)?;
    conversation.finish(net, Side::Server)?;
    conversation.finish(net, Side::Client)?;
    conversation.acknowledge(net, Side::Server)?;
    conversation.acknowledge(net, Side::Client)
}

/// A datagram whose IMEI lies across byte 80 of the IP payload.
fn datagram() -> Vec<u8> {
    format!("{}imei={IMEI};mac=d0:37:45:ab:01:9f;{}", "x".repeat(58), "y".repeat(60)).into_bytes()
}

fn fragments(net: &mut Film) -> io::Result<()> {
    let frame = packet::udp(&Endpoint::phone(40_110), &Endpoint::server(7_000), &datagram());
    let parts = packet::fragments(&frame, 80);
    // Last first, the first twice.
    for part in parts.iter().rev().chain(parts.first()) {
        net.raw(part)?;
    }
    Ok(())
}

fn lost_fragment(net: &mut Film) -> io::Result<()> {
    let frame = packet::udp(&Endpoint::phone(40_111), &Endpoint::server(7_000), &datagram());
    let parts = packet::fragments(&frame, 80);
    parts.first().map_or(Ok(()), |part| net.raw(part))?;
    register(net, 40_112)
}

/// RFC 8200: hop-by-hop options with padding, then a fragment header.
fn fragments6(net: &mut Film) -> io::Result<()> {
    let side = |last: u8, port| {
        Endpoint::new([2, 0, 0, 0, 0, 0x60 + last], [0x2001, 0xdb8, 0, 0, 0, 0, 0, u16::from(last)], port)
    };
    let frame = packet::udp(&side(1, 40_113), &side(2, 7_000), &datagram());
    let (Some(head), Some(payload)) = (frame.get(..54), frame.get(54..)) else { return Ok(()) };
    let count = payload.len().div_ceil(80);
    for (index, part) in payload.chunks(80).enumerate().rev() {
        let mut out = head.to_vec();
        let length = u16::try_from(16 + part.len()).unwrap_or(0).to_be_bytes();
        let place = u16::try_from(index * 80).unwrap_or(0) | u16::from(index + 1 < count);
        out.splice(18..21, [length[0], length[1], 0]);
        out.extend([44, 0, 1, 4, 0, 0, 0, 0]);
        out.extend([17, 0]);
        out.extend(place.to_be_bytes());
        out.extend([0, 0, 0, 9]);
        out.extend_from_slice(part);
        net.raw(&out)?;
    }
    Ok(())
}
