//! The phone's own side of a case: what it is, what happened on it, and which app sent what.

use serde::{Deserialize, Serialize};

use crate::{CaptureId, CodePlace, Direction, EndpointId, FrameNo, IdentifierKind, Occurrence, Timestamp};

/// What the phone's own files say, as far as it matters for what left. Empty where there are none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phone {
    /// What the build says of itself: `model`, `fingerprint`, `region` …, and its words.
    pub build: Vec<(String, String)>,
    /// How many packages its lists name.
    pub packages: u64,
    /// What happened on it, the earliest first.
    pub marks: Vec<Mark>,
    /// How many marks more there were than are listed.
    pub marks_dropped: u64,
    /// Which app sent what, by endpoint; the best ground first.
    pub attributions: Vec<Attribution>,
    /// How much of what the phone counted the captures hold, by uid.
    pub completeness: Vec<Completeness>,
    /// What packages do by habit, as the phone's dumps count it: all of those that sent something, then of others how
    /// they come by what they could tell.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub habits: Vec<Habit>,
    /// How many habits more there were than are listed.
    #[serde(default, skip_serializing_if = "crate::is_zero")]
    pub habits_dropped: u64,
    /// Short messages, as radio, bill and stores tell of them, the earliest first: those that the sources do not
    /// agree on before all others, where there are too many.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<ShortMessage>,
    /// How many messages more there were than are listed.
    #[serde(default, skip_serializing_if = "crate::is_zero")]
    pub messages_dropped: u64,
    /// What the sources of messages could not have shown, one sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub message_blind_spots: Vec<String>,
    /// Numbers that a message store gave and no message has.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing_message_ids: Vec<MissingIds>,
}

impl Phone {
    /// Whether no file of the phone said anything.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Which sources of short messages were examined. Whatever tells of messages leaves blind spots, among them a
    /// sentence for each source that is lacking: without messages and blind spots there was none.
    pub fn message_sources(&self) -> Vec<MessageSource> {
        if self.messages.is_empty() && self.message_blind_spots.is_empty() {
            return Vec::new();
        }
        let lacks =
            |source: MessageSource| self.message_blind_spots.iter().any(|spot| spot == source.lacking());
        MessageSource::ALL.into_iter().filter(|source| !lacks(*source)).collect()
    }

    /// Bytes that the phone counted as sent and that the captures hold, and all that it counted as sent: of all uids
    /// of which both are known. What is seen of one uid beyond its count makes up for nothing that another's lacks.
    /// `None` where nothing was counted.
    pub fn captured(&self) -> Option<(u64, u64)> {
        let add = |sums: (u64, u64), row: &Completeness| {
            let (captured, counted) = row.captured();
            (sums.0.saturating_add(captured), sums.1.saturating_add(counted))
        };
        let sums = self.completeness.iter().fold((0, 0), add);
        (sums.1 > 0).then_some(sums)
    }

    /// The uids of which the phone counted more as sent than the captures hold, the one that lacks most first.
    pub fn missed(&self) -> Vec<&Completeness> {
        let mut missed: Vec<_> = self.completeness.iter().filter(|row| row.missed() > 0).collect();
        missed.sort_by_key(|row| std::cmp::Reverse(row.missed()));
        missed
    }

    /// Whether a message that its owner does not see could have been found: something besides the store tells what
    /// was carried, and there is a store to compare it with.
    pub fn could_show_hidden_messages(&self) -> bool {
        let sources = self.message_sources();
        let has = |source| sources.contains(&source);
        has(MessageSource::Store) && (has(MessageSource::Radio) || has(MessageSource::Bill))
    }
}

/// A source of short messages that a comparison of sources needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MessageSource {
    /// An operator's bill.
    Bill,
    /// A capture of the radio.
    Radio,
    /// The phone's store of messages. An export of one is none: what was deleted left no trace in it.
    Store,
}

