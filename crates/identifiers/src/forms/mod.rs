//! From a value to the forms it may leave in: what the search looks for.
//!
//! A [`Form`](evidence::Form) names the steps from the value's canonical writing to the bytes found, joined
//! by `/`. The first step is the writing; it is left out before a digest where it is the canonical one.
//!
//! | step | meaning |
//! |---|---|
//! | `digits` | the digits |
//! | `digits[..14]` `digits[..14]0` `imeisv` | an IMEI without check digit; with a zero for it; with two digits of software version |
//! | `digits[..19]` `digits+luhn` | an ICCID without its last digit; with a check digit after it |
//! | `e164` `e164-digits` `idd` `national` `national-bare` | a telephone number with `+`; without; with `00` or `011`; with the trunk prefix; without |
//! | `grouped` `separated` | digits in the usual groups; in any groups, as a field's value |
//! | `colon` `dash` `dot` `space` `plain` `short` | MAC address, UUID or hex with these separators or none; without leading zeros |
//! | `text` `bare` `surname-first` `dashed` `underscored` `plussed` `latin1` | words; an address without scheme; words joined by these; in ISO 8859-1 |
//! | `lat,lon.4` `lon,lat.4` `lat.5` `lon.5` `e6` `e7` | positions: pairs and single angles with so many decimals, angles × 10⁶ and 10⁷ |
//! | `plmn` `mcc` `mnc` | a network's code: both parts, one |
//! | `low16` `enodeb-sector` | a radio cell's lower 16 bits; its base station and sector (3GPP TS 36.300) |
//! | `-lower` `-upper` `-mixed` after a step | its letters' case where it is not the canonical one's, or the value has no letters' case of its own |
//! | `decimal` `hex-number` | the number in the other base, as text; of a MEID each of its halves |
//! | `raw` `raw-reversed` `guid` | the bytes; backwards; with the first three groups of a UUID little-endian |
//! | `u16be` `u32be` `u64le` `u64be` `varint` `zigzag` `f64le` `f64be` | the number as integer (protobuf's among them) or IEEE 754 double |
//! | `bcd` `bcd-zero` `bcd-right` `bcd-swapped` | two digits a byte: `F` or `0` fills the last nibble, `0` the first; nibbles swapped (3GPP TS 24.008, E.118) |
//! | `mobile-identity` `sms-address` | 3GPP TS 24.008 section 10.5.1.4 with its type nibble; TS 23.040 section 9.1.2.5 |
//! | `utf16le` `utf16be` `hex` `reversed` | of the text or bytes before |
//! | `base64` `base64+1` `base64+2`, `base64url…` | base64, the text beginning at a byte whose place modulo three is 0, 1, 2; the bits that it shares a character with are looked at as well |
//! | `md5` `sha1` `sha224` `sha256` `sha384` `sha512` `sha3-256` `blake2b` `blake2b-256` `blake2s` | digests, followed by `hex`, `base64`, `base64url` or `raw` |
//! | `murmur3-x64-128` `murmur3-x86-128` `murmur3-32` `crc32` `java-hash` | other hashes, seed 0; `words` after one: its 64-bit words as numbers |
//! | `uuid3` `uuid3-plain` after `md5` | the digest made a version 3 UUID, as Java's `nameUUIDFromBytes` |
//! | `[..n]` `[n..m]` after a digest | only these bytes of it; after `text`, of the text |

use std::collections::HashSet;

use evidence::{Grade, IdentifierKind};

use crate::Value;

mod digest;
pub(crate) mod encoding;
mod packed;
mod spelling;
mod strength;

use encoding::Encoding;
use spelling::Spelling;

/// What must not stand beside a needle for it to count: a number within a longer one is another number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Boundary {
    /// Anything may: the needle cannot stand there by chance.
    None,
    /// A decimal digit.
    Digits,
    /// A decimal digit as UTF-16.
    DigitsWide,
    /// A hex digit.
    Hex,
    /// A hex digit as UTF-16.
    HexWide,
    /// A decimal digit before it; after it, other than exactly two digits (the IMEISV's version).
    Imeisv,
    /// What continues a package's name: a letter, digit, `_`, or `.` with one of them beyond it.
    Package,
    /// A letter or digit, where the needle's own edge is one.
    Word,
    /// The same as UTF-16, of the letters of ASCII.
    WordWide,
}

/// How letters are compared, and whether a form tells their case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Letters {
    /// Byte for byte.
    Exact,
    /// ASCII case does not matter, and is not told.
    Folded,
    /// ASCII case does not matter, and is told.
    Told,
    /// ASCII case does not matter, and is told where it differs from the needle's.
    ToldIfOther,
}

/// Where a form is searched for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Reach {
    /// In fields that hold nothing but digits and separators, which are left out.
    Digits,
    /// In all bytes.
    Everywhere,
    /// In fields whose name fits the kind: the value, an integer of MessagePack or CBOR.
    Number,
    /// In fields: the value as a whole, or a token of it.
    Token,
    /// In fields: the value as a whole.
    Whole,
    /// In fields whose name fits the kind: the value as a whole, or a token of it.
    Named,
}

/// A code that hides where a text begins and ends: a character of it may hold the text's last bits and the
/// next byte's first ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Code {
    /// Base64 (RFC 4648) in either alphabet. So many other bytes stand before the text in its group of three.
    Base64(u8),
    /// Two hex digits a byte.
    Hex,
}

/// What a form must be once its code is undone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Inside {
    pub(crate) code: Code,
    /// The text, to which the form's boundary applies.
    pub(crate) text: Vec<u8>,
}

