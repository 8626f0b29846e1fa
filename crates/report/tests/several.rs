//! Outputs over several cases, comparison and assessment: as reviewed snapshots, and what must hold of them whatever
//! the cases say.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may fail"
)]

#[allow(dead_code, reason = "other tests use the rest")]
mod synthetic;

use compare::{Named, compare};
use evidence::{
    Behaviour, Case, Claim, Comparison, Finding, FindingId, FindingKind, Holding, ProtectionFault, Security,
    Severity, Verdict,
};
use report::{
    assessment::{self, Assessed, AssessmentOptions, Language},
    comparison::{self, ComparisonOptions},
};

fn compared(cases: &[(&str, &Case)]) -> Comparison {
    let named: Vec<_> = cases.iter().map(|(name, case)| Named { name, case }).collect();
    compare(&named, "phonehome 0.1.0")
}

const ALL: ComparisonOptions = ComparisonOptions { changed_only: false };
const OPTIONS: AssessmentOptions =
    AssessmentOptions { language: Language::English, program: "phonehome 0.1.0", verdicts: &[] };

fn verdicts() -> Vec<Verdict> {
    let verdict = |id: &str, holding, reasons: &str| Verdict {
        claim: Claim {
            id: id.to_owned(),
            by: "the vendor".to_owned(),
            statement: "All data are encrypted.".to_owned(),
            source: "a letter".to_owned(),
        },
        cases: vec!["Phone A".to_owned()],
        holding,
        reasons: vec![reasons.to_owned()],
        proofs: vec![],
        coverage: vec![],
        would_test: if holding == Holding::NotTestable { vec!["the server".to_owned()] } else { vec![] },
    };
    vec![
        verdict("a", Holding::Contradicted, "It was read."),
        verdict("b", Holding::NotTestable, "Nobody can see the server."),
    ]
}

/// The case with findings of other kinds as well.
fn rich() -> Case {
    let mut case = synthetic::case();
    case.phone.build =
        vec![("region".to_owned(), "EU".to_owned()), ("fingerprint".to_owned(), "X/1".to_owned())];
    let behaviours = [
        Behaviour::KeywordList {
            request: "GET /list".to_owned(),
            entries: 449,
            scripts: vec![],
            fetched: 2,
            versions: 1,
            apps: vec![],
            sample: vec![],
        },
        Behaviour::Opaque {
            request: "GET /stsReport".to_owned(),
            field: "repinfo".to_owned(),
            length: (171, 171),
            messages: 9,
            different: 9,
            counter: "msgid".to_owned(),
            class: "undecidable".to_owned(),
            meaning: String::new(),
            revealed: false,
        },
        Behaviour::RemoteSwitch { request: "GET /list".to_owned(), switches: vec![] },
    ];
    let model = case.findings[0].clone();
    for (number, behaviour) in behaviours.into_iter().enumerate() {
        case.findings.push(Finding {
            id: FindingId(format!("B-0000000{number}")),
            title: format!("Behaviour {}", behaviour.id()),
            kind: FindingKind::Behaviour(behaviour),
            severity: Severity::Medium,
            ..model.clone()
        });
    }
    case
}

#[test]
fn a_comparison_reads_well() {
    let (before, after) = (synthetic::case(), synthetic::clean());
    let comparison = compared(&[("before", &before), ("after", &after)]);
    insta::assert_snapshot!("comparison_text", comparison::text(&comparison, ALL, 100));
    insta::assert_snapshot!("comparison_markdown", comparison::markdown(&comparison, ALL));
}

#[test]
fn what_is_the_same_can_be_left_out() {
    let case = synthetic::case();
    let comparison = compared(&[("one", &case), ("two", &case)]);
    let options = ComparisonOptions { changed_only: true };
    let text = comparison::text(&comparison, options, 100);
    assert!(text.contains("Nothing, or nothing that differs."), "{text}");
    assert!(comparison::text(&comparison, ALL, 100).contains("IMEI"));
}

