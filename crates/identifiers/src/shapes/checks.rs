//! The validators by name, as `data/field_names.toml` refers to them, and what they all share.

use std::ops::Range;

use evidence::IdentifierKind;
use serde::Deserialize;

use super::{agent, gsm, network, place, tokens, words};

/// A value that stood up to its check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hit {
    /// What it is, where the check knows better than the row that asked for it.
    pub(super) kind: Option<IdentifierKind>,
    /// Canonical writing.
    pub(super) canonical: String,
    /// The form it stood in.
    pub(super) form: &'static str,
    /// Where it stands in the value.
    pub(super) range: Range<usize>,
    /// Whether the form speaks for it (a check digit, a known prefix), and not only its name.
    pub(super) sure: bool,
    /// What speaks for it.
    pub(super) why: &'static str,
}

impl Hit {
    /// The same as another kind than the row says.
    pub(super) fn of(self, kind: IdentifierKind) -> Self {
        Self { kind: Some(kind), ..self }
    }
}

macro_rules! checks {
    ($($(#[$doc:meta])* $name:ident => $function:path;)*) => {
        /// What a value must stand up to.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub(super) enum Check { $($(#[$doc])* $name,)* }

        impl Check {
            /// Every check, for the tests that hold all of them to the same law.
            #[cfg(test)]
            const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Adds what `value` holds.
            pub(super) fn run(self, value: &[u8], hits: &mut Vec<Hit>) {
                match self { $(Self::$name => $function(value, hits),)* }
            }
        }
    };
}

checks! {
    /// Name or number of an account.
    Account => tokens::account;
    /// UUID, or the hexadecimal forms of an OAID.
    AdvertisingId => tokens::advertising_id;
    /// A user agent: model, system, build, language.
    Agent => agent::agent;
    /// 64 bits in hex.
    AndroidId => tokens::android_id;
    /// MAC address of an access point; also locally administered ones.
    Bssid => network::bssid;
    /// Build number or fingerprint.
    Build => words::build;
    /// Number of a radio cell.
    CellId => gsm::cell_id;
    /// A cell's number in hex.
    CellIdHex => gsm::cell_id_hex;
    /// Number of 14 or more digits.
    DecimalId => tokens::decimal_id;
    /// E-mail address.
    Email => words::email;
    /// The list that Facebook's SDK describes the device with.
    FacebookDevice => agent::facebook_device;
    /// Path or name of a file.
    FileName => words::file_name;
    /// The hash of a value, told by its length.
    Hash => hash;
    /// A device's own name on a network.
    Hostname => network::hostname;
    /// SIM card number.
    Iccid => gsm::iccid;
    /// A UUID behind `ifa:`.
    Ifa => tokens::ifa;
    /// IMEI, IMEISV, or 14 digits of one.
    Imei => gsm::imei;
    /// IMEI of 15 digits with the commonest allocation prefixes, for fields that do not name it.
    ImeiStrict => gsm::imei_strict;
    /// IMSI.
    Imsi => gsm::imsi;
    /// Location area code.
    LocationArea => gsm::location_area;
    /// Geographical latitude.
    Latitude => place::latitude;
    /// Language tag.
    Locale => words::locale;
    /// Geographical longitude.
    Longitude => place::longitude;
    /// MAC address of a device, globally unique.
    Mac => network::mac;
    /// Mobile country code.
    Mcc => gsm::mcc;
    /// MAC address of a device, written with separators.
    MacSeparated => network::mac_separated;
    /// Country and network code together.
    MccMnc => gsm::mcc_mnc;
    /// MEID.
    Meid => gsm::meid;
    /// Mobile network code.
    Mnc => gsm::mnc;
    /// Phone model.
    Model => words::model;
    /// Mobile operator's name.
    OperatorName => words::operator_name;
    /// Version of the operating system.
    OsVersion => words::os_version;
    /// One package name, or a list of some.
    Package => words::package;
    /// A person's name.
    PersonName => words::person_name;
    /// Telephone number.
    Phone => gsm::phone;
    /// Latitude and longitude in one value.
    Position => place::position;
    /// Address in the public internet.
    PublicIp => network::public_ip;
    /// Token of a push service.
    PushToken => tokens::push_token;
    /// UUID, hex or a pair of numbers: what no word or key looks like.
    RandomId => tokens::random_id;
    /// Width or height of a screen in pixels.
    ScreenSide => words::screen_side;
    /// Screen size, `1080x1920`.
    Screen => words::screen;
    /// Hardware serial number.
    Serial => tokens::serial;
    /// Name of a Wi-Fi network.
    Ssid => network::ssid;
    /// Free text: typed words, messages, titles.
    Text => words::text;
    /// 128 bits or what looks like them.
    Token => tokens::token;
    /// UUID.
    Uuid => tokens::uuid;
    /// Address of a page.
    Url => words::url;
    /// DHCP vendor class.
    VendorClass => network::vendor_class;
}

/// The hash of a value in its place, recognised by its length: MD5, SHA-1 or SHA-256 in hex.
pub(super) fn hash(value: &[u8], hits: &mut Vec<Hit>) {
    let (text, start) = trim(value);
    let form = match text.len() {
        32 => "md5/hex",
        40 => "sha1/hex",
        64 => "sha256/hex",
        _ => return,
    };
    if text.iter().all(u8::is_ascii_hexdigit) {
        hits.push(Hit {
            kind: None,
            canonical: lossy(text).to_ascii_lowercase(),
            form,
            range: start..start + text.len(),
            sure: false,
            why: "the field is named after it, and the value has a hash's length",
        });
    }
}

/// The value without white space and quotes around it, and where that begins.
pub(super) fn trim(value: &[u8]) -> (&[u8], usize) {
    let outer = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | 0);
    let start = value.iter().position(|byte| !outer(byte)).unwrap_or(value.len());
    let end = value.iter().rposition(|byte| !outer(byte)).map_or(start, |last| last + 1);
    (value.get(start..end).unwrap_or_default(), start)
}

/// The members of a list written into one value, and where each begins; a single value is a list of one.
/// At most 64.
pub(super) fn items(value: &[u8]) -> impl Iterator<Item = (&[u8], usize)> {
    let mut start = 0;
    let parts = value.split(|byte| matches!(byte, b',' | b';' | b'|' | b'\n' | b'[' | b']' | b'{' | b'}'));
    let placed = parts.map(move |part| {
        let at = start;
        start += part.len() + 1;
        (part, at)
    });
    let trimmed = placed.map(|(part, at)| {
        let (text, skipped) = trim(part);
        (text, at + skipped)
    });
    trimmed.filter(|(text, _)| !text.is_empty()).take(64)
}

/// Text for people: what is not UTF-8 is replaced, and it ends after 256 characters.
pub(super) fn lossy(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        // As most are.
        Ok(text) if text.len() <= 256 => text.to_owned(),
        _ => {
            let head = bytes.get(..bytes.len().min(1024)).unwrap_or_default();
            String::from_utf8_lossy(head).chars().take(256).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*, sample::select};

    use super::*;

    /// Bytes that checks look for, so that random values get past their first looks.
    fn telling() -> impl Strategy<Value = Vec<u8>> {
        let piece = select(vec![
            "a",
            "9",
            "0",
            "35",
            "+49",
            "1c:b9:c4:29:af:90",
            "-",
            ":",
            ".",
            "@",
            "de",
            "com.",
            "org.a.",
            "/",
            " ",
            ",",
            "\"",
            "[",
            "(",
            ")",
            "Android ",
            "Android (",
            "Build/",
            "x",
            "F",
            "30",
            "APA91b",
            "-keys",
            "%3A",
            "\u{fc}",
            "https://",
            "geo:",
            "ifa:",
            "6893478203941183494",
            "356938035643809",
            "iPhone OS ",
            "[FB",
            "FBCR/",
            "<",
            "\0",
            "_",
            ";",
        ]);
        prop_oneof![
            vec(any::<u8>(), 0..80),
            vec(piece, 0..24).prop_map(|pieces| pieces.concat().into_bytes())
        ]
    }

    proptest! {
        #[test]
        fn no_value_upsets_a_check_and_every_hit_lies_in_the_value(value in telling()) {
            for check in Check::ALL {
                let mut hits = Vec::new();
                check.run(&value, &mut hits);
                for hit in hits {
                    prop_assert!(hit.range.start < hit.range.end && hit.range.end <= value.len(), "{check:?} {hit:?}");
                    prop_assert!(!hit.canonical.is_empty() && hit.canonical.chars().count() <= 257, "{check:?} {hit:?}");
                }
            }
        }
    }
}
