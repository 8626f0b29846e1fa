//! Scrambles of the published families and of the handbook, opened with the profile and without it.

mod shell;

use base64_simd::STANDARD;
use evidence::IdentifierKind;
use sha1::{Digest, Sha1};
use unmask::{Budget, Constant, Context, Crib, Cribs, Field, Ground, Opened, apply, scrambled};

fn open(value: &[u8], context: &Context<'_>) -> Vec<Opened> {
    let opened = scrambled::open(value, context, &mut Budget::new(64 << 20));
    for opened in &opened {
        assert_eq!(apply(&opened.how, value).as_ref(), Some(&opened.plaintext), "{}", opened.how);
        assert!(opened.chance < 1e-9);
        let how = opened.how.to_string();
        let whole = how.split_once("alphabet=").is_none_or(|(_, alphabet)| !alphabet.contains(' '));
        if let Some(shown) = shell::run(&opened.recipe, value).filter(|_| whole) {
            assert_eq!(shown, opened.plaintext, "{}", opened.recipe);
        }
    }
    opened
}

fn profile() -> Cribs {
    let crib = |kind, label: &str, spelling: &str| Crib {
        kind,
        label: label.into(),
        spellings: vec![spelling.into()],
    };
    Cribs::new(vec![
        crib(IdentifierKind::Imei, "imei 1", "004401512345678"),
        crib(IdentifierKind::Imsi, "imsi 1", "262019483715260"),
        crib(IdentifierKind::Email, "e-mail", "erika.mustermann@example.org"),
    ])
}

