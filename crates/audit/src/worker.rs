//! A worker: packets to flows to messages, each heard by an [`Ear`] as soon as it is whole.

use std::{
    cell::RefCell,
    sync::{Arc, OnceLock},
};

use crossbeam_channel::Receiver;
use evidence::{Anomaly, Fate, FlowId, Layer};
use wire::{
    App, KeyRing, Message, Sender, StreamBuffer,
    flow::{Datagram, FlowInfo, FlowSink, FlowSummary, Flows, Limits, SinkFactory},
    quic::Paths,
    session::Session,
};

use crate::{
    conversation::Conversation,
    copies::{self, Inside, Part},
    entries,
    examine::Examiner,
    frames::Work,
    gather::Gathered,
    phone::Phone,
    records::Records,
};

/// Who hears the messages of every flow: the audit, which examines them, or an export, which writes them down.
pub(crate) trait Ear {
    /// What it remembers of one flow.
    type Memory;

    /// A flow begins.
    fn open(&mut self, flow: &FlowInfo) -> Self::Memory;

    /// A message of a flow.
    fn message(&mut self, conversation: &mut Conversation, memory: &mut Self::Memory, message: &Message);

    /// A flow is over, and was counted.
    fn close(&mut self, memory: Self::Memory);

    /// Where conversations are booked.
    fn books(&mut self) -> (&mut Gathered, &mut Records);
}

impl Ear for Examiner<'_> {
    type Memory = ();

    fn open(&mut self, _: &FlowInfo) {}

    fn message(&mut self, conversation: &mut Conversation, (): &mut (), message: &Message) {
        Examiner::message(self, conversation, message);
    }

    fn close(&mut self, (): ()) {}

    fn books(&mut self) -> (&mut Gathered, &mut Records) {
        (&mut self.gathered, &mut self.records)
    }
}

/// Lets `ear` hear every packet and entry that comes, until no more do.
pub(crate) fn work<E: Ear>(
    batches: &Receiver<Work>,
    (keys, phone): (&KeyRing, &OnceLock<Phone>),
    ear: E,
) -> E {
    let ear = RefCell::new(ear);
    let app = RefCell::new(None);
    let desk = Desk { ear: &ear, keys, phone, paths: Paths::default(), app: &app, inside: Inside::default() };
    let mut flows = Flows::new(desk, Limits::default());
    for work in batches {
        match work {
            Work::Several => flows.of_several_captures(),
            Work::Packets(batch) => {
                for (packet, frame) in &batch.packets {
                    app.replace(batch.apps.get(&packet.head.frame).cloned());
                    flows.push(packet, batch.chunk.get(frame.clone()).unwrap_or_default());
                }
            }
            Work::Entry(entry) => entries::hear(&entry, keys, &mut *ear.borrow_mut()),
        }
    }
    flows.finish();
    let late = flows.ledger().clone();
    drop(flows);
    let mut ear = ear.into_inner();
    ear.books().0.ledger.merge(&late);
    ear
}

/// Opens and closes conversations.
struct Desk<'w, E> {
    ear: &'w RefCell<E>,
    keys: &'w KeyRing,
    /// What the phone's files say; read before the first packet.
    phone: &'w OnceLock<Phone>,
    /// The QUIC connections that are open.
    paths: Paths,
    /// The app behind the packet at hand.
    app: &'w RefCell<Option<Arc<App>>>,
    /// What the devices inside say, of which there may be copies.
    inside: Inside,
}

impl<'w, E: Ear> SinkFactory for Desk<'w, E> {
    type Sink = Listener<'w, E>;

    fn open(&mut self, flow: &FlowInfo) -> Self::Sink {
        let mut ear = self.ear.borrow_mut();
        let gathered = ear.books().0;
        let mut conversation = Conversation::open(flow, gathered);
        if let Some(app) = &*self.app.borrow() {
            conversation.is_of(app, gathered);
        }
        if let Some(sender) = self.phone.get().and_then(|phone| phone.sender(flow)) {
            conversation.is_by(sender, gathered);
        }
        let memory = ear.open(flow);
        let session = Session::new(flow, self.keys).known_to(&self.paths, flow);
        Listener { session, conversation, memory, part: self.inside.open(flow), ear: self.ear }
    }

