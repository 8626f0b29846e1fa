//! Files that are read whole before the packets, or beside them: secrets, what the phone says of itself, what tells of
//! messages, and apps.

use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::Ordering},
};

use evidence::{Anomaly, Capture, CaptureId, Fate, Holds, Layer, Timestamp};

use super::{CHUNK, FrameReader, begin};
use crate::{
    input::{Input, Opened, fill, log_path, open},
    kind::Kind,
    messages::{self, ArchiveRoom, FileTold, Held, Messages, XmlRoom},
    phone::{FileRead, Phone, Tape, Zone, anomaly},
};

impl FrameReader<'_> {
    /// Takes in an app: its bytes are hashed here; its code is asked when it is known what left.
    pub(super) fn read_app(&mut self, id: CaptureId, input: &Input, mut opened: Opened) {
        let mut capture = Capture { holds: Holds::App, frames: 1, ..begin(id, input) };
        self.each_part(&mut capture, &mut opened, input, &mut |_| {});
        if let Input::File(path) = input {
            self.outcome.apps.push((id, path.clone()));
        }
        self.outcome.ledger.add_pieces(Fate::Framing, APK, capture.bytes, 1);
        self.close(capture, APK, &opened, input);
    }

    pub(super) fn read_secrets(&mut self, id: CaptureId, input: &Input, opened: Opened) {
        let mut capture = Capture { holds: Holds::Secrets, ..begin(id, input) };
        capture.format = match opened.kind {
            Some(Kind::PrivateKey) => Capture::PRIVATE_KEY.to_owned(),
            _ => Capture::KEY_LOG.to_owned(),
        };
        if let Err(problem) = self.secrets.read(capture, opened) {
            self.problem(input, problem);
        }
    }

    /// Reads the phone's files; `near` is when the packets begin, for logs that leave the year out.
    pub(super) fn read_phone(
        &mut self,
        files: &[(CaptureId, &Input, handset::Kind)],
        near: Option<Timestamp>,
    ) {
        let mut phone = Phone::default();
        for (_, input, kind) in files {
            // What cannot be opened is told when it is read.
            if let Ok(mut opened) = open(input) {
                phone.set_clock(*kind, &mut *opened.bytes);
            }
        }
        for (id, input, kind) in files {
            match open(input) {
                Ok(opened) => self.read_phone_file((*id, input, *kind), opened, (&mut phone, near)),
                Err(error) => self.problem(input, format!("cannot be opened: {error}")),
            }
        }
        phone.settle();
        if let (Some((_, input, _)), dropped @ 1..) = (files.first(), phone.dropped()) {
            self.problem(
                input,
                format!("{dropped} facts of the phone's files were not kept: there are too many"),
            );
        }
        if !files.is_empty() {
            // Nobody else sets it.
            let _ = self.phone.set(phone);
        }
    }

    fn read_phone_file(
        &mut self,
        (id, input, kind): (CaptureId, &Input, handset::Kind),
        mut opened: Opened,
        (phone, near): (&mut Phone, Option<Timestamp>),
    ) {
        let mut capture = Capture { holds: Holds::Phone, ..begin(id, input) };
        let hash_here = opened.digest.is_none();
        let (digester, meter) = (&mut self.digester, self.meter);
        let mut window = |bytes: &[u8]| {
            meter.bytes.fetch_add(bytes.len() as u64, Ordering::Relaxed);
            if hash_here {
                digester.update(Arc::new(bytes.to_vec()), 0);
            }
        };
        let how = (kind, phone.clock(near));
        let searched = self.messages.as_ref().map(Messages::searched);
        let told = (&mut self.outcome.anomalies, searched);
        let read = phone.read(id, how, &mut *opened.bytes, told, &mut window);
        if read.local > 0 {
            self.outcome.anomalies.add(local_times(id, &read, phone.zone()));
        }
        capture.bytes = read.bytes;
        capture.frames = read.facts;
        (capture.first, capture.last) = (read.first, read.last);
        self.tell_end(&mut capture, read.failure.map_or(Ok(()), Err), input);
        // A table without sockets tells that there were none.
        let may_be_empty = matches!(kind, handset::Kind::ProcNet(_));
        if read.facts == 0 && capture.damage.is_none() && !may_be_empty {
            self.problem(input, format!("looks like {} and says nothing that is known", kind.name()));
        }
        self.outcome.ledger.add_pieces(Fate::Framing, kind.name(), read.bytes, read.facts);
        self.close(capture, kind.name(), &opened, input);
    }

    /// Reads what tells of messages: a database with its log, each other file by itself.
    pub(super) fn read_messages(&mut self, files: &[(CaptureId, &Input, messages::Kind)]) {
        let Some(mut messages) = self.messages.take() else { return };
        let is_log = |kind: &messages::Kind| *kind == messages::Kind::Log;
        let mut logs: BTreeMap<&Input, CaptureId> =
            files.iter().filter(|(.., kind)| is_log(kind)).map(|(id, input, _)| (*input, *id)).collect();
        for (id, input, kind) in files.iter().filter(|(.., kind)| !is_log(kind)) {
            let log = match input {
                Input::File(path) => logs.remove_entry(&Input::File(log_path(path))),
                Input::Keys(_) | Input::Standard => None,
            };
            let log = log.and_then(|(input, id)| self.read_log(id, input));
            match open(input) {
                Ok(opened) => {
                    self.read_messages_file((*id, input, *kind), opened, (&mut messages, log.as_ref()));
                }
                Err(error) => self.problem(input, format!("cannot be opened: {error}")),
            }
        }
        for input in logs.into_keys() {
            self.problem(input, "is the log of a database that is not there: give both".to_owned());
        }
        if let (Some((_, input, _)), dropped @ 1..) = (files.first(), messages.dropped()) {
            self.problem(input, format!("{dropped} rows of messages were not kept: there are too many"));
        }
        self.messages = Some(messages);
    }

    /// Reads the write-ahead log of a database.
    pub(super) fn read_log(&mut self, id: CaptureId, input: &Input) -> Option<Tape> {
        let mut opened = match open(input) {
            Ok(opened) => opened,
            Err(error) => {
                self.problem(input, format!("cannot be opened: {error}"));
                return None;
            }
        };
        let mut capture = Capture { holds: Holds::Phone, ..begin(id, input) };
        let tape = self.hold(&mut capture, &mut opened, input);
        let told = tape.as_ref().map(FileTold::of_log).unwrap_or_default();
        self.close_messages(capture, (&opened, messages::Kind::Log), told, input);
        tape
    }

    fn read_messages_file(
        &mut self,
        (id, input, kind): (CaptureId, &Input, messages::Kind),
        mut opened: Opened,
        (messages, log): (&mut Messages<'_>, Option<&Tape>),
    ) {
        let mut capture = Capture { holds: Holds::Phone, ..begin(id, input) };
        let name = input.name();
        let told = match kind {
            messages::Kind::Backup => {
                let mut room = ArchiveRoom::new(id);
                self.each_part(&mut capture, &mut opened, input, &mut |part| room.push(part));
                room.finish(&name, messages)
            }
            messages::Kind::Xml => {
                let mut room = XmlRoom::new(id);
                self.each_part(&mut capture, &mut opened, input, &mut |part| room.push(part, messages));
                room.finish(&name, messages)
            }
            messages::Kind::Bill | messages::Kind::Database | messages::Kind::Log => {
                let held = self.hold(&mut capture, &mut opened, input);
                let bill = self.bill;
                let told = held.map(|held| match kind {
                    messages::Kind::Bill => messages.bill(&name, &held, bill),
                    _ => messages.database(&name, Held::of(&held), log.map(Held::of)),
                });
                told.unwrap_or_default()
            }
        };
        if told.facts == 0 && capture.damage.is_none() && capture.bytes <= HELD {
            let what = "and holds no messages, contacts or calls that can be read";
            self.problem(input, format!("looks like {} {what}", kind.name()));
        }
        self.close_messages(capture, (&opened, kind), told, input);
    }

    /// Calls `each` with all bytes of a file.
    pub(super) fn each_part(
        &mut self,
        capture: &mut Capture,
        opened: &mut Opened,
        input: &Input,
        each: &mut dyn FnMut(&[u8]),
    ) {
        loop {
            let mut chunk = self.chunk(CHUNK, &[]);
            let (count, read) = fill(&mut *opened.bytes, &mut chunk);
            chunk.truncate(count);
            capture.bytes += count as u64;
            self.meter.bytes.fetch_add(count as u64, Ordering::Relaxed);
            self.tell_end(capture, read, input);
            each(&chunk);
            let chunk = Arc::new(chunk);
            if opened.digest.is_none() {
                self.digester.update(Arc::clone(&chunk), 0);
            }
            self.pool.push(chunk);
            if count < CHUNK {
                break;
            }
        }
    }

    /// All of a file, unless it is too large.
    pub(super) fn hold(&mut self, capture: &mut Capture, opened: &mut Opened, input: &Input) -> Option<Tape> {
        let mut tape = Tape::whole(capture.id);
        self.each_part(capture, opened, input, &mut |part| {
            if tape.all().len() as u64 <= HELD {
                tape.push(part);
            }
        });
        if capture.bytes <= HELD {
            return Some(tape);
        }
        self.problem(input, format!("is larger than {} MiB: it was not read", HELD >> 20));
        None
    }

    pub(super) fn close_messages(
        &mut self,
        mut capture: Capture,
        (opened, kind): (&Opened, messages::Kind),
        told: FileTold,
        input: &Input,
    ) {
        capture.frames = told.facts;
        (capture.first, capture.last) = (told.first, told.last);
        let whole = matches!(kind, messages::Kind::Backup | messages::Kind::Xml);
        let fate = if whole || capture.bytes <= HELD { Fate::Framing } else { Fate::OverLimit };
        self.outcome.ledger.add_pieces(fate, kind.name(), capture.bytes, told.facts);
        told.oddities.into_iter().for_each(|odd| self.outcome.anomalies.add(anomaly(capture.id, odd)));
        self.close(capture, kind.name(), opened, input);
    }
}

/// Format of an app.
const APK: &str = "APK";
/// The largest database, log or bill that is read: all of it is held.
const HELD: u64 = 1 << 28;

/// For what the times of a log are taken that tell no zone.
fn local_times(capture: CaptureId, read: &FileRead, zone: Option<&Zone>) -> Anomaly {
    let taken = zone.map_or_else(|| "UTC, for want of anything that tells it".to_owned(), Zone::words);
    Anomaly {
        layer: Layer::Phone,
        what: "log tells times without a zone".into(),
        detail: format!("{} of {} times, taken for {taken}", read.local, read.timed),
        capture,
        frame: None,
        offset: read.first_local,
    }
}
