//! What left: one card per finding, worst first.

use std::collections::BTreeSet;

use evidence::{Behaviour, Destination, Direction, FindingKind, ProtectionFault, Severity, prose};
use maud::{Markup, html};

use super::Page;
use super::show::{Prose, Shown, anchor, chip, codes};
use crate::overview::{Reader, Told, host, local};
use crate::words;

impl Page<'_> {
    pub(super) fn findings(&self) -> Markup {
        html! {
            section #what-left aria-labelledby="what-left-title" {
                h2 #what-left-title { "What left" }
                @if self.overview.own().next().is_none() {
                    (self.nothing())
                } @else {
                    p.intro {
                        @for severity in words::SEVERITIES {
                            @if self.overview.with(severity) > 0 {
                                span.legend { (chip(severity, None)) " " (words::severity_meaning(severity)) }
                            }
                        }
                    }
                }
                @for severity in words::SEVERITIES { (self.with_severity(severity, false)) }
            }
        }
    }

    /// What devices sent that are not the phone.
    pub(super) fn of_others(&self) -> Markup {
        html! {
            @if self.overview.foreign() > 0 {
                section #others aria-labelledby="others-title" {
                    h2 #others-title { "What other devices sent" }
                    p.intro { "These devices were recorded beside the phone. What they sent did not leave the phone, and the numbers above do not count it." }
                    @for severity in words::SEVERITIES { (self.with_severity(severity, true)) }
                }
            }
        }
    }

    /// No finding: that is only worth something together with what was read.
    fn nothing(&self) -> Markup {
        html! {
            div.nothing {
                p { strong { (self.overview.headline()) } }
                p { (self.overview.search_words()) }
                p { (Prose(&self.coverage.statement())) " " a href="#coverage" { "See the coverage." } }
            }
        }
    }

    /// The findings of one severity: the first ones open, the others folded. What weighs little is folded where
    /// something weighs more.
    fn with_severity(&self, severity: Severity, foreign: bool) -> Markup {
        let of_it = |(_, told): &(usize, &Told)| told.finding.severity == severity && told.foreign == foreign;
        let all: Vec<_> = self.overview.findings.iter().enumerate().filter(of_it).collect();
        let heavy = self.overview.findings.iter().any(|told| told.finding.severity > Severity::Low);
        let most = if heavy && severity <= Severity::Low { 0 } else { OPEN };
        let (open, folded) = all.split_at(all.len().min(most));
        html! {
            @for (place, told) in open { (self.card(*place, told)) }
            @if !folded.is_empty() {
                details.more {
                    summary {
                        @if open.is_empty() { (words::counted(folded.len() as u64, "finding")) }
                        @else { "and " (folded.len()) " more" }
                        " of severity " (severity.id())
                    }
                    @for (place, told) in folded { (self.card(*place, told)) }
                }
            }
        }
    }

    fn card(&self, place: usize, told: &Told) -> Markup {
        let finding = told.finding;
        let anchor = anchor(told, place);
        html! {
            article class={ "finding " (finding.severity.id()) } id=(anchor) {
                header { (chip(finding.severity, None)) h3 { (Shown(&finding.title)) } }
                p { (Prose(&finding.words)) }
                dl.facts {
                    dt { "What" } dd { (what(told)) }
                    @if (told.left() || told.number().is_some()) && !is_told(told) && has_receiver(told) { dt { (whither(told)) } dd { (self.where_to(told)) } }
                    @if self.overview.case.devices.len() > 1 && !told.devices().is_empty() { dt { "From device" } dd { (self.devices_of(told)) } }
                    dt { "When" }
                    dd {
                        (prose::capital(&words::times(finding.count))) ", " (words::known_period(finding.first, finding.last))
                    }
                    @if told.identifier().is_some() { dt { "In which form" } dd { (form(told)) } }
                    @if let FindingKind::Logged { tags, .. } = &finding.kind { dt { "Written by" } dd { (codes(tags.iter().map(String::as_str))) } }
                    @if says_who_reads(told) { dt { "Who could read it" } dd { (prose::capital(told.reader().words())) } }
                    @if !told.apps().is_empty() { dt { "Sent by" } dd { (codes(told.apps().into_iter().take(MOST_SHOWN))) } }
                }
                p.proof {
                    a href={ "#proof-" (anchor) } { "Evidence" }
                    " " code { (Shown(&finding.id.0)) }
                    " " span.muted { "detector " (Shown(&finding.detector)) ", version " (finding.version) }
                }
            }
        }
    }

    /// The devices that sent it, by address and name.
    fn devices_of(&self, told: &Told) -> Markup {
        let devices = told.devices();
        let rest = devices.len().saturating_sub(MOST_SHOWN);
        let known =
            |address: &str| self.overview.case.devices.iter().find(|device| device.address == address);
        html! {
            ul.plain {
                @for address in devices.iter().take(MOST_SHOWN) {
                    li {
                        code { (Shown(address)) }
                        @if let Some(device) = known(address) {
                            @if let Some(name) = device.name() { ", " (Shown(name)) }
                            @match device.is_phone {
                                Some(true) => { span.muted { ", the phone" } }
                                Some(false) => { span.muted { ", not the phone" } }
                                None => {}
                            }
                        }
                    }
                }
                @if rest > 0 { li.muted { "and " (words::counted(rest as u64, "device")) " more" } }
            }
        }
    }

    fn where_to(&self, told: &Told) -> Markup {
        let rest = told.destinations.len().saturating_sub(MOST_SHOWN);
        html! {
            @match told.number() {
                Some("") => { "a number that is not told, by text message" }
                Some(number) => { strong { (Shown(number)) } ", by text message" }
                None => { @if told.destinations.is_empty() { "unknown" } }
            }
            ul.plain {
                @for destination in told.destinations.iter().take(MOST_SHOWN) { li { (self.receiver(destination)) } }
                @if rest > 0 { li.muted { "and " (words::counted(rest as u64, "destination")) " more" } }
            }
        }
    }

    /// `zzhc.example, run by X, which belongs to Y (China); address thought to be in China`.
    fn receiver(&self, destination: &Destination) -> Markup {
        html! {
            strong { (Shown(host(destination))) }
            @if local(destination) {
                " in the local network"
            } @else {
                @match &destination.owner {
                    Some(owner) => {
                        ", run by " (Shown(&owner.run_by()))
                        @if !owner.country.is_empty() { " (" (self.country(&owner.country)) ")" }
                    }
                    None => ", operator unknown",
                }
                @match &destination.network.located {
                    Some(country) => { "; address thought to be in " (Shown(&self.country_in(&country.code))) }
                    None => "; country of the address unknown",
                }
            }
        }
    }
}

