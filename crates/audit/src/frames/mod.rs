//! The reading thread: capture files to packets, files of flows to entries, dealt out to the workers by flow.
//!
//! A file is read in chunks that are shared, not copied: a packet on its way to a worker is a range of its
//! chunk. Everything of a flow goes to one worker, in the order of the captures, so that what a worker
//! finds does not depend on how many there are.

mod files;
mod look;

use std::{
    collections::BTreeMap,
    net::IpAddr,
    ops::Range,
    path::PathBuf,
    sync::{Arc, OnceLock, atomic::Ordering},
};

use crossbeam_channel::Sender;
use evidence::{AnomalyTally, Capture, CaptureId, Fate, FrameNo, Holds, InputProblem, Ledger, Transport};
use facts::Scope;
use foldhash::HashMap;
use handset::messages::bill::Mapping;
use wire::{
    App, Packet, PacketHead,
    capture::{Event, Fact, Frame, LinkType, Progress, Reader},
    entries::{self, Entry, Format},
    flow::serving,
    net::{Dissector, NetOutput},
    quic::is_port,
};

pub(crate) use self::look::first_time;
use self::look::{Look, first_look};
use crate::{
    digest::Digester,
    input::{Input, Opened, fill, open},
    kind::{Kind, packing},
    messages::{Carriers, Messages, RadioRoom, Settled},
    phone::Phone,
    progress::Meter,
    secrets::Secrets,
};

/// What one worker is to have.
pub(crate) enum Work {
    /// The packets come from several captures.
    Several,
    /// An entry of a file of flows.
    Entry(Entry),
    /// Packets.
    Packets(Batch),
}

/// Packets of one chunk that one worker is to have.
pub(crate) struct Batch {
    /// The chunk their frames lie in.
    pub(crate) chunk: Arc<Vec<u8>>,
    /// The packets and where in the chunk their frames lie.
    pub(crate) packets: Vec<(Packet, Range<usize>)>,
    /// The apps behind frames of the chunk, by their numbers.
    pub(crate) apps: Arc<BTreeMap<FrameNo, Arc<App>>>,
}

/// What reading the inputs came to.
#[derive(Debug, Default)]
pub(crate) struct ReadOutcome {
    pub(crate) captures: Vec<Capture>,
    /// The apps among them, whose code is asked in the end.
    pub(crate) apps: Vec<(CaptureId, PathBuf)>,
    pub(crate) problems: Vec<InputProblem>,
    /// Bytes of each file of flows that are in no entry and could not be read.
    pub(crate) unread: BTreeMap<CaptureId, u64>,
    pub(crate) ledger: Ledger,
    pub(crate) anomalies: AnomalyTally,
    /// What tells of messages, together.
    pub(crate) messages: Settled,
    /// Where the radio's frames were sent that are in the captures.
    pub(crate) radio: Carriers,
}

/// Reads inputs and deals packets out.
pub(crate) struct FrameReader<'p> {
    workers: Vec<Sender<Work>>,
    secrets: Secrets,
    /// What the phone's files say, once they were read.
    phone: &'p OnceLock<Phone>,
    /// What tells of messages; `None` where nobody asks for it.
    messages: Option<Messages<'p>>,
    /// What is known of the form of bills.
    bill: Option<&'p Mapping>,
    /// The radio of the capture at hand.
    radio: RadioRoom,
    meter: &'p Meter,
    digester: Digester,
    pool: Vec<Arc<Vec<u8>>>,
    dissector: Dissector,
    net: NetOutput,
    /// The apps of the capture at hand, by their user ids, and those of the chunk's frames.
    apps: HashMap<i32, Arc<App>>,
    of_frames: BTreeMap<FrameNo, Arc<App>>,
    outcome: ReadOutcome,
}

impl<'p> FrameReader<'p> {
    pub(crate) fn new(
        workers: Vec<Sender<Work>>,
        secrets: Secrets,
        phone: &'p OnceLock<Phone>,
        meter: &'p Meter,
    ) -> Self {
        Self {
            workers,
            secrets,
            phone,
            messages: None,
            bill: None,
            radio: RadioRoom::default(),
            meter,
            digester: Digester::start(),
            pool: Vec::new(),
            dissector: Dissector::new(),
            net: NetOutput::default(),
            apps: HashMap::default(),
            of_frames: BTreeMap::new(),
            outcome: ReadOutcome::default(),
        }
    }

