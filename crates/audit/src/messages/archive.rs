//! Android's `.ab` to the messages in it, each with the way down to the file: what the telephony provider put into it
//! (zlib, the archive's member, zlib again, the JSON), and databases, which are read like those that lie beside it.

use evidence::{
    Buffer, BufferId, CaptureId, Fidelity, FrameNo, Occurrence, Segment, Source, Span, Step, Trail,
};
use handset::{
    Oddity,
    messages::{
        backup::{
            AndroidBackup, BackupDatabase, BackupDatabases, BackupEvent, BackupHeader, Member,
            is_telephony_mms, is_telephony_sms, telephony_mms, telephony_sms,
        },
        ledger::Origin,
        phone::{Sms, Stored},
        sqlite::Place,
    },
};

use super::{
    FileTold, MOST_ROWS, Messages,
    files::{Held, said, said_by},
    rows::{Row, Said, Sought},
};
use crate::{examine::readable, known::Stand};

/// Reads a backup, in pieces.
#[derive(Debug)]
pub(crate) struct ArchiveRoom {
    reader: AndroidBackup,
    way: Way,
    members: u64,
    /// The member whose content is kept.
    open: Option<(Member, Vec<u8>)>,
    kept: Vec<(Member, Vec<u8>)>,
    /// Bytes of members that may still be kept, then of their texts that may be unpacked.
    room: usize,
    /// Messages that were read.
    read: usize,
    databases: BackupDatabases,
    told: FileTold,
}

impl ArchiveRoom {
    pub(crate) fn new(capture: CaptureId) -> Self {
        Self {
            reader: AndroidBackup::new(LARGEST),
            way: Way { capture, len: 0, head: None },
            members: 0,
            open: None,
            kept: Vec::new(),
            room: MEMBERS,
            read: 0,
            databases: BackupDatabases::new(DATABASES),
            told: FileTold::default(),
        }
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.way.len += bytes.len() as u64;
        let mut reader = std::mem::replace(&mut self.reader, AndroidBackup::new(0));
        reader.push(bytes, &mut |event| self.take(event));
        self.reader = reader;
    }

    fn take(&mut self, event: BackupEvent<'_>) {
        self.databases.take(&event);
        match event {
            BackupEvent::Header(header) => self.way.head = Some((header.end, header.value)),
            BackupEvent::Odd(odd) => self.told.odd(odd),
            BackupEvent::Member(member) => {
                self.members += 1;
                self.close();
                let is_wanted = is_telephony_sms(&member.path) || is_telephony_mms(&member.path);
                self.open = is_wanted.then(|| (member, Vec::new()));
            }
            BackupEvent::Content(bytes) => {
                if let Some((_, content)) = &mut self.open {
                    let room = MEMBER.min(self.room).saturating_sub(content.len());
                    content.extend_from_slice(bytes.get(..bytes.len().min(room)).unwrap_or_default());
                }
            }
        }
    }

    fn close(&mut self) {
        let Some((member, content)) = self.open.take() else { return };
        let is_full = content.len() >= MEMBER.min(self.room);
        if is_full && (content.len() as u64) < member.size {
            let what = "file holds more of a member with messages than is read";
            self.told.odd(Oddity::new(what, &member.path, member.at));
        }
        if !content.is_empty() {
            self.room = self.room.saturating_sub(content.len());
            self.kept.push((member, content));
        }
    }

    pub(crate) fn finish(mut self, name: &str, messages: &mut Messages<'_>) -> FileTold {
        let reader = std::mem::replace(&mut self.reader, AndroidBackup::new(0));
        reader.finish(&mut |event| self.take(event));
        self.close();
        self.told.facts = self.members;
        let databases = std::mem::replace(&mut self.databases, BackupDatabases::new(0));
        let (databases, oddities) = databases.finish();
        oddities.into_iter().for_each(|odd| self.told.odd(odd));
        let members = std::mem::take(&mut self.kept);
        // What holds databases alone is no backup of the provider's, and tells of no time as one.
        if !members.is_empty() || databases.is_empty() {
            let mut rows: Vec<Stored<Sms>> = Vec::new();
            self.room = UNPACKED;
            members.iter().for_each(|(member, content)| self.member(member, content, (&mut rows, messages)));
            self.told.facts += rows.len() as u64;
            messages.backup(name, self.way.capture, &rows);
        }
        databases.iter().for_each(|database| self.database(name, database, messages));
        self.told
    }

