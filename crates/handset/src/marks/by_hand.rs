//! `events.csv`: what happened, written down by hand or by a test's script.
//!
//! RFC 4180 in UTF-8, or in UTF-16 with its mark as a script of PowerShell writes it, with a head row. Columns, in any
//! order:
//! - `time`: RFC 3339 with an offset, `2019-03-21T08:41:05+01:00`; needed.
//! - `kind`: a name of [`MarkKind`], `boot-completed`, `unlocked`, `sms-received`; any other word is a note, and
//!   stands in front of its detail. Needed.
//! - `detail`: anything.
//! - `package`: the package it happened to.
//!
//! Other columns are passed over. A row without a time is an oddity.

use std::{borrow::Cow, ops::Range};

use csv::{ByteRecord, ReaderBuilder, Trim};

use super::{Mark, MarkKind};
use crate::{Found, Oddity, clock, lines, reader::Fact};

/// Puts the marks of an `events.csv` into `out`.
pub fn read(bytes: &[u8], out: &mut Vec<Fact>) {
    let mut text = Text::of(bytes);
    let narrow = text.bytes.clone();
    let mut reader = ReaderBuilder::new().flexible(true).trim(Trim::All).from_reader(&*narrow);
    let Some(columns) = reader.byte_headers().ok().and_then(Columns::of) else {
        out.push(Fact::Oddity(Oddity::new("file lacks the columns of marks", "time and kind are needed", 0)));
        return;
    };
    let mut row = ByteRecord::new();
    loop {
        let start = reader.position().byte();
        match reader.read_byte_record(&mut row) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => {
                out.push(Fact::Oddity(Oddity::new(
                    "file holds a broken row",
                    error.to_string(),
                    text.place(start),
                )));
                break;
            }
        }
        let at = row_of(&narrow, start..reader.position().byte());
        let place = text.place(at.start)..text.place(at.end);
        out.push(match columns.mark(&row) {
            Some(mark) => Fact::Mark(Found::new(mark, place)),
            None => Fact::Oddity(Oddity::new("file holds a mark without a time", "", place.start)),
        });
    }
}

/// Whether a file that begins so has the head row.
pub(crate) fn recognise(beginning: &str) -> bool {
    let head = beginning.trim_start_matches('\u{feff}').lines().next().unwrap_or_default();
    let names: Vec<String> = head.split(',').map(name).collect();
    let has = |name: &str| names.iter().any(|known| known == name);
    has("time") && has("kind")
}

/// Where the columns are.
struct Columns {
    time: usize,
    kind: usize,
    detail: Option<usize>,
    package: Option<usize>,
}

impl Columns {
    fn of(head: &ByteRecord) -> Option<Self> {
        let at = |wanted: &str| head.iter().position(|field| name(&String::from_utf8_lossy(field)) == wanted);
        Some(Self { time: at("time")?, kind: at("kind")?, detail: at("detail"), package: at("package") })
    }

    fn mark(&self, row: &ByteRecord) -> Option<Mark> {
        let field = |column: usize| String::from_utf8_lossy(row.get(column).unwrap_or_default()).into_owned();
        let time = clock::rfc3339(&field(self.time))?;
        let written = field(self.kind);
        let detail = self.detail.map(field).unwrap_or_default();
        let (kind, detail) = match MarkKind::named(&name(&written).replace(['_', ' '], "-")) {
            Some(kind) => (kind, detail),
            None => (MarkKind::Noted, format!("{written} {detail}").trim().to_owned()),
        };
        let package = self.package.map(field).filter(|package| !package.is_empty());
        Some(Mark { time: Some(time), kind, package, uid: None, detail })
    }
}

/// A name as it is compared.
fn name(text: &str) -> String {
    text.trim().trim_matches('"').to_ascii_lowercase()
}

/// A row without the line ends around it, of which the reader leaves a part to the next row.
fn row_of(bytes: &[u8], row: Range<u64>) -> Range<u64> {
    let index = |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX);
    let row_bytes = bytes.get(index(row.start)..index(row.end)).unwrap_or_default();
    let is_end = |byte: &&u8| matches!(byte, b'\r' | b'\n');
    let before = row_bytes.iter().take_while(is_end).count() as u64;
    let behind = row_bytes.iter().rev().take_while(is_end).count() as u64;
    let start = row.start.saturating_add(before);
    start..row.end.saturating_sub(behind).max(start)
}

/// The rows in UTF-8, and the way back to the bytes of the file.
struct Text<'a> {
    bytes: Cow<'a, [u8]>,
    /// The file was UTF-16.
    is_wide: bool,
    /// Bytes of the file.
    len: u64,
    /// A place in `bytes`, and the one of the file that it stands for.
    at: (usize, u64),
}

