//! Every needle and shape in every buffer of a tree, each value once per place.

use std::{borrow::Cow, ops::Range};

use evidence::{Carrier, Form, IdentifierKind};
use foldhash::{HashMap, HashMapExt, HashSet, HashSetExt};
use identifiers::{
    Match, Needles,
    bulk::{ListShape, Lists},
    shapes::{Confidence, FieldView, Shape, Shapes},
};
use payload::{BufferIndex, Field, FieldIndex, FieldKind, Name, Tree};

/// Something found in a buffer of a tree.
#[derive(Debug)]
pub(crate) struct Hit {
    pub(crate) buffer: BufferIndex,
    pub(crate) range: Range<usize>,
    pub(crate) field: Option<FieldIndex>,
    pub(crate) what: What,
}

/// What was found.
#[derive(Debug)]
pub(crate) enum What {
    /// A value of the profile.
    Needle(Match),
    /// The shape of an identifier.
    Shape(Box<Shape>),
}

/// Searches trees; keeps its working memory.
#[derive(Debug)]
pub(crate) struct Searcher<'e> {
    needles: &'e Needles,
    shapes: &'e Shapes,
    matches: Vec<Match>,
    found: Vec<Shape>,
    /// Whether the message held more shapes than are listed.
    cut: bool,
}

impl<'e> Searcher<'e> {
    pub(crate) fn new(needles: &'e Needles, shapes: &'e Shapes) -> Self {
        Self { needles, shapes, matches: Vec::new(), found: Vec::new(), cut: false }
    }

    /// Everything known in a tree; with `shapes`, also what only looks like an identifier. `kinds` are the
    /// kinds of the roots' fields, in the tree's order.
    pub(crate) fn search(&mut self, tree: &Tree<'_>, kinds: &[FieldKind], shapes: bool) -> Vec<Hit> {
        let mut hits = Vec::new();
        if self.needles.is_empty() && !shapes {
            return hits;
        }
        self.buffers(tree, &mut hits);
        let leaves = Leaves::of(tree);
        let mut lists = shapes.then(Lists::default);
        let mut siblings = Siblings::default();
        for (index, field) in (0..).zip(&tree.fields) {
            if leaves.is_leaf(index) && field.value.len() <= VALUE {
                siblings.meet(tree, index, field, kinds);
                self.leaf(tree, index, field, (&leaves, &siblings), &mut lists, &mut hits);
            }
        }
        if let Some(lists) = lists {
            hits.extend(lists.finish().into_iter().filter_map(|list| list_hit(tree, list)));
            self.texts(tree, kinds, &leaves, &mut hits);
        }
        if hits.len() > 1 {
            join_pairs(tree, &mut hits);
            once_per_place(tree, self.needles, &mut hits);
        }
        hits
    }

    /// Whether, since the last call, there were more shapes in one place than are listed.
    pub(crate) fn was_cut(&mut self) -> bool {
        std::mem::take(&mut self.cut)
    }

    fn buffers(&mut self, tree: &Tree<'_>, hits: &mut Vec<Hit>) {
        if self.needles.is_empty() {
            return;
        }
        for (index, buffer) in (0..).zip(&tree.buffers) {
            self.needles.search(&buffer.bytes, &mut self.matches);
            for found in self.matches.drain(..) {
                let range = found.start..found.end;
                let field = tree.innermost(index, range.clone());
                hits.push(Hit { buffer: index, range, field, what: What::Needle(found) });
            }
        }
    }

