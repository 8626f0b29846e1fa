//! The tables `pdu`, `part` and `addr` to multimedia messages.

use std::collections::BTreeMap;

use evidence::Timestamp;

use super::{Folder, Lost, Stored, seconds};
use crate::{
    Oddity,
    messages::{
        Direction,
        sqlite::{Contents, Database, Place, Row, Table},
    },
};

/// A multimedia message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mms {
    /// `_id`; none in backups.
    pub id: Option<i64>,
    /// `thread_id`.
    pub thread: Option<i64>,
    /// `date`: when the phone sent or received it.
    pub date: Option<Timestamp>,
    /// `date_sent`.
    pub date_sent: Option<Timestamp>,
    /// `msg_box`.
    pub folder: Folder,
    /// `m_type`, the PDU's kind (OMA-TS-MMS-ENC, 7.2.30): 128 a message sent, 132 one fetched, 130 a notice.
    pub kind: Option<i64>,
    /// `sub`.
    pub subject: Option<String>,
    /// `m_id`, the centre's name for it.
    pub message_id: Option<String>,
    /// `tr_id`, the phone's name for the transaction.
    pub transaction: Option<String>,
    /// `ct_l`, where the content lies: the operator's server.
    pub location: Option<String>,
    /// `creator`.
    pub creator: Option<String>,
    /// `sub_id`.
    pub subscription: Option<i64>,
    /// `read`.
    pub read: Option<bool>,
    /// The rows of `addr`.
    pub addresses: Vec<MmsAddress>,
    /// The rows of `part`, in their order.
    pub parts: Vec<MmsPart>,
}

impl Mms {
    /// Which way it went: by its box, and where that does not tell by its kind; none for drafts.
    pub fn direction(&self) -> Option<Direction> {
        // OMA-TS-MMS-ENC, 7.2.30: the phone sends requests, acknowledgements and reports of having read.
        let by_kind = match self.kind {
            Some(128 | 131 | 133 | 135) => Some(Direction::Outgoing),
            Some(130 | 132 | 134 | 136) => Some(Direction::Incoming),
            _ => None,
        };
        let is_draft = self.folder == Folder::Draft;
        self.folder.direction().or(by_kind).filter(|_| !is_draft)
    }

    /// The other sides: who sent it, or whom it went to.
    pub fn others(&self) -> Vec<&str> {
        let is_incoming = self.direction() == Some(Direction::Incoming);
        let is_other = |role| (role == MmsRole::From) == is_incoming;
        let others = self.addresses.iter().filter(|it| is_other(it.role));
        // What stands for the phone's own number.
        others.map(|it| it.address.as_str()).filter(|it| *it != "insert-address-token").collect()
    }

    /// The text of all text parts.
    pub fn text(&self) -> Option<String> {
        let texts: Vec<&str> = self.parts.iter().filter_map(|part| part.text.as_deref()).collect();
        (!texts.is_empty()).then(|| texts.join("\n"))
    }
}

/// A side of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MmsAddress {
    /// The number or address.
    pub address: String,
    /// Its part in the message.
    pub role: MmsRole,
    /// The row, or the element of a backup.
    pub place: Place,
}

/// What an address is to a message (`PduHeaders`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MmsRole {
    /// 129.
    Bcc,
    /// 130.
    Cc,
    /// 137.
    From,
    /// Any other, as it is.
    Other(i64),
    /// 151.
    To,
}

impl MmsRole {
    /// The role of a number.
    pub fn new(number: i64) -> Self {
        match number {
            129 => Self::Bcc,
            130 => Self::Cc,
            137 => Self::From,
            151 => Self::To,
            other => Self::Other(other),
        }
    }
}

/// A part of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MmsPart {
    /// `ct`, its media type.
    pub kind: Option<String>,
    /// `name`, or `cl`, or `fn`: its file's name.
    pub name: Option<String>,
    /// `text`, for text parts.
    pub text: Option<String>,
    /// `_data`: the file that holds it.
    pub file: Option<String>,
    /// The content itself, where it stands beside the message as in a backup.
    pub data: Vec<u8>,
    /// The row, or the element of a backup.
    pub place: Place,
}

/// What the three tables gave.
#[derive(Default)]
pub(super) struct Read {
    pub(super) now: Vec<Stored<Mms>>,
    pub(super) lost: Vec<Lost<Mms>>,
    pub(super) oddities: Vec<Oddity>,
}

/// Reads the multimedia messages; parts and addresses of older states go to older messages too.
pub(super) fn mms(database: &Database<'_>) -> Read {
    let Some((table, contents)) = database.read_named("pdu") else { return Read::default() };
    let mut oddities = contents.oddities.clone();
    let mut parts = grouped(database, "part", "mid", part, &mut oddities);
    let mut addresses = grouped(database, "addr", "msg_id", address, &mut oddities);
    let now: Vec<_> = contents
        .rows
        .iter()
        .map(|row| {
            let value = message(table, row, &mut parts, &mut addresses);
            Stored { value, place: row.cell }
        })
        .collect();
    let lost = contents
        .former
        .iter()
        .map(|it| {
            let value = message(table, &it.row, &mut parts, &mut addresses);
            Lost { value, place: it.row.cell, fate: it.fate }
        })
        .collect();
    Read { now, lost, oddities }
}

