//! `contacts2.db` and `calllog.db` to contacts, accounts and calls.

use std::collections::BTreeMap;

use evidence::Timestamp;

use super::{Lost, Stored, millis};
use crate::{
    Oddity,
    messages::{
        Direction,
        sqlite::{Contents, Database, Row, Table},
    },
};

/// A raw contact: what one account knows of a person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contact {
    /// `_id` of the raw contact.
    pub id: i64,
    /// `contact_id`: raw contacts of one person share it.
    pub person: Option<i64>,
    /// The name shown.
    pub name: Option<String>,
    /// Telephone numbers as they were typed.
    pub numbers: Vec<String>,
    /// Mail addresses.
    pub mails: Vec<String>,
    /// The account it is kept in.
    pub account: Option<Account>,
    /// Marked as deleted, and not yet removed.
    pub deleted: bool,
}

/// An account of the phone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Account {
    /// `account_name`, often a mail address or a number.
    pub name: Option<String>,
    /// `account_type`, a package's word.
    pub kind: Option<String>,
}

/// A call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// `_id`.
    pub id: i64,
    /// The other side; none where it was withheld.
    pub number: Option<String>,
    /// When it began.
    pub date: Option<Timestamp>,
    /// Seconds it lasted.
    pub seconds: Option<i64>,
    /// `type`.
    pub kind: CallKind,
    /// The contact's name at that time.
    pub name: Option<String>,
}

/// How a call went (`CallLog.Calls`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CallKind {
    /// 6.
    Blocked,
    /// 1.
    Incoming,
    /// 3.
    Missed,
    /// Any other, as it is.
    Other(i64),
    /// 2.
    Outgoing,
    /// 5.
    Rejected,
    /// 4.
    Voicemail,
}

impl CallKind {
    /// The kind of a number.
    pub fn new(number: i64) -> Self {
        match number {
            1 => Self::Incoming,
            2 => Self::Outgoing,
            3 => Self::Missed,
            4 => Self::Voicemail,
            5 => Self::Rejected,
            6 => Self::Blocked,
            other => Self::Other(other),
        }
    }

    /// Which way it went; none where the number is not known.
    pub fn direction(self) -> Option<Direction> {
        match self {
            Self::Outgoing => Some(Direction::Outgoing),
            Self::Other(_) => None,
            _ => Some(Direction::Incoming),
        }
    }
}

/// All of an address book.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AddressBook {
    /// The raw contacts, by number.
    pub contacts: Vec<Stored<Contact>>,
    /// Raw contacts that only older pages hold.
    pub lost: Vec<Lost<Contact>>,
    /// The accounts.
    pub accounts: Vec<Stored<Account>>,
    /// What was odd.
    pub oddities: Vec<Oddity>,
}

/// All of a call log.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CallLog {
    /// The calls, by number.
    pub calls: Vec<Stored<Call>>,
    /// Calls that only older pages hold.
    pub lost: Vec<Lost<Call>>,
    /// What was odd.
    pub oddities: Vec<Oddity>,
}

/// Reads `contacts2.db`; none where the database is no address book.
pub fn address_book(database: &Database<'_>) -> Option<AddressBook> {
    let (table, contents) = database.read_named("raw_contacts")?;
    let mut oddities = database.oddities().to_vec();
    let accounts = accounts(database, &mut oddities);
    let mut details = details(database, &mut oddities);
    let mut contact = |row: &Row| {
        let mut contact = details.remove(&row.rowid).unwrap_or_default();
        contact.id = row.rowid;
        contact.person = table.integer(row, "contact_id");
        contact.name = table.text(row, "display_name").or(contact.name);
        contact.deleted = table.integer(row, "deleted").is_some_and(|it| it != 0);
        contact.account = account_of(table, row, &accounts);
        contact
    };
    let now = contents.rows.iter().map(|row| Stored { value: contact(row), place: row.cell }).collect();
    let former = contents.former.iter();
    let lost = former.map(|it| Lost { value: contact(&it.row), place: it.row.cell, fate: it.fate }).collect();
    oddities.extend(contents.oddities);
    let accounts = accounts.into_values().collect();
    Some(AddressBook { contacts: now, lost, accounts, oddities })
}

/// Reads the table `calls`, which lies in `contacts2.db` until Android 6 and in `calllog.db` from 7 on; none
/// where the database has no such table.
pub fn calls(database: &Database<'_>) -> Option<CallLog> {
    let (table, Contents { rows, former, oddities }) = database.read_named("calls")?;
    let calls = rows.iter().map(|row| Stored { value: call(table, row), place: row.cell }).collect();
    let lost = former.iter();
    let lost =
        lost.map(|it| Lost { value: call(table, &it.row), place: it.row.cell, fate: it.fate }).collect();
    Some(CallLog { calls, lost, oddities })
}

fn call(table: &Table, row: &Row) -> Call {
    // Withheld numbers are written as -1, -2 and -3 by old versions.
    let number = table.text(row, "number").filter(|it| !it.is_empty() && !it.starts_with('-'));
    Call {
        id: row.rowid,
        number,
        date: millis(table.integer(row, "date")),
        seconds: table.integer(row, "duration"),
        kind: CallKind::new(table.integer(row, "type").unwrap_or(0)),
        name: table.text(row, "name"),
    }
}

