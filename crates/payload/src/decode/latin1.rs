//! Text whose characters stand for a byte each (ISO 8859-1) to those bytes: what a program made that read bytes as
//! text, and wrote them as UTF-8.

use crate::output::{Done, Output};

/// `Ã` (two bytes of UTF-8) to the byte C3. Reads up to the first character that stands for no byte.
pub(crate) fn latin1(out: &mut Output, input: &[u8]) -> Option<Done> {
    let valid = std::str::from_utf8(input)
        .or_else(|error| std::str::from_utf8(input.get(..error.valid_up_to()).unwrap_or_default()));
    let text = valid.unwrap_or_default();
    for (at, character) in text.char_indices() {
        let Ok(byte) = u8::try_from(u32::from(character)) else {
            return (at > 0).then_some(Done { consumed: at, complete: false });
        };
        if out.room(at) < 1 {
            return (at > 0).then_some(Done { consumed: at, complete: false });
        }
        out.group(&[byte], at, character.len_utf8());
    }
    (!text.is_empty()).then_some(Done { consumed: text.len(), complete: text.len() == input.len() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_character_is_a_byte() {
        let rows: [(&[u8], &[u8], usize); 3] = [
            ("\u{1f}\u{8b}a".as_bytes(), b"\x1f\x8ba", 4),
            ("a\u{ff}\u{100}b".as_bytes(), b"a\xff", 3),
            (b"a\xff", b"a", 1),
        ];
        for (given, expected, consumed) in rows {
            let mut out = Output::new(1 << 20, 300);
            let done = latin1(&mut out, given).unwrap();
            assert_eq!((out.bytes.as_slice(), done.consumed), (expected, consumed));
        }
    }
}
