//! The files of one app → its part of the survey.

use std::borrow::Cow;

use evidence::{
    App, AppFact, AppFile, AppReceiver, AppSigner, AppTracker, CodeCoverage, CodePlace, Outcome, Unread,
};
use handset::apk::{
    self, Apk, Component, Contents, Coverage, Crypto, Holder, Manifest, Trackers, report::Fact, text::KeyForm,
};

use super::{digest, pick::Picked, shelf::oddity_of, told::Told};

/// Reads an app.
pub(super) fn app(picked: Picked, told: &Told, trackers: &Trackers) -> App {
    let Picked { files, code, system, privileged } = picked;
    let mut read = files.iter().map(|(_, bytes)| Apk::read(bytes));
    let Some(mut base) = read.next() else { return App::default() };
    let mut app = of_manifest(base.manifest());
    (app.standing.system, app.standing.privileged) = (system || privileged, privileged);
    app.signers = base.signatures().signers.iter().map(signer).collect();
    let mut oddities = odd(&files, 0, &base);
    app.files.extend(files.first().map(|file| of_file(file, base.manifest())));
    let mut contents = base.contents(trackers);
    for (number, split) in (1..).zip(read) {
        app.files.extend(files.get(number).map(|file| of_file(file, split.manifest())));
        oddities.extend(odd(&files, number, &split));
        // The signer of a split that is not the base's is another one.
        let others = split.signatures().signers.iter().map(signer).collect::<Vec<_>>();
        let known = |other: &AppSigner| app.signers.iter().any(|one| one.certificate == other.certificate);
        let foreign: Vec<_> = others.into_iter().filter(|other| !known(other)).collect();
        app.signers.extend(foreign);
        base.add_split(&split);
    }
    let alone = base.coverage().dex_bytes == 0;
    for (path, bytes) in code.iter().filter(|_| alone) {
        let _no_dex = base.add_code(path, Cow::Borrowed(bytes));
    }
    if files.len() > 1 || alone && !code.is_empty() {
        contents = base.contents(trackers);
    }
    tell(&mut app, contents, told);
    app.coverage = Some(coverage(base.coverage()));
    app.oddities = oddities;
    told.add(&mut app);
    app
}

fn odd(files: &[(String, Vec<u8>)], number: usize, apk: &Apk<'_>) -> Vec<evidence::AppOddity> {
    let path = files.get(number).map(|(path, _)| path.as_str()).unwrap_or_default();
    apk.oddities()
        .into_iter()
        .chain(apk.signatures().oddities)
        .take(ODDITIES)
        .map(|oddity| oddity_of(path, oddity))
        .collect()
}

fn of_file((path, bytes): &(String, Vec<u8>), manifest: &Manifest) -> AppFile {
    AppFile {
        path: path.clone(),
        bytes: bytes.len() as u64,
        sha256: digest(bytes),
        split: manifest.split.as_ref().map(|split| split.value.clone()).unwrap_or_default(),
    }
}

fn of_manifest(manifest: &Manifest) -> App {
    let mut permissions: Vec<_> = manifest.permissions.iter().map(|found| found.value.clone()).collect();
    permissions.sort();
    permissions.dedup();
    let mut app = App {
        package: manifest.package().to_owned(),
        label: manifest.label.clone().unwrap_or_default(),
        version_name: manifest.version_name.as_ref().map(|name| name.value.clone()).unwrap_or_default(),
        version_code: manifest.version_code.as_ref().map(|code| code.value),
        permissions,
        hidden: (!manifest.components.is_empty()).then(|| !manifest.has_launcher()),
        ..App::default()
    };
    app.standing.shared_user =
        manifest.shared_user.as_ref().map(|user| user.value.clone()).unwrap_or_default();
    receivers(&mut app, "boot", manifest.boot_receivers());
    receivers(&mut app, "connectivity", manifest.connectivity_receivers());
    receivers(&mut app, "SMS", manifest.sms_receivers());
    receivers(&mut app, "telephony", manifest.telephony_receivers());
    app
}

fn receivers<'m>(app: &mut App, event: &str, receivers: impl Iterator<Item = &'m Component>) {
    let row =
        |receiver: &Component| AppReceiver { event: event.to_owned(), class: receiver.class.value.clone() };
    app.receivers.extend(receivers.map(row));
}

