//! Android's own stores: messages, contacts, calls.
//!
//! The tables are those of AOSP's `TelephonyProvider` (`MmsSmsDatabaseHelper`), `ContactsProvider`
//! (`ContactsDatabaseHelper`) and `CallLogDatabaseHelper`, from Android 4 to 15. Columns are found by their
//! names, because every version and many vendors have added some; one that is missing gives `None`.

mod contacts;
mod mms;
mod sms;
mod texts;

pub use contacts::{Account, AddressBook, Call, CallKind, CallLog, Contact, address_book, calls};
pub use mms::{Mms, MmsAddress, MmsPart, MmsRole};
pub use sms::{Folder, MessageStore, MissingIds, Sms, message_store};

pub use texts::{StoredText, TextKind};

use evidence::Timestamp;

use super::sqlite::{Fate, Place};
use crate::clock;

/// A fact of a store and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored<T> {
    /// The fact.
    pub value: T,
    /// The row's cell.
    pub place: Place,
}

/// A fact that the store held once.
#[derive(Clone, Debug, PartialEq)]
pub struct Lost<T> {
    /// The fact as it was.
    pub value: T,
    /// The row's cell in an older page.
    pub place: Place,
    /// What became of it.
    pub fate: Fate,
}

/// An instant from milliseconds since 1970; none for 0 and below, which stand for "not known".
pub(super) fn millis(value: Option<i64>) -> Option<Timestamp> {
    value.filter(|it| *it > 0).and_then(clock::millis)
}

/// The same from seconds; some vendors write milliseconds there, too.
pub(super) fn seconds(value: Option<i64>) -> Option<Timestamp> {
    value.filter(|it| *it > 0).and_then(clock::counted)
}
