//! A field section being gathered, within bounds.

use super::{Text, cursor::Stop};
use crate::{Recorded, http::Oddities, protocol::Output};

/// A field line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name; pseudo-header fields begin with a colon.
    pub name: Text,
    /// Its value.
    pub value: Text,
}

/// A field section that was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Section {
    /// The field lines, in order.
    pub fields: Vec<Field>,
    /// How many were left out: they were over a limit.
    pub over: u64,
    /// Bytes at its end that could not be read.
    pub unread: usize,
}

/// What text may still be given out over a connection: a byte can stand for a field of any length.
#[derive(Debug)]
pub(super) struct Credit(usize);

impl Credit {
    pub(super) fn new() -> Self {
        Self(FREE)
    }

    /// So many compressed bytes came.
    pub(super) fn earn(&mut self, bytes: usize) {
        self.0 = self.0.saturating_add(bytes.saturating_mul(WORTH));
    }
}

/// A section being gathered.
pub(super) struct Gathering<'a> {
    section: Section,
    room: usize,
    credit: &'a mut Credit,
    oddities: Oddities,
}

impl<'a> Gathering<'a> {
    /// Of a section of that many bytes.
    pub(super) fn new(bytes: usize, credit: &'a mut Credit) -> Self {
        credit.earn(bytes);
        Self { section: Section::default(), room: LONGEST, credit, oddities: Oddities::default() }
    }

    /// Adds a line, or counts it where there is no room.
    pub(super) fn add(&mut self, name: &Text, value: &Text) {
        let size = name.bytes().len().saturating_add(value.bytes().len()).saturating_add(LINE);
        if size > self.room || size > self.credit.0 || self.section.fields.len() >= MOST {
            self.section.over = self.section.over.saturating_add(1);
            return;
        }
        self.room -= size;
        self.credit.0 -= size;
        self.section.fields.push(Field { name: name.clone(), value: value.clone() });
    }

    /// Notes the first of a kind of odd bytes, at a byte of the block.
    pub(super) fn note(&mut self, at: usize, what: &'static str, detail: impl FnOnce() -> String) {
        self.oddities.note(at, what, detail);
    }

    /// What could not be read from byte `at` on.
    pub(super) fn stop(&mut self, at: usize, len: usize, why: Stop) {
        self.section.unread = len.saturating_sub(at);
        let what = match why {
            Stop::Large => "peer sent a number in a header block that is larger than any that makes sense",
            Stop::Short => "peer sent a header block that ends within a field",
        };
        self.note(at, what, String::new);
    }

    /// The section. `layer` met it.
    pub(super) fn finish(mut self, block: &Recorded, out: &mut Output) -> Section {
        for oddity in self.oddities.drain() {
            out.note(evidence::Layer::Http, oddity.what, oddity.detail, block, oddity.at as u64);
        }
        self.section
    }
}

/// What a line costs beside its texts, written out: colon, blank and line end.
const LINE: usize = 4;

/// Longest section, written out.
const LONGEST: usize = 256 * 1024;

/// Most lines of a section.
const MOST: usize = 4096;

/// Bytes of text that every connection may give out.
const FREE: usize = 1024 * 1024;

/// Bytes of text that a compressed byte is worth: a request that repeats all of the last one's fields, a cookie
/// of 4 KiB among them, takes a dozen bytes.
const WORTH: usize = 512;
