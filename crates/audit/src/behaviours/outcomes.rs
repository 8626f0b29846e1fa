//! What became of each request of a series: by the answer, and where that is a code whose meaning its receiver alone knows,
//! by what the phone did next.
//!
//! A code for errors is 0 where there is none, what is negative is one, and HTTP's codes are known. Of any other number
//! nobody can tell: by `1` some interfaces mean that all is well, and others that it failed. Words beside it tell, and the
//! phone does: what it sends again after one answer, and no more after another, the first one refused. What comes again
//! whatever the answer is comes by a timer, or because of something else.

use std::collections::{BTreeMap, HashMap};

use evidence::{CaptureId, Timestamp};

use crate::diary::{Answer, Moment, Series, Silence};

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Accepted,
    /// The protocol says so, or nothing came back on a connection that was recorded to its end.
    Failed,
    Refused,
    /// Nothing came back where nothing has to, or the capture lacks what did.
    Unanswered,
    /// What came back is a code of the receiver's own.
    Unclear,
}

/// The outcomes of a series.
pub(super) struct Outcomes<'s> {
    /// Of each of its moments, in order.
    pub(super) all: Vec<(Timestamp, &'s Moment, Outcome)>,
    /// What the phone took for a refusal, where it tells one.
    pub(super) learned: Option<Learned>,
}

/// What the phone's conduct tells of a receiver's codes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Learned {
    /// Answers after which it sent the same again, as [`told`] writes them, and the typical pause in seconds.
    pub(super) refusals: BTreeMap<String, i64>,
    /// Answers after which it did not.
    pub(super) others: Vec<String>,
}

impl<'s> Outcomes<'s> {
    /// Judges a series. `ends`: until when each capture was recorded, at least.
    pub(super) fn of(series: &'s Series, ends: &BTreeMap<CaptureId, Timestamp>) -> Self {
        let learned = learn(series, ends);
        let is_answered = is_answered(series);
        let moments = series.moments.iter();
        let all = moments.map(|((time, _), moment)| (*time, moment, outcome(moment, is_answered, &learned)));
        Self { all: all.collect(), learned: Some(learned).filter(|learned| !learned.refusals.is_empty()) }
    }

    /// How many have this outcome.
    pub(super) fn count(&self, wanted: Outcome) -> u64 {
        self.all.iter().filter(|(_, _, outcome)| *outcome == wanted).count() as u64
    }
}

/// Whether silence is a failure: the protocol has an answer to each request, or this receiver gave one to some.
pub(super) fn is_answered(series: &Series) -> bool {
    series.owed || series.moments.values().any(|moment| moment.answer.is_some())
}

/// What a receiver calls the outcome: `ret 1`, `resultCode 1, resultDesc late`.
pub(super) fn told(answer: &Answer) -> String {
    let results: Vec<String> = answer.results.iter().map(|(name, value)| format!("{name} {value}")).collect();
    results.join(", ")
}

fn outcome(moment: &Moment, is_answered: bool, learned: &Learned) -> Outcome {
    let Some(answer) = &moment.answer else {
        return match moment.silence {
            Silence::Absent | Silence::Ended if is_answered => Outcome::Failed,
            _ => Outcome::Unanswered,
        };
    };
    if answer.status >= 400 {
        return Outcome::Failed;
    }
    match verdict(answer) {
        Verdict::Bad => Outcome::Refused,
        Verdict::Good => Outcome::Accepted,
        verdict => {
            let told = told(answer);
            match verdict {
                _ if learned.refusals.contains_key(&told) => Outcome::Refused,
                _ if learned.others.contains(&told) => Outcome::Accepted,
                Verdict::Own => Outcome::Unclear,
                Verdict::Silent if answer.cut => Outcome::Unanswered,
                _ => Outcome::Accepted,
            }
        }
    }
}

