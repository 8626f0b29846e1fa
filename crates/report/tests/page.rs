//! The page: what it must hold, and what no value of a case may do to it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a test may fail")]

mod synthetic;

use std::collections::{BTreeMap, BTreeSet};

use evidence::{
    CaptureId, Case, Deed, Finding, FindingKind, FrameNo, Grade, Habit, IdentifierKind, Occurrence,
    Protection, Quote, Security,
};
use proptest::prelude::*;
use report::{Atlas, Excerpt, HtmlOptions, Place};

/// The page with everything that can be handed to it.
fn page(case: &Case) -> String {
    let place = |code: &str| Some(Place { name: code.to_owned(), latitude: 60.0, longitude: 25.0 });
    let excerpts = |occurrence: &Occurrence| {
        vec![Excerpt {
            title: occurrence.found.clone(),
            offset: 16,
            bytes: occurrence.found.clone().into_bytes(),
            highlight: 2..9,
        }]
    };
    let moments = |finding: &evidence::Finding| vec![finding.first, finding.last];
    report::html(
        case,
        &HtmlOptions {
            title: "",
            case: "nokia.case",
            atlas: Some(Atlas { land: "M0 0l10 0 0 10z", borders: "M0 0l5 5", place: &place }),
            excerpts: Some(&excerpts),
            moments: Some(&moments),
        },
    )
}

/// A start tag: its name and attributes.
struct Tag<'a> {
    name: &'a str,
    attributes: Vec<(&'a str, &'a str)>,
}

/// The start tags of a page in which every element that is not void is closed in order; fails where one is
/// not, so a value that opens or closes an element is found.
fn tags(page: &str) -> Vec<Tag<'_>> {
    let mut open = Vec::new();
    let mut tags = Vec::new();
    let mut rest = page.strip_prefix("<!DOCTYPE html>").expect("a doctype");
    while let Some((_, after)) = rest.split_once('<') {
        let (inside, after) = after.split_once('>').expect("the tag's end");
        rest = after;
        if let Some(name) = inside.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "closed out of order, before {:.80}", rest);
            continue;
        }
        let tag = tag(inside);
        if !["meta", "wbr"].contains(&tag.name) {
            open.push(tag.name);
        }
        tags.push(tag);
    }
    assert!(open.is_empty(), "{open:?}");
    tags
}

fn tag(inside: &str) -> Tag<'_> {
    let (name, mut rest) = inside.split_once(' ').unwrap_or((inside, ""));
    let mut attributes = Vec::new();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix("open") {
            attributes.push(("open", ""));
            rest = after.trim_start();
            continue;
        }
        let (key, after) = rest.split_once("=\"").expect("a quoted attribute");
        let (value, after) = after.split_once('"').expect("the attribute's end");
        attributes.push((key, value));
        rest = after.trim_start();
    }
    Tag { name, attributes }
}

const ATTRIBUTES: &[&str] = &[
    "aria-hidden",
    "aria-label",
    "aria-labelledby",
    "charset",
    "class",
    "colspan",
    "content",
    "cx",
    "cy",
    "d",
    "data-label",
    "height",
    "href",
    "http-equiv",
    "id",
    "lang",
    "name",
    "open",
    "preserveAspectRatio",
    "r",
    "role",
    "rx",
    "scope",
    "style",
    "tabindex",
    "text-anchor",
    "title",
    "viewBox",
    "width",
    "x",
    "y",
];

