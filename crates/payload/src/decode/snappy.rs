//! Snappy without a frame (format_description.txt): a length, then literals and copies.

use evidence::Fidelity;

use crate::output::{Done, Output};

/// One block. Has no magic; all of the input must fit the length that it begins with.
pub(crate) fn snappy(out: &mut Output, input: &[u8]) -> Option<Done> {
    let len = snap::raw::decompress_len(input).ok().filter(|&len| len > 0)?;
    // A copy of 64 bytes takes at least two.
    if len > input.len().saturating_mul(64) || len > out.room(input.len()) {
        return None;
    }
    out.bytes.resize(len, 0);
    let result = snap::raw::Decoder::new().decompress(input, &mut out.bytes);
    if result.ok() != Some(len) {
        out.bytes.clear();
        return None;
    }
    out.piece_at(0, len, (0, input.len()), Fidelity::Within);
    Some(Done { consumed: input.len(), complete: true })
}
