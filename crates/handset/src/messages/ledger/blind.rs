//! What the sources could not have shown.

use evidence::{MessageSource, Timestamp};

use super::{
    Source, SourceKind, SourceNo, Sources,
    account::{Account, When},
    settle::Offset,
};
use crate::messages::phone::MessageStore;

/// A reason why a message may be missing from the ledger, or from one of its columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BlindSpot {
    /// The bill's zone is not told; most of its rows meet others at this distance from UTC, in minutes.
    BillZone {
        /// The bill.
        source: SourceNo,
        /// The distance, none where no row met another.
        minutes: Option<i32>,
        /// Rows that meet another with it.
        agree: usize,
        /// Rows that were tried.
        of: usize,
    },
    /// The store erases what is deleted: a deleted row's text cannot be had from the file, only its number.
    Erased {
        /// The store.
        source: SourceNo,
    },
    /// There are more ranges of missing numbers than are compared with the rows.
    MissingIds {
        /// How many there are.
        of: usize,
    },
    /// There is no bill: what the operator charged is not known.
    NoBill,
    /// Nothing of the radio was captured: what left the phone by it is not known.
    NoRadio,
    /// There is no store: what was logged is not known.
    NoStore,
    /// The store has no write-ahead log: what happened before the last checkpoint is not seen.
    NoWal {
        /// The store.
        source: SourceNo,
    },
    /// The store uses the number of the newest message again when it is deleted: none is missing at the end.
    NumbersReused {
        /// The store.
        source: SourceNo,
    },
    /// The store keeps what is deleted until its space is used again, and that space is not searched.
    Unsearched {
        /// The store.
        source: SourceNo,
        /// Its free pages.
        pages: u32,
    },
    /// Nothing is known from this source outside of this time.
    Window {
        /// The source.
        source: SourceNo,
        /// The first and the last instant; none where it tells of no time at all.
        window: Option<(Timestamp, Timestamp)>,
    },
}

impl BlindSpot {
    /// In plain words, with the sources' names.
    pub fn words(&self, sources: &[Source]) -> String {
        let name = |source: &SourceNo| sources.get(source.0).map_or("?", |it| it.name.as_str());
        match self {
            Self::BillZone { source, minutes: Some(minutes), agree, of } => format!(
                "{}: the clock of the bill is not told; taken as {minutes:+} minutes from UTC, at which {agree} of \
                 {of} rows meet another source",
                name(source)
            ),
            Self::BillZone { source, .. } => {
                format!(
                    "{}: the clock of the bill is not told, and no row meets another source",
                    name(source)
                )
            }
            Self::Erased { source } => format!(
                "{}: the store is made as Android makes it, to erase what is deleted; the text of deleted messages \
                 cannot be recovered from it",
                name(source)
            ),
            Self::MissingIds { of } => {
                format!(
                    "only the first {MOST_RANGES} of {of} ranges of missing numbers are compared with the messages"
                )
            }
            Self::Unsearched { source, pages } => format!(
                "{}: what is deleted may still lie in the free space of the store ({pages} pages and more), which is \
                 not searched",
                name(source)
            ),
            Self::NoBill => MessageSource::Bill.lacking().to_owned(),
            Self::NoRadio => MessageSource::Radio.lacking().to_owned(),
            Self::NoStore => MessageSource::Store.lacking().to_owned(),
            Self::NoWal { source } => {
                format!("{}: no write-ahead log; rows deleted before are not seen", name(source))
            }
            Self::NumbersReused { source } => format!(
                "{}: the newest message's number is used again after its deletion; at the end none is seen missing",
                name(source)
            ),
            Self::Window { source, window: Some((first, last)) } => {
                format!(
                    "{}: tells only of {} to {} UTC",
                    name(source),
                    first.to_the_second(),
                    last.to_the_second()
                )
            }
            Self::Window { source, window: None } => format!("{}: tells of no time", name(source)),
        }
    }
}

impl Sources {
    /// Notes what a store cannot tell.
    pub(super) fn blind_of(&mut self, source: SourceNo, store: &MessageStore) {
        // Android's SQLite is built with secure delete and auto-vacuum; only the second shows in a file.
        self.blind.push(if store.auto_vacuum {
            BlindSpot::Erased { source }
        } else {
            BlindSpot::Unsearched { source, pages: store.free_pages }
        });
        if !store.wal {
            self.blind.push(BlindSpot::NoWal { source });
        }
        if store.sequence.is_none() {
            self.blind.push(BlindSpot::NumbersReused { source });
        }
    }
}

/// What sources there are, and when they can tell.
pub(super) fn of(sources: &[Source]) -> Vec<BlindSpot> {
    let has = |kind| sources.iter().any(|it| it.kind == kind);
    let missing = [
        (SourceKind::Store, BlindSpot::NoStore),
        (SourceKind::Radio, BlindSpot::NoRadio),
        (SourceKind::Bill, BlindSpot::NoBill),
    ];
    let missing = missing.into_iter().filter(|(kind, _)| !has(*kind)).map(|(_, blind)| blind);
    let timed = sources.iter().enumerate().filter(|(_, it)| it.kind != SourceKind::Code);
    let windows = timed.map(|(at, it)| BlindSpot::Window { source: SourceNo(at), window: it.window });
    missing.chain(windows).collect()
}

/// What is guessed of a bill's clock.
pub(super) fn zone(source: SourceNo, accounts: &[Account], offset: Option<Offset>) -> Option<BlindSpot> {
    let local = accounts.iter().filter(|it| matches!(it.time, Some(When::Local(_)))).count();
    (local > 0).then(|| BlindSpot::BillZone {
        source,
        minutes: offset.map(|it| it.minutes),
        agree: offset.map_or(0, |it| it.agree),
        of: offset.map_or(local, |it| it.of),
    })
}

/// Ranges of missing numbers compared with each row.
pub(super) const MOST_RANGES: usize = 2000;
