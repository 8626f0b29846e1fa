//! Proofs run again: from the raw capture, step by step, to the bytes that were found.
//!
//! Nothing is taken over from the audit but the trail: which bytes of the capture, and which decoders.
//! Every step's output is made anew and its length compared; the value must read as the case says. A case
//! may have been written by anybody: what a replay costs is bounded, whatever the trail claims.

mod carried;
mod cipher;
mod claim;
mod field;
mod files;
mod recipe;
mod tools;

use std::{collections::BTreeMap, io, ops::Range};

use evidence::{Buffer, CaptureId, Fidelity, FrameNo, Occurrence, Segment, Source, Span, Step, Trail};
use handset::messages::gsm;

use crate::{examine::readable, unmasked};

pub use carried::{Carried, NotCarried};
pub use claim::claimed;
pub use files::{CaptureFiles, CaptureMissing};
pub use recipe::{Recipe, file_name, has_command, recipe, words};

/// Bytes of captures, by their place.
pub trait CaptureBytes {
    /// The (decompressed) bytes `range` of a capture. Fails where they cannot be read or are not there.
    fn read(&mut self, capture: CaptureId, range: &Range<u64>) -> io::Result<Vec<u8>>;
}

/// A range of bytes in a capture file, and the frame that is said to hold it.
pub type Place = (CaptureId, FrameNo, Range<u64>);

/// A proof that was run again.
#[derive(Clone, Debug)]
pub struct Replay {
    /// The output of each step, sources first: as many as the trail has buffers.
    pub outputs: Vec<Output>,
    /// The bytes the proof is about.
    pub value: Vec<u8>,
    /// The frames and file ranges they came from.
    pub frames: Vec<Place>,
}

/// What a step gave.
#[derive(Clone, Debug)]
pub struct Output {
    /// Where `bytes` begin in the buffer: of what was recorded, only what plays a part is read.
    pub start: u64,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// A proof that does not hold, or cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The trail contradicts itself: the case was damaged or made by hand.
    #[error("the trail contradicts itself at step {0}: the case was damaged or changed")]
    Trail(usize),
    /// The bytes show no form of the value that the finding names.
    #[error("“{found}” is no form of “{value}”, which the finding says was sent")]
    Claim {
        /// What they are.
        found: String,
        /// What the finding says.
        value: String,
    },
    /// The proof is about no bytes.
    #[error("the proof shows nothing: it leads to no bytes at all")]
    Empty,
    /// The trail asks for more memory than any audit does.
    #[error("the trail asks for more than {} MiB: no audit made it", LARGEST >> 20)]
    Large,
    /// The capture does not hold these bytes.
    #[error("the capture cannot be read at byte {offset}: {source}")]
    Capture {
        /// Where.
        offset: u64,
        /// Why.
        source: io::Error,
    },
    /// A decoder went on from more than the trail holds.
    #[error(
        "step {step} ({decoder}) goes on from more messages than a proof holds: it cannot be run again alone"
    )]
    GoesOn {
        /// The step's place in the trail, from 0.
        step: usize,
        /// Its name.
        decoder: String,
    },
    /// A decoder gave something else than it did in the audit.
    #[error("step {step} ({decoder}) gave {given} bytes, the case says {said}")]
    Step {
        /// The step's place in the trail, from 0.
        step: usize,
        /// Its name.
        decoder: String,
        /// Bytes it gave now.
        given: u64,
        /// Bytes it gave in the audit.
        said: u64,
    },
    /// The steps run, but to another value.
    #[error("the steps lead to “{found}”, the case says “{said}”")]
    Value {
        /// What they lead to.
        found: String,
        /// What the case says.
        said: String,
    },
}

