//! Numbers of SIM cards: ICCID (ITU-T E.118, ETSI TS 102 221 section 13.2).

use std::sync::LazyLock;

use super::{all_digits, is_made_up, luhn};
use crate::country;

/// What a number says that can be a SIM card's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IccidFacts<'a> {
    /// Calling code of the issuer's country, or of an international service (881 to 883).
    pub calling_code: u16,
    /// The country with most lines of that code; `None` for international issuers.
    pub country: Option<&'static str>,
    /// What follows the country: issuer, account, and check digit where there is one.
    pub issuer_and_account: &'a str,
    /// Whether the last of 19 digits, or the 19th or 20th of 20, is the right check digit. Most cards'
    /// is; some issuers (China) use the place otherwise.
    pub checked: bool,
}

/// Reads a number of 18 to 20 digits that can be an ICCID: starts with 89 and a calling code in use, and
/// is not made up. A padding `F` at the end is left out. 18 digits are a number without its check digit.
pub fn plausible_iccid(digits: &str) -> Option<IccidFacts<'_>> {
    let digits = digits.strip_suffix(['F', 'f']).unwrap_or(digits);
    if !matches!(digits.len(), 18..=20) || !all_digits(digits) {
        return None;
    }
    let rest = digits.strip_prefix("89")?;
    let (calling_code, issuer_and_account) = calling_code(rest)?;
    if is_made_up(issuer_and_account) {
        return None;
    }
    let country = country::main_of_calling_code(calling_code);
    let checked = digits.len() > 18 && (luhn(digits) || digits.get(..19).is_some_and(luhn));
    Some(IccidFacts { calling_code, country, issuer_and_account, checked })
}

/// Takes the calling code. Codes of one digit are written with a zero before (`8901…` is North America),
/// Russia's often without.
fn calling_code(rest: &str) -> Option<(u16, &str)> {
    let padded = rest.strip_prefix('0').is_some();
    let lengths: &[usize] = if padded { &[2] } else { &[1, 2, 3] };
    lengths.iter().find_map(|len| {
        let (code, after) = rest.split_at_checked(*len)?;
        let code: u16 = code.parse().ok()?;
        // 1 without its zero would make any number that starts 891 plausible; no issuer writes so.
        let written = padded || code != 1;
        (written && *IN_USE.get(usize::from(code))?).then_some((code, after))
    })
}

static IN_USE: LazyLock<Vec<bool>> = LazyLock::new(|| {
    (0..1000)
        .map(|code| INTERNATIONAL.contains(&code) || country::main_of_calling_code(code).is_some())
        .collect()
});

/// Calling codes of networks without a country that issue cards.
const INTERNATIONAL: &[u16] = &[881, 882, 883];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cards_tell_their_country() {
        let rows = [
            ("8986012938475610293", Some((86, Some("CN"), false))),
            ("8949020000012345670", Some((49, Some("DE"), true))),
            ("89014103211118510720", Some((1, Some("US"), true))),
            ("8935850012938475610F", Some((358, Some("FI"), false))),
            ("897019912345678901", Some((7, Some("RU"), false))),
            ("8988212938475610293", Some((882, None, false))),
            ("8991012938475610293", Some((91, Some("IN"), false))),
            ("8915012938475610293", None),
            ("8999912938475610293", None),
            ("1234567890123456781", None),
            ("89860129384756102", None),
            ("898601293847561029384", None),
            ("8986x12938475610293", None),
        ];
        for (digits, expected) in rows {
            let found =
                plausible_iccid(digits).map(|facts| (facts.calling_code, facts.country, facts.checked));
            let expected: Option<(u16, Option<&str>, bool)> = expected;
            assert_eq!(found.map(|f| (f.0, f.1)), expected.map(|e| (e.0, e.1)), "{digits}");
            assert_eq!(found.map(|f| f.2), expected.map(|e| e.2), "{digits}: check digit");
        }
    }
}
