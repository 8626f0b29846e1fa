//! A flow in the making.

use std::{net::IpAddr, sync::Arc};

use evidence::{Anomaly, Fate, FlowId, Layer, Ledger, Missing, Step, Timestamp, Transport};

use super::{
    NOT_RECORDED, RecordedFlow,
    document::{Document, Kind, Value},
    text::{Place, Writing},
};
use crate::{
    App, Body, Ending, Head, Message, Part, Role, Seal, Sender, TlsHead, flow::FlowInfo, packets::found,
};

/// Gathers what an entry says.
#[derive(Debug)]
pub(super) struct Flow {
    pub(super) place: Place,
    pub(super) client: (IpAddr, u16),
    pub(super) server: (IpAddr, u16),
    pub(super) server_name: String,
    pub(super) transport: Transport,
    pub(super) app: Option<App>,
    pub(super) seal: Option<Arc<Seal>>,
    pub(super) messages: Vec<Message>,
    exchanges: u32,
    pub(super) failure: Option<String>,
    pub(super) counted: [u64; 2],
    pub(super) anomalies: Vec<Anomaly>,
    pub(super) ledger: Ledger,
    /// Where what cannot be read begins.
    unread: Option<usize>,
    /// When it began, and when it ended, as far as the entry says.
    pub(super) first: Timestamp,
    pub(super) last: Timestamp,
}

/// What a message is, beside its bytes.
#[derive(Debug)]
pub(super) struct Outline {
    pub(super) protocol: &'static str,
    pub(super) sender: Sender,
    pub(super) exchange: u32,
    pub(super) time: (Timestamp, Timestamp),
    pub(super) head: Head,
    pub(super) body: Body,
    pub(super) parts: Vec<Part>,
    pub(super) ending: Ending,
}

impl Flow {
    pub(super) fn new(place: Place) -> Self {
        Self {
            place,
            client: (NOT_RECORDED, 0),
            server: (NOT_RECORDED, 0),
            server_name: String::new(),
            transport: Transport::Tcp,
            app: None,
            seal: None,
            messages: Vec::new(),
            exchanges: 0,
            failure: None,
            counted: [0, 0],
            anomalies: Vec::new(),
            ledger: Ledger::default(),
            unread: None,
            first: Timestamp(0),
            last: Timestamp(0),
        }
    }

    /// The number of another exchange.
    pub(super) fn exchange(&mut self) -> u32 {
        self.exchanges += 1;
        self.exchanges - 1
    }

    /// Notes something odd at a byte of the entry.
    pub(super) fn odd(&mut self, layer: Layer, what: &'static str, detail: impl Into<String>, at: usize) {
        self.anomalies.push(Anomaly {
            layer,
            what: what.into(),
            detail: detail.into().chars().take(DETAIL).collect(),
            capture: self.place.capture,
            frame: Some(self.place.number),
            offset: Some(self.place.offset.saturating_add(at as u64)),
        });
    }

    /// The outermost map of an entry. Notes where it could not be read to its end, or is none.
    pub(super) fn root<'d>(&mut self, document: &'d Document<'d>) -> Option<Value<'d>> {
        let root = document.root().filter(|root| root.kind() == Kind::Map);
        match (document.broken, root) {
            (_, None) => self.unreadable("capture holds an entry that is no map", document.bytes, 0),
            (Some((what, at)), Some(_)) => self.unreadable(what, document.bytes, at),
            (None, Some(_)) => {}
        }
        root
    }

    /// Notes that the entry cannot be read from the byte `at` on.
    pub(super) fn unreadable(&mut self, what: &'static str, entry: &[u8], at: usize) {
        self.odd(Layer::Capture, what, found(entry, at), at);
        self.unread = Some(at);
    }

