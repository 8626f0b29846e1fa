//! Times at which something was sent, to the rule that they follow: from two occurrences on.
//!
//! What comes in one burst is one occurrence. A rule is a length of time between two (of which some may be missing:
//! twice and three times the length fit as well), or a day of the month. How sure it is comes from how unlikely it
//! is that times without a rule would fit as well, and so from the number of occurrences and their spread; of two
//! occurrences only a length that people choose (an hour, a day, a month) is a rule, and a weak one.

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
    let mut rest = starts.as_slice();
    while rest.len() >= 2 && found.len() < MOST_RULES {
        let run = run(rest);
        found.extend(rest.get(..run).and_then(fixed));
        rest = rest.get(run.saturating_sub(1).max(1)..).unwrap_or_default();
    }
    found.retain(|rhythm| rhythm.confidence >= LEAST);
    one_of_each(found)
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
    let Some(first) = intervals.iter().take(3).min().copied() else { return 2 };
    let follow = intervals.iter().take_while(|interval| multiple(**interval, first).is_some()).count();
    follow.max(1) + 1
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

/// A fixed length between times.
fn fixed(starts: &[i64]) -> Option<Rhythm> {
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
    let jitter = off.get(off.len().saturating_sub(1) * 9 / 10).copied()?;
    // Two of every interval's possible lengths within the jitter fit; the first one makes the rule.
    let chance = (2.0 * jitter.max(1) as f64 / length as f64).min(1.0);
    let known = if chosen.is_some() { ROUND } else { 1.0 };
    let unlikely = known * chance.powi(i32::try_from(off.len()).unwrap_or(i32::MAX).saturating_sub(1));
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
        interval: 30 * DAY.unsigned_abs(),
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
        s if s >= HOUR && s % HOUR == 0 => format!("{} h", s / HOUR),
        s if s >= 3 * HOUR => format!("{} h {} min", s / HOUR, s % HOUR / 60),
        s if s >= 60 && s % 60 == 0 => format!("{} min", s / 60),
        s if s >= 120 => format!("{} min {} s", s / 60, s % 60),
        s => format!("{s} s"),
    }
}

const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;
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
/// Rules told of one series.
const MOST_RULES: usize = 3;
/// The least confidence that is told.
const LEAST: u8 = 60;

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
    fn absurd_times_are_no_trouble() {
        for times in [vec![], vec![0], vec![i64::MIN / 2, i64::MAX / 2], vec![5; 100]] {
            let times: Vec<Timestamp> = times.into_iter().map(Timestamp).collect();
            rhythms(&times);
        }
    }
}
