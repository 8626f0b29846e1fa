//! One direction of a connection: from frame to frame.

use evidence::{Fate, Layer};
use memchr::memchr;

use super::{
    PREFACE, PROTOCOL, frame,
    frame::{Frame, Kind},
    streams::{Lines, Streams},
};
use crate::{
    Ending, Recorded, Sender, StreamBuffer,
    fields::{Written, hpack},
    protocol::{Output, Verdict},
    session::raw::RawRun,
};

/// One direction.
#[derive(Debug)]
pub(super) struct Side {
    sender: Sender,
    state: State,
    decoder: hpack::Decoder,
    /// A header block of which more must come.
    block: Option<Block>,
    /// Longest frame that the other side takes.
    allowed: usize,
    /// Longest frame that this side takes.
    wants: usize,
}

/// What a direction works with in one call.
pub(super) struct Work<'a> {
    pub(super) stream: &'a mut StreamBuffer,
    pub(super) streams: &'a mut Streams,
    pub(super) out: &'a mut Output,
    /// No more bytes will come before those that wait are to be given out.
    pub(super) last: bool,
}

/// What is being read.
#[derive(Debug)]
enum State {
    /// The first bytes.
    Start,
    /// Between frames.
    Frame,
    /// Data, of which so much is left.
    Data(Data),
    /// Looking for the next frame, which may begin at the byte `from`.
    Lost { from: usize, run: RawRun },
    /// A payload that is passed over, or its rest.
    Passing { left: u64, fate: Fate, reason: &'static str },
    /// A payload that is given out as it stands.
    Raw { left: u64, run: RawRun },
}

#[derive(Clone, Copy, Debug)]
struct Data {
    stream: u32,
    left: u64,
    padding: u64,
    end: bool,
}

/// A header block (RFC 9113 section 4.3).
#[derive(Debug)]
struct Block {
    stream: u32,
    /// The stream that the frame came on, where that is another: of a promise.
    carrier: u32,
    end: bool,
    bytes: Recorded,
    /// Some of it is not there.
    cut: bool,
}

impl Side {
    pub(super) fn new(sender: Sender) -> Self {
        Self {
            sender,
            state: State::Start,
            decoder: hpack::Decoder::new(),
            block: None,
            allowed: frame::PLAUSIBLE_LEN,
            wants: frame::PLAUSIBLE_LEN,
        }
    }

    /// Longest frame that this side takes, by its settings.
    pub(super) fn wants(&self) -> usize {
        self.wants
    }

    /// Frames up to that length are expected.
    pub(super) fn allow(&mut self, len: usize) {
        self.allowed = self.allowed.max(len);
    }

    /// Does one thing with the bytes that wait. Returns whether more can be done.
    pub(super) fn step(&mut self, work: &mut Work<'_>) -> bool {
        match self.state {
            State::Data(data) if data.left == 0 => self.end_data(data, work),
            _ if work.stream.is_empty() => false,
            State::Start => self.start(work),
            State::Frame => self.read(work),
            State::Data(data) => self.read_data(data, work),
            State::Lost { .. } => self.search(work),
            State::Passing { left, fate, reason } => {
                let left = left - pass(left, (fate, reason), work);
                self.state = if left == 0 { State::Frame } else { State::Passing { left, fate, reason } };
                true
            }
            State::Raw { .. } => self.read_raw(work),
        }
    }

    /// Gives out what waits, and goes on after `lost` bytes that the capture lacks.
    pub(super) fn gap(&mut self, lost: u64, work: &mut Work<'_>) {
        let inside = match &mut self.state {
            State::Data(data) => {
                let (id, from_data) = (data.stream, lost.min(data.left));
                data.left -= from_data;
                let from_padding = (lost - from_data).min(data.padding);
                data.padding -= from_padding;
                work.streams.lose(self.sender, id, from_data, work.out);
                from_data + from_padding == lost
            }
            State::Passing { left, .. } => take(left, lost),
            State::Raw { left, run } => {
                *left = left.saturating_sub(work.stream.len() as u64);
                run.flush(Ending::Cut, (self.sender, &mut *work.stream), work.out);
                run.lose(lost);
                take(left, lost)
            }
            State::Lost { from, run } => {
                run.flush(Ending::Cut, (self.sender, &mut *work.stream), work.out);
                run.lose(lost);
                *from = 0;
                true
            }
            State::Frame | State::Start => {
                let rest = self.cut(work).and_then(|missing| missing.checked_sub(lost));
                self.give_raw(rest.unwrap_or(0), work);
                rest.is_some()
            }
        };
        self.settle();
        if !inside {
            self.lose_track(work);
        }
    }

