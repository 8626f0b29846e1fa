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

/// Packages as the phone's own list tells of them: the first with permissions, the second without.
const LISTED: &str = "DUMP OF SERVICE package:
Packages:
  Package [com.example.activation] (1a2b3c):
    userId=10071
    codePath=/system/priv-app/Activation
    versionCode=7 minSdk=21 targetSdk=26
    flags=[ SYSTEM HAS_CODE ]
    privateFlags=[ PRIVILEGED ]
    requested permissions:
      android.permission.SEND_SMS
      android.permission.READ_PHONE_STATE
    install permissions:
      android.permission.SEND_SMS: granted=true
      android.permission.READ_PHONE_STATE: granted=true
  Package [com.example.music] (1a2b3d):
    userId=10072
    codePath=/data/app/com.example.music-1
    versionCode=1 minSdk=21 targetSdk=26
    flags=[ HAS_CODE ]
";

#[test]
fn of_apps_that_only_a_list_names_it_is_told_what_is_not_known() {
    let desk = desk();
    desk.write("dumpsys-package.txt", LISTED.as_bytes());
    let (code, text, errors) = run(&desk, &["apps", "dumpsys-package.txt", "--out", "out"]);
    assert_eq!((code, errors.as_str()), (0, ""));
    let headline = "2 apps: how many are without an icon is not known, 1 that can send SMS (not known of 1)";
    assert!(text.starts_with(headline), "{text}");
    let of = |package: &str| text.lines().skip_while(|line| !line.starts_with(package)).collect::<Vec<_>>();
    let cells = |line: &str| line.split_whitespace().skip(2).collect::<Vec<_>>().join(" ");
    let activation = of("com.example.activation");
    assert_eq!(cells(activation[0]), "not known SP s? - - -");
    assert_eq!(activation[1], "  may read ICCID, IMEI or MEID, IMSI, own number, serial number");
    assert_eq!(cells(of("com.example.music")[0]), "not known - ? - - -");
    let page = fs::read_to_string(desk.join("out/apps.html")).unwrap().replace("<wbr>", "");
    for words in [headline, "may send SMS", "by permission", "by android.permission.READ_PHONE_STATE, up to"]
    {
        assert!(page.contains(words), "{words}");
    }

    // An app whose code was read is counted by that.
    let (_, text, _) = run(&desk, &["apps", "x.apk", "dumpsys-package.txt"]);
    let headline = "3 apps: 1 without an icon (not known of 2), 2 that can send SMS (not known of 1)";
    assert!(text.starts_with(headline), "{text}");
    let (_, text, _) = run(&desk, &["apps", "x.apk"]);
    assert!(text.starts_with("1 app: 1 without an icon, 1 that can send SMS\n"), "{text}");
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
