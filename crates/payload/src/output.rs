//! Where a decoder writes: bytes, and how they belong to its input.

use evidence::Fidelity;

use crate::{Limit, Piece};

/// The workbench of decoders that make buffers.
///
/// Offsets of pieces count from the start of the decoder's input; the explorer moves them.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) bytes: Vec<u8>,
    pub(crate) pieces: Vec<Piece>,
    /// The most bytes that may be written.
    pub(crate) max: usize,
    /// Output bytes allowed for one input byte, once over [`RATIO_FREE`].
    pub(crate) ratio: usize,
    /// Why the decoder was stopped, where it was.
    pub(crate) limit: Option<Limit>,
    /// Kept because setting one up costs more than inflating a small body.
    pub(crate) inflate: Option<flate2::Decompress>,
}

/// What a decoder says of its input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Done {
    /// How many bytes it read: the range that is recorded. Run on exactly these, it gives the same.
    pub(crate) consumed: usize,
    /// Whether it came to the end of its format without complaint.
    pub(crate) complete: bool,
}

impl Output {
    pub(crate) fn new(max: usize, ratio: u32) -> Self {
        Self {
            bytes: Vec::new(),
            pieces: Vec::new(),
            max,
            ratio: usize::try_from(ratio).unwrap_or(usize::MAX),
            limit: None,
            inflate: None,
        }
    }

    /// Ready for the next decoder.
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.pieces.clear();
        self.limit = None;
    }

    /// How many more bytes may be made from `consumed` bytes of input; notes the limit where it is none.
    pub(crate) fn room(&mut self, consumed: usize) -> usize {
        let len = self.bytes.len();
        let by_ratio = consumed.saturating_mul(self.ratio).max(RATIO_FREE);
        let room = self.max.min(by_ratio).saturating_sub(len);
        if room == 0 {
            self.limit = Some(if len >= self.max { Limit::Bytes } else { Limit::Ratio });
        }
        room
    }

    /// Input bytes from `start` on, as they are.
    pub(crate) fn exact(&mut self, bytes: &[u8], start: usize) {
        self.piece(bytes.len(), start, bytes.len(), Fidelity::Exact);
        self.bytes.extend_from_slice(bytes);
    }

    /// One group: `bytes` from `source` input bytes at `start`. Equal groups in a row become one piece.
    pub(crate) fn group(&mut self, bytes: &[u8], start: usize, source: usize) {
        let fidelity = match (u8::try_from(bytes.len()), u8::try_from(source)) {
            (Ok(out), Ok(source)) => Fidelity::Grouped { out, source },
            _ => Fidelity::Within,
        };
        self.piece(bytes.len(), start, source, fidelity);
        self.bytes.extend_from_slice(bytes);
    }

    /// Notes where the next `len` bytes, written by the caller, come from.
    pub(crate) fn piece(&mut self, len: usize, start: usize, source_len: usize, fidelity: Fidelity) {
        self.piece_at(self.bytes.len(), len, (start, source_len), fidelity);
    }

    /// Notes where the `len` bytes from `out` on come from: `source` is a start and a length.
    pub(crate) fn piece_at(&mut self, out: usize, len: usize, source: (usize, usize), fidelity: Fidelity) {
        let (start, source_len) = source;
        if len == 0 {
            return;
        }
        match self.pieces.last_mut() {
            Some(last) if joins(last, start, fidelity) => {
                last.len += len;
                last.source_len += source_len;
            }
            _ => self.pieces.push(Piece { out, len, start, source_len, fidelity }),
        }
    }
}

/// Whether what comes from `start` on can be added to a piece.
fn joins(last: &Piece, start: usize, fidelity: Fidelity) -> bool {
    fidelity != Fidelity::Within
        && last.fidelity == fidelity
        && last.start + last.source_len == start
        && whole_groups(last)
}

/// Whether more groups may be added behind a piece: only the last group of one may be cut.
fn whole_groups(piece: &Piece) -> bool {
    match piece.fidelity {
        Fidelity::Grouped { out, source } => {
            piece.len.is_multiple_of(usize::from(out.max(1)))
                && piece.source_len.is_multiple_of(usize::from(source.max(1)))
        }
        Fidelity::Exact | Fidelity::Within => true,
    }
}

/// The ratio limit is not tested below this output size.
pub(crate) const RATIO_FREE: usize = 1 << 20;
