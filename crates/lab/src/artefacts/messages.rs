//! The store of messages, its backup and the operator's bill.

use rusqlite::{Connection, params};

use super::clock;
use crate::{
    Kept, LabError, Scenario,
    script::{Message, Played},
};

/// `mmssms.db` as AOSP lays it out, with its settings: secure delete and auto-vacuum.
pub(super) fn store(scenario: &Scenario, played: &Played) -> Result<Vec<u8>, LabError> {
    let mut database = Connection::open_in_memory()?;
    database.execute_batch(SCHEMA)?;
    for message in played.messages.iter().filter(|message| message.kept != Kept::Never) {
        insert(scenario, &database, message)?;
    }
    Ok(database.serialize(rusqlite::MAIN_DB)?.to_vec())
}

fn insert(scenario: &Scenario, database: &Connection, message: &Message) -> Result<(), LabError> {
    let millis = message.at.div_euclid(1_000_000);
    let folder = if message.is_outgoing { 2 } else { 1 };
    let sent = if message.is_outgoing { 0 } else { millis.saturating_sub(1800) };
    database.execute(
        "INSERT INTO sms(thread_id, address, date, date_sent, read, type, body, service_center, sub_id, creator, seen)
         VALUES(1, ?, ?, ?, 1, ?, ?, ?, 1, ?, 1)",
        params![message.peer, millis, sent, folder, message.text, centre(scenario), message.package],
    )?;
    if message.kept == Kept::Deleted {
        database.execute("DELETE FROM sms WHERE _id = ?", [database.last_insert_rowid()])?;
    }
    Ok(())
}

/// `sms-backup.xml`, as "SMS Backup & Restore" exports what stands in the store.
pub(super) fn backup(scenario: &Scenario, played: &Played) -> String {
    let kept: Vec<&Message> = played.messages.iter().filter(|message| message.kept == Kept::Sent).collect();
    let mut out = format!(
        "<?xml version='1.0' encoding='UTF-8' standalone='yes' ?>\n<smses count=\"{}\" type=\"full\">\n",
        kept.len()
    );
    for message in kept {
        let millis = message.at.div_euclid(1_000_000);
        let (folder, sent) = if message.is_outgoing { (2, 0) } else { (1, millis.saturating_sub(1800)) };
        let [peer, text, centre] = [&message.peer, &message.text, &centre(scenario)].map(|it| attribute(it));
        out.push_str(&format!(
            "  <sms protocol=\"0\" address=\"{peer}\" date=\"{millis}\" type=\"{folder}\" subject=\"null\" \
             body=\"{text}\" service_center=\"{centre}\" read=\"1\" status=\"-1\" locked=\"0\" date_sent=\"{sent}\" \
             sub_id=\"1\" />\n"
        ));
    }
    out + "</smses>\n"
}

/// A value between quotation marks (XML 1.0 section 2.3).
fn attribute(text: &str) -> String {
    text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;").replace('\n', "&#10;")
}

/// The service centre's number: of the SIM's network.
pub(super) fn centre(scenario: &Scenario) -> String {
    let number = scenario.sims.first().map_or("+000000", |sim| &sim.number);
    number.chars().take(6).chain("0000010".chars()).collect()
}

/// `bill.csv`: what an operator charges, outgoing messages only.
pub(super) fn bill(scenario: &Scenario, played: &Played) -> String {
    let mut out = "Date,Time,Type,Direction,Called number,Units\n".to_owned();
    for message in played.messages.iter().filter(|message| message.is_outgoing) {
        let time = clock(scenario, message.at, "%Y-%m-%d,%H:%M:%S");
        out.push_str(&format!("{time},SMS,outgoing,{},1\n", message.peer));
    }
    out
}

/// A field of CSV (RFC 4180).
pub(super) fn field(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

const SCHEMA: &str = "
PRAGMA auto_vacuum = FULL;
PRAGMA secure_delete = ON;
CREATE TABLE sms(_id INTEGER PRIMARY KEY AUTOINCREMENT, thread_id INTEGER, address TEXT, person INTEGER, date INTEGER,
    date_sent INTEGER DEFAULT 0, protocol INTEGER, read INTEGER DEFAULT 0, status INTEGER DEFAULT -1, type INTEGER,
    reply_path_present INTEGER, subject TEXT, body TEXT, service_center TEXT, locked INTEGER DEFAULT 0,
    sub_id INTEGER DEFAULT -1, error_code INTEGER DEFAULT -1, creator TEXT, seen INTEGER DEFAULT 0);
CREATE TABLE pdu(_id INTEGER PRIMARY KEY AUTOINCREMENT, thread_id INTEGER, date INTEGER, msg_box INTEGER);
";
