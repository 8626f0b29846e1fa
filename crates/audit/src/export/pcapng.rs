//! Captures to one pcapng file that opens without a key log (draft-ietf-opsawg-pcapng).
//!
//! Little-endian: a section header (`shb_userappl`: the program), decryption secrets blocks, then the packets of
//! all captures in the order of their times, each as captured. Every link type of every capture is an interface
//! with nanoseconds whose name is the capture's. Comments, names and other blocks of the captures are not copied.
//! A file's frames keep their own order; captures whose frames jump back in time are merged by the frame at hand.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
    io::{self, Read},
};

use evidence::{CaptureId, Timestamp};
use wire::{
    KeyRing,
    capture::{Event, LinkType, Progress, Reader},
};

use super::{Out, secrets::each_needed};
use crate::{
    frames::first_time,
    input::{Input, fill, open},
    kind::Kind,
};

/// Writes the packets of `inputs` and the secrets they need. Gives what is not in the file, and why.
pub(super) fn write(
    out: Out<'_>,
    inputs: &[Input],
    keys: &KeyRing,
    program: &str,
) -> io::Result<Vec<String>> {
    let mut writer = Writer { out, interfaces: BTreeMap::new() };
    writer.section(program)?;
    let mut outcome = Ok(());
    each_needed(inputs, keys, &mut |kind, bytes| {
        if outcome.is_ok() {
            outcome = writer.secrets(kind.0, bytes);
        }
    });
    outcome?;
    let mut notes = Vec::new();
    let mut captures = Vec::new();
    for (place, input) in inputs.iter().enumerate() {
        match share_of(input) {
            Share::LeftOut(why) => notes.push(format!("{}: {why}", input.name())),
            Share::Nothing => {}
            Share::Packets => captures.push(place),
        }
    }
    merge(&mut writer, inputs, captures)?;
    writer.out.flush()?;
    Ok(notes)
}

/// What of an input goes into the file.
enum Share {
    /// Nothing, though somebody may look for it there: why.
    LeftOut(&'static str),
    /// Nothing that anybody looks for among packets: secrets have their own blocks, and a folder holds many files of the
    /// phone's.
    Nothing,
    Packets,
}

fn share_of(input: &Input) -> Share {
    if *input == Input::Standard {
        return Share::LeftOut("can be read only once, so it is not in the pcapng; save it to a file first");
    }
    let Ok(opened) = open(input) else { return Share::Packets };
    match opened.kind {
        Some(Kind::PrivateKey) => Share::LeftOut(
            "a private key cannot be put into a pcapng; give it to Wireshark beside the file (RSA keys in its settings)",
        ),
        Some(Kind::Flows(_)) => Share::LeftOut("holds no packets, so it is not in the pcapng"),
        Some(Kind::Apk | Kind::KeyLog | Kind::Messages(_) | Kind::Phone(_)) => Share::Nothing,
        Some(Kind::Capture) | None => Share::Packets,
    }
}

/// Writes the frames of all captures, the earliest first. A capture is opened when its first frame's turn comes:
/// thousands of files cannot be open at once.
fn merge(writer: &mut Writer<'_>, inputs: &[Input], captures: Vec<usize>) -> io::Result<()> {
    let begins = |place: usize| inputs.get(place).and_then(|input| first_time(&mut open(input).ok()?));
    let mut closed: Vec<_> = captures.into_iter().filter_map(|place| Some((begins(place)?, place))).collect();
    closed.sort_by(|one, other| other.cmp(one));
    let mut open_files: BTreeMap<usize, (Frames, Shot)> = BTreeMap::new();
    let mut turns: BinaryHeap<Reverse<(Timestamp, usize)>> = BinaryHeap::new();
    loop {
        let now = turns.peek().map(|Reverse((time, _))| *time);
        if let Some((_, place)) = closed.pop_if(|(begins, _)| now.is_none_or(|now| *begins <= now)) {
            let Some(Ok(opened)) = inputs.get(place).map(open) else { continue };
            let mut frames = Frames::new(opened.bytes);
            if let Some(shot) = frames.next() {
                turns.push(Reverse((shot.time, place)));
                open_files.insert(place, (frames, shot));
            }
            continue;
        }
        let Some(Reverse((_, place))) = turns.pop() else { return Ok(()) };
        let Some((mut frames, shot)) = open_files.remove(&place) else { continue };
        let name = inputs.get(place).map(Input::name).unwrap_or_default();
        writer.packet(place, &name, &shot)?;
        if let Some(next) = frames.next() {
            turns.push(Reverse((next.time, place)));
            open_files.insert(place, (frames, next));
        }
    }
}

/// A frame with bytes of its own.
struct Shot {
    time: Timestamp,
    link: LinkType,
    wire_len: u32,
    data: Vec<u8>,
}

/// The frames of a capture, one after another.
struct Frames {
    reader: Reader,
    bytes: Box<dyn Read + Send>,
    window: Vec<u8>,
    used: usize,
    at_end: bool,
}

impl Frames {
    fn new(bytes: Box<dyn Read + Send>) -> Self {
        Self { reader: Reader::new(CaptureId(0)), bytes, window: Vec::new(), used: 0, at_end: false }
    }

