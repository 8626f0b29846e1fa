//! A case after the Nokia 7 Plus of 2019, every value of it made up: device and subscriber numbers as
//! base64 of JSON over clear HTTP, a hashed Android id over TLS, a network name over DHCP, contacts in bulk.
//!
//! It does not come from an audit, so it also holds what one capture seldom shows together.

use evidence::{
    Anomaly, AnomalyTally, Buffer, BufferId, CASE_FORMAT, Capture, CaptureId, Carrier, Case, Country,
    DataSet, Destination, Device, Direction, Endpoint, EndpointId, Evidence, ExchangeId, Fate, Fidelity,
    Finding, FindingId, FindingKind, FlowId, Form, FrameNo, Grade, Holds, IdentifierKind, InputProblem,
    Layer, Ledger, Missing, Network, Occurrence, Owner, Reading, Relation, Security, Segment, Severity,
    SightingGroup, SightingKey, Source, Span, Step, Timestamp, Totals, Trail, Transport,
};

/// 2019-01-15 07:40:00 UTC.
pub(crate) const START: i64 = 1_547_538_000;

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::new(START + seconds, 120_000_000)
}

/// The whole case.
pub(crate) fn case() -> Case {
    let sightings = sightings();
    Case {
        format: CASE_FORMAT.to_owned(),
        program: "phonehome 0.1.0".to_owned(),
        captures: vec![boot(), month_later()],
        problems: vec![InputProblem {
            input: "phone/old.pcap".to_owned(),
            problem: "no capture: the file begins with 50 4b 03 04 (a zip archive); unpack it first"
                .to_owned(),
        }],
        profile: Some("nokia-7-plus-a".to_owned()),
        profile_values: 14,
        profile_kinds: vec![],
        data: data(),
        phone: evidence::Phone::default(),
        devices: vec![
            Device {
                address: "192.168.43.17".to_owned(),
                mac: Some("02:5e:10:00:00:17".to_owned()),
                names: vec!["android-4f1c2e9a".to_owned(), "Nokia 7 plus".to_owned()],
                is_phone: Some(true),
            },
            Device { address: "fe80::5e:10ff:fe00:17".to_owned(), mac: None, names: vec![], is_phone: None },
        ],
        destinations: destinations(),
        findings: findings(&sightings),
        sightings,
        fields: vec![],
        fields_dropped: 0,
        anomalies: anomalies(),
        coverage: coverage(),
        totals: Totals { flows: 212, exchanges: 631, sightings: 148 },
    }
}

/// The same phone after the update: nothing found.
pub(crate) fn clean() -> Case {
    let mut case = case();
    case.findings.clear();
    case.sightings.clear();
    case.problems.clear();
    case.profile = None;
    case.profile_values = 0;
    case
}

/// `count` findings of all severities, from the first ones of [`case`].
pub(crate) fn many(count: usize) -> Case {
    let mut case = case();
    let models = case.findings.clone();
    let severities = [Severity::Info, Severity::Low, Severity::Medium, Severity::High, Severity::Critical];
    case.findings = (0..count)
        .map(|number| {
            let mut finding = models[number % models.len()].clone();
            finding.id = FindingId(format!("F-{number:08x}"));
            finding.severity = severities[number % 5];
            finding
        })
        .collect();
    case
}

