//! APK Signature Scheme v2, v3 and v3.1: the signing block before the central directory.

use std::{collections::BTreeMap, ops::Range};

use x509_parser::{prelude::FromDer, x509::SubjectPublicKeyInfo};

use super::{
    Certificate, Digest, Outcome, Scheme, Signatures, Signer,
    check::{Padding, check},
};
use crate::{apk::zip::Archive, le};

/// Reads the block, if there is one, into `signatures`.
pub(super) fn read(archive: &Archive<'_>, signatures: &mut Signatures) {
    let Some(block) = find(archive) else { return };
    let mut contents = Contents { archive, block: block.clone(), digests: BTreeMap::new() };
    let mut at = block.start.saturating_add(8);
    let end = block.end.saturating_sub(24);
    while at < end {
        let Some((id, value)) = pair(archive.bytes(), at, end) else {
            signatures.odd("file's signing block has a part that does not fit", "", at);
            return;
        };
        at = value.end;
        match scheme(id) {
            Some(scheme) => contents.signers(scheme, value, signatures),
            None if id == PADDING => {}
            None => signatures.other_blocks.push((id, le::wide(value.start)..le::wide(value.end))),
        }
    }
}

/// The block with both of its sizes.
fn find(archive: &Archive<'_>) -> Option<Range<usize>> {
    let end = archive.directory().start;
    let bytes = archive.bytes();
    if le::slice(bytes, end.checked_sub(16)?, 16)? != MAGIC {
        return None;
    }
    let size = le::narrow(le::u64(bytes, end.checked_sub(24)?)?);
    let start = end.checked_sub(size.checked_add(8)?)?;
    (size >= 24).then_some(start..end)
}

fn pair(bytes: &[u8], at: usize, end: usize) -> Option<(u32, Range<usize>)> {
    let len = le::narrow(le::u64(bytes, at)?);
    let start = at.checked_add(12)?;
    let stop = at.checked_add(8)?.checked_add(len)?;
    (start <= stop && stop <= end).then_some((le::u32(bytes, at.checked_add(8)?)?, start..stop))
}

fn scheme(id: u32) -> Option<Scheme> {
    Some(match id {
        0x7109_871a => Scheme::V2,
        0xf053_68c0 => Scheme::V3,
        0x1b93_ad61 => Scheme::V31,
        _ => return None,
    })
}

/// The bytes that are signed: everything but the block.
struct Contents<'a, 'b> {
    archive: &'b Archive<'a>,
    block: Range<usize>,
    digests: BTreeMap<Digest, Vec<u8>>,
}

impl<'a> Contents<'a, '_> {
    fn signers(&mut self, scheme: Scheme, value: Range<usize>, signatures: &mut Signatures) {
        let bytes = self.archive.bytes().get(value.clone()).unwrap_or_default();
        let Some(list) = Fields(bytes).bytes() else {
            signatures.odd("file's signing block has a part that does not fit", "", value.start);
            return;
        };
        let mut list = Fields(list);
        while let Some(signer) = list.bytes() {
            let (outcome, certificates) = match self.signer(scheme, signer, signatures) {
                Some(read) => read,
                None => (Outcome::Invalid("the signer's fields do not fit"), Vec::new()),
            };
            signatures.signers.push(Signer {
                scheme,
                outcome,
                certificates,
                file: String::new(),
                start: le::wide(value.start),
                end: le::wide(value.end),
            });
        }
    }

    fn signer(
        &mut self,
        scheme: Scheme,
        signer: &'a [u8],
        all: &mut Signatures,
    ) -> Option<(Outcome, Vec<Certificate>)> {
        let mut fields = Fields(signer);
        let signed = fields.bytes()?;
        if scheme != Scheme::V2 {
            fields.number()?;
            fields.number()?;
        }
        let signatures = fields.bytes()?;
        let key = fields.bytes()?;
        let mut inner = Fields(signed);
        let digests = inner.bytes()?;
        let certificates: Vec<_> = Fields(inner.bytes()?).list();
        if scheme == Scheme::V2 {
            stripped(inner.bytes().unwrap_or_default(), all, self.block.start);
        }
        let outcome = signature(signed, signatures, key)
            .and(self.contents(digests))
            .and(same_key(key, certificates.first().copied().unwrap_or_default()));
        Some((outcome, certificates.into_iter().map(Certificate::read).collect()))
    }

    /// The digests in the signed data against the archive's.
    fn contents(&mut self, digests: &[u8]) -> Outcome {
        let mut known = 0;
        for digest in Fields(digests).list() {
            let mut fields = Fields(digest);
            let Some((id, expected)) = fields.number().zip(fields.bytes()) else {
                return Outcome::Invalid("the signer's fields do not fit");
            };
            let Some(algorithm) = Algorithm::of(id).filter(|algorithm| !algorithm.verity) else { continue };
            known += 1;
            if self.digest(algorithm.digest) != expected {
                return Outcome::Invalid("the archive's bytes are not those that were signed");
            }
        }
        if known > 0 { Outcome::Valid } else { Outcome::Unsupported("digest of the contents".to_owned()) }
    }

    /// Chunks of a megabyte, each hashed, then all hashes hashed ("Integrity-protected contents").
    fn digest(&mut self, digest: Digest) -> Vec<u8> {
        if let Some(known) = self.digests.get(&digest) {
            return known.clone();
        }
        let bytes = self.archive.bytes();
        let directory = self.archive.directory().start..self.archive.end_record();
        let end = end_record(bytes.get(self.archive.end_record()..).unwrap_or_default(), self.block.start);
        let sections = [
            bytes.get(..self.block.start).unwrap_or_default(),
            bytes.get(directory).unwrap_or_default(),
            end.as_slice(),
        ];
        let mut hashes = Vec::new();
        let mut count = 0u32;
        for chunk in sections.into_iter().flat_map(|section| section.chunks(CHUNK)) {
            let len = u32::try_from(chunk.len()).unwrap_or(u32::MAX).to_le_bytes();
            hashes.extend(digest.of(&[&[0xa5], &len, chunk]));
            count = count.saturating_add(1);
        }
        let top = digest.of(&[&[0x5a], &count.to_le_bytes(), &hashes]);
        self.digests.insert(digest, top.clone());
        top
    }
}

