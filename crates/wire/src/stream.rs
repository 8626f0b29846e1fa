//! Bytes of one direction of a flow, put in order, with the frames they came from.

use std::collections::VecDeque;

use evidence::{CaptureId, FrameNo, Segment, Source, StreamOffset, Timestamp};

/// The bytes of a message as they were recorded: the first buffer of its trail.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recorded {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Where each came from; sorted by `out`, which counts from the first byte.
    pub segments: Vec<Segment>,
    /// When the first byte was captured.
    pub first: Timestamp,
    /// When the last byte was captured.
    pub last: Timestamp,
}

impl Recorded {
    /// Where the byte `at` (or the first one after it that is known) was captured: capture, frame and
    /// offset in the file.
    pub fn place(&self, at: u64) -> Option<(CaptureId, FrameNo, u64)> {
        let next = self.segments.partition_point(|segment| segment.out_end() <= at);
        let segment = self.segments.get(next)?;
        let Source::Frame { capture, frame } = segment.source else { return None };
        Some((capture, frame, segment.start.saturating_add(at.saturating_sub(segment.out))))
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
    /// Segments with `out` as stream offset, and when each was captured.
    pieces: VecDeque<(Segment, Timestamp)>,
    /// The last bytes that were taken, up to the first waiting one: what a retransmission is compared with.
    history: Vec<u8>,
    /// Length of the last message that was taken whole: room for the next one is made at once.
    expected: usize,
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
        let end = self.base.saturating_add(self.bytes.len() as u64);
        if self.bytes.capacity() == 0 {
            self.bytes.reserve(self.expected);
        }
        self.bytes.extend_from_slice(bytes);
        for mut segment in segments {
            segment.out = segment.out.saturating_add(end);
            self.pieces.push_back((segment, time));
        }
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

    /// Passes over the first `count` waiting bytes.
    pub fn skip(&mut self, count: usize) {
        let count = count.min(self.len());
        let end = self.offset().0.saturating_add(count as u64);
        self.forget(count);
        while self.pieces.front().is_some_and(|(piece, _)| piece.out_end() <= end) {
            self.pieces.pop_front();
        }
    }

    /// Where the first waiting byte was captured: capture, frame and offset in the file.
    pub fn place(&self) -> Option<(CaptureId, FrameNo, u64)> {
        let (piece, _) = self.pieces.front()?;
        let Source::Frame { capture, frame } = piece.source else { return None };
        Some((capture, frame, piece.start.saturating_add(self.offset().0.saturating_sub(piece.out))))
    }

    /// When the first waiting byte was captured.
    pub fn time(&self) -> Option<Timestamp> {
        self.pieces.front().map(|(_, time)| *time)
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
        if self.history.len() + kept > 2 * HISTORY {
            self.history.drain(..self.history.len().saturating_sub(HISTORY - kept));
        }
        self.history.extend_from_slice(leaving.get(leaving.len() - kept..).unwrap_or_default());
    }

    fn take_pieces(&mut self, start: u64, end: u64, recorded: &mut Recorded) {
        let mut first = None;
        while let Some((piece, time)) = self.pieces.front() {
            if piece.out >= end {
                break;
            }
            first.get_or_insert(*time);
            recorded.last = recorded.last.max(*time);
            let (from, to) = (piece.out.max(start), piece.out_end().min(end));
            let skipped = from - piece.out;
            recorded.segments.push(Segment::exact(
                from - start,
                to - from,
                piece.source,
                piece.start.saturating_add(skipped),
            ));
            if piece.out_end() > end {
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
