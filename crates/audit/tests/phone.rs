//! A phone of our own making: its packages, its open sockets, marks by hand and its intrusion log beside a
//! capture. Who sent what, and after what, is told with the line that says so, and the line is proved as a packet is.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{fs, net::Ipv4Addr, num::NonZeroUsize, path::Path};

use audit::{
    Effort, Meter, Order, audit,
    prove::{CaptureFiles, replay},
};
use evidence::{Case, Deed, Fate, Ground, Holds, Relation};
use facts::Atlas;
use identifiers::Profile;
use testkit::{Conversation, Endpoint, Net, PcapStyle, Side};

/// 2023-11-14 22:13:20 UTC.
const START: i64 = 1_700_000_000_000_000_000;

/// Three flows: one that the table of sockets knows, one that the intrusion log knows, one of an unknown app.
fn capture() -> Vec<u8> {
    let mut net = Net::new(Vec::new());
    net.set_time(START);
    for (port, host, last) in
        [(40_001, "a.vendor.example", 7), (40_002, "b.maker.example", 8), (40_003, "c.other.example", 9)]
    {
        let server = Endpoint::new([2, 0, 0, 0, 0, 1], Ipv4Addr::new(198, 51, 100, last), 80);
        let mut talk = Conversation::new(Endpoint::phone(port), server);
        talk.open(&mut net).unwrap();
        let request = format!("GET /r?imei=352099001761481 HTTP/1.1\r\nHost: {host}\r\n\r\n");
        talk.send(&mut net, Side::Client, request.as_bytes()).unwrap();
        talk.send(&mut net, Side::Server, b"HTTP/1.1 204 No Content\r\n\r\n").unwrap();
        talk.close(&mut net).unwrap();
    }
    let frames = net.into_wire();
    let frames = frames.iter().map(|frame| (frame.time, frame.bytes.as_slice()));
    testkit::capture::pcap(PcapStyle::default(), frames)
}

/// `192.168.1.23:40001` to `198.51.100.7:80`, of the uid that two packages share.
const SOCKETS: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 1701A8C0:9C41 076433C6:0050 01 00000000:00000000 00:00000000 00000000  1001        0 31337 1 0000000000000000 20 4 30 10 -1
";

const PACKAGES: &str = "package:/system/priv-app/Reg/Reg.apk=com.vendor.registration uid:1001
package:/system/priv-app/Phone/Phone.apk=com.android.phone uid:1001
package:/data/app/news/base.apk=com.maker.news uid:10123
";

const INTRUSION: &str = "{\"connect_event\":{\"ip_address\":\"198.51.100.8\",\"port\":80,\"package_name\":\"com.maker.news\",\"event_time\":1700000001000}}
{\"dns_event\":{\"hostname\":\"c.other.example\",\"ip_addresses\":[\"198.51.100.9\"],\"package_name\":\"com.other.app\",\"event_time\":1700000001500}}
";

const EVENTS: &str = "time,kind,detail
2023-11-14T22:13:19.500Z,unlocked,by the examiner
";

fn run(folder: &Path, workers: usize) -> Case {
    let order = Order {
        keys: Vec::new(),
        inputs: vec![folder.to_owned()],
        profile: Some(
            Profile::parse("[device]\nimei = [\"352099001761481\"]\n", &mut |_| Err(String::new())).unwrap(),
        ),
        bill: None,
        store: None,
        atlas: Atlas::embedded(),
        effort: Effort::of(Effort::USUAL),
        workers: NonZeroUsize::new(workers),
        program: "test".to_owned(),
    };
    audit(order, &Meter::default()).unwrap()
}

fn lay(folder: &Path) {
    fs::write(folder.join("phone.pcap"), capture()).unwrap();
    for (name, text) in [
        ("tcp.txt", SOCKETS),
        ("packages.txt", PACKAGES),
        ("intrusion.ndjson", INTRUSION),
        ("events.csv", EVENTS),
    ] {
        fs::write(folder.join(name), text).unwrap();
    }
}

#[test]
fn who_sent_it_is_told_with_the_line_that_says_so() {
    let folder = tempfile::tempdir().unwrap();
    lay(folder.path());
    let case = run(folder.path(), 2);
    assert!(case.problems.is_empty(), "{:?}", case.problems);
    let files = case.captures.iter().filter(|capture| capture.holds == Holds::Phone);
    assert_eq!(files.count(), 4);
    assert_eq!(case.phone.packages, 3);
    let told: Vec<_> = case
        .phone
        .attributions
        .iter()
        .map(|row| {
            let host = case.destinations[row.endpoint.0 as usize].endpoint.host.as_str();
            (host, row.packages.join(" "), row.uid, row.ground, row.flows)
        })
        .collect();
    let shared = "com.android.phone com.vendor.registration".to_owned();
    assert_eq!(
        told,
        [
            ("a.vendor.example", shared, Some(1001), Ground::Log, 1),
            ("b.maker.example", "com.maker.news".to_owned(), Some(10123), Ground::Log, 1),
            ("c.other.example", "com.other.app".to_owned(), None, Ground::Log, 0),
        ]
    );
    for (host, package) in [("vendor", "com.vendor.registration"), ("maker", "com.maker.news")] {
        let about = |finding: &&evidence::Finding| finding.title.contains(host);
        let finding = case.findings.iter().find(about).unwrap();
        assert!(finding.words.contains(package), "{}", finding.words);
        assert!(finding.words.contains(" s before: unlocked"), "{}", finding.words);
        assert!(finding.evidence.iter().any(|evidence| evidence.relation == Relation::Occasion));
        assert!(finding.evidence.iter().any(|evidence| evidence.relation == Relation::Sender));
    }
}

/// What is told of times without a zone, of a log beside the capture and another of the phone's files.
fn local_times(log: &str, beside: (&str, &str)) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    lay(folder.path());
    fs::remove_file(folder.path().join("events.csv")).unwrap();
    fs::write(folder.path().join("log.txt"), log).unwrap();
    fs::write(folder.path().join(beside.0), beside.1).unwrap();
    let case = run(folder.path(), 1);
    let mut rows = case.anomalies.iter().flat_map(|(_, examples)| examples);
    let odd = rows.by_ref().filter(|odd| odd.what == "log tells times without a zone");
    odd.map(|odd| format!("{} at {:?}", odd.detail, odd.offset)).collect()
}