#[test]
fn an_assessment_reads_well() {
    let (case, clean) = (rich(), synthetic::clean());
    let verdicts = verdicts();
    let devices = [
        Assessed { name: "Phone A", case: &case, verdicts: &verdicts },
        Assessed { name: "Phone B", case: &clean, verdicts: &[] },
    ];
    let text = assessment::markdown(&devices, &OPTIONS).unwrap();
    insta::assert_snapshot!("assessment_markdown", text);
    assert!(text.contains("Phone B: nothing was found in "), "{text}");
    assert!(text.contains("region EU; build X/1"), "{text}");
    for finding in &case.findings {
        assert!(text.contains(&finding.id.0), "{} is in no risk", finding.id);
    }
    let german = AssessmentOptions { language: Language::German, ..OPTIONS };
    insta::assert_snapshot!("assessment_german", assessment::markdown(&devices, &german).unwrap());
}

/// Says what it is and who wrote it, and when only where that is known: the same cases give the same bytes.
#[test]
fn a_pdf_says_what_it_is() {
    let case = synthetic::clean();
    let devices = [Assessed { name: "Phone B", case: &case, verdicts: &[] }];
    let pdf = |language| assessment::pdf(&devices, &AssessmentOptions { language, ..OPTIONS }).unwrap();
    let english = pdf(Language::English);
    assert!(english.starts_with(b"%PDF-"));
    assert_eq!(english, pdf(Language::English));
    let has = |pdf: &[u8], words: &str| pdf.windows(words.len()).any(|part| part == words.as_bytes());
    for words in [
        "/Title (Assessment of Phone B)",
        "/Author (phonehome 0.1.0)",
        "/Creator (phonehome 0.1.0)",
        "/Producer (phonehome 0.1.0)",
        "/Lang (en)",
        "/DisplayDocTitle true",
    ] {
        assert!(has(&english, words), "{words}");
    }
    assert!(has(&pdf(Language::German), "/Lang (de)"));
    assert!(!has(&english, "/CreationDate"));
}

/// What went past the captures is the first limit of a negative result: every output says it.
#[test]
fn what_the_phone_counted_and_nobody_captured_is_told_everywhere() {
    let mut case = synthetic::clean();
    let row = |uid, counted, seen| evidence::Completeness {
        uid,
        packages: vec!["com.maker".to_owned()],
        counted: [counted, 0],
        seen: [seen, 0],
    };
    case.phone.completeness = vec![row(10_001, 1000, 810), row(10_002, 10, 10)];
    let words =
        "y the phone’s own counters, up to 19% of what user id 10001 (com.maker) sent went past the captures";
    let summary = report::summary(&case, &report::SummaryOptions { width: 120, ..Default::default() });
    let summary = summary.split_whitespace().collect::<Vec<_>>().join(" ");
    let page = report::html(&case, &report::HtmlOptions::default()).replace("<wbr>", "");
    let (first, _) = page.split_once("</header>").unwrap();
    for text in [&summary, &report::markdown(&case).replace('\\', ""), first] {
        assert!(text.contains(words), "{text}");
    }
    let devices = [Assessed { name: "Phone B", case: &case, verdicts: &[] }];
    let assessed = |language| {
        let options = AssessmentOptions { language, ..OPTIONS };
        assessment::markdown(&devices, &options).unwrap().replace('\\', "")
    };
    let (english, german) = (assessed(Language::English), assessed(Language::German));
    let sentence = "sent went past the captures: nobody can say what it held.";
    assert!(english.contains(sentence), "{english}");
    let condition = "; by the phone's own counters, up to 19% of what user id 10001 (com.maker) sent";
    assert_eq!(english.matches(condition).count(), 2, "in short, and where negatives stand: {english}");
    let condition = "; nach den Zählern des Telefons selbst gingen bis zu 19 % dessen, was die Benutzerkennung 10001 \
                     (com.maker) sendete, an den Aufzeichnungen vorbei";
    assert_eq!(german.matches(condition).count(), 2, "{german}");
    case.phone.completeness.remove(0);
    assert!(!report::summary(&case, &report::SummaryOptions::default()).contains("counters"));
}

