//! To whom: the map, the countries and every destination.

use std::collections::BTreeMap;

use evidence::{Country, Owner, prose};
use maud::{Markup, html};

use super::Page;
use super::show::{Prose, Shown, anchor, chip};
use crate::overview::{Reached, Told, host, local, socket};
use crate::words;

/// What a country has to do with the traffic: numbers of destinations.
#[derive(Clone, Copy, Default)]
pub(super) struct Role {
    /// Whose address is thought to be there.
    pub(super) located: usize,
    /// Of these, those that findings name.
    pub(super) told: usize,
    /// Whose address block is registered there.
    pub(super) registered: usize,
    /// Whose operator's group has its seat there.
    pub(super) seat: usize,
    /// Bytes sent to the addresses located there.
    pub(super) sent: u64,
    /// The worst finding that names an address there.
    pub(super) worst: Option<evidence::Severity>,
}

impl Page<'_> {
    pub(super) fn destinations(&self) -> Markup {
        let all = &self.overview.destinations;
        let (open, folded) =
            all.split_at(all.len().min(self.overview.told().count().clamp(LEAST_OPEN, MOST_OPEN)));
        let (folded, left) = folded.split_at(folded.len().min(MOST_FOLDED));
        html! {
            section #to-whom aria-labelledby="to-whom-title" {
                h2 #to-whom-title { "To whom" }
                @if all.is_empty() {
                    p { "No destination was seen." }
                } @else {
                    (self.countries())
                    (self.table("Destinations, those that findings name first", open))
                    @if !folded.is_empty() {
                        details.more {
                            summary { "and " (words::counted(folded.len() as u64, "destination")) " more" }
                            (self.table("Further destinations", folded))
                        }
                    }
                    @if !left.is_empty() { p { (words::counted(left.len() as u64, "further destination")) " are in the case file only." } }
                }
            }
        }
    }

    /// A country's name, or its code where the name is not known.
    pub(super) fn country(&self, code: &str) -> Markup {
        html! { (Shown(&self.country_name(code))) }
    }

    pub(super) fn country_name(&self, code: &str) -> String {
        let place = self.options.atlas.and_then(|atlas| (atlas.place)(code));
        place.map_or_else(|| code.to_owned(), |place| place.name)
    }

    /// The name as it stands in a sentence.
    pub(super) fn country_in(&self, code: &str) -> String {
        facts::country::in_sentence(&self.country_name(code))
    }

    fn countries(&self) -> Markup {
        let roles = roles(&self.overview.destinations);
        if roles.is_empty() {
            return html! { p { "No country is known for any of the destinations." } };
        }
        html! {
            p.intro { (CAVEAT) }
            (self.map(&roles))
            div.scroll role="region" aria-label="Countries" tabindex="0" {
                table.countries.stack {
                    caption { "Countries, those that the worst findings name first" }
                    thead { tr {
                        th scope="col" { "Country" }
                        th.number scope="col" { "Address located there" }
                        th.number scope="col" { "of these named by findings" }
                        th.number scope="col" { "Address registered there" }
                        th.number scope="col" { "Operator's seat" }
                        th.number scope="col" { "Sent" }
                    } }
                    tbody {
                        @for (code, role) in &roles {
                            tr {
                                th scope="row" { (self.country(code)) }
                                td.number data-label="Address located there" { (dash(role.located)) }
                                td.number data-label="of these named by findings" { (dash(role.told)) }
                                td.number data-label="Address registered there" { (dash(role.registered)) }
                                td.number data-label="Operator's seat" { (dash(role.seat)) }
                                td.number data-label="Sent" { @if role.located > 0 { (words::exact_bytes(role.sent)) } @else { "–" } }
                            }
                        }
                    }
                }
            }
        }
    }

    fn table(&self, caption: &str, rows: &[Reached]) -> Markup {
        html! {
            table.destinations {
                caption { (caption) }
                thead { tr {
                    th scope="col" { "Destination" }
                    th scope="col" { "Operator" }
                    th scope="col" { "Address" }
                    th scope="col" { "Traffic" }
                    th scope="col" { "Findings" }
                } }
                tbody { @for reached in rows { (self.row(reached)) } }
            }
        }
    }

    fn row(&self, reached: &Reached) -> Markup {
        let one = reached.destination;
        html! {
            tr {
                th scope="row" {
                    strong { (Shown(host(one))) }
                    @if !one.named_by.is_empty() { span.muted { "named by " (Shown(words::naming(&one.named_by))) } }
                    @for name in one.cname_chain.iter().take(8) { span.muted { "→ " (Shown(name)) } }
                    @if !one.domain.is_empty() { span.muted { "domain " (Shown(&one.domain)) } }
                }
                td data-label="Operator" { (self.operator(one.owner.as_ref(), local(one))) }
                td data-label="Address" { (self.address(reached)) }
                td data-label="Traffic" {
                    span.line { (words::exact_bytes(one.bytes_out)) " sent" }
                    @if let Some(read) = words::reading(&one.reading) { span.muted { (read) } }
                    span.line { (words::exact_bytes(one.bytes_in)) " received" }
                    span.muted { (words::counted(one.flows, "flow")) }
                }
                td data-label="Findings" { (self.named(reached)) }
            }
        }
    }

    fn operator(&self, owner: Option<&Owner>, local: bool) -> Markup {
        match owner {
            None if local => html! { "local network" },
            None => html! { span.muted { "unknown" } },
            Some(owner) => html! {
                span.line { (Shown(&owner.operator)) }
                @if !owner.group.is_empty() {
                    span.muted {
                        "group " (Shown(&owner.group))
                        @if !owner.country.is_empty() { ", " (self.country(&owner.country)) }
                    }
                }
                @if !owner.purpose.is_empty() { span.muted { "for " (Shown(&owner.purpose)) } }
                @if !owner.reasoning.is_empty() {
                    details.why { summary { "why" } (Prose(&owner.reasoning)) }
                }
            },
        }
    }

    fn address(&self, reached: &Reached) -> Markup {
        let one = reached.destination;
        let network = &one.network;
        let fact = |words: &str, country: &Option<Country>| match country {
            None => html! { span.muted { (words) " unknown" } },
            Some(country) => html! {
                span.line { (words) " " (Shown(&self.country_in(&country.code))) " " span.muted.inline { "(" (Shown(&country.source)) ")" } }
            },
        };
        html! {
            code { (Shown(&socket(one))) }
            @if let Some(number) = network.asn { span.line { "AS" (number) " " (Shown(&network.holder)) } }
            @if local(one) {
                span.muted { (Shown(&network.scope)) " address" }
            } @else {
                (fact("thought to be in", &network.located))
                @if !network.edge.is_empty() { span.muted { "the nearest of the many places from which this network answers (" (Shown(&network.edge)) ")" } }
                (fact("registered in", &network.registered))
            }
        }
    }

    /// What a destination was told: each kind once, with the number of findings.
    fn named(&self, reached: &Reached) -> Markup {
        let mut named: Vec<(usize, &Told, usize)> = Vec::new();
        for place in &reached.findings {
            let Some(told) = self.overview.findings.get(*place) else { continue };
            match named.iter_mut().find(|(_, kind, _)| kind.subject() == told.subject()) {
                Some((_, _, count)) => *count += 1,
                None => named.push((*place, told, 1)),
            }
        }
        html! {
            @if named.is_empty() { span.muted { "none" } }
            ul.plain {
                @for (place, told, count) in &named {
                    li {
                        a href={ "#" (anchor(told, *place)) } { (prose::capital(told.subject())) }
                        @if *count > 1 { " (" (count) ")" }
                        " " (chip(told.finding.severity, None))
                    }
                }
            }
        }
    }
}

