//! Headers that a capturing system puts before frames whose own it does not give: Linux cooked capture
//! (`LINKTYPE_LINUX_SLL`, `_SLL2`), BSD loopback, netfilter log, Apple's PKTAP.

use super::{LINK, Next, Stop, Unread, Walk};
use crate::capture::LinkType;

/// Packet type, ARPHRD, address length, address, protocol.
pub(super) fn version1(walk: &mut Walk<'_>) -> Result<Next, Stop> {
    let header = walk.take::<16>(LINK)?;
    let [_, _, hardware @ .., _, _, _, _, _, _, _, _, _, _, _, _] = *header;
    let [.., len1, len2, a, b, c, d, e, f, _, _, p, q] = *header;
    sent_from(walk, u16::from_be_bytes([len1, len2]), [a, b, c, d, e, f]);
    protocol(u16::from_be_bytes(hardware), u16::from_be_bytes([p, q]))
}

/// Protocol, reserved, interface, ARPHRD, packet type, address length, address.
pub(super) fn version2(walk: &mut Walk<'_>) -> Result<Next, Stop> {
    let [p, q, _, _, _, _, _, _, h, i, _, len, a, b, c, d, e, f, _, _] = *walk.take::<20>(LINK)?;
    sent_from(walk, u16::from(len), [a, b, c, d, e, f]);
    protocol(u16::from_be_bytes([h, i]), u16::from_be_bytes([p, q]))
}

fn sent_from(walk: &mut Walk<'_>, len: u16, address: [u8; 6]) {
    if len == 6 {
        walk.sent_from(address);
    }
}

/// What the hardware type and the protocol mean together.
fn protocol(hardware: u16, protocol: u16) -> Result<Next, Stop> {
    match (hardware, protocol) {
        (ARPHRD_RADIOTAP, _) => Ok(Next::Link(LinkType::WIFI_RADIOTAP)),
        (ARPHRD_WIFI, _) => Ok(Next::Wifi(false)),
        (ARPHRD_NETLINK, _) => Err(Stop::Unread(Unread::Link(LinkType(253)))),
        (_, 0x0004) => Ok(Next::Llc),
        (_, 0..0x0600) => Err(Stop::Unread(Unread::EtherType(protocol))),
        _ => Ok(Next::EtherType(protocol)),
    }
}

/// An address family in whatever byte order the capturing machine had.
pub(super) fn loopback(walk: &mut Walk<'_>) -> Result<Next, Stop> {
    let family = *walk.take::<4>(LINK)?;
    let family = u32::from_le_bytes(family).min(u32::from_be_bytes(family));
    match family {
        // IPv4; IPv6 as Linux, Windows, NetBSD, FreeBSD and Darwin number it.
        2 | 10 | 23 | 24 | 28 | 30 => Ok(Next::Ip),
        // Some writers put an EtherType.
        0x0800 | 0x86dd => Ok(Next::Ip),
        _ => Err(Stop::Unread(Unread::LoopbackFamily)),
    }
}

/// Family, version, resource; then fields of length, type and value in the capturing machine's byte order,
/// of which one is the packet.
pub(super) fn netfilter(walk: &mut Walk<'_>) -> Result<Next, Stop> {
    let [family, ..] = *walk.take::<4>(LINK)?;
    let little = matches!(walk.rest(), [len, 0, ..] if *len >= 4);
    let read = if little { u16::from_le_bytes } else { u16::from_be_bytes };
    loop {
        let [a, b, c, d] = *walk.take::<4>(LINK)?;
        let len = usize::from(read([a, b]));
        let Some(value) = len.checked_sub(4) else {
            return Err(Stop::Odd(LINK, "capture holds a netfilter field of impossible length"));
        };
        if read([c, d]) == NFULA_PAYLOAD {
            walk.bound(walk.at, value);
            break;
        }
        walk.skip(value.next_multiple_of(4), LINK)?;
    }
    match family {
        2 | 10 => Ok(Next::Ip),
        _ => Err(Stop::Unread(Unread::LoopbackFamily)),
    }
}

/// The header's length, the kind of record, the link type of what follows; all least significant byte
/// first.
pub(super) fn pktap(walk: &mut Walk<'_>) -> Result<Next, Stop> {
    let [a, b, c, d, _, _, _, _, e, f, g, h] = *walk.take::<12>(LINK)?;
    let len = usize::try_from(u32::from_le_bytes([a, b, c, d])).unwrap_or(usize::MAX);
    walk.skip(len.saturating_sub(12), LINK)?;
    inner(u32::from_le_bytes([e, f, g, h]))
}

/// A link type inside another. One that would begin a capturing system's header again is refused: nobody
/// nests those.
pub(super) fn inner(link: u32) -> Result<Next, Stop> {
    let link = LinkType(u16::try_from(link).unwrap_or(u16::MAX));
    match link {
        LinkType::PKTAP | LinkType::PPI => Err(Stop::Unread(Unread::Link(link))),
        _ => Ok(Next::Link(link)),
    }
}

const ARPHRD_WIFI: u16 = 801;
const ARPHRD_RADIOTAP: u16 = 803;
const ARPHRD_NETLINK: u16 = 824;
const NFULA_PAYLOAD: u16 = 9;
