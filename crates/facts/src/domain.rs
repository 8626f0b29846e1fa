//! Host names → registrable domain (Public Suffix List) and who runs them.
//!
//! Owners come from `data/owners.toml`, a list of our own for phones and their vendors, and from the
//! third-party-web data set for the web. Our own list wins for what it has of a registrable domain, and the
//! data set adds what its longer name is for; else the longest name that is the host or a parent of it does.
//! Operator, group, and country of the group are facts of their own: the country of a group says nothing about
//! where a server stands.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use evidence::Owner;
use serde::Deserialize;

use crate::DataError;
use crate::embedded::{THIRD_PARTY_WEB, cells};

/// The name of the data set of our own.
pub(crate) const NAME: &str = "Owners (own list)";

/// The registrable domain of a host name: `sa.api.intl.miui.com` → `miui.com`. Hosts under a suffix where
/// anybody registers (`github.io`) give the name below it; such a suffix by itself gives its own domain.
/// `None` for addresses, single labels and top-level names that the list does not know.
pub fn registrable(host: &str) -> Option<&str> {
    let host = host.strip_suffix('.').unwrap_or(host);
    if !is_name(host) {
        return None;
    }
    let lower = host.to_ascii_lowercase();
    let len = registered(&lower)?.len();
    host.get(host.len().checked_sub(len)?..)
}

/// The name that the hosts of one maker have in common, as far as names tell: the registrable domain; below a
/// top-level name that the list does not know, the last two labels, as its algorithm has it (the rule `*`); else the
/// host itself, as it is given.
pub fn site(host: &str) -> &str {
    let two_labels = || {
        let host = host.strip_suffix('.').unwrap_or(host);
        let dots = host.rmatch_indices('.').filter(|_| is_name(host) && !is_suffix(host));
        dots.skip(1).find_map(|(at, _)| host.get(at + 1..))
    };
    registrable(host).or_else(two_labels).unwrap_or(host)
}

/// Whether a name is one below which others register.
fn is_suffix(host: &str) -> bool {
    let lower = host.to_ascii_lowercase();
    psl::suffix(lower.as_bytes())
        .is_some_and(|suffix| suffix.is_known() && suffix.as_bytes().len() == lower.len())
}

/// Who runs a host; `None` where nobody is listed.
pub fn owner(host: &str) -> Option<Owner> {
    let host = host.strip_suffix('.').unwrap_or(host);
    if !is_name(host) {
        return None;
    }
    let lower = host.to_ascii_lowercase();
    let site = registrable(&lower).unwrap_or(&lower);
    let of_site = || suffixes(&lower).take_while(|suffix| suffix.len() >= site.len());
    match of_site().find_map(|suffix| Some((suffix, listed(suffix)?))) {
        Some((known, ours)) => {
            let longer = of_site().take_while(|suffix| suffix.len() > known.len()).find_map(web);
            Some(sharpened(ours, longer))
        }
        None => suffixes(&lower).find_map(|suffix| listed(suffix).or_else(|| web(suffix))),
    }
}

/// An owner of our own list, with what the web data set knows a longer name to be for: a vendor's domain has hosts
/// for advertising below it that our list does not name.
fn sharpened(ours: Owner, longer: Option<Owner>) -> Owner {
    match longer.filter(|longer| matches!(&*longer.purpose, "advertising" | "analytics")) {
        Some(longer) if longer.purpose != ours.purpose => {
            let reasoning = format!("{} {}", ours.reasoning, longer.reasoning);
            Owner { purpose: longer.purpose, reasoning, ..ours }
        }
        _ => ours,
    }
}

/// The list's version: the day of its last change.
pub(crate) fn version() -> String {
    LIST.as_ref().map(|list| list.version.clone()).unwrap_or_default()
}

pub(crate) fn check() -> Result<(), DataError> {
    let problem = LIST.as_ref().err().cloned().or_else(|| OWN.as_ref().err().cloned());
    problem.map_or(Ok(()), |problem| Err(DataError { file: "owners.toml", problem }))
}

