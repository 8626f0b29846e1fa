//! Labels seen, counted against the labels planted.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

/// How much of a planted set was seen.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Overlap {
    /// The set: `contacts.number` for the labels `contacts[0].number`, `contacts[1].number` …
    pub group: String,
    /// How many different ones were seen.
    pub seen: u64,
    /// How many there are.
    pub planted: u64,
}

impl Overlap {
    /// Whether so many were seen that it is the set that left, and not a value or two: at least three, and
    /// at least a tenth of the set or ten.
    pub fn is_bulk(&self) -> bool {
        self.seen >= 3 && (self.seen >= 10 || self.seen.saturating_mul(10) >= self.planted)
    }
}

/// `412 of 500`.
impl fmt::Display for Overlap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.seen, self.planted)
    }
}

/// The planted sets: labels with a position in a list, grouped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Planted {
    groups: BTreeMap<String, BTreeSet<String>>,
}

impl Planted {
    /// Groups the profile's labels. Labels without a position (`sim1.imsi`) belong to no set.
    pub fn new<'a>(labels: impl IntoIterator<Item = &'a str>) -> Self {
        let mut groups = BTreeMap::<String, BTreeSet<String>>::new();
        for label in labels {
            if let Some((group, member)) = place(label) {
                groups.entry(group).or_default().insert(member);
            }
        }
        Self { groups }
    }

    /// How much of each set is among `seen`; sets of which nothing was seen are left out. In whatever order
    /// and however often a label comes, it counts once; labels that were not planted do not count.
    pub fn overlap<'a>(&self, seen: impl IntoIterator<Item = &'a str>) -> Vec<Overlap> {
        let mut found = BTreeMap::<String, BTreeSet<String>>::new();
        for (group, member) in seen.into_iter().filter_map(place) {
            if self.groups.get(&group).is_some_and(|members| members.contains(&member)) {
                found.entry(group).or_default().insert(member);
            }
        }
        found.into_iter().map(|(group, members)| self.row(group, &members)).collect()
    }

    fn row(&self, group: String, members: &BTreeSet<String>) -> Overlap {
        let planted = self.groups.get(&group).map_or(0, BTreeSet::len);
        Overlap { seen: size(members.len()), planted: size(planted), group }
    }
}

/// The set a label belongs to and its position there: `contacts[3].number` is member `3` of
/// `contacts.number`; of nested positions (`a[1].b[2]`), `1,2`. `None` without a position.
fn place(label: &str) -> Option<(String, String)> {
    let (mut group, mut member) = (String::with_capacity(label.len()), String::new());
    let mut rest = label;
    while let Some((before, after)) = rest.split_once('[') {
        let (position, behind) = after.split_once(']')?;
        if position.is_empty() || !position.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        group.push_str(before);
        if !member.is_empty() {
            member.push(',');
        }
        member.push_str(position);
        rest = behind;
    }
    group.push_str(rest);
    (!member.is_empty()).then_some((group, member))
}

fn size(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contacts(count: u32) -> Vec<String> {
        (0..count).flat_map(|n| [format!("contacts[{n}].name"), format!("contacts[{n}].number")]).collect()
    }

    #[test]
    fn labels_are_counted_once_each_and_against_their_own_set() {
        let planted = contacts(500);
        let planted = Planted::new(planted.iter().map(String::as_str).chain(["sim1.imsi"]));
        let seen: Vec<_> = (0..412).rev().map(|n| format!("contacts[{n}].number")).collect();
        let twice = seen.iter().chain(&seen).map(String::as_str);
        let rows = planted.overlap(twice.chain(["sim1.imsi", "contacts[900].number", "apps[1]"]));
        assert_eq!(rows, [Overlap { group: "contacts.number".into(), seen: 412, planted: 500 }]);
        assert_eq!(rows[0].to_string(), "412 of 500");
        assert!(rows[0].is_bulk());
    }

    #[test]
    fn a_value_or_two_are_no_bulk() {
        let row = |seen, planted| Overlap { group: String::new(), seen, planted };
        assert!(!row(2, 2).is_bulk());
        assert!(row(3, 3).is_bulk());
        assert!(row(3, 30).is_bulk());
        assert!(!row(9, 500).is_bulk());
        assert!(row(10, 500).is_bulk());
    }

    #[test]
    fn positions_may_be_nested_and_must_be_numbers() {
        assert_eq!(place("a[1].b[22]"), Some(("a.b".into(), "1,22".into())));
        for label in ["sim1.imsi", "a[x]", "a[1", "a[]", ""] {
            assert_eq!(place(label), None, "{label}");
        }
    }
}