fn xored(text: &[u8], key: &[u8]) -> Vec<u8> {
    text.iter().zip(key.iter().cycle()).map(|(a, b)| a ^ b).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

const JSON: &str = r#"{"imei":"004401512345678","model":"TA-1046","sdk":28,"event":"screen_on"}"#;

/// As a library of fraud detection did: the digest xored with a key drawn at random, both sent in hex.
#[test]
fn a_hash_xored_with_a_key_sent_along_is_opened() {
    let digest = Sha1::digest(b"004401512345678");
    let key = [
        0x9e, 0x11, 0x3c, 0xf7, 0x42, 0x0b, 0xd8, 0x65, 0x7a, 0xee, 0x01, 0x93, 0x5f, 0xc4, 0x28, 0xb6, 0x70,
        0x1d, 0x8a, 0x33,
    ];
    let value = hex(&xored(&digest, &key));
    let key_text = hex(&key);
    let fields = [Field { name: "w", bytes: b"1470104373" }, Field { name: "k", bytes: key_text.as_bytes() }];
    let cribs = profile();
    let opened = open(value.as_bytes(), &Context { fields: &fields, ..Context::new(&cribs) });
    assert_eq!(opened[0].how.to_string(), "hex > xor key=hex(field \"k\")");
    assert_eq!(opened[0].ground, Ground::Crib { kind: IdentifierKind::Imei, label: "sha1(imei 1)".into() });
    assert!(
        open(value.as_bytes(), &Context::new(&cribs)).is_empty(),
        "without the key there is nothing to see"
    );
}

/// The same library in another version: one parameter, the key and what it was xored with, in hex.
#[test]
fn a_key_within_the_value_is_tried() {
    let digest = hex(&Sha1::digest(b"004401512345678"));
    let key: Vec<u8> = (0..16_u32).map(|at| ((at + 3).wrapping_mul(2_654_435_761) >> 23) as u8).collect();
    let cribs = profile();
    let none = Cribs::default();
    let hidden = xored(digest.as_bytes(), &key);
    for (value, how) in [
        ([&key[..], &hidden].concat(), "hex > behind the first 16 > xor key=its head"),
        ([&hidden[..], &key].concat(), "hex > before the last 16 > xor key=its end"),
    ] {
        let value = hex(&value);
        let opened = open(value.as_bytes(), &Context::new(&cribs));
        assert_eq!(opened[0].how.to_string(), how);
        assert_eq!(
            opened[0].ground,
            Ground::Crib { kind: IdentifierKind::Imei, label: "sha1(imei 1)".into() }
        );
    }
    let value = hex(&[&key[..], &xored(JSON.as_bytes(), &key)].concat());
    let opened = open(value.as_bytes(), &Context::new(&none));
    assert_eq!(String::from_utf8_lossy(&opened[0].plaintext), JSON);
    // Noise has no key within.
    let noise: Vec<u8> = (0..64_u32).map(|at| (at.wrapping_mul(0x9e37_79b9) >> 13) as u8).collect();
    assert!(open(hex(&noise).as_bytes(), &Context::new(&cribs)).is_empty());
}

#[test]
fn scrambles_are_opened() {
    let turned = |bits: u32| JSON.bytes().map(|byte| byte.rotate_right(bits)).collect::<Vec<u8>>();
    let added = JSON.bytes().map(|byte| byte.wrapping_add(7)).collect::<Vec<u8>>();
    let swapped = turned(4);
    let reversed = JSON.bytes().rev().map(|byte| byte ^ 0x5a).collect::<Vec<u8>>();
    let letters = "004401512345678".bytes().map(|digit| digit - b'0' + b'a').collect::<Vec<u8>>();
    let rows: [(&str, Vec<u8>, &str); 11] = [
        ("xor one", xored(JSON.as_bytes(), &[0xa5]), "xor key=a5"),
        ("xor four", xored(JSON.as_bytes(), b"k3Y!"), "xor key=6b335921"),
        ("xor nine", xored(JSON.as_bytes(), b"secretkey"), "xor key=7365637265746b6579"),
        ("add", added, "less 7"),
        ("turned", turned(3), "bits turned by 3"),
        ("swapped", swapped, "nibbles swapped"),
        ("bits", JSON.bytes().map(u8::reverse_bits).collect(), "bits reversed"),
        ("reversed xor", reversed, "reversed > xor key=5a"),
        ("reversed", JSON.bytes().rev().collect(), "reversed"),
        ("letters", letters, "digits written as \"abcdefghij\""),
        ("hex xor", hex(&xored(JSON.as_bytes(), &[0x17])).into_bytes(), "hex > xor key=17"),
    ];
    let cribs = profile();
    for (name, value, how) in &rows {
        let opened = open(value, &Context::new(&cribs));
        let found: Vec<_> = opened.iter().map(|opened| opened.how.to_string()).collect();
        assert_eq!(found, [*how], "{name}");
    }
}

/// A number alone, written with the upper row of a keyboard: among the spellings of a whole phone.
#[test]
fn digits_written_as_a_row_of_the_keyboard_are_read() {
    let crib = |kind, label: &str, spellings: &[&str]| Crib {
        kind,
        label: label.into(),
        spellings: spellings.iter().map(|text| text.as_bytes().to_vec()).collect(),
    };
    let cribs = Cribs::new(vec![
        crib(IdentifierKind::Imei, "imei 1", &["867893041273558", "86789304127355", "8678930412735500"]),
        crib(IdentifierKind::Imei, "imei 2", &["867893041273632", "86789304127363"]),
        crib(IdentifierKind::Imsi, "imsi", &["228019876501234"]),
        crib(IdentifierKind::PhoneNumber, "number", &["+41795550142", "41795550142", "0795550142"]),
    ]);
    for (value, plain) in [("OUIOPRQTWEIRYYO", "867893041273558"), ("EEOQWPOIUYQWERT", "228019876501234")] {
        let opened = open(value.as_bytes(), &Context::new(&cribs));
        let plains: Vec<_> = opened.iter().map(|opened| String::from_utf8_lossy(&opened.plaintext)).collect();
        assert_eq!(plains, [plain], "{value}");
    }
    assert!(open(b"PUIOPRQTWEIRYYP", &Context::new(&cribs)).is_empty(), "others' numbers");
}

#[test]
fn forms_are_enough_without_a_profile() {
    let none = Cribs::default();
    let text = format!("{}{}", JSON, JSON.replace("screen_on", "screen_off"))
        .replace("}{", ",\"x\":{")
        .replace("off\"}", "off\"}}");
    for key in [&b"\x11"[..], b"k3Y!", b"secretkey"] {
        let opened = open(&xored(text.as_bytes(), key), &Context::new(&none));
        assert_eq!(opened.len(), 1, "{key:?}");
        assert_eq!(opened[0].plaintext, text.as_bytes());
        assert_eq!(opened[0].ground, Ground::Structure("json".into()));
    }
}

#[test]
fn alphabets_are_recovered_from_the_profiles_values() {
    // A shuffled alphabet, and the text written with it.
    let alphabet = b"q7ZmKx0Jr+GbWc3fYt9LpVhDa5RuE2nSk8TiMwO1QyCe6NgXlB/jHoUvd4PszAFI";
    let standard = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let plain = "id=004401512345678;imsi=262019483715260;mail=erika.mustermann@example.org;";
    // printf %s "$plain" | base64 -w0
    let encoded = "aWQ9MDA0NDAxNTEyMzQ1Njc4O2ltc2k9MjYyMDE5NDgzNzE1MjYwO21haWw9ZXJpa2EubXVzdGVybWFubkBleGFtcGxlLm9yZzs=";
    let value: String = encoded
        .bytes()
        .map(|byte| standard.iter().position(|&known| known == byte).map_or(byte, |at| alphabet[at]) as char)
        .collect();
    let cribs = profile();
    let opened = open(value.as_bytes(), &Context::new(&cribs));
    let text = String::from_utf8_lossy(&opened[0].plaintext).into_owned();
    assert!(text.contains("004401512345678") && text.contains("erika.mustermann@example.org"), "{text}");
    assert_eq!(text.len(), plain.len());
    assert!(opened[0].how.to_string().starts_with("base64 alphabet="), "{}", opened[0].how);
}

#[test]
fn known_alphabets_are_tried() {
    // printf %s "$JSON" | base64 -w0 | tr A-Za-z a-zA-Z
    let value = "EYjPBwvPiJOImda0ndaXnteYmZq1nJC4iIWIBw9KzwWIoIjuqs0Xmdq2iIWIC2rRiJOYocWIzxzLBNqIoIjZy3jLzw5FB24IFq==";
    let none = Cribs::default();
    let opened = open(value.as_bytes(), &Context::new(&none));
    assert_eq!(String::from_utf8_lossy(&opened[0].plaintext), JSON);
    // The parts of the usual alphabet, each backwards.
    let parts = ["ZYXWVUTSRQPONMLKJIHGFEDCBA", "zyxwvutsrqponmlkjihgfedcba", "9876543210", "-_"].concat();
    let standard = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let value: String = STANDARD
        .encode_to_string(JSON.as_bytes())
        .bytes()
        .map(|byte| {
            standard.iter().position(|&known| known == byte).map_or(byte, |at| parts.as_bytes()[at]) as char
        })
        .collect();
    let opened = open(value.as_bytes(), &Context::new(&none));
    assert_eq!(String::from_utf8_lossy(&opened[0].plaintext), JSON);
}

#[test]
fn keys_of_the_app_and_the_phone_are_tried() {
    let constants = [Constant { bytes: b"Tr0ub4dor&3-long-constant", origin: "libvendor.so" }];
    let cribs = profile();
    let value =
        xored(b"lat=53.5503;lon=9.9920;acc=12.0;provider=gps;speed=0.0", b"Tr0ub4dor&3-long-constant");
    let opened = open(&value, &Context { constants: &constants, ..Context::new(&cribs) });
    assert_eq!(opened[0].how.to_string(), "xor key=constant (libvendor.so)");
    assert_eq!(opened[0].plaintext, b"lat=53.5503;lon=9.9920;acc=12.0;provider=gps;speed=0.0");
}

#[test]
fn what_stands_open_is_left_alone() {
    let cribs = profile();
    for value in [JSON, "imei=004401512345678", "a=1&b=2", "https://example.org/", "hello"] {
        assert!(open(value.as_bytes(), &Context::new(&cribs)).is_empty(), "{value}");
    }
}

#[test]
fn the_budget_holds() {
    let cribs = profile();
    let value: Vec<u8> = (0..200_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let mut budget = Budget::new(20_000);
    assert!(scrambled::open(&value, &Context::new(&cribs), &mut budget).is_empty());
    assert!(budget.spent() <= 20_000);
    assert!(budget.cut().next().is_some());
}

/// printf %s "$JSON" | base64 -w0 | rev, and with one and two bytes more, so that no padding, one and two stand before.
#[test]
fn base64_that_was_turned_about_is_opened() {
    let none = Cribs::default();
    for more in ["", " ", "  "] {
        let plain = format!("{JSON}{more}");
        let value: Vec<u8> = STANDARD.encode_to_string(&plain).bytes().rev().collect();
        for cribs in [&profile(), &none] {
            let opened = open(&value, &Context::new(cribs));
            let plains: Vec<_> = opened.iter().map(|opened| opened.plaintext.as_slice()).collect();
            assert_eq!(plains, [plain.as_bytes()], "{}", String::from_utf8_lossy(&value));
        }
    }
    // Another phone's number, and a token.
    for text in ["004401512345679", "7f3a9c1e5b8d2f4a6c0e1d"] {
        let value: Vec<u8> = STANDARD.encode_to_string(text).bytes().rev().collect();
        assert!(open(&value, &Context::new(&profile())).is_empty());
    }
}
