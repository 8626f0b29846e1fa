//! Prints how fast bodies of several kinds are explored, in megabytes of decoded body per second on one core,
//! so that a change that slows a kind down is seen. Counts the thread's own time where the system tells it. Each kind states how many fields and buffers it must give,
//! so that a fast wrong answer fails.
//!
//! `cargo run --release -p payload --example throughput [KIND]`

#![expect(
    clippy::print_stdout,
    clippy::panic,
    reason = "a program for the terminal that must stop on a wrong answer"
)]

use std::{
    io::Write,
    time::{Duration, Instant},
};

use payload::{Explorer, FieldKind, Hint, Name, Root, RootField};

struct Kind {
    name: &'static str,
    /// What is given.
    body: Vec<u8>,
    /// Bytes that speed is measured in: of the innermost text.
    size: usize,
    media: &'static str,
    /// Fewest fields, and least and most buffers.
    expected: (usize, usize, usize),
}

fn main() {
    let events = events(2000);
    let size = events.len();
    let kinds = vec![
        Kind {
            name: "JSON",
            body: events.clone(),
            size,
            media: "application/json",
            expected: (16_000, 1, 10),
        },
        Kind {
            name: "gzip JSON",
            body: gzip(&events),
            size,
            media: "application/json",
            expected: (16_000, 2, 10),
        },
        Kind { name: "base64 JSON", body: base64(&events), size, media: "", expected: (16_000, 2, 10) },
        Kind {
            name: "form base64 gzip JSON",
            body: form(&base64(&gzip(&events))),
            size,
            media: "",
            expected: (16_000, 4, 10),
        },
        Kind {
            name: "JSON in a JSON string",
            body: quoted(&events),
            size,
            media: "",
            expected: (16_000, 2, 10),
        },
        Kind {
            name: "small JSON",
            body: self::events(2),
            size: self::events(2).len(),
            media: "",
            expected: (16, 1, 2),
        },
        Kind { name: "noise", body: noise(1 << 20), size: 1 << 20, media: "", expected: (1, 1, 2) },
        Kind { name: "small noise", body: noise(200), size: 200, media: "", expected: (1, 1, 2) },
        Kind { name: "web page", body: page(), size: page().len(), media: "text/html", expected: (1, 1, 2) },
        Kind { name: "XML", body: markup(), size: markup().len(), media: "text/xml", expected: (1000, 1, 2) },
        Kind { name: "prose", body: prose(), size: prose().len(), media: "text/plain", expected: (1, 1, 2) },
    ];
    let wanted = std::env::args().nth(1);
    for kind in kinds.iter().filter(|kind| wanted.as_ref().is_none_or(|wanted| wanted == kind.name)) {
        report(kind);
    }
}

fn report(kind: &Kind) {
    let mut explorer = Explorer::default();
    let begin = Instant::now();
    let (start, mut rounds) = (clock(begin), 0);
    while rounds < 3 || begin.elapsed() < Duration::from_millis(900) {
        explore(&mut explorer, kind);
        rounds += 1;
    }
    let spent = clock(begin).saturating_sub(start).as_secs_f64();
    let speed = kind.size as f64 * f64::from(rounds) / spent / 1e6;
    println!("{:24} {speed:7.0} MB/s   {:9} bytes", kind.name, kind.body.len());
}

/// Time of this thread on a processor; where the system does not say, the time since `begin`.
fn clock(begin: Instant) -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanos = told.and_then(|text| text.split(' ').next()?.parse().ok());
    nanos.map_or_else(|| begin.elapsed(), Duration::from_nanos)
}

fn explore(explorer: &mut Explorer, kind: &Kind) {
    let hint = Hint { media: kind.media, coding: "" };
    let field = RootField { name: Name::None, value: 0..kind.body.len(), kind: FieldKind::Body, hint };
    let tree = explorer.explore(vec![Root { bytes: kind.body.as_slice().into(), fields: vec![field] }]);
    let (fields, least, most) = kind.expected;
    if tree.fields.len() < fields || tree.buffers.len() < least || tree.buffers.len() > most {
        panic!("{}: {} fields, {} buffers", kind.name, tree.fields.len(), tree.buffers.len());
    }
    explorer.recycle(tree);
}

/// Telemetry like that of phones, about 400 bytes an event.
fn events(count: usize) -> Vec<u8> {
    let mut text = String::from("[");
    for number in 0..count {
        let comma = if number > 0 { "," } else { "" };
        text.push_str(&format!(
            r#"{comma}{{"_track_id":{number},"time":15864{number:08},"type":"track","event":"page_view","distinct_id":"{:016x}","properties":{{"$os":"Android","$os_version":"9","$model":"Phone X{}","uuid":"0f1e2d3c-4b5a-6978-8796-{number:012}","wifi":true,"network_type":"WIFI","url":"https://www.example.com/articles/{number}/index.html","title":"An article about the number {number}","duration":{}.5}}}}"#,
            number * 7_919_777, number % 10, number % 300
        ));
    }
    text.push(']');
    text.into_bytes()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).unwrap_or_default()
}

fn base64(bytes: &[u8]) -> Vec<u8> {
    let alphabet: Vec<u8> = (b'A'..=b'Z').chain(b'a'..=b'z').chain(b'0'..=b'9').chain(*b"+/").collect();
    let groups = bytes.chunks(3).flat_map(|group| {
        let value =
            (0..3).fold(0_usize, |sum, at| sum << 8 | usize::from(group.get(at).copied().unwrap_or(0)));
        (0..4).map(move |at| (at <= group.len()).then_some((value >> (18 - 6 * at)) & 63))
    });
    groups.map(|sextet| sextet.and_then(|sextet| alphabet.get(sextet).copied()).unwrap_or(b'=')).collect()
}

fn form(base64: &[u8]) -> Vec<u8> {
    let escaped = String::from_utf8_lossy(base64).replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    format!("crc=1&data_list={escaped}").into_bytes()
}

fn quoted(json: &[u8]) -> Vec<u8> {
    let escaped = String::from_utf8_lossy(json).replace('\\', "\\\\").replace('"', "\\\"");
    format!("{{\"data\":\"{escaped}\"}}").into_bytes()
}

fn noise(len: usize) -> Vec<u8> {
    let mut state = 88_172_645_463_325_252_u64;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    (0..len).map(|_| next().to_be_bytes()[3]).collect()
}

fn page() -> Vec<u8> {
    let row = "<div class=\"row item-17\"><a href=\"/articles/index.html?id=17\">A headline about something</a>\
        <p>Some words of text that a person would read, and then some more of them.</p></div>\n";
    format!("<!DOCTYPE html><html><head><title>Page</title></head><body>{}</body></html>", row.repeat(3000))
        .into_bytes()
}

fn markup() -> Vec<u8> {
    let row = "<item id=\"17\" kind=\"x\"><name>Some name</name><value>12345</value></item>\n";
    format!("<?xml version=\"1.0\"?><items>{}</items>", row.repeat(3000)).into_bytes()
}

fn prose() -> Vec<u8> {
    "It was a bright cold day in the capital, and somebody was reading a newspaper on the train.\n"
        .repeat(5000)
        .into_bytes()
}
