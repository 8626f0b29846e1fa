//! Checks of single values: from a hand's writing to the canonical one, or words on why it cannot be.
//!
//! A profile that names an impossible value would search for nothing and report "not found": worse than
//! an error. Placeholders that systems hand out instead of the real value identify nobody and are refused.

use super::numbers;

/// What a check needs to know besides the text.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Context {
    /// Country calling code for numbers written without.
    pub(super) calling_code: Option<u16>,
}

/// From the text as written to the canonical one.
pub(super) type Check = fn(&str, Context) -> Result<String, String>;

/// 3GPP TS 23.003 section 6.2: 14 digits, a Luhn digit; or the 16 digits of the IMEISV.
pub(super) fn imei(text: &str, _: Context) -> Result<String, String> {
    let digits = only_digits(text)?;
    not_placeholder(&digits)?;
    let (body, rest) = digits.split_at_checked(14).ok_or_else(|| imei_length(&digits))?;
    let luhn = luhn_digit(body);
    match rest.len() {
        0 | 2 => Ok(format!("{body}{luhn}")),
        1 if rest == luhn.to_string() => Ok(digits),
        1 => Err(format!(
            "the check digit of {body} is {luhn}, not {rest}: a typing error? Dial *#06# and compare"
        )),
        _ => Err(imei_length(&digits)),
    }
}

fn imei_length(digits: &str) -> String {
    format!("has {} digits, an IMEI has 15 (14 without check digit, 16 with software version)", digits.len())
}

/// 3GPP TS 23.003 section 2.2: mobile country code, network code, subscriber; 15 digits, rarely 14.
pub(super) fn imsi(text: &str, _: Context) -> Result<String, String> {
    let digits = only_digits(text)?;
    not_placeholder(&digits)?;
    if !(14..=15).contains(&digits.len()) {
        return Err(format!("has {} digits, an IMSI has 15, rarely 14", digits.len()));
    }
    mcc(digits.get(..3).unwrap_or_default(), Context::default())?;
    Ok(digits)
}

/// ITU-T E.118: begins 89; 19 digits, or 20 where the operator leaves the check digit's place open. Some
/// Chinese operators write letters in the middle.
pub(super) fn iccid(text: &str, _: Context) -> Result<String, String> {
    let code = compact(text).to_ascii_uppercase();
    let code = code.strip_suffix('F').filter(|code| code.len() == 19).unwrap_or(&code);
    if !code.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err("holds other things than digits".to_owned());
    }
    if !code.starts_with("89") {
        return Err("does not begin with 89, as every SIM card number does".to_owned());
    }
    not_placeholder(code.get(2..).unwrap_or_default())?;
    match code.len() {
        18..=20 => Ok(code.to_owned()),
        other => Err(format!("has {other} digits, a SIM card number has 19 or 20 (18 without check digit)")),
    }
}

/// IEEE 802: 48 bits in hex, of one station.
pub(super) fn mac(text: &str, _: Context) -> Result<String, String> {
    let hex = only_hex(text, 12, "a MAC address")?;
    not_placeholder(&hex)?;
    if hex == "020000000000" {
        return Err(
            "is the placeholder that Android 6 and later hand to apps; read the real one in the settings"
                .to_owned(),
        );
    }
    let first = u8::from_str_radix(hex.get(..2).unwrap_or_default(), 16).unwrap_or_default();
    if first & 1 == 1 {
        return Err("is a group address (lowest bit of the first byte set): no station has it".to_owned());
    }
    let pairs: Vec<&str> = (0..6).filter_map(|pair| hex.get(2 * pair..2 * pair + 2)).collect();
    Ok(pairs.join(":"))
}

/// `Settings.Secure.ANDROID_ID`: 64 bits in hex; leading zeros are dropped by old versions.
pub(super) fn android_id(text: &str, _: Context) -> Result<String, String> {
    let hex = compact(text).to_ascii_lowercase();
    if !(13..=16).contains(&hex.len()) || !is_hex(&hex) {
        return Err("is not 16 hex digits; see `adb shell settings get secure android_id`".to_owned());
    }
    not_placeholder(&hex)?;
    if hex == "9774d56d682e549c" {
        return Err("is the value that thousands of phones of 2010 share: it identifies nobody".to_owned());
    }
    Ok(format!("{hex:0>16}"))
}

