//! Files that hold flows and no packets: HAR, mitmproxy's dumps, PCAPdroid's table of connections.
//!
//! A [`Reader`] is pushed the bytes of a file, in whatever pieces, and cuts it into [`Entry`]s: no more than the
//! entry at hand is kept. [`Entry::read`] makes of an entry what a flow of packets would have given: the same
//! [`Message`]s, whose bytes lead to the entry's place in the file. Every entry stands for itself, so that any
//! number of workers may read them.
//!
//! - `har`, `mitmproxy`, `pcapdroid`: how a file is cut, and what an entry says.
//! - `json`, `netstring` → `document`: an entry's structure.
//! - `text`: values to bytes with their provenance.
//! - `http`: heads and bodies, written out.
//!
//! Conservation: the bytes of the file are those of its entries, and what [`Reader::ledger`] accounts for; the
//! bytes of an entry are those its messages [stand for](Message::stands_for), and [`RecordedFlow::ledger`].

mod cutter;
mod document;
mod har;
mod http;
mod json;
mod mitmproxy;
mod netstring;
mod pcapdroid;
mod recorded;
mod text;
mod time;

use std::{
    net::{IpAddr, Ipv6Addr},
    sync::Arc,
};

use evidence::{Anomaly, CaptureId, FrameNo, Ledger, Timestamp};

use self::cutter::Cutter;
use crate::{App, KeyRing, Message, flow::FlowInfo};

/// A format of files of flows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// HTTP Archive 1.1 and 1.2, by whomever it was written.
    Har,
    /// mitmproxy's dumps, of version 0.11 to format 21.
    Mitmproxy,
    /// PCAPdroid's table of connections.
    PcapdroidCsv,
}

impl Format {
    /// The format of a file that begins with `bytes`, the first [`BEGINNING`] of it (all, where it has fewer);
    /// `None` where it is no file of flows.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        const FORMATS: [(Format, Recogniser); 3] = [
            (Format::Har, har::recognise),
            (Format::Mitmproxy, mitmproxy::recognise),
            (Format::PcapdroidCsv, pcapdroid::recognise),
        ];
        FORMATS.iter().find(|(_, recognise)| recognise(bytes)).map(|(format, _)| *format)
    }

    /// Its name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Har => "HAR",
            Self::Mitmproxy => "mitmproxy flows",
            Self::PcapdroidCsv => "PCAPdroid CSV",
        }
    }
}

/// Whether a file that begins so has a certain format.
type Recogniser = fn(&[u8]) -> bool;

/// How many bytes of a file show its format.
pub const BEGINNING: usize = 4096;

/// The address of a side that a file does not tell. No flow has it.
pub const NOT_RECORDED: IpAddr = IpAddr::V6(Ipv6Addr::UNSPECIFIED);

/// What a [`Reader`] gives out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Something odd.
    Anomaly(Anomaly),
    /// An entry.
    Entry(Entry),
    /// What the file says of itself: who wrote it.
    Note(String),
}

/// One entry of a file of flows, as it stands there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The file.
    pub capture: CaptureId,
    /// Its number in the file, from 1.
    pub number: FrameNo,
    /// Offset of its first byte in the file.
    pub offset: u64,
    /// Its bytes.
    pub bytes: Vec<u8>,
    kind: Kind,
}

/// What an entry is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    /// An exchange of a HAR file.
    Har,
    /// A TLS handshake that failed, of a HAR file.
    HarTlsError,
    /// One of mitmproxy's flows.
    Mitmproxy,
    /// A line of a table whose columns have these names.
    Pcapdroid(Arc<[String]>),
}

impl Entry {
    /// When it began; `None` where it does not say.
    pub fn time(&self) -> Option<Timestamp> {
        match &self.kind {
            Kind::Har | Kind::HarTlsError => har::begun(&self.bytes),
            Kind::Mitmproxy => mitmproxy::begun(&self.bytes),
            Kind::Pcapdroid(columns) => pcapdroid::begun(&self.bytes, columns),
        }
    }

