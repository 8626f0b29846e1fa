//! Writes QUIC: Initial packets under their protection, as a client or server seals them.

#![allow(dead_code, reason = "each test uses its part")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop where it is wrong")]

use aes::Aes128;
use aws_lc_rs::{
    aead::{AES_128_GCM, AES_256_GCM, Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey, quic},
    hkdf::{HKDF_SHA256, HKDF_SHA384, KeyType, Prk, Salt},
};
use ccm::{
    Ccm, KeyInit,
    aead::AeadInOut,
    consts::{U12, U16},
};
use wire::quic::Version;

/// Who seals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum From {
    Client,
    Server,
}

/// An Initial packet of that version and number, sealed with the keys of the connection id `original`, sent
/// to `to`, with those frames, filled up to so many bytes of frames at least.
#[derive(Clone, Debug)]
pub(crate) struct Initial {
    pub(crate) version: u32,
    pub(crate) original: Vec<u8>,
    pub(crate) to: Vec<u8>,
    pub(crate) number: u32,
    pub(crate) frames: Vec<u8>,
}

struct Len(usize);

impl KeyType for Len {
    fn len(&self) -> usize {
        self.0
    }
}

fn expand(secret: &Prk, label: &str, len: usize) -> Vec<u8> {
    let label = format!("tls13 {label}");
    let info = [&[0, u8::try_from(len).unwrap(), u8::try_from(label.len()).unwrap()], label.as_bytes(), &[0]]
        .concat();
    let mut out = vec![0; len];
    secret.expand(&[&info], Len(len)).unwrap().fill(&mut out).unwrap();
    out
}

impl Initial {
    pub(crate) fn new(original: &[u8], number: u32, frames: Vec<u8>) -> Self {
        Self { version: 1, original: original.to_vec(), to: original.to_vec(), number, frames }
    }

    /// The packet.
    pub(crate) fn seal(&self, from: From) -> Vec<u8> {
        self.seal_from(from, SOURCE)
    }

    /// The packet of who is reached under the id `source`.
    pub(crate) fn seal_from(&self, from: From, source: &[u8]) -> Vec<u8> {
        let version = Version::of(self.version).unwrap();
        let secret = Salt::new(HKDF_SHA256, &version.salt).extract(&self.original);
        let label = if from == From::Client { "client in" } else { "server in" };
        let secret = expand(&secret, label, 32);
        let header = long((self.version, 0), &self.to, source, (Some(0), self.frames.len()));
        seal((version, 0x1301), (&secret, 0), header, self.number, &self.frames)
    }
}

/// The long header of a packet of that version and type (0 is Initial, 1 is 0-RTT, 2 is Handshake) with so many
/// bytes of frames, up to its number. Initial packets have a token.
pub(crate) fn long(
    (version, kind): (u32, u8),
    to: &[u8],
    from: &[u8],
    (token, frames): (Option<u8>, usize),
) -> Vec<u8> {
    let kind = (kind + Version::of(version).unwrap().types_from) & 3;
    let mut header = vec![0xc1 | kind << 4];
    header.extend(version.to_be_bytes());
    for id in [to, from] {
        header.push(u8::try_from(id.len()).unwrap());
        header.extend(id);
    }
    header.extend(token);
    header.extend((u16::try_from(2 + frames + 16).unwrap() | 0x4000).to_be_bytes());
    header
}

/// The short header of a packet, up to its number.
pub(crate) fn short(to: &[u8], updates: u32) -> Vec<u8> {
    let phase = if updates % 2 == 1 { 4 } else { 0 };
    [&[0x41 | phase][..], to].concat()
}

/// Seals a packet with a secret that was updated so often, and a number of two bytes.
pub(crate) fn seal(
    (version, suite): (&Version, u16),
    (secret, updates): (&[u8], u32),
    header: Vec<u8>,
    number: u32,
    frames: &[u8],
) -> Vec<u8> {
    let (hash, key_len) = match suite {
        0x1302 => (HKDF_SHA384, 32),
        0x1303 => (HKDF_SHA256, 32),
        _ => (HKDF_SHA256, 16),
    };
    let [key, iv, protection] = version.labels;
    let protection = expand(&Prk::new_less_safe(hash, secret), protection, key_len);
    let mut secret = secret.to_vec();
    for _ in 0..updates {
        secret = expand(&Prk::new_less_safe(hash, &secret), version.update, secret.len());
    }
    let secret = Prk::new_less_safe(hash, &secret);
    let (key, iv) = (expand(&secret, key, key_len), expand(&secret, iv, 12));
    let mut nonce: [u8; 12] = iv.try_into().unwrap();
    for (byte, number) in nonce[8..].iter_mut().zip(number.to_be_bytes()) {
        *byte ^= number;
    }
    let at = header.len();
    let mut packet = header;
    packet.extend(&number.to_be_bytes()[2..]);
    let mut sealed = frames.to_vec();
    let algorithm = match suite {
        0x1302 => &AES_256_GCM,
        0x1303 => &CHACHA20_POLY1305,
        _ => &AES_128_GCM,
    };
    if suite == 0x1304 {
        let cipher = Ccm::<Aes128, U16, U12>::new_from_slice(&key).unwrap();
        let tag = cipher.encrypt_inout_detached(&nonce.into(), &packet, sealed[..].as_mut().into()).unwrap();
        sealed.extend(tag);
    } else {
        let key = LessSafeKey::new(UnboundKey::new(algorithm, &key).unwrap());
        let nonce = Nonce::assume_unique_for_key(nonce);
        key.seal_in_place_append_tag(nonce, Aad::from(&packet), &mut sealed).unwrap();
    }
    packet.extend(sealed);
    let algorithm = match suite {
        0x1302 => &quic::AES_256,
        0x1303 => &quic::CHACHA20,
        _ => &quic::AES_128,
    };
    let protection = quic::HeaderProtectionKey::new(algorithm, &protection).unwrap();
    let mask = protection.new_mask(&packet[at + 4..at + 20]).unwrap();
    packet[0] ^= mask[0] & if packet[0] & 0x80 == 0 { 0x1f } else { 0x0f };
    packet[at] ^= mask[1];
    packet[at + 1] ^= mask[2];
    packet
}

/// The id that who sends an [`Initial`] packet is reached under.
pub(crate) const SOURCE: &[u8] = &[9; 4];

/// A CRYPTO frame.
pub(crate) fn crypto(offset: usize, data: &[u8]) -> Vec<u8> {
    let number = |number: usize| (u16::try_from(number).unwrap() | 0x4000).to_be_bytes();
    [&[6][..], &number(offset), &number(data.len()), data].concat()
}
