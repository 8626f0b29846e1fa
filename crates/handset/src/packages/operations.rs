//! What apps did that needs a permission, as the phone itself keeps it: `appops.xml`, `appops_accesses.xml` and
//! `access.abx`, which tell what `dumpsys appops` prints.
//!
//! - `app-ops` (AOSP `AppOpsService.writeState`): below `pkg` and `uid` each `op` by its number, with its mode where it
//!   is not the usual one; below that `st` for each state that the app was in, with the times in milliseconds since
//!   1970. Before Android 10 the times stood at the `op`. Modes of a whole uid stand in a `uid` of its own.
//! - `access` (AOSP `AppIdAppOpPersistence`, `PackageAppOpPersistence`, since Android 14): modes alone, by names.
//!
//! Numbers of operations are those of AOSP's `AppOpsManager`; vendors' own, which come after them, have none here.

use evidence::Timestamp;

use super::settings::Element;
use crate::{
    Uid, clock,
    reader::Fact,
    scan,
    system::{Operation, Outcome},
};

/// Follows the elements of a file.
#[derive(Debug, Default)]
pub(super) struct Operations {
    package: String,
    uid: Option<Uid>,
    name: String,
    mode: String,
    told: Vec<Fact>,
}

impl Operations {
    /// An element of `app-ops` begins.
    pub(super) fn counted(&mut self, element: &Element) {
        match &*element.name {
            "pkg" => self.package = package(element, "n"),
            "uid" => self.uid = element.number("n").map(Uid),
            "op" => {
                let number: Option<usize> = element.number("n");
                let known = number.and_then(|number| NAMES.get(number)).filter(|name| !name.is_empty());
                let unnamed = || number.map(|number| format!("op {number}")).unwrap_or_default();
                self.operation(known.map_or_else(unnamed, |name| (*name).to_owned()), element.number("m"));
                self.tell(element, None);
                self.times(element, String::new());
            }
            "st" => self.times(element, element.number("n").map(state).unwrap_or_default()),
            _ => {}
        }
    }

    /// An element of `access` begins.
    pub(super) fn allowed(&mut self, element: &Element) {
        match &*element.name {
            "package" => self.package = package(element, "name"),
            // Below it stands the part of the uid that is the same for all users.
            "app-id" => self.uid = element.number("id").map(Uid),
            "app-op" => {
                let name = element.attribute("name").unwrap_or_default();
                let name = name.strip_prefix("android:").unwrap_or(name).to_ascii_uppercase();
                self.operation(name, element.number("mode"));
                self.tell(element, None);
            }
            _ => {}
        }
    }

    /// An element ends.
    pub(super) fn end(&mut self, name: &str, out: &mut Vec<Fact>) {
        match name {
            "pkg" | "package" => self.package.clear(),
            "uid" | "app-id" => self.uid = None,
            "op" | "app-op" => self.name.clear(),
            _ => {}
        }
        out.append(&mut self.told);
    }

    fn operation(&mut self, name: String, mode: Option<usize>) {
        let mode = mode.unwrap_or(USUAL);
        self.name = name;
        self.mode = MODES.get(mode).map_or_else(|| mode.to_string(), |mode| (*mode).to_owned());
    }

    /// What was done and what was refused.
    fn times(&mut self, element: &Element, state: String) {
        for (outcome, key) in [(Outcome::Accessed, "t"), (Outcome::Rejected, "r")] {
            let millis = element.number::<i64>(key).filter(|millis| *millis > 0);
            let Some(time) = millis.and_then(clock::millis) else { continue };
            let duration = element.number("d").filter(|took| *took > 0 && outcome == Outcome::Accessed);
            self.tell(element, Some((outcome, time, duration, state.clone())));
        }
    }

    fn tell(&mut self, element: &Element, done: Option<(Outcome, Timestamp, Option<i64>, String)>) {
        if self.name.is_empty() || self.package.is_empty() && self.uid.is_none() {
            return;
        }
        let (outcome, time) = done.as_ref().map(|(outcome, time, ..)| (*outcome, *time)).unzip();
        let (duration, state) = done.map(|(_, _, duration, state)| (duration, state)).unwrap_or_default();
        self.told.push(Fact::Operation(element.found(Operation {
            package: self.package.clone(),
            uid: self.uid,
            name: self.name.clone(),
            mode: self.mode.clone(),
            outcome,
            time,
            ago: None,
            duration,
            state,
            count: None,
        })));
    }
}

fn package(element: &Element, key: &str) -> String {
    element.attribute(key).filter(|name| scan::is_package(name)).unwrap_or_default().to_owned()
}

