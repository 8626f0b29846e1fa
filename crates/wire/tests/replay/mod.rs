//! Capture files with their secrets through flows and sessions, and every byte of every message made again from
//! the file: a trail that cannot be followed fails the test.

#![allow(clippy::expect_used, reason = "a test may stop where it is wrong")]
#![allow(dead_code, reason = "each test uses its part")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop where it is wrong")]

use std::collections::HashMap;

use evidence::{Anomaly, CaptureId, Ledger, Segment, Source, Step};
use wire::{
    Derivation, Extract, KeyRing, Message, Session,
    capture::{Event, Fact, Progress, Reader, SecretsKind},
    flow::{FlowInfo, FlowSummary, Flows, Limits, SinkFactory},
    net::{Dissector, NetOutput},
};

/// What the sessions of a capture told.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) messages: Vec<Message>,
    pub(crate) anomalies: Vec<Anomaly>,
    pub(crate) passed: Ledger,
}

struct Desk {
    keys: KeyRing,
    told: Told,
    /// Bytes that the flows delivered, and bytes in messages or passed over.
    books: [u64; 2],
}

impl SinkFactory for Desk {
    type Sink = Session;

    fn open(&mut self, flow: &FlowInfo) -> Session {
        Session::new(flow, &self.keys)
    }

    fn close(&mut self, _flow: &FlowInfo, mut session: Session, summary: FlowSummary) {
        let ledger = session.ledger();
        let output = session.output();
        let stands = |message: &Message| message.stands_for.unwrap_or(message.recorded.bytes.len() as u64);
        self.books[0] += summary.originator.delivered + summary.responder.delivered;
        self.books[1] += output.messages.iter().map(stands).sum::<u64>() + ledger.total();
        self.told.passed.merge(&ledger);
        self.told.messages.append(&mut output.messages);
        self.told.anomalies.append(&mut output.anomalies);
    }
}

/// What a capture file tells with the secrets in it, and in a key log. Fails where a byte that a flow delivered
/// is not accounted for, or one of a message is not what its trail leads to.
pub(crate) fn told(file: &[u8], log: &[u8]) -> Told {
    let keys = KeyRing::default();
    keys.add_log(LOG, 0, 1, log);
    let (mut reader, mut dissector) = (Reader::new(CaptureId(0)), Dissector::new());
    let mut flows =
        Flows::new(Desk { keys: keys.clone(), told: Told::default(), books: [0; 2] }, Limits::default());
    let mut rest = file;
    loop {
        let consumed = match reader.read(rest, true) {
            Progress::Event { consumed, event: Event::Frame(frame) } => {
                let mut out = NetOutput::default();
                let packet = dissector.dissect(&frame, &mut out);
                for packet in packet.iter().chain(&out.more) {
                    flows.push(packet, frame.data);
                }
                consumed
            }
            Progress::Event { consumed, event: Event::Note(note) } => {
                if let Fact::Secrets { kind: SecretsKind::TLS_KEY_LOG, start, bytes } = note.fact {
                    keys.add_log(CaptureId(0), start, 1, &[&bytes[..], b"\n"].concat());
                }
                consumed
            }
            Progress::Event { consumed, .. } | Progress::Skipped { consumed } => consumed,
            Progress::More { .. } | Progress::End => break,
        };
        rest = &rest[consumed..];
    }
    flows.finish();
    let desk = flows.into_factory();
    assert_eq!(
        desk.books[0], desk.books[1],
        "bytes delivered, bytes in messages or passed: {:?}",
        desk.told.passed
    );
    let mut replay =
        Replay { files: HashMap::from([(CaptureId(0), file), (LOG, log)]), made: HashMap::new() };
    for message in &desk.told.messages {
        replay.check(message);
    }
    desk.told
}

/// Makes bytes again from files.
pub(crate) struct Replay<'a> {
    pub(crate) files: HashMap<CaptureId, &'a [u8]>,
    pub(crate) made: HashMap<*const Derivation, Vec<u8>>,
}

impl Replay<'_> {
    pub(crate) fn check(&mut self, message: &Message) {
        let recorded = &message.recorded;
        let found = self.gathered(&recorded.segments, &recorded.derived, recorded.bytes.len());
        for (at, (byte, found)) in recorded.bytes.iter().zip(&found).enumerate() {
            assert!(
                found.is_none_or(|found| found == *byte),
                "byte {at} of {} {:?}",
                message.protocol,
                message.head
            );
        }
        let covered = found.iter().flatten().count() as u64;
        assert!(covered > 0 || recorded.bytes.is_empty() || message.stands_for.is_some());
    }

    fn gathered(
        &mut self,
        segments: &[Segment],
        derived: &[std::sync::Arc<Derivation>],
        len: usize,
    ) -> Vec<Option<u8>> {
        let mut out = vec![None; len];
        for segment in segments {
            let source = match segment.source {
                Source::Frame { capture, .. } => self.files[&capture].to_vec(),
                Source::Buffer(id) => self.made(&derived[id.0 as usize]),
            };
            let start = usize::try_from(segment.start).unwrap();
            let bytes = &source[start..start + usize::try_from(segment.len).unwrap()];
            for (place, byte) in out[usize::try_from(segment.out).unwrap()..].iter_mut().zip(bytes) {
                *place = Some(*byte);
            }
        }
        out
    }

    fn extract(&mut self, extract: &Extract) -> Vec<u8> {
        let found = self.gathered(&extract.segments, &extract.derived, usize::try_from(extract.len).unwrap());
        found.into_iter().map(|byte| byte.expect("an input that is known")).collect()
    }

    fn made(&mut self, derivation: &Derivation) -> Vec<u8> {
        if let Some(made) = self.made.get(&std::ptr::from_ref(derivation)) {
            return made.clone();
        }
        let input = self.extract(&derivation.input);
        let len = usize::try_from(derivation.len).unwrap();
        let made = match &derivation.step {
            Step::Decrypt(how) => {
                let secret = derivation.key.as_ref().map(|key| self.made(key)).unwrap_or_default();
                wire::keys::decrypt(how, &secret, &input, len).expect("a decryption that can be done again")
            }
            Step::Decode(name) => wire::replay(name, &input, len).expect("a decoder that is known"),
            _ => input,
        };
        assert_eq!(made.len(), len, "{:?}", derivation.step);
        self.made.insert(std::ptr::from_ref(derivation), made.clone());
        made
    }
}

/// The key log beside the capture.
pub(crate) const LOG: CaptureId = CaptureId(1);
