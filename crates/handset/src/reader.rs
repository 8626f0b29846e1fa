//! A file of the phone, read in pieces: bytes in, facts out.
//!
//! One [`Reader`] for every kind that is read line by line or kept whole because it is small; logs, dumps and
//! bugreports of any size pass through in bounded memory.

use evidence::Timestamp;

use crate::{
    Found, Oddity,
    bugreport::{Bugreport, Section},
    clock::Clock,
    intrusion::{self, Connection, Lookup},
    kind::{Kind, Service, Xml},
    lines::{Line, Lines},
    logs::{self, Record},
    marks::{self, Mark},
    packages::{self, Component, Package, SharedUser},
    system::{self, Alarm, ClockReading, LocationRequest, Operation, Process, Property, Socket, Usage},
};

/// What a file of the phone says, one thing at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// An alarm that is set.
    Alarm(Found<Alarm>),
    /// The phone's clock, in both forms.
    Clock(Found<ClockReading>),
    /// What a package's component listens to.
    Component(Found<Component>),
    /// A connection that an app made.
    Connection(Found<Connection>),
    /// A request for the phone's position.
    LocationRequest(Found<LocationRequest>),
    /// A name that an app looked up.
    Lookup(Found<Lookup>),
    /// Something happened on the phone.
    Mark(Found<Mark>),
    /// Something odd.
    Oddity(Oddity),
    /// An operation that needs a permission, as app-ops counts it.
    Operation(Found<Operation>),
    /// A package.
    Package(Found<Box<Package>>),
    /// A process that runs.
    Process(Found<Process>),
    /// A property of the build.
    Property(Found<Property>),
    /// A record of the log.
    Record(Found<Record<'static>>),
    /// A section of a bugreport that has ended.
    Section(Found<Section>),
    /// A user id that packages share.
    SharedUser(Found<SharedUser>),
    /// An open socket.
    Socket(Found<Socket>),
    /// Bytes that a uid sent and received.
    Usage(Found<Usage>),
}

impl Fact {
    /// The instant it speaks of, where it speaks of one.
    pub fn time(&self) -> Option<Timestamp> {
        match self {
            Self::Clock(clock) => Some(clock.value.instant),
            Self::Connection(connection) => connection.value.time,
            Self::LocationRequest(request) => request.value.time,
            Self::Lookup(lookup) => lookup.value.time,
            Self::Mark(mark) => mark.value.time,
            Self::Operation(operation) => operation.value.time,
            Self::Record(record) => record.value.time,
            _ => None,
        }
    }
}

/// What reads a text line by line.
pub(crate) trait LineReader {
    /// Takes the next line.
    fn line(&mut self, line: &Line<'_>, out: &mut Vec<Fact>);

    /// Gives out what was still open; the text has ended.
    fn finish(&mut self, out: &mut Vec<Fact>);
}

/// Reads a file of the phone.
pub struct Reader {
    body: Body,
}

enum Body {
    Lines(Lines, Box<dyn LineReader + Send>),
    Whole(Whole),
}

/// A file that is kept until it has ended.
struct Whole {
    bytes: Vec<u8>,
    lost: u64,
    read: ReadWhole,
}

/// Reads a file that is kept whole.
type ReadWhole = fn(&[u8], &mut Vec<Fact>);

impl Reader {
    /// A reader of a file of this kind, which was written by this clock; `None` where another room reads it.
    pub fn new(kind: Kind, clock: Clock) -> Option<Self> {
        let body = match whole(kind) {
            Some(read) => Body::Whole(Whole { bytes: Vec::new(), lost: 0, read }),
            None => Body::Lines(Lines::default(), line_reader(kind, clock)?),
        };
        Some(Self { body })
    }

    /// Takes the next bytes, and puts what they say into `out`.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<Fact>) {
        match &mut self.body {
            Body::Lines(lines, reader) => lines.push(bytes, &mut |line| reader.line(line, out)),
            Body::Whole(whole) => whole.push(bytes),
        }
    }

