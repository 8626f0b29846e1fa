//! Packs published data sets into the small files of `data/` that ship inside the program.
//!
//! The packages are fetched by their registry's own client; `data/README.md` has the command. What is
//! kept by hand (`owners.toml`, `edges.toml`, `mcc.tsv`) is not touched. The order of every output
//! depends on its contents only, so that equal inputs give equal files.

#![expect(clippy::indexing_slicing, reason = "a JSON value answers null for what it lacks")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::IpAddr;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use facts::pack::{pack_lines, pack_ranges};
use serde_json::Value;

mod map;

/// Packs every data set: `xtask data PACKAGES [INTO]`, where PACKAGES is the `node_modules` folder that
/// holds the packages, and INTO the folder to write (`data`).
pub(crate) fn run(args: &[String]) -> Result<()> {
    let [packages, into @ ..] = args else {
        bail!("which packages? usage: xtask data PACKAGES [INTO]; see data/README.md");
    };
    let into = into.first().map_or("data", String::as_str);
    let job = Job { packages: PathBuf::from(packages), into: PathBuf::from(into) };
    for (what, step) in STEPS {
        step(&job).with_context(|| format!("packing {what}"))?;
    }
    Ok(())
}

/// Where to read and where to write.
struct Job {
    packages: PathBuf,
    into: PathBuf,
}

type Step = fn(&Job) -> Result<()>;

const STEPS: &[(&str, Step)] = &[
    ("autonomous systems", autonomous_systems),
    ("countries of addresses", address_countries),
    ("owners of domains", domain_owners),
    ("vendors of hardware addresses", hardware_vendors),
    ("mobile networks", mobile_networks),
    ("countries", map::countries),
    ("the world map", map::world),
    ("versions", versions),
];

impl Job {
    fn path(&self, package: &str, file: &str) -> PathBuf {
        self.packages.join(package).join(file)
    }

    fn json(&self, package: &str, file: &str) -> Result<Value> {
        let path = self.path(package, file);
        let bytes = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
        serde_json::from_slice(&bytes).with_context(|| format!("parsing {}", path.display()))
    }

    /// The rows of a comma-separated file. `headed`: its first row names the columns and is left out.
    fn csv(&self, package: &str, file: &str, headed: bool) -> Result<Vec<csv::StringRecord>> {
        let path = self.path(package, file);
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(headed)
            .from_path(&path)
            .with_context(|| format!("reading {}", path.display()))?;
        reader.records().collect::<Result<_, _>>().with_context(|| format!("reading {}", path.display()))
    }

    fn write(&self, file: &str, bytes: impl AsRef<[u8]>) -> Result<()> {
        let path = self.into.join(file);
        fs::write(&path, bytes).with_context(|| format!("writing {}", path.display()))
    }
}

/// Ranges laid over one another: what is laid later covers what was there.
#[derive(Default)]
struct Layers(BTreeMap<u64, u64>);

impl Layers {
    /// Gives the keys `start..=last` the value `value`.
    fn lay(&mut self, start: u64, last: u64, value: u64) {
        if let Some(next) = last.checked_add(1) {
            let before = self.0.range(..=next).next_back().map_or(0, |(_, value)| *value);
            self.0.entry(next).or_insert(before);
        }
        let covered: Vec<u64> = self.0.range(start..=last).map(|(key, _)| *key).collect();
        for key in covered {
            self.0.remove(&key);
        }
        self.0.insert(start, value);
    }

    fn pack(&self) -> Vec<u8> {
        let rows: Vec<(u64, u64)> = self.0.iter().map(|(key, value)| (*key, *value)).collect();
        pack_ranges(&rows)
    }
}

/// `address-asn-v4.bin`, `address-asn-v6.bin`: address → line of `address-holders.bin`, the commonest
/// first (small numbers pack well), each "number TAB holder".
fn autonomous_systems(job: &Job) -> Result<()> {
    let package = "@ip-location-db/asn";
    let families = [
        ("address-asn-v4.bin", job.csv(package, "asn-ipv4.csv", false)?),
        ("address-asn-v6.bin", job.csv(package, "asn-ipv6.csv", false)?),
    ];
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for row in families.iter().flat_map(|(_, rows)| rows) {
        *counts.entry(holder(row)?).or_default() += 1;
    }
    let ranks = ranked(counts);
    for (file, rows) in &families {
        let layers = addresses(rows, |row| ranks.get(&holder(row)?).copied().context("a rank"))?;
        job.write(file, layers.pack())?;
    }
    job.write("address-holders.bin", pack_lines(by_rank(&ranks)))
}

