//! A name or a value, with where it was sent.

use std::sync::Arc;

use evidence::{Fidelity, Step};

use super::{cursor::Literal, huffman};
use crate::{Derivation, Extract, Recorded};

/// A name or a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Text {
    /// Its bytes are in the capture: here, or where the dynamic table's field was defined.
    Sent(Arc<Recorded>),
    /// The static table's, or empty.
    Static(&'static str),
    /// It is not known: the capture lacks the bytes that defined it, or there are none.
    Lost,
}

impl Text {
    /// What stands for a text that is not known.
    pub const UNKNOWN: &'static str = "?";

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Lost => Self::UNKNOWN.as_bytes(),
            Self::Sent(recorded) => &recorded.bytes,
            Self::Static(text) => text.as_bytes(),
        }
    }

    /// Puts it behind `recorded`, whose times stay as they are.
    pub fn append_to(&self, recorded: &mut Recorded) {
        match self {
            Self::Lost | Self::Static(_) => recorded.bytes.extend_from_slice(self.bytes()),
            Self::Sent(text) => {
                let times = (recorded.first, recorded.last);
                recorded.append(Recorded::clone(text));
                (recorded.first, recorded.last) = times;
            }
        }
    }

    /// Its length as the tables count it (RFC 7541 section 4.1); 0 where it is not known.
    pub(super) fn size(&self) -> usize {
        match self {
            Self::Lost => 0,
            Self::Sent(_) | Self::Static(_) => self.bytes().len(),
        }
    }

    /// A literal of `block`, and what was odd about its coding.
    pub(super) fn read(block: &Recorded, literal: &Literal) -> (Self, Option<&'static str>) {
        let sent = || block.slice(literal.range.start, literal.range.end);
        if literal.range.is_empty() {
            return (Self::Static(""), None);
        }
        if !literal.coded {
            return (Self::Sent(Arc::new(sent())), None);
        }
        let coded = block.bytes.get(literal.range.clone()).unwrap_or_default();
        let huffman::Decoded { bytes, odd } = huffman::decode(coded, usize::MAX);
        if bytes.is_empty() {
            return (Self::Static(""), odd);
        }
        let derivation = Arc::new(Derivation {
            step: Step::Decode(huffman::NAME.to_owned()),
            len: bytes.len() as u64,
            fidelity: Fidelity::Within,
            before: (0, 0),
            input: Extract::of(sent(), Step::Body),
            key: None,
        });
        let mut recorded = Recorded { first: block.first, last: block.last, ..Recorded::default() };
        recorded.append_derived(&bytes, &derivation, 0);
        (Self::Sent(Arc::new(recorded)), odd)
    }
}
