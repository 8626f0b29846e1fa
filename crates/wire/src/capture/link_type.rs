//! Link types: what the first bytes of a frame are.

use std::fmt;

/// A link type as capture files write it (<https://www.tcpdump.org/linktypes.html>). Numbers without a name
/// here survive and print as numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkType(pub u16);

impl LinkType {
    /// BSD loopback: an address family in the byte order of the capturing machine.
    pub const NULL: Self = Self(0);
    /// Ethernet (IEEE 802.3).
    pub const ETHERNET: Self = Self(1);
    /// PPP, with or without address and control bytes.
    pub const PPP: Self = Self(9);
    /// Raw IP, as OpenBSD and some others number it.
    pub const RAW_BSD: Self = Self(12);
    /// Raw IP, as older BSD/OS numbers it.
    pub const RAW_OLD: Self = Self(14);
    /// PPP in HDLC-like framing (RFC 1662), or Cisco HDLC.
    pub const PPP_SERIAL: Self = Self(50);
    /// PPPoE session packets without their Ethernet header (RFC 2516).
    pub const PPPOE: Self = Self(51);
    /// Raw IP: the version nibble tells which.
    pub const RAW: Self = Self(101);
    /// Cisco HDLC.
    pub const CISCO_HDLC: Self = Self(104);
    /// 802.11 without metadata.
    pub const WIFI: Self = Self(105);
    /// OpenBSD loopback: an address family, most significant byte first.
    pub const LOOP: Self = Self(108);
    /// Linux cooked capture, version 1.
    pub const COOKED: Self = Self(113);
    /// 802.11 behind a Prism header.
    pub const WIFI_PRISM: Self = Self(119);
    /// 802.11 behind a radiotap header.
    pub const WIFI_RADIOTAP: Self = Self(127);
    /// 802.11 behind an AVS header.
    pub const WIFI_AVS: Self = Self(163);
    /// Per-packet information: a header that names the link type of what follows.
    pub const PPI: Self = Self(192);
    /// Raw IPv4.
    pub const IPV4: Self = Self(228);
    /// Raw IPv6.
    pub const IPV6: Self = Self(229);
    /// Linux netfilter log.
    pub const NFLOG: Self = Self(239);
    /// Apple's per-process tap: a header that names the link type of what follows.
    pub const PKTAP: Self = Self(258);
    /// Linux cooked capture, version 2.
    pub const COOKED2: Self = Self(276);
    /// A pcapng packet of an interface that its section never described.
    pub const UNDESCRIBED: Self = Self(u16::MAX);
}

/// The name, or the number where it has none here.
impl fmt::Display for LinkType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match NAMES.binary_search_by_key(&self.0, |(number, _)| *number) {
            Ok(index) => f.write_str(NAMES.get(index).map_or("", |(_, name)| name)),
            Err(_) => write!(f, "link type {}", self.0),
        }
    }
}

/// Names by number, sorted.
const NAMES: [(u16, &str); 42] = [
    (0, "BSD loopback"),
    (1, "Ethernet"),
    (3, "AX.25"),
    (6, "Token Ring"),
    (7, "ARCNET"),
    (8, "SLIP"),
    (9, "PPP"),
    (10, "FDDI"),
    (11, "ATM LLC"),
    (12, "raw IP"),
    (14, "raw IP"),
    (50, "PPP in HDLC framing"),
    (51, "PPPoE"),
    (100, "ATM (RFC 1483)"),
    (101, "raw IP"),
    (104, "Cisco HDLC"),
    (105, "802.11"),
    (107, "Frame Relay"),
    (108, "OpenBSD loopback"),
    (113, "Linux cooked"),
    (119, "802.11 with Prism header"),
    (127, "802.11 with radiotap header"),
    (129, "ARCNET (Linux)"),
    (143, "DOCSIS"),
    (163, "802.11 with AVS header"),
    (187, "Bluetooth HCI"),
    (189, "USB (Linux)"),
    (192, "per-packet information"),
    (195, "802.15.4"),
    (201, "Bluetooth HCI with direction"),
    (220, "USB (Linux, padded)"),
    (227, "CAN"),
    (228, "raw IPv4"),
    (229, "raw IPv6"),
    (239, "NFLOG"),
    (249, "USBPcap"),
    (251, "Bluetooth LE"),
    (254, "Bluetooth (Linux monitor)"),
    (256, "Bluetooth LE with radio data"),
    (258, "PKTAP"),
    (276, "Linux cooked, version 2"),
    (u16::MAX, "interface that the capture does not describe"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_and_unknown_numbers_survive() {
        assert!(NAMES.is_sorted_by_key(|(number, _)| *number));
        assert_eq!(LinkType::ETHERNET.to_string(), "Ethernet");
        assert_eq!(LinkType::COOKED2.to_string(), "Linux cooked, version 2");
        assert_eq!(LinkType(4711).to_string(), "link type 4711");
    }
}
