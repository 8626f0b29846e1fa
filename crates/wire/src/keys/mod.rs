//! Secrets that the examiner has: key logs (`SSLKEYLOGFILE`), secrets inside captures, private keys.
//!
//! A [`KeyRing`] is shared by all sessions. It may grow while they work: a key log that is being written, a
//! capture whose secrets stand between its packets. Whoever found nothing asks again when
//! [`generation`](KeyRing::generation) has grown.
//!
//! Every secret knows where its text stands ([`Secret::key`]): that becomes the key of each decryption's
//! [`Derivation`], so that a proof leads to the line of the key log.

pub(crate) mod cipher;
mod log;
mod private;
pub(crate) mod schedule;
mod sessions;
mod table;

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use evidence::{CaptureId, Decryption, FrameNo, Schedule};

use self::{cipher::Opener, private::PrivateKey, sessions::Sessions, table::Table};
use crate::{Derivation, Extract};

pub use log::LogTally;
pub use private::PrivateKeyError;
pub(crate) use sessions::{Origin, OriginKind, SessionName};

/// Secrets, by what finds them. A clone is the same ring.
#[derive(Clone, Debug, Default)]
pub struct KeyRing(Arc<RwLock<Keys>>);

#[derive(Debug, Default)]
struct Keys {
    table: Table,
    private: Vec<Arc<PrivateKey>>,
    sessions: Sessions,
    /// Client randoms that were asked for, where somebody wants to know.
    asked: Option<Mutex<HashSet<[u8; 32]>>>,
}

/// What a secret of a key log is for (draft-ietf-tls-keylogfile).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Label {
    /// `CLIENT_EARLY_TRAFFIC_SECRET`: 0-RTT of TLS 1.3 and QUIC.
    ClientEarly,
    /// `CLIENT_HANDSHAKE_TRAFFIC_SECRET`, also with `QUIC_` before it.
    ClientHandshake,
    /// `CLIENT_TRAFFIC_SECRET_N`: after `N` key updates, which can as well be computed from 0.
    ClientTraffic(u8),
    /// `CLIENT_RANDOM`: a master secret of TLS up to 1.2.
    Master,
    /// `PMS_CLIENT_RANDOM`: a premaster secret of TLS up to 1.2.
    Premaster,
    /// `SERVER_HANDSHAKE_TRAFFIC_SECRET`.
    ServerHandshake,
    /// `SERVER_TRAFFIC_SECRET_N`.
    ServerTraffic(u8),
}

/// A secret and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secret {
    /// The secret.
    pub bytes: Vec<u8>,
    /// Its text in the key log, as the key of derivations that are made with it.
    pub key: Arc<Derivation>,
}

/// A premaster secret that a private key opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Premaster {
    /// The secret.
    pub bytes: Vec<u8>,
    /// The private key's text.
    pub key: Arc<Derivation>,
}

