//! How far the phone's clock is ahead of UTC, where its logs do not say: what the files beside them tell.

use std::collections::BTreeMap;

use evidence::Timestamp;
use handset::Clock;
use jiff::{
    fmt::temporal::{Pieces, PiecesOffset},
    tz::{Offset, TimeZone},
};

/// What the phone's clock shows, and what tells it: of several, the one that tells most.
#[derive(Clone, Debug)]
pub(crate) struct Zone {
    zone: TimeZone,
    by: Witness,
}

/// What tells it, the best one last.
#[derive(Clone, Copy, Debug)]
enum Witness {
    /// Somebody wrote his own times with it.
    Marks,
    /// The phone's setting.
    Setting,
    /// The phone printed one instant in both ways, that one.
    Alarms(Timestamp),
    /// The phone's setting, which shows that instant as the phone printed it.
    Both,
}

impl Zone {
    /// The one that tells more; between equal ones the first.
    pub(super) fn better(known: Option<Self>, other: Option<Self>) -> Option<Self> {
        let (Some(known), Some(other)) = (&known, &other) else { return known.or(other) };
        let borne_out = known.borne_out(other).or_else(|| other.borne_out(known));
        let better = if other.by.rank() > known.by.rank() { other } else { known };
        borne_out.or_else(|| Some(better.clone()))
    }

    /// The zone that the phone is set to, where an instant that the phone printed in both ways bears it out: it knows
    /// summer time, which the instant does not.
    fn borne_out(&self, other: &Self) -> Option<Self> {
        let (Witness::Setting, Witness::Alarms(instant)) = (self.by, other.by) else { return None };
        let instant = jiff::Timestamp::from_second(instant.seconds()).ok()?;
        let is_borne_out = self.zone.to_offset(instant) == other.zone.to_offset(instant);
        is_borne_out.then(|| Self { zone: self.zone.clone(), by: Witness::Both })
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
    pub(super) fn of_alarms(instant: Timestamp, ahead: i32) -> Option<Self> {
        Self::ahead_by(ahead, Witness::Alarms(instant))
    }

    fn ahead_by(seconds: i32, by: Witness) -> Option<Self> {
        Some(Self { zone: TimeZone::fixed(Offset::from_seconds(seconds).ok()?), by })
    }

    /// A clock that shows it.
    pub(super) fn clock(&self) -> Clock {
        Clock::of_zone(self.zone.clone())
    }

    /// `UTC+01:00, inferred: the marks beside it are written with it`.
    pub(crate) fn words(&self) -> String {
        let by = match self.by {
            Witness::Marks => "inferred: the marks beside it are written with it",
            Witness::Setting => "the zone that the phone is set to",
            Witness::Alarms(_) => "as the phone’s list of alarms shows",
            Witness::Both => "the zone that the phone is set to and that its list of alarms shows",
        };
        format!("{}, {by}", self.name())
    }

    fn name(&self) -> String {
        if let Some(name) = self.zone.iana_name() {
            return name.to_owned();
        }
        let ahead = self.zone.to_fixed_offset().map_or(0, |offset| offset.seconds());
        let sign = if ahead < 0 { '-' } else { '+' };
        let minutes = ahead.unsigned_abs() / 60;
        format!("UTC{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    }
}

impl Witness {
    fn rank(self) -> u8 {
        match self {
            Self::Marks => 0,
            Self::Setting => 1,
            Self::Alarms(_) => 2,
            Self::Both => 3,
        }
    }
}

/// Lines of marks that are looked at.
const LINES: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    /// Seconds ahead of UTC at an instant.
    fn ahead(zone: &Zone, seconds: i64) -> i32 {
        zone.zone.to_offset(jiff::Timestamp::from_second(seconds).unwrap()).seconds()
    }

    fn of_marks(text: &str) -> Option<i32> {
        Zone::of_marks(text).map(|zone| ahead(&zone, JANUARY))
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
        let alarms = || Zone::of_alarms(Timestamp::new(JULY, 0), 7_200);
        let rows = [
            (marks(), setting(), "Asia/Shanghai, the zone that the phone is set to"),
            (alarms(), setting(), "UTC+02:00, as the phone’s list of alarms shows"),
            (setting(), alarms(), "UTC+02:00, as the phone’s list of alarms shows"),
            (None, marks(), "UTC+01:00, inferred: the marks beside it are written with it"),
        ];
        for (known, other, words) in rows {
            assert_eq!(Zone::better(known, other).unwrap().words(), words);
        }
        assert!(Zone::better(None, None).is_none());
        assert!(Zone::of_setting("Middle/Earth").is_none());
    }

    #[test]
    fn a_setting_that_the_alarms_bear_out_knows_summer_time() {
        let setting = || Zone::of_setting("Europe/Berlin");
        let alarms = |at: i64, ahead| Zone::of_alarms(Timestamp::new(at, 0), ahead);
        for (at, shown) in [(JULY, 7_200), (JANUARY, 3_600)] {
            for (known, other) in [(setting(), alarms(at, shown)), (alarms(at, shown), setting())] {
                let zone = Zone::better(known, other).unwrap();
                assert_eq!((ahead(&zone, JANUARY), ahead(&zone, JULY)), (3_600, 7_200));
                assert!(zone.words().starts_with("Europe/Berlin, "));
                let elsewhere = Zone::better(Some(zone), alarms(JULY, 28_800)).unwrap();
                assert_eq!(ahead(&elsewhere, JULY), 7_200);
            }
        }
        let elsewhere = Zone::better(setting(), alarms(JULY, 28_800)).unwrap();
        assert_eq!(ahead(&elsewhere, JANUARY), 28_800);
    }

    /// Days in winter and in summer, of 2024.
    const JANUARY: i64 = 1_704_067_200;
    const JULY: i64 = 1_719_792_000;
}