/// 3GPP2: 14 hex digits (15 with check digit), or 18 decimal digits.
pub(super) fn meid(text: &str, _: Context) -> Result<String, String> {
    let code = compact(text).to_ascii_lowercase();
    not_placeholder(&code)?;
    match code.len() {
        14 if is_hex(&code) => Ok(code),
        15 if is_hex(&code) => Ok(code.chars().take(14).collect()),
        18 if is_digits(&code) => meid_from_decimal(&code),
        other => Err(format!("has {other} digits, a MEID has 14 hex or 18 decimal ones")),
    }
}

fn meid_from_decimal(code: &str) -> Result<String, String> {
    let (maker, serial) = code.split_at_checked(10).unwrap_or_default();
    match (maker.parse::<u32>(), serial.parse::<u32>()) {
        (Ok(maker), Ok(serial)) if serial < 1 << 24 => Ok(format!("{maker:08x}{serial:06x}")),
        _ => Err("is no MEID: its halves exceed 32 and 24 bits".to_owned()),
    }
}

/// RFC 9562: 32 hex digits, mostly with dashes.
pub(super) fn uuid(text: &str, _: Context) -> Result<String, String> {
    let hex = only_hex(text.trim().trim_matches(['{', '}']), 32, "an advertising identifier")?;
    if hex.bytes().all(|byte| byte == b'0') {
        return Err("is all zeros: the user has switched it off, so it identifies nobody".to_owned());
    }
    let parts = [(0, 8), (8, 12), (12, 16), (16, 20), (20, 32)];
    let parts: Vec<&str> = parts.iter().filter_map(|&(start, end)| hex.get(start..end)).collect();
    Ok(parts.join("-"))
}

/// An identifier of no fixed shape: 6 visible characters or more. UUIDs among them become canonical.
pub(super) fn token(text: &str, context: Context) -> Result<String, String> {
    let text = text.trim();
    if let Ok(uuid) = uuid(text, context) {
        return Ok(uuid);
    }
    not_placeholder(text)?;
    match text.len() {
        0..6 => Err("is shorter than 6 characters: too short to be told from chance".to_owned()),
        _ if text.contains(char::is_whitespace) => Err("holds a space".to_owned()),
        _ => Ok(text.to_owned()),
    }
}

/// A hardware serial number.
pub(super) fn serial(text: &str, context: Context) -> Result<String, String> {
    if text.trim().eq_ignore_ascii_case("unknown") {
        return Err(
            "is the placeholder that Android hands to apps; read the real one in the settings".to_owned()
        );
    }
    token(text, context)
}

/// Any text: what reports call something is not searched for, so one letter does no harm.
pub(super) fn label(text: &str, _: Context) -> Result<String, String> {
    let text = text.trim();
    match text.is_empty() {
        true => Err("is empty: fill it in or leave the line out".to_owned()),
        false => Ok(text.to_owned()),
    }
}

/// Any text of at least two characters: it is searched for, and one letter stands everywhere.
pub(super) fn text(text: &str, _: Context) -> Result<String, String> {
    let text = text.trim();
    match text.chars().count() {
        0 => Err("is empty: fill it in or leave the line out".to_owned()),
        1 => Err("is a single character: it stands everywhere".to_owned()),
        _ => Ok(text.to_owned()),
    }
}

/// The name of a Wi-Fi network.
pub(super) fn ssid(value: &str, context: Context) -> Result<String, String> {
    let ssid = text(value.trim().trim_matches('"'), context)?;
    match ssid.as_str() {
        "<unknown ssid>" | "unknown ssid" | "0x" => {
            Err("is the placeholder that Android hands to apps".to_owned())
        }
        _ => Ok(ssid),
    }
}

