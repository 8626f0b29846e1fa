//! What there is any number of: listed in part, counted in full, and the same for any number of workers.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{net::Ipv4Addr, num::NonZeroUsize, path::Path};

use audit::{Effort, Meter, Order, audit};
use evidence::{Case, Fate, IdentifierKind, SightingGroup};
use testkit::{Conversation, Endpoint, Net, PcapStyle, PcapWriter, Side};

const PAGES: u64 = 400;
const HOSTS: u64 = 150;

#[test]
fn pages_are_listed_in_part_and_counted_in_full() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pages.pcap");
    std::fs::write(&path, capture((0..PAGES).map(|page| (page, page % 7)))).unwrap();
    let store = folder.path().join("case.sqlite");
    let one = run(&path, Some(&store), 1);
    let pages: Vec<_> = one.sightings.iter().filter(|group| group.key.kind == IdentifierKind::Url).collect();
    let (further, listed): (Vec<&SightingGroup>, Vec<&SightingGroup>) =
        pages.iter().partition(|group| group.key.value == SightingGroup::FURTHER);
    assert_eq!(listed.len(), SightingGroup::LISTED);
    assert!(further.len() > 1, "of several hosts of one receiver");
    let count: u64 = pages.iter().map(|group| group.count).sum();
    assert_eq!(count, PAGES);
    assert!(one.findings.iter().any(|finding| finding.title.starts_with("More than 100 values")));

    let store = rusqlite::Connection::open(store).unwrap();
    let rows: i64 = store.query_row("SELECT count(*) FROM sighting", [], |row| row.get(0)).unwrap();
    assert_eq!(rows.cast_unsigned(), one.totals.sightings, "what is not listed is not in the store");
    for workers in [2, 5] {
        let other = run(&path, None, workers);
        assert_eq!(serde_json::to_value(&one).unwrap(), serde_json::to_value(&other).unwrap());
    }
}

/// One message may say one value any number of times: each is counted, and so many places are kept.
#[test]
fn a_value_said_again_and_again_is_counted_and_kept_in_part() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("again.pcap");
    let body = r#"{"imei":"352099001761481"},"#.repeat(1000);
    std::fs::write(&path, posts(&[body])).unwrap();
    let store = folder.path().join("case.sqlite");
    let case = run(&path, Some(&store), 1);
    let group = case.sightings.iter().find(|group| group.key.kind == IdentifierKind::Imei).unwrap();
    assert_eq!(group.count, 1000);
    let store = rusqlite::Connection::open(store).unwrap();
    let rows: i64 = store.query_row("SELECT count(*) FROM sighting", [], |row| row.get(0)).unwrap();
    assert!((1..=128).contains(&rows), "{rows}");
    let row = case.coverage.rows().into_iter().find(|row| row.reason.contains("more than are kept")).unwrap();
    assert_eq!((row.fate, row.bytes, row.pieces), (Fate::OverLimit, 0, 1));
}

/// Each value of a batch that was escaped twice has the way that it came, and not that of the whole batch.
#[test]
fn a_value_in_escaped_text_is_proved_without_the_text_around_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("escaped.pcap");
    let fields: Vec<String> = (0..100).map(|n| format!(r#""imei{n}":"352099001761481""#)).collect();
    let batch = format!("{{{}}}", fields.join(","));
    let once = serde_json::json!({ "events": batch }).to_string();
    let body = serde_json::json!({ "data": once }).to_string();
    std::fs::write(&path, posts(&[body])).unwrap();
    let case = run(&path, None, 1);
    let groups: Vec<_> =
        case.sightings.iter().filter(|group| group.key.kind == IdentifierKind::Imei).collect();
    assert_eq!(groups.len(), 100);
    for group in groups {
        let proof = &group.proofs[0];
        assert!(!proof.trail.trace(proof.span).is_empty(), "{proof:?}");
        assert!(proof.trail.segments() < 20, "{} segments", proof.trail.segments());
    }
}

fn posts(bodies: &[String]) -> Vec<u8> {
    let mut net = Net::new(PcapWriter::new(Vec::new(), PcapStyle::default()).unwrap());
    let server = Endpoint::new([2, 0, 0x5e, 0, 0, 1], Ipv4Addr::new(198, 51, 100, 1), 80);
    let mut talk = Conversation::new(Endpoint::phone(40_000), server);
    talk.open(&mut net).unwrap();
    for body in bodies {
        let head = format!("POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: {}\r\n\r\n", body.len());
        talk.send(&mut net, Side::Client, (head + body).as_bytes()).unwrap();
    }
    talk.close(&mut net).unwrap();
    net.into_wire().into_inner()
}

#[test]
fn a_page_told_to_many_hosts_is_listed_for_a_few_and_counted_for_all() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hosts.pcap");
    std::fs::write(&path, capture((0..HOSTS).map(|host| (1, host)))).unwrap();
    let one = run(&path, None, 1);
    let pages = one.sightings.iter().filter(|group| group.key.kind == IdentifierKind::Url);
    let (further, listed): (Vec<&SightingGroup>, Vec<&SightingGroup>) =
        pages.partition(|group| group.key.value == SightingGroup::FURTHER);
    assert_eq!(listed.len(), SightingGroup::ENDPOINTS);
    assert_eq!(further.len(), SightingGroup::LISTED);
    let count: u64 = listed.into_iter().chain(further).map(|group| group.count).sum();
    assert_eq!(count, HOSTS);
    for workers in [2, 5] {
        let other = run(&path, None, workers);
        assert_eq!(serde_json::to_value(&one).unwrap(), serde_json::to_value(&other).unwrap());
    }
}

/// Reports of pages visited, each to one of a company's hosts.
fn capture(reports: impl Iterator<Item = (u64, u64)>) -> Vec<u8> {
    let mut net = Net::new(PcapWriter::new(Vec::new(), PcapStyle::default()).unwrap());
    for ((page, host), port) in reports.zip(40_000..) {
        let body = format!(r#"{{"event":"page","url":"https://shop.example/p/{}?ref=home"}}"#, page * 7919);
        let request = format!(
            "POST /v1 HTTP/1.1\r\nHost: h{host}.metrics.example\r\nContent-Type: application/json\r\n\
            Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let server = Ipv4Addr::new(198, 51, 100, host as u8 + 1);
        let phone = Endpoint::phone(port);
        let mut talk = Conversation::new(phone, Endpoint::new([2, 0, 0x5e, 0, 0, 1], server, 80));
        talk.open(&mut net).unwrap();
        talk.send(&mut net, Side::Client, request.as_bytes()).unwrap();
        talk.close(&mut net).unwrap();
    }
    net.into_wire().into_inner()
}

fn run(path: &Path, store: Option<&Path>, workers: usize) -> Case {
    let order = Order {
        keys: Vec::new(),
        inputs: vec![path.to_owned()],
        profile: None,
        bill: None,
        store: store.map(Path::to_owned),
        atlas: facts::Atlas::embedded(),
        effort: Effort::of(Effort::USUAL),
        workers: NonZeroUsize::new(workers),
        program: "test".into(),
    };
    audit(order, &Meter::default()).unwrap()
}