    /// Gives out what waits: no more will come.
    pub(super) fn finish(&mut self, work: &mut Work<'_>) {
        match &mut self.state {
            State::Frame | State::Start => {
                self.cut(work);
            }
            State::Lost { run, .. } | State::Raw { run, .. } => {
                run.flush(Ending::Whole, (self.sender, &mut *work.stream), work.out);
            }
            State::Data(_) | State::Passing { .. } => {}
        }
        self.end_block(true, work);
        work.streams.cut(self.sender, work.out);
    }

    /// A state in which nothing is left of the frame goes over to the next.
    fn settle(&mut self) {
        if matches!(self.state, State::Passing { left: 0, .. } | State::Raw { left: 0, .. }) {
            self.state = State::Frame;
        }
    }

    fn start(&mut self, work: &mut Work<'_>) -> bool {
        let bytes = work.stream.bytes();
        match Verdict::magic(bytes, PREFACE) {
            Verdict::More if !work.last => return false,
            Verdict::Yes => {
                work.out.pass(Fate::Decoded, FRAMES, PREFACE.len() as u64, 1);
                work.stream.skip(PREFACE.len());
            }
            Verdict::More | Verdict::No => match bytes.get(3) {
                None if !work.last => return false,
                Some(kind) if Kind(*kind) == Kind::SETTINGS && self.sender == Sender::Responder => {}
                _ => {
                    // The settings of the other side may have come before the capture began.
                    self.decoder = hpack::Decoder::joined();
                    self.allowed = FRAME;
                }
            },
        }
        self.state = State::Frame;
        true
    }

    fn read(&mut self, work: &mut Work<'_>) -> bool {
        let Some(frame) = Frame::read(work.stream.bytes()) else { return false };
        if frame.len > self.allowed {
            let detail = "peer sent an HTTP/2 frame longer than the other side takes";
            work.out.note_stream(Layer::Http, detail, String::new(), work.stream);
            self.lose_track(work);
            return true;
        }
        match frame.kind {
            Kind::DATA => return self.begin_data(frame, work),
            Kind::HEADERS | Kind::PUSH_PROMISE | Kind::CONTINUATION => return self.begin_block(frame, work),
            Kind::SETTINGS | Kind::GOAWAY | Kind::RST_STREAM if frame.len <= CONTROL => {
                if work.stream.len() < frame.total() {
                    return false;
                }
                self.control(frame, work);
            }
            Kind::PING | Kind::PRIORITY | Kind::WINDOW_UPDATE | Kind::SETTINGS | Kind::RST_STREAM => {
                self.begin(frame, work);
                self.state = State::Passing { left: frame.len as u64, fate: Fate::Decoded, reason: FRAMES };
            }
            _ => {
                self.begin(frame, work);
                self.give_raw(frame.len as u64, work);
            }
        }
        self.settle();
        true
    }

    /// The next `left` bytes are given out as they stand.
    fn give_raw(&mut self, left: u64, work: &mut Work<'_>) {
        if left > 0 {
            self.state = State::Raw { left, run: RawRun::new(PROTOCOL, work.streams.connection()) };
        }
    }

    /// Takes a frame's header out of the way. Frames within a header block are not allowed, and end it.
    fn begin(&mut self, frame: Frame, work: &mut Work<'_>) {
        if frame.kind != Kind::CONTINUATION && self.block.is_some() {
            work.out.note_stream(
                Layer::Http,
                "peer sent another frame within a header block",
                String::new(),
                work.stream,
            );
            self.end_block(true, work);
        }
        if !frame.obeys() {
            let what = "peer sent an HTTP/2 frame whose length or stream is not that of its kind";
            work.out.note_stream(Layer::Http, what, String::new(), work.stream);
        }
        pass(Frame::HEADER as u64, (Fate::Decoded, FRAMES), work);
        work.out.pass(Fate::Decoded, FRAMES, 0, 1);
    }