fn holder(row: &csv::StringRecord) -> Result<String> {
    let number: u32 = cell(row, 2)?.parse().context("an AS number")?;
    Ok(format!("{number}\t{}", one_line(cell(row, 3)?)))
}

/// `address-country-v4.bin`, `address-country-v6.bin`: address → country, its two letters as a number.
fn address_countries(job: &Job) -> Result<()> {
    let package = "@ip-location-db/dbip-country";
    for (file, source) in [
        ("address-country-v4.bin", "dbip-country-ipv4.csv"),
        ("address-country-v6.bin", "dbip-country-ipv6.csv"),
    ] {
        let rows = job.csv(package, source, false)?;
        let layers = addresses(&rows, |row| {
            let code = cell(row, 2)?;
            facts::country::number(code).map(u64::from).with_context(|| format!("no country: {code}"))
        })?;
        job.write(file, layers.pack())?;
    }
    Ok(())
}

/// Lays out rows of first address, last address, value. Keys are IPv4 addresses, or the upper 64 bits of
/// IPv6 addresses: a row narrower than a /64 leaves its /64 without an answer rather than with a wrong
/// one.
fn addresses(
    rows: &[csv::StringRecord],
    value: impl Fn(&csv::StringRecord) -> Result<u64>,
) -> Result<Layers> {
    let mut layers = Layers::default();
    for row in rows {
        let (first, last): (IpAddr, IpAddr) = (cell(row, 0)?.parse()?, cell(row, 1)?.parse()?);
        let (start, end) = match (first, last) {
            (IpAddr::V4(first), IpAddr::V4(last)) => (u32::from(first).into(), u32::from(last).into()),
            (IpAddr::V6(first), IpAddr::V6(last)) => whole_subnets(first.to_bits(), last.to_bits()),
            _ => bail!("a range of mixed families: {first} to {last}"),
        };
        if start <= end {
            layers.lay(start, end, value(row)?);
        }
    }
    Ok(layers)
}

/// The first and last /64 that lie wholly in a range of addresses; first after last where none does.
fn whole_subnets(first: u128, last: u128) -> (u64, u64) {
    let start = first.div_ceil(1 << 64);
    let end = last.checked_add(1).map_or(1 << 64, |end| end >> 64);
    if end <= start {
        return (1, 0);
    }
    (u64::try_from(start).unwrap_or(u64::MAX), u64::try_from(end - 1).unwrap_or(u64::MAX))
}

/// `third-party-web.bin`: lines of "name TAB company TAB category TAB homepage TAB domains".
fn domain_owners(job: &Job) -> Result<()> {
    let entities = job.json("third-party-web", "dist/entities-nostats.json")?;
    let mut lines = BTreeSet::new();
    for entity in array(&entities)? {
        let mut domains: Vec<&str> = array(&entity["domains"])?.iter().filter_map(Value::as_str).collect();
        domains.sort_unstable();
        let text = |key: &str| one_line(entity[key].as_str().unwrap_or_default());
        let category = entity["category"].as_str().or_else(|| entity["categories"][0].as_str());
        lines.insert(format!(
            "{}\t{}\t{}\t{}\t{}",
            text("name"),
            text("company"),
            category.unwrap_or_default(),
            text("homepage"),
            domains.join(" ")
        ));
    }
    job.write("third-party-web.bin", pack_lines(lines.iter().map(String::as_str)))
}