impl MessageSource {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Bill, Self::Radio, Self::Store];

    /// Its name in files.
    pub fn id(self) -> &'static str {
        match self {
            Self::Bill => "bill",
            Self::Radio => "radio",
            Self::Store => "store",
        }
    }

    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Bill => "the operator's bill",
            Self::Radio => "a capture of the radio",
            Self::Store => "the phone's message store",
        }
    }

    /// The blind spot of a case in which it is lacking and others are not.
    pub fn lacking(self) -> &'static str {
        match self {
            Self::Bill => "no bill: what the operator charged is not known",
            Self::Radio => "no capture of the radio: what left the phone by it is not known",
            Self::Store => "no message store: what the phone logged is not known",
        }
    }
}

/// A short message, put together from all that tell of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShortMessage {
    /// Which way it went.
    pub direction: Direction,
    /// The other side's number, as it stands there; empty where none is told.
    pub number: String,
    /// When, by the best of the sources.
    pub time: Option<Timestamp>,
    /// What the sources say together: `sent and logged`, `sent and not logged`, `logged and gone` …
    pub verdict: String,
    /// The package that wrote it to the store, or whose code holds its number; empty where none is known.
    pub package: String,
    /// Whether the phone was told not to show it.
    pub silent: bool,
    /// How many messages of the radio it takes.
    pub parts: u32,
    /// Whether the number is in an address book that was read; `None` where none was.
    pub in_address_book: Option<bool>,
    /// Who tells of it, and where.
    pub accounts: Vec<MessageAccount>,
}

/// Where one source tells of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageAccount {
    /// What it is, in words: `heard on the radio`, `a row of the bill` …
    pub words: String,
    /// The bytes and the way to them.
    pub occurrence: Occurrence,
}

/// Numbers that a message store gave to messages it no longer has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissingIds {
    /// The store.
    pub capture: CaptureId,
    /// The first missing number.
    pub first: i64,
    /// The last one.
    pub last: i64,
    /// When the message before was logged.
    pub after: Option<Timestamp>,
    /// When the message behind was logged.
    pub before: Option<Timestamp>,
    /// How many of them older pages of the store still show.
    pub seen: u64,
}

/// Words in a file of the phone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Quote {
    /// The file.
    pub capture: CaptureId,
    /// The line, from 1; of a database the page, of its write-ahead log the frame.
    pub line: FrameNo,
    /// Offset of the first byte in the file, after decompression.
    pub start: u64,
    /// The byte after the last one.
    pub end: u64,
    /// The bytes as text where they are printable UTF-8, else in hex; at most 256 characters.
    pub text: String,
    /// What makes text of the bytes where they are UTF-16: `utf-16be`, `utf-16le`. Then it is that text.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub decoder: String,
}

/// Something that a package does again and again, as the phone's own dumps tell it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Habit {
    /// The package; empty where only a uid is told.
    pub package: String,
    /// Its uid, where it is told.
    pub uid: Option<u32>,
    /// What it does.
    #[serde(flatten)]
    pub deed: Deed,
    /// How often, where that is counted.
    pub count: Option<u64>,
    /// When last, where that is told.
    pub last: Option<Timestamp>,
    /// The line that says most of it.
    pub quote: Quote,
}

/// What a package does by habit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "deed", rename_all = "snake_case")]
pub enum Deed {
    /// It uses a permission, or tries to (`appops`).
    Access {
        /// Android's name of the operation: `FINE_LOCATION`.
        operation: String,
        /// Whether that was while nobody saw the app; `None` where the file does not tell.
        background: Option<bool>,
        /// Whether it was refused.
        refused: bool,
    },
    /// It asks to be told the position (`location`).
    Position {
        /// Of whom: `gps`, `network`, `fused`, `passive`.
        provider: String,
        /// The least time between two positions that it asks for, in milliseconds.
        interval_ms: Option<u64>,
    },
    /// It sends and receives (`netstats`).
    Traffic {
        /// Bytes sent.
        sent: u64,
        /// Bytes received.
        received: u64,
        /// Since when that is counted; `None`: since the phone was started.
        since: Option<Timestamp>,
    },
    /// It sets alarms that start it (`alarm`).
    Waking {
        /// How many are set.
        alarms: u64,
        /// How many of them wake the phone.
        waking: u64,
        /// The least time between two of one that repeats, in milliseconds.
        interval_ms: Option<u64>,
    },
}

impl Deed {
    /// What an operation of Android's reads or does, where it is one that tells of the person or the device.
    pub fn operation_words(operation: &str) -> Option<&'static str> {
        OPERATIONS.iter().find_map(|(name, words)| (*name == operation).then_some(*words))
    }
}

