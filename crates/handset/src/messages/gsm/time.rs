//! Times of service centres and validity periods (3GPP TS 23.040, 9.2.3.11 and 9.2.3.12).

use std::time::Duration;

use evidence::Timestamp;

use super::cut::Cut;
use crate::{Found, messages::calendar::Civil};

/// A time as the network wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServiceTime {
    /// The instant.
    pub at: Timestamp,
    /// How far that clock is ahead of UTC, in minutes: a multiple of 15.
    pub offset: i32,
}

/// How long the network shall try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Validity {
    /// For this long.
    For(Duration),
    /// The enhanced format, as it is.
    Other([u8; 7]),
    /// Until then.
    Until(ServiceTime),
}

/// Seven bytes of two digits each, the low half first: year to second, then quarters of an hour. The outer
/// `Option` is none where the bytes end; the inner one where they are no time.
pub(super) fn service_time(cut: &mut Cut<'_>) -> Option<Option<Found<ServiceTime>>> {
    let taken = cut.take(7)?;
    let [year, month, day, hour, minute, second, zone] = *taken.bytes().first_chunk()?;
    let at = (|| {
        let year = i64::from(digits(year)?);
        let civil = Civil {
            // Messages are younger than 1990.
            year: if year >= 90 { year.saturating_add(1900) } else { year.saturating_add(2000) },
            month: digits(month)?,
            day: digits(day)?,
            hour: digits(hour)?,
            minute: digits(minute)?,
            second: digits(second)?,
        };
        let quarters = i32::from(digits(zone & !8)?);
        let ahead = quarters.saturating_mul(15);
        let offset = if zone & 8 != 0 { ahead.saturating_neg() } else { ahead };
        Some(ServiceTime { at: civil.instant(offset)?, offset })
    })();
    Some(at.map(|at| Found::new(at, taken.range())))
}

fn digits(byte: u8) -> Option<u8> {
    let (tens, ones) = (byte & 15, byte >> 4);
    (tens < 10 && ones < 10).then(|| tens.saturating_mul(10).saturating_add(ones))
}

/// TP-VP in the format that the first byte's bits 3 and 4 name. None where the bytes end.
pub(super) fn validity(format: u8, cut: &mut Cut<'_>) -> Option<Option<Validity>> {
    match format & 3 {
        0 => Some(None),
        1 => Some(cut.take(7)?.bytes().first_chunk().map(|it| Validity::Other(*it))),
        2 => cut.byte().map(|value| Some(Validity::For(relative(value)))),
        _ => Some(service_time(cut)?.map(|it| Validity::Until(it.value))),
    }
}

fn relative(value: u8) -> Duration {
    let value = u64::from(value);
    let minutes = match value {
        0..=143 => (value + 1) * 5,
        144..=167 => 12 * 60 + (value - 143) * 30,
        168..=196 => (value - 166) * 24 * 60,
        _ => (value - 192) * 7 * 24 * 60,
    };
    Duration::from_secs(minutes * 60)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Cut, relative, service_time};

    #[test]
    fn times_with_zones() {
        let rows = [
            ([0x91, 0x30, 0x12, 0x70, 0x14, 0x50, 0x80], Some(("2019-03-21T05:41:05.000000Z", 120))),
            ([0x91, 0x30, 0x12, 0x70, 0x14, 0x50, 0x0a], Some(("2019-03-21T12:41:05.000000Z", -300))),
            ([0x99, 0x21, 0x13, 0x32, 0x95, 0x95, 0x00], Some(("1999-12-31T23:59:59.000000Z", 0))),
            ([0xff; 7], None),
        ];
        for (bytes, expected) in rows {
            let time = service_time(&mut Cut::new(&bytes, 0)).unwrap();
            let time = time.map(|it| (it.value.at.to_string(), it.value.offset));
            assert_eq!(time, expected.map(|(text, offset)| (text.to_owned(), offset)));
        }
    }

    #[test]
    fn periods() {
        let hour = 3600;
        for (value, seconds) in
            [(0, 300), (143, 12 * hour), (167, 24 * hour), (170, 96 * hour), (255, 63 * 168 * hour)]
        {
            assert_eq!(relative(value), Duration::from_secs(seconds));
        }
    }
}
