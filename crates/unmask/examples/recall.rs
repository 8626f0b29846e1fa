//! How much of what was scrambled or weakly encrypted is opened, and how often something is that was not: a table
//! of transforms, over identifiers bare and in a message, with the profile and without it.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "an example that prints a table, and fails by panicking"
)]

mod kit;

use std::collections::BTreeMap;

use aes::cipher::{BlockCipherEncrypt, KeyInit};
use base64_simd::STANDARD;
use evidence::IdentifierKind;
use md5::{Digest, Md5};
use unmask::{Budget, Context, Crib, Cribs, Field, Opened, ciphers, scrambled};

use kit::{Noise, hex};

/// Shares of what was opened, each as found of all.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Row {
    /// The identifier alone, the profile known.
    pub(crate) bare: (u32, u32),
    /// The identifier in JSON, the profile known.
    pub(crate) message: (u32, u32),
    /// The identifier in JSON, nothing known.
    pub(crate) blind: (u32, u32),
}

/// Recall by transform.
pub(crate) fn recall() -> BTreeMap<&'static str, Row> {
    let (cribs, none) = (profile(), Cribs::default());
    let mut rows: BTreeMap<&str, Row> = BTreeMap::new();
    for (name, identifier) in IDENTIFIERS {
        let message = format!(
            "{{\"{name}\":\"{identifier}\",\"model\":\"TA-1046\",\"sdk\":28,\"event\":\"screen_on\",\"time\":1470104373}}"
        );
        for &(transform, make) in TRANSFORMS {
            let row = rows.entry(transform).or_default();
            count(&mut row.bare, identifier, make, &cribs);
            count(&mut row.message, &message, make, &cribs);
            count(&mut row.blind, &message, make, &none);
        }
    }
    rows
}

fn count(counts: &mut (u32, u32), plain: &str, make: fn(&[u8]) -> Vec<u8>, cribs: &Cribs) {
    let opened = open(&make(plain.as_bytes()), cribs, 3 << 20);
    counts.0 += u32::from(opened.iter().any(|opened| opened.plaintext == plain.as_bytes()));
    counts.1 += 1;
}

fn open(value: &[u8], cribs: &Cribs, budget: u64) -> Vec<Opened> {
    let fields = [
        Field { name: "v", bytes: b"3" },
        Field { name: "t", bytes: TIME },
        Field { name: "k", bytes: KEY_TEXT },
    ];
    let context = Context { fields: &fields, ..Context::new(cribs) };
    let mut opened = scrambled::open(value, &context, &mut Budget::new(budget));
    if opened.is_empty() {
        opened = ciphers::open(value, &context, &mut Budget::new(budget));
    }
    opened
}

/// Values that hold nothing to be opened, by class: how many there were, and how many were "opened".
pub(crate) fn false_positives() -> BTreeMap<&'static str, (u32, u32)> {
    let cribs = profile();
    let mut noise = Noise(11);
    let mut rows: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
    let mut check = |class, value: &[u8]| {
        let row = rows.entry(class).or_default();
        row.0 += 1;
        row.1 += u32::from(!open(value, &cribs, 150_000).is_empty());
    };
    for round in 0..16_usize {
        check("noise", &noise.bytes(16 + round * 11));
        check("unreachable key", &noise.bytes(16 * (1 + round)));
        check("hashes of others", hex(&Md5::digest(noise.bytes(8))).as_bytes());
        check("noise in base64", STANDARD.encode_to_string(noise.bytes(30 + round)).as_bytes());
        check(
            "scrambled numbers of others",
            &xor(&noise.digits(15), &[0x40 | u8::try_from(round).unwrap_or(0)]),
        );
        check("small numbers", &noise.bytes(120).iter().map(|byte| byte & 31).collect::<Vec<_>>());
        let wave = (0..120_u32).map(|at| u8::try_from(at * at / 7 % 64).unwrap_or(0));
        check(
            "samples of sound",
            &wave.zip(noise.bytes(120)).map(|(wave, low)| wave + (low & 3)).collect::<Vec<_>>(),
        );
        let head: &[u8] = HEADS.get(round % HEADS.len()).copied().unwrap_or_default();
        check("pictures, films, archives, records", &[head, &noise.bytes(150)].concat());
        let words = noise.digits(12).iter().map(|digit| WORDS[usize::from(digit - b'0')]).collect::<Vec<_>>();
        check("words", words.join(" ").as_bytes());
    }
    rows
}

const IDENTIFIERS: &[(&str, &str)] = &[
    ("imei", "004401512345678"),
    ("imsi", "262019483715260"),
    ("iccid", "8949020000123456789"),
    ("phone", "+4917155501234"),
    ("mac", "d0:37:45:ab:01:9f"),
    ("android_id", "9774a1c36d682e54"),
    ("mail", "erika.mustermann@example.org"),
];

