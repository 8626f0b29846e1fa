//! One value of every kind that a profile can hold, in the writings in which apps send it.

use crate::codes::{bcd, bcd_swapped, unhex, varint};

/// Where a value's plain writing counts: what `docs/profile.md` says under "Rare values serve best".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tells {
    /// It tells enough to be no accident wherever it stands.
    Anywhere,
    /// As the value of a field.
    InField,
    /// As the value of a field whose name fits.
    UnderItsName,
}

/// A value of the profile.
pub(crate) struct Planted {
    /// As sightings call it.
    pub(crate) label: &'static str,
    /// The name of fields that hold it.
    pub(crate) name: &'static str,
    pub(crate) tells: Tells,
    /// As text; the first as most apps write it.
    pub(crate) writings: Vec<&'static str>,
    /// As bytes: the name of the form, and the bytes.
    pub(crate) packed: Vec<(&'static str, Vec<u8>)>,
    /// The first writing of what is nearly it, and must not be taken for it.
    pub(crate) near: &'static str,
}

pub(crate) const PROFILE: &str = r#"
calling_code = 49
[device]
model = "TA-1046"
serial = "PLE7X19213000482"
imei = "352099001761481"
meid = "a1000009b2c3d4"
wifi_mac = "d0:37:45:ab:01:9f"
bluetooth_mac = "2c:f0:5d:7e:91:b3"
android_id = "b7e2c91f04d8a356"
build = "HMD/Onyx/B2N:9/PPR1.180610.011/00WW_3_39B:user/release-keys"
hostname = "android-4f1c7d20a96be835"
[[sims]]
imsi = "262019483715260"
iccid = "8949020073518264919"
number = "+49 1555 0112358"
mcc = "262"
mnc = "07"
operator = "Musterfunk"
[accounts]
names = "lena.muster.1987"
emails = "lena.muster@example.org"
[ids]
gaid = "5f3e8a1c-9b27-4d60-8e14-c7a92b05d3f6"
oaid = "e41b7c09a5d2836f"
device = "7c1e94b0-55d3-4f6a-92c8-0ab7e1d4f825"
install = "cQ7yR2mXk9"
push_token = "fE3kP0sWq8LrT6vYb1Nz"
[network]
bssid = "9c:c7:a6:5d:21:40"
ssid = "Zaunkoenig-5GHz"
[[cells]]
cell_id = 27447297
lac = 41253
[position]
lat = 53.561273
lon = 9.914682
[[contacts]]
name = "Quirin Abendroth"
numbers = "+49 1555 0183921"
emails = "quirin@example.net"
[[sms]]
peer = "+49 1555 0199017"
text = "Der Zeisig singt um halb sieben"
[[calls]]
peer = "+49 1555 0177263"
[planted]
files = "Nachtigall-Protokoll.pdf"
words = "quittenmarmelade"
searches = "zwergtaucher winterquartier"
urls = "https://example.org/eisvogel-7731"
songs = "Lied der Rohrdommel"
packages = "org.example.vogelstimmen"
[canaries]
mine = "krickente 4417"
"#;

/// Every value of [`PROFILE`].
pub(crate) fn planted() -> Vec<Planted> {
    use Tells::{Anywhere, InField, UnderItsName};
    let numbers = ["+4915550112358", "004915550112358", "015550112358", "4915550112358", "+49 1555 0112358"];
    let contact = ["+4915550183921", "015550183921", "+49-1555-0183921"];
    vec![
        text("device.model", "model", InField, &["TA-1046"], "TA-1047"),
        text(
            "device.serial",
            "serial",
            Anywhere,
            &["PLE7X19213000482", "ple7x19213000482"],
            "PLE7X19213000483",
        ),
        number(
            "device.imei",
            "imei",
            &["352099001761481", "35209900176148", "35-209900-176148-1", "3520990017614807"],
            "352099001761499",
        ),
        bytes("device.meid", "meid", &["a1000009b2c3d4", "A1000009B2C3D4"], "a1000009b2c3d5"),
        bytes("device.wifi_mac", "wifi_mac", &MAC, "d0:37:45:ab:01:9e"),
        bytes("device.bluetooth_mac", "bt_addr", &["2c:f0:5d:7e:91:b3", "2CF05D7E91B3"], "2c:f0:5d:7e:91:b4"),
        bytes(
            "device.android_id",
            "android_id",
            &["b7e2c91f04d8a356", "B7E2C91F04D8A356"],
            "b7e2c91f04d8a357",
        ),
        text(
            "device.build",
            "fingerprint",
            Anywhere,
            &["HMD/Onyx/B2N:9/PPR1.180610.011/00WW_3_39B:user/release-keys"],
            "HMD/Onyx/B2N:9/PPR1.180610.011/00WW_3_39C:user/release-keys",
        ),
        text(
            "device.hostname",
            "hostname",
            Anywhere,
            &["android-4f1c7d20a96be835"],
            "android-4f1c7d20a96be836",
        ),
        number("sims[0].imsi", "imsi", &["262019483715260"], "262019483715261"),
        number(
            "sims[0].iccid",
            "iccid",
            &["8949020073518264919", "894902007351826491"],
            "8949020073518264927",
        ),
        text("sims[0].number", "msisdn", Anywhere, &numbers, "+4915550112359"),
        text("sims[0].mcc_mnc", "mcc_mnc", UnderItsName, &["26207", "262,07", "262-07"], "26208"),
        text("sims[0].operator", "operator", InField, &["Musterfunk"], "Mustermann"),
        text(
            "accounts.names",
            "user",
            Anywhere,
            &["lena.muster.1987", "Lena.Muster.1987"],
            "lena.muster.1988",
        ),
        text(
            "accounts.emails",
            "email",
            Anywhere,
            &["lena.muster@example.org", "LENA.MUSTER@EXAMPLE.ORG"],
            "lena.muster@example.com",
        ),
        bytes("ids.gaid", "gaid", &GAID, "5f3e8a1c-9b27-4d60-8e14-c7a92b05d3f7"),
        bytes("ids.oaid", "oaid", &["e41b7c09a5d2836f"], "e41b7c09a5d2836e"),
        bytes(
            "ids.device",
            "device_id",
            &["7c1e94b0-55d3-4f6a-92c8-0ab7e1d4f825"],
            "7c1e94b0-55d3-4f6a-92c8-0ab7e1d4f826",
        ),
        text("ids.install", "iid", Anywhere, &["cQ7yR2mXk9"], "cQ7yR2mXk8"),
        text("ids.push_token", "push_token", Anywhere, &["fE3kP0sWq8LrT6vYb1Nz"], "fE3kP0sWq8LrT6vYb1Nx"),
        bytes(
            "network.bssid",
            "bssid",
            &["9c:c7:a6:5d:21:40", "9C-C7-A6-5D-21-40", "9cc7a65d2140"],
            "9c:c7:a6:5d:21:41",
        ),
        text("network.ssid", "ssid", Anywhere, &["Zaunkoenig-5GHz"], "Zaunkoenig-6GHz"),
        text("cells[0].cell_id", "cell_id", UnderItsName, &["27447297", "1a2d001"], "27447298"),
        text("cells[0].lac", "lac", UnderItsName, &["41253", "a125"], "41254"),
        text(
            "position",
            "location",
            Anywhere,
            &["53.561273,9.914682", "53.5613,9.9147"],
            "53.861273,9.414682",
        ),
        text(
            "contacts[0].name",
            "name",
            Anywhere,
            &["Quirin Abendroth", "Abendroth, Quirin"],
            "Quirin Abendrot",
        ),
        text("contacts[0].numbers", "phone", Anywhere, &contact, "+4915550183922"),
        text("contacts[0].emails", "email", Anywhere, &["quirin@example.net"], "quirin@example.com"),
        text("sms[0].peer", "from", Anywhere, &["+4915550199017", "015550199017"], "+4915550199018"),
        text(
            "sms[0].text",
            "body",
            Anywhere,
            &["Der Zeisig singt um halb sieben"],
            "Der Zeisig sang um halb sieben",
        ),
        text("calls[0].peer", "callee", Anywhere, &["+4915550177263"], "+4915550177264"),
        text("planted.files", "file", Anywhere, &["Nachtigall-Protokoll.pdf"], "Nachtigall-Protokoll.doc"),
        text(
            "planted.words",
            "word",
            Anywhere,
            &["quittenmarmelade", "Quittenmarmelade"],
            "quittenmarmalade",
        ),
        text(
            "planted.searches",
            "q",
            Anywhere,
            &["zwergtaucher winterquartier", "zwergtaucher+winterquartier"],
            "zwergtaucher winterquartal",
        ),
        text(
            "planted.urls",
            "url",
            Anywhere,
            &["https://example.org/eisvogel-7731"],
            "https://example.org/eisvogel-7732",
        ),
        text("planted.songs", "song", Anywhere, &["Lied der Rohrdommel"], "Lied der Rohrdommeln"),
        text("planted.packages", "pkg", Anywhere, &["org.example.vogelstimmen"], "org.example.vogelstimmer"),
        text("canaries.mine", "note", Anywhere, &["krickente 4417"], "krickente 4418"),
    ]
}

fn text(
    label: &'static str,
    name: &'static str,
    tells: Tells,
    writings: &[&'static str],
    near: &'static str,
) -> Planted {
    Planted { label, name, tells, writings: writings.to_vec(), packed: Vec::new(), near }
}

/// A value that is also sent as its bytes.
fn bytes(label: &'static str, name: &'static str, writings: &[&'static str], near: &'static str) -> Planted {
    let packed = vec![("packed", unhex(writings[0]))];
    Planted { packed, ..text(label, name, Tells::Anywhere, writings, near) }
}

/// A number that is also sent in packed digits and as an integer.
fn number(label: &'static str, name: &'static str, writings: &[&'static str], near: &'static str) -> Planted {
    let digits = writings[0];
    let integer: u64 = digits.parse().unwrap();
    let packed = vec![
        ("bcd", bcd(digits)),
        ("bcd swapped", bcd_swapped(digits)),
        ("64 bits, little-endian", integer.to_le_bytes().to_vec()),
        ("64 bits, big-endian", integer.to_be_bytes().to_vec()),
        ("varint", varint(integer)),
    ];
    Planted { packed, ..text(label, name, Tells::Anywhere, writings, near) }
}

const MAC: [&str; 5] =
    ["d0:37:45:ab:01:9f", "D0:37:45:AB:01:9F", "D0-37-45-AB-01-9F", "d03745ab019f", "d037.45ab.019f"];
const GAID: [&str; 3] = [
    "5f3e8a1c-9b27-4d60-8e14-c7a92b05d3f6",
    "5F3E8A1C-9B27-4D60-8E14-C7A92B05D3F6",
    "5f3e8a1c9b274d608e14c7a92b05d3f6",
];
