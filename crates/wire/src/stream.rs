//! Bytes of one direction of a flow, put in order, with the frames they came from.

use std::{collections::VecDeque, sync::Arc};

use evidence::{BufferId, CaptureId, FrameNo, Segment, Source, Step, StreamOffset, Timestamp};

use crate::{Derivation, Extract, derivation};

/// The bytes of a message as they were recorded: the first buffer of its trail.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recorded {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Where each came from; sorted by `out`, which counts from the first byte. [`Source::Buffer`] is a place
    /// in `derived`.
    pub segments: Vec<Segment>,
    /// The derivations that segments point at; none where all was sent in the clear.
    pub derived: Vec<Arc<Derivation>>,
    /// When the first byte was captured.
    pub first: Timestamp,
    /// When the last byte was captured.
    pub last: Timestamp,
}

impl Recorded {
    /// Where the byte `at` (or the first one after it that is known) was captured: capture, frame and
    /// offset in the file.
    pub fn place(&self, at: u64) -> Option<(CaptureId, FrameNo, u64)> {
        derivation::place(&self.segments, &self.derived, at)
    }

    /// Puts `other` behind it.
    pub fn append(&mut self, other: Self) {
        let at = self.bytes.len() as u64;
        if self.bytes.is_empty() {
            self.first = other.first;
        }
        self.last = self.last.max(other.last);
        self.bytes.extend_from_slice(&other.bytes);
        for mut segment in other.segments {
            segment.out = segment.out.saturating_add(at);
            if let Source::Buffer(id) = segment.source {
                let derivation = usize::try_from(id.0).ok().and_then(|place| other.derived.get(place));
                let Some(derivation) = derivation else { continue };
                segment.source = self.source(derivation);
            }
            self.segments.push(segment);
        }
    }

    /// Puts `bytes` behind it that are `derivation`'s from `start` on.
    pub fn append_derived(&mut self, bytes: &[u8], derivation: &Arc<Derivation>, start: u64) {
        let (out, len) = (self.bytes.len() as u64, bytes.len() as u64);
        self.bytes.extend_from_slice(bytes);
        let source = self.source(derivation);
        self.segments.push(Segment::exact(out, len, source, start));
    }

    /// Bytes `from..to` of it, with their provenance.
    pub fn slice(&self, from: usize, to: usize) -> Self {
        Self {
            bytes: self.bytes.get(from..to).unwrap_or_default().to_vec(),
            first: self.first,
            last: self.last,
            ..self.provenance(from as u64, to as u64)
        }
    }

    /// Where the bytes `from..to` of it came from, put together by `step`.
    pub fn extract(&self, from: usize, to: usize, step: Step) -> Extract {
        let Self { segments, derived, .. } = self.provenance(from as u64, to as u64);
        Extract { step: Some(step), len: to.saturating_sub(from) as u64, segments, derived }
    }

    /// What is known of the bytes `first..last`, without them.
    fn provenance(&self, first: u64, last: u64) -> Self {
        let begin = self.segments.partition_point(|segment| segment.out_end() <= first);
        let meeting = self.segments.iter().skip(begin).take_while(|segment| segment.out < last);
        let mut slice = Self::default();
        for segment in meeting {
            let (start, end) = (segment.out.max(first), segment.out_end().min(last));
            let source = match segment.source {
                Source::Buffer(id) => {
                    let known = usize::try_from(id.0).ok().and_then(|place| self.derived.get(place));
                    let Some(derivation) = known else { continue };
                    slice.source(derivation)
                }
                frame @ Source::Frame { .. } => frame,
            };
            let from = segment.start.saturating_add(start - segment.out);
            slice.segments.push(Segment::exact(start - first, end - start, source, from));
        }
        slice
    }

    fn source(&mut self, derivation: &Arc<Derivation>) -> Source {
        derivation::source(&mut self.derived, derivation)
    }

