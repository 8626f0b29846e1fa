//! How much work it takes until a rare cipher has had its turn: `cargo run --release -p unmask --example rare`.
//!
//! A message of JSON holds twenty fields beside the value, one of which is the key in hex or the string that the key
//! is made of; the profile has sixty values, none of which is in the plaintext. Told is what the search spent, in
//! thousands of bytes, or `-` where it found nothing in the eight million that an audit gives to one value. SHA1PRNG
//! has no cell for keys that are longer than its first digest.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "an example that prints a table, and fails by panicking"
)]

mod kit;

use std::collections::BTreeMap;

use aes::cipher::{Array, BlockCipherEncrypt, BlockSizeUser, KeyInit, StreamCipher};
use chacha20::{ChaCha20, KeyIvInit};
use evidence::Timestamp;
use md5::{Digest, Md5};
use sha1::Sha1;
use sha2::Sha256;
use unmask::{Budget, Context, Cribs, Field, ciphers};

use kit::{Noise, base64, beside, hex, phone};

#[allow(dead_code, reason = "the test that holds these numbers includes this file")]
fn main() {
    let heads: Vec<&str> = KEYS.iter().map(|(name, ..)| *name).collect();
    println!("| thousand bytes | {} |\n|---|{}", heads.join(" | "), "---|".repeat(heads.len()));
    for (cipher, cells) in table(BYTES) {
        let told = |name: &&str| match cells.get(name) {
            Some(Some(spent)) => (spent / 1000).to_string(),
            Some(None) => "-".to_owned(),
            None => String::new(),
        };
        println!("| {cipher} | {} |", heads.iter().map(told).collect::<Vec<_>>().join(" | "));
    }
}

/// What was spent until something was opened, by kind of key; `None` where it was not.
pub(crate) type Row = BTreeMap<&'static str, Option<u64>>;

/// Bytes that were spent until each cipher with each kind of key was opened.
pub(crate) fn table(bytes: u64) -> Vec<(&'static str, Row)> {
    let cribs = phone();
    let mut draw = Noise(3);
    let mut row = |&(cipher, size, encrypt): &(&'static str, usize, Encrypt)| {
        // Blowfish takes a string as long as it is.
        let fits = |name: &str| cipher != "Blowfish-ECB" || name != "filled with zeros";
        let keys = KEYS.iter().filter(|(name, most, _)| size <= *most && fits(name));
        let cell = |(name, _, key): &(&'static str, usize, Derive)| {
            (*name, spent(&cribs, &mut draw, (size, encrypt, *key), bytes))
        };
        (cipher, keys.map(cell).collect())
    };
    CIPHERS.iter().map(&mut row).collect()
}

/// How many of so many values, each of noise and as long as a ciphertext may be, were opened.
#[allow(dead_code, reason = "for the test that includes this file")]
pub(crate) fn opened_of_noise(values: usize, bytes: u64) -> usize {
    let (cribs, mut draw) = (phone(), Noise(5));
    let mut is_opened = |number: usize| {
        let value = base64(&draw.bytes([32, 48, 45, 64][number % 4]));
        let fields = beside(&mut draw);
        let fields: Vec<_> = fields.iter().map(|(name, bytes)| Field { name, bytes }).collect();
        let time = Some(Timestamp::new(1_700_000_000, 0));
        let context = Context { fields: &fields, time, window: 3, ..Context::new(&cribs) };
        !ciphers::open(&value, &context, &mut Budget::new(bytes)).is_empty()
    };
    (0..values).filter(|number| is_opened(*number)).count()
}

/// Bytes that were spent until a value was opened; `None` where it was not.
fn spent(
    cribs: &Cribs,
    draw: &mut Noise,
    (size, encrypt, key): (usize, Encrypt, Derive),
    bytes: u64,
) -> Option<u64> {
    let seed = hex(&draw.bytes(5));
    let (key, sent) = key(draw, &seed, size);
    let value = base64(&encrypt(draw, &key, PLAIN));
    let mut fields = beside(draw);
    for (name, sent) in ["nonce", "seed"].iter().zip(sent.split(' ')) {
        fields.insert(13, ((*name).to_owned(), sent.as_bytes().to_vec()));
    }
    let fields: Vec<_> = fields.iter().map(|(name, bytes)| Field { name, bytes }).collect();
    let time = Some(Timestamp::new(1_700_000_000, 0));
    let context = Context { fields: &fields, time, window: 3, ..Context::new(cribs) };
    let mut budget = Budget::new(bytes);
    let opened = ciphers::open(&value, &context, &mut budget);
    opened.iter().any(|opened| opened.plaintext == PLAIN).then(|| budget.spent())
}

