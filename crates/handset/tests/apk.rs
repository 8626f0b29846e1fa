//! Apps of our own making, real ones, and broken ones: what is read from them.

use std::{borrow::Cow, io::Write};

use handset::apk::{
    Apk, Callers, ComponentKind, Crypto, HeldBy, Limits, Outcome, Trackers, text::KeyForm, zip::Archive,
};
use proptest::prelude::{ProptestConfig, any, proptest};
use testkit::apk::{App, Class, Member, Op, zip};

/// An app as investigators found them: registers the phone by net and by SMS, and hides both.
fn registration() -> App {
    App::new("com.example.register")
        .version(70_000, "7.0")
        .label("Service")
        .shared_user("android.uid.phone")
        .permission("android.permission.READ_PHONE_STATE")
        .permission("android.permission.SEND_SMS")
        .receiver(".Boot", &["android.intent.action.BOOT_COMPLETED", "android.net.conn.CONNECTIVITY_CHANGE"])
        .service("com.example.register.Absent")
        .class(
            Class::new("com.example.register.Boot")
                .method("onReceive", &[Op::Call("com.example.register.Report.start")]),
        )
        .class(Class::new("com.example.register.Report").constant("STORE", "store.example.cn/query").method(
            "start",
            &[Op::Call("com.example.register.Phone.ids"), Op::Call("com.example.register.Net.post")],
        ))
        .class(Class::new("com.example.register.Phone").method(
            "ids",
            &[
                Op::Call("android.telephony.TelephonyManager.getDeviceId"),
                Op::Text("android_id"),
                Op::Call("android.provider.Settings$Secure.getString"),
                Op::Field("android.os.Build.SERIAL"),
                Op::Text("ro.product.model"),
                Op::Call("android.os.SystemProperties.get"),
            ],
        ))
        .class(Class::new("com.example.register.Phone$Other").method(
            "setting",
            &[Op::Text("adb_enabled"), Op::Call("android.provider.Settings$Secure.getString")],
        ))
        .class(
            Class::new("com.example.register.Net")
                .method("post", &[Op::Text("http://zzhc.example.cn:9998/register?v=1"), Op::Text("REGVER")])
                .method(
                    "key",
                    &[
                        Op::Text("AES/CBC/PKCS5Padding"),
                        Op::Text("0123456789abcdef0123456789abcdef"),
                        Op::Call("javax.crypto.Cipher.getInstance"),
                    ],
                ),
        )
        .class(
            Class::new("com.example.register.Sms")
                .method(
                    "send",
                    &[Op::Text("10655059"), Op::Call("android.telephony.SmsManager.sendTextMessage")],
                )
                .method(
                    "hide",
                    &[Op::Text("content://sms/sent"), Op::Call("android.content.ContentResolver.delete")],
                )
                .method("other", &[Op::Text("20250101"), Op::Call("android.content.ContentResolver.delete")]),
        )
        .class(
            Class::new("com.umeng.analytics.Agent")
                .method("beat", &[Op::Text("https://ulogs.umeng.com/unify_logs")]),
        )
        .file("lib/armeabi/libcore.so", b"\x7fELF\x01\x00\x00http://native.example.org/up\x00")
}

#[test]
fn the_manifest_says_what_the_app_is() {
    let bytes = registration().build();
    let apk = Apk::read(&bytes);
    let manifest = apk.manifest();
    assert_eq!(apk.oddities(), []);
    assert_eq!(manifest.package(), "com.example.register");
    assert_eq!(manifest.version_code.as_ref().map(|code| code.value), Some(70_000));
    assert_eq!(manifest.version_name.as_ref().map(|name| name.value.as_str()), Some("7.0"));
    assert_eq!(manifest.shared_user.as_ref().map(|user| user.value.as_str()), Some("android.uid.phone"));
    assert_eq!(manifest.label.as_deref(), Some("Service"));
    let permissions: Vec<_> = manifest.permissions.iter().map(|found| found.value.as_str()).collect();
    assert_eq!(permissions, ["android.permission.READ_PHONE_STATE", "android.permission.SEND_SMS"]);
    let boot: Vec<_> = manifest.boot_receivers().map(|receiver| receiver.class.value.as_str()).collect();
    assert_eq!(boot, ["com.example.register.Boot"]);
    assert_eq!(manifest.connectivity_receivers().count(), 1);
    assert_eq!(manifest.sms_receivers().count(), 0);
    assert!(!manifest.has_launcher());
    assert!(Apk::read(&registration().launcher(".Main").build()).manifest().has_launcher());
    assert_eq!(manifest.of_kind(ComponentKind::Service).count(), 1);
    assert_eq!(apk.coverage().undefined, ["com.example.register.Absent"]);
    assert_eq!((apk.coverage().declared, apk.coverage().native.0), (2, 1));
}

