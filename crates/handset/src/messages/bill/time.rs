//! Times as operators write them.

use serde::Deserialize;

use crate::{Oddity, messages::calendar::Civil};

/// Which of the first two numbers of a date is the day, where the year is not the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DateOrder {
    /// 21.03.2019
    #[default]
    DayFirst,
    /// 03/21/2019
    MonthFirst,
}

/// The order that all rows allow. Where both are possible, the day is first, and it is said.
pub(super) fn order(given: Option<DateOrder>, times: &[String], oddities: &mut Vec<Oddity>) -> DateOrder {
    if let Some(order) = given {
        return order;
    }
    let (mut doubtful, mut certain) = (false, None);
    for text in times {
        let runs = runs(text);
        let [(first, length), (second, _), ..] = runs.as_slice() else { continue };
        if *length > 2 {
            continue;
        }
        doubtful |= first != second && !text.contains('.');
        certain = match (*first > 12, *second > 12) {
            (true, false) => Some(DateOrder::DayFirst),
            (false, true) => Some(DateOrder::MonthFirst),
            _ => certain,
        };
    }
    if certain.is_none() && doubtful {
        let what = "file holds dates whose days and months cannot be told apart, read with the day first";
        oddities.push(Oddity::new(what, "", 0));
    }
    certain.unwrap_or_default()
}

/// Minutes ahead of UTC: `+02:00`, `-0530`, `UTC`, `Z`.
pub(super) fn offset(text: &str) -> Option<i32> {
    let text = text.trim();
    let text = text.strip_prefix("UTC").or(text.strip_prefix("GMT")).unwrap_or(text);
    if text.is_empty() || text == "Z" {
        return Some(0);
    }
    let (sign, rest) = match text.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let digits: String = rest.chars().filter(|it| *it != ':').collect();
    let number: i32 = digits.parse().ok()?;
    let minutes = match digits.len() {
        1 | 2 => number.checked_mul(60)?,
        4 => (number / 100).checked_mul(60)?.checked_add(number % 100)?,
        _ => return None,
    };
    (minutes <= 14 * 60).then(|| minutes.saturating_mul(sign))
}

/// Reads a time, by a format or by its look; with its own distance from UTC where it has one.
pub(super) fn read(text: &str, format: Option<&str>, order: DateOrder) -> Option<(Civil, Option<i32>)> {
    let (civil, offset) = match format {
        Some(format) => formatted(text, format)?,
        None => guessed(text, order)?,
    };
    civil.instant(0)?;
    Some((civil, offset))
}

/// By a format of `strftime`; other signs stand for themselves, white space for any.
fn formatted(text: &str, format: &str) -> Option<(Civil, Option<i32>)> {
    let mut civil = Civil { year: 0, month: 1, day: 1, hour: 0, minute: 0, second: 0 };
    let (mut rest, mut zone, mut afternoon) = (text.trim(), None, None);
    let mut signs = format.trim().chars();
    while let Some(sign) = signs.next() {
        if sign.is_whitespace() {
            rest = rest.trim_start();
            continue;
        }
        if sign != '%' {
            rest = rest.strip_prefix(sign)?;
            continue;
        }
        let kind = signs.next()?;
        match kind {
            'Y' => civil.year = i64::from(digits(&mut rest, 4)?),
            'y' => civil.year = i64::from(digits(&mut rest, 2)?).saturating_add(2000),
            'z' => (zone, rest) = (Some(offset(rest)?), ""),
            'p' => {
                afternoon = Some(rest.get(..1)?.eq_ignore_ascii_case("p"));
                rest = rest.get(2..)?;
            }
            _ => {
                let value = u8::try_from(digits(&mut rest, 2)?).ok()?;
                match kind {
                    'm' => civil.month = value,
                    'd' => civil.day = value,
                    'H' | 'I' => civil.hour = value,
                    'M' => civil.minute = value,
                    'S' => civil.second = value,
                    _ => return None,
                }
            }
        }
    }
    civil.hour = twelve(civil.hour, afternoon);
    Some((civil, zone))
}

fn digits(rest: &mut &str, most: usize) -> Option<u32> {
    let length = rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
    let (number, after) = rest.split_at_checked(length)?;
    *rest = after;
    number.parse().ok()
}