const PLAIN: &[u8] = br#"{"imei":"004401512345678","model":"TA-1046","event":"screen_on"}"#;
/// As an audit has them for one value.
const BYTES: u64 = 8_000_000;

type Derive = fn(&mut Noise, &str, usize) -> (Vec<u8>, String);
type Encrypt = fn(&mut Noise, &[u8], &[u8]) -> Vec<u8>;

/// How many bytes of a key there are at most, and how they come from what is sent, which is the second.
const KEYS: [(&str, usize, Derive); 6] = [
    ("sent in hex", 32, |draw, _, size| {
        let key = draw.bytes(size);
        let sent = hex(&key);
        (key, sent)
    }),
    ("MD5", 32, |_, seed, size| {
        let digest = Md5::digest(seed).to_vec();
        let key =
            if size > 16 { hex(&digest).into_bytes()[..size].to_vec() } else { digest[..size].to_vec() };
        (key, seed.to_owned())
    }),
    ("SHA-256", 32, |_, seed, size| (Sha256::digest(seed)[..size].to_vec(), seed.to_owned())),
    ("SHA1PRNG", 20, |_, seed, size| (Sha1::digest(Sha1::digest(seed))[..size].to_vec(), seed.to_owned())),
    ("MD5 of two fields", 32, |draw, seed, size| {
        let other = hex(&draw.bytes(3));
        let digest = Md5::digest(format!("{seed}{other}")).to_vec();
        let key =
            if size > 16 { hex(&digest).into_bytes()[..size].to_vec() } else { digest[..size].to_vec() };
        (key, format!("{seed} {other}"))
    }),
    ("filled with zeros", 32, |_, seed, size| {
        let mut key = seed.as_bytes().to_vec();
        key.resize(size, 0);
        (key, seed.to_owned())
    }),
];

const CIPHERS: [(&str, usize, Encrypt); 15] = [
    ("AES-128-ECB", 16, |_, key, text| ecb::<aes::Aes128>(key, &padded(text, 16))),
    ("AES-192-CBC, vector before", 24, cbc::<aes::Aes192>),
    ("AES-128-CTR, counter before", 16, ctr::<aes::Aes128>),
    ("AES-256-CTR, counter before", 32, ctr::<aes::Aes256>),
    ("AES-128-CFB, vector of zeros", 16, |_, key, text| cfb::<aes::Aes128>(key, text)),
    ("AES-128-OFB, vector before", 16, ofb::<aes::Aes128>),
    ("Blowfish-ECB", 16, |_, key, text| ecb::<blowfish::Blowfish>(key, &padded(text, 8))),
    ("SM4-CTR, counter before", 16, ctr::<sm4::Sm4>),
    ("SM4-ECB", 16, |_, key, text| ecb::<sm4::Sm4>(key, &padded(text, 16))),
    ("SM4-CBC, vector before", 16, cbc::<sm4::Sm4>),
    ("triple DES, two keys, ECB", 16, |_, key, text| ecb::<des::TdesEde2>(key, &padded(text, 8))),
    ("TEA-ECB", 16, |_, key, text| padded(text, 8).chunks(8).flat_map(|block| tea(key, block)).collect()),
    ("XXTEA", 16, |_, key, text| xxtea(key, text)),
    ("ChaCha20, nonce of zeros", 32, |_, key, text| chacha20(key, &[0; 12], text)),
    ("ChaCha20, nonce before", 32, |draw, key, text| {
        let nonce = draw.bytes(12);
        [nonce.clone(), chacha20(key, &nonce, text)].concat()
    }),
];

fn block<C: KeyInit + BlockCipherEncrypt + BlockSizeUser>(key: &[u8], block: &[u8]) -> Vec<u8> {
    let cipher = C::new_from_slice(key).expect("a key that fits");
    let mut block: Array<u8, C::BlockSize> = Array::try_from(block).expect("a whole block");
    cipher.encrypt_block(&mut block);
    block.to_vec()
}

fn ecb<C: KeyInit + BlockCipherEncrypt + BlockSizeUser>(key: &[u8], text: &[u8]) -> Vec<u8> {
    text.chunks(C::block_size()).flat_map(|part| block::<C>(key, part)).collect()
}

