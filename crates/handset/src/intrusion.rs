//! Android 16's intrusion log: one JSON object a line, `{"dns_event":{…}}`.
//!
//! The events are those of AOSP's `SecurityLog` and `NetworkEvent`; names and connections come with the package
//! that made them. Times are counted in milliseconds or nanoseconds since 1970.

use std::net::IpAddr;

use evidence::Timestamp;
use serde_json::{Map, Value};

use crate::{
    Uid,
    clock::counted,
    lines::{Broken, Line},
    marks::{Mark, MarkKind},
    reader::{Fact, LineReader},
    scan,
};

/// A name that an app looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lookup {
    /// When.
    pub time: Option<Timestamp>,
    /// The package.
    pub package: String,
    /// The name.
    pub name: String,
    /// The addresses that were answered.
    pub addresses: Vec<IpAddr>,
}

/// A connection that an app made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// When.
    pub time: Option<Timestamp>,
    /// The package.
    pub package: String,
    /// The address.
    pub address: IpAddr,
    /// The port.
    pub port: u16,
}

/// Reads an intrusion log.
#[derive(Clone, Debug, Default)]
pub(crate) struct Parser {
    broken: Broken,
}

impl LineReader for Parser {
    fn line(&mut self, line: &Line<'_>, out: &mut Vec<Fact>) {
        match fact(line) {
            Some(fact) => out.push(fact),
            None => self.broken.count(line, &line.text()),
        }
    }

    fn finish(&mut self, out: &mut Vec<Fact>) {
        out.extend(
            self.broken.oddity("file holds lines that are no events of an intrusion log").map(Fact::Oddity),
        );
    }
}

/// Whether a file that begins so is an intrusion log.
pub(crate) fn recognise(beginning: &str) -> bool {
    let first = beginning.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let first: String = first.chars().filter(|c| !c.is_whitespace()).take(64).collect();
    EVENTS.iter().any(|event| first.starts_with(&format!("{{\"{event}\":{{")))
}

const EVENTS: [&str; 3] = ["connect_event", "dns_event", "security_event"];

fn fact(line: &Line<'_>) -> Option<Fact> {
    let root: Value = serde_json::from_slice(line.bytes()).ok()?;
    let (event, fields) = root.as_object()?.iter().find(|(name, _)| EVENTS.contains(&name.as_str()))?;
    let fields = fields.as_object()?;
    let time = fields.get("event_time").and_then(Value::as_i64).and_then(counted);
    Some(match event.as_str() {
        "connect_event" => Fact::Connection(line.found(connection(time, fields)?)),
        "dns_event" => Fact::Lookup(line.found(lookup(time, fields)?)),
        _ => Fact::Mark(line.found(mark(time, fields)?)),
    })
}

fn connection(time: Option<Timestamp>, fields: &Map<String, Value>) -> Option<Connection> {
    Some(Connection {
        time,
        package: text(fields, "package_name")?,
        address: address(fields.get("ip_address")?)?,
        port: u16::try_from(fields.get("port")?.as_u64()?).ok()?,
    })
}

fn lookup(time: Option<Timestamp>, fields: &Map<String, Value>) -> Option<Lookup> {
    let addresses = fields.get("ip_addresses").and_then(Value::as_array);
    Some(Lookup {
        time,
        package: text(fields, "package_name")?,
        name: text(fields, "hostname")?,
        addresses: addresses.into_iter().flatten().filter_map(address).collect(),
    })
}

/// Java's `InetAddress.toString`: `name/address`, most often without the name.
fn address(value: &Value) -> Option<IpAddr> {
    let text = value.as_str()?;
    let text = text.rsplit_once('/').map_or(text, |(_, address)| address);
    text.split('%').next()?.parse().ok()
}

/// What happened is the one field that is an object.
fn mark(time: Option<Timestamp>, fields: &Map<String, Value>) -> Option<Mark> {
    let (tag, about) = fields.iter().find_map(|(tag, about)| Some((tag, about.as_object()?)))?;
    let package = text(about, "package_name").or_else(|| text(about, "package")).or_else(|| {
        let process = text(about, "process")?;
        process.split(':').next().filter(|name| scan::is_package(name)).map(str::to_owned)
    });
    let uid = about.get("uid").and_then(Value::as_u64).and_then(|uid| u32::try_from(uid).ok()).map(Uid);
    let detail =
        if about.is_empty() { tag.clone() } else { format!("{tag} {}", Value::Object(about.clone())) };
    Some(Mark { time, kind: kind(tag), package, uid, detail })
}

fn kind(tag: &str) -> MarkKind {
    match tag {
        "app_process_start" => MarkKind::ProcessStarted,
        "keyguard_dismissed" => MarkKind::Unlocked,
        "keyguard_secured" => MarkKind::Locked,
        "os_shutdown" => MarkKind::ShutDown,
        "os_startup" => MarkKind::BootStarted,
        "package_installed" | "package_updated" => MarkKind::PackageInstalled,
        "package_uninstalled" => MarkKind::PackageRemoved,
        "wifi_connection" | "wifi_disconnection" => MarkKind::Connectivity,
        _ => MarkKind::Noted,
    }
}

fn text(fields: &Map<String, Value>, key: &str) -> Option<String> {
    fields.get(key)?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::{Parser, recognise};
    use crate::{Uid, marks::MarkKind, reader::Fact, testing};

    #[test]
    fn events_come_with_their_package() {
        let text = r#"{"dns_event":{"event_id":0,"event_time":1700000000000,"package_name":"com.example.app","hostname":"example.com","ip_addresses":["/192.0.2.1","x/2001:db8::1","?"],"ip_addresses_count":2}}
{"connect_event":{"event_id":1,"event_time":1700000000000,"package_name":"com.example.app","port":443,"ip_address":"/192.0.2.1"}}
{"security_event":{"event_id":5,"event_time":1700000000000000000,"app_process_start":{"process":"com.example.app:push","uid":10000,"pid":1234}}}
{"security_event":{"event_id":6,"event_time":1700000000000000000,"keyguard_dismissed":{}}}
{"security_event":{"event_id":7}}
not json
"#;
        assert!(recognise(text) && !recognise("{\"a\":1}"));
        let facts = testing::facts_of(&mut Parser::default(), text);
        let [
            Fact::Lookup(lookup),
            Fact::Connection(connection),
            Fact::Mark(start),
            Fact::Mark(unlock),
            Fact::Oddity(odd),
        ] = &facts[..]
        else {
            panic!("{facts:#?}")
        };
        assert_eq!((lookup.value.name.as_str(), lookup.value.addresses.len()), ("example.com", 2));
        assert_eq!(connection.value.time, lookup.value.time);
        assert_eq!(start.value.time, lookup.value.time);
        assert_eq!(
            (start.value.package.as_deref(), start.value.uid),
            (Some("com.example.app"), Some(Uid(10_000)))
        );
        assert_eq!(unlock.value.kind, MarkKind::Unlocked);
        assert_eq!(odd.detail, "2 lines");
    }
}
