//! Values of the profile in the phone's log: what its programs wrote down before they encrypted it, or sent it by
//! no network at all.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use evidence::{Buffer, Form, Grade, Occurrence, Segment, Source, Span, Step, Timestamp, Trail};
use handset::{Found, logs::Record};

use super::{Tape, tell::decoded};
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
    /// Searches a record.
    pub(super) fn search(&mut self, record: &Found<Record<'_>>, tape: &Tape, searched: Searched<'_>) {
        if let Some(decoder) = tape.decoder() {
            return self.search_wide(record, (tape, decoder), searched);
        }
        let Some(bytes) = tape.bytes(&record.bytes()) else { return };
        for known in searched.in_text(bytes) {
            let (number, start) = (tape.number(record.start), record.start);
            let stand = Stand { capture: tape.capture(), number, start, bytes, in_lines: true };
            self.add(&record.value, known, &|range, time| stand.occurrence(range, time));
        }
    }

    /// The same in UTF-16: each of its lines as the text that it is.
    fn search_wide(
        &mut self,
        record: &Found<Record<'_>>,
        (tape, decoder): (&Tape, &str),
        searched: Searched<'_>,
    ) {
        for (number, line) in tape.lines(record.bytes()) {
            let bytes = tape.bytes(&line).unwrap_or_default();
            let most = bytes.len().saturating_mul(2);
            let Some(text) = payload::replay_up_to(decoder, bytes, most) else { continue };
            for known in searched.in_text(&text) {
                let stand = Stand { capture: tape.capture(), number, start: 0, bytes: &text, in_lines: true };
                self.add(&record.value, known, &|range, time| {
                    let mut occurrence = stand.occurrence(range, time);
                    lead(&mut occurrence, &line, (decoder, text.len()));
                    occurrence
                });
            }
        }
    }

    /// Adds a value; `shown` makes what is shown of it.
    fn add(
        &mut self,
        record: &Record<'_>,
        known: Known,
        shown: &dyn Fn(&Range<usize>, Timestamp) -> Occurrence,
    ) {
        let logged = self.values.entry(known.value).or_insert_with(|| LoggedValue::new(&known));
        logged.count += 1;
        logged.grade = logged.grade.max(known.grade);
        logged.first = logged.first.into_iter().chain(record.time).min();
        logged.last = logged.last.into_iter().chain(record.time).max();
        if logged.forms.len() < MOST {
            logged.forms.insert(known.form);
        }
        if let Some(time) = record.time.filter(|_| logged.lines.len() < LINES) {
            logged.lines.push((time, shown(&known.range, time)));
        }
        let tag: String = record.tag.chars().take(LONGEST_TAG).collect();
        if logged.tags.len() < MOST && logged.tags.insert(tag.clone()) {
            logged.proofs.push((tag, shown(&known.range, record.time.unwrap_or_default())));
        }
    }

    /// All of them.
    pub(super) fn values(&self) -> impl Iterator<Item = &LoggedValue> {
        self.values.values()
    }
}

/// Leads an occurrence in the text of a line on to the file, where the line is UTF-16.
fn lead(occurrence: &mut Occurrence, line: &Range<u64>, how: (&str, usize)) {
    let around = occurrence.trail.buffers.first().and_then(|buffer| buffer.segments.first()).copied();
    let (len, before) = (line.end.saturating_sub(line.start), around.map_or(0, |around| around.start));
    let source = Source::Frame { capture: occurrence.exchange.flow.capture, frame: occurrence.frame };
    let mut trail = Trail::default();
    let segments = vec![Segment::exact(0, len, source, line.start)];
    let file = trail.push(Buffer { step: Step::Entry, len, input: None, key: None, segments });
    let Span { buffer, .. } = decoded(&mut trail, Span { buffer: file, start: 0, end: len }, how);
    let Span { start, end, .. } = occurrence.span;
    occurrence.span = Span { buffer, start: before.saturating_add(start), end: before.saturating_add(end) };
    occurrence.trail = trail;
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
