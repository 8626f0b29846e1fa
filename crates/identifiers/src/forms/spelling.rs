//! The writings of a value as text: separators, prefixes, order, rounding.

use evidence::IdentifierKind::{self, *};

use super::{Boundary, Letters, Reach};
use crate::profile::{luhn_digit, numbers};

/// How many digests are made of a writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Hashed {
    /// None: nobody would.
    No,
    /// The common ones.
    Common,
    /// All, and digests of digests.
    Full,
}

/// One writing.
#[derive(Clone, Debug)]
pub(super) struct Spelling {
    /// Its name.
    pub(super) form: String,
    /// The text.
    pub(super) text: String,
    /// How letters are compared.
    pub(super) letters: Letters,
    /// What must not stand beside it.
    pub(super) boundary: Boundary,
    /// Whether its encodings are searched for as well.
    pub(super) encoded: bool,
    /// Which digests of it are searched for.
    pub(super) hashed: Hashed,
    /// How many bytes of it must be there.
    pub(super) anchor: usize,
    /// Whether it means something only in a field whose name fits.
    pub(super) named: bool,
    /// Whether it is written in ISO 8859-1.
    latin1: bool,
}

impl Spelling {
    fn new(form: &str, text: impl Into<String>) -> Self {
        let text = text.into();
        Self {
            form: form.to_owned(),
            anchor: text.len(),
            text,
            letters: Letters::Exact,
            boundary: Boundary::None,
            encoded: false,
            hashed: Hashed::No,
            named: false,
            latin1: false,
        }
    }

    fn digits(form: &str, text: impl Into<String>) -> Self {
        Self { boundary: Boundary::Digits, ..Self::new(form, text) }
    }

    /// Hex with or without separators; its letters' case is told.
    fn hex(form: &str, text: impl Into<String>) -> Self {
        let spelling = Self::new(form, text);
        // 64 bits stand nowhere by chance, and may well be part of a longer dump.
        let boundary = if spelling.text.len() < 16 { Boundary::Hex } else { Boundary::None };
        Self { letters: Letters::Told, boundary, ..spelling }
    }

    fn words(form: &str, text: impl Into<String>) -> Self {
        Self { letters: Letters::ToldIfOther, boundary: Boundary::Word, ..Self::new(form, text) }
    }

    fn encoded(self) -> Self {
        Self { encoded: true, ..self }
    }

    fn hashed(self, hashed: Hashed) -> Self {
        Self { hashed, ..self }
    }

    fn named(self) -> Self {
        Self { named: true, ..self }
    }

    /// The bytes to look for.
    pub(super) fn bytes(&self) -> Vec<u8> {
        match self.latin1 {
            true => self.text.chars().filter_map(|letter| u8::try_from(u32::from(letter)).ok()).collect(),
            false => self.text.clone().into_bytes(),
        }
    }

    /// The texts that differ in letters' case only, with their names, as digests and encodings need them.
    pub(super) fn cases(&self) -> Vec<(String, String)> {
        let (lower, upper) = (self.text.to_ascii_lowercase(), self.text.to_ascii_uppercase());
        let named = |case, text| (format!("{}{case}", self.form), text);
        match self.letters {
            _ if lower == upper => vec![named("", lower)],
            Letters::Told => vec![named("-lower", lower), named("-upper", upper)],
            Letters::ToldIfOther => {
                let others =
                    [("-lower", lower), ("-upper", upper)].into_iter().filter(|(_, text)| *text != self.text);
                let others: Vec<_> = others.map(|(case, text)| named(case, text)).collect();
                [vec![named("", self.text.clone())], others].concat()
            }
            Letters::Exact | Letters::Folded => vec![named("", self.text.clone())],
        }
    }
}

/// The writings of a value of such a kind, the most telling first.
pub(super) fn of(kind: IdentifierKind, canonical: &str) -> Vec<Spelling> {
    match kind {
        Imei => imei(canonical),
        Imsi => imsi(canonical),
        Iccid => iccid(canonical),
        PhoneNumber | ContactNumber | SmsPeer | CallPeer => telephone(kind, canonical),
        WifiMac | BluetoothMac | Bssid => mac(canonical),
        AndroidId => hexadecimal(canonical),
        Meid => meid(canonical),
        AdvertisingId | DeviceId | InstallId | PushToken => token(canonical),
        CellId | LocationArea => cell(canonical),
        MccMnc => network(canonical),
        Position => position(canonical),
        Url => url(canonical),
        Package => vec![
            Spelling { boundary: Boundary::Package, ..Spelling::words("text", canonical) }
                .encoded()
                .hashed(Hashed::Common),
        ],
        Account | Email | Serial => vec![Spelling::words("text", canonical).encoded().hashed(Hashed::Full)],
        Locale | OsVersion | Screen => words(canonical, Hashed::No),
        ContactName => [words(canonical, Hashed::Common), surname_first(canonical)].concat(),
        MessageText => message(canonical),
        _ => words(canonical, Hashed::Common),
    }
}

