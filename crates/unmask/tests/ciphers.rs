//! Ciphertexts that openssl made, each with the command beside it, opened with what stands in the same message.

mod shell;

use evidence::{IdentifierKind, Timestamp};
use unmask::{Budget, Constant, Context, Crib, Cribs, Field, Ground, Opened, apply, ciphers};

struct Row {
    value: &'static str,
    field: &'static str,
    how: &'static str,
}

const PLAIN: &str = r#"{"imei":"004401512345678","model":"TA-1046"}"#;

/// All of `PLAIN`, with `printf %s "$PLAIN" |` before the command.
const ROWS: &[Row] = &[
    // enc -aes-128-ecb -K 51783772547a31394c6d507734327356
    Row {
        value: "abzzTLs42V+p0OEqYbXUzT+5bKNxMcOsgqO4fHmNcEXNN6vqdqT5gl5pJ3butcoI",
        field: "Qx7rTz19LmPw42sV",
        how: r#"base64 > aes-128-ecb/pkcs7 key=field "k""#,
    },
    // enc -aes-128-cbc -K 602a7d7f4b4f9b62a132fb3786e284a5 -iv 00000000000000000000000000000000
    Row {
        value: "reNpbJhxo6t4bekoUc3NFSg/fw+qCxKRDcWpKJtUns/YN4NY8IstyPyOL86g1Cal",
        field: "1400000000",
        how: r#"base64 > aes-128-cbc/pkcs7 key=md5(field "k") iv=zero"#,
    },
    // enc -aes-128-cbc -K 51783772547a31394c6d507734327356 -iv 51783772547a31394c6d507734327356
    Row {
        value: "rcg/McQAWg3TuGxlSvrlaiN4n7VWTmY9Iu0vLgkh9PJCwVfFPPUvPxUTHsNsc3Mw",
        field: "Qx7rTz19LmPw42sV",
        how: r#"base64 > aes-128-cbc/pkcs7 key=field "k" iv=key"#,
    },
    // enc -aes-128-cbc -K 51783772547a31394c6d507734327356 -iv 30313032303330343035303630373038
    Row {
        value: "dd643c75f6a28fb6de090e1b5549277077b42aac831503073371c1cb6cfd4d30d71f03804512c4cddeb990fb94ed1179",
        field: "Qx7rTz19LmPw42sV",
        how: r#"hex > aes-128-cbc/pkcs7 key=field "k" iv="0102030405060708""#,
    },
    // enc -aes-128-cbc -K 51783772547a31394c6d507734327356 -iv 8f3a11c09d7e4425b16c0fd2a1e85577
    Row {
        value: "jzoRwJ1+RCWxbA/SoehVdw64WKRpgG1DhJqFz9fE7GE4XsDhe+Ia4W1BDAXYYYnibuC8z4ZQGWIu0k7kXialrg==",
        field: "Qx7rTz19LmPw42sV",
        how: r#"base64 > aes-128-cbc/pkcs7 key=field "k" iv=prefix"#,
    },
    // enc -aes-128-cbc -K 51783772547a31394c6d507734327356 -iv 8f3a11c09d7e4425b16c0fd2a1e85577
    Row {
        value: "DrhYpGmAbUOEmoXP18TsYThewOF74hrhbUEMBdhhieJu4LzPhlAZYi7STuReJqWu",
        field: "Qx7rTz19LmPw42sV",
        how: r#"base64 > aes-128-cbc/pkcs7 key=field "k" iv=prefix"#,
    },
    // enc -aes-128-cbc -K 32316436663430636662353131393832 -iv 32316436663430636662353131393832
    Row {
        value: "qFs/PdswhQTVgTnhnJVPa/NjpN2LH4LVqi32SSJJ9Ar2lP2gvWG1h14vtWzcAwVj",
        field: "session",
        how: r#"base64 > aes-128-cbc/pkcs7 key=hex-md5(field "k")[..16] iv=key"#,
    },
    // enc -aes-128-cbc -K 66623531313938326534343234653065 -iv 00000000000000000000000000000000
    Row {
        value: "3+CKj/tqStmS4XcdSeGbYrjMtaFId55Uu2JFx/eButslAQNmKjE5V0s9x1mY3DNj",
        field: "session",
        how: r#"base64 > aes-128-cbc/pkcs7 key=hex-md5(field "k")[8..24] iv=zero"#,
    },
    // enc -aes-192-cbc -K 51783772547a31394c6d507734327356704b33783973517a -iv 00000000000000000000000000000000
    Row {
        value: "u19MPX+j7qoYjqu3nmwHObGm2Y+2w5zNnGtQDh+ijCQb8bdQk/JozR0tAGeRFF0n",
        field: "Qx7rTz19LmPw42sVpK3x9sQz",
        how: r#"base64 > aes-192-cbc/pkcs7 key=field "k" iv=zero"#,
    },
    // enc -aes-256-cbc -K 3f3af1ecebbd1410ab417ec0d27bbfcb5d340e177ae159b59fc8626c2dfd9175 -iv 00000000000000000000000000000000
    Row {
        value: "FN5ZvuyoAo0reqi7jPOCOlX/8I2XwVzCFxV1nt+0PmsujGxKMScdhSaMhxpaIEtE",
        field: "session",
        how: r#"base64 > aes-256-cbc/pkcs7 key=sha256(field "k") iv=zero"#,
    },
    // enc -aes-256-cbc -K 3231643666343063666235313139383265343432346530653235306139353537 -iv 00000000000000000000000000000000
    Row {
        value: "LEznnK52x83JWC6ffyRGiTiszr2x6XuF/jbBl323TVWyVnbN3SZxBmj7GgZV6rrN",
        field: "session",
        how: r#"base64 > aes-256-cbc/pkcs7 key=hex-md5(field "k") iv=zero"#,
    },
    // enc -aes-128-cbc -K b8671d46e4989eee1d777d7ea91492e1 -iv 00000000000000000000000000000000
    Row {
        value: "JjfY1hwOiOPGCTqn4+iTOSxei5vsspcOnTBcR8sncqEOIFpSxuZm2X0L21jZxU0w",
        field: "session",
        how: r#"base64 > aes-128-cbc/pkcs7 key=sha1prng(field "k")[..16] iv=zero"#,
    },
    // enc -aes-128-cbc -K 602a7d7f4b4f9b62a132fb3786e284a5 -iv 00000000000000000000000000000000 -nopad
    Row {
        value: "reNpbJhxo6t4bekoUc3NFSg/fw+qCxKRDcWpKJtUns8RMK7/PrpP+arEHQPoVyJt",
        field: "1400000000",
        how: r#"base64 > aes-128-cbc/zero key=md5(field "k") iv=zero"#,
    },
    // enc -aes-128-ctr -K 51783772547a31394c6d507734327356 -iv 00000000000000000000000000000000 -nopad
    Row {
        value: "bMvCCwbDFTnhvPu16abvTKutUUG30vPsyG++waR+4AYHEsF/MfM8vGxcE2c=",
        field: "Qx7rTz19LmPw42sV",
        how: r#"base64 > aes-128-ctr key=field "k" iv=zero"#,
    },
    // enc -aes-128-cfb -K 51783772547a31394c6d507734327356 -iv 51783772547a31394c6d507734327356 -nopad
    Row {
        value: "vmIoG+Q75+QlFjlGchidSLuIAPSwR0e+nPNAR2iDP4G4Te5FLC5am/ZH15I=",
        field: "Qx7rTz19LmPw42sV",
        how: r#"base64 > aes-128-cfb key=field "k" iv=key"#,
    },
    // enc -aes-128-cfb8 -K 51783772547a31394c6d507734327356 -iv 00000000000000000000000000000000 -nopad
    Row {
        value: "bN7QxHo0Oi6V8loT8UI9hAq9zi0CHRrlj19i36r0fqrMd01QWNK9x9veMN8=",
        field: "Qx7rTz19LmPw42sV",
        how: r#"base64 > aes-128-cfb8 key=field "k" iv=zero"#,
    },
    // enc -aes-256-ofb -K 3f3af1ecebbd1410ab417ec0d27bbfcb5d340e177ae159b59fc8626c2dfd9175 -iv 00000000000000000000000000000000 -nopad
    Row {
        value: "RCZDf8bVXUzyu0tz0JYkLHCTtQ0LNuZjI8V/6bnc+egiaE5+kCO1dX0zXiM=",
        field: "session",
        how: r#"base64 > aes-256-ofb key=sha256(field "k") iv=zero"#,
    },
    // enc -sm4-cbc -K 51783772547a31394c6d507734327356 -iv 51783772547a31394c6d507734327356
    Row {
        value: "hQlFS9ZedT5bBkDrLGNONHFclxPDj9TEWZGWXoUmIH3ktTCLPWQN+e8lFboXz4z4",
        field: "Qx7rTz19LmPw42sV",
        how: r#"base64 > sm4-cbc/pkcs7 key=field "k" iv=key"#,
    },
    // enc -sm4-ecb -K 602a7d7f4b4f9b62a132fb3786e284a5
    Row {
        value: "rASzhrP8wnpHNL65m/aVstRg2Yj22QKicxRZBH8P382oEfwpIP8/wz5mHzSgSKte",
        field: "1400000000",
        how: r#"base64 > sm4-ecb/pkcs7 key=md5(field "k")"#,
    },
    // enc -des-ecb -K 704b33783973517a -provider legacy -provider default
    Row {
        value: "fjDbBLDEXJ7pf/FHHCY30BCUxxQSS1k2kpOKLiYwCOpuavA0fy8dQ/QKYxbgJQi2",
        field: "pK3x9sQz",
        how: r#"base64 > des-ecb/pkcs7 key=field "k""#,
    },
    // enc -des-cbc -K 704b33783973517a -iv 704b33783973517a -provider legacy -provider default
    Row {
        value: "yxggFAqJxSKdcOylA2fviJD/pgiI+ysEDXj152BE6CqtO4iNhjt97SPqFOaDSMVb",
        field: "pK3x9sQz",
        how: r#"base64 > des-cbc/pkcs7 key=field "k" iv=key"#,
    },
    // enc -des-ecb -K 3134303030303030 -provider legacy -provider default
    Row {
        value: "dQ1WT3+yzcM4diGM0mMwiZJOJCrThYhPcv/EcMUyEiSptVYssL2T17iHyjmYyooL",
        field: "1400000000",
        how: r#"base64 > des-ecb/pkcs7 key=field "k"[..8]"#,
    },
    // enc -des-ede3 -K 51783772547a31394c6d507734327356704b33783973517a
    Row {
        value: "bxr08Da0WvAvFUyZ7wbrX1jUJVKoAqPifj+LuLlCqjhSwnl07fxwvHTY/a3mroVo",
        field: "Qx7rTz19LmPw42sVpK3x9sQz",
        how: r#"base64 > des-ede3-ecb/pkcs7 key=field "k""#,
    },
    // enc -des-ede3-cbc -K 51783772547a31394c6d507734327356704b33783973517a -iv 0000000000000000
    Row {
        value: "bxr08Da0WvDQY90CX/x1EO48BOz06JgH7BREolP9k9SkOQh8Nsy/V99wKUiq9dV4",
        field: "Qx7rTz19LmPw42sVpK3x9sQz",
        how: r#"base64 > des-ede3-cbc/pkcs7 key=field "k" iv=zero"#,
    },
    // enc -des-ede -K 602a7d7f4b4f9b62a132fb3786e284a5
    Row {
        value: "RG5PB8/0F90+wJ1zdNE/yc5f5iJxN4t0xNlT6Bv60oJrsCigcvq7RBigOgkIkais",
        field: "1400000000",
        how: r#"base64 > des-ede-ecb/pkcs7 key=md5(field "k")"#,
    },
    // enc -bf-ecb -K 51783772547a31394c6d507734327356 -provider legacy -provider default
    Row {
        value: "8v8mMdsQsQEFJNn3nEDU6b68JnC6QyOb1GlogSUSin1PoL1+AqoQEV2tq+wERCg1",
        field: "Qx7rTz19LmPw42sV",
        how: r#"base64 > bf-ecb/pkcs7 key=field "k""#,
    },
    // enc -bf-cbc -K 704b33783973517a704b33783973517a -iv 0000000000000000 -provider legacy -provider default
    Row {
        value: "A+u5AIM9Iu5uAQDXe+RiiWHWgH62fz5lr1kQRtCqS/lJBFW7wHfeTLCzv6+MMxJO",
        field: "pK3x9sQz",
        how: r#"base64 > bf-cbc/pkcs7 key=field "k" iv=zero"#,
    },
    // enc -rc4 -K 51783772547a31394c6d507734327356 -nopad -provider legacy -provider default
    Row {
        value: "UmNvZtfRXRO3a03TjLGlNoGCciWZ87jXTQe/TY/wbEw5hFd0Bl5S8eZ/Bes=",
        field: "Qx7rTz19LmPw42sV",
        how: r#"base64 > rc4 key=field "k""#,
    },
    // enc -chacha20 -K 3f3af1ecebbd1410ab417ec0d27bbfcb5d340e177ae159b59fc8626c2dfd9175 -iv 000000008f3a11c09d7e4425b16c0fd2 -nopad
    Row {
        value: "jzoRwJ1+RCWxbA/Szde8VjbbP0PmnQJ6roTL/+QIEhh7dL6SzFI4+7sG3tql4HKgmakwK3w+8xc=",
        field: "session",
        how: r#"base64 > chacha20 key=sha256(field "k") iv=prefix"#,
    },
    // enc -aes-256-cbc -md md5 -S a1b2c3d4e5f60718 -k session behind Salted__ and the salt
    Row {
        value: "U2FsdGVkX1+hssPU5fYHGA9d9lx1sZuL9/xu+LAJWvnBtsS9Al0/DUQtYQhRB8bnQ1ESnTF7t917Zg+h22wgPw==",
        field: "session",
        how: r#"base64 > aes-256-cbc/pkcs7 key=evp-md5(field "k", salt) iv=derived"#,
    },
    // enc -aes-256-cbc -md sha256 -S a1b2c3d4e5f60718 -k session behind Salted__ and the salt
    Row {
        value: "U2FsdGVkX1+hssPU5fYHGNQzn/MAN30DFTVWV9TooHwnv+5q8DwOiwsUQ63yXux3YQpIuWobRDfHp+7o8lliyQ==",
        field: "session",
        how: r#"base64 > aes-256-cbc/pkcs7 key=evp-sha256(field "k", salt) iv=derived"#,
    },
    // xxtea.encrypt(P, k) of the Python package
    Row {
        value: "8FamRR2GH+VdCRU20m8P4JTOO3wWrFk0El9VnSefGW9DQuIBWIQ46MdFCg9AViW9",
        field: "Qx7rTz19LmPw42sV",
        how: r#"base64 > xxtea/length key=field "k""#,
    },
    // the reference code of TEA, words big-endian
    Row {
        value: "+kZVIBCTBrulypCL84YXqoRz8fm4ZyPpNNe2wT1Nz+DLzU4gHa+YfY93mXA6p7AW",
        field: "Qx7rTz19LmPw42sV",
        how: r#"base64 > tea-ecb/pkcs7 key=field "k""#,
    },
    // the reference code of TEA, words little-endian
    Row {
        value: "WMIIL76043VmBuOB/weVrpRi7BB0YnaLiijhd+6dojeX4GgA2Ax1/Y87+z9KTsHy",
        field: "Qx7rTz19LmPw42sV",
        how: r#"base64 > tea-le-ecb/pkcs7 key=field "k""#,
    },
    // n + AESGCM(k).encrypt(n, P, None) of Python's cryptography, n = 8f3a11c09d7e4425b16c0fd2
    Row {
        value: "jzoRwJ1+RCWxbA/S7pM/BBbuB/0vp6M9AWJS1UQdFWtnx5OpGTQxYN5nvZr3QRt269z3dC88SyPbR8pd7Ggna2J6wtPyzJf3",
        field: "Qx7rTz19LmPw42sV",
        how: r#"base64 > aes-128-gcm key=field "k" iv=prefix"#,
    },
    // the same with data that were not sent: AESGCM(k).encrypt(n, P, b"some header")
    Row {
        value: "jzoRwJ1+RCWxbA/S7pM/BBbuB/0vp6M9AWJS1UQdFWtnx5OpGTQxYN5nvZr3QRt269z3dC88SyPTOFy6RKN+uEJLzD4oFCmU",
        field: "Qx7rTz19LmPw42sV",
        how: r#"base64 > aes-128-gcm key=field "k" iv=prefix"#,
    },
    // n + AESGCM(sha256(k)).encrypt(n, P, None)
    Row {
        value: "jzoRwJ1+RCWxbA/SAW66cdsA2P6vzmTLrXdH4kB/n5ibBVBEUOyBWdx/VmBSiTcfKYMycOoQS6NHTAWornyHdvqSmsOkmZFW",
        field: "session",
        how: r#"base64 > aes-256-gcm key=sha256(field "k") iv=prefix"#,
    },
    // AESGCM(md5(k)).encrypt(bytes(12), P, None)
    Row {
        value: "0aqeMLiucF7c0kd3Va6RZcCXol2HAfzHLQu9fk5n2RUxRf4ry1Cl+roBs7BsMn/MzTN06ZjcRBkaP9bf",
        field: "1400000000",
        how: r#"base64 > aes-128-gcm key=md5(field "k") iv=zero"#,
    },
    // n + ChaCha20Poly1305(sha256(k)).encrypt(n, P, None)
    Row {
        value: "jzoRwJ1+RCWxbA/SIGl5Wl62ix/ZW+wptIuSCDZGYYLZmBghc2pNkmqzhfab4zcfm4ZkyKq0Nd2lo7XNrcnLcjyJL8swAwk5",
        field: "session",
        how: r#"base64 > chacha20-poly1305 key=sha256(field "k") iv=prefix"#,
    },
];

