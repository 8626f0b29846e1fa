//! What a request says, as a number: the same where a phone sends the same again.
//!
//! A second try has a time of its own, and a number drawn for it. Those are left out.

use evidence::Timestamp;

use super::fields::{Looked, hash_of};

/// A number for what the fields say, whatever their order.
pub(crate) fn content(looked: &[Looked<'_>], time: Timestamp) -> u32 {
    let lasting = looked.iter().filter(|field| field.leaf && !is_of_the_moment(field.bytes, time));
    let sum = lasting.fold(0_u64, |sum, field| {
        sum.wrapping_add(field.hash.rotate_left(31).wrapping_mul(hash_of(field.bytes) | 1))
    });
    u32::try_from((sum >> 32) ^ (sum & u64::from(u32::MAX))).unwrap_or(u32::MAX)
}

/// Whether a value is one of this try alone: the time, or a number drawn at random.
fn is_of_the_moment(value: &[u8], time: Timestamp) -> bool {
    is_now(value, time) || is_clock(value) || is_drawn(value)
}

/// Whether a number is the time since 1970, in seconds or a thousandth, millionth or billionth of one, within a day.
fn is_now(value: &[u8], time: Timestamp) -> bool {
    let number = std::str::from_utf8(value).ok().and_then(|text| text.parse::<i64>().ok());
    number.is_some_and(|number| {
        [1_000_000_000, 1_000_000, 1_000, 1]
            .into_iter()
            .filter_map(|unit| number.checked_mul(unit))
            .any(|told| time.since(Timestamp(told)).unsigned_abs() < DAY)
    })
}

/// Whether a text is a date with a time of the day: `2019-02-18 09:00:30`, `20190218090030`.
fn is_clock(value: &[u8]) -> bool {
    let digits = value.iter().filter(|byte| byte.is_ascii_digit()).count();
    let is_year = |four: &[u8]| four.starts_with(b"20") && four.iter().all(u8::is_ascii_digit);
    let is_hour = |part: &[u8]| matches!(part, [one, two, b':', three, four] if [one, two, three, four].into_iter().all(u8::is_ascii_digit));
    match value.len() {
        14 => digits == 14 && value.starts_with(b"20"),
        15..=40 => value.windows(4).any(is_year) && value.windows(5).any(is_hour),
        _ => false,
    }
}

/// Whether a text is a digest or a random name: hex with letters and digits.
fn is_drawn(value: &[u8]) -> bool {
    let is_hex = |byte: &u8| byte.is_ascii_hexdigit() || *byte == b'-';
    (16..=64).contains(&value.len())
        && value.iter().all(is_hex)
        && value.iter().any(u8::is_ascii_digit)
        && value.iter().any(u8::is_ascii_alphabetic)
}

/// In nanoseconds.
const DAY: u64 = 86_400_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_new_in_each_try_is_known() {
        let time = Timestamp(1_550_480_430_123_456_789);
        for (value, of_the_moment) in [
            ("1550480429", true),
            ("1550480430123", true),
            ("1550480430123456", true),
            ("1450480430", false),
            ("352099001761481", false),
            ("2019-02-18 09:00:30", true),
            ("2019-02-18T09:00:30.123Z", true),
            ("Mon, 18 Feb 2019 09:00:30 GMT", true),
            ("20190218090030", true),
            ("2019-02-18", false),
            ("5f3e1c0a-7c3b-4f0e-b6a2-19e8c4d7f302", true),
            ("aeccb70bba350a0cd171203b0d042d7e", true),
            ("8949020073518264919", false),
            ("Muster One", false),
            ("", false),
        ] {
            assert_eq!(is_of_the_moment(value.as_bytes(), time), of_the_moment, "{value}");
        }
    }
}
