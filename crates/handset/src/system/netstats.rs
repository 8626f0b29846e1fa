//! Bytes sent and received by uid: `dumpsys netstats`, and the kernel's counters.
//!
//! Layouts, told line by line:
//! - the history (AOSP `NetworkStatsCollection.dump`): `ident=[…] uid=… set=… tag=…` and its buckets, `st=… rb=…
//!   tb=…` since Android 5, `bucketStart=… rxBytes=… txBytes=…` before; also of `--checkin`, `c,…` and `b,…`;
//! - keys whose counts stand in their own line or below it without a start: totals since boot;
//! - the maps of Android 9 to 16 (`mAppUidStatsMap`, `mStatsMapA`, `mStatsMapB`, `mIfaceStatsMap`);
//! - a reading of all counters (AOSP `NetworkStats.dump`), `[0] iface=… uid=… set=… tag=… rxBytes=…`;
//! - `/proc/net/xt_qtaguid/stats` of Android 8 and before.
//!
//! The same bytes stand in several of them, and tagged bytes in the uid's as well: sums are made over one
//! [`Counter`] with tag 0.

use evidence::Timestamp;

use crate::{
    Uid,
    clock::counted,
    lines::Line,
    reader::{Fact, LineReader},
    scan,
};

/// Bytes and packets that were counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Which counter said it.
    pub counter: Counter,
    /// Whose they are; `None` where a whole interface is counted.
    pub uid: Option<Uid>,
    /// The tag an app put on its socket, 0 for all of the uid's.
    pub tag: u32,
    /// Whether they were sent and received in the foreground, as the counter tells: `DEFAULT`, `FOREGROUND`,
    /// `0`, `1`. Empty where it does not.
    pub set: String,
    /// The interface (`wlan0`), or in a history the network's identity (`{type=WIFI, …}`). Empty where all are
    /// counted.
    pub network: String,
    /// The span of time; `None` for all since boot.
    pub bucket: Option<Bucket>,
    /// Bytes received.
    pub rx_bytes: u64,
    /// Packets received.
    pub rx_packets: u64,
    /// Bytes sent.
    pub tx_bytes: u64,
    /// Packets sent.
    pub tx_packets: u64,
}

/// A counter of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Counter {
    /// `mAppUidStatsMap`: all of a uid since boot.
    AppTotals,
    /// `Dev stats`: of the interfaces.
    DeviceHistory,
    /// `mIfaceStatsMap`: all of an interface since boot.
    InterfaceTotals,
    /// `mStatsMapA`, `mStatsMapB`: by uid, tag and interface since the last reading.
    KernelMap,
    /// `xt_qtaguid`: by uid, tag and interface since boot.
    Qtaguid,
    /// `NetworkStats`: by uid, tag and interface since boot, as a service read it.
    Reading,
    /// `UID tag stats`: of each tag.
    TagHistory,
    /// `UID stats`: of each uid.
    UidHistory,
    /// `Xt stats`: of the interfaces, as the firewall counts.
    XtHistory,
}

/// A span of time that a history counts in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bucket {
    /// When it begins.
    pub start: Timestamp,
    /// How long it is, in seconds.
    pub seconds: u64,
}

/// Reads any layout.
#[derive(Clone, Debug, Default)]
pub(crate) struct Netstats {
    counter: Option<Counter>,
    /// The uid, tag, set and network of the buckets that come, and their length.
    of: Option<Usage>,
    seconds: u64,
}

impl LineReader for Netstats {
    fn line(&mut self, line: &Line<'_>, out: &mut Vec<Fact>) {
        let text = line.text();
        let text = text.trim();
        if let Some(counter) = heading(text) {
            self.counter = Some(counter);
            self.of = None;
        } else if is_other_map(text) {
            self.counter = None;
        } else if let Some(usage) = self.usage(text) {
            out.push(Fact::Usage(line.found(usage)));
        }
    }

    fn finish(&mut self, _: &mut Vec<Fact>) {}
}

impl Netstats {
    fn usage(&mut self, text: &str) -> Option<Usage> {
        match self.counter? {
            Counter::AppTotals => app_totals(text),
            Counter::InterfaceTotals => interface_totals(text),
            Counter::KernelMap => kernel_map(text),
            Counter::Qtaguid => qtaguid(text),
            Counter::Reading => reading(text),
            counter => self.history(text, counter),
        }
    }