fn cases() -> [(&'static str, Case); 4] {
    [
        ("case", synthetic::case()),
        ("clean", synthetic::clean()),
        ("many", synthetic::many(500)),
        ("hostile", synthetic::hostile()),
    ]
}

#[test]
fn a_page_is_well_formed_and_only_ours() {
    for (name, case) in cases() {
        let page = page(&case);
        for tag in tags(&page) {
            assert!(
                !matches!(tag.name, "script" | "img" | "iframe" | "object" | "link" | "form" | "base"),
                "{name}"
            );
            for (key, value) in tag.attributes {
                assert!(ATTRIBUTES.contains(&key), "{name}: {} {key}", tag.name);
                assert!(key != "href" || value.starts_with('#'), "{name}: {value}");
                assert!(key != "style" || value.starts_with("left:"), "{name}: {value}");
            }
        }
    }
}

#[test]
fn a_page_asks_nothing_of_the_network() {
    let page = page(&synthetic::case());
    assert!(page.contains("default-src 'none'; style-src 'unsafe-inline'; img-src data:"));
    for call in ["url(", "@import", "src=", "<script", "javascript:"] {
        assert!(!page.contains(call), "{call}");
    }
}

#[test]
fn hidden_characters_are_shown_by_their_number() {
    let page = page(&synthetic::hostile());
    let acts = |character: &char| character.is_control() && *character != '\n';
    assert_eq!(page.chars().find(acts), None);
    assert!(!page.contains(['\u{202e}', '\u{200b}']));
    for number in ["U+202E", "U+200B", "U+001B", "U+009B", "U+0000", "U+000A"] {
        assert!(page.contains(&format!(">{number}</span>")), "{number}");
    }
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    assert!(page.contains("שלום"));
}

#[test]
fn a_reader_finds_their_way_without_seeing() {
    for (name, case) in cases() {
        let page = page(&case);
        let tags = tags(&page);
        let count = |wanted: &str| tags.iter().filter(|tag| tag.name == wanted).count();
        assert_eq!((count("h1"), count("main"), count("nav")), (1, 1, 1), "{name}");
        assert_eq!(count("table"), count("caption"), "{name}");
        assert_eq!(count("details"), count("summary"), "{name}");
        let ids: Vec<&str> = attributes(&tags, "id").collect();
        let different: BTreeSet<&str> = ids.iter().copied().collect();
        assert_eq!(ids.len(), different.len(), "{name}: an id stands twice");
        for link in attributes(&tags, "href").map(|link| link.trim_start_matches('#')) {
            assert!(different.contains(link), "{name}: #{link}");
        }
        for labels in attributes(&tags, "aria-labelledby") {
            assert!(labels.split(' ').all(|label| different.contains(label)), "{name}: {labels}");
        }
        let mut level = 1;
        for heading in tags.iter().filter_map(|tag| tag.name.strip_prefix('h')?.parse::<u32>().ok()) {
            assert!(heading <= level + 1, "{name}: h{heading} after h{level}");
            level = heading;
        }
    }
}

fn attributes<'a>(tags: &'a [Tag<'a>], wanted: &'a str) -> impl Iterator<Item = &'a str> {
    tags.iter()
        .flat_map(|tag| &tag.attributes)
        .filter(move |(key, _)| *key == wanted)
        .map(|(_, value)| *value)
}

/// The text without tags.
fn words(page: &str) -> String {
    let parts = page.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text));
    parts.collect::<Vec<_>>().join("")
}

#[test]
fn a_page_tells_what_left_to_whom_and_how_it_is_proved() {
    let page = words(&page(&synthetic::case()));
    for told in [
        "353918080000017",
        "zzhc.vnet.example, run by Example Telecom device registration",
        "7 times, 2019-01-15 07:40:04 to 2019-02-14 08:10:00 UTC",
        "Anyone on the way: clear text",
        "412 different ones, of 500 in the profile",
        "6f1d8e5a0b7c4f9e2d3a1b0c9f8e7d6c5b4a39281706f5e4d3c2b1a09f8e7d6c",
        "edge-17.cloud.example",
        "AS64496 Example Telecom backbone",
        "frame 12 of nokia-boot.pcapng.gz, file offset 63,036–63,040",
        "bytes 72–87 of 384",
        "phonehome prove nokia.case F-1a2b3c4d",
        "The rows add up to the 1,860,242 bytes of the captures.",
        "66%",
        "Besides, the captures lack 15.6 kB that were sent",
        "IP geolocation by DB-IP",
        "android-4f1c2e9a",
        "peer sent a body whose label says encrypted, but which is base64",
    ] {
        assert!(page.contains(told), "{told}");
    }
}

