//! Whether bytes tell enough to be no accident wherever they stand.
//!
//! The measure is a thousand million bytes of text or random data: fewer than one chance match in a million
//! such captures for random text, and with the boundaries that digits and words keep, none to be expected
//! in the tokens of real traffic. It is an estimate, on the careful side.

/// Ten digits, eight letters.
const TEXT_BITS: u32 = 320;
/// Six bytes, one of which may be a common one.
const BINARY_BITS: u32 = 400;

/// Whether a text tells enough, boundaries kept.
pub(super) fn text(text: &str) -> bool {
    // Ten digits that begin with 1 are a time in seconds: Unix time from 2001 to 2033.
    let time = text.len() == 10 && text.starts_with('1') && text.bytes().all(|byte| byte.is_ascii_digit());
    text.bytes().map(letter_bits).sum::<u32>() >= TEXT_BITS && !time
}

/// Whether packed bytes tell enough, anywhere.
pub(super) fn binary(bytes: &[u8]) -> bool {
    let mut last = 0;
    let bits: u32 = bytes
        .iter()
        .map(|&byte| {
            let common = byte == 0 || byte == 0xFF || byte == last;
            last = byte;
            if common { 20 } else { 80 }
        })
        .sum();
    bits >= BINARY_BITS
}

/// Tenths of a bit.
fn letter_bits(byte: u8) -> u32 {
    match byte {
        b'0'..=b'9' => 33,
        b'A'..=b'Z' | b'a'..=b'z' => 40,
        b' ' | b',' | b'-' | b'.' | b'/' | b':' | b'_' => 20,
        _ => 50,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_stands_everywhere_is_weak() {
        for weak in ["110", "26201", "Telekom", "1711234567", "zebra", "53.5612"] {
            assert!(!super::text(weak), "{weak}");
        }
        for strong in ["262019483715260", "2125550123", "quittenmarmelade", "d03745ab019f", "李小龙吗"] {
            assert!(super::text(strong), "{strong}");
        }
        assert!(super::binary(&[0xD0, 0x37, 0x45, 0xAB, 0x01, 0x9F]));
        assert!(!super::binary(&[1, 0, 0, 0, 0, 0, 0, 1]));
    }
}
