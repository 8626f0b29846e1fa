//! What is known of the phone, as `docs/profile.md` describes it: its facts and all that the script planted.

use std::collections::BTreeSet;

use toml::{Table, Value};

use crate::{Scenario, script::Played};

/// `profile.toml`.
pub(super) fn written(scenario: &Scenario, played: &Played) -> String {
    let mut table = Table::new();
    put(&mut table, "name", &scenario.phone.name);
    if scenario.phone.calling_code != 0 {
        table.insert("calling_code".to_owned(), Value::Integer(scenario.phone.calling_code.into()));
    }
    section(&mut table, "device", device(scenario));
    section(&mut table, "accounts", accounts(scenario));
    section(&mut table, "ids", ids(scenario, played));
    section(&mut table, "network", network(scenario));
    section(&mut table, "position", position(scenario));
    section(&mut table, "planted", planted(scenario, played));
    section(&mut table, "canaries", canaries(played));
    list(&mut table, "sims", sims(scenario));
    list(&mut table, "cells", cells(scenario));
    list(&mut table, "contacts", contacts(scenario, played));
    list(&mut table, "sms", messages(played));
    list(&mut table, "calls", calls(played));
    table.to_string()
}

fn put(table: &mut Table, key: &str, value: &str) {
    if !value.is_empty() {
        table.insert(key.to_owned(), Value::String(value.to_owned()));
    }
}

fn put_all<'a>(table: &mut Table, key: &str, values: impl IntoIterator<Item = &'a str>) {
    let mut seen = BTreeSet::new();
    let values = values.into_iter().filter(|value| !value.is_empty() && seen.insert(*value));
    let values: Vec<Value> = values.map(|value| Value::String(value.to_owned())).collect();
    if !values.is_empty() {
        table.insert(key.to_owned(), Value::Array(values));
    }
}

fn section(table: &mut Table, name: &str, section: Table) {
    if !section.is_empty() {
        table.insert(name.to_owned(), Value::Table(section));
    }
}

fn list(table: &mut Table, name: &str, sections: Vec<Table>) {
    let sections: Vec<Value> =
        sections.into_iter().filter(|section| !section.is_empty()).map(Value::Table).collect();
    if !sections.is_empty() {
        table.insert(name.to_owned(), Value::Array(sections));
    }
}

fn device(scenario: &Scenario) -> Table {
    let phone = &scenario.phone;
    let mut table = Table::new();
    put(&mut table, "model", &phone.model);
    put(&mut table, "serial", &phone.serial);
    put_all(&mut table, "imei", phone.imei.iter().map(String::as_str));
    put(&mut table, "meid", &phone.meid);
    put(&mut table, "wifi_mac", &phone.wifi_mac);
    put(&mut table, "bluetooth_mac", &phone.bluetooth_mac);
    put(&mut table, "android_id", &phone.android_id);
    put(&mut table, "build", &phone.build);
    put(&mut table, "hostname", &phone.hostname);
    put_all(&mut table, "addresses", [phone.address.to_string().as_str()]);
    table
}

fn accounts(scenario: &Scenario) -> Table {
    let mut table = Table::new();
    put_all(&mut table, "names", scenario.accounts.names.iter().map(String::as_str));
    put_all(&mut table, "emails", scenario.accounts.emails.iter().map(String::as_str));
    table
}

fn ids(scenario: &Scenario, played: &Played) -> Table {
    let mut table = Table::new();
    put(&mut table, "gaid", &scenario.phone.gaid);
    put(&mut table, "oaid", &scenario.phone.oaid);
    for key in ["device", "install", "push_token"] {
        let made = scenario.ids.iter().filter(|id| id.profile == key);
        let values = made.filter_map(|id| played.ids.get(&id.name)).flatten();
        put_all(&mut table, key, values.map(String::as_str));
    }
    table
}

fn network(scenario: &Scenario) -> Table {
    let mut table = Table::new();
    put(&mut table, "bssid", &scenario.phone.bssid);
    put(&mut table, "ssid", &scenario.phone.ssid);
    table
}

fn position(scenario: &Scenario) -> Table {
    let mut table = Table::new();
    if let Some(position) = &scenario.position {
        table.insert("lat".to_owned(), Value::Float(position.lat));
        table.insert("lon".to_owned(), Value::Float(position.lon));
    }
    table
}

fn sims(scenario: &Scenario) -> Vec<Table> {
    let sim = |sim: &crate::Sim| {
        let mut table = Table::new();
        put(&mut table, "imsi", &sim.imsi);
        put(&mut table, "iccid", &sim.iccid);
        put(&mut table, "number", &sim.number);
        put(&mut table, "operator", &sim.operator);
        put(&mut table, "mcc", &sim.mcc);
        put(&mut table, "mnc", &sim.mnc);
        table
    };
    scenario.sims.iter().map(sim).collect()
}

