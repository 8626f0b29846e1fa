//! What the phone's dumps tell of the sender's habits, added to a finding that they bear out: that it reads what was
//! sent, and that it is started as often as it sends.

use std::collections::BTreeSet;

use evidence::{
    Behaviour, Deed, Evidence, Finding, FindingKind, Ground, Habit, IdentifierKind, Phone, Relation,
};

use crate::{behaviours::span_words, phone::occurrence_of};

/// Adds the habits of the app that sent it, where one is known.
pub(super) fn add(finding: &mut Finding, phone: &Phone) {
    let Some(package) = sender(finding, phone) else { return };
    let of_it = phone.habits.iter().filter(|habit| habit.package == package);
    let fitting = of_it.filter_map(|habit| Some((habit, said(&finding.kind, habit)?)));
    let told: Vec<(&Habit, String)> = fitting.take(MOST).collect();
    for (habit, words) in told {
        finding.words.push_str(&format!(" By the phone’s own record {package} {words}."));
        if habit.quote.end > habit.quote.start {
            finding.evidence.push(Evidence {
                relation: Relation::Account,
                // What is told of a habit stands in several lines: the counts, the last time, the least interval.
                words: format!(
                    "line {} of the phone’s own file, one of those by which {package} {words}",
                    habit.quote.line.0
                ),
                occurrence: occurrence_of(&habit.quote),
            });
        }
    }
}

/// The only package that is known to have sent it. What could have is nobody.
fn sender(finding: &Finding, phone: &Phone) -> Option<String> {
    let rows = phone.attributions.iter().filter(|row| finding.endpoints.contains(&row.endpoint));
    let packages: BTreeSet<&String> =
        rows.filter(|row| row.ground > Ground::Code).flat_map(|row| &row.packages).collect();
    let mut packages = packages.into_iter();
    packages.next().filter(|_| packages.next().is_none()).cloned()
}

/// What a habit says, where it bears out a finding.
fn said(kind: &FindingKind, habit: &Habit) -> Option<String> {
    match (kind, &habit.deed) {
        (
            FindingKind::BulkData { identifier, .. } | FindingKind::IdentifierSent { identifier, .. },
            Deed::Access { operation, background, refused: false },
        ) if operations(*identifier).contains(&operation.as_str()) => {
            let unseen = if *background == Some(true) { " while nobody sees it" } else { "" };
            Some(format!("{}{unseen}{}", Deed::operation_words(operation)?, often(habit)))
        }
        (
            FindingKind::IdentifierSent { identifier: IdentifierKind::Position, .. },
            Deed::Position { provider, interval_ms },
        ) => {
            let every =
                interval_ms.map_or_else(String::new, |every| format!(" every {}", milliseconds(every)));
            Some(format!("asks {provider} for the position{every}{}", often(habit)))
        }
        (
            FindingKind::Behaviour(Behaviour::Rhythm { interval_s, .. }),
            Deed::Waking { interval_ms: Some(every), .. },
        ) if is_near(every / 1000, *interval_s) => {
            Some(format!("has itself started every {}", milliseconds(*every)))
        }
        _ => None,
    }
}

/// `, 12 times, last at 2023-11-14T22:13:20Z`.
fn often(habit: &Habit) -> String {
    let count = match habit.count {
        None => String::new(),
        Some(1) => ", once".to_owned(),
        Some(count) => format!(", {count} times"),
    };
    let last = habit.last.map_or_else(String::new, |last| format!(", last at {last}"));
    format!("{count}{last}")
}

fn milliseconds(length: u64) -> String {
    if length < 1000 {
        return format!("{length} ms");
    }
    span_words(i64::try_from(length / 1000).unwrap_or(i64::MAX))
}

/// Android puts alarms off to wake the phone for several at once, by up to a tenth and more.
fn is_near(set: u64, seen: u64) -> bool {
    set > 0 && set.abs_diff(seen) <= set / 8
}

/// Operations of Android's by which an app comes by an identifier (AOSP, `AppOpsManager`).
fn operations(kind: IdentifierKind) -> &'static [&'static str] {
    use IdentifierKind as Kind;
    match kind {
        Kind::Position => {
            &["COARSE_LOCATION", "FINE_LOCATION", "MONITOR_HIGH_POWER_LOCATION", "MONITOR_LOCATION"]
        }
        Kind::Bssid | Kind::CellId | Kind::LocationArea | Kind::Ssid => {
            &["COARSE_LOCATION", "FINE_LOCATION", "WIFI_SCAN"]
        }
        Kind::ContactName | Kind::ContactNumber => &["READ_CONTACTS"],
        Kind::MessageText | Kind::SmsPeer => &["READ_SMS", "RECEIVE_SMS"],
        Kind::CallPeer => &["READ_CALL_LOG"],
        Kind::Iccid | Kind::Imei | Kind::Imsi | Kind::Meid | Kind::Serial => {
            &["READ_DEVICE_IDENTIFIERS", "READ_PHONE_STATE"]
        }
        Kind::PhoneNumber => &["READ_PHONE_NUMBERS", "READ_PHONE_STATE", "READ_SMS"],
        Kind::Account | Kind::Email => &["GET_ACCOUNTS"],
        _ => &[],
    }
}

/// Habits that one finding tells.
const MOST: usize = 3;

#[cfg(test)]
mod tests {
    use evidence::{CaptureId, FrameNo, Quote};

    use super::*;

    #[test]
    fn an_alarm_bears_out_the_rhythm_it_makes() {
        let quote = Quote {
            capture: CaptureId(0),
            line: FrameNo(3),
            start: 0,
            end: 1,
            text: "x".to_owned(),
            decoder: String::new(),
        };
        let waking = |interval_ms| Habit {
            package: "com.a".to_owned(),
            uid: None,
            deed: Deed::Waking { alarms: 1, waking: 1, interval_ms },
            count: None,
            last: None,
            quote: quote.clone(),
        };
        let rhythm = FindingKind::Behaviour(Behaviour::Rhythm {
            request: "POST /r".to_owned(),
            rule: "every 15 min".to_owned(),
            interval_s: 900,
            jitter_s: 5,
            occurrences: 9,
            confidence: 90,
            at: Vec::new(),
            number: String::new(),
        });
        let rows = [
            (Some(900_000), Some("has itself started every 15 min")),
            (Some(840_000), Some("has itself started every 14 min")),
            (Some(450_000), None),
            (Some(10), None),
            (None, None),
        ];
        for (interval, expected) in rows {
            assert_eq!(said(&rhythm, &waking(interval)).as_deref(), expected, "{interval:?}");
        }
    }
}