/// Operations that tell of the person or the device (AOSP, `AppOpsManager`).
const OPERATIONS: [(&str, &str); 19] = [
    ("CAMERA", "uses the camera"),
    ("COARSE_LOCATION", "reads the rough position"),
    ("FINE_LOCATION", "reads the exact position"),
    ("GET_ACCOUNTS", "reads the accounts"),
    ("GET_USAGE_STATS", "reads which apps are used"),
    ("MONITOR_HIGH_POWER_LOCATION", "follows the position by satellite"),
    ("MONITOR_LOCATION", "follows the position"),
    ("READ_CALENDAR", "reads the calendar"),
    ("READ_CALL_LOG", "reads the list of calls"),
    ("READ_CLIPBOARD", "reads the clipboard"),
    ("READ_CONTACTS", "reads the contacts"),
    ("READ_DEVICE_IDENTIFIERS", "reads the device’s lasting numbers"),
    ("READ_PHONE_NUMBERS", "reads the telephone number"),
    ("READ_PHONE_STATE", "reads the phone’s state and numbers"),
    ("READ_SMS", "reads text messages"),
    ("RECEIVE_SMS", "is told of incoming text messages"),
    ("RECORD_AUDIO", "records sound"),
    ("SEND_SMS", "sends text messages"),
    ("WIFI_SCAN", "reads the Wi-Fi networks around"),
];

/// Something that happened on the phone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// When.
    pub time: Timestamp,
    /// What, by a fixed name: `boot_completed`, `unlocked`, `sms_received` …
    pub kind: String,
    /// The package it happened to or through; empty where none is told.
    pub package: String,
    /// The rest of what is told.
    pub detail: String,
    /// Where it says so.
    pub quote: Quote,
}

/// What an attribution rests on. Weaker grounds come first; they are never mixed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ground {
    /// The app's code holds the destination's name: it could.
    Code,
    /// A log or a table of the phone says so.
    Log,
    /// Whoever recorded the flow noted it with the flow.
    Wire,
}

/// Who sent what to an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attribution {
    /// Where to.
    pub endpoint: EndpointId,
    /// The packages that may have sent it: one, or those that share a uid.
    pub packages: Vec<String>,
    /// The uid, where it is known.
    pub uid: Option<u32>,
    /// What the packages are to the system: `system app`, `privileged`, `no icon among the apps` …
    pub privileges: Vec<String>,
    /// What it rests on.
    pub ground: Ground,
    /// Flows that it was told of; 0 where it was told of the name only.
    pub flows: u64,
    /// Where it is told, the earliest few.
    pub quotes: Vec<Quote>,
    /// What of the app's code ties it to the endpoint, the weightiest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ties: Vec<CodeTie>,
    /// Where its code brings an identifier that was sent there together with the endpoint's name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub meetings: Vec<CodeMeeting>,
}

/// Something that was seen on the wire and stands in an app.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeTie {
    /// What: `host a.example`, `path /register`, `user agent Reg`, `key imei1`.
    pub what: String,
    /// Who holds it; the first few.
    pub places: Vec<CodePlace>,
    /// The string in the app, with the way to its bytes; `None` where it lies in an archive in the archive.
    pub proof: Option<Occurrence>,
}

/// Methods of an app that name an endpoint and read an identifier, and one from which both are reached. Calls of
/// the system and through reflection leave no trace, so where there is none nothing follows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeMeeting {
    /// What is read, and was sent.
    pub identifier: IdentifierKind,
    /// The method that reads it.
    pub reader: CodePlace,
    /// The method that holds the endpoint's name.
    pub holder: CodePlace,
    /// From the nearest common caller to the holder, both included.
    pub to_holder: Vec<String>,
    /// From it to the reader.
    pub to_reader: Vec<String>,
}

impl CodeMeeting {
    /// The nearest common caller, `class.method`.
    pub fn caller(&self) -> &str {
        self.to_holder.first().map(String::as_str).unwrap_or_default()
    }
}

impl Attribution {
    /// How many quotes are kept.
    pub const QUOTES: usize = 3;
}

