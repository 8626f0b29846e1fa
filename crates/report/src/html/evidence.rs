//! Evidence: for each finding the way from the recorded frames to the value, and the bytes.

use evidence::{Capture, Evidence, Occurrence, SightingGroup, Timestamp, prose};
use maud::{Markup, html};

use super::show::{Prose, Shown, anchor, chip};
use super::{Excerpt, Page};
use crate::chain::{Chain, Link};
use crate::overview::{Told, host, way};
use crate::words;

impl Page<'_> {
    pub(super) fn evidence(&self) -> Markup {
        let all = &self.overview.findings;
        html! {
            section #evidence aria-labelledby="evidence-title" {
                h2 #evidence-title { "Evidence" }
                @if all.is_empty() {
                    p { "There is no finding to prove." }
                } @else {
                    p.intro {
                        "Each step names the bytes it took. Whoever has the capture can repeat it: the command under each finding runs the steps again and writes them down as a recipe of public tools."
                    }
                }
                @for (place, told) in all.iter().enumerate().take(MOST_PROVED) { (self.proof(place, told)) }
                @if all.len() > MOST_PROVED {
                    p { "The evidence of " (words::counted((all.len() - MOST_PROVED) as u64, "further finding")) " is in the case file; the command proves them as well." }
                }
            }
        }
    }

    fn proof(&self, place: usize, told: &Told) -> Markup {
        let finding = told.finding;
        let anchor = anchor(told, place);
        let rest = finding.evidence.len().saturating_sub(MOST_PIECES);
        let (first, further) = firsts(&finding.evidence);
        html! {
            details.evidence id={ "proof-" (anchor) } open[place < OPEN] {
                summary { (chip(finding.severity, None)) " " h3 { (Shown(&finding.title)) } }
                @for piece in &first { (self.piece(piece)) }
                @if !further.is_empty() {
                    details.more {
                        summary { "and " (words::counted(further.len() as u64, "further place")) " of the same" }
                        @for piece in &further { (self.piece(piece)) }
                    }
                }
                @if rest > 0 { p.muted { "and " (words::counted(rest as u64, "more piece")) " in the case file" } }
                @if finding.evidence.is_empty() { p { "The case holds no proof of its own for this finding." } }
                (self.sightings(told))
                p.run { "Run it again:" code { "phonehome prove " (Shown(self.folder())) " " (Shown(&finding.id.0)) } }
                p.back { a href={ "#" (anchor) } { "Back to the finding" } }
            }
        }
    }

    fn folder(&self) -> &str {
        if self.options.case.is_empty() { "CASE" } else { self.options.case }
    }

    fn piece(&self, piece: &Evidence) -> Markup {
        let occurrence = &piece.occurrence;
        let excerpts = self.options.excerpts.map_or_else(Vec::new, |excerpts| excerpts(occurrence));
        html! {
            div.piece {
                h4 { (words::relation(piece.relation)) }
                p { (Prose(&piece.words)) }
                @if !occurrence.trail.runs_alone() { p { (words::NOT_ALONE) } }
                (self.chain(occurrence))
                @for excerpt in excerpts.iter().take(MOST_EXCERPTS) { (hex_view(excerpt)) }
            }
        }
    }

    fn chain(&self, occurrence: &Occurrence) -> Markup {
        let chain = Chain::of(occurrence);
        html! {
            ol.chain {
                (self.frames(occurrence, &chain))
                @for alike in chain.links.chunk_by(|one, next| one.step == next.step) { (step(alike)) }
                li.found {
                    span.step { "Found" }
                    code.value { (Shown(&occurrence.found)) }
                }
            }
        }
    }

    fn frames(&self, occurrence: &Occurrence, chain: &Chain) -> Markup {
        let rest = chain.frames.len().saturating_sub(MOST_FRAMES);
        let flow = occurrence.exchange.flow.capture;
        let capture = self.overview.case.captures.iter().find(|capture| capture.id == flow);
        let unit = capture.map_or("frame", Capture::unit);
        let of_traffic = capture.is_none_or(|capture| capture.holds.is_traffic());
        html! {
            li {
                span.step { @if chain.frames.len() > 1 { (words::counted(chain.frames.len() as u64, unit)) } @else { (prose::capital(unit)) " " (occurrence.frame) } }
                span.what {
                    @if of_traffic || occurrence.time != Timestamp::default() { "recorded " (words::known_moment(occurrence.time)) }
                    @if of_traffic { ", in exchange " (occurrence.exchange) }
                    @if chain.frames.is_empty() { "; the case does not say where in the file" }
                }
                @if !chain.frames.is_empty() {
                    ul.plain {
                        @for (capture, frame, range) in chain.frames.iter().take(MOST_FRAMES) {
                            li {
                                (unit) " " (frame) " of " (Shown(&words::capture(self.overview.case, *capture)))
                                ", file offset " code { (words::number(range.start)) "–" (words::number(range.end)) }
                            }
                        }
                        @if rest > 0 { li.muted { "and " (words::counted(rest as u64, unit)) " more" } }
                    }
                }
            }
        }
    }

    fn sightings(&self, told: &Told) -> Markup {
        let rest = told.groups.len().saturating_sub(MOST_GROUPS);
        html! {
            @if !told.groups.is_empty() {
                details.more {
                    summary { "All the ways it was seen (" (told.groups.len()) ")" }
                    div.scroll role="region" aria-label="Sightings" tabindex="0" {
                        table.stack {
                            caption { "Sightings of this value, gathered" }
                            thead { tr { @for name in ["Where in the message", "Form", "Grade", "To", "Transport", "Times", "When (UTC)"] { th scope="col" { (name) } } } }
                            tbody { @for group in told.groups.iter().take(MOST_GROUPS) { (self.sighting(group)) } }
                        }
                    }
                    @if rest > 0 { p.muted { "and " (rest) " more in the case file" } }
                }
            }
        }
    }

    fn sighting(&self, group: &SightingGroup) -> Markup {
        let key = &group.key;
        let to = self.overview.destination(key.endpoint);
        html! {
            tr {
                th scope="row" { (Shown(&way(key))) }
                td data-label="Form" { code { (Shown(&key.form.0)) } }
                td data-label="Grade" { (words::grade(key.grade)) }
                td data-label="To" { @match to { Some(to) => { (Shown(host(to))) } None => "unknown" } ", " (words::direction(key.direction)) }
                td data-label="Transport" { (words::security(key.security)) }
                td.number data-label="Times" { (words::number(group.count)) }
                td data-label="When (UTC)" { (words::period(group.first, group.last)) }
            }
        }
    }
}

