//! `phonehome lab` as people meet it: what it plays is audited like any other evidence.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

mod kit;

use std::fs;

use kit::{Desk, run};
use serde_json::Value;

#[test]
fn every_case_is_listed_with_its_runs() {
    let desk = Desk::new(&[]);
    let (code, text, errors) = run(&desk, &["lab", "list"]);
    assert_eq!((code, errors.as_str()), (0, ""));
    for case in lab::Case::all() {
        assert!(text.contains(case.slug), "{}: {text}", case.slug);
    }
    for words in
        ["before-foreign", "Variants: ", "extra-gzip", "2 bugreports, netstats, ", "readings of sockets"]
    {
        assert!(text.contains(words), "{words}: {text}");
    }
    let runs = lab::Case::all().iter().flat_map(|case| case.expected().unwrap().runs);
    for run in runs {
        let mut lines = text.lines().filter_map(|line| line.strip_prefix("    "));
        let told =
            lines.find_map(|line| line.strip_prefix(run.name.as_str()).filter(|rest| rest.starts_with(' ')));
        assert!(told.is_some_and(|told| !told.trim().is_empty()), "{}: {text}", run.name);
    }
}

#[test]
fn what_is_played_is_audited_and_found() {
    let desk = Desk::new(&[]);
    let (code, text, errors) = run(&desk, &["lab", "run", "mi-fit-header", "--out", "played"]);
    assert_eq!((code, errors.as_str()), (0, ""), "{text}");
    let folder = fs::read_dir(desk.path().join("played")).unwrap().next().unwrap().unwrap().path();
    let folder = folder.to_str().unwrap();
    let profile = format!("{folder}/profile.toml");
    let (code, json, errors) =
        run(&desk, &["audit", folder, "--profile", &profile, "--out", "x.case", "--json"]);
    assert_eq!((code, errors.as_str()), (0, ""));
    let case: Value = serde_json::from_str(&json).unwrap();
    let findings = case["findings"].as_array().unwrap();
    assert!(findings.iter().any(|finding| finding["kind"] == "identifier_sent"), "{json}");
}

#[test]
fn nothing_is_written_over_and_slips_are_told() {
    let desk = Desk::new(&[]);
    let play = ["lab", "run", "nokia-7-plus", "before-home", "--out", "played"];
    assert_eq!(run(&desk, &play).0, 0);
    let (code, _, errors) = run(&desk, &play);
    assert!(code == 6 && errors.contains("is there already"), "{code} {errors}");
    for (arguments, words) in [
        (vec!["lab", "run", "nokia-7-plus", "never", "--out", "x"], "it has before-foreign"),
        (vec!["lab", "run", "nokia-8", "--out", "x"], "phonehome lab list"),
        (vec!["lab", "run", "nokia-7-plus", "--variant", "loud", "--out", "x"], "there is no variant `loud`"),
    ] {
        let (code, _, errors) = run(&desk, &arguments);
        assert!(code == 2 && errors.contains(words) && errors.lines().count() == 1, "{code} {errors}");
    }
    fs::write(desk.path().join("bad.toml"), "title = 5").unwrap();
    let (code, _, errors) = run(&desk, &["lab", "run", "bad.toml", "--out", "y"]);
    assert!(code == 4 && errors.contains("the scenario is wrong"), "{code} {errors}");
}