/// Twenty bytes like noise, sealed as above: what they are nobody can tell, but that the key is right.
#[test]
fn a_tag_is_proof_enough() {
    let none = Cribs::default();
    let rows = [
        ("jzoRwJ1+RCWxbA/S9iRgl0PSn9tz/czMB0uV/LN5LX+9kHBcwmlp1e6xLY+VBRcL", "Qx7rTz19LmPw42sV"),
        ("jzoRwJ1+RCWxbA/SON4myQuKEzmFAYPYsqJVIcEiWZZlccGxm/fa0Ivdz+n+zfD1", "session"),
    ];
    for (value, key) in rows {
        let fields = [Field { name: "k", bytes: key.as_bytes() }];
        let context = Context { fields: &fields, ..Context::new(&none) };
        let opened = open(value.as_bytes(), &context);
        assert_eq!(opened[0].ground, Ground::Structure("authentic".into()));
        assert!(opened[0].plaintext.len() == 20 && opened[0].chance < 1e-20);
        assert_eq!(
            shell::run(&opened[0].recipe, value.as_bytes()).unwrap_or(opened[0].plaintext.clone()),
            opened[0].plaintext
        );
        // Another nonce, and another key.
        let other = value.replace("x", "y");
        assert!(open(other.as_bytes(), &context).is_empty());
        let other = key.replace('s', "t");
        let fields = [Field { name: "k", bytes: other.as_bytes() }];
        assert!(open(value.as_bytes(), &Context { fields: &fields, ..context }).is_empty());
    }
}

