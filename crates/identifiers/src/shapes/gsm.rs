//! Numbers of the mobile networks: IMEI, MEID, IMSI, ICCID, telephone numbers, networks and cells
//! (3GPP TS 23.003, 3GPP2 C.S0072, ITU-T E.118, E.164 and E.212).

use facts::{
    mobile::{ImeiForm, country_of_mcc, operator, plausible_iccid, plausible_imei, plausible_imsi},
    phone::{Line, parse},
};

use super::checks::{Hit, items, lossy, trim};

/// Fifteen digits with a check digit, sixteen with a software version, or fourteen.
pub(super) fn imei(value: &[u8], hits: &mut Vec<Hit>) {
    for (item, start) in items(value) {
        let Some(number) = Digits::read(item) else { continue };
        let Some(facts) = plausible_imei(number.text()) else { continue };
        let (sure, form, why) = match facts.form {
            ImeiForm::Checked => (true, number.form, "its check digit (Luhn) and its type code fit"),
            ImeiForm::SoftwareVersion => (
                false,
                "imeisv",
                "the field is named after it, and its sixteen digits begin with a type code",
            ),
            ImeiForm::Bare => (
                false,
                "digits[..14]",
                "the field is named after it, and its fourteen digits begin with a type code",
            ),
        };
        let body = format!("{}{}", facts.tac, facts.serial);
        let canonical = format!("{body}{}", luhn_digit(body.as_bytes()));
        hits.push(Hit { kind: None, canonical, form, range: start..start + item.len(), sure, why });
    }
}

/// As [`imei`], for fields that name a device and not the number: fifteen digits, and one of the two
/// reporting bodies that number nearly all phones.
pub(super) fn imei_strict(value: &[u8], hits: &mut Vec<Hit>) {
    let (text, _) = trim(value);
    if text.len() == 15 && (text.starts_with(b"35") || text.starts_with(b"86")) {
        imei(value, hits);
    }
}

/// Fourteen hexadecimal digits of which the first is a letter (3GPP2 C.S0072: `A0` to `FF`), or the eighteen decimal
/// ones of the same number, whose halves are written each by itself.
pub(super) fn meid(value: &[u8], hits: &mut Vec<Hit>) {
    for (item, start) in items(value) {
        if let Some(canonical) = meid_of_decimal(item) {
            hits.push(Hit {
                kind: Some(evidence::IdentifierKind::Meid),
                canonical,
                form: "decimal",
                range: start..start + item.len(),
                sure: true,
                why: "the field is named after it, and its two halves are those of a MEID",
            });
        }
        let hex = item.iter().all(u8::is_ascii_hexdigit);
        if hex && matches!(item.len(), 14 | 15) && item.first().is_some_and(|first| !first.is_ascii_digit()) {
            let body = item.get(..14).unwrap_or(item);
            hits.push(Hit {
                kind: Some(evidence::IdentifierKind::Meid),
                canonical: lossy(body).to_ascii_lowercase(),
                form: "hex",
                range: start..start + item.len(),
                sure: true,
                why: "the field is named after it, and its fourteen digits begin as a MEID does",
            });
        }
    }
}

/// Ten digits of at most 32 bits whose first byte is `A0` or more, and eight of at most 24 bits.
fn meid_of_decimal(item: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(item).ok().filter(|text| text.len() == 18)?;
    let (maker, serial) = text.split_at_checked(10)?;
    let all_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let (maker, serial): (u32, u32) = (maker.parse().ok()?, serial.parse().ok()?);
    (all_digits && maker >= 0xA000_0000 && serial < 1 << 24).then(|| format!("{maker:08x}{serial:06x}"))
}

/// Fourteen or fifteen digits that begin with a country and network code in use.
pub(super) fn imsi(value: &[u8], hits: &mut Vec<Hit>) {
    for (item, start) in items(value) {
        let Some(number) = Digits::read(item) else { continue };
        let Some(facts) = plausible_imsi(number.text()) else { continue };
        let sure = facts.operator.is_some() && number.len == 15;
        let why = if sure {
            "the field is named after it, and it begins with an operator's code"
        } else {
            "the field is named after it, and it begins with a country's code"
        };
        let canonical = number.text().to_owned();
        hits.push(Hit {
            kind: None,
            canonical,
            form: number.form,
            range: start..start + item.len(),
            sure,
            why,
        });
    }
}

