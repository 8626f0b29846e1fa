//! Case -> a STIX 2.1 bundle, for threat-intelligence platforms and CERTs.
//!
//! What is in it: the program as an `identity`; each destination as `domain-name` (its CNAME chain linked by
//! `resolves_to_refs`), `ipv4-addr` or `ipv6-addr` and `autonomous-system`; one `observed-data` per
//! destination with its times and number of flows; one `note` per finding that refers to the observed data of
//! its destinations. Destinations in the local network are left out. The identifiers' *values* are left out
//! as well: bundles are made to be passed on, and the phone's owner is not the threat. The finding's name
//! leads back to the case.
//!
//! Equal cases give equal bytes: no clock is asked. Names of cyber-observable objects are UUIDv5 over the
//! properties that STIX 2.1 section 2.9 names; other objects are UUIDv5 in a namespace of our own; `created`
//! and `modified` are the last moment of the captures.

use std::collections::BTreeMap;

use evidence::{Case, Destination, EndpointId, Timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::json::without_hidden;
use crate::overview::{Overview, Told, host, local};
use crate::{plain, words};

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

/// Objects by their name, so that an address of two destinations is one object.
struct Bundle {
    objects: BTreeMap<String, Value>,
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
        let made = instant(overview.span().map_or(Timestamp(0), |(_, last)| last));
        let author = named("identity", &case.program);
        let mut bundle = Self {
            objects: BTreeMap::new(),
            observed: BTreeMap::new(),
            author: author.clone(),
            made,
            case: digests.join(" "),
        };
        bundle.add(author.clone(), json!({
            "type": "identity",
            "created": bundle.made,
            "modified": bundle.made,
            "name": case.program,
            "identity_class": "system",
        }));
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
            refs.extend(self.names(destination, address));
        }
        let id = named("observed-data", &format!("{} {}", self.case, destination.id));
        self.observed.insert(destination.id, id.clone());
        self.add(id, json!({
            "type": "observed-data",
            "created_by_ref": self.author,
            "created": self.made,
            "modified": self.made,
            "first_observed": instant(destination.first),
            "last_observed": instant(destination.last),
            "number_observed": destination.flows.clamp(1, MOST_OBSERVED),
            "object_refs": refs,
        }));
    }

    fn address(&mut self, destination: &Destination) -> Option<String> {
        let address: std::net::IpAddr = destination.endpoint.address.parse().ok()?;
        let kind = if address.is_ipv4() { "ipv4-addr" } else { "ipv6-addr" };
        let value = address.to_string();
        let id = observable(kind, &json!({ "value": value }));
        let mut object = json!({ "type": kind, "value": value });
        if let Some(system) = self.system(destination) {
            object["belongs_to_refs"] = json!([system]);
        }
        self.add(id.clone(), object);
        Some(id)
    }

    fn system(&mut self, destination: &Destination) -> Option<String> {
        let number = destination.network.asn?;
        let id = observable("autonomous-system", &json!({ "number": number }));
        let mut object = json!({ "type": "autonomous-system", "number": number });
        if !destination.network.holder.is_empty() {
            object["name"] = json!(destination.network.holder);
        }
        self.add(id.clone(), object);
        Some(id)
    }

    /// The host and its CNAME chain, each resolving to the next, the last to the address.
    fn names(&mut self, destination: &Destination, address: String) -> Vec<String> {
        let mut next = address;
        let chain = std::iter::once(&destination.endpoint.host).chain(&destination.cname_chain);
        let mut ids = Vec::new();
        for name in chain.collect::<Vec<_>>().into_iter().rev() {
            let id = observable("domain-name", &json!({ "value": name }));
            self.resolve(&id, name, next);
            ids.push(id.clone());
            next = id;
        }
        ids.reverse();
        ids
    }

    /// Adds a name, or one more answer to a name that is there.
    fn resolve(&mut self, id: &str, name: &str, to: String) {
        self.add(id.to_owned(), json!({ "type": "domain-name", "value": name, "resolves_to_refs": [] }));
        let answers = self.objects.get_mut(id).and_then(|object| object["resolves_to_refs"].as_array_mut());
        let Some(answers) = answers else { return };
        if to != id && !answers.iter().any(|known| known.as_str() == Some(&to)) {
            answers.push(json!(to));
        }
    }

    fn note(&mut self, told: &Told) {
        let finding = told.finding;
        let mut refs: Vec<&String> =
            finding.endpoints.iter().filter_map(|endpoint| self.observed.get(endpoint)).collect();
        if refs.is_empty() {
            refs.push(&self.author);
        }
        let hosts: Vec<String> =
            told.destinations.iter().map(|one| plain::clipped(host(one), 256).into_owned()).collect();
        let content = format!(
            "{}: {} ({}), {} between {} and {} UTC. Destination: {}. Readable by {}.",
            finding.id,
            told.identifier().words(),
            told.grade().map_or("", words::grade),
            words::times(finding.count),
            words::moment(finding.first),
            words::moment(finding.last),
            if hosts.is_empty() { "unknown".to_owned() } else { hosts.join(", ") },
            told.reader().words(),
        );
        let note = json!({
            "type": "note",
            "created_by_ref": self.author,
            "created": self.made,
            "modified": self.made,
            "abstract": format!("{} sent ({})", words::capital(told.identifier().words()), finding.severity.id()),
            "content": content,
            "labels": [format!("severity:{}", finding.severity.id()), format!("identifier:{}", told.identifier().id())],
            "object_refs": refs,
        });
        self.add(named("note", &format!("{} {}", self.case, finding.id)), note);
    }

    /// Adds an object unless one of that name is there.
    fn add(&mut self, id: String, mut object: Value) {
        object["spec_version"] = json!("2.1");
        object["id"] = json!(id);
        self.objects.entry(id).or_insert(object);
    }

    fn finish(self) -> String {
        let objects: Vec<Value> = self.objects.into_values().map(without_empty_lists).collect();
        let bundle = json!({
            "type": "bundle",
            "id": named("bundle", &self.case),
            "objects": objects,
        });
        without_hidden(format!("{bundle:#}\n"))
    }
}

/// STIX 2.1 section 2.9 forbids empty lists.
fn without_empty_lists(mut object: Value) -> Value {
    if let Some(members) = object.as_object_mut() {
        members.retain(|_, value| !value.as_array().is_some_and(Vec::is_empty));
    }
    object
}

/// Name of a cyber-observable object: UUIDv5 over its contributing properties in canonical JSON (RFC 8785).
/// `serde_json` writes the members sorted; the properties used here are strings and small integers, for
/// which its writing is the canonical one.
fn observable(kind: &str, properties: &Value) -> String {
    format!("{kind}--{}", Uuid::new_v5(&OBSERVABLES, properties.to_string().as_bytes()))
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
            observable("ipv4-addr", &json!({ "value": "127.0.0.1" })),
            "ipv4-addr--679c6c82-b4be-52e2-9c7a-198689f6f77b"
        );
        assert_eq!(
            observable("domain-name", &json!({ "value": "example.com" })),
            "domain-name--bedb4899-d24b-5401-bc86-8f6b4cc18ec7"
        );
    }
}
