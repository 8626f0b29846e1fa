//! IPv4 and IPv6 headers, extension headers, what their protocol numbers lead to (RFC 791, RFC 8200, RFC
//! 2675, RFC 4302).
//!
//! Checksums are not verified: a capture made on the sending machine has those of offloaded packets wrong.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use evidence::Layer;

use super::{transport, tunnel};
use crate::link::{Fragment, Next, Place, Stop, Unread, Walk};

/// An IP header, of the version that its first nibble tells.
pub(super) fn ip(walk: &mut Walk<'_>) -> Result<Next, Stop> {
    walk.depth += 1;
    if walk.depth > MAX_DEPTH {
        return Err(Stop::Unread(Unread::TooDeep));
    }
    match walk.rest() {
        [0x40..=0x4f, ..] => version4(walk),
        [0x60..=0x6f, ..] => version6(walk),
        [] => Err(Stop::Short(Layer::Ip)),
        _ => Err(Stop::Odd(Layer::Ip, "peer sent a packet that is neither IPv4 nor IPv6")),
    }
}

/// What a protocol number stands for.
pub(super) fn protocol(walk: &mut Walk<'_>, number: u8) -> Result<Next, Stop> {
    match number {
        TCP => transport::tcp(walk),
        UDP => transport::udp(walk),
        UDP_LITE => transport::udp_lite(walk),
        4 | 41 => Ok(Next::Ip),
        47 => Ok(Next::Gre),
        51 => authentication(walk),
        97 => tunnel::ether_ip(walk),
        137 => Ok(Next::Mpls),
        0 | 43 | 60 | 135 | 139 | 140 if is_version6(walk) => extension(walk),
        44 if is_version6(walk) => fragment6(walk),
        other => Err(Stop::Unread(Unread::IpProtocol(other))),
    }
}

fn version4(walk: &mut Walk<'_>) -> Result<Next, Stop> {
    let start = walk.at;
    let header = walk.take::<20>(Layer::Ip)?;
    let [first, _, l, m, i, j, f, o, _, protocol, _, _, a, b, c, d, destination @ ..] = *header;
    let header_len = usize::from(first & 0x0f) * 4;
    if header_len < 20 {
        return Err(Stop::Odd(Layer::Ip, "peer sent an IPv4 header shorter than 20 bytes"));
    }
    walk.skip(header_len - 20, Layer::Ip)?;
    match usize::from(u16::from_be_bytes([l, m])) {
        // Left to the network card to fill in, or longer than the field can say: the frame tells.
        0 => walk.missing = walk.lacking,
        total if total < header_len => {
            return Err(Stop::Odd(Layer::Ip, "peer sent an IPv4 packet shorter than its header"));
        }
        total => enclose(walk, start, total),
    }
    let addresses = (Ipv4Addr::new(a, b, c, d).into(), Ipv4Addr::from(destination).into());
    walk.addresses = Some(addresses);
    let place = u16::from_be_bytes([f, o]);
    let (more, offset) = (place & 0x2000 != 0, u32::from(place & 0x1fff) * 8);
    // A first fragment that the capture cut is all there will ever be of its datagram.
    if offset == 0 && (!more || walk.missing > 0) {
        return Ok(Next::Protocol(protocol));
    }
    let id = u32::from(u16::from_be_bytes([i, j]));
    Err(fragment(walk, Place { addresses, id, protocol, offset, more }))
}

fn version6(walk: &mut Walk<'_>) -> Result<Next, Stop> {
    let [_, _, _, _, l, m, next, _, addresses @ ..] = *walk.take::<40>(Layer::Ip)?;
    let header = walk.at;
    walk.addresses = Some((address6(addresses.first_chunk()), address6(addresses.last_chunk())));
    match usize::from(u16::from_be_bytes([l, m])) {
        0 => match jumbo(walk.rest(), next) {
            Some(len) => enclose(walk, header, len),
            // Nothing at all, or more than the field can say (BIG TCP): the frame tells.
            None => walk.missing = walk.lacking,
        },
        len => enclose(walk, header, len),
    }
    Ok(Next::Protocol(next))
}

fn address6(bytes: Option<&[u8; 16]>) -> IpAddr {
    Ipv6Addr::from(bytes.copied().unwrap_or_default()).into()
}

/// Bounds the walk to an IP packet and notes what is lacking of it.
fn enclose(walk: &mut Walk<'_>, start: usize, len: usize) {
    let lacking = walk.bound(start, len);
    walk.missing = u32::try_from(lacking).unwrap_or(u32::MAX);
    if lacking > 0 && walk.lacking == 0 {
        walk.odd(Layer::Ip, "peer sent an IP packet shorter than its length field");
    }
}

/// The length in a jumbo payload option (RFC 2675), which stands first in the hop-by-hop header.
fn jumbo(rest: &[u8], next: u8) -> Option<usize> {
    match rest {
        [_, _, 0xc2, 4, a, b, c, d, ..] if next == 0 => {
            usize::try_from(u32::from_be_bytes([*a, *b, *c, *d])).ok()
        }
        _ => None,
    }
}

/// Hop-by-hop, routing and destination options, mobility, host identity, shim: next header and length in
/// units of eight bytes beyond the first.
fn extension(walk: &mut Walk<'_>) -> Result<Next, Stop> {
    let [next, len, ..] = *walk.take::<8>(Layer::Ip)?;
    walk.skip(usize::from(len) * 8, Layer::Ip)?;
    Ok(Next::Protocol(next))
}

/// Authentication header: its length counts units of four bytes, two fewer than there are.
fn authentication(walk: &mut Walk<'_>) -> Result<Next, Stop> {
    let [next, len, ..] = *walk.take::<8>(Layer::Ip)?;
    walk.skip(usize::from(len) * 4, Layer::Ip)?;
    Ok(Next::Protocol(next))
}

fn fragment6(walk: &mut Walk<'_>) -> Result<Next, Stop> {
    let [protocol, _, f, o, id @ ..] = *walk.take::<8>(Layer::Ip)?;
    let place = u16::from_be_bytes([f, o]);
    let (more, offset) = (place & 1 != 0, u32::from(place & 0xfff8));
    let alone = offset == 0 && (!more || walk.missing > 0);
    let (Some(addresses), false) = (walk.addresses, alone) else {
        // An atomic fragment (RFC 6946) is whole; a first one that was cut is all there will ever be.
        return Ok(Next::Protocol(protocol));
    };
    let id = u32::from_be_bytes(id);
    Err(fragment(walk, Place { addresses, id, protocol, offset, more }))
}

fn fragment(walk: &Walk<'_>, place: Place) -> Stop {
    Stop::Fragment(Fragment { place, range: walk.at..walk.end, missing: walk.missing })
}

fn is_version6(walk: &Walk<'_>) -> bool {
    matches!(walk.addresses, Some((IpAddr::V6(_), _)))
}

const TCP: u8 = 6;
const UDP: u8 = 17;
const UDP_LITE: u8 = 136;
/// IP headers within each other: more are not followed.
const MAX_DEPTH: u8 = 8;
