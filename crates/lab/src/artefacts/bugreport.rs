//! Excerpts of a bugreport's text, in the form of AOSP's `dumpstate`: its head, the kernel's counts by user id, the
//! properties, and of the services app-ops, netstats and package. The log is a file of its own.

use std::collections::BTreeMap;

use super::{
    clock,
    counters::{Counted, android},
    local, netstats, packages,
};
use crate::{
    Scenario,
    script::{Done, Played},
};

/// What is it called, and what it says, when it is made at that moment.
pub(super) fn written(
    scenario: &Scenario,
    played: &Played,
    counted: &[Counted],
    at: i64,
) -> (String, String) {
    let booted = booted(scenario, played, at);
    let since: Vec<Counted> =
        counted.iter().filter(|one| one.at >= booted && one.at <= at).copied().collect();
    let mut out = head(scenario, at);
    if android(scenario) < 10 {
        out.push_str(&section(
            "QTAGUID STATS INFO",
            "/proc/net/xt_qtaguid/stats",
            &netstats::qtaguid(&since),
        ));
    }
    out.push_str(&section("SYSTEM PROPERTIES", "getprop", &packages::properties(scenario)));
    out.push_str(&services(
        scenario,
        at,
        &[
            ("appops", appops(scenario, played, at)),
            ("netstats", netstats::brief(scenario, &since)),
            ("package", packages::dump(scenario)),
        ],
    ));
    out.push_str(&banner("dumpstate: done"));
    let build = build_id(scenario).map_or_else(String::new, |build| format!("{build}-"));
    (format!("bugreport-{build}{}.txt", clock(scenario, at, "%Y-%m-%d-%H-%M-%S")), out)
}

/// When the phone was last started.
fn booted(scenario: &Scenario, played: &Played, at: i64) -> i64 {
    let boots = played.events.iter().filter(|happened| happened.deed.kind == "boot" && happened.at <= at);
    boots.map(|happened| happened.at).max().unwrap_or(crate::scenario::nanos(scenario.start))
}

fn head(scenario: &Scenario, at: i64) -> String {
    let network = scenario.sims.first().map_or("", |sim| &sim.operator);
    let mut out = banner(&format!("dumpstate: {}", clock(scenario, at, "%Y-%m-%d %H:%M:%S")));
    out.push_str(&format!("\nBuild: {}\n", build_id(scenario).unwrap_or_default()));
    out.push_str(&format!("Build fingerprint: '{}'\n", scenario.phone.build));
    out + &format!("Bootloader: unknown\nRadio: unknown\nNetwork: {network}\n\n")
}

/// The part of a fingerprint that names the build: `brand/product/device:release/ID/number:type/tags`.
fn build_id(scenario: &Scenario) -> Option<&str> {
    scenario.phone.build.split('/').nth(3).filter(|id| !id.is_empty())
}

fn banner(words: &str) -> String {
    format!("{RULE}\n== {words}\n{RULE}\n")
}

fn section(name: &str, command: &str, text: &str) -> String {
    let took = took(text);
    format!("------ {name} ({command}) ------\n{text}------ {took}s was the duration of '{name}' ------\n\n")
}

fn services(scenario: &Scenario, at: i64, services: &[(&str, String)]) -> String {
    let command = match android(scenario) {
        ..7 => "dumpsys",
        7 => "dumpsys -t 60 --skip meminfo cpuinfo",
        8.. => "dumpsys -T 60000 --skip meminfo cpuinfo",
    };
    let mut out = banner("Android Framework Services");
    out.push_str(&format!("------ DUMPSYS ({command}) ------\nCurrently running services:\n"));
    out.extend(services.iter().map(|(name, _)| format!("  {name}\n")));
    for (name, text) in services {
        out.push_str(&format!("{}\nDUMP OF SERVICE {name}:\n{text}", "-".repeat(79)));
        let ended = clock(scenario, at, "%Y-%m-%d %H:%M:%S");
        let took = took(text);
        match android(scenario) {
            ..7 => {}
            7 => out.push_str(&format!("--------- {took}s was the duration of dumpsys {name}\n")),
            8.. => out.push_str(&format!(
                "--------- {took}s was the duration of dumpsys {name}, ending at: {ended}\n"
            )),
        }
    }
    out + "------ 0.412s was the duration of 'DUMPSYS' ------\n\n"
}

