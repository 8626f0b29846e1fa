//! Which of the devices in a capture is the phone: what the others sent did not leave it.
//!
//! The profile says so by addresses or by the Wi-Fi address, else the phone's own tables of sockets by the addresses
//! in them; a device that is alone is the phone. An address may change its device and a device its address, so that
//! the hardware address counts more than either, and what cannot be told apart stays open: it is counted as the
//! phone's, because a leak must not be explained away.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use evidence::{Device, IdentifierKind};
use identifiers::Profile;

/// Says of each device whether it is the phone. `own` are addresses that the phone's files give it.
pub(crate) fn settle(devices: &mut [Device], profile: &Profile, own: &BTreeSet<IpAddr>) {
    let hardware: BTreeSet<&str> = profile
        .values()
        .iter()
        .filter(|value| value.kind == IdentifierKind::WifiMac)
        .map(|value| value.canonical.as_str())
        .collect();
    let told: BTreeSet<IpAddr> = profile.addresses().iter().map(IpAddr::to_canonical).collect();
    let named = |addresses: &BTreeSet<IpAddr>| -> BTreeSet<usize> {
        let is_named = |device: &Device| {
            address(device).is_some_and(|address| addresses.contains(&address))
                || device.mac.as_deref().is_some_and(|mac| hardware.contains(mac))
        };
        devices.iter().enumerate().filter(|(_, device)| is_named(device)).map(|(place, _)| place).collect()
    };
    // What the profile names and nobody in the capture has tells nothing of those who are there.
    let phone = [named(&told), named(own)].into_iter().find(|places| !places.is_empty());
    let roles = match phone {
        Some(places) => told_apart(devices, &places),
        None if is_alone(devices) => vec![Some(true); devices.len()],
        None => vec![None; devices.len()],
    };
    for (device, role) in devices.iter_mut().zip(roles) {
        device.is_phone = role;
    }
}

/// `places` are those of the phone.
fn told_apart(devices: &[Device], places: &BTreeSet<usize>) -> Vec<Option<bool>> {
    let phone = || places.iter().filter_map(|place| devices.get(*place));
    let hardware: BTreeSet<&str> = phone().filter_map(|device| device.mac.as_deref()).collect();
    let families: BTreeSet<bool> = phone().filter_map(address).map(|address| address.is_ipv4()).collect();
    let shared = shared(devices, places);
    let role = |(place, device): (usize, &Device)| {
        let own_address = address(device)?;
        match device.mac.as_deref() {
            _ if places.contains(&place) => Some(true),
            // A router's address stands on whatever it passes on.
            Some(mac) if shared.contains(mac) => None,
            Some(mac) if hardware.contains(mac) => Some(true),
            Some(_) if !hardware.is_empty() => Some(false),
            _ if families.contains(&own_address.is_ipv4()) => Some(false),
            _ => None,
        }
    };
    devices.iter().enumerate().map(role).collect()
}

/// Hardware addresses of the phone that other addresses of the same family have, too: the phone's before or after
/// its address changed, or a router's.
fn shared<'d>(devices: &'d [Device], places: &BTreeSet<usize>) -> BTreeSet<&'d str> {
    let mut seen: BTreeMap<(&str, bool), BTreeSet<bool>> = BTreeMap::new();
    for (place, device) in devices.iter().enumerate() {
        if let (Some(mac), Some(address)) = (device.mac.as_deref(), address(device)) {
            seen.entry((mac, address.is_ipv4())).or_default().insert(places.contains(&place));
        }
    }
    seen.into_iter().filter(|((_, v4), who)| *v4 && who.len() == 2).map(|((mac, _), _)| mac).collect()
}

/// Whether there is one device only, by whatever addresses.
fn is_alone(devices: &[Device]) -> bool {
    let addressed = || devices.iter().filter(|device| address(device).is_some());
    let hardware: BTreeSet<Option<&str>> = addressed().map(|device| device.mac.as_deref()).collect();
    let v4 = addressed().filter(|device| address(device).is_some_and(|address| address.is_ipv4())).count();
    addressed().count() <= 1 || (hardware.len() == 1 && !hardware.contains(&None) && v4 <= 1)
}

/// The address, where it is one of a device.
fn address(device: &Device) -> Option<IpAddr> {
    let address: IpAddr = device.address.parse().ok()?;
    Some(address.to_canonical()).filter(|address| !address.is_unspecified())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(address: &str, mac: &str) -> Device {
        let mac = Some(mac.to_owned()).filter(|mac| !mac.is_empty());
        Device { address: address.to_owned(), mac, names: Vec::new(), is_phone: None }
    }

    fn roles(devices: &[(&str, &str)], profile: &str, own: &[&str]) -> Vec<Option<bool>> {
        let mut devices: Vec<_> = devices.iter().map(|(address, mac)| device(address, mac)).collect();
        let text = format!("[device]\n{profile}\n");
        let profile = Profile::parse(&text, &mut |_| Err(String::new())).unwrap();
        let own = own.iter().map(|address| address.parse().unwrap()).collect();
        settle(&mut devices, &profile, &own);
        devices.into_iter().map(|device| device.is_phone).collect()
    }

    const A: &str = "d0:37:45:ab:01:9f";
    const B: &str = "9c:c7:a6:5d:21:40";

    #[test]
    fn the_phone_is_whom_the_profile_names() {
        let named = "addresses = [\"192.0.2.7\"]";
        let (yes, no) = (Some(true), Some(false));
        type Row<'r> = (&'r [(&'r str, &'r str)], &'r str, &'r [&'r str], &'r [Option<bool>]);
        let rows: [Row<'_>; 9] = [
            (&[("192.0.2.7", A), ("192.0.2.8", B)], named, &[], &[yes, no]),
            (&[("192.0.2.7", ""), ("192.0.2.8", "")], named, &[], &[yes, no]),
            // By its hardware address, whatever addresses it was given.
            (
                &[("192.0.2.8", A), ("192.0.2.9", A), ("192.0.2.7", B)],
                &format!("wifi_mac = \"{A}\""),
                &[],
                &[yes, yes, no],
            ),
            // Its other family, known by the hardware address, or not known.
            (&[("192.0.2.7", A), ("fe80::1", A), ("fe80::2", B)], named, &[], &[yes, yes, no]),
            (&[("192.0.2.7", ""), ("2001:db8::1", "")], named, &[], &[yes, None]),
            // A router's hardware address, or an address that changed.
            (&[("192.0.2.7", A), ("192.0.2.8", A)], named, &[], &[yes, None]),
            // Nobody has the address: it tells nothing.
            (&[("192.0.2.8", A), ("192.0.2.9", B)], named, &[], &[None, None]),
            // The phone's own table of sockets.
            (&[("192.0.2.8", ""), ("192.0.2.9", "")], "", &["192.0.2.9"], &[no, yes]),
            // Whose a message without an address is, nobody can say.
            (&[("0.0.0.0", ""), ("192.0.2.7", A), ("192.0.2.8", B)], named, &[], &[None, yes, no]),
        ];
        for (devices, profile, own, expected) in rows {
            assert_eq!(roles(devices, profile, own), expected, "{devices:?} {profile}");
        }
    }

    #[test]
    fn a_device_that_is_alone_is_the_phone() {
        assert_eq!(roles(&[("192.0.2.8", "")], "", &[]), [Some(true)]);
        assert_eq!(roles(&[("192.0.2.8", A), ("fe80::1", A)], "", &[]), [Some(true); 2]);
        assert_eq!(roles(&[("192.0.2.8", A), ("192.0.2.9", B)], "", &[]), [None; 2]);
    }
}
