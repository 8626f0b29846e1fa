//! `cargo xtask sample`: makes the capture that ships with the project, `samples/unlock.pcapng`.
//!
//! A synthetic phone joins a Wi-Fi, is unlocked three times, and each time tells a far-away server who it is
//! (after the Nokia 7 Plus of 2019: JSON in base64 over clear HTTP, under a label that says "encrypted").
//! Between that it checks for a captive portal, reads the news, and an app sends statistics with a hashed
//! identifier. The values are those of `samples/phone.toml`. The file is the same every time it is made.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    net::Ipv4Addr,
    path::Path,
};

use flate2::{Compression, write::GzEncoder};
use testkit::{Conversation, Endpoint, Net, PcapngWriter, Side, dns};

use crate::traffic::base64;

/// Writes the sample.
pub(crate) fn write(path: &Path) -> io::Result<()> {
    let writer = PcapngWriter::new(BufWriter::new(File::create(path)?), false)?;
    let mut net = Net::new(writer);
    net.set_time(START);
    net.set_tick(9_000_000);
    join(&mut net)?;
    portal_check(&mut net)?;
    for unlock in 0..3 {
        net.set_time(START + (30 + unlock * 2_700) * SECOND);
        register(&mut net, unlock)?;
        net.wait(20 * SECOND);
        news(&mut net, unlock)?;
        net.wait(40 * SECOND);
        statistics(&mut net, unlock)?;
    }
    net.into_wire().into_inner().flush()
}

type Sample = Net<PcapngWriter<BufWriter<File>>>;

/// DHCP: the phone tells its name and kind.
fn join(net: &mut Sample) -> io::Result<()> {
    let mut discover = vec![1, 1, 6, 0, 0x3f, 0x1c, 0x88, 0x02];
    discover.resize(28, 0);
    discover.extend(PHONE_MAC);
    discover.resize(236, 0);
    discover.extend([0x63, 0x82, 0x53, 0x63]);
    for (code, value) in
        [(53, &[1][..]), (12, b"Nokia-7-plus"), (60, b"android-dhcp-8.1.0"), (55, &[1, 3, 6, 15])]
    {
        discover.push(code);
        discover.push(u8::try_from(value.len()).unwrap_or(0));
        discover.extend_from_slice(value);
    }
    discover.push(255);
    let from = Endpoint::new(PHONE_MAC, Ipv4Addr::UNSPECIFIED, 68);
    let everyone = Endpoint::new([0xff; 6], Ipv4Addr::BROADCAST, 67);
    net.udp(&from, &everyone, &discover)
}

