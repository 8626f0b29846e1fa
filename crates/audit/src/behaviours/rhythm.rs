//! Times at which something was sent, to the rule that they follow: from two occurrences on.
//!
//! What comes in one burst is one occurrence. A rule is a length of time between two (of which some may be missing:
//! twice and three times the length fit as well), or a day of the month. How sure it is comes from how unlikely it
//! is that times without a rule would fit as well, and so from the number of occurrences and their spread, and from how
//! many stretches there are in which it would have been found; of two occurrences only a length that people choose (an
//! hour, a day, a month) is a rule, and a weak one.
//!
//! A timer may go on between times that have other reasons: so times at lengths that people choose are looked for among
//! all others first.

use std::collections::BTreeSet;

use evidence::Timestamp;

/// A rule, and how well the times follow it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rhythm {
    /// `every 1 h`, `monthly, on day 3`.
    pub(super) rule: String,
    /// In seconds.
    pub(super) interval: u64,
    /// How far nine of ten are from it, in seconds.
    pub(super) jitter: u64,
    pub(super) occurrences: u64,
    /// Of 100.
    pub(super) confidence: u8,
    pub(super) first: Timestamp,
    pub(super) last: Timestamp,
    /// The times that follow it, to the second: the first one of each burst.
    pub(super) starts: Vec<i64>,
}

/// The rules in times, which are in order: one for each stretch that follows one, at most [`MOST_RULES`].
pub(super) fn rhythms(times: &[Timestamp]) -> Vec<Rhythm> {
    let starts = bursts(times, BURST);
    let mut found: Vec<Rhythm> = monthly(&bursts(times, LONG_BURST)).into_iter().collect();
    let among = among_others(&starts);
    let others: Vec<i64> = starts.iter().filter(|start| !holds(among.as_ref(), start)).copied().collect();
    found.extend(among);
    let mut rest = others.as_slice();
    while rest.len() >= 2 && found.len() < MOST_RULES {
        let run = run(rest);
        found.extend(rest.get(..run).and_then(|stretch| fixed(stretch, others.len())));
        rest = rest.get(run.saturating_sub(1).max(1)..).unwrap_or_default();
    }
    found.retain(|rhythm| rhythm.confidence >= least(rhythm.interval));
    // What comes once a month comes about every thirty days as well.
    if found.iter().any(|rhythm| rhythm.interval == MONTH && rhythm.rule.starts_with("monthly")) {
        found.retain(|rhythm| rhythm.interval <= WEEK || rhythm.rule.starts_with("monthly"));
    }
    one_of_each(found)
}

/// The least confidence that is told of a length: more is asked of one that nobody chooses.
fn least(interval: u64) -> u8 {
    let chosen = UNITS.iter().chain([&(30 * DAY)]).any(|unit| unit.unsigned_abs() == interval);
    if chosen { LEAST } else { LEAST_FREE }
}

/// Stretches that follow the same rule are told as one: the pause between them is no other rule.
fn one_of_each(found: Vec<Rhythm>) -> Vec<Rhythm> {
    let mut each: Vec<Rhythm> = Vec::new();
    for rhythm in found {
        match each.iter_mut().find(|known| known.rule == rhythm.rule) {
            Some(known) => known.join(&rhythm),
            None => each.push(rhythm),
        }
    }
    each
}

impl Rhythm {
    /// Takes in times of what is part of it, or was put off: the jitter is reckoned again, from all of them.
    pub(super) fn include(&mut self, other: &Self) {
        self.starts.extend(&other.starts);
        self.starts.sort_unstable();
        self.starts.dedup();
        let length = i64::try_from(self.interval).unwrap_or(i64::MAX);
        let off = |found: i64| {
            let times = (found.saturating_add(length / 2) / length.max(1)).max(1);
            found.saturating_sub(times.saturating_mul(length)).unsigned_abs()
        };
        let mut all: Vec<u64> = intervals(&self.starts).map(off).collect();
        all.sort_unstable();
        let most = all.get((all.len() * 9).div_ceil(10).saturating_sub(1)).copied();
        self.jitter = self.jitter.max(most.unwrap_or_default());
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        self.occurrences = self.starts.len() as u64;
    }