/// What a receiver's own word for the outcome says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Bad,
    Good,
    /// A code that it alone knows.
    Own,
    /// Nothing.
    Silent,
    /// The code 0, by which most receivers mean that nothing is wrong.
    Zero,
}

/// What an answer says by itself. Any word for a refusal is one, whatever stands beside it.
fn verdict(answer: &Answer) -> Verdict {
    let verdicts: Vec<Verdict> = answer.results.iter().map(|(name, value)| of_result(name, value)).collect();
    let is_unclear = verdicts.contains(&Verdict::Own);
    let denies = || answer.results.iter().any(|(_, value)| denies(&value.to_lowercase()));
    match [Verdict::Bad, Verdict::Good, Verdict::Zero, Verdict::Own]
        .into_iter()
        .find(|it| verdicts.contains(it))
    {
        Some(Verdict::Own | Verdict::Good) if is_unclear && denies() => Verdict::Bad,
        found => found.unwrap_or(Verdict::Silent),
    }
}

fn of_result(name: &str, value: &str) -> Verdict {
    let value = value.trim().to_lowercase();
    let letters = name.chars().filter(|letter| letter.is_alphanumeric());
    let name: String = letters.flat_map(char::to_lowercase).collect();
    match value.strip_suffix(".0").unwrap_or(&value).parse::<i64>() {
        Ok(code) => of_code(&name, code),
        Err(_) => of_words(&name, &value),
    }
}

/// A field for success has its own numbers, and one for errors is 0 where there is none. What says `state` may be anybody's.
fn of_code(name: &str, code: i64) -> Verdict {
    let is_success = name == "success";
    match code {
        ..0 => Verdict::Bad,
        0 if is_success => Verdict::Bad,
        0 if matches!(name, "theanswer" | "state" | "status") => Verdict::Own,
        0 => Verdict::Zero,
        200..300 => Verdict::Good,
        300..600 => Verdict::Bad,
        _ if is_success => Verdict::Good,
        _ if name.starts_with("err") => Verdict::Bad,
        _ => Verdict::Own,
    }
}

fn of_words(name: &str, value: &str) -> Verdict {
    let none = NO_ERROR.iter().any(|words| holds(value, words));
    let is_bad = REFUSING.contains(&value) || !none && REFUSALS.iter().any(|part| value.contains(part));
    let is_word = |word: &str| AGREEING.contains(&word);
    let is_good = none || value.contains("成功") || words(value).any(is_word);
    let is_bad = is_bad || is_good && !none && denies(value);
    let is_code = ["code", "ret", "errno"].iter().any(|end| name.ends_with(end));
    match (is_bad, is_good) {
        (true, _) => Verdict::Bad,
        (false, true) => Verdict::Good,
        _ if is_code && value.bytes().any(|byte| byte.is_ascii_digit()) => Verdict::Own,
        _ => Verdict::Silent,
    }
}

/// Whether a text has that in it, and not as the end of a longer word or number.
fn holds(value: &str, part: &str) -> bool {
    let begins = |(at, _): (usize, &str)| {
        value.get(..at).is_some_and(|before| !before.ends_with(char::is_alphanumeric))
    };
    value.match_indices(part).any(begins)
}

/// Whether words deny something: of themselves they may be no refusal, beside a code that can be one they say that it is.
fn denies(value: &str) -> bool {
    value.contains("n't") || words(value).any(|word| DENYING.contains(&word))
}

fn words(value: &str) -> impl Iterator<Item = &str> {
    value.split(|letter: char| !letter.is_alphanumeric())
}

