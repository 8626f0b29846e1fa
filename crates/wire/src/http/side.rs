//! One direction of an HTTP/1 connection: from heads to bodies to the next head.

use evidence::{Layer, Step};

use super::{
    chunked::{Chunked, Progress},
    head::{Facts, HeadReader, Oddities},
    pairs::{Method, Pairs},
    start::{self, LINE_LIMIT, MARK_LEN, Search, StartLine},
};
use crate::{
    Body, Ending, Head, HttpHead, Message, Part, Sender, StreamBuffer,
    protocol::{Output, Upgrade, Verdict},
    session::raw::RawRun,
};

/// One direction.
#[derive(Debug)]
pub(super) struct Side {
    state: State,
    /// The exchange of the message that was read last, or is being read.
    exchange: u32,
    /// The method that the response being read answers.
    answers: Option<Method>,
    /// Whether it sends responses, as far as its messages told.
    responds: Option<bool>,
}

/// What a direction works with in one call.
pub(super) struct Work<'a> {
    pub(super) sender: Sender,
    pub(super) stream: &'a mut StreamBuffer,
    pub(super) pairs: &'a mut Pairs,
    pub(super) out: &'a mut Output,
    /// Largest piece of a message.
    pub(super) piece: usize,
    /// No more bytes will come.
    pub(super) last: bool,
}

/// Whether more can be done with the bytes that wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    Again,
    Wait,
}

/// What is being read. Offsets count from the first waiting byte of the stream.
#[derive(Debug)]
enum State {
    /// Between messages.
    Start,
    Head(Box<HeadReader>),
    Body(Box<Open>),
    /// After a request for CONNECT or Upgrade, until its response says what follows.
    Paused {
        connect: bool,
        asked: Upgrade,
    },
    /// Looking for the next start, which may be shown by the bytes from `from` on.
    Lost {
        from: usize,
        run: RawRun,
    },
}

/// A message whose head is known.
#[derive(Debug)]
struct Open {
    head: HttpHead,
    parts: Vec<Part>,
    oddities: Oddities,
    /// Where the body starts in the piece.
    start: usize,
    /// Where the piece's body starts in the body.
    position: u64,
    framing: Framing,
    /// The body may not have been sent although it was announced: after a refused `Expect`, or in answer to
    /// an unknown request, which may have been HEAD.
    doubtful: bool,
    after: After,
    /// What follows an answer that agrees to an upgrade.
    agreed: Upgrade,
    /// The body is a stream of events (HTML, section 9.2 "Server-sent events"), which may go on for hours: each
    /// is given out when it ends. Bytes looked at for that.
    events: Option<usize>,
}

/// How the end of a body is found (RFC 9112 section 6.3).
#[derive(Debug)]
enum Framing {
    Chunked(Chunked),
    /// Ends with the connection.
    Close,
    /// So many bytes are left from the piece's start of the body on.
    Length(u64),
}

/// What follows a message in its direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum After {
    Next,
    /// The response decides.
    Pause {
        connect: bool,
    },
    /// Another protocol.
    Upgrade,
}

impl Side {
    /// A direction whose first exchange has that number.
    pub(super) fn new(exchange: u32) -> Self {
        Self { state: State::Start, exchange, answers: None, responds: None }
    }

    /// Does one thing with the bytes that wait.
    pub(super) fn step(&mut self, work: &mut Work<'_>) -> Turn {
        match self.state {
            State::Start => self.begin(work),
            State::Head(_) => self.read_head(work),
            State::Body(_) => self.read_body(work),
            State::Paused { connect, .. } => self.wait(connect, work),
            State::Lost { .. } => self.search(work),
        }
    }

    /// Gives out what waits, and goes on after `lost` bytes that the capture lacks.
    pub(super) fn gap(&mut self, work: &mut Work<'_>, lost: u64) {
        self.flush(work, Ending::Cut);
        match &mut self.state {
            State::Body(open) => match open.lose(lost) {
                Known::Inside => return,
                Known::Boundary => {
                    self.state = State::Start;
                    return;
                }
                Known::Nothing => self.lose_track(work),
            },
            State::Lost { run, .. } => run.lose(lost),
            State::Paused { .. } => {}
            State::Head(_) | State::Start => self.lose_track(work),
        }
        work.pairs.lost(self.responds(work.sender));
    }

