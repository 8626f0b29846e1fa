//! What an input is, told by its first bytes and never by its name.

use handset::BEGINNING;
use wire::entries::{self, Format};

use crate::messages;

/// A kind of input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An app's package. Its beginning does not tell: [`open`](crate::input::open) looks at its directory.
    Apk,
    /// Packets: pcap in both resolutions, byte orders and the modified variant, or pcapng.
    Capture,
    /// Flows without packets: HAR and the like.
    Flows(Format),
    /// What tells of messages: databases and their logs, backups, bills.
    Messages(messages::Kind),
    /// What the phone says of itself: package lists, logs, what its services print.
    Phone(handset::Kind),
    /// Secrets of TLS connections, as `SSLKEYLOGFILE` has them.
    KeyLog,
    /// A server's private key in PEM.
    PrivateKey,
}

impl Kind {
    /// The kind of what begins with `head`, which holds [`HEAD`](Self::HEAD) bytes or all there are.
    pub fn of(head: &[u8]) -> Option<Self> {
        let kind = KINDS.iter().find(|(_, begins)| begins(head)).map(|(kind, _)| *kind);
        let kind =
            kind.or_else(|| Format::of(head.get(..entries::BEGINNING).unwrap_or(head)).map(Self::Flows));
        let kind = kind.or_else(|| handset::Kind::of(head).map(Self::Phone));
        kind.or_else(|| messages::Kind::of(head).map(Self::Messages))
    }

    /// Whether it holds secrets, and no traffic.
    pub fn is_keys(self) -> bool {
        matches!(self, Self::KeyLog | Self::PrivateKey)
    }

    /// How many bytes are looked at.
    pub const HEAD: usize = if entries::BEGINNING > BEGINNING { entries::BEGINNING } else { BEGINNING };
}

/// Whether a file that begins so is of a certain kind.
type Recogniser = fn(&[u8]) -> bool;

/// Each kind, and what its files begin with.
const KINDS: &[(Kind, Recogniser)] =
    &[(Kind::Capture, is_capture), (Kind::PrivateKey, is_private_key), (Kind::KeyLog, is_key_log)];

fn is_capture(head: &[u8]) -> bool {
    head.first_chunk().is_some_and(|magic| CAPTURE_MAGICS.contains(&u32::from_le_bytes(*magic)))
}

/// A PEM block of a private key (RFC 7468 sections 10 and 13), with whatever text before it.
fn is_private_key(head: &[u8]) -> bool {
    lines(head).any(|line| line.starts_with(b"-----BEGIN ") && line.ends_with(b"PRIVATE KEY-----"))
}

/// By what a file was packed, where that is nothing that is unpacked here.
pub(crate) fn packing(head: &[u8]) -> Option<&'static str> {
    let is_tar = head.get(TAR_AT..).is_some_and(|rest| rest.starts_with(b"ustar"));
    let known = PACKINGS.iter().find(|(begin, _)| head.starts_with(begin));
    known.map(|(_, name)| *name).or(is_tar.then_some("tar"))
}

/// Whether text begins with the mark of UTF-16, in either order of bytes.
pub(crate) fn is_utf16(head: &[u8]) -> bool {
    head.starts_with(&[0xff, 0xfe]) || head.starts_with(&[0xfe, 0xff])
}

/// A line tells: a label, and one or two words of hex. The first that is neither empty nor a comment may have any
/// label; one odd line before them does not make a key log anything else.
fn is_key_log(head: &[u8]) -> bool {
    if is_utf16(head) {
        let narrow: Vec<u8> = head.iter().copied().skip(2).filter(|byte| *byte != 0).collect();
        return is_key_log(&narrow);
    }
    let mut given = lines(head).filter(|line| !line.is_empty() && !line.starts_with(b"#"));
    let named = |line: &[u8]| LABELS.iter().any(|label| line.starts_with(label));
    given.next().is_some_and(is_secret) || given.any(|line| named(line) && is_secret(line))
}

fn is_secret(line: &[u8]) -> bool {
    let mut words = line.split(|byte| *byte == b' ');
    let label = words.next().unwrap_or_default();
    let is_label = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_';
    let first = words.next().unwrap_or_default();
    let first = first.strip_prefix(b"Session-ID:").unwrap_or(first);
    label.len() >= 3
        && label.iter().all(is_label)
        && first.len() >= 16
        && first.iter().all(u8::is_ascii_hexdigit)
        && words.next().is_some()
}

