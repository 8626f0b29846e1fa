//! Alphabets (3GPP TS 23.038).

use encoding_rs::UTF_16BE;

/// How the user data are written (section 4, the data coding scheme).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Coding {
    /// Bytes for an application.
    Bytes,
    /// Compressed text, which is not read.
    Compressed,
    /// The default alphabet of 7 bits.
    Septets,
    /// UCS-2; in practice UTF-16.
    Ucs2,
}

impl Coding {
    /// The coding of a data coding scheme; reserved ones count as the default alphabet, as section 4 says.
    pub fn new(scheme: u8) -> Self {
        match scheme >> 4 {
            0..=7 if scheme & 0x20 != 0 => Self::Compressed,
            0..=7 if scheme >> 2 & 3 == 1 => Self::Bytes,
            0..=7 if scheme >> 2 & 3 == 2 => Self::Ucs2,
            14 => Self::Ucs2,
            15 if scheme & 4 != 0 => Self::Bytes,
            _ => Self::Septets,
        }
    }
}

/// Text of 16-bit characters.
pub(super) fn ucs2(bytes: &[u8]) -> String {
    UTF_16BE.decode_without_bom_handling(bytes).0.into_owned()
}

/// `count` characters of 7 bits, packed from the lowest bit on, after `skip` bits; fewer where the bytes end.
pub(super) fn septets(bytes: &[u8], skip: usize, count: usize) -> String {
    let mut text = String::new();
    let mut escaped = false;
    for at in 0..count {
        let Some(code) = at.checked_mul(7).and_then(|bit| septet(bytes, bit.checked_add(skip)?)) else {
            break;
        };
        if code == ESCAPE && !escaped {
            escaped = true;
            continue;
        }
        let extended = escaped.then(|| EXTENSION.iter().find(|(it, _)| *it == code)).flatten();
        // A code that the extension lacks is that of the basic table (section 6.2.1.1).
        let plain = || BASIC.chars().nth(code.into()).unwrap_or('\u{fffd}');
        text.push(extended.map_or_else(plain, |(_, character)| *character));
        escaped = false;
    }
    text
}

/// Runs a decoder of this room again: [`SEPTETS`] or [`SEPTETS_BEHIND_HEADER`], given TP-UDL and TP-UD. Gives
/// UTF-8, of which at most `most` bytes; `None` where it is neither, or there is nothing to read.
pub fn replay(name: &str, input: &[u8], most: usize) -> Option<Vec<u8>> {
    let (length, data) = input.split_first()?;
    let header = match name {
        SEPTETS => 0,
        SEPTETS_BEHIND_HEADER => usize::from(*data.first()?).saturating_add(1),
        _ => return None,
    };
    let skip = header.saturating_mul(8).div_ceil(7);
    let text = septets(data, skip.saturating_mul(7), usize::from(*length).saturating_sub(skip));
    let mut text = text.into_bytes();
    text.truncate(most);
    Some(text)
}

/// The decoder of packed text: of TP-UDL and TP-UD without a header.
pub const SEPTETS: &str = "gsm-7bit";
/// The same, with a header before the text.
pub const SEPTETS_BEHIND_HEADER: &str = "gsm-7bit-header";

fn septet(bytes: &[u8], bit: usize) -> Option<u8> {
    let low = u16::from(*bytes.get(bit / 8)?);
    let shift = bit % 8;
    let high = match bytes.get((bit / 8).checked_add(1)?) {
        Some(high) => u16::from(*high),
        None if shift > 1 => return None,
        None => 0,
    };
    u8::try_from((low | high << 8) >> shift & 0x7f).ok()
}

/// Section 6.2.1; the escape shows as a space.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ ÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?\
                     ¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";

/// Section 6.2.1.1.
const EXTENSION: [(u8, char); 10] = [
    (0x0a, '\u{c}'),
    (0x14, '^'),
    (0x28, '{'),
    (0x29, '}'),
    (0x2f, '\\'),
    (0x3c, '['),
    (0x3d, '~'),
    (0x3e, ']'),
    (0x40, '|'),
    (0x65, '€'),
];

/// Leads to the extension.
const ESCAPE: u8 = 0x1b;

#[cfg(test)]
mod tests {
    use super::{BASIC, Coding, SEPTETS, SEPTETS_BEHIND_HEADER, replay, septets};

    #[test]
    fn packed_characters() {
        assert_eq!(BASIC.chars().count(), 128);
        let hello = [0xe8, 0x32, 0x9b, 0xfd, 0x46, 0x97, 0xd9, 0xec, 0x37];
        assert_eq!(septets(&hello, 0, 10), "hellohello");
        assert_eq!(septets(&hello, 7, 9), "ellohello");
        assert_eq!(septets(&hello, 0, 99), "hellohello");
        // ESC e, packed: 0x1b, 0x65.
        assert_eq!(septets(&[0x9b, 0x32], 0, 2), "€");
        assert_eq!(septets(&[], 0, 3), "");
    }

    #[test]
    fn a_text_is_read_again_from_its_bytes() {
        let hello = [10, 0xe8, 0x32, 0x9b, 0xfd, 0x46, 0x97, 0xd9, 0xec, 0x37];
        assert_eq!(replay(SEPTETS, &hello, 99).unwrap(), b"hellohello");
        assert_eq!(replay(SEPTETS, &hello, 3).unwrap(), b"hel");
        let part = [0x0c, 0x05, 0x00, 0x03, 0x2a, 0x02, 0x01, 0xd0, 0x65, 0x36, 0xfb, 0x0d];
        assert_eq!(replay(SEPTETS_BEHIND_HEADER, &part, 99).unwrap(), b"hello");
        assert_eq!(replay(SEPTETS_BEHIND_HEADER, &[1, 0xff], 99).unwrap(), b"");
        assert_eq!((replay(SEPTETS, &[], 99), replay("gzip", &hello, 99)), (None, None));
    }

    #[test]
    fn schemes() {
        let rows = [
            (0x00, Coding::Septets),
            (0x04, Coding::Bytes),
            (0x08, Coding::Ucs2),
            (0x11, Coding::Septets),
            (0x18, Coding::Ucs2),
            (0x24, Coding::Compressed),
            (0xc8, Coding::Septets),
            (0xe8, Coding::Ucs2),
            (0xf5, Coding::Bytes),
            (0xf1, Coding::Septets),
        ];
        for (scheme, expected) in rows {
            assert_eq!(Coding::new(scheme), expected, "{scheme:02x}");
        }
    }
}
