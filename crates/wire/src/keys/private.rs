//! RSA private keys (PEM: PKCS #1, PKCS #8), and premaster secrets opened with them (RFC 5246 section 7.4.7.1).
//!
//! `aws-lc-rs` opens nothing with keys under 2,048 bits, which old servers had: so this is by the `rsa` crate.

use std::sync::Arc;

use evidence::CaptureId;
use memchr::memmem;
use rsa::{
    BoxedUint, hazmat, pkcs1::DecodeRsaPrivateKey, pkcs8::DecodePrivateKey, rand_core::CryptoRng,
    traits::PublicKeyParts,
};

use super::text_at;
use crate::Derivation;

/// A private key and where it stands.
#[derive(Debug)]
pub(super) struct PrivateKey {
    key: rsa::PrivateKey,
    place: Arc<Derivation>,
}

/// Why a file gave no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PrivateKeyError {
    /// A password protects it.
    #[error("the private key is encrypted; write it without a password (openssl pkey -in FILE)")]
    Encrypted,
    /// There is no private key in PEM form.
    #[error("no private key in PEM form")]
    None,
    /// It is of another kind, damaged, or of a length that nobody uses (under 1,024 or over 8,192 bits).
    #[error("not an RSA private key of 1,024 to 8,192 bits")]
    Unusable,
}

/// The RSA keys that a file holds.
pub(super) fn read(file: CaptureId, text: &[u8]) -> Result<Vec<PrivateKey>, PrivateKeyError> {
    let (mut keys, mut error, mut at) = (Vec::new(), PrivateKeyError::None, 0);
    while let Some(block) = Block::find(text, at) {
        match block.key() {
            Ok(key) => {
                let before = text.get(..block.start).unwrap_or_default();
                let line = memchr::memchr_iter(b'\n', before).count() as u64 + 1;
                let place = text_at(file, line, block.start as u64, (block.end - block.start) as u64);
                keys.push(PrivateKey { key, place });
            }
            Err(why) if error == PrivateKeyError::None => error = why,
            Err(_) => {}
        }
        at = block.end;
    }
    if keys.is_empty() { Err(error) } else { Ok(keys) }
}

/// The premaster secret that a key, given as the text of a key file, opens.
pub(super) fn premaster(text: &[u8], encrypted: &[u8]) -> Option<Vec<u8>> {
    open(&Block::find(text, 0)?.key().ok()?, encrypted)
}

impl PrivateKey {
    pub(super) fn same(&self, other: &Self) -> bool {
        self.key.n() == other.key.n()
    }

    pub(super) fn place(&self) -> &Arc<Derivation> {
        &self.place
    }

    /// Opens a premaster secret. `None` where the key is not the one.
    pub(super) fn premaster(&self, encrypted: &[u8]) -> Option<Vec<u8>> {
        open(&self.key, encrypted)
    }
}

/// What RSA encrypted (RFC 8017 section 7.2.2): `00 02`, noise without zeros, `00`, 48 bytes.
fn open(key: &rsa::PrivateKey, encrypted: &[u8]) -> Option<Vec<u8>> {
    if encrypted.len() != key.size() {
        return None;
    }
    let number = BoxedUint::from_be_slice(encrypted, key.n_bits_precision()).ok()?;
    // Without random numbers: nobody is there to measure how long it takes.
    let opened = hazmat::rsa_decrypt::<dyn CryptoRng>(None, key, &number).ok()?.to_be_bytes();
    let opened = opened.get(opened.len().checked_sub(key.size())?..)?;
    let (noise, secret) = opened.split_at_checked(opened.len().checked_sub(PREMASTER)?)?;
    let fits = noise.starts_with(&[0, 2])
        && noise.last() == Some(&0)
        && !noise.get(2..noise.len() - 1)?.contains(&0);
    fits.then(|| secret.to_vec())
}

/// A PEM block of a private key: its text with both marks.
struct Block<'a> {
    kind: &'a [u8],
    base64: &'a [u8],
    start: usize,
    end: usize,
}

impl<'a> Block<'a> {
    /// The first one from `at` on.
    fn find(text: &'a [u8], at: usize) -> Option<Self> {
        let mut from = at;
        loop {
            let start = from.checked_add(memmem::find(text.get(from..)?, BEGIN)?)?;
            let kind_at = start.checked_add(BEGIN.len())?;
            let kind = text.get(kind_at..)?;
            let kind = kind.get(..memmem::find(kind, MARK)?)?;
            let body_at = kind_at.checked_add(kind.len())?.checked_add(MARK.len())?;
            let body = text.get(body_at..)?;
            let base64 = body.get(..memmem::find(body, END)?)?;
            let end_at = body_at.checked_add(base64.len())?;
            let rest = text.get(end_at.checked_add(END.len())?..)?;
            let end = end_at + END.len() + memmem::find(rest, MARK)? + MARK.len();
            if kind.ends_with(b"PRIVATE KEY") {
                return Some(Self { kind, base64, start, end });
            }
            from = end;
        }
    }

    fn key(&self) -> Result<rsa::PrivateKey, PrivateKeyError> {
        let locked = self.kind.starts_with(b"ENCRYPTED") || memmem::find(self.base64, b"ENCRYPTED").is_some();
        if locked {
            return Err(PrivateKeyError::Encrypted);
        }
        let der = base64(self.base64).ok_or(PrivateKeyError::Unusable)?;
        let key = match self.kind {
            b"RSA PRIVATE KEY" => rsa::PrivateKey::from_pkcs1_der(&der).ok(),
            b"PRIVATE KEY" => rsa::PrivateKey::from_pkcs8_der(&der).ok(),
            _ => None,
        };
        key.ok_or(PrivateKeyError::Unusable)
    }
}

/// Base64 with line feeds in it (RFC 7468).
fn base64(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0u32, 0);
    for digit in text.iter().filter(|byte| !byte.is_ascii_whitespace()) {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' => break,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count & 0xff) as u8);
        }
    }
    Some(bytes)
}

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
const MARK: &[u8] = b"-----";

/// Bytes of a premaster secret.
const PREMASTER: usize = 48;