/// The state of an app and who it acted for, as `dumpsys` prints them: `bg-tpd`.
fn state(key: u64) -> String {
    let state = STATES.iter().find(|(number, _)| *number == key >> 31).map(|(_, name)| *name);
    let flags = FLAGS.iter().filter(|(bit, _)| key & bit != 0).map(|(_, name)| *name);
    format!("{}-{}", state.unwrap_or_default(), flags.collect::<Vec<_>>().join("|"))
}

/// `AppOpsManager.MODE_…`
const MODES: [&str; 5] = ["allow", "ignore", "deny", "default", "foreground"];
/// What is meant where no mode is written.
const USUAL: usize = 3;
/// `AppOpsManager.UID_STATE_…`
const STATES: [(u64, &str); 7] =
    [(100, "pers"), (200, "top"), (300, "fgsvcl"), (400, "fgsvc"), (500, "fg"), (600, "bg"), (700, "cch")];
/// `AppOpsManager.OP_FLAG_…`
const FLAGS: [(u64, &str); 5] = [(1, "s"), (2, "tp"), (4, "up"), (8, "tpd"), (16, "upd")];
/// `AppOpsManager.opToName`, by number.
const NAMES: [&str; 134] = [
    "COARSE_LOCATION",
    "FINE_LOCATION",
    "GPS",
    "VIBRATE",
    "READ_CONTACTS",
    "WRITE_CONTACTS",
    "READ_CALL_LOG",
    "WRITE_CALL_LOG",
    "READ_CALENDAR",
    "WRITE_CALENDAR",
    "WIFI_SCAN",
    "POST_NOTIFICATION",
    "NEIGHBORING_CELLS",
    "CALL_PHONE",
    "READ_SMS",
    "WRITE_SMS",
    "RECEIVE_SMS",
    "RECEIVE_EMERGENCY_BROADCAST",
    "RECEIVE_MMS",
    "RECEIVE_WAP_PUSH",
    "SEND_SMS",
    "READ_ICC_SMS",
    "WRITE_ICC_SMS",
    "WRITE_SETTINGS",
    "SYSTEM_ALERT_WINDOW",
    "ACCESS_NOTIFICATIONS",
    "CAMERA",
    "RECORD_AUDIO",
    "PLAY_AUDIO",
    "READ_CLIPBOARD",
    "WRITE_CLIPBOARD",
    "TAKE_MEDIA_BUTTONS",
    "TAKE_AUDIO_FOCUS",
    "AUDIO_MASTER_VOLUME",
    "AUDIO_VOICE_VOLUME",
    "AUDIO_RING_VOLUME",
    "AUDIO_MEDIA_VOLUME",
    "AUDIO_ALARM_VOLUME",
    "AUDIO_NOTIFICATION_VOLUME",
    "AUDIO_BLUETOOTH_VOLUME",
    "WAKE_LOCK",
    "MONITOR_LOCATION",
    "MONITOR_HIGH_POWER_LOCATION",
    "GET_USAGE_STATS",
    "MUTE_MICROPHONE",
    "TOAST_WINDOW",
    "PROJECT_MEDIA",
    "ACTIVATE_VPN",
    "WRITE_WALLPAPER",
    "ASSIST_STRUCTURE",
    "ASSIST_SCREENSHOT",
    "READ_PHONE_STATE",
    "ADD_VOICEMAIL",
    "USE_SIP",
    "PROCESS_OUTGOING_CALLS",
    "USE_FINGERPRINT",
    "BODY_SENSORS",
    "READ_CELL_BROADCASTS",
    "MOCK_LOCATION",
    "READ_EXTERNAL_STORAGE",
    "WRITE_EXTERNAL_STORAGE",
    "TURN_ON_SCREEN",
    "GET_ACCOUNTS",
    "RUN_IN_BACKGROUND",
    "AUDIO_ACCESSIBILITY_VOLUME",
    "READ_PHONE_NUMBERS",
    "REQUEST_INSTALL_PACKAGES",
    "PICTURE_IN_PICTURE",
    "INSTANT_APP_START_FOREGROUND",
    "ANSWER_PHONE_CALLS",
    "RUN_ANY_IN_BACKGROUND",
    "CHANGE_WIFI_STATE",
    "REQUEST_DELETE_PACKAGES",
    "BIND_ACCESSIBILITY_SERVICE",
    "ACCEPT_HANDOVER",
    "MANAGE_IPSEC_TUNNELS",
    "START_FOREGROUND",
    "BLUETOOTH_SCAN",
    "USE_BIOMETRIC",
    "ACTIVITY_RECOGNITION",
    "SMS_FINANCIAL_TRANSACTIONS",
    "READ_MEDIA_AUDIO",
    "WRITE_MEDIA_AUDIO",
    "READ_MEDIA_VIDEO",
    "WRITE_MEDIA_VIDEO",
    "READ_MEDIA_IMAGES",
    "WRITE_MEDIA_IMAGES",
    "LEGACY_STORAGE",
    "ACCESS_ACCESSIBILITY",
    "READ_DEVICE_IDENTIFIERS",
    "ACCESS_MEDIA_LOCATION",
    "QUERY_ALL_PACKAGES",
    "MANAGE_EXTERNAL_STORAGE",
    "INTERACT_ACROSS_PROFILES",
    "ACTIVATE_PLATFORM_VPN",
    "LOADER_USAGE_STATS",
    "",
    "AUTO_REVOKE_PERMISSIONS_IF_UNUSED",
    "AUTO_REVOKE_MANAGED_BY_INSTALLER",
    "NO_ISOLATED_STORAGE",
    "PHONE_CALL_MICROPHONE",
    "PHONE_CALL_CAMERA",
    "RECORD_AUDIO_HOTWORD",
    "MANAGE_ONGOING_CALLS",
    "MANAGE_CREDENTIALS",
    "USE_ICC_AUTH_WITH_DEVICE_IDENTIFIER",
    "RECORD_AUDIO_OUTPUT",
    "SCHEDULE_EXACT_ALARM",
    "FINE_LOCATION_SOURCE",
    "COARSE_LOCATION_SOURCE",
    "MANAGE_MEDIA",
    "BLUETOOTH_CONNECT",
    "UWB_RANGING",
    "ACTIVITY_RECOGNITION_SOURCE",
    "BLUETOOTH_ADVERTISE",
    "RECORD_INCOMING_PHONE_AUDIO",
    "NEARBY_WIFI_DEVICES",
    "ESTABLISH_VPN_SERVICE",
    "ESTABLISH_VPN_MANAGER",
    "ACCESS_RESTRICTED_SETTINGS",
    "RECEIVE_SOUNDTRIGGER_AUDIO",
    "RECEIVE_EXPLICIT_USER_INTERACTION_AUDIO",
    "RUN_USER_INITIATED_JOBS",
    "READ_MEDIA_VISUAL_USER_SELECTED",
    "SYSTEM_EXEMPT_FROM_SUSPENSION",
    "SYSTEM_EXEMPT_FROM_DISMISSIBLE_NOTIFICATIONS",
    "READ_WRITE_HEALTH_DATA",
    "FOREGROUND_SERVICE_SPECIAL_USE",
    "SYSTEM_EXEMPT_FROM_POWER_RESTRICTIONS",
    "SYSTEM_EXEMPT_FROM_HIBERNATION",
    "SYSTEM_EXEMPT_FROM_ACTIVITY_BG_START_RESTRICTION",
    "CAPTURE_CONSENTLESS_BUGREPORT_ON_USERDEBUG_BUILD",
    "",
    "USE_FULL_SCREEN_INTENT",
];

