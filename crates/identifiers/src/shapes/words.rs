//! Words and names: e-mail addresses, packages, pages, models, builds, languages, screens, texts.

use evidence::IdentifierKind;

use super::checks::{Hit, items, lossy, trim};

/// E-mail addresses, several in a list too.
pub(super) fn email(value: &[u8], hits: &mut Vec<Hit>) {
    for (item, start) in items(value) {
        if let Some(at) = memchr::memchr(b'@', item)
            && let Some((from, to)) = email_around(item, at)
        {
            hits.push(address(item.get(from..to).unwrap_or_default(), start + from));
        }
    }
}

/// The e-mail address around the `@` at `at` (RFC 5322 dot-atoms, RFC 1035 names, a public suffix).
pub(super) fn email_around(text: &[u8], at: usize) -> Option<(usize, usize)> {
    let (before, after) = (text.get(..at)?, text.get(at + 1..)?);
    let local = before.iter().rev().take(65).take_while(|byte| is_local(**byte)).count();
    let domain = after.iter().take(254).take_while(|byte| is_domain(**byte)).count();
    let (mut from, mut to) = (at - local, at + 1 + domain);
    while text.get(from).is_some_and(|byte| b".+-".contains(byte)) && from < at {
        from += 1;
    }
    while to > at + 1 && text.get(to - 1).is_some_and(|byte| b".-".contains(byte)) {
        to -= 1;
    }
    let (local, domain) = (text.get(from..at)?, text.get(at + 1..to)?);
    let written = matches!(local.len(), 1..=64) && !local.windows(2).any(|pair| pair == b"..");
    (written && is_mail_domain(domain)).then_some((from, to))
}

pub(super) fn address(text: &[u8], start: usize) -> Hit {
    Hit {
        kind: Some(IdentifierKind::Email),
        canonical: lossy(text).to_ascii_lowercase(),
        form: "text",
        range: start..start + text.len(),
        sure: true,
        why: "it is written as an e-mail address in a domain that can exist",
    }
}

/// Package names of apps (`org.example.app`): one, or a list of them.
pub(super) fn package(value: &[u8], hits: &mut Vec<Hit>) {
    let (text, start) = trim(value);
    if is_package(text) {
        hits.push(Hit {
            kind: None,
            canonical: lossy(text),
            form: "text",
            range: start..start + text.len(),
            sure: true,
            why: "the field is named after other apps, and it is a package name",
        });
    } else {
        hits.extend(package_list(value));
    }
}

/// Five package names and more in one value.
pub(super) fn package_list(value: &[u8]) -> Option<Hit> {
    if value.len() < 40 {
        return None;
    }
    let mut names = Vec::new();
    let split = value
        .split(|byte| !(byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'/' | b'@')));
    for (name, place) in split.filter(|name| is_package(name)).take(LIST_LIMIT).zip(0u32..) {
        names.push((name, place));
    }
    names.sort_unstable();
    names.dedup_by_key(|(name, _)| *name);
    // Names of one maker's classes are no list of apps.
    let makers = {
        let mut makers: Vec<_> = names.iter().filter_map(|(name, _)| maker(name)).collect();
        makers.dedup();
        makers.len()
    };
    (names.len() >= LIST_MEMBERS && makers >= LIST_MAKERS).then(|| Hit {
        kind: Some(IdentifierKind::PackageList),
        canonical: listed(&mut names),
        form: "list",
        range: 0..value.len(),
        sure: true,
        why: "many package names of different makers stand together",
    })
}

/// Whether it is a package name: labels of letters, digits and underscores, the first a domain's last one
/// turned to the front (`com`, `org`, a country), no class name.
pub(crate) fn is_package(text: &[u8]) -> bool {
    if !matches!(text.len(), 6..=120) || !text.first().is_some_and(u8::is_ascii_lowercase) {
        return false;
    }
    let mut labels = text.split(|byte| *byte == b'.');
    let front = labels.next().unwrap_or_default();
    let mut count = 1;
    let mut last: &[u8] = b"";
    for label in labels {
        let word = label.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
        if !word || !label.first().is_some_and(u8::is_ascii_alphabetic) {
            return false;
        }
        (count, last) = (count + 1, label);
    }
    let class = last.first().is_some_and(u8::is_ascii_uppercase) && last.iter().any(u8::is_ascii_lowercase);
    let host = matches!(
        last,
        b"com" | b"net" | b"org" | b"cn" | b"html" | b"php" | b"js" | b"css" | b"json" | b"so" | b"apk"
    );
    let long_enough = count >= 3 || count == 2 && matches!(front, b"com" | b"org" | b"net" | b"io" | b"me");
    long_enough && PACKAGE_FRONTS.contains(&front) && !class && !host
}

