//! Tar archives to members (POSIX ustar).

use super::{Fields, Walked};
use crate::Name;

/// Each member's name and data; up to the first header that is none.
pub(crate) fn tar(fields: &mut Fields<'_>, input: &[u8]) -> Option<Walked> {
    let mut at = 0;
    let mut complete = false;
    while let Some(header) = input.get(at..at + BLOCK) {
        let name = header.iter().take(100).take_while(|&&byte| byte != 0).count();
        if name == 0 {
            complete = true;
            break;
        }
        if header.get(257..262) != Some(b"ustar") {
            break;
        }
        let len = octal(header.get(124..136)?)?;
        let start = at + BLOCK;
        let end = start.checked_add(len)?.min(input.len());
        if len > 0 {
            fields.add(None, Name::Range(at..at + name), start..end)?;
        }
        at = start.checked_add(len.checked_next_multiple_of(BLOCK)?)?;
    }
    (fields.count() > 0).then_some(Walked { consumed: input.len(), complete })
}

fn octal(digits: &[u8]) -> Option<usize> {
    let digits =
        digits.iter().skip_while(|&&byte| byte == b' ').take_while(|&&byte| byte != 0 && byte != b' ');
    digits.copied().try_fold(0_usize, |sum, byte| match byte {
        b'0'..=b'7' => sum.checked_mul(8)?.checked_add(usize::from(byte - b'0')),
        _ => None,
    })
}

const BLOCK: usize = 512;