/// Nineteen or twenty digits beginning with 89, padded, or with the halves of each byte exchanged as on the
/// card (3GPP TS 51.011 section 10.1.1).
pub(super) fn iccid(value: &[u8], hits: &mut Vec<Hit>) {
    for (item, start) in items(value) {
        let Some((canonical, form, sure)) = card_number(item) else { continue };
        let why = if sure {
            "it begins with 89 and a country code, and its check digit (Luhn) fits"
        } else {
            "the field is named after it, and it begins with 89 and a country code"
        };
        hits.push(Hit { kind: None, canonical, form, range: start..start + item.len(), sure, why });
    }
}

/// A telephone number: international, or national as far as only the name tells.
pub(super) fn phone(value: &[u8], hits: &mut Vec<Hit>) {
    for (item, start) in items(value) {
        let item = item.strip_prefix(b"tel:").unwrap_or(item);
        let Some((canonical, form, sure)) = telephone(item) else { continue };
        let why = if sure {
            "the field is named after it, and it begins with a country's calling code"
        } else {
            "the field is named after it, and it has a telephone number's digits"
        };
        hits.push(Hit { kind: None, canonical, form, range: start..start + item.len(), sure, why });
    }
}

/// Whether it is a number with `+` and nothing between its digits that a numbering plan holds valid.
pub(crate) fn is_international_number(value: &[u8]) -> bool {
    matches!(value.len(), 9..=16) && telephone(value).is_some_and(|(_, form, sure)| sure && form == "e164")
}

/// Country and network code: `310260`, `310-260`, `310,260`.
pub(super) fn mcc_mnc(value: &[u8], hits: &mut Vec<Hit>) {
    let (text, start) = trim(value);
    let (country, network) = match text.iter().position(|byte| !byte.is_ascii_digit()) {
        Some(3) if text.get(3).is_some_and(|byte| b" ,-_/:".contains(byte)) => (text.get(..3), text.get(4..)),
        None => (text.get(..3), text.get(3..)),
        _ => return,
    };
    let (Some(country), Some(network)) = (country, network) else { return };
    let (country, network) = (lossy(country), lossy(network));
    let digits = network.bytes().all(|byte| byte.is_ascii_digit());
    if digits && matches!(network.len(), 2 | 3) && country_of_mcc(&country).is_some() {
        let sure = operator(&country, &network).is_some();
        hits.push(Hit { canonical: country + &network, sure, ..network_code(text, start, "mcc-mnc") });
    }
}

/// Mobile country code.
pub(super) fn mcc(value: &[u8], hits: &mut Vec<Hit>) {
    let (text, start) = trim(value);
    if text.len() == 3 && country_of_mcc(&lossy(text)).is_some() {
        hits.push(network_code(text, start, "mcc"));
    }
}

/// Mobile network code. 0 is one (many operators' is 00), but is also what stands for none.
pub(super) fn mnc(value: &[u8], hits: &mut Vec<Hit>) {
    let (text, start) = trim(value);
    if matches!(text.len(), 1..=3) && text.iter().all(u8::is_ascii_digit) && text != b"0" && text != b"000" {
        hits.push(Hit { sure: false, ..network_code(text, start, "mnc") });
    }
}

/// Cell identity in decimal: 16 bits in GSM, 28 in UMTS and LTE, 36 in 5G. What says "none" is none.
pub(super) fn cell_id(value: &[u8], hits: &mut Vec<Hit>) {
    area(value, 1 << 36, &[0xFFFF, 0xFFF_FFFF, 0x7FFF_FFFF, 0xFFFF_FFFF], hits);
}

