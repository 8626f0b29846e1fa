//! Both sides' bytes through a session: every byte is in one message or counted, in order and with the place
//! it was recorded at; parts and bodies lie in what was recorded; any spread over calls tells the same.
//!
//! The input is what the originator says. The bytes `f5 f6`, which no text holds, and the one behind them are
//! a direction: `<` the responder speaks, `>` the originator, any other a gap of so many bytes and one. Over
//! datagrams, `<` and `>` begin the next one, and any other says how many bytes the last one lacks.

use std::{collections::HashMap, sync::Arc};

use evidence::{Anomaly, CaptureId, Fidelity, FrameNo, Ledger, Segment, Source, Step, Timestamp, Transport};
use wire::{
    Body, Derivation, KeyRing, Message, Recorded, Sender, Session, StreamBuffer,
    flow::{Datagram, FlowSink},
    protocol::{Context, Upgrade},
};

/// Holds a stream to the laws.
pub(crate) fn stream(ports: [u16; 2], input: &[u8]) {
    within(&Context { ports, ..Context::default() }, input);
}

/// Holds what follows an upgrade to WebSocket to the laws.
pub(crate) fn websocket(input: &[u8]) {
    let agreed = Upgrade { protocol: "websocket".to_owned(), extensions: "permessage-deflate".to_owned() };
    within(&Context { ports: [40_000, 80], agreed, ..Context::default() }, input);
}

fn within(context: &Context, input: &[u8]) {
    let acts = acts(input);
    let whole = play(context, &acts, usize::MAX);
    for step in [1, 7] {
        assert_eq!(whole, play(context, &acts, step), "cut into pieces of {step}");
    }
}

/// Holds datagrams to the laws.
pub(crate) fn datagrams(ports: [u16; 2], input: &[u8]) {
    datagrams_made(ports, input, |_, bytes| bytes.to_vec());
}

/// The same for datagrams that `make` puts around what each side says.
pub(crate) fn datagrams_made(ports: [u16; 2], input: &[u8], make: impl FnMut(Sender, &[u8]) -> Vec<u8>) {
    datagrams_behind(ports, &KeyRing::default(), &[], input, make);
}

/// The same behind datagrams that open the flow, with secrets.
pub(crate) fn datagrams_behind(
    ports: [u16; 2],
    keys: &KeyRing,
    opening: &[(Sender, Vec<u8>)],
    input: &[u8],
    mut make: impl FnMut(Sender, &[u8]) -> Vec<u8>,
) {
    let mut stage = Stage::new(Session::over(Transport::Udp, ports, keys));
    opening.iter().for_each(|(sender, bytes)| stage.datagram(*sender, bytes, 0));
    let acts = acts(input);
    for (index, act) in acts.iter().enumerate() {
        if let Act::Say(sender, bytes) = act {
            let cut = match acts.get(index + 1) {
                Some(Act::Gap(_, len)) => u32::from(*len),
                _ => 0,
            };
            stage.datagram(*sender, &make(*sender, bytes), cut);
        }
    }
    stage.close();
}

/// What a script says.
#[derive(Debug)]
pub(crate) enum Act<'a> {
    Say(Sender, &'a [u8]),
    Gap(Sender, u16),
}

/// Reads a script.
pub(crate) fn acts(input: &[u8]) -> Vec<Act<'_>> {
    let (mut acts, mut sender, mut rest) = (Vec::new(), Sender::Originator, input);
    loop {
        let mark = rest.windows(MARK.len()).position(|window| window == MARK);
        let (said, after) = rest.split_at(mark.unwrap_or(rest.len()));
        if !said.is_empty() {
            acts.push(Act::Say(sender, said));
        }
        let Some((direction, after)) = after.get(MARK.len()..).and_then(<[u8]>::split_first) else { break };
        match direction {
            b'<' => sender = Sender::Responder,
            b'>' => sender = Sender::Originator,
            len => acts.push(Act::Gap(sender, u16::from(*len) + 1)),
        }
        rest = after;
    }
    acts
}

/// What a session told.
#[derive(Debug, Default, PartialEq, Eq)]
struct Told {
    messages: Vec<Message>,
    anomalies: Vec<Anomaly>,
    passed: Ledger,
}