fn open(value: &[u8], context: &Context<'_>) -> Vec<Opened> {
    ciphers::open(value, context, &mut Budget::new(8 << 20))
}

fn imei() -> Cribs {
    Cribs::new(vec![Crib {
        kind: IdentifierKind::Imei,
        label: "imei 1".into(),
        spellings: vec![b"004401512345678".to_vec()],
    }])
}

#[test]
fn keys_of_the_message_open_every_cipher() {
    let none = Cribs::default();
    for row in ROWS {
        let fields = [Field { name: "v", bytes: b"3" }, Field { name: "k", bytes: row.field.as_bytes() }];
        let context = Context { fields: &fields, ..Context::new(&none) };
        let opened = open(row.value.as_bytes(), &context);
        let found: Vec<_> = opened.iter().map(|opened| opened.how.to_string()).collect();
        assert_eq!(found, [row.how]);
        let plain = String::from_utf8_lossy(&opened[0].plaintext);
        // A vector that is nowhere leaves the first block unread.
        assert!(
            plain == PLAIN || row.how.ends_with("prefix") && plain == PLAIN[16..],
            "{}: {plain}",
            row.how
        );
        assert_eq!(apply(&opened[0].how, row.value.as_bytes()).as_ref(), Some(&opened[0].plaintext));
        assert!(opened[0].chance < 1e-9, "{}: {}", row.how, opened[0].chance);
        let json = serde_json::to_string(&opened[0].how).unwrap();
        assert_eq!(serde_json::from_str::<unmask::How>(&json).unwrap(), opened[0].how);
        if let Some(shown) = shell::run(&opened[0].recipe, row.value.as_bytes()) {
            assert_eq!(shown, opened[0].plaintext, "{}", opened[0].recipe);
        }
    }
}

