//! What the tap sees of who talks: which hardware and IP addresses stand in its frames.

use std::net::{IpAddr, Ipv4Addr};

use testkit::Endpoint;

use crate::{Direction, Host, Nat, Plan};

#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) plan: &'a Plan,
}

impl<'a> View<'a> {
    pub(crate) fn nat(self) -> Option<&'a Nat> {
        self.plan.conditions.nat.as_ref()
    }

    /// Whether what goes there passes the tap.
    pub(crate) fn sees(self, to: IpAddr) -> bool {
        self.nat().is_none() || !(self.is_group(to) || self.neighbour(to).is_some() || self.is_router(to))
    }

    /// A host that talks to an address of the same version. It is `None` without an address.
    pub(crate) fn near(self, host: &Host, to: IpAddr, port: u16) -> Option<Endpoint> {
        let mac = self.nat().map_or(host.mac, |nat| nat.mac);
        let v4 = self.nat().map_or(host.v4, |nat| nat.v4);
        let address = if to.is_ipv4() { IpAddr::V4(v4) } else { IpAddr::V6(host.v6?) };
        Some(Endpoint { mac, address, port })
    }

    /// Whoever it talks to.
    pub(crate) fn far(self, to: IpAddr, port: u16) -> Endpoint {
        Endpoint { mac: self.far_mac(to), address: to, port }
    }

    /// Whom the host, or the router for it, asks for names.
    pub(crate) fn resolver(self) -> IpAddr {
        let resolver = self.plan.router.resolver;
        match self.nat() {
            Some(nat) if self.is_router(resolver) => nat.resolver,
            _ => resolver,
        }
    }

    /// Whose hardware address a host has to know before it can send there; `None` for groups.
    pub(crate) fn next_hop(self, to: IpAddr) -> Option<(IpAddr, [u8; 6])> {
        if self.is_group(to) {
            return None;
        }
        if let Some(host) = self.neighbour(to) {
            return Some((to, host.mac));
        }
        let router = &self.plan.router;
        let address = if to.is_ipv4() { IpAddr::V4(router.v4) } else { IpAddr::V6(router.v6) };
        Some((address, router.mac))
    }

    /// Time to live of what comes from there: all started with 64.
    pub(crate) fn hops_from(self, address: IpAddr) -> u8 {
        if self.neighbour(address).is_some() || self.is_router(address) {
            return 64;
        }
        let sum = match address {
            IpAddr::V4(address) => address.octets().iter().map(|byte| u32::from(*byte)).sum::<u32>(),
            IpAddr::V6(address) => address.octets().iter().map(|byte| u32::from(*byte)).sum(),
        };
        56_u8.saturating_sub(u8::try_from(sum % 12).unwrap_or(0))
    }

    /// Time to live of what hosts send.
    pub(crate) fn hops_out(self) -> u8 {
        if self.nat().is_some() { 63 } else { 64 }
    }

    /// The Ethernet frame of an IP packet.
    pub(crate) fn frame(self, ends: (&Endpoint, &Endpoint), direction: Direction, packet: &[u8]) -> Vec<u8> {
        let (near, far) = ends;
        let (to, from) = if direction == Direction::Out { (far.mac, near.mac) } else { (near.mac, far.mac) };
        let kind: [u8; 2] = if near.address.is_ipv4() { [0x08, 0x00] } else { [0x86, 0xdd] };
        [&to, &from, &kind[..], packet].concat()
    }

    fn far_mac(self, to: IpAddr) -> [u8; 6] {
        if let Some(nat) = self.nat() {
            return nat.provider_mac;
        }
        match to {
            IpAddr::V4(Ipv4Addr::BROADCAST) => [0xff; 6],
            IpAddr::V4(to) if to.is_multicast() => {
                let [_, b, c, d] = to.octets();
                [1, 0, 0x5e, b & 0x7f, c, d]
            }
            IpAddr::V6(to) if to.is_multicast() => {
                let [.., a, b, c, d] = to.octets();
                [0x33, 0x33, a, b, c, d]
            }
            _ => self.neighbour(to).map_or(self.plan.router.mac, |host| host.mac),
        }
    }

    pub(crate) fn is_group(self, to: IpAddr) -> bool {
        to.is_multicast() || to == IpAddr::V4(Ipv4Addr::BROADCAST)
    }

    fn is_router(self, to: IpAddr) -> bool {
        to == IpAddr::V4(self.plan.router.v4) || to == IpAddr::V6(self.plan.router.v6)
    }

    fn neighbour(self, to: IpAddr) -> Option<&'a Host> {
        self.plan.hosts.iter().find(|host| to == IpAddr::V4(host.v4) || Some(to) == host.v6.map(IpAddr::V6))
    }
}