    /// With somebody who asks for messages, and what is known of the form of bills.
    pub(crate) fn with_messages(mut self, messages: Messages<'p>, bill: Option<&'p Mapping>) -> Self {
        (self.messages, self.bill) = (Some(messages), bill);
        self
    }

    /// Reads every input: secrets and the phone's files first, then packets, the input whose first frame is earliest first. What
    /// cannot be read becomes a problem, and the others go on.
    pub(crate) fn run(mut self, inputs: &[Input]) -> ReadOutcome {
        let (mut packets, mut phone, mut messages) = (Vec::new(), Vec::new(), Vec::new());
        for (id, input) in (0u32..).map(CaptureId).zip(inputs) {
            match first_look(input, self.bill) {
                // Opened when its turn comes: a pipe can be opened once, and thousands of files not at once.
                Look::Packets(time) => packets.push((time, id, input)),
                Look::Secrets(opened) => self.read_secrets(id, input, opened),
                Look::Messages(kind) => messages.push((id, input, kind)),
                Look::Phone(kind) => phone.push((id, input, kind)),
                Look::Scan(time, mut opened) => {
                    self.secrets.scan(id, &mut *opened.bytes);
                    packets.push((time, id, input));
                }
                Look::Fails(error) => self.problem(input, format!("cannot be opened: {error}")),
            }
        }
        packets.sort_by_key(|(time, id, _)| (*time, *id));
        self.read_phone(&phone, packets.iter().find_map(|(time, ..)| *time));
        self.read_messages(&messages);
        if packets.len() > 1 {
            // Apps and files of flows are among these: that costs a little memory, and nothing else.
            for worker in &self.workers {
                let _ = worker.send(Work::Several);
            }
        }
        for (_, id, input) in packets {
            match open(input) {
                Ok(opened) => self.read_kind(id, input, opened),
                Err(error) => self.problem(input, format!("cannot be opened: {error}")),
            }
        }
        self.finish()
    }

    fn read_kind(&mut self, id: CaptureId, input: &Input, opened: Opened) {
        match opened.kind {
            Some(Kind::Flows(format)) => self.read_flows(id, input, (format, opened)),
            Some(Kind::KeyLog | Kind::PrivateKey) => self.read_secrets(id, input, opened),
            // Through a pipe it comes too late to say whose a flow is.
            Some(Kind::Messages(_) | Kind::Phone(_)) => self.problem(input, PIPED.to_owned()),
            Some(Kind::Apk) => self.read_app(id, input, opened),
            Some(Kind::Capture) | None => self.read(id, input, opened),
        }
    }

    fn finish(mut self) -> ReadOutcome {
        self.dissector.finish(&mut self.net);
        self.outcome.ledger.merge(&self.dissector.ledger());
        self.note_anomalies();
        for capture in std::mem::take(&mut self.secrets).finish() {
            self.outcome.ledger.add_pieces(Fate::Framing, &capture.format, capture.bytes, capture.frames);
            self.outcome.captures.push(capture);
        }
        self.outcome.captures.sort_by_key(|capture| capture.id);
        self.outcome.messages = self.messages.take().map(Messages::settle).unwrap_or_default();
        self.outcome
    }

    fn read(&mut self, id: CaptureId, input: &Input, mut opened: Opened) {
        let mut capture = begin(id, input);
        let mut reader = Reader::new(id);
        self.apps.clear();
        let hash_here = opened.digest.is_none();
        let mut carry = Vec::new();
        let mut wanted = CHUNK;
        loop {
            let mut chunk = self.chunk(wanted, &carry);
            let fresh = carry.len();
            let (count, read) = fill(&mut *opened.bytes, chunk.get_mut(fresh..).unwrap_or_default());
            chunk.truncate(fresh + count);
            capture.bytes += count as u64;
            self.meter.bytes.fetch_add(count as u64, Ordering::Relaxed);
            self.tell_end(&mut capture, read, input);
            let at_end = chunk.len() < wanted;
            let (used, needed, batches) = self.cut(&mut reader, &chunk, at_end, &mut capture);
            carry.clear();
            carry.extend_from_slice(chunk.get(used..).unwrap_or_default());
            wanted = CHUNK.max(needed);
            let chunk = Arc::new(chunk);
            if hash_here {
                self.digester.update(Arc::clone(&chunk), fresh);
            }
            self.secrets.read_on();
            self.deal(&chunk, batches);
            self.pool.push(chunk);
            if at_end {
                break;
            }
        }
        self.close_radio(&capture, input);
        self.close_packets(capture, &reader, &opened, carry.len() as u64, input);
    }