/// Runs the proof of an occurrence again.
pub fn replay(occurrence: &Occurrence, captures: &mut dyn CaptureBytes) -> Result<Replay, ReplayError> {
    let trail = &occurrence.trail;
    trail.check().map_err(|_| ReplayError::Trail(0))?;
    if trail.buffers.len() > MOST_STEPS {
        return Err(ReplayError::Large);
    }
    let mut outputs: Vec<Output> = Vec::new();
    let mut room = LARGEST;
    for (step, buffer) in trail.buffers.iter().enumerate() {
        let output = match &buffer.step {
            Step::Decode(decoder) if wire::goes_on(decoder) => {
                return Err(ReplayError::GoesOn { step, decoder: decoder.clone() });
            }
            Step::Decode(decoder) => {
                let run = |input: &[u8], most| undone(decoder, input, most);
                undo((step, room, decoder), buffer, &outputs, run)?
            }
            Step::Decrypt(how) => {
                let secret = buffer.key.map(|key| slice(&outputs, key).ok_or(ReplayError::Trail(step)));
                let secret = secret.transpose()?.unwrap_or_default();
                let run = |input: &[u8], most| wire::keys::decrypt(how, secret, input, most);
                undo((step, room, how.cipher.name()), buffer, &outputs, run)?
            }
            Step::Unmask(how) => {
                let run = |input: &[u8], most: usize| {
                    unmasked::replay(how, input).filter(|output| output.len() <= most)
                };
                undo((step, room, "unmask"), buffer, &outputs, run)?
            }
            Step::Written(text) => {
                let whole = Step::separates(text.as_bytes()) && text.len() as u64 == buffer.len;
                let bytes = whole.then(|| text.clone().into_bytes());
                Output { start: 0, bytes: bytes.ok_or(ReplayError::Trail(step))? }
            }
            Step::Body | Step::Datagram | Step::Entry | Step::Reassembly => {
                join((step, room), buffer, &outputs, captures)?
            }
        };
        room = room.saturating_sub(output.bytes.len());
        outputs.push(output);
    }
    let span = occurrence.span;
    let last = outputs.get(span.buffer.0 as usize);
    let value = last.and_then(|output| output.slice(&(span.start..span.end)));
    let value = value.ok_or(ReplayError::Trail(outputs.len()))?.to_vec();
    if value.is_empty() {
        return Err(ReplayError::Empty);
    }
    let found = readable(&value);
    if found != occurrence.found {
        return Err(ReplayError::Value { found, said: occurrence.found.clone() });
    }
    Ok(Replay { outputs, value, frames: trail.trace(span) })
}

/// Everything of captures and key files that a trail is made from, with the frame, line or entry that is said
/// to hold it.
pub fn recorded(trail: &Trail) -> impl Iterator<Item = Place> {
    trail.buffers.iter().flat_map(places)
}

/// What of it is bytes of a file that holds no packets: values of entries, lines of secrets.
pub(crate) fn in_entries(trail: &Trail) -> impl Iterator<Item = Place> {
    trail.buffers.iter().filter(|buffer| buffer.step == Step::Entry).flat_map(places)
}

/// The rest of it.
pub(crate) fn in_frames(trail: &Trail) -> impl Iterator<Item = Place> {
    trail.buffers.iter().filter(|buffer| buffer.step != Step::Entry).flat_map(places)
}

fn places(buffer: &Buffer) -> impl Iterator<Item = Place> {
    buffer.segments.iter().filter_map(|segment| match segment.source {
        Source::Frame { capture, frame } => Some((capture, frame, source_range(segment))),
        Source::Buffer(_) => None,
    })
}

impl Output {
    /// Bytes of the buffer, where all of them are here.
    pub fn slice(&self, range: &Range<u64>) -> Option<&[u8]> {
        let start = usize::try_from(range.start.checked_sub(self.start)?).ok()?;
        let end = usize::try_from(range.end.checked_sub(self.start)?).ok()?;
        self.bytes.get(start..end)
    }
}

/// What the decoder of that name, of `wire`, `payload` or `handset`, makes of its input.
fn undone(decoder: &str, input: &[u8], most: usize) -> Option<Vec<u8>> {
    wire::replay(decoder, input, most)
        .or_else(|| payload::replay_up_to(decoder, input, most))
        .or_else(|| gsm::replay(decoder, input, most))
}

