//! A row that tells of a message: what is shown of it, and what of the profile stands in its text.

use std::ops::Range;

use evidence::{Occurrence, Timestamp};

use crate::known::{Known, Searched, Stand};

/// A row of a file.
#[derive(Clone, Debug)]
pub(super) struct Row {
    /// What is shown of it.
    pub(super) shown: Occurrence,
    /// Values of the profile in its text.
    pub(super) known: Vec<InMessage>,
}

/// A value of the profile in a message's text.
#[derive(Clone, Debug)]
pub(crate) struct InMessage {
    pub(crate) known: Known,
    pub(crate) occurrence: Occurrence,
}

/// What a row says.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Said<'t> {
    pub(super) number: Option<&'t str>,
    pub(super) text: Option<&'t str>,
    pub(super) time: Option<Timestamp>,
    /// Whether its text is shown, and searched. Of messages that everybody can see on the phone, and that came
    /// in, neither is needed.
    pub(super) shows: bool,
    pub(super) searches: bool,
}

impl Row {
    /// The row that stands there.
    pub(super) fn of(stand: &Stand<'_>, said: Said<'_>, searched: Searched<'_>) -> Self {
        let time = said.time.unwrap_or_default();
        let text = said.text.filter(|_| said.shows);
        let shown = stand.occurrence(&stand.shown(&[text, said.number]), time);
        let text = said.text.filter(|_| said.searches).unwrap_or_default();
        let whole = stand.find(text.as_bytes());
        let known = searched.in_text(text.as_bytes()).into_iter().filter_map(|known| {
            let place = place(stand, whole.as_ref(), text, &known.range)?;
            Some(InMessage { known, occurrence: stand.occurrence(&place, time) })
        });
        Self { shown, known: known.collect() }
    }

    /// All that it shows.
    pub(super) fn occurrences(&mut self) -> impl Iterator<Item = &mut Occurrence> {
        std::iter::once(&mut self.shown).chain(self.known.iter_mut().map(|known| &mut known.occurrence))
    }
}

/// Where a part of a text stands: in the text, where that stands as it is, else by itself. Text of a row that
/// did not fit into its page may stand nowhere; then the row's beginning is all that can be shown.
fn place(
    stand: &Stand<'_>,
    whole: Option<&Range<usize>>,
    text: &str,
    part: &Range<usize>,
) -> Option<Range<usize>> {
    let within = whole.map(|whole| whole.start + part.start..whole.start + part.end);
    within.or_else(|| stand.find(text.as_bytes().get(part.clone())?)).or_else(|| Some(stand.shown(&[])))
}
