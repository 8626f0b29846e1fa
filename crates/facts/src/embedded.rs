//! The files of `data/` as they ship inside the program, and their versions and licences.

use std::sync::LazyLock;

use evidence::DataSet;

use crate::pack::{Damaged, Lines, Ranges};

/// An embedded file that is not what it should be: the program was built wrongly.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the program's own data file {file} is damaged: {problem}")]
pub struct DataError {
    /// The file in `data/`.
    pub file: &'static str,
    /// What is wrong with it.
    pub problem: String,
}

/// The data sets behind the answers of this crate, each with its version and licence. The attribution in
/// `licence` must stand in every report that shows such answers.
pub fn data_sets() -> Vec<DataSet> {
    let packaged = rows(SOURCES).filter_map(cells).map(|[_, name, version, licence]| DataSet {
        name: name.to_owned(),
        version: version.to_owned(),
        licence: licence.to_owned(),
    });
    let own = [(crate::domain::NAME, crate::domain::version()), (crate::edge::NAME, crate::edge::version())];
    let own = own.map(|(name, version)| DataSet {
        name: name.to_owned(),
        version,
        licence: OWN_LICENCE.to_owned(),
    });
    packaged.chain(own).collect()
}

/// Reads every embedded file. Look-ups in a damaged one answer "unknown"; this says so, and the tests ask
/// it, so that no such program is built.
pub fn check() -> Result<(), DataError> {
    let unpacked = [
        ("address-asn-v4.bin", ASN_V4.as_ref().err()),
        ("address-asn-v6.bin", ASN_V6.as_ref().err()),
        ("address-country-v4.bin", COUNTRY_V4.as_ref().err()),
        ("address-country-v6.bin", COUNTRY_V6.as_ref().err()),
        ("address-holders.bin", HOLDERS.as_ref().err()),
        ("oui-vendors.bin", OUI_VENDORS.as_ref().err()),
        ("oui.bin", OUI.as_ref().err()),
        ("third-party-web.bin", THIRD_PARTY_WEB.as_ref().err()),
    ];
    for (file, problem) in unpacked {
        if let Some(problem) = problem {
            return Err(DataError { file, problem: problem.to_string() });
        }
    }
    crate::domain::check()?;
    crate::edge::check()
}

/// The name of a packaged data set, as in [`data_sets`]; its id where `sources.tsv` lacks it.
pub(crate) fn name(id: &'static str) -> &'static str {
    let known = rows(SOURCES).filter_map(cells).find(|[row, ..]: &[&str; 4]| *row == id);
    known.map_or(id, |[_, name, ..]| name)
}

/// The rows of an embedded table: its lines but for comments.
pub(crate) fn rows(table: &'static str) -> impl Iterator<Item = &'static str> {
    table.lines().filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// The cells of a row, where it has just as many.
pub(crate) fn cells<const N: usize>(row: &str) -> Option<[&str; N]> {
    let mut cells = row.split('\t');
    let mut found = [""; N];
    for cell in &mut found {
        *cell = cells.next()?;
    }
    cells.next().is_none().then_some(found)
}

type Packed<T> = LazyLock<Result<T, Damaged>>;

/// IPv4 address → line of [`HOLDERS`].
pub(crate) static ASN_V4: Packed<Ranges<u32, u32>> =
    LazyLock::new(|| Ranges::unpack(include_bytes!("../../../data/address-asn-v4.bin")));

/// Upper half of an IPv6 address → line of [`HOLDERS`].
pub(crate) static ASN_V6: Packed<Ranges<u64, u32>> =
    LazyLock::new(|| Ranges::unpack(include_bytes!("../../../data/address-asn-v6.bin")));

/// "AS number TAB holder".
pub(crate) static HOLDERS: Packed<Lines> =
    LazyLock::new(|| Lines::unpack(include_bytes!("../../../data/address-holders.bin")));

/// IPv4 address → country number.
pub(crate) static COUNTRY_V4: Packed<Ranges<u32, u16>> =
    LazyLock::new(|| Ranges::unpack(include_bytes!("../../../data/address-country-v4.bin")));

/// Upper half of an IPv6 address → country number.
pub(crate) static COUNTRY_V6: Packed<Ranges<u64, u16>> =
    LazyLock::new(|| Ranges::unpack(include_bytes!("../../../data/address-country-v6.bin")));

/// First 36 bits of a hardware address → line of [`OUI_VENDORS`].
pub(crate) static OUI: Packed<Ranges<u64, u16>> =
    LazyLock::new(|| Ranges::unpack(include_bytes!("../../../data/oui.bin")));

/// Vendors of hardware.
pub(crate) static OUI_VENDORS: Packed<Lines> =
    LazyLock::new(|| Lines::unpack(include_bytes!("../../../data/oui-vendors.bin")));

/// "name TAB company TAB category TAB homepage TAB domains".
pub(crate) static THIRD_PARTY_WEB: Packed<Lines> =
    LazyLock::new(|| Lines::unpack(include_bytes!("../../../data/third-party-web.bin")));

const SOURCES: &str = include_str!("../../../data/sources.tsv");

const OWN_LICENCE: &str = "MIT OR Apache-2.0. Kept with this program, each row with its reasoning";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_embedded_file_is_whole() {
        assert_eq!(check(), Ok(()));
    }

    #[test]
    fn every_data_set_names_its_version_and_licence() {
        let sets = data_sets();
        assert!(sets.len() >= 10);
        for set in &sets {
            assert!(!set.version.is_empty() && set.licence.len() > 10, "{set:?}");
        }
        let attributed = |text: &str| sets.iter().any(|set| set.licence.contains(text));
        assert!(attributed("https://db-ip.com") && attributed("routeviews.org") && attributed("nro.net"));
    }

    #[test]
    fn versions_are_those_that_are_linked() {
        let lock = include_str!("../../../Cargo.lock");
        for (id, name) in [("rir", "iptocc"), ("psl", "psl"), ("phone", "phonenumber")] {
            let row = rows(SOURCES).filter_map(cells).find(|[row, ..]: &[&str; 4]| *row == id);
            let version = row.map(|[_, _, version, _]| version).unwrap();
            let locked = format!("name = \"{name}\"\nversion = \"{version}\"");
            assert!(lock.contains(&locked), "{name} is not at {version}: mend data/sources.tsv");
        }
    }

    #[test]
    fn a_row_has_just_as_many_cells() {
        assert_eq!(cells("a\tb"), Some(["a", "b"]));
        assert_eq!(cells::<3>("a\tb"), None);
        assert_eq!(cells::<1>("a\tb"), None);
    }
}
