//! Free text and bytes without fields: what can be recognised without a decoder's help.
//!
//! E-mail addresses, MAC addresses with separators, GSM numbers that a word before them announces,
//! `key=value` and `"key": "value"` with names that are unmistakable, Google's push tokens, build
//! fingerprints, Android's host names, lists of packages. Each is one pass that jumps from one telling byte
//! to the next; the work at each is bounded, so the whole is linear.

use std::ops::Range;

use evidence::{Carrier, IdentifierKind};

use super::{
    Confidence,
    checks::Hit,
    gsm,
    lexicon::{Lexicon, Row},
    network, tokens, words,
};

/// Hands every finding to `found`, with what speaks for it, until that says stop.
pub(super) fn scan(
    lexicon: &Lexicon,
    carrier: Carrier,
    bytes: &[u8],
    found: &mut dyn FnMut(Hit, IdentifierKind, Confidence) -> bool,
) {
    let _ = pairs_and_macs(lexicon, carrier, bytes, found)
        && emails(bytes, found)
        && escaped_macs(bytes, found)
        && announced_numbers(bytes, found)
        && marked(bytes, found);
}

type Found<'a> = dyn FnMut(Hit, IdentifierKind, Confidence) -> bool + 'a;

/// `:`, `=` and `-` stand in MAC addresses and between names and values. The pairs of a path's query are
/// fields of their own and not read a second time.
fn pairs_and_macs(lexicon: &Lexicon, carrier: Carrier, bytes: &[u8], found: &mut Found<'_>) -> bool {
    let pairs = carrier != Carrier::Path;
    // What a MAC address and what a pair took up: nothing of the same sort begins before that, so that
    // no byte is looked at again and again.
    let (mut after_mac, mut after_pair) = (0, 0);
    for at in memchr::memchr3_iter(b':', b'=', b'-', bytes) {
        let separator = bytes.get(at).copied().unwrap_or_default();
        if at < after_mac {
            continue;
        }
        if bytes.get(at + 3) == Some(&separator)
            && let Some(hit) = mac_at(bytes, at)
        {
            after_mac = hit.range.end;
            if !found(hit, IdentifierKind::WifiMac, Confidence::ByForm) {
                return false;
            }
        } else if pairs && separator != b'-' && at >= after_pair {
            let Some((name, value, start)) = pair_at(lexicon, bytes, at) else { continue };
            let mut rows = lexicon.telling_rows(name, carrier).peekable();
            if rows.peek().is_some() {
                after_pair = start + value.len();
            }
            // A few letters and a few more stand in noise too: only a form that speaks for itself counts there.
            let weak = name.iter().filter(|byte| byte.is_ascii_alphabetic()).count() <= SHORT_NAME
                && !in_text(bytes, at.saturating_sub(name.len())..start + value.len());
            let mut found = |hit: Hit, kind, confidence| weak && !hit.sure || found(hit, kind, confidence);
            if !told_by(rows, value, start, &mut found) {
                return false;
            }
        }
    }
    true
}

/// The MAC address whose first separator is at `at`: of a known maker, and not part of something longer.
fn mac_at(bytes: &[u8], at: usize) -> Option<Hit> {
    let (start, end) = (at.checked_sub(2)?, at + 15);
    let separator = bytes.get(at)?;
    let alone =
        |byte: Option<&u8>| !byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == separator);
    let before = start.checked_sub(1).and_then(|place| bytes.get(place));
    let (address, form) = network::address(bytes.get(start..end)?)?;
    (alone(before) && alone(bytes.get(end)) && network::known_maker(address))
        .then(|| mac(address, form, start, end))
}

fn mac(address: [u8; 6], form: &'static str, start: usize, end: usize) -> Hit {
    Hit {
        kind: None,
        canonical: network::canonical(address),
        form,
        range: start..end,
        sure: true,
        why: "it is written as a MAC address, and its first half is a maker's number",
    }
}

