//! Dates of the Gregorian calendar to instants.

use evidence::Timestamp;

/// A date and a time of day, by a clock whose distance from UTC is told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Civil {
    pub(crate) year: i64,
    pub(crate) month: u8,
    pub(crate) day: u8,
    pub(crate) hour: u8,
    pub(crate) minute: u8,
    pub(crate) second: u8,
}

impl Civil {
    /// The instant, where the clock is `offset` minutes ahead of UTC; none where there is no such date.
    pub(crate) fn instant(self, offset: i32) -> Option<Timestamp> {
        let ok = (1600..=2400).contains(&self.year)
            && (1..=12).contains(&self.month)
            && (1..=days_in(self.year, self.month)).contains(&self.day)
            && self.hour < 24
            && self.minute < 60
            && self.second <= 60;
        if !ok {
            return None;
        }
        let minutes = i64::from(self.hour) * 60 + i64::from(self.minute) - i64::from(offset);
        let seconds = self.days() * 86_400 + minutes * 60 + i64::from(self.second);
        seconds.checked_mul(1_000_000_000).map(Timestamp)
    }

    /// Days since 1970-01-01. Years begin in March here, so that the leap day is the last one.
    fn days(self) -> i64 {
        let (month, year) = (i64::from(self.month), self.year);
        let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
        let era = year.div_euclid(400);
        let of_era = year.rem_euclid(400);
        let of_year = (153 * month + 2) / 5 + i64::from(self.day) - 1;
        era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
    }
}

fn days_in(year: i64, month: u8) -> u8 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::Civil;

    #[test]
    fn instants_print_as_they_were_given() {
        let rows = [
            ((2000, 2, 29), 0, Some("2000-02-29T23:59:58.000000Z")),
            ((1970, 1, 1), -60, Some("1970-01-02T00:59:58.000000Z")),
            ((2019, 3, 21), 120, Some("2019-03-21T21:59:58.000000Z")),
            ((2019, 2, 29), 0, None),
            ((2019, 13, 1), 0, None),
        ];
        for ((year, month, day), offset, expected) in rows {
            let civil = Civil { year, month, day, hour: 23, minute: 59, second: 58 };
            assert_eq!(civil.instant(offset).map(|it| it.to_string()).as_deref(), expected);
        }
    }
}
