//! Times as the phone wrote them, and the instants they stand for.
//!
//! What the phone prints is its local time, and logs leave out the year. A [`Clock`] says what is needed to make
//! an instant of it. `dumpsys alarm` prints one instant in both forms, which gives the offset away
//! ([`ClockReading`](crate::system::ClockReading)).

use evidence::Timestamp;
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};

use crate::scan::Scan;

/// What is known of the phone's clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clock {
    zone: TimeZone,
    context: Context,
    /// The last instant that was read.
    last: Option<Timestamp>,
}

/// The farthest that the nearest of three years can lie; 29 February can lie farther, and is then no guess.
const HALF_A_YEAR: u64 = 184 * 86_400 * 1_000_000_000;

/// What is known of the year where a time leaves it out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Context {
    #[default]
    Unknown,
    /// An instant less than half a year away.
    Near(Timestamp),
    /// The year of the first line.
    Year(i32),
}

impl Clock {
    /// A clock that is so many seconds ahead of UTC, with nothing known of the year. No clock is ahead by more than
    /// 26 hours.
    pub fn ahead(seconds: i32) -> Self {
        Self::of_zone(TimeZone::fixed(Offset::from_seconds(seconds).unwrap_or(Offset::UTC)))
    }

    /// A clock that shows the time of a zone, summer time included, with nothing known of the year.
    ///
    /// Of the hour that comes twice when summer time ends, the reading is taken that lies nearest to the instant read
    /// before, else the first one.
    pub fn of_zone(zone: TimeZone) -> Self {
        Self { zone, context: Context::Unknown, last: None }
    }

    /// The same, for a file of about that instant (of the bugreport, of the file's last change).
    ///
    /// A time without a year is that of the year in which it lies nearest, so New Year is no border.
    pub fn near(self, instant: Timestamp) -> Self {
        Self { context: Context::Near(instant), ..self }
    }

    /// The same, for a file whose first line is of that year. Where a later line's month lies more than half a
    /// year back, New Year has passed.
    pub fn in_year(self, year: i32) -> Self {
        Self { context: Context::Year(year), ..self }
    }

    /// An instant the file is near to, where it is known.
    pub(crate) fn instant(&self) -> Option<Timestamp> {
        match self.context {
            Context::Near(instant) => Some(instant),
            Context::Unknown | Context::Year(_) => None,
        }
    }

    /// The instant of a local time; `None` where the year is unknown.
    pub(crate) fn read(&mut self, local: &Local) -> Option<Timestamp> {
        let read = match local.year {
            Some(year) => self.in_that(local, year),
            None => self.guess(local),
        };
        self.last = read.or(self.last);
        read
    }

    fn guess(&mut self, local: &Local) -> Option<Timestamp> {
        match self.context {
            Context::Unknown => None,
            Context::Near(near) => self.nearest(local, near),
            Context::Year(year) => {
                let read = self.in_that(local, i64::from(year))?;
                self.context = Context::Near(read);
                Some(read)
            }
        }
    }

    fn nearest(&self, local: &Local, near: Timestamp) -> Option<Timestamp> {
        let year = year_of(near);
        (year.saturating_sub(1)..=year.saturating_add(1))
            .filter_map(|year| self.in_that(local, year))
            .filter(|instant| instant.since(near).unsigned_abs() <= HALF_A_YEAR)
            .min_by_key(|instant| instant.since(near).unsigned_abs())
    }

    /// The instant of a local time of that year.
    fn in_that(&self, local: &Local, year: i64) -> Option<Timestamp> {
        let shown = local.shown(year)?;
        if let Some(offset) = local.offset {
            return instant(shown, offset);
        }
        let civil = Offset::UTC.to_datetime(jiff::Timestamp::from_second(shown.seconds()).ok()?);
        let (first, second) = match self.zone.to_ambiguous_timestamp(civil).offset() {
            AmbiguousOffset::Unambiguous { offset } => (offset, offset),
            // What the clock never showed is told by the offset that was.
            AmbiguousOffset::Gap { before, .. } => (before, before),
            AmbiguousOffset::Fold { before, after } => (before, after),
        };
        let first = instant(shown, first.seconds())?;
        let second = instant(shown, second.seconds())?;
        let away = |instant: &Timestamp| self.last.map_or(0, |last| instant.since(last).unsigned_abs());
        [first, second].into_iter().min_by_key(away)
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::ahead(0)
    }
}

