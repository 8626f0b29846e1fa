//! SQLite files as evidence: two slices of bytes to rows with their places.
//!
//! The file is read as it lies there, with or without its `-wal`, and never through the library: nothing is
//! written, no recovery runs, and a row that an older frame of the WAL still holds is seen although the
//! current state of the table has it no more. Follows the "Database File Format" of sqlite.org (sections are
//! named where they are used).
//!
//! Of every page all versions are known: the one in the file and one for each frame. A version holds during a
//! stretch of *transactions*: 0 is the time of frames that an earlier WAL left behind, 1 the file's, then come
//! the committed ones, and one more for frames that no commit covers. A child is looked for among the versions
//! that held while its parent did, so that a page that was used by another table before or after is not
//! mistaken; and where the rest of a long row may have been overwritten, the row is cut rather than completed
//! with somebody else's bytes.

mod btree;
mod pages;
mod record;
mod schema;

use std::{collections::BTreeMap, ops::Range};

pub use pages::{Frame, FrameState};
pub use record::Value;
pub use schema::{Column, Table};

use crate::{Found, Oddity};
use btree::Walk;
use pages::Pages;

/// A database, opened over the bytes of its file and of its write-ahead log.
#[derive(Debug)]
pub struct Database<'a> {
    pages: Pages<'a>,
    header: Header,
    tables: Vec<Table>,
    oddities: Vec<Oddity>,
}

/// What the first 100 bytes say (section 1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Bytes of a page: a power of two from 512 to 65,536.
    pub page_size: u32,
    /// Bytes at the end of each page that are not used.
    pub reserved: u8,
    /// How text is written.
    pub encoding: TextEncoding,
    /// The file shrinks by itself when rows are deleted, as Android's databases do.
    pub auto_vacuum: bool,
    /// Free pages, which may hold what was deleted, were it not for secure delete.
    pub free_pages: u32,
    /// `PRAGMA user_version`: on Android the version of the application's schema.
    pub user_version: u32,
}

/// The encoding of text (section 1.3.13).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextEncoding {
    /// 2.
    Utf16Le,
    /// 3.
    Utf16Be,
    /// 1.
    Utf8,
}

/// Which of the two files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// The file itself.
    File,
    /// The write-ahead log, in this frame, counted from 1 as SQLite does.
    Wal {
        /// The frame.
        frame: u32,
    },
}

/// Bytes of one of the two files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The file.
    pub part: Part,
    /// Offset from the first byte of that file.
    pub start: u64,
    /// The byte after the last one.
    pub end: u64,
}

impl Place {
    /// The range in its file.
    pub fn bytes(&self) -> Range<u64> {
        self.start..self.end
    }

    /// A fact that was read here.
    pub fn found<T>(&self, value: T) -> Found<T> {
        Found::new(value, self.bytes())
    }
}

/// A row of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Its key.
    pub rowid: i64,
    /// The values in the order of the columns; fewer than columns where some were added later.
    pub values: Vec<Value>,
    /// Its cell in the leaf page.
    pub cell: Place,
    /// Where the rest of it lies, if it did not fit into the page.
    pub overflow: Vec<Place>,
    /// The rest, or the end of it, is not there any more: the last value is the beginning of one, and those
    /// behind it are missing.
    pub cut: bool,
}

/// A row as it was once, and is no more.
#[derive(Clone, Debug, PartialEq)]
pub struct Former {
    /// The row as it was, with the place where it still stands.
    pub row: Row,
    /// What became of it.
    pub fate: Fate,
}

/// What became of a row that an older page holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// A row with this key is there, with other values.
    Changed,
    /// There is no row with this key any more.
    Gone,
    /// No commit covers its frame: the change was rolled back, or its end was lost.
    Uncommitted,
}

/// All of a table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Contents {
    /// The rows of the current state, by key.
    pub rows: Vec<Row>,
    /// The rows of older states that are not in the current one, by key; of equal ones the last seen.
    pub former: Vec<Former>,
    /// What was odd.
    pub oddities: Vec<Oddity>,
}

