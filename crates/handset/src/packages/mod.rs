//! The packages of the phone: which there are, who made them, and what they are allowed.
//!
//! - `androidqf`: AndroidQF's `packages.json`.
//! - `dump`: `dumpsys package`.
//! - `list`: `pm list packages` and `packages.list`.
//! - `operations`: `appops.xml` and `access.abx`, read by what reads the next ones.
//! - `settings`: `packages.xml`, `package-restrictions.xml` and `runtime-permissions.xml`, as text (`text`) and in
//!   Android's binary form (`abx`).
//! - `table`: all tellings of a package together, and the packages of a uid.

mod abx;
mod androidqf;
mod dump;
mod hex;
mod list;
mod operations;
mod settings;
mod table;
mod text;

pub use self::{
    abx::read as read_abx,
    androidqf::read as read_androidqf,
    table::{FileNo, Known, Packages},
    text::read as read_xml,
};
pub(crate) use self::{
    androidqf::recognise as recognise_androidqf,
    dump::Dump,
    list::{InstalledList, List, recognise_installed, recognise_list},
};

use evidence::Timestamp;

use crate::{Found, Uid};

/// A package, as one file tells it. What the file does not tell is `None` or empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Package {
    /// Its name: `com.example.app`.
    pub name: String,
    /// Its app id, the uid in the space of user 0.
    pub uid: Option<Found<Uid>>,
    /// The user id it shares with other packages: `android.uid.system`. [`packages.xml`](read_xml) gives the
    /// number only; then it is empty, and `uid` is that of the [`SharedUser`].
    pub shared_user: Option<Found<String>>,
    /// Where its code lies: `/system/priv-app/Telecom`.
    pub code_path: Option<Found<String>>,
    /// What it is to the system.
    pub flags: Option<Found<Flags>>,
    /// The version for people.
    pub version_name: Option<Found<String>>,
    /// The version that counts.
    pub version_code: Option<Found<u64>>,
    /// The package that installed it.
    pub installer: Option<Found<String>>,
    /// When it was first installed.
    pub first_install: Option<Found<Timestamp>>,
    /// When it was last updated.
    pub last_update: Option<Found<Timestamp>>,
    /// The permissions it asks for or has.
    pub permissions: Vec<Found<Permission>>,
    /// Who signed it.
    pub signers: Vec<Found<Signer>>,
    /// Its files, where they are told one by one.
    pub files: Vec<Found<PackageFile>>,
    /// What each user made of it.
    pub users: Vec<Found<UserState>>,
    /// Whether this is the package as it came with the system, behind an update of it.
    pub is_original: bool,
}

impl Package {
    /// A package of which only the name is known.
    pub(crate) fn named(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    /// Whether there is room for one more of its lists: a hostile file has no end of permissions.
    fn has_room(&self) -> bool {
        let lists = [self.files.len(), self.permissions.len(), self.signers.len(), self.users.len()];
        lists.into_iter().fold(0, usize::saturating_add) < MAX_PARTS
    }
}

/// What a package is to the system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Flags {
    /// It came with the system.
    pub system: bool,
    /// It came with the system in a place for privileged apps (`priv-app`).
    pub privileged: bool,
    /// It came with the system and was updated since.
    pub updated: bool,
}

impl Flags {
    /// Either's.
    pub fn or(self, other: Self) -> Self {
        Self {
            system: self.system || other.system,
            privileged: self.privileged || other.privileged,
            updated: self.updated || other.updated,
        }
    }
}

/// A permission that a package asks for or has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permission {
    /// Its name: `android.permission.READ_SMS`.
    pub name: String,
    /// Whether it has it; `None` where the file only says that it asks for it.
    pub granted: Option<bool>,
    /// The user, where the permission is granted to each user's copy by itself.
    pub user: Option<u32>,
    /// The state behind it, as the file has it: `USER_SET|USER_SENSITIVE_WHEN_GRANTED`.
    pub state: String,
}

/// Who signed a package, as far as the file tells.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Signer {
    /// The hash code that `dumpsys package` prints, 32 bits in hex: good to tell signers apart, no proof.
    HashCode(String),
    /// SHA-256 of the certificate's DER.
    Sha256([u8; 32]),
}

/// A file of a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackageFile {
    /// Where it lies.
    pub path: String,
    /// Its SHA-256.
    pub sha256: Option<[u8; 32]>,
}

/// What a user made of a package.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserState {
    /// The user; [`UNKNOWN`](Self::UNKNOWN) where the file does not tell.
    pub user: u32,
    /// Whether it is installed for this user.
    pub installed: Option<bool>,
    /// Whether it is hidden from this user.
    pub hidden: Option<bool>,
    /// Whether it is stopped until the user starts it.
    pub stopped: Option<bool>,
    /// Whether it may run: 0 as its manifest says, 1 yes, 2 no, 3 disabled by the user, 4 until used
    /// (`PackageManager.COMPONENT_ENABLED_STATE_…`).
    pub enabled: Option<u32>,
    /// Whether it is kept from running for a while, by an administrator or the system's "wellbeing".
    pub suspended: Option<bool>,
    /// The package that set `enabled`, `shell:2000` for a computer.
    pub enabled_by: Option<String>,
}

impl UserState {
    /// The user of a file that stands in the user's own folder and does not name it.
    pub const UNKNOWN: u32 = u32::MAX;
}

/// A user id that packages share, and what is granted to all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SharedUser {
    /// Its name: `android.uid.phone`.
    pub name: String,
    /// The app id.
    pub uid: Option<Found<Uid>>,
    /// The permissions that each of its packages has.
    pub permissions: Vec<Found<Permission>>,
}

/// A component of a package that the system starts by itself, or that people see.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Component {
    /// The package.
    pub package: String,
    /// Its class; a leading dot stands for the package.
    pub class: String,
    /// What it is for.
    pub role: Role,
}

/// What a component is for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// An activity with an icon among the apps.
    Launcher,
    /// A receiver of this broadcast.
    Receiver(String),
}

/// How many parts a package may have in all. The largest ones known have some 500.
const MAX_PARTS: usize = 20_000;