/// A time as it is printed, local unless it tells its own offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Local {
    year: Option<i64>,
    month: u32,
    day: u32,
    second: i64,
    nanos: u32,
    /// Seconds ahead of UTC, where it tells.
    offset: Option<i32>,
}

impl Local {
    /// Reads `[YYYY-]MM-DD HH:MM:SS[.fraction]` and, behind it, `Z`, `+HHMM` or `+HH:MM`.
    pub(crate) fn scan(scan: &mut Scan<'_>) -> Option<Self> {
        let (year, month, day) = date(scan)?;
        scan.eat(" ").or_else(|| scan.eat("T")).or_else(|| scan.eat("t"))?;
        let (second, nanos) = time(scan)?;
        let mut ahead = *scan;
        let offset = offset(&mut ahead);
        if offset.is_some() {
            *scan = ahead;
        }
        Some(Self { year, month, day, second, nanos, offset })
    }

    /// Seconds since 1970 of this local time as if it were UTC, where it tells its year.
    pub(crate) fn as_utc(&self) -> Option<i64> {
        days(self.year?, self.month, self.day)?.checked_mul(86_400)?.checked_add(self.second)
    }

    /// Whether it tells no offset: what it stands for is the clock's to say.
    pub(crate) fn is_without_zone(&self) -> bool {
        self.offset.is_none()
    }

    /// What the clock showed, as if it were UTC.
    fn shown(&self, year: i64) -> Option<Timestamp> {
        let days = days(year, self.month, self.day)?;
        let seconds = days.checked_mul(86_400)?.checked_add(self.second)?;
        let nanos = seconds.checked_mul(1_000_000_000)?.checked_add(i64::from(self.nanos))?;
        Some(Timestamp(nanos))
    }
}

/// The instant at which a clock showed that time, so many seconds ahead of UTC.
fn instant(shown: Timestamp, offset: i32) -> Option<Timestamp> {
    Some(Timestamp(shown.0.checked_sub(i64::from(offset).checked_mul(1_000_000_000)?)?))
}

/// The instant of an RFC 3339 time.
pub(crate) fn rfc3339(text: &str) -> Option<Timestamp> {
    let mut scan = Scan::new(text.trim());
    let local = Local::scan(&mut scan)?;
    let offset = local.offset?;
    scan.rest().is_empty().then(|| instant(local.shown(local.year?)?, offset)).flatten()
}

/// The instant of a printed local time with a year, `2022-03-29 18:37:30.315`, where `text` begins with one.
pub(crate) fn local(text: &str, clock: &mut Clock) -> Option<Timestamp> {
    clock.read(&Local::scan(&mut Scan::new(text))?)
}

/// An instant from milliseconds since 1970; `None` where a [`Timestamp`] does not reach: no clock shows such a time.
pub(crate) fn millis(count: i64) -> Option<Timestamp> {
    count.checked_mul(1_000_000).map(Timestamp)
}

/// An instant counted since 1970 in the unit its size tells: seconds, milliseconds, microseconds or nanoseconds; `None`
/// where a [`Timestamp`] does not reach.
pub(crate) fn counted(count: i64) -> Option<Timestamp> {
    const UNITS: [(u64, i64); 3] =
        [(100_000_000_000, 1_000_000_000), (100_000_000_000_000, 1_000_000), (100_000_000_000_000_000, 1000)];
    let unit = UNITS.iter().find(|(limit, _)| count.unsigned_abs() < *limit);
    count.checked_mul(unit.map_or(1, |(_, nanos)| *nanos)).map(Timestamp)
}

/// `[YYYY-]MM-DD`.
fn date(scan: &mut Scan<'_>) -> Option<(Option<i64>, u32, u32)> {
    let mut dated = *scan;
    let year = dated.fixed(4).filter(|_| dated.eat("-").is_some()).map(i64::from);
    if year.is_some() {
        *scan = dated;
    }
    let month = scan.fixed(2)?;
    scan.eat("-")?;
    Some((year, month, scan.fixed(2)?))
}

