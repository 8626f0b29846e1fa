//! A worker: packets to flows to messages, each examined as soon as it is whole.

use std::cell::RefCell;

use crossbeam_channel::Receiver;
use wire::{
    KeyRing, Sender, StreamBuffer,
    flow::{Datagram, FlowInfo, FlowSink, FlowSummary, Flows, Limits, SinkFactory},
    session::Session,
};

use crate::{
    conversation::Conversation,
    examine::{Examiner, Wanted},
    frames::Batch,
    gather::Gathered,
    records::Records,
};

/// Examines every packet that comes, until no more do.
pub(crate) fn work(batches: &Receiver<Batch>, wanted: &Wanted, keys: &KeyRing, records: Records) -> Gathered {
    let examiner = RefCell::new(Examiner::new(wanted, records));
    let mut flows = Flows::new(Desk { examiner: &examiner, keys }, Limits::default());
    for batch in batches {
        for (packet, frame) in &batch.packets {
            flows.push(packet, batch.chunk.get(frame.clone()).unwrap_or_default());
        }
    }
    flows.finish();
    let late = flows.ledger().clone();
    drop(flows);
    let mut gathered = examiner.into_inner().finish();
    gathered.ledger.merge(&late);
    gathered
}

/// Opens and closes conversations.
struct Desk<'w, 'e> {
    examiner: &'w RefCell<Examiner<'e>>,
    keys: &'w KeyRing,
}

impl<'w, 'e> SinkFactory for Desk<'w, 'e> {
    type Sink = Listener<'w, 'e>;

    fn open(&mut self, flow: &FlowInfo) -> Self::Sink {
        let conversation = Conversation::open(flow, &mut self.examiner.borrow_mut().gathered);
        Listener { session: Session::new(flow, self.keys), conversation, examiner: self.examiner }
    }

    fn close(&mut self, flow: &FlowInfo, mut sink: Self::Sink, summary: FlowSummary) {
        sink.session.finish();
        sink.examine();
        let examiner = &mut *self.examiner.borrow_mut();
        let Examiner { gathered, records, .. } = examiner;
        gathered.ledger.merge(&sink.session.ledger());
        sink.conversation.close(flow, summary, gathered, records);
    }
}

/// Listens to one flow.
struct Listener<'w, 'e> {
    session: Session,
    conversation: Conversation,
    examiner: &'w RefCell<Examiner<'e>>,
}

impl Listener<'_, '_> {
    /// Examines what the session has made of the bytes so far.
    fn examine(&mut self) {
        let output = self.session.output();
        if output.messages.is_empty() && output.anomalies.is_empty() {
            return;
        }
        let mut examiner = self.examiner.borrow_mut();
        // Taken, not drained: a flow that waits for its next message must not hold memory for the last one.
        for anomaly in std::mem::take(&mut output.anomalies) {
            examiner.gathered.anomalies.add(anomaly);
        }
        for message in std::mem::take(&mut output.messages) {
            examiner.message(&mut self.conversation, &message);
        }
    }
}

impl FlowSink for Listener<'_, '_> {
    fn data(&mut self, sender: Sender, stream: &mut StreamBuffer) {
        self.session.data(sender, stream);
        self.examine();
    }

    fn gap(&mut self, sender: Sender, len: u64, stream: &mut StreamBuffer) {
        self.session.gap(sender, len, stream);
        self.examine();
    }

    fn end(&mut self, sender: Sender, stream: &mut StreamBuffer) {
        self.session.end(sender, stream);
        self.examine();
    }

    fn datagram(&mut self, sender: Sender, datagram: Datagram<'_>) {
        self.session.datagram(sender, datagram);
        self.examine();
    }
}
