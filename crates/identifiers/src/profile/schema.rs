//! The keys of a profile: one table from which the parser, the template and `docs/profile.md` are made.

use evidence::IdentifierKind::{self, *};

use super::check::{self, Check};

/// A part of the file.
#[derive(Debug)]
pub(super) struct Section {
    /// Its name; empty for the keys before the first section.
    pub(super) name: &'static str,
    /// Whether there may be several: `[[sims]]`.
    pub(super) many: bool,
    /// What it holds, for the template and the documentation.
    pub(super) doc: &'static str,
    /// Its keys.
    pub(super) keys: &'static [Key],
}

/// A key.
#[derive(Debug)]
pub(super) struct Key {
    /// Its name.
    pub(super) name: &'static str,
    /// What becomes of its value.
    pub(super) takes: Takes,
    /// Whether it may be a list.
    pub(super) many: bool,
    /// A value that could be, as TOML.
    pub(super) example: &'static str,
    /// What it is and where to read it.
    pub(super) doc: &'static str,
}

/// What becomes of a value.
#[derive(Clone, Copy, Debug)]
pub(super) enum Takes {
    /// It names a file with one value a line, taken as those of the key without `_file`.
    File,
    /// It goes with its neighbours.
    Setting(Check),
    /// It is searched for.
    Value(IdentifierKind, Check),
}

/// The section whose keys are the user's own labels.
pub(super) const CANARIES: &str = "canaries";
/// The section that `contacts_file` fills.
pub(super) const CONTACTS: &str = "contacts";

const fn one(name: &'static str, takes: Takes, example: &'static str, doc: &'static str) -> Key {
    Key { name, takes, many: false, example, doc }
}

const fn list(name: &'static str, takes: Takes, example: &'static str, doc: &'static str) -> Key {
    Key { name, takes, many: true, example, doc }
}

const fn value(kind: IdentifierKind, check: Check) -> Takes {
    Takes::Value(kind, check)
}