    /// Adds where the part of a piece came from that lies in `start..end` of its stream.
    fn add_piece(&mut self, piece: &Piece, start: u64, end: u64) {
        let segment = piece.segment;
        let (from, to) = (segment.out.max(start), segment.out_end().min(end));
        let source = piece.derivation.as_ref().map_or(segment.source, |one| self.source(one));
        let skipped = segment.start.saturating_add(from.saturating_sub(segment.out));
        let len = to.saturating_sub(from);
        self.segments.push(Segment::exact(from.saturating_sub(start), len, source, skipped));
    }

    /// Drops all bytes but the first `len`, and what is known of them.
    pub fn truncate(&mut self, len: usize) {
        self.bytes.truncate(len);
        let len = self.bytes.len() as u64;
        self.segments.retain(|segment| segment.out < len);
        if let Some(last) = self.segments.last_mut() {
            last.len = last.len.min(len.saturating_sub(last.out));
            last.source_len = last.source_len.min(last.len);
        }
    }
}

/// The part of a stream that arrived in order and no protocol room has taken yet.
///
/// Rooms look at [`bytes`](Self::bytes), and [`take`](Self::take) a message's bytes or [`skip`](Self::skip)
/// them. What is neither stays for the next call.
#[derive(Clone, Debug, Default)]
pub struct StreamBuffer {
    bytes: Vec<u8>,
    /// Bytes at the front of `bytes` that were taken already; removed now and then, not each time.
    taken: usize,
    /// Stream offset of `bytes[0]`.
    base: u64,
    /// Where its bytes came from.
    pieces: VecDeque<Piece>,
    /// The last bytes that were taken, up to the first waiting one: what a retransmission is compared with.
    history: Vec<u8>,
    /// Length of the last message that was taken whole: room for the next one is made at once.
    expected: usize,
}

/// A stretch of a stream and where it came from.
#[derive(Clone, Debug)]
struct Piece {
    /// `out` is a stream offset.
    segment: Segment,
    /// What the segment's source stands for, where that is no frame.
    derivation: Option<Arc<Derivation>>,
    /// When it was captured.
    time: Timestamp,
}