/// What stands below a finding, in a language.
fn below(case: &Case, language: Language) -> String {
    let devices = [Assessed { name: "A", case, verdicts: &[] }];
    let text = assessment::markdown(&devices, &AssessmentOptions { language, ..OPTIONS }).unwrap();
    let mut lines = text.lines().skip_while(|line| !line.contains(&case.findings[0].id.0));
    lines.nth(1).unwrap().trim().to_owned()
}

/// Whoever reads a risk learns who got it, where that is, how often, when and from which app.
#[test]
fn evidence_tells_who_got_it_how_often_and_from_which_app() {
    let mut case = synthetic::case();
    case.findings.retain(|finding| finding.title.contains("(IMEI)"));
    let place = case.findings[0].sightings[0] as usize;
    case.sightings[place].key.app = "com.example.register".to_owned();
    let english = below(&case, Language::English);
    assert_eq!(
        english,
        "- 7 times, 2019-01-15 07:40:04 to 2019-02-14 08:10:00 UTC · zzhc.vnet.example (198.51.100.61), run by \
         Example Telecom device registration, which belongs to Example Telecom Corporation (China), address \
         thought to be in China · app: com.example.register · `nokia-boot.pcapng.gz, frame 12`"
    );
    let german = below(&case, Language::German);
    assert_eq!(
        german,
        "- 7-mal, 2019-01-15 07:40:04 bis 2019-02-14 08:10:00 UTC · zzhc.vnet.example (198.51.100.61), betrieben \
         von Example Telecom device registration, Teil von Example Telecom Corporation (China), Land der Adresse \
         vermutlich: China · App: com.example.register · `nokia-boot.pcapng.gz, Paket 12`"
    );
    let devices = [Assessed { name: "A", case: &case, verdicts: &[] }];
    let page = assessment::html(&devices, &OPTIONS).unwrap();
    assert!(page.contains("run by Example Telecom device registration"), "{page}");

    // What only could have sent it did not send it; what the phone's log names did.
    case.sightings[place].key.app = String::new();
    let attribution = |ground, package: &str| evidence::Attribution {
        endpoint: case.findings[0].endpoints[0],
        packages: vec![package.to_owned()],
        uid: None,
        privileges: vec![],
        ground,
        flows: 1,
        quotes: vec![],
        ties: vec![],
        meetings: vec![],
    };
    let could = attribution(evidence::Ground::Code, "com.example.could");
    let did = attribution(evidence::Ground::Log, "com.example.did");
    case.phone.attributions = vec![could];
    assert!(below(&case, Language::English).contains(" · app: not told · "), "{case:#?}");
    case.phone.attributions.push(did);
    assert!(below(&case, Language::English).contains(" · app: com.example.did · "), "{case:#?}");
}

/// Of many the first are named and the others counted; what is not known is called so.
#[test]
fn many_receivers_are_counted_and_unknown_ones_called_so() {
    let mut case = synthetic::case();
    case.findings.retain(|finding| finding.title.contains("(IMEI)"));
    let model = case.destinations[0].clone();
    case.destinations = (0..5)
        .map(|number| {
            let mut one = model.clone();
            one.id = evidence::EndpointId(number);
            one.endpoint.host = format!("h{number}.example");
            one.endpoint.address = format!("198.51.100.{number}");
            (one.owner, one.network.located) = (None, None);
            one
        })
        .collect();
    case.findings[0].endpoints = case.destinations.iter().map(|one| one.id).collect();
    let said = below(&case, Language::English);
    let expected = " · h0.example, h1.example, h2.example and 2 more, operator unknown, network of Example \
                    Telecom backbone, country of the address unknown · `";
    assert!(said.contains(expected), "{said}");
    case.destinations[3].owner = model.owner;
    case.destinations[3].network.located = model.network.located;
    let said = below(&case, Language::English);
    let expected = ", run by Example Telecom device registration, which belongs to Example Telecom Corporation \
                    (China), others by operators that are unknown, address thought to be in China and a country \
                    that is unknown · `";
    assert!(said.contains(expected), "{said}");
    if let FindingKind::IdentifierSent { passed_to, .. } = &mut case.findings[0].kind {
        *passed_to = "vnet.example".to_owned();
    }
    let said = below(&case, Language::English);
    assert!(said.contains(" · through name servers to those of vnet.example · `"), "{said}");
}

