//! Bytes by user id, as the phone prints them: `dumpsys netstats` in the form of Android 5 and later (AOSP,
//! `NetworkStatsService.dump`), `/proc/net/xt_qtaguid/stats` of Android 9 and before, and the map of Android 13 and
//! later.
//!
//! A history counts in hours, by user id in spans of two; whole spans are told, as a poll at each one's end finds them.

use std::collections::BTreeMap;

use super::counters::{Count, Counted, android, sums};
use crate::{Scenario, script::Way};

/// `dumpsys netstats --full --uid --tag`: all that was counted until then.
pub(super) fn written(scenario: &Scenario, counted: &[Counted], at: i64) -> String {
    let until: Vec<Counted> = counted.iter().filter(|one| one.at <= at).copied().collect();
    let mut out = head(scenario, &until);
    for heading in ["Dev stats:", "Xt stats:"] {
        out.push_str(&recorder(heading, "Complete history:"));
        out.push_str(&history(scenario, &until, (HOUR, Of::Interface)));
    }
    out.push_str(&recorder("UID stats:", "Complete history:"));
    out.push_str(&history(scenario, &until, (2 * HOUR, Of::Uid)));
    out.push_str(&recorder("UID tag stats:", "Complete history:"));
    out + &history(scenario, &until, (2 * HOUR, Of::Tag))
}

/// The same without arguments, as a bugreport has it: interfaces only, and only since the phone was started. `since`
/// is what was counted since then.
pub(super) fn brief(scenario: &Scenario, since: &[Counted]) -> String {
    let mut out = head(scenario, since);
    for heading in ["Dev stats:", "Xt stats:"] {
        out.push_str(&recorder(heading, "History since boot:"));
        out.push_str(&history(scenario, since, (HOUR, Of::Interface)));
    }
    if android(scenario) >= 13 {
        out.push_str("BPF map content:\n  mAppUidStatsMap:\n    uid rxBytes rxPackets txBytes txPackets\n");
        for (uid, count) in sums(since, |one| Some(one.uid)) {
            let Count { rx_bytes, rx_packets, tx_bytes, tx_packets } = count;
            out.push_str(&format!("    {uid} {rx_bytes} {rx_packets} {tx_bytes} {tx_packets}\n"));
        }
    }
    out
}

/// `/proc/net/xt_qtaguid/stats`: the kernel's counts since it was started.
pub(super) fn qtaguid(since: &[Counted]) -> String {
    let mut out =
        "idx iface acct_tag_hex uid_tag_int cnt_set rx_bytes rx_packets tx_bytes tx_packets rx_tcp_bytes \
                   rx_tcp_packets rx_udp_bytes rx_udp_packets rx_other_bytes rx_other_packets tx_tcp_bytes \
                   tx_tcp_packets tx_udp_bytes tx_udp_packets tx_other_bytes tx_other_packets\n"
            .to_owned();
    let tcp = sums(since, |one| one.is_tcp.then_some((interface(one.way), one.uid)));
    let udp = sums(since, |one| (!one.is_tcp).then_some((interface(one.way), one.uid)));
    let all = sums(since, |one| Some((interface(one.way), one.uid)));
    let mut index = 2;
    for ((interface, uid), all) in all {
        let of = |counts: &BTreeMap<_, Count>| counts.get(&(interface, uid)).copied().unwrap_or_default();
        // The foreground has a row of its own, which nothing here counts in.
        for (set, all, tcp, udp) in
            [(0, all, of(&tcp), of(&udp)), (1, Count::default(), Count::default(), Count::default())]
        {
            let received = [tcp.rx_bytes, tcp.rx_packets, udp.rx_bytes, udp.rx_packets, 0, 0];
            let sent = [tcp.tx_bytes, tcp.tx_packets, udp.tx_bytes, udp.tx_packets, 0, 0];
            let both = [all.rx_bytes, all.rx_packets, all.tx_bytes, all.tx_packets];
            let numbers: Vec<String> =
                both.iter().chain(&received).chain(&sent).map(ToString::to_string).collect();
            out.push_str(&format!("{index} {interface} 0x0 {uid} {set} {}\n", numbers.join(" ")));
            index += 1;
        }
    }
    out
}

/// What counts of a history are of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    Interface,
    Tag,
    Uid,
}

fn head(scenario: &Scenario, counted: &[Counted]) -> String {
    let mut out = String::new();
    // What was used last is what is up.
    let active = counted.last().map(|one| one.way);
    for heading in ["Active interfaces:", "Active UID interfaces:"] {
        out.push_str(&format!("{heading}\n"));
        if let Some(way) = active {
            out.push_str(&format!("  iface={} ident={}\n", interface(way), ident(scenario, way)));
        }
    }
    out
}

fn recorder(heading: &str, history: &str) -> String {
    format!("{heading}\n  Pending bytes: 0\n  {history}\n")
}

fn history(scenario: &Scenario, counted: &[Counted], (seconds, of): (i64, Of)) -> String {
    let span = seconds * SECOND;
    let sums = sums(counted, |one| {
        let (uid, tag) = match of {
            Of::Interface => (-1, 0),
            Of::Tag if one.tag == 0 => return None,
            Of::Tag => (i64::from(one.uid), one.tag),
            Of::Uid => (i64::from(one.uid), 0),
        };
        Some(((one.way, uid, tag), one.at.div_euclid(span) * seconds))
    });
    let (mut out, mut last) = (String::new(), None);
    for ((key, start), count) in sums {
        if last != Some(key) {
            let (way, uid, tag) = key;
            let set = if of == Of::Interface { "ALL" } else { "DEFAULT" };
            let ident = ident(scenario, way);
            out.push_str(&format!("  ident={ident} uid={uid} set={set} tag=0x{tag:x}\n"));
            out.push_str(&format!("    NetworkStatsHistory: bucketDuration={seconds}\n"));
            last = Some(key);
        }
        let Count { rx_bytes, rx_packets, tx_bytes, tx_packets } = count;
        out.push_str(&format!(
            "      st={start} rb={rx_bytes} rp={rx_packets} tb={tx_bytes} tp={tx_packets} op=0\n"
        ));
    }
    out
}

fn interface(way: Way) -> &'static str {
    match way {
        Way::Mobile => "rmnet_data0",
        Way::Wifi => "wlan0",
    }
}

/// A network's identity. Of a subscriber's number user builds print the first six digits.
fn ident(scenario: &Scenario, way: Way) -> String {
    let is_new = android(scenario) >= 12;
    match way {
        Way::Mobile => {
            let imsi = scenario.sims.first().map_or("", |sim| &sim.imsi);
            let scrubbed: String = imsi.chars().take(6).collect();
            let kind = if is_new { "type=0, ratType=COMBINED" } else { "type=MOBILE, subType=COMBINED" };
            format!("[{{{kind}, subscriberId={scrubbed}..., metered=true}}]")
        }
        Way::Wifi => {
            let ssid = Some(&scenario.phone.ssid).filter(|ssid| !ssid.is_empty());
            let ssid = ssid.map_or("<unknown ssid>", String::as_str);
            let kind = if is_new { "type=1, ratType=COMBINED" } else { "type=WIFI, subType=COMBINED" };
            format!("[{{{kind}, networkId=\"{ssid}\", metered=false}}]")
        }
    }
}

/// In seconds.
const HOUR: i64 = 3600;
/// In nanoseconds.
const SECOND: i64 = 1_000_000_000;
