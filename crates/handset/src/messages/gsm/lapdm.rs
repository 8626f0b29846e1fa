//! LAPDm frames to layer 3 messages (3GPP TS 44.006): 18 or 20 bytes each, put together while the M bit says so.

use crate::Found;

/// The link of one channel for messages (SAPI 3).
#[derive(Debug, Default)]
pub(super) struct Link {
    bytes: Vec<u8>,
    from: Vec<Found<u64>>,
    /// N(S) of the last frame, so that a repeated one is known.
    last: Option<u8>,
}

/// What a frame is.
pub(super) struct LapdmFrame<'a> {
    /// N(S) of a numbered frame; none for others.
    number: Option<u8>,
    more: bool,
    content: &'a [u8],
    /// Where the content begins in the payload.
    at: u64,
}

/// Reads a frame whose first byte stands at `at` of its payload. None where it is not for messages or carries
/// nothing.
pub(super) fn frame(bytes: &[u8], at: u64) -> Option<LapdmFrame<'_>> {
    let [address, control, length, rest @ ..] = bytes else { return None };
    let messages = address & 0x1d == 0x0d && address & 0x60 == 0;
    let number = (control & 1 == 0).then_some(control >> 1 & 7);
    let unnumbered = control & 0xef == 3;
    if !messages || !(number.is_some() || unnumbered) || length & 1 == 0 {
        return None;
    }
    let content = rest.get(..usize::from(length >> 2))?;
    Some(LapdmFrame { number, more: length & 2 != 0, content, at: at.saturating_add(3) })
}

impl Link {
    /// Takes a frame of payload `index`; the whole message where it is the last one.
    pub(super) fn push(&mut self, frame: &LapdmFrame<'_>, index: u64) -> Option<(Vec<u8>, Vec<Found<u64>>)> {
        if frame.content.is_empty() {
            return None;
        }
        if let Some(number) = frame.number {
            if self.last == Some(number) {
                return None;
            }
            let follows = self.last.is_none_or(|last| last.wrapping_add(1) & 7 == number);
            if !follows {
                self.clear();
            }
            self.last = Some(number);
        }
        let end = frame.at.saturating_add(u64::try_from(frame.content.len()).unwrap_or(0));
        if self.bytes.len() <= LONGEST {
            self.bytes.extend_from_slice(frame.content);
            self.from.push(Found::new(index, frame.at..end));
        }
        (!frame.more).then(|| (std::mem::take(&mut self.bytes), std::mem::take(&mut self.from)))
    }

    /// A link that is set up anew counts from 0.
    pub(super) fn reset(&mut self) {
        self.clear();
        self.last = None;
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.from.clear();
    }
}

/// Whether the frame sets the link for messages up: SABM, or the UA that answers it.
pub(super) fn sets_up(bytes: &[u8]) -> bool {
    matches!(bytes, [address, control, ..] if address & 0x1d == 0x0d && matches!(control & 0xef, 0x2f | 0x63))
}

/// Layer 3 messages are shorter; more is noise.
const LONGEST: usize = 300;
