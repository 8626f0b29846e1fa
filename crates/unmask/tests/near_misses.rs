//! What is like a hidden identifier and is none stays closed: values of many kinds, a hundred of each, against a phone
//! whose twenty values have all the spellings that audits know, with and without fields beside them.

#![expect(clippy::indexing_slicing, reason = "a test fails by panicking")]

use evidence::{IdentifierKind, Timestamp};
use unmask::{Budget, Context, Crib, Cribs, Field, ciphers, scrambled};

/// Values of each kind, half of them with fields beside.
const EACH: usize = 100;
/// Bytes that may be worked on for one value, by each of the two searches.
const EFFORT: u64 = 100_000;

#[test]
fn near_misses_stay_closed() {
    let cribs = phone();
    let mut draw = Noise(0x5eed);
    let mut wrong = Vec::new();
    for &(kind, make) in KINDS {
        for round in 0..EACH {
            let value = make(&mut draw, round);
            let beside = beside(&mut draw);
            let fields: Vec<Field<'_>> =
                beside.iter().map(|(name, bytes)| Field { name, bytes: bytes.as_bytes() }).collect();
            let fields = if round % 2 == 0 { fields.as_slice() } else { &[] };
            let time = Some(Timestamp::new(1_700_000_000, 0));
            let context = Context { fields, time, window: 3, ..Context::new(&cribs) };
            let mut opened = scrambled::open(&value, &context, &mut Budget::new(EFFORT));
            opened.extend(ciphers::open(&value, &context, &mut Budget::new(EFFORT)));
            wrong.extend(opened.into_iter().map(|opened| {
                format!(
                    "{kind}: {:?} by {} into {:?}",
                    String::from_utf8_lossy(&value),
                    opened.how,
                    String::from_utf8_lossy(&opened.plaintext)
                )
            }));
        }
    }
    assert!(wrong.is_empty(), "{} opened:\n{}", wrong.len(), wrong.join("\n"));
}

type Make = fn(&mut Noise, usize) -> Vec<u8>;

const KINDS: &[(&str, Make)] = &[
    ("RSA-1024 in base64url", |draw, _| base64url(&draw.bytes(128)).into_bytes()),
    ("RSA-2048 in base64url", |draw, _| base64url(&draw.bytes(256)).into_bytes()),
    ("digest in hex", |draw, round| {
        let len = [16, 20, 32][round % 3];
        hex(&draw.bytes(len)).into_bytes()
    }),
    ("UUID", |draw, _| uuid(&draw.bytes(16)).into_bytes()),
    ("token in base64", |draw, round| base64url(&draw.bytes(12 + round % 37)).into_bytes()),
    ("head of a picture", |draw, round| {
        let head = b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0\xff\xdb\0\x43\0";
        let table: Vec<u8> = draw.bytes(64).iter().map(|byte| 1 + byte % 16).collect();
        [&head[..], &table, &[0; 16], &draw.bytes(round % 64)].concat()
    }),
    ("session cookie", |draw, round| format!("1.{}", draw.letters(10 + round % 40)).into_bytes()),
    ("words", |draw, round| {
        let words: Vec<&str> = (0..3 + round % 8).map(|_| WORDS[draw.below(WORDS.len())]).collect();
        words.join(["_", "-", ".", " "][round % 4]).into_bytes()
    }),
    ("number", |draw, round| draw.digits(6 + round % 15).into_bytes()),
    ("version", |draw, _| {
        let part = |draw: &mut Noise| draw.below(40);
        format!("{}.{}.{}-build{}", part(draw), part(draw), part(draw), draw.digits(5)).into_bytes()
    }),
    ("address", |draw, round| {
        format!("/cdn/{}/{}.webp?v={}", draw.letters(8), draw.letters(12 + round % 9), draw.digits(4))
            .into_bytes()
    }),
    ("row of one byte", |draw, round| {
        let byte = [0, b'0', b'A', 0xff][round % 4];
        let mut row = vec![byte; 12 + round % 60];
        row.extend(draw.bytes(round % 3));
        row
    }),
    ("zeros as an identifier", |_, round| {
        let zeros = "00000000-0000-0000-0000-000000000000";
        if round % 2 == 0 { zeros.into() } else { zeros.replace('-', "").into() }
    }),
    ("other text under another key", |draw, round| {
        let text: Vec<&str> = (0..6).map(|_| WORDS[draw.below(WORDS.len())]).collect();
        let text = format!("{}={}", text.join(";"), draw.digits(6));
        let key = draw.letters(8 + round % 25);
        text.bytes().zip(key.bytes().cycle()).map(|(byte, key)| byte ^ key).collect()
    }),
    ("noise", |draw, round| draw.bytes(16 + round % 180)),
    ("noise in whole blocks", |draw, round| draw.bytes(16 * (1 + round % 12))),
];

