//! What programs mix into a digest: secrets of the app, fields of the message, the time, and words everybody uses.

use std::sync::LazyLock;

use evidence::Timestamp;
use serde::Deserialize;

/// Bytes that may have been mixed with a value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Salt {
    /// The bytes, without separators.
    pub bytes: Vec<u8>,
    /// Where they were found.
    pub origin: Origin,
}

/// Where a salt was found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// In a constant of an app's code or resources, named.
    AppConstant(String),
    /// Another value of the phone's, named.
    DeviceValue(String),
    /// In the list that comes with the program, with the reason why it is there.
    List(String),
    /// In a field of the same message or connection, named.
    MessageField(String),
    /// The name of an app's package.
    PackageName,
    /// A time, written so.
    Time(String),
    /// One before the value and one behind it, with a zero byte between them.
    Two(Box<(Origin, Origin)>),
}

impl Salt {
    /// Where it was found, to stand after "the salt is".
    pub fn words(&self) -> String {
        self.origin.words()
    }

    /// Salts by twos, as they stand before and behind a value: of the first few that stood in the message or are the
    /// app's, those whose names say that they are salts before the others.
    pub(super) fn pairs(salts: &[Self]) -> Vec<Self> {
        let own = |salt: &&Self| {
            matches!(salt.origin, Origin::AppConstant(_) | Origin::MessageField(_) | Origin::PackageName)
                && !salt.bytes.is_empty()
                && !salt.bytes.contains(&0)
        };
        let mut own: Vec<&Self> = salts.iter().filter(own).collect();
        own.sort_by_key(|salt| !salt.is_named());
        own.truncate(PAIRED);
        let of = |first: &Self, second: &Self| Self {
            bytes: [&first.bytes, &[0][..], &second.bytes].concat(),
            origin: Origin::Two(Box::new((first.origin.clone(), second.origin.clone()))),
        };
        let others = |first| own.iter().filter(move |second| !std::ptr::eq(first, **second));
        own.iter().flat_map(|first| others(*first).map(|second| of(first, second))).collect()
    }

    /// Whether it is two.
    pub(super) fn is_pair(&self) -> bool {
        matches!(self.origin, Origin::Two(_))
    }

    /// Whether the name of its field says that it is a salt, by one of its words.
    fn is_named(&self) -> bool {
        let Origin::MessageField(name) = &self.origin else { return false };
        words(name).any(|word| NAMES.iter().any(|known| word.eq_ignore_ascii_case(known)))
    }

    /// Whether there are so many of its origin that they are tried in the usual ways only.
    pub(super) fn is_wide(&self) -> bool {
        matches!(self.origin, Origin::DeviceValue(_))
    }

    /// The common salts of `data/salts.toml`.
    pub fn common() -> &'static [Self] {
        static COMMON: LazyLock<Vec<Salt>> = LazyLock::new(|| {
            let list: List = toml::from_str(include_str!("../../../../data/salts.toml")).unwrap_or_default();
            list.row
                .into_iter()
                .map(|row| Salt { bytes: row.text.into_bytes(), origin: Origin::List(row.reasoning) })
                .collect()
        });
        &COMMON
    }

    /// The writings of a time in seconds since 1970: seconds, minutes, hours, days as numbers, the same in seconds or
    /// milliseconds with the rest cut off, the date and the hour as text; then what it was shortly before, and what date
    /// it is elsewhere. Milliseconds nobody can guess: where they are sent along they are a field of the message.
    pub fn times(seconds: u64) -> Vec<Self> {
        let mut rows = written(seconds, "");
        rows.extend([60, 3600, 86_400].iter().flat_map(|unit| truncated(seconds, *unit)));
        for before in 1..=2 {
            rows.push((format!("seconds, {before} before"), seconds.saturating_sub(before).to_string()));
        }
        for (unit, length) in [("minutes", 60), ("hours", 3600)] {
            rows.push((format!("{unit}, one before"), (seconds / length).saturating_sub(1).to_string()));
        }
        rows.extend(written(seconds.saturating_add(8 * 3600), ", UTC+8").split_off(DIGITS));
        for (elsewhere, other) in [
            (", a day before", seconds.saturating_sub(86_400)),
            (", a day after", seconds.saturating_add(86_400)),
        ] {
            rows.extend(written(other, elsewhere).drain(DIGITS..DIGITS + 2));
        }
        let mut seen = std::collections::BTreeSet::new();
        rows.retain(|(_, text)| seen.insert(text.clone()));
        let salt =
            |(form, text): (String, String)| Self { bytes: text.into_bytes(), origin: Origin::Time(form) };
        rows.into_iter().map(salt).collect()
    }
}

impl Origin {
    fn words(&self) -> String {
        match self {
            Self::AppConstant(name) => format!("a constant of the app ({name})"),
            Self::DeviceValue(name) => format!("another value of the phone ({name})"),
            Self::List(reason) => format!("one that is in every list ({reason})"),
            Self::MessageField(name) => format!("the field {name} sent along"),
            Self::PackageName => "the app's package name".to_owned(),
            Self::Time(form) => format!("the time ({form})"),
            Self::Two(both) => format!("{} before it and {} behind it", both.0.words(), both.1.words()),
        }
    }
}

