//! Telephone numbers: from any writing to ITU-T E.164, and its parts.
//!
//! Only what the numbering plan itself fixes is used: the lengths of country calling codes (E.164 annex),
//! and the trunk prefix that a country writes before national numbers.

/// A number's parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Parts<'a> {
    /// Country calling code, without `+`.
    pub(crate) country: &'a str,
    /// What follows it: the national significant number.
    pub(crate) national: &'a str,
    /// What is written before it within the country: mostly `0`, in some none.
    pub(crate) trunk: &'static str,
}

/// The canonical writing: `+` and digits where the country is known, else the digits as they are.
///
/// # Errors
/// Words on what is wrong.
pub(super) fn canonical(text: &str, calling_code: Option<u16>) -> Result<String, String> {
    let digits = digits(text)?;
    if let Some(rest) = digits.strip_prefix('+').or_else(|| digits.strip_prefix("00")) {
        return international(rest);
    }
    if digits.len() < 3 {
        return Err(format!("{} digits are no telephone number", digits.len()));
    }
    match calling_code.filter(|_| digits.len() >= SHORTEST_NATIONAL) {
        Some(code) => {
            let national = digits.strip_prefix(trunk(&code.to_string())).unwrap_or(&digits);
            international(&format!("{code}{national}"))
        }
        None => Ok(digits),
    }
}

/// The parts of a canonical number; `None` where its country is not known.
pub(crate) fn parts(canonical: &str) -> Option<Parts<'_>> {
    let digits = canonical.strip_prefix('+')?;
    let (country, national) = digits.split_at_checked(calling_code_len(digits)?)?;
    Some(Parts { country, national, trunk: trunk(country) })
}

/// Whether such a calling code can exist.
pub(super) fn is_calling_code(code: &str) -> bool {
    calling_code_len(code) == Some(code.len())
}

fn digits(text: &str) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    for (place, letter) in text.trim().replace("(0)", "").chars().enumerate() {
        match letter {
            '0'..='9' => out.push(letter),
            '+' if place == 0 => out.push('+'),
            ' ' | '-' | '.' | '/' | '(' | ')' | '\u{a0}' | '\u{2011}' => {}
            other => return Err(format!("{other:?} does not belong in a telephone number")),
        }
    }
    Ok(out)
}

fn international(digits: &str) -> Result<String, String> {
    match calling_code_len(digits) {
        None => Err(format!("no country calling code begins +{digits}")),
        Some(_) if !(7..=15).contains(&digits.len()) => {
            Err(format!("has {} digits after the +, a number has 7 to 15 (E.164)", digits.len()))
        }
        Some(_) => Ok(format!("+{digits}")),
    }
}

/// One digit in zones 1 and 7, two where listed, else three.
fn calling_code_len(digits: &str) -> Option<usize> {
    let first = digits.bytes().next()?;
    match first {
        b'0' => None,
        b'1' | b'7' => Some(1),
        _ if TWO_DIGITS.contains(&digits.get(..2)?) => Some(2),
        _ => digits.get(..3).map(str::len),
    }
}

fn trunk(country: &str) -> &'static str {
    TRUNKS.iter().find(|(code, _)| *code == country).map_or("0", |(_, trunk)| trunk)
}

/// Shorter ones are service numbers, the same in no two countries.
const SHORTEST_NATIONAL: usize = 6;

/// Calling codes of two digits (ITU-T E.164, list of assigned codes).
const TWO_DIGITS: &[&str] = &[
    "20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45", "46", "47", "48",
    "49", "51", "52", "53", "54", "55", "56", "57", "58", "60", "61", "62", "63", "64", "65", "66", "81",
    "82", "84", "86", "90", "91", "92", "93", "94", "95", "98",
];

/// Countries whose trunk prefix is not `0` (ITU operational bulletin, national numbering plans). China
/// writes `0` before area codes only; mobile numbers, all that matters here, stand without.
const TRUNKS: &[(&str, &str)] = &[
    ("1", "1"),
    ("7", "8"),
    ("30", ""),
    ("34", ""),
    ("36", "06"),
    ("39", ""),
    ("45", ""),
    ("47", ""),
    ("48", ""),
    ("52", ""),
    ("65", ""),
    ("86", ""),
    ("351", ""),
    ("352", ""),
    ("356", ""),
    ("357", ""),
    ("370", "0"),
    ("371", ""),
    ("372", ""),
    ("375", "80"),
    ("420", ""),
    ("506", ""),
    ("507", ""),
    ("852", ""),
    ("853", ""),
    ("965", ""),
    ("968", ""),
    ("973", ""),
    ("974", ""),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writings_of_one_number_are_one() {
        let rows = [
            ("+49 151 23456789", None),
            ("+49 (0)151 / 234-567.89", None),
            ("0049 151 23456789", None),
            ("0151 23456789", Some(49)),
            ("15123456789", Some(49)),
        ];
        for (text, code) in rows {
            assert_eq!(canonical(text, code).as_deref(), Ok("+4915123456789"), "{text}");
        }
    }

    #[test]
    fn trunk_prefixes_follow_the_country() {
        let rows = [
            ("+4915123456789", "49", "0"),
            ("+12125550123", "1", "1"),
            ("+3933312345678", "39", ""),
            ("+79161234567", "7", "8"),
            ("+35812345678", "358", "0"),
            ("+8613812345678", "86", ""),
        ];
        for (number, country, trunk) in rows {
            let parts = parts(number).unwrap();
            assert_eq!((parts.country, parts.trunk), (country, trunk), "{number}");
        }
        assert_eq!(parts("110"), None);
    }

    #[test]
    fn what_is_no_number_says_why() {
        assert!(canonical("0800-CALL-ME", None).unwrap_err().contains("'C'"));
        assert!(canonical("+0123456789", None).unwrap_err().contains("country calling code"));
        assert!(canonical("+491", None).unwrap_err().contains("7 to 15"));
        assert!(canonical("1", None).is_err());
        assert_eq!(canonical("110", Some(49)).as_deref(), Ok("110"));
    }
}