fn portal_check(net: &mut Sample) -> io::Result<()> {
    let server = resolve(net, "connectivitycheck.gstatic.com", Ipv4Addr::new(142, 250, 185, 131))?;
    let request = "GET /generate_204 HTTP/1.1\r\nUser-Agent: Dalvik/2.1.0 (Linux; U; Android 8.1.0; Nokia 7 plus Build/OPR1.170623.026)\r\nHost: connectivitycheck.gstatic.com\r\nConnection: close\r\n\r\n";
    talk(net, server, 41_200, request.as_bytes(), b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n")
}

/// The registration, at each unlock.
fn register(net: &mut Sample, unlock: i64) -> io::Result<()> {
    let server = resolve(net, "zzhc.vnet.cn", Ipv4Addr::new(221, 228, 214, 101))?;
    let date = format!("2019-02-18 {:02}:{:02}:34", 9 + unlock * 45 / 60, unlock * 45 % 60);
    let json = format!(
        "{{\"REGVER\":\"7.0\",\"MODEL\":\"Nokia 7 plus\",\"SWVER\":\"00WW_2_39B\",\"UETYPE\":\"1\",\"SIM1ICCID\":\"8949020073518264919\",\"SIM1LTEIMSI\":\"262019483715260\",\"MACID\":\"D0:37:45:AB:01:9F\",\"OSVER\":\"8.1.0\",\"IMEI1\":\"352099001761481\",\"SIM1CELLID\":\"27447297\",\"REGDATE\":\"{date}\"}}"
    );
    let body = base64(json.as_bytes());
    let request = format!(
        "POST / HTTP/1.1\r\nContent-Type: application/encrypted-json\r\nUser-Agent: Dalvik/2.1.0 (Linux; U; Android 8.1.0; Nokia 7 plus Build/OPR1.170623.026)\r\nHost: zzhc.vnet.cn\r\nConnection: Keep-Alive\r\nAccept-Encoding: gzip\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let answer = "{\"resultCode\":\"3\",\"resultDesc\":\"not supported\"}";
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{answer}",
        answer.len()
    );
    talk(net, server, 41_300 + port(unlock), request.as_bytes(), answer.as_bytes())
}

fn news(net: &mut Sample, unlock: i64) -> io::Result<()> {
    let server = resolve(net, "news.example.org", Ipv4Addr::new(93, 184, 216, 34))?;
    let request = format!(
        "GET /front/{unlock} HTTP/1.1\r\nHost: news.example.org\r\nUser-Agent: okhttp/3.10.0\r\nAccept: text/html\r\n\r\n"
    );
    let page = gzip(&b"<!doctype html><title>News</title><p>Nothing happened today.</p>".repeat(30))?;
    let mut answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
        page.len()
    )
    .into_bytes();
    answer.extend(page);
    talk(net, server, 41_400 + port(unlock), request.as_bytes(), &answer)
}

/// An app's statistics: gzip JSON under a neutral label, with the MD5 of the Android ID.
fn statistics(net: &mut Sample, unlock: i64) -> io::Result<()> {
    let server = resolve(net, "stats.adnet.example", Ipv4Addr::new(47, 74, 128, 10))?;
    // MD5 of b7e2c91f04d8a356.
    let json = format!(
        "{{\"v\":3,\"ids\":{{\"aid_md5\":\"{ANDROID_ID_MD5}\",\"gaid\":\"5f3e8a1c-9b27-4d60-8e14-c7a92b05d3f6\"}},\"events\":[{{\"name\":\"app_open\",\"n\":{unlock}}}],\"geo\":{{\"lat\":53.561273,\"lon\":9.914682}}}}"
    );
    let body = gzip(json.as_bytes())?;
    let mut request = format!("POST /collect HTTP/1.1\r\nHost: stats.adnet.example\r\nUser-Agent: okhttp/3.10.0\r\nContent-Type: application/octet-stream\r\nContent-Length: {}\r\n\r\n", body.len()).into_bytes();
    request.extend(body);
    talk(net, server, 41_500 + port(unlock), &request, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
}

fn talk(net: &mut Sample, server: Endpoint, port: u16, request: &[u8], answer: &[u8]) -> io::Result<()> {
    let mut conversation = Conversation::new(phone(port), server);
    conversation.open(net)?;
    conversation.send(net, Side::Client, request)?;
    conversation.send(net, Side::Server, answer)?;
    conversation.close(net)
}

fn resolve(net: &mut Sample, name: &str, address: Ipv4Addr) -> io::Result<Endpoint> {
    let resolver = Endpoint::new(ROUTER_MAC, Ipv4Addr::new(192, 168, 43, 1), 53);
    let asker = phone(33_000);
    net.udp(&asker, &resolver, &dns::query(7, name, 1))?;
    net.udp(&resolver, &asker, &dns::response(7, (name, 1), &[(name, dns::Data::A(address))]))?;
    Ok(Endpoint::new(ROUTER_MAC, address, 80))
}

fn phone(port: u16) -> Endpoint {
    Endpoint::new(PHONE_MAC, Ipv4Addr::new(192, 168, 43, 17), port)
}

fn port(unlock: i64) -> u16 {
    u16::try_from(unlock).unwrap_or(0)
}

fn gzip(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    encoder.finish()
}

const PHONE_MAC: [u8; 6] = [0xd0, 0x37, 0x45, 0xab, 0x01, 0x9f];
const ROUTER_MAC: [u8; 6] = [0x9c, 0xc7, 0xa6, 0x5d, 0x21, 0x40];
const ANDROID_ID_MD5: &str = "cedc2b15251286805deb5671b96a0514";
const SECOND: i64 = 1_000_000_000;
/// 18 February 2019, 09:00:00 UTC.
const START: i64 = 1_550_480_400 * SECOND;
