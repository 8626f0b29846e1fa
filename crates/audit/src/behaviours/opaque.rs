//! Fields that nobody can read: always of one size, always different. They are never called clean.

use std::collections::BTreeSet;

use evidence::{Behaviour, Evidence, Finding, Occurrence, Relation, Severity, Timestamp};

use super::{Line, Scene, Told, times, value};
use crate::diary::{FieldNotes, hash_of};

/// Whether a line has such a field.
pub(super) fn is_opaque(line: &Line<'_>) -> bool {
    line.entry.series.fields.values().any(|field| is_unread(line, field))
}

/// Judges the fields of one line.
pub(super) fn judge(scene: &Scene<'_>, line: &Line<'_>, findings: &mut Vec<Finding>) {
    let mut unread: Vec<&FieldNotes> =
        line.entry.series.fields.values().filter(|field| is_unread(line, field)).collect();
    unread.sort_by(|one, other| one.path.cmp(&other.path));
    findings.extend(unread.into_iter().take(MOST).filter_map(|field| finding(scene, line, field)));
}

/// Whether the values look like those of a cipher: long, of one size, all different, evenly spread.
///
/// One message does not show that they differ; there it has to be of the size of an RSA ciphertext. What came in before
/// is a token that the receiver gave.
fn is_unread(line: &Line<'_>, field: &FieldNotes) -> bool {
    let (shortest, longest) = field.length;
    let sized = field.leaf && shortest >= SHORTEST && longest - shortest <= 4;
    let differ = field.different.len() as u64 * 10 >= field.messages.min(1_000) * 9;
    if !sized || !differ || field.samples.values().any(|sample| line.heard.contains(&hash_of(sample))) {
        return false;
    }
    let raw: Option<Vec<Vec<u8>>> = field.samples.values().map(|sample| raw(sample)).collect();
    let raw = raw.unwrap_or_default();
    let size = raw.first().map_or(0, Vec::len);
    let told = raw.len() > 1 || RSA.contains(&size) && !field.path.is_empty() && line.entry.series.clear;
    told && raw.iter().all(|raw| is_spread(raw))
}

/// The bytes that a text of base64 or hex stands for; other bytes as they are.
fn raw(sample: &[u8]) -> Option<Vec<u8>> {
    let Ok(text) = std::str::from_utf8(sample) else { return Some(sample.to_vec()) };
    if text.len() % 2 == 0 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        let digit = |byte: &u8| char::from(*byte).to_digit(16).unwrap_or(0) as u8;
        let pair = |pair: &[u8]| pair.iter().fold(0_u8, |sum, byte| sum << 4 | digit(byte));
        return Some(text.as_bytes().chunks(2).map(pair).collect());
    }
    let mut bytes = Vec::with_capacity(text.len());
    let (mut held, mut bits) = (0_u32, 0_u32);
    for byte in text.trim_end_matches('=').bytes() {
        let six = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        held = (held << 6 | u32::from(six)) & 0xffff;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push((held >> bits & 0xff) as u8);
        }
    }
    Some(bytes)
}

/// Whether the bytes are as different from each other as those of chance: of n even bytes some 256 (1 - e^(-n/256))
/// are different.
fn is_spread(bytes: &[u8]) -> bool {
    let count = bytes.len().min(512) as f64;
    let different = bytes.iter().take(512).collect::<BTreeSet<_>>().len() as f64;
    let expected = 256.0 * (1.0 - (-count / 256.0).exp());
    bytes.len() >= 32 && different >= expected * 0.85
}

