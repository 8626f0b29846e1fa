//! Several cases -> whether they are known to be of different devices.
//!
//! One phone before and after an update, with this SIM card and with that, is several cases as well. They are called
//! devices only where it cannot be otherwise: other models, or other numbers that are built in. Numbers of SIM cards
//! move, addresses that a phone makes up change, and a phone has two device numbers (IMEI), of which a case may show
//! one: these tell no phones apart.

use std::collections::{BTreeMap, BTreeSet};

use evidence::{Grade, IdentifierKind};

use super::Device;

/// Whether each of them is another device than each other one. Of a single one there is nothing to tell apart.
pub(super) fn are_apart(devices: &[Device]) -> bool {
    let marks: Vec<Marks> = devices.iter().map(Marks::of).collect();
    marks.iter().enumerate().all(|(place, one)| marks.iter().skip(place + 1).all(|other| one.is_apart(other)))
}

/// What a device is known by.
struct Marks {
    model: Option<String>,
    numbers: BTreeMap<IdentifierKind, BTreeSet<String>>,
}

impl Marks {
    fn of(device: &Device) -> Self {
        let case = device.case();
        let model = case.phone.build.iter().find(|(what, said)| what == "model" && !said.is_empty());
        let mut numbers: BTreeMap<IdentifierKind, BTreeSet<String>> = BTreeMap::new();
        let mut add = |kind, value: &str| {
            numbers.entry(kind).or_default().insert(value.to_lowercase());
        };
        for told in device.overview.own().filter(|told| told.grade() == Some(Grade::Known)) {
            if let Some((kind, value)) = told.identifier().zip(told.value())
                && (BUILT_IN.contains(&kind) || kind == IdentifierKind::Imei)
                && !is_made_up(kind, value)
            {
                add(kind, value);
            }
        }
        let own = case.devices.iter().filter(|device| device.is_phone == Some(true));
        for mac in own.filter_map(|device| device.mac.as_deref()) {
            if !is_made_up(IdentifierKind::WifiMac, mac) {
                add(IdentifierKind::WifiMac, mac);
            }
        }
        Self { model: model.map(|(_, said)| said.to_lowercase()), numbers }
    }

    fn is_apart(&self, other: &Self) -> bool {
        let both = self.numbers.iter().filter_map(|(kind, own)| Some((kind, own, other.numbers.get(kind)?)));
        let shares: Vec<_> = both.map(|(kind, own, theirs)| (kind, !own.is_disjoint(theirs))).collect();
        if shares.iter().any(|(_, shared)| *shared) {
            return false;
        }
        let models = self.model.as_ref().zip(other.model.as_ref());
        models.is_some_and(|(own, theirs)| own != theirs)
            || shares.iter().any(|(kind, _)| BUILT_IN.contains(kind))
    }
}

/// Whether an address says of itself that no maker gave it (IEEE 802 section 8.2.2, the bit U/L).
fn is_made_up(kind: IdentifierKind, value: &str) -> bool {
    let first = value.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
    kind == IdentifierKind::WifiMac && first.is_none_or(|byte| byte & 2 != 0)
}

/// Numbers of which a phone has one.
const BUILT_IN: [IdentifierKind; 4] =
    [IdentifierKind::BluetoothMac, IdentifierKind::Meid, IdentifierKind::Serial, IdentifierKind::WifiMac];