/// Kinds whose values are ordinary words and numbers, however long.
pub(super) fn field_only(kind: IdentifierKind) -> bool {
    matches!(kind, CellId | Locale | LocationArea | MccMnc | Model | OperatorName | OsVersion | Screen)
}

/// Where a writing that is not searched for everywhere may count.
pub(super) fn reach(kind: IdentifierKind, spelling: &Spelling) -> Reach {
    let letters = spelling.text.chars().filter(|letter| letter.is_alphabetic()).count();
    let len = spelling.text.chars().count();
    match kind {
        _ if spelling.named => Reach::Named,
        CellId if letters > 0 => Reach::Whole,
        // "android-dhcp-9" says what it is wherever it stands alone; "9" and "8.1.0" do not.
        OsVersion if letters >= 4 && len >= 8 => Reach::Token,
        Locale | OsVersion | Screen => Reach::Named,
        // Numbers of other things are everywhere.
        _ if letters == 0 && len < 8 => Reach::Named,
        _ if letters == 0 => Reach::Whole,
        _ if len < 3 && spelling.text.is_ascii() => Reach::Named,
        _ if len < 4 && spelling.text.is_ascii() => Reach::Whole,
        _ => Reach::Token,
    }
}

/// The digits of the writings that may stand in any groups, in a field of their own.
pub(super) fn separable(kind: IdentifierKind, spellings: &[Spelling]) -> Vec<String> {
    let number = matches!(kind, Imei | Imsi | Iccid | PhoneNumber | ContactNumber | SmsPeer | CallPeer);
    let whole = spellings.iter().filter(|spelling| {
        number
            && matches!(
                spelling.form.as_str(),
                "digits" | "e164-digits" | "idd" | "national" | "national-bare"
            )
    });
    let texts = whole.map(|spelling| spelling.text.clone());
    texts.filter(|text| text.len() >= 8 && text.bytes().all(|byte| byte.is_ascii_digit())).collect()
}

/// Kinds of which a profile may hold thousands: fewer forms of each.
fn many(kind: IdentifierKind) -> bool {
    matches!(kind, CallPeer | ContactNumber | SmsPeer)
}

fn imei(digits: &str) -> Vec<Spelling> {
    let (body, check) = digits.split_at_checked(14).unwrap_or((digits, ""));
    let mut all = vec![
        Spelling::digits("digits", digits).encoded().hashed(Hashed::Full),
        Spelling { boundary: Boundary::Imeisv, ..Spelling::new("imeisv", body) },
        Spelling::digits("digits[..14]", body).encoded().hashed(Hashed::Common),
        Spelling::digits("digits[..14]0", format!("{body}0")),
        hex_number(digits),
        exchanged("bcd-swapped/hex", digits),
        exchanged("digits[..14]/bcd-swapped/hex", body),
        exchanged("mobile-identity/hex", &format!("a{digits}")),
    ];
    // TAC, serial number, check digit; until 2004 the TAC had a final assembly code after it.
    for separator in ["-", " ", "/", "."] {
        all.push(grouped(digits, &[2, 6, 6, 1], separator));
        all.push(grouped(digits, &[6, 2, 6, 1], separator));
        all.push(grouped(digits, &[8, 6, 1], separator));
        all.push(grouped(body, &[8, 6], separator));
    }
    all.retain(|spelling| !(check == "0" && spelling.form == "digits[..14]0"));
    all
}

fn imsi(digits: &str) -> Vec<Spelling> {
    let odd = if digits.len() % 2 == 1 { '9' } else { '1' };
    let mut all = vec![
        Spelling::digits("digits", digits).encoded().hashed(Hashed::Full),
        hex_number(digits),
        exchanged("bcd-swapped/hex", digits),
        exchanged("mobile-identity/hex", &format!("{odd}{digits}")),
    ];
    for separator in ["-", " ", "_", "/", ":"] {
        all.push(grouped(digits, &[3, 2, 10], separator));
        all.push(grouped(digits, &[3, 3, 9], separator));
    }
    all
}

