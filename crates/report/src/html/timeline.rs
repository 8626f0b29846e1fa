//! When: findings and destinations over time, as one strip per row.
//!
//! Labels are text of the page and the strips stretch, so a row is readable on 320 pixels as on paper.
//! Where the captures were recorded with long breaks the breaks are drawn narrow: [`Axis`].

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use evidence::{Timestamp, prose};
use maud::{Markup, html};

use super::Page;
use super::show::{Shown, anchor, chip};
use crate::overview::{Overview, Reached, Told, host};
use crate::words;

impl Page<'_> {
    pub(super) fn timeline(&self) -> Markup {
        let Some(axis) = Axis::of(&self.overview) else { return html! {} };
        let findings = &self.overview.findings;
        let timed = |(_, told): &(usize, &Told)| told.finding.first != Timestamp::default();
        let told: Vec<&Reached> = self.overview.destinations.iter().take(MOST_DESTINATIONS).collect();
        html! {
            section #when aria-labelledby="when-title" {
                h2 #when-title { "When" }
                p.intro {
                    "Times are UTC, as the capture recorded them. A mark is a moment a value was seen; the line reaches from the first to the last. "
                    @if self.options.moments.is_none() { "Marks are shown for the first, the last and the proved sightings. " }
                    @if axis.periods.len() > 1 { "Where nothing was recorded, or nothing seen for very long, the scale is broken." }
                }
                div.timeline {
                    (scale(&axis))
                    @if !findings.is_empty() {
                        h3 { "Findings" }
                        ol.rows {
                            @for (place, told) in findings.iter().enumerate().filter(timed).take(MOST_FINDINGS) { (self.finding_row(&axis, place, told)) }
                        }
                        @if findings.len() > MOST_FINDINGS { p.muted { "and " (words::counted((findings.len() - MOST_FINDINGS) as u64, "finding")) " more, not drawn" } }
                    }
                    (self.marks_over(&axis))
                    @if !told.is_empty() {
                        h3 { "Destinations" }
                        ol.rows { @for reached in &told { (destination_row(&axis, reached)) } }
                        @if self.overview.destinations.len() > told.len() { p.muted { "and " (words::counted((self.overview.destinations.len() - told.len()) as u64, "destination")) " more, not drawn" } }
                    }
                }
            }
        }
    }

    /// What happened on the phone while the captures were recorded, one row for each kind.
    fn marks_over(&self, axis: &Axis) -> Markup {
        let mut kinds: BTreeMap<String, Vec<Timestamp>> = BTreeMap::new();
        let events = self.overview.case.phone.events().into_iter();
        for event in events.filter(|event| axis.holds(event.time)) {
            kinds.entry(event.kind).or_default().push(event.time);
        }
        html! {
            @if !kinds.is_empty() {
                h3 { "On the phone" }
                ol.rows {
                    @for (kind, times) in kinds.iter().take(MOST_KINDS) {
                        li {
                            span.label { (Shown(&words::mark(kind))) span.muted { (words::times(times.len() as u64)) } }
                            @if let (Some(first), Some(last)) = (times.iter().min(), times.iter().max()) {
                                (strip(axis, "quiet", (*first, *last), times))
                            }
                        }
                    }
                }
            }
        }
    }

    fn finding_row(&self, axis: &Axis, place: usize, told: &Told) -> Markup {
        let finding = told.finding;
        let times = match self.options.moments {
            // What was no sighting in the traffic has no moments but its own.
            Some(moments) if !told.groups.is_empty() => moments(finding),
            _ => known(told),
        };
        html! {
            li {
                span.label {
                    a href={ "#" (anchor(told, place)) } { (prose::capital(told.subject())) } " " (chip(finding.severity, None))
                    span.muted {
                        @if let Some(first) = told.destinations.first() { (Shown(host(first))) ", " }
                        @if let Some(number) = told.number().filter(|number| !number.is_empty()) { (Shown(number)) ", " }
                        @if told.destinations.len() > 1 { "and " (told.destinations.len() - 1) " more, " }
                        (words::times(finding.count))
                    }
                }
                (strip(axis, finding.severity.id(), (finding.first, finding.last), &times))
            }
        }
    }
}