#[test]
fn the_offset_of_a_fact_leads_to_its_bytes() {
    let app = registration();
    let manifest = app.manifest();
    let bytes = app.build();
    let apk = Apk::read(&bytes);
    let found = apk.manifest().version_code.clone().unwrap();
    let attribute = &manifest[found.start as usize..found.end as usize];
    assert_eq!(attribute[16..], 70_000u32.to_le_bytes());

    let dex = apk.archive().content_of("classes.dex", usize::MAX).unwrap().bytes;
    let held = apk.holders("zzhc.example.cn");
    assert_eq!(held.len(), 1);
    assert_eq!(&dex[held[0].bytes.start as usize..held[0].bytes.end as usize], held[0].text.as_bytes());
    let holder = &held[0].holders[0];
    assert_eq!((holder.name.as_str(), holder.by), ("com.example.register.Net.post", HeldBy::Code));
    assert_eq!(dex[holder.at as usize], 0x1a, "a const-string stands there");
    assert_eq!(holder.to_string(), format!("com.example.register.Net.post @ classes.dex:{:#x}", holder.at));
}

#[test]
fn the_contents_name_who_does_what() {
    let bytes = registration().build();
    let contents = Apk::read(&bytes).contents(Trackers::own());
    let hosts: Vec<_> = contents
        .endpoints
        .iter()
        .map(|fact| (fact.value.host.as_str(), fact.holders[0].name.as_str()))
        .collect();
    assert_eq!(
        hosts,
        [
            ("store.example.cn", "com.example.register.Report.STORE"),
            ("native.example.org", ""),
            ("ulogs.umeng.com", "com.umeng.analytics.Agent.beat"),
            ("zzhc.example.cn", "com.example.register.Net.post"),
        ]
    );
    assert_eq!(contents.endpoints[3].value.port, Some(9998));
    let reads: Vec<_> = contents.reads.iter().map(|fact| (fact.value.as_str(), fact.count)).collect();
    assert_eq!(reads, [("Android id", 1), ("IMEI or MEID", 1), ("SMS", 1), ("serial number", 1)]);
    let numbers: Vec<_> = contents.phone_numbers.iter().map(|fact| fact.value.as_str()).collect();
    assert_eq!(numbers, ["10655059"], "digits elsewhere are no number");
    assert_eq!(contents.sms_sends[0].holders[0].name, "com.example.register.Sms.send");
    let deletes: Vec<_> = contents.sms_deletes[0].holders.iter().map(|holder| holder.name.as_str()).collect();
    assert_eq!(deletes, ["com.example.register.Sms.hide"]);
    assert_eq!(contents.properties[0].value, "ro.product.model");
    assert!(
        contents.crypto.iter().any(|fact| fact.value == Crypto::Algorithm("AES/CBC/PKCS5Padding".to_owned()))
    );
    assert!(
        contents
            .crypto
            .iter()
            .any(|fact| matches!(&fact.value, Crypto::Key(_, key) if key.starts_with("01234567")))
    );
    let trackers: Vec<_> =
        contents.trackers.iter().map(|found| (found.name.as_str(), found.classes)).collect();
    assert_eq!(trackers, [("Umeng", 1)]);
    assert_eq!(contents.trackers[0].hosts, ["ulogs.umeng.com"]);
}

