//! What `packages.xml` and the files beside it hold, whichever way their elements are written; the root tells
//! which it is.
//!
//! - `packages` (AOSP `Settings.writeLPr`): a certificate is written once, with its index; later packages name the
//!   index only.
//! - `package-restrictions` (`Settings.writePackageRestrictions`): what one user made of each package.
//! - `runtime-permissions` (`RuntimePermissionsPersistence`, before Android 11 `Settings`): what one user allowed
//!   each package.
//! - `app-ops` and `access`: what apps did that needs a permission, and whether they may ([`Operations`]).
//!
//! The second and the third stand in a folder that names the user; they do not name it themselves ([`UserState::UNKNOWN`]).
//!
//! In the binary form two bytes can stand for a long text, so what is read is bounded by its length when written
//! out ([`MOST`]), not by the file's.

use std::{collections::BTreeMap, rc::Rc};

use sha2::{Digest, Sha256};

use super::{Flags, Package, Permission, SharedUser, Signer, UserState, hex, operations::Operations};
use crate::{Found, Oddity, Uid, clock, reader::Fact, scan};

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
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| **key == *name).map(|(_, value)| &**value)
    }

    /// How long it is when written out, about.
    fn length(&self) -> usize {
        let values = self.attributes.iter().map(|(_, value)| value.len());
        values.fold(OF_AN_ELEMENT, usize::saturating_add)
    }

    pub(super) fn number<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.attribute(name)?.parse().ok()
    }

    pub(super) fn found<T>(&self, value: T) -> Found<T> {
        Found::new(value, self.start..self.end)
    }

    fn text(&self, name: &str) -> Option<Found<String>> {
        self.attribute(name).filter(|value| !value.is_empty()).map(|value| self.found(value.to_owned()))
    }

    /// Milliseconds since 1970 in hex.
    fn instant(&self, name: &str) -> Option<Found<evidence::Timestamp>> {
        let millis = i64::from_str_radix(self.attribute(name)?, 16).ok().filter(|millis| *millis > 0)?;
        Some(self.found(clock::millis(millis)?))
    }
}

/// Gathers the packages of a file from its elements.
#[derive(Debug, Default)]
pub(super) struct Settings {
    /// What the first element says the file is.
    root: Option<Root>,
    open: Option<Open>,
    /// Within the certificates of the past.
    is_past: bool,
    /// Within a list of permissions.
    is_permissions: bool,
    certificates: BTreeMap<u32, [u8; 32]>,
    operations: Operations,
    /// How much was read, written out.
    length: usize,
}

/// Which file it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Root {
    Access,
    Operations,
    Packages,
    Permissions,
    Restrictions,
}

