//! Findings -> gathered by who got what they tell of, with what all of them have in common said once: for whoever
//! reads in a hurry.

use std::collections::{BTreeMap, BTreeSet};

use evidence::{Destination, FindingKind, Timestamp, prose};

use crate::overview::{Overview, Reader, Told, country, host, local, owner};
use crate::{plain, words};

/// Somebody who got something.
pub(crate) struct Receiver<'a> {
    /// A host, a domain, a telephone number, or words for whom there is no name.
    pub(crate) name: String,
    /// Who runs it, and in which country it is thought to be; empty where nobody can say.
    pub(crate) whereabouts: String,
    /// What most of `findings` have in common, each beside them where there is no such thing.
    pub(crate) common: Facts,
    /// The worst findings, as many as are shown.
    pub(crate) findings: Vec<&'a Told<'a>>,
    /// Findings that are not shown.
    pub(crate) further: Vec<&'a Told<'a>>,
}

/// What is said of a finding besides what it is about. Empty where there is nothing to say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    /// How often and when.
    pub(crate) when: String,
    /// The values, where they do not stand beside what it is about.
    pub(crate) values: String,
    /// In which form.
    pub(crate) form: String,
    /// Who could read it.
    pub(crate) reader: String,
    /// By which app.
    pub(crate) app: String,
}

impl Facts {
    pub(crate) fn of(told: &Told) -> Self {
        Self {
            when: when(told),
            values: values(told),
            form: form(told),
            reader: reader(told).to_owned(),
            app: app(told),
        }
    }

    /// What it says that others do not say already.
    pub(crate) fn beside(&self, common: &Self) -> Vec<&str> {
        let own = self.all().into_iter().zip(common.all());
        own.filter(|(own, common)| own != common).map(|(own, _)| own).filter(|own| !own.is_empty()).collect()
    }

    /// All of it, in the order in which it is told.
    pub(crate) fn all(&self) -> [&str; 5] {
        [&self.values, &self.when, &self.form, &self.reader, &self.app]
    }

    /// What more than half of those say who say anything of the kind, and at least two.
    fn common(all: &[Self]) -> Self {
        let most = |fact: fn(&Self) -> &String| {
            let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
            for fact in all.iter().map(fact).filter(|fact| !fact.is_empty()) {
                *counts.entry(fact).or_default() += 1;
            }
            let said: usize = counts.values().sum();
            let most = counts.into_iter().max_by_key(|(_, count)| *count);
            most.filter(|(_, count)| *count > 1 && count * 2 > said).map_or("", |(fact, _)| fact).to_owned()
        };
        Self {
            when: most(|facts| &facts.when),
            values: String::new(),
            form: most(|facts| &facts.form),
            reader: most(|facts| &facts.reader),
            app: most(|facts| &facts.app),
        }
    }
}

/// The findings of the phone by who got them, those with the worst first: at most so many receivers with at most so
/// many findings together, and the findings of all others.
pub(crate) fn gathered<'a>(
    overview: &'a Overview<'a>,
    (receivers, findings): (usize, usize),
) -> (Vec<Receiver<'a>>, Vec<&'a Told<'a>>) {
    let mut gathered: Vec<(String, Vec<&Told>, Vec<&Told>)> = Vec::new();
    let (mut others, mut left) = (Vec::new(), findings);
    for told in overview.own() {
        let whom = whom(told);
        let known = gathered.iter().position(|(name, ..)| *name == whom);
        let place = known.or_else(|| {
            (left > 0 && gathered.len() < receivers).then(|| gathered.push((whom, vec![], vec![])))?;
            Some(gathered.len() - 1)
        });
        match place.and_then(|place| gathered.get_mut(place)) {
            Some((_, shown, _)) if left > 0 && shown.len() < MOST_EACH => {
                shown.push(told);
                left -= 1;
            }
            Some((_, _, further)) => further.push(told),
            None => others.push(told),
        }
    }
    (gathered.into_iter().map(receiver).collect(), others)
}