    /// A field without fields in it: its value as it stands, and what its value was decoded to.
    fn leaf(
        &mut self,
        tree: &Tree<'_>,
        index: FieldIndex,
        field: &Field,
        (leaves, siblings): (&Leaves, &Siblings<'_>),
        lists: &mut Option<Lists>,
        hits: &mut Vec<Hit>,
    ) {
        let mut name = tree.name(index);
        // The text of an element and the members of a list go by the name of what they stand in.
        if matches!(&*name, "" | "[]") {
            name = Cow::Borrowed(&siblings.parent);
        }
        let decoded = leaves.decoded_from(index).iter().map(|&(_, buffer)| (buffer, 0..length(tree, buffer)));
        for (buffer, range) in std::iter::once((field.buffer, field.value.clone())).chain(decoded) {
            let Some(held) = tree.buffer(buffer) else { continue };
            let Some(value) = held.bytes.get(range.clone()) else { continue };
            if !self.needles.is_empty() {
                self.needles.search_value(&name, &held.bytes, range.clone(), &mut self.matches);
                self.collect_matches(buffer, Some(index), hits);
            }
            if let Some(lists) = lists {
                let view = FieldView {
                    name: &name,
                    parent: &siblings.parent,
                    value,
                    carrier: siblings.carrier,
                    decoder: field.decoder,
                };
                self.cut |= !self.shapes.field(view, &mut self.found);
                lists.field(index, view, &self.found);
                self.collect_shapes(buffer, range.start, Some(index), hits);
            }
        }
    }

    /// Bytes that nobody made fields of, and values too long to be one identifier.
    fn texts(&mut self, tree: &Tree<'_>, kinds: &[FieldKind], leaves: &Leaves, hits: &mut Vec<Hit>) {
        for (index, field) in (0..).zip(&tree.fields) {
            let is_text = match kinds.get(index as usize) {
                Some(FieldKind::Body | FieldKind::Raw) => {
                    tree.recognised_by(index).all(|decoder| decoder == "text")
                }
                Some(_) => true,
                None => leaves.is_leaf(index) && field.value.len() > VALUE,
            };
            if is_text {
                let (name, carrier) = (tree.name(index), carrier(tree, Some(index), kinds));
                self.cut |= !self.shapes.text(carrier, &name, tree.value_bytes(index), &mut self.found);
                self.collect_shapes(field.buffer, field.value.start, Some(index), hits);
            }
        }
        for buffer in leaves.plain_buffers(tree) {
            let Some(held) = tree.buffer(buffer) else { continue };
            let field = held.origin.as_ref().and_then(|origin| origin.field);
            let name = field.map(|field| tree.name(field)).unwrap_or_default();
            self.cut |= !self.shapes.text(carrier(tree, field, kinds), &name, &held.bytes, &mut self.found);
            self.collect_shapes(buffer, 0, field, hits);
        }
    }

    /// The matches stand in the buffer's own places.
    fn collect_matches(&mut self, buffer: BufferIndex, field: Option<FieldIndex>, hits: &mut Vec<Hit>) {
        for found in self.matches.drain(..) {
            hits.push(Hit { buffer, range: found.start..found.end, field, what: What::Needle(found) });
        }
    }

    /// The shapes stand `base` bytes before their places in the buffer.
    fn collect_shapes(
        &mut self,
        buffer: BufferIndex,
        base: usize,
        field: Option<FieldIndex>,
        hits: &mut Vec<Hit>,
    ) {
        for shape in self.found.drain(..) {
            let range = base + shape.start..base + shape.end;
            hits.push(Hit { buffer, range, field, what: What::Shape(Box::new(shape)) });
        }
    }
}

/// The part of the message that holds a field: by its outermost field.
pub(crate) fn carrier(tree: &Tree<'_>, field: Option<FieldIndex>, kinds: &[FieldKind]) -> Carrier {
    let Some(field) = field else {
        return if kinds.contains(&FieldKind::Raw) { Carrier::Raw } else { Carrier::Header };
    };
    let (root, part) = tree.ancestry(field).fold((field, None), |(inner, _), outer| (outer, Some(inner)));
    let of_query = || part.and_then(|part| tree.field(part)).is_some_and(|part| is_query(part.decoder));
    match kinds.get(root as usize) {
        Some(FieldKind::Path) if of_query() => Carrier::Query,
        Some(kind) => carrier_of(*kind),
        None => Carrier::Raw,
    }
}

/// Whether a decoder of addresses gives pairs, and not segments of the path.
fn is_query(decoder: &str) -> bool {
    matches!(decoder, "form" | "query" | "url")
}

fn carrier_of(kind: FieldKind) -> Carrier {
    match kind {
        FieldKind::Body => Carrier::Body,
        FieldKind::Cookie => Carrier::Cookie,
        FieldKind::Header | FieldKind::Option => Carrier::Header,
        FieldKind::HostName => Carrier::HostName,
        FieldKind::Path => Carrier::Path,
        FieldKind::Query => Carrier::Query,
        FieldKind::Raw => Carrier::Raw,
    }
}

/// What the fields of one parent have in common, worked out once for all of them.
#[derive(Default)]
struct Siblings<'t> {
    of: Option<Option<FieldIndex>>,
    parent: Cow<'t, str>,
    carrier: Carrier,
}

