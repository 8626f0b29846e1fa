//! Key logs and private keys: a log tells the same however it grows, and whatever stands in a file, nothing
//! panics.

use evidence::CaptureId;
use wire::{KeyRing, keys::LogTally};

pub(crate) fn read(input: &[u8]) {
    let text = [input, b"\n"].concat();
    let (whole, ring) = grown(&text, usize::MAX);
    assert_eq!(whole.used, text.len(), "a line is left");
    assert_eq!(ring.generation(), whole.secrets, "secrets found, secrets told");
    let told = whole.secrets + whole.known + whole.unused + whole.odd + whole.over_limit;
    assert!(told <= whole.lines, "more than lines");
    for step in [1, 7] {
        assert_eq!(grown(&text, step).0, whole, "grown by {step}");
    }
    let again = ring.add_log(CaptureId(1), 0, 1, &text);
    assert_eq!(again.secrets, 0, "a secret is new twice");
    let keys = KeyRing::default();
    let found = keys.add_private_key(CaptureId(0), input).unwrap_or(0);
    assert_eq!(keys.generation(), found as u64);
    keys.opened_premasters(input);
}

/// Reads a log that grows by `step` bytes.
fn grown(text: &[u8], step: usize) -> (LogTally, KeyRing) {
    let (ring, mut sum, mut waiting) = (KeyRing::default(), LogTally::default(), Vec::new());
    for piece in text.chunks(step) {
        waiting.extend_from_slice(piece);
        let tally = ring.add_log(CaptureId(0), sum.used as u64, sum.lines + 1, &waiting);
        waiting.drain(..tally.used);
        sum = LogTally {
            used: sum.used + tally.used,
            lines: sum.lines + tally.lines,
            secrets: sum.secrets + tally.secrets,
            known: sum.known + tally.known,
            unused: sum.unused + tally.unused,
            odd: sum.odd + tally.odd,
            over_limit: sum.over_limit + tally.over_limit,
        };
    }
    (sum, ring)
}