fn destination_row(axis: &Axis, reached: &Reached) -> Markup {
    let one = reached.destination;
    html! {
        li {
            span.label { (Shown(host(one))) span.muted { (words::counted(one.flows, "flow")) ", " (words::bytes(one.bytes_out)) " sent" } }
            (strip(axis, "quiet", (one.first, one.last), &[one.first, one.last]))
        }
    }
}

/// First, last and the proofs' times of a finding.
fn known(told: &Told) -> Vec<Timestamp> {
    let groups = told.groups.iter().flat_map(|group| {
        let proofs = group.proofs.iter().map(|proof| proof.time);
        proofs.chain([group.first, group.last])
    });
    let ends = [told.finding.first, told.finding.last];
    groups.chain(ends.into_iter().filter(|time| *time != Timestamp::default())).collect()
}

fn strip(axis: &Axis, class: &str, (first, last): (Timestamp, Timestamp), times: &[Timestamp]) -> Markup {
    let (from, to) = (axis.place(first), axis.place(last));
    html! {
        svg class={ "strip " (class) } viewBox=(format!("0 0 {LENGTH} 20")) preserveAspectRatio="none" role="img" {
            title { (words::period(first, last)) " UTC" }
            path.recorded d=(recorded(axis)) {}
            @if to > from { path.reach d=(format!("M{from} 10H{to}")) {} }
            path.marks d=(marks(axis, times)) {}
        }
    }
}

/// A stroke for each place on the axis at which something was seen; at most one for each of its thousand.
fn marks(axis: &Axis, times: &[Timestamp]) -> String {
    let places: BTreeSet<i64> = times.iter().map(|time| axis.place(*time)).collect();
    places.iter().fold(String::new(), |mut path, place| {
        let _ = write!(path, "M{place} 3V17");
        path
    })
}

fn recorded(axis: &Axis) -> String {
    axis.periods.iter().fold(String::new(), |mut path, period| {
        let _ = write!(path, "M{} 0H{}V20H{}Z", period.from, period.to, period.from);
        path
    })
}

fn scale(axis: &Axis) -> Markup {
    html! {
        div.scale aria-hidden="true" {
            @for tick in axis.ticks() {
                span style={ "left:" (percent(tick.place)) } {
                    @if let Some(day) = &tick.day { b { (day) } " " }
                    (tick.label)
                }
            }
        }
    }
}

fn percent(place: i64) -> String {
    format!("{}.{}%", place / (LENGTH / 100), place % (LENGTH / 100))
}

/// Time -> place on the strip, 0 to [`LENGTH`]: one stretch for each period of recording.
struct Axis {
    periods: Vec<Period>,
}

struct Period {
    first: i64,
    last: i64,
    from: i64,
    to: i64,
}

struct Tick {
    place: i64,
    /// The day, where a period starts.
    day: Option<String>,
    label: String,
}

impl Axis {
    /// From the times of the captures, or of the findings where no capture has one.
    fn of(overview: &Overview) -> Option<Self> {
        let whole = overview.span()?;
        let mut recorded = overview.recorded();
        if recorded.is_empty() {
            recorded.push(whole);
        }
        let events = events(overview);
        let mut times: Vec<(i64, i64)> = recorded
            .iter()
            .flat_map(|(first, last)| stretches(&events, first.0, last.0.max(first.0)))
            .collect();
        times.sort_unstable();
        Some(Self::over(&times))
    }

    /// Recordings that lie close together are one period; so are all where there would be too many.
    fn over(times: &[(i64, i64)]) -> Self {
        let recorded =
            times.iter().fold(1i64, |sum, (first, last)| sum.saturating_add(last.saturating_sub(*first)));
        let mut periods: Vec<(i64, i64)> = Vec::new();
        for (first, last) in times {
            match periods.last_mut() {
                Some(open) if first.saturating_sub(open.1) <= recorded => open.1 = open.1.max(*last),
                _ => periods.push((*first, *last)),
            }
        }
        if periods.len() > MOST_PERIODS {
            let last = periods.iter().map(|period| period.1).max().unwrap_or_default();
            periods.truncate(1);
            if let Some(only) = periods.first_mut() {
                only.1 = last;
            }
        }
        Self { periods: laid_out(&periods) }
    }