/// Seconds: the longer the text, the longer it took.
fn took(text: &str) -> String {
    let millis = text.len().div_ceil(2048).saturating_add(4);
    format!("{}.{:03}", millis / 1000, millis % 1000)
}

/// `dumpsys appops` (AOSP, `AppOpsService.dump`): when each operation was last done.
/// A user id as Android writes it (`UserHandle.formatUid`): `1000`, `u0a123`, `u10s1000`.
fn uid_name(uid: u32) -> String {
    match (uid / 100_000, uid % 100_000) {
        (0, id @ ..10_000) => id.to_string(),
        (user, id) => match id.checked_sub(10_000) {
            Some(app) => format!("u{user}a{app}"),
            None => format!("u{user}s{id}"),
        },
    }
}

fn appops(scenario: &Scenario, played: &Played, at: i64) -> String {
    let mut last: BTreeMap<u32, BTreeMap<&str, BTreeMap<&str, i64>>> = BTreeMap::new();
    for Done { at, sender, operation } in played.operations.iter().filter(|done| done.at <= at) {
        let Some(package) = scenario.senders.get(*sender).map(|sender| sender.package.as_str()) else {
            continue;
        };
        let known = scenario.packages.iter().find(|known| known.name == package);
        let Some(uid) = known.map(|package| package.uid) else { continue };
        last.entry(uid).or_default().entry(package).or_default().insert(operation, *at);
    }
    let mut out = "Current AppOps Service state:\n".to_owned();
    for (uid, packages) in last {
        out.push_str(&format!("  Uid {}:\n", uid_name(uid)));
        for (package, operations) in packages {
            out.push_str(&format!("    Package {package}:\n"));
            let seen = if is_open(played, package, at) { "top" } else { "bg" };
            let rows =
                operations.into_iter().map(|(name, done)| operation(scenario, (name, done), (at, seen)));
            out.extend(rows);
        }
    }
    out
}

fn operation(scenario: &Scenario, (name, done): (&str, i64), (at, seen): (i64, &str)) -> String {
    let ago = duration(at.saturating_sub(done));
    let milli = local(scenario, done).millisecond();
    let time = format!("{}.{milli:03}", clock(scenario, done, "%Y-%m-%d %H:%M:%S"));
    match android(scenario) {
        ..9 => format!("      {name}: mode=0; time=+{ago} ago\n"),
        9 => format!("      {name} (allow):\n        Access: {seen} = {time} (-{ago})\n"),
        10 => format!("      {name} (allow):\n          Access: [{seen}-s] {time} (-{ago})\n"),
        11.. => {
            format!(
                "      {name} (allow):\n        null=[\n          Access: [{seen}-s] {time} (-{ago})\n        ]\n"
            )
        }
    }
}

/// Whether an app was before its user's eyes at a moment.
fn is_open(played: &Played, package: &str, at: i64) -> bool {
    let mut told = played.events.iter().rev().filter(|happened| {
        let deed = &happened.deed;
        let is_its = deed.detail.get("package").is_some_and(|name| name == package);
        happened.at <= at && is_its && ["app-opened", "app-closed"].contains(&deed.kind.as_str())
    });
    told.next().is_some_and(|happened| happened.deed.kind == "app-opened")
}

/// `1d2h3m4s5ms` (AOSP, `TimeUtils.formatDuration`).
fn duration(nanos: i64) -> String {
    let millis = nanos.div_euclid(1_000_000);
    let units = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)];
    let (mut out, mut rest) = (String::new(), millis.max(0));
    for (unit, length) in units {
        let count = rest / length;
        rest %= length;
        if count > 0 || !out.is_empty() || length == 1 {
            out.push_str(&format!("{count}{unit}"));
        }
    }
    out
}

const RULE: &str = "========================================================";
