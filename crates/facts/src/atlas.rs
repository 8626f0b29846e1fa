//! Addresses → who announces them, where they are thought to be, where they are registered.
//!
//! Estimated and registered country are answers of different sources to different questions and often
//! differ (47.74.128.1 is registered in the US and answers from Singapore): each is given with its
//! source. A user's own MaxMind DB files (`.mmdb`) come before the embedded data.

use std::net::IpAddr;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use evidence::{Country, DataSet, Network};
use maxminddb::{MaxMindDbError, Reader};
use serde::Deserialize;

use crate::address::{Scope, carried};
use crate::embedded::{ASN_V4, ASN_V6, COUNTRY_V4, COUNTRY_V6, HOLDERS, name};
use crate::{country, edge};

/// A file that the user gave as MaxMind DB and that is none.
#[derive(Debug, thiserror::Error)]
#[error("this is no MaxMind DB file that can be read: {0}")]
pub struct MmdbError(#[from] MaxMindDbError);

/// What is known of addresses.
#[derive(Default)]
pub struct Atlas {
    own: Vec<Own>,
    unreadable: AtomicU64,
}

impl Atlas {
    /// The data that ships with the program; unpacked when first asked, once per process.
    pub fn embedded() -> Self {
        Self::default()
    }

    /// Puts a user's MaxMind DB before what is there: country, city, ASN and ISP schemas, and the flat
    /// ones with `country_code` or `asn`. Called several times, the first file that knows a fact gives it.
    pub fn with_mmdb(mut self, bytes: Vec<u8>) -> Result<Self, MmdbError> {
        let reader = Reader::from_source(bytes)?;
        let metadata = reader.metadata();
        let set = DataSet {
            name: metadata.database_type.clone(),
            version: format!("built {} (seconds since 1970)", metadata.build_epoch),
            licence: "given by the user of this program".to_owned(),
        };
        self.own.push(Own { reader, set });
        Ok(self)
    }

    /// What is known of `address`. Only public addresses have a holder and countries; IPv4 addresses
    /// written as IPv6 (mapped, NAT64) answer as the IPv4 address.
    pub fn network(&self, address: IpAddr) -> Network {
        let address = carried(address);
        let scope = Scope::of(address);
        let mut network = Network { scope: scope.words().to_owned(), ..Network::default() };
        if scope != Scope::Public {
            return network;
        }
        for own in &self.own {
            self.ask(own, address, &mut network);
        }
        fill(address, &mut network);
        network.edge = edge::of(address, network.asn).map_or("", edge::Edge::kind).to_owned();
        network
    }

    /// The data sets behind the answers: the user's own, then [`crate::data_sets`].
    pub fn data_sets(&self) -> Vec<DataSet> {
        self.own.iter().map(|own| own.set.clone()).chain(crate::data_sets()).collect()
    }

    /// How many records of the user's files could not be read so far; the embedded data answered instead.
    pub fn unreadable(&self) -> u64 {
        self.unreadable.load(Ordering::Relaxed)
    }

    fn ask(&self, own: &Own, address: IpAddr, network: &mut Network) {
        let record = own.reader.lookup(address).and_then(|found| found.decode::<Record<'_>>());
        match record {
            Ok(Some(record)) => record.add_to(network, &own.set.name),
            Ok(None) => {}
            // An IPv4-only file knows nothing of IPv6: no damage.
            Err(MaxMindDbError::InvalidInput { .. }) => {}
            Err(_) => {
                self.unreadable.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

/// One file of the user's.
struct Own {
    reader: Reader<Vec<u8>>,
    set: DataSet,
}

/// The fields of the usual schemas that say who and where.
#[derive(Deserialize)]
struct Record<'a> {
    #[serde(borrow, default)]
    country: Option<Place<'a>>,
    #[serde(borrow, default)]
    registered_country: Option<Place<'a>>,
    #[serde(default)]
    country_code: Option<&'a str>,
    #[serde(default)]
    autonomous_system_number: Option<u32>,
    #[serde(default)]
    autonomous_system_organization: Option<&'a str>,
    #[serde(default)]
    asn: Option<&'a str>,
    #[serde(default)]
    as_name: Option<&'a str>,
}

/// `country` is a map in the one family of schemas, the code itself in the other.
#[derive(Deserialize)]
#[serde(untagged)]
enum Place<'a> {
    Code(&'a str),
    Map {
        #[serde(borrow, default)]
        iso_code: Option<&'a str>,
    },
}

impl<'a> Place<'a> {
    fn code(&self) -> Option<&'a str> {
        match self {
            Self::Code(code) => Some(code),
            Self::Map { iso_code } => *iso_code,
        }
    }
}

impl Record<'_> {
    fn add_to(&self, network: &mut Network, source: &str) {
        let known = |code: Option<&str>| {
            let code = code.filter(|code| country::number(code).is_some())?;
            Some(Country { code: code.to_ascii_uppercase(), source: source.to_owned() })
        };
        let located = self.country.as_ref().and_then(Place::code).or(self.country_code);
        network.located = network.located.take().or_else(|| known(located));
        let registered = self.registered_country.as_ref().and_then(Place::code);
        network.registered = network.registered.take().or_else(|| known(registered));
        let named = self.asn.and_then(|asn| asn.trim_start_matches("AS").parse().ok());
        if let (None, Some(asn)) = (network.asn, self.autonomous_system_number.or(named)) {
            let holder = self.autonomous_system_organization.or(self.as_name);
            network.asn = Some(asn);
            network.holder = holder.unwrap_or_default().to_owned();
        }
    }
}

/// Adds what the embedded data know and nobody has said before.
fn fill(address: IpAddr, network: &mut Network) {
    if network.asn.is_none()
        && let Some((asn, holder)) = autonomous_system(address)
    {
        network.asn = Some(asn);
        network.holder = holder.to_owned();
    }
    network.located = network.located.take().or_else(|| located(address));
    network.registered = network.registered.take().or_else(|| registered(address));
}

fn autonomous_system(address: IpAddr) -> Option<(u32, &'static str)> {
    let rank = match address {
        IpAddr::V4(v4) => ASN_V4.as_ref().ok()?.value(v4.to_bits())?,
        IpAddr::V6(v6) => ASN_V6.as_ref().ok()?.value(subnet(v6))?,
    };
    let (number, holder) = HOLDERS.as_ref().ok()?.line(rank)?.split_once('\t')?;
    Some((number.parse().ok()?, holder))
}

fn located(address: IpAddr) -> Option<Country> {
    let number = match address {
        IpAddr::V4(v4) => COUNTRY_V4.as_ref().ok()?.value(v4.to_bits())?,
        IpAddr::V6(v6) => COUNTRY_V6.as_ref().ok()?.value(subnet(v6))?,
    };
    Some(Country { code: country::code(number)?, source: LOCATED_BY.to_owned() })
}

fn registered(address: IpAddr) -> Option<Country> {
    let code = iptocc::country_code(address)?;
    Some(Country { code: code.to_owned(), source: REGISTERED_BY.to_owned() })
}

/// The upper half of an IPv6 address: packed tables hold no finer ranges.
fn subnet(address: std::net::Ipv6Addr) -> u64 {
    (address.to_bits() >> 64) as u64
}

static LOCATED_BY: LazyLock<&str> = LazyLock::new(|| name("dbip"));
static REGISTERED_BY: LazyLock<&str> = LazyLock::new(|| name("rir"));

#[cfg(test)]
mod tests {
    use super::*;

    fn network(address: &str) -> Network {
        Atlas::embedded().network(address.parse().unwrap())
    }

    fn code(country: &Option<Country>) -> &str {
        country.as_ref().map_or("", |country| &country.code)
    }

    #[test]
    fn holder_place_and_registration_are_separate_facts() {
        let rows = [
            // address, AS, holder's name has, thought to be in, registered in
            ("8.8.8.8", 15169, "Google", "US", "US"),
            ("47.74.128.1", 45102, "Alibaba", "SG", "US"),
            ("114.80.166.240", 4811, "China Telecom", "CN", "CN"),
            ("119.29.29.29", 132_203, "Tencent", "SG", "CN"),
            ("2400:3200::1", 37963, "Alibaba", "CN", "CN"),
        ];
        for (address, asn, holder, located, registered) in rows {
            let network = network(address);
            assert_eq!(network.asn, Some(asn), "{address}");
            assert!(network.holder.contains(holder), "{address}: {}", network.holder);
            assert_eq!(code(&network.located), located, "{address}");
            assert_eq!(code(&network.registered), registered, "{address}");
            assert_eq!(network.scope, "public");
        }
    }

    #[test]
    fn every_country_names_a_listed_source() {
        let network = network("47.74.128.1");
        let sets = Atlas::embedded().data_sets();
        for country in [network.located.unwrap(), network.registered.unwrap()] {
            assert!(sets.iter().any(|set| set.name == country.source), "{country:?}");
        }
    }

    #[test]
    fn addresses_of_nobody_have_no_country() {
        for address in ["10.0.0.1", "192.0.2.1", "ff02::1", "fd00::1"] {
            let network = network(address);
            assert_ne!(network.scope, "public");
            assert_eq!(network, Network { scope: network.scope.clone(), ..Network::default() });
        }
    }

    #[test]
    fn nat64_answers_as_the_server_behind_it() {
        assert_eq!(network("64:ff9b::8.8.8.8"), network("8.8.8.8"));
        assert_eq!(network("::ffff:8.8.8.8"), network("8.8.8.8"));
    }

    #[test]
    fn an_edge_is_told_as_one() {
        assert_eq!(network("8.8.8.8").edge, "anycast");
        assert_eq!(network("104.16.0.1").edge, "cdn");
        assert_eq!(network("47.74.128.1").edge, "cloud");
        assert_eq!(network("114.80.166.240").edge, "");
    }

    #[test]
    fn what_is_no_database_is_refused() {
        assert!(Atlas::embedded().with_mmdb(b"not a database".to_vec()).is_err());
        assert!(Atlas::embedded().with_mmdb(Vec::new()).is_err());
    }

    /// A MaxMind DB of one node: the lower half of the addresses leads to `record`, the upper to nothing.
    fn tiny_mmdb(record: &[u8]) -> Vec<u8> {
        fn text(text: &str) -> Vec<u8> {
            [&[0x40 | text.len() as u8][..], text.as_bytes()].concat()
        }
        let number = |value: u8| vec![0xa1, value];
        // Record size 24: left = node count 1 + 16 separator bytes + offset 0; right = 1, not found.
        let tree = [0, 0, 17, 0, 0, 1];
        let metadata = [
            vec![0xe9],
            [text("binary_format_major_version"), number(2)].concat(),
            [text("binary_format_minor_version"), number(0)].concat(),
            [text("build_epoch"), vec![0x04, 0x02, 0x65, 0, 0, 0]].concat(),
            [text("database_type"), text("Test-Country")].concat(),
            [text("description"), vec![0xe0]].concat(),
            [text("ip_version"), number(4)].concat(),
            [text("languages"), vec![0x00, 0x04]].concat(),
            [text("node_count"), vec![0xc1, 1]].concat(),
            [text("record_size"), number(24)].concat(),
        ]
        .concat();
        [&tree[..], &[0; 16], record, b"\xab\xcd\xefMaxMind.com", &metadata].concat()
    }

    #[test]
    fn a_users_own_database_comes_first_and_names_itself() {
        let nested = b"\xe1\x47country\xe1\x48iso_code\x42LI";
        let flat = b"\xe1\x4ccountry_code\x42LI";
        for record in [&nested[..], &flat[..]] {
            let atlas = Atlas::embedded().with_mmdb(tiny_mmdb(record)).unwrap();
            let network = atlas.network("8.8.8.8".parse().unwrap());
            let located = network.located.unwrap();
            assert_eq!((located.code.as_str(), located.source.as_str()), ("LI", "Test-Country"));
            assert_eq!(network.asn, Some(15169), "what it lacks comes from the embedded data");
            assert_eq!(code(&network.registered), "US");
            let upper = atlas.network("193.0.6.139".parse().unwrap());
            assert_eq!(code(&upper.located), "NL");
            assert_eq!(atlas.data_sets()[0].name, "Test-Country");
            assert_eq!(atlas.unreadable(), 0);
        }
    }

    #[test]
    fn a_damaged_record_is_counted() {
        let atlas = Atlas::embedded().with_mmdb(tiny_mmdb(b"\xe1\x47country\x5f")).unwrap();
        assert_eq!(code(&atlas.network("8.8.8.8".parse().unwrap()).located), "US");
        assert_eq!(atlas.unreadable(), 1);
    }
}