/// Accounts by number: a table of their own from Android 4.2 on.
fn accounts(database: &Database<'_>, oddities: &mut Vec<Oddity>) -> BTreeMap<i64, Stored<Account>> {
    let Some((table, contents)) = database.read_named("accounts") else { return BTreeMap::new() };
    oddities.extend(contents.oddities);
    let stored = |row: &Row| Stored { value: account(table, row), place: row.cell };
    contents.rows.iter().map(|row| (row.rowid, stored(row))).collect()
}

fn account(table: &Table, row: &Row) -> Account {
    Account { name: table.text(row, "account_name"), kind: table.text(row, "account_type") }
}

fn account_of(table: &Table, row: &Row, accounts: &BTreeMap<i64, Stored<Account>>) -> Option<Account> {
    let account = match table.integer(row, "account_id").and_then(|id| accounts.get(&id)) {
        Some(stored) => stored.value.clone(),
        None => account(table, row),
    };
    (account.name.is_some() || account.kind.is_some()).then_some(account)
}

/// Names, numbers and mails of the table `data`, by raw contact.
fn details(database: &Database<'_>, oddities: &mut Vec<Oddity>) -> BTreeMap<i64, Contact> {
    let kinds = kinds(database);
    let Some((table, contents)) = database.read_named("data") else { return BTreeMap::new() };
    oddities.extend(contents.oddities);
    let mut details: BTreeMap<i64, Contact> = BTreeMap::new();
    for row in contents.rows.iter().chain(contents.former.iter().map(|it| &it.row)) {
        let kind = table.integer(row, "mimetype_id").and_then(|id| kinds.get(&id)).map(String::as_str);
        let (Some(of), Some(text)) = (table.integer(row, "raw_contact_id"), table.text(row, "data1")) else {
            continue;
        };
        let contact = details.entry(of).or_default();
        match kind {
            Some("vnd.android.cursor.item/phone_v2") => once(&mut contact.numbers, text),
            Some("vnd.android.cursor.item/email_v2") => once(&mut contact.mails, text),
            Some("vnd.android.cursor.item/name") => contact.name = contact.name.take().or(Some(text)),
            _ => {}
        }
    }
    details
}

fn once(list: &mut Vec<String>, text: String) {
    if list.len() < MOST_DETAILS && !list.contains(&text) {
        list.push(text);
    }
}

fn kinds(database: &Database<'_>) -> BTreeMap<i64, String> {
    let Some((table, contents)) = database.read_named("mimetypes") else { return BTreeMap::new() };
    contents.rows.iter().filter_map(|row| Some((row.rowid, table.text(row, "mimetype")?))).collect()
}

/// Numbers, and mails, kept of one contact: comparing each with all others must stay cheap.
const MOST_DETAILS: usize = 1000;

#[cfg(test)]
mod tests {
    use evidence::Timestamp;

    use super::{CallKind, CallLog, address_book, calls};
    use crate::messages::sqlite::{Database, tests::made};

    #[test]
    fn contacts_with_numbers_and_accounts() {
        let (file, _) = made("", |it| {
            it.execute_batch(
                "CREATE TABLE accounts(_id INTEGER PRIMARY KEY, account_name TEXT, account_type TEXT, data_set TEXT);
                 CREATE TABLE raw_contacts(_id INTEGER PRIMARY KEY, account_id INTEGER, contact_id INTEGER,
                     deleted INTEGER NOT NULL DEFAULT 0, display_name TEXT);
                 CREATE TABLE mimetypes(_id INTEGER PRIMARY KEY, mimetype TEXT NOT NULL);
                 CREATE TABLE data(_id INTEGER PRIMARY KEY, mimetype_id INTEGER, raw_contact_id INTEGER, data1 TEXT);
                 INSERT INTO accounts VALUES(1, 'jane@example.org', 'com.example', NULL);
                 INSERT INTO raw_contacts VALUES(7, 1, 3, 0, 'Ona'), (8, 9, 4, 1, NULL);
                 INSERT INTO mimetypes VALUES(1, 'vnd.android.cursor.item/email_v2'),
                     (5, 'vnd.android.cursor.item/phone_v2'), (6, 'vnd.android.cursor.item/name');
                 INSERT INTO data VALUES(1, 5, 7, '+370 600 00001'), (2, 1, 7, 'ona@example.org'), (3, 6, 8, 'Jonas');",
            )
            .unwrap();
        });
        let book = address_book(&Database::open(&file, None).unwrap()).unwrap();
        let [ona, jonas] = &book.contacts[..] else { panic!("two contacts") };
        assert_eq!(ona.value.name.as_deref(), Some("Ona"));
        assert_eq!((ona.value.numbers.len(), ona.value.mails.len()), (1, 1));
        assert_eq!(ona.value.account.as_ref().unwrap().name.as_deref(), Some("jane@example.org"));
        assert_eq!((jonas.value.name.as_deref(), jonas.value.deleted), (Some("Jonas"), true));
        assert_eq!(jonas.value.account, None);
    }

    #[test]
    fn the_calls_of_the_corpora() {
        let Some(corpora) = testkit::corpora() else { return };
        let file = std::fs::read(corpora.join("phone/contacts2.db")).expect("a file");
        let CallLog { calls, lost, oddities } = calls(&Database::open(&file, None).unwrap()).unwrap();
        assert_eq!((lost.len(), oddities.len()), (0, 0));
        assert_eq!(calls.len(), 3);
        assert!(calls.iter().all(|it| it.value.number.is_some() && it.value.date > Some(Timestamp(0))));
        let kinds: Vec<_> = calls.iter().map(|it| it.value.kind).collect();
        assert_eq!(kinds, [CallKind::Missed, CallKind::Outgoing, CallKind::Incoming]);
    }
}
