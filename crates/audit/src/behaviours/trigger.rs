//! Whether something is sent because of what happened on the phone: times of sending against times of marks.
//!
//! For each of a few windows behind a mark, it is counted how many marks are followed. By chance a mark is followed
//! as often as the windows before all sendings cover the time: from that comes how likely so many are (binomial),
//! and the same marks shifted together through the time (a permutation that keeps how both cluster) have to be
//! followed less often. A long lag is one only if it is always the same.
//!
//! One thing that happens may leave marks of several kinds within seconds: the phone has started, it finds a network,
//! it is in service. What follows all of them has one [cause](causes), told once with the others beside it.

use std::collections::BTreeMap;

use evidence::Timestamp;

/// That marks of a kind are followed by sending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Trigger {
    pub(super) marks: u64,
    pub(super) followed: u64,
    /// How many sendings come behind a mark.
    pub(super) explained: u64,
    /// The typical lag, in milliseconds.
    pub(super) lag: u64,
    /// Of a million.
    pub(super) chance: u64,
    /// The marks that were followed, and the sending behind each.
    pub(super) pairs: Vec<(Timestamp, Timestamp)>,
}

/// A kind of mark that is followed, and the kinds that tell of the same thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cause<'a> {
    pub(super) kind: &'a str,
    pub(super) trigger: Trigger,
    /// Other kinds of marks that the same sendings follow.
    pub(super) beside: Vec<&'a str>,
}

/// Whether `marks` are followed by `sent` more often than chance allows. Both are in order; `span` is the time that
/// was watched.
pub(super) fn trigger(
    marks: &[Timestamp],
    sent: &[Timestamp],
    (first, last): (Timestamp, Timestamp),
) -> Option<Trigger> {
    let marks: Vec<i64> = apart(marks, first, last);
    let sent: Vec<i64> = sent.iter().map(|time| time.0).collect();
    let length = last.0.saturating_sub(first.0);
    if marks.is_empty() || sent.is_empty() || length < 10 * SECOND {
        return None;
    }
    let tried = WINDOWS.iter().filter_map(|window| judge(&marks, &sent, (first.0, length), *window));
    tried.min_by(|one, other| one.chance.cmp(&other.chance).then(other.followed.cmp(&one.followed)))
}

/// Marks within the time watched; those that come together are one.
fn apart(marks: &[Timestamp], first: Timestamp, last: Timestamp) -> Vec<i64> {
    let mut kept: Vec<i64> = Vec::new();
    for mark in marks.iter().filter(|mark| **mark >= first && **mark <= last).map(|mark| mark.0) {
        if kept.last().is_none_or(|known| mark.saturating_sub(*known) > SECOND) {
            kept.push(mark);
        }
    }
    kept.truncate(MOST);
    kept
}

/// How long behind a mark, and whether the lag has to be always the same.
#[derive(Clone, Copy, Debug)]
struct Window {
    nanos: i64,
    steady: bool,
}

fn judge(marks: &[i64], sent: &[i64], (first, length): (i64, i64), window: Window) -> Option<Trigger> {
    let mut pairs = follow(marks, sent, window.nanos);
    if window.steady {
        let lag = typical(&pairs)?;
        let slack = (lag / SHARE).max(2 * SECOND);
        pairs.retain(|(mark, sent)| (sent - mark - lag).abs() <= slack);
        return steady(marks, sent, pairs, (lag, slack), (first, length));
    }
    let followed = pairs.len();
    let covered = covered(sent, window.nanos, first, length);
    let likely = binomial(marks.len(), followed, covered as f64 / length as f64);
    if followed == 0 || likely > CHANCE {
        return None;
    }
    let shifted = (1..=SHIFTS).filter(|shift| {
        let by = i64::try_from(i128::from(length) * i128::from(*shift) / i128::from(SHIFTS + 1)).unwrap_or(0);
        let mut moved: Vec<i64> = marks.iter().map(|mark| (mark - first + by) % length + first).collect();
        moved.sort_unstable();
        follow(&moved, sent, window.nanos).len() >= followed
    });
    let shifted = shifted.count() as f64 / f64::from(SHIFTS);
    // A shift by less than a window is hardly one.
    let same = 2.0 * window.nanos as f64 / length as f64 + 2.0 / f64::from(SHIFTS);
    (shifted <= SHIFTED.max(same)).then(|| told(marks.len(), sent, &pairs, window.nanos, likely))
}

