//! Digests: plain, salted, keyed, of digests, cut and written in many ways. HMAC is written here anew (RFC 2104).

use md5::Digest as _;

use super::ways::{
    Class::{Digest, Keyed, Nested, Salted},
    Hidden, Plain, Way, way,
};
use crate::codes::{base64, base64url, hex};

pub(super) const WAYS: &[Way] = &[
    way(Digest, "MD5, hex", |plain| Hidden::text(hex(&md5(plain.text)))),
    way(Digest, "MD5, upper hex", |plain| Hidden::text(hex(&md5(plain.text)).to_uppercase())),
    way(Digest, "MD5, base64", |plain| Hidden::text(base64(&md5(plain.text)))),
    way(Digest, "MD5 of capitals", |plain| Hidden::text(hex(&md5(plain.text.to_uppercase())))),
    way(Digest, "MD5, middle 16 digits", |plain| Hidden::text(hex(&md5(plain.text)[4..12]))),
    way(Digest, "MD5 as a UUID", |plain| Hidden::text(uuid(&md5(plain.text)))),
    way(Digest, "MD5 as a UUID of version 3", |plain| {
        let mut digest = md5(plain.text);
        digest[6] = digest[6] & 0x0f | 0x30;
        digest[8] = digest[8] & 0x3f | 0x80;
        Hidden::text(uuid(&digest))
    }),
    way(Digest, "SHA-1, hex", |plain| Hidden::text(hex(&sha1(plain.text)))),
    way(Digest, "SHA-1, base64", |plain| Hidden::text(base64(&sha1(plain.text)))),
    way(Digest, "SHA-1, 16 digits", |plain| Hidden::text(hex(&sha1(plain.text)[..8]))),
    way(Digest, "SHA-256, hex", |plain| Hidden::text(hex(&sha256(plain.text)))),
    way(Digest, "SHA-256, base64url", |plain| Hidden::text(base64url(&sha256(plain.text)))),
    way(Digest, "SHA-256, 32 digits", |plain| Hidden::text(hex(&sha256(plain.text)[..16]))),
    way(Digest, "SHA-256, last 16 digits", |plain| Hidden::text(hex(&sha256(plain.text)[24..]))),
    way(Digest, "SHA-512, hex", |plain| Hidden::text(hex(&sha512(plain.text)))),
    way(Digest, "SHA-512, base64", |plain| Hidden::text(base64(&sha512(plain.text)))),
    way(Digest, "SHA-512, 32 digits", |plain| Hidden::text(hex(&sha512(plain.text)[..16]))),
    way(Salted, "MD5, salt before", |plain| salted(plain, |salt, text| hex(&md5(format!("{salt}{text}"))))),
    way(Salted, "MD5, salt after", |plain| salted(plain, |salt, text| hex(&md5(format!("{text}{salt}"))))),
    way(Salted, "MD5, salt before, base64", |plain| {
        salted(plain, |salt, text| base64(&md5(format!("{salt}{text}"))))
    }),
    way(Salted, "SHA-1, salt before", |plain| {
        salted(plain, |salt, text| hex(&sha1(format!("{salt}{text}"))))
    }),
    way(Salted, "SHA-256, salt after a colon", |plain| {
        salted(plain, |salt, text| hex(&sha256(format!("{text}:{salt}"))))
    }),
    way(Salted, "SHA-256, salt before a bar, upper", |plain| {
        salted(plain, |salt, text| hex(&sha256(format!("{salt}|{text}"))).to_uppercase())
    }),
    way(Salted, "SHA-256, salt around", |plain| {
        salted(plain, |salt, text| hex(&sha256(format!("{salt}{text}{salt}"))))
    }),
    way(Salted, "SHA-256, salt before, 16 digits", |plain| {
        salted(plain, |salt, text| hex(&sha256(format!("{salt}{text}"))[..8]))
    }),
    way(Salted, "SHA-512, salt before", |plain| {
        salted(plain, |salt, text| hex(&sha512(format!("{salt}{text}"))))
    }),
    way(Salted, "SHA-256, salt as bytes, sent in hex", |plain| {
        let salt = plain.dice.bytes(8);
        let message = [&salt, plain.text.as_bytes()].concat();
        Hidden::text(hex(&sha256(message))).with("nonce", hex(&salt))
    }),
    way(Salted, "MD5, package name after", |plain| {
        Hidden::text(hex(&md5(format!("{}{PACKAGE}", plain.text)))).with("pkg", PACKAGE)
    }),
    way(Salted, "SHA-256, common salt before", |plain| {
        Hidden::text(hex(&sha256(format!("salt{}", plain.text))))
    }),
    way(Salted, "MD5, common salt after", |plain| Hidden::text(hex(&md5(format!("{}123456", plain.text))))),
    way(Salted, "SHA-256, time after", |plain| {
        Hidden::text(hex(&sha256(format!("{}{}", plain.text, plain.time))))
    }),
    way(Salted, "MD5, day before", |plain| Hidden::text(hex(&md5(format!("{}{}", super::DAY, plain.text))))),
    way(Salted, "MD5, two salts sent along", |plain| {
        let (first, second) = (plain.word(8), plain.word(6));
        let digest = md5(format!("{first}{}{second}", plain.text));
        Hidden::text(hex(&digest)).with("nonce", first).with("seed", second)
    }),
    way(Salted, "MD5, with another value of the phone", |plain| {
        Hidden::text(hex(&md5(format!("{}{}", plain.text, super::OTHER))))
    }),
    way(Keyed, "HMAC-MD5", |plain| keyed(plain, |key, text| hex(&hmac(md5, 64, key, text)))),
    way(Keyed, "HMAC-SHA-1", |plain| keyed(plain, |key, text| hex(&hmac(sha1, 64, key, text)))),
    way(Keyed, "HMAC-SHA-256", |plain| keyed(plain, |key, text| hex(&hmac(sha256, 64, key, text)))),
    way(Keyed, "HMAC-SHA-256, base64", |plain| {
        keyed(plain, |key, text| base64(&hmac(sha256, 64, key, text)))
    }),
    way(Keyed, "HMAC-SHA-512", |plain| keyed(plain, |key, text| hex(&hmac(sha512, 128, key, text)))),
    way(Keyed, "HMAC-SHA-256, the value as key", |plain| {
        keyed(plain, |nonce, text| hex(&hmac(sha256, 64, text, nonce)))
    }),
    way(Keyed, "HMAC-SHA-256, key in hex", |plain| {
        let key = plain.dice.bytes(16);
        Hidden::text(hex(&hmac(sha256, 64, &key, plain.text.as_bytes()))).with("key", hex(&key))
    }),
    way(Keyed, "HMAC-SHA-256, key in base64", |plain| {
        let key = plain.dice.bytes(32);
        Hidden::text(hex(&hmac(sha256, 64, &key, plain.text.as_bytes()))).with("key", base64(&key))
    }),
    way(Keyed, "HMAC-SHA-1, common key", |plain| {
        Hidden::text(hex(&hmac(sha1, 64, b"secret", plain.text.as_bytes())))
    }),
    way(Nested, "MD5 of MD5's hex", |plain| Hidden::text(hex(&md5(hex(&md5(plain.text)))))),
    way(Nested, "MD5 of MD5's capitals", |plain| {
        Hidden::text(hex(&md5(hex(&md5(plain.text)).to_uppercase())))
    }),
    way(Nested, "SHA-256 of MD5's hex", |plain| Hidden::text(hex(&sha256(hex(&md5(plain.text)))))),
    way(Nested, "SHA-1 of SHA-1's bytes", |plain| Hidden::text(hex(&sha1(sha1(plain.text))))),
    way(Nested, "MD5 of MD5's hex and a salt", |plain| {
        salted(plain, |salt, text| hex(&md5(format!("{}{salt}", hex(&md5(text))))))
    }),
    way(Nested, "SHA-256 of a salt and MD5's hex", |plain| {
        salted(plain, |salt, text| hex(&sha256(format!("{salt}{}", hex(&md5(text))))))
    }),
    way(Nested, "MD5 thrice", |plain| Hidden::text(hex(&md5(hex(&md5(hex(&md5(plain.text)))))))),
];

