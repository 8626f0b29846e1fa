//! A row that tells of a message: what is shown of it, and what of the profile stands in its text, or looks as if it
//! could.

use std::{collections::BTreeMap, ops::Range};

use evidence::{Carrier, Form, Grade, IdentifierKind, Occurrence, Timestamp};
use identifiers::shapes::Shapes;

use crate::known::{Known, Searched, Stand};

/// A row of a file.
#[derive(Clone, Debug)]
pub(super) struct Row {
    /// What is shown of it.
    pub(super) shown: Occurrence,
    /// Values in its text.
    pub(super) known: Vec<InMessage>,
}

/// A value in a message's text.
#[derive(Clone, Debug)]
pub(crate) struct InMessage {
    pub(crate) what: Named,
    pub(crate) grade: Grade,
    pub(crate) form: Form,
    pub(crate) occurrence: Occurrence,
    /// Whether the occurrence is the value; else it is the row whose text holds the value, written otherwise.
    pub(crate) is_value: bool,
}

/// Which value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Named {
    /// One of the profile's, by its place there.
    Profile(usize),
    /// One that nobody named and that has the shape of its kind, in canonical writing.
    Shape(IdentifierKind, String),
}

/// What texts of messages are searched for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sought<'n> {
    /// Values of the profile.
    pub(crate) known: Searched<'n>,
    /// What looks like a name of the device. People write numbers and addresses of all kinds to each other; these
    /// they do not.
    pub(crate) shapes: &'n Shapes,
}

impl Sought<'_> {
    /// What stands in a text: of each value the first few places, and of shapes no more than a search gives. `occurrence`
    /// gives a place of the text as evidence, and whether that is the value itself.
    pub(super) fn in_text(
        self,
        text: &[u8],
        mut occurrence: impl FnMut(&Range<usize>) -> (Occurrence, bool),
    ) -> Vec<InMessage> {
        let known = self.known.in_text(text);
        let shaped = self.shaped(text, &known);
        let known = known.into_iter().map(|it| (Named::Profile(it.value), it.grade, it.form, it.range));
        let mut seen: BTreeMap<Named, usize> = BTreeMap::new();
        let mut all = Vec::new();
        for (what, grade, form, range) in known.chain(shaped) {
            let places = seen.entry(what.clone()).or_default();
            *places += 1;
            if *places <= MOST_PLACES {
                let (occurrence, is_value) = occurrence(&range);
                all.push(InMessage { what, grade, form, occurrence, is_value });
            }
        }
        all
    }

    /// What looks like a name of the device and is no value of the profile.
    fn shaped(self, text: &[u8], known: &[Known]) -> Vec<(Named, Grade, Form, Range<usize>)> {
        let mut shapes = Vec::new();
        self.shapes.text(Carrier::Body, "", text, &mut shapes);
        let is_known = |range: &Range<usize>| {
            known.iter().any(|known| known.range.start < range.end && range.start < known.range.end)
        };
        let shapes = shapes.into_iter().filter(|shape| SHAPES.contains(&shape.kind));
        let named =
            shapes.map(|it| (Named::Shape(it.kind, it.canonical), Grade::Shaped, it.form, it.start..it.end));
        named.filter(|(.., range)| !is_known(range)).collect()
    }
}

/// What a row says.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Said<'t> {
    pub(super) number: Option<&'t str>,
    pub(super) text: Option<&'t str>,
    pub(super) time: Option<Timestamp>,
    /// Whether its text is shown. Of messages that everybody can see on the phone that is not needed.
    pub(super) shows: bool,
}

impl Row {
    /// The row that stands there.
    pub(super) fn of(stand: &Stand<'_>, said: Said<'_>, sought: Sought<'_>) -> Self {
        let time = said.time.unwrap_or_default();
        let text = said.text.filter(|_| said.shows);
        let shown = stand.occurrence(&stand.shown(&[text, said.number]), time);
        let text = said.text.unwrap_or_default();
        let whole = verbatim(stand.bytes, text, said.number.unwrap_or_default());
        let at = |part: &Range<usize>| {
            let within = whole.as_ref().map(|whole| whole.start + part.start..whole.start + part.end);
            let place = within.or_else(|| written_otherwise(stand.bytes, text.as_bytes(), part));
            let is_value = place.is_some();
            (stand.occurrence(&place.unwrap_or(0..stand.bytes.len()), time), is_value)
        };
        Self { shown, known: sought.in_text(text.as_bytes(), at) }
    }

