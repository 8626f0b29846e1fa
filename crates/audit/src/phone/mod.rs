//! What the phone's own files say: read before the first packet, asked whenever a flow begins.
//!
//! [`Phone`] holds what matters for what left (packages, open sockets, connections and look-ups that were logged,
//! bytes that were counted, marks, habits), each with the line that says so. [`read`](Phone::read) fills it from a file;
//! `who` answers whose a flow is; `tell` makes the part of the case of it.

mod habits;
mod log;
mod tape;
mod tell;
mod who;
mod zone;

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, Read},
    net::IpAddr,
};

use evidence::{Anomaly, AnomalyTally, CaptureId, Layer, Mark, Quote, Timestamp};
use foldhash::HashMap;
use handset::{
    Clock, Fact, Found, Kind, Oddity, Reader, Service, Uid,
    packages::{FileNo, Packages},
    system::{Build, Counter, Socket, Usage},
};

use crate::{input::fill, known::Searched};

use self::{habits::HabitBook, log::Logs};

pub(crate) use self::{
    log::LoggedValue,
    tape::Tape,
    tell::{occurrence_of, phone_of},
    who::{Sender, Senders, Sent},
    zone::Zone,
};

/// What is known of the phone.
#[derive(Debug, Default)]
pub(crate) struct Phone {
    packages: Packages,
    /// The line that tells a package's uid.
    of_package: BTreeMap<String, Quote>,
    build: Build,
    /// Open sockets: by the other side, and by the phone's port.
    sockets: HashMap<((IpAddr, u16), u16), Sockets>,
    /// Connections that were logged, by the other side and in the order of their times.
    connections: HashMap<(IpAddr, u16), Vec<Logged>>,
    /// Names that were looked up, and by whom.
    lookups: BTreeMap<String, BTreeMap<String, (u64, Vec<Quote>)>>,
    /// Bytes sent and received in spans of time, by uid.
    usage: BTreeMap<Uid, History>,
    marks: Vec<Mark>,
    marks_dropped: u64,
    /// Values of the profile in its logs.
    logs: Logs,
    habits: HabitBook,
    /// How far its clock is ahead of UTC, as its files tell.
    zone: Option<Zone>,
    kept: usize,
    /// Facts that there was no room for.
    dropped: u64,
}

/// Sockets between two ports, each with the line that tells of it.
type Sockets = Vec<(Socket, Quote)>;

/// A connection that the phone logged.
#[derive(Clone, Debug)]
struct Logged {
    time: Timestamp,
    package: String,
    quote: Quote,
}

/// Bytes that the phone counted, by network, set and the span's beginning. Several files tell of the same spans, and one
/// file may do so twice.
type History = BTreeMap<(String, String, Timestamp), Counted>;

/// Bytes that the phone counted in a span of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Counted {
    /// Its last instant.
    end: Timestamp,
    sent: u64,
    received: u64,
}

/// What reading a file came to.
#[derive(Debug, Default)]
pub(crate) struct FileRead {
    pub(crate) bytes: u64,
    pub(crate) facts: u64,
    pub(crate) first: Option<Timestamp>,
    pub(crate) last: Option<Timestamp>,
    /// Lines of its logs that tell a time.
    pub(crate) timed: u64,
    /// Those of them that tell it without a zone.
    pub(crate) local: u64,
    /// Where the first of these begins.
    pub(crate) first_local: Option<u64>,
    /// What went wrong, and ended it.
    pub(crate) failure: Option<io::Error>,
}

impl FileRead {
    fn count(&mut self, fact: &Fact) {
        self.facts += 1;
        let time = fact.time();
        self.first = self.first.into_iter().chain(time).min();
        self.last = self.last.into_iter().chain(time).max();
        let Fact::Record(record) = fact else { return };
        self.timed += u64::from(time.is_some());
        if record.value.is_local {
            self.local += 1;
            self.first_local = self.first_local.or(Some(record.start));
        }
    }
}

impl Phone {
    /// What is known of the phone's clock, for files of about that instant.
    pub(crate) fn clock(&self, near: Option<Timestamp>) -> Clock {
        let clock = self.zone.as_ref().map(Zone::clock).unwrap_or_default();
        match near {
            Some(instant) => clock.near(instant),
            None => clock,
        }
    }

    /// What its clock is taken for in files that do not say, where one tells.
    pub(crate) fn zone(&self) -> Option<&Zone> {
        self.zone.as_ref()
    }