#[test]
fn ways_name_where_the_key_stands_and_not_the_key() {
    for row in ROWS {
        assert!(!row.how.contains(row.field), "{}", row.how);
    }
}

/// A keyboard encrypted what was typed with the time for a key, and sent the time along.
#[test]
fn a_keyboards_time_key_opens_what_was_typed() {
    // printf %s 'quittenmarmelade kochen' | openssl enc -des-ecb -K 3134373031303433 -provider legacy -provider default | xxd -p
    let value = b"815f4273c1830476b5698c9734442d24ffa0d67116adf707";
    let fields = [Field { name: "t", bytes: b"1470104373232" }];
    let none = Cribs::default();
    let opened = open(value, &Context { fields: &fields, ..Context::new(&none) });
    assert_eq!(opened[0].plaintext, b"quittenmarmelade kochen");
    assert_eq!(opened[0].how.to_string(), "hex > des-ecb/pkcs7 key=field \"t\"[..8]");
    // The same without the field, from the time of sending alone.
    let time = Some(Timestamp::new(1_470_104_375, 0));
    let opened = open(value, &Context { time, window: 5, ..Context::new(&none) });
    assert_eq!(opened[0].plaintext, b"quittenmarmelade kochen");
    assert!(open(value, &Context::new(&none)).is_empty());
}

