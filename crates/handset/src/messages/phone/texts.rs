//! Every text of a message store, whatever kind of message it stands in, with the way it went: for whoever searches
//! them.

use evidence::Timestamp;

use super::{Folder, MessageStore, Mms, Sms};
use crate::messages::{Direction, sqlite::Place};

/// A text of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredText<'s> {
    /// What it is in its message.
    pub kind: TextKind,
    /// Which way its message went; none for drafts, and where nothing tells.
    pub direction: Option<Direction>,
    /// The box its message lies in.
    pub folder: Folder,
    /// The other sides, as the store writes them.
    pub others: Vec<&'s str>,
    /// When the phone sent or received it.
    pub date: Option<Timestamp>,
    /// The text.
    pub text: &'s str,
    /// The row that holds the text: of a part, its own.
    pub place: Place,
    /// The row of the message.
    pub message: Place,
    /// Only an older page holds the message.
    pub is_lost: bool,
}

/// What a text is in its message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TextKind {
    /// The text of a part of a multimedia message.
    MmsPart,
    /// The subject of a multimedia message.
    MmsSubject,
    /// The body of a short message.
    Sms,
}

impl StoredText<'_> {
    /// Whether it came to the phone.
    pub fn is_incoming(&self) -> bool {
        self.direction == Some(Direction::Incoming)
    }
}

impl Sms {
    /// Its text, if it has one, as that of a row at `message`.
    pub fn stored_text(&self, message: Place, is_lost: bool) -> Option<StoredText<'_>> {
        Some(StoredText {
            kind: TextKind::Sms,
            direction: self.folder.direction(),
            folder: self.folder,
            others: self.address.as_deref().into_iter().collect(),
            date: self.date,
            text: self.body.as_deref()?,
            place: message,
            message,
            is_lost,
        })
    }
}

impl Mms {
    /// Its subject and the texts of its parts, as those of a row at `message`.
    pub fn stored_texts(&self, message: Place, is_lost: bool) -> impl Iterator<Item = StoredText<'_>> {
        let of = move |kind, text, place| StoredText {
            kind,
            direction: self.direction(),
            folder: self.folder,
            others: self.others(),
            date: self.date,
            text,
            place,
            message,
            is_lost,
        };
        let subject = self.subject.as_deref().map(|text| of(TextKind::MmsSubject, text, message));
        let parts = self.parts.iter().filter_map(move |part| {
            let text = part.text.as_deref()?;
            // How the parts are laid out on the screen is written by programs.
            let is_layout = part.kind.as_deref() == Some("application/smil");
            (!is_layout).then(|| of(TextKind::MmsPart, text, part.place))
        });
        subject.into_iter().chain(parts)
    }
}

impl MessageStore {
    /// All its texts: of short messages, then of multimedia messages, those that only older pages hold behind each.
    pub fn texts(&self) -> impl Iterator<Item = StoredText<'_>> {
        let sms = self.sms.iter().filter_map(|it| it.value.stored_text(it.place, false));
        let lost_sms = self.lost.iter().filter_map(|it| it.value.stored_text(it.place, true));
        let mms = self.mms.iter().flat_map(|it| it.value.stored_texts(it.place, false));
        let lost_mms = self.lost_mms.iter().flat_map(|it| it.value.stored_texts(it.place, true));
        sms.chain(lost_sms).chain(mms).chain(lost_mms)
    }
}

#[cfg(test)]
mod tests {
    use super::TextKind;
    use crate::messages::{
        Direction,
        phone::message_store,
        sqlite::{
            Database, Part,
            tests::{WAL, made},
        },
    };

    #[test]
    fn texts_of_every_kind_with_the_way_they_went() {
        let (file, wal) = made(WAL, |it| {
            it.execute_batch(
                "CREATE TABLE sms(_id INTEGER PRIMARY KEY, address TEXT, date INTEGER, type INTEGER, body TEXT);
                 CREATE TABLE pdu(_id INTEGER PRIMARY KEY AUTOINCREMENT, date INTEGER, msg_box INTEGER, sub TEXT,
                     sub_cs INTEGER, m_type INTEGER);
                 CREATE TABLE part(_id INTEGER PRIMARY KEY, mid INTEGER, ct TEXT, name TEXT, _data TEXT, text TEXT);
                 CREATE TABLE addr(_id INTEGER PRIMARY KEY, msg_id INTEGER, address TEXT, type INTEGER);
                 INSERT INTO sms VALUES(1, '+37060000001', 1500000000000, 1, 'your code is 1'),
                     (2, '+37060000002', 1500000001000, 2, 'on my way'), (3, '+37060000003', 1500000002000, 3, 'not se');
                 INSERT INTO pdu VALUES(1, 1500000003, 1, 'Gr\u{c3}\u{bc}\u{c3}\u{9f}e', 106, 132), (2, 1500000004000, 2, NULL, NULL, 128);
                 INSERT INTO part VALUES(1, 1, 'application/smil', NULL, NULL, '<smil/>'),
                     (2, 1, 'text/plain', NULL, NULL, 'see the photo'), (3, 1, 'image/jpeg', 'a.jpg', '/x', NULL),
                     (4, 2, 'text/plain', NULL, NULL, 'to all of you');
                 INSERT INTO addr VALUES(1, 1, '+37060000004', 137), (2, 1, 'insert-address-token', 151),
                     (3, 2, 'insert-address-token', 137), (4, 2, '+37060000005', 151), (5, 2, '+37060000006', 130);",
            )
            .unwrap();
        });
        let store = message_store(&Database::open(&file, Some(&wal)).unwrap()).unwrap();
        let told: Vec<_> = store
            .texts()
            .map(|it| {
                let range = usize::try_from(it.place.start).unwrap()..usize::try_from(it.place.end).unwrap();
                let bytes = if it.place.part == Part::File { &file[range] } else { &wal[range] };
                let stands = bytes.windows(it.text.len()).any(|window| window == it.text.as_bytes());
                assert!(stands || it.kind == TextKind::MmsSubject, "{}", it.text);
                (
                    it.kind,
                    it.direction,
                    it.others.join(","),
                    it.date.unwrap().seconds() - 1_500_000_000,
                    it.text,
                )
            })
            .collect();
        let (incoming, outgoing) = (Some(Direction::Incoming), Some(Direction::Outgoing));
        let one = |number: &str| number.to_owned();
        assert_eq!(
            told,
            [
                (TextKind::Sms, incoming, one("+37060000001"), 0, "your code is 1"),
                (TextKind::Sms, outgoing, one("+37060000002"), 1, "on my way"),
                (TextKind::Sms, None, one("+37060000003"), 2, "not se"),
                (TextKind::MmsSubject, incoming, one("+37060000004"), 3, "Gr\u{fc}\u{df}e"),
                (TextKind::MmsPart, incoming, one("+37060000004"), 3, "see the photo"),
                (TextKind::MmsPart, outgoing, one("+37060000005,+37060000006"), 4, "to all of you"),
            ]
        );
        assert_eq!(store.texts().filter(|text| text.is_incoming()).count(), 3);
    }
}
