//! Every form of every value, embedded in text, JSON and noise: found, once, as that value.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test's own bytes; it may fail"
)]

use evidence::{Carrier, IdentifierKind};
use identifiers::{
    Match, NeedleId, Needles, Profile,
    shapes::{Confidence, FieldView, Shapes},
};

/// A profile with a value of every kind that the format knows.
fn profile() -> Profile {
    let template: String = Profile::template()
        .lines()
        .filter(|line| !line.contains("_file =") && !line.starts_with("# "))
        .map(|line| line.trim_start_matches('#').to_owned() + "\n")
        .collect();
    Profile::parse(&template, &mut |_| Err("no files".to_owned()))
        .unwrap_or_else(|errors| panic!("{errors:#?}"))
}

fn values(needles: &Needles, found: &[Match]) -> Vec<usize> {
    found.iter().map(|found| needles.needle(found.needle).value).collect()
}

/// Bytes around a needle, none of which continue it: as in a text, in JSON, in binary noise.
const AROUND: [(&[u8], &[u8]); 4] = [
    (b"", b""),
    (b"GET /p?device=", b"&lang=de HTTP/1.1\r\nHost: stats.example\r\n"),
    (b"{\"event\":\"start\",\"props\":{\"v\":\"", b"\",\"t\":\"a9f\"}}"),
    (&[0x8f, 0x02, 0xf1, 0x1a, 0x9c, 0xe3, 0x00, 0xb7, 0xf8], &[0xf8, 0x07, 0xc4, 0x10, 0xee, 0x93, 0x1f]),
];

#[test]
fn each_form_is_found_once_wherever_it_stands() {
    let profile = profile();
    let needles = Needles::build(&profile);
    let mut forms = 0;
    for id in (0..needles.len()).map(|id| NeedleId(id as u32)).filter(|&id| !needles.needle(id).field_only) {
        let needle = needles.needle(id);
        for (before, after) in AROUND {
            // The version's two digits belong to the form, not to the needle.
            let version: &[u8] = if needle.form.0.starts_with("imeisv") { b"07" } else { b"" };
            let (bytes, own) = needles.example(id);
            let text = [before, &bytes, version, after].concat();
            let mut found = Vec::new();
            needles.search(&text, &mut found);
            let matches: Vec<&Match> =
                found.iter().filter(|found| needles.needle(found.needle).value == needle.value).collect();
            let label = &profile.values()[needle.value].label;
            assert_eq!(
                matches.len(),
                1,
                "{label} as {} in {:?}: {matches:?}",
                needle.form.0,
                String::from_utf8_lossy(&text)
            );
            let place = before.len() + own.start..before.len() + own.end + version.len();
            assert!(
                matches[0].start <= place.start && matches[0].end >= place.end,
                "{label} as {}: {matches:?} {place:?}",
                needle.form.0
            );
            forms += 1;
        }
    }
    println!("{} values, {forms} places", profile.values().len());
    assert!(forms > 10_000, "{forms}");
}

/// What the template shows as an example is found without a profile too, where it stands in a field of its name.
#[test]
fn the_templates_numbers_stand_up_to_their_checks() {
    let shapes = Shapes::new();
    let wanted = [
        (IdentifierKind::Imei, "imei"),
        (IdentifierKind::Imsi, "imsi"),
        (IdentifierKind::Iccid, "iccid"),
        (IdentifierKind::WifiMac, "mac"),
        (IdentifierKind::Meid, "meid"),
    ];
    for (kind, name) in wanted {
        for value in profile().values().iter().filter(|value| value.kind == kind) {
            let mut found = Vec::new();
            let bytes = value.canonical.as_bytes();
            let (carrier, decoder) = (Carrier::Body, "json");
            shapes.field(FieldView { name, parent: "", value: bytes, carrier, decoder }, &mut found);
            let found: Vec<_> =
                found.iter().map(|shape| (shape.kind, shape.canonical.as_str(), shape.confidence)).collect();
            assert_eq!(found, [(kind, value.canonical.as_str(), Confidence::Both)]);
        }
    }
}

#[test]
fn forms_tell_case_and_length() {
    let profile = profile();
    let needles = Needles::build(&profile);
    let rows: &[(&[u8], &str, &str)] = &[
        (b"imei=352099001761481;", "device.imei[0]", "digits"),
        (b"imei=35209900176148;", "device.imei[0]", "digits[..14]"),
        (b"mac=D0:37:45:AB:01:9F;", "device.wifi_mac", "colon-upper"),
        (b"mac=d03745ab019f;", "device.wifi_mac", "plain-lower"),
        (b"mac=d03745AB019f;", "device.wifi_mac", "plain-mixed"),
        (b"+4915550112358", "sims[0].number", "e164"),
        (b"tel:015550112358,", "sims[0].number", "national"),
        (b"w=Quittenmarmelade&", "planted.words[0]", "text-mixed"),
        (b"w=quittenmarmelade&", "planted.words[0]", "text"),
    ];
    for (text, label, form) in rows {
        let mut found = Vec::new();
        needles.search(text, &mut found);
        let labels: Vec<&str> = values(&needles, &found)
            .into_iter()
            .map(|value| profile.values()[value].label.as_str())
            .collect();
        assert_eq!(labels, [*label], "{}", String::from_utf8_lossy(text));
        assert_eq!(needles.form(&found[0], text).0, *form);
    }
}