    /// Takes in a later stretch.
    fn join(&mut self, other: &Self) {
        self.jitter = self.jitter.max(other.jitter);
        self.confidence = self.confidence.max(other.confidence);
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        self.starts.extend(&other.starts);
        // A stretch ends with the time that the next one begins with.
        self.starts.dedup();
        self.occurrences = self.starts.len() as u64;
    }
}

/// The first time of each burst, in seconds.
fn bursts(times: &[Timestamp], gap: i64) -> Vec<i64> {
    let mut starts: Vec<i64> = Vec::new();
    let mut last = i64::MIN;
    for second in times.iter().map(|time| time.seconds()) {
        if second.saturating_sub(last) > gap {
            starts.push(second);
        }
        last = second;
    }
    starts
}

/// How many of the first times follow one rule: at least two.
fn run(starts: &[i64]) -> usize {
    let intervals: Vec<i64> = intervals(starts).collect();
    // The first pause may be one in which an occurrence is missing, and the shortest of the first few of something else.
    let lengths = [intervals.first(), intervals.iter().take(3).min()];
    let follow =
        |length: &i64| intervals.iter().take_while(|found| multiple(**found, *length).is_some()).count();
    lengths.into_iter().flatten().map(follow).max().unwrap_or(1).max(1) + 1
}

fn intervals(starts: &[i64]) -> impl Iterator<Item = i64> {
    starts.windows(2).filter_map(|pair| if let [a, b] = pair { Some(b.saturating_sub(*a)) } else { None })
}

/// How many times `length` goes into an interval, and how far it is off; `None` where it does not.
fn multiple(interval: i64, length: i64) -> Option<(i64, i64)> {
    let length = length.max(1);
    let times = (interval + length / 2) / length;
    let off = (interval - times * length).abs();
    ((1..=MISSING).contains(&times) && off <= tolerance(length)).then_some((times, off))
}

/// What a length may be off: timers are put off while a phone sleeps.
fn tolerance(length: i64) -> i64 {
    (length / 20).clamp(2, 900)
}

fn holds(rhythm: Option<&Rhythm>, start: &i64) -> bool {
    rhythm.is_some_and(|rhythm| rhythm.starts.binary_search(start).is_ok())
}

/// The longest chain of times at a length that people choose, with others between them. Where nothing is between, or so
/// much that a chain is no wonder, there is none: what follows on each other is judged by [`fixed`].
fn among_others(starts: &[i64]) -> Option<Rhythm> {
    let starts = starts.get(..starts.len().min(MOST_AMONG)).unwrap_or_default();
    let length = starts.last()?.saturating_sub(*starts.first()?).max(1);
    let chains = UNITS.iter().filter(|unit| **unit >= MINUTE).map(|unit| (*unit, chain(starts, *unit)));
    let (unit, (chain, jitter)) = chains.max_by_key(|(unit, (chain, _))| (chain.len(), *unit))?;
    let between = starts.partition_point(|start| Some(start) <= chain.last())
        - starts.partition_point(|start| Some(start) < chain.first());
    if chain.len() < CHAIN || between == chain.len() {
        return None;
    }
    // How many chains of this length, of any unit and from any time, are there by chance?
    let step = starts.len() as f64 * 2.0 * jitter.max(1) as f64 / length as f64;
    let step = if unit >= DAY { step.max(daily(starts, &chain, jitter)) } else { step };
    let steps = i32::try_from(chain.len()).unwrap_or(i32::MAX).saturating_sub(1);
    let unlikely = (starts.len() * UNITS.len()) as f64 * step.powi(steps);
    (unlikely < RARE).then(|| Rhythm {
        rule: format!("every {}", span(unit)),
        interval: unit.unsigned_abs(),
        jitter: jitter.unsigned_abs(),
        occurrences: chain.len() as u64,
        confidence: confidence(unlikely),
        first: Timestamp::new(chain.first().copied().unwrap_or_default(), 0),
        last: Timestamp::new(chain.last().copied().unwrap_or_default(), 0),
        starts: chain,
    })
}

