//! A phone of our own making, its apps beside the capture: which of the packages of a shared user id it was, the
//! method that holds the host, and all of it proved. And the survey of apps without any capture.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    fs,
    io::{Read, Write},
    net::Ipv4Addr,
    num::NonZeroUsize,
    path::Path,
};

use audit::{
    Effort, Meter, Order,
    apps::{SurveyOrder, survey},
    audit,
    prove::{CaptureFiles, replay},
};
use evidence::{App, Case, Finding, FindingKind, Ground, Holds, Outcome, Relation, Survey};
use facts::Atlas;
use identifiers::Profile;
use testkit::{
    Conversation, Endpoint, Net, PcapStyle, Side,
    apk::{self, Class, Member, Op, zip},
};

const START: i64 = 1_700_000_000_000_000_000;

/// Two flows with the IMEI: of a uid that two packages share, and of nobody knows whom.
fn capture() -> Vec<u8> {
    let mut net = Net::new(Vec::new());
    net.set_time(START);
    for (port, host, last) in [(40_001, "zzhc.vendor.example", 7), (40_003, "c.other.example", 9)] {
        let server = Endpoint::new([2, 0, 0, 0, 0, 1], Ipv4Addr::new(198, 51, 100, last), 80);
        let mut talk = Conversation::new(Endpoint::phone(port), server);
        talk.open(&mut net).unwrap();
        let body = r#"{"REGVER":"7.0","IMEI1":"352099001761481"}"#;
        let request = format!(
            "POST /register/v1?x=1 HTTP/1.1\r\nHost: {host}\r\nUser-Agent: RegClient/7.0\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        talk.send(&mut net, Side::Client, request.as_bytes()).unwrap();
        talk.send(&mut net, Side::Server, b"HTTP/1.1 204 No Content\r\n\r\n").unwrap();
        talk.close(&mut net).unwrap();
    }
    let frames = net.into_wire();
    let frames = frames.iter().map(|frame| (frame.time, frame.bytes.as_slice()));
    testkit::capture::pcap(PcapStyle::default(), frames)
}

const SOCKETS: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 1701A8C0:9C41 076433C6:0050 01 00000000:00000000 00:00000000 00000000  1001        0 31337 1 0000000000000000 20 4 30 10 -1
";

const PACKAGES: &str = "package:/system/priv-app/Reg/Reg.apk=com.vendor.registration uid:1001
package:/system/priv-app/Phone/Phone.apk=com.android.phone uid:1001
package:/data/app/news/base.apk=com.maker.news uid:10123
";

fn registration() -> apk::App {
    apk::App::new("com.vendor.registration")
        .version(70_000, "7.0")
        .label("Service <b>")
        .shared_user("android.uid.phone")
        .permission("android.permission.READ_PHONE_STATE")
        .receiver(".Boot", &["android.intent.action.BOOT_COMPLETED"])
        .class(Class::new("com.vendor.registration.Boot").method(
            "onReceive",
            &[Op::Call("com.vendor.registration.Phone.ids"), Op::Call("com.vendor.registration.Net.post")],
        ))
        .class(
            Class::new("com.vendor.registration.Phone").method(
                "ids",
                &[Op::Text("IMEI1"), Op::Call("android.telephony.TelephonyManager.getDeviceId")],
            ),
        )
        .class(Class::new("com.vendor.registration.Net").method(
            "post",
            &[
                Op::Text("http://zzhc.vendor.example:80/register/v1"),
                Op::Text("REGVER"),
                Op::Text("RegClient"),
            ],
        ))
        .class(Class::new("com.vendor.registration.Sms").method(
            "send",
            &[Op::Text("10655059"), Op::Call("android.telephony.SmsManager.sendTextMessage")],
        ))
        .class(
            Class::new("com.umeng.analytics.Agent")
                .method("beat", &[Op::Text("https://ulogs.umeng.com/unify_logs")]),
        )
}

fn telephony() -> apk::App {
    apk::App::new("com.android.phone").shared_user("android.uid.phone").launcher(".Main").class(
        Class::new("com.android.phone.Main").method("start", &[Op::Text("IMEI1"), Op::Text("tel:112")]),
    )
}

fn news() -> apk::App {
    apk::App::new("com.maker.news")
        .launcher(".Main")
        .class(Class::new("com.maker.news.Main").method("load", &[Op::Text("https://c.other.example/")]))
}

/// The app with its code deflated, as stores have it.
fn deflated(app: &apk::App, classes: &[Class]) -> Vec<u8> {
    let code = apk::dex(classes);
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(&code).unwrap();
    zip(&[
        Member::stored("AndroidManifest.xml", &app.manifest()),
        Member::packed("classes.dex", 8, &code, encoder.finish().unwrap()),
    ])
}

fn lay(folder: &Path) {
    fs::write(folder.join("phone.pcap"), capture()).unwrap();
    fs::write(folder.join("tcp.txt"), SOCKETS).unwrap();
    fs::write(folder.join("packages.txt"), PACKAGES).unwrap();
    fs::write(folder.join("reg.apk"), registration().build()).unwrap();
    fs::write(folder.join("phone.apk"), telephony().build()).unwrap();
    let classes = [Class::new("com.maker.news.Main").method("load", &[Op::Text("https://c.other.example/")])];
    fs::write(folder.join("news.apk"), deflated(&news(), &classes)).unwrap();
}

fn run(folder: &Path, workers: usize) -> Case {
    let profile = "[device]\nimei = [\"352099001761481\"]\n";
    let order = Order {
        keys: Vec::new(),
        bill: None,
        inputs: vec![folder.to_owned()],
        profile: Some(Profile::parse(profile, &mut |_| Err(String::new())).unwrap()),
        store: None,
        atlas: Atlas::embedded(),
        effort: Effort::of(Effort::USUAL),
        workers: NonZeroUsize::new(workers),
        program: "test".to_owned(),
    };
    audit(order, &Meter::default()).unwrap()
}

#[test]
fn the_right_package_of_a_shared_user_id_is_told_by_its_code() {
    let folder = tempfile::tempdir().unwrap();
    lay(folder.path());
    let case = run(folder.path(), 2);
    assert!(case.problems.is_empty(), "{:?}", case.problems);
    assert_eq!(case.captures.iter().filter(|capture| capture.holds == Holds::App).count(), 3);
    let code: Vec<_> = case.phone.attributions.iter().filter(|row| row.ground == Ground::Code).collect();
    let told: Vec<_> = code
        .iter()
        .map(|row| {
            let host = case.destinations[row.endpoint.0 as usize].endpoint.host.as_str();
            let ties: Vec<_> = row.ties.iter().map(|tie| tie.what.as_str()).collect();
            (host, row.packages[0].as_str(), row.uid, ties)
        })
        .collect();
    assert_eq!(
        told,
        [
            ("c.other.example", "com.maker.news", Some(10123), vec!["host c.other.example"]),
            (
                "c.other.example",
                "com.vendor.registration",
                Some(1001),
                vec!["path register/v1", "user agent RegClient", "key IMEI1"]
            ),
            (
                "zzhc.vendor.example",
                "com.vendor.registration",
                Some(1001),
                vec!["host zzhc.vendor.example", "path register/v1", "user agent RegClient", "key IMEI1"]
            ),
            ("zzhc.vendor.example", "com.android.phone", Some(1001), vec!["key IMEI1"]),
        ]
    );
    let code = code[2];
    let place = &code.ties[0].places[0];
    assert!(place.to_string().starts_with("com.vendor.registration.Net.post @ classes.dex:0x"), "{place}");
    let meeting = &code.meetings[0];
    assert_eq!(meeting.caller(), "com.vendor.registration.Boot.onReceive");
    assert_eq!(meeting.reader.name, "com.vendor.registration.Phone.ids");
    let finding = case.findings.iter().find(|finding| finding.title.contains("vendor")).unwrap();
    for words in
        ["com.vendor.registration.Net.post @ classes.dex:0x", "Boot.onReceive", "it could have sent it"]
    {
        assert!(finding.words.contains(words), "{}", finding.words);
    }
}

#[test]
fn strings_of_code_are_proved_down_to_the_archive() {
    let folder = tempfile::tempdir().unwrap();
    lay(folder.path());
    let case = run(folder.path(), 1);
    let bytes: u64 = case.captures.iter().map(|capture| capture.bytes).sum();
    assert_eq!(case.coverage.total(), bytes);
    let mut files = CaptureFiles::find(&case.captures, folder.path(), &[]).unwrap();
    let (mut stored, mut deflated) = (0, 0);
    let told = |finding: &&Finding| !matches!(finding.kind, FindingKind::Behaviour(_));
    for evidence in case.findings.iter().filter(told).flat_map(|finding| &finding.evidence) {
        let replayed = replay(&evidence.occurrence, &mut files).unwrap();
        assert_eq!(files.check(&replayed.frames).unwrap(), None, "{}", evidence.words);
        if evidence.relation == Relation::Sender && evidence.words.contains(" in the code of ") {
            let packed = evidence.occurrence.trail.buffers.len() == 2;
            *(if packed { &mut deflated } else { &mut stored }) += 1;
        }
    }
    assert!(stored >= 2 && deflated == 1, "{stored} {deflated}");
    assert_eq!(
        serde_json::to_value(&case).unwrap(),
        serde_json::to_value(run(folder.path(), 5)).unwrap(),
        "it depends on the number of workers"
    );
}

/// What dumpstate writes, packed as it packs it.
#[test]
fn a_zip_bugreport_is_read_as_its_text() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("phone.pcap"), capture()).unwrap();
    let text = "========================================================\n== dumpstate: 2023-11-14 22:20:00\n========================================================\nDUMP OF SERVICE package:\nPackages:\n  Package [com.vendor.registration] (1a2b3c):\n    userId=1001\n    codePath=/system/priv-app/Reg\n    versionName=7.0\n    pkgFlags=[ SYSTEM HAS_CODE ]\n--------- 0.1s was the duration of dumpsys package\n";
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(text.as_bytes()).unwrap();
    let name = "bugreport-X-2023-11-14-22-20-00.txt";
    let archive = zip(&[
        Member::stored("version.txt", b"2.0"),
        Member::stored("main_entry.txt", name.as_bytes()),
        Member::packed(name, 8, text.as_bytes(), encoder.finish().unwrap()),
    ]);
    fs::write(folder.path().join("report.zip"), &archive).unwrap();
    let case = run(folder.path(), 1);
    assert_eq!(case.phone.packages, 1, "{:?}", case.problems);
    let file = case.captures.iter().find(|capture| capture.holds == Holds::Phone).unwrap();
    assert_eq!((file.format.as_str(), file.file_bytes), ("bugreport in zip", archive.len() as u64));
    assert_eq!(file.bytes, text.len() as u64);
    let found = look(&folder.path().join("report.zip"));
    assert_eq!(found.apps[0].package, "com.vendor.registration");
    assert_eq!((found.apps[0].standing.system, &found.apps[0].coverage), (true, &None));
}

