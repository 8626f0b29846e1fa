//! The ledger of short messages: what the radio, the SIM and the bill say was carried, against what the
//! phone's store keeps.
//!
//! Every source tells of messages; what is told of the same one becomes one row, with the evidence of each
//! and a [`Verdict`]: *sent and logged*, *sent and not logged*, *logged and gone*. Two accounts are of one
//! message where they go the same way, their numbers are alike, their texts (where both have one) are equal,
//! and their times differ by no more than the [`Tolerance`]. What the sources could not have shown is a
//! [`BlindSpot`]: without them no row means anything.
//!
//! Multimedia messages travel as data and are no part of it; a bill's rows for them are left out.

mod account;
mod blind;
mod join;
mod settle;

use std::{ops::Range, time::Duration};

use evidence::Timestamp;

use super::{
    Direction,
    bill::Bill,
    gsm::Heard,
    phone::{Folder, MessageStore, MissingIds, Sms, Stored},
};
use crate::Found;
use account::{Account, Body, When};

pub use blind::BlindSpot;

/// Collects what the sources tell.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    sources: Vec<Source>,
    accounts: Vec<Account>,
    sites: Vec<(Evidence, SendSite)>,
    missing_ids: Vec<(SourceNo, MissingIds)>,
    blind: Vec<BlindSpot>,
}

/// A source.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// The caller's name for it: a file's.
    pub name: String,
    /// What it is.
    pub kind: SourceKind,
    /// From when to when it can tell: a capture's first and last frame, a bill's or a store's first and last
    /// row, or until when the store was copied.
    pub window: Option<(Timestamp, Timestamp)>,
}

/// The kinds of sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SourceKind {
    /// An export of a store.
    Backup,
    /// An operator's bill.
    Bill,
    /// Code or data of an app.
    Code,
    /// GSMTAP of a capture.
    Radio,
    /// The phone's store.
    Store,
}

/// The place of a source in [`Ledger::sources`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceNo(pub usize);

/// A message of the radio, with its packet's time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RadioMessage {
    /// When its last packet was captured.
    pub time: Timestamp,
    /// The message.
    pub heard: Heard,
}

/// A place in an app that can send a message, as the search of its code found it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SendSite {
    /// The number or short code it holds.
    pub number: Found<String>,
    /// The package.
    pub package: Option<String>,
}

/// What one source has on a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// The source.
    pub source: SourceNo,
    /// What kind of evidence.
    pub kind: EvidenceKind,
    /// The bytes.
    pub found: Vec<Found<Origin>>,
}

/// The kinds of evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EvidenceKind {
    /// A row of a backup.
    Backup,
    /// A row of a bill.
    Bill,
    /// A number in an app. It says what can be sent, not what was.
    Code,
    /// A row that only an older page of the store holds.
    GoneRow,
    /// A TPDU on the radio.
    Radio,
    /// A report on the delivery of a message that was sent.
    Report,
    /// The SIM told the phone to send it.
    SimCommand,
    /// The network wrote to the SIM through the phone.
    SimDownload,
    /// A record on the SIM.
    SimRecord,
    /// A row of the store.
    StoreRow,
}

/// Which of a source's bytes a range counts in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// The file.
    File,
    /// The payload of this number, as the caller counts them.
    Payload(u64),
    /// The write-ahead log of the database, in this frame.
    Wal(u32),
}

/// How far apart two accounts of a message may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tolerance {
    /// Between clocks of the phone, the network and the capture.
    pub clocks: Duration,
    /// Between these and a bill.
    pub bill: Duration,
}

impl Default for Tolerance {
    /// Two minutes, and five for a bill.
    fn default() -> Self {
        Self { clocks: Duration::from_secs(120), bill: Duration::from_secs(300) }
    }
}

/// The ledger.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ledger {
    /// The sources, in the order they were added.
    pub sources: Vec<Source>,
    /// One row for each message, by time; those without one at the end.
    pub rows: Vec<LedgerRow>,
    /// Missing numbers of each store.
    pub missing_ids: Vec<(SourceNo, MissingIds)>,
    /// Places of apps whose number no row has.
    pub idle_sites: Vec<(Evidence, SendSite)>,
    /// What could not have been seen.
    pub blind: Vec<BlindSpot>,
}

/// A message.
#[derive(Clone, Debug, PartialEq)]
pub struct LedgerRow {
    /// Which way it went.
    pub direction: Direction,
    /// The other side.
    pub number: Option<String>,
    /// When, by the best of the sources.
    pub time: Option<Timestamp>,
    /// Its text.
    pub body: Option<String>,
    /// How many messages of the radio it takes, as far as known.
    pub parts: u32,
    /// What becomes of it.
    pub verdict: Verdict,
    /// The box the store keeps or kept it in.
    pub folder: Option<Folder>,
    /// The package that wrote it to the store.
    pub creator: Option<String>,
    /// The phone was told not to show it.
    pub silent: bool,
    /// Evidence that it was carried.
    pub carried: Vec<Evidence>,
    /// Evidence that it is logged.
    pub logged: Vec<Evidence>,
    /// Evidence that it was logged and is no more.
    pub gone: Vec<Evidence>,
    /// Places of apps that hold its number.
    pub sites: Vec<Evidence>,
    /// Places in [`Ledger::missing_ids`] where numbers are missing at its time.
    pub missing_ids: Vec<usize>,
}

