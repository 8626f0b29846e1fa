//! Damaged files of flows: what cannot be read is counted as such, and searched as it stands.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may stop where it is wrong"
)]

use evidence::{CaptureId, Fate, Ledger};
use wire::{
    KeyRing,
    entries::{Event, Format, Reader, RecordedFlow},
};

/// What a file holds: its flows, what was odd, and what became of each byte.
struct Told {
    flows: Vec<RecordedFlow>,
    odd: Vec<String>,
    ledger: Ledger,
}

/// Reads a file whole and in small pieces, and fails where that differs, or where bytes are lost.
fn tell(format: Format, file: &[u8]) -> Told {
    let events = events(format, file, file.len());
    for step in [1, 3, 50] {
        assert_eq!(events, self::events(format, file, step), "by {step}");
    }
    let (mut flows, mut odd) = (Vec::new(), Vec::new());
    for event in &events.0 {
        match event {
            Event::Anomaly(anomaly) => odd.push(anomaly.what.to_string()),
            Event::Entry(entry) => flows.push(entry.read(&KeyRing::default())),
            Event::Note(_) => {}
        }
    }
    let mut ledger = events.1;
    for flow in &flows {
        ledger.merge(&flow.ledger);
        odd.extend(flow.anomalies.iter().map(|anomaly| anomaly.what.to_string()));
    }
    let said: u64 = flows.iter().flat_map(|flow| &flow.messages).map(|one| one.stands_for.unwrap()).sum();
    assert_eq!(ledger.total() + said, file.len() as u64, "bytes are lost: {:?}", ledger.rows());
    Told { flows, odd, ledger }
}

fn events(format: Format, file: &[u8], step: usize) -> (Vec<Event>, Ledger) {
    let (mut reader, mut events) = (Reader::new(CaptureId(0), format), Vec::new());
    file.chunks(step.max(1)).for_each(|piece| reader.push(piece, &mut events));
    reader.finish(&mut events);
    (events, reader.ledger())
}

/// Whether a text is in some message.
fn says(flow: &RecordedFlow, text: &str) -> bool {
    flow.messages.iter().any(|one| String::from_utf8_lossy(&one.recorded.bytes).contains(text))
}

impl Told {
    fn says(&self, text: &str) -> bool {
        self.flows.iter().any(|flow| says(flow, text))
    }

    fn unread(&self) -> u64 {
        self.ledger.bytes(Fate::NotParsed)
    }
}

#[test]
fn what_stands_in_the_place_of_an_entry_is_told_of() {
    let nested = format!("{}\"imei=352099001761481\"", "[".repeat(400));
    let rows = [
        (r#"{"log":{"entries":["imei=352099001761481"]}}"#, true),
        (r#"{"log":{"entries":[{"request":{"url":"http://a.example/"}},["imei=352099001761481"]]}}"#, true),
        (r#"{"log":{"entries":[{"comment" "imei=352099001761481"}]}}"#, true),
        (r#"{"log":{"entries":[{"comment":"","imei=352099001761481"#, true),
        (r#"{"log":{"entries":[]}} "imei=352099001761481""#, true),
        (r#"{"log":{"entries":[352099001761481]}}"#, false),
        (r#"{"log":{"entries":[]}} imei=352099001761481"#, false),
        (&*format!(r#"{{"log":{{"entries":[{nested}"#), true),
    ];
    for (file, searched) in rows {
        let told = tell(Format::Har, file.as_bytes());
        assert!(told.unread() >= 15, "{file}: {:?}", told.ledger.rows());
        assert!(!told.odd.is_empty(), "{file}");
        assert_eq!(told.says("352099001761481"), searched, "{file}");
    }
    let sound = r#" {"log":{"pages":[{"id":1}],"entries" : [ {"request":{"url":"http://a.example/"}} , {} ]},"a":2} "#;
    let told = tell(Format::Har, sound.as_bytes());
    assert_eq!((told.unread(), told.flows.len()), (0, 2));
}

/// A netstring of that kind.
fn net(kind: char, value: &str) -> String {
    format!("{}:{value}{kind}", value.len())
}

fn pair(name: &str, value: &str) -> String {
    net(';', name) + value
}

/// A flow that says an IMEI in its path.
fn flow() -> String {
    let request = [
        pair("method", &net(',', "GET")),
        pair("path", &net(',', "/?imei=352099001761481")),
        pair("host", &net(';', "a.example")),
        pair("timestamp_start", &net('^', "1700000000.5")),
    ];
    let parts = [
        pair("type", &net(';', "http")),
        pair("version", &net('#', "21")),
        pair("request", &net('}', &request.concat())),
    ];
    net('}', &parts.concat())
}

#[test]
fn a_flow_whose_length_is_wrong_is_read_all_the_same() {
    let sound = flow();
    let (length, rest) = sound.split_once(':').unwrap();
    let length: usize = length.parse().unwrap();
    for wrong in [0, 1, length - 1, length + 1, length + 7] {
        let broken = format!("{wrong}:{rest}");
        for file in [broken.clone(), format!("{broken}{sound}"), format!("{sound}{broken}")] {
            let told = tell(Format::Mitmproxy, file.as_bytes());
            // One byte less, and the last one is a tag as well: the request reaches out of the flow.
            let whole = wrong != length - 1;
            let text = if whole { "GET /?imei=352099001761481" } else { "/?imei=352099001761481" };
            let said = told.flows.iter().filter(|flow| says(flow, text)).count();
            assert_eq!(said, file.len() / broken.len(), "{wrong}: {:?}", told.odd);
            assert!(!told.odd.is_empty() && (whole || told.unread() > 0), "{wrong}");
        }
    }
}

#[test]
fn a_flow_with_damage_in_it_is_read_so_far_and_searched_behind() {
    let sound = flow();
    let broken = sound.replacen("4:path", "4?path", 1);
    let told = tell(Format::Mitmproxy, broken.as_bytes());
    assert!(told.unread() > 22 && told.says("352099001761481"), "{:?}", told.ledger.rows());
    assert!(told.odd.iter().any(|what| what.contains("no netstring")), "{:?}", told.odd);
    assert_eq!(tell(Format::Mitmproxy, sound.as_bytes()).unread(), 0);
}

#[test]
fn a_line_with_too_few_columns_is_searched() {
    let file = "IPProto,SrcIP,SrcPort,DstIP,DstPort,UID,App\n6,352099001761481\n";
    let told = tell(Format::PcapdroidCsv, file.as_bytes());
    assert_eq!(told.unread(), "6,352099001761481\n".len() as u64);
    assert!(told.says("352099001761481"));
}
