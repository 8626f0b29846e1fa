//! What a TOML file says of an operator's columns.
//!
//! ```toml
//! delimiter = ";"              # else the sign that splits the first lines best
//! encoding = "windows-1257"    # else UTF-8, or what makes the header readable
//! header = true                # false: there is none, columns are numbers
//! time_format = "%d.%m.%Y %H:%M:%S"
//! order = "day-first"          # or "month-first", for formats that are guessed
//! zone = "+02:00"              # else the times' zone is not known
//! decimal = ","
//!
//! [columns]                    # names of the header, or numbers from 1
//! date = "Data"
//! time = 2
//! number = "Numeris"
//! kind = "Paslauga"
//! units = "Kiekis"
//! direction = "Kryptis"
//!
//! [kinds]                      # words of the kind's column
//! sms = ["Trumpoji"]
//! ```

use std::collections::BTreeMap;

use serde::Deserialize;
use thiserror::Error;

use super::{
    BillKind, DateOrder, time,
    words::{self, Role},
};

/// What is known of a bill's form; all of it may be left out.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mapping {
    /// The character between columns, an ASCII one.
    pub delimiter: Option<char>,
    /// The encoding, by the names of the WHATWG.
    pub encoding: Option<String>,
    /// Whether there is a header.
    pub header: Option<bool>,
    /// How times are written, with the signs of `strftime`: `%Y %y %m %d %H %I %M %S %p %z`.
    pub time_format: Option<String>,
    /// Which number is the day, where `time_format` is not given.
    pub order: Option<DateOrder>,
    /// The clock's distance from UTC: `+02:00`, `UTC`.
    pub zone: Option<String>,
    /// The sign before fractions.
    pub decimal: Option<char>,
    /// Which column is what.
    pub columns: Columns,
    /// Words of the kind's column, by `sms`, `mms`, `call` and `data`.
    pub kinds: BTreeMap<String, Vec<String>>,
}

/// Which column is what.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Columns {
    /// The date, where it is a column of its own, or with the time.
    pub date: Option<ColumnName>,
    /// The time.
    pub time: Option<ColumnName>,
    /// The other side.
    pub number: Option<ColumnName>,
    /// What was charged.
    pub kind: Option<ColumnName>,
    /// How much of it.
    pub units: Option<ColumnName>,
    /// Which way it went.
    pub direction: Option<ColumnName>,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum ColumnName {
    /// By its header.
    Name(String),
    /// By its number, from 1.
    Number(usize),
}

/// Why a mapping cannot be used.
#[derive(Debug, Error)]
pub enum MappingError {
    /// A kind is none of the four.
    #[error("kinds.{0}: known are sms, mms, call and data")]
    Kind(String),
    /// The text is no TOML, or has other keys.
    #[error("{0}")]
    Toml(Box<toml::de::Error>),
    /// The zone is no distance from UTC. Names of places are not known here: their rules change.
    #[error("zone {0:?}: write it as +02:00, or leave it out where it changes within the bill")]
    Zone(String),
    /// The delimiter is no single byte.
    #[error("delimiter {0:?}: only ASCII is possible")]
    Delimiter(char),
}

impl Mapping {
    /// Reads a mapping.
    ///
    /// # Errors
    /// Where the text is no TOML, has unknown keys, or values that make no sense.
    pub fn from_toml(text: &str) -> Result<Self, MappingError> {
        let mapping: Self = toml::from_str(text).map_err(|error| MappingError::Toml(Box::new(error)))?;
        if let Some(zone) = mapping.zone.as_ref().filter(|it| time::offset(it).is_none()) {
            return Err(MappingError::Zone(zone.clone()));
        }
        if let Some(delimiter) = mapping.delimiter.filter(|it| !it.is_ascii()) {
            return Err(MappingError::Delimiter(delimiter));
        }
        if let Some(kind) = mapping.kinds.keys().find(|it| kind_named(it).is_none()) {
            return Err(MappingError::Kind(kind.clone()));
        }
        Ok(mapping)
    }

    pub(super) fn offset(&self) -> Option<i32> {
        time::offset(self.zone.as_deref()?)
    }

    pub(super) fn kind(&self, text: Option<&str>) -> BillKind {
        let Some(text) = text else { return BillKind::Unknown };
        let lower = text.to_lowercase();
        let named =
            self.kinds.iter().find(|(_, words)| words.iter().any(|it| lower.contains(&it.to_lowercase())));
        named.and_then(|(kind, _)| kind_named(kind)).unwrap_or_else(|| words::kind(text))
    }

    /// The columns by number alone.
    pub(super) fn numbered(&self) -> [Option<usize>; Role::ALL.len()] {
        Role::ALL.map(|role| match self.column(role)? {
            ColumnName::Number(number) => number.checked_sub(1),
            ColumnName::Name(_) => None,
        })
    }

    /// The columns of a header: those the mapping names, and, where it names none, those whose words fit best.
    pub(super) fn columns_of(&self, header: &[String]) -> [Option<usize>; Role::ALL.len()] {
        let mut columns = self.numbered();
        for (column, role) in columns.iter_mut().zip(Role::ALL) {
            if let Some(ColumnName::Name(name)) = self.column(role) {
                let wanted = name.trim().to_lowercase();
                *column = header.iter().position(|cell| cell.trim().to_lowercase() == wanted);
            }
        }
        let mut fits: Vec<(usize, usize, usize)> = Vec::new();
        for (at, role) in Role::ALL.into_iter().enumerate().filter(|(_, role)| self.column(*role).is_none()) {
            let cells = header.iter().enumerate().take(MOST_COLUMNS);
            fits.extend(cells.filter_map(|(cell, text)| Some((role.fits(text)?, at, cell))));
        }
        fits.sort_by(|a, b| b.0.cmp(&a.0).then(a.2.cmp(&b.2)));
        for (_, role, cell) in fits {
            let taken = columns.contains(&Some(cell));
            if let Some(column) = columns.get_mut(role).filter(|it| it.is_none() && !taken) {
                *column = Some(cell);
            }
        }
        columns
    }

    fn column(&self, role: Role) -> Option<&ColumnName> {
        let columns = &self.columns;
        match role {
            Role::Date => columns.date.as_ref(),
            Role::Direction => columns.direction.as_ref(),
            Role::Kind => columns.kind.as_ref(),
            Role::Number => columns.number.as_ref(),
            Role::Time => columns.time.as_ref(),
            Role::Units => columns.units.as_ref(),
        }
    }
}

fn kind_named(name: &str) -> Option<BillKind> {
    match name {
        "call" => Some(BillKind::Call),
        "data" => Some(BillKind::Data),
        "mms" => Some(BillKind::Mms),
        "sms" => Some(BillKind::Sms),
        _ => None,
    }
}

/// Columns that are looked at; no bill has as many.
const MOST_COLUMNS: usize = 200;
