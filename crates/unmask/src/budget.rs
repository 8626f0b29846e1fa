//! How much may be tried: counted, never timed, so that the same input gives the same answer everywhere.

use std::collections::BTreeMap;

/// Work that may be done, in bytes worked on: a trial costs what it reads, and a key's set-up some bytes more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    left: u64,
    spent: u64,
    tries: u64,
    cut: BTreeMap<&'static str, u64>,
}

impl Budget {
    /// A budget of so many bytes.
    pub fn new(work: u64) -> Self {
        Self { left: work, spent: 0, tries: 0, cut: BTreeMap::new() }
    }

    /// Bytes not yet spent.
    pub fn left(&self) -> u64 {
        self.left
    }

    /// Bytes spent.
    pub fn spent(&self) -> u64 {
        self.spent
    }

    /// Keys, maps and alphabets tried.
    pub fn tries(&self) -> u64 {
        self.tries
    }

    /// What was not tried, and for how many values: rows for the ledger, in words for readers who never met a cipher.
    /// “Them” are the hidden values.
    pub fn cut(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.cut.iter().map(|(&what, &count)| (what, count))
    }

    /// Pays for a try at `what`; where too little is left, writes down that it was not tried.
    pub(crate) fn pay(&mut self, what: &'static str, work: usize) -> bool {
        let work = u64::try_from(work).unwrap_or(u64::MAX);
        if self.left < work {
            self.skip(what);
            return false;
        }
        self.left -= work;
        self.spent = self.spent.saturating_add(work);
        self.tries = self.tries.saturating_add(1);
        true
    }

    /// Takes over what another budget, cut out of this one, has spent and cut.
    pub fn spend(&mut self, other: &Self) {
        self.left = self.left.saturating_sub(other.spent);
        self.spent = self.spent.saturating_add(other.spent);
        self.tries = self.tries.saturating_add(other.tries);
        for (what, count) in &other.cut {
            let known = self.cut.entry(what).or_default();
            *known = known.saturating_add(*count);
        }
    }

    /// Writes down that something was not tried for a value.
    pub(crate) fn skip(&mut self, what: &'static str) {
        let count = self.cut.entry(what).or_default();
        *count = count.saturating_add(1);
    }
}
