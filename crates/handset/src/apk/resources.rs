//! `resources.arsc` → the text behind a resource id, after `ResourceTypes.h` of AOSP's androidfw.

use super::{
    axml::{Chunk, STRINGS, Value},
    pool::Pool,
};
use crate::le;

/// An app's resource table.
#[derive(Clone, Debug, Default)]
pub struct Resources<'a> {
    pool: Pool<'a>,
    types: Vec<Type<'a>>,
}

/// One type in one configuration: the entries of, say, all strings in German.
#[derive(Clone, Debug)]
struct Type<'a> {
    package: u32,
    id: u8,
    flags: u8,
    /// Any setting but the default.
    special: bool,
    count: usize,
    header: usize,
    entries: usize,
    chunk: &'a [u8],
}

impl<'a> Resources<'a> {
    /// Reads the table's frame; entries are read when asked for.
    pub fn read(bytes: &'a [u8]) -> Self {
        let mut resources = Self::default();
        for chunk in chunks(bytes, le::short(bytes, 2).unwrap_or(12)) {
            match chunk.kind {
                STRINGS => resources.pool = Pool::read(chunk.bytes, chunk.at),
                PACKAGE => resources.package(&chunk),
                _ => {}
            }
        }
        resources
    }

    /// The text of a resource in the default configuration, else in any. References are followed.
    pub fn text(&self, id: u32) -> Option<String> {
        let mut id = id;
        for _ in 0..MAX_HOPS {
            match self.value(id)? {
                Value::Reference(next) => id = next,
                value => return value.text().map(|text| text.into_owned()),
            }
        }
        None
    }

    /// All strings of the global pool, what the app's resources say in every language, with the offset of
    /// each one's entry in `resources.arsc`.
    pub fn texts(&self) -> impl Iterator<Item = (String, u64)> + '_ {
        self.pool.texts().map(|(text, at)| (text.into_owned(), le::wide(at)))
    }

    fn value(&self, id: u32) -> Option<Value> {
        let of = |kind: &&Type<'_>| kind.package == id >> 24 && u32::from(kind.id) == id >> 16 & 0xff;
        let entry = usize::try_from(id & 0xffff).ok()?;
        let found = |special: bool| {
            let mut types = self.types.iter().filter(of).filter(|kind| kind.special == special);
            types.find_map(|kind| kind.value(entry, &self.pool))
        };
        found(false).or_else(|| found(true))
    }

    fn package(&mut self, chunk: &Chunk<'a>) {
        let package = le::u32(chunk.bytes, 8).unwrap_or(0) & 0xff;
        for inner in chunks(chunk.bytes, chunk.header).filter(|inner| inner.kind == TYPE) {
            if self.types.len() < MAX_TYPES {
                self.types.extend(Type::read(package, inner.header, inner.bytes));
            }
        }
    }
}

impl<'a> Type<'a> {
    fn read(package: u32, header: usize, chunk: &'a [u8]) -> Option<Self> {
        let config_len = le::size(chunk, 20)?;
        let config = le::slice(chunk, 24, config_len.checked_sub(4)?.min(chunk.len().checked_sub(24)?))?;
        Some(Self {
            package,
            id: le::u8(chunk, 8)?,
            flags: le::u8(chunk, 9)?,
            special: config.iter().any(|byte| *byte != 0),
            count: le::size(chunk, 12)?,
            header,
            entries: le::size(chunk, 16)?,
            chunk,
        })
    }

    fn value(&self, entry: usize, pool: &Pool<'_>) -> Option<Value> {
        let at = self.entries.checked_add(self.offset(entry)?)?;
        let flags = le::u16(self.chunk, at.checked_add(2)?)?;
        if flags & COMPACT != 0 {
            let kind = u8::try_from(flags >> 8).ok()?;
            return Some(Value::of(kind, le::u32(self.chunk, at.checked_add(4)?)?, pool));
        }
        if flags & COMPLEX != 0 {
            return None;
        }
        let value = at.checked_add(le::short(self.chunk, at)?)?;
        let kind = le::u8(self.chunk, value.checked_add(3)?)?;
        Some(Value::of(kind, le::u32(self.chunk, value.checked_add(4)?)?, pool))
    }

    /// Where the entry stands: a table of 32 or 16 bits by index, or a sparse one of pairs.
    fn offset(&self, entry: usize) -> Option<usize> {
        if self.flags & SPARSE != 0 {
            let pair = |n: usize| self.header.checked_add(n.checked_mul(4)?);
            let pairs = (0..self.count.min(0xffff)).map_while(pair);
            let at = pairs
                .take_while(|at| *at < self.chunk.len())
                .find(|at| le::short(self.chunk, *at) == Some(entry))?;
            return le::short(self.chunk, at.checked_add(2)?)?.checked_mul(4);
        }
        if entry >= self.count {
            return None;
        }
        if self.flags & SHORT_OFFSETS != 0 {
            let offset = le::short(self.chunk, self.header.checked_add(entry.checked_mul(2)?)?)?;
            return (offset != 0xffff).then(|| offset.saturating_mul(4));
        }
        let offset = le::size(self.chunk, self.header.checked_add(entry.checked_mul(4)?)?)?;
        (offset != 0xffff_ffff).then_some(offset)
    }
}

fn chunks<'a>(bytes: &'a [u8], from: usize) -> impl Iterator<Item = Chunk<'a>> {
    let mut at = from;
    std::iter::from_fn(move || {
        let chunk = Chunk::read(bytes, at)?;
        at = at.checked_add(chunk.len)?;
        Some(chunk)
    })
}

const PACKAGE: u16 = 0x0200;
const TYPE: u16 = 0x0201;
const SPARSE: u8 = 1;
const SHORT_OFFSETS: u8 = 2;
const COMPLEX: u16 = 1;
const COMPACT: u16 = 8;
const MAX_HOPS: usize = 8;
const MAX_TYPES: usize = 100_000;
