//! What a template does to a value: `${event.word|percent}`, and the `encode` lists of parts and bodies.
//!
//! A filter's argument stands behind a colon. Where it names a key, it is that of a part: `xor:key` takes
//! `${part.key}`.

use std::{fmt::Write as _, io::Write as _};

use base64_simd::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use des::cipher::{Block, BlockCipherEncrypt, KeyInit};
use flate2::{
    Compression,
    write::{DeflateEncoder, GzEncoder, ZlibEncoder},
};
use md5::Digest;
use rsa::{BoxedUint, traits::PublicKeyParts};
use testkit::Dice;

/// What a filter may use beside the value.
pub(crate) struct Means<'a> {
    /// For padding.
    pub(crate) dice: &'a mut Dice,
    /// The part of a name.
    pub(crate) part: &'a dyn Fn(&str) -> Option<Vec<u8>>,
}

/// A filter: the value, the argument, the means.
type Filter = fn(Vec<u8>, &str, &mut Means<'_>) -> Option<Vec<u8>>;

/// The filters, by name, with what they do.
pub const FILTERS: &[(&str, &str)] = &[
    ("base64", "base64 with padding (RFC 4648)"),
    ("base64-nopad", "base64 without"),
    ("base64url", "base64 for URLs, with padding"),
    ("base64url-nopad", "base64 for URLs, without"),
    ("bytes", "from hex digits to bytes"),
    ("crc32", "CRC-32 in hex"),
    ("deflate", "raw deflate"),
    ("des-ecb", "DES in ECB mode, PKCS #7 padding, the key in a part: `des-ecb:key`"),
    ("digits", "only the digits"),
    ("first", "the first bytes: `first:8`"),
    ("form", "as a form writes it: blanks are `+`"),
    ("gzip", "gzip"),
    ("hex", "bytes in hex"),
    ("hex-number", "a decimal number in hex"),
    ("international", "a number as `00…`"),
    ("java-hash", "Java's `String.hashCode`"),
    ("json", "escaped for a JSON string"),
    ("lower", "in small letters"),
    ("md5", "MD5 in hex"),
    ("national", "a number as it is dialled at home: `national:49`"),
    ("percent", "percent-encoded (RFC 3986)"),
    ("plain-mac", "without colons"),
    ("proto", "a length-delimited protobuf field: `proto:3`"),
    ("reverse", "backwards"),
    ("rsa", "RSA, 1,024 bits, PKCS #1 v1.5 with random padding"),
    ("sha1", "SHA-1 in hex"),
    ("sha256", "SHA-256 in hex"),
    ("sha256-128", "the first 128 bits of SHA-256, as bytes"),
    ("spaced", "a number in groups of four digits: `+658 5550 183`"),
    ("subscriber", "a number without its country's code: `subscriber:65`"),
    ("upper", "in capitals"),
    ("varint", "a decimal number as a protobuf field: `varint:2`"),
    ("xor", "XOR with a part, again and again: `xor:key`"),
    ("zip", "an archive with this one file: `zip:data.json`"),
    ("zlib", "zlib"),
];

/// Puts `value` through the filter `name[:argument]`; none where there is no such filter or the value is not
/// for it.
pub(crate) fn apply(filter: &str, value: Vec<u8>, means: &mut Means<'_>) -> Option<Vec<u8>> {
    let (name, argument) = filter.trim().split_once(':').unwrap_or((filter.trim(), ""));
    of(name)?(value, argument, means)
}

fn of(name: &str) -> Option<Filter> {
    Some(match name {
        "base64" => |value, _, _| Some(STANDARD.encode_to_string(value).into_bytes()),
        "base64-nopad" => |value, _, _| Some(STANDARD_NO_PAD.encode_to_string(value).into_bytes()),
        "base64url" => |value, _, _| Some(URL_SAFE.encode_to_string(value).into_bytes()),
        "base64url-nopad" => |value, _, _| Some(URL_SAFE_NO_PAD.encode_to_string(value).into_bytes()),
        "bytes" => |value, _, _| bytes(&value),
        "crc32" => |value, _, _| Some(format!("{:08x}", crc32fast::hash(&value)).into_bytes()),
        "deflate" => |value, _, _| {
            let mut packer = DeflateEncoder::new(Vec::new(), Compression::default());
            packer.write_all(&value).ok()?;
            packer.finish().ok()
        },
        "des-ecb" => |value, key, means| des_ecb(&value, &(means.part)(key)?),
        "digits" => |value, _, _| Some(value.into_iter().filter(u8::is_ascii_digit).collect()),
        "first" => |value, count, _| Some(value.into_iter().take(count.parse().ok()?).collect()),
        "form" => |value, _, _| Some(percent(&value, b"*-._ ").replace(' ', "+").into_bytes()),
        "gzip" => |value, _, _| {
            let mut packer = GzEncoder::new(Vec::new(), Compression::default());
            packer.write_all(&value).ok()?;
            packer.finish().ok()
        },
        "hex" => |value, _, _| Some(hex(&value).into_bytes()),
        "hex-number" => |value, _, _| Some(format!("{:x}", number(&value)?).into_bytes()),
        "international" => |value, _, _| Some(text(value).replacen('+', "00", 1).into_bytes()),
        "java-hash" => |value, _, _| Some(java_hash(&text(value)).to_string().into_bytes()),
        "json" => |value, _, _| Some(json(&text(value)).into_bytes()),
        "lower" => |value, _, _| Some(value.to_ascii_lowercase()),
        "md5" => |value, _, _| Some(hex(&md5::Md5::digest(value)).into_bytes()),
        "national" => |value, code, _| {
            let value = text(value);
            let home = value.strip_prefix('+').and_then(|rest| rest.strip_prefix(code));
            Some(home.map_or(value.clone(), |rest| format!("0{rest}")).into_bytes())
        },
        "percent" => |value, _, _| Some(percent(&value, b"-._~").into_bytes()),
        "plain-mac" => |value, _, _| Some(value.into_iter().filter(|byte| *byte != b':').collect()),
        "proto" => |value, field, _| {
            let mut out = varint(field.parse::<u64>().ok()?.checked_mul(8)?.checked_add(2)?);
            out.extend(varint(u64::try_from(value.len()).ok()?));
            out.extend(value);
            Some(out)
        },
        "reverse" => |value, _, _| Some(value.into_iter().rev().collect()),
        "rsa" => |value, _, means| rsa_encrypted(&value, means.dice),
        "sha1" => |value, _, _| Some(hex(&sha1::Sha1::digest(value)).into_bytes()),
        "sha256" => |value, _, _| Some(hex(&sha2::Sha256::digest(value)).into_bytes()),
        "sha256-128" => |value, _, _| Some(sha2::Sha256::digest(value).iter().take(16).copied().collect()),
        "spaced" => |value, _, _| Some(value.chunks(4).collect::<Vec<_>>().join(&b' ')),
        "subscriber" => |value, code, _| {
            let value = text(value);
            let home = value.strip_prefix('+').and_then(|rest| rest.strip_prefix(code));
            Some(home.map(str::to_owned).unwrap_or(value).into_bytes())
        },
        "upper" => |value, _, _| Some(value.to_ascii_uppercase()),
        "varint" => |value, field, _| {
            let mut out = varint(field.parse::<u64>().ok()?.checked_mul(8)?);
            out.extend(varint(number(&value)?));
            Some(out)
        },
        "xor" => |value, key, means| {
            let key = Some((means.part)(key)?).filter(|key| !key.is_empty())?;
            Some(value.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key).collect())
        },
        "zip" => |value, name, _| {
            let mut packer = DeflateEncoder::new(Vec::new(), Compression::default());
            packer.write_all(&value).ok()?;
            let packed = packer.finish().ok()?;
            Some(testkit::apk::zip(&[testkit::apk::Member::packed(name, 8, &value, packed)]))
        },
        "zlib" => |value, _, _| {
            let mut packer = ZlibEncoder::new(Vec::new(), Compression::default());
            packer.write_all(&value).ok()?;
            packer.finish().ok()
        },
        _ => return None,
    })
}