/// At most 253 bytes of labels (RFC 1035 section 2.3.4) that are no address.
fn is_name(host: &str) -> bool {
    let labels = host.split('.').all(|label| (1..=63).contains(&label.len()));
    let address = host.parse::<std::net::IpAddr>().is_ok();
    host.len() <= 253 && labels && !address && !host.contains([':', '/', '[', ']', ' '])
}

fn registered(lower: &str) -> Option<&str> {
    let suffix = psl::suffix(lower.as_bytes()).filter(psl::Suffix::is_known)?;
    psl::domain_str(lower).or_else(|| {
        // The host is itself a suffix: its domain is one label below the registry's own suffix.
        let registry = suffixes(lower).find(|tail| {
            psl::suffix(tail.as_bytes()).is_some_and(|found| {
                found.typ() == Some(psl::Type::Icann) && found.as_bytes().len() == tail.len()
            })
        })?;
        let private = suffix.typ() == Some(psl::Type::Private);
        let below = lower.strip_suffix(registry)?.strip_suffix('.').filter(|_| private)?;
        let label = below.rsplit('.').next()?;
        lower.get(below.len() - label.len()..)
    })
}

/// `a.b.c`, `b.c`, `c`.
fn suffixes(host: &str) -> impl Iterator<Item = &str> {
    let after_dots = host.match_indices('.').filter_map(|(at, _)| host.get(at + 1..));
    std::iter::once(host).chain(after_dots)
}

/// `data/owners.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    version: String,
    /// Groups by their key.
    group: BTreeMap<String, Group>,
    /// Services, each with its names.
    service: Vec<Service>,
}

/// A company or group of companies.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    name: String,
    /// Country of the seat, ISO 3166-1 alpha-2.
    country: String,
    /// Names under which other data sets list it.
    #[serde(default)]
    aliases: Vec<String>,
    reasoning: String,
    source: String,
}

/// A service and the names it answers to.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Service {
    operator: String,
    /// Key of the group; none for services of nobody in particular.
    #[serde(default)]
    group: String,
    purpose: String,
    domains: Vec<String>,
    reasoning: String,
    source: String,
}

fn listed(suffix: &str) -> Option<Owner> {
    let list = LIST.as_ref().ok()?;
    let service = list.service.get(*OWN.as_ref().ok()?.get(suffix)?)?;
    let group = list.group.get(&service.group);
    Some(Owner {
        operator: service.operator.clone(),
        group: group.map_or_else(String::new, |group| group.name.clone()),
        country: group.map_or_else(String::new, |group| group.country.clone()),
        purpose: service.purpose.clone(),
        reasoning: reasoning(service, group),
    })
}

/// Why we think that it is theirs, then why the group has its country; a common source is said once.
fn reasoning(service: &Service, group: Option<&Group>) -> String {
    let Service { reasoning, source, .. } = service;
    match group {
        None => format!("{reasoning} Source: {source}."),
        Some(group) if group.source == *source => {
            format!("{reasoning} {}: {} Source: {source}.", group.name, group.reasoning)
        }
        Some(group) => format!(
            "{reasoning} Source: {source}. {}: {} Source: {}.",
            group.name, group.reasoning, group.source
        ),
    }
}

fn web(suffix: &str) -> Option<Owner> {
    let line = THIRD_PARTY_WEB.as_ref().ok()?.line(*WEB.get(suffix)?)?;
    let [name, company, category, homepage, _] = cells(line)?;
    let company = if company.is_empty() { name } else { company };
    let groups = &LIST.as_ref().ok()?.group;
    let group = groups.values().find(|group| group.aliases.iter().any(|alias| alias == company));
    let site = if homepage.is_empty() { String::new() } else { format!(" ({homepage})") };
    Some(Owner {
        operator: name.to_owned(),
        group: group.map_or(company, |group| &group.name).to_owned(),
        country: group.map_or_else(String::new, |group| group.country.clone()),
        purpose: purpose(category).to_owned(),
        reasoning: format!("The web data set third-party-web lists {suffix} as {name}{site}."),
    })
}

