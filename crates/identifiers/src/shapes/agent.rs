//! User agents: what browsers, the Android runtime and apps say of the phone (RFC 9110 section 10.1.5).
//!
//! Understood are Mozilla's and Dalvik's (`Linux; U; Android 6.0.1; SGP621 Build/23.5.A.1.291`), Apple's
//! (`iPhone; CPU iPhone OS 9_3`), Instagram's (`Android (19/4.4.2; 480dpi; 1080x1920; samsung; GT-I9505;
//! jflte; qcom; it_IT)`), Facebook's (`FBDV/GT-I9505;FBCR/…`) and the feature phones' (`Nokia6230/2.0`).

use evidence::IdentifierKind;

use super::checks::{Hit, lossy};

/// Adds what a user agent tells.
pub(super) fn agent(value: &[u8], hits: &mut Vec<Hit>) {
    let value = value.get(..value.len().min(LONGEST)).unwrap_or(value);
    let before = hits.len();
    apps_own(value, hits);
    if hits.len() == before {
        android(value, hits);
        apple(value, hits);
    }
    facebook(value, hits);
    if hits.len() == before {
        feature_phone(value, hits);
    }
}

/// Whether text can be a user agent that tells something, so that free text is worth a closer look.
pub(super) fn begins(text: &[u8]) -> bool {
    text.starts_with(b"Dalvik/") || text.starts_with(b"Mozilla/5.0 (")
}

/// `(Linux; U; Android 4.4.2; it-it; GT-I9505 Build/KOT49H)`: version, perhaps language, model, perhaps build.
fn android(value: &[u8], hits: &mut Vec<Hit>) {
    let Some(at) = memchr::memmem::find(value, b"Android ") else { return };
    let end = closing(value, at);
    let mut fields = pieces(value, at, end, b';');
    let Some((start, version)) = fields.next() else { return };
    let number = version.get(8..).unwrap_or_default();
    if !number.first().is_some_and(u8::is_ascii_digit)
        || !number.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.')
    {
        return;
    }
    hits.push(told(IdentifierKind::OsVersion, version, start));
    let mut fields = fields
        .filter(|(_, field)| !field.is_empty() && !matches!(*field, b"U" | b"wv" | b"Mobile" | b"Tablet"));
    let Some((start, field)) = fields.next() else { return };
    if is_language(field) {
        hits.push(told(IdentifierKind::Locale, field, start));
        if let Some((start, field)) = fields.next() {
            model_and_build(field, start, hits);
        }
    } else {
        model_and_build(field, start, hits);
    }
}

/// `SGP621 Build/23.5.A.1.291`. `K` is what browsers say instead of the model.
fn model_and_build(field: &[u8], start: usize, hits: &mut Vec<Hit>) {
    if field.starts_with(b"rv:") {
        return;
    }
    let (model, build) = match memchr::memmem::find(field, b"Build/") {
        Some(at) => (field.get(..at).unwrap_or_default().trim_ascii_end(), field.get(at + 6..)),
        None => (field, None),
    };
    if matches!(model.len(), 2..=48) {
        hits.push(told(IdentifierKind::Model, model, start));
    }
    if let Some(build) = build.filter(|build| build.len() >= 3) {
        hits.push(told(IdentifierKind::Build, build, start + field.len() - build.len()));
    }
}

