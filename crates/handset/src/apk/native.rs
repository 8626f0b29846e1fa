//! A native library or another opaque file → the printable text in it, with offsets.

use std::ops::Range;

/// Runs of printable ASCII of at least `least` bytes, at most `most` runs.
pub fn printable(bytes: &[u8], least: usize, most: usize) -> impl Iterator<Item = (&str, Range<usize>)> {
    let mut at = 0usize;
    let next = move || {
        loop {
            let rest = bytes.get(at..).filter(|rest| !rest.is_empty())?;
            let skipped = rest.iter().position(|byte| is_text(*byte))?;
            let start = at.saturating_add(skipped);
            let run = bytes.get(start..)?;
            let len = run.iter().position(|byte| !is_text(*byte)).unwrap_or(run.len());
            at = start.saturating_add(len);
            if len >= least {
                return Some((std::str::from_utf8(run.get(..len)?).ok()?, start..at));
            }
        }
    };
    std::iter::from_fn(next).take(most)
}

fn is_text(byte: u8) -> bool {
    matches!(byte, b' '..=b'~')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_found_with_their_place() {
        let bytes = b"\x7fELF\0\0http://a.example\0ab\0key=1\xff";
        let runs: Vec<_> = printable(bytes, 5, 10).collect();
        assert_eq!(runs, [("http://a.example", 6..22), ("key=1", 26..31)]);
        assert_eq!(printable(bytes, 1, 2).count(), 2);
        assert_eq!(printable(b"", 1, 2).count(), 0);
    }
}