#[test]
fn an_array_beside_a_cipher_can_be_its_key() {
    let key: &[u8] = &[0xde, 0xad, 1, 2, 3, 4, 5, 0x99];
    let class = |name: &str, op: Op| {
        Class::new(name)
            .method("seal", &[Op::Bytes(&[0xde, 0xad, 1, 2, 3, 4, 5, 0x99]), Op::Text("after"), op])
    };
    let bytes = App::new("com.example.keys")
        .class(class("com.example.keys.Seal", Op::Call("javax.crypto.Cipher.getInstance")))
        .class(class("com.example.keys.Image", Op::Call("java.lang.Object.hashCode")))
        .build();
    let apk = Apk::read(&bytes);
    assert_eq!(apk.oddities(), []);
    let crypto = apk.contents(Trackers::own()).crypto;
    assert_eq!((crypto.len(), crypto[0].count), (1, 1));
    assert_eq!(crypto[0].value, Crypto::Key(KeyForm::Array(8), "dead010203040599".to_owned()));
    let holder = &crypto[0].holders[0];
    assert_eq!(holder.name, "com.example.keys.Seal.seal");
    let dex = apk.archive().content_of("classes.dex", usize::MAX).unwrap().bytes;
    assert_eq!(&dex[holder.at as usize..holder.at as usize + 8], key);
}

#[test]
fn the_nearest_common_caller_joins_host_and_identifier() {
    let bytes = registration().build();
    let apk = Apk::read(&bytes);
    let callers = Callers::of(apk.code());
    let common =
        callers.nearest_common("com.example.register.Net.post", "com.example.register.Phone.ids").unwrap();
    assert_eq!(common.method, "com.example.register.Report.start");
    assert_eq!(common.to_first, ["com.example.register.Report.start", "com.example.register.Net.post"]);
    assert_eq!(
        callers.nearest_common("com.example.register.Sms.send", "com.example.register.Net.post"),
        None
    );
    assert_eq!(
        callers.of_method("com.example.register.Report.start"),
        ["com.example.register.Boot.onReceive"]
    );
}

#[test]
fn strings_of_the_wire_are_found_in_the_app_that_holds_them() {
    let bytes = registration().build();
    let apk = Apk::read(&bytes);
    let found = apk.contains(&["REGVER", "native.example.org", "absent.example"]);
    assert!(found[0].code[0].exact);
    assert_eq!(found[1].files[0].to_string(), "lib/armeabi/libcore.so:0xe");
    assert_eq!(found.iter().map(|contained| contained.found()).collect::<Vec<_>>(), [true, true, false]);
}

#[test]
fn archives_built_to_break_tools_are_read_and_said_to_be_odd() {
    let manifest = registration().manifest();
    let deflated = {
        let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(&manifest).unwrap();
        encoder.finish().unwrap()
    };
    let plain = |change: &dyn Fn(&mut Member)| {
        let mut member = Member::stored("AndroidManifest.xml", &manifest);
        change(&mut member);
        zip(&[member])
    };
    let tricks: [(&str, Vec<u8>, &str); 7] = [
        (
            "encrypted flag",
            plain(&|member| member.flags = 1),
            "file says a member is encrypted, which Android ignores",
        ),
        (
            "unknown method, stored",
            plain(&|member| member.method = 0x4d2),
            "file names an unknown compression method",
        ),
        (
            "unknown method, deflated",
            zip(&[Member::packed("AndroidManifest.xml", 0x63, &manifest, deflated.clone())]),
            "file names an unknown compression method",
        ),
        (
            "bytes in front",
            [b"dex\n035\0not really".as_slice(), &plain(&|_| ())].concat(),
            "file has bytes before the archive that its offsets do not count",
        ),
        (
            "no directory",
            {
                let whole = plain(&|_| ());
                whole[..whole.len() - 30].to_vec()
            },
            "file lacks a central directory; its local headers were searched for",
        ),
        ("wrong checksum", plain(&|member| member.crc ^= 1), "file's checksum of a member is wrong"),
        (
            "path trick",
            zip(&[
                Member::stored("../../../etc/hosts", b"x"),
                Member::packed("AndroidManifest.xml", 8, &manifest, deflated),
            ]),
            "file holds a member whose path leads out of the archive",
        ),
    ];
    for (name, bytes, oddity) in tricks {
        let apk = Apk::read(&bytes);
        assert_eq!(apk.manifest().package(), "com.example.register", "{name}");
        let oddities: Vec<_> = apk.oddities().into_iter().map(|oddity| oddity.what).collect();
        assert!(oddities.iter().any(|what| what == oddity), "{name}: {oddities:?}");
    }
}