/// How many of the other days have something at the time of day of a chain: what comes daily comes weekly as well.
fn daily(starts: &[i64], chain: &[i64], jitter: i64) -> f64 {
    let (Some(from), Some(first), Some(last)) = (chain.first(), starts.first(), starts.last()) else {
        return 0.0;
    };
    let slack = jitter.max(1);
    let near = |time: &i64| {
        let next = starts.partition_point(|start| *start < time - slack);
        starts.get(next).is_some_and(|start| *start <= time + slack)
    };
    let before = (1..).map(|day| from - day * DAY).take_while(|time| time >= first);
    let behind = (0..).map(|day| from + day * DAY).take_while(|time| time <= last);
    let days: Vec<i64> = before.chain(behind).take(MOST_AMONG).collect();
    let hit = days.iter().filter(|time| near(time)).count();
    let others = days.len().saturating_sub(chain.len()).max(1);
    hit.saturating_sub(chain.len()) as f64 / others as f64
}

/// The longest chain of times with this length between them, and the most that one is off.
fn chain(starts: &[i64], length: i64) -> (Vec<i64>, i64) {
    let slack = (length / 100).clamp(2, 60);
    let next = |from: i64| {
        let aim = from.saturating_add(length);
        let at = starts.partition_point(|start| *start < aim - slack);
        let near = starts.get(at..).unwrap_or_default().iter().take_while(|start| **start <= aim + slack);
        near.min_by_key(|start| (**start - aim).abs()).copied()
    };
    let mut best: (Vec<i64>, i64) = (Vec::new(), 0);
    let mut taken: BTreeSet<i64> = BTreeSet::new();
    for start in starts {
        let (mut chain, mut off) = (vec![*start], 0);
        while let Some(found) = chain.last().and_then(|last| next(*last)).filter(|found| taken.insert(*found))
        {
            off = off.max(chain.last().map_or(0, |last| (found - last - length).abs()));
            chain.push(found);
        }
        if chain.len() > best.0.len() {
            best = (chain, off);
        }
    }
    best
}

/// A fixed length between times, which are a stretch of `all`.
fn fixed(starts: &[i64], all: usize) -> Option<Rhythm> {
    let (first, last) = (*starts.first()?, *starts.last()?);
    let mut lengths: Vec<i64> = intervals(starts).collect();
    lengths.sort_unstable();
    let shortest = *lengths.first()?;
    let single: Vec<i64> =
        lengths.iter().copied().filter(|length| *length <= shortest + shortest / 2).collect();
    let typical = *single.get(single.len() / 2)?;
    if typical < SHORTEST {
        return None;
    }
    let chosen = UNITS.iter().copied().find(|unit| (typical - unit).abs() <= (unit / 50).max(2));
    let length = chosen.unwrap_or(typical);
    let mut off: Vec<i64> = lengths.iter().filter_map(|found| Some(multiple(*found, length)?.1)).collect();
    if off.len() * 10 < lengths.len() * 9 || single.len() * 2 < lengths.len() {
        return None;
    }
    // One short pause is found between any messages.
    if off.len() < 2 && length < HOUR {
        return None;
    }
    off.sort_unstable();
    let jitter = off.get((off.len() * 9).div_ceil(10).saturating_sub(1)).copied()?;
    // Two of every interval's possible lengths within the jitter fit; the first one makes the rule.
    let chance = (2.0 * jitter.max(1) as f64 / length as f64).min(1.0);
    let known = if chosen.is_some() { ROUND } else { 1.0 };
    let stretches = all.saturating_sub(starts.len()).saturating_add(1) as f64;
    // A length that nobody chooses could have been another one, and longer pauses could have been any of its multiples.
    let missing = lengths.iter().filter(|found| **found > shortest + shortest / 2).count();
    let free = match chosen {
        Some(_) => 1.0,
        None => 2.0 * (MISSING as f64).powi(i32::try_from(missing).unwrap_or(i32::MAX)),
    };
    let unlikely = free
        * stretches
        * known
        * chance.powi(i32::try_from(off.len()).unwrap_or(i32::MAX).saturating_sub(1));
    Some(Rhythm {
        rule: format!("every {}", span(length)),
        interval: length.unsigned_abs(),
        jitter: jitter.unsigned_abs(),
        occurrences: starts.len() as u64,
        confidence: confidence(unlikely),
        first: Timestamp::new(first, 0),
        last: Timestamp::new(last, 0),
        starts: starts.to_vec(),
    })
}

