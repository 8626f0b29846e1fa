//! Operators' itemised bills, as CSV, to their rows.
//!
//! No two operators write the same: a [`Mapping`] says which column is what; where it is silent, the words of
//! the header decide (`words.rs`), in English, German, French, Lithuanian and Chinese. What was taken for what
//! is said in [`Bill::read_as`], for a reader to check.

mod mapping;
mod time;
mod words;

use std::borrow::Cow;

use csv::{ByteRecord, ReaderBuilder};
use encoding_rs::{Encoding, GB18030, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252, WINDOWS_1257};
use evidence::Timestamp;

pub use mapping::{ColumnName, Columns, Mapping, MappingError};
pub use time::DateOrder;

use super::Direction;
use crate::{Found, Oddity};
use words::Role;

/// A bill's rows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bill {
    /// The rows that have a time or a number, in their order.
    pub rows: Vec<Found<BillRow>>,
    /// What the file was taken for.
    pub read_as: ReadAs,
    /// Rows that have neither: headings, sums, empty lines.
    pub skipped: u64,
    /// What was odd.
    pub oddities: Vec<Oddity>,
}

/// How a file was read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReadAs {
    /// The character between columns.
    pub delimiter: char,
    /// The encoding's name.
    pub encoding: &'static str,
    /// The header's place, where there is one.
    pub header: Option<(u64, u64)>,
    /// What each column was taken for, by its number from 1.
    pub columns: Vec<(usize, &'static str)>,
    /// Which of two numbers of a date is the day.
    pub order: DateOrder,
    /// Minutes the bill's clock is ahead of UTC, where the mapping or the rows say it.
    pub offset: Option<i32>,
}

/// A row.
#[derive(Clone, Debug, PartialEq)]
pub struct BillRow {
    /// When.
    pub time: Option<BillTime>,
    /// The other side, as it stands there; operators blank out its end (`+37060012xxx`).
    pub number: Option<String>,
    /// What was charged.
    pub kind: BillKind,
    /// The words that say so.
    pub kind_text: Option<String>,
    /// Which way, where the row says it.
    pub direction: Option<Direction>,
    /// Seconds, messages or bytes: the number as it stands there, with a point.
    pub units: Option<f64>,
}

/// A bill's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BillTime {
    /// The instant.
    At(Timestamp),
    /// What the operator's clock showed, as if it were UTC: its zone is not known.
    Local(Timestamp),
}

/// What a row charges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BillKind {
    /// A call.
    Call,
    /// Data.
    Data,
    /// A multimedia message.
    Mms,
    /// A short message.
    Sms,
    /// Not told, or none of these.
    #[default]
    Unknown,
}

/// Reads a bill. Without a `mapping`, or where it is silent, the header's words decide; where these do not
/// tell a time and a number either, there are no rows, and an [`Oddity`] says so.
pub fn read_bill(bytes: &[u8], mapping: Option<&Mapping>) -> Bill {
    let silent = Mapping::default();
    let mapping = mapping.unwrap_or(&silent);
    let bills = encodings(bytes, mapping).into_iter().map(|it| Reading::new(bytes, it).bill(mapping));
    // Of equal ones the first counts.
    bills.rev().max_by_key(Bill::understood).unwrap_or_default()
}

impl Bill {
    /// How much of it made sense: columns, then rows whose kind is known.
    fn understood(&self) -> (usize, usize) {
        let kinds = self.rows.iter().filter(|it| it.value.kind != BillKind::Unknown).count();
        (self.read_as.columns.len(), kinds)
    }
}

/// The encodings to try. Only where bytes are no UTF-8 is there a choice.
fn encodings(bytes: &[u8], mapping: &Mapping) -> Vec<&'static Encoding> {
    let named = mapping.encoding.as_deref().and_then(|name| Encoding::for_label(name.as_bytes()));
    let marked = Encoding::for_bom(bytes).map(|(encoding, _)| encoding);
    match named.or(marked) {
        Some(encoding) => vec![encoding],
        None if std::str::from_utf8(bytes).is_ok() => vec![UTF_8],
        None => vec![UTF_8, GB18030, WINDOWS_1252, WINDOWS_1257],
    }
}

/// A file in one encoding.
struct Reading<'a> {
    bytes: Cow<'a, [u8]>,
    encoding: &'static Encoding,
    /// UTF-16 was turned to UTF-8, so that offsets must be turned back.
    wide: bool,
    /// Bytes of the mark at the beginning, which are not among `bytes`.
    mark: u64,
}

/// Columns by what they are.
#[derive(Clone, Copy, Debug, Default)]
struct Layout {
    columns: [Option<usize>; Role::ALL.len()],
    header: Option<(u64, u64)>,
    /// The first row behind the header.
    from: usize,
}