#[test]
fn a_bomb_is_a_limit_and_not_a_cost() {
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(&vec![0; 8 << 20]).unwrap();
    let packed = encoder.finish().unwrap();
    let member = Member::packed("classes.dex", 8, &vec![0; 8 << 20], packed);
    let bytes = zip(&[member]);
    let apk = Apk::within(&bytes, Limits { member: 1 << 20, all: 1 << 20 });
    let why: Vec<_> = apk.coverage().unread.iter().map(|unread| unread.why).collect();
    assert_eq!(
        why,
        ["over the limit of what is unpacked", "no DEX file: encrypted, packed or another format"]
    );
    assert_eq!(apk.coverage().unread[0].bytes, 7 << 20);
    let content = Archive::read(&bytes).content_of("classes.dex", 1000).unwrap();
    assert_eq!((content.bytes.len(), content.cut), (1000, true));
}

#[test]
fn code_beside_the_package_belongs_to_it() {
    let bytes = App::new("com.example.system").service("com.example.system.Late").build();
    let mut apk = Apk::read(&bytes);
    assert_eq!(apk.coverage().unread.len(), 1);
    let dex = testkit::apk::dex(&[
        Class::new("com.example.system.Late").method("run", &[Op::Text("late.example.com")])
    ]);
    let odex = [b"dey\n036\0 some header ".as_slice(), &dex].concat();
    apk.add_code("oat/arm/system.odex", Cow::Owned(odex)).unwrap();
    assert_eq!((apk.coverage().unread.len(), apk.coverage().undefined.len()), (0, 0));
    let held = apk.holders("late.example.com");
    assert_eq!(held[0].holders[0].name, "com.example.system.Late.run");
}

/// Package, version, methods, components, launcher: as other tools name them.
const REAL: &[(&str, &str, &str, u64, usize)] = &[
    ("Invalid.apk", "re.androguard.android.invalid", "1.0", 1972, 1),
    ("TestActivity.apk", "tests.androguard", "1.0", 2291, 1),
    ("a2dp.Vol_137.apk", "a2dp.Vol", "2.12.9.2", 8522, 14),
    ("two-signers.apk", "android.appsecurity.cts.tinyapp", "1.0", 5, 1),
];

#[test]
fn real_apps_are_read() {
    let Some(corpora) = testkit::corpora() else { return };
    for (name, package, version, methods, components) in REAL {
        let bytes = std::fs::read(corpora.join("apk").join(name)).unwrap();
        let apk = Apk::read(&bytes);
        let manifest = apk.manifest();
        assert_eq!(manifest.package(), *package);
        assert_eq!(manifest.version_name.as_ref().map(|name| name.value.as_str()), Some(*version), "{name}");
        assert_eq!((apk.coverage().methods, manifest.components.len()), (*methods, *components), "{name}");
        assert_eq!((apk.coverage().undefined.len(), apk.oddities()), (0, Vec::new()), "{name}");
        assert!(manifest.has_launcher(), "{name}");
    }
}

