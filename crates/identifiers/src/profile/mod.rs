//! The profile: what is known about the phone, from `phone.toml` (format: `docs/profile.md`).

use std::net::IpAddr;

use evidence::IdentifierKind;

/// One value of a profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value {
    /// What it is.
    pub kind: IdentifierKind,
    /// Where it stands in the profile: `sims[0].imsi`, `contacts[3].numbers[0]`, `canaries.private-mode`.
    pub label: String,
    /// Its one canonical writing: digits of an IMEI (15), IMSI, ICCID; lower case with colons for a MAC,
    /// lower case for hex and UUIDs, `+` and digits for a telephone number whose country is known, the
    /// text itself for words.
    pub canonical: String,
    /// Whether its plain writing is too short to be searched for in every buffer: only as a field's value.
    pub weak: bool,
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
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}line {line}: {key}{problem}")]
pub struct ProfileError {
    /// The list file it stands in, with `: ` after it; empty for the profile itself.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The key, with `: ` after it; empty where none is to blame.
    pub key: String,
    /// What is wrong and what to do.
    pub problem: String,
}

impl Profile {
    /// Reads a profile. `load` gives the text of a file named in it (`packages_file = "packages.txt"`).
    ///
    /// # Errors
    /// Everything that is wrong, in order of lines: no value is searched for that could not exist.
    pub fn parse(
        _text: &str,
        _load: &mut dyn FnMut(&str) -> Result<String, String>,
    ) -> Result<Self, Vec<ProfileError>> {
        Ok(Self::default())
    }

    /// A commented profile to fill in.
    pub fn template() -> String {
        String::new()
    }

    /// The phone's name, for the reader.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// SHA-256 over all values, lower-case hex: two profiles with the same values have the same.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// The values, in the order of the profile.
    pub fn values(&self) -> &[Value] {
        &self.values
    }

    /// Addresses of the phone in the capture; empty where the profile does not tell.
    pub fn addresses(&self) -> &[IpAddr] {
        &self.addresses
    }

    /// Country calling codes of the SIMs, for numbers written without.
    pub fn calling_codes(&self) -> &[u16] {
        &self.calling_codes
    }

    /// Where the phone was.
    pub fn place(&self) -> Option<Place> {
        self.place
    }
}