    /// Whether an instant lies in a period of recording.
    fn holds(&self, time: Timestamp) -> bool {
        self.periods.iter().any(|period| (period.first..=period.last).contains(&time.0))
    }

    fn place(&self, time: Timestamp) -> i64 {
        let after = self.periods.iter().rev().find(|period| time.0 >= period.first);
        let Some(period) = after.or(self.periods.first()) else { return 0 };
        let whole = i128::from(period.last) - i128::from(period.first);
        let done = (i128::from(time.0) - i128::from(period.first)).clamp(0, whole.max(0));
        let wide = i128::from(period.to - period.from);
        let inside = if whole > 0 { done * wide / whole } else { wide / 2 };
        period.from + i64::try_from(inside).unwrap_or(0)
    }

    /// Round instants for the scale, at most about five for the whole strip.
    fn ticks(&self) -> Vec<Tick> {
        self.periods.iter().flat_map(|period| self.ticks_of(period)).collect()
    }

    fn ticks_of(&self, period: &Period) -> Vec<Tick> {
        let wanted = ((period.to - period.from) * 5 / LENGTH).max(1);
        let seconds = (period.last.saturating_sub(period.first) / SECOND).max(1);
        let step = STEPS.into_iter().find(|step| seconds / step <= wanted).unwrap_or(seconds);
        let start = Timestamp(period.first);
        let mut ticks = vec![Tick {
            place: period.from,
            day: Some(words::day(start)),
            label: short(start, step.min(3600)),
        }];
        let mut at = (start.seconds() / step).saturating_add(1).saturating_mul(step);
        while ticks.len() < 8 && at < Timestamp(period.last).seconds() {
            let time = Timestamp::new(at, 0);
            let place = self.place(time);
            // The first label names the day and takes more room.
            if place - period.from > LENGTH / 5 && LENGTH - place > LENGTH / 20 {
                ticks.push(Tick { place, day: None, label: short(time, step) });
            }
            at = at.saturating_add(step);
        }
        ticks
    }
}

/// Every moment that the case tells of, in order.
fn events(overview: &Overview) -> Vec<i64> {
    let destinations = overview.destinations.iter().map(|reached| reached.destination);
    let talks = destinations.flat_map(|one| [one.first, one.last]);
    let seen = overview.findings.iter().flat_map(known);
    let times: BTreeSet<i64> = talks.chain(seen).map(|time| time.0).collect();
    times.into_iter().collect()
}

/// A recording without the few gaps that would leave no room for what was seen: a file put together from
/// two, years apart. Gaps that are part of a rhythm are much shorter than that.
fn stretches(events: &[i64], first: i64, last: i64) -> Vec<(i64, i64)> {
    let inside = events.iter().copied().filter(|time| (first..=last).contains(time));
    let points: Vec<i64> = std::iter::once(first).chain(inside).chain([last]).collect();
    let mut gaps: Vec<(i64, i64)> = points.iter().copied().zip(points.iter().copied().skip(1)).collect();
    let length = |(from, to): &(i64, i64)| i128::from(*to) - i128::from(*from);
    gaps.sort_by_key(|gap| std::cmp::Reverse(length(gap)));
    let mut rest = i128::from(last) - i128::from(first);
    for count in 1..=MOST_CUTS.min(gaps.len()) {
        let (cut, _) = gaps.split_at(count);
        let Some(smallest) = cut.last().map(length) else { break };
        rest -= smallest;
        if rest > 0 && smallest >= LEAST_CUT && smallest > 50 * rest {
            return without(first, last, cut);
        }
    }
    vec![(first, last)]
}

/// What is left of `first..last` without the gaps.
fn without(first: i64, last: i64, gaps: &[(i64, i64)]) -> Vec<(i64, i64)> {
    let mut gaps = gaps.to_vec();
    gaps.sort_unstable();
    let starts = std::iter::once(first).chain(gaps.iter().map(|gap| gap.1));
    starts.zip(gaps.iter().map(|gap| gap.0).chain([last])).collect()
}