/// A case in which every text is an attack on whatever shows it.
pub(crate) fn hostile() -> Case {
    let attack = ATTACK.to_owned();
    let mut case = case();
    case.program = attack.clone();
    case.profile = Some(attack.clone());
    for capture in &mut case.captures {
        capture.name = attack.clone();
        capture.sha256 = attack.clone();
        capture.format = attack.clone();
        capture.notes = vec![attack.clone()];
        capture.damage = Some(attack.clone());
    }
    case.problems = vec![InputProblem { input: attack.clone(), problem: attack.clone() }];
    case.data = vec![DataSet { name: attack.clone(), version: attack.clone(), licence: attack.clone() }];
    case.devices = vec![Device {
        address: attack.clone(),
        mac: Some(attack.clone()),
        names: vec![attack.clone()],
        is_phone: None,
    }];
    for destination in &mut case.destinations {
        destination.endpoint.host = attack.clone();
        destination.named_by = attack.clone();
        destination.cname_chain = vec![attack.clone()];
        destination.domain = attack.clone();
        destination.network.holder = attack.clone();
        destination.network.located = Some(Country { code: attack.clone(), source: attack.clone() });
        destination.network.registered = Some(Country { code: attack.clone(), source: attack.clone() });
        destination.owner = Some(Owner {
            operator: attack.clone(),
            group: attack.clone(),
            country: attack.clone(),
            purpose: attack.clone(),
            reasoning: attack.clone(),
        });
    }
    for finding in &mut case.findings {
        finding.id = FindingId(attack.clone());
        finding.detector = attack.clone();
        finding.title = attack.clone();
        finding.words = attack.clone();
        if let FindingKind::IdentifierSent { value, forms, .. } = &mut finding.kind {
            *value = attack.clone();
            *forms = vec![Form(attack.clone())];
        }
        for evidence in &mut finding.evidence {
            evidence.words = attack.clone();
            evidence.occurrence.found = attack.clone();
            for buffer in &mut evidence.occurrence.trail.buffers {
                buffer.step = Step::Decode(attack.clone());
            }
        }
    }
    for group in &mut case.sightings {
        let key = &mut group.key;
        for text in
            [&mut key.value, &mut key.label, &mut key.field, &mut key.app, &mut key.device, &mut key.form.0]
        {
            *text = attack.clone();
        }
        key.encodings = vec![attack.clone()];
    }
    let mut ledger = Ledger::default();
    ledger.add(Fate::Decoded, ATTACK, 10);
    ledger.lacks(Missing::Gap, ATTACK, 10);
    case.coverage = ledger;
    case.anomalies = AnomalyTally::default();
    case.anomalies.add(Anomaly {
        layer: Layer::Http,
        what: attack.clone().into(),
        detail: attack,
        capture: CaptureId(0),
        frame: None,
        offset: None,
    });
    case
}

/// Markup, an attribute's end, a formula, escapes of both kinds, a direction override, Hebrew, a NUL, a
/// code fence and a line of its own.
pub(crate) const ATTACK: &str = "=<script>alert(1)</script>\" onload=\"x' \u{1b}[31m\u{9b}2J\u{202e}moc\u{200b} שלום \0```\n# [a](http://evil.example)<img src=x>";

fn boot() -> Capture {
    Capture {
        id: CaptureId(0),
        name: "nokia-boot.pcapng.gz".to_owned(),
        format: "pcapng, gzip".to_owned(),
        holds: Holds::Packets,
        sha256: "6f1d8e5a0b7c4f9e2d3a1b0c9f8e7d6c5b4a39281706f5e4d3c2b1a09f8e7d6c".to_owned(),
        file_bytes: 412_210,
        bytes: 1_204_882,
        frames: 2_418,
        first: Some(at(0)),
        last: Some(at(5_470)),
        notes: vec!["interface wlan0, Ethernet".to_owned(), "Dumpcap 3.0.0 on Linux 4.19".to_owned()],
        damage: None,
    }
}

fn month_later() -> Capture {
    Capture {
        id: CaptureId(1),
        name: "nokia-unlock.pcap".to_owned(),
        format: "pcap".to_owned(),
        holds: Holds::Packets,
        sha256: "00c1d2e3f4a5b6978879605142332415a6b7c8d9eafb0c1d2e3f405162738495".to_owned(),
        file_bytes: 655_360,
        bytes: 655_360,
        frames: 1_020,
        first: Some(at(2_592_000)),
        last: Some(at(2_595_600)),
        notes: vec![],
        damage: Some("the last record says 1,514 bytes, 380 are there: the recording was cut off".to_owned()),
    }
}

fn data() -> Vec<DataSet> {
    let set = |name: &str, version: &str, licence: &str| DataSet {
        name: name.to_owned(),
        version: version.to_owned(),
        licence: licence.to_owned(),
    };
    vec![
        set("ip-country", "2026-06-01", "CC BY 4.0; IP geolocation by DB-IP (https://db-ip.com)"),
        set("asn", "2026-06-17", "CC BY 4.0; RouteViews, NRO and DB-IP"),
        set("delegated", "1.4.175", "public registries' statistics files"),
        set("owners", "2026-11-01", "MIT OR Apache-2.0; phonehome's own, each row with its source"),
        set("natural-earth", "4.1", "public domain; Natural Earth, 1:110 million"),
    ]
}