/// An e-mail address.
pub(super) fn email(text: &str, _: Context) -> Result<String, String> {
    let text = text.trim().to_lowercase();
    match text.split_once('@') {
        Some((user, host))
            if !user.is_empty()
                && host.contains('.')
                && !text.contains(char::is_whitespace)
                && !host.contains('@') =>
        {
            Ok(text)
        }
        _ => Err("is not of the form name@example.org".to_owned()),
    }
}

/// A telephone number.
pub(super) fn number(text: &str, context: Context) -> Result<String, String> {
    let number = numbers::canonical(text, context.calling_code)?;
    let digits = number.trim_start_matches('+');
    if digits.len() >= 6 {
        not_placeholder(digits)?;
    }
    Ok(number)
}

/// Who sends or gets a message: a number, or the name that services send under.
pub(super) fn peer(value: &str, context: Context) -> Result<String, String> {
    if value.contains(|letter: char| letter.is_alphabetic()) {
        return text(value, context);
    }
    number(value, context)
}

/// An Android package's name; a line of `pm list packages` may be given as it is.
pub(super) fn package(text: &str, _: Context) -> Result<String, String> {
    let name = text.trim().strip_prefix("package:").unwrap_or(text.trim());
    let name = name.split_whitespace().next().unwrap_or_default();
    let name = name.rsplit_once('=').map_or(name, |(_, name)| name);
    let word = |part: &str| {
        part.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    match name.split('.').all(word) && (name.contains('.') || name == "android") {
        true => Ok(name.to_owned()),
        false => Err(format!("{name:?} is no package name (org.example.app)")),
    }
}

/// The address of a page.
pub(super) fn url(value: &str, context: Context) -> Result<String, String> {
    let url = text(value, context)?;
    match url.contains('.') && !url.contains(char::is_whitespace) {
        true => Ok(url),
        false => Err("is no address of a page (https://example.org/path)".to_owned()),
    }
}

/// A radio cell: GSM 16, UMTS and LTE 28, NR 36 bits; decimal, or hex with 0x.
pub(super) fn cell_id(text: &str, _: Context) -> Result<String, String> {
    let cell = integer(text)?;
    match cell {
        0 | 0xFFFF | 0xFFF_FFFF | 0x7FFF_FFFF | 0xFFFF_FFFF | 0xF_FFFF_FFFF => {
            Err("is what phones report when they know no cell".to_owned())
        }
        1..0xF_FFFF_FFFF => Ok(cell.to_string()),
        _ => Err("exceeds the 36 bits of a cell identity".to_owned()),
    }
}

/// A location area (16 bits) or tracking area (16, in 5G 24 bits); decimal, or hex with 0x.
pub(super) fn area(text: &str, _: Context) -> Result<String, String> {
    let area = integer(text)?;
    match area {
        0 | 0xFFFE | 0xFFFF | 0xFF_FFFE | 0xFF_FFFF => {
            Err("is reserved: no network uses it (3GPP TS 23.003)".to_owned())
        }
        1..0xFF_FFFE => Ok(area.to_string()),
        _ => Err("exceeds the 24 bits of an area code".to_owned()),
    }
}

/// A mobile country code (ITU-T E.212): 200 to 799, 901 for international, 001 and 999 for test networks.
pub(super) fn mcc(text: &str, _: Context) -> Result<String, String> {
    let digits = only_digits(text)?;
    match (digits.len(), digits.as_str(), digits.bytes().next()) {
        (3, "001" | "901" | "999", _) | (3, _, Some(b'2'..=b'7')) => Ok(digits),
        _ => Err(format!("no mobile country code is {digits}: they run from 200 to 799")),
    }
}

/// A mobile network code: two digits, or three. `01` and `001` differ, so it must be quoted.
pub(super) fn mnc(text: &str, _: Context) -> Result<String, String> {
    let digits = only_digits(text)?;
    match digits.len() {
        2 | 3 => Ok(digits),
        _ => Err("a mobile network code has two or three digits; quote it, zeros count (\"01\")".to_owned()),
    }
}

/// A country calling code.
pub(super) fn calling_code(text: &str, _: Context) -> Result<String, String> {
    let code = text.trim().trim_start_matches('+');
    match numbers::is_calling_code(code) && is_digits(code) {
        true => Ok(code.to_owned()),
        false => Err("is no country calling code (49 for Germany, 1 for the USA)".to_owned()),
    }
}

/// Degrees north.
pub(super) fn latitude(text: &str, _: Context) -> Result<String, String> {
    degrees(text, 90.0)
}

/// Degrees east.
pub(super) fn longitude(text: &str, _: Context) -> Result<String, String> {
    degrees(text, 180.0)
}

/// Metres.
pub(super) fn radius(text: &str, _: Context) -> Result<String, String> {
    match text.trim().parse::<f64>() {
        Ok(radius) if radius > 0.0 && radius <= 100_000.0 => Ok(text.trim().to_owned()),
        _ => Err("is no distance in metres above 0 and up to 100000".to_owned()),
    }
}

/// An IPv4 or IPv6 address.
pub(super) fn address(text: &str, _: Context) -> Result<String, String> {
    match text.trim().parse::<std::net::IpAddr>() {
        Ok(address) => Ok(address.to_string()),
        Err(_) => Err("is no IPv4 or IPv6 address".to_owned()),
    }
}

/// The digit that makes the Luhn sum of `digits` and itself a multiple of ten (ISO/IEC 7812-1).
pub(crate) fn luhn_digit(digits: &str) -> u32 {
    let sum: u32 = digits
        .bytes()
        .rev()
        .zip([2, 1].into_iter().cycle())
        .map(|(digit, weight)| {
            let product = u32::from(digit.wrapping_sub(b'0')) * weight;
            product / 10 + product % 10
        })
        .sum();
    (10 - sum % 10) % 10
}

fn degrees(text: &str, limit: f64) -> Result<String, String> {
    match text.trim().parse::<f64>() {
        Ok(degrees) if degrees.abs() <= limit => Ok(text.trim().to_owned()),
        _ => Err(format!("is no angle in decimal degrees from -{limit} to {limit}")),
    }
}

fn integer(text: &str) -> Result<u64, String> {
    let text = text.trim();
    let parsed = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(hex) => u64::from_str_radix(hex, 16),
        None => text.parse(),
    };
    parsed.map_err(|_| "is no number, decimal or with 0x in hex".to_owned())
}