/// `HH:MM:SS[.fraction]`, as seconds and nanoseconds. A leap second is the last second of its minute.
fn time(scan: &mut Scan<'_>) -> Option<(i64, u32)> {
    let hour = scan.fixed(2).filter(|hour| *hour < 24)?;
    scan.eat(":")?;
    let minute = scan.fixed(2).filter(|minute| *minute < 60)?;
    scan.eat(":")?;
    let second = scan.fixed(2).filter(|second| *second <= 60)?.min(59);
    let nanos = if scan.eat(".").is_some() { nanos(scan.digits()?)? } else { 0 };
    Some((i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second), nanos))
}

/// Nanoseconds of the digits behind the point; what is finer is left out.
pub(crate) fn nanos(digits: &str) -> Option<u32> {
    let digits = digits.get(..digits.len().min(9))?;
    let missing = 9u32.checked_sub(u32::try_from(digits.len()).ok()?)?;
    digits.parse::<u32>().ok()?.checked_mul(10u32.checked_pow(missing)?)
}

fn offset(scan: &mut Scan<'_>) -> Option<i32> {
    if scan.eat("Z").or_else(|| scan.eat("z")).is_some() {
        return Some(0);
    }
    scan.blanks();
    let sign = if scan.eat("+").is_some() {
        1
    } else {
        scan.eat("-")?;
        -1
    };
    let hours = scan.fixed(2).filter(|hours| *hours < 24)?;
    let _ = scan.eat(":");
    let minutes = scan.fixed(2).filter(|minutes| *minutes < 60)?;
    i32::try_from(hours * 3600 + minutes * 60).ok().map(|seconds| seconds * sign)
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar; `None` where there is no such day.
fn days(year: i64, month: u32, day: u32) -> Option<i64> {
    const BEFORE: [i64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    let index = usize::try_from(month.checked_sub(1)?).ok()?;
    if day == 0 || day > length(year, month)? || !(0..=9999).contains(&year) {
        return None;
    }
    let past = year - 1;
    let leap_day = i64::from(month > 2 && is_leap(year));
    let of_years = past * 365 + past.div_euclid(4) - past.div_euclid(100) + past.div_euclid(400);
    Some(of_years - 719_162 + BEFORE.get(index)? + leap_day + i64::from(day) - 1)
}

fn length(year: i64, month: u32) -> Option<u32> {
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => Some(31),
        4 | 6 | 9 | 11 => Some(30),
        2 => Some(if is_leap(year) { 29 } else { 28 }),
        _ => None,
    }
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// The year an instant lies in, by the mean length of a year: at worst the neighbour on New Year's Day.
fn year_of(instant: Timestamp) -> i64 {
    instant.seconds().div_euclid(31_556_952).saturating_add(1970)
}

#[cfg(test)]
mod tests {
    use evidence::Timestamp;

    use super::{Clock, Local, counted, local, millis, rfc3339};
    use crate::scan::Scan;

    #[test]
    fn times_with_a_year() {
        let rows = [
            ("2016-08-02 02:19:33.232309", 0, "2016-08-02T02:19:33.232309Z"),
            ("2016-08-02 02:19:33", 7200, "2016-08-02T00:19:33.000000Z"),
            ("2016-08-02 02:19:33.5 +0200", 0, "2016-08-02T00:19:33.500000Z"),
            ("2000-02-29T23:59:60Z", 3600, "2000-02-29T23:59:59.000000Z"),
            ("1970-01-01 00:00:00 -01:30", 0, "1970-01-01T01:30:00.000000Z"),
        ];
        for (text, offset, expected) in rows {
            let read = local(text, &mut Clock::ahead(offset)).map(|instant| instant.to_string());
            assert_eq!(read.as_deref(), Some(expected), "{text}");
        }
        for text in ["2019-02-29 00:00:00", "2019-13-01 00:00:00", "2019-01-01 24:00:00", "2019-1-1", "é"] {
            assert_eq!(local(text, &mut Clock::default()), None, "{text}");
        }
    }

    #[test]
    fn the_year_is_the_one_that_lies_nearest() {
        let near = Timestamp::new(1_546_300_800 + 3600, 0); // 2019-01-01T01:00:00Z
        let rows = [
            ("12-31 23:59:59.000", "2018-12-31T23:59:59.000000Z"),
            ("01-01 00:00:01.000", "2019-01-01T00:00:01.000000Z"),
        ];
        for (text, expected) in rows {
            let mut clock = Clock::default().near(near);
            assert_eq!(local(text, &mut clock).unwrap().to_string(), expected);
        }
        assert_eq!(local("01-01 00:00:01.000", &mut Clock::default()), None);
    }

    #[test]
    fn new_year_passes_within_a_log() {
        let mut clock = Clock::ahead(3600).in_year(2018);
        let read: Vec<String> = ["12-31 23:59:59.000", "01-01 00:00:01.000", "02-29 00:00:00.000"]
            .iter()
            .filter_map(|text| local(text, &mut clock))
            .map(|instant| instant.to_string())
            .collect();
        // 2019 has no 29 February; the nearest that has one is too far to be guessed.
        assert_eq!(read, ["2018-12-31T22:59:59.000000Z", "2018-12-31T23:00:01.000000Z"]);
    }

    #[test]
    fn a_zone_knows_summer_time() {
        let clock = || Clock::of_zone(jiff::tz::TimeZone::get("Europe/Berlin").unwrap());
        let rows = [
            ("2019-01-15 12:00:00", "2019-01-15T11:00:00.000000Z"),
            ("2019-07-15 12:00:00", "2019-07-15T10:00:00.000000Z"),
            ("2019-07-15 12:00:00 +0800", "2019-07-15T04:00:00.000000Z"),
            // This hour was left out, that one came twice.
            ("2019-03-31 02:30:00", "2019-03-31T01:30:00.000000Z"),
            ("2019-10-27 02:30:00", "2019-10-27T00:30:00.000000Z"),
        ];
        for (text, expected) in rows {
            assert_eq!(local(text, &mut clock()).unwrap().to_string(), expected, "{text}");
        }
        let mut near = clock().near(Timestamp::new(1_572_134_400, 0)); // 2019-10-27T00:00:00Z
        let read = ["10-27 01:59:59", "10-27 02:59:59", "10-27 02:00:00", "10-27 02:20:00", "10-27 03:00:00"]
            .map(|text| local(text, &mut near).unwrap().to_string());
        assert_eq!(
            read.map(|time| time[11..19].to_owned()),
            ["23:59:59", "00:59:59", "01:00:00", "01:20:00", "02:00:00"]
        );
    }

    #[test]
    fn any_number_of_seconds_makes_a_clock() {
        for seconds in [i32::MIN, -100_000, 100_000, i32::MAX] {
            assert_eq!(Clock::ahead(seconds), Clock::default());
        }
    }

    #[test]
    fn rfc_3339_needs_an_offset() {
        assert!(rfc3339("2019-03-21T07:41:05.123456Z").is_some());
        assert_eq!(rfc3339("2019-03-21T08:41:05+01:00"), rfc3339("2019-03-21T07:41:05Z"));
        for text in ["2019-03-21T07:41:05", "03-21T07:41:05Z", "2019-03-21T07:41:05Zx", ""] {
            assert_eq!(rfc3339(text), None, "{text}");
        }
    }

    #[test]
    fn counts_tell_their_unit() {
        for count in [1_700_000_000, 1_700_000_000_000, 1_700_000_000_000_000, 1_700_000_000_000_000_000] {
            assert_eq!(counted(count), Some(Timestamp::new(1_700_000_000, 0)));
        }
    }

    #[test]
    fn what_no_timestamp_reaches_is_no_time() {
        for count in [99_999_999_999, -99_999_999_999] {
            assert_eq!(counted(count), None);
        }
        assert!(millis(9_223_372_036_854).is_some());
        for count in [9_223_372_036_855, i64::MAX, i64::MIN] {
            assert_eq!(millis(count), None);
        }
        for text in ["2263-01-01 00:00:00", "9999-12-31 23:59:59.999", "0001-01-01 00:00:00"] {
            assert_eq!(local(text, &mut Clock::default()), None, "{text}");
        }
    }

    #[test]
    fn what_stands_behind_a_time_stays() {
        let mut scan = Scan::new("02-21 14:10:02.123 -1 x");
        assert!(Local::scan(&mut scan).is_some());
        assert_eq!(scan.rest(), " -1 x");
    }
}
