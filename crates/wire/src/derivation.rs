//! Bytes that a step of `wire` made from others: a decrypted record, a Huffman-coded string that was read.
//!
//! What was recorded points, through its segments, into frames where it was sent in the clear, and at
//! derivations where it was not. A derivation says what it was made from in the same way: so every byte of a
//! message inside HTTP/2 inside TLS leads to the frames, and to the line of the key log that opened it.

use std::sync::Arc;

use evidence::{BufferId, CaptureId, Fidelity, FrameNo, Segment, Source, Step};

use crate::Recorded;

/// Bytes made by one step. The bytes themselves are with whoever reads them.
#[derive(Debug, PartialEq, Eq)]
pub struct Derivation {
    /// The step: a decoder or a cipher. Where it [joins](Step::joins), `input` is all there is to it.
    pub step: Step,
    /// How many bytes it made.
    pub len: u64,
    /// How the bytes made are tied to the bytes given.
    pub fidelity: Fidelity,
    /// What it was given.
    pub input: Extract,
    /// The secret it was done with, as it stands in a key log or key file.
    pub key: Option<Arc<Derivation>>,
}

/// Where a stretch of bytes came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extract {
    /// How the stretch was put together; `None` is by [`Step::Body`]: a slice.
    pub step: Option<Step>,
    /// How many bytes.
    pub len: u64,
    /// Their pieces, sorted by `out`. [`Source::Buffer`] is a place in `derived`.
    pub segments: Vec<Segment>,
    /// The derivations that segments point at.
    pub derived: Vec<Arc<Derivation>>,
}

impl Extract {
    /// Where recorded bytes came from, without the bytes.
    pub fn of(recorded: Recorded, step: Step) -> Self {
        Self {
            step: Some(step),
            len: recorded.bytes.len() as u64,
            segments: recorded.segments,
            derived: recorded.derived,
        }
    }

    /// Bytes `start..start + len` of a file that holds no packets; `number` is the line or entry.
    pub fn entry(capture: CaptureId, number: FrameNo, start: u64, len: u64) -> Self {
        let source = Source::Frame { capture, frame: number };
        Self {
            step: Some(Step::Entry),
            len,
            segments: vec![Segment::exact(0, len, source, start)],
            derived: Vec::new(),
        }
    }

    /// Where the byte `at`, or the first one after it that is known, was recorded.
    pub fn place(&self, at: u64) -> Option<(CaptureId, FrameNo, u64)> {
        place(&self.segments, &self.derived, at)
    }
}

impl Derivation {
    /// A join: the bytes are those of `input`.
    pub fn entry(input: Extract) -> Self {
        Self { step: Step::Entry, len: input.len, fidelity: Fidelity::Exact, input, key: None }
    }

    /// The bytes of its input that the byte `at` came from.
    fn below(&self, at: u64) -> u64 {
        let whole = Segment {
            out: 0,
            len: self.len,
            source: Source::Buffer(BufferId(0)),
            start: 0,
            source_len: self.input.len,
            fidelity: self.fidelity,
        };
        whole.source_of(&(at..at.saturating_add(1))).map_or(0, |range| range.start)
    }
}

/// Where the byte `at` of a stretch, or the first one after it that is known, was recorded: capture, frame and
/// offset in the file.
pub(crate) fn place(
    segments: &[Segment],
    derived: &[Arc<Derivation>],
    at: u64,
) -> Option<(CaptureId, FrameNo, u64)> {
    let next = segments.partition_point(|segment| segment.out_end() <= at);
    let segment = segments.get(next)?;
    let start = segment.start.saturating_add(at.saturating_sub(segment.out));
    match segment.source {
        Source::Frame { capture, frame } => Some((capture, frame, start)),
        // Derivations are made from what was there before them, so this ends.
        Source::Buffer(id) => {
            let derivation = derived.get(usize::try_from(id.0).ok()?)?;
            derivation.input.place(derivation.below(start))
        }
    }
}
