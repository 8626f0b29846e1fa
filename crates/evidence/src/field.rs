//! What one field of one kind of request held over many messages: the ground on which cases are compared for
//! identifiers that no search knows.

use serde::{Deserialize, Serialize};

use crate::{Carrier, Direction, EndpointId, Occurrence, Security};

/// The values of one field at one receiver. A field that never held a value has none. Of a list, the first 32 members of
/// each message are counted: those behind them are searched like all else, and tell nothing more of how a field varies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldSeries {
    /// Where it was sent to, or came from.
    pub endpoint: EndpointId,
    /// `METHOD path`, with `*` for parts that differ, as [`Behaviour::Rhythm`](crate::Behaviour::Rhythm) has it.
    pub request: String,
    /// Names from the outermost field to the innermost, as [`SightingKey::field`](crate::SightingKey::field) has
    /// them.
    pub field: String,
    /// The part of the message.
    pub carrier: Carrier,
    /// Which way it went.
    pub direction: Direction,
    /// How the transport was protected.
    pub security: Security,
    /// How many messages had it.
    pub messages: u64,
    /// How many different values there were; counting stops at [`Self::DISTINCT`].
    pub distinct: u64,
    /// Shortest and longest value, in bytes.
    pub length: (u64, u64),
    /// The first few different values, in the order in which they were seen.
    pub values: Vec<FieldValue>,
    /// The first value's bytes and the way to them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<Occurrence>,
}

/// One value of a field.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FieldValue {
    /// As text where it is printable UTF-8, else in hex; at most 256 characters.
    pub text: String,
    /// SHA-256 of all its bytes, in lower-case hex: two values are the same where this is.
    pub sha256: String,
    /// How many messages had it. Of a field with [`FieldSeries::DISTINCT`] different values or more, not each is counted:
    /// 0 for one that is not.
    pub messages: u64,
}

impl FieldSeries {
    /// How many series a case lists. Those with the fewest different values come first: they can be names.
    pub const LISTED: usize = 2000;
    /// How many different values a series lists.
    pub const VALUES: usize = 3;
    /// Where counting different values ends.
    pub const DISTINCT: u64 = 128;

    /// The only value, where there was but one.
    pub fn constant(&self) -> Option<&FieldValue> {
        self.values.first().filter(|_| self.distinct == 1)
    }
}
