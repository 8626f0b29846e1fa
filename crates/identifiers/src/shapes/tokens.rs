//! Identifiers that software gives out: advertising and Android ids, installations, accounts, push tokens.

use evidence::IdentifierKind;

use super::checks::{Hit, lossy, trim};

/// A UUID (RFC 9562) in any case.
pub(super) fn uuid(value: &[u8], hits: &mut Vec<Hit>) {
    let (text, start) = trim(value);
    let bare = text.strip_prefix(b"ifa:").unwrap_or(text);
    let start = start + text.len() - bare.len();
    if is_uuid(bare) {
        hits.push(Hit {
            kind: None,
            canonical: lossy(bare).to_ascii_lowercase(),
            form: "uuid",
            range: start..start + bare.len(),
            sure: true,
            why: "the field is named after it, and it is a UUID",
        });
    }
}

/// A UUID with the prefix that MoPub's SDK gave advertising identifiers.
pub(super) fn ifa(value: &[u8], hits: &mut Vec<Hit>) {
    if trim(value).0.starts_with(b"ifa:") {
        uuid(value, hits);
    }
}

/// A UUID, or an OAID's 16, 32 or 64 hex digits (each maker has its own form).
pub(super) fn advertising_id(value: &[u8], hits: &mut Vec<Hit>) {
    uuid(value, hits);
    let (text, start) = trim(value);
    if matches!(text.len(), 16 | 32 | 64) && is_mixed_hex(text) {
        hits.push(told(lossy(text).to_ascii_lowercase(), "hex", start..start + text.len()));
    }
}

/// Sixteen hex digits; fourteen and more where leading zeros were dropped.
pub(super) fn android_id(value: &[u8], hits: &mut Vec<Hit>) {
    let (text, start) = trim(value);
    let lettered = text.iter().any(u8::is_ascii_alphabetic);
    if !text.iter().all(u8::is_ascii_hexdigit)
        || !(text.len() == 16 || matches!(text.len(), 14 | 15) && lettered)
    {
        return;
    }
    hits.push(Hit {
        kind: None,
        canonical: format!("{:0>16}", lossy(text).to_ascii_lowercase()),
        form: "hex",
        range: start..start + text.len(),
        sure: lettered,
        why: "the field is named after it, and it is 64 bits in hex",
    });
}

/// A whole number of 64 bits, as services number devices and installations.
pub(super) fn decimal_id(value: &[u8], hits: &mut Vec<Hit>) {
    let (text, start) = trim(value);
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    if matches!(digits.len(), 15..=20) && digits.iter().all(u8::is_ascii_digit) {
        hits.push(told(lossy(text), "digits", start..start + text.len()));
    }
}

/// Some 128 bits in any writing: UUID, hex, base64 or a mixture; no small number, word, date or version.
pub(super) fn token(value: &[u8], hits: &mut Vec<Hit>) {
    let (text, start) = trim(value);
    // A device's UUID in UPnP goes on with what it is: `uuid:9319395a-…::upnp:rootdevice`.
    let text = text.get(..36).filter(|head| is_uuid(head) && text.get(36) == Some(&b':')).unwrap_or(text);
    let Some(form) = random(text) else { return };
    let canonical = if form == "text" { lossy(text) } else { lossy(text).to_ascii_lowercase() };
    let why = "the field is named after it, and it is long and random enough to single out one device";
    hits.push(Hit { kind: None, canonical, form, range: start..start + text.len(), sure: false, why });
}

/// As [`token`], but only UUIDs, hex and pairs of numbers: for names that keys and constants have as well.
pub(super) fn random_id(value: &[u8], hits: &mut Vec<Hit>) {
    if random(trim(value).0).is_some_and(|form| form != "text") {
        token(value, hits);
    }
}

/// Six to twenty-four letters and digits, some of each.
pub(super) fn serial(value: &[u8], hits: &mut Vec<Hit>) {
    let (text, start) = trim(value);
    let alphanumeric = text.iter().all(|byte| byte.is_ascii_alphanumeric());
    let digits = text.iter().filter(|byte| byte.is_ascii_digit()).count();
    let long_number = digits == text.len() && digits >= 10;
    if matches!(text.len(), 7..=24) && alphanumeric && digits >= 2 && (digits < text.len() || long_number) {
        hits.push(told(lossy(text), "text", start..start + text.len()));
    }
}

/// A name or number of an account: at least four characters, and not a single word of a program's own.
pub(super) fn account(value: &[u8], hits: &mut Vec<Hit>) {
    let (text, start) = trim(value);
    if !matches!(text.len(), 4..=128) || !text.iter().all(|byte| byte.is_ascii_graphic() || *byte >= 0x80) {
        return;
    }
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.@+:=|".contains(byte) || *byte >= 0x80;
    let number = text.iter().all(u8::is_ascii_digit);
    if text.iter().all(plain) && (!number || text.len() >= 5) && std::str::from_utf8(text).is_ok() {
        hits.push(told(lossy(text), if number { "digits" } else { "text" }, start..start + text.len()));
    }
}

