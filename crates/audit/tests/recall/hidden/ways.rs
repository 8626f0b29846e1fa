//! What is done to a value so that nobody sees it, without protecting it: the table of ways.

use testkit::Dice;

use super::{digests, encrypted, scrambled};
use crate::forms::Content;

/// A way to hide a value.
#[derive(Clone, Copy)]
pub(crate) struct Way {
    pub(crate) class: Class,
    pub(crate) name: &'static str,
    pub(crate) hide: fn(&mut Plain<'_>) -> Hidden,
}

/// Ways that are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Class {
    Digest,
    Salted,
    Keyed,
    Nested,
    Scrambled,
    KeySent,
    KeyDerived,
}

impl Class {
    pub(crate) const ALL: [Self; 7] = [
        Self::Digest,
        Self::Salted,
        Self::Keyed,
        Self::Nested,
        Self::Scrambled,
        Self::KeySent,
        Self::KeyDerived,
    ];

    /// As the page calls it.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Digest => "digest",
            Self::Salted => "salted digest",
            Self::Keyed => "keyed digest",
            Self::Nested => "digest of a digest",
            Self::Scrambled => "scrambled",
            Self::KeySent => "encrypted, key sent along",
            Self::KeyDerived => "encrypted, key within reach",
        }
    }
}

/// What is to be hidden.
pub(crate) struct Plain<'a> {
    /// A writing of the value.
    pub(crate) text: &'a str,
    /// The name of fields that hold it.
    pub(crate) name: &'a str,
    /// When it is sent, in seconds since 1970.
    pub(crate) time: i64,
    pub(crate) dice: Dice,
}

impl Plain<'_> {
    /// A document with the value among other fields.
    pub(crate) fn document(&self) -> Vec<u8> {
        format!(r#"{{"{}":"{}","os":"14","lang":"de","event":"start","v":3}}"#, self.name, self.text).into()
    }

    /// So many letters and digits.
    pub(crate) fn word(&mut self, count: usize) -> String {
        let letters = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
        let bytes = self.dice.bytes(count);
        bytes.iter().map(|byte| char::from(letters[usize::from(*byte) % letters.len()])).collect()
    }
}

/// A hidden value, and what is sent along. Bytes are written in hex or base64 where text is asked for.
pub(crate) struct Hidden {
    pub(crate) value: Content,
    /// Fields beside it: names and texts.
    pub(crate) beside: Vec<(&'static str, String)>,
}

impl Hidden {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self { value: Content::Text(text.into()), beside: Vec::new() }
    }

    pub(crate) fn bytes(bytes: Vec<u8>) -> Self {
        Self { value: Content::Bytes(bytes), beside: Vec::new() }
    }

    pub(crate) fn with(mut self, name: &'static str, text: impl Into<String>) -> Self {
        self.beside.push((name, text.into()));
        self
    }
}

/// All ways, in the order of their classes.
pub(crate) fn all() -> impl Iterator<Item = &'static Way> {
    digests::WAYS.iter().chain(scrambled::WAYS).chain(encrypted::WAYS)
}

pub(crate) const fn way(class: Class, name: &'static str, hide: fn(&mut Plain<'_>) -> Hidden) -> Way {
    Way { class, name, hide }
}