    fn close_radio(&mut self, capture: &Capture, input: &Input) {
        let radio = std::mem::take(&mut self.radio);
        if let dropped @ 1.. = radio.dropped() {
            self.problem(input, format!("{dropped} messages of the radio were not kept: there are too many"));
        }
        if let Some(messages) = &mut self.messages {
            messages.radio(&capture.name, capture.id, radio, capture.first.zip(capture.last));
        }
    }

    /// Cuts a chunk into frames and the frames into packets, by worker. Says how much of the chunk was used
    /// and how large a window the next frame needs.
    fn cut(
        &mut self,
        reader: &mut Reader,
        chunk: &[u8],
        at_end: bool,
        capture: &mut Capture,
    ) -> (usize, usize, Vec<Packets>) {
        let mut batches: Vec<Packets> = self.workers.iter().map(|_| Vec::new()).collect();
        let mut used = 0;
        let base = capture.bytes.saturating_sub(chunk.len() as u64);
        loop {
            let window = chunk.get(used..).unwrap_or_default();
            match reader.read(window, at_end) {
                Progress::Event { consumed, event } => {
                    match event {
                        Event::Frame(frame) => {
                            self.dissect(&frame, base, capture, &mut batches);
                        }
                        Event::Note(note) => self.note(&note, capture),
                        Event::Anomaly(anomaly) => self.outcome.anomalies.add(anomaly),
                    }
                    used += consumed;
                }
                Progress::Skipped { consumed } => used += consumed,
                Progress::More { needed } => return (used, needed, batches),
                Progress::End => return (used, 0, batches),
            }
        }
    }

    fn dissect(&mut self, frame: &Frame<'_>, base: u64, capture: &mut Capture, batches: &mut [Packets]) {
        capture.frames += 1;
        capture.first = Some(capture.first.map_or(frame.time, |first| first.min(frame.time)));
        capture.last = Some(capture.last.map_or(frame.time, |last| last.max(frame.time)));
        let start = usize::try_from(frame.offset.saturating_sub(base)).unwrap_or(0);
        let packet = self.dissector.dissect(frame, &mut self.net);
        if let Some(app) = App::of_trailer(frame.data).filter(|_| frame.link == LinkType::ETHERNET) {
            let uid = app.uid.unwrap_or_default();
            let known = self.apps.get(&uid).filter(|known| known.name == app.name).cloned();
            let app = known.unwrap_or_else(|| Arc::new(app));
            if self.apps.len() < MOST_APPS {
                self.apps.insert(uid, Arc::clone(&app));
            }
            self.of_frames.insert(frame.number, app);
        }
        for packet in packet.into_iter().chain(self.net.more.drain(..)) {
            let heard = self.messages.is_some() && RadioRoom::is_for(&packet);
            self.outcome.radio.see(&packet, frame.data);
            if heard && self.radio.hear(&packet, frame.data) {
                let len = packet.payload.len() as u64;
                self.outcome.ledger.add_pieces(Fate::Decoded, RADIO, len, 1);
                continue;
            }
            let worker = worker_of(&packet.head, batches.len());
            if let Some(batch) = batches.get_mut(worker) {
                batch.push((packet, start..start + frame.data.len()));
            }
        }
        self.note_anomalies();
    }

    fn deal(&mut self, chunk: &Arc<Vec<u8>>, batches: Vec<Packets>) {
        let apps = Arc::new(std::mem::take(&mut self.of_frames));
        for (worker, packets) in self.workers.iter().zip(batches) {
            if !packets.is_empty() {
                // A worker that is gone has panicked; joining it tells.
                let _ = worker.send(Work::Packets(Batch {
                    chunk: Arc::clone(chunk),
                    packets,
                    apps: Arc::clone(&apps),
                }));
            }
        }
    }

