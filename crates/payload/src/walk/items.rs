//! What MessagePack and CBOR have in common: a head that says what follows, lists inside lists.

use std::ops::Range;

use super::{Fields, Walked};
use crate::{FieldIndex, Name, sniff::textual};

/// The head of one value.
pub(crate) struct Head {
    /// Its length.
    pub(crate) size: usize,
    /// What follows.
    pub(crate) item: Item,
}

/// What a head announces.
pub(crate) enum Item {
    /// The end of a list of unknown length.
    Break,
    /// That many bytes, text or not.
    Bytes(usize),
    /// A list, with its length where that is known (pairs, of a map).
    List(Shape, Option<usize>),
    /// A value of that many bytes, head included.
    Plain(usize),
    /// Something before the value proper.
    Skip,
}

/// What a list is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Array,
    Map,
}

/// Reads lists in a row. They must fill the input or, where it is cut, hold enough names to be no accident.
pub(crate) fn walk(fields: &mut Fields<'_>, input: &[u8], head: fn(&[u8]) -> Option<Head>) -> Option<Walked> {
    let mut walker = Walker { fields, input, at: 0, open: Vec::new(), texts: 0, keys: 0, head };
    let mut whole = true;
    while whole && walker.at < input.len() {
        whole = walker.document();
    }
    let enough = if whole { walker.keys + walker.texts > 0 } else { walker.keys >= 3 };
    let consumed = walker.at.min(input.len());
    walker.close_all();
    (enough && fields.count() > 0).then_some(Walked { consumed, complete: whole })
}

struct Walker<'w, 't> {
    fields: &'w mut Fields<'t>,
    input: &'w [u8],
    at: usize,
    open: Vec<Open>,
    /// Text values and text keys seen.
    texts: usize,
    keys: usize,
    head: fn(&[u8]) -> Option<Head>,
}

struct Open {
    field: Option<FieldIndex>,
    shape: Shape,
    left: Option<usize>,
    count: u32,
}

impl Walker<'_, '_> {
    /// Whether a whole list was read.
    fn document(&mut self) -> bool {
        let first = self.at;
        while let Some(head) = (self.head)(self.input.get(self.at..).unwrap_or_default()) {
            match head.item {
                Item::Skip => self.at += head.size,
                Item::List(shape, left) if self.at - first < 16 => {
                    self.at += head.size;
                    self.open.push(Open { field: None, shape, left, count: 0 });
                    return self.lists().is_some();
                }
                _ => return false,
            }
        }
        false
    }

    /// Reads until all lists are closed; `None` where the input ends or makes no sense before.
    fn lists(&mut self) -> Option<()> {
        while let Some(top) = self.open.last_mut() {
            if top.left == Some(0) {
                let field = top.field;
                self.fields.close(field, self.at);
                self.open.pop();
                continue;
            }
            let head = (self.head)(self.input.get(self.at..)?)?;
            if let Item::Break = head.item {
                if top.left.is_some() {
                    return None;
                }
                self.at += head.size;
                top.left = Some(0);
                continue;
            }
            top.left = top.left.map(|left| left - 1);
            let (shape, count, parent) = (top.shape, top.count, top.field);
            top.count = count.saturating_add(1);
            let name = if shape == Shape::Map { self.key()? } else { Name::Index(count) };
            self.value(parent, name)?;
        }
        Some(())
    }

    fn key(&mut self) -> Option<Name> {
        let start = self.at;
        let head = (self.head)(self.input.get(start..)?)?;
        match head.item {
            Item::Bytes(len) => {
                let range = self.bytes(head.size, len)?;
                let text = textual(self.input.get(range.clone())?);
                self.keys += usize::from(text);
                Some(if text { Name::Range(range) } else { Name::None })
            }
            Item::Plain(len) => {
                let bytes = self.input.get(start..start.checked_add(len)?)?;
                self.at += len;
                // Small numbers stand in their type byte.
                Some(match bytes {
                    [small @ 0..=0x7f] => Name::Owned(small.to_string().into()),
                    _ => Name::None,
                })
            }
            _ => None,
        }
    }

    fn value(&mut self, parent: Option<FieldIndex>, name: Name) -> Option<()> {
        let start = self.at;
        let mut head = (self.head)(self.input.get(start..)?)?;
        while let Item::Skip = head.item {
            self.at += head.size;
            head = (self.head)(self.input.get(self.at..)?)?;
        }
        match head.item {
            Item::Bytes(len) => {
                let range = self.bytes(head.size, len)?;
                self.texts += usize::from(len >= 3 && textual(self.input.get(range.clone())?));
                self.fields.add(parent, name, range)?;
            }
            Item::Plain(len) => {
                let end = self.at.checked_add(len).filter(|&end| end <= self.input.len())?;
                self.fields.add(parent, name, self.at..end)?;
                self.at = end;
            }
            Item::List(shape, left) => {
                if !self.fields.may_nest(self.open.len()) {
                    return None;
                }
                let field = self.fields.add(parent, name, start..start)?;
                self.at += head.size;
                self.open.push(Open { field: Some(field), shape, left, count: 0 });
            }
            Item::Break | Item::Skip => return None,
        }
        Some(())
    }

    fn bytes(&mut self, head: usize, len: usize) -> Option<Range<usize>> {
        let start = self.at.checked_add(head)?;
        let end = start.checked_add(len).filter(|&end| end <= self.input.len())?;
        self.at = end;
        Some(start..end)
    }

    fn close_all(&mut self) {
        let end = self.at.min(self.input.len());
        while let Some(open) = self.open.pop() {
            self.fields.close(open.field, end);
        }
    }
}
