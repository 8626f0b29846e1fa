//! v1, JAR signing: a PKCS #7 signature (RFC 2315, RFC 5652) over a list of hashes of hashes of the members.

use std::{borrow::Cow, collections::HashMap};

use x509_parser::prelude::{FromDer, X509Certificate};

use super::{
    Certificate, Digest, Outcome, Scheme, Signatures, Signer,
    check::{Padding, check},
    der::{CONTEXT_0, CONTEXT_1, Der, INTEGER, OCTETS, OID, SEQUENCE, SET, Values},
};
use crate::apk::zip::{Archive, Member};

/// Reads and checks every signature file into `signatures`.
pub(super) fn read(archive: &Archive<'_>, signatures: &mut Signatures) {
    let blocks: Vec<_> = archive.members().iter().filter(|member| is_block(&member.name)).collect();
    if blocks.is_empty() {
        return;
    }
    let manifest = archive.content_of(MANIFEST, MAX_FILE).map(|content| content.bytes).unwrap_or_default();
    let members = Members::check(archive, &manifest);
    for block in blocks.into_iter().take(MAX_SIGNERS) {
        signatures.signers.extend(signer(archive, block, &manifest, &members, &mut signatures.announced));
    }
}

fn signer(
    archive: &Archive<'_>,
    block: &Member,
    manifest: &[u8],
    members: &Members,
    announced: &mut Vec<(Scheme, u64)>,
) -> Option<Signer> {
    let content = archive.content(block, MAX_FILE)?;
    let stem = block.name.rsplit_once('.')?.0;
    let file = archive.members().iter().find(|member| {
        member.name.rsplit_once('.').is_some_and(|(name, end)| name == stem && end.eq_ignore_ascii_case("SF"))
    });
    let listed = file.and_then(|file| archive.content(file, MAX_FILE)).map(|content| content.bytes);
    let signed = SignedData::read(&content.bytes);
    let outcome = match (&listed, &signed) {
        (None, _) => Outcome::Invalid("the signature's list of hashes is missing"),
        (_, None) => Outcome::Invalid("the signature is no PKCS #7 that can be read"),
        (Some(list), Some(signed)) => {
            announced.extend(announces(list).into_iter().map(|scheme| (scheme, block.local)));
            signed.check(list).and(lists(list, manifest)).and(members.outcome.clone())
        }
    };
    Some(Signer {
        scheme: Scheme::V1,
        outcome,
        certificates: signed.map(|signed| signed.chain()).unwrap_or_default(),
        file: block.name.clone(),
        start: content.packed.start,
        end: content.packed.end,
    })
}

/// `META-INF/X.RSA`, `.DSA` or `.EC`, directly in the folder.
fn is_block(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    let Some(file) = upper.strip_prefix("META-INF/").filter(|file| !file.contains('/')) else { return false };
    [".RSA", ".DSA", ".EC"].iter().any(|end| file.ends_with(end))
}

/// The parts of a `SignedData` (RFC 5652 section 5.1) with its first signer.
struct SignedData<'a> {
    certificates: Vec<&'a [u8]>,
    /// Serial number of the signer's certificate.
    serial: &'a [u8],
    digest: Option<Digest>,
    attributes: Option<Der<'a>>,
    signature: &'a [u8],
}

