//! Super partitions (`metadata_format.h` of AOSP's liblp) → their logical partitions.

use std::sync::Arc;

use super::source::{Pieced, ReadAt, Run, Source, bytes};
use crate::le;

/// The logical partitions that have extents, by name. Slot 0 of the primary metadata, else of the backup.
pub(super) fn open(source: &Source) -> Option<Vec<(String, Source)>> {
    let geometry = bytes(&**source, 4096, 52)?;
    let max = u64::from(le::u32(&geometry, 40)?);
    let slots = u64::from(le::u32(&geometry, 44)?);
    let backup = FIRST_SLOT.checked_add(max.checked_mul(slots)?)?;
    let metadata = [FIRST_SLOT, backup].into_iter().find_map(|at| Metadata::read(&**source, at))?;
    Some(metadata.partitions(source))
}

struct Metadata {
    tables: Vec<u8>,
    partitions: Table,
    extents: Table,
}

#[derive(Clone, Copy)]
struct Table {
    at: usize,
    count: usize,
    width: usize,
}

impl Metadata {
    fn read(source: &dyn ReadAt, at: u64) -> Option<Self> {
        let header = bytes(source, at, 128)?;
        if !header.starts_with(&HEADER) {
            return None;
        }
        let len = le::size(&header, 44)?;
        let start = at.checked_add(u64::from(le::u32(&header, 8)?))?;
        if len > MAX_TABLES {
            return None;
        }
        Some(Self {
            tables: bytes(source, start, len)?,
            partitions: Table::read(&header, 80)?,
            extents: Table::read(&header, 92)?,
        })
    }

    fn partitions(&self, source: &Source) -> Vec<(String, Source)> {
        let entries = (0..self.partitions.count).filter_map(|n| self.partitions.entry(&self.tables, n));
        entries.filter_map(|entry| self.partition(entry, source)).collect()
    }

    fn partition(&self, entry: &[u8], source: &Source) -> Option<(String, Source)> {
        let name = le::slice(entry, 0, 36)?.split(|byte| *byte == 0).next()?;
        let first = le::size(entry, 40)?;
        let count = le::size(entry, 44)?;
        let mut image = Pieced::new(Arc::clone(source));
        for n in first..first.checked_add(count)?.min(self.extents.count) {
            let extent = self.extents.entry(&self.tables, n)?;
            let len = le::u64(extent, 0)?.checked_mul(SECTOR)?;
            let run = match le::u32(extent, 8)? {
                0 => Run::At(le::u64(extent, 12)?.checked_mul(SECTOR)?),
                _ => Run::Fill([0; 4]),
            };
            image.push(run, len)?;
        }
        (!image.is_empty()).then(|| (String::from_utf8_lossy(name).into_owned(), Arc::new(image) as Source))
    }
}

impl Table {
    fn read(header: &[u8], at: usize) -> Option<Self> {
        let (start, count, width) =
            (le::size(header, at)?, le::size(header, at + 4)?, le::size(header, at + 8)?);
        (count <= MAX_ENTRIES).then_some(Self { at: start, count, width })
    }

    fn entry<'t>(&self, tables: &'t [u8], n: usize) -> Option<&'t [u8]> {
        le::slice(tables, self.at.checked_add(n.checked_mul(self.width)?)?, self.width)
    }
}

/// `LP_METADATA_GEOMETRY_MAGIC`
pub(super) const GEOMETRY: [u8; 4] = 0x616c_4467u32.to_le_bytes();
/// `LP_METADATA_HEADER_MAGIC`
const HEADER: [u8; 4] = 0x414c_5030u32.to_le_bytes();
/// After the reserved bytes and two copies of the geometry.
const FIRST_SLOT: u64 = 4096 * 3;
const SECTOR: u64 = 512;
const MAX_TABLES: usize = 4 << 20;
const MAX_ENTRIES: usize = 16_384;
