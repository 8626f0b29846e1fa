//! Who signed an APK, and whether the signature holds.
//!
//! After "APK Signature Scheme" v2, v3, v3.1 and v4 of the Android documentation (source.android.com) and the
//! JAR file specification for v1. *Valid*, *invalid* and *unsupported algorithm* are three outcomes: old
//! apps of vendors use algorithms that nobody checks any more, which makes them old and not forged.

mod block;
mod check;
mod der;
mod jar;
mod v4;

use std::fmt;

use sha2::Digest as _;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::zip::Archive;
use crate::{Oddity, le};

pub use v4::signer as v4_signer;

/// Everything that signs an APK.
#[derive(Clone, Debug, Default)]
pub struct Signatures {
    /// The signers, by scheme.
    pub signers: Vec<Signer>,
    /// Blocks of the signing block that no scheme here reads: their id and place in the archive.
    pub other_blocks: Vec<(u32, std::ops::Range<u64>)>,
    /// What is odd.
    pub oddities: Vec<Oddity>,
    /// Schemes that older signatures say were used as well, and where they say so.
    announced: Vec<(Scheme, u64)>,
}

/// One signer.
#[derive(Clone, Debug)]
pub struct Signer {
    /// The scheme.
    pub scheme: Scheme,
    /// Whether the signature holds.
    pub outcome: Outcome,
    /// The signer's certificate, then the others of its chain as they stand.
    pub certificates: Vec<Certificate>,
    /// The signature file of v1; else empty.
    pub file: String,
    /// Where the signature is in the archive.
    pub start: u64,
    /// The byte after it.
    pub end: u64,
}

/// The signature schemes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scheme {
    /// JAR signing.
    V1,
    /// APK Signature Scheme v2.
    V2,
    /// v3, with rotation of keys.
    V3,
    /// v3.1, rotation from Android 13 on.
    V31,
    /// v4, in a file of its own.
    V4,
}

/// Whether a signature holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It does.
    Valid,
    /// It does not; why, one fixed sentence.
    Invalid(&'static str),
    /// It cannot be told here; which algorithm it is.
    Unsupported(String),
}

/// A certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// SHA-256 of its DER.
    pub sha256: [u8; 32],
    /// The subject, as RFC 4514 writes it, more or less.
    pub subject: String,
    /// The issuer.
    pub issuer: String,
    /// The serial number in hex.
    pub serial: String,
    /// Valid from, seconds since 1970.
    pub not_before: i64,
    /// Valid until.
    pub not_after: i64,
}

/// The digests that signatures use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Digest {
    Md5,
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

impl Signatures {
    /// Reads and checks v1 to v3.1.
    pub fn read(archive: &Archive<'_>) -> Self {
        let mut signatures = Self::default();
        block::read(archive, &mut signatures);
        jar::read(archive, &mut signatures);
        signatures.signers.sort_by_key(|signer| signer.scheme);
        signatures.look_for_stripped();
        signatures
    }

    /// The signers of the newest scheme there is: whom a phone of today believes.
    pub fn newest(&self) -> impl Iterator<Item = &Signer> {
        let newest = self.signers.iter().map(|signer| signer.scheme).max();
        self.signers.iter().filter(move |signer| Some(signer.scheme) == newest)
    }

    fn look_for_stripped(&mut self) {
        for (scheme, at) in std::mem::take(&mut self.announced) {
            if !self.signers.iter().any(|signer| signer.scheme == scheme) {
                let what = "file's signature says that a newer one was made, which is missing";
                self.oddities.push(Oddity::new(what, scheme.to_string(), at));
            }
        }
    }

    fn odd(&mut self, what: &'static str, detail: impl Into<String>, at: usize) {
        self.oddities.push(Oddity::new(what, detail, le::wide(at)));
    }
}

impl Signer {
    /// The certificate that signed.
    pub fn certificate(&self) -> Option<&Certificate> {
        self.certificates.first()
    }
}

impl Certificate {
    /// From its DER. The hash is there even where the rest cannot be read.
    fn read(der: &[u8]) -> Self {
        let parsed = X509Certificate::from_der(der).ok().map(|(_, parsed)| parsed);
        let text = |of: &dyn Fn(&X509Certificate<'_>) -> String| parsed.as_ref().map(of).unwrap_or_default();
        let time = |of: &dyn Fn(&X509Certificate<'_>) -> i64| parsed.as_ref().map_or(0, of);
        Self {
            sha256: sha2::Sha256::digest(der).into(),
            subject: text(&|certificate| certificate.subject().to_string()),
            issuer: text(&|certificate| certificate.issuer().to_string()),
            serial: text(&|certificate| certificate.raw_serial_as_string().replace(':', "")),
            not_before: time(&|certificate| certificate.validity().not_before.timestamp()),
            not_after: time(&|certificate| certificate.validity().not_after.timestamp()),
        }
    }

    /// The hash in hex, as `apksigner` prints it.
    pub fn fingerprint(&self) -> String {
        self.sha256.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl Outcome {
    /// The worse of two: invalid, then unsupported, then valid.
    fn and(self, other: Self) -> Self {
        match (&self, &other) {
            (Self::Invalid(_), _) => self,
            (_, Self::Invalid(_)) => other,
            (Self::Unsupported(_), _) => self,
            _ => other,
        }
    }
}

impl Digest {
    fn of(self, parts: &[&[u8]]) -> Vec<u8> {
        fn hash<D: sha2::Digest>(parts: &[&[u8]]) -> Vec<u8> {
            let mut digest = D::new();
            parts.iter().for_each(|part| digest.update(part));
            digest.finalize().to_vec()
        }
        match self {
            Self::Md5 => hash::<md5::Md5>(parts),
            Self::Sha1 => hash::<sha1::Sha1>(parts),
            Self::Sha256 => hash::<sha2::Sha256>(parts),
            Self::Sha384 => hash::<sha2::Sha384>(parts),
            Self::Sha512 => hash::<sha2::Sha512>(parts),
        }
    }

    /// From the attribute's name in a manifest: `SHA-256-Digest`, `SHA1-Digest`.
    fn named(name: &str) -> Option<Self> {
        Some(match name.to_ascii_uppercase().replace('-', "").as_str() {
            "MD5" => Self::Md5,
            "SHA" | "SHA1" => Self::Sha1,
            "SHA256" => Self::Sha256,
            "SHA384" => Self::Sha384,
            "SHA512" => Self::Sha512,
            _ => return None,
        })
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Md5 => "MD5",
            Self::Sha1 => "SHA-1",
            Self::Sha256 => "SHA-256",
            Self::Sha384 => "SHA-384",
            Self::Sha512 => "SHA-512",
        })
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V1 => "v1",
            Self::V2 => "v2",
            Self::V3 => "v3",
            Self::V31 => "v3.1",
            Self::V4 => "v4",
        })
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Valid => f.write_str("valid"),
            Self::Invalid(why) => write!(f, "invalid: {why}"),
            Self::Unsupported(algorithm) => write!(f, "unsupported algorithm: {algorithm}"),
        }
    }
}
