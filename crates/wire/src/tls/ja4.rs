//! JA4, the fingerprint of a client hello, as its authors specify it (technical_details/JA4.md of
//! FoxIO-LLC/ja4, BSD-3-Clause): the same program gives the same one, wherever it calls.
//!
//! Only the client's: the other fingerprints of that family have another licence.

use std::fmt::Write;

use aws_lc_rs::digest::{SHA256, digest};

use super::hello::{ALPN, Carrier, ClientHello, SERVER_NAME, is_grease};

/// The fingerprint of a hello, as `t13d1516h2_8daaf6152771_e5627efa2ab1`.
pub fn ja4(hello: &ClientHello<'_>, carrier: Carrier) -> String {
    let mut suites: Vec<u16> = hello.suites.iter().copied().filter(|suite| !is_grease(*suite)).collect();
    let kinds = hello.extensions.iter().map(|extension| extension.kind);
    let mut kinds: Vec<u16> = kinds.filter(|kind| !is_grease(*kind)).collect();
    let named = if kinds.contains(&SERVER_NAME) { 'd' } else { 'i' };
    let [first, last] = protocol(hello.protocols().first().copied().unwrap_or_default());
    let head = format!(
        "{}{}{named}{:02}{:02}{first}{last}",
        letter(carrier),
        version(hello),
        suites.len().min(99),
        kinds.len().min(99),
    );
    suites.sort_unstable();
    kinds.retain(|kind| !matches!(*kind, SERVER_NAME | ALPN));
    kinds.sort_unstable();
    let mut extensions = list(&kinds);
    let algorithms: Vec<u16> =
        hello.signature_algorithms().into_iter().filter(|one| !is_grease(*one)).collect();
    if !kinds.is_empty() && !algorithms.is_empty() {
        extensions = format!("{extensions}_{}", list(&algorithms));
    }
    format!("{head}_{}_{}", short_hash(&list(&suites)), short_hash(&extensions))
}

fn letter(carrier: Carrier) -> char {
    match carrier {
        Carrier::Datagrams => 'd',
        Carrier::Quic => 'q',
        Carrier::Stream => 't',
    }
}

fn version(hello: &ClientHello<'_>) -> &'static str {
    match hello.newest() {
        0x0304 => "13",
        0x0303 => "12",
        0x0302 => "11",
        0x0301 => "10",
        0x0300 => "s3",
        0x0002 => "s2",
        0xfeff => "d1",
        0xfefd => "d2",
        0xfefc => "d3",
        _ => "00",
    }
}

/// First and last character of the first protocol; of its hexadecimal form where one is no letter or digit.
fn protocol(name: &[u8]) -> [char; 2] {
    let (Some(&first), Some(&last)) = (name.first(), name.last()) else { return ['0', '0'] };
    if first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric() {
        return [first.into(), last.into()];
    }
    let digit = |nibble: u8| char::from_digit(nibble.into(), 16).unwrap_or('0');
    [digit(first >> 4), digit(last & 0x0f)]
}

fn list(numbers: &[u16]) -> String {
    let numbers: Vec<String> = numbers.iter().map(|number| format!("{number:04x}")).collect();
    numbers.join(",")
}

/// The first twelve digits of the SHA-256; zeros for nothing.
fn short_hash(text: &str) -> String {
    if text.is_empty() {
        return "000000000000".to_owned();
    }
    hex(digest(&SHA256, text.as_bytes()).as_ref().get(..6).unwrap_or_default())
}

/// Lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::hello::Extension;

    fn hello<'a>(suites: &[u16], extensions: &[(u16, &'a [u8])]) -> ClientHello<'a> {
        let extension = |(kind, data): &(u16, &'a [u8])| Extension { kind: *kind, data, at: 0 };
        ClientHello {
            legacy_version: 0x0303,
            suites: suites.to_vec(),
            extensions: extensions.iter().map(extension).collect(),
            whole: true,
            ..ClientHello::default()
        }
    }

    /// The example of the specification, with GREASE and in another order.
    #[test]
    fn the_specifications_example_gives_its_fingerprint() {
        let suites = [
            0x0a0a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014,
            0x009c, 0x009d, 0x002f, 0x0035,
        ];
        let algorithms = b"\x00\x10\x04\x03\x08\x04\x04\x01\x05\x03\x08\x05\x05\x01\x08\x06\x06\x01";
        let hello = hello(
            &suites,
            &[
                (0x8a8a, b""),
                (0x001b, b""),
                (0x0000, b""),
                (0x0033, b""),
                (0x0010, b"\x00\x0c\x02h2\x08http/1.1"),
                (0x4469, b""),
                (0x0017, b""),
                (0x002d, b""),
                (0x000d, algorithms),
                (0x0005, b""),
                (0x0023, b""),
                (0x0012, b""),
                (0x002b, b"\x06\xba\xba\x03\x04\x03\x03"),
                (0xff01, b""),
                (0x000b, b""),
                (0x000a, b""),
                (0x0015, b""),
                (0x1a1a, b""),
            ],
        );
        assert_eq!(ja4(&hello, Carrier::Stream), "t13d1516h2_8daaf6152771_e5627efa2ab1");
    }

    #[test]
    fn what_is_missing_is_zeros() {
        assert_eq!(ja4(&hello(&[], &[]), Carrier::Quic), "q12i000000_000000000000_000000000000");
        let rows: [(&[u8], [char; 2]); 5] = [
            (b"", ['0', '0']),
            (b"h", ['h', 'h']),
            (b"http/1.1", ['h', '1']),
            (b"\xab", ['a', 'b']),
            (b"h\xcd", ['6', 'd']),
        ];
        for (name, expected) in rows {
            assert_eq!(protocol(name), expected, "{}", name.escape_ascii());
        }
    }
}
