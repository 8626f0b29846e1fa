//! Header blocks of HTTP/2 to fields (RFC 7541).

use super::{
    Section, Text,
    cursor::{Cursor, Literal, Stop},
    section::{Credit, Gathering},
    statics,
    table::{LARGEST, Table},
};
use crate::{Recorded, protocol::Output};

/// Reads the header blocks of one direction of a connection, in order.
#[derive(Debug)]
pub struct Decoder {
    table: Table,
    credit: Credit,
}

/// A representation (RFC 7541 section 6).
enum Line {
    /// A field of a table.
    Indexed(u64),
    /// A value, with a name or the index of one.
    Literal { name: Name, value: Literal, keep: bool },
    /// The table's new size.
    Size(u64),
}

enum Name {
    Index(u64),
    Literal(Literal),
}

impl Default for Decoder {
    fn default() -> Self {
        Self { table: Table::new(FIRST_SIZE), credit: Credit::new() }
    }
}

impl Decoder {
    /// A decoder for a direction whose first block is read first.
    pub fn new() -> Self {
        Self::default()
    }

    /// A decoder for a direction whose first blocks the capture lacks: what those defined is not known, and
    /// neither is the size of their table.
    pub fn joined() -> Self {
        let mut table = Table::new(LARGEST);
        table.lose();
        Self { table, credit: Credit::new() }
    }

    /// Blocks were lost: what was defined before is no longer where it was. What comes later is in step again.
    pub fn lose(&mut self) {
        self.table.lose();
    }

    /// Reads a block, which may lack its end. What is odd about it goes to `out`.
    pub fn read(&mut self, block: &Recorded, out: &mut Output) -> Section {
        let mut cursor = Cursor::new(&block.bytes);
        let mut gathering = Gathering::new(block.bytes.len(), &mut self.credit);
        let mut started = false;
        while cursor.peek().is_some() {
            let at = cursor.at;
            match line(&mut cursor) {
                Ok(Line::Size(size)) => {
                    if started {
                        gathering.note(
                            at,
                            "peer changed the header table's size between fields",
                            String::new,
                        );
                    }
                    self.table.resize(size);
                }
                Ok(Line::Indexed(index)) => {
                    let (name, value) = lookup(&self.table, (at, index), &mut gathering);
                    gathering.add(&name, &value);
                    started = true;
                }
                Ok(Line::Literal { name, value, keep }) => {
                    let whole = value.missing == 0;
                    let name = match name {
                        Name::Index(index) => lookup(&self.table, (at, index), &mut gathering).0,
                        Name::Literal(name) => text(block, &name, &mut gathering),
                    };
                    let value = text(block, &value, &mut gathering);
                    gathering.add(&name, &value);
                    if !whole {
                        gathering.stop(block.bytes.len(), block.bytes.len(), Stop::Short);
                        self.table.lose();
                    } else if keep {
                        self.table.insert(name, value);
                    }
                    started = true;
                }
                Err(why) => {
                    gathering.stop(at, block.bytes.len(), why);
                    self.table.lose();
                    break;
                }
            }
        }
        gathering.finish(block, out)
    }
}

fn line(cursor: &mut Cursor<'_>) -> Result<Line, Stop> {
    match cursor.peek().ok_or(Stop::Short)? {
        0x80.. => Ok(Line::Indexed(cursor.integer(7)?)),
        0x40.. => literal(cursor, 6, true),
        0x20.. => Ok(Line::Size(cursor.integer(5)?)),
        _ => literal(cursor, 4, false),
    }
}

fn literal(cursor: &mut Cursor<'_>, prefix: u8, keep: bool) -> Result<Line, Stop> {
    let name = match cursor.integer(prefix)? {
        0 => Name::Literal(cursor.literal(7)?),
        index => Name::Index(index),
    };
    if matches!(&name, Name::Literal(name) if name.missing > 0) {
        return Err(Stop::Short);
    }
    Ok(Line::Literal { name, value: cursor.literal(7)?, keep })
}

/// Name and value of an index (RFC 7541 section 2.3.3).
fn lookup(table: &Table, (at, index): (usize, u64), gathering: &mut Gathering<'_>) -> (Text, Text) {
    let fixed = index.checked_sub(1).and_then(|place| statics::HPACK.get(usize::try_from(place).ok()?));
    if let Some((name, value)) = fixed {
        return (Text::Static(name), Text::Static(value));
    }
    let defined = index.checked_sub(1 + statics::HPACK.len() as u64).and_then(|age| table.newest(age));
    defined.cloned().unwrap_or_else(|| {
        gathering.note(at, table.absence(), || format!("index {index}"));
        (Text::Lost, Text::Lost)
    })
}

fn text(block: &Recorded, literal: &Literal, gathering: &mut Gathering<'_>) -> Text {
    let (text, odd) = Text::read(block, literal);
    if let Some(what) = odd {
        gathering.note(literal.range.start, what, String::new);
    }
    text
}

/// The table's size before the peer changes it (RFC 9113 section 6.5.2).
const FIRST_SIZE: usize = 4096;
