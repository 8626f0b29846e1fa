//! EROFS by `erofs-rs` → files.
//!
//! Its synchronous side borrows slices of an image in memory. The asynchronous one reads by range and suits a
//! [`ReadAt`]; no read here ever waits, so each of its futures is ready when first asked.

use std::{
    future::Future,
    pin::pin,
    task::{Context, Poll, Waker},
};

use erofs_rs::{Error, r#async::EroFS, backend::AsyncImage};

use super::{FileEntry, Files, Source};
use crate::{Oddity, le};

/// Opens the file system.
pub(super) fn open(source: Source) -> Option<FileSystem> {
    ready(EroFS::new(Image(source)))?.ok().map(FileSystem)
}

pub(super) struct FileSystem(EroFS<Image>);

struct Image(Source);

impl AsyncImage for Image {
    async fn read_exact_at(&self, into: &mut [u8], at: u64) -> Result<(), Error> {
        self.0.read_at(at, into).ok_or_else(|| Error::OutOfBounds("the image ends before".to_owned()))
    }
}

impl Files for FileSystem {
    fn list(&self, odd: &mut Vec<Oddity>) -> Vec<FileEntry> {
        let mut files = Vec::new();
        let Some(Ok(walk)) = ready(self.0.walk_dir("/")) else {
            odd.push(Oddity::new("file system's root cannot be read", "", 0));
            return files;
        };
        let mut walk = walk.max_depth(MAX_DEPTH);
        for _ in 0..MAX_FILES {
            match ready(walk.next_entry()).flatten() {
                None => return files,
                Some(Ok(entry)) if entry.inode.is_file() => {
                    let path = entry.dir_entry.path().to_string_lossy().trim_start_matches('/').to_owned();
                    files.push(FileEntry { path, len: entry.inode.data_size() });
                }
                Some(Ok(_)) => {}
                Some(Err(problem)) => {
                    odd.push(Oddity::new("file system cannot be listed to its end", problem.to_string(), 0));
                    return files;
                }
            }
        }
        odd.push(Oddity::new("file holds more files than are listed", MAX_FILES.to_string(), 0));
        files
    }

    fn read(&self, path: &str, limit: usize) -> Option<Vec<u8>> {
        let file = ready(self.0.open(format!("/{path}")))?.ok()?;
        let len = le::narrow(file.size()).min(limit);
        let mut bytes = Vec::new();
        while bytes.len() < len {
            let start = bytes.len();
            bytes.resize(len.min(start.saturating_add(STEP)), 0);
            let count = ready(file.read_at(bytes.get_mut(start..)?, le::wide(start)))?.ok()?;
            bytes.truncate(start.saturating_add(count));
            if count == 0 {
                break;
            }
        }
        Some(bytes)
    }
}

fn ready<F: Future>(future: F) -> Option<F::Output> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

const MAX_DEPTH: usize = 64;
const MAX_FILES: usize = 2_000_000;
const STEP: usize = 1 << 20;
