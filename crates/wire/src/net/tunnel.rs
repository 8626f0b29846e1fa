//! Packets within packets: GRE (RFC 2784, RFC 2890, RFC 2637), EtherIP (RFC 3378), and over UDP GTP-U (3GPP
//! TS 29.281), VXLAN (RFC 7348), Geneve (RFC 8926), Teredo (RFC 4380) and CAPWAP (RFC 5415).
//!
//! A UDP port only suggests a tunnel. What does not look like one, or turns out damaged inside, is the
//! payload of a UDP datagram like any other.

use evidence::Layer;

use crate::link::{Next, Stop, Unread, Walk};

/// A GRE header, version 0 or 1 (PPTP's).
pub(super) fn gre(walk: &mut Walk<'_>) -> Result<Next, Stop> {
    let [flags, version, a, b] = *walk.take::<4>(TUNNEL)?;
    if flags & 0x40 != 0 {
        return Err(Stop::Unread(Unread::GreRouting));
    }
    // Checksum, key, sequence number and PPTP's acknowledgment number take four bytes each.
    let present = (flags & 0xb0).count_ones() + u32::from(version & 7 == 1 && version & 0x80 != 0);
    walk.skip(present as usize * 4, TUNNEL)?;
    match u16::from_be_bytes([a, b]) {
        // ERSPAN: without sequence number there is no header of its own; version III has a longer one.
        0x88be if flags & 0x10 == 0 => Ok(Next::Ethernet),
        0x88be => walk.skip(8, TUNNEL).map(|()| Next::Ethernet),
        0x22eb => walk.skip(12, TUNNEL).map(|()| Next::Ethernet),
        short @ 0..0x0600 => Err(Stop::Unread(Unread::EtherType(short))),
        kind => Ok(Next::EtherType(kind)),
    }
}

/// Version and reserved bits, then an Ethernet frame.
pub(super) fn ether_ip(walk: &mut Walk<'_>) -> Result<Next, Stop> {
    walk.skip(2, TUNNEL).map(|()| Next::Ethernet)
}

/// What is behind a UDP header whose payload is `payload`: that, or what a tunnel carries.
pub(super) fn behind_udp(walk: &mut Walk<'_>, ports: (u16, u16), payload: Stop) -> Result<Next, Stop> {
    let rest = walk.rest();
    let inner = match ports {
        (_, 2152) | (2152, _) => gtp(rest),
        (_, 4789 | 8472) => vxlan(rest),
        (_, 6081) => geneve(rest),
        (_, 3544) | (3544, _) => teredo(rest),
        (_, 5247) | (5247, _) => capwap(rest),
        _ => None,
    };
    let (Some((header, next)), Stop::Transported(outer)) = (inner, &payload) else {
        return Err(payload);
    };
    // Tunnels in tunnels: the innermost payload is the one to fall back to.
    walk.outer = Some(outer.clone());
    walk.skip(header, TUNNEL).map(|()| next)
}

/// A user-data message: flags, type 255, length, tunnel; optional fields and extension headers by the flags.
fn gtp(rest: &[u8]) -> Option<(usize, Next)> {
    let [flags @ 0x30..=0x3f, 0xff, ..] = rest else { return None };
    let mut at = 8;
    if flags & 7 != 0 {
        let mut more = *rest.get(11)? != 0 && flags & 4 != 0;
        at = 12;
        while more {
            let len = usize::from(*rest.get(at)?) * 4;
            more = *rest.get(at + len.checked_sub(1)?)? != 0;
            at += len;
        }
    }
    ip_at(rest, at)
}

/// Flags with only the I bit, three reserved bytes, network identifier, a reserved byte.
fn vxlan(rest: &[u8]) -> Option<(usize, Next)> {
    match rest {
        [0x08, 0, 0, 0, _, _, _, 0, ..] => ethernet_at(rest, 8),
        _ => None,
    }
}

/// Version 0 and the options' length, flags, EtherType of what is carried, network identifier, a reserved
/// byte.
fn geneve(rest: &[u8]) -> Option<(usize, Next)> {
    let [first @ 0..=0x3f, _, a, b, _, _, _, 0, ..] = rest else { return None };
    let at = 8 + usize::from(*first) * 4;
    match u16::from_be_bytes([*a, *b]) {
        0x6558 => ethernet_at(rest, at),
        0x0800 | 0x86dd => ip_at(rest, at),
        _ => None,
    }
}

/// Perhaps an authentication and an origin indication, then IPv6.
fn teredo(rest: &[u8]) -> Option<(usize, Next)> {
    let mut at = 0;
    if let [0, 1, id, auth, ..] = rest {
        at = 13 + usize::from(*id) + usize::from(*auth);
    }
    if let Some([0, 0, ..]) = rest.get(at..) {
        at += 8;
    }
    matches!(rest.get(at..), Some([0x60..=0x6f, ..])).then_some(())?;
    ip_at(rest, at)
}

/// An access point's frames on their way to and from its controller: version 0 and not DTLS, header length in
/// words, what is carried, flags. Fragments and keep-alives are not read.
fn capwap(rest: &[u8]) -> Option<(usize, Next)> {
    let [0, length, kind, flags, ..] = rest else { return None };
    let at = usize::from(length >> 3) * 4;
    if at < 8 || flags & 0x88 != 0 {
        return None;
    }
    if kind & 1 == 0 {
        return ethernet_at(rest, at);
    }
    match (kind >> 1 & 0x1f, rest.get(at..)?) {
        (WIFI, inner @ [frame, ..]) if frame & 0x0f == 8 && inner.len() >= 24 => {
            Some((at, Next::Wifi(false)))
        }
        (WIFI, inner @ [_, frame, ..]) if frame & 0x0f == 8 && inner.len() >= 24 => {
            Some((at, Next::WifiSwapped))
        }
        _ => None,
    }
}

/// Whether an IP header can begin at `at`.
fn ip_at(rest: &[u8], at: usize) -> Option<(usize, Next)> {
    let fits = match rest.get(at..)? {
        inner @ [0x45..=0x4f, ..] => inner.len() >= 20,
        inner @ [0x60..=0x6f, ..] => inner.len() >= 40,
        _ => false,
    };
    fits.then_some((at, Next::Ip))
}

fn ethernet_at(rest: &[u8], at: usize) -> Option<(usize, Next)> {
    (rest.len() >= at + 14).then_some((at, Next::Ethernet))
}

/// CAPWAP's number of what 802.11 needs (RFC 5416).
const WIFI: u8 = 1;

const TUNNEL: Layer = Layer::Tunnel;
