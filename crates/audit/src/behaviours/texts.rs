//! Short messages that leave at regular times, or because of what happened: those that somebody keeps from the phone's
//! owner, and those whose text holds values of the profile.

use std::collections::BTreeMap;

use evidence::{Behaviour, Direction, Evidence, Finding, Relation, Severity, Timestamp};

use super::{
    Scene, Told, mark_words, rhythm,
    series::{after_how_many, beside_words, caused_words, chance_words, lag_words, marks_of},
    times, trigger,
};
use crate::messages::SettledRow;

/// Judges the messages to each number.
pub(super) fn judge(scene: &Scene<'_>, findings: &mut Vec<Finding>) {
    let mut by_number: BTreeMap<&str, Vec<(Timestamp, &SettledRow)>> = BTreeMap::new();
    for row in &scene.messages.rows {
        let telling = !row.visible || !row.known.is_empty();
        if let (Direction::Out, true, Some(time)) = (row.message.direction, telling, row.message.time) {
            by_number.entry(&row.message.number).or_default().push((time, row));
        }
    }
    for (number, mut rows) in by_number {
        rows.sort_by_key(|(time, _)| *time);
        let sent: Vec<Timestamp> = rows.iter().map(|(time, _)| *time).collect();
        findings.extend(rhythm::rhythms(&sent).into_iter().map(|found| regular(number, &rows, found)));
        findings.extend(triggered(scene, number, &rows, &sent));
    }
}

fn regular(number: &str, rows: &[(Timestamp, &SettledRow)], found: rhythm::Rhythm) -> Finding {
    Told {
        subject: format!("rhythm {}\ntext message\n{number}", found.rule),
        severity: severity(rows),
        title: format!("Text messages go to {number} {}", found.rule),
        words: format!(
            "It happened {} from {} to {} (UTC). Certainty of the rhythm: {} of 100.",
            times(found.occurrences),
            found.first.to_the_second(),
            found.last.to_the_second(),
            found.confidence
        ),
        endpoints: Vec::new(),
        count: found.occurrences,
        when: (found.first, found.last),
        evidence: proofs(rows),
        sightings: Vec::new(),
        behaviour: Behaviour::Rhythm {
            request: format!("text message to {number}"),
            rule: found.rule,
            interval_s: found.interval,
            jitter_s: found.jitter,
            occurrences: found.occurrences,
            confidence: found.confidence,
            at: Vec::new(),
            number: number.to_owned(),
        },
    }
    .finding()
}

fn triggered(
    scene: &Scene<'_>,
    number: &str,
    rows: &[(Timestamp, &SettledRow)],
    sent: &[Timestamp],
) -> Option<Finding> {
    let marks = scene.events.iter().map(|mark| mark.time);
    let first = marks.clone().chain(sent.iter().copied()).min()?.min(scene.span.0);
    let last = marks.chain(sent.iter().copied()).max()?.max(scene.span.1);
    let tried = scene
        .causes
        .iter()
        .filter_map(|(kind, marks)| scene.cause(marks, sent, (first, last)).map(|found| (*kind, found)));
    let causes = trigger::causes(tried.collect());
    let cause = causes.into_iter().max_by_key(|cause| cause.trigger.explained)?;
    let (kind, found) = (cause.kind, &cause.trigger);
    let told = Told {
        subject: format!("trigger {kind}\ntext message\n{number}"),
        severity: if found.followed > 1 { severity(rows) } else { Severity::Low },
        title: match found.followed {
            1 => format!("A text message went to {number} {}", caused_words(kind, found.lag)),
            _ => format!("Text messages go to {number} {}", caused_words(kind, found.lag)),
        },
        words: format!(
            "By its marks this happened on the phone {}: “{}”. {} a message followed, typically {} later. {}{}",
            times(found.marks),
            mark_words(kind),
            after_how_many(found.marks, found.followed),
            lag_words(found.lag),
            chance_words(found),
            beside_words(&cause),
        ),
        endpoints: Vec::new(),
        count: found.followed,
        when: (found.pairs.first()?.1, found.pairs.last()?.1),
        evidence: proofs(rows).into_iter().chain(marks_of(scene, &cause)).collect(),
        sightings: Vec::new(),
        behaviour: Behaviour::Trigger {
            request: format!("text message to {number}"),
            mark: kind.to_owned(),
            marks: found.marks,
            followed: found.followed,
            explained: found.explained,
            lag_ms: found.lag,
            chance_ppm: found.chance,
            beside: cause.beside.iter().map(|kind| (*kind).to_owned()).collect(),
            number: number.to_owned(),
        },
    };
    Some(told.finding())
}

/// What the owner can read in the store, they may have written.
fn severity(rows: &[(Timestamp, &SettledRow)]) -> Severity {
    if rows.iter().all(|(_, row)| row.visible) { Severity::Low } else { Severity::Medium }
}

/// Where the first few messages are told of.
fn proofs(rows: &[(Timestamp, &SettledRow)]) -> Vec<Evidence> {
    let accounts = rows.iter().filter_map(|(_, row)| row.message.accounts.first()).take(SHOWN);
    let told = accounts.map(|account| Evidence {
        relation: Relation::Value,
        words: account.words.clone(),
        occurrence: account.occurrence.clone(),
    });
    told.collect()
}

/// Messages shown.
const SHOWN: usize = 3;
