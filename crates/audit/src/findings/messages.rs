//! Findings of what never crossed the network that was captured: hidden short messages, values of the profile in
//! short messages, and values that stand in the phone's own log.

use std::collections::{BTreeMap, BTreeSet};

use evidence::{
    Direction, Evidence, Finding, FindingKind, Form, Grade, IdentifierKind, MessageAccount, Relation,
    Severity, Subject, Timestamp,
};
use handset::messages::ledger::{Doubt, Verdict};
use identifiers::Profile;

use super::{PROOFS, VERSION, id, lower, message_words as words};
use crate::{
    messages::{InMessage, Named, Settled, SettledRow},
    phone::LoggedValue,
};

/// All of them.
pub(super) fn findings(settled: &Settled, logged: &[&LoggedValue], profile: &Profile) -> Vec<Finding> {
    let hidden = hidden(settled);
    let told = told(settled).into_iter().filter_map(|(key, rows)| match key.0 {
        Direction::Out => in_message(profile, key, &rows),
        Direction::In => received(profile, key, &rows),
    });
    let logged = logged.iter().filter_map(|logged| in_log(profile, logged));
    hidden.into_iter().chain(told).chain(logged).collect()
}

/// Messages that somebody keeps from the phone's owner, by number, direction and verdict.
///
/// One that left after all that the store holds may have been copied too late: it is told where the store has given away
/// numbers after its newest message, so that something was deleted since.
fn hidden(settled: &Settled) -> Vec<Finding> {
    let mut groups: BTreeMap<(&str, Direction, Verdict), Vec<&SettledRow>> = BTreeMap::new();
    for row in &settled.rows {
        let is_hidden = match row.verdict {
            Verdict::CarriedNotLogged | Verdict::LoggedAndGone => true,
            Verdict::Undecided(Doubt::AfterStore) => row.numbered && row.message.direction == Direction::Out,
            _ => false,
        };
        if is_hidden {
            let message = &row.message;
            groups.entry((&message.number, message.direction, row.verdict)).or_default().push(row);
        }
    }
    let told = groups.into_iter();
    told.map(|((number, direction, verdict), rows)| hidden_finding(number, direction, verdict, &rows))
        .collect()
}

fn hidden_finding(number: &str, direction: Direction, verdict: Verdict, rows: &[&SettledRow]) -> Finding {
    let out = direction == Direction::Out;
    let severity = match (verdict, out) {
        (Verdict::CarriedNotLogged, true) => Severity::High,
        (Verdict::CarriedNotLogged, false) | (_, true) => Severity::Medium,
        _ => Severity::Low,
    };
    let told = rows.first().map(|row| row.message.verdict.clone()).unwrap_or_default();
    let accounts = rows.iter().flat_map(|row| &row.message.accounts).take(PROOFS);
    let evidence = accounts.enumerate().map(|(place, account)| proof(place == 0, account));
    Finding {
        kind: FindingKind::HiddenMessage { number: number.to_owned(), direction, verdict: told },
        title: words::hidden_title(number, direction, verdict, rows.len()),
        words: words::hidden_paragraph(direction, verdict, rows),
        evidence: evidence.collect(),
        ..common(
            ("hidden-message", severity, &format!("{number}\n{direction:?}\n{verdict:?}")),
            rows.iter().map(|row| row.message.time),
            rows.len() as u64,
        )
    }
}

fn proof(first: bool, account: &MessageAccount) -> Evidence {
    let relation = if first { Relation::Value } else { Relation::Account };
    Evidence { relation, words: account.words.clone(), occurrence: account.occurrence.clone() }
}

/// Which way, a value, and the number of the other side.
type Told<'s> = (Direction, &'s Named, &'s str);
type Rows<'s> = Vec<(&'s SettledRow, Vec<&'s InMessage>)>;

/// Values in messages, by the way they went, value and number.
fn told(settled: &Settled) -> BTreeMap<Told<'_>, Rows<'_>> {
    let mut all: BTreeMap<Told<'_>, Rows<'_>> = BTreeMap::new();
    for row in settled.rows.iter().chain(&settled.multimedia) {
        let mut of_row: BTreeMap<&Named, Vec<&InMessage>> = BTreeMap::new();
        for found in &row.known {
            of_row.entry(&found.what).or_default().push(found);
        }
        for (value, found) in of_row {
            all.entry((row.message.direction, value, &row.message.number)).or_default().push((row, found));
        }
    }
    all
}

/// A value, whether the profile names it or only its shape.
struct Value<'v> {
    kind: IdentifierKind,
    canonical: &'v str,
    label: &'v str,
    grade: Grade,
    forms: Vec<Form>,
}

impl<'v> Value<'v> {
    fn of(profile: &'v Profile, what: &'v Named, rows: &Rows<'_>) -> Option<Self> {
        let found = || rows.iter().flat_map(|(_, found)| found.iter());
        let (kind, canonical, label) = match what {
            Named::Profile(place) => {
                let value = profile.values().get(*place)?;
                (value.kind, value.canonical.as_str(), value.label.as_str())
            }
            Named::Shape(kind, canonical) => (*kind, canonical.as_str(), ""),
        };
        let forms: BTreeSet<Form> = found().map(|one| one.form.clone()).collect();
        let grade = found().map(|one| one.grade).max().unwrap_or(Grade::Known);
        Some(Self { kind, canonical, label, grade, forms: forms.into_iter().collect() })
    }
}