/// A signer, as the survey has it.
pub(crate) fn signer(signer: &apk::Signer) -> AppSigner {
    let (outcome, reason) = match &signer.outcome {
        apk::Outcome::Valid => (Outcome::Valid, String::new()),
        apk::Outcome::Invalid(why) => (Outcome::Invalid, (*why).to_owned()),
        apk::Outcome::Unsupported(algorithm) => (Outcome::Unsupported, algorithm.clone()),
    };
    let certificate = signer.certificate();
    AppSigner {
        scheme: signer.scheme.to_string(),
        outcome,
        reason,
        certificate: certificate.map(apk::Certificate::fingerprint).unwrap_or_default(),
        subject: certificate.map(|certificate| certificate.subject.clone()).unwrap_or_default(),
    }
}

fn tell(app: &mut App, contents: Contents, told: &Told) {
    let endpoint = |value: &apk::text::Endpoint| {
        let host = value.port.map_or_else(|| value.host.clone(), |port| format!("{}:{port}", value.host));
        (host, value.text.clone())
    };
    let plain = |value: &String| (value.clone(), String::new());
    app.endpoints = facts(&contents.endpoints, endpoint);
    app.phone_numbers = facts(&contents.phone_numbers, plain);
    app.reads = facts(&contents.reads, plain);
    app.properties = facts(&contents.properties, |key| match told.property(key) {
        Some((value, file)) => (key.clone(), format!("{value} ({file})")),
        None => (key.clone(), String::new()),
    });
    app.sms_sends = facts(&contents.sms_sends, plain);
    app.sms_deletes = facts(&contents.sms_deletes, plain);
    app.crypto = facts(&contents.crypto, |crypto| match crypto {
        Crypto::Algorithm(name) => (name.clone(), "algorithm".to_owned()),
        Crypto::Key(form, key) => (key.clone(), key_words(*form)),
    });
    app.trackers = contents.trackers.into_iter().map(tracker).collect();
}

fn facts<T>(facts: &[Fact<T>], words: impl Fn(&T) -> (String, String)) -> Vec<AppFact> {
    let fact = |fact: &Fact<T>| {
        let (value, detail) = words(&fact.value);
        let places = fact.holders.iter().take(PLACES).map(place).collect();
        AppFact { value, detail, places, count: fact.count as u64 }
    };
    facts.iter().map(fact).collect()
}

/// A holder, as the case and the survey have it.
pub(crate) fn place(holder: &Holder) -> CodePlace {
    CodePlace { member: holder.member.to_string(), name: holder.name.clone(), at: holder.at }
}

fn key_words(form: KeyForm) -> String {
    match form {
        KeyForm::Array(bytes) => format!("array of {bytes} bytes beside a cipher"),
        KeyForm::Base64(bytes) => format!("base64 of {bytes} bytes beside a cipher"),
        KeyForm::Certificate => "certificate".to_owned(),
        KeyForm::Hex(bytes) => format!("hex of {bytes} bytes beside a cipher"),
        KeyForm::PrivateKey => "private key".to_owned(),
        KeyForm::PublicKey => "public key".to_owned(),
        KeyForm::Raw(bytes) => format!("{bytes} characters beside a cipher"),
    }
}

fn tracker(found: apk::TrackerFound) -> AppTracker {
    AppTracker {
        name: found.name,
        purpose: found.purpose,
        classes: found.classes as u64,
        class: found.class.unwrap_or_default(),
        hosts: found.hosts,
    }
}

fn coverage(coverage: &Coverage) -> CodeCoverage {
    let unread = coverage.unread.iter().map(|unread| Unread {
        what: unread.what.clone(),
        bytes: unread.bytes,
        why: unread.why.to_owned(),
    });
    CodeCoverage {
        dex_bytes: coverage.dex_bytes,
        code_bytes: coverage.code_bytes,
        methods: coverage.methods,
        native: coverage.native.0 as u64,
        native_bytes: coverage.native.1,
        unread: unread.collect(),
        undefined: coverage.undefined.clone(),
        declared: coverage.declared as u64,
    }
}

/// Places told of one fact.
const PLACES: usize = 20;
/// Oddities told of one file.
const ODDITIES: usize = 200;
