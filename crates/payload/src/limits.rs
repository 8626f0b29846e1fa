//! How much an exploration may cost, and the account of what was spent.

use crate::Limit;

/// Bounds of one exploration: of all that is made from the roots of one message.
///
/// What lies beyond a bound is not explored; the tree states the bound and how many bytes it kept from us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Decoders inside one another. Real chains are at most six deep (form, percent, base64, gzip, JSON,
    /// JSON in a string). Default 12.
    pub depth: u8,
    /// Bytes of output of all decoders together. Default 64 MiB.
    pub bytes: u64,
    /// Fields and buffers together. Default 524,288.
    pub count: u32,
    /// Output bytes for one input byte of a decompressor, tested once its output is over 1 MiB. Text that
    /// repeats itself reaches 100; deflate cannot go over 1,032. Default 300.
    pub ratio: u32,
    /// Elements (objects, arrays, messages) inside one another in one structure. Default 256.
    pub nesting: u16,
}

impl Default for Limits {
    fn default() -> Self {
        Self { depth: 12, bytes: 64 << 20, count: 1 << 19, ratio: 300, nesting: 256 }
    }
}

/// What is left of the limits, and what they kept from us.
#[derive(Debug)]
pub(crate) struct Budget {
    pub(crate) limits: Limits,
    bytes: u64,
    count: u32,
    reached: Vec<(Limit, u64)>,
}

impl Budget {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { limits, bytes: limits.bytes, count: limits.count, reached: Vec::new() }
    }

    /// Output bytes that may still be made.
    pub(crate) fn bytes(&self) -> usize {
        usize::try_from(self.bytes).unwrap_or(usize::MAX)
    }

    /// Fields and buffers that may still be made.
    pub(crate) fn count(&self) -> usize {
        usize::try_from(self.count).unwrap_or(usize::MAX)
    }

    /// Takes one buffer of `bytes` bytes off.
    pub(crate) fn spend_buffer(&mut self, bytes: usize) {
        self.bytes = self.bytes.saturating_sub(bytes as u64);
        self.spend_count(1);
    }

    /// Takes `count` fields or buffers off.
    pub(crate) fn spend_count(&mut self, count: usize) {
        self.count = self.count.saturating_sub(u32::try_from(count).unwrap_or(u32::MAX));
    }

    /// Notes that `limit` kept `bytes` input bytes from us.
    pub(crate) fn reach(&mut self, limit: Limit, bytes: usize) {
        let bytes = bytes as u64;
        match self.reached.iter_mut().find(|(known, _)| *known == limit) {
            Some((_, sum)) => *sum = sum.saturating_add(bytes),
            None => self.reached.push((limit, bytes)),
        }
    }

    /// The limits that were reached, in their order.
    pub(crate) fn reached(mut self) -> Vec<(Limit, u64)> {
        self.reached.sort_unstable();
        self.reached
    }
}