    fn refill(&mut self, needed: usize) {
        self.window.drain(..self.used.min(self.window.len()));
        self.used = 0;
        let (held, wanted) = (self.window.len(), needed.max(WINDOW));
        self.window.resize(wanted.max(held), 0);
        // What cannot be read was told at the first reading.
        let (count, _) = fill(&mut *self.bytes, self.window.get_mut(held..).unwrap_or_default());
        self.window.truncate(held + count);
        self.at_end = self.window.len() < wanted;
    }
}

impl Iterator for Frames {
    type Item = Shot;

    fn next(&mut self) -> Option<Shot> {
        loop {
            let window = self.window.get(self.used..).unwrap_or_default();
            match self.reader.read(window, self.at_end) {
                Progress::Event { consumed, event } => {
                    self.used += consumed;
                    if let Event::Frame(frame) = event {
                        let (time, link, wire_len) = (frame.time, frame.link, frame.wire_len);
                        return Some(Shot { time, link, wire_len, data: frame.data.to_vec() });
                    }
                }
                Progress::Skipped { consumed } => self.used += consumed,
                Progress::More { needed } => self.refill(needed),
                Progress::End => return None,
            }
        }
    }
}

struct Writer<'o> {
    out: Out<'o>,
    /// Numbers of interfaces, by capture and link type.
    interfaces: BTreeMap<(usize, LinkType), u32>,
}

impl Writer<'_> {
    fn section(&mut self, program: &str) -> io::Result<()> {
        let mut body = Vec::new();
        body.extend(BYTE_ORDER.to_le_bytes());
        body.extend([1, 0, 0, 0]);
        // Its length is not known beforehand.
        body.extend(u64::MAX.to_le_bytes());
        option(&mut body, USER_APPLICATION, program.as_bytes());
        end_of_options(&mut body);
        self.block(SECTION, &[&body])
    }

    fn secrets(&mut self, kind: u32, bytes: &[u8]) -> io::Result<()> {
        self.block(SECRETS, &[&kind.to_le_bytes(), &length(bytes).to_le_bytes(), bytes])
    }

    fn packet(&mut self, capture: usize, name: &str, shot: &Shot) -> io::Result<()> {
        let interface = self.interface(capture, name, shot.link)?;
        // Times before 1970 are none of a capture.
        let ticks = u64::try_from(shot.time.0).unwrap_or(0);
        let mut head = Vec::with_capacity(20);
        head.extend(interface.to_le_bytes());
        let [low, high] = [ticks & u64::from(u32::MAX), ticks >> 32];
        head.extend((high as u32).to_le_bytes());
        head.extend((low as u32).to_le_bytes());
        let captured = length(&shot.data);
        head.extend(captured.to_le_bytes());
        head.extend(shot.wire_len.max(captured).to_le_bytes());
        self.block(PACKET, &[&head, &shot.data])
    }

    /// The number of an interface, which is described where it is new.
    fn interface(&mut self, capture: usize, name: &str, link: LinkType) -> io::Result<u32> {
        let next = u32::try_from(self.interfaces.len()).unwrap_or(u32::MAX);
        if let Some(known) = self.interfaces.get(&(capture, link)) {
            return Ok(*known);
        }
        let mut body = Vec::from(link.0.to_le_bytes());
        body.extend([0; 6]);
        option(&mut body, INTERFACE_NAME, name.as_bytes());
        option(&mut body, RESOLUTION, &[NANOSECONDS]);
        end_of_options(&mut body);
        self.block(INTERFACE, &[&body])?;
        self.interfaces.insert((capture, link), next);
        Ok(next)
    }

    fn block(&mut self, kind: u32, parts: &[&[u8]]) -> io::Result<()> {
        let len: usize = parts.iter().map(|part| part.len()).sum();
        let padding = len.next_multiple_of(4) - len;
        let total = u32::try_from(len + padding + 12).map_err(|_| io::ErrorKind::InvalidData)?;
        self.out.write_all(&kind.to_le_bytes())?;
        self.out.write_all(&total.to_le_bytes())?;
        parts.iter().try_for_each(|part| self.out.write_all(part))?;
        self.out.write_all([0; 3].get(..padding).unwrap_or_default())?;
        self.out.write_all(&total.to_le_bytes())
    }
}

fn option(body: &mut Vec<u8>, code: u16, value: &[u8]) {
    let value = value.get(..LONGEST_OPTION).unwrap_or(value);
    body.extend(code.to_le_bytes());
    body.extend(u16::try_from(value.len()).unwrap_or(0).to_le_bytes());
    body.extend_from_slice(value);
    body.resize(body.len().next_multiple_of(4), 0);
}

fn end_of_options(body: &mut Vec<u8>) {
    body.extend([0; 4]);
}

fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}

const BYTE_ORDER: u32 = 0x1a2b_3c4d;
const SECTION: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
const PACKET: u32 = 6;
const SECRETS: u32 = 10;
const USER_APPLICATION: u16 = 4;
const INTERFACE_NAME: u16 = 2;
const RESOLUTION: u16 = 9;
/// 10 to the minus 9 seconds.
const NANOSECONDS: u8 = 9;
const LONGEST_OPTION: usize = 1024;
/// How much of a file is read at a time.
const WINDOW: usize = 1 << 18;
