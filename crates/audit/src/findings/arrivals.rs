//! Apps that came in over the wire, to findings: from whom, by which way, signed by whom, and whether the phone
//! has another of that name.

use std::collections::{BTreeMap, BTreeSet};

use evidence::{
    AppSigner, EndpointId, Evidence, Finding, FindingKind, Outcome, Relation, Security, Severity,
};
use facts::domain;
use handset::packages::Signer;

use super::{VERSION, id, naming_of};
use crate::{
    arrivals::{Arrival, Lead},
    input::hex,
    merge::Merged,
    phone::Phone,
};

/// A finding for each package that arrived from one endpoint.
pub(super) fn findings(merged: &Merged, phone: Option<&Phone>) -> Vec<Finding> {
    let mut same: BTreeMap<(&str, EndpointId), Same<'_>> = BTreeMap::new();
    for (arrival, endpoints) in merged.arrivals.all.iter().zip(&merged.arrived_from) {
        let Some(endpoint) = endpoints.first() else { continue };
        let (arrivals, all) = same.entry((&arrival.sha256, *endpoint)).or_default();
        arrivals.push(arrival);
        all.extend(endpoints.iter().skip(1));
    }
    same.into_iter()
        .filter_map(|((_, endpoint), (arrivals, further))| {
            let further = further.into_iter().filter(|other| *other != endpoint);
            let endpoints = std::iter::once(endpoint).chain(further).collect();
            finding(merged, phone, endpoints, &arrivals)
        })
        .collect()
}

/// What arrived from one endpoint, and the others that parts of it came from.
type Same<'m> = (Vec<&'m Arrival>, BTreeSet<EndpointId>);

/// The first of `endpoints` is the one that the arrivals are told of.
fn finding(
    merged: &Merged,
    phone: Option<&Phone>,
    endpoints: Vec<EndpointId>,
    arrivals: &[&Arrival],
) -> Option<Finding> {
    let (first, endpoint) = (arrivals.first()?, endpoints.first()?);
    let chain = merged.arrivals.led_to(first);
    let installed = phone.and_then(|phone| Installed::of(phone, &first.package));
    let host = if first.endpoint.host.is_empty() { &first.endpoint.address } else { &first.endpoint.host };
    let mut evidence = first.proofs.clone();
    evidence.extend(chain.iter().flat_map(|lead| leading(lead, &first.package)));
    evidence.extend(naming_of(merged, *endpoint, first.device));
    Some(Finding {
        id: id(&format!("package\n{}\n{}\n{host}", first.package, first.sha256)),
        kind: FindingKind::PackageArrived {
            package: first.package.clone(),
            version: version(&first.version_name, first.version_code),
            sha256: first.sha256.clone(),
            signers: first.signers.clone(),
            way: way(first, &chain),
            security: first.security,
        },
        detector: "package-arrived".to_owned(),
        version: VERSION,
        severity: severity(first, host, installed.as_ref()),
        title: format!("The app {} came from {host}", named(first)),
        words: words(first, host, &chain, installed.as_ref()),
        endpoints,
        count: arrivals.len() as u64,
        first: first.time,
        last: arrivals.last().map_or(first.time, |last| last.time),
        evidence,
        sightings: Vec::new(),
    })
}

/// What proves that an answer led on.
fn leading(lead: &Lead, package: &str) -> Vec<Evidence> {
    let on = Evidence {
        relation: Relation::Answer,
        words: format!("the answer that leads on to {}", lead.to),
        occurrence: lead.proof.occurrence(),
    };
    let names = lead.query.as_ref().map(|query| query.names(package)).unwrap_or_default();
    let words = ["the query names the app", "the answer names the app beside the address"];
    let named = names.into_iter().zip(words).filter_map(|(named, words)| {
        let occurrence = named?.proof.occurrence();
        Some(Evidence { relation: Relation::Label, words: words.to_owned(), occurrence })
    });
    std::iter::once(on).chain(named).collect()
}

