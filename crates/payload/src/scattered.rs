//! What stands beside the values of a structure, and what is scattered in bytes that have none: base64, JSON and
//! gzip in text, scripts and binary messages. Values that have a name are left to their own reading, so that
//! nothing is decoded twice.

use crate::{
    Field, FieldIndex, Name,
    label::Label,
    output::Done,
    plausible::{self, Runs},
    sniff::{self, PERCENT},
    work::{Task, TaskKind, Work, slice_of},
};

impl Work<'_, '_> {
    /// Text without a structure, of which only the escapes are known.
    pub(crate) fn plain(&mut self, task: &Task) {
        let found = sniff::classes(self.bytes(task));
        if !self.unescape(task, "percent", found & PERCENT) {
            self.embedded(task, 0);
        }
    }

    /// Looks at what stands before the first and behind the last of the fields from `first` on.
    pub(crate) fn around(&mut self, task: &Task, first: FieldIndex, look: impl Fn(&mut Self, &Task)) {
        let fields = self.fields_from(first);
        let start = fields.iter().map(begin).min().unwrap_or(task.range.end);
        let end = fields.iter().map(|field| field.value.end).max().unwrap_or(task.range.end);
        for range in [task.range.start..start, end..task.range.end] {
            if !range.is_empty() {
                look(self, &Task { range, kind: TaskKind::Leaf(""), ..task.clone() });
            }
        }
    }

    /// Looks at what stands beside the values of the fields from `first` on, names included. Whoever looks at
    /// all of the text would read the values a second time.
    pub(crate) fn beside(&mut self, task: &Task, first: FieldIndex, look: impl Fn(&mut Self, &Task)) {
        let mut at = task.range.start;
        let mut stretches = Vec::new();
        for field in self.fields_from(first) {
            let stretch = at..field.value.start;
            stretches.extend((stretch.len() >= SHORTEST_BESIDE).then_some(stretch));
            at = at.max(field.value.end);
        }
        stretches.push(at..task.range.end);
        for range in stretches {
            look(self, &Task { range, kind: TaskKind::Leaf(""), ..task.clone() });
        }
    }

    /// Base64 in other text or bytes, from `known` on.
    pub(crate) fn embedded(&mut self, task: &Task, known: usize) {
        let mut from = task.range.start.saturating_add(known);
        let mut left = MOST_EMBEDDED;
        while left > 0 {
            let text = slice_of(&self.tree.buffers, task.buffer, &(from..task.range.end));
            let mut runs = Runs::new(text);
            let found = runs.find_map(|run| {
                let end = run.end;
                plausible::encoded_part(text, run).map(|part| (part, end))
            });
            let Some((part, end)) = found else { return };
            let range = from + part.start..from + part.end;
            let part = Task { range, kind: TaskKind::Leaf(""), ..task.clone() };
            self.transform("base64", &part, Label::default(), |_, _| true);
            from += end;
            left -= 1;
        }
    }

    /// JSON, and beside it base64, somewhere in other text or bytes.
    pub(crate) fn scattered(&mut self, task: &Task) {
        let first = self.next_field();
        self.embedded_json(task);
        self.beside(task, first, |work, task| work.embedded(task, 0));
    }

    /// JSON objects in other text or bytes: in scripts, behind the headers of a push protocol.
    fn embedded_json(&mut self, task: &Task) {
        let mut from = task.range.start;
        for _ in 0..MOST_EMBEDDED_JSON {
            let rest = slice_of(&self.tree.buffers, task.buffer, &(from..task.range.end));
            let Some(at) = memchr::memmem::find(rest, b"{\"") else {
                return;
            };
            let part = Task { range: from + at..task.range.end, ..task.clone() };
            let walked = self.structure("json", &part);
            from += at + walked.map_or(2, |walked| walked.consumed.max(2));
        }
    }

    /// Gzip and zlib somewhere in other bytes. What begins like zlib must end like it.
    pub(crate) fn embedded_compressed(&mut self, task: &Task) {
        self.embedded_by("gzip", task, b"\x1f\x8b\x08", |bytes, done| {
            done.complete || plausible::no_accident(bytes)
        });
        for level in [b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda"] {
            self.embedded_by("zlib", task, level, |_, done| done.complete);
        }
    }

    fn embedded_by(
        &mut self,
        decoder: &'static str,
        task: &Task,
        mark: &[u8],
        keep: impl Fn(&[u8], Done) -> bool,
    ) {
        let mut from = task.range.start.saturating_add(1);
        for _ in 0..MOST_EMBEDDED_COMPRESSED {
            let rest = slice_of(&self.tree.buffers, task.buffer, &(from..task.range.end));
            let Some(at) = memchr::memmem::find(rest, mark) else {
                return;
            };
            let part = Task { range: from + at..task.range.end, kind: TaskKind::Leaf(""), ..task.clone() };
            self.transform(decoder, &part, Label::default(), &keep);
            from += at + mark.len();
        }
    }
}

/// Where a field begins, its name included.
fn begin(field: &Field) -> usize {
    match &field.name {
        Name::Range(name) => name.start.min(field.value.start),
        _ => field.value.start,
    }
}

/// Pieces of base64 looked for in one stretch of other text.
const MOST_EMBEDDED: usize = 4096;
const MOST_EMBEDDED_JSON: usize = 64;
const MOST_EMBEDDED_COMPRESSED: usize = 16;
/// Shorter stretches beside fields are not looked at.
const SHORTEST_BESIDE: usize = 12;
