//! TCP and UDP headers (RFC 9293, RFC 768, RFC 3828). UDP ports of tunnels are followed into the tunnel.

use std::ops::Range;

use evidence::Layer;

use super::tunnel;
use crate::{
    TcpFlags, TcpHead,
    link::{Next, Stop, Transported, Walk},
};

/// A TCP header. What follows it within the IP packet is payload.
pub(super) fn tcp(walk: &mut Walk<'_>) -> Result<Next, Stop> {
    let [a, b, c, d, s, e, q, u, k, n, o, w, offset, flags, ..] = *walk.take::<20>(Layer::Tcp)?;
    let header_len = usize::from(offset >> 4) * 4;
    if header_len < 20 {
        return Err(Stop::Odd(Layer::Tcp, "peer sent a TCP header shorter than 20 bytes"));
    }
    let options = (header_len - 20).min(walk.end - walk.at);
    let lost = header_len - 20 - options;
    // Options that the capture cut off leave a header that is good enough.
    if lost > 0 && walk.missing == 0 {
        return Err(Stop::Short(Layer::Tcp));
    }
    walk.skip(options, Layer::Tcp)?;
    let cut = walk.missing.saturating_sub(u32::try_from(lost).unwrap_or(u32::MAX));
    let head = TcpHead {
        sequence: u32::from_be_bytes([s, e, q, u]),
        acknowledgment: u32::from_be_bytes([k, n, o, w]),
        flags: TcpFlags(flags),
    };
    let ports = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
    Err(transported(walk, ports, Some(head), (walk.at..walk.end, cut)))
}

/// A UDP header. Where its length contradicts the IP packet's, the shorter one counts; a length below that
/// of the header itself is noted and the IP packet's counts.
pub(super) fn udp(walk: &mut Walk<'_>) -> Result<Next, Stop> {
    let start = walk.at;
    let [a, b, c, d, l, m, _, _] = *walk.take::<8>(Layer::Udp)?;
    let ports = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
    let mut cut = walk.missing;
    match usize::from(u16::from_be_bytes([l, m])) {
        // A jumbogram (RFC 2675), or left to the network card.
        0 => {}
        1..8 => walk.odd(Layer::Udp, "peer sent a UDP length shorter than the header"),
        len => {
            let lacking = walk.bound(start, len);
            if lacking > 0 && walk.missing == 0 {
                walk.odd(Layer::Udp, "peer sent a UDP datagram longer than its IP packet");
            }
            cut = u32::try_from(lacking).unwrap_or(u32::MAX);
        }
    }
    let payload = transported(walk, ports, None, (walk.at..walk.end, cut));
    tunnel::behind_udp(walk, ports, payload)
}

/// UDP-Lite has the checksum's coverage where UDP has the length.
pub(super) fn udp_lite(walk: &mut Walk<'_>) -> Result<Next, Stop> {
    let [a, b, c, d, ..] = *walk.take::<8>(Layer::Udp)?;
    let ports = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
    Err(transported(walk, ports, None, (walk.at..walk.end, walk.missing)))
}

fn transported(
    walk: &Walk<'_>,
    ports: (u16, u16),
    tcp: Option<TcpHead>,
    (range, cut): (Range<usize>, u32),
) -> Stop {
    // A transport header without an IP header before it does not happen: `Next::Protocol` comes from one.
    let Some((source, destination)) = walk.addresses else { return Stop::Short(Layer::Ip) };
    Stop::Transported(Transported {
        source: (source, ports.0),
        destination: (destination, ports.1),
        mac: walk.mac(),
        tcp,
        range,
        cut,
    })
}
