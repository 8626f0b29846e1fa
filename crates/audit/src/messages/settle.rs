//! All sources together, as the case tells them.

use std::collections::{BTreeMap, BTreeSet, HashMap, btree_map::Entry};

use evidence::{MessageAccount, MissingIds, ShortMessage};
use handset::messages::{
    Direction, Number,
    ledger::{Doubt, Evidence, EvidenceKind, Ledger, LedgerRow, Origin, SourceNo, Tolerance, Verdict},
    phone::Mms,
};

use super::{
    Messages, RowPlace,
    radio::{Kept, Text},
    rows::{InMessage, Row, Sought},
};
use crate::diary::hash_of;

/// What the sources tell together.
#[derive(Debug, Default)]
pub(crate) struct Settled {
    /// By time.
    pub(crate) rows: Vec<SettledRow>,
    /// Multimedia messages with values in them, each once.
    pub(crate) multimedia: Vec<SettledRow>,
    pub(crate) blind: Vec<String>,
    pub(crate) missing: Vec<MissingIds>,
}

/// A message.
#[derive(Clone, Debug)]
pub(crate) struct SettledRow {
    pub(crate) message: ShortMessage,
    pub(crate) verdict: Verdict,
    /// Whether the phone's store has it, where its owner can see it.
    pub(crate) visible: bool,
    /// Whether radio or bill say that it was carried.
    pub(crate) carried: bool,
    /// Whether the store gave numbers to messages of its time that it does not have.
    pub(crate) numbered: bool,
    /// Values in its text.
    pub(crate) known: Vec<InMessage>,
    /// A hash of its texts, where they are needed to tell it from another message: of multimedia messages.
    texts: u64,
}

impl Settled {
    /// Adds it to the phone's part of the case.
    pub(crate) fn into_case(self, mut phone: evidence::Phone) -> evidence::Phone {
        let total = self.rows.len();
        // Where there are too many, those that everybody can see on the phone are left out first.
        let mut rows: Vec<(usize, SettledRow)> = self.rows.into_iter().enumerate().collect();
        if total > MOST_LISTED {
            rows.sort_by_key(|(at, row)| (row.is_usual(), *at));
            rows.truncate(MOST_LISTED);
            rows.sort_by_key(|(at, _)| *at);
        }
        phone.messages_dropped = (total - rows.len()) as u64;
        phone.messages = rows.into_iter().map(|(_, row)| row.message).collect();
        phone.message_blind_spots = self.blind;
        phone.missing_message_ids = self.missing;
        phone
    }
}

impl SettledRow {
    /// A multimedia message of a store or a backup.
    pub(super) fn multimedia(mms: &Mms, (direction, is_lost): (Direction, bool)) -> Self {
        let verdict = if is_lost { Verdict::LoggedAndGone } else { Verdict::LoggedOnly };
        let others = mms.others();
        let message = ShortMessage {
            direction: way(direction),
            number: others.iter().take(MOST_OTHERS).copied().collect::<Vec<_>>().join(", "),
            time: mms.date,
            verdict: verdict.words(direction).to_owned(),
            package: mms.creator.clone().unwrap_or_default(),
            silent: false,
            parts: 1,
            in_address_book: None,
            accounts: Vec::new(),
        };
        let (visible, carried, numbered, known) = (!is_lost, false, false, Vec::new());
        Self { message, verdict, visible, carried, numbered, known, texts: 0 }
    }

    /// Adds a text of it.
    pub(super) fn add(&mut self, text: &str, row: Row) {
        // Sources have its parts in orders of their own.
        self.texts = self.texts.wrapping_add(hash_of(text.as_bytes()));
        if row.known.is_empty() {
            return;
        }
        if self.message.accounts.len() < MOST_ACCOUNTS {
            let words = "a text of a multimedia message".to_owned();
            self.message.accounts.push(MessageAccount { words, occurrence: row.shown });
        }
        self.known.extend(row.known);
    }

    /// Adds what another source tells of the same message.
    fn join(&mut self, other: Self) {
        // What its owner can see is not gone because an older page still has it.
        if other.visible && !self.visible {
            (self.visible, self.verdict, self.message.verdict) = (true, other.verdict, other.message.verdict);
        }
        let room = MOST_ACCOUNTS.saturating_sub(self.message.accounts.len());
        self.message.accounts.extend(other.message.accounts.into_iter().take(room));
        // The texts are the same, and so are the values in them: those that can be shown are the better proofs.
        let is_shown = |known: &[InMessage]| known.iter().all(|found| found.is_value);
        if !is_shown(&self.known) && is_shown(&other.known) {
            self.known = other.known;
        }
    }

    /// Whether the phone's owner can see it, as any message.
    fn is_usual(&self) -> bool {
        self.visible && self.known.is_empty()
    }
}

