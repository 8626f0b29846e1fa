//! Messages of the radio to accounts: parts of one text joined, repeated transfers counted once.

use std::collections::BTreeMap;

use evidence::Timestamp;

use super::{
    Evidence, EvidenceKind, Origin, RadioMessage, SourceNo,
    account::{Account, Body, When},
    found,
};
use crate::{
    Found,
    messages::{
        Direction, Number,
        gsm::{Bearer, TextPart, TpduKind},
    },
};

/// What the parts of one text share.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    direction: Direction,
    kind: EvidenceKind,
    number: Option<String>,
    /// The reference and the total of a text of parts.
    parts: Option<(u16, u8)>,
    /// For a single message: its own number and its bytes, which a repeated transfer has too.
    single: Option<(Option<u8>, Vec<u8>)>,
}

/// A text whose parts are being collected.
struct Text {
    account: Account,
    last: Timestamp,
    total: usize,
    parts: BTreeMap<u8, Option<String>>,
}

/// The accounts of all messages, in the order of their first parts.
pub(super) fn joined(source: SourceNo, messages: &[RadioMessage]) -> Vec<Account> {
    let mut texts: Vec<Text> = Vec::new();
    let mut open: BTreeMap<Key, usize> = BTreeMap::new();
    for message in messages {
        let (key, part) = key(message);
        let known = open.get(&key).and_then(|at| texts.get_mut(*at));
        let near = |text: &&mut Text| message.time.since(text.last).saturating_abs() <= APART;
        match known.filter(near) {
            Some(text) => text.add(message, part),
            None => {
                open.insert(key, texts.len());
                texts.push(Text::new(source, message, part));
            }
        }
    }
    texts.into_iter().map(Text::account).collect()
}

fn key(message: &RadioMessage) -> (Key, Option<TextPart>) {
    let carried = &message.heard.carried;
    let tpdu = &carried.tpdu;
    let part = tpdu.part;
    let single = || (tpdu.reference.or(carried.reference), tpdu.data.value.clone());
    let key = Key {
        direction: carried.direction,
        kind: kind(message),
        number: tpdu.peer.as_ref().map(|it| it.value.clone()),
        parts: part.map(|it| (it.reference, it.total)),
        single: part.is_none().then(single),
    };
    (key, part)
}

fn kind(message: &RadioMessage) -> EvidenceKind {
    match (message.heard.carried.tpdu.kind, message.heard.carried.bearer) {
        (TpduKind::StatusReport, _) => EvidenceKind::Report,
        (_, Bearer::Radio) => EvidenceKind::Radio,
        (_, Bearer::SimCommand) => EvidenceKind::SimCommand,
        (_, Bearer::SimDownload) => EvidenceKind::SimDownload,
        (_, Bearer::SimRecord { .. }) => EvidenceKind::SimRecord,
    }
}

impl Text {
    fn new(source: SourceNo, message: &RadioMessage, part: Option<TextPart>) -> Self {
        let carried = &message.heard.carried;
        let tpdu = &carried.tpdu;
        let report = tpdu.kind == TpduKind::StatusReport;
        // A report tells of a message that was sent, and when the service centre had got it.
        let centre = tpdu.received.as_ref().map(|it| it.value.at);
        let time = if report { centre.unwrap_or(message.time) } else { message.time };
        let account = Account {
            evidence: Evidence { source, kind: kind(message), found: Vec::new() },
            direction: if report { Direction::Outgoing } else { carried.direction },
            number: tpdu.peer.as_ref().and_then(|it| Number::new(&it.value)),
            time: Some(When::At(time)),
            other_time: centre,
            body: Body::Unknown,
            parts: part.map_or(1, |it| u32::from(it.total)),
            folder: None,
            creator: None,
            silent: tpdu.is_silent(),
        };
        let total = part.map_or(1, |it| usize::from(it.total));
        let mut text = Self { account, last: message.time, total, parts: BTreeMap::new() };
        text.add(message, part);
        text
    }

    fn add(&mut self, message: &RadioMessage, part: Option<TextPart>) {
        self.last = message.time;
        let text = message.heard.carried.tpdu.text.as_ref().map(|it| it.value.clone());
        self.parts.entry(part.map_or(1, |it| it.number)).or_insert(text);
        let places: Vec<Found<Origin>> =
            message.heard.from.iter().map(|it| found(Origin::Payload(it.value), it.bytes())).collect();
        self.account.evidence.found.extend(places);
    }

    fn account(mut self) -> Account {
        let texts: Vec<&str> = self.parts.values().flatten().map(String::as_str).collect();
        let text = texts.concat();
        self.account.body = match texts.len() {
            0 => Body::Unknown,
            there if there < self.total => Body::Part(text),
            _ => Body::Whole(text),
        };
        self.account
    }
}

/// Nanoseconds between parts of one text, at most: references are used again.
const APART: i64 = 600 * 1_000_000_000;
