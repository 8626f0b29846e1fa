//! What `wire` makes of a capture: HTTP exchanges as they were said.

use std::collections::BTreeMap;

use evidence::{Anomaly, CaptureId, Fate, Ledger};
use wire::{
    Body, Ending, Head, HttpHead, KeyRing, Message, Role, Seal, Sender, Session,
    capture::{Event, Progress, Reader},
    flow::{FlowInfo, FlowSummary, Flows, Limits, SinkFactory},
    net::{Dissector, NetOutput},
};

/// What the flows of a capture said.
#[derive(Default)]
pub(crate) struct Heard {
    pub(crate) exchanges: Vec<Exchange>,
    pub(crate) anomalies: Vec<Anomaly>,
    pub(crate) passed: Ledger,
    keys: KeyRing,
}

/// An HTTP request and its response.
#[derive(Clone, Debug, Default)]
pub(crate) struct Exchange {
    pub(crate) request: Told,
    pub(crate) response: Told,
}

/// One side's message.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told {
    pub(crate) protocol: &'static str,
    pub(crate) head: HttpHead,
    /// Header and trailer fields, names in lower case.
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// The bytes as recorded.
    pub(crate) raw: Vec<u8>,
    pub(crate) whole: bool,
    pub(crate) seal: Option<Seal>,
}

impl Heard {
    /// The one exchange with that target.
    pub(crate) fn of(&self, target: &str) -> &Exchange {
        let found: Vec<_> =
            self.exchanges.iter().filter(|exchange| exchange.request.head.target == target).collect();
        let [exchange] = found[..] else { panic!("{} exchanges with {target}", found.len()) };
        exchange
    }

    /// Why bytes stayed encrypted, and how many.
    pub(crate) fn sealed(&self) -> Vec<(String, u64)> {
        let rows = self.passed.rows().into_iter().filter(|row| row.fate == Fate::Encrypted);
        rows.map(|row| (row.reason, row.bytes)).collect()
    }
}

impl SinkFactory for Heard {
    type Sink = Session;

    fn open(&mut self, flow: &FlowInfo) -> Session {
        Session::new(flow, &self.keys)
    }

    fn close(&mut self, _flow: &FlowInfo, mut session: Session, _summary: FlowSummary) {
        let mut exchanges: BTreeMap<u32, Exchange> = BTreeMap::new();
        for message in session.output().messages.drain(..) {
            if let Head::Http(head) = &message.head
                && !(100..200).contains(&head.status)
                && message.protocol != "SSDP"
            {
                let exchange = exchanges.entry(message.exchange).or_default();
                let side = match message.sender {
                    Sender::Originator => &mut exchange.request,
                    Sender::Responder => &mut exchange.response,
                };
                side.hear(&message, head);
            }
        }
        self.exchanges.extend(exchanges.into_values());
        self.anomalies.append(&mut session.output().anomalies);
        self.passed.merge(&session.ledger());
    }
}

impl Told {
    /// Hears a message, or a further piece of it.
    fn hear(&mut self, message: &Message, head: &HttpHead) {
        let bytes = &message.recorded.bytes;
        if message.position == 0 {
            assert!(self.raw.is_empty(), "two messages in one exchange: {:?} and {head:?}", self.head);
            self.protocol = message.protocol;
            self.head = head.clone();
            self.seal = message.seal.as_deref().cloned();
        }
        assert_eq!(message.position, self.body.len() as u64, "a hole in the body");
        let text =
            |range: &std::ops::Range<usize>| String::from_utf8_lossy(&bytes[range.clone()]).into_owned();
        let fields = message.parts.iter().filter(|part| part.role == Role::Header);
        self.fields.extend(fields.map(|part| (text(&part.name).to_lowercase(), text(&part.value))));
        match &message.body {
            Body::None => {}
            Body::Joined { bytes, .. } => self.body.extend(bytes),
            Body::Range(range) => self.body.extend(&bytes[range.clone()]),
        }
        self.raw.extend(bytes);
        self.whole = message.ending == Ending::Whole;
    }

    /// Its fields without HTTP/2's and HTTP/3's pseudo-header fields, in the order of their names.
    pub(crate) fn sorted_fields(&self) -> Vec<(String, String)> {
        let mut fields = self.fields.clone();
        fields.retain(|(name, _)| !name.starts_with(':'));
        fields.sort();
        fields
    }
}

/// Listens to a capture with the keys of a key log or, where there is a private key, with that.
pub(crate) fn hear(file: &[u8], log: &[u8], private: Option<&[u8]>) -> Heard {
    let keys = KeyRing::default();
    assert_eq!(keys.add_log(CaptureId(1), 0, 1, &[log, b"\n"].concat()).odd, 0, "lines of the key log");
    if let Some(private) = private {
        keys.add_private_key(CaptureId(2), private).unwrap();
    }
    let (mut reader, mut dissector) = (Reader::new(CaptureId(0)), Dissector::new());
    let mut flows = Flows::new(Heard { keys, ..Heard::default() }, Limits::default());
    let mut rest = file;
    loop {
        let consumed = match reader.read(rest, true) {
            Progress::Event { consumed, event } => {
                if let Event::Frame(frame) = event {
                    let mut out = NetOutput::default();
                    let packet = dissector.dissect(&frame, &mut out);
                    packet.iter().chain(&out.more).for_each(|packet| flows.push(packet, frame.data));
                }
                consumed
            }
            Progress::Skipped { consumed } => consumed,
            Progress::More { .. } | Progress::End => break,
        };
        rest = &rest[consumed..];
    }
    flows.finish();
    flows.into_factory()
}
