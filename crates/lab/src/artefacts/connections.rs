//! Which app connected where: the form of Android 16's intrusion log, whatever the phone's Android, since it is the
//! one form of such a log that is written down.

use crate::{Scenario, Server, script::Played};

/// One JSON object a line.
pub(super) fn written(scenario: &Scenario, played: &Played) -> String {
    let sends = played.exchanges.iter().map(|exchange| (exchange.at, exchange.sender, &exchange.server));
    let throws = played.datagrams.iter().map(|thrown| (thrown.at, thrown.sender, &thrown.server));
    let mut lines: Vec<(i64, String)> = Vec::new();
    for (at, sender, server) in sends.chain(throws) {
        let Some(sender) = scenario.senders.get(sender).filter(|sender| sender.host.is_empty()) else {
            continue;
        };
        let Some(server) = scenario.server(server) else { continue };
        if !sender.package.is_empty() {
            lines.extend(lookup(at, &sender.package, server).map(|line| (at, line)));
            lines.extend(connection(at, &sender.package, server).map(|line| (at, line)));
        }
    }
    lines.sort();
    lines.into_iter().map(|(_, line)| line).collect()
}

fn lookup(at: i64, package: &str, server: &Server) -> Option<String> {
    let host = Some(&server.host).filter(|host| !host.is_empty())?;
    let addresses = server.address.map(|address| format!("\"/{address}\"")).unwrap_or_default();
    let head = head("dns_event", at, package);
    Some(format!("{head},\"hostname\":\"{host}\",\"ip_addresses\":[{addresses}]}}}}\n"))
}

fn connection(at: i64, package: &str, server: &Server) -> Option<String> {
    let address = server.address?;
    let head = head("connect_event", at, package);
    Some(format!("{head},\"ip_address\":\"/{address}\",\"port\":{}}}}}\n", server.port))
}

fn head(event: &str, at: i64, package: &str) -> String {
    let millis = at.div_euclid(1_000_000);
    format!("{{\"{event}\":{{\"event_time\":{millis},\"package_name\":\"{package}\"")
}
