//! Whether cases are of one phone.

use std::collections::BTreeSet;

use evidence::{Grade, IdentifierKind, Kinship, SightingGroup};

use crate::side::Sided;

/// By the values of the profile that tell devices apart and were seen, and by the profiles' names.
pub(crate) fn kinship(sides: &[Sided]) -> Kinship {
    let told: Vec<_> = sides.iter().map(told).collect();
    let mut same = false;
    let mut different = false;
    for (place, one) in told.iter().enumerate() {
        for other in told.iter().skip(place + 1) {
            match alike(one, other) {
                Some(true) => same = true,
                Some(false) => different = true,
                None => return Kinship::Unknown,
            }
        }
    }
    match (same, different) {
        (true, true) => Kinship::Mixed,
        (true, false) => Kinship::SamePhone,
        (false, true) => Kinship::DifferentPhones,
        (false, false) => Kinship::Unknown,
    }
}

/// Names of devices and of profiles, each with what it is.
type Names<'a> = BTreeSet<(IdentifierKind, &'a str)>;

fn told<'a>(side: &Sided<'a>) -> (Names<'a>, Option<&'a str>) {
    let own = |group: &&SightingGroup| group.key.grade > Grade::Shaped && DEVICE.contains(&group.key.kind);
    let names = side.case.sightings.iter().filter(own);
    let names = names.map(|group| (group.key.kind, group.key.value.as_str())).collect();
    (names, side.case.profile.as_deref())
}

/// `None` where nothing tells: no kind of name was seen in both, and there is no profile in both.
fn alike(one: &(Names, Option<&str>), other: &(Names, Option<&str>)) -> Option<bool> {
    if !one.0.is_disjoint(&other.0) {
        return Some(true);
    }
    let kinds = |names: &Names| names.iter().map(|(kind, _)| *kind).collect::<BTreeSet<_>>();
    if !kinds(&one.0).is_disjoint(&kinds(&other.0)) {
        return Some(false);
    }
    one.1.zip(other.1).map(|(one, other)| one == other)
}

/// Numbers that a device keeps.
const DEVICE: [IdentifierKind; 5] = [
    IdentifierKind::BluetoothMac,
    IdentifierKind::Imei,
    IdentifierKind::Meid,
    IdentifierKind::Serial,
    IdentifierKind::WifiMac,
];
