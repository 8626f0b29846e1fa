//! The page's part on hidden values.

use std::{collections::BTreeMap, fmt::Write};

use super::{Cell, EFFORT, IDENTIFIERS, PLACES, all, exception, ways::Class};
use crate::page::{self, Part};

/// Holds the page to these cells; `proved` of them were run again from the capture.
pub(super) fn hold(cells: &[Cell], found: &[bool], proved: usize) {
    page::hold(Part::Hidden, &written(&Table { cells, found }, proved));
}

struct Table<'a> {
    cells: &'a [Cell],
    found: &'a [bool],
}

fn written(table: &Table<'_>, proved: usize) -> String {
    let mut out = HEAD
        .replace("{ways}", &all().count().to_string())
        .replace("{identifiers}", &IDENTIFIERS.len().to_string())
        .replace("{cells}", &table.cells.len().to_string())
        .replace("{found}", &table.found.iter().filter(|&&found| found).count().to_string())
        .replace("{proved}", &proved.to_string())
        .replace("{effort}", &EFFORT.to_string())
        .replace("{usual}", &audit::Effort::USUAL.to_string());
    let places: Vec<_> = PLACES.iter().map(|place| place.name).collect();
    let _ = writeln!(out, "| class | {} |\n|---|{}", places.join(" | "), "--:|".repeat(places.len()));
    for class in Class::ALL {
        let columns =
            places.iter().map(|place| table.of(|cell| cell.way.class == class && cell.place.name == *place));
        let _ = writeln!(out, "| {} | {} |", class.words(), columns.collect::<Vec<_>>().join(" | "));
    }
    out.push_str(WAYS);
    let labels = IDENTIFIERS.map(|label| format!("`{label}`"));
    let _ =
        writeln!(out, "| class | way | {} |\n|---|---|{}", labels.join(" | "), "--:|".repeat(labels.len()));
    for way in all() {
        let columns =
            IDENTIFIERS.map(|label| table.of(|cell| cell.way.name == way.name && cell.label == label));
        let _ = writeln!(out, "| {} | {} | {} |", way.class.words(), way.name, columns.join(" | "));
    }
    out.push_str(REASONS);
    for (reason, count) in table.reasons() {
        let _ = writeln!(out, "| {count} | {reason} |");
    }
    out
}

impl Table<'_> {
    /// How many of how many were found; one number where all were.
    fn of(&self, wanted: impl Fn(&Cell) -> bool) -> String {
        let of = self.cells.iter().zip(self.found).filter(|(cell, _)| wanted(cell));
        let (found, all) = of.fold((0, 0), |(found, all), (_, &one)| (found + usize::from(one), all + 1));
        match (found, all) {
            (_, 0) => String::new(),
            (found, all) if found == all => all.to_string(),
            (found, all) => format!("{found} of {all}"),
        }
    }

    /// Why what is not found is not found, and in how many cells.
    fn reasons(&self) -> BTreeMap<&'static str, usize> {
        let mut reasons = BTreeMap::new();
        for (cell, _) in self.cells.iter().zip(self.found).filter(|(_, found)| !**found) {
            *reasons.entry(exception(cell).unwrap_or("a mistake")).or_default() += 1;
        }
        reasons
    }
}

const HEAD: &str = "\
# What is found though it was hidden

{identifiers} identifiers, hidden in {ways} ways that protect nothing, in the places of a message. Each way meets each
identifier and each place at least once. Of {cells} messages, the value was told in {found}, as what it is and with the
way to it; {proved} of these proofs, one of each way that was found, were run again from the capture. All lie in one
capture and share a `--budget` of {effort} (the usual one is {usual}, for captures of which far less is hidden).

Keys and salts are in a field of the same message, or can be known without being sent. Digests are of the value as most
apps write it; what is encrypted or scrambled is a document with the value in it, or, where the table says *bare*,
nothing but the value. Where bytes do not go, they are in hex or base64. The messages are in
`crates/audit/tests/recall/hidden/`.

";

const WAYS: &str = "
## Way by way

";

const REASONS: &str = "
## What stays hidden, and why

| messages | reason |
|---:|---|
";
