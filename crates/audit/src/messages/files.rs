//! Databases, backups and bills to the rows of sources.

use evidence::{CaptureId, FrameNo, Timestamp};
use handset::messages::{
    Number,
    backup::{Member, SmsXml, XmlRecord},
    bill::{BillTime, Mapping, read_bill},
    ledger::Origin,
    phone::{AddressBook, Lost, MessageStore, Sms, Stored, StoredText, address_book, calls, message_store},
    sqlite::{Database, Fate, Part, Place},
};

use super::{
    FileTold, Messages,
    archive::Way,
    rows::{Row, Said, Sought},
};
use crate::{known::Stand, phone::Tape};

impl Messages<'_> {
    /// Takes a database and its write-ahead log. Says nothing where it is of another kind.
    pub(crate) fn database(&mut self, name: &str, file: Held<'_>, log: Option<Held<'_>>) -> FileTold {
        let mut told = FileTold::default();
        let Some(database) = Database::open(file.bytes, log.map(|log| log.bytes)) else { return told };
        let shelf = Shelf { file, log, page: u64::from(database.header().page_size).max(1) };
        if let Some(store) = message_store(&database) {
            self.store(name, &store, &shelf);
            told.facts += (store.sms.len() + store.lost.len() + store.mms.len()) as u64;
            store.sms.iter().for_each(|row| told.see(row.value.date));
            told.oddities.extend(store.oddities);
        }
        if let Some(book) = address_book(&database) {
            told.facts += (book.contacts.len() + book.lost.len() + book.accounts.len()) as u64;
            self.address_book(&book);
            told.oddities.extend(book.oddities);
        }
        if let Some(log) = calls(&database) {
            told.facts += (log.calls.len() + log.lost.len()) as u64;
            log.calls.iter().for_each(|call| told.see(call.value.date));
            told.oddities.extend(log.oddities);
        }
        told
    }

    fn store(&mut self, name: &str, store: &MessageStore, shelf: &Shelf<'_>) {
        for Stored { value, place } in &store.sms {
            self.stored(value, *place, shelf, false);
        }
        for Lost { value, place, .. } in &store.lost {
            self.stored(value, *place, shelf, true);
        }
        for Stored { value, place } in &store.mms {
            self.multimedia(value, (*place, false), &|text, sought| {
                shelf.row(text.place, said_by(text), sought)
            });
        }
        // One that only changed is still there.
        for Lost { value, place, .. } in store.lost_mms.iter().filter(|lost| lost.fate != Fate::Changed) {
            self.multimedia(value, (*place, true), &|text, sought| {
                shelf.row(text.place, said_by(text), sought)
            });
        }
        self.sources.store(name, store, None);
        self.files.push(shelf.file.capture);
    }

    fn stored(&mut self, sms: &Sms, place: Place, shelf: &Shelf<'_>, lost: bool) {
        if let Some(row) = shelf.row(place, said(sms, lost), self.sought) {
            self.keep((self.next_source(), origin(place), place.start), row);
        }
    }

    fn address_book(&mut self, book: &AddressBook) {
        let numbers = book.contacts.iter().flat_map(|contact| &contact.value.numbers);
        let known = self.book.get_or_insert_default();
        let room = MOST_CONTACTS.saturating_sub(known.len());
        known.extend(numbers.filter_map(|number| Number::new(number)).take(room));
    }

    /// Takes a bill.
    pub(crate) fn bill(&mut self, name: &str, file: &Tape, mapping: Option<&Mapping>) -> FileTold {
        let bill = read_bill(file.all(), mapping);
        let mut told = FileTold { facts: bill.rows.len() as u64, ..FileTold::default() };
        for row in &bill.rows {
            let Some(bytes) = file.bytes(&row.bytes()) else { continue };
            let stand = stand(file, row.start, bytes);
            // A clock's reading whose zone is not known is no instant.
            let time = match row.value.time {
                Some(BillTime::At(time)) => Some(time),
                _ => None,
            };
            told.see(time);
            let said = Said { number: row.value.number.as_deref(), time, ..Said::default() };
            let row_of_it = Row::of(&stand, said, self.sought);
            self.keep((self.next_source(), Origin::File, row.start), row_of_it);
        }
        self.sources.bill(name, &bill);
        self.files.push(file.capture());
        told.oddities = bill.oddities;
        told
    }

    /// Adds rows of a backup that were kept already.
    pub(super) fn backup(&mut self, name: &str, capture: CaptureId, rows: &[Stored<Sms>]) {
        self.sources.backup(name, rows);
        self.files.push(capture);
    }
}

/// Reads what SMS Backup & Restore wrote, in pieces.
#[derive(Debug)]
pub(crate) struct XmlRoom {
    reader: SmsXml,
    tape: Tape,
    rows: Vec<Stored<Sms>>,
    told: FileTold,
    records: Vec<XmlRecord>,
}

impl XmlRoom {
    pub(crate) fn new(capture: CaptureId) -> Self {
        Self {
            reader: SmsXml::default(),
            tape: Tape::of(capture),
            rows: Vec::new(),
            told: FileTold::default(),
            records: Vec::new(),
        }
    }

    pub(crate) fn push(&mut self, bytes: &[u8], messages: &mut Messages<'_>) {
        self.tape.push(bytes);
        self.reader.push(bytes, &mut self.records);
        self.take(messages);
    }

