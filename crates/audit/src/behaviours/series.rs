//! What is asked of a receiver in one way: when, because of what, with what success, and with which fields.

use std::collections::{BTreeMap, BTreeSet};

use evidence::{Behaviour, Evidence, Finding, Mark, Severity, Timestamp};

use super::{Line, Scene, Told, mark_words, occasion, rhythm, times, trigger, when::when_words};
use crate::diary::{Moment, Series};

/// Judges one line.
pub(super) fn judge(scene: &Scene<'_>, line: &Line<'_>, findings: &mut Vec<Finding>) {
    if !is_telling(line) {
        return;
    }
    findings.extend(triggers(scene, line));
    if line.tells() || super::opaque::is_opaque(line) {
        findings.extend(acceptance(scene, line));
        findings.extend(retries(scene, line));
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
    let words = format!(
        "By its marks this happened on the phone {}: “{}”. {} the request followed, typically {} later; that \
         explains {} of {} requests. {}{}{}",
        times(found.marks),
        mark_words(kind),
        after_how_many(found.marks, found.followed),
        lag_words(found.lag),
        found.explained,
        line.entry.series.moments.len(),
        chance_words(found),
        beside_words(cause),
        line.carried_words(),
    );
    Told {
        subject: line.subject(&format!("trigger {kind}")),
        // What happened once is no rule.
        severity: if line.tells() && found.followed > 1 { Severity::Medium } else { Severity::Low },
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

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Accepted,
    Failed,
    Refused,
    /// Nothing came back where nothing has to: a datagram, a message of a WebSocket, what is published.
    Unanswered,
}

fn outcome(series: &Series, moment: &Moment) -> Outcome {
    let Some(answer) = &moment.answer else {
        return if is_answered(series) { Outcome::Failed } else { Outcome::Unanswered };
    };
    if answer.status >= 400 {
        return Outcome::Failed;
    }
    let refused = answer.results.iter().any(|(name, value)| is_refusal(name, value));
    if refused { Outcome::Refused } else { Outcome::Accepted }
}

/// Whether silence is a failure: the protocol has an answer to each request, or this receiver gave one to some.
fn is_answered(series: &Series) -> bool {
    series.owed || series.moments.values().any(|moment| moment.answer.is_some())
}

/// Whether the receiver's own word for the outcome says no. A field for success has its own numbers; of a lone `0` or
/// `1` nobody can tell which of them is good.
fn is_refusal(name: &str, value: &str) -> bool {
    let value = value.trim().to_ascii_lowercase();
    let said =
        ["fail", "error", "deni", "invalid", "reject", "refus", "unknown", "illegal", "not found", "false"];
    let whole = ["no", "nok", "err", "exception", "forbidden", "unauthorized"];
    let number = value.parse::<i64>().ok();
    let negative = match name.to_ascii_lowercase().as_str() {
        "success" => number == Some(0),
        "the answer" => number.is_some_and(|code| !(0..300).contains(&code)),
        _ => number.is_some_and(|code| code < 0 || (1..200).contains(&code) || code >= 300),
    };
    let none = ["no error", "without error", "0 error"].iter().any(|words| value.contains(words));
    negative || whole.contains(&&*value) || !none && said.iter().any(|word| value.contains(word))
}

fn acceptance(scene: &Scene<'_>, line: &Line<'_>) -> Option<Finding> {
    let series = &line.entry.series;
    let moments: Vec<&Moment> = series.moments.values().collect();
    let sent = moments.len() as u64;
    let delivered = moments.iter().filter(|moment| moment.delivered).count() as u64;
    let answered = moments.iter().filter(|moment| moment.answer.is_some()).count() as u64;
    let (mut statuses, mut results) = (BTreeMap::new(), BTreeMap::new());
    for answer in moments.iter().filter_map(|moment| moment.answer.as_ref()) {
        *statuses.entry(answer.status).or_insert(0_u64) += 1;
        for (name, value) in &answer.results {
            *results.entry((name.clone(), value.clone())).or_insert(0_u64) += 1;
        }
    }
    let accepted =
        moments.iter().filter(|moment| outcome(series, moment) == Outcome::Accepted).count() as u64;
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
    words.push_str(" What was acknowledged is in the receiver’s hands, whatever it answers.");
    if !is_answered(series) {
        words.push_str(" Messages of this kind need no answer, so that there is none tells nothing.");
    }
    words.push_str(&line.carried_words());
    let title = match (accepted, delivered) {
        (0, 0) => format!("Nothing shows that {} took what was sent by {}", line.receiver, line.request),
        (0, _) if !is_answered(series) => format!("{} got what was sent by {}", line.receiver, line.request),
        (0, _) => format!("{} got what was sent by {}, and did not accept it", line.receiver, line.request),
        _ => format!("{} accepted what was sent by {}", line.receiver, line.request),
    };
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
            title,
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
                answered,
                statuses: statuses.into_iter().filter(|(code, _)| *code > 0).collect(),
                results: results.into_iter().map(|((name, value), count)| (name, value, count)).collect(),
            },
        }
        .finding(),
    )
}