/// Cell identity in hex; without a letter it is the decimal one's business.
pub(super) fn cell_id_hex(value: &[u8], hits: &mut Vec<Hit>) {
    let (text, start) = trim(value);
    let digits = text.strip_prefix(b"0x").unwrap_or(text);
    let lettered = digits.iter().any(|byte| byte.is_ascii_alphabetic());
    if !lettered && digits.len() == text.len() || !matches!(digits.len(), 4..=9) {
        return;
    }
    let Some(number) = std::str::from_utf8(digits).ok().and_then(|text| u64::from_str_radix(text, 16).ok())
    else {
        return;
    };
    if number > 0 && !(number + 1).is_power_of_two() {
        hits.push(Hit { form: "hex", ..cell(number.to_string(), text, start) });
    }
}

/// Location area (16 bits) or tracking area (24 bits in 5G).
pub(super) fn location_area(value: &[u8], hits: &mut Vec<Hit>) {
    area(value, 1 << 24, &[0xFFFE, 0xFFFF, 0xFF_FFFF], hits);
}

fn area(value: &[u8], limit: u64, none: &[u64], hits: &mut Vec<Hit>) {
    let (text, start) = trim(value);
    if text.is_empty() || text.len() > 11 || !text.iter().all(u8::is_ascii_digit) {
        return;
    }
    let number = text.iter().fold(0u64, |sum, digit| sum * 10 + u64::from(digit - b'0'));
    if number > 0 && number < limit && !none.contains(&number) {
        hits.push(cell(number.to_string(), text, start));
    }
}

fn cell(canonical: String, text: &[u8], start: usize) -> Hit {
    Hit {
        kind: None,
        canonical,
        form: "digits",
        range: start..start + text.len(),
        sure: false,
        why: "the field is named after it, and the number is in the network's range",
    }
}

fn network_code(text: &[u8], start: usize, form: &'static str) -> Hit {
    Hit {
        kind: None,
        canonical: lossy(text),
        form,
        range: start..start + text.len(),
        sure: true,
        why: "the field is named after it, and it is a network's code",
    }
}

/// Digits with single separators between them, or each as the two hex digits of its ASCII code.
pub(super) struct Digits {
    bytes: [u8; 24],
    len: usize,
    form: &'static str,
}

impl Digits {
    /// Reads the whole of `text`; `None` where there is anything else, or more than 24 digits.
    pub(super) fn read(text: &[u8]) -> Option<Self> {
        if text.len() > 48 || !text.first()?.is_ascii_digit() {
            return None;
        }
        Self::of_hex(text).or_else(|| Self::grouped(text))
    }

