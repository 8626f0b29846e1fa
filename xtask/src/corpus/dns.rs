//! DNS over UDP and TCP, multicast DNS (RFC 1035, RFC 6762).

use std::{
    io,
    net::{Ipv4Addr, Ipv6Addr},
};

use testkit::{
    Conversation, Endpoint, Side,
    dns::{self, Data},
};

use super::{Capture, Film, NO_CONTENT, say, talk};

pub(super) const CAPTURES: &[Capture] = &[
    Capture::film(
        "dns/chain.pcap",
        "A over two aliases, AAAA, no such name; then talk with both addresses that only the answers name",
        chain,
    ),
    Capture::film(
        "dns/tcp.pcap",
        "two questions in one segment over TCP, an answer cut over three segments",
        tcp,
    ),
    Capture::film("dns/mdns.pcap", "a phone tells its neighbours its name and services", mdns),
    Capture::film(
        "dns/told.pcap",
        "identifiers in names asked for: as they are, and in hex; the profile beside it",
        told,
    ),
    Capture::film(
        "dns/damaged.pcap",
        "a pointer to itself, a name too long, an answer cut short, other bytes on port 53",
        damaged,
    ),
];

fn resolver() -> Endpoint {
    Endpoint::new([2, 0, 0x5e, 0, 0, 1], Ipv4Addr::new(192, 168, 1, 1), 53)
}

fn chain(net: &mut Film) -> io::Result<()> {
    let (asker, resolver) = (Endpoint::phone(33_001), resolver());
    let (name, alias, edge) = ("cfg.vendor.example", "cfg.vendor.cdn.example", "e7.edge.cdn.example");
    let six = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 7);
    net.udp(&asker, &resolver, &dns::query(1, name, dns::A))?;
    let answers = [
        (name, Data::Cname(alias)),
        (alias, Data::Cname(edge)),
        (edge, Data::A(Ipv4Addr::new(198, 51, 100, 7))),
    ];
    net.udp(&resolver, &asker, &dns::response(1, (name, dns::A), &answers))?;
    net.udp(&asker, &resolver, &dns::query(2, "six.vendor.example", dns::AAAA))?;
    net.udp(
        &resolver,
        &asker,
        &dns::response(2, ("six.vendor.example", dns::AAAA), &[("six.vendor.example", Data::Aaaa(six))]),
    )?;
    net.udp(&asker, &resolver, &dns::query(3, "gone.vendor.example", dns::A))?;
    let mut gone = dns::response(3, ("gone.vendor.example", dns::A), &[]);
    if let Some(flags) = gone.get_mut(3) {
        *flags |= 3;
    }
    net.udp(&resolver, &asker, &gone)?;
    talk(net, 40_200, &[(Side::Client, b"\x01HELLO\x02"), (Side::Server, b"\x01OK\x02")])?;
    let side = |last, port| {
        Endpoint::new([2, 0, 0, 0, 0, 0x70], Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, last), port)
    };
    let request = b"GET / HTTP/1.0\r\n\r\n";
    say(
        net,
        Conversation::new(side(0x23, 40_201), side(7, 80)),
        &[(Side::Client, request), (Side::Server, NO_CONTENT)],
    )
}

fn tcp(net: &mut Film) -> io::Result<()> {
    let framed = |message: Vec<u8>| super::vector(2, &message);
    let questions =
        [framed(dns::query(4, "one.example", dns::A)), framed(dns::query(5, "two.example", dns::AAAA))]
            .concat();
    let address = Ipv4Addr::new(198, 51, 100, 44);
    let answer = framed(dns::response(4, ("one.example", dns::A), &[("one.example", Data::A(address))]));
    let (length, rest) = answer.split_at(1);
    let (first, second) = rest.split_at(20);
    say(
        net,
        Conversation::new(Endpoint::phone(33_010), resolver()),
        &[(Side::Client, &questions), (Side::Server, length), (Side::Server, first), (Side::Server, second)],
    )
}

/// A response with PTR, SRV, TXT and A, the later names by pointers.
fn mdns(net: &mut Film) -> io::Result<()> {
    let mut out = vec![0, 0, 0x84, 0, 0, 0, 0, 4, 0, 0, 0, 0];
    // Offset 12: the service. Record type, class, time to live, length, data.
    let service = out.len();
    put_name(&mut out, &["_companion", "_tcp", "local"]);
    let mut instance = Vec::new();
    put_label(&mut instance, "Lenas Telefon");
    instance.extend(pointer(service));
    put_record(&mut out, 12, &instance);
    let at = out.len() - instance.len();
    out.extend(pointer(at));
    let mut place = vec![0, 0, 0, 0, 0xc0, 0x01];
    let target = out.len() + 10 + 6;
    put_name(&mut place, &["lenas-telefon", "local"]);
    put_record(&mut out, 33, &place);
    out.extend(pointer(at));
    put_record(&mut out, 16, b"\x0dmodel=TA-1046\x17rpMac=d0:37:45:ab:01:9f");
    out.extend(pointer(target));
    put_record(&mut out, 1, &[192, 168, 1, 23]);
    let group = Endpoint::new([1, 0, 0x5e, 0, 0, 0xfb], Ipv4Addr::new(224, 0, 0, 251), 5353);
    net.udp(&Endpoint::phone(5353), &group, &dns::query(0, "_googlecast._tcp.local", 12))?;
    net.udp(&Endpoint::phone(5353), &group, &out)
}

fn told(net: &mut Film) -> io::Result<()> {
    // In hex: 352099001761481.
    let names = [
        "352099001761481.imei.exfil.example",
        "333532303939303031373631343831.x.exfil.example",
        "b7e2c91f04d8a356.exfil.example",
    ];
    for (number, name) in (20..).zip(names) {
        net.udp(&Endpoint::phone(33_020), &resolver(), &dns::query(number, name, dns::A))?;
    }
    Ok(())
}

fn damaged(net: &mut Film) -> io::Result<()> {
    let (asker, resolver) = (Endpoint::phone(33_030), resolver());
    let header = [0, 9, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    net.udp(&asker, &resolver, &[&header[..], &[0xc0, 12, 0, 1, 0, 1]].concat())?;
    let long: Vec<u8> = [&[60][..], &[b'a'; 60]].concat().repeat(5);
    net.udp(&asker, &resolver, &[&header[..], &long, &[0, 0, 1, 0, 1]].concat())?;
    let answer = dns::response(
        6,
        ("cut.example", dns::A),
        &[("cut.example", Data::A(Ipv4Addr::new(198, 51, 100, 9)))],
    );
    net.udp(&asker, &resolver, &dns::query(6, "cut.example", dns::A))?;
    net.udp(&resolver, &asker, answer.get(..answer.len() - 3).unwrap_or_default())?;
    net.udp(&asker, &resolver, b"imei=352099001761481 is no question")
}

fn put_name(out: &mut Vec<u8>, labels: &[&str]) {
    labels.iter().for_each(|label| put_label(out, label));
    out.push(0);
}

fn put_label(out: &mut Vec<u8>, label: &str) {
    out.push(u8::try_from(label.len()).unwrap_or(0));
    out.extend(label.bytes());
}

fn pointer(at: usize) -> [u8; 2] {
    (u16::try_from(at).unwrap_or(0) | 0xc000).to_be_bytes()
}

fn put_record(out: &mut Vec<u8>, kind: u8, data: &[u8]) {
    out.extend([0, kind, 0x80, 1, 0, 0, 0, 120]);
    out.extend(super::vector(2, data));
}
