//! Capture files to frames: pcap and pcapng, sans-io.
//!
//! [`Reader`] is given a window on the file and says what is at its front: a frame, a [`Note`], something
//! odd. It never copies a frame. A damaged stretch is passed over: the reader looks for the next record or
//! block that nobody could doubt and goes on there, and says how many bytes it passed over.
//!
//! Every byte is accounted for: [`framing_bytes`](Reader::framing_bytes) +
//! [`damaged_bytes`](Reader::damaged_bytes) + the frames' data = the bytes consumed.

mod blocks;
mod link_type;
mod note;
mod options;
mod order;
mod pcap;
mod pcapng;
mod piece;
mod scale;

use std::collections::VecDeque;

use evidence::{Anomaly, CaptureId, FrameNo, Layer, Timestamp};

use pcap::{PcapFile, Variant};
use pcapng::{PcapngFile, Told};
use piece::{Damage, FrameCut, Piece, Plausible};

pub use link_type::LinkType;
pub use note::{Address, Fact, Note, Property, SecretsKind};

/// A reader of one capture file.
#[derive(Debug)]
pub struct Reader {
    capture: CaptureId,
    format: Format,
    /// Offset in the file of the window's first byte.
    position: u64,
    frames: u64,
    /// Number of the last frame, or of the last block that Wireshark counts among them.
    number: u64,
    /// Time of the last frame that had one.
    time: Timestamp,
    framing: u64,
    damaged: u64,
    /// Told at the next calls, before anything else is read.
    waiting: VecDeque<Event<'static>>,
    /// Set while looking for where a damaged file goes on: what was wrong, and where.
    lost: Option<(Damage, u64)>,
}

#[derive(Debug)]
enum Format {
    /// Nothing was read yet.
    Unread,
    /// No capture: the rest of the file is passed over.
    Foreign,
    Pcap(PcapFile),
    Pcapng(PcapngFile),
}

/// What a call of [`Reader::read`] came to.
#[derive(Debug)]
pub enum Progress<'a> {
    /// The next thing in the file. The next window has to begin `consumed` bytes (perhaps none) later.
    Event {
        /// Bytes that the window has to advance.
        consumed: usize,
        /// What it is.
        event: Event<'a>,
    },
    /// Nothing to tell: a block of no interest, a part of a damaged stretch.
    Skipped {
        /// Bytes that the window has to advance; not 0.
        consumed: usize,
    },
    /// Not enough to go on: to be called again with the same bytes and more behind them, at least `needed`
    /// in all, or as many as there are with `at_end` set. Never the answer to a call with `at_end` set.
    More {
        /// Length of the window that is needed, more than this one had, at most about 20 MiB.
        needed: usize,
    },
    /// All is read.
    End,
}

/// Something in a capture file.
#[derive(Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// A packet record.
    Frame(Frame<'a>),
    /// Something else that the file tells.
    Note(Note),
    /// Something odd.
    Anomaly(Anomaly),
}

/// A captured packet record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// The capture.
    pub capture: CaptureId,
    /// Its number, from 1, as Wireshark counts: custom blocks and journal entries of a pcapng file have one
    /// as well, so that numbers of frames may have gaps.
    pub number: FrameNo,
    /// Offset in the capture file of the first byte of `data`.
    pub offset: u64,
    /// When it was captured; where the record does not say, the time of the frame before.
    pub time: Timestamp,
    /// What its first bytes are.
    pub link: LinkType,
    /// Bytes it had on the wire, as the file says; `data` is shorter where it was cut.
    pub wire_len: u32,
    /// The captured bytes: a part of the window.
    pub data: &'a [u8],
}

impl Reader {
    /// A reader at the beginning of a file.
    pub fn new(capture: CaptureId) -> Self {
        Self {
            capture,
            format: Format::Unread,
            position: 0,
            frames: 0,
            number: 0,
            time: Timestamp::default(),
            framing: 0,
            damaged: 0,
            waiting: VecDeque::new(),
            lost: None,
        }
    }