#[test]
fn nothing_found_is_said_with_the_coverage() {
    let page = words(&page(&synthetic::clean()));
    let verdict = page.find("Nothing identifying was found in what could be read.").expect("the verdict");
    let near = page.get(verdict..).and_then(|rest| rest.get(..600)).expect("what follows");
    assert!(near.contains("20% of the content could be searched"), "{near}");
    assert!(page.contains("78% was encrypted with no key to open it"));
    assert!(page.contains("Without profile."));
}

#[test]
fn what_other_devices_sent_is_told_apart() {
    let mut case = synthetic::case();
    case.devices[1] = evidence::Device {
        address: "192.168.43.18".to_owned(),
        mac: None,
        names: vec!["a-television".to_owned()],
        is_phone: Some(false),
    };
    let all = words(&page(&case));
    case.sightings[0].key.device = "192.168.43.18".to_owned();
    let apart = words(&page(&case));
    let headline = |page: &str| page.split("left this phone").next().unwrap_or_default().to_owned();
    assert_ne!(headline(&all), headline(&apart), "the headline speaks of the phone only");
    assert!(!all.contains("What other devices sent"));
    let (_, section) = apart.rsplit_once("What other devices sent").expect("a section of their own");
    assert!(section.contains("192.168.43.18, a-television, not the phone"), "{section:.2000}");
    let summary = report::summary(&case, &report::SummaryOptions::default());
    assert!(summary.contains("and 1 finding of what other devices sent"), "{summary}");
}

/// Weak encryption is told as what it is, and not as content that anybody could read.
#[test]
fn a_weak_channel_is_told_as_what_it_is() {
    let mut case = synthetic::case();
    let protection = Protection {
        security: Security::Encrypted,
        content: evidence::Content::Readable,
        label: String::new(),
    };
    let channel = evidence::Channel {
        protocol: "TLS 1.0".to_owned(),
        suite: "TLS_RSA_WITH_RC4_128_MD5".to_owned(),
        weakness: "RC4 is broken".to_owned(),
        subject: String::new(),
        issuer: String::new(),
    };
    let finding = &mut case.findings[0];
    finding.kind = FindingKind::Protection { fault: evidence::ProtectionFault::WeakChannel, protection };
    finding.sightings.clear();
    let endpoint = finding.endpoints[0];
    let destination = case.destinations.iter_mut().find(|destination| destination.id == endpoint).unwrap();
    destination.channels = vec![(channel, 3)];
    let page = words(&page(&case));
    let told = "Weak encryption of the connection: TLS 1.0 with TLS_RSA_WITH_RC4_128_MD5, RC4 is broken";
    assert!(page.contains(told), "{page:.6000}");
    assert!(page.contains("The receiver, and whoever breaks the weak encryption of the connection"));
    assert!(!page.contains("eadable as it stands"));
}

/// What was sent in a state of the phone is shown, and counted once.
#[test]
fn a_stage_shows_its_values() {
    let mut case = synthetic::case();
    let before = words(&page(&case));
    let imei = case.findings.iter().find(|finding| finding.id.0 == "F-1a2b3c4d").unwrap();
    let mut stage = imei.clone();
    stage.id.0 = "F-0badcafe".to_owned();
    stage.kind = FindingKind::Behaviour(evidence::Behaviour::Stage {
        stage: "private mode".to_owned(),
        identifier: IdentifierKind::Imei,
        within: 3,
        outside: 1,
    });
    case.findings.push(stage);
    let after = words(&page(&case));
    assert!(after.contains("Sent in private mode: device number (IMEI) 353918080000017"), "{after:.6000}");
    let headline = |page: &str| page.split("left this phone").next().unwrap_or_default().to_owned();
    assert_eq!(headline(&before), headline(&after));
}

