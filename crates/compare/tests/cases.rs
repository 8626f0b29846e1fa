//! Small cases made by hand, one for each thing that may differ, and the reasons why one may not be seen.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a test may fail")]

use compare::{Named, compare};
use evidence::{
    Behaviour, Capture, CaptureId, Carrier, Case, Change, Channel, Comparison, Country, Destination,
    Difference, Direction, DoubtReason, Endpoint, EndpointId, Fate, FieldSeries, FieldValue, Finding,
    FindingId, FindingKind, Form, FrameNo, Grade, Holds, IdentifierKind, Kinship, Likeness, Mark, Network,
    Presence, Quote, Reading, Security, Severity, SightingGroup, SightingKey, Timestamp, Transport,
};

/// A case as programs wrote it before there were fields and kinds of planted values.
const OLD: &str = r#"{"format":"phonehome-case/1.0","program":"p","captures":[],"problems":[],"profile":"a",
    "profile_values":2,"data":[],"devices":[],"destinations":[],"findings":[],"sightings":[],"anomalies":[],
    "coverage":{"rows":[],"missing":[],"total_bytes":0},"totals":{"flows":0,"exchanges":0,"sightings":0}}"#;

fn at(seconds: i64) -> Timestamp {
    Timestamp::new(1_500_000_000 + seconds, 0)
}

/// A case with hours of readable traffic to one receiver, planted with an IMEI.
fn case(hours: i64) -> Case {
    let mut case: Case = serde_json::from_str(OLD).unwrap();
    case.profile_kinds = vec![(IdentifierKind::Imei, 1)];
    case.captures.push(Capture {
        id: CaptureId(0),
        name: "a.pcap".to_owned(),
        format: "pcap".to_owned(),
        sha256: "00".to_owned(),
        file_bytes: 1000,
        bytes: 1000,
        holds: Holds::Packets,
        frames: 10,
        first: Some(at(0)),
        last: Some(at(hours * 3600)),
        notes: vec![],
        damage: None,
    });
    case.coverage.add(Fate::Decoded, "HTTP", 1000);
    case.destinations.push(Destination {
        id: EndpointId(0),
        endpoint: Endpoint {
            host: "api.vendor.example".to_owned(),
            address: "192.0.2.1".to_owned(),
            port: 80,
            transport: Transport::Tcp,
        },
        named_by: "http host".to_owned(),
        cname_chain: vec![],
        domain: "vendor.example".to_owned(),
        network: Network {
            located: Some(Country { code: "CN".to_owned(), source: "s".to_owned() }),
            ..Network::default()
        },
        owner: None,
        bytes_out: 100,
        bytes_in: 10,
        reading: Reading::default(),
        reading_in: Reading::default(),
        flows: 3,
        channels: vec![],
        first: at(0),
        last: at(1),
        of_recording: false,
    });
    case
}

/// The IMEI, sent so often and with that protection.
fn with_imei(mut case: Case, count: u64, security: Security) -> Case {
    let key = key(IdentifierKind::Imei, "353939102030406", Grade::Known, "IMEI1", security);
    let group = SightingGroup { key, count, first: at(100), last: at(200), proofs: vec![] };
    case.sightings.push(group);
    let place = case.sightings.len() as u32 - 1;
    let kind = FindingKind::IdentifierSent {
        identifier: IdentifierKind::Imei,
        value: "353939102030406".to_owned(),
        grade: Grade::Known,
        forms: vec![Form("digits".to_owned())],
        hashed: Vec::new(),
        passed_to: String::new(),
    };
    let severity = if security == Security::Clear { Severity::High } else { Severity::Medium };
    case.findings.push(finding(kind, severity, count, vec![place]));
    case
}

fn key(kind: IdentifierKind, value: &str, grade: Grade, field: &str, security: Security) -> SightingKey {
    SightingKey {
        kind,
        value: value.to_owned(),
        label: String::new(),
        grade,
        form: Form("digits".to_owned()),
        field: field.to_owned(),
        encodings: vec![],
        carrier: Carrier::Body,
        direction: Direction::Out,
        security,
        endpoint: EndpointId(0),
        device: "10.0.0.2".to_owned(),
        app: String::new(),
    }
}

