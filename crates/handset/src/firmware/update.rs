//! A zip archive too large for memory → its files, and the images among them.

use std::{ops::Range, sync::Arc};

use super::{
    FileEntry, Files, Source,
    source::{Pieced, bytes, head},
};
use crate::{
    Oddity,
    apk::zip::{Archive, Member, inflate},
    le,
};

/// An archive whose directory alone is in memory.
pub(super) struct Update {
    source: Source,
    members: Vec<Member>,
    oddities: Vec<Oddity>,
}

/// Reads the directory. What stands before it is not read, so offsets must be those of the file.
pub(super) fn open(source: Source) -> Option<Update> {
    let len = source.len();
    let tail_len = len.min(TAIL);
    let tail = head(&*source, len.checked_sub(tail_len)?, le::narrow(tail_len));
    let start = directory(&tail, len)?;
    let rest = bytes(&*source, start, le::narrow(len.checked_sub(start)?).min(MAX_DIRECTORY))?;
    let (members, oddities) = Archive::directory_at(&rest, start);
    Some(Update { source, members, oddities })
}

/// Offset of the central directory in the file, from the end record or its zip64 form.
fn directory(tail: &[u8], len: u64) -> Option<u64> {
    let end = memchr::memmem::rfind(tail, b"PK\x05\x06")?;
    let offset = u64::from(le::u32(tail, end.checked_add(16)?)?);
    if offset != u64::from(u32::MAX) {
        return (offset < len).then_some(offset);
    }
    let record = memchr::memmem::rfind(tail.get(..end)?, b"PK\x06\x06")?;
    le::u64(tail, record.checked_add(48)?).filter(|offset| *offset < len)
}

impl Update {
    /// Members that are images and stand uncompressed, as `payload.bin` does.
    pub(super) fn images(&self) -> Vec<(String, Source)> {
        let wanted = |member: &&Member| {
            member.method == 0 && (member.name.ends_with(".bin") || member.name.ends_with(".img"))
        };
        let opened = |member: &Member| {
            let image = Pieced::window(Arc::clone(&self.source), self.data(member)?, member.compressed);
            let source: Source = Arc::new(image);
            super::kind(&*source).map(|_| (member.name.clone(), source))
        };
        self.members.iter().filter(wanted).filter_map(opened).collect()
    }

    fn data(&self, member: &Member) -> Option<u64> {
        let head = bytes(&*self.source, member.local, 30)?;
        let (name, extra) = (u64::from(le::u16(&head, 26)?), u64::from(le::u16(&head, 28)?));
        member.local.checked_add(30)?.checked_add(name)?.checked_add(extra)
    }
}

impl Files for Update {
    fn list(&self, odd: &mut Vec<Oddity>) -> Vec<FileEntry> {
        odd.extend(self.oddities.iter().cloned());
        let files = self.members.iter().filter(|member| !member.name.ends_with('/'));
        files.map(|member| FileEntry { path: member.name.clone(), len: member.size }).collect()
    }

    fn read(&self, path: &str, limit: usize) -> Option<Vec<u8>> {
        let member = self.members.iter().rev().find(|member| member.name == path)?;
        let len = le::narrow(member.compressed).min(if member.method == 0 { limit } else { MAX_PACKED });
        let packed = bytes(&*self.source, self.data(member)?, len)?;
        match member.method {
            0 => Some(packed),
            8 => Some(inflate(&packed, le::narrow(member.size).min(limit), limit).0),
            _ => None,
        }
    }

    fn packed(&self, path: &str) -> Option<(u16, Range<u64>)> {
        let member = self.members.iter().rev().find(|member| member.name == path)?;
        let start = self.data(member)?;
        Some((member.method, start..start.checked_add(member.compressed)?))
    }
}

/// The end record, its comment, and the zip64 records before it.
const TAIL: u64 = 22 + 0xffff + 20 + 56;
const MAX_DIRECTORY: usize = 256 << 20;
const MAX_PACKED: usize = 1 << 30;