    /// Gives out what waits: no more will come.
    pub(super) fn finish(&mut self, work: &mut Work<'_>) {
        self.flush(work, Ending::Whole);
    }

    fn begin(&mut self, work: &mut Work<'_>) -> Turn {
        match start::verdict(work.stream.bytes(), work.last) {
            Verdict::More => return Turn::Wait,
            Verdict::No => self.lose_track(work),
            Verdict::Yes => self.state = State::Head(Box::default()),
        }
        Turn::Again
    }

    fn read_head(&mut self, work: &mut Work<'_>) -> Turn {
        let State::Head(reader) = &mut self.state else { return Turn::Again };
        let bytes = work.stream.bytes();
        let known = reader.start().is_some();
        let end = reader.read(bytes.get(..bytes.len().min(work.piece)).unwrap_or_default());
        let full = bytes.len() >= work.piece;
        if let Some(start) = reader.start().filter(|_| !known).cloned() {
            self.number(&start, work);
        }
        match end {
            Some(end) => self.open(end, work),
            None if full => {
                self.cut_head(work.piece, work, Some("peer sent a head larger than the limit"));
                self.lose_track(work);
            }
            None => return Turn::Wait,
        }
        Turn::Again
    }

    /// A start line was read: gives the message its exchange.
    fn number(&mut self, start: &StartLine, work: &mut Work<'_>) {
        let time = work.stream.time();
        match start {
            StartLine::Request { method, .. } => {
                let name = work.stream.bytes().get(method.clone()).unwrap_or_default();
                self.exchange = work.pairs.request(Method::read(name), time);
                self.responds = Some(false);
            }
            StartLine::Response { status } => {
                (self.exchange, self.answers) = work.pairs.response(*status, time);
                self.responds = Some(true);
            }
        }
    }

    /// The head is whole and `end` bytes long.
    fn open(&mut self, end: usize, work: &mut Work<'_>) {
        let State::Head(reader) = std::mem::replace(&mut self.state, State::Start) else { return };
        let start = reader.start().cloned();
        let HeadReader { parts, mut oddities, .. } = *reader;
        let bytes = work.stream.bytes().get(..end).unwrap_or_default();
        let mut facts = Facts::read(bytes, &parts, &mut oddities);
        let agreed = facts.agreed();
        let plan = match start {
            Some(StartLine::Response { status }) => self.plan_response(status, &facts),
            Some(StartLine::Request { .. }) | None => plan_request(&facts, &mut oddities),
        };
        let (framing, doubtful, after) = plan;
        let mut head = facts.head;
        if let Some(StartLine::Response { status }) = start {
            head.status = status;
        }
        let events = is_event_stream(&head).then_some(0);
        let mut framing = framing.starting_at(end);
        if let (Framing::Chunked(chunked), Some(_)) = (&mut framing, events) {
            *chunked = Chunked::new(end).of_events();
        }
        let open =
            Open { head, parts, oddities, start: end, position: 0, framing, doubtful, after, agreed, events };
        self.state = State::Body(Box::new(open));
    }

    fn plan_response(&self, status: u16, facts: &Facts) -> (Plan, bool, After) {
        let tunnel = self.answers == Some(Method::Connect) && (200..300).contains(&status);
        if status == 101 || tunnel {
            return (Plan::Length(0), false, After::Upgrade);
        }
        if self.answers == Some(Method::Head) || matches!(status, 100..200 | 204 | 304) {
            return (Plan::Length(0), false, After::Next);
        }
        let plan = match facts.length {
            _ if facts.chunked => Plan::Chunked,
            Some(length) if !facts.other_coding => Plan::Length(length),
            _ => Plan::Close,
        };
        (plan, self.answers.is_none(), After::Next)
    }

