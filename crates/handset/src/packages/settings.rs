//! What `packages.xml` holds (AOSP `Settings.writeLPr`), whichever way its elements are written.
//!
//! A certificate is written once, with its index; later packages name the index only.
//!
//! In the binary form two bytes can stand for a long text, so what is read is bounded by its length when written
//! out ([`MOST`]), not by the file's.

use std::{collections::BTreeMap, rc::Rc};

use sha2::{Digest, Sha256};

use super::{Flags, Package, Permission, SharedUser, Signer, hex};
use crate::{Found, Oddity, Uid, reader::Fact, scan};

/// An element of the file.
#[derive(Clone, Debug, Default)]
pub(super) struct Element {
    /// Its name.
    pub(super) name: Rc<str>,
    /// Its attributes, as the text form writes their values; no more than [`MOST_ATTRIBUTES`].
    pub(super) attributes: Vec<(Rc<str>, Rc<str>)>,
    /// Offset of its first byte.
    pub(super) start: u64,
    /// The byte after its head.
    pub(super) end: u64,
}

impl Element {
    fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| **key == *name).map(|(_, value)| &**value)
    }

    /// How long it is when written out, about.
    fn length(&self) -> usize {
        let values = self.attributes.iter().map(|(_, value)| value.len());
        values.fold(OF_AN_ELEMENT, usize::saturating_add)
    }

    fn number<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.attribute(name)?.parse().ok()
    }

    fn found<T>(&self, value: T) -> Found<T> {
        Found::new(value, self.start..self.end)
    }

    fn text(&self, name: &str) -> Option<Found<String>> {
        self.attribute(name).filter(|value| !value.is_empty()).map(|value| self.found(value.to_owned()))
    }

    /// Milliseconds since 1970 in hex.
    fn instant(&self, name: &str) -> Option<Found<evidence::Timestamp>> {
        let millis = i64::from_str_radix(self.attribute(name)?, 16).ok().filter(|millis| *millis > 0)?;
        Some(self.found(evidence::Timestamp(millis.saturating_mul(1_000_000))))
    }
}

/// Gathers the packages of a file from its elements.
#[derive(Debug, Default)]
pub(super) struct Settings {
    open: Option<Open>,
    /// Within the certificates of the past.
    is_past: bool,
    /// Within a list of permissions.
    is_permissions: bool,
    certificates: BTreeMap<u32, [u8; 32]>,
    /// How much was read, written out.
    length: usize,
}

#[derive(Debug)]
enum Open {
    Package(Box<Package>, u64),
    SharedUser(SharedUser, u64),
}

impl Settings {
    /// An element begins. Gives an oddity where no more is to be read.
    pub(super) fn start(&mut self, element: &Element) -> Option<Oddity> {
        self.length = self.length.saturating_add(element.length());
        if self.length > MOST {
            return Some(Oddity::new("file holds more than is read of its kind", "", element.start));
        }
        match &*element.name {
            "package" | "updated-package" if self.open.is_none() => {
                self.open = package(element).map(|package| Open::Package(Box::new(package), element.start));
            }
            "shared-user" if self.open.is_none() => {
                self.open = shared_user(element).map(|user| Open::SharedUser(user, element.start));
            }
            "cert" => self.certificate(element),
            "pastSigs" => self.is_past = true,
            "perms" => self.is_permissions = true,
            "item" if self.is_permissions => self.permission(element),
            _ => {}
        }
        None
    }

    /// An element ends before the byte `end`.
    pub(super) fn end(&mut self, name: &str, end: u64, out: &mut Vec<Fact>) {
        match name {
            "package" | "shared-user" | "updated-package" => self.close(end, out),
            "pastSigs" => self.is_past = false,
            "perms" => self.is_permissions = false,
            _ => {}
        }
    }

    /// The file ends before the byte `end`; what is open is kept as far as it goes.
    pub(super) fn close(&mut self, end: u64, out: &mut Vec<Fact>) {
        self.is_past = false;
        self.is_permissions = false;
        out.extend(self.open.take().map(|open| match open {
            Open::Package(package, start) => Fact::Package(Found::new(package, start..end)),
            Open::SharedUser(user, start) => Fact::SharedUser(Found::new(user, start..end)),
        }));
    }

    fn certificate(&mut self, element: &Element) {
        let Some(index) = element.number::<u32>("index") else { return };
        if let Some(key) = element.attribute("key").and_then(hex::bytes)
            && self.certificates.len() < super::MAX_PARTS
        {
            self.certificates.insert(index, Sha256::digest(&key).into());
        }
        if let (Some(Open::Package(package, _)), Some(digest), false) =
            (&mut self.open, self.certificates.get(&index), self.is_past)
            && package.has_room()
        {
            package.signers.push(element.found(Signer::Sha256(*digest)));
        }
    }

    fn permission(&mut self, element: &Element) {
        let Some(name) = element.attribute("name") else { return };
        let granted = element.attribute("granted").is_none_or(|granted| granted == "true");
        let state = element.attribute("flags").unwrap_or_default().to_owned();
        let permission = Permission { name: name.to_owned(), granted: Some(granted), user: None, state };
        match &mut self.open {
            Some(Open::Package(package, _)) if package.has_room() => {
                package.permissions.push(element.found(permission));
            }
            Some(Open::SharedUser(user, _)) if user.permissions.len() < super::MAX_PARTS => {
                user.permissions.push(element.found(permission));
            }
            _ => {}
        }
    }
}

fn package(element: &Element) -> Option<Package> {
    let name = element.attribute("name").filter(|name| scan::is_package(name))?;
    let shared = element.number::<u32>("sharedUserId").or_else(|| element.number("sharedUserAppId"));
    let own = element.number::<u32>("userId");
    Some(Package {
        uid: shared.or(own).map(|uid| element.found(Uid(uid))),
        shared_user: shared.map(|_| element.found(String::new())),
        code_path: element.text("codePath"),
        flags: flags(element).map(|flags| element.found(flags)),
        version_code: element.number("version").map(|version| element.found(version)),
        installer: element.text("installer"),
        first_install: element.instant("it"),
        last_update: element.instant("ut"),
        is_original: &*element.name == "updated-package",
        ..Package::named(name)
    })
}

fn shared_user(element: &Element) -> Option<SharedUser> {
    let name = element.attribute("name")?.to_owned();
    let uid = element.number::<u32>("userId").map(|uid| element.found(Uid(uid)));
    Some(SharedUser { name, uid, permissions: Vec::new() })
}

/// Bits of `ApplicationInfo`: since Android 6 those that apps see stand apart from the others.
fn flags(element: &Element) -> Option<Flags> {
    const SYSTEM: i64 = 1;
    const UPDATED: i64 = 1 << 7;
    const PRIVILEGED: i64 = 1 << 3;
    const PRIVILEGED_BEFORE_6: i64 = 1 << 30;
    let old: Option<i64> = element.number("flags");
    let public = element.number("publicFlags").or(old)?;
    let private: i64 = element.number("privateFlags").unwrap_or(0);
    let old_privileged = old.is_some_and(|old| old & PRIVILEGED_BEFORE_6 != 0);
    Some(Flags {
        system: public & SYSTEM != 0,
        privileged: private & PRIVILEGED != 0 || old_privileged,
        updated: public & UPDATED != 0,
    })
}

/// More than any element of the format has.
pub(super) const MOST_ATTRIBUTES: usize = 256;

/// What an element takes beside its values.
const OF_AN_ELEMENT: usize = 128;

/// The largest files known have some 60,000 elements and 5 MiB.
const MOST: usize = 128 << 20;
