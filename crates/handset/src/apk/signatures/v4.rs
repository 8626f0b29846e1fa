//! APK Signature Scheme v4: an `.idsig` file beside the APK.

use x509_parser::{prelude::FromDer, x509::SubjectPublicKeyInfo};

use super::{
    Certificate, Outcome, Scheme, Signer,
    block::{Algorithm, Fields},
    check::check,
};
use crate::le;

/// Reads an `.idsig` file's signer and checks its signature. `apk_len` is the APK's size, which is signed.
/// The hash tree is not compared with the APK. `None` where the bytes are no such file.
pub fn signer(idsig: &[u8], apk_len: u64) -> Option<Signer> {
    let mut fields = Fields(idsig);
    if fields.number()? != 2 {
        return None;
    }
    let hashing = fields.bytes()?;
    let signing = fields.bytes()?;
    let mut inner = Fields(signing);
    let (digest, certificate, extra) = (inner.bytes()?, inner.bytes()?, inner.bytes()?);
    let (key, id, signature) = (inner.bytes()?, inner.number()?, inner.bytes()?);
    let signed = signed(hashing, apk_len, [digest, certificate, extra])?;
    Some(Signer {
        scheme: Scheme::V4,
        outcome: outcome(key, id, &signed, signature),
        certificates: vec![Certificate::read(certificate)],
        file: String::new(),
        start: 0,
        end: le::wide(idsig.len()),
    })
}

fn outcome(key: &[u8], id: u32, signed: &[u8], signature: &[u8]) -> Outcome {
    let Ok((_, key)) = SubjectPublicKeyInfo::from_der(key) else {
        return Outcome::Invalid("the signer's key cannot be read");
    };
    match Algorithm::of(id) {
        Some(algorithm) => check(&key, algorithm.digest, algorithm.padding, signed, signature),
        None => Outcome::Unsupported(format!("{id:#06x}")),
    }
}

/// What is signed: the size of all this, the APK's, the hashing information and three fields.
fn signed(hashing: &[u8], apk_len: u64, fields: [&[u8]; 3]) -> Option<Vec<u8>> {
    let mut bytes = vec![0; 4];
    bytes.extend(apk_len.to_le_bytes());
    bytes.extend(hashing);
    for field in fields {
        bytes.extend(u32::try_from(field.len()).ok()?.to_le_bytes());
        bytes.extend(field);
    }
    let len = u32::try_from(bytes.len()).ok()?.to_le_bytes();
    bytes.get_mut(..4)?.copy_from_slice(&len);
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::{
        encoding::AsDer,
        rand::SystemRandom,
        signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair},
    };

    use super::*;

    /// Length and bytes.
    fn field(bytes: &[u8]) -> Vec<u8> {
        [&(bytes.len() as u32).to_le_bytes(), bytes].concat()
    }

    /// A file as the scheme's page lays it out, signed for an APK of 1,000 bytes.
    fn idsig() -> Vec<u8> {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        let hashing = [&1u32.to_le_bytes()[..], &[12], &field(b""), &field(&[7; 32])].concat();
        let info = [field(&[8; 32]), field(b"certificate"), field(b"")].concat();
        let rest = [&1000u64.to_le_bytes()[..], &hashing, &info].concat();
        let signed = [&(rest.len() as u32 + 4).to_le_bytes()[..], &rest].concat();
        let signature = pair.sign(&SystemRandom::new(), &signed).unwrap();
        let key = pair.public_key().as_der().unwrap();
        let signing =
            [info, field(key.as_ref()), 0x0201u32.to_le_bytes().to_vec(), field(signature.as_ref())].concat();
        [2u32.to_le_bytes().to_vec(), field(&hashing), field(&signing)].concat()
    }

    #[test]
    fn the_size_of_the_package_is_signed() {
        let idsig = idsig();
        assert_eq!(signer(&idsig, 1000).unwrap().outcome, Outcome::Valid);
        assert!(matches!(signer(&idsig, 1001).unwrap().outcome, Outcome::Invalid(_)));
        assert!(signer(&idsig[..40], 1000).is_none());
        assert!(signer(b"\x03\0\0\0", 1000).is_none());
    }
}
