//! Provenance: which recorded bytes a value came from, and through which steps.
//!
//! A [`Trail`] is a list of [`Buffer`]s. Each says by which [`Step`] it was made, and holds a sorted list
//! of [`Segment`]s: this range of mine came from that range of a source. A source is an earlier buffer,
//! or bytes of a capture. A [`Span`] (a buffer and a range) can therefore be followed down to frames and
//! file offsets, and the steps can be run again from there.

use std::{collections::BTreeMap, ops::Range};

use serde::{Deserialize, Serialize};

use crate::{BufferId, CaptureId, Decryption, FrameNo};

/// A range of bytes in a buffer of a trail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Span {
    /// The buffer.
    pub buffer: BufferId,
    /// The first byte, from 0.
    pub start: u64,
    /// The byte after the last one.
    pub end: u64,
}

/// How exactly a segment's output is tied to its source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fidelity {
    /// Byte for byte: reassembly, removal of record and chunk headers, slices.
    Exact,
    /// Each group of `out` bytes was made from a group of `source` bytes: base64 is 3 from 4, hex 1 from 2.
    Grouped {
        /// Bytes of output in a group.
        out: u8,
        /// Bytes of source in a group.
        source: u8,
    },
    /// These bytes appeared while that input was consumed: decompression, decryption.
    Within,
}

/// Where the bytes of a segment came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// An earlier buffer of the same trail; the segment's `start` counts from that buffer's first byte.
    Buffer(BufferId),
    /// A frame of a capture; the segment's `start` is the offset in the capture file, after
    /// decompression where the file itself is a gzip or zstd stream.
    Frame {
        /// The capture.
        capture: CaptureId,
        /// The frame.
        frame: FrameNo,
    },
}

/// One piece of a buffer and where it came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Segment {
    /// First byte in the buffer.
    pub out: u64,
    /// How many bytes of the buffer.
    pub len: u64,
    /// What they came from.
    pub source: Source,
    /// First byte in the source.
    pub start: u64,
    /// How many bytes of the source; equal to `len` where the fidelity is exact.
    pub source_len: u64,
    /// How exactly the two are tied.
    pub fidelity: Fidelity,
}

impl Segment {
    /// A byte-for-byte piece.
    pub fn exact(out: u64, len: u64, source: Source, start: u64) -> Self {
        Self { out, len, source, start, source_len: len, fidelity: Fidelity::Exact }
    }

    /// The byte after the last one in the buffer.
    pub fn out_end(&self) -> u64 {
        self.out.saturating_add(self.len)
    }

    /// The part of the source that the buffer's bytes `range` came from; `None` where they do not meet.
    pub fn source_of(&self, range: &Range<u64>) -> Option<Range<u64>> {
        let start = range.start.max(self.out);
        let end = range.end.min(self.out_end());
        if start >= end {
            return None;
        }
        let (first, last) = (start - self.out, end - self.out);
        let (first, last) = match self.fidelity {
            Fidelity::Exact => (first, last),
            Fidelity::Grouped { out, source } => grouped(first, last, out, source),
            Fidelity::Within => (0, self.source_len),
        };
        let limit = self.start.saturating_add(self.source_len);
        Some(self.start.saturating_add(first).min(limit)..self.start.saturating_add(last).min(limit))
    }
}

/// What made a buffer.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// The payload of one datagram, IP fragments put together.
    Datagram,
    /// One direction of a TCP connection, put in order.
    Reassembly,
    /// The body of a message: chunk headers, padding and frame headers removed. Byte for byte.
    Body,
    /// A decoder, by its registered name: `gzip`, `base64`, `percent` … of `payload`, `huffman` … of `wire`.
    Decode(String),
    /// A cipher, undone with a secret that the examiner has.
    Decrypt(Box<Decryption>),
    /// Bytes of a file that holds no packets: a value of a file of flows, a line of a key log, a private key.
    Entry,
    /// A scramble or a weak cipher, undone with what was within reach: the way, as JSON that `unmask` writes and reads.
    Unmask(String),
    /// Bytes that nobody recorded, and that stand between recorded ones where a message was told in parts and is
    /// written out: the `&` and `=` of a form, the `: ` of a header. Nothing but [separators](Step::separates).
    Written(String),
}

impl Step {
    /// Whether it puts bytes together and changes none: each segment is exact.
    pub fn joins(&self) -> bool {
        match self {
            Self::Body | Self::Datagram | Self::Entry | Self::Reassembly => true,
            Self::Decode(_) | Self::Decrypt(_) | Self::Unmask(_) | Self::Written(_) => false,
        }
    }

    /// Whether it is a decoder that goes on from more than a trail holds, so that nobody can run it alone. Such a
    /// decoder's name ends in `-continued`.
    pub fn goes_on(&self) -> bool {
        matches!(self, Self::Decode(name) if name.ends_with("-continued"))
    }

    /// Whether a text may be [written](Step::Written) between recorded bytes: a few signs and blanks, of which no
    /// value can be made.
    pub fn separates(text: &[u8]) -> bool {
        (1..=Self::LONGEST_WRITTEN).contains(&text.len())
            && text.iter().all(|byte| b"&=:;, \r\n".contains(byte))
    }