/// The end record as it is signed: its offset of the directory is the block's.
fn end_record(record: &[u8], block: usize) -> Vec<u8> {
    let mut record = record.to_vec();
    if let Some(offset) = record.get_mut(16..20) {
        offset.copy_from_slice(&u32::try_from(block).unwrap_or(u32::MAX).to_le_bytes());
    }
    record
}

/// All signatures of one signer that can be checked must hold.
fn signature(signed: &[u8], signatures: &[u8], key: &[u8]) -> Outcome {
    let Ok((_, key)) = SubjectPublicKeyInfo::from_der(key) else {
        return Outcome::Invalid("the signer's key cannot be read");
    };
    let mut supported = None;
    let mut unsupported = Outcome::Invalid("the signer has no signature");
    for entry in Fields(signatures).list() {
        let mut fields = Fields(entry);
        let Some((id, signature)) = fields.number().zip(fields.bytes()) else {
            return Outcome::Invalid("the signer's fields do not fit");
        };
        let outcome = match Algorithm::of(id) {
            Some(algorithm) => check(&key, algorithm.digest, algorithm.padding, signed, signature),
            None => Outcome::Unsupported(format!("{id:#06x}")),
        };
        match outcome {
            Outcome::Invalid(_) => return outcome,
            Outcome::Valid => supported = Some(outcome),
            Outcome::Unsupported(_) => unsupported = outcome,
        }
    }
    supported.unwrap_or(unsupported)
}

/// The key beside the signature must be the certificate's.
fn same_key(key: &[u8], certificate: &[u8]) -> Outcome {
    use x509_parser::prelude::X509Certificate;
    match X509Certificate::from_der(certificate) {
        Ok((_, certificate)) if certificate.public_key().raw == key => Outcome::Valid,
        Ok(_) => Outcome::Invalid("the signer's key is not that of the certificate"),
        Err(_) => Outcome::Invalid("the signer's certificate cannot be read"),
    }
}

/// v2's note that a v3 signature was made as well.
fn stripped(attributes: &[u8], signatures: &mut Signatures, at: usize) {
    for attribute in Fields(attributes).list() {
        if le::u32(attribute, 0) == Some(0xbeef_f00d) {
            signatures.announced.push((Scheme::V3, le::wide(at)));
        }
    }
}

/// An algorithm of the list "Signature algorithm IDs".
#[derive(Clone, Copy, Debug)]
pub(super) struct Algorithm {
    pub(super) digest: Digest,
    pub(super) padding: Padding,
    /// The digest of the contents is a hash tree's root.
    pub(super) verity: bool,
}

impl Algorithm {
    pub(super) fn of(id: u32) -> Option<Self> {
        let (digest, padding, verity) = match id {
            0x0101 => (Digest::Sha256, Padding::Pss, false),
            0x0102 => (Digest::Sha512, Padding::Pss, false),
            0x0103 | 0x0201 | 0x0301 => (Digest::Sha256, Padding::Plain, false),
            0x0104 | 0x0202 => (Digest::Sha512, Padding::Plain, false),
            0x0421 | 0x0423 | 0x0425 => (Digest::Sha256, Padding::Plain, true),
            _ => return None,
        };
        Some(Self { digest, padding, verity })
    }
}

/// Numbers and length-prefixed bytes.
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Fields<'a> {
    pub(super) fn number(&mut self) -> Option<u32> {
        let value = le::u32(self.0, 0)?;
        self.0 = self.0.get(4..)?;
        Some(value)
    }

    pub(super) fn bytes(&mut self) -> Option<&'a [u8]> {
        let len = le::size(self.0, 0)?;
        let value = le::slice(self.0, 4, len)?;
        self.0 = self.0.get(len.checked_add(4)?..)?;
        Some(value)
    }

    pub(super) fn list(mut self) -> Vec<&'a [u8]> {
        std::iter::from_fn(move || self.bytes()).take(MAX_LIST).collect()
    }
}

const MAGIC: &[u8] = b"APK Sig Block 42";
const PADDING: u32 = 0x4272_6577;
const CHUNK: usize = 1 << 20;
/// More signers, digests or certificates than any app has.
const MAX_LIST: usize = 64;
