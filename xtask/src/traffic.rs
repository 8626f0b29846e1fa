//! Captures for the benchmarks: a synthetic phone's traffic of any size, with planted values counted.
//!
//! *Bulk*: hundreds of keep-alive connections that carry telemetry (plain, gzip and base64 JSON), pages and
//! images. *Short flows*: a DNS query, one small request, one answer, close; tens of thousands of them. Both again
//! in TLS 1.3, half HTTP/1.1 and half HTTP/2, with a key log; and long connections as QUIC with HTTP/3. Equal seeds give equal bytes.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    net::Ipv4Addr,
    path::{Path, PathBuf},
};

use anyhow::Context;
use flate2::{Compression, write::GzEncoder};
use serde::{Deserialize, Serialize};
use testkit::{Conversation, Dice, Endpoint, Net, PcapStyle, PcapWriter, Side, dns};

mod quic;
mod sealed;

use quic::Quic;
use sealed::{Inner, Request, Sealed};

/// Values planted in one request out of [`PLANTED_EVERY`].
pub(crate) const PLANTED: [(&str, &str); 4] = [
    ("imei", "352099001761481"),
    ("android_id", "b7e2c91f04d8a356"),
    ("wifi_mac", "d0:37:45:ab:01:9f"),
    ("imsi", "262019483715260"),
];

/// One request in this many carries the planted values.
pub(crate) const PLANTED_EVERY: u64 = 50;

/// A kind of capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Long connections.
    Bulk,
    /// A connection and a DNS query for each request.
    Short,
    /// Long connections with TLS.
    Tls,
    /// A connection with TLS and a DNS query for each request.
    TlsShort,
    /// Long connections with QUIC.
    Quic,
}

impl Kind {
    /// All of them.
    pub(crate) const ALL: [Self; 5] = [Self::Bulk, Self::Short, Self::Tls, Self::TlsShort, Self::Quic];

    /// Whether a key log goes with it.
    pub(crate) fn is_sealed(self) -> bool {
        matches!(self, Self::Tls | Self::TlsShort | Self::Quic)
    }

    /// The name that files begin with.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Bulk => "bulk",
            Self::Short => "short",
            Self::Tls => "tls",
            Self::TlsShort => "tls-short",
            Self::Quic => "quic",
        }
    }

    /// How large it is where the bulk one has so many bytes.
    pub(crate) fn size(self, bulk: u64) -> u64 {
        match self {
            Self::Bulk => bulk,
            Self::Short | Self::TlsShort => bulk / 10 * 3,
            Self::Tls => bulk / 2,
            Self::Quic => bulk / 20,
        }
    }

    /// Writes the capture, and its key log.
    fn write(self, path: &Path, keys: &Path, size: u64) -> io::Result<Made> {
        let sealed = |write: Sealing| {
            let mut keys = BufWriter::new(File::create(keys)?);
            let made = write(path, &mut keys, size)?;
            keys.flush()?;
            Ok(made)
        };
        match self {
            Self::Bulk => bulk(path, size),
            Self::Short => short_flows(path, size),
            Self::Tls => sealed(tls),
            Self::TlsShort => sealed(short_tls_flows),
            Self::Quic => sealed(quic),
        }
    }
}

type KeyLog = BufWriter<File>;
type Sealing = fn(&Path, &mut KeyLog, u64) -> io::Result<Made>;

/// What a generated capture holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Made {
    /// DNS queries, each answered.
    pub(crate) queries: u64,
    /// HTTP requests.
    pub(crate) requests: u64,
    /// Of those, with planted values.
    pub(crate) planted: u64,
    /// Bytes of the file.
    pub(crate) bytes: u64,
}

/// The capture at this path, of this kind and about `size` bytes. It is made unless it is there already; a
/// note beside it (`bulk.pcap.json`) says what it holds.
pub(crate) fn capture(path: &Path, kind: Kind, size: u64) -> anyhow::Result<Made> {
    let note = beside(path, "json");
    if let Some(made) = noted(path, &note, size) {
        return Ok(made);
    }
    println!("making {} …", path.display());
    // Under another name until it is whole, so that nobody reads half of it.
    let part = beside(path, "part");
    let made = kind.write(&part, &keys(path), size).with_context(|| format!("writing {}", part.display()))?;
    fs::rename(&part, path).with_context(|| format!("renaming {}", part.display()))?;
    let text = serde_json::to_string_pretty(&Note { recipe: RECIPE, size, made })?;
    fs::write(&note, text).with_context(|| format!("writing {}", note.display()))?;
    Ok(made)
}