fn message(
    table: &Table,
    row: &Row,
    parts: &mut BTreeMap<i64, Vec<MmsPart>>,
    addresses: &mut BTreeMap<i64, Vec<MmsAddress>>,
) -> Mms {
    let integer = |column| table.integer(row, column);
    let text = |column| table.text(row, column);
    Mms {
        id: Some(row.rowid),
        thread: integer("thread_id"),
        date: seconds(integer("date")),
        date_sent: seconds(integer("date_sent")),
        folder: Folder::new(integer("msg_box").unwrap_or(0)),
        kind: integer("m_type"),
        subject: text("sub").map(|subject| decoded(subject, integer("sub_cs"))),
        message_id: text("m_id"),
        transaction: text("tr_id"),
        location: text("ct_l"),
        creator: text("creator"),
        subscription: integer("sub_id").filter(|it| *it >= 0),
        read: integer("read").map(|it| it != 0),
        addresses: addresses.remove(&row.rowid).unwrap_or_default(),
        parts: parts.remove(&row.rowid).unwrap_or_default(),
    }
}

/// A text that the store keeps byte by byte, each as the letter of its number (`PduPersister.toIsoString`), read in
/// the character set that stands beside it; as it is where that is not UTF-8.
fn decoded(text: String, charset: Option<i64>) -> String {
    const UTF_8: i64 = 106;
    if charset != Some(UTF_8) {
        return text;
    }
    let bytes: Option<Vec<u8>> = text.chars().map(|letter| u8::try_from(u32::from(letter)).ok()).collect();
    bytes.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or(text)
}

/// The rows of a table by the message they belong to; older ones where no current row belongs to it.
fn grouped<T>(
    database: &Database<'_>,
    name: &str,
    of: &str,
    read: impl Fn(&Table, &Row) -> Option<T>,
    oddities: &mut Vec<Oddity>,
) -> BTreeMap<i64, Vec<T>> {
    let Some((table, Contents { rows, former, oddities: odd })) = database.read_named(name) else {
        return BTreeMap::new();
    };
    oddities.extend(odd);
    let mut groups: BTreeMap<i64, Vec<T>> = BTreeMap::new();
    let message = |row: &Row| table.integer(row, of);
    for row in &rows {
        if let (Some(id), Some(value)) = (message(row), read(table, row)) {
            groups.entry(id).or_default().push(value);
        }
    }
    let mut older: BTreeMap<i64, Vec<T>> = BTreeMap::new();
    for row in former.iter().map(|it| &it.row) {
        if let (Some(id), Some(value)) =
            (message(row).filter(|id| !groups.contains_key(id)), read(table, row))
        {
            older.entry(id).or_default().push(value);
        }
    }
    groups.append(&mut older);
    groups
}

fn part(table: &Table, row: &Row) -> Option<MmsPart> {
    let text = |column| table.text(row, column);
    let name = ["name", "cl", "fn"].iter().find_map(|it| text(it));
    let (kind, file) = (text("ct"), text("_data"));
    Some(MmsPart { kind, name, text: text("text"), file, data: Vec::new(), place: row.cell })
}

fn address(table: &Table, row: &Row) -> Option<MmsAddress> {
    let role = MmsRole::new(table.integer(row, "type").unwrap_or(0));
    Some(MmsAddress { address: table.text(row, "address")?, role, place: row.cell })
}

#[cfg(test)]
mod tests {
    use super::MmsRole;
    use crate::messages::{
        phone::{Folder, message_store},
        sqlite::{
            Database,
            tests::{WAL, made},
        },
    };

    #[test]
    fn parts_and_addresses_join_their_message() {
        let (file, wal) = made(WAL, |it| {
            it.execute_batch(
                "CREATE TABLE pdu(_id INTEGER PRIMARY KEY AUTOINCREMENT, date INTEGER, msg_box INTEGER, m_type INTEGER);
                 CREATE TABLE part(_id INTEGER PRIMARY KEY, mid INTEGER, ct TEXT, name TEXT, _data TEXT, text TEXT);
                 CREATE TABLE addr(_id INTEGER PRIMARY KEY, msg_id INTEGER, address TEXT, type INTEGER);
                 INSERT INTO pdu VALUES(1, 1500000000, 2, 128), (2, 1500000001, 1, 132);
                 INSERT INTO part VALUES(1, 1, 'text/plain', NULL, NULL, 'hi'), (2, 2, 'image/png', 'a.png', '/x', NULL);
                 INSERT INTO addr VALUES(1, 1, 'insert-address-token', 137), (2, 1, '+37060000001', 151);
                 DELETE FROM part WHERE mid=2; DELETE FROM pdu WHERE _id=2;",
            )
            .unwrap();
        });
        let store = message_store(&Database::open(&file, Some(&wal)).unwrap()).unwrap();
        let mms = &store.mms[0].value;
        assert_eq!((mms.id, mms.folder, mms.kind), (Some(1), Folder::Sent, Some(128)));
        assert_eq!(mms.text().as_deref(), Some("hi"));
        let roles: Vec<_> = mms.addresses.iter().map(|it| it.role).collect();
        assert_eq!(roles, [MmsRole::From, MmsRole::To]);
        let lost = &store.lost_mms[0].value;
        assert_eq!((lost.id, lost.parts[0].name.as_deref()), (Some(2), Some("a.png")));
    }
}
