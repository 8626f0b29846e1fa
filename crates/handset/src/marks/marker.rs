//! From the log's records to marks.

use super::{Mark, MarkKind, events, messages};
use crate::{Uid, logs::Record, scan};

/// Tells which records of a log say that something happened.
///
/// The screen and the lock are spoken of by many parts of the system: only a change is a mark.
#[derive(Clone, Copy, Debug, Default)]
pub struct Marker {
    is_on: Option<bool>,
    is_locked: Option<bool>,
}

/// What a record says, borrowed from it.
#[derive(Clone, Debug, Default)]
pub(super) struct Said<'a> {
    pub(super) package: Option<&'a str>,
    pub(super) uid: Option<Uid>,
    pub(super) detail: &'a str,
}

/// What a tag's records say.
pub(super) type Reading = for<'a> fn(&'a str) -> Option<(MarkKind, Said<'a>)>;

impl Marker {
    /// The mark of a record, if it is one.
    pub fn mark(&mut self, record: &Record<'_>) -> Option<Mark> {
        let tag = record.tag.as_ref();
        let reading = find(events::TAGS, tag).or_else(|| find(messages::TAGS, tag))?;
        let (kind, said) = reading(&record.message)?;
        self.is_news(kind).then(|| Mark {
            time: record.time,
            kind,
            package: said.package.map(str::to_owned),
            uid: said.uid,
            detail: said.detail.to_owned(),
        })
    }

    fn is_news(&mut self, kind: MarkKind) -> bool {
        match kind {
            MarkKind::BootStarted => {
                *self = Self::default();
                true
            }
            MarkKind::Locked => self.is_locked.replace(true) != Some(true),
            MarkKind::Unlocked => self.is_locked.replace(false) != Some(false),
            MarkKind::ScreenOff => self.is_on.replace(false) != Some(false),
            MarkKind::ScreenOn => self.is_on.replace(true) != Some(true),
            _ => true,
        }
    }
}

/// The reading of a tag, in a table that is sorted by tag.
fn find(table: &[(&str, Reading)], tag: &str) -> Option<Reading> {
    let at = table.binary_search_by_key(&tag, |(known, _)| known).ok()?;
    table.get(at).map(|(_, reading)| *reading)
}

/// An activity that came to the screen: a question for a permission or for consent, by its name.
pub(super) fn shown(component: &str) -> Option<(MarkKind, Said<'_>)> {
    const CONSENT: [&str; 9] =
        ["agreement", "consent", "disclaimer", "eula", "gdpr", "legal", "privacy", "statement", "terms"];
    let package = scan::package_of(component)?;
    let class = component.rsplit(['.', '/']).next().unwrap_or_default().to_ascii_lowercase();
    let kind = if class == "grantpermissionsactivity" {
        MarkKind::PermissionAsked
    } else if CONSENT.iter().any(|word| class.contains(word)) {
        MarkKind::ConsentShown
    } else {
        MarkKind::ActivityStarted
    };
    Some((kind, Said { package: Some(package), uid: None, detail: component }))
}

/// A process of this name that was started; the part behind the colon is no package.
pub(super) fn started<'a>(
    process: &'a str,
    uid: Option<Uid>,
    detail: &'a str,
) -> Option<(MarkKind, Said<'a>)> {
    let package = process.split(':').next().filter(|name| scan::is_package(name))?;
    Some((MarkKind::ProcessStarted, Said { package: Some(package), uid, detail }))
}

#[cfg(test)]
mod tests {
    use super::{Marker, events, messages};
    use crate::{clock::Clock, logs::Logcat};

    #[test]
    fn the_tables_are_sorted() {
        for table in [events::TAGS, messages::TAGS] {
            assert!(table.is_sorted_by(|(one, _), (other, _)| one < other));
        }
    }

