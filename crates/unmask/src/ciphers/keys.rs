//! Where keys come from: what stands beside the ciphertext, what the app carries, the time, the phone's values,
//! and what programmers make of such strings before they call them a key.

use evidence::Timestamp;
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256};

use crate::{Carrier, Context, carrier::to_hex};

/// A string that a key may be made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Base {
    pub(super) bytes: Vec<u8>,
    /// Where it comes from: `field "t"`, `hex(field "t")`, `unix seconds 1400000000`.
    pub(super) name: String,
}

/// Bytes that a key is cut from.
#[derive(Clone, Debug)]
pub(super) struct Material {
    pub(super) bytes: Vec<u8>,
    /// `md5(field "t")`.
    pub(super) name: String,
    /// Shell commands that print the bytes in hex.
    pub(super) shell: String,
    /// Whether programmers seldom make keys so.
    pub(super) rare: bool,
    /// Whether it is a digest or its text: cut in fewer ways than a string.
    digest: bool,
}

/// A key of the right length.
#[derive(Clone, Debug)]
pub(super) struct Key {
    pub(super) bytes: Vec<u8>,
    pub(super) name: String,
    pub(super) shell: String,
    pub(super) rare: bool,
}

/// The bases that a context offers, likeliest first, each string once.
pub(super) fn bases(context: &Context<'_>) -> Vec<Base> {
    let mut bases: Vec<Base> = Vec::new();
    for field in context.fields {
        for (carrier, bytes) in Carrier::readings(field.bytes).into_iter().rev() {
            let name = match carrier {
                Carrier::Raw => format!("field \"{}\"", field.name),
                _ => format!("{carrier}(field \"{}\")", field.name),
            };
            bases.push(Base { bytes, name });
        }
    }
    for constant in context.constants {
        for (carrier, bytes) in Carrier::readings(constant.bytes).into_iter().rev() {
            let name = match carrier {
                Carrier::Raw => format!("constant ({})", constant.origin),
                _ => format!("{carrier}(constant ({}))", constant.origin),
            };
            bases.push(Base { bytes, name });
        }
    }
    for (spelling, crib) in context.cribs.spellings().take(MOST_DEVICE_VALUES) {
        bases.push(Base { bytes: spelling.to_vec(), name: format!("device value ({})", crib.label) });
    }
    bases.extend(context.time.into_iter().flat_map(|time| times(time, context.window)));
    bases.extend(KNOWN.iter().map(|known| Base { bytes: known.to_vec(), name: known_name(known) }));
    bases.push(Base { bytes: vec![0; 32], name: "zeros".to_owned() });
    let mut seen = std::collections::BTreeSet::new();
    bases.retain(|base| (1..=MOST_BYTES).contains(&base.bytes.len()) && seen.insert(base.bytes.clone()));
    bases
}

fn known_name(known: &[u8]) -> String {
    format!("well-known \"{}\"", String::from_utf8_lossy(known))
}

/// Keys made of the time of sending, nearest first.
fn times(time: Timestamp, window: u16) -> Vec<Base> {
    let now = time.seconds();
    let mut bases = Vec::new();
    for distance in 0..=i64::from(window) {
        for seconds in [now.saturating_sub(distance), now.saturating_add(distance)] {
            let name = |form: &str| format!("{form} {seconds}");
            bases.push(Base { bytes: seconds.to_string().into_bytes(), name: name("unix seconds") });
            bases.push(Base {
                bytes: format!("{seconds}000").into_bytes(),
                name: name("unix milliseconds of"),
            });
            bases.push(Base { bytes: format!("{seconds:x}").into_bytes(), name: name("hex unix seconds") });
            bases.push(Base { bytes: seconds.to_be_bytes().to_vec(), name: name("big-endian unix seconds") });
        }
    }
    for (unit, length) in [("minutes", 60), ("hours", 3600), ("days", 86_400)] {
        for step in [0_i64, -1, 1] {
            let number = now.div_euclid(length).saturating_add(step);
            bases
                .push(Base { bytes: number.to_string().into_bytes(), name: format!("unix {unit} {number}") });
        }
    }
    for (zone, hours) in [("UTC", 0_i64), ("UTC+8", 8)] {
        for minute in [0_i64, -1, 1] {
            bases.extend(calendar(now.saturating_add(hours * 3600 + minute * 60), zone));
        }
    }
    bases
}

/// The calendar's ways to write a minute and its day.
fn calendar(seconds: i64, zone: &str) -> Vec<Base> {
    let text = Timestamp::new(seconds, 0).to_string();
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let written = [
        (digits.get(..14), "yyyyMMddHHmmss"),
        (digits.get(..12), "yyyyMMddHHmm"),
        (digits.get(..10), "yyyyMMddHH"),
        (digits.get(..8), "yyyyMMdd"),
        (text.get(..10), "yyyy-MM-dd"),
    ];
    let written = written.into_iter().filter_map(|(text, form)| Some((text?, form)));
    written
        .map(|(text, form)| Base { bytes: text.into(), name: format!("time {form} {zone} \"{text}\"") })
        .collect()
}

