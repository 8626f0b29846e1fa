//! Encryption whose key is within reach of whoever reads along.

use super::{
    ciphers::{Cipher, chacha20, gcm, rc4, xxtea},
    digests::{md5, sha1, sha256},
    ways::{
        Class::{KeyDerived, KeySent},
        Hidden, Plain, Way, way,
    },
};
use crate::codes::{base64, hex};

pub(super) const WAYS: &[Way] = &[
    way(KeySent, "AES-128, ECB", |plain| letters(plain, 16, |key, text| Cipher::aes(key).ecb(text))),
    way(KeySent, "AES-128, ECB, bare", |plain| {
        let key = plain.word(16);
        Hidden::bytes(Cipher::aes(key.as_bytes()).ecb(plain.text.as_bytes())).with("key", key)
    }),
    way(KeySent, "AES-128, CBC, vector of zeros", |plain| {
        letters(plain, 16, |key, text| Cipher::aes(key).cbc(&[0; 16], text))
    }),
    way(KeySent, "AES-128, CBC, vector before", |plain| {
        let iv = plain.dice.bytes(16);
        let key = plain.word(16);
        let text = Cipher::aes(key.as_bytes()).cbc(&iv, &plain.document());
        Hidden::bytes([iv, text].concat()).with("key", key)
    }),
    way(KeySent, "AES-128, CBC, vector sent along", |plain| {
        let (key, iv) = (plain.word(16), plain.dice.bytes(16));
        Hidden::bytes(Cipher::aes(key.as_bytes()).cbc(&iv, &plain.document()))
            .with("key", key)
            .with("iv", hex(&iv))
    }),
    way(KeySent, "AES-128, CBC, the key as vector", |plain| {
        letters(plain, 16, |key, text| Cipher::aes(key).cbc(key, text))
    }),
    way(KeySent, "AES-128, ECB, key in hex", |plain| {
        bytes(plain, (16, hex), |key, text| Cipher::aes(key).ecb(text))
    }),
    way(KeySent, "AES-128, CTR, counter before", |plain| {
        let (key, iv) = (plain.dice.bytes(16), plain.dice.bytes(16));
        let text = Cipher::aes(&key).ctr(&iv, &plain.document());
        Hidden::bytes([iv, text].concat()).with("key", hex(&key))
    }),
    way(KeySent, "AES-128, CFB, vector of zeros", |plain| {
        letters(plain, 16, |key, text| Cipher::aes(key).cfb(&[0; 16], text))
    }),
    way(KeySent, "AES-128, GCM, nonce before", |plain| {
        let (key, nonce, tag) = (plain.dice.bytes(16), plain.dice.bytes(12), plain.dice.bytes(16));
        let text = gcm(&key, &nonce, &tag, &plain.document());
        Hidden::bytes([nonce, text].concat()).with("key", hex(&key))
    }),
    way(KeySent, "AES-256, CBC, vector of zeros", |plain| {
        letters(plain, 32, |key, text| Cipher::aes(key).cbc(&[0; 16], text))
    }),
    way(KeySent, "AES-256, ECB, key in base64", |plain| {
        bytes(plain, (32, base64), |key, text| Cipher::aes(key).ecb(text))
    }),
    way(KeySent, "DES, ECB", |plain| letters(plain, 8, |key, text| Cipher::des(key).ecb(text))),
    way(KeySent, "DES, CBC, the key as vector", |plain| {
        letters(plain, 8, |key, text| Cipher::des(key).cbc(key, text))
    }),
    way(KeySent, "triple DES, ECB", |plain| {
        letters(plain, 24, |key, text| Cipher::triple_des(key).ecb(text))
    }),
    way(KeySent, "triple DES, CBC, vector of zeros", |plain| {
        letters(plain, 24, |key, text| Cipher::triple_des(key).cbc(&[0; 8], text))
    }),
    way(KeySent, "RC4", |plain| letters(plain, 16, rc4)),
    way(KeySent, "RC4, key in base64", |plain| bytes(plain, (16, base64), rc4)),
    way(KeySent, "ChaCha20, nonce of zeros", |plain| {
        letters(plain, 32, |key, text| chacha20(key, &[0; 12], 0, text))
    }),
    way(KeySent, "ChaCha20, nonce before", |plain| {
        let (key, nonce) = (plain.dice.bytes(32), plain.dice.bytes(12));
        let text = chacha20(&key, &nonce, 0, &plain.document());
        Hidden::bytes([nonce, text].concat()).with("key", base64(&key))
    }),
    way(KeySent, "ChaCha20-Poly1305, nonce before", |plain| {
        let (key, nonce, tag) = (plain.dice.bytes(32), plain.dice.bytes(12), plain.dice.bytes(16));
        let text = chacha20(&key, &nonce, 1, &plain.document());
        Hidden::bytes([nonce, text, tag].concat()).with("key", base64(&key))
    }),
    way(KeySent, "SM4, ECB", |plain| letters(plain, 16, |key, text| Cipher::sm4(key).ecb(text))),
    way(KeySent, "SM4, CBC, vector before", |plain| {
        let iv = plain.dice.bytes(16);
        let key = plain.dice.bytes(16);
        let text = Cipher::sm4(&key).cbc(&iv, &plain.document());
        Hidden::bytes([iv, text].concat()).with("key", hex(&key))
    }),
    way(KeySent, "TEA, ECB", |plain| letters(plain, 16, |key, text| Cipher::tea(key).ecb(text))),
    way(KeySent, "XXTEA", |plain| letters(plain, 16, xxtea)),
    way(KeyDerived, "AES-128, MD5 of a field", |plain| {
        from_field(plain, |seed| md5(seed), |key, text| Cipher::aes(key).cbc(key, text))
    }),
    way(KeyDerived, "AES-128, MD5's hex of a field, first half", |plain| {
        let made = |seed: &str| hex(&md5(seed)).into_bytes()[..16].to_vec();
        from_field(plain, made, |key, text| Cipher::aes(key).ecb(text))
    }),
    way(KeyDerived, "AES-128, MD5's hex of a field, middle", |plain| {
        let made = |seed: &str| hex(&md5(seed)).into_bytes()[8..24].to_vec();
        from_field(plain, made, |key, text| Cipher::aes(key).ecb(text))
    }),
    way(KeyDerived, "AES-256, MD5's hex of a field", |plain| {
        let made = |seed: &str| hex(&md5(seed)).into_bytes();
        from_field(plain, made, |key, text| Cipher::aes(key).cbc(&[0; 16], text))
    }),
    way(KeyDerived, "AES-128, SHA-256 of a field, first half", |plain| {
        from_field(plain, |seed| sha256(seed)[..16].to_vec(), |key, text| Cipher::aes(key).ecb(text))
    }),
    way(KeyDerived, "AES-256, SHA-256 of a field", |plain| {
        from_field(plain, |seed| sha256(seed), |key, text| Cipher::aes(key).cbc(&[0; 16], text))
    }),
    way(KeyDerived, "AES-128, SHA1PRNG of a field", |plain| {
        from_field(plain, |seed| sha1(sha1(seed))[..16].to_vec(), |key, text| Cipher::aes(key).ecb(text))
    }),
    way(KeyDerived, "AES-128, a field filled with zeros", |plain| {
        let filled = |seed: &str| [seed.as_bytes(), &[0; 6]].concat();
        from_field(plain, filled, |key, text| Cipher::aes(key).ecb(text))
    }),
    way(KeyDerived, "triple DES, MD5 of a field", |plain| {
        let made = |seed: &str| hex(&md5(seed)).into_bytes()[..24].to_vec();
        from_field(plain, made, |key, text| Cipher::triple_des(key).ecb(text))
    }),
    way(KeyDerived, "AES-128, MD5 of two fields", |plain| {
        let (first, second) = (plain.word(10), plain.word(6));
        let key = md5(format!("{first}{second}"));
        Hidden::bytes(Cipher::aes(&key).ecb(&plain.document())).with("nonce", first).with("seed", second)
    }),
    way(KeyDerived, "openssl's password in a field, MD5", |plain| salted(plain, md5)),
    way(KeyDerived, "openssl's password in a field, SHA-256", |plain| salted(plain, sha256)),
    way(KeyDerived, "AES-128, MD5 of the second", |plain| {
        let key = md5(plain.time.to_string());
        Hidden::bytes(Cipher::aes(&key).ecb(&plain.document()))
    }),
    way(KeyDerived, "DES, the day", |plain| {
        Hidden::bytes(Cipher::des(super::DAY.as_bytes()).ecb(&plain.document()))
    }),
    way(KeyDerived, "AES-128, everybody's key", |plain| {
        Hidden::bytes(Cipher::aes(b"1234567890123456").ecb(&plain.document()))
    }),
    way(KeyDerived, "RC4, everybody's key", |plain| Hidden::bytes(rc4(b"secret", &plain.document()))),
    way(KeyDerived, "AES-128, MD5 of another value of the phone", |plain| {
        Hidden::bytes(Cipher::aes(&md5(super::OTHER)).cbc(&[0; 16], &plain.document()))
    }),
];