fn iccid(code: &str) -> Vec<Spelling> {
    let plain =
        |form: &str, text: String| Spelling { letters: Letters::ToldIfOther, ..Spelling::digits(form, text) };
    let mut all = vec![
        plain("digits", code.to_owned()).encoded().hashed(Hashed::Full),
        exchanged("bcd-swapped/hex", code),
    ];
    if let Some(shorter) = code.get(..code.len().saturating_sub(1)).filter(|shorter| shorter.len() >= 18) {
        all.push(plain(&format!("digits[..{}]", shorter.len()), shorter.to_owned()).hashed(Hashed::Common));
    }
    if code.len() == 19 && code.bytes().all(|byte| byte.is_ascii_digit()) {
        all.push(plain("digits+luhn", format!("{code}{}", luhn_digit(code))).hashed(Hashed::Common));
    }
    for separator in [" ", "-"] {
        all.push(grouped(code, &[4, 4, 4, 4, 4], separator));
    }
    all
}

fn telephone(kind: IdentifierKind, canonical: &str) -> Vec<Spelling> {
    let full = if many(kind) { Hashed::Common } else { Hashed::Full };
    let Some(parts) = numbers::parts(canonical) else {
        // A name that messages are sent under, a service number, or a number of an unknown country.
        return match canonical.bytes().all(|byte| byte.is_ascii_digit()) {
            true => vec![Spelling::digits("digits", canonical).encoded().hashed(Hashed::Common)],
            false => words(canonical, Hashed::No),
        };
    };
    let digits = format!("{}{}", parts.country, parts.national);
    let national = format!("{}{}", parts.trunk, parts.national);
    let mut all = vec![
        Spelling::digits("e164", canonical).encoded().hashed(full),
        Spelling::digits("e164-digits", digits.as_str()).encoded().hashed(full),
        Spelling::digits("idd", format!("00{digits}")).encoded().hashed(Hashed::Common),
        Spelling::digits("idd", format!("011{digits}")),
        Spelling::digits("national", national).encoded().hashed(full),
    ];
    if !parts.trunk.is_empty() {
        all.push(Spelling::digits("national-bare", parts.national).hashed(Hashed::Common));
    }
    let (groups, separators) = match many(kind) {
        true => (GROUPS.get(..2).unwrap_or_default(), SEPARATORS.get(..2).unwrap_or_default()),
        false => (GROUPS, SEPARATORS),
    };
    for groups in groups {
        for separator in separators {
            all.extend(in_groups(&parts, groups, separator));
        }
    }
    all
}

/// A number in groups, after each of the heads that people and programs write.
fn in_groups(parts: &numbers::Parts<'_>, groups: &[usize], separator: &str) -> Vec<Spelling> {
    let body = grouped(parts.national, groups, separator).text;
    let (area, rest) = body.split_once(separator).unwrap_or((&body, ""));
    let (country, trunk) = (parts.country, parts.trunk);
    let texts = [
        format!("+{country}{separator}{body}"),
        format!("+{country} {body}"),
        format!("00{country}{separator}{body}"),
        format!("{country}{separator}{body}"),
        body.clone(),
        format!("{trunk}{body}"),
        format!("({trunk}{area}) {rest}"),
        format!("({area}) {rest}"),
        format!("+{country} ({area}) {rest}"),
        format!("+{country} (0){body}"),
    ];
    texts.into_iter().map(|text| Spelling::digits("grouped", text)).collect()
}

fn mac(canonical: &str) -> Vec<Spelling> {
    let plain: String = canonical.split(':').collect();
    let number = u64::from_str_radix(&plain, 16).unwrap_or_default();
    let short: Vec<&str> = canonical.split(':').map(|pair| pair.strip_prefix('0').unwrap_or(pair)).collect();
    let mut all = vec![
        Spelling { boundary: Boundary::Hex, ..Spelling::hex("colon", canonical) }
            .encoded()
            .hashed(Hashed::Full),
        Spelling::hex("plain", plain.as_str()).encoded().hashed(Hashed::Full),
        Spelling { boundary: Boundary::Hex, ..Spelling::hex("dash", canonical.replace(':', "-")) }
            .hashed(Hashed::Common),
        Spelling { boundary: Boundary::Hex, ..Spelling::hex("space", canonical.replace(':', " ")) },
        Spelling { boundary: Boundary::Hex, ..Spelling::hex("dot", grouped(&plain, &[4, 4, 4], ".").text) },
        Spelling::digits("decimal", number.to_string()),
    ];
    if short.join(":") != canonical {
        all.push(Spelling { boundary: Boundary::Hex, ..Spelling::hex("short", short.join(":")) });
    }
    all
}