fn finding(kind: FindingKind, severity: Severity, count: u64, sightings: Vec<u32>) -> Finding {
    Finding {
        id: FindingId("F-00000001".to_owned()),
        kind,
        detector: "d".to_owned(),
        version: 1,
        severity,
        title: "t".to_owned(),
        words: "w".to_owned(),
        endpoints: vec![EndpointId(0)],
        count,
        first: at(100),
        last: at(200),
        evidence: vec![],
        sightings,
    }
}

fn marked(mut case: Case, seconds: i64, kind: &str) -> Case {
    let quote = Quote {
        capture: CaptureId(0),
        line: FrameNo(1),
        start: 0,
        end: 1,
        text: "boot".to_owned(),
        decoder: String::new(),
    };
    let mark = Mark {
        time: at(seconds),
        kind: kind.to_owned(),
        package: String::new(),
        detail: String::new(),
        quote,
    };
    case.phone.marks.push(mark);
    case
}

fn sealed(mut case: Case) -> Case {
    let channel = Channel {
        protocol: "TLS 1.3".to_owned(),
        suite: String::new(),
        weakness: String::new(),
        subject: String::new(),
        issuer: String::new(),
    };
    case.destinations[0].channels.push((channel, 3));
    case
}

fn with_field(mut case: Case, field: &str, value: &str, distinct: u64) -> Case {
    case.fields.push(FieldSeries {
        endpoint: EndpointId(0),
        request: "POST /x".to_owned(),
        field: field.to_owned(),
        carrier: Carrier::Body,
        direction: Direction::Out,
        security: Security::Clear,
        messages: 4,
        distinct,
        length: (value.len() as u64, value.len() as u64),
        values: vec![FieldValue { text: value.to_owned(), sha256: format!("hash of {value}"), messages: 4 }],
        proof: None,
    });
    case
}

fn of(cases: &[(&str, &Case)]) -> Comparison {
    let named: Vec<_> = cases.iter().map(|(name, case)| Named { name, case }).collect();
    compare(&named, "phonehome 0")
}

fn only(comparison: &Comparison) -> &Difference {
    assert_eq!(comparison.differences.len(), 1, "{:?}", comparison.differences);
    &comparison.differences[0]
}

fn reasons(difference: &Difference, place: usize) -> Vec<(DoubtReason, bool)> {
    difference.cells[place].doubts.iter().map(|doubt| (doubt.reason, doubt.blind)).collect()
}

#[test]
fn what_is_alike_is_the_same() {
    let one = with_imei(case(10), 20, Security::Clear);
    let comparison = of(&[("a", &one), ("b", &one)]);
    let row = only(&comparison);
    assert_eq!((row.change, row.unclear, row.shifts.len()), (Change::Same, false, 0));
    assert_eq!(comparison.kinship, Kinship::SamePhone);
    assert_eq!(comparison.destinations[0].change, Change::Same);
}

/// A case with the message store alone cannot show what was sent past it.
#[test]
fn a_hidden_message_does_not_vanish_where_only_the_store_was_read() {
    use evidence::MessageSource::{self, Bill, Radio, Store};
    let with = |sources: &[MessageSource]| {
        let mut case = case(10);
        let lacking = MessageSource::ALL.into_iter().filter(|source| !sources.contains(source));
        let spots = lacking.map(|source| source.lacking().to_owned());
        case.phone.message_blind_spots = spots.chain(["tells of no time".to_owned()]).collect();
        case
    };
    let mut before = with(&[Radio, Store]);
    let kind = FindingKind::HiddenMessage {
        number: "+123".to_owned(),
        direction: Direction::Out,
        verdict: "sent and not logged".to_owned(),
    };
    before.findings.push(finding(kind, Severity::High, 3, vec![]));
    for (sources, blind) in
        [(&[Store][..], true), (&[Bill], true), (&[Bill, Store], false), (&[Radio, Store], false)]
    {
        let comparison = of(&[("before", &before), ("after", &with(sources))]);
        let expected = if blind { vec![(DoubtReason::NotExamined, true)] } else { vec![] };
        assert_eq!(reasons(only(&comparison), 1), expected, "{sources:?}");
    }
}

