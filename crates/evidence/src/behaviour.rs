//! How something is sent, over many messages: at which rhythm, because of what, in which state of the phone, with
//! what success, under which lasting names.

use serde::{Deserialize, Serialize};

use crate::{CaptureId, Direction, FrameNo, IdentifierKind, Timestamp};

/// What a series of messages shows that no single one does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "behaviour", rename_all = "snake_case")]
pub enum Behaviour {
    /// What the receiver did with what was sent to it.
    Acceptance {
        /// `METHOD path`, as [`Behaviour::Rhythm`] has it.
        request: String,
        /// How many requests were sent.
        sent: u64,
        /// Of how many all bytes were acknowledged by the receiver's side: they arrived, whatever it says.
        delivered: u64,
        /// Of how many it is known that none arrived: nothing was acknowledged, though it was waited for. Of the rest the
        /// capture does not show it, or the protocol has no acknowledgements.
        #[serde(default, skip_serializing_if = "is_zero")]
        undelivered: u64,
        /// How many were answered.
        answered: u64,
        /// How many were accepted, by the answer or by what the sender did next.
        #[serde(default)]
        accepted: u64,
        /// How many were refused or failed, likewise. Of the rest nothing tells: the answer is a code of the receiver's
        /// own, or is not in the capture, or none is needed.
        #[serde(default)]
        refused: u64,
        /// Status codes of the answers, with how many had each.
        statuses: Vec<(u16, u64)>,
        /// What the receiver's own words for the outcome say: name, value and how many answers had it.
        results: Vec<(String, String, u64)>,
    },
    /// Queries went to a resolver that the network did not hand out.
    ForeignResolver {
        /// Its address.
        resolver: String,
        /// The network's own, where it is known.
        given: Vec<String>,
    },
    /// Names that apps ask for and nobody has.
    UnresolvedName {
        /// The name.
        name: String,
        /// What the resolver said: `NXDOMAIN`, `no answer` …
        outcome: String,
    },
    /// A list of many short texts came in: words, names, hosts.
    KeywordList {
        /// Where it stands: path of the request, and field.
        request: String,
        /// How many entries the largest one had.
        entries: u64,
        /// The scripts they are written in, with how many: `Han`, `Latin` …
        scripts: Vec<(String, u64)>,
        /// How often it was fetched.
        fetched: u64,
        /// How many different contents it had.
        versions: u64,
        /// The packages that asked for it, where they are known.
        apps: Vec<String>,
        /// The first few entries, cut to some characters.
        sample: Vec<String>,
    },
    /// One name for the phone, the person or the installation stayed the same.
    LastingId {
        /// The field that carries it, at its receiver.
        field: String,
        /// The value, at most 256 characters.
        value: String,
        /// How many messages had it.
        messages: u64,
        /// From the first to the last, in seconds.
        span_s: u64,
        /// How many restarts, resets and deletions of data it outlived: kind of mark and how many.
        outlived: Vec<(String, u64)>,
        /// Other fields with the same value.
        same_as: Vec<String>,
        /// Names of the person or the device that travelled in the same message.
        joined: Vec<IdentifierKind>,
    },
    /// Two receivers under different owners know the phone by one and the same name.
    SharedId {
        /// The value, at most 256 characters.
        value: String,
        /// The receivers.
        receivers: Vec<String>,
    },
    /// A field whose contents cannot be read, always of one size or shape.
    Opaque {
        /// The request.
        request: String,
        /// The field.
        field: String,
        /// Shortest and longest value, in bytes as sent.
        length: (u64, u64),
        /// How many messages had it, and how many different values there were.
        messages: u64,
        /// See there.
        different: u64,
        /// A field beside it that counts, where there is one.
        counter: String,
        /// What kind of protection it looks like: `undecidable`, `weakly encrypted` …
        class: String,
        /// What it means, in words.
        meaning: String,
        /// Whether a line of the phone's log, written at the same times, tells what it may hold.
        revealed: bool,
    },
    /// All that one receiver asks for in one kind of request.
    Parameters {
        /// `METHOD path`.
        request: String,
        /// The names of all fields, in their order.
        names: Vec<String>,
        /// How many messages there were.
        messages: u64,
    },
    /// A reply switches something on or off at the phone.
    RemoteSwitch {
        /// The request.
        request: String,
        /// Field and the values it had.
        switches: Vec<(String, Vec<String>)>,
    },
    /// It is sent again after it failed.
    Retries {
        /// The request.
        request: String,
        /// How often at most.
        most: u64,
        /// Typical times between tries, in seconds, the first pause first.
        pauses_s: Vec<u64>,
        /// Whether any was accepted in the end.
        accepted: bool,
        /// Whether, where none is known to have been accepted, there are some of which it is not known.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        unknown: bool,
    },
    /// It is sent at regular times.
    Rhythm {
        /// `METHOD path`, with `*` for parts that differ; of other protocols their name.
        request: String,
        /// The rule: `every 1 h`, `monthly, on day 3`.
        rule: String,
        /// The typical time between two, in seconds.
        interval_s: u64,
        /// How far most are from the rule, in seconds.
        jitter_s: u64,
        /// How many times it was seen.
        occurrences: u64,
        /// How sure it is, of 100: from the number of occurrences and how well they fit.
        confidence: u8,
        /// When and in which frame of which capture the occurrences began: all, or of many the first and the last.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        at: Vec<(Timestamp, CaptureId, FrameNo)>,
        /// The number that they go to, of text messages; empty of requests.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        number: String,
    },
    /// One owner's service is spread over countries.
    Spread {
        /// The owner.
        owner: String,
        /// Countries of the addresses, with bytes sent to each.
        countries: Vec<(String, u64)>,
        /// Holders of the networks.
        holders: Vec<String>,
    },
    /// It is sent in a state in which one would not expect it.
    Stage {
        /// The state: `private mode`, `before consent`, `consent refused`, `signed out`, `switched off`.
        stage: String,
        /// What was sent.
        identifier: IdentifierKind,
        /// How many messages in that state.
        within: u64,
        /// How many outside of it.
        outside: u64,
    },
    /// It is sent because something happened on the phone.
    Trigger {
        /// The request; of [third persons' data](IdentifierKind), what was sent.
        request: String,
        /// The kind of mark.
        mark: String,
        /// How many marks of the kind there were, and after how many it was sent.
        marks: u64,
        /// See there.
        followed: u64,
        /// How many of the times it was sent are explained so.
        explained: u64,
        /// The typical lag, in milliseconds.
        lag_ms: u64,
        /// The chance that so many times coincide, of a million, by permutation.
        chance_ppm: u64,
        /// Kinds of marks that came within the same seconds, of long lags minutes, and may be the cause as well.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        beside: Vec<String>,
        /// The number that they go to, of text messages; empty of requests.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        number: String,
    },
    /// Flows of which the phone's own lists know no process, though they know of others.
    NoProcess {
        /// Which way.
        direction: Direction,
        /// How many flows.
        flows: u64,
    },
}

impl Behaviour {
    /// The number that it is about, of text messages.
    pub fn number(&self) -> Option<&str> {
        match self {
            Self::Rhythm { number, .. } | Self::Trigger { number, .. } => Some(number.as_str()),
            _ => None,
        }
        .filter(|number| !number.is_empty())
    }

    /// Its name in files.
    pub fn id(&self) -> &'static str {
        match self {
            Self::Acceptance { .. } => "acceptance",
            Self::ForeignResolver { .. } => "foreign_resolver",
            Self::KeywordList { .. } => "keyword_list",
            Self::LastingId { .. } => "lasting_id",
            Self::NoProcess { .. } => "no_process",
            Self::Opaque { .. } => "opaque",
            Self::Parameters { .. } => "parameters",
            Self::RemoteSwitch { .. } => "remote_switch",
            Self::Retries { .. } => "retries",
            Self::Rhythm { .. } => "rhythm",
            Self::SharedId { .. } => "shared_id",
            Self::Spread { .. } => "spread",
            Self::Stage { .. } => "stage",
            Self::Trigger { .. } => "trigger",
            Self::UnresolvedName { .. } => "unresolved_name",
        }
    }
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}
