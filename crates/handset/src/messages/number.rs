//! Telephone numbers as messages and bills write them, compared by what they have in common.

use std::fmt;

/// A number without its separators: digits with `+` before an international one, or a name (`Google`) as
/// networks let senders have.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Number(String);

impl Number {
    /// The number in `text`; none where there is neither digit nor letter.
    ///
    /// `00` at the beginning of a long number is read as `+`.
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        let text = text.strip_prefix("tel:").or(text.strip_prefix("sms:")).unwrap_or(text);
        let separator = |it: char| it.is_whitespace() || matches!(it, '-' | '.' | '(' | ')' | '/' | '\u{a0}');
        let plain: String = text.chars().filter(|it| !separator(*it)).collect();
        let digits = plain.trim_start_matches('+');
        if digits.is_empty() || !digits.chars().all(|it| it.is_ascii_digit() || matches!(it, '*' | '#')) {
            let name = text.chars().any(char::is_alphanumeric);
            return name.then(|| Self(text.to_owned()));
        }
        match plain.strip_prefix("00") {
            Some(rest) if rest.len() >= 8 => Some(Self(format!("+{rest}"))),
            _ => Some(Self(plain)),
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether both can be the same subscriber: equal, or long numbers whose last seven digits are equal
    /// and that do not contradict each other in what both have before (a leading 0 is no part of either).
    ///
    /// Of a number whose end is blanked out (`+37060012xxx`, as bills have it) the rest must agree.
    pub fn is_like(&self, other: &Self) -> bool {
        if self.0.eq_ignore_ascii_case(&other.0) {
            return true;
        }
        if let Some((shown, hidden)) = self.blanked().or(other.blanked()) {
            let whole = if self.blanked().is_some() { other } else { self };
            let digits = whole.significant().and_then(|it| it.get(..it.len().checked_sub(hidden)?));
            return digits.is_some_and(|it| ends_alike(it, shown, SHOWN));
        }
        let (Some(a), Some(b)) = (self.significant(), other.significant()) else { return false };
        ends_alike(a, b, TAIL)
    }

    /// The significant digits that are shown of a number whose end is not, and how many are not.
    fn blanked(&self) -> Option<(&str, usize)> {
        let shown = self.0.trim_end_matches(['x', 'X', '*', '.']);
        let hidden = self.0.len().checked_sub(shown.len()).filter(|it| (1..=6).contains(it))?;
        let digits = shown.trim_start_matches('+').trim_start_matches('0');
        let only = digits.len() >= SHOWN && digits.bytes().all(|it| it.is_ascii_digit());
        only.then_some((digits, hidden))
    }

    /// The digits without a sign and without the trunk's 0; none for names.
    fn significant(&self) -> Option<&str> {
        let digits = self.0.trim_start_matches('+');
        let only = !digits.is_empty() && digits.bytes().all(|it| it.is_ascii_digit());
        only.then(|| if self.0.starts_with('+') { digits } else { digits.trim_start_matches('0') })
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether two texts can name the same subscriber.
pub fn same_number(a: &str, b: &str) -> bool {
    match (Number::new(a), Number::new(b)) {
        (Some(a), Some(b)) => a.is_like(&b),
        _ => false,
    }
}

/// Whether one is the end of the other, and long enough to say something.
fn ends_alike(a: &str, b: &str, least: usize) -> bool {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    short.len() >= least && long.ends_with(short)
}

/// Digits that must be shown of a number whose end is blanked out.
const SHOWN: usize = 5;

/// Digits that must agree: national numbers without the trunk digit are hardly shorter, and Android itself
/// compares seven.
const TAIL: usize = 7;

#[cfg(test)]
mod tests {
    use super::same_number;

    #[test]
    fn the_same_subscriber() {
        let rows = [
            ("+4915112313123", "0151 1231 3123", true),
            ("+4915112313123", "004915112313123", true),
            ("1 555-521-5554", "15555215554", true),
            ("15555215554", "5215554", true),
            ("+4915112313123", "+4815112313123", false),
            ("+4915112313123", "0152 1231 3123", false),
            ("Google", "google", true),
            ("Google", "466453", false),
            ("12345", "12345", true),
            ("12345", "912345", false),
            ("+4915112313xxx", "+4915112313123", true),
            ("015112313XXX", "+4915112313123", true),
            ("+4915112314xxx", "+4915112313123", false),
            ("", "", false),
        ];
        for (a, b, same) in rows {
            assert_eq!(same_number(a, b), same, "{a} and {b}");
            assert_eq!(same_number(b, a), same, "{b} and {a}");
        }
    }
}