/// `oui.bin`: the first 36 bits of a hardware address → line of `oui-vendors.bin`. The registry's blocks
/// of 24, 28 and 36 bits lie in one another; the narrower says who it is.
fn hardware_vendors(job: &Job) -> Result<()> {
    let registry = job.json("oui-data", "index.json")?;
    let mut rows = Vec::new();
    for (prefix, text) in registry.as_object().context("an object of prefixes")? {
        let name = one_line(text.as_str().unwrap_or_default().lines().next().unwrap_or_default());
        rows.push((prefix.len(), u64::from_str_radix(prefix, 16)?, name));
    }
    rows.sort();
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for (_, _, name) in rows.iter().filter(|(_, _, name)| is_vendor(name)) {
        *counts.entry(name.clone()).or_default() += 1;
    }
    let ranks = ranked(counts);
    let mut layers = Layers::default();
    for (digits, prefix, name) in &rows {
        let below = 4 * 9usize.checked_sub(*digits).context("a prefix of more than 36 bits")?;
        let start = prefix << below;
        layers.lay(start, start | ((1 << below) - 1), ranks.get(name).copied().unwrap_or(0));
    }
    job.write("oui.bin", layers.pack())?;
    job.write("oui-vendors.bin", pack_lines(by_rank(&ranks)))
}

/// Not the registry itself, which holds the blocks that it divides further, nor a holder who is secret.
fn is_vendor(name: &str) -> bool {
    !name.is_empty() && name != "IEEE Registration Authority" && !name.eq_ignore_ascii_case("private")
}

/// `mobile-networks.tsv`: lines of "MCC TAB MNC TAB country TAB brand TAB operator", sorted. Networks
/// that are closed stay, as captures are old; rows without any name or with a range of codes go.
fn mobile_networks(job: &Job) -> Result<()> {
    let list = job.json("mcc-mnc-list", "mcc-mnc-list.json")?;
    let mut best: BTreeMap<(String, String), (u8, String)> = BTreeMap::new();
    for row in array(&list)? {
        let text = |key: &str| one_line(row[key].as_str().unwrap_or_default());
        let (mcc, mnc, brand, operator) = (text("mcc"), text("mnc"), text("brand"), text("operator"));
        let named = !brand.is_empty() || !operator.is_empty();
        if !named || !is_digits(&mcc, 3..=3) || !is_digits(&mnc, 2..=3) {
            continue;
        }
        let country: String = text("countryCode").chars().take(2).collect();
        let rank = match row["status"].as_str() {
            Some("Operational") => 0,
            Some("Not operational") => 1,
            _ => 2,
        };
        let line = format!("{country}\t{brand}\t{operator}");
        let kept = best.entry((mcc, mnc)).or_insert_with(|| (rank, line.clone()));
        if (rank, &line) < (kept.0, &kept.1) {
            *kept = (rank, line);
        }
    }
    let mut text = String::from(
        "# Mobile networks: MCC, MNC, country, brand, operator. From Wikipedia's \"Mobile Network Codes in ITU\n\
         # region …\" pages, by way of the package mcc-mnc-list. Licence of this file: CC BY-SA 4.0.\n",
    );
    for ((mcc, mnc), (_, line)) in best {
        text.push_str(&format!("{mcc}\t{mnc}\t{line}\n"));
    }
    job.write("mobile-networks.tsv", text)
}

/// `sources.tsv`: lines of "id TAB name TAB version TAB licence and attribution": what reports must name.
fn versions(job: &Job) -> Result<()> {
    let lock = fs::read_to_string("Cargo.lock").context("reading Cargo.lock")?;
    let mut text = String::from("# Written by `xtask data`: id, name, version, licence and attribution.\n");
    for (id, name, from, licence) in SOURCES {
        let version = match from {
            Version::Crate(name) => locked(&lock, name).with_context(|| format!("{name} in Cargo.lock"))?,
            Version::Package(package) => {
                let about = job.json(package, "package.json")?;
                about["version"].as_str().context("a version")?.to_owned()
            }
        };
        text.push_str(&format!("{id}\t{name}\t{version}\t{licence}\n"));
    }
    job.write("sources.tsv", text)
}

