//! What a vendor said, and whether it holds.

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

/// A statement, judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// What was judged.
    pub claim: Claim,
    /// What came out.
    pub holding: Holding,
    /// Why, in words.
    pub reasons: Vec<String>,
    /// The findings that speak against it, or that show what it takes to see.
    pub findings: Vec<FindingId>,
    /// What could be seen and what could not, as far as it matters here.
    pub coverage: Vec<String>,
    /// What would test it, where the evidence cannot.
    pub would_test: Vec<String>,
}