    /// The longest text that is written between recorded bytes.
    const LONGEST_WRITTEN: usize = 8;
}

/// Bytes, how they were made and from what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Buffer {
    /// What made it.
    pub step: Step,
    /// How many bytes it has.
    pub len: u64,
    /// What a decoder or cipher was given, all of it: the step can be run again from that. `None` for steps
    /// that [join](Step::joins).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<Span>,
    /// The secret that a cipher was undone with. `None` where there is none, or everybody knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Span>,
    /// Where the bytes came from, sorted by `out`, not overlapping. Bytes that no segment covers were lost,
    /// or play no part in what the trail proves.
    pub segments: Vec<Segment>,
}

/// A chain (in general, a tree folded into a list) of buffers; each refers only to earlier ones.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trail {
    /// The buffers, sources first.
    pub buffers: Vec<Buffer>,
}

/// A trail that contradicts itself: read from a file that was damaged or made by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrailError {
    /// A buffer refers to itself, to a later one, or to one that is not there.
    Forward(BufferId),
    /// A buffer's segments are not sorted, overlap, or reach past its end.
    Segments(BufferId),
}

impl Trail {
    /// Adds a buffer and says which it is.
    pub fn push(&mut self, buffer: Buffer) -> BufferId {
        let id = BufferId(u32::try_from(self.buffers.len()).unwrap_or(u32::MAX));
        self.buffers.push(buffer);
        id
    }

    /// The buffer with that number.
    pub fn buffer(&self, id: BufferId) -> Option<&Buffer> {
        self.buffers.get(usize::try_from(id.0).ok()?)
    }

    /// How many segments its buffers have together: what it weighs.
    pub fn segments(&self) -> usize {
        self.buffers.iter().map(|buffer| buffer.segments.len()).sum()
    }

    /// Whether all of its steps can be run again from what it holds.
    pub fn runs_alone(&self) -> bool {
        !self.buffers.iter().any(|buffer| buffer.step.goes_on())
    }

    /// Follows `span` down to the captures: the frames and file ranges it came from, in order.
    ///
    /// Each buffer is looked at once, the last first, with the ranges of it that matter put together: a
    /// forged trail, in which each buffer names the one before it many times, costs no more than another.
    pub fn trace(&self, span: Span) -> Vec<(CaptureId, FrameNo, Range<u64>)> {
        let mut found = Vec::new();
        let mut wanted: BTreeMap<BufferId, Vec<Range<u64>>> = BTreeMap::new();
        wanted.entry(span.buffer).or_default().push(span.start..span.end);
        while let Some((id, ranges)) = wanted.pop_last() {
            let Some(buffer) = self.buffer(id) else { continue };
            for (source, range) in joined(ranges).iter().flat_map(|range| buffer.sources(range)) {
                match source {
                    Source::Frame { capture, frame } => found.push((capture, frame, range)),
                    // Sources come before what is made of them, so this ends.
                    Source::Buffer(source) if source < id => wanted.entry(source).or_default().push(range),
                    Source::Buffer(_) => {}
                }
            }
        }
        found.sort_by_key(|(capture, frame, range)| (*capture, *frame, range.start, range.end));
        found.dedup();
        found
    }

    /// Whether the steps to a span can be run again from what was recorded: each was given bytes that are there. A span
    /// that an index into a table stands for has none.
    pub fn is_whole(&self, span: Span) -> bool {
        let steps = self.buffers.iter().all(|buffer| {
            let given = buffer.input.into_iter().chain(buffer.key).all(|given| self.has(given));
            let joined =
                !buffer.step.joins() || buffer.segments.iter().all(|segment| self.has_exactly(segment));
            given && joined
        });
        steps && span.start < span.end && self.has(span)
    }

    /// Whether all bytes of a span are there.
    fn has(&self, span: Span) -> bool {
        let index = usize::try_from(span.buffer.0).unwrap_or(usize::MAX);
        self.buffers.get(index).is_some_and(|buffer| {
            match (buffer.segments.first(), buffer.segments.last()) {
                _ if !buffer.step.joins() => span.end <= buffer.len,
                (Some(first), Some(last)) => first.out <= span.start && span.end <= last.out_end(),
                _ => span.start == span.end,
            }
        })
    }

    /// Whether a segment is a copy of bytes that are there.
    fn has_exactly(&self, segment: &Segment) -> bool {
        let exact = segment.fidelity == Fidelity::Exact && segment.source_len == segment.len;
        let end = segment.start.saturating_add(segment.source_len);
        exact
            && match segment.source {
                Source::Buffer(buffer) => self.has(Span { buffer, start: segment.start, end }),
                Source::Frame { .. } => true,
            }
    }

