//! What the methods and fields of the framework do that a DEX file names, by their numbers: few of many, and known before its
//! code is walked.

use super::{apis::APIS, dex::Dex};

/// What matters of the methods and fields that a DEX file names.
#[derive(Clone, Debug)]
pub(super) struct Roles {
    pub(super) callees: Noted<Role>,
    /// Rows of `data/identifier_apis.toml`.
    pub(super) fields: Noted<usize>,
}

impl Roles {
    pub(super) fn of(dex: &Dex<'_>) -> Self {
        let kinds = kinds(dex);
        Self { callees: roles(dex, &kinds), fields: fields(dex, &kinds) }
    }
}

/// What a method of the framework does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Deletes,
    Encrypts,
    Property,
    Reads(usize),
    SendsSms,
}

/// Notes on few of many numbered things: four bytes for each, whatever the notes.
#[derive(Clone, Debug)]
pub(super) struct Noted<T> {
    /// A bit for each: code asks for all it uses, in no order, and this much stays in a processor's cache.
    noted: Vec<u64>,
    /// One more than the place in `notes`; 0 for none.
    places: Vec<u32>,
    notes: Vec<(u32, Vec<T>)>,
}

impl<T> Noted<T> {
    pub(super) fn new(count: u32) -> Self {
        let count = index(count);
        Self { noted: vec![0; count.div_ceil(64)], places: vec![0; count], notes: Vec::new() }
    }

    pub(super) fn note(&mut self, number: u32, notes: Vec<T>) {
        let Some(place) = self.places.get_mut(index(number)).filter(|_| !notes.is_empty()) else { return };
        self.notes.push((number, notes));
        *place = u32::try_from(self.notes.len()).unwrap_or(0);
        if let Some(bits) = self.noted.get_mut(index(number / 64)) {
            *bits |= 1 << (number % 64);
        }
    }

    pub(super) fn has(&self, number: u32) -> bool {
        self.noted.get(index(number / 64)).is_some_and(|bits| bits >> (number % 64) & 1 == 1)
    }

    pub(super) fn of(&self, number: u32) -> &[T] {
        if !self.has(number) {
            return &[];
        }
        let place = self.places.get(index(number)).and_then(|place| index(*place).checked_sub(1));
        place.and_then(|place| self.notes.get(place)).map_or(&[], |(_, notes)| notes)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = (u32, &[T])> {
        self.notes.iter().map(|(number, notes)| (*number, notes.as_slice()))
    }
}

/// What the methods named in a DEX file do, as far as it matters.
fn roles(dex: &Dex<'_>, kinds: &Kinds<'_>) -> Noted<Role> {
    let mut found = Noted::new(dex.method_count());
    for method in 0..dex.method_count() {
        let class = dex.method_class(method).and_then(|class| *kinds.get(index(class))?);
        if let Some((class, name)) = class.zip(dex.method_short(method)) {
            found.note(method, roles_of(class, name));
        }
    }
    found
}

/// The descriptors of those types that matter, by their number: members are many, their types are few.
type Kinds<'d> = Vec<Option<&'d [u8]>>;

fn kinds<'d>(dex: &Dex<'d>) -> Kinds<'d> {
    let kind = |kind| dex.descriptor(kind).filter(|descriptor| matters(descriptor));
    (0..dex.type_count()).map(kind).collect()
}

fn matters(class: &[u8]) -> bool {
    APIS.is_class(class) || encrypts(class) || OTHER_CLASSES.contains(&class)
}

fn roles_of(class: &[u8], name: &[u8]) -> Vec<Role> {
    let rows = APIS.methods.get(class).into_iter().flatten();
    let mut roles: Vec<_> =
        rows.filter(|(method, _)| method.as_bytes() == name).map(|(_, row)| Role::Reads(*row)).collect();
    match class {
        b"Landroid/telephony/SmsManager;" | b"Landroid/telephony/gsm/SmsManager;"
            if name.starts_with(b"send") =>
        {
            roles.push(Role::SendsSms);
        }
        b"Landroid/content/ContentResolver;" if name == b"delete" => roles.push(Role::Deletes),
        b"Landroid/os/SystemProperties;" if name.starts_with(b"get") => roles.push(Role::Property),
        b"Ljava/lang/reflect/Method;" if name == b"invoke" => roles.push(Role::Property),
        _ if encrypts(class) => roles.push(Role::Encrypts),
        _ => {}
    }
    roles
}

fn encrypts(class: &[u8]) -> bool {
    class.starts_with(b"Ljavax/crypto/") || class.starts_with(b"Ljava/security/spec/")
}

/// Rows by the fields named in a DEX file.
fn fields(dex: &Dex<'_>, kinds: &Kinds<'_>) -> Noted<usize> {
    let mut found = Noted::new(dex.field_count());
    for field in 0..dex.field_count() {
        let class = dex.field_class(field).and_then(|class| *kinds.get(index(class))?);
        let Some(rows) = class.and_then(|class| APIS.fields.get(class)) else { continue };
        let name = dex.field_short(field).unwrap_or_default();
        let rows = rows.iter().filter(|(known, _)| known.as_bytes() == name).map(|(_, row)| *row);
        found.note(field, rows.collect());
    }
    found
}

/// A number as a place in a list.
pub(super) fn index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

const OTHER_CLASSES: &[&[u8]] = &[
    b"Landroid/telephony/SmsManager;",
    b"Landroid/telephony/gsm/SmsManager;",
    b"Landroid/content/ContentResolver;",
    b"Landroid/os/SystemProperties;",
    b"Ljava/lang/reflect/Method;",
];