fn hexadecimal(canonical: &str) -> Vec<Spelling> {
    let mut all = vec![Spelling::hex("plain", canonical).encoded().hashed(Hashed::Full)];
    if let Ok(number) = u64::from_str_radix(canonical, 16) {
        all.push(Spelling::digits("decimal", number.to_string()));
        all.push(Spelling::digits("decimal", (number as i64).to_string()));
    }
    if canonical.starts_with('0') {
        let short = Spelling::hex("short", canonical.trim_start_matches('0'));
        all.push(Spelling { boundary: Boundary::Hex, ..short }.hashed(Hashed::Common));
    }
    all
}

/// The number in hex, and its two halves in decimal, each filled with zeros (3GPP2 C.S0072).
fn meid(canonical: &str) -> Vec<Spelling> {
    let mut all = hexadecimal(canonical);
    let halves = canonical.split_at_checked(8).unwrap_or_default();
    if let (Ok(maker), Ok(serial)) = (u32::from_str_radix(halves.0, 16), u32::from_str_radix(halves.1, 16)) {
        let text = format!("{maker:010}{serial:08}");
        all.insert(1, Spelling::digits("decimal", text).encoded().hashed(Hashed::Common));
    }
    all
}

/// A UUID, a run of hex digits, or any other token.
fn token(canonical: &str) -> Vec<Spelling> {
    let plain = canonical.replace('-', "");
    let hex = plain.bytes().all(|byte| byte.is_ascii_hexdigit());
    match (hex, canonical.len()) {
        (true, 36) => vec![
            Spelling::hex("dash", canonical).encoded().hashed(Hashed::Full),
            Spelling::hex("plain", plain).encoded().hashed(Hashed::Common),
        ],
        (true, 16..) if plain.len() == canonical.len() => {
            vec![Spelling::hex("plain", canonical).encoded().hashed(Hashed::Full)]
        }
        _ => vec![Spelling::words("text", canonical).encoded().hashed(Hashed::Full)],
    }
}

fn cell(decimal: &str) -> Vec<Spelling> {
    let number: u64 = decimal.parse().unwrap_or_default();
    // Letters among seven digits and more are no number of something else.
    let hex = |text: String| {
        let alone = number >= 1 << 24 && text.trim_start_matches("0x").contains(char::is_alphabetic);
        let spelling = Spelling { boundary: Boundary::Word, ..Spelling::hex("hex-number", text) };
        if alone { spelling } else { spelling.named() }
    };
    let digits = Spelling::digits("digits", decimal);
    let alone = decimal.len() >= 8 && !is_date(decimal);
    let digits = if alone { digits } else { digits.named() }.hashed(Hashed::Common);
    let mut all = vec![digits];
    for text in [format!("{number:x}"), format!("{number:08x}"), format!("{number:09x}")] {
        all.push(hex(format!("0x{text}")));
        all.push(hex(text));
    }
    if number > 0xFFFF {
        all.push(Spelling::digits("low16", (number & 0xFFFF).to_string()).named());
        all.push(Spelling::digits("enodeb-sector", format!("{}-{}", number >> 8, number & 0xFF)).named());
    }
    all
}

/// Whether eight digits may be a day: `20190114`.
fn is_date(digits: &str) -> bool {
    let number = |range| digits.get(range).and_then(|digits: &str| digits.parse::<u32>().ok()).unwrap_or(0);
    let (year, month, day) = (number(0..4), number(4..6), number(6..8));
    digits.len() == 8 && (1900..2100).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day)
}

fn network(canonical: &str) -> Vec<Spelling> {
    let (mcc, mnc) = canonical.split_at_checked(3).unwrap_or((canonical, ""));
    let both = ["", ",", "-", ":", "_", " ", "/", "."].map(|separator| format!("{mcc}{separator}{mnc}"));
    let mut all: Vec<Spelling> =
        both.into_iter().map(|text| Spelling::digits("plmn", text).named()).collect();
    all.push(Spelling::digits("mcc", mcc).named());
    all.push(Spelling::digits("mnc", mnc).named());
    all
}

