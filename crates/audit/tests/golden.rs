//! Every capture below `corpus/`, audited, against the snapshot beside it: what was said, what was seen in it,
//! what became of every byte.
//!
//! Drop in a capture (and, if wanted, `NAME.toml`, a profile), run this test, and read `NAME.snap.new` line by
//! line before it becomes `NAME.snap`; see `corpus/SOURCES.md`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]

use std::{
    collections::BTreeMap,
    fmt::Write,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
};

use audit::{
    Effort, Meter, Order, audit,
    prove::{CaptureFiles, replay},
};
use evidence::{AnomalyTally, Case, Destination, Occurrence, SightingGroup};
use identifiers::Profile;
use rusqlite::{Connection, Row};

#[test]
fn captures_say_what_their_snapshots_say() {
    let captures = captures();
    assert!(captures.len() > 50, "the corpus is missing: {}", captures.len());
    let failed: Vec<_> =
        captures.iter().filter(|path| catch_unwind(AssertUnwindSafe(|| hold(path))).is_err()).collect();
    assert!(failed.is_empty(), "{} differ: {failed:#?}", failed.len());
}

/// A snapshot whose capture is gone would never fail.
#[test]
fn every_snapshot_and_profile_has_its_capture() {
    let captures = captures();
    for file in testkit::files_below(&folder()) {
        let known = |capture: &PathBuf| name(capture) == name(&file) && capture.parent() == file.parent();
        let belongs = file.ends_with("SOURCES.md") || captures.iter().any(known);
        assert!(belongs, "{} belongs to no capture", file.display());
    }
}

fn hold(path: &Path) {
    let (case, exchanges) = run(path);
    let bytes: u64 = case.captures.iter().map(|capture| capture.bytes).sum();
    assert_eq!(case.coverage.total(), bytes, "{}: the ledger does not add up", path.display());
    replay_all(&case);
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(path.parent().unwrap());
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_input_file(path.strip_prefix(folder()).unwrap());
    settings.bind(|| insta::assert_snapshot!(name(path), text(&case, &exchanges)));
}

fn run(path: &Path) -> (Case, Vec<String>) {
    let scratch = tempfile::tempdir().unwrap();
    let store = scratch.path().join("case.sqlite");
    let profile = std::fs::read_to_string(path.with_extension("toml")).ok();
    let profile = profile.map(|text| {
        Profile::parse(&text, &mut |_| Err("no files".to_owned()))
            .unwrap_or_else(|errors| panic!("{errors:?}"))
    });
    let order = Order {
        keys: Vec::new(),
        inputs: vec![path.to_owned()],
        profile,
        bill: None,
        store: Some(store.clone()),
        atlas: facts::Atlas::embedded(),
        effort: Effort::of(Effort::USUAL),
        workers: None,
        program: "test".into(),
    };
    let case = audit(order, &Meter::default()).unwrap();
    (case, exchanges(&Connection::open(store).unwrap()))
}

fn replay_all(case: &Case) {
    let mut captures = CaptureFiles::find(&case.captures, Path::new("."), &[]).unwrap();
    for group in &case.sightings {
        for proof in &group.proofs {
            let replayed = replay(proof, &mut captures);
            let replayed =
                replayed.unwrap_or_else(|error| panic!("{} {}: {error}", group.key.value, group.key.field));
            assert_eq!(captures.check(&replayed.frames).unwrap(), None, "{}", group.key.value);
        }
    }
}

fn text(case: &Case, exchanges: &[String]) -> String {
    let mut out = String::new();
    for capture in &case.captures {
        let _ = writeln!(out, "{}: {} bytes, {} frames", capture.format, capture.bytes, capture.frames);
        for line in capture.notes.iter().chain(&capture.damage) {
            let _ = writeln!(out, "  {line}");
        }
    }
    block(&mut out, "problems", case.problems.iter().map(|problem| problem.problem.clone()));
    block(
        &mut out,
        "devices",
        case.devices.iter().map(|device| {
            format!("{} {} {:?}", device.address, device.mac.as_deref().unwrap_or("-"), device.names)
        }),
    );
    block(&mut out, "destinations", case.destinations.iter().map(destination));
    block(&mut out, "exchanges", exchanges.iter().cloned());
    block(&mut out, "sightings", case.sightings.iter().map(|group| sighting(group, case)));
    block(
        &mut out,
        "findings",
        case.findings.iter().map(|finding| format!("{:?}: {}", finding.severity, finding.title)),
    );
    block(
        &mut out,
        "ledger",
        case.coverage
            .rows()
            .iter()
            .map(|row| format!("{}: {}: {} bytes in {}", word(row.fate), row.reason, row.bytes, row.pieces)),
    );
    block(
        &mut out,
        "missing",
        case.coverage.missing().iter().map(|row| {
            format!("{}: {}: {} bytes in {}", word(row.missing), row.reason, row.bytes, row.pieces)
        }),
    );
    block(&mut out, "anomalies", anomalies(&case.anomalies));
    out
}

