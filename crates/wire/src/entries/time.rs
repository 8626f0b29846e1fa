//! Instants as files of flows write them.

use evidence::Timestamp;

/// ISO 8601 with date and time of day: `2023-03-29T17:37:42.482-07:00`. Without a zone it is taken for UTC.
/// Says also whether there was a zone.
pub(super) fn iso8601(text: &str) -> Option<(Timestamp, bool)> {
    let text = text.trim();
    let (date, rest) = text.split_at_checked(10)?;
    let mut fields = date.split('-').map(|field| field.parse::<i64>().ok());
    let (year, month, day) = (fields.next()??, fields.next()??, fields.next()??);
    let rest = rest.strip_prefix(['T', 't', ' '])?;
    let zone_at = rest.find(['Z', 'z', '+', '-']).unwrap_or(rest.len());
    let (clock, zone) = rest.split_at_checked(zone_at)?;
    let mut fields = clock.trim().splitn(3, ':');
    let (hour, minute) = (fields.next()?.parse::<i64>().ok()?, fields.next()?.parse::<i64>().ok()?);
    let (second, nanos) = fraction(fields.next().unwrap_or("0"))?;
    let valid =
        (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 25 && minute < 60 && second < 61;
    let days = days(year, month, day);
    let seconds = days.checked_mul(86_400)?.checked_add(hour * 3600 + minute * 60 + second)?;
    valid.then(|| (Timestamp::new(seconds - offset(zone), nanos), !zone.trim().is_empty()))
}

/// Seconds since the epoch with a fraction: `1482157523.9086578`.
pub(super) fn epoch(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let (Some((seconds, nanos)), false) = (fraction(text), text.starts_with('-')) {
        return Some(Timestamp::new(seconds, nanos));
    }
    let seconds = text.parse::<f64>().ok().filter(|seconds| seconds.is_finite())?;
    Some(Timestamp((seconds * 1e9) as i64))
}

/// An instant moved by a number of milliseconds.
pub(super) fn later(time: Timestamp, milliseconds: f64) -> Timestamp {
    let nanos = if milliseconds.is_finite() { (milliseconds * 1e6) as i64 } else { 0 };
    Timestamp(time.0.saturating_add(nanos))
}

fn fraction(text: &str) -> Option<(i64, u32)> {
    let (whole, part) = text.split_once(['.', ',']).unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(part) {
        return None;
    }
    let nanos = part.bytes().chain(std::iter::repeat(b'0')).take(9);
    let nanos = nanos.fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0'));
    Some((whole.parse().ok()?, nanos))
}

/// Seconds by which a zone is before UTC: `Z`, `+02:00`, `-0700`, `+02`.
fn offset(zone: &str) -> i64 {
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    let digits: Vec<i64> =
        zone.bytes().filter(u8::is_ascii_digit).map(|digit| i64::from(digit - b'0')).collect();
    match digits.as_slice() {
        [a, b] => sign * (a * 10 + b) * 3600,
        [a, b, c, d] => sign * ((a * 10 + b) * 3600 + (c * 10 + d) * 60),
        _ => 0,
    }
}

/// Days since 1970-01-01 of a date in the proleptic Gregorian calendar.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = year.clamp(-9999, 9999) - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let shifted_month = (month + 9) % 12;
    let day_of_year = (153 * shifted_month + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_writing_of_an_instant_is_read() {
        let rows = [
            ("2023-03-30T00:37:42.482Z", "2023-03-30T00:37:42.482000Z"),
            ("2023-03-29T17:37:42.482-07:00", "2023-03-30T00:37:42.482000Z"),
            ("2023-03-29T17:37:42,5-0700", "2023-03-30T00:37:42.500000Z"),
            ("2024-02-29 01:30:00+0530", "2024-02-28T20:00:00.000000Z"),
            ("1970-01-01T00:00:00", "1970-01-01T00:00:00.000000Z"),
            ("2024-11-14T14:59:42.210687400+00:00", "2024-11-14T14:59:42.210687Z"),
        ];
        for (given, expected) in rows {
            assert_eq!(
                iso8601(given).map(|(time, _)| time.to_string()).as_deref(),
                Some(expected),
                "{given}"
            );
        }
        for bad in
            ["", "2023-03-29", "yesterday", "2023-13-01T00:00:00Z", "2023-03-29T99:00:00Z", "é023-03-29T"]
        {
            assert_eq!(iso8601(bad), None, "{bad}");
        }
        assert_eq!(epoch("1482157523.9086578"), Some(Timestamp(1_482_157_523_908_657_800)));
        assert_eq!(epoch("1469208634"), Some(Timestamp(1_469_208_634_000_000_000)));
        assert_eq!(epoch("x"), None);
    }
}
