//! How far the phone's clock is ahead of UTC, where its logs do not say: what the files beside them tell.

use std::collections::BTreeMap;

use evidence::Timestamp;
use jiff::{
    fmt::temporal::{Pieces, PiecesOffset},
    tz::TimeZone,
};

/// What the phone's clock shows, and what tells it: of several, the one that tells most.
#[derive(Clone, Debug)]
pub(crate) struct Zone {
    zone: TimeZone,
    by: Witness,
}

/// What tells it, the best one last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Witness {
    /// Somebody wrote his own times with it.
    Marks,
    /// The phone's setting.
    Setting,
    /// The phone printed one instant in both ways.
    Alarms,
}

impl Zone {
    /// The one that tells more; between equal ones the first.
    pub(super) fn better(known: Option<Self>, other: Option<Self>) -> Option<Self> {
        match (known, other) {
            (Some(known), Some(other)) if other.by > known.by => Some(other),
            (known, other) => known.or(other),
        }
    }

    /// Of marks written by hand: the offset that most of them are written with. Marks in UTC tell nothing of the phone.
    pub(super) fn of_marks(text: &str) -> Option<Self> {
        let mut counts: BTreeMap<i32, u64> = BTreeMap::new();
        for line in text.lines().take(LINES) {
            let cell = line.split(',').next().unwrap_or_default().trim().trim_matches('"');
            let offset = Pieces::parse(cell).ok().and_then(|pieces| pieces.offset());
            if let Some(PiecesOffset::Numeric(offset)) = offset {
                *counts.entry(offset.offset().seconds()).or_default() += 1;
            }
        }
        let (ahead, _) = counts.into_iter().max_by_key(|(_, count)| *count)?;
        Self::ahead_by(ahead, Witness::Marks)
    }

    /// Of the setting `persist.sys.timezone`: a zone of the IANA data base.
    pub(super) fn of_setting(name: &str) -> Option<Self> {
        Some(Self { zone: TimeZone::get(name).ok()?, by: Witness::Setting })
    }

    /// Of an instant that the phone printed in both ways: so many seconds ahead.
    pub(super) fn of_alarms(ahead: i32) -> Option<Self> {
        Self::ahead_by(ahead, Witness::Alarms)
    }

    fn ahead_by(seconds: i32, by: Witness) -> Option<Self> {
        let offset = jiff::tz::Offset::from_seconds(seconds).ok()?;
        Some(Self { zone: TimeZone::fixed(offset), by })
    }

    /// Seconds ahead of UTC at about an instant. Without one only of a zone that has no summer time.
    pub(crate) fn ahead(&self, near: Option<Timestamp>) -> Option<i32> {
        let at =
            |seconds: i64| Some(self.zone.to_offset(jiff::Timestamp::from_second(seconds).ok()?).seconds());
        match near {
            Some(near) => at(near.seconds()),
            None => at(JANUARY).filter(|ahead| at(JULY) == Some(*ahead)),
        }
    }

    /// `UTC+01:00, with which the marks beside it are written`; nothing where it cannot be told.
    pub(crate) fn words(&self, near: Option<Timestamp>) -> Option<String> {
        let ahead = self.ahead(near)?;
        let sign = if ahead < 0 { '-' } else { '+' };
        let minutes = ahead.unsigned_abs() / 60;
        let by = match self.by {
            Witness::Marks => "with which the marks beside it are written",
            Witness::Setting => "the zone that the phone is set to",
            Witness::Alarms => "as the phone’s list of alarms shows",
        };
        Some(format!("UTC{sign}{:02}:{:02}, {by}", minutes / 60, minutes % 60))
    }
}

/// Lines of marks that are looked at.
const LINES: usize = 10_000;
/// Days in winter and in summer, of 2024.
const JANUARY: i64 = 1_704_067_200;
const JULY: i64 = 1_719_792_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn of_marks(text: &str) -> Option<i32> {
        Zone::of_marks(text)?.ahead(None)
    }

    #[test]
    fn marks_tell_the_offset() {
        let marks = "time,kind,detail\n2017-11-01T08:00:00+01:00,boot-completed,\n2017-11-01T08:21:52.3+01:00,unlocked,\n\
                     2017-07-01T08:21:52+02:00,unlocked,\n";
        assert_eq!(of_marks(marks), Some(3_600));
        assert_eq!(of_marks("2017-11-01T08:00:00-03:30,unlocked,\n"), Some(-12_600));
        for none in
            ["", "time,kind\n", "2017-11-01T08:00:00Z,unlocked", "2017-11-01T08:00:00+99:00,x", "é+01:0é,x"]
        {
            assert_eq!(of_marks(none), None, "{none}");
        }
    }

    #[test]
    fn what_the_phone_shows_counts_more_than_its_setting() {
        let marks = || Zone::of_marks("2017-11-01T08:00:00+01:00,x");
        let setting = || Zone::of_setting("Asia/Shanghai");
        let ahead = |zone: Option<Zone>| zone?.ahead(None);
        assert_eq!(ahead(Zone::better(marks(), setting())), Some(28_800));
        assert_eq!(ahead(Zone::better(Zone::of_alarms(7_200), setting())), Some(7_200));
        assert_eq!(ahead(Zone::better(None, marks())), Some(3_600));
        let words = marks().and_then(|zone| zone.words(None));
        assert_eq!(words.as_deref(), Some("UTC+01:00, with which the marks beside it are written"));
    }

    #[test]
    fn summer_time_is_told_by_the_instant() {
        let berlin = Zone::of_setting("Europe/Berlin").unwrap();
        let at = |seconds| berlin.ahead(Some(Timestamp::new(seconds, 0)));
        assert_eq!((at(JANUARY), at(JULY), berlin.ahead(None)), (Some(3_600), Some(7_200), None));
        assert!(Zone::of_setting("Middle/Earth").is_none());
    }
}
