//! A value that was opened: what was in it, how, and how surely.

use std::fmt;

use evidence::IdentifierKind;
use serde::{Deserialize, Serialize};

use crate::{
    Carrier,
    ciphers::{Decryption, Iv},
    scrambled::{Scramble, Step},
};

/// A value that was opened.
#[derive(Clone, Debug, PartialEq)]
pub struct Opened {
    /// What was in it.
    pub plaintext: Vec<u8>,
    /// The way there; [`apply`] goes it again.
    pub how: How,
    /// What tells that it is the right one.
    pub ground: Ground,
    /// Keys, maps and alphabets tried on the value before the search was over.
    pub tries: u64,
    /// At most so probable is it that one of the tries would have given as much by chance.
    pub chance: f64,
    /// Shell commands that show the same: they read the value from their input and write the plaintext.
    pub recipe: String,
}

/// What tells that a plaintext is the right one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ground {
    /// A value of the profile stands in it.
    Crib {
        /// What it identifies.
        kind: IdentifierKind,
        /// What the profile calls it, with the digest where that was found: `md5(imei 1)`.
        label: String,
    },
    /// It is of a known form: `json`, `form`, `gzip`, `text` …
    Structure(String),
}

/// The way from a value to what is in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct How {
    /// How the bytes are written in the value.
    pub carrier: Carrier,
    /// What was done with them.
    pub method: Method,
}

/// What was done with the bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// They were decrypted.
    Cipher(Decryption),
    /// They were put back in order.
    Scramble(Scramble),
}

impl How {
    /// Shell commands that go the same way: they read the value from their input and write the plaintext.
    pub fn recipe(&self) -> String {
        match &self.method {
            Method::Cipher(decryption) => decryption.recipe(self.carrier),
            Method::Scramble(scramble) => scramble.recipe(self.carrier),
        }
    }

    /// Whether a key or a vector was made of that field of the message, alone or with another one.
    pub fn takes(&self, field: &str) -> bool {
        let of_field = |source: &str| is_of_field(source, field);
        match &self.method {
            Method::Cipher(Decryption { key_source, iv, .. }) => {
                of_field(key_source) || matches!(iv, Iv::Given { source, .. } if of_field(source))
            }
            Method::Scramble(scramble) => {
                let xored = |step: &Step| matches!(step, Step::Xor { source, .. } if of_field(source));
                scramble.steps.iter().any(xored)
            }
        }
    }
}

/// Whether a source, in the words of [`Decryption::key_source`], is that field: `hex-md5(field "t")[..16]` is field `t`,
/// `constant (the field "t")` is none.
fn is_of_field(source: &str, field: &str) -> bool {
    let mut inner = source;
    while let Some((_, of)) = inner.split_once('(').filter(|(function, _)| is_function(function)) {
        inner = of;
    }
    let named = format!("field \"{field}\"");
    let over = |rest: &str| rest.is_empty() || rest.starts_with([')', '[', '+']);
    let second = || inner.starts_with("field \"").then(|| inner.split_once(&format!("+{named}"))).flatten();
    inner.strip_prefix(&named).is_some_and(over) || second().is_some_and(|(_, rest)| over(rest))
}

fn is_function(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// `hex > aes-128-cbc/pkcs7 key=md5(field "t") iv=zero`: stable, and free of the key itself.
impl fmt::Display for How {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.carrier != Carrier::Raw {
            write!(f, "{} > ", self.carrier)?;
        }
        match &self.method {
            Method::Cipher(decryption) => decryption.fmt(f),
            Method::Scramble(scramble) => scramble.fmt(f),
        }
    }
}

/// Goes the way again: the plaintext of a value, or `None` where the value cannot have gone this way.
pub fn apply(how: &How, value: &[u8]) -> Option<Vec<u8>> {
    let bytes = how.carrier.decode(value)?;
    match &how.method {
        Method::Cipher(decryption) => decryption.apply(&bytes),
        Method::Scramble(scramble) => scramble.apply(&bytes),
    }
}

/// A plaintext is taken for the right one where chance would give as good a one in fewer than one of 2³⁰ values,
/// all tries counted.
pub const BOUND_BITS: f64 = 30.0;

/// How probable it is at most that one of so many tries gives as much by chance.
pub(crate) fn chance(tries: u64, bits: f64) -> f64 {
    (tries_bits(tries) - bits).exp2().min(1.0)
}

/// Whether what was found is no accident.
pub(crate) fn sure(tries: u64, bits: f64) -> bool {
    bits - tries_bits(tries) >= BOUND_BITS
}

fn tries_bits(tries: u64) -> f64 {
    // Only the magnitude plays a part.
    f64::from(u64::BITS - tries.leading_zeros())
}

#[cfg(test)]
mod tests {
    use super::is_of_field;

    #[test]
    fn a_source_is_a_field_where_it_is_named_as_one() {
        let rows = [
            ("field \"t\"", "t", true),
            ("hex-md5(base64(field \"t\"))[..16]", "t", true),
            ("sha1prng(field \"a.t\"+field \"k\")[..16]", "k", true),
            ("field \"t\"+zeros", "t", true),
            ("field \"a\"b\"", "a\"b", true),
            ("field \"ts\"", "t", false),
            ("field \"a\"+zeros", "zeros", false),
            ("constant (the field \"t\" of a form)", "t", false),
            ("md5(constant (field \"t\"))", "t", false),
            ("well-known \"field \"t\"\"", "t", false),
            ("device value (imei 1)", "imei 1", false),
            ("", "", false),
        ];
        for (source, field, expected) in rows {
            assert_eq!(is_of_field(source, field), expected, "{source}");
        }
    }
}