#[test]
fn a_real_app_names_its_host_with_the_method() {
    let Some(corpora) = testkit::corpora() else { return };
    let bytes = std::fs::read(corpora.join("apk/a2dp.Vol_137.apk")).unwrap();
    let apk = Apk::read(&bytes);
    let contents = apk.contents(Trackers::own());
    let hosts: Vec<_> = contents.endpoints.iter().map(|fact| fact.value.host.as_str()).collect();
    assert_eq!(hosts, ["github.com", "listen.googlelabs.com", "maps.google.com"]);
    let resources = apk.archive().content_of("resources.arsc", usize::MAX).unwrap().bytes;
    let (text, at) = apk.resources().texts().find(|(text, _)| text.is_ascii() && text.len() > 20).unwrap();
    let entry = resources[at as usize..].iter().copied().filter(|byte| *byte != 0).take(text.len() + 4);
    assert!(String::from_utf8_lossy(&entry.collect::<Vec<_>>()).contains(&text), "{text} at {at}");
    let held = apk.holders("maps.google.com");
    assert!(held[0].holders.iter().all(|holder| holder.class().starts_with("a2dp.Vol.")), "{held:?}");
    let reads: Vec<_> = contents.reads.iter().map(|fact| fact.value.as_str()).collect();
    assert_eq!(reads, ["Bluetooth devices", "SMS", "contacts", "installed apps", "location", "use of apps"]);
    assert_eq!(contents.trackers, []);
}

