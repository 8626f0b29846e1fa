//! One direction of a stream to frames (RFC 9114 sections 6 and 7).

use evidence::{Fate, Layer};

use super::{PROTOCOL, Shared, draft::Draft, steer};
use crate::{
    Ending, Recorded, StreamBuffer,
    fields::Written,
    http,
    protocol::Output,
    quic::{Channel, number},
    session::raw::RawRun,
    tls::reader::Reader as Numbers,
};

/// What one side says on a stream.
#[derive(Debug)]
pub(super) struct Reader {
    state: State,
    draft: Option<Box<Draft>>,
    /// The exchange of the push that the stream carries.
    pushed: Option<u32>,
}

/// What the next bytes are.
#[derive(Debug)]
enum State {
    /// The data of a frame, so many bytes of them.
    Data(u64),
    /// Instructions of the fields' decoder.
    Decoder,
    /// Instructions of the fields' encoder.
    Encoder,
    /// A field section was taken: a head, trailer fields, or the head that a push promises.
    Fields(Option<u64>, Kind, Recorded),
    /// A frame's header.
    Header,
    /// The push that a stream of pushes carries.
    PushId,
    /// Nobody takes them apart.
    Raw(RawRun),
    /// What a frame of an unknown type carries, so many bytes.
    Strange(RawRun, u64),
    /// A frame that steers the connection, so many bytes of it.
    Steering(u64),
    /// Whole frames: of fields, of settings.
    Whole(Kind, u64),
    /// The type of a stream of one direction.
    Type,
}

/// A frame that is read whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Headers,
    Promise,
    Settings,
}

/// Whether more can be done with what waits.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    Again,
    Done,
}

type Work<'a> = (&'a mut StreamBuffer, &'a mut Shared, &'a mut Output);

impl Reader {
    pub(super) fn new(channel: Channel) -> Self {
        let state = if channel.id.both_ways() { State::Header } else { State::Type };
        Self { state, draft: None, pushed: None }
    }

    /// Takes what waits, as far as it is there.
    pub(super) fn push(
        &mut self,
        channel: Channel,
        stream: &mut StreamBuffer,
        shared: &mut Shared,
        out: &mut Output,
    ) {
        while self.step(channel, (&mut *stream, &mut *shared, &mut *out)) == Turn::Again {}
    }

    /// Takes what waits, and no longer waits itself.
    fn push_on(
        &mut self,
        channel: Channel,
        stream: &mut StreamBuffer,
        shared: &mut Shared,
        out: &mut Output,
    ) {
        let no_more = std::mem::replace(&mut shared.no_more, true);
        self.push(channel, stream, shared, out);
        shared.no_more = no_more;
    }

    /// `len` bytes are missing behind what waits.
    pub(super) fn gap(
        &mut self,
        channel: Channel,
        len: u64,
        stream: &mut StreamBuffer,
        shared: &mut Shared,
        out: &mut Output,
    ) {
        self.push_on(channel, stream, shared, out);
        match &mut self.state {
            State::Data(left) if *left >= len => {
                *left -= len;
                self.give(channel, Ending::Cut, shared, out);
                self.draft.get_or_insert_with(|| Box::new(Draft::headless())).lose(len);
                return;
            }
            State::Steering(left) if *left >= len => {
                *left -= len;
                return;
            }
            State::Strange(run, left) if *left >= len => {
                *left -= len;
                run.flush(Ending::Cut, (channel.sender, stream), out);
                run.lose(len);
                return;
            }
            State::Encoder => shared.decoder(channel.side).lose(),
            _ => {}
        }
        self.give(channel, Ending::Cut, shared, out);
        self.draft = None;
        self.end_raw(channel, Ending::Cut, len, (stream, shared, out));
    }

    /// Nothing more comes.
    pub(super) fn finish(
        &mut self,
        channel: Channel,
        whole: bool,
        stream: &mut StreamBuffer,
        shared: &mut Shared,
        out: &mut Output,
    ) {
        self.push_on(channel, stream, shared, out);
        let between = matches!(self.state, State::Header) && stream.is_empty();
        let ending = if whole && between { Ending::Whole } else { Ending::Cut };
        self.give(channel, ending, shared, out);
        let ending = if whole { Ending::Whole } else { Ending::Cut };
        if stream.is_empty() {
            return;
        }
        self.end_raw(channel, ending, 0, (stream, shared, out));
    }