/// What lies beside a capture.
#[derive(Serialize, Deserialize)]
struct Note {
    recipe: u32,
    size: u64,
    made: Made,
}

/// What the capture holds, if it is the one that would be made now.
fn noted(path: &Path, note: &Path, size: u64) -> Option<Made> {
    let note: Note = serde_json::from_slice(&fs::read(note).ok()?).ok()?;
    let there = fs::metadata(path).ok()?.len();
    (note.recipe == RECIPE && note.size == size && note.made.bytes == there).then_some(note.made)
}

/// Where the key log of a capture lies.
pub(crate) fn keys(capture: &Path) -> PathBuf {
    capture.with_extension("keys")
}

/// Writes a key log of so many lines that open none of our captures.
pub(crate) fn other_keys(path: &Path, lines: u64) -> io::Result<()> {
    let mut keys = BufWriter::new(File::create(path)?);
    sealed::other_lines(lines, &mut Dice::new(9), &mut keys)?;
    keys.flush()
}

fn beside(path: &Path, extension: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(extension);
    name.into()
}

/// Writes a capture of about `size` bytes with long connections.
fn bulk(path: &Path, size: u64) -> io::Result<Made> {
    let mut made = Made::default();
    let mut dice = Dice::new(1);
    let mut sequences = Dice::new(3);
    let mut net = net(path)?;
    let image = dice.bytes(48 << 10);
    let page = page(&mut dice);
    let mut open: Vec<Conversation> = Vec::new();
    let mut port = 20_000;
    while net.wire().written() < size {
        if open.len() < CONNECTIONS {
            port = if port >= 60_000 { 20_000 } else { port + 1 };
            let mut conversation = conversation(port, server(dice.below(200), 80), &mut sequences);
            conversation.open(&mut net)?;
            open.push(conversation);
        }
        let place = usize::try_from(dice.below(open.len() as u64)).unwrap_or(0);
        let Some(conversation) = open.get_mut(place) else { continue };
        exchange(&mut net, conversation, &mut dice, &mut made, (&image, &page))?;
        if dice.once_in(40) {
            open.swap_remove(place).close(&mut net)?;
        }
    }
    for mut conversation in open {
        conversation.close(&mut net)?;
    }
    finish(net, made)
}

/// Writes a capture of about `size` bytes with a new connection, and a DNS query, for each request.
fn short_flows(path: &Path, size: u64) -> io::Result<Made> {
    let mut made = Made::default();
    let mut dice = Dice::new(2);
    let mut sequences = Dice::new(4);
    let mut net = net(path)?;
    let mut port = 20_000;
    while net.wire().written() < size {
        port = if port >= 60_000 { 20_000 } else { port + 1 };
        let number = dice.below(2000);
        let name = resolve(&mut net, port, number, &mut dice)?;
        let server = server(number, 80);
        made.queries += 1;
        let mut conversation = conversation(port, server, &mut sequences);
        conversation.open(&mut net)?;
        let values = planted(&mut made);
        let request = format!(
            "GET /v1/ping?n={}&q={}{values} HTTP/1.1\r\nHost: {name}\r\nUser-Agent: Dalvik/2.1.0 (Linux; U; Android 9; TA-1046)\r\nAccept: */*\r\n\r\n",
            made.requests,
            dice.roll(),
        );
        conversation.send(&mut net, Side::Client, request.as_bytes())?;
        let body = dice.bytes(200).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let answer = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        conversation.send(&mut net, Side::Server, answer.as_bytes())?;
        conversation.close(&mut net)?;
    }
    finish(net, made)
}

