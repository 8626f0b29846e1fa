//! Values of the profile in the phone's log: what its programs wrote down before they encrypted it, or sent it by
//! no network at all.

use std::collections::{BTreeMap, BTreeSet};

use evidence::{Form, Grade, Occurrence, Timestamp};
use handset::{Found, logs::Record};

use super::Tape;
use crate::known::{Known, Searched, Stand};

/// What the log tells of the profile's values, by their place in it.
#[derive(Debug, Default)]
pub(crate) struct Logs {
    values: BTreeMap<usize, LoggedValue>,
}

/// A value of the profile in the log.
#[derive(Debug)]
pub(crate) struct LoggedValue {
    /// Its place among the profile's values.
    pub(crate) value: usize,
    pub(crate) grade: Grade,
    pub(crate) forms: BTreeSet<Form>,
    /// What wrote it.
    pub(crate) tags: BTreeSet<String>,
    /// How often it stands there.
    pub(crate) count: u64,
    pub(crate) first: Option<Timestamp>,
    pub(crate) last: Option<Timestamp>,
    /// The first line of each tag.
    pub(crate) proofs: Vec<(String, Occurrence)>,
    /// The first lines that have a time.
    pub(crate) lines: Vec<(Timestamp, Occurrence)>,
}

impl Logs {
    /// Searches a line.
    pub(super) fn search(&mut self, record: &Found<Record<'_>>, tape: &Tape, searched: Searched<'_>) {
        let Some(bytes) = tape.bytes(&record.bytes()) else { return };
        for known in searched.in_text(bytes) {
            let (number, start) = (tape.number(record.start), record.start);
            let stand = Stand { capture: tape.capture(), number, start, bytes, in_lines: true };
            self.add(&record.value, &stand, known);
        }
    }

    fn add(&mut self, record: &Record<'_>, stand: &Stand<'_>, known: Known) {
        let logged = self.values.entry(known.value).or_insert_with(|| LoggedValue::new(&known));
        logged.count += 1;
        logged.grade = logged.grade.max(known.grade);
        logged.first = logged.first.into_iter().chain(record.time).min();
        logged.last = logged.last.into_iter().chain(record.time).max();
        if logged.forms.len() < MOST {
            logged.forms.insert(known.form);
        }
        if let Some(time) = record.time.filter(|_| logged.lines.len() < LINES) {
            logged.lines.push((time, stand.occurrence(&known.range, time)));
        }
        let tag: String = record.tag.chars().take(LONGEST_TAG).collect();
        if logged.tags.len() < MOST && logged.tags.insert(tag.clone()) {
            let time = record.time.unwrap_or_default();
            logged.proofs.push((tag, stand.occurrence(&known.range, time)));
        }
    }

    /// All of them.
    pub(super) fn values(&self) -> impl Iterator<Item = &LoggedValue> {
        self.values.values()
    }
}

impl LoggedValue {
    fn new(known: &Known) -> Self {
        Self {
            value: known.value,
            grade: known.grade,
            forms: BTreeSet::new(),
            tags: BTreeSet::new(),
            count: 0,
            first: None,
            last: None,
            proofs: Vec::new(),
            lines: Vec::new(),
        }
    }
}

/// Forms and tags that are told of one value.
const MOST: usize = 8;
/// Lines kept of one value.
const LINES: usize = 256;
/// The longest tag that is told: Android's own are no longer than 23 letters.
const LONGEST_TAG: usize = 60;
