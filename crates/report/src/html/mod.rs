//! Case -> `report.html`: one page that needs nothing else.
//!
//! No network, no script, no font, no image: the page's own policy forbids them. It is read on a phone of
//! 320 pixels, in light and dark, by a screen reader and on paper; on paper what is folded on the screen
//! lies open. Nothing in it is a link but to places in itself, so that nobody opens a tracker's address by
//! touching it.

mod appendix;
mod coverage;
mod destinations;
mod evidence;
mod findings;
mod map;
mod phone;
mod show;
mod timeline;

use ::evidence::{Capture, Case, Fate, Finding, Occurrence, Timestamp};
use maud::{DOCTYPE, Markup, PreEscaped, html as markup};

use self::show::chip;
pub(crate) use self::show::{Prose, Shown};
use crate::coverage::Coverage;
use crate::overview::{Overview, hosts};
use crate::{plain, words};

/// What the page needs beside the case. All of it may be left out.
#[derive(Clone, Copy, Default)]
pub struct HtmlOptions<'a> {
    /// The page's title; empty: the captures' names.
    pub title: &'a str,
    /// The case's folder as it stands in the command line that proves a finding; empty: `CASE`.
    pub case: &'a str,
    /// The map's data. Without it the countries stand in a table only.
    pub atlas: Option<Atlas<'a>>,
    /// Bytes around an occurrence's value, for the hex views. Called once for each proof shown.
    pub excerpts: Option<Excerpts<'a>>,
    /// When a finding was seen, for the timeline. Without it the times that the case itself holds are shown:
    /// first, last and those of the proofs.
    pub moments: Option<Moments<'a>>,
}

/// Gives the bytes around an occurrence's value.
pub type Excerpts<'a> = &'a dyn Fn(&Occurrence) -> Vec<Excerpt>;

/// Gives the times at which a finding was seen.
pub type Moments<'a> = &'a dyn Fn(&Finding) -> Vec<Timestamp>;

/// The data of the world map.
#[derive(Clone, Copy)]
pub struct Atlas<'a> {
    /// The land: an SVG path of `M` and `l` with whole numbers, ten to the degree, `x` from 180° west, `y`
    /// from 90° north.
    pub land: &'a str,
    /// The borders between countries, likewise.
    pub borders: &'a str,
    /// Name and middle of a country, by ISO 3166-1 alpha-2 code.
    pub place: &'a dyn Fn(&str) -> Option<Place>,
}

/// A country on the map.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// Its English name.
    pub name: String,
    /// Degrees north.
    pub latitude: f32,
    /// Degrees east.
    pub longitude: f32,
}

/// Bytes to show in a hex view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    /// What they are: `Frame 12 of boot.pcapng`, `after base64`.
    pub title: String,
    /// Offset of the first byte shown in what it was cut from.
    pub offset: u64,
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Which of `bytes` are the value.
    pub highlight: std::ops::Range<usize>,
}

/// What every section is given.
struct Page<'a> {
    overview: Overview<'a>,
    coverage: Coverage,
    options: &'a HtmlOptions<'a>,
}

/// Writes the page.
pub fn html(case: &Case, options: &HtmlOptions) -> String {
    let page = Page { overview: Overview::of(case), coverage: Coverage::of(case), options };
    markup! {
        (DOCTYPE)
        html lang="en" {
            (head(&page.title()))
            body {
                (page.masthead())
                main {
                    (page.findings())
                    (page.of_others())
                    (page.destinations())
                    (page.timeline())
                    (page.phone())
                    (page.examined())
                    (page.evidence())
                    (page.devices())
                    (page.ledger())
                    (page.oddities())
                    (page.data_sets())
                    (page.glossary())
                }
                footer { p { "Written by " (Shown(&case.program)) ". Every finding can be proved again from the captures named above, without this page." } }
            }
        }
    }
    .into_string()
}

