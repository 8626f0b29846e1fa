//! What a phone says to its own network, and to servers without a web protocol: DHCP, SSDP, NTP, push.

use std::{
    io,
    net::{Ipv4Addr, Ipv6Addr},
};

use testkit::{Conversation, Endpoint, Side};

use super::{Capture, Film, IMEI, say, vector};

pub(super) const CAPTURES: &[Capture] = &[
    Capture::film(
        "dhcp/join.pcap",
        "discover, offer, request, acknowledgment: host name, vendor class, requested address",
        join,
    ),
    Capture::film(
        "dhcp/join6.pcap",
        "DHCPv6: solicit with a client identifier, vendor class and full name",
        join6,
    ),
    Capture::film("ssdp/search.pcap", "a search, its answer, and a notification", search),
    Capture::film("ntp/clock.pcap", "a question for the time and its answer", clock),
    Capture::film(
        "raw/push.pcap",
        "a push protocol of its own on port 5222: lengths and tags, JSON, UTF-16, packed digits; the profile beside it",
        push,
    ),
    Capture::film(
        "raw/datagrams.pcap",
        "UDP of nobody's: text, a list, packed digits; the profile beside it",
        datagrams,
    ),
    Capture::film(
        "raw/opaque.pcap",
        "bytes of chance over TCP: counted as not understood, nothing seen in them",
        opaque,
    ),
];

/// Options behind the magic cookie (RFC 2132).
fn dhcp(kind: u8, yours: [u8; 4], options: &[(u8, &[u8])]) -> Vec<u8> {
    let mut message = vec![if matches!(kind, 2 | 5) { 2 } else { 1 }, 1, 6, 0, 0x3f, 0x1c, 0x88, 2];
    message.resize(16, 0);
    message.extend(yours);
    message.resize(28, 0);
    message.extend(PHONE_MAC);
    message.resize(236, 0);
    message.extend([0x63, 0x82, 0x53, 0x63]);
    for (code, value) in [(53, &[kind][..])].iter().chain(options) {
        message.push(*code);
        message.extend(vector(1, value));
    }
    message.push(255);
    message
}

fn join(net: &mut Film) -> io::Result<()> {
    let from = Endpoint::new(PHONE_MAC, Ipv4Addr::UNSPECIFIED, 68);
    let everyone = Endpoint::new([0xff; 6], Ipv4Addr::BROADCAST, 67);
    let server = Endpoint::new([2, 0, 0x5e, 0, 0, 1], Ipv4Addr::new(192, 168, 1, 1), 67);
    let to_all = Endpoint::new([0xff; 6], Ipv4Addr::BROADCAST, 68);
    let named: [(u8, &[u8]); 4] = [
        (12, b"Lenas-Nokia-7-plus"),
        (60, b"android-dhcp-9"),
        (61, &[1, 0x34, 0x4b, 0x50, 0, 0, 0x17]),
        (55, &[1, 3, 6, 15]),
    ];
    let address = [192, 168, 1, 23];
    let granted: [(u8, &[u8]); 3] =
        [(54, &[192, 168, 1, 1]), (51, &[0, 0, 0x0e, 0x10]), (15, b"home.example")];
    net.udp(&from, &everyone, &dhcp(1, [0; 4], &named))?;
    net.udp(&server, &to_all, &dhcp(2, address, &granted))?;
    let asking: [(u8, &[u8]); 2] = [(50, &address), (54, &[192, 168, 1, 1])];
    net.udp(&from, &everyone, &dhcp(3, [0; 4], &[&named[..], &asking].concat()))?;
    net.udp(&server, &to_all, &dhcp(5, address, &granted))
}

/// RFC 8415: a DUID with the MAC, the vendor's enterprise number and class, a fully qualified name.
fn join6(net: &mut Film) -> io::Result<()> {
    let option = |code: u16, value: &[u8]| [&code.to_be_bytes()[..], &vector(2, value)].concat();
    let duid = [&[0, 3, 0, 1][..], &PHONE_MAC].concat();
    let class = [&[0, 0, 1, 0x37][..], &vector(2, b"android-dhcp6-9")].concat();
    let name = [&[0][..], &vector(1, b"lenas-telefon"), &[0]].concat();
    let options = [option(1, &duid), option(16, &class), option(39, &name), option(8, &[0, 0])].concat();
    let from = Endpoint::new(PHONE_MAC, Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0x17), 546);
    let group = Endpoint::new([0x33, 0x33, 0, 1, 0, 2], Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 1, 2), 547);
    net.udp(&from, &group, &[&[1, 0xab, 0xcd, 0xef][..], &options].concat())
}

