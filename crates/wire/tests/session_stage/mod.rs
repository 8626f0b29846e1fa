//! A stage for sessions: plays a script to one, in any cut, and keeps the books.

#![allow(dead_code, reason = "each test uses its part")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop where it is wrong")]

use std::{collections::HashMap, sync::Arc};

use evidence::{Anomaly, CaptureId, FrameNo, Ledger, Segment, Source, Step, Timestamp, Transport};
pub(crate) use wire::Sender::{Originator, Responder};
use wire::{
    Body, Derivation, DnsHead, Ending, Head, KeyRing, Message, Recorded, Sender, Session, StreamBuffer,
    flow::{Datagram, FlowSink},
};

/// One event of a flow.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    Data(Sender, Vec<u8>),
    Gap(Sender, u64),
    Datagram(Sender, Vec<u8>),
}

/// The originator sends.
pub(crate) fn up(bytes: impl AsRef<[u8]>) -> Act {
    Act::Data(Originator, bytes.as_ref().to_vec())
}

/// The responder sends.
pub(crate) fn down(bytes: impl AsRef<[u8]>) -> Act {
    Act::Data(Responder, bytes.as_ref().to_vec())
}

/// What a session made of a script.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) messages: Vec<Message>,
    pub(crate) anomalies: Vec<Anomaly>,
    /// Bytes in no message.
    pub(crate) passed: Ledger,
}

impl Told {
    /// A line for each message, see [`line`].
    pub(crate) fn lines(&self) -> Vec<String> {
        self.messages.iter().map(line).collect()
    }

    /// The kinds of anomalies.
    pub(crate) fn odd(&self) -> Vec<&str> {
        self.anomalies.iter().map(|anomaly| &*anomaly.what).collect()
    }
}

/// Plays a script, each stretch of data at once, to a session on those ports, and closes it.
pub(crate) fn play(ports: [u16; 2], script: &[Act]) -> Told {
    play_cut(ports, script, |bytes| vec![bytes.len()])
}

/// Plays a script with each stretch of data cut into pieces of the lengths that `cut` gives.
///
/// Fails where a byte is not given out once, in order and with the place it was recorded at, or counted as
/// passed over.
pub(crate) fn play_cut(ports: [u16; 2], script: &[Act], cut: impl Fn(&[u8]) -> Vec<usize>) -> Told {
    let transport = match script.first() {
        Some(Act::Datagram(..)) => Transport::Udp,
        _ => Transport::Tcp,
    };
    let mut stage = Stage::new(Session::over(transport, ports, &KeyRing::default()));
    for act in script {
        stage.act(act, &cut);
    }
    stage.close()
}

/// Plays a script to a session, each stretch of data at once, and closes it.
pub(crate) fn play_to(session: Session, script: &[Act]) -> Told {
    let mut stage = Stage::new(session);
    script.iter().for_each(|act| stage.act(act, &|bytes: &[u8]| vec![bytes.len()]));
    stage.close()
}

/// Plays a script whole, byte by byte and in sevens, and fails where the sessions tell different things.
pub(crate) fn play_all(ports: [u16; 2], script: &[Act]) -> Told {
    let whole = play(ports, script);
    for size in [1, 7] {
        let split = play_cut(ports, script, |bytes| bytes.chunks(size).map(<[u8]>::len).collect());
        assert_eq!(whole.lines(), split.lines(), "cut into {size}");
        assert!(whole == split, "cut into {size}: something else than the lines differs");
    }
    whole
}

struct Stage {
    session: Session,
    streams: [StreamBuffer; 2],
    given: [Vec<(u8, u64)>; 2],
    place: u64,
    frame: u64,
    told: Told,
}

impl Stage {
    fn new(session: Session) -> Self {
        Self {
            session,
            streams: Default::default(),
            given: Default::default(),
            place: 1000,
            frame: 0,
            told: Told::default(),
        }
    }