/// How many different receivers findings have.
pub(crate) fn receivers(told: &[&Told]) -> u64 {
    told.iter().map(|told| whom(told)).collect::<BTreeSet<_>>().len() as u64
}

/// Receivers of which no finding tells, the most bytes first, and their destinations.
pub(crate) fn unnamed<'a>(overview: &'a Overview<'a>) -> (Vec<&'a str>, Vec<&'a Destination>) {
    let (named, unnamed): (Vec<_>, Vec<_>) =
        overview.destinations.iter().partition(|reached| !reached.findings.is_empty());
    let named: BTreeSet<&str> = named.iter().map(|reached| reached.destination.receiver()).collect();
    let all: Vec<&Destination> = unnamed
        .iter()
        .map(|reached| reached.destination)
        .filter(|destination| !local(destination) && !named.contains(destination.receiver()))
        .collect();
    let mut sent: BTreeMap<&str, u64> = BTreeMap::new();
    for destination in &all {
        let bytes = sent.entry(destination.receiver()).or_default();
        *bytes = bytes.saturating_add(destination.bytes_out);
    }
    let mut names: Vec<(&str, u64)> = sent.into_iter().collect();
    names.sort_by_key(|(name, bytes)| (std::cmp::Reverse(*bytes), *name));
    (names.into_iter().map(|(name, _)| name).collect(), all)
}

/// The countries in which addresses are thought to be, by their names.
pub(crate) fn countries<'a>(destinations: impl Iterator<Item = &'a Destination>) -> Vec<String> {
    let located = destinations.filter_map(|one| one.network.located.as_ref());
    let codes: BTreeSet<&str> = located.map(|country| country.code.as_str()).collect();
    codes.into_iter().map(|code| plain::fitted(&country(code), 40)).collect()
}

fn receiver<'a>((name, findings, further): (String, Vec<&'a Told<'a>>, Vec<&'a Told<'a>>)) -> Receiver<'a> {
    let facts: Vec<Facts> = findings.iter().map(|told| Facts::of(told)).collect();
    let all = findings.iter().chain(&further).flat_map(|told| &told.destinations).copied();
    let destinations: Vec<&Destination> = all.filter(|destination| !local(destination)).collect();
    let hosts: BTreeSet<&str> = destinations.iter().map(|destination| host(destination)).collect();
    let name = match hosts.first() {
        Some(only) if hosts.len() == 1 => (*only).to_owned(),
        _ => name,
    };
    let whereabouts = match destinations.is_empty() {
        true => String::new(),
        false => whereabouts(&destinations),
    };
    Receiver { name, whereabouts, common: Facts::common(&facts), findings, further }
}

/// `China Telecom (China) · address thought to be in China`.
fn whereabouts(destinations: &[&Destination]) -> String {
    let owners: BTreeSet<String> =
        destinations.iter().filter_map(|one| one.owner.as_ref()).map(owner).collect();
    let all_known = destinations.iter().all(|one| one.owner.is_some());
    let run = match owners.first() {
        None => match holder(destinations) {
            "" => "operator unknown".to_owned(),
            holder => format!("operator unknown, network of {}", plain::fitted(holder, LONGEST)),
        },
        Some(only) if owners.len() == 1 && all_known => plain::fitted(only, LONGEST),
        Some(first) => format!("{} and others", plain::fitted(first, LONGEST)),
    };
    let addresses: BTreeSet<&str> = destinations.iter().map(|one| one.endpoint.address.as_str()).collect();
    let address = if addresses.len() == 1 { "address" } else { "addresses" };
    let countries = countries(destinations.iter().copied());
    let at = match countries.is_empty() {
        true => format!("country of the {address} unknown"),
        false => format!("{address} thought to be in {}", prose::list(&countries)),
    };
    format!("{run} · {at}")
}

