//! Percent-encoded text to bytes (RFC 3986 section 2.1), and form values, where `+` is a space as well
//! (`application/x-www-form-urlencoded`).
//!
//! A `%` without two hex digits behind it stays as it is.

use crate::{
    decode::hex::digit,
    output::{Done, Output},
    sniff::find_either,
};

/// `%41` to `A`.
pub(crate) fn percent(out: &mut Output, input: &[u8]) -> Option<Done> {
    decode(out, input, |rest| find_either(b'%', b'%', rest))
}

/// `%41` to `A` and `+` to a space.
pub(crate) fn form_value(out: &mut Output, input: &[u8]) -> Option<Done> {
    decode(out, input, |rest| find_either(b'%', b'+', rest))
}

fn decode(out: &mut Output, input: &[u8], next: impl Fn(&[u8]) -> Option<usize>) -> Option<Done> {
    out.bytes.reserve(input.len().min(out.max));
    let mut at = 0;
    let mut copied = 0;
    let mut changed = false;
    let mut cut = false;
    while let Some(found) = input.get(at..).and_then(&next) {
        let mark = at + found;
        match escaped(input.get(mark..).unwrap_or_default()) {
            Some((byte, source)) if out.room(mark) > mark - copied => {
                out.exact(input.get(copied..mark)?, copied);
                out.group(&[byte], mark, source);
                at = mark + source;
                copied = at;
                changed = true;
            }
            Some(_) => {
                return Some(Done { consumed: copied, complete: false });
            }
            None => {
                cut |= mark + 3 > input.len();
                at = mark + 1;
            }
        }
    }
    out.exact(input.get(copied..)?, copied);
    changed.then_some(Done { consumed: input.len(), complete: !cut })
}

/// The byte written at the start of `rest`, and how long its writing is.
fn escaped(rest: &[u8]) -> Option<(u8, usize)> {
    match rest {
        [b'+', ..] => Some((b' ', 1)),
        [b'%', high, low, ..] => Some((digit(*high)? << 4 | digit(*low)?, 3)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_become_bytes_and_the_rest_stays() {
        type Row<'r> = (&'r [u8], Option<&'r [u8]>, Option<&'r [u8]>);
        let rows: [Row<'_>; 6] = [
            // given, percent, form value
            (b"a%20b", Some(b"a b"), Some(b"a b")),
            (b"a+b", None, Some(b"a b")),
            (b"%e4%BD%a0%25", Some(b"\xe4\xbd\xa0%"), Some(b"\xe4\xbd\xa0%")),
            (b"100%, %zz", None, None),
            (b"%2B%4", Some(b"+%4"), Some(b"+%4")),
            (b"plain", None, None),
        ];
        for (given, plain, form) in rows {
            let mut out = Output::new(1 << 20, 300);
            let done = percent(&mut out, given);
            assert_eq!(done.map(|_| out.bytes.as_slice()), plain, "{given:?}");
            out.clear();
            let done = form_value(&mut out, given);
            assert_eq!(done.map(|_| out.bytes.as_slice()), form, "{given:?}");
        }
    }
}