fn retries(scene: &Scene<'_>, line: &Line<'_>) -> Option<Finding> {
    let series = &line.entry.series;
    let mut told: Vec<(Timestamp, Outcome)> =
        series.moments.iter().map(|((time, _), moment)| (*time, outcome(series, moment))).collect();
    // What follows at once is the same try, or a stream: nobody has waited for an answer.
    told.dedup_by(|after, before| {
        let at_once = after.0.since(before.0) < LEAST_PAUSE;
        if at_once {
            *before = *after;
        }
        at_once
    });
    let mut pauses: Vec<Vec<i64>> = Vec::new();
    let (mut row, mut most, mut accepted) = (0_usize, 0_usize, false);
    for pair in told.windows(2) {
        let [(before, outcome), (after, next)] = pair else { continue };
        let pause = after.since(*before) / 1_000_000_000;
        if matches!(outcome, Outcome::Accepted | Outcome::Unanswered) || pause > LONGEST_PAUSE {
            row = 0;
            continue;
        }
        if pauses.len() <= row && row < PAUSES {
            pauses.push(Vec::new());
        }
        if let Some(known) = pauses.get_mut(row) {
            known.push(pause);
        }
        row += 1;
        most = most.max(row);
        accepted |= *next == Outcome::Accepted;
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
    let (goal, end) = match accepted {
        true => ("until it is accepted", "In the end it was accepted."),
        false => ("and never accepted", "It was never accepted."),
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
/// A pause that is no pause between tries, in seconds, and pauses that are told.
const LONGEST_PAUSE: i64 = 2 * 86_400;
const PAUSES: usize = 10;
/// Fields from which on an inventory is told.
const INVENTORY: usize = 12;

#[cfg(test)]
mod tests {
    use super::{caused_words, is_refusal};

    #[test]
    fn what_comes_hours_later_is_not_said_to_come_at_once() {
        assert_eq!(caused_words("unlocked", 2_734), "when the phone is unlocked");
        assert_eq!(caused_words("unlocked", 10_800_020), "3 h after this: when the phone is unlocked");
    }

    #[test]
    fn refusals_are_told_from_success() {
        for (name, value, refused) in [
            ("code", "0", false),
            ("result", "success", false),
            ("status", "200", false),
            ("code", "-1", true),
            ("message", "Auth failed", true),
            ("code", "500", true),
            ("ret", "1", true),
            ("result", "ok", false),
            ("message", "No error", false),
            ("success", "1", false),
            ("success", "0", true),
            ("success", "false", true),
            ("the answer", "fail", true),
            ("the answer", "ERROR", true),
            ("the answer", "no", true),
            ("the answer", "OK", false),
            ("the answer", "1", false),
            ("the answer", "-3", true),
        ] {
            assert_eq!(is_refusal(name, value), refused, "{name} {value}");
        }
    }
}
