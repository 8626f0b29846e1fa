//! The way from bytes in a payload tree down to frames, as a trail.

use std::ops::Range;

use evidence::{Buffer, BufferId, Segment, Source, Span, Step, Trail};
use payload::{BufferIndex, Tree};
use wire::{Body, Message};

use super::ground::Ground;

/// The trail of `range` of one of the tree's buffers, and the range's span in it.
///
/// Only what plays a part is kept: of each buffer, the segments of what the next step was given.
pub(crate) fn trail(
    message: &Message,
    tree: &Tree<'_>,
    buffer: BufferIndex,
    range: &Range<usize>,
) -> (Trail, Span) {
    let chain = chain(tree, buffer, range);
    let mut trail = Trail::default();
    let Some(&(root, ref needed)) = chain.first() else {
        return (trail, Span { buffer: BufferId(0), start: 0, end: 0 });
    };
    let mut last = push_root(&mut trail, message, root, needed);
    for (index, needed) in chain.iter().skip(1) {
        if let Some(buffer) = decoded(tree, *index, last, needed) {
            last = trail.push(buffer);
        }
    }
    (trail, Span { buffer: last, start: range.start as u64, end: range.end as u64 })
}

/// Goes on from a buffer of a trail that holds the tree's root: through the decoders to one of the tree's buffers. Gives
/// that buffer's place in the trail.
pub(crate) fn go_on(
    trail: &mut Trail,
    base: BufferId,
    tree: &Tree<'_>,
    buffer: BufferIndex,
    range: &Range<usize>,
) -> BufferId {
    let mut last = base;
    for (index, needed) in chain(tree, buffer, range).iter().skip(1) {
        if let Some(buffer) = decoded(tree, *index, last, needed) {
            last = trail.push(buffer);
        }
    }
    last
}

/// The trail of a range of a message as recorded.
pub(crate) fn recorded(message: &Message, range: &Range<usize>) -> (Trail, Span) {
    let mut trail = Trail::default();
    let buffer = push_root(&mut trail, message, 0, range);
    (trail, Span { buffer, start: range.start as u64, end: range.end as u64 })
}

/// The buffers from the root to `buffer`, each with the range of it that the next one was made from.
fn chain(tree: &Tree<'_>, buffer: BufferIndex, range: &Range<usize>) -> Vec<(BufferIndex, Range<usize>)> {
    let mut chain = vec![(buffer, range.clone())];
    let mut at = buffer;
    while let Some(origin) = tree.buffer(at).and_then(|buffer| buffer.origin.as_ref()) {
        // Sources come first, so this ends.
        if origin.source >= at {
            break;
        }
        at = origin.source;
        chain.push((at, origin.range.clone()));
    }
    chain.reverse();
    chain
}

/// Adds the message as recorded and, for the second root, the body with its framing removed.
fn push_root(trail: &mut Trail, message: &Message, root: BufferIndex, needed: &Range<usize>) -> BufferId {
    let needed = needed.start as u64..needed.end as u64;
    let recorded = &message.recorded;
    let joined = match &message.body {
        Body::Joined { bytes, segments } if root > 0 => Some((bytes, clip(segments, &needed))),
        _ => None,
    };
    let from = match &joined {
        None => needed,
        Some((_, segments)) => reach(segments),
    };
    let mut ground = Ground::new(trail);
    let segments = ground.found(clip(&recorded.segments, &from), &recorded.derived);
    let segments = with_written(trail, &recorded.bytes, segments, &from);
    let first = trail.push(Buffer {
        step: message.step.clone(),
        len: recorded.bytes.len() as u64,
        input: None,
        key: None,
        segments,
    });
    let Some((bytes, mut segments)) = joined else { return first };
    segments.iter_mut().for_each(|segment| segment.source = Source::Buffer(first));
    trail.push(Buffer { step: Step::Body, len: bytes.len() as u64, input: None, key: None, segments })
}

/// The segments, and between them those of the separators that were written where nothing was recorded. What was
/// lost reads as zero in `bytes` and stays a gap.
fn with_written(
    trail: &mut Trail,
    bytes: &[u8],
    segments: Vec<Segment>,
    needed: &Range<u64>,
) -> Vec<Segment> {
    let mut laid: Vec<(&[u8], BufferId)> = Vec::new();
    let mut all = Vec::with_capacity(segments.len());
    let mut at = needed.start;
    let end = Segment::exact(needed.end, 0, Source::Buffer(BufferId(0)), 0);
    for segment in segments.into_iter().chain([end]) {
        let between = usize::try_from(at).ok().zip(usize::try_from(segment.out).ok());
        let text = between.and_then(|(from, to)| bytes.get(from..to)).unwrap_or_default();
        if Step::separates(text) {
            let known = laid.iter().find(|(known, _)| *known == text).map(|(_, id)| *id);
            let id = known.unwrap_or_else(|| trail.push(written(text)));
            laid.extend(known.is_none().then_some((text, id)));
            all.push(Segment::exact(at, text.len() as u64, Source::Buffer(id), 0));
        }
        at = segment.out_end();
        all.extend((segment.len > 0).then_some(segment));
    }
    all
}

fn written(text: &[u8]) -> Buffer {
    let step = Step::Written(String::from_utf8_lossy(text).into_owned());
    Buffer { step, len: text.len() as u64, input: None, key: None, segments: Vec::new() }
}

fn decoded(tree: &Tree<'_>, index: BufferIndex, source: BufferId, needed: &Range<usize>) -> Option<Buffer> {
    let buffer = tree.buffer(index)?;
    let origin = buffer.origin.as_ref()?;
    let first = origin.pieces.partition_point(|piece| piece.out + piece.len <= needed.start);
    let pieces = origin.pieces.iter().skip(first).take_while(|piece| piece.out < needed.end);
    let segments = pieces.map(|piece| Segment {
        out: piece.out as u64,
        len: piece.len as u64,
        source: Source::Buffer(source),
        start: piece.start as u64,
        source_len: piece.source_len as u64,
        fidelity: piece.fidelity,
    });
    Some(Buffer {
        step: Step::Decode(origin.decoder.to_owned()),
        len: buffer.bytes.len() as u64,
        input: Some(Span { buffer: source, start: origin.range.start as u64, end: origin.range.end as u64 }),
        key: None,
        segments: segments.collect(),
    })
}

/// The segments that meet `needed`, cut to it.
fn clip(segments: &[Segment], needed: &Range<u64>) -> Vec<Segment> {
    let first = segments.partition_point(|segment| segment.out_end() <= needed.start);
    let meeting = segments.iter().skip(first).take_while(|segment| segment.out < needed.end);
    meeting
        .map(|segment| {
            let start = segment.out.max(needed.start);
            let end = segment.out_end().min(needed.end);
            Segment::exact(start, end - start, segment.source, segment.start + (start - segment.out))
        })
        .collect()
}

/// From the first to the last source byte of segments.
fn reach(segments: &[Segment]) -> Range<u64> {
    let start = segments.iter().map(|segment| segment.start).min().unwrap_or(0);
    let end = segments.iter().map(|segment| segment.start.saturating_add(segment.source_len)).max();
    start..end.unwrap_or(start)
}
