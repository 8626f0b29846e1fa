//! What a vendor said, and whether it holds.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::FindingId;

/// What became of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Holding {
    /// Findings speak against it.
    Contradicted,
    /// Nothing that was seen speaks against it, and what it takes to see was seen.
    Consistent,
    /// The evidence cannot tell.
    NotTestable,
}

impl Holding {
    /// Its name in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Contradicted => "contradicted",
            Self::Consistent => "consistent with what was seen",
            Self::NotTestable => "not testable from this evidence",
        }
    }
}

/// A statement as a file of claims has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// Its name in the file.
    pub id: String,
    /// Who said it.
    pub by: String,
    /// What was said, in our words and the speaker's sense.
    pub statement: String,
    /// Where and when it was said.
    pub source: String,
}

/// A finding that a verdict rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// The case it stands in, by the name it was given when the claims were judged.
    pub case: String,
    /// Its name there.
    pub finding: FindingId,
    /// Its title.
    pub title: String,
}

/// A statement, judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// What was judged.
    pub claim: Claim,
    /// The cases it was judged over, by the names they were given.
    #[serde(default)]
    pub cases: Vec<String>,
    /// What came out.
    pub holding: Holding,
    /// Why, in words.
    pub reasons: Vec<String>,
    /// The findings that speak against it; of one that holds so far, those that it rests on.
    pub proofs: Vec<Proof>,
    /// What could be seen and what could not, as far as it matters here.
    pub coverage: Vec<String>,
    /// What would test it, where the evidence cannot.
    pub would_test: Vec<String>,
}

impl Verdict {
    /// What the cases of several verdicts could show, each sentence once: statements that were judged over the same
    /// cases have the same sentences.
    pub fn coverage_of<'v>(verdicts: impl IntoIterator<Item = &'v Self>) -> Vec<&'v str> {
        let mut known = BTreeSet::new();
        let sentences = verdicts.into_iter().flat_map(|verdict| &verdict.coverage).map(String::as_str);
        sentences.filter(|sentence| known.insert(*sentence)).collect()
    }
}
