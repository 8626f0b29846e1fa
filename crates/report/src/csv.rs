//! Case -> tables for spreadsheets: `findings.csv` and `sightings.csv`.
//!
//! RFC 4180 in UTF-8: comma, double quotes, CRLF, one head row. Times are RFC 3339 in UTC. Lists are joined
//! by ` | `. A cell that a spreadsheet would take for a formula (it begins with `=`, `+`, `-`, `@`, their
//! full-width forms, a tab or a carriage return) gets an apostrophe in front: a telephone number
//! `+4912345` is written `'+4912345`. Control and bidirectional characters are written `\u{1b}`, so one
//! record is always one line.

use std::borrow::Cow;

use evidence::{Case, Destination, SightingGroup};

use crate::chain::Chain;
use crate::overview::{Overview, Told, host, socket};
use crate::{plain, words};

/// One row per finding, worst first: its name, severity, kind, identifier, value (several where it
/// tells of several), grade, forms, title,
/// destinations, operators, countries of the addresses, count, first, last, readable in clear text (`yes`,
/// `partly`, `no`, `unknown`), apps, capture, frame and file offset of the first proof, detector, version.
pub fn findings(case: &Case) -> String {
    let overview = Overview::of(case);
    let mut table = row(FINDINGS.iter().copied());
    for told in &overview.findings {
        table.push_str(&row(finding(case, told)));
    }
    table
}

/// One row per group of sightings, in the order of the case: what, which value, how sure, in which form,
/// where in the message, which way, to whom, how protected, by which app, how often, when, and capture and
/// frame of the first proof.
pub fn sightings(case: &Case) -> String {
    let overview = Overview::of(case);
    let mut table = row(SIGHTINGS.iter().copied());
    for group in &case.sightings {
        let to = overview.destination(group.key.endpoint);
        table.push_str(&row(sighting(case, group, to)));
    }
    table
}

fn finding(case: &Case, told: &Told) -> [String; 21] {
    let finding = told.finding;
    let of_destinations = |what: fn(&Destination) -> String| {
        joined(told.destinations.iter().map(|destination| what(destination)))
    };
    let [capture, frame, offset] = place(case, finding.proof().map(|proof| &proof.occurrence));
    [
        finding.id.0.clone(),
        finding.severity.id().to_owned(),
        told.kind().to_owned(),
        told.subject_id().to_owned(),
        joined(told.values().into_iter().map(str::to_owned)),
        told.grade().map_or("", words::grade).to_owned(),
        joined(told.forms().iter().map(|form| form.0.clone())),
        finding.title.clone(),
        told.number()
            .map_or_else(|| of_destinations(|one| host(one).to_owned()), |number| format!("tel:{number}")),
        of_destinations(|one| one.owner.as_ref().map_or_else(String::new, |owner| owner.operator.clone())),
        of_destinations(|one| one.network.located.as_ref().map_or_else(String::new, |at| at.code.clone())),
        finding.count.to_string(),
        finding.first.to_string(),
        finding.last.to_string(),
        told.reader().clear().to_owned(),
        joined(told.apps().into_iter().map(str::to_owned)),
        capture,
        frame,
        offset,
        finding.detector.clone(),
        finding.version.to_string(),
    ]
}

fn sighting(case: &Case, group: &SightingGroup, to: Option<&Destination>) -> [String; 20] {
    let key = &group.key;
    let [capture, frame, offset] = place(case, group.proofs.first());
    [
        key.kind.id().to_owned(),
        key.value.clone(),
        key.label.clone(),
        words::grade(key.grade).to_owned(),
        key.form.0.clone(),
        words::carrier(key.carrier).to_owned(),
        key.field.clone(),
        joined(key.encodings.iter().cloned()),
        words::direction(key.direction).to_owned(),
        words::security(key.security).to_owned(),
        to.map_or_else(String::new, |to| host(to).to_owned()),
        to.map_or_else(String::new, socket),
        key.device.clone(),
        key.app.clone(),
        group.count.to_string(),
        group.first.to_string(),
        group.last.to_string(),
        capture,
        frame,
        offset,
    ]
}

/// Capture, frame and file offset of the first byte.
fn place(case: &Case, proof: Option<&evidence::Occurrence>) -> [String; 3] {
    let Some(proof) = proof else { return Default::default() };
    let capture = words::capture(case, proof.exchange.flow.capture);
    let offset = Chain::of(proof).frames.first().map(|(_, _, range)| range.start.to_string());
    [capture, proof.frame.to_string(), offset.unwrap_or_default()]
}

fn joined(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(" | ")
}

/// One row of a table, its line end included.
pub fn row(cells: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let cells: Vec<String> = cells.into_iter().map(|text| cell(text.as_ref())).collect();
    cells.join(",") + "\r\n"
}

fn cell(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠']);
    let mut shown = plain::visible(text);
    if formula {
        shown = Cow::Owned(format!("'{shown}"));
    }
    if shown.contains([',', '"', ';']) {
        return format!("\"{}\"", shown.replace('"', "\"\""));
    }
    shown.into_owned()
}

const FINDINGS: [&str; 21] = [
    "id",
    "severity",
    "kind",
    "identifier",
    "value",
    "grade",
    "forms",
    "title",
    "destinations",
    "operators",
    "address_countries",
    "count",
    "first",
    "last",
    "clear_text",
    "apps",
    "capture",
    "frame",
    "file_offset",
    "detector",
    "version",
];

const SIGHTINGS: [&str; 20] = [
    "identifier",
    "value",
    "label",
    "grade",
    "form",
    "carrier",
    "field",
    "encodings",
    "direction",
    "security",
    "host",
    "address",
    "device",
    "app",
    "count",
    "first",
    "last",
    "capture",
    "frame",
    "file_offset",
];

#[cfg(test)]
mod tests {
    use super::cell;

    #[test]
    fn no_cell_is_a_formula_or_breaks_its_row() {
        let rows = [
            ("plain", "plain"),
            ("=HYPERLINK(\"http://x\")", "\"'=HYPERLINK(\"\"http://x\"\")\""),
            ("+4912345", "'+4912345"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\\u{9}=1"),
            ("\r=1", "'\\u{d}=1"),
            ("＝1", "'＝1"),
            ("a,b", "\"a,b\""),
            ("two\nlines", "two\\u{a}lines"),
        ];
        for (text, expected) in rows {
            assert_eq!(cell(text), expected);
        }
    }
}