impl<'a> Reading<'a> {
    fn new(bytes: &'a [u8], encoding: &'static Encoding) -> Self {
        let mark = Encoding::for_bom(bytes).filter(|(it, _)| *it == encoding).map_or(0, |(_, length)| length);
        let body = bytes.get(mark..).unwrap_or_default();
        let wide = encoding == UTF_16LE || encoding == UTF_16BE;
        let bytes = if wide {
            Cow::Owned(encoding.decode_without_bom_handling(body).0.into_owned().into_bytes())
        } else {
            Cow::Borrowed(body)
        };
        Self { bytes, encoding, wide, mark: u64::try_from(mark).unwrap_or(0) }
    }

    fn bill(&self, mapping: &Mapping) -> Bill {
        let delimiter = mapping.delimiter.unwrap_or_else(|| self.delimiter());
        let records = self.records(delimiter);
        let mut bill = Bill::default();
        let Some(layout) = self.layout(&records, mapping) else {
            let what = "file holds no header that tells a time and a number: a mapping is needed";
            bill.oddities.push(Oddity::new(what, "", 0));
            return bill;
        };
        let rows: Vec<_> = records.get(layout.from..).unwrap_or_default().iter().collect();
        let times: Vec<String> = rows.iter().map(|it| self.time_text(&it.value, &layout)).collect();
        let order = time::order(mapping.order, &times, &mut bill.oddities);
        bill.read_as = ReadAs {
            delimiter,
            encoding: self.encoding.name(),
            header: layout.header,
            columns: layout.named(),
            order,
            offset: mapping.offset(),
        };
        for (record, text) in rows.into_iter().zip(times) {
            let row = self.row(&record.value, &text, &layout, mapping, order);
            if row.time.is_none() && row.number.is_none() {
                bill.skipped = bill.skipped.saturating_add(1);
                continue;
            }
            if row.time.is_none() {
                bill.oddities.push(Oddity::new("file holds a row whose time is none", text, record.start));
            }
            bill.rows.push(Found::new(row, record.bytes()));
        }
        bill
    }

    /// The records with their places in the file.
    fn records(&self, delimiter: char) -> Vec<Found<ByteRecord>> {
        let delimiter = u8::try_from(delimiter).unwrap_or(b',');
        let mut reader = ReaderBuilder::new()
            .delimiter(delimiter)
            .has_headers(false)
            .flexible(true)
            .from_reader(&*self.bytes);
        let mut records = Vec::new();
        let mut record = ByteRecord::new();
        let (mut before, mut place) = (0u64, self.mark);
        while reader.read_byte_record(&mut record).unwrap_or(false) {
            let from = record.position().map_or(before, csv::Position::byte);
            let (from, to) = self.line(from, reader.position().byte());
            let start = place.saturating_add(self.width(before, from));
            let end = start.saturating_add(self.width(from, to));
            records.push(Found::new(record.clone(), start..end));
            (before, place) = (to, end);
        }
        records
    }

    /// A record's bytes without the line breaks around them, some of which the reader counts to the next one.
    fn line(&self, from: u64, to: u64) -> (u64, u64) {
        let text = self.slice(from, to);
        let is_break = |it: &&u8| matches!(it, b'\r' | b'\n');
        let count = |breaks: usize| u64::try_from(breaks).unwrap_or(0);
        let from = from.saturating_add(count(text.iter().take_while(is_break).count()));
        (from, to.saturating_sub(count(text.iter().rev().take_while(is_break).count())).max(from))
    }

    fn slice(&self, from: u64, to: u64) -> &[u8] {
        let index = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
        self.bytes.get(index(from)..index(to)).unwrap_or_default()
    }

    /// How many bytes of the file the bytes `from..to` of `self.bytes` are.
    fn width(&self, from: u64, to: u64) -> u64 {
        if !self.wide {
            return to.saturating_sub(from);
        }
        let units: usize = String::from_utf8_lossy(self.slice(from, to)).chars().map(char::len_utf16).sum();
        u64::try_from(units).unwrap_or(0).saturating_mul(2)
    }

    /// The sign that splits the first lines into most columns, and most evenly.
    fn delimiter(&self) -> char {
        let head = self.bytes.get(..self.bytes.len().min(1 << 14)).unwrap_or_default();
        let lines = || head.split(|it| *it == b'\n').take(30);
        let count = |sign: u8| {
            let counts =
                lines().map(|line| line.iter().filter(|it| **it == sign).count()).filter(|it| *it > 0);
            let mut tally = std::collections::BTreeMap::<usize, usize>::new();
            counts.for_each(|it| {
                let lines = tally.entry(it).or_default();
                *lines = lines.saturating_add(1);
            });
            tally.into_iter().map(|(columns, lines)| (lines, columns)).max().unwrap_or((0, 0))
        };
        let signs = [b',', b';', b'\t', b'|'];
        signs.into_iter().max_by_key(|sign| count(*sign)).map_or(',', char::from)
    }

