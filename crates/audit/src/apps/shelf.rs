//! Inputs → shelves: what holds files, on the disk or in an image.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use evidence::{AppOddity, Survey, Unread};
use handset::{
    BEGINNING, Oddity,
    firmware::{self, FileEntry, Part, Parts, Source},
};

use super::{
    disk::{self, Archive, LARGEST},
    problem,
};
use crate::kind::Kind;

/// Everything that holds files.
#[derive(Default)]
pub(super) struct Shelves {
    pub(super) all: Vec<Shelf>,
    /// Files of the phone: lists, bugreports.
    pub(super) lists: Vec<PathBuf>,
}

/// Something that holds files.
pub(super) struct Shelf {
    /// What its files' paths are put behind.
    pub(super) name: String,
    pub(super) files: Vec<FileEntry>,
    holds: Holds,
}

enum Holds {
    /// A folder.
    Disk(PathBuf),
    Part(Part),
}

impl Shelf {
    /// The whole path of one of its files.
    pub(super) fn path(&self, file: &str) -> String {
        if self.name.is_empty() { file.to_owned() } else { format!("{}/{file}", self.name) }
    }

    /// A file's bytes, at most `limit`.
    pub(super) fn read(&self, file: &str, limit: u64) -> Option<Vec<u8>> {
        match &self.holds {
            Holds::Disk(root) => {
                let mut bytes = Vec::new();
                let opened = fs::File::open(root.join(file)).ok()?;
                std::io::Read::read_to_end(&mut std::io::Read::take(opened, limit), &mut bytes).ok()?;
                Some(bytes)
            }
            Holds::Part(part) => part.read(file, usize::try_from(limit).unwrap_or(usize::MAX)),
        }
    }

    /// A file that is read here and there. Only those on the disk and those in archives are worth it.
    pub(super) fn source(&self, file: &str) -> Option<Source> {
        match &self.holds {
            Holds::Disk(root) => disk::source(&root.join(file)).ok(),
            Holds::Part(_) => self.read(file, LARGEST).map(|bytes| Arc::new(bytes) as Source),
        }
    }

    /// Whether splits may stand in it: not in an image, where each app has one file.
    pub(super) fn may_split(&self) -> bool {
        match &self.holds {
            Holds::Disk(_) => true,
            Holds::Part(part) => part.kind == firmware::Kind::Zip,
        }
    }

    /// Whether its files come with a system.
    pub(super) fn is_image(&self) -> bool {
        matches!(&self.holds, Holds::Part(part) if part.kind != firmware::Kind::Zip)
    }
}

impl Shelves {
    /// Opens inputs. What cannot be read is a problem of the survey, what is passed over stands in its list.
    pub(super) fn open(inputs: &[PathBuf], survey: &mut Survey) -> Self {
        let mut shelves = Self::default();
        for input in inputs {
            let before =
                (shelves.all.iter().map(|shelf| shelf.files.len()).sum::<usize>(), shelves.lists.len());
            let problems = survey.problems.len();
            if input.is_dir() {
                shelves.take_folder(input, survey);
            } else {
                shelves.take_file(input, survey);
            }
            let after =
                (shelves.all.iter().map(|shelf| shelf.files.len()).sum::<usize>(), shelves.lists.len());
            if before == after && problems == survey.problems.len() {
                survey.problems.push(problem(&input.display().to_string(), NOTHING));
            }
        }
        shelves
    }

    fn take_file(&mut self, path: &Path, survey: &mut Survey) {
        let root = path.parent().unwrap_or(Path::new("")).to_owned();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut files = Vec::new();
        self.sort(&root, &name, true, &mut files, survey);
        self.shelve(root, files);
    }

    fn take_folder(&mut self, root: &Path, survey: &mut Survey) {
        let mut found = Vec::new();
        let (mut folders, mut others) = (vec![root.to_owned()], 0u64);
        while let Some(folder) = folders.pop() {
            if let Err(error) = list(&folder, &mut found, &mut folders, &mut others) {
                survey
                    .problems
                    .push(problem(&folder.display().to_string(), format!("cannot be read: {error}")));
            }
        }
        if others > 0 {
            let why = format!("{others} links, pipes or devices in it were not followed");
            survey.unread.push(Unread { what: root.display().to_string(), bytes: 0, why });
        }
        found.sort();
        let mut files = Vec::new();
        for path in found {
            match path.strip_prefix(root).ok().and_then(Path::to_str) {
                Some(name) => self.sort(root, name, false, &mut files, survey),
                None => {
                    let problem = problem(&path.display().to_string(), "its name is no UTF-8: rename it");
                    survey.problems.push(problem);
                }
            }
        }
        self.shelve(root.to_owned(), files);
    }

    fn shelve(&mut self, root: PathBuf, files: Vec<FileEntry>) {
        if !files.is_empty() {
            let name = root.display().to_string();
            self.all.push(Shelf { name, files, holds: Holds::Disk(root) });
        }
    }

