//! How much could be read of what went to somebody and of what came from there.

use evidence::Reading;

/// Both directions of one flow, or of all flows to one endpoint.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Readings {
    pub(crate) out: Reading,
    pub(crate) came: Reading,
    /// What was encrypted without a key, in both directions together.
    pub(crate) encrypted: u64,
}

impl Readings {
    /// What was read of what went out, or of what came.
    pub(crate) fn of(&mut self, out: bool) -> &mut Reading {
        if out { &mut self.out } else { &mut self.came }
    }

    /// Settles how much stayed closed, once as many bytes went out and came as are given. What is encrypted is known of
    /// both directions together; in one it is no more than what no message had.
    pub(crate) fn close(&mut self, delivered: [u64; 2]) {
        let encrypted = self.encrypted;
        for (reading, delivered) in [&mut self.out, &mut self.came].into_iter().zip(delivered) {
            reading.closed = encrypted.min(delivered.saturating_sub(reading.opened()));
        }
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.out.add(&other.out);
        self.came.add(&other.came);
    }
}