/// Two recordings of one phone are no two devices; those of which the numbers or models differ are.
#[test]
fn recordings_are_devices_only_where_they_are_told_apart() {
    let with = |model: &str, mac: &str| {
        let mut case = synthetic::clean();
        case.phone.build = vec![("model".to_owned(), model.to_owned())];
        case.devices[0].mac = (!mac.is_empty()).then(|| mac.to_owned());
        case
    };
    let rows = [
        (("Nokia 7 plus", ""), ("Nokia 7 plus", ""), "2 recordings"),
        (("Nokia 7 plus", ""), ("", ""), "2 recordings"),
        (("Nokia 7 plus", ""), ("P40", ""), "2 devices"),
        (("Nokia 7 plus", "d0:37:45:ab:01:9f"), ("Nokia 7 plus", "d0:37:45:ab:01:9f"), "2 recordings"),
        (("Nokia 7 plus", "d0:37:45:ab:01:9f"), ("Nokia 7 plus", "D0:37:45:AB:01:9e"), "2 devices"),
        // An address that a phone made up for one network.
        (("Nokia 7 plus", "d2:37:45:ab:01:9f"), ("Nokia 7 plus", "d2:37:45:ab:01:9e"), "2 recordings"),
        // One phone, whose model is written in two ways.
        (("Nokia 7 plus", "d0:37:45:ab:01:9f"), ("Onyx", "D0:37:45:AB:01:9F"), "2 recordings"),
    ];
    for (one, other, expected) in rows {
        let (one, other) = (with(one.0, one.1), with(other.0, other.1));
        let devices = [&one, &other].map(|case| Assessed { name: "A", case, verdicts: &[] });
        let text = assessment::markdown(&devices, &OPTIONS).unwrap();
        assert!(text.contains(&format!("found in {expected},")), "{expected}: {text}");
    }
    let case = synthetic::case();
    let devices = [&case, &case].map(|case| Assessed { name: "A", case, verdicts: &[] });
    let text = assessment::markdown(&devices, &OPTIONS).unwrap();
    assert!(
        text.contains("Every recording has at least one") && text.contains("- Recordings: A and A"),
        "{text}"
    );
}

/// An attribution stands as its giver wants it; a case's own words lead nowhere.
#[test]
fn only_what_is_foreign_is_kept_from_being_a_link() {
    let mut case = synthetic::clean();
    case.data = facts::data_sets();
    let forged = evidence::DataSet {
        name: "a".to_owned(),
        version: "1".to_owned(),
        licence: "see https://evil.example/a".to_owned(),
    };
    case.data.push(forged);
    let devices = [Assessed { name: "A", case: &case, verdicts: &[] }];
    let text = assessment::markdown(&devices, &OPTIONS).unwrap();
    assert!(text.contains("DB-IP (https://db-ip.com),"), "{text}");
    assert!(text.contains("(https://en.wikipedia.org/wiki/Mobile_country_code)"), "{text}");
    assert!(!text.contains("https://evil.example"), "{text}");
}