/// A name before the separator at `at`, the value behind it, and where that begins. Only names that may be
/// telling anywhere.
fn pair_at<'a>(lexicon: &Lexicon, bytes: &'a [u8], at: usize) -> Option<(&'a [u8], &'a [u8], usize)> {
    let name = name_before(bytes, at).filter(|name| lexicon.may_end(name))?;
    let (value, start) = value_behind(bytes, at + 1);
    let (behind, after) = (bytes.get(start + value.len()), bytes.get(start + value.len() + 1));
    // `a=b=c`: what follows is a name.
    let name_follows = behind == Some(&b'=') && after.is_some_and(|byte| *byte != b'=' && !is_end(*byte));
    (!value.is_empty() && !name_follows).then_some((name, value, start))
}

/// What the first row that `value` stands up to tells.
fn told_by<'a>(
    rows: impl Iterator<Item = &'a Row>,
    value: &[u8],
    start: usize,
    found: &mut Found<'_>,
) -> bool {
    let mut hits = Vec::new();
    for row in rows {
        row.check.run(value, &mut hits);
        if row.hashed && hits.is_empty() {
            super::checks::hash(value, &mut hits);
        }
        if !hits.is_empty() {
            return hits.into_iter().all(|mut hit| {
                hit.range = hit.range.start + start..hit.range.end + start;
                let confidence = if hit.sure { Confidence::Both } else { Confidence::ByName };
                found(hit, row.kind, confidence)
            });
        }
    }
    true
}

/// Whether the bytes on both sides of a range are text, as far as there are any.
fn in_text(bytes: &[u8], range: Range<usize>) -> bool {
    let before = bytes.get(range.start.saturating_sub(BESIDE)..range.start).unwrap_or_default();
    let after = bytes.get(range.end..).unwrap_or_default();
    let mut beside = before.iter().chain(after.iter().take(BESIDE));
    beside.all(|byte| matches!(byte, b' '..=b'~' | b'\t' | b'\n' | b'\r'))
}

/// Letters, digits, `_`, `-` and `.` before a separator, quotes and a space between them passed over.
fn name_before(bytes: &[u8], at: usize) -> Option<&[u8]> {
    let mut end = at;
    while end > 0
        && at - end < 3
        && bytes.get(end - 1).is_some_and(|byte| matches!(byte, b'"' | b'\'' | b' ' | b'\\'))
    {
        end -= 1;
    }
    let named = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let length = bytes.get(..end)?.iter().rev().take(LONGEST_NAME + 1).take_while(named).count();
    let name = bytes.get(end - length..end).filter(|name| matches!(name.len(), 2..=LONGEST_NAME))?;
    // The numbers of pictures (XMP part 1, `xmp.did:`, `xmp.iid:`) are no device's.
    (!name.starts_with(b"xmp.")).then_some(name)
}

/// What follows, up to a byte that ends values in all the usual writings.
fn value_behind(bytes: &[u8], from: usize) -> (&[u8], usize) {
    let rest = bytes.get(from..).unwrap_or_default();
    let skipped = rest.iter().take(4).take_while(|byte| matches!(byte, b'"' | b'\'' | b' ' | b'\\')).count();
    let start = from + skipped;
    let rest = bytes.get(start..).unwrap_or_default();
    let length = rest.iter().take(LONGEST_VALUE).take_while(|byte| **byte != b'=' && !is_end(**byte)).count();
    (rest.get(..length).unwrap_or_default(), start)
}

fn is_end(byte: u8) -> bool {
    matches!(
        byte,
        b'"' | b'\'' | b'&' | b';' | b',' | b'<' | b'>' | b'}' | b']' | b')' | b'\\' | b'|' | 0..=b' '
    )
}

fn emails(bytes: &[u8], found: &mut Found<'_>) -> bool {
    memchr::memchr_iter(b'@', bytes).all(|at| {
        let Some((from, to)) = words::email_around(bytes, at) else { return true };
        // `user:password@host` and addresses in links to elsewhere are no mail addresses.
        let in_link = bytes
            .get(from.saturating_sub(3)..from)
            .is_some_and(|before| before.ends_with(b"//") || before.ends_with(b"://"));
        let weak = to - from < SHORT_EMAIL && !in_text(bytes, from..to);
        in_link
            || weak
            || is_message_number(bytes, from)
            || found(
                words::address(bytes.get(from..to).unwrap_or_default(), from),
                IdentifierKind::Email,
                Confidence::ByForm,
            )
    })
}