#[test]
fn a_key_in_the_app_opens() {
    // printf %s 004401512345678 | openssl enc -des-cbc -K 6131623263336434 -iv 6131623263336434 -provider legacy -provider default | base64
    let value = b"cJPqLN+aek0EYhPp/P+mUw==";
    let constants = [
        Constant { bytes: b"utf-8 decoder failed", origin: "classes.dex string 71" },
        Constant { bytes: b"a1b2c3d4", origin: "classes.dex string 90210" },
    ];
    let cribs = imei();
    let opened = open(value, &Context { constants: &constants, ..Context::new(&cribs) });
    assert_eq!(
        opened[0].how.to_string(),
        "base64 > des-cbc/pkcs7 key=constant (classes.dex string 90210) iv=key"
    );
    assert_eq!(opened[0].ground, Ground::Crib { kind: IdentifierKind::Imei, label: "imei 1".into() });
}

#[test]
fn the_phones_own_value_may_be_the_key() {
    // printf %s '{"list":["com.example.one","com.example.two"]}' | openssl enc -aes-128-ecb -K $(printf %s 004401512345678 | md5sum | cut -c1-32) | base64 -w0
    let value = b"KwPeQxUob7Ou0yjFH++EagFxVrJhacTKDprqO2HQqHAGfXyNpfnAbdNYr/4cLW9f";
    let cribs = imei();
    let opened = open(value, &Context::new(&cribs));
    assert_eq!(opened[0].how.to_string(), "base64 > aes-128-ecb/pkcs7 key=md5(device value (imei 1))");
}

