//! What became of the frames' bytes that are no transport payload: counters by reason, and the ledger they
//! make.

use std::collections::BTreeMap;

use evidence::{Fate, Layer, Ledger, Missing};

use crate::{capture::LinkType, link::Unread};

/// Counters. Counting a frame costs an addition or two: reasons are numbers here and words only in the
/// ledger.
#[derive(Debug)]
pub(super) struct Tally {
    known: [Count; REASONS.len()],
    ip: [Count; 256],
    /// EtherTypes, link types, PPP protocols: kept as met.
    others: BTreeMap<(Space, u16), Count>,
    truncated: Count,
}

/// The space that a number is taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Space {
    EtherType,
    Link,
    Ppp,
}

#[derive(Clone, Copy, Debug, Default)]
struct Count {
    bytes: u64,
    pieces: u64,
}

/// The reasons that have a row of their own, in the order of [`REASONS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    Headers,
    Padding,
    FragmentCopy,
    FragmentOther,
    FragmentAlone,
    FragmentLimit,
    FragmentOdd,
    LinkHeader,
    IpHeader,
    TransportHeader,
    TunnelHeader,
    GreRouting,
    Llc,
    LoopbackFamily,
    Mpls,
    TooDeep,
    WifiControl,
    WifiEmpty,
    WifiFragment,
    WifiManagement,
    WifiProtected,
}

impl Tally {
    pub(super) fn new() -> Self {
        Self {
            known: [Count::default(); REASONS.len()],
            ip: [Count::default(); 256],
            others: BTreeMap::new(),
            truncated: Count::default(),
        }
    }

    /// Counts a piece. One without bytes is no piece.
    pub(super) fn add(&mut self, reason: Reason, bytes: usize) {
        if bytes > 0
            && let Some(count) = self.known.get_mut(reason as usize)
        {
            count.add(bytes as u64);
        }
    }

    /// Counts what is not read.
    pub(super) fn unread(&mut self, unread: Unread, bytes: usize) {
        let (space, number) = match unread {
            Unread::EtherType(number) => (Space::EtherType, number),
            Unread::Link(LinkType(number)) => (Space::Link, number),
            Unread::PppProtocol(number) => (Space::Ppp, number),
            Unread::IpProtocol(number) => {
                if let Some(count) = self.ip.get_mut(usize::from(number)) {
                    count.add(bytes as u64);
                }
                return;
            }
            Unread::GreRouting => return self.add(Reason::GreRouting, bytes),
            Unread::Llc => return self.add(Reason::Llc, bytes),
            Unread::LoopbackFamily => return self.add(Reason::LoopbackFamily, bytes),
            Unread::Mpls => return self.add(Reason::Mpls, bytes),
            Unread::TooDeep => return self.add(Reason::TooDeep, bytes),
            Unread::WifiControl => return self.add(Reason::WifiControl, bytes),
            Unread::WifiEmpty => return self.add(Reason::WifiEmpty, bytes),
            Unread::WifiFragment => return self.add(Reason::WifiFragment, bytes),
            Unread::WifiManagement => return self.add(Reason::WifiManagement, bytes),
            Unread::WifiProtected => return self.add(Reason::WifiProtected, bytes),
        };
        self.others.entry((space, number)).or_default().add(bytes as u64);
    }

    /// Counts what lies behind a header that cannot be read.
    pub(super) fn broken(&mut self, layer: Layer, bytes: usize) {
        let reason = match layer {
            Layer::Ip => Reason::IpHeader,
            Layer::Tcp | Layer::Udp => Reason::TransportHeader,
            Layer::Tunnel => Reason::TunnelHeader,
            _ => Reason::LinkHeader,
        };
        self.add(reason, bytes);
    }

    /// Counts bytes that a frame lacks.
    pub(super) fn truncated(&mut self, bytes: u32) {
        self.truncated.add(u64::from(bytes));
    }

    /// The counters as a ledger.
    pub(super) fn ledger(&self) -> Ledger {
        let mut ledger = Ledger::default();
        let mut row = |fate, words: &str, count: Count| {
            if count.pieces > 0 {
                ledger.add_pieces(fate, words, count.bytes, count.pieces);
            }
        };
        for ((fate, words), count) in REASONS.iter().zip(self.known) {
            row(*fate, words, count);
        }
        for (number, count) in (0u8..=255).zip(self.ip) {
            row(ip_fate(number), &ip_words(number), count);
        }
        for ((space, number), count) in &self.others {
            let (fate, words) = other_words(*space, *number);
            row(fate, &words, *count);
        }
        if self.truncated.pieces > 0 {
            let Count { bytes, pieces } = self.truncated;
            ledger.lacks_pieces(
                Missing::Truncated,
                "ends of frames, cut by the snapshot length or by damage",
                bytes,
                pieces,
            );
        }
        ledger
    }
}

impl Count {
    fn add(&mut self, bytes: u64) {
        self.bytes += bytes;
        self.pieces += 1;
    }
}

