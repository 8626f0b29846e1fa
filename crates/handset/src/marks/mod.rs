//! What happened on the phone, and when: what a packet may have been the answer to.
//!
//! Marks come from the log's records ([`Marker`], the tables in `events` and `messages`), from intrusion logs, and
//! from `events.csv`, written by hand (`by_hand`).

mod by_hand;
mod events;
mod marker;
mod messages;

pub(crate) use self::by_hand::recognise;
pub use self::{by_hand::read as read_events, marker::Marker};

use evidence::Timestamp;

use crate::Uid;

/// Something happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// When; `None` where the log tells no time.
    pub time: Option<Timestamp>,
    /// What.
    pub kind: MarkKind,
    /// The package it happened to or through.
    pub package: Option<String>,
    /// The uid, where the package is not told but this is, or with it.
    pub uid: Option<Uid>,
    /// The rest of what is told: the activity, the state, the words of whoever wrote it down.
    pub detail: String,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MarkKind {
    /// Somebody signed in to an account.
    AccountAdded,
    /// Somebody signed out of an account.
    AccountRemoved,
    /// An activity came to the screen, or was asked to.
    ActivityStarted,
    /// The system has started, and told its apps so.
    BootCompleted,
    /// The system is starting.
    BootStarted,
    /// A network came or went.
    Connectivity,
    /// The user agreed to what a screen asked.
    ConsentGiven,
    /// The user refused what a screen asked, or passed it over.
    ConsentRefused,
    /// A screen that asks for consent came up, by its name.
    ConsentShown,
    /// A contact was added or changed.
    ContactChanged,
    /// An app's data were deleted.
    DataCleared,
    /// The phone was reset to its first state.
    FactoryReset,
    /// The phone found its mobile network.
    InService,
    /// The lock screen came up.
    Locked,
    /// Anything else: a note by hand.
    Noted,
    /// A package was installed or updated.
    PackageInstalled,
    /// A package was removed.
    PackageRemoved,
    /// A page was opened in a browser; the detail is its address.
    PageOpened,
    /// The user was asked for a permission; the detail may tell an answer that is not known to be yes or no.
    PermissionAsked,
    /// A permission was refused.
    PermissionDenied,
    /// A permission was granted.
    PermissionGranted,
    /// A browser's private mode was left.
    PrivateModeOff,
    /// A browser's private mode was entered.
    PrivateModeOn,
    /// A process of an app was started.
    ProcessStarted,
    /// The screen went off.
    ScreenOff,
    /// The screen went on.
    ScreenOn,
    /// Words were searched for; the detail is the words.
    SearchTyped,
    /// A setting was switched off; the detail names it.
    SettingOff,
    /// A setting was switched on; the detail names it.
    SettingOn,
    /// The phone shuts down.
    ShutDown,
    /// The state of the SIM, or which one it is, changed.
    SimState,
    /// An SMS came in.
    SmsReceived,
    /// An SMS was given to the radio.
    SmsSent,
    /// The system was updated; the detail is the new build.
    SystemUpdated,
    /// The phone was unlocked.
    Unlocked,
}

impl MarkKind {
    /// All of them, by name.
    pub const ALL: [Self; 35] = [
        Self::AccountAdded,
        Self::AccountRemoved,
        Self::ActivityStarted,
        Self::BootCompleted,
        Self::BootStarted,
        Self::Connectivity,
        Self::ConsentGiven,
        Self::ConsentRefused,
        Self::ConsentShown,
        Self::ContactChanged,
        Self::DataCleared,
        Self::FactoryReset,
        Self::InService,
        Self::Locked,
        Self::Noted,
        Self::PackageInstalled,
        Self::PackageRemoved,
        Self::PageOpened,
        Self::PermissionAsked,
        Self::PermissionDenied,
        Self::PermissionGranted,
        Self::PrivateModeOff,
        Self::PrivateModeOn,
        Self::ProcessStarted,
        Self::ScreenOff,
        Self::ScreenOn,
        Self::SearchTyped,
        Self::SettingOff,
        Self::SettingOn,
        Self::ShutDown,
        Self::SimState,
        Self::SmsReceived,
        Self::SmsSent,
        Self::SystemUpdated,
        Self::Unlocked,
    ];

    /// Its name in `events.csv` and in results.
    pub fn name(self) -> &'static str {
        match self {
            Self::AccountAdded => "account-added",
            Self::AccountRemoved => "account-removed",
            Self::ActivityStarted => "activity-started",
            Self::BootCompleted => "boot-completed",
            Self::BootStarted => "boot-started",
            Self::Connectivity => "connectivity",
            Self::ConsentGiven => "consent-given",
            Self::ConsentRefused => "consent-refused",
            Self::ConsentShown => "consent-shown",
            Self::ContactChanged => "contact-changed",
            Self::DataCleared => "data-cleared",
            Self::FactoryReset => "factory-reset",
            Self::InService => "in-service",
            Self::Locked => "locked",
            Self::Noted => "note",
            Self::PackageInstalled => "package-installed",
            Self::PackageRemoved => "package-removed",
            Self::PageOpened => "page-opened",
            Self::PermissionAsked => "permission-asked",
            Self::PermissionDenied => "permission-denied",
            Self::PermissionGranted => "permission-granted",
            Self::PrivateModeOff => "private-mode-off",
            Self::PrivateModeOn => "private-mode-on",
            Self::ProcessStarted => "process-started",
            Self::ScreenOff => "screen-off",
            Self::ScreenOn => "screen-on",
            Self::SearchTyped => "search-typed",
            Self::SettingOff => "setting-off",
            Self::SettingOn => "setting-on",
            Self::ShutDown => "shutdown",
            Self::SimState => "sim-state",
            Self::SmsReceived => "sms-received",
            Self::SmsSent => "sms-sent",
            Self::SystemUpdated => "system-updated",
            Self::Unlocked => "unlocked",
        }
    }

    /// The kind of a name; [`Self::Noted`] is any other.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}
