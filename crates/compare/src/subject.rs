//! What a finding is about, so that findings of several cases can be told to be about the same; and the facts in
//! which they may then differ.

use std::collections::{BTreeMap, BTreeSet};

use evidence::{
    Behaviour, Direction, Finding, FindingKind, Grade, IdentifierKind, ProtectionFault, Security, prose,
};

use crate::{side::Sided, words};

/// What findings of several cases share when they are about the same. The value itself does not count: another
/// phone has another one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Subject {
    /// The name of the finding's kind in files.
    pub(crate) kind: &'static str,
    /// In a few words.
    pub(crate) what: String,
    /// Receivers by their names, or a telephone number.
    pub(crate) receiver: String,
    /// The identifier, where it is about one.
    pub(crate) identifier: Option<IdentifierKind>,
}

/// Facts by name, each with all values that findings of the subject have.
pub(crate) type Facts = BTreeMap<&'static str, BTreeSet<String>>;

impl Subject {
    pub(crate) fn of(side: &Sided, finding: &Finding) -> Self {
        let receivers: BTreeSet<&str> = side.destinations_of(finding).map(|one| one.receiver()).collect();
        let receivers: Vec<_> = receivers.into_iter().take(RECEIVERS).map(str::to_owned).collect();
        let receiver = prose::list(&receivers);
        let identified = |kind, identifier: &IdentifierKind, receiver| Self {
            kind,
            what: identifier.words().to_owned(),
            receiver,
            identifier: Some(*identifier),
        };
        let other = |kind, what, receiver| Self { kind, what, receiver, identifier: None };
        match &finding.kind {
            FindingKind::Behaviour(behaviour) => Self {
                identifier: match behaviour {
                    Behaviour::Stage { identifier, .. } => Some(*identifier),
                    _ => None,
                },
                ..other("behaviour", behaviour_words(behaviour), receiver)
            },
            FindingKind::BulkData { identifier, .. } => Self {
                what: format!("{}, in bulk", identifier.words()),
                ..identified(BULK, identifier, receiver)
            },
            FindingKind::HiddenMessage { number, direction, .. } => {
                let way = if *direction == Direction::Out { "sent" } else { "received" };
                other("hidden_message", format!("message that was {way} and does not show"), number.clone())
            }
            FindingKind::IdentifierInMessage { identifier, number, .. } => {
                identified("identifier_in_message", identifier, number.clone())
            }
            FindingKind::IdentifierReceived { identifier, number, .. } => {
                identified("identifier_received", identifier, number.clone())
            }
            FindingKind::IdentifierSent { identifier, .. } => {
                identified("identifier_sent", identifier, receiver)
            }
            FindingKind::Logged { identifier, .. } => {
                identified("logged", identifier, "the phone's log".to_owned())
            }
            FindingKind::PackageArrived { package, .. } => {
                other("package_arrived", format!("app {package}"), receiver)
            }
            FindingKind::Protection { fault, .. } => {
                other("protection", fault_words(*fault).to_owned(), receiver)
            }
        }
    }
}

impl Subject {
    /// Of many values of a kind, the subject that one of them has.
    pub(crate) fn of_one(&self) -> Option<Self> {
        let identifier = self.identifier.filter(|_| self.kind == BULK)?;
        let what = identifier.words().to_owned();
        Some(Self {
            kind: "identifier_sent",
            what,
            receiver: self.receiver.clone(),
            identifier: Some(identifier),
        })
    }
}

fn fault_words(fault: ProtectionFault) -> &'static str {
    match fault {
        ProtectionFault::LabelLies => "label that says encrypted",
        ProtectionFault::OnlyTheChannel => "content open to whoever ends the connection",
        ProtectionFault::OwnMaking => "encryption of somebody's own making",
        ProtectionFault::WeakChannel => "weak encryption of the connection",
    }
}

/// What a behaviour is, without the figures in which it may differ.
fn behaviour_words(behaviour: &Behaviour) -> String {
    match behaviour {
        Behaviour::Acceptance { request, .. } => format!("answers to {request}"),
        Behaviour::ForeignResolver { resolver, .. } => format!("names asked of the resolver {resolver}"),
        Behaviour::KeywordList { request, .. } => format!("list of words in {request}"),
        Behaviour::LastingId { field, .. } => format!("identifier that stays in {field}"),
        Behaviour::NoProcess { direction: Direction::In, .. } => {
            "incoming traffic without a process".to_owned()
        }
        Behaviour::NoProcess { direction: Direction::Out, .. } => "traffic without a process".to_owned(),
        Behaviour::Opaque { request, field, .. } => format!("field {field} of {request} that cannot be read"),
        Behaviour::Parameters { request, .. } => format!("parameters of {request}"),
        Behaviour::RemoteSwitch { request, .. } => format!("remote switch in {request}"),
        Behaviour::Retries { request, .. } => format!("retries of {request}"),
        Behaviour::Rhythm { request, .. } => format!("rhythm of {request}"),
        Behaviour::SharedId { receivers, .. } => format!("one identifier at {}", prose::list(receivers)),
        Behaviour::Spread { owner, .. } => format!("countries of {owner}"),
        Behaviour::Stage { stage, identifier, .. } => format!("{} while: {stage}", identifier.words()),
        Behaviour::Trigger { request, mark, .. } => format!("{request} after {}", words::mark(mark)),
        Behaviour::UnresolvedName { name, .. } => format!("name {name} that leads nowhere"),
    }
}