/// `(iPhone; CPU iPhone OS 9_3_2 like Mac OS X)`, `(iPhone8,1; iOS 14.2; …)`.
fn apple(value: &[u8], hits: &mut Vec<Hit>) {
    if let Some(at) =
        memchr::memmem::find(value, b"iPhone OS ").or_else(|| memchr::memmem::find(value, b"CPU OS "))
    {
        let tail = value.get(at..).unwrap_or_default();
        let name = tail.iter().position(u8::is_ascii_digit).unwrap_or(tail.len());
        let digits =
            tail.iter().skip(name).take_while(|byte| byte.is_ascii_digit() || **byte == b'_').count();
        let version = tail.get(name..name + digits).unwrap_or_default();
        if !version.is_empty() {
            let mut hit = told(IdentifierKind::OsVersion, version, at + name);
            hit.canonical = format!("iOS {}", lossy(version).replace('_', "."));
            hits.push(hit);
        }
    }
    for prefix in [&b"iPhone"[..], b"iPad", b"iPod"] {
        let Some(at) = memchr::memmem::find(value, prefix) else { continue };
        let tail = value.get(at + prefix.len()..).unwrap_or_default();
        let digits = tail.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b',').count();
        if digits >= 3 && tail.get(..digits).is_some_and(|model| model.contains(&b',')) {
            let model = value.get(at..at + prefix.len() + digits).unwrap_or_default();
            hits.push(told(IdentifierKind::Model, model.strip_suffix(b",").unwrap_or(model), at));
        }
    }
}

/// `Instagram 7.1.1 Android (19/4.4.2; 480dpi; 1080x1920; samsung; GT-I9505; jflte; qcom; it_IT)`.
fn apps_own(value: &[u8], hits: &mut Vec<Hit>) {
    let Some(at) = memchr::memmem::find(value, b"Android (").map(|at| at + 9) else { return };
    let end = closing(value, at);
    let mut fields = pieces(value, at, end, b';');
    let Some((start, version)) = fields.next() else { return };
    let Some(slash) = version.iter().position(|byte| *byte == b'/') else { return };
    let number = version.get(slash + 1..).unwrap_or_default();
    if !version.first().is_some_and(u8::is_ascii_digit) || !number.first().is_some_and(u8::is_ascii_digit) {
        return;
    }
    let mut system = told(IdentifierKind::OsVersion, number, start + slash + 1);
    system.canonical = format!("Android {}", system.canonical);
    hits.push(system);
    let fields: Vec<_> = fields.take(10).collect();
    for (place, (start, field)) in fields.iter().enumerate() {
        if is_size(field) {
            hits.push(told(IdentifierKind::Screen, field, *start));
            // Maker and model follow the screen.
            if let Some((start, model)) =
                fields.get(place + 2).filter(|(_, model)| matches!(model.len(), 2..=48))
            {
                hits.push(told(IdentifierKind::Model, model, *start));
            }
        } else if place > 3 && is_language(field) {
            hits.push(told(IdentifierKind::Locale, field, *start));
        }
    }
}

/// `[FBAN/FB4A;FBDV/GT-I9505;FBSV/4.4.2;FBLC/it_IT;FBCR/TIM;…]`.
fn facebook(value: &[u8], hits: &mut Vec<Hit>) {
    let Some(at) = memchr::memmem::find(value, b"[FB") else { return };
    let end =
        memchr::memchr(b']', value.get(at..).unwrap_or_default()).map_or(value.len(), |length| at + length);
    for (start, field) in pieces(value, at + 1, end, b';') {
        let (Some(key), Some(told_value)) = (field.get(..5), field.get(5..)) else { continue };
        let kind = match key {
            b"FBCR/" => IdentifierKind::OperatorName,
            b"FBDV/" => IdentifierKind::Model,
            b"FBLC/" => IdentifierKind::Locale,
            b"FBSV/" => IdentifierKind::OsVersion,
            _ => continue,
        };
        if !told_value.is_empty() && told_value.len() <= 64 {
            hits.push(told(kind, told_value, start + 5));
        }
    }
}