/// The whole format. Every value is synthetic.
pub(super) const SECTIONS: &[Section] = &[
    Section {
        name: "",
        many: false,
        doc: "",
        keys: &[
            one(
                "name",
                Takes::Setting(check::label),
                "\"Test phone, blue\"",
                "What reports call this phone.",
            ),
            one(
                "calling_code",
                Takes::Setting(check::calling_code),
                "49",
                "Country calling code for telephone numbers written without (0151 …).",
            ),
            one(
                "contacts_file",
                Takes::File,
                "\"contacts.vcf\"",
                "The address book: vCard, or CSV whose first line names the columns (name, phone, e-mail).",
            ),
        ],
    },
    Section {
        name: "device",
        many: false,
        doc: "The phone itself.",
        keys: &[
            list(
                "model",
                value(Model, check::text),
                "\"TA-1046\"",
                "Model name and number: Settings, About.",
            ),
            list(
                "serial",
                value(Serial, check::serial),
                "\"PLE7X19213000482\"",
                "`adb get-serialno`, or on the box.",
            ),
            list(
                "imei",
                value(Imei, check::imei),
                "[\"352099001761481\", \"352099001761499\"]",
                "Dial *#06#. 15 digits; 14 (without check digit) and 16 (IMEISV) are understood.",
            ),
            list(
                "meid",
                value(Meid, check::meid),
                "\"a1000009b2c3d4\"",
                "CDMA phones: 14 hex or 18 decimal digits.",
            ),
            list(
                "wifi_mac",
                value(WifiMac, check::mac),
                "\"d0:37:45:ab:01:9f\"",
                "Settings, About, Status; with random addresses give both.",
            ),
            list(
                "bluetooth_mac",
                value(BluetoothMac, check::mac),
                "\"d0:37:45:ab:01:a0\"",
                "Settings, About, Status.",
            ),
            list(
                "android_id",
                value(AndroidId, check::android_id),
                "\"b7e2c91f04d8a356\"",
                "`adb shell settings get secure android_id`; per app since Android 8: give several.",
            ),
            list(
                "build",
                value(Build, check::text),
                "\"HMD/Onyx/B2N:9/PPR1.180610.011/00WW_3_39B:user/release-keys\"",
                "`adb shell getprop ro.build.fingerprint`, and build numbers.",
            ),
            list(
                "hostname",
                value(Hostname, check::text),
                "\"android-4f1c7d20a96be835\"",
                "Name told to the network (DHCP).",
            ),
            list(
                "addresses",
                Takes::Setting(check::address),
                "[\"192.168.43.17\"]",
                "Addresses of the phone in the capture: tells it from other devices. Not searched for.",
            ),
        ],
    },
    Section {
        name: "sims",
        many: true,
        doc: "A SIM card. Repeat the section for each.",
        keys: &[
            one(
                "imsi",
                value(Imsi, check::imsi),
                "\"262019483715260\"",
                "Subscriber number, 15 digits; some phones show it under About, SIM status.",
            ),
            one(
                "iccid",
                value(Iccid, check::iccid),
                "\"8949020073518264919\"",
                "Printed on the card: 19 or 20 digits, begins 89.",
            ),
            one(
                "number",
                value(PhoneNumber, check::number),
                "\"+49 1555 0112358\"",
                "The phone's own number, any writing.",
            ),
            one("calling_code", Takes::Setting(check::calling_code), "49", "For numbers written without."),
            one(
                "mcc",
                Takes::Setting(check::mcc),
                "\"262\"",
                "Mobile country code: first three digits of the IMSI.",
            ),
            one(
                "mnc",
                Takes::Setting(check::mnc),
                "\"01\"",
                "Mobile network code: the two or three digits after; quoted.",
            ),
            one("operator", value(OperatorName, check::text), "\"Musterfunk\"", "As the phone shows it."),
        ],
    },
    Section {
        name: "accounts",
        many: false,
        doc: "Who is signed in.",
        keys: &[
            list(
                "names",
                value(Account, check::token),
                "[\"lena.muster.1987\"]",
                "User names and account numbers, 6 characters or more.",
            ),
            list("emails", value(Email, check::email), "[\"lena.muster@example.org\"]", "E-mail addresses."),
        ],
    },
    Section {
        name: "ids",
        many: false,
        doc: "Identifiers given by software.",
        keys: &[
            list(
                "gaid",
                value(AdvertisingId, check::uuid),
                "\"5f3e8a1c-9b27-4d60-8e14-c7a92b05d3f6\"",
                "Google advertising identifier: Settings, Google, Ads.",
            ),
            list(
                "oaid",
                value(AdvertisingId, check::token),
                "\"e41b7c09a5d2836f\"",
                "Open anonymous device identifier of Chinese vendors.",
            ),
            list(
                "device",
                value(DeviceId, check::token),
                "[\"7c1e94b0-55d3-4f6a-92c8-0ab7e1d4f825\"]",
                "Device identifiers of vendors and libraries.",
            ),
            list(
                "install",
                value(InstallId, check::token),
                "[\"cQ7yR2mXk9\"]",
                "Identifiers of one app's installation.",
            ),
            list(
                "push_token",
                value(PushToken, check::token),
                "\"fE3kP0sWq8LrT6vYb1Nz\"",
                "Push services' tokens.",
            ),
        ],
    },
    Section {
        name: "network",
        many: false,
        doc: "The Wi-Fi in use and in range.",
        keys: &[
            list("bssid", value(Bssid, check::mac), "[\"9c:c7:a6:5d:21:40\"]", "Access points' addresses."),
            list("ssid", value(Ssid, check::ssid), "[\"Zaunkoenig-5GHz\"]", "Networks' names."),
        ],
    },
    Section {
        name: "cells",
        many: true,
        doc: "A radio cell that the phone used. Repeat the section for each.",
        keys: &[
            one("cell_id", value(CellId, check::cell_id), "27447297", "Decimal, or hex as \"0x1A2D001\"."),
            one("lac", value(LocationArea, check::area), "41253", "Location area code (2G, 3G)."),
            one("tac", value(LocationArea, check::area), "50721", "Tracking area code (4G, 5G)."),
            one("mcc", Takes::Setting(check::mcc), "\"262\"", "Its network, where another than the SIM's."),
            one("mnc", Takes::Setting(check::mnc), "\"01\"", "Its network, where another than the SIM's."),
        ],
    },
    Section {
        name: "position",
        many: false,
        doc: "Where the phone was, in decimal degrees.",
        keys: &[
            one("lat", Takes::Setting(check::latitude), "53.561273", "Degrees north."),
            one("lon", Takes::Setting(check::longitude), "9.914682", "Degrees east."),
            one(
                "radius",
                Takes::Setting(check::radius),
                "500",
                "Metres within which it moved; 1000 where not given.",
            ),
        ],
    },
    Section {
        name: CONTACTS,
        many: true,
        doc: "A person in the address book. Repeat the section for each, or use contacts_file.",
        keys: &[
            one("name", value(ContactName, check::text), "\"Quirin Abendroth\"", "As in the address book."),
            list("numbers", value(ContactNumber, check::number), "[\"+49 1555 0183921\"]", "Any writing."),
            list("emails", value(Email, check::email), "[\"quirin@example.net\"]", "E-mail addresses."),
        ],
    },
    Section {
        name: "sms",
        many: true,
        doc: "A message sent or received. Repeat the section for each.",
        keys: &[
            one(
                "peer",
                value(SmsPeer, check::peer),
                "\"+49 1555 0199017\"",
                "The other's number, or the name it sends under.",
            ),
            one(
                "text",
                value(MessageText, check::text),
                "\"Der Zeisig singt um halb sieben\"",
                "What it says.",
            ),
        ],
    },
    Section {
        name: "calls",
        many: true,
        doc: "A call. Repeat the section for each.",
        keys: &[one("peer", value(CallPeer, check::number), "\"+49 1555 0177263\"", "The other's number.")],
    },
    Section {
        name: "planted",
        many: false,
        doc: "What was typed, visited, stored and played to see whether it leaves. Rare words and names serve best.",
        keys: &[
            list(
                "files",
                value(FileName, check::text),
                "[\"Nachtigall-Protokoll.pdf\"]",
                "File and folder names.",
            ),
            list(
                "words",
                value(TypedWord, check::text),
                "[\"quittenmarmelade\"]",
                "Words typed on the keyboard.",
            ),
            list(
                "searches",
                value(SearchWord, check::text),
                "[\"zwergtaucher winterquartier\"]",
                "Words searched for.",
            ),
            list("urls", value(Url, check::url), "[\"https://example.org/eisvogel-7731\"]", "Pages visited."),
            list("songs", value(SongTitle, check::text), "[\"Lied der Rohrdommel\"]", "Titles played."),
            list(
                "packages",
                value(Package, check::package),
                "[\"org.example.vogelstimmen\"]",
                "Installed apps: `adb shell pm list packages`.",
            ),
            one("files_file", Takes::File, "\"files.txt\"", "More of them, one a line."),
            one("words_file", Takes::File, "\"words.txt\"", "More of them, one a line."),
            one("searches_file", Takes::File, "\"searches.txt\"", "More of them, one a line."),
            one("urls_file", Takes::File, "\"urls.txt\"", "More of them, one a line."),
            one("songs_file", Takes::File, "\"songs.txt\"", "More of them, one a line."),
            one(
                "packages_file",
                Takes::File,
                "\"packages.txt\"",
                "More of them, one a line; the output of `pm list packages` as it is.",
            ),
        ],
    },
    Section {
        name: CANARIES,
        many: false,
        doc: "Anything else, under labels of your own: label = \"text\", or label = { text = \"…\", kind = \"search_word\", mode = \"private\" }. The kinds are those of case.json; the mode is yours.",
        keys: &[],
    },
];

impl Section {
    /// The section of this name.
    pub(super) fn named(name: &str) -> Option<&'static Self> {
        SECTIONS.iter().find(|section| section.name == name)
    }

    /// Its key of this name.
    pub(super) fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.name == name)
    }
}

/// The check of the first key that takes such a kind; any text for the others.
pub(super) fn check_of(kind: IdentifierKind) -> Check {
    let keys = SECTIONS.iter().flat_map(|section| section.keys);
    let mut checks = keys.filter_map(|key| match key.takes {
        Takes::Value(taken, check) if taken == kind => Some(check),
        _ => None,
    });
    checks.next().unwrap_or(check::text)
}
