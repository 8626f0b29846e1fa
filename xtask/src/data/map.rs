//! Country names, their middles and the outline of the land, from Natural Earth's shapes as TopoJSON.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde_json::Value;

use super::{Job, array, cell, one_line};

/// `countries.tsv`: lines of "code TAB name TAB calling code TAB latitude TAB longitude".
pub(super) fn countries(job: &Job) -> Result<()> {
    let atlas = Atlas::read(job, "countries-50m.json")?;
    let numeric = job.json("i18n-iso-countries", "codes.json")?;
    let mut codes = BTreeMap::new();
    for row in array(&numeric)? {
        if let (Some(alpha), Some(number)) = (row[0].as_str(), row[2].as_str()) {
            codes.insert(number.to_owned(), alpha.to_owned());
        }
    }
    let mut middles: BTreeMap<String, (f64, Point)> = BTreeMap::new();
    for shape in array(&atlas.topology["objects"]["countries"]["geometries"])? {
        let code = shape["id"].as_str().and_then(|id| codes.get(id)).cloned();
        let kosovo = (shape["properties"]["name"] == "Kosovo").then(|| "XK".to_owned());
        if let (Some(code), Some(found)) = (code.or(kosovo), atlas.middle(shape)?) {
            // Outlying islands that are drawn as shapes of their own bear their country's code.
            let kept = middles.entry(code).or_insert(found);
            *kept = if found.0 > kept.0 { found } else { *kept };
        }
    }
    for (code, x, y) in SMALL_PLACES {
        middles.entry((*code).to_owned()).or_insert((0.0, (*x, *y)));
    }
    let mut lines = BTreeMap::new();
    for row in job.csv("countries-list", "countries.csv", true)? {
        let (code, name) = (cell(&row, 0)?, one_line(cell(&row, 1)?));
        let (_, (x, y)) = middles.get(code).with_context(|| format!("where is {code}?"))?;
        let calling = calling_code(code, cell(&row, 3)?);
        lines.insert(code.to_owned(), format!("{code}\t{name}\t{calling}\t{y:.2}\t{x:.2}\n"));
    }
    let head = "# Written by `xtask data`: code (ISO 3166-1 alpha-2 and the codes that phones use in its place), name,\n\
                # calling code (ITU-T E.164), latitude and longitude of a point in the middle of its largest part.\n";
    job.write("countries.tsv", head.to_owned() + &lines.into_values().collect::<String>())
}

/// `world-land.path`, `world-borders.path`: SVG paths in tenths of a degree, x = longitude + 180,
/// y = 90 − latitude, so that a `viewBox` of `0 0 3600 1800` holds the whole world.
pub(super) fn world(job: &Job) -> Result<()> {
    let atlas = Atlas::read(job, "countries-110m.json")?;
    let mut land = String::new();
    for shape in array(&atlas.topology["objects"]["land"]["geometries"])? {
        for ring in atlas.rings(shape)?.into_iter().flatten() {
            for piece in on_the_sheet(&ring) {
                land.push_str(&path(&piece, true));
            }
        }
    }
    job.write("world-land.path", land)?;
    job.write("world-borders.path", atlas.borders()?)
}

/// Longitude and latitude in degrees.
type Point = (f64, f64);

struct Atlas {
    topology: Value,
    arcs: Vec<Vec<Point>>,
}

impl Atlas {
    /// Reads a quantised TopoJSON file: arcs are lists of deltas, scaled and shifted by its transform.
    fn read(job: &Job, file: &str) -> Result<Self> {
        let topology = job.json("world-atlas", file)?;
        let transform = &topology["transform"];
        let factor = |key: &str, axis: usize| transform[key][axis].as_f64().context("a transform");
        let scale = (factor("scale", 0)?, factor("scale", 1)?);
        let shift = (factor("translate", 0)?, factor("translate", 1)?);
        let mut arcs = Vec::new();
        for arc in array(&topology["arcs"])? {
            let (mut x, mut y) = (0.0, 0.0);
            let mut points = Vec::new();
            for delta in array(arc)? {
                x += delta[0].as_f64().context("a number")?;
                y += delta[1].as_f64().context("a number")?;
                points.push((x * scale.0 + shift.0, y * scale.1 + shift.1));
            }
            arcs.push(points);
        }
        Ok(Self { topology, arcs })
    }

