//! What every scanner needs: the place in the file, the entry at hand, and an account of the rest.

use evidence::{Anomaly, CaptureId, Fate, FrameNo, Layer, Ledger};

use super::{Entry, Event, Kind};

/// Collects entries, and counts the bytes that belong to none.
#[derive(Debug)]
pub(super) struct Cutter {
    capture: CaptureId,
    /// The format's name: what the framing is called.
    format: &'static str,
    /// Offset in the file of the next byte to be told of.
    position: u64,
    /// The bytes of the entry at hand; none are kept of one that is too large.
    held: Vec<u8>,
    /// How many bytes the entry at hand has so far.
    len: u64,
    entries: u64,
    framing: u64,
    damaged: u64,
    too_large: (u64, u64),
    pub(super) events: Vec<Event>,
}

impl Cutter {
    pub(super) fn new(capture: CaptureId, format: &'static str) -> Self {
        Self {
            capture,
            format,
            position: 0,
            held: Vec::new(),
            len: 0,
            entries: 0,
            framing: 0,
            damaged: 0,
            too_large: (0, 0),
            events: Vec::new(),
        }
    }

    /// The next `count` bytes are the file's own.
    pub(super) fn framing(&mut self, count: usize) {
        self.framing += count as u64;
        self.position += count as u64;
    }

    /// The next `count` bytes cannot be read.
    pub(super) fn damaged(&mut self, count: usize) {
        self.damaged += count as u64;
        self.position += count as u64;
    }

    /// The next bytes belong to the entry at hand.
    pub(super) fn hold(&mut self, bytes: &[u8]) {
        self.len += bytes.len() as u64;
        self.position += bytes.len() as u64;
        if self.len <= LARGEST {
            self.held.extend_from_slice(bytes);
        } else {
            self.held = Vec::new();
        }
    }

    /// Whether an entry is at hand.
    pub(super) fn holds(&self) -> bool {
        self.len > 0
    }

    /// The file is over: what is held and was never given out cannot be read.
    pub(super) fn close(&mut self) {
        self.damaged = self.damaged.saturating_add(std::mem::take(&mut self.len));
        self.held = Vec::new();
    }

    /// The entry at hand is over.
    pub(super) fn entry(&mut self, kind: Kind) {
        self.entries += 1;
        let (len, offset) = (self.len, self.position - self.len);
        let bytes = std::mem::take(&mut self.held);
        self.len = 0;
        if len > LARGEST {
            self.too_large = (self.too_large.0 + len, self.too_large.1 + 1);
            return self.odd(offset, TOO_LARGE, format!("{len} bytes"));
        }
        let (capture, number) = (self.capture, FrameNo(self.entries));
        self.events.push(Event::Entry(Entry { capture, number, offset, bytes, kind }));
    }

    /// What was held was no entry, but a part of the file that tells of itself.
    pub(super) fn take_framing(&mut self) -> Vec<u8> {
        self.framing += self.len;
        self.len = 0;
        std::mem::take(&mut self.held)
    }

    /// Notes something odd at an offset of the file.
    pub(super) fn odd(&mut self, offset: u64, what: &'static str, detail: String) {
        self.events.push(Event::Anomaly(Anomaly {
            layer: Layer::Capture,
            what: what.into(),
            detail,
            capture: self.capture,
            frame: (self.entries > 0).then_some(FrameNo(self.entries)),
            offset: Some(offset),
        }));
    }

    pub(super) fn position(&self) -> u64 {
        self.position
    }

    pub(super) fn entries(&self) -> u64 {
        self.entries
    }

    pub(super) fn ledger(&self) -> Ledger {
        let mut ledger = Ledger::default();
        ledger.add_pieces(Fate::Framing, self.format, self.framing, 1);
        if self.damaged > 0 {
            ledger.add(Fate::NotParsed, "damaged stretch of a file of flows", self.damaged);
        }
        let (bytes, pieces) = self.too_large;
        if pieces > 0 {
            ledger.add_pieces(Fate::OverLimit, "entries larger than is read", bytes, pieces);
        }
        ledger
    }
}

/// The largest entry that is read: a message of packets is cut at a size far below.
pub(super) const LARGEST: u64 = 64 << 20;
const TOO_LARGE: &str = "capture holds an entry that is larger than is read";