/// The first piece of each relation, and the others, which show the same again.
fn firsts(evidence: &[Evidence]) -> (Vec<&Evidence>, Vec<&Evidence>) {
    let (mut first, mut further): (Vec<&Evidence>, Vec<_>) = (Vec::new(), Vec::new());
    for piece in evidence.iter().take(MOST_PIECES) {
        let known = first.iter().any(|earlier| earlier.relation == piece.relation);
        if known { further.push(piece) } else { first.push(piece) }
    }
    (first, further)
}

/// Steps of one kind, which made pieces that were then put together.
fn step(alike: &[Link]) -> Markup {
    let Some(first) = alike.first() else { return html! {} };
    let (name, meaning) = words::step(&first.step);
    html! {
        li {
            span.step { (Shown(&name)) @if alike.len() > 1 { " × " (alike.len()) } }
            @if !meaning.is_empty() { span.what { (meaning) } }
            @for link in alike { span.range {
                "bytes " code { (words::number(link.range.start)) "–" (words::number(link.range.end)) } " of " (words::number(link.len))
                @if !link.exact { " (the piece that was unpacked as a whole)" }
            } }
        }
    }
}

/// Bytes in rows of sixteen, as two halves that a narrow screen puts one above the other.
fn hex_view(excerpt: &Excerpt) -> Markup {
    let (start, bytes) = window(excerpt);
    let marked = |place: usize| excerpt.highlight.contains(&(start + place));
    let cut = excerpt.bytes.len() - bytes.len();
    html! {
        figure.hex {
            figcaption {
                (Shown(&excerpt.title))
                @if cut > 0 { span.muted { " (" (words::counted(cut as u64, "byte")) " around it not shown)" } }
            }
            @for (row, line) in bytes.chunks(16).enumerate() {
                div.row {
                    span.offset { (format!("{:08x}", excerpt.offset.saturating_add((start + row * 16) as u64))) }
                    @for (half, part) in line.chunks(8).enumerate() {
                        span class=(if half == 0 { "ha" } else { "hb" }) { (run(part, |at| marked(row * 16 + half * 8 + at), hex, " ")) }
                    }
                    @for (half, part) in line.chunks(8).enumerate() {
                        span class=(if half == 0 { "aa" } else { "ab" }) { (run(part, |at| marked(row * 16 + half * 8 + at), letter, "")) }
                    }
                }
            }
        }
    }
}