#[test]
fn times_without_a_zone_are_told_of_the_logs_that_have_some() {
    let with =
        "11-14 22:13:20.000 +0000   585   612 I Act: a\n11-14 23:13:21.000 +0100   585   612 I Act: b\n";
    let without = "11-14 22:13:22.000   585   612 I Act: c\n";
    let setting = ("properties.txt", "[persist.sys.timezone]: [Europe/Berlin]\n[ro.a]: [b]\n");
    let events = ("events.csv", "time,kind,detail\n2023-11-14T23:13:19+01:00,unlocked,\n");
    let nothing = ("list.txt", "package:com.a uid:10001\n");
    assert_eq!(local_times(with, setting), Vec::<String>::new());
    let mixed = [with, without].concat();
    let rows = [
        (
            &*mixed,
            setting,
            "1 of 3 times, taken for Europe/Berlin, the zone that the phone is set to at Some(92)",
        ),
        (
            without,
            events,
            "1 of 1 times, taken for UTC+01:00, inferred: the marks beside it are written with it at Some(0)",
        ),
        (&*mixed, nothing, "1 of 3 times, taken for UTC, for want of anything that tells it at Some(92)"),
    ];
    for (log, beside, told) in rows {
        assert_eq!(local_times(log, beside), [told]);
    }
}

/// What `dumpsys appops` and `dumpsys alarm` say of the app, and of another.
const HABITS: [(&str, &str); 2] = [
    (
        "appops.txt",
        "Current AppOps Service state:
  Uid u0a123:
    Package com.maker.news:
      READ_PHONE_STATE (allow):
        null=[
          Access: [bg-s] 2023-11-14 22:13:05.123 (-4m22s19ms)
        ]
      VIBRATE (allow):
        null=[
          Access: [top-s] 2023-11-14 22:13:06.123 (-4m21s19ms)
        ]
  Uid u0a99:
    Package com.another:
      FINE_LOCATION (allow):
        null=[
          Access: [top-s] 2023-11-14 22:13:07.123 (-4m20s19ms)
        ]
",
    ),
    (
        "alarm.txt",
        "Current Alarm Manager state:
  Batch{1 num=1}:
    RTC_WAKEUP #0: Alarm{1 type 0 com.maker.news}
      type=0 repeatInterval=900000
      whenElapsed=+30s0ms
",
    ),
];