    fn take(&mut self, messages: &mut Messages<'_>) {
        for record in self.records.drain(..) {
            match record {
                XmlRecord::Mms(Stored { value, place }) => {
                    self.told.facts += 1;
                    self.told.see(value.date);
                    let tape = &self.tape;
                    messages.multimedia(&value, (place, false), &|text, sought| {
                        let stand = stand(tape, text.place.start, tape.bytes(&text.place.bytes())?);
                        Some(Row::of(&stand, said_by(text), sought))
                    });
                }
                XmlRecord::Odd(odd) => self.told.odd(odd),
                XmlRecord::Sms(row) if self.rows.len() < super::MOST_ROWS => {
                    self.told.facts += 1;
                    self.told.see(row.value.date);
                    if let Some(bytes) = self.tape.bytes(&row.place.bytes()) {
                        let stand = stand(&self.tape, row.place.start, bytes);
                        let kept = Row::of(&stand, said(&row.value, false), messages.sought);
                        messages.keep((messages.next_source(), Origin::File, row.place.start), kept);
                    }
                    self.rows.push(row);
                }
                XmlRecord::Sms(_) => messages.dropped += 1,
            }
        }
    }

    pub(crate) fn finish(mut self, name: &str, messages: &mut Messages<'_>) -> FileTold {
        std::mem::take(&mut self.reader).finish(&mut self.records);
        self.take(messages);
        messages.backup(name, self.tape.capture(), &self.rows);
        self.told
    }
}

/// A file that is held, as it lies on the disk or as a member of a backup.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Held<'b> {
    capture: CaptureId,
    bytes: &'b [u8],
    within: Option<(&'b Way, &'b Member)>,
}

impl<'b> Held<'b> {
    /// A file on the disk.
    pub(crate) fn of(tape: &'b Tape) -> Self {
        Self { capture: tape.capture(), bytes: tape.all(), within: None }
    }

    /// The content of a member of a backup.
    pub(super) fn within(way: &'b Way, member: &'b Member, bytes: &'b [u8]) -> Self {
        Self { capture: way.capture, bytes, within: Some((way, member)) }
    }
}

/// A database's two files.
struct Shelf<'b> {
    file: Held<'b>,
    log: Option<Held<'b>>,
    page: u64,
}

impl Shelf<'_> {
    /// What stands in a place. A cell lies in one page, and in one frame of the log; a backup has neither.
    fn row(&self, place: Place, said: Said<'_>, sought: Sought<'_>) -> Option<Row> {
        let (held, number) = match place.part {
            Part::File => (&self.file, place.start / self.page + 1),
            Part::Wal { frame } => (self.log.as_ref()?, u64::from(frame)),
        };
        let (from, to) = (usize::try_from(place.start).ok()?, usize::try_from(place.end).ok()?);
        let (capture, start, bytes) = (held.capture, place.start, held.bytes.get(from..to)?);
        let number = FrameNo(if held.within.is_some() { 1 } else { number });
        let mut row = Row::of(&Stand { capture, number, start, bytes, in_lines: false }, said, sought);
        if let Some((way, member)) = held.within {
            row.occurrences().for_each(|occurrence| way.lead(occurrence, member));
        }
        Some(row)
    }
}

/// Which of a database's files a place lies in, as the ledger names it.
fn origin(place: Place) -> Origin {
    match place.part {
        Part::File => Origin::File,
        Part::Wal { frame } => Origin::Wal(frame),
    }
}

fn stand<'b>(tape: &Tape, start: u64, bytes: &'b [u8]) -> Stand<'b> {
    // A row of UTF-16 is shown as it lies there: its line ends are no single bytes.
    let in_lines = tape.decoder().is_none();
    Stand { capture: tape.capture(), number: tape.number(start), start, bytes, in_lines }
}

/// What a row of a store or a backup says.
pub(super) fn said(sms: &Sms, lost: bool) -> Said<'_> {
    Said { number: sms.address.as_deref(), text: sms.body.as_deref(), time: sms.date, shows: lost }
}

/// What a text of a multimedia message says.
pub(super) fn said_by<'t>(text: &StoredText<'t>) -> Said<'t> {
    Said { number: None, text: Some(text.text), time: text.date, shows: true }
}

impl FileTold {
    /// Of a write-ahead log: its frames, of which each holds a page (SQLite's file format, section 4.1).
    pub(crate) fn of_log(log: &Tape) -> Self {
        let size = log.all().get(8..12).and_then(|four| four.try_into().ok()).map_or(0, u32::from_be_bytes);
        let frames = (log.all().len() as u64).saturating_sub(32) / (u64::from(size) + 24);
        Self { facts: frames, ..Self::default() }
    }

    pub(super) fn see(&mut self, time: Option<Timestamp>) {
        self.first = self.first.into_iter().chain(time).min();
        self.last = self.last.into_iter().chain(time).max();
    }

    pub(super) fn odd(&mut self, odd: handset::Oddity) {
        if self.oddities.len() < MOST_ODD {
            self.oddities.push(odd);
        }
    }

    /// Adds what a file in the file came to.
    pub(super) fn add(&mut self, other: Self) {
        self.facts += other.facts;
        [other.first, other.last].into_iter().for_each(|time| self.see(time));
        other.oddities.into_iter().for_each(|odd| self.odd(odd));
    }
}

/// Numbers of address books that are kept.
const MOST_CONTACTS: usize = 1 << 16;
/// Oddities of one file that are kept: equal ones are counted further on.
const MOST_ODD: usize = 1 << 14;
