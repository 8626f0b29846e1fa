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
    /// What stands in a text: of each value the first few places, and of shapes no more than a search gives.
    pub(super) fn in_text(
        self,
        text: &[u8],
        mut occurrence: impl FnMut(&Range<usize>) -> Occurrence,
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
                all.push(InMessage { what, grade, form, occurrence: occurrence(&range) });
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
        let whole = stand.find(text.as_bytes());
        let at = |range: &Range<usize>| {
            let place = place(stand, whole.as_ref(), range);
            stand.occurrence(&place, time)
        };
        Self { shown, known: sought.in_text(text.as_bytes(), at) }
    }

    /// All that it shows.
    pub(super) fn occurrences(&mut self) -> impl Iterator<Item = &mut Occurrence> {
        std::iter::once(&mut self.shown).chain(self.known.iter_mut().map(|known| &mut known.occurrence))
    }
}

/// Where a part of a text stands: in the text, where that stands as it is. Text that the row has written otherwise (with
/// escapes, or beyond its page) stands nowhere; then the row is what can be shown: the same letters elsewhere in it are
/// another field's.
fn place(stand: &Stand<'_>, whole: Option<&Range<usize>>, part: &Range<usize>) -> Range<usize> {
    let within = whole.map(|whole| whole.start + part.start..whole.start + part.end);
    within.unwrap_or(0..stand.bytes.len())
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
