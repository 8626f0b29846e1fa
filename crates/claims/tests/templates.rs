//! Every template, with a case for each verdict that it can come to.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

mod kit;

use std::collections::BTreeMap;

use claims::{Claims, judge, template_names};
use evidence::{
    Behaviour, FindingKind, Form, Grade, Holding, IdentifierKind as Kind, ProtectionFault, Security,
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

fn acceptance(sent: u64, delivered: u64) -> Behaviour {
    Behaviour::Acceptance {
        request: "POST /".to_owned(),
        sent,
        delivered,
        answered: 0,
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
            contradicted: one(day(&[]).shows(acceptance(5, 2))),
            consistent: Some(one(day(&[]).shows(acceptance(5, 0)))),
            not_testable: one(day(&[]).sent(Kind::Imei, CLEAR)),
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
            template: "stored_in",
            with: "countries = [\"FR\"]",
            contradicted: one(day(&[]).sent(Kind::Imei, CLEAR)),
            consistent: None,
            not_testable: one(Made::new(9, &[])
                .to("a.example", "FR", "", "none", "")
                .sent(Kind::Imei, CLEAR)),
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
        }
    }
    // It only ever comes to one.
    assert_eq!(names.remove("not_processed"), Some(()));
    assert_eq!(names, BTreeMap::new(), "templates without a row");
    assert_eq!(judged("not_processed", "", &one(day(&[]))).holding, Holding::NotTestable);
}

/// Where bytes go says nothing on where they stay, whatever the address.
#[test]
fn an_address_in_the_country_or_an_edge_outside_of_it_tests_no_storage() {
    for (country, edge) in [("FR", ""), ("US", "cdn"), ("US", "cloud"), ("US", "anycast"), ("", "")] {
        let made = Made::new(9, &[]).to("a.example", country, edge, "none", "").sent(Kind::Imei, CLEAR);
        let verdict = judged("stored_in", "countries = [\"FR\"]", &one(made));
        assert_eq!(verdict.holding, Holding::NotTestable, "{country} {edge}");
    }
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
