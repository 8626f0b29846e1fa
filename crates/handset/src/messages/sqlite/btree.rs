//! Table b-trees to rows (section 1.6).

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Header, Part, Place, Row, Table,
    pages::{Page, Pages, Version, be16, be32},
    record::{self, varint},
};
use crate::Oddity;

/// A walk through all pages of a table.
pub(super) struct Walk<'p, 'a> {
    pages: &'p Pages<'a>,
    header: Header,
    root: u32,
    rows: Vec<Row>,
    /// The versions of pages that the current state has.
    current: BTreeSet<(u32, Part)>,
    former: Vec<Row>,
    oddities: Vec<Oddity>,
    /// Bytes of records that may still be copied: cells may overlap, and chains may be shared.
    budget: usize,
}

/// The transactions as of which a page is visited, both ends included, and how deep in the tree it lies.
#[derive(Clone, Copy)]
struct Visit {
    from: u32,
    to: u32,
    depth: u8,
}

impl Visit {
    /// Since the file was written as it is.
    const SINCE: Self = Self { from: 1, to: u32::MAX, depth: 0 };

    /// Before, as far as frames of earlier logs tell.
    const BEFORE: Self = Self { from: 0, to: 0, depth: 0 };
}

/// Versions of pages to be visited, and those that were.
struct Past<'a> {
    /// The transactions for which a version was visited.
    seen: BTreeMap<(u32, Part), (u32, u32)>,
    open: Vec<(Page<'a>, Visit)>,
    /// Steps that may still be taken. Each version names its children once, so that the bytes of the files are
    /// enough for all that is not made to be followed for ever.
    left: usize,
}

impl<'a> Past<'a> {
    /// Takes the versions of a page that held while its parent did. A leaf is read once; a page with children
    /// again where it is reached for other transactions.
    fn offer(&mut self, pages: &Pages<'a>, number: u32, parent: Visit) {
        let depth = parent.depth.saturating_add(1);
        for version in pages.during(number, parent.from, parent.to) {
            let Version { part, from, to } = *version;
            let Some(left) = self.left.checked_sub(1) else { return };
            self.left = left;
            let Some(page) = pages.bytes(number, part) else { continue };
            let (from, to) = (from.max(parent.from), to.min(parent.to));
            let known = self.seen.get(&(number, part)).copied();
            let read =
                known.is_some_and(|it| it.0 <= from && it.1 >= to || matches!(kind(&page), Some(Kind::Leaf)));
            if read || depth > DEEPEST {
                continue;
            }
            let hull = known.map_or((from, to), |it| (it.0.min(from), it.1.max(to)));
            self.seen.insert((number, part), hull);
            self.open.push((page, Visit { from, to, depth }));
        }
    }
}

/// As of when the rest of a row is looked for.
#[derive(Clone, Copy)]
enum When {
    /// After this transaction.
    After(u32),
    /// When this version of the leaf was written, before the file was as it is. Pages are used again: only one
    /// that the same log is known to have had then will do.
    Before(Part),
}

/// What a page of a table's tree holds.
enum Kind {
    Interior,
    Leaf,
}

impl<'p, 'a> Walk<'p, 'a> {
    pub(super) fn new(pages: &'p Pages<'a>, header: Header, table: &Table) -> Self {
        let budget = pages.total().saturating_mul(4).saturating_add(1 << 20);
        let (rows, current, former, oddities) = Default::default();
        Self { pages, header, root: table.root, rows, current, former, oddities, budget }
    }

    /// The rows now, those of older states, and what was odd.
    pub(super) fn done(self) -> (Vec<Row>, Vec<Row>, Vec<Oddity>) {
        (self.rows, self.former, self.oddities)
    }