/// Writes a capture of about `size` bytes with long connections in TLS.
fn tls(path: &Path, keys: &mut KeyLog, size: u64) -> io::Result<Made> {
    let mut made = Made::default();
    let (mut dice, mut sequences) = (Dice::new(5), Dice::new(6));
    let mut net = net(path)?;
    let image = dice.bytes(48 << 10);
    let page = page(&mut dice);
    let mut open: Vec<Sealed> = Vec::new();
    let mut port = 20_000;
    while net.wire().written() < size {
        if open.len() < CONNECTIONS {
            port = if port >= 60_000 { 20_000 } else { port + 1 };
            let number = dice.below(200);
            let talk = conversation(port, server(number, 443), &mut sequences);
            let inner = if dice.once_in(2) { Inner::One } else { Inner::Two };
            let host = format!("c{number}.metrics.example");
            open.push(Sealed::open(&mut net, talk, (&host, inner), (&mut dice, keys))?);
        }
        let place = usize::try_from(dice.below(open.len() as u64)).unwrap_or(0);
        let Some(sealed) = open.get_mut(place) else { continue };
        let telemetry = telemetry(&mut dice, &mut made)?;
        sealed.exchange(&mut net, &telemetry.request(), telemetry.answer(&image, &page))?;
        if dice.once_in(40) {
            open.swap_remove(place).close(&mut net)?;
        }
    }
    for mut sealed in open {
        sealed.close(&mut net)?;
    }
    finish(net, made)
}

/// Writes a capture of about `size` bytes with long connections in QUIC.
fn quic(path: &Path, keys: &mut KeyLog, size: u64) -> io::Result<Made> {
    let mut made = Made::default();
    let mut dice = Dice::new(10);
    let mut net = net(path)?;
    let image = dice.bytes(48 << 10);
    let page = page(&mut dice);
    let mut open: Vec<Quic> = Vec::new();
    let mut port = 20_000;
    while net.wire().written() < size {
        if open.len() < CONNECTIONS {
            port = if port >= 60_000 { 20_000 } else { port + 1 };
            let number = dice.below(200);
            let host = format!("c{number}.metrics.example");
            open.push(Quic::open(&mut net, [phone(port), server(number, 443)], &host, (&mut dice, keys))?);
        }
        let place = usize::try_from(dice.below(open.len() as u64)).unwrap_or(0);
        let Some(quic) = open.get_mut(place) else { continue };
        let telemetry = telemetry(&mut dice, &mut made)?;
        quic.exchange(&mut net, &telemetry.request(), telemetry.answer(&image, &page))?;
        if dice.once_in(40) {
            open.swap_remove(place).close(&mut net)?;
        }
    }
    for mut quic in open {
        quic.close(&mut net)?;
    }
    finish(net, made)
}

/// A batch of events on its way, and which answer it gets.
struct Telemetry {
    path: String,
    coding: &'static str,
    body: Vec<u8>,
    answer: u64,
}

/// The next batch, with the planted values where it is their turn.
fn telemetry(dice: &mut Dice, made: &mut Made) -> io::Result<Telemetry> {
    let values = planted(made);
    let events = events(dice, &values);
    let (coding, body) = if dice.once_in(4) { ("", events) } else { ("gzip", gzip(&events)?) };
    Ok(Telemetry { path: format!("/collect/v2/{}", made.requests), coding, body, answer: dice.below(5) })
}

impl Telemetry {
    fn request(&self) -> Request<'_> {
        Request { path: &self.path, media: "application/json", coding: self.coding, body: &self.body }
    }

    fn answer<'a>(&self, image: &'a [u8], page: &'a [u8]) -> (&'static str, &'a [u8]) {
        match self.answer {
            0 | 1 => ("text/html", page),
            2 | 3 => ("application/json", b"{\"code\":0}"),
            _ => ("image/jpeg", image),
        }
    }
}

/// Writes a capture of about `size` bytes with a new connection in TLS, and a DNS query, for each request.
fn short_tls_flows(path: &Path, keys: &mut KeyLog, size: u64) -> io::Result<Made> {
    let mut made = Made::default();
    let (mut dice, mut sequences) = (Dice::new(7), Dice::new(8));
    let mut net = net(path)?;
    let mut port = 20_000;
    while net.wire().written() < size {
        port = if port >= 60_000 { 20_000 } else { port + 1 };
        let number = dice.below(2000);
        let name = resolve(&mut net, port, number, &mut dice)?;
        made.queries += 1;
        let inner = if dice.once_in(2) { Inner::One } else { Inner::Two };
        let talk = conversation(port, server(number, 443), &mut sequences);
        let mut sealed = Sealed::open(&mut net, talk, (&name, inner), (&mut dice, keys))?;
        let values = planted(&mut made);
        let path = format!("/v1/ping?n={}&q={}{values}", made.requests, dice.roll());
        let body = dice.bytes(200).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let request = Request { path: &path, media: "", coding: "", body: &[] };
        sealed.exchange(&mut net, &request, ("text/plain", body.as_bytes()))?;
        sealed.close(&mut net)?;
    }
    finish(net, made)
}

