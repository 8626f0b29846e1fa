//! Whether an audit's answer is right: exactly what was planted, and every byte accounted for.

use std::{collections::BTreeMap, fs, path::Path, process::Command};

use anyhow::{Context, Result, bail};
use evidence::{Case, Direction, Fate, Finding, FindingKind, Grade, Holds, IdentifierKind, ProtectionFault};
use rusqlite::Connection;

use crate::traffic::{Made, PLANTED};

/// What is wrong with the case in this folder, one line each; empty if nothing is.
pub(super) fn check(folder: &Path, made: &Made) -> Result<Vec<String>> {
    let case = read(folder)?;
    let mut wrong = Wrong::default();
    reading(&case, made, &mut wrong);
    sightings(&case, made, &mut wrong);
    findings(&case, made, &mut wrong);
    store(folder, &case, made, &mut wrong)?;
    Ok(wrong.0)
}

/// What is wrong with the digest that the case gives of its capture, by another program's.
pub(super) fn digest(folder: &Path, capture: &Path) -> Result<Option<String>> {
    let output = Command::new("openssl").args(["dgst", "-sha256", "-r"]).arg(capture).output();
    let output = output.context("running openssl")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let Some(expected) = text.split(' ').next().filter(|digest| digest.len() == 64) else {
        bail!("openssl says {text:?}");
    };
    let case = read(folder)?;
    let given = case.captures.iter().find(|capture| capture.holds != Holds::Secrets);
    let given = given.map_or("", |capture| capture.sha256.as_str());
    Ok((given != expected).then(|| format!("SHA-256 of the capture is {given}, openssl says {expected}")))
}

fn read(folder: &Path) -> Result<Case> {
    let path = folder.join("case.json");
    let bytes = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
    serde_json::from_slice(&bytes).with_context(|| format!("parsing {}", path.display()))
}

#[derive(Default)]
struct Wrong(Vec<String>);

impl Wrong {
    fn unless_equal(&mut self, what: &str, given: u64, expected: u64) {
        if given != expected {
            self.0.push(format!("{what}: {given}, expected {expected}"));
        }
    }
}

/// The file was read to its end, nothing was lost, and nothing is unaccounted for: the captures are whole
/// and without repetition.
fn reading(case: &Case, made: &Made, wrong: &mut Wrong) {
    let (keys, captures): (Vec<_>, Vec<_>) =
        case.captures.iter().partition(|capture| capture.holds == Holds::Secrets);
    let [capture] = captures[..] else {
        return wrong.unless_equal("captures", captures.len() as u64, 1);
    };
    let of_keys: u64 = keys.iter().map(|log| log.bytes).sum();
    wrong.unless_equal("bytes of the capture", capture.bytes, made.bytes);
    wrong.unless_equal("bytes in the ledger", case.coverage.total(), made.bytes + of_keys);
    for fate in [Fate::Duplicate, Fate::Encrypted, Fate::OverLimit, Fate::NotParsed] {
        wrong.unless_equal(&format!("bytes with fate {fate:?}"), case.coverage.bytes(fate), 0);
    }
    wrong.unless_equal("kinds of bytes missing", case.coverage.missing().len() as u64, 0);
    wrong.0.extend(capture.damage.iter().map(|damage| format!("damage: {damage}")));
    wrong.0.extend(case.problems.iter().map(|problem| format!("problem: {}", problem.problem)));
}

/// Each planted value once in each request that carries it, and no other value of the profile.
fn sightings(case: &Case, made: &Made, wrong: &mut Wrong) {
    let mut counts: BTreeMap<(&str, &str), u64> = PLANTED.iter().map(|planted| (*planted, 0)).collect();
    for group in case.sightings.iter().filter(|group| group.key.grade != Grade::Shaped) {
        let key = &group.key;
        if key.direction == Direction::In {
            wrong.0.push(format!("{} sent to the phone, {} times", key.value, group.count));
        }
        *counts.entry((key.kind.id(), &key.value)).or_default() += group.count;
    }
    for ((kind, value), count) in counts {
        let planted = PLANTED.contains(&(kind, value));
        let expected = if planted { made.planted } else { 0 };
        wrong.unless_equal(&format!("sightings of {kind} {value}"), count, expected);
    }
}

/// One finding for each planted value; besides, only what every phone tells.
fn findings(case: &Case, made: &Made, wrong: &mut Wrong) {
    let mut found = 0;
    for finding in &case.findings {
        match planted(finding) {
            true => {
                found += 1;
                wrong.unless_equal(&format!("times in “{}”", finding.title), finding.count, made.planted);
            }
            false if benign(finding) => {}
            false => wrong.0.push(format!("a finding too many: {}", finding.title)),
        }
    }
    wrong.unless_equal(
        "findings of planted values",
        found,
        if made.planted > 0 { PLANTED.len() as u64 } else { 0 },
    );
}

fn planted(finding: &Finding) -> bool {
    match &finding.kind {
        FindingKind::IdentifierSent { identifier, value, grade: Grade::Known, .. } => {
            PLANTED.contains(&(identifier.id(), value.as_str()))
        }
        _ => false,
    }
}

fn benign(finding: &Finding) -> bool {
    match &finding.kind {
        FindingKind::IdentifierSent { identifier, grade: Grade::Shaped, .. } => BENIGN.contains(identifier),
        // The batches report pages, as the browsers did whose reports they are made after.
        FindingKind::BulkData { identifier: IdentifierKind::Url, planted: 0, .. } => true,
        // Identifiers in gzip within TLS: that is how they were planted.
        FindingKind::Protection { fault: ProtectionFault::OnlyTheChannel, .. } => true,
        // What is asked again and again, with many fields, and is accepted: so it was made.
        FindingKind::Behaviour(_) => true,
        _ => false,
    }
}

/// The database has each request, each query, and each sighting.
fn store(folder: &Path, case: &Case, made: &Made, wrong: &mut Wrong) -> Result<()> {
    let path = folder.join("case.sqlite");
    let database = Connection::open(&path).with_context(|| format!("opening {}", path.display()))?;
    let count = |sql: &str| -> Result<u64> {
        let count: i64 =
            database.query_row(sql, [], |row| row.get(0)).with_context(|| format!("asking {sql}"))?;
        Ok(count.unsigned_abs())
    };
    wrong.unless_equal(
        "HTTP exchanges",
        count("SELECT count(*) FROM exchange WHERE protocol LIKE 'HTTP%'")?,
        made.requests,
    );
    wrong.unless_equal(
        "DNS exchanges",
        count("SELECT count(*) FROM exchange WHERE protocol = 'DNS'")?,
        made.queries,
    );
    wrong.unless_equal(
        "exchanges of the case",
        case.totals.exchanges,
        count("SELECT count(*) FROM exchange")?,
    );
    wrong.unless_equal(
        "requests without their whole answer",
        count("SELECT count(*) FROM exchange WHERE NOT (whole_request AND whole_response)")?,
        0,
    );
    wrong.unless_equal("sightings of the case", case.totals.sightings, count("SELECT count(*) FROM leak")?);
    wrong.unless_equal(
        "bytes in the database's ledger",
        count("SELECT sum(bytes) FROM coverage")?,
        case.captures.iter().map(|capture| capture.bytes).sum(),
    );
    Ok(())
}

/// What a user agent tells of any phone.
const BENIGN: [IdentifierKind; 3] = [IdentifierKind::Build, IdentifierKind::Model, IdentifierKind::OsVersion];