#[test]
fn truncated_digests_are_followed_as_far_as_they_agree() {
    let profile = profile();
    let needles = Needles::build(&profile);
    let whole = (0..needles.len()).map(|id| NeedleId(id as u32)).find(|&id| {
        let needle = needles.needle(id);
        needle.form.0 == "sha256/hex" && profile.values()[needle.value].label == "device.imei[0]"
    });
    let hex = String::from_utf8(needles.bytes(whole.unwrap()).to_vec()).unwrap();
    for (len, form) in [(64, "sha256/hex"), (32, "sha256[..16]/hex"), (16, "sha256[..8]/hex")] {
        let text = format!("h={}&x", hex[..len].to_uppercase());
        let mut found = Vec::new();
        needles.search(text.as_bytes(), &mut found);
        assert_eq!(found.len(), 1, "{len}");
        assert_eq!(needles.form(&found[0], text.as_bytes()).0, form);
        assert_eq!(found[0].start..found[0].end, 2..2 + len);
    }
    let mut found = Vec::new();
    needles.search(&hex.as_bytes()[..15], &mut found);
    assert_eq!(found, []);
}

/// A field's name and value; the label and form expected.
type Row = (&'static str, &'static str, Option<(&'static str, &'static str)>);

#[test]
fn short_values_count_in_fitting_fields_only() {
    let profile = profile();
    let needles = Needles::build(&profile);
    let rows: &[Row] = &[
        ("SIM1CELLID", "27447297", Some(("cells[0].cell_id", "digits"))),
        // Eight digits that are no day are no small number either.
        ("count", "27447297", Some(("cells[0].cell_id", "digits"))),
        ("cid", "1A2D001", Some(("cells[0].cell_id", "hex-number-upper"))),
        ("lac", "41253", Some(("cells[0].lac", "digits"))),
        ("price", "41253", None),
        ("_carrier", "262,01", Some(("sims[0].mcc_mnc", "plmn"))),
        ("simOperator", "26201", Some(("sims[0].mcc_mnc", "plmn"))),
        ("id", "26201", None),
        ("op", "Musterfunk", Some(("sims[0].operator", "text"))),
        (
            "User-Agent",
            "Dalvik/2.1.0 (Linux; U; Android 9; TA-1046 Build/PPR1)",
            Some(("device.model", "text")),
        ),
        ("x", "TA-10467", None),
        ("lat", "53.5613", Some(("position", "lat.4"))),
        ("price", "53.5613", None),
        ("lat", "153.5613", None),
        ("phone", "015 550 112 358", Some(("sims[0].number", "separated"))),
        ("note", "+49(15550)11-23-58", Some(("sims[0].number", "separated"))),
        // The search of the buffer finds these.
        ("phone", "+4915550112358", None),
        ("phone", "+49 1555 0112358", None),
    ];
    for (name, value, expected) in rows {
        let mut found = Vec::new();
        needles.search_field(name, value.as_bytes(), &mut found);
        let got: Vec<(&str, String)> = found
            .iter()
            .map(|found| {
                (
                    profile.values()[needles.needle(found.needle).value].label.as_str(),
                    needles.form(found, value.as_bytes()).0,
                )
            })
            .collect();
        let expected: Vec<(&str, String)> =
            expected.iter().map(|(label, form)| (*label, (*form).to_owned())).collect();
        assert_eq!(got, expected, "{name} = {value}");
    }
}

/// Protobuf: field 2 is the IMSI, field 6 (tag 0x32, the digit 2) follows.
#[test]
fn framing_that_looks_like_digits_hides_nothing() {
    let profile = profile();
    let needles = Needles::build(&profile);
    let buffer = b"\x12\x0f2620194837152602\x03abc";
    let mut found = Vec::new();
    needles.search(buffer, &mut found);
    assert_eq!(found, [], "to the buffer's search it is a longer number");
    needles.search_value("2", buffer, 2..17, &mut found);
    assert_eq!(found.iter().map(|found| (found.start, found.end)).collect::<Vec<_>>(), [(2, 17)]);
    assert_eq!(needles.form(&found[0], buffer).0, "digits");

    // Where the buffer's search finds it, it is not said twice.
    let buffer = b"\x12\x0f262019483715260\x1a\x03abc";
    found.clear();
    needles.search(buffer, &mut found);
    needles.search_value("2", buffer, 2..17, &mut found);
    assert_eq!(found.len(), 1);
}

/// MessagePack and CBOR hold small numbers as integers with a type before them: such a one counts in a field whose name
/// fits, as the same number in JSON does.
#[test]
fn short_numbers_in_binary_records_count_where_the_name_fits() {
    let profile = "[[cells]]\ncell_id = 137482753\nlac = 20581\n";
    let profile = Profile::parse(profile, &mut |_| Err(String::new())).unwrap();
    let needles = Needles::build(&profile);
    let told = |name: &str, value: &[u8]| {
        let mut found = Vec::new();
        needles.search_field(name, value, &mut found);
        found
            .iter()
            .map(|one| (needles.needle(one.needle).form.0.clone(), one.start, one.end))
            .collect::<Vec<_>>()
    };
    let (cell, area) = (137_482_753_u32.to_be_bytes(), 20_581_u16.to_be_bytes());
    for kind in [0xce, 0xd2, 0x1a] {
        assert_eq!(told("cid", &[&[kind], &cell[..]].concat()), [("u32be".to_owned(), 1, 5)]);
    }
    for kind in [0xcd, 0xd1, 0x19] {
        assert_eq!(told("lac", &[&[kind], &area[..]].concat()), [("u16be".to_owned(), 1, 3)]);
    }
    assert_eq!(told("count", &[&[0xce], &cell[..]].concat()), []);
    assert_eq!(told("cid", &[&[0xcf], &cell[..]].concat()), []);
    assert_eq!(told("cid", &cell), []);
    assert_eq!(told("lac", &[0xcd, 0x50, 0x64]), []);
    // In hex, letters among seven digits tell enough without a name.
    assert_eq!(told("ce", b"831D201"), [("hex-number".to_owned(), 0, 7)]);
    assert_eq!(told("ce", b"x831D201 y"), []);
}