    fn database(&mut self, name: &str, database: &BackupDatabase, messages: &mut Messages<'_>) {
        let BackupDatabase { member, content, log } = database;
        self.told.check(&self.way, member);
        log.iter().for_each(|(member, _)| self.told.check(&self.way, member));
        let log = log.as_ref().map(|(member, log)| Held::within(&self.way, member, log));
        let name = format!("{name}, {}", readable(member.path.as_bytes()));
        let told = messages.database(&name, Held::within(&self.way, member, content), log);
        if told.facts == 0 && told.oddities.is_empty() {
            let what = "file holds a database in which nothing could be read";
            self.told.odd(Oddity::new(what, &member.path, member.at));
        }
        self.told.add(told);
    }

    fn member(
        &mut self,
        member: &Member,
        content: &[u8],
        (rows, messages): (&mut Vec<Stored<Sms>>, &mut Messages<'_>),
    ) {
        self.told.check(&self.way, member);
        let limit = MEMBER.min(self.room);
        if limit == 0 || self.read >= MOST_ROWS {
            let what = "file holds more messages than are unpacked";
            return self.told.odd(Oddity::new(what, &member.path, member.at));
        }
        let json = payload::replay_up_to("zlib", content, limit).unwrap_or_default();
        self.room -= json.len().min(limit);
        let text = Json { way: &self.way, member, json: &json };
        if is_telephony_mms(&member.path) {
            let backup = telephony_mms(content, limit);
            backup.oddities.into_iter().for_each(|odd| self.told.odd(odd));
            self.read += backup.messages.len();
            for Stored { value, place } in backup.messages {
                self.told.facts += 1;
                self.told.see(value.date);
                messages.multimedia(&value, (place, false), &|told, sought| {
                    Some(text.row(told.place, said_by(told), sought))
                });
            }
            return;
        }
        let backup = telephony_sms(content, limit);
        backup.oddities.into_iter().for_each(|odd| self.told.odd(odd));
        self.read += backup.messages.len();
        for Stored { value, mut place } in backup.messages {
            self.told.see(value.date);
            let row = text.row(place, said(&value, false), messages.sought);
            // Messages of several members begin at equal places of their own texts.
            place.start = rows.len() as u64;
            place.end = place.start;
            messages.keep((messages.next_source(), Origin::File, place.start), row);
            rows.push(Stored { value, place });
        }
    }
}

/// What a member of the telephony provider's holds compressed.
struct Json<'b> {
    way: &'b Way,
    member: &'b Member,
    json: &'b [u8],
}

impl Json<'_> {
    fn row(&self, place: Place, said: Said<'_>, sought: Sought<'_>) -> Row {
        let from = usize::try_from(place.start).unwrap_or(usize::MAX);
        let to = usize::try_from(place.end).unwrap_or(usize::MAX);
        let bytes = self.json.get(from..to).unwrap_or_default();
        let (capture, number) = (self.way.capture, FrameNo(1));
        let stand = Stand { capture, number, start: place.start, bytes, in_lines: false };
        let mut row = Row::of(&stand, said, sought);
        row.occurrences().for_each(|occurrence| self.way.lead_in_json(occurrence, self.member));
        row
    }
}

impl FileTold {
    /// Notes that a member lies deeper in a backup than a proof goes.
    fn check(&mut self, way: &Way, member: &Member) {
        if way.is_compressed() && way.len.saturating_add(end_of(member)) > PROVED {
            self.odd(Oddity::new(
                "file holds messages deeper than a proof unpacks it",
                &member.path,
                member.at,
            ));
        }
    }
}

