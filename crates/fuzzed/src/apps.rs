//! Any bytes as an app, its parts, or firmware: whatever is told lies in the bytes, what is unpacked keeps to its
//! limit, and a second look tells the same.

use std::sync::Arc;

use handset::{
    apk::{
        Apk, Callers, Code, Limits, Manifest, Trackers, axml::Document, resources::Resources,
        signatures::v4_signer, zip::Archive,
    },
    firmware::{Source, grants, kind, parts},
};

pub(crate) fn apk(bytes: &[u8]) {
    let apk = Apk::within(bytes, LIMITS);
    for member in apk.archive().members() {
        let Some(content) = apk.archive().content(member, MEMBER) else { continue };
        assert!(content.bytes.len() <= MEMBER, "more than the limit");
        assert!(content.packed.end <= bytes.len() as u64, "a member outside the file");
    }
    let contents = apk.contents(Trackers::own());
    let unpacked: usize = apk.code().members().map(|(_, bytes)| bytes.len()).sum();
    assert!(unpacked <= 4 * MEMBER + bytes.len(), "{unpacked} bytes of code");
    for fact in &contents.endpoints {
        assert!(
            fact.count >= fact.holders.len() && !fact.holders.is_empty(),
            "an endpoint that nobody holds"
        );
    }
    for contained in apk.contains(&["http", "/", "a"]) {
        for held in &contained.code {
            assert!(held.text.contains(&contained.needle), "a string without what it is said to contain");
        }
    }
    let again = Apk::within(bytes, LIMITS);
    assert!(format!("{:?}", apk.manifest()) == format!("{:?}", again.manifest()), "another manifest");
    assert!(apk.coverage() == again.coverage(), "another coverage");
}

pub(crate) fn axml(bytes: &[u8]) {
    let document = Document::read(bytes);
    for attribute in document.elements.iter().flat_map(|element| &element.attributes) {
        assert!(attribute.bytes().end <= bytes.len() as u64, "an attribute outside the file");
    }
    let resources = Resources::read(bytes);
    assert!(resources.texts().all(|(_, at)| at <= bytes.len() as u64), "a string outside the file");
    Manifest::read(bytes, &resources);
}

pub(crate) fn dex(bytes: &[u8]) {
    let mut code = Code::default();
    if code.add("classes.dex", bytes.into()).is_err() {
        return;
    }
    assert!(code.dex_bytes() <= bytes.len() as u64, "more code than bytes");
    for held in code.holders("a") {
        let range = held.bytes.start as usize..held.bytes.end as usize;
        assert!(bytes.get(range).is_some(), "a string outside the file");
        assert!(
            held.holders.iter().all(|holder| holder.at <= bytes.len() as u64),
            "a holder outside the file"
        );
    }
    let callers = Callers::of(&code);
    for held in code.holders("http") {
        let names: Vec<_> = held.holders.iter().take(2).map(|holder| holder.name.as_str()).collect();
        if let [one, other] = names[..] {
            callers.nearest_common(one, other);
        }
    }
}

pub(crate) fn signatures(bytes: &[u8]) {
    let signatures = handset::apk::Signatures::read(&Archive::read(bytes));
    for signer in &signatures.signers {
        assert!(signer.start <= signer.end && signer.end <= bytes.len() as u64, "a signer outside the file");
    }
    assert!(signatures.newest().count() <= signatures.signers.len());
    v4_signer(bytes, 1 << 20);
}

pub(crate) fn firmware(bytes: &[u8]) {
    let source: Source = Arc::new(bytes.to_vec());
    let is_image = kind(&*source).is_some();
    let found = parts("x", source);
    assert!(is_image || found.parts.is_empty(), "parts of what is no image");
    for part in &found.parts {
        let files = part.files(&mut Vec::new());
        for file in files.iter().take(20) {
            let read = part.read(&file.path, 1 << 16);
            assert!(read.is_none_or(|read| read.len() <= 1 << 16), "more than was asked for");
            part.packed(&file.path);
        }
    }
    for grant in grants(bytes).0 {
        assert!(grant.start <= grant.end && grant.end <= bytes.len() as u64, "a grant outside the file");
    }
}

/// Smaller than the default, so that a bomb costs little.
const MEMBER: usize = 1 << 20;
const LIMITS: Limits = Limits { member: MEMBER, all: 2 * MEMBER };
