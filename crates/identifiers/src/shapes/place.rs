//! Geographical coordinates: by name, within range, and as exact as positions are written.

use super::checks::{Hit, lossy, trim};

/// Latitude in degrees.
pub(super) fn latitude(value: &[u8], hits: &mut Vec<Hit>) {
    angle(value, 90.0, "latitude", hits);
}

/// Longitude in degrees.
pub(super) fn longitude(value: &[u8], hits: &mut Vec<Hit>) {
    angle(value, 180.0, "longitude", hits);
}

/// Latitude and longitude, with a comma, semicolon, vertical bar or space between them.
pub(super) fn position(value: &[u8], hits: &mut Vec<Hit>) {
    let (text, start) = trim(value);
    let inner = text.strip_prefix(b"geo:").unwrap_or(text);
    let inner = inner.strip_prefix(b"(").and_then(|inner| inner.strip_suffix(b")")).unwrap_or(inner);
    let mut parts = inner.split(|byte| b",;| ".contains(byte)).filter(|part| !part.is_empty());
    let (Some(first), Some(second)) = (parts.next(), parts.next()) else { return };
    let pair = (degrees(first), degrees(second));
    let (Some((latitude, first_places)), Some((longitude, second_places))) = pair else { return };
    let exact = first_places.min(second_places) >= 2 && first_places.max(second_places) >= 3;
    if exact && latitude.abs() <= 90.0 && longitude.abs() <= 180.0 && (latitude, longitude) != (0.0, 0.0) {
        hits.push(Hit {
            kind: None,
            canonical: format!("{},{}", lossy(first), lossy(second)),
            form: "lat-lon",
            range: start..start + text.len(),
            sure: true,
            why: "the field is named after a place, and the numbers are coordinates",
        });
    }
}

fn angle(value: &[u8], limit: f64, form: &'static str, hits: &mut Vec<Hit>) {
    let (text, start) = trim(value);
    let Some(degrees) = fraction(text, limit).or_else(|| scaled(text, limit)) else { return };
    hits.push(Hit {
        kind: None,
        canonical: degrees,
        form,
        range: start..start + text.len(),
        sure: false,
        why: "the field is named after it, and the number is a coordinate",
    });
}

fn fraction(text: &[u8], limit: f64) -> Option<String> {
    let (degrees, places) = degrees(text)?;
    (places >= 2 && degrees.abs() <= limit && degrees.abs() > 0.001).then(|| lossy(text))
}

/// Millionths or ten-millionths of degrees as whole numbers.
fn scaled(text: &[u8], limit: f64) -> Option<String> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    if !matches!(digits.len(), 7..=10) || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number: f64 = std::str::from_utf8(text).ok()?.parse().ok()?;
    let (degrees, places) = if number.abs() > limit * 1e6 { (number / 1e7, 7) } else { (number / 1e6, 6) };
    (degrees.abs() <= limit).then(|| format!("{degrees:.places$}"))
}

/// The number, and how many digits follow the point.
fn degrees(text: &[u8]) -> Option<(f64, usize)> {
    let digits = text.strip_prefix(b"-").or_else(|| text.strip_prefix(b"+")).unwrap_or(text);
    let point = digits.iter().position(|byte| *byte == b'.')?;
    let (whole, places) = (digits.get(..point)?, digits.get(point + 1..)?);
    let numeric = whole.iter().chain(places).all(u8::is_ascii_digit);
    if !numeric || !matches!(whole.len(), 1..=3) || places.len() > 20 {
        return None;
    }
    Some((std::str::from_utf8(text).ok()?.parse().ok()?, places.len()))
}