/// By its look: numbers in the order year, month, day or with the year third, then the time of day.
fn guessed(text: &str, order: DateOrder) -> Option<(Civil, Option<i32>)> {
    let (body, zone) = own_zone(text);
    let spread = spread(body);
    let runs = runs(spread.as_deref().unwrap_or(body));
    let [(a, length), (b, _), (c, _), time @ ..] = runs.as_slice() else { return None };
    let (year, month, day) = match order {
        _ if *length == 4 => (*a, *b, *c),
        DateOrder::DayFirst => (*c, *b, *a),
        DateOrder::MonthFirst => (*c, *a, *b),
    };
    let year = if year < 100 { year.checked_add(2000)? } else { year };
    let part = |at: usize| time.get(at).map_or(Some(0), |(value, _)| u8::try_from(*value).ok());
    let lower = text.to_ascii_lowercase();
    let afternoon = match (lower.contains("pm"), lower.contains("am")) {
        (true, _) => Some(true),
        (_, true) => Some(false),
        _ => None,
    };
    let civil = Civil {
        year: i64::from(year),
        month: u8::try_from(month).ok()?,
        day: u8::try_from(day).ok()?,
        hour: twelve(part(0)?, afternoon),
        minute: part(1)?,
        second: part(2)?,
    };
    Some((civil, zone))
}

/// The zone at the end of an ISO 8601 time.
fn own_zone(text: &str) -> (&str, Option<i32>) {
    if let Some(body) = text.strip_suffix('Z') {
        return (body, Some(0));
    }
    let Some(colon) = text.find(':') else { return (text, None) };
    let sign = text.rfind(['+', '-']).filter(|at| *at > colon);
    match sign.and_then(|at| text.split_at_checked(at)) {
        Some((body, zone)) => match offset(zone) {
            Some(offset) => (body, Some(offset)),
            None => (text, None),
        },
        None => (text, None),
    }
}

/// `20190321074105` and `20190321` with spaces between their numbers.
fn spread(text: &str) -> Option<String> {
    let head: String = text.chars().take_while(char::is_ascii_digit).collect();
    if !matches!(head.len(), 8 | 12 | 14) {
        return None;
    }
    let mut spread = head.get(..4)?.to_owned();
    for pair in head.as_bytes().get(4..)?.chunks(2) {
        spread.push(' ');
        spread.extend(pair.iter().map(|it| char::from(*it)));
    }
    spread.push(' ');
    spread.push_str(text.get(head.len()..)?);
    Some(spread)
}

/// The numbers of a text, and how many digits each has.
fn runs(text: &str) -> Vec<(u32, usize)> {
    let runs = text.split(|it: char| !it.is_ascii_digit()).filter(|it| !it.is_empty());
    runs.take(8).map_while(|it| Some((it.parse().ok()?, it.len()))).collect()
}

fn twelve(hour: u8, afternoon: Option<bool>) -> u8 {
    match afternoon {
        Some(true) if hour < 12 => hour.saturating_add(12),
        Some(false) if hour == 12 => 0,
        _ => hour,
    }
}

#[cfg(test)]
mod tests {
    use super::{DateOrder, offset, read};

    #[test]
    fn times_by_their_look() {
        let (day, month) = (DateOrder::DayFirst, DateOrder::MonthFirst);
        let rows = [
            ("2019-03-21 07:41:05", day, Some(("2019-03-21T07:41:05", None))),
            ("2019-03-21T07:41:05+02:00", day, Some(("2019-03-21T07:41:05", Some(120)))),
            ("21.03.2019 07:41", day, Some(("2019-03-21T07:41:00", None))),
            ("21.03.19 7:41:05", day, Some(("2019-03-21T07:41:05", None))),
            ("3/21/2019 7:41 PM", month, Some(("2019-03-21T19:41:00", None))),
            ("3/21/2019 12:41 AM", month, Some(("2019-03-21T00:41:00", None))),
            ("20190321074105", day, Some(("2019-03-21T07:41:05", None))),
            ("20190321 07:41", day, Some(("2019-03-21T07:41:00", None))),
            ("2019年03月21日 07:41:05", day, Some(("2019-03-21T07:41:05", None))),
            ("32.03.2019", day, None),
            ("Total", day, None),
        ];
        for (text, order, expected) in rows {
            let read = read(text, None, order).map(|(it, zone)| (it.instant(0).unwrap().to_string(), zone));
            let expected = expected.map(|(it, zone)| (format!("{it}.000000Z"), zone));
            assert_eq!(read, expected, "{text}");
        }
    }

    #[test]
    fn times_by_a_format() {
        let rows = [
            ("21/03/19 - 07h41", "%d/%m/%y - %Hh%M", Some("2019-03-21T07:41:00.000000Z")),
            ("7:41 PM, 21-3-2019", "%I:%M %p, %d-%m-%Y", Some("2019-03-21T19:41:00.000000Z")),
            ("21/03/19", "%d.%m.%y", None),
            ("21", "%Q", None),
        ];
        for (text, format, expected) in rows {
            let read = read(text, Some(format), DateOrder::DayFirst);
            let read = read.map(|(it, _)| it.instant(0).unwrap().to_string());
            assert_eq!(read.as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn zones() {
        for (text, expected) in
            [("+02:00", Some(120)), ("-0530", Some(-330)), ("UTC", Some(0)), ("+3", Some(180))]
        {
            assert_eq!(offset(text), expected);
        }
        assert_eq!(offset("Europe/Vilnius"), None);
    }
}