fn destinations() -> Vec<Destination> {
    let country =
        |code: &str, source: &str| Some(Country { code: code.to_owned(), source: source.to_owned() });
    let base = |id: u32, host: &str, address: &str, port: u16, transport| Destination {
        id: EndpointId(id),
        endpoint: Endpoint { host: host.to_owned(), address: address.to_owned(), port, transport },
        named_by: "http host".to_owned(),
        cname_chain: vec![],
        domain: String::new(),
        network: Network { scope: "public".to_owned(), ..Network::default() },
        owner: None,
        bytes_out: 0,
        bytes_in: 0,
        reading: Reading::default(),
        reading_in: Reading::default(),
        flows: 1,
        channels: Vec::new(),
        first: at(3),
        last: at(5_400),
        of_recording: false,
    };
    let mut register = base(0, "zzhc.vnet.example", "198.51.100.61", 80, Transport::Tcp);
    register.domain = "vnet.example".to_owned();
    register.network = Network {
        scope: "public".to_owned(),
        asn: Some(64_496),
        holder: "Example Telecom backbone".to_owned(),
        located: country("CN", "ip-country"),
        registered: country("CN", "delegated"),
        ..Network::default()
    };
    register.owner = Some(Owner {
        operator: "Example Telecom device registration".to_owned(),
        group: "Example Telecom Corporation".to_owned(),
        country: "CN".to_owned(),
        purpose: "carrier".to_owned(),
        reasoning: "The domain's holder according to its web page; the registry that whois names is not the operator.".to_owned(),
    });
    (register.bytes_out, register.bytes_in, register.flows) = (9_212, 3_004, 11);
    register.last = at(2_594_000);
    let mut metrics = base(1, "metrics.eu.vendor.example", "203.0.113.9", 443, Transport::Tcp);
    metrics.named_by = "sni".to_owned();
    metrics.cname_chain = vec!["edge-17.cloud.example".to_owned(), "sg1.edge.cloud.example".to_owned()];
    metrics.domain = "vendor.example".to_owned();
    metrics.network = Network {
        scope: "public".to_owned(),
        asn: Some(64_500),
        holder: "Cloud Example".to_owned(),
        located: country("SG", "ip-country"),
        registered: country("US", "delegated"),
        edge: "cloud".to_owned(),
    };
    metrics.owner = Some(Owner {
        operator: "Vendor analytics".to_owned(),
        group: "Vendor Example Oy".to_owned(),
        country: "FI".to_owned(),
        purpose: "analytics".to_owned(),
        reasoning: "Named in the vendor's privacy page.".to_owned(),
    });
    (metrics.bytes_out, metrics.bytes_in, metrics.flows) = (48_120, 91_344, 23);
    let mut broadcast = base(2, "", "255.255.255.255", 67, Transport::Udp);
    broadcast.named_by = String::new();
    broadcast.network.scope = "broadcast".to_owned();
    (broadcast.bytes_out, broadcast.first, broadcast.last) = (612, at(1), at(1));
    let mut time = base(3, "time.example.net", "2001:db8:77::5", 123, Transport::Udp);
    time.named_by = "dns answer".to_owned();
    time.network.located = country("DE", "ip-country");
    time.network.registered = country("DE", "delegated");
    (time.bytes_out, time.bytes_in, time.flows) = (480, 480, 10);
    let mut push = base(4, "", "192.0.2.200", 5222, Transport::Tcp);
    push.named_by = String::new();
    push.network.located = country("US", "ip-country");
    (push.bytes_out, push.bytes_in, push.flows) = (22_004, 18_120, 2);
    vec![register, metrics, broadcast, time, push]
}