    /// Gives out all that waits as it stands, and from then on whatever comes.
    fn end_raw(&mut self, channel: Channel, ending: Ending, lost: u64, (stream, shared, out): Work<'_>) {
        let mut run = match std::mem::replace(&mut self.state, State::Header) {
            State::Raw(run) | State::Strange(run, _) => run,
            _ => self.run(channel, (&mut *stream, shared, &mut *out)),
        };
        run.flush(ending, (channel.sender, stream), out);
        run.lose(lost);
        self.state = State::Raw(run);
    }

    fn step(&mut self, channel: Channel, (stream, shared, out): Work<'_>) -> Turn {
        if stream.is_empty() && !matches!(self.state, State::Fields(..) | State::Whole(_, 0)) {
            return Turn::Done;
        }
        match &mut self.state {
            State::Fields(..) => self.section(channel, (stream, shared, out)),
            State::Data(left) => {
                let taken = stream.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                *left -= taken as u64;
                if *left == 0 {
                    self.state = State::Header;
                }
                self.data(channel, stream.take(taken), shared, out);
                Turn::Again
            }
            State::Decoder => {
                steer(stream.len(), COMPRESSION, stream, out);
                Turn::Done
            }
            State::Encoder => {
                let taken = shared.decoder(channel.side).instructions(stream, out);
                out.pass(Fate::Decoded, COMPRESSION, taken, 0);
                Turn::Done
            }
            State::Header => self.header(channel, (stream, shared, out)),
            State::PushId => self.push_id((stream, shared, out)),
            State::Raw(run) => {
                run.cut_full((channel.sender, stream), out);
                Turn::Done
            }
            State::Strange(run, left) => {
                let taken = stream.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                if (taken as u64) < *left && taken <= RawRun::PIECE {
                    return Turn::Done;
                }
                let taken = taken.min(RawRun::PIECE);
                *left -= taken as u64;
                let ending = if *left == 0 { Ending::Whole } else { Ending::Continued };
                run.cut(taken, ending, (channel.sender, stream), out);
                if *left == 0 {
                    self.state = State::Header;
                }
                Turn::Again
            }
            State::Steering(left) => {
                let taken = stream.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                *left -= taken as u64;
                if *left == 0 {
                    self.state = State::Header;
                }
                steer(taken, CONTROL, stream, out);
                Turn::Again
            }
            State::Type => self.kind(channel, (stream, shared, out)),
            State::Whole(kind, len) => {
                let (kind, len) = (*kind, *len);
                self.whole(channel, (kind, len), (stream, shared, out))
            }
        }
    }

    /// The type of a stream of one direction (RFC 9114 section 6.2, RFC 9204 section 4.2).
    fn kind(&mut self, channel: Channel, (stream, shared, out): Work<'_>) -> Turn {
        let mut numbers = Numbers::new(stream.bytes());
        let Some(kind) = number(&mut numbers) else { return Turn::Done };
        let len = numbers.at();
        self.state = match kind {
            CONTROL_STREAM => State::Header,
            PUSH_STREAM => State::PushId,
            ENCODER_STREAM => State::Encoder,
            DECODER_STREAM => State::Decoder,
            _ => State::Raw(self.run(channel, (&mut *stream, shared, &mut *out))),
        };
        steer(len, FRAMES, stream, out);
        Turn::Again
    }

    fn push_id(&mut self, (stream, shared, out): Work<'_>) -> Turn {
        let mut numbers = Numbers::new(stream.bytes());
        let Some(id) = number(&mut numbers) else { return Turn::Done };
        let len = numbers.at();
        self.pushed = Some(shared.push(id, out));
        self.state = State::Header;
        steer(len, FRAMES, stream, out);
        Turn::Again
    }

