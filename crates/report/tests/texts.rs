//! The texts of a whole case, as reviewed snapshots, and what must hold of them whatever the case says.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a test may fail")]

mod synthetic;

use evidence::{Case, Severity};
use report::SummaryOptions;

fn files() -> Vec<(String, String)> {
    [
        ("report", "nokia.case/report.html"),
        ("case", "nokia.case/case.json"),
        ("store", "nokia.case/case.sqlite"),
    ]
    .map(|(what, path)| (what.to_owned(), path.to_owned()))
    .to_vec()
}

fn options(width: usize) -> SummaryOptions {
    SummaryOptions { width, case: "nokia.case".to_owned(), files: files(), ..SummaryOptions::default() }
}

/// Every text output of a case.
fn texts(case: &Case) -> Vec<(&'static str, String)> {
    vec![
        ("summary", report::summary(case, &options(80))),
        ("markdown", report::markdown(case)),
        ("findings.csv", report::csv::findings(case)),
        ("sightings.csv", report::csv::sightings(case)),
        ("stix", report::stix(case)),
        ("json", report::json(case, true).unwrap()),
        ("json line", report::json(case, false).unwrap()),
    ]
}

#[test]
fn a_case_reads_well() {
    let case = synthetic::case();
    insta::assert_snapshot!("summary_80", report::summary(&case, &options(80)));
    insta::assert_snapshot!("summary_60", report::summary(&case, &options(60)));
    insta::assert_snapshot!("markdown", report::markdown(&case));
    insta::assert_snapshot!("findings_csv", report::csv::findings(&case).replace("\r\n", "\n"));
    insta::assert_snapshot!("sightings_csv", report::csv::sightings(&case).replace("\r\n", "\n"));
    insta::assert_snapshot!("stix", report::stix(&case));
}

#[test]
fn no_finding_is_told_with_what_was_read() {
    let case = synthetic::clean();
    insta::assert_snapshot!("summary_clean", report::summary(&case, &options(80)));
    insta::assert_snapshot!("markdown_clean", report::markdown(&case));
}

#[test]
fn a_hostile_case_drives_no_terminal_and_no_reader() {
    for (name, text) in texts(&synthetic::hostile()) {
        let acts = |character: &char| character.is_control() && !matches!(character, '\n' | '\r');
        assert_eq!(text.chars().find(acts), None, "{name}");
        for unseen in ['\u{202e}', '\u{200b}'] {
            assert!(!text.contains(unseen), "{name}: {unseen:?}");
        }
        assert!(!name.ends_with(".csv") || text.lines().all(|line| !line.starts_with('=')), "{name}");
        assert!(!text.contains("\n# [a]"), "{name}");
    }
}

#[test]
fn colour_adds_colour_and_nothing_else() {
    for case in [synthetic::case(), synthetic::hostile()] {
        let plain = report::summary(&case, &options(80));
        let colour = report::summary(&case, &SummaryOptions { colour: true, ..options(80) });
        assert!(colour.contains("\u{1b}["));
        assert_eq!(without_colour(&colour), plain);
    }
}

/// The text without `ESC [ digits and semicolons m`; any other sequence stays and shows.
fn without_colour(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (codes, rest) = part.split_once('m').expect("an SGR sequence");
        assert!(codes.chars().all(|code| code.is_ascii_digit() || code == ';'), "{codes}");
        plain.push_str(rest);
    }
    plain
}

#[test]
fn lines_keep_to_the_width() {
    for (case, widths) in [(synthetic::case(), 40..=120), (synthetic::many(500), 78..=82)] {
        for width in widths {
            let summary = report::summary(&case, &SummaryOptions { files: Vec::new(), ..options(width) });
            let long = summary.lines().find(|line| line.chars().count() > width);
            assert_eq!(long, None, "at {width} columns");
        }
    }
}

