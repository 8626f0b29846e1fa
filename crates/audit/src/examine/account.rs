//! What became of each byte of a message as recorded.
//!
//! Rows are kept by their words' parts, which are all fixed, and become ledger rows only in the end: a
//! hundred thousand short messages make no hundred thousand strings.

use evidence::{Fate, Ledger, LedgerRow, Reading};
use foldhash::HashMap;
use payload::{FieldKind, Limit, Tree};
use wire::{Head, Message};

use super::roots::body_start;

/// Accounts for messages.
#[derive(Debug, Default)]
pub(crate) struct Account {
    rows: HashMap<Row, (u64, u64)>,
}

/// The fate, and the parts of the reason.
type Row = (Fate, &'static str, &'static str, &'static str);

impl Account {
    /// Accounts for each byte of a message, and tells how much of it was understood. Of one that left, the label is not
    /// believed against the first bytes.
    pub(crate) fn message(
        &mut self,
        message: &Message,
        tree: &Tree<'_>,
        kinds: &[FieldKind],
        out: bool,
    ) -> Reading {
        let reading = self.rows_of(message, tree, kinds, out);
        // A handshake is read, and says nothing of what it protects.
        if matches!(message.head, Head::Tls(_)) { Reading::default() } else { reading }
    }

    fn rows_of(&mut self, message: &Message, tree: &Tree<'_>, kinds: &[FieldKind], out: bool) -> Reading {
        let len = message.recorded.bytes.len() as u64;
        let total = message.stands_for.unwrap_or(len);
        let body = kinds.iter().position(|kind| matches!(kind, FieldKind::Body | FieldKind::Raw));
        // What lies too deep was read down to there, and is searched as it stands.
        if tree.limits.iter().any(|(limit, _)| *limit == Limit::Depth) {
            let what = if body.is_some() { " bodies" } else { head_words(message) };
            self.add((Fate::OverLimit, message.protocol, what, limit_words(Limit::Depth)), 0);
        }
        let Some(body) = body.and_then(|body| u32::try_from(body).ok()) else {
            let cut = cut_short(tree).map(|limit| (Fate::OverLimit, limit_words(limit)));
            let (fate, detail) = cut.unwrap_or((Fate::Decoded, ""));
            return self.add((fate, message.protocol, head_words(message), detail), total);
        };
        let head = (body_start(message) as u64).min(len);
        let head = if total == len { head } else { head_share(total, head, len) };
        let mut reading = Reading::default();
        if head > 0 {
            reading.add(&self.add((Fate::Decoded, message.protocol, " heads", ""), head));
        }
        if total > head {
            reading.add(&self.add(body_row(message, tree, body, out), total - head));
        }
        reading
    }

    /// Puts the rows into the ledger.
    pub(crate) fn settle(&mut self, ledger: &mut Ledger) {
        for ((fate, protocol, what, detail), (bytes, pieces)) in self.rows.drain() {
            ledger.add_pieces(fate, &format!("{protocol}{what}{detail}"), bytes, pieces);
        }
    }

    fn add(&mut self, row: Row, bytes: u64) -> Reading {
        let (sum, pieces) = self.rows.entry(row).or_default();
        *sum += bytes;
        *pieces += 1;
        match row.0 {
            Fate::Decoded => Reading { understood: bytes, ..Reading::default() },
            _ => Reading { searched: bytes, ..Reading::default() },
        }
    }
}

/// How many of the `total` bytes that a message stands for are its head's. A body mostly is as it was sent, and
/// a head compressed; where that cannot be, both have the share that they have of the message.
fn head_share(total: u64, head: u64, len: u64) -> u64 {
    match total.checked_sub(len.saturating_sub(head)) {
        Some(rest) if head > 0 => rest,
        _ => share(total, head, len),
    }
}

/// `part` of `whole` bytes, in a total of `total`.
fn share(total: u64, part: u64, whole: u64) -> u64 {
    let share = u128::from(total) * u128::from(part) / u128::from(whole.max(1));
    u64::try_from(share).unwrap_or(total).min(total)
}

/// A message without a body: of protocols with heads it is all head.
fn head_words(message: &Message) -> &'static str {
    if matches!(message.head, Head::Http(_) | Head::Named(_)) { " heads" } else { "" }
}

fn body_row(message: &Message, tree: &Tree<'_>, body: u32, out: bool) -> Row {
    let what = if matches!(message.head, Head::Http(_) | Head::Named(_)) { " bodies" } else { "" };
    if let Some(limit) = cut_short(tree) {
        return (Fate::OverLimit, message.protocol, what, limit_words(limit));
    }
    let fate = if tree.understood(body) { Fate::Decoded } else { Fate::NotUnderstood };
    let detail = match &message.head {
        Head::Http(head) => media_class(&head.media),
        _ => "",
    };
    let row = (fate, message.protocol, what, detail);
    let bytes = bytes_of(tree, body);
    match out {
        true if payload::is_broken_picture(bytes) => (Fate::NotUnderstood, message.protocol, what, BROKEN),
        true if !payload::begins_as_media(bytes) && is_labelled_media(row) => {
            (fate, message.protocol, what, MISLABELLED)
        }
        _ => row,
    }
}

/// Whether it is a row of media.
fn is_labelled_media((fate, protocol, what, detail): Row) -> bool {
    let reason = format!("{protocol}{what}{detail}");
    LedgerRow { fate, reason, bytes: 0, pieces: 0 }.is_labelled_media()
}

fn bytes_of<'t>(tree: &'t Tree<'_>, body: u32) -> &'t [u8] {
    let body = tree.field(body);
    body.and_then(|body| tree.buffer(body.buffer)?.bytes.get(body.value.clone())).unwrap_or_default()
}

/// The limit that ended the reading of a message. It speaks of decoded bytes, or of none where a decoder took
/// in all of its input and was stopped in its output; of the recorded bytes at least one was passed over.
fn cut_short(tree: &Tree<'_>) -> Option<Limit> {
    tree.limits.iter().map(|(limit, _)| *limit).find(|limit| *limit != Limit::Depth)
}

/// The class of a media type as labelled, from a short list: the ledger's rows must stay few.
fn media_class(media: &str) -> &'static str {
    const CLASSES: [(&str, &str); 6] = [
        ("image/", " labelled as images"),
        ("video/", " labelled as video"),
        ("audio/", " labelled as sound"),
        ("font/", " labelled as fonts"),
        ("text/", " labelled as text"),
        ("application/", " labelled as data of applications"),
    ];
    let begins =
        |prefix: &str| media.get(..prefix.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(prefix));
    CLASSES.iter().find(|(prefix, _)| begins(prefix)).map_or("", |(_, words)| words)
}

fn limit_words(limit: Limit) -> &'static str {
    match limit {
        Limit::Depth => ": more decoders inside one another than are followed",
        Limit::Bytes => ": more decoded bytes than are explored",
        Limit::Count => ": more fields than are explored",
        Limit::Ratio => ": more output for its input than is followed",
    }
}

/// Behind the words for bodies that left: neither a label nor a few first bytes alone make a picture of what may be
/// encrypted.
const BROKEN: &str = " that begin like pictures, and are none";
const MISLABELLED: &str = " labelled as media, though they do not begin like any";