#[test]
fn what_is_gone_vanished_without_a_doubt_only_where_it_would_have_shown() {
    let comparison = of(&[("before", &with_imei(case(10), 20, Security::Clear)), ("after", &case(10))]);
    let row = only(&comparison);
    assert_eq!((row.change, row.unclear), (Change::Vanished, false));
    assert_eq!(reasons(row, 1), []);
    assert!(row.cells[1].contacted);
    let other_way = of(&[("before", &case(10)), ("after", &with_imei(case(10), 20, Security::Clear))]);
    assert_eq!(only(&other_way).change, Change::Appeared);
}

#[test]
fn every_reason_not_to_see_it_is_told() {
    let before = with_imei(case(10), 20, Security::Clear);
    let marked_before = marked(before.clone(), 60, "boot_completed");
    let mut none_planted = case(10);
    none_planted.profile_kinds = vec![(IdentifierKind::Iccid, 1)];
    let mut old = case(10);
    old.profile_kinds.clear();
    let mut no_profile = case(10);
    no_profile.profile = None;
    let mut empty = case(10);
    empty.coverage = evidence::Ledger::default();
    let mut gaps = case(10);
    gaps.coverage.lacks(evidence::Missing::Gap, "TCP", 5);
    let mut elsewhere = case(10);
    elsewhere.destinations.clear();
    elsewhere.coverage.add(Fate::Encrypted, "TLS", 500);
    let mut film = elsewhere.clone();
    film.coverage.add(Fate::Media, "HTTP", 1_000_000);
    let unlocked = marked(case(10), 5, "unlocked");
    let booted = marked(case(1), 5, "boot_completed");
    type Row<'r> = (&'r str, &'r Case, Case, &'r [(DoubtReason, bool)]);
    let rows: [Row<'_>; 12] = [
        ("sealed", &before, sealed(case(10)), &[(DoubtReason::Unreadable, true)]),
        ("elsewhere", &before, elsewhere, &[(DoubtReason::Unreadable, false)]),
        ("elsewhere, beside a film", &before, film, &[(DoubtReason::Unreadable, false)]),
        ("nothing recorded", &before, empty, &[(DoubtReason::NotExamined, true)]),
        ("an hour of ten", &before, case(1), &[(DoubtReason::TooShort, true)]),
        ("no marks at all", &marked_before, case(10), &[(DoubtReason::NoMark, true)]),
        ("no boot", &marked_before, unlocked, &[(DoubtReason::NoMark, true)]),
        ("a boot is enough", &marked_before, booted, &[]),
        ("not planted", &before, none_planted, &[(DoubtReason::NotPlanted, true)]),
        ("old case", &before, old, &[(DoubtReason::NotPlanted, false)]),
        ("no profile", &before, no_profile, &[(DoubtReason::NotPlanted, true)]),
        ("gaps", &before, gaps, &[(DoubtReason::Incomplete, false)]),
    ];
    for (name, before, after, expected) in rows {
        let comparison = of(&[("before", before), ("after", &after)]);
        let row = only(&comparison);
        assert_eq!(row.change, Change::Vanished, "{name}");
        assert_eq!(reasons(row, 1), expected, "{name}: {:?}", row.cells[1].doubts);
        let blind = expected.iter().any(|(_, blind)| *blind);
        assert_eq!(row.unclear, blind, "{name}");
        let presence = if blind { Presence::CouldNotBeSeen } else { Presence::NotSeen };
        assert_eq!(row.cells[1].presence, presence, "{name}");
    }
}

#[test]
fn encryption_is_not_an_end() {
    let before = with_imei(case(10), 20, Security::Clear);
    let after = with_imei(case(10), 20, Security::Encrypted);
    let comparison = of(&[("before", &before), ("after", &after)]);
    let row = only(&comparison);
    assert_eq!(row.change, Change::Changed);
    let told: Vec<_> = row.shifts.iter().map(|shift| shift.what.as_str()).collect();
    assert_eq!(told, ["readable by", "severity"]);
    assert!(row.remarks[0].contains("not to gone"), "{:?}", row.remarks);
    let back = of(&[("before", &after), ("after", &before)]);
    assert!(only(&back).remarks[0].ends_with("anyone on the way."));
}

