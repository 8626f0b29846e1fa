//! What differs between cases: of one phone before and after, of two modes, two batches, two phones.

use serde::{Deserialize, Serialize};

use crate::{Direction, ExchangeId, FindingId, FrameNo, IdentifierKind, Severity, Timestamp};

/// The version of the format of comparisons.
pub const COMPARISON_FORMAT: &str = "phonehome-comparison/1.0";

/// Two or more cases beside each other. All lists of cells, values and numbers have one entry for each of the
/// `sides`, in their order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comparison {
    /// [`COMPARISON_FORMAT`].
    pub format: String,
    /// Name and version of the program that made it.
    pub program: String,
    /// The cases, with what each was able to show.
    pub sides: Vec<Side>,
    /// Whether the cases are of one phone.
    pub kinship: Kinship,
    /// What was found, beside what was found in the others; what differs first.
    pub differences: Vec<Difference>,
    /// Values that only look identifying, where several cases have them in the same field.
    pub values: Vec<ComparedValue>,
    /// Who was talked to.
    pub destinations: Vec<ComparedDestination>,
    /// What each kind of request asked for.
    pub inventories: Vec<Inventory>,
    /// Fields that hold one value throughout a case and are no search's find: who is told apart by them.
    pub fields: Vec<ComparedField>,
    /// How many fields more there were than are listed.
    #[serde(default)]
    pub fields_dropped: u64,
}

/// A case and what it was able to show: no difference is told without it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Side {
    /// What it is called in the comparison: `before`, `private mode`.
    pub name: String,
    /// Program that made the case.
    pub program: String,
    /// Name and SHA-256 of its inputs that hold traffic.
    pub inputs: Vec<(String, String)>,
    /// The profile's name; `None` without one.
    pub profile: Option<String>,
    /// Kinds of values that were planted; empty where the case does not tell.
    pub profile_kinds: Vec<IdentifierKind>,
    /// What the phone's build says of itself.
    pub build: Vec<(String, String)>,
    /// What happened on the phone, with how often.
    pub marks: Vec<(String, u64)>,
    /// The first frame's time.
    pub first: Option<Timestamp>,
    /// The last frame's time.
    pub last: Option<Timestamp>,
    /// For how long traffic was recorded, in seconds; overlapping captures count once.
    pub recorded_s: u64,
    /// Bytes of what was said, once: the captures' without framing, headers and duplicates.
    pub content: u64,
    /// Of them, understood and searched.
    pub decoded: u64,
    /// Pictures, sound, video and fonts.
    #[serde(default)]
    pub media: u64,
    /// Searched as they stood.
    pub not_understood: u64,
    /// Encrypted, without a key.
    pub encrypted: u64,
    /// Hidden by an encryption of somebody's own making.
    pub home_made: u64,
    /// Passed over because a limit was reached.
    pub over_limit: u64,
    /// Without a reader.
    pub not_parsed: u64,
    /// Bytes that the captures lack.
    pub missing: u64,
    /// Inputs that gave trouble.
    pub problems: u64,
    /// How many findings it has.
    pub findings: u64,
}

/// Whether cases are of one phone, by the numbers of devices that were found in them or planted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kinship {
    /// All are of different phones.
    DifferentPhones,
    /// Some are of one phone and some are not.
    Mixed,
    /// All are of one phone.
    SamePhone,
    /// Nothing tells.
    Unknown,
}

/// What became of something from one case to the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Not in the first of two, but in the second.
    Appeared,
    /// In the first of two, but not in the second.
    Vanished,
    /// In some of more than two.
    Partly,
    /// In all, but not alike.
    Changed,
    /// In all alike.
    Same,
}

/// Whether a case shows something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// It was seen.
    Seen,
    /// It was not seen, and nothing is known that would have hidden it.
    #[default]
    NotSeen,
    /// It was not seen, and could not have been, or hardly: see the cell's doubts.
    CouldNotBeSeen,
}

/// A row of the table: something that was found in at least one of the cases.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// The name of the finding's kind in files.
    pub kind: String,
    /// What it is about, in a few words: `device number (IMEI)`, `Rhythm of POST /register`.
    pub subject: String,
    /// To whom; empty where there is nobody.
    pub receiver: String,
    /// The identifier, where it is about one.
    pub identifier: Option<IdentifierKind>,
    /// The worst severity among the cases.
    pub severity: Severity,
    /// What became of it.
    pub change: Change,
    /// Whether a case that does not have it could not have shown it.
    pub unclear: bool,
    /// What each case shows.
    pub cells: Vec<Cell>,
    /// In what those differ that have it.
    pub shifts: Vec<Shift>,
    /// What a reader must not take it for.
    pub remarks: Vec<String>,
}