fn lines(head: &[u8]) -> impl Iterator<Item = &[u8]> {
    head.split(|byte| matches!(byte, b'\n' | b'\r')).map(|line| line.trim_ascii())
}

/// What packed files begin with.
const PACKINGS: [(&[u8], &str); 6] = [
    (b"PK\x03\x04", "zip"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!\x1a\x07", "rar"),
    (b"\xfd7zXZ\0", "xz"),
    (b"BZh", "bzip2"),
    (b"\x04\x22\x4d\x18", "lz4"),
];
/// Where an archive of POSIX has its magic.
const TAR_AT: usize = 257;
/// How lines of key logs begin.
const LABELS: [&[u8]; 8] =
    [b"CLIENT_", b"EARLY_", b"ECH_", b"EXPORTER_", b"PMS_CLIENT_", b"QUIC_", b"RSA ", b"SERVER_"];

/// As little-endian numbers.
const CAPTURE_MAGICS: [u32; 7] =
    [0xa1b2_c3d4, 0xd4c3_b2a1, 0xa1b2_3c4d, 0x4d3c_b2a1, 0xa1b2_cd34, 0x34cd_b2a1, 0x0a0d_0d0a];

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(text: &str) -> Vec<u8> {
        format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    #[test]
    fn inputs_are_known_by_their_first_bytes() {
        let random = "5f".repeat(32);
        let rows = [
            (b"\xd4\xc3\xb2\xa1\x02\0".to_vec(), Some(Kind::Capture)),
            (b"\x0a\x0d\x0d\x0a".to_vec(), Some(Kind::Capture)),
            (b"-----BEGIN RSA PRIVATE KEY-----\n".to_vec(), Some(Kind::PrivateKey)),
            (b"Bag Attributes\r\n-----BEGIN PRIVATE KEY-----\r\nMII".to_vec(), Some(Kind::PrivateKey)),
            (b"-----BEGIN CERTIFICATE-----\n".to_vec(), None),
            (format!("# made by x\r\n\r\nCLIENT_RANDOM {random} 00\r\n").into_bytes(), Some(Kind::KeyLog)),
            (format!("SERVER_TRAFFIC_SECRET_0 {random} {random}").into_bytes(), Some(Kind::KeyLog)),
            (format!("\0\nkeys\rCLIENT_RANDOM {random} 00\r").into_bytes(), Some(Kind::KeyLog)),
            (utf16(&format!("CLIENT_RANDOM {random} 00\r\n")), Some(Kind::KeyLog)),
            (format!("notes\nOTHER_LABEL {random} 00\n").into_bytes(), None),
            (b"RSA Session-ID:00112233445566778899 Master-Key:00".to_vec(), Some(Kind::KeyLog)),
            (b"RSA 0011223344556677 8899".to_vec(), Some(Kind::KeyLog)),
            (br#"{"log": {"entries": []}}"#.to_vec(), Some(Kind::Flows(Format::Har))),
            (b"9:2:id,1:x,}".to_vec(), Some(Kind::Flows(Format::Mitmproxy))),
            (b"IPProto,SrcIP,SrcPort,DstIp,DstPort,UID\n".to_vec(), Some(Kind::Flows(Format::PcapdroidCsv))),
            (b"SQLite format 3\0\x10\0".to_vec(), Some(Kind::Messages(messages::Kind::Database))),
            (b"\x37\x7f\x06\x82\0\x2d".to_vec(), Some(Kind::Messages(messages::Kind::Log))),
            (b"ANDROID BACKUP\n5\n1\nnone\n".to_vec(), Some(Kind::Messages(messages::Kind::Backup))),
            (b"<?xml?>\n<smses count=\"1\">".to_vec(), Some(Kind::Messages(messages::Kind::Xml))),
            (b"{\"logs\": 1}".to_vec(), None),
            (b"# a text\nTHE next line is none".to_vec(), None),
            (b"GET / HTTP/1.1".to_vec(), None),
            (Vec::new(), None),
        ];
        for (head, kind) in rows {
            assert_eq!(Kind::of(&head), kind, "{}", head.escape_ascii());
        }
    }
}
