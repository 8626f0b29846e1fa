//! ext2 to ext4 by `ext4-view` → files.

use std::{error::Error, fmt};

use ext4_view::{Ext4, Ext4Read, Path, PathBuf};

use super::{FileEntry, Files, ReadAt, Source};
use crate::{Oddity, le};

/// Opens the file system.
pub(super) fn open(source: Source) -> Option<FileSystem> {
    Ext4::load(Box::new(Reader(source))).ok().map(FileSystem)
}

pub(super) struct FileSystem(Ext4);

struct Reader(Source);

#[derive(Debug)]
struct EndOfImage;

impl fmt::Display for EndOfImage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the image ends before")
    }
}

impl Error for EndOfImage {}

impl Ext4Read for Reader {
    fn read(&mut self, at: u64, into: &mut [u8]) -> Result<(), Box<dyn Error + Send + Sync + 'static>> {
        ReadAt::read_at(&*self.0, at, into).ok_or_else(|| EndOfImage.into())
    }
}

impl Files for FileSystem {
    /// Breadth first; a damaged image can lead in circles, so depth and number are bounded.
    fn list(&self, odd: &mut Vec<Oddity>) -> Vec<FileEntry> {
        let mut files = Vec::new();
        let mut folders = vec![(PathBuf::new("/"), 0usize)];
        while let Some((folder, depth)) = folders.pop() {
            let entries = match self.0.read_dir(&folder) {
                Ok(entries) => entries,
                Err(problem) => {
                    odd.push(damaged(&folder, &problem.to_string()));
                    continue;
                }
            };
            for entry in entries {
                match entry.and_then(|entry| {
                    Ok((
                        entry.path(),
                        entry.file_type()?,
                        entry.metadata()?.len(),
                        entry.file_name().as_str().map(str::to_owned),
                    ))
                }) {
                    Ok((_, _, _, Ok(name))) if name == "." || name == ".." => {}
                    Ok((path, kind, _, _)) if kind.is_dir() && depth < MAX_DEPTH => {
                        folders.push((path, depth.saturating_add(1)));
                    }
                    Ok((path, kind, len, _)) if kind.is_regular_file() => {
                        let path = path.display().to_string().trim_start_matches('/').to_owned();
                        files.push(FileEntry { path, len });
                    }
                    Ok(_) => {}
                    Err(problem) => {
                        odd.push(damaged(&folder, &problem.to_string()));
                        break;
                    }
                }
                if files.len().saturating_add(folders.len()) > MAX_FILES {
                    odd.push(Oddity::new("file holds more files than are listed", MAX_FILES.to_string(), 0));
                    return files;
                }
            }
        }
        files
    }

    fn read(&self, path: &str, limit: usize) -> Option<Vec<u8>> {
        let path = format!("/{path}");
        let mut file = self.0.open(Path::try_from(path.as_bytes()).ok()?).ok()?;
        let len = le::narrow(file.metadata().len()).min(limit);
        let mut bytes = vec![0; len.min(MAX_STEP)];
        let mut read = 0usize;
        while read < len {
            if read == bytes.len() {
                bytes.resize(len.min(read.saturating_add(MAX_STEP)), 0);
            }
            let count = file.read_bytes(bytes.get_mut(read..)?).ok()?;
            if count == 0 {
                break;
            }
            read = read.saturating_add(count);
        }
        bytes.truncate(read);
        Some(bytes)
    }
}

fn damaged(folder: &PathBuf, problem: &str) -> Oddity {
    Oddity::new(
        "file system's folder cannot be read to its end",
        format!("{}: {problem}", folder.display()),
        0,
    )
}

const MAX_DEPTH: usize = 64;
const MAX_FILES: usize = 2_000_000;
const MAX_STEP: usize = 16 << 20;
