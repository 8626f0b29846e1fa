//! Encoder stream and field sections of HTTP/3 to fields (RFC 9204).

use evidence::Layer;

use super::{
    Section, Text,
    cursor::{Cursor, Literal, Stop},
    section::{Credit, Gathering},
    statics,
    table::{LARGEST, Table},
};
use crate::{Recorded, StreamBuffer, protocol::Output};

/// Reads the field sections of one direction of a connection, and the encoder stream of the same direction.
#[derive(Debug)]
pub struct Decoder {
    table: Table,
    credit: Credit,
    /// Largest capacity that the reader of the sections allows, by its settings.
    allowed: Option<u64>,
    /// The capacity set by the encoder.
    capacity: u64,
    /// Bytes of the encoder stream that belong to an instruction which is too long, and are passed over.
    passing: u64,
    /// Insertions were lost, so that nobody knows the fields' numbers.
    lost: bool,
}

/// A section needs insertions that have not come yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blocked {
    /// How many insertions it needs in all.
    pub required: u64,
    /// How many have come.
    pub inserted: u64,
}

/// An instruction on the encoder stream (RFC 9204 section 4.3).
enum Instruction {
    Capacity(u64),
    Duplicate(u64),
    Insert { name: Name, value: Literal },
}

/// A field line (RFC 9204 section 4.5).
enum Line {
    Indexed(Index),
    Literal { name: Name, value: Literal },
}

enum Name {
    Index(Index),
    Literal(Literal),
}

/// A field of a table.
#[derive(Clone, Copy, Debug)]
enum Index {
    Static(u64),
    /// Counted back from the base, or from the newest field.
    Before(u64),
    /// Counted on from the base.
    Behind(u64),
}

/// The prefix of a section (RFC 9204 section 4.5.1).
struct Prefix {
    /// Needed insertions as encoded.
    required: u64,
    /// Base's distance from the needed insertions.
    delta: u64,
    below: bool,
}

impl Default for Decoder {
    fn default() -> Self {
        Self {
            table: Table::new(0),
            credit: Credit::new(),
            allowed: None,
            capacity: 0,
            passing: 0,
            lost: false,
        }
    }
}

impl Decoder {
    /// A decoder for a direction of which all is seen.
    pub fn new() -> Self {
        Self::default()
    }

    /// A decoder for a direction whose beginning the capture lacks: what was inserted there is not known.
    pub fn joined() -> Self {
        let mut decoder = Self { capacity: LARGEST as u64, ..Self::default() };
        decoder.table.resize(LARGEST as u64);
        decoder.lose();
        decoder
    }

    /// The reader of the sections allows a table of that capacity: `SETTINGS_QPACK_MAX_TABLE_CAPACITY` (0x01)
    /// that the *other* direction sent.
    pub fn allow(&mut self, capacity: u64) {
        self.allowed = Some(capacity);
    }

    /// Bytes of the encoder stream were lost. Sections are no longer waited with: what they refer to is not
    /// known.
    pub fn lose(&mut self) {
        self.table.lose();
        self.passing = 0;
        self.lost = true;
    }

    /// How many insertions have come.
    pub fn inserted(&self) -> u64 {
        self.table.inserted()
    }

    /// Takes the whole instructions that wait in the encoder stream (behind its type), and says how many bytes
    /// those have.
    pub fn instructions(&mut self, stream: &mut StreamBuffer, out: &mut Output) -> u64 {
        let before = stream.offset().0;
        while !stream.is_empty() && self.instruction(stream, out) {}
        let taken = stream.offset().0.saturating_sub(before);
        self.credit.earn(usize::try_from(taken).unwrap_or(usize::MAX));
        taken
    }

    /// Reads a field section, unless it needs insertions that have not come yet.
    pub fn read(&mut self, section: &Recorded, out: &mut Output) -> Result<Section, Blocked> {
        let mut cursor = Cursor::new(&section.bytes);
        let required = prefix(&mut cursor).ok().and_then(|prefix| self.required(prefix.required));
        match required.filter(|required| !self.lost && *required > self.inserted()) {
            Some(required) => Err(Blocked { required, inserted: self.inserted() }),
            None => Ok(self.read_now(section, out)),
        }
    }

    /// Reads a field section; what it needs and has not come reads as [`Text::Lost`].
    pub fn read_now(&mut self, section: &Recorded, out: &mut Output) -> Section {
        let len = section.bytes.len();
        let mut credit = std::mem::replace(&mut self.credit, Credit::new());
        let mut gathering = Gathering::new(len, &mut credit);
        let mut cursor = Cursor::new(&section.bytes);
        match prefix(&mut cursor) {
            Err(why) => gathering.stop(0, len, why),
            Ok(prefix) => {
                let base = self.base(&prefix, &mut gathering);
                self.lines(section, base, &mut cursor, &mut gathering);
            }
        }
        let read = gathering.finish(section, out);
        self.credit = credit;
        read
    }

