//! Firmware → the files in it: apps, their code, and which file grants them which privilege.
//!
//! [`parts`] takes an image apart: Android sparse, super partition, `payload.bin` and update archives hold
//! other images; ext4, EROFS and zip archives hold files. Images are gigabytes, so they come as a [`ReadAt`] and
//! only what is asked for is read. [`grants()`] reads the permission files; [`Role`] says which files matter.

mod erofs;
mod ext4;
pub mod grants;
mod payload;
mod role;
mod source;
mod sparse;
mod superblock;
mod update;

use std::{fmt, ops::Range, sync::Arc};

pub use grants::{Grant, GrantKind, grants};
pub use role::{Role, role};
pub use source::{ReadAt, Source};

use crate::{Oddity, le};

/// What an image is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A file system of the kernel's EROFS.
    Erofs,
    /// A file system of the kernel's ext2 to ext4.
    Ext4,
    /// `payload.bin` of an update.
    Payload,
    /// Android's sparse format around another image.
    Sparse,
    /// A super partition with logical partitions.
    Super,
    /// A zip archive.
    Zip,
}

/// Something that holds files.
pub struct Part {
    /// Its name: the partition's or the member's, below those it was found in, with `/` between.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    files: Box<dyn Files>,
}

/// All that was found in an image, and what could not be taken apart.
#[derive(Default)]
pub struct Parts {
    /// What holds files.
    pub parts: Vec<Part>,
    /// What was not read: name, bytes, why in one fixed sentence.
    pub unread: Vec<(String, u64, &'static str)>,
    /// What is odd.
    pub oddities: Vec<Oddity>,
}

/// A file in a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileEntry {
    /// Its path, from the root of the part, without a slash before it.
    pub path: String,
    /// Its bytes.
    pub len: u64,
}

/// What lists and reads files.
trait Files {
    /// Regular files; links are not followed. What cannot be read is told to `odd`.
    fn list(&self, odd: &mut Vec<Oddity>) -> Vec<FileEntry>;

    /// Up to `limit` bytes of a file. `None` where it cannot be read.
    fn read(&self, path: &str, limit: usize) -> Option<Vec<u8>>;

    /// How a file is packed (a method of zip archives) and where in the source; `None` where it lies in pieces.
    fn packed(&self, _: &str) -> Option<(u16, Range<u64>)> {
        None
    }
}

impl Part {
    /// Regular files, sorted by path; links are not followed. What cannot be read is told to `odd`.
    pub fn files(&self, odd: &mut Vec<Oddity>) -> Vec<FileEntry> {
        let mut files = self.files.list(odd);
        files.sort_by(|one, other| one.path.cmp(&other.path));
        files
    }

    /// Up to `limit` bytes of a file. `None` where there is none, or it cannot be read.
    pub fn read(&self, path: &str, limit: usize) -> Option<Vec<u8>> {
        self.files.read(path, limit)
    }

    /// How a file in a zip archive is packed (0 stored, 8 deflated) and where in the archive; `None` in other
    /// parts. It lets a long text be unpacked while it is read.
    pub fn packed(&self, path: &str) -> Option<(u16, Range<u64>)> {
        self.files.packed(path)
    }
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Part").field("name", &self.name).field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// What an image is, by its first bytes and those of its superblock.
pub fn kind(source: &dyn ReadAt) -> Option<Kind> {
    let head = source::head(source, 0, 8192);
    let magic = |at: usize, magic: &[u8]| le::slice(&head, at, magic.len()) == Some(magic);
    Some(if magic(0, &[0x3a, 0xff, 0x26, 0xed]) {
        Kind::Sparse
    } else if magic(0, b"CrAU") {
        Kind::Payload
    } else if magic(0, b"PK\x03\x04") {
        Kind::Zip
    } else if magic(4096, &superblock::GEOMETRY) {
        Kind::Super
    } else if magic(1024, &[0xe2, 0xe1, 0xf5, 0xe0]) {
        Kind::Erofs
    } else if magic(1024 + 56, &[0x53, 0xef]) {
        Kind::Ext4
    } else {
        return None;
    })
}

/// Takes an image apart, down to what holds files.
pub fn parts(name: &str, source: Source) -> Parts {
    let mut parts = Parts::default();
    parts.take(name.to_owned(), source, 0);
    parts
}

impl Parts {
    fn take(&mut self, name: String, source: Source, depth: usize) {
        let len = source.len();
        let Some(kind) = kind(&*source).filter(|_| depth < MAX_DEPTH) else {
            self.unread.push((name, len, "no image that is known here"));
            return;
        };
        match self.open(&name, kind, source, depth) {
            Some(()) => {}
            None => self.unread.push((
                name,
                len,
                "the image's own tables do not fit, or need what is not supported",
            )),
        }
    }

    fn open(&mut self, name: &str, kind: Kind, source: Source, depth: usize) -> Option<()> {
        let deeper = depth.saturating_add(1);
        match kind {
            Kind::Sparse => {
                let image = sparse::open(source, &mut self.oddities)?;
                self.take(name.to_owned(), Arc::new(image), deeper);
            }
            Kind::Super => self.inner(name, superblock::open(&source)?, deeper),
            Kind::Payload => {
                let (inner, unread) = payload::open(&source)?;
                let unread = unread.into_iter().map(|(part, len, why)| (format!("{name}/{part}"), len, why));
                self.unread.extend(unread);
                self.inner(name, inner, deeper);
            }
            Kind::Zip => {
                let archive = update::open(source)?;
                self.inner(name, archive.images(), deeper);
                self.hold(name, kind, Box::new(archive));
            }
            Kind::Erofs => self.hold(name, kind, Box::new(erofs::open(source)?)),
            Kind::Ext4 => self.hold(name, kind, Box::new(ext4::open(source)?)),
        }
        Some(())
    }

    fn inner(&mut self, name: &str, inner: Vec<(String, Source)>, depth: usize) {
        for (part, source) in inner {
            self.take(format!("{name}/{part}"), source, depth);
        }
    }

    fn hold(&mut self, name: &str, kind: Kind, files: Box<dyn Files>) {
        self.parts.push(Part { name: name.to_owned(), kind, files });
    }
}

/// An archive with a payload with a sparse super partition with file systems, and one to spare.
const MAX_DEPTH: usize = 6;