    fn act(&mut self, act: &Act, cut: &impl Fn(&[u8]) -> Vec<usize>) {
        self.frame += 1;
        let time = Timestamp(i64::try_from(self.frame).unwrap());
        match act {
            Act::Data(sender, bytes) => {
                let mut rest = &bytes[..];
                for len in cut(bytes) {
                    let (piece, after) = rest.split_at(len);
                    rest = after;
                    let segment = self.give(*sender, piece);
                    let stream = &mut self.streams[index(*sender)];
                    stream.append(piece, [segment], time);
                    self.session.data(*sender, stream);
                    self.hear();
                }
                assert!(rest.is_empty());
            }
            Act::Gap(sender, len) => {
                let stream = &mut self.streams[index(*sender)];
                self.session.gap(*sender, *len, stream);
                assert!(stream.is_empty(), "bytes are left before a gap");
                stream.lose(*len);
            }
            Act::Datagram(sender, bytes) => {
                let segments = [self.give(*sender, bytes)];
                self.session.datagram(*sender, Datagram { bytes, segments: &segments, time, cut: 0 });
            }
        }
        self.hear();
    }

    fn give(&mut self, sender: Sender, bytes: &[u8]) -> Segment {
        let source = Source::Frame { capture: CaptureId(0), frame: FrameNo(self.frame) };
        let segment = Segment::exact(0, bytes.len() as u64, source, self.place);
        self.given[index(sender)].extend(bytes.iter().copied().zip(self.place..));
        self.place += bytes.len() as u64;
        segment
    }

    fn hear(&mut self) {
        let output = self.session.output();
        self.told.messages.append(&mut output.messages);
        self.told.anomalies.append(&mut output.anomalies);
        assert!(output.upgrade.is_none());
    }

