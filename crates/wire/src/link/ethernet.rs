//! Ethernet, VLAN and other tags, LLC with SNAP, MPLS (IEEE 802.3, 802.1Q, 802.2; RFC 1042, RFC 3032).

use super::{LINK, Next, Stop, Unread, Walk};

/// Destination, source, type or length.
pub(super) fn ethernet(walk: &mut Walk<'_>) -> Result<Next, Stop> {
    let header = walk.take::<14>(LINK)?;
    let [_, _, _, _, _, _, a, b, c, d, e, f, kind @ ..] = *header;
    walk.sent_from([a, b, c, d, e, f]);
    Ok(Next::EtherType(u16::from_be_bytes(kind)))
}

/// What follows an EtherType.
pub(super) fn ether_type(walk: &mut Walk<'_>, number: u16) -> Result<Next, Stop> {
    match number {
        0x0800 | 0x86dd => Ok(Next::Ip),
        0x8100 | 0x88a8 | 0x9100 | 0x9200 | 0x9300 => tag::<4>(walk),
        // VN-Tag, and the E-Tag of 802.1BR.
        0x8926 => tag::<6>(walk),
        0x893f => tag::<8>(walk),
        0x8847 | 0x8848 => Ok(Next::Mpls),
        0x8864 => Ok(Next::Pppoe),
        0x880b => Ok(Next::Ppp),
        0x6558 => Ok(Next::Ethernet),
        // Cisco FabricPath: a tag, then the frame it carries.
        0x8903 => walk.skip(2, LINK).map(|()| Next::Ethernet),
        0..0x0600 => {
            walk.bound(walk.at, usize::from(number));
            Ok(Next::Llc)
        }
        other => Err(Stop::Unread(Unread::EtherType(other))),
    }
}

/// A tag of `N` bytes, the last two of which are the next type.
fn tag<const N: usize>(walk: &mut Walk<'_>) -> Result<Next, Stop> {
    let tag = walk.take::<N>(LINK)?;
    let kind = tag.last_chunk().copied().unwrap_or_default();
    Ok(Next::EtherType(u16::from_be_bytes(kind)))
}

/// Logical link control: only unnumbered information matters, with SNAP or with IP.
pub(super) fn llc(walk: &mut Walk<'_>) -> Result<Next, Stop> {
    match walk.rest() {
        [0xaa, 0xaa, 0x03, 0, 0, 0 | 0xf8, a, b, ..] => {
            let kind = u16::from_be_bytes([*a, *b]);
            walk.skip(8, LINK)?;
            // Below 0x600 it would be a length, and SNAP has none.
            if kind < 0x0600 { Err(Stop::Unread(Unread::EtherType(kind))) } else { Ok(Next::EtherType(kind)) }
        }
        // Bridged Ethernet (RFC 2684): two bytes of padding, then the frame.
        [0xaa, 0xaa, 0x03, 0x00, 0x80, 0xc2, 0x00, 0x01 | 0x07, ..] => {
            walk.skip(10, LINK).map(|()| Next::Ethernet)
        }
        [0x06, 0x06, 0x03, ..] => walk.skip(3, LINK).map(|()| Next::Ip),
        _ => Err(Stop::Unread(Unread::Llc)),
    }
}

/// One label. Behind the last, only the first nibble tells what is carried (RFC 4928).
pub(super) fn mpls(walk: &mut Walk<'_>) -> Result<Next, Stop> {
    let [_, _, bottom, _] = *walk.take::<4>(LINK)?;
    if bottom & 1 == 0 {
        return Ok(Next::Mpls);
    }
    match walk.rest() {
        [0x40..=0x6f, ..] => Ok(Next::Ip),
        // The control word of a pseudowire (RFC 4385).
        [0x00, ..] => walk.skip(4, LINK).map(|()| Next::Ethernet),
        _ => Err(Stop::Unread(Unread::Mpls)),
    }
}
