//! Mobile networks and subscribers: MCC, MNC and IMSI (ITU-T E.212, 3GPP TS 23.003 section 2.2).

use std::sync::LazyLock;

use super::{all_digits, is_made_up};
use crate::{cells, rows};

/// A mobile network's operator, as Wikipedia's lists name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operator {
    /// The name its customers know; the company's where the lists have no other.
    pub name: &'static str,
    /// The company; empty where the lists have none.
    pub company: &'static str,
    /// Its country, ISO 3166-1 alpha-2; empty for international networks.
    pub country: &'static str,
}

/// What a number says that can be a subscriber's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImsiFacts<'a> {
    /// Mobile country code, three digits.
    pub mcc: &'a str,
    /// Mobile network code, two or three digits.
    pub mnc: &'a str,
    /// The country of the code; `None` for international and test networks.
    pub country: Option<&'static str>,
    /// The operator; `None` where the network is not listed, which speaks against a real subscriber.
    pub operator: Option<Operator>,
}

/// The country that a mobile country code was assigned to. Codes that several territories share give the
/// first of them.
pub fn country_of_mcc(mcc: &str) -> Option<&'static str> {
    code(mcc).and_then(country_code).map(|entry| entry.country)
}

/// The operator with that mobile country code and network code. Two and three digits are different
/// networks: 310 26 is not 310 026.
pub fn operator(mcc: &str, mnc: &str) -> Option<Operator> {
    if !matches!(mnc.len(), 2 | 3) || !all_digits(mnc) {
        return None;
    }
    let key = (code(mcc)?, u8::try_from(mnc.len()).ok()?, mnc.parse().ok()?);
    let table = &*NETWORKS;
    let at = table.binary_search_by_key(&key, |(key, _)| *key).ok()?;
    table.get(at).map(|(_, operator)| *operator)
}

/// Reads a number of 14 or 15 digits that can be an IMSI: its country code is assigned and it is not made
/// up. The length of the network code is that of a listed operator, else what is usual in the country.
pub fn plausible_imsi(digits: &str) -> Option<ImsiFacts<'_>> {
    if !matches!(digits.len(), 14 | 15) || !all_digits(digits) || is_made_up(digits) {
        return None;
    }
    let (mcc, rest) = digits.split_at_checked(3)?;
    let number = code(mcc)?;
    let entry = country_code(number);
    if entry.is_none() && !WITHOUT_COUNTRY.contains(&number) {
        return None;
    }
    let usual = entry.map_or(2, |entry| entry.mnc_digits);
    let [first, second] = [usual, 5 - usual].map(|len| rest.split_at_checked(len));
    let listed = [first, second]
        .into_iter()
        .flatten()
        .find_map(|(mnc, subscriber)| Some((mnc, subscriber, operator(mcc, mnc)?)));
    let (mnc, subscriber, operator) = match listed {
        Some((mnc, subscriber, operator)) => (mnc, subscriber, Some(operator)),
        None => first.map(|(mnc, subscriber)| (mnc, subscriber, None))?,
    };
    let blank = subscriber.bytes().all(|byte| byte == b'0');
    let country = entry.map(|entry| entry.country);
    (!blank).then_some(ImsiFacts { mcc, mnc, country, operator })
}

#[derive(Clone, Copy)]
struct CountryCode {
    country: &'static str,
    mnc_digits: usize,
}

/// Three digits as a number.
fn code(mcc: &str) -> Option<u16> {
    if mcc.len() == 3 && all_digits(mcc) { mcc.parse().ok() } else { None }
}

fn country_code(mcc: u16) -> Option<CountryCode> {
    *COUNTRY_CODES.get(usize::from(mcc))?
}

static COUNTRY_CODES: LazyLock<Vec<Option<CountryCode>>> = LazyLock::new(|| {
    let mut table = vec![None; 1000];
    for [mcc, country, digits] in rows(MCC).filter_map(cells) {
        let slot = code(mcc).and_then(|mcc| table.get_mut(usize::from(mcc)));
        if let (Some(slot), Ok(mnc_digits)) = (slot, digits.parse()) {
            *slot = Some(CountryCode { country, mnc_digits });
        }
    }
    table
});