    /// Notes names that stand more than once in one of `maps`.
    pub(super) fn check_names(&mut self, maps: &[Option<Value<'_>>]) {
        for twice in maps.iter().flatten().filter_map(|map| map.twice()) {
            let name = String::from_utf8_lossy(&twice.name()).into_owned();
            self.odd(Layer::Capture, TWICE, name, twice.range().start);
        }
    }

    /// What the file does not hold, and why.
    pub(super) fn lacks(&mut self, reason: &str, bytes: u64) {
        self.ledger.lacks(Missing::NotRecorded, reason, bytes);
    }

    /// The flow failed.
    pub(super) fn failed(
        &mut self,
        layer: Layer,
        (what, reason): (&'static str, &'static str),
        why: String,
        at: usize,
    ) {
        self.lacks(reason, 0);
        self.odd(layer, what, why.clone(), at);
        self.failure.get_or_insert(why);
    }

    /// Adds a message.
    pub(super) fn say(&mut self, writing: Writing, outline: Outline) {
        let mut recorded = writing.recorded;
        (recorded.first, recorded.last) = outline.time;
        self.messages.push(Message {
            protocol: outline.protocol,
            sender: outline.sender,
            exchange: outline.exchange,
            recorded,
            step: Step::Entry,
            parts: outline.parts,
            body: outline.body,
            head: outline.head,
            ending: outline.ending,
            position: 0,
            seal: self.seal.clone(),
            stands_for: Some(writing.stands_for),
        });
    }

    /// Adds what is known of a side of the TLS handshake: `head`, with what of the entry says so. Of the client,
    /// that is the server's name.
    pub(super) fn say_tls(
        &mut self,
        (protocol, exchange): (&'static str, u32),
        sender: Sender,
        said: &[Value<'_>],
        mut head: TlsHead,
    ) {
        let mut writing = Writing::default();
        let mut parts = Vec::new();
        for value in said {
            if !writing.recorded.bytes.is_empty() {
                writing.literal(" ");
            }
            let range = writing.value(self.place, *value);
            if sender == Sender::Originator {
                head.server_name = value.text().unwrap_or_default();
                parts.push(Part { role: Role::HostName, name: 0..0, value: range });
            }
        }
        // The handshake itself goes unprotected.
        let seal = self.seal.take();
        let (time, head) = ((self.first, self.first), Head::Tls(Box::new(head)));
        let (body, ending) = (Body::None, Ending::Whole);
        self.say(writing, Outline { protocol, sender, exchange, time, head, body, parts, ending });
        self.seal = seal;
    }

    /// Adds what cannot be read of the entry as it stands, so that it is searched. Who sent it is not known; it
    /// counts as the phone's. Says how many bytes these are.
    fn say_unread(&mut self, bytes: &[u8], protocol: &'static str) -> u64 {
        let start = self.unread.unwrap_or(bytes.len());
        let unread = bytes.get(start..).unwrap_or_default();
        if unread.is_empty() {
            return 0;
        }
        let exchange = self.exchange();
        for (number, piece) in unread.chunks(PIECE).enumerate() {
            let at = number.saturating_mul(PIECE);
            let recorded = self.place.exact(piece, start.saturating_add(at));
            let last = at.saturating_add(piece.len()) == unread.len();
            let ending = if last { Ending::Cut } else { Ending::Continued };
            let (sender, time, parts) = (Sender::Originator, (self.first, self.last), Vec::new());
            let (head, body) = (Head::Raw, Body::Range(0..piece.len()));
            let writing = Writing { recorded, stands_for: 0 };
            self.say(writing, Outline { protocol, sender, exchange, time, head, body, parts, ending });
            if let Some(message) = self.messages.last_mut() {
                message.position = at as u64;
            }
        }
        unread.len() as u64
    }

    /// The flow with all that was gathered from the `entry`; what of it is in no message is called `name`, and
    /// so is the protocol of what could not be read.
    pub(super) fn finish(mut self, entry: &[u8], name: &'static str) -> RecordedFlow {
        let unread = self.say_unread(entry, name);
        let said = self
            .messages
            .iter()
            .map(|message| message.stands_for.unwrap_or(message.recorded.bytes.len() as u64));
        let passed = self.ledger.total();
        let rest = (entry.len() as u64).saturating_sub(said.sum::<u64>()).saturating_sub(passed);
        let unread = unread.min(rest);
        if unread > 0 {
            self.ledger.add(
                Fate::NotParsed,
                "entries of files of flows that cannot be read to their end",
                unread,
            );
        }
        self.ledger.add(Fate::Framing, name, rest - unread);
        let times = self.messages.iter().map(|message| message.recorded.last);
        let last = times.chain([self.first, self.last]).max().unwrap_or_default();
        RecordedFlow {
            info: FlowInfo {
                id: FlowId { capture: self.place.capture, frame: self.place.number },
                originator: self.client,
                responder: self.server,
                transport: self.transport,
                mac: None,
                first: self.first,
            },
            server_name: self.server_name,
            last,
            app: self.app,
            messages: self.messages,
            failure: self.failure,
            counted: self.counted,
            unread,
            anomalies: self.anomalies,
            ledger: self.ledger,
        }
    }
}

/// A version of TLS as written by programs: `TLSv1.3`, `TLS 1.3`, `tls1.2`. 0 where unknown.
pub(super) fn tls_version(text: &str) -> u16 {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    match (text.to_ascii_uppercase().starts_with("DTLS"), digits.as_str()) {
        (true, "12") => 0xfefd,
        (true, "1" | "10") => 0xfeff,
        (false, "13") => 0x0304,
        (false, "12") => 0x0303,
        (false, "11") => 0x0302,
        (false, "1" | "10") => 0x0301,
        (false, "3") => 0x0300,
        _ => 0,
    }
}

/// A cipher suite by the name that OpenSSL or the standard gives it; 0 where unknown.
pub(super) fn suite(name: &str) -> u16 {
    SUITES.iter().find(|(names, _)| names.contains(&name)).map_or(0, |(_, suite)| *suite)
}

/// The suites that phones use.
const SUITES: [(&[&str], u16); 19] = [
    (&["AES128-SHA", "TLS_RSA_WITH_AES_128_CBC_SHA"], 0x002f),
    (&["AES256-SHA", "TLS_RSA_WITH_AES_256_CBC_SHA"], 0x0035),
    (&["AES128-GCM-SHA256", "TLS_RSA_WITH_AES_128_GCM_SHA256"], 0x009c),
    (&["AES256-GCM-SHA384", "TLS_RSA_WITH_AES_256_GCM_SHA384"], 0x009d),
    (&["TLS_AES_128_GCM_SHA256"], 0x1301),
    (&["TLS_AES_256_GCM_SHA384"], 0x1302),
    (&["TLS_CHACHA20_POLY1305_SHA256"], 0x1303),
    (&["ECDHE-ECDSA-AES128-SHA", "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA"], 0xc009),
    (&["ECDHE-ECDSA-AES256-SHA", "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA"], 0xc00a),
    (&["ECDHE-RSA-AES128-SHA", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"], 0xc013),
    (&["ECDHE-RSA-AES256-SHA", "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA"], 0xc014),
    (&["ECDHE-RSA-AES128-SHA256", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256"], 0xc027),
    (&["ECDHE-RSA-AES256-SHA384", "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384"], 0xc028),
    (&["ECDHE-ECDSA-AES128-GCM-SHA256", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"], 0xc02b),
    (&["ECDHE-ECDSA-AES256-GCM-SHA384", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"], 0xc02c),
    (&["ECDHE-RSA-AES128-GCM-SHA256", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"], 0xc02f),
    (&["ECDHE-RSA-AES256-GCM-SHA384", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"], 0xc030),
    (&["ECDHE-RSA-CHACHA20-POLY1305", "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"], 0xcca8),
    (&["ECDHE-ECDSA-CHACHA20-POLY1305", "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"], 0xcca9),
];

/// Largest piece of what cannot be read.
const PIECE: usize = 1 << 20;
/// The longest detail of an anomaly.
const DETAIL: usize = 300;
const TWICE: &str = "capture holds an entry that says one thing twice; the last counts";
