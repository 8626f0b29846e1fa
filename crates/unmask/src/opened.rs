//! A value that was opened: what was in it, how, and how surely.

use std::fmt;

use evidence::IdentifierKind;
use serde::{Deserialize, Serialize};

use crate::{Carrier, ciphers::Decryption, scrambled::Scramble};

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