    /// Puts a file of the disk where it belongs. `outright`: it was named itself, and is read whatever it is called.
    fn sort(
        &mut self,
        root: &Path,
        name: &str,
        outright: bool,
        files: &mut Vec<FileEntry>,
        survey: &mut Survey,
    ) {
        let path = root.join(name);
        let shown = path.display().to_string();
        let source = match disk::source(&path) {
            Ok(source) => source,
            Err(error) => return survey.problems.push(problem(&shown, format!("cannot be read: {error}"))),
        };
        let entry = FileEntry { path: name.to_owned(), len: source.len() };
        match firmware::kind(&*source) {
            Some(firmware::Kind::Zip) => {
                let parts = firmware::parts(&shown, source);
                match disk::archive(&parts) {
                    Some(Archive::Apk) => files.push(entry),
                    // It is called an app, and has neither manifest nor code: that is told of it.
                    Some(Archive::Other) if name.ends_with(".apk") => files.push(entry),
                    Some(Archive::Bugreport(_)) => self.lists.push(path),
                    Some(Archive::Other) => self.take_parts(parts, survey),
                    None => files.extend(broken(entry, outright, &shown, survey)),
                }
            }
            Some(_) => self.take_parts(firmware::parts(&shown, source), survey),
            None if firmware::role(name).is_some() => files.push(entry),
            None => match Kind::of(&head(&*source)) {
                Some(Kind::Phone(_)) => self.lists.push(path),
                _ if outright && disk::is_apk(&path) => files.push(entry),
                _ => {}
            },
        }
    }

    /// Takes what an image holds.
    pub(super) fn take_parts(&mut self, parts: Parts, survey: &mut Survey) {
        let opened: Vec<String> = parts.parts.iter().map(|part| part.name.clone()).collect();
        survey.unread.extend(parts.unread.into_iter().map(|(what, bytes, why)| Unread {
            what,
            bytes,
            why: why.to_owned(),
        }));
        odd(survey, "", parts.oddities);
        for part in parts.parts {
            let mut oddities = Vec::new();
            let mut files = part.files(&mut oddities);
            odd(survey, &part.name, oddities);
            let passed = files.iter().filter(|file| is_packed_image(&file.path));
            let passed = passed.map(|file| (format!("{}/{}", part.name, file.path), file.len));
            let passed =
                passed.filter(|(path, _)| !opened.iter().any(|name| name.starts_with(path.as_str())));
            survey.unread.extend(passed.map(|(what, bytes)| Unread { what, bytes, why: PACKED.to_owned() }));
            files.retain(|file| firmware::role(&file.path).is_some());
            self.all.push(Shelf { name: part.name.clone(), files, holds: Holds::Part(part) });
        }
    }
}

/// A zip archive without a directory: an app that was cut off, where its name or the caller says so.
fn broken(entry: FileEntry, outright: bool, shown: &str, survey: &mut Survey) -> Option<FileEntry> {
    if outright || entry.path.ends_with(".apk") {
        return Some(entry);
    }
    let why = "an archive without a directory".to_owned();
    survey.unread.push(Unread { what: shown.to_owned(), bytes: entry.len, why });
    None
}

fn is_packed_image(path: &str) -> bool {
    let inside = [".img", ".bin", ".zip", ".new.dat", ".new.dat.br", ".img.lz4"];
    inside.iter().any(|end| path.ends_with(end))
}

/// Notes what is odd about a file.
pub(super) fn odd(survey: &mut Survey, file: &str, oddities: Vec<Oddity>) {
    survey.oddities.extend(oddities.into_iter().map(|oddity| oddity_of(file, oddity)));
}

/// An oddity of a file, as the survey has it.
pub(super) fn oddity_of(file: &str, oddity: Oddity) -> AppOddity {
    let Oddity { what, detail, offset } = oddity;
    AppOddity { file: file.to_owned(), what: what.into_owned(), detail, offset }
}

/// Regular files and folders; `others` counts what is neither: links could lead anywhere, and reading a pipe may wait
/// for ever.
fn list(
    folder: &Path,
    files: &mut Vec<PathBuf>,
    folders: &mut Vec<PathBuf>,
    others: &mut u64,
) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            folders.push(entry.path());
        } else if kind.is_file() {
            files.push(entry.path());
        } else {
            *others = others.saturating_add(1);
        }
    }
    Ok(())
}

fn head(source: &dyn firmware::ReadAt) -> Vec<u8> {
    let len = usize::try_from(source.len()).unwrap_or(usize::MAX).min(Kind::HEAD.max(BEGINNING));
    let mut head = vec![0; len];
    source.read_at(0, &mut head).map(|()| head).unwrap_or_default()
}

const NOTHING: &str = "holds no app, no firmware and no list of the phone's packages";
const PACKED: &str = "an image or archive packed inside another: take it out and name it";