fn cells(scenario: &Scenario) -> Vec<Table> {
    let cell = |cell: &crate::Cell| {
        let mut table = Table::new();
        table.insert("cell_id".to_owned(), Value::Integer(i64::try_from(cell.cell_id).unwrap_or(0)));
        table.insert("lac".to_owned(), Value::Integer(cell.lac.into()));
        put(&mut table, "mcc", &cell.mcc);
        put(&mut table, "mnc", &cell.mnc);
        table
    };
    scenario.cells.iter().map(cell).collect()
}

/// Those of the beginning and those that events added.
fn contacts(scenario: &Scenario, played: &Played) -> Vec<Table> {
    let contact = |(name, number): (&str, &str)| {
        let mut table = Table::new();
        put(&mut table, "name", name);
        put_all(&mut table, "numbers", [number]);
        table
    };
    let own = scenario.contacts.iter().map(|contact| (contact.name.as_str(), contact.number.as_str()));
    let added = played.events.iter().filter(|happened| happened.deed.kind == "contact-added");
    let added = added.map(|happened| (detail(happened, "name"), detail(happened, "number")));
    let all: BTreeSet<_> = own.chain(added).collect();
    all.into_iter().map(contact).collect()
}

/// What people wrote. What apps send by themselves nobody planted.
fn messages(played: &Played) -> Vec<Table> {
    let written = played.events.iter().filter(|happened| happened.deed.kind.starts_with("sms-"));
    let all: BTreeSet<_> =
        written.map(|happened| (detail(happened, "number"), detail(happened, "text"))).collect();
    let message = |(peer, text): (&str, &str)| {
        let mut table = Table::new();
        put(&mut table, "peer", peer);
        put(&mut table, "text", text);
        table
    };
    all.into_iter().map(message).collect()
}

fn calls(played: &Played) -> Vec<Table> {
    let calls = played.events.iter().filter(|happened| happened.deed.kind == "call");
    let peers: BTreeSet<_> = calls.map(|happened| detail(happened, "number")).collect();
    let call = |peer: &str| {
        let mut table = Table::new();
        put(&mut table, "peer", peer);
        table
    };
    peers.into_iter().map(call).collect()
}

fn planted(scenario: &Scenario, played: &Played) -> Table {
    let mut table = Table::new();
    let of = |kinds: &'static [&'static str], key: &'static str| {
        let events = played.events.iter().filter(|happened| kinds.contains(&happened.deed.kind.as_str()));
        // What has a mode is a canary with it.
        events
            .filter(|happened| detail(happened, "mode").is_empty())
            .map(move |happened| detail(happened, key))
    };
    let own = &scenario.planted;
    put_all(
        &mut table,
        "files",
        own.files.iter().map(String::as_str).chain(of(&["file-opened", "download"], "file")),
    );
    put_all(&mut table, "words", own.words.iter().map(String::as_str).chain(of(&["typed"], "text")));
    put_all(&mut table, "searches", of(&["search"], "word"));
    put_all(&mut table, "urls", of(&["open-url", "share", "video-opened"], "url"));
    put_all(&mut table, "songs", own.songs.iter().map(String::as_str).chain(of(&["song-played"], "song")));
    let packages = scenario.packages.iter().filter(|package| package.planted);
    put_all(&mut table, "packages", packages.map(|package| package.name.as_str()));
    table
}

/// Words and pages that were planted in one mode: `label = { text, kind, mode }`.
fn canaries(played: &Played) -> Table {
    let mut table = Table::new();
    for happened in &played.events {
        let (key, kind) = match happened.deed.kind.as_str() {
            "search" => ("word", "search_word"),
            "open-url" | "share" | "video-opened" => ("url", "url"),
            _ => continue,
        };
        let (text, mode) = (detail(happened, key), detail(happened, "mode"));
        let is_known = table.values().any(|known| known.get("text").and_then(Value::as_str) == Some(text));
        if text.is_empty() || mode.is_empty() || is_known {
            continue;
        }
        let mut canary = Table::new();
        put(&mut canary, "text", text);
        put(&mut canary, "kind", kind);
        put(&mut canary, "mode", mode);
        let number = table.len().saturating_add(1);
        table.insert(
            format!("{}_{mode}_{number:02}", happened.deed.kind.replace('-', "_")),
            Value::Table(canary),
        );
    }
    table
}

fn detail<'a>(happened: &'a crate::script::Happened, key: &str) -> &'a str {
    happened.deed.detail.get(key).map_or("", String::as_str)
}