    /// All that it shows.
    pub(super) fn occurrences(&mut self) -> impl Iterator<Item = &mut Occurrence> {
        std::iter::once(&mut self.shown).chain(self.known.iter_mut().map(|known| &mut known.occurrence))
    }
}

/// Where a text stands in a row as it is. Where the number of the other side holds it as well, that is another place.
fn verbatim(row: &[u8], text: &str, number: &str) -> Option<Range<usize>> {
    let places = |wanted: &str| -> Vec<Range<usize>> {
        memchr::memmem::find_iter(row, wanted).map(|start| start..start + wanted.len()).collect()
    };
    let numbers = if number.contains(text) { places(number) } else { Vec::new() };
    let is_in = |place: &Range<usize>| {
        numbers.iter().any(|number| number.start <= place.start && place.end <= number.end)
    };
    let mut texts = memchr::memmem::find_iter(row, text).map(|start| start..start + text.len());
    let first = texts.next().filter(|place| !place.is_empty())?;
    match is_in(&first) {
        false => Some(first),
        // A text that is the number stands there twice.
        true if number == text => texts.next(),
        true => texts.find(|place| !is_in(place)),
    }
}

/// Where a part of a text stands in a row of XML or JSON that writes some of the text's letters otherwise: with the letters
/// around it that stand for themselves, between ends as they are in the text. The same letters elsewhere in the row are
/// another field's.
fn written_otherwise(row: &[u8], text: &[u8], part: &Range<usize>) -> Option<Range<usize>> {
    let before = text.get(..part.start)?.iter().rev().take_while(|byte| stands_for_itself(**byte)).count();
    let behind = text.get(part.end..)?.iter().take_while(|byte| stands_for_itself(**byte)).count();
    let (from, to) = (part.start - before, part.end + behind);
    let run = text.get(from..to)?;
    let ends = |start: usize| {
        let (left, right) = (row.get(..start)?, row.get(start + run.len()..)?);
        let is_left =
            if from == 0 { left.ends_with(b"\"") || left.ends_with(b"'") } else { is_letter_end(left) };
        let next = right.first()?;
        let is_quote = matches!(next, b'"' | b'\'');
        let is_right = if to == text.len() { is_quote } else { is_letter_start(*next) };
        Some(is_left && is_right)
    };
    let start = memchr::memmem::find_iter(row, run).find(|start| ends(*start) == Some(true))?;
    Some(start + before..start + run.len() - behind)
}

/// Whether XML and JSON write a letter as it is, wherever it stands.
fn stands_for_itself(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\'' | b'&' | b'<' | b'>' | b'\\')
}

/// Whether bytes end with a letter that does not: white space, an entity of XML, an escape of JSON, a letter beyond ASCII.
fn is_letter_end(bytes: &[u8]) -> bool {
    match bytes {
        [.., b'\\', b'u', _, _, _, _] | [.., b'\\', _] => true,
        [.., last] => last.is_ascii_whitespace() || *last == b';' || !last.is_ascii(),
        [] => false,
    }
}

/// The same of the byte that such a letter begins with.
fn is_letter_start(byte: u8) -> bool {
    byte.is_ascii_whitespace() || matches!(byte, b'&' | b'\\') || !byte.is_ascii()
}

/// Kinds that are believed by their shape.
const SHAPES: [IdentifierKind; 8] = [
    IdentifierKind::BluetoothMac,
    IdentifierKind::CellId,
    IdentifierKind::Iccid,
    IdentifierKind::Imei,
    IdentifierKind::Imsi,
    IdentifierKind::Meid,
    IdentifierKind::Serial,
    IdentifierKind::WifiMac,
];
/// Places of one value in one text that are kept.
const MOST_PLACES: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_found_where_its_text_is_written_otherwise_and_nowhere_else() {
        let rows = [
            (r#"<sms address="+35209" body="id &amp; 35209&#10;x"/>"#, "id & 35209\nx", true),
            (r#"{"address":"35209","body":"a\n35209\u00e4"}"#, "a\n35209\u{e4}", true),
            ("<sms address='35209' body='\n35209 &lt;'/>", "\n35209 <", true),
            // Digits that are escaped themselves stand nowhere.
            (r#"<sms address="+35209" body="&#51;5209 "/>"#, "35209 ", false),
            (r#"{"address":"35209","body":"x\u00335209"}"#, "x35209", false),
        ];
        for (row, text, stands) in rows {
            let start = text.find("35209").unwrap();
            let found = written_otherwise(row.as_bytes(), text.as_bytes(), &(start..start + 5));
            assert_eq!(found.map(|range| range.start), row.rfind("35209").filter(|_| stands), "{row}");
        }
    }
}