/// Whether the paragraph names all that it went to.
fn is_told(told: &Told) -> bool {
    let of_values =
        matches!(told.finding.kind, FindingKind::BulkData { .. } | FindingKind::IdentifierSent { .. });
    let one = || matches!(&told.destinations[..], [only] if told.finding.words.contains(host(only)));
    of_values && one()
}

/// Whether it is known to whom it went.
fn has_receiver(told: &Told) -> bool {
    told.number().is_some() || !told.destinations.is_empty()
}

/// Whether it is known who could read it, and the paragraph does not say so.
fn says_who_reads(told: &Told) -> bool {
    match told.reader() {
        Reader::Unknown => false,
        Reader::AnyoneInPart => true,
        _ => !told.finding.words.contains("could read it."),
    }
}

/// `Where to`, or `From` for what came in.
fn whither(told: &Told) -> &'static str {
    match told.finding.kind {
        FindingKind::HiddenMessage { direction: Direction::In, .. }
        | FindingKind::IdentifierReceived { .. } => "From",
        _ => "Where to",
    }
}

fn what(told: &Told) -> Markup {
    html! {
        (prose::capital(told.subject()))
        @match &told.finding.kind {
            FindingKind::IdentifierInMessage { .. }
            | FindingKind::IdentifierReceived { .. }
            | FindingKind::IdentifierSent { .. }
            | FindingKind::Logged { .. } => { " " (values(told)) }
            FindingKind::HiddenMessage { verdict, .. } => { ": " (Shown(verdict)) }
            FindingKind::Behaviour(Behaviour::Stage { identifier, .. }) => { ": " (identifier.words()) " " (values(told)) }
            FindingKind::Behaviour(_) => { @if !told.values().is_empty() { " " (values(told)) } }
            FindingKind::BulkData { seen, planted, .. } => {
                ": " (words::number(*seen)) " different ones"
                @if *planted > 0 { ", of " (words::number(*planted)) " in the profile" }
            }
            FindingKind::PackageArrived { package, version, sha256, way, .. } => {
                " " code.value { (Shown(package)) } " " (Shown(version)) ", SHA-256 " code.digest { (Shown(sha256)) }
                @if way.len() > 1 { ul.plain { @for url in way { li { code { (Shown(url)) } } } } }
            }
            FindingKind::Protection { fault: ProtectionFault::WeakChannel, .. } => { (weak_channels(told)) }
            FindingKind::Protection { protection, .. } => {
                ": " (Prose(&words::content(&protection.content)))
                @if !protection.label.is_empty() { ", under the label " code { (Shown(&protection.label)) } }
            }
        }
        @if let Some(grade) = told.grade().filter(|_| told.identifier().is_some()) {
            span.muted { ", " (words::grade(grade)) @if !told.finding.words.contains("compared") { ": " (words::grade_meaning(grade)) } }
        }
    }
}