/// The words of a name, however they are joined: `app_key`, `app-key`, `appKey`, `APPKey`, `key2`.
fn words(name: &str) -> impl Iterator<Item = &str> {
    let bytes = name.as_bytes();
    let begins = move |at: usize| {
        let [before, here] = [at.wrapping_sub(1), at].map(|at| bytes.get(at).copied().unwrap_or(b'_'));
        let next_is_small = bytes.get(at + 1).is_some_and(u8::is_ascii_lowercase);
        let of_camel = here.is_ascii_uppercase() && (!before.is_ascii_uppercase() || next_is_small);
        before.is_ascii_alphabetic() != here.is_ascii_alphabetic() || of_camel
    };
    let mut at = 0;
    std::iter::from_fn(move || {
        let from = at;
        at = (from + 1..=bytes.len()).find(|end| *end == bytes.len() || begins(*end))?;
        // A name may hold letters of other alphabets, within which no word begins.
        Some(name.get(from..at).unwrap_or_default())
    })
}

/// A time as numbers and, from [`DIGITS`] on, as text, with names.
fn written(seconds: u64, elsewhere: &str) -> Vec<(String, String)> {
    let (year, month, day) = Timestamp::new(i64::try_from(seconds).unwrap_or(i64::MAX), 0).date();
    let hour = seconds / 3600 % 24;
    let rows = [
        ("seconds", seconds.to_string()),
        ("minutes", (seconds / 60).to_string()),
        ("hours", (seconds / 3600).to_string()),
        ("days", (seconds / 86_400).to_string()),
        ("yyyymmdd", format!("{year:04}{month:02}{day:02}")),
        ("yyyy-mm-dd", format!("{year:04}-{month:02}-{day:02}")),
        ("yyyymm", format!("{year:04}{month:02}")),
        ("yyyymmddhh", format!("{year:04}{month:02}{day:02}{hour:02}")),
        ("yyyy-mm-dd hh", format!("{year:04}-{month:02}-{day:02} {hour:02}")),
        ("yyyy-mm-ddThh", format!("{year:04}-{month:02}-{day:02}T{hour:02}")),
    ];
    rows.into_iter().map(|(form, text)| (format!("{form}{elsewhere}"), text)).collect()
}

/// A time without what is less than a unit, in seconds and milliseconds.
fn truncated(seconds: u64, unit: u64) -> [(String, String); 2] {
    let whole = seconds - seconds % unit.max(1);
    [
        (format!("seconds without those over {unit}"), whole.to_string()),
        (format!("milliseconds without seconds over {unit}"), format!("{whole}000")),
    ]
}

/// Salts of a message that are tried by twos, and what the names of fields say that hold one.
const PAIRED: usize = 7;
/// Words that are written together without a sign of it stand here as one.
const NAMES: &[&str] = &[
    "accesskey",
    "apikey",
    "app",
    "appid",
    "appkey",
    "appsecret",
    "apptoken",
    "authkey",
    "key",
    "nonce",
    "noncestr",
    "rand",
    "random",
    "randstr",
    "reqtime",
    "rnd",
    "salt",
    "secret",
    "secretkey",
    "skey",
    "time",
    "timestamp",
    "token",
    "ts",
];
/// Writings of a time that are numbers.
const DIGITS: usize = 4;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    row: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    text: String,
    reasoning: String,
    #[serde(rename = "source")]
    _source: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_read() {
        assert!(Salt::common().len() > 20);
        assert!(Salt::common().iter().all(|salt| !salt.bytes.is_empty()));
    }

    #[test]
    fn a_field_is_named_like_a_salt_by_whole_words() {
        let named =
            |name: &str| Salt { bytes: vec![1], origin: Origin::MessageField(name.to_owned()) }.is_named();
        for name in [
            "salt",
            "app_key",
            "app-key",
            "appKey",
            "APPKey",
            "Key2",
            "body.tokenValue",
            "ts",
            "schlüssel.key",
        ] {
            assert!(named(name), "{name}");
        }
        for name in
            ["assault", "basalt", "happy", "results", "sometimes", "brand", "monkey", "ké", "", "_", "TSLA"]
        {
            assert!(!named(name), "{name}");
        }
        assert_eq!(
            words("a1bCDe__fGÄh").collect::<Vec<_>>(),
            ["a", "1", "b", "C", "De", "__", "f", "G", "Ä", "h"]
        );
    }

    /// Computed with `date -u -d @…`.
    #[test]
    fn times_are_those_of_the_calendar() {
        for (seconds, date) in [(0, "19700101"), (951_782_400, "20000229"), (1_793_894_399, "20261105")] {
            let texts: Vec<_> = Salt::times(seconds).into_iter().map(|salt| salt.bytes).collect();
            assert!(texts.contains(&date.as_bytes().to_vec()), "{seconds}");
        }
        assert!(!Salt::times(u64::MAX).is_empty());
    }
}
