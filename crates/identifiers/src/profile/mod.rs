//! The profile: what is known about the phone, from `phone.toml` (format: `docs/profile.md`).

use std::{fmt, net::IpAddr};

use evidence::IdentifierKind;
use sha2::{Digest, Sha256};

mod check;
mod lists;
pub(crate) mod numbers;
mod read;
mod schema;
mod template;

pub(crate) use check::luhn_digit;

/// One value of a profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value {
    /// What it is.
    pub kind: IdentifierKind,
    /// Where it stands in the profile: `sims[0].imsi`, `contacts[3].numbers[0]`, `canaries.private-mode`;
    /// of an entry of a file, the file and the line: `packages.txt:17`.
    pub label: String,
    /// Its one canonical writing: digits of an IMEI (15), IMSI, ICCID; lower case with colons for a MAC,
    /// lower case for hex and UUIDs, `+` and digits for a telephone number whose country is known,
    /// `262` and `01` joined for a network's code, `lat,lon` for a position, the text itself for words.
    pub canonical: String,
    /// Whether its plain writing is too short to be searched for in every buffer: only as a field's value.
    pub weak: bool,
    /// The mode that a canary was planted in, in the user's words: `private`.
    pub mode: Option<String>,
}

/// The place where the phone was during the capture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// Degrees north, −90 to 90.
    pub lat: f64,
    /// Degrees east, −180 to 180.
    pub lon: f64,
    /// Metres within which a position counts as this place.
    pub radius: f64,
}

/// What is known about the phone.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Profile {
    name: String,
    fingerprint: String,
    values: Vec<Value>,
    addresses: Vec<IpAddr>,
    calling_codes: Vec<u16>,
    place: Option<Place>,
}

/// What is wrong with a profile, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileError {
    /// The list file it stands in, where not in the profile itself.
    pub file: Option<String>,
    /// The line, from 1.
    pub line: usize,
    /// The key; `None` where none is to blame.
    pub key: Option<String>,
    /// What is wrong and what to do; goes on after the key: `has 13 digits, an IMSI has 15`.
    pub problem: String,
}

impl Profile {
    /// Reads a profile. `load` gives the text of a file named in it (`packages_file = "packages.txt"`).
    ///
    /// # Errors
    /// Everything that is wrong, in order of lines: no value is searched for that could not exist.
    pub fn parse(
        text: &str,
        load: &mut dyn FnMut(&str) -> Result<String, String>,
    ) -> Result<Self, Vec<ProfileError>> {
        let content = read::read(text, load)?;
        Ok(Self {
            fingerprint: fingerprint(&content.values),
            name: content.name,
            values: content.values,
            addresses: content.addresses,
            calling_codes: content.calling_codes,
            place: content.place,
        })
    }

    /// A commented profile to fill in: every section and key, commented out.
    pub fn template() -> String {
        template::template()
    }

    /// The phone's name, for the reader.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// SHA-256 over kinds and canonical values, lower-case hex: profiles with the same values, in whatever
    /// order and under whatever labels, have the same. It tells nothing about the values unless they are
    /// guessed all together.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// The values, in the order of the profile. No two have the same kind and canonical writing.
    pub fn values(&self) -> &[Value] {
        &self.values
    }

    /// Addresses of the phone in the capture; empty where the profile does not tell.
    pub fn addresses(&self) -> &[IpAddr] {
        &self.addresses
    }

    /// Country calling codes for numbers written without.
    pub fn calling_codes(&self) -> &[u16] {
        &self.calling_codes
    }

    /// Where the phone was.
    pub fn place(&self) -> Option<Place> {
        self.place
    }
}

impl fmt::Display for ProfileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            write!(f, "{file}, ")?;
        }
        write!(f, "line {}: ", self.line)?;
        if let Some(key) = &self.key {
            write!(f, "{key}: ")?;
        }
        f.write_str(&self.problem)
    }
}

impl std::error::Error for ProfileError {}

fn fingerprint(values: &[Value]) -> String {
    let mut lines: Vec<String> =
        values.iter().map(|value| format!("{}={}\n", value.kind.id(), value.canonical)).collect();
    lines.sort();
    let mut digest = Sha256::new();
    lines.iter().for_each(|line| digest.update(line));
    digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