fn profile() -> Cribs {
    let crib = |(name, value): &(&str, &str)| Crib {
        kind: IdentifierKind::ALL
            .iter()
            .copied()
            .find(|kind| kind.id() == *name)
            .unwrap_or(IdentifierKind::Canary),
        label: (*name).to_owned(),
        spellings: vec![value.as_bytes().to_vec()],
    };
    Cribs::new(IDENTIFIERS.iter().map(crib).collect())
}

type Transform = fn(&[u8]) -> Vec<u8>;

const TRANSFORMS: &[(&str, Transform)] = &[
    ("added to each byte", |plain| plain.iter().map(|byte| byte.wrapping_add(77)).collect()),
    ("aes-128-cbc, md5 of a field, base64", |plain| {
        STANDARD.encode_to_string(aes_cbc(plain, &Md5::digest(TIME))).into_bytes()
    }),
    ("aes-128-ecb, a field, hex", |plain| hex(&ecb::<aes::Aes128>(plain, KEY_TEXT)).into_bytes()),
    ("base64, case swapped", |plain| {
        let swap = |byte: u8| if byte.is_ascii_alphabetic() { byte ^ 0x20 } else { byte };
        STANDARD.encode_to_string(plain).bytes().map(swap).collect()
    }),
    ("bits reversed", |plain| plain.iter().map(|byte| byte.reverse_bits()).collect()),
    ("bits turned", |plain| plain.iter().map(|byte| byte.rotate_left(5)).collect()),
    ("des-ecb, the time sent along", |plain| ecb::<des::Des>(plain, &TIME[..8])),
    ("nibbles swapped", |plain| plain.iter().map(|byte| byte.rotate_left(4)).collect()),
    ("reversed", |plain| plain.iter().rev().copied().collect()),
    ("xor, 4 bytes", |plain| xor(plain, b"\x6b\x33\xd9\x21")),
    ("xor, 9 bytes", |plain| xor(plain, b"secretkey")),
    ("xor, a key sent along", |plain| xor(plain, KEY_TEXT)),
    ("xor, one byte", |plain| xor(plain, &[0xa5])),
];

fn xor(plain: &[u8], key: &[u8]) -> Vec<u8> {
    plain.iter().zip(key.iter().cycle()).map(|(a, b)| a ^ b).collect()
}

fn padded(plain: &[u8], block: usize) -> Vec<u8> {
    let fill = block - plain.len() % block;
    [plain, &vec![u8::try_from(fill).unwrap_or(0); fill]].concat()
}

fn ecb<C: KeyInit + BlockCipherEncrypt>(plain: &[u8], key: &[u8]) -> Vec<u8> {
    let cipher = C::new_from_slice(key).expect("a key that fits");
    let mut text = padded(plain, C::block_size());
    for block in text.chunks_exact_mut(C::block_size()) {
        cipher.encrypt_block(block.try_into().expect("a whole block"));
    }
    text
}

fn aes_cbc(plain: &[u8], key: &[u8]) -> Vec<u8> {
    let cipher = aes::Aes128::new_from_slice(key).expect("a key that fits");
    let mut last = vec![0; 16];
    for block in padded(plain, 16).chunks_exact(16) {
        let from = last.len() - 16;
        let mut mixed = xor(block, &last[from..]);
        cipher.encrypt_block(mixed.as_mut_slice().try_into().expect("a whole block"));
        last.extend(mixed);
    }
    last.split_off(16)
}

const TIME: &[u8] = b"1470104373232";
const KEY_TEXT: &[u8] = b"Qx7rTz19LmPw42sV";
const WORDS: [&str; 10] =
    ["amber", "bicycle", "cloud", "drift", "ember", "flute", "garden", "harbour", "island", "juniper"];
const HEADS: &[&[u8]] = &[
    b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0",
    b"\0\0\0\x20ftypisom\0\0\x02\0isomiso2avc1mp41",
    b"\x1f\x8b\x08\0\0\0\0\0\0\x03",
    b"\x17\x03\x03\0\x96",
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x02\0\0\0\x01\0",
];

#[allow(dead_code, reason = "the test that holds these numbers includes this file")]
fn main() {
    print!("{}", table());
}

/// The tables of the documentation, in Markdown.
pub(crate) fn table() -> String {
    let mut text = "| transform | bare | in JSON | in JSON, no profile |\n|---|---|---|---|\n".to_owned();
    let share = |(found, all): (u32, u32)| format!("{found}/{all}");
    for (transform, row) in recall() {
        let cells = [share(row.bare), share(row.message), share(row.blind)].join(" | ");
        text.push_str(&format!("| {transform} | {cells} |\n"));
    }
    text.push_str("\n| near miss | values | opened |\n|---|---|---|\n");
    for (class, (values, opened)) in false_positives() {
        text.push_str(&format!("| {class} | {values} | {opened} |\n"));
    }
    text
}
