//! PCAPdroid's table of connections (CSV): who talked to whom, which app it was, and how much was sent.
//!
//! `IPProto,SrcIP,SrcPort,DstIp,DstPort,UID,App,Proto,Status,Info,BytesSent,BytesRcvd,PktsSent,PktsRcvd,
//! FirstSeen,LastSeen`, and `Malicious` where that is switched on. Nothing is quoted: an app's name with commas
//! has its line one column too many for each.

use std::{ops::Range, sync::Arc};

use evidence::{Layer, Timestamp, Transport};

use super::{
    Kind, RecordedFlow,
    cutter::{Cutter, LARGEST},
    har::address,
    recorded::{Flow, Outline},
    text::{Place, Writing},
    time::{epoch, iso8601},
};
use crate::{App, Body, DnsHead, Ending, Head, Part, Role, Sender, TlsHead};

/// Cuts the table into lines.
#[derive(Debug, Default)]
pub(super) struct Scanner {
    /// The line at hand, as far as it goes.
    line: Vec<u8>,
    columns: Option<Arc<[String]>>,
}

/// Whether a file that begins so is such a table.
pub(super) fn recognise(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(BOM).unwrap_or(bytes);
    let head = bytes.get(..BEGINNING.len()).unwrap_or_default();
    head.eq_ignore_ascii_case(BEGINNING)
}

impl Scanner {
    pub(super) fn push(&mut self, bytes: &[u8], cutter: &mut Cutter) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            // A line without an end is no line of a table; more of it is not kept than an entry may have.
            if (self.line.len() as u64) < LARGEST {
                self.line.extend_from_slice(piece);
            } else {
                cutter.damaged(piece.len());
            }
            if piece.ends_with(b"\n") {
                self.give(cutter);
            }
        }
    }

    pub(super) fn finish(&mut self, cutter: &mut Cutter) {
        self.give(cutter);
    }

    fn give(&mut self, cutter: &mut Cutter) {
        let line = std::mem::take(&mut self.line);
        let text = line.strip_prefix(BOM).unwrap_or(&line).trim_ascii();
        match &self.columns {
            _ if text.is_empty() => cutter.framing(line.len()),
            None => {
                let names = String::from_utf8_lossy(text).to_ascii_lowercase();
                self.columns =
                    Some(names.split(',').map(|name| name.trim().to_owned()).take(MOST_COLUMNS).collect());
                cutter.framing(line.len());
            }
            Some(columns) => {
                cutter.hold(&line);
                cutter.entry(Kind::Pcapdroid(Arc::clone(columns)));
            }
        }
    }
}

/// When a connection was first seen.
pub(super) fn begun(bytes: &[u8], columns: &[String]) -> Option<Timestamp> {
    Line::of(bytes, columns)?.time("firstseen")
}

/// Reads a line.
pub(super) fn read(place: Place, bytes: &[u8], columns: &[String]) -> RecordedFlow {
    let mut flow = Flow::new(place);
    match Line::of(bytes, columns) {
        Some(line) => line.tell(&mut flow),
        None => flow.unreadable("capture holds a line with too few columns", bytes, 0),
    }
    flow.finish(bytes, "PCAPdroid CSV")
}

/// A line of the table.
struct Line<'a> {
    bytes: &'a [u8],
    columns: &'a [String],
    /// As many as there are columns.
    cells: Vec<Range<usize>>,
}

impl<'a> Line<'a> {
    fn of(bytes: &'a [u8], columns: &'a [String]) -> Option<Self> {
        let text = bytes.trim_ascii_end();
        let mut cells: Vec<Range<usize>> = Vec::new();
        let mut start = 0;
        for cell in text.split(|byte| *byte == b',') {
            cells.push(start..start + cell.len());
            start += cell.len() + 1;
        }
        let surplus = cells.len().checked_sub(columns.len())?;
        let app = columns.iter().position(|name| name == "app")?;
        if let Some(end) = cells.get(app + surplus).map(|last| last.end).filter(|_| surplus > 0) {
            cells.drain(app + 1..=app + surplus);
            if let Some(cell) = cells.get_mut(app) {
                cell.end = end;
            }
        }
        Some(Self { bytes, columns, cells })
    }

    fn range(&self, name: &str) -> Option<Range<usize>> {
        let column = self.columns.iter().position(|column| column == name)?;
        self.cells.get(column).cloned().filter(|range| !range.is_empty())
    }

