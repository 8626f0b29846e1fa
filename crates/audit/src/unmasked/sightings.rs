//! What stands in a value that was opened, as sightings whose trail has the way to it as one more step.

use evidence::{
    Buffer, Direction, Fidelity, Form, Grade, IdentifierKind, Occurrence, Security, Segment, SightingGroup,
    SightingKey, Source, Span, Timestamp,
};
use payload::{Explorer, FieldKind, Hint, Limits, Name, Root, RootField, Tree};
use unmask::Opened;

use super::step;
use crate::{
    diary::{BookEntry, FieldNotes},
    examine::{Hit, Searcher, Wanted, What, go_on, readable},
    gather::Times,
    packed::Packed,
};

/// Where a value stood.
pub(super) struct Place<'a> {
    pub(super) entry: &'a BookEntry,
    pub(super) field: &'a FieldNotes,
    pub(super) proof: &'a Packed,
    /// When it was sent first.
    pub(super) time: Timestamp,
    /// How often the field had it.
    pub(super) times: u64,
}

/// The identifiers in what was opened.
pub(super) fn of(wanted: &Wanted, place: &Place<'_>, opened: &Opened) -> Vec<(SightingGroup, Times)> {
    let bytes = opened.plaintext.as_slice();
    let field =
        RootField { name: Name::None, value: 0..bytes.len(), kind: FieldKind::Body, hint: Hint::default() };
    let root = Root { bytes: bytes.into(), fields: vec![field] };
    let tree = Explorer::new(Limits::default()).explore(vec![root]);
    let mut searcher = Searcher::new(&wanted.needles, &wanted.shapes);
    let hits = searcher.search(&tree, &[FieldKind::Body], true);
    hits.iter().take(MOST).filter_map(|hit| sighting(wanted, place, opened, (&tree, hit))).collect()
}

fn sighting(
    wanted: &Wanted,
    place: &Place<'_>,
    opened: &Opened,
    (tree, hit): (&Tree<'_>, &Hit),
) -> Option<(SightingGroup, Times)> {
    let bytes = &tree.buffer(hit.buffer)?.bytes;
    let (named, graded) = match &hit.what {
        What::Needle(found) => {
            let needle = wanted.needles.needle(found.needle);
            let value = wanted.profile.values().get(needle.value)?;
            let named = (value.kind, value.canonical.clone(), value.label.clone());
            (named, (needle.grade, wanted.needles.form(found, bytes)))
        }
        What::Shape(shape) => {
            ((shape.kind, shape.canonical.clone(), String::new()), (Grade::Shaped, shape.form.clone()))
        }
    };
    let inner = match hit.field {
        Some(field) => tree.encodings_of(field),
        None => tree.encodings(hit.buffer),
    };
    let inner = inner.into_iter().filter(|name| !name.is_empty()).map(str::to_owned);
    let encodings = ways(opened).into_iter().chain(inner).collect();
    let mut key = place.sighting_key(named, graded, encodings);
    let path = hit.field.map(|field| tree.path(field)).filter(|path| !path.is_empty());
    key.field = [Some(key.field).filter(|field| !field.is_empty()), path]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(".");
    let occurrence = place.opened(opened, tree, hit)?;
    Some(place.group(key, occurrence))
}

/// How it was hidden, outermost first: `hex`, `xor key=…`.
fn ways(opened: &Opened) -> Vec<String> {
    opened.how.to_string().split(" > ").map(str::to_owned).collect()
}

impl Place<'_> {
    /// The key of a value that was found here.
    pub(super) fn sighting_key(
        &self,
        (kind, value, label): (IdentifierKind, String, String),
        (grade, form): (Grade, Form),
        encodings: Vec<String>,
    ) -> SightingKey {
        let clear = self.entry.series.clear;
        SightingKey {
            kind,
            value,
            label,
            grade,
            form,
            field: self.field.path.clone(),
            encodings,
            carrier: self.field.carrier,
            direction: Direction::Out,
            security: if clear { Security::Clear } else { Security::Encrypted },
            endpoint: self.entry.endpoints.first().copied().unwrap_or_default(),
            device: self.device(),
            app: match self.entry.apps.len() {
                1 => self.entry.apps.first().cloned().unwrap_or_default(),
                _ => String::new(),
            },
        }
    }

    /// The device that sent it.
    fn device(&self) -> String {
        let moment = self.entry.series.moments.get(&(self.time, self.proof.exchange));
        let sender = moment.and_then(|moment| moment.device).map(|address| address.to_string());
        let known = sender.filter(|sender| self.entry.devices.contains(sender));
        known.or_else(|| self.entry.devices.first().cloned()).unwrap_or_default()
    }

    /// A group of all the times that it was sent, the first of which is shown. What several devices sent is not told
    /// apart: of that the first time alone counts.
    pub(super) fn group(&self, key: SightingKey, occurrence: Occurrence) -> (SightingGroup, Times) {
        let series = &self.entry.series;
        let (mut group, mut times) = (SightingGroup::of(key, occurrence), Times::default());
        times.add(self.time, self.proof.exchange);
        if self.times > 1 && self.entry.devices.len() < 2 {
            group.count = self.times;
            let everywhere = self.field.only().is_some() && self.field.messages == self.times;
            if everywhere && series.count == self.times && series.is_whole() {
                series.moments.keys().for_each(|(time, exchange)| times.add(*time, *exchange));
                group.last = series.last;
            } else {
                times.add_unknown();
            }
        }
        (group, times)
    }

    /// The way to a hit: to the field, through the opening, through the decoders in it.
    fn opened(&self, opened: &Opened, tree: &Tree<'_>, hit: &Hit) -> Option<Occurrence> {
        let proof = self.proof.occurrence();
        let (mut trail, input) = (proof.trail, proof.span);
        let len = opened.plaintext.len() as u64;
        let whole = Segment {
            out: 0,
            len,
            source: Source::Buffer(input.buffer),
            start: input.start,
            source_len: input.end.checked_sub(input.start)?,
            fidelity: Fidelity::Within,
        };
        let made = Buffer { step: step(opened), len, input: Some(input), key: None, segments: vec![whole] };
        let base = trail.push(made);
        let buffer = go_on(&mut trail, base, tree, hit.buffer, &hit.range);
        let bytes = tree.buffer(hit.buffer)?.bytes.get(hit.range.clone())?;
        let span = Span { buffer, start: hit.range.start as u64, end: hit.range.end as u64 };
        Some(Occurrence { found: readable(bytes), span, trail, ..proof })
    }
}

/// Identifiers told of one value.
const MOST: usize = 64;