    /// What the entry says. `keys` open what was recorded as it was encrypted.
    pub fn read(&self, keys: &KeyRing) -> RecordedFlow {
        let place = text::Place { capture: self.capture, number: self.number, offset: self.offset };
        match &self.kind {
            Kind::Har => har::read(place, &self.bytes),
            Kind::HarTlsError => har::read_tls_error(place, &self.bytes),
            Kind::Mitmproxy => mitmproxy::read(place, &self.bytes, keys),
            Kind::Pcapdroid(columns) => pcapdroid::read(place, &self.bytes, columns),
        }
    }
}

/// A flow that was recorded as messages, not as packets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedFlow {
    /// Who talked to whom; an address that the file does not tell is [`NOT_RECORDED`], a port 0.
    pub info: FlowInfo,
    /// The server's name as the file gives it; empty where it gives none.
    pub server_name: String,
    /// When the last byte was sent.
    pub last: Timestamp,
    /// The app that opened it.
    pub app: Option<App>,
    /// What was said.
    pub messages: Vec<Message>,
    /// Why the flow failed, in the words of who recorded it.
    pub failure: Option<String>,
    /// Bytes that originator and responder sent, where the file counts them and does not hold them.
    pub counted: [u64; 2],
    /// Bytes of the entry that could not be read. They are in a message of nothing but bytes, which stands for
    /// none of them.
    pub unread: u64,
    /// What was odd.
    pub anomalies: Vec<Anomaly>,
    /// The bytes of the entry that are in no message, and what the file lacks.
    pub ledger: Ledger,
}

impl RecordedFlow {
    /// Whether nobody is known to have said anything to anyone: the entry could not be read.
    pub fn says_nothing(&self) -> bool {
        let unknown = self.info.responder.0 == NOT_RECORDED && self.server_name.is_empty();
        unknown && self.messages.is_empty()
    }
}

/// Cuts a file of flows into entries.
#[derive(Debug)]
pub struct Reader {
    cutter: Cutter,
    scanner: Scanner,
}

#[derive(Debug)]
enum Scanner {
    Har(har::Scanner),
    Mitmproxy(mitmproxy::Scanner),
    Pcapdroid(pcapdroid::Scanner),
}

impl Reader {
    /// A reader for a file of that format.
    pub fn new(capture: CaptureId, format: Format) -> Self {
        let scanner = match format {
            Format::Har => Scanner::Har(har::Scanner::default()),
            Format::Mitmproxy => Scanner::Mitmproxy(mitmproxy::Scanner::default()),
            Format::PcapdroidCsv => Scanner::Pcapdroid(pcapdroid::Scanner::default()),
        };
        Self { cutter: Cutter::new(capture, format.name()), scanner }
    }

    /// Reads the next bytes of the file. However they are spread over calls, the events are the same.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<Event>) {
        match &mut self.scanner {
            Scanner::Har(scanner) => scanner.push(bytes, &mut self.cutter),
            Scanner::Mitmproxy(scanner) => scanner.push(bytes, &mut self.cutter),
            Scanner::Pcapdroid(scanner) => scanner.push(bytes, &mut self.cutter),
        }
        out.append(&mut self.cutter.events);
    }

    /// The file has ended: what waits is given out.
    pub fn finish(&mut self, out: &mut Vec<Event>) {
        match &mut self.scanner {
            Scanner::Har(scanner) => scanner.finish(&mut self.cutter),
            Scanner::Mitmproxy(scanner) => scanner.finish(&mut self.cutter),
            Scanner::Pcapdroid(scanner) => scanner.finish(&mut self.cutter),
        }
        self.cutter.close();
        out.append(&mut self.cutter.events);
    }

    /// The bytes pushed that are in no entry.
    pub fn ledger(&self) -> Ledger {
        self.cutter.ledger()
    }
}
