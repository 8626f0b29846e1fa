//! Which device sent it, in words: nobody may take for the phone's what another device sent.

use std::collections::BTreeSet;

use evidence::Device;

use super::Leak;
use crate::merge::Merged;

/// ` by another device`, behind what was sent.
pub(super) fn title(leak: &Leak<'_>) -> &'static str {
    if leak.foreign { " by another device" } else { "" }
}

/// `It was sent by 192.168.115.8 (“LENAS-TV”), which is not the phone.` Nothing where only the phone is there to have
/// sent it.
pub(super) fn paragraph(merged: &Merged, leaks: &[Leak<'_>]) -> String {
    if merged.devices.len() < 2 {
        return String::new();
    }
    let groups = leaks.iter().flat_map(|leak| &leak.groups);
    let senders: BTreeSet<&str> = groups.map(|(_, group)| group.key.device.as_str()).collect();
    let of_phone = |address: &&&str| device(merged, address).is_some_and(|it| it.is_phone == Some(true));
    let phone = senders.iter().filter(of_phone).count();
    let told: Vec<String> =
        senders.iter().take(TOLD).map(|address| named(address, device(merged, address))).collect();
    let more = senders.len().saturating_sub(TOLD);
    let told = match more {
        0 => told.join(", "),
        more => format!("{} and {more} more", told.join(", ")),
    };
    match (senders.len(), leaks.iter().any(|leak| leak.foreign)) {
        (1, _) if phone == 1 => String::new(),
        (1, true) => format!("It was sent by {told}, which is not the phone."),
        (1, false) => format!("It was sent by {told}; nothing says whether that is the phone."),
        (count, true) => format!("It was sent by {count} devices, none of which is the phone: {told}."),
        (count, false) if phone == count => format!("The phone sent it from {count} addresses: {told}."),
        (count, false) if phone == 0 => {
            format!("It was sent by {count} devices, and nothing says which of them is the phone: {told}.")
        }
        (_, false) => {
            format!("It was sent by the phone, and from addresses that may be its own or others’: {told}.")
        }
    }
}

fn device<'m>(merged: &'m Merged, address: &str) -> Option<&'m Device> {
    merged.devices.get(*merged.device_places.get(address)?)
}

/// `192.168.115.8 (“LENAS-TV”)`.
fn named(address: &str, device: Option<&Device>) -> String {
    let Some(device) = device.filter(|device| !device.address.is_empty()) else {
        return match address {
            "" | "0.0.0.0" | "::" => "a device whose address was not recorded".to_owned(),
            mac => format!("a device that had no address yet ({mac})"),
        };
    };
    match device.name() {
        Some(name) => format!("{} (“{}”)", device.address, name.chars().take(NAME).collect::<String>()),
        None => device.address.clone(),
    }
}

/// How many devices are named.
const TOLD: usize = 3;
/// How much of a device's name is told.
const NAME: usize = 80;
