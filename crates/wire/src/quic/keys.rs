//! Packet protection (RFC 9001 sections 5 and 6): keys from secrets, packets opened with them, and keys that
//! follow one another.

use aws_lc_rs::{
    aead::quic::{self, HeaderProtectionKey},
    hkdf::{self, HKDF_SHA256, HKDF_SHA384, KeyType, Prk, Salt},
};
use evidence::{Cipher, Schedule, ScheduleHash};

use super::version::Version;
use crate::keys::{
    cipher::{NONCE, Opener},
    schedule,
};

/// A cipher suite that packets are protected with (RFC 9001 section 5.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suite {
    /// Its number, as on the wire.
    pub number: u16,
    /// The cipher.
    pub cipher: Cipher,
    /// The hash of its key schedule.
    pub hash: ScheduleHash,
}

/// The keys of one direction at one level of encryption. Those of 1-RTT packets follow one another (RFC 9001
/// section 6).
pub struct PacketKeys {
    version: &'static Version,
    suite: Suite,
    protection: HeaderProtectionKey,
    /// The latest secret that a packet was opened with, and how often it was updated.
    secret: Vec<u8>,
    updates: u32,
    current: PacketKey,
    /// For packets that were overtaken by those of the next phase.
    previous: Option<PacketKey>,
    /// What follows, as far as it was derived already.
    next: Option<(Vec<u8>, PacketKey)>,
    /// The least number that was opened in this phase.
    began: u64,
    /// How many packets may still fail to open: each costs a decryption or two more.
    patience: u32,
}

/// The keys of both directions' Initial packets, which anyone can derive.
#[derive(Debug)]
pub struct InitialKeys {
    /// The client's.
    pub client: PacketKeys,
    /// The server's.
    pub server: PacketKeys,
}

/// A packet without its protection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// Its number.
    pub number: u64,
    /// Its header without its protection: what was authenticated besides the frames.
    pub header: Vec<u8>,
    /// What was opened with.
    pub nonce: [u8; 12],
    /// How often the secret was updated before.
    pub updates: u32,
    /// Its frames.
    pub frames: Vec<u8>,
}

impl Suite {
    /// What all Initial packets use (RFC 9001 section 5.2).
    pub const INITIAL: Self = Self::new(0x1301, Cipher::Aes128Gcm, ScheduleHash::Sha256);

    /// Those that are in use.
    pub const ALL: [Self; 4] = [
        Self::INITIAL,
        Self::new(0x1302, Cipher::Aes256Gcm, ScheduleHash::Sha384),
        Self::new(0x1303, Cipher::ChaCha20Poly1305, ScheduleHash::Sha256),
        Self::new(0x1304, Cipher::Aes128Ccm, ScheduleHash::Sha256),
    ];

    const fn new(number: u16, cipher: Cipher, hash: ScheduleHash) -> Self {
        Self { number, cipher, hash }
    }

    /// The suite of that number. `None` where QUIC knows none.
    pub fn of(number: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|suite| suite.number == number)
    }

    /// Length of its secrets in bytes.
    pub fn secret_len(self) -> usize {
        hkdf_of(self.hash).map_or(0, digest_len)
    }

    fn protection(self, key: &[u8]) -> Option<HeaderProtectionKey> {
        let algorithm = match self.cipher {
            Cipher::Aes128Gcm | Cipher::Aes128Ccm => &quic::AES_128,
            Cipher::Aes256Gcm => &quic::AES_256,
            Cipher::ChaCha20Poly1305 => &quic::CHACHA20,
            _ => return None,
        };
        HeaderProtectionKey::new(algorithm, key).ok()
    }
}

impl InitialKeys {
    /// The keys that follow from the destination connection id of the client's first packet.
    pub fn derive(version: &'static Version, destination: &[u8]) -> Option<Self> {
        let [client, server] = [true, false].map(|client| {
            PacketKeys::derive(version, Suite::INITIAL, &initial_secret(version, destination, client)?)
        });
        Some(Self { client: client?, server: server? })
    }
}