#[test]
fn many_values_before_and_one_after_are_about_the_same() {
    let many = |security| {
        let mut case = with_imei(case(10), 20, security);
        case.findings[0].kind =
            FindingKind::BulkData { identifier: IdentifierKind::Imei, seen: 3, planted: 3 };
        case
    };
    let after = with_imei(case(10), 1, Security::Encrypted);
    let comparison = of(&[("before", &many(Security::Clear)), ("after", &after)]);
    let row = only(&comparison);
    assert_eq!((row.change, row.kind.as_str()), (Change::Changed, "identifier_sent"));
    assert!(row.remarks[0].contains("not to gone"), "{:?}", row.remarks);
    assert!(row.shifts.iter().any(|shift| shift.what == "how many"), "{:?}", row.shifts);
    // Where both have many, it is a row of its own.
    let comparison = of(&[("before", &many(Security::Clear)), ("after", &many(Security::Clear))]);
    assert_eq!(only(&comparison).kind, "bulk_data");
}

#[test]
fn how_often_and_where_to_are_compared() {
    let before = with_imei(case(10), 20, Security::Clear);
    let mut after = with_imei(case(10), 80, Security::Clear);
    after.destinations[0].network.located = Some(Country { code: "FI".to_owned(), source: "s".to_owned() });
    let comparison = of(&[("before", &before), ("after", &after)]);
    let told: Vec<_> = only(&comparison).shifts.iter().map(|one| (one.what.as_str(), &one.values)).collect();
    assert_eq!(told[0].0, "country of the address");
    assert_eq!(told[1].0, "how often");
    assert_eq!(told[1].1, &[["2.0 times an hour"], ["8.0 times an hour"]]);
    assert_eq!(comparison.destinations[0].change, Change::Changed);
}

#[test]
fn modes_make_a_truth_table() {
    let sent = with_imei(case(10), 20, Security::Clear);
    let quiet = case(10);
    let cases =
        [("normal, on", &sent), ("private, on", &sent), ("normal, off", &sent), ("private, off", &quiet)];
    let comparison = of(&cases);
    let row = only(&comparison);
    let table: Vec<_> = row.cells.iter().map(|cell| cell.presence == Presence::Seen).collect();
    assert_eq!((row.change, table), (Change::Partly, vec![true, true, true, false]));
}

#[test]
fn versions_of_lists_and_apps_and_names_of_parameters_are_compared() {
    let list = |entries| Behaviour::KeywordList {
        request: "GET /list".to_owned(),
        entries,
        scripts: vec![],
        fetched: 3,
        versions: 1,
        apps: vec![],
        sample: vec!["word".to_owned()],
    };
    let parameters = |names: &[&str]| Behaviour::Parameters {
        request: "POST /x".to_owned(),
        names: names.iter().map(|name| (*name).to_owned()).collect(),
        messages: 4,
    };
    let with = |entries, names: &[&str], version: &str| {
        let mut case = case(10);
        let package = FindingKind::PackageArrived {
            package: "org.app".to_owned(),
            version: version.to_owned(),
            sha256: version.to_owned(),
            signers: vec![],
            way: vec![],
            security: Security::Clear,
        };
        let kinds =
            [FindingKind::Behaviour(list(entries)), FindingKind::Behaviour(parameters(names)), package];
        case.findings = kinds.map(|kind| finding(kind, Severity::Low, 4, vec![])).to_vec();
        case
    };
    let comparison = of(&[("a", &with(449, &["id", "uuid"], "1")), ("b", &with(2210, &["id", "url"], "2"))]);
    let row = |subject: &str| {
        let row = comparison.differences.iter().find(|row| row.subject == subject).unwrap();
        assert_eq!(row.change, Change::Changed, "{subject}");
        &row.shifts
    };
    assert_eq!(row("list of words in GET /list")[0].values, [["449"], ["2210"]]);
    assert_eq!(row("app org.app")[1].values, [["1"], ["2"]]);
    let inventory = &comparison.inventories[0];
    assert_eq!((inventory.common, inventory.counts.as_slice()), (1, [Some(2), Some(2)].as_slice()));
    let differing: Vec<_> = inventory.differing.iter().map(|(name, who)| (name.as_str(), &who[..])).collect();
    assert_eq!(differing, [("url", &[false, true][..]), ("uuid", &[true, false][..])]);
}