    fn read_body(&mut self, work: &mut Work<'_>) -> Turn {
        let State::Body(open) = &mut self.state else { return Turn::Again };
        if open.doubtful && work.stream.len() > open.start {
            match open.unsent(self.exchange, work) {
                Verdict::More => return Turn::Wait,
                Verdict::No => open.doubtful = false,
                Verdict::Yes => {
                    let end = open.start;
                    return self.complete(end, work);
                }
            }
        }
        match open.measure(work) {
            Measure::Whole(len) => self.complete(len, work),
            Measure::Piece(len) => {
                open.give(len, Ending::Continued, self.exchange, work);
                Turn::Again
            }
            Measure::Lost(len) => {
                open.oddities.note(len, "peer sent a chunk size that is no number", String::new);
                open.give(len, Ending::Cut, self.exchange, work);
                self.lose_track(work);
                Turn::Again
            }
            Measure::More => Turn::Wait,
        }
    }

    /// The message ends before byte `len`.
    fn complete(&mut self, len: usize, work: &mut Work<'_>) -> Turn {
        if let State::Body(mut open) = std::mem::replace(&mut self.state, State::Start) {
            open.give(len, Ending::Whole, self.exchange, work);
            match open.after {
                After::Next => {}
                After::Pause { connect } => {
                    self.state = State::Paused { connect, asked: open.agreed };
                }
                After::Upgrade => work.out.upgrade = Some(open.agreed),
            }
        }
        Turn::Again
    }

    /// Waits for the response that says whether the connection goes on with HTTP. Who only asks for an
    /// upgrade may send further requests before; where the response does not come, the bytes decide.
    fn wait(&mut self, connect: bool, work: &mut Work<'_>) -> Turn {
        let request = !connect && start::verdict(work.stream.bytes(), work.last) == Verdict::Yes;
        if request || !work.pairs.is_waiting(self.exchange) {
            self.state = State::Start;
        } else if work.last || work.stream.len() > PAUSE_LIMIT {
            // Without an answer, what was asked for is the best guess.
            let State::Paused { asked, .. } = &mut self.state else { return Turn::Wait };
            work.out.upgrade = Some(std::mem::take(asked));
        } else {
            return Turn::Wait;
        }
        Turn::Again
    }

    /// From here on the direction looks for the next start.
    fn lose_track(&mut self, work: &Work<'_>) {
        let exchange = if self.responds(work.sender) { work.pairs.due() } else { self.exchange };
        self.state = State::Lost { from: 0, run: RawRun::new(super::PROTOCOL, exchange) };
    }

    fn search(&mut self, work: &mut Work<'_>) -> Turn {
        let State::Lost { from, run } = &mut self.state else { return Turn::Again };
        let bytes = work.stream.bytes();
        let window = bytes.get(..bytes.len().min(SEARCH_WINDOW)).unwrap_or_default();
        match start::find(window, *from, work.last && window.len() == bytes.len()) {
            Search::Found { start, .. } if start <= RawRun::PIECE => {
                run.cut(start, Ending::Whole, (work.sender, &mut *work.stream), work.out);
                self.state = State::Head(Box::default());
                return Turn::Again;
            }
            Search::Found { mark, .. } => *from = mark,
            Search::From(next) => *from = next,
        }
        if window.len() < SEARCH_WINDOW {
            return Turn::Wait;
        }
        run.cut(RawRun::PIECE, Ending::Continued, (work.sender, &mut *work.stream), work.out);
        *from = from.saturating_sub(RawRun::PIECE);
        Turn::Again
    }

    /// Gives out all that waits. `ending` is what a stretch that says nothing of its own end has.
    fn flush(&mut self, work: &mut Work<'_>, ending: Ending) {
        let len = work.stream.len();
        if len == 0 {
            return;
        }
        if matches!(self.state, State::Start | State::Paused { .. }) {
            let paused = matches!(self.state, State::Paused { .. });
            let before = std::mem::replace(&mut self.state, State::Start);
            self.lose_track(work);
            self.flush(work, ending);
            if paused {
                self.state = before;
            }
            return;
        }
        match &mut self.state {
            State::Head(_) => self.cut_head(len, work, None),
            State::Body(open) => {
                let ending = if matches!(open.framing, Framing::Close) { ending } else { Ending::Cut };
                open.give(len, ending, self.exchange, work);
            }
            State::Lost { from, run } => {
                run.flush(ending, (work.sender, &mut *work.stream), work.out);
                *from = 0;
            }
            State::Paused { .. } | State::Start => {}
        }
    }