/// A profile with twenty values, each written in the ways in which programs write it.
fn phone() -> Cribs {
    use IdentifierKind as Kind;
    let mut cribs = Vec::new();
    let mut add = |kind, label: &str, spellings: Vec<String>| {
        let spellings = spellings.into_iter().map(String::into_bytes).collect();
        cribs.push(Crib { kind, label: label.to_owned(), spellings });
    };
    for (label, imei) in [("imei 1", "352099001761481"), ("imei 2", "352099001761499")] {
        let dashed = format!("{}-{}-{}", &imei[..8], &imei[8..14], &imei[14..]);
        add(Kind::Imei, label, vec![imei.into(), imei[..14].into(), format!("{}0", &imei[..14]), dashed]);
    }
    add(Kind::Imsi, "imsi", vec!["262019483715260".into(), "9483715260".into()]);
    add(Kind::Iccid, "iccid", vec!["8949020000123456789".into(), "89490200001234567894".into()]);
    for (kind, mac) in [
        (Kind::WifiMac, "d0:37:45:ab:01:9f"),
        (Kind::BluetoothMac, "d0:37:45:ab:01:a0"),
        (Kind::Bssid, "02:00:00:00:00:00"),
    ] {
        let written = [mac.to_owned(), mac.replace(':', ""), mac.replace(':', "-")];
        let upper = written.iter().map(|text| text.to_ascii_uppercase());
        add(kind, kind.id(), upper.chain(written.iter().cloned()).collect());
    }
    let mut named = |kind: Kind, text: &str| {
        add(kind, kind.id(), vec![text.to_owned(), text.to_ascii_uppercase(), text.replace('-', "")]);
    };
    named(Kind::AndroidId, "9774a1c36d682e54");
    named(Kind::AdvertisingId, "cdda802e-fb9c-47ad-9866-0794d394c912");
    named(Kind::Serial, "R58N30XYZAB");
    named(Kind::Email, "erika.mustermann@example.org");
    named(Kind::Ssid, "Haus am See");
    named(Kind::CellId, "26201-4711-19088743");
    for contact in 0..10 {
        let number = format!("151{}", 55_501_230 + contact * 1_117);
        let heads = ["+49", "0049", "49", "0", "", "+49 (0) "];
        let label = format!("contact {contact}");
        add(Kind::ContactNumber, &label, heads.iter().map(|head| format!("{head}{number}")).collect());
    }
    add(Kind::Position, "position", vec!["53.5503,9.9920".into(), "53.550341".into(), "9.992034".into()]);
    Cribs::new(cribs)
}

/// Fields of 8 to 32 characters, the phone's own number in the clear among them.
fn beside(draw: &mut Noise) -> Vec<(&'static str, String)> {
    let (key, sign) = (8 + draw.below(25), 8 + draw.below(25));
    vec![
        ("t", "1700000000123".to_owned()),
        ("imei", "352099001761481".to_owned()),
        ("key", draw.letters(key)),
        ("sign", hex(&draw.bytes(sign / 2))),
        ("token", base64url(&draw.bytes(18))),
        ("v", draw.digits(3)),
    ]
}

/// Bytes that look like chance and are the same in each run (SplitMix64).
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.next().to_be_bytes()[0]).collect()
    }

    fn below(&mut self, most: usize) -> usize {
        (self.next() >> 33) as usize % most
    }

    fn of(&mut self, letters: &[u8], len: usize) -> String {
        (0..len).map(|_| char::from(letters[self.below(letters.len())])).collect()
    }

    fn digits(&mut self, len: usize) -> String {
        self.of(b"0123456789", len)
    }

    fn letters(&mut self, len: usize) -> String {
        self.of(&ALPHABET[..62], len)
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn uuid(bytes: &[u8]) -> String {
    let hex = hex(bytes);
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

fn base64url(bytes: &[u8]) -> String {
    let group = |group: &[u8]| {
        let held = group.iter().fold(0_usize, |held, &byte| held << 8 | usize::from(byte));
        let held = held << (8 * (3 - group.len()));
        (0..=group.len()).map(|at| char::from(ALPHABET[held >> (18 - 6 * at) & 63])).collect::<String>()
    };
    bytes.chunks(3).map(group).collect()
}

const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const WORDS: &[&str] = &[
    "amber",
    "bicycle",
    "cloud",
    "drift",
    "ember",
    "flute",
    "garden",
    "harbour",
    "island",
    "juniper",
    "screen",
    "Session",
    "device",
    "model",
    "UserAgent",
    "network",
    "2G",
    "version",
    "true",
    "timestamp",
];