    fn lines(
        &self,
        section: &Recorded,
        base: Option<u64>,
        cursor: &mut Cursor<'_>,
        gathering: &mut Gathering<'_>,
    ) {
        let len = section.bytes.len();
        while cursor.peek().is_some() {
            let at = cursor.at;
            match line(cursor) {
                Ok(Line::Indexed(index)) => {
                    let (name, value) = self.lookup(at, index, base, gathering);
                    gathering.add(&name, &value);
                }
                Ok(Line::Literal { name, value }) => {
                    let name = match name {
                        Name::Index(index) => self.lookup(at, index, base, gathering).0,
                        Name::Literal(name) => text(section, &name, gathering),
                    };
                    let whole = value.missing == 0;
                    let value = text(section, &value, gathering);
                    gathering.add(&name, &value);
                    if !whole {
                        gathering.stop(len, len, Stop::Short);
                    }
                }
                Err(why) => return gathering.stop(at, len, why),
            }
        }
    }

    /// The insertions that a section needs (RFC 9204 section 4.5.1.1); `None` where that cannot be told.
    fn required(&self, encoded: u64) -> Option<u64> {
        if encoded == 0 {
            return Some(0);
        }
        let most = self.allowed.unwrap_or(self.capacity) / 32;
        let range = most.checked_mul(2).filter(|range| encoded <= *range)?;
        let highest = self.inserted().checked_add(most)?;
        let wrapped = (highest / range).checked_mul(range)?;
        let required = wrapped.checked_add(encoded)?.checked_sub(1)?;
        let required = if required > highest { required.checked_sub(range)? } else { required };
        (required > 0).then_some(required)
    }

    /// What indices count from (RFC 9204 section 4.5.1.2); `None` where that is not known.
    fn base(&self, prefix: &Prefix, gathering: &mut Gathering<'_>) -> Option<u64> {
        let required = self.required(prefix.required).filter(|_| !self.lost);
        if required.is_none() && !self.lost {
            let what = "peer sent a header block that needs more insertions than its table takes";
            gathering.note(0, what, || format!("{} as encoded", prefix.required));
        }
        let required = required?;
        let base = match prefix.below {
            false => required.checked_add(prefix.delta),
            true => required.checked_sub(prefix.delta).and_then(|base| base.checked_sub(1)),
        };
        if base.is_none() {
            gathering.note(0, "peer sent a header block whose base is below zero", String::new);
        }
        base
    }

    fn lookup(
        &self,
        at: usize,
        index: Index,
        base: Option<u64>,
        gathering: &mut Gathering<'_>,
    ) -> (Text, Text) {
        let found = match index {
            Index::Static(place) => fixed(place),
            Index::Before(back) => base
                .and_then(|base| base.checked_sub(1)?.checked_sub(back))
                .and_then(|number| self.table.numbered(number).cloned()),
            Index::Behind(on) => base
                .and_then(|base| base.checked_add(on))
                .and_then(|number| self.table.numbered(number).cloned()),
        };
        found.unwrap_or_else(|| {
            gathering.note(at, self.table.absence(), || format!("{index:?}"));
            (Text::Lost, Text::Lost)
        })
    }

    /// Takes an instruction from the encoder stream. Returns whether more can be done.
    fn instruction(&mut self, stream: &mut StreamBuffer, out: &mut Output) -> bool {
        if self.passing > 0 {
            let passed = stream.len().min(usize::try_from(self.passing).unwrap_or(usize::MAX));
            stream.skip(passed);
            self.passing -= passed as u64;
            return true;
        }
        let mut cursor = Cursor::new(stream.bytes());
        let read = instruction(&mut cursor);
        let last = last_literal(stream.bytes());
        if let Some(long) = last.filter(|literal| literal.len() > LARGEST as u64) {
            let what = "peer inserted a header field that is longer than any table";
            self.give_up(what, (long.range.end, long.missing), stream, out);
            return true;
        }
        match read {
            Ok(_) => {}
            Err(Stop::Short) => return false,
            Err(Stop::Large) => {
                let what = "peer sent a number on an encoder stream that is larger than any that makes sense";
                self.give_up(what, (stream.len(), u64::MAX), stream, out);
                return true;
            }
        }
        let recorded = stream.take(cursor.at);
        if let Ok(instruction) = instruction(&mut Cursor::new(&recorded.bytes)) {
            self.follow(instruction, &recorded, out);
        }
        true
    }

