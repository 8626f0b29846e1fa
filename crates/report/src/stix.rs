//! Case -> a STIX 2.1 bundle, for threat-intelligence platforms and CERTs.
//!
//! What is in it: the program as an `identity`; each destination as `domain-name` (its CNAME chain linked by
//! `resolves_to_refs`), `ipv4-addr` or `ipv6-addr` and `autonomous-system`; one `observed-data` per
//! destination with its times and number of flows; one `note` per finding that refers to the observed data of
//! its destinations. Destinations in the local network are left out. The identifiers' *values* are left out
//! as well, and telephone numbers: bundles are made to be passed on, and the phone's owner is not the threat. The finding's name
//! leads back to the case.
//!
//! Equal cases give equal bytes: no clock is asked. Names of cyber-observable objects are UUIDv5 over the
//! properties that STIX 2.1 section 2.9 names; other objects are UUIDv5 in a namespace of our own; `created`
//! and `modified` are the last moment of the captures.

use std::collections::{BTreeMap, BTreeSet};

use evidence::{Case, Destination, EndpointId, Timestamp, prose};
use serde::Serialize;
use serde_json::{Value, json, ser::PrettyFormatter};
use uuid::Uuid;

use crate::overview::{Overview, Reader, Told, host, local};
use crate::{json, plain, words};

/// Writes the bundle, indented, with a newline at the end.
pub fn stix(case: &Case) -> String {
    let overview = Overview::of(case);
    let mut bundle = Bundle::new(&overview);
    for reached in &overview.destinations {
        bundle.observe(reached.destination);
    }
    for told in &overview.findings {
        bundle.note(told);
    }
    bundle.finish()
}

/// An object's members by name, whatever order `serde_json` keeps.
type Object = BTreeMap<&'static str, Value>;

/// A bundle (STIX 2.1 section 8).
#[derive(Serialize)]
struct Written {
    #[serde(rename = "type")]
    kind: &'static str,
    id: String,
    objects: Vec<Object>,
}

/// Objects by their name, so that an address of two destinations is one object.
struct Bundle {
    objects: BTreeMap<String, Object>,
    /// The names that were resolved, and the objects each one leads to.
    names: BTreeMap<String, BTreeSet<String>>,
    observed: BTreeMap<EndpointId, String>,
    author: String,
    made: String,
    /// What tells this case from others: the digests of its captures.
    case: String,
}

impl Bundle {
    fn new(overview: &Overview) -> Self {
        let case = overview.case;
        let digests: Vec<&str> = case.captures.iter().map(|capture| capture.sha256.as_str()).collect();
        let author = named("identity", &case.program);
        let mut bundle = Self {
            objects: BTreeMap::new(),
            names: BTreeMap::new(),
            observed: BTreeMap::new(),
            author: author.clone(),
            made: instant(overview.span().map_or(Timestamp(0), |(_, last)| last)),
            case: digests.join(" "),
        };
        let members = [("name", json!(case.program)), ("identity_class", json!("system"))];
        bundle.add_domain("identity", author, members);
        bundle
    }

    /// Adds the objects of a destination; local ones have no meaning elsewhere.
    fn observe(&mut self, destination: &Destination) {
        if local(destination) {
            return;
        }
        let Some(address) = self.address(destination) else { return };
        let mut refs = vec![address.clone()];
        if !destination.endpoint.host.is_empty() {
            refs.extend(self.resolved(destination, address));
        }
        let id = named("observed-data", &format!("{} {}", self.case, destination.id));
        self.observed.insert(destination.id, id.clone());
        let members = [
            ("first_observed", json!(instant(destination.first))),
            ("last_observed", json!(instant(destination.last))),
            ("number_observed", json!(destination.flows.clamp(1, MOST_OBSERVED))),
            ("object_refs", json!(refs)),
        ];
        self.add_domain("observed-data", id, members);
    }