impl<'a> SignedData<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut info = Values(bytes).expect(SEQUENCE)?.inner();
        info.expect(OID)?;
        let mut data = info.expect(CONTEXT_0)?.inner().expect(SEQUENCE)?.inner();
        data.expect(INTEGER)?;
        data.expect(SET)?;
        data.expect(SEQUENCE)?;
        let certificates = data.optional(CONTEXT_0);
        data.optional(CONTEXT_1);
        let mut signer = data.expect(SET)?.inner().expect(SEQUENCE)?.inner();
        signer.expect(INTEGER)?;
        let mut issuer = signer.expect(SEQUENCE)?.inner();
        issuer.expect(SEQUENCE)?;
        let serial = issuer.expect(INTEGER)?.content;
        let digest = digest(signer.expect(SEQUENCE)?);
        let attributes = signer.optional(CONTEXT_0);
        signer.expect(SEQUENCE)?;
        let inner =
            certificates.map(|list| list.inner().map(|der| der.whole).take(MAX_CERTIFICATES).collect());
        Some(Self {
            certificates: inner.unwrap_or_default(),
            serial,
            digest,
            attributes,
            signature: signer.expect(OCTETS)?.content,
        })
    }

    /// The signature over `list`, by way of the signed attributes where there are any (section 5.4).
    fn check(&self, list: &[u8]) -> Outcome {
        let Some(digest) = self.digest else { return Outcome::Unsupported("digest".to_owned()) };
        let Some(certificate) = self.signing() else {
            return Outcome::Invalid("the signer's certificate is missing");
        };
        let message = match self.attributes {
            None => Cow::Borrowed(list),
            Some(attributes) if message_digest(&attributes) != Some(digest.of(&[list]).as_slice()) => {
                return Outcome::Invalid("the signed attributes have another hash than the list");
            }
            // Signed as a SET, though written with another tag.
            Some(attributes) => {
                let rest = attributes.whole.get(1..).unwrap_or_default();
                Cow::Owned([&[SET], rest].concat())
            }
        };
        check(certificate.public_key(), digest, Padding::Plain, &message, self.signature)
    }

    fn signing(&self) -> Option<X509Certificate<'a>> {
        let read = |der: &&'a [u8]| X509Certificate::from_der(der).ok().map(|(_, certificate)| certificate);
        self.certificates.iter().filter_map(read).find(|certificate| certificate.raw_serial() == self.serial)
    }

    /// The signer's certificate, then the others.
    fn chain(&self) -> Vec<Certificate> {
        let is_signer = |der: &&[u8]| {
            let parsed = X509Certificate::from_der(der);
            parsed.is_ok_and(|(_, certificate)| certificate.raw_serial() == self.serial)
        };
        let mut certificates = self.certificates.clone();
        certificates.sort_by_key(|der| !is_signer(der));
        certificates.into_iter().map(Certificate::read).collect()
    }
}

fn digest(algorithm: Der<'_>) -> Option<Digest> {
    let oid = algorithm.inner().expect(OID)?.content;
    Some(match oid {
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 2, 5] => Digest::Md5,
        [0x2b, 0x0e, 3, 2, 0x1a] => Digest::Sha1,
        [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1] => Digest::Sha256,
        [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 2] => Digest::Sha384,
        [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 3] => Digest::Sha512,
        _ => return None,
    })
}

/// The attribute `messageDigest` (RFC 5652 section 11.2).
fn message_digest<'a>(attributes: &Der<'a>) -> Option<&'a [u8]> {
    let value = |attribute: Der<'a>| {
        let mut inner = attribute.inner();
        let oid = inner.expect(OID)?.content;
        let value = inner.expect(SET)?.inner().expect(OCTETS)?.content;
        (oid == [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 4]).then_some(value)
    };
    attributes.inner().find_map(value)
}

/// Whether the list is about this manifest: by its hash as a whole, else by that of every section.
fn lists(list: &[u8], manifest: &[u8]) -> Outcome {
    let sections = sections(list);
    let Some(main) = sections.first() else {
        return Outcome::Invalid("the signature's list of hashes is empty");
    };
    let whole = main.hashes("-Digest-Manifest");
    if !whole.is_empty() && whole.iter().all(|(digest, expected)| digest.of(&[manifest]) == *expected) {
        return Outcome::Valid;
    }
    let manifest: HashMap<_, _> = self::sections(manifest)
        .into_iter()
        .filter_map(|section| Some((section.name()?, section.raw)))
        .collect();
    let rest = sections.get(1..).unwrap_or_default();
    let fits = |section: &Section<'_>| {
        let raw = section.name().and_then(|name| manifest.get(&name)).copied().unwrap_or_default();
        let hashes = section.hashes("-Digest");
        !hashes.is_empty() && hashes.iter().all(|(digest, expected)| digest.of(&[raw]) == *expected)
    };
    if rest.len() >= manifest.len() && !rest.is_empty() && rest.iter().all(fits) {
        Outcome::Valid
    } else {
        Outcome::Invalid("the list's hashes are not those of the manifest")
    }
}

/// `X-Android-APK-Signed: 2, 3` in the list: those schemes were there when it was signed.
fn announces(list: &[u8]) -> Vec<Scheme> {
    let sections = sections(list);
    let value = sections.first().and_then(|main| main.attribute("X-Android-APK-Signed")).unwrap_or_default();
    let scheme = |number: &str| match number.trim() {
        "2" => Some(Scheme::V2),
        "3" => Some(Scheme::V3),
        _ => None,
    };
    value.split(',').filter_map(scheme).collect()
}

