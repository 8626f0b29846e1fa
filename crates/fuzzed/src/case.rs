//! A case that anybody may have written: it is read or refused; what is read is written again the same, shown
//! by every output without acting on whoever looks at it, and its proofs are replayed or refused.
//!
//! An input that begins with `{` is the case itself; any other is a script of edits to the case of the sample.

use std::{collections::BTreeMap, sync::LazyLock};

use audit::prove::{Replay, file_name, recipe, replay, words};
use evidence::{
    CaptureId, Case, Deed, Direction, Finding, FindingId, FindingKind, Form, FrameNo, Grade, Habit,
    IdentifierKind, MessageAccount, MissingIds, Occurrence, Quote, ShortMessage,
};
use report::{Excerpt, HtmlOptions, Place, SummaryOptions};
use serde_json::Value;

use crate::{hostile::Base, markup, whole};

pub(crate) fn case(input: &[u8]) {
    let Some(case) = hostile(input) else { return };
    check_json(&case);
    check_outputs(&case);
    check_proofs(&case);
}

/// The case that an input stands for; none where it is refused.
pub(crate) fn hostile(input: &[u8]) -> Option<Case> {
    match input.first() {
        Some(b'{') => serde_json::from_slice(input).ok(),
        _ => serde_json::from_value(SAMPLE.edited(input)).ok(),
    }
}

/// The sample's case as it is.
pub(crate) fn sample() -> Case {
    hostile(&[]).unwrap()
}

fn check_json(case: &Case) {
    for pretty in [false, true] {
        let text = report::json(case, pretty).unwrap();
        markup::acts_on_no_reader("json", &text);
        let again: Case = serde_json::from_str(&text).unwrap();
        assert_eq!(&again, case, "a case changes when it is written and read");
    }
    markup::acts_on_no_reader("stix", &report::stix(case));
    assert!(serde_json::from_str::<Value>(&report::stix(case)).is_ok(), "STIX is JSON");
}

fn check_outputs(case: &Case) {
    let place = |code: &str| Some(Place { name: code.to_owned(), latitude: 60.0, longitude: 25.0 });
    let excerpts = |occurrence: &Occurrence| {
        let bytes = occurrence.found.clone().into_bytes();
        vec![Excerpt { title: occurrence.found.clone(), offset: u64::MAX, bytes, highlight: 2..9 }]
    };
    let moments = |finding: &Finding| vec![finding.first, finding.last];
    let full = HtmlOptions {
        title: "",
        case: "x.case",
        atlas: Some(report::Atlas { land: "M0 0l10 0 0 10z", borders: "M0 0l5 5", place: &place }),
        excerpts: Some(&excerpts),
        moments: Some(&moments),
    };
    markup::is_harmless_page(&report::html(case, &full));
    markup::is_harmless_page(&report::html(case, &HtmlOptions::default()));
    markup::is_harmless_markdown(&report::markdown(case));
    markup::is_harmless_table(&report::csv::findings(case));
    markup::is_harmless_table(&report::csv::sightings(case));
    let plain = report::summary(case, &SummaryOptions::default());
    markup::acts_on_no_reader("summary", &plain);
    for width in [0, 60, usize::MAX] {
        report::summary(case, &SummaryOptions { width, colour: true, ..SummaryOptions::default() });
    }
}

fn check_proofs(case: &Case) {
    let mut captures = BTreeMap::from([(CaptureId(0), whole::sample_capture())]);
    for finding in case.findings.iter().take(MOST_FINDINGS) {
        let evidence = finding.evidence.iter().take(MOST_PROOFS);
        let replays: Vec<Replay> =
            evidence.filter_map(|evidence| replay(&evidence.occurrence, &mut captures).ok()).collect();
        for (evidence, replayed) in finding.evidence.iter().zip(&replays) {
            assert!(replayed.outputs.len() <= MOST_STEPS, "{} steps", replayed.outputs.len());
            for buffer in &evidence.occurrence.trail.buffers {
                markup::acts_on_no_reader("recipe", &words(buffer));
            }
        }
        let name = file_name(&finding.id);
        assert!(name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.')), "a name {name:?}");
        if replays.len() == finding.evidence.len() {
            markup::is_harmless_script(&recipe(finding, &case.captures, &replays));
        }
    }
}

/// The sample's case, as it is written to the disk, with what a phone's own files would tell beside it.
static SAMPLE: LazyLock<Base> = LazyLock::new(|| {
    let mut case = whole::sample_case();
    tell_of_the_phone(&mut case);
    let case = serde_json::to_value(case).unwrap();
    Base::new(case, |value| serde_json::from_value::<Case>(value).is_ok())
});

fn tell_of_the_phone(case: &mut Case) {
    let Some(first) = case.findings.first().cloned() else { return };
    let evidence = first.evidence.clone();
    let (number, verdict, direction) = ("+1".to_owned(), "sent and not logged".to_owned(), Direction::Out);
    let (identifier, value, grade) = (IdentifierKind::Imei, "1".to_owned(), Grade::Known);
    let forms = vec![Form("digits".to_owned())];
    let kinds = [
        FindingKind::HiddenMessage { number: number.clone(), direction, verdict: verdict.clone() },
        FindingKind::IdentifierInMessage {
            identifier,
            value: value.clone(),
            grade,
            forms: forms.clone(),
            number: number.clone(),
        },
        FindingKind::IdentifierReceived {
            identifier,
            value: value.clone(),
            grade,
            forms: forms.clone(),
            number: number.clone(),
        },
        FindingKind::Logged { identifier, value, grade, forms, tags: vec!["Tag".to_owned()] },
    ];
    let findings = kinds.into_iter().zip(0..).map(|(kind, place)| Finding {
        id: FindingId(format!("F-phone{place}")),
        kind,
        endpoints: Vec::new(),
        sightings: Vec::new(),
        ..first.clone()
    });
    case.findings.extend(findings);
    let words = "a row".to_owned();
    let accounts = evidence.into_iter().take(1);
    let accounts = accounts.map(|one| MessageAccount { words: words.clone(), occurrence: one.occurrence });
    case.phone.messages.push(ShortMessage {
        direction,
        number,
        time: Some(first.first),
        verdict,
        package: "com.example".to_owned(),
        silent: true,
        parts: 2,
        in_address_book: Some(false),
        accounts: accounts.collect(),
    });
    case.phone.build.push(("model".to_owned(), "Model".to_owned()));
    case.phone.message_blind_spots.push("no bill".to_owned());
    let (capture, time) = (CaptureId(0), Some(first.first));
    let missing = MissingIds { capture, first: 1, last: 2, after: time, before: time, seen: 1 };
    case.phone.missing_message_ids.push(missing);
    let text = "Access: [bg-s]".to_owned();
    case.phone.habits.push(Habit {
        package: "com.example".to_owned(),
        uid: Some(10_001),
        deed: Deed::Access { operation: "FINE_LOCATION".to_owned(), background: Some(true), refused: false },
        count: Some(2),
        last: time,
        quote: Quote { capture, line: FrameNo(1), start: 0, end: 1, text, decoder: "utf-16le".to_owned() },
    });
}

/// So many are replayed: the others are the same again.
const MOST_FINDINGS: usize = 40;
const MOST_PROOFS: usize = 6;
/// No proof has more steps.
const MOST_STEPS: usize = 1 << 12;