    fn address(&mut self, destination: &Destination) -> Option<String> {
        let address: std::net::IpAddr = destination.endpoint.address.parse().ok()?;
        let kind = if address.is_ipv4() { "ipv4-addr" } else { "ipv6-addr" };
        let value = json!(address.to_string());
        let id = observable(kind, "value", &value);
        let mut members = vec![("value", value)];
        members.extend(self.system(destination).map(|system| ("belongs_to_refs", json!([system]))));
        self.add(kind, id.clone(), members);
        Some(id)
    }

    fn system(&mut self, destination: &Destination) -> Option<String> {
        let number = json!(destination.network.asn?);
        let holder = &destination.network.holder;
        let id = observable("autonomous-system", "number", &number);
        let name = Some(("name", json!(holder))).filter(|_| !holder.is_empty());
        self.add("autonomous-system", id.clone(), [("number", number)].into_iter().chain(name));
        Some(id)
    }

    /// The host and its CNAME chain, each resolving to the next, the last to the address.
    fn resolved(&mut self, destination: &Destination, address: String) -> Vec<String> {
        let chain: Vec<&String> =
            std::iter::once(&destination.endpoint.host).chain(&destination.cname_chain).collect();
        let mut next = address;
        let mut ids = Vec::new();
        for name in chain.into_iter().rev() {
            let id = observable("domain-name", "value", &json!(name));
            let answers = self.names.entry(name.clone()).or_default();
            if next != id {
                answers.insert(next);
            }
            ids.push(id.clone());
            next = id;
        }
        ids.reverse();
        ids
    }

    fn note(&mut self, told: &Told) {
        let finding = told.finding;
        let mut refs: Vec<&String> =
            finding.endpoints.iter().filter_map(|endpoint| self.observed.get(endpoint)).collect();
        if refs.is_empty() {
            refs.push(&self.author);
        }
        let severity = finding.severity.id();
        let members = [
            ("abstract", json!(summary(told))),
            ("content", json!(content(told))),
            (
                "labels",
                json!([format!("severity:{severity}"), format!("{}:{}", about(told), told.subject_id())]),
            ),
            ("object_refs", json!(refs)),
        ];
        self.add_domain("note", named("note", &format!("{} {}", self.case, finding.id)), members);
    }