impl Page<'_> {
    fn title(&self) -> String {
        if !self.options.title.is_empty() {
            return self.options.title.to_owned();
        }
        let case = self.overview.case;
        let traffic = case.captures.iter().find(|capture| capture.holds.is_traffic());
        let files = match traffic.or(case.captures.first()) {
            None => "an audit without captures".to_owned(),
            Some(only) if case.captures.len() == 1 => words::file_name(&only.name).to_owned(),
            Some(first) => format!("{} and {} more", words::file_name(&first.name), case.captures.len() - 1),
        };
        match case.profile.as_deref() {
            None | Some("") => files,
            Some(phone) => format!("{phone}, {files}"),
        }
    }

    fn masthead(&self) -> Markup {
        let overview = &self.overview;
        markup! {
            a.skip href="#what-left" { "Skip to the findings" }
            header.masthead {
                p.eyebrow { "phonehome audit" span.dot aria-hidden="true" { "·" } (Shown(&self.title())) }
                h1 { (overview.headline()) }
                p.lead { (Prose(&overview.second_line(&|code| self.country_in(code)))) " " (Prose(&self.coverage.headline())) @if let Some(counters) = self.coverage.counters() { " " (Prose(&counters)) } }
                (self.problems())
                (self.tiles())
                nav aria-label="Contents" {
                    ul { @for (id, name) in SECTIONS.iter().filter(|(id, _)| self.has(id)) { li { a href={ "#" (id) } { (name) } } } }
                }
            }
        }
    }

    /// The inputs that gave trouble: what they hold is in none of the numbers.
    fn problems(&self) -> Markup {
        let problems = &self.overview.case.problems;
        let rest = problems.len().saturating_sub(MOST_PROBLEMS);
        markup! {
            @for problem in problems.iter().take(MOST_PROBLEMS) {
                p.warning { strong { "Problem with " (Shown(&problem.input)) ": " } (Prose(&problem.problem)) }
            }
            @if rest > 0 { p.warning { a href="#examined" { "and " (words::counted(rest as u64, "input")) " more with problems" } } }
        }
    }

    /// Whether the page has that section.
    fn has(&self, section: &str) -> bool {
        match section {
            "others" => self.overview.foreign() > 0,
            "phone" => !self.overview.case.phone.is_empty(),
            _ => true,
        }
    }

    fn tiles(&self) -> Markup {
        let overview = &self.overview;
        let findings = overview.own().count();
        let contacted = words::number(hosts(overview.destinations.iter()));
        markup! {
            dl.tiles {
                div {
                    dt { "Findings" }
                    dd {
                        span.big { (words::number(findings as u64)) }
                        span.chips {
                            @for severity in words::SEVERITIES {
                                @if overview.with(severity) > 0 { (chip(severity, Some(overview.with(severity)))) }
                            }
                        }
                    }
                }
                div {
                    dt { "Hosts that findings name" }
                    dd { span.big { (words::number(hosts(overview.told()))) } span.small { "of " (contacted) " contacted" } }
                }
                div {
                    dt { "Readable by anyone on the way" }
                    dd { span.big { (words::number(overview.clear() as u64)) } span.small { "of " (words::counted(overview.left() as u64, "finding")) " of what left" } }
                }
                div {
                    dt { "Content that was decoded" }
                    dd { (self.decoded()) }
                }
            }
        }
    }

    /// How much of the content is understood, and how much was searched without that.
    fn decoded(&self) -> Markup {
        let coverage = &self.coverage;
        let share = |fate| words::share(coverage.bytes(fate), coverage.to_read());
        markup! {
            @if coverage.content == 0 {
                span.big { "–" } span.small { @if coverage.traffic { "no content" } @else { "no traffic was read" } }
            } @else {
                span.big { (share(Fate::Decoded)) }
                span.small {
                    "of " (words::bytes(coverage.to_read()))
                    @if coverage.bytes(Fate::Media) > 0 { ", media aside" }
                    @if coverage.bytes(Fate::NotUnderstood) > 0 { "; " (share(Fate::NotUnderstood)) " more searched as it stands" }
                }
            }
        }
    }

    /// The facts of the case.
    fn examined(&self) -> Markup {
        let case = self.overview.case;
        markup! {
            section #examined aria-labelledby="examined-title" {
                h2 #examined-title { "What was examined" }
                div.captures { @for capture in &case.captures { (examined(capture)) } }
                @if case.captures.is_empty() { p { "No capture could be read." } }
                @for problem in &case.problems {
                    p.warning { strong { "Problem with " (Shown(&problem.input)) ": " } (Prose(&problem.problem)) }
                }
                dl.facts {
                    dt { "Profile" }
                    dd {
                        @match &case.profile {
                            Some(name) => { (Shown(name)) ", " (words::counted(case.profile_values, "value")) ". " }
                            None => { "Without profile. " }
                        }
                        span.muted { (self.overview.search_words()) }
                    }
                    dt { "Seen in it" }
                    dd {
                        (words::counted(case.totals.flows, "flow")) ", "
                        (words::counted(case.totals.exchanges, "exchange")) ", "
                        (words::counted(case.totals.sightings, "sighting")) " of identifiers"
                    }
                    dt { "Examined by" } dd { (Shown(&case.program)) ", case format " (Shown(&case.format)) }
                }
            }
        }
    }
}