fn position(canonical: &str) -> Vec<Spelling> {
    let mut angles = canonical.split(',').filter_map(|angle| angle.parse::<f64>().ok());
    let (Some(lat), Some(lon)) = (angles.next(), angles.next()) else { return Vec::new() };
    let mut all = Vec::new();
    for decimals in (2..=7).rev() {
        for (lat, lon) in rounded(lat, decimals).iter().zip(&rounded(lon, decimals)) {
            for separator in [",", ", ", ";", " ", "|", "/", "_"] {
                all.push(Spelling::digits(&format!("lat,lon.{decimals}"), format!("{lat}{separator}{lon}")));
                all.push(Spelling::digits(&format!("lon,lat.{decimals}"), format!("{lon}{separator}{lat}")));
            }
        }
    }
    all.iter_mut().for_each(|pair| pair.named = pair.text.len() < 12);
    for (name, angle) in [("lat", lat), ("lon", lon)] {
        for decimals in (3..=7).rev() {
            for text in rounded(angle, decimals) {
                let form = format!("{name}.{decimals}");
                all.push(Spelling::digits(&form, text.replace('.', ",")).named());
                all.push(Spelling::digits(&form, text).named());
            }
        }
        for (form, scale) in [("e6", 1e6), ("e7", 1e7)] {
            let scaled = (angle * scale).round() as i64;
            all.push(Spelling::digits(&format!("{name}/{form}"), scaled.to_string()).named());
        }
    }
    all
}

/// An angle with so many decimals: rounded, and cut off.
fn rounded(angle: f64, decimals: usize) -> [String; 2] {
    let scale = 10_f64.powi(i32::try_from(decimals).unwrap_or_default());
    [format!("{angle:.decimals$}"), format!("{:.decimals$}", (angle * scale).trunc() / scale)]
}

fn url(canonical: &str) -> Vec<Spelling> {
    let mut all = vec![Spelling::words("text", canonical).encoded().hashed(Hashed::Common)];
    if let Some((_, bare)) = canonical.split_once("://") {
        // Without a path it names a host only, which every request to it does.
        if bare.trim_end_matches('/').contains('/') {
            all.push(Spelling::words("bare", bare).encoded().hashed(Hashed::Common));
        }
    }
    all
}

/// Text that people write, as it is and as programs join its words.
fn words(text: &str, hashed: Hashed) -> Vec<Spelling> {
    let mut all = vec![Spelling::words("text", text).encoded().hashed(hashed)];
    if !text.is_ascii() {
        all.push(Spelling::words("text-lower", text.to_lowercase()).hashed(hashed));
        all.push(Spelling::words("text-upper", text.to_uppercase()));
        if text.chars().all(|letter| u32::from(letter) < 256) {
            all.push(Spelling {
                latin1: true,
                anchor: text.chars().count(),
                ..Spelling::words("latin1", text)
            });
        }
    }
    if text.contains(' ') {
        let joined = [("plussed", "+"), ("dashed", "-"), ("underscored", "_"), ("percent", "%20")];
        all.extend(joined.map(|(form, joint)| Spelling::words(form, text.replace(' ', joint))));
    }
    all
}

fn surname_first(name: &str) -> Vec<Spelling> {
    let Some((given, family)) = name.rsplit_once(' ') else { return Vec::new() };
    let texts = [format!("{family}, {given}"), format!("{family} {given}"), format!("{family},{given}")];
    texts.map(|text| Spelling::words("surname-first", text)).to_vec()
}

/// A message counts from its first words on: previews and notifications cut it.
fn message(text: &str) -> Vec<Spelling> {
    let mut all = words(text, Hashed::Common);
    for spelling in all.iter_mut().filter(|spelling| !spelling.latin1) {
        let cut = (PREVIEW..spelling.text.len()).find(|&at| spelling.text.is_char_boundary(at));
        spelling.anchor = cut.unwrap_or(spelling.text.len());
    }
    all
}

fn hex_number(digits: &str) -> Spelling {
    let number: u64 = digits.parse().unwrap_or_default();
    Spelling::hex("hex-number", format!("{number:x}"))
}

/// Digits as a card or a message holds them, in hex: the halves of each byte exchanged, the last one filled
/// (3GPP TS 31.102 section 4.2.2, E.118).
fn exchanged(form: &str, digits: &str) -> Spelling {
    let mut digits = digits.chars();
    let mut text = String::new();
    while let Some(first) = digits.next() {
        text.extend([digits.next().unwrap_or('f'), first]);
    }
    Spelling { letters: Letters::Folded, ..Spelling::digits(form, text) }
}

