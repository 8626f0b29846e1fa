//! An app that a store of the vendor's own answers with, over a redirect: from whom it came, by which way, and that
//! the phone has another one.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{fs, net::Ipv4Addr, num::NonZeroUsize, path::Path};

use audit::{
    Effort, Meter, Order, audit,
    prove::{CaptureFiles, replay},
};
use evidence::{Case, Finding, FindingKind, Relation, Severity};
use facts::Atlas;
use testkit::{
    Conversation, Endpoint, Net, PcapStyle, Side,
    apk::{App, Class, Op},
};

const START: i64 = 1_700_000_000_000_000_000;

fn package() -> Vec<u8> {
    let noise: Vec<u8> = (0..40_000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    App::new("com.vendor.extra")
        .version(12, "1.2")
        .class(Class::new("com.vendor.extra.Main").method("run", &[Op::Text("https://a.example.org/")]))
        .file("assets/noise", &noise)
        .build()
}

/// The store answers with another address, which gives the app; chunked where asked for.
fn capture(chunked: bool, whole: bool) -> Vec<u8> {
    let mut net = Net::new(Vec::new());
    net.set_time(START);
    let server = |last| Endpoint::new([2, 0, 0, 0, 0, 1], Ipv4Addr::new(198, 51, 100, last), 80);
    // Another device asks there before.
    let another = Endpoint::new([2, 0, 0, 0, 9, 9], Ipv4Addr::new(192, 168, 115, 8), 40_000);
    let mut other = Conversation::new(another, server(8));
    other.open(&mut net).unwrap();
    other.send(&mut net, Side::Client, b"HEAD / HTTP/1.1\r\nHost: cdn.vendor.example\r\n\r\n").unwrap();
    other.close(&mut net).unwrap();
    let mut store = Conversation::new(Endpoint::phone(40_001), server(7));
    store.open(&mut net).unwrap();
    store
        .send(&mut net, Side::Client, b"GET /get?p=extra HTTP/1.1\r\nHost: store.vendor.example\r\n\r\n")
        .unwrap();
    let moved =
        b"HTTP/1.1 302 Found\r\nLocation: http://CDN.vendor.example:80/x/extra\r\nContent-Length: 0\r\n\r\n";
    store.send(&mut net, Side::Server, moved).unwrap();
    store.close(&mut net).unwrap();
    let mut cdn = Conversation::new(Endpoint::phone(40_002), server(8));
    cdn.open(&mut net).unwrap();
    let request =
        b"GET /x/extra HTTP/1.1\r\nHost: cdn.vendor.example\r\nReferer: http://store.vendor.example/\r\n\r\n";
    cdn.send(&mut net, Side::Client, request).unwrap();
    let body = package();
    let head = if chunked {
        "Transfer-Encoding: chunked".to_owned()
    } else {
        format!("Content-Length: {}", body.len())
    };
    let mut answer =
        format!("HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n{head}\r\n\r\n").into_bytes();
    if chunked {
        for chunk in body.chunks(10_000) {
            answer.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
            answer.extend(chunk);
            answer.extend(b"\r\n");
        }
        answer.extend(b"0\r\n\r\n");
    } else {
        answer.extend(&body);
    }
    let end = if whole { answer.len() } else { answer.len() - 5000 };
    cdn.send(&mut net, Side::Server, answer.get(..end).unwrap()).unwrap();
    cdn.close(&mut net).unwrap();
    let frames = net.into_wire();
    let frames = frames.iter().map(|frame| (frame.time, frame.bytes.as_slice()));
    testkit::capture::pcap(PcapStyle::default(), frames)
}

const DUMP: &str = "Packages:
  Package [com.vendor.extra] (1a2b3c):
    userId=10140
    versionCode=11 minSdk=21 targetSdk=30
    versionName=1.1
    installerPackageName=com.vendor.store
";

fn run(folder: &Path, workers: usize) -> Case {
    let order = Order {
        keys: Vec::new(),
        bill: None,
        inputs: vec![folder.to_owned()],
        profile: None,
        store: None,
        atlas: Atlas::embedded(),
        effort: Effort::of(Effort::USUAL),
        workers: NonZeroUsize::new(workers),
        program: "test".to_owned(),
    };
    audit(order, &Meter::default()).unwrap()
}

fn arrived(case: &Case) -> &Finding {
    let is = |finding: &&Finding| matches!(finding.kind, FindingKind::PackageArrived { .. });
    case.findings.iter().find(is).unwrap()
}

#[test]
fn an_app_that_came_in_is_told_with_the_way_it_came() {
    for chunked in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("x.pcap"), capture(chunked, true)).unwrap();
        fs::write(folder.path().join("dump.txt"), DUMP).unwrap();
        let case = run(folder.path(), 3);
        let finding = arrived(&case);
        let FindingKind::PackageArrived { package: name, version, sha256, signers, way, .. } = &finding.kind
        else {
            unreachable!()
        };
        assert_eq!((name.as_str(), version.as_str(), signers.len()), ("com.vendor.extra", "1.2 (12)", 0));
        use sha2::Digest as _;
        let digest: String =
            sha2::Sha256::digest(package()).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(*sha256, digest);
        assert_eq!(way, &["http://store.vendor.example/get?p=extra", "http://cdn.vendor.example/x/extra"]);
        let [shown, named] = [Relation::Value, Relation::Destination].map(|wanted| {
            let found = finding.evidence.iter().find(|evidence| evidence.relation == wanted);
            found.map(|evidence| evidence.occurrence.exchange)
        });
        assert_eq!(named, shown, "the device that got it named the host");
        assert_eq!(finding.severity, Severity::High, "it is not signed");
        let words = [
            "came from cdn.vendor.example",
            "Answers led there",
            "came from http://store.vendor.example/",
            "It is not signed",
            "in clear text",
            "The phone has 1.1 (11) of it",
            "installed by com.vendor.store",
        ];
        for words in words {
            assert!(finding.words.contains(words), "{words}: {}", finding.words);
        }
        let mut files = CaptureFiles::find(&case.captures, folder.path(), &[]).unwrap();
        for evidence in &finding.evidence {
            let replayed = replay(&evidence.occurrence, &mut files).unwrap();
            assert_eq!(files.check(&replayed.frames).unwrap(), None, "{}", evidence.words);
        }
        assert!(finding.evidence.iter().any(|evidence| evidence.relation == Relation::Answer));
        let again = run(folder.path(), 1);
        assert_eq!(serde_json::to_value(&case).unwrap(), serde_json::to_value(again).unwrap());
    }
}