impl<'t> Siblings<'t> {
    fn meet(&mut self, tree: &'t Tree<'_>, index: FieldIndex, field: &Field, kinds: &[FieldKind]) {
        // Roots have no parent, and each a carrier of its own.
        if field.parent.is_none() || self.of != Some(field.parent) {
            self.of = Some(field.parent);
            self.parent = parent_name(tree, field);
            self.carrier = carrier(tree, Some(index), kinds);
        }
    }
}

/// Makes one hit of two halves that stand side by side in fields of one parent: latitude and longitude,
/// country and network code. Both halves stay in the proof's reach: the span goes from the one to the other
/// where they lie in one buffer.
fn join_pairs(tree: &Tree<'_>, hits: &mut Vec<Hit>) {
    for (kind, first, second, joined) in PAIRS {
        let mut open: HashMap<(BufferIndex, Option<FieldIndex>), usize> = HashMap::new();
        let mut gone = HashSet::new();
        for at in 0..hits.len() {
            let Some((form, place)) = half(tree, hits, at, kind) else { continue };
            let other = if form == first { second } else { first };
            let partner = open
                .get(&place)
                .copied()
                .filter(|&partner| half(tree, hits, partner, kind).is_some_and(|(form, _)| form == other));
            match partner {
                None if form == first || form == second => {
                    open.insert(place, at);
                }
                None => {}
                Some(partner) => {
                    open.remove(&place);
                    let order = if form == second { (partner, at) } else { (at, partner) };
                    if join(hits, order, joined) {
                        gone.insert(order.1);
                    }
                }
            }
        }
        let mut index = 0;
        hits.retain(|_| {
            index += 1;
            !gone.contains(&(index - 1))
        });
    }
}

/// The form of a hit that is half of a pair, and where it stands.
fn half(
    tree: &Tree<'_>,
    hits: &[Hit],
    at: usize,
    wanted: IdentifierKind,
) -> Option<(String, (BufferIndex, Option<FieldIndex>))> {
    let hit = hits.get(at)?;
    let What::Shape(shape) = &hit.what else { return None };
    let parent = tree.field(hit.field?)?.parent;
    (shape.kind == wanted).then(|| (shape.form.0.clone(), (hit.buffer, parent)))
}

/// Makes the first hit the pair.
fn join(hits: &mut [Hit], (first, second): (usize, usize), form: &str) -> bool {
    let Some((range, canonical)) = hits.get(second).and_then(|hit| match &hit.what {
        What::Shape(shape) => Some((hit.range.clone(), shape.canonical.clone())),
        What::Needle(_) => None,
    }) else {
        return false;
    };
    let Some(hit) = hits.get_mut(first) else { return false };
    let What::Shape(shape) = &mut hit.what else { return false };
    let between = if form == "lat-lon" { "," } else { "" };
    shape.canonical = format!("{}{between}{canonical}", shape.canonical);
    shape.form = Form(form.to_owned());
    hit.range = hit.range.start.min(range.start)..hit.range.end.max(range.end);
    true
}

/// Kind, forms of the halves, form of the whole.
const PAIRS: [(IdentifierKind, &str, &str, &str); 2] = [
    (IdentifierKind::Position, "latitude", "longitude", "lat-lon"),
    (IdentifierKind::MccMnc, "mcc", "mnc", "mcc-mnc"),
];

/// A list as a hit, at the first of its members.
fn list_hit(tree: &Tree<'_>, list: ListShape) -> Option<Hit> {
    let index = *list.places.first()?;
    let field = tree.field(index)?;
    let shape = Shape {
        kind: list.kind,
        canonical: format!("list of {}", list.count),
        form: Form("list".to_owned()),
        start: 0,
        end: field.value.len(),
        confidence: Confidence::ByForm,
        why: list.why,
    };
    let what = What::Shape(Box::new(shape));
    Some(Hit { buffer: field.buffer, range: field.value.clone(), field: Some(index), what })
}

/// Which fields have no fields in them, and which buffers were decoded from a field.
struct Leaves {
    outer: Vec<bool>,
    /// Sorted.
    decoded: Vec<(FieldIndex, BufferIndex)>,
    with_fields: Vec<bool>,
}