/// The address of a page: no picture, script or other part of one.
pub(super) fn url(value: &[u8], hits: &mut Vec<Hit>) {
    let (text, start) = trim(value);
    let rest = text.strip_prefix(b"https://").or_else(|| text.strip_prefix(b"http://"));
    let Some(rest) = rest
        .filter(|rest| rest.len() >= 4 && rest.iter().all(|byte| byte.is_ascii_graphic() || *byte >= 0x80))
    else {
        return;
    };
    let path = rest.split(|byte| matches!(byte, b'?' | b'#')).next().unwrap_or(rest);
    let suffix = path.rsplit(|byte| *byte == b'.').next().unwrap_or_default();
    let local = [&b"localhost"[..], b"127.", b"10.0.2.2"].iter().any(|host| rest.starts_with(host));
    if !local && !ASSETS.iter().any(|asset| suffix.eq_ignore_ascii_case(asset.as_bytes())) {
        let range = start..start + text.len();
        hits.push(Hit {
            why: "the field is named after a page, and it is the address of one",
            ..told(text, "text", range)
        });
    }
}

/// Words: a few letters at least, no markup, number, address or program.
pub(super) fn text(value: &[u8], hits: &mut Vec<Hit>) {
    let (bytes, start) = trim(value);
    if !matches!(bytes.len(), 2..=2000) {
        return;
    }
    let Ok(words) = std::str::from_utf8(bytes) else { return };
    let program = words.contains(['{', '<', '}', '\0']) || words.contains("://") || words.starts_with("eyJ");
    if !program && words.chars().any(char::is_alphabetic) && !is_flag(bytes) {
        hits.push(told(bytes, "text", start..start + bytes.len()));
    }
}

/// Whether somebody may have typed it: `least` letters (or one of a script that has no letters' case), few
/// other signs, and words that do not change between cases and digits as random text does.
pub(super) fn is_typed(text: &str, least: usize) -> bool {
    let signs = |letter: &char| !letter.is_alphanumeric() && !letter.is_whitespace();
    let letters = text.chars().filter(|letter| letter.is_alphabetic()).count();
    let enough = letters >= least || text.chars().any(|letter| !letter.is_ascii() && letter.is_alphabetic());
    let begins = text.chars().next().is_some_and(|first| !signs(&first) || matches!(first, '"' | '#' | '@'));
    let mut words = text.split(|letter: char| !letter.is_alphanumeric());
    enough && begins && text.chars().filter(signs).count() * 4 <= text.len() && words.all(is_even)
}

/// `weather`, `Berlin`, `NATO`, `YouTube`, `covid19`; not `a7Bk2`.
fn is_even(word: &str) -> bool {
    let class = |letter: char| (letter.is_numeric(), letter.is_uppercase());
    let changes = word.chars().zip(word.chars().skip(1)).filter(|(a, b)| class(*a) != class(*b)).count();
    let capital = word.starts_with(char::is_uppercase);
    changes <= 1 + usize::from(capital) + usize::from(word.len() >= 6)
}

/// A person's name: letters of any script, no digits.
pub(super) fn person_name(value: &[u8], hits: &mut Vec<Hit>) {
    let (bytes, start) = trim(value);
    let Ok(name) = std::str::from_utf8(bytes) else { return };
    let fits = |letter: char| letter.is_alphabetic() || " .-'’,()".contains(letter) || !letter.is_ascii();
    let letters = name.chars().filter(|letter| letter.is_alphabetic()).count();
    if matches!(bytes.len(), 2..=100) && letters >= 2 && name.chars().all(fits) {
        hits.push(told(bytes, "text", start..start + bytes.len()));
    }
}

