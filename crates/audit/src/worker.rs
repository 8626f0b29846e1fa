//! A worker: packets to flows to messages, each examined as soon as it is whole.

use std::{cell::RefCell, sync::Arc};

use crossbeam_channel::Receiver;
use wire::{
    App, KeyRing, Sender, StreamBuffer,
    flow::{Datagram, FlowInfo, FlowSink, FlowSummary, Flows, Limits, SinkFactory},
    session::Session,
};

use crate::{
    conversation::Conversation,
    entries,
    examine::{Examiner, Wanted},
    frames::Work,
    gather::Gathered,
    records::Records,
};

/// Examines every packet and entry that comes, until no more do.
pub(crate) fn work(batches: &Receiver<Work>, wanted: &Wanted, keys: &KeyRing, records: Records) -> Gathered {
    let examiner = RefCell::new(Examiner::new(wanted, records));
    let app = RefCell::new(None);
    let mut flows = Flows::new(Desk { examiner: &examiner, keys, app: &app }, Limits::default());
    for work in batches {
        match work {
            Work::Packets(batch) => {
                for (packet, frame) in &batch.packets {
                    app.replace(batch.apps.get(&packet.head.frame).cloned());
                    flows.push(packet, batch.chunk.get(frame.clone()).unwrap_or_default());
                }
            }
            Work::Entry(entry) => entries::examine(&entry, keys, &mut examiner.borrow_mut()),
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
    /// The app behind the packet at hand.
    app: &'w RefCell<Option<Arc<App>>>,
}

impl<'w, 'e> SinkFactory for Desk<'w, 'e> {
    type Sink = Listener<'w, 'e>;

    fn open(&mut self, flow: &FlowInfo) -> Self::Sink {
        let gathered = &mut self.examiner.borrow_mut().gathered;
        let mut conversation = Conversation::open(flow, gathered);
        if let Some(app) = &*self.app.borrow() {
            conversation.is_of(app, gathered);
        }
        Listener { session: Session::new(flow, self.keys), conversation, examiner: self.examiner }
    }

    fn close(&mut self, flow: &FlowInfo, mut sink: Self::Sink, summary: FlowSummary) {
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
