//! The numbers Android gives to apps.
//!
//! A uid is `user * 100000 + app id` (AOSP `UserHandle`); packages are installed with the app id. Names of
//! system ids are those of AOSP's `android_filesystem_config.h`.

use std::fmt;

use crate::scan::Scan;

/// A uid: of a user's app, of the system, or of a process cut off from its app.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uid(pub u32);

impl Uid {
    /// Reads a uid as Android prints it: `10123`, `u0a123`, `u0_a123`, `u10s1000`, `u0i5`, `system`.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse()
            .ok()
            .map(Self)
            .or_else(|| of_user(text))
            .or_else(|| NAMES.iter().find(|(name, _)| *name == text).map(|(_, id)| Self(*id)))
    }

    /// The uid of an app in a user's space.
    pub fn of(user: u32, app_id: u32) -> Self {
        Self(user.saturating_mul(PER_USER).saturating_add(app_id))
    }

    /// The user, 0 for the phone's first.
    pub fn user(self) -> u32 {
        self.0 / PER_USER
    }

    /// The app id, the same in every user's space.
    pub fn app_id(self) -> u32 {
        self.0 % PER_USER
    }

    /// Whether it is one of the app ids that packages are installed with, and no system id.
    pub fn is_app(self) -> bool {
        (FIRST_APP..=LAST_APP).contains(&self.app_id())
    }

    /// Whether its process was cut off from its app: no package has this uid.
    pub fn is_isolated(self) -> bool {
        self.app_id() >= FIRST_ZYGOTE
    }

    /// The app id whose packages account for what this uid does: of an SDK sandbox, that of its app.
    pub fn accountable(self) -> u32 {
        let app_id = self.app_id();
        let sandbox = FIRST_SANDBOX..=LAST_SANDBOX;
        if sandbox.contains(&app_id) { app_id.saturating_sub(FIRST_APP) } else { app_id }
    }
}

/// As `UserHandle.formatUid` prints it: `u0a123`, and system ids of the first user as a number.
impl fmt::Display for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (user, app_id) = (self.user(), self.app_id());
        if self.0 < FIRST_APP {
            return write!(f, "{}", self.0);
        }
        match KINDS.iter().find(|(_, first)| app_id >= *first) {
            Some((kind, first)) => write!(f, "u{user}{kind}{}", app_id - first),
            None => write!(f, "u{user}s{app_id}"),
        }
    }
}

/// `u<user>`, the kind, and the number within the kind.
fn of_user(text: &str) -> Option<Uid> {
    let mut scan = Scan::new(text);
    scan.eat("u")?;
    let user: u32 = scan.number()?;
    let _ = scan.eat("_");
    let (_, first) = KINDS.iter().chain(&[("s", 0)]).find(|(kind, _)| scan.eat(kind).is_some())?;
    let app_id = scan.number::<u32>()?.checked_add(*first).filter(|id| *id < PER_USER)?;
    let uid = user.checked_mul(PER_USER)?.checked_add(app_id)?;
    scan.rest().is_empty().then_some(Uid(uid))
}

const PER_USER: u32 = 100_000;
const FIRST_APP: u32 = 10_000;
const LAST_APP: u32 = 19_999;
const FIRST_SANDBOX: u32 = 20_000;
const LAST_SANDBOX: u32 = 29_999;
const FIRST_ZYGOTE: u32 = 90_000;

/// Letters of `UserHandle.formatUid` and the first id of the kind, the highest first.
const KINDS: [(&str, u32); 3] = [("i", 99_000), ("ai", FIRST_ZYGOTE), ("a", FIRST_APP)];

const NAMES: [(&str, u32); 24] = [
    ("root", 0),
    ("system", 1000),
    ("radio", 1001),
    ("bluetooth", 1002),
    ("graphics", 1003),
    ("audio", 1005),
    ("camera", 1006),
    ("log", 1007),
    ("wifi", 1010),
    ("media", 1013),
    ("dhcp", 1014),
    ("vpn", 1016),
    ("keystore", 1017),
    ("drm", 1019),
    ("gps", 1021),
    ("nfc", 1027),
    ("logd", 1036),
    ("audioserver", 1041),
    ("cameraserver", 1047),
    ("dns", 1051),
    ("statsd", 1066),
    ("network_stack", 1073),
    ("shell", 2000),
    ("nobody", 9999),
];

#[cfg(test)]
mod tests {
    use super::Uid;

    #[test]
    fn uids_are_read_as_android_prints_them() {
        let rows = [
            ("0", 0, "0"),
            ("1000", 1000, "1000"),
            ("system", 1000, "1000"),
            ("u0a123", 10_123, "u0a123"),
            ("u0_a123", 10_123, "u0a123"),
            ("u10a7", 1_010_007, "u10a7"),
            ("u10s1000", 1_001_000, "u10s1000"),
            ("u0i5", 99_005, "u0i5"),
            ("u0ai3", 90_003, "u0ai3"),
        ];
        for (text, uid, printed) in rows {
            assert_eq!(Uid::parse(text), Some(Uid(uid)), "{text}");
            assert_eq!(Uid(uid).to_string(), printed);
        }
        for text in ["", "u", "u0", "u0a", "u0a99999999", "u4294967295a1", "someone", "-1", "u0a1x"] {
            assert_eq!(Uid::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_sandbox_is_its_apps() {
        assert_eq!(Uid(20_123).accountable(), 10_123);
        assert_eq!(Uid(1_010_123).accountable(), 10_123);
        assert!(Uid(1_010_123).is_app() && !Uid(1000).is_app());
        assert!(Uid(99_005).is_isolated());
    }
}