/// The part to show, from a multiple of sixteen, and where it starts.
fn window(excerpt: &Excerpt) -> (usize, &[u8]) {
    let start = excerpt.highlight.start.min(excerpt.bytes.len()).saturating_sub(BEFORE) / 16 * 16;
    let end = start.saturating_add(MOST_BYTES).min(excerpt.bytes.len());
    (start, excerpt.bytes.get(start..end).unwrap_or_default())
}

/// Bytes written one after the other, runs of marked ones as one mark.
fn run(bytes: &[u8], marked: impl Fn(usize) -> bool, written: fn(u8) -> String, between: &str) -> Markup {
    let mut runs: Vec<(bool, String)> = Vec::new();
    for (place, byte) in bytes.iter().enumerate() {
        let text = written(*byte);
        match runs.last_mut() {
            Some((mark, run)) if *mark == marked(place) => {
                run.push_str(between);
                run.push_str(&text);
            }
            _ => runs.push((marked(place), text)),
        }
    }
    html! {
        @for (place, (mark, run)) in runs.iter().enumerate() {
            @if place > 0 { (between) }
            @if *mark { mark { (run) } } @else { (run) }
        }
    }
}

fn hex(byte: u8) -> String {
    format!("{byte:02x}")
}

fn letter(byte: u8) -> String {
    match byte {
        b' '..=b'~' => char::from(byte).to_string(),
        _ => "·".to_owned(),
    }
}

/// Findings whose proof lies open.
const OPEN: usize = 3;
/// Findings whose proof is on the page.
const MOST_PROVED: usize = 1000;
const MOST_PIECES: usize = 10;
const MOST_EXCERPTS: usize = 6;
const MOST_FRAMES: usize = 8;
const MOST_GROUPS: usize = 40;
/// Bytes of a hex view, and of these before the value.
const MOST_BYTES: usize = 512;
const BEFORE: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_value_is_marked_in_both_columns() {
        let excerpt =
            Excerpt { title: "x".to_owned(), offset: 0x100, bytes: (0x40..0x60).collect(), highlight: 6..18 };
        let view = hex_view(&excerpt).into_string();
        assert!(view.contains("00000100") && view.contains("00000110"), "{view}");
        assert!(view.contains("40 41 42 43 44 45 <mark>46 47</mark>"), "{view}");
        assert!(view.contains("<mark>48 49 4a 4b 4c 4d 4e 4f</mark>"), "{view}");
        assert!(view.contains("<mark>50 51</mark> 52"), "{view}");
        assert!(view.contains("@ABCDE<mark>FG</mark>"), "{view}");
    }

    #[test]
    fn a_highlight_outside_the_bytes_harms_nobody() {
        for highlight in [100..200, usize::MAX - 1..usize::MAX, 7..7, 0..usize::MAX] {
            let excerpt = Excerpt { title: String::new(), offset: u64::MAX, bytes: vec![0; 40], highlight };
            assert!(hex_view(&excerpt).into_string().contains("00 00"));
        }
    }
}