    /// Frames that say something about the connection, and are there whole.
    fn control(&mut self, frame: Frame, work: &mut Work<'_>) {
        self.begin(frame, work);
        let payload = work.stream.bytes().get(..frame.len).unwrap_or_default();
        match frame.kind {
            Kind::SETTINGS => {
                let sizes = payload.as_chunks::<6>().0.iter().filter_map(|setting| match setting {
                    [0, 5, value @ ..] => usize::try_from(u32::from_be_bytes(*value)).ok(),
                    _ => None,
                });
                self.wants = sizes.fold(self.wants, usize::max).min(FRAME);
            }
            Kind::RST_STREAM => work.streams.reset(self.sender, frame.stream, work.out),
            _ => {
                let fixed = pass(frame.len.min(8) as u64, (Fate::Decoded, FRAMES), work);
                return self.give_raw(frame.len as u64 - fixed, work);
            }
        }
        pass(frame.len as u64, (Fate::Decoded, FRAMES), work);
    }

    fn read_raw(&mut self, work: &mut Work<'_>) -> bool {
        let State::Raw { left, run } = &mut self.state else { return true };
        let piece = RawRun::PIECE.min(usize::try_from(*left).unwrap_or(usize::MAX));
        if work.stream.len() < piece {
            return false;
        }
        *left -= piece as u64;
        let ending = if *left == 0 { Ending::Whole } else { Ending::Continued };
        run.cut(piece, ending, (self.sender, &mut *work.stream), work.out);
        self.settle();
        true
    }

    fn begin_data(&mut self, frame: Frame, work: &mut Work<'_>) -> bool {
        let padded = u64::from(frame.has(Frame::PADDED) && frame.len > 0);
        let Some(padding) = padding(frame, work.stream) else { return false };
        let rest = frame.len as u64 - padded;
        // Padding that would be longer than the frame is none: its bytes are data.
        let padding = if padding > rest {
            work.out.note_stream(Layer::Http, LONG_PADDING, String::new(), work.stream);
            0
        } else {
            padding
        };
        self.begin(frame, work);
        pass(padded, (Fate::Decoded, FRAMES), work);
        let end = frame.has(Frame::END_STREAM);
        work.streams.make_room(work.out);
        self.state = State::Data(Data { stream: frame.stream, left: rest - padding, padding, end });
        true
    }

    fn read_data(&mut self, mut data: Data, work: &mut Work<'_>) -> bool {
        let room = work.streams.room(self.sender, data.stream, work.out);
        let left = usize::try_from(data.left).unwrap_or(usize::MAX);
        let recorded = work.stream.take(left.min(room));
        data.left -= recorded.bytes.len() as u64;
        work.streams.data(self.sender, data.stream, recorded, work.out);
        self.state = State::Data(data);
        true
    }

    fn end_data(&mut self, data: Data, work: &mut Work<'_>) -> bool {
        if data.end {
            work.streams.end(self.sender, data.stream, work.out);
        }
        self.state = State::Passing { left: data.padding, fate: Fate::Decoded, reason: FRAMES };
        self.settle();
        true
    }

    /// Takes a frame of a header block, once it is there.
    fn begin_block(&mut self, frame: Frame, work: &mut Work<'_>) -> bool {
        if frame.len > BLOCK {
            work.out.note_stream(
                Layer::Http,
                "peer sent a header block larger than the limit",
                String::new(),
                work.stream,
            );
            self.begin(frame, work);
            self.end_block(true, work);
            self.decoder.lose();
            self.state = State::Passing { left: frame.len as u64, fate: Fate::OverLimit, reason: LONG_BLOCK };
            return true;
        }
        if work.stream.len() < frame.total() {
            return false;
        }
        self.take_block(frame, frame.len, work);
        true
    }