    fn layout(&self, records: &[Found<ByteRecord>], mapping: &Mapping) -> Option<Layout> {
        if mapping.header == Some(false) {
            let layout = Layout { columns: mapping.numbered(), ..Layout::default() };
            return layout.suffices().then_some(layout);
        }
        let head = records.iter().enumerate().take(HEADER_WITHIN);
        let mut layouts = head.map(|(at, record)| {
            let cells: Vec<String> = record.value.iter().map(|it| self.decode(it)).collect();
            let header = Some((record.start, record.end));
            Layout { columns: mapping.columns_of(&cells), header, from: at.saturating_add(1) }
        });
        layouts.find(Layout::suffices)
    }

    fn row(
        &self,
        record: &ByteRecord,
        time: &str,
        layout: &Layout,
        mapping: &Mapping,
        order: DateOrder,
    ) -> BillRow {
        let cell = |role| self.cell(record, layout, role);
        let kind_text = cell(Role::Kind);
        let direction = cell(Role::Direction);
        let words = [kind_text.as_deref(), direction.as_deref()];
        let direction = words.into_iter().rev().flatten().find_map(words::direction);
        let number = cell(Role::Number).filter(|it| super::Number::new(it).is_some());
        let read = time::read(time, mapping.time_format.as_deref(), order);
        let offset = read.and_then(|(_, own)| own).or(mapping.offset());
        let time = read.and_then(|(civil, _)| {
            Some(match offset {
                Some(offset) => BillTime::At(civil.instant(offset)?),
                None => BillTime::Local(civil.instant(0)?),
            })
        });
        BillRow {
            time,
            number,
            kind: mapping.kind(kind_text.as_deref()),
            kind_text,
            direction,
            units: cell(Role::Units).and_then(|it| units(&it, mapping.decimal)),
        }
    }

    /// The date and the time, which may be one column or two.
    fn time_text(&self, record: &ByteRecord, layout: &Layout) -> String {
        let parts = [Role::Date, Role::Time].map(|role| self.cell(record, layout, role).unwrap_or_default());
        parts.join(" ").trim().to_owned()
    }

    fn cell(&self, record: &ByteRecord, layout: &Layout, role: Role) -> Option<String> {
        let column = layout.columns.get(role as usize).copied().flatten()?;
        let text = self.decode(record.get(column)?);
        let text = text.trim().trim_start_matches('=').trim_matches(['"', '\'', '\t']);
        (!text.is_empty()).then(|| text.to_owned())
    }

    fn decode(&self, cell: &[u8]) -> String {
        let encoding = if self.wide { UTF_8 } else { self.encoding };
        encoding.decode_without_bom_handling(cell).0.into_owned()
    }
}

impl Layout {
    /// A time and a number are what a bill is for.
    fn suffices(&self) -> bool {
        let has = |role: Role| self.columns.get(role as usize).copied().flatten().is_some();
        (has(Role::Date) || has(Role::Time)) && has(Role::Number)
    }

    fn named(&self) -> Vec<(usize, &'static str)> {
        let mut named: Vec<_> = Role::ALL
            .iter()
            .zip(self.columns)
            .filter_map(|(role, column)| Some((column?.saturating_add(1), role.name())))
            .collect();
        named.sort_unstable();
        named
    }
}

/// A number with the mapping's sign before its fraction; a duration of `h:m:s` becomes seconds.
fn units(text: &str, decimal: Option<char>) -> Option<f64> {
    if text.contains(':') {
        let mut parts = text.split(':').map(|it| it.trim().parse::<u32>().ok());
        return parts.try_fold(0f64, |sum, part| Some(sum * 60.0 + f64::from(part?)));
    }
    let decimal = decimal.unwrap_or_else(|| if text.contains('.') { '.' } else { ',' });
    let digits: String = text.chars().take_while(|it| !it.is_alphabetic()).collect();
    let plain: String = digits
        .chars()
        .filter(|it| it.is_ascii_digit() || *it == decimal || *it == '-')
        .map(|it| if it == decimal { '.' } else { it })
        .collect();
    plain.parse().ok()
}

/// Rows before the header: operators print addresses and sums there.
const HEADER_WITHIN: usize = 50;

#[cfg(test)]
mod tests;
