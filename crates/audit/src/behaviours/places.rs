//! Where it goes: countries of one owner, names that lead nowhere, and resolvers that the network did not hand out.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use evidence::{
    Behaviour, Destination, Direction, EndpointId, Evidence, Finding, Ground, Relation, Severity,
};

use super::{Scene, Told, times, weight};
use crate::{diary::Told as Asked, findings::naming_of};

/// Judges all destinations.
pub(super) fn judge(scene: &Scene<'_>, findings: &mut Vec<Finding>) {
    findings.extend(spread(scene));
    findings.extend(unresolved(scene));
    findings.extend(foreign_resolvers(scene));
    findings.extend(unexplained(scene));
}

/// Owners whose services are spread over countries, where they were told something of somebody.
fn spread(scene: &Scene<'_>) -> Vec<Finding> {
    let mut told: BTreeMap<EndpointId, BTreeSet<IpAddr>> = BTreeMap::new();
    for group in &scene.merged.sightings {
        let key = &group.key;
        let heavy = key.direction == Direction::Out && weight(group) >= Severity::Medium;
        if heavy && !scene.is_of_another(group) {
            told.entry(key.endpoint).or_default().extend(key.device.parse::<IpAddr>().ok());
        }
    }
    let mut owners: BTreeMap<&str, Vec<&Destination>> = BTreeMap::new();
    for destination in
        scene.merged.destinations.iter().filter(|destination| told.contains_key(&destination.id))
    {
        let group =
            destination.owner.as_ref().map(|owner| owner.group.as_str()).filter(|group| !group.is_empty());
        owners.entry(group.unwrap_or(destination.receiver())).or_default().push(destination);
    }
    owners
        .into_iter()
        .filter_map(|(owner, destinations)| spread_of(scene, owner, (&destinations, &told)))
        .collect()
}

fn spread_of(
    scene: &Scene<'_>,
    owner: &str,
    (destinations, told): (&[&Destination], &BTreeMap<EndpointId, BTreeSet<IpAddr>>),
) -> Option<Finding> {
    let mut countries: BTreeMap<&str, u64> = BTreeMap::new();
    for destination in destinations {
        if let Some(located) = &destination.network.located {
            *countries.entry(&located.code).or_default() += destination.bytes_out;
        }
    }
    if countries.len() < 2 {
        return None;
    }
    let holders: BTreeSet<&str> = destinations
        .iter()
        .map(|destination| destination.network.holder.as_str())
        .filter(|holder| !holder.is_empty())
        .collect();
    let endpoints: Vec<_> = destinations.iter().map(|destination| destination.id).collect();
    let devices = |id: &EndpointId| told.get(id).into_iter().flatten().copied();
    let named = endpoints.iter().filter_map(|id| naming_of(scene.merged, *id, devices(id))).take(6);
    let evidence: Vec<Evidence> =
        named.map(|evidence| Evidence { relation: Relation::Value, ..evidence }).collect();
    let codes: Vec<&str> = countries.keys().copied().collect();
    let edges = destinations.iter().any(|destination| !destination.network.edge.is_empty());
    let caution = if edges {
        " Some of these are clouds or edges: their address tells where data enters, not where it is kept."
    } else {
        " An address tells where data enters, not where it is kept."
    };
    let told = Told {
        subject: format!("spread {owner}"),
        severity: Severity::Low,
        title: format!("What identifies the phone goes to {owner} in {} countries", countries.len()),
        words: format!("The addresses lie in {}.{caution}", codes.join(", ")),
        count: destinations.iter().map(|destination| destination.flows).sum(),
        when: (
            destinations.iter().map(|destination| destination.first).min()?,
            destinations.iter().map(|destination| destination.last).max()?,
        ),
        endpoints,
        evidence,
        sightings: Vec::new(),
        behaviour: Behaviour::Spread {
            owner: owner.to_owned(),
            countries: countries.into_iter().map(|(code, bytes)| (code.to_owned(), bytes)).collect(),
            holders: holders.into_iter().map(str::to_owned).collect(),
        },
    };
    Some(told.finding())
}

/// Names that were asked for again and again, and that nobody has, or that were never answered.
fn unresolved(scene: &Scene<'_>) -> Vec<Finding> {
    let known: BTreeSet<&str> =
        scene.merged.destinations.iter().map(|destination| destination.endpoint.host.as_str()).collect();
    let names = &scene.merged.book.names;
    let is_told = |name: &str, told: &Asked| told.count >= ASKED && !known.contains(name) && is_public(name);
    let denied = names.denied.iter().filter(|((name, code), told)| *code == 3 && is_told(name, told));
    // A resolver that was out of reach for a moment says nothing of the name.
    let silent = names
        .asked
        .iter()
        .filter(|(name, told)| !told.answered && told.last.since(told.first) >= LONG && is_told(name, told));
    let denied = denied.take(MOST_NAMES).map(|((name, _), told)| nobody_has(name, told));
    denied.chain(silent.take(MOST_NAMES).map(|(name, told)| never_answered(name, told))).collect()
}

fn nobody_has(name: &str, told: &Asked) -> Finding {
    let meant = match facts::domain::registrable(name) {
        Some(_) => "Whoever registers it gets what is meant for it.",
        None => {
            "It is below no ending under which names can be registered: only a network of its own could have it."
        }
    };
    let words =
        format!("The phone asked for it {}, and was told that it does not exist. {meant}", times(told.count));
    let title = format!("A name is asked for that nobody has: {name}");
    without_address((name, "NXDOMAIN"), told, (title, words), "the resolver’s answer")
}