    /// Checks what every reader may rely on: sources first, segments sorted and inside their buffer.
    pub fn check(&self) -> Result<(), TrailError> {
        for (index, buffer) in (0u32..).zip(&self.buffers) {
            let id = BufferId(index);
            let mut end = 0;
            for segment in &buffer.segments {
                if segment.out < end || segment.out_end() > buffer.len {
                    return Err(TrailError::Segments(id));
                }
                end = segment.out_end();
                if matches!(segment.source, Source::Buffer(source) if source >= id) {
                    return Err(TrailError::Forward(id));
                }
            }
            if buffer.input.into_iter().chain(buffer.key).any(|span| span.buffer >= id) {
                return Err(TrailError::Forward(id));
            }
        }
        Ok(())
    }
}

impl Buffer {
    /// The sources of the bytes `range`, in order.
    pub fn sources(&self, range: &Range<u64>) -> impl Iterator<Item = (Source, Range<u64>)> {
        let range = range.clone();
        let first = self.segments.partition_point(|segment| segment.out_end() <= range.start);
        self.segments
            .iter()
            .skip(first)
            .take_while({
                let end = range.end;
                move |segment| segment.out < end
            })
            .filter_map(move |segment| Some((segment.source, segment.source_of(&range)?)))
    }
}

/// The same bytes as sorted ranges that do not overlap.
fn joined(mut ranges: Vec<Range<u64>>) -> Vec<Range<u64>> {
    ranges.sort_by_key(|range| range.start);
    let mut joined: Vec<Range<u64>> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match joined.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => joined.push(range),
        }
    }
    joined
}

/// The source bytes of output bytes `first..last`, whole groups at both ends.
fn grouped(first: u64, last: u64, out: u8, source: u8) -> (u64, u64) {
    let (out, source) = (u64::from(out.max(1)), u64::from(source));
    ((first / out).saturating_mul(source), last.div_ceil(out).saturating_mul(source))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(number: u64) -> Source {
        Source::Frame { capture: CaptureId(0), frame: FrameNo(number) }
    }

    /// "GET /?d=" in frame 4, base64 over frames 4 and 5, decoded.
    fn two_steps() -> Trail {
        let mut trail = Trail::default();
        let stream = trail.push(Buffer {
            step: Step::Reassembly,
            len: 24,
            input: None,
            key: None,
            segments: vec![Segment::exact(0, 12, frame(4), 1000), Segment::exact(12, 12, frame(5), 2000)],
        });
        trail.push(Buffer {
            step: Step::Decode("base64".into()),
            len: 12,
            input: Some(Span { buffer: stream, start: 8, end: 24 }),
            key: None,
            segments: vec![Segment {
                out: 0,
                len: 12,
                source: Source::Buffer(stream),
                start: 8,
                source_len: 16,
                fidelity: Fidelity::Grouped { out: 3, source: 4 },
            }],
        });
        trail
    }

    #[test]
    fn what_no_frame_holds_is_not_whole() {
        let trail = two_steps();
        let span = |buffer, start, end| Span { buffer: BufferId(buffer), start, end };
        assert!(trail.is_whole(span(1, 0, 12)) && trail.is_whole(span(0, 4, 20)));
        assert!(!trail.is_whole(span(0, 4, 25)) && !trail.is_whole(span(2, 0, 1)));
        assert!(!trail.is_whole(span(1, 3, 3)), "no bytes at all");
        let mut lost = two_steps();
        lost.buffers[0].segments.pop();
        assert!(!lost.is_whole(span(1, 0, 12)), "the decoder was given more than is there");
        let mut indexed = two_steps();
        indexed.buffers[0].segments[0].fidelity = Fidelity::Within;
        assert!(!indexed.is_whole(span(0, 0, 4)));
    }

    #[test]
    fn a_decoded_byte_leads_to_its_frame() {
        let trail = two_steps();
        assert_eq!(trail.check(), Ok(()));
        let span = |start, end| Span { buffer: BufferId(1), start, end };
        let at = |number, range| (CaptureId(0), FrameNo(number), range);
        assert_eq!(trail.trace(span(0, 1)), [at(4, 1008..1012)]);
        assert_eq!(trail.trace(span(2, 4)), [at(4, 1008..1012), at(5, 2000..2004)]);
        assert_eq!(trail.trace(span(11, 12)), [at(5, 2008..2012)]);
    }

    #[test]
    fn a_trail_that_doubles_at_every_step_is_traced_at_once() {
        let mut trail = two_steps();
        for id in 1..60 {
            let twice = |out| Segment::exact(out, 12, Source::Buffer(BufferId(id)), 0);
            let input = Some(Span { buffer: BufferId(id), start: 0, end: 12 });
            let segments = vec![twice(0), twice(12)];
            trail.push(Buffer { step: Step::Decode("x".into()), len: 24, input, key: None, segments });
        }
        let last = Span { buffer: BufferId(60), start: 0, end: 24 };
        assert_eq!(trail.trace(last).len(), 2);
    }

    #[test]
    fn a_trail_made_by_hand_cannot_send_the_reader_in_circles() {
        let mut trail = two_steps();
        if let Some(segment) = trail.buffers[0].segments.first_mut() {
            segment.source = Source::Buffer(BufferId(1));
        }
        assert_eq!(trail.check(), Err(TrailError::Forward(BufferId(0))));
        assert_eq!(trail.trace(Span { buffer: BufferId(1), start: 0, end: 12 }).len(), 1);
    }
}
