//! Countries -> a world map as inline SVG.
//!
//! The atlas's plain grid of degrees is drawn in the Equal Earth projection (Šavrič, Patterson and Jenny
//! 2018), in which areas compare. A filled circle counts the addresses located in a country, a ring the
//! operators seated there.

use std::fmt::Write;

use maud::{Markup, html};

use super::destinations::Role;
use super::show::chip;
use super::{Atlas, Page, Place};
use crate::{plain, words};

impl Page<'_> {
    /// The map; nothing without an atlas.
    pub(super) fn map(&self, roles: &[(&str, Role)]) -> Markup {
        let Some(atlas) = self.options.atlas else { return html! {} };
        let marks = marks(&atlas, roles);
        let shown = shown_severities(roles);
        html! {
            figure.map {
                svg viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" aria-labelledby="map-title map-words" {
                    title #map-title { "Destinations on a map of the world" }
                    desc #map-words { "The table that follows says the same in words." }
                    path.land d=(projected(atlas.land)) {}
                    path.borders d=(projected(atlas.borders)) {}
                    @for mark in &marks { (ring(mark)) }
                    @for mark in &marks { (circle(mark)) }
                    @for (mark, (x, y, end)) in labels(&marks) {
                        text x=(tenth(x)) y=(tenth(y)) text-anchor=[end.then_some("end")] { (mark.name()) }
                    }
                }
                figcaption {
                    span.key { svg.sample viewBox="0 0 20 20" aria-hidden="true" { circle class={ "told " (shown.first().map_or("high", |worst| worst.id())) } cx="10" cy="10" r="7" {} } "address located there, named by a finding" }
                    span.key { svg.sample viewBox="0 0 20 20" aria-hidden="true" { circle.quiet cx="10" cy="10" r="7" {} } "address located there, no finding" }
                    span.key { svg.sample viewBox="0 0 20 20" aria-hidden="true" { circle.seat cx="10" cy="10" r="8" {} } "operator's seat" }
                    span.key { "Worst finding: " @for severity in &shown { (chip(*severity, None)) " " } @if shown.is_empty() { "none" } }
                }
            }
        }
    }
}

struct Mark<'a> {
    place: Place,
    role: &'a Role,
    x: f32,
    y: f32,
    radius: f32,
}

impl Mark<'_> {
    /// The radius with the ring around it.
    fn reach(&self) -> f32 {
        self.radius + if self.role.seat > 0 { 5.0 } else { 0.0 }
    }

    /// As SVG can show it, which knows no isolation of directions.
    fn name(&self) -> String {
        plain::clipped(&self.place.name, 40).into_owned()
    }
}

/// The marks, the largest first, so that small ones are drawn on top.
fn marks<'a>(atlas: &Atlas, roles: &'a [(&str, Role)]) -> Vec<Mark<'a>> {
    let mark = |(code, role): &'a (&str, Role)| {
        // A registration alone is told in the table only.
        if role.located == 0 && role.seat == 0 {
            return None;
        }
        let place = (atlas.place)(code)?;
        let (x, y) = project(place.latitude, place.longitude);
        let radius = 5.0 + (role.located as f32).sqrt().min(9.0) * 2.0;
        Some(Mark { place, role, x, y, radius })
    };
    let mut marks: Vec<_> = roles.iter().filter_map(mark).collect();
    marks.sort_by(|one, other| other.radius.total_cmp(&one.radius));
    marks
}

fn circle(mark: &Mark) -> Markup {
    let role = mark.role;
    if role.located == 0 {
        return html! {};
    }
    let class = role.worst.map_or_else(|| "quiet".to_owned(), |worst| format!("told {}", worst.id()));
    html! {
        circle class=(class) cx=(tenth(mark.x)) cy=(tenth(mark.y)) r=(tenth(mark.radius)) {
            title { (mark.name()) ": " (words::counted(role.located as u64, "destination")) ", " (role.told) " named by findings" }
        }
    }
}

fn ring(mark: &Mark) -> Markup {
    if mark.role.seat == 0 {
        return html! {};
    }
    let radius = if mark.role.located == 0 { 8.0 } else { mark.radius + 5.0 };
    html! {
        circle.seat cx=(tenth(mark.x)) cy=(tenth(mark.y)) r=(tenth(radius)) {
            title { (mark.name()) ": seat of the operators of " (words::counted(mark.role.seat as u64, "destination")) }
        }
    }
}

fn shown_severities(roles: &[(&str, Role)]) -> Vec<evidence::Severity> {
    let present = |severity: &evidence::Severity| roles.iter().any(|(_, role)| role.worst == Some(*severity));
    words::SEVERITIES.into_iter().filter(present).collect()
}

/// Names beside their marks, where they do not cover another name or mark: `x`, `y`, and whether the text
/// ends there. What finds no room has its name in the table.
fn labels<'a>(marks: &'a [Mark<'a>]) -> Vec<(&'a Mark<'a>, (f32, f32, bool))> {
    let mut taken: Vec<[f32; 4]> = marks.iter().map(around).collect();
    let mut placed = Vec::new();
    let mut order: Vec<&Mark> = marks.iter().collect();
    order.sort_by_key(|mark| std::cmp::Reverse((mark.role.worst, mark.role.located)));
    for mark in order {
        let wide = mark.place.name.chars().count().min(40) as f32 * LETTER;
        let gap = mark.reach() + 4.0;
        let spots = [
            (mark.x + gap, mark.y + 4.5, false),
            (mark.x - gap, mark.y + 4.5, true),
            (mark.x + gap * 0.6, mark.y - gap * 0.8, false),
            (mark.x + gap * 0.6, mark.y + gap * 1.3, false),
            (mark.x - gap * 0.6, mark.y - gap * 0.8, true),
            (mark.x - gap * 0.6, mark.y + gap * 1.3, true),
        ];
        let fits = |(x, y, end): &(f32, f32, bool)| {
            let from = if *end { x - wide } else { *x };
            let place = [from, y - 12.0, from + wide, y + 4.0];
            let inside = from > 0.0 && from + wide < WIDTH && place[1] > 0.0 && place[3] < HEIGHT;
            (inside && !taken.iter().any(|other| meet(other, &place))).then_some(((*x, *y, *end), place))
        };
        if let Some((spot, place)) = spots.iter().find_map(fits) {
            taken.push(place);
            placed.push((mark, spot));
        }
    }
    placed
}

