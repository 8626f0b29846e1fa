//! What a reader gets, and what conditions get to see.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may fail")]

mod kit;

use claims::{Claims, judge, judge_among};
use evidence::{Holding, IdentifierKind as Kind, Security, Verdict};

use kit::Made;

const FILE: &str = r#"
format = "phonehome-claims/1.0"
vendor = "Vendor"

[[claim]]
id = "encrypted"
statement = "All data are encrypted."
source = "a press release of 1 March 2019"
template = "encrypted"
hosts = ["vendor.example"]

[[claim]]
id = "fixed"
by = "The vendor's support"
statement = "Build B2 sends nothing."
source = "a letter of 2 March 2019"
template = "fixed_in_build"
with = { kinds = ["imei"], build = "B2" }

[[claim]]
id = "kept"
statement = "Nothing is kept."
source = "the same letter"
template = "not_processed"

[[claim]]
id = "short"
statement = "There is no rhythm in it."
source = "the same letter"
contradicted_by = "f.behaviour == 'rhythm'"
needs = [{ condition = "hours() >= 48.0", words = "the capture is too short", would_test = "a capture of two days" }]
"#;

fn cases() -> (Made, Made) {
    let before = Made::new(25, &[Kind::Imei])
        .to("a.vendor.example", "SG", "", "none", "Vendor")
        .build("fingerprint", "B1")
        .sent(Kind::Imei, Security::Clear);
    let after = Made::new(3, &[Kind::Imei])
        .to("b.vendor.example", "SG", "", "none", "Vendor")
        .unreadable(4)
        .build("fingerprint", "B2")
        .mark("boot-completed", 1)
        .mark("unlocked", 4);
    (before, after)
}

fn verdicts() -> Vec<Verdict> {
    let (before, after) = cases();
    judge(&Claims::read(FILE).unwrap(), &[("before", &before.0), ("after", &after.0)]).unwrap()
}

#[test]
fn statements_without_roles_are_judged_over_their_own_case() {
    let (before, after) = cases();
    let claims = Claims::read(FILE).unwrap();
    let cases = [("before", &before.0), ("after", &after.0)];
    let (own, together) = judge_among(&claims, "after", &cases).unwrap();
    assert_eq!((own.len(), together.len()), (3, 1));
    assert!(own.iter().all(|verdict| verdict.cases == ["after"]), "{own:#?}");
    assert_ne!(own[0].holding, Holding::Contradicted, "what the other case shows is not held against it");
    assert_eq!(together[0].cases, ["before", "after"]);
    assert_eq!(judge_among(&claims, "nobody", &cases).unwrap().0[0].holding, Holding::NotTestable);
}

#[test]
fn a_case_in_two_roles_counts_once() {
    let (before, _) = cases();
    let mut case = before.0;
    case.captures[0].sha256 = "ab".to_owned();
    let verdicts = judge(&Claims::read(FILE).unwrap(), &[("before", &case), ("one", &case)]).unwrap();
    assert_eq!(verdicts[0].cases, ["before"]);
    assert_eq!(verdicts[0].proofs.len(), 1);
}

#[test]
fn verdicts_as_text() {
    insta::assert_snapshot!(claims::text("Vendor", &verdicts()));
}

/// The page that tells people what conditions may name is the table that checks them.
#[test]
fn the_document_lists_what_there_is() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/claims.md");
    let page = std::fs::read_to_string(path).unwrap();
    let begin = "<!-- generated: from here on, by `UPDATE_DOCS=1 cargo test -p claims` -->\n\n";
    let (kept, listed) = page.split_once(begin).unwrap_or((page.as_str(), ""));
    let wanted = format!(
        "## Names\n\n{}\n## Templates\n\n{}",
        claims::schema::reference(),
        claims::template_reference()
    );
    let wanted = format!("{}\n", wanted.trim_end());
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, format!("{kept}{begin}{wanted}")).unwrap();
    } else {
        assert_eq!(
            listed, wanted,
            "docs/claims.md is stale: UPDATE_DOCS=1 cargo test -p claims --test golden"
        );
    }
}