    /// Puts what was still open into `out`; the file has ended.
    pub fn finish(&mut self, out: &mut Vec<Fact>) {
        match &mut self.body {
            Body::Lines(lines, reader) => {
                lines.finish(&mut |line| reader.line(line, out));
                reader.finish(out);
                out.extend(lines.oddity().map(Fact::Oddity));
            }
            Body::Whole(whole) => whole.finish(out),
        }
    }
}

impl Whole {
    fn push(&mut self, bytes: &[u8]) {
        let room = MAX_WHOLE.saturating_sub(self.bytes.len());
        let (kept, lost) = bytes.split_at(bytes.len().min(room));
        self.bytes.extend_from_slice(kept);
        self.lost = self.lost.saturating_add(lost.len() as u64);
    }

    fn finish(&mut self, out: &mut Vec<Fact>) {
        if self.lost > 0 {
            let detail = format!("{} bytes of it not read", self.lost);
            let offset = self.bytes.len() as u64;
            out.push(Fact::Oddity(Oddity::new("file is larger than is read of its kind", detail, offset)));
        }
        (self.read)(&self.bytes, out);
        self.bytes = Vec::new();
    }
}

/// How much is read of a file that is kept whole. The largest `packages.xml` known have some 5 MiB.
const MAX_WHOLE: usize = 16 * 1024 * 1024;

/// What reads a kind of file that is kept whole.
fn whole(kind: Kind) -> Option<ReadWhole> {
    match kind {
        Kind::EventsCsv => Some(marks::read_events),
        Kind::PackagesJson => Some(packages::read_androidqf),
        Kind::Access(xml)
        | Kind::AppOps(xml)
        | Kind::PackageRestrictions(xml)
        | Kind::PackagesXml(xml)
        | Kind::RuntimePermissions(xml) => Some(match xml {
            Xml::Binary => packages::read_abx,
            Xml::Text => packages::read_xml,
        }),
        _ => None,
    }
}

/// What reads a kind of file line by line.
pub(crate) fn line_reader(kind: Kind, clock: Clock) -> Option<Box<dyn LineReader + Send>> {
    Some(match kind {
        Kind::Bugreport => Box::new(Bugreport::new(clock)),
        Kind::BuildProperties | Kind::Properties => Box::<system::Properties>::default(),
        Kind::Dumpsys(service) => dumpsys(service, clock),
        Kind::IntrusionLog => Box::<intrusion::Parser>::default(),
        Kind::Logcat => Box::new(Log::new(clock)),
        Kind::PackageList => Box::<packages::List>::default(),
        Kind::PackagesList => Box::<packages::InstalledList>::default(),
        Kind::ProcNet(table) => Box::new(system::Sockets::new(table)),
        Kind::Access(_)
        | Kind::AppOps(_)
        | Kind::EventsCsv
        | Kind::PackageRestrictions(_)
        | Kind::PackagesJson
        | Kind::PackagesXml(_)
        | Kind::RuntimePermissions(_) => return None,
    })
}

fn dumpsys(service: Service, clock: Clock) -> Box<dyn LineReader + Send> {
    match service {
        Service::Activity => Box::<system::Processes>::default(),
        Service::Alarm => Box::<system::Alarms>::default(),
        Service::Appops => Box::new(system::Operations::new(clock)),
        Service::Location => Box::new(system::LocationRequests::new(clock)),
        Service::Netstats => Box::<system::Netstats>::default(),
        Service::Package => Box::new(packages::Dump::new(clock)),
    }
}

/// A log, and the marks of what its records tell.
pub(crate) struct Log {
    parser: logs::Parser,
    marker: marks::Marker,
    records: Vec<Fact>,
}

impl Log {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { parser: logs::Parser::new(clock), marker: marks::Marker::default(), records: Vec::new() }
    }
}

impl LineReader for Log {
    fn line(&mut self, line: &Line<'_>, out: &mut Vec<Fact>) {
        LineReader::line(&mut self.parser, line, &mut self.records);
        for fact in self.records.drain(..) {
            let mark = match &fact {
                Fact::Record(record) => self.marker.mark(&record.value).map(|mark| line.found(mark)),
                _ => None,
            };
            out.push(fact);
            out.extend(mark.map(Fact::Mark));
        }
    }

    fn finish(&mut self, out: &mut Vec<Fact>) {
        LineReader::finish(&mut self.parser, out);
    }
}
