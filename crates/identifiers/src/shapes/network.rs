//! What a local network knows of a phone: MAC addresses, network names, host names, public addresses.

use std::net::IpAddr;

use evidence::IdentifierKind;
use facts::{
    Scope,
    mac::{Nature, nature, vendor},
};

use super::checks::{Hit, items, lossy, trim};

/// A device's MAC address: globally unique. Locally administered ones are randomised or an emulator's.
pub(super) fn mac(value: &[u8], hits: &mut Vec<Hit>) {
    for (item, start) in items(value) {
        let Some((address, form)) = address(item) else { continue };
        if nature(address) == Nature::Global {
            hits.push(told(address, form, start..start + item.len()));
        }
    }
}

/// As [`mac`], written with separators, for fields that do not name it.
pub(super) fn mac_separated(value: &[u8], hits: &mut Vec<Hit>) {
    if trim(value).0.len() == 17 {
        mac(value, hits);
    }
}

/// An access point's MAC address. Many points serve several networks under locally administered addresses
/// made from their own, so those count, unless they are a placeholder.
pub(super) fn bssid(value: &[u8], hits: &mut Vec<Hit>) {
    for (item, start) in items(value) {
        let Some((address, form)) = address(item) else { continue };
        let zeros = address.iter().filter(|byte| **byte == 0).count();
        let emulated = zeros >= 3 || address.starts_with(EMULATOR);
        let nature = nature(address);
        if nature == Nature::Global || nature == Nature::Local && !emulated {
            hits.push(told(address, form, start..start + item.len()));
        }
    }
}

/// The name of a network, quoted as Android writes it or not.
pub(super) fn ssid(value: &[u8], hits: &mut Vec<Hit>) {
    let (text, start) = trim(value);
    let hidden = text.starts_with(b"<") || text == b"0x";
    if matches!(text.len(), 1..=32) && !hidden && std::str::from_utf8(text).is_ok_and(readable) {
        hits.push(named(text, start, "text"));
    }
}

/// The name a device gives itself. Android before 8 puts the Android ID into it.
pub(super) fn hostname(value: &[u8], hits: &mut Vec<Hit>) {
    let (text, start) = trim(value);
    if let Some(hit) = android_host(text, start) {
        hits.push(hit);
        return;
    }
    let name = text.strip_suffix(b".local").unwrap_or(text);
    let letters =
        name.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_' ".contains(byte) || *byte >= 0x80);
    let generic = name.eq_ignore_ascii_case(b"localhost") || name.eq_ignore_ascii_case(b"android");
    if matches!(name.len(), 2..=63) && letters && !generic && name.iter().any(u8::is_ascii_alphabetic) {
        hits.push(named(name, start, "text"));
    }
}

/// `android-` and sixteen hex digits: the host name that Android up to 7 made from its Android ID.
pub(super) fn android_host(text: &[u8], start: usize) -> Option<Hit> {
    let id = text.strip_prefix(b"android-")?;
    let hex = id.len() == 16 && id.iter().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte));
    hex.then(|| Hit {
        kind: Some(IdentifierKind::AndroidId),
        canonical: lossy(id),
        form: "hex",
        range: start + 8..start + 24,
        sure: true,
        why: "older Android systems call themselves `android-` and their Android ID",
    })
}

/// DHCP option 60: `android-dhcp-9` tells the system's version, `dhcpcd-5.5.6` of old Android its client.
pub(super) fn vendor_class(value: &[u8], hits: &mut Vec<Hit>) {
    let (text, start) = trim(value);
    let Some(version) = text.strip_prefix(b"android-dhcp-") else { return };
    if matches!(version.len(), 1..=8) && version.first().is_some_and(u8::is_ascii_alphanumeric) {
        hits.push(Hit {
            kind: Some(IdentifierKind::OsVersion),
            canonical: format!("Android {}", lossy(version)),
            form: "vendor-class",
            range: start..start + text.len(),
            sure: true,
            why: "Android's DHCP client tells the system's version",
        });
    }
}

