//! What the parts of the system say in words, Android 5 to 16. Messages are no interface: they change between
//! versions and vendors, so what is not said here may still have happened.

use super::{
    MarkKind,
    marker::{Reading, Said, shown, started},
};
use crate::{
    Uid,
    scan::{self, Scan},
};

/// What the tags tell, sorted by tag.
pub(super) const TAGS: &[(&str, Reading)] = &[
    ("ActivityManager", activity_manager),
    ("ActivityTaskManager", activity_manager),
    ("CdmaInboundSmsHandler", inbound_sms),
    ("ConnectivityService", connectivity),
    ("DisplayPowerController", screen),
    ("GrantPermissionsActivity", grant),
    ("GrantPermissionsViewModel", grant),
    ("GsmInboundSmsHandler", inbound_sms),
    ("GsmSMSDispatcher", outbound_sms),
    ("IccCardProxy", sim),
    ("IccSmsInterfaceManager", outbound_sms),
    ("IntentBroadcaster", sim),
    ("KeyguardUpdateMonitor", sim),
    ("KeyguardViewMediator", keyguard),
    ("PowerManagerService", screen),
    ("QImsService", radio),
    ("RILJ", radio),
    ("SMSDispatcher", outbound_sms),
    ("ShutdownThread", |text| starts(text, "Notifying thread to start", MarkKind::ShutDown)),
    ("SubscriptionInfoUpdater", sim),
    ("SystemServiceManager", |text| contains(text, "Starting phase 1000", MarkKind::BootCompleted)),
    ("UiccController", sim),
    ("WindowManager", screen),
    ("wpa_supplicant", connectivity),
];

fn said(kind: MarkKind, detail: &str) -> Option<(MarkKind, Said<'_>)> {
    Some((kind, Said { detail, ..Said::default() }))
}

fn contains<'a>(text: &'a str, words: &str, kind: MarkKind) -> Option<(MarkKind, Said<'a>)> {
    text.contains(words).then(|| said(kind, text)).flatten()
}

fn starts<'a>(text: &'a str, words: &str, kind: MarkKind) -> Option<(MarkKind, Said<'a>)> {
    text.starts_with(words).then(|| said(kind, text)).flatten()
}

/// The first of some words that a message has.
fn any<'a>(text: &'a str, words: &[(&str, MarkKind)]) -> Option<(MarkKind, Said<'a>)> {
    let (_, kind) = words.iter().find(|(words, _)| text.contains(words))?;
    said(*kind, text)
}

fn activity_manager(text: &str) -> Option<(MarkKind, Said<'_>)> {
    if let Some(rest) = text.strip_prefix("START u") {
        return shown(scan::value(rest, "cmp")?);
    }
    if let Some(rest) = text.strip_prefix("Displayed ") {
        return shown(rest.split([':', ' ', ',']).next()?);
    }
    if let Some(rest) = text.strip_prefix("Start proc ") {
        return start_process(rest);
    }
    // Apps may answer from the first of these on; which of them is written depends on the version.
    starts(text, "Finished processing BOOT_COMPLETED", MarkKind::BootCompleted)
        .or_else(|| starts(text, "Posting BOOT_COMPLETED user", MarkKind::BootCompleted))
}

/// `3154:com.example/u0a123 for …`, up to Android 5 `com.example for …: pid=3154 uid=10123 gids={…}`.
fn start_process(text: &str) -> Option<(MarkKind, Said<'_>)> {
    let (who, why) = text.split_once(' ')?;
    let mut scan = Scan::new(who);
    if scan.digits().is_some() && scan.eat(":").is_some() {
        let (name, uid) = scan.rest().rsplit_once('/')?;
        return started(name, Uid::parse(uid), why);
    }
    let (why, ids) = why.split_once(": ")?;
    started(who, scan::number(ids, "uid").map(Uid), why)
}

/// The app that sends it is told where the system is set to.
fn outbound_sms(text: &str) -> Option<(MarkKind, Said<'_>)> {
    const WORDS: [&str; 4] = ["sendData", "sendMultipartText", "sendSms:", "sendText"];
    let package = scan::value(text, "callingPackage").or_else(|| scan::value(text, "callingPkg"));
    let is_sent = WORDS.iter().any(|words| text.starts_with(words));
    is_sent.then_some((MarkKind::SmsSent, Said { package, uid: None, detail: text }))
}