    /// Reads a file of flows. Its entries are dealt out by their numbers.
    fn read_flows(&mut self, id: CaptureId, input: &Input, (format, mut opened): (Format, Opened)) {
        let mut capture = Capture { holds: Holds::Flows, ..begin(id, input) };
        let mut reader = entries::Reader::new(id, format);
        let mut events = Vec::new();
        loop {
            let mut chunk = self.chunk(CHUNK, &[]);
            let (count, read) = fill(&mut *opened.bytes, &mut chunk);
            chunk.truncate(count);
            capture.bytes += count as u64;
            self.meter.bytes.fetch_add(count as u64, Ordering::Relaxed);
            self.tell_end(&mut capture, read, input);
            reader.push(&chunk, &mut events);
            if count < CHUNK {
                reader.finish(&mut events);
            }
            let chunk = Arc::new(chunk);
            if opened.digest.is_none() {
                self.digester.update(Arc::clone(&chunk), 0);
            }
            self.pool.push(chunk);
            events.drain(..).for_each(|event| self.take(event, &mut capture));
            if count < CHUNK {
                break;
            }
        }
        let ledger = reader.ledger();
        let unread = ledger.bytes(Fate::NotParsed);
        if unread > 0 {
            self.outcome.unread.insert(id, unread);
        }
        self.outcome.ledger.merge(&ledger);
        self.close(capture, format.name(), &opened, input);
    }

    fn take(&mut self, event: entries::Event, capture: &mut Capture) {
        match event {
            entries::Event::Anomaly(anomaly) => self.outcome.anomalies.add(anomaly),
            entries::Event::Note(note) if capture.notes.len() < NOTES => capture.notes.push(note),
            entries::Event::Note(_) => {}
            entries::Event::Entry(entry) => {
                capture.frames += 1;
                let time = entry.time();
                capture.first = capture.first.into_iter().chain(time).min();
                capture.last = capture.last.into_iter().chain(time).max();
                let worker = usize::try_from(entry.number.0).unwrap_or(0) % self.workers.len().max(1);
                if let Some(worker) = self.workers.get(worker) {
                    let _ = worker.send(Work::Entry(entry));
                }
            }
        }
    }

    /// What went wrong while a file was read ends the reading of it.
    fn tell_end(&mut self, capture: &mut Capture, read: std::io::Result<()>, input: &Input) {
        if let Err(error) = read {
            let end = format!("reading stopped after {} bytes: {error}", capture.bytes);
            self.problem(input, end.clone());
            capture.damage = Some(end);
        }
    }

    fn close_packets(
        &mut self,
        capture: Capture,
        reader: &Reader,
        opened: &Opened,
        left: u64,
        input: &Input,
    ) {
        let ledger = &mut self.outcome.ledger;
        ledger.add_pieces(Fate::Framing, reader.format(), reader.framing_bytes(), capture.frames);
        if reader.damaged_bytes() + left > 0 {
            let reason = "damaged stretch of the capture file";
            ledger.add(Fate::NotParsed, reason, reader.damaged_bytes() + left);
        }
        self.close(capture, reader.format(), opened, input);
    }

    fn close(&mut self, mut capture: Capture, format: &str, opened: &Opened, input: &Input) {
        let own = self.digester.finish();
        let file = opened.digest.as_ref().and_then(|digest| Some(digest.lock().ok()?.clone()));
        let digested = file.unwrap_or(own);
        capture.sha256 = digested.finish();
        capture.file_bytes = digested.bytes;
        capture.format = match opened.compression {
            Some(compression) => format!("{format} in {compression}"),
            None => format.to_owned(),
        };
        if let Some(problem) = complaint(&capture, &opened.head) {
            self.problem(input, problem);
        }
        self.outcome.captures.push(capture);
    }

    fn note(&mut self, note: &wire::capture::Note, capture: &mut Capture) {
        self.secrets.note(note);
        if self.note_app(note) {
            return;
        }
        if capture.notes.len() < NOTES {
            capture.notes.push(note.to_string());
        }
    }

    /// Takes from a note what it tells of apps. Says whether it tells nothing else.
    fn note_app(&mut self, note: &wire::capture::Note) -> bool {
        match &note.fact {
            Fact::App(app) => {
                if let Some(uid) = app.uid.filter(|_| self.apps.len() < MOST_APPS) {
                    self.apps.insert(uid, Arc::new(app.clone()));
                }
                false
            }
            Fact::Packet(frame) => {
                let uid = note.comments().find_map(App::uid_of_comment);
                if let Some(app) = uid.and_then(|uid| self.apps.get(&uid)) {
                    self.of_frames.insert(*frame, Arc::clone(app));
                }
                uid.is_some() && note.properties.len() == 1
            }
            _ => false,
        }
    }

