//! `mmssms.db` to messages, and to what its numbers say of those that are missing.

use std::collections::BTreeMap;

use evidence::Timestamp;

use super::{Lost, Mms, Stored, millis, mms::mms};
use crate::{
    Oddity,
    messages::{
        Direction,
        sqlite::{Database, Row, Table},
    },
};

/// A message of the table `sms`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sms {
    /// `_id`: counts up with each message the store was given; none in backups.
    pub id: Option<i64>,
    /// `thread_id`.
    pub thread: Option<i64>,
    /// The other side, as the store writes it.
    pub address: Option<String>,
    /// `date`: when the phone sent or received it, by the phone's clock.
    pub date: Option<Timestamp>,
    /// `date_sent`: the service centre's time, for incoming messages.
    pub date_sent: Option<Timestamp>,
    /// `type`.
    pub folder: Folder,
    /// `read`.
    pub read: Option<bool>,
    /// `body`.
    pub body: Option<String>,
    /// `creator`: the package that wrote the row (from Android 5 on).
    pub creator: Option<String>,
    /// `service_center`.
    pub service_centre: Option<String>,
    /// `sub_id`, or what vendors had before it (`sim_id`, `sim_slot`): the SIM.
    pub subscription: Option<i64>,
    /// `status` of the delivery: 0 complete, 32 pending, 64 failed, -1 not asked for.
    pub status: Option<i64>,
    /// `error_code`, other than 0.
    pub error: Option<i64>,
}

/// The box a message lies in (`Telephony.TextBasedSmsColumns`, `BaseMmsColumns`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Folder {
    /// 3.
    Draft,
    /// 5.
    Failed,
    /// 1.
    Inbox,
    /// Any other, as it is.
    Other(i64),
    /// 4.
    Outbox,
    /// 6.
    Queued,
    /// 2.
    Sent,
}

impl Folder {
    /// The box of a number.
    pub fn new(number: i64) -> Self {
        match number {
            1 => Self::Inbox,
            2 => Self::Sent,
            3 => Self::Draft,
            4 => Self::Outbox,
            5 => Self::Failed,
            6 => Self::Queued,
            other => Self::Other(other),
        }
    }

    /// Which way its messages go or should have gone; none for drafts.
    pub fn direction(self) -> Option<Direction> {
        match self {
            Self::Inbox => Some(Direction::Incoming),
            Self::Failed | Self::Outbox | Self::Queued | Self::Sent => Some(Direction::Outgoing),
            Self::Draft | Self::Other(_) => None,
        }
    }
}

/// Numbers of the table `sms` that no row has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MissingIds {
    /// The first missing number.
    pub first: i64,
    /// The last one.
    pub last: i64,
    /// When the message before was logged; none where there is none.
    pub after: Option<Timestamp>,
    /// When the message behind was logged; none at the end.
    pub before: Option<Timestamp>,
    /// How many of them an older page still shows.
    pub seen: u64,
}

impl MissingIds {
    /// How many numbers are missing.
    pub fn missing(&self) -> u64 {
        self.last.abs_diff(self.first).saturating_add(1)
    }
}

/// All that `mmssms.db` says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MessageStore {
    /// The rows of `sms`, by number.
    pub sms: Vec<Stored<Sms>>,
    /// Rows of `sms` that only older pages hold.
    pub lost: Vec<Lost<Sms>>,
    /// Missing numbers, by number; empty where there is no `sms`.
    pub missing_ids: Vec<MissingIds>,
    /// The highest number `sms` ever gave (`sqlite_sequence`); none where the table does not keep it, so that
    /// the number of the newest message is used again when it is deleted.
    pub sequence: Option<i64>,
    /// The rows of `pdu`, with their parts and addresses.
    pub mms: Vec<Stored<Mms>>,
    /// Rows of `pdu` that only older pages hold.
    pub lost_mms: Vec<Lost<Mms>>,
    /// The database shrinks when rows are deleted.
    pub auto_vacuum: bool,
    /// Free pages in the file.
    pub free_pages: u32,
    /// A WAL was given and could be read, at least in part.
    pub wal: bool,
    /// What was odd.
    pub oddities: Vec<Oddity>,
}

impl MessageStore {
    /// When the newest message was logged: nothing is known after it.
    pub fn newest(&self) -> Option<Timestamp> {
        self.sms
            .iter()
            .filter_map(|it| it.value.date)
            .chain(self.mms.iter().filter_map(|it| it.value.date))
            .max()
    }
}