/// What lists of the phone say of the package that is on it.
struct Installed {
    version: String,
    /// Whether it has the signer that arrived; `None` where no list tells signers as certificates.
    signers: Vec<String>,
    installer: String,
}

impl Installed {
    fn of(phone: &Phone, package: &str) -> Option<Self> {
        let known = phone.packages().named(package)?;
        let name = known.first(|told| told.version_name.as_ref()).map(|(_, found)| found.value.clone());
        let code = known.first(|told| told.version_code.as_ref()).map(|(_, found)| found.value);
        let signers = known.told.iter().flat_map(|(_, told)| &told.value.signers);
        let installer = known.first(|told| told.installer.as_ref()).map(|(_, found)| found.value.clone());
        Some(Self {
            version: version(&name.unwrap_or_default(), code),
            signers: signers
                .filter_map(|found| match &found.value {
                    Signer::Sha256(digest) => Some(hex(digest)),
                    Signer::HashCode(_) => None,
                })
                .collect(),
            installer: installer.unwrap_or_default(),
        })
    }

    /// Whether the signer is the same; `None` where it cannot be told.
    fn same_signer(&self, arrived: &[AppSigner]) -> Option<bool> {
        let known = !self.signers.is_empty() && !arrived.is_empty();
        known.then(|| arrived.iter().any(|signer| self.signers.contains(&signer.certificate)))
    }
}

fn severity(arrival: &Arrival, host: &str, installed: Option<&Installed>) -> Severity {
    let forged = arrival.signers.iter().any(|signer| signer.outcome == Outcome::Invalid);
    let unsigned = arrival.signers.is_empty() && !arrival.cut();
    let other = installed.and_then(|installed| installed.same_signer(&arrival.signers)) == Some(false);
    if forged || unsigned || other {
        Severity::High
    } else if arrival.security == Security::Clear {
        Severity::Medium
    } else if is_googles(host) {
        Severity::Info
    } else {
        Severity::Low
    }
}

/// Whether the name is run by the maker of Android's own store.
fn is_googles(host: &str) -> bool {
    domain::owner(host)
        .is_some_and(|owner| owner.group.contains("Google") || owner.group.contains("Alphabet"))
}

fn words(arrival: &Arrival, host: &str, chain: &[&Lead], installed: Option<&Installed>) -> String {
    let mut words = format!(
        "The package {}, {} bytes with the SHA-256 {}, came from {host} as the answer to {}.",
        named(arrival),
        arrival.bytes,
        arrival.sha256,
        if arrival.url.is_empty() { "a request that was not recorded" } else { &arrival.url }
    );
    words.push_str(&pieced(arrival));
    if !chain.is_empty() {
        let steps: Vec<_> = way(arrival, chain);
        words.push_str(&format!(" Answers led there: {}.", steps.join(" → ")));
    }
    chain.iter().for_each(|lead| words.push_str(&asked(lead, &arrival.package)));
    if !arrival.referrer.is_empty() {
        words.push_str(&format!(" The request says that it came from {}.", arrival.referrer));
    }
    words.push_str(&signed(arrival));
    match arrival.security {
        Security::Clear => words.push_str(" It came in clear text: anyone on the way could have changed it."),
        Security::Encrypted => {}
    }
    words.push_str(if is_googles(host) {
        " The host belongs to the maker of Android’s own store."
    } else {
        " The host does not belong to the maker of Android’s own store."
    });
    if let Some(installed) = installed {
        words.push_str(&compared(arrival, installed));
    }
    words
}

/// As whose answer to which query the address came.
fn asked(lead: &Lead, package: &str) -> String {
    let Some(query) = &lead.query else { return String::new() };
    let host = host_of(&lead.from);
    let mut words = format!(
        " {host} gave the address {} in the field {} of its answer to the query {}",
        lead.to,
        named_field(&query.field),
        lead.from
    );
    let [request, beside] = query.names(package);
    if let Some(named) = request {
        words.push_str(&format!(", which asks for {package} in {}", named_field(&named.field)));
    }
    if let Some(named) = beside {
        words.push_str(&format!("; the answer names {package} beside it, in {}", named_field(&named.field)));
    }
    words.push('.');
    words
}

