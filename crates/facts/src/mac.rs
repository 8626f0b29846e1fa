//! Hardware addresses (IEEE 802 EUI-48): who made the device, and whether the address can say so.

use crate::embedded::{OUI, OUI_VENDORS};

/// What kind of address it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Nature {
    /// Everybody on the network: `ff:ff:ff:ff:ff:ff`.
    Broadcast,
    /// Given by its maker out of a block of the IEEE registry: names one device for life.
    Global,
    /// Made by software: random addresses of phones, virtual machines. May still be stable.
    Local,
    /// A group of receivers: no device.
    Multicast,
    /// A value that stands for "not told": `02:00:00:00:00:00` (Android since 6.0), zeros, examples.
    Placeholder,
}

/// What kind of address `mac` is, by its two flag bits (IEEE 802 section 8.2) and known stand-ins.
pub fn nature(mac: [u8; 6]) -> Nature {
    let [first, ..] = mac;
    match mac {
        [0xff, 0xff, 0xff, 0xff, 0xff, 0xff] => Nature::Broadcast,
        _ if is_placeholder(mac) => Nature::Placeholder,
        _ if first & 1 != 0 => Nature::Multicast,
        _ if first & 2 != 0 => Nature::Local,
        _ => Nature::Global,
    }
}

/// Who holds the block of the IEEE registry (MA-S before MA-M before MA-L) that `mac` lies in, as the
/// registry writes it. `None` for addresses that are no maker's ([`nature`]), unassigned blocks, and
/// holders who keep their name secret.
pub fn vendor(mac: [u8; 6]) -> Option<&'static str> {
    if nature(mac) != Nature::Global {
        return None;
    }
    let [a, b, c, d, e, f] = mac;
    let bits = u64::from_be_bytes([0, 0, a, b, c, d, e, f]);
    let rank = OUI.as_ref().ok()?.value(bits >> 12)?;
    OUI_VENDORS.as_ref().ok()?.line(u32::from(rank))
}

fn is_placeholder(mac: [u8; 6]) -> bool {
    let [first, rest @ ..] = mac;
    rest.iter().all(|byte| *byte == first) || PLACEHOLDERS.contains(&mac)
}

/// Values that phones, emulators, drivers and examples give in place of an address.
const PLACEHOLDERS: &[[u8; 6]] = &[
    [0x00, 0x00, 0x00, 0x00, 0x00, 0x01],
    [0x00, 0x01, 0x02, 0x03, 0x04, 0x05],
    [0x00, 0x11, 0x22, 0x33, 0x44, 0x55],
    [0x00, 0x90, 0x4c, 0x11, 0x22, 0x33],
    [0x01, 0x02, 0x03, 0x04, 0x05, 0x06],
    [0x01, 0x23, 0x45, 0x67, 0x89, 0xab],
    [0x02, 0x00, 0x00, 0x00, 0x00, 0x00],
    [0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f],
    [0x11, 0x22, 0x33, 0x44, 0x55, 0x66],
    [0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc],
    [0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff],
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_and_stand_ins() {
        let rows = [
            ([0xff; 6], Nature::Broadcast),
            ([0; 6], Nature::Placeholder),
            ([0x02, 0, 0, 0, 0, 0], Nature::Placeholder),
            ([0x02, 0, 0, 0, 0, 1], Nature::Local),
            ([0x01, 0, 0x5e, 0, 0, 0xfb], Nature::Multicast),
            ([0x33, 0x33, 0, 0, 0, 0xfb], Nature::Multicast),
            ([0xda, 0xa1, 0x19, 1, 2, 3], Nature::Local),
            ([0x00, 0x00, 0x0c, 1, 2, 3], Nature::Global),
        ];
        for (mac, expected) in rows {
            assert_eq!(nature(mac), expected, "{mac:02x?}");
        }
    }

    #[test]
    fn makers_are_named_by_the_narrowest_block() {
        let rows: [([u8; 6], Option<&str>); 6] = [
            ([0x00, 0x00, 0x0c, 1, 2, 3], Some("Cisco")),
            ([0x64, 0xcc, 0x2e, 1, 2, 3], Some("Xiaomi")),
            ([0x3c, 0x5a, 0xb4, 1, 2, 3], Some("Google")),
            // A 28-bit block within one that the registry divides further.
            ([0xc8, 0x5c, 0xe2, 0x7a, 0xbc, 0xde], Some("SYNERGY")),
            // Google's CID for random addresses: locally administered, so no maker's.
            ([0xda, 0xa1, 0x19, 1, 2, 3], None),
            ([0x02, 0, 0, 0, 0, 0], None),
        ];
        for (mac, expected) in rows {
            match (vendor(mac), expected) {
                (Some(found), Some(part)) => assert!(found.contains(part), "{mac:02x?}: {found}"),
                (found, expected) => assert_eq!(found, expected, "{mac:02x?}"),
            }
        }
    }
}