#[test]
fn of_an_app_that_was_cut_off_nothing_is_said_of_signers() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("x.pcap"), capture(false, false)).unwrap();
    let case = run(folder.path(), 1);
    let finding = arrived(&case);
    assert!(
        finding.words.contains("Its end is missing") && !finding.words.contains("not signed"),
        "{}",
        finding.words
    );
    assert!(finding.title.contains("com.vendor.extra 1.2 (12)"), "{}", finding.title);
}

/// An answer to a request for a range: the bytes it is over, what the server says of it, and the server's last octet.
struct Ranged {
    range: std::ops::Range<usize>,
    stated: &'static str,
    tag: &'static str,
    server: u8,
}

fn ranged(range: std::ops::Range<usize>, server: u8) -> Ranged {
    Ranged { range, stated: "*", tag: "\"v1\"", server }
}

/// A capture in which parts of the package are asked for, each over a connection of its own, after `before`.
fn in_parts(before: &[(u8, Vec<u8>)], parts: &[Ranged]) -> Vec<u8> {
    let mut net = Net::new(Vec::new());
    net.set_time(START);
    let body = package();
    let ranged = parts.iter().map(|part| {
        let bytes = body.get(part.range.clone()).unwrap();
        let (first, last) = (part.range.start, part.range.end - 1);
        let head = format!(
            "HTTP/1.1 206 Partial Content\r\nETag: {}\r\nContent-Type: application/octet-stream\r\n\
             Content-Range: bytes {first}-{last}/{}\r\nContent-Length: {}\r\n\r\n",
            part.tag,
            part.stated,
            bytes.len()
        );
        (part.server, [head.as_bytes(), bytes].concat())
    });
    for (port, (server, answer)) in (40_100..).zip(before.iter().cloned().chain(ranged)) {
        let server = Endpoint::new([2, 0, 0, 0, 0, 1], Ipv4Addr::new(198, 51, 100, server), 80);
        let mut talk = Conversation::new(Endpoint::phone(port), server);
        talk.open(&mut net).unwrap();
        let request = b"GET /x/extra HTTP/1.1\r\nHost: cdn.vendor.example\r\nRange: bytes=0-\r\n\r\n";
        talk.send(&mut net, Side::Client, request).unwrap();
        talk.send(&mut net, Side::Server, &answer).unwrap();
        talk.close(&mut net).unwrap();
    }
    let frames = net.into_wire();
    testkit::capture::pcap(
        PcapStyle::default(),
        frames.iter().map(|frame| (frame.time, frame.bytes.as_slice())),
    )
}

