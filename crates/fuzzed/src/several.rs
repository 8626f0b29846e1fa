//! Cases that anybody may have written, beside others: what is compared, assessed and judged is written without acting
//! on whoever looks at it, whatever the cases and the files of claims say.

use ::claims::{Claims, judge, judge_among};
use compare::{Named, compare};
use evidence::{Case, Comparison};
use report::{
    assessment::{self, Assessed, AssessmentOptions},
    comparison::{self, ComparisonOptions},
};

use crate::{case, markup};

/// A hostile case beside the sample's: an input that begins with `{` is the case itself, any other edits the sample's.
pub(crate) fn several(input: &[u8]) {
    let Some(hostile) = case::hostile(input) else { return };
    let sample = case::sample();
    check_comparison(&[("a", &sample), ("b", &hostile)]);
    check_comparison(&[("<b>", &hostile), ("b", &hostile), ("c", &sample)]);
    let claims = Claims::read(TEMPLATES_IN_USE).unwrap();
    let cases = [("before", &hostile), ("after", &sample), ("off", &hostile)];
    let verdicts = judge(&claims, &cases).unwrap();
    check_verdicts(&verdicts);
    let devices = [
        Assessed { name: "<b>", case: &hostile, verdicts: &verdicts },
        Assessed { name: "|b|", case: &sample, verdicts: &[] },
    ];
    let options = AssessmentOptions { verdicts: &verdicts, ..AssessmentOptions::default() };
    markup::is_harmless_page(&assessment::html(&devices, &options).unwrap());
    markup::is_harmless_markdown(&assessment::markdown(&devices, &options).unwrap());
    assert!(assessment::pdf(&devices, &options).unwrap().starts_with(b"%PDF-"));
}

fn check_comparison(cases: &[(&str, &Case)]) {
    let named: Vec<_> = cases.iter().map(|(name, case)| Named { name, case }).collect();
    let compared = compare(&named, "x");
    assert_eq!(compared.sides.len(), cases.len());
    assert!(compared.differences.iter().all(|row| row.cells.len() == cases.len()), "a row lacks a case");
    let json = comparison::json(&compared).unwrap();
    markup::acts_on_no_reader("json", &json);
    let again: Comparison = serde_json::from_str(&json).unwrap();
    assert_eq!(again, compared, "a comparison changes when it is written and read");
    for changed_only in [false, true] {
        let options = ComparisonOptions { changed_only };
        markup::is_harmless_page(&comparison::html(&compared, options));
        markup::is_harmless_markdown(&comparison::markdown(&compared, options));
        for width in [0, 60, 400] {
            markup::acts_on_no_reader("text", &comparison::text(&compared, options, width));
        }
    }
}

fn check_verdicts(verdicts: &[evidence::Verdict]) {
    if let Some(section) = report::verdicts_html(verdicts) {
        assert!(!section.contains("<script"), "a statement acts");
        markup::is_harmless_page(&report::verdicts_page("<b>", verdicts));
    }
    markup::is_harmless_markdown(&report::verdicts_markdown(verdicts));
    let json = report::verdicts_json("x", verdicts).unwrap();
    markup::acts_on_no_reader("json", &json);
    assert!(serde_json::from_str::<serde_json::Value>(&json).is_ok(), "verdicts are JSON");
}

/// A file of claims: it is refused with a place, or each statement gets a verdict, or asking is refused.
pub(crate) fn claims(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let claims = match Claims::read(text) {
        Ok(claims) => claims,
        Err(error) => {
            let lines = text.lines().count().max(1) + 1;
            assert!(usize::try_from(error.line).unwrap() <= lines, "an error at line {}", error.line);
            return;
        }
    };
    let (sample, other) = (case::sample(), case::sample());
    let cases = [("before", &sample), ("after", &other)];
    if let Ok(verdicts) = judge(&claims, &cases) {
        assert_eq!(verdicts.len(), claims.claims().count(), "a statement without a verdict");
        check_verdicts(&verdicts);
        let (own, together) = judge_among(&claims, "before", &cases).unwrap();
        assert_eq!(own.len() + together.len(), verdicts.len(), "a statement without a verdict");
    }
}

/// Statements with the weightiest conditions.
const TEMPLATES_IN_USE: &str = r#"
format = "phonehome-claims/1.0"
vendor = "<b>x</b>"
[[claim]]
id = "a"
statement = "<script>a</script> |"
source = "b"
template = "anonymous"
[[claim]]
id = "fixed"
statement = "c"
source = "d"
template = "fixed_in_build"
with = { kinds = ["imei"] }
[[claim]]
id = "off"
statement = "c"
source = "d"
template = "off_means_off"
with = { kinds = ["imei"] }
[[claim]]
id = "stored"
statement = "c"
source = "d"
template = "stored_in"
with = { countries = ["SG"] }
"#;