/// Marks that are always followed after the same time.
fn steady(
    marks: &[i64],
    sent: &[i64],
    pairs: Vec<(i64, i64)>,
    (lag, slack): (i64, i64),
    (first, length): (i64, i64),
) -> Option<Trigger> {
    let anywhere = 2.0 * slack as f64 * sent.len() as f64 / length as f64;
    let due: Vec<i64> = marks.iter().map(|mark| mark.saturating_add(lag)).collect();
    let share = anywhere.max(unprompted(&due, sent, slack, (first, length))).min(1.0);
    // The first one makes the lag.
    let likely = binomial(marks.len().saturating_sub(1), pairs.len().saturating_sub(1), share);
    let enough = pairs.len() >= 2 && pairs.len() * 2 > marks.len();
    (enough && likely <= CHANCE).then(|| told(marks.len(), sent, &pairs, lag + slack, likely))
}

/// How often something is sent where no mark came before it, at the same time of other days and a few of the sender's
/// own periods away from where it is due: so a timer sends, which habits of the phone's owner follow.
fn unprompted(due: &[i64], sent: &[i64], slack: i64, (first, length): (i64, i64)) -> f64 {
    let last = first.saturating_add(length);
    let inside = |time: &i64| time.saturating_sub(slack) >= first && time.saturating_add(slack) <= last;
    let steps = [Some(DAY), period(sent)].into_iter().flatten().filter(|step| *step > 2 * slack);
    let away = steps.flat_map(|step| (1..=PERIODS).flat_map(move |n| [-n * step, n * step]));
    let away: Vec<i64> = away.collect();
    let times = due.iter().flat_map(|due| away.iter().map(|by| due.saturating_add(*by)));
    let alone: Vec<i64> = times.filter(inside).filter(|time| !near(due, *time, 2 * slack)).collect();
    let hit = alone.iter().filter(|time| near(sent, **time, slack)).count();
    if alone.len() < LEAST_ALONE { 0.0 } else { hit as f64 / alone.len() as f64 }
}

/// Whether one of `times` lies within `slack` of `time`.
fn near(times: &[i64], time: i64, slack: i64) -> bool {
    let next = times.partition_point(|known| *known < time.saturating_sub(slack));
    times.get(next).is_some_and(|known| *known <= time.saturating_add(slack))
}

/// The time between two sendings, in the middle.
fn period(sent: &[i64]) -> Option<i64> {
    let mut gaps: Vec<i64> =
        sent.windows(2).filter_map(|pair| pair.last()?.checked_sub(*pair.first()?)).collect();
    gaps.sort_unstable();
    gaps.get(gaps.len() / 2).copied()
}

fn told(marks: usize, sent: &[i64], pairs: &[(i64, i64)], window: i64, likely: f64) -> Trigger {
    let behind = |time: &&i64| {
        let at = pairs.partition_point(|(mark, _)| mark <= *time);
        let mark = at.checked_sub(1).and_then(|at| pairs.get(at));
        mark.is_some_and(|(mark, _)| *time - mark <= window)
    };
    let stamps = |(mark, sent): &(i64, i64)| (Timestamp(*mark), Timestamp(*sent));
    Trigger {
        marks: marks as u64,
        followed: pairs.len() as u64,
        explained: sent.iter().filter(behind).count() as u64,
        lag: typical(pairs).unwrap_or(0).unsigned_abs() / 1_000_000,
        chance: ((likely * 1e6).ceil() as u64).max(1),
        pairs: pairs.iter().map(stamps).collect(),
    }
}

/// The marks behind which something is sent within the window, and the first that is.
fn follow(marks: &[i64], sent: &[i64], window: i64) -> Vec<(i64, i64)> {
    let next = |mark: &i64| {
        let found = *sent.get(sent.partition_point(|time| time < mark))?;
        (found - mark <= window).then_some((*mark, found))
    };
    marks.iter().filter_map(next).collect()
}

/// The lag in the middle.
fn typical(pairs: &[(i64, i64)]) -> Option<i64> {
    let mut lags: Vec<i64> = pairs.iter().map(|(mark, sent)| sent - mark).collect();
    lags.sort_unstable();
    lags.get(lags.len().checked_sub(1)? / 2).copied()
}

/// How much of the time has a sending within the window behind it.
fn covered(sent: &[i64], window: i64, first: i64, length: i64) -> i64 {
    let (mut sum, mut reached) = (0_i64, first);
    let end = first.saturating_add(length);
    for time in sent.iter().map(|time| (*time).min(end)) {
        let from = time.saturating_sub(window).max(reached);
        sum = sum.saturating_add(time.saturating_sub(from).max(0));
        reached = reached.max(time);
    }
    sum.min(length)
}

