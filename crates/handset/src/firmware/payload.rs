//! `payload.bin` of an A/B update (`update_metadata.proto` of AOSP's update_engine) → its partitions.
//!
//! Only full updates hold all they need. An operation that wants the partition as it was before makes its
//! partition unreadable here, which is said.

use std::{
    io::Read,
    sync::{Arc, Mutex},
};

use super::source::{ReadAt, Source, bytes};
use crate::le;

/// Partitions that can be read, and those that cannot: name, bytes, why.
pub(super) type Opened = (Vec<(String, Source)>, Vec<(String, u64, &'static str)>);

/// Reads the manifest; operations are carried out when their blocks are read.
pub(super) fn open(source: &Source) -> Option<Opened> {
    let head = bytes(&**source, 0, 24)?;
    let version = u64::from_be_bytes(le::array(&head, 4)?);
    let len = u64::from_be_bytes(le::array(&head, 12)?);
    let signature = u32::from_be_bytes(le::array(&head, 20)?);
    if version != 2 || len > MAX_MANIFEST {
        return None;
    }
    let manifest = bytes(&**source, 24, le::narrow(len))?;
    let data = 24u64.checked_add(len)?.checked_add(u64::from(signature))?;
    let block = Fields(&manifest).number(3).unwrap_or(4096);
    let mut opened = (Vec::new(), Vec::new());
    for partition in Fields(&manifest).all(13) {
        let name = Fields(partition).bytes(1).map(|name| String::from_utf8_lossy(name).into_owned());
        let name = name.unwrap_or_default();
        let len = Fields(partition).bytes(7).and_then(|info| Fields(info).number(1)).unwrap_or(0);
        match Partition::read(partition, source, block, data) {
            Ok(image) => opened.0.push((name, Arc::new(image) as Source)),
            Err(why) => opened.1.push((name, len, why)),
        }
    }
    Some(opened)
}

struct Partition {
    source: Source,
    len: u64,
    operations: Vec<Operation>,
    /// Runs of output, sorted: where it begins, its length, the operation, and where in its output.
    pieces: Vec<Piece>,
    /// The operation that was carried out last.
    last: Mutex<Option<(usize, Arc<Vec<u8>>)>>,
}

#[derive(Clone, Copy)]
struct Operation {
    kind: u64,
    at: u64,
    len: u64,
    output: u64,
}

#[derive(Clone, Copy)]
struct Piece {
    start: u64,
    len: u64,
    operation: usize,
    within: u64,
}

impl Partition {
    fn read(partition: &[u8], source: &Source, block: u64, data: u64) -> Result<Self, &'static str> {
        let mut image = Self {
            source: Arc::clone(source),
            len: 0,
            operations: Vec::new(),
            pieces: Vec::new(),
            last: Mutex::new(None),
        };
        for operation in Fields(partition).all(8).take(MAX_OPERATIONS) {
            image.operation(operation, block, data)?;
        }
        image.pieces.sort_by_key(|piece| piece.start);
        let ends = image.pieces.iter().map(|piece| piece.start.saturating_add(piece.len));
        image.len = ends.max().unwrap_or(0);
        Ok(image)
    }

    fn operation(&mut self, operation: &[u8], block: u64, data: u64) -> Result<(), &'static str> {
        let fields = Fields(operation);
        let kind = fields.number(1).unwrap_or(0);
        if !KNOWN.contains(&kind) {
            return Err("the update changes a partition that must be there before");
        }
        let index = self.operations.len();
        let mut output = 0u64;
        for extent in fields.all(6) {
            let start = Fields(extent).number(1).unwrap_or(0).checked_mul(block).ok_or(TOO_FAR)?;
            let len = Fields(extent).number(2).unwrap_or(0).checked_mul(block).ok_or(TOO_FAR)?;
            self.pieces.push(Piece { start, len, operation: index, within: output });
            output = output.checked_add(len).ok_or(TOO_FAR)?;
        }
        let at = fields.number(2).unwrap_or(0).checked_add(data).ok_or(TOO_FAR)?;
        self.operations.push(Operation { kind, at, len: fields.number(3).unwrap_or(0), output });
        Ok(())
    }

    fn output(&self, index: usize) -> Option<Arc<Vec<u8>>> {
        let mut last = self.last.lock().ok()?;
        if let Some((known, output)) = last.as_ref()
            && *known == index
        {
            return Some(Arc::clone(output));
        }
        let output = Arc::new(self.carry_out(self.operations.get(index)?)?);
        *last = Some((index, Arc::clone(&output)));
        Some(output)
    }

    fn carry_out(&self, operation: &Operation) -> Option<Vec<u8>> {
        if operation.len > MAX_OUTPUT || operation.output > MAX_OUTPUT {
            return None;
        }
        let packed = bytes(&*self.source, operation.at, le::narrow(operation.len))?;
        let mut output = Vec::new();
        let limit = operation.output;
        match operation.kind {
            REPLACE => output = packed,
            REPLACE_BZ => {
                bzip2::read::BzDecoder::new(packed.as_slice()).take(limit).read_to_end(&mut output).ok()?;
            }
            _ => {
                let reader = lzma_rust2::XzReader::new_mem_limit(packed.as_slice(), false, MAX_XZ_KIB);
                reader.take(limit).read_to_end(&mut output).ok()?;
            }
        }
        output.resize(le::narrow(limit), 0);
        Some(output)
    }
}