/// What one case shows of a row.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cell {
    /// Whether it was seen.
    pub presence: Presence,
    /// The findings.
    pub findings: Vec<FindingId>,
    /// How bad it is there.
    pub severity: Option<Severity>,
    /// How often it was seen.
    pub count: u64,
    /// How often in a thousand hours of recording; `None` where the recording has no length.
    pub per_1000_h: Option<u64>,
    /// Capture, exchange and frame of the first proof.
    pub proof: Option<(String, ExchangeId, FrameNo)>,
    /// Whether its receiver was talked to at all.
    pub contacted: bool,
    /// Why not having seen it says less than it seems.
    pub doubts: Vec<Doubt>,
}

/// Why not having seen something says less than it seems.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Doubt {
    /// What kind of reason.
    pub reason: DoubtReason,
    /// Whether it could not have been seen, or hardly.
    pub blind: bool,
    /// The reason, as a sentence.
    pub words: String,
}

/// Kinds of reasons why something may not have been seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DoubtReason {
    /// Inputs are damaged, or the captures lack bytes.
    Incomplete,
    /// What it follows on the phone did not happen, as far as is known.
    NoMark,
    /// Such files were not examined.
    NotExamined,
    /// The value is not in the profile.
    NotPlanted,
    /// The recording is too short for how seldom it is.
    TooShort,
    /// It may have been in what could not be read.
    Unreadable,
}

/// Something in which cases differ: `severity`, `rule`, `countries` …
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shift {
    /// What.
    pub what: String,
    /// How it is in each case; empty where the case does not have it.
    pub values: Vec<Vec<String>>,
}

/// How values of one field relate between the cases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Likeness {
    /// One value in each, and none is like another's.
    EachItsOwn,
    /// One value in each, and some are alike.
    Groups,
    /// One and the same value in all.
    Identical,
    /// More than one in a case, and the cases share some.
    Shared,
    /// More than one in a case, and none is shared.
    Varying,
}

/// Values that look like one kind of identifier, in one field at one receiver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComparedValue {
    /// What they look like.
    pub identifier: IdentifierKind,
    /// To whom.
    pub receiver: String,
    /// The field.
    pub field: String,
    /// The first few values of each case.
    pub values: Vec<Vec<String>>,
    /// How many different ones there were in each.
    pub distinct: Vec<u64>,
    /// How they relate.
    pub likeness: Likeness,
    /// What follows from it, as a sentence.
    pub meaning: String,
}

/// A receiver and how it was talked to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComparedDestination {
    /// Who people take it for.
    pub receiver: String,
    /// What became of it.
    pub change: Change,
    /// How each case knows it.
    pub contacts: Vec<Contact>,
}

/// How a case knows a receiver.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// Flows to it; 0 where it was not talked to.
    pub flows: u64,
    /// Bytes of payload sent.
    pub bytes_out: u64,
    /// Bytes of payload received.
    pub bytes_in: u64,
    /// Countries of its addresses.
    pub countries: Vec<String>,
    /// Holders of its networks.
    pub holders: Vec<String>,
    /// Protocols that protected it.
    pub channels: Vec<String>,
    /// How many findings name it.
    pub findings: u64,
}

/// The names of all fields of one kind of request, beside each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inventory {
    /// To whom.
    pub receiver: String,
    /// `METHOD path`.
    pub request: String,
    /// How many names each case has; `None` where it has no such request.
    pub counts: Vec<Option<u64>>,
    /// How many names all have that have the request.
    pub common: u64,
    /// Names that only some have, with who has them.
    pub differing: Vec<(String, Vec<bool>)>,
}

/// A field that holds one value throughout each case that has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComparedField {
    /// To whom.
    pub receiver: String,
    /// `METHOD path`.
    pub request: String,
    /// The field.
    pub field: String,
    /// Which way it went.
    pub direction: Direction,
    /// The value of each case, at most 256 characters.
    pub values: Vec<Option<String>>,
    /// Which cases have the same value: the same number.
    pub groups: Vec<Option<u32>>,
    /// How many messages had it.
    pub messages: Vec<u64>,
    /// How the values relate.
    pub likeness: Likeness,
    /// What divides the cases in the same way: kinds of known values, facts of the build. With more than one, the
    /// cases cannot tell them apart.
    pub moves_with: Vec<String>,
    /// What a search found in the field; empty where none did.
    pub known_as: Vec<IdentifierKind>,
    /// What follows from it, as a sentence.
    pub meaning: String,
}
