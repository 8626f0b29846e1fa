//! A span of a trail -> the steps from the recorded frames to the value, one range per step.

use std::collections::BTreeMap;
use std::ops::Range;

use evidence::{BufferId, CaptureId, Fidelity, FrameNo, Occurrence, Source, Step, Trail};

/// The way from the capture to a value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Chain {
    /// The frames and the ranges of the capture file, by capture and frame.
    pub(crate) frames: Vec<(CaptureId, FrameNo, Range<u64>)>,
    /// The steps, the one next to the frames first.
    pub(crate) links: Vec<Link>,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) step: Step,
    /// Bytes of what the step made.
    pub(crate) len: u64,
    /// The bytes of it that the value lies in or was made from.
    pub(crate) range: Range<u64>,
    /// Whether the range is exact, or what it was decompressed from as a whole.
    pub(crate) exact: bool,
}

impl Chain {
    /// Follows the occurrence's span. Where one buffer is reached in several ways the ranges are joined,
    /// so the work is bounded by the trail's size whatever it says.
    pub(crate) fn of(occurrence: &Occurrence) -> Self {
        let span = occurrence.span;
        let mut walk = Walk { trail: &occurrence.trail, open: BTreeMap::new(), frames: BTreeMap::new() };
        walk.open.insert(span.buffer, (span.start..span.end, true));
        let mut links = Vec::new();
        while let Some((id, (range, exact))) = walk.open.pop_last() {
            links.extend(walk.step(id, range, exact));
        }
        links.reverse();
        let frames = walk.frames.into_iter().map(|((capture, frame), range)| (capture, frame, range));
        Self { frames: frames.collect(), links }
    }
}

struct Walk<'a> {
    trail: &'a Trail,
    /// What is still to be followed; a step only ever adds earlier buffers.
    open: BTreeMap<BufferId, (Range<u64>, bool)>,
    frames: BTreeMap<(CaptureId, FrameNo), Range<u64>>,
}

impl Walk<'_> {
    fn step(&mut self, id: BufferId, range: Range<u64>, exact: bool) -> Option<Link> {
        let buffer = self.trail.buffer(id)?;
        let loose = |segment: &evidence::Segment| {
            segment.fidelity == Fidelity::Within && segment.source_of(&range).is_some()
        };
        let below = exact && !buffer.segments.iter().any(loose);
        for (source, from) in buffer.sources(&range) {
            match source {
                Source::Frame { capture, frame } => join(&mut self.frames, (capture, frame), from),
                Source::Buffer(earlier) if earlier < id => {
                    let open = self.open.entry(earlier).or_insert_with(|| (from.clone(), below));
                    open.0 = hull(&open.0, &from);
                    open.1 &= below;
                }
                Source::Buffer(_) => {}
            }
        }
        Some(Link { step: buffer.step.clone(), len: buffer.len, range, exact })
    }
}

fn join<K: Ord>(ranges: &mut BTreeMap<K, Range<u64>>, key: K, more: Range<u64>) {
    let range = ranges.entry(key).or_insert_with(|| more.clone());
    *range = hull(range, &more);
}

fn hull(one: &Range<u64>, other: &Range<u64>) -> Range<u64> {
    one.start.min(other.start)..one.end.max(other.end)
}

#[cfg(test)]
mod tests {
    use evidence::{Buffer, Segment, Span};

    use super::*;

    fn buffer(step: Step, len: u64, segments: Vec<Segment>) -> Buffer {
        Buffer { step, len, input: None, key: None, segments }
    }

    fn at(trail: Trail, start: u64, end: u64) -> Occurrence {
        let last = BufferId(trail.buffers.len() as u32 - 1);
        Occurrence {
            exchange: Default::default(),
            time: Default::default(),
            frame: FrameNo(1),
            found: String::new(),
            span: Span { buffer: last, start, end },
            trail,
        }
    }

    #[test]
    fn a_value_leads_through_its_steps_to_its_frames() {
        let frame = |number| Source::Frame { capture: CaptureId(0), frame: FrameNo(number) };
        let mut trail = Trail::default();
        let segments = vec![Segment::exact(0, 60, frame(4), 1000), Segment::exact(60, 40, frame(5), 2000)];
        let stream = trail.push(buffer(Step::Reassembly, 100, segments));
        let gzip = Segment {
            out: 0,
            len: 300,
            source: Source::Buffer(stream),
            start: 50,
            source_len: 30,
            fidelity: Fidelity::Within,
        };
        trail.push(buffer(Step::Decode("gzip".into()), 300, vec![gzip]));
        let chain = Chain::of(&at(trail, 10, 20));
        let steps: Vec<_> = chain.links.iter().map(|link| (link.range.clone(), link.exact)).collect();
        assert_eq!(steps, [(50..80, false), (10..20, true)]);
        let file = |number, range| (CaptureId(0), FrameNo(number), range);
        assert_eq!(chain.frames, [file(4, 1050..1060), file(5, 2000..2020)]);
    }

    /// Each buffer names the one before it twice: 2^60 paths to the frame.
    #[test]
    fn a_forged_trail_costs_no_more_than_its_size() {
        let mut trail = Trail::default();
        let source = Source::Frame { capture: CaptureId(0), frame: FrameNo(1) };
        trail.push(buffer(Step::Reassembly, 2, vec![Segment::exact(0, 2, source, 0)]));
        for earlier in 0..60 {
            let source = Source::Buffer(BufferId(earlier));
            let twice =
                |out| Segment { out, len: 1, source, start: 0, source_len: 2, fidelity: Fidelity::Within };
            trail.push(buffer(Step::Body, 2, vec![twice(0), twice(1)]));
        }
        assert_eq!(Chain::of(&at(trail, 0, 2)).links.len(), 61);
    }
}
