//! Keys from secrets: the pseudo-random functions of SSL 3.0 (RFC 6101 section 6), of TLS 1.0 to 1.2 (RFC 2246
//! section 5, RFC 5246 section 5), and the expansion of TLS 1.3 (RFC 8446 section 7).

use ::hmac::{Hmac, KeyInit, Mac};
use aws_lc_rs::{
    digest,
    hkdf::{self, HKDF_SHA256, HKDF_SHA384, KeyType, Prk},
    hmac,
};
use evidence::{Cipher, KeyBlock, Master, Schedule, ScheduleHash};
use md5::{Digest, Md5};

use super::cipher;
use crate::quic;

/// What follows from a secret for one direction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Keys {
    /// For the MAC; empty of AEAD ciphers.
    pub(crate) mac: Vec<u8>,
    /// For the cipher.
    pub(crate) key: Vec<u8>,
    /// The part of nonces that is not sent, or the first initialisation vector.
    pub(crate) iv: Vec<u8>,
}

/// Derives the keys of a direction. The cipher is `None` where nothing is encrypted. `secret` is in bytes; of
/// [`Schedule::Rsa`] it is the premaster secret, opened. `None` where the secret cannot be one.
pub(crate) fn keys(schedule: &Schedule, cipher: Option<Cipher>, secret: &[u8]) -> Option<Keys> {
    match schedule {
        Schedule::Quic { .. } | Schedule::QuicInitial { .. } => quic::replayed(schedule, cipher?, secret),
        Schedule::Tls13 { hash, updates, datagrams } => tls13(*hash, *updates, *datagrams, cipher?, secret),
        Schedule::Tls12(block) => Some(expand_block(block, cipher, secret)),
        Schedule::Premaster { master, block } | Schedule::Rsa { master, block, .. } => {
            Some(expand_block(block, cipher, &master_secret(master, block, secret)))
        }
    }
}

/// The master secret (RFC 5246 section 8.1, RFC 7627 section 4).
pub(crate) fn master_secret(master: &Master, block: &KeyBlock, premaster: &[u8]) -> Vec<u8> {
    let (label, seed): (&[u8], _) = match master {
        Master::Earlier { client_random, server_random } => {
            (MASTER, [&client_random.0[..], &server_random.0])
        }
        Master::Extended(handshake) => (EXTENDED, [&handshake.0[..], &[]]),
        Master::Randoms => (MASTER, [&block.client_random.0[..], &block.server_random.0]),
    };
    let mut secret = vec![0; 48];
    pseudo_random(block.hash, premaster, &[label, seed[0], seed[1]], &mut secret);
    secret
}

/// The key block (RFC 5246 section 6.3): MAC keys, keys and vectors, the client's first.
fn expand_block(block: &KeyBlock, cipher: Option<Cipher>, master: &[u8]) -> Keys {
    let (key_len, iv_len) = cipher.map_or((0, 0), |cipher| (cipher.key_len(), cipher::iv_len(cipher)));
    let lens = [usize::from(block.mac_len), key_len, iv_len];
    let mut bytes = vec![0; lens.iter().sum::<usize>() * 2];
    let seed = [KEYS, &block.server_random.0[..], &block.client_random.0];
    pseudo_random(block.hash, master, &seed, &mut bytes);
    let mut rest = &bytes[..];
    let [mac, key, iv] = lens.map(|len| {
        let (client, after) = rest.split_at_checked(len).unwrap_or_default();
        let (server, after) = after.split_at_checked(len).unwrap_or_default();
        rest = after;
        if block.client { client.to_vec() } else { server.to_vec() }
    });
    Keys { mac, key, iv }
}

/// Keys of a traffic secret (RFC 8446 section 7.3) that was updated so many times.
fn tls13(hash: ScheduleHash, updates: u32, datagrams: bool, cipher: Cipher, secret: &[u8]) -> Option<Keys> {
    if secret.len() != hash_len(hash)? || updates > MOST_UPDATES {
        return None;
    }
    let prefix = if datagrams { "dtls13" } else { "tls13 " };
    let mut secret = secret.to_vec();
    for _ in 0..updates {
        secret = expand_label(hash, &secret, prefix, "traffic upd", secret.len())?;
    }
    let key = expand_label(hash, &secret, prefix, "key", cipher.key_len())?;
    let iv = expand_label(hash, &secret, prefix, "iv", cipher::NONCE)?;
    Some(Keys { mac: Vec::new(), key, iv })
}