    fn note_anomalies(&mut self) {
        for anomaly in self.net.anomalies.drain(..) {
            self.outcome.anomalies.add(anomaly);
        }
    }

    fn problem(&mut self, input: &Input, problem: String) {
        self.outcome.problems.push(InputProblem { input: input.name(), problem });
    }

    /// A chunk that nobody reads any more, or a new one, with `carry` at its front.
    fn chunk(&mut self, size: usize, carry: &[u8]) -> Vec<u8> {
        let free = self.pool.iter().position(|chunk| Arc::strong_count(chunk) == 1);
        let free = free.and_then(|index| Arc::try_unwrap(self.pool.swap_remove(index)).ok());
        let mut chunk = free.unwrap_or_default();
        chunk.resize(size.max(carry.len()), 0);
        if let Some(front) = chunk.get_mut(..carry.len()) {
            front.copy_from_slice(carry);
        }
        chunk
    }
}

type Packets = Vec<(Packet, Range<usize>)>;

/// Which of `workers` a packet goes to: equal for both directions of a flow, for all that may be one connection of
/// QUIC, and for the two sides of a flow that a router translates.
fn worker_of(head: &PacketHead, workers: usize) -> usize {
    let serving = serving(head).filter(|side| Scope::of(side.0) == Scope::Public);
    let [one, other] = [head.source, head.destination].map(|side| {
        match moves(head, side) || serving.is_some_and(|serving| serving != side) {
            true => 0,
            false => fold(side),
        }
    });
    // Fibonacci hashing: the high bits of the product depend on all bits of the sum.
    let mixed = one.wrapping_add(other).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    usize::try_from(mixed >> 33).unwrap_or(0) % workers.max(1)
}

/// Whether that side may go on from another address: it talks to a server of QUIC.
fn moves(head: &PacketHead, side: (IpAddr, u16)) -> bool {
    let other = if side == head.source { head.destination } else { head.source };
    head.transport == Transport::Udp && is_port(other.1) && !is_port(side.1)
}

fn fold((address, port): (IpAddr, u16)) -> u64 {
    let address = match address {
        IpAddr::V4(address) => u64::from(address.to_bits()),
        IpAddr::V6(address) => {
            let bits = address.to_bits();
            ((bits >> 64) ^ bits) as u64
        }
    };
    address.wrapping_mul(0x0000_0100_0000_01b3).wrapping_add(u64::from(port))
}

fn begin(id: CaptureId, input: &Input) -> Capture {
    Capture {
        id,
        name: input.name(),
        format: String::new(),
        holds: Holds::Packets,
        sha256: String::new(),
        file_bytes: 0,
        bytes: 0,
        frames: 0,
        first: None,
        last: None,
        notes: Vec::new(),
        damage: None,
    }
}

fn complaint(capture: &Capture, head: &[u8]) -> Option<String> {
    let unknown = capture.format.starts_with("unknown");
    if capture.bytes == 0 {
        Some("is empty: was the capture written to the end?".to_owned())
    } else if let Some(packed) = packing(head).filter(|_| unknown) {
        Some(format!(
            "is packed ({packed}): unpack it, and give what was in it, a folder or the capture itself"
        ))
    } else if unknown && capture.name.ends_with(".toml") {
        Some(
            "is no capture and no file of the phone's; if it is the profile, give it with --profile"
                .to_owned(),
        )
    } else if unknown {
        Some(
            "is no pcap or pcapng capture, no file of flows (HAR, mitmproxy), no key log, no app, no bill and no file of the phone's; give the file the packets were recorded to"
                .to_owned(),
        )
    } else {
        None
    }
}

const PIPED: &str =
    "is a file of the phone's, which must be read before the packets: name it as a file, not through a pipe";
/// What became of datagrams that are messages of the radio.
const RADIO: &str = "messages of the radio (GSMTAP)";
/// Apps of one capture that are remembered: a phone has some hundreds.
const MOST_APPS: usize = 1 << 16;
/// How much of a file is read at a time.
const CHUNK: usize = 1 << 20;
/// How many notes of a capture are kept: a file may hold a comment on each frame.
const NOTES: usize = 100;
