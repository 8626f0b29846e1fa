//! What was decrypted of a connection, as a session of its own: HTTP in TLS, TLS in TLS, CoAP in DTLS.

use std::sync::Arc;

use evidence::{Timestamp, Transport};

use crate::{
    Derivation, Seal, Sender, Session, StreamBuffer,
    flow::FlowSink,
    protocol::{Context, Output, Received},
};

/// The session within a connection.
#[derive(Debug)]
pub(super) struct Inner {
    session: Session,
    originator: StreamBuffer,
    responder: StreamBuffer,
    /// The number of its first exchange among those of the connection.
    first_exchange: u32,
    /// The number behind its last one.
    next: u32,
    seal: Arc<Seal>,
}

impl Inner {
    /// A session within a connection of that context; `None` where too many lie around it already.
    pub(super) fn open(
        transport: Transport,
        context: &Context,
        first_exchange: u32,
        seal: Seal,
    ) -> Option<Self> {
        let seal = Arc::new(seal);
        let context = Context { seal: Some(Arc::clone(&seal)), ..context.clone() };
        let session = Session::within(transport, context);
        let (originator, responder) = Default::default();
        let next = first_exchange;
        let inner = Self { session, originator, responder, first_exchange, next, seal };
        (inner.session.depth() <= DEPTH).then_some(inner)
    }

    /// `sender` sent bytes that are `derivation`'s.
    pub(super) fn data(
        &mut self,
        sender: Sender,
        (bytes, derivation): (&[u8], Arc<Derivation>),
        time: Timestamp,
        out: &mut Output,
    ) {
        let stream = match sender {
            Sender::Originator => &mut self.originator,
            Sender::Responder => &mut self.responder,
        };
        stream.append_derived(bytes, derivation, 0, time);
        self.session.data(sender, stream);
        self.tell(out);
    }

    /// So many bytes of `sender` were lost, as far as that is known.
    pub(super) fn gap(&mut self, sender: Sender, len: u64, out: &mut Output) {
        let stream = match sender {
            Sender::Originator => &mut self.originator,
            Sender::Responder => &mut self.responder,
        };
        let len = len.max(1);
        self.session.gap(sender, len, stream);
        stream.lose(len);
        self.tell(out);
    }

    /// No more comes from `sender`.
    pub(super) fn end(&mut self, sender: Sender, out: &mut Output) {
        let stream = match sender {
            Sender::Originator => &mut self.originator,
            Sender::Responder => &mut self.responder,
        };
        self.session.end(sender, stream);
        self.tell(out);
    }

    /// `sender` sent a datagram.
    pub(super) fn datagram(&mut self, sender: Sender, datagram: Received, out: &mut Output) {
        self.session.receive(sender, datagram);
        self.tell(out);
    }

    /// No more datagrams come.
    pub(super) fn finish(&mut self, out: &mut Output) {
        self.session.finish();
        self.tell(out);
    }

    /// What now lies around it: another suite, after a renegotiation.
    pub(super) fn reseal(&mut self, version: u16, suite: u16) {
        if self.seal.suite != suite || self.seal.version != u32::from(version) {
            let seal = Seal { version: version.into(), suite, ..(*self.seal).clone() };
            self.seal = Arc::new(seal);
        }
    }

    /// The number behind its last exchange.
    pub(super) fn next(&self) -> u32 {
        self.next
    }

    /// Gives out what it told.
    fn tell(&mut self, out: &mut Output) {
        let told = self.session.output();
        for message in &told.messages {
            let number = message.exchange.saturating_add(self.first_exchange);
            self.next = self.next.max(number.saturating_add(1));
        }
        out.absorb(told, self.first_exchange, Some(&self.seal));
    }
}

/// Most seals around a session.
const DEPTH: usize = 4;