    /// Gives out the first `len` bytes of a message whose head does not end in them.
    fn cut_head(&mut self, len: usize, work: &mut Work<'_>, why: Option<&'static str>) {
        let State::Head(mut reader) = std::mem::replace(&mut self.state, State::Start) else { return };
        let ending = if reader.is_simple() { Ending::Whole } else { Ending::Cut };
        let known = reader.start().is_some();
        reader.cut(work.stream.bytes().get(..len).unwrap_or_default());
        let start = reader.start().cloned();
        if let Some(start) = start.as_ref().filter(|_| !known) {
            self.number(start, work);
        }
        let HeadReader { parts, mut oddities, .. } = *reader;
        let bytes = work.stream.bytes().get(..len).unwrap_or_default();
        let mut head = Facts::read(bytes, &parts, &mut oddities).head;
        if let Some(StartLine::Response { status }) = start {
            head.status = status;
        }
        if let Some(what) = why {
            oddities.note(len.saturating_sub(1), what, || format!("{len} bytes without an end"));
        }
        let mut open = Open {
            head,
            parts,
            oddities,
            start: len,
            position: 0,
            framing: Framing::Close,
            doubtful: false,
            after: After::Next,
            agreed: Upgrade::default(),
            events: None,
        };
        open.give(len, ending, self.exchange, work);
    }

    fn responds(&self, sender: Sender) -> bool {
        self.responds.unwrap_or(sender == Sender::Responder)
    }
}

/// How a body will be framed, before it is known where it starts.
#[derive(Clone, Copy)]
enum Plan {
    Chunked,
    Close,
    Length(u64),
}

impl Plan {
    fn starting_at(self, start: usize) -> Framing {
        match self {
            Self::Chunked => Framing::Chunked(Chunked::new(start)),
            Self::Close => Framing::Close,
            Self::Length(length) => Framing::Length(length),
        }
    }
}

/// What is known after a gap.
enum Known {
    /// The gap ended where the body does.
    Boundary,
    /// The body goes on behind it.
    Inside,
    Nothing,
}

/// How much of what waits belongs to the body.
enum Measure {
    /// The message is broken at this byte.
    Lost(usize),
    /// More must come.
    More,
    /// So much is a piece, and more follows.
    Piece(usize),
    /// The message ends before this byte.
    Whole(usize),
}

impl Open {
    /// Whether the announced body was not sent: the next message stands in its place.
    fn unsent(&self, exchange: u32, work: &Work<'_>) -> Verdict {
        let request = self.head.status == 0;
        if self.position > 0 || (request && work.pairs.is_waiting(exchange)) {
            return Verdict::No;
        }
        let body = work.stream.bytes().get(self.start..).unwrap_or_default();
        if request {
            start::verdict(body, work.last)
        } else {
            start::response_verdict(body).settled(work.last)
        }
    }

    fn measure(&mut self, work: &Work<'_>) -> Measure {
        let there = work.stream.len();
        let piece = work.piece;
        match &mut self.framing {
            Framing::Close => {
                let window = work.stream.bytes().get(..there.min(piece)).unwrap_or_default();
                let event = self.events.as_mut().and_then(|looked| end_of_event(window, self.start, looked));
                match event {
                    Some(end) => Measure::Piece(end),
                    None if there > piece => Measure::Piece(piece),
                    None => Measure::More,
                }
            }
            Framing::Length(left) => {
                match usize::try_from(*left).ok().and_then(|left| left.checked_add(self.start)) {
                    Some(need) if need <= piece && there >= need => Measure::Whole(need),
                    Some(need) if need <= piece => Measure::More,
                    _ if there >= piece => Measure::Piece(piece),
                    _ => Measure::More,
                }
            }
            Framing::Chunked(chunked) => {
                let bytes = work.stream.bytes().get(..there.min(piece)).unwrap_or_default();
                match chunked.read(bytes, &mut self.oddities) {
                    Progress::Done(end) => Measure::Whole(end),
                    Progress::Full(at) => Measure::Piece(at),
                    Progress::Lost(at) => Measure::Lost(at),
                    Progress::More if there >= piece => Measure::Piece(piece),
                    Progress::More => Measure::More,
                }
            }
        }
    }