fn search(net: &mut Film) -> io::Result<()> {
    let group = Endpoint::new([1, 0, 0x5e, 0x7f, 0xff, 0xfa], Ipv4Addr::new(239, 255, 255, 250), 1900);
    let phone = Endpoint::phone(50_000);
    let television = Endpoint::new([2, 0, 0, 0, 0, 9], Ipv4Addr::new(192, 168, 1, 50), 1900);
    net.udp(&phone, &group, b"M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: \"ssdp:discover\"\r\nMX: 1\r\nST: ssdp:all\r\nUSER-AGENT: Android/9 UPnP/1.1 Remote/2\r\n\r\n")?;
    net.udp(&television, &phone, b"HTTP/1.1 200 OK\r\nST: upnp:rootdevice\r\nUSN: uuid:1f2e3d4c-0000-1000-8000-0200000000d9::upnp:rootdevice\r\nLOCATION: http://192.168.1.50:8008/d.xml\r\n\r\n")?;
    net.udp(&phone.with_port(1900), &group, b"NOTIFY * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nNTS: ssdp:alive\r\nNT: upnp:rootdevice\r\nX-Name: Lenas Nokia 7 plus\r\n\r\n")
}

fn clock(net: &mut Film) -> io::Result<()> {
    let (phone, server) = (Endpoint::phone(50_123), Endpoint::server(123));
    let mut question = vec![0x23];
    question.resize(40, 0);
    question.extend([0xe0, 0x3d, 0x5c, 0x11, 1, 2, 3, 4]);
    let mut answer = vec![0x24, 2, 0, 0xe8];
    answer.resize(24, 0);
    answer.extend([0xe0, 0x3d, 0x5c, 0x11, 1, 2, 3, 4].repeat(3));
    net.udp(&phone, &server, &question)?;
    net.udp(&server, &phone, &answer)
}

fn push(net: &mut Film) -> io::Result<()> {
    let framed = |tag: u8, body: &[u8]| [&[0xca, tag][..], &vector(2, body)].concat();
    let login = framed(
        1,
        format!("{{\"imei\":\"{IMEI}\",\"brand\":\"Nokia\",\"msisdn\":\"+4915550112358\"}}").as_bytes(),
    );
    let wide: Vec<u8> =
        "imsi=262019483715260;cell=27447297".encode_utf16().flat_map(u16::to_le_bytes).collect();
    // The ICCID as a SIM card holds it: nibbles swapped.
    let packed = framed(
        3,
        &[0x98, 0x94, 0x20, 0, 0x37, 0x15, 0x28, 0x46, 0x19, 0xf7, 0xd0, 0x37, 0x45, 0xab, 1, 0x9f],
    );
    say(
        net,
        Conversation::new(Endpoint::phone(40_300), Endpoint::server(5222)).with_segment_size(100),
        &[
            (Side::Client, &login),
            (Side::Server, &framed(0x81, b"{\"ok\":1,\"heartbeat\":270}")),
            (Side::Client, &framed(2, &wide)),
            (Side::Client, &packed),
            (Side::Server, &framed(0x83, &[0, 0])),
        ],
    )
}

fn datagrams(net: &mut Film) -> io::Result<()> {
    let (phone, server) = (Endpoint::phone(40_310), Endpoint::server(9_998));
    net.udp(&phone, &server, b"TN:IMEI1,352099001761481,7,TA-1046,CID:1a2d001,V1.2,PLE7X19213000482")?;
    net.udp(&phone, &server, &[&[2, 0, 8][..], &352_099_001_761_481_u64.to_le_bytes(), &[0, 1]].concat())?;
    net.udp(&server, &phone, b"OK")
}

fn opaque(net: &mut Film) -> io::Result<()> {
    let noise = |seed| testkit::Dice::new(seed).bytes(3_000);
    say(
        net,
        Conversation::new(Endpoint::phone(40_320), Endpoint::server(14_000)),
        &[(Side::Client, &noise(1)), (Side::Server, &noise(2))],
    )
}

const PHONE_MAC: [u8; 6] = [0x34, 0x4b, 0x50, 0, 0, 0x17];
