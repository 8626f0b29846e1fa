//! `phonehome apps` as people and scripts meet it: the table, the JSON, the page, and what is no app.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

mod kit;

use std::{fs, io::Write};

use evidence::Survey;
use kit::{Desk, clean, leaky, run};
use testkit::apk::{App, Class, Member, Op, dex, zip};

/// An app that would like to act on whoever reads of it.
fn hostile() -> App {
    App::new("com.example.<script>alert(1)</script>")
        .version(7, "1.0\u{1b}[31m")
        .label("[x](javascript:1) <img src=x onerror=alert(1)>")
        .shared_user("android.uid.system")
        .receiver(".Boot", &["android.intent.action.BOOT_COMPLETED"])
        .class(Class::new("com.example.Net").method(
            "post",
            &[
                Op::Text("http://a.example.org/\"><script>alert(2)</script>"),
                Op::Call("android.telephony.TelephonyManager.getDeviceId"),
            ],
        ))
        .class(Class::new("com.example.Sms").method(
            "send",
            &[Op::Text("10655059"), Op::Call("android.telephony.SmsManager.sendTextMessage")],
        ))
}

fn desk() -> Desk {
    let desk = Desk::new(&clean());
    desk.write("x.apk", &hostile().build());
    desk
}

#[test]
fn the_table_names_the_app_and_what_it_does() {
    let (code, text, errors) = run(&desk(), &["apps", "x.apk"]);
    assert_eq!((code, errors.as_str()), (0, ""));
    for words in ["com.example.", "none", "hbs", "100 %", "reads IMEI or MEID"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(!text.contains('\u{1b}'), "{text}");
}

#[test]
fn json_is_the_survey() {
    let (code, text, _) = run(&desk(), &["apps", "x.apk", "--json"]);
    let survey: Survey = serde_json::from_str(&text).unwrap();
    assert_eq!((code, survey.apps.len(), survey.apps[0].endpoints.len()), (0, 1, 1));
    let place = &survey.apps[0].endpoints[0].places[0];
    assert!(place.to_string().starts_with("com.example.Net.post @ classes.dex:0x"), "{place}");
}

#[test]
fn the_page_has_a_section_for_each_app_and_nothing_in_it_acts() {
    let desk = desk();
    assert_eq!(run(&desk, &["apps", "x.apk", "--out", "out"]).0, 0);
    // Long names may be broken where they are read in parts.
    let page = fs::read_to_string(desk.join("out/apps.html")).unwrap().replace("<wbr>", "");
    for words in ["default-src 'none'", "com.example.Net.post @ classes.dex:0x", "10655059", "id=\"app-0\""] {
        assert!(page.contains(words), "{words}");
    }
    let lower = page.to_ascii_lowercase();
    for acting in ["<script", "<img", "<iframe", "href=\"http", "\u{1b}"] {
        assert!(!lower.contains(acting), "{acting}");
    }
    assert!(desk.join("out/apps.json").exists());
    assert_eq!(run(&desk, &["apps", "x.apk", "--out", "out", "--markdown"]).0, 0);
    let page = fs::read_to_string(desk.join("out/apps.md")).unwrap();
    assert!(page.contains("`com.example.Net.post @ classes.dex:0x"), "{page}");
    assert!(page.contains("- Name: `[x](javascript:1) <img src=x onerror=alert(1)>`"), "{page}");
}

#[test]
fn exit_codes_tell_what_could_be_read() {
    let desk = desk();
    desk.write("notes.txt", b"nothing\n");
    assert_eq!(run(&desk, &["apps", "notes.txt"]).0, 4);
    assert_eq!(run(&desk, &["apps", "missing.apk", "x.apk"]).0, 3);
    assert_eq!(run(&desk, &["apps"]).0, 2);
    assert_eq!(run(&desk, &["apps", "x.apk", "--markdown"]).0, 2);
    assert_eq!(run(&desk, &["apps", "x.apk", "--trackers", "notes.txt"]).0, 2);
    let list = br#"{"trackers": {"1": {"name": "Ours", "code_signature": "com.example.Net", "network_signature": ""}}}"#;
    desk.write("exodus.json", list);
    let (code, text, _) = run(&desk, &["apps", "x.apk", "--json", "--trackers", "exodus.json"]);
    let survey: Survey = serde_json::from_str(&text).unwrap();
    assert_eq!((code, survey.apps[0].trackers[0].name.as_str()), (0, "Ours"));
}

#[test]
fn an_audit_asks_the_apps_beside_the_capture() {
    let desk = desk();
    let (code, text, errors) = run(&desk, &["audit", "x.pcap", "x.apk", "--out", "y.case"]);
    assert_eq!((code, errors.as_str()), (0, ""), "{text}");
    assert!(text.contains("1 app"), "{text}");
}

/// A string of deflated code, and a line of a bugreport in a zip archive: both scripts run without this program.
#[test]
fn recipes_lead_from_the_archive_to_the_string() {
    let needed = ["python3", "sed", "grep"];
    let all: Vec<_> = kit::BASIC.iter().copied().chain(needed).collect();
    let Some(_tools) = kit::tools(&all) else { return };
    let desk = Desk::new(&leaky());
    let code =
        dex(&[Class::new("com.example.Net").method("post", &[Op::Text("http://host0.example/report")])]);
    let manifest = App::new("com.example.sender").manifest();
    let packed = |name: &str, bytes: &[u8]| Member::packed(name, 8, bytes, deflated(bytes));
    let app = zip(&[Member::stored("AndroidManifest.xml", &manifest), packed("classes.dex", &code)]);
    desk.write("sender.apk", &app);
    let text = "== dumpstate: 2023-11-14 22:20:00\nDUMP OF SERVICE package:\nPackages:\n  Package [com.example.sender] (1a2b3c):\n    userId=10123\n";
    desk.write("bugreport.zip", &zip(&[packed("bugreport-X.txt", text.as_bytes())]));
    let inputs = ["audit", "x.pcap", "sender.apk", "bugreport.zip", "-p", "phone.toml", "--out", "x.case"];
    let (code, _, errors) = run(&desk, &inputs);
    assert_eq!((code, errors.as_str()), (0, ""));
    let (code, text, _) = run(&desk, &["prove", "x.case"]);
    assert!(code == 0 && text.contains("in the code of com.example.sender"), "{text}");
    assert!(text.contains("of bugreport.zip") && text.contains("member 2 of sender.apk"), "{text}");
    for recipe in kit::recipes(&desk.join("x.case")) {
        let output = desk.sh(&recipe, None);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}: {said}", recipe.display());
    }
}

fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