/// Zeros, one repeated character, or counting up or down: nobody's identifier.
fn not_placeholder(text: &str) -> Result<(), String> {
    let letters: Vec<u8> =
        text.bytes().filter(u8::is_ascii_alphanumeric).map(|byte| byte.to_ascii_lowercase()).collect();
    let steps = |step: u8| {
        letters.windows(2).all(|pair| match pair {
            [first, second] => next(*first, step) == Some(*second),
            _ => false,
        })
    };
    let same = letters.windows(2).all(|pair| pair.first() == pair.last());
    let keyboard = b"0123456789abcdef".starts_with(&letters);
    if letters.len() > 3 && (same || keyboard || steps(1) || steps(9)) {
        return Err(
            "is a placeholder, no phone's own value: fill in the real one or leave the line out".to_owned()
        );
    }
    Ok(())
}

/// The next digit when counting by `step` modulo ten.
fn next(byte: u8, step: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some((byte - b'0' + step) % 10 + b'0'),
        _ => None,
    }
}

fn only_hex(text: &str, len: usize, what: &str) -> Result<String, String> {
    let hex = compact(text).to_ascii_lowercase();
    match is_hex(&hex) {
        true if hex.len() == len => Ok(hex),
        true => Err(format!("has {} hex digits, {what} has {len}", hex.len())),
        false => {
            Err(format!("holds other things than hex digits and separators; {what} has {len} hex digits"))
        }
    }
}

fn only_digits(text: &str) -> Result<String, String> {
    let digits = compact(text);
    match is_digits(&digits) {
        true => Ok(digits),
        false => Err("holds other things than digits".to_owned()),
    }
}

