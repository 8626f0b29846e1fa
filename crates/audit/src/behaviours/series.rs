//! What is asked of a receiver in one way: when, because of what, with what success, and with which fields.

use std::collections::{BTreeMap, BTreeSet};

use evidence::{Behaviour, Evidence, Finding, Mark, Severity, Timestamp};

use super::{
    Line, Scene, Told, mark_words, occasion,
    outcomes::{Outcome, Outcomes, is_answered, told},
    rhythm, times, trigger,
    when::when_words,
};
use crate::diary::{Moment, Series, Silence};

/// Judges one line.
pub(super) fn judge(scene: &Scene<'_>, line: &Line<'_>, findings: &mut Vec<Finding>) {
    if !is_telling(line) {
        return;
    }
    findings.extend(triggers(scene, line));
    if line.tells() || super::opaque::is_opaque(line) {
        let outcomes = Outcomes::of(&line.entry.series, &scene.ends);
        findings.extend(acceptance(scene, line, &outcomes));
        findings.extend(retries(scene, line, &outcomes));
        findings.extend(parameters(scene, line));
    }
}

/// Whether it matters when it is sent.
pub(super) fn is_telling(line: &Line<'_>) -> bool {
    line.tells() || super::opaque::is_opaque(line) || super::answers::is_watched(line)
}

/// What it follows: the kinds of marks that explain most.
fn triggers(scene: &Scene<'_>, line: &Line<'_>) -> Vec<Finding> {
    // The marks are the phone's, and cause nothing at other devices.
    let own = line.entry.series.moments.iter().filter(|(_, moment)| !scene.is_foreign(moment.device));
    let sent: Vec<Timestamp> = own.map(|((time, _), _)| *time).collect();
    let tried = scene
        .causes
        .iter()
        .filter_map(|(kind, marks)| scene.cause(marks, &sent, scene.span).map(|found| (*kind, found)));
    let causes = trigger::causes(tried.collect());
    causes.into_iter().map(|cause| triggered(scene, line, &cause)).collect()
}

fn triggered(scene: &Scene<'_>, line: &Line<'_>, cause: &trigger::Cause<'_>) -> Finding {
    let (kind, found) = (cause.kind, &cause.trigger);
    let sent: BTreeSet<Timestamp> = found.pairs.iter().map(|(_, sent)| *sent).collect();
    let mut evidence: Vec<Evidence> = line.proofs_at(scene, &sent, "a request that followed");
    evidence.extend(marks_of(scene, cause));
    let regular = regular(found);
    let words = format!(
        "By its marks this happened on the phone {}: “{}”. {} the request followed, typically {} later; that \
         explains {} of {} requests. {}{}{}",
        times(found.marks),
        mark_words(kind),
        after_how_many(found.marks, found.followed),
        lag_words(found.lag),
        found.explained,
        line.entry.series.moments.len(),
        regular.as_deref().map_or_else(|| chance_words(found), regular_words),
        beside_words(cause),
        line.carried_words(),
    );
    Told {
        subject: line.subject(&format!("trigger {kind}")),
        // What happened once is no rule, and after marks at regular times a timer looks the same.
        severity: match line.tells() && found.followed > 1 && regular.is_none() {
            true => Severity::Medium,
            false => Severity::Low,
        },
        title: format!("{} is sent to {} {}", line.request, line.receiver, caused_words(kind, found.lag)),
        words,
        endpoints: line.endpoints(),
        count: found.followed,
        when: (
            found.pairs.first().map(|(_, sent)| *sent).unwrap_or_default(),
            found.pairs.last().map(|(_, sent)| *sent).unwrap_or_default(),
        ),
        evidence,
        sightings: Vec::new(),
        behaviour: Behaviour::Trigger {
            request: line.request.to_owned(),
            mark: kind.to_owned(),
            marks: found.marks,
            followed: found.followed,
            explained: found.explained,
            lag_ms: found.lag,
            chance_ppm: found.chance,
            beside: cause.beside.iter().map(|kind| (*kind).to_owned()).collect(),
            number: String::new(),
        },
    }
    .finding()
}