    /// Looks through a file for what it tells of the phone's clock: times stand before it.
    pub(crate) fn set_clock(&mut self, kind: Kind, bytes: &mut dyn Read) {
        let told = match kind {
            Kind::EventsCsv => {
                let mut text = vec![0; WINDOW];
                let (count, _) = fill(bytes, &mut text);
                Zone::of_marks(&String::from_utf8_lossy(text.get(..count).unwrap_or_default()))
            }
            Kind::BuildProperties | Kind::Bugreport | Kind::Dumpsys(Service::Alarm) | Kind::Properties => {
                let mut told = None;
                let (tape, how) = (&mut Tape::of(CaptureId(0)), (kind, Clock::default()));
                each_fact(tape, how, bytes, &mut |fact, _| {
                    told = Zone::better(told.take(), zone_of(&fact));
                });
                told
            }
            _ => None,
        };
        self.zone = Zone::better(self.zone.take(), told);
    }

    /// Reads a file.
    pub(crate) fn read(
        &mut self,
        id: CaptureId,
        (kind, clock): (Kind, Clock),
        bytes: &mut dyn Read,
        (anomalies, searched): (&mut AnomalyTally, Option<Searched<'_>>),
        window: &mut dyn FnMut(&[u8]),
    ) -> FileRead {
        let mut read = FileRead::default();
        let mut take = |fact: Fact, tape: &Tape| {
            if let (Fact::Record(record), Some(searched)) = (&fact, searched) {
                self.logs.search(record, tape, searched);
            }
            self.habits.take(&fact, tape);
            read.count(&fact);
            match fact {
                Fact::Oddity(oddity) => anomalies.add(anomaly(id, oddity)),
                fact => self.take(FileNo(id.0), fact, tape),
            }
        };
        let mut tape = Tape::of(id);
        let (bytes, failure) = each_window((kind, clock), &mut tape, bytes, window, &mut take);
        self.habits.close(&tape);
        FileRead { bytes, failure, ..read }
    }

    fn take(&mut self, file: FileNo, fact: Fact, tape: &Tape) {
        if self.kept >= MOST {
            self.dropped += 1;
            return;
        }
        self.kept += 1;
        match fact {
            Fact::Package(package) => {
                let place = package.value.uid.as_ref().map_or(package.start, |uid| uid.start);
                let quote = || tape.line(place);
                self.of_package.entry(package.value.name.clone()).or_insert_with(quote);
                self.packages.add(file, package);
            }
            Fact::Component(component) => self.packages.add_component(file, component),
            Fact::SharedUser(user) => self.packages.add_shared_user(file, user),
            Fact::Property(property) => self.build.tell(&property),
            Fact::Socket(socket) => {
                let Found { value, start, .. } = socket;
                let other = (value.remote.ip().to_canonical(), value.remote.port());
                let known = self.sockets.entry((other, value.local.port())).or_default();
                known.push((value, tape.line(start)));
            }
            Fact::Connection(connection) => {
                let (start, value) = (connection.start, connection.value);
                let other = (value.address.to_canonical(), value.port);
                let Some(time) = value.time else { return };
                let logged = Logged { time, package: value.package, quote: tape.line(start) };
                self.connections.entry(other).or_default().push(logged);
            }
            Fact::Lookup(lookup) => {
                let name = lookup.value.name.trim_end_matches('.').to_ascii_lowercase();
                let by = self.lookups.entry(name).or_default().entry(lookup.value.package).or_default();
                by.0 += 1;
                if by.1.len() < evidence::Attribution::QUOTES {
                    by.1.push(tape.line(lookup.start));
                }
            }
            Fact::Usage(usage) => self.count(&usage.value),
            Fact::Mark(mark) => self.mark(mark, tape),
            Fact::Clock(_) => self.zone = Zone::better(self.zone.take(), zone_of(&fact)),
            Fact::Alarm(_)
            | Fact::LocationRequest(_)
            | Fact::Oddity(_)
            | Fact::Operation(_)
            | Fact::Process(_)
            | Fact::Record(_)
            | Fact::Section(_) => self.kept -= 1,
        }
    }

    fn count(&mut self, usage: &Usage) {
        let is_history = usage.counter == Counter::UidHistory && usage.tag == 0;
        let (Some(uid), Some(bucket)) = (usage.uid.filter(|_| is_history), usage.bucket) else { return };
        let length = i64::try_from(bucket.seconds).unwrap_or(i64::MAX).saturating_mul(1_000_000_000);
        let end = Timestamp(bucket.start.0.saturating_add(length));
        let counted = Counted { end, sent: usage.tx_bytes, received: usage.rx_bytes };
        let key = (usage.network.clone(), usage.set.clone(), bucket.start);
        let known = self.usage.entry(uid).or_default().entry(key).or_insert(counted);
        // What is read again has counted on meanwhile.
        if counted.sent.saturating_add(counted.received) > known.sent.saturating_add(known.received) {
            *known = counted;
        }
    }

    fn mark(&mut self, mark: Found<handset::marks::Mark>, tape: &Tape) {
        let Found { value, start, .. } = mark;
        let Some(time) = value.time.filter(|_| self.marks.len() < MARKS) else {
            self.marks_dropped += 1;
            return;
        };
        self.marks.push(Mark {
            time,
            kind: value.kind.name().to_owned(),
            package: value.package.unwrap_or_default(),
            detail: value.detail.chars().take(DETAIL).collect(),
            quote: tape.line(start),
        });
    }

    /// All files were read: puts in order what is asked for by time.
    pub(crate) fn settle(&mut self) {
        self.connections.values_mut().for_each(|logged| logged.sort_by_key(|one| one.time));
        self.marks.sort_by(|one, other| (one.time, &one.quote).cmp(&(other.time, &other.quote)));
    }

    /// The addresses that its tables of sockets give it.
    pub(crate) fn addresses(&self) -> BTreeSet<IpAddr> {
        let own = self.sockets.values().flatten().map(|(socket, _)| socket.local.ip().to_canonical());
        own.filter(|address| !address.is_unspecified() && !address.is_loopback()).collect()
    }

    /// Values of the profile in its logs.
    pub(crate) fn logged(&self) -> impl Iterator<Item = &LoggedValue> {
        self.logs.values()
    }

    /// What is told of its packages.
    pub(crate) fn packages(&self) -> &Packages {
        &self.packages
    }

    /// Facts that there was no room for.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped
    }
}

