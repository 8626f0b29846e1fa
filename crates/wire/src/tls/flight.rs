//! Records in the clear to one message: what a side says before the other's turn, or before it encrypts.
//!
//! A flight waits in its stream until it is over. A handshake message that lies in several records is put
//! together in the message's body; where none does, the message has no body, and what it says stands in the
//! bytes as recorded.

use std::ops::Range;

use evidence::{BufferId, Layer, Segment, Source, Step};

use super::{
    certificate,
    handshake::{self, Handshake, HandshakeType},
    hello::{Carrier, ClientHello, ServerHello, chosen},
    record::{ContentType, RecordHeader},
};
use crate::{
    Body, Ending, Head, Message, Part, Recorded, Role, Sender, StreamBuffer, TlsHead, protocol::Output,
};

/// The records of a flight so far.
#[derive(Debug, Default)]
pub(super) struct Flight {
    /// The flight's bytes in the stream, record headers included.
    len: usize,
    /// The contents of its handshake records.
    handshake: Vec<u8>,
    /// Where those stand in the flight.
    fragments: Vec<Segment>,
    /// How many bytes of `handshake` are whole messages.
    whole: usize,
    /// How many of those were asked for.
    heard: usize,
    /// Whether a message lies in several records.
    spread: bool,
    alert: Option<[u8; 2]>,
    /// The hello is one that is compatible with SSL 2.
    old: bool,
    /// Nothing more belongs to it.
    pub(super) over: bool,
    /// A server hello after which all is encrypted.
    pub(super) seals: bool,
    /// It asks: it holds a client hello.
    pub(super) asks: bool,
}

/// Where a flight's message belongs, and how it ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Placing {
    pub(super) protocol: &'static str,
    pub(super) sender: Sender,
    pub(super) exchange: u32,
    pub(super) ending: Ending,
}

impl Flight {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether a handshake message has begun and not ended.
    pub(super) fn awaits(&self) -> bool {
        self.whole < self.handshake.len()
    }

    /// Adds a record: its header, and the bytes behind it, of which the last ones may be missing.
    pub(super) fn add(&mut self, header: RecordHeader, content: &[u8]) {
        let start = self.len.saturating_add(RecordHeader::LEN);
        self.len = start.saturating_add(content.len());
        match (header.content, content) {
            (ContentType::HANDSHAKE, _) => self.add_handshake(start, content),
            (ContentType::ALERT, [level, description]) => {
                self.alert = Some([*level, *description]);
                self.over = true;
            }
            _ => self.over = true,
        }
        self.over |= self.handshake.len() > handshake::MESSAGE && !self.awaits();
        self.over |= self.len > FLIGHT || self.fragments.len() > FRAGMENTS;
    }

    /// Adds a hello that is compatible with SSL 2, of `len` bytes: `message`, and two before it.
    pub(super) fn add_old(&mut self, len: usize, message: &[u8]) {
        self.len = len;
        self.handshake.extend_from_slice(message);
        self.whole = self.handshake.len();
        (self.old, self.over, self.asks) = (true, true, true);
    }

    /// Adds bytes that are less than a record's header.
    pub(super) fn add_rest(&mut self, len: usize) {
        self.len = self.len.saturating_add(len);
    }

    fn add_handshake(&mut self, start: usize, content: &[u8]) {
        self.spread |= self.awaits() && !content.is_empty();
        let out = self.handshake.len() as u64;
        let source = Source::Buffer(BufferId(0));
        if !content.is_empty() {
            self.fragments.push(Segment::exact(out, content.len() as u64, source, start as u64));
        }
        self.handshake.extend_from_slice(content);
        while let Some(message) =
            handshake::messages(self.handshake.get(self.whole..).unwrap_or_default()).next()
        {
            if !message.whole {
                break;
            }
            let (kind, len) = (message.kind, message.body.len());
            if kind == HandshakeType::SERVER_HELLO {
                self.seals |= ServerHello::read(message.body).seals();
            }
            self.whole = self.whole.saturating_add(handshake::HEADER).saturating_add(len);
            self.asks |= kind == HandshakeType::CLIENT_HELLO;
            // A request for a hello, and those after which it is the other side's turn.
            self.over |= matches!(
                kind,
                HandshakeType(0) | HandshakeType::CLIENT_HELLO | HandshakeType::SERVER_HELLO_DONE
            );
        }
        self.over &= !self.awaits();
    }

    /// The messages that have become whole since the last call, one behind the other.
    pub(super) fn fresh(&mut self) -> &[u8] {
        let from = std::mem::replace(&mut self.heard, self.whole);
        self.handshake.get(from..self.whole).unwrap_or_default()
    }

    /// Takes the flight out of its stream.
    pub(super) fn give(self, placing: Placing, stream: &mut StreamBuffer, out: &mut Output) {
        let recorded = stream.take(self.len);
        let (head, name) = self.read(&recorded, out);
        let name = name.filter(|_| !self.spread).and_then(|range| self.place(range));
        let part = name.map(|value| Part { role: Role::HostName, name: 0..0, value });
        out.messages.push(Message {
            protocol: placing.protocol,
            sender: placing.sender,
            exchange: placing.exchange,
            recorded,
            step: Step::Reassembly,
            parts: part.into_iter().collect(),
            body: if self.spread {
                Body::Joined { bytes: self.handshake, segments: self.fragments }
            } else {
                Body::None
            },
            head: Head::Tls(Box::new(head)),
            ending: placing.ending,
            position: 0,
            seal: None,
            stands_for: None,
        });
    }