/// What a row of the table of negatives says of the one device.
fn negative(case: &Case, risk: &str) -> String {
    let devices = [Assessed { name: "A", case, verdicts: &[] }];
    let text = assessment::markdown(&devices, &OPTIONS).unwrap();
    let (_, table) = text.rsplit_once("## What was not seen").unwrap();
    let row = table.lines().find(|line| line.contains(risk)).unwrap_or_else(|| panic!("{risk}: {table}"));
    row.trim_matches('|').rsplit_once('|').unwrap().1.trim().to_owned()
}

/// That no message was hidden takes the store and something that tells what was carried.
#[test]
fn a_lone_message_store_says_nothing_of_hidden_messages() {
    use evidence::MessageSource::{self, Bill, Radio, Store};
    let with = |sources: &[MessageSource]| {
        let mut case = synthetic::clean();
        let lacking = MessageSource::ALL.into_iter().filter(|source| !sources.contains(source));
        let spots = lacking.map(|source| source.lacking().to_owned());
        case.phone.message_blind_spots = spots.chain(["mmssms.db: tells of no time".to_owned()]).collect();
        case.profile = Some("p".to_owned());
        case
    };
    let hidden = |sources: &[MessageSource]| negative(&with(sources), "does not see");
    assert!(
        hidden(&[Store]).starts_with("could not be seen: neither the radio nor a bill"),
        "{}",
        hidden(&[Store])
    );
    assert!(
        hidden(&[Bill]).starts_with("could not be seen: there is no message store"),
        "{}",
        hidden(&[Bill])
    );
    assert!(hidden(&[Radio, Bill]).starts_with("could not be seen"));
    assert_eq!(hidden(&[Store, Radio]), "not seen in the radio's recording and the message store");
    let silent = negative(&synthetic::clean(), "does not see");
    assert_eq!(silent, "could not be seen: neither radio, bill nor message store was examined");
    let said = |sources: &[MessageSource]| negative(&with(sources), "leave in short messages");
    assert!(said(&[Bill]).starts_with("could not be seen: a bill tells nothing"), "{}", said(&[Bill]));
    assert_eq!(said(&[Store]), "not seen in the message store");
}

/// A profile without anybody's number was no look for one.
#[test]
fn what_nobody_planted_was_not_looked_for() {
    let mut case = synthetic::clean();
    case.profile = Some("p".to_owned());
    case.profile_kinds = vec![(evidence::IdentifierKind::Imei, 1)];
    let third = |case: &Case| negative(case, "Data of third persons");
    assert!(
        third(&case).starts_with("could not be seen: the profile holds no value of this kind"),
        "{}",
        third(&case)
    );
    case.profile_kinds.push((evidence::IdentifierKind::ContactNumber, 3));
    assert!(third(&case).starts_with("not seen"), "{}", third(&case));
}

/// What no decoder knew was searched as it stands: it is told, and is not read.
#[test]
fn what_was_only_searched_as_it_stands_counts_for_nothing_read() {
    let mut case = synthetic::clean();
    case.coverage = evidence::Ledger::default();
    case.coverage.add(evidence::Fate::NotUnderstood, "TCP", 100);
    let lists = |case: &Case| negative(case, "Lists of words");
    assert_eq!(lists(&case), "could not be seen: nothing of the content could be read");
    case.coverage.add(evidence::Fate::Decoded, "HTTP", 300);
    assert_eq!(lists(&case), "not seen in the readable 75%");
    let devices = [Assessed { name: "A", case: &case, verdicts: &[] }];
    let text = assessment::markdown(&devices, &OPTIONS).unwrap();
    assert!(text.contains("75% of the content readable, 25% more only searched as it stands"), "{text}");
    // Media wait for no decoder: they count neither way, and are told.
    case.coverage.add(evidence::Fate::Media, "HTTP", 5000);
    assert_eq!(lists(&case), "not seen in the readable 75%");
    let devices = [Assessed { name: "A", case: &case, verdicts: &[] }];
    let text = assessment::markdown(&devices, &OPTIONS).unwrap();
    assert!(text.contains("25% more only searched as it stands, media aside"), "{text}");
}