#[test]
fn compressed_before_encryption_is_opened_too() {
    // printf %s "$PLAIN" | gzip -n | openssl enc -aes-128-cbc -K 30…66 (0123456789abcdef) -iv 00… | base64 -w0
    let value = b"wfKS737fc3hwk4KxrW1g2nNXTRIIgFF6v/bX16S+sggP2o2FJh8PGTkbDfkDIYHT/6d2afl1DwH5gH2tkfuLBA==";
    let none = Cribs::default();
    let opened = open(value, &Context::new(&none));
    assert_eq!(opened[0].ground, Ground::Structure("gzip".into()));
    assert_eq!(
        opened[0].how.to_string(),
        "base64 > aes-128-cbc/pkcs7 key=well-known \"0123456789abcdef\" iv=zero"
    );
}

#[test]
fn near_misses_open_nothing() {
    let fields = [
        Field { name: "t", bytes: b"1470104373232" },
        Field { name: "sign", bytes: b"d41d8cd98f00b204e9800998ecf8427e" },
        Field { name: "nonce", bytes: b"8f3a11c09d7e4425" },
    ];
    let cribs = imei();
    let time = Some(Timestamp::new(1_470_104_375, 0));
    let context = Context { fields: &fields, time, window: 3, ..Context::new(&cribs) };
    for (name, value) in near_misses() {
        let mut budget = Budget::new(1 << 19);
        let opened = ciphers::open(&value, &context, &mut budget);
        assert!(opened.is_empty(), "{name}: {}", opened[0].how);
    }
}