/// Country code, number of digits of the network code, network code.
type Key = (u16, u8, u16);

static NETWORKS: LazyLock<Vec<(Key, Operator)>> = LazyLock::new(|| {
    let mut table: Vec<(Key, Operator)> = rows(MNC).filter_map(cells).filter_map(network).collect();
    table.sort_by_key(|(key, _)| *key);
    table
});

fn network([mcc, mnc, country, brand, company]: [&'static str; 5]) -> Option<(Key, Operator)> {
    let key = (code(mcc)?, u8::try_from(mnc.len()).ok()?, mnc.parse().ok()?);
    let name = if brand.is_empty() { company } else { brand };
    Some((key, Operator { name, company, country }))
}

const MCC: &str = include_str!("../../../../data/mcc.tsv");
const MNC: &str = include_str!("../../../../data/mobile-networks.tsv");

/// Test networks, and those of satellites, ships, aircraft and things.
const WITHOUT_COUNTRY: &[u16] = &[1, 901];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn country_codes_lead_to_countries() {
        let rows = [("460", Some("CN")), ("262", Some("DE")), ("001", None), ("999", None), ("26", None)];
        for (mcc, country) in rows {
            assert_eq!(country_of_mcc(mcc), country, "{mcc}");
        }
        assert_eq!(country_of_mcc("+46"), None);
    }

    #[test]
    fn operators_are_named() {
        let name = |mcc, mnc| operator(mcc, mnc).map(|operator| operator.name);
        assert_eq!(name("460", "00"), Some("China Mobile"));
        assert_eq!(name("460", "01"), Some("China Unicom"));
        assert_eq!(name("244", "91"), Some("Telia"));
        assert_eq!(name("310", "260"), Some("T-Mobile"));
        assert_eq!(name("310", "0260"), None);
        assert_eq!(name("46", "000"), None);
    }

    #[test]
    fn a_subscriber_number_is_split_as_its_network_does() {
        let rows = [
            ("460001234567891", Some(("460", "00", Some("CN")))),
            ("310260123456789", Some(("310", "260", Some("US")))),
            ("244911234567890", Some(("244", "91", Some("FI")))),
            ("001010123456789", Some(("001", "01", None))),
            ("999701234567890", None),
            ("460000000000000", None),
            ("123456789012345", None),
            ("46000123456789", Some(("460", "00", Some("CN")))),
            ("4600012345678", None),
            ("46000123456789a", None),
        ];
        for (digits, expected) in rows {
            let found = plausible_imsi(digits).map(|facts| (facts.mcc, facts.mnc, facts.country));
            assert_eq!(found, expected, "{digits}");
        }
    }

    #[test]
    fn tables_are_read_whole_sorted_and_without_doubles() {
        assert_eq!(NETWORKS.len(), rows(MNC).count());
        assert!(NETWORKS.windows(2).all(|pair| pair[0].0 < pair[1].0));
        let codes: BTreeSet<&str> = rows(MCC).map(|row| &row[..3]).collect();
        assert_eq!(codes.len(), rows(MCC).count());
        assert_eq!(COUNTRY_CODES.iter().flatten().count(), codes.len());
    }

    /// The two tables come from different hands and must agree.
    #[test]
    fn countries_of_networks_fit_their_country_code() {
        let international = [1, 901, 902, 991, 995, 999];
        let differing: BTreeSet<u16> = NETWORKS
            .iter()
            .filter(|((mcc, ..), _)| !international.contains(mcc))
            .filter(|((mcc, ..), operator)| {
                country_code(*mcc).is_none_or(|entry| entry.country != operator.country)
            })
            .map(|((mcc, ..), _)| *mcc)
            .collect();
        // Codes that territories share, disputed regions, and licences used across a border.
        let shared = [255, 289, 310, 311, 313, 338, 340, 362, 647];
        assert_eq!(differing.into_iter().collect::<Vec<_>>(), shared);
    }
}