/// The log and a list of events tell of the same: counted is what happened.
#[test]
fn an_event_is_told_once_whoever_tells_of_it() {
    let mut case = synthetic::clean();
    for (file, seconds) in [(0, 10), (1, 11), (0, 500), (1, 502)] {
        let quote = evidence::Quote {
            capture: evidence::CaptureId(file),
            line: evidence::FrameNo(1),
            start: 0,
            end: 0,
            text: String::new(),
            decoder: String::new(),
        };
        let (kind, package, detail) = ("unlocked".to_owned(), String::new(), String::new());
        case.phone.marks.push(evidence::Mark { time: synthetic::at(seconds), kind, package, detail, quote });
    }
    let devices = [Assessed { name: "A", case: &case, verdicts: &[] }];
    assert!(assessment::markdown(&devices, &OPTIONS).unwrap().contains("unlocked (2)"));
    let comparison = compared(&[("one", &case), ("two", &case)]);
    assert!(comparison::markdown(&comparison, ALL).contains("(2)"), "{comparison:#?}");
    assert_eq!(comparison.sides[0].marks, [("unlocked".to_owned(), 2)]);
}

#[test]
fn every_kind_of_finding_is_in_a_risk() {
    let mut case = synthetic::case();
    let model = case.findings[0].clone();
    let kinds = [
        FindingKind::Protection {
            fault: ProtectionFault::OwnMaking,
            protection: evidence::Protection {
                security: evidence::Security::Clear,
                content: evidence::Content::Unreadable,
                label: String::new(),
            },
        },
        FindingKind::HiddenMessage {
            number: "+123".to_owned(),
            direction: evidence::Direction::Out,
            verdict: "sent and not logged".to_owned(),
        },
        FindingKind::Behaviour(Behaviour::NoProcess { direction: evidence::Direction::Out, flows: 1 }),
        FindingKind::BulkData { identifier: evidence::IdentifierKind::ContactNumber, seen: 4, planted: 5 },
    ];
    case.findings = kinds.map(|kind| Finding { kind, ..model.clone() }).to_vec();
    let devices = [Assessed { name: "A", case: &case, verdicts: &[] }];
    let text = assessment::markdown(&devices, &OPTIONS).unwrap();
    for title in ["protected worse", "does not see", "nothing on the phone explains", "Data of third persons"]
    {
        assert!(text.lines().any(|line| line.starts_with("### ") && line.contains(title)), "{title}: {text}");
    }
}

/// The risk that a finding is in, with its texts.
fn risk_of(kind: FindingKind, severity: Severity, security: Security) -> String {
    let mut case = synthetic::case();
    case.findings.retain(|finding| finding.title.contains("(IMEI)"));
    (case.findings[0].kind, case.findings[0].severity) = (kind, severity);
    case.sightings[case.findings[0].sightings[0] as usize].key.security = security;
    let devices = [Assessed { name: "A", case: &case, verdicts: &[] }];
    let text = assessment::markdown(&devices, &OPTIONS).unwrap();
    let (_, risk) = text.split_once("### 1. ").unwrap();
    risk.split_once("- `F-").unwrap().0.to_owned()
}

