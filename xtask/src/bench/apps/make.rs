//! Apps for the measurements, the same every time, with the answers that they hold.

use std::{
    collections::BTreeSet,
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use flate2::{Compression, Crc, write::DeflateEncoder};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use testkit::apk::{self, Member};

use super::dex;

/// An app and what is in it.
pub(super) struct App {
    pub(super) path: PathBuf,
    pub(super) truth: Truth,
}

/// The answers that an app holds.
#[derive(Debug, Deserialize, PartialEq, Serialize)]
pub(super) struct Truth {
    package: String,
    version_name: String,
    version_code: u32,
    permissions: BTreeSet<String>,
    receivers: BTreeSet<String>,
    hosts: BTreeSet<String>,
    callers: BTreeSet<(String, String)>,
    trackers: BTreeSet<String>,
    pub(super) dex_bytes: u64,
    pub(super) deflated: bool,
}

impl Truth {
    /// In the form of a program's answer.
    pub(super) fn answer(truth: &Self) -> Value {
        serde_json::to_value(truth).unwrap_or_default()
    }
}

/// How large an app is.
struct Size {
    files: u32,
    classes: u32,
    urls: u32,
}

/// Apps with that many bytes of DEX in all, and up to one app more. Of one to five DEX files each, as large
/// as their indexes let them be; those of every second app are deflated.
pub(super) fn set(folder: &Path, bytes: u64) -> Result<Vec<App>> {
    let mut apps: Vec<App> = Vec::new();
    for (number, files) in (0..).zip([1, 3, 2, 5, 4].into_iter().cycle()) {
        if apps.iter().map(|app| app.truth.dex_bytes).sum::<u64>() >= bytes {
            break;
        }
        let size = Size { files, classes: 5_900, urls: 60 };
        apps.push(app(folder, &format!("app{number:03}"), number, &size)?);
    }
    Ok(apps)
}

/// One that costs a program no more than its start.
pub(super) fn start(folder: &Path) -> Result<App> {
    app(folder, "start", 1_001, &Size { files: 1, classes: 12, urls: 2 })
}

/// A list of trackers in Exodus' format, as long as Exodus' own was in 2026.
pub(super) fn trackers() -> Value {
    let row = |n: u32| {
        let row = json!({
            "id": n,
            "name": format!("Tracker {n}"),
            "code_signature": format!("com.tracking{n:03}.sdk."),
            "network_signature": format!("tracking{n:03}\\.example"),
            "website": "",
            "categories": ["Analytics"],
        });
        (n.to_string(), row)
    };
    json!({ "trackers": (0..TRACKERS).map(row).collect::<Map<_, _>>() })
}

/// Makes an app, or takes over the one that is there with its answers.
fn app(folder: &Path, name: &str, number: u32, size: &Size) -> Result<App> {
    let path = folder.join(format!("{name}.apk"));
    let notes = folder.join(format!("{name}.truth.json"));
    let known = fs::read(&notes).ok().and_then(|bytes| serde_json::from_slice::<Truth>(&bytes).ok());
    if let Some(truth) = known.filter(|_| path.exists()) {
        return Ok(App { path, truth });
    }
    let (bytes, truth) = build(number, size)?;
    fs::write(&path, bytes).with_context(|| format!("writing {}", path.display()))?;
    fs::write(&notes, serde_json::to_vec(&truth)?).with_context(|| format!("writing {}", notes.display()))?;
    Ok(App { path, truth })
}

fn build(number: u32, size: &Size) -> Result<(Vec<u8>, Truth)> {
    let package = format!("com.example.app{number}");
    let permissions = ["READ_PHONE_STATE", "ACCESS_FINE_LOCATION", "INTERNET", "RECEIVE_BOOT_COMPLETED"];
    let permissions = permissions.map(|name| format!("android.permission.{name}"));
    let mut app = apk::App::new(&package).version(number + 1, &format!("{number}.2.1")).label("Example");
    for permission in &permissions {
        app = app.permission(permission);
    }
    let receiver = format!("{package}.Boot");
    app = app.receiver(&receiver, &["android.intent.action.BOOT_COMPLETED"]);
    let mut truth = Truth {
        package,
        version_name: format!("{number}.2.1"),
        version_code: number + 1,
        permissions: permissions.into(),
        receivers: [receiver].into(),
        hosts: BTreeSet::new(),
        callers: BTreeSet::new(),
        trackers: BTreeSet::new(),
        dex_bytes: 0,
        deflated: number.is_multiple_of(2),
    };
    let mut members = vec![packed("AndroidManifest.xml", &app.manifest(), true)?];
    for file in 0..size.files {
        let name = if file == 0 { "classes.dex".to_owned() } else { format!("classes{}.dex", file + 1) };
        let bytes = code(number, file, size, &mut truth);
        members.push(packed(&name, &bytes, truth.deflated)?);
    }
    Ok((apk::zip(&members), truth))
}

/// One DEX file, its answers noted.
fn code(number: u32, file: u32, size: &Size, truth: &mut Truth) -> Vec<u8> {
    let trackers: Vec<u32> = (0..3).map(|n| (number * 31 + file * 7 + n * 101) % TRACKERS).collect();
    truth.trackers.extend(trackers.iter().map(|n| format!("Tracker {n}")));
    let host = |n: u32| format!("api{n}.app{number}-{file}.example");
    truth.hosts.extend((0..size.urls).map(host));
    let schemes = ["https", "http"].into_iter().cycle();
    let urls =
        (0..size.urls).zip(schemes).map(|(n, scheme)| format!("{scheme}://{}/v{n}/report?k={n}", host(n)));
    let plan = dex::Plan {
        seed: u64::from(number) << 8 | u64::from(file),
        classes: size.classes,
        package: format!("com/example/app{number}/part{file}"),
        trackers: trackers.iter().map(|n| format!("com/tracking{n:03}/sdk")).collect(),
        urls: urls.collect(),
        apis: APIS.iter().map(|(_, api)| (*api).to_owned()).collect(),
    };
    let made = dex::make(&plan);
    let reads = |called: &str| APIS.iter().find(|(_, api)| *api == called).map_or("", |(reads, _)| *reads);
    truth.callers.extend(made.callers.iter().map(|(api, caller)| (reads(api).to_owned(), caller.clone())));
    truth.dex_bytes += u64::try_from(made.bytes.len()).unwrap_or(u64::MAX);
    made.bytes
}

fn packed(name: &str, bytes: &[u8], deflated: bool) -> Result<Member> {
    let mut crc = Crc::new();
    crc.update(bytes);
    let content = if deflated {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes)?;
        encoder.finish()?
    } else {
        bytes.to_vec()
    };
    Ok(Member {
        name: name.to_owned(),
        method: if deflated { 8 } else { 0 },
        flags: 0,
        crc: crc.sum(),
        size: u32::try_from(bytes.len())?,
        packed: content,
    })
}

/// Rows of `data/identifier_apis.toml` that are asked for: those that methods alone show.
pub(super) const ASKED: &[&str] = &["IMEI or MEID", "IMSI", "location"];
const APIS: &[(&str, &str)] = &[
    ("IMEI or MEID", "android.telephony.TelephonyManager.getDeviceId"),
    ("IMEI or MEID", "android.telephony.TelephonyManager.getImei"),
    ("IMSI", "android.telephony.TelephonyManager.getSubscriberId"),
    ("location", "android.location.LocationManager.getLastKnownLocation"),
    ("location", "android.location.LocationManager.requestSingleUpdate"),
];
const TRACKERS: u32 = 432;
