//! A finding -> what stands below it: how often and when, who got it and where that is thought to be, with which app.
//!
//! Its title is short, and names a receiver by its domain at most. Hosts, operators and apps are many where a finding
//! gathers much; the first few are named and the others counted.

use std::collections::BTreeSet;

use evidence::{Destination, FindingKind, Ground, Timestamp};

use super::{Device, texts::Texts};
use crate::{
    overview::{Told, country, host, local},
    plain,
};

/// `54 times, 2019-01-14 06:00:43 to 16:31:07 UTC`, `a.example (192.0.2.1), run by A (China), address thought to be in
/// China`, `app: com.example`; what is not known is called so or left out.
pub(super) fn circumstances(texts: &Texts, device: &Device, told: &Told) -> Vec<String> {
    let parts = [Some(when(texts, told)), receiver(texts, told), app(texts, device, told)];
    parts.into_iter().flatten().collect()
}

fn when(texts: &Texts, told: &Told) -> String {
    let finding = told.finding;
    let often = match usize::try_from(finding.count) {
        Ok(count) => texts.counted(count, "once", "times"),
        Err(_) => texts.fill("times", &[("n", &texts.number(finding.count))]),
    };
    match finding.first == Timestamp::default() {
        true => often,
        false => {
            let period = texts.period(finding.first, finding.last);
            texts.fill("when", &[("often", &often), ("period", &period)])
        }
    }
}

/// Who got it, or gave it where it came in. A title names the other side of text messages already.
fn receiver(texts: &Texts, told: &Told) -> Option<String> {
    if told.number().is_some() || matches!(told.finding.kind, FindingKind::Logged { .. }) {
        return None;
    }
    if let Some(domain) = told.passed_to() {
        return Some(texts.fill("through_resolvers", &[("domain", &plain::fitted(domain, LONGEST))]));
    }
    let public: Vec<&Destination> = told.destinations.iter().copied().filter(|one| !local(one)).collect();
    match (public.is_empty(), told.destinations.is_empty()) {
        (true, true) => None,
        (true, false) => Some(texts.say("local_network").to_owned()),
        (false, _) => Some([hosts(texts, &public), run(texts, &public), located(texts, &public)].join(", ")),
    }
}

/// `a.example (192.0.2.1)`, `a.example, b.example and 3 more`.
fn hosts(texts: &Texts, destinations: &[&Destination]) -> String {
    let names: BTreeSet<&str> = destinations.iter().map(|one| host(one)).collect();
    let addresses: BTreeSet<&str> = destinations.iter().map(|one| one.endpoint.address.as_str()).collect();
    let said = named(texts, &names);
    match (addresses.first(), addresses.len()) {
        (Some(only), 1) if !names.contains(only) => {
            texts.fill("host_at", &[("host", &said), ("address", &plain::fitted(only, LONGEST))])
        }
        _ => said,
    }
}

fn run(texts: &Texts, destinations: &[&Destination]) -> String {
    let owners: BTreeSet<String> =
        destinations.iter().filter_map(|one| one.owner.as_ref()).map(|one| owner(texts, one)).collect();
    if !owners.is_empty() {
        let owners: BTreeSet<&str> = owners.iter().map(String::as_str).collect();
        let others = destinations.iter().any(|one| one.owner.is_none());
        let name = if others { "run_by_and_others" } else { "run_by" };
        return texts.fill(name, &[("owners", &named(texts, &owners))]);
    }
    let holders: BTreeSet<&str> = destinations.iter().map(|one| one.network.holder.as_str()).collect();
    match holders.iter().any(|holder| !holder.is_empty()) {
        false => texts.say("operator_unknown").to_owned(),
        true => {
            let holders = holders.into_iter().filter(|holder| !holder.is_empty()).collect();
            texts.fill("operator_unknown_in", &[("holders", &named(texts, &holders))])
        }
    }
}

fn owner(texts: &Texts, owner: &evidence::Owner) -> String {
    let run_by = texts.of_case("owner", &owner.run_by());
    match owner.country.as_str() {
        "" => run_by,
        code => texts.fill("owner_in", &[("owner", &run_by), ("country", &nation(texts, code))]),
    }
}

fn located(texts: &Texts, destinations: &[&Destination]) -> String {
    let codes: BTreeSet<&str> = destinations
        .iter()
        .filter_map(|one| one.network.located.as_ref())
        .map(|one| one.code.as_str())
        .collect();
    if codes.is_empty() {
        return texts.say("country_unknown").to_owned();
    }
    let mut countries: BTreeSet<String> = codes.into_iter().map(|code| nation(texts, code)).collect();
    if destinations.iter().any(|one| one.network.located.is_none()) {
        countries.insert(texts.say("unknown_country").to_owned());
    }
    let countries = named(texts, &countries.iter().map(String::as_str).collect());
    // Such an address is the nearest of many, wherever it was asked for.
    let is_edge = destinations.iter().any(|one| !one.network.edge.is_empty());
    let name = if is_edge { "thought_to_be_in_edge" } else { "thought_to_be_in" };
    texts.fill(name, &[("countries", &countries)])
}

fn nation(texts: &Texts, code: &str) -> String {
    texts.of_case("country", &country(code))
}

/// The apps that a recorder or the phone's own files name. What only could have sent it is not among them.
fn app(texts: &Texts, device: &Device, told: &Told) -> Option<String> {
    let mut apps: BTreeSet<&str> = told.apps().into_iter().collect();
    let attributions = &device.case().phone.attributions;
    if apps.is_empty() {
        let of_it = attributions.iter().filter(|one| told.finding.endpoints.contains(&one.endpoint));
        let sure = of_it.filter(|one| one.ground != Ground::Code);
        apps = sure.flat_map(|one| one.packages.iter().map(String::as_str)).collect();
    }
    if !apps.is_empty() {
        return Some(texts.fill("app", &[("apps", &named(texts, &apps))]));
    }
    // Where nothing was there to tell, that goes without saying.
    let asked = !attributions.is_empty() && told.destinations.iter().any(|one| !local(one));
    asked.then(|| texts.fill("app", &[("apps", texts.say("not_told"))]))
}

/// The first few, and how many more there are.
fn named(texts: &Texts, all: &BTreeSet<&str>) -> String {
    let mut names: Vec<String> = all.iter().take(NAMED).map(|name| plain::fitted(name, LONGEST)).collect();
    if let more @ 1.. = all.len().saturating_sub(NAMED) {
        names.push(texts.fill("more", &[("n", &texts.number(more as u64))]));
    }
    texts.list(&names)
}

/// Hosts, operators, countries and apps that are named of each.
const NAMED: usize = 3;
/// Columns of a name that is not cut in its middle.
const LONGEST: usize = 100;