    fn header(&mut self, channel: Channel, (stream, shared, out): Work<'_>) -> Turn {
        let mut numbers = Numbers::new(stream.bytes());
        let (Some(kind), Some(left)) = (number(&mut numbers), number(&mut numbers)) else {
            return Turn::Done;
        };
        let len = numbers.at();
        let whole = left <= WHOLE;
        self.state = match kind {
            DATA => State::Data(left),
            HEADERS if whole => State::Whole(Kind::Headers, left),
            PUSH_PROMISE if whole => State::Whole(Kind::Promise, left),
            SETTINGS if whole => State::Whole(Kind::Settings, left),
            CANCEL_PUSH | GOAWAY | ORIGIN | MAX_PUSH_ID | PRIORITY_UPDATE | PRIORITY_UPDATE_PUSH => {
                State::Steering(left)
            }
            HEADERS | PUSH_PROMISE | SETTINGS => {
                let what = "peer sent an HTTP/3 frame that is longer than any that is read";
                out.note_stream(Layer::Http, what, String::new(), stream);
                State::Strange(self.run(channel, (&mut *stream, shared, &mut *out)), left)
            }
            _ => State::Strange(self.run(channel, (&mut *stream, shared, &mut *out)), left),
        };
        if matches!(self.state, State::Data(0) | State::Steering(0) | State::Strange(_, 0)) {
            self.state = State::Header;
        }
        steer(len, FRAMES, stream, out);
        Turn::Again
    }

    /// A frame that is read whole, once it is there.
    fn whole(&mut self, channel: Channel, (kind, len): (Kind, u64), (stream, shared, out): Work<'_>) -> Turn {
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        let Some(bytes) = stream.bytes().get(..len) else { return Turn::Done };
        if kind == Kind::Settings {
            shared.settle(channel.side, setting(bytes, TABLE_CAPACITY));
            steer(len, CONTROL, stream, out);
            self.state = State::Header;
            return Turn::Again;
        }
        let mut prefix = Numbers::new(if kind == Kind::Promise { bytes } else { &[] });
        let push = number(&mut prefix);
        let from = prefix.at();
        steer(from, FRAMES, stream, out);
        self.state = State::Fields(push, kind, stream.take(len.saturating_sub(from)));
        Turn::Again
    }

    /// Reads a field section, unless it needs insertions that have not come.
    fn section(&mut self, channel: Channel, (stream, shared, out): Work<'_>) -> Turn {
        let State::Fields(push, kind, section) = &self.state else { return Turn::Done };
        let (push, kind) = (*push, *kind);
        let patient = !shared.no_more && stream.len() <= IMPATIENT && shared.waiting.len() < WAITING;
        // Without its settings nobody knows how the other side counts insertions, where some are needed.
        let clear = shared.known(channel.side).1 || section.bytes.first() == Some(&0);
        let read = match clear.then(|| shared.decoder(channel.side).read(section, out)) {
            Some(Ok(read)) => read,
            _ if patient => {
                shared.waiting.insert(channel.place());
                return Turn::Done;
            }
            _ => shared.decoder(channel.side).read_now(section, out),
        };
        shared.waiting.remove(&channel.place());
        if read.over > 0 {
            out.pass(Fate::OverLimit, OVER, 0, read.over);
        }
        let State::Fields(_, _, section) = std::mem::replace(&mut self.state, State::Header) else {
            return Turn::Done;
        };
        let written = Written::new(&read, &section, out);
        self.fields(channel, (push, kind), (written, section), (shared, out));
        Turn::Again
    }

    /// A head, or trailer fields.
    fn fields(
        &mut self,
        channel: Channel,
        (push, kind): (Option<u64>, Kind),
        (written, section): (Written, Recorded),
        (shared, out): (&mut Shared, &mut Output),
    ) {
        let stands = section.bytes.len() as u64;
        if stands == 0 {
            return;
        }
        if kind == Kind::Promise {
            let exchange = match push {
                Some(push) => shared.push(push, out),
                None => shared.exchange(channel, out),
            };
            out.messages.extend(Draft::new(written, stands).give(channel, exchange, Ending::Whole));
            return;
        }
        let before = self.draft.as_ref().map_or(0, |draft| draft.len());
        match &mut self.draft {
            Some(draft) if !written.is_head() => {
                draft.trailers(written, stands);
                let after = self.draft.as_ref().map_or(0, |draft| draft.len());
                shared.held = shared.held.saturating_add(after).saturating_sub(before);
            }
            draft => {
                if draft.is_some() {
                    let what = "peer sent a second head on a stream";
                    out.note(Layer::Http, what, String::new(), &section, 0);
                    self.give(channel, Ending::Cut, shared, out);
                }
                let interim = (100..200).contains(&written.head.status);
                shared.held = shared.held.saturating_add(written.recorded.bytes.len());
                self.draft = Some(Box::new(Draft::new(written, stands)));
                if interim {
                    self.give(channel, Ending::Whole, shared, out);
                    self.draft = None;
                }
            }
        }
    }