    /// Takes a frame of a header block, of whose payload `there` bytes wait.
    fn take_block(&mut self, frame: Frame, there: usize, work: &mut Work<'_>) {
        let payload = work.stream.bytes().get(Frame::HEADER..Frame::HEADER + there).unwrap_or_default();
        let layout = Layout::read(frame, payload);
        if layout.odd {
            work.out.note_stream(Layer::Http, LONG_PADDING, String::new(), work.stream);
        }
        self.begin(frame, work);
        pass(layout.before as u64, (Fate::Decoded, FRAMES), work);
        let fragment = work.stream.take(there.saturating_sub(layout.before + layout.padding));
        self.add_fragment(frame, layout.promised, fragment, work);
        pass(layout.padding as u64, (Fate::Decoded, FRAMES), work);
        if frame.has(Frame::END_HEADERS) || there < frame.len {
            self.end_block(there < frame.len, work);
        }
    }

    fn add_fragment(&mut self, frame: Frame, promised: Option<u32>, fragment: Recorded, work: &mut Work<'_>) {
        let len = fragment.bytes.len() as u64;
        if frame.kind != Kind::CONTINUATION {
            let stream = promised.unwrap_or(frame.stream);
            let end = frame.kind == Kind::HEADERS && frame.has(Frame::END_STREAM);
            let block = Block { stream, carrier: frame.stream, end, bytes: fragment, cut: false };
            self.block = Some(block);
            return;
        }
        match &mut self.block {
            Some(block) if block.carrier == frame.stream && block.bytes.bytes.len() < BLOCK => {
                block.bytes.append(fragment);
            }
            Some(block) if block.carrier == frame.stream => {
                block.cut = true;
                work.out.pass(Fate::OverLimit, LONG_BLOCK, len, 1);
            }
            _ => {
                let what = "capture lacks the beginning of a header block";
                work.out.note(Layer::Http, what, String::new(), &fragment, 0);
                work.out.pass(Fate::NotParsed, AFTER_GAP, len, 1);
                self.decoder.lose();
            }
        }
    }

    /// Reads the header block that was put together, if there is one.
    fn end_block(&mut self, cut: bool, work: &mut Work<'_>) {
        let Some(block) = self.block.take() else { return };
        let section = self.decoder.read(&block.bytes, work.out);
        if cut || block.cut {
            self.decoder.lose();
        }
        let written = Written::new(&section, &block.bytes, work.out);
        let stands = block.bytes.bytes.len().saturating_sub(section.unread) as u64;
        if section.unread > 0 {
            work.out.pass(Fate::NotParsed, UNREADABLE, section.unread as u64, 1);
        }
        if section.over > 0 {
            work.out.pass(
                Fate::OverLimit,
                "HTTP/2 header fields left out: more text than is followed",
                0,
                section.over,
            );
        }
        if written.recorded.bytes.is_empty() {
            work.out.pass(Fate::Decoded, FRAMES, stands, 0);
            if block.end {
                work.streams.end(self.sender, block.stream, work.out);
            }
            return;
        }
        let lines = Lines { stream: block.stream, written, stands, last: block.end };
        if block.stream == block.carrier {
            work.streams.lines(self.sender, lines, work.out);
        } else {
            work.streams.promise(self.sender, lines, work.out);
        }
    }

    /// Gives out the beginning of a frame whose end is not there; says how many bytes are missing, where that
    /// is known.
    fn cut(&mut self, work: &mut Work<'_>) -> Option<u64> {
        let frame = Frame::read(work.stream.bytes());
        let there = work.stream.len().saturating_sub(Frame::HEADER);
        let missing = frame.map(|frame| frame.len.saturating_sub(there) as u64);
        match frame {
            Some(frame @ Frame { kind: Kind::HEADERS | Kind::PUSH_PROMISE | Kind::CONTINUATION, .. }) => {
                self.take_block(frame, there, work);
            }
            _ if work.stream.is_empty() => return None,
            _ => {
                let mut run = RawRun::new(PROTOCOL, work.streams.connection());
                run.flush(Ending::Cut, (self.sender, &mut *work.stream), work.out);
            }
        }
        missing
    }

    /// From here on the direction looks for the next frame. What was lost may have belonged to any message,
    /// and may have changed the header table.
    fn lose_track(&mut self, work: &mut Work<'_>) {
        self.end_block(true, work);
        self.decoder.lose();
        work.streams.cut(self.sender, work.out);
        if !matches!(self.state, State::Lost { .. }) {
            let run = RawRun::new(PROTOCOL, work.streams.connection());
            self.state = State::Lost { from: 0, run };
        }
    }