/// A push service's token: FCM and old GCM by their mark, APNs by 64 hex digits, others by length.
pub(super) fn push_token(value: &[u8], hits: &mut Vec<Hit>) {
    let (text, start) = trim(value);
    if let Some(hit) = cloud_token(text, start) {
        hits.push(hit);
        return;
    }
    let plain = text.iter().all(|byte| byte.is_ascii_alphanumeric() || b"_-+/=:.".contains(byte));
    let mixed = text.iter().any(u8::is_ascii_digit) && text.iter().any(u8::is_ascii_alphabetic);
    if matches!(text.len(), 16..=400) && plain && mixed && !text.starts_with(b"eyJ") {
        let form = if text.len() == 64 && is_mixed_hex(text) { "hex" } else { "text" };
        hits.push(told(lossy(text), form, start..start + text.len()));
    }
}

/// The token of Google's push services: `…:APA91b…`, which nothing else looks like.
pub(super) fn cloud_token(text: &[u8], start: usize) -> Option<Hit> {
    let (at, plain) = (memchr::memmem::find(text, b"APA91b")?, |byte: &u8| {
        byte.is_ascii_alphanumeric() || b"_-:".contains(byte)
    });
    let before = text.get(..at)?;
    let marked = before.is_empty() || before.ends_with(b":") && matches!(at, 12..=32);
    (marked && matches!(text.len(), 120..=400) && text.iter().all(plain)).then(|| Hit {
        kind: Some(IdentifierKind::PushToken),
        canonical: lossy(text),
        form: "fcm",
        range: start..start + text.len(),
        sure: true,
        why: "it has the mark of Google's push tokens",
    })
}

/// 8-4-4-4-12 hex digits.
pub(super) fn is_uuid(text: &[u8]) -> bool {
    text.len() == 36
        && text.iter().enumerate().all(|(place, byte)| match place {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// The form of what looks like 128 random bits (or 64, in hex); `None` for what does not.
fn random(text: &[u8]) -> Option<&'static str> {
    if is_uuid(text) {
        return Some("uuid");
    }
    if is_two_numbers(text) {
        return Some("digits");
    }
    if matches!(text.len(), 16 | 24 | 32 | 40 | 48 | 56 | 64 | 96 | 128) && is_mixed_hex(text) {
        return Some("hex");
    }
    let plain = |byte: &u8| {
        byte.is_ascii_alphanumeric()
            || matches!(
                byte,
                b'_' | b'-' | b'+' | b'/' | b'=' | b'.' | b':' | b'|' | b'~' | b'%' | b'{' | b'}'
            )
    };
    if !matches!(text.len(), 16..=160)
        || !text.iter().all(plain)
        || text.starts_with(b"eyJ")
        || text.starts_with(b"xmp.")
    {
        return None;
    }
    let digits = text.iter().filter(|byte| byte.is_ascii_digit()).count();
    let letters = text.iter().filter(|byte| byte.is_ascii_alphabetic()).count();
    let wordy = text.iter().filter(|byte| matches!(byte, b'.' | b'/' | b'%')).count() > 3;
    let dated = looks_dated(text);
    (digits >= 2 && letters >= 4 && distinct(text) >= 9 && !wordy && !dated && !is_word_chain(text))
        .then_some("text")
}

/// `1470104373000-1234567890123456789`, `123456789.1470104373`: a time and a random number.
fn is_two_numbers(text: &[u8]) -> bool {
    let mut parts = text.split(|byte| matches!(byte, b'-' | b'.'));
    let long = |part: Option<&[u8]>| {
        part.is_some_and(|part| matches!(part.len(), 8..=20) && part.iter().all(u8::is_ascii_digit))
    };
    long(parts.next()) && long(parts.next()) && parts.next().is_none() && text.len() >= 18
}

/// `com.example.app2`, `sdk_gphone_x86_64`, `android-sdk-build-30`: words with few digits and no capitals
/// inside. Random text mixes its classes.
fn is_word_chain(text: &[u8]) -> bool {
    let words = text.split(|byte| b"._-:/|".contains(byte)).filter(|word| !word.is_empty());
    let mut chained = 0usize;
    for word in words {
        let changes = word.iter().zip(word.iter().skip(1)).filter(|(a, b)| class(**a) != class(**b)).count();
        let capitalised = word.first().is_some_and(u8::is_ascii_uppercase);
        if changes > 1 + usize::from(capitalised) || word.len() > 18 {
            return false;
        }
        chained += 1;
    }
    chained >= 1
}

fn class(byte: u8) -> u8 {
    match byte {
        b'0'..=b'9' => 0,
        b'a'..=b'z' => 1,
        b'A'..=b'Z' => 2,
        _ => 3,
    }
}

/// `2016-08-02T02:19:33`: digits and separators with at most two letters.
fn looks_dated(text: &[u8]) -> bool {
    let letters = text.iter().filter(|byte| byte.is_ascii_alphabetic()).count();
    letters <= 2 && text.iter().filter(|byte| b"-:.T".contains(byte)).count() >= 4
}

fn distinct(text: &[u8]) -> u32 {
    let seen = text.iter().fold(0u128, |seen, byte| seen | 1 << (byte & 0x7F));
    seen.count_ones()
}

/// Hex digits in one case with at least one digit and one letter, or a capital-free mixture.
fn is_mixed_hex(text: &[u8]) -> bool {
    text.iter().all(u8::is_ascii_hexdigit)
        && text.iter().any(u8::is_ascii_digit)
        && text.iter().any(u8::is_ascii_alphabetic)
}

fn told(canonical: String, form: &'static str, range: std::ops::Range<usize>) -> Hit {
    Hit {
        kind: None,
        canonical,
        form,
        range,
        sure: false,
        why: "the field is named after it, and it has its form",
    }
}
