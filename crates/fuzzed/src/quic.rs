//! Frames in packets: what a fuzzer cannot reach from the outside, as nothing it changes opens any more. The
//! input, cut as [`session`](crate::session) says, is what both sides' packets hold, and is sealed here: Initial
//! packets with the keys that anybody can derive (RFC 9001 section 5.2), those behind them with secrets that the
//! session has as well.

use std::collections::HashMap;

use aws_lc_rs::{
    aead::{
        AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey,
        quic::{AES_128, HeaderProtectionKey},
    },
    hkdf::{self, HKDF_SHA256, Prk, Salt},
};
use evidence::CaptureId;
use wire::{KeyRing, Sender, quic::Version};

use crate::session;

/// Frames of Initial packets.
pub(crate) fn frames(input: &[u8]) {
    let [client, server] = initial_keys();
    let mut number = 0;
    session::datagrams_made(PORTS, input, |sender, frames| {
        number += 1;
        keys_of(sender, &client, &server).seal(long(0xc3, frames.len()), number, frames)
    });
}

/// Frames of 1-RTT packets.
pub(crate) fn data(input: &[u8]) {
    let (keys, opening) = opening(b"own");
    let [client, server] = data_keys();
    let mut number = 0;
    session::datagrams_behind(PORTS, &keys, &opening, input, |sender, frames| {
        number += 1;
        keys_of(sender, &client, &server).seal(short(sender), number, frames)
    });
}

/// Streams of HTTP/3. The first byte of what is said is the stream, and whether it ends.
pub(crate) fn http3(input: &[u8]) {
    let (keys, opening) = opening(b"h3");
    let [client, server] = data_keys();
    let (mut number, mut places) = (0, HashMap::new());
    session::datagrams_behind(PORTS, &keys, &opening, input, |sender, said| {
        number += 1;
        let (first, data) = said.split_first().unwrap_or((&0, &[]));
        let data = &data[..data.len().min(MOST)];
        let id = first & 0x1f;
        let place: &mut u32 = places.entry((sender, id)).or_default();
        let last = u8::from(first & 0x80 != 0);
        // Stream, offset, the data up to the end.
        let frame = [&[0x0c | last, id][..], &(*place | 0x8000_0000).to_be_bytes(), data].concat();
        *place += u32::try_from(data.len()).unwrap();
        keys_of(sender, &client, &server).seal(short(sender), number, &frame)
    });
}

/// The hellos of a connection with that protocol, and its secrets.
fn opening(protocol: &[u8]) -> (KeyRing, [(Sender, Vec<u8>); 2]) {
    let vector = |bytes: &[u8]| [&u16::try_from(bytes.len()).unwrap().to_be_bytes()[..], bytes].concat();
    let named = [&[u8::try_from(protocol.len()).unwrap()][..], protocol].concat();
    let alpn = [&b"\0\x10"[..], &vector(&vector(&named))].concat();
    let ask = [b"\x03\x03", &RANDOM[..], b"\0\0\x02\x13\x01\x01\0", &vector(&alpn)].concat();
    let answer = [b"\x03\x03", &RANDOM[..], b"\0\x13\x01\0\0\x06\0\x2b\0\x02\x03\x04"].concat();
    let crypto = |kind: u8, body: &[u8]| {
        let message = [&[kind, 0][..], &vector(body)].concat();
        let len = u16::try_from(message.len()).unwrap() | 0x4000;
        [b"\x06\0", &len.to_be_bytes()[..], &message].concat()
    };
    let [client, server] = initial_keys();
    let (ask, answer) = (crypto(1, &ask), crypto(2, &answer));
    let keys = KeyRing::default();
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    for (label, secret) in ["CLIENT", "SERVER"].iter().zip(SECRETS) {
        let line = format!("{label}_TRAFFIC_SECRET_0 {} {}\n", hex(&RANDOM), hex(&secret));
        keys.add_log(CaptureId(1), 0, 1, line.as_bytes());
    }
    let opening = [
        (Sender::Originator, client.seal(long(0xc3, ask.len()), 0, &ask)),
        (Sender::Responder, server.seal(long(0xc3, answer.len()), 0, &answer)),
    ];
    (keys, opening)
}

fn keys_of<'k>(sender: Sender, client: &'k Keys, server: &'k Keys) -> &'k Keys {
    match sender {
        Sender::Originator => client,
        Sender::Responder => server,
    }
}

fn initial_keys() -> [Keys; 2] {
    let version = Version::of(1).unwrap();
    let secret = Salt::new(HKDF_SHA256, &version.salt).extract(&DESTINATION);
    ["client in", "server in"].map(|label| Keys::derive(version, expand(&secret, label)))
}

fn data_keys() -> [Keys; 2] {
    SECRETS.map(|secret| Keys::derive(Version::of(1).unwrap(), secret))
}

/// The header of an Initial packet with so many bytes of frames, up to its number.
fn long(first: u8, frames: usize) -> Vec<u8> {
    let len = u16::try_from(4 + frames.clamp(4, MOST) + AES_128_GCM.tag_len()).unwrap();
    [&[first, 0, 0, 0, 1, 8][..], &DESTINATION, &[0, 0], &(len | 0x4000).to_be_bytes()].concat()
}

/// A short header up to its number. The client has no id.
fn short(sender: Sender) -> Vec<u8> {
    match sender {
        Sender::Originator => [&[0x43][..], &DESTINATION].concat(),
        Sender::Responder => vec![0x43],
    }
}

/// What one side seals with.
struct Keys {
    key: LessSafeKey,
    iv: [u8; 12],
    protection: HeaderProtectionKey,
}

impl Keys {
    fn derive(version: &Version, secret: [u8; 32]) -> Self {
        let secret = Prk::new_less_safe(HKDF_SHA256, &secret);
        let [key, iv, protection] = version.labels;
        let (key, protection): ([u8; 16], [u8; 16]) = (expand(&secret, key), expand(&secret, protection));
        Self {
            key: LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key).unwrap()),
            iv: expand(&secret, iv),
            protection: HeaderProtectionKey::new(&AES_128, &protection).unwrap(),
        }
    }

    /// A packet with that header and number and these frames.
    fn seal(&self, mut header: Vec<u8>, number: u32, frames: &[u8]) -> Vec<u8> {
        let frames = &frames[..frames.len().min(MOST)];
        let padding = 4_usize.saturating_sub(frames.len());
        let number_at = header.len();
        header.extend(number.to_be_bytes());
        let mut sealed = frames.to_vec();
        sealed.resize(frames.len() + padding, 0);
        let nonce = self.nonce(number);
        self.key.seal_in_place_append_tag(nonce, Aad::from(&header), &mut sealed).unwrap();
        let mut packet = [header, sealed].concat();
        let mask = self.protection.new_mask(&packet[number_at + 4..][..16]).unwrap();
        packet[0] ^= mask[0] & if packet[0] & 0x80 == 0 { 0x1f } else { 0x0f };
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
/// The randoms of both.
const RANDOM: [u8; 32] = [7; 32];
/// The secrets of client and server.
const SECRETS: [[u8; 32]; 2] = [[1; 32], [2; 32]];
const PORTS: [u16; 2] = [40_000, 443];
/// The most bytes of frames in a packet: the length field has 14 bits.
const MOST: usize = 12_000;