/// A field's path as words have it.
fn named_field(path: &str) -> &str {
    if path.is_empty() { "without a name" } else { path }
}

fn host_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?']).next().unwrap_or(rest)
}

/// That it came in parts, and what of it is missing.
fn pieced(arrival: &Arrival) -> String {
    let mut words = String::new();
    if arrival.parts > 1 {
        words.push_str(&format!(" It came in {} parts, which were put together.", arrival.parts));
    }
    if arrival.differ {
        words.push_str(" Parts of it came twice and differ: those that came first were taken.");
    }
    let few = arrival.holes.iter().take(HOLES).map(|hole| format!("{} to {}", hole.start, hole.end - 1));
    let holes = few.chain((arrival.holes.len() > HOLES).then(|| "others".to_owned())).collect::<Vec<_>>();
    let missing = match (holes.is_empty(), arrival.endless) {
        (true, false) => return words,
        (true, true) => "Its end is".to_owned(),
        (false, end) => {
            let end = if end { " and its end" } else { "" };
            format!("Its bytes {}{end} are", holes.join(", "))
        }
    };
    words.push_str(&format!(" {missing} missing: the hash is of what was recorded."));
    if let Some(stated) = arrival.stated {
        words.push_str(&format!(" By what the server says it has {stated} bytes."));
    }
    words
}

fn signed(arrival: &Arrival) -> String {
    let mut told: Vec<_> = arrival
        .signers
        .iter()
        .map(|signer| {
            let outcome = match signer.outcome {
                Outcome::Invalid => format!("the signature does not hold: {}", signer.reason),
                Outcome::Told => "the signature was not checked".to_owned(),
                Outcome::Unsupported => format!("it needs {}, which is not checked here", signer.reason),
                Outcome::Valid => "the signature holds".to_owned(),
            };
            let subject = if signer.subject.is_empty() { "somebody" } else { &signer.subject };
            match signer.certificate.as_str() {
                "" => format!("{subject} ({outcome})"),
                certificate => format!("{subject} (certificate {certificate}; {outcome})"),
            }
        })
        .collect();
    // What is wrong with a signature is often wrong with all of them.
    told.dedup();
    match (told.is_empty(), arrival.cut()) {
        (false, _) => format!(" It is signed by {}.", told.join(" and ")),
        (true, true) => String::new(),
        (true, false) => " It is not signed.".to_owned(),
    }
}

fn compared(arrival: &Arrival, installed: &Installed) -> String {
    let by = match installed.installer.as_str() {
        "" => String::new(),
        installer => format!(", installed by {installer}"),
    };
    let signer = match installed.same_signer(&arrival.signers) {
        Some(true) => ", with the same signer",
        Some(false) => ", with another signer",
        None => "",
    };
    let version = if installed.version.is_empty() { "an unknown version" } else { &installed.version };
    format!(" The phone has {version} of it{signer}{by}.")
}

/// The addresses from the first that was asked to the one that gave the package.
fn way(arrival: &Arrival, chain: &[&Lead]) -> Vec<String> {
    chain.iter().map(|lead| lead.from.clone()).chain([arrival.url.clone()]).collect()
}

fn named(arrival: &Arrival) -> String {
    let version = version(&arrival.version_name, arrival.version_code);
    let split = if arrival.split.is_empty() { String::new() } else { format!(", split {}", arrival.split) };
    let package = if arrival.package.is_empty() { "without a name" } else { &arrival.package };
    if version.is_empty() { format!("{package}{split}") } else { format!("{package} {version}{split}") }
}

fn version(name: &str, code: Option<u64>) -> String {
    match (name, code) {
        ("", None) => String::new(),
        ("", Some(code)) => code.to_string(),
        (name, None) => name.to_owned(),
        (name, Some(code)) => format!("{name} ({code})"),
    }
}

/// Stretches that are missing, as many as are told.
const HOLES: usize = 8;
