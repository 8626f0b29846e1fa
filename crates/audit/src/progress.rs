//! How far an audit has come, for whoever shows it.

use std::sync::atomic::AtomicU64;

/// Counters that grow while an audit runs.
#[derive(Debug, Default)]
pub struct Meter {
    /// Bytes of (decompressed) captures read.
    pub bytes: AtomicU64,
    /// Sightings so far.
    pub sightings: AtomicU64,
}
