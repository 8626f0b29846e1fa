//! What one source tells of one message.

use std::collections::BTreeMap;

use evidence::Timestamp;

use super::{Evidence, EvidenceKind, Origin, SourceNo, found};
use crate::{
    Found,
    messages::{
        Direction, Number,
        bill::{BillKind, BillRow, BillTime},
        phone::{Folder, Lost, MessageStore, Sms, Stored},
        sqlite::{Fate, Part, Place},
    },
};

/// What one source tells.
#[derive(Clone, Debug)]
pub(super) struct Account {
    pub(super) evidence: Evidence,
    pub(super) direction: Direction,
    pub(super) number: Option<Number>,
    pub(super) time: Option<When>,
    /// A second time it may be known by elsewhere: the service centre's.
    pub(super) other_time: Option<Timestamp>,
    pub(super) body: Body,
    pub(super) parts: u32,
    pub(super) folder: Option<Folder>,
    pub(super) creator: Option<String>,
    pub(super) silent: bool,
}

/// When.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    At(Timestamp),
    /// A clock's reading, as if it were UTC.
    Local(Timestamp),
}

impl When {
    pub(super) fn shown(self) -> Timestamp {
        match self {
            Self::At(time) | Self::Local(time) => time,
        }
    }
}

/// A text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Body {
    /// Some of its parts were not heard.
    Part(String),
    #[default]
    Unknown,
    Whole(String),
}

impl Body {
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Part(text) | Self::Whole(text) => Some(text),
            Self::Unknown => None,
        }
    }

    /// Whether both can be the same text.
    pub(super) fn agrees(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Whole(a), Self::Whole(b)) => a.trim() == b.trim(),
            _ => true,
        }
    }

    /// Whether both are known to be the same.
    pub(super) fn is(&self, other: &Self) -> bool {
        matches!((self, other), (Self::Whole(a), Self::Whole(b)) if !a.trim().is_empty() && a.trim() == b.trim())
    }
}

/// A row of a store or a backup; none for drafts.
pub(super) fn stored(source: SourceNo, row: &Stored<Sms>, kind: EvidenceKind) -> Option<Account> {
    account(&row.value, Evidence { source, kind, found: vec![origin(row.place)] })
}

/// The messages of a store that are gone, each in its last state: a message that was sent has been in the outbox
/// first. One that only changed is not gone; but a number that another message has now was used again.
pub(super) fn gone(store: &MessageStore) -> Vec<&Lost<Sms>> {
    let now: BTreeMap<Option<i64>, &Sms> = store.sms.iter().map(|it| (it.value.id, &it.value)).collect();
    let mut last = BTreeMap::new();
    for lost in &store.lost {
        let sms = &lost.value;
        let other = now.get(&sms.id).is_none_or(|now| now.body != sms.body && now.date != sms.date);
        if lost.fate != Fate::Changed || other {
            // The last of equal ones stays.
            last.insert((sms.id, sms.address.as_deref(), sms.body.as_deref()), lost);
        }
    }
    last.into_values().collect()
}

/// A row that is gone; none for drafts.
pub(super) fn lost(source: SourceNo, row: &Lost<Sms>) -> Option<Account> {
    account(&row.value, Evidence { source, kind: EvidenceKind::GoneRow, found: vec![origin(row.place)] })
}

fn account(sms: &Sms, evidence: Evidence) -> Option<Account> {
    let body = sms.body.clone().map_or(Body::Unknown, Body::Whole);
    Some(Account {
        evidence,
        direction: sms.folder.direction()?,
        number: sms.address.as_deref().and_then(Number::new),
        time: sms.date.map(When::At),
        other_time: sms.date_sent,
        parts: body.text().map_or(1, parts),
        body,
        folder: Some(sms.folder),
        creator: sms.creator.clone(),
        silent: false,
    })
}

/// A row of a bill; none for calls, data and multimedia messages. What no row says the way of was sent: that
/// is what bills are for.
pub(super) fn billed(source: SourceNo, row: &Found<BillRow>) -> Option<Account> {
    let bill = &row.value;
    if bill.kind != BillKind::Sms {
        return None;
    }
    let found = vec![found(Origin::File, row.bytes())];
    Some(Account {
        evidence: Evidence { source, kind: EvidenceKind::Bill, found },
        direction: bill.direction.unwrap_or(Direction::Outgoing),
        number: bill.number.as_deref().and_then(Number::new),
        time: bill.time.map(|time| match time {
            BillTime::At(time) => When::At(time),
            BillTime::Local(time) => When::Local(time),
        }),
        other_time: None,
        body: Body::Unknown,
        parts: 1,
        folder: None,
        creator: None,
        silent: false,
    })
}

fn origin(place: Place) -> Found<Origin> {
    let origin = match place.part {
        Part::File => Origin::File,
        Part::Wal { frame } => Origin::Wal(frame),
    };
    found(origin, place.bytes())
}

/// How many messages a text takes (3GPP TS 23.040, 9.2.3.24.1). Characters beyond Latin-1 are taken to need
/// UCS-2, which is right for all but a few of the default alphabet's.
fn parts(text: &str) -> u32 {
    let narrow = text.chars().all(|it| u32::from(it) < 0x100 || "€ΔΦΓΛΩΠΨΣΘΞ".contains(it));
    let (alone, joined) = if narrow { (160, 153) } else { (70, 67) };
    let length = if narrow { text.chars().count() } else { text.encode_utf16().count() };
    if length <= alone { 1 } else { u32::try_from(length.div_ceil(joined)).unwrap_or(u32::MAX) }
}