impl ReadAt for Partition {
    fn len(&self) -> u64 {
        self.len
    }

    /// Blocks that no operation writes are zeros.
    fn read_at(&self, at: u64, into: &mut [u8]) -> Option<()> {
        let end = at.checked_add(le::wide(into.len()))?;
        if end > self.len {
            return None;
        }
        into.fill(0);
        let first = self.pieces.partition_point(|piece| piece.start.saturating_add(piece.len) <= at);
        for piece in self.pieces.get(first..)?.iter().take_while(|piece| piece.start < end) {
            let from = piece.start.max(at);
            let to = piece.start.saturating_add(piece.len).min(end);
            let kind = self.operations.get(piece.operation)?.kind;
            if from >= to || kind == ZERO || kind == DISCARD {
                continue;
            }
            let output = self.output(piece.operation)?;
            let within = le::narrow(from.checked_sub(piece.start)?.checked_add(piece.within)?);
            let len = le::narrow(to.checked_sub(from)?);
            let target = le::narrow(from.checked_sub(at)?);
            into.get_mut(target..target.checked_add(len)?)?.copy_from_slice(le::slice(&output, within, len)?);
        }
        Some(())
    }
}

/// A Protocol Buffers message: the fields wanted, whatever else is there.
#[derive(Clone, Copy)]
struct Fields<'a>(&'a [u8]);

enum Field<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

impl<'a> Fields<'a> {
    fn number(self, wanted: u64) -> Option<u64> {
        self.find_map(|(field, value)| match value {
            Field::Number(number) if field == wanted => Some(number),
            _ => None,
        })
    }

    fn bytes(self, wanted: u64) -> Option<&'a [u8]> {
        self.all(wanted).next()
    }

    fn all(self, wanted: u64) -> impl Iterator<Item = &'a [u8]> {
        self.filter_map(move |(field, value)| match value {
            Field::Bytes(bytes) if field == wanted => Some(bytes),
            _ => None,
        })
    }

    fn find_map<T>(mut self, f: impl FnMut((u64, Field<'a>)) -> Option<T>) -> Option<T> {
        Iterator::find_map(&mut self, f)
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0u64;
        for n in 0..10u32 {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            value |= u64::from(byte & 0x7f).checked_shl(n.checked_mul(7)?).unwrap_or(0);
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (value, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(value)
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = (u64, Field<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let key = self.varint()?;
        let value = match key & 7 {
            0 => Field::Number(self.varint()?),
            1 => Field::Bytes(self.take(8)?),
            2 => {
                let len = self.varint()?;
                Field::Bytes(self.take(le::narrow(len))?)
            }
            5 => Field::Bytes(self.take(4)?),
            _ => return None,
        };
        Some((key >> 3, value))
    }
}

const REPLACE: u64 = 0;
const REPLACE_BZ: u64 = 1;
const ZERO: u64 = 6;
const DISCARD: u64 = 7;
const REPLACE_XZ: u64 = 8;
const KNOWN: [u64; 5] = [REPLACE, REPLACE_BZ, ZERO, DISCARD, REPLACE_XZ];
const TOO_FAR: &str = "the update's extents do not fit";
const MAX_MANIFEST: u64 = 256 << 20;
const MAX_OPERATIONS: usize = 1_000_000;
/// Of one operation: full updates are made in pieces of two megabytes.
const MAX_OUTPUT: u64 = 256 << 20;
const MAX_XZ_KIB: u32 = 128 << 10;
