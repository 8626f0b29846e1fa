//! Capture files through sessions with keys, and what was decrypted, decrypted again from what its derivations
//! say.

#![allow(dead_code, reason = "each test uses its part")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may stop where it is wrong"
)]

use std::sync::Arc;

use evidence::{Anomaly, CaptureId, Ledger, Source, Step};
use wire::{
    Derivation, Extract, KeyRing, Message, Session,
    capture::{Event, Fact, Progress, Reader, SecretsKind},
    flow::{FlowInfo, FlowSummary, Flows, Limits, SinkFactory},
    net::{Dissector, NetOutput},
};

/// What a capture's flows said.
#[derive(Default)]
pub(crate) struct Heard {
    pub(crate) messages: Vec<Message>,
    pub(crate) anomalies: Vec<Anomaly>,
    pub(crate) passed: Ledger,
    delivered: u64,
    keys: KeyRing,
}

impl SinkFactory for Heard {
    type Sink = Session;

    fn open(&mut self, flow: &FlowInfo) -> Session {
        Session::new(flow, &self.keys)
    }

    fn close(&mut self, _flow: &FlowInfo, mut session: Session, summary: FlowSummary) {
        self.delivered += summary.originator.delivered + summary.responder.delivered;
        self.messages.append(&mut session.output().messages);
        self.anomalies.append(&mut session.output().anomalies);
        self.passed.merge(&session.ledger());
    }
}

/// The messages of a capture file, decrypted with the keys of the ring and those inside the file. Fails where
/// bytes that a flow delivered are neither in a message nor passed over.
pub(crate) fn hear(file: &[u8], keys: &KeyRing) -> Heard {
    let (mut reader, mut dissector) = (Reader::new(CaptureId(0)), Dissector::new());
    let desk = Heard { keys: keys.clone(), ..Heard::default() };
    let mut flows = Flows::new(desk, Limits::default());
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
            Progress::Event { consumed, event } => {
                if let Event::Note(note) = &event
                    && let Fact::Secrets { kind: SecretsKind::TLS_KEY_LOG, start, bytes } = &note.fact
                {
                    keys.add_log(CaptureId(0), *start, 1, &[bytes, &b"\n"[..]].concat());
                }
                consumed
            }
            Progress::Skipped { consumed } => consumed,
            Progress::More { .. } | Progress::End => break,
        };
        rest = &rest[consumed..];
    }
    flows.finish();
    let heard = flows.into_factory();
    let told: u64 = heard.messages.iter().map(accounted).sum();
    assert_eq!(heard.delivered, told + heard.passed.total(), "bytes delivered, bytes in messages");
    heard
}

fn accounted(message: &Message) -> u64 {
    message.stands_for.unwrap_or(message.recorded.bytes.len() as u64)
}

/// Makes each recorded byte again from the files, and says how many went through a cipher.
pub(crate) fn prove(messages: &[Message], files: &[&[u8]]) -> u64 {
    let mut proved = 0;
    for message in messages.iter().filter(|message| !message.recorded.derived.is_empty()) {
        let recorded = message.recorded.clone();
        let bytes = recorded.bytes.clone();
        let extract = Extract::of(recorded, Step::Reassembly);
        assert_eq!(made(&extract, files), bytes, "{}", message.protocol);
        proved += bytes.len() as u64;
    }
    proved
}

fn made(extract: &Extract, files: &[&[u8]]) -> Vec<u8> {
    let mut bytes = vec![0; usize::try_from(extract.len).unwrap()];
    let made: Vec<_> = extract.derived.iter().map(|derivation| run(derivation, files)).collect();
    let mut at = 0;
    for segment in &extract.segments {
        assert_eq!(segment.out, at, "a hole");
        at = segment.out_end();
        let source = match segment.source {
            Source::Buffer(id) => &made[id.0 as usize],
            Source::Frame { capture, .. } => files[capture.0 as usize],
        };
        let [out, start, len] =
            [segment.out, segment.start, segment.len].map(|at| usize::try_from(at).unwrap());
        bytes[out..out + len].copy_from_slice(&source[start..start + len]);
    }
    assert_eq!(at, extract.len, "bytes of unknown origin");
    bytes
}

fn run(derivation: &Arc<Derivation>, files: &[&[u8]]) -> Vec<u8> {
    let input = made(&derivation.input, files);
    let most = usize::try_from(derivation.len).unwrap();
    match &derivation.step {
        Step::Decrypt(how) => {
            let secret = derivation.key.as_ref().map(|key| run(key, files)).unwrap_or_default();
            let bytes = wire::keys::decrypt(how, &secret, &input, most).unwrap_or_else(|| panic!("{how:?}"));
            assert_eq!(bytes.len(), most);
            bytes
        }
        _ => input,
    }
}