    /// The polygons of a shape, each a list of rings.
    fn rings(&self, shape: &Value) -> Result<Vec<Vec<Vec<Point>>>> {
        let polygons: Vec<&Value> = match shape["type"].as_str() {
            Some("Polygon") => vec![&shape["arcs"]],
            Some("MultiPolygon") => array(&shape["arcs"])?.iter().collect(),
            _ => Vec::new(),
        };
        polygons
            .into_iter()
            .map(|polygon| array(polygon)?.iter().map(|ring| self.ring(ring)).collect())
            .collect()
    }

    /// One ring: arcs one after the other, `!n` being arc n backwards.
    fn ring(&self, numbers: &Value) -> Result<Vec<Point>> {
        let mut points: Vec<Point> = Vec::new();
        for number in array(numbers)? {
            let number = number.as_i64().context("an arc's number")?;
            let forward = number >= 0;
            let index = usize::try_from(if forward { number } else { !number })?;
            let arc = self.arcs.get(index).context("an arc")?;
            let mut arc: Vec<Point> = arc.clone();
            if !forward {
                arc.reverse();
            }
            points.pop();
            points.extend(arc);
        }
        Ok(points)
    }

    /// Area and centre of gravity of a shape's largest polygon; `None` where it has no area.
    fn middle(&self, shape: &Value) -> Result<Option<(f64, Point)>> {
        let rings = self.rings(shape)?;
        let outer = rings.iter().filter_map(|polygon| polygon.first());
        let pieces = outer.flat_map(|ring| on_the_sheet(ring));
        let largest = pieces.map(|ring| gravity(&ring)).max_by(|a, b| a.0.total_cmp(&b.0));
        Ok(largest.filter(|(area, _)| *area > 0.0))
    }

    /// The arcs that two countries share.
    fn borders(&self) -> Result<String> {
        let mut users: BTreeMap<usize, usize> = BTreeMap::new();
        for shape in array(&self.topology["objects"]["countries"]["geometries"])? {
            let mut numbers = Vec::new();
            collect_numbers(&shape["arcs"], &mut numbers);
            for number in numbers {
                *users.entry(usize::try_from(if number < 0 { !number } else { number })?).or_default() += 1;
            }
        }
        let shared = users.into_iter().filter(|(_, count)| *count > 1);
        Ok(shared.filter_map(|(arc, _)| self.arcs.get(arc)).map(|arc| path(arc, false)).collect())
    }
}

/// Area (in square degrees of the equator) and centre of gravity of a ring, by the shoelace formula with
/// longitudes shrunk as the ring's middle latitude asks.
fn gravity(ring: &[Point]) -> (f64, Point) {
    let (mut area, mut x, mut y) = (0.0, 0.0, 0.0);
    for pair in ring.windows(2) {
        let [a, b] = pair else { continue };
        let cross = a.0 * b.1 - b.0 * a.1;
        area += cross / 2.0;
        x += (a.0 + b.0) * cross / 6.0;
        y += (a.1 + b.1) * cross / 6.0;
    }
    if area == 0.0 {
        return (0.0, (0.0, 0.0));
    }
    let middle = (x / area, y / area);
    (area.abs() * middle.1.to_radians().cos(), middle)
}

