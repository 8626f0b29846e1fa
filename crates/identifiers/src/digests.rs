//! Hex digests of a value that was seen: whoever sends a value and its hash sends one identifier twice.

use evidence::IdentifierKind;
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256};

use crate::forms::{encoding::hex, spellings};

/// The MD5, SHA-1 and SHA-256 of all ways in which a value is written, each with its form (`md5/hex`,
/// `upper/sha1/hex`), in lower-case hex. Nothing of values that are too short to be told by their digest.
pub fn digests_of(kind: IdentifierKind, canonical: &str) -> Vec<(String, String)> {
    if canonical.len() < SHORTEST {
        return Vec::new();
    }
    let written = spellings(kind, canonical);
    let digests = |(form, text): &(String, Vec<u8>)| {
        let before = if text == canonical.as_bytes() { String::new() } else { format!("{form}/") };
        [
            ("md5", hex(&Md5::digest(text))),
            ("sha1", hex(&Sha1::digest(text))),
            ("sha256", hex(&Sha256::digest(text))),
        ]
        .map(|(name, digest)| (format!("{before}{name}/hex"), digest))
    };
    written.iter().flat_map(digests).collect()
}

/// Digests of fewer characters are in every table.
const SHORTEST: usize = 6;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_known_by_its_digests_in_every_writing() {
        let all =
            |kind, value| digests_of(kind, value).into_iter().map(|(_, digest)| digest).collect::<Vec<_>>();
        let mac = all(IdentifierKind::WifiMac, "9c:c7:a6:5d:21:40");
        for written in ["9c:c7:a6:5d:21:40", "9C:C7:A6:5D:21:40", "9cc7a65d2140", "9CC7A65D2140"] {
            assert!(mac.contains(&hex(&Md5::digest(written))), "{written}");
            assert!(mac.contains(&hex(&Sha256::digest(written))), "{written}");
        }
        let id = digests_of(IdentifierKind::AndroidId, "b9e28776354d259e");
        let sha1 = "36c080f1";
        assert!(id.iter().any(|(form, digest)| form == "sha1/hex" && digest.starts_with(sha1)), "{id:?}");
        assert_eq!(digests_of(IdentifierKind::AndroidId, "12345"), []);
    }
}