    /// Says what is at the front of `window`: the bytes of the file that follow what was consumed so far.
    /// `at_end` tells that the file ends where the window does.
    ///
    /// However the file is spread over windows, the events are the same.
    pub fn read<'a>(&mut self, window: &'a [u8], at_end: bool) -> Progress<'a> {
        if let Some(event) = self.waiting.pop_front() {
            return Progress::Event { consumed: 0, event };
        }
        if self.lost.is_some() {
            return self.find(window, at_end);
        }
        if window.is_empty() && !matches!(self.format, Format::Unread) {
            return if at_end { Progress::End } else { Progress::More { needed: 1 } };
        }
        let piece = match &mut self.format {
            Format::Pcap(file) => file.cut(window, at_end),
            Format::Pcapng(file) => file.cut(window, at_end),
            Format::Unread => return self.open(window, at_end),
            Format::Foreign => return self.pass(window.len()),
        };
        self.report(window, piece)
    }

    /// The format: `pcap`, `pcap (ns)`, `pcap (modified)`, `pcapng`; `unknown` before the first call and
    /// where the file is no capture.
    pub fn format(&self) -> &'static str {
        match &self.format {
            Format::Unread | Format::Foreign => "unknown",
            Format::Pcap(file) => match file.variant {
                Variant::Micros => "pcap",
                Variant::Nanos => "pcap (ns)",
                Variant::Modified => "pcap (modified)",
            },
            Format::Pcapng(_) => "pcapng",
        }
    }

    /// Bytes consumed that are headers, padding, options, and blocks without frames.
    pub fn framing_bytes(&self) -> u64 {
        self.framing
    }

    /// Bytes consumed that could not be read.
    pub fn damaged_bytes(&self) -> u64 {
        self.damaged
    }

    /// Bytes consumed.
    pub fn consumed_bytes(&self) -> u64 {
        self.position
    }

    /// Frames told.
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// The window is the beginning of the file.
    fn open<'a>(&mut self, window: &'a [u8], at_end: bool) -> Progress<'a> {
        if window.len() < PcapFile::HEADER && !at_end {
            return Progress::More { needed: PcapFile::HEADER };
        }
        if let Some(file) = PcapFile::open(window) {
            self.waiting.push_back(Event::Note(pcap_note(self.capture, 0, &file)));
            self.format = Format::Pcap(file);
            self.position = PcapFile::HEADER as u64;
            self.framing = self.position;
            return Progress::Skipped { consumed: PcapFile::HEADER };
        }
        if PcapngFile::recognise(window) {
            self.format = Format::Pcapng(PcapngFile::new());
            return self.read(window, at_end);
        }
        let what = match PcapFile::magic(window) {
            Some(_) => CUT_FILE_HEADER,
            None if window.is_empty() => EMPTY,
            None => NOT_A_CAPTURE,
        };
        self.format = Format::Foreign;
        let event = self.anomaly(what, foreign(window));
        Progress::Event { consumed: 0, event }
    }

    fn report<'a>(&mut self, window: &'a [u8], piece: Piece) -> Progress<'a> {
        match piece {
            Piece::Frame(cut) => {
                let frame = self.frame(window, &cut);
                self.frame_event(frame, cut.consumed)
            }
            Piece::CutFrame(cut, missing) => self.cut_frame(window, &cut, (CUT_FRAME, missing)),
            Piece::Interrupted(cut, missing) => self.cut_frame(window, &cut, (INTERRUPTED, missing)),
            Piece::Block(consumed) => self.block(consumed),
            Piece::Numbered(consumed) => {
                self.number += 1;
                self.block(consumed)
            }
            Piece::More(needed) => more(needed),
            Piece::Header => {
                if let Format::Pcap(file) = &self.format {
                    self.waiting.push_back(Event::Note(pcap_note(self.capture, self.position, file)));
                }
                let event = self.anomaly(ANOTHER_FILE, String::new());
                self.waiting.push_back(event);
                self.block(PcapFile::HEADER)
            }
            Piece::Damaged(damage) => {
                self.lost = Some((damage, self.position));
                self.pass(1)
            }
        }
    }

    fn block<'a>(&mut self, consumed: usize) -> Progress<'a> {
        self.gather(None);
        self.account(consumed, 0);
        match self.waiting.pop_front() {
            Some(event) => Progress::Event { consumed, event },
            None => Progress::Skipped { consumed },
        }
    }

    fn cut_frame<'a>(
        &mut self,
        window: &'a [u8],
        cut: &FrameCut,
        (what, missing): (&'static str, usize),
    ) -> Progress<'a> {
        let frame = self.frame(window, cut);
        let event = self.anomaly(what, format!("{missing} bytes are missing"));
        self.waiting.push_back(event);
        self.frame_event(frame, cut.consumed)
    }

    fn frame<'a>(&mut self, window: &'a [u8], cut: &FrameCut) -> Frame<'a> {
        self.frames += 1;
        self.number += 1;
        if let Some(time) = cut.time {
            self.time = time;
        }
        let number = FrameNo(self.number);
        self.gather(Some(number));
        Frame {
            capture: self.capture,
            number,
            offset: self.position.saturating_add(cut.start as u64),
            time: self.time,
            link: cut.link,
            wire_len: cut.wire_len,
            data: window.get(cut.start..cut.start + cut.len).unwrap_or_default(),
        }
    }

    fn frame_event<'a>(&mut self, frame: Frame<'a>, consumed: usize) -> Progress<'a> {
        self.account(consumed, frame.data.len());
        Progress::Event { consumed, event: Event::Frame(frame) }
    }

    /// Puts what the last block told besides its frame into the queue.
    fn gather(&mut self, frame: Option<FrameNo>) {
        let Format::Pcapng(file) = &mut self.format else { return };
        let (capture, offset) = (self.capture, self.position);
        for told in file.told_now.drain(..) {
            self.waiting.push_back(match told {
                Told::Fact(mut fact, properties) => {
                    if let Fact::Secrets { start, .. } = &mut fact {
                        *start = start.saturating_add(offset);
                    }
                    Event::Note(Note { capture, offset, fact, properties })
                }
                Told::OfFrame(properties) => {
                    let fact = Fact::Packet(frame.unwrap_or_default());
                    Event::Note(Note { capture, offset, fact, properties })
                }
                Told::Odd(damage) => Event::Anomaly(Anomaly {
                    layer: Layer::Capture,
                    what: damage.what.into(),
                    detail: damage.found.map(|found| found.to_string()).unwrap_or_default(),
                    capture,
                    frame,
                    offset: Some(offset),
                }),
            });
        }
    }

    /// Looks for where a damaged file goes on.
    fn find<'a>(&mut self, window: &'a [u8], at_end: bool) -> Progress<'a> {
        for at in 0..window.len() {
            let answer = match &self.format {
                Format::Pcap(file) => file.plausible(window, at, at_end),
                Format::Pcapng(file) => file.plausible(window, at, at_end),
                Format::Unread | Format::Foreign => Plausible::No,
            };
            match answer {
                Plausible::No => {}
                Plausible::Yes => return self.found(at),
                Plausible::More(needed) if at == 0 => return more(needed),
                Plausible::More(_) => return self.pass(at),
            }
        }
        match window.len() {
            0 if at_end => self.found(0),
            0 => Progress::More { needed: 1 },
            rest => self.pass(rest),
        }
    }

    /// The damaged stretch ends `at` bytes into the window.
    fn found<'a>(&mut self, at: usize) -> Progress<'a> {
        let Some((damage, start)) = self.lost.take() else { return Progress::Skipped { consumed: at } };
        self.damaged += at as u64;
        self.position += at as u64;
        let found = damage.found.map(|found| format!("found {found}; ")).unwrap_or_default();
        let event = Event::Anomaly(Anomaly {
            layer: Layer::Capture,
            what: damage.what.into(),
            detail: format!("{found}{} bytes passed over", self.position - start),
            capture: self.capture,
            frame: None,
            offset: Some(start),
        });
        Progress::Event { consumed: at, event }
    }

    /// Passes over bytes that cannot be read.
    fn pass<'a>(&mut self, consumed: usize) -> Progress<'a> {
        self.damaged += consumed as u64;
        self.position += consumed as u64;
        Progress::Skipped { consumed }
    }

    fn account(&mut self, consumed: usize, data: usize) {
        self.framing += consumed.saturating_sub(data) as u64;
        self.position += consumed as u64;
    }

    fn anomaly(&self, what: &'static str, detail: String) -> Event<'static> {
        Event::Anomaly(Anomaly {
            layer: Layer::Capture,
            what: what.into(),
            detail,
            capture: self.capture,
            frame: (self.number > 0).then_some(FrameNo(self.number)),
            offset: Some(self.position),
        })
    }
}

