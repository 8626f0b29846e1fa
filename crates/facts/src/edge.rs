//! Networks whose addresses say where their edge is, not where data are kept: anycast prefixes, content
//! delivery networks and clouds, from `data/edges.toml`.

use std::net::IpAddr;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::DataError;

/// The name of this data set.
pub(crate) const NAME: &str = "Edges (own list)";

/// A network that answers from many places, or whose machines anyone rents.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edge {
    kind: Kind,
    name: String,
    #[serde(default)]
    asns: Vec<u32>,
    #[serde(default)]
    prefixes: Vec<Prefix>,
    reasoning: String,
    source: String,
}

/// Why an address does not say where data are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Anycast,
    Cdn,
    Cloud,
}

impl Edge {
    /// `anycast`, `cdn` or `cloud`, as in `evidence::Network::edge`.
    pub fn kind(&self) -> &'static str {
        match self.kind {
            Kind::Anycast => "anycast",
            Kind::Cdn => "cdn",
            Kind::Cloud => "cloud",
        }
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Why it stands in the list, and what the statement rests on.
    pub fn reasoning(&self) -> String {
        format!("{} Source: {}.", self.reasoning, self.source)
    }
}

/// The edge network that `address` belongs to, by its prefix, else by the system that announces it.
pub fn of(address: IpAddr, asn: Option<u32>) -> Option<&'static Edge> {
    let edges = &EDGES.as_ref().ok()?.edge;
    let by_prefix = edges.iter().find(|edge| edge.prefixes.iter().any(|prefix| prefix.holds(address)));
    by_prefix.or_else(|| edges.iter().find(|edge| asn.is_some_and(|asn| edge.asns.contains(&asn))))
}

/// The list's version: the day of its last change.
pub(crate) fn version() -> String {
    EDGES.as_ref().map(|list| list.version.clone()).unwrap_or_default()
}

pub(crate) fn check() -> Result<(), DataError> {
    let problem = EDGES.as_ref().err().cloned();
    problem.map_or(Ok(()), |problem| Err(DataError { file: "edges.toml", problem }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    version: String,
    edge: Vec<Edge>,
}

/// The first bits that addresses have in common: `8.8.8.0/24`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
struct Prefix {
    address: IpAddr,
    bits: u8,
}

impl Prefix {
    fn holds(self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                u32::leading_zeros(own.to_bits() ^ other.to_bits()) >= u32::from(self.bits)
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                u128::leading_zeros(own.to_bits() ^ other.to_bits()) >= u32::from(self.bits)
            }
            _ => false,
        }
    }
}

impl TryFrom<String> for Prefix {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let wrong = || format!("no prefix: {text}");
        let (address, bits) = text.split_once('/').ok_or_else(wrong)?;
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let bits: u8 = bits.parse().map_err(|_| wrong())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        if bits > most { Err(wrong()) } else { Ok(Self { address, bits }) }
    }
}

static EDGES: LazyLock<Result<List, String>> = LazyLock::new(|| {
    toml::from_str(include_str!("../../../data/edges.toml")).map_err(|error| error.to_string())
});

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_prefix_comes_before_the_system_that_announces_it() {
        let kind = |address: &str, asn| of(address.parse().unwrap(), asn).map(Edge::kind);
        assert_eq!(kind("1.1.1.1", Some(13335)), Some("anycast"));
        assert_eq!(kind("104.16.0.1", Some(13335)), Some("cdn"));
        assert_eq!(kind("2001:4860:4860::8888", None), Some("anycast"));
        assert_eq!(kind("192.0.2.1", None), None);
    }

    #[test]
    fn prefixes_compare_their_own_bits_only() {
        let prefix = Prefix::try_from("8.8.8.0/24".to_owned()).unwrap();
        for (address, held) in [("8.8.8.255", true), ("8.8.9.0", false), ("::808:800", false)] {
            assert_eq!(prefix.holds(address.parse().unwrap()), held, "{address}");
        }
        for wrong in ["8.8.8.8", "8.8.8.8/33", "::/129", "x/8", "8.8.8.8/-1"] {
            assert!(Prefix::try_from(wrong.to_owned()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn every_row_has_its_reasons_and_no_system_stands_twice() {
        let list = EDGES.as_ref().unwrap();
        let mut seen = BTreeSet::new();
        for edge in &list.edge {
            assert!(edge.reasoning.len() > 20 && edge.source.len() > 5, "{}", edge.name);
            assert!(!edge.asns.is_empty() || !edge.prefixes.is_empty(), "{}", edge.name);
            for asn in &edge.asns {
                assert!(seen.insert(asn), "AS{asn} stands twice");
            }
        }
    }
}
