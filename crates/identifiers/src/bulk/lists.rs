//! Lists in one message, recognised without a profile: installed apps, an address book's numbers, the access
//! points around, e-mail addresses.
//!
//! One telephone number in a message may be the owner's; five different ones are other people's.

use std::collections::{BTreeMap, BTreeSet};

use evidence::IdentifierKind;

use crate::shapes::{FieldView, Shape, is_international_number, is_package, maker_of_package};

/// Many values of one kind in one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListShape {
    /// What the list is: [`IdentifierKind::PackageList`] for packages, else the kind of its members.
    pub kind: IdentifierKind,
    /// How many different values; at most [`Lists::MOST`] are told apart.
    pub count: u64,
    /// The caller's numbers of the fields that hold them, in order; at most [`Lists::PLACES`].
    pub places: Vec<u32>,
    /// What speaks for it, to stand after "because".
    pub why: &'static str,
}

/// Gathers the fields of one message.
#[derive(Debug, Default)]
pub struct Lists {
    lists: BTreeMap<IdentifierKind, Members>,
}

#[derive(Debug, Default)]
struct Members {
    values: BTreeSet<String>,
    /// Who made the apps of a list of packages.
    makers: BTreeSet<String>,
    places: Vec<u32>,
}

impl Lists {
    /// How many places of a list are kept.
    pub const PLACES: usize = 64;
    /// How many different values of a list are told apart.
    pub const MOST: usize = 10_000;

    /// Notes a field, which the caller knows by the number `place`, and what
    /// [`Shapes::field`](crate::shapes::Shapes::field) found in it.
    pub fn field(&mut self, place: u32, field: FieldView<'_>, found: &[Shape]) {
        for shape in found {
            if let Some(kind) = list_of(shape.kind) {
                self.note(kind, &shape.canonical, place);
            }
        }
        match field.value {
            [b'a'..=b'z', ..] if is_package(field.value) => self.note_package(field.value, place),
            [b'+', ..] if found.is_empty() && is_international_number(field.value) => {
                self.note(IdentifierKind::ContactNumber, &String::from_utf8_lossy(field.value), place);
            }
            _ => {}
        }
    }

    /// What the message holds lists of, by kind.
    pub fn finish(self) -> Vec<ListShape> {
        let lists = self.lists.into_iter().filter(|(kind, members)| members.are_list(*kind));
        let row = |(kind, members): (IdentifierKind, Members)| ListShape {
            kind,
            count: u64::try_from(members.values.len()).unwrap_or(u64::MAX),
            places: members.places,
            why: why(kind),
        };
        lists.map(row).collect()
    }

    fn note(&mut self, kind: IdentifierKind, value: &str, place: u32) {
        let members = self.lists.entry(kind).or_default();
        if members.values.len() < Self::MOST
            && members.values.insert(value.to_owned())
            && members.places.len() < Self::PLACES
        {
            members.places.push(place);
        }
    }

    fn note_package(&mut self, value: &[u8], place: u32) {
        let name = String::from_utf8_lossy(value);
        self.note(IdentifierKind::PackageList, &name, place);
        let makers = &mut self.lists.entry(IdentifierKind::PackageList).or_default().makers;
        if let Some(maker) = maker_of_package(value).filter(|_| makers.len() < MAKERS) {
            makers.insert(String::from_utf8_lossy(maker).into_owned());
        }
    }
}

impl Members {
    fn are_list(&self, kind: IdentifierKind) -> bool {
        match kind {
            IdentifierKind::PackageList => self.values.len() >= MEMBERS && self.makers.len() >= MAKERS,
            IdentifierKind::Bssid => self.values.len() >= ACCESS_POINTS,
            _ => self.values.len() >= MEMBERS,
        }
    }
}

/// The list that a value of this kind is a member of.
fn list_of(kind: IdentifierKind) -> Option<IdentifierKind> {
    use IdentifierKind as Kind;
    match kind {
        Kind::Bssid | Kind::WifiMac => Some(Kind::Bssid),
        Kind::CallPeer | Kind::ContactName | Kind::ContactNumber | Kind::Email | Kind::SmsPeer => Some(kind),
        Kind::PhoneNumber => Some(Kind::ContactNumber),
        _ => None,
    }
}

fn why(kind: IdentifierKind) -> &'static str {
    match kind {
        IdentifierKind::PackageList => "one message holds package names of many makers",
        IdentifierKind::Bssid => "one message holds the addresses of several access points or devices",
        IdentifierKind::Email => "one message holds several e-mail addresses",
        IdentifierKind::ContactName => "one message holds several people's names",
        _ => "one message holds several telephone numbers",
    }
}

/// So many different values make a list.
const MEMBERS: usize = 5;
/// So many different makers' apps make a list of apps, and not one maker's own.
const MAKERS: usize = 3;
/// A phone has one address of its own, or two with Bluetooth.
const ACCESS_POINTS: usize = 3;