    /// Adds an object that has an author and an age (STIX 2.1 section 3.2).
    fn add_domain<const N: usize>(
        &mut self,
        kind: &'static str,
        id: String,
        members: [(&'static str, Value); N],
    ) {
        let made = [("created", json!(self.made)), ("modified", json!(self.made))];
        let author = Some(("created_by_ref", json!(self.author))).filter(|_| id != self.author);
        self.add(kind, id, made.into_iter().chain(author).chain(members));
    }

    /// Adds an object unless one of that name is there.
    fn add(
        &mut self,
        kind: &'static str,
        id: String,
        members: impl IntoIterator<Item = (&'static str, Value)>,
    ) {
        let common = [("type", json!(kind)), ("spec_version", json!("2.1")), ("id", json!(id))];
        self.objects.entry(id).or_insert_with(|| common.into_iter().chain(members).collect());
    }

    fn finish(mut self) -> String {
        for (name, answers) in std::mem::take(&mut self.names) {
            let value = json!(name);
            let id = observable("domain-name", "value", &value);
            // Lists must not be empty: STIX 2.1 section 2.9.
            let answers = Some(("resolves_to_refs", json!(answers))).filter(|_| !answers.is_empty());
            self.add("domain-name", id, [("value", value)].into_iter().chain(answers));
        }
        let id = named("bundle", &self.case);
        let written = Written { kind: "bundle", id, objects: self.objects.into_values().collect() };
        // Strings, numbers and lists of them always have a JSON form.
        json::text(&written, PrettyFormatter::new()).unwrap_or_default()
    }
}

/// What a finding is about: an identifier, a text message, or the protection of what was sent.
fn about(told: &Told) -> &'static str {
    match (told.identifier(), told.number()) {
        (Some(_), _) => "identifier",
        (None, Some(_)) => "message",
        (None, None) if told.kind() == "package_arrived" => "software",
        (None, None) => "protection",
    }
}

/// A finding in a few words.
fn summary(told: &Told) -> String {
    let sent = match (told.identifier(), told.left()) {
        (None, _) => "",
        (Some(_), true) if told.number().is_some() => " sent in a text message",
        (Some(_), true) => " sent",
        (Some(_), false) if told.number().is_some() => " in a text message that came in",
        (Some(_), false) => " in the phone's own log",
    };
    format!("{}{sent} ({})", prose::capital(told.subject()), told.finding.severity.id())
}

/// What a note says: everything but the value.
fn content(told: &Told) -> String {
    let finding = told.finding;
    let hosts: Vec<String> =
        told.destinations.iter().take(50).map(|one| plain::clipped(host(one), 256).into_owned()).collect();
    format!(
        "{}: {} ({}), {} between {} and {} UTC. Destination: {}. Readable by {}.",
        finding.id,
        told.subject(),
        told.grade().map_or("", words::grade),
        words::times(finding.count),
        words::moment(finding.first),
        words::moment(finding.last),
        match (hosts.is_empty(), told.number(), told.left()) {
            (false, ..) => hosts.join(", "),
            (true, Some(_), _) => "a telephone number".to_owned(),
            (true, None, true) => "unknown".to_owned(),
            (true, None, false) => "none that is known".to_owned(),
        },
        readers(told),
    )
}

/// Who was able to read it: what stayed in the local network has nobody on the way but those who are in it.
fn readers(told: &Told) -> &'static str {
    match told.reader() {
        Reader::Anyone if told.is_near() => "anyone on the local network: clear text",
        Reader::AnyoneInPart if told.is_near() => {
            "anyone on the local network, some of the times: partly clear text"
        }
        reader => reader.words(),
    }
}

/// Name of a cyber-observable object: UUIDv5 over its contributing properties in canonical JSON (RFC 8785).
/// There is one property, a string or a small integer, for which `serde_json`'s writing is the canonical one.
fn observable(kind: &str, property: &'static str, value: &Value) -> String {
    let name = json!({ property: value }).to_string();
    format!("{kind}--{}", Uuid::new_v5(&OBSERVABLES, name.as_bytes()))
}

fn named(kind: &str, what: &str) -> String {
    format!("{kind}--{}", Uuid::new_v5(&OURS, format!("{kind} {what}").as_bytes()))
}

/// RFC 3339 with milliseconds, as STIX writes `created`.
fn instant(time: Timestamp) -> String {
    let written = time.to_string();
    match written.split_once('.') {
        Some((seconds, rest)) => format!("{seconds}.{}Z", rest.get(..3).unwrap_or("000")),
        None => written,
    }
}

/// STIX 2.1 section 2.9.
const OBSERVABLES: Uuid = Uuid::from_u128(0x00ab_edb4_aa42_466c_9c01_fed2_3315_a9b7);
/// Ours, drawn once.
const OURS: Uuid = Uuid::from_u128(0x6e3b_6d04_0c1f_4a57_9d0e_51c4_8d0a_7f2e);
/// The largest `number_observed` of STIX 2.1 section 4.14.
const MOST_OBSERVED: u64 = 999_999_999;

#[cfg(test)]
mod tests {
    use super::*;

    /// The first is the example of STIX 2.1, the second what its other writers give.
    #[test]
    fn names_of_observables_are_those_of_the_standard() {
        assert_eq!(
            observable("ipv4-addr", "value", &json!("127.0.0.1")),
            "ipv4-addr--679c6c82-b4be-52e2-9c7a-198689f6f77b"
        );
        assert_eq!(
            observable("domain-name", "value", &json!("example.com")),
            "domain-name--bedb4899-d24b-5401-bc86-8f6b4cc18ec7"
        );
    }
}