/// Times on the same day of every month, or on the last one where a month is too short.
fn monthly(starts: &[i64]) -> Option<Rhythm> {
    let (first, last) = (*starts.first()?, *starts.last()?);
    let months: Vec<(i64, i64, i64)> = starts.iter().map(|start| civil(*start)).collect();
    let day = months.iter().map(|(_, day, _)| *day).max()?;
    let fits = |(_, found, length): &(i64, i64, i64)| *found == day || *found == *length && day > *length;
    let apart =
        months.windows(2).all(|pair| matches!(pair, [(a, ..), (b, ..)] if (1..=MISSING).contains(&(b - a))));
    if months.len() < 2 || !apart || !months.iter().all(fits) {
        return None;
    }
    let of_day: Vec<i64> = starts.iter().map(|start| start.rem_euclid(DAY)).collect();
    let jitter = of_day.iter().max()?.saturating_sub(*of_day.iter().min()?);
    let unlikely = (1.0 / 30.0_f64).powi(i32::try_from(months.len()).unwrap_or(i32::MAX).saturating_sub(1));
    Some(Rhythm {
        rule: format!("monthly, on day {day}"),
        interval: MONTH,
        jitter: jitter.unsigned_abs(),
        occurrences: starts.len() as u64,
        // That it is just the day is one of several rules that would have been believed.
        confidence: confidence(unlikely * 10.0),
        first: Timestamp::new(first, 0),
        last: Timestamp::new(last, 0),
        starts: starts.to_vec(),
    })
}

/// The month's number since the year 0, the day in it, and its length.
fn civil(second: i64) -> (i64, i64, i64) {
    let (year, month, day) = Timestamp::new(second, 0).date();
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    (year * 12 + month, day, length)
}

fn confidence(unlikely: f64) -> u8 {
    (100.0 * (1.0 - unlikely)).clamp(0.0, 99.0) as u8
}

/// `1 h`, `90 min`, `24 h`, `15 s`.
pub(super) fn span(seconds: i64) -> String {
    match seconds {
        s if s >= 2 * DAY && s % DAY == 0 => format!("{} days", s / DAY),
        s if s >= 3 * DAY => format!("{}.{} days", s / DAY, s % DAY * 10 / DAY),
        s if s >= HOUR && s % HOUR == 0 => format!("{} h", s / HOUR),
        s if s >= 3 * HOUR => format!("{} h {} min", s / HOUR, s % HOUR / 60),
        s if s >= 60 && s % 60 == 0 => format!("{} min", s / 60),
        s if s >= 120 => format!("{} min {} s", s / 60, s % 60),
        s => format!("{s} s"),
    }
}

const MINUTE: i64 = 60;
const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;
/// In seconds.
const WEEK: u64 = 7 * 86_400;
const MONTH: u64 = 30 * 86_400;
/// Lengths that people choose, in seconds.
const UNITS: [i64; 16] =
    [15, 30, 60, 300, 600, 900, 1_800, HOUR, 7_200, 10_800, 14_400, 21_600, 28_800, 43_200, DAY, 7 * DAY];
