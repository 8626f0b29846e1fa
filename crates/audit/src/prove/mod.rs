//! Proofs run again: from the raw capture, step by step, to the bytes that were found.
//!
//! Nothing is taken over from the audit but the trail: which bytes of the capture, and which decoders.
//! Every step's output is made anew and its length compared; the value must read as the case says.

mod files;
mod recipe;

use std::{collections::BTreeMap, io, ops::Range};

use evidence::{Buffer, CaptureId, FrameNo, Occurrence, Segment, Source, Step};

use crate::examine::readable;

pub use files::{CaptureFiles, CaptureMissing};
pub use recipe::{has_command, recipe, words};

/// Bytes of captures, by their place.
pub trait CaptureBytes {
    /// The (decompressed) bytes `range` of a capture. Fails where they cannot be read or are not there.
    fn read(&mut self, capture: CaptureId, range: &Range<u64>) -> io::Result<Vec<u8>>;
}

/// A proof that was run again.
#[derive(Clone, Debug)]
pub struct Replay {
    /// The output of each step, sources first: as many as the trail has buffers.
    pub outputs: Vec<Output>,
    /// The bytes the proof is about.
    pub value: Vec<u8>,
    /// The frames and file ranges they came from.
    pub frames: Vec<(CaptureId, FrameNo, Range<u64>)>,
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
    #[error("the trail contradicts itself at step {0}")]
    Trail(usize),
    /// The capture does not hold these bytes.
    #[error("the capture cannot be read at byte {offset}: {source}")]
    Capture {
        /// Where.
        offset: u64,
        /// Why.
        source: io::Error,
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
    let mut outputs: Vec<Output> = Vec::new();
    for (step, buffer) in trail.buffers.iter().enumerate() {
        let output = match &buffer.step {
            Step::Decode(decoder) => decode(step, buffer, decoder, &outputs)?,
            Step::Datagram | Step::Reassembly | Step::Body => join(step, buffer, &outputs, captures)?,
        };
        outputs.push(output);
    }
    let span = occurrence.span;
    let last = outputs.get(span.buffer.0 as usize);
    let value = last.and_then(|output| output.slice(&(span.start..span.end)));
    let value = value.ok_or(ReplayError::Trail(outputs.len()))?.to_vec();
    let found = readable(&value);
    if found != occurrence.found {
        return Err(ReplayError::Value { found, said: occurrence.found.clone() });
    }
    Ok(Replay { outputs, value, frames: trail.trace(span) })
}

impl Output {
    /// Bytes of the buffer, where all of them are here.
    pub fn slice(&self, range: &Range<u64>) -> Option<&[u8]> {
        let start = usize::try_from(range.start.checked_sub(self.start)?).ok()?;
        let end = usize::try_from(range.end.checked_sub(self.start)?).ok()?;
        self.bytes.get(start..end)
    }
}

fn decode(step: usize, buffer: &Buffer, decoder: &str, outputs: &[Output]) -> Result<Output, ReplayError> {
    let input = buffer.input.ok_or(ReplayError::Trail(step))?;
    let source = outputs.get(input.buffer.0 as usize).ok_or(ReplayError::Trail(step))?;
    let input = source.slice(&(input.start..input.end)).ok_or(ReplayError::Trail(step))?;
    let most = usize::try_from(buffer.len).unwrap_or(LARGEST).min(LARGEST);
    let bytes = payload::replay_up_to(decoder, input, most).unwrap_or_default();
    if bytes.len() as u64 != buffer.len {
        let (given, said) = (bytes.len() as u64, buffer.len);
        return Err(ReplayError::Step { step, decoder: decoder.to_owned(), given, said });
    }
    Ok(Output { start: 0, bytes })
}

/// Puts a buffer together from exact segments. Bytes between them that were lost read as zero.
fn join(
    step: usize,
    buffer: &Buffer,
    outputs: &[Output],
    captures: &mut dyn CaptureBytes,
) -> Result<Output, ReplayError> {
    let start = buffer.segments.first().map_or(0, |segment| segment.out);
    let end = buffer.segments.last().map_or(0, Segment::out_end);
    let len = usize::try_from(end - start).ok().filter(|len| *len <= LARGEST);
    let mut output = Output { start, bytes: vec![0; len.ok_or(ReplayError::Trail(step))?] };
    for segment in &buffer.segments {
        let from = segment.start..segment.start.saturating_add(segment.len);
        let bytes = match segment.source {
            Source::Frame { capture, .. } => captures
                .read(capture, &from)
                .map_err(|source| ReplayError::Capture { offset: from.start, source })?,
            Source::Buffer(id) => outputs
                .get(id.0 as usize)
                .and_then(|source| source.slice(&from))
                .ok_or(ReplayError::Trail(step))?
                .to_vec(),
        };
        let at = usize::try_from(segment.out - start).map_err(|_| ReplayError::Trail(step))?;
        let place = output.bytes.get_mut(at..at + bytes.len()).ok_or(ReplayError::Trail(step))?;
        place.copy_from_slice(&bytes);
    }
    Ok(output)
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

/// The largest message that is put together again: larger ones were cut by the audit.
const LARGEST: usize = 1 << 28;
