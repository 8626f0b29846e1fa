//! The whole audit on real captures that nobody here made: every identifier of the ground truth found in its
//! frame, no decoy reported, every byte accounted for, the same case for any number of workers.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use std::{
    collections::BTreeMap,
    num::NonZeroUsize,
    path::{Path, PathBuf},
};

use audit::{
    Effort, Meter, Order, audit,
    prove::{CaptureFiles, replay},
};
use evidence::{Case, Direction, IdentifierKind, SightingGroup};
use identifiers::Profile;
use serde_json::Value;

#[test]
fn every_identifier_is_found_without_a_profile_where_its_form_allows() {
    let Some(corpora) = testkit::corpora() else { return };
    for (file, hits) in packet_hits(&ground_truth(&corpora)) {
        let case = run(vec![corpora.join(&file)], None, 2);
        for hit in hits.iter().filter(|hit| !only_with_profile(hit)) {
            assert!(found(&case, hit), "{hit}");
        }
    }
}

#[test]
fn every_identifier_is_found_as_known_with_a_profile() {
    let Some(corpora) = testkit::corpora() else { return };
    for (file, hits) in packet_hits(&ground_truth(&corpora)) {
        let profile = profile_of(&hits);
        let case = run(vec![corpora.join(&file)], Some(profile), 2);
        for hit in &hits {
            let known = |group: &&SightingGroup| group.key.grade > evidence::Grade::Shaped;
            let groups = case.sightings.iter().filter(known);
            assert!(groups.into_iter().any(|group| is_hit(group, hit)), "not known: {hit}");
        }
    }
}

#[test]
fn no_decoy_is_reported() {
    let Some(corpora) = testkit::corpora() else { return };
    let case = run(vec![corpora.join("http/1kxun.pcap")], None, 2);
    let values: Vec<_> =
        case.sightings.iter().map(|group| (group.key.kind, bare(&group.key.value))).collect();
    assert!(!values.iter().any(|(_, value)| value == "0215b2000000"), "an emulator's address");
    assert!(!values.iter().any(|(kind, _)| *kind == IdentifierKind::Imei), "imei=1");
    assert!(!values.iter().any(|(_, value)| value.is_empty()), "an empty parameter");
    let case = run(vec![corpora.join("http/instagram.pcap")], None, 2);
    let numbers = [IdentifierKind::Imei, IdentifierKind::Imsi, IdentifierKind::PhoneNumber];
    let as_number = |group: &SightingGroup| numbers.contains(&group.key.kind);
    assert!(!case.sightings.iter().any(as_number), "digits in the name of a picture");
}

#[test]
fn every_byte_of_every_capture_is_accounted_for() {
    let Some(corpora) = testkit::corpora() else { return };
    for folder in ["http", "decrypt", "flows", "har", "pcapng-format", "hostile"] {
        for file in testkit::files_below(&corpora.join(folder)) {
            let case = run(vec![file.clone()], None, 2);
            let bytes: u64 = case.captures.iter().map(|capture| capture.bytes).sum();
            assert_eq!(case.coverage.total(), bytes, "{}", file.display());
        }
    }
}

#[test]
fn the_case_does_not_depend_on_the_number_of_workers() {
    let Some(corpora) = testkit::corpora() else { return };
    for file in
        ["http/1kxun.pcap", "http/weibo.pcap", "hostile/32b246-bad-dns-traffic.pcap", "flows/diff_data.mitm"]
    {
        let cases = [1, 2, 5].map(|workers| run(vec![corpora.join(file)], None, workers));
        let cases = cases.map(|case| serde_json::to_value(&case).unwrap());
        for other in &cases[1..] {
            assert_eq!(difference(&cases[0], other, file), None);
        }
    }
}

/// Where two documents differ first.
fn difference(one: &Value, other: &Value, at: &str) -> Option<String> {
    match (one, other) {
        (Value::Object(left), Value::Object(right)) if left.len() == right.len() => {
            left.iter().find_map(|(key, value)| difference(value, right.get(key)?, &format!("{at}.{key}")))
        }
        (Value::Array(left), Value::Array(right)) if left.len() == right.len() => (0..)
            .zip(left.iter().zip(right))
            .find_map(|(index, (left, right))| difference(left, right, &format!("{at}[{index}]"))),
        _ if one == other => None,
        _ => Some(format!("{at}: {one:.300} / {other:.300}")),
    }
}

#[test]
fn the_proof_of_every_finding_replays() {
    let Some(corpora) = testkit::corpora() else { return };
    for file in testkit::files_below(&corpora.join("http")) {
        let case = run(vec![file], None, 2);
        let mut captures = CaptureFiles::find(&case.captures, Path::new("."), &[]).unwrap();
        for finding in &case.findings {
            assert!(finding.proof().is_some(), "{}", finding.title);
            for evidence in &finding.evidence {
                let replayed = replay(&evidence.occurrence, &mut captures);
                let replayed = replayed.unwrap_or_else(|error| panic!("{}: {error}", finding.title));
                assert_eq!(captures.check(&replayed.frames).unwrap(), None, "{}", finding.title);
            }
        }
    }
}

