//! `expected.toml`: what a case must show and what it must not, and whether a `case.json` does.
//!
//! A row is an item of what must be found. It says in words what it is, for which runs it holds, and by which marks a
//! finding (or a destination) is known; marks that are empty are not looked at, all others must fit one and the same
//! finding. A row under `absent` fails where anything fits.

use serde::Deserialize;
use serde_json::Value;

use crate::LabError;

/// What a case must show.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// The case's name.
    pub title: String,
    /// Its runs: each a scenario.
    pub runs: Vec<Run>,
    /// What must be found.
    #[serde(default)]
    pub found: Vec<Row>,
    /// What must not.
    #[serde(default)]
    pub absent: Vec<Row>,
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

/// An item, and by which marks it is known.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Row {
    /// The item, in words.
    pub item: String,
    /// In these runs; in all of them where empty.
    pub runs: Vec<String>,
    /// The finding's `kind` in `case.json`, or what else of the case is meant: `destination`, `attribution`,
    /// `completeness`, `habit`; any finding where empty.
    pub kind: String,
    /// The kind of identifier.
    pub identifier: String,
    /// A behaviour's name.
    pub behaviour: String,
    /// The host or domain it goes to; of text messages the number.
    pub host: String,
    /// Decoders that a trail goes through in this order; others may stand between.
    pub steps: Vec<String>,
    /// A form in which the value was found.
    pub form: String,
    /// At least this bad.
    pub severity: String,
    /// What title or explanation must say.
    pub says: String,
    /// At least so often; of an attribution so many flows.
    pub least: u64,
    /// Of completeness: how many percent of the bytes that the phone counted as sent were captured, at least and at most.
    pub captured: Option<(u64, u64)>,
    /// Of a destination: how many percent of what was sent there could be read, at least and at most.
    pub read: Option<(u64, u64)>,
    /// Country of the address.
    pub country: String,
    /// Other fields of the finding: name, and what its JSON must hold.
    pub fields: Vec<(String, String)>,
}

/// What became of a row in a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The item.
    pub item: String,
    /// It is about something that must not be there.
    pub is_absence: bool,
    /// As it should be.
    pub is_met: bool,
    /// What fits: findings by their ids, destinations by their hosts, what the phone says by user id and packages.
    pub by: Vec<String>,
}

impl Expected {
    /// Reads an `expected.toml`. Fails where a row names a run that there is not.
    pub fn read(text: &str) -> Result<Self, LabError> {
        let expected: Self = toml::from_str(text).map_err(|error| LabError::Scenario(error.to_string()))?;
        let known = |name: &String| expected.runs.iter().any(|run| run.name == *name);
        let mut named = expected.found.iter().chain(&expected.absent).flat_map(|row| &row.runs);
        match named.find(|name| !known(name)) {
            Some(name) => Err(LabError::Scenario(format!("there is no run {name}"))),
            None => Ok(expected),
        }
    }

    /// Holds the rows of a run against its `case.json`.
    pub fn hold(&self, run: &str, case: &Value) -> Vec<Outcome> {
        let found = self.found.iter().map(|row| (row, false));
        let rows = found.chain(self.absent.iter().map(|row| (row, true)));
        rows.filter(|(row, _)| row.runs.is_empty() || row.runs.iter().any(|name| name == run))
            .map(|(row, is_absence)| {
                let by = row.fitting(case);
                Outcome { item: row.item.clone(), is_absence, is_met: by.is_empty() == is_absence, by }
            })
            .collect()
    }
}

impl Row {
    /// What of a case fits.
    fn fitting(&self, case: &Value) -> Vec<String> {
        let destinations = list(case, "destinations");
        let phone = case.get("phone").unwrap_or(&Value::Null);
        match self.kind.as_str() {
            "attribution" => named(list(phone, "attributions"), |row| self.is_told(row, destinations)),
            "completeness" => named(list(phone, "completeness"), |row| self.is_captured(row)),
            "destination" => {
                let fitting = destinations.iter().filter(|destination| self.is_there(destination));
                fitting.map(|destination| text(destination, "/endpoint/host").to_owned()).collect()
            }
            "habit" => named(list(phone, "habits"), |row| self.has_fields(row)),
            _ => {
                let fitting =
                    list(case, "findings").iter().filter(|finding| self.fits(finding, destinations));
                fitting.map(|finding| text(finding, "/id").to_owned()).collect()
            }
        }
    }