impl Messages<'_> {
    /// Puts what was told of the same messages together.
    pub(crate) fn settle(mut self) -> Settled {
        if self.files.is_empty() {
            return Settled::default();
        }
        let ledger = std::mem::take(&mut self.sources).settle(Tolerance::default());
        let desk = Desk::of(&self);
        let mut asked = BTreeMap::new();
        let rows = ledger.rows.iter().map(|row| {
            let known = desk.in_book(row, &mut asked);
            desk.row(row, known)
        });
        let rows: Vec<SettledRow> = rows.collect();
        let blind = ledger.blind.iter().map(|blind| blind.words(&ledger.sources));
        Settled {
            blind: blind.chain(beyond(&rows)).collect(),
            rows,
            multimedia: each_once(&self.multimedia),
            missing: desk.missing(&ledger),
        }
    }
}

/// What bill or radio know of the time that no store covers: told, so that nobody takes silence for a clean phone.
fn beyond(rows: &[SettledRow]) -> Vec<String> {
    let mut groups: BTreeMap<(Doubt, bool), Vec<&ShortMessage>> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.carried) {
        if let Verdict::Undecided(doubt @ (Doubt::AfterStore | Doubt::BeforeStore)) = row.verdict {
            let out = row.message.direction == evidence::Direction::Out;
            groups.entry((doubt, out)).or_default().push(&row.message);
        }
    }
    groups.into_iter().map(|((doubt, out), messages)| beyond_words(doubt, out, &messages)).collect()
}

fn beyond_words(doubt: Doubt, out: bool, messages: &[&ShortMessage]) -> String {
    let numbers: BTreeSet<&str> = messages.iter().map(|message| message.number.as_str()).collect();
    let shown: Vec<&str> = numbers.iter().copied().take(MOST_OTHERS).collect();
    let more = match numbers.len() - shown.len() {
        0 => String::new(),
        more => format!(" and {more} more numbers"),
    };
    let times = || messages.iter().filter_map(|message| message.time);
    let when =
        times().min().zip(times().max()).map_or_else(String::new, |(first, last)| match first == last {
            true => format!(" at {first}"),
            false => format!(" between {first} and {last}"),
        });
    let (age, copy) = match doubt {
        Doubt::BeforeStore => ("older", "an older copy of the store"),
        _ => ("newer", "a copy of the store made later"),
    };
    let (way, who) = if out { ("sent", "to") } else { ("received", "from") };
    format!(
        "bill or radio tell of messages {way}{when}, {} in all, {who} {}{more}: {age} than all that the message store \
         holds, so that it cannot tell whether the phone showed them; {copy} could",
        messages.len(),
        shown.join(", "),
    )
}

/// What is needed to say where evidence stands.
struct Desk<'m> {
    sought: Sought<'m>,
    files: &'m [evidence::CaptureId],
    rows: &'m HashMap<RowPlace, Row>,
    radios: &'m HashMap<SourceNo, Vec<Kept>>,
    /// Which messages a payload plays a part in.
    by_payload: HashMap<(SourceNo, u64), Vec<usize>>,
    book: Option<&'m [Number]>,
}

impl<'m> Desk<'m> {
    fn of(messages: &'m Messages<'m>) -> Self {
        let mut by_payload: HashMap<_, Vec<usize>> = HashMap::new();
        for (source, kept) in &messages.radios {
            for (at, one) in kept.iter().enumerate() {
                for payload in one.payloads() {
                    by_payload.entry((*source, payload)).or_default().push(at);
                }
            }
        }
        Self {
            sought: messages.sought,
            files: &messages.files,
            rows: &messages.rows,
            radios: &messages.radios,
            by_payload,
            book: messages.book.as_deref(),
        }
    }

    fn row(&self, row: &LedgerRow, in_address_book: Option<bool>) -> SettledRow {
        let (mut accounts, mut known) = (Vec::new(), Vec::new());
        for evidence in row.carried.iter().chain(&row.gone).chain(&row.logged).take(MOST_ACCOUNTS) {
            let (told, found) = self.account(evidence);
            accounts.extend(told);
            known.extend(found);
        }
        let message = ShortMessage {
            direction: way(row.direction),
            number: row.number.clone().unwrap_or_default(),
            time: row.time,
            verdict: row.verdict.words(row.direction).to_owned(),
            package: row.creator.clone().unwrap_or_default(),
            silent: row.silent,
            parts: row.parts,
            in_address_book,
            accounts,
        };
        let (visible, carried) = (!row.logged.is_empty(), !row.carried.is_empty());
        let (verdict, numbered) = (row.verdict, !row.missing_ids.is_empty());
        SettledRow { message, verdict, visible, carried, numbered, known, texts: 0 }
    }

    /// Where a piece of evidence stands, and which values are in it.
    fn account(&self, evidence: &Evidence) -> (Option<MessageAccount>, Vec<InMessage>) {
        let words = words(evidence.kind).to_owned();
        let Some(found) = evidence.found.first() else { return (None, Vec::new()) };
        let row = match found.value {
            Origin::Payload(_) => {
                let Some(text) = self.text(evidence) else { return (None, Vec::new()) };
                let known = text.known(self.sought);
                return (Some(MessageAccount { words, occurrence: text.shown() }), known);
            }
            origin => self.rows.get(&(evidence.source, origin, found.start)),
        };
        let account = row.map(|row| MessageAccount { words, occurrence: row.shown.clone() });
        let known = row.map(|row| row.known.clone());
        (account, known.unwrap_or_default())
    }