fn is_hex(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Without the separators people write.
fn compact(text: &str) -> String {
    text.chars().filter(|letter| !matches!(letter, ' ' | '-' | ':' | '.' | '/' | '_')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ok(check: Check, text: &str) -> String {
        check(text, Context::default()).unwrap_or_else(|problem| panic!("{text}: {problem}"))
    }

    fn refused(check: Check, text: &str) -> String {
        check(text, Context::default()).expect_err(text)
    }

    #[test]
    fn values_become_canonical() {
        let rows: &[(Check, &str, &str)] = &[
            (imei, "35-209900-176148-1", "352099001761481"),
            (imei, "35209900176148", "352099001761481"),
            (imei, "3520990017614823", "352099001761481"),
            (imsi, "262011234567890", "262011234567890"),
            (imsi, "001010123456789", "001010123456789"),
            (iccid, "8949 0200 0012 3456 789", "8949020000123456789"),
            (iccid, "8949020000123456789F", "8949020000123456789"),
            (mac, "D0-37-45-AB-01-9F", "d0:37:45:ab:01:9f"),
            (mac, "d037.45ab.019f", "d0:37:45:ab:01:9f"),
            (android_id, "B9E28776354D259E", "b9e28776354d259e"),
            (android_id, "9e28776354d259e", "09e28776354d259e"),
            (meid, "A1000009B2C3D4", "a1000009b2c3d4"),
            (uuid, "5AC6A0FF8D1847BCA9022812CF0C251E", "5ac6a0ff-8d18-47bc-a902-2812cf0c251e"),
            (email, " Lena@Example.ORG ", "lena@example.org"),
            (package, "package:/data/app/x==/base.apk=org.example.app", "org.example.app"),
            (package, "package:org.example.app uid:10123", "org.example.app"),
            (cell_id, "0x1A2B3C4", "27440068"),
            (calling_code, "+49", "49"),
        ];
        for (check, text, canonical) in rows {
            assert_eq!(ok(*check, text), *canonical, "{text}");
        }
    }

    #[test]
    fn impossible_values_are_refused_with_the_reason() {
        let rows: &[(Check, &str, &str)] = &[
            (imei, "352099001761480", "check digit of 35209900176148 is 1"),
            (imei, "3520990017614", "has 13 digits"),
            (imsi, "26201123456", "has 11 digits"),
            (imsi, "862011234567890", "mobile country code"),
            (iccid, "1249020000123456789", "89"),
            (iccid, "8949020", "has 7 digits"),
            (mac, "d0:37:45:ab:01", "has 10 hex digits"),
            (mac, "d0:37:45:ab:01:xx", "other things"),
            (mac, "01:00:5e:12:34:56", "group address"),
            (meid, "a1b2", "has 4 digits"),
            (email, "lena", "name@example.org"),
            (package, "no package", "no package name"),
            (mnc, "1", "quote it"),
            (latitude, "91", "decimal degrees"),
            (address, "10.0.0", "address"),
        ];
        for (check, text, reason) in rows {
            let problem = refused(*check, text);
            assert!(problem.contains(reason), "{text}: {problem}");
        }
    }

    #[test]
    fn placeholders_are_no_identifiers() {
        let rows: &[(Check, &str)] = &[
            (imei, "000000000000000"),
            (imei, "0123456789012345"),
            (imei, "123456789012345"),
            (imsi, "012345678901234"),
            (mac, "00:00:00:00:00:00"),
            (mac, "02:00:00:00:00:00"),
            (mac, "ff:ff:ff:ff:ff:ff"),
            (android_id, "9774d56d682e549c"),
            (android_id, "0000000000000000"),
            (uuid, "00000000-0000-0000-0000-000000000000"),
            (serial, "unknown"),
            (serial, "0123456789"),
            (ssid, "<unknown ssid>"),
            (cell_id, "268435455"),
            (serial, "0123456789ABCDEF"),
        ];
        for (check, text) in rows {
            refused(*check, text);
        }
    }
}