    /// Reads the rows of the current state.
    pub(super) fn current(&mut self) {
        let now = self.pages.now();
        let mut seen = BTreeSet::new();
        let mut open = vec![(self.root, 0u8)];
        while let Some((number, depth)) = open.pop() {
            if !seen.insert(number) || depth > DEEPEST {
                self.odd("file holds a tree that meets itself", format!("page {number}"), number);
                continue;
            }
            let Some(page) = self.pages.at(number, now).and_then(|it| self.pages.bytes(number, it.part))
            else {
                self.odd("file lacks a page of a table", format!("page {number}"), number);
                continue;
            };
            self.current.insert((number, page.part));
            match kind(&page) {
                Some(Kind::Interior) => {
                    let children = self.children(&page);
                    open.extend(children.into_iter().rev().map(|child| (child, depth.saturating_add(1))));
                }
                Some(Kind::Leaf) => {
                    let rows = self.leaf(&page, When::After(now), true);
                    self.rows.extend(rows);
                }
                None => self.odd("file holds a damaged page in a table", format!("page {number}"), number),
            }
        }
    }

    /// Reads the rows of every older version of the table's pages. Only needed, and only run, where a WAL is.
    pub(super) fn history(&mut self) {
        if self.pages.frames().is_empty() {
            return;
        }
        let mut past = Past {
            seen: BTreeMap::new(),
            open: Vec::new(),
            left: self.pages.total().saturating_add(1 << 20),
        };
        for since in [Visit::SINCE, Visit::BEFORE] {
            past.offer(self.pages, self.root, since);
            self.follow(&mut past);
        }
        self.former.sort_by_key(|row| age(row, self.pages));
    }

    fn follow(&mut self, past: &mut Past<'a>) {
        while let Some((page, visit)) = past.open.pop() {
            if past.left == 0 {
                self.odd("file holds more older pages than are followed", String::new(), page.number);
                break;
            }
            match kind(&page) {
                Some(Kind::Interior) => {
                    for child in self.children(&page) {
                        past.offer(self.pages, child, visit);
                    }
                }
                Some(Kind::Leaf) if !self.current.contains(&(page.number, page.part)) => {
                    let when = if visit.to == 0 { When::Before(page.part) } else { When::After(visit.from) };
                    let rows = self.leaf(&page, when, false);
                    self.former.extend(rows);
                }
                _ => {}
            }
        }
    }

    /// The children of an interior page: the left one of each cell, then the rightmost.
    fn children(&self, page: &Page<'a>) -> Vec<u32> {
        let head = head(page);
        let cells = pointers(page, INTERIOR_HEADER);
        let left = cells.iter().filter_map(|cell| be32(page.bytes, *cell));
        left.chain(be32(page.bytes, head.saturating_add(8))).filter(|child| *child != 0).collect()
    }

    fn leaf(&mut self, page: &Page<'a>, when: When, speak: bool) -> Vec<Row> {
        let mut rows = Vec::new();
        for cell in pointers(page, LEAF_HEADER) {
            let row = self.row(page, cell, when);
            let what = match &row {
                Some(row) if row.cut => Some("file lacks the rest of a row"),
                Some(_) => None,
                None => Some("file holds a damaged row"),
            };
            if let Some(what) = what.filter(|_| speak) {
                let at = page.offset.saturating_add(u64::try_from(cell).unwrap_or(0));
                self.note(Oddity::new(what, format!("page {}, byte {cell}", page.number), at));
            }
            rows.extend(row);
        }
        rows
    }

    /// A cell: the record's length, the key, the record or its beginning, the first page of the rest.
    fn row(&mut self, page: &Page<'a>, cell: usize, when: When) -> Option<Row> {
        let bytes = page.bytes.get(cell..)?;
        let (length, used) = varint(bytes)?;
        let (key, more) = varint(bytes.get(used..)?)?;
        let start = used.checked_add(more)?;
        let length = usize::try_from(length).ok()?;
        let usable = page.bytes.len().checked_sub(usize::from(self.header.reserved))?;
        let local = local(length, usable)?;
        let mut end = start.checked_add(local)?;
        let mut payload = bytes.get(start..end)?.to_vec();
        let mut overflow = Vec::new();
        if local < length {
            let first = be32(bytes, end)?;
            end = end.checked_add(4)?;
            self.chain(first, when, length, usable, &mut payload, &mut overflow);
        }
        let cut = payload.len() < length;
        self.budget = self.budget.checked_sub(payload.len())?;
        let values = record::values(&payload, cut, self.header.encoding, &mut self.budget)?;
        let cell = place(page, cell, end)?;
        Some(Row { rowid: key, values, cell, overflow, cut })
    }