/// Scheme, outcome, and the first bytes of the certificate's SHA-256.
type Signed = (&'static str, &'static [(&'static str, &'static str, &'static str)]);

const RSA: &str = "fb5dbd3c669af9fc";
const EC: &str = "6a8b96e278e58f62";
const SIGNED: &[Signed] = &[
    (
        "CertChain.apk",
        &[("v1", "invalid: the manifest lists a member that is not there", "01e1999710a82c27")],
    ),
    ("a2dp.Vol_137.apk", &[("v1", "valid", "1e3bf46f964d494c")]),
    ("golden-aligned-v1v2v3-out.apk", &[("v1", "valid", RSA), ("v2", "valid", RSA), ("v3", "valid", RSA)]),
    (
        "two-signers.apk",
        &[("v1", "valid", RSA), ("v1", "valid", EC), ("v2", "valid", RSA), ("v2", "valid", EC)],
    ),
    ("v1-only-two-signers.apk", &[("v1", "valid", RSA), ("v1", "valid", EC)]),
    (
        "v1-only-with-dsa-sha1-1.2.840.10040.4.1-1024.apk",
        &[("v1", "unsupported algorithm: DSA with SHA-1", "fee7c19ff9bfb419")],
    ),
    ("v2-only-two-signers.apk", &[("v2", "valid", RSA), ("v2", "valid", EC)]),
];

#[test]
fn signatures_have_three_outcomes() {
    let Some(corpora) = testkit::corpora() else { return };
    for (name, expected) in SIGNED {
        let bytes = std::fs::read(corpora.join("apk").join(name)).unwrap();
        let signatures = Apk::read(&bytes).signatures();
        let found: Vec<_> = signatures.signers.iter().map(told).collect();
        let expected: Vec<_> = expected.iter().map(|(s, o, c)| format!("{s} {o} {c}")).collect();
        assert_eq!(found, expected, "{name}");
    }
}

fn told(signer: &handset::apk::Signer) -> String {
    let print = signer.certificate().map(handset::apk::Certificate::fingerprint).unwrap_or_default();
    format!("{} {} {}", signer.scheme, signer.outcome, print.get(..16).unwrap_or_default())
}

#[test]
fn a_changed_byte_makes_every_signature_invalid() {
    let Some(corpora) = testkit::corpora() else { return };
    let mut bytes = std::fs::read(corpora.join("apk/golden-aligned-v1v2v3-out.apk")).unwrap();
    let at = Archive::read(&bytes).content_of("classes.dex", 100).unwrap().packed.start;
    bytes[at as usize + 200] ^= 1;
    let signatures = Apk::read(&bytes).signatures();
    assert_eq!(signatures.signers.len(), 3);
    for signer in &signatures.signers {
        assert!(matches!(signer.outcome, Outcome::Invalid(_)), "{}: {}", signer.scheme, signer.outcome);
    }
}

#[test]
fn a_stripped_signature_is_missed() {
    let Some(corpora) = testkit::corpora() else { return };
    let bytes = std::fs::read(corpora.join("apk/golden-aligned-v1v2v3-out.apk")).unwrap();
    let archive = Archive::read(&bytes);
    let member = |name: &&handset::apk::zip::Member| {
        let content = archive.content(name, 1 << 20).unwrap().bytes;
        Member::stored(&name.name, &content)
    };
    let stripped = zip(&archive.members().iter().map(|name| member(&name)).collect::<Vec<_>>());
    let signatures = Apk::read(&stripped).signatures();
    assert_eq!(signatures.signers.iter().map(told).collect::<Vec<_>>(), [format!("v1 valid {RSA}")]);
    let missed: Vec<_> = signatures.oddities.iter().map(|oddity| oddity.detail.as_str()).collect();
    assert_eq!(missed, ["v2", "v3"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn damaged_signatures_never_panic(changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..24), from in 0usize..9000) {
        let Some(corpora) = testkit::corpora() else { return Ok(()) };
        for name in ["golden-aligned-v1v2v3-out.apk", "two-signers.apk", "v1-only-with-dsa-sha1-1.2.840.10040.4.1-1024.apk"] {
            let mut bytes = std::fs::read(corpora.join("apk").join(name)).unwrap();
            let from = from.min(bytes.len() - 1);
            let room = bytes.len() - from;
            for (at, byte) in &changes {
                bytes[from + at.index(room)] = *byte;
            }
            Apk::read(&bytes).signatures();
        }
    }

    #[test]
    fn damage_never_panics(changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..24), cut in any::<proptest::sample::Index>()) {
        let mut bytes = registration().build();
        for (at, byte) in &changes {
            let at = at.index(bytes.len());
            bytes[at] = *byte;
        }
        for bytes in [bytes.as_slice(), &bytes[..cut.index(bytes.len())]] {
            let apk = Apk::read(bytes);
            apk.contents(Trackers::own());
            apk.contains(&["example"]);
            apk.signatures();
            Callers::of(apk.code()).nearest_common("com.example.register.Net.post", "com.example.register.Phone.ids");
        }
    }
}

#[test]
fn tables_that_point_at_one_place_cost_no_more_than_the_file() {
    // A million string entries, all of them the same megabyte.
    let mut dex = testkit::apk::dex(&[Class::new("a.B").method("c", &[Op::Text("http://a.example/")])]);
    let long = dex.len();
    dex.extend([0xff, 0xff, 0xff, 0x7f]);
    dex.extend(vec![b'x'; 1 << 20]);
    dex.push(0);
    let table = dex.len();
    for _ in 0..1_000_000 {
        dex.extend((long as u32).to_le_bytes());
    }
    dex[56..60].copy_from_slice(&1_000_000u32.to_le_bytes());
    dex[60..64].copy_from_slice(&(table as u32).to_le_bytes());
    let bytes = zip(&[Member::stored("classes.dex", &dex)]);
    let apk = Apk::read(&bytes);
    assert_eq!(apk.contents(Trackers::own()).endpoints.len(), 0);
    assert!(apk.holders("xxxx").len() < 20);
}

#[test]
fn code_in_plug_ins_and_splits_is_read_and_packers_are_told() {
    let dex = |class: &str, text: &'static str| {
        testkit::apk::dex(&[Class::new(class).method("run", &[Op::Text(text)])])
    };
    let plugin = zip(&[Member::stored("classes.dex", &dex("com.example.Plug", "plug.example.com"))]);
    let bytes = App::new("com.example.host")
        .service("com.example.InSplit")
        .file("assets/plug.jar", &plugin)
        .file("lib/arm64-v8a/libjiagu_64.so", b"x")
        .build();
    let split = zip(&[Member::stored("classes.dex", &dex("com.example.InSplit", "split.example.com"))]);
    let mut apk = Apk::read(&bytes);
    assert_eq!(
        apk.holders("plug.example.com")[0].holders[0].to_string().split(':').next(),
        Some("com.example.Plug.run @ assets/plug.jar!classes.dex")
    );
    assert_eq!(apk.coverage().unread[0].what, "360 Jiagu");
    assert_eq!(apk.coverage().undefined, ["com.example.InSplit"]);
    apk.add_split(&Apk::read(&split));
    assert!(apk.coverage().undefined.is_empty());
    assert_eq!(apk.holders("split.example.com").len(), 1);
}
