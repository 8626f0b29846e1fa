//! The way from bytes in a payload tree down to frames, as a trail.

use std::ops::Range;

use evidence::{Buffer, BufferId, Segment, Source, Span, Step, Trail};
use payload::{BufferIndex, Origin, Tree};
use wire::{Body, Message};

use super::ground::Ground;

/// The trail of `range` of one of the tree's buffers, and the range's span in it.
///
/// Only what plays a part is kept: of the message, all that the first step was given, as it is run again from that; of
/// what decoders made, the segments that the value came from. A text with an escape at each second byte has as many
/// segments as letters, and as many values.
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

/// The buffers from the root to `buffer`, each with what is needed of it: of the root what the first step was given, of
/// the others what the range came from.
fn chain(tree: &Tree<'_>, buffer: BufferIndex, range: &Range<usize>) -> Vec<(BufferIndex, Range<usize>)> {
    let mut chain = vec![(buffer, range.clone())];
    let mut at = buffer;
    let mut needed = range.clone();
    while let Some(origin) = origin(tree, at) {
        // Sources come first, so this ends.
        if origin.source >= at {
            break;
        }
        at = origin.source;
        needed = match self::origin(tree, at) {
            Some(_) => source_of(origin, &needed),
            None => origin.range.clone(),
        };
        chain.push((at, needed.clone()));
    }
    chain.reverse();
    chain
}

fn origin<'t>(tree: &'t Tree<'_>, buffer: BufferIndex) -> Option<&'t Origin> {
    tree.buffer(buffer)?.origin.as_ref()
}

/// From the first to the last byte of the source that a range came from; of a range that came from nothing, all that the
/// decoder was given.
fn source_of(origin: &Origin, range: &Range<usize>) -> Range<usize> {
    let wanted = range.start as u64..range.end as u64;
    let sources = segments(origin, range, BufferId(0)).filter_map(|segment| segment.source_of(&wanted));
    let all = sources.reduce(|all, next| all.start.min(next.start)..all.end.max(next.end));
    let all = all.and_then(|all| Some(usize::try_from(all.start).ok()?..usize::try_from(all.end).ok()?));
    all.unwrap_or_else(|| origin.range.clone())
}

/// The pieces of the decoder's output that meet a range.
fn segments(origin: &Origin, range: &Range<usize>, source: BufferId) -> impl Iterator<Item = Segment> {
    let (start, end) = (range.start, range.end);
    let first = origin.pieces.partition_point(|piece| piece.out + piece.len <= start);
    let pieces = origin.pieces.iter().skip(first).take_while(move |piece| piece.out < end);
    pieces.map(move |piece| Segment {
        out: piece.out as u64,
        len: piece.len as u64,
        source: Source::Buffer(source),
        start: piece.start as u64,
        source_len: piece.source_len as u64,
        fidelity: piece.fidelity,
    })
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
    Some(Buffer {
        step: Step::Decode(origin.decoder.to_owned()),
        len: buffer.bytes.len() as u64,
        input: Some(Span { buffer: source, start: origin.range.start as u64, end: origin.range.end as u64 }),
        key: None,
        segments: segments(origin, needed, source).collect(),
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
