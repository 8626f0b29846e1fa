//! Exchanges and sightings on their way to the store, in batches.

use crossbeam_channel::Sender;
use store::Record;

/// Collects a worker's records and sends them on when there are enough.
pub(crate) struct Records {
    waiting: Vec<Record>,
    store: Option<Sender<Vec<Record>>>,
}

impl Records {
    /// Records that go to `store`; `None` where nobody keeps them.
    pub(crate) fn new(store: Option<Sender<Vec<Record>>>) -> Self {
        Self { waiting: Vec::new(), store }
    }

    pub(crate) fn push(&mut self, record: Record) {
        if self.store.is_some() {
            self.waiting.push(record);
            if self.waiting.len() >= BATCH {
                self.flush();
            }
        }
    }

    pub(crate) fn flush(&mut self) {
        if let Some(store) = &self.store {
            // A writer that is gone has failed; it tells when it is joined.
            let _ = store.send(std::mem::take(&mut self.waiting));
        }
    }
}

/// Enough to make a transaction worth its while, little enough to stay in the cache.
const BATCH: usize = 1024;