/// A MAC fills a block and a byte: ECB reads the first block as well as CBC with a vector of zeros does.
#[test]
fn the_reading_that_is_text_throughout_is_taken() {
    // printf %s d0:37:45:ab:01:9f | openssl enc -aes-128-cbc -K 51783772547a31394c6d507734327356 -iv 00000000000000000000000000000000 | base64 -w0
    let value = b"SugptPXy5uH5bzaec3IQ0JUVpjONBbox5Fix65M3Pso=";
    let spellings =
        vec![b"d0:37:45:ab:01:9f".to_vec(), b"d0:37:45:ab:01:".to_vec(), b"37:45:ab:01:9".to_vec()];
    let cribs = Cribs::new(vec![Crib { kind: IdentifierKind::WifiMac, label: "wifi".into(), spellings }]);
    let fields = [Field { name: "k", bytes: b"Qx7rTz19LmPw42sV" }];
    let opened = open(value, &Context { fields: &fields, ..Context::new(&cribs) });
    assert_eq!(opened[0].how.to_string(), "base64 > aes-128-cbc/pkcs7 key=field \"k\" iv=zero");
    assert_eq!(opened[0].plaintext, b"d0:37:45:ab:01:9f");
}

/// printf %s "$PLAIN" | openssl enc -aes-128-ecb -K $(printf %s sessiona7c2 | md5sum | cut -c1-32) | base64 -w0
#[test]
fn two_fields_together_are_a_key() {
    let value = TWO;
    let none = Cribs::default();
    for (seed, found) in [(&b"a7c2"[..], true), (b"a7c3", false)] {
        let fields = [
            Field { name: "v", bytes: b"3" },
            Field { name: "sid", bytes: b"session" },
            Field { name: "os", bytes: b"Android" },
            Field { name: "seed", bytes: seed },
        ];
        let opened = open(value.as_bytes(), &Context { fields: &fields, ..Context::new(&none) });
        let ways: Vec<_> = opened.iter().map(|opened| opened.how.to_string()).collect();
        let way = r#"base64 > aes-128-ecb/pkcs7 key=md5(field "sid"+field "seed")"#;
        assert_eq!(ways.first().map(String::as_str), found.then_some(way));
    }
}