impl KeyRing {
    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        let keys = self.read();
        keys.table.is_empty() && keys.private.is_empty()
    }

    /// Grows with each secret that is added: whoever looked in vain need not look again before.
    pub fn generation(&self) -> u64 {
        let keys = self.read();
        (keys.table.len() as u64).saturating_add(keys.private.len() as u64)
    }

    /// Adds the secrets of a key log in any order, as far as its lines have ended: [`LogTally::used`] bytes. What
    /// is behind them is to be given again with more, or, where the file has ended, with a line feed.
    ///
    /// `start` is the offset in `file` of the first byte of `text`, `first_line` that line's number.
    pub fn add_log(&self, file: CaptureId, start: u64, first_line: u64, text: &[u8]) -> LogTally {
        log::read(&mut self.write().table, file, (start, first_line), text)
    }

    /// Adds the RSA private keys that a PEM file holds (PKCS #1 or PKCS #8), and says how many those are.
    ///
    /// # Errors
    /// Where it holds none that can be used.
    pub fn add_private_key(&self, file: CaptureId, pem: &[u8]) -> Result<usize, PrivateKeyError> {
        let found = private::read(file, pem)?;
        let keys = &mut *self.write();
        let new = found.into_iter().filter(|new| keys.private.iter().all(|known| !known.same(new)));
        let new: Vec<_> = new.map(Arc::new).collect();
        let count = new.len();
        keys.private.extend(new);
        Ok(count)
    }

    /// The secrets for a connection, by its client's random: mostly one, several where logs contradict each
    /// other. TLS and QUIC share the labels.
    pub fn secrets(&self, client_random: &[u8], label: Label) -> Vec<Secret> {
        let Ok(random) = client_random.try_into() else { return Vec::new() };
        let keys = self.read();
        if let Some(asked) = &keys.asked {
            let mut asked = asked.lock().unwrap_or_else(PoisonError::into_inner);
            if asked.len() < ASKED {
                asked.insert(random);
            }
        }
        keys.table.find(&random, label.slot())
    }

    /// From now on notes for which connections secrets are asked: see [`was_asked`](Self::was_asked).
    pub fn note_asked(&self) {
        self.write().asked.get_or_insert_default();
    }

    /// Whether secrets were asked for the connection with that client random; also where there were too many
    /// connections to note them all.
    pub fn was_asked(&self, client_random: &[u8]) -> bool {
        let keys = self.read();
        let Some(asked) = &keys.asked else { return false };
        let asked = asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.len() >= ASKED || asked.contains(client_random)
    }

    /// Master secrets by the session id of TLS up to 1.2 (`RSA Session-ID:… Master-Key:…`).
    pub fn masters_of_session(&self, id: &[u8]) -> Vec<Secret> {
        let Some(name) = table::padded(id) else { return Vec::new() };
        if id.is_empty() {
            return Vec::new();
        }
        self.read().table.find(&name, table::Slot::session(id.len()))
    }

    /// Premaster secrets by the RSA-encrypted premaster secret, of which a key log has the first eight bytes
    /// (`RSA … …`).
    pub fn premasters_of_encrypted(&self, encrypted: &[u8]) -> Vec<Secret> {
        let name = encrypted.get(..table::ENCRYPTED).and_then(table::padded);
        name.map_or_else(Vec::new, |name| self.read().table.find(&name, table::Slot::ENCRYPTED))
    }

    /// What the private keys make of a premaster secret that a client encrypted (RFC 5246 section 7.4.7.1).
    /// A key that is not the server's makes nothing of it, or, by a rare chance, rubbish.
    pub fn opened_premasters(&self, encrypted: &[u8]) -> Vec<Premaster> {
        let keys = self.read().private.clone();
        let opened = keys.iter().filter_map(|key| {
            Some(Premaster { bytes: key.premaster(encrypted)?, key: Arc::clone(key.place()) })
        });
        opened.collect()
    }

    /// Remembers where the secret of a session comes from.
    pub(crate) fn remember(&self, name: SessionName, origin: &Arc<Origin>) {
        self.write().sessions.remember(name, Arc::clone(origin));
    }

    /// Where the secret of a session comes from, if an earlier connection told.
    pub(crate) fn recall(&self, name: &SessionName) -> Option<Arc<Origin>> {
        self.read().sessions.recall(name)
    }

    fn read(&self) -> RwLockReadGuard<'_, Keys> {
        // Nothing that holds the lock leaves a secret half added.
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Keys> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Undoes a decryption again: the first `most` bytes of what it gives. `secret` is as a key log or key file has
/// it; empty where the schedule needs none. `None` where the secret does not fit or the bytes were changed.
pub fn decrypt(how: &Decryption, secret: &[u8], input: &[u8], most: usize) -> Option<Vec<u8>> {
    let secret = match &how.schedule {
        Schedule::QuicInitial { .. } => Vec::new(),
        Schedule::Rsa { premaster, .. } => private::premaster(secret, &premaster.0)?,
        _ => log::from_hex(secret)?,
    };
    let keys = schedule::keys(&how.schedule, Some(how.cipher), &secret)?;
    let mut bytes = if how.cut {
        cipher::open_cut(how.cipher, &keys.key, &how.nonce.0, (how.skip, input))?
    } else {
        let mut opener = Opener::new(how.cipher, &keys.key)?;
        opener.pass(how.skip)?;
        let mut bytes = vec![0; input.len()];
        let len = opener.open(&how.nonce.0, &how.aad.0, input, &mut bytes)?;
        bytes.truncate(len);
        bytes
    };
    bytes.truncate(most);
    Some(bytes)
}

/// Connections noted at most, some fifty bytes each.
const ASKED: usize = 1 << 20;

/// A stretch of a key file, as the key of derivations.
fn text_at(file: CaptureId, line: u64, start: u64, len: u64) -> Arc<Derivation> {
    Arc::new(Derivation::entry(Extract::entry(file, FrameNo(line), start, len)))
}