impl StreamBuffer {
    /// The bytes in order, from the first one not taken.
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(self.taken..).unwrap_or_default()
    }

    /// How many bytes are waiting.
    pub fn len(&self) -> usize {
        self.bytes.len() - self.taken
    }

    /// Whether none are waiting.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Stream offset of the first waiting byte.
    pub fn offset(&self) -> StreamOffset {
        StreamOffset(self.base.saturating_add(self.taken as u64))
    }

    /// Adds bytes at the end. The segments' `out` counts from the first of `bytes`.
    pub fn append(&mut self, bytes: &[u8], segments: impl IntoIterator<Item = Segment>, time: Timestamp) {
        let end = self.add(bytes);
        for mut segment in segments {
            segment.out = segment.out.saturating_add(end);
            self.pieces.push_back(Piece { segment, derivation: None, time });
        }
    }

    /// Adds bytes at the end that are `derivation`'s from `start` on.
    pub fn append_derived(&mut self, bytes: &[u8], derivation: Arc<Derivation>, start: u64, time: Timestamp) {
        let end = self.add(bytes);
        let segment = Segment::exact(end, bytes.len() as u64, Source::Buffer(BufferId(0)), start);
        self.pieces.push_back(Piece { segment, derivation: Some(derivation), time });
    }

    /// Adds bytes at the end, and says at which offset of the stream.
    fn add(&mut self, bytes: &[u8]) -> u64 {
        let end = self.base.saturating_add(self.bytes.len() as u64);
        if self.bytes.capacity() == 0 {
            self.bytes.reserve(self.expected);
        }
        self.bytes.extend_from_slice(bytes);
        end
    }

    /// Notes that `len` bytes of the stream were lost here. Waiting bytes must have been taken or skipped.
    pub fn lose(&mut self, len: u64) {
        self.skip(self.len());
        self.base = self.base.saturating_add(self.bytes.len() as u64).saturating_add(len);
        self.bytes.clear();
        self.taken = 0;
        self.history.clear();
    }

    /// Whether `bytes`, sent again for the place `at`, are known to be others than those that came first.
    /// Bytes taken long ago are no longer known.
    pub(crate) fn contradicts(&self, at: StreamOffset, bytes: &[u8]) -> bool {
        let waiting = self.offset().0;
        let known = waiting.saturating_sub(self.history.len() as u64);
        differ((known, &self.history), (at.0, bytes)) || differ((waiting, self.bytes()), (at.0, bytes))
    }

    /// Gives back all memory; the offset stays.
    pub(crate) fn release(&mut self) {
        self.lose(0);
        self.bytes = Vec::new();
        self.pieces = VecDeque::new();
        self.history = Vec::new();
    }

    /// Takes the first `count` waiting bytes (all, where there are fewer) with their provenance.
    pub fn take(&mut self, count: usize) -> Recorded {
        let count = count.min(self.len());
        let start = self.offset().0;
        let bytes = if self.taken == 0 && count == self.bytes.len() {
            self.remember(count);
            self.base = self.base.saturating_add(count as u64);
            self.expected = count.min(EXPECTED);
            std::mem::take(&mut self.bytes)
        } else {
            let bytes = self.bytes().get(..count).unwrap_or_default().to_vec();
            self.forget(count);
            bytes
        };
        let mut recorded = Recorded { bytes, ..Recorded::default() };
        self.take_pieces(start, start.saturating_add(count as u64), &mut recorded);
        recorded
    }

    /// Where the waiting bytes `from..to` came from.
    pub(crate) fn extract(&self, from: usize, to: usize) -> Extract {
        let (start, to) = (self.offset().0, to.min(self.len()) as u64);
        let (first, end) = (start.saturating_add(from as u64), start.saturating_add(to));
        // The names of derivations are put together as for bytes that are taken.
        let mut recorded = Recorded::default();
        for piece in self.pieces.iter().skip_while(|piece| piece.segment.out_end() <= first) {
            if piece.segment.out >= end {
                break;
            }
            recorded.add_piece(piece, first, end);
        }
        Extract { len: end.saturating_sub(first), ..Extract::of(recorded, Step::Reassembly) }
    }

    /// Passes over the first `count` waiting bytes.
    pub fn skip(&mut self, count: usize) {
        let count = count.min(self.len());
        let end = self.offset().0.saturating_add(count as u64);
        self.forget(count);
        while self.pieces.front().is_some_and(|piece| piece.segment.out_end() <= end) {
            self.pieces.pop_front();
        }
    }

    /// Where the first waiting byte was captured: capture, frame and offset in the file.
    pub fn place(&self) -> Option<(CaptureId, FrameNo, u64)> {
        let piece = self.pieces.front()?;
        let derived = piece.derivation.as_slice();
        derivation::place(std::slice::from_ref(&piece.segment), derived, self.offset().0)
    }

    /// When the first waiting byte was captured.
    pub fn time(&self) -> Option<Timestamp> {
        self.pieces.front().map(|piece| piece.time)
    }

    fn forget(&mut self, count: usize) {
        self.remember(count);
        self.taken += count;
        if self.taken == self.bytes.len() || (self.taken > COMPACT_AT && self.taken > self.bytes.len() / 2) {
            self.base = self.base.saturating_add(self.taken as u64);
            self.bytes.drain(..self.taken);
            self.taken = 0;
        }
    }

    /// Adds the first `count` waiting bytes to the history.
    fn remember(&mut self, count: usize) {
        let leaving = self.bytes.get(self.taken..self.taken.saturating_add(count)).unwrap_or_default();
        let kept = leaving.len().min(HISTORY);
        if kept < leaving.len() {
            // What was remembered would no longer end where this begins.
            self.history.clear();
        }
        if self.history.len() + kept > 2 * HISTORY {
            self.history.drain(..self.history.len().saturating_sub(HISTORY - kept));
        }
        self.history.extend_from_slice(leaving.get(leaving.len() - kept..).unwrap_or_default());
    }

    fn take_pieces(&mut self, start: u64, end: u64, recorded: &mut Recorded) {
        let mut first = None;
        while let Some(piece) = self.pieces.front() {
            let segment = piece.segment;
            if segment.out >= end {
                break;
            }
            first.get_or_insert(piece.time);
            recorded.last = recorded.last.max(piece.time);
            recorded.add_piece(piece, start, end);
            if segment.out_end() > end {
                break;
            }
            self.pieces.pop_front();
        }
        recorded.first = first.unwrap_or_default();
    }
}