fn finding(scene: &Scene<'_>, line: &Line<'_>, field: &FieldNotes) -> Option<Finding> {
    let series = &line.entry.series;
    let (place, proof) = field.proof.as_ref()?;
    let size = raw(field.samples.values().next()?).map_or(0, |raw| raw.len());
    let class = class(size, series.clear);
    let counter = counter(line, field);
    let name = if field.path.is_empty() { "the body".to_owned() } else { field.path.clone() };
    let beside = match counter.as_str() {
        "" => String::new(),
        counter => format!(" Beside it {counter} counts the messages."),
    };
    let meaning = meaning(size);
    let revealing = revealing(scene, line);
    let told = if revealing.is_empty() {
        ""
    } else {
        " At the same times lines of the phone’s own log hold values of the profile: what is logged then may be what \
         is sent."
    };
    let mut evidence = vec![value(&format!("the field {name}"), proof)];
    evidence.extend(revealing.iter().cloned());
    evidence.extend(line.naming(scene));
    Some(
        Told {
            subject: line.subject(&format!("opaque {}", field.path)),
            severity: if series.clear { Severity::Medium } else { Severity::Low },
            title: format!("What {} tells {} in {name} cannot be read", line.request, line.receiver),
            words: format!(
                "The value has {} characters in each of {} messages and was different {}.{beside} {meaning}{told} \
                 What stands in it cannot be decided on the wire: that nothing was recognised does not mean that \
                 nothing was told.",
                field.length.1,
                field.messages,
                times(field.different.len() as u64),
            ),
            endpoints: line.endpoints(),
            count: field.messages,
            when: (place.0, series.last),
            evidence,
            sightings: Vec::new(),
            behaviour: Behaviour::Opaque {
                request: line.request.to_owned(),
                field: field.path.clone(),
                length: field.length,
                messages: field.messages,
                different: field.different.len() as u64,
                counter,
                class: class.to_owned(),
                meaning: meaning.to_owned(),
                revealed: !revealing.is_empty(),
            },
        }
        .finding(),
    )
}

/// A field beside it whose values are numbers that grow with the time.
fn counter(line: &Line<'_>, opaque: &FieldNotes) -> String {
    let counts = |field: &&FieldNotes| {
        let values: Option<Vec<u64>> =
            field.samples.values().map(|value| std::str::from_utf8(value).ok()?.parse().ok()).collect();
        let values = values.unwrap_or_default();
        let grows = values.windows(2).all(|pair| matches!(pair, [a, b] if b > a && b - a < 1_000));
        field.path != opaque.path && values.len() >= 2 && grows
    };
    let mut found: Vec<&str> =
        line.entry.series.fields.values().filter(counts).map(|field| field.path.as_str()).collect();
    found.sort_unstable();
    found.first().copied().unwrap_or_default().to_owned()
}

/// Lines of the log that held values of the profile within seconds of the sending: the first for each value, of
/// values of which most lines stand there.
fn revealing(scene: &Scene<'_>, line: &Line<'_>) -> Vec<Evidence> {
    let sent: Vec<Timestamp> = line.entry.series.moments.keys().map(|(time, _)| *time).collect();
    let near = |time: Timestamp| {
        let next = sent.partition_point(|sent| *sent < Timestamp(time.0.saturating_sub(NEAR)));
        sent.get(next).is_some_and(|sent| sent.since(time) <= NEAR)
    };
    let told = scene.logged.iter().filter_map(|logged| {
        let beside: Vec<&Occurrence> =
            logged.lines.iter().filter(|(time, _)| near(*time)).map(|(_, line)| line).collect();
        let most = beside.len() * 2 > logged.lines.len();
        let words =
            format!("a line of the phone’s log, within seconds of the sending ({} such lines)", beside.len());
        beside.first().filter(|_| most).map(|first| Evidence {
            relation: Relation::Account,
            words,
            occurrence: (*first).clone(),
        })
    });
    told.take(REVEALING).collect()
}

fn class(size: usize, clear: bool) -> &'static str {
    match (RSA.contains(&size), clear) {
        (true, _) => "undecidable",
        (false, true) => "home-made encryption, not broken",
        (false, false) => "encrypted within the channel",
    }
}

fn meaning(size: usize) -> &'static str {
    if RSA.contains(&size) {
        "That is the size of an RSA ciphertext; with random padding equal contents look different, and only the \
         holder of the private key can read it."
    } else {
        "It looks like the output of a cipher."
    }
}

/// Sizes of RSA ciphertexts, in bytes: keys of 1,024 to 4,096 bits.
const RSA: [usize; 4] = [128, 256, 384, 512];
/// The shortest value that is judged, in characters.
const SHORTEST: u64 = 43;
/// How far a line of the log may be from the sending, in nanoseconds, and lines that are shown.
const NEAR: i64 = 5_000_000_000;
const REVEALING: usize = 4;
/// Fields told of one line.
const MOST: usize = 4;