    fn close(mut self) -> Told {
        for sender in [Originator, Responder] {
            let stream = &mut self.streams[index(sender)];
            self.session.end(sender, stream);
            assert!(stream.is_empty(), "bytes are left at the end");
            self.hear();
        }
        self.session.finish();
        self.hear();
        self.told.passed = self.session.ledger();
        let mut missing = 0;
        for sender in [Originator, Responder] {
            let sent = self.told.messages.iter().filter(|message| message.sender == sender);
            sent.clone().for_each(|message| check_places(message, &self.given[index(sender)]));
            let sent = sent.filter(|message| stands_for(message).is_none());
            // Control messages come between the pieces of others: the places are in order, messages may not be.
            let mut found: Vec<_> = sent.flat_map(|message| bytes_and_places(&message.recorded)).collect();
            found.sort_by_key(|(_, place)| *place);
            let mut found = found.into_iter().peekable();
            for byte in &self.given[index(sender)] {
                missing += u64::from(found.next_if_eq(byte).is_none());
            }
            assert!(found.next().is_none(), "{sender:?}: bytes are repeated or moved");
        }
        let stood: u64 = self.told.messages.iter().filter_map(stands_for).sum();
        assert_eq!(missing, self.told.passed.total() + stood, "bytes in no message, bytes passed over");
        let derived = self.told.messages.iter().any(|message| !message.recorded.derived.is_empty());
        let given = self.given.iter().flatten().filter(|_| derived);
        let sent: HashMap<_, _> = given.map(|(byte, place)| (*place, *byte)).collect();
        // Each is made again with all before it: of many, some will do.
        let step = 1 + self.told.messages.len() / 300;
        for (index, message) in self.told.messages.iter_mut().enumerate() {
            check(message);
            if index % step == 0 {
                check_made(message, &sent);
            }
            join(&mut message.recorded);
        }
        self.told
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

fn index(sender: Sender) -> usize {
    usize::from(sender == Responder)
}

/// Each byte with its place in the capture; none where they were made from others.
fn bytes_and_places(recorded: &Recorded) -> Vec<(u8, u64)> {
    if !recorded.derived.is_empty() {
        return Vec::new();
    }
    let places = recorded.segments.iter().flat_map(|segment| segment.start..segment.start + segment.len);
    let found: Vec<_> = recorded.bytes.iter().copied().zip(places).collect();
    assert_eq!(found.len(), recorded.bytes.len());
    found
}

/// Parts and body lie in the recorded bytes, and joined bodies are what their segments say.
fn check(message: &Message) {
    let recorded = &message.recorded.bytes;
    for part in &message.parts {
        assert!(
            recorded.get(part.name.clone()).is_some() && recorded.get(part.value.clone()).is_some(),
            "{part:?}"
        );
    }
    match &message.body {
        Body::None => {}
        Body::Range(range) => assert!(recorded.get(range.clone()).is_some()),
        Body::Joined { bytes, segments } => {
            let mut at = 0;
            for segment in segments {
                assert_eq!(segment.out, at, "a hole or an overlap in a joined body");
                at = segment.out_end();
                let source = &recorded[usize::try_from(segment.start).unwrap()..];
                let source = &source[..usize::try_from(segment.source_len).unwrap()];
                if segment.fidelity == evidence::Fidelity::Exact {
                    let out = usize::try_from(segment.out).unwrap()..usize::try_from(at).unwrap();
                    assert_eq!(&bytes[out], source);
                }
            }
            assert_eq!(at, bytes.len() as u64);
        }
    }
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

/// `>0 HTTP/1 GET /a host "body"`: direction, exchange, protocol, what it is, body; `~` where it was cut,
/// `+` where it goes on, `@` the position of a further piece.
pub(crate) fn line(message: &Message) -> String {
    let arrow = if message.sender == Originator { '>' } else { '<' };
    let what = match &message.head {
        Head::Http(head) if head.method.is_empty() => head.status.to_string(),
        Head::Http(head) => format!("{} {} {}", head.method, head.target, head.host),
        Head::Dns(DnsHead { response, questions, answers, .. }) => {
            format!("{response} {questions:?} {answers:?}")
        }
        Head::Dhcp(head) => format!("{} {} {} {}", head.kind, head.client, head.host_name, head.vendor_class),
        Head::Tls(head) if head.version == 0 => "tls".to_owned(),
        Head::Tls(head) => {
            format!("{:04x} {} {} {}", head.version, head.server_name, head.alpn.join(","), head.ja4)
        }
        Head::Named(head) => {
            let status = if head.status > 0 { head.status.to_string() } else { String::new() };
            let words = [&*head.method, &head.host, &head.target, &status];
            words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
        }
        Head::Raw => "raw".to_owned(),
    };
    let ending = match message.ending {
        Ending::Continued => "+",
        Ending::Cut => "~",
        Ending::Whole => "",
    };
    let position = if message.position > 0 { format!("@{}", message.position) } else { String::new() };
    let body = short(&body(message));
    format!("{arrow}{} {} {} {body}{ending}{position}", message.exchange, message.protocol, what.trim_end())
}

/// The bytes of a message's body.
pub(crate) fn body(message: &Message) -> Vec<u8> {
    match &message.body {
        Body::None => Vec::new(),
        Body::Range(range) => message.recorded.bytes[range.clone()].to_vec(),
        Body::Joined { bytes, .. } => bytes.clone(),
    }
}

/// Name and value of each part, as text.
pub(crate) fn parts(message: &Message) -> Vec<(String, String)> {
    let text = |range: &std::ops::Range<usize>| {
        String::from_utf8_lossy(&message.recorded.bytes[range.clone()]).into_owned()
    };
    message.parts.iter().map(|part| (text(&part.name), text(&part.value))).collect()
}

fn short(bytes: &[u8]) -> String {
    match bytes.len() {
        0..=60 => format!("\"{}\"", bytes.escape_ascii()),
        len => format!("({len} bytes)"),
    }
}
