//! Files of flows: what other readers find in real ones is what we find; a dump and its export say the same;
//! what is planted in them is found, and its proof runs again.

#![expect(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::BTreeSet,
    fs,
    io::Write,
    num::NonZeroUsize,
    path::{Path, PathBuf},
};

use audit::{
    Effort, Meter, Order, audit,
    prove::{CaptureFiles, replay},
};
use evidence::{Case, Fate, FrameNo, Source, Step};
use identifiers::Profile;
use serde_json::Value;
use sha2::{Digest, Sha256};
use wire::{
    Body, Head, HttpHead, KeyRing, Message, Sender,
    entries::{BEGINNING, Event, Format, Reader, RecordedFlow},
};

#[test]
fn har_files_hold_what_another_reader_finds_in_them() {
    let Some(corpora) = testkit::corpora() else { return };
    for name in ["charles", "chrome", "postdata", "with-bom"] {
        let folder = corpora.join("har");
        let expected: Value =
            serde_json::from_slice(&fs::read(folder.join(format!("{name}.json"))).unwrap()).unwrap();
        let flows = flows(&folder.join(format!("{name}.har")));
        let expected = expected.as_array().unwrap();
        assert_eq!(flows.len(), expected.len(), "{name}");
        for (flow, expected) in flows.iter().zip(expected) {
            let [request, response] =
                [Sender::Originator, Sender::Responder].map(|sender| http(flow, sender));
            let (wanted, answer) = (&expected["request"], &expected["response"]);
            let (head, body) = request.unwrap();
            assert_eq!(head.method, wanted["method"].as_str().unwrap());
            assert_eq!(head.target, wanted["path"].as_str().unwrap());
            assert_eq!(flow.server_name, wanted["host"].as_str().unwrap());
            assert_eq!(u64::from(flow.info.responder.1), wanted["port"].as_u64().unwrap());
            assert_eq!(hash(body), wanted["contentHash"].as_str().unwrap(), "{name}: request");
            let seconds = flow.info.first.0 as f64 / 1e9;
            let began = wanted["timestamp_start"].as_f64().unwrap();
            // The other reader makes floating-point numbers of times.
            assert!((seconds - began).abs() < 0.001, "{name}: {seconds} {began}");
            // Where there was no answer, the other reader makes one with status 0.
            let (status, body) = response.map_or((0, &[][..]), |(head, body)| (head.status, body));
            assert_eq!(u64::from(status), answer["status_code"].as_u64().unwrap(), "{name}");
            assert_eq!(hash(body), answer["contentHash"].as_str().unwrap(), "{name}: response");
        }
    }
}

/// Bodies of an export are decoded, those of the dump are as they were sent.
#[test]
fn a_dump_and_its_export_say_the_same() {
    let Some(corpora) = testkit::corpora() else { return };
    let mut compared = 0;
    for name in ["corrupted_gzip_body", "diff_data", "error_log", "websocket"] {
        let of = |ending: &str| flows(&corpora.join("flows").join(format!("{name}.{ending}")));
        let is_http =
            |flow: &&RecordedFlow| flow.messages.iter().any(|one| matches!(one.head, Head::Http(_)));
        let (dump, export) = (of("mitm"), of("har"));
        // The exporter passes flows over that are not HTTP.
        let dump: Vec<_> = dump.iter().filter(is_http).collect();
        assert_eq!(dump.len(), export.len(), "{name}");
        for (one, other) in dump.into_iter().zip(&export) {
            for sender in [Sender::Originator, Sender::Responder] {
                let (one, other) = (http(one, sender), http(other, sender));
                let (Some((head, body)), Some((exported, text))) = (one, other) else {
                    assert!(one.is_none() && other.is_none(), "{name}: only one of them has a message");
                    continue;
                };
                let facts = |head: &HttpHead| {
                    (head.method.clone(), head.target.clone(), head.host.clone(), head.status)
                };
                assert_eq!(facts(head), facts(exported), "{name}");
                assert_eq!(decoded(head, body), text, "{name}: {} {}", head.host, head.target);
                compared += 1;
            }
            assert_eq!(one.info.first.0 / 1_000_000, other.info.first.0 / 1_000_000, "{name}");
            assert_eq!(messages_of_web_sockets(one), messages_of_web_sockets(other), "{name}");
        }
    }
    assert!(compared > 15, "{compared}");
}