/// `Message-ID: <…`, `In-Reply-To:`, SIP's `Call-ID:`: numbers of messages look like addresses.
fn is_message_number(bytes: &[u8], from: usize) -> bool {
    let before = bytes.get(from.saturating_sub(16)..from).unwrap_or_default().to_ascii_lowercase();
    [&b"-id:"[..], b"-id=", b"reply-to:", b"references:"]
        .iter()
        .any(|mark| memchr::memmem::find(&before, mark).is_some())
}

/// `1c%3Ab9%3Ac4%3A29%3Aaf%3A90`.
fn escaped_macs(bytes: &[u8], found: &mut Found<'_>) -> bool {
    let mut done = 0;
    memchr::memchr_iter(b'%', bytes).all(|at| {
        let Some(hit) = (at >= done).then(|| escaped_mac_at(bytes, at)).flatten() else { return true };
        done = hit.range.end;
        found(hit, IdentifierKind::WifiMac, Confidence::ByForm)
    })
}

fn escaped_mac_at(bytes: &[u8], at: usize) -> Option<Hit> {
    if bytes.get(at + 5) != Some(&b'%') {
        return None;
    }
    let (start, end) = (at.checked_sub(2)?, at + 23);
    let mut plain = [b':'; 17];
    let (pairs, []) = bytes.get(start..end)?.as_chunks::<5>() else { return None };
    for (place, pair) in pairs.iter().enumerate() {
        let [high, low, b'%', b'3', b'A' | b'a'] = pair else { return None };
        plain.get_mut(place * 3..place * 3 + 2)?.copy_from_slice(&[*high, *low]);
    }
    plain.get_mut(15..)?.copy_from_slice(bytes.get(end..end + 2)?);
    let alone = !bytes.get(end + 2).is_some_and(|byte| {
        byte.is_ascii_alphanumeric() || *byte == b'%' && bytes.get(end + 2..end + 4) == Some(b"%3")
    });
    let before =
        start.checked_sub(1).and_then(|place| bytes.get(place)).is_some_and(u8::is_ascii_alphanumeric);
    let (address, _) = network::address(&plain)?;
    (alone && !before && network::known_maker(address)).then(|| mac(address, "percent", start, end + 2))
}

/// Runs of fourteen to twenty digits with the name of a GSM number shortly before: `TN:IMEI1,356938035643809`.
fn announced_numbers(bytes: &[u8], found: &mut Found<'_>) -> bool {
    let mut at = SHORTEST_RUN - 1;
    while let Some(byte) = bytes.get(at) {
        // No run of that length lies between here and the last place that was looked at.
        if !byte.is_ascii_digit() {
            at += SHORTEST_RUN;
            continue;
        }
        let before = bytes
            .get(..at)
            .unwrap_or_default()
            .iter()
            .rev()
            .take(SHORTEST_RUN)
            .take_while(|byte| byte.is_ascii_digit());
        let start = at - before.count();
        let length =
            bytes.get(start..).unwrap_or_default().iter().take_while(|byte| byte.is_ascii_digit()).count();
        let end = start + length;
        if matches!(length, SHORTEST_RUN..=20)
            && let Some((hit, kind)) = announced(bytes, start, end)
            && !found(hit, kind, Confidence::Both)
        {
            return false;
        }
        at = end + SHORTEST_RUN;
    }
    true
}

fn announced(bytes: &[u8], start: usize, end: usize) -> Option<(Hit, IdentifierKind)> {
    let before = bytes.get(start.saturating_sub(ANNOUNCED_WITHIN)..start)?.to_ascii_lowercase();
    let named = ANNOUNCERS.iter().filter_map(|row| Some((memchr::memmem::rfind(&before, row.0)?, row)));
    let (_, (_, kind, check)) = named.max_by_key(|(place, _)| *place)?;
    let mut hits = Vec::new();
    check(bytes.get(start..end)?, &mut hits);
    let mut hit = hits.pop().filter(|hit| hit.sure)?;
    hit.range = start..end;
    hit.why = "its name stands before it, and its digits fit";
    Some((hit, *kind))
}

