//! The cases of the repository's folder `cases/`, inside the program.

use crate::{Expected, Judging, LabError, Scenario};

/// A case: a folder with `expected.toml` and the scenarios that it names; where the vendor said something about it, with
/// `claims.toml` and `verdicts.toml`.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// The folder's name.
    pub slug: &'static str,
    /// Its files: name and text.
    pub files: &'static [(&'static str, &'static str)],
}

impl Case {
    /// All of them, by name.
    pub fn all() -> &'static [Self] {
        CASES
    }

    /// The case of a name.
    pub fn named(slug: &str) -> Option<&'static Self> {
        CASES.iter().find(|case| case.slug == slug)
    }

    /// What it must show.
    pub fn expected(&self) -> Result<Expected, LabError> {
        let text =
            self.file("expected.toml").ok_or_else(|| LabError::scenario("expected.toml is missing"))?;
        Expected::read(&text)
    }

    /// What the vendor said: the text of its `claims.toml`.
    pub fn claims(&self) -> Option<String> {
        self.file("claims.toml")
    }

    /// What must become of that, over which runs; empty where nothing was said.
    pub fn judgings(&self) -> Result<Vec<Judging>, LabError> {
        match self.file("verdicts.toml") {
            Some(text) => Judging::read(&text, &self.expected()?),
            None => Ok(Vec::new()),
        }
    }

    /// The scenario of a run.
    pub fn scenario(&self, run: &str) -> Result<Scenario, LabError> {
        let expected = self.expected()?;
        let file =
            expected.runs.iter().find(|known| known.name == run).and_then(|run| self.file(&run.scenario));
        let text = file.ok_or_else(|| LabError::Scenario(format!("{}: there is no run {run}", self.slug)))?;
        Scenario::read(&text, &|name| self.file(name))
    }

    fn file(&self, name: &str) -> Option<String> {
        self.files.iter().find(|(known, _)| *known == name).map(|(_, text)| (*text).to_owned())
    }
}

include!(concat!(env!("OUT_DIR"), "/cases.rs"));
