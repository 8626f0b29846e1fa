//! What an investigator is told: a fact, how bad it is, and its proof.

use serde::{Deserialize, Serialize};

use crate::{
    AppSigner, Behaviour, CaptureId, Direction, EndpointId, ExchangeId, FindingId, Form, FrameNo, Grade,
    HexBytes, IdentifierKind, Occurrence, Protection, Security, Timestamp,
};

/// How much a finding matters to the person whose phone it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Usual and hardly identifying: model, language.
    Info,
    /// Identifying only together with other things.
    Low,
    /// Identifies an installation or a device for a while.
    Medium,
    /// Identifies the device or the person for good, or tells what they do.
    High,
    /// Other people's data, or the content of messages.
    Critical,
}

impl Severity {
    /// The name in files and on the command line.
    pub fn id(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// What a finding says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FindingKind {
    /// Many messages show what no single one does.
    Behaviour(Behaviour),
    /// Many values of one kind left together: an address book, a list of apps.
    BulkData {
        /// What each of them is.
        identifier: IdentifierKind,
        /// How many different ones of the planted set were seen.
        seen: u64,
        /// How many the profile plants; 0 without a profile.
        planted: u64,
    },
    /// Short messages that radio or bill tell of and the phone's store does not, or that it had and has no more.
    HiddenMessage {
        /// The other side's number.
        number: String,
        /// Which way they went.
        direction: Direction,
        /// What the sources say together: `sent and not logged`, `logged and gone`.
        verdict: String,
    },
    /// One value left the device in a short or multimedia message.
    IdentifierInMessage {
        /// What it is.
        identifier: IdentifierKind,
        /// The value in canonical writing.
        value: String,
        /// The best grade among the places it was seen in.
        grade: Grade,
        /// The forms it was seen in.
        forms: Vec<Form>,
        /// To which number.
        number: String,
    },
    /// One value came to the device in a short or multimedia message: whoever wrote it knew it. That says nothing
    /// of what left.
    IdentifierReceived {
        /// What it is.
        identifier: IdentifierKind,
        /// The value in canonical writing.
        value: String,
        /// The best grade among the places it was seen in.
        grade: Grade,
        /// The forms it was seen in.
        forms: Vec<Form>,
        /// From which number.
        number: String,
    },
    /// One value left the device.
    IdentifierSent {
        /// What it is.
        identifier: IdentifierKind,
        /// The value in canonical writing.
        value: String,
        /// The best grade among its sightings.
        grade: Grade,
        /// The forms it was seen in.
        forms: Vec<Form>,
        /// How the digests among the forms were made, where that had to be tried.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        hashed: Vec<Hashed>,
        /// The domain whose name servers a resolver passes it on to, where it stood in names that were asked for; else empty.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        passed_to: String,
    },
    /// One value stands in the phone's own log. That does not say it was sent.
    Logged {
        /// What it is.
        identifier: IdentifierKind,
        /// The value in canonical writing.
        value: String,
        /// The best grade among the places it was seen in.
        grade: Grade,
        /// The forms it was seen in.
        forms: Vec<Form>,
        /// The tags of the lines: which parts of the phone's programs wrote them.
        tags: Vec<String>,
    },
    /// An app came in over the wire.
    PackageArrived {
        /// Its package.
        package: String,
        /// Its version, for people and as it counts. `package_version` in files: a finding's `version` is its
        /// detector's.
        #[serde(rename = "package_version")]
        version: String,
        /// SHA-256 of what arrived, in lower-case hex.
        sha256: String,
        /// Who signed it, by the newest scheme.
        signers: Vec<AppSigner>,
        /// The addresses from the first that was asked to the one that gave it.
        way: Vec<String>,
        /// How it was protected on its way.
        security: Security,
    },
    /// What left was protected worse than it seems, or than it should be.
    Protection {
        /// What is wrong with it.
        fault: ProtectionFault,
        /// Channel, content and label of the messages.
        protection: Protection,
    },
}

/// A digest that was undone by trying: how it was made, and what it took to find that.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hashed {
    /// The form: `sha256(salt:value)/hex`.
    pub form: Form,
    /// The value as it was written before it was hashed.
    pub spelling: String,
    /// What was mixed with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub salt: Option<HexBytes>,
    /// Where that was found, to stand after “the salt is”; empty where there is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub salt_from: String,
    /// How many digests were made before it was found.
    pub tries: u64,
    /// The chance that all that was tried would give as good a match by accident: `2.9e-33`.
    pub chance: String,
}

/// What is wrong with the protection of what left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProtectionFault {
    /// The label says that the content is encrypted; it is only encoded, or not even that.
    LabelLies,
    /// The content is protected on its way only: whoever ends the channel reads it.
    OnlyTheChannel,
    /// Unreadable content without a channel around it: encryption of somebody's own making.
    OwnMaking,
    /// The channel itself is weak.
    WeakChannel,
}

impl ProtectionFault {
    /// Its name in files.
    pub fn id(self) -> &'static str {
        match self {
            Self::LabelLies => "label_lies",
            Self::OnlyTheChannel => "only_the_channel",
            Self::OwnMaking => "own_making",
            Self::WeakChannel => "weak_channel",
        }
    }
}

/// What one piece of evidence contributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// The value itself.
    Value,
    /// Tells of the same thing: a row of a bill, of a message store.
    Account,
    /// Names the destination: Host header, SNI, DNS answer.
    Destination,
    /// Says what the content is.
    Label,
    /// Happened on the phone shortly before.
    Occasion,
    /// Shows what the receiver answered.
    Answer,
    /// Names the sender: user agent, DHCP name.
    Sender,
}

/// A piece of evidence: bytes, the way to them, and what they show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// What it contributes.
    pub relation: Relation,
    /// Words on it: the field, the decoders on the way. For the reader, not for machines.
    pub words: String,
    /// The bytes and the way to them.
    pub occurrence: Occurrence,
}

/// One answer, with its proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Its name, stable between runs.
    pub id: FindingId,
    /// What it says.
    #[serde(flatten)]
    pub kind: FindingKind,
    /// The detector that says so.
    pub detector: String,
    /// The detector's version, raised when its answers change.
    pub version: u32,
    /// How much it matters.
    pub severity: Severity,
    /// One line: `The phone's IMEI was sent to zzhc.example in clear text`.
    pub title: String,
    /// A paragraph a lay reader understands: what, how often, in which form, who could read it.
    pub words: String,
    /// Where to.
    pub endpoints: Vec<EndpointId>,
    /// In how many messages it was seen; of what was in very many, in how many places.
    pub count: u64,
    /// The first time.
    pub first: Timestamp,
    /// The last time.
    pub last: Timestamp,
    /// The proof: the value first, then what makes it attributable.
    pub evidence: Vec<Evidence>,
    /// The places in `Case::sightings` it was made from.
    pub sightings: Vec<u32>,
}

impl Finding {
    /// The primary proof.
    pub fn proof(&self) -> Option<&Evidence> {
        self.evidence.iter().find(|evidence| evidence.relation == Relation::Value)
    }

    /// Capture, frame and exchange of the primary proof.
    pub fn place(&self) -> Option<(CaptureId, FrameNo, ExchangeId)> {
        let occurrence = &self.proof()?.occurrence;
        Some((occurrence.exchange.flow.capture, occurrence.frame, occurrence.exchange))
    }
}
