//! Capture files through reader, dissector, flows and sessions.

#![allow(clippy::indexing_slicing, reason = "a test may stop where it is wrong")]

use evidence::CaptureId;
use wire::{
    KeyRing, Message, Session,
    capture::{Event, Progress, Reader},
    flow::{FlowInfo, FlowSummary, Flows, Limits, SinkFactory},
    net::{Dissector, NetOutput},
};

/// Opens sessions and gathers what they tell.
#[derive(Default)]
struct Desk {
    messages: Vec<Message>,
    /// Bytes that the flows delivered, and bytes in messages or passed over.
    books: [u64; 2],
}

impl SinkFactory for Desk {
    type Sink = Session;

    fn open(&mut self, flow: &FlowInfo) -> Session {
        Session::new(flow, &KeyRing::default())
    }

    fn close(&mut self, _flow: &FlowInfo, mut session: Session, summary: FlowSummary) {
        session.finish();
        let messages = &mut session.output().messages;
        let stands_for =
            |message: &Message| message.stands_for.unwrap_or(message.recorded.bytes.len() as u64);
        let recorded = messages.iter().map(stands_for).sum::<u64>();
        self.books[0] += summary.originator.delivered + summary.responder.delivered;
        self.messages.append(messages);
        self.books[1] += recorded + session.ledger().total();
    }
}

/// The messages of a capture file. Fails where a byte that a flow delivered is not in one of them.
pub(crate) fn messages(file: &[u8]) -> Vec<Message> {
    let (mut reader, mut dissector) = (Reader::new(CaptureId(0)), Dissector::new());
    let mut flows = Flows::new(Desk::default(), Limits::default());
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
            Progress::Event { consumed, .. } | Progress::Skipped { consumed } => consumed,
            Progress::More { .. } | Progress::End => break,
        };
        rest = &rest[consumed..];
    }
    flows.finish();
    let desk = flows.into_factory();
    assert_eq!(desk.books[0], desk.books[1], "bytes delivered, bytes in messages");
    desk.messages
}