/// A person sees of each finding what, to whom, in which country, by which app, when, how often and in which form; of
/// all that is the same for a receiver's findings once.
#[test]
fn a_summary_answers_what_is_asked_first() {
    let mut case = synthetic::case();
    for group in &mut case.sightings {
        group.key.app = "com.maker.reg".to_owned();
    }
    let summary = report::summary(&case, &options(100));
    let summary = summary.split_whitespace().collect::<Vec<_>>().join(" ");
    for told in [
        "zzhc.vnet.example · Example Telecom device registration",
        "thought to be in China",
        "each 7 times, 2019-01-15 07:40:04 to 2019-02-14 08:10:00 · written as base64",
        "by com.maker.reg",
        "HIGH device number (IMEI) 353918080000017",
        "as its MD5 digest, packed with gzip and written as base64",
        "What could not be seen of",
    ] {
        assert!(summary.contains(told), "{told}: {summary}");
    }
    assert_eq!(summary.matches("com.maker.reg").count(), 3, "once for each receiver: {summary}");
}

/// What nobody sent as it was is shown as it was sent.
#[test]
fn a_digest_is_shown_as_it_was_sent() {
    let mut case = synthetic::case();
    let group = case.sightings.iter_mut().find(|group| group.key.form.0.starts_with("md5")).unwrap();
    group.proofs[0].found = "0cc175b9c0f1b6a831c399e269772661".to_owned();
    let summary = report::summary(&case, &options(100));
    assert!(summary.contains("hash of the Android ID  0cc175b9c0f1b6a831c399e269772661"), "{summary}");
    assert!(!summary.contains("9f1c2b7d3e4a5061"), "the value itself did not leave: {summary}");
}

#[test]
fn many_findings_are_counted_where_they_are_not_shown() {
    let many = synthetic::many(500);
    let summary = report::summary(&many, &SummaryOptions { files: Vec::new(), findings: 12, ..options(80) });
    let words: Vec<&str> = summary.split_whitespace().collect();
    let further = words.windows(3).filter(|words| words[0] == "and" && words[2].starts_with("finding"));
    let further: usize = further.map(|words| words[1].parse::<usize>().unwrap()).sum();
    let shown = many.findings.iter().filter(|finding| words.contains(&finding.id.0.as_str())).count();
    assert_eq!((shown, shown + further), (12, 500), "{summary}");
    assert!(summary.lines().count() < 80, "{summary}");
    assert_eq!(report::csv::findings(&synthetic::many(500)).lines().count(), 501);
}

#[test]
fn case_json_gives_the_case_back() {
    for case in [synthetic::case(), synthetic::clean(), synthetic::hostile()] {
        for pretty in [true, false] {
            let text = report::json(&case, pretty).unwrap();
            let read: Case = serde_json::from_str(&text).unwrap();
            assert_eq!(read, case);
            assert!(text.ends_with("}\n"));
        }
    }
}

#[test]
fn outputs_do_not_depend_on_the_run() {
    assert_eq!(texts(&synthetic::case()), texts(&synthetic::case()));
}

#[test]
fn stix_refers_only_to_what_it_holds_and_tells_no_values() {
    let case = synthetic::case();
    let text = report::stix(&case);
    let bundle: serde_json::Value = serde_json::from_str(&text).unwrap();
    let objects = bundle["objects"].as_array().unwrap();
    let ids: Vec<&str> = objects.iter().map(|object| object["id"].as_str().unwrap()).collect();
    let mut references = 0;
    for object in objects {
        assert_eq!(object["spec_version"], "2.1");
        for (name, value) in object.as_object().unwrap() {
            let values = value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
            assert!(!values.is_empty(), "{name} is empty");
            for reference in values.iter().filter(|_| name.ends_with("_ref") || name.ends_with("_refs")) {
                assert!(ids.contains(&reference.as_str().unwrap()), "{name}: {reference}");
                references += 1;
            }
        }
    }
    assert!(references > 20);
    assert_eq!(ids.iter().filter(|id| id.starts_with("note--")).count(), case.findings.len());
    for group in &case.sightings {
        assert!(!text.contains(&group.key.value), "{}", group.key.value);
    }
}

#[test]
fn findings_stand_in_order_of_severity() {
    let table = report::csv::findings(&synthetic::many(20));
    let severities: Vec<&str> = table.lines().skip(1).map(|line| line.split(',').nth(1).unwrap()).collect();
    let place = |name: &str| {
        [Severity::Critical, Severity::High, Severity::Medium, Severity::Low, Severity::Info]
            .iter()
            .position(|severity| severity.id() == name)
    };
    assert!(severities.iter().map(|name| place(name)).is_sorted(), "{severities:?}");
}
