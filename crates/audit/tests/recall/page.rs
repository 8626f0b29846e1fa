//! The table in `docs/recall.md`.

use std::{
    collections::BTreeMap,
    fmt::Write,
    sync::{Mutex, PoisonError},
};

use crate::{Cell, carriers::CARRIERS, exception, forms::FORMS};

/// A part of the page, in order: each begins with a heading of the first level.
#[derive(Clone, Copy)]
pub(crate) enum Part {
    Forms,
    Hidden,
    LeftAlone,
}

/// Fails where a part of the page says something else than wanted; with `BLESS` set, writes it instead.
pub(crate) fn hold(part: Part, wanted: &str) {
    static PAGE: Mutex<()> = Mutex::new(());
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/recall.md");
    // Tests that failed have not written halves.
    let _writing = PAGE.lock().unwrap_or_else(PoisonError::into_inner);
    let page = std::fs::read_to_string(path).unwrap_or_default();
    let mut parts: Vec<String> =
        page.split("\n# ").map(|part| part.trim_start_matches("# ").to_owned()).collect();
    parts.resize(3, String::new());
    let wanted = wanted.trim_start_matches("# ").trim_end().to_owned();
    let known = &mut parts[part as usize];
    let stale = known.trim_end() != wanted;
    if stale && std::env::var_os("BLESS").is_some() {
        *known = wanted;
        let parts: Vec<_> = parts.iter().map(|part| format!("# {}\n", part.trim_end())).collect();
        std::fs::write(path, parts.join("\n")).unwrap();
        return;
    }
    assert!(!stale, "docs/recall.md is stale: BLESS=1 cargo test -p audit --test recall");
}

/// The part on forms in which nothing is hidden.
pub(crate) fn forms(cells: &[Cell], near: usize, found: &[bool]) -> String {
    let all = found.iter().filter(|&&found| found).count();
    let mut out = HEAD
        .replace("{values}", &crate::planted().len().to_string())
        .replace("{cells}", &cells.len().to_string())
        .replace("{found}", &all.to_string())
        .replace("{near}", &near.to_string());
    let columns: Vec<_> = CARRIERS.iter().map(|carrier| carrier.name).collect();
    let _ = writeln!(out, "| form | {} |\n|---|{}", columns.join(" | "), "--:|".repeat(columns.len()));
    for form in FORMS.iter().map(|form| form.name).chain(["packed"]) {
        let _ = writeln!(out, "| {form} | {} |", row(form, &columns, cells, found).join(" | "));
    }
    out.push_str(REASONS);
    for (reason, count) in reasons(cells, found) {
        let _ = writeln!(out, "| {count} | {reason} |");
    }
    out
}

/// How many of how many were found in each place; one number where all were.
fn row(form: &str, columns: &[&str], cells: &[Cell], found: &[bool]) -> Vec<String> {
    let column = |name: &&str| {
        let cell =
            cells.iter().zip(found).filter(|(cell, _)| cell.form == form && cell.carrier.name == *name);
        let (of, all) = cell.fold((0, 0), |(of, all), (_, &found)| (of + usize::from(found), all + 1));
        match (of, all) {
            (_, 0) => String::new(),
            (of, all) if of == all => all.to_string(),
            (of, all) => format!("{of} of {all}"),
        }
    };
    columns.iter().map(column).collect()
}

/// Why what is not found is not found, and in how many cells.
fn reasons(cells: &[Cell], found: &[bool]) -> BTreeMap<&'static str, usize> {
    let mut reasons = BTreeMap::new();
    for (cell, _) in cells.iter().zip(found).filter(|(_, found)| !**found) {
        *reasons.entry(exception(cell).unwrap_or("a mistake")).or_default() += 1;
    }
    reasons
}

const HEAD: &str = "\
# What is found

Written by `BLESS=1 cargo test -p audit --test recall`; without `BLESS` the same command fails when the page and the
program differ. What is sent, and in which forms, is in `crates/audit/tests/recall/`.

{values} values, one of every kind that a profile can hold, in the forms and places in which apps send them: each
cell is a message in a capture of its own making, audited as a whole. Of {cells} messages, the value was told in
{found}; of the others each has its reason below. Of {near} messages with values that differ from the planted ones in
a digit or a letter, in the same forms and places, none was taken for a planted one.

Rows are what an app made of the value, columns where it put it. A number is of messages, all of them found; an empty
cell cannot be: bytes do not go where text is asked for.

";

const REASONS: &str = "
## What is not found, and why

| messages | reason |
|---:|---|
";