#[test]
fn dumps_of_every_age_are_read() {
    let Some(corpora) = testkit::corpora() else { return };
    let rows = [
        ("dumpfile-011.mitm", "HTTP/1", "example.com", "/", 200, 1270),
        ("dumpfile-018.mitm", "HTTP/1", "www.example.com", "/", 200, 1270),
        ("dumpfile-19.mitm", "HTTP/3", "cloudflare-quic.com", "/", 200, 125_959),
    ];
    for (file, protocol, host, target, status, body) in rows {
        let flows = flows(&corpora.join("flows").join(file));
        let (request, _) = http(&flows[0], Sender::Originator).unwrap();
        let (response, bytes) = http(&flows[0], Sender::Responder).unwrap();
        assert_eq!((request.host.as_str(), request.target.as_str()), (host, target), "{file}");
        assert_eq!((response.status, bytes.len()), (status, body), "{file}");
        assert!(
            flows[0].messages.iter().any(|message| message.protocol == protocol && message.seal.is_some())
        );
    }
    let flows = flows(&corpora.join("flows/dumpfile-7-websocket.mitm"));
    let said: Vec<_> = flows.iter().flat_map(messages_of_web_sockets).collect();
    assert!(
        said.iter()
            .any(|(sender, text)| *sender == Sender::Originator && text == b"Rock it with HTML5 WebSocket")
    );
}

