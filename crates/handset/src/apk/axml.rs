//! Android's binary XML → elements and attributes, after `ResourceTypes.h` of AOSP's androidfw.
//!
//! Attributes are known by the resource id in the resource map and not by name: the framework does so, and
//! obfuscated manifests have empty or false names. Chunks that the framework skips are skipped.

use std::borrow::Cow;

use super::pool::Pool;
use crate::{Oddity, le};

/// A binary XML document, its elements in the order of their start tags.
#[derive(Clone, Debug, Default)]
pub struct Document {
    /// The elements.
    pub elements: Vec<Element>,
    /// What is odd about the bytes.
    pub oddities: Vec<Oddity>,
}

/// An element.
#[derive(Clone, Debug)]
pub struct Element {
    /// Its name without name space.
    pub name: String,
    /// The element around it, as an index of [`Document::elements`].
    pub parent: Option<usize>,
    /// Its attributes.
    pub attributes: Vec<Attribute>,
    /// Where its start tag is in the document.
    pub start: u64,
    /// The byte after it.
    pub end: u64,
}

/// An attribute.
#[derive(Clone, Debug)]
pub struct Attribute {
    /// Its name in the string pool.
    pub name: String,
    /// Its resource id; 0 where it has none.
    pub id: u32,
    /// Its value.
    pub value: Value,
    /// Where it is in the document: 20 bytes from here.
    pub start: u64,
}

/// An attribute's value (`Res_value`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Text.
    Text(String),
    /// A resource to look up in `resources.arsc`.
    Reference(u32),
    /// True or false.
    Bool(bool),
    /// A whole number, decimal or hex in the source.
    Int(u32),
    /// Anything else: type and data.
    Other(u8, u32),
}

impl Document {
    /// Reads a document; as far as it goes where it is damaged.
    pub fn read(bytes: &[u8]) -> Self {
        let mut document = Self::default();
        let left = bytes.len().saturating_mul(4).saturating_add(MIN_TEXT);
        let mut state = State { bytes, pool: Pool::default(), ids: Vec::new(), open: Vec::new(), left };
        if le::u16(bytes, 0) != Some(XML) {
            document.odd("file's binary XML has another type than it should", 0);
        }
        let mut at = le::short(bytes, 2).unwrap_or(8).max(8);
        while at < bytes.len() {
            let Some(chunk) = Chunk::read(bytes, at) else {
                document.odd("file's binary XML has a chunk that does not fit", at);
                break;
            };
            document.take(&mut state, &chunk);
            at = at.saturating_add(chunk.len);
        }
        if state.left == 0 {
            document.odd("file's binary XML repeats long strings beyond its own size; they are left out", 0);
        }
        document
    }

    /// The children of an element. Start tags are in order, so what is below it follows it at once.
    pub fn below(&self, parent: usize) -> impl Iterator<Item = (usize, &Element)> {
        let after = self.elements.iter().enumerate().skip(parent.saturating_add(1));
        let within = after.take_while(move |(_, element)| element.parent.is_some_and(|of| of >= parent));
        within.filter(move |(_, element)| element.parent == Some(parent))
    }

    /// The children of an element of that name.
    pub fn children<'d>(
        &'d self,
        parent: usize,
        name: &'d str,
    ) -> impl Iterator<Item = (usize, &'d Element)> {
        self.below(parent).filter(move |(_, element)| element.name == name)
    }

    /// All elements of that name.
    pub fn named<'d>(&'d self, name: &'d str) -> impl Iterator<Item = (usize, &'d Element)> {
        self.elements.iter().enumerate().filter(move |(_, element)| element.name == name)
    }

    fn take<'a>(&mut self, state: &mut State<'a>, chunk: &Chunk<'a>) {
        match chunk.kind {
            STRINGS => state.pool = Pool::read(chunk.bytes, chunk.at),
            RESOURCE_MAP => state.ids = chunk.words(),
            START_ELEMENT if self.elements.len() < MAX_ELEMENTS => match state.element(chunk) {
                Some(element) => {
                    state.open.push(self.elements.len());
                    self.elements.push(element);
                }
                None => self.odd("file's binary XML has a start tag that does not fit", chunk.at),
            },
            END_ELEMENT => {
                state.open.pop();
            }
            START_NAMESPACE | END_NAMESPACE | TEXT => {}
            _ => self.odd("file's binary XML has a chunk of unknown type", chunk.at),
        }
    }

    fn odd(&mut self, what: &'static str, at: usize) {
        self.oddities.push(Oddity::new(what, "", le::wide(at)));
    }
}

impl Element {
    /// The attribute with that resource id; by name where it has none.
    pub fn attribute(&self, wanted: (u32, &str)) -> Option<&Attribute> {
        let by_id = self.attributes.iter().find(|attribute| attribute.id == wanted.0 && wanted.0 != 0);
        by_id.or_else(|| {
            self.attributes.iter().find(|attribute| attribute.id == 0 && attribute.name == wanted.1)
        })
    }