    fn history(&mut self, text: &str, counter: Counter) -> Option<Usage> {
        if let Some(of) = key(text, counter).or_else(|| checkin_key(text, counter)) {
            let counts = text.rsplit_once("] uid=").and_then(|(_, rest)| counts(rest));
            let total = counts.map(|counts| counting(of.clone(), counts));
            self.of = Some(of);
            return total;
        }
        if let Some(seconds) = length(text) {
            self.seconds = seconds;
            return None;
        }
        let Some((start, bytes)) = bucket(text) else {
            let is_total = text.starts_with("rb=") || text.starts_with("rxBytes=");
            let counts = counts(text).filter(|_| is_total)?;
            return Some(counting(self.of.clone()?, counts));
        };
        let [rx_bytes, rx_packets, tx_bytes, tx_packets] = bytes;
        let bucket = Some(Bucket { start, seconds: self.seconds });
        Some(Usage { bucket, rx_bytes, rx_packets, tx_bytes, tx_packets, ..self.of.clone()? })
    }
}

/// Whether a file that begins so is a layout of these.
pub(crate) fn recognise(beginning: &str) -> bool {
    // Words alone head the parts of `--checkin` only, which begins with its version.
    let is_word = |line: &str| !line.contains([' ', ':']);
    let is_heading = |line: &str| heading(line).is_some() && !is_word(line);
    let mut lines = beginning.lines().map(str::trim);
    let is_checkin = beginning.starts_with("v1,") && lines.clone().nth(1) == Some("xt");
    is_checkin || lines.any(|line| is_heading(line) || line == "Active interfaces:")
}

fn heading(text: &str) -> Option<Counter> {
    const HEADINGS: [(&str, Counter); 11] = [
        ("Dev stats:", Counter::DeviceHistory),
        ("UID stats:", Counter::UidHistory),
        ("UID tag stats:", Counter::TagHistory),
        ("Xt stats:", Counter::XtHistory),
        ("mAppUidStatsMap:", Counter::AppTotals),
        ("mIfaceStatsMap:", Counter::InterfaceTotals),
        ("mStatsMapA:", Counter::KernelMap),
        ("mStatsMapB:", Counter::KernelMap),
        ("tag", Counter::TagHistory),
        ("uid", Counter::UidHistory),
        ("xt", Counter::XtHistory),
    ];
    let known = HEADINGS.iter().find(|(heading, _)| *heading == text).map(|(_, counter)| *counter);
    let begins = |start| text.starts_with(start);
    known
        .or_else(|| begins("idx iface acct_tag_hex").then_some(Counter::Qtaguid))
        .or_else(|| begins("NetworkStats: elapsedRealtime=").then_some(Counter::Reading))
}

/// A map of the kernel that counts no bytes: `mUidCounterSetMap:`.
fn is_other_map(text: &str) -> bool {
    text.strip_suffix("Map:").is_some_and(|name| name.starts_with('m') && !name.contains(' '))
}

/// `ident=[{type=WIFI, …}] uid=10147 set=DEFAULT tag=0x0`
fn key(text: &str, counter: Counter) -> Option<Usage> {
    let (ident, rest) = text.strip_prefix("ident=")?.rsplit_once(" uid=")?;
    let mut words = rest.split(' ');
    let uid = words.next()?.parse().ok().map(Uid);
    let tag = scan::value(rest, "tag").and_then(hex).unwrap_or(0);
    let set = scan::value(rest, "set").unwrap_or_default().to_owned();
    let network = ident.trim_start_matches('[').trim_end_matches(']').to_owned();
    Some(Usage { uid, tag, set, network, ..nothing(counter) })
}

/// `c,m,10147,d,0`: what network, uid, set, tag.
fn checkin_key(text: &str, counter: Counter) -> Option<Usage> {
    let mut words = text.strip_prefix("c,")?.split(',');
    let network = words.next()?.to_owned();
    let uid = words.next()?.parse().ok().map(Uid);
    let set = words.next()?.to_owned();
    let tag = words.next()?.parse::<i64>().ok().map_or(0, tag_of);
    Some(Usage { uid, tag, set, network, ..nothing(counter) })
}