    /// Passes over an instruction of which so many bytes wait, and so many are still to come.
    fn give_up(
        &mut self,
        what: &'static str,
        (waiting, missing): (usize, u64),
        stream: &mut StreamBuffer,
        out: &mut Output,
    ) {
        out.note_stream(Layer::Http, what, String::new(), stream);
        stream.skip(waiting);
        self.lose();
        self.passing = missing;
    }

    fn follow(&mut self, instruction: Instruction, recorded: &Recorded, out: &mut Output) {
        let mut credit = Credit::new();
        let mut gathering = Gathering::new(0, &mut credit);
        match instruction {
            Instruction::Capacity(capacity) => {
                self.capacity = capacity;
                // Fields stay for as long again: a section that refers to one may be read late.
                self.table.resize(capacity.saturating_mul(2));
            }
            Instruction::Duplicate(age) => {
                let (name, value) = self.newest(Index::Before(age), &mut gathering);
                self.table.insert(name, value);
            }
            Instruction::Insert { name, value } => {
                let name = match name {
                    Name::Index(index) => self.newest(index, &mut gathering).0,
                    Name::Literal(name) => text(recorded, &name, &mut gathering),
                };
                let value = text(recorded, &value, &mut gathering);
                self.table.insert(name, value);
            }
        }
        gathering.finish(recorded, out);
    }

    /// A field that an instruction refers to.
    fn newest(&self, index: Index, gathering: &mut Gathering<'_>) -> (Text, Text) {
        self.lookup(0, index, Some(self.inserted()), gathering)
    }
}

fn fixed(place: u64) -> Option<(Text, Text)> {
    let (name, value) = statics::QPACK.get(usize::try_from(place).ok()?)?;
    Some((Text::Static(name), Text::Static(value)))
}

fn prefix(cursor: &mut Cursor<'_>) -> Result<Prefix, Stop> {
    let required = cursor.integer(8)?;
    let below = cursor.peek().ok_or(Stop::Short)? & 0x80 != 0;
    Ok(Prefix { required, delta: cursor.integer(7)?, below })
}

fn line(cursor: &mut Cursor<'_>) -> Result<Line, Stop> {
    let first = cursor.peek().ok_or(Stop::Short)?;
    let name = match first {
        0x80.. => return Ok(Line::Indexed(either(first & 0x40 != 0, cursor.integer(6)?))),
        0x40.. => Name::Index(either(first & 0x10 != 0, cursor.integer(4)?)),
        0x20.. => Name::Literal(whole(cursor.literal(3)?)?),
        0x10.. => return Ok(Line::Indexed(Index::Behind(cursor.integer(4)?))),
        _ => Name::Index(Index::Behind(cursor.integer(3)?)),
    };
    Ok(Line::Literal { name, value: cursor.literal(7)? })
}

fn instruction(cursor: &mut Cursor<'_>) -> Result<Instruction, Stop> {
    let first = cursor.peek().ok_or(Stop::Short)?;
    let name = match first {
        0x80.. => Name::Index(either(first & 0x40 != 0, cursor.integer(6)?)),
        0x40.. => Name::Literal(whole(cursor.literal(5)?)?),
        0x20.. => return Ok(Instruction::Capacity(cursor.integer(5)?)),
        _ => return Ok(Instruction::Duplicate(cursor.integer(5)?)),
    };
    Ok(Instruction::Insert { name, value: whole(cursor.literal(7)?)? })
}

fn either(fixed: bool, index: u64) -> Index {
    if fixed { Index::Static(index) } else { Index::Before(index) }
}

fn whole(literal: Literal) -> Result<Literal, Stop> {
    if literal.missing > 0 { Err(Stop::Short) } else { Ok(literal) }
}

/// The literal in which the instruction ends, or breaks off.
fn last_literal(bytes: &[u8]) -> Option<Literal> {
    let mut cursor = Cursor::new(bytes);
    let named = match cursor.peek()? {
        0x80.. => cursor.integer(6).is_ok(),
        0x40.. => match cursor.literal(5).ok()? {
            name if name.missing > 0 => return Some(name),
            _ => true,
        },
        _ => false,
    };
    if named { cursor.literal(7).ok() } else { None }
}

fn text(recorded: &Recorded, literal: &Literal, gathering: &mut Gathering<'_>) -> Text {
    let (text, odd) = Text::read(recorded, literal);
    if let Some(what) = odd {
        gathering.note(literal.range.start, what, String::new);
    }
    text
}
