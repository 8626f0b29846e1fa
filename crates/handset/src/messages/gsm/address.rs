//! Addresses of messages (3GPP TS 23.040, 9.1.2.5) and of service centres (TS 24.011, 8.2.5).

use super::{cut::Cut, text};
use crate::Found;

/// TP-OA, TP-DA, TP-RA: a count of digits, the type, then two digits a byte or packed characters.
pub(super) fn peer(cut: &mut Cut<'_>) -> Option<Found<String>> {
    let start = cut.at();
    let digits = usize::from(cut.byte()?);
    let kind = cut.byte()?;
    let value = cut.take(digits.div_ceil(2))?;
    let text = if kind >> 4 & 7 == 5 {
        // Seven bits a character, four a digit.
        text::septets(value.bytes(), 0, digits.saturating_mul(4) / 7)
    } else {
        number(kind, value.bytes(), digits)
    };
    Some(Found::new(text, start..cut.at()))
}

/// A count of bytes, the type, two digits a byte: the service centre in RP-DATA, on the SIM and in PDU mode.
/// None where the count is 0.
pub(super) fn centre(cut: &mut Cut<'_>) -> Option<Option<Found<String>>> {
    let start = cut.at();
    let mut value = cut.counted()?;
    let Some(kind) = value.byte() else { return Some(None) };
    let text = number(kind, value.bytes(), value.bytes().len().saturating_mul(2));
    Some(Some(Found::new(text, start..cut.at())))
}

/// An address without a count, as in the SIM toolkit's TLVs (TS 31.111, 8.1).
pub(super) fn bare(value: Cut<'_>) -> Option<Found<String>> {
    let mut rest = value;
    let kind = rest.byte()?;
    let digits = rest.bytes().len().saturating_mul(2);
    Some(Found::new(number(kind, rest.bytes(), digits), value.range()))
}

/// Digits, the low half of each byte first; 15 fills the last one up. A `+` where the type is international.
fn number(kind: u8, bytes: &[u8], digits: usize) -> String {
    let mut text = String::new();
    if kind >> 4 & 7 == 1 {
        text.push('+');
    }
    let halves = bytes.iter().flat_map(|byte| [byte & 15, byte >> 4]);
    let signs = halves.take(digits).map_while(|half| DIGITS.get(usize::from(half)));
    text.extend(signs.map(|sign| char::from(*sign)));
    text
}

/// TS 23.040, 9.1.2.3.
const DIGITS: &[u8] = b"0123456789*#abc";
