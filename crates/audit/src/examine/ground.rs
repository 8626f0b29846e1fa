//! What lies under a message: the derivations it was made from become buffers of its trail, the one next to the
//! capture first.
//!
//! A derivation becomes its secret, if there is one, what it was given, and what it made. One that several
//! segments share becomes buffers once.

use std::sync::Arc;

use evidence::{Buffer, BufferId, Segment, Source, Span, Step, Trail};
use wire::{Derivation, Extract};

/// Lays the ground of a trail.
pub(super) struct Ground<'t> {
    trail: &'t mut Trail,
    /// Derivations that have their buffers, mostly one or two.
    laid: Vec<(*const Derivation, BufferId)>,
}

impl<'t> Ground<'t> {
    pub(super) fn new(trail: &'t mut Trail) -> Self {
        Self { trail, laid: Vec::new() }
    }

    /// Segments whose sources are frames and buffers of the trail: those that point into `derived` get theirs.
    pub(super) fn found(&mut self, mut segments: Vec<Segment>, derived: &[Arc<Derivation>]) -> Vec<Segment> {
        segments.retain_mut(|segment| {
            let Source::Buffer(id) = segment.source else { return true };
            let derivation = usize::try_from(id.0).ok().and_then(|place| derived.get(place));
            let laid = derivation.map(|derivation| self.lay(derivation));
            laid.map(|id| segment.source = Source::Buffer(id)).is_some()
        });
        segments
    }

    /// The buffer that holds what a derivation made.
    fn lay(&mut self, derivation: &Arc<Derivation>) -> BufferId {
        let known = self.laid.iter().find(|(known, _)| std::ptr::eq(*known, Arc::as_ptr(derivation)));
        if let Some((_, id)) = known {
            return *id;
        }
        let id = if derivation.step.joins() {
            self.extract(&derivation.input)
        } else {
            let key = derivation.key.as_ref().map(|key| {
                let id = self.lay(key);
                Span { buffer: id, start: 0, end: key.len }
            });
            let given = self.extract(&derivation.input);
            self.trail.push(made(derivation, given, key))
        };
        self.laid.push((Arc::as_ptr(derivation), id));
        id
    }

    /// A buffer that holds what a derivation was given.
    fn extract(&mut self, extract: &Extract) -> BufferId {
        let segments = self.found(extract.segments.clone(), &extract.derived);
        let step = extract.step.clone().unwrap_or(Step::Body);
        self.trail.push(Buffer { step, len: extract.len, input: None, key: None, segments })
    }
}

fn made(derivation: &Derivation, given: BufferId, key: Option<Span>) -> Buffer {
    let input = Span { buffer: given, start: 0, end: derivation.input.len };
    Buffer {
        step: derivation.step.clone(),
        len: derivation.len,
        input: Some(input),
        key,
        segments: derivation.segments(Source::Buffer(given)).collect(),
    }
}