/// Marks of a cause that were followed, and the first one of each kind beside it.
pub(super) fn marks_of(scene: &Scene<'_>, cause: &trigger::Cause<'_>) -> Vec<Evidence> {
    let pairs = &cause.trigger.pairs;
    let of_kind = || scene.events.iter().filter(|mark| mark.kind == cause.kind);
    let marks = pairs.iter().filter_map(|(time, _)| of_kind().find(|mark| mark.time == *time));
    let marks = marks.take(MARKS_SHOWN);
    let lag = i64::try_from(cause.trigger.lag).unwrap_or(i64::MAX).saturating_mul(1_000_000);
    let longest = lag.saturating_add(BESIDE.max(lag / 10));
    let near = |mark: &&Mark| pairs.iter().any(|(_, sent)| (0..=longest).contains(&sent.since(mark.time)));
    let beside = cause
        .beside
        .iter()
        .filter_map(|kind| scene.events.iter().filter(|mark| mark.kind == *kind).find(near));
    let shown = marks.chain(beside);
    shown.filter_map(|mark| occasion(format!("{} at {}", mark_words(&mark.kind), mark.time), mark)).collect()
}

/// `After each of them`, `After 9 of them`.
pub(super) fn after_how_many(marks: u64, followed: u64) -> String {
    match followed {
        _ if marks == 1 => "After it".to_owned(),
        _ if marks == followed => "After each of them".to_owned(),
        _ => format!("After {followed} of them"),
    }
}

/// `when the phone is unlocked`; where it takes longer, `3 h after this: when the phone is unlocked`.
pub(super) fn caused_words(kind: &str, lag: u64) -> String {
    let when = when_words(kind);
    if lag > trigger::SOON { format!("{} after this: {when}", lag_words(lag)) } else { when }
}

/// A lag in milliseconds: `2.734 s`, `179 min 38 s`.
pub(super) fn lag_words(lag: u64) -> String {
    match lag {
        ..=trigger::SOON => format!("{}.{:03} s", lag / 1_000, lag % 1_000),
        _ => rhythm::span(i64::try_from(lag / 1_000).unwrap_or(i64::MAX)),
    }
}

/// The rhythm of the marks themselves, where they have one and the lag is a long one.
fn regular(found: &trigger::Trigger) -> Option<String> {
    let marks: Vec<Timestamp> = found.pairs.iter().map(|(mark, _)| *mark).collect();
    let rhythms = (found.lag > trigger::SOON).then(|| rhythm::rhythms(&marks)).into_iter().flatten();
    let most = rhythms.max_by_key(|rhythm| rhythm.occurrences)?;
    (most.occurrences * 10 >= found.followed * 9).then_some(most.rule)
}

fn regular_words(rule: &str) -> String {
    format!("But the marks come {rule} themselves: a timer of that length looks the same.")
}

/// How often chance alone would show it. What happened once may be chance for all that.
pub(super) fn chance_words(found: &trigger::Trigger) -> String {
    let chance =
        format!("By chance so many coincide in fewer than {} of a million such recordings.", found.chance);
    match found.followed {
        1 => chance + " But it was seen once only: a second recording would show whether it is so each time.",
        _ => chance,
    }
}

/// What else the phone noted at the same times.
pub(super) fn beside_words(cause: &trigger::Cause<'_>) -> String {
    let kinds: Vec<String> = cause.beside.iter().map(|kind| format!("“{}”", mark_words(kind))).collect();
    match kinds.is_empty() {
        true => String::new(),
        false => format!(
            " Within the same {} the phone noted {}: that may be the cause as well, and is not told again.",
            if cause.trigger.lag > trigger::SOON { "minutes" } else { "seconds" },
            kinds.join(", ")
        ),
    }
}