/// HKDF-Expand-Label with an empty context (RFC 8446 section 7.1).
fn expand_label(hash: ScheduleHash, secret: &[u8], prefix: &str, label: &str, len: usize) -> Option<Vec<u8>> {
    let hash = match hash {
        ScheduleHash::Md5Sha1 | ScheduleHash::Ssl3 => return None,
        ScheduleHash::Sha256 => HKDF_SHA256,
        ScheduleHash::Sha384 => HKDF_SHA384,
    };
    let label_len = u8::try_from(prefix.len() + label.len()).ok()?;
    let len_bytes = u16::try_from(len).ok()?.to_be_bytes();
    let info = [&len_bytes[..], &[label_len], prefix.as_bytes(), label.as_bytes(), &[0]];
    let mut out = vec![0; len];
    let secret = Prk::new_less_safe(hash, secret);
    secret.expand(&info, Bytes(len)).and_then(|okm: hkdf::Okm<'_, Bytes>| okm.fill(&mut out)).ok()?;
    Some(out)
}

/// Fills `out` from a secret and a seed in parts. Up to TLS 1.1 MD5 and SHA-1 have half of the secret each.
fn pseudo_random(hash: ScheduleHash, secret: &[u8], seed: &[&[u8]], out: &mut [u8]) {
    match hash {
        ScheduleHash::Sha256 => expand(&keyed(hmac::HMAC_SHA256, secret), seed, out),
        ScheduleHash::Sha384 => expand(&keyed(hmac::HMAC_SHA384, secret), seed, out),
        ScheduleHash::Md5Sha1 => {
            let half = secret.len().div_ceil(2);
            let first = secret.get(..half).unwrap_or_default();
            let second = secret.get(secret.len() - half..).unwrap_or_default();
            expand(&|parts: &[&[u8]]| md5(first, parts), seed, out);
            let mut other = vec![0; out.len()];
            expand(&keyed(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, second), seed, &mut other);
            out.iter_mut().zip(other).for_each(|(byte, other)| *byte ^= other);
        }
        ScheduleHash::Ssl3 => expand_ssl3(secret, seed.get(1..).unwrap_or_default(), out),
    }
}

/// MD5 over SHA-1 of `A`, `BB`, `CCC` … with secret and seed (RFC 6101 sections 6.1 and 6.2.2).
fn expand_ssl3(secret: &[u8], seed: &[&[u8]], out: &mut [u8]) {
    for ((letter, len), room) in (b'A'..=b'Z').zip(1..).zip(out.chunks_mut(16)) {
        let mut inner = digest::Context::new(&digest::SHA1_FOR_LEGACY_USE_ONLY);
        inner.update(&vec![letter; len]);
        inner.update(secret);
        seed.iter().for_each(|part| inner.update(part));
        let mut outer = Md5::new();
        outer.update(secret);
        outer.update(inner.finish().as_ref());
        room.iter_mut().zip(outer.finalize()).for_each(|(byte, made)| *byte = made);
    }
}

/// P_hash (RFC 5246 section 5).
fn expand(mac: &impl Fn(&[&[u8]]) -> Vec<u8>, seed: &[&[u8]], out: &mut [u8]) {
    let mut link = mac(seed);
    let mut rest = out;
    while !rest.is_empty() {
        let parts: Vec<&[u8]> = std::iter::once(&link[..]).chain(seed.iter().copied()).collect();
        let block = mac(&parts);
        let len = block.len().min(rest.len());
        let (room, after) = rest.split_at_mut(len);
        room.copy_from_slice(block.get(..len).unwrap_or_default());
        rest = after;
        link = mac(&[&link]);
    }
}

fn keyed(algorithm: hmac::Algorithm, key: &[u8]) -> impl Fn(&[&[u8]]) -> Vec<u8> {
    let key = hmac::Key::new(algorithm, key);
    move |parts| {
        let mut context = hmac::Context::with_key(&key);
        parts.iter().for_each(|part| context.update(part));
        context.sign().as_ref().to_vec()
    }
}

/// HMAC-MD5, which `aws-lc-rs` does not have.
pub(crate) fn md5(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let Ok(mut mac) = <Hmac<Md5> as KeyInit>::new_from_slice(key) else { return Vec::new() };
    parts.iter().for_each(|part| Mac::update(&mut mac, part));
    mac.finalize().into_bytes().to_vec()
}

/// Bytes of a traffic secret.
fn hash_len(hash: ScheduleHash) -> Option<usize> {
    match hash {
        ScheduleHash::Md5Sha1 | ScheduleHash::Ssl3 => None,
        ScheduleHash::Sha256 => Some(32),
        ScheduleHash::Sha384 => Some(48),
    }
}

/// So many bytes of output.
struct Bytes(usize);

impl KeyType for Bytes {
    fn len(&self) -> usize {
        self.0
    }
}

/// Most key updates that are followed: a forged proof shall not keep anyone busy.
pub(crate) const MOST_UPDATES: u32 = 100_000;

const EXTENDED: &[u8] = b"extended master secret";
const KEYS: &[u8] = b"key expansion";
const MASTER: &[u8] = b"master secret";

#[cfg(test)]
mod tests {
    use super::*;

    /// Values that Python's `hmac` and `hashlib` gave.
    #[test]
    fn master_secrets_are_those_of_another_implementation() {
        let numbers = |range: std::ops::Range<u8>| range.collect::<Vec<u8>>();
        let randoms = |hash| KeyBlock {
            hash,
            client_random: numbers(0..32).into(),
            server_random: numbers(32..64).into(),
            mac_len: 0,
            client: true,
        };
        let rows = [
            (
                Master::Randoms,
                ScheduleHash::Md5Sha1,
                "539391828d1d131678646180c5bda5c9a2eb62382c8cfb9440545cae85c8c205b93e0d22161e06be1189235aefca7570",
            ),
            (
                Master::Randoms,
                ScheduleHash::Ssl3,
                "01d1d75f0d5c013df9d72c40becf3098f06f9e025f281b0c4e5c7cd55efa47c805ceb01ec6d07308968ce1aace0c6275",
            ),
            (
                Master::Extended([0x11; 32].into()),
                ScheduleHash::Sha256,
                "b1b37e5aca923c5527d2304795156df4f248c39222c76789ce82f1039ff38f1fd4afd3645b7b973d1d629e1d36b01239",
            ),
        ];
        for (master, hash, expected) in rows {
            let secret = master_secret(&master, &randoms(hash), &numbers(0..48));
            assert_eq!(evidence::HexBytes(secret).to_string(), expected);
        }
        let earlier =
            Master::Earlier { client_random: numbers(0..32).into(), server_random: numbers(32..64).into() };
        let others = KeyBlock { client_random: Vec::new().into(), ..randoms(ScheduleHash::Md5Sha1) };
        let first = master_secret(&Master::Randoms, &randoms(ScheduleHash::Md5Sha1), &numbers(0..48));
        assert_eq!(master_secret(&earlier, &others, &numbers(0..48)), first);
    }
}
