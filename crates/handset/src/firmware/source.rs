//! Bytes that can be read at any place: an image is gigabytes, and only some of it is wanted.

use std::sync::Arc;

use crate::le;

/// Bytes from outside with random access. Who opens files implements it; nothing here does.
pub trait ReadAt: Send + Sync {
    /// How many bytes there are.
    fn len(&self) -> u64;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Fills `into` from `at` on. `None` where the source ends before, or cannot be read there.
    fn read_at(&self, at: u64, into: &mut [u8]) -> Option<()>;
}

/// A shared source.
pub type Source = Arc<dyn ReadAt>;

impl ReadAt for Vec<u8> {
    fn len(&self) -> u64 {
        le::wide(self.as_slice().len())
    }

    fn read_at(&self, at: u64, into: &mut [u8]) -> Option<()> {
        into.copy_from_slice(le::slice(self, le::narrow(at), into.len())?);
        Some(())
    }
}

/// A run of bytes of another source, of nothing but zeros, or of one repeated word.
#[derive(Clone, Debug)]
pub(super) enum Run {
    /// From there on.
    At(u64),
    /// Four bytes again and again; zeros for a hole.
    Fill([u8; 4]),
}

/// A source pieced together of runs of another.
pub(super) struct Pieced {
    source: Source,
    /// Where each run begins in the output, sorted.
    runs: Vec<(u64, Run)>,
    len: u64,
}

impl Pieced {
    pub(super) fn new(source: Source) -> Self {
        Self { source, runs: Vec::new(), len: 0 }
    }

    /// Adds a run at the end. `None` where the sum is over all numbers.
    pub(super) fn push(&mut self, run: Run, len: u64) -> Option<()> {
        if len > 0 {
            self.runs.push((self.len, run));
            self.len = self.len.checked_add(len)?;
        }
        Some(())
    }

    /// One window of a source.
    pub(super) fn window(source: Source, at: u64, len: u64) -> Self {
        Self { source, runs: vec![(0, Run::At(at))], len }
    }
}

impl ReadAt for Pieced {
    fn len(&self) -> u64 {
        self.len
    }

    fn read_at(&self, at: u64, into: &mut [u8]) -> Option<()> {
        if at.checked_add(le::wide(into.len()))? > self.len {
            return None;
        }
        let mut index = self.runs.partition_point(|(start, _)| *start <= at).saturating_sub(1);
        let mut at = at;
        let mut rest = into;
        while !rest.is_empty() {
            let (start, run) = self.runs.get(index)?;
            let end = self.runs.get(index.checked_add(1)?).map_or(self.len, |(next, _)| *next);
            let take = le::narrow(end.checked_sub(at)?).min(rest.len());
            let (part, tail) = rest.split_at_mut_checked(take)?;
            let within = at.checked_sub(*start)?;
            match run {
                Run::At(from) => self.source.read_at(from.checked_add(within)?, part)?,
                Run::Fill(word) => fill(part, *word, within),
            }
            at = end;
            rest = tail;
            index = index.checked_add(1)?;
        }
        Some(())
    }
}

fn fill(part: &mut [u8], word: [u8; 4], within: u64) {
    let phase = le::narrow(within % 4);
    for (byte, value) in part.iter_mut().zip(word.iter().cycle().skip(phase)) {
        *byte = *value;
    }
}

/// `len` bytes at `at`.
pub(super) fn bytes(source: &dyn ReadAt, at: u64, len: usize) -> Option<Vec<u8>> {
    if at.checked_add(le::wide(len))? > source.len() {
        return None;
    }
    let mut bytes = vec![0; len];
    source.read_at(at, &mut bytes)?;
    Some(bytes)
}

/// What there is of `len` bytes at `at`.
pub(super) fn head(source: &dyn ReadAt, at: u64, len: usize) -> Vec<u8> {
    let there = le::narrow(source.len().saturating_sub(at)).min(len);
    bytes(source, at, there).unwrap_or_default()
}