fn look(path: &Path) -> Survey {
    let order = SurveyOrder { inputs: vec![path.to_owned()], trackers: None, program: "test".to_owned() };
    survey(&order, &Meter::default())
}

fn named<'s>(survey: &'s Survey, package: &str) -> Vec<&'s App> {
    survey.apps.iter().filter(|app| app.package == package).collect()
}

#[test]
fn a_folder_is_a_survey_of_its_apps() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        path
    };
    fs::write(path("system/priv-app/Reg/Reg.apk"), registration().build()).unwrap();
    fs::write(path("system/app/Phone/Phone.apk"), telephony().build()).unwrap();
    fs::write(path("data/news/base.apk"), news().build()).unwrap();
    fs::write(
        path("system/etc/permissions/privapp-permissions.xml"),
        r#"<permissions><privapp-permissions package="com.vendor.registration"><permission name="android.permission.READ_PRIVILEGED_PHONE_STATE"/></privapp-permissions></permissions>"#,
    )
    .unwrap();
    fs::write(path("notes.txt"), "nothing\n").unwrap();
    let found = look(folder.path());
    assert_eq!((found.problems.len(), found.unread.len()), (0, 0), "{:?}", found.problems);
    let packages: Vec<_> = found.apps.iter().map(|app| app.package.as_str()).collect();
    assert_eq!(packages, ["com.android.phone", "com.maker.news", "com.vendor.registration"]);
    let app = &found.apps[2];
    assert_eq!((app.standing.system, app.standing.privileged, app.hidden), (true, true, Some(true)));
    assert_eq!(app.standing.shared_user, "android.uid.phone");
    assert_eq!(app.grants[0].what, "android.permission.READ_PRIVILEGED_PHONE_STATE");
    assert!(app.grants[0].file.ends_with("privapp-permissions.xml"));
    let hosts: Vec<_> = app.endpoints.iter().map(|fact| fact.value.as_str()).collect();
    assert_eq!(hosts, ["ulogs.umeng.com", "zzhc.vendor.example:80"]);
    assert!(app.endpoints[1].places[0].to_string().contains("Net.post @ classes.dex:0x"));
    assert_eq!(app.phone_numbers[0].value, "10655059");
    assert_eq!(app.trackers[0].name, "Umeng");
    assert_eq!(app.receivers[0].event, "boot");
    assert_eq!(app.coverage.as_ref().unwrap().share(), Some(1000));
    assert!(!found.apps[1].standing.system);
}

