//! The databases in a backup (`mmssms.db`, `contacts2.db`, `calllog.db`), kept whole to be read like those beside it.
//!
//! Whoever reads the backup hands every [`BackupEvent`] on to [`BackupDatabases`]. Members are told by how they begin;
//! a write-ahead log belongs to the database whose path stands before its `-wal`. What holds neither messages nor
//! contacts nor calls is given up as soon as that is known, so that the memory goes to those that do.

use std::collections::BTreeMap;

use super::{BackupEvent, Member};
use crate::{Oddity, messages::sqlite::Database};

/// A database that was a member of a backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupDatabase {
    /// The member; its content begins 512 bytes behind [`Member::at`] in the tar.
    pub member: Member,
    /// The file.
    pub content: Vec<u8>,
    /// Its write-ahead log, where the backup has it.
    pub log: Option<(Member, Vec<u8>)>,
}

impl BackupDatabase {
    /// Opens it; places are those of the file, or of the log.
    pub fn open(&self) -> Option<Database<'_>> {
        Database::open(&self.content, self.log.as_ref().map(|(_, log)| log.as_slice()))
    }
}

/// Keeps the databases of a backup.
#[derive(Debug)]
pub struct BackupDatabases {
    open: Option<(Member, Vec<u8>)>,
    files: BTreeMap<String, (Member, Vec<u8>)>,
    logs: BTreeMap<String, (Member, Vec<u8>)>,
    /// Bytes that may still be kept.
    room: usize,
    oddities: Vec<Oddity>,
}

impl BackupDatabases {
    /// Keeps no more than `room` bytes in all.
    pub fn new(room: usize) -> Self {
        let (files, logs) = (BTreeMap::new(), BTreeMap::new());
        Self { open: None, files, logs, room, oddities: Vec::new() }
    }

    /// Takes what the backup gives next.
    pub fn take(&mut self, event: &BackupEvent<'_>) {
        match event {
            BackupEvent::Content(bytes) => self.content(bytes),
            BackupEvent::Header(_) | BackupEvent::Odd(_) => {}
            BackupEvent::Member(member) => {
                self.close();
                self.open = Some((member.clone(), Vec::new()));
            }
        }
    }

    /// The databases, by their paths, and what was odd; the backup has ended.
    pub fn finish(mut self) -> (Vec<BackupDatabase>, Vec<Oddity>) {
        self.close();
        let mut databases = Vec::new();
        for (path, (member, content)) in self.files {
            let log = self.logs.remove(&path);
            let database = BackupDatabase { member, content, log };
            let is_wanted = database.open().is_some_and(|open| tells(&open));
            databases.extend(is_wanted.then_some(database));
        }
        for (member, _) in self.logs.into_values() {
            let what = "file holds the log of a database that is not there";
            self.oddities.push(Oddity::new(what, member.path, member.at));
        }
        (databases, self.oddities)
    }

    /// Keeps content as long as it can be that of a database.
    fn content(&mut self, bytes: &[u8]) {
        let Some((member, kept)) = &mut self.open else { return };
        let taken = bytes.get(..self.room).unwrap_or(bytes);
        kept.extend_from_slice(taken);
        self.room = self.room.saturating_sub(taken.len());
        let is_full = taken.len() < bytes.len();
        if !may_be_one(kept) {
            self.room = self.room.saturating_add(kept.len());
            self.open = None;
        } else if is_full {
            let what = "file holds more of databases than is read";
            self.oddities.push(Oddity::new(what, &member.path, member.at));
            self.room = self.room.saturating_add(kept.len());
            self.open = None;
        }
    }

    fn close(&mut self) {
        let Some((member, content)) = self.open.take() else { return };
        let has_room = self.files.len().saturating_add(self.logs.len()) < MOST;
        if has_room && is_log(&content) {
            if let Some(path) = member.path.strip_suffix("-wal").map(str::to_owned) {
                self.logs.insert(path, (member, content));
                return;
            }
        } else if has_room && may_tell(&content) {
            self.files.insert(member.path.clone(), (member, content));
            return;
        }
        self.room = self.room.saturating_add(content.len());
    }
}

/// Whether a file can still be a database or a log: the first bytes tell.
fn may_be_one(content: &[u8]) -> bool {
    let begins = |magic: &[u8]| content.iter().zip(magic).all(|(one, other)| one == other);
    begins(MAGIC) || begins(LOG_MAGIC) && content.get(3).is_none_or(|last| matches!(last, 0x82 | 0x83))
}

