//! What lists of the phone and permission files of its firmware say of packages.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use evidence::{App, AppFact, AppFile, AppGrant, AppOddity, AppSigner, CaptureId, Outcome, Standing, Survey};
use handset::{
    Clock,
    apk::apis,
    firmware::{GrantKind, Role, grants, role},
    packages::{Known, Package, Packages, Signer},
};

use super::{
    problem,
    shelf::{Shelf, Shelves, odd},
};
use crate::{
    input::{Input, hex, open},
    kind::Kind,
    phone::Phone,
};

/// What is told of packages.
#[derive(Default)]
pub(super) struct Told {
    phone: Phone,
    grants: BTreeMap<String, Vec<AppGrant>>,
    /// Values of `build.prop`, and the file that gives them.
    properties: BTreeMap<String, (String, String)>,
}

impl Told {
    /// Reads all lists and all permission files.
    pub(super) fn read(shelves: &Shelves, survey: &mut Survey) -> Self {
        let mut told = Self::default();
        shelves.lists.iter().for_each(|path| told.read_list(path, survey));
        shelves.all.iter().for_each(|shelf| told.read_shelf(shelf, survey));
        told
    }

    fn read_list(&mut self, path: &Path, survey: &mut Survey) {
        let name = path.display().to_string();
        let opened = open(&Input::File(path.to_owned()));
        let Ok(mut opened) = opened.map_err(|error| {
            survey.problems.push(problem(&name, format!("cannot be opened: {error}")));
        }) else {
            return;
        };
        let Some(Kind::Phone(kind)) = opened.kind else { return };
        let mut anomalies = evidence::AnomalyTally::default();
        let how = (kind, Clock::default());
        let read =
            self.phone.read(CaptureId(0), how, &mut *opened.bytes, (&mut anomalies, None), &mut |_| {});
        if let Some(error) = read.failure {
            survey.problems.push(problem(&name, format!("could not be read to its end: {error}")));
        }
        survey.oddities.extend(anomalies.iter().flat_map(|(_, kept)| kept).map(|anomaly| AppOddity {
            file: name.clone(),
            what: anomaly.what.to_string(),
            detail: anomaly.detail.clone(),
            offset: anomaly.offset.unwrap_or_default(),
        }));
    }

    fn read_shelf(&mut self, shelf: &Shelf, survey: &mut Survey) {
        for file in &shelf.files {
            let path = shelf.path(&file.path);
            match role(&file.path) {
                Some(Role::Grants) => self.read_grants(shelf, &file.path, &path, survey),
                Some(Role::Properties) => self.read_properties(shelf, &file.path, &path),
                _ => {}
            }
        }
    }

    fn read_grants(&mut self, shelf: &Shelf, file: &str, path: &str, survey: &mut Survey) {
        let Some(bytes) = shelf.read(file, MAX_TEXT) else { return };
        let (found, oddities) = grants(&bytes);
        odd(survey, path, oddities);
        for grant in found {
            let (start, end, grant) = (grant.start, grant.end, grant.value);
            let row = AppGrant {
                kind: kind(grant.kind).to_owned(),
                what: grant.what,
                fixed: grant.fixed,
                file: path.to_owned(),
                start,
                end,
            };
            // What is given to a user id is its packages'.
            let package = match grant.kind {
                GrantKind::Assigned => format!("android.uid.{}", grant.package),
                _ => grant.package,
            };
            self.grants.entry(package).or_default().push(row);
        }
    }

    fn read_properties(&mut self, shelf: &Shelf, file: &str, path: &str) {
        let text = shelf.read(file, MAX_TEXT).unwrap_or_default();
        for line in String::from_utf8_lossy(&text).lines() {
            let line = line.trim();
            if let Some((key, value)) = line.split_once('=').filter(|_| !line.starts_with('#')) {
                let row = || (value.to_owned(), path.to_owned());
                self.properties.entry(key.to_owned()).or_insert_with(row);
            }
        }
    }

    /// The value of a property and the file that gives it.
    pub(super) fn property(&self, key: &str) -> Option<&(String, String)> {
        self.properties.get(key)
    }

    /// Adds what is told of an app to what its files say.
    pub(super) fn add(&self, app: &mut App) {
        let names = [&app.package, &app.standing.shared_user];
        for name in names.into_iter().filter(|name| !name.is_empty()) {
            app.grants.extend(self.grants.get(name).into_iter().flatten().cloned());
        }
        if let Some(known) = self.packages().named(&app.package) {
            self.stand(&mut app.standing, known);
            app.hidden = app.hidden.or_else(|| known.has_launcher().map(|has| !has));
            if !app.shows_manifest() {
                app.permissions = permissions(known);
            }
        }
        if app.reads.is_empty() && !app.shows_code() {
            app.reads = allowed(app);
        }
    }