/// What the phone's conduct tells of codes.
///
/// A code is a refusal where the same mostly came again, and after any other answer it did not, though several times as
/// long was recorded. One such pause may be chance; so there must be several of one, and more than one of the other.
fn learn(series: &Series, ends: &BTreeMap<CaptureId, Timestamp>) -> Learned {
    let pauses = pauses(series, ends);
    let mut learned = Learned::default();
    for (code, row) in pauses.iter().filter(|(_, row)| row.is_open && row.again.len() >= FEWEST) {
        let Some(pause) = row.typical_pause() else { continue };
        let soon = pause.saturating_mul(SOON);
        let (again, not) = row.within(soon);
        let Some((others, times)) = ended(&pauses, code, soon) else { continue };
        let is_enough = again >= FEWEST && times >= FEWEST || again > FEWEST && times > 0;
        if is_enough && again >= not.saturating_mul(MOSTLY) {
            learned.refusals.insert(code.clone(), pause);
            learned.others.extend(others);
        }
    }
    learned
}

/// The answers after which the same did not come again so soon, and how often it did not. `None` where it came again after
/// another one as well: then nobody can tell what makes it come.
fn ended(pauses: &BTreeMap<String, Row>, code: &str, soon: i64) -> Option<(Vec<String>, usize)> {
    let (mut others, mut times) = (Vec::new(), 0);
    for (other, row) in pauses.iter().filter(|(other, _)| *other != code) {
        match row.within(soon) {
            (0, 0) => {}
            (again, not) if not > again.saturating_mul(MOSTLY) => {
                others.push(other.clone());
                times += not;
            }
            _ => return None,
        }
    }
    Some((others, times))
}

/// What followed one answer.
#[derive(Debug, Default)]
struct Row {
    /// Its meaning is the receiver's own, or may be.
    is_open: bool,
    /// Seconds until the same came again.
    again: Vec<i64>,
    /// Seconds in which it did not, to the end of the capture.
    silent: Vec<i64>,
}

impl Row {
    /// The middle one.
    fn typical_pause(&self) -> Option<i64> {
        let mut again: Vec<i64> = self.again.iter().copied().filter(|pause| *pause <= LONGEST).collect();
        again.sort_unstable();
        again.get(again.len() / 2).copied()
    }

    /// How often the same came again within so many seconds, and how often it did not.
    fn within(&self, seconds: i64) -> (usize, usize) {
        let soon = self.again.iter().filter(|pause| **pause <= seconds).count();
        let silent = self.silent.iter().filter(|silence| **silence > seconds).count();
        (soon, self.again.len() - soon + silent)
    }
}

/// What followed each answer, by what it calls the outcome.
fn pauses(series: &Series, ends: &BTreeMap<CaptureId, Timestamp>) -> BTreeMap<String, Row> {
    let mut rows: BTreeMap<String, Row> = BTreeMap::new();
    let mut next: HashMap<(CaptureId, _, u32), Timestamp> = HashMap::new();
    for ((time, exchange), moment) in series.moments.iter().rev() {
        let capture = exchange.flow.capture;
        let same = (capture, moment.device, moment.content);
        let following = next.get(&same).copied();
        if following.is_some_and(|following| following.since(*time) < LEAST) {
            // The same try: what was answered last counts.
            continue;
        }
        next.insert(same, *time);
        let Some(answer) = moment.answer.as_ref().filter(|answer| answer.status < 400) else { continue };
        let verdict = verdict(answer);
        if matches!(verdict, Verdict::Bad | Verdict::Silent) {
            continue;
        }
        let row = rows.entry(told(answer)).or_default();
        row.is_open = verdict != Verdict::Good;
        let until = |later: Timestamp| later.since(*time) / 1_000_000_000;
        match following {
            Some(following) => row.again.push(until(following)),
            None => row.silent.extend(ends.get(&capture).map(|end| until(*end))),
        }
    }
    rows
}

