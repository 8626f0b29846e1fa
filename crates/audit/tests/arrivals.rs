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