/// What another tool finds in an app's traffic with an adapter for each company is found without one, as values
/// of the profile. Values that are too short to be looked for are left out.
#[test]
fn values_that_another_tool_finds_are_found() {
    let Some(corpora) = testkit::corpora() else { return };
    let tool: Value = serde_json::from_slice(&fs::read(corpora.join("har/trackhar.json")).unwrap()).unwrap();
    let mut wanted = BTreeSet::new();
    for (number, values) in (1..).zip(tool.as_array().unwrap()) {
        for value in values.as_array().into_iter().flatten() {
            let value = match &value["value"] {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            if value.len() >= 8 {
                wanted.insert((number, value));
            }
        }
    }
    let values: BTreeSet<_> = wanted.iter().map(|(_, value)| value).collect();
    let mut profile = String::from("[canaries]\n");
    for (number, value) in values.iter().enumerate() {
        profile.push_str(&format!("v{number} = {{ text = {value:?} }}\n"));
    }
    let case = run(vec![corpora.join("har/traffic.har.json")], Some(&profile), 2);
    for (entry, value) in &wanted {
        let found = case.sightings.iter().filter(|group| group.key.value == *value);
        let mut entries = found.flat_map(|group| &group.proofs).map(|proof| proof.frame);
        assert!(entries.any(|frame| frame == FrameNo(*entry)), "{value} in entry {entry}");
    }
    assert!(wanted.len() > 20, "{}", wanted.len());
}

#[test]
fn a_value_deep_in_a_body_is_found_and_its_proof_ends_in_the_entry() {
    let folder = tempfile::tempdir().unwrap();
    let har = folder.path().join("flows.har");
    fs::write(&har, planted()).unwrap();
    let packed = folder.path().join("flows.har.gz");
    let mut gzip =
        flate2::write::GzEncoder::new(fs::File::create(&packed).unwrap(), flate2::Compression::fast());
    gzip.write_all(planted().as_bytes()).unwrap();
    gzip.finish().unwrap();
    for (path, format) in [(har, "HAR"), (packed, "HAR in gzip")] {
        let case = run(vec![path], Some(PROFILE), 2);
        assert_eq!((case.captures[0].format.as_str(), case.captures[0].frames), (format, 2));
        assert_eq!(case.coverage.total(), case.captures[0].bytes);
        let finding =
            case.findings.iter().find(|finding| finding.title.contains("IMEI")).expect("no finding");
        let mut files = CaptureFiles::find(&case.captures, Path::new("."), &[]).unwrap();
        for evidence in &finding.evidence {
            let trail = &evidence.occurrence.trail;
            let replayed = replay(&evidence.occurrence, &mut files).unwrap();
            assert_eq!(files.check(&replayed.frames).unwrap(), None);
            assert_eq!(files.unheld([trail].into_iter()).unwrap(), BTreeSet::new());
            assert!(replayed.frames.iter().all(|(_, frame, _)| *frame == FrameNo(2)));
        }
        let trail = &finding.proof().unwrap().occurrence.trail;
        let steps: Vec<_> = trail.buffers.iter().map(|buffer| &buffer.step).collect();
        let decoders = ["base64", "gzip"].map(|name| Step::Decode(name.to_owned()));
        assert!(decoders.iter().all(|decoder| steps.contains(&decoder)), "{steps:?}");
        // An entry does not hold what lies in another one.
        let mut forged = trail.clone();
        for segment in forged.buffers.iter_mut().flat_map(|buffer| &mut buffer.segments) {
            if let Source::Frame { frame, .. } = &mut segment.source {
                *frame = FrameNo(1);
            }
        }
        assert_eq!(files.unheld([&forged].into_iter()).unwrap().len(), 1);
    }
}

#[test]
fn flows_and_packets_are_one_case_whatever_the_number_of_workers() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../corpus");
    let folder = tempfile::tempdir().unwrap();
    for file in ["http/identifiers.pcap", "har/chrome.har", "mitmproxy/v21.mitm", "pcapdroid/connections.csv"]
    {
        let name = Path::new(file).file_name().unwrap();
        fs::copy(corpus.join(file), folder.path().join(name)).unwrap();
    }
    let cases = [1, 2, 5].map(|workers| run(vec![folder.path().to_owned()], Some(PROFILE), workers));
    // The table has a line that is none.
    let problems: Vec<_> = cases[0].problems.iter().map(|problem| problem.problem.as_str()).collect();
    let damaged = "is damaged: 13 of its 742 bytes could not be read as flows; the coverage tells of them";
    assert_eq!(problems, [damaged]);
    let formats: BTreeSet<_> = cases[0].captures.iter().map(|capture| capture.format.as_str()).collect();
    assert_eq!(formats, BTreeSet::from(["HAR", "PCAPdroid CSV", "mitmproxy flows", "pcap"]));
    let imei: Vec<_> =
        cases[0].sightings.iter().filter(|group| group.key.value == "352099001761481").collect();
    let captures: BTreeSet<_> =
        imei.iter().flat_map(|group| &group.proofs).map(|proof| proof.exchange.flow.capture).collect();
    assert_eq!(captures.len(), 4, "the value is in every file");
    assert!(imei.iter().any(|group| group.key.app == "Tracker"), "the app is told");
    let [one, others @ ..] = cases.map(|case| serde_json::to_value(&case).unwrap());
    others.iter().for_each(|other| assert!(one == *other, "the case depends on the workers"));
}

