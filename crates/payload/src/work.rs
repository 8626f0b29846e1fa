//! One exploration under way: the tree as far as it has grown, what is still to be looked at, and the two
//! ways to make it grow: a decoder makes a buffer, or names fields in one.

use std::{
    borrow::Cow,
    collections::{BTreeSet, VecDeque},
    ops::Range,
};

use crate::{
    Buffer, BufferIndex, Field, FieldIndex, FieldKind, Limit, Limits, Name, Origin, Piece, Reading, Root,
    Tree,
    label::Label,
    limits::Budget,
    output::{Done, Output},
    registry::{self, Run},
    tree::{Outcome, Run as FieldRun},
    values::{self, Values},
    walk::{Fields, Place, Walked},
};

/// A stretch of bytes that is to be looked at.
#[derive(Clone, Debug)]
pub(crate) struct Task {
    pub(crate) buffer: BufferIndex,
    pub(crate) range: Range<usize>,
    /// The field whose value it is.
    pub(crate) field: Option<FieldIndex>,
    /// Structures around it in the same buffer.
    pub(crate) level: u8,
    pub(crate) kind: TaskKind,
}

/// Why a stretch is looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) enum TaskKind {
    /// The format around it says which decoder made it.
    Asked(&'static str),
    /// A body, a message in a frame, a whole decoded buffer: bytes of their own.
    Body(Label),
    /// A value inside a format, named by this decoder.
    Leaf(&'static str),
    /// A part of a message's head.
    Part(FieldKind),
}

/// The exploration.
pub(crate) struct Work<'w, 'a> {
    pub(crate) tree: Tree<'a>,
    pub(crate) budget: Budget,
    pub(crate) out: &'w mut Output,
    queue: &'w mut VecDeque<Task>,
    pool: &'w mut Vec<Vec<u8>>,
    /// Every buffer that a decoder made, behind its source and the place in it where it begins.
    made: BTreeSet<(BufferIndex, usize, BufferIndex)>,
}

impl<'w, 'a> Work<'w, 'a> {
    pub(crate) fn new(
        limits: Limits,
        queue: &'w mut VecDeque<Task>,
        out: &'w mut Output,
        pool: &'w mut Vec<Vec<u8>>,
    ) -> Self {
        Self { tree: Tree::default(), budget: Budget::new(limits), out, queue, pool, made: BTreeSet::new() }
    }

    /// Makes the roots the first buffers and fields, and queues what is in them.
    pub(crate) fn plant(&mut self, roots: Vec<Root<'a>>) {
        for (buffer, root) in (0..).zip(roots) {
            let first = self.next_field();
            let len = root.bytes.len();
            for part in root.fields {
                let range = part.value.start.min(len)..part.value.end.min(len).max(part.value.start.min(len));
                let kind = match part.kind {
                    FieldKind::Body | FieldKind::Raw => TaskKind::Body(Label::of(&part.hint)),
                    other => TaskKind::Part(other),
                };
                let field = Some(self.next_field());
                self.queue.push_back(Task { buffer, range: range.clone(), field, level: 0, kind });
                self.tree.fields.push(Field {
                    buffer,
                    name: part.name,
                    value: range,
                    parent: None,
                    decoder: "",
                });
            }
            self.tree.runs.push(FieldRun {
                buffer,
                parent: None,
                first,
                end: self.next_field(),
                nested: false,
            });
            self.tree.buffers.push(Buffer { bytes: root.bytes, origin: None, depth: 0, complete: true });
        }
    }

    /// How many stretches are still to be looked at.
    pub(crate) fn waiting(&self) -> usize {
        self.queue.len()
    }

    pub(crate) fn next(&mut self) -> Option<Task> {
        self.queue.pop_front()
    }

    /// The tree, its indices in order.
    pub(crate) fn finish(self) -> Tree<'a> {
        let mut tree = self.tree;
        tree.limits = self.budget.reached();
        tree.runs.sort_by_key(|run| (run.buffer, run.parent, run.first));
        tree.readings.sort_by_key(|reading| (reading.field, reading.buffer));
        tree
    }

    /// The bytes of a task.
    pub(crate) fn bytes(&self, task: &Task) -> &[u8] {
        slice(&self.tree, task.buffer, &task.range)
    }

    /// Notes that a decoder read a task's bytes.
    pub(crate) fn recognise(&mut self, task: &Task, decoder: &'static str) {
        self.read(task, decoder, Outcome::Read);
    }

    /// Notes that a task's bytes begin as a format does that nothing here reads further.
    pub(crate) fn name(&mut self, task: &Task, format: &'static str) {
        self.read(task, format, Outcome::Named);
    }

    /// Notes that the decoder which the label names could not read a task's bytes.
    pub(crate) fn refute(&mut self, task: &Task, decoder: &'static str) {
        self.read(task, decoder, Outcome::Refuted);
    }

    fn read(&mut self, task: &Task, decoder: &'static str, outcome: Outcome) {
        let (buffer, range, field) = (task.buffer, task.range.clone(), task.field);
        if is_read(task) {
            self.tree.readings.push(Reading { buffer, range, field, decoder, outcome });
        }
    }

    /// Runs a decoder that makes a buffer, and keeps what `keep` likes.
    ///
    /// What is behind the new buffer is queued with `label`. Whether it was kept.
    pub(crate) fn transform(
        &mut self,
        decoder: &'static str,
        task: &Task,
        label: Label,
        keep: impl FnOnce(&[u8], Done) -> bool,
    ) -> bool {
        let depth = self.depth(task.buffer).saturating_add(1);
        let len = task.range.len();
        if let Some(limit) = self.forbidden(depth) {
            self.budget.reach(limit, len);
            return false;
        }
        let Some(done) = self.run(decoder, task, self.budget.bytes()) else {
            return false;
        };
        if !keep(&self.out.bytes, done) {
            return false;
        }
        if self.is_known(task) {
            return true;
        }
        if let Some(limit) = self.out.limit {
            self.budget.reach(limit, len.saturating_sub(done.consumed));
        }
        self.keep(decoder, task, done, depth);
        let range = 0..self.tree.buffers.last().map_or(0, |buffer| buffer.bytes.len());
        let buffer = self.next_buffer().saturating_sub(1);
        self.queue.push_back(Task {
            buffer,
            range,
            field: task.field,
            level: 0,
            kind: TaskKind::Body(label),
        });
        true
    }

    /// Whether the bytes on the workbench were made from the same place before, by whatever decoder.
    fn is_known(&self, task: &Task) -> bool {
        let place = |buffer| (task.buffer, task.range.start, buffer);
        let made = self.made.range(place(0)..=place(BufferIndex::MAX));
        made.filter_map(|(.., buffer)| self.tree.buffer(*buffer)).any(|known| known.bytes == self.out.bytes)
    }

    /// Runs a decoder that makes a buffer, and leaves its output on the workbench.
    pub(crate) fn run(&mut self, decoder: &str, task: &Task, max: usize) -> Option<Done> {
        let Run::Buffer(run) = registry::decoder(decoder)?.run else {
            return None;
        };
        self.out.clear();
        self.out.max = max;
        run(self.out, slice(&self.tree, task.buffer, &task.range))
    }

    /// The fields from `first` on.
    pub(crate) fn fields_from(&self, first: FieldIndex) -> &[Field] {
        let fields = usize::try_from(first).ok().and_then(|first| self.tree.fields.get(first..));
        fields.unwrap_or_default()
    }

    /// The decoder that made the buffer at hand; empty for a root.
    pub(crate) fn made_by(&self, task: &Task) -> &'static str {
        let origin = self.tree.buffer(task.buffer).and_then(|buffer| buffer.origin.as_ref());
        origin.map_or("", |origin| origin.decoder)
    }

    fn depth(&self, buffer: BufferIndex) -> u8 {
        self.tree.buffer(buffer).map_or(0, |buffer| buffer.depth)
    }

    fn forbidden(&self, depth: u8) -> Option<Limit> {
        if depth > self.budget.limits.depth {
            Some(Limit::Depth)
        } else if self.budget.bytes() == 0 {
            Some(Limit::Bytes)
        } else if self.budget.count() == 0 {
            Some(Limit::Count)
        } else {
            None
        }
    }

    /// Makes what is on the workbench a buffer of the tree.
    fn keep(&mut self, decoder: &'static str, task: &Task, done: Done, depth: u8) {
        let start = task.range.start;
        for piece in &mut self.out.pieces {
            piece.start = piece.start.saturating_add(start);
        }
        let pieces = self.take_pieces();
        let bytes = self.take_output();
        self.budget.spend_buffer(bytes.len());
        let end = start.saturating_add(done.consumed).min(task.range.end);
        self.made.insert((task.buffer, start, self.next_buffer()));
        let origin = Origin { decoder, source: task.buffer, range: start..end, field: task.field, pieces };
        self.tree.buffers.push(Buffer {
            bytes: Cow::Owned(bytes),
            origin: Some(origin),
            depth,
            complete: done.complete,
        });
    }

    /// The output's bytes: copied where they would bind much more memory than they need.
    fn take_output(&mut self) -> Vec<u8> {
        let bytes = &mut self.out.bytes;
        if bytes.len() < SMALL || bytes.len() < bytes.capacity() / 4 {
            return bytes.as_slice().to_vec();
        }
        std::mem::replace(bytes, self.pool.pop().unwrap_or_default())
    }

    fn take_pieces(&mut self) -> Vec<Piece> {
        let pieces = &mut self.out.pieces;
        if pieces.len() < SMALL_PIECES { pieces.clone() } else { std::mem::take(pieces) }
    }

    /// Runs a decoder that names fields, and queues their values.
    pub(crate) fn structure(&mut self, decoder: &'static str, task: &Task) -> Option<Walked> {
        let Run::Fields(walker) = registry::decoder(decoder)?.run else {
            return None;
        };
        self.structure_with(decoder, walker, task)
    }

    /// As [`Work::structure`], with another function under the decoder's name.
    pub(crate) fn structure_with(
        &mut self,
        decoder: &'static str,
        walker: registry::Walker,
        task: &Task,
    ) -> Option<Walked> {
        if task.level >= MOST_LEVELS {
            self.budget.reach(Limit::Depth, task.range.len());
            return None;
        }
        let first = self.next_field();
        let place = Place { buffer: task.buffer, base: task.range.start, parent: task.field, decoder };
        let input = slice_of(&self.tree.buffers, task.buffer, &task.range);
        let (room, nesting) = (self.budget.count(), self.budget.limits.nesting);
        let mut fields = Fields::new(&mut self.tree.fields, place, room, nesting);
        let walked = walker(&mut fields, input);
        let (limit, asked) = (fields.limit(), fields.asked());
        if let (Some(limit), None) = (limit, walked) {
            self.budget.reach(limit, task.range.len());
        }
        let Some(walked) = walked else {
            self.tree.fields.truncate(usize::try_from(first).unwrap_or(usize::MAX));
            return None;
        };
        if let Some(limit) = limit {
            self.budget.reach(limit, task.range.len().saturating_sub(walked.consumed));
        }
        let end = self.next_field();
        self.budget.spend_count(usize::try_from(end - first).unwrap_or(usize::MAX));
        let nested = decoder != "bplist";
        self.tree.runs.push(FieldRun { buffer: task.buffer, parent: task.field, first, end, nested });
        self.queue_values(decoder, task, first..end, &asked);
        Some(walked)
    }

    /// Queues the values of new fields that some decoder may read.
    fn queue_values(
        &mut self,
        decoder: &'static str,
        task: &Task,
        new: Range<FieldIndex>,
        asked: &[(FieldIndex, &'static str)],
    ) {
        let level = task.level.saturating_add(1);
        let values = Values::of(decoder);
        let marked_up = matches!(decoder, "xml" | "plist");
        let mut asked = asked.iter().peekable();
        let first = usize::try_from(new.start).unwrap_or(usize::MAX);
        let fields = self.tree.fields.get(first..).unwrap_or_default();
        let next_ones = fields.iter().skip(1).map(Some).chain([None]);
        for ((index, field), next) in new.zip(fields).zip(next_ones) {
            if next.is_some_and(|next| next.parent == Some(index)) || marked_up && is_empty_element(field) {
                continue;
            }
            let kind = match asked.next_if(|(field, _)| *field == index) {
                Some((_, asked)) => TaskKind::Asked(asked),
                None => {
                    let bytes = slice_of(&self.tree.buffers, field.buffer, &field.value);
                    match values::value_kind(values, bytes) {
                        Some(kind) => kind,
                        None => continue,
                    }
                }
            };
            let range = field.value.clone();
            self.queue.push_back(Task { buffer: field.buffer, range, field: Some(index), level, kind });
        }
    }

    pub(crate) fn next_field(&self) -> FieldIndex {
        FieldIndex::try_from(self.tree.fields.len()).unwrap_or(FieldIndex::MAX)
    }

    fn next_buffer(&self) -> BufferIndex {
        BufferIndex::try_from(self.tree.buffers.len()).unwrap_or(BufferIndex::MAX)
    }
}

/// Whether a leaf is an element without contents. Its value is its own markup: nothing is in it.
fn is_empty_element(field: &Field) -> bool {
    match &field.name {
        Name::Range(name) => field.value.start <= name.start && name.end <= field.value.end,
        _ => false,
    }
}

/// Readings are kept for bodies and decoded buffers, not for every value.
fn is_read(task: &Task) -> bool {
    matches!(task.kind, TaskKind::Body(_)) && task.level == 0
}

pub(crate) fn slice<'t>(tree: &'t Tree<'_>, buffer: BufferIndex, range: &Range<usize>) -> &'t [u8] {
    slice_of(&tree.buffers, buffer, range)
}

pub(crate) fn slice_of<'t>(buffers: &'t [Buffer<'_>], buffer: BufferIndex, range: &Range<usize>) -> &'t [u8] {
    let found = usize::try_from(buffer).ok().and_then(|buffer| buffers.get(buffer));
    found.and_then(|buffer| buffer.bytes.get(range.clone())).unwrap_or_default()
}

/// Outputs below this are copied, so that the workbench keeps its memory.
const SMALL: usize = 32 << 10;
const SMALL_PIECES: usize = 1024;
/// Structures inside one another in one buffer: a form in a part in a part … of a hostile body.
const MOST_LEVELS: u8 = 24;