/// A tag is printed as a signed number.
fn tag_of(tag: i64) -> u32 {
    u32::try_from(tag & 0xffff_ffff).unwrap_or(0)
}

/// Seconds that a bucket has; before Android 5 they were milliseconds, and nobody had buckets of a month.
fn length(text: &str) -> Option<u64> {
    const MONTH: u64 = 31 * 86_400;
    let length =
        text.strip_prefix("NetworkStatsHistory: bucketDuration=").or_else(|| text.strip_prefix("d,"))?;
    let length = length.trim().parse().ok()?;
    Some(if length > MONTH { length / 1000 } else { length })
}

/// A bucket's start, and bytes and packets received, then sent.
fn bucket(text: &str) -> Option<(Timestamp, [u64; 4])> {
    let of = |keys: [&str; 5]| {
        let [start, rest @ ..] = keys;
        let start = scan::number(text, start)?;
        let counts = rest.map(|key| scan::number(text, key).unwrap_or(0));
        Some((counted(start)?, counts))
    };
    if text.starts_with("st=") {
        return of(["st", "rb", "rp", "tb", "tp"]);
    }
    if text.starts_with("bucketStart=") {
        return of(["bucketStart", "rxBytes", "rxPackets", "txBytes", "txPackets"]);
    }
    let numbers: Option<Vec<u64>> =
        text.strip_prefix("b,")?.split(',').map(|word| word.parse().ok()).collect();
    let [start, counts @ ..] = numbers?.first_chunk::<5>().copied()?;
    Some((counted(i64::try_from(start).ok()?)?, counts))
}

/// Bytes and packets received, then sent, in either spelling; `None` where neither stands there.
fn counts(text: &str) -> Option<[u64; 4]> {
    const SPELLINGS: [[&str; 4]; 2] =
        [["rb", "rp", "tb", "tp"], ["rxBytes", "rxPackets", "txBytes", "txPackets"]];
    SPELLINGS.iter().find_map(|keys| {
        let counts = keys.map(|key| scan::number(text, key));
        let [received, _, sent, _] = counts;
        (received.is_some() || sent.is_some()).then(|| counts.map(|count| count.unwrap_or(0)))
    })
}

/// `[0] iface=wlan0 uid=10123 set=DEFAULT tag=0x0 metered=NO roaming=NO defaultNetwork=YES rxBytes=…`
fn reading(text: &str) -> Option<Usage> {
    let (number, rest) = text.strip_prefix('[')?.split_once(']')?;
    number.parse::<u32>().ok()?;
    let word = |key| scan::value(rest, key).unwrap_or_default().to_owned();
    let uid = Some(Uid(scan::number(rest, "uid")?));
    let tag = scan::value(rest, "tag").and_then(hex).unwrap_or(0);
    let of = Usage { uid, tag, set: word("set"), network: word("iface"), ..nothing(Counter::Reading) };
    Some(counting(of, counts(rest)?))
}

/// `ifaceIndex ifaceName rxBytes rxPackets txBytes txPackets`
fn interface_totals(text: &str) -> Option<Usage> {
    let mut words = text.split_ascii_whitespace();
    words.next()?.parse::<u32>().ok()?;
    let network = words.next()?.to_owned();
    Some(counting(Usage { network, ..nothing(Counter::InterfaceTotals) }, numbers(words)?))
}

/// `uid rxBytes rxPackets txBytes txPackets`
fn app_totals(text: &str) -> Option<Usage> {
    let [uid, counts @ ..] = numbers::<5>(text.split_ascii_whitespace())?;
    let uid = Some(Uid(u32::try_from(uid).ok()?));
    Some(counting(Usage { uid, ..nothing(Counter::AppTotals) }, counts))
}

/// `ifaceIndex ifaceName tag_hex uid_int cnt_set rxBytes rxPackets txBytes txPackets`
fn kernel_map(text: &str) -> Option<Usage> {
    let mut words = text.split_ascii_whitespace();
    words.next()?.parse::<u32>().ok()?;
    let network = words.next()?.to_owned();
    let tag = hex(words.next()?)?;
    let uid = Some(Uid(words.next()?.parse().ok()?));
    let set = words.next()?.to_owned();
    Some(counting(Usage { uid, tag, set, network, ..nothing(Counter::KernelMap) }, numbers(words)?))
}