/// A store's bundle: the base and a split with code, in one archive.
#[test]
fn splits_are_one_app() {
    let folder = tempfile::tempdir().unwrap();
    let base = news().service("com.maker.news.Late").build();
    let element = |name: &str| apk::Element::new(name);
    let manifest =
        apk::axml(&element("manifest").text((0, "package"), "com.maker.news").text((0, "split"), "late"));
    let code = apk::dex(&[
        Class::new("com.maker.news.Late").method("run", &[Op::Text("https://late.maker.example/")])
    ]);
    let split =
        zip(&[Member::stored("AndroidManifest.xml", &manifest), Member::stored("classes.dex", &code)]);
    let bundle = zip(&[Member::stored("base.apk", &base), Member::stored("split_late.apk", &split)]);
    fs::write(folder.path().join("news.apks"), bundle).unwrap();
    fs::write(folder.path().join("base.apk"), base).unwrap();
    fs::write(folder.path().join("split_late.apk"), split).unwrap();
    let found = look(folder.path());
    let apps = named(&found, "com.maker.news");
    assert_eq!((found.apps.len(), apps.len()), (2, 2), "{found:#?}");
    for app in apps {
        let splits: Vec<_> = app.files.iter().map(|file| file.split.as_str()).collect();
        assert_eq!(splits, ["", "late"]);
        let hosts: Vec<_> = app.endpoints.iter().map(|fact| fact.value.as_str()).collect();
        assert_eq!(hosts, ["c.other.example", "late.maker.example"]);
        assert_eq!(app.coverage.as_ref().unwrap().undefined, ["com.maker.news.Main"; 0]);
    }
}

