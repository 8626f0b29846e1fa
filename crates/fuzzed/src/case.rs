//! A case that anybody may have written: it is read or refused; what is read is written again the same, shown
//! by every output without acting on whoever looks at it, and its proofs are replayed or refused.
//!
//! An input that begins with `{` is the case itself; any other is a script of edits to the case of the sample.

use std::{collections::BTreeMap, sync::LazyLock};

use audit::prove::{Replay, file_name, recipe, replay, words};
use evidence::{CaptureId, Case, Finding, Occurrence};
use report::{Excerpt, HtmlOptions, Place, SummaryOptions};
use serde_json::Value;

use crate::{hostile::Base, markup, whole};

pub(crate) fn case(input: &[u8]) {
    let case: Result<Case, _> = match input.first() {
        Some(b'{') => serde_json::from_slice(input),
        _ => serde_json::from_value(SAMPLE.edited(input)),
    };
    let Ok(case) = case else { return };
    check_json(&case);
    check_outputs(&case);
    check_proofs(&case);
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

/// The sample's case, as it is written to the disk.
static SAMPLE: LazyLock<Base> = LazyLock::new(|| {
    let case = serde_json::to_value(whole::sample_case()).unwrap();
    Base::new(case, |value| serde_json::from_value::<Case>(value).is_ok())
});

/// So many are replayed: the others are the same again.
const MOST_FINDINGS: usize = 40;
const MOST_PROOFS: usize = 6;
/// No proof has more steps.
const MOST_STEPS: usize = 1 << 12;