/// `idx iface acct_tag_hex uid_tag_int cnt_set rx_bytes rx_packets tx_bytes tx_packets …`; the tag is the high
/// half of 64 bits.
fn qtaguid(text: &str) -> Option<Usage> {
    let mut words = text.split_ascii_whitespace();
    words.next()?.parse::<u32>().ok()?;
    let network = words.next()?.to_owned();
    let tag = u64::from_str_radix(words.next()?.strip_prefix("0x")?, 16).ok()? >> 32;
    let uid = Some(Uid(words.next()?.parse().ok()?));
    let set = words.next()?.to_owned();
    let tag = u32::try_from(tag).ok()?;
    Some(counting(Usage { uid, tag, set, network, ..nothing(Counter::Qtaguid) }, numbers(words)?))
}

fn numbers<'a, const COUNT: usize>(words: impl Iterator<Item = &'a str>) -> Option<[u64; COUNT]> {
    let numbers: Option<Vec<u64>> = words.take(COUNT).map(|word| word.parse().ok()).collect();
    numbers?.try_into().ok()
}

fn counting(usage: Usage, counts: [u64; 4]) -> Usage {
    let [rx_bytes, rx_packets, tx_bytes, tx_packets] = counts;
    Usage { rx_bytes, rx_packets, tx_bytes, tx_packets, ..usage }
}

fn hex(text: &str) -> Option<u32> {
    u32::from_str_radix(text.strip_prefix("0x")?, 16).ok()
}