/// Plays a script to a session, at most `step` bytes at a time.
fn play(context: &Context, acts: &[Act<'_>], step: usize) -> Told {
    let mut stage = Stage::new(Session::within(Transport::Tcp, context.clone()));
    for act in acts {
        match act {
            Act::Say(sender, bytes) => stage.say(*sender, bytes, step),
            Act::Gap(sender, len) => stage.lose(*sender, u64::from(*len)),
        }
    }
    stage.close()
}

/// Plays to a session and keeps the books.
struct Stage {
    session: Session,
    streams: [StreamBuffer; 2],
    /// What each side was given, with its place in the capture.
    given: [Vec<(u8, u64)>; 2],
    place: u64,
    frame: u64,
    told: Told,
}

impl Stage {
    fn new(session: Session) -> Self {
        let (streams, given) = Default::default();
        Self { session, streams, given, place: 1000, frame: 0, told: Told::default() }
    }

    fn say(&mut self, sender: Sender, bytes: &[u8], step: usize) {
        let time = self.next_frame();
        for piece in bytes.chunks(step) {
            let segment = self.give(sender, piece);
            let stream = &mut self.streams[side(sender)];
            stream.append(piece, [segment], time);
            self.session.data(sender, stream);
            self.hear();
        }
    }

    fn lose(&mut self, sender: Sender, len: u64) {
        let stream = &mut self.streams[side(sender)];
        self.session.gap(sender, len, stream);
        assert!(stream.is_empty(), "bytes are left before a gap");
        stream.lose(len);
        self.hear();
    }

    fn datagram(&mut self, sender: Sender, bytes: &[u8], cut: u32) {
        let time = self.next_frame();
        let segments = [self.give(sender, bytes)];
        self.session.datagram(sender, Datagram { bytes, segments: &segments, time, cut });
        self.hear();
    }

    fn next_frame(&mut self) -> Timestamp {
        self.frame += 1;
        Timestamp(i64::try_from(self.frame).unwrap())
    }

    fn give(&mut self, sender: Sender, bytes: &[u8]) -> Segment {
        let source = Source::Frame { capture: CaptureId(0), frame: FrameNo(self.frame) };
        let segment = Segment::exact(0, bytes.len() as u64, source, self.place);
        self.given[side(sender)].extend(bytes.iter().copied().zip(self.place..));
        self.place += bytes.len() as u64;
        segment
    }

    fn hear(&mut self) {
        let output = self.session.output();
        self.told.messages.append(&mut output.messages);
        self.told.anomalies.append(&mut output.anomalies);
        assert!(output.upgrade.is_none(), "a room's wish to be replaced was not heard");
    }

    fn close(mut self) -> Told {
        for sender in SIDES {
            let stream = &mut self.streams[side(sender)];
            self.session.end(sender, stream);
            assert!(stream.is_empty(), "bytes are left at the end");
            self.hear();
        }
        self.session.finish();
        self.hear();
        self.told.passed = self.session.ledger();
        let missing: u64 = SIDES.iter().map(|sender| self.missing(*sender)).sum();
        let stood: u64 = self.told.messages.iter().filter_map(stands_for).sum();
        assert_eq!(missing, self.told.passed.total() + stood, "bytes in no message, bytes passed over");
        let derived = self.told.messages.iter().any(|message| !message.recorded.derived.is_empty());
        let given = self.given.iter().flatten().filter(|_| derived);
        let sent: HashMap<_, _> = given.map(|(byte, place)| (*place, *byte)).collect();
        for message in &mut self.told.messages {
            check(message);
            check_made(message, &sent);
            join(&mut message.recorded);
        }
        self.told
    }

    /// How many bytes of a side are in no message. Fails where one is in two, or moved.
    fn missing(&self, sender: Sender) -> u64 {
        let sent = self.told.messages.iter().filter(|message| message.sender == sender);
        sent.clone().for_each(|message| check_places(message, &self.given[side(sender)]));
        let sent = sent.filter(|message| stands_for(message).is_none());
        // A message may be given out between the pieces of another: places are in order, messages may not be.
        let mut found: Vec<_> = sent.flat_map(|message| bytes_and_places(&message.recorded)).collect();
        found.sort_by_key(|(_, place)| *place);
        let mut found = found.into_iter().peekable();
        let given = self.given[side(sender)].iter();
        let missing = given.filter(|byte| found.next_if_eq(byte).is_none()).count();
        assert!(found.next().is_none(), "{sender:?}: bytes are repeated or moved");
        missing as u64
    }
}

/// Checks that what a message was made from makes it again.
fn check_made(message: &Message, sent: &HashMap<u64, u8>) {
    let recorded = &message.recorded;
    if !recorded.derived.is_empty() && recorded.derived.iter().all(runs_alone) {
        let again = again(&recorded.segments, &recorded.derived, sent);
        // A head that was written out has bytes that nobody sent.
        let known = recorded.segments.iter().flat_map(|segment| segment.out..segment.out_end());
        let known = known.map(|at| recorded.bytes[usize::try_from(at).unwrap()]);
        assert!(known.eq(again.iter().copied()), "made again: {}", again.escape_ascii());
    }
}

/// Whether a derivation can be made again here: without keys, and without what other messages hold.
fn runs_alone(derivation: &Arc<Derivation>) -> bool {
    let alone = match &derivation.step {
        Step::Decode(name) => !wire::goes_on(name),
        Step::Decrypt(_) => false,
        _ => true,
    };
    alone && derivation.input.derived.iter().all(runs_alone)
}

/// Bytes put together from what was sent and what is made of it again.
fn again(segments: &[Segment], derived: &[Arc<Derivation>], sent: &HashMap<u64, u8>) -> Vec<u8> {
    let made: Vec<_> = derived.iter().map(|derivation| made_again(derivation, sent)).collect();
    let mut bytes = Vec::new();
    for segment in segments {
        let (start, end) = (segment.start, segment.start + segment.len);
        match segment.source {
            Source::Frame { .. } => bytes.extend((start..end).map(|place| sent[&place])),
            Source::Buffer(id) => {
                let range = usize::try_from(start).unwrap()..usize::try_from(end).unwrap();
                bytes.extend_from_slice(&made[usize::try_from(id.0).unwrap()][range]);
            }
        }
    }
    bytes
}

fn made_again(derivation: &Derivation, sent: &HashMap<u64, u8>) -> Vec<u8> {
    let input = again(&derivation.input.segments, &derivation.input.derived, sent);
    assert_eq!(input.len() as u64, derivation.input.len);
    match &derivation.step {
        Step::Decode(name) => {
            let most = usize::try_from(derivation.len).unwrap();
            let made = wire::replay(name, &input, most).unwrap();
            assert_eq!(made.len(), most, "{name}");
            made
        }
        _ => input,
    }
}

/// Each byte with its place in the capture; none where they were made from others.
fn bytes_and_places(recorded: &Recorded) -> impl Iterator<Item = (u8, u64)> {
    let len: u64 = recorded.segments.iter().map(|segment| segment.len).sum();
    assert_eq!(len, recorded.bytes.len() as u64, "bytes of unknown origin");
    let sent = if recorded.derived.is_empty() { &recorded.segments[..] } else { &[] };
    let places = sent.iter().flat_map(|segment| segment.start..segment.start + segment.len);
    recorded.bytes.iter().copied().zip(places)
}

/// Parts and body lie in the recorded bytes, and a joined body is what its segments say.
pub(crate) fn check(message: &Message) {
    let recorded = &message.recorded.bytes;
    for part in &message.parts {
        let (name, value) = (recorded.get(part.name.clone()), recorded.get(part.value.clone()));
        assert!(name.is_some() && value.is_some(), "{part:?} lies outside");
    }
    match &message.body {
        Body::None => {}
        Body::Range(range) => assert!(recorded.get(range.clone()).is_some(), "the body lies outside"),
        Body::Joined { bytes, segments } => check_joined(bytes, segments, recorded),
    }
}

fn check_joined(bytes: &[u8], segments: &[Segment], recorded: &[u8]) {
    let mut at = 0;
    for segment in segments {
        assert_eq!(segment.out, at, "a hole or an overlap in a joined body");
        at = segment.out_end();
        let from = &recorded[range(segment.start, segment.source_len)];
        if segment.fidelity == Fidelity::Exact {
            assert_eq!(&bytes[range(segment.out, segment.len)], from, "not what was recorded");
        }
    }
    assert_eq!(at, bytes.len() as u64, "bytes of unknown origin");
}

fn range(start: u64, len: u64) -> std::ops::Range<usize> {
    let start = usize::try_from(start).unwrap();
    start..start + usize::try_from(len).unwrap()
}

/// How many bytes a message stands for that are not those of the flow: it was written out, or decrypted.
fn stands_for(message: &Message) -> Option<u64> {
    let len = message.recorded.bytes.len() as u64;
    message.stands_for.or((!message.recorded.derived.is_empty()).then_some(len))
}

/// What was recorded of a message that was written out stands where its segments say, where that is in a frame.
fn check_places(message: &Message, given: &[(u8, u64)]) {
    for segment in &message.recorded.segments {
        if matches!(segment.source, Source::Frame { .. }) {
            let first = given.partition_point(|(_, place)| *place < segment.start);
            let out = usize::try_from(segment.out).unwrap();
            let len = usize::try_from(segment.len).unwrap();
            let bytes = given[first..first + len].iter().map(|(byte, _)| byte);
            assert!(bytes.eq(&message.recorded.bytes[out..out + len]), "bytes that do not stand there");
        }
    }
}

/// Joins the segments of what was recorded, and of what it was made from.
fn join(recorded: &mut Recorded) {
    merge(&mut recorded.segments);
    for derivation in &mut recorded.derived {
        let Derivation { step, len, fidelity, before, input, key } = &**derivation;
        let (step, fidelity, key, mut input) = (step.clone(), *fidelity, key.clone(), input.clone());
        merge(&mut input.segments);
        *derivation = Arc::new(Derivation { step, len: *len, fidelity, before: *before, input, key });
    }
}

/// Joins segments that follow each other: how the bytes were spread over calls does not matter.
fn merge(segments: &mut Vec<Segment>) {
    let mut merged: Vec<Segment> = Vec::new();
    for segment in segments.drain(..) {
        match merged.last_mut() {
            Some(last) if last.source == segment.source && last.start + last.len == segment.start => {
                last.len += segment.len;
                last.source_len += segment.len;
            }
            _ => merged.push(segment),
        }
    }
    *segments = merged;
}

pub(crate) fn side(sender: Sender) -> usize {
    usize::from(sender == Sender::Responder)
}

const MARK: [u8; 2] = [0xf5, 0xf6];
const SIDES: [Sender; 2] = [Sender::Originator, Sender::Responder];
