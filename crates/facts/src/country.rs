//! Countries: names, calling codes and where to put a mark on a map, from `data/countries.tsv`.
//!
//! Codes are ISO 3166-1 alpha-2 in upper case, and the few that registries and phones use in their place
//! (`XK` for Kosovo, `AC` for Ascension). Look-ups take either case.

use std::collections::BTreeMap;
use std::sync::LazyLock;

/// The country's English name: `SG` → `Singapore`. `None` for codes that the table lacks.
pub fn name(code: &str) -> Option<&'static str> {
    row(code).map(|row| row.name)
}

/// The name as it stands inside a sentence: `the United States`, `Singapore`.
pub fn in_sentence(name: &str) -> String {
    let has_article = ARTICLES.iter().any(|word| name.starts_with(word) || name.ends_with(word));
    if has_article { format!("the {name}") } else { name.to_owned() }
}

/// The code as the table writes it: `sg` → `SG`.
pub fn canonical(code: &str) -> Option<&'static str> {
    row(code).map(|row| row.code)
}

/// Latitude and longitude in degrees of a point in the middle of the country's largest part: a place for
/// a mark on a map, nothing more.
pub fn centroid(code: &str) -> Option<(f32, f32)> {
    row(code).map(|row| row.middle)
}

/// The country's calling code (ITU-T E.164), without area codes: `US` → 1.
pub fn calling_code(code: &str) -> Option<u16> {
    row(code).and_then(|row| row.calling)
}

/// The countries that a calling code serves, the one with most lines first: 7 → `RU`, `KZ`. Empty for
/// codes that no country has (satellite and international services among them).
pub fn of_calling_code(calling: u16) -> Vec<&'static str> {
    let main = MAIN_COUNTRIES.iter().find(|(code, _)| *code == calling).map(|(_, country)| *country);
    let mut found: Vec<&'static str> =
        TABLE.values().filter(|row| row.calling == Some(calling)).map(|row| row.code).collect();
    found.sort_by_key(|code| (Some(*code) != main, *code));
    found
}

/// The country with most lines of a calling code; `None` where no country has it.
pub fn main_of_calling_code(calling: u16) -> Option<&'static str> {
    MAIN.get(usize::from(calling)).copied().flatten()
}

/// A country code as one number, 1 to 676, for packed tables; `None` where it is not two letters.
pub fn number(code: &str) -> Option<u16> {
    let [first, second] = code.as_bytes() else { return None };
    Some(letter(*first)? * 26 + letter(*second)? + 1)
}

/// The two upper-case letters of [`number`].
pub fn code(number: u16) -> Option<String> {
    let number = number.checked_sub(1).filter(|number| *number < 26 * 26)?;
    let letter = |value: u16| u8::try_from(value).ok().map(|value| char::from(b'A' + value));
    Some([letter(number / 26)?, letter(number % 26)?].iter().collect())
}

struct Row {
    code: &'static str,
    name: &'static str,
    calling: Option<u16>,
    middle: (f32, f32),
}

fn row(code: &str) -> Option<&'static Row> {
    TABLE.get(&number(code)?)
}

fn letter(byte: u8) -> Option<u16> {
    byte.is_ascii_alphabetic().then(|| u16::from(byte.to_ascii_uppercase() - b'A'))
}

static TABLE: LazyLock<BTreeMap<u16, Row>> =
    LazyLock::new(|| crate::rows(include_str!("../../../data/countries.tsv")).filter_map(parse).collect());

static MAIN: LazyLock<Vec<Option<&'static str>>> =
    LazyLock::new(|| (0..1000).map(|calling| of_calling_code(calling).first().copied()).collect());

fn parse(line: &'static str) -> Option<(u16, Row)> {
    let [code, name, calling, latitude, longitude] = crate::cells(line)?;
    let middle = (latitude.parse().ok()?, longitude.parse().ok()?);
    Some((number(code)?, Row { code, name, calling: calling.parse().ok(), middle }))
}

/// How names of countries begin or end that go with an article.
const ARTICLES: &[&str] = &[
    " Islands",
    " Republic",
    " Territories",
    " Territory",
    "Bahamas",
    "Comoros",
    "Democratic Republic",
    "French Southern",
    "Gambia",
    "Maldives",
    "Netherlands",
    "Philippines",
    "Republic of",
    "United ",
];
/// Calling codes that several countries share, and the one that has most of the lines.
const MAIN_COUNTRIES: &[(u16, &str)] = &[
    (1, "US"),
    (7, "RU"),
    (39, "IT"),
    (44, "GB"),
    (47, "NO"),
    (61, "AU"),
    (64, "NZ"),
    (212, "MA"),
    (262, "RE"),
    (290, "SH"),
    (358, "FI"),
    (500, "FK"),
    (590, "GP"),
    (599, "CW"),
    (672, "NF"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_codes_and_places() {
        assert_eq!(name("sg"), Some("Singapore"));
        assert_eq!(name("XK"), Some("Kosovo"));
        assert_eq!(name("ZZ"), None);
        assert_eq!(name("Singapore"), None);
        assert_eq!(calling_code("CA"), Some(1));
        assert_eq!(of_calling_code(7), ["RU", "KZ"]);
        assert_eq!(of_calling_code(86), ["CN"]);
        assert_eq!(of_calling_code(881), [""; 0]);
    }

    #[test]
    fn some_countries_have_an_article() {
        for (name, expected) in [
            ("United States", "the United States"),
            ("Netherlands", "the Netherlands"),
            ("Cook Islands", "the Cook Islands"),
            ("Finland", "Finland"),
            ("Ascension Island", "Ascension Island"),
        ] {
            assert_eq!(in_sentence(name), expected);
        }
    }

    #[test]
    fn marks_lie_in_the_country() {
        for (code, latitude, longitude) in [
            ("FI", 60.0..70.0, 20.0..32.0),
            ("SG", 1.2..1.5, 103.6..104.1),
            ("RU", 50.0..70.0, 60.0..120.0),
            ("AU", -30.0..-20.0, 125.0..145.0),
            ("US", 30.0..49.0, -125.0..-67.0),
        ] {
            let (y, x) = centroid(code).unwrap();
            assert!(latitude.contains(&y) && longitude.contains(&x), "{code} at {y}, {x}");
        }
    }

    #[test]
    fn every_row_of_the_table_is_read() {
        let rows = crate::rows(include_str!("../../../data/countries.tsv")).count();
        assert_eq!(TABLE.len(), rows);
        assert!(rows > 245);
    }

    #[test]
    fn codes_and_numbers_are_the_same_thing() {
        assert_eq!(
            (number("AA"), number("ZZ"), number("A1"), number("USA")),
            (Some(1), Some(676), None, None)
        );
        for value in 1..=676 {
            assert_eq!(code(value).as_deref().and_then(number), Some(value));
        }
        assert_eq!((code(0), code(677)), (None, None));
    }
}