/// Words that are a refusal wherever they stand, and those that are where they stand alone.
const REFUSALS: [&str; 18] = [
    "fail",
    "error",
    "deni",
    "invalid",
    "reject",
    "refus",
    "unknown",
    "illegal",
    "not found",
    "false",
    "unsuccess",
    "unsupported",
    "expired",
    "失败",
    "错误",
    "异常",
    "无效",
    "拒绝",
];
const REFUSING: [&str; 6] = ["no", "nok", "err", "exception", "forbidden", "unauthorized"];
/// Words for success that hold one for a refusal.
const NO_ERROR: [&str; 5] = ["no error", "without error", "0 error", "no fail", "0 fail"];
const AGREEING: [&str; 11] = [
    "accepted",
    "done",
    "ok",
    "okay",
    "succeed",
    "succeeded",
    "success",
    "successful",
    "successfully",
    "true",
    "yes",
];
const DENYING: [&str; 5] = ["cannot", "missing", "not", "unable", "wrong"];
/// How many times the typical pause is still soon, and how many times more often than not is mostly.
const SOON: i64 = 3;
const MOSTLY: usize = 4;
/// How often the same has to come again, and not to.
const FEWEST: usize = 2;
/// A pause after which it is another try, in nanoseconds, and one that is no pause between tries, in seconds.
const LEAST: i64 = 1_000_000_000;
const LONGEST: i64 = 2 * 86_400;

#[cfg(test)]
mod tests {
    use evidence::{ExchangeId, FlowId, FrameNo};

    use super::*;

    fn answer(results: &[(&str, &str)]) -> Answer {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Answer { status: 200, results: results.iter().map(own).collect(), cut: false }
    }

    #[test]
    fn what_answers_say() {
        for (results, expected) in [
            (&[("code", "0")][..], Verdict::Zero),
            (&[("message", "10 errors")], Verdict::Bad),
            (&[("message", "0 errors")], Verdict::Good),
            (&[("message", "not successful")], Verdict::Bad),
            (&[("result", "not ok")], Verdict::Bad),
            (&[("message", "upload was not accepted")], Verdict::Bad),
            (&[("result", "success")], Verdict::Good),
            (&[("status", "200")], Verdict::Good),
            (&[("code", "-1")], Verdict::Bad),
            (&[("message", "Auth failed")], Verdict::Bad),
            (&[("code", "500")], Verdict::Bad),
            (&[("ret", "1")], Verdict::Own),
            (&[("code", "01")], Verdict::Own),
            (&[("code", "1.0")], Verdict::Own),
            (&[("code", "10000")], Verdict::Own),
            (&[("retCode", "A00006")], Verdict::Own),
            (&[("errno", "1")], Verdict::Bad),
            (&[("error_code", "0")], Verdict::Zero),
            (&[("status", "0")], Verdict::Own),
            (&[("result", "ok")], Verdict::Good),
            (&[("message", "No error")], Verdict::Good),
            (&[("message", "Hello")], Verdict::Silent),
            (&[("success", "1")], Verdict::Good),
            (&[("success", "0")], Verdict::Bad),
            (&[("success", "false")], Verdict::Bad),
            (&[("the answer", "fail")], Verdict::Bad),
            (&[("the answer", "ERROR")], Verdict::Bad),
            (&[("the answer", "no")], Verdict::Bad),
            (&[("the answer", "OK")], Verdict::Good),
            (&[("the answer", "1")], Verdict::Own),
            (&[("the answer", "0")], Verdict::Own),
            (&[("the answer", "-3")], Verdict::Bad),
            (&[("code", "1"), ("msg", "success")], Verdict::Good),
            (&[("code", "1"), ("msg", "操作成功")], Verdict::Good),
            (&[("resultCode", "1"), ("resultDesc", "fail")], Verdict::Bad),
            (&[("resultCode", "1"), ("resultDesc", "IMSI not supported")], Verdict::Bad),
            (&[("resultCode", "1"), ("resultDesc", "not ok")], Verdict::Bad),
            (&[("resultCode", "1"), ("resultDesc", "registered")], Verdict::Own),
            (&[("code", "0"), ("message", "nothing new, not needed")], Verdict::Zero),
            (&[("code", "0"), ("message", "失败")], Verdict::Bad),
            (&[("code", "0"), ("status", "1")], Verdict::Zero),
            (&[], Verdict::Silent),
        ] {
            assert_eq!(verdict(&answer(results)), expected, "{results:?}");
        }
    }

