//! Reading the text that Android's tools print for people: words, numbers, `key=value`.

use std::str::FromStr;

/// What is left of a text that is read from its beginning.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scan<'a> {
    rest: &'a str,
}

impl<'a> Scan<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { rest: text }
    }

    /// What has not been read.
    pub(crate) fn rest(&self) -> &'a str {
        self.rest
    }

    /// Reads `text`, where it comes next.
    pub(crate) fn eat(&mut self, text: &str) -> Option<()> {
        self.rest = self.rest.strip_prefix(text)?;
        Some(())
    }

    /// Passes over blanks, if any.
    pub(crate) fn blanks(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t']);
    }

    /// Reads up to the next blank; at least one character.
    pub(crate) fn word(&mut self) -> Option<&'a str> {
        self.blanks();
        self.take(self.rest.find([' ', '\t']).unwrap_or(self.rest.len()))
    }

    /// Reads up to `mark`, and `mark`.
    pub(crate) fn until(&mut self, mark: &str) -> Option<&'a str> {
        let (read, rest) = self.rest.split_once(mark)?;
        self.rest = rest;
        Some(read)
    }

    /// Reads digits; at least one.
    pub(crate) fn digits(&mut self) -> Option<&'a str> {
        let end = self.rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.rest.len());
        self.take(end)
    }

    /// Reads a number that is as long as its digits.
    pub(crate) fn number<T: FromStr>(&mut self) -> Option<T> {
        let before = self.rest;
        let read = self.digits()?.parse().ok();
        if read.is_none() {
            self.rest = before;
        }
        read
    }

    /// Reads a number of exactly `count` digits.
    pub(crate) fn fixed(&mut self, count: usize) -> Option<u32> {
        let digits = self.rest.get(..count)?;
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        self.rest = self.rest.get(count..)?;
        digits.parse().ok()
    }

    fn take(&mut self, count: usize) -> Option<&'a str> {
        let (read, rest) = self.rest.split_at_checked(count).filter(|(read, _)| !read.is_empty())?;
        self.rest = rest;
        Some(read)
    }
}

/// What stands behind the first `key` of `text`.
pub(crate) fn after<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    text.split_once(key).map(|(_, rest)| rest)
}

/// What stands between the first `open` and the next `close` behind it.
pub(crate) fn between<'a>(text: &'a str, open: &str, close: &str) -> Option<&'a str> {
    after(text, open)?.split_once(close).map(|(inner, _)| inner)
}

/// The value of `key=value`, where `key` is a whole word of `text`: up to a blank, comma or closing bracket.
pub(crate) fn value<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let mut at = 0;
    loop {
        let found = text.get(at..)?.find(key)?.checked_add(at)?;
        let behind = found.checked_add(key.len())?;
        if is_word(text, found)
            && let Some(value) = text.get(behind..)?.strip_prefix('=')
        {
            let end = value.find([' ', ',', '}', ']', ')', ';', '\t']).unwrap_or(value.len());
            return value.get(..end).filter(|value| !value.is_empty());
        }
        at = behind;
    }
}

/// The number of `key=number`.
pub(crate) fn number<T: FromStr>(text: &str, key: &str) -> Option<T> {
    value(text, key)?.parse().ok()
}

/// Whether a word begins at `at`: nothing that belongs to a word stands before.
fn is_word(text: &str, at: usize) -> bool {
    let before = text.get(..at).and_then(|before| before.chars().next_back());
    !before.is_some_and(|before| before.is_alphanumeric() || before == '_' || before == '.')
}

/// How far a line is indented.
pub(crate) fn indent(text: &str) -> usize {
    text.len().saturating_sub(text.trim_start_matches([' ', '\t']).len())
}

/// Milliseconds of a length of time as Android prints it, `+1d2h3m4s5ms`; also `-…`, `0` and without a sign.
pub(crate) fn milliseconds(text: &str) -> Option<i64> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    if digits == "0" {
        return Some(0);
    }
    let mut scan = Scan::new(digits);
    let mut sum = 0i64;
    while !scan.rest().is_empty() {
        let count: i64 = scan.number()?;
        let unit = unit(&mut scan)?;
        sum = sum.checked_add(count.checked_mul(unit)?)?;
    }
    (!digits.is_empty()).then(|| sum.checked_mul(sign)).flatten()
}

/// The milliseconds of the unit that comes next.
fn unit(scan: &mut Scan<'_>) -> Option<i64> {
    const UNITS: [(&str, i64); 5] =
        [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];
    UNITS.iter().find(|(name, _)| scan.eat(name).is_some()).map(|(_, length)| *length)
}

/// The package of a component, `package/class`; `None` where this is no component.
pub(crate) fn package_of(component: &str) -> Option<&str> {
    component.split_once('/').map(|(package, _)| package).filter(|package| is_package(package))
}

/// Whether this can be the name of a package: letters, digits, `_` and dots, a letter first.
pub(crate) fn is_package(name: &str) -> bool {
    name.len() <= 255
        && name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '.' || c == '_')
}

#[cfg(test)]
mod tests {
    use super::{milliseconds, package_of, value};

    #[test]
    fn values_are_of_whole_words() {
        let text = "  a.uid=1 uid=10147 set=DEFAULT, tag=0xff} last=";
        assert_eq!(value(text, "uid"), Some("10147"));
        assert_eq!(value(text, "set"), Some("DEFAULT"));
        assert_eq!(value(text, "tag"), Some("0xff"));
        assert_eq!(value(text, "last"), None);
        assert_eq!(value(text, "id"), None);
        assert_eq!(value("uidé uid=3", "uid"), Some("3"));
    }

    #[test]
    fn lengths_of_time() {
        let rows = [
            ("+1d2h3m4s5ms", Some(93_784_005)),
            ("-11s661ms", Some(-11_661)),
            ("0", Some(0)),
            ("+16m", Some(960_000)),
            ("none", None),
            ("", None),
            ("+99999999999999999999d", None),
            ("9223372036854775807d", None),
        ];
        for (text, expected) in rows {
            assert_eq!(milliseconds(text), expected, "{text}");
        }
    }

    #[test]
    fn components_name_their_package() {
        assert_eq!(package_of("com.example.app/.Main"), Some("com.example.app"));
        assert_eq!(package_of("android/x"), Some("android"));
        assert_eq!(package_of("/data/app"), None);
        assert_eq!(package_of("com.example"), None);
    }
}
