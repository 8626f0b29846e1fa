//! One signature over some bytes → holds, does not hold, or of an algorithm that cannot be checked here.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA384_ASN1, ECDSA_P256_SHA512_ASN1, ECDSA_P384_SHA256_ASN1,
    ECDSA_P384_SHA384_ASN1, ECDSA_P384_SHA512_ASN1, ECDSA_P521_SHA256_ASN1, ECDSA_P521_SHA384_ASN1,
    ECDSA_P521_SHA512_ASN1, RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY,
    RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY,
    RSA_PKCS1_2048_8192_SHA384, RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA512, UnparsedPublicKey,
    VerificationAlgorithm,
};
use x509_parser::{public_key::PublicKey, x509::SubjectPublicKeyInfo};

use super::{Digest, Outcome};

/// How a digest was signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Padding {
    /// RSA with PKCS #1 v1.5, ECDSA or DSA, as the key says.
    Plain,
    /// RSA with PSS.
    Pss,
}

/// Checks a signature with the key of a certificate.
pub(super) fn check(
    key: &SubjectPublicKeyInfo<'_>,
    digest: Digest,
    padding: Padding,
    message: &[u8],
    signature: &[u8],
) -> Outcome {
    let Some(algorithm) = algorithm(key, digest, padding) else {
        return Outcome::Unsupported(name(key, digest));
    };
    let key = UnparsedPublicKey::new(algorithm, &key.subject_public_key.data);
    match key.verify(message, signature) {
        Ok(()) => Outcome::Valid,
        Err(_) => Outcome::Invalid("the signature does not fit the signed bytes"),
    }
}

fn algorithm(
    key: &SubjectPublicKeyInfo<'_>,
    digest: Digest,
    padding: Padding,
) -> Option<&'static dyn VerificationAlgorithm> {
    let bits = match key.parsed().ok()? {
        PublicKey::RSA(rsa) => rsa.key_size(),
        PublicKey::EC(_) => return curve(key, digest),
        _ => return None,
    };
    if !(1024..=8192).contains(&bits) {
        return None;
    }
    Some(match (padding, digest) {
        (Padding::Plain, Digest::Sha1) => &RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY,
        (Padding::Plain, Digest::Sha256) => &RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
        (Padding::Plain, Digest::Sha384) if bits >= 2048 => &RSA_PKCS1_2048_8192_SHA384,
        (Padding::Plain, Digest::Sha512) => &RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY,
        (Padding::Pss, Digest::Sha256) if bits >= 2048 => &RSA_PSS_2048_8192_SHA256,
        (Padding::Pss, Digest::Sha512) if bits >= 2048 => &RSA_PSS_2048_8192_SHA512,
        _ => return None,
    })
}

fn curve(key: &SubjectPublicKeyInfo<'_>, digest: Digest) -> Option<&'static dyn VerificationAlgorithm> {
    let curve = key.algorithm.parameters.as_ref()?.as_oid().ok()?.to_id_string();
    Some(match (curve.as_str(), digest) {
        ("1.2.840.10045.3.1.7", Digest::Sha256) => &ECDSA_P256_SHA256_ASN1,
        ("1.2.840.10045.3.1.7", Digest::Sha384) => &ECDSA_P256_SHA384_ASN1,
        ("1.2.840.10045.3.1.7", Digest::Sha512) => &ECDSA_P256_SHA512_ASN1,
        ("1.3.132.0.34", Digest::Sha256) => &ECDSA_P384_SHA256_ASN1,
        ("1.3.132.0.34", Digest::Sha384) => &ECDSA_P384_SHA384_ASN1,
        ("1.3.132.0.34", Digest::Sha512) => &ECDSA_P384_SHA512_ASN1,
        ("1.3.132.0.35", Digest::Sha256) => &ECDSA_P521_SHA256_ASN1,
        ("1.3.132.0.35", Digest::Sha384) => &ECDSA_P521_SHA384_ASN1,
        ("1.3.132.0.35", Digest::Sha512) => &ECDSA_P521_SHA512_ASN1,
        _ => return None,
    })
}

/// `DSA with SHA-1`
fn name(key: &SubjectPublicKeyInfo<'_>, digest: Digest) -> String {
    let kind = match key.parsed() {
        Ok(PublicKey::RSA(rsa)) => format!("RSA of {} bits", rsa.key_size()),
        Ok(PublicKey::EC(_)) => "ECDSA".to_owned(),
        Ok(PublicKey::DSA(_)) => "DSA".to_owned(),
        _ => format!("key type {}", key.algorithm.algorithm),
    };
    format!("{kind} with {digest}")
}
