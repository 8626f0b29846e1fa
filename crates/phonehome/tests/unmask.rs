//! `phonehome unmask` as people and scripts meet it.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

mod kit;

use std::fs;

use kit::{Desk, leaky, run};
use serde_json::Value;

/// printf %s 352099001761481 | sha256sum
const SHA256: &str = "19565c9308a2cb5447845d75692dbac5d1d8f089eb4647c09b7137e9fb8d224c";
/// printf %s s3cr3t352099001761481 | md5sum
const SALTED: &str = "1604c144dab483233aef52965d0c11d8";
/// printf %s +4915123 | sha1sum
const NUMBER: &str = "34def7d661b29fa808d6323918282fb499337b4f";

/// printf %s +4915112345 | crc32
const CRC: &str = "5c7d2dab";

#[test]
fn a_type_gives_the_device_number_away_and_its_cost_is_told() {
    let desk = Desk::new(&leaky());
    let (code, text, errors) = run(&desk, &["unmask", SHA256, "--imei", "35209900"]);
    assert_eq!((code, errors.as_str()), (0, ""));
    for words in ["found after ", "digests, ", "352099001761481", "sha256(value)/hex", "printf '%s'"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let (_, json, _) = run(&desk, &["unmask", SHA256, SALTED, "--imei", "35209900", "--json"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["found"][0]["value"], "352099001761481");
    assert_eq!(json["not_found"][0], SALTED, "without the salt");
}

#[test]
fn salts_functions_and_plans_are_as_asked_for() {
    let desk = Desk::new(&leaky());
    let salted = ["unmask", SALTED, "--imei", "35209900", "--salt", "s3cr3t", "--algorithm", "md5", "--json"];
    let (_, json, _) = run(&desk, &salted);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["found"][0]["recipe"], "md5(salt+value)/hex");
    let (_, json, _) = run(&desk, &["unmask", NUMBER, "--phone", "+49 151##", "--json"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["found"][0]["value"], "+4915123");
}

#[test]
fn the_profile_is_tried_without_a_space() {
    let desk = Desk::new(&leaky());
    let (code, text, _) = run(&desk, &["unmask", SALTED, "--profile", "phone.toml", "--salt", "s3cr3t"]);
    assert_eq!(code, 0);
    assert!(text.contains("is the phone's device number (IMEI)"), "{text}");
}

#[test]
fn a_run_goes_on_where_its_resume_file_says() {
    let desk = Desk::new(&leaky());
    let arguments = ["unmask", SHA256, "--imei", "35209900", "--resume", "r.json", "--json", "-j", "1"];
    assert_eq!(run(&desk, &arguments).0, 0);
    let mut kept: Value = serde_json::from_slice(&fs::read(desk.join("r.json")).unwrap()).unwrap();
    assert_eq!(kept["found"][0][1]["value"], "352099001761481");
    // What was found before is told again without another try.
    let (_, json, _) = run(&desk, &arguments);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&json["found"][0]["value"], &json["digests"]), (&"352099001761481".into(), &kept["tried"]));
    // From behind the value nothing is found.
    (kept["found"], kept["value"]) = (Value::Array(Vec::new()), 900_000.into());
    fs::write(desk.join("r.json"), kept.to_string()).unwrap();
    let (_, json, _) = run(&desk, &arguments);
    assert_eq!(serde_json::from_str::<Value>(&json).unwrap()["not_found"][0], SHA256);
    let (code, _, errors) = run(&desk, &["unmask", SHA256, "--imei", "35209901", "--resume", "r.json"]);
    assert_eq!(code, 2);
    assert!(errors.contains("another job"), "{errors}");
}

#[test]
fn digests_of_a_case_are_taken() {
    let desk = Desk::new(&leaky());
    let (code, ..) = run(&desk, &["audit", "x.pcap", "--out", "x.case", "--no-store"]);
    assert_eq!(code, 0);
    let (code, text, errors) = run(&desk, &["unmask", "x.case", "--digits", "3"]);
    assert!(code == 0 && !text.is_empty() || code == 4 && errors.contains("no value"), "{code} {errors}");
}

#[test]
fn what_stands_in_the_clear_is_no_digest() {
    let android_id = "b7e2c91f04d8a356";
    let desk = Desk::new(&kit::capture(&[kit::Post::new(
        format!(r#"{{"id":"{android_id}","digest":"{SALTED}"}}"#),
        "application/json",
        "",
    )]));
    let profile = kit::PROFILE.replace("[device]", &format!("[device]\nandroid_id = \"{android_id}\""));
    fs::write(desk.join("phone.toml"), profile).unwrap();
    let audit = ["audit", "x.pcap", "--out", "x.case", "--no-store"];
    for more in [&[][..], &["--profile", "phone.toml"]] {
        assert_eq!(run(&desk, &[&audit[..], more, &["--force"]].concat()).0, 0);
        let unmask = ["unmask", "x.case", "--profile", "phone.toml", "--salt", "s3cr3t", "--json"];
        let (_, json, errors) = run(&desk, &unmask);
        let json: Value = serde_json::from_str(&json).unwrap_or_else(|_| panic!("{errors}"));
        assert_eq!(json["found"][0]["digest"], SALTED, "{json}");
        assert!(!json.to_string().contains(android_id), "{json}");
    }
}

#[test]
fn a_short_digest_is_told_with_the_accidents_to_be_expected() {
    let desk = Desk::new(&leaky());
    // A hundred thousand numbers in five writings, each a chance of 1 in 2³².
    let arguments = ["unmask", CRC, "--phone", "+49 151#####", "--algorithm", "crc32"];
    let (code, text, _) = run(&desk, &arguments);
    assert_eq!(code, 0);
    assert!(!text.contains("found after "), "{text}");
    assert!(text.contains(": 1 of all values tried match it, and 1.2e-4 are to be"), "{text}");
    assert!(text.contains("+4915112345, crc32(value)/hex"), "{text}");
    let (_, json, _) = run(&desk, &[&arguments[..], &["--json"]].concat());
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&json["doubtful"][0]["value"], &json["not_found"][0]), (&"+4915112345".into(), &CRC.into()));
    assert!(text.contains("too short to prove anything: "), "{text}");
    assert!(text.contains("are to be expected by accident"), "{text}");
}

#[test]
fn nonsense_is_told_from_work() {
    let desk = Desk::new(&leaky());
    let long = "ab".repeat(5000);
    let rows: [(&[&str], &str); 8] = [
        (&["unmask", "no digest at all", "--ipv4"], "is no digest"),
        (&["unmask", &long, "--ipv4"], "is no digest"),
        (&["unmask", SHA256], "say what to try"),
        (&["unmask", SHA256, "--imei", "3520"], "TAC of eight digits"),
        (&["unmask", SHA256, "--mac", "zz:zz:zz"], "OUI of six hex digits"),
        (&["unmask", SHA256, "--phone", "49151"], "plan such as"),
        (&["unmask", SHA256, "--digits", "40"], "number of digits"),
        (&["unmask", SHA256, "--ipv4", "--algorithm", "md7"], "is no algorithm"),
    ];
    for (arguments, words) in rows {
        let (code, _, errors) = run(&desk, arguments);
        assert_eq!(code, 2, "{arguments:?}: {errors}");
        assert!(errors.contains(words), "{words}: {errors}");
    }
}
