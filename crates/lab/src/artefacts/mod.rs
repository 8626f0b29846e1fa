//! What an investigator would have: a scenario's run as files.
//!
//! | file | what it is | when |
//! |---|---|---|
//! | `capture.pcapng` | what passed the access point, with TLS secrets unless told otherwise | always |
//! | `keys.log` | the secrets beside it, as browsers write them | `secrets = "beside"` |
//! | `profile.toml` | what is known of the phone and what was planted | always |
//! | `logcat.txt` | `logcat -b all -v threadtime,year,zone` | `log` |
//! | `events.csv` | the script, as it was written down by hand | `events` |
//! | `getprop.txt`, `packages.txt`, `dumpsys-package.txt` | what adb tells | `packages` |
//! | `bugreport-*.txt` | excerpts of a bugreport: properties, packages, permissions used, bytes by user id | `bugreports` |
//! | `netstats-*.txt` | `dumpsys netstats --full --uid --tag` | `netstats` |
//! | `sockets-*/tcp` and its like | `/proc/net/{tcp,tcp6,udp,udp6}` | `sockets` |
//! | `connections.jsonl` | which app connected where, in the form of Android 16's intrusion log | `connections` |
//! | `mmssms.db` | the store of messages | `messages` |
//! | `sms-backup.xml` | what "SMS Backup & Restore" exports of it | `backup` |
//! | `bill.csv` | the operator's itemised bill | `bill` |
//! | `apps/*.apk` | apps whose `code` the scenario gives | always |
//!
//! What the radio's receiver heard (`radio`) is in the capture, as GSMTAP.

mod bugreport;
mod connections;
mod counters;
mod logcat;
mod messages;
mod netstats;
mod packages;
mod profile;
mod radio;
mod sockets;

use crate::{
    LabError, Scenario,
    network::{self, Air},
    script::{self, Played, Sent, Way},
};

/// A file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Artefact {
    /// Its path below the run's folder, with `/`.
    pub name: String,
    /// What it holds.
    pub bytes: Vec<u8>,
}

/// All of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Artefacts {
    /// The files, by name.
    pub files: Vec<Artefact>,
    /// What was sent, in order of time: the truth.
    pub sent: Vec<Sent>,
}

impl Artefacts {
    /// The file of a name.
    pub fn file(&self, name: &str) -> Option<&[u8]> {
        self.files.iter().find(|file| file.name == name).map(|file| file.bytes.as_slice())
    }

    fn put(&mut self, name: &str, bytes: impl Into<Vec<u8>>) {
        self.files.push(Artefact { name: name.to_owned(), bytes: bytes.into() });
    }
}

/// Plays a scenario and writes what an investigator would have of it.
pub fn run(scenario: &Scenario) -> Result<Artefacts, LabError> {
    let played = script::play(scenario)?;
    let mut out = Artefacts { sent: sent(scenario, &played), ..Artefacts::default() };
    let mut wifi = Air::new(scenario, &played, Way::Wifi)?;
    wifi = of_device(scenario, &played, wifi, &mut out)?;
    if scenario.evidence.radio {
        radio::add(scenario, &played, &mut wifi.recording)?;
    }
    let (capture, keys) = network::files(scenario, wifi);
    out.put("capture.pcapng", capture);
    if let Some(keys) = keys {
        out.put("keys.log", keys);
    }
    files(scenario, &played, &mut out)?;
    out.files.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(out)
}

