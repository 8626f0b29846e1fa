//! Findings of what never crossed the network that was captured: hidden short messages, values of the profile in
//! short messages, and values that stand in the phone's own log.

use std::collections::{BTreeMap, BTreeSet};

use evidence::{
    Direction, Evidence, Finding, FindingKind, Form, Grade, IdentifierKind, MessageAccount, Relation,
    Severity, Timestamp,
};
use handset::messages::ledger::Verdict;
use identifiers::Profile;

use super::{PROOFS, VERSION, id, lower, message_words as words};
use crate::{
    messages::{InMessage, Settled, SettledRow},
    phone::LoggedValue,
};

/// All of them.
pub(super) fn findings(settled: &Settled, logged: &[&LoggedValue], profile: &Profile) -> Vec<Finding> {
    let hidden = hidden(settled);
    let sent = sent(settled).into_iter().filter_map(|(key, rows)| in_message(profile, key, &rows));
    let logged = logged.iter().filter_map(|logged| in_log(profile, logged));
    hidden.into_iter().chain(sent).chain(logged).collect()
}

/// Messages that somebody keeps from the phone's owner, by number, direction and verdict.
fn hidden(settled: &Settled) -> Vec<Finding> {
    let mut groups: BTreeMap<(&str, Direction, Verdict), Vec<&SettledRow>> = BTreeMap::new();
    for row in &settled.rows {
        if matches!(row.verdict, Verdict::CarriedNotLogged | Verdict::LoggedAndGone) {
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

/// A value of the profile and the number it went to.
type Sent<'s> = (usize, &'s str);
type Rows<'s> = Vec<(&'s SettledRow, Vec<&'s InMessage>)>;

/// Values that went out in messages, by value and number.
fn sent(settled: &Settled) -> BTreeMap<Sent<'_>, Rows<'_>> {
    let mut all: BTreeMap<Sent<'_>, Rows<'_>> = BTreeMap::new();
    for row in &settled.rows {
        let mut of_row: BTreeMap<usize, Vec<&InMessage>> = BTreeMap::new();
        for found in &row.known {
            of_row.entry(found.known.value).or_default().push(found);
        }
        for (value, found) in of_row {
            all.entry((value, &row.message.number)).or_default().push((row, found));
        }
    }
    all
}

fn in_message(profile: &Profile, (value, number): Sent<'_>, rows: &Rows<'_>) -> Option<Finding> {
    let value = profile.values().get(value)?;
    let found = || rows.iter().flat_map(|(_, found)| found.iter());
    let forms: BTreeSet<Form> = found().map(|one| one.known.form.clone()).collect();
    let grade = found().map(|one| one.known.grade).max().unwrap_or(Grade::Known);
    // What stands in the phone's store may have been written by the phone's owner.
    let visible = rows.iter().all(|(row, _)| row.visible);
    // And its text is then the message itself, which tells nothing of itself.
    if visible && value.kind == IdentifierKind::MessageText {
        return None;
    }
    let severity = if visible { lower(value.kind.severity()) } else { value.kind.severity() };
    let carried = rows.iter().any(|(row, _)| row.carried);
    let proofs = found().take(PROOFS).map(|one| Evidence {
        relation: Relation::Value,
        words: "the value in the message’s text".to_owned(),
        occurrence: one.occurrence.clone(),
    });
    let accounts = rows.iter().flat_map(|(row, _)| &row.message.accounts).take(PROOFS);
    let of_value: Vec<&SettledRow> = rows.iter().map(|(row, _)| *row).collect();
    Some(Finding {
        kind: FindingKind::IdentifierInMessage {
            identifier: value.kind,
            value: value.canonical.clone(),
            grade,
            forms: forms.into_iter().collect(),
            number: number.to_owned(),
        },
        title: words::in_message_title((value.kind, grade), number, carried),
        words: words::in_message_paragraph(&of_value, &value.label),
        evidence: proofs.chain(accounts.map(|account| proof(false, account))).collect(),
        ..common(
            ("identifier-in-message", severity, &subject_of(value.kind, &value.canonical, number)),
            rows.iter().map(|(row, _)| row.message.time),
            rows.len() as u64,
        )
    })
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
