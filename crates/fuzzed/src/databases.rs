//! A user's MaxMind DB: it is refused, or whatever it says of an address is an answer; never a panic, and
//! what it cannot answer the embedded data do.

use std::net::IpAddr;

use facts::Atlas;

pub(crate) fn mmdb(bytes: &[u8]) {
    let Ok(atlas) = Atlas::embedded().with_mmdb(bytes.to_vec()) else { return };
    for address in ADDRESSES {
        let address: IpAddr = address.parse().unwrap();
        let (own, embedded) = (atlas.network(address), Atlas::embedded().network(address));
        assert_eq!(own.scope, embedded.scope, "no file says what an address is for");
        assert!(own.registered.is_some() || embedded.registered.is_none(), "a fact got lost");
        assert!(own.located.is_some() || embedded.located.is_none(), "a fact got lost");
        assert!(own.asn.is_some() || embedded.asn.is_none(), "a fact got lost");
    }
    assert_eq!(atlas.data_sets().len(), Atlas::embedded().data_sets().len() + 1);
}

const ADDRESSES: [&str; 5] = ["8.8.8.8", "47.74.128.1", "193.0.6.139", "10.0.0.1", "2400:3200::1"];
