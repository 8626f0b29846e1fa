//! What is like an identifier or a hidden one and is none: none of it may be told, neither as the phone's nor as
//! anybody's. Each kind goes to several servers in several places, as the values of a field among others with a nonce
//! and a key beside it, so that everything that is tried on hidden values is tried on it.

use std::{collections::BTreeMap, fmt::Write as _};

use evidence::{Case, FindingKind, IdentifierKind};
use testkit::{
    Dice, Net, PcapStyle, PcapWriter,
    apk::{Member, zip},
};

use crate::{
    audited,
    codes::{base64, base64url, deflate, gzip, hex, zlib},
    forms::Content,
    hidden::{
        ciphers::Cipher,
        digests::{hmac, md5, sha1, sha256, uuid},
        places::{PLACES, Place},
        say,
    },
    page::{Part, hold},
    server,
    values::planted,
};

/// A kind of value that must be left alone.
struct Likeness {
    name: &'static str,
    /// The field that has it.
    field: &'static str,
    /// Whether it is too long or too odd for anything but a body.
    body: bool,
    make: fn(&mut Dice) -> Content,
}

#[test]
fn what_is_like_an_identifier_and_is_none_is_left_alone() {
    let (capture, servers) = capture();
    let (case, _folder) = audited(&capture, EFFORT);
    let taken = taken(&case, &servers);
    assert!(taken.is_empty(), "{taken:#?}");
    hold(Part::LeftAlone, &written());
}

