//! When something happens, in words, by the mark that tells of it.

/// When something happens that is marked, to stand behind what is done then: `when the phone is unlocked`.
pub(super) fn when_words(kind: &str) -> String {
    let known = WHEN.iter().find(|(known, _)| *known == kind);
    known.map_or_else(
        || format!("after the mark “{}”", super::mark_words(kind)),
        |(_, words)| (*words).to_owned(),
    )
}

/// By the kinds of marks of logs and of `events.csv`.
const WHEN: [(&str, &str); 35] = [
    ("account-added", "when somebody signs in"),
    ("account-removed", "when somebody signs out"),
    ("activity-started", "when an app’s window opens"),
    ("boot-completed", "when the phone has started"),
    ("boot-started", "when the phone begins to start"),
    ("connectivity", "when the phone gets or loses a network"),
    ("consent-given", "when consent is given"),
    ("consent-refused", "when consent is refused"),
    ("consent-shown", "when consent is asked for"),
    ("contact-added", "when a contact is added"),
    ("contact-changed", "when a contact is changed"),
    ("data-cleared", "when an app’s data are deleted"),
    ("factory-reset", "when the phone was reset"),
    ("in-service", "when the phone is in service"),
    ("locked", "when the phone is locked"),
    ("package-installed", "when an app is installed"),
    ("package-removed", "when an app is removed"),
    ("page-opened", "when a page is opened"),
    ("permission-asked", "when a permission is asked for"),
    ("permission-denied", "when a permission is denied"),
    ("permission-granted", "when a permission is granted"),
    ("private-mode-off", "when private mode is left"),
    ("private-mode-on", "when private mode is entered"),
    ("process-started", "when an app starts"),
    ("screen-off", "when the screen goes off"),
    ("screen-on", "when the screen goes on"),
    ("search-typed", "when a search is typed"),
    ("setting-off", "when a setting is switched off"),
    ("setting-on", "when a setting is switched on"),
    ("shutdown", "when the phone shuts down"),
    ("sim-state", "when the SIM card’s state changes"),
    ("sms-received", "when a text message comes in"),
    ("sms-sent", "when a text message is sent"),
    ("system-updated", "when the system was updated"),
    ("unlocked", "when the phone is unlocked"),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use handset::marks::MarkKind;

    use super::*;

    #[test]
    fn every_mark_has_words_of_its_own() {
        let all: BTreeSet<String> = MarkKind::ALL.iter().map(|kind| when_words(kind.name())).collect();
        assert_eq!(all.len(), MarkKind::ALL.len());
        let unknown: Vec<_> = all.iter().filter(|words| words.starts_with("after the mark")).collect();
        assert_eq!(unknown, ["after the mark “note”"]);
    }
}
