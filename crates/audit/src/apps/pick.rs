//! Files of shelves → those of one app: its base, its splits, and its code that was compiled ahead.

use std::collections::BTreeMap;

use evidence::{Survey, Unread};
use handset::{
    apk::{Manifest, resources::Resources},
    firmware::{self, FileEntry, Role},
};

use super::{
    disk::{self, Archive, LARGEST},
    shelf::{Shelf, Shelves},
};

/// The files of an app, read.
#[derive(Debug, Default)]
pub(super) struct Picked {
    /// The base first.
    pub(super) files: Vec<(String, Vec<u8>)>,
    /// Code beside it.
    pub(super) code: Vec<(String, Vec<u8>)>,
    /// It lies where the system's apps lie.
    pub(super) system: bool,
    /// It lies where privileged apps lie.
    pub(super) privileged: bool,
}

impl Picked {
    /// Bytes of its files.
    pub(super) fn bytes(&self) -> u64 {
        self.files.iter().chain(&self.code).map(|(_, bytes)| bytes.len() as u64).sum()
    }
}

/// Calls `each` with every app of the shelves.
pub(super) fn each(shelves: &Shelves, survey: &mut Survey, each: &mut dyn FnMut(Picked)) {
    for shelf in &shelves.all {
        each_of(shelf, survey, each, 0);
    }
}

fn each_of(shelf: &Shelf, survey: &mut Survey, each: &mut dyn FnMut(Picked), depth: usize) {
    for group in groups(shelf) {
        let Some(first) = group.first() else { continue };
        if is_apex(&first.path) {
            open_apex(shelf, first, survey, each, depth);
            continue;
        }
        let mut picked = Picked {
            system: shelf.is_image() || lies_in_system(&first.path),
            privileged: firmware::role(&first.path) == Some(Role::PrivilegedApp),
            ..Picked::default()
        };
        for file in &group {
            picked.files.extend(read(shelf, file, survey));
        }
        for code in code_of(shelf, &first.path) {
            picked.code.extend(read(shelf, code, survey));
        }
        if !picked.files.is_empty() {
            each(picked);
        }
    }
}

fn read(shelf: &Shelf, file: &FileEntry, survey: &mut Survey) -> Option<(String, Vec<u8>)> {
    let path = shelf.path(&file.path);
    let why = if file.len > LARGEST { "larger than is read of an app" } else { "cannot be read" };
    let bytes = if file.len > LARGEST { None } else { shelf.read(&file.path, LARGEST) };
    if bytes.is_none() {
        survey.unread.push(Unread { what: path.clone(), bytes: file.len, why: why.to_owned() });
    }
    Some((path, bytes?))
}

/// A package of the system brings apps of its own in an image.
fn open_apex(
    shelf: &Shelf,
    file: &FileEntry,
    survey: &mut Survey,
    each: &mut dyn FnMut(Picked),
    depth: usize,
) {
    let path = shelf.path(&file.path);
    let opened = shelf.source(&file.path).filter(|_| depth < MAX_DEPTH);
    let Some(source) = opened else {
        survey.unread.push(Unread { what: path, bytes: file.len, why: "cannot be read".to_owned() });
        return;
    };
    let mut inside = Shelves::default();
    inside.take_parts(firmware::parts(&path, source), survey);
    for shelf in &inside.all {
        each_of(shelf, survey, each, depth + 1);
    }
}

/// The apps' files of a shelf, those of one app together, the base first.
fn groups(shelf: &Shelf) -> Vec<Vec<&FileEntry>> {
    let is_app = |file: &&FileEntry| match firmware::role(&file.path) {
        Some(role) => matches!(role, Role::App | Role::PrivilegedApp),
        // Shelves hold nothing else without a role but what was seen to be an app.
        None => true,
    };
    let apps: Vec<_> = shelf.files.iter().filter(is_app).collect();
    let mut alone = Vec::new();
    let mut splits: BTreeMap<(String, String), Vec<(String, &FileEntry)>> = BTreeMap::new();
    for file in apps {
        match peek(shelf, file) {
            Some((package, split)) if !package.is_empty() => {
                let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
                splits.entry((folder, package)).or_default().push((split, file));
            }
            _ => alone.push(vec![file]),
        }
    }
    alone.into_iter().chain(splits.into_values().flat_map(joined)).collect()
}

/// Splits go with the base, where there is one; two bases are two copies of the app.
fn joined(mut files: Vec<(String, &FileEntry)>) -> Vec<Vec<&FileEntry>> {
    files.sort_by(|one, other| (&one.0, &one.1.path).cmp(&(&other.0, &other.1.path)));
    let bases = files.iter().filter(|(split, _)| split.is_empty()).count();
    if bases <= 1 {
        return vec![files.into_iter().map(|(_, file)| file).collect()];
    }
    files.into_iter().map(|(_, file)| vec![file]).collect()
}

/// Package and split of an APK, by its manifest alone.
fn peek(shelf: &Shelf, file: &FileEntry) -> Option<(String, String)> {
    if !shelf.may_split() || is_apex(&file.path) {
        return None;
    }
    let parts = firmware::parts("", shelf.source(&file.path)?);
    let zip = parts.parts.first().filter(|_| disk::archive(&parts) == Some(Archive::Apk))?;
    let manifest = Manifest::read(&zip.read("AndroidManifest.xml", MAX_MANIFEST)?, &Resources::read(&[]));
    let split = manifest.split.as_ref().map(|split| split.value.clone()).unwrap_or_default();
    Some((manifest.package().to_owned(), split))
}

/// Code compiled ahead for `app/Name/Name.apk`: `app/Name/oat/arm64/Name.odex` and its like, of one architecture.
fn code_of<'s>(shelf: &'s Shelf, app: &str) -> Vec<&'s FileEntry> {
    let (folder, name) = app.rsplit_once('/').unwrap_or(("", app));
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let is_its = |file: &&FileEntry| {
        let (place, code) = file.path.rsplit_once('/').unwrap_or(("", &file.path));
        let beside = place.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        let its = code.rsplit_once('.').is_some_and(|(of, _)| of == stem);
        firmware::role(&file.path) == Some(Role::Code) && beside && its
    };
    let mut code: Vec<_> = shelf.files.iter().filter(is_its).collect();
    // A `.vdex` holds the DEX files, an `.odex` of older systems does; both of one folder are enough.
    let first = code.first().and_then(|file| file.path.rsplit_once('/')).map(|(place, _)| place.to_owned());
    code.retain(|file| file.path.rsplit_once('/').map(|(place, _)| place) == first.as_deref());
    code
}

fn is_apex(path: &str) -> bool {
    path.ends_with(".apex") || path.ends_with(".capex")
}

/// Whether a path, of a phone's files or of unpacked firmware, is one of the system's.
pub(super) fn lies_in_system(path: &str) -> bool {
    let folders = ["system", "system_ext", "vendor", "product", "odm", "apex", "priv-app"];
    path.split('/').rev().skip(1).any(|step| folders.contains(&step))
}

const MAX_MANIFEST: usize = 16 << 20;
/// A package of the system, and the one packed in it.
const MAX_DEPTH: usize = 2;
