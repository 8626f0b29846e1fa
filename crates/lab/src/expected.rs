//! `expected.toml`: what a case must show and what it must not.
//!
//! Rows are the items of *Must be found*; each says which runs it is about, in words what it is, and by which marks of
//! a case a machine knows it. A mark that is empty is not looked at.

use serde::Deserialize;

use crate::LabError;

/// What a case must show.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// The case's name.
    pub title: String,
    /// Its runs: each a scenario file.
    pub runs: Vec<Run>,
    /// What must be found.
    #[serde(default)]
    pub found: Vec<Found>,
    /// What must not.
    #[serde(default)]
    pub absent: Vec<Absent>,
}

/// A run of a case.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// Its name in rows.
    pub name: String,
    /// Its scenario, a file beside this one.
    pub scenario: String,
    /// What it shows.
    #[serde(default)]
    pub note: String,
}

/// Something that must be found.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Found {
    /// The item, in words.
    pub item: String,
    /// In these runs; in all of them where empty.
    pub runs: Vec<String>,
    /// What of a case answers for it: `finding`, `behaviour`, `destination`, `coverage`, `message`, `compare`,
    /// `verdict`, `app`.
    pub kind: String,
    /// The behaviour's name: `rhythm`, `trigger`, `label`, `acceptance`, `opaque` …
    pub behaviour: String,
    /// The identifier's kind, as case.json writes it.
    pub identifier: String,
    /// The host or number it goes to.
    pub host: String,
    /// The responsible package.
    pub package: String,
    /// Layers that the trail goes through, outermost first; others may stand between.
    pub steps: Vec<String>,
    /// The form in which the value was found: `decimal`, `hex`, `e164`, `sha256` …
    pub form: String,
    /// In clear text, or inside TLS.
    pub transport: String,
    /// At least this bad.
    pub severity: String,
    /// Country of the address.
    pub country: String,
    /// A word that the words of the finding must hold.
    pub says: String,
    /// At least so often.
    pub least: u32,
}

/// Something that must not be found.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Absent {
    /// The item, in words.
    pub item: String,
    /// In these runs; in all of them where empty.
    pub runs: Vec<String>,
    /// No finding of this kind of identifier; with `host` none to it.
    pub identifier: String,
    /// Nothing at all is said to this host.
    pub host: String,
    /// No finding this bad or worse.
    pub severity: String,
}

impl Expected {
    /// Reads an `expected.toml`. Fails where a row names a run that there is not.
    pub fn read(text: &str) -> Result<Self, LabError> {
        let expected: Self = toml::from_str(text).map_err(|error| LabError::Scenario(error.to_string()))?;
        let known = |name: &String| expected.runs.iter().any(|run| run.name == *name);
        let named = expected.found.iter().flat_map(|row| &row.runs);
        match named.chain(expected.absent.iter().flat_map(|row| &row.runs)).find(|name| !known(name)) {
            Some(name) => Err(LabError::Scenario(format!("there is no run {name}"))),
            None => Ok(expected),
        }
    }
}
