//! Exit codes, as the manual lists them.

use std::process::ExitCode;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// Everything was read and done.
    Done = 0,
    /// There is a finding as bad as `--fail-on` names, a proof does not replay, or a statement is contradicted and
    /// `--fail-on-contradiction` was given.
    Found = 1,
    /// The command line makes no sense. (clap's own code.)
    Usage = 2,
    /// Some input could not be read, or only in part. What could be read is in the case. Or a proof cannot be run
    /// again alone.
    Partly = 3,
    /// No input could be read at all: nothing was written. Or one of the cases to compare, to report on or to unmask could not.
    Nothing = 4,
    /// The profile, or the file of claims, is wrong.
    Profile = 5,
    /// A result could not be written, or would have taken the place of a case of other inputs.
    Output = 6,
    /// A fault in the program.
    Fault = 70,
}

impl Exit {
    /// The code for a failure: the one its cause carries, else a fault.
    pub(crate) fn of(failure: &anyhow::Error) -> Self {
        failure
            .chain()
            .find_map(|cause| cause.downcast_ref::<Failed>())
            .map_or(Self::Fault, |failed| failed.exit)
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// A failure that knows its exit code: one line that says what, where and what to do.
#[derive(Debug)]
pub(crate) struct Failed {
    exit: Exit,
    words: String,
}

impl Failed {
    /// A failure with an exit code.
    pub(crate) fn with(exit: Exit, words: impl Into<String>) -> anyhow::Error {
        anyhow::Error::new(Self { exit, words: words.into() })
    }
}

impl std::fmt::Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.words)
    }
}

impl std::error::Error for Failed {}

/// The table in the manual and in `--help`.
pub(crate) const TABLE: &str = "\
Exit codes:
  0  everything was read and done
  1  a finding as bad as --fail-on names, a proof that does not replay, or, with
     --fail-on-contradiction, a statement that is contradicted
  2  the command line makes no sense
  3  some input could not be read, or only in part; the rest is in the case;
     or a proof cannot be run again alone
  4  no input could be read at all, and nothing is written; or one of the cases
     to compare, to report on or to unmask could not
  5  the profile or the file of claims is wrong
  6  a result could not be written, or would replace the case of other inputs
  70 a fault in the program";
