//! Frames in Initial packets: what a fuzzer cannot reach from the outside, as nothing it changes opens any
//! more. The input, cut as [`session`](crate::session) says, is what both sides' packets hold; it is sealed
//! here with the keys that anybody can derive (RFC 9001 section 5.2), and read as datagrams.

use aws_lc_rs::{
    aead::{
        AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey,
        quic::{AES_128, HeaderProtectionKey},
    },
    hkdf::{self, HKDF_SHA256, Prk, Salt},
};
use wire::{Sender, quic::Version};

use crate::session;

pub(crate) fn frames(input: &[u8]) {
    let version = Version::of(1).unwrap();
    let secret = Salt::new(HKDF_SHA256, &version.salt).extract(&DESTINATION);
    let [client, server] = ["client in", "server in"].map(|label| Keys::derive(version, &secret, label));
    let mut number = 0;
    session::datagrams_made(PORTS, input, |sender, frames| {
        number += 1;
        match sender {
            Sender::Originator => client.seal(number, frames),
            Sender::Responder => server.seal(number, frames),
        }
    });
}

/// What one side seals with.
struct Keys {
    key: LessSafeKey,
    iv: [u8; 12],
    protection: HeaderProtectionKey,
}

impl Keys {
    fn derive(version: &Version, secret: &Prk, label: &str) -> Self {
        let secret: [u8; 32] = expand(secret, label);
        let secret = Prk::new_less_safe(HKDF_SHA256, &secret);
        let [key, iv, protection] = version.labels;
        let (key, protection): ([u8; 16], [u8; 16]) = (expand(&secret, key), expand(&secret, protection));
        Self {
            key: LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key).unwrap()),
            iv: expand(&secret, iv),
            protection: HeaderProtectionKey::new(&AES_128, &protection).unwrap(),
        }
    }

    /// An Initial packet with that number and these frames.
    fn seal(&self, number: u32, frames: &[u8]) -> Vec<u8> {
        let frames = &frames[..frames.len().min(MOST)];
        let padding = 4_usize.saturating_sub(frames.len());
        let mut header = vec![0xc3, 0, 0, 0, 1, 8];
        header.extend(DESTINATION);
        header.extend([0, 0]);
        let len = u16::try_from(4 + frames.len() + padding + AES_128_GCM.tag_len()).unwrap();
        header.extend((len | 0x4000).to_be_bytes());
        let number_at = header.len();
        header.extend(number.to_be_bytes());
        let mut sealed = frames.to_vec();
        sealed.resize(frames.len() + padding, 0);
        let nonce = self.nonce(number);
        self.key.seal_in_place_append_tag(nonce, Aad::from(&header), &mut sealed).unwrap();
        let mut packet = [header, sealed].concat();
        let mask = self.protection.new_mask(&packet[number_at + 4..][..16]).unwrap();
        packet[0] ^= mask[0] & 0x0f;
        for (byte, mask) in packet[number_at..].iter_mut().zip(&mask[1..]).take(4) {
            *byte ^= mask;
        }
        packet
    }

    fn nonce(&self, number: u32) -> Nonce {
        let mut nonce = self.iv;
        for (byte, number) in nonce.iter_mut().skip(8).zip(number.to_be_bytes()) {
            *byte ^= number;
        }
        Nonce::assume_unique_for_key(nonce)
    }
}

/// HKDF-Expand-Label with an empty context (RFC 8446 section 7.1).
fn expand<const N: usize>(secret: &Prk, label: &str) -> [u8; N] {
    let len = u16::try_from(N).unwrap().to_be_bytes();
    let label_len = [u8::try_from(label.len() + 6).unwrap()];
    let info = [&len[..], &label_len, b"tls13 ", label.as_bytes(), &[0]];
    let mut out = [0; N];
    secret.expand(&info, Len(N)).unwrap().fill(&mut out).unwrap();
    out
}

/// So many bytes of output.
struct Len(usize);

impl hkdf::KeyType for Len {
    fn len(&self) -> usize {
        self.0
    }
}

/// The destination that the client made up.
const DESTINATION: [u8; 8] = [0x83, 0x94, 0xc8, 0xf0, 0x3e, 0x51, 0x57, 0x08];
const PORTS: [u16; 2] = [40_000, 443];
/// The most bytes of frames in a packet: the length field has 14 bits.
const MOST: usize = 12_000;
