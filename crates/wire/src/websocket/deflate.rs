//! Compressed messages (permessage-deflate, RFC 7692): what they inflate to, and what it was made from.
//!
//! A message may repeat what earlier ones of its direction said (section 7.2.1, "context takeover"). So the
//! derivation of each is given the frames of all compressed messages since the first, as they were sent, and
//! makes all that they inflate to; the message is the end of that. Where the frames come to more than a trail
//! should carry, a message is given as made from its own frames by a step that says it cannot be run alone.
//!
//! A block may say that it is the last (section 7.2.3.5); what follows it begins afresh.

use std::sync::Arc;

use evidence::{Fidelity, Step};
use flate2::{Decompress, FlushDecompress, Status};

use super::{
    PIECE,
    frame::{Look, look, unmask},
};
use crate::{Derivation, Extract, Recorded};

/// Name of the step that makes all that the frames given inflate to.
pub(crate) const DEFLATE: &str = "permessage-deflate";
/// Name of the step that goes on from messages which it is not given.
pub(crate) const CONTINUED: &str = "permessage-deflate-continued";

/// What the frames of a direction, as they were sent, inflate to: at most `most` bytes.
pub(crate) fn inflated(frames: &[u8], most: usize) -> Vec<u8> {
    let (mut inflater, mut made, mut at) = (Inflater::new(), Vec::new(), 0);
    while let Look::Header(header) = look(frames.get(at..).unwrap_or_default()) {
        let start = at + header.size;
        let len = usize::try_from(header.len).unwrap_or(usize::MAX);
        let end = start.saturating_add(len).min(frames.len());
        let mut payload = frames.get(start..end).unwrap_or_default().to_vec();
        unmask(&mut payload, header.key.unwrap_or_default(), 0);
        let whole = payload.len() == len;
        // Damaged streams give the same only to who is fed the same pieces.
        let mut fed = Fed::More;
        for piece in payload.chunks(PIECE) {
            fed = inflater.feed(piece, &mut made, most);
            if fed != Fed::More {
                break;
            }
        }
        if header.last && whole && fed == Fed::More {
            fed = inflater.end_message(&mut made, most);
        }
        if fed != Fed::More {
            break;
        }
        at = end;
    }
    made
}

/// An inflater that goes on from message to message.
#[derive(Debug)]
pub(super) struct Inflater {
    inner: Decompress,
    /// Streams that said they were over, of the message being read.
    ended: u32,
    /// Nothing came of the stream at hand.
    fresh: bool,
}

/// What feeding an inflater came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fed {
    /// What was given is no such stream.
    Damaged,
    /// More can be made than was asked for; so many bytes were not read.
    Full(usize),
    /// All was read.
    More,
}

impl Inflater {
    pub(super) fn new() -> Self {
        Self { inner: Decompress::new(false), ended: 0, fresh: true }
    }

    /// The message is over: what it holds back is made.
    pub(super) fn end_message(&mut self, made: &mut Vec<u8>, most: usize) -> Fed {
        self.ended = 0;
        if self.fresh { Fed::More } else { self.feed(TAIL, made, most) }
    }

    /// Feeds it; what it makes is put behind `made`, until that has `most` bytes.
    pub(super) fn feed(&mut self, mut input: &[u8], made: &mut Vec<u8>, most: usize) -> Fed {
        // What was made of all that was read may still be held back, so that it is asked for more than it is given.
        let mut held_back = false;
        while held_back || !input.is_empty() {
            // One byte over what may be made shows that there is more.
            let room = most.saturating_sub(made.len()).saturating_add(1).min(ROOM);
            let (before_in, before_out) = (self.inner.total_in(), self.inner.total_out());
            let start = made.len();
            made.resize(start.saturating_add(room), 0);
            let space = made.get_mut(start..).unwrap_or_default();
            let status = self.inner.decompress(input, space, FlushDecompress::Sync);
            let read = usize::try_from(self.inner.total_in().saturating_sub(before_in)).unwrap_or(0);
            let wrote = usize::try_from(self.inner.total_out().saturating_sub(before_out)).unwrap_or(0);
            made.truncate(start.saturating_add(wrote));
            input = input.get(read..).unwrap_or_default();
            self.fresh &= read == 0;
            held_back = wrote == room;
            if made.len() > most {
                made.truncate(most);
                return Fed::Full(input.len());
            }
            match status {
                Err(_) => return Fed::Damaged,
                Ok(Status::StreamEnd) if self.ended >= STREAMS => return Fed::Damaged,
                Ok(Status::StreamEnd) => {
                    self.inner.reset(false);
                    (self.fresh, held_back) = (true, false);
                    self.ended = self.ended.saturating_add(1);
                }
                Ok(_) if read == 0 && wrote == 0 && !input.is_empty() => return Fed::Damaged,
                Ok(_) => {}
            }
        }
        Fed::More
    }
}