#[cfg(test)]
mod tests {
    use android_abx::{Attribute, AttributeValue, Event, events_to_abx};

    use crate::{Clock, Kind, Xml, reader::Reader, testing};

    fn told(kind: Kind, bytes: &[u8]) -> Vec<String> {
        assert_eq!(Kind::of(bytes), Some(kind));
        let mut reader = Reader::new(kind, Clock::default()).unwrap();
        let mut facts = Vec::new();
        bytes.chunks(7).for_each(|piece| reader.push(piece, &mut facts));
        reader.finish(&mut facts);
        testing::operations(facts)
    }

    fn start(name: &str, attributes: &[(&str, AttributeValue)]) -> Event {
        let attributes =
            attributes.iter().map(|(name, value)| Attribute { name: (*name).into(), value: value.clone() });
        Event::StartTag { name: name.into(), attributes: attributes.collect() }
    }

    fn end(name: &str) -> Event {
        Event::EndTag { name: name.into() }
    }

    #[test]
    fn binary_and_text_tell_what_the_dump_prints() {
        use AttributeValue::{Int, Long, String as Text};
        let text = |text: &str| Text(text.to_owned());
        let binary = events_to_abx(&[
            Event::StartDocument,
            start("app-ops", &[("v", Int(1))]),
            start("uid", &[("n", Int(10_103))]),
            start("op", &[("n", Int(0)), ("m", Int(1))]),
            end("op"),
            end("uid"),
            start("pkg", &[("n", text("com.example.app"))]),
            start("uid", &[("n", Int(10_103))]),
            start("op", &[("n", Int(4)), ("m", Int(0))]),
            start("st", &[("n", Long(600 << 31 | 8)), ("t", Long(1_646_672_734_325)), ("d", Long(126))]),
            end("st"),
            end("op"),
            start("op", &[("n", Int(15))]),
            start("st", &[("id", text("x")), ("n", Long(500 << 31 | 1)), ("r", Long(1_621_454_572_054))]),
            end("st"),
            end("op"),
            start("op", &[("n", Int(4000)), ("m", Int(9))]),
            end("op"),
            end("uid"),
            end("pkg"),
            end("app-ops"),
            Event::EndDocument,
        ])
        .unwrap();
        let expected = [
            "u0a103  COARSE_LOCATION ignore   None ",
            "u0a103 com.example.app READ_CONTACTS allow   None ",
            "u0a103 com.example.app READ_CONTACTS allow Accessed 2022-03-07T17:05:34.325000Z Some(126) bg-tpd",
            "u0a103 com.example.app WRITE_SMS default   None ",
            "u0a103 com.example.app WRITE_SMS default Rejected 2021-05-19T20:02:52.054000Z None fg-s",
            "u0a103 com.example.app op 4000 9   None ",
        ];
        assert_eq!(told(Kind::AppOps(Xml::Binary), &binary), expected);
        let text = format!(
            "<?xml version='1.0' encoding='UTF-8' standalone='yes' ?>\n<app-ops v=\"1\">\n\
             <uid n=\"10103\"><op n=\"0\" m=\"1\" /></uid>\n<pkg n=\"com.example.app\">\n<uid n=\"10103\" p=\"false\">\n\
             <op n=\"4\" m=\"0\"><st n=\"{}\" t=\"1646672734325\" d=\"126\" /></op>\n\
             <op n=\"15\"><st id=\"x\" n=\"{}\" r=\"1621454572054\" /></op>\n<op n=\"4000\" m=\"9\" />\n\
             </uid></pkg></app-ops>",
            600_u64 << 31 | 8,
            500_u64 << 31 | 1
        );
        assert_eq!(told(Kind::AppOps(Xml::Text), text.as_bytes()), expected);
    }