fn nothing(counter: Counter) -> Usage {
    Usage {
        counter,
        uid: None,
        tag: 0,
        set: String::new(),
        network: String::new(),
        bucket: None,
        rx_bytes: 0,
        rx_packets: 0,
        tx_bytes: 0,
        tx_packets: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::{Netstats, recognise};
    use crate::{reader::Fact, testing};

    fn usages(text: &str) -> Vec<String> {
        assert!(recognise(text), "{text}");
        testing::facts_of(&mut Netstats::default(), text)
            .into_iter()
            .map(|fact| match fact {
                Fact::Usage(found) => {
                    let usage = found.value;
                    let uid = usage.uid.map_or_else(|| "-".to_owned(), |uid| uid.to_string());
                    let bucket = usage
                        .bucket
                        .map_or(String::new(), |bucket| format!(" {} +{}", bucket.start, bucket.seconds));
                    format!(
                        "{:?} {uid} {:x} {} {:?} {}/{} {}/{}{bucket}",
                        usage.counter,
                        usage.tag,
                        usage.set,
                        usage.network,
                        usage.rx_bytes,
                        usage.rx_packets,
                        usage.tx_bytes,
                        usage.tx_packets
                    )
                }
                other => panic!("{other:?}"),
            })
            .collect()
    }

    #[test]
    fn the_history_of_android_5_and_later() {
        let text = "Active interfaces:\n  iface=wlan0 ident=[{type=WIFI}]\nXt stats:\n  Pending bytes: 0\n\
            \x20 ident=[{type=1, metered=false}] uid=-1 set=ALL tag=0x0\n\
            \x20   NetworkStatsHistory: bucketDuration=3600\n\
            \x20     st=1585735200 rb=10 rp=1 tb=20 tp=2 op=0\nUID tag stats:\n\
            \x20 ident=[{type=0}, {type=1}] uid=10147 set=FOREGROUND tag=0xff\n\
            \x20   NetworkStatsHistory: bucketDuration=7200\n      (omitting 3 buckets)\n\
            \x20     st=1585735200 rb=10 rp=1 tb=20 tp=2 op=0\n";
        assert_eq!(
            usages(text),
            [
                "XtHistory - 0 ALL \"{type=1, metered=false}\" 10/1 20/2 2020-04-01T10:00:00.000000Z +3600",
                "TagHistory u0a147 ff FOREGROUND \"{type=0}, {type=1}\" 10/1 20/2 2020-04-01T10:00:00.000000Z +7200"
            ]
        );
    }

    #[test]
    fn the_history_before_and_of_checkin() {
        let old = "UID stats:\n  ident=[[type=MOBILE]] uid=10001 set=DEFAULT tag=0x0\n\
            \x20 NetworkStatsHistory: bucketDuration=7200000\n\
            \x20 bucketStart=1389038400000 activeTime=1 rxBytes=1 rxPackets=2 txBytes=3 txPackets=4 operations=0\n";
        assert_eq!(
            usages(old),
            ["UidHistory u0a1 0 DEFAULT \"type=MOBILE\" 1/2 3/4 2014-01-06T20:00:00.000000Z +7200"]
        );
        let checkin = "v1,1389038400,1389048400\nxt\nc,m,-1,all,0\nd,3600\nb,1389038400,1,2,3,4,0\nuid\n\
            c,w,10001,def,-2\nd,3600\nb,1389038400,5,6,7,8,0\nb,broken\n";
        assert_eq!(
            usages(checkin),
            [
                "XtHistory - 0 all \"m\" 1/2 3/4 2014-01-06T20:00:00.000000Z +3600",
                "UidHistory u0a1 fffffffe def \"w\" 5/6 7/8 2014-01-06T20:00:00.000000Z +3600"
            ]
        );
    }

    #[test]
    fn totals_without_buckets() {
        let text = "Xt stats:\n  History since boot:\n\
            \x20 ident=[{type=1, wifiNetworkKey=\"a uid=7\"}] uid=-1 set=ALL tag=0x0 rb=10 rp=1 tb=20 tp=2\n\
            UID stats:\n  ident=[{type=0, ratType=COMBINED, subId=1}] uid=10147 set=DEFAULT tag=0x0\n\
            \x20   rxBytes=5 rxPackets=1 txBytes=6 txPackets=2 operations=0\n\
            NetworkStats: elapsedRealtime=12345\n\
            \x20 [0] iface=wlan0 uid=10147 set=FOREGROUND tag=0x0 metered=NO rxBytes=7 rxPackets=1 txBytes=8 txPackets=2\n\
            \x20 [1] iface=lo uid=x set=DEFAULT tag=0x0 rxBytes=7\n";
        assert_eq!(
            usages(text),
            [
                "XtHistory - 0 ALL \"{type=1, wifiNetworkKey=\\\"a uid=7\\\"}\" 10/1 20/2",
                "UidHistory u0a147 0 DEFAULT \"{type=0, ratType=COMBINED, subId=1}\" 5/1 6/2",
                "Reading u0a147 0 FOREGROUND \"wlan0\" 7/1 8/2",
            ]
        );
    }

    #[test]
    fn the_kernels_counters() {
        let maps = "BPF map content:\n  mAppUidStatsMap:\n    uid rxBytes rxPackets txBytes txPackets\n\
            \x20   10707 10000 10 1000 5\n  mStatsMapA:\n    ifaceIndex ifaceName tag_hex uid_int cnt_set rxBytes\n\
            \x20   12 wlan0 0x3010 10012 1 112 1 60 2\n";
        assert_eq!(
            usages(maps),
            ["AppTotals u0a707 0  \"\" 10000/10 1000/5", "KernelMap u0a12 3010 1 \"wlan0\" 112/1 60/2"]
        );
        let newer = "BPF map content:\n  mUidCounterSetMap:\n    uid set\n    10123 1 2 3 4\n  mAppUidStatsMap:\n\
            \x20   uid rxBytes rxPackets txBytes txPackets\n    10123 9 1 8 2\n  mIfaceStatsMap:\n\
            \x20   ifaceIndex ifaceName rxBytes rxPackets txBytes txPackets\n    12 wlan0 70 7 60 6\n";
        assert_eq!(
            usages(newer),
            ["AppTotals u0a123 0  \"\" 9/1 8/2", "InterfaceTotals - 0  \"wlan0\" 70/7 60/6"]
        );
        let qtaguid = "idx iface acct_tag_hex uid_tag_int cnt_set rx_bytes rx_packets tx_bytes tx_packets\n\
            2 wlan0 0x0 0 0 8092 61 3 4 5\n3 rmnet0 0x301000000000 10012 1 1 2 3 4 5\n4 x\n";
        assert_eq!(
            usages(qtaguid),
            ["Qtaguid 0 0 0 \"wlan0\" 8092/61 3/4", "Qtaguid u0a12 3010 1 \"rmnet0\" 1/2 3/4"]
        );
    }
}
