//! Files of flows: their entries one after another, and each as a conversation.

use std::{
    io::{self, Read},
    ops::ControlFlow,
};

use evidence::CaptureId;
use wire::{
    KeyRing, Message, Sender,
    entries::{Entry, Event, Format, Reader, RecordedFlow},
    flow::{FlowSummary, SideSummary},
};

use crate::{conversation::Conversation, input::fill, worker::Ear};

/// Calls `each` with every entry of a file until it says stop.
pub(crate) fn each_entry(
    capture: CaptureId,
    format: Format,
    bytes: &mut dyn Read,
    mut each: impl FnMut(Entry) -> ControlFlow<()>,
) -> io::Result<()> {
    let mut reader = Reader::new(capture, format);
    let mut window = vec![0; WINDOW];
    let mut events = Vec::new();
    loop {
        let (count, read) = fill(bytes, &mut window);
        reader.push(window.get(..count).unwrap_or_default(), &mut events);
        let ended = count < window.len();
        if ended {
            reader.finish(&mut events);
        }
        for event in events.drain(..) {
            if let Event::Entry(entry) = event
                && each(entry).is_break()
            {
                return Ok(());
            }
        }
        if ended {
            return read;
        }
    }
}

/// Lets `ear` hear an entry: a conversation of its own, however many there were with the same server.
pub(crate) fn hear<E: Ear>(entry: &Entry, keys: &KeyRing, ear: &mut E) {
    let flow = entry.read(keys);
    let gathered = ear.books().0;
    flow.anomalies.iter().for_each(|anomaly| gathered.anomalies.add(anomaly.clone()));
    if flow.unread > 0 {
        let sum = gathered.unread.entry(entry.capture).or_default();
        *sum = sum.saturating_add(flow.unread);
    }
    if flow.says_nothing() {
        return gathered.ledger.merge(&flow.ledger);
    }
    let mut conversation = Conversation::recorded(&flow, gathered);
    let mut memory = ear.open(&flow.info);
    for message in &flow.messages {
        ear.message(&mut conversation, &mut memory, message);
    }
    let (gathered, records) = ear.books();
    conversation.close(&flow.info, summary(&flow), gathered, records);
    ear.close(memory);
}

/// What is to be said of the flow when it is over.
fn summary(flow: &RecordedFlow) -> FlowSummary {
    let side = |sender: Sender, counted: u64| {
        let messages = flow.messages.iter().filter(|message| message.sender == sender);
        let said: u64 = messages.map(|message: &Message| message.recorded.bytes.len() as u64).sum();
        SideSummary { payload: counted.max(said), ..SideSummary::default() }
    };
    FlowSummary {
        originator: side(Sender::Originator, flow.counted[0]),
        responder: side(Sender::Responder, flow.counted[1]),
        first: flow.info.first,
        last: flow.last,
        ledger: flow.ledger.clone(),
        ..FlowSummary::default()
    }
}

/// How much of a file is read at a time.
const WINDOW: usize = 1 << 18;