    /// The attribute's text; a number as its digits.
    pub fn text(&self, wanted: (u32, &str)) -> Option<Cow<'_, str>> {
        self.attribute(wanted)?.value.text()
    }

    /// The attribute as true or false.
    pub fn flag(&self, wanted: (u32, &str)) -> Option<bool> {
        match &self.attribute(wanted)?.value {
            Value::Bool(value) => Some(*value),
            Value::Int(value) => Some(*value != 0),
            Value::Text(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// The attribute as a number.
    pub fn number(&self, wanted: (u32, &str)) -> Option<u32> {
        match &self.attribute(wanted)?.value {
            Value::Int(value) => Some(*value),
            Value::Text(text) => text.parse().ok(),
            _ => None,
        }
    }
}

impl Attribute {
    /// The bytes of the attribute.
    pub fn bytes(&self) -> std::ops::Range<u64> {
        self.start..self.start.saturating_add(le::wide(ATTRIBUTE_LEN))
    }
}

impl Value {
    /// The value as text: text itself, numbers and truth as they are written; `None` for a reference.
    pub fn text(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Text(text) => Some(Cow::Borrowed(text)),
            Self::Int(value) => Some(Cow::Owned(value.to_string())),
            Self::Bool(value) => Some(Cow::Borrowed(if *value { "true" } else { "false" })),
            Self::Reference(_) | Self::Other(..) => None,
        }
    }

    /// From a `Res_value`'s type and data.
    pub(super) fn of(kind: u8, data: u32, pool: &Pool<'_>) -> Self {
        match kind {
            TEXT_VALUE => Self::Text(pool.text(data).unwrap_or_default().into_owned()),
            0x01 | 0x07 => Self::Reference(data),
            0x12 => Self::Bool(data != 0),
            0x10 | 0x11 => Self::Int(data),
            _ => Self::Other(kind, data),
        }
    }
}

struct State<'a> {
    bytes: &'a [u8],
    pool: Pool<'a>,
    ids: Vec<u32>,
    open: Vec<usize>,
    /// Bytes of text that may still be copied: many attributes can name one long string.
    left: usize,
}

impl State<'_> {
    fn text(&mut self, index: u32) -> String {
        let text = self.pool.text(index).unwrap_or_default();
        self.left = self.left.saturating_sub(text.len());
        if self.left == 0 { String::new() } else { text.into_owned() }
    }

    fn element(&mut self, chunk: &Chunk<'_>) -> Option<Element> {
        let body = chunk.at.checked_add(chunk.header)?;
        let first = body.checked_add(le::short(self.bytes, body.checked_add(8)?)?)?;
        let step = le::short(self.bytes, body.checked_add(10)?)?.max(ATTRIBUTE_LEN);
        let count = le::short(self.bytes, body.checked_add(12)?)?;
        let starts = (0..count).filter_map(|n| first.checked_add(n.checked_mul(step)?));
        Some(Element {
            name: self.text(le::u32(self.bytes, body.checked_add(4)?)?),
            parent: self.open.last().copied(),
            attributes: starts.map_while(|at| self.attribute(at)).collect(),
            start: le::wide(chunk.at),
            end: le::wide(chunk.at.saturating_add(chunk.len)),
        })
    }

    fn attribute(&mut self, at: usize) -> Option<Attribute> {
        let name = le::u32(self.bytes, at.checked_add(4)?)?;
        let kind = le::u8(self.bytes, at.checked_add(15)?)?;
        let data = le::u32(self.bytes, at.checked_add(16)?)?;
        Some(Attribute {
            name: self.text(name),
            id: usize::try_from(name).ok().and_then(|n| self.ids.get(n)).copied().unwrap_or(0),
            value: if kind == TEXT_VALUE {
                Value::Text(self.text(data))
            } else {
                Value::of(kind, data, &self.pool)
            },
            start: le::wide(at),
        })
    }
}

/// A `ResChunk_header` and what follows.
pub(super) struct Chunk<'a> {
    pub(super) kind: u16,
    /// Bytes of the header.
    pub(super) header: usize,
    /// Bytes of the whole chunk, at least 8.
    pub(super) len: usize,
    /// Offset in the file.
    pub(super) at: usize,
    /// The chunk.
    pub(super) bytes: &'a [u8],
}

impl<'a> Chunk<'a> {
    /// The chunk at `at`; its end is the file's where it claims more.
    pub(super) fn read(bytes: &'a [u8], at: usize) -> Option<Self> {
        let header = le::short(bytes, at.checked_add(2)?)?;
        let claimed = le::size(bytes, at.checked_add(4)?)?;
        let len = claimed.min(bytes.len().checked_sub(at)?);
        if len < 8 || header > len {
            return None;
        }
        Some(Self { kind: le::u16(bytes, at)?, header, len, at, bytes: le::slice(bytes, at, len)? })
    }

    fn words(&self) -> Vec<u32> {
        let body = self.bytes.get(self.header..).unwrap_or_default();
        body.chunks_exact(4).filter_map(|word| le::u32(word, 0)).collect()
    }
}

pub(super) const STRINGS: u16 = 0x0001;
const XML: u16 = 0x0003;
const START_NAMESPACE: u16 = 0x0100;
const END_NAMESPACE: u16 = 0x0101;
const START_ELEMENT: u16 = 0x0102;
const END_ELEMENT: u16 = 0x0103;
const TEXT: u16 = 0x0104;
const RESOURCE_MAP: u16 = 0x0180;
const ATTRIBUTE_LEN: usize = 20;
const TEXT_VALUE: u8 = 0x03;
/// What even a tiny document may repeat.
const MIN_TEXT: usize = 1 << 20;
/// Far above any manifest; a megabyte of elements is an attack.
const MAX_ELEMENTS: usize = 200_000;
