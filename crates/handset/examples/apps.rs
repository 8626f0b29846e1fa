//! APKs in, one line of JSON for each out: what `cargo xtask bench --kind apps` asks of us and of other tools.
//!
//! `apps QUESTIONS TRACKERS OUT APK…`. `QUESTIONS` is a JSON object `rows`: from what is read to the methods
//! that read it; its keys are `reads` of `data/identifier_apis.toml`. `TRACKERS` is a list in Exodus' format.
//! Each app is read whole, signatures included; of what is found only the answers are written: `file`,
//! `package`, `version_name`, `version_code`, `permissions`, `receivers`, `hosts` of the URLs of HTTP in strings of code, `callers` (pairs of what is
//! read and the method that reads), `trackers`, `dex_bytes`, `signatures` (number of signers).

use std::{
    collections::BTreeSet,
    env, fs,
    io::Error,
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use handset::apk::{Apk, ComponentKind, Contents, Trackers, text::EndpointForm};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct Questions {
    rows: std::collections::BTreeMap<String, Vec<String>>,
}

fn main() -> Result<(), Error> {
    let arguments: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    let [questions, trackers, out, apps @ ..] = arguments.as_slice() else {
        return Err(Error::other("usage: apps QUESTIONS TRACKERS OUT APK…"));
    };
    let questions: Questions = serde_json::from_slice(&fs::read(questions)?)?;
    let trackers = Trackers::exodus(&fs::read(trackers)?)?;
    let answers = read_all(apps, &|app| answer(app, &questions, &trackers));
    let lines: Vec<String> = answers.iter().map(|answer| format!("{answer}\n")).collect();
    fs::write(out, lines.concat())
}

/// One app in memory for each core, the answers in the order of the apps.
fn read_all(apps: &[PathBuf], read: &(dyn Fn(&Path) -> Value + Sync)) -> Vec<Value> {
    let workers = thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
    let (next, answers) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    let Some(app) = apps.get(place) else { return };
                    let answer = read(app);
                    answers.lock().unwrap_or_else(PoisonError::into_inner).push((place, answer));
                }
            });
        }
    });
    let mut answers = answers.into_inner().unwrap_or_else(PoisonError::into_inner);
    answers.sort_by_key(|(place, _)| *place);
    answers.into_iter().map(|(_, answer)| answer).collect()
}

fn answer(path: &Path, questions: &Questions, trackers: &Trackers) -> Value {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) => return json!({ "file": name, "error": error.to_string() }),
    };
    let apk = Apk::read(&bytes);
    let contents = apk.contents(trackers);
    let manifest = apk.manifest();
    let permissions: BTreeSet<&str> = manifest.permissions.iter().map(|asked| asked.value.as_str()).collect();
    let receivers = manifest.components.iter().filter(|component| component.kind == ComponentKind::Receiver);
    let receivers: BTreeSet<&str> = receivers.map(|receiver| receiver.class.value.as_str()).collect();
    let found: BTreeSet<&str> = contents.trackers.iter().map(|tracker| tracker.name.as_str()).collect();
    json!({
        "file": name,
        "package": manifest.package.as_ref().map(|found| &found.value),
        "version_name": manifest.version_name.as_ref().map(|found| &found.value),
        "version_code": manifest.version_code.as_ref().map(|found| found.value),
        "permissions": permissions,
        "receivers": receivers,
        "hosts": hosts(&contents),
        "callers": callers(&contents, questions),
        "trackers": found,
        "dex_bytes": apk.coverage().dex_bytes,
        "signatures": apk.signatures().signers.len(),
    })
}

fn hosts(contents: &Contents) -> BTreeSet<&str> {
    let of_http = |text: &str| {
        ["http://", "https://"]
            .iter()
            .any(|scheme| text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)))
    };
    let urls = contents.endpoints.iter().filter(|fact| {
        fact.value.form == EndpointForm::Url
            && of_http(&fact.value.text)
            && fact.holders.iter().any(|holder| holder.member.ends_with(".dex"))
    });
    urls.map(|fact| fact.value.host.as_str()).collect()
}

fn callers<'c>(contents: &'c Contents, questions: &Questions) -> BTreeSet<(&'c str, &'c str)> {
    let asked = contents.reads.iter().filter(|fact| questions.rows.contains_key(&fact.value));
    asked
        .flat_map(|fact| fact.holders.iter().map(|holder| (fact.value.as_str(), holder.name.as_str())))
        .collect()
}
