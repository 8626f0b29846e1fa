//! Android's `.ab` to the messages that the telephony provider put into it, each with the way down to the file:
//! zlib, the archive's member, zlib again, the JSON.

use evidence::{
    Buffer, BufferId, CaptureId, ExchangeId, Fidelity, FlowId, FrameNo, Occurrence, Segment, Source, Span,
    Step, Trail,
};
use handset::messages::{
    backup::{AndroidBackup, BackupEvent, BackupHeader, Member, is_telephony_sms, telephony_sms},
    phone::{Sms, Stored},
};

use super::{
    FileTold, Messages,
    files::said,
    rows::{InMessage, Row},
};
use crate::known::Stand;

/// Reads a backup, in pieces.
#[derive(Debug)]
pub(crate) struct ArchiveRoom {
    reader: AndroidBackup,
    capture: CaptureId,
    /// Bytes of the file so far.
    len: u64,
    head: Option<(u64, BackupHeader)>,
    members: u64,
    /// The member whose content is kept.
    open: Option<(Member, Vec<u8>)>,
    kept: Vec<(Member, Vec<u8>)>,
    told: FileTold,
}

impl ArchiveRoom {
    pub(crate) fn new(capture: CaptureId) -> Self {
        Self {
            reader: AndroidBackup::new(LARGEST),
            capture,
            len: 0,
            head: None,
            members: 0,
            open: None,
            kept: Vec::new(),
            told: FileTold::default(),
        }
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.len += bytes.len() as u64;
        let mut reader = std::mem::replace(&mut self.reader, AndroidBackup::new(0));
        reader.push(bytes, &mut |event| self.take(event));
        self.reader = reader;
    }

    fn take(&mut self, event: BackupEvent<'_>) {
        match event {
            BackupEvent::Header(header) => self.head = Some((header.end, header.value)),
            BackupEvent::Odd(odd) => self.told.odd(odd),
            BackupEvent::Member(member) => {
                self.members += 1;
                self.close();
                if is_telephony_sms(&member.path) && self.kept.len() < MOST_MEMBERS {
                    self.open = Some((member, Vec::new()));
                }
            }
            BackupEvent::Content(bytes) => {
                if let Some((_, content)) = &mut self.open {
                    let room = MEMBER.saturating_sub(content.len());
                    content.extend_from_slice(bytes.get(..bytes.len().min(room)).unwrap_or_default());
                }
            }
        }
    }

    fn close(&mut self) {
        self.kept.extend(self.open.take());
    }

    pub(crate) fn finish(mut self, name: &str, messages: &mut Messages<'_>) -> FileTold {
        let reader = std::mem::replace(&mut self.reader, AndroidBackup::new(0));
        reader.finish(&mut |event| self.take(event));
        self.close();
        let mut rows: Vec<Stored<Sms>> = Vec::new();
        for (member, content) in std::mem::take(&mut self.kept) {
            self.member(&member, &content, (&mut rows, messages));
        }
        self.told.facts = self.members + rows.len() as u64;
        messages.backup(name, self.capture, &rows);
        self.told
    }

    fn member(
        &mut self,
        member: &Member,
        content: &[u8],
        (rows, messages): (&mut Vec<Stored<Sms>>, &mut Messages<'_>),
    ) {
        let backup = telephony_sms(content, MEMBER);
        backup.oddities.into_iter().for_each(|odd| self.told.odd(odd));
        let json = payload::replay_up_to("zlib", content, MEMBER).unwrap_or_default();
        for Stored { value, mut place } in backup.messages {
            self.told.see(value.date);
            let from = usize::try_from(place.start).unwrap_or(usize::MAX);
            let to = usize::try_from(place.end).unwrap_or(usize::MAX);
            let bytes = json.get(from..to).unwrap_or_default();
            let number = FrameNo(1);
            let stand = Stand { capture: self.capture, number, start: place.start, bytes, in_lines: false };
            let mut row = Row::of(&stand, said(&value, false), messages.searched);
            self.lead(&mut row.shown, member);
            row.known.iter_mut().for_each(|InMessage { occurrence, .. }| self.lead(occurrence, member));
            // Messages of several members begin at equal places of their own texts.
            place.start = rows.len() as u64;
            place.end = place.start;
            messages.keep((self.capture, place.start), row);
            rows.push(Stored { value, place });
        }
    }

    /// Leads an occurrence in a member's text on to the file.
    fn lead(&self, occurrence: &mut Occurrence, member: &Member) {
        let Some((head, header)) = &self.head else { return };
        let Some(Segment { start, len, .. }) =
            occurrence.trail.buffers.first().and_then(|buffer| buffer.segments.first()).copied()
        else {
            return;
        };
        let inner = occurrence.span;
        let mut trail = Trail::default();
        let content = member.at.saturating_add(TAR_HEADER);
        let (stream, from) = self.archive(&mut trail, (*head, header), content.saturating_add(member.size));
        let exact = Segment::exact(0, member.size, Source::Buffer(stream), content.saturating_add(from));
        let packed = trail.push(joining(Step::Body, member.size, exact));
        let text = trail.push(undone((packed, 0, member.size), start.saturating_add(len)));
        let at = |place: u64| start.saturating_add(place);
        occurrence.span = Span { buffer: text, start: at(inner.start), end: at(inner.end) };
        occurrence.exchange =
            ExchangeId { flow: FlowId { capture: self.capture, frame: FrameNo(1) }, index: 0 };
        occurrence.trail = trail;
    }

    /// The archive up to its byte `end`, and where it begins in the buffer.
    fn archive(&self, trail: &mut Trail, (head, header): (u64, &BackupHeader), end: u64) -> (BufferId, u64) {
        let source = Source::Frame { capture: self.capture, frame: FrameNo(1) };
        let exact = Segment::exact(0, self.len, source, 0);
        let file = trail.push(joining(Step::Entry, self.len, exact));
        if !header.compressed {
            return (file, head);
        }
        (trail.push(undone((file, head, self.len), end)), 0)
    }
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
/// Members that are kept.
const MOST_MEMBERS: usize = 64;
/// A header of the archive.
const TAR_HEADER: u64 = 512;