    /// What its messages say, and where in the handshake's bytes the server's name stands.
    fn read(&self, recorded: &Recorded, out: &mut Output) -> (TlsHead, Option<Range<usize>>) {
        let mut notes = Notes { recorded, out };
        if let Some(alert) = self.alert {
            notes.alert(alert);
        }
        if self.old {
            return (ClientHello::read_old(&self.handshake).head(Carrier::Stream), None);
        }
        let mut said = Said::default();
        for message in handshake::messages(&self.handshake) {
            said.add(&message, Carrier::Stream, &mut notes);
        }
        (said.head, said.name)
    }

    /// A range of the handshake's bytes in the flight, where it lies in one record.
    fn place(&self, range: Range<usize>) -> Option<Range<usize>> {
        let (start, end) = (range.start as u64, range.end as u64);
        let holds = |segment: &&Segment| segment.out <= start && end <= segment.out_end();
        let segment = self.fragments.iter().find(holds)?;
        let start = usize::try_from(segment.start.saturating_add(start.saturating_sub(segment.out))).ok()?;
        Some(start..start.saturating_add(range.len()))
    }
}

/// What handshake messages say together.
#[derive(Debug, Default)]
pub(crate) struct Said {
    pub(crate) head: TlsHead,
    /// Where the server's name stands in the bytes that the messages were read from.
    pub(crate) name: Option<Range<usize>>,
    /// The messages are those of TLS 1.3 behind its hellos.
    pub(crate) newer: bool,
}

impl Said {
    /// Adds what a message says.
    pub(crate) fn add(&mut self, message: &Handshake<'_>, carrier: Carrier, notes: &mut Notes<'_>) {
        match message.kind {
            HandshakeType::CLIENT_HELLO => {
                let hello = ClientHello::read(message.body, carrier);
                notes.hello(message, hello.whole);
                let at = |range: Range<usize>| {
                    range.start.saturating_add(message.at)..range.end.saturating_add(message.at)
                };
                self.name = hello.server_name().map(|(range, _)| at(range)).filter(|range| !range.is_empty());
                self.hello(hello.head(carrier));
            }
            HandshakeType::SERVER_HELLO => {
                let hello = ServerHello::read(message.body);
                notes.hello(message, hello.whole);
                self.hello(hello.head());
            }
            HandshakeType::CERTIFICATE if self.newer => {
                let chain = certificate::chain_with_extensions(message.body);
                chain.for_each(|der| self.certificate(der, notes));
            }
            HandshakeType::CERTIFICATE => {
                certificate::chain(message.body).for_each(|der| self.certificate(der, notes));
            }
            HandshakeType::ENCRYPTED_EXTENSIONS if self.newer => self.head.alpn = chosen(message.body),
            _ => {}
        }
    }

    fn certificate(&mut self, der: &[u8], notes: &mut Notes<'_>) {
        let (facts, read) = certificate::facts(der);
        self.head.certificates.push(facts);
        if !read {
            notes.odd("peer sent a certificate that cannot be read", format!("{} bytes", der.len()));
        }
    }

    fn hello(&mut self, head: TlsHead) {
        let certificates = std::mem::take(&mut self.head.certificates);
        self.head = TlsHead { certificates, ..head };
    }
}

/// Where odd things are noted.
#[derive(Debug)]
pub(crate) struct Notes<'a> {
    /// The bytes that are read.
    pub(crate) recorded: &'a Recorded,
    /// Where to.
    pub(crate) out: &'a mut Output,
}

impl Notes<'_> {
    fn odd(&mut self, what: &'static str, detail: String) {
        self.out.note(Layer::Tls, what, detail, self.recorded, 0);
    }

    /// A hello was read: to its end, or, though all of the message is there, not.
    fn hello(&mut self, message: &Handshake<'_>, whole: bool) {
        if message.whole && !whole {
            self.odd("peer sent a hello whose lengths do not fit", format!("{} bytes", message.body.len()));
        }
    }

    /// An alert was read.
    pub(crate) fn alert(&mut self, [level, description]: [u8; 2]) {
        if level != 1 {
            self.odd("peer sent a TLS alert that ends the connection", alert_name(description));
        }
    }
}

/// The name of an alert (RFC 8446 section 6): those that say why a phone refused a connection.
fn alert_name(description: u8) -> String {
    let name = match description {
        40 => "handshake_failure",
        42 => "bad_certificate",
        43 => "unsupported_certificate",
        44 => "certificate_revoked",
        45 => "certificate_expired",
        46 => "certificate_unknown",
        47 => "illegal_parameter",
        48 => "unknown_ca",
        49 => "access_denied",
        50 => "decode_error",
        51 => "decrypt_error",
        70 => "protocol_version",
        71 => "insufficient_security",
        80 => "internal_error",
        86 => "inappropriate_fallback",
        90 => "user_canceled",
        112 => "unrecognized_name",
        116 => "certificate_required",
        120 => "no_application_protocol",
        121 => "ech_required",
        other => return other.to_string(),
    };
    format!("{name} ({description})")
}

/// The most bytes of the stream that wait for a flight to end, headers included.
const FLIGHT: usize = 2 * handshake::MESSAGE;

/// The most records of a flight that are remembered.
const FRAGMENTS: usize = 4096;