impl PacketKeys {
    /// The keys that follow from a secret.
    pub fn derive(version: &'static Version, suite: Suite, secret: &[u8]) -> Option<Self> {
        Some(Self {
            version,
            suite,
            protection: header_key(version, suite, secret)?,
            secret: secret.to_vec(),
            updates: 0,
            current: PacketKey::derive(version, suite, secret)?,
            previous: None,
            next: None,
            began: 0,
            patience: PATIENCE,
        })
    }

    /// The suite.
    pub fn suite(&self) -> Suite {
        self.suite
    }

    /// Opens a packet whose number begins at `number_at`, and goes on to the next keys where they open it.
    /// `largest`: the largest number opened so far, from which a shortened one follows. `None` where the keys
    /// are others or the packet was changed.
    pub fn open(&mut self, packet: &[u8], number_at: usize, largest: Option<u64>) -> Option<Opened> {
        let bare = Bare::read(&self.protection, packet, number_at, largest)?;
        let number = bare.number;
        let unread = if bare.phase().is_none_or(|phase| phase == self.phase()) {
            match self.current.open(bare, packet, self.updates) {
                Ok(opened) => {
                    self.began = self.began.min(number);
                    return Some(opened);
                }
                Err(bare) => bare,
            }
        } else if number < self.began {
            match self.open_previous(bare, packet) {
                Ok(opened) => return Some(opened),
                Err(bare) => bare,
            }
        } else {
            bare
        };
        let phase = unread.phase()?;
        self.patience = self.patience.checked_sub(1)?;
        let opened = self.open_ahead(unread, phase, packet)?;
        self.patience = PATIENCE;
        Some(opened)
    }

    /// Whether packets of the current phase have their bit set.
    fn phase(&self) -> bool {
        self.updates & 1 == 1
    }

    fn open_previous(&mut self, bare: Bare, packet: &[u8]) -> Result<Opened, Bare> {
        match &mut self.previous {
            Some(previous) => previous.open(bare, packet, self.updates.saturating_sub(1)),
            None => Err(bare),
        }
    }

    /// Tries the keys that follow: mostly the next, and those behind it where a whole phase was not captured.
    fn open_ahead(&mut self, bare: Bare, phase: bool, packet: &[u8]) -> Option<Opened> {
        let number = bare.number;
        let mut bare = match phase == self.phase() {
            true => bare,
            false => match self.open_previous(bare, packet) {
                Ok(opened) => return Some(opened),
                Err(bare) => bare,
            },
        };
        self.next = self.next.take().or_else(|| self.after(&self.secret));
        let (mut secret, mut key) = self.next.take()?;
        // A phase that was not captured leaves the bit as it was.
        for ahead in 1..=AHEAD {
            let updates = self.updates.saturating_add(ahead);
            if (updates & 1 == 1) == phase {
                match key.open(bare, packet, updates) {
                    Ok(opened) => {
                        let left = std::mem::replace(&mut self.current, key);
                        self.previous = (ahead == 1).then_some(left);
                        (self.secret, self.updates, self.began) = (secret, updates, number);
                        self.next = None;
                        return Some(opened);
                    }
                    Err(again) => bare = again,
                }
            }
            let (further, its_key) = self.after(&secret)?;
            if ahead == 1 {
                self.next = Some((secret, key));
            }
            (secret, key) = (further, its_key);
        }
        None
    }

    /// The secret that follows a secret, and its key.
    fn after(&self, secret: &[u8]) -> Option<(Vec<u8>, PacketKey)> {
        let secret = updated(self.version, self.suite.hash, secret)?;
        let key = PacketKey::derive(self.version, self.suite, &secret)?;
        Some((secret, key))
    }
}