    fn home(&mut self, flow: &FlowInfo, first: &[u8]) -> Option<FlowId> {
        let home = self.paths.home(first)?;
        let detail = format!("{}, port {}", flow.originator.0, flow.originator.1);
        self.ear.borrow_mut().books().0.anomalies.add(Anomaly {
            layer: Layer::Quic,
            what: MOVED.into(),
            detail,
            capture: flow.id.capture,
            frame: Some(flow.id.frame),
            offset: None,
        });
        Some(home)
    }

    fn close(&mut self, flow: &FlowInfo, mut sink: Self::Sink, summary: FlowSummary) {
        sink.session.finish();
        sink.hear();
        self.paths.forget(flow.id);
        self.inside.close(flow, &sink.part);
        sink.settle();
        let mut ear = self.ear.borrow_mut();
        let (gathered, records) = ear.books();
        if let Part::Router(waiting) = &sink.part
            && waiting.copied > 0
        {
            let sides = [&summary.originator, &summary.responder];
            let bytes = match waiting.is_copy() {
                true => sides.iter().map(|side| side.delivered).sum(),
                false => waiting.copied,
            };
            gathered.ledger.add_pieces(Fate::Duplicate, copies::REASON, bytes, 1);
            if waiting.is_copy() {
                gathered.ledger.merge(&summary.ledger);
                return;
            }
        }
        let passed = sink.session.ledger();
        gathered.ledger.merge(&passed);
        sink.conversation.readings.encrypted = passed.bytes(Fate::Encrypted);
        sink.conversation.close(flow, summary, gathered, records);
        ear.close(sink.memory);
    }
}

/// Listens to one flow.
struct Listener<'w, E: Ear> {
    session: Session,
    conversation: Conversation,
    memory: E::Memory,
    part: Part,
    ear: &'w RefCell<E>,
}

impl<E: Ear> Listener<'_, E> {
    /// Hands on what the session has made of the bytes so far.
    fn hear(&mut self) {
        let output = self.session.output();
        if output.messages.is_empty() && output.anomalies.is_empty() {
            return;
        }
        let mut ear = self.ear.borrow_mut();
        // Taken, not drained: a flow that waits for its next message must not hold memory for the last one.
        for anomaly in std::mem::take(&mut output.anomalies) {
            ear.books().0.anomalies.add(anomaly);
        }
        for message in std::mem::take(&mut output.messages) {
            match &mut self.part {
                Part::Apart => {}
                Part::Own(said) => said.borrow_mut().add(&message),
                Part::Router(waiting) => {
                    for message in waiting.hear(message) {
                        ear.message(&mut self.conversation, &mut self.memory, &message);
                    }
                    continue;
                }
            }
            ear.message(&mut self.conversation, &mut self.memory, &message);
        }
    }

    /// The flow is over: what waited and is no copy is heard.
    fn settle(&mut self) {
        if let Part::Router(waiting) = &mut self.part {
            let mut ear = self.ear.borrow_mut();
            for message in waiting.finish() {
                ear.message(&mut self.conversation, &mut self.memory, &message);
            }
        }
    }
}

impl<E: Ear> FlowSink for Listener<'_, E> {
    fn data(&mut self, sender: Sender, stream: &mut StreamBuffer) {
        self.session.data(sender, stream);
        self.hear();
    }

    fn gap(&mut self, sender: Sender, len: u64, stream: &mut StreamBuffer) {
        self.session.gap(sender, len, stream);
        self.hear();
    }

    fn end(&mut self, sender: Sender, stream: &mut StreamBuffer) {
        self.session.end(sender, stream);
        self.hear();
    }

    fn datagram(&mut self, sender: Sender, datagram: Datagram<'_>) {
        self.session.datagram(sender, datagram);
        self.hear();
    }
}

/// What is said of a connection that moved.
const MOVED: &str = "peer goes on with a QUIC connection from another address";
