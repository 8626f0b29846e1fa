//! PPP, PPPoE and Cisco HDLC (RFC 1661, RFC 1662, RFC 2516).

use super::{LINK, Next, Stop, Unread, Walk};

/// PPP with or without address and control bytes, its protocol number in one byte or two. On serial lines
/// Cisco HDLC looks nearly the same, and captures mix them.
pub(super) fn ppp(walk: &mut Walk<'_>) -> Result<Next, Stop> {
    match walk.rest() {
        [0xff, 0x03, ..] => walk.skip(2, LINK)?,
        [0x0f | 0x8f, 0x00, ..] => return cisco(walk),
        _ => {}
    }
    let [first] = *walk.take::<1>(LINK)?;
    let protocol = if first & 1 == 1 {
        u16::from(first)
    } else {
        let [second] = *walk.take::<1>(LINK)?;
        u16::from_be_bytes([first, second])
    };
    match protocol {
        0x0021 | 0x0057 => Ok(Next::Ip),
        0x0281 => Ok(Next::Mpls),
        other => Err(Stop::Unread(Unread::PppProtocol(other))),
    }
}

/// Version and type, code, session, length.
pub(super) fn pppoe(walk: &mut Walk<'_>) -> Result<Next, Stop> {
    let [_, code, _, _, a, b] = *walk.take::<6>(LINK)?;
    if code != 0 {
        return Err(Stop::Unread(Unread::EtherType(0x8863)));
    }
    walk.bound(walk.at, usize::from(u16::from_be_bytes([a, b])));
    Ok(Next::Ppp)
}

/// Address, control, EtherType.
pub(super) fn cisco(walk: &mut Walk<'_>) -> Result<Next, Stop> {
    let [_, _, a, b] = *walk.take::<4>(LINK)?;
    match u16::from_be_bytes([a, b]) {
        // Cisco's keep-alives and the like stand below the lengths' limit.
        short @ 0..0x0600 => Err(Stop::Unread(Unread::EtherType(short))),
        kind => Ok(Next::EtherType(kind)),
    }
}
