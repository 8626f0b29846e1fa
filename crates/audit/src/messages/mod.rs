//! What tells of short messages — stores, backups, bills, the radio — gathered beside the packets, and settled
//! when all was read.
//!
//! - [`rows`]: rows of files, with what of the profile stands in them.
//! - [`files`]: databases, backups and bills to rows.
//! - [`radio`]: GSMTAP in the captures to messages, and the way from a text to its frames.
//! - [`settle`]: all of them together, as the case tells it.

mod archive;
mod files;
mod radio;
mod rows;
mod settle;

use std::collections::HashMap;

use evidence::{Capture, CaptureId, Timestamp};
use handset::{
    Oddity,
    messages::{
        Number,
        backup::{AndroidBackup, SmsXml},
        bill::{BillKind, Mapping, read_bill},
        ledger::{Origin, SourceNo, Sources},
        phone::{Mms, StoredText},
        sqlite::{Database, Place},
    },
};

use crate::known::Searched;

use self::{radio::Kept, rows::Row};

pub(crate) use self::{
    archive::ArchiveRoom,
    files::{Held, XmlRoom},
    radio::{Carriers, RadioRoom},
    rows::{InMessage, Named, Sought},
    settle::{Settled, SettledRow},
};

/// A kind of file that tells of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Android's backup, `.ab`.
    Backup,
    /// An operator's itemised bill.
    Bill,
    /// A database of SQLite: of messages, contacts or calls, or of anything else.
    Database,
    /// The write-ahead log of a database.
    Log,
    /// What SMS Backup & Restore writes.
    Xml,
}

impl Kind {
    /// The kind of what begins with `head`.
    pub(crate) fn of(head: &[u8]) -> Option<Self> {
        let is = |(kind, begins): &(Self, Recogniser)| begins(head).then_some(*kind);
        KINDS.iter().find_map(is)
    }

    /// For people.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Backup => Capture::BACKUP,
            Self::Bill => "itemised bill",
            Self::Database => Capture::DATABASE,
            Self::Log => Capture::DATABASE_LOG,
            Self::Xml => "SMS Backup & Restore",
        }
    }
}

/// Whether a file that begins so is of a certain kind.
type Recogniser = fn(&[u8]) -> bool;

/// Each kind, and whether a file that begins so is of it.
const KINDS: [(Kind, Recogniser); 5] = [
    (Kind::Database, Database::is_one),
    (Kind::Log, |head| matches!(head, [0x37, 0x7f, 0x06, 0x82 | 0x83, ..])),
    (Kind::Backup, AndroidBackup::is_one),
    (Kind::Xml, SmsXml::is_one),
    (Kind::Bill, |head| is_bill(head, None)),
];

/// Whether a file that begins so is a bill. Without a mapping it has to say so by its header and in the rows;
/// with one, times and numbers are enough.
pub(crate) fn is_bill(head: &[u8], mapping: Option<&Mapping>) -> bool {
    if head.contains(&0) && !head.starts_with(b"\xff\xfe") && !head.starts_with(b"\xfe\xff") {
        return false;
    }
    let bill = read_bill(head, mapping);
    let (mut good, mut told) = (0, 0);
    for row in bill.rows.iter().map(|row| &row.value) {
        good += usize::from(row.time.is_some() && row.number.is_some());
        told += usize::from(row.kind != BillKind::Unknown);
    }
    good > 0 && good * 2 >= bill.rows.len() && (told > 0 || mapping.is_some())
}

/// What a file came to.
#[derive(Debug, Default)]
pub(crate) struct FileTold {
    /// Messages, contacts, calls.
    pub(crate) facts: u64,
    pub(crate) first: Option<Timestamp>,
    pub(crate) last: Option<Timestamp>,
    pub(crate) oddities: Vec<Oddity>,
}

/// Where a row stands: its source, which of its bytes, and the place in them.
type RowPlace = (SourceNo, Origin, u64);

/// Gives the row of a text.
type RowOf<'f> = &'f dyn Fn(&StoredText<'_>, Sought<'_>) -> Option<Row>;