/// What a risk says is true of each of its findings: who could read it, and what to do about it.
#[test]
fn a_risk_says_what_is_true_of_its_findings() {
    use evidence::{Content, IdentifierKind, Protection, ProtectionFault as Fault};
    let fault = |fault, security| {
        let protection = Protection { security, content: Content::Readable, label: String::new() };
        risk_of(FindingKind::Protection { fault, protection }, Severity::Low, security)
    };
    let open = fault(Fault::LabelLies, Security::Clear);
    assert!(open.starts_with("What goes over open connections is protected worse than it seems"), "{open}");
    for encrypted in [Fault::LabelLies, Fault::OnlyTheChannel] {
        let risk = fault(encrypted, Security::Encrypted);
        assert!(risk.starts_with("Only the connection protects what is sent"), "{risk}");
        assert!(risk.contains("Nobody on the way reads it."), "{risk}");
    }
    let weak = fault(Fault::WeakChannel, Security::Encrypted);
    assert!(weak.starts_with("Connections are encrypted more weakly than is usual today"), "{weak}");

    let sent = |identifier, severity, security| {
        let kind = FindingKind::IdentifierSent {
            identifier,
            value: "v".to_owned(),
            grade: evidence::Grade::Known,
            forms: vec![],
            hashed: vec![],
            passed_to: String::new(),
        };
        risk_of(kind, severity, security)
    };
    for identifier in [
        IdentifierKind::AndroidId,
        IdentifierKind::AdvertisingId,
        IdentifierKind::DeviceId,
        IdentifierKind::InstallId,
    ] {
        let risk = sent(identifier, Severity::Low, Security::Encrypted);
        assert!(risk.starts_with("Identifiers of the installation leave"), "{risk}");
        assert!(!risk.contains("None by itself"), "{risk}");
    }
    // What has the shape of a device number weighs less; it still is one.
    let shaped = sent(IdentifierKind::Imei, Severity::Low, Security::Encrypted);
    assert!(shaped.starts_with("Identifiers leave over encrypted connections"), "{shaped}");
    let little = sent(IdentifierKind::Model, Severity::Info, Security::Encrypted);
    assert!(little.starts_with("What leaves identifies little by itself (info)"), "{little}");
    let clear = sent(IdentifierKind::AndroidId, Severity::Medium, Security::Clear);
    assert!(clear.starts_with("Identifiers leave so that anyone on the way can read them"), "{clear}");
}

/// That a receiver took what was sent is no risk of its own, and makes none that it stands beside.
#[test]
fn what_a_receiver_did_is_told_apart() {
    let accepted = Behaviour::Acceptance {
        request: "POST /".to_owned(),
        sent: 3,
        delivered: 3,
        undelivered: 0,
        answered: 3,
        accepted: 3,
        refused: 0,
        statuses: vec![(200, 3)],
        results: vec![],
    };
    let risk = risk_of(FindingKind::Behaviour(accepted), Severity::Info, Security::Clear);
    assert!(risk.starts_with("What receivers did with what was sent (info)"), "{risk}");
}

#[test]
fn hostile_names_and_values_act_nowhere() {
    let (hostile, case) = (synthetic::hostile(), synthetic::case());
    let attack = synthetic::ATTACK;
    let comparison = compared(&[(attack, &hostile), ("b", &case)]);
    let mut verdicts = verdicts();
    for verdict in &mut verdicts {
        verdict.claim.statement = attack.to_owned();
        verdict.claim.by = attack.to_owned();
        verdict.reasons = vec![attack.to_owned()];
    }
    let devices = [Assessed { name: attack, case: &hostile, verdicts: &verdicts }];
    let texts = [
        comparison::text(&comparison, ALL, 80),
        comparison::markdown(&comparison, ALL),
        comparison::html(&comparison, ALL),
        assessment::markdown(&devices, &OPTIONS).unwrap(),
        assessment::html(&devices, &OPTIONS).unwrap(),
    ];
    for text in &texts {
        let acts = |character: &char| character.is_control() && *character != '\n';
        assert_eq!(text.chars().find(acts), None, "{text}");
        assert!(!text.contains(['\u{202e}', '\u{200b}']) && !text.contains("\n# [a]"), "{text}");
    }
    for page in [&texts[2], &texts[4]] {
        assert!(!page.contains("<script") && !page.contains("<img"), "{page}");
    }
    let pdf = assessment::pdf(&devices, &OPTIONS).unwrap();
    assert!(!pdf.windows(3).any(|bytes| bytes == b"/JS") && !pdf.windows(4).any(|bytes| bytes == b"/URI"));
}
