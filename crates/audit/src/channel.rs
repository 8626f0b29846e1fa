//! What a handshake agreed on, as the channel that flows went through.

use evidence::Channel;
use wire::{Message, TlsHead, tls::suite::Suite};

/// The channel that a server's hello announces; `None` where the message holds none.
pub(crate) fn channel(head: &TlsHead, message: &Message) -> Option<Channel> {
    if head.suite == 0 {
        return None;
    }
    let leaf = head.certificates.first();
    let suite = suite(head.suite);
    Some(Channel {
        protocol: protocol(message.protocol, head.version),
        weakness: weakness(head.version, &suite),
        suite,
        subject: leaf.map(|leaf| leaf.subject.clone()).unwrap_or_default(),
        issuer: leaf.map(|leaf| leaf.issuer.clone()).unwrap_or_default(),
    })
}

/// `TLS 1.2`, `DTLS 1.2`, `QUIC`.
fn protocol(name: &str, version: u16) -> String {
    match version {
        _ if name == "QUIC" => name.to_owned(),
        0x0002 => "SSL 2".to_owned(),
        0x0300 => "SSL 3".to_owned(),
        0x0301..=0x0304 => format!("{name} 1.{}", version - 0x0301),
        0xfeff => "DTLS 1.0".to_owned(),
        0xfefd => "DTLS 1.2".to_owned(),
        0xfefc => "DTLS 1.3".to_owned(),
        other => format!("{name} {other:#06x}"),
    }
}

/// A suite's name in the IANA registry, or its number.
fn suite(number: u16) -> String {
    Suite::of(number).map_or_else(|| format!("cipher suite {number:#06x}"), Suite::name)
}

/// Why a channel protects less than it should (RFC 8996, RFC 7465, RFC 7525 section 4.1).
fn weakness(version: u16, suite: &str) -> String {
    let old = matches!(version, 0x0002 | 0x0300..=0x0302 | 0xfeff);
    let broken = BROKEN.iter().find(|(mark, _)| suite.contains(mark)).map(|(_, words)| *words);
    let words = broken.or_else(|| old.then_some("an old version, which the IETF has withdrawn"));
    words.unwrap_or_default().to_owned()
}

/// What in a suite's name tells that it is broken.
const BROKEN: [(&str, &str); 6] = [
    ("_NULL_", "nothing is encrypted"),
    ("_anon_", "the server does not say who it is"),
    ("EXPORT", "keys that were made short on purpose"),
    ("_RC4_", "RC4, which is broken"),
    ("_3DES_", "triple DES, which is too weak for much data"),
    ("_DES_", "DES, which is broken"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_versions_and_broken_ciphers_are_weak() {
        for (version, suite, weak) in [
            (0x0304, "TLS_AES_128_GCM_SHA256", false),
            (0x0303, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", false),
            (0x0301, "TLS_RSA_WITH_AES_128_CBC_SHA", true),
            (0x0303, "TLS_RSA_WITH_RC4_128_SHA", true),
            (0x0303, "TLS_RSA_WITH_NULL_SHA256", true),
            (0xfefd, "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8", false),
        ] {
            assert_eq!(!weakness(version, suite).is_empty(), weak, "{version:#x} {suite}");
        }
        assert_eq!(protocol("TLS", 0x0303), "TLS 1.2");
    }
}