#[test]
fn a_value_of_all_phones_is_no_name_of_one() {
    let phone = |imei: &str, shaped: &str| {
        let mut case = case(10);
        let group = |kind, value, grade, field| SightingGroup {
            key: key(kind, value, grade, field, Security::Clear),
            count: 1,
            first: at(1),
            last: at(1),
            proofs: vec![],
        };
        case.sightings.push(group(IdentifierKind::Imei, imei, Grade::Known, "i"));
        case.sightings.push(group(IdentifierKind::DeviceId, shaped, Grade::Shaped, "uuid"));
        case
    };
    let rows = [
        ("same", "same", Likeness::Identical, "no name of a device"),
        ("x", "y", Likeness::EachItsOwn, "tells them apart"),
    ];
    for (one, other, likeness, words) in rows {
        let comparison = of(&[("a", &phone("1", one)), ("b", &phone("2", other))]);
        assert_eq!(comparison.kinship, Kinship::DifferentPhones);
        assert_eq!(comparison.values[0].likeness, likeness);
        assert!(comparison.values[0].meaning.contains(words), "{}", comparison.values[0].meaning);
    }
}

#[test]
fn a_field_nobody_knows_tells_phones_apart_and_moves_with_the_sim() {
    let phone = |imsi: &str, secret: &str, model: &str| {
        let mut case = with_imei(case(10), 20, Security::Clear);
        let key = key(IdentifierKind::Imsi, imsi, Grade::Known, "s", Security::Clear);
        case.sightings.push(SightingGroup { key, count: 1, first: at(1), last: at(1), proofs: vec![] });
        case.phone.build.push(("region".to_owned(), "EU".to_owned()));
        let case = with_field(case, "k", secret, 1);
        let case = with_field(case, "model", model, 1);
        with_field(case, "time", secret, 4)
    };
    let (one, same, other) = (phone("1", "q9Zk", "m"), phone("1", "q9Zk", "m"), phone("2", "Xw3f", "m"));
    let comparison = of(&[("sim 1", &one), ("again", &same), ("sim 2", &other)]);
    let told: Vec<_> = comparison.fields.iter().map(|field| (field.field.as_str(), field.likeness)).collect();
    assert_eq!(told, [("k", Likeness::Groups), ("model", Likeness::Identical)]);
    let field = &comparison.fields[0];
    assert_eq!(field.groups, [Some(0), Some(0), Some(1)]);
    assert_eq!(field.moves_with, ["subscriber number (IMSI)"]);
    assert_eq!(comparison.kinship, Kinship::SamePhone);
}

#[test]
fn a_damaged_case_is_compared_as_well() {
    let mut forged = with_imei(case(10), u64::MAX, Security::Clear);
    forged.findings[0].endpoints = vec![EndpointId(u32::MAX)];
    forged.findings[0].sightings = vec![u32::MAX, 7];
    (forged.findings[0].first, forged.findings[0].last) = (Timestamp(i64::MAX), Timestamp(i64::MIN));
    forged.captures[0].first = Some(Timestamp(i64::MAX));
    forged.destinations[0].bytes_out = u64::MAX;
    forged.destinations.push(forged.destinations[0].clone());
    let empty: Case = serde_json::from_str(OLD).unwrap();
    let comparison = of(&[("forged", &forged), ("empty", &empty), ("forged", &forged)]);
    assert_eq!(comparison.sides.len(), 3);
    assert_eq!(of(&[]).differences, []);
    let written = serde_json::to_string(&comparison).unwrap();
    assert_eq!(serde_json::from_str::<Comparison>(&written).unwrap(), comparison);
}