/// What ends each message before it is inflated (RFC 7692 section 7.2.2).
const TAIL: &[u8] = &[0, 0, 0xff, 0xff];

/// Streams of one message that may end before it does: each costs as much to begin as many bytes.
const STREAMS: u32 = 64;

/// Room made at once.
const ROOM: usize = 16 * 1024;

/// The frames of the compressed messages of one direction so far, and what they came to.
#[derive(Debug, Default)]
pub(super) struct History {
    /// Frames of earlier messages, many to a block, so that each message names a few blocks.
    blocks: Vec<Arc<Derivation>>,
    /// Frames behind the blocks, those of the message being read included.
    recent: Extract,
    /// Bytes in blocks.
    sealed: u64,
    /// Bytes inflated before the message being read.
    made: u64,
    /// Where the message being read begins in `recent`.
    own: u64,
    /// There are more than a trail should carry: only the frames of the message being read are known.
    over: bool,
}

impl History {
    /// A new message begins.
    pub(super) fn begin(&mut self) {
        let recent = self.recent.segments.len();
        let known = self.sealed.saturating_add(self.recent.len);
        if self.over || known > MOST_BYTES || self.blocks.len() >= MOST_BLOCKS {
            *self = Self { over: true, ..Self::default() };
        } else if recent >= BLOCK {
            let input = std::mem::take(&mut self.recent);
            self.sealed = self.sealed.saturating_add(input.len);
            self.blocks.push(Arc::new(Derivation {
                step: Step::Body,
                len: input.len,
                fidelity: Fidelity::Exact,
                before: (0, 0),
                input,
                key: None,
            }));
        }
        self.own = self.recent.len;
    }

    /// Bytes of a frame, as they were sent.
    pub(super) fn add(&mut self, frame: &Recorded) {
        self.recent.append(frame);
    }

    /// The message being read, or a piece of it, with its origin. `made` has only its bytes and times.
    pub(super) fn origin(&mut self, made: Recorded) -> Recorded {
        let len = made.bytes.len() as u64;
        let mut recorded = Recorded { first: made.first, last: made.last, ..Recorded::default() };
        if len > 0 {
            let derivation = Arc::new(self.derivation(len));
            recorded.append_derived(&made.bytes, &derivation, derivation.len.saturating_sub(len));
        }
        if self.over {
            self.recent = Extract::default();
        } else {
            self.made = self.made.saturating_add(len);
        }
        recorded
    }

    /// What makes the `len` bytes of the message being read.
    fn derivation(&self, len: u64) -> Derivation {
        let mut input = Extract::default();
        for block in &self.blocks {
            input.append_derivation(block);
        }
        let before = input.len.saturating_add(self.own);
        input.append_extract(&self.recent);
        let name = if self.over { CONTINUED } else { DEFLATE };
        Derivation {
            step: Step::Decode(name.to_owned()),
            len: self.made.saturating_add(len),
            fidelity: Fidelity::Within,
            before: (self.made, before),
            input,
            key: None,
        }
    }
}

/// Frames in bytes that a message's derivation is given.
const MOST_BYTES: u64 = 256 * 1024;
/// Blocks that it is given, of about [`BLOCK`] segments each.
const MOST_BLOCKS: usize = 16;
/// Segments of a block.
const BLOCK: usize = 64;

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compress, Compression, FlushCompress, write::DeflateEncoder};

    use super::*;

    /// The example of RFC 7692 section 7.2.3.2: the second message repeats the first.
    #[test]
    fn messages_go_on_from_each_other() {
        let frames = b"\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00\xc1\x05\xf2\x00\x11\x00\x00";
        assert_eq!(inflated(frames, 100), b"HelloHello");
        assert_eq!(inflated(frames, 7), b"HelloHe");
        assert_eq!(inflated(&frames[..9], 100), b"Hello");
        assert_eq!(inflated(&frames[9..], 100), b"H");
    }

    #[test]
    fn a_bomb_stops_where_it_is_told_to() {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&vec![0; 4 << 20]).unwrap();
        let bomb = encoder.finish().unwrap();
        let mut made = Vec::new();
        assert!(matches!(Inflater::new().feed(&bomb, &mut made, 100_000), Fed::Full(left) if left > 0));
        assert_eq!(made.len(), 100_000);
    }

    #[test]
    fn any_cut_makes_the_same() {
        let mut compress = Compress::new(Compression::default(), false);
        let mut bytes = Vec::with_capacity(10_000);
        let text: Vec<u8> = (0..500_u32).flat_map(|n| n.to_string().into_bytes()).collect();
        compress.compress_vec(&text, &mut bytes, FlushCompress::Sync).unwrap();
        for step in [1, 3, 100] {
            let (mut inflater, mut made) = (Inflater::new(), Vec::new());
            for piece in bytes.chunks(step) {
                assert_eq!(inflater.feed(piece, &mut made, usize::MAX), Fed::More);
            }
            assert_eq!(made, text);
        }
    }
}