fn never_answered(name: &str, told: &Asked) -> Finding {
    let words = format!(
        "The phone asked for it {}, and the capture holds no answer. Whether the name exists, it does not show.",
        times(told.count)
    );
    let title = format!("A name is asked for again and again without an answer: {name}");
    without_address((name, "no answer"), told, (title, words), "the phone’s question")
}

fn without_address(
    (name, outcome): (&str, &str),
    told: &Asked,
    (title, words): (String, String),
    proof: &str,
) -> Finding {
    Told {
        subject: format!("unresolved {name}"),
        severity: Severity::Low,
        title,
        words,
        endpoints: Vec::new(),
        count: told.count,
        when: (told.first, told.last),
        evidence: vec![super::value(proof, &told.proof)],
        sightings: Vec::new(),
        behaviour: Behaviour::UnresolvedName { name: name.to_owned(), outcome: outcome.to_owned() },
    }
    .finding()
}

/// Whether a name is meant for the internet, and is no name of the network at hand or a resolver's probe.
fn is_public(name: &str) -> bool {
    let ending = name.rsplit('.').next().unwrap_or_default();
    name.contains('.') && !OF_NETWORKS.contains(&ending)
}

/// Resolvers that were asked although the network handed out others.
fn foreign_resolvers(scene: &Scene<'_>) -> Vec<Finding> {
    let names = &scene.merged.book.names;
    if names.given.is_empty() {
        return Vec::new();
    }
    let given: Vec<String> = names.given.keys().map(ToString::to_string).collect();
    let foreign = names.resolvers.iter().filter(|(address, _)| !names.given.contains_key(address));
    let found = foreign.take(MOST_NAMES).map(|(address, told)| {
        let mut evidence = vec![super::value("a query to it", &told.proof)];
        evidence.extend(names.given.values().take(1).map(|given| Evidence {
            relation: Relation::Account,
            words: "the resolver that the network handed out".to_owned(),
            occurrence: given.proof.clone(),
        }));
        let of_address = |destination: &&Destination| destination.endpoint.address == address.to_string();
        Told {
            subject: format!("resolver {address}"),
            severity: Severity::Low,
            title: format!("Names are asked of {address}, which the network did not name"),
            words: format!(
                "{} queries went there. The network’s own: {}. Whoever answers them sees every name that is asked for.",
                told.count,
                given.join(", ")
            ),
            endpoints: scene.merged.destinations.iter().filter(of_address).map(|found| found.id).collect(),
            count: told.count,
            when: (told.first, told.last),
            evidence,
            sightings: Vec::new(),
            behaviour: Behaviour::ForeignResolver { resolver: address.to_string(), given: given.clone() },
        }
        .finding()
    });
    found.collect()
}

/// Destinations that no app is known to have talked to, where the phone's lists tell of nearly all others: a part of the
/// system that hides from them, or a gap in the lists.
fn unexplained(scene: &Scene<'_>) -> Vec<Finding> {
    let told = scene.phone.attributions.iter().filter(|told| told.ground > Ground::Code && told.flows > 0);
    let explained: BTreeSet<_> = told.map(|told| told.endpoint).collect();
    let asked = scene.merged.destinations.iter().filter(|destination| {
        destination.network.scope == "public" && !OF_THE_SYSTEM.contains(&destination.endpoint.port)
    });
    let (known, unknown): (Vec<&Destination>, Vec<&Destination>) =
        asked.partition(|destination| explained.contains(&destination.id));
    if known.len() < EXPLAINED || unknown.len() * EXPLAINED > known.len() {
        return Vec::new();
    }
    let own = scene.merged.devices.iter().filter(|device| device.is_phone == Some(true));
    let own: Vec<IpAddr> = own.filter_map(|device| device.address.parse().ok()).collect();
    let found = unknown.into_iter().filter_map(|destination| {
        let naming = naming_of(scene.merged, destination.id, own.iter().copied())?;
        let told = Told {
            subject: format!("no process\n{:?}", destination.endpoint),
            severity: Severity::Low,
            title: format!("No app is known to have talked to {}", destination.receiver()),
            words: format!(
                "The phone’s own lists, or whoever recorded it, tell whose the flows to {} other destinations were, and \
                 say nothing of the {} to this one. A part of the system may have opened them, or the lists have a gap.",
                known.len(),
                destination.flows
            ),
            endpoints: vec![destination.id],
            count: destination.flows,
            when: (destination.first, destination.last),
            evidence: vec![Evidence { relation: Relation::Value, ..naming }],
            sightings: Vec::new(),
            behaviour: Behaviour::NoProcess { direction: Direction::Out, flows: destination.flows },
        };
        Some(told.finding())
    });
    found.take(MOST_NAMES).collect()
}

/// Ports on which the system itself talks: names, addresses, the time (IANA's registry).
const OF_THE_SYSTEM: [u16; 5] = [53, 67, 123, 853, 5353];
/// So many times more destinations have to be explained than not.
const EXPLAINED: usize = 4;
/// Endings of names that networks give out themselves, or that lead back (RFC 6761, RFC 6762, RFC 8375).
const OF_NETWORKS: [&str; 13] = [
    "arpa",
    "box",
    "corp",
    "home",
    "internal",
    "intranet",
    "invalid",
    "lan",
    "local",
    "localdomain",
    "localhost",
    "private",
    "test",
];
/// Nanoseconds over which a name has to be asked for that is not answered: ten minutes.
const LONG: i64 = 600_000_000_000;
/// How often a name has to be asked for.
const ASKED: u64 = 3;
/// Names and resolvers told.
const MOST_NAMES: usize = 50;
