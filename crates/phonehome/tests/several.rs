//! `phonehome compare` and `phonehome report` as people and scripts meet them.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

mod kit;

use std::fs;

use evidence::{Change, Comparison, Presence};
use kit::{Desk, clean, leaky, run};

/// Two cases: what leaked, and what did not.
fn desk() -> Desk {
    let desk = Desk::new(&leaky());
    desk.write("clean.pcap", &clean());
    for (capture, case) in [("x.pcap", "old.case"), ("clean.pcap", "new.case")] {
        let arguments = ["audit", capture, "--profile", "phone.toml", "--out", case, "--no-store"];
        let (code, _, errors) = run(&desk, &arguments);
        assert_eq!(code, 0, "{errors}");
    }
    desk
}

#[test]
fn what_is_gone_is_told_with_what_was_read() {
    let desk = desk();
    let (code, text, errors) = run(&desk, &["compare", "before=old.case", "new.case"]);
    assert_eq!((code, errors.as_str()), (0, ""));
    for words in ["before / new", "vanished", "device number (IMEI)", "Understood and searched"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let (_, json, _) = run(&desk, &["compare", "before=old.case", "new.case/case.json", "--json"]);
    let comparison: Comparison = serde_json::from_str(&json).unwrap();
    let gone = comparison.differences.iter().find(|row| row.change == Change::Vanished).unwrap();
    assert_eq!(gone.cells[0].presence, Presence::Seen);
    assert_eq!(comparison.sides[1].name, "new");
}

#[test]
fn files_are_written_by_their_names_and_no_case_is_overwritten() {
    let desk = desk();
    for (name, begins) in [("c.html", "<!DOCTYPE html>"), ("c.md", "# "), ("c.json", "{")] {
        let (code, _, errors) = run(&desk, &["compare", "old.case", "new.case", "--out", name]);
        assert_eq!((code, errors.as_str()), (0, ""), "{name}");
        assert!(fs::read_to_string(desk.join(name)).unwrap().starts_with(begins), "{name}");
    }
    for out in ["c.txt", "old.case/case.json"] {
        assert_eq!(run(&desk, &["compare", "old.case", "new.case", "--out", out]).0, 2, "{out}");
    }
    for (name, begins) in [("a.html", "<!DOCTYPE html>"), ("a.md", "# "), ("a.pdf", "%PDF-")] {
        let arguments = ["report", "Phone A=old.case", "new.case", "--assessment", "--out", name];
        let (code, _, errors) = run(&desk, &arguments);
        assert_eq!((code, errors.as_str()), (0, ""), "{name}");
        assert!(fs::read(desk.join(name)).unwrap().starts_with(begins.as_bytes()), "{name}");
    }
    let (code, text, _) = run(&desk, &["report", "Phone A=old.case", "--assessment"]);
    assert_eq!((code, text.starts_with("# Assessment of Phone A")), (0, true), "{text}");
    let german = ["report", "Phone A=old.case", "--assessment", "--language", "de"];
    let (code, text, _) = run(&desk, &german);
    assert_eq!((code, text.starts_with("# Gutachten über Phone A")), (0, true), "{text}");
    assert_eq!(run(&desk, &["report", "old.case", "--assessment", "--language", "tlh"]).0, 2);
}

#[test]
fn what_is_no_case_ends_the_run() {
    let desk = desk();
    let (code, _, errors) = run(&desk, &["compare", "old.case", "gone=nowhere.case"]);
    assert_eq!((code, errors.contains("nowhere.case")), (4, true), "{errors}");
    assert_eq!(run(&desk, &["compare", "old.case"]).0, 2);
    assert_eq!(run(&desk, &["report", "old.case"]).0, 2);
}

/// What a vendor said, one statement on a phone and one on two.
const CLAIMS: &str = r#"
format = "phonehome-claims/1.0"
vendor = "Vendor"
[[claim]]
id = "encrypted"
statement = "All data are encrypted."
source = "a letter"
template = "encrypted"
[[claim]]
id = "fixed"
statement = "The update ended it."
source = "another letter"
template = "fixed_in_build"
with = { kinds = ["imei"] }
"#;

#[test]
fn an_assessment_takes_what_was_said_or_the_verdicts_on_it() {
    let desk = desk();
    desk.write("claims.toml", CLAIMS.as_bytes());
    let cases = ["report", "before=old.case", "after=new.case", "--assessment", "--verdicts"];
    let with = |file: &'static str| [&cases[..], &[file]].concat();
    let (code, text, errors) = run(&desk, &with("claims.toml"));
    assert_eq!((code, errors.as_str()), (0, ""));
    for words in ["2 statements", "“All data are encrypted.”", "Judged over: before and after"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let (_, verdicts, _) =
        run(&desk, &["claims", "before=old.case", "after=new.case", "claims.toml", "--json"]);
    desk.write("verdicts.json", verdicts.as_bytes());
    let (code, text, errors) = run(&desk, &with("verdicts.json"));
    assert_eq!((code, errors.as_str()), (0, ""));
    assert!(text.contains("“The update ended it.”"), "{text}");
    desk.write("wrong.toml", b"format = 1");
    assert_eq!(run(&desk, &with("wrong.toml")).0, 5);
    assert_eq!(run(&desk, &with("x.pcap")).0, 4);
}
