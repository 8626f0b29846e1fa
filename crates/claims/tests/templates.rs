//! Every template, with a case for each verdict that it can come to.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may fail")]

mod kit;

use std::collections::BTreeMap;

use claims::{Claims, judge, template_names};
use evidence::{
    Attribution, Behaviour, Fate, FindingKind, Form, Grade, Ground, Holding, IdentifierKind as Kind,
    ProtectionFault, Security,
};

use kit::Made;

/// Template, its parameters, and cases by role for contradicted, consistent and not testable.
struct Row {
    template: &'static str,
    with: &'static str,
    contradicted: Vec<(&'static str, Made)>,
    consistent: Option<Vec<(&'static str, Made)>>,
    not_testable: Vec<(&'static str, Made)>,
}

fn acceptance(sent: u64, (delivered, undelivered): (u64, u64)) -> Behaviour {
    Behaviour::Acceptance {
        request: "POST /".to_owned(),
        sent,
        delivered,
        undelivered,
        answered: 0,
        accepted: 0,
        refused: 0,
        statuses: vec![],
        results: vec![],
    }
}

fn lasting(days: u64, joined: &[Kind]) -> Behaviour {
    Behaviour::LastingId {
        field: "uuid".to_owned(),
        value: "5f3e".to_owned(),
        messages: 9,
        span_s: days * 86_400,
        outlived: vec![("boot-completed".to_owned(), 3)],
        same_as: vec![],
        joined: joined.to_vec(),
    }
}

fn opaque() -> Behaviour {
    Behaviour::Opaque {
        request: "GET /report".to_owned(),
        field: "repinfo".to_owned(),
        length: (171, 171),
        messages: 9,
        different: 9,
        counter: "msgid".to_owned(),
        class: "undecidable".to_owned(),
        meaning: String::new(),
        revealed: true,
    }
}

fn stage(stage: &str) -> Behaviour {
    Behaviour::Stage { stage: stage.to_owned(), identifier: Kind::SearchWord, within: 2, outside: 3 }
}

fn one(made: Made) -> Vec<(&'static str, Made)> {
    vec![("case", made)]
}

/// A day's traffic to a vendor's host in Singapore.
fn day(kinds: &[Kind]) -> Made {
    Made::new(25, kinds).to("a.vendor.example", "SG", "", "TLS 1.3", "Vendor")
}

fn update(kinds: &[Kind], build: &str) -> Made {
    let made = day(kinds).build("fingerprint", build);
    made.mark("boot-completed", 2).mark("unlocked", 3)
}

const CLEAR: Security = Security::Clear;
const SEALED: Security = Security::Encrypted;

fn rows() -> Vec<Row> {
    vec![
        Row {
            template: "only_tried",
            with: "",
            contradicted: one(day(&[]).shows(acceptance(5, (2, 0)))),
            consistent: Some(one(day(&[]).shows(acceptance(5, (0, 5))))),
            not_testable: one(day(&[]).shows(acceptance(5, (0, 4)))),
        },
        Row {
            template: "encrypted",
            with: "",
            contradicted: one(day(&[Kind::Imei]).sent(Kind::Imei, CLEAR)),
            consistent: Some(one(day(&[Kind::Imei]).sent(Kind::Imei, SEALED))),
            not_testable: one(Made::new(25, &[Kind::Imei])),
        },
        Row {
            template: "encrypted_content",
            with: "",
            contradicted: one(day(&[Kind::Imei]).sent(Kind::Imei, SEALED)),
            consistent: Some(one(day(&[Kind::Imei]).shows(opaque()))),
            not_testable: one(day(&[Kind::Imei]).unreadable(5000)),
        },
        Row {
            template: "anonymous",
            with: "",
            contradicted: one(day(&[Kind::Imei]).shows(lasting(2, &[Kind::Account]))),
            consistent: Some(one(day(&[Kind::Imei]).sent(Kind::InstallId, SEALED))),
            not_testable: one(day(&[Kind::Serial])),
        },
        Row {
            template: "random_token",
            with: "days = 1",
            contradicted: one(Made::new(72, &[]).shows(lasting(2, &[]))),
            consistent: Some(one(Made::new(72, &[]).shows(lasting(0, &[])))),
            not_testable: one(Made::new(12, &[]).shows(lasting(0, &[]))),
        },
        Row {
            template: "never_private",
            with: "",
            contradicted: one(day(&[Kind::Url]).sent_as(Kind::Url, SEALED, "canaries.private-mode", 0)),
            consistent: Some(one(day(&[Kind::Url]).mark("private-mode-on", 2).shows(stage("signed out")))),
            not_testable: one(day(&[Kind::Url])),
        },
        Row {
            template: "opt_in",
            with: "",
            contradicted: one(day(&[Kind::Imei]).shows(stage("before consent"))),
            consistent: Some(one(day(&[Kind::Imei]).mark("consent-shown", 1).shows(stage("private mode")))),
            not_testable: one(day(&[Kind::Imei]).sent(Kind::Imei, CLEAR)),
        },
        Row {
            template: "off_means_off",
            with: "kinds = [\"imei\"]",
            contradicted: vec![("off", day(&[Kind::Imei]).sent(Kind::Imei, SEALED))],
            consistent: Some(vec![("off", day(&[Kind::Imei]).mark("boot-completed", 1))]),
            not_testable: vec![("off", day(&[Kind::Imei]))],
        },
        Row {
            template: "only_technical",
            with: "",
            contradicted: one(day(&[Kind::Imei]).sent(Kind::ContactNumber, SEALED)),
            consistent: Some(one(day(&[Kind::Imei]).sent(Kind::Model, SEALED))),
            not_testable: one(day(&[Kind::Imei]).shows(opaque())),
        },
        Row {
            template: "never_location",
            with: "",
            contradicted: one(day(&[Kind::CellId]).sent(Kind::CellId, SEALED)),
            consistent: Some(one(day(&[Kind::CellId]).sent(Kind::Imei, SEALED))),
            not_testable: one(day(&[Kind::Imei])),
        },
        Row {
            template: "sent_once",
            with: "",
            contradicted: one(day(&[Kind::Imei]).sent(Kind::Imei, CLEAR)),
            consistent: Some(one(Made::new(800, &[Kind::Imei])
                .to("a.vendor.example", "SG", "", "none", "Vendor")
                .sent_as(Kind::Imei, CLEAR, "", 1))),
            not_testable: one(day(&[Kind::Imei]).sent_as(Kind::Imei, CLEAR, "", 1)),
        },
        Row {
            template: "sent_to_country",
            with: "countries = [\"FR\"]",
            contradicted: one(day(&[]).sent(Kind::Imei, CLEAR)),
            consistent: Some(one(Made::new(9, &[])
                .to("a.example", "FR", "", "none", "")
                .sent(Kind::Imei, CLEAR))),
            not_testable: one(Made::new(9, &[])
                .to("a.example", "US", "cdn", "none", "")
                .sent(Kind::Imei, CLEAR)),
        },
        Row {
            template: "fixed_in_build",
            with: "kinds = [\"imei\"]\nbuild = \"B2\"",
            contradicted: vec![
                ("before", update(&[Kind::Imei], "B1").sent(Kind::Imei, CLEAR)),
                ("after", update(&[Kind::Imei], "B2").sent(Kind::Imei, CLEAR)),
            ],
            consistent: Some(vec![
                ("before", update(&[Kind::Imei], "B1").sent(Kind::Imei, CLEAR)),
                ("after", update(&[Kind::Imei], "B2")),
            ]),
            not_testable: vec![("before", update(&[Kind::Imei], "B1").sent(Kind::Imei, CLEAR))],
        },
        Row {
            template: "one_batch",
            with: "kinds = [\"imei\"]",
            contradicted: vec![
                ("one", update(&[Kind::Imei], "B1").sent(Kind::Imei, CLEAR)),
                ("other", update(&[Kind::Imei], "B1").sent(Kind::Imei, CLEAR)),
            ],
            consistent: Some(vec![
                ("one", update(&[Kind::Imei], "B1").sent(Kind::Imei, CLEAR)),
                ("other", update(&[Kind::Imei], "B1")),
            ]),
            not_testable: vec![
                ("one", update(&[Kind::Imei], "B1").sent(Kind::Imei, CLEAR)),
                ("other", day(&[Kind::Imei])),
            ],
        },
        Row {
            template: "not_shared",
            with: "vendors = [\"Vendor\"]",
            contradicted: one(Made::new(9, &[Kind::Imei])
                .to("b.example", "US", "", "none", "Other")
                .sent(Kind::Imei, SEALED)),
            consistent: None,
            not_testable: one(day(&[Kind::Imei]).sent(Kind::Imei, SEALED)),
        },
        Row {
            template: "no_other_receivers",
            with: "vendors = [\"Vendor\"]",
            contradicted: one(day(&[Kind::Imei])
                .to("b.example", "US", "", "none", "Other")
                .sent(Kind::Imei, SEALED)),
            consistent: Some(one(day(&[Kind::Imei]).sent(Kind::Imei, SEALED))),
            not_testable: one(day(&[Kind::Imei])
                .to("b.example", "US", "", "none", "")
                .sent(Kind::Imei, SEALED)),
        },
    ]
}

fn judged(template: &str, with: &str, cases: &[(&str, Made)]) -> evidence::Verdict {
    let text = format!(
        "format = \"phonehome-claims/1.0\"\nvendor = \"Vendor\"\n[[claim]]\nid = \"c\"\nstatement = \"s\"\n\
         source = \"x\"\ntemplate = \"{template}\"\n[claim.with]\n{with}\n"
    );
    let claims = Claims::read(&text).unwrap();
    let cases: Vec<_> = cases.iter().map(|(role, made)| (*role, &made.0)).collect();
    judge(&claims, &cases).unwrap_or_else(|error| panic!("{template}: {error}")).remove(0)
}

#[test]
fn every_template_comes_to_every_verdict_that_it_can() {
    let mut names: BTreeMap<&str, ()> = template_names().map(|name| (name, ())).collect();
    for row in rows() {
        names.remove(row.template);
        let verdict = judged(row.template, row.with, &row.contradicted);
        assert_eq!(verdict.holding, Holding::Contradicted, "{} {verdict:#?}", row.template);
        assert!(!verdict.proofs.is_empty(), "{}: no proof", row.template);
        let verdict = judged(row.template, row.with, &row.not_testable);
        assert_eq!(verdict.holding, Holding::NotTestable, "{} {verdict:#?}", row.template);
        assert!(!verdict.would_test.is_empty(), "{}: nothing would test it", row.template);
        if let Some(cases) = &row.consistent {
            let verdict = judged(row.template, row.with, cases);
            assert_eq!(verdict.holding, Holding::Consistent, "{} {verdict:#?}", row.template);
            assert!(!verdict.coverage.is_empty(), "{}: no coverage", row.template);
            let [looked_for, looked_at, ..] = verdict.reasons.as_slice() else { panic!("{verdict:#?}") };
            assert!(
                looked_for.starts_with("looked for: ") && !looked_for.contains(['{', '}']),
                "{looked_for}"
            );
            assert!(
                looked_at.starts_with("looked at: ") && looked_at.contains("hours of traffic"),
                "{looked_at}"
            );
        }
    }
    // These only ever come to one.
    assert_eq!(names.remove("not_processed"), Some(()));
    assert_eq!(names.remove("stored_in"), Some(()));
    assert_eq!(names, BTreeMap::new(), "templates without a row");
    assert_eq!(judged("not_processed", "", &one(day(&[]))).holding, Holding::NotTestable);
}

/// Where bytes go says nothing on where they stay, whatever the address.
#[test]
fn no_address_tests_where_data_are_kept() {
    let rows = [("FR", ""), ("US", ""), ("US", "cdn"), ("US", "cloud"), ("US", "anycast"), ("", "")];
    for (country, edge) in rows {
        let made = Made::new(9, &[]).to("a.example", country, edge, "none", "").sent(Kind::Imei, CLEAR);
        let verdict = judged("stored_in", "countries = [\"FR\"]", &one(made));
        assert_eq!(verdict.holding, Holding::NotTestable, "{country} {edge}");
    }
}

/// An edge or an unknown country is the same to every statement on places: it neither speaks for nor against one.
#[test]
fn an_edge_tells_no_statement_on_places_anything() {
    let sent = |country: &str, edge: &str, with: &str| {
        let made = Made::new(9, &[]).to("a.example", country, edge, "none", "").sent(Kind::Imei, CLEAR);
        judged("sent_to_country", with, &one(made)).holding
    };
    for edge in ["cdn", "cloud", "anycast"] {
        for country in ["FR", "US"] {
            assert_eq!(sent(country, edge, "countries = [\"FR\"]"), Holding::NotTestable, "{country} {edge}");
        }
    }
    assert_eq!(sent("", "", "countries = [\"FR\"]"), Holding::NotTestable);
    assert_eq!(sent("US", "", "countries = [\"FR\"]"), Holding::Contradicted);
    // Said of later days than those of the capture.
    let later = "countries = [\"FR\"]\nsince = \"2019-06-18\"";
    assert_eq!(sent("US", "", later), Holding::NotTestable);
    let made = Made::new(9, &[]).to("a.example", "US", "", "none", "").sent(Kind::Imei, CLEAR);
    let verdict = judged("stored_in", later, &one(made));
    assert_eq!(verdict.reasons.len(), 2, "{verdict:#?}");
    assert!(verdict.reasons[1].contains("from 2019-06-18 on"), "{verdict:#?}");
}

/// Who says that an update ended it must read of what, of whom, and over how much.
#[test]
fn what_holds_so_far_says_what_was_looked_for_and_over_how_much() {
    let text = "format = \"phonehome-claims/1.0\"\nvendor = \"V\"\n[[claim]]\nid = \"c\"\nstatement = \"s\"\n\
                source = \"x\"\ntemplate = \"fixed_in_build\"\nwith = { kinds = [\"imei\", \"cell_id\"] }\n\
                hosts = [\"vendor.example\"]\n";
    let kinds = [Kind::Imei, Kind::CellId];
    let (before, after) = (update(&kinds, "B1").sent(Kind::Imei, CLEAR), update(&kinds, "B2").unreadable(10));
    let cases = [("before", &before.0), ("after", &after.0)];
    let verdict = judge(&Claims::read(text).unwrap(), &cases).unwrap().remove(0);
    assert_eq!(verdict.holding, Holding::Consistent, "{verdict:#?}");
    let looked_for = format!(
        "looked for: {} and {}, sent after the update (to or by vendor.example); nothing that was seen speaks against it",
        Kind::Imei.words(),
        Kind::CellId.words()
    );
    let looked_at = "looked at: before: 25.0 hours of traffic, fingerprint B1, 100% of the 100 bytes that may concern it were read; \
                     after: 25.0 hours of traffic, fingerprint B2, 91% of the 110 bytes that may concern it were read";
    assert_eq!(verdict.reasons, [looked_for, looked_at.to_owned()]);
}

/// What no decoder knew was searched as it stands, and not read; media wait for no decoder.
#[test]
fn what_was_only_searched_as_it_stands_was_not_read() {
    let judged = |fate, bytes| {
        let made = update(&[Kind::Imei], "B2").sent(Kind::Model, SEALED).not_read(fate, bytes);
        judged("only_technical", "", &one(made))
    };
    let tells = |verdict: &evidence::Verdict, told: &str| {
        assert!(verdict.coverage.iter().any(|sentence| sentence.contains(told)), "{verdict:#?}");
    };
    assert_eq!(judged(Fate::NotUnderstood, 1).holding, Holding::Consistent);
    let verdict = judged(Fate::NotUnderstood, 1000);
    assert_eq!(verdict.holding, Holding::NotTestable, "{verdict:#?}");
    tells(&verdict, "50% of the content could be read; 50% searched only as it stands (no decoder knew it)");
    assert!(
        verdict
            .reasons
            .iter()
            .any(|reason| reason == "case: 9% of the 1100 bytes that may concern it were read"),
        "{verdict:#?}"
    );
    let verdict = judged(Fate::Media, 1000);
    assert_eq!(verdict.holding, Holding::Consistent, "{verdict:#?}");
    tells(&verdict, "; 50% media (searched only as they stand)");
    assert!(
        verdict.reasons[1].ends_with("100% of the 100 bytes that may concern it were read"),
        "{verdict:#?}"
    );
}

/// What other apps sent tells nothing of the one that a statement is about, where it is known who sent all of it.
#[test]
fn what_other_apps_sent_is_left_out_where_they_are_known() {
    let holding = |app: &str, flows: u64, ground: Ground| {
        let made = update(&[Kind::Imei], "B2").sent(Kind::Model, SEALED).unreadable(1000);
        let made = attributed(made, app, flows, ground);
        let text = "format = \"phonehome-claims/1.0\"\nvendor = \"V\"\n[[claim]]\nid = \"c\"\nstatement = \"s\"\n\
                    source = \"x\"\ntemplate = \"only_technical\"\nhosts = [\"vendor.example\"]\napps = [\"com.vendor.app\"]\n";
        let verdict = judge(&Claims::read(text).unwrap(), &[("case", &made.0)]).unwrap().remove(0);
        let left_out =
            verdict.reasons.iter().any(|reason| reason.contains("(1 destination of other apps left out)"));
        (verdict.holding, left_out)
    };
    assert_eq!(holding("com.mail", 1, Ground::Log), (Holding::Consistent, true));
    assert_eq!(holding("com.vendor.app", 1, Ground::Log), (Holding::NotTestable, false));
    assert_eq!(holding("com.mail", 0, Ground::Log), (Holding::NotTestable, false), "not of every flow");
    assert_eq!(holding("com.mail", 1, Ground::Code), (Holding::NotTestable, false), "what an app could do");
    assert_eq!(holding("A Mail App", 1, Ground::Wire), (Holding::NotTestable, false), "no name of a package");
}

/// With what the phone tells of who sent to the last destination.
fn attributed(mut made: Made, app: &str, flows: u64, ground: Ground) -> Made {
    let endpoint = made.0.destinations.last().unwrap().id;
    made.0.phone.attributions.push(Attribution {
        endpoint,
        packages: vec![app.to_owned()],
        uid: None,
        privileges: vec![],
        ground,
        flows,
        quotes: vec![],
        ties: vec![],
        meetings: vec![],
    });
    made
}

/// What speaks against a statement is left out only where it is known of every flow that another app sent it.
#[test]
fn who_sent_it_has_to_be_known_to_leave_it_out() {
    let holding = |scope: &str, made: Made| {
        let text = format!(
            "format = \"phonehome-claims/1.0\"\nvendor = \"V\"\n[[claim]]\nid = \"c\"\nstatement = \"s\"\n\
             source = \"x\"\n{scope}\ncontradicted_by = \"f.identifier == 'imei'\"\n"
        );
        judge(&Claims::read(&text).unwrap(), &[("case", &made.0)]).unwrap().remove(0).holding
    };
    let sent = |app: &str, flows: u64| {
        let mut made = attributed(day(&[Kind::Imei]).sent(Kind::Imei, CLEAR), app, flows, Ground::Log);
        made.0.sightings.iter_mut().for_each(|group| group.key.app.clear());
        made.0.destinations.iter_mut().for_each(|one| one.flows = 2);
        made
    };
    let except = "except_apps = [\"com.mail\"]";
    assert_eq!(holding(except, sent("com.mail", 2)), Holding::Consistent);
    assert_eq!(holding(except, sent("com.mail", 1)), Holding::Contradicted, "one flow of two");
    assert_eq!(holding(except, sent("com.mail", 0)), Holding::Contradicted, "a name that was looked up");
    let apps = "apps = [\"com.vendor.app\"]";
    assert_eq!(holding(apps, sent("com.mail", 2)), Holding::Consistent);
    assert_eq!(holding(apps, sent("com.mail", 1)), Holding::NotTestable, "it may have been the vendor's");
    assert_eq!(holding(apps, sent("com.vendor.app", 1)), Holding::Contradicted);
}

/// What no destination is known of was not read, and neither was what an older program says nothing of.
#[test]
fn what_went_nobody_knows_whither_was_not_read() {
    let judged = |change: fn(&mut evidence::Case)| {
        let mut made = update(&[Kind::Imei], "B2").sent(Kind::Model, SEALED);
        change(&mut made.0);
        judged("only_technical", "", &one(made)).holding
    };
    assert_eq!(judged(|_| {}), Holding::Consistent);
    assert_eq!(judged(|case| case.coverage.add(Fate::Encrypted, "ESP (IPsec)", 1000)), Holding::NotTestable);
    assert_eq!(judged(|case| case.coverage.add(Fate::NotParsed, "GRE", 1000)), Holding::NotTestable);
    let old = |case: &mut evidence::Case| {
        case.destinations.iter_mut().for_each(|one| one.reading = evidence::Reading::default());
    };
    assert_eq!(judged(old), Holding::NotTestable);
}

/// What the phone counted and no capture holds is part of what a negative result says.
#[test]
fn what_went_past_the_captures_stands_with_the_verdict() {
    let mut made = update(&[Kind::Imei], "B2").sent(Kind::Model, SEALED);
    let row = |uid, counted, seen| evidence::Completeness {
        uid,
        packages: vec!["com.maker".to_owned()],
        counted: [counted, 0],
        seen: [seen, 0],
    };
    let told = |made: &Made| {
        let verdict = judged("only_technical", "", &one(Made(made.0.clone())));
        assert_eq!(verdict.holding, Holding::Consistent, "{verdict:#?}");
        let sentence = verdict.coverage.into_iter().find(|sentence| sentence.contains("counters"));
        (sentence.unwrap_or_default(), verdict.reasons[1].clone())
    };
    let asked = |made: &Made, condition: &str| {
        let text = format!(
            "format = \"phonehome-claims/1.0\"\nvendor = \"V\"\n[[claim]]\nid = \"c\"\nstatement = \"s\"\n\
             source = \"x\"\ncontradicted_if = \"{condition}\"\n"
        );
        let verdict = judge(&Claims::read(&text).unwrap(), &[("case", &made.0)]).unwrap().remove(0);
        verdict.holding == Holding::Contradicted
    };
    assert_eq!(told(&made).0, "");
    assert!(asked(&made, "!coverage.counted && coverage.captured == 0.0"));
    made.0.phone.completeness = vec![row(1000, 100, 200)];
    assert_eq!(told(&made).0, "");
    assert!(asked(&made, "coverage.counted && coverage.captured == 1.0"));
    made.0.phone.completeness.push(row(10_001, 300, 200));
    let (sentence, looked_at) = told(&made);
    let words = "by the phone's own counters, up to 33% of what user id 10001 (com.maker) sent went past the captures";
    assert_eq!(sentence, format!("case: {words}"));
    assert!(looked_at.ends_with(&format!("bytes that may concern it were read, {words}")), "{looked_at}");
    assert!(asked(&made, "coverage.counted && coverage.captured == 0.75"));
    made.0.phone.completeness.push(row(10_002, 1000, 999));
    assert!(told(&made).0.contains("part of what 2 user ids sent"), "{:?}", told(&made));
}

/// The log and a list of events tell of the same start: that is one, not two.
#[test]
fn what_log_and_list_of_events_tell_counts_once() {
    let mut made = day(&[Kind::Imei]).mark("boot-completed", 2);
    for mark in made.0.phone.marks.clone() {
        let quote = evidence::Quote { capture: evidence::CaptureId(1), ..mark.quote.clone() };
        let time = evidence::Timestamp(mark.time.0 + 1_500_000_000);
        made.0.phone.marks.push(evidence::Mark { time, quote, ..mark });
    }
    let text = "format = \"phonehome-claims/1.0\"\nvendor = \"V\"\n[[claim]]\nid = \"c\"\nstatement = \"s\"\n\
                source = \"x\"\ncontradicted_if = \"marks('boot-completed') == 2 && size(phone.marks) == 2\"\n";
    let verdict = judge(&Claims::read(text).unwrap(), &[("case", &made.0)]).unwrap().remove(0);
    assert_eq!(verdict.holding, Holding::Contradicted, "{verdict:#?}");
    assert!(verdict.coverage[0].contains("boot completed (2)"), "{verdict:#?}");
}

/// Logged is not sent: a log that tells what an encrypted field holds contradicts nothing, and is told.
#[test]
fn the_phones_log_is_passed_over() {
    let logged = FindingKind::Logged {
        identifier: Kind::CellId,
        value: "1a2b".to_owned(),
        grade: Grade::Known,
        forms: vec![Form("hex".to_owned())],
        tags: vec!["SaleTracker".to_owned()],
    };
    let text = "format = \"phonehome-claims/1.0\"\nvendor = \"V\"\n[[claim]]\nid = \"c\"\nstatement = \"s\"\nsource = \"x\"\n\
                contradicted_by = \"f.identifier == 'cell_id'\"\n";
    let made = day(&[Kind::CellId]).found(logged, 3);
    let asked = |text: &str| judge(&Claims::read(text).unwrap(), &[("case", &made.0)]).unwrap().remove(0);
    let verdict = asked(text);
    assert_eq!(verdict.holding, Holding::Consistent);
    assert!(verdict.reasons.iter().any(|reason| reason.contains("logged is not sent")), "{verdict:#?}");
    let verdict = asked(&format!("{text}grounds = [\"log\"]\n"));
    assert_eq!(verdict.holding, Holding::Contradicted);
    assert!(verdict.reasons[0].contains("does not say that it was sent"), "{verdict:#?}");
}

/// A claim about a host is not contradicted by what went elsewhere, and is by what went below it.
#[test]
fn a_claim_is_about_its_hosts_apps_and_owners() {
    let rows = [
        ("hosts = [\"vendor.example\"]", true),
        ("hosts = [\"a.vendor.example\"]", true),
        ("hosts = [\"r.example\"]", false),
        ("hosts = [\"other.example\"]", false),
        ("apps = [\"com.vendor.app\"]", true),
        ("apps = [\"com.vendor\"]", false),
        ("owners = [\"Vendor\"]", true),
        ("owners = [\"Other\"]", false),
    ];
    for (about, contradicted) in rows {
        let text = format!(
            "format = \"phonehome-claims/1.0\"\nvendor = \"V\"\n[[claim]]\nid = \"c\"\nstatement = \"s\"\nsource = \"x\"\n\
             {about}\ncontradicted_by = \"f.identifier == 'imei'\"\n"
        );
        let made = day(&[Kind::Imei]).sent(Kind::Imei, SEALED);
        let verdict = judge(&Claims::read(&text).unwrap(), &[("case", &made.0)]).unwrap().remove(0);
        assert_eq!(verdict.holding == Holding::Contradicted, contradicted, "{about}");
    }
}

/// Whoever is asked to record with the service off may have switched it on before the end.
#[test]
fn what_left_after_a_switch_was_turned_on_did_not_leave_while_off() {
    let switched = |minutes: usize| {
        let mut made = day(&[Kind::Imei]).mark("boot-completed", 1).mark("setting-on", minutes + 1);
        let marks = &mut made.0.phone.marks;
        let last = marks.len() - 1;
        marks.drain(1..last);
        made.sent(Kind::Imei, SEALED)
    };
    let first = switched(0).0.findings[0].first;
    let off = |made: Made| judged("off_means_off", "kinds = [\"imei\"]", &[("off", made)]).holding;
    let before = switched(0);
    assert!(before.0.phone.marks[1].time <= first);
    assert_eq!(off(before), Holding::NotTestable);
    let after = switched(600);
    assert!(after.0.phone.marks[1].time > first);
    assert_eq!(off(after), Holding::Contradicted);
}

/// Signing in is no consent, unless the claim says so; and each case has to tell of it.
#[test]
fn consent_is_told_in_each_case_by_a_mark_of_it() {
    let signed = || day(&[Kind::Imei]).mark("account-added", 1).sent(Kind::Imei, CLEAR);
    assert_eq!(judged("opt_in", "", &one(signed())).holding, Holding::NotTestable);
    let out = signed().shows(stage("signed out"));
    let with = "stages = [\"signed out\"]";
    assert_eq!(judged("opt_in", with, &one(out)).holding, Holding::Contradicted);
    let asked = || day(&[Kind::Imei]).mark("consent-shown", 1);
    assert_eq!(judged("opt_in", "", &[("a", asked()), ("b", asked())]).holding, Holding::Consistent);
    assert_eq!(
        judged("opt_in", "", &[("a", asked()), ("b", day(&[Kind::Imei]))]).holding,
        Holding::NotTestable
    );
}

/// A label that lies contradicts what it says.
#[test]
fn a_label_that_lies_contradicts_encryption() {
    let lies = FindingKind::Protection {
        fault: ProtectionFault::LabelLies,
        protection: evidence::Protection {
            security: CLEAR,
            content: evidence::Content::Encoded(vec!["base64".to_owned()]),
            label: "application/encrypted-json".to_owned(),
        },
    };
    for template in ["encrypted", "encrypted_content"] {
        let made = day(&[Kind::Imei]).found(lies.clone(), 2);
        assert_eq!(judged(template, "", &one(made)).holding, Holding::Contradicted, "{template}");
    }
}