fn block(out: &mut String, title: &str, lines: impl IntoIterator<Item = String>) {
    let mut lines = lines.into_iter().peekable();
    if lines.peek().is_some() {
        let _ = writeln!(out, "{title}");
    }
    for line in lines {
        let _ = writeln!(out, "  {line}");
    }
}

/// `198.51.100.7:80 tcp api.example by http host (1 flow, 120 out, 30 in)`.
fn destination(destination: &Destination) -> String {
    let endpoint = &destination.endpoint;
    let mut line = format!("{}:{} {}", endpoint.address, endpoint.port, word(endpoint.transport));
    if !endpoint.host.is_empty() {
        let _ = write!(line, " {} by {}", endpoint.host, destination.named_by);
    }
    for name in &destination.cname_chain {
        let _ = write!(line, " > {name}");
    }
    let _ = write!(
        line,
        " ({} flows, {} out, {} in)",
        destination.flows, destination.bytes_out, destination.bytes_in
    );
    line
}

/// `imei shaped digits: 3520… in query imei [query], out, to api.example: frame 4 “3520…”`.
fn sighting(group: &SightingGroup, case: &Case) -> String {
    let key = &group.key;
    let endpoint = &case.destinations[key.endpoint.0 as usize].endpoint;
    let host = if endpoint.host.is_empty() { &endpoint.address } else { &endpoint.host };
    let mut line = format!("{} {} {}: {}", key.kind.id(), word(key.grade), key.form.0, key.value);
    if !key.label.is_empty() {
        let _ = write!(line, " = {}", key.label);
    }
    let _ = write!(line, " in {} {} {:?}", word(key.carrier), key.field, key.encodings);
    let _ = write!(line, ", {}, {host}: {} ×", word(key.direction), group.count);
    for proof in &group.proofs {
        let _ = write!(line, " {}", place(proof));
    }
    line
}

/// `frame 4 “3520…”`; the frames of a value that lies in several.
fn place(proof: &Occurrence) -> String {
    let mut frames: Vec<String> =
        proof.trail.trace(proof.span).iter().map(|(_, frame, _)| frame.to_string()).collect();
    frames.dedup();
    format!("frame {} “{}”", frames.join("+"), proof.found)
}

fn anomalies(tally: &AnomalyTally) -> Vec<String> {
    let rows = tally.iter().map(|(count, examples)| {
        let first = examples.first().unwrap();
        let frame = first.frame.map(|frame| format!(", frame {frame}")).unwrap_or_default();
        format!("{count} × {}: {} {}{frame}", word(first.layer), first.what, first.detail)
    });
    rows.collect()
}

/// The exchanges in the order of their frames.
fn exchanges(store: &Connection) -> Vec<String> {
    let mut statement =
        store.prepare("SELECT * FROM exchange ORDER BY capture, frame, flow, number").unwrap();
    let rows = statement.query_map([], exchange).unwrap();
    rows.map(Result::unwrap).collect()
}

/// `1#0 HTTP/1 out POST api.example /path 200: frame 4, 120 + 30 bytes`.
fn exchange(row: &Row<'_>) -> rusqlite::Result<String> {
    let text = |name: &str| row.get::<_, String>(name);
    let number = |name: &str| row.get::<_, i64>(name);
    let parts = [text("protocol")?, text("direction")?, text("method")?, text("said_host")?, text("target")?];
    let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    let mut line = format!("{}#{} {}", number("flow")?, number("number")?, parts.join(" "));
    if number("status")? != 0 {
        let _ = write!(line, " {}", number("status")?);
    }
    let _ = write!(
        line,
        ": frame {}, {} + {} bytes",
        number("frame")?,
        number("bytes_request")?,
        number("bytes_response")?
    );
    for (name, column, bytes) in
        [("request", "whole_request", "bytes_request"), ("response", "whole_response", "bytes_response")]
    {
        if number(column)? == 0 && number(bytes)? > 0 {
            let _ = write!(line, ", {name} cut");
        }
    }
    Ok(line)
}

/// The name in files: `not_understood`.
fn word(thing: impl serde::Serialize) -> String {
    serde_json::to_value(thing).unwrap().as_str().unwrap().to_owned()
}

fn name(path: &Path) -> String {
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    name.split('.').next().unwrap().to_owned()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../corpus").canonicalize().unwrap()
}

/// The captures; no two in a folder may have one name, as they would share a snapshot.
fn captures() -> Vec<PathBuf> {
    let mut captures = BTreeMap::new();
    for path in testkit::files_below(&folder()) {
        let ending = path.extension().unwrap_or_default();
        if ["pcap", "pcapng", "har", "mitm", "csv"].iter().any(|known| ending == *known) {
            let before = captures.insert((path.parent().map(Path::to_owned), name(&path)), path.clone());
            assert_eq!(before, None, "two captures of one name");
        }
    }
    captures.into_values().collect()
}
