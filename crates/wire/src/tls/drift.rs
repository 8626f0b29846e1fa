//! Bytes of a TLS stream of which it is not known where a record begins: after a gap, or after nonsense.
//! The next bytes that look like a record's header end it.

use evidence::Fate;
use memchr::memchr;

use super::record::RecordHeader;
use crate::{Ending, Sender, StreamBuffer, protocol::Output, session::raw::RawRun};

/// A stretch without records.
#[derive(Debug)]
pub(super) struct Drift {
    /// Waiting bytes of which it is known that no record begins there.
    scanned: usize,
    /// Where they go: raw messages, or nowhere, as they are encrypted.
    run: Option<RawRun>,
}

impl Drift {
    /// Bytes that are searched, as they may be clear.
    pub(super) fn in_clear(protocol: &'static str, exchange: u32) -> Self {
        Self { scanned: 0, run: Some(RawRun::new(protocol, exchange)) }
    }

    /// Bytes that are encrypted for sure.
    pub(super) fn encrypted() -> Self {
        Self { scanned: 0, run: None }
    }

    /// The same stretch, `len` lost bytes further on.
    pub(super) fn behind(mut self, len: u64) -> Self {
        if let Some(run) = &mut self.run {
            run.lose(len);
        }
        self
    }

    /// Gives out what belongs to the stretch. Returns whether a record begins behind it.
    pub(super) fn run(&mut self, sender: Sender, stream: &mut StreamBuffer, out: &mut Output) -> bool {
        let found = find(stream.bytes(), self.scanned);
        let (known, found) = match found {
            Ok(at) => (at, true),
            Err(scanned) => (scanned, false),
        };
        self.scanned = known;
        match &mut self.run {
            None => self.skip(known, stream, out),
            Some(run) => {
                while self.scanned > RawRun::PIECE {
                    run.cut(RawRun::PIECE, Ending::Continued, (sender, &mut *stream), out);
                    self.scanned -= RawRun::PIECE;
                }
                if found {
                    run.cut(self.scanned, Ending::Whole, (sender, stream), out);
                }
            }
        }
        found
    }

    /// Gives out all that waits.
    pub(super) fn flush(
        &mut self,
        ending: Ending,
        sender: Sender,
        stream: &mut StreamBuffer,
        out: &mut Output,
    ) {
        match &mut self.run {
            None => self.skip(stream.len(), stream, out),
            Some(run) => run.flush(ending, (sender, stream), out),
        }
        self.scanned = 0;
    }

    fn skip(&mut self, count: usize, stream: &mut StreamBuffer, out: &mut Output) {
        stream.skip(count);
        self.scanned = 0;
        out.pass(Fate::Encrypted, LOST, count as u64, 0);
    }
}

/// Where from `from` on a record's header stands; else up to where there is none.
fn find(bytes: &[u8], from: usize) -> Result<usize, usize> {
    let mut at = from;
    while let Some(found) = bytes.get(at.saturating_add(1)..).and_then(|rest| memchr(MAJOR, rest)) {
        at = at.saturating_add(found);
        match RecordHeader::read(bytes.get(at..).unwrap_or_default()) {
            None => return Err(at),
            Some(header) if header.likely() => return Ok(at),
            Some(_) => at = at.saturating_add(1),
        }
    }
    // The last byte may be the first of a header.
    Err(at.max(bytes.len().saturating_sub(1)))
}

/// The second byte of every record.
const MAJOR: u8 = 3;

const LOST: &str = "TLS records whose beginning was lost";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_found_wherever_it_begins() {
        let rows: [(&[u8], Result<usize, usize>); 6] = [
            (b"", Err(0)),
            (b"\x17", Err(0)),
            (b"\x17\x03\x03\x00\x20", Ok(0)),
            (b"\x03\x03\x17\x03\x03\x00\x20", Ok(2)),
            (b"ab\x17\x03\x03", Err(2)),
            (b"ab\x17\x03\x09\x00\x20zz", Err(8)),
        ];
        for (bytes, expected) in rows {
            assert_eq!(find(bytes, 0), expected, "{}", bytes.escape_ascii());
        }
    }
}
