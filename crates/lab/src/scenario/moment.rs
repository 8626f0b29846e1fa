//! Lengths and points of time, as scenarios write them.

use std::time::Duration;

use serde::{Deserialize, Deserializer, de::Error};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// A length of time: `250ms`, `15s`, `1h30m`, `2d`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(pub Duration);

/// A point of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// So long after the start.
    After(Span),
    /// On that day (0 is the day of the start), so long after midnight by the phone's clock.
    Day(u32, Span),
}

impl Span {
    /// Reads `1h30m`.
    fn read(text: &str) -> Option<Self> {
        let mut rest = text.trim();
        let mut sum = Duration::ZERO;
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit())?;
            let (number, behind) = rest.split_at_checked(digits)?;
            let letters = behind.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(behind.len());
            let (unit, behind) = behind.split_at_checked(letters)?;
            let (_, millis) = UNITS.iter().find(|(name, _)| *name == unit)?;
            let number: u64 = number.parse().ok()?;
            sum = sum.checked_add(Duration::from_millis(number.checked_mul(*millis)?))?;
            rest = behind;
        }
        Some(Self(sum))
    }

    /// In nanoseconds.
    pub(crate) fn nanos(self) -> i64 {
        i64::try_from(self.0.as_nanos()).unwrap_or(i64::MAX)
    }
}

const UNITS: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("ms", 1), ("s", 1000)];

impl Moment {
    fn read(text: &str) -> Option<Self> {
        let Some((day, clock)) = text.trim().split_once(' ') else {
            return Span::read(text).map(Self::After);
        };
        let day = day.strip_prefix('d')?.parse().ok()?;
        let mut seconds = 0u64;
        let mut parts = 0u32;
        for part in clock.trim().split(':') {
            seconds = seconds.checked_mul(60)?.checked_add(part.parse().ok()?)?;
            parts = parts.saturating_add(1);
        }
        if parts == 2 {
            seconds = seconds.checked_mul(60)?;
        }
        Some(Self::Day(day, Span(Duration::from_secs(seconds))))
    }

    /// Nanoseconds since 1970.
    pub(crate) fn at(self, start: OffsetDateTime) -> i64 {
        match self {
            Self::After(span) => nanos(start).saturating_add(span.nanos()),
            Self::Day(day, span) => {
                let midnight = nanos(start.replace_time(time::Time::MIDNIGHT));
                midnight.saturating_add(i64::from(day).saturating_mul(DAY)).saturating_add(span.nanos())
            }
        }
    }
}

/// Nanoseconds since 1970.
pub(crate) fn nanos(time: OffsetDateTime) -> i64 {
    i64::try_from(time.unix_timestamp_nanos()).unwrap_or(i64::MAX)
}

const DAY: i64 = 86_400_000_000_000;

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::read(&text)
            .ok_or_else(|| D::Error::custom(format!("{text:?} is no length of time such as 1h30m")))
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let wrong = || D::Error::custom(format!("{text:?} is no point of time such as 90s or d3 08:00"));
        Self::read(&text).ok_or_else(wrong)
    }
}

/// RFC 3339 with an offset.
pub(super) fn start<'de, D: Deserializer<'de>>(deserializer: D) -> Result<OffsetDateTime, D::Error> {
    let text = String::deserialize(deserializer)?;
    OffsetDateTime::parse(&text, &Rfc3339).map_err(D::Error::custom)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use time::macros::datetime;

    use super::{Moment, Span};

    #[test]
    fn lengths_and_points_are_read() {
        let rows = [("1h30m", 5400), ("2d", 172_800), ("90s", 90), ("", 0)];
        for (text, seconds) in rows {
            assert_eq!(Span::read(text), Some(Span(Duration::from_secs(seconds))), "{text}");
        }
        for text in ["1", "1x", "h", "99999999999999999999s", "1h -1m"] {
            assert_eq!(Span::read(text), None, "{text}");
        }
        let start = datetime!(2019-01-14 07:30 +2);
        let at = |text: &str| Moment::read(text).unwrap().at(start) / 1_000_000_000 - start.unix_timestamp();
        assert_eq!((at("90s"), at("d0 08:00"), at("d1 07:30:05")), (90, 1800, 86_405));
    }
}