impl Leaves {
    fn of(tree: &Tree<'_>) -> Self {
        let mut outer = vec![false; tree.fields.len()];
        let mut with_fields = vec![false; tree.buffers.len()];
        for field in &tree.fields {
            // The address of a page is a value, whatever parameters it has.
            let parent = field.parent.filter(|_| !matches!(field.decoder, "url" | "path"));
            if let Some(parent) = parent.and_then(|parent| outer.get_mut(parent as usize)) {
                *parent = true;
            }
            if let Some(buffer) = with_fields.get_mut(field.buffer as usize) {
                *buffer = true;
            }
        }
        let mut decoded = Vec::new();
        for (index, buffer) in (0..).zip(&tree.buffers) {
            let field = buffer.origin.as_ref().and_then(|origin| origin.field);
            if let (Some(field), Some(false)) = (field, with_fields.get(index as usize)) {
                decoded.push((field, index));
            }
        }
        decoded.sort_unstable();
        Self { outer, decoded, with_fields }
    }

    fn is_leaf(&self, field: FieldIndex) -> bool {
        self.outer.get(field as usize) == Some(&false)
    }

    fn decoded_from(&self, field: FieldIndex) -> &[(FieldIndex, BufferIndex)] {
        let first = self.decoded.partition_point(|(of, _)| *of < field);
        let end = self.decoded.partition_point(|(of, _)| *of <= field);
        self.decoded.get(first..end).unwrap_or_default()
    }

    /// Decoded buffers without fields in them.
    fn plain_buffers(&self, tree: &Tree<'_>) -> Vec<BufferIndex> {
        let decoded = (0..).zip(&tree.buffers).filter(|(_, buffer)| buffer.origin.is_some());
        decoded
            .map(|(index, _): (BufferIndex, _)| index)
            .filter(|index| self.with_fields.get(*index as usize) == Some(&false))
            .collect()
    }
}

/// The next outer name of a field, positions in lists passed over.
fn parent_name<'t>(tree: &'t Tree<'_>, field: &Field) -> Cow<'t, str> {
    let mut outer = field.parent.into_iter().flat_map(|parent| tree.ancestry(parent));
    let named = outer.find(|index| {
        tree.field(*index).is_some_and(|field| !matches!(field.name, Name::Index(_) | Name::None))
    });
    named.map(|index| tree.name(index)).unwrap_or_default()
}

fn length(tree: &Tree<'_>, buffer: BufferIndex) -> usize {
    tree.buffer(buffer).map_or(0, |buffer| buffer.bytes.len())
}

/// A value of the profile is reported where it was read best: not again in the bytes it was decoded from.
/// A shape is reported only where no value of the profile stands, and once per place.
fn once_per_place(tree: &Tree<'_>, needles: &Needles, hits: &mut Vec<Hit>) {
    let told_again = told_in_sources(tree, needles, hits);
    let mut decoded: HashMap<(BufferIndex, Subject<'_>), Places> = HashMap::new();
    let mut known: HashMap<BufferIndex, Places> = HashMap::new();
    for hit in hits.iter() {
        let subject = Subject::of(hit, needles);
        let is_known = matches!(hit.what, What::Needle(_));
        if is_known {
            known.entry(hit.buffer).or_default().add(hit.range.clone());
        }
        for (buffer, range) in sources(tree, hit.buffer) {
            if is_known {
                known.entry(buffer).or_default().add(range.clone());
            }
            if told_again.contains(&(buffer, subject)) {
                decoded.entry((buffer, subject)).or_default().add(range);
            }
        }
    }
    decoded.values_mut().for_each(Places::sort);
    known.values_mut().for_each(Places::sort);
    let mut seen = HashSet::with_capacity(hits.len());
    let kept: Vec<bool> = hits
        .iter()
        .map(|hit| {
            let subject = Subject::of(hit, needles);
            let read_better =
                decoded.get(&(hit.buffer, subject)).is_some_and(|places| places.meet(&hit.range));
            let shape_of_known = matches!(hit.what, What::Shape(_))
                && known.get(&hit.buffer).is_some_and(|places| places.meet(&hit.range));
            !read_better && !shape_of_known && seen.insert((hit.buffer, hit.range.start, subject))
        })
        .collect();
    let mut kept = kept.into_iter();
    hits.retain(|_| kept.next().unwrap_or(true));
}

/// What was found in buffers that others with hits were decoded from: only that can have been read better.
fn told_in_sources<'h>(
    tree: &Tree<'_>,
    needles: &Needles,
    hits: &'h [Hit],
) -> HashSet<(BufferIndex, Subject<'h>)> {
    let mut buffers: Vec<_> = hits.iter().map(|hit| hit.buffer).collect();
    buffers.dedup();
    let sourced: HashSet<_> =
        buffers.iter().flat_map(|buffer| sources(tree, *buffer)).map(|(buffer, _)| buffer).collect();
    let inner = hits.iter().filter(|hit| sourced.contains(&hit.buffer));
    inner.map(|hit| (hit.buffer, Subject::of(hit, needles))).collect()
}