/// Digits in groups; the last group takes what is left.
fn grouped(digits: &str, groups: &[usize], separator: &str) -> Spelling {
    let mut parts = Vec::new();
    let mut rest = digits;
    for (place, &len) in groups.iter().enumerate() {
        match rest.split_at_checked(len) {
            Some((group, after)) if place + 1 < groups.len() && !after.is_empty() => {
                parts.push(group);
                rest = after;
            }
            _ => break,
        }
    }
    parts.push(rest);
    Spelling::digits("grouped", parts.join(separator))
}

/// Groups that people and programs write national numbers in, the most usual first.
const GROUPS: &[&[usize]] = &[
    &[3, 9],
    &[3, 3, 9],
    &[3, 4, 9],
    &[4, 9],
    &[2, 9],
    &[2, 4, 9],
    &[2, 3, 9],
    &[3, 2, 2, 9],
    &[3, 3, 2, 9],
    &[1, 2, 2, 2, 9],
    &[2, 2, 2, 2, 9],
    &[5, 9],
    &[4, 3, 9],
    &[4, 4, 9],
    &[3, 2, 2, 2, 9],
    &[4, 2, 2, 2, 9],
];
/// The most usual first.
const SEPARATORS: &[&str] = &[" ", "-", "/", "."];
/// Bytes of a message that tell it from others.
const PREVIEW: usize = 24;

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(kind: IdentifierKind, canonical: &str) -> Vec<String> {
        of(kind, canonical).into_iter().map(|spelling| spelling.text).collect()
    }

    #[test]
    fn writings_people_and_programs_use_are_there() {
        let rows: &[(IdentifierKind, &str, &[&str])] = &[
            (
                Imei,
                "352099001761481",
                &[
                    "35209900176148",
                    "35-209900-176148-1",
                    "352099001761480",
                    "1403b6fecfec9",
                    "53029900711684f1",
                    "3a25900910674118",
                ],
            ),
            (
                Imsi,
                "262019483715260",
                &["262 01 9483715260", "262-01-9483715260", "2926104938172506", "62029184735162f0"],
            ),
            (
                Iccid,
                "8949020073518264919",
                &["8949 0200 7351 8264 919", "894902007351826491", "989420003715284619f9"],
            ),
            (Meid, "a10000473f2b9c", &["270113184704139932"]),
            (CellId, "137482753", &["0x831d201", "0x0831d201", "0831d201"]),
            (
                PhoneNumber,
                "+4915550112358",
                &[
                    "4915550112358",
                    "004915550112358",
                    "015550112358",
                    "+49 1555 0112358",
                    "+49 155 50112358",
                    "0155/50112358",
                    "01555-0112358",
                    "(01555) 0112358",
                    "+49 (0)1555 0112358",
                ],
            ),
            (
                PhoneNumber,
                "+12125550123",
                &["2125550123", "(212) 555-0123", "212-555-0123", "+1 212 555 0123", "+1 (212) 555-0123"],
            ),
            (PhoneNumber, "+33612345678", &["06 12 34 56 78", "+33 6 12 34 56 78", "0612345678"]),
            (PhoneNumber, "+8613812345678", &["138 1234 5678", "13812345678", "+86 138 1234 5678"]),
            (
                WifiMac,
                "d0:37:45:ab:01:9f",
                &[
                    "d03745ab019f",
                    "d037.45ab.019f",
                    "d0-37-45-ab-01-9f",
                    "228935810613663",
                    "d0:37:45:ab:1:9f",
                ],
            ),
            (ContactName, "Quirin Abendroth", &["Abendroth, Quirin", "quirin-abendroth"]),
            (CellId, "27447297", &["1a2d001", "0x1a2d001", "53249", "107216-1"]),
            (MccMnc, "26201", &["262,01", "262"]),
            (
                Position,
                "53.561273,9.914682",
                &["53.5613,9.9147", "53.5612,9.9146", "9.914682,53.561273", "53561273", "53,56127"],
            ),
            (Url, "https://example.org/eisvogel", &["example.org/eisvogel"]),
        ];
        for (kind, canonical, expected) in rows {
            let texts = texts(*kind, canonical);
            for text in *expected {
                assert!(
                    texts.iter().any(|have| have.eq_ignore_ascii_case(text)),
                    "{text} of {canonical}: {texts:#?}"
                );
            }
        }
    }
}