/// The key of a packet by one of QUIC's schedules, to decrypt it again. `secret` is in bytes; Initial packets need
/// none. `None` where it cannot be one, or the schedule is none of QUIC's.
pub(crate) fn replayed(schedule: &Schedule, cipher: Cipher, secret: &[u8]) -> Option<schedule::Keys> {
    let (version, secret) = match schedule {
        Schedule::QuicInitial { version, destination, client } => {
            let known = Version::of(*version)?;
            (known, initial_secret(known, &destination.0, *client)?)
        }
        Schedule::Quic { version, hash, updates } if *updates <= schedule::MOST_UPDATES => {
            let version = Version::of(*version)?;
            let again = |secret: Vec<u8>, _| updated(version, *hash, &secret);
            (version, (0..*updates).try_fold(secret.to_vec(), again)?)
        }
        _ => return None,
    };
    let hash = match schedule {
        Schedule::Quic { hash, .. } => *hash,
        _ => ScheduleHash::Sha256,
    };
    let [label, _, _] = version.labels;
    let key = expand(&pseudo_random_key(hash, &secret)?, label, cipher.key_len())?;
    Some(schedule::Keys { key, ..schedule::Keys::default() })
}

/// Key and initialisation vector.
struct PacketKey {
    cipher: Opener,
    iv: [u8; NONCE],
}

impl PacketKey {
    fn derive(version: &Version, suite: Suite, secret: &[u8]) -> Option<Self> {
        let [key, iv, _] = version.labels;
        let secret = pseudo_random_key(suite.hash, secret)?;
        let key = expand(&secret, key, suite.cipher.key_len())?;
        let iv = expand(&secret, iv, NONCE)?.try_into().ok()?;
        Some(Self { cipher: Opener::new(suite.cipher, &key)?, iv })
    }

    /// Opens a packet, or gives back what was read of it.
    fn open(&mut self, bare: Bare, packet: &[u8], updates: u32) -> Result<Opened, Bare> {
        let mut nonce = self.iv;
        for (byte, number) in nonce.iter_mut().skip(4).zip(bare.number.to_be_bytes()) {
            *byte ^= number;
        }
        let sealed = packet.get(bare.header.len()..).unwrap_or_default();
        let mut frames = vec![0; sealed.len()];
        match self.cipher.open(&nonce, &bare.header, sealed, &mut frames) {
            Some(len) => {
                frames.truncate(len);
                Ok(Opened { number: bare.number, header: bare.header, nonce, updates, frames })
            }
            None => Err(bare),
        }
    }
}

/// A packet's header without its protection (RFC 9001 section 5.4).
struct Bare {
    header: Vec<u8>,
    number: u64,
}

impl Bare {
    fn read(
        protection: &HeaderProtectionKey,
        packet: &[u8],
        number_at: usize,
        largest: Option<u64>,
    ) -> Option<Self> {
        let sample = packet.get(number_at.checked_add(4)?..)?.get(..protection.algorithm().sample_len())?;
        let [first_mask, number_mask @ ..] = protection.new_mask(sample).ok()?;
        let mut header = packet.get(..number_at.checked_add(4)?)?.to_vec();
        let (first, rest) = header.split_first_mut()?;
        *first ^= first_mask & if *first & 0x80 == 0 { 0x1f } else { 0x0f };
        let len = usize::from(*first & 3) + 1;
        let mut shortened = 0;
        for (byte, mask) in rest.iter_mut().skip(number_at.checked_sub(1)?).zip(number_mask).take(len) {
            *byte ^= mask;
            shortened = shortened << 8 | u64::from(*byte);
        }
        header.truncate(number_at.checked_add(len)?);
        Some(Self { header, number: lengthen(shortened, len, largest) })
    }

    /// The key phase bit; long headers have none.
    fn phase(&self) -> Option<bool> {
        self.header.first().filter(|first| **first & 0x80 == 0).map(|first| first & 0x04 != 0)
    }
}

impl std::fmt::Debug for PacketKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PacketKeys").field("updates", &self.updates).finish_non_exhaustive()
    }
}

