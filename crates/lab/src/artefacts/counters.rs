//! What the phone's own counters count: each packet that it sent or was given, and the user id that it is counted for.

use std::{collections::BTreeMap, ops::AddAssign};

use virtnet::{Direction, Part};

use crate::{Scenario, network::Air, script::Way};

/// A packet that was counted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counted {
    /// When, nanoseconds since 1970.
    pub(super) at: i64,
    /// For whom.
    pub(super) uid: u32,
    /// The tag of its socket, 0 for none.
    pub(super) tag: u32,
    /// Over which network.
    pub(super) way: Way,
    /// TCP; else UDP.
    pub(super) is_tcp: bool,
    /// What it adds.
    pub(super) count: Count,
}

/// Bytes and packets, headers of IP included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) rx_bytes: u64,
    pub(super) rx_packets: u64,
    pub(super) tx_bytes: u64,
    pub(super) tx_packets: u64,
}

/// All that was counted, in order of time.
pub(super) fn counted(scenario: &Scenario, airs: &[Air]) -> Vec<Counted> {
    let mut all: Vec<Counted> = airs.iter().flat_map(|air| of_air(scenario, air)).collect();
    all.sort_by_key(|counted| counted.at);
    all
}

fn of_air<'a>(scenario: &'a Scenario, air: &'a Air) -> impl Iterator<Item = Counted> + 'a {
    air.recording.crossings.iter().filter_map(move |crossing| {
        let owner = uid(scenario, air.sender(crossing.part)?)?;
        let (uid, tag) = if crossing.is_lookup { resolver(scenario, owner) } else { (owner, 0) };
        let is_tcp = matches!(crossing.part, Part::Conversation(_)) && !crossing.is_lookup;
        let bytes = u64::try_from(crossing.bytes).unwrap_or(0);
        let count = match crossing.direction {
            Direction::In => Count { rx_bytes: bytes, rx_packets: 1, ..Count::default() },
            Direction::Out => Count { tx_bytes: bytes, tx_packets: 1, ..Count::default() },
        };
        Some(Counted { at: crossing.time.0, uid, tag, way: air.way, is_tcp, count })
    })
}

/// Under which user id a sender runs; none where it is another machine.
pub(super) fn uid(scenario: &Scenario, sender: usize) -> Option<u32> {
    let sender = scenario.senders.get(sender).filter(|sender| sender.host.is_empty())?;
    let package = scenario.packages.iter().find(|package| package.name == sender.package);
    Some(package.map_or(sender.uid, |package| package.uid))
}

/// For whom a question for a name is counted: since Android 10 for the app that asks, with a tag of the resolver's own
/// (AOSP, `TAG_SYSTEM_DNS`); before that for root, as which the resolver runs.
fn resolver(scenario: &Scenario, asks: u32) -> (u32, u32) {
    if android(scenario) >= 10 { (asks, 0xffff_ff82) } else { (0, 0) }
}

/// The version of Android, without what follows the first dot.
pub(super) fn android(scenario: &Scenario) -> u32 {
    scenario.phone.android.split('.').next().and_then(|major| major.parse().ok()).unwrap_or(0)
}

/// The sums of what was counted, by whatever `key` makes of it; what it makes nothing of is left out.
pub(super) fn sums<K: Ord>(counted: &[Counted], key: impl Fn(&Counted) -> Option<K>) -> BTreeMap<K, Count> {
    let mut sums: BTreeMap<K, Count> = BTreeMap::new();
    for one in counted {
        if let Some(key) = key(one) {
            *sums.entry(key).or_default() += one.count;
        }
    }
    sums
}

impl AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        self.rx_bytes = self.rx_bytes.saturating_add(other.rx_bytes);
        self.rx_packets = self.rx_packets.saturating_add(other.rx_packets);
        self.tx_bytes = self.tx_bytes.saturating_add(other.tx_bytes);
        self.tx_packets = self.tx_packets.saturating_add(other.tx_packets);
    }
}
