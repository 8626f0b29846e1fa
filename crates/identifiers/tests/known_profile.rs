//! Profiles as people write them: what is understood, and what is said where something is wrong.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test's own bytes; it may fail"
)]

use evidence::IdentifierKind;
use identifiers::Profile;

fn read(text: &str) -> Result<Profile, Vec<String>> {
    let mut load = |name: &str| match name {
        "packages.txt" => Ok("# apps\npackage:org.example.a\npackage:org.example.b uid:10123\n".to_owned()),
        "people.csv" => Ok("name,phone\nQuirin Abendroth,0151 23456789\nAda,oops\n".to_owned()),
        other => Err(format!("no file {other}")),
    };
    Profile::parse(text, &mut load).map_err(|errors| errors.iter().map(ToString::to_string).collect())
}

fn values(profile: &Profile) -> Vec<(&str, &str)> {
    profile.values().iter().map(|value| (value.label.as_str(), value.canonical.as_str())).collect()
}

#[test]
fn the_template_is_an_empty_profile() {
    let profile = read(&Profile::template()).unwrap();
    assert_eq!(values(&profile), []);
    assert_eq!(profile.name(), "unnamed phone");
}

#[test]
fn values_get_labels_and_canonical_writings() {
    let text = r#"
name = "Test phone, blue"
[device]
imei = ["35-209900-176148-1", 352099001761499]
addresses = "10.0.0.2"
[[sims]]
calling_code = 49
imsi = 262019483715260
number = "01555 0112358"
mcc = 262
mnc = "01"
[[sims]]
calling_code = 86
number = "138 1234 5678"
[position]
lat = 53.561273
lon = 9.914682
[[sms]]
peer = "+49 1555 0199017"
text = "Der Zeisig singt"
[[sms]]
peer = "0049 1555 0199017"
[planted]
packages_file = "packages.txt"
[canaries]
visited = "krickente 4417"
private-search = { text = "Rohrdommel", kind = "search_word", mode = "private" }
"#;
    let profile = read(text).unwrap();
    assert_eq!(
        values(&profile),
        [
            ("device.imei[0]", "352099001761481"),
            ("device.imei[1]", "352099001761499"),
            ("sims[0].imsi", "262019483715260"),
            ("sims[0].number", "+4915550112358"),
            ("sims[0].mcc_mnc", "26201"),
            ("sims[1].number", "+8613812345678"),
            ("position", "53.561273,9.914682"),
            ("sms[0].peer", "+4915550199017"),
            ("sms[0].text", "Der Zeisig singt"),
            ("packages.txt:2", "org.example.a"),
            ("packages.txt:3", "org.example.b"),
            ("canaries.visited", "krickente 4417"),
            ("canaries.private-search", "Rohrdommel"),
        ]
    );
    let canary = profile.values().last().unwrap();
    assert_eq!((canary.kind, canary.mode.as_deref()), (IdentifierKind::SearchWord, Some("private")));
    assert_eq!(profile.calling_codes(), [49, 86]);
    assert_eq!(profile.addresses().len(), 1);
    assert_eq!(profile.place().map(|place| place.radius), Some(1000.0));
    assert_eq!(profile.fingerprint().len(), 64);
}

#[test]
fn a_phone_may_be_called_by_one_letter_and_a_contact_may_not() {
    assert_eq!(read("name = \"A\"\n").unwrap().name(), "A");
    let errors = read("[[contacts]]\nname = \"A\"\n").unwrap_err();
    assert!(errors.iter().any(|error| error.contains("single character")), "{errors:?}");
}

#[test]
fn the_fingerprint_is_that_of_the_values() {
    let one = read("name = \"one\"\n[device]\nimei = \"352099001761481\"\nserial = \"AB12CD34\"\n").unwrap();
    let other =
        read("name = \"other\"\n[device]\nserial = [\"AB12CD34\"]\nimei = \"35209900176148\"\n").unwrap();
    let third = read("[device]\nimei = \"352099001761481\"\n").unwrap();
    assert_eq!(one.fingerprint(), other.fingerprint());
    assert_ne!(one.fingerprint(), third.fingerprint());
}

#[test]
fn what_is_wrong_is_said_with_line_key_and_advice() {
    let rows = [
        (
            "[device]\nimei = \"352099001761480\"\n",
            "line 2: device.imei: the check digit of 35209900176148 is 1, not 0",
        ),
        ("[device]\n\nimie = \"352099001761481\"\n", "line 3: device.imie: no such key: is it `imei`?"),
        ("imei = \"352099001761481\"\n", "line 1: imei: no such key here: it belongs into [device]"),
        ("[divice]\n", "line 1: divice: no such key: is it `device`?"),
        ("[device]\nwifi_mac = \"02:00:00:00:00:00\"\n", "line 2: device.wifi_mac: is the placeholder"),
        ("[[sims]]\nimsi = \"2620112345\"\n", "line 2: sims[0].imsi: has 10 digits, an IMSI has 15"),
        (
            "[[sims]]\nimsi = [\"262019483715260\"]\n",
            "line 2: sims[0].imsi: takes one value, not a list: repeat the section, [[sims]]",
        ),
        ("[[sims]]\nmcc = 262\n", "line 2: sims[0].mcc: needs `mnc` beside it"),
        (
            "[[sims]]\nimsi = \"262019483715260\"\n[[sims]]\nimsi = \"262019483715260\"\n",
            "line 4: sims[1].imsi: is the same as sims[0].imsi",
        ),
        ("[device]\nserial = true\n", "line 2: device.serial: takes text in quotes, not a boolean"),
        ("[device]\nserial = \"a\nb\"\n", "line 2: "),
        ("[device]\nserial = \"AB12CD34\"\nserial = \"AB12CD35\"\n", "line 3: duplicate key"),
        (
            "[planted]\npackages_file = \"no.txt\"\n",
            "line 2: planted.packages_file: cannot read \"no.txt\": no file no.txt",
        ),
        (
            "calling_code = 49\ncontacts_file = \"people.csv\"\n",
            "people.csv, line 3: 'o' does not belong in a telephone number",
        ),
        (
            "[canaries]\na = { text = \"some words\", kind = \"serch_word\" }\n",
            "line 2: canaries.a: no kind \"serch_word\": is it \"search_word\"?",
        ),
        ("[position]\nlat = 53.5\n", "line 2: position.lat: needs `lon` beside it"),
    ];
    for (text, problem) in rows {
        let errors = read(text).expect_err(text);
        assert!(errors[0].starts_with(problem), "{text}\n{errors:#?}");
    }
}

#[test]
fn everything_wrong_is_said_at_once_in_order() {
    let errors = read("[device]\nimei = \"1\"\nwifi_mac = \"x\"\nandroid_id = \"y\"\n").unwrap_err();
    let lines: Vec<&str> = errors.iter().map(|error| &error[..7]).collect();
    assert_eq!(lines, ["line 2:", "line 3:", "line 4:"]);
}

#[test]
fn no_text_makes_it_panic() {
    let template = Profile::template();
    for cut in (0..template.len()).step_by(7).filter(|&cut| template.is_char_boundary(cut)) {
        let _ = read(&template[..cut]);
        let _ = read(&template[..cut].replace("#", ""));
        let _ = read(&template[cut..].replace('"', ""));
    }
}