/// PCAPdroid tells the app behind each packet: in pcap files behind the packet, in pcapng files in a comment.
#[test]
fn packets_tell_their_app() {
    let mut net = testkit::Net::new(Vec::new());
    let mut talk =
        testkit::Conversation::new(testkit::Endpoint::phone(40_000), testkit::Endpoint::server(80));
    talk.open(&mut net).unwrap();
    let request = b"GET /?imei=352099001761481 HTTP/1.1\r\nHost: api.vendor.example\r\n\r\n";
    talk.send(&mut net, testkit::Side::Client, request).unwrap();
    talk.close(&mut net).unwrap();
    let frames = net.into_wire();

    let trailer = [
        &0x0107_2021_u32.to_be_bytes()[..],
        &10_123_i32.to_be_bytes(),
        b"Vendor News\0\0\0\0\0\0\0\0\0",
        &[0; 4],
    ];
    let longer: Vec<_> = frames
        .iter()
        .map(|frame| (frame.time, [frame.bytes.as_slice(), &trailer.concat()].concat()))
        .collect();
    let longer = longer.iter().map(|(time, bytes)| (*time, bytes.as_slice()));
    let pcap = testkit::capture::pcap(testkit::PcapStyle::default(), longer);

    let mut pcapng = testkit::capture::PcapngWriter::new(Vec::new(), false).unwrap();
    let names = [
        &62_652_u32.to_le_bytes()[..],
        &[1, 0, 1, 0],
        &10_123_i32.to_le_bytes(),
        &[11, 6],
        b"vendor.newsVendor",
    ];
    let names = names.concat();
    pcapng.block(0x0bad, &names[..names.len()]).unwrap();
    for frame in &frames {
        pcapng.frame(0, frame.time, &frame.bytes, &[(1, b"u-10123")]).unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes, app) in
        [("a.pcap", pcap, "Vendor News"), ("a.pcapng", pcapng.into_inner(), "vendor.news")]
    {
        let path = folder.path().join(name);
        fs::write(&path, &bytes).unwrap();
        let case = run(vec![path], Some(PROFILE), 2);
        let group = case.sightings.iter().find(|group| group.key.value == "352099001761481").unwrap();
        assert_eq!(group.key.app, app, "{name}");
        assert_eq!(case.coverage.total(), bytes.len() as u64, "{name}");
        let notes = case.captures[0].notes.iter();
        assert!(
            !notes.into_iter().any(|note| note.contains("u-10123")),
            "a comment for each frame is no note"
        );
    }
}

#[test]
fn what_is_no_file_of_flows_is_said_to_be_none() {
    let folder = tempfile::tempdir().unwrap();
    let rows = [
        ("other.har", "{\"entries\": []}", Some("no pcap or pcapng capture")),
        ("empty.har", "{\"log\": {\"entries\": []}}", None),
        ("list.har", "[{\"log\": {}}]", Some("no pcap or pcapng capture")),
    ];
    for (name, text, problem) in rows {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        let case = run(vec![path], None, 1);
        assert_eq!(case.coverage.total(), text.len() as u64, "{name}");
        let problems: Vec<_> = case.problems.iter().map(|problem| problem.problem.as_str()).collect();
        assert_eq!(problems.len(), usize::from(problem.is_some()), "{name}: {problems:?}");
        assert!(problem.is_none_or(|words| problems[0].contains(words)), "{name}: {problems:?}");
    }
}