/// The values, and the digests that were sent in their place.
fn values(told: &Told) -> Markup {
    let values = told.values();
    let digests = told.digests();
    let rest = values.len().saturating_sub(MOST_SHOWN);
    html! {
        @for (place, value) in values.iter().take(MOST_SHOWN).enumerate() {
            @if place > 0 { " " }
            code.value { (Shown(value)) }
        }
        @if rest > 0 { " and " (rest) " more" }
        @for (place, (function, digest)) in digests.iter().take(MOST_SHOWN).enumerate() {
            @if place == 0 { ", sent " @if told.only_digest().is_none() { "also " } "as " } @else { " and as " }
            (function) " " code.value { (Shown(digest)) }
        }
    }
}

/// What is weak about the connections.
fn weak_channels(told: &Told) -> Markup {
    let channels = told.destinations.iter().flat_map(|destination| &destination.channels);
    let weak: BTreeSet<_> = channels
        .map(|(channel, _)| channel)
        .filter(|channel| !channel.weakness.is_empty())
        .map(|channel| (&channel.protocol, &channel.suite, &channel.weakness))
        .collect();
    html! {
        @for (place, (protocol, suite, weakness)) in weak.iter().take(MOST_SHOWN).enumerate() {
            @if place == 0 { ": " } @else { "; " }
            (Shown(protocol)) @if !suite.is_empty() { " with " code { (Shown(suite)) } } ", " (Shown(weakness))
        }
    }
}

fn form(told: &Told) -> Markup {
    let written = told.written();
    let ways = told.ways();
    let rest = ways.len().saturating_sub(MOST_SHOWN);
    html! {
        @for (place, way) in written.iter().take(MOST_SHOWN).enumerate() {
            @if place == 0 { (Shown(&prose::capital(way))) } @else { "; " (Shown(way)) }
        }
        @if written.len() > MOST_SHOWN { " and in " (written.len() - MOST_SHOWN) " other ways" }
        @if !ways.is_empty() {
            ul.plain {
                @for way in ways.iter().take(MOST_SHOWN) { li.way { "in " (Shown(way)) } }
                @if rest > 0 { li.muted { "and in " (rest) " other places" } }
            }
        }
    }
}

/// Cards of one severity that are not folded.
const OPEN: usize = 12;
/// Entries of a list inside a card.
const MOST_SHOWN: usize = 4;