/// What the sources say together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// Carried, and in the store.
    CarriedAndLogged,
    /// Carried, and a store that should have it does not.
    CarriedNotLogged,
    /// The store had it, and has it no more.
    LoggedAndGone,
    /// In the store, and nothing else tells of it.
    LoggedOnly,
    /// Carried, and no store can tell.
    Undecided(Doubt),
}

/// Why no store can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Doubt {
    /// It is newer than all that the stores hold, and when they were copied is not known.
    AfterStore,
    /// It is older than all that the stores hold.
    BeforeStore,
    /// There is none.
    NoStore,
    /// When it was carried is not known.
    NoTime,
}

impl Verdict {
    /// In plain words.
    pub fn words(self, direction: Direction) -> &'static str {
        let sent = direction == Direction::Outgoing;
        match self {
            Self::CarriedAndLogged if sent => "sent and logged",
            Self::CarriedAndLogged => "received and logged",
            Self::CarriedNotLogged if sent => "sent and not logged",
            Self::CarriedNotLogged => "received and not logged",
            Self::LoggedAndGone => "logged and gone",
            Self::LoggedOnly => "logged",
            Self::Undecided(_) if sent => "sent; whether it was logged cannot be told",
            Self::Undecided(_) => "received; whether it was logged cannot be told",
        }
    }
}

impl Sources {
    /// Adds a store: `mmssms.db` with its WAL. `copied` is when it was taken off the phone, if known: without
    /// it nothing can be said of messages after its newest row.
    pub fn store(&mut self, name: &str, store: &MessageStore, copied: Option<Timestamp>) -> SourceNo {
        let dates = || store.sms.iter().filter_map(|it| it.value.date);
        let window = dates().min().zip(copied.max(dates().max()));
        let source = self.add(name, SourceKind::Store, window);
        for row in &store.sms {
            self.accounts.extend(account::stored(source, row, EvidenceKind::StoreRow));
        }
        let lost = account::gone(store);
        self.accounts.extend(lost.into_iter().filter_map(|row| account::lost(source, row)));
        self.missing_ids.extend(store.missing_ids.iter().map(|range| (source, *range)));
        self.blind_of(source, store);
        source
    }

    /// Adds the messages of a backup, as `backup::SmsXml` gives them.
    pub fn backup<'a>(&mut self, name: &str, rows: impl IntoIterator<Item = &'a Stored<Sms>>) -> SourceNo {
        let source = self.add(name, SourceKind::Backup, None);
        let mut window = Window::default();
        for row in rows {
            window.add(row.value.date);
            self.accounts.extend(account::stored(source, row, EvidenceKind::Backup));
        }
        self.see(source, window);
        source
    }

    /// Adds the radio's messages; `window` is the capture's first and last frame.
    pub fn radio(
        &mut self,
        name: &str,
        messages: &[RadioMessage],
        window: Option<(Timestamp, Timestamp)>,
    ) -> SourceNo {
        let source = self.add(name, SourceKind::Radio, window);
        self.accounts.extend(join::joined(source, messages));
        source
    }

    /// Adds a bill.
    pub fn bill(&mut self, name: &str, bill: &Bill) -> SourceNo {
        let source = self.add(name, SourceKind::Bill, None);
        let mut window = Window::default();
        for row in &bill.rows {
            let account = account::billed(source, row);
            window.add(account.as_ref().and_then(|it| it.time).map(|it| it.shown()));
            self.accounts.extend(account);
        }
        self.see(source, window);
        source
    }

    /// Adds the places of an app that can send messages.
    pub fn sites(&mut self, name: &str, sites: &[SendSite]) -> SourceNo {
        let source = self.add(name, SourceKind::Code, None);
        self.sites.extend(sites.iter().map(|site| {
            let found = vec![site.number.clone().map(|_| Origin::File)];
            (Evidence { source, kind: EvidenceKind::Code, found }, site.clone())
        }));
        source
    }

    /// Puts what was told of the same messages together.
    pub fn settle(self, tolerance: Tolerance) -> Ledger {
        settle::settle(self, tolerance)
    }

    fn add(&mut self, name: &str, kind: SourceKind, window: Option<(Timestamp, Timestamp)>) -> SourceNo {
        self.sources.push(Source { name: name.to_owned(), kind, window });
        SourceNo(self.sources.len().saturating_sub(1))
    }

    fn see(&mut self, source: SourceNo, window: Window) {
        if let Some(source) = self.sources.get_mut(source.0) {
            source.window = window.0;
        }
    }
}

/// The first and the last of some instants.
#[derive(Clone, Copy, Debug, Default)]
struct Window(Option<(Timestamp, Timestamp)>);

impl Window {
    fn add(&mut self, time: Option<Timestamp>) {
        if let Some(time) = time {
            let (first, last) = self.0.unwrap_or((time, time));
            self.0 = Some((first.min(time), last.max(time)));
        }
    }
}

/// A range with its origin.
fn found(origin: Origin, bytes: Range<u64>) -> Found<Origin> {
    Found::new(origin, bytes)
}

#[cfg(test)]
mod tests;
