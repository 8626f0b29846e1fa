//! How what left was protected, in layers: the channel it went through, and the content inside.

use serde::{Deserialize, Serialize};

use crate::{Security, Timestamp};

/// The protection of flows to a destination, as their handshakes tell.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Channel {
    /// `TLS 1.3`, `DTLS 1.2`, `QUIC 1`; `none` where everything was in the clear.
    pub protocol: String,
    /// Cipher suite by its IANA name, its number in hex where it is not known; empty where there is none.
    pub suite: String,
    /// Why it protects less than it should: an old version, a broken cipher. Empty where nothing is known.
    pub weakness: String,
    /// Subject of the server's certificate, where it was seen.
    pub subject: String,
    /// Issuer of that certificate.
    pub issuer: String,
}

/// What protects the content of messages itself, whatever the channel.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// Written in a way that everybody can undo: `base64`, `gzip` … outermost first.
    Encoded(Vec<String>),
    /// Readable as it stands.
    Readable,
    /// Bytes without any order that a reader knows, like those of a cipher.
    Unreadable,
}

/// What messages of one way of protection have in common.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Protection {
    /// Who could read the messages on their way.
    pub security: Security,
    /// What protects their content.
    pub content: Content,
    /// The label by which the messages say that their content is encrypted; empty where they do not.
    pub label: String,
}

/// How often something was seen, and when.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// How many messages.
    pub messages: u64,
    /// Bytes of their bodies.
    pub bytes: u64,
    /// The first time.
    pub first: Timestamp,
    /// The last time.
    pub last: Timestamp,
}

impl Seen {
    /// Adds what was seen elsewhere.
    pub fn merge(&mut self, other: &Self) {
        if self.messages == 0 {
            *self = *other;
        } else if other.messages > 0 {
            self.messages += other.messages;
            self.bytes += other.bytes;
            self.first = self.first.min(other.first);
            self.last = self.last.max(other.last);
        }
    }
}
