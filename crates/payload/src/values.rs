//! Which values of a structure may hold more than they say: the question asked of every field, so it must be
//! cheap.

use crate::{
    label::Label,
    plausible::{self, Runs},
    sniff::{
        self, AMPERSAND, BACKSLASH, BASE64, CONTROL, DASH, DIGIT, EQUALS, HEX, HIGH, PERCENT, PLUS_SLASH,
        SEPARATOR, SPACE, UPPER,
    },
    walk::{form, url},
    work::TaskKind,
};

/// How a value that `decoder` named is to be looked at; `None` where nothing can be in it. Runs for every
/// value, so it must be cheap.
pub(crate) fn value_kind(values: Values, bytes: &[u8]) -> Option<TaskKind> {
    if bytes.len() < 4 {
        return None;
    }
    if let Values::Bodies(label) = values {
        return Some(TaskKind::Body(label));
    }
    let found = sniff::classes(bytes);
    let (decoder, escapes) = match values {
        Values::Text(decoder, escapes) => (decoder, escapes),
        Values::Bytes(decoder, label) => {
            if found & (CONTROL | HIGH) != 0 && !sniff::textual(bytes) {
                return Some(TaskKind::Body(label));
            }
            (decoder, PERCENT)
        }
        Values::Bodies(_) => return None,
    };
    let leaf = Some(TaskKind::Leaf(decoder));
    if found & escapes != 0 || may_hold_pairs(bytes, found) {
        return leaf;
    }
    leaf.filter(|_| bytes.len() >= 8 && holds_more(bytes, found))
}

/// Whether text without escapes may be something else than what it says.
fn holds_more(bytes: &[u8], found: u16) -> bool {
    if matches!(bytes, [b'{' | b'[' | b'<', ..]) {
        return true;
    }
    if found & !(HEX | DASH) == 0 {
        return found & DASH == 0 && plausible::may_be_hex(bytes);
    }
    // Words in lower case are no base64, but for one in thousands.
    let cased = found & (UPPER | DIGIT | PLUS_SLASH | EQUALS) != 0;
    if cased && found & !BASE64 == 0 && found & SPACE == 0 && plausible::may_be_base64(bytes) {
        return true;
    }
    let listed = found & SEPARATOR != 0 && found & SPACE == 0 && bytes.len() <= LONGEST_LIST;
    if listed && memchr::memchr_iter(b',', bytes).take(3).count() == 3 {
        return true;
    }
    if bytes.len() >= 24 && Runs::new(bytes).any(|run| plausible::encoded_part(bytes, run).is_some()) {
        return true;
    }
    let spaced = found & SPACE != 0 && bytes.len() >= 16;
    spaced && (matches!(bytes, [b' ' | b'\t', ..]) || memchr::memchr(b'\n', bytes).is_some())
}

/// What a decoder's values are like.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Values {
    /// Messages and files: each is looked at like a body.
    Bodies(Label),
    /// Text or other bytes; the label is for the other bytes.
    Bytes(&'static str, Label),
    /// Text, with the classes of characters that its own escapes begin with.
    Text(&'static str, u16),
}

impl Values {
    /// What the values of the decoder of that name are like.
    pub(crate) fn of(decoder: &'static str) -> Self {
        match decoder {
            "grpc" | "length-prefixed" | "protobuf-delimited" => Self::Bodies(Label::expecting("protobuf")),
            "multipart" | "zip" | "tar" => Self::Bodies(Label::default()),
            "protobuf" => Self::Bytes(decoder, Label::expecting("protobuf")),
            "" | "msgpack" | "cbor" | "bplist" => Self::Bytes(decoder, Label::default()),
            "json" => Self::Text(decoder, PERCENT | BACKSLASH),
            "form" | "query" | "url" => Self::Text(decoder, PERCENT | PLUS_SLASH),
            "xml" | "plist" => Self::Text(decoder, PERCENT | AMPERSAND),
            _ => Self::Text(decoder, PERCENT),
        }
    }
}

/// Whether text may be a form, or an address with pairs.
pub(crate) fn may_hold_pairs(bytes: &[u8], found: u16) -> bool {
    form::may_hold_pairs(found) || found & EQUALS != 0 && url::has_scheme(bytes)
}

/// Longer text is no list on one line.
const LONGEST_LIST: usize = 4096;
