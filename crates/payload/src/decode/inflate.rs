//! Deflate (RFC 1951), alone or in its wrappings zlib (RFC 1950) and gzip (RFC 1952).

use evidence::Fidelity;
use flate2::{Decompress, FlushDecompress, Status};

use crate::output::{Done, Output};

/// Gzip, all members in a row.
pub(crate) fn gzip(out: &mut Output, input: &[u8]) -> Option<Done> {
    let mut at = 0;
    let mut complete = true;
    while let Some(header) = gzip_header(input.get(at..).unwrap_or_default()) {
        let first = out.bytes.len();
        let body = at + header;
        let ended = inflate(out, input, body, false);
        at = ended.consumed;
        complete = ended.complete && gzip_trailer(out.bytes.get(first..)?, input.get(at..)?);
        at = input.len().min(if ended.complete { at + GZIP_TRAILER } else { at });
        if !complete {
            break;
        }
    }
    (!out.bytes.is_empty()).then_some(Done { consumed: at, complete })
}

/// Zlib, its checksum compared.
pub(crate) fn zlib(out: &mut Output, input: &[u8]) -> Option<Done> {
    if !zlib_header(input) {
        return None;
    }
    let done = inflate(out, input, 0, true);
    (!out.bytes.is_empty()).then_some(done)
}

/// Deflate without wrapping.
pub(crate) fn deflate(out: &mut Output, input: &[u8]) -> Option<Done> {
    let done = inflate(out, input, 0, false);
    (!out.bytes.is_empty()).then_some(done)
}

/// Whether bytes begin with a zlib header: deflate, a window up to 32 KiB, no dictionary, and a right check.
pub(crate) fn zlib_header(input: &[u8]) -> bool {
    match input {
        [first, second, ..] => {
            first & 0x0f == 8
                && first >> 4 <= 7
                && second & 0x20 == 0
                && u16::from_be_bytes([*first, *second]).is_multiple_of(31)
        }
        _ => false,
    }
}

/// The length of the gzip header that the input begins with (RFC 1952 section 2.3).
pub(crate) fn gzip_header(input: &[u8]) -> Option<usize> {
    let [0x1f, 0x8b, 8, flags, ..] = *input else {
        return None;
    };
    if flags & 0xe0 != 0 {
        return None;
    }
    let mut at = 10;
    if flags & 4 != 0 {
        let [low, high] = *input.get(at..)?.first_chunk()?;
        at += 2 + usize::from(u16::from_le_bytes([low, high]));
    }
    for text in [8, 16] {
        if flags & text != 0 {
            at += memchr::memchr(0, input.get(at..)?)? + 1;
        }
    }
    at += if flags & 2 != 0 { 2 } else { 0 };
    (at < input.len()).then_some(at)
}

/// Whether checksum and length behind a member fit what came out of it.
fn gzip_trailer(bytes: &[u8], trailer: &[u8]) -> bool {
    let Some([a, b, c, d, length @ ..]) = trailer.first_chunk::<GZIP_TRAILER>() else {
        return false;
    };
    u32::from_le_bytes([*a, *b, *c, *d]) == crc32fast::hash(bytes)
        && u64::from(u32::from_le_bytes(*length)) == bytes.len() as u64 & 0xffff_ffff
}

/// Inflates `input` from `at` on, with a piece for every [`GRAIN`] bytes of output.
fn inflate(out: &mut Output, input: &[u8], at: usize, zlib: bool) -> Done {
    let mut inflater = out.inflate.take().unwrap_or_else(|| Decompress::new(zlib));
    inflater.reset(zlib);
    let done = inflate_with(&mut inflater, out, input, at);
    out.inflate = Some(inflater);
    done
}

fn inflate_with(inflater: &mut Decompress, out: &mut Output, input: &[u8], at: usize) -> Done {
    let mut at = at;
    loop {
        let room = out.room(at).min(GRAIN);
        if room == 0 {
            return Done { consumed: at, complete: false };
        }
        let first = out.bytes.len();
        out.bytes.resize(first + room, 0);
        let (read, written) = (inflater.total_in(), inflater.total_out());
        let rest = input.get(at..).unwrap_or_default();
        let space = out.bytes.get_mut(first..).unwrap_or_default();
        let status = inflater.decompress(rest, space, FlushDecompress::None);
        let read = usize::try_from(inflater.total_in() - read).unwrap_or(0);
        let written = usize::try_from(inflater.total_out() - written).unwrap_or(0);
        out.bytes.truncate(first + written);
        // Output may still come when all input is in: it is tied to the last byte.
        let start = at.min(input.len().saturating_sub(1)).min((at + read).saturating_sub(1));
        out.piece_at(first, written, (start, at + read - start), Fidelity::Within);
        at += read;
        match status {
            Ok(Status::StreamEnd) => {
                return Done { consumed: at, complete: true };
            }
            Ok(_) if read > 0 || written > 0 => {}
            Ok(_) | Err(_) => {
                return Done { consumed: at, complete: false };
            }
        }
    }
}

/// Output bytes of one piece.
const GRAIN: usize = 16 << 10;
/// CRC-32 and length.
const GZIP_TRAILER: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};
    use std::io::Write;

    fn packed(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn all_members_are_read() {
        let input = [packed(b"one "), packed(b"two")].concat();
        let mut out = Output::new(1 << 20, 300);
        let done = gzip(&mut out, &input).unwrap();
        assert_eq!(
            (out.bytes.as_slice(), done),
            (&b"one two"[..], Done { consumed: input.len(), complete: true })
        );
    }

    #[test]
    fn a_cut_member_gives_its_prefix() {
        let text: Vec<u8> = (0..9000_u32).flat_map(|number| number.to_string().into_bytes()).collect();
        let input = packed(&text);
        for cut in [input.len() - 1, input.len() - 8, input.len() / 2] {
            let mut out = Output::new(1 << 20, 300);
            let done = gzip(&mut out, &input[..cut]).unwrap();
            assert!(!done.complete && text.starts_with(&out.bytes) && !out.bytes.is_empty(), "{cut}");
        }
    }

    #[test]
    fn headers_with_names_and_checksums_are_skipped() {
        let mut input = vec![0x1f, 0x8b, 8, 0b1_1110, 0, 0, 0, 0, 0, 3];
        input.extend(b"\x02\0XXname\0comment\0CC");
        assert_eq!(gzip_header(&input), None, "nothing behind it");
        input.push(3);
        assert_eq!(gzip_header(&input), Some(input.len() - 1));
    }
}