    /// Whether the phone says so of who sent to a destination.
    fn is_told(&self, attribution: &Value, destinations: &[Value]) -> bool {
        let of_it =
            destinations.iter().find(|destination| destination.get("id") == attribution.get("endpoint"));
        let flows = attribution.get("flows").and_then(Value::as_u64).unwrap_or(0);
        of_it.is_some_and(|destination| self.is_of(destination))
            && flows >= self.least
            && self.has_fields(attribution)
    }

    fn is_captured(&self, completeness: &Value) -> bool {
        let sent = |path: &str| completeness.pointer(path).and_then(Value::as_u64).unwrap_or(0);
        let (seen, counted) = (sent("/seen/0").saturating_mul(100), sent("/counted/0"));
        let is_within = |(least, most): (u64, u64)| {
            counted > 0 && seen >= least.saturating_mul(counted) && seen <= most.saturating_mul(counted)
        };
        self.captured.is_none_or(is_within) && self.has_fields(completeness)
    }

    fn has_fields(&self, row: &Value) -> bool {
        self.fields
            .iter()
            .all(|(name, wanted)| row.get(name).is_some_and(|value| value.to_string().contains(wanted)))
    }

    fn is_there(&self, destination: &Value) -> bool {
        let holds = |wanted: &str, path: &str| wanted.is_empty() || text(destination, path).contains(wanted);
        self.is_of(destination)
            && holds(&self.country, "/network/located/code")
            && holds(&self.says, "/network/holder")
            && self.read.is_none_or(|bounds| is_read(destination, bounds))
    }

    fn is_of(&self, destination: &Value) -> bool {
        let names = ["/endpoint/host", "/domain", "/endpoint/address"];
        self.host.is_empty() || names.into_iter().any(|path| text(destination, path) == self.host)
    }

    fn fits(&self, finding: &Value, destinations: &[Value]) -> bool {
        let is = |wanted: &str, path: &str| wanted.is_empty() || text(finding, path) == wanted;
        is(&self.kind, "/kind")
            && is(&self.identifier, "/identifier")
            && is(&self.behaviour, "/behaviour")
            && (self.severity.is_empty() || rank(text(finding, "/severity")) >= rank(&self.severity))
            && finding.get("count").and_then(Value::as_u64).unwrap_or(0) >= self.least
            && self.is_said(finding)
            && self.goes_there(finding, destinations)
            && (self.form.is_empty() || list(finding, "forms").iter().any(|form| form == self.form.as_str()))
            && (self.steps.is_empty()
                || list(finding, "evidence").iter().any(|evidence| self.is_way(evidence)))
            && self.has_fields(finding)
    }

    fn is_said(&self, finding: &Value) -> bool {
        ["/title", "/words"].into_iter().any(|path| text(finding, path).contains(&self.says))
    }

    fn goes_there(&self, finding: &Value, destinations: &[Value]) -> bool {
        let is_one = |id: &Value| {
            destinations.iter().filter(|destination| destination.get("id") == Some(id)).any(|destination| {
                let country = text(destination, "/network/located/code");
                self.is_of(destination) && (self.country.is_empty() || country == self.country)
            })
        };
        (self.host.is_empty() && self.country.is_empty())
            || text(finding, "/number") == self.host
            || list(finding, "endpoints").iter().any(is_one)
    }

    /// Whether the decoders of a trail have the steps in their order.
    fn is_way(&self, evidence: &Value) -> bool {
        let buffers = evidence.pointer("/occurrence/trail/buffers").and_then(Value::as_array);
        let made = |buffer: &Value| {
            let step = buffer.pointer("/step/decode").or_else(|| buffer.pointer("/step/unmask"))?;
            Some(step.to_string())
        };
        let mut wanted = self.steps.iter().peekable();
        for step in buffers.into_iter().flatten().filter_map(made) {
            // Weak protection undone is one step: how the bytes are written, and the cipher.
            while wanted.next_if(|wanted| step.contains(wanted.as_str())).is_some() {}
        }
        wanted.peek().is_none()
    }
}

/// Whether so many percent of what was sent to a destination could be read.
fn is_read(destination: &Value, (least, most): (u64, u64)) -> bool {
    let bytes =
        |name: &str| destination.pointer(&format!("/reading/{name}")).and_then(Value::as_u64).unwrap_or(0);
    let understood = bytes("understood").saturating_mul(100);
    let total = bytes("understood").saturating_add(bytes("searched")).saturating_add(bytes("closed"));
    total > 0 && understood >= least.saturating_mul(total) && understood <= most.saturating_mul(total)
}

/// What fits of what the phone says, by user id and packages.
fn named(rows: &[Value], fits: impl Fn(&Value) -> bool) -> Vec<String> {
    let name = |row: &&Value| {
        let words = ["uid", "package", "packages"].into_iter().filter_map(|name| row.get(name));
        words.map(ToString::to_string).collect::<Vec<_>>().join(" ")
    };
    rows.iter().filter(|row| fits(row)).map(|row| name(&row)).collect()
}

fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn text<'a>(value: &'a Value, path: &str) -> &'a str {
    value.pointer(path).and_then(Value::as_str).unwrap_or_default()
}

/// Severities by weight; what is none of them is lightest.
fn rank(severity: &str) -> usize {
    ["info", "low", "medium", "high", "critical"].iter().position(|known| *known == severity).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Expected;

    #[test]
    fn rows_are_held_against_a_case() {
        let text = r#"
title = "t"
runs = [{ name = "one", scenario = "one.toml" }, { name = "two", scenario = "two.toml" }]
[[found]]
item = "the IMEI, decoded"
runs = ["one"]
kind = "identifier_sent"
identifier = "imei"
host = "a.example"
steps = ["base64", "gzip"]
severity = "medium"
least = 2
[[found]]
item = "something that is not there"
fields = [["fault", "label_lies"]]
[[absent]]
item = "nothing critical"
severity = "critical"
"#;
        let case = json!({
            "destinations": [{ "id": 3, "endpoint": { "host": "a.example" } }],
            "findings": [{
                "id": "F-1", "kind": "identifier_sent", "identifier": "imei", "severity": "high", "count": 2,
                "endpoints": [3],
                "evidence": [{ "occurrence": { "trail": { "buffers": [
                    { "step": "entry" }, { "step": { "decode": "form-value" } }, { "step": { "decode": "base64" } },
                    { "step": { "decode": "gzip" } },
                ] } } }],
            }],
        });
        let expected = Expected::read(text).unwrap();
        let outcomes = expected.hold("one", &case);
        let met: Vec<bool> = outcomes.iter().map(|outcome| outcome.is_met).collect();
        assert_eq!(met, [true, false, true], "{outcomes:#?}");
        assert_eq!(outcomes[0].by, ["F-1"]);
        assert_eq!(expected.hold("two", &case).len(), 2);
        let unknown = text.replace("runs = [\"one\"]", "runs = [\"three\"]");
        assert!(Expected::read(&unknown).is_err());
    }

    #[test]
    fn rows_are_held_against_what_the_phone_says() {
        let row = |marks: &str| {
            let text = format!(
                "title = \"t\"\nruns = [{{ name = \"one\", scenario = \"x\" }}]\n[[found]]\nitem = \"i\"\n{marks}"
            );
            Expected::read(&text).unwrap()
        };
        let case = json!({
            "destinations": [{
                "id": 3, "endpoint": { "host": "a.example" },
                "reading": { "understood": 70, "searched": 20, "closed": 10 },
            }],
            "phone": {
                "attributions": [{ "endpoint": 3, "uid": 1000, "packages": ["com.a", "com.b"], "flows": 2 }],
                "completeness": [
                    { "uid": 1000, "packages": ["com.a", "com.b"], "counted": [200, 0], "seen": [99, 0] },
                    { "uid": 1001, "packages": ["com.c"], "counted": [0, 0], "seen": [0, 0] },
                ],
                "habits": [{ "uid": 1000, "package": "com.a", "deed": { "access": "READ_SMS" } }],
            },
        });
        let rows = [
            (
                "kind = \"attribution\"\nhost = \"a.example\"\nleast = 2\nfields = [[\"packages\", \"com.b\"]]",
                true,
            ),
            ("kind = \"destination\"\nhost = \"a.example\"\nread = [70, 70]", true),
            ("kind = \"destination\"\nhost = \"a.example\"\nread = [71, 100]", false),
            ("kind = \"attribution\"\nhost = \"b.example\"", false),
            ("kind = \"attribution\"\nleast = 3", false),
            ("kind = \"completeness\"\nfields = [[\"uid\", \"1000\"]]\ncaptured = [49, 50]", true),
            ("kind = \"completeness\"\nfields = [[\"uid\", \"1000\"]]\ncaptured = [50, 100]", false),
            ("kind = \"completeness\"\nfields = [[\"uid\", \"1001\"]]\ncaptured = [0, 100]", false),
            ("kind = \"completeness\"\nfields = [[\"packages\", \"com.c\"]]", true),
            ("kind = \"habit\"\nfields = [[\"package\", \"com.a\"], [\"deed\", \"READ_SMS\"]]", true),
            ("kind = \"habit\"\nfields = [[\"deed\", \"READ_CONTACTS\"]]", false),
        ];
        for (marks, is_met) in rows {
            assert_eq!(row(marks).hold("one", &case)[0].is_met, is_met, "{marks}");
        }
    }
}
