//! Files on the disk as bytes at any place, and what a zip archive among them is for.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    ops::Range,
    path::Path,
    sync::{Arc, Mutex},
};

use handset::firmware::{self, Parts, ReadAt, Source};

/// A file that is read at any place.
struct Disk {
    file: Mutex<File>,
    len: u64,
}

impl ReadAt for Disk {
    fn len(&self) -> u64 {
        self.len
    }

    fn read_at(&self, at: u64, into: &mut [u8]) -> Option<()> {
        let mut file = self.file.lock().ok()?;
        file.seek(SeekFrom::Start(at)).ok()?;
        file.read_exact(into).ok()
    }
}

/// Opens a file.
pub(crate) fn source(path: &Path) -> io::Result<Source> {
    let file = File::open(path)?;
    let len = file.metadata()?.len();
    Ok(Arc::new(Disk { file: Mutex::new(file), len }))
}

/// What a zip archive is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Archive {
    /// An app.
    Apk,
    /// A bugreport; the name of its main text.
    Bugreport(String),
    /// Something else that holds files.
    Other,
}

/// What the zip archive is for, by the names of its members; `None` where it has no directory.
pub(crate) fn archive(parts: &Parts) -> Option<Archive> {
    let zip = parts.parts.iter().find(|part| part.kind == firmware::Kind::Zip)?;
    let files = zip.files(&mut Vec::new());
    let has = |path: &str| files.iter().any(|file| file.path == path);
    let is_code = |path: &str| path.starts_with("classes") && path.ends_with(".dex");
    // A package of the system that brings apps is another thing, with a manifest of its own.
    if has("apex_manifest.pb") || has("apex_payload.img") || has("original_apex") {
        return Some(Archive::Other);
    }
    if has("AndroidManifest.xml") || files.iter().any(|file| is_code(&file.path)) {
        return Some(Archive::Apk);
    }
    // Dumpstate names its text in a file of its own.
    let named = zip.read("main_entry.txt", 4096).map(|name| String::from_utf8_lossy(&name).trim().to_owned());
    let main = named.filter(|name| has(name)).or_else(|| {
        let top = files.iter().map(|file| &file.path).filter(|path| !path.contains('/'));
        let begins = |path: &&String| path.starts_with("bugreport-") || path.starts_with("dumpstate-");
        top.filter(begins).find(|path| path.ends_with(".txt")).cloned()
    });
    Some(main.map_or(Archive::Other, Archive::Bugreport))
}

/// The main text of a zip bugreport, unpacked as it is read; `None` where the file is no such archive.
pub(crate) fn bugreport(path: &Path) -> Option<Box<dyn Read + Send>> {
    let parts = firmware::parts("", source(path).ok()?);
    let Some(Archive::Bugreport(name)) = archive(&parts) else { return None };
    let zip = parts.parts.iter().find(|part| part.kind == firmware::Kind::Zip)?;
    let (method, range) = zip.packed(&name)?;
    let packed = window(path, &range).ok()?;
    match method {
        0 => Some(Box::new(packed)),
        8 => Some(Box::new(flate2::read::DeflateDecoder::new(packed))),
        _ => None,
    }
}

fn window(path: &Path, range: &Range<u64>) -> io::Result<io::Take<io::BufReader<File>>> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(range.start))?;
    let len = range.end.saturating_sub(range.start);
    Ok(io::BufReader::with_capacity(1 << 17, file).take(len))
}

/// Whether a file is an app: by its directory, or, where that is gone or hidden, by all of it.
pub(crate) fn is_apk(path: &Path) -> bool {
    let Ok(source) = source(path) else { return false };
    match archive(&firmware::parts("", source.clone())) {
        Some(kind) => kind == Archive::Apk,
        None => {
            source.len() <= LARGEST
                && std::fs::read(path).is_ok_and(|bytes| handset::apk::Apk::recognises(&bytes))
        }
    }
}

/// The largest APK that is read.
pub(crate) const LARGEST: u64 = 1 << 30;
