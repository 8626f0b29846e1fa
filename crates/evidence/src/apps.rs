//! What apps say of themselves: each with its signer, its privileges, and what its code holds and where.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::InputProblem;

/// The version of the format of [`Survey`]. The first number changes when old readers would go wrong.
pub const SURVEY_FORMAT: &str = "phonehome-apps/1.0";

/// All apps of some folders, images and lists. What `phonehome apps --json` prints, as `serde` writes it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Survey {
    /// [`SURVEY_FORMAT`].
    pub format: String,
    /// Name and version of the program that made it.
    pub program: String,
    /// The inputs as they were given.
    pub inputs: Vec<String>,
    /// Inputs that gave trouble.
    pub problems: Vec<InputProblem>,
    /// What of images and folders was not read.
    pub unread: Vec<Unread>,
    /// What is odd about images, lists and permission files.
    pub oddities: Vec<AppOddity>,
    /// The apps, by package.
    pub apps: Vec<App>,
}

/// Something that was not read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Unread {
    /// What.
    pub what: String,
    /// Bytes, where they are known; else 0.
    pub bytes: u64,
    /// Why not.
    pub why: String,
}

/// Odd bytes in a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AppOddity {
    /// The file, or the member of it.
    pub file: String,
    /// The kind: a fixed sentence.
    pub what: String,
    /// The numbers.
    pub detail: String,
    /// Offset in the file.
    pub offset: u64,
}

/// An app.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct App {
    /// Its package.
    pub package: String,
    /// The name that people see; empty where there is none.
    pub label: String,
    /// The version for people.
    pub version_name: String,
    /// The version that counts.
    pub version_code: Option<u64>,
    /// Its files, the base first; of an app that only a list names, none.
    pub files: Vec<AppFile>,
    /// Who signed it, by every scheme.
    pub signers: Vec<AppSigner>,
    /// What it is to the system.
    pub standing: Standing,
    /// Permissions that it asks for.
    pub permissions: Vec<String>,
    /// Privileges that files of the firmware give it.
    pub grants: Vec<AppGrant>,
    /// Whether it has no icon among the apps; `None` where nothing tells of its components.
    pub hidden: Option<bool>,
    /// Receivers that the system starts, by what for: `boot`, `connectivity`, `SMS`, `telephony`.
    pub receivers: Vec<AppReceiver>,
    /// Hosts, addresses and URLs in it.
    pub endpoints: Vec<AppFact>,
    /// Telephone numbers in it.
    pub phone_numbers: Vec<AppFact>,
    /// Identifiers and personal data that it can read, as its code shows. Where no code was read, what its
    /// permissions allow: without a place, and `detail` names the permission.
    pub reads: Vec<AppFact>,
    /// System properties that it reads, with the value that the firmware gives them.
    pub properties: Vec<AppFact>,
    /// Where it sends SMS.
    pub sms_sends: Vec<AppFact>,
    /// Where it deletes rows of the message store.
    pub sms_deletes: Vec<AppFact>,
    /// Ciphers by name, and constants that can be keys.
    pub crypto: Vec<AppFact>,
    /// Libraries that report on users.
    pub trackers: Vec<AppTracker>,
    /// How much of its code was read; `None` where its code was not at hand.
    pub coverage: Option<CodeCoverage>,
    /// What is odd about it.
    pub oddities: Vec<AppOddity>,
}

impl App {
    /// The permissions that it asks for or was given, as far as anything tells.
    pub fn permitted(&self) -> impl Iterator<Item = &str> {
        let given = self.grants.iter().filter(|grant| !["config", "denied"].contains(&grant.kind.as_str()));
        self.permissions.iter().map(String::as_str).chain(given.map(|grant| grant.what.as_str()))
    }

    /// Whether any of its code was read.
    pub fn shows_code(&self) -> bool {
        self.coverage.as_ref().is_some_and(|coverage| coverage.dex_bytes > 0)
    }

    /// Whether its own manifest was read, which names its components and all permissions that it asks for.
    pub fn shows_manifest(&self) -> bool {
        self.coverage.is_some() && !self.package.is_empty()
    }

    /// Whether it can send SMS, by its code or by a permission; `None` where neither was read.
    pub fn can_send_sms(&self) -> Option<bool> {
        let can = !self.sms_sends.is_empty() || self.permitted().any(|permission| permission == SEND_SMS);
        let known = can || self.shows_code() || self.shows_manifest() || self.permitted().next().is_some();
        known.then_some(can)
    }

    /// Whether what it can read is told by its permissions, and not by its code.
    pub fn reads_by_permission(&self) -> bool {
        !self.reads.is_empty() && self.reads.iter().all(|fact| fact.count == 0)
    }

    /// Whether it has no icon among the apps; `None` where nothing was read that would tell.
    pub fn has_no_icon(&self) -> Option<bool> {
        // What has no components is no app that people open.
        self.hidden.or_else(|| self.shows_manifest().then_some(false))
    }
}

/// The permission to send text messages.
const SEND_SMS: &str = "android.permission.SEND_SMS";

/// A file of an app.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppFile {
    /// Where it was found.
    pub path: String,
    /// Its bytes.
    pub bytes: u64,
    /// SHA-256 in lower-case hex.
    pub sha256: String,
    /// The split's name; empty for the base.
    pub split: String,
}

/// Who signed an app.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppSigner {
    /// The scheme: `v1` to `v4`.
    pub scheme: String,
    /// Whether the signature holds.
    pub outcome: Outcome,
    /// Why it does not, or which algorithm it needs.
    pub reason: String,
    /// SHA-256 of the signer's certificate, in hex; of a list that tells less, what it tells.
    pub certificate: String,
    /// The certificate's subject.
    pub subject: String,
}