/// An operator's name: short, with letters.
pub(super) fn operator_name(value: &[u8], hits: &mut Vec<Hit>) {
    let (bytes, start) = trim(value);
    let Ok(name) = std::str::from_utf8(bytes) else { return };
    let letters = name.chars().filter(|letter| letter.is_alphabetic()).count();
    let fits = |letter: char| letter.is_alphanumeric() || " .-&'+/|()_*".contains(letter);
    if matches!(bytes.len(), 2..=40) && letters >= 2 && name.chars().all(fits) && !is_connection(bytes) {
        hits.push(told(bytes, "text", start..start + bytes.len()));
    }
}

/// A phone's model: short, printable, no sentence.
pub(super) fn model(value: &[u8], hits: &mut Vec<Hit>) {
    let (bytes, start) = trim(value);
    let fits = |byte: &u8| byte.is_ascii_alphanumeric() || b" -_./()+,".contains(byte) || *byte >= 0x80;
    let words = bytes.split(|byte| *byte == b' ').count();
    let letters = bytes.iter().any(|byte| byte.is_ascii_alphabetic() || *byte >= 0x80);
    let system = bytes.eq_ignore_ascii_case(b"android") || bytes.eq_ignore_ascii_case(b"ios");
    if matches!(bytes.len(), 2..=48)
        && words <= 6
        && letters
        && bytes.iter().all(fits)
        && !system
        && !is_flag(bytes)
        && std::str::from_utf8(bytes).is_ok()
    {
        hits.push(told(bytes, "text", start..start + bytes.len()));
    }
}

/// A fingerprint (`brand/product/device:9/PKQ1/123:user/release-keys`) or a build number.
pub(super) fn build(value: &[u8], hits: &mut Vec<Hit>) {
    let (bytes, start) = trim(value);
    if let Some(hit) = fingerprint(bytes, start) {
        hits.push(hit);
        return;
    }
    let fits = |byte: &u8| byte.is_ascii_alphanumeric() || b" -_./:+()".contains(byte);
    let digits = bytes.iter().filter(|byte| byte.is_ascii_digit()).count();
    let letters = bytes.iter().filter(|byte| byte.is_ascii_alphabetic()).count();
    if matches!(bytes.len(), 4..=120) && bytes.iter().all(fits) && digits >= 2 && letters >= 1 {
        hits.push(told(bytes, "text", start..start + bytes.len()));
    }
}

/// `ro.build.fingerprint` (Android CDD section 3.2.2).
pub(super) fn fingerprint(bytes: &[u8], start: usize) -> Option<Hit> {
    let slashes = bytes.iter().filter(|byte| **byte == b'/').count();
    let keys = bytes.ends_with(b"-keys") && bytes.contains(&b':') && slashes >= 4;
    let fits =
        matches!(bytes.len(), 20..=200) && bytes.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ');
    (keys && fits).then(|| Hit {
        kind: Some(IdentifierKind::Build),
        sure: true,
        why: "it is written as an Android build's fingerprint",
        ..told(bytes, "fingerprint", start..start + bytes.len())
    })
}

/// `9`, `4.4.2`, `Android 6.0.1`, `iOS 14.2`, `V10.0.9.0`.
pub(super) fn os_version(value: &[u8], hits: &mut Vec<Hit>) {
    let (bytes, start) = trim(value);
    let number = [
        &b"Android OS "[..],
        b"Android ",
        b"android ",
        b"Android",
        b"android",
        b"iOS ",
        b"iPhone OS ",
        b"V",
        b"v",
    ]
    .iter()
    .find_map(|prefix| bytes.strip_prefix(*prefix))
    .unwrap_or(bytes);
    let version = number.split(|byte| matches!(byte, b' ' | b'/' | b'(')).next().unwrap_or(number);
    let dotted = version.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.');
    if dotted
        && matches!(version.len(), 1..=20)
        && version.first().is_some_and(u8::is_ascii_digit)
        && bytes.len() <= 60
    {
        hits.push(told(bytes, "version", start..start + bytes.len()));
    }
}

