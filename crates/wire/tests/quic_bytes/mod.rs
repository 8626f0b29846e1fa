//! Writes QUIC: Initial packets under their protection, as a client or server seals them.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop where it is wrong")]

use aws_lc_rs::{
    aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey, quic},
    hkdf::{HKDF_SHA256, KeyType, Prk, Salt},
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
        let version = Version::of(self.version).unwrap();
        let secret = Salt::new(HKDF_SHA256, &version.salt).extract(&self.original);
        let label = if from == From::Client { "client in" } else { "server in" };
        let secret = Prk::new_less_safe(HKDF_SHA256, &expand(&secret, label, 32));
        let [key, iv, protection] = version.labels;
        let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &expand(&secret, key, 16)).unwrap());
        let protection =
            quic::HeaderProtectionKey::new(&quic::AES_128, &expand(&secret, protection, 16)).unwrap();
        let mut nonce: [u8; 12] = expand(&secret, iv, 12).try_into().unwrap();
        for (byte, number) in nonce[8..].iter_mut().zip(self.number.to_be_bytes()) {
            *byte ^= number;
        }
        let len = u16::try_from(2 + self.frames.len() + 16).unwrap();
        let mut packet = vec![0xc1 | version.types_from << 4];
        packet.extend(self.version.to_be_bytes());
        packet.push(u8::try_from(self.to.len()).unwrap());
        packet.extend(&self.to);
        packet.extend([4, 9, 9, 9, 9, 0]);
        packet.extend((len | 0x4000).to_be_bytes());
        let at = packet.len();
        packet.extend(&self.number.to_be_bytes()[2..]);
        let mut sealed = self.frames.clone();
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(&packet), &mut sealed)
            .unwrap();
        packet.extend(sealed);
        let mask = protection.new_mask(&packet[at + 4..at + 20]).unwrap();
        packet[0] ^= mask[0] & 0x0f;
        packet[at] ^= mask[1];
        packet[at + 1] ^= mask[2];
        packet
    }
}

/// A CRYPTO frame.
pub(crate) fn crypto(offset: usize, data: &[u8]) -> Vec<u8> {
    let number = |number: usize| (u16::try_from(number).unwrap() | 0x4000).to_be_bytes();
    [&[6][..], &number(offset), &number(data.len()), data].concat()
}
