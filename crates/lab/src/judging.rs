//! `verdicts.toml`: over which runs of a case the vendor's claims are judged, and what must come out.
//!
//! ```toml
//! [[judging]]
//! cases = { before = "before-foreign", after = "after-foreign" }   # roles of claims.toml, and the runs that fill them
//! contradicted = ["only-tried"]                                    # claims by their id
//! consistent = ["fixed"]
//! not_testable = ["not-processed"]
//! ```
//!
//! Claims that a judging does not name are judged in another: of some runs a statement was never made.

use std::collections::{BTreeMap, BTreeSet};

use evidence::Holding;
use serde::Deserialize;

use crate::{Expected, LabError};

/// Claims held against the runs that fill their roles.
#[derive(Clone, Debug)]
pub struct Judging {
    /// Roles with their runs, in the runs' order. A role that no claim names holds a run that those without roles are
    /// judged over.
    pub cases: Vec<(String, String)>,
    wanted: Wanted,
}

/// A judging as the file has it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    cases: BTreeMap<String, String>,
    #[serde(default)]
    contradicted: Vec<String>,
    #[serde(default)]
    consistent: Vec<String>,
    #[serde(default)]
    not_testable: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    judging: Vec<Wanted>,
}

impl Judging {
    /// Reads a `verdicts.toml`. Fails where it names a run that there is not, or a claim twice in one judging.
    pub fn read(text: &str, expected: &Expected) -> Result<Vec<Self>, LabError> {
        let file: File = toml::from_str(text).map_err(|error| LabError::Scenario(error.to_string()))?;
        file.judging.into_iter().map(|wanted| Self::of(wanted, expected)).collect()
    }

    fn of(wanted: Wanted, expected: &Expected) -> Result<Self, LabError> {
        let place = |name: &String| expected.runs.iter().position(|run| run.name == *name);
        if let Some(run) = wanted.cases.values().find(|name| place(name).is_none()) {
            return Err(LabError::Scenario(format!("there is no run {run}")));
        }
        let mut cases: Vec<_> = wanted.cases.clone().into_iter().collect();
        cases.sort_by_key(|(_, run)| place(run));
        let judging = Self { cases, wanted };
        let mut known = BTreeSet::new();
        let twice =
            judging.claims().map(|(claim, _)| claim.to_owned()).find(|claim| !known.insert(claim.clone()));
        match twice {
            Some(claim) => Err(LabError::Scenario(format!("two verdicts on {claim}"))),
            None => Ok(judging),
        }
    }

    /// The claims that are judged, with what must come out.
    pub fn claims(&self) -> impl Iterator<Item = (&str, Holding)> {
        named(&self.wanted.contradicted, Holding::Contradicted)
            .chain(named(&self.wanted.consistent, Holding::Consistent))
            .chain(named(&self.wanted.not_testable, Holding::NotTestable))
    }

    /// What must become of a claim; none where it is not judged here.
    pub fn expected(&self, claim: &str) -> Option<Holding> {
        self.claims().find(|(id, _)| *id == claim).map(|(_, holding)| holding)
    }
}

fn named(ids: &[String], holding: Holding) -> impl Iterator<Item = (&str, Holding)> {
    ids.iter().map(move |id| (id.as_str(), holding))
}

#[cfg(test)]
mod tests {
    use evidence::Holding;

    use super::Judging;
    use crate::Expected;

    const TEXT: &str = r#"
[[judging]]
cases = { before = "old", after = "new" }
contradicted = ["only-tried"]
consistent = ["fixed"]
"#;

    #[test]
    fn verdicts_are_read_and_held_to_the_runs() {
        let runs = r#"
title = "t"
runs = [{ name = "old", scenario = "old.toml" }, { name = "new", scenario = "new.toml" }]
"#;
        let expected = Expected::read(runs).unwrap();
        let judgings = Judging::read(TEXT, &expected).unwrap();
        let roles: Vec<_> = judgings[0].cases.iter().map(|(role, _)| role.as_str()).collect();
        assert_eq!(roles, ["before", "after"]);
        assert_eq!(judgings[0].expected("fixed"), Some(Holding::Consistent));
        assert_eq!(judgings[0].expected("other"), None);
        for (word, wrong) in [("\"new\"", "\"newer\""), ("fixed", "only-tried"), ("consistent", "likely")] {
            assert!(Judging::read(&TEXT.replace(word, wrong), &expected).is_err(), "{wrong}");
        }
    }
}