/// With a key of letters and digits that is sent along.
fn letters(plain: &mut Plain<'_>, size: usize, encrypt: fn(&[u8], &[u8]) -> Vec<u8>) -> Hidden {
    let key = plain.word(size);
    Hidden::bytes(encrypt(key.as_bytes(), &plain.document())).with("key", key)
}

/// With a key of bytes that is sent along in a writing.
fn bytes(
    plain: &mut Plain<'_>,
    (size, write): (usize, fn(&[u8]) -> String),
    encrypt: fn(&[u8], &[u8]) -> Vec<u8>,
) -> Hidden {
    let key = plain.dice.bytes(size);
    Hidden::bytes(encrypt(&key, &plain.document())).with("key", write(&key))
}

/// With a key that is made of ten letters which are sent along.
fn from_field(
    plain: &mut Plain<'_>,
    made: fn(&str) -> Vec<u8>,
    encrypt: fn(&[u8], &[u8]) -> Vec<u8>,
) -> Hidden {
    let seed = plain.word(10);
    Hidden::bytes(encrypt(&made(&seed), &plain.document())).with("nonce", seed)
}

/// As `openssl enc -aes-256-cbc` and CryptoJS do: key and vector from rounds of a digest over password and salt.
fn salted(plain: &mut Plain<'_>, digest: fn(Vec<u8>) -> Vec<u8>) -> Hidden {
    let (password, salt) = (plain.word(10), plain.dice.bytes(8));
    let mut made = Vec::new();
    let mut last: Vec<u8> = Vec::new();
    while made.len() < 48 {
        last = digest([&last, password.as_bytes(), &salt].concat());
        made.extend_from_slice(&last);
    }
    let text = Cipher::aes(&made[..32]).cbc(&made[32..48], &plain.document());
    Hidden::bytes([b"Salted__", salt.as_slice(), &text].concat()).with("nonce", password)
}