/// The way from what stands in a backup to its file.
#[derive(Debug)]
pub(super) struct Way {
    pub(super) capture: CaptureId,
    /// Bytes of the file.
    len: u64,
    head: Option<(u64, BackupHeader)>,
}

impl Way {
    fn is_compressed(&self) -> bool {
        self.head.as_ref().is_some_and(|(_, header)| header.compressed)
    }

    /// Leads an occurrence in the content of a member on to the file.
    pub(super) fn lead(&self, occurrence: &mut Occurrence, member: &Member) {
        let Some(Segment { start, len, .. }) = told_by(occurrence) else { return };
        let mut trail = Trail::default();
        occurrence.span.buffer = self.content(&mut trail, member, (start, len));
        occurrence.trail = trail;
    }

    /// The same of one in the text that a member holds compressed.
    fn lead_in_json(&self, occurrence: &mut Occurrence, member: &Member) {
        let Some(Segment { start, len, .. }) = told_by(occurrence) else { return };
        let inner = occurrence.span;
        let mut trail = Trail::default();
        let packed = self.content(&mut trail, member, (0, member.size));
        let text = trail.push(undone((packed, 0, member.size), start.saturating_add(len)));
        let at = |place: u64| start.saturating_add(place);
        occurrence.span = Span { buffer: text, start: at(inner.start), end: at(inner.end) };
        occurrence.trail = trail;
    }

    /// A part of a member's content as a buffer.
    fn content(&self, trail: &mut Trail, member: &Member, (start, len): (u64, u64)) -> BufferId {
        let source = Source::Frame { capture: self.capture, frame: FrameNo(1) };
        let from = member.at.saturating_add(TAR_HEADER).saturating_add(start);
        let head = self.head.as_ref().map_or(0, |(head, _)| *head);
        if !self.is_compressed() {
            let exact = Segment::exact(0, len, source, head.saturating_add(from));
            return trail.push(joining(Step::Entry, len, exact));
        }
        let file = trail.push(joining(Step::Entry, self.len, Segment::exact(0, self.len, source, 0)));
        let stream = trail.push(undone((file, head, self.len), from.saturating_add(len)));
        trail.push(joining(Step::Body, len, Segment::exact(0, len, Source::Buffer(stream), from)))
    }
}

/// Where an occurrence in a file of its own stands.
fn told_by(occurrence: &Occurrence) -> Option<Segment> {
    occurrence.trail.buffers.first()?.segments.first().copied()
}

/// Where a member's content ends in the archive.
fn end_of(member: &Member) -> u64 {
    member.at.saturating_add(TAR_HEADER).saturating_add(member.size)
}

fn joining(step: Step, len: u64, segment: Segment) -> Buffer {
    Buffer { step, len, input: None, key: None, segments: vec![segment] }
}

/// What zlib's format holds: the first `len` bytes of it.
fn undone((buffer, start, end): (BufferId, u64, u64), len: u64) -> Buffer {
    let source = Source::Buffer(buffer);
    let source_len = end.saturating_sub(start);
    let segment = Segment { out: 0, len, source, start, source_len, fidelity: Fidelity::Within };
    let input = Some(Span { buffer, start, end });
    Buffer { step: Step::Decode("zlib".to_owned()), len, input, key: None, segments: vec![segment] }
}

/// Bytes of the archive that are unpacked.
const LARGEST: u64 = 1 << 33;
/// Bytes of one member, and of its text, that are kept: a thousand messages stand in one.
const MEMBER: usize = 1 << 24;
/// Bytes of databases that are kept.
const DATABASES: usize = 1 << 28;
/// Bytes that a proof goes through: of the file, and of the archive up to the member's end.
const PROVED: u64 = crate::prove::LARGEST as u64;
/// Bytes of all such members that are kept.
const MEMBERS: usize = 1 << 28;
/// Bytes of texts in such members that are unpacked, of all together.
const UNPACKED: usize = 1 << 28;
/// A header of the archive.
const TAR_HEADER: u64 = 512;