    /// The text that the radio carried: of parts each once, in their order.
    fn text(&self, evidence: &Evidence) -> Option<Text> {
        let kept = self.radios.get(&evidence.source)?;
        let mut parts: BTreeMap<u8, &Kept> = BTreeMap::new();
        for found in &evidence.found {
            let Origin::Payload(payload) = found.value else { continue };
            let of_it = self.by_payload.get(&(evidence.source, payload));
            for one in of_it.into_iter().flatten().filter_map(|at| kept.get(*at)) {
                parts.entry(one.part()).or_insert(one);
            }
        }
        Text::of(&parts.into_values().collect::<Vec<_>>())
    }

    /// Whether an address book has the number, each asked once.
    fn in_book(&self, row: &LedgerRow, asked: &mut BTreeMap<String, bool>) -> Option<bool> {
        let (book, number) = (self.book?, row.number.as_ref()?);
        if let Some(known) = asked.get(number) {
            return Some(*known);
        }
        if asked.len() >= MOST_ASKED {
            return None;
        }
        let wanted = Number::new(number)?;
        let known = book.iter().any(|one| one.is_like(&wanted));
        asked.insert(number.clone(), known);
        Some(known)
    }

    fn missing(&self, ledger: &Ledger) -> Vec<MissingIds> {
        let ranges = ledger.missing_ids.iter().take(MOST_MISSING);
        ranges
            .filter_map(|(source, range)| {
                let capture = *self.files.get(source.0)?;
                let (first, last, after, before) = (range.first, range.last, range.after, range.before);
                Some(MissingIds { capture, first, last, after, before, seen: range.seen })
            })
            .collect()
    }
}

fn way(direction: Direction) -> evidence::Direction {
    match direction {
        Direction::Incoming => evidence::Direction::In,
        Direction::Outgoing => evidence::Direction::Out,
    }
}

/// Multimedia messages, where a store and a backup tell of the same one as one: of one second, way and number, with the
/// same texts.
fn each_once(rows: &[SettledRow]) -> Vec<SettledRow> {
    let mut each: BTreeMap<_, SettledRow> = BTreeMap::new();
    for (at, row) in rows.iter().enumerate() {
        let message = &row.message;
        let second = message.time.map(evidence::Timestamp::seconds).ok_or(at);
        match each.entry((second, message.direction, message.number.as_str(), row.texts)) {
            Entry::Occupied(mut known) => known.get_mut().join(row.clone()),
            Entry::Vacant(free) => {
                free.insert(row.clone());
            }
        }
    }
    each.into_values().collect()
}

fn words(kind: EvidenceKind) -> &'static str {
    match kind {
        EvidenceKind::Backup => "a message in a backup",
        EvidenceKind::Bill => "a row of the operator’s bill",
        EvidenceKind::Code => "a number in an app",
        EvidenceKind::GoneRow => "a row that only an older page of the phone’s message store still holds",
        EvidenceKind::Radio => "the message as the radio carried it",
        EvidenceKind::Report => "a report on its delivery, as the radio carried it",
        EvidenceKind::SimCommand => "the SIM card told the phone to send it",
        EvidenceKind::SimDownload => "the network wrote it to the SIM card through the phone",
        EvidenceKind::SimRecord => "a record on the SIM card",
        EvidenceKind::StoreRow => "a row of the phone’s message store",
    }
}

/// Pieces of evidence told of one message.
const MOST_ACCOUNTS: usize = 16;
/// Other sides of one multimedia message that are named.
const MOST_OTHERS: usize = 8;
/// Messages that a case lists.
const MOST_LISTED: usize = 2000;
/// Different numbers that are looked for in the address books.
const MOST_ASKED: usize = 2000;
/// Ranges of missing numbers that a case lists.
const MOST_MISSING: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_store_covers_is_told() {
        let message = ShortMessage {
            direction: evidence::Direction::Out,
            number: "+8613800000000".to_owned(),
            time: Some(evidence::Timestamp(0)),
            verdict: String::new(),
            package: String::new(),
            silent: false,
            parts: 1,
            in_address_book: None,
            accounts: Vec::new(),
        };
        let verdict = Verdict::Undecided(Doubt::BeforeStore);
        let (visible, carried, numbered, known) = (false, true, false, Vec::new());
        let row = SettledRow { message, verdict, visible, carried, numbered, known, texts: 0 };
        let seen = SettledRow { verdict: Verdict::CarriedAndLogged, ..row.clone() };
        let told = beyond(&[row, seen]);
        let words = told.first().unwrap();
        assert_eq!(told.len(), 1);
        assert!(
            words.contains("messages sent at 1970") && words.contains("1 in all, to +8613800000000"),
            "{words}"
        );
        assert!(words.contains("older than all"), "{words}");
    }
}