/// Asks for a quarter more than is needed: where a hostile file makes every few bytes claim to begin a long
/// block, a caller that copies what is left over to its next window would copy it for every one of them.
fn more<'a>(needed: usize) -> Progress<'a> {
    Progress::More { needed: needed + needed / 4 }
}

fn pcap_note(capture: CaptureId, offset: u64, file: &PcapFile) -> Note {
    let fact = Fact::Interface { number: 0, link: file.link, snapshot: file.snapshot };
    Note { capture, offset, fact, properties: Vec::new() }
}

/// What the beginning of a file that is no capture looks like.
fn foreign(window: &[u8]) -> String {
    let known = MAGICS.iter().find(|(magic, _)| window.starts_with(magic));
    let begins: String = window.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    match known {
        Some((_, name)) => format!("begins with {begins}: {name}"),
        None if window.is_empty() => String::new(),
        None => format!("begins with {begins}"),
    }
}

/// [`Anomaly::what`] of a file that begins neither as pcap nor as pcapng does; nothing of it is read.
pub const NOT_A_CAPTURE: &str = "capture holds neither pcap nor pcapng";

/// No frame and no block that is read is longer. Wireshark's limit for most link types is 256 KiB; blocks of
/// secrets may well be longer than frames.
pub(crate) const MAX_FRAME: usize = 16 * 1024 * 1024;

const ANOTHER_FILE: &str = "capture holds another capture file behind its own records";
const EMPTY: &str = "capture holds no byte";
const CUT_FILE_HEADER: &str = "capture lacks the rest of its file header";
const INTERRUPTED: &str = "capture lacks bytes within a frame: the next one begins early";
const CUT_FRAME: &str = "capture lacks the end of its last frame";

/// Formats that people mistake for captures, or that have to be unpacked first.
const MAGICS: [(&[u8], &str); 9] = [
    (b"\x1f\x8b", "gzip, to be decompressed first"),
    (b"\x28\xb5\x2f\xfd", "zstd, to be decompressed first"),
    (b"BZh", "bzip2, to be decompressed first"),
    (b"\xfd7zXZ", "xz, to be decompressed first"),
    (b"PK\x03\x04", "zip, to be unpacked first"),
    (b"snoop\0\0\0", "snoop"),
    (b"btsnoop\0", "btsnoop"),
    (b"{", "JSON, perhaps a HAR file"),
    (b"GMBU", "Microsoft Network Monitor"),
];
