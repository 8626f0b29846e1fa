//! Every cipher and every way from a secret to its key, against values that another implementation made (Python's
//! `cryptography` 48, which calls OpenSSL, and its `hmac`).

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop where it is wrong")]

use evidence::{Cipher, Decryption, HexBytes, KeyBlock, Schedule, ScheduleHash};
use wire::keys::decrypt;

const PLAIN: &[u8] = b"the quick brown fox jumps over the lazy dog, twice";

/// Cipher, hash of the key schedule, length of the MAC's key, nonce, what was sealed. The master secret is 100,
/// 101 …; the client's random 0, 1 …, the server's 32, 33 …; the server sent it.
const ROWS: &[(Cipher, ScheduleHash, u8, &str, &str)] = &[
    (
        Cipher::Aes128Gcm,
        ScheduleHash::Sha256,
        0,
        "5147db460102030405060708",
        "0f1a3862657f2368d1ada8a202416e6ae21d8faa2e93bb9f13f8913fe1d08f2ac253bc52e09d73a34a559313545273a23c4f83cd48cfe8451c2ee49136fd77ee5166",
    ),
    (
        Cipher::Aes256Gcm,
        ScheduleHash::Sha384,
        0,
        "c9ad2fbb0102030405060708",
        "b508764988ba129bf90ca56437c9dcdc27a9ced18007731a24eef96ad564d59d9f45a900c32cef6c05a4cde74fb80328a6b98483605649cd02962e6415e39c44ad53",
    ),
    (
        Cipher::Aes128Ccm,
        ScheduleHash::Sha256,
        0,
        "5147db460102030405060708",
        "f62018ea7ec1a21c69f458546c39a8588ccf2d78294583594421c388e093a228af48e30d156f55c419ac109b3cb0e386b86d3aba83536426b241209103647c90f70c",
    ),
    (
        Cipher::Aes128Ccm8,
        ScheduleHash::Sha256,
        0,
        "5147db460102030405060708",
        "f62018ea7ec1a21c69f458546c39a8588ccf2d78294583594421c388e093a228af48e30d156f55c419ac109b3cb0e386b86daae16011e4f36d38",
    ),
    (
        Cipher::Aes256Ccm,
        ScheduleHash::Sha256,
        0,
        "863a38f10102030405060708",
        "fc5a1e11b4af7417f9c5e24d6f6cb94a1de02e60da12ce4cef42921acedfff18f717f5c0e6dceb5bc0e26f402b789c25bbe5f14a949cd445d35def6703c6f693df22",
    ),
    (
        Cipher::Aes256Ccm8,
        ScheduleHash::Sha256,
        0,
        "863a38f10102030405060708",
        "fc5a1e11b4af7417f9c5e24d6f6cb94a1de02e60da12ce4cef42921acedfff18f717f5c0e6dceb5bc0e26f402b789c25bbe5978b732654f4420b",
    ),
    (
        Cipher::ChaCha20Poly1305,
        ScheduleHash::Sha256,
        0,
        "c9c7595e2b8e391898619d75",
        "476da1caac49d071595993f6f216334f5b2916327ba5b7bb1cc49554a268b0430340d8fcb16fb351febe021bbd305dee7296822d157cb8594602af2cd7400f8b28fc",
    ),
    (
        Cipher::Aes128Cbc,
        ScheduleHash::Sha256,
        32,
        "000102030405060708090a0b0c0d0e0f",
        "35efa6c2a7b736fbdd32a429308f60b5d076ab5bcce49eff571eadf47f2062190476ca7d443e4ecaf07375aa01df1e34b8214a4303db8a7103d3db8ad043f003",
    ),
    (
        Cipher::Aes256Cbc,
        ScheduleHash::Sha384,
        48,
        "000102030405060708090a0b0c0d0e0f",
        "8acd41c1a36b30d0fcad028a561f4f8aed772f890742c7a9b351276b2de60fcf0ced6050af04df3fea0fca00c0915840e87a65b54a4a6596013d775b7adc2407",
    ),
    (
        Cipher::Aes128Cbc,
        ScheduleHash::Md5Sha1,
        20,
        "000102030405060708090a0b0c0d0e0f",
        "fb188b24544519e47ea98c36de40480dff8b1e9a5bfd0a1dc3fb069f172acb6db860f938f6ecd3a03a7df4e21cd8b427335a09d9b83f4d175635fe592f8105e9",
    ),
    (
        Cipher::Aes256Cbc,
        ScheduleHash::Ssl3,
        20,
        "000102030405060708090a0b0c0d0e0f",
        "f70f6beae6fcc54c973178e713da93f0a722f667d571cd5e2a77ff58aac0878068818cf85064c791cca68df55b6463c296bee28f0bc234ea3ba23d6573e0b364",
    ),
    (
        Cipher::Camellia128Cbc,
        ScheduleHash::Sha256,
        32,
        "000102030405060708090a0b0c0d0e0f",
        "e9b6c29998b1f37d1de2ebc311b4655fcc51c7b50cf7c2f740fa1ed32f73c15a16c3f001957285995916d2dd102041f3a5839440f2fe5455dc6dd3d4a2c78f6a",
    ),
    (
        Cipher::Camellia256Cbc,
        ScheduleHash::Md5Sha1,
        20,
        "000102030405060708090a0b0c0d0e0f",
        "97f8090c95f0652770a4ab558efe52d9391a36d01d5650fdb034d413d0d85fcaa200df813db2aa19e843d853e4217e16757d473cff7a707084e31a6a678b38e3",
    ),
    (
        Cipher::TripleDesCbc,
        ScheduleHash::Md5Sha1,
        20,
        "0001020304050607",
        "099484b19500bcc38ed7706b8cd4785e497d82c1f8833493feb3f0ac3f50c1c176bf1895d6a7c858f80bfd1dbb8eab2982d6418b26241744",
    ),
    (
        Cipher::DesCbc,
        ScheduleHash::Md5Sha1,
        20,
        "0001020304050607",
        "fbcb55e1ddce4649beded8c6722842c6e68f301935ab1044bd8e968acd95c6e802f5380d144e04cb7c6be33da953835f9007de27f01e18c1",
    ),
    (
        Cipher::Rc4,
        ScheduleHash::Md5Sha1,
        16,
        "",
        "79064dc9ba3e5fb020804e01387776052f413630ef2c0ccca8db3112dff751affcd270345fbc3eb2be7bbae97219797f0261",
    ),
    (
        Cipher::Rc4,
        ScheduleHash::Ssl3,
        16,
        "",
        "4401e8393c2f614446b8a002ac808cb86305877575a939eec0127d109cd573d4087bcdb0cfebd70e196f4d684547ef1a0699",
    ),
];