    /// The digits.
    pub(super) fn digits(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    /// The same as text.
    fn text(&self) -> &str {
        std::str::from_utf8(self.digits()).unwrap_or_default()
    }

    fn grouped(text: &[u8]) -> Option<Self> {
        let mut number = Self { bytes: [0; 24], len: 0, form: "digits" };
        let mut separated = false;
        for &byte in text {
            if byte.is_ascii_digit() {
                number.push(byte)?;
                separated = false;
            } else if matches!(byte, b' ' | b'-' | b'.' | b'/') && !separated {
                (separated, number.form) = (true, "grouped");
            } else {
                return None;
            }
        }
        Some(number)
    }

    /// `343931…` is `491…`: every pair is 30 to 39.
    fn of_hex(text: &[u8]) -> Option<Self> {
        let (pairs, []) = text.as_chunks::<2>() else { return None };
        if pairs.len() < 7 || !pairs.iter().all(|[high, low]| *high == b'3' && low.is_ascii_digit()) {
            return None;
        }
        let mut number = Self { bytes: [0; 24], len: 0, form: "hex-ascii" };
        for [_, low] in pairs {
            number.push(*low)?;
        }
        Some(number)
    }

    fn push(&mut self, digit: u8) -> Option<()> {
        *self.bytes.get_mut(self.len)? = digit;
        self.len += 1;
        Some(())
    }
}

/// Canonical writing, form, and whether the check digit fits.
fn card_number(item: &[u8]) -> Option<(String, &'static str, bool)> {
    if let Some(number) = Digits::read(item)
        && number.digits().starts_with(b"89")
    {
        return judged(number.digits(), number.form);
    }
    if !matches!(item.len(), 19 | 20) || !item.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    if item.starts_with(b"89") {
        return judged(unpadded(item)?, "f-padded");
    }
    let (pairs, []) = item.as_chunks::<2>() else { return None };
    let mut swapped = [0; 20];
    for (to, [first, second]) in swapped.as_chunks_mut::<2>().0.iter_mut().zip(pairs) {
        *to = [*second, *first];
    }
    judged(unpadded(&swapped).unwrap_or(&swapped), "bcd-swapped")
}

fn unpadded(digits: &[u8]) -> Option<&[u8]> {
    digits.strip_suffix(b"F").or_else(|| digits.strip_suffix(b"f"))
}

/// China's issuers use the last place otherwise; of any other number the check digit must fit.
fn judged(digits: &[u8], form: &'static str) -> Option<(String, &'static str, bool)> {
    let text = std::str::from_utf8(digits).ok().filter(|text| text.len() > 18)?;
    let facts = plausible_iccid(text)?;
    (facts.checked || facts.calling_code == 86).then(|| (text.to_owned(), form, facts.checked))
}

/// Canonical writing, form, and whether a numbering plan holds it valid.
fn telephone(item: &[u8]) -> Option<(String, &'static str, bool)> {
    if let Some(number) = Digits::of_hex(item) {
        return bare(number.digits(), "hex-ascii", "hex-ascii");
    }
    if item.len() > 40 {
        return None;
    }
    let (plus, written) = item.strip_prefix(b"+").map_or((false, item), |rest| (true, rest));
    let (zeros, written) =
        written.strip_prefix(b"00").filter(|_| !plus).map_or((false, written), |rest| (true, rest));
    let mut digits = [0; 15];
    let mut len = 0;
    for &byte in written {
        match byte {
            b'0'..=b'9' => {
                *digits.get_mut(len)? = byte;
                len += 1;
            }
            b' ' | b'-' | b'.' | b'/' | b'(' | b')' => {}
            _ => return None,
        }
    }
    let (digits, grouped) = (digits.get(..len)?, len < written.len());
    match (plus, zeros, grouped) {
        (true, _, false) => international(digits, "e164"),
        (true, _, true) => international(digits, "e164-grouped"),
        (_, true, _) => international(digits, "00"),
        (_, _, true) => national(digits, "national-grouped"),
        _ => bare(digits, "msisdn", "national"),
    }
}

/// Header enrichment and Android write the country's code without a plus; a numbering plan must agree.
fn bare(
    digits: &[u8],
    with_country: &'static str,
    without: &'static str,
) -> Option<(String, &'static str, bool)> {
    if digits.len() >= 10
        && let Some(number) = parse(&format!("+{}", lossy(digits)), None)
        && matches!(number.line, Line::Mobile | Line::FixedOrMobile)
    {
        return Some((number.e164, with_country, true));
    }
    national(digits, without)
}

fn international(digits: &[u8], form: &'static str) -> Option<(String, &'static str, bool)> {
    let plausible = matches!(digits.len(), 8..=15) && digits.first().is_some_and(|first| *first != b'0');
    let canonical = plausible.then(|| format!("+{}", lossy(digits)))?;
    let valid = parse(&canonical, None);
    let sure = valid.is_some();
    Some((valid.map_or(canonical, |number| number.e164), form, sure))
}

fn national(digits: &[u8], form: &'static str) -> Option<(String, &'static str, bool)> {
    matches!(digits.len(), 7..=13).then(|| (lossy(digits), form, false))
}

/// The check digit of a number without one.
fn luhn_digit(digits: &[u8]) -> u8 {
    let sum = digits.iter().rev().enumerate().fold(0u32, |sum, (place, digit)| {
        let digit = u32::from(digit.wrapping_sub(b'0'));
        sum + if place % 2 == 0 { digit * 2 / 10 + digit * 2 % 10 } else { digit }
    });
    u8::try_from((10 - sum % 10) % 10).unwrap_or(0)
}