/// Taken bytes are moved out of the way when more than this many have gathered, and more than are left: so
/// each byte is moved once at most on average.
const COMPACT_AT: usize = 64 * 1024;

/// No more room than this is made before the bytes are there.
const EXPECTED: usize = 64 * 1024;

/// How many taken bytes are remembered at least: more than the longest ordinary segment, so that a forged
/// one and the true one that follows it meet here.
const HISTORY: usize = 2048;

/// Whether two stretches of a stream differ where both have bytes.
fn differ((one_at, one): (u64, &[u8]), (other_at, other): (u64, &[u8])) -> bool {
    let from = one_at.max(other_at);
    let end = |at: u64, bytes: &[u8]| at.saturating_add(bytes.len() as u64);
    let to = end(one_at, one).min(end(other_at, other));
    from < to && between(one, one_at, from..to) != between(other, other_at, from..to)
}

/// The bytes `range` of a stretch that begins at `at`; none where the range reaches out of it.
fn between(bytes: &[u8], at: u64, range: std::ops::Range<u64>) -> &[u8] {
    let place = |offset: u64| usize::try_from(offset.saturating_sub(at)).unwrap_or(usize::MAX);
    bytes.get(place(range.start)..place(range.end)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The byte at a place of the test's stream.
    fn byte(at: u64) -> u8 {
        (at % 251) as u8
    }

    fn stretch(from: u64, len: u64) -> Vec<u8> {
        (from..from + len).map(byte).collect()
    }

    #[test]
    fn other_bytes_are_noticed_as_far_back_as_promised_however_they_were_taken() {
        for bite in [1, 100, 1460, 5000, 100_000] {
            let mut buffer = StreamBuffer::default();
            let (mut at, mut taken) = (0, 0);
            while at < 100_000 {
                buffer.append(&stretch(at, 1460), [], Timestamp(0));
                at += 1460;
                while buffer.len() >= bite {
                    taken += buffer.take(bite).bytes.len() as u64;
                }
                let oldest = taken.saturating_sub(HISTORY as u64);
                let right = stretch(oldest, at - oldest);
                assert!(!buffer.contradicts(StreamOffset(oldest), &right));
                assert!(!buffer.contradicts(StreamOffset(0), &stretch(0, at)), "bite {bite}, all up to {at}");
                for place in [0, right.len() / 2, right.len() - 1] {
                    let mut wrong = right.clone();
                    wrong[place] ^= 1;
                    assert!(buffer.contradicts(StreamOffset(oldest), &wrong), "bite {bite}, {place} of {at}");
                }
            }
            assert!(buffer.history.len() <= 2 * HISTORY);
        }
    }

    #[test]
    fn what_is_no_longer_known_is_not_contradicted() {
        let mut buffer = StreamBuffer::default();
        buffer.append(&stretch(0, 10), [], Timestamp(0));
        buffer.lose(5);
        buffer.append(b"xyz", [], Timestamp(0));
        assert!(!buffer.contradicts(StreamOffset(0), &[0xff; 15]));
        assert!(buffer.contradicts(StreamOffset(14), b"\0abc"));
        assert!(!buffer.contradicts(StreamOffset(14), b"\0xyz and more"));
    }
}
