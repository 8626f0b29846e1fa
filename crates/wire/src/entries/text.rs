//! Values of an entry to bytes with their provenance: exact slices of the file where it has the bytes as they
//! are, else what a decoder made of a slice.

use std::{borrow::Cow, ops::Range, sync::Arc};

use evidence::{CaptureId, Fidelity, FrameNo, Segment, Source, Step};

use super::{
    document::{Kind, Value},
    json::{cut_after, unescaped},
};
use crate::{Derivation, Extract, Recorded};

/// Where an entry stands: capture, number and offset in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) capture: CaptureId,
    pub(super) number: FrameNo,
    pub(super) offset: u64,
}

impl Place {
    /// Offset in the file of a byte of the entry.
    fn at(self, byte: usize) -> u64 {
        self.offset.saturating_add(byte as u64)
    }

    /// Bytes of the entry as they stand in the file; the first of them is the entry's byte `start`.
    pub(super) fn exact(self, bytes: &[u8], start: usize) -> Recorded {
        let source = Source::Frame { capture: self.capture, frame: self.number };
        let segment = Segment::exact(0, bytes.len() as u64, source, self.at(start));
        let segments = if bytes.is_empty() { Vec::new() } else { vec![segment] };
        Recorded { bytes: bytes.to_vec(), segments, ..Recorded::default() }
    }

    /// The bytes of a text, its escapes undone; of any other value, as it is written.
    pub(super) fn text(self, value: Value<'_>) -> Recorded {
        let start = value.range().start;
        if value.kind() == Kind::Text && value.escaped() {
            self.json_string(value.raw(), start)
        } else {
            self.exact(value.raw(), start)
        }
    }

    /// The inside of a JSON string, which begins with the entry's byte `start`. It is read in blocks, so that
    /// what is found leads to the block it stands in and not to the whole of a long text.
    fn json_string(self, text: &[u8], start: usize) -> Recorded {
        let block = BLOCK.max(text.len() / BLOCKS);
        let mut recorded = Recorded::default();
        let mut at = 0;
        while at < text.len() {
            let rest = text.get(at..).unwrap_or_default();
            let len = if rest.len() > block { cut_after(rest, block) } else { rest.len() };
            let given = rest.get(..len).unwrap_or_default();
            match unescaped(given) {
                Cow::Owned(made) if made.len() < len => {
                    let input = Extract::entry(self.capture, self.number, self.at(start + at), len as u64);
                    append_made(&mut recorded, &made, ("json-string", Fidelity::Within), input);
                }
                _ => recorded.append(self.exact(given, start + at)),
            }
            at += len.max(1);
        }
        recorded
    }

    /// What a base64 text stands for; `None` where it is none.
    pub(super) fn base64(self, value: Value<'_>) -> Option<Recorded> {
        let text = self.text(value);
        let (bytes, even) = from_base64(&text.bytes)?;
        let fidelity = if even { Fidelity::Grouped { out: 3, source: 4 } } else { Fidelity::Within };
        let mut recorded = Recorded::default();
        if !bytes.is_empty() {
            append_made(&mut recorded, &bytes, ("base64", fidelity), Extract::of(text, Step::Entry));
        }
        Some(recorded)
    }

    /// The bytes that a text stands for of which some program took each for a character (ISO 8859-1); `None`
    /// where it cannot be so.
    pub(super) fn latin1(self, text: Recorded) -> Option<Recorded> {
        let characters = std::str::from_utf8(&text.bytes).ok()?;
        let bytes: Option<Vec<u8>> =
            characters.chars().map(|one| u8::try_from(u32::from(one)).ok()).collect();
        let bytes = bytes.filter(|bytes| bytes.len() < text.bytes.len())?;
        let mut recorded = Recorded::default();
        append_made(&mut recorded, &bytes, ("latin-1", Fidelity::Within), Extract::of(text, Step::Entry));
        Some(recorded)
    }
}

/// Puts behind `recorded` what the decoder `name` made of `input`.
fn append_made(recorded: &mut Recorded, made: &[u8], (name, fidelity): (&str, Fidelity), input: Extract) {
    let step = Step::Decode(name.to_owned());
    let derivation = Derivation { step, len: made.len() as u64, fidelity, before: (0, 0), input, key: None };
    recorded.append_derived(made, &Arc::new(derivation), 0);
}