/// What was told of each kind, with the words of the finding.
fn taken(case: &Case, servers: &[&'static str]) -> BTreeMap<&'static str, Vec<String>> {
    let mut taken = BTreeMap::<_, Vec<_>>::new();
    for finding in &case.findings {
        let FindingKind::IdentifierSent { identifier, .. } = &finding.kind else { continue };
        // Each message has a language beside the value.
        if *identifier == IdentifierKind::Locale {
            continue;
        }
        let address = &case.destinations[finding.endpoints[0].0 as usize].endpoint.address;
        let number = (0..).zip(servers).find(|(number, _)| server(*number).to_string() == *address);
        taken.entry(number.map_or("nowhere", |(_, name)| *name)).or_default().push(finding.words.clone());
    }
    taken
}

/// All messages, and the kind that each server is told.
fn capture() -> (Vec<u8>, Vec<&'static str>) {
    let mut net = Net::new(PcapWriter::new(Vec::new(), PcapStyle::default()).unwrap());
    let mut servers = Vec::new();
    let bodies: Vec<&Place> = PLACES.iter().filter(|place| BODIES.contains(&place.name)).collect();
    let all: Vec<&Place> = PLACES.iter().collect();
    for (turn, likeness) in LIKENESSES.iter().enumerate() {
        let places = if likeness.body { &bodies } else { &all };
        for step in 0..SERVERS {
            let number = servers.len() as u32;
            let place = places[(turn + step * 5) % places.len()];
            let mut dice = Dice::new(1 + u64::from(number));
            for message in 0..MESSAGES {
                let time = super::hidden::START + i64::from(number) + 600 * i64::from(message);
                net.set_time(time * 1_000_000_000);
                let mut fields = vec![(likeness.field.to_owned(), (likeness.make)(&mut dice))];
                if !place.alone {
                    let texts = [
                        ("nonce", word(&mut dice, 12)),
                        ("key", hex(&dice.bytes(16))),
                        ("ts", time.to_string()),
                    ];
                    fields.extend(texts.map(|(name, text)| (name.to_owned(), Content::Text(text))));
                }
                say(&mut net, (number, 40_000 + message), place, &place.put(fields, turn + step));
            }
            servers.push(likeness.name);
        }
    }
    (net.into_wire().into_inner(), servers)
}

fn written() -> String {
    let all = LIKENESSES.len() * SERVERS * MESSAGES as usize;
    let mut out = HEAD.replace("{all}", &all.to_string());
    for likeness in LIKENESSES {
        let _ = writeln!(out, "| {} | {} | 0 |", likeness.name, SERVERS * MESSAGES as usize);
    }
    out
}

const fn like(name: &'static str, field: &'static str, make: fn(&mut Dice) -> Content) -> Likeness {
    Likeness { name, field, body: false, make }
}

const fn file(name: &'static str, field: &'static str, make: fn(&mut Dice) -> Content) -> Likeness {
    Likeness { name, field, body: true, make }
}

const LIKENESSES: &[Likeness] = &[
    like("noise, 8 bytes in hex", "sig", |dice| text(hex(&dice.bytes(8)))),
    like("noise, 16 bytes in hex", "sig", |dice| text(hex(&dice.bytes(16)))),
    like("noise, 20 bytes in upper hex", "sig", |dice| text(hex(&dice.bytes(20)).to_uppercase())),
    like("noise, 32 bytes in hex", "data", |dice| text(hex(&dice.bytes(32)))),
    like("noise, 64 bytes in hex", "data", |dice| text(hex(&dice.bytes(64)))),
    like("noise, 6 to 200 bytes in base64", "data", |dice| text(base64(&some(dice, 6, 200)))),
    like("noise, 6 to 200 bytes in base64url", "data", |dice| text(base64url(&some(dice, 6, 200)))),
    like("noise, 6 to 200 bytes", "blob", |dice| Content::Bytes(some(dice, 6, 200))),
    file("noise, 1 to 4 KiB", "blob", |dice| Content::Bytes(some(dice, 1_024, 4_096))),
    like("noise of letters and digits", "data", |dice| {
        let count = 8 + dice.below(56) as usize;
        text(word(dice, count))
    }),
    like("others' MD5, hex", "data", |dice| text(hex(&md5(other(dice))))),
    like("others' MD5, base64", "data", |dice| text(base64(&md5(other(dice))))),
    like("others' MD5 as a UUID", "data", |dice| text(uuid(&md5(other(dice))))),
    like("others' SHA-1, hex", "data", |dice| text(hex(&sha1(other(dice))))),
    like("others' SHA-256, hex", "data", |dice| text(hex(&sha256(other(dice))))),
    like("others' SHA-256, 16 digits", "data", |dice| text(hex(&sha256(other(dice))[..8]))),
    like("others' SHA-256 with a common salt", "data", |dice| {
        text(hex(&sha256(format!("{}salt", other(dice)))))
    }),
    like("others' HMAC, common key", "data", |dice| {
        text(hex(&hmac(sha256, 64, b"secret", other(dice).as_bytes())))
    }),
    like("own HMAC, key out of reach", "data", |dice| {
        let key = dice.bytes(32);
        text(hex(&hmac(sha256, 64, &key, own(dice).as_bytes())))
    }),
    like("own value in AES-CBC, key out of reach", "data", |dice| {
        let (key, iv) = (dice.bytes(16), dice.bytes(16));
        let text = Cipher::aes(&key).cbc(&iv, own(dice).as_bytes());
        Content::Bytes([iv, text].concat())
    }),
    like("own document in AES-ECB, key out of reach", "data", |dice| {
        let key = dice.bytes(16);
        let document = format!(r#"{{"id":"{}","os":"14","lang":"de","event":"start","v":3}}"#, own(dice));
        Content::Bytes(Cipher::aes(&key).ecb(document.as_bytes()))
    }),
    like("own value under a one-time pad", "data", |dice| {
        let own = own(dice);
        let pad = dice.bytes(own.len());
        Content::Bytes(own.bytes().zip(pad).map(|(byte, key)| byte ^ key).collect())
    }),
    like("UUID, version 4", "rid", |dice| text(random_uuid(dice, 4))),
    like("UUID, version 4, without hyphens", "rid", |dice| text(random_uuid(dice, 4).replace('-', ""))),
    like("UUID, version 7", "rid", |dice| text(random_uuid(dice, 7))),
    like("JSON web token", "auth", |dice| {
        let head = base64url(br#"{"alg":"RS256","typ":"JWT","kid":"k7"}"#);
        let claims = format!(r#"{{"sub":"{}","iat":1700006400,"exp":1700010000}}"#, random_uuid(dice, 4));
        text(format!("{head}.{}.{}", base64url(claims.as_bytes()), base64url(&dice.bytes(128))))
    }),
    like("ETag", "etag", |dice| text(format!("W/\"{}-{}\"", hex(&dice.bytes(3)), hex(&dice.bytes(6))))),
    like("session of PHP", "PHPSESSID", |dice| text(word(dice, 26).to_lowercase())),
    like("session of a servlet", "JSESSIONID", |dice| text(hex(&dice.bytes(16)).to_uppercase())),
    like("git commit", "commit", |dice| text(hex(&dice.bytes(20)))),
    like("trace of a request", "traceparent", |dice| {
        text(format!("00-{}-{}-01", hex(&dice.bytes(16)), hex(&dice.bytes(8))))
    }),
    like("token against forgery", "csrf", |dice| text(base64(&dice.bytes(33)))),
    like("object of a database", "oid", |dice| text(format!("6554{}", hex(&dice.bytes(10))))),
    like("CRC-32", "crc", |dice| text(hex(&dice.bytes(4)))),
    like("order number", "order", |dice| text(format!("{:011}", dice.below(100_000_000_000)))),
    file("head of a JPEG", "img", |dice| Content::Bytes(jpeg(dice))),
    file("PNG", "img", |dice| Content::Bytes(png(dice))),
    file("WebP", "img", |dice| {
        let body = some(dice, 200, 900);
        let size = (body.len() as u32 + 12).to_le_bytes();
        Content::Bytes([b"RIFF", &size[..], b"WEBPVP8 ", &(body.len() as u32).to_le_bytes(), &body].concat())
    }),
    file("head of an MP4", "clip", |dice| {
        let ftyp = [&[0, 0, 0, 24][..], b"ftypisom", &[0, 0, 2, 0], b"isomavc1"].concat();
        let units = units(dice, |len| len.to_be_bytes().to_vec());
        let mdat = [&(units.len() as u32 + 8).to_be_bytes()[..], b"mdat", &units].concat();
        Content::Bytes([ftyp, mdat].concat())
    }),
    file("video, H.264", "clip", |dice| Content::Bytes(units(dice, |_| vec![0, 0, 0, 1]))),
    file("sound, Ogg", "clip", |dice| {
        let body = some(dice, 200, 250);
        let head =
            [&b"OggS\0\x02"[..], &[0; 8], &dice.bytes(4), &[0; 4], &dice.bytes(4), &[1, body.len() as u8]]
                .concat();
        Content::Bytes([head, body].concat())
    }),
    file("gzip of a log", "log", |dice| Content::Bytes(gzip(log(dice).as_bytes()))),
    file("zlib of a log", "log", |dice| Content::Bytes(zlib(log(dice).as_bytes()))),
    file("zip of noise", "log", |dice| {
        let noise = some(dice, 200, 800);
        let packed = deflate(&noise);
        Content::Bytes(zip(&[Member::packed("a.bin", 8, &noise, packed)]))
    }),
    file("TLS within: a hello", "raw", |dice| Content::Bytes(hello(dice))),
    file("TLS within: records", "raw", |dice| {
        let record = |dice: &mut Dice| {
            let body = some(dice, 40, 400);
            [&[0x17, 3, 3][..], &(body.len() as u16).to_be_bytes(), &body].concat()
        };
        Content::Bytes([record(dice), record(dice)].concat())
    }),
];

fn text(text: String) -> Content {
    Content::Text(text)
}

/// So many bytes of noise, or more, up to a count.
fn some(dice: &mut Dice, least: usize, most: usize) -> Vec<u8> {
    let count = least + dice.below((most - least) as u64) as usize;
    dice.bytes(count)
}

fn word(dice: &mut Dice, count: usize) -> String {
    let letters = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    dice.bytes(count).iter().map(|byte| char::from(letters[usize::from(*byte) % letters.len()])).collect()
}

/// An identifier of somebody else.
fn other(dice: &mut Dice) -> String {
    match dice.below(6) {
        0 => format!("35209900{:07}", dice.below(10_000_000)),
        1 => format!("2620194{:08}", dice.below(100_000_000)),
        2 => dice.bytes(6).iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":"),
        3 => hex(&dice.bytes(8)),
        4 => format!("+491555{:07}", dice.below(10_000_000)),
        _ => random_uuid(dice, 4),
    }
}

/// A value of the phone's own.
fn own(dice: &mut Dice) -> String {
    let values = planted();
    values[dice.below(values.len() as u64) as usize].writings[0].to_owned()
}

fn random_uuid(dice: &mut Dice, version: u8) -> String {
    let mut bytes = dice.bytes(16);
    if version == 7 {
        bytes[..6].copy_from_slice(&1_700_006_400_000_u64.to_be_bytes()[2..]);
    }
    bytes[6] = bytes[6] & 0x0f | version << 4;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    uuid(&bytes)
}

/// A head with its tables, and a scan that looks as scans do: noise in which a byte of ones is followed by zero.
fn jpeg(dice: &mut Dice) -> Vec<u8> {
    let mut out =
        b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00\xff\xdb\x00\x43\x00".to_vec();
    out.extend((0..64).map(|place| 3 + place / 2));
    out.extend(
        b"\xff\xc0\x00\x0b\x08\x02\x00\x03\x00\x01\x01\x11\x00\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00",
    );
    for byte in some(dice, 300, 700) {
        out.extend([byte].into_iter().chain((byte == 0xff).then_some(0)));
    }
    out
}

fn png(dice: &mut Dice) -> Vec<u8> {
    let rows = (0..16).flat_map(|row| [vec![0], (0..48).map(|x| x + row).collect(), dice.bytes(16)].concat());
    let rows: Vec<u8> = rows.collect();
    let chunk = |kind: &[u8; 4], body: &[u8]| {
        let typed = [kind, body].concat();
        let crc = testkit::apk::crc32(&typed);
        [&(body.len() as u32).to_be_bytes()[..], &typed, &crc.to_be_bytes()].concat()
    };
    let size = [&[0, 0, 0, 64, 0, 0, 0, 16][..], &[8, 0, 0, 0, 0]].concat();
    [b"\x89PNG\r\n\x1a\n".to_vec(), chunk(b"IHDR", &size), chunk(b"IDAT", &zlib(&rows)), chunk(b"IEND", &[])]
        .concat()
}

/// Parts of a coded video: parameter sets and slices.
fn units(dice: &mut Dice, before: fn(u32) -> Vec<u8>) -> Vec<u8> {
    let sets = [&b"\x67\x42\xc0\x1e\xd9\x00\xa0\x47\xfe\x88"[..], b"\x68\xce\x3c\x80"].map(<[u8]>::to_vec);
    let slices: Vec<Vec<u8>> = (0..3).map(|_| [vec![0x41, 0x9a], some(dice, 100, 300)].concat()).collect();
    sets.into_iter().chain(slices).flat_map(|unit| [before(unit.len() as u32), unit].concat()).collect()
}

fn log(dice: &mut Dice) -> String {
    let line = |dice: &mut Dice| format!("GET /img/{}.png 200 {}\n", hex(&dice.bytes(4)), dice.below(9_000));
    (0..12).map(|_| line(dice)).collect()
}

/// A ClientHello (RFC 8446 section 4.1.2) with a key share and a name.
fn hello(dice: &mut Dice) -> Vec<u8> {
    let name = b"\x00\x00\x00\x10\x00\x0e\x00\x00\x0bcdn.example";
    let share = [&[0, 0x33, 0, 0x26, 0, 0x24, 0, 0x1d, 0, 0x20][..], &dice.bytes(32)].concat();
    let extensions = [&name[..], &share].concat();
    let body = [
        &[3, 3][..],
        &dice.bytes(32),
        &[32],
        &dice.bytes(32),
        &[0, 2, 0x13, 1, 1, 0],
        &(extensions.len() as u16).to_be_bytes(),
        &extensions,
    ]
    .concat();
    let handshake = [&[1, 0][..], &(body.len() as u16).to_be_bytes(), &body].concat();
    [&[0x16, 3, 1][..], &(handshake.len() as u16).to_be_bytes(), &handshake].concat()
}

/// Places for files.
const BODIES: [&str; 9] = [
    "form",
    "JSON",
    "JSON, apart",
    "JSON in JSON",
    "protobuf",
    "multipart",
    "body and header",
    "WebSocket",
    "TCP",
];
/// Servers that each kind goes to, and messages to each. Of the values of a field the first are tried hardest.
const SERVERS: usize = 4;
const MESSAGES: u16 = 25;
/// Enough for all that is tried on one value, for each field.
const EFFORT: u64 = 50;

const HEAD: &str = "\
# What is left alone

What is like an identifier or a hidden one and is none, in fields of messages that have a nonce, a key and a time beside
it, audited with the usual budget. Of {all} values, none was told as an identifier, neither as one of the phone's nor by its shape.

| kind | values | told |
|---|--:|--:|
";
