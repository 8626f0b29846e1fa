//! Digests of a value's writings: what programs send when they "do not send the value".

use blake2::{Blake2b512, Blake2s256, digest::consts::U32};
use evidence::{Grade, IdentifierKind};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};
use sha3::Sha3_256;

use super::{
    Boundary, Forms, Letters, Reach, Shape, encoding,
    spelling::{Hashed, Spelling},
};

/// A digest function and its name.
type Function = (&'static str, fn(&[u8]) -> Vec<u8>);

/// The digests of all writings, raw bytes of addresses among them.
pub(super) fn of(kind: IdentifierKind, spellings: &[Spelling], forms: &mut Forms) {
    for spelling in spellings.iter().filter(|spelling| spelling.hashed != Hashed::No) {
        for (form, text) in spelling.cases() {
            let canonical = spellings.first().is_some_and(|first| first.text == text);
            let before = if canonical { String::new() } else { format!("{form}/") };
            text_digests(&before, text.as_bytes(), spelling.hashed, forms);
            if spelling.hashed == Hashed::Full && !matches!(kind, IdentifierKind::Email) {
                short_hashes(&before, text.as_bytes(), forms);
            }
        }
    }
    raw_digests(forms);
}

fn text_digests(before: &str, text: &[u8], hashed: Hashed, forms: &mut Forms) {
    // Digests of two or three digits are in every table: they tell nothing.
    if text.len() < 4 || (text.len() < 6 && text.iter().all(u8::is_ascii_digit)) {
        return;
    }
    for (name, function) in COMMON {
        written(&format!("{before}{name}"), &function(text), forms);
    }
    uuid3(before, text, forms);
    if hashed == Hashed::Full {
        for (name, function) in MORE {
            written(&format!("{before}{name}"), &function(text), forms);
        }
        for (inner, outer) in TWICE {
            let hex = encoding::hex(&(inner.1)(text));
            hex_digest(&format!("{before}{}/hex/{}", inner.0, outer.0), &(outer.1)(hex.as_bytes()), forms);
        }
    }
}

/// Digests of packed bytes that stand for the value as it is.
fn raw_digests(forms: &mut Forms) {
    let Some(raw) = forms.shapes.iter().find(|shape| shape.form == "raw").map(|shape| shape.bytes.clone())
    else {
        return;
    };
    for (name, function) in COMMON {
        written(&format!("raw/{name}"), &function(&raw), forms);
    }
}

/// A digest as hex, base64 and bytes. Its beginning is enough: programs cut digests short.
fn written(form: &str, digest: &[u8], forms: &mut Forms) {
    hex_digest(form, digest, forms);
    for (step, text) in ["base64", "base64url"].into_iter().zip(encoding::base64(digest)) {
        forms.push(derived(format!("{form}/{step}"), text, 11, Letters::Exact));
    }
    // Eight bytes of a digest in 64 bits: only of the canonical writing and the common functions.
    let eight = COMMON.iter().any(|(name, _)| *name == form);
    forms.push(derived(format!("{form}/raw"), digest.to_vec(), if eight { 8 } else { 11 }, Letters::Exact));
}

fn hex_digest(form: &str, digest: &[u8], forms: &mut Forms) {
    let hex = encoding::hex(digest).into_bytes();
    // "16-digit MD5", usual in China: the middle of the 32 digits.
    if let Some(middle) = hex.get(8..24).filter(|_| form.ends_with("md5")) {
        forms.push(derived(format!("{form}[4..12]/hex"), middle.to_vec(), 16, Letters::Folded));
    }
    forms.push(derived(format!("{form}/hex"), hex, 16, Letters::Folded));
}

/// RFC 9562 section 5.3 without a name space, as `java.util.UUID.nameUUIDFromBytes`.
fn uuid3(before: &str, text: &[u8], forms: &mut Forms) {
    let mut digest = Md5::digest(text).to_vec();
    for (place, mask, bits) in [(6, 0x0F, 0x30), (8, 0x3F, 0x80)] {
        if let Some(byte) = digest.get_mut(place) {
            *byte = *byte & mask | bits;
        }
    }
    let hex = encoding::hex(&digest);
    let parts: Vec<&str> =
        [0..8, 8..12, 12..16, 16..20, 20..32].into_iter().filter_map(|part| hex.get(part)).collect();
    for (step, text) in [("uuid3", parts.join("-")), ("uuid3-plain", hex.clone())] {
        forms.push(derived(
            format!("{before}md5/{step}"),
            text.clone().into_bytes(),
            text.len(),
            Letters::Folded,
        ));
    }
}

/// Hashes of 32 bits: only as the whole of a field.
fn short_hashes(before: &str, text: &[u8], forms: &mut Forms) {
    let murmur = murmur3::murmur3_32(&mut &*text, 0).unwrap_or_default();
    let java = text.iter().fold(0_i32, |hash, &byte| hash.wrapping_mul(31).wrapping_add(i32::from(byte)));
    for (name, hash) in [("crc32", crc32fast::hash(text)), ("murmur3-32", murmur), ("java-hash", java as u32)]
    {
        let decimal = if name == "java-hash" { java.to_string() } else { hash.to_string() };
        for (step, text) in [("hex", format!("{hash:08x}")), ("decimal", decimal)] {
            if text.len() >= 8 {
                let shape = derived(
                    format!("{before}{name}/{step}"),
                    text.clone().into_bytes(),
                    text.len(),
                    Letters::Folded,
                );
                forms.push(Shape { reach: Reach::Whole, boundary: Boundary::Word, ..shape });
            }
        }
    }
}

fn derived(form: String, bytes: Vec<u8>, anchor: usize, letters: Letters) -> Shape {
    Shape {
        form,
        anchor: anchor.min(bytes.len()),
        bytes,
        letters,
        boundary: Boundary::None,
        grade: Grade::Derived,
        reach: Reach::Everywhere,
        inside: None,
    }
}

fn digest<D: Digest>(text: &[u8]) -> Vec<u8> {
    D::digest(text).to_vec()
}

fn murmur_x64(text: &[u8]) -> Vec<u8> {
    murmur3::murmur3_x64_128(&mut &*text, 0).unwrap_or_default().to_le_bytes().to_vec()
}

fn murmur_x86(text: &[u8]) -> Vec<u8> {
    murmur3::murmur3_x86_128(&mut &*text, 0).unwrap_or_default().to_le_bytes().to_vec()
}

/// The two words of 64 bits written as numbers, one after the other.
fn murmur_x64_words(text: &[u8]) -> Vec<u8> {
    murmur_x64(text).chunks(8).flat_map(|word| word.iter().rev().copied()).collect()
}

const MD5: Function = ("md5", digest::<Md5>);
const SHA1: Function = ("sha1", digest::<Sha1>);
const SHA256: Function = ("sha256", digest::<Sha256>);

/// What programs use.
const COMMON: &[Function] = &[MD5, SHA1, SHA256];

/// What they might.
const MORE: &[Function] = &[
    ("sha224", digest::<Sha224>),
    ("sha384", digest::<Sha384>),
    ("sha512", digest::<Sha512>),
    ("sha3-256", digest::<Sha3_256>),
    ("blake2b", digest::<Blake2b512>),
    ("blake2b-256", digest::<blake2::Blake2b<U32>>),
    ("blake2s", digest::<Blake2s256>),
    ("murmur3-x64-128", murmur_x64),
    ("murmur3-x64-128/words", murmur_x64_words),
    ("murmur3-x86-128", murmur_x86),
];

/// A digest of the hex of a digest.
const TWICE: &[(Function, Function)] =
    &[(MD5, MD5), (MD5, SHA1), (MD5, SHA256), (SHA1, MD5), (SHA1, SHA256), (SHA256, MD5), (SHA256, SHA256)];

#[cfg(test)]
mod tests {
    use super::*;

    fn hex_of(form: &str, text: &str) -> String {
        let mut forms = Forms::default();
        text_digests("", text.as_bytes(), Hashed::Full, &mut forms);
        short_hashes("", text.as_bytes(), &mut forms);
        let shape = forms.shapes.into_iter().find(|shape| shape.form == form);
        String::from_utf8(shape.unwrap_or_else(|| panic!("{form}")).bytes).unwrap()
    }

    /// Computed with md5sum, sha1sum, sha256sum, b2sum, openssl, zlib and java.util.UUID's definition; the MD5
    /// and SHA-1 of this Android ID stand in a public capture.
    #[test]
    fn digests_are_those_that_others_compute() {
        let id = "b9e28776354d259e";
        assert_eq!(hex_of("md5/hex", id), "7a9cdb975b3e08d2b0c428cd462da3fd");
        assert_eq!(hex_of("sha1/hex", id), "36c080f1b9aa563801c967c70d2020ca8ee6b6bb");
        assert_eq!(hex_of("md5[4..12]/hex", id), "5b3e08d2b0c428cd");
        assert_eq!(hex_of("md5/uuid3", id), "7a9cdb97-5b3e-38d2-b0c4-28cd462da3fd");
        assert_eq!(hex_of("crc32/hex", "123456789"), "cbf43926");
        assert_eq!(hex_of("java-hash/decimal", "com.example.app"), "718974640");
    }
}