fn acceptance(scene: &Scene<'_>, line: &Line<'_>, outcomes: &Outcomes<'_>) -> Option<Finding> {
    let series = &line.entry.series;
    let moments = || series.moments.values();
    let sent = series.moments.len() as u64;
    let delivered = moments().filter(|moment| moment.delivered).count() as u64;
    let absent = |moment: &&Moment| !moment.delivered && moment.silence == Silence::Absent;
    let undelivered = moments().filter(absent).count() as u64;
    let answered = moments().filter(|moment| moment.answer.is_some()).count() as u64;
    let (mut statuses, mut results) = (BTreeMap::new(), BTreeMap::new());
    for answer in moments().filter_map(|moment| moment.answer.as_ref()) {
        *statuses.entry(answer.status).or_insert(0_u64) += 1;
        for (name, value) in &answer.results {
            *results.entry((name.clone(), value.clone())).or_insert(0_u64) += 1;
        }
    }
    let said: Vec<String> =
        results.iter().map(|((name, value), count)| format!("{name} {value} ({count})")).collect();
    let codes: Vec<String> = statuses
        .iter()
        .filter(|(code, _)| **code > 0)
        .map(|(code, count)| format!("{code} ({count})"))
        .collect();
    let mut words = format!(
        "Of {sent} requests the receiver’s side acknowledged all bytes of {delivered}, and answered {answered}"
    );
    if !codes.is_empty() {
        words.push_str(&format!(", with the status {}", codes.join(", ")));
    }
    words.push('.');
    if !said.is_empty() {
        words.push_str(&format!(" In its own words: {}.", said.join(", ")));
    }
    words.push_str(&outcome_words(series, outcomes));
    words.push_str(" What was acknowledged is in the receiver’s hands, whatever it answers.");
    words.push_str(&line.carried_words());
    let mut evidence = line.proofs(scene, "one of the requests");
    evidence.extend(series.answers.iter().map(|answer| Evidence {
        relation: evidence::Relation::Answer,
        words: "the answer".to_owned(),
        occurrence: answer.occurrence(),
    }));
    Some(
        Told {
            subject: line.subject("acceptance"),
            severity: Severity::Info,
            title: acceptance_title(line, delivered, outcomes),
            words,
            endpoints: line.endpoints(),
            count: series.count,
            when: (series.first?, series.last),
            evidence,
            sightings: Vec::new(),
            behaviour: Behaviour::Acceptance {
                request: line.request.to_owned(),
                sent,
                delivered,
                undelivered,
                answered,
                accepted: outcomes.count(Outcome::Accepted),
                refused: outcomes.count(Outcome::Failed) + outcomes.count(Outcome::Refused),
                statuses: statuses.into_iter().filter(|(code, _)| *code > 0).collect(),
                results: results.into_iter().map(|((name, value), count)| (name, value, count)).collect(),
            },
        }
        .finding(),
    )
}

/// What receiver and answer are said to have done.
fn acceptance_title(line: &Line<'_>, delivered: u64, outcomes: &Outcomes<'_>) -> String {
    let (receiver, request) = (line.receiver, line.request);
    let is_some = |outcome| outcomes.count(outcome) > 0;
    let is_refused = is_some(Outcome::Failed) || is_some(Outcome::Refused);
    let (accepted, all) = (outcomes.count(Outcome::Accepted), outcomes.all.len());
    if accepted > 0 && is_refused {
        return format!("{receiver} accepted {accepted} of {all} messages sent by {request}");
    }
    if accepted > 0 {
        return format!("{receiver} accepted what was sent by {request}");
    }
    if delivered == 0 {
        return format!("Nothing shows that {receiver} took what was sent by {request}");
    }
    match (is_refused, is_some(Outcome::Unclear), is_some(Outcome::Unanswered)) {
        (_, true, _) => {
            format!("{receiver} answered what was sent by {request}; whether with yes or no, nothing tells")
        }
        (true, false, false) => format!("{receiver} got what was sent by {request}, and did not accept it"),
        (true, false, true) => {
            format!("{receiver} got what was sent by {request}, and is not known to have accepted any of it")
        }
        (false, ..) => format!("{receiver} got what was sent by {request}"),
    }
}