/// The data set's categories in our words.
fn purpose(category: &str) -> &str {
    match category {
        "ad" => "advertising",
        "cdn" => "content delivery",
        "consent-provider" => "consent",
        "customer-success" => "customer support",
        "tag-manager" => "tag manager",
        "other" => "",
        category => category,
    }
}

static LIST: LazyLock<Result<List, String>> = LazyLock::new(|| {
    toml::from_str(include_str!("../../../data/owners.toml")).map_err(|error| error.to_string())
});

/// Name → place in `List::service`.
static OWN: LazyLock<Result<HashMap<&'static str, usize>, String>> = LazyLock::new(|| {
    let list = LIST.as_ref().map_err(Clone::clone)?;
    let mut index = HashMap::new();
    for (place, service) in list.service.iter().enumerate() {
        if !service.group.is_empty() && !list.group.contains_key(&service.group) {
            return Err(format!("{}: no group {}", service.operator, service.group));
        }
        for domain in &service.domains {
            if index.insert(domain.as_str(), place).is_some() {
                return Err(format!("{domain} stands twice"));
            }
        }
    }
    Ok(index)
});

/// Name → line of the web data set. A wildcard stands for its parent: look-ups climb anyway.
static WEB: LazyLock<HashMap<&'static str, u32>> = LazyLock::new(|| {
    let lines = THIRD_PARTY_WEB.as_ref().map(|lines| lines.iter()).into_iter().flatten();
    let mut index = HashMap::new();
    for (number, line) in (1..).zip(lines) {
        let Some([_, _, _, _, domains]) = cells(line) else { continue };
        for domain in domains.split(' ') {
            index.entry(domain.trim_start_matches("*.")).or_insert(number);
        }
    }
    index
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registrable_domains_follow_the_public_suffix_list() {
        let rows = [
            ("sa.api.intl.miui.com", Some("miui.com")),
            ("ZZHC.VNET.CN", Some("VNET.CN")),
            ("www.example.co.uk.", Some("example.co.uk")),
            ("example.com.cn", Some("example.com.cn")),
            ("a.user.github.io", Some("user.github.io")),
            ("github.io", Some("github.io")),
            ("s3.amazonaws.com", Some("amazonaws.com")),
            ("x.ck", None),
            ("www.ck", Some("www.ck")),
            ("com", None),
            ("co.uk", None),
            ("localhost", None),
            ("router.lan", None),
            ("printer.local", None),
            ("8.8.8.8", None),
            ("2001:db8::1", None),
            ("", None),
            (".", None),
            ("..com", None),
            ("a b.com", None),
        ];
        for (host, expected) in rows {
            assert_eq!(registrable(host), expected, "{host}");
        }
        assert_eq!(registrable(&format!("{}.com", "a".repeat(300))), None);
    }

    #[test]
    fn hosts_of_one_maker_have_a_name_in_common() {
        for (host, common) in [
            ("sa.api.intl.miui.com", "miui.com"),
            ("h12.telemetry.example", "telemetry.example"),
            ("telemetry.example.", "telemetry.example."),
            ("a.b.printer.lan", "printer.lan"),
            ("printer", "printer"),
            ("co.uk", "co.uk"),
            ("192.0.2.1", "192.0.2.1"),
            ("2001:db8::1", "2001:db8::1"),
            ("", ""),
        ] {
            assert_eq!(super::site(host), common, "{host}");
        }
    }

    #[test]
    fn owners_of_what_phones_talk_to() {
        let rows = [
            // host, operator has, group has, country, purpose
            ("sa.api.intl.miui.com", "Xiaomi", "Xiaomi", "CN", "analytics"),
            ("api.account.xiaomi.com", "Xiaomi", "Xiaomi", "CN", "vendor"),
            ("zzhc.vnet.cn", "China Telecom", "China Telecom", "CN", "operator"),
            ("eservice.tinno.com", "Tinno", "Tinno", "CN", "vendor"),
            ("eservice.euwiko.com", "Wiko", "Tinno", "CN", "vendor"),
            ("alog.umeng.com", "Umeng", "Alibaba", "CN", "analytics"),
            ("bigdata.adups.com", "Adups", "Adups", "CN", "updates"),
            ("t.appsflyer.com", "AppsFlyer", "AppsFlyer", "IL", "attribution"),
            ("app.adjust.com", "Adjust", "AppLovin", "US", "attribution"),
            ("graph.facebook.com", "Facebook", "Meta", "US", ""),
            ("logservice.hicloud.com", "Huawei", "Huawei", "CN", ""),
            ("e.crashlytics.com", "Crashlytics", "Google", "US", ""),
            ("connectivitycheck.gstatic.com", "Google", "Google", "US", "connectivity check"),
            ("net.rayjump.com", "Mintegral", "Mobvista", "CN", "advertising"),
        ];
        for (host, operator, group, country, purpose) in rows {
            let found = owner(host).unwrap_or_else(|| panic!("{host} has no owner"));
            assert!(found.operator.contains(operator), "{host}: {found:?}");
            assert!(found.group.contains(group), "{host}: {found:?}");
            assert_eq!(found.country, country, "{host}");
            assert!(purpose.is_empty() || found.purpose == purpose, "{host}: {found:?}");
            assert!(found.reasoning.contains("Source:"), "{host}: {found:?}");
        }
    }

    #[test]
    fn nobody_is_made_up() {
        for host in ["example.invalid", "notmiui.com", "com", "10.0.0.1", "", "printer.local"] {
            assert_eq!(owner(host), None, "{host}");
        }
    }

    #[test]
    fn the_longest_name_wins() {
        let whole = owner("www.google.com").unwrap();
        let advertising = owner("adservice.google.com").unwrap();
        assert_eq!(whole.group, advertising.group);
        assert_eq!(advertising.purpose, "advertising");
        assert_ne!(whole.purpose, "advertising");
    }

    #[test]
    fn our_own_list_wins_for_a_domain_of_an_owner() {
        let found = owner("www.google.com").unwrap();
        assert_eq!(found.operator, owner("google.com").unwrap().operator, "{found:?}");
        assert!(!found.reasoning.contains("third-party-web"), "{found:?}");
    }

    #[test]
    fn web_entries_name_their_data_set() {
        let found = owner("static.zdassets.com").unwrap();
        assert!(found.operator.contains("ZenDesk"), "{found:?}");
        assert!(found.reasoning.contains("third-party-web"), "{found:?}");
    }

    #[test]
    fn every_row_has_reasons_a_source_and_names_that_can_match() {
        let list = LIST.as_ref().unwrap();
        OWN.as_ref().unwrap();
        for (key, group) in &list.group {
            assert!(group.reasoning.len() > 12 && group.source.len() > 5, "{key}");
            assert!(crate::country::name(&group.country).is_some(), "{key}: {}", group.country);
            assert!(list.service.iter().any(|service| &service.group == key), "{key} is not used");
        }
        for service in &list.service {
            let who = format!("{} {:?}", service.operator, service.domains);
            assert!(service.reasoning.len() > 12 && service.source.len() > 5, "{who}");
            assert!(PURPOSES.contains(&service.purpose.as_str()), "{who}: {}", service.purpose);
            assert!(!service.domains.is_empty(), "{who}");
            assert!(service.domains.is_sorted(), "{who}: not sorted");
            for domain in &service.domains {
                assert_eq!(*domain, domain.to_ascii_lowercase(), "{who}");
                assert!(registrable(domain).is_some(), "{who}: {domain} is no domain");
            }
        }
    }

    #[test]
    fn the_list_is_long_enough_to_be_of_use() {
        assert!(OWN.as_ref().unwrap().len() > 700);
        assert!(WEB.len() > 3000);
    }

    const PURPOSES: &[&str] = &[
        "accounts",
        "advertising",
        "analytics",
        "app store",
        "attribution",
        "cloud",
        "connectivity check",
        "content",
        "content delivery",
        "crash reports",
        "fraud detection",
        "keyboard",
        "location",
        "messaging",
        "operator",
        "payment",
        "push",
        "search",
        "social",
        "time",
        "updates",
        "vendor",
    ];
}