fn salted(plain: &mut Plain<'_>, digest: fn(&str, &str) -> String) -> Hidden {
    let salt = plain.word(8);
    Hidden::text(digest(&salt, plain.text)).with("nonce", salt)
}

fn keyed(plain: &mut Plain<'_>, digest: fn(&[u8], &[u8]) -> String) -> Hidden {
    let key = plain.word(16);
    Hidden::text(digest(key.as_bytes(), plain.text.as_bytes())).with("key", key)
}

pub(crate) fn md5(message: impl AsRef<[u8]>) -> Vec<u8> {
    md5::Md5::digest(message).to_vec()
}

pub(crate) fn sha1(message: impl AsRef<[u8]>) -> Vec<u8> {
    sha1::Sha1::digest(message).to_vec()
}

pub(crate) fn sha256(message: impl AsRef<[u8]>) -> Vec<u8> {
    sha2::Sha256::digest(message).to_vec()
}

fn sha512(message: impl AsRef<[u8]>) -> Vec<u8> {
    sha2::Sha512::digest(message).to_vec()
}

/// HMAC over a digest whose blocks are so long; keys are shorter than a block.
pub(crate) fn hmac(digest: fn(Vec<u8>) -> Vec<u8>, block: usize, key: &[u8], message: &[u8]) -> Vec<u8> {
    let padded = |with: u8| -> Vec<u8> {
        (0..block).map(|place| key.get(place).copied().unwrap_or(0) ^ with).collect()
    };
    let inner = digest([&padded(0x36), message].concat());
    digest([padded(0x5c), inner].concat())
}

pub(crate) fn uuid(bytes: &[u8]) -> String {
    let digits = hex(bytes);
    [0..8, 8..12, 12..16, 16..20, 20..32].map(|part| &digits[part]).join("-")
}

/// The package name that an app sends along.
const PACKAGE: &str = "org.example.wetter";
