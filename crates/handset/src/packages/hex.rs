//! Bytes written in hex.

/// The bytes of hex digits; `None` where there are none, or an odd number, or other characters.
pub(super) fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let bytes: Option<Vec<u8>> = hex
        .as_bytes()
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => Some(digit(high)? << 4 | digit(low)?),
            _ => None,
        })
        .collect();
    bytes.filter(|bytes| !bytes.is_empty())
}

/// The digits of bytes.
pub(super) fn text(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |value: u8| char::from(DIGITS.get(usize::from(value)).copied().unwrap_or(b'0'));
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 0x0f)]).collect()
}

#[cfg(test)]
mod tests {
    use super::{bytes, text};

    #[test]
    fn there_and_back() {
        assert_eq!(bytes("00fFa0"), Some(vec![0, 0xff, 0xa0]));
        assert_eq!(text(&[0, 0xff, 0xa0]), "00ffa0");
        for odd in ["", "0", "0g", "é0"] {
            assert_eq!(bytes(odd), None, "{odd}");
        }
    }
}