/// The way to a value in base64 of JSON in the body of a request.
fn encoded(frame: u64, offset: u64, range: std::ops::Range<u64>) -> (Trail, Span) {
    let source = |frame| Source::Frame { capture: CaptureId(0), frame: FrameNo(frame) };
    let mut trail = Trail::default();
    let stream = trail.push(Buffer {
        step: Step::Reassembly,
        len: 812,
        input: None,
        key: None,
        segments: vec![
            Segment::exact(0, 400, source(frame), offset),
            Segment::exact(400, 412, source(frame + 1), offset + 520),
        ],
    });
    let body = trail.push(Buffer {
        step: Step::Body,
        len: 512,
        input: None,
        key: None,
        segments: vec![Segment::exact(0, 512, Source::Buffer(stream), 300)],
    });
    let decoded = trail.push(Buffer {
        step: Step::Decode("base64".to_owned()),
        len: 384,
        input: None,
        key: None,
        segments: vec![Segment {
            out: 0,
            len: 384,
            source: Source::Buffer(body),
            start: 0,
            source_len: 512,
            fidelity: Fidelity::Grouped { out: 3, source: 4 },
        }],
    });
    let len = range.end - range.start;
    let field = trail.push(Buffer {
        step: Step::Decode("json-string".to_owned()),
        len,
        input: None,
        key: None,
        segments: vec![Segment::exact(0, len, Source::Buffer(decoded), range.start)],
    });
    (trail, Span { buffer: field, start: 0, end: len })
}

fn occurrence(seconds: i64, frame: u64, found: &str, start: u64) -> Occurrence {
    let (trail, span) = encoded(frame, 61_440 + frame * 100, start..start + found.len() as u64);
    Occurrence {
        exchange: ExchangeId { flow: FlowId { capture: CaptureId(0), frame: FrameNo(frame - 3) }, index: 0 },
        time: at(seconds),
        frame: FrameNo(frame),
        found: found.to_owned(),
        span,
        trail,
    }
}

struct Seen<'a> {
    kind: IdentifierKind,
    value: &'a str,
    found: &'a str,
    form: &'a str,
    grade: Grade,
    field: &'a str,
    encodings: &'a [&'a str],
    carrier: Carrier,
    security: Security,
    endpoint: u32,
    times: &'a [i64],
    frame: u64,
}

fn group(seen: &Seen) -> SightingGroup {
    let proofs: Vec<Occurrence> = seen
        .times
        .iter()
        .take(SightingGroup::PROOFS)
        .zip(0..)
        .map(|(time, place)| occurrence(*time, seen.frame + place * 40, seen.found, 60 + seen.frame % 200))
        .collect();
    SightingGroup {
        key: SightingKey {
            kind: seen.kind,
            value: seen.value.to_owned(),
            label: format!("phone.{}", seen.kind.id()),
            grade: seen.grade,
            form: Form(seen.form.to_owned()),
            field: seen.field.to_owned(),
            encodings: seen.encodings.iter().map(|&name| name.to_owned()).collect(),
            carrier: seen.carrier,
            direction: Direction::Out,
            security: seen.security,
            endpoint: EndpointId(seen.endpoint),
            device: "192.168.43.17".to_owned(),
            app: String::new(),
        },
        count: seen.times.len() as u64,
        first: at(*seen.times.first().unwrap()),
        last: at(*seen.times.last().unwrap()),
        proofs,
    }
}

const REGISTRATION: &[i64] = &[4, 610, 1_215, 1_822, 3_600, 2_592_004, 2_593_800];

