//! What a format makes of the bytes at the front of the window: the language between `pcap`, `pcapng` and
//! the reader.

use evidence::Timestamp;

use super::LinkType;

/// What is at the front of the window.
#[derive(Debug)]
pub(super) enum Piece {
    /// A whole frame.
    Frame(FrameCut),
    /// A frame whose last bytes the file lacks, and how many those are.
    CutFrame(FrameCut, usize),
    /// A frame that ends earlier than its record says, because the next one begins there; how many bytes
    /// earlier.
    Interrupted(FrameCut, usize),
    /// The header of another file, put behind the records of the one before.
    Header,
    /// Something without a frame, of that many bytes.
    Block(usize),
    /// The same, where Wireshark gives it a frame number.
    Numbered(usize),
    /// Not all of it: a window of at least that many bytes is needed. Never at the end of the file.
    More(usize),
    /// Nothing that can be read.
    Damaged(Damage),
}

/// Where a frame lies in the window and what is said of it.
#[derive(Debug)]
pub(super) struct FrameCut {
    /// Bytes of the record, its header and padding included.
    pub(super) consumed: usize,
    /// Where the frame's bytes begin.
    pub(super) start: usize,
    /// How many they are.
    pub(super) len: usize,
    /// When it was captured; `None` where the record does not say.
    pub(super) time: Option<Timestamp>,
    pub(super) link: LinkType,
    pub(super) wire_len: u32,
}

/// Why reading stumbled.
#[derive(Clone, Copy, Debug)]
pub(super) struct Damage {
    pub(super) what: &'static str,
    /// The number that is to blame.
    pub(super) found: Option<u32>,
}

impl Damage {
    /// Fewer bytes than a header has are left.
    pub(super) const CUT_HEADER: Self =
        Self { what: "capture lacks the rest of its last record", found: None };

    pub(super) fn new(what: &'static str, found: u32) -> Self {
        Self { what, found: Some(found) }
    }
}

/// Whether a record or block can begin at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plausible {
    Yes,
    No,
    /// Only a window of at least that many bytes can tell.
    More(usize),
}