/// Where a data set's version stands.
enum Version {
    Crate(&'static str),
    Package(&'static str),
}

const SOURCES: &[(&str, &str, Version, &str)] = &[
    (
        "asn",
        "ip-location-db ASN",
        Version::Package("@ip-location-db/asn"),
        "CC BY 4.0. IP to AS number by Route Views (routeviews.org), NRO statistics (nro.net) and DB-IP \
         (https://db-ip.com), merged by ip-location-db, packed for this program",
    ),
    (
        "dbip",
        "DB-IP country lite",
        Version::Package("@ip-location-db/dbip-country"),
        "CC BY 4.0. IP Geolocation by DB-IP (https://db-ip.com), packed for this program",
    ),
    (
        "rir",
        "RIR delegations",
        Version::Crate("iptocc"),
        "MIT OR Apache-2.0. Delegated statistics of the regional internet registries (AFRINIC, APNIC, ARIN, \
         LACNIC, RIPE NCC) by way of iptocc",
    ),
    (
        "third-party-web",
        "third-party-web",
        Version::Package("third-party-web"),
        "MIT. Copyright (c) 2019 Patrick Hulce",
    ),
    (
        "psl",
        "Public Suffix List",
        Version::Crate("psl"),
        "MPL 2.0 (list, publicsuffix.org), MIT OR Apache-2.0 (psl)",
    ),
    (
        "oui",
        "IEEE MA-L, MA-M, MA-S",
        Version::Package("oui-data"),
        "BSD-2-Clause. Public listing of the IEEE Registration Authority, by way of oui-data, (c) silverwind",
    ),
    (
        "mobile",
        "Mobile network codes",
        Version::Package("mcc-mnc-list"),
        "CC BY-SA 4.0. Wikipedia contributors, \"Mobile country code\" and its lists by region \
         (https://en.wikipedia.org/wiki/Mobile_country_code), by way of mcc-mnc-list (MIT, (c) 2016 Peter \
         Bakondy), reduced",
    ),
    (
        "phone",
        "Numbering plans (libphonenumber)",
        Version::Crate("phonenumber"),
        "Apache-2.0. Google's libphonenumber metadata by way of phonenumber",
    ),
    (
        "countries",
        "Country names and codes",
        Version::Package("countries-list"),
        "MIT. Copyright (c) 2014 Annexare Studio",
    ),
    (
        "map",
        "World map",
        Version::Package("world-atlas"),
        "ISC, (c) 2013-2019 Michael Bostock. Made with Natural Earth (public domain)",
    ),
];

/// The version of a crate in `Cargo.lock`.
fn locked(lock: &str, name: &str) -> Option<String> {
    let (_, after) = lock.split_once(&format!("name = \"{name}\"\nversion = \""))?;
    after.split_once('"').map(|(version, _)| version.to_owned())
}

/// Numbers the names from 1, the commonest first.
fn ranked(counts: BTreeMap<String, u64>) -> BTreeMap<String, u64> {
    let mut names: Vec<(u64, String)> = counts.into_iter().map(|(name, count)| (count, name)).collect();
    names.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    (1..).zip(names).map(|(rank, (_, name))| (name, rank)).collect()
}

fn by_rank(ranks: &BTreeMap<String, u64>) -> impl Iterator<Item = &str> {
    let names: BTreeMap<u64, &str> = ranks.iter().map(|(name, rank)| (*rank, name.as_str())).collect();
    names.into_values()
}

fn cell(row: &csv::StringRecord, column: usize) -> Result<&str> {
    row.get(column).with_context(|| format!("column {column} is missing in {row:?}"))
}

fn array(value: &Value) -> Result<&Vec<Value>> {
    value.as_array().context("a list")
}

/// Tabs and line ends are the packed texts' own; runs of white space become one space.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn is_digits(text: &str, len: std::ops::RangeInclusive<usize>) -> bool {
    len.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_narrower_range_lies_on_the_wider_one() {
        let mut layers = Layers::default();
        layers.lay(0, 99, 1);
        layers.lay(10, 19, 2);
        layers.lay(95, 120, 3);
        let rows: Vec<(u64, u64)> = layers.0.into_iter().collect();
        assert_eq!(rows, [(0, 1), (10, 2), (20, 1), (95, 3), (121, 0)]);
    }

    #[test]
    fn subnets_are_whole_or_left_out() {
        let subnet = |number: u128| number << 64;
        assert_eq!(whole_subnets(subnet(3), subnet(5) - 1), (3, 4));
        assert_eq!(whole_subnets(subnet(3) + 1, subnet(5)), (4, 4));
        let (start, end) = whole_subnets(subnet(3), subnet(3) + 7);
        assert!(start > end);
        assert_eq!(whole_subnets(0, u128::MAX), (0, u64::MAX));
    }
}
