//! What can happen on a phone: the table from which the log, the marks and the checks are made.

/// A kind of event.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// Its name in scenarios.
    pub name: &'static str,
    /// Its name in `events.csv`; a note under its own name where the format knows none.
    pub mark: &'static str,
    /// The detail that stands alone in `events.csv`; empty where all of them stand there as `name=value`.
    pub detail: &'static str,
    /// What the system writes to the log: tag and message, in which `{name}` is a detail of the event.
    pub log: &'static [(&'static str, &'static str)],
}

/// What can happen, by name.
pub const KINDS: &[Kind] = &[
    of(
        "activity",
        "activity-started",
        "",
        &[(
            "ActivityManager",
            "START u0 {act=android.intent.action.MAIN cmp={package}/.Main} from uid 10020",
        )],
    ),
    of("app-closed", "", "", &[]),
    of(
        "app-opened",
        "activity-started",
        "",
        &[(
            "ActivityManager",
            "START u0 {act=android.intent.action.MAIN cmp={package}/.Main} from uid 10020",
        )],
    ),
    of("boot", "boot-started", "", &[("boot_progress_start", "5012")]),
    of("boot-completed", "boot-completed", "", &[("SystemServiceManager", "Starting phase 1000")]),
    of("call", "", "", &[]),
    of("clear-data", "data-cleared", "", &[]),
    of(
        "connectivity",
        "connectivity",
        "",
        &[("wpa_supplicant", "wlan0: CTRL-EVENT-CONNECTED - Connection completed")],
    ),
    of("consent-refused", "consent-refused", "", &[]),
    of("consent-given", "consent-given", "", &[]),
    of("consent-shown", "consent-shown", "", &[]),
    of("contact-added", "contact-changed", "", &[]),
    of("contact-opened", "", "", &[]),
    of("download", "", "", &[]),
    of("factory-reset", "factory-reset", "", &[]),
    of("file-opened", "", "", &[]),
    of("in-service", "in-service", "", &[("ConnectivityService", "Switching to new default network")]),
    of("install-requested", "", "", &[]),
    of("install-update", "system-updated", "version", &[]),
    of("locked", "locked", "", &[("KeyguardViewMediator", "handleShow")]),
    of("message-opened", "", "", &[]),
    of("open-url", "page-opened", "url", &[]),
    of("package-installed", "package-installed", "", &[]),
    of("private-mode-off", "private-mode-off", "", &[]),
    of("private-mode-on", "private-mode-on", "", &[]),
    of("restart-app", "", "", &[]),
    of(
        "screen-off",
        "screen-off",
        "",
        &[("PowerManagerService", "Going to sleep due to power button (uid 1000)...")],
    ),
    of("screen-on", "screen-on", "", &[("PowerManagerService", "Waking up from sleep (uid 1000)...")]),
    of("search", "search-typed", "word", &[]),
    of("setting-off", "setting-off", "name", &[]),
    of("setting-on", "setting-on", "name", &[]),
    of("share", "", "", &[]),
    of("shutdown", "shutdown", "", &[]),
    of("sign-in", "account-added", "", &[]),
    of("sign-out", "account-removed", "", &[]),
    of(
        "sim-change",
        "sim-state",
        "",
        &[("UiccController", "Broadcasting intent ACTION_SIM_STATE_CHANGED LOADED reason null for phone: 0")],
    ),
    of(
        "sms-received",
        "sms-received",
        "",
        &[("GsmInboundSmsHandler", "successful broadcast, deleting from raw table.")],
    ),
    of("sms-sent", "sms-sent", "", &[]),
    of("song-played", "", "", &[]),
    of("typed", "", "", &[]),
    of("unlocked", "unlocked", "", &[("KeyguardViewMediator", "keyguardDone(true)")]),
    of("video-opened", "", "", &[]),
    of(
        "wifi-lost",
        "connectivity",
        "",
        &[("wpa_supplicant", "wlan0: CTRL-EVENT-DISCONNECTED reason=3 locally_generated=1")],
    ),
];

/// The keys that an event may have beside `at`, `every`, `times`, `kind`, `set`, `unseen` and `then`.
pub const DETAILS: &[&str] = &[
    "engine", "file", "mode", "name", "number", "package", "screen", "song", "text", "title", "url",
    "version", "word",
];

/// The kind of a name.
pub(crate) fn kind(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.name == name)
}

const fn of(
    name: &'static str,
    mark: &'static str,
    detail: &'static str,
    log: &'static [(&'static str, &'static str)],
) -> Kind {
    Kind { name, mark, detail, log }
}
