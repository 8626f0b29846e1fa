//! The dynamic table (RFC 7541 section 2.3.2, RFC 9204 section 3.2).

use std::collections::VecDeque;

use super::Text;

/// The fields that a peer defined, newest first, and what is known of those that are not here.
#[derive(Debug)]
pub(super) struct Table {
    fields: VecDeque<(Text, Text)>,
    size: usize,
    capacity: usize,
    /// How many were ever inserted.
    inserted: u64,
    /// The capture lacks some that were.
    lacking: bool,
    /// Some were given up although the peer still has them.
    limited: bool,
}

impl Table {
    /// An empty table of that capacity.
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            fields: VecDeque::new(),
            size: 0,
            capacity: capacity.min(LARGEST),
            inserted: 0,
            lacking: false,
            limited: false,
        }
    }

    /// The field that was inserted as the last but `age`.
    pub(super) fn newest(&self, age: u64) -> Option<&(Text, Text)> {
        self.fields.get(usize::try_from(age).ok()?)
    }

    /// The field that was the `number`th to be inserted, from 0.
    pub(super) fn numbered(&self, number: u64) -> Option<&(Text, Text)> {
        self.newest(self.inserted.checked_sub(1)?.checked_sub(number)?)
    }

    /// How many fields were ever inserted.
    pub(super) fn inserted(&self) -> u64 {
        self.inserted
    }

    /// Inserts a field; the oldest make room. One that is larger than the table empties it (RFC 7541
    /// section 4.4).
    pub(super) fn insert(&mut self, name: Text, value: Text) {
        self.inserted = self.inserted.saturating_add(1);
        self.size = self.size.saturating_add(size(&name, &value));
        self.fields.push_front((name, value));
        self.shrink();
    }

    /// Sets the capacity; the oldest fields make room.
    pub(super) fn resize(&mut self, capacity: u64) {
        let capacity = usize::try_from(capacity).unwrap_or(usize::MAX);
        self.limited |= capacity > LARGEST;
        self.capacity = capacity.min(LARGEST);
        self.shrink();
    }

    /// Fields were inserted that the capture lacks: what came before them stands nobody knows where.
    pub(super) fn lose(&mut self) {
        self.fields.clear();
        self.size = 0;
        self.lacking = true;
    }

    /// Why a field is not here, one fixed sentence.
    pub(super) fn absence(&self) -> &'static str {
        match (self.lacking, self.limited) {
            (true, _) => "capture lacks the header field that a later one refers to",
            (false, true) => "peer refers to an older header field than are kept",
            (false, false) => "peer refers to a header field that is in no table",
        }
    }

    fn shrink(&mut self) {
        while self.size > self.capacity || self.fields.len() > MOST {
            self.limited |= self.size <= self.capacity;
            let Some((name, value)) = self.fields.pop_back() else { break };
            self.size = self.size.saturating_sub(size(&name, &value));
        }
    }
}

/// RFC 7541 section 4.1.
fn size(name: &Text, value: &Text) -> usize {
    name.size().saturating_add(value.size()).saturating_add(32)
}

/// Largest capacity followed. Browsers ask for 64 KiB.
pub(super) const LARGEST: usize = 256 * 1024;

/// Most fields kept: 64 KiB hold no more than this.
const MOST: usize = 2048;