/// Adds the facts in which a finding may differ from another of its subject.
pub(crate) fn facts(side: &Sided, finding: &Finding, facts: &mut Facts) {
    let mut add = |name: &'static str, value: String| {
        if !value.is_empty() {
            let values = facts.entry(name).or_default();
            if values.len() < VALUES {
                values.insert(value);
            }
        }
    };
    add(SEVERITY, finding.severity.id().to_owned());
    for destination in side.destinations_of(finding) {
        let located = destination.network.located.as_ref();
        add(COUNTRY, located.map_or_else(String::new, |country| country.code.clone()));
        add("network of the address", destination.network.holder.clone());
    }
    for place in finding.sightings.iter().filter_map(|place| usize::try_from(*place).ok()) {
        let Some(group) = side.case.sightings.get(place) else { continue };
        add(SECURITY, security(group.key.security).to_owned());
        add("encodings", group.key.encodings.join(", then "));
        add("field", group.key.field.clone());
        add("app", group.key.app.clone());
    }
    match &finding.kind {
        FindingKind::Behaviour(behaviour) => behaviour_facts(behaviour, &mut add),
        FindingKind::BulkData { seen, planted, .. } => add("how many", format!("{seen} of {planted}")),
        FindingKind::HiddenMessage { verdict, .. } => add("what the sources say", verdict.clone()),
        FindingKind::IdentifierInMessage { grade, forms, .. }
        | FindingKind::IdentifierReceived { grade, forms, .. }
        | FindingKind::IdentifierSent { grade, forms, .. }
        | FindingKind::Logged { grade, forms, .. } => {
            add("grade", grade_words(*grade).to_owned());
            forms.iter().for_each(|form| add("form", form.0.clone()));
        }
        FindingKind::PackageArrived { version, sha256, signers, way, security: how, .. } => {
            add(SECURITY, security(*how).to_owned());
            add("version", version.clone());
            add("SHA-256", sha256.clone());
            signers.iter().for_each(|signer| add("signer", signer.certificate.clone()));
            add("way", way.join(" → "));
        }
        FindingKind::Protection { protection, .. } => {
            add(SECURITY, security(protection.security).to_owned());
            add("label", protection.label.clone());
        }
    }
}

fn behaviour_facts(behaviour: &Behaviour, add: &mut impl FnMut(&'static str, String)) {
    match behaviour {
        Behaviour::Acceptance { statuses, results, .. } => {
            statuses.iter().for_each(|(status, _)| add("status", status.to_string()));
            results.iter().for_each(|(name, value, _)| add("result", format!("{name} = {value}")));
        }
        Behaviour::KeywordList { entries, scripts, sample, apps, .. } => {
            add("entries", entries.to_string());
            add("first entries", sample.iter().take(SAMPLE).cloned().collect::<Vec<_>>().join(", "));
            scripts.iter().for_each(|(script, count)| add("scripts", format!("{script} {count}")));
            apps.iter().for_each(|app| add("app", app.clone()));
        }
        Behaviour::LastingId { value, same_as, .. } => {
            add(VALUE, value.clone());
            same_as.iter().for_each(|field| add("same as", field.clone()));
        }
        Behaviour::SharedId { value, .. } => add(VALUE, value.clone()),
        Behaviour::Opaque { length, class, .. } => {
            add("class", class.clone());
            add("length", format!("{} to {}", length.0, length.1));
        }
        Behaviour::Parameters { names, .. } => add("parameters", names.len().to_string()),
        Behaviour::RemoteSwitch { switches, .. } => {
            switches
                .iter()
                .for_each(|(field, values)| add("switch", format!("{field}: {}", values.join(", "))));
        }
        Behaviour::Retries { accepted, unknown, .. } => {
            let outcome = match (accepted, unknown) {
                (true, _) => "accepted in the end",
                (false, true) => "not known to be accepted",
                (false, false) => "never accepted",
            };
            add("outcome", outcome.to_owned());
        }
        Behaviour::Rhythm { rule, .. } => add("rule", rule.clone()),
        Behaviour::Spread { countries, holders, .. } => {
            countries.iter().for_each(|(country, _)| add(COUNTRY, country.clone()));
            holders.iter().for_each(|holder| add("network of the address", holder.clone()));
        }
        Behaviour::UnresolvedName { outcome, .. } => add("outcome", outcome.clone()),
        Behaviour::ForeignResolver { .. }
        | Behaviour::NoProcess { .. }
        | Behaviour::Stage { .. }
        | Behaviour::Trigger { .. } => {}
    }
}

fn grade_words(grade: Grade) -> &'static str {
    match grade {
        Grade::Shaped => "looks like one",
        Grade::Derived => "computed from the phone's own",
        Grade::Known => "the phone's own",
    }
}

fn security(security: Security) -> &'static str {
    match security {
        Security::Clear => CLEAR,
        Security::Encrypted => ENCRYPTED,
    }
}

/// Findings of many values of one kind.
const BULK: &str = "bulk_data";
/// Who could read it: the fact, and its two values.
pub(crate) const SECURITY: &str = "readable by";
pub(crate) const CLEAR: &str = "anyone on the way";
pub(crate) const ENCRYPTED: &str = "the receiver only";
/// How bad it is.
pub(crate) const SEVERITY: &str = "severity";
/// Countries of the addresses.
pub(crate) const COUNTRY: &str = "country of the address";
/// The name by which somebody knows the phone: it differs between phones without anything having changed.
pub(crate) const VALUE: &str = "value";

/// How many receivers of one finding name it.
const RECEIVERS: usize = 5;
/// How many values of a fact are told.
const VALUES: usize = 20;
/// How many entries of a list are told.
const SAMPLE: usize = 8;