/// The head of a write-ahead log (SQLite's file format, section 4.1).
fn is_log(content: &[u8]) -> bool {
    content.starts_with(LOG_MAGIC) && content.len() > 32
}

/// Whether a database is one of those, or cannot be told without its log.
fn may_tell(content: &[u8]) -> bool {
    Database::is_one(content)
        && Database::open(content, None).is_none_or(|open| open.tables().is_empty() || tells(&open))
}

/// Whether a database holds messages, contacts or calls.
fn tells(database: &Database<'_>) -> bool {
    ["sms", "pdu", "raw_contacts", "calls"].iter().any(|table| database.table(table).is_some())
}

const MAGIC: &[u8] = b"SQLite format 3\0";
const LOG_MAGIC: &[u8] = &[0x37, 0x7f, 0x06];

/// Databases and logs that are kept.
const MOST: usize = 256;

#[cfg(test)]
mod tests {
    use super::BackupDatabases;
    use crate::messages::{
        backup::{AndroidBackup, BackupEvent, android::tests::member},
        phone::message_store,
        sqlite::tests::{WAL, made},
    };

    fn read(members: &[Vec<u8>], room: usize) -> (Vec<super::BackupDatabase>, Vec<String>) {
        let file = [b"ANDROID BACKUP\n5\n0\nnone\n".to_vec(), members.concat(), vec![0; 1024]].concat();
        let mut databases = BackupDatabases::new(room);
        let mut reader = AndroidBackup::new(u64::MAX);
        let mut odd = Vec::new();
        let mut out = |event: BackupEvent<'_>| {
            databases.take(&event);
            if let BackupEvent::Odd(oddity) = event {
                odd.push(oddity.what.into_owned());
            }
        };
        file.chunks(333).for_each(|piece| reader.push(piece, &mut out));
        reader.finish(&mut out);
        let (found, oddities) = databases.finish();
        odd.extend(oddities.into_iter().map(|odd| odd.what.into_owned()));
        (found, odd)
    }

    fn store() -> (Vec<u8>, Vec<u8>) {
        made(WAL, |it| {
            it.execute_batch(
                "CREATE TABLE sms(_id INTEGER PRIMARY KEY, address TEXT, date INTEGER, type INTEGER, body TEXT);
                 INSERT INTO sms VALUES(1, '+37060000001', 1000, 1, 'come in'), (2, '+37060000001', 2000, 2, 'going');",
            )
            .unwrap();
        })
    }

    #[test]
    fn a_store_in_a_backup_is_read_like_one_beside_it() {
        let (file, wal) = store();
        let (other, _) = made("", |it| it.execute_batch("CREATE TABLE cookies(a, b)").unwrap());
        let path = "apps/com.android.providers.telephony/db/mmssms.db";
        let members = [
            member(&format!("{path}-wal"), b'0', &wal),
            member("apps/com.example/db/cookies.db", b'0', &other),
            member("apps/com.example/f/words.txt", b'0', b"SQLite for all"),
            member("apps/com.example/f/short", b'0', b"SQL"),
            member(path, b'0', &file),
        ];
        let (databases, odd) = read(&members, 1 << 20);
        let [database] = &databases[..] else { panic!("{}", databases.len()) };
        assert_eq!((odd.as_slice(), database.member.path.as_str()), (&[][..], path));
        let content = usize::try_from(database.member.at).unwrap() + 512;
        assert_eq!(&members.concat()[content..content + file.len()], &file[..]);
        let store = message_store(&database.open().unwrap()).unwrap();
        let bodies: Vec<_> = store.sms.iter().filter_map(|it| it.value.body.as_deref()).collect();
        assert_eq!(bodies, ["come in", "going"]);
    }

    #[test]
    fn what_is_not_kept_is_told() {
        let (file, wal) = store();
        let members = [member("a/mmssms.db", b'0', &file), member("b/x.db-wal", b'0', &wal)];
        let expected = ["file holds the log of a database that is not there"];
        assert_eq!(read(&members, 1 << 20).1, expected);
        let (databases, odd) = read(&members, 700);
        assert_eq!((databases.len(), odd.len()), (0, 2));
        assert!(odd.iter().all(|odd| odd == "file holds more of databases than is read"), "{odd:?}");
        for length in (0..file.len()).step_by(97) {
            read(&[member("a/mmssms.db", b'0', &file[..length])], 1 << 20);
        }
    }
}
