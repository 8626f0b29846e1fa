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
    /// In the list that comes with the program, with the reason why it is there.
    List(String),
    /// In a field of the same message or connection, named.
    MessageField(String),
    /// The name of an app's package.
    PackageName,
    /// A time, written so.
    Time(String),
}

impl Salt {
    /// Where it was found, to stand after "the salt is".
    pub fn words(&self) -> String {
        match &self.origin {
            Origin::AppConstant(name) => format!("a constant of the app ({name})"),
            Origin::List(reason) => format!("one that is in every list ({reason})"),
            Origin::MessageField(name) => format!("the field {name} sent along"),
            Origin::PackageName => "the app's package name".to_owned(),
            Origin::Time(form) => format!("the time ({form})"),
        }
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

    /// The writings of a time in seconds since 1970, UTC: seconds, minutes, hours, days as numbers, and the date.
    /// Milliseconds nobody can guess: where they are sent along they are a field of the message.
    pub fn times(seconds: u64) -> Vec<Self> {
        let (year, month, day) = Timestamp::new(i64::try_from(seconds).unwrap_or(i64::MAX), 0).date();
        let rows = [
            ("seconds", seconds.to_string()),
            ("minutes", (seconds / 60).to_string()),
            ("hours", (seconds / 3600).to_string()),
            ("days", (seconds / 86_400).to_string()),
            ("yyyymmdd", format!("{year:04}{month:02}{day:02}")),
            ("yyyy-mm-dd", format!("{year:04}-{month:02}-{day:02}")),
            ("yyyymm", format!("{year:04}{month:02}")),
            ("yyyymmddhh", format!("{year:04}{month:02}{day:02}{:02}", seconds / 3600 % 24)),
        ];
        rows.map(|(form, text)| Self { bytes: text.into_bytes(), origin: Origin::Time(form.to_owned()) })
            .to_vec()
    }
}

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