fn around(mark: &Mark) -> [f32; 4] {
    let reach = mark.reach();
    [mark.x - reach, mark.y - reach, mark.x + reach, mark.y + reach]
}

fn meet(one: &[f32; 4], other: &[f32; 4]) -> bool {
    one[0] < other[2] && other[0] < one[2] && one[1] < other[3] && other[1] < one[3]
}

/// A path of the atlas in the map's projection. Stops at the first thing that is no `M`, `l`, `z` or whole
/// number: the atlas is the caller's, and half a map is better than none.
fn projected(path: &str) -> String {
    let mut drawn = String::with_capacity(path.len());
    for part in path.split('M').skip(1) {
        let (start, steps) = part.split_once('l').unwrap_or((part, ""));
        let Some(mut at) = pairs(start).next() else { break };
        let _ = write!(drawn, "M{}", spot(at));
        let mut last = spot(at);
        for (dx, dy) in pairs(steps) {
            at = (at.0 + dx, at.1 + dy);
            let next = spot(at);
            if next != last {
                let _ = write!(drawn, "L{next}");
                last = next;
            }
        }
        if part.trim_end().ends_with('z') {
            drawn.push('Z');
        }
    }
    drawn
}

/// Numbers two by two; a minus sign may stand in for a space.
fn pairs(text: &str) -> impl Iterator<Item = (f32, f32)> {
    let text = text.trim_end_matches(['z', ' ', '\n']);
    let starts = text.char_indices().filter(|(place, character)| {
        let before = text.get(..*place).and_then(|before| before.chars().next_back());
        let parted = before.is_none_or(|before| before == ' ' || before == ',');
        *character == '-' || (character.is_ascii_digit() && parted)
    });
    let mut numbers = starts.map_while(|(place, _)| {
        let rest = text.get(place..)?;
        let end = rest.char_indices().skip(1).find(|(_, digit)| !digit.is_ascii_digit());
        rest.get(..end.map_or(rest.len(), |(end, _)| end))?.parse::<f32>().ok()
    });
    std::iter::from_fn(move || numbers.next().zip(numbers.next()))
}

fn spot((x, y): (f32, f32)) -> String {
    let (x, y) = project(90.0 - y / 10.0, x / 10.0 - 180.0);
    format!("{} {}", tenth(x), tenth(y))
}

/// Equal Earth, in the map's units.
fn project(latitude: f32, longitude: f32) -> (f32, f32) {
    let [a1, a2, a3, a4] = [1.340_264_f32, -0.081_106, 0.000_893, 0.003_796];
    let theta = (3f32.sqrt() / 2.0 * latitude.clamp(-90.0, 90.0).to_radians().sin()).asin();
    let squared = theta * theta;
    let sixth = squared * squared * squared;
    let slope = 9.0 * a4 * sixth * squared + 7.0 * a3 * sixth + 3.0 * a2 * squared + a1;
    let x = 2.0 * 3f32.sqrt() * longitude.to_radians() * theta.cos() / (3.0 * slope);
    let y = theta * (a4 * sixth * squared + a3 * sixth + a2 * squared + a1);
    (WIDTH / 2.0 + x * SCALE, TOP - y * SCALE)
}

fn tenth(value: f32) -> String {
    format!("{value:.1}").trim_end_matches(".0").to_owned()
}

const WIDTH: f32 = 960.0;
/// Without the Antarctic, where no server stands.
const HEIGHT: f32 = 420.0;
/// Units for the radius of the globe.
const SCALE: f32 = 177.0;
/// Where the equator lies.
const TOP: f32 = 235.0;
/// How wide a letter is, about.
const LETTER: f32 = 7.4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_lie_where_the_projection_puts_them() {
        // From the paper's own figures: the equator is 2 · 2.70663 radii long.
        let (west, equator) = project(0.0, -180.0);
        assert!((west - (480.0 - 2.706_63 * SCALE)).abs() < 0.1 && (equator - TOP).abs() < 0.1);
        let (_, pole) = project(90.0, 0.0);
        assert!((pole - (TOP - 1.317_362_7 * SCALE)).abs() < 0.1);
    }

    #[test]
    fn a_path_of_steps_becomes_a_path_of_places() {
        assert_eq!(pairs("10 20-3-4 5 6z").collect::<Vec<_>>(), [(10.0, 20.0), (-3.0, -4.0), (5.0, 6.0)]);
        let path = projected("M1800 900l10 0-10-10zM1800 900l0 10z");
        assert_eq!(path.matches('M').count(), 2);
        assert_eq!(path.matches('L').count(), 3);
        assert!(path.starts_with("M480 235L"), "{path}");
        assert_eq!(projected("nonsense"), "");
    }
}