/// Reads a message store; none where the database has neither messages nor MMS.
pub fn message_store(database: &Database<'_>) -> Option<MessageStore> {
    let header = database.header();
    let mut store = MessageStore {
        auto_vacuum: header.auto_vacuum,
        free_pages: header.free_pages,
        wal: !database.frames().is_empty(),
        oddities: database.oddities().to_vec(),
        ..MessageStore::default()
    };
    let has_sms = database.table("sms").is_some_and(|table| table.has("address") && table.has("body"));
    if !has_sms && database.table("pdu").is_none() {
        return None;
    }
    if has_sms {
        store.sequence = sequence(database, "sms");
        store.read_sms(database);
    }
    let mms = mms(database);
    store.mms = mms.now;
    store.lost_mms = mms.lost;
    store.oddities.extend(mms.oddities);
    Some(store)
}

impl MessageStore {
    fn read_sms(&mut self, database: &Database<'_>) {
        let Some((table, contents)) = database.read_named("sms") else { return };
        let stored = |row: &Row| Stored { value: sms(table, row), place: row.cell };
        self.sms = contents.rows.iter().map(stored).collect();
        let lost = contents.former.iter();
        self.lost =
            lost.map(|it| Lost { value: sms(table, &it.row), place: it.row.cell, fate: it.fate }).collect();
        self.missing_ids = missing_ids(&self.sms, &self.lost, self.sequence);
        self.oddities.extend(contents.oddities);
    }
}

fn sms(table: &Table, row: &Row) -> Sms {
    let integer = |column| table.integer(row, column);
    let subscription = ["sub_id", "subscription_id", "sim_id", "sim_slot"];
    Sms {
        id: Some(row.rowid),
        thread: integer("thread_id"),
        address: table.text(row, "address"),
        date: millis(integer("date")),
        date_sent: millis(integer("date_sent")),
        folder: Folder::new(integer("type").unwrap_or(0)),
        read: integer("read").map(|it| it != 0),
        body: table.text(row, "body"),
        creator: table.text(row, "creator"),
        service_centre: table.text(row, "service_center"),
        subscription: subscription.iter().find_map(|it| integer(it)).filter(|it| *it >= 0),
        status: integer("status"),
        error: integer("error_code").filter(|it| *it != 0),
    }
}

/// What `sqlite_sequence` says of a table.
fn sequence(database: &Database<'_>, name: &str) -> Option<i64> {
    let (table, contents) = database.read_named("sqlite_sequence")?;
    let rows = contents.rows.iter().filter(|row| table.text(row, "name").as_deref() == Some(name));
    rows.filter_map(|row| table.integer(row, "seq")).max()
}

/// The numbers between 1 and the highest ever given that no row has.
fn missing_ids(rows: &[Stored<Sms>], lost: &[Lost<Sms>], sequence: Option<i64>) -> Vec<MissingIds> {
    let mut missing_ids = Vec::new();
    let (mut next, mut after) = (1i64, None);
    let numbered = rows.iter().filter_map(|it| Some((it.value.id.filter(|id| *id >= 1)?, &it.value)));
    for (id, row) in numbered {
        if id > next {
            missing_ids.push(MissingIds {
                first: next,
                last: id.saturating_sub(1),
                after,
                before: row.date,
                seen: 0,
            });
        }
        next = id.saturating_add(1);
        after = row.date;
    }
    let last = sequence.into_iter().chain(lost.iter().filter_map(|it| it.value.id)).max().unwrap_or(0);
    if last >= next {
        missing_ids.push(MissingIds { first: next, last, after, before: None, seen: 0 });
    }
    count_seen(&mut missing_ids, lost);
    missing_ids
}