/// What hits are of: equal for two readings of the same thing.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Subject<'h> {
    Value(usize),
    Shape(IdentifierKind, &'h str),
}

impl<'h> Subject<'h> {
    fn of(hit: &'h Hit, needles: &Needles) -> Self {
        match &hit.what {
            What::Needle(found) => Self::Value(needles.needle(found.needle).value),
            What::Shape(shape) => Self::Shape(shape.kind, &shape.canonical),
        }
    }
}

/// The ranges a buffer was made from, in its source, that one's source, and so on.
fn sources<'t>(
    tree: &'t Tree<'_>,
    buffer: BufferIndex,
) -> impl Iterator<Item = (BufferIndex, Range<usize>)> + 't {
    let origin = move |index| tree.buffer(index).and_then(|buffer| buffer.origin.as_ref());
    std::iter::successors(origin(buffer), move |inner| origin(inner.source))
        .take(tree.buffers.len())
        .map(|origin| (origin.source, origin.range.clone()))
}

/// Ranges of one buffer, asked whether any of them meets another: in logarithmic time, because a hostile
/// body may be one needle a million times.
#[derive(Default)]
struct Places {
    /// Start, and the largest end of this and all earlier ranges.
    ranges: Vec<(usize, usize)>,
}

impl Places {
    fn add(&mut self, range: Range<usize>) {
        self.ranges.push((range.start, range.end));
    }

    /// Must come between the last `add` and the first `meet`.
    fn sort(&mut self) {
        self.ranges.sort_unstable();
        let mut furthest = 0;
        for (_, end) in &mut self.ranges {
            furthest = furthest.max(*end);
            *end = furthest;
        }
    }

    fn meet(&self, range: &Range<usize>) -> bool {
        let before = self.ranges.partition_point(|(start, _)| *start < range.end);
        let last = before.checked_sub(1).and_then(|last| self.ranges.get(last));
        last.is_some_and(|(_, furthest)| *furthest > range.start)
    }
}

/// The longest value that is looked at as one identifier; longer ones are texts.
const VALUE: usize = 4096;

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use identifiers::Profile;
    use payload::{Explorer, Hint, Limits, Root, RootField};

    use super::*;

    /// A diary with an address and a radio's number in it, of any length, as a body and within one.
    #[test]
    fn shapes_are_found_in_values_of_any_length() {
        let rows = [("", ""), ("{\"log\":\"", "\"}"), ("a=1&log=", "&b=2")];
        for words in [10, 100, 2_000, 40_000] {
            let diary = "went home, ".repeat(words) + "mail me: joe.miller@gmail.com d0:37:45:12:34:56 bye";
            for (before, after) in rows {
                let body = format!("{before}{diary}{after}");
                let mut kinds: Vec<_> = shapes_in(body.as_bytes()).into_iter().collect();
                kinds.sort();
                assert_eq!(
                    kinds,
                    [IdentifierKind::Email, IdentifierKind::WifiMac],
                    "{words} words in {before}"
                );
            }
        }
    }

    fn shapes_in(body: &[u8]) -> HashSet<IdentifierKind> {
        let value = 0..body.len();
        let field = RootField { name: Name::None, value, kind: FieldKind::Body, hint: Hint::default() };
        let root = Root { bytes: Cow::Borrowed(body), fields: vec![field] };
        let (needles, shapes) = (Needles::build(&Profile::default()), Shapes::new());
        let tree = Explorer::new(Limits::default()).explore(vec![root]);
        let hits = Searcher::new(&needles, &shapes).search(&tree, &[FieldKind::Body], true);
        let kind = |hit: Hit| match hit.what {
            What::Shape(shape) => Some(shape.kind),
            What::Needle(_) => None,
        };
        hits.into_iter().filter_map(kind).collect()
    }

    #[test]
    fn places_know_nested_and_touching_ranges() {
        let mut places = Places::default();
        for range in [10..100, 20..30, 200..210] {
            places.add(range);
        }
        places.sort();
        let rows = [(0..10, false), (9..11, true), (50..60, true), (100..200, false), (209..300, true)];
        for (range, expected) in rows {
            assert_eq!(places.meet(&range), expected, "{range:?}");
        }
    }
}
