//! Telephone numbers (ITU-T E.164), checked against the numbering plans of libphonenumber.
//!
//! A full check takes microseconds, the first one some tens of milliseconds to load the plans; a cheap
//! look at length and characters goes before it.

use std::borrow::Cow;

use phonenumber::{Mode, Type, country::Id, metadata::DATABASE};

use crate::country;

/// What a number says that a numbering plan holds valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhoneFacts {
    /// The number in its international form: `+8613800138000`.
    pub e164: String,
    /// Calling code: 86.
    pub calling_code: u16,
    /// The country, ISO 3166-1 alpha-2; `None` for international services.
    pub country: Option<&'static str>,
    /// What it is for.
    pub line: Line,
}

/// What a number is for, as far as its numbering plan tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Line {
    /// A house or office.
    Fixed,
    /// A house, an office or a phone: the plan does not tell (North America).
    FixedOrMobile,
    /// A phone that is carried.
    Mobile,
    /// A service: free or dear numbers, voice mail, pagers, internet telephony.
    Service,
    /// The plan does not tell.
    Unknown,
}

/// Reads `text` as a telephone number. International numbers start with `+` or `00`; others need
/// `default_region` (ISO 3166-1 alpha-2), the country in which they are dialled. `None` where the text has
/// other characters than numbers are written with, or no numbering plan holds it valid.
pub fn parse(text: &str, default_region: Option<&str>) -> Option<PhoneFacts> {
    let candidate = candidate(text)?;
    if !candidate.starts_with('+') && default_region.is_none() {
        return None;
    }
    let region = default_region.and_then(|code| code.to_ascii_uppercase().parse::<Id>().ok());
    let number = phonenumber::parse(region, candidate.as_ref()).ok()?;
    if !number.is_valid() {
        return None;
    }
    let calling_code = number.country().code();
    Some(PhoneFacts {
        e164: number.format().mode(Mode::E164).to_string(),
        calling_code,
        country: number.country().id().and_then(|id| country::canonical(id.as_ref())),
        line: line(number.number_type(&DATABASE)),
    })
}

/// The cheap look: 7 to 15 digits, and only what people write between them. `00` becomes `+`.
fn candidate(text: &str) -> Option<Cow<'_, str>> {
    let text = text.trim();
    // A number with separators after every digit is still shorter.
    if text.len() > 40 {
        return None;
    }
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let usual = |byte: u8| byte.is_ascii_digit() || b" -./()".contains(&byte);
    let (sign, rest) = match text.strip_prefix('+') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    if !(7..=17).contains(&digits) || !rest.bytes().all(usual) {
        return None;
    }
    match rest.strip_prefix("00") {
        Some(international) if !sign => Some(Cow::Owned(format!("+{international}"))),
        _ => Some(Cow::Borrowed(text)),
    }
}

fn line(number: Type) -> Line {
    match number {
        Type::FixedLine => Line::Fixed,
        Type::FixedLineOrMobile => Line::FixedOrMobile,
        Type::Mobile => Line::Mobile,
        Type::Unknown => Line::Unknown,
        _ => Line::Service,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_they_are_written() {
        let rows = [
            ("+8613800138000", None, Some(("+8613800138000", Some("CN"), Line::Mobile))),
            ("008613800138000", None, Some(("+8613800138000", Some("CN"), Line::Mobile))),
            ("138 0013 8000", Some("cn"), Some(("+8613800138000", Some("CN"), Line::Mobile))),
            ("+358 40 123 4567", None, Some(("+358401234567", Some("FI"), Line::Mobile))),
            ("(030) 901820", Some("DE"), Some(("+4930901820", Some("DE"), Line::Fixed))),
            ("+1 650-253-0000", None, Some(("+16502530000", Some("US"), Line::FixedOrMobile))),
            ("+1 800 253 0000", None, Some(("+18002530000", None, Line::Service))),
        ];
        for (text, region, expected) in rows {
            let found = parse(text, region);
            let found = found.as_ref().map(|facts| (facts.e164.as_str(), facts.country, facts.line));
            let country_matters = expected.is_some_and(|(_, country, _)| country.is_some());
            let expected = match (country_matters, &found) {
                (false, Some((_, country, _))) => expected.map(|(e164, _, line)| (e164, *country, line)),
                _ => expected,
            };
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn other_texts_are_none() {
        let rows = [
            ("13800138000", None),
            ("13800138000", Some("ZZ")),
            ("+123", None),
            ("+999123456789", None),
            ("2019-03-21 07:41:05", Some("US")),
            ("192.168.100.200", None),
            ("call 030 901820", Some("DE")),
            ("+", Some("DE")),
            ("", Some("DE")),
            ("١٢٣٤٥٦٧٨", Some("EG")),
        ];
        for (text, region) in rows {
            assert_eq!(parse(text, region), None, "{text}");
        }
        assert_eq!(parse(&"1".repeat(100_000), Some("US")), None);
    }
}