/// Undoes a step: `run` is given the input and the most bytes it may give.
fn undo(
    (step, room, name): (usize, usize, &str),
    buffer: &Buffer,
    outputs: &[Output],
    run: impl FnOnce(&[u8], usize) -> Option<Vec<u8>>,
) -> Result<Output, ReplayError> {
    let span = buffer.input.ok_or(ReplayError::Trail(step))?;
    // A trace follows the segments; they must not lead elsewhere than the step's input.
    let honest = |segment: &Segment| {
        let from = source_range(segment);
        segment.source == Source::Buffer(span.buffer) && span.start <= from.start && from.end <= span.end
    };
    let input = slice(outputs, span).filter(|_| buffer.segments.iter().all(honest));
    let input = input.ok_or(ReplayError::Trail(step))?;
    let most = usize::try_from(buffer.len).ok().filter(|most| *most <= room).ok_or(ReplayError::Large)?;
    let bytes = run(input, most).unwrap_or_default();
    if bytes.len() as u64 != buffer.len {
        let (given, said) = (bytes.len() as u64, buffer.len);
        return Err(ReplayError::Step { step, decoder: name.to_owned(), given, said });
    }
    Ok(Output { start: 0, bytes })
}

fn slice(outputs: &[Output], span: Span) -> Option<&[u8]> {
    outputs.get(span.buffer.0 as usize)?.slice(&(span.start..span.end))
}

/// Puts a buffer together from exact segments. Bytes between them that were lost read as zero.
fn join(
    (step, room): (usize, usize),
    buffer: &Buffer,
    outputs: &[Output],
    captures: &mut dyn CaptureBytes,
) -> Result<Output, ReplayError> {
    let start = buffer.segments.first().map_or(0, |segment| segment.out);
    let end = buffer.segments.last().map_or(0, Segment::out_end);
    let len = usize::try_from(end.saturating_sub(start)).ok().filter(|len| *len <= room);
    let mut output = Output { start, bytes: vec![0; len.ok_or(ReplayError::Large)?] };
    for segment in &buffer.segments {
        let exact = segment.fidelity == Fidelity::Exact && segment.source_len == segment.len;
        let at = usize::try_from(segment.out - start).ok().filter(|_| exact);
        let len = usize::try_from(segment.len).unwrap_or(usize::MAX);
        let place = at.and_then(|at| output.bytes.get_mut(at..at.checked_add(len)?));
        let place = place.ok_or(ReplayError::Trail(step))?;
        let from = source_range(segment);
        match segment.source {
            Source::Frame { capture, .. } => {
                let fail = |source| ReplayError::Capture { offset: from.start, source };
                let bytes = captures.read(capture, &from).map_err(fail)?;
                let bytes =
                    bytes.get(..place.len()).ok_or_else(|| fail(io::ErrorKind::UnexpectedEof.into()))?;
                place.copy_from_slice(bytes);
            }
            Source::Buffer(id) => {
                let bytes = outputs.get(id.0 as usize).and_then(|source| source.slice(&from));
                place.copy_from_slice(bytes.ok_or(ReplayError::Trail(step))?);
            }
        }
    }
    Ok(output)
}

fn source_range(segment: &Segment) -> Range<u64> {
    segment.start..segment.start.saturating_add(segment.source_len)
}

/// Captures held in memory, by their number.
impl CaptureBytes for BTreeMap<CaptureId, Vec<u8>> {
    fn read(&mut self, capture: CaptureId, range: &Range<u64>) -> io::Result<Vec<u8>> {
        let slice = || {
            let start = usize::try_from(range.start).ok()?;
            let end = usize::try_from(range.end).ok()?;
            self.get(&capture)?.get(start..end)
        };
        slice().map(<[u8]>::to_vec).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }
}

/// The most bytes that the steps of a proof may come to together: the audit cuts messages long before.
pub(crate) const LARGEST: usize = 1 << 28;
/// The most steps: decoders go a dozen deep, and below them lie the records of the message, which may be small.
const MOST_STEPS: usize = 1 << 12;