impl<'a> Database<'a> {
    /// Opens a database over its `file` and the bytes of its `-wal`; none where neither says it is one
    /// (an encrypted database looks like noise).
    ///
    /// A file of no bytes is fine where the WAL holds all pages.
    pub fn open(file: &'a [u8], wal: Option<&'a [u8]>) -> Option<Self> {
        let mut oddities = Vec::new();
        let (pages, header) = Pages::open(file, wal.unwrap_or_default(), &mut oddities)?;
        let mut database = Self { pages, header, tables: Vec::new(), oddities };
        let master = database.walk(&Table::master(), |walk| walk.current());
        database.tables = master.rows.iter().filter_map(schema::table).collect();
        database.oddities.extend(master.oddities);
        Some(database)
    }

    /// Whether `file` begins as an unencrypted database does.
    pub fn is_one(file: &[u8]) -> bool {
        file.starts_with(pages::MAGIC)
    }

    /// What the head of the file says.
    pub fn header(&self) -> Header {
        self.header
    }

    /// The tables, in the order of the schema.
    pub fn tables(&self) -> &[Table] {
        &self.tables
    }

    /// The table of this name, in any case.
    pub fn table(&self, name: &str) -> Option<&Table> {
        self.tables.iter().find(|table| table.name.eq_ignore_ascii_case(name))
    }

    /// The frames of the WAL in their order, those of an earlier one at its end included.
    pub fn frames(&self) -> &[Frame] {
        self.pages.frames()
    }

    /// What was odd about the head, the WAL and the schema.
    pub fn oddities(&self) -> &[Oddity] {
        &self.oddities
    }

    /// Reads a table: its rows now, and those that were there once.
    pub fn read(&self, table: &Table) -> Contents {
        if table.without_rowid {
            let what = "file holds a table without row ids, which is not read";
            return Contents { oddities: vec![Oddity::new(what, &table.name, 0)], ..Contents::default() };
        }
        self.walk(table, |walk| {
            walk.current();
            walk.history();
        })
    }

    /// Reads the table of this name; nothing where there is none.
    pub fn read_named(&self, name: &str) -> Option<(&Table, Contents)> {
        let table = self.table(name)?;
        Some((table, self.read(table)))
    }

    fn walk(&self, table: &Table, go: impl FnOnce(&mut Walk<'_, 'a>)) -> Contents {
        let mut walk = Walk::new(&self.pages, self.header, table);
        go(&mut walk);
        let (mut rows, former, oddities) = walk.done();
        rows.sort_by_key(|row| row.rowid);
        let former = self.fates(&rows, former, table);
        Contents { rows, former, oddities }
    }

    /// Keeps of the older rows those that differ from the current ones, each once.
    fn fates(&self, rows: &[Row], seen: Vec<Row>, table: &Table) -> Vec<Former> {
        let now: BTreeMap<i64, &Row> = rows.iter().map(|row| (row.rowid, row)).collect();
        let mut former: Vec<Former> = Vec::new();
        for row in seen {
            let current = now.get(&row.rowid);
            if current.is_some_and(|now| same(now, &row)) || row.values.len() > table.columns.len() {
                continue;
            }
            let fate = match (self.pages.state_of(row.cell.part), current) {
                (Some(FrameState::Uncommitted), _) => Fate::Uncommitted,
                (_, Some(_)) => Fate::Changed,
                (_, None) => Fate::Gone,
            };
            former.push(Former { row, fate });
        }
        // The sort is stable and versions come oldest first, so the last of equal ones is the last seen.
        former.sort_by_key(|it| it.row.rowid);
        let mut kept: Vec<Former> = Vec::new();
        for one in former {
            let near = kept.len().saturating_sub(SAME_KEY);
            let recent = kept.get(near..).unwrap_or_default();
            let like = |it: &Former| it.row.rowid == one.row.rowid && same(&it.row, &one.row);
            match recent.iter().position(like).map(|at| kept.remove(near.saturating_add(at))) {
                Some(older) if one.row.cut && !older.row.cut => kept.push(older),
                _ => kept.push(one),
            }
        }
        kept
    }
}

/// Equal, as far as both are there.
fn same(a: &Row, b: &Row) -> bool {
    let cut = a.cut || b.cut;
    let mut pairs = a.values.iter().zip(&b.values);
    (cut || a.values.len() == b.values.len())
        && pairs.all(|(a, b)| a.is(b) || (cut && (a.begins(b) || b.begins(a))))
}

/// Versions of one row that are compared with the next: enough for what happens to a message, and no square
/// of a hostile number of them.
const SAME_KEY: usize = 32;

#[cfg(test)]
pub(crate) mod tests;