#[test]
fn the_address_of_a_page_is_seen_with_and_without_parameters() {
    for page in ["https://news.example/beratung/sucht", "https://news.example/beratung?q=sucht"] {
        let body =
            format!("{{\"events\":[{{\"event\":\"page_load\",\"properties\":{{\"url\":\"{page}\"}}}}]}}");
        let request = format!(
            "POST /sa HTTP/1.1\r\nHost: stats.vendor.example\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let mut net = testkit::Net::new(Vec::new());
        let mut conversation =
            testkit::Conversation::new(testkit::Endpoint::phone(40_000), testkit::Endpoint::server(80));
        conversation.open(&mut net).unwrap();
        conversation.send(&mut net, testkit::Side::Client, request.as_bytes()).unwrap();
        conversation.close(&mut net).unwrap();
        let frames = net.into_wire();
        let frames = frames.iter().map(|frame| (frame.time, frame.bytes.as_slice()));
        let capture = testkit::capture::pcap(testkit::PcapStyle::default(), frames);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("page.pcap");
        std::fs::write(&path, capture).unwrap();
        let case = run(vec![path], None, 1);
        let seen =
            |group: &SightingGroup| group.key.kind == IdentifierKind::Url && group.key.value.contains(page);
        assert!(case.sightings.iter().any(seen), "{page}");
    }
}

fn run(inputs: Vec<PathBuf>, profile: Option<Profile>, workers: usize) -> Case {
    let order = Order {
        keys: Vec::new(),
        inputs,
        profile,
        bill: None,
        store: None,
        atlas: facts::Atlas::embedded(),
        effort: Effort::of(Effort::USUAL),
        workers: NonZeroUsize::new(workers),
        program: "test".into(),
    };
    audit(order, &Meter::default()).expect("an audit without a store cannot fail")
}

fn ground_truth(corpora: &Path) -> Value {
    let text = std::fs::read_to_string(corpora.join("groundtruth/identifiers.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// The rows of packet captures, by file.
fn packet_hits(truth: &Value) -> BTreeMap<String, Vec<Value>> {
    let mut by_file: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for hit in truth["hits"].as_array().unwrap() {
        let file = hit["file"].as_str().unwrap();
        if !file.starts_with("har/") {
            by_file.entry(file.to_owned()).or_default().push(hit.clone());
        }
    }
    by_file
}

/// Rows that nothing gives away but a comparison with the phone's own value: the address of an emulator is
/// listed among the decoys too.
fn only_with_profile(hit: &Value) -> bool {
    hit["value"] == "02:15:B2:00:00:00"
}

fn found(case: &Case, hit: &Value) -> bool {
    case.sightings.iter().any(|group| is_hit(group, hit))
}

/// Whether a group is of the hit's kind and value, and stands in its frame.
fn is_hit(group: &SightingGroup, hit: &Value) -> bool {
    let wanted = bare(hit["value"].as_str().unwrap());
    let seen = bare(&group.key.value);
    let value = !seen.is_empty() && (wanted.contains(&seen) || seen.contains(&wanted))
        || group.proofs.iter().any(|proof| bare(&proof.found).contains(&wanted))
        || wanted.contains(&hex_of(&group.key.value));
    let kinds = kinds(hit["kind"].as_str().unwrap());
    value && kinds.contains(&group.key.kind) && group.key.direction == Direction::Out && in_frame(group, hit)
}

/// The frame is that of the value, or (tshark's choice) the one that completes its message: a few later.
fn in_frame(group: &SightingGroup, hit: &Value) -> bool {
    let Some(frame) = hit["frame"].as_u64() else { return true };
    let near = |at: u64| at <= frame && frame - at <= 3;
    group.proofs.iter().any(|proof| proof.trail.trace(proof.span).iter().any(|(_, at, _)| near(at.0)))
        || group.count > SightingGroup::PROOFS as u64
}

/// What the ground truth's kinds are called here.
fn kinds(kind: &str) -> &'static [IdentifierKind] {
    use IdentifierKind as Kind;
    match kind {
        "advertising_id" => &[Kind::AdvertisingId],
        "android_id" => &[Kind::AndroidId],
        "ap_mac" => &[Kind::Bssid, Kind::WifiMac],
        "carrier_name" => &[Kind::OperatorName],
        "device_guid" | "device_id" | "install_id" => &[Kind::DeviceId, Kind::InstallId],
        "mac" => &[Kind::WifiMac],
        "mcc_mnc" => &[Kind::MccMnc],
        "model" => &[Kind::Model],
        "model_locale_screen" => &[Kind::Model],
        "msisdn" => &[Kind::PhoneNumber],
        "os_version" => &[Kind::OsVersion],
        "person_name_in_hostname" => &[Kind::Hostname],
        "public_ip" => &[Kind::PublicIp],
        other => panic!("the ground truth has a new kind: {other}"),
    }
}

/// A profile that plants the values of the hits.
fn profile_of(hits: &[Value]) -> Profile {
    let mut canaries = BTreeMap::new();
    for hit in hits {
        // What was hashed is planted as it was before.
        let encoding = hit["encoding"].as_str().unwrap();
        let value = encoding.split_once(" of ").map_or(hit["value"].as_str().unwrap(), |(_, plain)| plain);
        let value = value.trim_start_matches("ASCII ");
        // The network name of an old phone is its Android ID with a word before it.
        let value = if hit["kind"] == "android_id" { value.trim_start_matches("android-") } else { value };
        canaries.insert(value.to_owned(), kinds(hit["kind"].as_str().unwrap())[0].id());
    }
    let mut text = String::from("[canaries]\n");
    for (number, (value, kind)) in canaries.iter().enumerate() {
        text.push_str(&format!("v{number} = {{ text = {value:?}, kind = \"{kind}\" }}\n"));
    }
    Profile::parse(&text, &mut |_| Err(String::new())).unwrap_or_else(|errors| panic!("{errors:?}"))
}

/// Letters and digits only, in lower case: how values are compared.
fn bare(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase()
}

fn hex_of(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}
