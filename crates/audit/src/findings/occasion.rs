//! Because of what: what happened on the phone in the seconds before something was sent.
//!
//! It is told, and nothing is concluded from it: one mark before one packet may be chance.

use evidence::{Evidence, Finding, Mark, Phone, Relation, Timestamp};

use crate::phone::occurrence_of;

/// Adds what happened shortly before the times that a finding shows.
pub(super) fn add(finding: &mut Finding, phone: &Phone) {
    let values = finding.evidence.iter().filter(|evidence| evidence.relation == Relation::Value);
    let mut times: Vec<Timestamp> = values.map(|evidence| evidence.occurrence.time).collect();
    times.push(finding.first);
    times.sort();
    times.dedup();
    let before = times.iter().filter_map(|time| Some((*time, before(&phone.marks, *time)?)));
    let told: Vec<(Timestamp, &Mark)> = before.take(OCCASIONS).collect();
    if let Some((time, mark)) = told.first() {
        finding.words.push_str(&format!(" {}: {}.", seconds(*time, mark), what(mark)));
    }
    finding.evidence.extend(told.into_iter().filter(|(_, mark)| mark.quote.end > mark.quote.start).map(
        |(time, mark)| Evidence {
            relation: Relation::Occasion,
            words: format!("{}: {}", seconds(time, mark), what(mark)),
            occurrence: occurrence_of(&mark.quote),
        },
    ));
}

/// The latest mark in the seconds before.
fn before(marks: &[Mark], time: Timestamp) -> Option<&Mark> {
    let mark = marks.get(marks.partition_point(|mark| mark.time <= time).checked_sub(1)?)?;
    (time.since(mark.time) <= NEAR).then_some(mark)
}

fn seconds(time: Timestamp, mark: &Mark) -> String {
    let tenths = time.since(mark.time) / 100_000_000;
    format!("{}.{} s before", tenths / 10, tenths % 10)
}

/// `unlocked`, `activity started, com.example/.Main`.
fn what(mark: &Mark) -> String {
    let kind = mark.kind.replace('-', " ");
    let about = [mark.package.as_str(), mark.detail.as_str()].into_iter().find(|words| !words.is_empty());
    about.map_or(kind.clone(), |about| format!("{kind}, {about}"))
}

/// How long before is shortly before, in nanoseconds: apps that wait for an event act within seconds.
const NEAR: i64 = 10_000_000_000;
/// How many occasions a finding shows.
const OCCASIONS: usize = 2;
