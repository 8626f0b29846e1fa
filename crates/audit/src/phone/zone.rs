//! How far the phone's clock is ahead of UTC, where its logs do not say: what the files beside them tell.

use std::collections::BTreeMap;

/// An offset, and what tells it: of several, the one that tells most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Zone {
    /// Seconds ahead of UTC.
    pub(crate) ahead: i32,
    by: Witness,
}

/// What tells an offset, the best one last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Witness {
    /// Somebody wrote his own times with it.
    Marks,
    /// The phone's setting, of a zone that has the same offset all year.
    Setting,
    /// The phone printed one instant in both ways.
    Alarms,
}

impl Zone {
    pub(super) fn new(ahead: i32, by: Witness) -> Self {
        Self { ahead, by }
    }

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
            if let Some(offset) = offset(cell).filter(|_| cell.contains('T')) {
                *counts.entry(offset).or_default() += 1;
            }
        }
        let (ahead, _) = counts.into_iter().max_by_key(|(_, count)| *count)?;
        Some(Self::new(ahead, Witness::Marks))
    }

    /// Of the setting `persist.sys.timezone`: a zone without summer time since 2015.
    pub(super) fn of_setting(name: &str) -> Option<Self> {
        let (_, ahead) = SAME_ALL_YEAR.iter().find(|(known, _)| *known == name)?;
        Some(Self::new(*ahead, Witness::Setting))
    }

    /// `UTC+01:00, with which the marks are written`.
    pub(crate) fn words(self) -> String {
        let sign = if self.ahead < 0 { '-' } else { '+' };
        let minutes = self.ahead.unsigned_abs() / 60;
        let by = match self.by {
            Witness::Marks => "with which the marks beside it are written",
            Witness::Setting => "the zone that the phone is set to",
            Witness::Alarms => "as the phone’s list of alarms shows",
        };
        format!("UTC{sign}{:02}:{:02}, {by}", minutes / 60, minutes % 60)
    }
}

/// The offset at the end of a time (RFC 3339 section 5.6), in seconds.
fn offset(time: &str) -> Option<i32> {
    let written = time.get(time.len().checked_sub(6)?..)?;
    let sign = match written.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, minutes) = written.get(1..)?.split_once(':')?;
    let part = |digits: &str, most: i32| {
        let plain = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
        digits.parse::<i32>().ok().filter(|number| plain && *number <= most)
    };
    Some(sign * (part(hours, 14)? * 3_600 + part(minutes, 59)? * 60))
}

/// Lines of marks that are looked at.
const LINES: usize = 10_000;
/// Zones of the IANA data base that had no summer time since 2015, in seconds ahead of UTC.
const SAME_ALL_YEAR: [(&str, i32); 14] = [
    ("Asia/Bangkok", 25_200),
    ("Asia/Calcutta", 19_800),
    ("Asia/Dubai", 14_400),
    ("Asia/Hong_Kong", 28_800),
    ("Asia/Kolkata", 19_800),
    ("Asia/Seoul", 32_400),
    ("Asia/Shanghai", 28_800),
    ("Asia/Singapore", 28_800),
    ("Asia/Taipei", 28_800),
    ("Asia/Tokyo", 32_400),
    ("Etc/UTC", 0),
    ("Europe/Moscow", 10_800),
    ("GMT", 0),
    ("UTC", 0),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_tell_the_offset() {
        let marks = "time,kind,detail\n2017-11-01T08:00:00+01:00,boot-completed,\n2017-11-01T08:21:52.3+01:00,unlocked,\n\
                     2017-07-01T08:21:52+02:00,unlocked,\n";
        assert_eq!(Zone::of_marks(marks).map(|zone| zone.ahead), Some(3_600));
        assert_eq!(
            Zone::of_marks("2017-11-01T08:00:00-03:30,unlocked,\n").map(|zone| zone.ahead),
            Some(-12_600)
        );
        for none in
            ["", "time,kind\n", "2017-11-01T08:00:00Z,unlocked", "2017-11-01T08:00:00+99:00,x", "é+01:0é,x"]
        {
            assert_eq!(Zone::of_marks(none), None, "{none}");
        }
    }

    #[test]
    fn what_the_phone_shows_counts_more_than_its_setting() {
        let (marks, setting) =
            (Zone::of_marks("2017-11-01T08:00:00+01:00,x"), Zone::of_setting("Asia/Shanghai"));
        let alarms = Some(Zone::new(7_200, Witness::Alarms));
        assert_eq!(Zone::better(marks, setting), setting);
        assert_eq!(Zone::better(alarms, setting), alarms);
        assert_eq!(Zone::better(None, marks), marks);
        assert_eq!(Zone::of_setting("Europe/Berlin"), None);
        assert_eq!(
            marks.map(Zone::words).as_deref(),
            Some("UTC+01:00, with which the marks beside it are written")
        );
    }
}