/// A query for a host's name, from that port, and its answer. Gives the name.
fn resolve(net: &mut File_, port: u16, number: u64, dice: &mut Dice) -> io::Result<String> {
    let resolver = Endpoint::new([2, 0, 0, 0, 0, 1], Ipv4Addr::new(192, 168, 43, 1), 53);
    let name = format!("h{number}.telemetry.example");
    let id = u16::try_from(dice.below(65_536)).unwrap_or(0);
    net.udp(&phone(port), &resolver, &dns::query(id, &name, 1))?;
    let answer = [(name.as_str(), dns::Data::A(server_address(number)))];
    net.udp(&resolver, &phone(port), &dns::response(id, (&name, 1), &answer))?;
    Ok(name)
}

type File_ = Net<PcapWriter<BufWriter<File>>>;

fn net(path: &Path) -> io::Result<File_> {
    let writer =
        PcapWriter::new(BufWriter::with_capacity(1 << 20, File::create(path)?), PcapStyle::default())?;
    let mut net = Net::new(writer);
    net.set_time(1_700_000_000_000_000_000);
    net.set_tick(100_000);
    Ok(net)
}

fn finish(net: File_, mut made: Made) -> io::Result<Made> {
    let writer = net.into_wire();
    made.bytes = writer.written();
    writer.into_inner().flush()?;
    Ok(made)
}

fn phone(port: u16) -> Endpoint {
    Endpoint::new([0xd0, 0x37, 0x45, 0xab, 0x01, 0x9f], Ipv4Addr::new(192, 168, 43, 17), port)
}

/// A connection with initial sequence numbers of its own: a later one between the same ports is no repetition.
fn conversation(port: u16, server: Endpoint, sequences: &mut Dice) -> Conversation {
    let (client_first, server_first) = (sequences.below(1 << 32), sequences.below(1 << 32));
    let sequence = |first: u64| u32::try_from(first).unwrap_or(0);
    Conversation::new(phone(port), server).with_sequences(sequence(client_first), sequence(server_first))
}

/// One of many servers, in the networks set aside for documentation and benchmarks.
fn server(number: u64, port: u16) -> Endpoint {
    Endpoint::new([2, 0, 0, 0, 0, 1], server_address(number), port)
}

fn server_address(number: u64) -> Ipv4Addr {
    let number = u32::try_from(number).unwrap_or(0);
    Ipv4Addr::from_bits(Ipv4Addr::new(198, 18, 0, 0).to_bits() + 256 + number)
}

/// The planted values as a query, in one request out of many.
fn planted(made: &mut Made) -> String {
    made.requests += 1;
    if !made.requests.is_multiple_of(PLANTED_EVERY) {
        return String::new();
    }
    made.planted += 1;
    PLANTED.iter().map(|(name, value)| format!("&{name}={}", value.replace(':', "%3A"))).collect()
}

fn exchange(
    net: &mut File_,
    conversation: &mut Conversation,
    dice: &mut Dice,
    made: &mut Made,
    (image, page): (&[u8], &[u8]),
) -> io::Result<()> {
    let values = planted(made);
    let events = events(dice, &values);
    let (kind, body, answer, media): (&str, Vec<u8>, &[u8], &str) = match dice.below(5) {
        0 => ("application/json", events, page, "text/html"),
        1 => ("application/json\r\nContent-Encoding: gzip", gzip(&events)?, page, "text/html"),
        2 => ("application/x-www-form-urlencoded", form(&events), b"{\"code\":0}", "application/json"),
        3 => {
            ("application/x-www-form-urlencoded", form(&gzip(&events)?), b"{\"code\":0}", "application/json")
        }
        _ => ("application/json", events, image, "image/jpeg"),
    };
    let number = made.requests;
    let mut request = format!(
        "POST /collect/v2/{number} HTTP/1.1\r\nHost: c{}.metrics.example\r\nUser-Agent: okhttp/4.9.1\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n",
        number % 200,
        body.len()
    )
    .into_bytes();
    request.extend(body);
    conversation.send(net, Side::Client, &request)?;
    let mut response =
        format!("HTTP/1.1 200 OK\r\nContent-Type: {media}\r\nContent-Length: {}\r\n\r\n", answer.len())
            .into_bytes();
    response.extend_from_slice(answer);
    conversation.send(net, Side::Server, &response)
}