/// Facebook's `extinfo`: `["a2","org.example.app",7,"1.0","11","GT-I9505","it_IT","GMT+02:00","TIM",1080,…`:
/// mark, package, version number, version, system, model, language, zone, operator, width, height.
pub(super) fn facebook_device(value: &[u8], hits: &mut Vec<Hit>) {
    if !(value.starts_with(b"[\"a2\"") || value.starts_with(b"[\"i2\"")) {
        return;
    }
    let kinds = [
        (4, IdentifierKind::OsVersion),
        (5, IdentifierKind::Model),
        (6, IdentifierKind::Locale),
        (8, IdentifierKind::OperatorName),
    ];
    for (place, (start, item)) in pieces(value, 1, value.len(), b',').take(12).enumerate() {
        let text = item.strip_prefix(b"\"").and_then(|item| item.strip_suffix(b"\"")).unwrap_or_default();
        let kind = kinds.iter().find(|(at, _)| *at == place).map(|(_, kind)| *kind);
        if let Some(kind) = kind.filter(|_| !text.is_empty()) {
            hits.push(Hit {
                form: "list",
                why: "Facebook's SDK tells it in this place",
                ..told(kind, text, start + 1)
            });
        }
    }
}

/// `SonyEricssonT68/R201A`, `Nokia6230/2.0 (03.06)`: maker and model run together before the first slash.
fn feature_phone(value: &[u8], hits: &mut Vec<Hit>) {
    let model = value.split(|byte| *byte == b'/').next().unwrap_or_default();
    let maker = MAKERS.iter().find(|maker| model.starts_with(maker.as_bytes()));
    let named = maker
        .and_then(|maker| model.get(maker.len()..))
        .is_some_and(|rest| rest.iter().any(u8::is_ascii_digit));
    let plain = model.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_ ".contains(byte));
    if named && plain && matches!(model.len(), 4..=32) && model.len() < value.len() {
        hits.push(told(IdentifierKind::Model, model, 0));
    }
}

/// The parts of `value[start..end]` between separators, trimmed, with the place where each begins.
fn pieces(value: &[u8], start: usize, end: usize, separator: u8) -> impl Iterator<Item = (usize, &[u8])> {
    let mut at = start;
    let parts = value.get(start..end).unwrap_or_default().split(move |byte| *byte == separator);
    parts.map(move |part| {
        let begin = at + part.len() - part.trim_ascii_start().len();
        at += part.len() + 1;
        (begin, part.trim_ascii())
    })
}

/// The place of the bracket that closes the one `at` stands in.
fn closing(value: &[u8], at: usize) -> usize {
    let mut depth = 0usize;
    for (place, byte) in value.iter().enumerate().skip(at) {
        match byte {
            b'(' => depth += 1,
            b')' if depth == 0 => return place,
            b')' => depth -= 1,
            _ => {}
        }
    }
    value.len()
}

fn is_language(field: &[u8]) -> bool {
    let letters = |part: &[u8]| part.len() == 2 && part.iter().all(u8::is_ascii_alphabetic);
    match field.len() {
        5 => {
            matches!(field.get(2), Some(b'-' | b'_'))
                && field.get(..2).is_some_and(letters)
                && field.get(3..).is_some_and(letters)
        }
        2 => field.iter().all(u8::is_ascii_lowercase),
        _ => false,
    }
}

fn is_size(field: &[u8]) -> bool {
    let mut sides = field.split(|byte| *byte == b'x');
    let side = |side: Option<&[u8]>| {
        side.is_some_and(|side| matches!(side.len(), 3..=4) && side.iter().all(u8::is_ascii_digit))
    };
    side(sides.next()) && side(sides.next()) && sides.next().is_none()
}

fn told(kind: IdentifierKind, text: &[u8], start: usize) -> Hit {
    let hit = Hit {
        kind: None,
        canonical: lossy(text),
        form: "user-agent",
        range: start..start + text.len(),
        sure: true,
        why: "user agents tell it in this place",
    };
    hit.of(kind)
}

/// User agents are read up to this length.
const LONGEST: usize = 1024;

/// Makers whose feature phones begin their user agent with name and model.
const MAKERS: [&str; 14] = [
    "Alcatel",
    "BenQ",
    "BlackBerry",
    "HUAWEI",
    "LG-",
    "LG/",
    "MOT-",
    "Nokia",
    "Panasonic",
    "SAMSUNG-",
    "SEC-",
    "SIE-",
    "Sharp",
    "SonyEricsson",
];