/// The ledger's statements without bytes stand in its table, and names of files are written as they are.
#[test]
fn limits_without_bytes_and_names_of_files_stand_as_they_are() {
    let mut case = synthetic::clean();
    case.profile = None;
    case.coverage.add_pieces(evidence::Fate::OverLimit, "hidden values: keys that were not tried", 0, 42);
    let page = words(&page(&case));
    assert!(page.contains("hidden values: keys that were not tried––42"), "{page:.9000}");
    assert!(page.contains("·nokia-boot.pcapng.gz and 1 more"), "{page:.900}");
}

#[test]
fn habits_of_apps_are_told_in_words() {
    let mut case = synthetic::case();
    let quote = Quote {
        capture: CaptureId(0),
        line: FrameNo(6),
        start: 0,
        end: 1,
        text: "x".to_owned(),
        decoder: String::new(),
    };
    let habit = |deed, count| Habit {
        package: "com.maker.<news>".to_owned(),
        uid: Some(10_123),
        deed,
        count,
        last: None,
        quote: quote.clone(),
    };
    let access = |background, refused| Deed::Access { operation: "READ_SMS".to_owned(), background, refused };
    case.phone.habits = vec![
        habit(access(Some(true), false), Some(1200)),
        habit(access(None, true), None),
        habit(Deed::Position { provider: "gps".to_owned(), interval_ms: Some(5000) }, Some(3)),
        habit(Deed::Traffic { sent: 10, received: 2_000_000, since: None }, None),
        habit(Deed::Waking { alarms: 2, waking: 1, interval_ms: Some(900_000) }, None),
    ];
    case.phone.habits_dropped = 7;
    let page = words(&page(&case));
    for told in [
        "com.maker.&lt;news&gt; user id 10123",
        "reads text messages, while nobody sees it1,200",
        "reads text messages: tried, and was refused",
        "asks for the position (gps), every 5 s",
        "sent 10 bytes and received 2.0 MB since the phone was started",
        "has 2 alarms set, 1 to wake the phone, every 15 min",
        "and 7 habits more",
    ] {
        let start = page.find("What apps do by habit").expect("a table of habits");
        let section = &page[start..];
        assert!(section.contains(told), "{told}: {section:.3000}");
    }
}

#[test]
fn what_came_in_by_message_did_not_leave() {
    let mut case = synthetic::case();
    let sent = case.findings[0].clone();
    let kind = FindingKind::IdentifierReceived {
        identifier: IdentifierKind::Imei,
        value: "352099001761481".to_owned(),
        grade: Grade::Known,
        forms: Vec::new(),
        number: "+1555".to_owned(),
    };
    case.findings = vec![Finding { kind, endpoints: Vec::new(), sightings: Vec::new(), ..sent }];
    let page = words(&page(&case));
    assert!(page.contains("From+1555, by text message"), "{page:.6000}");
    assert!(page.contains("Values in text messages that came in gave 1 finding."), "{page:.6000}");
    assert!(!page.contains("What went by text message was readable"));
}

#[test]
fn where_nobody_knows_the_phone_the_headline_says_so() {
    let mut case = synthetic::case();
    case.devices[0].is_phone = None;
    case.devices[1].address = "192.168.43.18".to_owned();
    let page = words(&page(&case));
    assert!(page.contains("left the 2 devices of this traffic"));
    assert!(page.contains("Nothing says which device is the phone"));
}

#[test]
fn what_could_not_be_read_is_no_answer() {
    let mut case = synthetic::clean();
    case.problems = synthetic::case().problems;
    case.captures.iter_mut().for_each(|capture| capture.frames = 0);
    let page = words(&page(&case));
    assert!(page.contains("No input could be read: that says nothing about the phone."));
    assert!(!page.contains("Nothing identifying was found"));
}