/// The number next to the expected one that ends in the `len` bytes of `shortened` (RFC 9000 appendix A.3).
fn lengthen(shortened: u64, len: usize, largest: Option<u64>) -> u64 {
    let window = 1u64 << (8 * len.clamp(1, 4));
    let expected = largest.map_or(0, |largest| largest.saturating_add(1));
    let near = expected & !(window - 1) | shortened;
    if near.saturating_add(window / 2) <= expected {
        near.saturating_add(window)
    } else if near > expected.saturating_add(window / 2) && near >= window {
        near - window
    } else {
        near
    }
}

/// The secret of one side's Initial packets (RFC 9001 section 5.2).
fn initial_secret(version: &Version, destination: &[u8], client: bool) -> Option<Vec<u8>> {
    let secret = Salt::new(HKDF_SHA256, &version.salt).extract(destination);
    expand(&secret, if client { "client in" } else { "server in" }, 32)
}

/// The secret that follows a secret (RFC 9001 section 6.1).
fn updated(version: &Version, hash: ScheduleHash, secret: &[u8]) -> Option<Vec<u8>> {
    expand(&pseudo_random_key(hash, secret)?, version.update, secret.len())
}

fn header_key(version: &Version, suite: Suite, secret: &[u8]) -> Option<HeaderProtectionKey> {
    let [_, _, label] = version.labels;
    let key = expand(&pseudo_random_key(suite.hash, secret)?, label, suite.cipher.key_len())?;
    suite.protection(&key)
}

/// A secret to derive from. `None` where its length is not that of the hash.
fn pseudo_random_key(hash: ScheduleHash, secret: &[u8]) -> Option<Prk> {
    let algorithm = hkdf_of(hash)?;
    (secret.len() == digest_len(algorithm)).then(|| Prk::new_less_safe(algorithm, secret))
}

fn hkdf_of(hash: ScheduleHash) -> Option<hkdf::Algorithm> {
    match hash {
        ScheduleHash::Sha256 => Some(HKDF_SHA256),
        ScheduleHash::Sha384 => Some(HKDF_SHA384),
        ScheduleHash::Md5Sha1 | ScheduleHash::Ssl3 => None,
    }
}

fn digest_len(algorithm: hkdf::Algorithm) -> usize {
    algorithm.hmac_algorithm().digest_algorithm().output_len()
}

/// HKDF-Expand-Label with an empty context (RFC 8446 section 7.1).
fn expand(secret: &Prk, label: &str, len: usize) -> Option<Vec<u8>> {
    let announced = u16::try_from(len).ok()?.to_be_bytes();
    let label_len = [u8::try_from(label.len().checked_add(6)?).ok()?];
    let info = [&announced[..], &label_len, b"tls13 ", label.as_bytes(), &[0]];
    let mut out = vec![0; len];
    secret.expand(&info, Bytes(len)).and_then(|output: hkdf::Okm<'_, Bytes>| output.fill(&mut out)).ok()?;
    Some(out)
}

/// So many bytes of output.
struct Bytes(usize);

impl KeyType for Bytes {
    fn len(&self) -> usize {
        self.0
    }
}

/// Bytes of a tag, with every suite.
pub(super) const TAG: usize = 16;

/// How many phases ahead are tried.
const AHEAD: u32 = 3;

/// How many packets in a row may fail to open before only the keys in use are tried.
const PATIENCE: u32 = 64;
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shortened_numbers_grow_to_the_nearest() {
        let rows = [
            // RFC 9000 appendix A.3.
            (0x9b32, 2, Some(0xa82f_30ea), 0xa82f_9b32),
            (0, 1, None, 0),
            (0xff, 1, None, 0xff),
            (0, 1, Some(0xff), 0x100),
            (0xfe, 1, Some(0x100), 0xfe),
        ];
        for (shortened, len, largest, expected) in rows {
            assert_eq!(lengthen(shortened, len, largest), expected, "{shortened:x}");
        }
    }
}