/// The chance that of `all`, each with the chance `one`, at least `some` are hit.
fn binomial(all: usize, some: usize, one: f64) -> f64 {
    if some == 0 || one >= 1.0 {
        return 1.0;
    }
    // P(k) from P(0) upwards, in logarithms: P(0) of a thousand may be too small for a number.
    let (hit, miss) = (one.max(f64::MIN_POSITIVE).ln(), (-one).ln_1p());
    let mut choose = 0.0_f64;
    let mut below = 0.0_f64;
    let mut above = 0.0_f64;
    for k in 0..=all {
        let chance = (choose + hit * k as f64 + miss * (all - k) as f64).exp();
        if k < some {
            below += chance;
        } else {
            above += chance;
        }
        choose += ((all - k) as f64 / (k + 1) as f64).max(f64::MIN_POSITIVE).ln();
    }
    if below < 0.5 { above } else { above.min(1.0) }
}

/// The causes among kinds of marks that are followed, at most [`MOST_CAUSES`]. Of those that the same sendings follow,
/// the one that is followed most reliably is told, of equals the one that says most, then one after which whole minutes
/// pass, as timers are set, then the earliest; where one comes just before the sending and the others long before it, that
/// one.
pub(super) fn causes(mut found: Vec<(&str, Trigger)>) -> Vec<Cause<'_>> {
    found.sort_by(|(a, one), (b, other)| one.lag.cmp(&other.lag).then(a.cmp(b)));
    let mut explained: BTreeMap<Timestamp, u64> = BTreeMap::new();
    let (mut near, far): (Vec<_>, Vec<_>) = found.into_iter().partition(|(_, trigger)| {
        let near = trigger.pairs.iter().filter(|(_, sent)| {
            let known = *explained.entry(*sent).or_insert(trigger.lag);
            trigger.lag <= known.saturating_add(indistinct(known, TOGETHER))
        });
        near.count() * 2 >= trigger.pairs.len()
    });
    // What is sent at once because of something is sent again after a fixed time: that follows all that came before.
    let soon = |(_, trigger): &(&str, Trigger)| trigger.lag <= SOON;
    if near.iter().any(soon) {
        near.retain(soon);
    }
    near.sort_by(|(a, one), (b, other)| {
        let reliable = (other.followed * one.marks).cmp(&(one.followed * other.marks));
        let most = other.followed.cmp(&one.followed);
        let vague = VAGUE.contains(a).cmp(&VAGUE.contains(b));
        let set = is_set(other.lag).cmp(&is_set(one.lag));
        reliable.then(most).then(vague).then(set).then(other.lag.cmp(&one.lag)).then(a.cmp(b))
    });
    let mut causes: Vec<Cause<'_>> = Vec::new();
    for (kind, trigger) in near {
        match same_cause(&mut causes, &trigger) {
            Some(known) => known.beside.push(kind),
            None => causes.push(Cause { kind, trigger, beside: Vec::new() }),
        }
    }
    for (kind, trigger) in far {
        let known = same_cause(&mut causes, &trigger);
        let soon = known.filter(|known| {
            trigger.lag.saturating_sub(known.trigger.lag) <= indistinct(known.trigger.lag, BESIDE)
        });
        soon.into_iter().for_each(|known| known.beside.push(kind));
    }
    causes.truncate(MOST_CAUSES);
    causes
}

/// Lags that differ by no more are those of one thing that happened, in milliseconds: `least`, or as much as a long lag may
/// vary.
fn indistinct(lag: u64, least: u64) -> u64 {
    if lag <= SOON { least } else { least.max(lag / SHARE.unsigned_abs()) }
}

/// Whether a long lag is of whole minutes, within two seconds.
fn is_set(lag: u64) -> bool {
    let over = lag % MINUTE;
    lag > SOON && over.min(MINUTE - over) <= 2_000
}

/// The cause that most of a trigger's sendings have already; none where the trigger has enough of its own.
fn same_cause<'c, 'a>(causes: &'c mut [Cause<'a>], trigger: &Trigger) -> Option<&'c mut Cause<'a>> {
    let shares = causes.iter().map(|cause| shared(&cause.trigger, trigger));
    let (place, shared) = shares.enumerate().max_by_key(|(_, shared)| *shared)?;
    let own = trigger.pairs.len().saturating_sub(shared);
    let another = shared == 0 || own >= 2 && own >= shared;
    causes.get_mut(place).filter(|_| !another)
}

