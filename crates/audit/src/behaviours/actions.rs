//! What somebody did on the phone, and who was told of it: the mark's own words (a number, an address, a search)
//! leave within a minute or two. That needs no statistics: the content is the same.

use std::collections::BTreeMap;

use evidence::{
    Behaviour, Direction, Evidence, Finding, Grade, IdentifierKind, Mark, Severity, SightingGroup, Subject,
    Timestamp,
};

use super::{Scene, Told, mark_words, occasion, series::after_how_many, times, value};

/// Actions of one kind that one receiver was told of.
#[derive(Default)]
struct Pairs<'a> {
    pairs: Vec<(&'a Mark, Timestamp)>,
    groups: Vec<(u32, &'a SightingGroup)>,
}

/// Judges all marks that say what was done.
pub(super) fn judge(scene: &Scene<'_>, findings: &mut Vec<Finding>) {
    let mut by_action: BTreeMap<(&str, &str, IdentifierKind), Pairs<'_>> = BTreeMap::new();
    let marks: Vec<&Mark> = scene.events.iter().filter(|mark| !mark.detail.is_empty()).take(MARKS).collect();
    for ((index, group), moments) in (0..).zip(&scene.merged.sightings).zip(&scene.merged.times) {
        let Some(destination) = scene.merged.destinations.get(group.key.endpoint.0 as usize) else {
            continue;
        };
        let receiver = destination.receiver();
        if group.key.direction != Direction::Out
            || group.key.grade == Grade::Shaped
            || scene.is_of_another(group)
            || is_visit(group, receiver)
        {
            continue;
        }
        for mark in marks.iter().filter(|mark| says(&mark.detail, &group.key.value)) {
            let behind = moments.all().find(|time| *time >= mark.time && time.since(mark.time) <= NEAR);
            let Some(time) = behind else { continue };
            let told = by_action.entry((action(mark), receiver, group.key.kind)).or_default();
            told.pairs.push((mark, time));
            if told.groups.last().is_none_or(|(last, _)| *last != index) {
                told.groups.push((index, group));
            }
        }
    }
    let found = by_action
        .into_iter()
        .map(|((action, receiver, kind), told)| finding(scene, (action, receiver, kind), told));
    findings.extend(found);
}

/// What was done: of a mark that only its writer knows, its own first word.
fn action(mark: &Mark) -> &str {
    let noted = mark.detail.split(' ').next().filter(|_| mark.kind == "note");
    noted.unwrap_or(&mark.kind)
}

/// A page that is opened is asked of its own host.
fn is_visit(group: &SightingGroup, receiver: &str) -> bool {
    matches!(group.key.kind, IdentifierKind::Url) && group.key.value.contains(receiver)
}

/// When something of a person is sent is bad by itself; when a number of the device is, not as bad as that it is.
fn severity(kind: IdentifierKind) -> Severity {
    match kind.subject() {
        Subject::Device => kind.severity().min(Severity::Medium),
        Subject::Owner | Subject::ThirdPerson => kind.severity().min(Severity::High),
    }
}

/// Whether a mark's words hold a value, of numbers their last digits.
fn says(detail: &str, value: &str) -> bool {
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let (there, wanted) = (digits(detail), digits(value));
    let number = wanted.len() >= 7 && value.chars().all(|c| !c.is_alphabetic());
    let tail = wanted.get(wanted.len().saturating_sub(8)..).unwrap_or_default();
    if number { there.contains(tail) } else { value.len() >= 4 && detail.contains(value) }
}

fn finding(
    scene: &Scene<'_>,
    (action, receiver, kind): (&str, &str, IdentifierKind),
    told: Pairs<'_>,
) -> Finding {
    let mut lags: Vec<i64> =
        told.pairs.iter().map(|(mark, time)| time.since(mark.time) / 1_000_000).collect();
    lags.sort_unstable();
    let lag = lags.get(lags.len() / 2).copied().unwrap_or_default().unsigned_abs();
    let longest = lags.last().copied().unwrap_or_default().unsigned_abs();
    let mut marks: Vec<Timestamp> = told.pairs.iter().map(|(mark, _)| mark.time).collect();
    marks.sort();
    marks.dedup();
    let all = scene.events.iter().filter(|mark| self::action(mark) == action).count() as u64;
    let values = told.groups.iter().filter_map(|(_, group)| group.proofs.first()).take(4);
    let mut evidence: Vec<Evidence> = values.map(|proof| value("sent after it", proof)).collect();
    let shown = told.pairs.iter().take(3);
    evidence.extend(
        shown.filter_map(|(mark, _)| occasion(format!("{} at {}", mark_words(action), mark.time), mark)),
    );
    let mut endpoints: Vec<_> = told.groups.iter().map(|(_, group)| group.key.endpoint).collect();
    endpoints.sort();
    endpoints.dedup();
    let sent: Vec<Timestamp> = told.pairs.iter().map(|(_, time)| *time).collect();
    Told {
        subject: format!("action {action}\n{}\n{receiver}", kind.id()),
        severity: severity(kind),
        title: format!(
            "After “{}” on the phone the same {} goes to {receiver} within {}",
            mark_words(action),
            kind.words(),
            delay_words(longest)
        ),
        words: format!(
            "This happened on the phone {}: “{}”. {} the same {} left for {receiver}, typically {} later{}.",
            times(all),
            mark_words(action),
            after_how_many(all, marks.len() as u64),
            kind.words(),
            delay_words(lag),
            if longest > lag { format!(", at most {}", delay_words(longest)) } else { String::new() }
        ),
        endpoints,
        count: marks.len() as u64,
        when: (
            sent.iter().min().copied().unwrap_or_default(),
            sent.iter().max().copied().unwrap_or_default(),
        ),
        evidence,
        sightings: told.groups.iter().map(|(index, _)| *index).collect(),
        behaviour: Behaviour::Trigger {
            request: kind.words().to_owned(),
            mark: action.to_owned(),
            marks: all,
            followed: marks.len() as u64,
            explained: sent.len() as u64,
            lag_ms: lag,
            chance_ppm: 1,
            beside: Vec::new(),
            number: String::new(),
        },
    }
    .finding()
}

/// A delay in milliseconds, to the tenth of a second above it: `0.4 s`, `15.3 s`.
fn delay_words(milliseconds: u64) -> String {
    let tenths = milliseconds.div_ceil(100).max(1);
    format!("{}.{} s", tenths / 10, tenths % 10)
}

/// How long after an action it still counts, in nanoseconds.
const NEAR: i64 = 120_000_000_000;
/// Marks that are looked at.
const MARKS: usize = 5_000;

#[cfg(test)]
mod tests {
    use evidence::{IdentifierKind, Severity};

    use super::{delay_words, says, severity};

    #[test]
    fn when_a_number_of_the_device_is_sent_weighs_less_than_when_something_of_a_person_is() {
        let rows = [
            (IdentifierKind::Imei, Severity::Medium),
            (IdentifierKind::Build, Severity::Low),
            (IdentifierKind::Email, Severity::High),
            (IdentifierKind::CallPeer, Severity::High),
        ];
        for (kind, expected) in rows {
            assert_eq!(severity(kind), expected, "{kind:?}");
        }
    }

    #[test]
    fn delays_are_as_measured() {
        for (milliseconds, words) in [(0, "0.1 s"), (400, "0.4 s"), (15_204, "15.3 s"), (119_999, "120.0 s")]
        {
            assert_eq!(delay_words(milliseconds), words);
        }
    }

    #[test]
    fn numbers_are_the_same_in_any_writing() {
        assert!(says("Anna +49 1555 0112358", "+4915550112358"));
        assert!(says("from 01555 0112358", "+4915550112358"));
        assert!(!says("from 01555 0112359", "+4915550112358"));
        assert!(says("https://canary.example/a?b", "https://canary.example/a?b"));
        assert!(!says("abc", "b"));
    }
}
