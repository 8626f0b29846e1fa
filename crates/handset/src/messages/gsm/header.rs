//! The user data header (3GPP TS 23.040, 9.2.3.24).

use super::cut::Cut;
use crate::Found;

/// One information element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element {
    /// What it is.
    pub id: u8,
    /// Its contents.
    pub data: Vec<u8>,
}

/// The place of a message among those that make one text (elements 0x00 and 0x08).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TextPart {
    /// The same in all of them.
    pub reference: u16,
    /// How many there are.
    pub total: u8,
    /// Which one this is, from 1.
    pub number: u8,
}

/// The application a message is for (elements 0x04 and 0x05).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ports {
    /// The receiver's port; 2948 is WAP push, 16,000 to 16,999 are for applications.
    pub destination: u16,
    /// The sender's.
    pub source: u16,
}

/// The elements of a header without its length, and whether it ended as it should.
pub(super) fn elements(mut cut: Cut<'_>) -> (Vec<Found<Element>>, bool) {
    let mut elements = Vec::new();
    while !cut.bytes().is_empty() {
        let start = cut.at();
        let (Some(id), Some(data)) = (cut.byte(), cut.counted()) else { return (elements, false) };
        elements.push(Found::new(Element { id, data: data.bytes().to_vec() }, start..cut.at()));
    }
    (elements, true)
}

/// The place in a longer text; none where it makes no sense, which section 9.2.3.24.1 says to ignore.
pub(super) fn part(elements: &[Found<Element>]) -> Option<TextPart> {
    let read = |element: &Element| match (element.id, element.data.as_slice()) {
        (0x00, [reference, total, number]) => {
            Some(TextPart { reference: u16::from(*reference), total: *total, number: *number })
        }
        (0x08, [high, low, total, number]) => {
            Some(TextPart { reference: u16::from_be_bytes([*high, *low]), total: *total, number: *number })
        }
        _ => None,
    };
    let parts = elements.iter().filter_map(|it| read(&it.value));
    parts.rev().find(|it| it.number >= 1 && it.number <= it.total)
}

pub(super) fn ports(elements: &[Found<Element>]) -> Option<Ports> {
    let read = |element: &Element| match (element.id, element.data.as_slice()) {
        (0x04, [to, from]) => Some(Ports { destination: u16::from(*to), source: u16::from(*from) }),
        (0x05, [a, b, c, d]) => {
            Some(Ports { destination: u16::from_be_bytes([*a, *b]), source: u16::from_be_bytes([*c, *d]) })
        }
        _ => None,
    };
    elements.iter().rev().find_map(|it| read(&it.value))
}

/// Whether a national table is asked for (elements 0x24 and 0x25), which is not read.
pub(super) fn national(elements: &[Found<Element>]) -> bool {
    elements.iter().any(|it| matches!(it.value.id, 0x24 | 0x25) && it.value.data.iter().any(|it| *it != 0))
}
