//! A capture file through reader, dissector, flows and sessions, each stage held to its account: what it was
//! given is what it hands on and what stands in its ledger. Every byte of a message stands in the file where
//! its segments say.

use evidence::{CaptureId, Source};
use wire::{
    KeyRing, Message, Session,
    capture::{Event, Progress, Reader},
    flow::{FlowInfo, FlowSummary, Flows, Limits, SinkFactory},
    net::{Dissector, NetOutput},
};

use crate::session;

pub(crate) fn packets(file: &[u8]) {
    let narrow = Limits { flows: 3, held_bytes: 4000, held_pieces: 3, ..Limits::default() };
    for limits in [Limits::default(), narrow] {
        for message in messages(file, limits) {
            session::check(&message);
            check_source(&message, file);
        }
    }
}

fn messages(file: &[u8], limits: Limits) -> Vec<Message> {
    let (mut reader, mut dissector) = (Reader::new(CaptureId(0)), Dissector::new());
    let mut flows = Flows::new(Desk::default(), limits);
    let (mut rest, mut out) = (file, NetOutput::default());
    let (mut framed, mut pushed) = (0, 0);
    loop {
        let consumed = match reader.read(rest, true) {
            Progress::Event { consumed, event: Event::Frame(frame) } => {
                framed += frame.data.len() as u64;
                let first = dissector.dissect(&frame, &mut out);
                for packet in first.into_iter().chain(out.more.drain(..)) {
                    pushed += packet.payload.bytes(frame.data).len() as u64;
                    flows.push(&packet, frame.data);
                }
                consumed
            }
            Progress::Event { consumed, .. } | Progress::Skipped { consumed } => consumed,
            Progress::More { .. } | Progress::End => break,
        };
        rest = &rest[consumed..];
    }
    dissector.finish(&mut out);
    assert_eq!(dissector.ledger().total() + pushed, framed, "frames, headers and payload");
    flows.finish();
    let late = flows.ledger().total();
    let desk = flows.into_factory();
    assert_eq!(desk.payload + late, pushed, "payload, flows");
    desk.messages
}

/// Opens sessions, and keeps the books when they close.
#[derive(Default)]
struct Desk {
    messages: Vec<Message>,
    /// Bytes of payload that the flows were given.
    payload: u64,
}

impl SinkFactory for Desk {
    type Sink = Session;

    fn open(&mut self, flow: &FlowInfo) -> Session {
        Session::new(flow, &KeyRing::default())
    }

    fn close(&mut self, _flow: &FlowInfo, mut session: Session, summary: FlowSummary) {
        let messages = &mut session.output().messages;
        let stood = |message: &Message| message.stands_for.unwrap_or(message.recorded.bytes.len() as u64);
        let recorded: u64 = messages.iter().map(stood).sum();
        let delivered = summary.originator.delivered + summary.responder.delivered;
        self.messages.append(messages);
        assert_eq!(recorded + session.ledger().total(), delivered, "delivered, in messages or passed over");
        let given = summary.originator.payload + summary.responder.payload;
        assert_eq!(delivered + summary.ledger.total(), given, "given, delivered or not");
        self.payload += given;
    }
}

/// What was made from other bytes (decrypted, decompressed) is held to its own law by the sessions' targets.
fn check_source(message: &Message, file: &[u8]) {
    if !message.recorded.derived.is_empty() || message.stands_for.is_some() {
        return;
    }
    let mut at = 0;
    for segment in &message.recorded.segments {
        assert_eq!((segment.out, segment.source_len), (at, segment.len), "segments have holes");
        assert!(matches!(segment.source, Source::Frame { .. }));
        at = segment.out_end();
        let range = |start: u64| {
            let start = usize::try_from(start).unwrap();
            start..start + usize::try_from(segment.len).unwrap()
        };
        assert_eq!(message.recorded.bytes[range(segment.out)], file[range(segment.start)]);
    }
    assert_eq!(at, message.recorded.bytes.len() as u64, "segments are short");
}