fn cbc<C: KeyInit + BlockCipherEncrypt + BlockSizeUser>(
    draw: &mut Noise,
    key: &[u8],
    text: &[u8],
) -> Vec<u8> {
    let mut out = draw.bytes(16);
    for part in padded(text, 16).chunks(16) {
        let mixed = xor(part, &out[out.len() - 16..]);
        out.extend(block::<C>(key, &mixed));
    }
    out
}

fn ctr<C: KeyInit + BlockCipherEncrypt + BlockSizeUser>(
    draw: &mut Noise,
    key: &[u8],
    text: &[u8],
) -> Vec<u8> {
    let iv = draw.bytes(16);
    let first = u128::from_be_bytes(iv.clone().try_into().expect("sixteen bytes"));
    let parts = text.chunks(16).zip(0..);
    let stream = |at: u128| block::<C>(key, &first.wrapping_add(at).to_be_bytes());
    let text = parts.flat_map(|(part, at)| xor(part, &stream(at)));
    iv.iter().copied().chain(text).collect()
}

fn cfb<C: KeyInit + BlockCipherEncrypt + BlockSizeUser>(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut out = vec![0; 16];
    for part in text.chunks(16) {
        let stream = block::<C>(key, &out[out.len() - 16..]);
        out.extend(xor(part, &stream));
    }
    out.split_off(16)
}

fn ofb<C: KeyInit + BlockCipherEncrypt + BlockSizeUser>(
    draw: &mut Noise,
    key: &[u8],
    text: &[u8],
) -> Vec<u8> {
    let mut out = draw.bytes(16);
    let mut stream = out.clone();
    for part in text.chunks(16) {
        stream = block::<C>(key, &stream);
        out.extend(xor(part, &stream));
    }
    out
}

fn chacha20(key: &[u8], nonce: &[u8], text: &[u8]) -> Vec<u8> {
    let mut text = text.to_vec();
    ChaCha20::new_from_slices(key, nonce).expect("a key that fits").apply_keystream(&mut text);
    text
}

/// The reference code, words in big-endian order.
fn tea(key: &[u8], block: &[u8]) -> Vec<u8> {
    let words = |bytes: &[u8]| -> Vec<u32> {
        bytes.chunks(4).map(|word| u32::from_be_bytes(word.try_into().expect("four bytes"))).collect()
    };
    let (k, v) = (words(key), words(block));
    let (mut y, mut z, mut sum) = (v[0], v[1], 0_u32);
    let round = |word: u32, sum: u32, a: u32, b: u32| {
        (word << 4).wrapping_add(a) ^ word.wrapping_add(sum) ^ (word >> 5).wrapping_add(b)
    };
    for _ in 0..32 {
        sum = sum.wrapping_add(DELTA);
        y = y.wrapping_add(round(z, sum, k[0], k[1]));
        z = z.wrapping_add(round(y, sum, k[2], k[3]));
    }
    [y.to_be_bytes(), z.to_be_bytes()].concat()
}

/// As libraries have it: little-endian words, the length behind the text.
fn xxtea(key: &[u8], text: &[u8]) -> Vec<u8> {
    let words = |bytes: &[u8]| -> Vec<u32> {
        let word = |part: &[u8]| part.iter().rev().fold(0_u32, |word, &byte| word << 8 | u32::from(byte));
        bytes.chunks(4).map(word).collect()
    };
    let (k, mut v) = (words(key), words(text));
    v.push(u32::try_from(text.len()).expect("a short text"));
    let (n, mut sum) = (v.len(), 0_u32);
    for _ in 0..6 + 52 / n {
        sum = sum.wrapping_add(DELTA);
        for p in 0..n {
            let (y, z) = (v[(p + 1) % n], v[(p + n - 1) % n]);
            let part = k[p & 3 ^ (sum >> 2 & 3) as usize];
            let mixed =
                ((z >> 5 ^ y << 2).wrapping_add(y >> 3 ^ z << 4)) ^ ((sum ^ y).wrapping_add(part ^ z));
            v[p] = v[p].wrapping_add(mixed);
        }
    }
    v.into_iter().flat_map(u32::to_le_bytes).collect()
}

const DELTA: u32 = 0x9e37_79b9;

fn padded(plain: &[u8], size: usize) -> Vec<u8> {
    let fill = size - plain.len() % size;
    [plain, &vec![u8::try_from(fill).unwrap_or(0); fill]].concat()
}

fn xor(text: &[u8], stream: &[u8]) -> Vec<u8> {
    text.iter().zip(stream).map(|(byte, key)| byte ^ key).collect()
}