fn ip_fate(number: u8) -> Fate {
    if number == 50 { Fate::Encrypted } else { Fate::NotParsed }
}

fn ip_words(number: u8) -> String {
    let name = match number {
        1 => "ICMP",
        2 => "IGMP",
        8 => "EGP",
        33 => "DCCP",
        46 => "RSVP",
        50 => "ESP (IPsec)",
        58 => "ICMPv6",
        59 => "IPv6 without next header",
        88 => "EIGRP",
        89 => "OSPF",
        103 => "PIM",
        108 => "IPComp",
        112 => "VRRP",
        115 => "L2TP over IP",
        132 => "SCTP",
        _ => return format!("IP protocol {number}"),
    };
    name.to_owned()
}

fn other_words(space: Space, number: u16) -> (Fate, String) {
    match space {
        Space::EtherType if number == 0x88e5 => (Fate::Encrypted, "MACsec".to_owned()),
        // Who has which address on the link: nothing that is said to anybody beyond it.
        Space::EtherType if matches!(number, 0x0806 | 0x8035) => (Fate::Headers, ether_words(number)),
        Space::EtherType => (Fate::NotParsed, ether_words(number)),
        Space::Link => (Fate::NotParsed, format!("frames of link type {number} ({})", LinkType(number))),
        Space::Ppp => (Fate::NotParsed, ppp_words(number)),
    }
}

fn ether_words(number: u16) -> String {
    let name = match number {
        0x0806 => "ARP",
        0x8035 => "RARP",
        0x809b => "AppleTalk",
        0x8137 => "IPX",
        0x8808 => "Ethernet flow control",
        0x8809 => "Ethernet slow protocols",
        0x8863 => "PPPoE discovery",
        0x888e => "EAPOL",
        0x88cc => "LLDP",
        0x88d9 => "LLTD",
        0x88e1 => "HomePlug",
        0x88f7 => "PTP",
        0x890d => "802.11 management over Ethernet",
        0x9000 => "Ethernet loopback test",
        _ => return format!("EtherType {number:#06x}"),
    };
    name.to_owned()
}

fn ppp_words(number: u16) -> String {
    match number {
        0x8000..=0xffff => format!("PPP control protocol {number:#06x}"),
        0x003d => "PPP multilink".to_owned(),
        0x0053 => "PPP, encrypted".to_owned(),
        _ => format!("PPP protocol {number:#06x}"),
    }
}

/// Fate and words of each [`Reason`].
const REASONS: [(Fate, &str); 21] = [
    (Fate::Headers, "link, network and transport headers"),
    (Fate::Headers, "padding and trailers of frames"),
    (Fate::Duplicate, "IP fragments sent again"),
    (Fate::NotParsed, "IP fragments overlapping others with other bytes"),
    (Fate::NotParsed, "IP fragments without their rest"),
    (Fate::OverLimit, "IP fragments: more waiting for their rest than are held"),
    (Fate::NotParsed, "IP fragments of impossible place or length"),
    (Fate::NotParsed, "link header damaged or cut"),
    (Fate::NotParsed, "IP header damaged or cut"),
    (Fate::NotParsed, "TCP or UDP header damaged or cut"),
    (Fate::NotParsed, "tunnel header damaged or cut"),
    (Fate::NotParsed, "GRE with source routes"),
    (Fate::NotParsed, "LLC without IP"),
    (Fate::NotParsed, "loopback frames of another family than IP"),
    (Fate::NotParsed, "MPLS without IP"),
    (Fate::OverLimit, "headers nested deeper than are followed"),
    (Fate::NotParsed, "802.11 control"),
    (Fate::NotParsed, "802.11 data frames without data"),
    (Fate::NotParsed, "802.11 fragments"),
    (Fate::NotParsed, "802.11 management"),
    (Fate::Encrypted, "802.11 protected data"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_has_its_row() {
        assert_eq!(Reason::WifiProtected as usize + 1, REASONS.len());
        assert_eq!(REASONS[Reason::TooDeep as usize].0, Fate::OverLimit);
        assert_eq!(REASONS[Reason::FragmentCopy as usize].0, Fate::Duplicate);
    }

    #[test]
    fn counts_become_rows_under_their_names() {
        let mut tally = Tally::new();
        tally.add(Reason::Headers, 54);
        tally.add(Reason::Padding, 0);
        tally.unread(Unread::EtherType(0x0806), 28);
        tally.unread(Unread::IpProtocol(50), 100);
        tally.truncated(7);
        let rows = tally.ledger().rows();
        let shown: Vec<_> = rows.iter().map(|row| (row.fate, row.reason.as_str(), row.bytes)).collect();
        assert_eq!(
            shown,
            [
                (Fate::Headers, "ARP", 28),
                (Fate::Headers, "link, network and transport headers", 54),
                (Fate::Encrypted, "ESP (IPsec)", 100),
            ]
        );
        assert_eq!(tally.ledger().missing().first().map(|row| row.bytes), Some(7));
    }
}
