//! Simulated handsets as data: a [`Scenario`] becomes what an investigator would have of such a phone.
//!
//! A scenario says what phone it is, what its user does, what its apps and servers do about it, and what the
//! investigator could get hold of. The script is played on a virtual clock: out come
//! the conversations, which real stacks then have with each other on a virtual network, and lines of logs, messages
//! and bills. [`run`] does it all and gives the files, from the same scenario always the same bytes. Nothing here
//! touches a file; who calls it reads scenarios and writes what comes out.
//!
//! The format is documented at [`Scenario`], with every key at its field, and by example in `cases/README.md`.

mod artefacts;
mod cases;
mod expected;
mod filters;
mod judging;
mod kinds;
mod network;
mod scenario;
mod script;
mod template;
mod variants;

pub use artefacts::{Artefact, Artefacts, run};
pub use cases::Case;
pub use expected::{Expected, Outcome, Row, Run};
pub use filters::FILTERS;
pub use judging::Judging;
pub use kinds::{DETAILS, KINDS, Kind};
pub use scenario::*;
pub use script::{Sent, VALUES};
pub use variants::Variant;

/// Why a scenario does not run.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// The network did not take the plan that the scenario made.
    #[error("the network does not play the scenario: {0}")]
    Network(String),
    /// The scenario's file is not what it should be.
    #[error("the scenario is wrong: {0}")]
    Scenario(String),
    /// The store of messages could not be made.
    #[error("the store of messages could not be made: {0}")]
    Store(#[from] rusqlite::Error),
    /// A template asks for what there is not.
    #[error("a template is wrong: {0}")]
    Template(String),
    /// Things happen without end.
    #[error("more than {0} things happen")]
    TooMuch(usize),
}

impl LabError {
    fn scenario(what: &str) -> Self {
        Self::Scenario(what.to_owned())
    }
}
