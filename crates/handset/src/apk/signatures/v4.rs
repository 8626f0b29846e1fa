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