    /// Adds the apps that only lists name.
    pub(super) fn add_unseen(&self, apps: &mut Vec<App>) {
        let seen: BTreeSet<String> = apps.iter().map(|app| app.package.clone()).collect();
        let unseen = self.packages().iter().filter(|(name, _)| !seen.contains(*name));
        apps.extend(unseen.map(|(name, known)| {
            let mut app = of_list(name, known);
            self.add(&mut app);
            app
        }));
    }

    fn packages(&self) -> &Packages {
        self.phone.packages()
    }

    fn stand(&self, standing: &mut Standing, known: &Known) {
        let flags = known.flags();
        standing.system |= flags.system;
        standing.privileged |= flags.privileged;
        standing.uid = standing.uid.or_else(|| known.uid().map(|uid| uid.0));
        let own = || known.first(|told| told.shared_user.as_ref()).map(|(_, found)| found.value.clone());
        let shared = || {
            let user = known.uid().and_then(|uid| self.packages().shared_user(uid).next());
            user.map(|(_, user)| user.value.name.clone())
        };
        if standing.shared_user.is_empty() {
            standing.shared_user = own().or_else(shared).unwrap_or_default();
        }
        if standing.installer.is_empty() {
            let installer = known.first(|told| told.installer.as_ref());
            standing.installer = installer.map(|(_, found)| found.value.clone()).unwrap_or_default();
        }
    }
}

/// An app as lists tell of it.
fn of_list(name: &str, known: &Known) -> App {
    let text = |of: fn(&Package) -> Option<&handset::Found<String>>| {
        known.first(of).map(|(_, found)| found.value.clone()).unwrap_or_default()
    };
    let path = text(|told| told.code_path.as_ref());
    let file = |path: String| AppFile { path, bytes: 0, sha256: String::new(), split: String::new() };
    let told = known.told.iter().map(|(_, told)| &told.value);
    let mut signers: Vec<_> = told.flat_map(|told| &told.signers).map(|found| signer(&found.value)).collect();
    signers.dedup();
    App {
        package: name.to_owned(),
        version_name: text(|told| told.version_name.as_ref()),
        version_code: known.first(|told| told.version_code.as_ref()).map(|(_, found)| found.value),
        files: (!path.is_empty()).then(|| file(path)).into_iter().collect(),
        signers,
        ..App::default()
    }
}

/// The permissions that lists give it.
fn permissions(known: &Known) -> Vec<String> {
    let told = known.told.iter().flat_map(|(_, told)| &told.value.permissions);
    let names: BTreeSet<&String> = told.map(|found| &found.value.name).collect();
    names.into_iter().cloned().collect()
}

/// What an app can read by its permissions, each once with the permissions that open it.
fn allowed(app: &App) -> Vec<AppFact> {
    let permitted: BTreeSet<&str> = app.permitted().collect();
    let mut opened: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for allowance in apis::allowances().iter().filter(|row| permitted.contains(row.permission.as_str())) {
        let comma = if allowance.condition.is_empty() { "" } else { ", " };
        let by = format!("{}{comma}{}", allowance.permission, allowance.condition);
        allowance.reads.iter().for_each(|reads| opened.entry(reads).or_default().push(by.clone()));
    }
    let fact = |(reads, by): (&str, Vec<String>)| AppFact {
        value: reads.to_owned(),
        detail: format!("by {}", by.join("; by ")),
        places: Vec::new(),
        count: 0,
    };
    opened.into_iter().map(fact).collect()
}

fn signer(signer: &Signer) -> AppSigner {
    let certificate = match signer {
        Signer::HashCode(code) => code.clone(),
        Signer::Sha256(digest) => hex(digest),
    };
    AppSigner {
        scheme: String::new(),
        outcome: Outcome::Told,
        reason: String::new(),
        certificate,
        subject: String::new(),
    }
}

fn kind(kind: GrantKind) -> &'static str {
    match kind {
        GrantKind::Assigned => "assigned",
        GrantKind::Config => "config",
        GrantKind::Default => "default",
        GrantKind::Denied => "denied",
        GrantKind::Privileged => "privileged",
    }
}

/// The largest permission file or `build.prop` that is read.
const MAX_TEXT: u64 = 16 << 20;