/// What the phone counted for a uid, beside what the captures hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Completeness {
    /// The uid.
    pub uid: u32,
    /// Its packages.
    pub packages: Vec<String>,
    /// Bytes sent and received as the phone counted them, headers included, in the hours of the captures.
    pub counted: [u64; 2],
    /// Bytes in flows of the captures that are known to be the uid's, sent and received: payload, and the least headers
    /// that the packets can have.
    pub seen: [u64; 2],
}

impl Completeness {
    /// Bytes sent: those that the captures hold of what the phone counted, and all that it counted.
    pub fn captured(&self) -> (u64, u64) {
        let ([seen, _], [counted, _]) = (self.seen, self.counted);
        (seen.min(counted), counted)
    }

    /// Bytes that the phone counted as sent and that are in no flow known to be the uid's. At most so many went past
    /// the captures: headers count as the least that they can be, and the counters' hours may begin before a capture.
    pub fn missed(&self) -> u64 {
        let (captured, counted) = self.captured();
        counted.saturating_sub(captured)
    }

    /// The packages that it is named by where there is little room, and how many more there are. A file may call them
    /// anything: a name is cut where no package's would go on.
    pub fn named(&self) -> (Vec<String>, usize) {
        let name = |name: &String| name.chars().take(LONGEST_NAME).collect();
        let named: Vec<String> = self.packages.iter().take(NAMED).map(name).collect();
        let more = self.packages.len().saturating_sub(named.len());
        (named, more)
    }

    /// `user id 1000 (com.android.settings, net.oneplus.odm and 3 more)`: names as the phone's files give them.
    pub fn sender(&self) -> String {
        let (mut names, more) = self.named();
        names.extend((more > 0).then(|| format!("{more} more")));
        match names.as_slice() {
            [] => format!("user id {}", self.uid),
            names => format!("user id {} ({})", self.uid, crate::prose::list(names)),
        }
    }
}

/// Packages that a sender is named by.
const NAMED: usize = 2;
/// Letters of a package's name (AOSP `FrameworkParsingPackageUtils.validateName`).
const LONGEST_NAME: usize = 223;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_captures_lack_is_told_uid_by_uid() {
        let row = |uid, counted, seen, packages: &[&str]| Completeness {
            uid,
            packages: packages.iter().map(|name| (*name).to_owned()).collect(),
            counted: [counted, 1],
            seen: [seen, 0],
        };
        let rows = vec![
            row(1, 100, 95, &[]),
            row(2, 100, 300, &["a"]),
            row(3, 200, 100, &["a", "b", "c", "d"]),
            row(4, 0, 0, &["a"]),
        ];
        let phone = Phone { completeness: rows, ..Phone::default() };
        assert_eq!(phone.captured(), Some((295, 400)));
        let missed: Vec<_> = phone.missed().into_iter().map(|row| (row.sender(), row.missed())).collect();
        assert_eq!(missed, [("user id 3 (a, b and 2 more)".to_owned(), 100), ("user id 1".to_owned(), 5)]);
        assert_eq!(Phone::default().captured(), None);
        let huge = vec![row(1, u64::MAX, 1, &[]), row(2, u64::MAX, u64::MAX, &[])];
        assert_eq!(Phone { completeness: huge, ..Phone::default() }.captured(), Some((u64::MAX, u64::MAX)));
    }

    #[test]
    fn hidden_messages_take_a_store_and_something_besides() {
        let lacking = |sources: &[MessageSource]| {
            let spots = sources.iter().map(|source| source.lacking().to_owned());
            let spots = spots.chain(["mmssms.db: tells of no time".to_owned()]).collect();
            Phone { message_blind_spots: spots, ..Phone::default() }
        };
        use MessageSource::{Bill, Radio, Store};
        let rows: [(&[MessageSource], bool); 5] =
            [(&[], true), (&[Bill], true), (&[Radio], true), (&[Bill, Radio], false), (&[Store], false)];
        for (lacks, could) in rows {
            assert_eq!(lacking(lacks).could_show_hidden_messages(), could, "{lacks:?}");
        }
        assert!(!Phone::default().could_show_hidden_messages());
        assert_eq!(lacking(&[Bill, Radio]).message_sources(), [Store]);
    }
}
