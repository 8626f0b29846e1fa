//! Fields that nobody can read: always of one size, always different. They are never called clean.

use evidence::{Behaviour, Evidence, FieldSeries, Finding, Occurrence, Relation, Severity, Timestamp};

use super::{Line, Scene, Told, value};
use crate::{
    diary::{FieldNotes, hash_of},
    unmasked::Judged,
};

/// Whether a line has such a field.
pub(super) fn is_opaque(line: &Line<'_>) -> bool {
    line.entry.series.fields.values().any(|field| judged(line, field).is_some())
}

/// Judges the fields of one line.
pub(super) fn judge(scene: &Scene<'_>, line: &Line<'_>, findings: &mut Vec<Finding>) {
    let fields = line.entry.series.fields.values();
    let mut unread: Vec<_> = fields.filter_map(|field| Some((field, judged(line, field)?))).collect();
    unread.sort_by(|(one, _), (other, _)| one.path.cmp(&other.path));
    let told = unread.into_iter().take(MOST);
    findings.extend(told.filter_map(|(field, judged)| finding(scene, line, field, judged)));
}

/// What a field that could not be read as it stands was judged to be, where that is worth a finding: it was opened,
/// or its values are of one size and different each time. One message does not show that they differ; there it has
/// to be of the size of an RSA ciphertext. What came in before is a token that the receiver gave.
fn judged<'a>(line: &Line<'a>, field: &FieldNotes) -> Option<&'a Judged> {
    let judged = line.judged.get(&(line.key.clone(), field.address())).filter(|_| field.leaf)?;
    let (shortest, longest) = field.length;
    let sized = shortest >= SHORTEST && longest - shortest <= 4;
    let differ = field.different.len() as u64 * 10 >= field.messages.min(FieldSeries::DISTINCT) * 9;
    let token = field.samples.values().any(|sample| line.heard.contains(&hash_of(sample)));
    let alone = judged.class == "undecidable" && !field.path.is_empty() && line.entry.series.clear;
    let told = field.samples.len() > 1 || alone;
    let told = judged.is_opened() || sized && differ && told && !token;
    (told && !is_key(line, field, judged)).then_some(judged)
}

/// Whether another field of the same request was opened with it. Of two that were opened with each other, as what was
/// xored with a key of its length is, the shorter one is the key.
fn is_key(line: &Line<'_>, field: &FieldNotes, own: &Judged) -> bool {
    let with =
        |judged: &Judged, key: &FieldNotes| judged.how.as_ref().is_some_and(|how| how.takes(&key.path));
    let rank = |field: &FieldNotes| (field.length.1, field.path.clone());
    line.entry.series.fields.values().filter(|other| other.leaf).any(|other| {
        let judged = line.judged.get(&(line.key.clone(), other.address()));
        let opens = judged.is_some_and(|judged| with(judged, field));
        opens && !(with(own, other) && rank(field) > rank(other))
    })
}

fn finding(scene: &Scene<'_>, line: &Line<'_>, field: &FieldNotes, judged: &Judged) -> Option<Finding> {
    let series = &line.entry.series;
    let (place, proof) = field.proof.as_ref()?;
    let counter = series.counter(field).map(|counter| counter.path.clone()).unwrap_or_default();
    let name = if field.path.is_empty() { "the body".to_owned() } else { field.path.clone() };
    let revealing = revealing(scene, line);
    let mut evidence = vec![value(&format!("the field {name}"), &proof.occurrence())];
    evidence.extend(revealing.iter().cloned());
    evidence.extend(line.naming(scene));
    let (request, receiver) = (line.request, line.receiver);
    let title = match judged.is_opened() {
        true => format!("What {request} tells {receiver} in {name} is hidden, and was read"),
        false => format!("What {request} tells {receiver} in {name} cannot be read"),
    };
    Some(
        Told {
            subject: line.subject(&format!("opaque {:?} {}", field.carrier, field.path)),
            severity: severity(field, judged, series.clear),
            title,
            words: words(field, judged, &counter, !revealing.is_empty()),
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
                class: judged.class.clone(),
                meaning: judged.meaning.clone(),
                revealed: !revealing.is_empty(),
            },
        }
        .finding(),
    )
}

fn words(field: &FieldNotes, judged: &Judged, counter: &str, revealed: bool) -> String {
    let (shortest, longest) = field.length;
    let length = if shortest == longest { longest.to_string() } else { format!("{shortest} to {longest}") };
    let mut words = match field.messages {
        1 => format!("Its value has {length} characters, in one message."),
        messages => format!(
            "Its value has {length} characters in each of {messages} messages, with {}.",
            match field.different.len() {
                1 => "always the same value".to_owned(),
                different => format!("{different} different values"),
            }
        ),
    };
    if !judged.is_opened() && is_of_token_size(field) {
        words.push_str(" Random numbers that mean nothing, and digests, are as short.");
    }
    if !counter.is_empty() {
        words.push_str(&format!(" Beside it {counter} counts the messages."));
    }
    words.push_str(&format!(" {}.", judged.meaning.trim_end_matches('.')));
    if revealed {
        words.push_str(
            " At the same times lines of the phone’s own log hold values of the profile: what is logged then may be \
             what is sent.",
        );
    }
    if !judged.is_opened() {
        words.push_str(" That nothing was recognised in it does not mean that nothing was told.");
    }
    words
}

/// One message shows nothing over time: what it hides may be a token that nobody sees again.
fn severity(field: &FieldNotes, judged: &Judged, clear: bool) -> Severity {
    let shown = judged.is_opened() || field.messages > 1 && !is_of_token_size(field);
    if clear && shown { Severity::Medium } else { Severity::Low }
}

/// Whether its values are no longer than 32 bytes as hex: random numbers, digests and keys are as long.
fn is_of_token_size(field: &FieldNotes) -> bool {
    field.length.1 <= 64
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

/// The shortest value that is judged, in characters.
const SHORTEST: u64 = 43;
/// How far a line of the log may be from the sending, in nanoseconds, and lines that are shown.
const NEAR: i64 = 15_000_000_000;
const REVEALING: usize = 4;
/// Fields told of one line.
const MOST: usize = 4;
