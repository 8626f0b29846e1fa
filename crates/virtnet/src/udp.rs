//! Datagrams and their answers, questions for names among them.

use std::net::IpAddr;

use smoltcp::wire::Ipv4Packet;
use testkit::{
    Dice, Endpoint,
    dns::{self, A, AAAA, Data},
    packet::{fragments, udp},
};

use crate::{
    Conditions, Direction, Server,
    lan::{Crossings, Frames},
    line::Line,
};

/// Two ends that exchange datagrams.
pub(crate) struct Exchange<'a> {
    pub(crate) near: Endpoint,
    /// Who is asked.
    pub(crate) far: Endpoint,
    /// Who answers.
    pub(crate) answers: Endpoint,
    pub(crate) conditions: &'a Conditions,
    /// Time to live of what goes out and comes in.
    pub(crate) hops: (u8, u8),
}

/// What came of a datagram.
#[derive(Default)]
pub(crate) struct Exchanged {
    /// What passed the tap.
    pub(crate) frames: Frames,
    /// What the near end sent and was given.
    pub(crate) crossings: Crossings,
    /// When the answer arrived, if it did.
    pub(crate) heard: Option<i64>,
}

impl Exchange<'_> {
    /// Sends a datagram; where it arrives, the answer after its delay (microseconds) comes back.
    pub(crate) fn once(
        &self,
        (at, bytes): (i64, &[u8]),
        reply: Option<(i64, &[u8])>,
        dice: &mut Dice,
    ) -> Exchanged {
        let mut line = Line::new(self.conditions);
        let mut out = Exchanged::default();
        let sent = self.parts((&self.near, &self.far), self.hops.0, bytes, dice);
        let reached = pass(&mut line, dice, (at, Direction::Out), sent, &mut out);
        let (Some(reached), Some((delay, bytes))) = (reached, reply) else { return out };
        let sent = self.parts((&self.answers, &self.near), self.hops.1, bytes, dice);
        let back = reached.saturating_add(delay);
        out.heard = pass(&mut line, dice, (back, Direction::In), sent, &mut out);
        out
    }

    /// The frames of a datagram: several where it is too long for one.
    fn parts(
        &self,
        (from, to): (&Endpoint, &Endpoint),
        hops: u8,
        bytes: &[u8],
        dice: &mut Dice,
    ) -> Vec<Vec<u8>> {
        let bytes = bytes.get(..LONGEST).unwrap_or(bytes);
        let frame = udp(from, to, bytes);
        let room = usize::from(self.conditions.mtu.clamp(576, 9000)) - 20;
        let parts = if frame.len() > room + 34 { fragments(&frame, room) } else { vec![frame] };
        let identification = u16::try_from(dice.roll() & 0xffff).unwrap_or(0);
        parts.into_iter().map(|part| stamp(part, identification, hops)).collect()
    }
}

/// Sends all parts; tells when the last arrived, if none was lost.
fn pass(
    line: &mut Line<'_>,
    dice: &mut Dice,
    (at, direction): (i64, Direction),
    parts: Vec<Vec<u8>>,
    out: &mut Exchanged,
) -> Option<i64> {
    let mut arrived = Some(at);
    for part in parts {
        let passage = line.send(dice, direction, at, part.len());
        let crosses = if direction == Direction::Out { &[at][..] } else { &passage.arrivals };
        let length = part.len().saturating_sub(ETHERNET);
        out.crossings.extend(crosses.iter().map(|time| (*time, direction, length)));
        out.frames.extend(passage.taps.into_iter().map(|tap| (tap, direction, part.clone())));
        arrived = arrived.and_then(|before| Some(before.max(*passage.arrivals.first()?)));
    }
    arrived
}

/// Gives an IPv4 packet its identification and time to live.
fn stamp(mut frame: Vec<u8>, identification: u16, hops: u8) -> Vec<u8> {
    if frame.get(12..14) == Some(&[0x08, 0x00])
        && let Some(packet) = frame.get_mut(14..)
    {
        let mut packet = Ipv4Packet::new_unchecked(packet);
        packet.set_ident(identification);
        packet.set_hop_limit(hops);
        packet.fill_checksum();
    }
    frame
}

/// A question for a server's address and what it is answered; `None` where there is no such name.
pub(crate) fn question(server: &Server, exists: bool, dice: &mut Dice) -> (Vec<u8>, Vec<u8>) {
    let id = u16::try_from(dice.roll() & 0xffff).unwrap_or(0);
    let kind = if server.address.is_ipv4() { A } else { AAAA };
    let asked = dns::query(id, &server.name, kind);
    if !exists {
        return (asked, dns::no_such_name(id, (&server.name, kind)));
    }
    let names = [&server.name].into_iter().chain(&server.cname);
    let mut answers: Vec<(&str, Data<'_>)> =
        names.zip(&server.cname).map(|(name, other)| (name.as_str(), Data::Cname(other))).collect();
    let last = server.cname.last().unwrap_or(&server.name);
    answers.push((
        last,
        match server.address {
            IpAddr::V4(address) => Data::A(address),
            IpAddr::V6(address) => Data::Aaaa(address),
        },
    ));
    let answer = dns::response(id, (&server.name, kind), &answers);
    (asked, answer)
}

/// Bytes of a frame's header.
const ETHERNET: usize = 14;

/// Bytes that one datagram over IPv4 can hold.
const LONGEST: usize = 65_507;