/// Base64 in either alphabet (RFC 4648 sections 4 and 5), white space passed over, to bytes. Says also whether
/// each four characters stand for the next three bytes. `None` where it is not base64 to the end.
pub(super) fn from_base64(text: &[u8]) -> Option<(Vec<u8>, bool)> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut value, mut count, mut padding, mut even) = (0_u32, 0, 0, true);
    for &byte in text {
        if byte.is_ascii_whitespace() {
            even = false;
            continue;
        }
        if byte == b'=' {
            padding += 1;
            continue;
        }
        if padding > 0 {
            return None;
        }
        value = value << 6 | sextet(byte)?;
        count += 1;
        if count == 4 {
            let [_, group @ ..] = value.to_be_bytes();
            bytes.extend_from_slice(&group);
            (value, count) = (0, 0);
        }
    }
    let [_, last @ ..] = (value << (6 * (4 - count))).to_be_bytes();
    match count {
        0 if padding == 0 => {}
        2 | 3 if padding == 0 || padding + count == 4 => bytes.extend_from_slice(last.get(..count - 1)?),
        _ => return None,
    }
    Some((bytes, even))
}

fn sextet(byte: u8) -> Option<u32> {
    Some(match byte {
        b'A'..=b'Z' => u32::from(byte - b'A'),
        b'a'..=b'z' => u32::from(byte - b'a') + 26,
        b'0'..=b'9' => u32::from(byte - b'0') + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    })
}

/// A message in the making: what is written out, and how many bytes of the entry it accounts for.
#[derive(Debug, Default)]
pub(super) struct Writing {
    pub(super) recorded: Recorded,
    /// Bytes of the entry that stand in it.
    pub(super) stands_for: u64,
}

impl Writing {
    /// Puts text behind it that stands nowhere in the file.
    pub(super) fn literal(&mut self, text: &str) -> Range<usize> {
        let start = self.recorded.bytes.len();
        self.recorded.bytes.extend_from_slice(text.as_bytes());
        start..self.recorded.bytes.len()
    }

    /// Puts a value behind it, which stands in no other message.
    pub(super) fn value(&mut self, place: Place, value: Value<'_>) -> Range<usize> {
        self.stands_for += value.range().len() as u64;
        self.append(place.text(value))
    }

    /// Puts bytes behind it that are accounted for elsewhere.
    pub(super) fn append(&mut self, recorded: Recorded) -> Range<usize> {
        let start = self.recorded.bytes.len();
        self.recorded.append(recorded);
        start..self.recorded.bytes.len()
    }
}

/// How much of a text with escapes is read at once, at least.
const BLOCK: usize = 1024;
/// Into how many blocks a text is cut at most: each is a step of a proof.
const BLOCKS: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entries::json;

    const PLACE: Place = Place { capture: CaptureId(3), number: FrameNo(7), offset: 100 };

    #[test]
    fn base64_is_read_strictly() {
        let rows: [(&str, Option<&[u8]>); 9] = [
            ("SGVsbG8=", Some(b"Hello")),
            ("SGVsbA==", Some(b"Hell")),
            ("SGVsbG8", Some(b"Hello")),
            ("Pz8_Pj4-", Some(b"???>>>")),
            ("SGVs\r\nbG8h\n", Some(b"Hello!")),
            ("", Some(b"")),
            ("SGVsb", None),
            ("SGk=SGk=", None),
            ("SGVs!", None),
        ];
        for (given, expected) in rows {
            assert_eq!(from_base64(given.as_bytes()).map(|read| read.0).as_deref(), expected, "{given}");
        }
    }

    #[test]
    fn long_texts_lead_to_the_block_they_stand_in() {
        let inside = r#"{\"a\":1,\"b\":\"plain text that is long\"}"#.repeat(500);
        let text = format!("\"{inside}\"");
        let document = json::read(text.as_bytes());
        let recorded = PLACE.text(document.root().unwrap());
        assert_eq!(recorded.bytes, unescaped(inside.as_bytes()).as_ref());
        assert!(recorded.derived.len() > 10);
        let (_, frame, offset) = recorded.place(15_000).unwrap();
        assert_eq!(frame, FrameNo(7));
        assert!((15_000..22_000).contains(&offset), "{offset}");
    }

    #[test]
    fn plain_texts_are_slices_of_the_file() {
        let document = json::read(br#"["abc"]"#);
        let value = document.root().unwrap().items().next().unwrap();
        let recorded = PLACE.text(value);
        assert_eq!((recorded.place(1), recorded.derived.len()), (Some((CaptureId(3), FrameNo(7), 103)), 0));
    }
}