/// The case of a capture, which is the same for any number of workers, and of which all proofs hold.
fn case_of(capture: &[u8]) -> Case {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("x.pcap"), capture).unwrap();
    let case = run(folder.path(), 4);
    let again = run(folder.path(), 1);
    assert_eq!(serde_json::to_value(&case).unwrap(), serde_json::to_value(again).unwrap());
    let mut files = CaptureFiles::find(&case.captures, folder.path(), &[]).unwrap();
    for evidence in case.findings.iter().flat_map(|finding| &finding.evidence) {
        let replayed = replay(&evidence.occurrence, &mut files).unwrap();
        assert_eq!(files.check(&replayed.frames).unwrap(), None, "{}", evidence.words);
    }
    case
}

fn digest_of(finding: &Finding) -> &str {
    let FindingKind::PackageArrived { sha256, .. } = &finding.kind else { unreachable!() };
    sha256
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    sha2::Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn ranges_over_several_connections_are_one_app() {
    let all = package();
    let len = all.len();
    // A probe, the last one before the others, overlaps, another server of the same name, one
    // that lies about the length and calls its tag weak.
    let parts = [
        ranged(0..1, 8),
        Ranged { stated: "18446744073709551615", ..ranged(len - 9000..len, 9) },
        ranged(20_000..len - 5000, 8),
        Ranged { stated: "7", tag: "W/\"v1\"", ..ranged(0..30_000, 10) },
    ];
    let case = case_of(&in_parts(&[], &parts));
    let finding = arrived(&case);
    assert!(
        finding.title.contains("com.vendor.extra 1.2 (12) came from cdn.vendor.example"),
        "{}",
        finding.title
    );
    assert_eq!(digest_of(finding), sha256(&all));
    for words in [&format!("{len} bytes"), "in 4 parts", "It is not signed"] {
        assert!(finding.words.contains(words), "{words}: {}", finding.words);
    }
    assert!(!finding.words.contains("missing") && !finding.words.contains("differ"), "{}", finding.words);
    assert_eq!((finding.count, finding.endpoints.len()), (1, 3));
    let shown = |text: &str| finding.evidence.iter().any(|evidence| evidence.occurrence.found.contains(text));
    assert!(shown("bytes 20000-") && shown("bytes 0-29999/7"));
    let part = finding.evidence.iter().find(|one| one.words.contains("from its byte 20000 on")).unwrap();
    assert_eq!(part.relation, Relation::Value);
}

#[test]
fn of_an_app_whose_parts_did_not_all_come_it_is_told_what_is_missing() {
    let all = package();
    let len = all.len();
    let stated = Ranged { stated: "200000", ..ranged(50_000..len, 8) };
    let rows: [(Vec<Ranged>, &str, Vec<u8>); 3] = [
        (
            vec![stated, ranged(0..40_000, 8)],
            "Its bytes 40000 to 49999 are missing",
            [&all[..40_000], &all[50_000..]].concat(),
        ),
        (vec![ranged(0..40_000, 8), ranged(40_000..90_000, 8)], "Its end is missing", all[..90_000].to_vec()),
        // Of another version nothing is taken.
        (
            vec![ranged(0..40_000, 8), Ranged { tag: "\"v2\"", ..ranged(40_000..len, 8) }],
            "Its end is missing",
            all[..40_000].to_vec(),
        ),
    ];
    for (parts, words, came) in rows {
        let case = case_of(&in_parts(&[], &parts));
        let told = case.findings.iter().filter(|one| one.title.contains("com.vendor.extra 1.2 (12)"));
        let told: Vec<_> =
            told.filter(|one| matches!(one.kind, FindingKind::PackageArrived { .. })).collect();
        let [finding] = told.as_slice() else { panic!("{words}: {}", told.len()) };
        assert!(finding.words.contains(words), "{words}: {}", finding.words);
        assert!(!finding.words.contains("not signed"), "{}", finding.words);
        assert_eq!(digest_of(finding), sha256(&came), "{words}");
    }
}

#[test]
fn a_transfer_that_broke_off_and_went_on_is_one_app() {
    let all = package();
    let head = format!("HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nContent-Length: {}\r\n\r\n", all.len());
    let broken = [head.as_bytes(), &all[..70_000]].concat();
    let case = case_of(&in_parts(&[(8, broken)], &[ranged(70_000..all.len(), 8)]));
    let finding = arrived(&case);
    assert_eq!(digest_of(finding), sha256(&all));
    assert!(
        finding.words.contains("in 2 parts") && finding.words.contains("not signed"),
        "{}",
        finding.words
    );
}

#[test]
fn parts_that_contradict_each_other_are_told() {
    let all = package();
    let mut other = all.clone();
    other[30_000] ^= 1;
    let head = format!("HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nContent-Length: {}\r\n\r\n", all.len());
    let broken = [head.as_bytes(), &other[..70_000]].concat();
    let case = case_of(&in_parts(&[(8, broken)], &[ranged(20_000..all.len(), 8)]));
    let finding = arrived(&case);
    assert!(finding.words.contains("came twice and differ"), "{}", finding.words);
    assert_eq!(digest_of(finding), sha256(&[&other[..70_000], &all[70_000..]].concat()));
}

#[test]
fn the_same_app_twice_in_parts_came_twice() {
    let len = package().len();
    let parts = [ranged(0..50_000, 8), ranged(50_000..len, 8), ranged(0..60_000, 8), ranged(60_000..len, 8)];
    let case = case_of(&in_parts(&[], &parts));
    assert_eq!(arrived(&case).count, 2);
}

#[test]
fn ranges_of_something_else_are_no_app() {
    let other = |len: usize| {
        let head = format!(
            "HTTP/1.1 206 Partial Content\r\nETag: \"v1\"\r\nContent-Range: bytes 0-{}/*\r\nContent-Length: {len}\r\n\r\n",
            len - 1
        );
        [head.into_bytes(), vec![b'x'; len]].concat()
    };
    let parts = || [ranged(50_000..package().len(), 8)];
    let arrived = |before: &[(u8, Vec<u8>)]| {
        let case = case_of(&in_parts(before, &parts()));
        let mut told = case.findings.into_iter();
        told.find(|one| matches!(one.kind, FindingKind::PackageArrived { .. }))
    };
    assert_eq!(arrived(&[(8, other(2000))]), None);
    // A few bytes prove nothing: they hide no app.
    assert!(arrived(&[(8, other(1))]).is_some());
    // Without that, the directory says what it is the end of.
    let end = arrived(&[]).unwrap();
    assert!(end.words.contains("Its bytes 0 to 49999 are missing"), "{}", end.words);
}

/// A store is asked over one connection, and what it says is asked for over another.
fn asked_of_a_store(request: &[u8], media: &str, answer: &[u8]) -> Vec<u8> {
    let mut net = Net::new(Vec::new());
    net.set_time(START);
    let server = |last| Endpoint::new([2, 0, 0, 0, 0, 1], Ipv4Addr::new(198, 51, 100, last), 80);
    let head = |media: &str, len| {
        format!("HTTP/1.1 200 OK\r\nContent-Type: {media}\r\nContent-Length: {len}\r\n\r\n")
    };
    let mut talk = |port, last, request: &[u8], answer: Vec<u8>| {
        let mut talk = Conversation::new(Endpoint::phone(port), server(last));
        talk.open(&mut net).unwrap();
        talk.send(&mut net, Side::Client, request).unwrap();
        talk.send(&mut net, Side::Server, &answer).unwrap();
        talk.close(&mut net).unwrap();
    };
    talk(40_001, 7, request, [head(media, answer.len()).as_bytes(), answer].concat());
    let moved =
        b"HTTP/1.1 302 Found\r\nLocation: http://cdn.vendor.example/x/extra\r\nContent-Length: 0\r\n\r\n";
    let get = b"GET /get?t=a%2Fb&n=2 HTTP/1.1\r\nHost: dl.vendor.example\r\n\r\n";
    talk(40_002, 8, get, moved.to_vec());
    let body = package();
    let get = b"GET /x/extra HTTP/1.1\r\nHost: cdn.vendor.example\r\n\r\n";
    talk(40_003, 9, get, [head("application/octet-stream", body.len()).as_bytes(), &body].concat());
    let frames = net.into_wire();
    testkit::capture::pcap(
        PcapStyle::default(),
        frames.iter().map(|frame| (frame.time, frame.bytes.as_slice())),
    )
}

fn posted(path: &str, media: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: store.vendor.example\r\nContent-Type: {media}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// Fields of protobuf that are texts, by their numbers.
fn protobuf(fields: &[(u8, &str)]) -> Vec<u8> {
    let field = |(number, text): &(u8, &str)| {
        [&[number << 3 | 2, u8::try_from(text.len()).unwrap()], text.as_bytes()].concat()
    };
    fields.iter().flat_map(field).collect()
}

#[test]
fn an_app_is_told_as_the_answer_to_the_query_that_led_to_it() {
    const URL: &str = "http://dl.vendor.example/get?t=a%2Fb&n=2";
    let json = br#"{"code":0,"list":[{"pkg":"org.other.app","url":"http:\/\/dl.vendor.example\/other"},
        {"pkg":"com.vendor.extra","hash":"5f2c","url":"http:\/\/dl.vendor.example\/get?t=a%2Fb\u0026n=2"}]}"#;
    let protobuf_media = "application/x-protobuf";
    // Request, kind and bytes of the answer, and which of the two names the app.
    let rows = [
        (
            posted("/api/detail", "application/x-www-form-urlencoded", b"lang=lt&pkg=com.vendor.extra"),
            "application/json",
            json.to_vec(),
            [true, true],
        ),
        (
            posted("/api/detail", "application/json", br#"{"want":["org.other.app","com.vendor.extra"]}"#),
            "application/json",
            format!(r#"{{"url":"{URL}"}}"#).into_bytes(),
            [true, false],
        ),
        (
            posted("/fdfe", protobuf_media, &protobuf(&[(1, "com.vendor.extra"), (2, "lt-LT")])),
            protobuf_media,
            protobuf(&[(1, "com.vendor.extra"), (3, URL), (4, "1.2 for all")]),
            [true, true],
        ),
        (
            b"GET /api?pkg=org.other.app HTTP/1.1\r\nHost: store.vendor.example\r\n\r\n".to_vec(),
            "application/json",
            format!(r#"{{"url":"{URL}"}}"#).into_bytes(),
            [false, false],
        ),
    ];
    for (request, media, answer, names) in rows {
        let case = case_of(&asked_of_a_store(&request, media, &answer));
        let finding = arrived(&case);
        let FindingKind::PackageArrived { way, .. } = &finding.kind else { unreachable!() };
        let [query, get, cdn] = way.as_slice() else { panic!("{way:?}") };
        assert!(query.starts_with("http://store.vendor.example/"), "{query}");
        assert_eq!([get, cdn], [URL, "http://cdn.vendor.example/x/extra"]);
        let gave = format!("store.vendor.example gave the address {URL}");
        let told =
            [gave.as_str(), "which asks for com.vendor.extra", "the answer names com.vendor.extra beside it"];
        for (words, expected) in told.into_iter().zip([true, names[0], names[1]]) {
            assert_eq!(finding.words.contains(words), expected, "{words}: {}", finding.words);
        }
        let labels = finding.evidence.iter().filter(|one| one.occurrence.found == "com.vendor.extra");
        assert_eq!(labels.count(), names.into_iter().filter(|named| *named).count());
        let shown =
            |one: &&evidence::Evidence| one.relation == Relation::Answer && one.occurrence.found == URL;
        assert_eq!(finding.evidence.iter().filter(shown).count(), 1);
    }
}

/// Download sites lead on with a page as often as with a status.
#[test]
fn a_page_leads_on_by_a_refresh_or_a_script() {
    let ask = b"GET /fit HTTP/1.1\r\nHost: store.vendor.example\r\n\r\n";
    for page in [
        "<html><head><META http-equiv=refresh content=\"0; url=//dl.vendor.example/get?t=a%2Fb&amp;n=2\"></head></html>",
        "<!DOCTYPE html><script>window.location.href='http://dl.vendor.example/get?t=a%2Fb&n=2'</script>",
    ] {
        let case = case_of(&asked_of_a_store(ask, "text/html", page.as_bytes()));
        let finding = arrived(&case);
        let FindingKind::PackageArrived { way, .. } = &finding.kind else { unreachable!() };
        let expected = [
            "http://store.vendor.example/fit",
            "http://dl.vendor.example/get?t=a%2Fb&n=2",
            "http://cdn.vendor.example/x/extra",
        ];
        assert_eq!(way.as_slice(), expected, "{page}");
        assert!(!finding.words.contains("gave the address"), "{}", finding.words);
    }
    let page = b"<html><body><a href=\"http://dl.vendor.example/\">about</a></body></html>";
    let case = case_of(&asked_of_a_store(ask, "text/html", page));
    let FindingKind::PackageArrived { way, .. } = &arrived(&case).kind else { unreachable!() };
    assert_eq!(way.len(), 2);
}

#[test]
fn an_address_that_was_told_only_later_led_nowhere() {
    let (mut first, mut then) = (Net::new(Vec::new()), Net::new(Vec::new()));
    first.set_time(START + 60_000_000_000);
    then.set_time(START);
    let head = |len| format!("HTTP/1.1 200 OK\r\nContent-Length: {len}\r\n\r\n");
    let talk = |net: &mut Net<Vec<testkit::Frame>>, port, request: &[u8], answer: &[u8]| {
        let server = Endpoint::new([2, 0, 0, 0, 0, 1], Ipv4Addr::new(198, 51, 100, 7), 80);
        let mut talk = Conversation::new(Endpoint::phone(port), server);
        talk.open(net).unwrap();
        talk.send(net, Side::Client, request).unwrap();
        talk.send(net, Side::Server, &[head(answer.len()).as_bytes(), answer].concat()).unwrap();
        talk.close(net).unwrap();
    };
    let query = b"GET /q HTTP/1.1\r\nHost: a.example\r\n\r\n";
    talk(&mut first, 40_001, query, br#"{"url":"http://a.example/x.apk","n":1}"#);
    talk(&mut then, 40_002, b"GET /x.apk HTTP/1.1\r\nHost: a.example\r\n\r\n", &package());
    let frames = [then.into_wire(), first.into_wire()].concat();
    let frames = frames.iter().map(|frame| (frame.time, frame.bytes.as_slice()));
    let case = case_of(&testkit::capture::pcap(PcapStyle::default(), frames));
    let FindingKind::PackageArrived { way, .. } = &arrived(&case).kind else { unreachable!() };
    assert_eq!(way, &["http://a.example/x.apk"]);
}
