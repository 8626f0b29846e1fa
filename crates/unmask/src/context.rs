//! What an investigator holds beside a value: the phone's own values, the rest of the message, the app.

use evidence::{IdentifierKind, Timestamp};

use crate::Cribs;

/// A value of the profile, with the ways it may be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crib {
    /// What it identifies.
    pub kind: IdentifierKind,
    /// What the profile calls it: `imei 1`.
    pub label: String,
    /// The ways it is written, as bytes. Those under six bytes are only tried as keys.
    pub spellings: Vec<Vec<u8>>,
}

/// Another field of the same message, as it stands there: what it encodes is tried too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    /// Its name or path.
    pub name: &'a str,
    /// Its bytes.
    pub bytes: &'a [u8],
}

/// Bytes that the app carries: a string of its code, a resource, a known key of a library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Constant<'a> {
    /// The bytes.
    pub bytes: &'a [u8],
    /// Where they stand, in words.
    pub origin: &'a str,
}

/// What is known beside a value.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The profile's values.
    pub cribs: &'a Cribs,
    /// The other fields of the message, nearest first.
    pub fields: &'a [Field<'a>],
    /// What the app carries, likeliest first.
    pub constants: &'a [Constant<'a>],
    /// When the message was sent.
    pub time: Option<Timestamp>,
    /// How many seconds before and after that a key may have been made of the time.
    pub window: u16,
}

impl<'a> Context<'a> {
    /// Nothing but the profile's values.
    pub fn new(cribs: &'a Cribs) -> Self {
        Self { cribs, fields: &[], constants: &[], time: None, window: 0 }
    }
}