    /// Follows overflow pages (section 1.5 of the format: the next page's number, then content). None where the
    /// chain ends early; what was there is kept.
    fn chain(
        &mut self,
        first: u32,
        when: When,
        length: usize,
        usable: usize,
        payload: &mut Vec<u8>,
        places: &mut Vec<Place>,
    ) -> Option<()> {
        let mut next = first;
        // A chain cannot be longer than there are pages, so one that meets itself ends.
        let mut left = self.pages.count().saturating_add(1);
        while payload.len() < length {
            left = left.checked_sub(1)?;
            self.budget.checked_sub(payload.len())?;
            let part = match when {
                When::After(transaction) => self.pages.at(next, transaction)?.part,
                When::Before(leaf) => self.pages.with(next, leaf)?,
            };
            let page = self.pages.bytes(next, part)?;
            let take = length.checked_sub(payload.len())?.min(usable.checked_sub(4)?);
            let end = take.checked_add(4)?;
            payload.extend_from_slice(page.bytes.get(4..end)?);
            places.push(place(&page, 4, take)?);
            next = be32(page.bytes, 0)?;
        }
        Some(())
    }

    fn odd(&mut self, what: &'static str, detail: String, page: u32) {
        let offset = u64::from(page.saturating_sub(1)).saturating_mul(u64::from(self.header.page_size));
        self.note(Oddity::new(what, detail, offset));
    }

    /// Damage repeats itself: what is beyond the first ones is left out.
    fn note(&mut self, odd: Oddity) {
        if self.oddities.len() < MOST_ODDITIES {
            self.oddities.push(odd);
        }
    }
}

/// Older versions sort before newer ones.
fn age(row: &Row, pages: &Pages<'_>) -> (bool, Option<u64>) {
    let stale = pages.state_of(row.cell.part) == Some(super::FrameState::Stale);
    match row.cell.part {
        Part::File => (true, None),
        Part::Wal { frame } => (!stale, Some(u64::from(frame))),
    }
}

fn place(page: &Page<'_>, start: usize, length: usize) -> Option<Place> {
    let start = page.offset.checked_add(u64::try_from(start).ok()?)?;
    let end = start.checked_add(u64::try_from(length).ok()?)?;
    Some(Place { part: page.part, start, end })
}

/// The b-tree header begins after the file's on page 1.
fn head(page: &Page<'_>) -> usize {
    if page.number == 1 { 100 } else { 0 }
}

fn kind(page: &Page<'_>) -> Option<Kind> {
    match page.bytes.get(head(page))? {
        0x05 => Some(Kind::Interior),
        0x0d => Some(Kind::Leaf),
        _ => None,
    }
}

/// The offsets of the cells; a count beyond the page is cut to what is there.
fn pointers(page: &Page<'_>, header: usize) -> Vec<usize> {
    let head = head(page);
    let count = be16(page.bytes, head.saturating_add(3)).map_or(0, usize::from);
    let array = page.bytes.get(head.saturating_add(header)..).unwrap_or_default();
    array.as_chunks::<2>().0.iter().take(count).map(|it| usize::from(u16::from_be_bytes(*it))).collect()
}

/// Bytes of a record of `length` that stand in the leaf (section 1.6, "the amount of payload that spills").
fn local(length: usize, usable: usize) -> Option<usize> {
    let most = usable.checked_sub(35)?;
    if length <= most {
        return Some(length);
    }
    let least = usable.checked_sub(12)?.checked_mul(32)?.checked_div(255)?.checked_sub(23)?;
    let over = length.checked_sub(least)?.checked_rem(usable.checked_sub(4)?)?;
    let fits = least.checked_add(over)?;
    Some(if fits <= most { fits } else { least })
}

/// Bytes of the header of a page with children.
const INTERIOR_HEADER: usize = 12;

/// Bytes of the header of a page with rows.
const LEAF_HEADER: usize = 8;

/// SQLite itself gives up on trees deeper than this.
const DEEPEST: u8 = 20;

/// Oddities kept of one table.
const MOST_ODDITIES: usize = 1000;