fn sightings() -> Vec<SightingGroup> {
    let json = &["base64", "json"][..];
    let registered = |kind, value, field, frame| Seen {
        kind,
        value,
        found: value,
        form: "digits",
        grade: Grade::Known,
        field,
        encodings: json,
        carrier: Carrier::Body,
        security: Security::Clear,
        endpoint: 0,
        times: REGISTRATION,
        frame,
    };
    let rows = [
        registered(IdentifierKind::Imei, "353918080000017", "IMEI1", 12),
        registered(IdentifierKind::Imsi, "001010123456789", "SIM1LTEIMSI", 12),
        registered(IdentifierKind::Iccid, "8900100000000000017", "SIM1ICCID", 12),
        Seen {
            found: "025E10000017",
            form: "hex-upper",
            ..registered(IdentifierKind::WifiMac, "02:5e:10:00:00:17", "MACID", 12)
        },
        registered(IdentifierKind::CellId, "27447297", "SIM1CELLID", 13),
        Seen {
            kind: IdentifierKind::AndroidId,
            value: "9f1c2b7d3e4a5061",
            found: "7a0c4f5be1d2938475665748392a1b0c",
            form: "md5/hex-lower",
            grade: Grade::Derived,
            field: "data_list.[].properties.uuid",
            encodings: &["form", "percent", "base64", "gzip", "json"],
            carrier: Carrier::Body,
            security: Security::Encrypted,
            endpoint: 1,
            times: &[30, 45, 60, 900, 2_400, 5_000],
            frame: 220,
        },
        Seen {
            kind: IdentifierKind::ContactNumber,
            value: "+4915550000101",
            found: "015550000101",
            form: "national",
            field: "entries.[].n",
            encodings: &["gzip", "json"],
            security: Security::Encrypted,
            endpoint: 1,
            times: &[2_410],
            ..registered(IdentifierKind::ContactNumber, "+4915550000101", "", 640)
        },
        Seen {
            kind: IdentifierKind::Hostname,
            value: "android-4f1c2e9a",
            found: "android-4f1c2e9a",
            form: "text",
            grade: Grade::Shaped,
            field: "option 12",
            encodings: &[],
            carrier: Carrier::Header,
            endpoint: 2,
            times: &[1],
            ..registered(IdentifierKind::Hostname, "android-4f1c2e9a", "", 4)
        },
        Seen {
            form: "text",
            grade: Grade::Shaped,
            field: "user-agent",
            encodings: &[],
            carrier: Carrier::Header,
            times: &[3, 4, 30, 610],
            ..registered(IdentifierKind::Model, "Nokia 7 plus", "", 9)
        },
    ];
    rows.iter().map(group).collect()
}

fn findings(sightings: &[SightingGroup]) -> Vec<Finding> {
    let texts = [
        (
            "The phone's device number (IMEI) was sent to zzhc.vnet.example in clear text",
            "The phone's IMEI, a number that stays the same for as long as the phone exists, was sent 7 times to zzhc.vnet.example. It was written as Base64 in a message whose label says it is encrypted; it is not. Anyone on the way could read it: the Wi-Fi's owner, the providers, and the networks between.",
        ),
        (
            "The phone's subscriber number (IMSI) was sent to zzhc.vnet.example in clear text",
            "The number under which the mobile operator knows the subscriber was sent 7 times to zzhc.vnet.example, readable by anyone on the way.",
        ),
        (
            "The phone's SIM card number (ICCID) was sent to zzhc.vnet.example in clear text",
            "The serial number of the SIM card was sent 7 times, in the same messages as the IMEI: together they tie the person's contract to the device.",
        ),
        (
            "The phone's Wi-Fi address (MAC) was sent to zzhc.vnet.example in clear text",
            "The hardware address of the Wi-Fi adapter was sent 7 times, without colons and in capitals.",
        ),
        (
            "The radio cell the phone was in was sent to zzhc.vnet.example in clear text",
            "The number of the radio cell tells within some hundred metres where the phone was, each time.",
        ),
        (
            "A hash of the phone's Android ID was sent to metrics.eu.vendor.example",
            "The MD5 hash of the Android ID was sent 6 times. A hash of so short a value can be computed back, and it is as stable as the value itself.",
        ),
        (
            "412 of 500 contacts' telephone numbers were sent to metrics.eu.vendor.example",
            "Numbers from the address book, which belong to other people, were uploaded in one message, compressed. 412 of the 500 planted numbers were in it.",
        ),
        (
            "The phone told its network name to everyone in the Wi-Fi",
            "The name android-4f1c2e9a was sent in the request for an address (DHCP) to all devices of the local network.",
        ),
        (
            "The phone's model was sent to zzhc.vnet.example",
            "The model Nokia 7 plus stands in the user agent of the messages.",
        ),
    ];
    let mut findings: Vec<Finding> = sightings
        .iter()
        .zip(texts)
        .zip(0u32..)
        .map(|((group, text), place)| finding(group, text, place))
        .collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    findings
}