/// Whether every member has the hash that the manifest gives it.
struct Members {
    outcome: Outcome,
}

impl Members {
    fn check(archive: &Archive<'_>, manifest: &[u8]) -> Self {
        let sections: HashMap<_, _> =
            sections(manifest).into_iter().filter_map(|section| Some((section.name()?, section))).collect();
        let mut outcome = Outcome::Valid;
        let mut left = MAX_ALL;
        for member in archive.members().iter().filter(|member| must_be_signed(&member.name)) {
            let Some(section) = sections.get(&member.name) else {
                outcome = outcome.and(Outcome::Invalid("the archive holds a member that is not signed"));
                continue;
            };
            let Some(content) = archive.content(member, left) else { continue };
            if content.cut {
                outcome = outcome.and(Outcome::Unsupported("more content than is unpacked".to_owned()));
                break;
            }
            left = left.saturating_sub(content.bytes.len());
            outcome = outcome.and(section.is_of(&content.bytes));
        }
        let names: std::collections::HashSet<_> =
            archive.members().iter().map(|member| &member.name).collect();
        if sections.keys().any(|name| !names.contains(name)) {
            outcome = outcome.and(Outcome::Invalid("the manifest lists a member that is not there"));
        }
        Self { outcome }
    }
}

fn must_be_signed(name: &str) -> bool {
    let signature =
        is_block(name) || name.starts_with("META-INF/") && name.to_ascii_uppercase().ends_with(".SF");
    !name.ends_with('/') && name != MANIFEST && !signature
}

/// One section of a manifest (JAR file specification, "Manifest and signature specification").
struct Section<'a> {
    raw: &'a [u8],
}

impl Section<'_> {
    fn name(&self) -> Option<String> {
        self.attribute("Name")
    }

    fn attribute(&self, wanted: &str) -> Option<String> {
        self.attributes()
            .into_iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
            .map(|(_, value)| value)
    }

    /// Lines of `name: value`; a line that begins with a space goes on with the last.
    fn attributes(&self) -> Vec<(String, String)> {
        let mut found: Vec<(String, String)> = Vec::new();
        for line in self.raw.split(|byte| *byte == b'\n') {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let text = String::from_utf8_lossy(line);
            match (text.strip_prefix(' '), found.last_mut()) {
                (Some(more), Some((_, value))) => value.push_str(more),
                _ => found
                    .extend(text.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned()))),
            }
        }
        found
    }

    /// The hashes under names that end so: `SHA-256-Digest`.
    fn hashes(&self, suffix: &str) -> Vec<(Digest, Vec<u8>)> {
        let hash = |(name, value): (String, String)| {
            let digest = Digest::named(name.strip_suffix(suffix)?)?;
            Some((digest, base64_simd::STANDARD.decode_to_vec(value.trim()).ok()?))
        };
        self.attributes().into_iter().filter_map(hash).collect()
    }

    fn is_of(&self, content: &[u8]) -> Outcome {
        let hashes = self.hashes("-Digest");
        if hashes.is_empty() {
            return Outcome::Unsupported("digest of a member".to_owned());
        }
        if hashes.iter().all(|(digest, expected)| digest.of(&[content]) == *expected) {
            Outcome::Valid
        } else {
            Outcome::Invalid("a member's content is not what was signed")
        }
    }
}

/// Sections end after an empty line; the first is the main one.
fn sections(bytes: &[u8]) -> Vec<Section<'_>> {
    let mut sections = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let end = section_end(rest);
        let (raw, tail) = rest.split_at_checked(end).unwrap_or((rest, &[]));
        sections.push(Section { raw });
        rest = tail;
    }
    sections
}

fn section_end(bytes: &[u8]) -> usize {
    let mut at = 0usize;
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        at = at.saturating_add(line.len());
        if matches!(line, b"\n" | b"\r\n") {
            return at;
        }
    }
    at
}

const MANIFEST: &str = "META-INF/MANIFEST.MF";
const MAX_FILE: usize = 64 << 20;
const MAX_ALL: usize = 1 << 30;
const MAX_SIGNERS: usize = 32;
const MAX_CERTIFICATES: usize = 32;