fn hex(digits: &str) -> Vec<u8> {
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
}

fn numbers(range: std::ops::Range<u8>) -> Vec<u8> {
    range.collect()
}

fn how(cipher: Cipher, hash: ScheduleHash, mac_len: u8, nonce: &str) -> Decryption {
    Decryption {
        cipher,
        schedule: Schedule::Tls12(KeyBlock {
            hash,
            client_random: numbers(0..32).into(),
            server_random: numbers(32..64).into(),
            mac_len,
            client: false,
        }),
        nonce: HexBytes(hex(nonce)),
        aad: if mac_len == 0 { b"some header".into() } else { HexBytes::default() },
        skip: if cipher == Cipher::Rc4 { 7 } else { 0 },
        cut: false,
    }
}

fn master() -> String {
    numbers(100..148).iter().map(|byte| format!("{byte:02X}")).collect()
}

#[test]
fn every_cipher_gives_what_was_sealed() {
    for (cipher, hash, mac_len, nonce, sealed) in ROWS {
        let how = how(*cipher, *hash, *mac_len, nonce);
        let open = |secret: &str, sealed: &[u8]| decrypt(&how, secret.as_bytes(), sealed, PLAIN.len());
        let sealed = hex(sealed);
        assert_eq!(open(&master(), &sealed).as_deref(), Some(PLAIN), "{cipher:?} {hash:?}");
        let mut other = sealed.clone();
        other[0] ^= 1;
        assert_ne!(open(&master(), &other).as_deref(), Some(PLAIN), "{cipher:?}");
        assert_ne!(open(&master().replace('6', "7"), &sealed).as_deref(), Some(PLAIN), "{cipher:?}");
        assert_eq!(open("no hex", &sealed), None);
        assert_eq!(open(&master(), &[]).unwrap_or_default(), b"");
    }
}

#[test]
fn what_was_cut_is_read_without_its_tag() {
    for (cipher, hash, mac_len, nonce, sealed) in ROWS {
        let how = Decryption { cut: true, ..how(*cipher, *hash, *mac_len, nonce) };
        for len in [0, 1, 16, 33, PLAIN.len()] {
            let given = decrypt(&how, master().as_bytes(), &hex(sealed)[..len], PLAIN.len()).unwrap();
            let block = if *mac_len > 0 && nonce.len() == 16 {
                8
            } else if *mac_len > 0 && !nonce.is_empty() {
                16
            } else {
                1
            };
            assert_eq!(given, &PLAIN[..len / block * block], "{cipher:?}");
        }
    }
}

#[test]
fn a_forged_proof_keeps_nobody_busy() {
    let forever = Decryption { skip: u64::MAX, ..how(Cipher::Rc4, ScheduleHash::Md5Sha1, 16, "") };
    assert_eq!(decrypt(&forever, master().as_bytes(), PLAIN, 10), None);
    let schedule = Schedule::Tls13 { hash: ScheduleHash::Sha256, updates: u32::MAX, datagrams: false };
    let forever = Decryption { schedule, ..how(Cipher::Aes128Gcm, ScheduleHash::Sha256, 0, "") };
    assert_eq!(decrypt(&forever, "00".repeat(32).as_bytes(), PLAIN, 10), None);
    let short = how(Cipher::Aes128Gcm, ScheduleHash::Sha256, 0, "00");
    assert_eq!(decrypt(&short, master().as_bytes(), PLAIN, 10), None);
}