    fn text(&self, name: &str) -> &'a str {
        let cell = self.range(name).and_then(|range| self.bytes.get(range));
        cell.and_then(|cell| std::str::from_utf8(cell).ok()).unwrap_or_default().trim()
    }

    fn number<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.text(name).parse().ok()
    }

    fn tell(&self, flow: &mut Flow) {
        match self.text("ipproto") {
            "6" | "TCP" | "tcp" => {}
            "17" | "UDP" | "udp" => flow.transport = Transport::Udp,
            other => {
                // There is nothing else that flows could be.
                flow.transport = Transport::Udp;
                flow.odd(Layer::Capture, "capture holds a connection that is neither TCP nor UDP", other, 0);
            }
        }
        let side = |ip: &str, port: &str| (address(self.text(ip)), self.number(port).unwrap_or(0));
        flow.client = side("srcip", "srcport");
        flow.server = side("dstip", "dstport");
        flow.first = self.time("firstseen").unwrap_or_default();
        flow.last = self.time("lastseen").unwrap_or(flow.first).max(flow.first);
        flow.counted = [self.number("bytessent").unwrap_or(0), self.number("bytesrcvd").unwrap_or(0)];
        let (name, uid) = (self.text("app").to_owned(), self.number("uid").filter(|uid| *uid >= 0));
        flow.app = (!name.is_empty() || uid.is_some()).then_some(App { name, package: String::new(), uid });
        if matches!(
            self.text("status").to_ascii_lowercase().as_str(),
            "error" | "unreachable" | "client error"
        ) {
            let why = ("capture holds a connection that failed", "connections that failed");
            flow.failed(Layer::Flow, why, self.text("status").to_owned(), 0);
        }
        self.say(flow);
    }

    /// Milliseconds or seconds since the epoch, or a date.
    fn time(&self, name: &str) -> Option<Timestamp> {
        let text = self.text(name);
        let whole = text.parse::<i64>().ok();
        if let Some(milliseconds) = whole.filter(|number| number.unsigned_abs() > LATEST_SECOND) {
            return Some(Timestamp(milliseconds.saturating_mul(1_000_000)));
        }
        epoch(text).or_else(|| iso8601(text).map(|(time, _)| time))
    }

    /// The name that PCAPdroid saw in the connection: SNI, host or the name that was asked for.
    fn say(&self, flow: &mut Flow) {
        let info = self.text("info").to_owned();
        let Some(range) = self.range("info") else { return };
        let host = info.split(['/', '?']).next().unwrap_or_default().to_owned();
        let protocol = match self.text("proto").to_ascii_uppercase() {
            name if name.starts_with("TLS") || name == "HTTPS" => "TLS",
            name if name.starts_with("QUIC") => "QUIC",
            name if name.starts_with("DNS") => "DNS",
            name if name.starts_with("HTTP") => "HTTP/1",
            _ => return,
        };
        let head = match protocol {
            "DNS" => Head::Dns(DnsHead { questions: vec![(host, 0)], ..DnsHead::default() }),
            "HTTP/1" => {
                flow.server_name = host;
                Head::Raw
            }
            _ => Head::Tls(Box::new(TlsHead { server_name: host, ..TlsHead::default() })),
        };
        let mut writing = Writing::default();
        let value =
            writing.append(flow.place.exact(self.bytes.get(range.clone()).unwrap_or_default(), range.start));
        writing.stands_for = range.len() as u64;
        let (parts, body) = match protocol {
            "DNS" | "HTTP/1" => (Vec::new(), Body::Range(value)),
            _ => (vec![Part { role: Role::HostName, name: 0..0, value }], Body::None),
        };
        let (exchange, time, sender) = (flow.exchange(), (flow.first, flow.last), Sender::Originator);
        flow.say(
            writing,
            Outline { protocol, sender, exchange, time, head, body, parts, ending: Ending::Cut },
        );
    }
}

const BOM: &[u8] = b"\xef\xbb\xbf";
const BEGINNING: &[u8] = b"IPProto,SrcIP,SrcPort,DstIP,DstPort,";
const MOST_COLUMNS: usize = 64;
/// Larger numbers are milliseconds.
const LATEST_SECOND: u64 = 100_000_000_000;
