//! Compressed streams whose libraries read from a reader: Brotli (RFC 7932), Zstandard (RFC 8878), LZ4 frames,
//! framed Snappy. What was read before an error or the end of a cut input is kept.

use std::{
    cell::Cell,
    io::{BufRead, Read},
};

use evidence::Fidelity;

use crate::output::{Done, Output};

/// Brotli. Has no magic: nearly any bytes begin like it.
pub(crate) fn brotli(out: &mut Output, input: &[u8]) -> Option<Done> {
    let read = Cell::new(0);
    let reader = Counted { rest: input, read: &read };
    pump(out, brotli_decompressor::Decompressor::new(reader, BUFFER), &read)
}

/// Whether bytes may be Brotli without a label: the header of the first meta-block (RFC 7932 section 9.2)
/// announces a length that compressed text of this size would have.
pub(crate) fn may_be_brotli(input: &[u8]) -> bool {
    let Some(first) = input.first_chunk::<8>() else { return false };
    let bits = u64::from_le_bytes(*first);
    // The window size takes one, four or seven bits; one value is reserved.
    let at = match bits & 0x7f {
        window if window & 1 == 0 => 1,
        window if window & 0x0e != 0 => 4,
        0x11 => return false,
        _ => 7,
    };
    let last = bits >> at & 1 == 1;
    let at = if last { at + 2 } else { at + 1 };
    let empty = last && bits >> (at - 1) & 1 == 1;
    let nibbles = 4 + (bits >> at & 3);
    if empty || nibbles == 7 {
        return false;
    }
    let len = 1 + (bits >> (at + 2) & ((1 << (nibbles * 4)) - 1));
    let given = input.len() as u64;
    // The first of several blocks may be any part of the whole.
    len <= given.saturating_mul(200) && (!last && len >= 1 << 12 || last && len >= given / 2)
}

/// Zstandard frames, skippable ones included.
pub(crate) fn zstd(out: &mut Output, input: &[u8]) -> Option<Done> {
    let read = Cell::new(0);
    let reader = zstd::stream::read::Decoder::with_buffer(Counted { rest: input, read: &read }).ok()?;
    pump(out, reader, &read)
}

/// LZ4 frames.
pub(crate) fn lz4_frame(out: &mut Output, input: &[u8]) -> Option<Done> {
    let read = Cell::new(0);
    pump(out, lz4_flex::frame::FrameDecoder::new(Counted { rest: input, read: &read }), &read)
}

/// Framed Snappy.
pub(crate) fn snappy_frame(out: &mut Output, input: &[u8]) -> Option<Done> {
    let read = Cell::new(0);
    pump(out, snap::read::FrameDecoder::new(Counted { rest: input, read: &read }), &read)
}

/// Reads until the end, an error or a limit. Pieces are as long as one read of the library.
fn pump(out: &mut Output, mut reader: impl Read, read: &Cell<usize>) -> Option<Done> {
    let mut chunk = [0; BUFFER];
    let complete = loop {
        let before = read.get();
        let room = out.room(before.max(1)).min(chunk.len());
        let Some(space) = chunk.get_mut(..room).filter(|space| !space.is_empty()) else {
            break false;
        };
        match reader.read(space) {
            Ok(0) => break true,
            Ok(count) => {
                let source = (before.min(read.get().saturating_sub(1)), read.get());
                let (start, end) = source;
                out.piece(count, start, end - start, Fidelity::Within);
                out.bytes.extend_from_slice(space.get(..count).unwrap_or_default());
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => break false,
        }
    };
    (!out.bytes.is_empty()).then_some(Done { consumed: read.get(), complete })
}

/// Bytes that count how many were taken.
struct Counted<'a> {
    rest: &'a [u8],
    read: &'a Cell<usize>,
}

impl Read for Counted<'_> {
    fn read(&mut self, space: &mut [u8]) -> std::io::Result<usize> {
        // Small steps tie output to input more closely.
        let limit = space.len().min(BUFFER);
        let count = self.rest.read(space.get_mut(..limit).unwrap_or_default())?;
        self.read.set(self.read.get() + count);
        Ok(count)
    }
}

impl BufRead for Counted<'_> {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        Ok(self.rest.get(..BUFFER).unwrap_or(self.rest))
    }

    fn consume(&mut self, count: usize) {
        self.rest = self.rest.get(count..).unwrap_or_default();
        self.read.set(self.read.get() + count);
    }
}

/// Bytes of one read, on both sides.
const BUFFER: usize = 16 << 10;