/// Whether a signature holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It does not.
    Invalid,
    /// A list of the phone says so; it was not checked here.
    Told,
    /// It needs an algorithm that is not checked here.
    Unsupported,
    /// It does.
    Valid,
}

/// What an app is to the system.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// It comes with the system.
    pub system: bool,
    /// It lies in a place for privileged apps.
    pub privileged: bool,
    /// The user id that it shares; empty where it shares none.
    pub shared_user: String,
    /// Its uid, where a list tells it.
    pub uid: Option<u32>,
    /// The package that installed it, where a list tells it.
    pub installer: String,
}

/// A privilege that a file gives.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AppGrant {
    /// In which way: `privileged`, `default`, `config`, `denied`, `assigned`.
    pub kind: String,
    /// The permission, or what else is given.
    pub what: String,
    /// The user cannot take it back.
    pub fixed: bool,
    /// The file that says so.
    pub file: String,
    /// Offset of the first byte that says so.
    pub start: u64,
    /// The byte after the last one.
    pub end: u64,
}

/// A receiver that the system starts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AppReceiver {
    /// What for: `boot`, `connectivity`, `SMS`, `telephony`.
    pub event: String,
    /// Its class.
    pub class: String,
}

/// Something that an app holds or does, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppFact {
    /// What: a host, a number, an identifier, a key.
    pub value: String,
    /// More on it: the URL, the value of a property, the form of a key.
    pub detail: String,
    /// Where; the first few.
    pub places: Vec<CodePlace>,
    /// At how many places.
    pub count: u64,
}

/// A place in an app.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CodePlace {
    /// The member of the APK.
    pub member: String,
    /// `class.method`, `class.field` or the class; empty outside code.
    pub name: String,
    /// Offset in the unpacked member.
    pub at: u64,
}

/// `class.method @ classes.dex:0x1a2b`
impl fmt::Display for CodePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.name.is_empty() {
            write!(f, "{} @ ", self.name)?;
        }
        write!(f, "{}:{:#x}", self.member, self.at)
    }
}

/// A library that reports on users.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppTracker {
    /// Its name.
    pub name: String,
    /// What for.
    pub purpose: String,
    /// How many of its classes are in the app.
    pub classes: u64,
    /// One of them; empty where there is none.
    pub class: String,
    /// Its hosts among the app's endpoints.
    pub hosts: Vec<String>,
}

/// How much of an app's code was read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeCoverage {
    /// Bytes of DEX files read.
    pub dex_bytes: u64,
    /// Bytes of instructions in them.
    pub code_bytes: u64,
    /// Methods with code.
    pub methods: u64,
    /// Native libraries.
    pub native: u64,
    /// Their bytes. Only their printable text is looked at.
    pub native_bytes: u64,
    /// What was not read.
    pub unread: Vec<Unread>,
    /// Components that the manifest declares and no code that was read defines.
    pub undefined: Vec<String>,
    /// Components declared.
    pub declared: u64,
}

impl CodeCoverage {
    /// How much of the code was read, in tenths of a percent: DEX files read of those, of what was not read, and of
    /// native libraries. `None` where there is no code.
    pub fn share(&self) -> Option<u64> {
        let unread = self.unread.iter().map(|unread| unread.bytes).fold(0, u64::saturating_add);
        let all = self.dex_bytes.saturating_add(unread).saturating_add(self.native_bytes);
        let share = u128::from(self.dex_bytes).saturating_mul(1000).checked_div(u128::from(all))?;
        u64::try_from(share).ok()
    }

    /// Whether code is missing of which nobody knows how much it is: packed, encrypted, loaded from elsewhere.
    pub fn lacks(&self) -> bool {
        !self.undefined.is_empty() || self.unread.iter().any(|unread| unread.bytes == 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_read_is_not_denied() {
        let list = App { package: "a".to_owned(), ..App::default() };
        let asking = |name: &str| App { permissions: vec![name.to_owned()], ..list.clone() };
        let grant = |kind: &str| AppGrant {
            kind: kind.to_owned(),
            what: SEND_SMS.to_owned(),
            fixed: false,
            file: String::new(),
            start: 0,
            end: 0,
        };
        let given = |kind| App { grants: vec![grant(kind)], ..list.clone() };
        let apk = App { coverage: Some(CodeCoverage::default()), ..list.clone() };
        let rows = [
            (list.clone(), None, None),
            (App { hidden: Some(true), ..list.clone() }, None, Some(true)),
            (asking(SEND_SMS), Some(true), None),
            (asking("android.permission.INTERNET"), Some(false), None),
            (given("default"), Some(true), None),
            (given("denied"), None, None),
            (App { package: String::new(), ..apk.clone() }, None, None),
            (apk, Some(false), Some(false)),
        ];
        for (app, sends, hidden) in rows {
            assert_eq!((app.can_send_sms(), app.has_no_icon()), (sends, hidden), "{app:?}");
        }
    }

    #[test]
    fn coverage_counts_what_was_not_read() {
        let unread = |bytes| Unread { what: String::new(), bytes, why: String::new() };
        let rows = [
            (CodeCoverage::default(), None, false),
            (CodeCoverage { dex_bytes: 10, ..CodeCoverage::default() }, Some(1000), false),
            (CodeCoverage { dex_bytes: 10, native_bytes: 30, ..CodeCoverage::default() }, Some(250), false),
            (CodeCoverage { unread: vec![unread(7)], ..CodeCoverage::default() }, Some(0), false),
            (CodeCoverage { unread: vec![unread(0)], ..CodeCoverage::default() }, None, true),
        ];
        for (coverage, share, lacks) in rows {
            assert_eq!((coverage.share(), coverage.lacks()), (share, lacks));
        }
    }
}
