//! The case: everything an audit found, as one document.

use serde::{Deserialize, Serialize};

use crate::{
    AnomalyTally, CaptureId, Destination, Device, FieldSeries, Finding, IdentifierKind, Ledger, Phone,
    SightingGroup, Timestamp,
};

/// The version of the `case.json` format. The first number changes when old readers would go wrong.
pub const CASE_FORMAT: &str = "phonehome-case/1.0";

/// What an input file holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Holds {
    /// An app: its `frames` is 1, and proofs lead to members of its archive.
    App,
    /// Flows, and no packets: its `frames` are entries.
    Flows,
    /// Packets.
    #[default]
    Packets,
    /// What the phone says of itself: its `frames` are facts, and proofs lead to its lines.
    Phone,
    /// Secrets, and no traffic.
    Secrets,
}

impl Holds {
    /// What a place in such a file is: `frame`, `entry` or `line`.
    pub fn unit(self) -> &'static str {
        match self {
            Self::App => "member",
            Self::Flows => "entry",
            Self::Packets => "frame",
            Self::Phone | Self::Secrets => "line",
        }
    }

    /// What is counted in such a file: `frame`, `entry`, `app`, `fact` or `secret`.
    pub fn counted(self) -> &'static str {
        match self {
            Self::App => "app",
            Self::Flows => "entry",
            Self::Packets => "frame",
            Self::Phone => "fact",
            Self::Secrets => "secret",
        }
    }

    /// Whether it holds traffic.
    pub fn is_traffic(self) -> bool {
        matches!(self, Self::Flows | Self::Packets)
    }
}

/// One input file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capture {
    /// Its number in this case.
    pub id: CaptureId,
    /// Its name as given, for the reader; the digest is what identifies it.
    pub name: String,
    /// Format as recognised: `pcap`, `pcapng`, `HAR`, `mitmproxy flows`, `PCAPdroid CSV`, `TLS key log`,
    /// `private key`, `APK`, and for the phone's files what they are; with ` in gzip`, ` in zstd` or ` in zip` where
    /// the file is compressed.
    pub format: String,
    /// SHA-256 of the file as it lies on the disk, lower-case hex.
    pub sha256: String,
    /// Bytes of the file as it lies on the disk.
    pub file_bytes: u64,
    /// Bytes after decompression: what the ledger accounts for.
    pub bytes: u64,
    /// What it holds.
    #[serde(default)]
    pub holds: Holds,
    /// Packet records read; of a file of flows, entries; of a file of secrets, secrets; of the phone's, facts.
    pub frames: u64,
    /// The earliest frame's time.
    pub first: Option<Timestamp>,
    /// The latest frame's time.
    pub last: Option<Timestamp>,
    /// Interfaces, comments, capturing hardware and software, as the file tells.
    pub notes: Vec<String>,
    /// Why reading ended before the end of the file, where it did.
    pub damage: Option<String>,
}

impl Capture {
    /// What a place in it is: `frame`, `entry`, `line`; of a database `page`.
    pub fn unit(&self) -> &'static str {
        let begins = |format: &str| self.format.starts_with(format);
        match self.holds {
            Holds::Phone if begins(Self::DATABASE) => "page",
            Holds::Phone if begins(Self::DATABASE_LOG) => "frame",
            Holds::Phone if begins(Self::BACKUP) => "archive",
            holds => holds.unit(),
        }
    }

    /// Format of Android's backups: a proof goes on from all of the file.
    pub const BACKUP: &str = "Android backup";
    /// Format of a database of SQLite.
    pub const DATABASE: &str = "SQLite database";
    /// Format of a database's write-ahead log.
    pub const DATABASE_LOG: &str = "SQLite write-ahead log";
    /// Format of a key log: `SSLKEYLOGFILE` lines.
    pub const KEY_LOG: &str = "TLS key log";
    /// Format of a private key.
    pub const PRIVATE_KEY: &str = "private key";
}

/// An input that could not be read, or only in part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputProblem {
    /// The input's name.
    pub input: String,
    /// What went wrong, and what to do.
    pub problem: String,
}

/// A data set that answers rest on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataSet {
    /// Its name.
    pub name: String,
    /// Its version or date.
    pub version: String,
    /// Its licence and the attribution it asks for.
    pub licence: String,
}

/// Sums over the whole case.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Flows seen.
    pub flows: u64,
    /// Exchanges seen.
    pub exchanges: u64,
    /// Sightings before gathering; without those of values that are not listed ([`SightingGroup::FURTHER`]). The
    /// store has fewer where one message says a value more often than is kept, of which the ledger tells.
    pub sightings: u64,
}

/// Everything an audit found. `case.json` is this, as `serde` writes it; see the fields' documentation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    /// [`CASE_FORMAT`].
    pub format: String,
    /// Name and version of the program that made it.
    pub program: String,
    /// The inputs.
    pub captures: Vec<Capture>,
    /// Inputs that gave trouble.
    pub problems: Vec<InputProblem>,
    /// The profile's name; `None` where the audit ran without one.
    pub profile: Option<String>,
    /// How many values the profile holds.
    pub profile_values: u64,
    /// Of which kinds they are, with how many of each; empty where the case does not tell.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub profile_kinds: Vec<(IdentifierKind, u64)>,
    /// The data sets used.
    pub data: Vec<DataSet>,
    /// What the phone's own files say.
    #[serde(default, skip_serializing_if = "Phone::is_empty")]
    pub phone: Phone,
    /// The devices on the capture's side.
    pub devices: Vec<Device>,
    /// The destinations, by their number.
    pub destinations: Vec<Destination>,
    /// The findings, worst first.
    pub findings: Vec<Finding>,
    /// The sightings, gathered.
    pub sightings: Vec<SightingGroup>,
    /// What fields held over many messages, whether or not anything in them was recognised. Empty in cases that
    /// were not asked for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldSeries>,
    /// How many series more there were than are listed.
    #[serde(default, skip_serializing_if = "crate::is_zero")]
    pub fields_dropped: u64,
    /// What was odd.
    pub anomalies: AnomalyTally,
    /// What became of every byte.
    pub coverage: Ledger,
    /// Sums.
    pub totals: Totals,
}

impl Case {
    /// Whether nothing was read of any input: no packet, entry, fact or app. Secrets alone tell nothing.
    pub fn is_blank(&self) -> bool {
        self.captures.iter().all(|capture| capture.frames == 0 || capture.holds == Holds::Secrets)
    }

    /// Whether traffic was read.
    pub fn has_traffic(&self) -> bool {
        self.captures.iter().any(|capture| capture.frames > 0 && capture.holds.is_traffic())
    }
}
