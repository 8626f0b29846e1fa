//! Findings -> risks, by a table.

use evidence::{Finding, FindingKind, Security, Severity, Subject};
use serde::Deserialize;

use crate::overview::{Reader, Told};

/// A row of the table; see the head of `risks.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rule {
    pub(crate) name: String,
    #[serde(default)]
    kind: Vec<String>,
    #[serde(default)]
    subject: Vec<Subject>,
    #[serde(default)]
    identifier: Vec<evidence::IdentifierKind>,
    #[serde(default)]
    behaviour: Vec<String>,
    #[serde(default)]
    fault: Vec<evidence::ProtectionFault>,
    nature: Option<Severity>,
    readable: Option<Readable>,
    severity: Option<Severity>,
    #[serde(default)]
    pub(crate) needs: Vec<Need>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Readable {
    Anyone,
    Receiver,
}

/// What it takes to see such a thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Need {
    Carried,
    Log,
    Messages,
    Profile,
    Readable,
    Stages,
    Store,
    Texts,
    Traffic,
}

#[derive(Deserialize)]
struct Table {
    risk: Vec<Rule>,
}

/// The rules, in their order. Fails only where the table of this crate is wrong.
pub(crate) fn rules() -> Result<Vec<Rule>, toml::de::Error> {
    toml::from_str::<Table>(include_str!("risks.toml")).map(|table| table.risk)
}

impl Rule {
    /// Whether a profile with values of these kinds holds what the rule is about. A rule that names no kinds asks for
    /// none; a case of an older program does not say which there were.
    pub(crate) fn is_planted(&self, kinds: &[(evidence::IdentifierKind, u64)]) -> bool {
        let names = |kind: &evidence::IdentifierKind| {
            self.identifier.contains(kind) || self.subject.contains(&kind.subject())
        };
        let asks = !(self.identifier.is_empty() && self.subject.is_empty());
        !asks || kinds.is_empty() || kinds.iter().any(|(kind, _)| names(kind))
    }

    /// Whether a finding belongs to the risk.
    pub(crate) fn meets(&self, told: &Told) -> bool {
        let finding = told.finding;
        let listed = |list: &[String], name: Option<&str>| {
            list.is_empty() || name.is_some_and(|name| list.iter().any(|one| one == name))
        };
        let identifier = told.identifier();
        listed(&self.kind, Some(told.kind()))
            && listed(&self.behaviour, behaviour(finding))
            && (self.identifier.is_empty() || identifier.is_some_and(|one| self.identifier.contains(&one)))
            && (self.subject.is_empty()
                || identifier.is_some_and(|one| self.subject.contains(&one.subject())))
            && (self.fault.is_empty() || fault(finding).is_some_and(|one| self.fault.contains(&one)))
            && self.nature.is_none_or(|least| identifier.is_some_and(|one| one.severity() >= least))
            && self.readable.is_none_or(|readable| readable == readable_by(told))
            && self.severity.is_none_or(|least| finding.severity >= least)
    }
}

fn behaviour(finding: &Finding) -> Option<&'static str> {
    match &finding.kind {
        FindingKind::Behaviour(behaviour) => Some(behaviour.id()),
        _ => None,
    }
}

fn fault(finding: &Finding) -> Option<evidence::ProtectionFault> {
    match &finding.kind {
        FindingKind::Protection { fault, .. } => Some(*fault),
        _ => None,
    }
}

fn readable_by(told: &Told) -> Readable {
    let package = matches!(&told.finding.kind, FindingKind::PackageArrived { security: Security::Clear, .. });
    match told.reader() {
        Reader::Anyone | Reader::AnyoneInPart => Readable::Anyone,
        _ if package => Readable::Anyone,
        _ => Readable::Receiver,
    }
}