/// Two entries, the second with a device number in JSON in gzip in base64.
fn planted() -> String {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(br#"{"device":{"imei":"352099001761481"}}"#).unwrap();
    let base64 = base64(&gzip.finish().unwrap());
    // As PHP and others write it: with a backslash before each slash.
    let base64 = base64.replace('/', "\\/");
    let entry = |url: &str, post: &str| {
        format!(
            r#"{{"startedDateTime":"2026-03-02T09:00:00Z","time":1,"request":{{"method":"POST","url":"{url}","httpVersion":"HTTP/1.1","headers":[],"bodySize":1{post}}},"response":{{"status":204,"statusText":"","headers":[],"content":{{}}}}}}"#
        )
    };
    let body = format!(
        r#","postData":{{"mimeType":"application/octet-stream","text":"{base64}","encoding":"base64"}}"#
    );
    let first = entry("https:\\/\\/one.example\\/", "");
    let second = entry("https://two.example/t", &body);
    format!("{{\"log\":{{\"version\":\"1.2\",\"entries\":[{first},{second}]}}}}")
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let value =
            group.iter().fold(0_u32, |sum, byte| sum << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        for place in 0..4 {
            let letter = LETTERS[(value >> (18 - 6 * place) & 63) as usize] as char;
            text.push(if place <= group.len() { letter } else { '=' });
        }
    }
    text
}

const PROFILE: &str = "[device]\nimei = [\"352099001761481\"]\n";

fn flows(path: &Path) -> Vec<RecordedFlow> {
    let bytes = fs::read(path).unwrap();
    let format = Format::of(&bytes[..bytes.len().min(BEGINNING)]).unwrap();
    let mut reader = Reader::new(evidence::CaptureId(0), format);
    let mut events = Vec::new();
    reader.push(&bytes, &mut events);
    reader.finish(&mut events);
    let entries = events.into_iter().filter_map(|event| match event {
        Event::Entry(entry) => Some(entry.read(&KeyRing::default())),
        Event::Anomaly(_) | Event::Note(_) => None,
    });
    entries.collect()
}

fn http(flow: &RecordedFlow, sender: Sender) -> Option<(&HttpHead, &[u8])> {
    flow.messages.iter().filter(|message| message.sender == sender).find_map(|message| match &message.head {
        Head::Http(head) => Some((head, body(message))),
        _ => None,
    })
}

fn body(message: &Message) -> &[u8] {
    match &message.body {
        Body::Range(range) => &message.recorded.bytes[range.clone()],
        _ => &[],
    }
}

/// The body with its codings undone; as it is where that cannot be done.
fn decoded(head: &HttpHead, body: &[u8]) -> Vec<u8> {
    let decoded = match head.coding.as_str() {
        "" => None,
        coding => payload::replay(coding, body),
    };
    decoded.unwrap_or_else(|| body.to_vec())
}

fn messages_of_web_sockets(flow: &RecordedFlow) -> Vec<(Sender, Vec<u8>)> {
    let messages = flow.messages.iter().filter(|message| message.protocol == "WebSocket");
    messages.map(|message| (message.sender, body(message).to_vec())).collect()
}

fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn run(inputs: Vec<PathBuf>, profile: Option<&str>, workers: usize) -> Case {
    let parse = |text| {
        Profile::parse(text, &mut |_| Err(String::new())).unwrap_or_else(|errors| panic!("{errors:?}"))
    };
    let order = Order {
        keys: Vec::new(),
        inputs,
        profile: profile.map(parse),
        bill: None,
        store: None,
        atlas: facts::Atlas::embedded(),
        effort: Effort::of(Effort::USUAL),
        workers: NonZeroUsize::new(workers),
        program: "test".into(),
    };
    audit(order, &Meter::default()).unwrap()
}

/// What stands where it cannot be read is searched, and the case says that the file was read in part.
#[test]
fn a_damaged_file_is_told_of_and_searched() {
    let folder = tempfile::tempdir().unwrap();
    let rows = [
        ("odd.har", r#"{"log":{"entries":["imei=352099001761481"]}}"#, 21),
        ("cut.har", r#"{"log":{"entries":[]}} imei=352099001761481"#, 20),
        ("zero.mitm", "0:4:type;4:http;7:version;2:21#3:odd?352099001761481}", 22),
    ];
    for (name, text, unread) in rows {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        let profile = "name = \"phone\"\n[device]\nimei = [\"352099001761481\"]\n";
        let case = run(vec![path], Some(profile), 2);
        assert_eq!(case.coverage.total(), text.len() as u64, "{name}");
        assert_eq!(case.coverage.bytes(Fate::NotParsed), unread, "{name}: {:?}", case.coverage.rows());
        assert_eq!(case.problems.len(), 1, "{name}");
        assert!(case.problems[0].problem.contains("could not be read"), "{name}: {:?}", case.problems);
        let known = case.sightings.iter().any(|group| group.key.value == "352099001761481");
        assert_eq!(known, name != "cut.har", "{name}");
        let title = |finding: &evidence::Finding| {
            finding.title.contains("was sent to an address that was not recorded")
        };
        assert_eq!(case.findings.iter().any(title), known, "{name}");
    }
}