/// Cuts a ring at the edges of the sheet. The atlas joins what lies on both sides of the 180th meridian, and
/// draws Antarctica as a ring around the pole: here it becomes a polygon that has the sheet's lower edge.
fn on_the_sheet(ring: &[Point]) -> Vec<Vec<Point>> {
    let mut points: Vec<Point> = Vec::new();
    for (x, y) in ring {
        let turns = points.last().map_or(0.0, |before| ((before.0 - x) / 360.0).round());
        points.push((x + turns * 360.0, *y));
    }
    let (Some(first), Some(last)) = (points.first().copied(), points.last().copied()) else {
        return Vec::new();
    };
    if (first.0 - last.0).abs() > 180.0 {
        points.extend([(last.0, -90.0), (first.0, -90.0), first]);
    }
    let shifted = |by: f64| points.iter().map(|(x, y)| (x + by, *y)).collect::<Vec<_>>();
    let sheets = [-360.0, 0.0, 360.0].map(|by| cut(&cut(&shifted(by), -180.0, true), 180.0, false));
    sheets.into_iter().filter(|piece| piece.len() > 3).collect()
}

/// The part of a ring on one side of a meridian (Sutherland and Hodgman's way).
fn cut(ring: &[Point], meridian: f64, east: bool) -> Vec<Point> {
    let inside = |point: &Point| if east { point.0 >= meridian } else { point.0 <= meridian };
    let mut kept = Vec::new();
    for pair in ring.windows(2) {
        let [a, b] = pair else { continue };
        if inside(a) {
            kept.push(*a);
        }
        if inside(a) != inside(b) {
            kept.push((meridian, a.1 + (b.1 - a.1) * (meridian - a.0) / (b.0 - a.0)));
        }
    }
    kept.extend(kept.first().copied());
    kept
}

fn collect_numbers(value: &Value, numbers: &mut Vec<i64>) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| collect_numbers(value, numbers)),
        value => numbers.extend(value.as_i64()),
    }
}

/// An SVG path of whole tenths of a degree: one absolute start, then relative steps.
fn path(points: &[Point], closed: bool) -> String {
    let tenth = |degrees: f64| (degrees * 10.0).round() as i32;
    let mut tenths = points.iter().map(|(x, y)| (tenth(x + 180.0), tenth(90.0 - y)));
    let Some(mut at) = tenths.next() else { return String::new() };
    let mut text = format!("M{} {}l", at.0, at.1);
    let start = text.len();
    for next in tenths {
        let step = (next.0 - at.0, next.1 - at.1);
        if step == (0, 0) {
            continue;
        }
        let gap = if text.len() == start || step.0 < 0 { "" } else { " " };
        let middle = if step.1 < 0 { "" } else { " " };
        text.push_str(&format!("{gap}{}{middle}{}", step.0, step.1));
        at = next;
    }
    match (text.len() == start, closed) {
        (true, _) => String::new(),
        (false, true) => text + "z",
        (false, false) => text,
    }
}

/// The calling code alone: the list adds area codes where countries share a code.
fn calling_code<'a>(country: &str, listed: &'a str) -> &'a str {
    match country {
        "BQ" | "CW" => "599",
        "SJ" => "47",
        "XK" => "383",
        _ if listed.starts_with('1') => "1",
        _ => listed.split(',').next().unwrap_or_default(),
    }
}

/// Places that the atlas draws as parts of others or not at all: longitude, latitude.
const SMALL_PLACES: &[(&str, f64, f64)] = &[
    ("AC", -14.36, -7.94),
    ("BQ", -68.27, 12.18),
    ("BV", 3.41, -54.42),
    ("CC", 96.83, -12.16),
    ("CX", 105.69, -10.45),
    ("GF", -53.13, 3.93),
    ("GI", -5.35, 36.14),
    ("GP", -61.55, 16.27),
    ("MQ", -61.02, 14.64),
    ("RE", 55.54, -21.12),
    ("SJ", 15.98, 78.22),
    ("TA", -12.28, -37.11),
    ("TK", -171.86, -9.17),
    ("TV", 179.19, -8.52),
    ("UM", 166.65, 19.28),
    ("XK", 20.9, 42.58),
    ("YT", 45.17, -12.83),
];
