//! Which names of fields fit which kinds of values.
//!
//! `262` is a country code where the field is called `mcc`, and nothing anywhere else.

use evidence::IdentifierKind::{self, *};

/// Whether a field of this name may well hold a value of this kind.
pub(super) fn fits(kind: IdentifierKind, name: &str) -> bool {
    let (parts, words) = match kind {
        CellId | LocationArea => (CELL_PARTS, CELL_WORDS),
        MccMnc => (NETWORK_PARTS, NETWORK_WORDS),
        OperatorName => (NETWORK_PARTS, NETWORK_WORDS),
        Position => (POSITION_PARTS, POSITION_WORDS),
        PhoneNumber | ContactNumber | SmsPeer | CallPeer => (NUMBER_PARTS, NUMBER_WORDS),
        Model | OsVersion | Build | Screen | Locale => (DEVICE_PARTS, DEVICE_WORDS),
        ContactName | MessageText | TypedWord | SearchWord | SongTitle | FileName | Canary => {
            (TEXT_PARTS, TEXT_WORDS)
        }
        Ssid | Hostname => (WIFI_PARTS, WIFI_WORDS),
        _ => (&[] as &[&str], &[] as &[&str]),
    };
    let lower = name.to_ascii_lowercase();
    parts.iter().any(|part| lower.contains(part))
        || split(name).any(|word| words.iter().any(|known| word.eq_ignore_ascii_case(known)))
}

/// The words of a name: `simMccMnc`, `SIM1_CID`, `cell-id`.
fn split(name: &str) -> impl Iterator<Item = &str> {
    name.split(|letter: char| !letter.is_ascii_alphabetic()).flat_map(humps).filter(|word| !word.is_empty())
}

/// Parts that begin where a capital follows a small letter.
fn humps(word: &str) -> impl Iterator<Item = &str> {
    let mut rest = word;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let cut = rest
            .as_bytes()
            .array_windows::<2>()
            .position(|[a, b]| a.is_ascii_lowercase() && b.is_ascii_uppercase());
        let (word, after) = rest.split_at_checked(cut.map_or(rest.len(), |at| at + 1))?;
        rest = after;
        Some(word)
    })
}

const CELL_PARTS: &[&str] = &["cell", "enodeb", "basestation", "lacid", "tracking_area"];
const CELL_WORDS: &[&str] = &[
    "cid", "ci", "eci", "nci", "cgi", "ecgi", "lac", "tac", "enb", "bts", "bs", "gsm", "lte", "loc",
    "location", "lbs", "area",
];
const NETWORK_PARTS: &[&str] = &["carrier", "operator", "plmn", "mcc", "mnc", "provider", "network"];
const NETWORK_WORDS: &[&str] = &["sim", "isp", "net", "spn", "op", "cell", "imsi"];
const POSITION_PARTS: &[&str] = &["latit", "longit", "coord", "position", "location", "geo", "gps"];
const POSITION_WORDS: &[&str] = &["lat", "lon", "lng", "long", "pos", "loc", "ll", "x", "y", "point"];
const NUMBER_PARTS: &[&str] = &[
    "phone",
    "number",
    "msisdn",
    "mobile",
    "contact",
    "sender",
    "receiver",
    "recipient",
    "caller",
    "address",
];
const NUMBER_WORDS: &[&str] =
    &["tel", "num", "no", "nr", "from", "to", "peer", "sms", "call", "cell", "addr", "line"];
const DEVICE_PARTS: &[&str] = &[
    "model",
    "device",
    "product",
    "build",
    "version",
    "screen",
    "display",
    "resolution",
    "locale",
    "lang",
    "region",
    "country",
    "hardware",
    "user-agent",
    "useragent",
];
const DEVICE_WORDS: &[&str] = &["os", "ver", "ua", "sw", "fw", "sdk", "dm", "md", "mod", "brand", "cc", "hl"];
const TEXT_PARTS: &[&str] = &[
    "name", "query", "search", "word", "text", "title", "keyword", "message", "input", "file", "song",
    "contact",
];
const TEXT_WORDS: &[&str] = &["q", "kw", "wd", "s", "term", "body", "msg", "content", "track"];
const WIFI_PARTS: &[&str] = &["ssid", "wifi", "wlan", "host", "network"];
const WIFI_WORDS: &[&str] = &["ap", "name", "router", "hotspot"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_by_their_words() {
        let rows = [
            (CellId, "SIM1CELLID", true),
            (CellId, "cid", true),
            (CellId, "netCid", true),
            (CellId, "accident", false),
            (LocationArea, "lac", true),
            (LocationArea, "place", false),
            (LocationArea, "contact", false),
            (MccMnc, "_carrier", true),
            (MccMnc, "simOperator", true),
            (MccMnc, "id", false),
            (Position, "lat", true),
            (Position, "platform", false),
            (Position, "user.location.[].x", true),
            (PhoneNumber, "phoneNumber", true),
            (PhoneNumber, "tel", true),
            (PhoneNumber, "hotel", false),
        ];
        for (kind, name, fit) in rows {
            assert_eq!(fits(kind, name), fit, "{name}");
        }
    }
}
