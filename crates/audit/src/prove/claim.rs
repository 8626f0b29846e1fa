//! Whether what a proof leads to is what its finding says. A trail that runs may still lead to other bytes than
//! the title speaks of, in a case that somebody changed.

use evidence::{Evidence, Finding, FindingKind, Grade, Relation};

use super::{Replay, ReplayError};
use crate::examine::readable;

/// Compares the bytes a piece of evidence leads to with the value that its finding says was sent. Findings that
/// name no value, and evidence for something else than the value, say nothing that could be compared.
pub fn claimed(finding: &Finding, evidence: &Evidence, replay: &Replay) -> Result<(), ReplayError> {
    let FindingKind::IdentifierSent { identifier, value, grade, .. } = &finding.kind else { return Ok(()) };
    let bytes = &replay.value;
    let shown = identifiers::shows(*identifier, value, bytes)
        || (*grade == Grade::Shaped && identifiers::shows_numbers(value, bytes));
    if evidence.relation != Relation::Value || shown {
        return Ok(());
    }
    Err(ReplayError::Claim { found: readable(&replay.value), value: value.clone() })
}