/// `de`, `it_IT`, `zh-Hans-CN` (RFC 5646), Java's `zh_CN_#Hans` too.
pub(super) fn locale(value: &[u8], hits: &mut Vec<Hit>) {
    let (bytes, start) = trim(value);
    let mut parts = bytes.split(|byte| matches!(byte, b'_' | b'-'));
    let language = parts.next().unwrap_or_default();
    let lower = matches!(language.len(), 2 | 3) && language.iter().all(u8::is_ascii_lowercase);
    // Some write the region first: `US_en`.
    let turned = matches!(bytes, [b'A'..=b'Z', b'A'..=b'Z', b'_' | b'-', b'a'..=b'z', b'a'..=b'z']);
    let mut rest = parts.take(4);
    let tags = rest.all(|part| {
        let part = part.strip_prefix(b"#").unwrap_or(part);
        matches!(part.len(), 2..=4) && part.iter().all(u8::is_ascii_alphanumeric)
    });
    if (lower || turned) && tags && bytes.len() <= 16 && (bytes.len() > 3 || bytes.len() == 2) {
        hits.push(told(bytes, "language-tag", start..start + bytes.len()));
    }
}

/// `1080x1920`, with `x`, `*` or `,`.
pub(super) fn screen(value: &[u8], hits: &mut Vec<Hit>) {
    let (bytes, start) = trim(value);
    let mut sides = bytes.split(|byte| matches!(byte, b'x' | b'X' | b'*' | b','));
    let (Some(width), Some(height), None) = (sides.next(), sides.next(), sides.next()) else { return };
    let (Some(width), Some(height)) = (side(width.trim_ascii()), side(height.trim_ascii())) else { return };
    let canonical = format!("{width}x{height}");
    hits.push(Hit { canonical, sure: true, ..told(bytes, "size", start..start + bytes.len()) });
}

/// A number of pixels.
pub(super) fn screen_side(value: &[u8], hits: &mut Vec<Hit>) {
    let (bytes, start) = trim(value);
    let whole = bytes.strip_suffix(b".0").unwrap_or(bytes);
    if side(whole).is_some() {
        hits.push(told(whole, "pixels", start..start + whole.len()));
    }
}

/// The path of a file in a phone's own storage, or a file's name.
pub(super) fn file_name(value: &[u8], hits: &mut Vec<Hit>) {
    let (bytes, start) = trim(value);
    if let Some(hit) = stored_file(bytes, start) {
        hits.push(hit);
        return;
    }
    let Ok(name) = std::str::from_utf8(bytes) else { return };
    let fits = !name.chars().any(|letter| letter.is_control() || "<>{}\"|?*:".contains(letter));
    let suffix = name.rsplit('.').next().unwrap_or_default();
    if matches!(bytes.len(), 5..=255)
        && fits
        && matches!(suffix.len(), 2..=4)
        && suffix.len() + 1 < name.len()
        && suffix.chars().all(|letter| letter.is_ascii_alphanumeric())
        && suffix.chars().any(|letter| letter.is_ascii_alphabetic())
    {
        hits.push(told(bytes, "text", start..start + bytes.len()));
    }
}

/// A path below the folder where a phone keeps its owner's files; apps' own folders are not among them.
pub(super) fn stored_file(bytes: &[u8], start: usize) -> Option<Hit> {
    let inside = OWNERS_FOLDERS.iter().find_map(|folder| bytes.strip_prefix(*folder))?;
    let own = inside.starts_with(b"Android/") || inside.is_empty() || bytes.len() > 255;
    let plain = std::str::from_utf8(bytes).is_ok_and(|path| !path.chars().any(char::is_control));
    (!own && plain).then(|| Hit {
        kind: Some(IdentifierKind::FileName),
        sure: true,
        why: "it is a path in the folder that holds the owner's files",
        ..told(bytes, "path", start..start + bytes.len())
    })
}

fn side(digits: &[u8]) -> Option<u32> {
    if !matches!(digits.len(), 3..=4) || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number = digits.iter().fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0'));
    (160..=4096).contains(&number).then_some(number)
}

fn is_local(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'%' | b'+' | b'-')
}

fn is_domain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-')
}

