//! Libraries that report on users → known by the names of their classes and of the hosts they talk to.
//!
//! Ours are `data/trackers.toml`; [`Trackers::exodus`] takes over a file in the format of Exodus Privacy's
//! `/api/trackers`, which users fetch themselves.

use std::{collections::HashMap, sync::LazyLock};

use regex::{RegexSet, RegexSetBuilder};
use serde::Deserialize;

/// Signatures of trackers.
#[derive(Clone, Debug)]
pub struct Trackers {
    rows: Vec<Tracker>,
    code: RegexSet,
    network: RegexSet,
    /// Signatures that could not be used, with the reason.
    pub refused: Vec<(String, String)>,
}

/// A tracker.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tracker {
    /// Its name.
    pub name: String,
    /// What for, as far as the list says.
    pub purpose: String,
    /// Where the row is from: its source, or the imported list.
    pub source: String,
    code: String,
    network: String,
}

impl Trackers {
    /// The program's own rows.
    pub fn own() -> &'static Self {
        &OWN
    }

    /// Reads Exodus' list: an object `trackers` of objects with `name`, `code_signature` and
    /// `network_signature`, both regular expressions. Fails where it is no such JSON.
    pub fn exodus(json: &[u8]) -> Result<Self, serde_json::Error> {
        let list: Exodus = serde_json::from_slice(json)?;
        let mut rows: Vec<_> = list.trackers.into_values().map(Tracker::from).collect();
        rows.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(Self::new(rows))
    }

    /// These and others.
    #[must_use]
    pub fn with(&self, others: &Self) -> Self {
        Self::new([self.rows.as_slice(), others.rows.as_slice()].concat())
    }

    /// All rows.
    pub fn rows(&self) -> &[Tracker] {
        &self.rows
    }

    /// Whether a class (with dots) is a sign of any row. Cheaper than to ask of which.
    pub fn knows_class(&self, class: &str) -> bool {
        self.code.is_match(class)
    }

    /// Rows that a class (with dots) is a sign of, as indexes of [`Self::rows`].
    pub fn of_class(&self, class: &str) -> impl Iterator<Item = usize> {
        self.code.matches(class).into_iter()
    }

    /// Rows that a host is a sign of.
    pub fn of_host(&self, host: &str) -> impl Iterator<Item = usize> {
        self.network.matches(host).into_iter()
    }

    fn new(mut rows: Vec<Tracker>) -> Self {
        let mut refused = Vec::new();
        for row in &mut rows {
            for (signature, name) in [(&mut row.code, &row.name), (&mut row.network, &row.name)] {
                if let Err(problem) = set(std::slice::from_ref(signature)) {
                    refused.push((name.clone(), problem.to_string()));
                    signature.clear();
                }
            }
        }
        let code = compile(&rows, |row| &row.code, &mut refused);
        let network = compile(&rows, |row| &row.network, &mut refused);
        Self { rows, code, network, refused }
    }
}

/// An empty signature matches everything as an expression and must match nothing.
fn compile(
    rows: &[Tracker],
    of: impl Fn(&Tracker) -> &String,
    refused: &mut Vec<(String, String)>,
) -> RegexSet {
    let patterns: Vec<String> = rows
        .iter()
        .map(|row| Some(of(row).clone()).filter(|p| !p.is_empty()).unwrap_or_else(|| NOTHING.to_owned()))
        .collect();
    set(&patterns).unwrap_or_else(|problem| {
        refused.push(("all".to_owned(), problem.to_string()));
        RegexSet::empty()
    })
}

fn set(patterns: &[String]) -> Result<RegexSet, regex::Error> {
    RegexSetBuilder::new(patterns).size_limit(MAX_SET).build()
}

impl From<OwnRow> for Tracker {
    fn from(row: OwnRow) -> Self {
        let code: Vec<_> = row.code.iter().map(|prefix| regex::escape(prefix)).collect();
        let hosts: Vec<_> = row.hosts.iter().map(|host| regex::escape(host)).collect();
        let joined = |parts: Vec<String>, before: &str, after: &str| {
            if parts.is_empty() { String::new() } else { format!("{before}(?:{}){after}", parts.join("|")) }
        };
        Self {
            name: row.name,
            purpose: row.purpose,
            source: row.source,
            code: joined(code, "^", ""),
            network: joined(hosts, r"(?:^|\.)", "$"),
        }
    }
}

impl From<ExodusRow> for Tracker {
    fn from(row: ExodusRow) -> Self {
        Self {
            name: row.name,
            purpose: row.categories.join(", "),
            source: "list in Exodus' format".to_owned(),
            code: row.code_signature.unwrap_or_default(),
            network: row.network_signature.unwrap_or_default(),
        }
    }
}

#[derive(Deserialize)]
struct Exodus {
    trackers: HashMap<String, ExodusRow>,
}

#[derive(Deserialize)]
struct ExodusRow {
    name: String,
    code_signature: Option<String>,
    network_signature: Option<String>,
    #[serde(default)]
    categories: Vec<String>,
}

#[derive(Default, Deserialize)]
struct OwnList {
    #[serde(rename = "version")]
    _version: String,
    row: Vec<OwnRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnRow {
    name: String,
    code: Vec<String>,
    hosts: Vec<String>,
    purpose: String,
    #[serde(rename = "reasoning")]
    _reasoning: String,
    source: String,
}

static OWN: LazyLock<Trackers> = LazyLock::new(|| {
    let list: OwnList = toml::from_str(include_str!("../../../../data/trackers.toml")).unwrap_or_default();
    Trackers::new(list.row.into_iter().map(Tracker::from).collect())
});

/// No text matches.
const NOTHING: &str = r"[^\s\S]";
const MAX_SET: usize = 64 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_rows_name_their_libraries() {
        let own = Trackers::own();
        assert!(own.rows().len() > 20);
        assert_eq!(own.refused, []);
        let names =
            |rows: Vec<usize>| rows.iter().map(|row| own.rows()[*row].name.clone()).collect::<Vec<_>>();
        assert_eq!(names(own.of_class("com.umeng.analytics.MobclickAgent").collect()), ["Umeng"]);
        assert_eq!(names(own.of_host("ulogs.umeng.com").collect()), ["Umeng"]);
        assert_eq!(names(own.of_host("notumeng.com").collect()), [""; 0]);
        assert_eq!(names(own.of_class("org.com.umeng.Copy").collect()), [""; 0]);
    }

    #[test]
    fn an_imported_list_is_joined_to_ours_and_its_faults_are_told() {
        let json = br#"{"trackers": {
            "1": {"id": 1, "name": "Synthetic", "code_signature": "org.synthetic.track|org.synth.", "network_signature": "synthetic\\.example", "website": "", "categories": ["Analytics"]},
            "2": {"name": "Broken", "code_signature": "a(", "network_signature": ""},
            "3": {"name": "Silent", "code_signature": "", "network_signature": null}}}"#;
        let all = Trackers::own().with(&Trackers::exodus(json).unwrap());
        let hits: Vec<_> =
            all.of_class("org.synthetic.track.Beat").map(|row| all.rows()[row].name.as_str()).collect();
        assert_eq!(hits, ["Synthetic"]);
        assert_eq!(Trackers::exodus(json).unwrap().refused[0].0, "Broken");
        assert!(Trackers::exodus(b"[]").is_err());
    }
}