const TWO: &str = "wQJ2d8GnABluvd2cPE3oK28XeT8+dyqmlEr6JZ/STpxqm5Wi7f81DDfElmvyhND/";

/// Bytes of an own generator, and heads of what is no ciphertext, filled up with such bytes.
fn near_misses() -> Vec<(&'static str, Vec<u8>)> {
    let heads: [(&str, &[u8]); 6] = [
        ("noise", b""),
        ("jpeg", b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0"),
        ("mp4", b"\0\0\0\x20ftypisom\0\0\x02\0isomiso2avc1mp41"),
        ("gzip", b"\x1f\x8b\x08\0\0\0\0\0\0\x03"),
        ("tls record", b"\x17\x03\x03\0\xf8"),
        ("png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"),
    ];
    let mut state = 7_u64;
    let mut noise = |len: usize| -> Vec<u8> {
        let step = |_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        };
        (0..len).map(step).collect()
    };
    let mut values = Vec::new();
    for (name, head) in heads {
        for len in [48, 237] {
            values.push((name, [head, &noise(len)].concat()));
        }
    }
    for len in [16, 20, 32, 64] {
        let hex: String = noise(len).iter().map(|byte| format!("{byte:02x}")).collect();
        values.push(("hash", hex.into_bytes()));
    }
    values
}

#[test]
fn the_budget_holds_and_says_what_was_left() {
    let (_, value) = near_misses().remove(1);
    let fields = [Field { name: "t", bytes: b"1470104373232" }];
    let none = Cribs::default();
    let mut budget = Budget::new(100_000);
    assert!(
        ciphers::open(&value, &Context { fields: &fields, ..Context::new(&none) }, &mut budget).is_empty()
    );
    assert!(budget.spent() <= 100_000 && budget.tries() > 100);
    assert_eq!(
        budget.cut().next().map(|(what, _)| what),
        Some("keys of ciphers that were not tried on them")
    );
    let long = vec![0xa5; ciphers::LONGEST + 1];
    assert!(ciphers::open(&long, &Context::new(&none), &mut budget).is_empty());
    assert!(budget.cut().any(|(what, _)| what == "those too long for ciphers to be tried on"));
}

/// What is not tried because there is too much of it is told.
#[test]
fn limits_of_vectors_and_fields_are_told() {
    let cribs = Cribs::new(Vec::new());
    let texts: Vec<[u8; 16]> =
        (0..40_u8).map(|n| std::array::from_fn(|at| n.wrapping_mul(37) ^ at as u8)).collect();
    let fields: Vec<Field<'_>> = texts.iter().map(|bytes| Field { name: "f", bytes }).collect();
    let few: Vec<Field<'_>> = fields.iter().take(3).copied().collect();
    let noise: Vec<u8> = (0..48_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 21) as u8).collect();
    for (fields, told) in [(&few, false), (&fields, true)] {
        let context = Context { fields, ..Context::new(&cribs) };
        let mut budget = Budget::new(1_000_000);
        assert!(ciphers::open(&noise, &context, &mut budget).is_empty());
        let cut: Vec<&str> = budget.cut().map(|(what, _)| what).collect();
        assert_eq!(cut.contains(&"initial vectors that were not tried on them"), told, "{cut:?}");
        assert_eq!(cut.contains(&"pairs of fields that were not tried as keys on them"), told, "{cut:?}");
    }
}