    fn marks(log: &str) -> Vec<String> {
        let mut marker = Marker::default();
        let mut marks = Vec::new();
        let mut reader = Logcat::new(Clock::default());
        let mut each = |record: crate::Found<crate::logs::Record<'_>>| {
            let Some(mark) = marker.mark(&record.value) else { return };
            let package = mark.package.unwrap_or_default();
            let uid = mark.uid.map(|uid| format!(" {uid}")).unwrap_or_default();
            marks.push(format!("{} {package}{uid} {}", mark.kind.name(), mark.detail));
        };
        reader.push(log.as_bytes(), &mut each);
        assert!(reader.finish(&mut each).is_empty());
        marks
    }

    #[test]
    fn the_events_buffer() {
        let log = "\
I/boot_progress_start(  1): 5000
I/am_proc_start(  1): [0,9876,10123,com.example.app:push,broadcast,{com.example.app/.BootReceiver}]
I/am_proc_start(  1): [broken
I/screen_toggled(  1): 1
I/screen_toggled(  1): 1
I/power_screen_state(  1): [0,2,0,0,0]
I/sysui_status_bar_state(  1): [0,0,0,0,1,0]
I/wm_set_keyguard_shown(  1): [0,1,0,0,0,setKeyguardShown]
I/am_set_keyguard_shown(  1): [0,0,0,keyguardGoingAway]
I/wm_set_resumed_activity(  1): [0,com.vendor.setup/.PrivacyActivity,resume]
I/am_create_activity(  1): [0,1,2,com.example.app/.Main,android.intent.action.MAIN,NULL,NULL,1]
I/wm_create_activity(  1): [0,1,2,com.android.permissioncontroller/com.android.packageinstaller.permission.ui.GrantPermissionsActivity,x]
I/uc_finish_user_unlocked(  1): 0
I/connectivity_state_changed(  1): [1,0,2]
";
        assert_eq!(
            marks(log),
            [
                "boot-started  5000",
                "process-started com.example.app u0a123 broadcast,{com.example.app/.BootReceiver}",
                "screen-on  1",
                "screen-off  0",
                "unlocked  [0,0,0,0,1,0]",
                "locked  setKeyguardShown",
                "unlocked  keyguardGoingAway",
                "consent-shown com.vendor.setup com.vendor.setup/.PrivacyActivity",
                "activity-started com.example.app com.example.app/.Main",
                "permission-asked com.android.permissioncontroller com.android.permissioncontroller/com.android.packageinstaller.permission.ui.GrantPermissionsActivity",
                "connectivity  [1,0,2]",
            ]
        );
    }

    #[test]
    fn the_words_of_the_system() {
        let log = "\
I/ActivityManager(  1): START u0 {act=android.intent.action.MAIN cmp=com.example.app/.Main} from uid 10026
I/ActivityTaskManager(  1): Displayed com.example.app/.Main: +123ms
I/ActivityManager(  1): Start proc 3154:com.example.app/u0a123 for activity com.example.app/.Main
I/ActivityManager(  1): Start proc com.old for broadcast com.old/.R: pid=3154 uid=10123 gids={}
I/ActivityManager(  1): Finished processing BOOT_COMPLETED for u0
I/ActivityManager(  1): Posting BOOT_COMPLETED user #0
I/PowerManagerService(  1): Waking up from sleep (uid 1000)...
I/PowerManagerService(  1): Going to sleep due to power button (uid 1000)...
D/KeyguardViewMediator(  1): keyguardDone(true)
D/SubscriptionInfoUpdater(  1): Broadcasting intent ACTION_SIM_STATE_CHANGED LOADED reason null for phone: 0
D/ConnectivityService(  1): NetworkAgentInfo [WIFI () - 100] EVENT_NETWORK_INFO_CHANGED, going from CONNECTING to CONNECTED
I/wpa_supplicant(  1): wlan0: CTRL-EVENT-CONNECTED - Connection to 02:00:00:00:00:00 completed
V/GrantPermissionsViewModel(  1): Permission grant result requestId=1 callingUid=10123 callingPackage=com.example.app permission=android.permission.CAMERA isImplicit=false result=4
V/GrantPermissionsActivity(  1): Permission grant result requestId=1 callingUid=10123 callingPackage=com.example.app permission=android.permission.READ_SMS isImplicit=false result=6
D/RILJ(  1): [4321]> SEND_SMS
D/RILJ(  1): [4322]< SEND_SMS { mMessageRef = 1 }
D/RILJ(  1): [UNSL]< UNSOL_RESPONSE_NEW_SMS [SUB0]
D/GsmInboundSmsHandler(  1): successful broadcast, deleting from raw table.
D/IccSmsInterfaceManager(  1): sendText: destAddr=x callingPackage=com.example.app
I/Unknown(  1): SEND_SMS
";
        assert_eq!(
            marks(log),
            [
                "activity-started com.example.app com.example.app/.Main",
                "activity-started com.example.app com.example.app/.Main",
                "process-started com.example.app u0a123 for activity com.example.app/.Main",
                "process-started com.old u0a123 for broadcast com.old/.R",
                "boot-completed  Finished processing BOOT_COMPLETED for u0",
                "boot-completed  Posting BOOT_COMPLETED user #0",
                "screen-on  Waking up from sleep (uid 1000)...",
                "screen-off  Going to sleep due to power button (uid 1000)...",
                "unlocked  keyguardDone(true)",
                "sim-state  LOADED",
                "connectivity  NetworkAgentInfo [WIFI () - 100] EVENT_NETWORK_INFO_CHANGED, going from CONNECTING to CONNECTED",
                "connectivity  wlan0: CTRL-EVENT-CONNECTED - Connection to 02:00:00:00:00:00 completed",
                "permission-granted com.example.app u0a123 android.permission.CAMERA",
                "permission-denied com.example.app u0a123 android.permission.READ_SMS",
                "sms-sent  [4321]> SEND_SMS",
                "sms-received  [UNSL]< UNSOL_RESPONSE_NEW_SMS [SUB0]",
                "sms-received  successful broadcast, deleting from raw table.",
                "sms-sent com.example.app sendText: destAddr=x callingPackage=com.example.app",
            ]
        );
    }
}