/// What stands before the body of every page: its policy, its style.
pub(crate) fn head(title: &str) -> Markup {
    markup! {
        head {
            meta charset="utf-8";
            meta http-equiv="Content-Security-Policy" content=(POLICY);
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            meta name="referrer" content="no-referrer";
            meta name="robots" content="noindex";
            meta name="format-detection" content="telephone=no, date=no, address=no, email=no, url=no";
            title { (plain::clipped(title, 120)) " · phonehome" }
            style { (PreEscaped(include_str!("style.css"))) }
        }
    }
}

/// When a capture was recorded.
fn recorded(capture: &Capture) -> Markup {
    markup! {
        @match capture.first.zip(capture.last) {
            Some((first, last)) => {
                (words::period(first, last)) " UTC"
                span.muted { " (" (words::duration(last.since(first))) ")" }
            }
            None => "no frame has a time",
        }
    }
}

fn examined(capture: &Capture) -> Markup {
    markup! {
        article.capture {
            h3 { (Shown(&capture.name)) }
            dl.facts {
                dt { "SHA-256" } dd { code.digest { (Shown(&capture.sha256)) } }
                @if capture.holds.is_traffic() || capture.first.is_some() {
                    dt { @if capture.holds.is_traffic() { "Recorded" } @else { "Tells of" } }
                    dd { (recorded(capture)) }
                }
                dt { "Size" }
                dd {
                    (words::bytes(capture.file_bytes)) ", " (words::contents(capture)) ", " (Shown(&capture.format))
                    @if capture.bytes != capture.file_bytes { span.muted { " (" (words::bytes(capture.bytes)) " decompressed)" } }
                }
                @if !capture.notes.is_empty() {
                    dt { "What the file says of itself" }
                    dd { ul.plain { @for note in capture.notes.iter().take(20) { li { (Shown(note)) } } } }
                }
                @if let Some(damage) = &capture.damage {
                    dt { "Damage" } dd.warning { (Prose(damage)) }
                }
            }
        }
    }
}

/// Problems that stand at the page's head.
const MOST_PROBLEMS: usize = 3;
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

const SECTIONS: &[(&str, &str)] = &[
    ("what-left", "What left"),
    ("others", "Other devices"),
    ("to-whom", "To whom"),
    ("when", "When"),
    ("phone", "The phone"),
    ("examined", "What was examined"),
    ("evidence", "Evidence"),
    ("devices", "Devices"),
    ("coverage", "Coverage"),
    ("oddities", "Oddities"),
    ("data", "Data sets"),
    ("words", "Words"),
];
