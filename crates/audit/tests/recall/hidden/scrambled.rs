//! Scrambles: what looks random to an eye and is undone without a secret.

use super::ways::{Class::Scrambled, Hidden, Plain, Way, way};
use crate::codes::{base64, gzip, hex};

pub(super) const WAYS: &[Way] = &[
    way(Scrambled, "XOR with a byte", |plain| {
        let key = plain.byte();
        Hidden::bytes(xor(&plain.document(), &[key]))
    }),
    way(Scrambled, "XOR with a byte, bare", |plain| {
        let key = plain.byte();
        Hidden::bytes(xor(plain.text.as_bytes(), &[key]))
    }),
    way(Scrambled, "XOR with 4 bytes", |plain| {
        let key = plain.dice.bytes(4);
        Hidden::bytes(xor(&plain.document(), &key))
    }),
    way(Scrambled, "XOR with 8 letters", |plain| {
        let key = plain.word(8);
        Hidden::bytes(xor(&plain.document(), key.as_bytes()))
    }),
    way(Scrambled, "XOR, key sent along", |plain| {
        let key = plain.word(12);
        Hidden::bytes(xor(&plain.document(), key.as_bytes())).with("key", key)
    }),
    way(Scrambled, "XOR, key sent along in hex", |plain| {
        let key = plain.dice.bytes(16);
        Hidden::bytes(xor(&plain.document(), &key)).with("key", hex(&key))
    }),
    way(Scrambled, "XOR, key sent along, bare", |plain| {
        let key = plain.dice.bytes(8);
        Hidden::bytes(xor(plain.text.as_bytes(), &key)).with("key", hex(&key))
    }),
    way(Scrambled, "XOR with another value of the phone", |plain| {
        Hidden::bytes(xor(&plain.document(), super::OTHER.as_bytes()))
    }),
    way(Scrambled, "gzip and XOR, key sent along", |plain| {
        let key = plain.word(12);
        Hidden::bytes(xor(&gzip(&plain.document()), key.as_bytes())).with("key", key)
    }),
    way(Scrambled, "added to each byte", |plain| {
        let key = plain.byte();
        Hidden::bytes(each(&plain.document(), |byte| byte.wrapping_add(key)))
    }),
    way(Scrambled, "added to each byte, bare", |plain| {
        let key = plain.byte();
        Hidden::bytes(each(plain.text.as_bytes(), |byte| byte.wrapping_add(key)))
    }),
    way(Scrambled, "reversed", |plain| Hidden::bytes(plain.document().into_iter().rev().collect())),
    way(Scrambled, "reversed, as text, bare", |plain| {
        Hidden::text(plain.text.chars().rev().collect::<String>())
    }),
    way(Scrambled, "base64, reversed", |plain| {
        Hidden::text(base64(&plain.document()).chars().rev().collect::<String>())
    }),
    way(Scrambled, "hex, reversed, bare", |plain| {
        Hidden::text(hex(plain.text.as_bytes()).chars().rev().collect::<String>())
    }),
    way(Scrambled, "halves of bytes swapped", |plain| {
        Hidden::bytes(each(&plain.document(), |byte| byte.rotate_left(4)))
    }),
    way(Scrambled, "halves of bytes swapped, bare", |plain| {
        Hidden::bytes(each(plain.text.as_bytes(), |byte| byte.rotate_left(4)))
    }),
    way(Scrambled, "bits reversed", |plain| Hidden::bytes(each(&plain.document(), u8::reverse_bits))),
    way(Scrambled, "bits turned by 3", |plain| {
        Hidden::bytes(each(&plain.document(), |byte| byte.rotate_left(3)))
    }),
    way(Scrambled, "digits written as letters, bare", |plain| {
        let letter = |c: char| c.to_digit(10).map_or(c, |digit| char::from(b'a' + digit as u8));
        Hidden::text(plain.text.chars().map(letter).collect::<String>())
    }),
    way(Scrambled, "digits moved by 3, bare", |plain| {
        let moved = |c: char| match c.to_digit(10) {
            Some(digit) => char::from(b'0' + ((digit + 3) % 10) as u8),
            None => c,
        };
        Hidden::text(plain.text.chars().map(moved).collect::<String>())
    }),
    way(Scrambled, "letters moved by 13", |plain| {
        let text: String = plain.document().iter().map(|byte| char::from(rot13(*byte))).collect();
        Hidden::bytes(text.into())
    }),
    way(Scrambled, "base64, small letters first", |plain| {
        let alphabet = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/";
        Hidden::text(in_alphabet(&plain.document(), alphabet))
    }),
    way(Scrambled, "base64, alphabet turned", |plain| {
        let mut alphabet = *STANDARD;
        alphabet.rotate_left(1 + usize::from(plain.byte()) % 62);
        Hidden::text(in_alphabet(&plain.document(), &alphabet))
    }),
    way(Scrambled, "base64, alphabet shuffled", |plain| {
        let mut alphabet = *STANDARD;
        for place in (1..alphabet.len()).rev() {
            alphabet.swap(place, plain.dice.below(place as u64 + 1) as usize);
        }
        // Enough of it for the alphabet to repeat itself under more than one value.
        let document = [plain.document(), plain.document()].concat();
        Hidden::text(in_alphabet(&document, &alphabet))
    }),
];

impl Plain<'_> {
    /// A byte that changes what it is added to or xored with.
    fn byte(&mut self) -> u8 {
        1 + self.dice.below(255) as u8
    }
}

pub(super) fn xor(bytes: &[u8], key: &[u8]) -> Vec<u8> {
    bytes.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key).collect()
}

fn each(bytes: &[u8], map: impl Fn(u8) -> u8) -> Vec<u8> {
    bytes.iter().map(|&byte| map(byte)).collect()
}

fn rot13(byte: u8) -> u8 {
    match byte {
        b'a'..=b'z' => b'a' + (byte - b'a' + 13) % 26,
        b'A'..=b'Z' => b'A' + (byte - b'A' + 13) % 26,
        _ => byte,
    }
}

/// Base64 in an alphabet of somebody's own, without padding.
fn in_alphabet(bytes: &[u8], alphabet: &[u8; 64]) -> String {
    let text = base64(bytes);
    let own = |c: u8| STANDARD.iter().position(|&known| known == c).map(|place| char::from(alphabet[place]));
    text.bytes().filter_map(own).collect()
}

const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