/// What carries a mark that nothing else has.
fn marked(bytes: &[u8], found: &mut Found<'_>) -> bool {
    let token = |at| {
        let range =
            around(bytes, at, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b':'));
        let start = range.start.max(at.saturating_sub(23));
        let text = bytes.get(start..range.end).map(|text| text.strip_suffix(b":").unwrap_or(text));
        (range.end, text.and_then(|text| tokens::cloud_token(text, start)))
    };
    let build = |at| {
        let range = around(bytes, at, |byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'/' | b':')
        });
        let text = bytes.get(range.start..at + 5);
        (range.end, text.and_then(|text| words::fingerprint(text, range.start)))
    };
    let host = |at| {
        let alone = !bytes.get(at + 24).is_some_and(u8::is_ascii_alphanumeric);
        let text = bytes.get(at..at + 24).filter(|_| alone);
        (at + 8, text.and_then(|text| network::android_host(text, at)))
    };
    mark(bytes, b"APA91b", IdentifierKind::PushToken, token, found)
        && mark(bytes, b"-keys", IdentifierKind::Build, build, found)
        && mark(bytes, b"android-", IdentifierKind::AndroidId, host, found)
        && package_list(bytes).is_none_or(|hit| found(hit, IdentifierKind::PackageList, Confidence::ByForm))
}

/// Looks at each `sign` with `look`, which also says how far it looked: signs before that are passed over.
fn mark(
    bytes: &[u8],
    sign: &[u8],
    kind: IdentifierKind,
    look: impl Fn(usize) -> (usize, Option<Hit>),
    found: &mut Found<'_>,
) -> bool {
    let mut done = 0;
    memchr::memmem::find_iter(bytes, sign).all(|at| {
        if at < done {
            return true;
        }
        let (seen, hit) = look(at);
        done = seen;
        hit.is_none_or(|hit| found(hit, kind, Confidence::ByForm))
    })
}

/// The stretch around `at` that `fits`, at most 400 bytes to each side.
fn around(bytes: &[u8], at: usize, fits: impl Fn(u8) -> bool) -> Range<usize> {
    let before =
        bytes.get(..at).unwrap_or_default().iter().rev().take(400).take_while(|byte| fits(**byte)).count();
    let behind = bytes.get(at..).unwrap_or_default().iter().take(400).take_while(|byte| fits(**byte)).count();
    at - before..at + behind
}

fn package_list(bytes: &[u8]) -> Option<Hit> {
    let begins = |at: &usize| {
        let before = at.checked_sub(1).and_then(|place| bytes.get(place));
        before.is_none_or(|byte| b",;|\n\r\t \"':=[".contains(byte))
    };
    let several = memchr::memmem::find_iter(bytes, b"com.").filter(begins).nth(1).is_some();
    let text = bytes.get(..bytes.len().min(LONGEST_LIST))?;
    if !several { None } else { words::package_list(text) }
}

/// A word that announces the number behind it, what that is, and the check for it.
type Announcer = (&'static [u8], IdentifierKind, fn(&[u8], &mut Vec<Hit>));

const ANNOUNCERS: [Announcer; 3] = [
    (b"imei", IdentifierKind::Imei, gsm::imei),
    (b"imsi", IdentifierKind::Imsi, gsm::imsi),
    (b"iccid", IdentifierKind::Iccid, gsm::iccid),
];
const ANNOUNCED_WITHIN: usize = 12;
const SHORTEST_RUN: usize = 14;
/// Letters of a name that random bytes spell once in some hundred megabytes, and bytes of such an address.
const SHORT_NAME: usize = 6;
const SHORT_EMAIL: usize = 12;
/// Bytes on either side that tell text from noise.
const BESIDE: usize = 8;
const LONGEST_NAME: usize = 48;
const LONGEST_VALUE: usize = 160;
const LONGEST_LIST: usize = 1 << 18;