fn files(scenario: &Scenario, played: &Played, out: &mut Artefacts) -> Result<(), LabError> {
    let evidence = &scenario.evidence;
    out.put("profile.toml", profile::written(scenario, played));
    if evidence.log {
        out.put("logcat.txt", logcat::written(scenario, played));
    }
    if evidence.events {
        out.put("events.csv", logcat::events(scenario, played));
    }
    if evidence.packages {
        out.put("getprop.txt", packages::properties(scenario));
        out.put("packages.txt", packages::list(scenario));
        out.put("dumpsys-package.txt", packages::dump(scenario));
    }
    if evidence.connections {
        out.put("connections.jsonl", connections::written(scenario, played));
    }
    if evidence.messages {
        out.put("mmssms.db", messages::store(scenario, played)?);
    }
    if evidence.backup {
        out.put("sms-backup.xml", messages::backup(scenario, played));
    }
    if evidence.bill {
        out.put("bill.csv", messages::bill(scenario, played));
    }
    for package in scenario.packages.iter().filter(|package| !package.code.is_empty()) {
        out.put(&format!("apps/{}.apk", package.name), packages::apk(package));
    }
    Ok(())
}

/// What the phone's counters and tables say. They know of the mobile network as well. Gives back what passed the Wi-Fi.
fn of_device(scenario: &Scenario, played: &Played, wifi: Air, out: &mut Artefacts) -> Result<Air, LabError> {
    let evidence = &scenario.evidence;
    if evidence.bugreports.is_empty() && evidence.netstats.is_empty() && evidence.sockets.is_empty() {
        return Ok(wifi);
    }
    let airs = [wifi, Air::new(scenario, played, Way::Mobile)?];
    let stamp = |at: i64| clock(scenario, at, "%Y-%m-%d-%H-%M-%S");
    let counted = counters::counted(scenario, &airs);
    for at in evidence.bugreports.iter().map(|moment| moment.at(scenario.start)) {
        let (name, text) = bugreport::written(scenario, played, &counted, at);
        out.put(&name, text);
    }
    for at in evidence.netstats.iter().map(|moment| moment.at(scenario.start)) {
        out.put(&format!("netstats-{}.txt", stamp(at)), netstats::written(scenario, &counted, at));
    }
    let open = sockets::all(scenario, &airs);
    for at in scenario.socket_readings() {
        for (table, text) in sockets::tables(&open, at) {
            out.put(&format!("sockets-{}/{table}", stamp(at)), text);
        }
    }
    let [wifi, _] = airs;
    Ok(wifi)
}

fn sent(scenario: &Scenario, played: &Played) -> Vec<Sent> {
    let mut sent: Vec<Sent> = played
        .exchanges
        .iter()
        .filter_map(|exchange| {
            let server = scenario.server(&exchange.server)?;
            let address = server.address.map(|address| address.to_string()).unwrap_or_default();
            Some(Sent {
                at: exchange.at,
                sender: scenario.senders.get(exchange.sender)?.name.clone(),
                host: if server.host.is_empty() { address } else { server.host.clone() },
                bytes: exchange.turns.iter().step_by(2).map(Vec::len).sum(),
                is_mobile: exchange.way == Way::Mobile,
            })
        })
        .collect();
    sent.sort_by(|one, other| (one.at, &one.sender).cmp(&(other.at, &other.sender)));
    sent
}

/// The phone's clock at an instant.
fn local(scenario: &Scenario, at: i64) -> time::OffsetDateTime {
    let instant = time::OffsetDateTime::from_unix_timestamp_nanos(i128::from(at));
    instant.unwrap_or(scenario.start).to_offset(scenario.start.offset())
}

/// `strftime` of the phone's clock at an instant; nothing for a format that is none.
fn clock(scenario: &Scenario, at: i64, format: &str) -> String {
    let format = time::format_description::parse_strftime_borrowed(format).unwrap_or_default();
    local(scenario, at).format(&format).unwrap_or_default()
}

/// The phone's zone as `+0100`, with `between` the hours and the minutes.
fn zone(scenario: &Scenario, between: &str) -> String {
    let offset = scenario.start.offset();
    let (hours, minutes, _) = offset.as_hms();
    let sign = if offset.is_negative() { '-' } else { '+' };
    format!("{sign}{:02}{between}{:02}", hours.unsigned_abs(), minutes.unsigned_abs())
}
