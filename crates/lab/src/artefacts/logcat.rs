//! The system's log, and the script as it was written down by hand.

use super::{clock, local, messages, zone};
use crate::{
    Scenario, kinds,
    script::{Happened, Played},
};

/// `logcat -b all -v threadtime,year,zone`.
pub(super) fn written(scenario: &Scenario, played: &Played) -> String {
    let mut lines: Vec<(i64, String)> = Vec::new();
    for happened in &played.events {
        lines.extend(system(scenario, happened));
    }
    for logged in &played.log {
        let package = scenario.packages.iter().find(|package| package.name == logged.package);
        let pid = package.map_or(900, |package| package.uid % 20_000).saturating_add(1500);
        lines.push((logged.at, line(scenario, logged.at, pid, (&logged.level, &logged.tag, &logged.text))));
    }
    lines.sort_by_key(|(at, _)| *at);
    let mut out = "--------- beginning of main\n".to_owned();
    out.extend(lines.into_iter().map(|(_, line)| line));
    out
}

fn system(scenario: &Scenario, happened: &Happened) -> Vec<(i64, String)> {
    let Some(kind) = kinds::kind(&happened.deed.kind) else { return Vec::new() };
    let written = kind.log.iter().map(|(tag, message)| {
        let details = happened.deed.detail.iter();
        let message = details.fold((*message).to_owned(), |message, (key, value)| {
            message.replace(&format!("{{{key}}}"), value)
        });
        (happened.at, line(scenario, happened.at, SYSTEM_SERVER, ("I", tag, &message)))
    });
    written.filter(|(_, line)| !line.contains("{package}")).collect()
}

fn line(scenario: &Scenario, at: i64, pid: u32, (level, tag, text): (&str, &str, &str)) -> String {
    let milli = local(scenario, at).millisecond();
    let time = clock(scenario, at, "%Y-%m-%d %H:%M:%S");
    format!("{time}.{milli:03} {} {pid:5} {pid:5} {level} {tag:<8}: {text}\n", zone(scenario, ""))
}

/// `events.csv`.
pub(super) fn events(scenario: &Scenario, played: &Played) -> String {
    let mut out = "time,kind,detail,package\n".to_owned();
    for happened in played.events.iter().filter(|happened| !happened.deed.unseen) {
        let deed = &happened.deed;
        let known = kinds::kind(&deed.kind);
        let kind = known.map(|kind| kind.mark).filter(|mark| !mark.is_empty()).unwrap_or(&deed.kind);
        let alone = known.and_then(|kind| deed.detail.get(kind.detail));
        let details = deed.detail.iter().filter(|(key, _)| *key != "package");
        let details: Vec<String> = details.map(|(key, value)| format!("{key}={value}")).collect();
        let details = alone.cloned().unwrap_or_else(|| details.join("; "));
        let package = deed.detail.get("package").map_or("", String::as_str);
        let time = clock(scenario, happened.at, "%Y-%m-%dT%H:%M:%S") + &zone(scenario, ":");
        out.push_str(&format!("{time},{kind},{},{package}\n", messages::field(&details)));
    }
    out
}

/// The process that most of the system's lines come from.
const SYSTEM_SERVER: u32 = 1187;
