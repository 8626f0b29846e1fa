//! Secrets that the examiner has: key logs (`SSLKEYLOGFILE`), secrets inside captures, private keys.
//!
//! A [`KeyRing`] is shared by all sessions. It may grow while they work: a key log that is being written, a
//! capture whose secrets stand between its packets.

use std::sync::{Arc, RwLock};

use evidence::Decryption;

/// Secrets, by what finds them. A clone is the same ring.
#[derive(Clone, Debug, Default)]
pub struct KeyRing(Arc<RwLock<Keys>>);

#[derive(Debug, Default)]
struct Keys {}

impl KeyRing {
    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.0.read().map_or(true, |_keys| true)
    }
}

/// Undoes a decryption again: the first `most` bytes of what it gives. `secret` is as a key log or key file has
/// it; empty where the schedule needs none. `None` where the secret does not fit or the bytes were changed.
pub fn decrypt(how: &Decryption, secret: &[u8], input: &[u8], most: usize) -> Option<Vec<u8>> {
    let _ = (how, secret, input, most);
    None
}