/// Collects what tells of messages.
#[derive(Debug)]
pub(crate) struct Messages<'n> {
    sought: Sought<'n>,
    sources: Sources,
    /// The file of each source.
    files: Vec<CaptureId>,
    rows: HashMap<RowPlace, Row>,
    /// Messages of the radio, by their source.
    radios: HashMap<SourceNo, Vec<Kept>>,
    /// Multimedia messages with values in them. The ledger knows nothing of those.
    multimedia: Vec<SettledRow>,
    /// The numbers of the address books, once one was read.
    book: Option<Vec<Number>>,
    /// Rows that there was no room for.
    dropped: u64,
}

impl<'n> Messages<'n> {
    pub(crate) fn new(sought: Sought<'n>) -> Self {
        Self {
            sought,
            sources: Sources::default(),
            files: Vec::new(),
            rows: HashMap::new(),
            radios: HashMap::new(),
            multimedia: Vec::new(),
            book: None,
            dropped: 0,
        }
    }

    /// The source that is added next.
    fn next_source(&self) -> SourceNo {
        SourceNo(self.files.len())
    }

    fn keep(&mut self, place: RowPlace, row: Row) {
        if self.rows.len() < MOST_ROWS {
            self.rows.insert(place, row);
        } else {
            self.dropped += 1;
        }
    }

    /// Searches a multimedia message, of which only an older page is left where it `is_lost`. `row_of` gives the row of
    /// a text, unless its bytes are gone. Drafts are nobody's message yet.
    fn multimedia(&mut self, mms: &Mms, (place, is_lost): (Place, bool), row_of: RowOf<'_>) {
        let Some(direction) = mms.direction() else { return };
        let mut row = SettledRow::multimedia(mms, (direction, is_lost));
        for text in mms.stored_texts(place, is_lost) {
            match row_of(&text, self.sought) {
                Some(told) => row.add(text.text, told),
                None => self.dropped += 1,
            }
        }
        if row.known.is_empty() {
            return;
        }
        if self.multimedia.len() < MOST_ROWS {
            self.multimedia.push(row);
        } else {
            self.dropped += 1;
        }
    }

    /// Adds what the radio of a capture carried, from its first to its last frame.
    pub(crate) fn radio(
        &mut self,
        name: &str,
        capture: CaptureId,
        room: RadioRoom,
        window: Option<(Timestamp, Timestamp)>,
    ) {
        if !room.heard_any() {
            return;
        }
        let kept = room.finish();
        let messages: Vec<_> = kept.iter().map(|one| one.message.clone()).collect();
        let source = self.sources.radio(name, &messages, window);
        self.files.push(capture);
        self.radios.insert(source, kept);
    }

    /// What is searched for.
    pub(crate) fn searched(&self) -> Searched<'n> {
        self.sought.known
    }

    /// Rows that there was no room for.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped
    }
}

/// Rows that are kept: nobody wrote or got as many messages.
const MOST_ROWS: usize = 1 << 19;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_a_bill_and_what_is_not() {
        let rows: [(&[u8], bool); 6] = [
            (b"Datum;Uhrzeit;Zielrufnummer;Art\n01.01.2020;02:00:30;+37060000001;SMS\n", true),
            (b"Date,Time,Called number,Type\n2020-01-01,02:00:30,+37060000001,SMS\n", true),
            (b"time,kind,detail\n2020-01-01 10:00:00,note,x\n", false),
            (b"date,time,number,title\n2020-01-01,10:00:00,12,chapter\n", false),
            (b"a,b,c\n1,2,3\n", false),
            (b"plain words\nin lines\n", false),
        ];
        for (head, expected) in rows {
            assert_eq!(is_bill(head, None), expected, "{}", head.escape_ascii());
        }
        let mapping = "header = false\n[columns]\ntime = 1\nnumber = 2\n";
        let mapping = Mapping::from_toml(mapping).unwrap();
        let bill = b"01.01.2020 02:00:30;+37060000001\n";
        assert!(is_bill(bill, Some(&mapping)) && !is_bill(bill, None));
    }
}