#[test]
fn many_findings_are_folded_and_none_is_lost() {
    let case = synthetic::many(500);
    let page = page(&case);
    assert!(page.len() < 8_000_000, "{} bytes", page.len());
    for finding in &case.findings {
        assert!(page.contains(&format!("id=\"{}\"", finding.id)), "{}", finding.id);
    }
    assert_eq!(page.matches(" of severity ").count(), 5);
    // What weighs little is folded as a whole where something weighs more.
    assert_eq!(page.matches(" more of severity ").count(), 3);
}

#[test]
fn a_forged_ledger_is_called_out() {
    let mut case = synthetic::case();
    case.coverage.add(evidence::Fate::Decoded, "out of nowhere", 5);
    assert!(words(&page(&case)).contains("The rows do not add up"));
}

#[test]
fn an_empty_case_gives_a_page() {
    let text = r#"{"format":"phonehome-case/1.0","program":"p","captures":[],"problems":[],"profile":null,
        "profile_values":0,"data":[],"devices":[],"destinations":[],"findings":[],"sightings":[],"anomalies":[],
        "coverage":{"rows":[],"missing":[],"total_bytes":0},"totals":{"flows":0,"exchanges":0,"sightings":0}}"#;
    let case: Case = serde_json::from_str(text).unwrap();
    let page = report::html(&case, &HtmlOptions::default());
    tags(&page);
    assert!(page.contains("No network traffic was read"));
}

/// References into nowhere, times at the ends of time, numbers too large to add: what a forged or damaged
/// case file may hold.
#[test]
fn a_damaged_case_gives_a_page() {
    let mut case = synthetic::case();
    for finding in &mut case.findings {
        finding.endpoints = vec![evidence::EndpointId(u32::MAX)];
        finding.sightings = vec![u32::MAX, 0];
        (finding.first, finding.last) = (evidence::Timestamp(i64::MAX), evidence::Timestamp(i64::MIN));
        finding.count = u64::MAX;
        for evidence in &mut finding.evidence {
            evidence.occurrence.span.buffer = evidence::BufferId(u32::MAX);
            evidence.occurrence.span.end = u64::MAX;
        }
    }
    for destination in &mut case.destinations {
        (destination.bytes_out, destination.flows) = (u64::MAX, u64::MAX);
        (destination.first, destination.last) =
            (evidence::Timestamp(i64::MIN), evidence::Timestamp(i64::MAX));
    }
    for capture in &mut case.captures {
        (capture.first, capture.last) =
            (Some(evidence::Timestamp(i64::MAX)), Some(evidence::Timestamp(i64::MIN)));
        capture.bytes = u64::MAX;
        capture.frames = u64::MAX;
    }
    tags(&page(&case));
    report::summary(&case, &report::SummaryOptions::default());
    report::markdown(&case);
    report::stix(&case);
    report::csv::findings(&case);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn no_text_breaks_the_page(text in "\\PC{0,40}|.{0,40}|[<>\"'&/=! a-z-]{0,60}") {
        let mut case = synthetic::case();
        // A card leaves out of its table what the words say already.
        case.findings.iter_mut().for_each(|finding| finding.words.clear());
        let before = names(&page(&case));
        for finding in &mut case.findings {
            finding.title.clone_from(&text);
            finding.words.clone_from(&text);
        }
        for destination in &mut case.destinations {
            // Hosts that were one stay one, and others stay others.
            destination.endpoint.host.push_str(&text);
        }
        let mut after = names(&page(&case));
        // What is made visible stands in an element of its own; long names may be broken.
        for counted in ["bdi", "span", "wbr"] {
            after.remove(counted);
        }
        // A row may be left out where another says the same; nothing may come in.
        for (name, count) in after {
            prop_assert!(before.get(&name).is_some_and(|known| *known >= count), "{}", name);
        }
    }
}

fn names(page: &str) -> BTreeMap<String, usize> {
    let mut names = BTreeMap::new();
    for tag in tags(page) {
        *names.entry(tag.name.to_owned()).or_default() += 1;
    }
    names
}