fn in_message(profile: &Profile, (_, what, number): Told<'_>, rows: &Rows<'_>) -> Option<Finding> {
    let value = Value::of(profile, what, rows)?;
    // What stands in the phone's store may have been written by the phone's owner.
    let visible = rows.iter().all(|(row, _)| row.visible);
    // And its text is then the message itself, which tells nothing of itself.
    if visible && value.kind == IdentifierKind::MessageText {
        return None;
    }
    let mut severity = value.kind.severity();
    // What only looks like it may be somebody else's, or nobody's.
    for _ in [visible, value.grade == Grade::Shaped].into_iter().filter(|lowers| *lowers) {
        severity = lower(severity);
    }
    let carried = rows.iter().any(|(row, _)| row.carried);
    let of_value: Vec<&SettledRow> = rows.iter().map(|(row, _)| *row).collect();
    Some(Finding {
        kind: FindingKind::IdentifierInMessage {
            identifier: value.kind,
            value: value.canonical.to_owned(),
            grade: value.grade,
            forms: value.forms,
            number: number.to_owned(),
        },
        title: words::in_message_title((value.kind, value.grade), number, carried),
        words: words::in_message_paragraph(&of_value, value.label),
        evidence: proofs(rows),
        ..common(
            ("identifier-in-message", severity, &subject_of(value.kind, value.canonical, number)),
            rows.iter().map(|(row, _)| row.message.time),
            rows.len() as u64,
        )
    })
}

/// A value in messages that came in. Whoever wrote them knew it, and nothing left by them: it is told so that nobody
/// takes it for a leak.
fn received(profile: &Profile, (_, what, number): Told<'_>, rows: &Rows<'_>) -> Option<Finding> {
    let value = Value::of(profile, what, rows)?;
    // What others wrote of others, and the text itself, tells nothing of the phone.
    if value.kind.subject() == Subject::ThirdPerson {
        return None;
    }
    let of_value: Vec<&SettledRow> = rows.iter().map(|(row, _)| *row).collect();
    Some(Finding {
        kind: FindingKind::IdentifierReceived {
            identifier: value.kind,
            value: value.canonical.to_owned(),
            grade: value.grade,
            forms: value.forms,
            number: number.to_owned(),
        },
        title: words::received_title((value.kind, value.grade), number),
        words: words::received_paragraph(&of_value, value.label),
        evidence: proofs(rows),
        ..common(
            (
                "identifier-received",
                weight_received(value.kind, value.grade),
                &subject_of(value.kind, value.canonical, number),
            ),
            rows.iter().map(|(row, _)| row.message.time),
            rows.len() as u64,
        )
    })
}

/// That somebody knows a lasting name of the device is worth a look; that they know the number they write to is not.
fn weight_received(kind: IdentifierKind, grade: Grade) -> Severity {
    let lasting =
        kind != IdentifierKind::PhoneNumber && kind.persistent() && kind.severity() >= Severity::High;
    if lasting && grade > Grade::Shaped { Severity::Low } else { Severity::Info }
}

/// The values in the messages' texts, and what tells of the messages.
fn proofs(rows: &Rows<'_>) -> Vec<Evidence> {
    let found = rows.iter().flat_map(|(_, found)| found.iter());
    let proofs = found.take(PROOFS).map(|one| {
        let (relation, words) = match one.is_value {
            true => (Relation::Value, "the value in the message’s text"),
            false => (Relation::Account, "the message; its text, read, holds the value"),
        };
        Evidence { relation, words: words.to_owned(), occurrence: one.occurrence.clone() }
    });
    let accounts = rows.iter().flat_map(|(row, _)| &row.message.accounts).take(PROOFS);
    proofs.chain(accounts.map(|account| proof(false, account))).collect()
}

fn subject_of(kind: IdentifierKind, value: &str, number: &str) -> String {
    format!("{}\n{value}\n{number}", kind.id())
}

/// A value in the log: told apart from what was sent, and weighed less.
fn in_log(profile: &Profile, logged: &LoggedValue) -> Option<Finding> {
    let value = profile.values().get(logged.value)?;
    let severity = if value.kind.severity() >= Severity::High { Severity::Low } else { Severity::Info };
    let tags: Vec<String> = logged.tags.iter().cloned().collect();
    let evidence = logged.proofs.iter().map(|(tag, occurrence)| Evidence {
        relation: Relation::Value,
        words: format!("line {} of the phone’s log, written under “{tag}”", occurrence.frame),
        occurrence: occurrence.clone(),
    });
    Some(Finding {
        title: words::logged_title((value.kind, logged.grade)),
        words: words::logged_paragraph(logged.count, &tags, &value.label),
        evidence: evidence.collect(),
        kind: FindingKind::Logged {
            identifier: value.kind,
            value: value.canonical.clone(),
            grade: logged.grade,
            forms: logged.forms.iter().cloned().collect(),
            tags,
        },
        ..common(
            ("logged", severity, &subject_of(value.kind, &value.canonical, "")),
            [logged.first, logged.last].into_iter(),
            logged.count,
        )
    })
}

/// What the findings of this room have alike.
fn common(
    (detector, severity, subject): (&str, Severity, &str),
    times: impl Iterator<Item = Option<Timestamp>> + Clone,
    count: u64,
) -> Finding {
    Finding {
        id: id(&format!("{detector}\n{subject}")),
        kind: FindingKind::HiddenMessage {
            number: String::new(),
            direction: Direction::Out,
            verdict: String::new(),
        },
        detector: detector.to_owned(),
        version: VERSION,
        severity,
        title: String::new(),
        words: String::new(),
        endpoints: Vec::new(),
        count,
        first: times.clone().flatten().min().unwrap_or_default(),
        last: times.flatten().max().unwrap_or_default(),
        evidence: Vec::new(),
        sightings: Vec::new(),
    }
}