/// What is made of the answers, and of there being none.
fn outcome_words(series: &Series, outcomes: &Outcomes<'_>) -> String {
    let mut words = String::new();
    let unclear = outcomes.all.iter().filter(|(_, _, outcome)| *outcome == Outcome::Unclear);
    let unclear: BTreeSet<String> =
        unclear.filter_map(|(_, moment, _)| moment.answer.as_ref()).map(told).collect();
    if !unclear.is_empty() {
        let means = if unclear.len() == 1 { "that means" } else { "these mean" };
        let codes = quoted(unclear.iter());
        words.push_str(&format!(
            " The receiver answered {codes}; whether {means} yes or no, nothing here tells."
        ));
    }
    for (code, pause) in outcomes.learned.iter().flat_map(|learned| &learned.refusals) {
        let others = quoted(outcomes.learned.iter().flat_map(|learned| &learned.others));
        let pause = rhythm::span(*pause);
        words.push_str(&format!(
            " After “{code}” the phone sent the same again, typically after {pause}, and after {others} it did not: \
             so “{code}” is taken for a refusal."
        ));
    }
    match outcomes.count(Outcome::Unanswered) {
        0 => {}
        _ if !is_answered(series) => {
            words.push_str(" Messages of this kind need no answer, so that there is none tells nothing.");
        }
        unknown => words.push_str(&format!(
            " What came back to {unknown} of them is not in the capture, or not all of it: whether these were accepted \
             is not known."
        )),
    }
    words
}

/// `“ret 1”, “ret 2” and 3 more`.
fn quoted<'c>(codes: impl Iterator<Item = &'c String>) -> String {
    let codes: Vec<String> = codes.map(|code| format!("“{code}”")).collect();
    let shown = codes.iter().take(CODES).cloned().collect::<Vec<_>>().join(", ");
    match codes.len().checked_sub(CODES).filter(|more| *more > 0) {
        Some(more) => format!("{shown} and {more} more"),
        None => shown,
    }
}

fn retries(scene: &Scene<'_>, line: &Line<'_>, outcomes: &Outcomes<'_>) -> Option<Finding> {
    let series = &line.entry.series;
    let mut told: Vec<(Timestamp, Outcome)> =
        outcomes.all.iter().map(|(time, _, outcome)| (*time, *outcome)).collect();
    // What follows at once is the same try, or a stream: nobody has waited for an answer.
    told.dedup_by(|after, before| {
        let at_once = after.0.since(before.0) < LEAST_PAUSE;
        if at_once {
            *before = *after;
        }
        at_once
    });
    let mut pauses: Vec<Vec<i64>> = Vec::new();
    let (mut row, mut most, mut unknown, mut last) = (0_usize, 0_usize, false, i64::MAX);
    let (mut ended, mut accepted) = (0_usize, 0_usize);
    for pair in told.windows(2) {
        let [(before, outcome), (after, next)] = pair else { continue };
        let pause = after.since(*before) / 1_000_000_000;
        // After a pause far longer than those before it is no more the same try.
        let is_far = row > 0 && pause > last.saturating_mul(FAR);
        if !matches!(outcome, Outcome::Failed | Outcome::Refused) || pause > LONGEST_PAUSE || is_far {
            ended += usize::from(row >= 2);
            (row, last) = (0, i64::MAX);
            continue;
        }
        last = pause.max(1);
        if pauses.len() <= row && row < PAUSES {
            pauses.push(Vec::new());
        }
        if let Some(known) = pauses.get_mut(row) {
            known.push(pause);
        }
        row += 1;
        most = most.max(row);
        accepted += usize::from(*next == Outcome::Accepted && row >= 2);
        unknown |= matches!(next, Outcome::Unanswered | Outcome::Unclear);
    }
    if most < 2 {
        return None;
    }
    let middle = |list: &mut Vec<i64>| {
        list.sort_unstable();
        list.get(list.len() / 2).copied().unwrap_or_default().unsigned_abs()
    };
    let pauses_s: Vec<u64> = pauses.iter_mut().map(middle).collect();
    let shown: Vec<String> = pauses_s
        .iter()
        .take(5)
        .map(|pause| rhythm::span(i64::try_from(*pause).unwrap_or(i64::MAX)))
        .collect();
    ended += usize::from(row >= 2);
    let (some, accepted) = (accepted > 0, accepted * 2 > ended);
    let (goal, end) = match (accepted, unknown) {
        (true, _) => ("until it is accepted", "In the end it was accepted."),
        _ if some => ("and seldom accepted", "Now and then it was accepted in the end."),
        (false, false) => ("and never accepted", "It was never accepted."),
        (false, true) => ("and not known to be accepted", "Whether it was accepted in the end is not known."),
    };
    Some(
        Told {
            subject: line.subject("retries"),
            severity: Severity::Low,
            title: format!("{} is sent to {} again and again {goal}", line.request, line.receiver),
            words: format!(
                "After it failed or was refused the request came again, up to {most} times in a row, after {}. {end}{}",
                shown.join(", "),
                line.carried_words()
            ),
            endpoints: line.endpoints(),
            count: series.count,
            when: (series.first?, series.last),
            evidence: line.proofs(scene, "one of the requests"),
            sightings: Vec::new(),
            behaviour: Behaviour::Retries {
                request: line.request.to_owned(),
                most: most as u64,
                pauses_s,
                accepted,
                unknown: unknown && !accepted,
            },
        }
        .finding(),
    )
}