    fn search(&mut self, work: &mut Work<'_>) -> bool {
        let State::Lost { from, run } = &mut self.state else { return true };
        let bytes = work.stream.bytes();
        let mut found = false;
        while let Some(next) = bytes.get(*from..).and_then(|rest| memchr(0, rest)) {
            *from += next;
            match frame::begins(bytes.get(*from..).unwrap_or_default(), work.last) {
                Verdict::No => *from += 1,
                Verdict::Yes => {
                    found = true;
                    break;
                }
                Verdict::More => break,
            }
        }
        if memchr(0, bytes.get(*from..).unwrap_or_default()).is_none() {
            *from = bytes.len();
        }
        while *from > RawRun::PIECE {
            run.cut(RawRun::PIECE, Ending::Continued, (self.sender, &mut *work.stream), work.out);
            *from -= RawRun::PIECE;
        }
        if found {
            run.cut(*from, Ending::Whole, (self.sender, &mut *work.stream), work.out);
            self.state = State::Frame;
        }
        found
    }
}

/// What stands before and behind the fragment in a frame of a header block (RFC 9113 sections 6.2, 6.6).
struct Layout {
    before: usize,
    padding: usize,
    promised: Option<u32>,
    /// There is more padding than bytes.
    odd: bool,
}

impl Layout {
    /// `payload` may lack its end, and the padding with it.
    fn read(frame: Frame, payload: &[u8]) -> Self {
        let continued = frame.kind == Kind::CONTINUATION;
        let padded = !continued && frame.has(Frame::PADDED);
        let padding = payload.first().filter(|_| padded).map_or(0, |len| usize::from(*len));
        let promise = frame.kind == Kind::PUSH_PROMISE;
        let fixed = match frame.kind {
            Kind::PUSH_PROMISE => 4,
            Kind::HEADERS if frame.has(Frame::PRIORITY) => 5,
            _ => 0,
        };
        let at = usize::from(padded);
        let number = payload.get(at..).and_then(|rest| rest.first_chunk::<4>());
        let promised = number.filter(|_| promise).map(|number| u32::from_be_bytes(*number) & 0x7fff_ffff);
        let before = (at + fixed).min(payload.len());
        let odd = before + padding > frame.len;
        let missing = frame.len.saturating_sub(payload.len());
        let padding = if odd { 0 } else { padding.saturating_sub(missing) };
        Self { before, padding: padding.min(payload.len() - before), promised, odd }
    }
}

/// Takes `lost` off what is left of a frame; `false` where there is less.
fn take(left: &mut u64, lost: u64) -> bool {
    let inside = *left >= lost;
    *left = left.saturating_sub(lost);
    inside
}

/// How much padding a frame says it has; `None` where that is not there yet.
fn padding(frame: Frame, stream: &StreamBuffer) -> Option<u64> {
    if !frame.has(Frame::PADDED) || frame.len == 0 {
        return Some(0);
    }
    stream.bytes().get(Frame::HEADER).map(|len| u64::from(*len))
}

/// Passes over waiting bytes, and says over how many.
fn pass(most: u64, (fate, reason): (Fate, &'static str), work: &mut Work<'_>) -> u64 {
    let len = work.stream.len().min(usize::try_from(most).unwrap_or(usize::MAX));
    work.stream.skip(len);
    work.out.pass(fate, reason, len as u64, 0);
    len as u64
}

const FRAMES: &str = "HTTP/2 frame headers and control frames";
const UNREADABLE: &str = "HTTP/2 header blocks that cannot be read";
const LONG_PADDING: &str = "peer sent padding longer than its frame";
const AFTER_GAP: &str = "HTTP/2 header blocks without their beginning";
const LONG_BLOCK: &str = "HTTP/2 header blocks over the size limit";

/// Longest frame followed. No peer asks for more than 16 MiB (RFC 9113 section 4.2).
const FRAME: usize = (1 << 24) - 1;

/// Longest control frame that is read.
const CONTROL: usize = 64 * 1024;

/// Longest header block, without its last frame.
const BLOCK: usize = 256 * 1024;