    /// Requests of a series: second, content, and the code that came back.
    fn judged(requests: &[(i64, u32, &str)], end: i64) -> Vec<Outcome> {
        let mut series = Series::default();
        series.owed = true;
        for (index, (second, content, code)) in (0..).zip(requests) {
            let exchange =
                ExchangeId { flow: FlowId { capture: CaptureId(0), frame: FrameNo(index) }, index: 0 };
            let answer = Some(answer(&[("ret", code)]));
            let moment = Moment { delivered: true, answer, content: *content, ..Moment::default() };
            series.moments.insert((Timestamp(second * 1_000_000_000), exchange), moment);
        }
        let ends = BTreeMap::from([(CaptureId(0), Timestamp(end * 1_000_000_000))]);
        Outcomes::of(&series, &ends).all.into_iter().map(|(_, _, outcome)| outcome).collect()
    }

    #[test]
    fn the_phone_tells_what_a_code_means() {
        use Outcome::{Accepted, Refused, Unclear};
        // Again every quarter of an hour until another code comes: whichever of the two is the refusal.
        let until = |no: &'static str, yes: &'static str, end: i64| {
            judged(&[(0, 7, no), (900, 7, no), (1_800, 7, no), (2_700, 7, yes)], end)
        };
        assert_eq!(until("1", "0", 9_000), [Refused, Refused, Refused, Accepted]);
        assert_eq!(until("0", "1", 9_000), [Refused, Refused, Refused, Accepted]);
        assert_eq!(until("1", "2", 9_000), [Refused, Refused, Refused, Accepted]);
        // The capture ends before it could have come again.
        assert_eq!(until("1", "0", 3_600), [Unclear, Unclear, Unclear, Accepted]);
        // A timer that asks nobody: the same after either code.
        let timer: Vec<_> = (0..20).map(|n| (n * 900, 7, if n % 5 == 4 { "0" } else { "1" })).collect();
        assert!(judged(&timer, 90_000).iter().all(|outcome| matches!(outcome, Unclear | Accepted)));
        // Something new each time.
        let new: Vec<_> = (0..8).map(|n| (n * 900, n as u32, if n == 7 { "0" } else { "1" })).collect();
        assert_eq!(judged(&new, 90_000)[..7], [Unclear; 7]);
        // Always one code, and once.
        assert_eq!(judged(&[(0, 7, "1"), (900, 7, "1"), (1_800, 7, "1")], 90_000), [Unclear; 3]);
        assert_eq!(judged(&[(0, 7, "1")], 90_000), [Unclear]);
        // Several things, each until it is taken.
        let several = [(0, 1, "1"), (60, 1, "0"), (5_000, 2, "1"), (5_060, 2, "0"), (9_000, 3, "0")];
        assert_eq!(judged(&several, 20_000), [Refused, Accepted, Refused, Accepted, Accepted]);
    }

    #[test]
    fn silence_is_a_failure_where_it_was_recorded() {
        let mut unheard = Moment { delivered: true, ..Moment::default() };
        for (silence, answered, expected) in [
            (Silence::Absent, true, Outcome::Failed),
            (Silence::Ended, true, Outcome::Failed),
            (Silence::Ended, false, Outcome::Unanswered),
            (Silence::Unknown, true, Outcome::Unanswered),
        ] {
            unheard.silence = silence;
            assert_eq!(outcome(&unheard, answered, &Learned::default()), expected, "{silence:?}");
        }
        let cut = |status| Moment {
            answer: Some(Answer { status, cut: true, ..Answer::default() }),
            ..Moment::default()
        };
        assert_eq!(outcome(&cut(200), true, &Learned::default()), Outcome::Unanswered);
        assert_eq!(outcome(&cut(503), true, &Learned::default()), Outcome::Failed);
    }
}
