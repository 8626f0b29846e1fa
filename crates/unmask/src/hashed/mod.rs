//! Proves or refutes that a value like a digest is a hash of an identifier.
//!
//! With a profile, [`prove`] tries the values that are known, with salts from wherever the caller found some.
//! Without one, a [`Sweep`] tries all values of a [`Space`]: all IMEIs of a type, all numbers of a network.
//!
//! Nothing here knows of time: effort is a [`Budget`] of digests, and a sweep runs over a range of positions, so that
//! a caller may run ranges on as many threads as it likes, write down how far it came, and go on another day.

mod algorithm;
mod bulk;
mod encoding;
mod lanes;
mod prove;
mod recipe;
mod salt;
mod space;
mod sweep;
mod wanted;

pub use algorithm::Algorithm;
pub use encoding::{Cut, Encoding, Target};
pub use prove::{Candidate, Ended, Match, Proof, Spelling, Wanted, prove, prove_all};
pub use recipe::{Between, Mix, Recipe, SEPARATORS, Stage};
pub use salt::{Origin, Salt};
pub use space::{Layout, Space, SpaceError};
pub use sweep::{Attempt, Found, Sweep, Swept};

/// How many digests may still be computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    left: u64,
}

impl Budget {
    /// So many digests.
    pub fn new(digests: u64) -> Self {
        Self { left: digests }
    }

    /// What is left of it.
    pub fn left(self) -> u64 {
        self.left
    }

    /// Takes some out. False, and nothing is taken, if there are not so many.
    pub fn take(&mut self, digests: u64) -> bool {
        match self.left.checked_sub(digests) {
            Some(left) => {
                self.left = left;
                true
            }
            None => false,
        }
    }
}

/// The chance that one of so many attempts gave so many bits by accident.
///
/// Each attempt is one comparison of the value with one digest or part of one.
pub fn chance(attempts: u64, bits: u32) -> f64 {
    (attempts as f64 * (-f64::from(bits)).exp2()).min(1.0)
}

/// Above this chance of being an accident a match is told as a doubt, not as a proof.
pub const DOUBTFUL: f64 = 1e-4;
