//! Where keys come from: what stands beside the ciphertext, what the app carries, the time, the phone's values,
//! and what programmers make of such strings before they call them a key.

use std::borrow::Cow;

use evidence::Timestamp;
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256};

use crate::{Carrier, Context, Field, carrier::to_hex};

/// A string that a key may be made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Base {
    pub(super) bytes: Vec<u8>,
    /// Where it comes from: `field "t"`, `hex(field "t")`, `unix seconds 1400000000`.
    pub(super) name: String,
    /// When it has its turn.
    pub(super) rank: Rank,
}

/// How likely it is that a key is made of a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rank {
    /// Of those of which there are few: fields, the first strings of the app, keys of textbooks, the very time.
    Near,
    /// Two fields one behind the other.
    Joined,
    /// Any other.
    Far,
}

impl Base {
    fn near(bytes: Vec<u8>, name: String) -> Self {
        Self { bytes, name, rank: Rank::Near }
    }

    fn far(bytes: Vec<u8>, name: String) -> Self {
        Self { bytes, name, rank: Rank::Far }
    }
}

/// Bytes that a key is cut from.
#[derive(Clone, Debug)]
pub(super) struct Material {
    pub(super) bytes: Vec<u8>,
    made: Made,
}

/// What was made of a base.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Made {
    Digest(&'static str),
    /// The digest's text.
    Hex(&'static str),
    HexUpper(&'static str),
    Itself,
    Sha1Prng,
}

impl Material {
    /// Whether programmers seldom make keys so.
    pub(super) fn is_rare(&self) -> bool {
        match self.made {
            Made::Itself | Made::Hex("md5") => false,
            Made::Digest(name) => name == "sha1",
            _ => true,
        }
    }

    /// Whether it is a digest or its text: cut in fewer ways than a string.
    fn is_digest(&self) -> bool {
        self.made != Made::Itself
    }

    /// `md5(field "t")`.
    fn name(&self, base: &Base) -> String {
        match self.made {
            Made::Itself => base.name.clone(),
            Made::Digest(name) => format!("{name}({})", base.name),
            Made::Hex(name) => format!("hex-{name}({})", base.name),
            Made::HexUpper(name) => format!("HEX-{name}({})", base.name),
            Made::Sha1Prng => format!("sha1prng({})", base.name),
        }
    }

    /// Shell commands that print the bytes in hex.
    fn shell(&self, base: &Base) -> String {
        let given = format!("printf %s {}", to_hex(&base.bytes));
        let digest = |name: &str| format!("{given} | xxd -r -p | openssl dgst -{name} -r | cut -d' ' -f1");
        match self.made {
            Made::Itself => given,
            Made::Digest(name) => digest(name),
            Made::Hex(name) => format!("{} | tr -d '\\n' | xxd -p -c 99", digest(name)),
            Made::HexUpper(name) => format!("{} | tr -d '\\n' | tr a-f A-F | xxd -p -c 99", digest(name)),
            Made::Sha1Prng => {
                format!("{} | xxd -r -p | openssl dgst -sha1 -r | cut -d' ' -f1", digest("sha1"))
            }
        }
    }
}

/// A key of the right length.
pub(super) struct Key<'a> {
    pub(super) bytes: Cow<'a, [u8]>,
    base: &'a Base,
    material: &'a Material,
    part: Part,
}

/// How a key was made as long as it must be.
#[derive(Clone, Copy)]
enum Part {
    /// Filled up with bytes.
    Filled(u8, &'static str),
    First,
    /// From so many bytes on.
    Last(usize),
    /// The middle sixteen characters of an MD5's text, which are a habit of their own.
    Middle,
    Whole,
}

impl Key<'_> {
    pub(super) fn is_rare(&self) -> bool {
        self.material.is_rare() || !matches!(self.part, Part::First | Part::Whole)
    }

    /// Where it comes from: `hex-md5(field "t")[..16]`.
    pub(super) fn name(&self) -> String {
        let name = self.material.name(self.base);
        match self.part {
            Part::Filled(_, with) => format!("{name}+{with}"),
            Part::First => format!("{name}[..{}]", self.bytes.len()),
            Part::Last(tail) => format!("{name}[{tail}..]"),
            Part::Middle => format!("{name}[8..24]"),
            Part::Whole => name,
        }
    }

    /// Shell commands that print it in hex.
    pub(super) fn shell(&self) -> String {
        let shell = self.material.shell(self.base);
        match self.part {
            Part::Filled(with, _) => {
                let more = self.bytes.len().saturating_sub(self.material.bytes.len());
                format!("{shell} | sed s/$/{}/", to_hex(&vec![with; more]))
            }
            Part::First => format!("{shell} | cut -c1-{}", self.bytes.len() * 2),
            Part::Last(tail) => format!("{shell} | cut -c{}-", tail * 2 + 1),
            Part::Middle => format!("{shell} | cut -c17-48"),
            Part::Whole => shell,
        }
    }
}

/// The bases that a context offers, likeliest first, each string once.
pub(super) fn bases(context: &Context<'_>) -> Vec<Base> {
    let mut bases: Vec<Base> = Vec::new();
    for field in context.fields {
        let read = readings(field.bytes, format!("field \"{}\"", field.name));
        bases.extend(read.map(|(bytes, name)| Base::near(bytes, name)));
    }
    for (number, constant) in context.constants.iter().enumerate() {
        let make = if number < NEAR_CONSTANTS { Base::near } else { Base::far };
        let read = readings(constant.bytes, format!("constant ({})", constant.origin));
        bases.extend(read.map(|(bytes, name)| make(bytes, name)));
    }
    bases.extend(KNOWN.iter().map(|known| Base::near(known.to_vec(), known_name(known))));
    bases.push(Base::near(vec![0; 32], "zeros".to_owned()));
    for (spelling, crib) in context.cribs.spellings().take(MOST_DEVICE_VALUES) {
        bases.push(Base::far(spelling.to_vec(), format!("device value ({})", crib.label)));
    }
    bases.extend(context.time.into_iter().flat_map(|time| times(time, context.window)));
    bases.extend(joined(context));
    let mut seen = std::collections::BTreeSet::new();
    bases.retain(|base| (1..=MOST_BYTES).contains(&base.bytes.len()) && seen.insert(base.bytes.clone()));
    bases
}

/// What of a context no key is made of, because there is too much of it.
pub(super) fn left_out(context: &Context<'_>) -> impl Iterator<Item = &'static str> {
    let parts = context.fields.iter().filter(|field| PARTS.contains(&field.bytes.len()));
    let rows = [
        (
            context.cribs.spellings().count() > MOST_DEVICE_VALUES,
            "values of the profile that were not tried as keys on them",
        ),
        (parts.count() > MOST_JOINED, "pairs of fields that were not tried as keys on them"),
    ];
    rows.into_iter().filter(|(cut, _)| *cut).map(|(_, what)| what)
}

/// Two fields, one behind the other: of the first few that may be part of a key, neighbours first.
fn joined(context: &Context<'_>) -> Vec<Base> {
    let short = context.fields.iter().filter(|field| PARTS.contains(&field.bytes.len()));
    let fields: Vec<_> = short.take(MOST_JOINED).enumerate().collect();
    let pairs = fields.iter().flat_map(|one| fields.iter().map(move |other| (one, other)));
    let mut pairs: Vec<_> = pairs.filter(|((one, _), (other, _))| one != other).collect();
    pairs.sort_by_key(|((one, _), (other, _))| one.abs_diff(*other));
    let join = |((_, one), (_, other)): (&(_, &Field<'_>), &(_, &Field<'_>))| Base {
        bytes: [one.bytes, other.bytes].concat(),
        name: format!("field \"{}\"+field \"{}\"", one.name, other.name),
        rank: Rank::Joined,
    };
    pairs.into_iter().map(join).collect()
}

/// What a string reads as, the strictest reading first, with names.
fn readings(bytes: &[u8], name: String) -> impl Iterator<Item = (Vec<u8>, String)> {
    Carrier::readings(bytes).into_iter().rev().map(move |(carrier, bytes)| match carrier {
        Carrier::Raw => (bytes, name.clone()),
        _ => (bytes, format!("{carrier}({name})")),
    })
}

fn known_name(known: &[u8]) -> String {
    format!("well-known \"{}\"", String::from_utf8_lossy(known))
}

/// Keys made of the time of sending, nearest first.
fn times(time: Timestamp, window: u16) -> Vec<Base> {
    let now = time.seconds();
    let mut bases = Vec::new();
    for distance in 0..=i64::from(window) {
        let make = if distance == 0 { Base::near } else { Base::far };
        for seconds in [now.saturating_sub(distance), now.saturating_add(distance)] {
            let rows = [
                (seconds.to_string().into_bytes(), "unix seconds"),
                (format!("{seconds}000").into_bytes(), "unix milliseconds of"),
                (format!("{seconds:x}").into_bytes(), "hex unix seconds"),
                (seconds.to_be_bytes().to_vec(), "big-endian unix seconds"),
            ];
            bases.extend(rows.map(|(bytes, form)| make(bytes, format!("{form} {seconds}"))));
        }
    }
    for (unit, length) in [("minutes", 60), ("hours", 3600), ("days", 86_400)] {
        for step in [0_i64, -1, 1] {
            let make = if step == 0 { Base::near } else { Base::far };
            let number = now.div_euclid(length).saturating_add(step);
            bases.push(make(number.to_string().into_bytes(), format!("unix {unit} {number}")));
        }
    }
    for (zone, hours) in [("UTC", 0_i64), ("UTC+8", 8)] {
        for minute in [0_i64, -1, 1] {
            let make = if (hours, minute) == (0, 0) { Base::near } else { Base::far };
            let written = calendar(now.saturating_add(hours * 3600 + minute * 60), zone);
            bases.extend(written.into_iter().map(|(bytes, name)| make(bytes, name)));
        }
    }
    bases
}

/// The calendar's ways to write a minute and its day, with names.
fn calendar(seconds: i64, zone: &str) -> Vec<(Vec<u8>, String)> {
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
    written.map(|(text, form)| (text.into(), format!("time {form} {zone} \"{text}\""))).collect()
}

/// What is made of a base before it is cut to a key's length, the usual first.
pub(super) fn materials(base: &Base) -> Vec<Material> {
    let md5 = Md5::digest(&base.bytes).to_vec();
    let sha1 = Sha1::digest(&base.bytes).to_vec();
    let sha256 = Sha256::digest(&base.bytes).to_vec();
    let seeded = Sha1::digest(&sha1).to_vec();
    let hex = |bytes: &[u8]| to_hex(bytes).into_bytes();
    let made = |bytes: Vec<u8>, made: Made| Material { bytes, made };
    vec![
        made(base.bytes.clone(), Made::Itself),
        made(hex(&md5), Made::Hex("md5")),
        made(hex(&sha256), Made::Hex("sha256")),
        made(hex(&sha1), Made::Hex("sha1")),
        made(hex(&md5).to_ascii_uppercase(), Made::HexUpper("md5")),
        made(md5, Made::Digest("md5")),
        made(sha256, Made::Digest("sha256")),
        made(sha1, Made::Digest("sha1")),
        made(seeded, Made::Sha1Prng),
    ]
}

/// The keys of a length that a material gives.
pub(super) fn fitted<'a>(base: &'a Base, material: &'a Material, length: usize) -> [Option<Key<'a>>; 3] {
    let bytes = &material.bytes;
    let key = |bytes: Cow<'a, [u8]>, part: Part| Key { bytes, base, material, part };
    let cut = |part: Option<&'a [u8]>, kind: Part| part.map(|part| key(Cow::Borrowed(part), kind));
    if bytes.len() == length {
        return [cut(Some(bytes), Part::Whole), None, None];
    }
    if bytes.len() > length {
        let tail = bytes.len() - length;
        let last = cut(bytes.get(tail..), Part::Last(tail)).filter(|_| !material.is_digest());
        let middle = bytes.len() == 32 && length == 16 && material.is_digest();
        let middle = middle.then(|| cut(bytes.get(8..24), Part::Middle)).flatten();
        return [cut(bytes.get(..length), Part::First), last, middle];
    }
    if material.is_digest() || bytes.len() < 4 {
        return [None, None, None];
    }
    let fill = |with: u8, name: &'static str| {
        let mut filled = bytes.clone();
        filled.resize(length, with);
        key(Cow::Owned(filled), Part::Filled(with, name))
    };
    [Some(fill(0, "zeros")), Some(fill(b'0', "\"0\"")), None]
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
/// Fields that are joined with each other, and how long they are, in bytes.
const MOST_JOINED: usize = 16;
const PARTS: std::ops::RangeInclusive<usize> = 2..=64;
/// Strings of an app that are tried before others.
const NEAR_CONSTANTS: usize = 32;
