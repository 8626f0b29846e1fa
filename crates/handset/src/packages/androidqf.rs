//! AndroidQF's `packages.json`: an array of packages, each with its files, their hashes and certificates.
//!
//! Read element by element, so that each has its place, and a damaged one costs only what comes behind it.

use serde_json::{Deserializer, Map, Value};

use super::{Flags, Package, PackageFile, Signer, UserState, hex};
use crate::{Found, Oddity, Uid, reader::Fact, scan};

/// Puts the packages of a `packages.json` into `out`.
pub fn read(bytes: &[u8], out: &mut Vec<Fact>) {
    let mut room = MOST_PACKAGES;
    let mut at = memchr::memchr(b'[', bytes).map_or(bytes.len(), |at| at.saturating_add(1));
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        at = at.saturating_add(rest.iter().take_while(|byte| b" \t\r\n,".contains(byte)).count());
        let rest = bytes.get(at..).unwrap_or_default();
        if rest.first().is_none_or(|byte| *byte == b']') {
            return;
        }
        if room == 0 {
            out.push(Fact::Oddity(Oddity::new("file holds more than is read of its kind", "", at as u64)));
            return;
        }
        room = room.saturating_sub(1);
        let mut elements = Deserializer::from_slice(rest).into_iter::<Value>();
        let Some(Ok(element)) = elements.next() else {
            out.push(Fact::Oddity(Oddity::new("file holds broken JSON", "", at as u64)));
            return;
        };
        let end = at.saturating_add(elements.byte_offset());
        out.push(fact(&element, at as u64..end as u64));
        at = end;
    }
}

/// Whether a file that begins so is a `packages.json`.
pub(crate) fn recognise(beginning: &str) -> bool {
    let begins: String = beginning.chars().filter(|c| !c.is_whitespace()).take(16).collect();
    begins.starts_with("[{\"name\":\"") && beginning.contains("\"files\"")
}

fn fact(element: &Value, place: std::ops::Range<u64>) -> Fact {
    let found = element.as_object().and_then(|fields| package(fields, &place));
    match found {
        Some(package) => Fact::Package(Found::new(Box::new(package), place)),
        None => Fact::Oddity(Oddity::new("file holds a package without a name", "", place.start)),
    }
}

fn package(fields: &Map<String, Value>, place: &std::ops::Range<u64>) -> Option<Package> {
    let mut package = text(fields, "name").filter(|name| scan::is_package(name)).map(Package::named)?;
    let uid = fields.get("uid").and_then(Value::as_u64).and_then(|uid| u32::try_from(uid).ok());
    package.uid = uid.map(|uid| Found::new(Uid(Uid(uid).app_id()), place.clone()));
    let installer = text(fields, "installer").filter(|name| !matches!(*name, "" | "null"));
    package.installer = installer.map(|installer| Found::new(installer.to_owned(), place.clone()));
    if let Some(system) = fields.get("system").and_then(Value::as_bool) {
        package.flags = Some(Found::new(Flags { system, ..Flags::default() }, place.clone()));
    }
    if fields.get("disabled").and_then(Value::as_bool) == Some(true) {
        let state = UserState { enabled: Some(DISABLED), ..UserState::default() };
        package.users.push(Found::new(state, place.clone()));
    }
    for file in fields.get("files").and_then(Value::as_array).into_iter().flatten() {
        if let Some(file) = file.as_object().filter(|_| package.has_room()) {
            tell_file(&mut package, file, place);
        }
    }
    Some(package)
}

fn tell_file(package: &mut Package, file: &Map<String, Value>, place: &std::ops::Range<u64>) {
    let Some(path) = text(file, "path") else { return };
    let sha256 = text(file, "sha256").and_then(digest);
    package.code_path.get_or_insert_with(|| Found::new(path.to_owned(), place.clone()));
    package.files.push(Found::new(PackageFile { path: path.to_owned(), sha256 }, place.clone()));
    let certificate = file.get("certificate").and_then(Value::as_object);
    let signer = certificate.and_then(|certificate| digest(text(certificate, "Sha256")?)).map(Signer::Sha256);
    if let Some(signer) = signer
        && package.signers.iter().all(|known| known.value != signer)
    {
        package.signers.push(Found::new(signer, place.clone()));
    }
}

fn digest(text: &str) -> Option<[u8; 32]> {
    hex::bytes(text)?.try_into().ok()
}

fn text<'a>(fields: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    fields.get(key)?.as_str()
}

/// No phone has a tenth of them.
const MOST_PACKAGES: usize = 50_000;

/// `PackageManager.COMPONENT_ENABLED_STATE_DISABLED`
const DISABLED: u32 = 2;

#[cfg(test)]
mod tests {
    use super::{read, recognise};
    use crate::{Uid, packages::Signer, reader::Fact, testing};

    #[test]
    fn packages_come_with_their_files() {
        let digest = "ab".repeat(32);
        let text = format!(
            r#"[
    {{ "name": "com.example.app", "files": [
        {{ "path": "/data/app/x/base.apk", "sha256": "{digest}", "certificate": {{ "Sha256": "{digest}" }} }},
        {{ "path": "/data/app/x/split.apk", "sha256": "", "certificate": {{ "Sha256": "{digest}" }} }} ],
      "installer": "null", "uid": 1010271, "disabled": true, "system": false, "third_party": true }},
    {{ "nobody": 1 }},
    {{ "name": "com.cut"#
        );
        assert!(recognise(&text) && !recognise("[{\"name\":\"x\"}]"));
        let mut facts = Vec::new();
        read(text.as_bytes(), &mut facts);
        let [Fact::Package(found), Fact::Oddity(nobody), Fact::Oddity(cut)] = &facts[..] else {
            panic!("{facts:#?}")
        };
        let package = &found.value;
        assert_eq!(package.uid.as_ref().unwrap().value, Uid(10_271));
        assert_eq!(package.code_path.as_ref().unwrap().value, "/data/app/x/base.apk");
        assert_eq!((package.files.len(), package.signers.len()), (2, 1));
        assert_eq!(package.files[0].value.sha256, Some([0xab; 32]));
        assert_eq!(package.signers[0].value, Signer::Sha256([0xab; 32]));
        assert_eq!((package.files[1].value.sha256, &package.installer), (None, &None));
        assert!(testing::text_of(&text, found).starts_with("{ \"name\""));
        assert!(testing::text_of(&text, found).ends_with("true }"));
        assert_eq!(nobody.what, "file holds a package without a name");
        assert_eq!(cut.what, "file holds broken JSON");
    }
}
