//! What may still be tried for the values of one family, and what was not.

use unmask::Budget;

use super::Effort;

/// A family's share of the audit's [`Effort`].
#[derive(Clone, Debug)]
pub(super) struct Purse {
    pub(super) scrambles: Budget,
    pub(super) ciphers: Budget,
    /// Values for which nothing was left.
    none: u64,
    /// Values that were not tried because others of their field stayed closed.
    alike: u64,
    /// Values beside which more fields stood than are looked at.
    crowded: u64,
}

impl Purse {
    /// The same for each of so many.
    pub(super) fn share(effort: Effort, families: usize) -> Self {
        let families = u64::try_from(families).unwrap_or(u64::MAX).max(1);
        Self {
            scrambles: Budget::new(effort.bytes.saturating_mul(SCRAMBLES) / families),
            ciphers: Budget::new(effort.bytes / families),
            none: 0,
            alike: 0,
            crowded: 0,
        }
    }

    /// One with nothing in it, to add others to.
    pub(super) fn empty() -> Self {
        Self { scrambles: Budget::new(0), ciphers: Budget::new(0), none: 0, alike: 0, crowded: 0 }
    }

    /// Counts a value that is not tried because others of its field stayed closed.
    pub(super) fn pass_over(&mut self) {
        self.alike += 1;
    }

    /// Counts a value beside which more fields stand than are looked at.
    pub(super) fn crowd(&mut self) {
        self.crowded += 1;
    }

    /// Whether nothing may be tried; the value is counted then.
    pub(super) fn is_empty(&mut self) -> bool {
        let empty = self.scrambles.left() == 0 && self.ciphers.left() == 0;
        self.none += u64::from(empty);
        empty
    }

    /// Adds what another did not try.
    pub(super) fn add(&mut self, other: &Self) {
        self.scrambles.spend(&other.scrambles);
        self.ciphers.spend(&other.ciphers);
        self.none += other.none;
        self.alike += other.alike;
        self.crowded += other.crowded;
    }

    /// What was not tried, and for how many values.
    pub(super) fn untried(&self) -> impl Iterator<Item = (String, u64)> {
        let own = [(SPENT, self.none), (ALIKE, self.alike), (CROWDED, self.crowded)];
        let own = own.into_iter().filter(|(_, count)| *count > 0);
        let all = self.scrambles.cut().chain(self.ciphers.cut()).chain(own);
        all.map(|(what, count)| (what.to_owned(), count))
    }
}

const SPENT: &str = "those on which nothing was tried, as the budget was used up";
const ALIKE: &str = "those passed over because the first of the same field stayed closed";
const CROWDED: &str = "fields beside them that were not tried with them, as there were too many";
/// Bytes that scrambles work on while ciphers work on one.
const SCRAMBLES: u64 = 8;