/// At least two labels, the last of them letters and a suffix of the public-suffix list's first section.
fn is_mail_domain(domain: &[u8]) -> bool {
    let Some((name, top)) = domain
        .iter()
        .rposition(|byte| *byte == b'.')
        .and_then(|dot| Some((domain.get(..dot)?, domain.get(dot + 1..)?)))
    else {
        return false;
    };
    let labels =
        name.split(|byte| *byte == b'.').all(|label| !label.is_empty() && label.first() != Some(&b'-'));
    let lettered = name.iter().any(u8::is_ascii_alphabetic);
    labels && lettered && top.len() >= 2 && top.iter().all(u8::is_ascii_alphabetic) && is_top_level(domain)
}

fn is_top_level(domain: &[u8]) -> bool {
    let lower = domain.to_ascii_lowercase();
    psl::suffix(&lower).is_some_and(|suffix| suffix.is_known())
}

fn is_flag(bytes: &[u8]) -> bool {
    [&b"true"[..], b"false", b"yes", b"no", b"on", b"off"].iter().any(|flag| bytes.eq_ignore_ascii_case(flag))
}

/// Kinds of connection stand in fields named after the network as well.
fn is_connection(bytes: &[u8]) -> bool {
    let lower = bytes.to_ascii_lowercase();
    let kinds = [
        "wifi",
        "wi-fi",
        "wlan",
        "mobile",
        "cellular",
        "lte",
        "4g",
        "3g",
        "2g",
        "5g",
        "ethernet",
        "edge",
        "gprs",
        "umts",
        "hspa",
        "hspa+",
        "hsdpa",
        "cdma",
        "nr",
        "vpn",
        "offline",
        "online",
        "connected",
        "true",
        "false",
        "no",
        "yes",
    ];
    kinds.iter().any(|kind| kind.as_bytes() == lower)
}

/// The first two labels of a package name: who makes the app.
pub(crate) fn maker(name: &[u8]) -> Option<&[u8]> {
    let mut dots = name.iter().enumerate().filter(|(_, byte)| **byte == b'.').map(|(place, _)| place);
    let (_, second) = (dots.next()?, dots.next());
    name.get(..second.unwrap_or(name.len()))
}

fn listed(names: &mut [(&[u8], u32)]) -> String {
    names.sort_unstable_by_key(|(_, place)| *place);
    let all = names.iter().map(|(name, _)| String::from_utf8_lossy(name)).collect::<Vec<_>>().join(",");
    all.chars().take(256).collect()
}

fn told(text: &[u8], form: &'static str, range: std::ops::Range<usize>) -> Hit {
    Hit { kind: None, canonical: lossy(text), form, range, sure: false, why: "the field is named after it" }
}

/// So many package names of so many makers make a list.
const LIST_MEMBERS: usize = 5;
const LIST_MAKERS: usize = 3;
/// How many names of a list are looked at.
const LIST_LIMIT: usize = 2000;

/// What package names begin with: the generic domains and the countries whose makers number most apps.
const PACKAGE_FRONTS: [&[u8]; 42] = [
    b"air", b"android", b"app", b"at", b"au", b"be", b"br", b"ca", b"ch", b"cn", b"co", b"com", b"cz", b"de",
    b"dev", b"dk", b"edu", b"es", b"eu", b"fi", b"fr", b"gov", b"hu", b"in", b"info", b"io", b"it", b"jp",
    b"kr", b"lt", b"me", b"mobi", b"net", b"nl", b"no", b"org", b"pl", b"ru", b"se", b"tv", b"uk", b"us",
];

/// Parts of pages and programs, not pages.
const ASSETS: [&str; 26] = [
    "png", "jpg", "jpeg", "gif", "webp", "svg", "ico", "bmp", "css", "js", "json", "xml", "mp4", "mp3",
    "m3u8", "ts", "webm", "m4a", "aac", "apk", "zip", "gz", "woff", "woff2", "ttf", "dat",
];

const OWNERS_FOLDERS: [&[u8]; 5] =
    [b"/storage/emulated/0/", b"/sdcard/", b"/mnt/sdcard/", b"/storage/sdcard0/", b"/storage/sdcard1/"];
