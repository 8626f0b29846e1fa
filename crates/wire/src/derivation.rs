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
    /// How many bytes, made and given, belong to what came before: a compressed message goes on from those
    /// before it. The rest is made of the rest.
    pub before: (u64, u64),
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

    /// Puts behind it where recorded bytes came from.
    pub(crate) fn append(&mut self, recorded: &Recorded) {
        self.join(&recorded.segments, &recorded.derived, recorded.bytes.len() as u64);
    }

    /// Puts another stretch behind it.
    pub(crate) fn append_extract(&mut self, other: &Self) {
        self.join(&other.segments, &other.derived, other.len);
    }

    /// Puts all that a derivation made behind it.
    pub(crate) fn append_derivation(&mut self, derivation: &Arc<Derivation>) {
        let source = source(&mut self.derived, derivation);
        self.segments.push(Segment::exact(self.len, derivation.len, source, 0));
        self.len = self.len.saturating_add(derivation.len);
    }

    fn join(&mut self, segments: &[Segment], derived: &[Arc<Derivation>], len: u64) {
        for segment in segments.iter().filter(|segment| segment.len > 0) {
            let source = match segment.source {
                Source::Buffer(id) => {
                    let known = usize::try_from(id.0).ok().and_then(|place| derived.get(place));
                    let Some(derivation) = known else { continue };
                    source(&mut self.derived, derivation)
                }
                frame @ Source::Frame { .. } => frame,
            };
            let out = self.len.saturating_add(segment.out);
            let joins = |last: &&mut Segment| {
                let follows = last.start.saturating_add(last.len) == segment.start;
                last.source == source && last.out_end() == out && follows
            };
            match self.segments.last_mut().filter(joins) {
                Some(last) => {
                    last.len = last.len.saturating_add(segment.len);
                    last.source_len = last.len;
                }
                None => self.segments.push(Segment::exact(out, segment.len, source, segment.start)),
            }
        }
        self.len = self.len.saturating_add(len);
    }

    /// Where the byte `at`, or the first one after it that is known, was recorded.
    pub fn place(&self, at: u64) -> Option<(CaptureId, FrameNo, u64)> {
        place(&self.segments, &self.derived, at)
    }
}

impl Derivation {
    /// A join: the bytes are those of `input`.
    pub fn entry(input: Extract) -> Self {
        Self {
            step: Step::Entry,
            len: input.len,
            fidelity: Fidelity::Exact,
            before: (0, 0),
            input,
            key: None,
        }
    }

    /// How the bytes made are tied to those given, which are `source`.
    pub fn segments(&self, source: Source) -> impl Iterator<Item = Segment> {
        let (made, given) = (self.before.0.min(self.len), self.before.1.min(self.input.len));
        let segment =
            |out, len, start, source_len, fidelity| Segment { out, len, source, start, source_len, fidelity };
        let before = segment(0, made, 0, given, Fidelity::Within);
        let rest = segment(made, self.len - made, given, self.input.len - given, self.fidelity);
        [before, rest].into_iter().filter(|segment| segment.len > 0)
    }

    /// The first byte of its input that the byte `at` came from.
    fn below(&self, at: u64) -> u64 {
        let range = at..at.saturating_add(1);
        let mut segments = self.segments(Source::Buffer(BufferId(0)));
        segments.find_map(|segment| segment.source_of(&range)).map_or(0, |range| range.start)
    }
}

/// The place of a derivation among `derived`, which it joins where it is new. Neighbours mostly share theirs; one
/// that comes again much later is noted again, so that a message of many records costs no more than it has.
pub(crate) fn source(derived: &mut Vec<Arc<Derivation>>, derivation: &Arc<Derivation>) -> Source {
    let recent = derived.len().saturating_sub(NEIGHBOURS);
    let near = derived.get(recent..).unwrap_or_default();
    let known = near.iter().rposition(|known| Arc::ptr_eq(known, derivation));
    let place = known.map(|near| recent + near).unwrap_or_else(|| {
        derived.push(Arc::clone(derivation));
        derived.len() - 1
    });
    Source::Buffer(BufferId(u32::try_from(place).unwrap_or(u32::MAX)))
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

/// Among so many of the last derivations of a message one is looked for that comes again.
const NEIGHBOURS: usize = 16;