impl<'a> Text<'a> {
    fn of(file: &'a [u8]) -> Self {
        let (mark, wide) = lines::mark(file);
        let rest = file.get(mark..).unwrap_or_default();
        let bytes = match wide {
            Some(encoding) => {
                Cow::Owned(encoding.decode_without_bom_handling(rest).0.into_owned().into_bytes())
            }
            None => Cow::Borrowed(rest),
        };
        Self { bytes, is_wide: wide.is_some(), len: file.len() as u64, at: (0, mark as u64) }
    }

    /// The place in the file; asked for from the first to the last.
    fn place(&mut self, narrow: u64) -> u64 {
        let narrow = usize::try_from(narrow).unwrap_or(usize::MAX).max(self.at.0);
        let passed = self.bytes.get(self.at.0..narrow).unwrap_or_default();
        let length = if self.is_wide { units(passed).saturating_mul(2) } else { passed.len() as u64 };
        self.at = (narrow, self.at.1.saturating_add(length).min(self.len));
        self.at.1
    }
}

/// How many units of UTF-16 stand for a text: two for what takes four bytes in UTF-8.
fn units(utf8: &[u8]) -> u64 {
    let units = utf8.iter().map(|byte| match byte {
        0x80..=0xbf => 0,
        0xf0.. => 2,
        _ => 1,
    });
    units.sum()
}

#[cfg(test)]
mod tests {
    use super::{read, recognise};
    use crate::{marks::MarkKind, reader::Fact};

    #[test]
    fn rows_are_marks() {
        let text = "\u{feff}Time,kind,detail,package\r\n\
            2019-03-21T08:41:05+01:00,unlocked,\"by hand, twice\",\r\n\
            2019-03-21T07:42:00Z,Boot_Completed,,\r\n\
            2019-03-21T07:43:00.5Z,tap,accept all,com.example.app\r\n\
            yesterday,unlocked,,\r\n";
        assert!(recognise(text) && !recognise("time,what"));
        let mut facts = Vec::new();
        read(text.as_bytes(), &mut facts);
        let [Fact::Mark(unlock), Fact::Mark(boot), Fact::Mark(tap), Fact::Oddity(odd)] = &facts[..] else {
            panic!("{facts:#?}")
        };
        assert_eq!(unlock.value.time.unwrap().to_string(), "2019-03-21T07:41:05.000000Z");
        assert_eq!((unlock.value.kind, unlock.value.detail.as_str()), (MarkKind::Unlocked, "by hand, twice"));
        assert_eq!(boot.value.kind, MarkKind::BootCompleted);
        assert_eq!((tap.value.kind, tap.value.detail.as_str()), (MarkKind::Noted, "tap accept all"));
        assert_eq!(tap.value.package.as_deref(), Some("com.example.app"));
        let row =
            &text.as_bytes()[usize::try_from(unlock.start).unwrap()..usize::try_from(unlock.end).unwrap()];
        assert!(row.starts_with(b"2019-03-21T08:41:05") && row.ends_with(b"twice\","), "{row:?}");
        assert_eq!(odd.what, "file holds a mark without a time");
    }

    #[test]
    fn wide_rows_have_the_places_of_their_own_bytes() {
        let text = "time,kind,detail\r\n2019-03-21T08:41:05Z,tap,\u{1f600} \u{e9}\r\nyesterday,x,\r\n";
        let wide: Vec<u8> = format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(crate::Kind::of(&wide), Some(crate::Kind::EventsCsv));
        let mut facts = Vec::new();
        read(&wide, &mut facts);
        let [Fact::Mark(mark), Fact::Oddity(odd)] = &facts[..] else { panic!("{facts:#?}") };
        assert_eq!(mark.value.detail, "tap \u{1f600} \u{e9}");
        let units = |range: std::ops::Range<u64>| {
            let bytes = &wide[usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap()];
            let units: Vec<u16> =
                bytes.chunks_exact(2).map(|unit| u16::from_be_bytes([unit[0], unit[1]])).collect();
            String::from_utf16(&units).unwrap()
        };
        assert_eq!(units(mark.bytes()), "2019-03-21T08:41:05Z,tap,\u{1f600} \u{e9}");
        assert!(units(odd.offset..wide.len() as u64).starts_with("yesterday"));
    }

    #[test]
    fn every_kind_has_a_name_of_its_own() {
        for kind in MarkKind::ALL {
            assert_eq!(MarkKind::named(kind.name()), Some(kind));
        }
    }
}