/// What a fact tells of the phone's clock.
fn zone_of(fact: &Fact) -> Option<Zone> {
    match fact {
        Fact::Clock(clock) => Zone::of_alarms(clock.value.instant, clock.value.offset),
        Fact::Property(property) if property.value.name == "persist.sys.timezone" => {
            Zone::of_setting(&property.value.value)
        }
        _ => None,
    }
}

fn each_fact(
    tape: &mut Tape,
    how: (Kind, Clock),
    bytes: &mut dyn Read,
    each: &mut dyn FnMut(Fact, &Tape),
) -> (u64, Option<io::Error>) {
    each_window(how, tape, bytes, &mut |_| {}, each)
}

/// Calls `each` with every fact of a file, and `window` with all its bytes. Gives how many those were.
fn each_window(
    (kind, clock): (Kind, Clock),
    tape: &mut Tape,
    bytes: &mut dyn Read,
    window: &mut dyn FnMut(&[u8]),
    each: &mut dyn FnMut(Fact, &Tape),
) -> (u64, Option<io::Error>) {
    let Some(mut reader) = Reader::new(kind, clock) else { return (0, None) };
    let mut buffer = vec![0; WINDOW];
    let mut facts = Vec::new();
    let mut total = 0u64;
    loop {
        let (count, read) = fill(bytes, &mut buffer);
        let part = buffer.get(..count).unwrap_or_default();
        total += count as u64;
        window(part);
        tape.push(part);
        reader.push(part, &mut facts);
        if count < WINDOW {
            reader.finish(&mut facts);
        }
        facts.drain(..).for_each(|fact| each(fact, tape));
        if count < WINDOW {
            return (total, read.err());
        }
    }
}

pub(crate) fn anomaly(capture: CaptureId, oddity: Oddity) -> Anomaly {
    Anomaly {
        layer: Layer::Phone,
        what: oddity.what,
        detail: oddity.detail,
        capture,
        frame: None,
        offset: Some(oddity.offset),
    }
}

/// How much of a file is read at a time.
const WINDOW: usize = 1 << 18;
/// Facts that are kept: of a phone's files some ten thousand are.
const MOST: usize = 1 << 20;
/// Marks that are kept.
const MARKS: usize = 1 << 16;
/// The longest detail kept of a mark.
const DETAIL: usize = 200;
