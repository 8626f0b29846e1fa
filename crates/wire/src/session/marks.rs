//! First bytes to protocols that have no room yet, or another engine reads: each by its own mark.

use crate::protocol::{Context, Verdict};

/// A TLS or SSL 3 record (RFC 8446 section 5.1) with a plausible length. Handshakes must begin with a
/// client or server hello; alerts and encrypted records are met where the capture begins in the middle.
pub(super) fn tls(bytes: &[u8]) -> Verdict {
    let rule = |at: usize, byte: u8| match at {
        0 => (0x14..=0x17).contains(&byte),
        1 => byte == 3,
        2 => byte <= 4,
        3 => byte <= 0x48,
        4 => bytes.get(3) != Some(&0) || byte != 0,
        _ => bytes.first() != Some(&0x16) || matches!(byte, 1 | 2) || middle(bytes),
    };
    positions(bytes, 6, rule)
}

/// A client or server hello in its record: what STARTTLS leads to.
pub(super) fn tls_hello(bytes: &[u8]) -> Verdict {
    let rule = |at: usize, byte: u8| match at {
        0 => byte == 0x16,
        1 => byte == 3,
        2 => byte <= 4,
        3 => byte <= 0x48,
        4 => true,
        _ => matches!(byte, 1 | 2),
    };
    positions(bytes, HELLO_LEN, rule)
}

/// Control and private messages of NTP (RFC 9327, modes 6 and 7) on its port.
pub(super) fn ntp_control(bytes: &[u8], context: &Context) -> bool {
    let Some(&first) = bytes.first() else { return false };
    let (version, mode) = (first >> 3 & 7, first & 7);
    context.port(123) && (1..=4).contains(&version) && mode >= 6 && bytes.len() >= 8
}

/// `Yes` where the first `len` bytes all follow the rule, which gets place and byte.
fn positions(bytes: &[u8], len: usize, rule: impl Fn(usize, u8) -> bool) -> Verdict {
    if !bytes.iter().take(len).enumerate().all(|(at, byte)| rule(at, *byte)) {
        return Verdict::No;
    }
    if bytes.len() < len { Verdict::More } else { Verdict::Yes }
}

/// Whether a handshake record can be an encrypted one: after the change of ciphers they have no plain type.
fn middle(bytes: &[u8]) -> bool {
    matches!((bytes.get(3), bytes.get(4)), (Some(0), Some(0x28..)))
}

/// Bytes that show a hello.
pub(super) const HELLO_LEN: usize = 6;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_told_from_likes() {
        type Mark = fn(&[u8]) -> Verdict;
        let rows: [(Mark, &[u8], Verdict); 6] = [
            (tls, b"\x16\x03\x01\x02\x00\x01", Verdict::Yes),
            (tls, b"\x16\x03\x01", Verdict::More),
            (tls, b"\x16\x03\x01\xff\x00\x01", Verdict::No),
            (tls, b"\x17\x03\x03\x00\x20\x99", Verdict::Yes),
            (tls, b"GET / ", Verdict::No),
            (tls_hello, b"\x17\x03\x03\x00\x20\x99", Verdict::No),
        ];
        for (mark, bytes, expected) in rows {
            assert_eq!(mark(bytes), expected, "{}", bytes.escape_ascii());
        }
    }
}