fn finding(group: &SightingGroup, (title, words): (&str, &str), place: u32) -> Finding {
    let key = &group.key;
    let kind = match key.kind {
        IdentifierKind::ContactNumber => {
            FindingKind::BulkData { identifier: key.kind, seen: 412, planted: 500 }
        }
        identifier => FindingKind::IdentifierSent {
            identifier,
            value: key.value.clone(),
            grade: key.grade,
            forms: vec![key.form.clone()],
            hashed: Vec::new(),
            passed_to: String::new(),
        },
    };
    let proof = |relation, words: &str, occurrence: &Occurrence| Evidence {
        relation,
        words: words.to_owned(),
        occurrence: occurrence.clone(),
    };
    let first = group.proofs.first().unwrap();
    let mut host = occurrence(4, 12, "zzhc.vnet.example", 0);
    host.trail.buffers.truncate(1);
    host.span = Span { buffer: BufferId(0), start: 40, end: 57 };
    let mut evidence =
        vec![proof(Relation::Value, &format!("In the field {} of the message.", key.field), first)];
    if key.endpoint == EndpointId(0) {
        evidence.push(proof(Relation::Destination, "The Host header of the same request.", &host));
    }
    Finding {
        id: FindingId(format!("F-{:08x}", 0x1a2b_3c4du32.wrapping_mul(place + 1))),
        kind,
        detector: "identifiers".to_owned(),
        version: 1,
        severity: key.kind.severity(),
        title: title.to_owned(),
        words: words.to_owned(),
        endpoints: vec![key.endpoint],
        count: group.count,
        first: group.first,
        last: group.last,
        evidence,
        sightings: vec![place],
    }
}

fn anomalies() -> AnomalyTally {
    let mut tally = AnomalyTally::default();
    for frame in [77, 1_204, 1_300, 1_900] {
        tally.add(Anomaly {
            layer: Layer::Http,
            what: "peer sent a body whose label says encrypted, but which is base64".into(),
            detail: "Content-Type application/encrypted-json".to_owned(),
            capture: CaptureId(0),
            frame: Some(FrameNo(frame)),
            offset: Some(frame * 512),
        });
    }
    tally.add(Anomaly {
        layer: Layer::Capture,
        what: "capture holds a record that is cut off".into(),
        detail: "needed 1,514 bytes, 380 were there".to_owned(),
        capture: CaptureId(1),
        frame: Some(FrameNo(1_020)),
        offset: Some(654_964),
    });
    tally
}

fn coverage() -> Ledger {
    let mut ledger = Ledger::default();
    ledger.add_pieces(Fate::Framing, "pcapng blocks", 87_048, 2_424);
    ledger.add_pieces(Fate::Framing, "pcap records", 16_344, 1_021);
    ledger.add_pieces(Fate::Headers, "Ethernet, IPv4, TCP", 150_210, 3_101);
    ledger.add_pieces(Fate::Headers, "Ethernet, IPv4, UDP", 14_400, 337);
    ledger.add_pieces(Fate::Decoded, "HTTP/1", 214_880, 88);
    ledger.add_pieces(Fate::Decoded, "DNS", 61_204, 301);
    ledger.add_pieces(Fate::Decoded, "DHCP", 1_210, 4);
    ledger.add_pieces(Fate::NotUnderstood, "TCP port 5222", 40_124, 2);
    ledger.add_pieces(Fate::Encrypted, "TLS 1.2", 902_733, 160);
    ledger.add_pieces(Fate::Encrypted, "QUIC", 322_905, 41);
    ledger.add_pieces(Fate::HomeMadeEncryption, "HTTP/1 body of stats.vendor.example", 18_204, 3);
    ledger.add_pieces(Fate::Duplicate, "TCP retransmission", 29_400, 21);
    ledger.add_pieces(Fate::NotParsed, "link type 127", 1_580, 4);
    ledger.lacks(Missing::Gap, "TCP", 14_480);
    ledger.lacks(Missing::Truncated, "snapshot length", 1_134);
    ledger
}