/// One form of a value, ready to be searched for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    /// Its name; see the module's table.
    pub(crate) form: String,
    /// What to look for.
    pub(crate) bytes: Vec<u8>,
    /// How many of the bytes must be there; the others extend the match as far as they agree.
    pub(crate) anchor: usize,
    pub(crate) letters: Letters,
    pub(crate) boundary: Boundary,
    pub(crate) grade: Grade,
    pub(crate) reach: Reach,
    /// For forms in a code: what must be in it.
    pub(crate) inside: Option<Inside>,
}

/// Bytes that a form must have to be searched for everywhere.
pub(crate) const SHORTEST: usize = 6;

/// Whether a value's plain writing is too short to be searched for in all bytes.
pub(crate) fn weak(kind: IdentifierKind, canonical: &str) -> bool {
    let mut forms = Forms::default();
    spelling::of(kind, canonical).iter().for_each(|spelling| forms.spelling(kind, spelling));
    !forms.shapes.iter().any(|shape| shape.reach == Reach::Everywhere)
}

/// All forms of a value, the most telling first; no two with the same bytes.
pub(crate) fn of(value: &Value) -> Vec<Shape> {
    let mut forms = Forms::default();
    let spellings = spelling::of(value.kind, &value.canonical);
    spellings.iter().for_each(|spelling| forms.spelling(value.kind, spelling));
    packed::of(value.kind, &value.canonical, &mut forms);
    spellings.iter().for_each(|spelling| forms.encodings(spelling));
    for text in spelling::separable(value.kind, &spellings) {
        forms.push(Shape::known("separated", text.into_bytes(), Reach::Digits));
    }
    digest::of(value.kind, &spellings, &mut forms);
    forms.shapes
}

/// The ways in which a value of a kind is written as text, the canonical one first: the form's name and the bytes. Dumps
/// of packed digits are none of them: nobody hashes those or takes them for a key.
pub fn spellings(kind: IdentifierKind, canonical: &str) -> Vec<(String, Vec<u8>)> {
    let written =
        spelling::of(kind, canonical).into_iter().filter(|spelling| !spelling.form.ends_with("/hex"));
    let written = written.flat_map(|spelling| spelling.cases());
    let mut spellings: Vec<(String, Vec<u8>)> =
        written.map(|(form, text)| (form, text.into_bytes())).collect();
    let mut known = HashSet::new();
    spellings.retain(|(_, bytes)| known.insert(bytes.clone()));
    spellings
}

/// A text behind so many zero bytes in base64, in both alphabets.
pub(crate) fn base64_behind(before: u8, text: &[u8]) -> [Vec<u8>; 2] {
    encoding::base64(&[&vec![0; usize::from(before)], text].concat())
}

impl Shape {
    /// Bytes to be found as they are.
    fn known(form: &str, bytes: Vec<u8>, reach: Reach) -> Self {
        Self {
            form: form.to_owned(),
            anchor: bytes.len(),
            bytes,
            letters: Letters::Exact,
            boundary: Boundary::None,
            grade: Grade::Known,
            reach,
            inside: None,
        }
    }
}

/// What makes two forms the same: bytes, reach, boundary, the text in a code.
type Key = (Vec<u8>, Reach, Boundary, Option<Vec<u8>>);

/// Gathers forms, each once.
#[derive(Default)]
struct Forms {
    shapes: Vec<Shape>,
    seen: HashSet<Key>,
}

impl Forms {
    fn push(&mut self, shape: Shape) {
        if shape.reach == Reach::Everywhere && shape.anchor < SHORTEST {
            return;
        }
        let bytes = match shape.letters {
            Letters::Exact => shape.bytes.clone(),
            _ => shape.bytes.to_ascii_lowercase(),
        };
        let text = shape.inside.as_ref().map(|inside| inside.text.clone());
        if self.seen.insert((bytes, shape.reach, shape.boundary, text)) {
            self.shapes.push(shape);
        }
    }

    /// A writing: everywhere where it tells enough, else in fields.
    fn spelling(&mut self, kind: IdentifierKind, spelling: &Spelling) {
        let strong = !spelling::field_only(kind) && strength::text(&spelling.text) && !spelling.named;
        let reach = match strong {
            true => Reach::Everywhere,
            false => spelling::reach(kind, spelling),
        };
        self.push(Shape {
            form: spelling.form.clone(),
            anchor: spelling.anchor,
            bytes: spelling.bytes(),
            letters: spelling.letters,
            boundary: spelling.boundary,
            grade: Grade::Known,
            reach,
            inside: None,
        });
    }

    /// The encodings of a writing that is likely to be encoded and tells enough.
    fn encodings(&mut self, spelling: &Spelling) {
        if !spelling.encoded || !strength::text(&spelling.text) {
            return;
        }
        for (form, text) in spelling.cases() {
            for Encoding { step, bytes, letters, boundary, code } in
                encoding::of(text.as_bytes(), spelling.boundary)
            {
                let form = format!("{form}/{step}");
                let anchor = bytes.len();
                let (grade, reach) = (Grade::Known, Reach::Everywhere);
                let inside = code.map(|code| Inside { code, text: text.clone().into_bytes() });
                self.push(Shape { form, bytes, anchor, letters, boundary, grade, reach, inside });
            }
        }
    }

    /// Packed bytes: only what tells enough.
    fn packed(&mut self, form: &str, bytes: Vec<u8>) {
        if strength::binary(&bytes) {
            self.push(Shape::known(form, bytes, Reach::Everywhere));
        }
    }
}