/// What is made of a base before it is cut to a key's length, the usual first.
pub(super) fn materials(base: &Base) -> Vec<Material> {
    let given = format!("printf %s {}", to_hex(&base.bytes));
    let md5 = Md5::digest(&base.bytes).to_vec();
    let sha1 = Sha1::digest(&base.bytes).to_vec();
    let sha256 = Sha256::digest(&base.bytes).to_vec();
    let seeded = Sha1::digest(&sha1).to_vec();
    let digest = |name: &str| format!("{given} | xxd -r -p | openssl dgst -{name} -r | cut -d' ' -f1");
    let text = |shell: &str| format!("{shell} | tr -d '\\n' | xxd -p -c 99");
    let upper = |shell: &str| format!("{shell} | tr -d '\\n' | tr a-f A-F | xxd -p -c 99");
    let of = |name: &str| format!("{name}({})", base.name);
    let made = |bytes: Vec<u8>, name: String, shell: String, rare: bool| Material {
        bytes,
        name,
        shell,
        rare,
        digest: true,
    };
    let hex = |bytes: &[u8]| to_hex(bytes).into_bytes();
    let high = |bytes: &[u8]| to_hex(bytes).to_ascii_uppercase().into_bytes();
    vec![
        Material {
            bytes: base.bytes.clone(),
            name: base.name.clone(),
            shell: given.clone(),
            rare: false,
            digest: false,
        },
        made(hex(&md5), of("hex-md5"), text(&digest("md5")), false),
        made(hex(&sha256), of("hex-sha256"), text(&digest("sha256")), true),
        made(hex(&sha1), of("hex-sha1"), text(&digest("sha1")), true),
        made(high(&md5), of("HEX-md5"), upper(&digest("md5")), true),
        made(md5, of("md5"), digest("md5"), false),
        made(sha256, of("sha256"), digest("sha256"), false),
        made(sha1, of("sha1"), digest("sha1"), true),
        made(
            seeded,
            of("sha1prng"),
            format!("{} | xxd -r -p | openssl dgst -sha1 -r | cut -d' ' -f1", digest("sha1")),
            true,
        ),
    ]
}

/// The keys of a length that a material gives.
pub(super) fn fitted(material: &Material, length: usize) -> Vec<Key> {
    let bytes = &material.bytes;
    let key = |part: Option<&[u8]>, cut: &str, shell: String, rare: bool| {
        part.map(|part| Key {
            bytes: part.to_vec(),
            name: format!("{}{cut}", material.name),
            shell: format!("{}{shell}", material.shell),
            rare: rare || material.rare,
        })
    };
    if bytes.len() == length {
        return key(Some(bytes), "", String::new(), false).into_iter().collect();
    }
    if bytes.len() > length {
        let digits = length * 2;
        let first = key(bytes.get(..length), &format!("[..{length}]"), format!(" | cut -c1-{digits}"), false);
        let tail = bytes.len() - length;
        let last =
            key(bytes.get(tail..), &format!("[{tail}..]"), format!(" | cut -c{}-", tail * 2 + 1), true);
        // The middle sixteen characters of an MD5's text are a habit of their own.
        let middle = (bytes.len() == 32 && length == 16 && material.digest)
            .then(|| key(bytes.get(8..24), "[8..24]", " | cut -c17-48".to_owned(), true));
        return [first, last.filter(|_| !material.digest), middle.flatten()].into_iter().flatten().collect();
    }
    if material.digest || bytes.len() < 4 {
        return Vec::new();
    }
    let fill = |with: u8, name: &str| {
        let mut filled = bytes.clone();
        filled.resize(length, with);
        let zeros = to_hex(&vec![with; length - bytes.len()]);
        key(Some(&filled), name, format!(" | sed s/$/{zeros}/"), true)
    };
    [fill(0, "+zeros"), fill(b'0', "+\"0\"")].into_iter().flatten().collect()
}

/// EVP_BytesToKey with one round, as `openssl enc` and CryptoJS make key and vector of a password and a salt.
pub(super) fn from_password(sha256: bool, password: &[u8], salt: &[u8], length: usize) -> Vec<u8> {
    let mut made = Vec::new();
    let mut last: Vec<u8> = Vec::new();
    while made.len() < length {
        let input = [&last, password, salt].concat();
        last = if sha256 { Sha256::digest(&input).to_vec() } else { Md5::digest(&input).to_vec() };
        made.extend(&last);
    }
    made.truncate(length);
    made
}

/// Keys that stand in textbooks, answers and examples of the platforms.
const KNOWN: &[&[u8]] = &[
    b"0123456789abcdef",
    b"1234567890123456",
    b"1234567812345678",
    b"0123456789ABCDEF",
    b"abcdefghijklmnop",
    b"1234567890abcdef",
    b"12345678",
    b"password",
    b"key",
    b"secret",
];
/// Longer strings are no keys.
const MOST_BYTES: usize = 256;
const MOST_DEVICE_VALUES: usize = 64;