    #[test]
    fn before_android_10_times_stand_at_the_operation() {
        let text = "<app-ops>\n<pkg n=\"android\"><uid n=\"1000\" p=\"true\">\
            <op n=\"10\" t=\"1546300799000\" r=\"1546300700000\" d=\"5\" /></uid></pkg></app-ops>";
        assert_eq!(
            told(Kind::AppOps(Xml::Text), text.as_bytes()),
            [
                "1000 android WIFI_SCAN default   None ",
                "1000 android WIFI_SCAN default Accessed 2018-12-31T23:59:59.000000Z Some(5) ",
                "1000 android WIFI_SCAN default Rejected 2018-12-31T23:58:20.000000Z None ",
            ]
        );
    }

    #[test]
    fn a_time_that_no_clock_shows_is_none() {
        let text = "<app-ops>\n<pkg n=\"android\"><uid n=\"1000\" p=\"true\">\
            <op n=\"10\" t=\"9223372036854775807\" r=\"1546300700000\" /></uid></pkg></app-ops>";
        assert_eq!(
            told(Kind::AppOps(Xml::Text), text.as_bytes()),
            [
                "1000 android WIFI_SCAN default   None ",
                "1000 android WIFI_SCAN default Rejected 2018-12-31T23:58:20.000000Z None ",
            ]
        );
    }

    #[test]
    fn modes_by_name() {
        use AttributeValue::{Int, String as Text};
        let text = |text: &str| Text(text.to_owned());
        let op = |name: &str, mode| start("app-op", &[("name", text(name)), ("mode", Int(mode))]);
        let binary = events_to_abx(&[
            Event::StartDocument,
            start("access", &[]),
            start("app-id-permissions", &[]),
            start("app-id", &[("id", Int(10_001))]),
            start("permission", &[("name", text("p.SMS")), ("flags", Int(2))]),
            end("permission"),
            end("app-id"),
            end("app-id-permissions"),
            start("app-id-app-ops", &[]),
            start("app-id", &[("id", Int(10_103))]),
            op("android:coarse_location", 4),
            end("app-op"),
            end("app-id"),
            end("app-id-app-ops"),
            start("package-app-ops", &[]),
            start("package", &[("name", text("com.example.app"))]),
            op("android:read_contacts", 1),
            end("app-op"),
            end("package"),
            end("package-app-ops"),
            end("access"),
            Event::EndDocument,
        ])
        .unwrap();
        assert_eq!(
            told(Kind::Access(Xml::Binary), &binary),
            ["u0a103  COARSE_LOCATION foreground   None ", " com.example.app READ_CONTACTS ignore   None "]
        );
    }
}