/// The inventory of what is sent, where there is much of it.
fn parameters(scene: &Scene<'_>, line: &Line<'_>) -> Option<Finding> {
    let series = &line.entry.series;
    let leaves = series.fields.values().filter(|field| field.leaf && !field.path.is_empty());
    let mut names: Vec<String> = leaves.map(|field| field.path.clone()).collect();
    names.sort();
    names.dedup();
    if names.len() < INVENTORY {
        return None;
    }
    Some(
        Told {
            subject: line.subject("parameters"),
            severity: Severity::Low,
            title: format!("{} tells {} {} different things", line.request, line.receiver, names.len()),
            words: format!(
                "The fields of {} messages, all together: {}.{}",
                series.count,
                names.join(", "),
                line.carried_words()
            ),
            endpoints: line.endpoints(),
            count: series.count,
            when: (series.first?, series.last),
            evidence: line.proofs(scene, "one of the requests"),
            sightings: Vec::new(),
            behaviour: Behaviour::Parameters {
                request: line.request.to_owned(),
                names,
                messages: series.count,
            },
        }
        .finding(),
    )
}

/// Marks shown of one trigger, and how long before the sending one beside them is looked for, in nanoseconds.
const MARKS_SHOWN: usize = 3;
const BESIDE: i64 = 90_000_000_000;
/// A pause after which it is another try, in nanoseconds.
const LEAST_PAUSE: i64 = 1_000_000_000;
/// How many times longer than the one before a pause may be.
const FAR: i64 = 12;
/// A pause that is no pause between tries, in seconds, and pauses that are told.
const LONGEST_PAUSE: i64 = 2 * 86_400;
const PAUSES: usize = 10;
/// Codes of a receiver that are told.
const CODES: usize = 4;
/// Fields from which on an inventory is told.
const INVENTORY: usize = 12;

#[cfg(test)]
mod tests {
    use super::caused_words;

    #[test]
    fn what_comes_hours_later_is_not_said_to_come_at_once() {
        assert_eq!(caused_words("unlocked", 2_734), "when the phone is unlocked");
        assert_eq!(caused_words("unlocked", 10_800_020), "3 h after this: when the phone is unlocked");
    }
}
