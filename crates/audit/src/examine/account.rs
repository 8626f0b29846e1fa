//! What became of each byte of a message as recorded.
//!
//! Rows are kept by their words' parts, which are all fixed, and become ledger rows only in the end: a
//! hundred thousand short messages make no hundred thousand strings.

use evidence::{Fate, Ledger, Reading};
use foldhash::HashMap;
use payload::{FieldKind, Limit, Outcome, Tree, is_random};
use wire::{Head, Message};

use super::{
    protection::{Stretch, bytes_of, innermost, readings_at},
    roots::body_start,
};

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
            Fate::Media => Reading { media: bytes, ..Reading::default() },
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
    let (class, may_hide) = match &message.head {
        Head::Http(head) => (Class::of(&head.media), out),
        Head::Named(head) => (Class { words: "", ..Class::of(&head.media) }, out),
        _ => (Class::NONE, false),
    };
    let (fate, detail) = match innermost(tree, body) {
        Some((at, _)) if may_hide => sent(tree, &at, class),
        Some((at, _)) => known(tree, &at, class).unwrap_or((class.unread(), class.words)),
        None => (Fate::NotUnderstood, class.words),
    };
    (fate, message.protocol, what, detail)
}

/// What became of a body that left, by what it holds once it is unpacked, and the end of the words for it.
fn sent(tree: &Tree<'_>, at: &Stretch, class: Class) -> (Fate, &'static str) {
    let bytes = bytes_of(tree, at);
    if payload::is_broken_picture(bytes) {
        return (Fate::NotUnderstood, BROKEN);
    }
    known(tree, at, class).unwrap_or_else(|| match class.is_media {
        true if payload::begins_as_media(bytes) => (Fate::Media, class.words),
        _ if is_random(bytes) => (Fate::HomeMadeEncryption, class.words),
        true => (Fate::NotUnderstood, MISLABELLED),
        false => (Fate::NotUnderstood, class.words),
    })
}

/// The same of what a decoder read, or knew by how it begins.
fn known(tree: &Tree<'_>, at: &Stretch, class: Class) -> Option<(Fate, &'static str)> {
    if readings_at(tree, at).any(|reading| reading.outcome == Outcome::Read) {
        return Some((Fate::Decoded, class.words));
    }
    let named = readings_at(tree, at).next()?;
    let is_media = payload::is_media(named.decoder);
    Some(if is_media { (Fate::Media, class.words) } else { (Fate::NotUnderstood, NAMED) })
}

/// The limit that ended the reading of a message. It speaks of decoded bytes, or of none where a decoder took
/// in all of its input and was stopped in its output; of the recorded bytes at least one was passed over.
fn cut_short(tree: &Tree<'_>) -> Option<Limit> {
    tree.limits.iter().map(|(limit, _)| *limit).find(|limit| *limit != Limit::Depth)
}

/// The class of a media type as labelled, from a short list: the ledger's rows must stay few.
#[derive(Clone, Copy)]
struct Class {
    /// What types of it begin with.
    begin: &'static str,
    /// The end of the words for bodies with that label.
    words: &'static str,
    /// Whether it is one of images, sound, video or fonts.
    is_media: bool,
}

impl Class {
    const NONE: Self = Self::new("", "", false);

    const fn new(begin: &'static str, words: &'static str, is_media: bool) -> Self {
        Self { begin, words, is_media }
    }

    /// The fate of what came in and nothing read: its label is believed.
    fn unread(self) -> Fate {
        if self.is_media { Fate::Media } else { Fate::NotUnderstood }
    }

    fn of(media: &str) -> Self {
        let begins = |class: &&Self| {
            media.get(..class.begin.len()).is_some_and(|it| it.eq_ignore_ascii_case(class.begin))
        };
        CLASSES.iter().find(begins).copied().unwrap_or(Self::NONE)
    }
}

const CLASSES: [Class; 6] = [
    Class::new("image/", " labelled as images", true),
    Class::new("video/", " labelled as video", true),
    Class::new("audio/", " labelled as sound", true),
    Class::new("font/", " labelled as fonts", true),
    Class::new("text/", " labelled as text", false),
    Class::new("application/", " labelled as data of applications", false),
];

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
const BROKEN: &str = " that begin like pictures, and go on as something else";
const NAMED: &str = " of formats that are known by name only";
const MISLABELLED: &str = " labelled as media, though they do not begin like any";