/// How many sendings of `other` are those of `one`, or of the same burst.
fn shared(one: &Trigger, other: &Trigger) -> usize {
    let near = |sent: &Timestamp| {
        let from = Timestamp(sent.0.saturating_sub(TOGETHER_NANOS));
        let next = one.pairs.partition_point(|(_, known)| *known < from);
        one.pairs.get(next).is_some_and(|(_, known)| known.0.saturating_sub(sent.0) <= TOGETHER_NANOS)
    };
    other.pairs.iter().filter(|(_, sent)| near(sent)).count()
}

const SECOND: i64 = 1_000_000_000;
const DAY: i64 = 86_400 * SECOND;
/// In milliseconds.
const MINUTE: u64 = 60_000;
/// By what part of itself a lag varies that is always the same.
const SHARE: i64 = 20;
/// Days, and periods of the sender, that are looked at on both sides; and how many times without a mark tell something.
const PERIODS: i64 = 3;
const LEAST_ALONE: usize = 3;
/// Marks that are so near to each other, in milliseconds, are one thing that happened; a lag that is none; and how far
/// before its cause a mark is still told beside it.
const TOGETHER: u64 = 1_500;
const TOGETHER_NANOS: i64 = 1_500_000_000;
pub(super) const SOON: u64 = 60_000;
const BESIDE: u64 = 10_000;
/// Kinds of marks that come with many a thing that happens: they are told beside one that says more.
const VAGUE: [&str; 5] = ["activity-started", "connectivity", "process-started", "screen-off", "screen-on"];
/// Causes told of one line.
const MOST_CAUSES: usize = 5;
/// Windows: what reacts, what waits for the network, what is put off a little; and lags that are always the same.
const WINDOWS: [Window; 5] = [
    Window { nanos: 2 * SECOND, steady: false },
    Window { nanos: 10 * SECOND, steady: false },
    Window { nanos: 60 * SECOND, steady: false },
    Window { nanos: 1_200 * SECOND, steady: true },
    Window { nanos: 14_400 * SECOND, steady: true },
];
/// The chance that is still told: with some hundred series and some ten kinds of marks, one in a hundred cases
/// tells a wrong one.
const CHANCE: f64 = 1e-5;
/// Shifts of the permutation, and the share of them that may be followed as often.
const SHIFTS: i32 = 500;
const SHIFTED: f64 = 0.005;
/// Marks of one kind that are looked at.
const MOST: usize = 500;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: impl IntoIterator<Item = i64>) -> Vec<Timestamp> {
        seconds.into_iter().map(|second| Timestamp::new(second, 0)).collect()
    }

    fn day() -> (Timestamp, Timestamp) {
        (Timestamp::new(0, 0), Timestamp::new(86_400, 0))
    }

    #[test]
    fn unlocking_is_told_from_a_timer() {
        let unlocks: Vec<i64> = [1_000, 5_200, 9_777, 20_011, 33_333, 51_200, 70_007].to_vec();
        let marks = at(unlocks.iter().copied());
        let sent = at(unlocks.iter().map(|second| second + 3));
        let found = trigger(&marks, &sent, day()).unwrap();
        assert_eq!((found.marks, found.followed, found.explained, found.lag), (7, 7, 7, 3_000));
        assert_eq!(found.chance, 1);
        let timer = at((0..24).map(|hour| hour * 3_600));
        assert_eq!(trigger(&marks, &timer, day()), None);
    }

    #[test]
    fn one_action_and_one_message_in_a_day() {
        let found = trigger(&at([40_000]), &at([40_000 + 1]), day());
        assert_eq!(found, None, "2 s of a day are one in 43,200: not enough for one alone");
        let found = trigger(&at([40_000, 60_000]), &at([40_001, 60_001]), day()).unwrap();
        assert_eq!((found.followed, found.lag), (2, 1_000));
    }

    #[test]
    fn a_long_lag_that_is_always_the_same() {
        let month = (Timestamp::new(0, 0), Timestamp::new(30 * 86_400, 0));
        let boots: Vec<i64> = [10_000, 400_000, 1_111_111, 2_000_500].to_vec();
        let sent = at(boots.iter().map(|second| second + 10_800));
        let found = trigger(&at(boots), &sent, month).unwrap();
        assert_eq!((found.followed, found.lag), (4, 10_800_000));
    }

    #[test]
    fn habits_beside_a_timer_are_no_cause() {
        let fortnight = (Timestamp::new(0, 0), Timestamp::new(14 * 86_400, 0));
        // Unlocked on most days at seven, two hours and a bit before a timer of half a day.
        let days = [0, 1, 2, 4, 5, 6, 8, 9, 10, 12];
        let unlocks = at(days.iter().zip(0..).map(|(day, n)| day * 86_400 + 25_200 + n * 31));
        let timer = at((0..28).map(|half| half * 43_200 + 33_540));
        assert_eq!(trigger(&unlocks, &timer, fortnight), None);
        // What is sent only after unlocking has it as its cause, though it comes at the same time of days.
        let prompted = at(days.iter().zip(0..).map(|(day, n)| day * 86_400 + 33_540 + n * 31));
        assert!(trigger(&unlocks, &prompted, fortnight).is_some());
    }

    #[test]
    fn much_traffic_follows_everything() {
        let marks = at((1..40).map(|n| n * 2_111));
        let sent = at((0..86_400).step_by(4));
        assert_eq!(trigger(&marks, &sent, day()), None);
    }

    fn followed(marks: u64, seconds: impl IntoIterator<Item = i64>, lag: i64) -> Trigger {
        let sent = at(seconds);
        Trigger {
            marks,
            followed: sent.len() as u64,
            explained: sent.len() as u64,
            lag: lag.unsigned_abs(),
            chance: 1,
            pairs: sent.into_iter().map(|sent| (Timestamp(sent.0 - lag * 1_000_000), sent)).collect(),
        }
    }

    fn told(found: Vec<(&str, Trigger)>) -> Vec<(&str, Vec<&str>)> {
        causes(found).into_iter().map(|cause| (cause.kind, cause.beside)).collect()
    }

    #[test]
    fn one_cause_is_told_once() {
        let starts = [100, 5_000];
        let boot = || ("boot-completed", followed(2, starts, 2_900));
        let network = || ("connectivity", followed(2, starts, 3_000));
        let service = || ("in-service", followed(2, starts, 2_100));
        let unlocked = || ("unlocked", followed(3, [300, 900, 7_000], 2_000));
        // The earliest of those that are always followed.
        assert_eq!(
            told(vec![network(), service(), boot(), unlocked()]),
            [("unlocked", vec![]), ("boot-completed", vec!["in-service", "connectivity"])]
        );
        // One that explains more is the cause.
        let service = ("in-service", followed(4, [100, 5_000, 9_000, 9_900], 2_100));
        assert_eq!(told(vec![boot(), service]), [("in-service", vec!["boot-completed"])]);
        // Each with a sending of its own, as of an app that waits for both.
        let later = ("in-service", followed(2, [109, 5_008], 2_500));
        assert_eq!(told(vec![boot(), later]), [("boot-completed", vec![]), ("in-service", vec![])]);
        // Requests of one burst, each behind the next mark.
        let burst = ("in-service", followed(2, [101, 5_001], 2_500));
        assert_eq!(told(vec![boot(), burst]), [("boot-completed", vec!["in-service"])]);
        // What comes long before is no cause, and beside it only within seconds.
        let screen = ("screen-on", followed(3, [300, 900, 7_000], 5_000));
        let begun = ("boot-started", followed(2, starts, 40_000));
        assert_eq!(
            told(vec![screen, begun, unlocked(), boot()]),
            [("unlocked", vec!["screen-on"]), ("boot-completed", vec![])]
        );
    }

    #[test]
    fn long_after_a_start_what_came_within_a_minute_of_it_is_one_with_it() {
        let starts = || [100_000, 700_000];
        let found = [
            ("boot-completed", followed(2, starts(), 10_800_900)),
            ("boot-started", followed(2, starts(), 10_836_000)),
            ("screen-on", followed(2, starts(), 10_781_000)),
            ("unlocked", followed(2, starts(), 10_778_000)),
        ];
        // A timer of three hours tells which.
        assert_eq!(told(found.to_vec()), [("boot-completed", vec!["boot-started", "unlocked", "screen-on"])]);
        let [_, started, screen, unlocked] = found;
        assert_eq!(told(vec![unlocked, started, screen]), [("boot-started", vec!["unlocked", "screen-on"])]);
    }

    #[test]
    fn chances_add_up() {
        assert!((binomial(4, 1, 0.5) - 0.9375).abs() < 1e-9);
        assert!((binomial(10, 10, 0.5) - 1.0 / 1024.0).abs() < 1e-9);
        assert!(binomial(1_000, 900, 0.1) < 1e-100);
        assert!((binomial(3, 0, 0.2) - 1.0).abs() < f64::EPSILON);
    }
}