/// The countries by what they have to do with the traffic, those named by findings first.
fn roles<'a>(destinations: &[Reached<'a>]) -> Vec<(&'a str, Role)> {
    let mut roles: BTreeMap<&str, Role> = BTreeMap::new();
    for reached in destinations {
        let one = reached.destination;
        if let Some(country) = &one.network.located {
            let role = roles.entry(&country.code).or_default();
            role.located += 1;
            role.told += usize::from(reached.worst.is_some());
            role.sent = role.sent.saturating_add(one.bytes_out);
            role.worst = role.worst.max(reached.worst);
        }
        if let Some(country) = &one.network.registered {
            roles.entry(&country.code).or_default().registered += 1;
        }
        if let Some(owner) = one.owner.as_ref().filter(|owner| !owner.country.is_empty()) {
            roles.entry(&owner.country).or_default().seat += 1;
        }
    }
    let mut roles: Vec<_> = roles.into_iter().collect();
    roles.sort_by_key(|(code, role)| {
        (std::cmp::Reverse((role.worst, role.told, role.located, role.seat)), *code)
    });
    roles.truncate(MOST_COUNTRIES);
    roles
}

fn dash(count: usize) -> Markup {
    match count {
        0 => html! { "–" },
        _ => html! { (words::number(count as u64)) },
    }
}

const CAVEAT: &str = "Where an address is thought to be, where it is registered and where its operator has \
    its seat are three different facts. An address in one country says nothing about where the data is kept \
    or who may read it.";
/// Destinations that are not folded.
const LEAST_OPEN: usize = 10;
const MOST_OPEN: usize = 40;
/// Destinations on the page beyond those.
const MOST_FOLDED: usize = 2000;
/// More countries than there are.
const MOST_COUNTRIES: usize = 300;
