//! What the phone's message stores, the radio and the bill know of messages.
//!
//! | room | from | to |
//! |---|---|---|
//! | [`sqlite`] | a database and its WAL | rows with their places, those that are gone too |
//! | [`phone`] | `mmssms.db`, `contacts2.db`, `calllog.db` | messages, which of their numbers are missing, contacts, calls |
//! | [`backup`] | SMS Backup & Restore XML, Android's `.ab` | messages; files |
//! | [`gsm`] | GSMTAP, the SIM, TPDUs | messages as the radio carried them |
//! | [`bill`] | an operator's itemised bill | its rows |
//! | [`ledger`] | all of them | one row for each message: sent and logged, sent and not logged, logged and gone |

pub mod backup;
pub mod bill;
pub mod gsm;
pub mod ledger;
pub mod phone;
pub mod sqlite;

mod calendar;
mod number;

pub use number::{Number, same_number};

/// Which way a message went, seen from the phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// To the phone.
    Incoming,
    /// From the phone.
    Outgoing,
}