/// An address that is routed in the public internet.
pub(super) fn public_ip(value: &[u8], hits: &mut Vec<Hit>) {
    for (item, start) in items(value) {
        if item.len() > 45 || item.len() < 7 {
            continue;
        }
        let Some(address) = std::str::from_utf8(item).ok().and_then(|text| text.parse::<IpAddr>().ok())
        else {
            continue;
        };
        if Scope::of(address) == Scope::Public {
            hits.push(Hit {
                kind: None,
                canonical: address.to_string(),
                form: "text",
                range: start..start + item.len(),
                sure: false,
                why: "the field is named after it, and it is a public address",
            });
        }
    }
}

/// The six bytes and how they are written; `None` for what is no MAC address, or one of zeros or ones.
pub(super) fn address(text: &[u8]) -> Option<([u8; 6], &'static str)> {
    let separator = match text.len() {
        17 => *text.get(2)?,
        14 => *text.get(4)?,
        12 => 0,
        _ => return None,
    };
    let mut address = [0; 6];
    let (mut digits, mut upper, mut lower) = (0usize, false, false);
    for (place, &byte) in text.iter().enumerate() {
        if place % 3 == 2 && text.len() == 17 || place % 5 == 4 && text.len() == 14 {
            if byte != separator {
                return None;
            }
            continue;
        }
        upper |= byte.is_ascii_uppercase();
        lower |= byte.is_ascii_lowercase();
        let digit = u8::try_from(char::from(byte).to_digit(16)?).ok()?;
        let to = address.get_mut(digits / 2)?;
        *to = *to << 4 | digit;
        digits += 1;
    }
    let form = match (separator, upper) {
        (b':', false) => "colon-lower",
        (b':', true) => "colon-upper",
        (b'-', false) => "dash-lower",
        (b'-', true) => "dash-upper",
        (b'.', _) => "dotted",
        (0, false) => "bare-lower",
        (0, true) => "bare-upper",
        _ => return None,
    };
    let mixed = upper && lower;
    (!mixed && digits == 12 && address != [0; 6] && address != [0xFF; 6]).then_some((address, form))
}

/// A MAC address with separators and a known maker, by its form alone.
pub(super) fn separated(value: &[u8], hits: &mut Vec<Hit>) {
    let (text, start) = trim(value);
    if text.len() != 17 {
        return;
    }
    let Some((address, form)) = address(text).filter(|(address, _)| known_maker(*address)) else { return };
    let why = "it is written as a MAC address, and its first half is a maker's number";
    hits.push(Hit { why, ..told(address, form, start..start + text.len()) });
}

/// Lower case with colons.
pub(super) fn canonical(address: [u8; 6]) -> String {
    let [a, b, c, d, e, f] = address;
    format!("{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{f:02x}")
}

/// Whether a globally unique address carries the number of a registered maker.
pub(super) fn known_maker(address: [u8; 6]) -> bool {
    vendor(address).is_some()
}

fn told(address: [u8; 6], form: &'static str, range: std::ops::Range<usize>) -> Hit {
    let sure = known_maker(address);
    let why = if sure {
        "the field is named after it, and its first half is a maker's number"
    } else {
        "the field is named after it, and it is written as a MAC address"
    };
    Hit { kind: None, canonical: canonical(address), form, range, sure, why }
}

fn named(text: &[u8], start: usize, form: &'static str) -> Hit {
    Hit {
        kind: None,
        canonical: lossy(text),
        form,
        range: start..start + text.len(),
        sure: false,
        why: "the field is named after it",
    }
}

fn readable(text: &str) -> bool {
    text.chars().all(|letter| !letter.is_control())
}

/// What the Android emulator numbers its access points and devices with (AOSP device/generic/goldfish).
const EMULATOR: &[u8] = &[0x02, 0x15, 0xb2];