/// Who holds the network that all of them are in; empty where nobody knows, and of several.
fn holder<'a>(destinations: &[&'a Destination]) -> &'a str {
    let holders: BTreeSet<&str> = destinations.iter().map(|one| one.network.holder.as_str()).collect();
    holders.first().copied().filter(|_| holders.len() == 1).unwrap_or_default()
}

/// Under whose name a finding is gathered.
fn whom(told: &Told) -> String {
    if let Some(number) = told.number() {
        let who = if number.is_empty() { "a number that is not told" } else { number };
        return format!("{who}, by text message");
    }
    if matches!(told.finding.kind, FindingKind::Logged { .. }) {
        return "the phone’s own log, not known to be sent".to_owned();
    }
    if let Some(domain) = told.passed_to() {
        return format!("{domain}, through name servers");
    }
    let public = told.destinations.iter().filter(|destination| !local(destination));
    let names: BTreeSet<&str> = public.map(|destination| destination.receiver()).collect();
    match (names.first(), names.len()) {
        (None, _) if told.destinations.is_empty() => "no single receiver".to_owned(),
        (None, _) => "the local network".to_owned(),
        (Some(only), 1) => (*only).to_owned(),
        (Some(_), 2..=3) => prose::list(&names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()),
        (Some(first), several) => format!("{first} and {} more", several - 1),
    }
}

/// `3 times, 2019-02-18 09:00:34 to 10:30:34`.
fn when(told: &Told) -> String {
    let finding = told.finding;
    let often = words::times(finding.count);
    match finding.first == Timestamp::default() {
        true => often,
        false => format!("{often}, {}", words::period(finding.first, finding.last)),
    }
}

/// The first values of a behaviour, whose words do not name them: `“a”, “b” and 3 more`.
fn values(told: &Told) -> String {
    if !matches!(told.finding.kind, FindingKind::Behaviour(_)) {
        return String::new();
    }
    let values = told.values();
    let mut named: Vec<String> =
        values.iter().take(VALUES).map(|value| format!("“{}”", plain::fitted(value, 60))).collect();
    if let more @ 1.. = values.len().saturating_sub(VALUES) {
        named.push(format!("{more} more"));
    }
    prose::list(&named)
}

/// Of what has no value the form says nothing.
fn form(told: &Told) -> String {
    if told.identifier().is_none() {
        return String::new();
    }
    let ways = told.written();
    match (ways.split_first(), ways.len()) {
        (None, _) => String::new(),
        (Some((first, _)), 1) => first.clone(),
        (Some((first, rest)), 2) => format!("{first}; also {}", prose::list(rest)),
        (Some((first, _)), several) => format!("{first}; also in {} other ways", several - 1),
    }
}

fn reader(told: &Told) -> &'static str {
    match told.reader() {
        Reader::Anyone | Reader::AnyoneInPart if told.is_near() => "readable by anyone on the local network",
        Reader::Anyone => "readable by anyone on the way",
        Reader::AnyoneInPart => "in part readable by anyone on the way",
        Reader::Operators => "readable by the operators",
        Reader::Receiver => "over an encrypted connection",
        Reader::Weakly => "over a weakly encrypted connection",
        Reader::Nobody | Reader::Unknown => "",
    }
}

fn app(told: &Told) -> String {
    let apps = told.apps();
    let named: Vec<String> = apps.iter().take(APPS).map(|app| plain::fitted(app, 60)).collect();
    match apps.len().saturating_sub(APPS) {
        _ if apps.is_empty() => String::new(),
        0 => format!("by {}", prose::list(&named)),
        more => format!("by {} and {more} more", named.join(", ")),
    }
}

/// Findings shown of one receiver.
const MOST_EACH: usize = 8;
const APPS: usize = 2;
/// Values named of a behaviour.
const VALUES: usize = 2;
/// Columns of a name that is not cut in its middle.
const LONGEST: usize = 160;