/// A batch of telemetry events, some twenty kilobytes of JSON.
fn events(dice: &mut Dice, values: &str) -> Vec<u8> {
    let mut out = String::from("{\"batch\":[");
    for number in 0..40 {
        if number > 0 {
            out.push(',');
        }
        let (time, session, length) =
            (1_700_000_000_000 + dice.below(1_000_000_000), dice.roll(), dice.below(90_000));
        let page = dice.below(5000);
        out.push_str(&format!(
            "{{\"event\":\"view_page\",\"time\":{time},\"session\":\"{session:016x}\",\"properties\":{{\"url\":\"https://shop.example/p/{page}?ref=home\",\"title\":\"Item number {page}\",\"duration\":{length},\"os\":\"Android\",\"app_version\":\"12.4.{}\",\"network\":\"wifi\"}}}}",
            page % 10
        ));
    }
    out.push_str("],\"device\":{");
    let pairs = values.split('&').filter_map(|pair| pair.split_once('='));
    let fields: Vec<_> =
        pairs.map(|(name, value)| format!("\"{name}\":\"{}\"", value.replace("%3A", ":"))).collect();
    out.push_str(&fields.join(","));
    out.push_str("}}");
    out.into_bytes()
}

fn page(dice: &mut Dice) -> Vec<u8> {
    let mut out = String::from("<!doctype html><html><head><title>Shop</title></head><body>");
    for _ in 0..400 {
        out.push_str(&format!(
            "<li class=\"item\"><a href=\"/p/{}\">Item number {}</a></li>\n",
            dice.below(5000),
            dice.below(5000)
        ));
    }
    out.push_str("</body></html>");
    out.into_bytes()
}

fn gzip(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes)?;
    encoder.finish()
}

/// A form with the bytes in base64, percent-encoded as browsers do.
fn form(bytes: &[u8]) -> Vec<u8> {
    let encoded = base64(bytes).replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    format!("gzip=1&data_list={encoded}").into_bytes()
}

/// Standard base64 with padding.
pub(crate) fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len() / 3 * 4 + 4);
    for group in bytes.chunks(3) {
        let bits =
            group.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        for place in 0..4 {
            let index = (bits >> (18 - 6 * place)) & 63;
            let letter = ALPHABET.get(index as usize).filter(|_| place <= group.len());
            out.push(letter.map_or('=', |letter| char::from(*letter)));
        }
    }
    out
}

/// Raised when the captures change, so that old ones are made anew.
const RECIPE: u32 = 2;
/// Connections open at once.
const CONNECTIONS: usize = 300;

#[cfg(test)]
mod tests {
    use super::*;

    /// What the note says is what the file holds; the short requests are never cut or encoded.
    #[test]
    fn captures_hold_what_their_notes_say() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("short.pcap");
        let made = capture(&path, Kind::Short, 400_000).unwrap();
        let bytes = fs::read(&path).unwrap();
        let count =
            |text: &str| bytes.windows(text.len()).filter(|window| *window == text.as_bytes()).count() as u64;
        assert_eq!(made.bytes, bytes.len() as u64);
        assert_eq!(made.requests, count("GET /v1/ping?n="));
        assert_eq!(made.queries, made.requests);
        assert!(made.planted >= 4, "{made:?}");
        for (_, value) in PLANTED {
            assert_eq!(made.planted, count(&value.replace(':', "%3A")), "{value}");
        }
    }

    #[test]
    fn a_capture_that_is_there_is_kept_and_another_one_is_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bulk.pcap");
        let made = capture(&path, Kind::Bulk, 100_000).unwrap();
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, vec![0; bytes.len()]).unwrap();
        assert_eq!(capture(&path, Kind::Bulk, 100_000).unwrap(), made);
        assert_eq!(fs::read(&path).unwrap(), vec![0; bytes.len()], "was made again");
        fs::write(&path, b"damaged").unwrap();
        assert_eq!(capture(&path, Kind::Bulk, 100_000).unwrap(), made);
        assert_eq!(fs::read(&path).unwrap(), bytes, "equal seeds give equal bytes");
        assert!(capture(&path, Kind::Bulk, 200_000).unwrap().bytes >= 200_000);
    }
}