#[test]
fn habits_of_apps_are_told_and_bear_out_what_was_sent() {
    let folder = tempfile::tempdir().unwrap();
    lay(folder.path());
    HABITS.iter().for_each(|(name, text)| fs::write(folder.path().join(name), text).unwrap());
    let case = run(folder.path(), 1);
    assert!(case.problems.is_empty(), "{:?}", case.problems);
    let told: Vec<_> = case
        .phone
        .habits
        .iter()
        .map(|habit| (habit.package.as_str(), habit.uid, habit.deed.clone(), habit.quote.line.0))
        .collect();
    let access = |operation: &str, background| Deed::Access {
        operation: operation.to_owned(),
        background: Some(background),
        refused: false,
    };
    let waking = Deed::Waking { alarms: 1, waking: 1, interval_ms: Some(900_000) };
    assert_eq!(
        told,
        [
            ("com.maker.news", Some(10_123), access("READ_PHONE_STATE", true), 6),
            ("com.maker.news", Some(10_123), waking, 3),
            ("com.another", Some(10_099), access("FINE_LOCATION", false), 16),
        ]
    );
    let finding = case.findings.iter().find(|finding| finding.title.contains("maker")).unwrap();
    assert!(
        finding.words.contains("com.maker.news reads the phone’s state and numbers while nobody sees it")
    );
    let account = finding.evidence.iter().find(|evidence| evidence.relation == Relation::Account).unwrap();
    assert!(account.occurrence.found.starts_with("Access: [bg-s]"), "{account:?}");
    let mut files = CaptureFiles::find(&case.captures, folder.path(), &[]).unwrap();
    let replayed = replay(&account.occurrence, &mut files).unwrap();
    assert_eq!(files.check(&replayed.frames).unwrap(), None);
}

#[test]
fn what_the_phone_itself_keeps_of_habits_is_told_like_its_dump() {
    let folder = tempfile::tempdir().unwrap();
    lay(folder.path());
    let text = format!(
        "<?xml version='1.0' encoding='UTF-8' standalone='yes' ?>\n<app-ops v=\"1\">\n<pkg n=\"com.maker.news\">\n\
         <uid n=\"10123\">\n<op n=\"51\">\n<st n=\"{}\" t=\"1699999985123\" />\n</op>\n</uid>\n</pkg>\n</app-ops>\n",
        600_u64 << 31 | 1
    );
    fs::write(folder.path().join("appops.xml"), text).unwrap();
    let case = run(folder.path(), 1);
    let [habit] = case.phone.habits.as_slice() else { panic!("{:?}", case.phone.habits) };
    let (operation, background, refused) = ("READ_PHONE_STATE".to_owned(), Some(true), false);
    assert_eq!(habit.deed, Deed::Access { operation, background, refused });
    assert_eq!((habit.package.as_str(), habit.uid, habit.quote.line.0), ("com.maker.news", Some(10_123), 6));
    assert_eq!(habit.last, Some(evidence::Timestamp(1_699_999_985_123_000_000)));
    let finding = case.findings.iter().find(|finding| finding.title.contains("maker")).unwrap();
    let account = finding.evidence.iter().find(|evidence| evidence.relation == Relation::Account).unwrap();
    assert!(account.occurrence.found.starts_with("<st n="), "{account:?}");
    let mut files = CaptureFiles::find(&case.captures, folder.path(), &[]).unwrap();
    let replayed = replay(&account.occurrence, &mut files).unwrap();
    assert_eq!(files.check(&replayed.frames).unwrap(), None);
}

#[test]
fn lines_are_proved_and_every_byte_of_them_is_accounted_for() {
    let folder = tempfile::tempdir().unwrap();
    lay(folder.path());
    let case = run(folder.path(), 1);
    let bytes: u64 = case.captures.iter().map(|capture| capture.bytes).sum();
    assert_eq!(case.coverage.total(), bytes);
    assert_eq!(case.coverage.bytes(Fate::NotParsed), 0);
    let mut files = CaptureFiles::find(&case.captures, folder.path(), &[]).unwrap();
    let mut lines = 0;
    for evidence in case.findings.iter().flat_map(|finding| &finding.evidence) {
        let replayed = replay(&evidence.occurrence, &mut files).unwrap();
        assert_eq!(files.check(&replayed.frames).unwrap(), None, "{}", evidence.words);
        lines += usize::from(evidence.relation == Relation::Sender);
    }
    assert!(lines >= 4, "{lines}");
    assert_eq!(
        serde_json::to_value(&case).unwrap(),
        serde_json::to_value(run(folder.path(), 5)).unwrap(),
        "it depends on the number of workers"
    );
}
