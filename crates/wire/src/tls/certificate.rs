//! Certificates (up to TLS 1.2: RFC 5246 section 7.4.2, TLS 1.3: RFC 8446 section 4.4.2) to what they say
//! (RFC 5280).

use aws_lc_rs::digest::{SHA256, digest};
use x509_parser::{
    extensions::GeneralName,
    prelude::{FromDer, X509Certificate},
};

use super::{ja4::hex, reader::Reader};
use crate::CertificateFacts;

/// The certificates of a message's body, leaf first, as far as they are there; at most sixteen.
pub fn chain(body: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut reader = Reader::new(body);
    // The length of the list. A message that ends early still has its first certificates.
    let announced = reader.u24();
    std::iter::from_fn(move || announced.and_then(|_| reader.vec24()).map(|der| der.rest())).take(CHAIN)
}

/// The certificates of a message of TLS 1.3 (RFC 8446 section 4.4.2), in the same way.
pub fn chain_with_extensions(body: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut reader = Reader::new(body);
    let announced = reader.vec8().and_then(|_| reader.u24());
    let next = move || {
        let der = announced.and_then(|_| reader.vec24())?;
        reader.vec16();
        Some(der.rest())
    };
    std::iter::from_fn(next).take(CHAIN)
}

/// What a certificate says. One that cannot be read has its hash only, and `false` comes with it.
pub fn facts(der: &[u8]) -> (CertificateFacts, bool) {
    let sha256 = hex(digest(&SHA256, der).as_ref());
    let Ok((_, certificate)) = X509Certificate::from_der(der) else {
        return (CertificateFacts { sha256, ..CertificateFacts::default() }, false);
    };
    let validity = certificate.validity();
    let facts = CertificateFacts {
        subject: short(&certificate.subject().to_string()),
        issuer: short(&certificate.issuer().to_string()),
        names: names(&certificate),
        validity: (validity.not_before.timestamp(), validity.not_after.timestamp()),
        sha256,
    };
    (facts, true)
}

fn names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(extension)) = certificate.subject_alternative_name() else { return Vec::new() };
    let names = extension.value.general_names.iter().filter_map(|name| match name {
        GeneralName::DNSName(name) => Some(short(name)),
        _ => None,
    });
    names.take(NAMES).collect()
}

fn short(text: &str) -> String {
    text.chars().take(TEXT).collect()
}

/// Certificates looked at of one message.
const CHAIN: usize = 16;
/// Names kept of one certificate.
const NAMES: usize = 256;
/// The longest name kept, in characters.
const TEXT: usize = 1024;