fn short(time: Timestamp, step: i64) -> String {
    let clock = words::clock(time);
    match step {
        86_400.. => words::day(time),
        60.. => clock.get(..5).unwrap_or(&clock).to_owned(),
        _ => clock,
    }
}

/// Shares the strip among the periods by their length; none is narrower than a twelfth.
fn laid_out(periods: &[(i64, i64)]) -> Vec<Period> {
    let count = i64::try_from(periods.len()).unwrap_or(1).max(1);
    let least = LENGTH / 12;
    let free = LENGTH - (count - 1) * BREAK - count * least;
    let length = |(first, last): &(i64, i64)| i128::from(*last) - i128::from(*first);
    let whole: i128 = periods.iter().map(length).sum::<i128>().max(1);
    let mut from = 0;
    let mut laid = Vec::with_capacity(periods.len());
    for (place, period) in periods.iter().enumerate() {
        let more = i64::try_from(length(period) * i128::from(free) / whole).unwrap_or(0);
        let to = if place + 1 == periods.len() { LENGTH } else { from + least + more };
        laid.push(Period { first: period.0, last: period.1, from, to });
        from = to + BREAK;
    }
    laid
}

const LENGTH: i64 = 1000;
const BREAK: i64 = 12;
const SECOND: i64 = 1_000_000_000;
const MOST_PERIODS: usize = 8;
/// Gaps cut out of one recording, and how long they are at least, in nanoseconds.
const MOST_CUTS: usize = 3;
const LEAST_CUT: i128 = 3_600_000_000_000;
const MOST_KINDS: usize = 12;
const MOST_FINDINGS: usize = 30;
const MOST_DESTINATIONS: usize = 20;

/// Steps of a clock and a calendar, in seconds.
const STEPS: [i64; 21] = [
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800,
    604_800, 2_592_000,
];

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400 * SECOND;

    #[test]
    fn one_recording_is_a_straight_scale() {
        let axis = Axis::over(&[(0, 1000), (400, 2000)]);
        let places: Vec<_> = [-5, 0, 500, 1000, 2000, 9000].map(|time| axis.place(Timestamp(time))).to_vec();
        assert_eq!(places, [0, 0, 250, 500, 1000, 1000]);
    }

    #[test]
    fn recordings_months_apart_share_the_strip() {
        let hour = DAY / 24;
        let axis = Axis::over(&[(0, hour), (60 * DAY, 60 * DAY + hour)]);
        assert_eq!(axis.periods.len(), 2);
        let middle = axis.place(Timestamp(hour / 2));
        assert!((200..300).contains(&middle), "{middle}");
        assert_eq!(axis.place(Timestamp(60 * DAY + hour)), LENGTH);
        // What lies between recordings is put at the end of the one before.
        assert_eq!(axis.place(Timestamp(30 * DAY)), axis.periods[0].to);
    }

    #[test]
    fn a_gap_of_years_is_cut_and_a_monthly_rhythm_is_not() {
        let minute = 60 * SECOND;
        let years = [0, minute, 2 * minute, 2000 * DAY, 2000 * DAY + 5 * minute];
        let cut = [(0, 2 * minute), (2000 * DAY, 2000 * DAY + 5 * minute)];
        assert_eq!(stretches(&years, 0, 2000 * DAY + 5 * minute), cut);
        assert_eq!(Axis::over(&cut).periods.len(), 2);
        let monthly = [0, 30 * DAY, 60 * DAY];
        assert_eq!(stretches(&monthly, 0, 61 * DAY), [(0, 61 * DAY)]);
        assert_eq!(stretches(&[], 0, 10 * minute), [(0, 10 * minute)]);
        assert_eq!(stretches(&[0], i64::MIN, i64::MAX).len(), 1);
    }

    #[test]
    fn instants_at_the_ends_of_time_do_not_overflow() {
        let axis = Axis::over(&[(i64::MIN, i64::MAX)]);
        assert_eq!(axis.place(Timestamp(i64::MAX)), LENGTH);
        assert!(axis.ticks().len() <= 8);
        let many: Vec<_> = (0..40).map(|day| (day * 9 * DAY, day * 9 * DAY + 1)).collect();
        assert_eq!(Axis::over(&many).periods.len(), 1);
        assert!(Axis::over(&[]).periods.is_empty());
    }
}