/// The image of `handset`'s tests: it holds an archive without members where a privileged app belongs.
const EROFS: &[u8] = include_bytes!("../../handset/tests/firmware/small.erofs.gz");

#[test]
fn an_image_is_a_survey_of_its_apps_and_of_what_is_packed_too_deep() {
    let folder = tempfile::tempdir().unwrap();
    let mut image = Vec::new();
    flate2::read::GzDecoder::new(EROFS).read_to_end(&mut image).unwrap();
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(&image).unwrap();
    let grants = br#"<permissions><privapp-permissions package="com.vendor.registration"><permission name="p"/></privapp-permissions></permissions>"#;
    let archive = zip(&[
        Member::stored("system.img", &image),
        Member::packed("vendor.img", 8, &image, encoder.finish().unwrap()),
        Member::stored("product/priv-app/Reg/Reg.apk", &registration().build()),
        Member::stored("product/etc/permissions/a.xml", grants),
    ]);
    fs::write(folder.path().join("update.zip"), archive).unwrap();
    let found = look(&folder.path().join("update.zip"));
    assert_eq!(found.problems, []);
    let unread: Vec<_> = found.unread.iter().map(|unread| unread.what.rsplit('/').next().unwrap()).collect();
    assert_eq!(unread, ["vendor.img"]);
    assert_eq!(found.apps.len(), 2);
    let broken = found.apps.iter().find(|app| app.package.is_empty()).unwrap();
    let path = &broken.files.first().unwrap().path;
    assert!(path.ends_with("update.zip/system.img/system/priv-app/Register/Register.apk"), "{path}");
    assert!(broken.standing.privileged && !broken.oddities.is_empty());
    let app = found.apps.iter().find(|app| app.package == "com.vendor.registration").unwrap();
    assert!(app.standing.privileged && app.grants.iter().any(|grant| grant.what == "p"));
}

#[test]
fn what_is_no_app_is_said_to_be_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    fs::write(&path, "nothing\n").unwrap();
    assert_eq!(look(&path).problems.len(), 1);
    assert_eq!(look(&folder.path().join("absent.apk")).problems.len(), 1);
}

#[test]
fn real_apps_are_surveyed() {
    let Some(corpora) = testkit::corpora() else { return };
    let found = look(&corpora.join("apk"));
    assert_eq!((found.problems.len(), found.unread.len()), (0, 0), "{:?}", found.problems);
    let files: usize = found.apps.iter().map(|app| app.files.len()).sum();
    assert_eq!(files, fs::read_dir(corpora.join("apk")).unwrap().count());
    let volume = named(&found, "a2dp.Vol")[0];
    assert_eq!((volume.version_name.as_str(), volume.hidden), ("2.12.9.2", Some(false)));
    assert!(volume.signers.iter().all(|signer| signer.outcome == Outcome::Valid));
}