impl Root {
    fn of(name: &str) -> Self {
        match name {
            "access" => Self::Access,
            "app-ops" => Self::Operations,
            "package-restrictions" => Self::Restrictions,
            "runtime-permissions" => Self::Permissions,
            _ => Self::Packages,
        }
    }
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
        match *self.root.get_or_insert_with(|| Root::of(&element.name)) {
            Root::Access => self.operations.allowed(element),
            Root::Operations => self.operations.counted(element),
            Root::Packages => self.installed(element),
            Root::Permissions => self.allowed(element),
            Root::Restrictions => self.restricted(element),
        }
        None
    }

    fn installed(&mut self, element: &Element) {
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
    }

    /// Before Android 11 packages were `pkg` and their permissions `item`.
    fn allowed(&mut self, element: &Element) {
        match &*element.name {
            "package" | "pkg" if self.open.is_none() => {
                self.open = named(element).map(|package| Open::Package(Box::new(package), element.start));
            }
            "shared-user" if self.open.is_none() => {
                self.open = shared_user(element).map(|user| Open::SharedUser(user, element.start));
            }
            "item" | "permission" => self.permission(element),
            _ => {}
        }
    }

    fn restricted(&mut self, element: &Element) {
        if &*element.name == "pkg" && self.open.is_none() {
            self.open = restricted(element).map(|package| Open::Package(Box::new(package), element.start));
        }
    }

    /// An element ends before the byte `end`.
    pub(super) fn end(&mut self, name: &str, end: u64, out: &mut Vec<Fact>) {
        if matches!(self.root, Some(Root::Access | Root::Operations)) {
            return self.operations.end(name, out);
        }
        match name {
            "package" | "pkg" | "shared-user" | "updated-package" => self.close(end, out),
            "pastSigs" => self.is_past = false,
            "perms" => self.is_permissions = false,
            _ => {}
        }
    }

    /// The file ends before the byte `end`; what is open is kept as far as it goes.
    pub(super) fn close(&mut self, end: u64, out: &mut Vec<Fact>) {
        self.is_past = false;
        self.is_permissions = false;
        self.operations.end("", out);
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
        let flags = element.attribute("flags").unwrap_or_default();
        let state = match self.root {
            Some(Root::Permissions) => flag_names(flags),
            _ => flags.to_owned(),
        };
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

/// A package of which the element gives the name.
fn named(element: &Element) -> Option<Package> {
    element.attribute("name").filter(|name| scan::is_package(name)).map(Package::named)
}

/// What a user made of a package; what is as usual is left out of the file.
fn restricted(element: &Element) -> Option<Package> {
    let flag = |names: &[&str], usual| {
        let value = names.iter().find_map(|name| element.attribute(name));
        Some(value.map_or(usual, |value| value == "true"))
    };
    let state = UserState {
        user: UserState::UNKNOWN,
        installed: flag(&["inst"], true),
        // Called so until Android 5.
        hidden: flag(&["hidden", "blocked"], false),
        stopped: flag(&["stopped"], false),
        suspended: flag(&["suspended"], false),
        enabled: Some(element.number("enabled").unwrap_or(0)),
        enabled_by: element.attribute("enabledCaller").map(str::to_owned),
    };
    let first_install = element.instant("first-install-time");
    Some(Package { users: vec![element.found(state)], first_install, ..named(element)? })
}

/// The flags of a permission as `dumpsys package` prints them, from their number in hex; as they are where they
/// are none.
fn flag_names(hex: &str) -> String {
    let Ok(mut bits) = u32::from_str_radix(hex, 16) else { return hex.to_owned() };
    let mut names = Vec::new();
    for (bit, name) in PERMISSION_FLAGS {
        if bits & bit != 0 {
            names.push((*name).to_owned());
            bits &= !bit;
        }
    }
    if bits != 0 {
        names.push(format!("0x{bits:x}"));
    }
    names.join("|")
}

/// `PackageManager.FLAG_PERMISSION_…`
const PERMISSION_FLAGS: &[(u32, &str)] = &[
    (1, "USER_SET"),
    (1 << 1, "USER_FIXED"),
    (1 << 2, "POLICY_FIXED"),
    (1 << 3, "REVOKED_COMPAT"),
    (1 << 4, "SYSTEM_FIXED"),
    (1 << 5, "GRANTED_BY_DEFAULT"),
    (1 << 6, "REVIEW_REQUIRED"),
    (1 << 7, "REVOKE_WHEN_REQUESTED"),
    (1 << 8, "USER_SENSITIVE_WHEN_GRANTED"),
    (1 << 9, "USER_SENSITIVE_WHEN_DENIED"),
    (1 << 11, "RESTRICTION_INSTALLER_EXEMPT"),
    (1 << 12, "RESTRICTION_SYSTEM_EXEMPT"),
    (1 << 13, "RESTRICTION_UPGRADE_EXEMPT"),
    (1 << 14, "APPLY_RESTRICTION"),
    (1 << 15, "GRANTED_BY_ROLE"),
    (1 << 16, "ONE_TIME"),
    (1 << 17, "AUTO_REVOKED"),
];

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