fn count_seen(missing_ids: &mut [MissingIds], lost: &[Lost<Sms>]) {
    let ids: std::collections::BTreeSet<i64> = lost.iter().filter_map(|it| it.value.id).collect();
    let starts: BTreeMap<i64, usize> =
        missing_ids.iter().enumerate().map(|(at, range)| (range.first, at)).collect();
    for id in ids {
        let range = starts.range(..=id).next_back().and_then(|(_, at)| missing_ids.get_mut(*at));
        if let Some(range) = range.filter(|range| range.last >= id) {
            range.seen = range.seen.saturating_add(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use evidence::Timestamp;

    use super::{Folder, MissingIds, message_store};
    use crate::messages::sqlite::{
        Database, Fate, Part,
        tests::{WAL, made},
    };

    const TABLE: &str = "CREATE TABLE sms (_id INTEGER PRIMARY KEY AUTOINCREMENT,thread_id INTEGER,address TEXT,\
        person INTEGER,date INTEGER,date_sent INTEGER DEFAULT 0,protocol INTEGER,read INTEGER DEFAULT 0,\
        status INTEGER DEFAULT -1,type INTEGER,reply_path_present INTEGER,subject TEXT,body TEXT,\
        service_center TEXT,locked INTEGER DEFAULT 0,sub_id INTEGER DEFAULT -1,error_code INTEGER DEFAULT -1,\
        creator TEXT,seen INTEGER DEFAULT 0)";

    #[test]
    fn a_hidden_message_leaves_its_number_and_its_frame() {
        let (file, wal) = made(WAL, |it| {
            it.execute_batch(TABLE).unwrap();
            let insert =
                "INSERT INTO sms(address, date, type, body, creator, sub_id) VALUES(?, ?, 2, ?, ?, 1)";
            for at in 1..=3i64 {
                it.execute(insert, ("+37060000001", at * 1000, "hello", "com.android.mms")).unwrap();
            }
            it.execute(insert, ("+8613800000000", 4000, "REG:1:abc", "com.vendor.cloud")).unwrap();
            it.execute_batch("DELETE FROM sms WHERE address LIKE '+86%'; DELETE FROM sms WHERE _id=2")
                .unwrap();
            it.execute(insert, ("+37060000001", 5000, "last", "com.android.mms")).unwrap();
            it.execute_batch("DELETE FROM sms WHERE body='last'").unwrap();
        });
        let store = message_store(&Database::open(&file, Some(&wal)).unwrap()).unwrap();
        assert_eq!(store.sms.iter().filter_map(|it| it.value.id).collect::<Vec<_>>(), [1, 3]);
        assert_eq!((store.sequence, store.auto_vacuum, store.wal), (Some(5), true, true));
        let at = |seconds| Some(Timestamp::new(seconds, 0));
        assert_eq!(
            store.missing_ids[0],
            MissingIds { first: 2, last: 2, after: at(1), before: at(3), seen: 1 }
        );
        assert_eq!(
            store.missing_ids[1],
            MissingIds { first: 4, last: 5, after: at(3), before: None, seen: 2 }
        );
        assert_eq!(store.newest(), at(3));
        let hidden = store.lost.iter().find(|it| it.value.id == Some(4)).unwrap();
        assert_eq!(hidden.value.body.as_deref(), Some("REG:1:abc"));
        assert_eq!(hidden.value.creator.as_deref(), Some("com.vendor.cloud"));
        assert_eq!((hidden.value.subscription, hidden.fate), (Some(1), Fate::Gone));
        assert!(matches!(hidden.place.part, Part::Wal { .. }));
    }

    #[test]
    fn the_store_of_the_corpora() {
        let Some(corpora) = testkit::corpora() else { return };
        let file = std::fs::read(corpora.join("phone/mmssms.db")).expect("a file");
        let store = message_store(&Database::open(&file, None).unwrap()).unwrap();
        assert_eq!((store.sms.len(), store.mms.len(), store.lost.len()), (9, 0, 0));
        assert_eq!(
            (store.missing_ids.as_slice(), store.sequence, store.oddities.as_slice()),
            (&[][..], None, &[][..])
        );
        let folders: Vec<_> = store.sms.iter().map(|it| it.value.folder).collect();
        let (i, s) = (Folder::Inbox, Folder::Sent);
        assert_eq!(folders, [s, s, i, i, s, i, s, i, s]);
        let fourth = &store.sms[3];
        assert_eq!(fourth.value.address.as_deref(), Some("15555215554"));
        assert_eq!(fourth.value.body.as_deref(), Some("Who dis??"));
        assert_eq!(fourth.value.date, Some(Timestamp(1_383_066_376_416_000_000)));
        assert_eq!(fourth.value.date_sent, Some(Timestamp(1_383_066_376_000_000_000)));
        assert_eq!(fourth.value.creator, None);
        let cell = fourth.place.bytes();
        let cell = &file[usize::try_from(cell.start).unwrap()..usize::try_from(cell.end).unwrap()];
        assert!(cell.windows(9).any(|it| it == b"Who dis??"));
    }
}
