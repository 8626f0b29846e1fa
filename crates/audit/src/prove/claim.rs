//! Whether what a proof leads to is what its finding says. A trail that runs may still lead to other bytes than
//! the title speaks of, in a case that somebody changed.

use evidence::{Evidence, Finding, FindingKind, Grade, Hashed, Relation};

use super::{Replay, ReplayError};
use crate::{examine::readable, unmasked};

/// Compares the bytes a piece of evidence leads to with the value that its finding names, be it sent, in a message or in a
/// log. Findings that name no value, and evidence for something else than the value, say nothing that could be compared.
pub fn claimed(finding: &Finding, evidence: &Evidence, replay: &Replay) -> Result<(), ReplayError> {
    let (identifier, value, grade, hashed) = match &finding.kind {
        FindingKind::IdentifierSent { identifier, value, grade, hashed, .. } => {
            (identifier, value, grade, hashed.as_slice())
        }
        FindingKind::IdentifierInMessage { identifier, value, grade, .. }
        | FindingKind::IdentifierReceived { identifier, value, grade, .. }
        | FindingKind::Logged { identifier, value, grade, .. } => (identifier, value, grade, &[][..]),
        _ => return Ok(()),
    };
    let bytes = &replay.value;
    // The text that was hashed has to be a writing of the value, and its digest these bytes.
    let made = |how: &Hashed| {
        identifiers::shows(*identifier, value, how.spelling.as_bytes())
            && unmasked::agrees(*identifier, how, bytes).is_some()
    };
    let member = || value.starts_with("list of ") && identifiers::shows_member(*identifier, bytes);
    let shown = identifiers::shows(*identifier, value, bytes)
        || (*grade == Grade::Shaped && (member() || identifiers::shows_numbers(value, bytes)))
        || hashed.iter().any(made);
    if evidence.relation != Relation::Value || shown {
        return Ok(());
    }
    Err(ReplayError::Claim { found: readable(&replay.value), value: value.clone() })
}
