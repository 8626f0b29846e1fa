//! Several devices in one capture: what left the phone is told apart from what the others sent, nothing is lost, and
//! a value and its digest are one identifier, and what is none is not taken for one.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::net::Ipv4Addr;

use audit::{Effort, Meter, Order, audit};
use evidence::{Behaviour, Case, Fate, Finding, FindingKind, LedgerRow, Relation, Severity};
use identifiers::Profile;
use testkit::{Conversation, Endpoint, Net, PcapStyle, PcapWriter, Side};

const PHONE: Ipv4Addr = Ipv4Addr::new(192, 168, 2, 126);
const OTHER: Ipv4Addr = Ipv4Addr::new(192, 168, 115, 8);
const IMEI: &str = "352099001761481";

/// Bodies that hide what they say are judged by their bytes, whatever they are called and however they are written.
#[test]
fn noise_that_is_called_music_is_not_taken_for_it() {
    let hex: String = noise(4096).iter().map(|byte| format!("{byte:02x}")).collect();
    for (label, body, fate) in [
        ("audio/flac", [b"fLaC".to_vec(), noise(4096)].concat(), Fate::Media),
        ("audio/flac", noise(4096), Fate::HomeMadeEncryption),
        ("audio/flac", vec![0x81; 4096], Fate::NotUnderstood),
        ("text/plain", hex.into_bytes(), Fate::HomeMadeEncryption),
        ("application/octet-stream", [b"\0\0\0\x18ftypmp42".to_vec(), noise(4096)].concat(), Fate::Media),
        (
            "application/octet-stream",
            [b"7z\xbc\xaf\x27\x1c".to_vec(), noise(4096)].concat(),
            Fate::NotUnderstood,
        ),
        ("application/json", br#"{"level":3}"#.to_vec(), Fate::Decoded),
    ] {
        let head = format!("Content-Type: {label}\r\nContent-Length: {}\r\n", body.len());
        let mut net = Net::new(PcapWriter::new(Vec::new(), PcapStyle::default()).unwrap());
        send(&mut net, (PHONE, 1, 40_000), &head, &body);
        let case = audit_of(net.into_wire().into_inner(), None);
        let rows = case.coverage.rows();
        let is_told = |row: &LedgerRow| {
            row.fate == fate && row.bytes == body.len() as u64 && row.reason.contains("bodies")
        };
        assert!(rows.iter().any(is_told), "{label}: {rows:?}");
    }
}

/// Bytes of a generator that passes for random.
fn noise(len: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    (0..len).map(|_| next()).collect()
}

/// What is new in each message is no identifier, whatever it is called; what stays beside it is one.
#[test]
fn a_value_that_is_new_each_time_is_told_once() {
    let random = |n: u64| format!("{:016x}", (n + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let lasting = random(4711);
    let bodies: Vec<String> =
        (0..8).map(|n| format!(r#"{{"did":"{}","android_id":"{lasting}"}}"#, random(n))).collect();
    let posts: Vec<_> = bodies.iter().map(|body| (PHONE, 1, body.as_str())).collect();
    let case = run(&posts, None);
    let new: Vec<_> = case.findings.iter().filter(|it| it.detector == "new-each-time").collect();
    assert!(matches!(new.as_slice(), [one] if one.count == 8 && one.severity == Severity::Info), "{new:?}");
    assert_eq!(sent(&case, &lasting).len(), 1);
    assert!((0..8).all(|n| sent(&case, &random(n)).is_empty()));
    // Three are too few to tell that they are new each time, and eight in one message are a list.
    assert_eq!(sent(&run(&posts[..3], None), &random(1)).len(), 1);
    let list: Vec<String> = (0..8).map(|n| format!(r#"{{"did":"{}"}}"#, random(n))).collect();
    let list = format!("[{}]", list.join(","));
    assert_eq!(sent(&run(&[(PHONE, 1, &list)], None), &random(1)).len(), 1);
}

/// Of many random numbers in a field without a name one has the form of a SIM card's by chance. Where all have it, they are.
#[test]
fn chance_makes_no_identifier() {
    let random = |n: u64| 1_000_000_007_u64.wrapping_mul(n).wrapping_add(7_000_000_000_000_000_000) | 1;
    let bodies = |one: &str| -> Vec<String> {
        let numbers = (0..60).map(|n| if n == 31 { one.to_owned() } else { random(n).to_string() });
        numbers.map(|number| format!("{{\"q\":{number}}}")).collect()
    };
    let iccid = "8949020073518264919";
    let case = run(&bodies(iccid).iter().map(|body| (PHONE, 1, body.as_str())).collect::<Vec<_>>(), None);
    assert!(sent(&case, iccid).is_empty(), "{:?}", case.findings);
    let mut again = bodies(iccid);
    again.push(again[31].clone());
    let case = run(&again.iter().map(|body| (PHONE, 1, body.as_str())).collect::<Vec<_>>(), None);
    assert_eq!(sent(&case, iccid).len(), 1, "what comes again is no chance");
    let alone = format!("{{\"q\":{iccid}}}");
    assert_eq!(sent(&run(&[(PHONE, 1, &alone)], None), iccid).len(), 1);
}

/// Posts of devices to one server: the device's address, the last byte of its hardware address, the body.
fn capture(posts: &[(Ipv4Addr, u8, &str)]) -> Vec<u8> {
    let mut net = Net::new(PcapWriter::new(Vec::new(), PcapStyle::default()).unwrap());
    for ((address, mac, body), port) in posts.iter().zip(40_000..) {
        post(&mut net, (*address, *mac, port), body);
    }
    net.into_wire().into_inner()
}

fn post(net: &mut Net<PcapWriter<Vec<u8>>>, (address, mac, port): (Ipv4Addr, u8, u16), body: &str) {
    let head = format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len());
    send(net, (address, mac, port), &head, body.as_bytes());
}

fn send(
    net: &mut Net<PcapWriter<Vec<u8>>>,
    (address, mac, port): (Ipv4Addr, u8, u16),
    head: &str,
    body: &[u8],
) {
    let server = Endpoint::new([2, 0, 0x5e, 0, 0, 1], Ipv4Addr::new(198, 51, 100, 1), 80);
    let device = Endpoint::new([2, 0, 0x5e, 0, 1, mac], address, port);
    let head = format!("POST /v1 HTTP/1.1\r\nHost: a.example\r\n{head}\r\n");
    let mut talk = Conversation::new(device, server);
    talk.open(net).unwrap();
    talk.send(net, Side::Client, &[head.as_bytes(), body].concat()).unwrap();
    talk.close(net).unwrap();
}

fn run(posts: &[(Ipv4Addr, u8, &str)], profile: Option<&str>) -> Case {
    audit_of(capture(posts), profile)
}

fn audit_of(capture: Vec<u8>, profile: Option<&str>) -> Case {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.pcap");
    std::fs::write(&path, capture).unwrap();
    let profile = profile.map(|text| Profile::parse(text, &mut |_| Err(String::new())).unwrap());
    let order = Order {
        keys: Vec::new(),
        inputs: vec![path],
        profile,
        bill: None,
        store: None,
        atlas: facts::Atlas::embedded(),
        effort: Effort::of(Effort::USUAL),
        workers: std::num::NonZeroUsize::new(2),
        program: "test".into(),
    };
    audit(order, &Meter::default()).unwrap()
}

fn sent<'c>(case: &'c Case, wanted: &str) -> Vec<&'c Finding> {
    let is_it = |finding: &&Finding| matches!(&finding.kind, FindingKind::IdentifierSent { value, .. } if value == wanted);
    case.findings.iter().filter(is_it).collect()
}

#[test]
fn what_other_devices_sent_did_not_leave_the_phone() {
    let body = format!(r#"{{"imei":"{IMEI}"}}"#);
    let posts = [(PHONE, 1, body.as_str()), (OTHER, 2, body.as_str()), (OTHER, 2, body.as_str())];
    for key in [format!("addresses = [\"{PHONE}\"]"), "wifi_mac = \"02:00:5e:00:01:01\"".to_owned()] {
        let case = run(&posts, Some(&format!("[device]\n{key}\n")));
        let roles: Vec<_> = case.devices.iter().map(|one| (one.address.clone(), one.is_phone)).collect();
        assert_eq!(roles, [(PHONE.to_string(), Some(true)), (OTHER.to_string(), Some(false))], "{key}");
        let findings = sent(&case, IMEI);
        let [own, other] = findings[..] else { unreachable!("{} findings", findings.len()) };
        assert!(!own.title.contains("another device") && own.severity > Severity::Low, "{own:?}");
        assert!(other.title.contains(" by another device"), "{}", other.title);
        assert!(other.words.contains(&format!("{OTHER}, which is not the phone")), "{}", other.words);
        assert_eq!((own.count, other.count, other.severity), (1, 2, Severity::Low));
        let counted: u64 = case.sightings.iter().map(|group| group.count).sum();
        assert_eq!(counted, 3, "no sighting is lost");
    }
}

/// Another device asks for the same host first.
#[test]
fn a_name_is_proved_by_the_device_that_sent() {
    let body = format!(r#"{{"imei":"{IMEI}"}}"#);
    let posts = [(OTHER, 2, body.as_str()), (PHONE, 1, body.as_str()), (PHONE, 1, body.as_str())];
    let case = run(&posts, Some(&format!("[device]\naddresses = [\"{PHONE}\"]\n")));
    let mut flows = std::collections::BTreeSet::new();
    for finding in sent(&case, IMEI) {
        let exchange = |wanted| {
            let found = finding.evidence.iter().find(|evidence| evidence.relation == wanted);
            found.map(|evidence| evidence.occurrence.exchange)
        };
        assert!(exchange(Relation::Value).is_some());
        assert_eq!(exchange(Relation::Destination), exchange(Relation::Value), "{}", finding.title);
        flows.extend(exchange(Relation::Destination));
    }
    assert_eq!(flows.len(), 2, "the phone's and the other's");
}

/// The same of how what was sent is protected.
#[test]
fn a_name_is_proved_by_the_device_whose_message_shows_the_protection() {
    let mut net = Net::new(PcapWriter::new(Vec::new(), PcapStyle::default()).unwrap());
    post(&mut net, (OTHER, 2, 40_000), "{\"a\":1}");
    use sha2::Digest as _;
    let noise: Vec<u8> = (0..64_u8).flat_map(|n| sha2::Sha256::digest([n])).collect();
    let head = format!("Content-Type: application/octet-stream\r\nContent-Length: {}\r\n", noise.len());
    send(&mut net, (PHONE, 1, 40_001), &head, &noise);
    let case =
        audit_of(net.into_wire().into_inner(), Some(&format!("[device]\naddresses = [\"{PHONE}\"]\n")));
    let is = |finding: &&Finding| matches!(finding.kind, FindingKind::Protection { .. });
    let finding = case.findings.iter().find(is).unwrap();
    let [shown, named] = [Relation::Value, Relation::Destination].map(|wanted| {
        let found = finding.evidence.iter().find(|evidence| evidence.relation == wanted);
        found.map(|evidence| evidence.occurrence.exchange)
    });
    assert!(shown.is_some());
    assert_eq!(named, shown, "{:?}", finding.evidence);
}

/// The phone posts every hour, another device every 25 minutes: taken together they have no rhythm.
#[test]
fn each_device_has_a_rhythm_of_its_own() {
    let body = format!(r#"{{"imei":"{IMEI}"}}"#);
    let own = (0..8_i64).map(|hour| (hour * 3_600, PHONE, 1));
    let others = (0..19_i64).map(|time| (time * 1_500 + 700, OTHER, 2));
    let mut times: Vec<_> = own.chain(others).collect();
    times.sort_unstable();
    let mut net = Net::new(PcapWriter::new(Vec::new(), PcapStyle::default()).unwrap());
    let start = net.now();
    for ((time, address, mac), port) in times.into_iter().zip(40_000..) {
        net.set_time(start + time * 1_000_000_000);
        post(&mut net, (address, mac, port), &body);
    }
    let case = audit_of(
        net.into_wire().into_inner(),
        Some(&format!("[device]\naddresses = [\"{PHONE}\"]\nimei = [\"{IMEI}\"]\n")),
    );
    let rhythms: Vec<_> = case
        .findings
        .iter()
        .filter_map(|finding| match &finding.kind {
            FindingKind::Behaviour(Behaviour::Rhythm { rule, at, .. }) => {
                Some((rule.as_str(), at.len(), finding))
            }
            _ => None,
        })
        .collect();
    let told: Vec<_> = rhythms.iter().map(|(rule, times, _)| (*rule, *times)).collect();
    assert_eq!(told, [("every 1 h", 8), ("every 25 min", 19)], "{rhythms:?}");
    let [(.., phone), (.., other)] = &rhythms[..] else { unreachable!() };
    assert!(phone.title.ends_with("to a.example") && phone.severity == Severity::Medium, "{}", phone.title);
    assert!(phone.words.contains(" (frame 1)") || phone.words.contains(" (frame 4)"), "{}", phone.words);
    assert!(
        other.title.ends_with(&format!("by {OTHER}")) && other.severity == Severity::Low,
        "{}",
        other.title
    );
    // The times are there to be reckoned again, and proofs are of all of the time.
    let proofs = |finding: &Finding| -> Vec<i64> {
        let of_it = finding.evidence.iter().filter(|proof| proof.words == "one of these requests");
        of_it.map(|proof| proof.occurrence.time.seconds()).collect()
    };
    let (of_phone, of_other) = (proofs(phone), proofs(other));
    assert!(of_phone.iter().all(|time| !of_other.contains(time)), "{of_phone:?} {of_other:?}");
    assert!(of_other.iter().max().unwrap() - of_other.iter().min().unwrap() >= 3 * 3_600, "{of_other:?}");
}

#[test]
fn where_nobody_knows_the_phone_the_senders_are_named() {
    let body = format!(r#"{{"imei":"{IMEI}"}}"#);
    let case = run(&[(PHONE, 1, &body), (OTHER, 2, &body)], None);
    let findings = sent(&case, IMEI);
    assert_eq!(findings.len(), 1);
    for words in ["2 devices", "nothing says which of them", "192.168.2.126", "192.168.115.8"] {
        assert!(findings[0].words.contains(words), "{words}: {}", findings[0].words);
    }
    let alone = run(&[(PHONE, 1, &body)], None);
    assert!(!sent(&alone, IMEI)[0].words.contains("device "), "{}", sent(&alone, IMEI)[0].words);
}

#[test]
fn a_value_and_its_digests_are_one_identifier() {
    const ID: &str = "b9e28776354d259e";
    let forms = [ID, "7a9cdb975b3e08d2b0c428cd462da3fd", "36c080f1b9aa563801c967c70d2020ca8ee6b6bb"];
    let bodies = forms.map(|value| format!(r#"{{"android_id":"{value}"}}"#));
    let posts: Vec<_> = bodies.iter().map(|body| (PHONE, 1, body.as_str())).collect();
    let case = run(&posts, None);
    let findings = sent(&case, ID);
    assert_eq!(findings.len(), 1, "{:?}", case.findings);
    let FindingKind::IdentifierSent { forms, .. } = &findings[0].kind else { unreachable!() };
    let forms: Vec<&str> = forms.iter().map(|form| form.0.as_str()).collect();
    assert!(forms.contains(&"md5/hex") && forms.contains(&"sha1/hex"), "{forms:?}");
    assert_eq!(findings[0].count, 3);
    // 64 random bits cannot be tried.
    assert!(!findings[0].words.contains("by trying"), "{}", findings[0].words);
}

#[test]
fn a_value_in_two_fields_of_a_message_is_one_message() {
    let body = format!(r#"{{"imei":"{IMEI}","imei2":"{IMEI}"}}"#);
    let case = run(&[(PHONE, 1, &body), (PHONE, 1, &body)], None);
    let finding = sent(&case, IMEI)[0];
    assert_eq!(finding.count, 2);
    assert!(finding.words.contains("in 2 messages, at 4 places"), "{}", finding.words);
}

/// A capture of both sides of a router: each frame again, translated, with other ports and sequence numbers.
#[test]
fn the_routers_own_side_of_a_flow_is_told_once_and_of_the_device() {
    const ROUTER: Ipv4Addr = Ipv4Addr::new(84, 132, 7, 9);
    let server = Endpoint::new([2, 0, 0x5e, 0, 0, 1], Ipv4Addr::new(9, 9, 9, 9), 80);
    let request = |imei: &str| {
        let body = format!(r#"{{"imei":"{imei}"}}"#);
        format!("POST /v1 HTTP/1.1\r\nHost: a.example\r\nContent-Length: {}\r\n\r\n{body}", body.len())
    };
    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    let run = |own: &str, translated: &str| {
        let mut net = Net::new(PcapWriter::new(Vec::new(), PcapStyle::default()).unwrap());
        let device = Endpoint::new([2, 0, 0x5e, 0, 1, 1], PHONE, 40_000);
        let router = Endpoint::new([2, 0, 0x5e, 0, 1, 9], ROUTER, 40_007);
        let mut inside = Conversation::new(device, server);
        let mut outside = Conversation::new(router, server).with_sequences(77, 88);
        inside.open(&mut net).unwrap();
        outside.open(&mut net).unwrap();
        inside.send(&mut net, Side::Client, request(own).as_bytes()).unwrap();
        outside.send(&mut net, Side::Client, request(translated).as_bytes()).unwrap();
        // The answer passes the outside first.
        outside.send(&mut net, Side::Server, answer).unwrap();
        inside.send(&mut net, Side::Server, answer).unwrap();
        outside.close(&mut net).unwrap();
        inside.close(&mut net).unwrap();
        let profile = format!("[device]\naddresses = [\"{PHONE}\"]\nimei = [\"{IMEI}\"]\n");
        audit_of(net.into_wire().into_inner(), Some(&profile))
    };
    let case = run(IMEI, IMEI);
    let addresses: Vec<_> = case.devices.iter().map(|device| device.address.clone()).collect();
    assert_eq!((addresses, case.totals.flows), (vec![PHONE.to_string()], 1));
    let [finding] = sent(&case, IMEI)[..] else { unreachable!("{:?}", case.findings) };
    assert_eq!(finding.count, 1);
    let rows = case.coverage.rows();
    let left_out = rows.iter().find(|row| row.reason.starts_with("the router’s own side")).unwrap();
    let len = (request(IMEI).len() + answer.len()) as u64;
    assert_eq!((left_out.fate, left_out.pieces, left_out.bytes), (Fate::Duplicate, 1, len));
    // What differs is no copy, and is not lost.
    let case = run("490154203237518", IMEI);
    let [finding] = sent(&case, IMEI)[..] else { unreachable!("{:?}", case.findings) };
    assert!(finding.title.contains(" by another device"), "{}", finding.title);
}

/// A resolver in the same room passes on what it is asked; what is asked within the room stays there.
#[test]
fn a_number_in_a_name_that_is_asked_for_goes_to_whoever_answers_for_it() {
    // printf %s 352099001761481 | md5sum
    let digest = "aeccb70bba350a0cd171203b0d042d7e";
    let resolver = Endpoint::new([2, 0, 0x5e, 0, 0, 1], Ipv4Addr::new(192, 168, 2, 1), 53);
    let asked = |domain: &str| {
        let mut net = Net::new(PcapWriter::new(Vec::new(), PcapStyle::default()).unwrap());
        let device = Endpoint::new([2, 0, 0x5e, 0, 1, 1], PHONE, 40_000);
        let name = format!("{digest}.7.{domain}");
        net.udp(&device, &resolver, &testkit::dns::query(7, &name, 1)).unwrap();
        net.udp(&resolver, &device, &testkit::dns::response(7, (&name, 1), &[])).unwrap();
        audit_of(net.into_wire().into_inner(), Some(&format!("[device]\nimei = [\"{IMEI}\"]\n")))
    };
    for (domain, to, severity) in [
        ("x.collect-stats.com", "collect-stats.com", Severity::High),
        ("printer.local", "the local network", Severity::Low),
    ] {
        let case = asked(domain);
        let [finding] = sent(&case, IMEI)[..] else { unreachable!("{:?}", case.findings) };
        assert!(finding.title.contains(&format!("was sent to {to}")), "{}", finding.title);
        assert_eq!(finding.severity, severity);
        let passed_on = "pass such a question on to the servers of collect-stats.com";
        assert_eq!(finding.words.contains(passed_on), severity == Severity::High, "{}", finding.words);
        let FindingKind::IdentifierSent { passed_to, .. } = &finding.kind else { unreachable!() };
        assert_eq!(passed_to, if severity == Severity::High { to } else { "" });
    }
}

/// One digest in names of two domains, asked of one resolver: each domain is told what it got, and no more.
#[test]
fn a_number_in_names_of_two_domains_goes_to_both() {
    let digest = "aeccb70bba350a0cd171203b0d042d7e";
    let resolver = Endpoint::new([2, 0, 0x5e, 0, 0, 1], Ipv4Addr::new(192, 168, 2, 1), 53);
    let mut net = Net::new(PcapWriter::new(Vec::new(), PcapStyle::default()).unwrap());
    let names = ["collect-stats.com", "Other-Stats.net", "x.collect-stats.com", "collect-stats.COM"];
    for (name, port) in names.iter().zip(40_000..) {
        let device = Endpoint::new([2, 0, 0x5e, 0, 1, 1], PHONE, port);
        let name = format!("{digest}.{name}");
        net.udp(&device, &resolver, &testkit::dns::query(port, &name, 1)).unwrap();
        net.udp(&resolver, &device, &testkit::dns::response(port, (&name, 1), &[])).unwrap();
    }
    let case = audit_of(net.into_wire().into_inner(), Some(&format!("[device]\nimei = [\"{IMEI}\"]\n")));
    let told = sent(&case, IMEI).into_iter().map(|finding| {
        let FindingKind::IdentifierSent { passed_to, .. } = &finding.kind else { unreachable!() };
        let frames: Vec<u64> = finding.evidence.iter().map(|evidence| evidence.occurrence.frame.0).collect();
        (passed_to.as_str(), finding.count, frames[0])
    });
    let mut told: Vec<_> = told.collect();
    told.sort_unstable();
    assert_eq!(told, [("collect-stats.com", 3, 1), ("other-stats.net", 1, 3)]);
}

/// Names that firmware holds and nobody has, as their whole capture: denied, silent, and those that are answered.
#[test]
fn names_that_lead_nowhere_are_told_whatever_else_there_is() {
    let mut net = Net::new(PcapWriter::new(Vec::new(), PcapStyle::default()).unwrap());
    let resolver = Endpoint::new([2, 0, 0x5e, 0, 0, 1], Ipv4Addr::new(192, 168, 2, 1), 53);
    for (round, port) in (0..10_u16).zip(40_000..) {
        let device = Endpoint::new([2, 0, 0x5e, 0, 1, 1], PHONE, port);
        for (at, name) in
            ["gone.example", "silent.example", "empty.example", "gone-lhzbdvm.com", "printer.lan"]
                .into_iter()
                .enumerate()
        {
            let id = round * 8 + u16::try_from(at).unwrap();
            net.udp(&device, &resolver, &testkit::dns::query(id, name, 1)).unwrap();
            match name {
                "silent.example" => {}
                "empty.example" => {
                    let answer = testkit::dns::response(id, (name, 1), &[]);
                    net.udp(&resolver, &device, &answer).unwrap();
                }
                _ => net.udp(&resolver, &device, &testkit::dns::no_such_name(id, (name, 1))).unwrap(),
            }
        }
        net.wait(600_000_000_000);
    }
    let case = audit_of(net.into_wire().into_inner(), None);
    let mut told: Vec<_> = case
        .findings
        .iter()
        .filter_map(|finding| match &finding.kind {
            FindingKind::Behaviour(Behaviour::UnresolvedName { name, outcome }) => Some((
                name.as_str(),
                outcome.as_str(),
                finding.count,
                finding.words.contains("Whoever registers it"),
            )),
            _ => None,
        })
        .collect();
    told.sort_unstable();
    assert_eq!(
        told,
        [
            ("gone-lhzbdvm.com", "NXDOMAIN", 10, true),
            ("gone.example", "NXDOMAIN", 10, false),
            ("silent.example", "no answer", 10, false),
        ]
    );
}