/// One message may be spoken of several times.
fn inbound_sms(text: &str) -> Option<(MarkKind, Said<'_>)> {
    const WORDS: [(&str, MarkKind); 5] = [
        ("successful broadcast", MarkKind::SmsReceived),
        ("EVENT_NEW_SMS", MarkKind::SmsReceived),
        ("IdleState.processMessage:1", MarkKind::SmsReceived),
        ("destination port:", MarkKind::SmsReceived),
        ("Received short message type 0", MarkKind::SmsReceived),
    ];
    any(text, &WORDS)
}

fn connectivity(text: &str) -> Option<(MarkKind, Said<'_>)> {
    const WORDS: [(&str, MarkKind); 4] = [
        ("CTRL-EVENT-CONNECTED", MarkKind::Connectivity),
        ("CTRL-EVENT-DISCONNECTED", MarkKind::Connectivity),
        (" going from ", MarkKind::Connectivity),
        ("Switching to new default network", MarkKind::Connectivity),
    ];
    any(text, &WORDS)
}

fn screen(text: &str) -> Option<(MarkKind, Said<'_>)> {
    const WORDS: [(&str, MarkKind); 6] = [
        ("Waking up from", MarkKind::ScreenOn),
        ("Going to sleep due to", MarkKind::ScreenOff),
        ("Screen turned on", MarkKind::ScreenOn),
        ("Screen turned off", MarkKind::ScreenOff),
        ("Finished waking up", MarkKind::ScreenOn),
        ("Finished going to sleep", MarkKind::ScreenOff),
    ];
    any(text, &WORDS)
}

fn keyguard(text: &str) -> Option<(MarkKind, Said<'_>)> {
    const WORDS: [(&str, MarkKind); 4] = [
        ("keyguardDone(", MarkKind::Unlocked),
        ("handleHide", MarkKind::Unlocked),
        ("keyguardGoingAway", MarkKind::Unlocked),
        ("handleShow", MarkKind::Locked),
    ];
    any(text, &WORDS)
}

/// Any message on the broadcast, with the state it tells.
fn sim(text: &str) -> Option<(MarkKind, Said<'_>)> {
    const STATES: [&str; 9] = [
        "ABSENT",
        "CARD_IO_ERROR",
        "IMSI",
        "LOADED",
        "NOT_READY",
        "PIN_REQUIRED",
        "PUK_REQUIRED",
        "READY",
        "UNKNOWN",
    ];
    let behind =
        scan::after(text, "SIM_STATE_CHANGED").or_else(|| scan::after(text, "handleSimStateChange"))?;
    let mut words = behind.split(|c: char| !c.is_ascii_uppercase() && c != '_');
    said(MarkKind::SimState, words.find(|word| STATES.contains(word)).unwrap_or(text))
}

/// `Permission grant result requestId=… callingUid=… callingPackage=… permission=… result=…`
fn grant(text: &str) -> Option<(MarkKind, Said<'_>)> {
    let rest = text.strip_prefix("Permission grant result ")?;
    let result = scan::value(rest, "result")?;
    // `PermissionGrantRequestResultReported` of Android 10; what later versions added is known to be an answer only.
    let (kind, detail) = match result {
        "4" | "5" => (MarkKind::PermissionGranted, scan::value(rest, "permission")?),
        "6" | "7" | "8" => (MarkKind::PermissionDenied, scan::value(rest, "permission")?),
        _ => (MarkKind::PermissionAsked, rest),
    };
    let uid = scan::number(rest, "callingUid").map(Uid);
    Some((kind, Said { package: scan::value(rest, "callingPackage"), uid, detail }))
}

/// `[4321]> SEND_SMS`, `[UNSL]< UNSOL_RESPONSE_NEW_SMS`: requests to the radio, and what it says by itself.
fn radio(text: &str) -> Option<(MarkKind, Said<'_>)> {
    const SENT: [&str; 5] =
        ["CDMA_SEND_SMS", "IMS_SEND_SMS", "RIL_REQUEST_SEND_SMS", "SEND_SMS", "SEND_SMS_EXPECT_MORE"];
    const NEW: [&str; 3] = ["INCOMING_IMS_SMS", "RESPONSE_CDMA_NEW_SMS", "RESPONSE_NEW_SMS"];
    if let Some((_, request)) = text.split_once("]> ") {
        let name = request.split([' ', '[', ':']).next().unwrap_or_default();
        return SENT.contains(&name).then(|| said(MarkKind::SmsSent, text)).flatten();
    }
    let name = scan::after(text, "[UNSL]< ")?.split([' ', '[', ':']).next()?;
    let is_sms = NEW.iter().any(|new| name.ends_with(new));
    is_sms.then(|| said(MarkKind::SmsReceived, text)).flatten()
}