    /// Gives out the first `len` waiting bytes as a piece of the message.
    fn give(&mut self, len: usize, ending: Ending, exchange: u32, work: &mut Work<'_>) {
        if len == 0 {
            return;
        }
        let recorded = work.stream.take(len);
        let body = self.body(&recorded.bytes);
        for oddity in self.oddities.drain() {
            work.out.note(Layer::Http, oddity.what, oddity.detail, &recorded, oddity.at as u64);
        }
        let position = self.position;
        let head = if ending == Ending::Whole { std::mem::take(&mut self.head) } else { self.head.clone() };
        self.advance(body.len() as u64);
        work.out.messages.push(Message {
            protocol: super::PROTOCOL,
            sender: work.sender,
            exchange,
            recorded,
            step: Step::Reassembly,
            parts: std::mem::take(&mut self.parts),
            body,
            head: Head::Http(head),
            ending,
            position,
            seal: None,
            stands_for: None,
        });
    }

    fn body(&mut self, recorded: &[u8]) -> Body {
        match &mut self.framing {
            Framing::Chunked(chunked) => {
                let body = chunked.cut(recorded);
                self.parts.append(&mut chunked.trailers);
                body
            }
            Framing::Close | Framing::Length(_) if self.start < recorded.len() => {
                Body::Range(self.start..recorded.len())
            }
            Framing::Close | Framing::Length(_) => Body::None,
        }
    }

    /// The next piece's body starts `len` bytes further in the body, with its first byte.
    fn advance(&mut self, len: u64) {
        self.start = 0;
        self.events = self.events.map(|_| 0);
        self.position = self.position.saturating_add(len);
        if let Framing::Length(left) = &mut self.framing {
            *left = left.saturating_sub(len);
        }
    }

    fn lose(&mut self, lost: u64) -> Known {
        let inside = match &mut self.framing {
            Framing::Chunked(chunked) => chunked.lose(lost),
            Framing::Close => true,
            Framing::Length(left) if lost == *left => return Known::Boundary,
            Framing::Length(left) => lost < *left,
        };
        if !inside {
            return Known::Nothing;
        }
        self.advance(lost);
        Known::Inside
    }
}

/// Whether a response is a stream of events, as they stand.
fn is_event_stream(head: &HttpHead) -> bool {
    let media = head.media.split(';').next().unwrap_or_default().trim();
    head.method.is_empty() && head.coding.is_empty() && media.eq_ignore_ascii_case("text/event-stream")
}

/// Where the first event ends, behind its blank line. `looked`: bytes behind `start` that were looked at.
fn end_of_event(piece: &[u8], start: usize, looked: &mut usize) -> Option<usize> {
    let body = piece.get(start..)?;
    let mut from = *looked;
    while let Some(found) = body.get(from..).and_then(|rest| memchr::memchr(b'\n', rest)) {
        let after = from + found + 1;
        match body.get(after..after + 2).or_else(|| body.get(after..)) {
            Some([b'\n', ..]) => return Some(start + after + 1),
            Some(b"\r\n") => return Some(start + after + 2),
            Some([] | [b'\r']) | None => break,
            Some(_) => from = after,
        }
    }
    *looked = from;
    None
}

fn plan_request(facts: &Facts, oddities: &mut Oddities) -> (Plan, bool, After) {
    let plan = if facts.chunked { Plan::Chunked } else { Plan::Length(facts.length.unwrap_or(0)) };
    if facts.other_coding && facts.length.is_none() {
        let what = "peer sent a request whose transfer coding leaves its length open";
        oddities.note(0, what, || facts.head.coding.clone());
    }
    let connect = facts.head.method.eq_ignore_ascii_case("CONNECT");
    let after = if connect || facts.upgrade.is_some() { After::Pause { connect } } else { After::Next };
    (plan, facts.expect, after)
}

/// Bytes kept back after a request for CONNECT or Upgrade while its response does not come.
const PAUSE_LIMIT: usize = 64 * 1024;

/// Bytes that tell whether a message starts in the first [`RawRun::PIECE`] of them.
const SEARCH_WINDOW: usize = RawRun::PIECE + LINE_LIMIT + MARK_LEN;