    fn data(&mut self, channel: Channel, data: Recorded, shared: &mut Shared, out: &mut Output) {
        let mut rest = data;
        while !rest.bytes.is_empty() {
            let draft = self.draft.get_or_insert_with(|| Box::new(Draft::headless()));
            let room = http::PIECE.saturating_sub(draft.len());
            if room == 0 || shared.held > HELD {
                self.give(channel, Ending::Continued, shared, out);
                shared.held = shared.held.min(HELD);
                continue;
            }
            let after = rest.slice(room.min(rest.bytes.len()), rest.bytes.len());
            rest.truncate(room);
            shared.held = shared.held.saturating_add(rest.bytes.len());
            draft.data(std::mem::replace(&mut rest, after));
        }
    }

    /// Gives out the message so far; what may follow of it stays.
    fn give(&mut self, channel: Channel, ending: Ending, shared: &mut Shared, out: &mut Output) {
        let Some(draft) = &mut self.draft else { return };
        shared.held = shared.held.saturating_sub(draft.len());
        let exchange = self.pushed.unwrap_or_else(|| shared.exchange(channel, out));
        out.messages.extend(draft.give(channel, exchange, ending));
    }

    /// A run of bytes that nobody takes apart.
    fn run(&self, channel: Channel, (_, shared, out): Work<'_>) -> RawRun {
        RawRun::new(PROTOCOL, self.pushed.unwrap_or_else(|| shared.exchange(channel, out)))
    }
}
/// A setting (RFC 9114 section 7.2.4).
fn setting(settings: &[u8], wanted: u64) -> Option<u64> {
    let mut numbers = Numbers::new(settings);
    loop {
        let (name, value) = (number(&mut numbers)?, number(&mut numbers)?);
        if name == wanted {
            return Some(value);
        }
    }
}

const CONTROL_STREAM: u64 = 0x00;
const PUSH_STREAM: u64 = 0x01;
const ENCODER_STREAM: u64 = 0x02;
const DECODER_STREAM: u64 = 0x03;

const DATA: u64 = 0x00;
const HEADERS: u64 = 0x01;
const CANCEL_PUSH: u64 = 0x03;
const SETTINGS: u64 = 0x04;
const PUSH_PROMISE: u64 = 0x05;
const GOAWAY: u64 = 0x07;
/// RFC 9412.
const ORIGIN: u64 = 0x0c;
const MAX_PUSH_ID: u64 = 0x0d;
/// RFC 9218 section 7.2.
const PRIORITY_UPDATE: u64 = 0xf_0700;
const PRIORITY_UPDATE_PUSH: u64 = 0xf_0701;

/// `SETTINGS_QPACK_MAX_TABLE_CAPACITY` (RFC 9204 section 5).
const TABLE_CAPACITY: u64 = 0x01;

/// The longest frame that is read whole.
const WHOLE: u64 = 256 * 1024;

/// Bytes behind which a stream waits no longer for insertions.
const IMPATIENT: usize = 1 << 20;

/// Streams that may wait for insertions.
const WAITING: usize = 128;

/// Most bytes of messages held at once.
const HELD: usize = 32 << 20;

const COMPRESSION: &str = "HTTP/3 header compression";
const CONTROL: &str = "HTTP/3 control frames";
const FRAMES: &str = "HTTP/3 frame headers";
const OVER: &str = "HTTP/3 header fields, more or longer than are kept";