/// How likely a length is one of these by chance: they and what is taken for them cover a third of the lengths
/// between a quarter of a minute and a week, on the scale of their logarithms.
const ROUND: f64 = 0.33;
/// Messages nearer to each other than that many seconds are one occurrence, of monthly ones than that many.
const BURST: i64 = 5;
const LONG_BURST: i64 = 2 * DAY;
/// The shortest rhythm, in seconds: anything faster is a conversation.
const SHORTEST: i64 = 10;
/// How many occurrences in a row may be missing, and one.
const MISSING: i64 = 4;
/// The shortest chain of times among others, how rare it has to be, and times that are looked through for one.
const CHAIN: usize = 4;
const RARE: f64 = 0.01;
const MOST_AMONG: usize = 2_000;
/// Rules told of one series.
const MOST_RULES: usize = 3;
/// The least confidence that is told of lengths that people choose, and of all others.
const LEAST: u8 = 60;
const LEAST_FREE: u8 = 90;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: &[i64]) -> Vec<Timestamp> {
        seconds.iter().map(|second| Timestamp::new(1_500_000_000 + second, 0)).collect()
    }

    fn rules(seconds: &[i64]) -> Vec<(String, u8)> {
        rhythms(&at(seconds)).into_iter().map(|rhythm| (rhythm.rule, rhythm.confidence)).collect()
    }

    #[test]
    fn hours_are_found_from_three_times_on() {
        assert_eq!(rules(&[0, 3_601, 7_203]), [("every 1 h".to_owned(), 99)]);
        assert_eq!(rules(&[0, 3_600]), [("every 1 h".to_owned(), 67)]);
        assert_eq!(rules(&[0, 3_000]), [], "two times without a usual length");
        assert_eq!(rules(&[0, 1, 2, 3_600, 3_601, 7_200]), [("every 1 h".to_owned(), 99)], "bursts");
        assert_eq!(
            rules(&[0, 8_000, 29_600, 51_225, 61_000]),
            [("every 6 h".to_owned(), 99)],
            "among others"
        );
        assert_eq!(rules(&[0, 3_600, 10_800, 14_400]), [("every 1 h".to_owned(), 99)], "one is missing");
    }

    #[test]
    fn months_are_found() {
        let first = 1_500_000_000;
        let months: Vec<i64> = [0, 31, 62, 92].iter().map(|day| day * DAY).collect();
        let found = rhythms(&at(&months));
        assert_eq!(found[0].rule, "monthly, on day 14");
        assert_eq!(Timestamp::new(first, 0).to_string().get(..10), Some("2017-07-14"));
        assert!(rhythms(&at(&[0, 30 * DAY])).iter().all(|rhythm| !rhythm.rule.starts_with("monthly")));
    }

    #[test]
    fn a_phase_of_hours_and_then_months() {
        let mut times: Vec<i64> = (0..6).map(|hour| hour * HOUR).collect();
        times.extend([31 * DAY, 62 * DAY]);
        let found = rules(&times);
        assert!(found.iter().any(|(rule, _)| rule == "every 1 h"), "{found:?}");
        assert!(found.iter().any(|(rule, _)| rule == "monthly, on day 14"), "{found:?}");
    }

    #[test]
    fn chance_is_no_rhythm() {
        let mut state = 7_u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as i64
        };
        let mut told = 0;
        for _ in 0..200 {
            let mut times: Vec<i64> = (0..8).map(|_| next() % (3 * DAY)).collect();
            times.sort_unstable();
            told += usize::from(!rhythms(&at(&times)).iter().all(|found| found.occurrences < 4));
        }
        assert!(told <= 4, "{told} of 200");
    }

    #[test]
    fn a_timer_goes_on_between_what_has_other_reasons() {
        // Hourly, and five times when somebody unlocked the phone.
        let mut times: Vec<i64> = (0..6).map(|hour| 8 + hour * HOUR).collect();
        times.extend([1_902, 5_102, 9_335, 12_022, 16_702]);
        times.sort_unstable();
        assert_eq!(rules(&times), [("every 1 h".to_owned(), 99)]);
    }

    #[test]
    fn two_pauses_that_nearly_fit_among_many_are_no_rhythm() {
        // 20 min 14 s and 39 min 46 s stand beside each other.
        assert_eq!(rules(&[0, 1_902, 5_102, 9_335, 10_800, 12_014, 14_400, 16_702]), []);
        // Of eight times at random, two are six hours apart.
        assert_eq!(rules(&[0, 9_333, 19_023, 28_976, 68_399, 71_003, 90_201]), [], "nearly twice as long");
        assert_eq!(rules(&[0, 9_000, 17_321, 38_921, 52_003, 71_003, 99_004, 120_777]), []);
    }

    #[test]
    fn absurd_times_are_no_trouble() {
        for times in [vec![], vec![0], vec![i64::MIN / 2, i64::MAX / 2], vec![5; 100]] {
            let times: Vec<Timestamp> = times.into_iter().map(Timestamp).collect();
            rhythms(&times);
        }
    }
}