fn text(value: Vec<u8>) -> String {
    String::from_utf8_lossy(&value).into_owned()
}

fn number(value: &[u8]) -> Option<u64> {
    std::str::from_utf8(value).ok()?.parse().ok()
}

/// Bytes in hex, in small letters.
pub(crate) fn hex(value: &[u8]) -> String {
    value.iter().fold(String::new(), |mut out, byte| {
        // Writing to a string cannot fail.
        let _ = write!(out, "{byte:02x}");
        out
    })
}

fn bytes(value: &[u8]) -> Option<Vec<u8>> {
    let digits = std::str::from_utf8(value).ok()?;
    digits
        .as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}

fn percent(value: &[u8], unreserved: &[u8]) -> String {
    value.iter().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || unreserved.contains(byte) {
            out.push(char::from(*byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

fn json(value: &str) -> String {
    value.chars().fold(String::new(), |mut out, c| {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c < ' ' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
        out
    })
}

/// Java's hash of a string: over its UTF-16 units, with overflow.
fn java_hash(value: &str) -> i32 {
    value.encode_utf16().fold(0, |hash: i32, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)))
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while value > 0x7f {
        out.push(u8::try_from(value & 0x7f).unwrap_or(0) | 0x80);
        value >>= 7;
    }
    out.push(u8::try_from(value).unwrap_or(0));
    out
}

fn des_ecb(value: &[u8], key: &[u8]) -> Option<Vec<u8>> {
    let cipher = des::Des::new_from_slice(key.get(..8)?).ok()?;
    let missing = 8usize.saturating_sub(value.len() % 8);
    let mut padded = value.to_vec();
    padded.resize(value.len().checked_add(missing)?, u8::try_from(missing).ok()?);
    for chunk in padded.chunks_exact_mut(8) {
        let mut block = Block::<des::Des>::try_from(&*chunk).ok()?;
        cipher.encrypt_block(&mut block);
        chunk.copy_from_slice(&block);
    }
    Some(padded)
}

/// EME-PKCS1-v1_5 (RFC 8017 section 7.2.1) with the padding from the seed.
fn rsa_encrypted(value: &[u8], dice: &mut Dice) -> Option<Vec<u8>> {
    let modulus = bytes(MODULUS.as_bytes())?;
    let padding = modulus.len().checked_sub(value.len().checked_add(3)?).filter(|length| *length >= 8)?;
    let mut message = vec![0, 2];
    // A zero would end the padding.
    message.extend(dice.bytes(padding).into_iter().map(|byte| byte.max(1)));
    message.push(0);
    message.extend(value);
    let key = rsa::PublicKey::new_unchecked(
        BoxedUint::from_be_slice_vartime(&modulus),
        BoxedUint::from_be_slice_vartime(&[1, 0, 1]),
    );
    let message = BoxedUint::from_be_slice(&message, key.n_bits_precision()).ok()?;
    let encrypted = rsa::hazmat::rsa_encrypt(&key, &message).ok()?.to_be_bytes_trimmed_vartime();
    let mut out = vec![0; modulus.len().checked_sub(encrypted.len())?];
    out.extend(encrypted);
    Some(out)
}

/// A key of our own; its private half was never kept.
const MODULUS: &str = "cdac1b796114c75df0e224ce208ccf187ef1be131aad3075e8f790d9d3ffd2578608fb7b53af5d4304c6f19d38543c5b\
                       75205a22f0abbb69d21b732190c145c2c14ab2e86a6fcbd1215600b497b8cf3803bbe905fa6b5e9db6173dd2fa588c2f\
                       83dfc15555bc745169397b52110f301d90a8d9f2a3784c4fd3461d2cfd9d5ed5";

#[cfg(test)]
mod tests {
    use testkit::Dice;

    use super::{FILTERS, Means, apply, hex, of};

    fn filtered(filter: &str, value: &[u8]) -> Option<Vec<u8>> {
        let mut dice = Dice::new(1);
        let part = |name: &str| (name == "key").then(|| b"20240115".to_vec());
        apply(filter, value.to_vec(), &mut Means { dice: &mut dice, part: &part })
    }

    #[test]
    fn known_answers() {
        let rows: &[(&str, &[u8], &[u8])] = &[
            ("base64", b"{\"REGVER\"", b"eyJSRUdWRVIi"),
            ("base64url-nopad", b"\xfb\xff", b"-_8"),
            ("first:3", b"abcdef", b"abc"),
            ("form", "ä b".as_bytes(), b"%C3%A4+b"),
            ("hex-number", b"27447297", b"1a2d001"),
            ("international", b"+491555", b"00491555"),
            ("java-hash", b"hello", b"99162322"),
            ("json", b"a\"b", b"a\\\"b"),
            ("national:49", b"+491555", b"01555"),
            ("percent", b"+49 1", b"%2B49%201"),
            ("proto:1", b"ab", b"\x0a\x02ab"),
            ("varint:2", b"300", b"\x10\xac\x02"),
            ("xor:key", b"2", b"\0"),
        ];
        for (filter, value, expected) in rows {
            assert_eq!(filtered(filter, value).as_deref(), Some(*expected), "{filter}");
        }
        assert_eq!(filtered("no-such", b""), None);
    }

    #[test]
    fn every_filter_of_the_table_is_there() {
        for (name, _) in FILTERS {
            assert!(of(name).is_some(), "{name}");
        }
        assert!(FILTERS.is_sorted());
    }

    #[test]
    fn ciphers() {
        let sealed = filtered("rsa", b"TN:IMEI1").unwrap();
        assert_eq!(sealed.len(), 128);
        assert_eq!(filtered("rsa", b"TN:IMEI1"), Some(sealed));
        // Made with: printf hello | openssl enc -des-ecb -K 3230323430313135
        assert_eq!(filtered("des-ecb:key", b"hello").map(|it| hex(&it)).as_deref(), Some("fbe460ef0933642e"));
    }
}
