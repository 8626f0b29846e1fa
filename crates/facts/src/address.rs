//! What an address says by itself: whether it is anybody's on the public internet, after the IANA
//! special-purpose registries (RFC 6890 and its updates).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What an address is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Measurements in laboratories (RFC 2544, RFC 5180).
    Benchmarking,
    /// Everybody on the network (RFC 919).
    Broadcast,
    /// Dropped on purpose (RFC 6666).
    Discard,
    /// Examples in texts (RFC 5737, RFC 3849, RFC 9637).
    Documentation,
    /// This network only (RFC 3927, RFC 4291 section 2.5.6).
    LinkLocal,
    /// This machine (RFC 1122, RFC 4291 section 2.5.3).
    Loopback,
    /// A group of receivers (RFC 5771, RFC 4291 section 2.7).
    Multicast,
    /// A home's or company's own network (RFC 1918, RFC 4193, RFC 4291 section 2.5.7, RFC 8215).
    Private,
    /// One machine or service on the internet.
    Public,
    /// Kept for later or for protocols (RFC 1112, RFC 6890, RFC 7343, RFC 9602).
    Reserved,
    /// Between an operator and its customers, behind a translation (RFC 6598).
    Shared,
    /// No address at all (RFC 1122, RFC 4291 section 2.5.2).
    Unspecified,
}

impl Scope {
    /// What `address` is for. An IPv4 address inside an IPv6 one (mapped, NAT64) decides.
    pub fn of(address: IpAddr) -> Self {
        match carried(address) {
            IpAddr::V4(v4) => of_v4(v4),
            IpAddr::V6(v6) => of_v6(v6),
        }
    }

    /// The word for reports.
    pub fn words(self) -> &'static str {
        match self {
            Self::Benchmarking => "benchmarking",
            Self::Broadcast => "broadcast",
            Self::Discard => "discard",
            Self::Documentation => "documentation",
            Self::LinkLocal => "link-local",
            Self::Loopback => "loopback",
            Self::Multicast => "multicast",
            Self::Private => "private",
            Self::Public => "public",
            Self::Reserved => "reserved",
            Self::Shared => "shared (carrier-grade NAT)",
            Self::Unspecified => "unspecified",
        }
    }
}

/// The IPv4 address that an IPv6 one stands for (mapped, RFC 4291 section 2.5.5.2; translated by the
/// operator, RFC 6052: how phones on IPv6-only networks reach IPv4 servers), else the address itself.
pub(crate) fn carried(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else { return address };
    match v6.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            IpAddr::V4(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)))
        }
        _ => address,
    }
}

fn of_v4(address: Ipv4Addr) -> Scope {
    match address.octets() {
        [0, 0, 0, 0] => Scope::Unspecified,
        [255, 255, 255, 255] => Scope::Broadcast,
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => Scope::Private,
        [127, ..] => Scope::Loopback,
        [169, 254, ..] => Scope::LinkLocal,
        [100, 64..=127, ..] => Scope::Shared,
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => Scope::Documentation,
        [198, 18..=19, ..] => Scope::Benchmarking,
        [224..=239, ..] => Scope::Multicast,
        // Port Control Protocol and TURN anycast are the globally reachable exceptions (RFC 7723, RFC 8155).
        [192, 0, 0, 9 | 10] => Scope::Public,
        [0, ..] | [192, 0, 0, _] | [240..=255, ..] => Scope::Reserved,
        _ => Scope::Public,
    }
}

fn of_v6(address: Ipv6Addr) -> Scope {
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0] => Scope::Unspecified,
        [0, 0, 0, 0, 0, 0, 0, 1] => Scope::Loopback,
        [0x64, 0xff9b, 1, ..] => Scope::Private,
        [0x100, 0, 0, 0, ..] => Scope::Discard,
        [0x2001, 0xdb8, ..] | [0x3fff, 0..=0x0fff, ..] => Scope::Documentation,
        [0x2001, 2, 0, ..] => Scope::Benchmarking,
        [0x2001, 0x10..=0x1f, ..] | [0x2001, 0x20..=0x2f, ..] | [0x5f00, ..] => Scope::Reserved,
        [0x2000..=0x3fff, ..] => Scope::Public,
        [0xfc00..=0xfdff, ..] | [0xfec0..=0xfeff, ..] => Scope::Private,
        [0xfe80..=0xfebf, ..] => Scope::LinkLocal,
        [0xff00..=0xffff, ..] => Scope::Multicast,
        _ => Scope::Reserved,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_say_what_they_are_for() {
        let rows = [
            ("8.8.8.8", Scope::Public),
            ("10.0.0.1", Scope::Private),
            ("172.15.255.255", Scope::Public),
            ("172.16.0.1", Scope::Private),
            ("172.31.255.255", Scope::Private),
            ("172.32.0.0", Scope::Public),
            ("192.168.1.255", Scope::Private),
            ("100.63.255.255", Scope::Public),
            ("100.64.0.1", Scope::Shared),
            ("100.128.0.0", Scope::Public),
            ("127.0.0.53", Scope::Loopback),
            ("169.254.1.1", Scope::LinkLocal),
            ("192.0.0.8", Scope::Reserved),
            ("192.0.0.9", Scope::Public),
            ("192.0.2.5", Scope::Documentation),
            ("198.19.255.255", Scope::Benchmarking),
            ("198.51.100.1", Scope::Documentation),
            ("203.0.113.9", Scope::Documentation),
            ("224.0.0.251", Scope::Multicast),
            ("239.255.255.250", Scope::Multicast),
            ("240.0.0.1", Scope::Reserved),
            ("255.255.255.255", Scope::Broadcast),
            ("0.0.0.0", Scope::Unspecified),
            ("0.1.2.3", Scope::Reserved),
            ("::", Scope::Unspecified),
            ("::1", Scope::Loopback),
            ("::ffff:192.168.0.1", Scope::Private),
            ("64:ff9b::8.8.8.8", Scope::Public),
            ("64:ff9b::10.0.0.1", Scope::Private),
            ("64:ff9b:1::1", Scope::Private),
            ("100::1", Scope::Discard),
            ("2001:db8::1", Scope::Documentation),
            ("2001:2::1", Scope::Benchmarking),
            ("2001:20::1", Scope::Reserved),
            ("2400:3200::1", Scope::Public),
            ("3fff:fff::1", Scope::Documentation),
            ("4000::1", Scope::Reserved),
            ("fd12:3456::1", Scope::Private),
            ("fe80::1", Scope::LinkLocal),
            ("fec0::1", Scope::Private),
            ("ff02::fb", Scope::Multicast),
        ];
        for (address, scope) in rows {
            assert_eq!(Scope::of(address.parse().unwrap()), scope, "{address}");
        }
    }
}
